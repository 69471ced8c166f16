"""What an issue as GraphQL tells it comes to in facts, and what is asked for it."""

import pytest

from exporter.errors import Garbled
from exporter.model import (
    IssueClosed,
    IssueDescribed,
    IssueOpened,
    IssueReopened,
    Labelled,
    Naming,
    Noted,
    Referred,
    Subject,
    Thing,
)
from exporter.providers.github.issues import issues
from exporter.retro import RetroRules
from tests.providers.forge import (
    HOUR,
    REPOSITORY,
    START,
    at,
    error,
    found,
    issue,
    item,
    operation,
    page,
    read,
    second,
    variables,
)

FORGE = issues("/graphql")
ASK = FORGE.held(FORGE.window("user:acme", START, START + HOUR))


def facts(*items, **more):
    """All facts of one issue but that it was opened and described."""
    (told,) = read(ASK, found(issue(*items, **more))).told
    assert told.subject == Subject(REPOSITORY, "I_50", 50, Thing.ISSUE)
    assert len({event.id for event in told.events}) == len(told.events)
    return list(told.events[2:])


def labelled(hours, name, on=True):
    return item("LabeledEvent" if on else "UnlabeledEvent", hours, label={"name": name})


def closed(hours, reason="COMPLETED", closer=None):
    return item("ClosedEvent", hours, stateReason=reason, closer=closer)


def pull_request(number, repository=REPOSITORY):
    return {"__typename": "PullRequest", "number": number, "repository": {"id": repository}}


def test_issues_are_searched_as_such():
    assert variables(ASK)["q"] == (
        "user:acme is:issue updated:2025-05-01T00:00:00Z..2025-05-01T01:00:00Z sort:updated-asc"
    )
    assert (operation(ASK), ASK.kind) == ("IssuesSearch", "issues")


def test_an_issue_is_opened_and_described_and_names_nobody():
    (told,) = read(ASK, found(issue(body="Since yesterday.\n\nSeverity: 1", lastEditedAt=at(2)))).told
    assert told.events == (
        IssueOpened("opened", START, number=50),
        IssueDescribed(f"body@{second(2)}", second(2), ("Severity: 1",)),
    )
    assert "author" not in ASK.body["query"]
    assert "actor" not in ASK.body["query"]


def test_labels_are_put_on_and_taken_off_in_lower_case():
    assert facts(labelled(0, "Kind/Bug"), labelled(3, "Kind/Bug", on=False), labelled(4, " ")) == [
        Labelled("LabeledEvent@0", START, "kind/bug", True),
        Labelled("UnlabeledEvent@3", second(3), "kind/bug", False),
    ]


@pytest.mark.parametrize(
    ("reason", "done"), [("COMPLETED", True), (None, True), ("NOT_PLANNED", False), ("DUPLICATE", False)]
)
def test_a_closing_says_whether_it_was_done(reason, done):
    assert facts(closed(5, reason)) == [IssueClosed("ClosedEvent@5", second(5), done, 0)]


def test_a_reason_that_is_new_is_no_completion_and_is_told():
    assert facts(closed(5, "MARVELLED"))[0].done is False
    unknown = read(ASK, found(issue(closed(5, "MARVELLED"), item("TeleportedEvent", 6)))).unknown
    assert sorted(unknown) == ["issue_state_reason", "timeline_item"]


def test_the_change_that_closed_it_counts_where_it_is_of_the_same_repository():
    assert facts(closed(5, closer=pull_request(12)))[0].by == 12
    assert facts(closed(5, closer=pull_request(12, "R_other")))[0].by == 0
    assert facts(closed(5, closer={"__typename": "Commit"}))[0].by == 0


def test_the_commit_that_closed_it_is_the_changes_merge_or_one_by_itself():
    merged = pull_request(12) | {"mergeCommit": {"oid": "abc"}}
    assert facts(closed(5, closer=merged))[0].commit == "abc"
    assert facts(closed(5, closer=pull_request(12) | {"mergeCommit": None}))[0].commit == ""
    assert facts(closed(5, closer=pull_request(12, "R_other") | {"mergeCommit": {"oid": "abc"}}))[0].commit == ""
    assert facts(closed(5, closer={"__typename": "Commit", "oid": "def"}))[0].commit == "def"


def test_it_may_be_reopened():
    assert facts(item("ReopenedEvent", 7)) == [IssueReopened("ReopenedEvent@7", second(7))]


def test_an_incident_names_the_change_that_caused_it_by_a_line_of_its_own():
    body = "Seen with #11.\n\nCaused-by: #12\nIntroduced in 0123456789ab"
    assert facts(body=body) == [Referred(f"fix:body@{START}", START, Naming.FIX, ("0123456789ab",), (12,))]
    assert facts(body="Maybe caused by #12. Fixes #13") == facts(body="Reverts #12") == []


def test_a_long_timeline_is_read_to_its_end_in_packs_and_told_once():
    long = issue(labelled(0, "bug"), timelineItems=page(labelled(0, "bug"), then="c1"))
    first = read(ASK, found(long, issue(number=51)))
    assert [told.subject.number for told in first.told] == [51]
    (more,) = first.then
    assert (operation(more), more.repositories) == ("IssueTimelines", (REPOSITORY,))
    assert {name: variables(more)[name] for name in ("id0", "after0")} == {"id0": "I_50", "after0": "c1"}
    rest = read(more, {"n0": {"__typename": "Issue", "id": "I_50", "timelineItems": page(closed(9))}})
    assert [type(event) for event in rest.told[0].events[2:]] == [Labelled, IssueClosed]


def test_a_repository_whose_issues_may_not_be_read_is_refused_and_the_answer_says_what_it_needs():
    """Search would only leave them out."""
    (ask,) = FORGE.pulse({"R_1": 0, "R_2": 0})
    seen = read(
        ask, {"nodes": [None, {"id": "R_2", "issues": page({"updatedAt": at(1)})}]}, error("nodes", 0, "issues")
    )
    (fault,) = seen.faults
    assert (fault.repository, fault.reason) == ("R_1", "refused")
    assert fault.message == "not for you; the credential needs read access to issues"
    assert [variables(each)["ids"] for each in seen.then] == [["R_2"]]


def test_an_issue_that_cannot_be_told_is_a_fault_of_its_own():
    answer = read(ASK, found(issue(createdAt="yesterday"), issue(number=51)))
    assert [told.subject.number for told in answer.told] == [51]
    assert [(fault.repository, fault.reason) for fault in answer.faults] == [(REPOSITORY, Garbled.reason)]


def noted(*items, rules=None, **more):
    """What an issue says as a retrospective note: (id, hours after the start, themes)."""
    forge = issues("/graphql", rules or RetroRules())
    ask = forge.held(forge.window("user:acme", START, START + HOUR))
    (told,) = read(ask, found(issue(*items, **more))).told
    return [(each.id, (each.at - START) / HOUR, each.themes) for each in told.events if isinstance(each, Noted)]


def test_an_issue_with_the_label_is_a_note_and_only_its_themes_are_kept():
    """From the label on, when its text was there before; opened at 0 h, labelled at 2 h."""
    told = noted(labelled(2, "Retrospective"), body="Manual testing took ages, Ann said")
    assert told == [(f"noted@{START}", 2, ("qa",))]


def test_a_text_that_was_edited_later_counts_from_then_on():
    told = noted(labelled(2, "retrospective"), body="flaky", lastEditedAt=at(5))
    assert told == [(f"noted@{START + 5 * HOUR}", 5, ("ci",))]


def test_a_label_that_was_taken_off_made_it_a_note_all_the_same():
    """What is read does not depend on when: the first time it had one counts."""
    off = labelled(3, "retrospective", on=False)
    again = labelled(4, "retrospective")
    assert noted(labelled(2, "retrospective"), off, again, body="qa") == [(f"noted@{START}", 2, ("qa",))]


def test_no_other_issue_is_a_note():
    assert noted(labelled(2, "bug"), body="qa") == []
    assert noted(body="qa") == []
    assert noted(labelled(2, "retrospective"), body="qa", rules=RetroRules(labels=())) == []


def test_a_note_that_names_nothing_is_a_note():
    assert noted(labelled(2, "retrospective"), body=None) == [(f"noted@{START}", 2, ())]
