"""Weeks drawn again and again, in blocks of neighbours, to see how much a number owes to the weeks it is of.

Waits of one week depend on each other and on those of the week before, since they stood in one queue: changes drawn
one by one would make intervals several times too narrow. Blocks of weeks keep what lasts up to a month together.

Sources: Künsch: The Jackknife and the Bootstrap for General Stationary Observations, Annals of Statistics 17 (1989);
Politis, Romano: A Circular Block-Resampling Procedure for Stationary Data (1992), by which the last week is followed by
the first, so that no week is drawn less often for standing at an end. Importing this module imports numpy.
"""

import numpy as np

from exporter.diagnosis.survival import Floats
from exporter.statistics.interval import LEVEL, Interval, tail

DRAWS = 500
BLOCK = 2
"""Weeks."""
SEED = 20


def draws(weeks: int, arm: int) -> Floats:
    """How often each week counts: once each in the first row, then ``DRAWS`` rows of weeks drawn in blocks.

    ``arm`` tells apart periods that are drawn independently. The bits are PCG64's, which numpy keeps the same.
    """
    blocks = -(-weeks // BLOCK)
    bits = np.random.PCG64([SEED, arm]).random_raw(DRAWS * blocks).reshape(DRAWS, blocks)
    begins = (bits % np.uint64(weeks)).astype(np.int64)
    drawn = (begins[:, :, None] + np.arange(BLOCK)).reshape(DRAWS, -1)[:, :weeks] % weeks
    counts = np.zeros((DRAWS + 1, weeks))
    counts[0] = 1
    np.add.at(counts, (np.arange(1, DRAWS + 1)[:, None], drawn), 1)
    return counts


def widened(values: Floats, weeks: int) -> Floats:
    """Draws as far from what was seen as independent ones would be; nothing falls below 0.

    Blocks of l of n weeks vary less than they should, since each is compared with a mean it is a good part of: by
    1 - l / n in the variance of a sum of unrelated weeks.
    """
    factor = (weeks / (weeks - BLOCK)) ** 0.5
    moved: Floats = np.maximum(values[:1] + (values - values[:1]) * factor, 0.0)
    return moved


def interval(values: Floats) -> Interval:
    """The first value with the bounds that leave out a twentieth of the others on either side."""
    estimate, others = float(values[0]), np.sort(values[1:])
    out = int(tail(LEVEL) * len(others) + 1e-9)
    return Interval(estimate, min(estimate, float(others[out])), max(estimate, float(others[-1 - out])))


def quotient(upper: Floats, lower: Floats) -> Interval:
    """The interval of a quotient; draws in which the divisor is not above 0 may be anything and widen both sides.

    The first divisor has to be above 0.
    """
    fits = lower > 0
    ratio = np.divide(upper, lower, out=np.zeros_like(upper), where=fits)
    low, high = np.where(fits, ratio, -np.inf), np.where(fits, ratio, np.inf)
    return Interval(float(ratio[0]), interval(low).lower, interval(high).upper)
