"""Pipelines, their retries and reports, as GitLab tells them."""

import json

import pytest

from exporter.model import Ran, Result, Thing
from exporter.model import Tested as Counted
from exporter.providers.answers import stamp
from exporter.providers.base import Home, Response
from exporter.providers.gitlab.runs import Runs

START = 1_746_057_600
HOME = Home("7", "acme/shop", "main")
SHA = "a" * 40


def at(minutes):
    return START + 60 * minutes


def job(number, name, status="SUCCESS", *, created=0, started=1, ended=5, **more):
    """A job; times in minutes."""
    return {
        "id": f"gid://gitlab/Ci::Build/{number}", "name": name, "status": status, "allowFailure": False,
        "manualJob": False, "createdAt": stamp(at(created)), "startedAt": stamp(at(started)),
        "finishedAt": stamp(at(ended)),
    } | more  # fmt: skip


def pipeline(*jobs, status="SUCCESS", cases=0, **more):
    return {
        "id": "gid://gitlab/Ci::Pipeline/500", "sha": SHA, "ref": "main", "source": "push", "status": status,
        "createdAt": stamp(START), "updatedAt": stamp(at(60)), "finishedAt": stamp(at(50)),
        "jobs": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(jobs)},
        "testReportSummary": {"total": {"count": cases}},
    } | more  # fmt: skip


def page(*pipelines):
    """What one answer makes."""
    (request,) = Runs("", set()).since([HOME], START)
    nodes = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(pipelines)}
    return request.read(Response(200, {}, json.dumps({"data": {"place": {"pipelines": nodes}}}).encode()))


def attempts(*jobs, **more):
    told = page(pipeline(*jobs, **more)).told
    return [each.events[0] for each in told if each.subject.thing is Thing.RUN]


def test_a_pipeline_is_one_attempt_from_its_request_to_the_end_of_its_last_job():
    (ran,) = attempts(job(1, "build", ended=5), job(2, "test", started=6, ended=20))
    assert ran == Ran("ran:500:1", at(20), ".gitlab-ci", "main", True, SHA, 1, Result.SUCCESS, START, at(1))


def test_a_job_that_failed_makes_it_red_unless_it_may():
    assert attempts(job(1, "unit", "FAILED"), status="FAILED")[0].red == ("unit",)
    (ran,) = attempts(job(1, "lint", "FAILED", allowFailure=True))
    assert (ran.result, ran.red) == (Result.SUCCESS, ())


def test_a_job_that_is_repeated_begins_another_attempt_and_changes_nothing_of_the_first():
    """Unit failed at 5 and deploy was skipped; at 30 unit is repeated, and deploy runs at last."""
    first = job(1, "unit", "FAILED")
    before = attempts(first, status="FAILED")
    again = job(3, "unit", created=30, started=31, ended=35)
    deploy = job(2, "deploy", created=0, started=36, ended=40)
    one, two = attempts(first, again, deploy)
    assert [one] == before
    assert (two.id, two.attempt, two.asked, two.started, two.at, two.result, two.red) == (
        "ran:500:2", 2, at(30), at(31), at(40), Result.SUCCESS, (),
    )  # fmt: skip


def test_jobs_that_are_repeated_one_after_another_begin_an_attempt_each():
    """Unit and e2e fail at 5; unit is repeated at 30 and is green, e2e at 50."""
    first = [job(1, "unit", "FAILED"), job(2, "e2e", "FAILED"), job(3, "unit", created=30, started=31, ended=35)]
    before = attempts(*first, status="FAILED")
    assert [(each.at, each.red) for each in before] == [(at(5), ("unit", "e2e")), (at(35), ("e2e",))]
    whole = attempts(*first, job(4, "e2e", created=50, started=51, ended=55))
    assert whole[:2] == before
    assert [(each.asked, each.at, each.result) for each in whole[2:]] == [(at(50), at(55), Result.SUCCESS)]


def test_jobs_that_are_repeated_together_are_of_one_attempt_even_if_one_waits():
    jobs = [job(1, "unit", "FAILED"), job(2, "e2e", "FAILED"), job(3, "unit", created=30, started=40, ended=45)]
    _, two = attempts(*jobs, job(4, "e2e", created=31, started=32, ended=33))
    assert (two.asked, two.started, two.at) == (at(30), at(32), at(45))


def test_a_job_that_repeats_itself_while_others_go_on_is_of_the_same_attempt():
    """Unit fails at 5 and is repeated at once; e2e goes on until 20, and fails."""
    jobs = [job(1, "unit", "FAILED"), job(2, "e2e", "FAILED", ended=20), job(3, "unit", created=5, started=6, ended=9)]
    assert attempts(*jobs, status="RUNNING") == []
    (ran,) = attempts(*jobs, status="FAILED")
    assert (ran.at, ran.red) == (at(20), ("e2e",))


def test_what_was_cancelled_stays_so_when_it_is_repeated():
    first = job(1, "unit", "CANCELED")
    before = attempts(first, status="CANCELED")
    assert [each.result for each in before] == [Result.CANCELLATION]
    one, two = attempts(first, job(2, "unit", created=30, started=31, ended=35))
    assert ([one], two.result) == (before, Result.SUCCESS)


def test_a_job_that_failed_before_it_began_is_named():
    never = job(2, "downstream", "FAILED", started=0, ended=7) | {"startedAt": None}
    (ran,) = attempts(job(1, "unit"), never, status="FAILED")
    assert (ran.at, ran.started, ran.red) == (at(7), at(1), ("downstream",))


def test_while_a_repetition_goes_on_only_the_first_attempt_is_told():
    again = job(3, "unit", "RUNNING", created=30, started=31) | {"finishedAt": None}
    other = job(4, "e2e", created=30, started=31, ended=33)
    (one,) = attempts(job(1, "unit", "FAILED"), job(2, "e2e", "FAILED"), again, other, status="RUNNING")
    assert (one.attempt, one.red) == (1, ("unit", "e2e"))


def test_a_job_that_waits_for_a_person_is_of_no_attempt():
    (ran,) = attempts(job(1, "build"), job(2, "deploy", started=5000, ended=5001, manualJob=True))
    assert ran.at == at(5)


@pytest.mark.parametrize("status", ["RUNNING", "MANUAL", "SCHEDULED", "LEVITATING"])
def test_a_pipeline_that_has_not_ended_is_not_told(status):
    found = page(pipeline(job(1, "build"), status=status))
    assert not found.told
    assert found.unknown == (("pipeline_status",) if status == "LEVITATING" else ())


@pytest.mark.parametrize(
    ("status", "result"), [("CANCELED", "cancellation"), ("SKIPPED", "skip"), ("FAILED", "failure")]
)
def test_a_pipeline_of_which_no_job_ran_ended_when_it_says(status, result):
    (ran,) = attempts(status=status)
    assert (ran.at, ran.started, ran.result, ran.red) == (at(50), 0, result, ())


def test_a_pipeline_of_a_change_is_not_the_default_branchs():
    refs = [("refs/merge-requests/3/head", "merge_request_event"), ("main", "merge_request_event")]
    assert [attempts(job(1, "unit"), ref=ref, source=source)[0].default for ref, source in refs] == [False, False]
    (ran,) = attempts(job(1, "unit"), ref="main", source="schedule")
    assert ran.default


def test_the_report_of_tests_is_asked_for_where_there_is_one_and_told_of_the_last_attempt():
    found = page(pipeline(job(1, "unit", "FAILED"), status="FAILED", cases=4))
    (request,) = found.then
    assert request.path == "/api/v4/projects/7/pipelines/500/test_report"
    cases = [
        {"status": "success", "name": "adds", "classname": "cart"},
        {"status": "failed", "name": "pays", "classname": "cart"},
        {"status": "error", "name": "ships", "classname": "cart"},
        {"status": "skipped", "name": "waits", "classname": "cart"},
    ]
    body = {"test_suites": [{"name": "unit", "test_cases": cases}, {"name": "e2e", "suite_error": "not XML"}]}
    told = request.read(Response(200, {}, json.dumps(body).encode())).told
    assert {each.subject.thing for each in told} == {Thing.RUN, Thing.LINE}
    (fact,) = {each.events[0] for each in told}
    assert isinstance(fact, Counted)
    assert (fact.id, fact.at, fact.attempt) == ("tested:500:1", at(5), 1)
    assert (fact.passed, fact.failed, fact.errors, fact.skipped, fact.unread) == (1, 1, 1, 1, 1)
    assert sorted(name.partition("#")[0] for name in fact.red) == ["cart::pays", "cart::ships"]


def test_a_server_that_cannot_tell_what_was_updated_is_asked_some_days_further_back():
    runs = Runs("", set())
    (request,) = runs.since([HOME], at(10_000))
    said = {"errors": [{"message": "Field 'pipelines' doesn't accept argument 'updatedAfter'"}]}
    found = request.read(Response(200, {}, json.dumps(said).encode()))
    (again,) = found.then
    assert found.unknown == ("pipelines.updatedAfter",)
    assert "since" not in again.body["variables"]
    nodes = {"pageInfo": {"hasNextPage": True, "endCursor": "c"}, "nodes": [pipeline(job(1, "unit"))]}
    body = json.dumps({"data": {"place": {"pipelines": nodes}}}).encode()
    # created at 0: 10,000 minutes are more than the three days looked back
    assert not again.read(Response(200, {}, body)).then
