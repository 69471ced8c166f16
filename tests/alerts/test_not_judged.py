"""A team that is not judged any more is told with the stream, so that what still goes on about it can be silenced."""

import pytest

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts.cases import GRAFANA, RUNBOOKS, watermark
from tests.alerts.healthy import HEALTHY, STREAMS
from tests.alerts.promtool import BESIDE, Firing, Test, check, needs_promtool, scenario
from tests.alerts.scrapes import Page, Scrapes, turns

pytestmark = needs_promtool

STEP = 5 * MINUTE


def told(team: str, stream: str, repositories: int) -> Firing:
    """What Alertmanager hears."""
    said = {
        "summary": "Alerts about a team are silent: a stream that they rest on is not read any more.",
        "description": f"Of {team} the {stream} of {repositories} repositories are not read any more. Alerts that rest "
        "on them are silent, and what of these still goes on is of before.",
        "runbook_url": f"{RUNBOOKS}/{BESIDE}.md",
        "dashboard_url": f"{GRAFANA}/d/sdlc-exporter",
    }
    return Firing(BESIDE, {"job": "sdlc", "severity": "info", "team": team, "stream": stream}, said)


def stops(stream: str, begin: int, end: int) -> Page:
    """From begin to end nothing of a stream of the team's source is counted: it is at once two hours old."""
    mark = HEALTHY[watermark(stream)]
    return {**HEALTHY, watermark(stream): turns(begin, mark, turns(end, lambda time: time - 2 * HOUR, mark))}


@pytest.mark.parametrize("stream", STREAMS)
def test_its_teams_and_all_are_told_and_nobody_else_until_it_is_read_again(stream, tmp_path):
    """The scrape of 1:55 says 1:49, an hour before 2:49: it is stale at 2:50 and told at 3:05. It is read at 5:00."""
    both = [told("all", stream, 2), told("basket", stream, 2)]
    test = scenario(
        [Scrapes(stops(stream, 2 * HOUR, 5 * HOUR))],
        step=STEP,
        length=6 * HOUR,
        firing=[
            (3 * HOUR, BESIDE, []),
            (3 * HOUR + 5 * MINUTE, BESIDE, both),
            (5 * HOUR + 10 * MINUTE, BESIDE, both),
            (5 * HOUR + 15 * MINUTE, BESIDE, []),
        ],
    )
    check(tmp_path, test)


def first_load() -> Test:
    """A stream that was never read; nothing was said of the team that could go on."""
    return scenario([Scrapes(stops("runs", 0, DAY))], step=STEP, length=3 * HOUR, firing=[(3 * HOUR, BESIDE, [])])


def test_a_first_load_is_told_to_nobody(tmp_path):
    check(tmp_path, first_load())


def test_it_ends_by_itself_when_nothing_of_before_goes_on(tmp_path):
    """The last that was fresh is of 2:00, and four days later it is forgotten; no alert goes on for as long."""
    both, step = [told("all", "runs", 2), told("basket", "runs", 2)], HOUR
    test = scenario(
        [Scrapes(stops("runs", 3 * HOUR, 9 * DAY))],
        step=step,
        length=5 * DAY,
        firing=[(4 * DAY, BESIDE, both), (4 * DAY + 6 * HOUR, BESIDE, [])],
    )
    check(tmp_path, test)
