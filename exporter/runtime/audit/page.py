"""The audit in a browser: a question, its answers, and every metric to ask about. Pure, and without scripts."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.catalogue import METRICS
from exporter.runtime.audit.forms import moment, notes_of, short, words
from exporter.runtime.audit.rows import Answer, Histogram, Row
from exporter.runtime.audit.series import NAMED
from exporter.runtime.markup import Html, cell, document, section, table

PATH = "/audit"
EXAMPLE = 'sdlc_changes_merged_total{repository="acme/shop",origin="agentic"}'


class Asking(NamedTuple):
    """What was asked, what came of it, and the metrics there are, each with its number of series.

    ``fault`` says why there is no answer; ``meant`` are series that may be meant.
    """

    question: str
    answers: Sequence[Answer] = ()
    fault: str = ""
    meant: Sequence[str] = ()
    metrics: Sequence[tuple[str, int]] = ()


def link(series: str, form: str = "") -> str:
    """The address of an answer."""
    return f"{PATH}?{urlencode({'series': series} | ({'format': form} if form else {}))}"


def render(asking: Asking) -> str:
    """The page as HTML."""
    head = '<header><div><h1>Audit</h1><p class="sub">the rows that a published number came from</p></div>'
    head += '<nav aria-label="Endpoints"><a href="/">Status</a><a href="/metrics">Metrics</a></nav></header>'
    body = [head, form(asking.question)]
    if asking.fault:
        body.append(f'<p class="{"more" if asking.meant else "note"}">{escape(asking.fault)}</p>')
    body += [_answer(each) for each in asking.answers]
    if asking.meant:
        body.append(_series(asking.meant))
    if not asking.answers and not asking.meant:
        body.append(_metrics(asking.metrics))
    return document("sdlc-exporter: audit", body)


def form(question: str = "") -> str:
    """Where a series is asked about."""
    return (
        f'<form class="ask" action="{PATH}"><label for="series">Series</label>'
        f'<input id="series" name="series" value="{escape(question)}" placeholder="{escape(EXAMPLE)}" '
        'spellcheck="false" autocomplete="off"><button>Show rows</button></form>'
    )


def _answer(answer: Answer) -> str:
    links = " · ".join(f'<a href="{escape(link(answer.series, word))}">{word.upper()}</a>' for word in ("csv", "json"))
    facts = [("Published", Html(f"<b>{short(answer.published)}</b>"))]
    if answer.from_rows is not None:
        facts.append(("From its rows", Html(f"<b>{short(answer.from_rows)}</b>")))
    facts.append(("How", Html(escape(answer.how))))
    if answer.end is not None:
        facts.append(("Window", Html(f"after {moment(answer.begin)}<br>up to {moment(answer.end)}")))
    facts.append(("Rows", Html(f"{answer.total:,} · {links}")))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    notes = "".join(f'<p class="more">{escape(each)}</p>' for each in notes_of(answer))
    title = f'<h2 class="path">{escape(answer.series)}</h2><p class="sub">{escape(answer.help)}</p>'
    card = f'<article class="card"><dl class="facts">{cells}</dl>{notes}</article>'
    return f"<section>{title}{card}{_buckets(answer)}{_rows(answer.rows)}</section>"


def _buckets(answer: Answer) -> str:
    if not isinstance(answer.published, Histogram):
        return ""
    bounds = (
        (bound if bound == "+Inf" else short(float(bound)), many) for bound, many in answer.published.buckets.items()
    )
    rows = [(f"up to {bound}", f"{many:,}") for bound, many in bounds]
    return table("Buckets", ("Value", "Readings"), ("", "num"), rows)


def _rows(rows: Iterable[Row]) -> str:
    found = [_cells(each) for each in rows]
    columns = ("Date (UTC)", "Repository", "What", "Reading", "Labels", "Value", "Cause")
    return table("Rows", columns, ("", "", "", "", "", "num", "side"), found) if found else ""


def _cells(row: Row) -> tuple[str, ...]:
    what = row.thing + (f" {row.number}" if row.number is not None else "")
    shown = (
        Html(f'<a href="{escape(row.url)}">{escape(what)}</a>') if row.url.startswith(("https://", "http://")) else what
    )
    at = (moment(row.at) or "").replace("T", " ").removesuffix("Z")
    metric = Html(f"<code>{escape(row.metric)}</code>")
    return at, row.repository, shown, metric, words(row), short(row.value), row.cause


def _series(series: Iterable[str]) -> str:
    rows = [(Html(f'<a class="path" href="{escape(link(each))}">{cell(each)}</a>'),) for each in series]
    note = f"the first {NAMED}" if len(rows) == NAMED else ""
    return section("Which of these?", table("Series", ("Series",), ("",), rows), note)


def _metrics(metrics: Sequence[tuple[str, int]]) -> str:
    rows = [
        (
            Html(f'<a class="path" href="{escape(link(name))}">{escape(name)}</a><small>{_help(name)}</small>'),
            f"{count:,}",
        )
        for name, count in sorted(metrics)
    ]
    if not rows:
        return section("Metrics", '<p class="empty">None yet. They appear when a first load is complete.</p>')
    return section("Metrics", table("Metrics", ("Metric", "Series"), ("", "num"), rows), f"{len(rows)} with series now")


def _help(name: str) -> str:
    return escape(METRICS[name].help) if name in METRICS else ""
