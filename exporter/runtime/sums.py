"""What the ledger adds up to: counters, histograms, and the dated readings window summaries take percentiles of."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exporter.catalogue import Kind, Metric

_NOTHING: tuple[Sequence[int], Sequence[int]] = ((), ())


def lines(metric: Metric) -> int:
    """How many series one label combination costs."""
    return len(metric.bounds) + 3 if metric.kind is Kind.HISTOGRAM else 1


@dataclass(slots=True)
class Sum:
    """A counter (``counts`` empty) or a histogram: readings per bucket, the last for +Inf; ``total`` is their sum.

    ``held`` are values not shown before the combination is released.
    """

    counts: list[int]
    total: int = 0
    held: list[int] = field(default_factory=list)

    def show(self, bounds: Sequence[int | float], value: int) -> None:
        """Add a reading to what is exported."""
        if self.counts:
            self.counts[bisect_left(bounds, value)] += 1
        self.total += value


class Readings:
    """Dated values of one metric and label set, in date order."""

    __slots__ = ("at", "value")

    def __init__(self) -> None:
        self.at: array[int] = array("q")
        self.value: array[int] = array("q")

    def add(self, at: int, value: int) -> None:
        """Put a reading in its place."""
        if not self.at or at >= self.at[-1]:
            self.at.append(at)
            self.value.append(value)
            return
        place = bisect_right(self.at, at)
        self.at.insert(place, at)
        self.value.insert(place, value)

    def dated(self, end: int, lengths: Sequence[int]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """For each length, the longest first, the dates and values of the readings dated in (end - length, end]."""
        start, stop, found = -1, bisect_right(self.at, end), _NOTHING
        for length in lengths:
            first = bisect_right(self.at, end - length, max(start, 0), stop)
            if first != start:
                start, found = first, (self.at[first:stop], self.value[first:stop]) if first < stop else _NOTHING
            yield found

    def count(self, end: int, seconds: int) -> int:
        """How many are dated in (end - seconds, end]."""
        return bisect_right(self.at, end) - bisect_right(self.at, end - seconds)

    def forget(self, until: int) -> bool:
        """Drop what is dated at or before a second; whether nothing is left."""
        stale = bisect_right(self.at, until)
        del self.at[:stale]
        del self.value[:stale]
        return not self.at


@dataclass(slots=True)
class Series:
    """Where a start puts the readings of one metric, repository and label set.

    ``sums`` are the sums they count in, each with its bounds, the second after which they count, and the second after
    which they are held.
    """

    repository: int
    kind: tuple[str, tuple[str, ...]]
    floor: int
    sums: tuple[tuple[Sum, tuple[int | float, ...], int, int], ...]
    last_at: int = 0
    readings: Readings = field(default_factory=Readings)
