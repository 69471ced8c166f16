"""What a Prometheus scraped over some time, told as numbers and functions of time, in the notation of promtool.

Time is in seconds since promtool's beginning, which is Thursday, 1970-01-01 00:00 UTC, also to ``time()`` in a rule.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from exporter.catalogue import Kind, exported

Value = float | Callable[[int], float | None]
"""A sample: always the same, or by the time of the scrape; None where the series is not on the page."""
Page = Mapping[str, Value]
"""What an exporter shows, by series as the page writes them, without the labels that Prometheus adds."""
Target = Mapping[str, str]
"""The labels that Prometheus adds to all that it scrapes from one target."""

STATIC: Target = {"instance": "exporter:9517", "job": "sdlc"}
POD: Target = {
    "container": "exporter",
    "endpoint": "metrics",
    "instance": "10.0.0.7:9517",
    "job": "sdlc-exporter",
    "namespace": "delivery",
    "pod": "sdlc-exporter-0",
    "service": "sdlc-exporter",
}
"""What a ServiceMonitor makes of a target."""

SERIES = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})?")
LABEL = re.compile(r'(\w+)="([^"]*)"')
ROWS = {row.name: row for row in exported()}


class Scrapes(NamedTuple):
    """A page that a target shows from ``begin`` to just before ``end``, or for as long as anybody looks."""

    page: Page
    target: Target = STATIC
    begin: int = 0
    end: int | None = None

    def at(self, value: Value, time: int) -> float | None:
        """What a series has at one time."""
        if time < self.begin or (self.end is not None and time >= self.end):
            return None
        return value(time) if callable(value) else value


def turns(at: int, before: Value, after: Value) -> Value:
    """One value until just before a time, and another from then on."""

    def value(time: int) -> float | None:
        now = before if time < at else after
        return now(time) if callable(now) else now

    return value


def lives(page: Page, *each: tuple[Target, int, int | None]) -> list[Scrapes]:
    """An exporter that is started again and again, as another target; its own counters begin at zero each time."""

    def anew(series: str, value: Value, begin: int) -> Value:
        if not counts_itself(series):
            return value
        return lambda time: _number(value, time) - _number(value, begin)

    return [
        Scrapes({series: anew(series, value, begin) for series, value in page.items()}, target, begin, end)
        for target, begin, end in each
    ]


def counts_itself(series: str) -> bool:
    """Whether it is a counter of the process, which a restart puts back to zero."""
    name = series.partition("{")[0]
    return name.startswith("sdlc_exporter_") and ROWS[name].kind is Kind.COUNTER


def _number(value: Value, time: int) -> float:
    found = value(time) if callable(value) else value
    assert found is not None
    return found


def input_series(scrapes: Sequence[Scrapes], step: int, length: int) -> list[dict[str, str]]:
    """Every series at each step from 0 to ``length`` seconds.

    Raises:
        AssertionError: the exporter has no such metric, or has it with other labels.
    """
    times = range(0, length + 1, step)
    found: dict[str, list[float | None]] = {}
    for each in scrapes:
        for series, value in each.page.items():
            values = [each.at(value, time) for time in times]
            earlier = found.get(name := scraped(series, each.target))
            found[name] = [a if b is None else b for a, b in zip(earlier or values, values, strict=True)]
    return [{"series": series, "values": notation(values)} for series, values in found.items()]


def scraped(series: str, target: Target) -> str:
    """A series as Prometheus keeps it.

    Raises:
        AssertionError: the exporter has no such metric, or has it with other labels.
    """
    parts = SERIES.fullmatch(series)
    assert parts, series
    labels = dict(LABEL.findall(parts["labels"] or ""))
    row = ROWS.get(parts["name"])
    assert row, f"no metric {parts['name']}"
    assert labels.keys() == set(row.labels), series
    return f"{row.name}{selector({**labels, **target})}"


def selector(labels: Mapping[str, str]) -> str:
    """Labels as PromQL writes them."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def notation(values: Sequence[float | None]) -> str:
    """Values in the notation of promtool: ``7+3x2`` is 7 10 13, ``_x2`` twice nothing.

    ``stale`` is what Prometheus writes where a series leaves the page or its target is gone.
    """
    words = []
    place = 0
    for absent, group in groupby(values, key=lambda value: value is None):
        run = list(group)
        if absent:
            words.append("stale" if place else "_")
            words += [f"_x{len(run) - 1}"] if len(run) > 1 else []
        else:
            words += _runs([each for each in run if each is not None])
        place += len(run)
    return " ".join(words)


def _runs(values: Sequence[float]) -> list[str]:
    words = []
    begin = 0
    while begin < len(values):
        end = begin + 1
        by = values[end] - values[begin] if end < len(values) else 0
        while end < len(values) and values[end] == values[begin] + by * (end - begin):
            end += 1
        first = f"{values[begin]:.15g}"
        words.append(first if end == begin + 1 else f"{first}{by:+.15g}x{end - begin - 1}")
        begin = end
    return words
