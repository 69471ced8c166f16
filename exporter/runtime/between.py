"""What lies between a red commit and the green one after it: asked of whoever has the code, once for each such pair."""

from collections import Counter
from collections.abc import Callable, Collection

from exporter.line import gaps
from exporter.model import Thing, begins
from exporter.providers.base import Gap, Home, Request, unread
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader
from exporter.store.base import RepositoryRow

PATIENCE = 3
"""Readings of a repository that one comparison of commits may spoil before it is given up."""

Compare = Callable[[Home, Gap], Request | None]
"""The question what lies between two commits; None where nobody can be asked."""


class Between:
    """Completes lines of runs by what was done between their commits."""

    def __init__(self, reader: Reader, compare: Compare) -> None:
        self.reader = reader
        self.compare = compare
        self._spoilt: Counter[tuple[int, str]] = Counter()

    async def read(self, lane: Lane, row: RepositoryRow, lines: Collection[str], *, urgent: bool) -> Outcome:
        """Ask what lies between the red and the green commits of some lines; what cannot be had is told as such.

        Raises:
            ExporterError: the server, the credential or the store is in trouble.
        """
        store, desk = self.reader.store, self.reader.desk
        wanted: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for key, events in (await desk(store.facts, row.id, Thing.LINE, sorted(lines))).items():
            for base, head, at in gaps(events, begins(key)):
                wanted.setdefault((base, head), []).append((key, at))
        home = Home(row.key, row.name, row.default_branch)
        asked = []
        for (base, head), told in wanted.items():
            gap = Gap(base, head, tuple(sorted(told)))
            given_up = self._spoilt[row.id, gap.name] >= PATIENCE
            request = None if given_up else self.compare(home, gap)
            if request is None:
                await desk(store.add, self.reader.source, unread(home, gap), self.reader.ledger_start)
            else:
                asked.append(request)
        outcome = await self.reader.drain(lane, asked, wanted={row.key}, urgent=urgent)
        self._spoilt.update((row.id, name) for name in outcome.failed)
        return outcome
