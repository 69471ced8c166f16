"""Test cases, who sends reports, and tests that failed and passed on the same commit."""

from exporter import model
from exporter.catalogue import DAY, Pool
from exporter.measures import tests as reporting
from exporter.measures.tests import (
    CASES,
    FLAKY_RUN_FACT,
    FLAKY_TEST_FACT,
    REPORTED_FACT,
    TESTED_RUN_FACT,
    flakes,
    reports,
)
from exporter.story import Story
from tests.branch import line
from tests.measures.read import gauges
from tests.stories import POLICY, START, at


def seen(measure, metric, *told, default=False, more=()):
    story = Story([*line(*told, default=default), *more], POLICY)
    found = [each for each in measure(story, POLICY) if each.metric == metric.name]
    return [((each.at - START) / 3600, tuple(map(str, each.labels)), each.value) for each in found]


def test_cases_count_by_result_at_the_end_of_the_attempt():
    """Of 100 cases two failed; skipped ones and errors, of which there are none, make no series."""
    assert seen(reports, CASES, "a red 1h: unit tests X Y", default=True) == [
        (1, ("default", "passed"), 98),
        (1, ("default", "failed"), 2),
    ]


def test_a_report_without_its_attempt_is_not_counted():
    """Whose branch it was on is not known."""
    assert seen(reports, CASES, more=[model.Tested("t", at("1h"), "a", 1, 3, 0, 0, 0)]) == []


def test_first_attempts_on_changes_branches_have_a_report_or_not():
    assert seen(reports, REPORTED_FACT, "a red 1h: unit tests X") == [(1, (), 1)]
    assert seen(reports, REPORTED_FACT, "a red 1h: unit") == [(1, (), 0)]
    assert seen(reports, REPORTED_FACT, "a red 1h: unit", default=True) == []
    assert seen(reports, REPORTED_FACT, "a green 1h in deploy") == []
    assert seen(reports, REPORTED_FACT, "a green 1h twice flaky X") == []


def test_a_report_that_could_not_be_read_is_none():
    unread = model.Tested("t", at("1h"), "a", 1, 0, 0, 0, 0, unread=2)
    assert seen(reports, REPORTED_FACT, "a green 1h", more=[unread]) == [(1, (), 0)]


def test_a_test_that_failed_and_passed_in_one_report_is_flaky():
    told = ["a green 1h flaky X Y"]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(1, (), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(1, ("X",), 1), (1, ("Y",), 1)]


def test_a_test_that_is_red_in_one_attempt_and_green_in_the_next_is_flaky():
    told = ["a red 1h: unit tests X Y", "a green 2h twice"]
    assert seen(flakes, TESTED_RUN_FACT, *told) == [(1, (), 1)]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(2, (), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(2, ("X",), 1), (2, ("Y",), 1)]


def test_without_reports_a_job_that_is_red_and_then_green_makes_the_run_flaky():
    told = ["a red 1h: unit", "a green 2h twice"]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(2, (), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == []


def test_red_twice_is_not_flaky():
    told = ["a red 1h: unit tests X", "a red 2h twice: unit tests Y"]
    assert seen(flakes, TESTED_RUN_FACT, *told) == [(1, (), 1)]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == []


def test_a_retry_after_a_cancelled_or_broken_attempt_is_not_flaky():
    assert seen(flakes, FLAKY_RUN_FACT, "a cancelled 1h", "a green 2h twice") == []
    assert seen(flakes, FLAKY_RUN_FACT, "a broken 1h", "a green 2h twice") == []
    assert seen(flakes, TESTED_RUN_FACT, "a broken 1h", "a green 2h twice") == [(2, (), 1)]


def test_a_run_is_flaky_once():
    told = ["a red 1h: unit tests X flaky Y", "a green 2h twice flaky Y"]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(1, (), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(1, ("Y",), 1), (2, ("X",), 1)]


def test_a_red_lint_job_that_passes_on_retry_is_no_flaky_test():
    assert seen(flakes, FLAKY_RUN_FACT, "a red 1h: lint", "a green 2h twice") == []


def window(*parts):
    return Pool("28d", 28 * DAY, parts)


def test_the_share_of_flaky_runs_and_the_number_of_flaky_tests():
    """3 of 200 runs are 1.5 %. X of one repository flaked twice and X of the other once: two tests, for the team."""
    here = {
        ("tested_run", ()): [(START, 1)] * 150,
        ("flaky_run", ()): [(START, 1)] * 2,
        ("flaky_test", ("X",)): [(START, 1)] * 2,
    }
    there = {
        ("tested_run", ()): [(START, 1)] * 50,
        ("flaky_run", ()): [(START, 1)],
        ("flaky_test", ("X",)): [(START, 1)],
        ("flaky_test", ("Y",)): [],
    }
    assert gauges(reporting.flaky, window(here, there), "team") == {
        ("sdlc_team_flaky_run_ratio", "28d"): 0.015,
        ("sdlc_team_flaky_run_samples", "28d"): 200,
        ("sdlc_team_flaky_tests", "28d"): 2,
    }


def test_no_runs_no_share():
    assert gauges(reporting.flaky, window({})) == {}


def test_the_coverage_of_reports():
    """3 of 4 first attempts had one."""
    part = {("reported", ()): [(START, 1), (START, 1), (START, 0), (START, 1)]}
    assert gauges(reporting.reported, window(part)) == {("sdlc_exporter_coverage_ratio", "tests"): 0.75}
