"""How many times as often in one group as in another, like with like: Mantel-Haenszel ratios over strata.

A stratum is what makes changes comparable, such as a repository and a bucket of sizes; its arms are the group asked
about (``one``) and the one it is compared with (``base``). The ratio is taken to be the same in all strata, while the
level may differ in each: a stratum with one arm only says nothing about the ratio, and is left out and counted
(definitions 44 to 48).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import mul
from typing import NamedTuple

from exporter.statistics.interval import LEVEL, Interval, bounds_of_ratio, normal_quantile

FEWEST = 30
"""Changes in each arm, over the strata that have both, below which no ratio is told."""


class Arm(NamedTuple):
    """Sums over the changes of one arm: how many, their events y and exposures t, and the squares of both.

    An exposure is what events are counted per: 1 for "per change", changed lines for "per line".
    """

    changes: int = 0
    events: int = 0
    exposure: int = 0
    events_squared: int = 0
    events_exposure: int = 0
    exposure_squared: int = 0

    @classmethod
    def of(cls, events: Sequence[int], exposures: Sequence[int]) -> "Arm":
        """The arm of these changes, each told by its events and its exposure.

        Raises:
            ValueError: events or exposures are negative, or not as many of one as of the other.
        """
        if len(events) != len(exposures) or min(*events, *exposures, 0, 0) < 0:
            raise ValueError("a change has 0 events or more, and an exposure of 0 or more")
        return cls(
            len(events),
            sum(events),
            sum(exposures),
            sum(map(mul, events, events)),
            sum(map(mul, events, exposures)),
            sum(map(mul, exposures, exposures)),
        )

    def residual(self, rate: float) -> float:
        """Sum of (y - rate t)² over the changes."""
        square = self.events_squared - 2 * rate * self.events_exposure + rate * rate * self.exposure_squared
        return max(0.0, square)


class Stratum(NamedTuple):
    """The two arms of what is comparable."""

    one: Arm
    base: Arm


class Unestimable(StrEnum):
    """Why there is no ratio."""

    NO_COMMON_STRATUM = "no_common_stratum"
    FEW_SAMPLES = "few_samples"
    NO_EVENTS = "no_events"
    NO_EVENTS_IN_ONE = "no_events_in_one"
    NO_EVENTS_IN_BASE = "no_events_in_base"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio with its bounds, or the reason why there is none.

    ``samples`` are the changes of (one, base) in the ``strata`` that have both arms; ``left_out`` those in strata that
    have not. Exactly one of ``ratio`` and ``reason`` is None.
    """

    ratio: Interval | None
    reason: Unestimable | None
    samples: tuple[int, int]
    left_out: tuple[int, int]
    strata: int


def stratify(changes: Iterable[tuple[Hashable, bool, int, int]]) -> list[Stratum]:
    """Strata of changes, each told as (stratum, whether it is of the arm ``one``, events, exposure).

    Raises:
        ValueError: events or exposure are negative.
    """
    told = arms((key, "one" if is_one else "base", (events,), (exposure,)) for key, is_one, events, exposure in changes)
    return [stratum(here, "one", "base") for here in told]


def arms(changes: Iterable[tuple[Hashable, str, Sequence[int], Sequence[int]]]) -> list[dict[str, Arm]]:
    """Of each stratum the arms by group, of changes told as (stratum, group, events, exposures), some at a time.

    Raises:
        ValueError: events or exposures are negative, or not as many of one as of the other.
    """
    told: defaultdict[Hashable, dict[str, tuple[list[int], list[int]]]] = defaultdict(dict)
    for key, group, events, exposures in changes:
        heap = told[key].setdefault(group, ([], []))
        heap[0].extend(events)
        heap[1].extend(exposures)
    return [{group: Arm.of(*heap) for group, heap in here.items()} for here in told.values()]


def stratum(here: Mapping[str, Arm], one: str, base: str) -> Stratum:
    """Two groups of a stratum beside each other; one that has no change there is empty."""
    return Stratum(here.get(one, Arm()), here.get(base, Arm()))


def share_ratio(strata: Iterable[Stratum], level: float = LEVEL, fewest: int = FEWEST) -> Comparison:
    """The share of changes with an event, one over base; a change counts once (y is 0 or 1).

    With a of n1 and b of n0 changes in a stratum of n = n1 + n0, the ratio is R / S with R = sum a n0 / n and
    S = sum b n1 / n. Its logarithm has the variance sum ((a + b) n1 n0 / n² - a b / n) / (R S), and the bounds are
    ratio * exp(± z sqrt(variance)). Where every change of both arms has its event, the bounds are no wider than the 1.

    Source: Greenland, Robins: Estimation of a Common Effect Parameter from Sparse Follow-Up Data, Biometrics 41 (1985),
    equation 13; Mantel, Haenszel: Statistical Aspects of the Analysis of Data ..., JNCI 22 (1959).

    Raises:
        ValueError: a change has more than one event.
    """
    given = list(strata)
    if any(arm.events_squared != arm.events or arm.events > arm.changes for pair in given for arm in pair):
        raise ValueError("a share needs changes that have one event or none")
    shares = [Stratum(*(arm._replace(exposure=arm.changes) for arm in pair)) for pair in given]

    def bounds(common: list[Stratum], estimate: float, z: float) -> tuple[float, float]:
        squared = math.fsum(_share_variance(one, base) for one, base in common)
        return _bounds_of_logarithm(estimate, math.sqrt(squared / _for_one(common) / _for_base(common)), z)

    return _compare(shares, bounds, level, fewest)


def rate_ratio(
    strata: Iterable[Stratum], level: float = LEVEL, fewest: int = FEWEST, *, clustered: bool = True
) -> Comparison:
    """Events per exposure, one over base.

    With a events per exposure of T1 and b per T0 in a stratum of T = T1 + T0, the ratio r is R / S with
    R = sum a T0 / T and S = sum b T1 / T. It solves U(r) = R - r S = 0.

    - ``clustered``, where events come in heaps (a change gets five requests or none): each change is one observation,
      and the bounds are the r at which U(r)² = z² V(r), with
      V(r) = sum n / (n - 1) [(T0 / T)² sum (y - r p t)² + (r T1 / T)² sum (y - p t)²]. The inner sums are over the
      n changes of the two arms, and p = (a + b) / (r T1 + T0) is the base's rate in the stratum if r is true. Few
      events may rule out no high ratio, or no low one: that bound is then infinite, or 0.
    - otherwise, where they come one by one (Poisson): the logarithm has the variance
      sum (a + b) T1 T0 / T² / (R S), and the bounds are r exp(± z sqrt(variance)).

    Source: Greenland, Robins: Estimation of a Common Effect Parameter from Sparse Follow-Up Data, Biometrics 41 (1985),
    for r and the Poisson variance. V has squared residuals in place of their Poisson expectation, as in Liang, Zeger:
    Longitudinal Data Analysis Using Generalized Linear Models, Biometrika 73 (1986), with n / (n - 1) for the estimated
    p; to invert the test rather than to add standard errors: Boos: On Generalized Score Tests, The American
    Statistician 46 (1992).

    Raises:
        ValueError: an arm lacks the squares that ``clustered`` needs.
    """
    return _compare(strata, _clustered_bounds if clustered else _poisson_bounds, level, fewest)


def _clustered_bounds(common: list[Stratum], estimate: float, z: float) -> tuple[float, float]:
    for_one, for_base = _for_one(common), _for_base(common)
    if any(arm.events_squared * arm.changes < arm.events**2 for pair in common for arm in pair):
        raise ValueError("an arm's squares are less than its events can have")

    def surprising(ratio: float) -> bool:
        variance = math.fsum(_clustered_variance(one, base, ratio) for one, base in common)
        return (for_one - ratio * for_base) ** 2 > z * z * variance

    return bounds_of_ratio(estimate, surprising)


def _clustered_variance(one: Arm, base: Arm, ratio: float) -> float:
    rate = (one.events + base.events) / (ratio * one.exposure + base.exposure)
    weight_one, weight_base = _weights(one, base)
    squares = weight_one**2 * one.residual(ratio * rate) + (ratio * weight_base) ** 2 * base.residual(rate)
    changes = one.changes + base.changes
    return changes / (changes - 1) * squares


def _poisson_bounds(common: list[Stratum], estimate: float, z: float) -> tuple[float, float]:
    squared = math.fsum((one.events + base.events) * math.prod(_weights(one, base)) for one, base in common)
    return _bounds_of_logarithm(estimate, math.sqrt(squared / _for_one(common) / _for_base(common)), z)


def _share_variance(one: Arm, base: Arm) -> float:
    """(a + b) n1 n0 / n² - a b / n as one fraction of whole numbers, which no rounding takes below 0."""
    of_one, of_base = one.changes, base.changes
    whole = one.events * of_one * (of_base - base.events) + base.events * of_base * (of_one - one.events)
    return whole / (of_one + of_base) ** 2


def _bounds_of_logarithm(estimate: float, error: float, z: float) -> tuple[float, float]:
    return estimate * math.exp(-z * error), estimate * math.exp(z * error)


def _for_one(common: list[Stratum]) -> float:
    """R; ``fsum`` rounds once, so no order of strata gives another last digit."""
    return math.fsum(one.events * _weights(one, base)[0] for one, base in common)


def _for_base(common: list[Stratum]) -> float:
    return math.fsum(base.events * _weights(one, base)[1] for one, base in common)


def _weights(one: Arm, base: Arm) -> tuple[float, float]:
    """What an event of either arm counts: the other arm's part of the stratum's exposure."""
    exposure = one.exposure + base.exposure
    return base.exposure / exposure, one.exposure / exposure


def _compare(
    strata: Iterable[Stratum],
    bounds: Callable[[list[Stratum], float, float], tuple[float, float]],
    level: float,
    fewest: int,
) -> Comparison:
    z = normal_quantile(level)
    common: list[Stratum] = []
    alone: list[Stratum] = []
    for pair in strata:
        (common if min(pair.one.exposure, pair.base.exposure) > 0 else alone).append(pair)
    reason = _reason(common, fewest)
    ratio = None
    if reason is None:
        estimate = _for_one(common) / _for_base(common)
        ratio = Interval(estimate, *bounds(common, estimate, z))
    return Comparison(ratio, reason, _changes(common), _changes(alone), len(common))


def _changes(strata: list[Stratum]) -> tuple[int, int]:
    return sum(pair.one.changes for pair in strata), sum(pair.base.changes for pair in strata)


def _reason(common: list[Stratum], fewest: int) -> Unestimable | None:
    if not common:
        return Unestimable.NO_COMMON_STRATUM
    if min(_changes(common)) < fewest:
        return Unestimable.FEW_SAMPLES
    in_one, in_base = (any(pair[arm].events for pair in common) for arm in (0, 1))
    if not in_one and not in_base:
        return Unestimable.NO_EVENTS
    if not in_one:
        return Unestimable.NO_EVENTS_IN_ONE
    return None if in_base else Unestimable.NO_EVENTS_IN_BASE
