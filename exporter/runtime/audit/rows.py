"""What an audit answers: a published number, and the rows it came from, told without saying who.

Nothing here has an account, a title, a branch or a commit: a row says when, where, what about, and how much.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappush, heappushpop
from itertools import count
from typing import NamedTuple

from msgspec import Struct

from exporter.catalogue import METRICS, Kind, Labels
from exporter.exposition import Buckets, number
from exporter.providers.github.addresses import address
from exporter.store.base import LedgerRow, SubjectRow
from exporter.store.sqlite import SqliteStore

WORDS = frozenset(
    {
        "blocked", "branch", "capability", "days_before", "layer", "level", "lines", "origin", "outcome", "remarks",
        "requests", "result", "size", "theme", "what",
    }
)  # fmt: skip
"""Labels of facts that hold words and numbers of ours. Any other is not told: it may hold an account."""
NUMBERED = frozenset({"test"})
"""Labels of facts whose values are told apart by numbers, in the order in which they are told."""
HEADS = frozenset({"reviewer", "author"})
"""Facts that are read to count people: told as so many readings of each, and of nothing else."""
PERSON = "person"
COMMIT = re.compile(r":?(?<![0-9A-Za-z])[0-9a-f]{40,64}(?![0-9A-Za-z])")


class Row(Struct, frozen=True, omit_defaults=True):
    """One reading. ``at``: Unix seconds; ``number``: what people call the thing by; both None where there is none.

    ``labels`` are the reading's beside the repository. Of a person (``thing``) ``number`` tells one from another within
    this answer alone, and ``value`` counts the readings.
    """

    at: int | None
    repository: str
    thing: str
    number: int | None
    url: str
    metric: str
    labels: Mapping[str, str]
    value: int
    cause: str


class Histogram(Struct, frozen=True):
    """A histogram's child: readings up to each bound, as written on /metrics."""

    count: int
    sum: float
    buckets: Mapping[str, int]


Value = float | Histogram


class Found(NamedTuple):
    """What the rows of one series give. ``how``: what makes the number of them; ``total``: how many there are.

    ``begin``, ``end``: rows are dated after the one and up to the other (Unix seconds), where that bounds them.
    """

    how: str
    value: Value | None = None
    rows: tuple[Row, ...] = ()
    total: int = 0
    begin: int | None = None
    end: int | None = None
    notes: tuple[str, ...] = ()


Tell = Callable[[SqliteStore, int], Found]
"""Reads the rows from a store that stands still, the newest so many of them."""


class Answer(Struct, frozen=True):
    """A published number and what it came from; ``series`` is its selector, ``left_out`` counts rows not told here."""

    series: str
    metric: str
    labels: Mapping[str, str]
    kind: str
    help: str
    published: Value
    from_rows: Value | None
    how: str
    begin: int | None
    end: int | None
    notes: tuple[str, ...]
    total: int
    left_out: int
    rows: tuple[Row, ...]


class Called(NamedTuple):
    """A repository's label on /metrics, its name, and the web site it is on; empty where there is none."""

    label: str
    name: str
    root: str


class Telling:
    """Makes rows of an answer, out of ledger rows and what these are about."""

    def __init__(self, places: Mapping[int, Called]) -> None:
        self._places = places
        self._numbers: dict[tuple[str, str], int] = {}

    def row(self, row: LedgerRow, about: SubjectRow) -> Row:
        """A reading as a row."""
        return self.about(about, row.metric, self._labels(row.metric, row.labels), row.value, row.at, row.cause)

    def about(
        self, about: SubjectRow, metric: str, labels: Mapping[str, str], value: int, at: int | None, cause: str = ""
    ) -> Row:
        """A row about a thing."""
        place = self._places[about.repository]
        url = address(place.root, place.name, about.thing, about.number, about.key, cause) if place.root else ""
        told = COMMIT.sub("", cause)
        return Row(at, place.label, str(about.thing), about.number or None, url, metric, labels, value, told)

    def _labels(self, metric: str, labels: Labels) -> dict[str, str]:
        row = METRICS[metric]
        named = dict(zip((name for name in row.labels if name != "repository"), labels, strict=True))
        if row.kind is not Kind.FACT:
            return named
        told = {name: value for name, value in named.items() if name in WORDS}
        return told | {name: self._number(name, value) for name, value in named.items() if name in NUMBERED}

    def _number(self, name: str, value: str) -> str:
        return str(self._numbers.setdefault((name, value), len(self._numbers) + 1))


def heads(metric: str, readings: Iterable[int]) -> Iterator[Row]:
    """People as rows: how many readings each has, in the order of that, which is all that is told of them."""
    for ordinal, many in enumerate(sorted(readings), 1):
        yield Row(None, "", PERSON, ordinal, "", metric, {}, many, "")


class Newest:
    """Keeps the newest of many ledger rows, and counts all."""

    def __init__(self, most: int) -> None:
        self.total = 0
        self._most = most
        self._kept: list[tuple[int, int, LedgerRow, SubjectRow]] = []
        self._order = count()

    def add(self, row: LedgerRow, about: SubjectRow) -> None:
        """Take one more."""
        self.total += 1
        entry = (row.at, -next(self._order), row, about)
        if len(self._kept) < self._most:
            heappush(self._kept, entry)
        elif self._most:
            heappushpop(self._kept, entry)

    def rows(self) -> list[tuple[LedgerRow, SubjectRow]]:
        """Those kept, newest first."""
        return [(row, about) for _, _, row, about in sorted(self._kept, key=lambda each: each[:2], reverse=True)]


def histogram(bounds: Iterable[float], value: Buckets) -> Histogram:
    """A child from its counts up to each bound."""
    up_to, total = value
    names = [number(bound) for bound in (*bounds, float("inf"))]
    return Histogram(up_to[-1], total, dict(zip(names, up_to, strict=True)))
