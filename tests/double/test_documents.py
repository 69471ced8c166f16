"""Every document of the exporter runs on the world told by hand, truly and along its plan, with the same answer."""

from typing import Any

import pytest

from exporter.providers.github import queries
from tests.double import delivering
from tests.double.execution import Documents
from tests.double.hand import HandMade, hand_made, hour
from tests.double.view import View, stamp

EVENTS = list(queries.ISSUE_TYPES)
TYPES = [*queries.TIMELINE_TYPES, queries.COMMENT_TYPE]
LIMIT = {"cost": 1, "limit": 5000, "remaining": 4999, "resetAt": "2025-07-01T00:00:00Z"}


@pytest.fixture(scope="module")
def hand() -> HandMade:
    """The world told by hand; the shop is deployed, released and tagged besides."""
    told = hand_made()
    shop = told.repositories["shop"]
    root = shop.graph.commit(sha="a" * 40, at=hour(1))
    shop.graph.commit(root, sha="b" * 40, at=hour(2))
    for n, sha in enumerate(["a" * 40, "b" * 40]):
        delivering.deploy(told.world, shop, sha, at=hour(3 + n))
        delivering.release(told.world, shop, f"v1.{n}.0", sha, hour(3 + n))
        delivering.tag(told.world, shop, f"v1.{n}.0", sha, hour(3) if n else None)
    return told


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents()


def variables(hand: HandMade) -> dict[str, dict[str, Any]]:
    """For every document, variables that meet something."""
    long, wide = hand.pulls["long_timeline"], hand.pulls["many_files"]
    many = hand.runs["many_jobs"]
    view = View(hand.world, None, lambda: LIMIT)
    busy = hand.issues["busy"]
    event = view.issue(busy)["timelineItems"](None, first=100, itemTypes=EVENTS)["pageInfo"]["endCursor"]
    after = {
        "timeline": view.pull(long)["timelineItems"](None, first=100)["pageInfo"]["endCursor"],
        "files": view.pull(wide)["files"](None, first=100)["pageInfo"]["endCursor"],
        "jobs": view.suite(many)["checkRuns"](None, first=50, filterBy={"checkType": "ALL"})["pageInfo"]["endCursor"],
    }
    repositories = [one.id for one in hand.repositories.values()]
    return {
        "Search": {"q": "org:acme user:umbrella is:pr sort:updated-asc", "first": 100, "after": None, "types": TYPES},
        "Pulse": {"ids": repositories},
        "Stirred": {"ids": repositories, "pulls": 2},
        "Deployed": {
            "id": "R_shop",
            "first": 2,
            "after": None,
            "deployments": True,
            "releases": True,
            "tags": True,
        },
        "Deployments": {"ids": [one.id for one in hand.repositories["shop"].deployments]},
        "Commits": {"id": "R_shop", "base": "b" * 40, "head": "a" * 40},
        "Latest": {"ids": repositories, "first": 5, "after": None, "types": TYPES},
        "Resource": {"url": "https://github.com/acme/shop/pull/1", "types": TYPES},
        "Files": {"ids": [pull.id for pull in hand.pulls.values()]},
        "Owner": {"login": "acme", "first": 100, "after": None, "topics": True},
        "Counts": {"q0": "org:acme is:pr", "q1": "org:acme is:pr is:open"},
        "Named": {"owner0": "acme", "name0": "shop", "owner1": "umbrella", "name1": "web", "topics": False},
        "Timelines": {
            f"{key}{n}": value for n in (0, 1) for key, value in (("id", long.id), ("after", after["timeline"]))
        }
        | {"types": TYPES},
        "MoreFiles": {
            f"{key}{n}": value for n in (0, 1) for key, value in (("id", wide.id), ("after", after["files"]))
        },
        "IssuesSearch": {"q": "org:acme is:issue sort:updated-asc", "first": 100, "after": None, "types": EVENTS},
        "IssuesPulse": {"ids": repositories},
        "IssuesLatest": {"ids": repositories, "first": 2, "after": None, "types": EVENTS},
        "IssueTimelines": {f"{key}{n}": value for n in (0, 1) for key, value in (("id", busy.id), ("after", event))}
        | {"types": EVENTS},
        "Suites": {"ids": [run.suite for run in hand.runs.values()]},
        "MoreJobs": {
            f"{key}{n}": value for n in (0, 1) for key, value in (("id", many.suite), ("after", after["jobs"]))
        },
    }


def run(hand: HandMade, documents: Documents, name: str, **other: Any) -> Any:
    """The data a document answers, which both ways of executing agree on."""
    view = View(hand.world, None, lambda: LIMIT)
    given = variables(hand)[name] | other
    data, errors = documents.execute(queries.DOCUMENTS[name], view.root, given)
    assert errors == []
    assert documents.quickly(queries.DOCUMENTS[name], view.root, given) == (data, [])
    assert data["rateLimit"] == LIMIT
    return data


def test_every_document_has_variables_here(hand: HandMade):
    assert set(variables(hand)) == set(queries.DOCUMENTS)


@pytest.mark.parametrize("name", queries.DOCUMENTS)
def test_a_document_executes_without_errors_and_alike_in_both_ways(hand: HandMade, documents: Documents, name: str):
    """The plan must answer what graphql-core answers."""
    assert run(hand, documents, name)


def test_a_search_answers_whole_changes(hand: HandMade, documents: Documents):
    """A merged, reviewed change in every field the exporter reads."""
    data = run(hand, documents, "Search")["search"]
    assert data["issueCount"] == len(hand.pulls) == 21
    told = hand.pulls["reviewed_and_merged"]
    node = next(one for one in data["nodes"] if one["id"] == told.id)
    items = node.pop("timelineItems")
    assert node == {
        "__typename": "PullRequest",
        "id": "PR_R_shop_1",
        "number": 1,
        "createdAt": "2025-05-01T00:00:00Z",
        "updatedAt": "2025-05-01T10:00:00Z",
        "closedAt": "2025-05-01T10:00:00Z",
        "mergedAt": "2025-05-01T10:00:00Z",
        "isDraft": False,
        "lastEditedAt": None,
        "body": "Adds a basket.",
        "title": "Work",
        "headRefName": "topic",
        "baseRefName": "main",
        "author": {"__typename": "User", "login": "ann"},
        "mergeCommit": {"oid": told.merge_sha},
        "repository": {"id": "R_shop", "nameWithOwner": "acme/shop"},
    }
    assert items["pageInfo"]["hasNextPage"] is False
    assert [(one["__typename"], one.get("createdAt") or one.get("submittedAt")) for one in items["nodes"]] == [
        ("PullRequestCommit", None),
        ("ReviewRequestedEvent", "2025-05-01T00:00:00Z"),
        ("PullRequestReview", "2025-05-01T04:00:00Z"),
        ("MergedEvent", "2025-05-01T10:00:00Z"),
        ("ClosedEvent", "2025-05-01T10:00:00Z"),
    ]
    commit = items["nodes"][0]["commit"]
    assert (commit["authoredDate"], commit["committedDate"]) == ("2025-04-30T22:00:00Z", "2025-04-30T23:00:00Z")
    assert commit["author"] == {"name": "ann", "email": "ann@example.org", "user": {"login": "ann"}}
    assert items["nodes"][1]["requestedReviewer"] == {"__typename": "User", "login": "bob"}


def changes(hand: HandMade, documents: Documents) -> dict[str, Any]:
    """Every change of the world as a search answers it, by its story."""
    nodes = {one["id"]: one for one in run(hand, documents, "Search")["search"]["nodes"]}
    return {name: nodes[pull.id] for name, pull in hand.pulls.items()}


def test_bots_are_named_as_graphql_names_them(hand: HandMade, documents: Documents):
    """A bot's login has no suffix, Copilot's is copilot-swe-agent, a deleted account is nobody."""
    told = changes(hand, documents)
    assert told["by_bot"]["author"] == {"__typename": "Bot", "login": "renovate"}
    assert told["by_agent"]["author"] == {"__typename": "Bot", "login": "copilot-swe-agent"}
    assert told["by_ghost"]["author"] is None
    ghost = [one["author"] for one in told["by_ghost"]["timelineItems"]["nodes"] if "state" in one]
    assert ghost == [None, {"__typename": "User", "login": "bob"}]


def test_a_dismissed_review_keeps_its_verdict_only_in_the_event(hand: HandMade, documents: Documents):
    nodes = changes(hand, documents)["approval_dismissed"]["timelineItems"]["nodes"]
    assert [one["state"] for one in nodes if "state" in one] == ["DISMISSED", "APPROVED"]
    event = next(one for one in nodes if one["__typename"] == "ReviewDismissedEvent")
    assert (event["previousReviewState"], event["review"]["id"]) == ("APPROVED", nodes[0]["id"])


def test_a_team_may_be_asked(hand: HandMade, documents: Documents):
    nodes = changes(hand, documents)["requested_again"]["timelineItems"]["nodes"]
    asked = [one["requestedReviewer"] for one in nodes if "requestedReviewer" in one]
    assert asked[1] == {"__typename": "Team"}
    assert [one.get("login") for one in asked] == ["bob", None, "bob"]


def test_the_rest_of_a_long_timeline_is_on_the_next_page(hand: HandMade, documents: Documents):
    """120 commits, one review, a merge and a close: 123 items, 100 and 23."""
    first = changes(hand, documents)["long_timeline"]["timelineItems"]
    rest = run(hand, documents, "Timelines")["n0"]["timelineItems"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (100, True)
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (23, False)
    assert {one["id"] for one in first["nodes"]}.isdisjoint(one["id"] for one in rest["nodes"])


def test_files_come_in_pages_and_may_be_unknown(hand: HandMade, documents: Documents):
    """250 files: 100, 100 more, 50 left."""
    nodes = {one["id"]: one["files"] for one in run(hand, documents, "Files")["nodes"]}
    assert nodes[hand.pulls["force_pushed_and_retargeted"].id] is None
    first = nodes[hand.pulls["many_files"].id]
    assert first["nodes"][0] == {"path": "src/m000.py", "additions": 3, "deletions": 1}
    more = run(hand, documents, "MoreFiles")["n0"]["files"]
    assert (more["nodes"][0]["path"], len(more["nodes"]), more["pageInfo"]["hasNextPage"]) == ("src/m100.py", 100, True)


def test_a_pulse_is_the_latest_update_of_each_repository(hand: HandMade, documents: Documents):
    """The archived repository holds one change, merged 10 hours into it."""
    nodes = run(hand, documents, "Pulse")["nodes"]
    latest = {one["id"]: one["pullRequests"]["nodes"][0]["updatedAt"] for one in nodes}
    assert latest["R_old"] == stamp(hour(10))
    assert latest["R_shop"] == max(stamp(pull.updated) or "" for pull in hand.repositories["shop"].pulls.values())


def test_the_latest_pages_follow_each_other_by_time(hand: HandMade, documents: Documents):
    """Seven changes of the shop in pages of five, newest first; nothing twice."""
    seen: list[str] = []
    after = None
    for _ in range(2):
        page = run(hand, documents, "Latest", ids=["R_shop"], after=after)["nodes"][0]["pullRequests"]
        seen += [one["updatedAt"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert page["pageInfo"]["hasNextPage"] is False
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(hand.repositories["shop"].pulls) == 7


def test_the_latest_pages_may_be_of_one_state(hand: HandMade, documents: Documents):
    page = run(hand, documents, "Latest", ids=["R_pay"], first=100, states=["OPEN"])["nodes"][0]["pullRequests"]
    assert {one["closedAt"] for one in page["nodes"]} == {None}
    assert len(page["nodes"]) == sum(pull.closed is None for pull in hand.repositories["pay-api"].pulls.values()) == 1


def issues(hand: HandMade, documents: Documents) -> dict[str, Any]:
    """Every issue of the world as a search answers it, by its story."""
    nodes = {one["id"]: one for one in run(hand, documents, "IssuesSearch")["search"]["nodes"]}
    return {name: nodes[issue.id] for name, issue in hand.issues.items()}


def test_a_search_for_issues_finds_no_changes_and_one_for_changes_no_issues(hand: HandMade, documents: Documents):
    """Six issues; the last to happen was a reopening, two days in, and before it labels, one day and an hour in."""
    found = run(hand, documents, "IssuesSearch")["search"]
    assert [one["__typename"] for one in found["nodes"]] == ["Issue"] * 6
    assert [one["number"] for one in found["nodes"]][-2:] == [
        hand.issues["busy"].number,
        hand.issues["reopened"].number,
    ]


def test_a_closing_of_an_issue_says_why_and_by_which_change(hand: HandMade, documents: Documents):
    told = issues(hand, documents)
    nodes = {name: told[name]["timelineItems"]["nodes"] for name in ("bug", "unplanned", "elsewhere", "reopened")}
    assert [(one["__typename"], one["label"]["name"]) for one in nodes["bug"][:2]] == [
        ("LabeledEvent", "Bug"),
        ("LabeledEvent", "production"),
    ]
    closer = {"__typename": "PullRequest", "number": 1, "repository": {"id": "R_shop"}}
    merge = hand.world.repositories["R_shop"].pulls[1].merge_sha
    assert nodes["bug"][2]["stateReason"] == "COMPLETED"
    assert nodes["bug"][2]["closer"] == closer | {"mergeCommit": {"oid": merge} if merge else None}
    assert (nodes["unplanned"][1]["stateReason"], nodes["unplanned"][1]["closer"]) == ("NOT_PLANNED", None)
    assert nodes["elsewhere"][-1]["closer"]["repository"] == {"id": "R_pay"}
    assert [one["__typename"] for one in nodes["reopened"]] == [
        "LabeledEvent",
        "UnlabeledEvent",
        "ClosedEvent",
        "ReopenedEvent",
    ]


def test_the_rest_of_a_busy_issues_timeline_is_on_the_next_page(hand: HandMade, documents: Documents):
    """60 times a label on and off: 120 events, 100 and 20."""
    first = issues(hand, documents)["busy"]["timelineItems"]
    rest = run(hand, documents, "IssueTimelines")["n1"]["timelineItems"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (100, True)
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (20, False)


def test_a_token_that_may_not_read_issues_finds_none_and_is_refused_them_in_a_repository(
    hand: HandMade, documents: Documents
):
    """The refusal leaves the whole repository null, for the connection cannot be."""
    view = View(hand.world, None, lambda: LIMIT, frozenset({"issues"}))
    data, errors = documents.execute(queries.ISSUES_SEARCH, view.root, variables(hand)["IssuesSearch"])
    assert (data["search"]["issueCount"], errors) == (0, [])
    for execute in (documents.execute, documents.quickly):
        data, errors = execute(queries.ISSUES_PULSE, view.root, {"ids": ["R_shop"]})
        assert data["nodes"] == [None]
        assert [(error.path, error.extensions) for error in errors] == [(["nodes", 0, "issues"], {"type": "FORBIDDEN"})]


def test_an_owner_lists_its_repositories(hand: HandMade, documents: Documents):
    page = run(hand, documents, "Owner")["repositoryOwner"]["repositories"]
    assert [one["nameWithOwner"] for one in page["nodes"]] == ["acme/old", "acme/pay-api", "acme/shop"]
    assert page["nodes"][0]["isArchived"] is True
    assert page["nodes"][1]["defaultBranchRef"] == {"name": "trunk"}
    assert [one["topic"]["name"] for one in page["nodes"][2]["repositoryTopics"]["nodes"]] == ["checkout", "python"]


def test_deliveries_are_newest_first_and_a_deployment_is_whole(hand: HandMade, documents: Documents):
    """The second of two deployments was asked for a minute before hour 4, and made the first one inactive."""
    node = run(hand, documents, "Deployed")["node"]
    second, first = node["deployments"]["nodes"]
    assert second == {
        "id": "DE_R_shop_2",
        "environment": "production",
        "latestEnvironment": "production",
        "commitOid": "b" * 40,
        "createdAt": "2025-05-01T03:59:00Z",
        "repository": {"id": "R_shop"},
        "statuses": {
            "totalCount": 2,
            "nodes": [
                {"id": "DES_DE_R_shop_2_001", "state": "SUCCESS", "createdAt": "2025-05-01T04:00:00Z"},
                {"id": "DES_DE_R_shop_2_000", "state": "IN_PROGRESS", "createdAt": "2025-05-01T03:59:00Z"},
            ],
        },
    }
    assert [one["state"] for one in first["statuses"]["nodes"]] == ["INACTIVE", "SUCCESS", "IN_PROGRESS"]
    assert [one["tagName"] for one in node["releases"]["nodes"]] == ["v1.1.0", "v1.0.0"]
    assert node["releases"]["nodes"][0]["tagCommit"] == {"oid": "b" * 40}
    tags = {one["name"]: one["target"] for one in node["refs"]["nodes"]}
    assert tags["v1.0.0"] == {"__typename": "Commit", "oid": "a" * 40, "committedDate": "2025-05-01T01:00:00Z"}
    assert tags["v1.1.0"]["tagger"] == {"date": "2025-05-01T03:00:00Z"}
    assert tags["v1.1.0"]["target"]["oid"] == "b" * 40


def test_a_list_of_deliveries_is_paged_to_its_end(hand: HandMade, documents: Documents):
    more = run(hand, documents, "Deployed", first=1, releases=False, tags=False)["node"]["deployments"]["pageInfo"]
    rest = run(hand, documents, "Deployed", first=1, after=more["endCursor"], releases=False, tags=False)
    assert [one["id"] for one in rest["node"]["deployments"]["nodes"]] == ["DE_R_shop_1"]
    assert rest["node"]["deployments"]["pageInfo"]["hasNextPage"] is False


def test_counts_are_those_of_the_search(hand: HandMade, documents: Documents):
    """Acme has the shop's 7, pay-api's 7 and 1 archived."""
    data = run(hand, documents, "Counts")
    assert data["c0"]["issueCount"] == 15


def test_an_unknown_node_is_null_with_an_error_in_its_place(hand: HandMade, documents: Documents):
    """Both ways of executing tell where."""
    view = View(hand.world, None, lambda: LIMIT)
    for execute in (documents.execute, documents.quickly):
        data, errors = execute(queries.PULSE, view.root, {"ids": ["R_shop", "R_gone"]})
        assert data["nodes"][0]["id"] == "R_shop"
        assert data["nodes"][1] is None
        assert [(error.path, error.extensions) for error in errors] == [(["nodes", 1], {"type": "NOT_FOUND"})]
