"""From a report to the gauges of /metrics: what cannot be told has no sample."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from exporter.catalogue import Metric
from exporter.diagnosis.terms import Diagnosis, Economics, Flag, Interval, Reading, ScopeReport, Verdict
from exporter.measures import diagnosis as rows
from exporter.model import Stage

DOWNSTREAM = tuple(stage for stage in Stage if stage is not Stage.CODING)

Samples = dict[tuple[str, ...], float]
_Sample = tuple[Metric, tuple[str, ...], float | None]


def families(scopes: Sequence[ScopeReport], economics: Economics | None = None) -> Mapping[str, Samples]:
    """The samples of every row of the diagnosis, by its name and labels; a row without any has an empty family."""
    found: dict[str, Samples] = {row.name: {} for row in rows.ROWS}
    samples: defaultdict[str, Samples] = defaultdict(dict, found)
    for each in scopes:
        for row, labels, value in (*_diagnosis(each.diagnosis), *_signals(each.signals)):
            if value is not None:
                samples[row.name][each.diagnosis.scope, *labels] = value
    for row, labels, value in _economics(economics):
        if value is not None:
            samples[row.name][labels] = value
    return samples


def _diagnosis(found: Diagnosis) -> Iterator[_Sample]:
    for verdict in Verdict:
        yield rows.VERDICT, (verdict,), float(verdict is found.verdict)
    yield rows.ABSORBED_WEEKS, (), found.absorbed_weeks
    yield rows.END, (), found.at
    yield rows.ADOPTION, (), found.adoption
    yield from _periods(found)
    if found.verdict is not Verdict.INSUFFICIENT_DATA:
        yield from _stages(found)
        yield from _flow(found)


def _periods(found: Diagnosis) -> Iterator[_Sample]:
    for span, period in (("before", found.baseline), ("now", found.current)):
        if period is not None:
            yield rows.CHANGES, (span,), period.changes
    if found.baseline is not None:
        shares = found.baseline.ai_share, found.baseline.unreviewed_share, found.baseline.one_commit_share
        for name, share in zip(("ai", "unreviewed", "one_commit"), shares, strict=True):
            yield rows.BASELINE_RATIO, (name,), share


def _stages(found: Diagnosis) -> Iterator[_Sample]:
    for flag in Flag:
        yield rows.FLAG, (flag,), float(any(flag is each for each, _ in found.flags))
    for stage in found.stages:
        yield rows.BASELINE_SECONDS, (stage.stage,), stage.before.estimate
        yield rows.STAGE_SECONDS, (stage.stage,), stage.now.estimate
        for bound, value in _bounds(stage.delta):
            yield rows.STAGE_DELTA, (stage.stage, bound), value
    if found.gain is not None:
        yield rows.GAIN, (), found.gain.estimate
        yield rows.GAIN_BOUND, ("lower",), found.gain.lower
        yield rows.GAIN_BOUND, ("upper",), found.gain.upper
    for bound, value in _bounds(found.absorbed):
        yield rows.ABSORBED, (bound,), value
    yield rows.CEILING, (), found.ceiling
    yield rows.DETECTABLE, (), found.detectable
    for name in DOWNSTREAM if found.verdict in (Verdict.ABSORBED, Verdict.PASSED) else ():
        yield rows.BOTTLENECK, (name,), float(name is found.bottleneck)


def _flow(found: Diagnosis) -> Iterator[_Sample]:
    if found.flow is None or found.current is None:
        return
    weeks = len(found.current.weeks)
    for gate in found.flow.gates:
        yield rows.FLOW, (gate.name, "before"), gate.before
        yield rows.FLOW, (gate.name, "now"), gate.now
    yield rows.FLOW_GROWTH, ("review",), found.flow.waiting[1] / weeks
    if found.flow.undeployed is not None:
        yield rows.FLOW_GROWTH, ("undeployed",), found.flow.undeployed[1] / weeks
    yield rows.FLOW_ABSORBED, (), found.flow.absorbed


def _signals(readings: Sequence[Reading]) -> Iterator[_Sample]:
    for each in readings:
        if each.active is not None:
            yield rows.SIGNAL, (each.signal,), float(each.active)


def _economics(found: Economics | None) -> Iterator[_Sample]:
    if found is None:
        return
    yield rows.REPORTED_SAVED, (), found.reported
    for bound, value in _bounds(found.measured):
        yield rows.MEASURED_SAVED, (bound,), value
    for bound, value in _bounds(found.ratio):
        yield rows.ROI, (bound,), value


def _bounds(interval: Interval | None) -> Iterator[tuple[str, float]]:
    if interval is not None:
        yield from zip(interval._fields, interval, strict=True)
