"""How a report says numbers, dates and names: the same in every format, and never more precise than is known."""

import math
import unicodedata
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from msgspec import Struct, structs

from exporter.diagnosis.terms import Diagnosis, Flag, Signal, Verdict
from exporter.model import Stage
from exporter.statistics.interval import Interval

HOUR, DAY, WEEK = 3600, 86400, 604800
IN_HOURS = 72
"""Up to so many hours are said in hours, more in days."""
MINUS = "−"
LATEST = 253402300799
"""The last second a date can be written for."""
WHOLE = "all"
"""The scope of the whole organisation."""

STAGES = {
    Stage.CODING: "coding",
    Stage.PICKUP: "pickup",
    Stage.REVIEW: "review",
    Stage.MERGE_WAIT: "merge wait",
    Stage.UNREVIEWED: "unreviewed",
    Stage.QA: "QA",
    Stage.DEPLOY_WAIT: "deploy wait",
}
VERDICTS = {
    Verdict.ABSORBED: ("absorbed", "Coding is faster, and the other stages surely took more than a quarter of that."),
    Verdict.PASSED: ("passed", "Coding is faster, and surely less than half of that is lost in the other stages."),
    Verdict.NO_GAIN: (
        "no gain",
        "Coding is not surely faster than it was, so there is nothing that could be absorbed.",
    ),
    Verdict.INCONCLUSIVE: (
        "inconclusive",
        "These data, or a doubt about them, allow both answers: that the gain arrives, and that it is lost.",
    ),
    Verdict.INSUFFICIENT_DATA: (
        "insufficient data",
        "There is too little to compare, so nothing is said of a gain: neither that there is one nor that there is "
        "none.",
    ),
    Verdict.NOT_MEASURABLE: (
        "not measurable",
        "Whatever became of the gain, these data could not show it; this does not say that it was lost.",
    ),
}
TOLD = (Verdict.ABSORBED, Verdict.PASSED, Verdict.INCONCLUSIVE)
SILENCING = (Flag.CODING_UNRELIABLE, Flag.DENOMINATOR_SMALL)
TONES = {Verdict.ABSORBED: "bad", Verdict.PASSED: "good", Verdict.INCONCLUSIVE: "busy"}

FLAGS = {
    Flag.CODING_UNRELIABLE: "Coding time is unreliable",
    Flag.DENOMINATOR_SMALL: "The gain is too small to divide by",
    Flag.MIX_CHANGED: "The mix of changes is another",
    Flag.UNREVIEWED_ROSE: "More is merged without review",
    Flag.NOT_STATIONARY: "Queues grew",
    Flag.TEAM_CHANGED: "The number of authors changed",
    Flag.RELEASE_TRAINS: "Releases keep a timetable",
    Flag.BASELINE_UNUSUAL: "The baseline was unusual",
    Flag.LITTLE_CONTRAST: "The share of AI hardly differs",
    Flag.PRODUCTION_UNKNOWN: "Production is unknown",
    Flag.CONTROL_DISAGREES: "Teams of little AI changed alike",
}
SIGNALS = {
    Signal.CYCLE_TIME_RISING: "Cycle time rises",
    Signal.TEST_MAINTENANCE_CLIMBING: "Test maintenance climbs",
    Signal.ESCAPE_RATE_DRIFTING: "Escape rate drifts up",
    Signal.RELEASE_FREQUENCY_FLAT: "Release frequency stays flat",
    Signal.QA_BLOCKING: "QA blocks",
}
GATES = {"in_production": "in production"}
NOT_TOLD = "not told"

# Marks that turn the direction of writing would let a name rearrange the line it stands in.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")

Value = TypeVar("Value")


def divides(diagnosis: Diagnosis) -> bool:
    """Whether what is divided by the gain may be shown: the verdict says that there is one, and no doubt is about it.

    The diagnosis leaves it out elsewhere; that no format shows it ungated is decided here once more.
    """
    return diagnosis.verdict in TOLD and not any(flag in SILENCING for flag, _ in diagnosis.flags)


def plain(text: str) -> str:
    """A text from outside as one line that a terminal shows as it is: what would steer the terminal is replaced."""
    shown = (
        "\ufffd" if each in TURNING or unicodedata.category(each) in UNPRINTABLE else each
        for each in " ".join(text.split())
    )
    return "".join(shown)


def cleaned(value: Value) -> Value:
    """The same value with every text in it made ``plain``."""
    made: Any = value
    if isinstance(value, str) and not isinstance(value, Enum):
        made = plain(value)
    elif isinstance(value, tuple):
        parts = (cleaned(each) for each in value)
        made = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    elif isinstance(value, Struct):
        names = value.__struct_fields__
        made = structs.replace(value, **{each: cleaned(getattr(value, each)) for each in names})
    return made  # type: ignore[no-any-return]


def scope_title(scope: str) -> str:
    """How a scope is called in a heading."""
    return "The whole organisation" if scope == WHOLE else f"Team {scope}"


def span(seconds: float, *, signed: bool = False, beside: float = 0.0) -> str:
    """A duration as people say it: ``4.1 h``, ``26 h``, ``4.2 d``; in the unit of the one ``beside`` it if longer."""
    size, unit, digits = _fitting(seconds, beside)
    return f"{_figure(seconds / size, digits, signed)} {unit}"


def spans(interval: Interval, *, signed: bool = False) -> str:
    """A duration with its bounds, all in the unit and to the digit that fit the largest: ``4.1 h (2.0 to 6.3)``."""
    size, unit, digits = _fitting(*interval)
    estimate, lower, upper = (_figure(each / size, digits, signed) for each in interval)
    return f"{estimate} {unit} ({lower} to {upper})"


def change(before: float, now: float) -> str:
    """Two durations in one unit: ``8 h → 12 h``."""
    return f"{span(before, beside=now)} → {span(now, beside=before)}"


def percent(ratio: float, *, signed: bool = False) -> str:
    """A share as a whole percentage: ``67 %``."""
    return f"{_figure(ratio * 100, 0, signed)} %"


def percents(interval: Interval) -> str:
    """A share with its bounds: ``100 % (62 to 138)``."""
    estimate, lower, upper = (_figure(each * 100, 0) for each in interval)
    return f"{estimate} % ({lower} to {upper})"


def number(value: float, digits: int = 1) -> str:
    """A number of things that need not be whole, such as changes a week; without decimals from 100 on."""
    return _figure(value, 0 if abs(value) >= 100 else digits)


def numbers(interval: Interval, unit: str = "") -> str:
    """An amount with its bounds, to the digit that fits the largest: ``1.8 (0.4 to 3.2)``."""
    digits = 0 if _largest(*interval) >= 100 else 1
    estimate, lower, upper = (_figure(each, digits) for each in interval)
    return f"{estimate}{unit and ' ' + unit} ({lower} to {upper})"


def whole(count: int, *, signed: bool = False) -> str:
    """A count with its thousands apart: ``1,204``."""
    return _figure(count, 0, signed)


def growth(log_ratio: float) -> str:
    """A growth rate, given as a logarithm, as people say it: 0.262 is ``+30 %``."""
    if not log_ratio < math.log(100):
        return "more than a hundredfold"
    return percent(math.expm1(log_ratio), signed=True)


def date(at: float) -> str:
    """The day, UTC."""
    return _moment(at).strftime("%Y-%m-%d")


def minute(at: float) -> str:
    """Day and minute, UTC."""
    return _moment(at).strftime("%Y-%m-%d %H:%M UTC")


def instant(at: float) -> str:
    """RFC 3339, UTC."""
    return _moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def plural(count: int, one: str, many: str = "") -> str:
    """``1 change``, ``12 changes``."""
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(min(max(int(at), 0), LATEST), UTC)


def _largest(*values: float) -> float:
    return max((abs(each) for each in values if math.isfinite(each)), default=0.0)


def _fitting(*seconds: float) -> tuple[int, str, int]:
    """Size and name of the unit, and the decimals, that fit the largest of these durations."""
    largest = _largest(*seconds)
    size, unit = (HOUR, "h") if round(largest / HOUR) <= IN_HOURS else (DAY, "d")
    return size, unit, 1 if round(largest / size, 1) < 10 else 0


def _figure(value: float, digits: int, signed: bool = False) -> str:
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "no bound"
    written = f"{abs(value):,.{digits}f}" if abs(value) < 1e6 else f"{abs(value):.1e}"
    if not written.strip("0."):
        return written
    return (MINUS if value < 0 else "+" if signed else "") + written
