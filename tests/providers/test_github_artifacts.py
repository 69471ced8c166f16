"""Test reports that runs have uploaded: which are read, and what an attempt's tests come to."""

import json

import pytest
from msgspec import structs

from exporter.errors import Garbled, Refused, ServerError
from exporter.model import Ran, Result, Subject, Thing
from exporter.providers.base import Home, Response
from exporter.providers.github.artifacts import Artifact, Wanted, report, uploaded
from tests.double.ci import zipped
from tests.providers.forge import at, second

HOME = Home("R_1", "acme/shop", "main")
ABOUT = Subject("R_1", "WFR_7", 7, Thing.RUN)
RAN = Ran("ran:7:1", second(7.5), "ci.yml", "main", True, "a" * 40, 1, Result.FAILURE, second(7), second(7.1))
WANTED = Wanted()
ONE = Artifact(50, 7, "junit", second(7.4))
REPORT = """<testsuite><testcase classname="cart" name="adds"/><testcase classname="cart" name="waits"><skipped/>
</testcase><testcase classname="cart" name="empties"><failure/></testcase>
<testcase classname="cart" name="sums"><error/></testcase></testsuite>"""


def told(request, payload, status=200):
    return request.read(Response(status, {}, payload if isinstance(payload, bytes) else json.dumps(payload).encode()))


def artifact(number=50, name="junit", hours=7.4, run=7, size=100, **more):
    return {
        "id": number,
        "name": name,
        "size_in_bytes": size,
        "created_at": at(hours),
        "expired": False,
        "workflow_run": {"id": run, "head_sha": "a" * 40},
    } | more


def listed(*artifacts, since=0.0, wanted=WANTED, runs=(7,)):
    request = uploaded("/api/v3", HOME, wanted, set(runs), second(since))
    return told(request, {"total_count": len(artifacts), "artifacts": list(artifacts)})


def fact_of(body, status=200):
    page = told(report("", HOME, Wanted(), ONE, ABOUT, RAN), body, status)
    return page.told[0].events[0]


def test_the_newest_artifacts_of_a_repository_are_listed_and_the_first_page_is_kept_for_next_time():
    asked = uploaded("/api/v3", HOME, Wanted(), {7}, second(0))
    assert asked.path == "/api/v3/repos/acme/shop/actions/artifacts?per_page=100&page=1"
    assert not asked.passing
    assert uploaded("", HOME, Wanted(), {7}, second(0), 2).passing


@pytest.mark.parametrize("name", ["junit", "junit-linux", "unit-test-results", "test-report", "test-reports-3.11"])
def test_what_is_named_like_test_reports_is_read(name):
    assert listed(artifact(name=name)).found == (Artifact(50, 7, name, second(7.4)),)


@pytest.mark.parametrize(
    "more", [{"name": "coverage"}, {"expired": True}, {"workflow_run": None}, {"run": 8}, {"workflow_run": {}}]
)
def test_other_artifacts_are_not(more):
    page = listed(artifact(**more))
    assert (page.found, page.truncated) == ((), 0)


def test_one_that_is_too_large_is_counted_and_not_fetched():
    page = listed(artifact(size=101), artifact(51, size=100), wanted=Wanted(largest=100))
    assert ([each.id for each in page.found], page.truncated) == ([51], 1)


def test_pages_are_followed_back_to_a_date_and_say_how_far_they_reach():
    """100 artifacts, 6 minutes apart, from 10h back to 6 minutes after 0h: with since=1h no page more."""
    full = [artifact(number, "logs", 10 - number / 10) for number in range(100)]
    assert listed(*full, since=1).then == ()
    page = listed(*full, since=0.1)
    assert page.counts == {"named:1": 0, "oldest:1": second(0.1)}
    (more,) = page.then
    assert more.path.endswith("&page=2")
    with pytest.raises(Garbled):
        told(more, {"total_count": 200, "artifacts": full})


def test_a_report_is_told_on_its_run_and_its_lines_at_the_attempts_end():
    request = report("/api/v3", HOME, Wanted(largest=1000), ONE, ABOUT, RAN)
    assert request.path == "/api/v3/repos/acme/shop/actions/artifacts/50/zip"
    assert (request.follow, request.slow, request.largest, request.passing) == (True, True, 1000, True)
    page = told(request, zipped({"junit.xml": REPORT}))
    assert [each.subject for each in page.told] == [
        ABOUT,
        Subject("R_1", "main#2025-05", 0, Thing.LINE),
        Subject("R_1", "main#2025-06", 0, Thing.LINE),
    ]
    ((fact,),) = {each.events for each in page.told}
    assert (fact.id, fact.at, fact.sha, fact.attempt) == ("tests:50", second(7.5), "a" * 40, 1)
    assert (fact.passed, fact.failed, fact.errors, fact.skipped) == (1, 1, 1, 1)
    assert sorted(each.partition("#")[0] for each in fact.red) == ["cart::empties", "cart::sums"]
    assert (fact.left_out, fact.unread) == (0, 0)


def test_more_red_tests_than_are_listed_are_counted():
    """100 red tests, of which 80 are named."""
    cases = "".join(f'<testcase classname="c" name="t{number}"><failure/></testcase>' for number in range(100))
    fact = fact_of(zipped({"junit.xml": f"<testsuite>{cases}</testsuite>"}))
    assert (fact.failed, len(fact.red), fact.left_out) == (100, 80, 20)


def test_one_report_that_cannot_be_read_costs_no_other():
    fact = fact_of(zipped({"junit-a.xml": REPORT, "junit-b.xml": "<testsuite>"}))
    assert (fact.passed, fact.unread) == (1, 1)


@pytest.mark.parametrize("body", [zipped({"junit.xml": REPORT})[:60], b"", b"<html>"], ids=["cut", "empty", "page"])
def test_an_archive_that_is_none_is_told_as_unread_so_that_it_is_not_fetched_again(body):
    fact = fact_of(body)
    assert (fact.passed, fact.red, fact.unread) == (0, (), 1)


@pytest.mark.parametrize("status", [404, 410])
def test_an_archive_that_is_gone_is_counted_and_no_error(status):
    page = told(report("", HOME, Wanted(), ONE, ABOUT, RAN), b"{}", status)
    assert (page.told, page.truncated) == ((), 1)


@pytest.mark.parametrize(("status", "error"), [(403, Refused), (503, ServerError)])
def test_a_refusal_says_nothing_of_the_archive(status, error):
    with pytest.raises(error):
        fact_of(b"{}", status)


def test_a_list_that_is_none_is_an_error():
    with pytest.raises(Garbled):
        told(uploaded("", HOME, Wanted(), {7}, 0), b"<html>")


def test_reports_of_one_workflow_and_artifact_are_of_one_place():
    """So that attempts and runs are compared with their like; what passed is kept as sums of at most 96 bytes."""
    body = zipped({"junit.xml": REPORT})

    def placed(name="junit", workflow="ci.yml"):
        ran, one = structs.replace(RAN, workflow=workflow), ONE._replace(name=name)
        return told(report("", HOME, Wanted(), one, ABOUT, ran), body).told[0].events[0]

    here = placed()
    assert here.place == placed().place != 0
    assert len({here.place, placed("junit-windows").place, placed(workflow="nightly.yml").place}) == 3
    assert 0 < len(here.greens) <= 96
    assert fact_of(b"no zip").greens == b""
