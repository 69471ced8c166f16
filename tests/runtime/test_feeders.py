"""A metric that several measures feed: each part is whole, ends and is shared by the streams of its own measure."""

from collections import Counter

import pytest

from exporter.catalogue import SUMMARIES, Feeders, Group, Kind, Measure, Metric, exported, gates
from exporter.model import Stream, Thing
from tests.runtime.desk import Desk
from tests.shipments import deployment
from tests.stories import at

CHANGES, DEPLOYMENTS = Stream.CHANGES, Stream.DEPLOYMENTS
MERGE = 'sdlc_change_lead_time_seconds_count{origin="unmarked",repository="o/a",until="merge"}'
PRODUCTION = MERGE.replace("merge", "production")
DEPLOY_WAIT = 'sdlc_change_stage_seconds_count{origin="unmarked",repository="all",stage="deploy_wait"}'
CODING = DEPLOY_WAIT.replace("deploy_wait", "coding")
COVERAGE = 'sdlc_exporter_coverage_ratio{repository="o/a",what="production"}'
WINDOW = 'sdlc_lead_time_window_samples{origin="unmarked",repository="o/a",until="production",window="28d"}'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def merged_and_shipped(desk):
    """Merged at 5 h and deployed at 30 h."""
    desk.story("o/a", 1, "opened 0h", "merged 5h")
    desk.tell("o/a", 1, deployment("30h"), thing=Thing.DEPLOYMENT)


def both(path=None):
    desk = Desk(path)
    desk.discover("o/a", streams=(CHANGES, DEPLOYMENTS))
    return desk


def test_a_part_is_shown_when_what_feeds_it_is_whole():
    """The changes are loaded, the deployments are not: the lead time to the merge waits for nobody."""
    with both() as desk:
        merged_and_shipped(desk)
        desk.mark(at("2d"), streams=[CHANGES])
        page = desk.page("2d")
        assert page[MERGE] == 1
        assert PRODUCTION not in page
        desk.mark(at("2d"), streams=[DEPLOYMENTS])
        page = desk.page("2d")
        assert (page[MERGE], page[PRODUCTION], page[WINDOW]) == (1, 1, 1)


def test_nothing_of_production_is_said_where_deployments_are_not_followed():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.mark(at("40d"))
        page = desk.page("40d")
        assert page[MERGE] == 1
        words = ("production", "deploy", "release")
        assert not [series for series in page if any(w in series for w in words) and "_exporter_" not in series]
        assert COVERAGE not in page


def test_a_part_counts_what_the_slowest_of_its_streams_has_passed():
    with both() as desk:
        desk.mark(at("1h"))
        merged_and_shipped(desk)
        desk.mark(at("29h"), streams=[DEPLOYMENTS])
        desk.mark(at("9d"), streams=[CHANGES])
        page = desk.page("9d")
        assert PRODUCTION not in page
        desk.mark(at("9d"), streams=[DEPLOYMENTS])
        desk.page("9d")
        desk.release()
        assert desk.page("9d")[PRODUCTION] == 1


def test_parts_of_one_cause_are_no_drift_of_each_other(path):
    """Merge and production are told of one merge, at different times, by different measures; and so is coverage."""
    with both(path) as desk:
        merged_and_shipped(desk)
        for day in (1, 2, 31, 40):
            desk.mark(at(f"{day}d"))
            desk.story("o/a", 1, f"commented {day}d by bob")
            desk.settle()
        desk.page("40d")
        desk.release()
        page = desk.page("40d")
        assert (page[MERGE], page[PRODUCTION], page[COVERAGE]) == (1, 1, 1)
        assert (desk.books.drift.total(), desk.books.late.total()) == (0, 0)
    with Desk(path) as desk:
        page = desk.page("40d")
        assert (page[MERGE], page[PRODUCTION], page[COVERAGE]) == (1, 1, 1)


def test_the_organisations_parts_are_published_each_by_itself():
    with both() as desk:
        merged_and_shipped(desk)
        desk.mark(at("2d"))
        desk.books.publish(["cycle"])
        page = desk.page("2d")
        assert page[CODING] == 1
        assert DEPLOY_WAIT not in page
        desk.books.publish(["arrivals"])
        page = desk.page("2d")
        assert (page[CODING], page[DEPLOY_WAIT]) == (1, 1)


def test_a_deployment_that_is_learned_of_late_counts_a_change_once():
    """It had come into production at 30 h already; what was counted by 40 h stays, and disagrees."""
    with both() as desk:
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.tell("o/a", 2, deployment("40h"), thing=Thing.DEPLOYMENT)
        desk.mark(at("2d"))
        desk.tell("o/a", 1, deployment("30h"), thing=Thing.DEPLOYMENT)
        desk.settle()
        assert desk.page("2d")[PRODUCTION] == 1
        assert desk.books.drift["sdlc_change_lead_time_seconds"] == 1


def test_a_measure_is_found_by_metric_or_by_its_part():
    row = Metric("toy_seconds", Kind.HISTOGRAM, Group.EVENTS, "Toy.", labels=("repository", "until"), bounds=(1,))
    alone = Metric("toys_total", Kind.COUNTER, Group.EVENTS, "Toys.", labels=("repository",))
    first = Measure("first", (row,), 1, lambda *_: (), words=("merge",))
    second = Measure("second", (row,), 1, lambda *_: (), words=("production", "tests"))
    feeders = Feeders([first, second, Measure("third", (alone,), 1, lambda *_: ())])
    assert [feeders.of(row.name, ("x", word)) for word in ("merge", "tests", "gone")] == ["first", "second", None]
    assert [feeders.of(alone.name, ()), feeders.of("unknown", ("a",))] == ["third", None]
    assert list(feeders.any_of(row.name)) == ["first", "second"]


def test_what_a_metric_is_read_from_follows_from_what_feeds_it():
    """A change fails its deployment only where deployments are read; a queue is no measure's, and needs no stream."""
    ways = {row.name: gates(row) for row in exported()}
    assert ways["sdlc_change_outcomes_total"] == {(CHANGES,)}
    assert ways["sdlc_change_lead_time_seconds"] == {(CHANGES,), (CHANGES, DEPLOYMENTS)}
    assert ways["sdlc_team_release_interval_window_seconds"] == {(DEPLOYMENTS,)}
    assert ways["sdlc_review_queue_changes"] == set()


def test_every_window_summary_is_given_by_one():
    given = Counter(row.name for each in SUMMARIES for row in each.gives)
    windows = {row.name for row in exported() if row.group is Group.WINDOWS}
    assert windows <= given.keys()
    assert {name for name, times in given.items() if times > 1} == {"sdlc_exporter_coverage_ratio"}
