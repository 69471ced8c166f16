"""The finding in plain English, with hours, for somebody who leads a team."""

from collections.abc import Mapping

from exporter.diagnosis.arithmetic import Decomposition
from exporter.diagnosis.terms import Interval, Period, Verdict
from exporter.model import Stage

HOUR = 3600
MINUTE = 60

WHERE: Mapping[Stage, str] = {
    Stage.PICKUP: "waiting for a first review",
    Stage.REVIEW: "in review",
    Stage.MERGE_WAIT: "between approval and merge",
    Stage.UNREVIEWED: "open, until merged without a review",
    Stage.QA: "in QA",
    Stage.DEPLOY_WAIT: "waiting for deployment",
}


def hours(seconds: float) -> str:
    """``6 h``, ``2.5 h``, ``31 h``, or ``20 min`` below an hour."""
    if round(abs(seconds) / MINUTE) < MINUTE:
        return f"{seconds / MINUTE:.0f} min".replace("-0 ", "0 ")
    shown = f"{seconds / HOUR:.0f}" if abs(seconds) >= 20 * HOUR else f"{seconds / HOUR:.1f}"
    return f"{shown.removesuffix('.0')} h"


def between(interval: Interval) -> str:
    """Both bounds: ``between 2 h and 6.5 h``."""
    return f"between {hours(interval.lower)} and {hours(interval.upper)}"


def samples(before: Period, now: Period) -> str:
    """What a finding rests on."""
    return f"Seen on {before.changes} changes before and {now.changes} now."


def absorbed(found: Decomposition, stage: Stage | None) -> str:
    """Where a gain went that other stages took: how much of it is lost, and in which stage, if one is sure."""
    lost = found.downstream
    if hours(lost) == hours(found.gain):
        whole = f"all {hours(lost)} are lost again"
    elif lost > found.gain:
        whole = f"all of it and {hours(lost - found.gain)} more are lost again"
    else:
        whole = f"{hours(lost)} of them are lost again"
    if stage is None:
        return f"Coding is {hours(found.gain)} faster per change; {whole}, though in no one stage for sure."
    most = found.deltas[stage]
    part = f"{hours(most)} of them {WHERE[stage]}" if most < lost else f"as {hours(most)} more are spent {WHERE[stage]}"
    return f"Coding is {hours(found.gain)} faster per change; {whole}, {part}."


def sentence(
    verdict: Verdict,
    found: Decomposition,
    gain: Interval,
    downstream: Interval,
    detectable: float,
    stage: Stage | None = None,
) -> str:
    """The finding of a verdict that rests on data; ``stage`` is the bottleneck."""
    if verdict is Verdict.ABSORBED:
        return absorbed(found, stage)
    if verdict is Verdict.NO_GAIN:
        return (
            f"Coding is not clearly faster than it was: the difference per change is {between(gain)}, "
            "so there is no gain that other stages could take."
        )
    faster = f"Coding is {hours(found.gain)} faster per change" if found.gain > 0 else "Coding is no faster"
    if verdict is Verdict.PASSED:
        saved = found.gain - found.downstream
        rest = "all of it arrives" if found.downstream <= 0 else f"{hours(saved)} of them arrive"
        return f"{faster}, and {rest}: a change is through {hours(saved)} sooner."
    if verdict is Verdict.NOT_MEASURABLE:
        return (
            f"{faster}, but here only differences above {hours(detectable)} can be told from chance, so nobody can say "
            f"whether that arrives; the other stages took {between(downstream)} more."
        )
    return f"{faster}, but whether that arrives cannot be told yet: the other stages took {between(downstream)} more."
