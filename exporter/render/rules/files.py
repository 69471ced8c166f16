"""Recording and alerting rules: from rows to the rule files of Prometheus, which work without anything else of ours.

Thresholds are metrics of the exporter, so that panels draw and alerts compare the same number. What a rule file itself
decides are durations, and these are parameters: ``ALERT.for``, ``ALERT.keep_firing_for`` and, where the expression
marks a range by a comment, ``ALERT.window``.
"""

import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

import yaml
from msgspec.structs import replace

from exporter.errors import ConfigError
from exporter.render.rules import exporter, review
from exporter.render.rules.rows import GRAFANA, MARKER, RUNBOOKS, Alert, Group, Recording, parameters

EXPORTER = "cluster, namespace, job"
"""What tells one exporter from another, ``$exporter`` in an expression; labels that are not there match as empty."""
POD = "instance, pod"
"""What a restart of an exporter may change, ``$pod``: an alert that kept it would begin anew with each pod. Rules take
the maximum over it, so that two pods that overlap for a moment count once."""

DURATION = re.compile(r"(?=.*[1-9])([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?")
"""A duration as Prometheus writes it, longer than none. Source: https://prometheus.io/docs/prometheus/latest/querying/basics/"""

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
"""In milliseconds."""
SCRAPED_TWICE = "5m"
"""No window is shorter: Prometheus forgets a target that it has not scraped for so long."""

HEADER = """\
# Written by `sdlc-exporter rules`; edit exporter/render/rules/ and not this file.
# Thresholds are metrics of the exporter (sdlc_threshold_*), from its configuration. Durations are parameters:
# sdlc-exporter rules -o DIR --param SdlcReviewQueueGrowing.for=8h
"""


GROUPS = {"sdlc-review.yaml": review.GROUP, "sdlc-exporter.yaml": exporter.GROUP}
"""Each rule file, and the group it holds."""
ALERTS = [alert for group in GROUPS.values() for alert in group.alerts]


def files(
    params: Mapping[str, str] | None = None, *, runbooks: str = RUNBOOKS, grafana: str = GRAFANA
) -> dict[str, str]:
    """Name and content of each rule file; ``params`` are durations by ``ALERT.for`` and the like.

    Raises:
        ConfigError: a parameter that does not exist, a value that is no duration of Prometheus or with which the alert
            could never fire, or no address.
    """
    params = params or {}
    if faults := [*_unknown(params), *_no_durations(params)] or list(_never(params)):
        raise ConfigError("\n".join(faults))
    for url in (runbooks, grafana):
        if "{{" in url or not url.startswith(("http://", "https://")):
            raise ConfigError(f"{url}: not an address; write one such as https://grafana.example.org")
    links = (runbooks.rstrip("/"), grafana.rstrip("/"))
    return {name: HEADER + _yaml(group, params, *links) for name, group in GROUPS.items()}


def _unknown(params: Mapping[str, str]) -> Iterator[str]:
    known = {alert.name: parameters(alert) for alert in ALERTS}
    for name in params:
        alert = name.partition(".")[0]
        if alert not in known:
            yield f"--param {name}: there is no alert {alert}; there are {', '.join(sorted(known))}"
        elif name not in known[alert]:
            yield f"--param {name}: there is no such parameter; {alert} has {' and '.join(known[alert])}"


def _no_durations(params: Mapping[str, str]) -> Iterator[str]:
    for name, value in params.items():
        if not DURATION.fullmatch(value):
            yield f"--param {name}={value}: not a duration of Prometheus; write 30m, 4h or 1h30m"


def _never(params: Mapping[str, str]) -> Iterator[str]:
    """Alerts that could not fire any more."""
    for alert in ALERTS:
        mark = MARKER.search(alert.expr)
        if mark is None:
            continue
        window = params.get(f"{alert.name}.window", mark[0].strip("[]"))
        wait = params.get(f"{alert.name}.for", alert.wait)
        if _milliseconds(window) < _milliseconds(SCRAPED_TWICE):
            yield f"--param {alert.name}.window={window}: Prometheus may not scrape twice within it; write 5m or more"
        elif mark[1] and _milliseconds(window) <= _milliseconds(wait):
            yield f"--param {alert.name}: its window {window} is over before its for {wait} is, and it would never fire"


def _milliseconds(duration: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([a-z]+)", duration))


def _yaml(group: Group, params: Mapping[str, str], runbooks: str, grafana: str) -> str:
    rows = [
        _alert(_set(row, params), runbooks, grafana) if isinstance(row, Alert) else _recording(row)
        for row in group.rows
    ]
    document = {"groups": [{"name": group.name, "rules": rows}]}
    return yaml.dump(document, Dumper=_Blocks, sort_keys=False, width=10_000, allow_unicode=True)


def _recording(row: Recording) -> dict[str, Any]:
    return {"record": row.record, "expr": _text(row.expr)}


def _set(alert: Alert, params: Mapping[str, str]) -> Alert:
    window = params.get(f"{alert.name}.window")
    return replace(
        alert,
        wait=params.get(f"{alert.name}.for", alert.wait),
        keep=params.get(f"{alert.name}.keep_firing_for", alert.keep),
        expr=MARKER.sub(f"[{window}]", alert.expr) if window else alert.expr,
    )


def _alert(row: Alert, runbooks: str, grafana: str) -> dict[str, Any]:
    uid, *variables = row.dashboard
    query = "&".join(f"var-{each}={{{{ $labels.{each} | urlquery }}}}" for each in variables)
    return {
        "alert": row.name,
        "expr": _text(row.expr),
        "for": row.wait,
        **({"keep_firing_for": row.keep} if row.keep else {}),
        "labels": {"severity": row.severity},
        "annotations": {
            "summary": row.summary,
            "description": row.description,
            "runbook_url": f"{runbooks}/{row.name}.md",
            "dashboard_url": f"{grafana}/d/{uid}{'?' if query else ''}{query}",
        },
    }


def _text(expr: str) -> str:
    whole = Template(expr.strip("\n")).substitute(exporter=EXPORTER, pod=POD)
    return whole + "\n" if "\n" in whole else whole


class _Blocks(yaml.SafeDumper):
    """Expressions as literal blocks, as people write them."""


_Blocks.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if text.endswith("\n") else None
    ),
)
