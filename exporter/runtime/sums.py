"""What the ledger adds up to: counters, histograms, and the dated readings window summaries take percentiles of."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from exporter.catalogue import Kind, Metric

_numbers = count()


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
    """Dated values of one metric and label set, in date order.

    ``gone`` counts those that were let go of; ``number`` is this one's and no other's.
    """

    __slots__ = ("at", "gone", "number", "value")

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.at: array[int] = array("q")
        self.value: array[int] = array("q")
        self.gone = 0

    def add(self, at: int, value: int) -> None:
        """Put a reading in its place."""
        if not self.at or at >= self.at[-1]:
            self.at.append(at)
            self.value.append(value)
            return
        place = bisect_right(self.at, at)
        self.at.insert(place, at)
        self.value.insert(place, value)

    def within(self, end: int, lengths: Sequence[int]) -> list[tuple[int, int]]:
        """For each length, the longest first, which readings are dated in (end - length, end]; nothing if none is.

        First and last but one, counted from the first there ever was; (0, 0) for none. As long as both stay and ``end``
        does not go back, the readings are the same.
        """
        found: list[tuple[int, int]] = []
        at, gone, first = self.at, self.gone, 0
        stop = bisect_right(at, end)
        for length in lengths:
            first = bisect_right(at, end - length, first, stop)
            if first == stop and not found:
                break
            found.append((gone + first, gone + stop) if first < stop else (0, 0))
        return found

    def between(self, first: int, stop: int) -> tuple[Sequence[int], Sequence[int]]:
        """Dates and values of some readings, as ``within`` names them."""
        return (self.at[first - self.gone : stop - self.gone], self.value[first - self.gone : stop - self.gone])

    def count(self, end: int, seconds: int) -> int:
        """How many are dated in (end - seconds, end]."""
        return bisect_right(self.at, end) - bisect_right(self.at, end - seconds)

    def forget(self, until: int) -> bool:
        """Drop what is dated at or before a second; whether nothing is left."""
        stale = bisect_right(self.at, until)
        del self.at[:stale]
        del self.value[:stale]
        self.gone += stale
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
