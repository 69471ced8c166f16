"""The status page's content, read from books and health."""

from collections import Counter

from exporter import __version__
from exporter.config import Config
from exporter.diagnosis.terms import ScopeReport
from exporter.providers import services
from exporter.runtime import page
from exporter.runtime.snapshot import Snapshot
from exporter.store.base import RepositoryRow, RepositoryState


def status_of(
    config: Config, snapshot: Snapshot, now: float, started: float, loaded: page.ConfigStatus, store: page.StoreStatus
) -> page.Status:
    """All the page shows, at one moment (Unix seconds)."""
    rows = [row for row in snapshot.books.reach.repositories.values() if row.source in snapshot.presentation.intervals]
    series = snapshot.exposition.series()
    budget = snapshot.presentation.budget
    return page.Status(
        version=__version__,
        now=now,
        started=started,
        config=loaded,
        store=store,
        sources=tuple(_source(config, snapshot, each.name, rows) for each in config.sources),
        repositories=tuple(_repository(snapshot, row) for row in rows if row.source not in snapshot.presentation.notes),
        series=tuple(
            page.SeriesStatus(
                name, count, snapshot.presentation.budgets.get(name, budget), snapshot.books.dropped.get(name, 0)
            )
            for name, count in sorted(series.items(), key=lambda item: -item[1])
            if count
        ),
        errors=tuple(
            page.RecentError(each.at, each.source, each.reason, each.message) for each in snapshot.health.recent
        ),
        scopes=tuple(_scope(each) for each in snapshot.scopes()),
    )


def _scope(told: ScopeReport) -> page.ScopeStatus:
    found = told.diagnosis
    active = tuple(str(each.signal) for each in told.signals if each.active)
    return page.ScopeStatus(found.scope, str(found.verdict), found.sentence, active)


def _source(config: Config, snapshot: Snapshot, name: str, rows: list[RepositoryRow]) -> page.SourceStatus:
    settings, health = next(each for each in config.sources if each.name == name), snapshot.health
    told = [row for row in rows if row.source == name]
    if served := snapshot.presentation.serving.get(name):
        told = [row for row in snapshot.books.reach.streams.values() if (row.source, row.stream) == served]
    here = [row for row in told if row.state is not RepositoryState.GONE]
    error = health.last_error.get(name)
    healthy = [row for row in here if row.state is not RepositoryState.FAILING] or here  # as on /metrics
    success = [row.last_success for row in healthy]
    marks = [row.watermark for row in healthy if row.watermark is not None]
    states = Counter(str(row.state) for row in told)
    budgets = (each for (source, _), each in health.budgets.items() if source == name)
    return page.SourceStatus(
        name=name,
        provider=settings.provider,
        url=settings.url if settings.provider == "github" or settings.provider in services() else "",
        state=_word(here),
        last_success=min((each for each in success if each is not None), default=None),
        last_error=page.LastError(error.reason, error.message, error.at) if error else None,
        watermark=min(marks, default=None),
        repositories=dict(states),
        load=health.loading.get(name),
        budgets=tuple(page.Budget(each.resource, each.remaining, each.limit, each.reset) for each in budgets),
        polls=sum(count for (source, _, _), count in health.polls.items() if source == name),
        requests=sum(count for (source, _, _), count in health.requests.items() if source == name),
    )


def _word(rows: list[RepositoryRow]) -> str:
    states = {row.state for row in rows}
    for state in (RepositoryState.FAILING, RepositoryState.LOADING):
        if state in states:
            return str(state)
    return str(RepositoryState.OK if states else RepositoryState.LOADING)


def _repository(snapshot: Snapshot, row: RepositoryRow) -> page.RepositoryStatus:
    shown = snapshot.shown.get(row.id)
    label = snapshot.presentation.label(row)
    quiet = shown is not None and shown.quiet and row.state is RepositoryState.OK
    return page.RepositoryStatus(
        name=label,
        source=row.source,
        team=snapshot.presentation.team(label),
        state="quiet" if quiet else str(row.state),
        watermark=row.watermark,
        last_event=snapshot.books.last_at.get(row.id),
        reason=row.reason or None,
    )
