"""An estimate with its two bounds, and the level all of them are drawn at."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.9
"""Two-sided: about one interval in ten misses the truth, one in twenty on either side."""


_NOTHING = 1e-12
"""A ratio below which a bound is 0, since no further one would be a surprise."""


class Interval(NamedTuple):
    """``lower`` <= ``estimate`` <= ``upper``, in one unit; the fields are the values of the label ``bound``."""

    estimate: float
    lower: float
    upper: float


def tail(level: float) -> float:
    """How often an interval of this level misses on one side: 0.05 at 0.9.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not {level}")
    return (1 - level) / 2


@lru_cache
def normal_quantile(level: float) -> float:
    """How many standard errors an interval of this level reaches to each side: 1.645 at 0.9.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    return -NormalDist().inv_cdf(tail(level))


def bounds_of_ratio(within: float, surprising: Callable[[float], bool]) -> tuple[float, float]:
    """From where to where ratios around ``within`` are no surprise, to ten digits; (0, infinity) where none ever is.

    ``within`` is positive and no surprise itself. Of several stretches without surprise it is the one around it.
    """
    upper = _lowest(1 / within, lambda inverse: surprising(1 / inverse))
    return _lowest(within, surprising), 1 / upper if upper else math.inf


def _lowest(within: float, surprising: Callable[[float], bool]) -> float:
    """The lower bound, bracketed by halving the ratio and then by halving the bracket's logarithm."""
    beyond = within / 2
    while not surprising(beyond):
        within, beyond = beyond, beyond / 2
        if beyond < _NOTHING:
            return 0.0
    while within - beyond > 1e-10 * within:
        middle = math.sqrt(within * beyond)
        within, beyond = (within, middle) if surprising(middle) else (middle, beyond)
    return within
