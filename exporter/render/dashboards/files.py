"""From rows of panels to the JSON of a dashboard: places, ids, variables, links and annotations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporter.measures.windows import WINDOWS
from exporter.model import Origin
from exporter.render.dashboards import (
    ai,
    code,
    exporter,
    gain,
    overview,
    quality,
    releases,
    repositories,
    review,
    tests,
)
from exporter.render.dashboards.panels import PURPLE, RED, SOURCE, Panel
from exporter.render.dashboards.rows import Dashboard, described
from exporter.render.dashboards.series import largest, series

TAG = "sdlc"
COLUMNS = 24
"""Width of Grafana's grid."""
EVERYTHING = ".+"


DASHBOARDS = (
    overview.DASHBOARD,
    gain.DASHBOARD,
    review.DASHBOARD,
    tests.DASHBOARD,
    quality.DASHBOARD,
    releases.DASHBOARD,
    ai.DASHBOARD,
    code.DASHBOARD,
    repositories.DASHBOARD,
    exporter.DASHBOARD,
)


def files() -> dict[str, str]:
    """Name and content of each dashboard's file."""
    return {f"{each.uid}.json": render(each) for each in DASHBOARDS}


def render(dashboard: Dashboard) -> str:
    """The dashboard as Grafana imports and provisions it."""
    whole = {
        "uid": dashboard.uid,
        "title": f"SDLC / {dashboard.title}",
        "description": dashboard.about,
        "tags": [TAG],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5m",
        "time": {"from": dashboard.since, "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "links": [LINKS],
        "annotations": {"list": [BUILT_IN, RELEASES, FIRING, *([ADOPTION] if "team" in dashboard.variables else [])]},
        "templating": {"list": [VARIABLES[name] for name in dashboard.variables]},
        "panels": list(_placed(dashboard)),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _placed(dashboard: Dashboard) -> Iterator[Panel]:
    """Every panel with its place and id, rows above their panels; a line is full before the next begins.

    Raises:
        ValueError: a line is not filled, or its panels differ in height.
    """
    top, number = 0, 0
    for row in dashboard.rows:
        number += 1
        yield {
            "collapsed": False,
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top},
            "id": number,
            "panels": [],
            "title": row.title,
            "type": "row",
        }
        top, left, line = top + 1, 0, 0
        for panel in row.panels:
            width, height = panel["size"]
            if left and height != line:
                raise ValueError(f"{row.title}: {panel['title']} is not as high as its neighbours")
            number += 1
            place = {"gridPos": {"h": height, "w": width, "x": left, "y": top}, "id": number}
            told = described(panel, dashboard)
            yield {key: value for key, value in told.items() if key != "size"} | place
            left, line = left + width, height
            if left > COLUMNS:
                raise ValueError(f"{row.title}: {panel['title']} is wider than what is left of its line")
            if left == COLUMNS:
                top, left = top + height, 0
        if left:
            raise ValueError(f"{row.title}: the last line is not filled")


def _asked(name: str, label: str, query: str, **more: Any) -> Mapping[str, Any]:
    """A variable whose values Prometheus knows."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "hide": 0,
        "skipUrlSync": False,
        "current": {},
        "options": [],
        **more,
    }


def _listed(name: str, label: str, values: Sequence[str], default: str, **more: Any) -> Mapping[str, Any]:
    """A variable with a fixed list of values."""
    shown = ["All", *values] if more.get("includeAll") else values
    options = [
        {"text": each, "value": "$__all" if each == "All" else each, "selected": each == default} for each in shown
    ]
    return {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(values),
        "hide": 0,
        "skipUrlSync": False,
        "current": next(each for each in options if each["selected"]),
        "options": options,
        "multi": False,
        "includeAll": False,
        **more,
    }


SEVERAL = {"multi": True, "includeAll": True, "allValue": EVERYTHING}
ONE = {"multi": False, "includeAll": False}

VARIABLES: dict[str, Mapping[str, Any]] = {
    "datasource": {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "skipUrlSync": False,
        "current": {},
        "options": [],
        "multi": False,
        "includeAll": False,
    },
    "job": _asked("job", "Job", "label_values(sdlc_exporter_build_info, job)", **SEVERAL),
    "team": _asked(
        "team",
        "Team",
        'label_values(sdlc_team_repository_info{job=~"$job"}, team)',
        **ONE | {"current": {"text": "all", "value": "all", "selected": True}},
    ),
    "repository": _asked(
        "repository",
        "Repository",
        'label_values(sdlc_team_repository_info{job=~"$job", team="$team", repository!~"all|other"}, repository)',
        **SEVERAL,
    ),
    "source": _asked("source", "Source", 'label_values(sdlc_exporter_repositories{job=~"$job"}, source)', **SEVERAL),
    "origin": _listed("origin", "Origin", [str(each) for each in Origin], "All", **SEVERAL),
    "window": _listed("window", "Window", list(WINDOWS), "28d"),
}

LINKS = {
    "asDropdown": True,
    "icon": "external link",
    "includeVars": True,
    "keepTime": True,
    "tags": [TAG],
    "targetBlank": False,
    "title": "SDLC",
    "type": "dashboards",
}
ADOPTION = {
    # The value is the time to mark, which Grafana reads in milliseconds; so it is the same wherever it is asked for.
    # Source: https://grafana.com/docs/grafana/latest/datasources/prometheus/annotations/
    "datasource": SOURCE,
    "enable": True,
    "expr": f"1000 * {largest(series('sdlc_adoption_timestamp_seconds', scope='$team'), 'scope')}",
    "hide": False,
    "iconColor": PURPLE,
    "name": "Adoption of AI",
    "step": "1h",
    "tagKeys": "scope",
    "textFormat": "{{scope}}",
    "titleFormat": "Adoption of AI",
    "useValueForTime": True,
}
BUILT_IN = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}
RELEASES = {
    # Whatever releases can post an annotation with this tag to Grafana.
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": False,
    "iconColor": "blue",
    "name": "Releases",
    "target": {"limit": 100, "matchAny": False, "tags": ["release"], "type": "tags"},
}
FIRING = {
    "datasource": SOURCE,
    "enable": True,
    "expr": 'ALERTS{job=~"$job", alertname=~"Sdlc.+", alertstate="firing", severity!="info"}',
    "hide": False,
    "iconColor": RED,
    "name": "Firing alerts",
    "step": "1h",
    "tagKeys": "severity",
    "textFormat": "{{repository}} {{team}} {{source}}",
    "titleFormat": "{{alertname}}",
}
