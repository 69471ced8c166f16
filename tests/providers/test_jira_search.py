"""How Jira is asked: one search for all projects, in pages that miss nothing, with what its answers mean."""

import json

import pytest

from exporter.errors import Garbled, NotFound, Refused, SecondaryLimited, ServerError, Unauthorised
from exporter.model import Stream
from exporter.providers import services
from exporter.providers.base import Budget, Response
from exporter.providers.jira import SERVICE
from exporter.providers.jira.answers import authorization, budget
from exporter.providers.jira.client import Jira
from exporter.providers.jira.options import Options
from exporter.providers.service import Setup
from tests.double.jira import CLOUD, DATACENTER, Tracker
from tests.double.jira.tracker import Answer
from tests.providers.jira import PAY, PROJECTS, SHOP, START, answered, at, pages, questions, told

PATHS = {CLOUD: "/rest/api/3/search/jql", DATACENTER: "/rest/api/2/search"}


@pytest.fixture(params=[CLOUD, DATACENTER])
def tracker(request):
    return Tracker(request.param)


def many(tracker, count=25, changes=3):
    """Issues of two projects, several of them updated in the same second."""
    for n in range(count):
        issue = tracker.add(f"{'PAY' if n % 3 else 'SHOP'}-{n}", at(1) + n // 10)
        for step in range(n % (changes + 1)):
            tracker.change(issue, at(2) + n // 5 + step, ("labels", [f"step{step}"]))


def test_a_poll_with_nothing_new_is_one_request(tracker):
    many(tracker)
    later = questions(tracker).since((SHOP, PAY), at(9))
    tracker.asked.clear()
    assert [page.told for page in pages(tracker, later)] == [()]
    ((method, path, body),) = tracker.asked
    assert (method, path) == ("POST", PATHS[tracker.deployment])
    assert body["jql"] == (f'project in ("PAY", "SHOP") AND updated >= {at(9)}000 ORDER BY updated ASC, key ASC')


def test_a_poll_is_one_request_with_all_changelogs(tracker):
    many(tracker)
    tracker.asked.clear()
    assert len(told(tracker)) == 25
    assert len(tracker.asked) == 1


def test_a_search_names_projects_that_have_a_repository_and_no_others():
    (request,) = questions(Tracker()).since((PAY,), START)
    assert request.repositories == ()
    assert request.body["jql"].startswith('project in ("PAY") AND')
    assert questions(Tracker()).since((), START) == ()


def test_a_span_has_both_its_seconds_whole(tracker):
    """What was updated 250 ms after the last second belongs to it."""
    issue = tracker.add("SHOP-1", at(1))
    tracker.change(issue, at(2), ("labels", ["x"]))
    tracker.add("PAY-1", at(1))
    asked = questions(tracker)
    for lower, upper, expected in ((at(2), at(2), 1), (at(2) + 1, at(3), 0), (at(1), at(2) - 1, 1), (at(1), at(2), 2)):
        found = pages(tracker, asked.between((SHOP, PAY), lower, upper))
        assert sum(len(page.told) for page in found) == expected


def test_what_is_still_open_and_older_is_asked_for(tracker):
    """Not what is done, and not what was updated in the second itself."""
    for key, hours, status in (("SHOP-1", 1, "To Do"), ("SHOP-2", 1, "Done"), ("PAY-3", 2, "To Do")):
        tracker.add(key, at(hours), status=status)
    found = pages(tracker, questions(tracker).standing((SHOP, PAY), at(2)))
    assert [each.subject.key for page in found for each in page.told] == ["10000"]


@pytest.mark.parametrize("page", [1, 2, 7, 100])
@pytest.mark.parametrize("most", [1, 2, 100])
def test_the_same_issues_are_told_in_whatever_pages(tracker, page, most):
    """Also where a search tells only the newest entries of a changelog, and the rest comes in packs."""
    many(tracker)
    whole = told(tracker)
    tracker.most, tracker.page = most, 4
    assert told(tracker, page=page) == whole


def test_changelogs_that_were_cut_are_one_question_for_a_page():
    tracker = Tracker(CLOUD, most=1)
    many(tracker)
    tracker.asked.clear()
    told(tracker)
    paths = [path for _, path, _ in tracker.asked]
    assert paths == [PATHS[CLOUD], "/rest/api/3/changelog/bulkfetch"]
    wanted = tracker.asked[1][2]["issueIdsOrKeys"]
    assert wanted == [each.id for each in sorted(tracker.tickets.values(), key=_order) if len(each.log) > 1]


def _order(ticket):
    return ticket.updated, ticket.key


def test_what_changes_between_search_and_changelog_is_told_at_the_next_poll():
    """A description that is newer than the text that was found would be told under the wrong date."""
    tracker = Tracker(CLOUD, most=1)
    issue = tracker.add("SHOP-1", at(1), description="old")
    tracker.change(issue, at(2), ("labels", ["a"]))
    tracker.change(issue, at(3), ("labels", ["b"]))
    (first,) = questions(tracker).since((SHOP,), START)
    (log,) = first.read(answered(tracker, first)).then
    tracker.change(issue, at(4), ("description", "new"))
    (found,) = log.read(answered(tracker, log)).told
    assert f"body@{at(1)}" in {event.id for event in found.events}
    assert f"body@{at(4)}" in {event.id for event in told(tracker)[issue.id].events}


def test_what_is_updated_while_pages_are_read_makes_data_center_skip_nothing():
    """The first of the first page goes to the end, and all others one place ahead."""
    tracker = Tracker(DATACENTER)
    for n in range(9):
        tracker.add(f"SHOP-{n}", at(1 + n))
    pending, found = list(questions(tracker, page=3).since((SHOP, PAY), START)), set()
    while pending:
        page = pending[0].read(answered(tracker, pending.pop(0)))
        found |= {each.subject.key for each in page.told}
        pending += page.then
        first = tracker.tickets["10000"]
        tracker.change(first, at(5), ("labels", ["again"]))
    assert found == set(tracker.tickets)


def test_a_history_that_data_center_cuts_is_a_fault_and_tells_nothing():
    tracker = Tracker(DATACENTER)
    many(tracker, 2)
    (request,) = questions(tracker).since((SHOP, PAY), START)
    body = json.loads(answered(tracker, request).body)
    body["issues"][1]["changelog"]["total"] = 99
    page = request.read(Response(200, {}, json.dumps(body).encode()))
    assert [each.subject.key for each in page.told] == ["10000"]
    assert [(each.repository, each.reason, each.change) for each in page.faults] == [("R2", "partial_answer", "10001")]


def test_one_issue_that_cannot_be_read_spoils_no_other(tracker):
    many(tracker, 2)
    (request,) = questions(tracker).since((SHOP, PAY), START)
    body = json.loads(answered(tracker, request).body)
    body["issues"][0]["fields"]["created"] = "yesterday"
    page = request.read(Response(200, {}, json.dumps(body).encode()))
    assert len(page.told) == 1
    assert [(each.repository, each.reason, each.change) for each in page.faults] == [("R1", "bad_answer", "10000")]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(401, {}, {}), Unauthorised, "Jira rejects the credential"),
        (Answer(200, {}, {"x-seraph-loginreason": "AUTHENTICATED_FAILED"}), Unauthorised, "as to anybody"),
        (Answer(400, {}, {"x-seraph-loginreason": "AUTHENTICATION_DENIED"}), Unauthorised, "as to anybody"),
        (Answer(403, {}, {}), Refused, "browse the projects"),
        (Answer(400, {"errorMessages": ["The value 'SHOP' does not exist."]}, {}), Refused, "'SHOP' does not exist"),
        (Answer(400, "?", {}), Refused, "no reason"),
        (Answer(404, {}, {}), NotFound, "check the url"),
        (Answer(503, {}, {}), ServerError, "503"),
        (Answer(200, [], {}), Garbled, "not what the API promises"),
        (Answer(200, {"issues": [], "isLast": False}, {}), Garbled, "does not say where"),
    ],
)
def test_what_answers_mean(answer, error, words):
    (request,) = questions(Tracker()).since((SHOP,), START)
    with pytest.raises(error, match=words):
        request.read(Response(answer.status, answer.headers, answer.bytes()))


def test_a_page_that_leads_to_itself_is_garbage():
    tracker = Tracker()
    many(tracker, 5, 0)
    (request,) = questions(tracker, page=2).since((SHOP, PAY), START)
    (second,) = request.read(answered(tracker, request)).then
    body = json.loads(answered(tracker, second).body) | {"nextPageToken": second.body["nextPageToken"]}
    with pytest.raises(Garbled, match="itself"):
        second.read(Response(200, {}, json.dumps(body).encode()))


def test_a_limit_says_how_long_to_wait():
    (request,) = questions(Tracker()).since((SHOP,), START)
    with pytest.raises(SecondaryLimited) as raised:
        request.read(Response(429, {"retry-after": "17", "ratelimit-reason": "jira-burst-based"}, b"{}"))
    assert raised.value.after == 17


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"x-ratelimit-reset": "2025-05-01T00:10Z"}, Budget("jira", 100, 40, START + 600)),
        # 60 tokens are missing, 20 come every 30 s: whole in 90 s
        (
            {
                "x-ratelimit-fillrate": "20",
                "x-ratelimit-interval-seconds": "30",
                "date": "Thu, 01 May 2025 00:00:00 GMT",
            },
            Budget("jira", 100, 40, START + 90),
        ),
        ({"x-ratelimit-fillrate": "20", "x-ratelimit-interval-seconds": "30"}, None),
        ({"x-ratelimit-fillrate": "0", "x-ratelimit-interval-seconds": "30"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "2025-05-01T00:10"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_is_read_where_it_is_told_when_it_is_whole(headers, found):
    head = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40"} | headers
    assert budget(Response(200, head, b"")) == found
    assert budget(Response(200, headers, b"")) is None


def test_a_secret_with_an_address_is_basic_and_any_other_a_bearer():
    """``printf a@b.c:t | base64`` is YUBiLmM6dA==."""
    assert authorization("a@b.c:t") == "Basic YUBiLmM6dA=="
    assert authorization("NjQ2") == "Bearer NjQ2"


def test_a_question_that_is_too_much_is_asked_for_half_as_many():
    tracker = Tracker(CLOUD, most=1)
    many(tracker)
    (request,) = questions(tracker, page=4).since((SHOP, PAY), START)
    assert request.smaller is not None
    sizes = [piece.body["maxResults"] for piece in request.smaller()]
    assert sizes == [2]
    (request,) = questions(tracker).since((SHOP, PAY), START)
    log = next(each for each in request.read(answered(tracker, request)).then if "bulkfetch" in each.path)
    before = len(log.body["issueIdsOrKeys"])
    assert sum(len(piece.body["issueIdsOrKeys"]) for piece in log.smaller()) == before


def test_the_service_serves_issues_alone_and_under_a_root():
    assert services()["jira"] is SERVICE
    assert (SERVICE.serves, SERVICE.streams) == (True, (Stream.ISSUES,))
    jira = Jira(Setup(root="/jira", options=Options(projects=PROJECTS, deployment=DATACENTER)))
    assert jira.questions(Stream.RUNS) is None
    (request,) = jira.questions(Stream.ISSUES).since((SHOP,), START)
    assert request.path == "/jira/rest/api/2/search"
