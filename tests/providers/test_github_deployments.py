"""What GitHub's answers about deployments, releases, tags and comparisons come to, the odd ones included."""

import json
from itertools import permutations

import pytest

from exporter.errors import Garbled, Partial, Refused, ServerError
from exporter.model import RELEASE, Contained, Deployed, Outcome, Subject, Thing
from exporter.providers.base import Response, Success, Wanted
from exporter.providers.github.deployments import DeploymentsOf
from tests.providers.forge import at, error, operation, page, read, second, variables

ASK = DeploymentsOf("/graphql", "/api/v3")
WANTED = Wanted("R_1", since=second(0), horizon=second(-720), patience=second(0), tag=r"v\d+")
SHOP = Subject("R_1", "D_1", 0, Thing.DEPLOYMENT)
SUCCESS = Success(SHOP, "deployed:S_1", second(2), "aaa", "bbb")


def status(hours, state, key=None):
    return {"id": key or f"S@{hours:g}", "state": state, "createdAt": at(hours)}


def deployment(*statuses, hours=1.0, count=None, **more):
    told = {"totalCount": len(statuses) if count is None else count, "nodes": list(statuses)}
    body = {"id": "D_1", "environment": "prod", "latestEnvironment": "prod", "commitOid": "abc", "createdAt": at(hours)}
    return body | {"repository": {"id": "R_1"}, "statuses": told} | more


def listed(*nodes, kind="deployments", then=None, field=None, wanted=WANTED, **how):
    """What a list that holds these comes to."""
    data = {"node": {"id": "R_1", (field or kind): page(*nodes, then=then)}}
    return read(ASK.latest(wanted, kind, **how), data)


def events(told):
    return [event for each in told.told for event in each.events]


# Ends


def test_a_deployment_is_told_once_it_has_ended():
    """Inactive is what a success becomes when another takes its place; it is dated at the success."""
    found = listed(deployment(status(1, "IN_PROGRESS"), status(2, "SUCCESS"), status(5, "INACTIVE")))
    assert found.told[0].subject == SHOP
    assert events(found) == [Deployed("deployed:S@2", second(2), "prod", "abc", Outcome.SUCCESS, second(1))]
    assert (found.found, found.unknown) == ((), ())


def test_the_order_in_which_states_come_does_not_matter():
    states = [status(1, "QUEUED"), status(2, "FAILURE"), status(3, "IN_PROGRESS"), status(4, "SUCCESS")]
    told = {tuple(events(listed(deployment(*order)))) for order in permutations(states)}
    assert [[(each.outcome, each.at) for each in one] for one in told] == [
        [(Outcome.FAILURE, second(2)), (Outcome.SUCCESS, second(4))]
    ]


def test_an_end_that_is_told_twice_in_a_row_is_one():
    found = listed(deployment(status(1, "ERROR"), status(2, "ERROR"), status(3, "FAILURE"), status(4, "FAILURE")))
    assert [(each.outcome, each.at) for each in events(found)] == [("error", second(1)), ("failure", second(3))]


def test_a_state_that_nobody_knows_is_counted_and_ends_nothing():
    found = listed(deployment(status(1, "HALTED"), status(2, "HALTED"), status(3, "SUCCESS")))
    assert [each.at for each in events(found)] == [second(3)]
    assert found.unknown == ("deployment.state",)
    assert listed(deployment(status(1, "HALTED"))).found == (SHOP,)


@pytest.mark.parametrize(
    ("statuses", "hours", "waits"),
    [
        ([], 1, True),
        ([status(1, "WAITING")], 1, True),
        ([status(1, "PENDING"), status(2, "INACTIVE")], 1, False),
        ([], -1, False),
        ([status(1, "FAILURE")], 1, False),
    ],
)
def test_what_has_not_ended_is_waited_for_unless_it_is_old_or_its_place_is_taken(statuses, hours, waits):
    assert listed(deployment(*statuses, hours=hours)).found == ((SHOP,) if waits else ())


def test_states_beyond_the_first_fifty_are_counted_as_left_out():
    assert listed(deployment(status(1, "SUCCESS"), count=61)).truncated == 60


def test_the_environment_is_the_forges_own_name_the_latest_where_the_first_is_not_told():
    success = status(2, "SUCCESS")
    assert [each.environment for each in events(listed(deployment(success, environment="Prod / EU")))] == ["Prod / EU"]
    assert [each.environment for each in events(listed(deployment(success, environment=None)))] == ["prod"]


def test_deployments_count_unless_code_reaches_production_otherwise():
    found = listed(deployment(status(2, "SUCCESS")), wanted=WANTED._replace(deployed=False, released=True))
    assert [each.counts for each in events(found)] == [False]


# Lists


def test_a_list_goes_on_until_it_is_older_than_what_was_read():
    """Hour 0 is where reading began: an answer that ends at hour 1 goes on with a larger page, one at -1 does not."""
    more = listed(deployment(status(2, "SUCCESS"), hours=1), then="next").then
    assert [(variables(each)["first"], variables(each)["after"]) for each in more] == [(100, "next")]
    assert listed(deployment(hours=1), deployment(hours=-1), then="next").then == ()
    assert listed(deployment(hours=1)).then == ()


def test_a_list_that_leads_nowhere_is_no_list():
    with pytest.raises(Garbled):
        listed(deployment(hours=1), then="here", after="here")


def test_what_was_created_before_the_horizon_is_left_out_wherever_pages_end():
    found = listed(deployment(status(2, "SUCCESS"), hours=-721), wanted=WANTED._replace(since=0, patience=0))
    assert (found.told, found.found) == ((), ())


def test_several_lists_in_one_answer_go_on_each_on_its_own_and_are_asked_for_one_by_one_if_that_is_too_much():
    data = {"node": {"id": "R_1", "deployments": page(deployment(hours=1), then="d"), "releases": page(then=None)}}
    request = ASK.latest(WANTED, "deployments", "releases")
    (more,) = read(request, data).then
    assert {kind: variables(more)[kind] for kind in ("deployments", "releases", "tags")} == {
        "deployments": True,
        "releases": False,
        "tags": False,
    }
    pieces = request.smaller()
    assert [variables(each)["releases"] for each in pieces] == [False, True]
    sizes = []
    while pieces:
        sizes.append(variables(pieces[0])["first"])
        pieces = pieces[0].smaller()
    assert sizes == [50, 25, 12, 6]


@pytest.mark.parametrize(
    ("kind", "reason"), [("FORBIDDEN", Refused.reason), ("NOT_FOUND", "not_found"), ("", Partial.reason)]
)
def test_an_answer_that_lacks_something_is_a_fault_of_the_repository(kind, reason):
    request = ASK.latest(WANTED, "deployments", "releases")
    data = {"node": {"id": "R_1", "deployments": None, "releases": page()}}
    (fault,) = read(request, data, error("node", "deployments", kind=kind)).faults
    assert (fault.repository, fault.reason) == ("R_1", reason)
    if kind == "FORBIDDEN":
        assert "read access to deployments and contents" in fault.message


def test_silence_is_no_answer():
    (fault,) = read(ASK.latest(WANTED, "deployments"), {"node": {"id": "R_1", "deployments": None}}).faults
    assert fault.reason == Partial.reason
    (fault,) = read(ASK.latest(WANTED, "deployments"), {"node": None}).faults
    assert fault.reason == "not_found"


# Releases and tags


def release(key, hours, **more):
    body = {"id": key, "tagName": f"v{key}", "createdAt": at(hours - 1), "publishedAt": at(hours)}
    return body | {"isDraft": False, "isPrerelease": False, "tagCommit": {"oid": "abc"}} | more


def test_a_release_is_told_when_it_is_published():
    """Drafts and pre-releases are for nobody; a release whose tag is gone has no commit."""
    found = listed(
        release("1", 5),
        release("2", 6, tagCommit=None),
        release("3", 7, isPrerelease=True),
        release("4", 8, isDraft=True),
        release("5", 9, publishedAt=None),
        kind="releases",
        wanted=WANTED._replace(released=True),
    )
    first = Deployed("released", second(5), RELEASE, "abc", Outcome.SUCCESS, second(4), "v1", counts=True)
    second_one = Deployed("released", second(6), RELEASE, "", Outcome.SUCCESS, second(5), "v2", counts=True)
    assert events(found) == [first, second_one]


def test_a_tag_is_dated_by_its_message_or_by_its_commit():
    """A tag of a file has neither; only names that are releases count."""
    commit = {"__typename": "Commit", "oid": "abc", "committedDate": at(3)}
    noted = {"__typename": "Tag", "oid": "fff", "tagger": {"date": at(5)}, "target": commit}
    blob = {"__typename": "Blob", "oid": "eee"}
    tags = [("v1", commit), ("v2", noted), ("v3", blob), ("v4-rc", commit), ("v5", {**noted, "target": blob})]
    nodes = [{"id": f"T_{name}", "name": name, "target": target} for name, target in tags]
    found = listed(*nodes, kind="tags", field="refs")
    assert [(each.named, each.at, each.sha) for each in events(found)] == [
        ("v1", second(3), "abc"),
        ("v2", second(5), "abc"),
    ]


# Those that had not ended


def test_deployments_that_had_not_ended_are_asked_for_a_hundred_at_a_time():
    requests = ASK.unfinished({f"D_{n}": WANTED for n in range(250)})
    assert [len(variables(each)["ids"]) for each in requests] == [100, 100, 50]
    assert [len(variables(each)["ids"]) for each in requests[2].smaller()] == [25, 25]


def test_of_those_that_had_not_ended_some_have_some_go_on_and_some_are_gone():
    (request,) = ASK.unfinished({"D_1": WANTED, "D_2": WANTED, "D_3": WANTED})
    nodes = [deployment(status(2, "SUCCESS")), deployment(status(2, "QUEUED"), id="D_2"), None]
    found = read(request, {"nodes": nodes}, error("nodes", 2, kind="NOT_FOUND"))
    assert [each.subject.key for each in found.told] == ["D_1"]
    assert [each.key for each in found.found] == ["D_2"]
    assert found.faults == ()


def test_one_that_cannot_be_had_holds_its_repository_alone():
    (request,) = ASK.unfinished({"D_1": WANTED, "D_2": WANTED._replace(repository="R_2")})
    found = read(request, {"nodes": [deployment(status(2, "SUCCESS")), None]}, error("nodes", 1))
    assert ([each.repository for each in found.faults], len(found.told)) == (["R_2"], 1)
    with pytest.raises(Partial):
        read(request, {"nodes": [None, None]}, error())


# Comparisons


def compared(word, *shas, total=None, known=(), **how):
    request = ASK.compared("acme/shop", SUCCESS, known, **how)
    body = {"status": word, "total_commits": len(shas) if total is None else total}
    body["commits"] = [{"sha": sha, "commit": {}} for sha in shas]
    return request.read(Response(200, {}, json.dumps(body | {"files": [{"patch": "x"}]}).encode()))


def brought(found):
    (event,) = events(found)
    assert found.found == (event,)
    assert (event.id, event.at, event.base) == ("contained:deployed:S_1", second(2), "aaa")
    return event.shas, event.back, event.whole


def test_a_comparison_is_asked_for_by_name_and_its_answer_is_not_kept():
    request = ASK.compared("acme/shop", SUCCESS, ())
    assert (request.method, request.passing) == ("GET", True)
    assert request.path == "/api/v3/repos/acme/shop/compare/aaa...bbb?per_page=100&page=1"


@pytest.mark.parametrize(
    ("word", "shas", "meant"),
    [
        ("ahead", ["c", "d"], (("c", "d"), False, True)),
        ("diverged", ["d"], (("d",), False, True)),
        ("behind", [], ((), True, True)),
        ("identical", [], ((), False, True)),
    ],
)
def test_where_two_commits_stand_to_each_other(word, shas, meant):
    assert brought(compared(word, *shas)) == meant


def test_a_word_for_it_that_nobody_knows_is_counted():
    found = compared("sideways", "d")
    assert (brought(found), found.unknown) == ((("d",), False, True), ("comparison.status",))


def test_what_came_before_is_not_new():
    assert brought(compared("diverged", "c", "d", "e", known={"c", "e"})) == (("d",), False, True)


def test_a_comparison_in_pages_is_whole_when_all_of_them_came():
    """Two of three, then the third; an empty page where more was promised leaves the rest out."""
    (more,) = compared("ahead", "c", "d", total=3).then
    assert more.path.endswith("page=2")
    assert brought(compared("ahead", "e", total=3, page=2, before=("c", "d"))) == (("c", "d", "e"), False, True)
    cut = compared("ahead", total=3, page=2, before=("c", "d"))
    assert (brought(cut), cut.truncated) == ((("c", "d"), False, False), 1)


@pytest.mark.parametrize("code", [404, 422])
def test_commits_that_are_gone_are_told_from_a_repository_that_is(code):
    """Only when the repository answers is it the commits that cannot be compared."""
    (asked,) = ASK.compared("acme/shop", SUCCESS, ()).read(Response(code, {}, b"{}")).then
    assert (operation(asked), variables(asked)) == ("Commits", {"id": "R_1", "base": "aaa", "head": "bbb"})
    found = read(asked, {"node": {"id": "R_1", "base": None, "head": {"oid": "bbb"}}})
    assert (brought(found), found.truncated) == (((), False, False), 1)
    gone = read(asked, {"node": None})
    assert ([each.reason for each in gone.faults], gone.told) == (["not_found"], ())
    hidden = read(asked, {"node": {"id": "R_1"}}, error("node", "base"))
    assert [each.reason for each in hidden.faults] == ["refused"]


def test_a_server_in_trouble_and_a_lacking_permission_are_no_answer():
    request = ASK.compared("acme/shop", SUCCESS, ())
    with pytest.raises(ServerError):
        request.read(Response(500, {}, b""))
    with pytest.raises(Refused, match="deployments and contents"):
        request.read(Response(403, {}, b'{"message": "Resource not accessible"}'))


def test_that_it_is_the_same_release_is_handed_on():
    body = {"status": "ahead", "total_commits": 0, "commits": []}
    request = ASK.compared("acme/shop", SUCCESS._replace(again=True), ())
    (event,) = events(request.read(Response(200, {}, json.dumps(body).encode())))
    assert event == Contained("contained:deployed:S_1", second(2), "aaa", (), again=True)
