"""Rules about what an alert says: its words, the labels and values in them, and where they lead."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.lints import templates
from tests.lints.alert_rules import parsed
from tests.lints.dashboard_rules import TO_DASHBOARD, unreachable
from tests.lints.grafana import Query
from tests.lints.promql import Binary, Call, Node, Selector, find, values
from tests.lints.query_rules import RATES, unparsed
from tests.lints.rulebook import Everything, Finding, Over, RuleFile, called, rule
from tests.lints.shapes import shape

REQUIRED = {
    "summary": re.compile(r"[A-Z][^{}\n]{10,98}[.]"),
    "description": re.compile(r".{40,}", re.DOTALL),
    "runbook_url": re.compile(r"https://\S+/docs/runbooks/\w+\.md"),
    "dashboard_url": re.compile(r"https?://\S+/d/sdlc-[a-z-]+(\?.+)?"),
}
"""Annotations that every alert has. A summary has no template, so that notifications group."""
HEADINGS = ("What it means", "First look", "Likely causes", "What to do", "When it is wrong", "How to silence")


def texts(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The annotations of an alert by their names."""
    return [(name, str(text)) for name, text in row.get("annotations", {}).items()]


@rule(35, Over.RULES)
def annotated(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """35. An alert has a summary that is always the same, a description, a runbook and a dashboard."""
    for row in file.alerts:
        found = dict(texts(row))
        for name, pattern in REQUIRED.items():
            if not pattern.fullmatch(found.get(name, "")):
                yield called(row), f"{name} is {found.get(name)!r}"


@rule(38, Over.RULES)
def external(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """38. Nothing rests on external labels, which every Prometheus names as it likes."""
    for row in file.rules:
        if "$externalLabels" in str(row) or ".ExternalLabels" in str(row):
            yield called(row), "it names an external label"


@rule(40, Over.RULES)
def template(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """40. A template can be read, names labels that the expression keeps, and shows the value as people read it.

    A label that only some of the series have stands inside of a ``with``.
    """
    for where, row, node in parsed(file.alerts):
        labels = {**shape(node, everything.world), **row.get("labels", {})}
        for name, text in texts(row):
            told = templates.read(text)
            yield from ((where, f"{name}: {fault}") for fault in told.faults)
            for label, guarded in told.labels:
                if label not in labels:
                    yield where, f"{name} names {label}, which the expression does not keep"
                elif not guarded and not getattr(labels[label], "sure", True):
                    yield where, f"{name} names {label}, which only some of the series have, outside of a with"
            yield from ((where, f"{name}: {fault}") for fault in _shown(told, node))
            yield from unparsed([Query(where, query) for query in told.queries])
        if any("$value" in str(text) for text in row.get("labels", {}).values()):
            yield where, "a label shows the value, so that every evaluation is another alert"


def _shown(told: templates.Template, node: Node) -> Iterator[str]:
    """Why a value is not shown as people read it."""
    names = " ".join(selector.name for each in values(node) for selector in find(each, Selector))
    divided = any(each.op == "/" for found in values(node) for each in find(found, Binary))
    rated = any(call.name in {*RATES, "deriv", "delta"} for found in values(node) for call in find(found, Call))
    whole = not (divided or rated or re.search(r"_(seconds|ratio|bytes)\b|share|median|avg", names))
    for functions in told.shown:
        if not functions and not whole:
            yield "the value is shown with all its digits"
        if "humanizeDuration" in functions and (divided or "_seconds" not in names):
            yield "the value is shown as a duration and is not in seconds"
        if "humanizePercentage" in functions and not (divided or re.search("_ratio|share", names)):
            yield "the value is shown as a percentage and is no share"


@rule(64, Over.RULES)
def runbooks(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """64. The runbook of an alert is there under its name, with all that somebody woken by it looks for."""
    for row in file.alerts:
        name = f"{row['alert']}.md"
        if str(row.get("annotations", {}).get("runbook_url", "")).rpartition("/")[2] != name:
            yield row["alert"], f"its runbook_url does not lead to {name}"
        page = everything.runbooks.get(name)
        if page is None:
            yield row["alert"], f"there is no docs/runbooks/{name}"
            continue
        found = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
        if found != list(HEADINGS):
            yield row["alert"], f"the headings of its runbook are {found}"


@rule(64, Over.ALL)
def needed_runbooks(nothing: None, everything: Everything) -> Iterator[Finding]:
    """64. Every runbook is that of an alert."""
    names = {f"{row['alert']}.md" for file in everything.rules.values() for row in file.alerts}
    for name in sorted(set(everything.runbooks) - names):
        yield name, "no alert leads to it"


@rule(67, Over.RULES)
def rejected(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """67. No address stands in a label, and no blank in a label's or annotation's name."""
    for row in file.rules:
        for label, value in row.get("labels", {}).items():
            if urlsplit(str(value)).scheme in {"http", "https"}:
                yield called(row), f"{label} is an address"
        for key in (*row.get("labels", {}), *row.get("annotations", {})):
            if not re.fullmatch(r"[a-zA-Z_]\w*", str(key)):
                yield called(row), f"{key!r} is no name"


@rule(73, Over.RULES)
def dashboards(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """73. An alert's dashboard is there, and so is every variable that the link sets, from the label of its name."""
    for row in file.alerts:
        url = str(row.get("annotations", {}).get("dashboard_url", ""))
        for uid, _ in TO_DASHBOARD.findall(url.partition("{{")[0]) or [("", "")]:
            for sentence in unreachable(uid, url, everything):
                yield row["alert"], sentence
        for name, text in re.findall(r"[?&]var-(\w+)=([^&]*)", url):
            if text != f"{{{{ $labels.{name} | urlquery }}}}":
                yield row["alert"], f"var-{name} is {text!r} and not the label, made fit for an address"
