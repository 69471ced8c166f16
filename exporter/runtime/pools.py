"""Readings within windows, and what summaries made of them: made anew only where the readings are others.

Windows move on at every look, while most readings neither come nor leave. What a summary gives follows from them alone,
unless it says that it also slides.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, count
from typing import NamedTuple

from exporter.catalogue import Dated, Labels, Pool, Summary
from exporter.measures.windows import WINDOWS
from exporter.policy import Policy
from exporter.runtime.books import LONGEST_WINDOW, Books
from exporter.runtime.sums import Readings

LONGEST_FIRST = sorted(WINDOWS, key=lambda window: -WINDOWS[window])

Given = list[tuple[str, Labels, float]]
"""Samples of a scope that a summary gave: metric, labels, value."""


class Span(NamedTuple):
    """Readings of one label set within a window: where that ends, and which they are (``Readings.within``)."""

    labels: Labels
    end: int
    readings: Readings
    first: int
    stop: int


class Part:
    """The readings of one metric of a repository within a window; ``mark`` is another number when they are others."""

    def __init__(self, repository: int, spans: Sequence[Span], mark: int) -> None:
        self._repository = repository
        self._spans = spans
        self.mark = mark

    @property
    def ends(self) -> list[int]:
        """Where the window of each label set ends."""
        return [each.end for each in self._spans]

    @cached_property
    def dated(self) -> list[Dated]:
        """The readings, as summaries are given them."""
        return [
            Dated(self._repository, each.labels, each.end, *each.readings.between(each.first, each.stop))
            for each in self._spans
        ]


Parts = Mapping[str, Mapping[str, Part]]
"""A repository's readings by window and metric."""
Look = Callable[[int], Parts]


class Pools:
    """Looks at the books' readings, and keeps what summaries made of them."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._marks: dict[tuple[int, str, str], tuple[array[int], int]] = {}
        self._next = count(1)
        self._kept: dict[tuple[str, str, str, str], tuple[list[int], Given]] = {}

    def look(self, repository: int) -> Parts:
        """The readings of a repository within each window that ends now."""
        spans: dict[str, dict[str, list[Span]]] = {window: {} for window in LONGEST_FIRST}
        lengths = [WINDOWS[window] for window in spans]
        for metric, labels, end, readings in self.books.windowed(repository):
            if readings.count(end, LONGEST_WINDOW):
                for part, (first, stop) in zip(spans.values(), readings.within(end, lengths), strict=True):
                    part.setdefault(metric, []).append(Span(labels, end, readings, first, stop))
        return {
            window: {metric: self._part(repository, window, metric, each) for metric, each in here.items()}
            for window, here in spans.items()
        }

    def _part(self, repository: int, window: str, metric: str, spans: Sequence[Span]) -> Part:
        place = (repository, window, metric)
        these = array("q", chain.from_iterable((each.readings.number, each.first, each.stop) for each in spans))
        before, mark = self._marks.get(place, (None, 0))
        if before != these:
            mark = next(self._next)
            self._marks[place] = these, mark
        return Part(repository, spans, mark)

    def give(
        self, scope: str, name: str, window: str, summary: Summary, parts: Iterable[Mapping[str, Part]], policy: Policy
    ) -> Given:
        """What a summary gives of the readings of a scope's member, a repository or a team."""
        here = {row.name: [part[row.name] for part in parts if row.name in part] for row in summary.reads}
        marks = [number for found in here.values() for part in found for number in _marks(part, summary)]
        kept = self._kept.get((scope, name, window, summary.name))
        if kept is not None and kept[0] == marks:
            return kept[1]
        readings = {metric: [*chain.from_iterable(part.dated for part in found)] for metric, found in here.items()}
        found = summary.summarise(Pool(window, WINDOWS[window], readings, policy))
        given = [(row.name, (name, *labels), value) for twin, labels, value in found if (row := twin.of(scope))]
        self._kept[scope, name, window, summary.name] = marks, given
        return given


def _marks(part: Part, summary: Summary) -> list[int]:
    return [part.mark, *part.ends] if summary.slides else [part.mark]
