"""The JSON of a dashboard as lints read it: its panels, what they ask, and what their series and columns are called."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from tests.lints.promql import parse
from tests.lints.shapes import Shape, World, shape

Board = Mapping[str, Any]
Panel = Mapping[str, Any]

UNITS = frozenset({
    "none", "string", "short", "locale", "percent", "percentunit",
    "s", "ms", "m", "h", "d", "dtdurations", "dateTimeAsIso", "dateTimeAsLocal", "dateTimeFromNow",
    "bytes", "decbytes", "ops", "reqps", "bool", "bool_yes_no", "bool_on_off",
})  # fmt: skip
"""Of Grafana's units those that delivery metrics may have. Source: packages/grafana-data/src/valueFormats/categories.ts
in https://github.com/grafana/grafana"""
FREE_UNIT = re.compile(r"(suffix|prefix|time|currency):.+")
PLUGINS = frozenset({
    "barchart", "bargauge", "gauge", "heatmap", "histogram", "piechart", "row", "stat", "state-timeline",
    "status-history", "table", "text", "timeseries",
})  # fmt: skip
"""Panels that every Grafana brings and that show numbers, and the two kinds without queries."""
AT_END = frozenset({"stat", "gauge", "bargauge", "barchart", "table", "piechart"})
"""Panels that show the end of the time range."""
OF_COLUMNS = frozenset({"table", "barchart"})
"""Panels that read one table, by the headings of its columns."""
OVER_TIME = frozenset({"timeseries", "heatmap", "state-timeline", "status-history"})
CALL = re.compile(r"(label_values|label_names|metrics|query_result)\((.*)\)", re.DOTALL)
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
VARIABLE = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+))|\[\[(\w+)")
OPEN = "\N{HORIZONTAL ELLIPSIS}"
"""Stands in a legend where a name will be that only an organisation knows."""


class Query(NamedTuple):
    """PromQL and where it stands: the title of a panel, ``annotation NAME``, ``variable NAME``, or a rule's name."""

    where: str
    text: str


class Columns(NamedTuple):
    """A table's visible columns: heading by label, and heading of each value by the name Grafana gives it."""

    labels: dict[str, str]
    values: dict[str, str]
    hidden: set[str]

    @property
    def headings(self) -> set[str]:
        """What a reader sees above the columns."""
        return {*self.labels.values(), *self.values.values()}


def panels(board: Board) -> Iterator[Panel]:
    """All panels, also those inside of collapsed rows; no rows."""
    for panel in with_rows(board):
        if panel["type"] != "row":
            yield panel


def with_rows(board: Board) -> Iterator[Panel]:
    """All panels and rows."""
    for panel in board.get("panels", ()):
        yield panel
        yield from panel.get("panels", ())


def asking(board: Board) -> Iterator[Panel]:
    """Panels that are meant to ask something."""
    return (panel for panel in panels(board) if panel["type"] != "text")


def variables(board: Board) -> list[Mapping[str, Any]]:
    """The variables in their order."""
    return list(board.get("templating", {}).get("list", ()))


def annotations(board: Board) -> list[Mapping[str, Any]]:
    """The annotations."""
    return list(board.get("annotations", {}).get("list", ()))


def queries(board: Board) -> Iterator[Query]:
    """Everything that is asked of Prometheus: by panels, annotations and variables."""
    for panel in asking(board):
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target.get("expr", ""))
    for note in annotations(board):
        if "expr" in note:
            yield Query(f"annotation {note['name']}", note["expr"])
    for variable in variables(board):
        if variable["type"] == "query" and (found := CALL.fullmatch(variable["query"])):
            yield Query(f"variable {variable['name']}", asked_by(*found.groups()))


def asked_by(call: str, inside: str) -> str:
    """The PromQL inside of a variable's query."""
    return inside.rpartition(",")[0] if call == "label_values" and "," in inside else inside


def used(text: str) -> set[str]:
    """The variables that a text names, but for Grafana's own."""
    names = {one or two or three for one, two, three in VARIABLE.findall(text)}
    return {name for name in names if not name.startswith("__") and not name.isdigit()}


def shape_of(target: Mapping[str, Any], world: World) -> Shape | None:
    """The labels of a query's series; None where it is no PromQL."""
    try:
        return shape(parse(target.get("expr", "")), world)
    except ValueError:
        return None


def names(panel: Panel, world: World) -> set[str]:
    """What the series of a panel are called, as far as the values of labels are known; the rest is ``OPEN``."""
    found: set[str] = set()
    for target in panel.get("targets", ()):
        found |= expanded(target.get("legendFormat", ""), shape_of(target, world) or {})
    return found


def expanded(legend: str, labels: Shape) -> set[str]:
    """A legend with the values of its labels in their places."""
    pieces = re.split(LEGEND, legend)
    choices: list[Iterable[str]] = []
    for place, piece in enumerate(pieces):
        values = labels[piece].values if place % 2 and piece in labels else None
        choices.append([piece] if place % 2 == 0 else sorted(values or {OPEN}))
    return {"".join(words) for words in product(*choices)}


def value_names(panel: Panel) -> list[str]:
    """What Grafana calls the columns of values of a table: one query alone has no letter.

    Source: getValueText in packages/grafana-prometheus/src/result_transformer.ts of https://github.com/grafana/grafana
    """
    targets = [target for target in panel.get("targets", ()) if target.get("format") == "table"]
    return ["Value"] if len(targets) == 1 else [f"Value #{target['refId']}" for target in targets]


def columns(panel: Panel) -> Columns:
    """The columns of a table after its transformations."""
    options: Mapping[str, Any] = next(
        (each["options"] for each in panel.get("transformations", ()) if each["id"] == "organize"), {}
    )
    hidden = {name for name, gone in options.get("excludeByName", {}).items() if gone}
    headings = {name: text for name, text in options.get("renameByName", {}).items() if name not in hidden}
    values = {name: text for name, text in headings.items() if name.partition(" ")[0] == "Value"}
    return Columns({name: text for name, text in headings.items() if name not in values}, values, hidden)
