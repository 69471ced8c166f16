"""The first load of repositories: their history newest first, a part at a time, so that polls come in between."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.errors import RateLimited, SecondaryLimited
from exporter.runtime.files import FilesReader
from exporter.runtime.inquiry import BEGINNING, Inquiry
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome
from exporter.store.base import RepositoryRow

LAG = 5 * MINUTE
"""The search index may be this late: facts are complete up to a poll's start minus this (definitions 4)."""
FIRST_WIDTH = 7 * DAY
WIDEST = 2000 * DAY
FULL = 800
"""Changes a window of history should hold for each search: below the thousand one returns."""
BY_PULSE = 10
"""Repositories whose history is read at once where search is not used."""
COMPANY = 100
"""Merged changes whose files are worth a request while more history follows."""

Ask = Callable[[Sequence[RepositoryRow], tuple[int, int], bool], Inquiry]


@dataclass
class Part:
    """A part of the history of some repositories, being read: [lower, upper] of Unix seconds.

    ``started``: when their load began; ``last``: nothing older follows.
    """

    rows: list[RepositoryRow]
    started: int
    lower: int
    inquiries: list[Inquiry]
    last: bool


class History:
    """Loads history through lanes, one part of it at a time. Parts that were left for a poll are taken up again."""

    def __init__(self, files: FilesReader, ask: Ask, searches: Callable[[], bool]) -> None:
        self.files = files
        self.reader = files.reader
        self._ask = ask
        self._searches = searches
        self._parts: dict[Lane, Part] = {}
        self._widths: dict[Lane, int] = {}

    async def step(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> dict[int, str]:
        """Read one part of the history of those of a lane's repositories that are equally far; who failed, and why.

        Raises:
            RateLimited, SecondaryLimited: the part will be taken up again; ExporterError: it will be begun again.
        """
        part = self._parts.pop(lane, None)
        if part is None or not {(row.id, row.name) for row in part.rows} <= {(row.id, row.name) for row in rows}:
            part = await self._part(lane, rows)
        try:
            outcome = await self._read(lane, part, until)
        except (RateLimited, SecondaryLimited):
            self._parts[lane] = part
            raise
        if outcome is None:
            self._parts[lane] = part
            return {}
        if part.last:
            now = lane.clock.now()
            await self.reader.read(part.rows, outcome, now, cursor=part.started, watermark=part.started - LAG)
            self.reader.health.loading.pop(self.reader.source, None)
        else:
            await self.reader.loading(part.rows, outcome, part.lower)
            self._widen(lane, part, outcome.changes)
        return {row.id: outcome.faults[row.key].reason for row in part.rows if row.key in outcome.faults}

    async def _read(self, lane: Lane, part: Part, until: Callable[[], bool]) -> Outcome | None:
        """Changes and files of a part; None when something else was due before the end."""
        outcome = Outcome()
        for inquiry in part.inquiries:
            if not await inquiry.go_on(lane, until):
                return None
            outcome.merge(inquiry.outcome)
        fine = [row for row in part.rows if row.key not in outcome.faults]
        least = 1 if part.last else COMPANY
        files, finished = await self.files.read(lane, fine, None, least=least, urgent=False, until=until)
        outcome.merge(files)
        return outcome if finished else None

    async def _part(self, lane: Lane, rows: Sequence[RepositoryRow]) -> Part:
        """The next older part for the largest group of repositories that are equally far."""
        places = Counter((row.loaded_from, row.loaded_to) for row in rows)
        place, _ = max(places.items(), key=lambda item: (item[1], str(item[0])))
        here = [row for row in rows if (row.loaded_from, row.loaded_to) == place]
        started, reached = place
        if started is None or reached is None:
            started = reached = lane.clock.now()
            ids = [row.id for row in here]
            await self.reader.desk(self.reader.store.progress, ids, loaded_from=started, loaded_to=started)
        start = self.reader.ledger_start
        if not self._searches():
            here = here[:BY_PULSE]
            both = [self._ask(here, (start, started), False), self._ask(here, (BEGINNING, started), True)]
            return Part(here, started, BEGINNING, both, last=True)
        if reached > start:
            lower = max(start, reached - self._widths.get(lane, FIRST_WIDTH))
            return Part(here, started, lower, [self._ask(here, (lower, reached), False)], last=False)
        return Part(here, started, BEGINNING, [self._ask(here, (BEGINNING, start), True)], last=True)

    def _widen(self, lane: Lane, part: Part, changes: int) -> None:
        """Make the next window as wide as fills it, going by this one; note how far the load is."""
        inquiry = part.inquiries[0]
        self._widths[lane] = wider(inquiry.upper - inquiry.lower, changes, inquiry.searches)
        whole = max(1, part.started - self.reader.ledger_start)
        self.reader.health.loading[self.reader.source] = min(1.0, (part.started - part.lower) / whole)


def wider(width: int, changes: float, searches: int) -> int:
    """The width in seconds of the next window, after one of ``width`` that took so many searches held ``changes``."""
    factor = min(4.0, max(0.25, FULL * max(1, searches) / max(1.0, changes)))
    return int(min(WIDEST, max(HOUR, width * factor)))
