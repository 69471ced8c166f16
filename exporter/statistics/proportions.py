"""Intervals of one share, and of the ratio of two shares or rates that need no strata: all of them invert score tests.

A score test asks of each possible truth whether the counts would be a surprise under it; the interval is what would be
no surprise. Unlike an estimate plus or minus its standard error, that works at no event, at all events and at few.
"""

import math
from itertools import count

from exporter.statistics.interval import LEVEL, Interval, bounds_of_ratio, normal_quantile


def share(events: float, trials: float, level: float = LEVEL) -> Interval | None:
    """The share k/n, within (k + z²/2 ± z sqrt(k(n - k)/n + z²/4)) / (n + z²); None without trials.

    Parts of a trial are allowed: trials of unequal weight count for fewer than there are.

    Source: Wilson: Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).

    Raises:
        ValueError: there are more events than trials, or fewer than none.
    """
    _refuse_impossible(events, trials)
    if trials == 0:
        return None
    return Interval(
        events / trials, _wilson_lower(events, trials, level), 1 - _wilson_lower(trials - events, trials, level)
    )


def ratio_of_shares(
    events: int, trials: int, base_events: int, base_trials: int, level: float = LEVEL
) -> Interval | None:
    """The share k1/n1 over the share k0/n0: every ratio r at which Pearson's chi-squared is at most z².

    Chi-squared is that of the counts against the two shares p0 and p1 = r p0 that fit them best,
    p0 = (u - sqrt(u² - 4 r n (k1 + k0))) / (2 r n) with n = n1 + n0 and u = r (n1 + k0) + k1 + n0.

    Without events in the base the estimate and the upper bound are infinite, and the lower bound still holds; without
    events in the other, the estimate and the lower bound are 0. None without events in either, or without trials.

    Source: Koopman: Confidence Intervals for the Ratio of Two Binomial Proportions, Biometrics 40 (1984).

    Raises:
        ValueError: there are more events than trials, or fewer than none.
    """
    _refuse_impossible(events, trials)
    _refuse_impossible(base_events, base_trials)
    if trials == 0 or base_trials == 0 or events == base_events == 0:
        return None
    limit = normal_quantile(level) ** 2

    def surprising(ratio: float) -> bool:
        return _koopman_chi_squared(events, trials, base_events, base_trials, ratio) > limit

    estimate = _over(events * base_trials, base_events * trials)
    within = estimate
    if not (events and base_events):  # 0 or infinite is no place to start from, but far enough towards it is
        within = next(ratio for power in count() if not surprising(ratio := 2.0**power if events else 0.5**power))
    return Interval(estimate, *bounds_of_ratio(within, surprising))


def ratio_of_rates(
    events: int, exposure: float, base_events: int, base_exposure: float, level: float = LEVEL
) -> Interval | None:
    """The rate k1/t1 over the rate k0/t0, for events that come one by one (Poisson); t in any unit, the same for both.

    Of k1 + k0 events the first arm has the share q = r t1 / (r t1 + t0), so bounds of q are bounds of
    r = q / (1 - q) * t0 / t1; those of q are Wilson's, which makes these the score test's.

    Infinite bounds are those of ``ratio_of_shares``. None without events in either arm, or without exposure in one.
    Events that come in heaps need ``mantel_haenszel.rate_ratio``.

    Source: Graham, Mengersen, Morton: Confidence limits for the ratio of two rates based on likelihood scores,
    Statistics in Medicine 22 (2003).

    Raises:
        ValueError: events or exposure are negative.
    """
    if min(events, base_events, exposure, base_exposure) < 0:
        raise ValueError("events and exposure are 0 or more")
    both = events + base_events
    if both == 0 or exposure == 0 or base_exposure == 0:
        return None
    scale = base_exposure / exposure
    least, most = _wilson_lower(events, both, level), _wilson_lower(base_events, both, level)
    return Interval(_over(events, base_events) * scale, _over(least, 1 - least) * scale, _over(1 - most, most) * scale)


def _refuse_impossible(events: float, trials: float) -> None:
    if not 0 <= events <= trials:
        raise ValueError(f"{events} events cannot be of {trials} trials")


def _over(upper: float, lower: float) -> float:
    return upper / lower if lower else math.inf


def _wilson_lower(events: float, trials: float, level: float) -> float:
    """Wilson's lower bound with the root in the denominator, where nothing cancels: exactly 0 at no event."""
    z = normal_quantile(level)
    root = z * math.sqrt(events * (trials - events) / trials + z * z / 4)
    return events * events / trials / (events + z * z / 2 + root)


def _koopman_chi_squared(events: int, trials: int, base_events: int, base_trials: int, ratio: float) -> float:
    half = (ratio * (trials + base_events) + events + base_trials) / 2
    both = events + base_events
    root = math.sqrt(max(0.0, half * half - ratio * (trials + base_trials) * both))
    base = both / (half + root)
    return _pearson(events, trials, base * ratio) + _pearson(base_events, base_trials, base)


def _pearson(events: int, trials: int, chance: float) -> float:
    """Pearson's term; a chance that fits best is 1 only where every trial had its event, and that is no surprise."""
    if chance >= 1 - 1e-15:
        return 0.0
    return (events - trials * chance) ** 2 / (trials * chance * (1 - chance))
