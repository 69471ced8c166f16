"""The rows of gauges that tell of now: open changes, the flow of their queue, and what the configuration says."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from exporter.measures import queue
from exporter.measures.queue import Standing
from exporter.measures.windows import PERCENTILES, WINDOWS, percentile
from exporter.runtime.audit.rows import Called, Found, Newest, Tell, Telling
from exporter.runtime.audit.series import Series
from exporter.runtime.snapshot import FLOW, Snapshot
from exporter.store.sqlite import SqliteStore

Open = Mapping[int, Standing]
Names = Mapping[int, Called]


def _repository(snapshot: Snapshot, series: Series) -> int:
    """The repository a series is of; where two sources tell of one name, the one that the page shows."""
    return snapshot.repositories_of(series.metric.name, series.labels)[-1]


def _open(snapshot: Snapshot, series: Series) -> Open:
    key = _repository(snapshot, series)
    return dict(snapshot.books.standings.get(key, {}))


def _as_of(snapshot: Snapshot, series: Series) -> int:
    key = _repository(snapshot, series)
    return snapshot.shown[key].as_of or 0


def standing(snapshot: Snapshot, series: Series, places: Names) -> Tell:
    """Changes that wait, or are drafts."""
    origin, state = series.named["origin"], series.named.get("state")
    found = {
        subject: each
        for subject, each in _open(snapshot, series).items()
        if each.origin == origin and each.state == state
    }
    return partial(
        _changes, series, found, lambda _: 1, lambda rows: float(len(rows)), "how many rows there are", places
    )


def waits(snapshot: Snapshot, series: Series, places: Names) -> Tell:
    """Everything that waits for a review, by how long it does."""
    as_of = _as_of(snapshot, series)
    found = {subject: each for subject, each in _open(snapshot, series).items() if each.since is not None}
    share = PERCENTILES.get(series.named.get("percentile", ""))

    def value(waited: Iterable[int]) -> float:
        ordered = sorted(waited)
        if share is not None:
            return percentile(ordered, share)
        return float(max(ordered, default=0))

    how = "the largest value of a row" if share is None else f"the {series.named['percentile']} of the rows' values"
    return partial(_changes, series, found, lambda each: max(0, as_of - (each.since or 0)), value, how, places)


def business(snapshot: Snapshot, series: Series, places: Names) -> Tell:
    """The change that waits longest, on its team's clock."""
    key = _repository(snapshot, series)
    as_of, hours = _as_of(snapshot, series), snapshot.hours(snapshot.shown[key].team)
    waiting = {subject: each for subject, each in _open(snapshot, series).items() if each.since is not None}
    oldest = dict(sorted(waiting.items(), key=lambda item: (item[1].since, item[0]))[:1])

    def elapsed(each: Standing) -> int:
        since = each.since or 0
        return hours.elapsed(since, max(as_of, since))

    how = "the working hours since the change began to wait that waits longest"
    return partial(_changes, series, oldest, elapsed, lambda rows: float(max(rows, default=0)), how, places)


def _changes(
    series: Series,
    found: Open,
    of: Callable[[Standing], int],
    value: Callable[[list[int]], float],
    how: str,
    places: Names,
    store: SqliteStore,
    most: int,
) -> Found:
    """Open changes as rows, those that wait longest first."""
    telling, rows = Telling(places), []
    for about in store.named(found):
        each = found[about.id]
        labels = {"origin": str(each.origin), "state": str(each.state or "draft")}
        rows.append(telling.about(about, series.metric.name, labels, of(each), each.since))
    rows.sort(key=lambda row: (row.at is None, row.at, row.number))
    values = [row.value for row in rows]
    return Found(how, value(values), tuple(rows[:most]), len(rows))


def flow(snapshot: Snapshot, series: Series, places: Names) -> Tell:
    """What came into the queue, or left it, within the window."""
    key = _repository(snapshot, series)
    direction, window = series.named["direction"], series.named["window"]
    (metric,) = (name for name, word in FLOW.items() if word == direction)
    reach = snapshot.books.reach
    ends = {
        labels: reach.end(key, name, labels) for name, labels in snapshot.books.readings.get(key, {}) if name == metric
    }
    return partial(_flowed, metric, key, ends, WINDOWS[window], places)


def _flowed(
    metric: str,
    key: int,
    ends: Mapping[tuple[str, ...], int],
    seconds: int,
    places: Names,
    store: SqliteStore,
    most: int,
) -> Found:
    newest, telling = Newest(most), Telling(places)
    end = max(ends.values(), default=None)
    since = min(ends.values(), default=0) - seconds
    for row, about in store.ledger_of([metric], since=since, repository=key):
        if row.labels in ends and ends[row.labels] - seconds < row.at <= ends[row.labels]:
            newest.add(row, about)
    rows = tuple(telling.row(*each) for each in newest.rows())
    begin = None if end is None else end - seconds
    return Found("how many rows there are", float(newest.total), rows, newest.total, begin, end)


def said(text: str) -> Callable[[Snapshot, Series, Names], Tell]:
    """A number that comes from no rows, and where it does come from; labels may stand in the text."""

    def tell(snapshot: Snapshot, series: Series, places: Names) -> Tell:
        return partial(_said, text.format(**series.named))

    return tell


def _said(text: str, store: SqliteStore, most: int) -> Found:
    return Found(text)


CONFIGURED = "it has no rows: it comes from the configuration, {}"

STATE: dict[str, Callable[[Snapshot, Series, Names], Tell]] = {
    queue.QUEUE.name: standing,
    queue.DRAFTS.name: standing,
    queue.OLDEST_WAIT.name: waits,
    queue.QUEUE_WAIT.name: waits,
    queue.OLDEST_WAIT_BUSINESS.name: business,
    queue.QUEUE_FLOW.name: flow,
    queue.BUSINESS_HOURS.name: said(CONFIGURED.format("calendar, and the clock")),
    queue.THRESHOLD_SECONDS.name: said(CONFIGURED.format("thresholds.seconds.{name}")),
    queue.THRESHOLD_RATIO.name: said(CONFIGURED.format("thresholds.ratios.{name}")),
    queue.THRESHOLD_CHANGES.name: said(CONFIGURED.format("thresholds.changes.{name}")),
    queue.REPOSITORY_INFO.name: said(
        "it has no rows: 1 for each repository that is read; teams are in the configuration"
    ),
    queue.TEAM_REPOSITORY_INFO.name: said(
        "it has no rows: 1 for each repository of a team, by teams in the configuration"
    ),
}
