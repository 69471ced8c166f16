"""How findings are asked for: a list for an organisation, then each new alert's places.

The list has what was updated last first, so that an organisation in which nothing happened is told by one page that did
not change. An alert that was found on a change's head enters the list when the change is merged, and may be older then
than what was read last: so once a day the list is read further back. Of a vulnerable dependency the list says all there
is to say.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from exporter.catalogue import DAY, MINUTE
from exporter.model import Stream, Thing, Told
from exporter.providers.base import Home, Request
from exporter.providers.github.findings import CODE, Alert, Sort
from exporter.providers.github.findings import Findings as FindingsOf
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader, Work, never
from exporter.runtime.stream import LAG, Beside
from exporter.store.base import RepositoryRow

OVERLAP = 15 * MINUTE
"""Seconds that are read again: a scan that has ended is told of some minutes later."""
SWEEP_EVERY = DAY
EARLIER = 30 * DAY
"""Seconds before a daily look, and before the ledger's start, in which an alert was found that may still be counted."""


@dataclass
class Look:
    """The alerts of some of an owner's repositories being read: first which there are, then the places of new ones.

    ``started``: when it began, on the server's clock. ``listed``: which there are is known.
    """

    rows: Sequence[RepositoryRow]
    started: int
    work: Work
    listed: bool = False

    @property
    def outcome(self) -> Outcome:
        """How it went so far."""
        return self.work.outcome


class Findings(Beside):
    """The stream of findings at work. ``sorts``: the kinds of alerts that it reads."""

    def __init__(
        self,
        provider: FindingsOf,
        reader: Reader,
        interval: int,
        monotonic: Callable[[], float] = time.monotonic,
        sorts: Sequence[Sort] = (CODE,),
    ) -> None:
        super().__init__(Stream.FINDINGS, reader, interval, monotonic)
        self.provider = provider
        self.sorts = tuple(sorts)
        self._swept: dict[tuple[Lane, str], float] = {}
        self._looks: dict[tuple[Lane, str], Look] = {}

    @property
    def _horizon(self) -> int:
        """What was found before is not looked at."""
        return self.reader.ledger_start - EARLIER

    async def _poll(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> int:
        upper = lane.clock.now()
        failed = 0
        for owner, here in _by_owner([row for row in rows if not self._rests(row)]):
            since = min(row.cursor or 0 for row in here) - OVERLAP
            sweeping = self._monotonic() - self._swept.get((lane, owner), -SWEEP_EVERY) >= SWEEP_EVERY
            look = self._look(owner, here, upper, min(since, upper - EARLIER) if sweeping else since, urgent=True)
            await self._go_on(lane, look, never)
            await self.reader.read(here, look.outcome, lane.clock.now(), cursor=upper, watermark=upper - LAG)
            if sweeping and not look.outcome.faults:
                self._swept[lane, owner] = self._monotonic()
            failed += self._note(here, look.outcome)
        return failed

    async def _step(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> bool:
        """Load the history of one owner's repositories; where it makes way for a poll it is taken up there."""
        owner, here = _by_owner(rows)[0]
        look = self._looks.get((lane, owner))
        if look is None or {row.key for row in look.rows} != {row.key for row in here}:
            look = self._look(owner, here, lane.clock.now(), self._horizon, urgent=False)
            self._looks[lane, owner] = look
        if not await self._tried(lane, here, self._go_on(lane, look, until)):
            return False
        del self._looks[lane, owner]
        started = look.started
        await self.reader.read(here, look.outcome, lane.clock.now(), cursor=started, watermark=started - LAG)
        self._note(here, look.outcome)
        return True

    def _look(self, owner: str, rows: Sequence[RepositoryRow], started: int, since: int, *, urgent: bool) -> Look:
        homes = {row.name.lower(): Home(row.key, row.name, row.default_branch) for row in rows}
        back = max(since, self._horizon)
        requests = deque(self.provider.alerts(sort, owner, homes, back) for sort in self.sorts)
        return Look(rows, started, Work(requests, frozenset(row.key for row in rows), urgent))

    async def _go_on(self, lane: Lane, look: Look, until: Callable[[], bool]) -> bool:
        """Read until all is read (True) or something else is due.

        Raises:
            ExporterError: it could not be finished; what was read before is stored.
        """
        if not look.listed:
            if not await self.reader.go_on(lane, look.work, until):
                return False
            look.work.pending.extend(await self._unknown(look))
            look.listed = True
        return await self.reader.go_on(lane, look.work, until)

    async def _unknown(self, look: Look) -> list[Request]:
        """Store what became of alerts that are known, and what is told whole; what is to be asked of the others.

        A dependency that was there before it was known to be vulnerable came with no change.
        """
        places = {row.key: row.id for row in look.rows}
        listed: dict[str, dict[str, Alert]] = {}
        for alert in look.outcome.found:
            if alert.created >= self._horizon:
                listed.setdefault(alert.home.key, {})[alert.key] = alert
        store, asked, told = self.reader.store, [], []
        for repository, alerts in listed.items():
            known = await self.reader.desk(store.facts, places[repository], Thing.FINDING, list(alerts))
            for key, alert in alerts.items():
                if key not in known and alert.sort is CODE:
                    asked.append(self.provider.seen(alert))
                elif key not in known:
                    told += [alert.told()] * bool(alert.manifest)
                elif judged := alert.judged(known[key]):
                    told.append(Told(alert.subject, judged))
        if told:
            await self.reader.desk(store.add, self.reader.source, told, self.reader.ledger_start)
        return asked


def _by_owner(rows: Sequence[RepositoryRow]) -> list[tuple[str, list[RepositoryRow]]]:
    """Repositories by the first part of their names."""

    def owner(row: RepositoryRow) -> str:
        return row.name.partition("/")[0].lower()

    return [(name, list(here)) for name, here in groupby(sorted(rows, key=owner), owner)]
