"""When an alert would have fired in the past: its expression asked of a Prometheus, and its durations applied."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import yaml

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts.promtool import RULES
from tests.alerts.scrapes import LABEL
from tests.quarter import Quarter

POINTS = 10_000
"""Evaluations of one question; Prometheus answers up to 11,000."""
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


class Episode(NamedTuple):
    """An alert from firing to being resolved (Unix seconds), with the value it had when it fired."""

    labels: Mapping[str, str]
    begin: int
    end: int
    value: float


def rules() -> list[dict[str, Any]]:
    """The rules about reviews, in their order."""
    return list(yaml.safe_load((RULES / "sdlc-review.yaml").read_text())["groups"][0]["rules"])


def alone(expr: str, recorded: Mapping[str, str]) -> str:
    """An expression that needs no recording: each is written out in it.

    What is asked of a recording's labels is asked of the result: PromQL has no other way to ask it of an expression.
    """

    def whole(found: re.Match[str]) -> str:
        inner = f"({alone(recorded[found['name']], recorded)})"
        for label, value in LABEL.findall(found["labels"] or ""):
            inner = f'({inner} and on ({label}) label_replace(vector(1), "{label}", "{value}", "", ""))'
        return inner

    names = "|".join(map(re.escape, recorded))
    return re.sub(rf"(?P<name>{names})(?![\w:])(\{{(?P<labels>[^}}]*)\}})?", whole, expr)


def episodes(server: Quarter, alert: str, step: int = HOUR) -> list[Episode]:
    """Every time that an alert fired, evaluated at whole steps for as long as the data goes.

    What still fires then ends with the data. The data may have its samples further apart than a scrape: the five
    minutes over which rules hold what was there last become as long as the server looks back.
    """
    held = f"[{server.filled.step + 5 * MINUTE}s]"
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    rule = next(rule for rule in rules() if rule.get("alert") == alert)
    wait, keep = (_seconds(rule.get(field, "0m")) for field in ("for", "keep_firing_for"))
    found: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
    begin, last = -(-server.begin // step) * step, server.end
    while begin <= last:
        end = min(begin + (POINTS - 1) * step, last)
        expr = alone(rule["expr"], recorded).replace("[5m]", held)
        for labels, values in server.ask_range(expr, begin, end, step):
            here = found.setdefault(tuple(sorted(labels.items())), {})
            here.update((int(at), value) for at, value in values)
        begin = end + step
    return sorted(
        (
            Episode(dict(labels), fired, resolved, values[fired])
            for labels, values in found.items()
            for fired, resolved in firing(values, wait, keep, step, last)
        ),
        key=lambda each: (each.begin, *each.labels.values()),
    )


def firing(holds: Collection[int], wait: int, keep: int, step: int, last: int) -> list[tuple[int, int]]:
    """From when to when an alert fires whose expression holds at these evaluations, and is evaluated until ``last``.

    As Prometheus does it: pending from the first evaluation at which it holds, firing at the first that is ``wait``
    later if it held all the time, resolved at the first that is ``keep`` later than the first at which it does not.
    """
    found = []
    active = fired = kept = None
    for at in range(min(holds, default=last + 1), last + 1, step):
        if at in holds:
            active, kept = at if active is None else active, None
            fired = at if fired is None and at - active >= wait else fired
        elif fired is None:
            active = None
        else:
            kept = at if kept is None else kept
            if at - kept >= keep:
                found.append((fired, at))
                active = fired = kept = None
    return [*found, (fired, last)] if fired is not None else found


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * UNITS[duration[-1]]
