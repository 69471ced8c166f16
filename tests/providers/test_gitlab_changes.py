"""Merge requests in the shapes that GitLab gives them, odd ones too, and the facts they are read into."""

import json

import pytest

from exporter.errors import Garbled, NotFound, Overloaded, Refused, SecondaryLimited, Unauthorised
from exporter.model import (
    Actor,
    BaseChanged,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    Linked,
    Merged,
    Opened,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Verdict,
)
from exporter.providers.answers import stamp
from exporter.providers.base import Home, Response
from exporter.providers.gitlab.changes import Changes
from exporter.providers.gitlab.options import Scopes

START = 1_746_057_600
HOUR = 3600
HOMES = [Home("7", "acme/shop", "main")]


def at(hours):
    return START + round(hours * HOUR)


def who(name, *, bot=False):
    return {"username": name, "bot": bot}


def note(hours, body, author="ann", *, system=True, resolvable=False, bot=False):
    """A note; its id tells the hour."""
    return {
        "id": f"gid://gitlab/Note/{round(hours * 100)}", "system": system, "body": body, "createdAt": stamp(at(hours)),
        "resolvable": resolvable, "author": who(author, bot=bot),
    }  # fmt: skip


def commit(sha, hours, **more):
    return {
        "sha": sha, "authoredDate": stamp(at(hours)), "committedDate": stamp(at(hours)), "authorName": "Ann",
        "authorEmail": "Ann@Example.org", "committerName": "GitLab", "committerEmail": "noreply@example.org",
        "message": "Work", "author": who("ann"),
    } | more  # fmt: skip


def pages(nodes, cursor=None):
    return {"pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}, "nodes": nodes}


def node(*notes, commits=(), more_notes=None, **more):
    """A merge request that was opened at hour 0."""
    return {
        "id": "gid://gitlab/MergeRequest/700", "iid": "12", "title": "Cart", "description": "", "draft": False,
        "state": "opened", "createdAt": stamp(START), "updatedAt": stamp(at(50)), "mergedAt": None, "closedAt": None,
        "sourceBranch": "topic", "targetBranch": "main", "mergeCommitSha": None, "author": who("ann"),
        "project": {"id": "gid://gitlab/Project/7", "fullPath": "acme/shop"}, "diffStats": [],
        "notes": pages(list(notes), more_notes), "commits": pages(list(commits)),
    } | more  # fmt: skip


def graph(*nodes, cursor=None):
    return Response(200, {}, json.dumps({"data": {"place": {"mergeRequests": pages(list(nodes), cursor)}}}).encode())


def asking(**more):
    return Changes("", Scopes(("acme",), ()), set(), **more)


def read(*nodes, **more):
    """The page that one answer makes."""
    (request,) = asking(**more).since(HOMES, START)
    return request.read(graph(*nodes))


def facts(*notes, comments=False, **more):
    """The facts of a merge request of which all is told at once."""
    (told,) = read(node(*notes, **more), comments=comments).told
    assert (told.subject.repository, told.subject.key, told.subject.number) == ("7", "700", 12)
    return told.events


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_one_opened_as_a_draft_shows_in_its_first_turn():
    events = facts(
        note(2, "marked this merge request as **ready**"),
        note(3, "marked this merge request as **draft** from abc1234"),
        note(4, "marked this merge request as **ready**"),
    )
    (opened,) = of(Opened, events)
    assert (opened.draft, opened.author, opened.head, opened.base) == (True, Actor("ann"), "topic", "main")
    assert [event.at for event in of(Ready, events)] == [at(2), at(4)]
    assert [event.at for event in of(Drafted, events)] == [at(3)]


def test_older_servers_speak_of_work_in_progress():
    events = facts(note(2, "marked as a **Work In Progress**"), note(3, "unmarked as a **Work In Progress**"))
    assert [type(event).__name__ for event in events if isinstance(event, (Ready, Drafted))] == ["Drafted", "Ready"]
    assert not of(Opened, events)[0].draft


def test_one_that_never_turned_is_what_it_is():
    assert of(Opened, facts(draft=True))[0].draft
    assert not of(Opened, facts())[0].draft


def test_verdicts_are_told_by_system_notes_and_remarks_by_threads():
    events = facts(
        note(1, "This could be shorter.", "bob", system=False, resolvable=True),
        note(2, "requested changes", "bob"),
        note(3, "approved this merge request", "eve"),
        note(4, "Thanks!", "bob", system=False),
    )
    assert [(event.reviewer.login, event.verdict, event.at) for event in of(Reviewed, events)] == [
        ("bob", Verdict.COMMENTED, at(1)),
        ("bob", Verdict.CHANGES_REQUESTED, at(2)),
        ("eve", Verdict.APPROVED, at(3)),
    ]
    assert not of(Commented, events)


def test_a_plain_comment_is_told_where_it_is_wanted():
    (comment,) = of(Commented, facts(note(4, "Thanks!", "bob", system=False), comments=True))
    assert (comment.actor, comment.at) == (Actor("bob"), at(4))


def test_an_approval_that_is_taken_back_is_dismissed_and_the_next_one_stands():
    events = facts(
        note(1, "approved this merge request", "bob"),
        note(2, "unapproved this merge request", "bob"),
        note(3, "approved this merge request", "bob"),
    )
    assert [(event.review, event.at) for event in of(Dismissed, events)] == [("note:100", at(2))]


def test_a_push_takes_back_all_approvals_that_it_names():
    events = facts(
        note(1, "approved this merge request", "bob"),
        note(1.5, "approved this merge request", "eve"),
        note(2, "reset approvals from @bob and @eve by pushing to the branch"),
    )
    assert sorted(event.review for event in of(Dismissed, events)) == ["note:100", "note:150"]


def test_requests_for_review_name_each_who_is_asked_and_nobody_who_is_not():
    events = facts(note(1, "requested review from @Bob and @eve and removed review request for @max"))
    assert [event.reviewer for event in of(ReviewRequested, events)] == ["bob", "eve"]


def test_a_deleted_author_is_nobody_and_the_users_of_tokens_are_bots():
    assert of(Opened, facts(author=None))[0].author == Actor("")
    assert of(Opened, facts(author=who("ghost", bot=True)))[0].author == Actor("")
    named = of(Opened, facts(author=who("project_12_bot_ab12")))[0].author
    assert named == Actor("project_12_bot_ab12[bot]", bot=True)
    (review,) = of(Reviewed, facts(note(1, "approved this merge request", "duo", bot=True)))
    assert review.reviewer == Actor("duo[bot]", bot=True)


def test_a_change_of_the_target_tells_the_first_one_too():
    events = facts(note(1, "changed target branch from `main` to `next`"), targetBranch="next")
    assert of(Opened, events)[0].base == "main"
    assert [(event.base, event.at) for event in of(BaseChanged, events)] == [("next", at(1))]


def test_a_description_is_dated_at_its_last_edit():
    described = of(Described, facts(note(3, "changed the description"), description="Made-with: Cursor"))
    assert [(each.at, each.lines) for each in described] == [(at(3), ("Made-with: Cursor",))]


def test_issues_are_named_by_number_and_a_trackers_by_key_in_branch_and_first_title():
    events = facts(
        note(2, "changed title from **SHOP-1 cart** to **SHOP-{-1-}{+2+} cart**"),
        title="SHOP-2 cart",
        sourceBranch="feature/shop-17-cart",
        description="Closes #12",
    )
    linked = {(each.issues, each.keys, each.at) for each in of(Linked, events)}
    assert linked == {((12,), (), START), ((), ("SHOP-17",), START), ((), ("SHOP-1",), START)}


def test_a_commit_is_dated_at_the_opening_at_the_earliest():
    (found,) = of(Committed, facts(commits=[commit("a" * 40, -5, message="Work\n\nCo-authored-by: Claude <n@a.c>")]))
    assert (found.at, found.authored, found.login) == (START, at(-5), "ann")
    assert found.emails == ("ann@example.org", "noreply@example.org")
    assert found.trailers == ("Co-authored-by: Claude <n@a.c>",)


def test_closings_are_told_by_notes_else_by_the_date_that_stands():
    events = facts(note(1, "closed"), note(2, "reopened"), note(5, "closed"), state="closed", closedAt=stamp(at(5)))
    assert [event.at for event in of(Closed, events)] == [at(1), at(5)]
    assert [event.at for event in of(Reopened, events)] == [at(2)]
    assert [event.at for event in of(Closed, facts(state="closed", closedAt=stamp(at(6))))] == [at(6)]


def test_one_that_was_merged_before_dates_of_merges_were_kept_is_not_open_for_ever():
    merged = {"state": "merged", "mergeCommitSha": "m1"}
    assert [event.at for event in of(Merged, facts(note(7, "merged"), **merged))] == [at(7)]
    page = read(node(**merged))
    assert [event.at for event in of(Merged, page.told[0].events)] == [at(50)], "its last update"
    assert page.unknown == ("merged_at",)


def rows(*rows):
    return Response(200, {}, json.dumps(list(rows)).encode())


def test_what_the_graph_does_not_tell_of_ends_is_asked_of_lists_for_all_of_a_project_at_once():
    """A squash has a commit of its own, a fast-forward the branch's last; a closing without a date has one there."""
    merged = {"state": "merged", "mergedAt": stamp(at(9))}
    page = read(
        node(**merged),
        node(**merged, id="gid://gitlab/MergeRequest/701", iid="13"),
        node(state="closed", id="gid://gitlab/MergeRequest/702", iid="14"),
    )
    (request,) = page.then
    assert not page.told
    assert request.path.startswith("/api/v4/projects/7/merge_requests?")
    assert [part for part in request.path.split("&") if "iids" in part] == ["iids[]=12", "iids[]=13", "iids[]=14"]
    answer = rows(
        {"iid": 12, "sha": "a1", "squash_commit_sha": "b2", "merge_commit_sha": None},
        {"iid": 13, "sha": "c3", "squash_commit_sha": None, "merge_commit_sha": None},
        {"iid": 14, "sha": "d4", "closed_at": stamp(at(8))},
    )
    squashed, forwarded, closed = request.read(answer).told
    assert [event.sha for told in (squashed, forwarded) for event in of(Merged, told.events)] == ["b2", "c3"]
    assert [event.at for event in of(Closed, closed.events)] == [at(8)]


def test_lists_are_left_at_the_first_that_was_not_updated_since():
    """The first page is short; the next one, if all of it is news, longer."""
    (request,) = asking().since(HOMES, at(40))
    news, old = node(), node(id="gid://gitlab/MergeRequest/701", iid="13", updatedAt=stamp(at(39)))
    page = request.read(graph(news, old, cursor="c1"))
    assert ([told.subject.number for told in page.told], page.then) == ([12], ())
    (following,) = request.read(graph(news, cursor="c1")).then
    assert (request.body["variables"]["first"], following.body["variables"]["first"]) == (5, 25)
    assert following.body["variables"]["after"] == "c1"


def test_more_than_a_hundred_notes_are_read_before_anything_is_told():
    """Whether it was opened as a draft may show on the second page only."""
    page = read(node(note(1, "Hm.", system=False), more_notes="n1", draft=False))
    (request,) = page.then
    assert (page.told, request.body["variables"]["notes"], request.repositories) == ((), "n1", ("7",))
    second = {"notes": pages([note(9, "marked this merge request as **ready**")])}
    body = {"data": {"place": {"mergeRequest": second}}}
    (told,) = request.read(Response(200, {}, json.dumps(body).encode())).told
    assert of(Opened, told.events)[0].draft


def errors(*messages):
    return Response(200, {}, json.dumps({"errors": [{"message": each} for each in messages]}).encode())


def test_what_an_older_server_lacks_is_counted_and_not_asked_for_again():
    changes = asking()
    (request,) = changes.since(HOMES, START)
    said = (
        "Field 'committedDate' doesn't exist on type 'Commit'",
        "Field 'closedAt' doesn't exist on type 'MergeRequest'",
    )
    page = request.read(errors(*said))
    (again,) = page.then
    assert page.unknown == ("Commit.committedDate", "MergeRequest.closedAt")
    assert "committedDate" not in again.body["query"]
    assert "authoredDate" in again.body["query"]
    (later,) = changes.since(HOMES, START)
    assert later.body["query"] == again.body["query"]
    with pytest.raises(Garbled):
        later.read(errors(*said))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (errors("Query has complexity of 310, which exceeds max complexity of 250"), Overloaded),
        (errors("you don't have permission to access this resource"), Refused),
        (Response(200, {}, b'{"data": {"place": null}}'), NotFound),
        (Response(200, {}, b"<html>maintenance</html>"), Garbled),
        (Response(200, {}, b'{"data": {"place"'), Garbled),
        (Response(401, {}, b"{}"), Unauthorised),
        (Response(403, {}, b"{}"), Refused),
        (Response(429, {"retry-after": "17"}, b""), SecondaryLimited),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(answer, error):
    (request,) = asking().since(HOMES, START)
    with pytest.raises(error) as caught:
        request.read(answer)
    assert caught.value.after == (17.0 if error is SecondaryLimited else None)


def test_a_page_that_is_too_large_is_asked_for_by_halves_down_to_one():
    (request,) = asking().between(HOMES, START, at(50))
    sizes = []
    while request.smaller is not None and (pieces := request.smaller()):
        (request,) = pieces
        sizes.append(request.body["variables"]["first"])
    assert sizes == [12, 6, 3, 1]


def test_one_that_was_seen_closed_and_is_open_again_is_asked_when():
    """Closed at 1, opened again at 2; since 13.2 no note says so."""
    changes = Changes("", Scopes((), ("acme/shop",)), set())

    def read(**more):
        (request,) = changes.since(HOMES, START)
        listed = {"place": {"mergeRequests": pages([node(**more)])}}
        return request.read(Response(200, {}, json.dumps({"data": listed}).encode()))

    (closed,) = read(state="closed", closedAt=stamp(at(1))).told
    assert closed.events[-1] == Closed(f"closed@{at(1)}", at(1))
    (request,) = read(state="merged", mergedAt=stamp(at(30)), mergeCommitSha="c" * 40).then
    assert request.path == "/api/v4/projects/7/merge_requests/12/resource_state_events?per_page=100"
    rows = [
        {"id": 1, "created_at": stamp(at(1)), "state": "closed"},
        {"id": 2, "created_at": stamp(at(2)), "state": "reopened"},
        {"id": 3, "created_at": stamp(at(30)), "state": "merged"},
    ]
    (told,) = request.read(Response(200, {}, json.dumps(rows).encode())).told
    turns = [each for each in told.events if isinstance(each, Closed | Reopened)]
    assert turns == [Closed(f"closed@{at(1)}", at(1)), Reopened(f"reopened@{at(2)}", at(2))]


def test_one_that_was_never_seen_closed_is_asked_nothing_more():
    changes = Changes("", Scopes((), ("acme/shop",)), set())
    (request,) = changes.since(HOMES, START)
    body = json.dumps({"data": {"place": {"mergeRequests": pages([node()])}}}).encode()
    page = request.read(Response(200, {}, body))
    assert (len(page.told), page.then) == (1, ())
