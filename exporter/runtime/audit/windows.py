"""The rows of a window summary: the readings within its window, and its number made again of exactly these."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from exporter.catalogue import METRICS, SUMMARIES, Dated, Labels, Pool, Summary
from exporter.measures.windows import WINDOWS
from exporter.policy import Policy
from exporter.runtime.audit.rows import HEADS, Called, Found, Newest, Row, Tell, Telling, heads
from exporter.runtime.audit.series import Series
from exporter.runtime.books import LONGEST_WINDOW
from exporter.runtime.snapshot import Snapshot
from exporter.runtime.sums import Readings
from exporter.store.sqlite import SqliteStore

Part = Mapping[str, list[Dated]]
"""A repository's readings within a window, by metric."""
Kept = tuple[str, Labels]
"""A metric whose readings a summary is given, and labels of them."""


class Made(NamedTuple):
    """A summary that may have made a series, and of which window."""

    summary: Summary
    window: str


class Members(NamedTuple):
    """The repositories of a window, each with the metrics and labels it has readings of, and where their window ends.

    They are in the order in which the page reads them, since sums of fractions depend on it.
    """

    ends: Mapping[int, Mapping[Kept, int]]
    policy: Policy


def windowed(snapshot: Snapshot, series: Series, places: Mapping[int, Called]) -> Tell | None:
    """How to read the rows of a window summary; None for what is none."""
    metric = series.metric
    scope = "repository" if metric.labels[:1] == ("repository",) else "team"
    wanted = [series.named["window"]] if "window" in metric.labels else list(WINDOWS)
    made = [
        Made(each, window)
        for each in SUMMARIES
        for window in wanted
        if any(row.name == metric.name for row in each.gives) and snapshot.wanted(each, scope, window)
    ]
    if not made:
        return None
    reads = {row.name for each in made for row in each.summary.reads}
    ends = {
        key: {(name, labels): end for name, labels, end, _ in snapshot.books.windowed(key) if name in reads}
        for key in snapshot.repositories_of(metric.name, series.labels)
    }
    return partial(_read, series, scope, made, Members(ends, snapshot.books.policy), places)


class _Read:
    """The ledger's rows of the last 90 days that a window's repositories have."""

    def __init__(self, store: SqliteStore, series: Series, members: Members, most: int, longest: int) -> None:
        self.members = members
        self.agreeing = {kept for here in members.ends.values() for kept in here if _agrees(series, kept)}
        self.readings: dict[int, dict[Kept, Readings]] = {
            key: {kept: Readings() for kept in here} for key, here in members.ends.items()
        }
        self.newest: dict[tuple[str, bool], Newest] = {}
        metrics = {name for here in members.ends.values() for name, _ in here}
        since = min((end for here in members.ends.values() for end in here.values()), default=0) - LONGEST_WINDOW
        one = next(iter(members.ends)) if len(members.ends) == 1 else None
        for row, about in store.ledger_of(metrics, since=since, repository=one):
            kept = row.metric, row.labels
            end = members.ends.get(row.repository, {}).get(kept)
            if end is None or not end - LONGEST_WINDOW < row.at <= end:
                continue
            self.readings[row.repository][kept].add(row.at, row.value)
            if end - longest < row.at and row.metric not in HEADS:
                place = row.metric, kept in self.agreeing
                if place not in self.newest:
                    self.newest[place] = Newest(most)
                self.newest[place].add(row, about)

    def parts(self, window: str, some: set[Kept]) -> list[Part]:
        """The readings within a window that have these metrics and labels, by repository."""
        return [self._part(key, WINDOWS[window], some) for key in self.readings]

    def _part(self, key: int, seconds: int, some: set[Kept]) -> Part:
        found: dict[str, list[Dated]] = {}
        for (metric, labels), readings in self.readings[key].items():
            end = self.members.ends[key][metric, labels]
            spans = readings.within(end, [LONGEST_WINDOW, seconds]) if (metric, labels) in some else []
            if spans:
                found.setdefault(metric, []).append(Dated(key, labels, end, *readings.between(*spans[-1])))
        return found


def _read(
    series: Series,
    scope: str,
    made: Sequence[Made],
    members: Members,
    places: Mapping[int, Called],
    store: SqliteStore,
    most: int,
) -> Found:
    longest = max(WINDOWS[window] for _, window in made)
    read = _Read(store, series, members, most, longest)
    for each in made:
        reads = [row.name for row in each.summary.reads]
        every = {kept for here in read.readings.values() for kept in here if kept[0] in reads}
        given = _given(series, scope, each, read.parts(each.window, every), members.policy)
        if series.labels not in given:
            continue
        needed = every & read.agreeing
        if _given(series, scope, each, read.parts(each.window, needed), members.policy) != given:
            needed = every
        return _found(each, given[series.labels], read, needed, places, most)
    return Found("no rows give it any more: the page is made anew within five minutes")


def _given(
    series: Series, scope: str, made: Made, parts: Iterable[Part], policy: Policy
) -> dict[Labels | tuple[str, Labels], float]:
    """What a summary gives of the series, by its labels, and of its other rows where their labels agree."""
    together: dict[str, list[Dated]] = {}
    for metric, dated in chain.from_iterable(part.items() for part in parts):
        together.setdefault(metric, []).extend(dated)
    pool = Pool(made.window, WINDOWS[made.window], together, policy)
    found: dict[Labels | tuple[str, Labels], float] = {}
    first = series.labels[0]
    for twin, labels, value in made.summary.summarise(pool):
        row = twin.of(scope)
        if row is None:
            continue
        whole = (first, *labels)
        if row.name == series.metric.name and whole == series.labels:
            found[whole] = value
        elif _agree(series.named, dict(zip(row.labels, whole, strict=True))):
            found[row.name, whole] = value
    return found


def _agrees(series: Series, kept: Kept) -> bool:
    """Whether readings can be of a series, as far as their labels tell."""
    names = (name for name in METRICS[kept[0]].labels if name != "repository")
    return _agree(series.named, dict(zip(names, kept[1], strict=True)))


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(other[name] == value for name, value in one.items() if name in other)


def _found(
    made: Made,
    value: float,
    read: _Read,
    needed: set[Kept],
    places: Mapping[int, Called],
    most: int,
) -> Found:
    seconds = WINDOWS[made.window]
    ends = {end for here in read.members.ends.values() for kept, end in here.items() if kept in needed}
    persons: dict[Kept, int] = {}
    total = 0
    for part in read.parts(made.window, needed):
        for metric, dated in part.items():
            for each in dated:
                if metric not in HEADS:
                    total += len(each.values)
                elif each.values:
                    persons[metric, each.labels] = persons.get((metric, each.labels), 0) + len(each.values)
    metrics, whole = {metric for metric, _ in needed}, bool(needed - read.agreeing)
    kept_back = (each for (metric, agrees), each in read.newest.items() if metric in metrics and (agrees or whole))
    newest = [row for each in kept_back for row in each.rows()]
    inside = [
        (row, about)
        for row, about in sorted(newest, key=lambda each: (-each[0].at, each[0].subject, each[0].metric, each[0].part))
        if row.at > read.members.ends[row.repository][row.metric, row.labels] - seconds
    ][:most]
    telling = Telling(places)
    rows: list[Row] = []
    for metric in sorted({name for name, _ in persons}):
        rows += heads(metric, (many for (name, _), many in persons.items() if name == metric))
    rows += (telling.row(*each) for each in inside)
    notes = []
    if len(ends) > 1:
        notes.append("windows end where everything needed is known, by repository and metric: see begin and end")
    if persons:
        notes.append("people are counted and not told: each by how many readings there are, without any more")
    return Found(
        f"what the summary {made.summary.name} makes of the rows within {made.window}",
        value,
        tuple(rows[:most]),
        total + len(persons),
        min(ends, default=0) - seconds if ends else None,
        max(ends, default=None),
        tuple(notes),
    )
