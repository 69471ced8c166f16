"""Rules about single panels: what they say, in which unit, and whether names in them belong to something."""

import re
from collections.abc import Iterator
from typing import Any

from tests.lints.grafana import (
    AT_END,
    FREE_UNIT,
    LEGEND,
    OF_COLUMNS,
    OVER_TIME,
    UNITS,
    Board,
    Panel,
    annotations,
    asking,
    columns,
    expanded,
    names,
    shape_of,
    value_names,
)
from tests.lints.promql import COMPARISONS, Binary, Call, Negative, Node, Number, Selector, find, parse, parts, scalar
from tests.lints.rulebook import Everything, Finding, Over, rule
from tests.lints.shapes import TARGET, Shape, World, varying

SHORTEST = 40
"""Characters of a description that says something."""
JUDGES = re.compile(r"\b(good|red)\b", re.IGNORECASE)
"""A description says what good looks like, or from where on it is red."""
SAYS = {
    "$window": re.compile(r"\bwindow\b", re.IGNORECASE),
    "1d": re.compile(r"\b(day|24 hours)\b"),
    "7d": re.compile(r"\b(7 days|week|weekly)\b"),
    "28d": re.compile(r"\b28 days\b"),
    "90d": re.compile(r"\b90 days\b"),
}
"""How a description names the time that a query looks back."""
SIGNED = re.compile(r"_(slope|gain|delta|growth|absorbed_ratio|measured_saved|roi)(_|$)")
"""Trends, differences and what is divided by one have a sign."""
NOT_NEGATIVE = frozenset({"clamp_min", "abs", "sqrt"})
PER_DAY = frozenset({"1d"})


def targets(board: Board) -> Iterator[tuple[Panel, dict[str, Any]]]:
    """Every query with its panel."""
    for panel in asking(board):
        for target in panel.get("targets", ()):
            yield panel, target


def node_of(target: dict[str, Any]) -> Node | None:
    """A query's expression, if it is one."""
    try:
        return parse(target.get("expr", ""))
    except ValueError:
        return None


@rule(7, Over.DASHBOARD)
def described(board: Board, everything: Everything) -> Iterator[Finding]:
    """7. A panel has a title, and a description: what is counted, over which time, and what good looks like."""
    if not board.get("description"):
        yield "dashboard", "it has no description"
    for panel in asking(board):
        about = panel.get("description", "")
        if not panel.get("title"):
            yield f"panel {panel.get('id')}", "it has no title"
        if len(about) < SHORTEST:
            yield panel["title"], f"its description has {len(about)} characters"
        elif not JUDGES.search(about):
            yield panel["title"], "its description does not say what good looks like"
        for over in sorted(_looked_back(panel)):
            if over in SAYS and not SAYS[over].search(f"{panel['title']}. {about}"):
                yield panel["title"], f"its description does not say that it looks back {over}"


def _looked_back(panel: Panel) -> set[str]:
    found = set()
    for target in panel.get("targets", ()):
        for selector in find(node, Selector) if (node := node_of(target)) else ():
            found |= {value for label, op, value in selector.matchers if label == "window" and op == "="}
            found |= {selector.over} if selector.range else set()
    return found


@rule(8, Over.DASHBOARD)
def units(board: Board, everything: Everything) -> Iterator[Finding]:
    """8. A panel and every exception in it has a unit that Grafana knows, unless words stand for its numbers."""
    for panel in asking(board):
        config = panel.get("fieldConfig", {})
        defaults = config.get("defaults", {})
        if not defaults.get("mappings"):
            yield from _unit(panel, defaults.get("unit"))
        for override in config.get("overrides", ()):
            for each in override["properties"]:
                if each["id"] == "unit":
                    yield from _unit(panel, each["value"])


def _unit(panel: Panel, unit: str | None) -> Iterator[Finding]:
    if not unit or not (unit in UNITS or FREE_UNIT.fullmatch(unit)):
        yield panel["title"], f"its unit is {unit!r}"


@rule(9, Over.DASHBOARD)
def asks(board: Board, everything: Everything) -> Iterator[Finding]:
    """9. A panel asks something."""
    for panel in asking(board):
        if not [target for target in panel.get("targets", ()) if target.get("expr")]:
            yield panel["title"], "it asks nothing"


@rule(26, Over.DASHBOARD)
def instant(board: Board, everything: Everything) -> Iterator[Finding]:
    """26. What shows one moment asks for one; what shows a course asks for that."""
    for panel, target in targets(board):
        at_end = panel["type"] in AT_END
        if (target.get("instant"), target.get("range")) != (at_end, not at_end):
            yield panel["title"], f"{target.get('refId')} is {'not ' if at_end else ''}asked for one moment"


@rule(27, Over.DASHBOARD)
def legends(board: Board, everything: Everything) -> Iterator[Finding]:
    """27. Series and columns are named, by labels that the query keeps, and by all that tell them apart."""
    for panel, target in targets(board):
        labels = shape_of(target, everything.world)
        if labels is not None:
            table = target.get("format") == "table"
            for sentence in _row(panel, labels) if table else _series(target.get("legendFormat", ""), labels):
                yield panel["title"], f"{target.get('refId')}: {sentence}"
    for panel in asking(board):
        seen: set[str] = set()
        for target in (each for each in panel.get("targets", ()) if each.get("legendFormat")):
            called = expanded(target["legendFormat"], shape_of(target, everything.world) or {})
            for name in sorted(called & seen):
                yield panel["title"], f"two queries are called {name}"
            seen |= called
    for panel in (each for each in asking(board) if each["type"] in OF_COLUMNS):
        kept = set().union(*(shape_of(each, everything.world) or {} for each in panel.get("targets", ())))
        for label in sorted(set(columns(panel).labels) - kept):
            yield panel["title"], f"no query keeps {label}, which has a column"
    for note in annotations(board):
        yield from _annotated(note, everything.world)


def _series(legend: str, labels: Shape) -> Iterator[str]:
    if not legend or legend == "__auto":
        yield "it has no legend"
        return
    named = set(LEGEND.findall(legend))
    for label in sorted(named - set(labels)):
        yield f"the legend names {label}, which the query does not keep"
    for label in sorted(varying(labels) - named):
        if (labels[label].sure or label not in TARGET) and labels[label].by not in named:
            yield f"series that differ by {label} have the same legend"


def _row(panel: Panel, labels: Shape) -> Iterator[str]:
    shown = columns(panel)
    for label in sorted(set(labels) - set(shown.labels) - shown.hidden):
        if labels[label].sure or label not in TARGET:
            yield f"the query keeps {label}, which has no heading"


def _annotated(note: dict[str, Any], world: World) -> Iterator[Finding]:
    labels = shape_of(note, world) if "expr" in note else None
    if labels is None:
        return
    named = set(LEGEND.findall(f"{note.get('titleFormat', '')} {note.get('textFormat', '')}"))
    named |= {each.strip() for each in note.get("tagKeys", "").split(",")} - {""}
    for label in sorted(named - set(labels)):
        yield f"annotation {note['name']}", f"its query does not keep {label}"


@rule(28, Over.DASHBOARD)
def scales(board: Board, everything: Everything) -> Iterator[Finding]:
    """28. Thresholds begin at nothing and rise; what cannot be negative begins at 0; a share ends at 1.

    A small share may end where it says, unless a value is above; what is no share ends nowhere.
    """
    for panel in asking(board):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        steps = [step["value"] for step in defaults.get("thresholds", {}).get("steps", ())]
        if steps and (steps[0] is not None or None in steps[1:] or steps[1:] != sorted(set(steps[1:]))):
            yield panel["title"], f"its thresholds are at {steps}"
        if defaults.get("thresholds", {}).get("mode") == "percentage" and "min" not in defaults:
            yield panel["title"], "its thresholds are percentages of nothing: it has no min"
        if panel["type"] not in {"timeseries", "bargauge", "gauge"}:
            continue
        falls = any(may_fall_below_zero(node) for each in panel.get("targets", ()) if (node := node_of(each)))
        if defaults.get("min") != (None if falls else 0):
            yield (
                panel["title"],
                f"its min is {defaults.get('min')} and its values {'may' if falls else 'cannot'} be negative",
            )
        if defaults.get("unit") == "percentunit":
            if defaults.get("max") != 1 and "axisSoftMax" not in defaults.get("custom", {}):
                yield panel["title"], "it shows shares and says neither that it ends at 1 nor where, if all are small"
            for each in panel["fieldConfig"].get("overrides", ()):
                other = {name["id"]: name["value"] for name in each["properties"]}
                if "max" in defaults and other.get("unit", "percentunit") != "percentunit" and "max" not in other:
                    yield panel["title"], f"its {each['matcher']['options']} is no share and ends at {defaults['max']}"


def may_fall_below_zero(node: Node) -> bool:
    """Whether an expression subtracts what may be more than what it is subtracted from; ages and 1 - share are not."""
    match node:
        case Negative():
            return True
        case Selector(name=name) if SIGNED.search(name):
            return True
        case Binary(op="and" | "unless"):
            return may_fall_below_zero(node.left)
        case Binary(op=">" | ">=", right=Number(value)) if value >= 0 and not node.boolean:
            return False
        case Binary(boolean=False) if node.op in COMPARISONS:
            return may_fall_below_zero(node.right if scalar(node.left) else node.left)
        case Binary(op="-"):
            return not scalar(node.left) or may_fall_below_zero(node.left)
        case Call(name="deriv" | "delta" | "idelta" | "predict_linear"):
            return True
        case Call() if node.name in NOT_NEGATIVE:
            return False
    return any(may_fall_below_zero(part) for part in parts(node))


@rule(29, Over.DASHBOARD)
def overrides(board: Board, everything: Everything) -> Iterator[Finding]:
    """29. What is said of a series, a column or a query by name is said of one that is there."""
    for panel in asking(board):
        table = panel["type"] in OF_COLUMNS
        found = columns(panel).headings if table else names(panel, everything.world)
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            how, what = override["matcher"]["id"], override["matcher"].get("options")
            if how == "byName" and what not in found:
                yield panel["title"], f"nothing is certain to be called {what}"
            if how == "byRegexp" and not any(re.search(what.strip("/"), name) for name in found):
                yield panel["title"], f"nothing is certain to match {what}"
            if how == "byFrameRefID" and what not in {target.get("refId") for target in panel.get("targets", ())}:
                yield panel["title"], f"there is no query {what}"
        yield from ((panel["title"], sentence) for sentence in (_table(panel) if table else _limit(panel)))


def _table(panel: Panel) -> Iterator[str]:
    shown = columns(panel)
    for name in sorted(set(value_names(panel)) - set(shown.values) - shown.hidden):
        yield f"Grafana calls a column of it {name}, which is neither renamed nor hidden"
    for sort in panel.get("options", {}).get("sortBy", ()):
        if sort["displayName"] not in shown.headings:
            yield f"it is sorted by {sort['displayName']}, which is no column"


def _limit(panel: Panel) -> Iterator[str]:
    """A query that is only there for the threshold: its legend is what the transformation looks for."""
    for each in panel.get("transformations", ()):
        if each["id"] == "configFromData":
            legends = {
                t.get("legendFormat") for t in panel["targets"] if t.get("refId") == each["options"]["configRefId"]
            }
            if not legends & {mapping["fieldName"] for mapping in each["options"]["mappings"]}:
                yield f"the limit is called {legends}, and the transformation looks for another name"


@rule(70, Over.DASHBOARD)
def says_what_is_missing(board: Board, everything: Everything) -> Iterator[Finding]:
    """70. A panel without data says in words what is missing."""
    for panel in asking(board):
        words = str(panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", ""))
        if len(words.split()) < 2:
            yield panel["title"], f"without data it says {words!r}"


@rule(71, Over.DASHBOARD)
def steps(board: Board, everything: Everything) -> Iterator[Finding]:
    """71. A course has a shortest step; one that counts by the day has steps of a day, so that nothing counts twice."""
    for panel in (each for each in asking(board) if each["type"] in OVER_TIME):
        if not panel.get("interval"):
            yield panel["title"], "it has no shortest step"
        for target in panel.get("targets", ()):
            over = {each.over for each in find(node, Selector) if each.range} if (node := node_of(target)) else set()
            if over & PER_DAY and target.get("interval", panel.get("interval")) != "1d":
                yield panel["title"], f"{target.get('refId')} counts by the day in steps of {panel.get('interval')}"
