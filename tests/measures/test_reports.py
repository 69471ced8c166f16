"""Test cases, who sends reports, and tests that failed and passed on the same commit."""

import random
from statistics import mean

import pytest

from exporter import model
from exporter.measures import ci
from exporter.measures import tests as reporting
from exporter.measures.tests import (
    ACROSS_FACT,
    CASES,
    FLAKY_RUN_FACT,
    FLAKY_TEST_FACT,
    REPORTED_FACT,
    TESTED_RUN_FACT,
    flakes,
    flakes_across,
    reports,
)
from exporter.statistics.proportions import share
from exporter.story import Story
from exporter.testreports import kept, numbered
from exporter.testreports.reports import Case, Tally
from exporter.testreports.reports import Result as CaseResult
from tests.branch import line
from tests.measures.pools import window_of
from tests.measures.read import dated, gauges
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
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(1, ("test",), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(1, ("X",), 1), (1, ("Y",), 1)]


def test_a_test_that_is_red_in_one_attempt_and_green_in_the_next_is_flaky():
    told = ["a red 1h: unit tests X Y", "a green 2h twice"]
    assert seen(flakes, TESTED_RUN_FACT, *told) == [(1, (), 1)]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(2, ("test",), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(2, ("X",), 1), (2, ("Y",), 1)]


def test_without_reports_a_job_that_is_red_and_then_green_makes_the_run_flaky():
    told = ["a red 1h: unit", "a green 2h twice"]
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(2, ("job",), 1)]
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
    assert seen(flakes, FLAKY_RUN_FACT, *told) == [(1, ("test",), 1)]
    assert seen(flakes, FLAKY_TEST_FACT, *told) == [(1, ("Y",), 1), (2, ("X",), 1)]


def test_a_red_lint_job_that_passes_on_retry_is_no_flaky_test():
    assert seen(flakes, FLAKY_RUN_FACT, "a red 1h: lint", "a green 2h twice") == []


def window(*parts):
    return window_of("28d", *parts)


def test_the_share_of_flaky_runs_and_the_number_of_flaky_tests():
    """3 of 200 runs are 1.5 %. X of one repository flaked twice and X of the other once: two tests, for the team."""
    here = {
        ("tested_run", ()): [(START, 1)] * 150,
        ("flaky_run", ("test",)): [(START, 1)] * 2,
        ("flaky_test", ("X",)): [(START, 1)] * 2,
    }
    there = {
        ("tested_run", ()): [(START, 1)] * 50,
        ("flaky_run", ("job",)): [(START, 1)],
        ("flaky_test", ("X",)): [(START, 1)],
        ("flaky_test", ("Y",)): [],
    }
    assert gauges(reporting.flaky, window(here, there), "team") == {
        ("sdlc_team_flaky_run_ratio", "28d"): 0.015,
        ("sdlc_team_flaky_run_samples", "28d"): 200,
        ("sdlc_team_flaky_tests", "28d"): 2,
    }


def report_of(name, when, red=(), green=(), sha="a" * 40, attempt=1, place=1):
    """The report of an attempt, with the sums of what passed."""
    tally = Tally()
    for test in (*red, *green):
        result = CaseResult.FAILED if test in red else CaseResult.PASSED
        tally.add(Case(numbered(test), test, result, 0.0, was_red=test in red))
    kept_of = tally.reports(1, ())
    more = {"place": place, "greens": kept(kept_of.greens)}
    return model.Tested(name, at(when), sha, attempt, len(green), len(red), 0, 0, kept_of.red, **more)


def attempt_of(name, when, number, result=model.Result.FAILURE):
    return model.Ran(name, at(when), "ci", "topic", False, "a" * 40, number, result, at(when) - 60, 0, ("unit",))


def flaky_of(measure, row, facts, key=""):
    """Hours, and names without their numbers, of what a measure says of one metric."""
    found = dated(measure, row, Story(facts, POLICY, key=key))
    return [(hours, labels[0].partition("#")[0]) for hours, labels, _ in found]


def test_a_test_that_passed_in_an_attempt_that_failed_again_is_flaky():
    """First X and Y are red, then X alone, of the same three tests: Y failed and passed."""
    facts = [
        attempt_of("r1", "1h", 1),
        report_of("t1", "1h", red=["X", "Y"], green=["Z"]),
        attempt_of("r2", "2h", 2),
        report_of("t2", "2h", red=["X"], green=["Y", "Z"], attempt=2),
    ]
    assert flaky_of(flakes, FLAKY_RUN_FACT, facts) == [(2, "test")]
    assert flaky_of(flakes, FLAKY_TEST_FACT, facts) == [(2, "Y")]


def test_a_test_that_is_no_longer_named_and_did_not_run_is_not_flaky():
    """Y was not tried again: nobody knows."""
    facts = [
        attempt_of("r1", "1h", 1),
        report_of("t1", "1h", red=["X", "Y"], green=["Z"]),
        attempt_of("r2", "2h", 2),
        report_of("t2", "2h", red=["X"], green=["Z"], attempt=2),
    ]
    assert flaky_of(flakes, FLAKY_RUN_FACT, facts) == flaky_of(flakes, FLAKY_TEST_FACT, facts) == []


@pytest.mark.parametrize(("first", "second"), [(["X"], []), ([], ["X"])])
def test_two_runs_of_one_commit_name_what_failed_in_one_and_passed_in_the_other(first, second):
    """Whichever comes first, told once, at the second; a third run adds nothing."""
    reds = (first, second, second)
    facts = [
        report_of(f"t{n}", f"{n}h", red=red, green=[test for test in "XYZ" if test not in red])
        for n, red in enumerate(reds, start=1)
    ]
    assert flaky_of(flakes_across, ACROSS_FACT, facts) == [(2, "X")]


@pytest.mark.parametrize("other", [{"sha": "b" * 40}, {"place": 2}])
def test_another_commit_or_another_place_contradicts_nothing(other):
    facts = [report_of("t1", "1h", red=["X"], green=["Y"]), report_of("t2", "2h", green=["X", "Y"], **other)]
    assert flaky_of(flakes_across, ACROSS_FACT, facts) == []


def test_reports_of_no_known_place_are_not_compared():
    facts = [report_of("t1", "1h", ["X"], ["Y"], place=0), report_of("t2", "2h", green=["X", "Y"], place=0)]
    assert flaky_of(flakes_across, ACROSS_FACT, facts) == []


@pytest.mark.parametrize(("month", "seen"), [("2023-11", [(2, "X")]), ("2023-12", [])])
def test_on_the_default_branch_a_contradiction_belongs_to_the_month_it_is_seen_in(month, seen):
    """The story begins in November 2023; December's line knows it too, and does not tell it again."""
    facts = [report_of("t1", "1h", ["X"], ["Y"]), report_of("t2", "2h", green=["X", "Y"])]
    assert flaky_of(flakes_across, ACROSS_FACT, facts, f"main#{month}") == seen


def test_a_test_that_both_its_run_and_two_runs_name_is_one():
    """X by both, Y by two runs alone; what was seen before the window is no longer counted."""
    part = {
        ("tested_run", ()): [(START, 1)],
        ("flaky_test", ("X",)): [(START, 1)],
        ("flaky_across", ("X",)): [(START, 1)],
        ("flaky_across", ("Y",)): [(START, 1)],
        ("flaky_across", ("Z",)): [],
    }
    assert gauges(reporting.flaky, window(part), "team")["sdlc_team_flaky_tests", "28d"] == 2


def test_the_share_of_flaky_runs_whose_tests_are_named():
    """3 of 4; without a flaky run there is none."""
    part = {("flaky_run", ("test",)): [(START, 1)] * 3, ("flaky_run", ("job",)): [(START, 1)]}
    assert gauges(reporting.flaky_named, window(part)) == {("sdlc_exporter_coverage_ratio", "flaky_tests"): 0.75}
    assert gauges(reporting.flaky_named, window({("flaky_run", ("job",)): []})) == {}


def test_no_runs_no_share():
    assert gauges(reporting.flaky, window({})) == {}


def test_the_coverage_of_reports():
    """3 of 4 first attempts had one."""
    part = {("reported", ()): [(START, 1), (START, 1), (START, 0), (START, 1)]}
    assert gauges(reporting.reported, window(part)) == {("sdlc_exporter_coverage_ratio", "tests"): 0.75}


def test_the_share_of_flaky_runs_is_that_of_flakes_somebody_retried():
    """100 windows of 400 runs: 1 run in 10 is really broken, 1 in 20 flakes, and 4 of 5 red runs are tried again.

    Seen are the flakes that were tried again: 0.9 * 0.05 * 0.8 = 0.036. First attempts fail: 0.1 + 0.9 * 0.05 = 0.145.
    """
    chance = random.Random(5)
    flaky, failed, held = [], [], 0
    for _ in range(100):
        seen = []
        for number in range(400):
            broken, flakes_now = chance.random() < 0.1, chance.random() < 0.05
            told = [f"s{number} {'red' if broken or flakes_now else 'green'} 1h"]
            if (broken or flakes_now) and chance.random() < 0.8:
                told.append(f"s{number} {'red' if broken else 'green'} 2h twice")
            story = Story(line(*told), POLICY)
            seen += [*flakes(story, POLICY), *ci.runs(story, POLICY)]
        part = {}
        for each in seen:
            part.setdefault((each.metric, tuple(map(str, each.labels))), []).append((each.at, each.value))
        flaky.append(gauges(reporting.flaky, window(part))["sdlc_flaky_run_ratio", "28d"])
        made = gauges(ci.first_attempts, window(part))
        failed.append(made["sdlc_ci_first_attempt_failure_ratio", "change", "28d"])
        interval = share(round(failed[-1] * 400), 400)
        held += interval.lower <= 0.145 <= interval.upper
    print(f"\nflaky {mean(flaky):.4f} of 0.036, failed {mean(failed):.4f} of 0.145, interval held {held} of 100")
    assert mean(flaky) == pytest.approx(0.036, abs=0.003)
    assert mean(failed) == pytest.approx(0.145, abs=0.005)
    assert held >= 84
