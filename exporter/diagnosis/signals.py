"""The five signals, each from the gauges that are exported anyway, so that anybody can check it.

A signal is there where the evidence is beyond chance; where what it rests on is not there, it cannot be measured, and
that is said (definitions 26, 156). Cycle time and releases are compared with the baseline, the others with what came
before.
"""

import math
from collections.abc import Iterator, Mapping

from exporter.catalogue import Metric, Twin
from exporter.diagnosis.terms import Diagnosis, Figure, Flag, Gate, Interval, Reading, Signal, Verdict
from exporter.diagnosis.words import share, span
from exporter.measures import escape, maintenance, qa, retro
from exporter.statistics.proportions import ratio_of_rates

Samples = Mapping[tuple[str, ...], float]
Gauges = Mapping[str, Samples]
"""Window summaries of scopes, by metric and labels; the first label is the scope."""

FEWEST_NAMED = 6
"""Sprints with notes that the share of sprints which name QA has to rest on (definitions 26)."""


class Evidence:
    """What is known of one scope: its gauges, its diagnosis, and the thresholds in force."""

    def __init__(
        self, scope: str, gauges: Gauges, diagnosis: Diagnosis, ratios: Mapping[str, float], fewest: int
    ) -> None:
        self.scope = scope
        self.diagnosis = diagnosis
        self.ratios = ratios
        self.fewest = fewest
        self._gauges = gauges

    def value(self, row: Twin | Metric, *labels: str) -> float | None:
        """The gauge of the scope with these labels; None where it is absent."""
        metric = row.team if isinstance(row, Twin) else row
        return None if metric is None else self._gauges.get(metric.name, {}).get((self.scope, *labels))


def signals(evidence: Evidence) -> tuple[Reading, ...]:
    """All five, in the order of their words."""
    return tuple(
        each(evidence)
        for each in (
            cycle_time_rising,
            tests_climbing,
            escape_rate_drifting,
            release_frequency_flat,
            blocking,
        )
    )


def cycle_time_rising(evidence: Evidence) -> Reading:
    """Coding takes less time and the way through review more, both beyond chance."""
    found, name = evidence.diagnosis, Signal.CYCLE_TIME_RISING
    if found.verdict is Verdict.INSUFFICIENT_DATA or found.gain is None or found.cycle is None:
        return Reading(name, None, f"Not measurable: {found.reason}")
    figures = (
        Figure("coding saved per change", span(found.gain), "sdlc_diagnosis_gain_seconds"),
        Figure("pickup, review and waiting to merge, growth", span(found.cycle), "sdlc_diagnosis_stage_delta_seconds"),
    )
    if any(flag is Flag.CODING_UNRELIABLE for flag, _ in found.flags):
        text = "Not measurable: the share of one-commit changes moved, so the time before the first commit did too."
        return Reading(name, None, text, figures)
    active = found.gain.lower > 0 and found.cycle.lower > 0
    told = f"coding by {span(found.gain)} less, review and its waits by {span(found.cycle)} more"
    text = f"Changes are coded faster and reviewed slower: {told}." if active else f"Not beyond chance: {told}."
    return Reading(name, active, text, figures)


def tests_climbing(evidence: Evidence) -> Reading:
    """Upkeep of tests per developer climbs over six sprints, and most test work is upkeep, or soon will be."""
    name = Signal.TEST_MAINTENANCE_CLIMBING
    slope = [evidence.value(maintenance.SLOPE, bound) for bound in ("estimate", "lower", "upper")]
    ratio = evidence.value(maintenance.UPDATE_RATIO, "28d")
    if slope[1] is None or ratio is None:
        return Reading(name, None, "Not measurable: fewer than six sprints of changes whose files could be read.")
    line = evidence.ratios["test_update_climbing"]
    trend = " ".join((f"{_hours(slope[0])} h", *_bounds(slope[1], slope[2])))
    figures = (
        Figure("growth of upkeep per developer and sprint", trend, "sdlc_test_maintenance_slope_seconds"),
        Figure("test time that goes into old tests", share(ratio), "sdlc_team_test_update_ratio"),
    )
    active = slope[1] > 0 and ratio > line
    told = f"upkeep per developer grows by {trend} a sprint, and {share(ratio)} of the time on tests goes into old ones"
    beyond = "" if active else f" (it takes a lower bound above 0 and more than {share(line)})"
    return Reading(name, active, f"{told[0].upper()}{told[1:]}{beyond}.", figures)


def escape_rate_drifting(evidence: Evidence) -> Reading:
    """A larger share of changes escaped by the outcomes of the last 45 days than by those of the 45 days before."""
    name = Signal.ESCAPE_RATE_DRIFTING
    counts = [evidence.value(escape.DRIFT_SAMPLES, each) or 0 for each in ("before", "now")]
    ratio = [evidence.value(escape.DRIFT_RATIO, each) for each in ("estimate", "lower", "upper")]
    n = f"{counts[0]:.0f} outcomes before and {counts[1]:.0f} now"
    if min(counts) < evidence.fewest or ratio[1] is None:
        few = f"Not measurable: {n}, and it takes {evidence.fewest} on both sides."
        return Reading(name, None, few if min(counts) < evidence.fewest else f"Not measurable: nothing escaped ({n}).")
    told = " ".join((f"{_times(ratio[0])}", *_bounds(ratio[1], ratio[2], 1)))
    active = ratio[1] > evidence.ratios["escape_drift"]
    figures = (Figure("share escaped, now over before", told, "sdlc_escape_drift_ratio"),)
    lead = "A larger share of changes escapes" if active else "Not beyond chance"
    return Reading(name, active, f"{lead}: {told} times the former share, of {n}.", figures)


def release_frequency_flat(evidence: Evidence) -> Reading:
    """Since the baseline a tenth more is ready a week at least, beyond chance, and releases are surely no more."""
    name, found = Signal.RELEASE_FREQUENCY_FLAT, evidence.diagnosis
    if found.flow is None or found.baseline is None or found.current is None:
        return Reading(name, None, f"Not measurable: {found.reason}")
    gates = {gate.name: gate for gate in found.flow.gates}
    if "releases" not in gates or not gates["releases"].before:
        return Reading(name, None, "Not measurable: no release is known in the baseline.")
    weeks = len(found.baseline.weeks), len(found.current.weeks)
    ready, released = (_times_of(gates[each], *weeks) for each in ("ready", "releases"))
    if ready is None or released is None:
        return Reading(name, None, "Not measurable: nothing became ready in the baseline.")
    more = ready.lower > 1 and ready.estimate >= 1 + evidence.ratios["ready_rise"]
    active = more and released.lower <= 1 and released.estimate < ready.estimate
    figures = (
        Figure("ready a week, now over before", _ratio(ready), "sdlc_diagnosis_flow_weekly_changes"),
        Figure("releases a week, now over before", _ratio(released), "sdlc_diagnosis_flow_weekly_changes"),
    )
    told = f"{_ratio(ready)} times as many changes became ready a week as in the baseline, and there were "
    told += f"{_ratio(released)} times as many releases"
    lead = "More is ready and no more is released" if active else "Releases keep up" if more else "No more is ready"
    return Reading(name, active, f"{lead}: {told}.", figures)


def blocking(evidence: Evidence) -> Reading:
    """Issues are blocked for more than a quarter of their time with QA, or retrospectives keep naming it."""
    name = Signal.QA_BLOCKING
    lower, stays = evidence.value(qa.BLOCKED_LOWER, "28d"), evidence.value(qa.BLOCKED_SAMPLES, "28d")
    sprints, named = evidence.value(retro.SAMPLES), evidence.value(retro.RATIO, "qa")
    arms: list[bool] = []
    told: list[str] = []
    figures: list[Figure] = []
    if lower is not None and (stays or 0) >= evidence.fewest:
        arms.append(lower > evidence.ratios["qa_blocked"])
        told.append(f"issues are blocked for at least {share(lower)} of their time with QA ({stays:.0f} stays)")
        figures.append(Figure("blocked share, lower bound", share(lower), "sdlc_team_qa_blocked_ratio_lower"))
    if sprints is not None and named is not None and sprints >= FEWEST_NAMED:
        arms.append(named >= evidence.ratios["qa_named"])
        told.append(f"{round(named * sprints)} of {sprints:.0f} sprints with notes name QA")
        figures.append(Figure("sprints that name QA", share(named), "sdlc_retro_mentions_ratio"))
    if not arms:
        few = f"{stays:.0f} stays with QA in 28 days and it takes {evidence.fewest}" if stays else "no stay with QA"
        return Reading(name, None, f"Not measurable: {few}, and fewer than six sprints have retrospective notes.")
    lead = "QA is where it stops" if any(arms) else "QA does not block"
    return Reading(name, any(arms), f"{lead}: {', and '.join(told)}.", tuple(figures))


def _times_of(gate: Gate, before: int, now: int) -> Interval | None:
    """A gate's changes a week by those of the baseline, as counts that come one by one."""
    return ratio_of_rates(round(gate.now * now), now, round(gate.before * before), before)


def _ratio(interval: Interval) -> str:
    upper = "or more" if math.isinf(interval.upper) else f"to {interval.upper:.2f}"
    return f"{interval.estimate:.2f} ({interval.lower:.2f} {upper})"


def _hours(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds / 3600:.2f}"


def _times(ratio: float | None) -> str:
    return "?" if ratio is None else f"{ratio:.2f}"


def _bounds(lower: float, upper: float | None, unit: float = 3600) -> Iterator[str]:
    yield f"({lower / unit:.2f} to {upper / unit:.2f})" if upper is not None else f"({lower / unit:.2f} or more)"
