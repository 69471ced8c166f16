"""CI runs by how they end, what they take and wait for, and whether pushes are delivered."""

import pytest

from exporter.measures import ci
from exporter.measures.ci import FIRST_ATTEMPT_FACT, PUSH_FACT, QUEUE_SECONDS, RUN_SECONDS, RUNS, pushes, runs
from exporter.story import Story
from tests.branch import line
from tests.measures.pools import window_of
from tests.measures.read import gauges
from tests.stories import POLICY, START


def seen(measure, metric, *told, default=False, key=""):
    """(hours after the start, labels, value) of one metric."""
    story = Story(line(*told, default=default), POLICY, key=key)
    found = [each for each in measure(story, POLICY) if each.metric == metric.name]
    return [((each.at - START) / 3600, tuple(map(str, each.labels)), each.value) for each in found]


def test_every_attempt_counts_by_how_it_ended():
    assert seen(runs, RUNS, "a red 1h: unit", "a green 2h twice") == [
        (1, ("change", "first", "failure"), 1),
        (2, ("change", "retry", "success"), 1),
    ]
    assert seen(runs, RUNS, "a cancelled 1h", default=True) == [(1, ("default", "first", "cancellation"), 1)]


def test_a_run_takes_from_its_first_job_to_its_end_and_waits_from_its_request_to_its_first_job():
    """Asked for at 30m, begun at 40m, ended at 60m: it waited 600 s and took 1,200 s."""
    told = "a green 1h asked 30m started 40m"
    assert seen(runs, RUN_SECONDS, told) == [(1, ("change",), 1200)]
    assert seen(runs, QUEUE_SECONDS, told) == [(1, ("change",), 600)]


def test_a_run_whose_start_is_not_known_is_in_no_histogram():
    assert seen(runs, RUN_SECONDS, "a green 1h asked 30m") == []
    assert seen(runs, QUEUE_SECONDS, "a green 1h asked 30m") == []


def test_an_attempt_that_was_cancelled_waited_but_did_not_take_its_time():
    told = "a cancelled 1h asked 30m started 40m"
    assert seen(runs, RUN_SECONDS, told) == []
    assert seen(runs, QUEUE_SECONDS, told) == [(1, ("change",), 600)]


def test_clocks_that_disagree_make_no_negative_time():
    told = "a green 1h asked 50m started 70m"
    assert seen(runs, RUN_SECONDS, told) == [(1, ("change",), 0)]
    assert seen(runs, QUEUE_SECONDS, "a green 1h asked 50m started 40m") == [(1, ("change",), 0)]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("a red 1h: unit", [(1, ("change", "failure"), 1)]),
        ("a green 1h", [(1, ("change", "success"), 1)]),
        ("a red 1h", [(1, ("change", "failure"), 1)]),
        ("a red 1h: lint, unit", [(1, ("change", "failure"), 1)]),
        ("a red 1h: lint", []),
        ("a red 1h: smoke in deploy", []),
        ("a green 1h in deploy", []),
        ("a late 1h", []),
        ("a broken 1h", []),
        ("a skipped 1h", []),
        ("a cancelled 1h", []),
        ("a red 1h twice: unit", []),
    ],
)
def test_what_a_first_attempt_says_of_the_tests(told, expected):
    assert seen(runs, FIRST_ATTEMPT_FACT, told) == expected


def test_each_commit_of_a_changes_branch_is_one_push_however_many_workflows_run():
    told = ["a red 1h: unit", "a green 90m in e2e", "a green 2h twice", "b cancelled 3h"]
    assert seen(pushes, PUSH_FACT, *told) == [(1, ("change",), 1), (3, ("change",), 1)]


def test_a_commit_of_the_default_branch_is_delivered_at_its_first_green():
    told = ["a red 1h: unit", "a green 2h twice", "a green 3h in e2e", "b red 4h: unit"]
    assert seen(pushes, PUSH_FACT, *told, default=True) == [(2, ("default",), 1)]


def test_a_commit_stated_to_two_months_counts_in_its_own():
    told = ["a green 17d", "b green 19d"]
    november = seen(pushes, PUSH_FACT, *told[:1], default=True, key="main#2023-11")
    december = seen(pushes, PUSH_FACT, *told, default=True, key="main#2023-12")
    assert (november, december) == ([(17 * 24, ("default",), 1)], [(19 * 24, ("default",), 1)])


def pool(**readings):
    """A window over one repository: metric and labels, joined by dots, to how many readings of value 1."""
    part = {tuple_of(name): [(START, 1)] * count for name, count in readings.items()}
    return window_of("28d", part)


def tuple_of(name):
    metric, *labels = name.split("__")
    return metric, tuple(labels)


def test_the_share_of_first_attempts_that_failed():
    """30 of 120 on changes' branches are 0.25; 1 of 50 on the default branch is 0.02."""
    made = pool(
        first_attempt__change__failure=30,
        first_attempt__change__success=90,
        first_attempt__default__failure=1,
        first_attempt__default__success=49,
    )
    assert gauges(ci.first_attempts, made) == {
        ("sdlc_ci_first_attempt_failure_ratio", "change", "28d"): 0.25,
        ("sdlc_ci_first_attempt_failure_samples", "change", "28d"): 120,
        ("sdlc_ci_first_attempt_failure_ratio", "default", "28d"): 0.02,
        ("sdlc_ci_first_attempt_failure_samples", "default", "28d"): 50,
    }


def test_the_share_of_retries():
    """10 retries among 40 + 10 attempts that succeeded or failed; the 7 cancelled ones are in neither number."""
    made = pool(
        sdlc_ci_runs_total__change__first__success=30,
        sdlc_ci_runs_total__change__first__failure=10,
        sdlc_ci_runs_total__change__retry__success=10,
        sdlc_ci_runs_total__change__retry__cancellation=7,
    )
    assert gauges(ci.retries, made) == {
        ("sdlc_ci_retry_ratio", "change", "28d"): 0.2,
        ("sdlc_ci_retry_samples", "change", "28d"): 50,
    }


def test_pushes_for_each_delivery():
    """90 commits pushed to changes' branches, 30 green on the default branch: 3 for each."""
    assert gauges(ci.delivery, pool(push__change=90, push__default=30)) == {
        ("sdlc_ci_pushes_per_delivery_ratio", "28d"): 3,
        ("sdlc_ci_pushes_per_delivery_samples", "28d"): 30,
    }


def test_without_a_delivery_there_is_no_ratio():
    assert gauges(ci.delivery, pool(push__change=90)) == {}


def test_shares_of_nothing_are_absent():
    assert gauges(ci.first_attempts, pool()) == {}
    assert gauges(ci.retries, pool(sdlc_ci_runs_total__change__first__cancellation=3)) == {}
