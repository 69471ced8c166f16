"""The trend of a few dated numbers, such as upkeep per sprint, and whether it is a trend."""

import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from statistics import median

from exporter.statistics.interval import LEVEL, Interval, normal_quantile, tail

FEWEST = 6
"""Sprints below which no trend is told; below four points no interval of 90 % exists at all."""

_EXACT_UP_TO = 40
"""Points up to which the distribution of ranks is counted out; the normal curve gives the same, or one rank more."""


def slope(points: Iterable[tuple[float, float]], level: float = LEVEL, fewest: int = FEWEST) -> Interval | None:
    """How much y grows per unit of t: the median slope over all pairs of (t, y) with different t (Theil-Sen).

    The bounds are the m-th smallest and m-th largest of these slopes, for the greatest m with
    P(fewer than m of the pairs disagree in order) <= (1 - level) / 2 where y has no trend. That probability is
    Kendall's, counted out for the ties in t at hand. Ranks are whole, so the level is kept or exceeded: at six points
    and 0.9 it is 0.944. Ties in y widen the interval, if anything.

    None with fewer than ``fewest`` points, or so few different t that no rank keeps the level.
    One outlier in six moves the bounds and hardly the slope. Points are taken to be independent of each other.

    Source: Sen: Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63 (1968).

    Raises:
        ValueError: a coordinate is not a finite number, or the level is not between 0 and 1.
    """
    placed = list(points)
    if not all(math.isfinite(each) for point in placed for each in point):
        raise ValueError("a slope needs finite coordinates")
    if len(placed) < fewest:
        return None
    slopes = sorted((y1 - y0) / (t1 - t0) for (t0, y0), (t1, y1) in combinations(placed, 2) if t1 != t0)
    ties = tuple(sorted(Counter(t for t, _ in placed).values()))
    rank = _rank(ties, level)
    return Interval(median(slopes), slopes[rank - 1], slopes[-rank]) if rank else None


@lru_cache
def _rank(ties: tuple[int, ...], level: float) -> int:
    """The greatest rank that keeps the level, 0 if none does; ``ties`` are how many points share each t."""
    if sum(ties) > _EXACT_UP_TO:
        return _normal_rank(ties, level)
    ways = _orders(ties)
    limit, below, rank = tail(level) * sum(ways) * (1 + 1e-12), 0, 0
    for each in ways:
        below += each
        if below > limit:
            break
        rank += 1
    return rank


def _orders(ties: tuple[int, ...]) -> list[int]:
    """How many orders of y have 0, 1, 2 ... pairs that disagree with t, all pairs of one t left out.

    These are the coefficients of the q-multinomial prod (1 - q^i) / prod over ties of prod (1 - q^i).
    Source: Kendall: A New Measure of Rank Correlation, Biometrika 30 (1938), for the recurrence without ties;
    MacMahon: Combinatory Analysis (1915), for repeated symbols.
    """
    points = sum(ties)
    ways = [1] + [0] * ((points * points - sum(tie * tie for tie in ties)) // 2)
    for factor in range(1, points + 1):
        for power in range(len(ways) - 1, factor - 1, -1):
            ways[power] -= ways[power - factor]
    for factor in (each for tie in ties for each in range(1, tie + 1)):
        for power in range(factor, len(ways)):
            ways[power] += ways[power - factor]
    return ways


def _normal_rank(ties: tuple[int, ...], level: float) -> int:
    """By S, agreeing less disagreeing pairs, of variance (n(n-1)(2n+5) - sum u(u-1)(2u+5)) / 18, in steps of two."""
    points = sum(ties)
    pairs = (points * points - sum(tie * tie for tie in ties)) // 2
    variance = (_weight(points) - sum(_weight(tie) for tie in ties)) / 18
    return max(0, math.floor((pairs + 1 - normal_quantile(level) * math.sqrt(variance)) / 2))


def _weight(points: int) -> int:
    return points * (points - 1) * (2 * points + 5)
