"""Lives, waits, states and stages of single changes, by hand; then what holds for all changes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.measures.queue import standing
from exporter.model import Committed, QueueState, Stage
from exporter.timeline import AWAITING, final_approval, first_activity, lives, ordered, stages
from tests.stories import POLICY, START, at, change, changes, story

ALL = settings(max_examples=100, deadline=None)
COMMENTS_COUNT = msgspec.structs.replace(POLICY, comments_count=True)


def life(*lines, policy=POLICY):
    """The only life of a story."""
    (only,) = story(*lines, policy=policy).lives
    return only


def hours_of_stages(*lines):
    """The stages of a story's last life, in hours."""
    told = story(*lines)
    return {stage.value: spent / HOUR for stage, spent in stages(told.lives[-1], told.events, POLICY)}


def waits(*lines):
    """Each wait of a story as (entered, left, by), in hours after its start."""
    return [
        (
            (wait.entered.at - START) / HOUR,
            None if wait.left is None else (wait.left.at - START) / HOUR,
            wait.by,
        )
        for each in story(*lines).lives
        for wait in each.waits
    ]


# T1


def test_coding_begins_with_the_earliest_commit():
    """Authored 5 h before the opening, so 5 h of coding."""
    assert hours_of_stages("opened 0h", "committed 0h authored -5h", "committed 1h authored 1h", "merged 9h") == {
        "coding": 5,
        "unreviewed": 9,
    }


def test_an_author_date_older_than_90_days_is_not_believed():
    """A rebased commit of last year says nothing about when this change began; 90 days exactly is believed."""
    old, edge = "committed 0h authored -90d1s", "committed 0h authored -90d"
    assert hours_of_stages("opened 0h", old, "merged 1h")["coding"] == 0
    assert hours_of_stages("opened 0h", old, edge, "merged 1h")["coding"] == 90 * 24


def test_a_commit_written_after_the_opening_does_not_move_the_first_activity():
    told = story("opened 2h", "committed 3h authored 3h", "merged 5h")
    assert first_activity(told.lives[0], told.events, at("5h"), POLICY) == at("2h")


def test_a_commit_that_came_after_the_date_asked_about_does_not_count():
    told = story("opened 0h", "committed 6h authored -7h", "merged 9h")
    assert first_activity(told.lives[0], told.events, at("5h"), POLICY) == at("0h")
    assert first_activity(told.lives[0], told.events, at("6h"), POLICY) == at("-7h")


# T3


def test_a_change_opened_as_ready_is_ready_at_its_opening():
    assert life("opened 3h").ready.at == at("3h")


def test_a_draft_is_ready_when_it_first_leaves_draft():
    assert life("opened 0h as draft", "ready 2h", "drafted 3h", "ready 4h").ready.at == at("2h")


def test_a_draft_that_was_merged_as_one_spent_its_life_in_coding():
    assert hours_of_stages("opened 0h as draft", "reviewed 1h by bob: approved", "merged 7h") == {"coding": 7}


def test_a_change_of_base_does_not_move_ready():
    assert life("opened 0h", "retargeted 5h to release").ready.at == at("0h")


# T4


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("reviewed 1h by author", id="the author's own reply"),
        pytest.param("reviewed 1h by coderabbitai[bot]: approved", id="an AI reviewer"),
        pytest.param("reviewed 1h by github-actions[bot]: changes requested", id="a bot"),
        pytest.param("commented 1h by bob", id="a plain comment"),
    ],
)
def test_what_is_no_review_does_not_end_the_wait(line):
    assert life("opened 0h", line, "reviewed 3h by bob").first_review.at == at("3h")


def test_a_plain_comment_is_a_review_where_policy_says_so():
    """The author's own comment and a bot's still are none."""
    lines = ("opened 0h", "commented 1h by author", "commented 2h by dependabot[bot]", "commented 3h by bob")
    found = life(*lines, policy=COMMENTS_COUNT)
    assert (found.first_review.at, found.state) == (at("3h"), QueueState.COMMENTED)
    assert [(wait.left.at, wait.by) for wait in found.waits] == [(at("3h"), "review")]


def test_a_deleted_account_was_a_persons():
    assert life("opened 0h", "reviewed 2h by ghost: approved").first_review.at == at("2h")


def test_a_deleted_accounts_comment_on_a_deleted_accounts_change_may_be_its_own():
    """The two may be one person, who talks; but nobody can approve an own change, so an approval is another's."""
    assert life("opened 0h by ghost", "reviewed 2h by ghost: commented").first_review is None
    assert life("opened 0h by ghost", "reviewed 2h by ghost: approved").first_review is not None


def test_a_commit_by_a_reviewer_or_a_bot_is_not_the_authors_answer():
    """The reviewer's own fix and a formatting bot leave the request standing; a colleague's or the author's do not."""
    asked = ("opened 0h", "reviewed 1h by bob: changes requested")

    def state(login):
        commit = Committed("commit:1", at("2h"), "1", at("2h"), ("", ""), ("", ""), login, ())
        return lives(ordered([*change(*asked), commit]), POLICY)[-1].state

    assert state("bob") is QueueState.CHANGES_REQUESTED
    assert state("pre-commit-ci[bot]") is QueueState.CHANGES_REQUESTED
    assert state("colleague") is QueueState.AWAITING_REREVIEW
    assert state("author") is QueueState.AWAITING_REREVIEW
    assert state("") is QueueState.AWAITING_REREVIEW


def test_a_review_of_the_draft_does_not_move_ready_and_the_wait_runs_to_the_next():
    found = life("opened 0h as draft", "reviewed 1h by bob", "ready 2h", "reviewed 6h by bob")
    assert (found.ready.at, found.first_review.at) == (at("2h"), at("6h"))


def test_a_review_in_the_second_of_readiness_is_a_review_without_wait():
    found = life("opened 0h as draft", "reviewed 2h by bob", "ready 2h")
    assert found.first_review.at == found.ready.at == at("2h")


def test_a_review_after_the_merge_is_no_first_review():
    found = life("opened 0h", "merged 1h", "reviewed 2h by bob: approved")
    assert found.first_review is None
    assert [review.at for review in found.reviews] == [at("2h")]


# T5


def test_the_last_approval_before_the_merge_is_final():
    """Coding 0; ready at 0, reviewed at 2, approved last at 9, merged at 10."""
    told = ("opened 0h", "reviewed 2h by bob: changes requested", "reviewed 5h by bob: approved")
    assert hours_of_stages(*told, "reviewed 9h by ann: approved", "merged 10h") == {
        "coding": 0,
        "pickup": 2,
        "review": 7,
        "merge_wait": 1,
    }


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("reviewed 2h by bob",), id="only comments"),
        pytest.param(("reviewed 2h by bob: approved", "dismissed 3h of bob"), id="dismissed before the merge"),
        pytest.param(("reviewed 2h by bob", "reviewed 3h by author: approved"), id="the author's own"),
        pytest.param(("reviewed 2h by bob", "reviewed 3h by coderabbitai[bot]: approved"), id="a bot's"),
        pytest.param(("reviewed 2h by bob", "reviewed 11h by ann: approved"), id="after the merge"),
    ],
)
def test_without_an_approval_in_force_review_lasts_until_the_merge(lines):
    assert hours_of_stages("opened 0h", *lines, "merged 10h") == {
        "coding": 0,
        "pickup": 2,
        "review": 8,
        "merge_wait": 0,
    }


def test_a_dismissal_after_the_merge_takes_nothing_back():
    told = story("opened 0h", "reviewed 2h by bob: approved", "merged 10h", "dismissed 11h of bob")
    assert final_approval(told.lives[0], told.events, POLICY) == at("2h")


def test_an_approval_in_the_second_of_readiness_is_not_final():
    """T5 lies in (T3, T6]; nobody reads a change in no time."""
    assert hours_of_stages("opened 0h", "reviewed 0h by bob: approved", "merged 3h") == {
        "coding": 0,
        "pickup": 0,
        "review": 3,
        "merge_wait": 0,
    }


def test_an_approval_of_the_draft_is_not_final():
    """T5 lies after T3 and never before T4: approved at 1 as a draft, ready at 2, commented at 4, merged at 10."""
    lines = ("opened 0h as draft", "reviewed 1h by bob: approved", "ready 2h", "reviewed 4h by ann", "merged 10h")
    assert hours_of_stages(*lines) == {"coding": 2, "pickup": 2, "review": 6, "merge_wait": 0}


def test_reviewed_only_as_a_draft_has_no_pickup():
    """Definitions 13: T3 to T6 is review and merge_wait, cut at T5; no approval after T3, so all of it is review."""
    lines = ("opened 0h as draft", "reviewed 1h by bob: approved", "ready 2h", "merged 10h")
    assert hours_of_stages(*lines) == {"coding": 2, "review": 8, "merge_wait": 0}
    assert life(*lines).reviewed


def test_nobody_looked():
    assert hours_of_stages("opened 0h as draft", "ready 2h", "merged 10h") == {"coding": 2, "unreviewed": 8}
    assert not life("opened 0h", "merged 1h").reviewed


def test_no_approval_is_asked_of_an_unmerged_change():
    told = story("opened 0h", "reviewed 1h by bob: approved", "closed 2h")
    assert final_approval(told.lives[0], told.events, POLICY) is None
    assert list(stages(told.lives[0], told.events, POLICY)) == []


# T6, closing and reopening


def test_drafting_again_stays_inside_the_stage_it_interrupts():
    lines = ("opened 0h", "drafted 1h", "ready 5h", "reviewed 6h by bob: approved", "merged 8h")
    assert hours_of_stages(*lines) == {"coding": 0, "pickup": 6, "review": 0, "merge_wait": 2}


def test_a_short_closing_stays_inside_the_stage_it_interrupts():
    """Reopened after exactly 14 days: the same change."""
    lines = ("opened 0h", "closed 1h", "reopened 14d1h", "reviewed 15d: approved", "merged 15d2h")
    assert hours_of_stages(*lines) == {"coding": 0, "pickup": 15 * 24, "review": 0, "merge_wait": 2}
    assert len(story(*lines).lives) == 1


def test_a_reopening_after_more_than_14_days_begins_a_new_life():
    """Its opening, first activity and readiness are the reopening; old commits and reviews are the first life's."""
    lines = ("opened 0h", "committed 0h authored -9h", "reviewed 1h by bob: approved", "closed 2h", "reopened 14d2h1s")
    first, second = story(*lines).lives
    assert (first.closed.at, first.merged) == (at("2h"), None)
    assert (second.start.at, second.ready.at, second.first_review) == (at("14d2h1s"), at("14d2h1s"), None)
    assert second.state is QueueState.AWAITING_REVIEW
    assert hours_of_stages(*lines, "merged 14d5h1s") == {"coding": 0, "unreviewed": 3}


def test_a_draft_reopened_late_still_is_a_draft():
    assert story("opened 0h as draft", "closed 1h", "reopened 20d").lives[-1].ready is None


def test_a_draft_made_ready_while_it_lay_abandoned_is_reopened_ready():
    (_, second) = story("opened 0h as draft", "closed 1h", "ready 18d", "reopened 20d").lives
    assert second.ready.at == at("20d")
    (_, second) = story("opened 0h", "closed 1h", "drafted 18d", "reopened 20d").lives
    assert second.ready is None


def test_what_happens_to_an_abandoned_change_is_no_part_of_its_life():
    found = life("opened 0h", "closed 1h", "reviewed 15d by bob: approved")
    assert (found.first_review, found.reviews) == (None, [])


def test_merged_and_closed_in_one_second_is_merged():
    found = life("opened 0h", "closed 5h", "merged 5h")
    assert found.merged.at == at("5h")
    assert [wait.by for wait in found.waits] == ["merge"]


def test_a_change_whose_opening_is_unknown_has_no_life():
    assert story("reviewed 1h by bob", "merged 2h").lives == []


# The queue (definitions 17)

WAITING, AGAIN, CHANGES, COMMENTED, APPROVED = (
    QueueState.AWAITING_REVIEW,
    QueueState.AWAITING_REREVIEW,
    QueueState.CHANGES_REQUESTED,
    QueueState.COMMENTED,
    QueueState.APPROVED,
)


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ((), WAITING),
        (("reviewed 1h by coderabbitai[bot]: approved",), WAITING),
        (("committed 1h", "asked 1h for bob"), WAITING),
        (("reviewed 1h by bob",), COMMENTED),
        (("reviewed 1h by bob: approved",), APPROVED),
        (("reviewed 1h by bob: changes requested",), CHANGES),
        (("reviewed 1h by bob: changes requested", "reviewed 2h by ann: approved"), CHANGES),
        (("reviewed 1h by bob: changes requested", "reviewed 2h by bob: approved"), APPROVED),
        (("reviewed 1h by bob: approved", "reviewed 2h by ann"), APPROVED),
        (("reviewed 1h by bob: changes requested", "reviewed 2h by bob"), CHANGES),
        (("reviewed 1h by bob: changes requested", "dismissed 2h of bob"), COMMENTED),
        (("reviewed 1h by bob: changes requested", "committed 2h"), AGAIN),
        (("reviewed 1h by bob: changes requested", "pushed 2h"), AGAIN),
        (("reviewed 1h by bob", "committed 2h"), AGAIN),
        (("reviewed 1h by bob: approved", "committed 2h"), APPROVED),
        (("reviewed 1h by bob: changes requested", "asked 2h for bob"), AGAIN),
        (("reviewed 1h by bob: changes requested", "asked 2h for ann"), CHANGES),
        (("reviewed 1h by ghost", "asked 2h for ghost"), COMMENTED),
        (("reviewed 1h by bob: approved", "asked 2h for bob"), APPROVED),
        (("reviewed 1h by bob: approved", "dismissed 2h of bob"), AGAIN),
        (("reviewed 1h by bob: approved", "reviewed 1h by ann: approved", "dismissed 2h of bob"), APPROVED),
        (("reviewed 1h by bob: approved", "dismissed 2h of bob", "reviewed 3h by ann"), COMMENTED),
        (("reviewed 1h by bob: changes requested", "committed 2h", "reviewed 3h by ann"), CHANGES),
        (("reviewed 1h by bob: changes requested", "committed 2h", "reviewed 3h by author"), AGAIN),
        (("drafted 1h",), None),
        (("drafted 1h", "ready 2h"), WAITING),
        (("closed 1h",), None),
        (("closed 1h", "reopened 2h"), WAITING),
        (("merged 1h",), None),
    ],
)
def test_where_a_change_stands(lines, state):
    assert life("opened 0h", *lines).state is state


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), [(0, None, None)]),
        (("reviewed 3h by bob",), [(0, 3, "review")]),
        (("merged 3h",), [(0, 3, "merge")]),
        (("closed 3h", "reopened 5h"), [(0, 3, "close"), (5, None, None)]),
        (("drafted 3h", "ready 5h", "reviewed 6h by bob"), [(0, 3, "draft"), (5, 6, "review")]),
        (
            ("reviewed 1h by bob: changes requested", "committed 2h", "committed 3h", "reviewed 4h by bob: approved"),
            [(0, 1, "review"), (2, 4, "review")],
        ),
        (("reviewed 1h by bob: approved", "dismissed 2h of bob", "merged 3h"), [(0, 1, "review"), (2, 3, "merge")]),
        (("closed 1h", "reopened 20d"), [(0, 1, "close"), (480, None, None)]),
        (("drafted 1h", "reviewed 2h by bob", "ready 3h"), [(0, 1, "draft")]),
    ],
)
def test_when_a_change_waits(lines, expected):
    assert waits("opened 0h", *lines) == expected


def test_a_round_is_a_request_new_commits_and_another_review():
    lines = ["opened 0h", "reviewed 1h by bob: changes requested", "reviewed 2h by ann: changes requested"]
    assert life(*lines, "committed 3h").rounds == 0
    lines += ["committed 3h", "pushed 4h", "reviewed 5h by bob: changes requested"]
    assert life(*lines).rounds == 1
    assert life(*lines, "committed 6h", "reviewed 7h by bob: approved", "reviewed 8h by ann: approved").rounds == 2


# Order


def test_a_fact_told_twice_counts_once_and_order_of_arrival_does_not_matter():
    told = change("opened 0h", "reviewed 2h by bob", "merged 2h", "closed 2h")
    assert ordered([*reversed(told), *told]) == tuple(told)


# All changes


@given(changes)
@ALL
def test_stages_are_never_negative_and_add_up_to_the_lead_time(events):
    told = Change(events, POLICY)
    for each in told.lives:
        spent = dict(stages(each, told.events, POLICY))
        if each.merged is None:
            assert spent == {}
            continue
        assert min(spent.values()) >= 0
        assert sum(spent.values()) == each.merged.at - first_activity(each, told.events, each.merged.at, POLICY)
        assert (Stage.UNREVIEWED in spent) is (each.ready is not None and not each.reviewed)


@given(changes, st.integers(0, 400 * DAY))
@ALL
def test_entered_less_left_is_whether_it_waits_at_every_instant(events, after):
    """The same change asked at a second shows in the queue exactly as often as it had entered and not left."""
    when = START + after
    told = Change(events, POLICY)
    ends = [(wait.entered.at, wait.left and wait.left.at) for each in told.lives for wait in each.waits]
    entered = sum(begins <= when for begins, _ in ends)
    left = sum(ended is not None and ended <= when for _, ended in ends)
    stands = standing(told.at(when))
    assert entered - left == int(stands is not None and stands.state in AWAITING)


@given(changes)
@ALL
def test_waits_alternate_and_do_not_overlap(events):
    told = Change(events, POLICY)
    moments = [end for each in told.lives for wait in each.waits for end in (wait.entered, wait.left)]
    assert all(moment is not None for moment in moments[:-1])
    places = [told.events.index(moment) for moment in moments if moment is not None]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@given(changes, st.randoms(use_true_random=False))
@ALL
def test_the_order_of_arrival_changes_nothing(events, random):
    shuffled = [*events, *events[::2]]
    random.shuffle(shuffled)
    assert Change(shuffled, POLICY).events == Change(events, POLICY).events
