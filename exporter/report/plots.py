"""The plots of a report as values: the waterfall of lead time, stages before and now, the absorbed part, the gates."""

import math
from collections.abc import Iterable, Iterator

from exporter.diagnosis.terms import Diagnosis, Flow, Interval, StageTime
from exporter.report.blocks import Axis, Lane, Plot, Row
from exporter.report.words import DAY, GATES, HOUR, IN_HOURS, STAGES, change, number, percent, percents, span, spans

TICKS = 5
CUT = 4
"""An axis begins at 0 unless what changes would then take less than a quarter of it."""
WIDEST = 10.0
"""The absorbed part is drawn from -1000 % to 1000 %; an interval that reaches further stops at the end."""

FAR = 1e12
"""What no change takes, in seconds or changes a week: beyond it nothing is drawn to scale."""
TIMES = (("before", "baseline"), ("now", "current weeks"))


def waterfall(diagnosis: Diagnosis) -> Plot | None:
    """From the lead time before through what each stage saves or adds to the lead time now; None where not known."""
    before = diagnosis.lead_before
    entered = tuple(each for each in diagnosis.stages if any(each.entered))
    if before is None or not entered:
        return None
    rows = list(_steps(before, entered))
    if diagnosis.lead_now is not None:
        lead = diagnosis.lead and Interval(*(before + each for each in diagnosis.lead))
        said = span(diagnosis.lead_now, beside=before)
        said += f"; {spans(diagnosis.lead, signed=True)}" if diagnosis.lead else ""
        rows.append(Row("lead time now", said, (Lane(0, diagnosis.lead_now, "total", lead or None),)))
    said = span(before, beside=diagnosis.lead_now or 0.0)
    rows.insert(0, Row("lead time before", said, (Lane(0, before, "total"),)))
    return Plot(
        "From the lead time before to the lead time now",
        "Expected time of one change: the baseline's, what each stage saves or adds since, and today's; of like "
        "changes, those still open included.",
        tuple(rows),
        _axis_of_changes(rows),
        (("less", "time saved"), ("more", "time added"), ("total", "lead time")),
        linked=True,
        drawn=True,
    )


def _steps(level: float, stages: Iterable[StageTime]) -> Iterator[Row]:
    for each in stages:
        end = level + each.delta.estimate
        reach = Interval(*(level + bound for bound in each.delta))
        tone = "less" if each.delta.estimate < 0 else "more"
        yield Row(STAGES[each.stage], spans(each.delta, signed=True), (Lane(level, end, tone, reach),))
        level = end


def stages(diagnosis: Diagnosis) -> Plot | None:
    """Each stage before and now."""
    entered = [each for each in diagnosis.stages if any(each.entered)]
    if not entered:
        return None
    rows = tuple(
        Row(
            STAGES[each.stage],
            change(each.before.estimate, each.now.estimate),
            (
                Lane(0, each.before.estimate, "before", each.before),
                Lane(0, each.now.estimate, "now", each.now),
            ),
        )
        for each in entered
    )
    says = "Expected time of one change in each stage, before and now."
    return Plot("Time in each stage", says, rows, _durations(*_reach((0, 0), _ends(rows))), TIMES)


def absorbed(told: Interval) -> Plot:
    """The absorbed part with its interval, beside the lines that verdicts rest on."""
    bounded = Interval(*(min(max(each, -WIDEST), WIDEST) if not math.isnan(each) else 0.0 for each in told))
    low, high = min(0.0, bounded.lower), max(1.1, bounded.upper)
    row = Row("", percents(told), (Lane(0, bounded.estimate, "part", bounded),))
    marks = ((0.25, "25 %"), (0.5, "50 %"))
    ticks = tuple((each, percent(each)) for each in _steps_between(low, high) if (each, percent(each)) not in marks)
    return Plot(
        "How much of the gain is absorbed",
        "The part of the gain that the other stages took, with its 90 % interval. Absorbed: the whole interval is "
        "above 25 %. Passed: all of it is below 50 %. Above 100 % changes take longer than before.",
        (row,),
        Axis(low, high, ticks, marks=marks),
    )


def gates(flow: Flow) -> Plot | None:
    """Changes a week through each gate, before and now."""
    if not flow.gates:
        return None
    rows = tuple(
        Row(
            GATES.get(each.name, each.name),
            f"{number(each.before)} → {number(each.now)} a week",
            (Lane(0, each.before, "before"), Lane(0, each.now, "now")),
        )
        for each in flow.gates
    )
    low, high = _reach((0, 0), _ends(rows))
    ticks = tuple((each, number(each, 0 if high - low >= TICKS else 1)) for each in _steps_between(low, high))
    return Plot("Through each gate", "Changes a week that pass each gate.", rows, Axis(low, high, ticks), TIMES)


def _ends(rows: Iterable[Row]) -> Iterator[float]:
    for row in rows:
        for lane in row.lanes:
            yield from (lane.start, lane.end)
            if lane.interval is not None:
                yield from (lane.interval.lower, lane.interval.upper)


def _reach(least: tuple[float, float], values: Iterable[float]) -> tuple[float, float]:
    """From where to where these values lie, at least as far as ``least``, and never nowhere."""
    known = [each for each in values if abs(each) < FAR]
    low, high = min([least[0], *known]), max([least[1], *known])
    return (low, high) if high - low > 1e-6 else (low, low + 1.0)


def _axis_of_changes(rows: Iterable[Row]) -> Axis:
    """An axis on which the changes can be seen: it begins at 0, or is cut where they are small beside the lead time."""
    ends = [each for each in _ends(rows) if each != 0]
    first = next((each for each in ends if abs(each) < FAR), 0.0)
    low, high = _reach((first, first), ends)
    wide = high - low
    if low <= 0 or wide * CUT >= high:
        return _durations(min(low, 0.0), high)
    begin = low - wide / 2
    return _durations(begin, high + wide * 0.02, cut=True) if begin > 0 else _durations(0.0, high)


def _durations(low: float, high: float, *, cut: bool = False) -> Axis:
    size, unit = (HOUR, "h") if max(abs(low), abs(high)) <= IN_HOURS * HOUR else (DAY, "d")
    steps = _steps_between(low / size, high / size)
    digits = 0 if all(each == int(each) for each in steps) else 1 if all(_in_tenths(each) for each in steps) else 2
    ticks = tuple((each * size, f"{each:,.{digits}f} {unit}".replace("-", "−")) for each in steps)
    return Axis(low, high, ticks, cut)


def _in_tenths(value: float) -> bool:
    return abs(value * 10 - round(value * 10)) < 1e-6


def _steps_between(low: float, high: float) -> list[float]:
    """Round numbers between the two, at most about ``TICKS``."""
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(each * step, 10) for each in range(first, math.floor(high / step + 1e-9) + 1)]
