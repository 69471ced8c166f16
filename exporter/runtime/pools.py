"""Readings within windows, and what summaries make of them; in a replay, only where the readings are others.

Windows move on at every look, while most readings neither come nor leave. What a summary gives follows from them alone,
unless it says that it also slides. To know this of every repository and window takes memory, a tenth of what the
running exporter has, which looks once a minute; a replay looks thousands of times.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, count

from exporter.catalogue import Dated, Labels, Pool, Summary
from exporter.measures.windows import WINDOWS
from exporter.policy import Policy
from exporter.runtime.books import Books
from exporter.runtime.sums import Readings

LONGEST_FIRST = sorted(WINDOWS, key=lambda window: -WINDOWS[window])
LENGTHS = [WINDOWS[window] for window in LONGEST_FIRST]

Given = list[tuple[str, Labels, float]]
"""Samples of a scope that a summary gave: metric, labels, value."""


Span = tuple[Labels, int, Readings, int, int]
"""Readings of one label set within a window: where that ends, and which they are (``Readings.within``)."""


class Part:
    """The readings of one metric of a repository within a window; ``mark`` is another number when they are others."""

    __slots__ = ("_dated", "_repository", "mark", "numbers", "spans")

    def __init__(self, repository: int) -> None:
        self._repository = repository
        self._dated: list[Dated] | None = None
        self.spans: list[Span] = []
        self.numbers: list[int] = []
        self.mark = 0

    @property
    def ends(self) -> list[int]:
        """Where the window of each label set ends."""
        return [end for _, end, *_ in self.spans]

    @property
    def dated(self) -> list[Dated]:
        """The readings, as summaries are given them."""
        if self._dated is None:
            self._dated = [
                Dated(self._repository, labels, end, *readings.between(first, stop))
                for labels, end, readings, first, stop in self.spans
            ]
        return self._dated


Parts = dict[str, dict[str, Part]]
"""A repository's readings by window and metric."""
Look = Callable[[int], Parts]


class Pools:
    """Looks at the books' readings; ``keep``: keeps what summaries made of them for the next look."""

    def __init__(self, books: Books, *, keep: bool) -> None:
        self.books = books
        self._keep = keep
        self._marks: dict[tuple[int, str, str], tuple[array[int], int]] = {}
        self._next = count(1)
        self._kept: dict[tuple[str, str, str, str], tuple[list[int], Given]] = {}

    def look(self, repository: int) -> Parts:
        """The readings of a repository within each window that ends now."""
        found: Parts = {window: {} for window in LONGEST_FIRST}
        windows = found.values()
        for metric, labels, end, readings in self.books.windowed(repository):
            for here, (first, stop) in zip(windows, readings.within(end, LENGTHS), strict=False):
                part = here.get(metric)
                if part is None:
                    part = here[metric] = Part(repository)
                part.spans.append((labels, end, readings, first, stop))
                if self._keep:
                    part.numbers += (readings.number, first, stop)
        for window, parts in found.items() if self._keep else ():
            for metric, part in parts.items():
                part.mark = self._mark((repository, window, metric), part.numbers)
        return found

    def _mark(self, place: tuple[int, str, str], numbers: list[int]) -> int:
        these = array("q", numbers)
        before, mark = self._marks.get(place, (None, 0))
        if before != these:
            mark = next(self._next)
            self._marks[place] = these, mark
        return mark

    def give(
        self, scope: str, name: str, window: str, summary: Summary, parts: Iterable[Mapping[str, Part]], policy: Policy
    ) -> Given:
        """What a summary gives of the readings of a scope's member, a repository or a team."""
        here = {row.name: [part[row.name] for part in parts if row.name in part] for row in summary.reads}
        if not self._keep:
            return self._made(scope, name, window, summary, here, policy)
        marks = [number for found in here.values() for part in found for number in _marks(part, summary)]
        kept = self._kept.get((scope, name, window, summary.name))
        if kept is None or kept[0] != marks:
            kept = marks, self._made(scope, name, window, summary, here, policy)
            self._kept[scope, name, window, summary.name] = kept
        return kept[1]

    @staticmethod
    def _made(
        scope: str, name: str, window: str, summary: Summary, here: Mapping[str, Sequence[Part]], policy: Policy
    ) -> Given:
        readings = {metric: [*chain.from_iterable(part.dated for part in found)] for metric, found in here.items()}
        found = summary.summarise(Pool(window, WINDOWS[window], readings, policy))
        return [(row.name, (name, *labels), value) for twin, labels, value in found if (row := twin.of(scope))]


def _marks(part: Part, summary: Summary) -> list[int]:
    return [part.mark, *part.ends] if summary.slides else [part.mark]
