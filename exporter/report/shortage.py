"""What a diagnosis that cannot answer is short of, by how much, and since when it could be told.

The gates themselves are the diagnosis' (its ``reason`` says which one decided); this only counts what is missing.
"""

import math
from collections.abc import Iterator

from msgspec import Struct

from exporter.diagnosis.terms import Diagnosis, Period, Verdict
from exporter.model import Stage
from exporter.report.words import WEEK, date, divides, number, percent, plural, span


class Needs(Struct, frozen=True):
    """What each of the two spans needs, and the most weeks the current one has."""

    changes: int = 30
    authors: int = 5
    weeks: int = 12


GAIN = 0.1
"""A gain below this part of the baseline's coding time is none."""
SURELY_ABSORBED, SURELY_PASSED = 0.25, 0.5


def short_of(diagnosis: Diagnosis, needs: Needs) -> tuple[str, ...]:
    """One sentence for each thing that lacks; none where the verdict is an answer."""
    match diagnosis.verdict:
        case Verdict.INSUFFICIENT_DATA:
            return tuple(_data(diagnosis, needs))
        case Verdict.NO_GAIN:
            return tuple(_gain(diagnosis))
        case Verdict.NOT_MEASURABLE:
            return tuple(_sight(diagnosis))
        case Verdict.INCONCLUSIVE:
            return tuple(_both(diagnosis))
    return ()


def _data(diagnosis: Diagnosis, needs: Needs) -> Iterator[str]:
    if diagnosis.baseline is not None:
        yield from _lacking("The baseline", diagnosis.baseline, needs)
        if diagnosis.baseline.changes < needs.changes:
            yield "A baseline is past and does not grow; a longer history or a scope of more repositories can mend it."
    if diagnosis.current is not None:
        yield from _lacking("The current weeks", diagnosis.current, needs)
        if diagnosis.current.changes < needs.changes:
            yield _when(diagnosis.current, needs)


def _lacking(name: str, period: Period, needs: Needs) -> Iterator[str]:
    counts = (("change", period.changes, needs.changes), ("author", period.authors, needs.authors))
    short = [
        f"{plural(count, what)} of {least} ({least - count} short)" for what, count, least in counts if count < least
    ]
    if short:
        yield f"{name}: {' and '.join(short)}."


def _when(current: Period, needs: Needs) -> str:
    """When the current weeks hold enough changes, if as many come as do now."""
    if not current.changes or not current.weeks:
        return "Without any change there is no pace to go by."
    pace = current.changes / len(current.weeks)
    needed = math.ceil(needs.changes / pace)
    if needed > needs.weeks:
        least = needs.changes / needs.weeks
        return (
            f"At {number(pace)} changes a week, {needs.weeks} weeks never hold {needs.changes}: that takes "
            f"{number(least)} a week. A scope of more repositories can tell."
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
    times = least / gain.estimate
    factor = times * times
    if math.isfinite(factor):
        yield (
            f"Errors shrink with the square root of what is counted, so about {number(factor)} times as many changes "
            "would be needed in both spans. The spans do not get longer: only a scope of more repositories has them."
        )


def _both(diagnosis: Diagnosis) -> Iterator[str]:
    told = diagnosis.absorbed
    if told is None or not divides(diagnosis):
        return
    if told.lower <= SURELY_ABSORBED and told.upper >= SURELY_PASSED:
        yield (
            f"The absorbed part may be as low as {percent(told.lower)} and as high as {percent(told.upper)}: absorbed "
            f"needs the first above {percent(SURELY_ABSORBED)}, passed the second below {percent(SURELY_PASSED)}."
        )
