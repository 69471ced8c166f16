"""From intervals to a verdict: which rule decided, and what stands against saying more (definitions 149)."""

from typing import NamedTuple

from exporter.diagnosis.telling import between, hours
from exporter.diagnosis.terms import Flag, Interval, Period, Verdict

LEAST_GAIN = 0.1
"""Part of the baseline's coding time below which a gain is too small to divide by."""
MUCH, LITTLE = 0.25, 0.5
"""Absorbed: A is surely above the first. Passed: A is surely below the second."""


class Ruling(NamedTuple):
    """A verdict, and the gate that decided in one sentence."""

    verdict: Verdict
    reason: str


def short(before: Period, now: Period, changes: int, authors: int) -> str | None:
    """Which figure is below its gate; None where both periods have enough."""
    for name, period in (("the baseline", before), ("the current weeks", now)):
        for what, count, least in (("changes", period.changes, changes), ("authors", period.authors, authors)):
            if count < least:
                return f"{name} {'have' if name[-1] == 's' else 'has'} {count} {what}; {least} are needed"
    return None


def rule(
    gain: Interval, coding_before: float, absorbed: Interval | None, detectable: float, doubts: dict[Flag, str]
) -> Ruling:
    """The verdict of what was measured; ``absorbed`` is None where coding gained nothing."""
    first = _by_intervals(gain, coding_before, absorbed)
    for flag in (Flag.CODING_UNRELIABLE, Flag.UNREVIEWED_ROSE):
        if flag in doubts and first.verdict in _CAPPED[flag]:
            first = Ruling(Verdict.INCONCLUSIVE, doubts[flag])
    if first.verdict is Verdict.INCONCLUSIVE and 0 < gain.estimate < detectable:
        return Ruling(
            Verdict.NOT_MEASURABLE,
            f"The gain, {hours(gain.estimate)}, is below the least difference that can be seen, {hours(detectable)}.",
        )
    return first


_CAPPED = {
    Flag.CODING_UNRELIABLE: (Verdict.ABSORBED, Verdict.PASSED, Verdict.NO_GAIN),
    Flag.UNREVIEWED_ROSE: (Verdict.ABSORBED, Verdict.PASSED),
}


def _by_intervals(gain: Interval, coding_before: float, absorbed: Interval | None) -> Ruling:
    if gain.lower <= 0:
        return Ruling(Verdict.NO_GAIN, f"The gain in coding, {between(gain)}, may be none.")
    if gain.estimate < LEAST_GAIN * coding_before or absorbed is None:
        least = hours(LEAST_GAIN * coding_before)
        return Ruling(Verdict.NO_GAIN, f"The gain in coding, {hours(gain.estimate)}, is below a tenth of it, {least}.")
    told = f"Of the gain, {percent(absorbed.lower)} to {percent(absorbed.upper)} is taken by other stages"
    if absorbed.lower > MUCH:
        return Ruling(Verdict.ABSORBED, f"{told}: surely more than a quarter.")
    if absorbed.upper < LITTLE:
        return Ruling(Verdict.PASSED, f"{told}: surely less than half.")
    return Ruling(Verdict.INCONCLUSIVE, f"{told}: neither surely more than a quarter nor surely less than half.")


def percent(ratio: float) -> str:
    """A share in whole per cent."""
    return f"{100 * ratio:.0f}%" if abs(ratio) < 1000 else "any part"
