"""Workflow runs as GitHub tells them: which there are, what their attempts and jobs come to, and what may be wrong."""

import json

import pytest

from exporter.errors import Garbled, NotFound, Partial, Refused, Shifted
from exporter.model import Ran, Result, Subject, Thing
from exporter.providers.base import Home, Response
from exporter.providers.github.runs import ASKED_BY_CHANGE, Runs, Untold
from tests.providers.forge import at, error, operation, page, read, second, variables

HOME = Home("R_1", "acme/shop", "main")
RUNS = Runs("/api/v3", "/api/graphql")
WINDOW = (second(0), second(240))


def run(number=1, **more):
    """A run that was asked for at its hour, and ended with success half an hour later."""
    return {
        "id": number,
        "node_id": f"WFR_{number}",
        "check_suite_node_id": f"CS_{number}",
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "head_branch": "main",
        "head_sha": f"{number:040x}",
        "run_number": number,
        "run_attempt": 1,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "created_at": at(number),
        "run_started_at": at(number),
        "updated_at": at(number + 0.5),
        "head_repository": {"full_name": "acme/shop", "owner": {"login": "acme"}},
    } | more


def told(request, payload, status=200, **headers):
    """What a request makes of a REST answer."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return request.read(Response(status, headers, body))


def listed(*runs, count=None):
    return {"total_count": len(runs) if count is None else count, "workflow_runs": list(runs)}


def attempt(**more):
    """The attempt a listing tells."""
    return told(RUNS.created(HOME, *WINDOW), listed(run(**more))).found[0]


def job(name="unit", conclusion="SUCCESS", start=1.0, end=1.25):
    return {
        "name": name,
        "conclusion": conclusion,
        "startedAt": start and at(start),
        "completedAt": end and at(end),
    }


def suite(*jobs, then=None):
    return {"__typename": "CheckSuite", "id": "CS_1", "checkRuns": page(*jobs, then=then)}


def rans(page):
    """The attempts a page tells of runs."""
    return [event for each in page.told if each.subject.thing is Thing.RUN for event in each.events]


def ran(*jobs, **more):
    """The one attempt of a run with these jobs."""
    one = attempt(**more)
    (asked,) = RUNS.jobs(HOME, [Untold((one,), {1: one.asked})])
    return rans(read(asked, {"nodes": [suite(*jobs)]}))[0]


# --- which runs there are ---


def test_the_runs_created_in_a_window_are_asked_for_by_the_hundred():
    asked = RUNS.created(HOME, *WINDOW)
    assert asked.path == (
        "/api/v3/repos/acme/shop/actions/runs?created=2025-05-01T00:00:00Z..2025-05-11T00:00:00Z&per_page=100&page=1"
    )
    assert (asked.method, asked.repositories, asked.passing) == ("GET", ("R_1",), True)


def test_a_run_is_told_by_the_names_it_keeps():
    one = attempt(number=7)
    assert (one.id, one.key, one.suite, one.number, one.fact) == (7, "WFR_7", "CS_7", 7, "ran:7:1")
    assert (one.workflow, one.branch, one.default, one.sha) == (".github/workflows/ci.yml", "main", True, f"{7:040x}")
    assert (one.created, one.asked, one.updated, one.result) == (second(7), second(7), second(7.5), Result.SUCCESS)


def test_pages_are_followed_to_the_last():
    """250 runs: three pages."""
    request, pages = RUNS.created(HOME, *WINDOW), []
    while request:
        part = range(100 * len(pages), min(250, 100 * len(pages) + 100))
        pages.append(told(request, listed(*(run(number) for number in part), count=250)))
        request = pages[-1].then[0] if pages[-1].then else None
    assert [len(page.found) for page in pages] == [100, 100, 50]
    assert len({each.id for page in pages for each in page.found}) == 250
    assert sum(page.truncated for page in pages) == 0


def test_a_window_with_more_than_a_thousand_is_cut_newest_part_first():
    """2,400 runs: three windows of about 800."""
    page = told(RUNS.created(HOME, second(0), second(0) + 1000), listed(run(), count=2400))
    spans = [request.path.split("created=")[1].split("&")[0] for request in page.then]
    assert page.found == ()
    assert spans == [
        "2025-05-01T00:11:08Z..2025-05-01T00:16:40Z",
        "2025-05-01T00:05:34Z..2025-05-01T00:11:07Z",
        "2025-05-01T00:00:00Z..2025-05-01T00:05:33Z",
    ]


def test_more_than_a_thousand_of_one_second_are_read_as_far_as_may_be_and_the_rest_is_counted():
    request, got, missing = RUNS.created(HOME, second(0), second(0)), 0, 0
    while request:
        page = told(request, listed(*(run(number) for number in range(got, got + 100)), count=1300))
        got, missing = got + 100, missing + page.truncated
        request = page.then[0] if page.then else None
    assert (got, missing) == (1000, 300)


def test_a_count_that_moves_between_two_pages_has_the_window_read_again_and_is_given_up_after_three_times():
    asked = RUNS.created(HOME, *WINDOW)
    full = [run(number) for number in range(100)]
    for _ in range(3):
        (second_page,) = told(asked, listed(*full, count=150)).then
        page = told(second_page, listed(run(200), count=149))
        assert (page.found, len(page.then)) == ((), 2)
        asked = page.then[0]
    (second_page,) = told(asked, listed(*full, count=150)).then
    with pytest.raises(Shifted):
        told(second_page, listed(run(200), count=149))


def test_a_page_that_brings_the_page_before_it_is_an_error():
    full = [run(number) for number in range(100)]
    (second_page,) = told(RUNS.created(HOME, *WINDOW), listed(*full, count=150)).then
    with pytest.raises(Garbled):
        told(second_page, listed(*full, count=150))


def test_a_page_that_ends_too_early_has_the_window_read_again_and_in_the_end_what_lacks_is_counted():
    asked = RUNS.created(HOME, *WINDOW)
    for _ in range(3):
        page = told(asked, listed(run(), count=3))
        assert len(page.then) == 2
        asked = page.then[0]
    assert told(asked, listed(run(), count=3)).truncated == 2


@pytest.mark.parametrize("body", [b"<html>", b'{"total_count": 1', b'{"workflow_runs": []}', b"[]"])
def test_an_answer_that_is_none_is_an_error(body):
    with pytest.raises(Garbled):
        told(RUNS.created(HOME, *WINDOW), body)


def test_a_refusal_names_the_permission():
    said = {"message": "Resource not accessible by personal access token"}
    with pytest.raises(Refused, match="needs read access to Actions"):
        told(RUNS.created(HOME, *WINDOW), said, 403)


def test_a_wide_window_can_be_asked_in_halves_and_one_of_a_day_cannot():
    assert len(RUNS.created(HOME, *WINDOW).smaller()) == 2
    assert RUNS.created(HOME, second(0), second(24)).smaller is None


# --- what a run is ---


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("success", Result.SUCCESS), ("failure", Result.FAILURE), ("timed_out", Result.TIMEOUT),
        ("startup_failure", Result.ERROR), ("cancelled", Result.CANCELLATION), ("stale", Result.CANCELLATION),
        ("skipped", Result.SKIP), ("neutral", Result.SKIP),
    ],
)  # fmt: skip
def test_a_conclusion_is_read_in_our_words(word, result):
    assert attempt(conclusion=word).result is result


def test_a_conclusion_nobody_knows_survives_as_the_weakest_and_is_counted():
    page = told(RUNS.created(HOME, *WINDOW), listed(run(conclusion="marvelled"), run(2, conclusion=None)))
    assert [each.result for each in page.found] == [Result.SKIP, Result.SKIP]
    assert page.unknown == ("run_conclusion", "run_conclusion")


@pytest.mark.parametrize("more", [{"status": "in_progress"}, {"status": "waiting"}, {"conclusion": "action_required"}])
def test_what_goes_on_or_waits_for_somebody_is_not_completed(more):
    one = attempt(**({"conclusion": None} | more))
    assert one.result is None
    assert one.approval is ("conclusion" in more)


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "repository_dispatch"])
def test_a_run_on_the_default_branch_that_no_change_asked_for_is_one_of_the_default_branch(event):
    assert attempt(event=event).default


@pytest.mark.parametrize("event", sorted(ASKED_BY_CHANGE))
def test_a_run_for_a_change_is_none_of_the_default_branch_whatever_its_branch_is_called(event):
    assert not attempt(event=event).default


def test_a_forks_branch_is_told_with_its_owner():
    """A change may come from a branch called main."""
    one = attempt(event="pull_request", head_repository={"full_name": "eve/shop-1", "owner": {"login": "eve"}})
    assert (one.branch, one.default) == ("eve:main", False)


@pytest.mark.parametrize("branch", [None, "", "topic"])
def test_a_run_without_that_branch_is_none_of_the_default_branch(branch):
    assert not attempt(head_branch=branch).default
    assert (
        not told(RUNS.created(HOME._replace(default_branch=""), *WINDOW), listed(run(head_branch=""))).found[0].default
    )


def test_a_workflow_from_elsewhere_is_known_without_its_version():
    shared = "acme/rules/.github/workflows/all.yml"
    assert attempt(path=f"{shared}@refs/heads/main").workflow == shared
    assert attempt(path=None).workflow == "CI"


# --- jobs and attempts ---


def test_an_attempt_is_told_with_its_jobs_on_its_run_and_its_lines():
    """Asked for 1h, the first job began 1h 6min, the last ended 1h 24min; two failed."""
    one = attempt(conclusion="failure")
    (asked,) = RUNS.jobs(HOME, [Untold((one,), {1: one.asked})])
    assert (operation(asked), variables(asked)) == ("Suites", {"ids": ["CS_1"]})
    jobs = [job("unit", "FAILURE", 1.1, 1.4), job("lint", "SUCCESS", 1.2, 1.3), job("e2e", "TIMED_OUT", 1.2, 1.3)]
    page = read(asked, {"nodes": [suite(*jobs)]})
    fact = Ran(
        "ran:1:1", second(1.4), ".github/workflows/ci.yml", "main", True, f"{1:040x}", 1, Result.FAILURE,
        second(1), second(1.1), ("e2e", "unit"),
    )  # fmt: skip
    assert {(each.subject, each.events) for each in page.told} == {
        (Subject("R_1", "WFR_1", 1, Thing.RUN), (fact,)),
        (Subject("R_1", "main#2025-05", 0, Thing.LINE), (fact,)),
        (Subject("R_1", "main#2025-06", 0, Thing.LINE), (fact,)),
    }


def test_an_attempt_without_jobs_ends_when_it_was_last_touched():
    fact = ran(conclusion="startup_failure")
    assert (fact.at, fact.started, fact.red) == (second(1.5), 0, ())


def test_a_skipped_job_or_one_that_never_began_does_not_tell_when_the_attempt_began():
    fact = ran(
        job("docs", "SKIPPED", 1.01, 1.01), job("unit", "SUCCESS", 1.2, 1.4), job("late", "CANCELLED", None, None)
    )
    assert (fact.started, fact.at) == (second(1.2), second(1.4))


def test_a_job_that_may_fail_is_not_what_made_a_success_red():
    assert ran(job("nightly", "FAILURE")).red == ()


def test_names_of_failed_jobs_are_kept_in_order_once_and_not_without_end():
    jobs = [job(f"shard {number:03}" + "x" * 200, "FAILURE") for number in range(80)]
    red = ran(*reversed(jobs), *jobs, conclusion="failure").red
    assert len(red) == 50
    assert red == tuple(sorted(red))
    assert {len(name) for name in red} == {100}


def test_jobs_belong_to_the_last_attempt_that_was_asked_for_before_they_began():
    """Asked for 1h, 3h and 5h, the last still going on: 'unit' failed twice, and in the first attempt 'lint' too."""
    last = attempt(run_attempt=3, status="in_progress", conclusion=None, run_started_at=at(5))
    earlier = [
        last._replace(attempt=number, asked=second(hours), result=Result.FAILURE) for number, hours in ((1, 1), (2, 3))
    ]
    (asked,) = RUNS.jobs(HOME, [Untold(tuple(earlier), {1: second(1), 2: second(3), 3: second(5)})])
    jobs = [
        job("unit", "FAILURE", 1.1, 2.0), job("lint", "FAILURE", 1.1, 1.5), job("unit", "FAILURE", 3.1, 4.0),
        job("unit", None, 5.1, None),
    ]  # fmt: skip
    facts = rans(read(asked, {"nodes": [suite(*jobs)]}))
    assert [(fact.id, fact.red, fact.started, fact.at) for fact in facts] == [
        ("ran:1:1", ("lint", "unit"), second(1.1), second(2)),
        ("ran:1:2", ("unit",), second(3.1), second(4)),
    ]


def test_an_attempt_whose_forerunner_is_gone_is_not_told_with_its_jobs():
    """Of two attempts the first is deleted: what began before the second was asked for is not the second's."""
    last = attempt(run_attempt=2, run_started_at=at(3), conclusion="failure", updated_at=at(4))
    (asked,) = RUNS.jobs(HOME, [Untold((last,), {2: last.asked})])
    (fact,) = rans(read(asked, {"nodes": [suite(job("lint", "FAILURE", 1.1, 1.5), job("unit", "FAILURE", 3.1, 4.0))]}))
    assert fact.red == ("unit",)


def test_an_earlier_attempt_is_asked_for_by_its_number():
    last = attempt(run_attempt=3)
    asked = RUNS.attempt(HOME, last, 2)
    assert asked.path == "/api/v3/repos/acme/shop/actions/runs/1/attempts/2"
    (earlier,) = told(asked, run(run_attempt=2, conclusion="failure", run_started_at=at(2))).found
    assert (earlier.fact, earlier.result, earlier.asked) == ("ran:1:2", Result.FAILURE, second(2))


def test_an_attempt_of_a_run_that_was_deleted_meanwhile_is_none_and_no_error():
    page = told(RUNS.attempt(HOME, attempt(run_attempt=2), 1), {}, 404)
    assert (page.found, page.faults) == ((), ())


def test_a_hundred_runs_are_asked_about_at_once():
    runs = [Untold((attempt(number=number),), {1: second(number)}) for number in range(250)]
    assert [len(variables(request)["ids"]) for request in RUNS.jobs(HOME, runs)] == [100, 100, 50]


def test_further_pages_of_jobs_are_followed():
    one = attempt(conclusion="failure")
    (asked,) = RUNS.jobs(HOME, [Untold((one,), {1: one.asked})])
    first = read(asked, {"nodes": [suite(job("a", "FAILURE"), then="c1")]})
    assert first.told == ()
    (more,) = first.then
    assert (operation(more), variables(more)) == ("MoreJobs", {"id0": "CS_1", "after0": "c1"})
    assert rans(read(more, {"n0": suite(job("b", "FAILURE"))}))[0].red == ("a", "b")
    with pytest.raises(Garbled):
        read(more, {"n0": suite(job("b"), then="c1")})


@pytest.mark.parametrize("kind", ["FORBIDDEN", "NOT_FOUND"])
def test_checks_that_may_not_be_read_are_asked_for_as_jobs_run_by_run(kind):
    """A fine-grained token has no permission for checks. Both ways the same fact is told."""
    runs = [attempt(conclusion="failure"), attempt(number=2)]
    (asked,) = RUNS.jobs(HOME, [Untold((each,), {1: each.asked}) for each in runs])
    data = {"nodes": [None, suite(job("unit", "SUCCESS", 2.1, 2.2))]}
    page = read(asked, data, error("nodes", 0, kind=kind))
    assert [fact.id for fact in rans(page)] == ["ran:2:1"]
    (rest,) = page.then
    assert rest.path == "/api/v3/repos/acme/shop/actions/runs/1/jobs?filter=all&per_page=100&page=1"
    jobs = [{"name": "unit", "conclusion": "failure", "started_at": at(1.1), "completed_at": at(1.4)}]
    by_checks = ran(job("unit", "FAILURE", 1.1, 1.4), conclusion="failure")
    assert rans(told(rest, {"total_count": 1, "jobs": jobs})) == [by_checks]
    assert told(rest, {}, 404).told == (), "the run was deleted meanwhile"


def test_many_jobs_by_rest_come_in_pages():
    """160 jobs: 100 and 60; a page that repeats the one before it is an error."""
    one = attempt(check_suite_node_id=None, conclusion="failure")
    (asked,) = RUNS.jobs(HOME, [Untold((one,), {1: one.asked})])
    rows = [
        {"name": f"{number:03}", "conclusion": "failure", "started_at": at(1.1), "completed_at": at(1.2)}
        for number in range(160)
    ]
    (more,) = told(asked, {"total_count": 160, "jobs": rows[:100]}).then
    assert more.path.endswith("page=2")
    assert rans(told(more, {"total_count": 160, "jobs": rows[100:]}))[0].red[0] == "000"
    with pytest.raises(Garbled):
        told(more, {"total_count": 160, "jobs": rows[:100]})


def test_an_error_that_points_nowhere_spoils_the_answer():
    one = attempt()
    (asked,) = RUNS.jobs(HOME, [Untold((one,), {1: one.asked})])
    with pytest.raises(Partial):
        read(asked, {"nodes": [suite()]}, error())


def test_a_repository_that_is_gone_is_not_found():
    with pytest.raises(NotFound):
        told(RUNS.created(HOME, *WINDOW), {"message": "Not Found"}, 404)
