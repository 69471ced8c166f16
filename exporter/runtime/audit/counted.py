"""The rows of a counter or histogram: those of the ledger that its sum was made of."""

from collections.abc import Mapping
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from exporter.catalogue import Kind
from exporter.exposition import number
from exporter.runtime.audit.rows import Called, Found, Newest, Tell, Telling
from exporter.runtime.audit.series import Series
from exporter.runtime.snapshot import Snapshot
from exporter.runtime.sums import Sum
from exporter.store.base import FOLD, ORGANISATION, Place
from exporter.store.sqlite import SqliteStore

ALWAYS, NEVER = -(1 << 62), 1 << 62


class Dates(NamedTuple):
    """Up to when rows are shown, and up to when they are counted at all (the one-shot mode)."""

    shown: int
    until: int


def counted(snapshot: Snapshot, series: Series, places: Mapping[int, Called]) -> Tell | None:
    """How to read the rows of a counter or histogram; None where it is not summed from the ledger."""
    books, reach = snapshot.books, snapshot.books.reach
    place = snapshot.place(series.metric.name, series.labels)
    if place is None:
        return None
    into: dict[int, int] = {place.place: ALWAYS}
    if place.place in (ORGANISATION, FOLD):
        joined = {
            each: reach.joined(each, place.metric, place.labels)
            for each in reach.repositories
            if books.shared(place._replace(place=each)) == place
        }
        into = {each: after for each, after in joined.items() if after is not None}
    until = NEVER if books.until is None else books.until
    return partial(_read, series, place, into, Dates(books.births.get(place, NEVER), until), places)


def _read(
    series: Series,
    place: Place,
    into: Mapping[int, int],
    dates: Dates,
    places: Mapping[int, Called],
    store: SqliteStore,
    most: int,
) -> Found:
    metric, bound = series.metric, series.bound
    shared = place.place in (ORGANISATION, FOLD)
    total, newest = Sum([0] * (len(metric.bounds) + 1) if metric.kind is Kind.HISTOGRAM else []), Newest(most)
    held = before = unread = 0
    one = None if shared else place.place
    for row, about in store.ledger_of([metric.name], repository=one, labels=place.labels):
        after = into.get(row.repository)
        if row.at > dates.until:
            continue
        if after is None:
            unread += 1
        elif row.at <= after:
            before += 1
        elif row.at > dates.shown:
            held += 1
        else:
            total.show(metric.bounds, row.value)
            if bound is None or row.value <= bound:
                newest.add(row, about)
    telling = Telling(places)
    value = (tuple(accumulate(total.counts)), float(total.total)) if total.counts else float(total.total)
    notes = [
        (held, "not in it: {} more of the ledger, held back until scrapes have seen the series at its old value"),
        (before, "not in it: {} more of the ledger, dated before their repository joined this sum"),
        (
            unread * (place.place == ORGANISATION),
            "not in it: {} more of the ledger, of repositories whose history is still being read",
        ),
    ]
    said = [text.format(many) for many, text in notes if many]
    if place.place == ORGANISATION:
        said.append("kept for the organisation as a whole, all repositories together")
    if place.place == FOLD:
        said.append("the budget of this metric was full when these repositories came: they are kept together")
    how = "the sum of the rows' values"
    if metric.kind is Kind.HISTOGRAM:
        how = (
            f"how many rows have a value of at most {number(bound)}"
            if bound is not None
            else "the rows' values by size"
        )
        how = {"_sum": "the sum of the rows' values", "_count": "how many rows there are"}.get(series.suffix, how)
    rows = tuple(telling.row(*each) for each in newest.rows())
    return Found(how, series.value(value), rows, newest.total, notes=tuple(said))
