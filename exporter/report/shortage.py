"""What a diagnosis that cannot answer is short of, by how much, and since when it could be told.

The gates themselves are the diagnosis' (its ``reason`` says which one decided); this only counts what is missing.
"""

import math
from collections.abc import Iterator

from exporter.diagnosis.terms import Diagnosis, Interval, Period, Verdict
from exporter.model import Stage
from exporter.report.words import WEEK, date, number, percent, plural, span

CHANGES, AUTHORS, WEEKS = 30, 5, 12
"""What each of the two spans needs, and the most weeks it has (DEFINITIONS, section 4.2)."""
GAIN = 0.1
"""A gain below this part of the baseline's coding time is none."""
SURELY_ABSORBED, SURELY_PASSED = 0.25, 0.5


def short_of(diagnosis: Diagnosis) -> tuple[str, ...]:
    """One sentence for each thing that lacks; none where the verdict is an answer."""
    return tuple(_SHORT.get(diagnosis.verdict, _nothing)(diagnosis))


def _nothing(_: Diagnosis) -> Iterator[str]:
    yield from ()


def _data(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.baseline is not None:
        yield from _lacking("The baseline", diagnosis.baseline)
        if diagnosis.baseline.changes < CHANGES:
            yield "A baseline is past and does not grow; a longer history or a scope of more repositories can mend it."
    if diagnosis.current is not None:
        yield from _lacking("The current weeks", diagnosis.current)
        if diagnosis.current.changes < CHANGES:
            yield _when(diagnosis.current)


def _lacking(name: str, period: Period) -> Iterator[str]:
    have = f"{plural(period.changes, 'change')} of {CHANGES}", f"{plural(period.authors, 'author')} of {AUTHORS}"
    short = []
    if period.changes < CHANGES:
        short.append(f"{have[0]} ({CHANGES - period.changes} short)")
    if period.authors < AUTHORS:
        short.append(f"{have[1]} ({AUTHORS - period.authors} short)")
    if short:
        yield f"{name}: {' and '.join(short)}."


def _when(current: Period) -> str:
    """When the current weeks hold enough changes, if as many come as do now."""
    pace = current.changes / max(len(current.weeks), 1)
    needed = math.ceil(CHANGES / pace) if pace > 0 else math.inf
    if needed > WEEKS or not current.weeks:
        least = CHANGES / WEEKS
        return (
            f"At {number(pace)} changes a week, {WEEKS} weeks never hold {CHANGES}: that takes {number(least)} a week. "
            "A scope of more repositories can tell."
        )
    return f"At {number(pace)} changes a week there are enough on {date(current.start + needed * WEEK)}."


def _gain(diagnosis: Diagnosis) -> Iterator[str]:
    gain = diagnosis.gain
    if gain is None:
        return
    if gain.lower <= 0:
        yield (
            f"The lower bound of the gain is {span(gain.lower, signed=True)}; it would have to be above 0 "
            f"({span(-gain.lower)} short)."
        )
    coding = next((each.before.estimate for each in diagnosis.stages if each.stage is Stage.CODING), None)
    if coding is not None and gain.estimate < GAIN * coding:
        least = GAIN * coding
        yield (
            f"The gain is {span(gain.estimate, signed=True)}; it counts from {percent(GAIN)} of the baseline's coding "
            f"time on, {span(least)} ({span(least - gain.estimate)} short)."
        )


def _sight(diagnosis: Diagnosis) -> Iterator[str]:
    gain, least = diagnosis.gain, diagnosis.detectable
    if gain is None or least is None or not 0 < gain.estimate < least:
        return
    yield (
        f"The gain is {span(gain.estimate)} and the least difference that could be seen is {span(least)}: "
        f"{span(least - gain.estimate)} short."
    )
    factor = (least / gain.estimate) ** 2
    if math.isfinite(factor):
        yield (
            f"Errors shrink with the square root of what is counted, so about {number(factor)} times as many changes "
            "would be needed in both spans. The spans do not get longer: only a scope of more repositories has them."
        )


def _both(diagnosis: Diagnosis) -> Iterator[str]:
    told: Interval | None = diagnosis.absorbed
    if told is None:
        return
    if told.lower <= SURELY_ABSORBED and told.upper >= SURELY_PASSED:
        yield (
            f"The absorbed part may be as low as {percent(told.lower)} and as high as {percent(told.upper)}: absorbed "
            f"needs the first above {percent(SURELY_ABSORBED)}, passed the second below {percent(SURELY_PASSED)}."
        )


_SHORT = {
    Verdict.INSUFFICIENT_DATA: _data,
    Verdict.NO_GAIN: _gain,
    Verdict.NOT_MEASURABLE: _sight,
    Verdict.INCONCLUSIVE: _both,
}
