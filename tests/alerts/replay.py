"""What the exporter would have shown of changes whose whole story is in its ledger, hour by hour, and in a Prometheus.

The gauges are made anew from the ledger's readings, for every hour at once; a test holds them against those that
``once --at`` prints. Each organisation is a team. A repository is there from its first change to 14 days after its last
event. All sources are read without fault, and the thresholds are those of a configuration that sets none.
"""

import json
import sqlite3
import subprocess
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR
from exporter.measures.windows import percentile
from exporter.working_hours import WorkingHours
from tests.alerts.healthy import thresholds
from tests.alerts.promtool import PROMTOOL
from tests.alerts.scrapes import STATIC, scraped
from tests.quarter import Filled

SOURCE = "forge"
AFTER = 14 * DAY
WEEK, MONTH, QUARTER = 7 * DAY, 28 * DAY, 90 * DAY
LOOK_BACK = DAY
"""Samples are written where they change, and so many seconds apart where they do not."""
BLOCK = "4374h"
"""promtool reads the whole text once for each block: few long ones cover eight years."""
CLOCK = WorkingHours()

Steps = list[tuple[int, float]]
"""A gauge: since which hour (Unix seconds) it has which value."""


class Span(NamedTuple):
    """Whole hours, in Unix seconds, for which something is there."""

    begin: int
    end: int


class Reading(NamedTuple):
    """A row of the ledger."""

    metric: str
    repository: str
    change: int
    at: int
    labels: tuple[str, ...]
    value: int


class Ledger(NamedTuple):
    """All readings by date, and when each repository is there."""

    readings: list[Reading]
    spans: dict[str, Span]


def ledger(path: Path) -> Ledger:
    """What a store's file holds."""
    db = sqlite3.connect(path)
    words = dict(db.execute("SELECT id, text FROM word"))
    named = dict(db.execute("SELECT id, name FROM repository"))
    rows = db.execute("SELECT metric, repository, subject, at, labels, value FROM ledger ORDER BY at")
    readings = [
        Reading(words[metric], named[repository], subject, at, tuple(json.loads(words[labels])), value)
        for metric, repository, subject, at, labels, value in rows
    ]
    last = dict(
        db.execute("SELECT repository, max(at) FROM event JOIN subject ON subject.id = subject GROUP BY repository")
    )
    db.close()
    first: dict[str, int] = {}
    for each in readings:
        if each.metric == "sdlc_changes_opened_total":
            first.setdefault(each.repository, each.at)
    spans = {
        named[key]: Span(_up(first[named[key]]), _up(at + AFTER)) for key, at in last.items() if named[key] in first
    }
    return Ledger(readings, spans)


def team(repository: str) -> str:
    """The organisation."""
    return repository.partition("/")[0].lower()


def _up(at: int) -> int:
    """The first whole hour at or after it: the first scrape that shows it."""
    return -(-at // HOUR) * HOUR


# Gauges


def gauges(book: Ledger) -> dict[str, tuple[Span, Steps]]:
    """Every gauge by its series, when it is there, and its values."""
    found: dict[str, tuple[Span, Steps]] = {}
    of_repository, of_team = defaultdict(list), defaultdict(list)
    for each in book.readings:
        of_repository[each.repository].append(each)
        of_team[team(each.repository)].append(each)
    spans: dict[str, Span] = {}
    for repository, span in book.spans.items():
        for series, steps in _of_repository(repository, of_repository[repository], span.end):
            found[series] = span, steps
        before = spans.get(team(repository), span)
        spans[team(repository)] = Span(min(before.begin, span.begin), max(before.end, span.end))
    for name, span in spans.items():
        for series, steps in _of_team(name, of_team[name]):
            found[series] = span, steps
    return found


def _of_repository(repository: str, here: list[Reading], end: int) -> Iterator[tuple[str, Steps]]:
    label = f'repository="{repository}"'
    yield f'sdlc_repository_info{{{label},source="{SOURCE}",team="{team(repository)}"}}', [(0, 1)]
    entered = [each for each in here if each.metric == "sdlc_review_queue_entered_total"]
    left = [each for each in here if each.metric == "sdlc_review_queue_left_total"]
    for direction, readings in (("in", entered), ("out", left)):
        series = f'sdlc_review_queue_flow_changes{{{label},direction="{direction}",window="7d"}}'
        yield series, _count(readings, WEEK)
    for origin in {each.labels[0] for each in entered}:
        changes = Counter(_up(each.at) for each in entered if each.labels[0] == origin)
        changes.subtract(_up(each.at) for each in left if each.labels[0] == origin)
        yield f'sdlc_review_queue_changes{{{label},origin="{origin}",state="awaiting_review"}}', _sums(changes)
    yield f"sdlc_review_queue_oldest_wait_business_seconds{{{label}}}", _oldest(_waits(here), end)


def _of_team(name: str, here: list[Reading]) -> Iterator[tuple[str, Steps]]:
    label = f'team="{name}"'
    ready, first = (_count([each for each in here if each.metric == kind], MONTH) for kind in ("ready", "first_review"))
    utilisation = [(at, asked / max(given, 1)) for at, asked, given in _together(ready, first)]
    yield f'sdlc_team_review_utilisation_ratio{{{label},window="28d"}}', utilisation
    for (origin, stage), readings in _by_labels(here, "sdlc_change_stage_seconds").items():
        for window, seconds in (("28d", MONTH), ("90d", QUARTER)):
            series = f'sdlc_team_stage_window_samples{{{label},origin="{origin}",stage="{stage}",window="{window}"}}'
            yield series, _count(readings, seconds)
    for (origin,), readings in _by_labels(here, "sdlc_change_review_wait_seconds").items():
        labels = f'{label},origin="{origin}",window="28d"'
        yield f"sdlc_team_review_wait_window_samples{{{labels}}}", _count(readings, MONTH)
        yield f'sdlc_team_review_wait_window_seconds{{{labels},percentile="p50"}}', _medians(readings, MONTH)


def _by_labels(here: Iterable[Reading], metric: str) -> dict[tuple[str, ...], list[Reading]]:
    found: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
    for each in here:
        if each.metric == metric:
            found[each.labels].append(each)
    return found


def _sums(changes: Counter[int]) -> Steps:
    at = sorted(changes)
    return [(0, 0), *zip(at, accumulate(changes[each] for each in at), strict=True)]


def _count(readings: Iterable[Reading], window: int) -> Steps:
    """How many are dated within a window that ends at the hour."""
    changes: Counter[int] = Counter()
    for each in readings:
        changes[_up(each.at)] += 1
        changes[_up(each.at + window)] -= 1
    return _sums(changes)


def _medians(readings: list[Reading], window: int) -> Steps:
    """Medians within such a window; 0 where there is none, which no rule tells from too few."""
    hours = sorted({hour for each in readings for hour in (_up(each.at), _up(each.at + window))})
    within = ((hour, sorted(each.value for each in readings if hour - window < each.at <= hour)) for hour in hours)
    return [(0, 0), *((hour, percentile(values, 0.5) if values else 0) for hour, values in within)]


def _together(one: Steps, other: Steps) -> Iterator[tuple[int, float, float]]:
    """Both gauges wherever one changes."""
    a, b = dict(one), dict(other)
    left = right = 0.0
    for at in sorted(a.keys() | b.keys()):
        left, right = a.get(at, left), b.get(at, right)
        yield at, left, right


def _waits(here: Iterable[Reading]) -> list[tuple[int, int | None]]:
    """When each wait began and ended; a change's waits follow one another."""
    entered: dict[int, list[int]] = defaultdict(list)
    left: dict[int, list[int]] = defaultdict(list)
    for each in here:
        if each.metric == "sdlc_review_queue_entered_total":
            entered[each.change].append(each.at)
        elif each.metric == "sdlc_review_queue_left_total":
            left[each.change].append(each.at)
    return [pair for change, begun in entered.items() for pair in zip_longest(begun, left[change])]


def _oldest(waits: list[tuple[int, int | None]], end: int) -> Steps:
    """Working seconds for which the change has waited that has waited longest, by the hour while somebody works."""
    steps: Steps = [(0, 0)]
    hours = sorted({_up(at) for wait in waits for at in wait if at is not None})
    for hour, until in pairwise([*hours, end + HOUR]):
        open_since = [begun for begun, ended in waits if begun <= hour and (ended is None or ended > hour)]
        if not open_since:
            steps.append((hour, 0))
            continue
        since = min(open_since)
        steps.append((hour, CLOCK.elapsed(since, hour)))
        worked = (later for later in range(hour + HOUR, until, HOUR) if CLOCK.open(later - HOUR))
        steps += [(later, CLOCK.elapsed(since, later)) for later in worked]
    return steps


def at(steps: Steps, hour: int) -> float:
    """A gauge's value at an hour."""
    return steps[bisect_right(steps, hour, key=lambda step: step[0]) - 1][1]


# Into a Prometheus


def fill(folder: Path, shown: dict[str, tuple[Span, Steps]]) -> None:
    """Writes the gauges, the thresholds and a source that is always fresh into a folder that ``serving`` serves.

    A gauge that does not change is written once a day, and Prometheus looks back for so long.
    """
    begin = min(span.begin for span, _ in shown.values())
    end = max(span.end for span, _ in shown.values())
    always = Span(begin, end)
    marks = (
        f'sdlc_exporter_{kind}_timestamp_seconds{{source="{SOURCE}",stream="changes"}}'
        for kind in ("watermark", "last_success")
    )
    whole = {
        **shown,
        **{series: (always, [(0, value)]) for series, value in thresholds().items()},
        **{mark: (always, [(hour, hour) for hour in range(begin, end + 1, HOUR)]) for mark in marks},
    }
    samples = 0
    with (folder / "replay.txt").open("w") as text:
        for series, (span, steps) in whole.items():
            name = scraped(series, STATIC)
            for time, value in _written(span, steps):
                text.write(f"{name} {value:.15g} {time}\n")
                samples += 1
        text.write("# EOF\n")
    words = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", f"--max-block-duration={BLOCK}"]
    subprocess.run([str(PROMTOOL), *words, folder / "replay.txt", folder / "data"], check=True, capture_output=True)
    size = (folder / "replay.txt").stat().st_size
    filled = Filled(begin=begin, end=end, step=LOOK_BACK, scrapes=0, samples=samples, bytes=size)
    (folder / "quarter.json").write_text(json.dumps(filled._asdict()))


def _written(span: Span, steps: Steps) -> Iterator[tuple[int, float]]:
    # Of several steps before the beginning the last one stays.
    inside = {max(time, span.begin): value for time, value in steps if time <= span.end}
    for time, until in pairwise([*inside, span.end + 1]):
        for each in range(time, until, LOOK_BACK):
            yield each, inside[time]
