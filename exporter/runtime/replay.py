"""Books whose end moves: the past gone through once, in order, with what a page at each instant would have shown.

Between two instants only what is dated there is read. Memory holds one page, ninety days of readings and the open
changes, however many instants there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from exporter.catalogue import DAY, METRICS, SUMMARIES, Group, Kind, exported
from exporter.diagnosis.weeks import floor
from exporter.exposition import Exposition
from exporter.runtime.books import Books
from exporter.runtime.snapshot import Diagnosed, Snapshot
from exporter.runtime.sums import Sum
from exporter.store.base import Place

_Row = tuple[int, int, int]
MONTH = 30 * DAY


class Moment(NamedTuple):
    """What has to be written with one timestamp (Unix seconds). The exposition holds it until the next is asked for.

    ``whole``: it is the page of that instant, and no supplement to it.
    """

    at: int
    exposition: Exposition
    metrics: tuple[str, ...]
    whole: bool = True

    def text(self) -> bytes:
        """One line for each sample, with the timestamp."""
        return self.exposition.stamped(self.metrics, self.at)


def told() -> tuple[str, ...]:
    """The metrics that have a past: all but what the process says of itself, which has none.

    What a summary gives comes from the ledger, whatever it is called.
    """
    given = {row.name for each in SUMMARIES for row in each.gives}
    return tuple(row.name for row in exported() if row.group is not Group.EXPORTER or row.name in given)


class Replay(Books):
    """Books that begin with what is dated at or before ``start`` and end with what is dated at or before ``end``.

    They only read, so a store that another process writes into will do.
    """

    def __init__(self, *store_and_definitions: Any, start: int, end: int, **settings: Any) -> None:
        super().__init__(*store_and_definitions, until=start, **settings)
        self.publish_organisation()
        self._rows = _Ahead(self.store.readings_by_date, start, end)
        self._moves = _Ahead(self.store.stirred, start, end)

    def advance(self, until: int) -> dict[Place, Sum]:
        """Take in what is dated up to a second.

        Gives back the sums that stood on no page before, or may not have, with their values before this.
        """
        before: dict[Place, Sum] = {}
        asleep = {row.id for row in self.reach.repositories.values() if self.quiet(row)}
        rows = self._rows.up_to(until)
        self.until = self.reach.until = until
        for number, at, value in rows:
            own = Place(*self.store.series(number))
            if own.place in asleep:
                asleep.discard(own.place)
                before |= {
                    place: replace(self.sums[place], counts=[*self.sums[place].counts])
                    for place in self.places(own.place)
                }
            self._take(own, at, value, before)
        moved: dict[int, dict[int, None]] = {}
        for change, _, repository in self._moves.up_to(until):
            moved.setdefault(repository, {})[change] = None
        for row in self.reach.repositories.values():
            self._stand(row, list(moved.get(row.id, ())))
            self._trim(row)
        self.dirty_windows.update(self.reach.repositories)
        return before

    def _take(self, own: Place, at: int, value: int, before: dict[Place, Sum]) -> None:
        metric = METRICS.get(own.metric)
        if metric is None:
            self.last_at[own.place] = max(at, self.last_at.get(own.place, 0))
            return
        if metric.kind is not Kind.FACT:
            for place in filter(None, (own, self.shared(own))):
                if place not in self.sums:
                    before[place] = Sum([0] * (len(metric.bounds) + 1) if metric.bounds else [])
        self._count(own, at, value)


def moments(
    replay: Replay, snapshot: Snapshot, instants: Iterable[int], look: Callable[[], Diagnosed]
) -> Iterator[Moment]:
    """What has to be written so that Prometheus has the pages of these ascending instants, the replay's start first.

    ``look`` says what became of the gain by the replay's end; it is asked once a week, since the answer is of whole
    weeks.

    A sum that comes onto the page stands there at its old value one instant before, so that its first reading is an
    increase (definitions 5). That is told after the page it belongs to.
    """
    metrics = told()
    last: int | None = None
    for at in instants:
        before = {} if last is None else replay.advance(at)
        if last is None or floor(last) != floor(at):
            snapshot.see(at)
            snapshot.diagnosed(look())
        hidden = {place: found for place, found in before.items() if snapshot.on_page(place) is None}
        snapshot.build(float(at))
        if last is not None and (born := _born(snapshot, hidden)):
            yield Moment(last, *born, whole=False)
        yield Moment(at, snapshot.exposition, metrics)
        last = at


def _born(snapshot: Snapshot, hidden: Mapping[Place, Sum]) -> tuple[Exposition, tuple[str, ...]] | None:
    """Those of some sums that are on the page now, at these values."""
    shown = {place: labels for place in hidden if (labels := snapshot.on_page(place)) is not None}
    if not shown:
        return None
    metrics = tuple(sorted({place.metric for place in shown}))
    exposition = snapshot.exposition.empty(metrics)
    for place, labels in shown.items():
        found = hidden[place]
        if found.counts:
            exposition.set_histogram(place.metric, labels, found.counts, found.total)
        else:
            exposition.set(place.metric, labels, found.total)
    return exposition, metrics


class _Ahead:
    """Rows with their date in the middle, by date, read as far as one is asked for.

    They are asked for month by month: the store sorts as much in memory, and needs no place for temporary files.
    """

    def __init__(self, read: Callable[[int, int], Iterator[_Row]], start: int, end: int) -> None:
        parts = (read(after, min(after + MONTH, end)) for after in range(start, end, MONTH))
        self._rows = chain.from_iterable(parts)
        self._next = next(self._rows, None)

    def up_to(self, until: int) -> Iterator[_Row]:
        """The rows not read yet that are dated at or before a second."""
        while self._next is not None and self._next[1] <= until:
            yield self._next
            self._next = next(self._rows, None)
