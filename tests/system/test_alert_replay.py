"""The real pull requests replayed in time through the alerts about reviews, in a real Prometheus.

What the figures mean: these are 197 samples of public repositories and no whole histories. Most hold the pull requests
of agents from May and June 2025, of which at most 30 events are known; reviews by people who read along are missing
where they were beyond those. A handful of repositories are whole, and of years. Teams are organisations, everybody
works from 9 to 17 UTC, and nobody promised a review. So a page per so many weeks is the figure of such data, and a
queue that grows here is one that grew among the changes known. It is no measure of how often a company is paged.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from exporter.catalogue import DAY, HOUR
from tests.alerts import replay
from tests.alerts.episodes import Episode, episodes
from tests.alerts.scrapes import LABEL
from tests.double import load_real, real_data, serve
from tests.quarter import Quarter, serving
from tests.system.processes import Samples, command, configuration, samples

END = "2026-08-31T00:00:00Z"
INSTANTS = ["2025-06-10T00:00:00Z", "2025-01-17T15:00:00Z"]
"""When most of the agents' pull requests were under way, and when one queue was at its longest."""
GROWING, WAITING = "SdlcReviewQueueGrowing", "SdlcReviewWaitTooLong"
WEEK = 7 * DAY

pytestmark = [
    pytest.mark.system,
    pytest.mark.real,
    pytest.mark.skipif(
        real_data() is None, reason="the real pull requests are not here: set SDLC_REAL_DATA to their folder"
    ),
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")),
        reason="prometheus and promtool are not installed",
    ),
]


class Replayed(NamedTuple):
    """The ledger, the gauges made of it, what the exporter itself shows at two instants, and the Prometheus."""

    ledger: replay.Ledger
    gauges: dict[str, tuple[replay.Span, replay.Steps]]
    shown: dict[str, str]
    server: Quarter


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    folder = tmp_path_factory.mktemp("replay")
    world = load_real(real_data() or "")
    owners = sorted({one.owner for one in world.repositories.values()})
    teams = json.dumps({owner.lower(): [f"{owner}/*"] for owner in owners})
    shown = {}
    with serve(world, fast=True, clock="world") as double:
        wanted = f"include: {json.dumps([f'{owner}/*' for owner in owners])}, history: 2018-01-01"
        more = f"teams: {teams}\nseries: {{quiet_after: 5000d}}\n"
        path = configuration(folder, double.url, more, source=wanted)
        for instant in [END, *INSTANTS]:
            done = command("once", "-c", path, "--at", instant)
            assert done.returncode == 0, done.stderr
            shown[instant] = done.stdout
    ledger = replay.ledger(folder / "state.db")
    gauges = replay.gauges(ledger)
    replay.fill(folder, gauges)
    with serving(folder) as server:
        yield Replayed(ledger, gauges, shown, server)


def when(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def told(episode: Episode, label: str) -> tuple[str, str, float]:
    """Who, since when, and with which value."""
    return episode.labels[label], datetime.fromtimestamp(episode.begin, UTC).strftime("%Y-%m-%d %H:%M"), episode.value


def compared(found: Samples) -> Samples:
    """What is not 0, with the two states in which a change waits as one, as they are to a rule."""
    sums: Samples = Counter()
    for (name, labels), value in found.items():
        told = {key: text.replace("awaiting_rereview", "awaiting_review") for key, text in labels}
        sums[name, frozenset(told.items())] += value
    return {key: value for key, value in sums.items() if value}


def kind(name: str, labels: frozenset[tuple[str, str]]) -> tuple[str | None, ...]:
    """The metric, and which of its windows, percentiles and states."""
    told = dict(labels)
    return name, told.get("window"), told.get("percentile"), told.get("state", "").replace("rereview", "review")


@pytest.mark.parametrize("instant", INSTANTS)
def test_the_replayed_gauges_are_those_of_the_exporter(replayed, instant):
    """Every series that a rule reads, of every repository and team that is there."""
    at = when(instant)
    ours: Samples = {}
    for series, (span, steps) in replayed.gauges.items():
        if span.begin <= at <= span.end:
            name, _, labels = series.rstrip("}").partition("{")
            ours[name, frozenset(LABEL.findall(labels))] = replay.at(steps, at)
    kinds = {kind(*key) for key in ours}
    scopes = {label for _, labels in ours for label in labels if label[0] in ("repository", "team")}
    theirs = {
        key: value
        for key, value in samples(replayed.shown[instant]).items()
        if kind(*key) in kinds and {label for label in key[1] if label[0] in ("repository", "team")} <= scopes
    }
    assert len(compared(ours)) > 50
    assert compared(ours) == compared(theirs)


def waiting(replayed: Replayed, repository: str, at: int) -> float:
    """How many changes of a repository wait at an hour."""
    return sum(
        replay.at(steps, at)
        for series, (_, steps) in replayed.gauges.items()
        if series.startswith(f'sdlc_review_queue_changes{{repository="{repository}",')
    )


def test_pages_are_rare_and_mostly_about_something(replayed):
    """8 in the 2,305 weeks for which the 197 repositories are there, together: 0.0035 per repository and week.

    In 822 of these weeks anything came or went: 0.0097 per week that was not still. One of the eight was needless by a
    plain measure: a day later fewer than five waited. By the days after the page:

    - base-drafts, February: 8 changes in an afternoon; 7 wait three days later, 1 after a week.
    - base-drafts, August: 9 in an afternoon; 6 wait four days later, none after five.
    - appsmith: agents' changes come, and hardly anybody takes them; 20 wait at the most, and nearly all are closed
      after one to two weeks. It is told twice, since between two waves of it lies a weekend.
    - figma-plugin: 9 changes of an agent in a day; 5 wait four weeks later.
    - react-native-windows: 13 changes of an agent in two days; 6 wait four weeks later.
    - drafts, July: 6 changes in an afternoon, reviewed the next day. This is the needless one.
    - drafts, April: 10 changes in two days; 9 wait two days later, 4 after three.
    """
    pages = episodes(replayed.server, GROWING)
    assert [told(each, "repository") for each in pages] == [
        ("ietf-wg-privacypass/base-drafts", "2023-02-23 21:00", 8),
        ("ietf-wg-privacypass/base-drafts", "2023-08-31 23:00", 7),
        ("appsmithorg/appsmith", "2025-01-14 10:00", 8),
        ("appsmithorg/appsmith", "2025-01-20 17:00", 9),
        ("tokens-studio/figma-plugin", "2025-05-29 19:00", 7),
        ("microsoft/react-native-windows", "2025-06-11 14:00", 10),
        ("ietf-wg-aipref/drafts", "2025-07-17 18:00", 8),
        ("ietf-wg-aipref/drafts", "2026-04-15 23:00", 7),
    ]
    a_day_later = [waiting(replayed, page.labels["repository"], page.begin + DAY) for page in pages]
    assert a_day_later == [7, 6, 13, 17, 5, 10, 1, 9]
    assert round(sum(span.end - span.begin for span in replayed.ledger.spans.values()) / WEEK) == 2305
    moved = {
        (each.repository, each.at // WEEK)
        for each in replayed.ledger.readings
        if each.metric in ("sdlc_review_queue_entered_total", "sdlc_review_queue_left_total")
    }
    assert len(moved) == 822


def test_long_waits_are_told_of_as_often_as_they_are(replayed):
    """167 times in 69 of the 197 repositories, 0.072 per repository and week, and over 23 % of all the time.

    Each is so, and told within two working hours: the alert compares a wait with a promise, which nobody here gave.
    """
    warned = episodes(replayed.server, WAITING)
    assert len(warned) == 167
    assert len({each.labels["repository"] for each in warned}) == 69
    assert all(24 < each.value <= 26 for each in warned)
    there = sum(span.end - span.begin for span in replayed.ledger.spans.values())
    assert sum(each.end - each.begin for each in warned) / there == pytest.approx(0.227, abs=0.001)


def test_little_is_told_of_teams(replayed):
    """Evaluated every 4 hours, since each has to hold for a day: 4 times too little capacity, and nothing else.

    Three of the four are pile-ups that page too. No team has waits both of agents and of unmarked changes, so that
    those of agents have nothing to be compared with.
    """
    found = {
        alert: [told(each, "team")[:2] for each in episodes(replayed.server, alert, 4 * HOUR)]
        for alert in ("SdlcReviewCapacityExceeded", "SdlcUnreviewedMergesRising", "SdlcAgenticChangesWaiting")
    }
    assert found == {
        "SdlcReviewCapacityExceeded": [
            ("ietf-wg-privacypass", "2023-02-24 20:00"),
            ("ietf-wg-privacypass", "2023-09-01 20:00"),
            ("cfrg", "2024-09-21 08:00"),
            ("appsmithorg", "2025-01-15 08:00"),
        ],
        "SdlcUnreviewedMergesRising": [],
        "SdlcAgenticChangesWaiting": [],
    }
