"""Expected times of stays of which some are not over yet: Kaplan-Meier curves, and the area under them up to a cap.

Sources: Kaplan, Meier: Nonparametric Estimation from Incomplete Observations, JASA 53 (1958); Irwin: The Standard Error
of an Estimate of Expectation of Life, Journal of Hygiene 47 (1949), for the area, now called restricted mean.

Numbers may be parts: a stay that may belong to either of two groups counts for a part in each. Importing this module
imports numpy.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_STEPS = 64
"""Different times that a resampled curve keeps; those of one step are taken to be at their mean."""


def survivor_quantile(seconds: Floats, ended: Flags, share: float) -> float:
    """The shortest time by which this share of stays was over; the longest seen where so many never were."""
    order = np.lexsort((~ended, seconds))
    risk = np.arange(len(order), 0, -1)
    left = np.cumprod(1 - ended[order] / risk)
    reached = np.flatnonzero(left <= 1 - share + 1e-9)
    return float(seconds[order][reached[0] if len(reached) else -1])


def restricted_means(
    seconds: Floats, ended: Flags, parts: Floats, weeks: Whole, draws: Floats, cap: float, most: int = MOST_STEPS
) -> Floats:
    """The expected time up to ``cap`` for each draw, a row of how often each week counts; 0 where none does.

    The first draw is told exactly. Where there are more than ``most`` different times, the others are told of times
    that were brought together, and moved by what that changed in the first.
    """
    ended = ended & (seconds <= cap)
    seconds = np.minimum(seconds, cap)
    if np.all(ended | (seconds >= cap)):
        return _divided(draws @ _by_week(weeks, parts * seconds, draws), draws @ _by_week(weeks, parts, draws))
    times, step = np.unique(seconds, return_inverse=True)
    if len(times) <= most:
        return _areas(times, step, ended, parts, weeks, draws, cap)
    exact = _areas(times, step, ended, parts, weeks, draws[:1], cap)
    order = np.argsort(seconds, kind="stable")
    step = np.empty(len(order), np.int64)
    step[order] = np.arange(len(order)) * most // len(order)
    times = np.bincount(step, seconds) / np.bincount(step)
    found = _areas(times, step, ended, parts, weeks, draws, cap)
    moved: Floats = np.maximum(0.0, found + (exact[0] - found[0]))
    return moved


def _areas(times: Floats, step: Whole, ended: Flags, parts: Floats, weeks: Whole, draws: Floats, cap: float) -> Floats:
    """The areas under the curves that fall at these times; who leaves at a time unfinished was there until it."""
    shape = (draws.shape[1], len(times))
    place = weeks * len(times) + step
    over = draws @ np.bincount(place, parts * ended, shape[0] * shape[1]).reshape(shape)
    there = draws @ np.bincount(place, parts, shape[0] * shape[1]).reshape(shape)
    risk = np.cumsum(there[:, ::-1], axis=1)[:, ::-1]
    left = np.cumprod(1 - np.clip(_divided(over, risk), 0.0, 1.0), axis=1)
    widths = np.diff(times, append=cap)
    areas = times[0] + left @ widths
    told: Floats = np.where(risk[:, 0] > 0, areas, 0.0)
    return told


def _by_week(weeks: Whole, values: Floats, draws: Floats) -> Floats:
    sums: Floats = np.bincount(weeks, values, draws.shape[1]).astype(float)
    return sums


def _divided(upper: Floats, lower: Floats) -> Floats:
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 1e-12)
