"""Rules about a dashboard as a whole: what frames its panels, and where it leads."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.lints.grafana import (
    CALL,
    PLUGINS,
    Board,
    annotations,
    asked_by,
    asking,
    panels,
    queries,
    used,
    variables,
    with_rows,
)
from tests.lints.promql import parse
from tests.lints.query_rules import selectors, unparsed
from tests.lints.rulebook import Everything, Finding, Over, rule

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GRAFANA = {"type": "grafana", "uid": "-- Grafana --"}
"""Where annotations come from that people or releases post to Grafana."""
ALL = ".+"
COLUMNS = 24
LARGEST = 200 * 1024
"""Bytes without indentation: a client-side `kubectl apply` takes 256 KiB."""
TO_DASHBOARD = re.compile(r"/d/([\w-]+)(\?[^\s\"]*)?")
FOREIGN = ("__inputs", "__requires", "id", "version", "iteration")
"""What a dashboard that was exported from somebody's Grafana carries."""


@rule(1, Over.DASHBOARD)
def data_source(board: Board, everything: Everything) -> Iterator[Finding]:
    """1. One variable chooses the data source, and it is called as everybody calls it."""
    found = [each for each in variables(board) if each["type"] == "datasource"]
    if [(each["name"], each["label"], each["query"]) for each in found] != [
        ("datasource", "Data source", "prometheus")
    ]:
        yield "variables", "there is not just the variable datasource, labelled Data source, for prometheus"


@rule(2, Over.DASHBOARD)
def job(board: Board, everything: Everything) -> Iterator[Finding]:
    """2. A variable chooses among the jobs: queried, labelled Job, several or all of them."""
    wanted = {"type": "query", "datasource": SOURCE, "label": "Job", "multi": True, "includeAll": True, "allValue": ALL}
    found = next((each for each in variables(board) if each["name"] == "job"), {})
    for key, value in wanted.items():
        if found.get(key) != value:
            yield "variable job", f"{key} is {found.get(key)!r} and not {value!r}"


@rule(4, Over.DASHBOARD)
def variable_queries(board: Board, everything: Everything) -> Iterator[Finding]:
    """4. A variable's query is one of the four that the data source knows, and what it selects can be parsed."""
    for variable in (each for each in variables(board) if each["type"] == "query"):
        call = CALL.fullmatch(variable["query"])
        if call is None:
            yield f"variable {variable['name']}", f"{variable['query']!r} is no query of a variable"
            continue
        try:
            parse(asked_by(*call.groups()))
        except ValueError as error:
            yield f"variable {variable['name']}", f"{error}: {variable['query']!r}"


@rule(5, Over.DASHBOARD)
def reload(board: Board, everything: Everything) -> Iterator[Finding]:
    """5. Variables are asked for again when the time range changes."""
    for variable in variables(board):
        if variable["type"] == "query" and variable.get("refresh") != 2:
            yield f"variable {variable['name']}", f"refresh is {variable.get('refresh')!r} and not 2"


@rule(6, Over.DASHBOARD)
def sources(board: Board, everything: Everything) -> Iterator[Finding]:
    """6. Panels, their queries, annotations and variables use the data source that the reader chose."""
    for panel in asking(board):
        for each in (panel, *panel.get("targets", ())):
            if each.get("datasource") != SOURCE:
                yield panel["title"], f"{each.get('refId', 'the panel')} has the data source {each.get('datasource')}"
    for note in annotations(board):
        if note.get("datasource") != (SOURCE if "expr" in note else GRAFANA):
            yield f"annotation {note['name']}", f"it has the data source {note.get('datasource')}"
    for variable in variables(board):
        if variable["type"] == "query" and variable.get("datasource") != SOURCE:
            yield f"variable {variable['name']}", f"it has the data source {variable.get('datasource')}"


@rule(10, Over.DASHBOARD)
def prometheus_only(board: Board, everything: Everything) -> Iterator[Finding]:
    """10. No query asks anything but a Prometheus."""
    for panel in panels(board):
        for target in panel.get("targets", ()):
            if target.get("datasource", {}).get("type") != "prometheus":
                yield panel["title"], f"{target.get('refId')} asks {target.get('datasource', {}).get('type')}"


@rule(12, Over.DASHBOARD)
def parses(board: Board, everything: Everything) -> Iterator[Finding]:
    """12. Every query is PromQL, and what a panel refers to by letter is one of its queries."""
    yield from unparsed(list(queries(board)))
    for panel in panels(board):
        letters = {target.get("refId") for target in panel.get("targets", ())}
        text = json.dumps(panel.get("transformations", []))
        for letter in re.findall(r'"configRefId": "(\w+)"|"Value #(\w+)"', text):
            if not set(letter) & letters:
                yield panel["title"], f"there is no query {''.join(letter)}"


@rule(17, Over.DASHBOARD)
def uneditable(board: Board, everything: Everything) -> Iterator[Finding]:
    """17. A provisioned dashboard cannot be edited: the next deployment would take the changes away."""
    if board.get("editable") is not False:
        yield "editable", f"it is {board.get('editable')!r}"


@rule(18, Over.ALL)
def uids(nothing: None, everything: Everything) -> Iterator[Finding]:
    """18. A uid is part of an address: it is well formed, belongs to one dashboard, and is one of those in uids.txt."""
    found = Counter(board.get("uid") for board in everything.dashboards.values())
    for file, board in everything.dashboards.items():
        uid = str(board.get("uid"))
        if not re.fullmatch(r"sdlc-[a-z0-9-]{1,35}", uid) or file != f"{uid}.json":
            yield file, f"its uid is {uid}"
        if found[board.get("uid")] > 1:
            yield file, f"{uid} is the uid of another dashboard too"
    for uid in sorted(set(map(str, found)) ^ everything.uids):
        yield uid, "it is not both a dashboard and a line of uids.txt; links to the former one are broken"


@rule(19, Over.DASHBOARD)
def identity(board: Board, everything: Everything) -> Iterator[Finding]:
    """19. Every panel has a number of its own, and every query in it a letter of its own."""
    numbers = [panel.get("id", 0) for panel in with_rows(board)]
    for panel in with_rows(board):
        if panel.get("id", 0) <= 0 or numbers.count(panel["id"]) > 1:
            yield panel["title"], f"its id is {panel.get('id')}"
        letters = [target.get("refId", "") for target in panel.get("targets", ())]
        if not all(letters) or len(set(letters)) < len(letters):
            yield panel["title"], f"its queries are called {letters}"


@rule(20, Over.DASHBOARD)
def grid(board: Board, everything: Everything) -> Iterator[Finding]:
    """20. Panels fill the grid: 24 columns, nothing over another, no hole; a row is as wide as the page."""
    taken: Counter[tuple[int, int]] = Counter()
    for panel in board["panels"]:
        x, y, width, height = (panel["gridPos"][key] for key in "xywh")
        if x + width > COLUMNS:
            yield panel["title"], f"it ends at column {x + width}"
        if panel["type"] == "row" and (x, width, height) != (0, COLUMNS, 1):
            yield panel["title"], "the row is not one line of the whole page"
        cells = [(column, line) for column in range(x, x + width) for line in range(y, y + height)]
        if any(cell in taken for cell in cells):
            yield panel["title"], "it lies over another panel"
        taken.update(cells)
    lines = max((line for _, line in taken), default=-1) + 1
    for line in range(lines):
        if sum((column, line) in taken for column in range(COLUMNS)) < COLUMNS:
            yield f"line {line}", "there is a hole"


@rule(21, Over.DASHBOARD)
def defined_and_used(board: Board, everything: Everything) -> Iterator[Finding]:
    """21. Every variable that is named is defined, and every one that is defined is asked with."""
    defined = {each["name"] for each in variables(board)}
    for name in sorted(used(json.dumps({**board, "templating": {}})) | _in_variables(board)):
        if name not in defined:
            yield f"variable {name}", "it is used and not defined"
    asked = used(" ".join(query.text for query in queries(board))) | _in_variables(board)
    asked |= used(json.dumps([panel.get("datasource") for panel in panels(board)]))
    for name in sorted(defined - asked):
        yield f"variable {name}", "it is defined, and nothing asks with it"


def _in_variables(board: Board) -> set[str]:
    return set().union(*(used(str(each.get("query"))) for each in variables(board)))


@rule(22, Over.DASHBOARD)
def operators(board: Board, everything: Everything) -> Iterator[Finding]:
    """22. A variable of several values is matched as a pattern, and its All as .+; one of a single value is not."""
    several = {each["name"]: bool(each.get("multi")) for each in variables(board)}
    for where, selector, _ in selectors(list(queries(board))):
        for label, op, value in selector.matchers:
            for name in used(value):
                if several.get(name, "~" in op) != ("~" in op):
                    yield where, f'{label}{op}"{value}"'
    for variable in variables(board):
        if variable.get("includeAll") and variable.get("allValue") != ALL:
            yield f"variable {variable['name']}", f"All is {variable.get('allValue')!r}"


@rule(30, Over.DASHBOARD)
def links(board: Board, everything: Everything) -> Iterator[Finding]:
    """30. A menu leads to the other pages, time and filters kept; every link leads to a page and variables of it."""
    menu = {"type": "dashboards", "asDropdown": True, "includeVars": True, "keepTime": True, "targetBlank": False}
    wanted = {**menu, "tags": ["sdlc"]}
    if not any(all(each.get(key) == value for key, value in wanted.items()) for each in board.get("links", ())):
        yield "links", "there is no menu of all dashboards with the tag sdlc"
    if "sdlc" not in board.get("tags", ()):
        yield "tags", "it has not the tag sdlc, so no menu leads here"
    for panel in panels(board):
        for uid, query in TO_DASHBOARD.findall(json.dumps(panel)):
            for sentence in unreachable(uid, query, everything):
                yield panel["title"], sentence


def unreachable(uid: str, query: str, everything: Everything) -> Iterator[str]:
    """What is wrong with a link to a dashboard."""
    target: dict[str, Any] = next((dict(each) for each in everything.dashboards.values() if each["uid"] == uid), {})
    if not target:
        yield f"there is no dashboard {uid}"
        return
    known = {each["name"] for each in variables(target)}
    for name in re.findall(r"[?&]var-(\w+)=", query):
        if name not in known:
            yield f"{uid} has no variable {name}"


@rule(31, Over.DASHBOARD)
def schema(board: Board, everything: Everything) -> Iterator[Finding]:
    """31. Grafana 10.4 and newer can read it, it carries nothing of somebody's Grafana, and needs no plugin."""
    if board.get("schemaVersion") not in {39, 41}:
        yield "schemaVersion", f"it is {board.get('schemaVersion')}"
    for key in FOREIGN:
        if key in board:
            yield key, "it belongs to the Grafana that it was exported from"
    for panel in with_rows(board):
        if panel["type"] not in PLUGINS:
            yield panel["title"], f"{panel['type']} is not among the panels that every Grafana has"


@rule(33, Over.DASHBOARD)
def size(board: Board, everything: Everything) -> Iterator[Finding]:
    """33. It fits into a ConfigMap. That files are as their generator writes them is for tests/test_generated.py."""
    length = len(json.dumps(board, separators=(",", ":"), ensure_ascii=False).encode())
    if length >= LARGEST:
        yield "size", f"it has {length} bytes"
