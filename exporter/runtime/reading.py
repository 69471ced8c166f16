"""Asks a list of requests to its end and stores what comes back, page by page."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from exporter.errors import (
    ExporterError,
    RateLimited,
    SecondaryLimited,
    ServerError,
    StoreError,
    TooSlow,
    Unauthorised,
    Unreachable,
)
from exporter.model import Repository, Stream, Subject, Thing, Told
from exporter.providers.base import Fault, Page, Request
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.store.base import RepositoryRow, RepositoryState, Store

log = logging.getLogger(__name__)

NAMED = 5
"""Repositories that a line of the log names."""
OF_ALL = (Unauthorised, RateLimited, SecondaryLimited, Unreachable, StoreError)
"""Failures that say nothing about the repositories asked about: the next request would fail as well."""
OF_THE_SERVER = (TooSlow, ServerError)
IN_A_ROW = 3
"""Requests that may fail one after another with the server's own trouble before the rest of a list is left."""


def never() -> bool:
    """Nothing else is due."""
    return False


@dataclass
class Outcome:
    """How a list of requests went: faults by repository key, faults nobody can place, and what was read.

    ``failed`` are the keys of changes that single answers left out. ``told``: subjects other than changes that were
    told of, ``pulses`` and ``found``: as a ``Page`` has them. ``more``: something else was due, the rest is for
    another time. ``waits``: the rest is for when another stream is read. ``until``: what was read is complete up to
    there and no further (Unix seconds; None: no such bound).
    """

    faults: dict[str, Fault] = field(default_factory=dict)
    unplaced: list[Fault] = field(default_factory=list)
    changes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    repositories: list[Repository] = field(default_factory=list)
    gone: list[Subject] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    told: list[Subject] = field(default_factory=list)
    pulses: dict[tuple[str, Stream], str] = field(default_factory=dict)
    found: list[Any] = field(default_factory=list)
    more: bool = False
    waits: bool = False
    until: int | None = None

    def merge(self, other: "Outcome") -> None:
        """Take in how another list went."""
        self.faults |= other.faults
        self.changes += other.changes
        self.gone += other.gone
        self.failed |= other.failed
        self.told += other.told
        self.found += other.found
        self.more |= other.more

    def place(self, rows: Iterable[RepositoryRow]) -> None:
        """A fault that nobody can place holds every repository it may concern."""
        for fault in self.unplaced:
            for row in rows:
                self.faults.setdefault(row.key, fault)


@dataclass
class Work:
    """A list of requests and how far it is. Only facts about ``wanted`` repositories are stored; empty: about none."""

    pending: deque[Request]
    wanted: Collection[str] = ()
    urgent: bool = True
    outcome: Outcome = field(default_factory=Outcome)
    failed_in_a_row: int = 0


class Reader:
    """Drains work lists of one stream of a source into the store.

    ``teller``: the source that reads it, where that is another one; troubles are counted as its own.
    """

    def __init__(
        self,
        source: str,
        store: Store,
        desk: Desk,
        health: Health,
        ledger_start: int,
        stream: Stream = Stream.CHANGES,
        teller: str = "",
    ) -> None:
        self.source = source
        self.teller = teller or source
        self.store = store
        self.desk = desk
        self.health = health
        self.ledger_start = ledger_start
        self.stream = stream

    def of(self, stream: Stream) -> "Reader":
        """The same for another stream of the source."""
        return Reader(self.source, self.store, self.desk, self.health, self.ledger_start, stream, self.teller)

    async def drain(
        self, lane: Lane, requests: Iterable[Request], *, wanted: Collection[str] = (), urgent: bool = True
    ) -> Outcome:
        """Ask everything, and what the answers lead to. Only facts about ``wanted`` repositories are stored.

        Raises:
            ExporterError: the list could not be finished; what was read before is stored.
        """
        work = Work(deque(requests), wanted, urgent)
        await self.go_on(lane, work)
        return work.outcome

    async def go_on(self, lane: Lane, work: Work, until: Callable[[], bool] = never) -> bool:
        """Ask until nothing is left (True), or until something else is due; the list can be taken up again.

        One request is asked at least, so that what makes way for others is never left for good. A request about named
        repositories that fails holds only those; any other failure ends the list.

        Raises:
            ExporterError: the list could not be finished; what was read before is stored.
        """
        storing: asyncio.Future[None] | None = None
        asked = False
        try:
            while work.pending:
                if asked and until():
                    return False
                asked = True
                request = work.pending[0]
                try:
                    page = await lane.ask(request, urgent=work.urgent)
                except OF_ALL:
                    raise
                except ExporterError as error:
                    if not request.repositories:
                        raise
                    self.trouble(lane.clock.now(), error)
                    work.pending.popleft()
                    self._leave(work, request, error)
                    continue
                if storing is not None:
                    await storing
                # A page is stored while the next one is on its way.
                storing = asyncio.ensure_future(self._take(lane, page, work))
                work.failed_in_a_row = 0
                work.pending.popleft()
                work.pending.extendleft(reversed(page.then))
        finally:
            if storing is not None:
                await storing
        return True

    @staticmethod
    def _leave(work: Work, request: Request, error: ExporterError) -> None:
        """Note what a failed request was about; where the server is in trouble, the rest of the list as well."""
        work.outcome.failed |= set(request.changes)
        work.failed_in_a_row = work.failed_in_a_row + 1 if isinstance(error, OF_THE_SERVER) else 0
        left = [request]
        if work.failed_in_a_row >= IN_A_ROW:
            if any(not each.repositories for each in work.pending):
                raise error
            left += work.pending
            work.pending.clear()
        for each in left:
            work.outcome.faults |= {key: Fault(key, error.reason, str(error)) for key in each.repositories}

    async def _take(self, lane: Lane, page: Page, work: Work) -> None:
        outcome = work.outcome
        told: list[Told] = [each for each in page.told if each.subject.repository in work.wanted]
        if told:
            await self.desk(self.store.add, self.source, told, self.ledger_start)
        outcome.changes += len(told)
        outcome.told += [each.subject for each in told if each.subject.thing is not Thing.CHANGE]
        outcome.pulses |= page.pulses
        outcome.found += page.found
        outcome.counts |= page.counts
        outcome.repositories += page.repositories
        outcome.gone += page.gone
        for fault in page.faults:
            if fault.repository and work.wanted and fault.repository not in work.wanted:
                continue
            self.health.trouble(lane.clock.now(), self.teller, fault.reason, fault.message)
            outcome.failed |= {fault.change} - {""}
            if fault.repository:
                outcome.faults[fault.repository] = fault
            else:
                outcome.unplaced.append(fault)
        self.health.truncated[self.teller, self.stream] += page.truncated
        for word in page.unknown:
            self.health.unknown[self.teller, word] += 1

    def trouble(self, at: float, error: ExporterError) -> None:
        """Count a failure, once."""
        self.health.failed(at, self.teller, error)

    # How far the repositories are

    async def read(
        self, rows: Sequence[RepositoryRow], outcome: Outcome, now: int, *, cursor: int, watermark: int
    ) -> None:
        """Move cursor and watermark of what was read without fault up to there, and say why the others stay.

        A watermark never goes back, and never to where another repository's is.
        """
        fine = [row for row in rows if row.key not in outcome.faults]
        self._tell(fine, "is read again")
        columns: dict[str, int | str | None] = {
            "state": RepositoryState.OK, "reason": "", "cursor": cursor, "last_success": now,
        }  # fmt: skip
        ahead = [row.id for row in fine if row.watermark is not None and row.watermark >= watermark]
        await self._progress([row.id for row in fine if row.id not in set(ahead)], **columns, watermark=watermark)
        await self._progress(ahead, **columns)
        await self._hold(rows, outcome)

    async def loading(
        self, rows: Sequence[RepositoryRow], outcome: Outcome, loaded_to: int, loaded_from: int | None = None
    ) -> None:
        """Note how far back the history of what was read without fault is, and say why the others stay.

        ``loaded_from``: where it began, if that is news.
        """
        fine = [row.id for row in rows if row.key not in outcome.faults]
        began = {} if loaded_from is None else {"loaded_from": loaded_from}
        await self._progress(fine, state=RepositoryState.LOADING, reason="", loaded_to=loaded_to, **began)
        await self._hold(rows, outcome)

    async def hold(self, rows: Iterable[RepositoryRow], reason: str) -> bool:
        """Say of repositories why they stand still; whether that was news."""
        ids = [row.id for row in rows if (row.state, row.reason) != (RepositoryState.FAILING, reason)]
        await self._progress(ids, state=RepositoryState.FAILING, reason=reason)
        return bool(ids)

    async def _hold(self, rows: Sequence[RepositoryRow], outcome: Outcome) -> None:
        reasons: dict[str, list[RepositoryRow]] = defaultdict(list)
        for row in rows:
            if row.key in outcome.faults:
                reasons[outcome.faults[row.key].reason].append(row)
        for reason, held in reasons.items():
            self._tell(held, "cannot be read", reason)
            await self.hold(held, reason)

    def _tell(self, rows: Sequence[RepositoryRow], how: str, reason: str = "") -> None:
        """One line of the log about repositories whose state or reason changes."""
        names = [row.name for row in rows if row.reason != reason]
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            log.warning("%s: %s%s %s%s", self.source, ", ".join(names[:NAMED]), more, how, f": {reason}" * bool(reason))

    async def _progress(self, ids: Sequence[int], **columns: int | str | None) -> None:
        if ids:
            await self.desk(partial(self.store.progress, ids, self.stream, **columns))
