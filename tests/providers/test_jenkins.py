"""Builds of Jenkins in the shapes its API gives them, odd ones too, and the attempts of runs they are read into."""

import json

import pytest

from exporter.errors import Garbled, NotFound, Unauthorised
from exporter.model import Ran, Result, Stream, Thing
from exporter.model import Tested as Counted
from exporter.providers.base import Home, Response
from exporter.providers.jenkins.builds import path_of, unescaped
from exporter.providers.jenkins.client import Jenkins
from exporter.providers.jenkins.options import Options, fault, roots, wanted
from exporter.providers.service import Setup, basic_or_bearer

START = 1_746_057_600
SHOP = Home("1", "acme/shop", "main")
SHA = "a" * 40
MULTI = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"


def ms(minutes):
    return (START + 60 * minutes) * 1000


def brief(number, ended=10, *, result="SUCCESS"):
    """A build as folders list it: ten minutes long, or going on."""
    return {
        "number": number, "timestamp": ms(ended - 10), "duration": 600_000 if result else 0, "result": result,
        "building": result is None,
    }  # fmt: skip


def build(number, ended=10, *, result="SUCCESS", cause=None, remotes=("https://git.example/acme/shop.git",), **more):
    """A build with what it did; two minutes in the queue."""
    data = {"lastBuiltRevision": {"SHA1": SHA, "branch": [{"name": "refs/remotes/origin/main"}]}, "remoteUrls": remotes}
    actions = [{"causes": [cause or {"shortDescription": "Started by timer"}]}, data, {}, None,
               {"queuingDurationMillis": 120_000}]  # fmt: skip
    return brief(number, ended, result=result) | {"actions": actions} | more


def folder(*jobs):
    return {"_class": "Folder", "name": "platform", "jobs": list(jobs)}


def branch(name, *builds):
    job = {"_class": "Job", "name": name, "fullName": f"platform/shop/{name}", "builds": list(builds)}
    return {"_class": MULTI, "name": "shop", "fullName": "platform/shop", "jobs": [job]}


def answer(body, status=200):
    return Response(status, {}, json.dumps(body).encode())


def asking(**options):
    questions = Jenkins(Setup(options=Options(folders=("platform",), **options))).questions(Stream.RUNS)
    assert questions is not None
    return questions


def read(place, *builds, homes=(SHOP,), **options):
    """The page of a job's builds, which its folder led to."""
    (request,) = asking(**options).since(homes, START)
    (job,) = request.read(answer(folder(place))).then
    return job, job.read(answer({"allBuilds": list(builds)}))


def rans(page):
    return [each.events[0] for each in page.told if each.subject.thing is Thing.RUN]


def test_a_build_is_an_attempt_for_the_commit_that_it_checked_out():
    """Asked for two minutes before it began at 0, ended at 10."""
    job, page = read(branch("main", brief(7)), build(7))
    assert job.path.startswith("/job/platform/job/shop/job/main/api/json?tree=allBuilds")
    assert rans(page) == [
        Ran("ran:platform/shop/main:7", START + 600, "platform/shop", "main", True, SHA, 1, Result.SUCCESS,
            START - 120, START)
    ]  # fmt: skip
    assert {(each.subject.key, each.subject.thing) for each in page.told} == {
        ("platform/shop/main#7", Thing.RUN), ("main#2025-05", Thing.LINE), ("main#2025-06", Thing.LINE),
    }  # fmt: skip


def test_an_idle_folder_of_fifty_jobs_is_one_request():
    (request,) = asking().since([SHOP], START + 3600)
    jobs = [branch(f"b{n}", *(brief(k) for k in range(5, 0, -1))) for n in range(50)]
    assert request.read(answer(folder(*jobs))).then == ()


def test_a_job_with_more_new_builds_than_its_folder_lists_is_read_page_by_page():
    (request,) = asking().since([SHOP], START)
    (job,) = request.read(answer(folder(branch("main", *(brief(k) for k in range(9, 4, -1)))))).then
    assert "%7B0,100%7D" in job.path
    page = job.read(answer({"allBuilds": [build(k) for k in range(120, 20, -1)]}))
    assert ["%7B100,200%7D" in each.path for each in page.then] == [True]


def test_one_that_goes_on_is_told_when_it_has_ended_however_much_later():
    (request,) = asking().since([SHOP], START)
    assert request.read(answer(folder(branch("main", brief(8, result=None))))).then == ()
    (later,) = asking().since([SHOP], START + 4 * 3600)
    long = brief(8) | {"duration": 5 * 3600 * 1000}
    assert len(later.read(answer(folder(branch("main", long)))).then) == 1


def test_one_that_goes_on_hides_none_of_those_behind_it():
    """13 goes on and 12 to 9 are new, so 8, which the folder does not list, may be new too."""
    builds = (brief(13, result=None), *(brief(k) for k in (12, 11, 10, 9)))
    (request,) = asking().since([SHOP], START)
    (job,) = request.read(answer(folder(branch("main", *builds)))).then
    assert "%7B0,100%7D" in job.path


def test_one_that_goes_on_behind_five_newer_ones_is_asked_for_until_it_has_ended():
    """8 goes on for four hours, while 9 to 13 come and go."""
    questions, later = asking(), START + 7200
    newer = [brief(k) for k in (13, 12, 11, 10, 9)]
    (request,) = questions.since([SHOP], START)
    assert request.read(answer(folder(branch("main", brief(8, result=None))))).then == ()
    for long, waits in ((build(8, result=None), True), (build(8, 240), False)):
        (request,) = questions.since([SHOP], later)
        (job,) = request.read(answer(folder(branch("main", *newer)))).then
        page = job.read(answer({"allBuilds": [*(build(k) for k in (13, 12, 11, 10, 9)), long]}))
        assert [each.at for each in rans(page)] == ([] if waits else [START + 240 * 60])
    (request,) = questions.since([SHOP], later)
    assert request.read(answer(folder(branch("main", *newer)))).then == ()


@pytest.mark.parametrize(
    "cause",
    [
        {"shortDescription": "Replayed #4"},
        {"shortDescription": "Restarted from build #4, stage Test"},
        {"shortDescription": "Rebuilds build #4", "upstreamBuild": 4, "upstreamProject": "platform/shop/main"},
    ],
)
def test_what_repeats_a_build_is_a_later_attempt_of_its_run(cause):
    """Build 7 repeats 4: their run is that of 4, and 7 is its attempt 4, whatever was thrown away in between."""
    _, page = read(branch("main", brief(7)), build(7, cause=cause))
    (ran,) = rans(page)
    assert (ran.attempt, {each.subject.key for each in page.told if each.subject.thing is Thing.RUN}) == (
        4, {"platform/shop/main#4"},
    )  # fmt: skip


def test_a_build_that_another_job_began_repeats_nothing():
    cause = {"shortDescription": "Started by upstream", "upstreamBuild": 4, "upstreamProject": "platform/libs"}
    _, page = read(branch("main", brief(7)), build(7, cause=cause))
    assert rans(page)[0].attempt == 1


@pytest.mark.parametrize(
    ("name", "called"), [("PR-12", "PR-12"), ("MR-3-merge", "MR-3-merge"), ("feature%2Fx", "feature/x")]
)
def test_a_branchs_job_is_called_as_the_branch_and_only_the_default_one_is_that(name, called):
    _, page = read(branch(name, brief(7)), build(7))
    (ran,) = rans(page)
    assert (ran.branch, ran.default) == (called, False)


def test_results_are_read_and_one_that_nobody_knows_is_a_failure_and_told():
    builds = [build(n, result=result) for n, result in enumerate(("ABORTED", "NOT_BUILT", "MARVELLED"), start=1)]
    _, page = read(branch("main", *(brief(n) for n in (3, 2, 1))), *builds)
    assert [each.result for each in rans(page)] == [Result.CANCELLATION, Result.SKIP]
    assert (len(page.then), page.unknown) == (1, ("build_result",))


def test_a_failed_build_names_its_stages_or_without_the_plugin_its_job():
    for stages, red in (
        (answer({"stages": [{"name": "Build", "status": "SUCCESS"}, {"name": "Test", "status": "FAILED"}]}), ("Test",)),
        (answer({}, 404), ("shop",)),
    ):
        _, page = read(branch("main", brief(7)), build(7, result="FAILURE"))
        (request,) = page.then
        assert request.path == "/job/platform/job/shop/job/main/7/wfapi/describe"
        (ran,) = rans(request.read(stages))
        assert (ran.result, ran.red) == (Result.FAILURE, red)


def test_the_report_of_tests_is_asked_for_where_a_build_says_that_it_has_one():
    tested = build(7)
    tested["actions"].append({"totalCount": 3})
    _, page = read(branch("main", brief(7)), tested)
    (request,) = page.then
    cases = [
        {"name": n, "className": "cart", "status": s}
        for n, s in (("a", "FIXED"), ("b", "REGRESSION"), ("c", "SKIPPED"))
    ]
    told = request.read(answer({"suites": [{"name": "unit", "cases": cases}]})).told
    (fact,) = {each.events[0] for each in told}
    assert isinstance(fact, Counted)
    assert (fact.id, fact.passed, fact.failed, fact.skipped) == ("tested:platform/shop/main:7", 1, 1, 1)


def test_a_build_of_no_repository_that_is_known_is_counted_and_not_guessed():
    _, page = read(branch("main", brief(7)), build(7, remotes=("https://git.example/other/shop.git",)))
    assert (page.told, page.truncated) == ((), 1)


def test_a_job_may_be_said_to_be_of_a_repository():
    _, page = read(branch("main", brief(7)), build(7, remotes=()), jobs={"platform/sh*": "acme/Shop"})
    assert [each.sha for each in rans(page)] == [SHA]


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example/acme/shop.git", "https://user@git.example:8443/acme/shop", "git@git.example:acme/shop.git",
        "ssh://git@git.example:7999/acme/shop.git", "git://git.example/acme/shop/",
    ],
)  # fmt: skip
def test_an_address_of_git_has_the_repositorys_name_in_whatever_form(address):
    assert path_of(address) == "acme/shop"


def test_names_are_unescaped_as_text():
    assert unescaped("feature%2F%C3%A9t%C3%A9") == "feature/été"


def test_a_job_that_was_deleted_in_between_stops_no_other():
    (request,) = asking().since([SHOP], START)
    (job,) = request.read(answer(folder(branch("main", brief(7))))).then
    assert job.read(answer({}, 404)).truncated == 1


def test_a_job_that_cannot_be_read_holds_the_repository_that_its_builds_are_of():
    other = Home("2", "acme/web", "main")
    job, _ = read(branch("main", brief(7)), build(7), homes=(SHOP, other))
    assert job.repositories == ("1", "2")
    questions = asking()
    for known in (("1", "2"), ("1",)):
        (request,) = questions.since([SHOP, other], START)
        (job,) = request.read(answer(folder(branch("main", brief(7))))).then
        assert job.repositories == known
        job.read(answer({"allBuilds": [build(7)]}))


def test_a_page_for_people_is_no_answer_and_a_missing_folder_says_its_name():
    (request,) = asking().since([SHOP], START)
    with pytest.raises(Garbled):
        request.read(Response(200, {}, b"<html>Sign in</html>"))
    with pytest.raises(NotFound, match="no folder or job platform"):
        request.read(answer({}, 404))
    with pytest.raises(Unauthorised):
        request.read(answer({}, 401))


def test_folders_are_asked_for_where_they_begin_and_chosen_by_globs():
    assert roots(Options()) == ("",)
    assert roots(Options(folders=("platform/*", "platform/shop", "tools/ci*"))) == ("platform", "tools")
    assert wanted("platform/shop/main", ("platform/sh*",))
    assert not wanted("platform/web/main", ("platform/sh*",))
    assert wanted("anything", ())


def test_a_repository_without_an_owner_is_a_fault():
    assert (
        fault(Setup(options=Options(jobs={"a": "shop"}))) == "jobs has 'shop', which is no repository; write owner/name"
    )
    assert fault(Setup(options=Options(jobs={"a": "acme/shop"}))) == ""


def test_a_user_and_token_are_basic_and_a_token_alone_is_bearer():
    assert basic_or_bearer("reader:11ab") == "Basic cmVhZGVyOjExYWI="
    assert basic_or_bearer("11ab") == "Bearer 11ab"
