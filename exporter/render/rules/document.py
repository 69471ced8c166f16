"""docs/alerts.md, written from the rows of the rules."""

import re
from collections.abc import Iterator

from exporter.catalogue import DAY, HOUR
from exporter.config.settings import Thresholds
from exporter.render.rules.files import GROUPS
from exporter.render.rules.rows import MARKER, Alert, Recording, parameters

INTRODUCTION = """\
# Alerts

Written from `exporter/render/rules/` by `exporter/render/rules/document.py`; a test keeps it equal.

The rules are in `alerts/`, plain files of Prometheus that need nothing else of ours; `sdlc-exporter rules -o DIR`
writes the same, and the Helm chart installs them. Three things can be set, each in one place:

- **Thresholds** are metrics of the exporter (`sdlc_threshold_*`), set under `thresholds` in its
  [configuration](configuration.md#thresholds), so that panels draw the number that alerts compare with.
- **Durations** are parameters of the rules: `sdlc-exporter rules --param NAME=DURATION`, in the chart
  `prometheusRule.params`.
- **Who hears of it, and when**, is Alertmanager's: `deploy/alertmanager/alertmanager.yml` is an example with routes by
  severity, working hours, and an inhibition of what depends on a stale stream of a source.

*Critical* is for a queue that grows and for an exporter that is gone; everything else is a *warning* or *info*. Alerts
are silent while a stream that their numbers rest on is stale: what is not known is not alarmed, and of the stream
SdlcSourceStale tells. None of them needs more than four days of Prometheus' memory; what looks back further is computed
by the exporter from stored facts.

Give every exporter a job of its own: by cluster, namespace and job the rules tell one from another, and two under one
job are taken for one that was restarted.
"""

THRESHOLD = re.compile(r'sdlc_threshold_(seconds|ratio|changes)\{name="(\w+)"\}')
RESTS = re.compile(r'repository_info:(?:fresh|stale)\{stream="(\w+)"\}')
RECORDINGS = [row for group in GROUPS.values() for row in group.rows if isinstance(row, Recording)]
SECTIONS = {"seconds": "seconds", "ratio": "ratios", "changes": "changes"}
"""The section of the configuration for each metric of thresholds."""


def render() -> str:
    """All alerts and recorded series, as Markdown."""
    alerts = [alert for group in GROUPS.values() for alert in group.alerts]
    return "\n".join([INTRODUCTION, *_index(alerts), *(line for each in alerts for line in _alert(each)), *_records()])


def _index(alerts: list[Alert]) -> Iterator[str]:
    yield from ("| alert | severity | speaks after | when |", "|---|---|---|---|")
    for each in alerts:
        yield f"| [{each.name}](#{each.name.lower()}) | {each.severity} | {each.wait} | {each.summary} |"
    yield ""


def _alert(alert: Alert) -> Iterator[str]:
    yield from (f"## {alert.name}", "", alert.summary, "")
    yield f"- severity: {alert.severity}; [what to do](runbooks/{alert.name}.md)"
    if streams := dict.fromkeys(RESTS.findall(alert.expr)):
        yield f"- rests on: {', '.join(f'`{each}`' for each in streams)}"
    if thresholds := _thresholds(_whole(alert.expr)):
        yield f"- thresholds: {', '.join(thresholds)}"
    yield f"- parameters: {', '.join(f'`{name}` ({value})' for name, value in _durations(alert))}"
    yield ""


def _whole(expr: str) -> str:
    """An expression followed by those of the recorded series it reads, and of those that these read."""
    named = re.findall(r"[\w:]+", expr)
    return "\n".join([expr, *(_whole(each.expr) for each in RECORDINGS if each.record in named)])


def _thresholds(expr: str) -> list[str]:
    found = dict.fromkeys(THRESHOLD.findall(expr))
    return [f"`thresholds.{SECTIONS[unit]}.{name}` ({_default(unit, name)})" for unit, name in found]


def _default(unit: str, name: str) -> str:
    value = getattr(Thresholds(), SECTIONS[unit])[name]
    if unit != "seconds":
        return f"{value:g}"
    return f"{value / DAY:g} d" if value > 2 * DAY else f"{value / HOUR:g} h"


def _durations(alert: Alert) -> Iterator[tuple[str, str]]:
    window = MARKER.search(alert.expr)
    values = {"for": alert.wait, "keep_firing_for": alert.keep, "window": window[0].strip("[]") if window else ""}
    for name in parameters(alert):
        yield name, values[name.rpartition(".")[2]]


def _records() -> Iterator[str]:
    yield from ("## Recorded series", "", "What the alerts rest on; named level, metric and operation.", "")
    for name, group in GROUPS.items():
        for row in group.rows:
            if isinstance(row, Recording):
                yield f"- `{row.record}` in `{name}`"
    yield ""
