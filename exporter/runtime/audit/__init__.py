"""Audit: for a published number, the rows it came from (definitions 180 to 184).

Asked in two steps. ``ask`` takes, on the thread that owns the books, what the page shows and what its numbers are sums
of, and touches no row. ``answer`` then reads the ledger through a read-only store that stands still since that moment
(``SqliteStore.still``), on whatever thread, so that neither scrapes nor polls wait for it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from exporter.catalogue import Group
from exporter.runtime.audit.counted import counted
from exporter.runtime.audit.diagnosed import DIAGNOSED
from exporter.runtime.audit.rows import Answer, Called, Tell
from exporter.runtime.audit.series import MOST_SERIES, Series, find
from exporter.runtime.audit.state import STATE, said
from exporter.runtime.audit.windows import windowed
from exporter.runtime.snapshot import Snapshot
from exporter.selector import parse
from exporter.store.sqlite import SqliteStore

MOST_ROWS = 1000
"""Rows of a series that are told unless more are asked for."""

Ask = Callable[[Snapshot, Series, Mapping[int, Called]], Tell | None]

BY_NAME: dict[str, Ask] = {**STATE, **DIAGNOSED}
"""How metrics are told that are neither sums of the ledger nor window summaries: one line for each."""

OF_PROCESS = said("it has no rows: the exporter counts its own work, and tells it as it is")
NOT_TOLD = said("its rows are not told")


class Asked(NamedTuple):
    """A series of the page, and how its rows are read."""

    series: Series
    tell: Tell


def ask(snapshot: Snapshot, selector: str, most: int = MOST_SERIES) -> list[Asked]:
    """What has to be read for the series that a selector means.

    Raises:
        Unanswerable: it means none, or more than ``most``.
    """
    places = _places(snapshot)
    return [Asked(each, _tell(snapshot, each, places)) for each in find(snapshot.exposition, parse(selector), most)]


def answer(asked: list[Asked], store: SqliteStore, most: int = MOST_ROWS) -> list[Answer]:
    """The answers with the newest of their rows, ``most`` in all.

    Raises:
        StoreError: the store cannot be read.
    """
    return [_answer(series, tell, store, most // len(asked)) for series, tell in asked]


def begin(snapshot: Snapshot, path: str, selector: str) -> tuple[list[Asked], SqliteStore]:
    """``ask``, with the store as it is at this moment; for the thread that writes to it, which does not now.

    Raises:
        Unanswerable: as ``ask``; StoreError: the store cannot be read.
    """
    asked = ask(snapshot, selector)
    store = SqliteStore(path, read_only=True)
    try:
        store.still()
    except BaseException:
        store.close()
        raise
    return asked, store


def finish(asked: list[Asked], store: SqliteStore, most: int) -> list[Answer]:
    """``answer``, and the end of the store that was opened for it."""
    try:
        return answer(asked, store, most)
    finally:
        store.close()


def _tell(snapshot: Snapshot, series: Series, places: Mapping[int, Called]) -> Tell:
    asks = (BY_NAME.get(series.metric.name, _none), counted, windowed)
    found = (each(snapshot, series, places) for each in asks)
    told = next((each for each in found if each is not None), None)
    last = OF_PROCESS if series.metric.group is Group.EXPORTER else NOT_TOLD
    return told or last(snapshot, series, places)


def _none(snapshot: Snapshot, series: Series, places: Mapping[int, Called]) -> None:
    return None


def _places(snapshot: Snapshot) -> dict[int, Called]:
    shown = snapshot.presentation
    rows = snapshot.books.reach.repositories
    return {key: Called(shown.label(row), row.name, shown.roots.get(row.source, "")) for key, row in rows.items()}


def _answer(series: Series, tell: Tell, store: SqliteStore, most: int) -> Answer:
    found, published = tell(store, most), series.value(series.published)
    notes = found.notes
    if found.value is not None and found.value != published:
        notes += ("the page was made before the latest of these rows; it is made anew within five minutes",)
    return Answer(
        series=series.written,
        metric=series.metric.name,
        labels=series.named,
        kind=str(series.metric.kind),
        help=series.metric.help,
        published=published,
        from_rows=found.value,
        how=found.how,
        begin=found.begin,
        end=found.end,
        notes=notes,
        total=found.total,
        left_out=found.total - len(found.rows),
        rows=found.rows,
    )


__all__ = ["BY_NAME", "MOST_ROWS", "Answer", "Ask", "Asked", "answer", "ask", "begin", "finish"]
