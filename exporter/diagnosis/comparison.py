"""A baseline and the present compared, once both have enough changes: intervals, verdict, flow and doubts.

Importing this module imports numpy.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exporter.diagnosis import doubts
from exporter.diagnosis.arithmetic import DOWNSTREAM, Decomposition, decompose, detectable
from exporter.diagnosis.draws import interval, quotient
from exporter.diagnosis.estimation import CODING, PLACE, STAGES, Estimate, estimate
from exporter.diagnosis.flow import flow, people
from exporter.diagnosis.survival import Floats
from exporter.diagnosis.tally import Tally
from exporter.diagnosis.telling import between, hours, samples, sentence
from exporter.diagnosis.terms import Controlled, Diagnosis, Flag, Interval, Period, StageTime, Verdict
from exporter.diagnosis.verdict import LEAST_GAIN, rule, short
from exporter.diagnosis.weeks import WEEK, Settings, Windows, floor, whole_weeks
from exporter.model import Stage

CYCLE = [PLACE[stage] for stage in (Stage.PICKUP, Stage.REVIEW, Stage.MERGE_WAIT, Stage.UNREVIEWED)]
TAKING = [PLACE[stage] for stage in DOWNSTREAM]
SURE = 0.8
"""How often of the draws a stage has to be the one that grew most to be named."""
AROUND = 12
"""Weeks before the baseline that it is held against."""
FEWEST_AROUND, FEWEST_CHANGES = 8, 30
UNUSUAL, SURELY = 1.25, 1.1
"""How many times as long as around it things took in an unusual baseline: as seen, and by the lower bound."""
TOLD = (Verdict.ABSORBED, Verdict.PASSED, Verdict.INCONCLUSIVE)
"""Verdicts with which the absorbed part of the gain is shown."""


class Sums(NamedTuple):
    """One value for each draw, the first as seen: seconds."""

    delta: Floats
    gain: Floats
    downstream: Floats

    @classmethod
    def of(cls, found: Estimate) -> "Sums":
        """Of the expected times of all stages."""
        delta = found.now - found.before
        return cls(delta, -delta[:, CODING], delta[:, TAKING].sum(axis=1))


def compare(
    scope: str,
    at: int,
    settings: Settings,
    tally: Tally,
    chosen: Windows,
    control: Tally,
    releases: Sequence[int],
) -> Diagnosis:
    """The diagnosis of periods that have enough changes."""
    before, now = tally.period(chosen.before), tally.period(chosen.now)
    around = _around(chosen, settings)
    found = estimate(tally, chosen, at, around)
    sums = Sums.of(found)
    point = _point(found)
    gain, downstream = interval(sums.gain), interval(sums.downstream)
    lead = interval(found.now.sum(axis=1) - found.before.sum(axis=1))
    seen = detectable(float(np.std(sums.gain[1:] - sums.downstream[1:], ddof=1)))
    ratio = quotient(sums.downstream, sums.gain) if gain.estimate > 0 else None
    raw = found.raw[0] - found.raw[1]
    mix = raw - (point.lead_before - point.lead_now)
    flowing = flow(tally, before, now, releases)
    controlled = _controlled(control, chosen, at, settings, sums)
    flags = dict(doubts.of_periods(before, now, people(tally, before, now)))
    if gain.lower <= 0 or gain.estimate < LEAST_GAIN * found.before[0, CODING]:
        flags[Flag.DENOMINATOR_SMALL] = (
            f"The gain, {hours(gain.estimate)} ({between(gain)}), is too small to divide by."
        )
    flags |= dict(doubts.of_mix(mix, raw, point.lead_before))
    flags |= dict(doubts.of_queues(tally, flowing, now))
    flags |= dict(doubts.of_production(tally, now, releases, before.start, at))
    flags |= dict(_unusual(found, tally.period(around)))
    flags |= dict(_disagrees(controlled, gain))
    verdict, reason = rule(gain, float(found.before[0, CODING]), ratio, seen, flags)
    shown = ratio if verdict in TOLD and Flag.CODING_UNRELIABLE not in flags else None
    chance = _chances(sums.delta)
    named = foremost(sums.delta, chance) if verdict is Verdict.ABSORBED else None
    return Diagnosis(
        scope=scope,
        at=at,
        verdict=verdict,
        reason=reason,
        sentence=f"{sentence(verdict, point, gain, downstream, seen, named)} {samples(before, now)}",
        adoption=settings.adoption,
        baseline=before,
        current=now,
        stages=tuple(_stage(stage, found, sums, point if shown else None, chance) for stage in STAGES),
        gain=gain,
        downstream=downstream,
        cycle=interval(sums.delta[:, CYCLE].sum(axis=1)),
        lead=lead,
        lead_before=point.lead_before,
        lead_now=point.lead_now,
        absorbed=shown,
        ceiling=point.ceiling,
        detectable=seen,
        mix=mix,
        bottleneck=named,
        flow=flowing,
        controlled=controlled,
        flags=tuple((flag, flags[flag]) for flag in Flag if flag in flags),
    )


def foremost(delta: Floats, chance: Floats) -> Stage | None:
    """The stage that grew most in four draws of five and surely grew; None where no stage did."""
    place = int(np.argmax(chance))
    sure = chance[place] >= SURE and interval(delta[:, place]).lower > 0
    return STAGES[place] if sure else None


def _chances(delta: Floats) -> Floats:
    """How often of the draws each stage grew most; coding never does, since its growth would be no loss of its gain."""
    most = np.array(TAKING)[np.argmax(delta[1:, TAKING], axis=1)]
    return np.bincount(most, minlength=len(STAGES)) / len(most)


def _point(found: Estimate) -> Decomposition:
    before, now = (dict(zip(STAGES, map(float, rows[0]), strict=True)) for rows in (found.before, found.now))
    return decompose(before, now)


def _stage(stage: Stage, found: Estimate, sums: Sums, told: Decomposition | None, chance: Floats) -> StageTime:
    place = PLACE[stage]
    taking = stage is not Stage.CODING
    return StageTime(
        stage=stage,
        before=interval(found.before[:, place]),
        now=interval(found.now[:, place]),
        delta=interval(sums.delta[:, place]),
        entered=(int(found.entered[0, place]), int(found.entered[1, place])),
        cap=float(found.caps[place]),
        share=told.shares[stage] if taking and told and told.shares else None,
        probability=float(chance[place]) if taking else None,
    )


def _controlled(control: Tally, chosen: Windows, at: int, settings: Settings, sums: Sums) -> Controlled | None:
    """The differences less the control's; its weeks are drawn together with the scope's, as they share their luck."""
    before, now = control.period(chosen.before), control.period(chosen.now)
    if short(before, now, settings.least_changes, settings.least_authors):
        return None
    other = Sums.of(estimate(control, chosen, at))
    gain, downstream = sums.gain - other.gain, sums.downstream - other.downstream
    told = interval(gain)
    return Controlled(
        changes=(before.changes, now.changes),
        gain=told,
        downstream=interval(downstream),
        absorbed=quotient(downstream, gain) if told.lower > 0 else None,
    )


def _disagrees(controlled: Controlled | None, gain: Interval) -> doubts.Doubts:
    if controlled is not None and gain.lower > 0 and controlled.gain.lower <= 0:
        text = (
            f"Beside repositories of little AI in the same weeks the gain is {between(controlled.gain)}: "
            "they changed alike, so AI need not be the cause."
        )
        yield Flag.CONTROL_DISAGREES, text


def _around(chosen: Windows, settings: Settings) -> tuple[int, ...]:
    """The whole weeks before AI was taken up, or before the current ones, that are near the baseline and not in it."""
    last = chosen.now[0] if settings.adoption is None else floor(settings.adoption)
    weeks = whole_weeks(max(settings.start, chosen.before[0] - AROUND * WEEK), last, settings.freezes)
    return tuple(week for week in weeks if week not in chosen.before)


def _unusual(found: Estimate, around: Period) -> doubts.Doubts:
    """Whether things took longer in the baseline than around it, so that they would have become quicker anyway."""
    if len(around.weeks) < FEWEST_AROUND or around.changes < FEWEST_CHANGES:
        return
    for what, columns in (("Coding", [CODING]), ("The whole way", list(range(len(STAGES))))):
        usual = float(found.around[columns].sum())
        then = interval(found.before[:, columns].sum(axis=1))
        if then.estimate > UNUSUAL * usual and then.lower > SURELY * usual:
            text = (
                f"{what} took {hours(then.estimate)} in the baseline and {hours(usual)} in the "
                f"{len(around.weeks)} weeks around it: after such a time things get better by themselves."
            )
            yield Flag.BASELINE_UNUSUAL, text
            return
