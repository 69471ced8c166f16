"""What a report is made of, before it is text, Markdown or HTML: titles, sentences, tables and plots."""

import math

from msgspec import Struct

from exporter.statistics.interval import Interval


class Badge(Struct, frozen=True):
    """A word with a tone: ``good``, ``bad``, ``busy`` or ``calm``."""

    word: str
    tone: str = "calm"


Cell = str | Badge


class Heading(Struct, frozen=True):
    """A title of level 1 to 3, and the name by which links find it."""

    text: str
    level: int
    anchor: str = ""


class Finding(Struct, frozen=True):
    """The verdict, the sentence for a team lead, and what the verdict means."""

    verdict: Badge
    sentence: str
    meaning: str


class Prose(Struct, frozen=True):
    """A paragraph."""

    text: str


class Doubts(Struct, frozen=True):
    """What weakens the finding above: the name of each doubt, and its sentence with figures."""

    items: tuple[tuple[str, str], ...]


class Points(Struct, frozen=True):
    """Sentences, one to a line."""

    items: tuple[str, ...]


class Fact(Struct, frozen=True):
    """One number with its name; ``key`` finds its definition in the appendix."""

    name: str
    value: str
    key: str = ""


class Facts(Struct, frozen=True):
    """Numbers with their names; where ``large``, those to be seen first."""

    facts: tuple[Fact, ...]
    large: bool = False


class Table(Struct, frozen=True):
    """Rows under heads. Columns numbered in ``right`` end flush; ``links`` are where the first column leads.

    The caption of one that is ``plain`` is for those who do not see what stands above it.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...] = ()
    links: tuple[str, ...] = ()
    plain: bool = False


class Entry(Struct, frozen=True):
    """A word and what it means; ``note`` is the metric, if one exports it; ``anchor`` is its name for links."""

    word: str
    text: str
    note: str = ""
    anchor: str = ""


class Entries(Struct, frozen=True):
    """Words and what they mean."""

    caption: str
    entries: tuple[Entry, ...]


class Lane(Struct, frozen=True):
    """One bar from ``start`` to ``end``, with its interval; tones: ``total less more before now part``."""

    start: float
    end: float
    tone: str
    interval: Interval | None = None


class Row(Struct, frozen=True):
    """What a plot shows under one label; ``value`` is the same in words."""

    label: str
    value: str
    lanes: tuple[Lane, ...]


class Axis(Struct, frozen=True):
    """From ``low`` to ``high``; ``cut`` where the bars begin at 0 and it does not. ``marks`` are lines with a name."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    cut: bool = False
    marks: tuple[tuple[float, str], ...] = ()

    def place(self, value: float) -> float:
        """Where a value stands between the ends, 0 to 1; what is beyond an end stands at it."""
        bounded = self.low if math.isnan(value) else min(max(value, self.low), self.high)
        return (bounded - self.low) / (self.high - self.low)


class Plot(Struct, frozen=True):
    """Bars on one axis. ``linked``: each bar begins where the last one ends. ``drawn``: in formats of text too."""

    title: str
    says: str
    rows: tuple[Row, ...]
    axis: Axis
    legend: tuple[tuple[str, str], ...] = ()
    linked: bool = False
    drawn: bool = False


Block = Heading | Finding | Prose | Doubts | Points | Facts | Table | Entries | Plot
