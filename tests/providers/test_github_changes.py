"""What a pull request as GraphQL tells it comes to in facts."""

import pytest

from exporter.errors import Garbled
from exporter.model import (
    Actor,
    BaseChanged,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    Event,
    FilesChanged,
    Labelled,
    Linked,
    Merged,
    Naming,
    Opened,
    Pushed,
    Ready,
    Referred,
    Reopened,
    Reviewed,
    ReviewRequested,
    Subject,
    Verdict,
)
from exporter.providers.github.changes import File, files_changed
from exporter.providers.github.listing import Window
from exporter.providers.github.nodes import PageInfo, following
from exporter.providers.github.provider import GitHub
from tests.providers.forge import HOUR, REPOSITORY, START, at, commit, found, item, pull, read, review, second, who

ASK = GitHub("/graphql").held(Window("user:acme", START, START + HOUR))


def facts(*items, **more) -> list[Event]:
    """All facts of one pull request."""
    (told,) = read(ASK, found(pull(*items, **more))).told
    assert told.subject == Subject(REPOSITORY, "PR_1", 1)
    assert len({event.id for event in told.events}) == len(told.events)
    return list(told.events)


def only(kind, *items, **more):
    """The facts of one kind."""
    return [event for event in facts(*items, **more) if type(event) is kind]


def unknown(*items) -> tuple[str, ...]:
    return read(ASK, found(pull(*items))).unknown


def test_a_plain_change_is_opened_and_described():
    assert facts() == [
        Opened("opened", START, Actor("ann"), False, "topic", "main"),
        Described(f"body@{START}", START, ()),
    ]


def test_every_kind_of_item_is_a_fact_with_its_own_id_and_date():
    events = facts(
        item("ReadyForReviewEvent", 1),
        item("ConvertToDraftEvent", 2),
        item("HeadRefForcePushedEvent", 3),
        item("BaseRefChangedEvent", 4, currentRefName="release"),
        item("IssueComment", 5, author=who("Bob")),
        item("ReviewRequestedEvent", 6, requestedReviewer=who("Bob")),
        item("ClosedEvent", 7),
        item("ReopenedEvent", 8),
    )
    assert events[2:] == [
        Ready("ReadyForReviewEvent@1", second(1)),
        Drafted("ConvertToDraftEvent@2", second(2)),
        Pushed("HeadRefForcePushedEvent@3", second(3)),
        BaseChanged("BaseRefChangedEvent@4", second(4), "release"),
        Commented("IssueComment@5", second(5), Actor("bob")),
        ReviewRequested("ReviewRequestedEvent@6", second(6), "bob"),
        Closed("ClosedEvent@7", second(7)),
        Reopened("ReopenedEvent@8", second(8)),
    ]


def test_labels_are_facts():
    worn = item("LabeledEvent", 1, label={"name": "Hotfix"}), item("UnlabeledEvent", 2, label={"name": "Hotfix"})
    assert only(Labelled, *worn, item("LabeledEvent", 3, label=None)) == [
        Labelled("LabeledEvent@1", second(1), "hotfix", True),
        Labelled("UnlabeledEvent@2", second(2), "hotfix", False),
    ]


def test_the_merge_is_the_pull_requests_own_and_not_its_timelines():
    """A MergedEvent may be missing where another repository's push merged the change."""
    more = {"mergedAt": at(9), "closedAt": at(9), "mergeCommit": {"oid": "abc"}}
    assert only(Merged, item("MergedEvent", 9), **more) == [Merged("merged", second(9), "abc")]
    assert only(Merged, **more | {"mergeCommit": None}) == [Merged("merged", second(9), "")]
    assert only(Merged, item("MergedEvent", 9)) == []


@pytest.mark.parametrize(
    ("turns", "draft_now", "was_draft"),
    [
        ([], False, False),
        ([], True, True),
        (["ReadyForReviewEvent"], False, True),
        (["ConvertToDraftEvent"], True, False),
        (["ConvertToDraftEvent", "ReadyForReviewEvent"], False, False),
        (["ReadyForReviewEvent", "ConvertToDraftEvent"], True, True),
    ],
)
def test_whether_it_was_opened_as_a_draft_shows_in_its_first_turn(turns, draft_now, was_draft):
    """Without a turn it is what it is now."""
    items = [item(turn, hours) for hours, turn in enumerate(turns, 1)]
    (opened,) = only(Opened, *items, isDraft=draft_now)
    assert opened.draft is was_draft


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("APPROVED", Verdict.APPROVED),
        ("CHANGES_REQUESTED", Verdict.CHANGES_REQUESTED),
        ("COMMENTED", Verdict.COMMENTED),
    ],
)
def test_a_review_says_what_it_said(state, verdict):
    assert only(Reviewed, review(1, state)) == [Reviewed("review@1", second(1), Actor("bob"), verdict)]


@pytest.mark.parametrize("before", ["APPROVED", "CHANGES_REQUESTED", "COMMENTED"])
def test_a_dismissed_review_keeps_the_verdict_it_was_submitted_with(before):
    """GitHub forgets the state of the review itself; the dismissal remembers."""
    events = facts(
        review(1, "DISMISSED"),
        item("ReviewDismissedEvent", 2, previousReviewState=before, review={"id": "review@1"}),
    )
    assert events[2:] == [
        Reviewed("review@1", second(1), Actor("bob"), Verdict(before.lower())),
        Dismissed("ReviewDismissedEvent@2", second(2), "review@1"),
    ]


def test_a_dismissed_review_whose_dismissal_is_lost_was_a_comment():
    assert only(Reviewed, review(1, "DISMISSED"))[0].verdict is Verdict.COMMENTED
    assert unknown(review(1, "DISMISSED")) == ()


def test_a_dismissal_without_its_review_is_a_dismissal_of_nothing():
    assert only(Dismissed, item("ReviewDismissedEvent", 2, previousReviewState="APPROVED", review=None))[0].review == ""


def test_a_review_that_is_not_submitted_is_none():
    assert only(Reviewed, review(1, "PENDING"), review(2, "COMMENTED", submittedAt=None)) == []


def test_deleted_accounts_have_an_empty_login():
    events = facts(review(1, "APPROVED", None), item("IssueComment", 2, author=None), author=None)
    assert [events[0].author, events[2].reviewer, events[3].actor] == [Actor("")] * 3


@pytest.mark.parametrize("login", ["renovate", "renovate[bot]", "Renovate"])
def test_bots_are_called_alike_wherever_they_act(login):
    """GraphQL leaves out the suffix that REST writes."""
    bot = who(login, "Bot")
    events = facts(review(1, "APPROVED", author=bot), item("IssueComment", 2, author=bot), author=bot)
    assert [events[0].author, events[2].reviewer, events[3].actor] == [Actor("renovate[bot]", True)] * 3


@pytest.mark.parametrize("kind", ["User", "Organization", "Mannequin", "EnterpriseUserAccount"])
def test_every_other_kind_of_account_is_no_bot(kind):
    assert only(Opened, author=who("Ann", kind))[0].author == Actor("ann", False)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (who("Bob"), "bob"),
        ({"__typename": "Team"}, "Team"),
        (who("copilot", "Bot"), "copilot[bot]"),
        (None, ""),
    ],
)
def test_a_request_names_who_was_asked(asked, name):
    assert only(ReviewRequested, item("ReviewRequestedEvent", 1, requestedReviewer=asked))[0].reviewer == name


def test_a_commit_is_dated_when_it_was_committed_and_never_before_the_change_was_opened():
    early, late = only(
        Committed, commit(-5), commit(3, messageBody="Why.\n\nCo-authored-by: Claude <noreply@anthropic.com>")
    )
    assert (early.at, early.authored) == (START, second(-6))
    assert (late.at, late.authored, late.id) == (second(3), second(2), f"commit:{late.sha}")
    assert (late.names, late.emails, late.login) == (
        ("Ann", "GitHub"),
        ("ann@example.org", "noreply@github.com"),
        "ann",
    )
    assert late.trailers == ("Co-authored-by: Claude <noreply@anthropic.com>",)


def test_a_commit_by_nobody_known_is_one_all_the_same():
    (made,) = only(Committed, commit(1, author=None, committer={"name": None, "email": None}))
    assert (made.names, made.emails, made.login) == (("", ""), ("", ""), "")
    (made,) = only(Committed, commit(1, author={"name": "X", "email": "X@y", "user": None}))
    assert (made.names[0], made.emails[0], made.login) == ("X", "x@y", "")
    assert only(Committed, {"__typename": "PullRequestCommit", "id": "c", "commit": None}) == []


@pytest.mark.parametrize("date", ["52347-03-01T00:00:00Z", "", "2025-05-01T00:00:00"])
def test_a_date_that_a_commit_made_up_does_not_stop_the_reading(date):
    """Whoever makes a commit chooses its dates; one that no calendar has counts as the opening."""
    (made,) = only(Committed, commit(1, committedDate=date, authoredDate=date))
    assert (made.at, made.authored) == (START, START)
    assert unknown(commit(1, committedDate=date)) == ("commit_date",)


def test_a_description_is_dated_at_its_last_edit_and_carries_only_lines_with_markers():
    body = "A long story.\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\n"
    (described,) = only(Described, body=body, lastEditedAt=at(4))
    assert (described.id, described.at) == (f"body@{second(4)}", second(4))
    assert len(described.lines) == 1
    assert "Claude Code" in described.lines[0]
    assert only(Described, body=None) == [Described(f"body@{START}", START, ())]


def test_words_nobody_knows_are_counted_and_harm_nothing():
    """A new kind of review is a comment; a new kind of item is left out."""
    items = [review(1, "MARVELLED"), item("TeleportedEvent", 2), review(3, "APPROVED"), None]
    assert [event.verdict for event in only(Reviewed, *items)] == [Verdict.COMMENTED, Verdict.APPROVED]
    assert unknown(*items) == ("review_state", "timeline_item")


@pytest.mark.parametrize("field", ["createdAt", "mergedAt", "lastEditedAt"])
def test_a_change_whose_own_dates_cannot_be_read_is_a_fault_and_spoils_no_other(field):
    page = read(ASK, found(pull(**{field: "yesterday"}), pull(number=2)))
    assert [told.subject.number for told in page.told] == [2]
    ((repository, reason, _, change),) = [(f.repository, f.reason, f.message, f.change) for f in page.faults]
    assert (repository, reason, change) == (REPOSITORY, "bad_answer", "PR_1")


def test_files_are_one_fact_in_the_order_of_their_paths():
    """So that another order of the same files is the same fact."""
    rows = [File("b.py", 1, 2), File("a.py", 3, 4)]
    assert (
        files_changed(7, rows)
        == files_changed(7, rows[::-1])
        == FilesChanged("files", 7, (("a.py", 3, 4), ("b.py", 1, 2)))
    )


def test_a_next_page_without_a_way_to_it_is_garbled():
    """Following it would end too early, or read one page for ever."""
    assert following(PageInfo(False, "x"), None) is None
    assert following(PageInfo(True, "x"), "w") == "x"
    for info, after in ((PageInfo(True, None), None), (PageInfo(True, ""), None), (PageInfo(True, "x"), "x")):
        with pytest.raises(Garbled):
            following(info, after)


def test_what_it_takes_back_or_mends_is_dated_as_the_text_that_says_so():
    """The branch at the opening, the description at its edit, a commit as the commit; it does not name itself."""
    sha = "0123456789" * 4
    said = commit(3, messageBody=f"Caused-by: #9\n\nThis reverts commit {sha}.")
    told = only(
        Referred, said, headRefName="revert-12-topic", body="Reverts acme/shop#12\nFixes: 0123456\nReverts acme/shop#1",
        lastEditedAt=at(2),
    )  # fmt: skip
    oid = said["commit"]["oid"]
    assert told == [
        Referred("revert:branch", START, Naming.REVERT, (), (12,)),
        Referred(f"fix:body@{second(2)}", second(2), Naming.FIX, ("0123456",), ()),
        Referred(f"revert:body@{second(2)}", second(2), Naming.REVERT, (), (12,)),
        Referred(f"fix:commit:{oid}", second(3), Naming.FIX, (), (9,)),
        Referred(f"revert:commit:{oid}", second(3), Naming.REVERT, (sha,), ()),
    ]


def test_labels_are_told_in_lower_case_with_their_dates():
    def item(kind, hours, name):
        return {"__typename": kind, "id": f"{kind}@{hours}", "createdAt": at(hours), "label": {"name": name}}

    told = only(Labelled, item("LabeledEvent", 1, "Needs QA"), item("UnlabeledEvent", 2, "Needs QA"))
    assert told == [
        Labelled("LabeledEvent@1", second(1), "needs qa", True),
        Labelled("UnlabeledEvent@2", second(2), "needs qa", False),
    ]


def test_the_issues_it_answers_are_dated_as_the_text_that_says_so():
    """Those of this repository, of the description and of the commits; it does not answer itself."""
    said = commit(3, messageBody="Refs #9")
    body = "Closes #4 and acme/pay#5.\n\nThis also fixes #6, resolves #1"
    oid = said["commit"]["oid"]
    assert only(Linked, said, body=body, lastEditedAt=at(2)) == [
        Linked(f"linked:body@{second(2)}", second(2), (4, 6)),
        Linked(f"linked:commit:{oid}", second(3), (9,)),
    ]


def test_the_keys_it_names_are_dated_as_what_names_them():
    """The branch and the first title at the opening, another title at its change, texts as texts."""
    said = commit(3, messageBody="Jira: PAY-9")
    renamed = item("RenamedTitleEvent", 4, previousTitle="Empty PAY-1", currentTitle="Empty PAY-2")
    oid = said["commit"]["oid"]
    words = {"title": "Empty PAY-2", "headRefName": "feature/shop-17-x", "body": "SHOP-18: empties"}
    assert only(Linked, said, renamed, **words, lastEditedAt=at(2)) == [
        Linked("keys:branch", second(0), (), ("SHOP-17",)),
        Linked("keys:title", second(0), (), ("PAY-1",)),
        Linked(f"keys:{renamed['id']}", second(4), (), ("PAY-2",)),
        Linked(f"keys:body@{second(2)}", second(2), (), ("SHOP-18",)),
        Linked(f"keys:commit:{oid}", second(3), (), ("PAY-9",)),
    ]
    assert only(Linked, title="PAY-3") == [Linked("keys:title", second(0), (), ("PAY-3",))]


def test_a_text_that_names_another_repositorys_change_or_closes_an_issue_refers_to_nothing():
    assert only(Referred, body="Reverts acme/pay#12\n\nFixes #3") == []
