"""Panels of Grafana as plain dicts: how each kind of panel looks, said once.

The JSON is Grafana's dashboard model of schema version 39, which Grafana 10.4 and newer read.
Source: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Panel = dict[str, Any]
Query = dict[str, Any]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = "green", "yellow", "orange", "red", "blue", "purple", "#8e8e8e"
COLOURS = {
    # origins
    "agentic": PURPLE,
    "assisted": BLUE,
    "unmarked": "#b4b4b4",
    "bot": "#6e6e6e",
    # stages
    "coding": "#3cb3a9",
    "pickup": "#ff9830",
    "review": "#f2cc0c",
    "merge_wait": "#8f8fe0",
    "unreviewed": "#c4162a",
    "qa": "#b877d9",
    "deploy_wait": "#5794f2",
    # states of the queue
    "awaiting_review": ORANGE,
    "awaiting_rereview": "light-orange",
    "changes_requested": "light-red",
    "commented": "light-blue",
    "approved": GREEN,
    # what ends a wait, beside review
    "merge": RED,
    "close": GREY,
    "draft": "light-blue",
    # reviewers, beside bot
    "human": BLUE,
    # states of repositories
    "ok": GREEN,
    "loading": "light-blue",
    "failing": RED,
    "gone": GREY,
    # how polls end
    "success": GREEN,
    "partial": YELLOW,
    "failure": RED,
    # results of CI, beside success and failure
    "error": PURPLE,
    "timeout": ORANGE,
    "cancellation": GREY,
    "skip": "#b4b4b4",
    # branches
    "change": BLUE,
    "default": "#3cb3a9",
    # how red became green
    "test_fix": ORANGE,
    "true_catch": GREEN,
    "mixed": YELLOW,
    "flake": RED,
    "other": GREY,
    # work on tests, and their layers
    "update": ORANGE,
    "new": GREEN,
    "unit": GREEN,
    "integration": YELLOW,
    "e2e": ORANGE,
    # what named an escaped change
    "revert": RED,
    "named_fix": ORANGE,
    "incident": PURPLE,
    "suspect": BLUE,
    # where defects were found
    "production": RED,
    "before_release": GREEN,
    "unstated": GREY,
    # themes of retrospectives, beside review and qa
    "ci": BLUE,
    "environment": "#3cb3a9",
    "requirements": "light-green",
    # severities of findings
    "critical": RED,
    "high": ORANGE,
    "medium": YELLOW,
    "low": "light-blue",
    "unknown": GREY,
    # what became of a gain
    "absorbed": RED,
    "passed": GREEN,
    "no_gain": BLUE,
    "inconclusive": YELLOW,
    "insufficient_data": GREY,
    "not_measurable": "#6e6e6e",
    # intervals
    "lower": "light-blue",
    "estimate": BLUE,
    "upper": ORANGE,
}
"""One colour for each word, on every panel."""

LIMIT = "limit"
"""The legend of a threshold on a panel of lines."""
BASELINE = "90 d"
"""How the legend of an own baseline ends."""
CONTEXT = ("LinearB", "Faros", "GitClear")
"""How the legends of industry figures begin: dotted references, never targets."""


def ask(expr: str, legend: str = "", *, at_end: bool = False, form: str = "time_series") -> Query:
    """One query. ``at_end``: only its value at the end of the dashboard's time range."""
    query: Query = {"datasource": SOURCE, "editorMode": "code", "expr": expr, "format": form}
    query |= {"instant": True, "range": False} if at_end else {"instant": False, "range": True}
    if legend:
        query["legendFormat"] = legend
    if "$__rate_interval" in expr:
        # Grafana makes it four of these; by itself it supposes a scrape every 15 s, and finds nothing where it is 60.
        query["interval"] = "1m"
    return query


def stat(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    unit: str,
    none: str,
    decimals: int | None = None,
    limit: str = "",
    words: Mapping[int, tuple[str, str]] | None = None,
    shows: str = "auto",
    width: int = 4,
    links: Sequence[dict[str, Any]] = (),
) -> Panel:
    """One or a few numbers.

    ``limit`` is a query for the threshold from which on they are red. ``words`` are shown instead of numbers, each in
    its colour. ``shows`` is Grafana's text mode, such as ``name`` for the legend instead of the value.
    """
    panel = _panel("stat", title, about, queries, unit, none, (width, 4), decimals, links=links)
    panel["fieldConfig"]["defaults"] |= {
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]},
    }
    if words:
        panel["fieldConfig"]["defaults"]["mappings"] = mapped(words)
    panel["options"] = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": shows,
        "wideLayout": True,
    }
    if limit:
        _limited(panel, limit)
    return panel


def lines(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    unit: str,
    none: str,
    width: int = 12,
    height: int = 8,
    decimals: int | None = None,
    step: str = "1h",
    bars: bool = False,
    stack: str = "none",
    limit: str = "",
    share: bool = False,
    soft: float | None = None,
    least: float | None = 0,
    overrides: Sequence[dict[str, Any]] = (),
) -> Panel:
    """Values over time. ``stack``: ``normal`` adds up, ``percent`` shows shares. ``limit`` asks for a threshold.

    ``share``: the axis ends at 1. ``soft``: where the axis of a small share ends unless a value is above it, so that
    neither all of it lies at the bottom nor a trifle looks like a leap.
    """
    asked = [*queries, *([ask(limit, LIMIT)] if limit else [])]
    panel = _panel("timeseries", title, about, asked, unit, none, (width, height), decimals, overrides)
    filled = bars or stack != "none"
    defaults = panel["fieldConfig"]["defaults"]
    defaults |= {
        "color": {"mode": "palette-classic"},
        "custom": {
            "axisBorderShow": False,
            "axisLabel": "",
            "axisPlacement": "auto",
            "barAlignment": 0,
            "drawStyle": "bars" if bars else "line",
            "fillOpacity": 70 if filled else 0,
            "lineInterpolation": "linear",
            "lineWidth": 0 if filled else 1.5,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": stack},
            "thresholdsStyle": {"mode": "off"},
        },
    }
    if least is not None:
        defaults["min"] = least
    if share:
        defaults["max"] = 1
    if soft is not None:
        defaults["custom"]["axisSoftMax"] = soft
    panel["fieldConfig"]["overrides"] += [LIMIT_LINE] * bool(limit)
    panel["interval"] = step
    panel["options"] = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def heatmap(
    title: str, about: str, queries: Sequence[Query], *, unit: str, none: str, width: int, step: str = "1d"
) -> Panel:
    """How many readings of a histogram fell between its bounds, over time."""
    panel = _panel("heatmap", title, about, queries, unit, none, (width, 8))
    panel["interval"] = step
    panel["options"] = {
        "calculate": False,
        "cellGap": 2,
        "cellValues": {"unit": "short", "decimals": 0},
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "scheme": "Oranges", "steps": 32},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    return panel


def gauges(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    unit: str,
    none: str,
    width: int = 8,
    height: int = 8,
    decimals: int | None = None,
    colour: str = BLUE,
    links: Sequence[dict[str, Any]] = (),
) -> Panel:
    """A horizontal bar for each value, as long as it is large."""
    panel = _panel("bargauge", title, about, queries, unit, none, (width, height), decimals, links=links)
    panel["fieldConfig"]["defaults"] |= {
        "color": {"fixedColor": colour, "mode": "fixed"},
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": [{"color": colour, "value": None}]},
    }
    panel["options"] = {
        "displayMode": "basic",
        "maxVizHeight": 300,
        "minVizHeight": 14,
        "minVizWidth": 8,
        "namePlacement": "left",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }
    return panel


def table(
    title: str,
    about: str,
    columns: Mapping[str, str],
    queries: Mapping[str, str],
    *,
    none: str,
    sort: str,
    down: bool = True,
    width: int = 24,
    height: int = 10,
    overrides: Sequence[dict[str, Any]] = (),
) -> Panel:
    """A row for each combination of labels, with a column for each of ``columns`` (label to heading) and each query.

    ``queries`` are by the heading of their column; each gives one value per row. A query whose heading is empty only
    brings labels.
    """
    asked = [ask(expr, at_end=True, form="table") for expr in queries.values()]
    panel = _panel("table", title, about, asked, "short", none, (width, height), overrides=overrides)
    # Grafana calls the values of several queries by their letters, and those of a single one just so.
    values = ["Value"] if len(queries) == 1 else [f"Value #{_ref(place)}" for place in range(len(queries))]
    headings = dict(columns) | {value: name for value, name in zip(values, queries, strict=True) if name}
    hidden = ["Time", *(value for value, name in zip(values, queries, strict=True) if not name)]
    panel["fieldConfig"]["defaults"] |= {
        "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "minWidth": 70},
    }
    panel["fieldConfig"]["overrides"].insert(0, EMPTY_CELLS)
    panel["options"] = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": down, "displayName": sort}],
    }
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": dict.fromkeys(hidden, True),
                "indexByName": {name: place for place, name in enumerate(headings)},
                "renameByName": headings,
            },
        },
    ]
    return panel


def timeline(
    title: str, about: str, queries: Sequence[Query], *, words: Mapping[int, tuple[str, str]], none: str, width: int,
    height: int = 8,
) -> Panel:  # fmt: skip
    """What state something was in, over time, each in its colour."""
    panel = _panel("state-timeline", title, about, queries, "short", none, (width, height))
    panel["fieldConfig"]["defaults"] |= {
        "color": {"mode": "thresholds"},
        "custom": {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False},
        "mappings": mapped(words),
        "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]},
    }
    panel["interval"] = "15m"
    panel["options"] = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel


def text(title: str, markdown: str, *, width: int = 24, height: int = 4) -> Panel:
    """Words."""
    return {
        "type": "text",
        "title": title,
        "size": (width, height),
        "options": {"content": markdown.strip(), "mode": "markdown"},
    }


# Overrides


def override(name: str, **properties: Any) -> dict[str, Any]:
    """Other looks for the series or column of this name; dots in a property's name are written as two underscores."""
    return _override({"id": "byName", "options": name}, properties)


FILTERS = ("datasource", "job", "origin", "window")
"""The variables that a link to another repository or team takes along."""


def link(
    title: str, dashboard: str, variable: str = "", value: str = "__value.raw", filters: Sequence[str] = FILTERS
) -> list[dict[str, Any]]:
    """Leads to a dashboard at the same time, with a variable set to what was clicked on.

    Without a variable all of them are kept. ``value`` is a variable of Grafana's data links.
    Source: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-data-links/
    """
    kept = ["${__all_variables}"]
    if variable:
        kept = [*(f"${{{name}:queryparam}}" for name in filters), f"var-{variable}=${{{value}:percentencode}}"]
    return [{"title": title, "url": f"/d/{dashboard}?{'&'.join(kept)}&${{__url_time_range}}"}]


def coloured(words: Iterable[str]) -> list[dict[str, Any]]:
    """Each word in its colour."""
    return [override(word, color={"fixedColor": COLOURS[word], "mode": "fixed"}) for word in words]


def baselines(words: Iterable[str]) -> list[dict[str, Any]]:
    """A dotted line for each word's own baseline, in the word's colour."""
    return dotted(words, BASELINE)


def dotted(words: Iterable[str], what: str) -> list[dict[str, Any]]:
    """A dotted line for what belongs to each word, in the word's colour; legends are "word, what"."""
    return [
        override(f"{word}, {what}", color={"fixedColor": COLOURS.get(word, GREY), "mode": "fixed"}, **DOTTED)
        for word in words
    ]


def counted(name: str) -> dict[str, Any]:
    """How many readings the other lines rest on: a pale area with an axis of its own."""
    return override(
        name,
        color={"fixedColor": GREY, "mode": "fixed"},
        custom__axisPlacement="right",
        custom__axisLabel=name,
        custom__fillOpacity=10,
        custom__lineWidth=0,
        decimals=0,
        max=None,  # not that of a share
        unit="locale",
    )


def _override(matcher: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    found = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": matcher, "properties": found}


DOTTED: dict[str, Any] = {"custom__lineStyle": {"dash": [2, 6], "fill": "dot"}, "custom__lineWidth": 1}
NAME_WIDTH: dict[str, Any] = {"custom__width": 170}
NAMES = override("Repository", **NAME_WIDTH)
"""The column of repositories is as wide as their names, where many columns share the width."""
COLOURED_TEXT: dict[str, Any] = {"custom__cellOptions": {"type": "color-text"}, "custom__align": "right"}
EMPTY_CELLS = _override({"id": "byRegexp", "options": "/.*/"}, {"noValue": "–"})
LIMIT_LINE = override(
    LIMIT,
    color={"fixedColor": RED, "mode": "fixed"},
    custom__fillOpacity=0,
    custom__lineStyle={"dash": [10, 10], "fill": "dash"},
    custom__lineWidth=1,
    custom__stacking={"group": "B", "mode": "none"},
)
CONTEXT_LINES = _override(
    {"id": "byRegexp", "options": f"/^({'|'.join(CONTEXT)})/"},
    {"color": {"fixedColor": GREY, "mode": "fixed"}, **DOTTED},
)


# What all panels have


def _panel(
    kind: str,
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str,
    none: str,
    size: tuple[int, int],
    decimals: int | None = None,
    overrides: Sequence[dict[str, Any]] = (),
    links: Sequence[dict[str, Any]] = (),
) -> Panel:
    defaults: dict[str, Any] = {"noValue": none, "unit": unit}
    if decimals is not None:
        defaults["decimals"] = decimals
    if links:
        defaults["links"] = list(links)
    return {
        "type": kind,
        "title": title,
        "description": about,
        "size": size,
        "datasource": SOURCE,
        "targets": [{**query, "refId": _ref(place)} for place, query in enumerate(queries)],
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
    }


def _ref(place: int) -> str:
    """A, B, … Z."""
    return chr(ord("A") + place)


def mapped(words: Mapping[int, tuple[str, str]]) -> list[dict[str, Any]]:
    """A word and a colour for each value."""
    options = {str(value): {"color": colour, "text": word} for value, (word, colour) in words.items()}
    return [{"options": options, "type": "value"}]


def _limited(panel: Panel, limit: str) -> None:
    """Takes the limit, which is asked for too, as the value that counts as 100 %: red from there, yellow before."""
    query = {**ask(limit, LIMIT, at_end=True), "refId": "Limit"}
    mappings = [{"fieldName": name, "handlerKey": "max", "reducerId": "lastNotNull"} for name in (LIMIT, "Value")]
    steps = [{"color": GREEN, "value": None}, {"color": YELLOW, "value": 75}, {"color": RED, "value": 100}]
    panel["targets"].append(query)
    panel["transformations"] = [
        {"id": "configFromData", "options": {"configRefId": "Limit", "mappings": mappings}},
    ]
    panel["fieldConfig"]["defaults"] |= {"min": 0, "thresholds": {"mode": "percentage", "steps": steps}}
