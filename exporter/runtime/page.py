"""The status page: what an operator wants to know before reading a log, as one HTML page without scripts.

Pure: ``render`` turns a ``Status`` into text, and escapes whatever came from outside.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

from msgspec import Struct

from exporter.runtime.audit.page import form, link
from exporter.runtime.markup import Html, cell, document, section, table

SHOWN_REPOSITORIES = 500
SHOWN_SERIES = 10
SHOWN_ERRORS = 20

# Worst first; a word not listed here counts as trouble.
SEVERITY = {"failing": 0, "gone": 1, "loading": 3, "ok": 4, "quiet": 5}
UNKNOWN_SEVERITY = 2
VERDICTS = {"absorbed": "bad", "passed": "good", "inconclusive": "busy"}
TONES = {"ok": "good", "quiet": "calm", "loading": "busy", "failing": "bad", "gone": "bad"}

# The last second a date can be written for; a limit's reset is whatever a server said.
LATEST = 253402300799
AGES = ((86400, "d"), (3600, "h"), (60, "min"))
SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class LastError(Struct, frozen=True):
    """The latest failure of a source; ``reason`` is a word of ``exporter.errors``, ``at`` Unix seconds."""

    reason: str
    message: str
    at: float


class Budget(Struct, frozen=True):
    """What a provider's limit leaves: requests or points until ``reset`` (Unix seconds)."""

    resource: str
    remaining: int
    limit: int
    reset: float | None = None


class SourceStatus(Struct, frozen=True):
    """One source. Times are Unix seconds; ``load`` is the first load's progress, 0 to 1, None once it is over."""

    name: str
    provider: str
    url: str
    state: str
    last_success: float | None = None
    last_error: LastError | None = None
    watermark: float | None = None
    repositories: Mapping[str, int] = {}
    load: float | None = None
    budgets: tuple[Budget, ...] = ()
    polls: int = 0
    requests: int = 0


class RepositoryStatus(Struct, frozen=True):
    """One repository. ``state`` is ``ok``, ``loading``, ``failing``, ``gone`` or ``quiet``; times are Unix seconds."""

    name: str
    source: str
    team: str
    state: str
    watermark: float | None = None
    last_event: float | None = None
    reason: str | None = None


class SeriesStatus(Struct, frozen=True):
    """What one metric costs: its series now, how many it may have (None: any number), how many were left out."""

    metric: str
    series: int
    budget: int | None = None
    dropped: int = 0


class RecentError(Struct, frozen=True):
    """One failure; ``at`` is Unix seconds."""

    at: float
    source: str
    reason: str
    message: str


class ScopeStatus(Struct, frozen=True):
    """What became of the gain of one scope: the verdict's word, the finding, and the signals that are there."""

    scope: str
    verdict: str
    sentence: str
    signals: tuple[str, ...] = ()


class ConfigStatus(Struct, frozen=True):
    """The configuration in force; ``ok`` is whether the file as it is now could be used."""

    path: str
    loaded_at: float
    ok: bool = True


class StoreStatus(Struct, frozen=True):
    """Where facts are kept; ``path`` is None when they are lost at a restart."""

    path: str | None
    bytes: int = 0


class Status(Struct, frozen=True):
    """All the page shows. ``links`` are (text, address) pairs beside the exporter's own paths."""

    version: str
    now: float
    started: float
    config: ConfigStatus
    store: StoreStatus
    sources: tuple[SourceStatus, ...] = ()
    repositories: tuple[RepositoryStatus, ...] = ()
    series: tuple[SeriesStatus, ...] = ()
    errors: tuple[RecentError, ...] = ()
    scopes: tuple[ScopeStatus, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def render(status: Status) -> str:
    """The page as HTML."""
    troubled = sum(_severity(each) <= UNKNOWN_SEVERITY for each in status.repositories)
    sections = (_gain(status), _sources(status), _repositories(status, troubled), _series(status), _errors(status))
    body = [_head(status), _tiles(status, troubled), *sections]
    body.append(f"<footer>As of {_utc(status.now)}. Reload the page for newer figures.</footer>")
    return document("sdlc-exporter", body)


def _severity(repository: RepositoryStatus) -> int:
    return SEVERITY.get(repository.state, UNKNOWN_SEVERITY)


def _head(status: Status) -> str:
    own = (
        ("Metrics", "/metrics"),
        ("Diagnosis", "/diagnosis"),
        ("Audit", "/audit"),
        ("Ready", "/-/ready"),
        ("Healthy", "/-/healthy"),
    )
    links = "".join(f'<a href="{escape(to)}">{escape(text)}</a>' for text, to in (*own, *status.links) if _safe(to))
    return (
        f'<header><div><h1>sdlc-exporter</h1><p class="sub">version {escape(status.version)} · started '
        f'{_ago(status.started, status.now)}</p></div><nav aria-label="Endpoints">{links}</nav></header>'
    )


def _tiles(status: Status, troubled: int) -> str:
    config, store = status.config, status.store
    failing = sum(_tone(each.state) == "bad" for each in status.sources)
    series, dropped = (sum(getattr(each, word) for each in status.series) for word in ("series", "dropped"))
    in_force = _badge("good", "in force") if config.ok else _badge("bad", "faulty, the former stays")
    read = Html(f'<span class="path">{escape(config.path)}</span> read {_ago(config.loaded_at, status.now)}')
    kept = _size(store.bytes) if store.path is not None else _badge("busy", "not persistent")
    where = Html(f'<span class="path">{escape(store.path or "")}</span>')
    tiles = (
        ("Sources", f"{len(status.sources):,}", _health(len(status.sources), failing, "failing")),
        ("Repositories", f"{len(status.repositories):,}", _health(len(status.repositories), troubled, "in trouble")),
        ("Series", f"{series:,}", _health(series, dropped, "left out")),
        ("Configuration", in_force, read),
        ("Store", kept, where if store.path is not None else "a restart loads everything again"),
    )
    cells = [
        f"<div><dt>{name}</dt><dd><b>{cell(value)}</b><span>{cell(more)}</span></dd></div>"
        for name, value, more in tiles
    ]
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def _health(count: int, bad: int, word: str) -> Html:
    if bad:
        return _badge("bad", f"{bad:,} {word}")
    return _badge("good", f"none {word}") if count else _badge("calm", "none yet")


def _gain(status: Status) -> str:
    """What became of the gain in coding, the organisation first."""
    if not status.scopes:
        said = "Not looked at yet. It is, once history is loaded."
        return section("Where the gain goes", f'<p class="empty">{said}</p>')
    rows = [
        (
            each.scope,
            _badge(VERDICTS.get(each.verdict, "calm"), each.verdict.replace("_", " ")),
            each.sentence,
            ", ".join(signal.replace("_", " ") for signal in each.signals) or Html('<span class="none">none</span>'),
        )
        for each in status.scopes
    ]
    columns = ("Scope", "Verdict", "Finding", "Signals that are there")
    told = table("Where the gain goes", columns, ("", "", "", "side"), rows)
    more = '<p class="more">By whole weeks; the <a href="/diagnosis">report</a> has the figures.</p>'
    return section("Where the gain goes", told + more)


def _sources(status: Status) -> str:
    if not status.sources:
        empty = "No source is configured. Add one under <code>sources:</code> and send POST to <code>/-/reload</code>."
        return section("Sources", f'<p class="empty">{empty}</p>')
    return section("Sources", "".join(_source(each, status.now) for each in status.sources))


def _source(source: SourceStatus, now: float) -> str:
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(source.repositories.items()) if count)
    facts = [
        ("Last success", _ago(source.last_success, now) if source.last_success is not None else "none yet"),
        ("Complete up to", _ago(source.watermark, now) if source.watermark is not None else "not known yet"),
        ("Repositories", counts or "none found yet: check include, exclude and the credential's permissions"),
        ("Polls", f"{source.polls:,} ({source.requests:,} requests)"),
    ]
    rows = "".join(f"<div><dt>{name}</dt><dd>{cell(value)}</dd></div>" for name, value in facts)
    address = f' · <span class="path">{escape(source.url)}</span>' if source.url else ""
    parts = [f'<dl class="facts">{rows}</dl>']
    if source.load is not None:
        share = min(max(source.load, 0.0), 1.0)
        parts.append(_meter("First load", share, f"{share:.0%}", "busy"))
    for each in source.budgets:
        left = each.remaining / each.limit if each.limit > 0 else 0.0
        reset = f", renewed {_ago(each.reset, now)}" if each.reset is not None else ""
        amount = Html(f"{each.remaining:,} of {each.limit:,} left{reset}")
        parts.append(_meter(f"Budget {each.resource}", left, amount, "good" if left > 0.1 else "bad"))
    if source.last_error is not None:
        error = source.last_error
        said = f"<b>{escape(error.reason)}</b> {_ago(error.at, now)}: {escape(error.message)}"
        parts.append(f'<p class="note">{said}</p>')
    title = (
        f"<h3>{escape(source.name)} {_badge(_tone(source.state), source.state)}</h3>"
        f'<p class="sub">{escape(source.provider)}{address}</p>'
    )
    return f'<article class="card">{title}{"".join(parts)}</article>'


def _repositories(status: Status, troubled: int) -> str:
    if not status.repositories:
        return section("Repositories", '<p class="empty">None yet. They appear once a source has listed them.</p>')
    ordered = sorted(status.repositories, key=lambda each: (_severity(each), each.name, each.source))
    rows = [
        (
            Html(f"{escape(each.name)}<small>{escape(each.reason)}</small>") if each.reason else each.name,
            _badge(_tone(each.state), each.state),
            each.team,
            each.source,
            _ago(each.watermark, status.now),
            _ago(each.last_event, status.now),
        )
        for each in ordered[:SHOWN_REPOSITORIES]
    ]
    left_out = len(ordered) - len(rows)
    said = f"{left_out:,} more are not shown; sdlc_exporter_repositories counts them all."
    more = f'<p class="more">{said}</p>' if left_out else ""
    note = f"{troubled:,} in trouble" if troubled else ""
    columns = ("Repository", "State", "Team", "Source", "Complete to", "Last event")
    kinds = ("", "", "", "side", "num", "num")
    return section("Repositories", table("Repositories", columns, kinds, rows) + more, note)


def _series(status: Status) -> str:
    if not status.series:
        return section("Series", '<p class="empty">None yet. They appear when a first load is complete.</p>')
    ordered = sorted(status.series, key=lambda each: (-each.dropped, -each.series, each.metric))
    columns, kinds = ("Metric", "Series", "Budget", "Left out"), ("", "num", "num", "num")
    rows = [
        (
            Html(f'<a class="path" href="{escape(link(each.metric))}">{escape(each.metric)}</a>'),
            f"{each.series:,}",
            f"{each.budget:,}" if each.budget is not None else "none",
            _badge("bad", f"{each.dropped:,}") if each.dropped else "0",
        )
        for each in ordered[:SHOWN_SERIES]
    ]
    note = f"the {len(rows)} largest of {len(ordered)} metrics" if len(ordered) > len(rows) else ""
    return section("Series", form() + table("Series", columns, kinds, rows), note)


def _errors(status: Status) -> str:
    if not status.errors:
        return section("Recent errors", '<p class="empty">None since the start.</p>')
    columns = ("When", "Source", "Reason", "Message")
    latest = sorted(status.errors, key=lambda each: -each.at)[:SHOWN_ERRORS]
    rows = [
        (_ago(each.at, status.now), each.source, Html(f"<code>{escape(each.reason)}</code>"), each.message)
        for each in latest
    ]
    return section("Recent errors", table("Recent errors", columns, ("",) * 4, rows))


def _meter(name: str, share: float, said: str, tone: str) -> str:
    width = f"{min(max(share, 0.0), 1.0):.1%}"
    return (
        f'<div class="meter {tone}"><span>{escape(name)}</span><span>{cell(said)}</span>'
        f'<i aria-hidden="true"><i style="width:{width}"></i></i></div>'
    )


def _badge(tone: str, word: str) -> Html:
    return Html(f'<span class="badge {tone}">{escape(word)}</span>')


def _tone(state: str) -> str:
    return TONES.get(state, "busy")


def _safe(address: str) -> bool:
    return address.startswith(("https://", "http://", "/"))


def _ago(at: float | None, now: float) -> Html:
    """How long ago, or in how long, with the exact time at hand."""
    if at is None:
        return Html('<span class="none">none</span>')
    return Html(f'<time datetime="{_iso(at)}" title="{_utc(at)}">{age(now - at)}</time>')


def age(seconds: float) -> str:
    """A span as a person says it: ``3 min ago``, ``in 2 h``, ``just now``; whole units, rounded down."""
    span = abs(int(seconds))
    size, unit = next(((size, unit) for size, unit in AGES if span >= size), (1, "s"))
    if span == 0:
        return "just now"
    return f"{span // size} {unit} ago" if seconds > 0 else f"in {span // size} {unit}"


def _size(count: int) -> str:
    size, unit = next(((size, unit) for size, unit in SIZES if count >= size), (1, "bytes"))
    return f"{count / size:.1f} {unit}" if size > 1 else f"{count} {unit}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(min(max(int(at), 0), LATEST), UTC)


def _iso(at: float) -> str:
    return _moment(at).isoformat().replace("+00:00", "Z")


def _utc(at: float) -> str:
    return _moment(at).strftime("%Y-%m-%d %H:%M:%S UTC")
