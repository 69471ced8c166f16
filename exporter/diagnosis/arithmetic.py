"""What was gained in coding, and how much of it other stages took: sums and quotients of expected times of stages.

Expected times add up where medians do not: a change's expected way is the sum of what it spends in each stage.
"""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.model import Stage

DOWNSTREAM: tuple[Stage, ...] = tuple(stage for stage in Stage if stage is not Stage.CODING)
"""The stages that can take what coding gained."""

STANDARD_ERRORS = 2.5
"""The least difference that is seen four times in five, where one in ten is seen that is none."""


class Decomposition(NamedTuple):
    """``gain`` is G, ``deltas`` the D_k, ``absorbed`` A = sum D_k / G and ``shares`` the a_k, which add up to A.

    ``ceiling`` is the largest possible cut of the lead time by this gain. The last three are None where coding gained
    nothing, or no time was spent at all.
    """

    lead_before: float
    lead_now: float
    gain: float
    deltas: dict[Stage, float]
    downstream: float
    absorbed: float | None
    shares: dict[Stage, float] | None
    ceiling: float | None


def decompose(before: Mapping[Stage, float], now: Mapping[Stage, float]) -> Decomposition:
    """From expected times of the stages in the baseline and now, in one unit; a stage not given takes none."""
    deltas: dict[Stage, float] = {stage: now.get(stage, 0.0) - before.get(stage, 0.0) for stage in DOWNSTREAM}
    gain = before.get(Stage.CODING, 0.0) - now.get(Stage.CODING, 0.0)
    downstream, lead = sum(deltas.values()), sum(before.values())
    gained = gain > 0
    return Decomposition(
        lead_before=lead,
        lead_now=sum(now.values()),
        gain=gain,
        deltas=deltas,
        downstream=downstream,
        absorbed=downstream / gain if gained else None,
        shares={stage: delta / gain for stage, delta in deltas.items()} if gained else None,
        ceiling=gain / lead if gained and lead > 0 else None,
    )


def detectable(standard_error: float) -> float:
    """The least difference of lead times that could be seen, in the unit of its standard error."""
    return STANDARD_ERRORS * standard_error
