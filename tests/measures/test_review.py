from exporter.measures.review import (
    FIRST_REVIEW_FACT,
    READY_FACT,
    REVIEW_WAIT,
    REVIEWER_FACT,
    REVIEWS,
    ROUNDS,
    capacity,
    review_wait,
    reviews,
    rounds,
)
from tests.measures.read import observed

HOUR = 3600


def test_the_wait_is_observed_at_the_first_review_merged_or_not():
    assert observed(review_wait, REVIEW_WAIT, "opened 1h", "reviewed 4h by bob") == [(4, ("unmarked",), 3 * HOUR)]
    assert observed(review_wait, REVIEW_WAIT, "opened 1h", "reviewed 4h by bob", "closed 5h") == [
        (4, ("unmarked",), 3 * HOUR)
    ]


def test_own_comment_is_not_a_review():
    """Talking to yourself does not end the wait."""
    lines = ("opened 0h by author", "reviewed 1h by author", "reviewed 3h by reviewer", "merged 30h")
    assert observed(review_wait, REVIEW_WAIT, *lines) == [(3, ("unmarked",), 3 * HOUR)]


def test_the_wait_of_a_draft_runs_from_its_readiness_and_through_a_second_draft():
    lines = ("opened 0h as draft", "reviewed 1h by bob", "ready 2h", "drafted 3h", "ready 5h", "reviewed 6h by bob")
    assert observed(review_wait, REVIEW_WAIT, *lines) == [(6, ("unmarked",), 4 * HOUR)]


def test_an_unreviewed_merge_is_no_wait_of_zero():
    assert observed(review_wait, REVIEW_WAIT, "opened 0h", "merged 30h") == []
    assert observed(review_wait, REVIEW_WAIT, "opened 0h as draft", "reviewed 1h by bob", "ready 2h", "merged 3h") == []


def test_bots_and_reverts_are_in_no_review_statistics():
    for opened in ("opened 0h by dependabot[bot]", "opened 0h on revert-12-topic"):
        assert observed(review_wait, REVIEW_WAIT, opened, "reviewed 1h by bob", "merged 2h") == []
        assert observed(rounds, ROUNDS, opened, "reviewed 1h by bob", "merged 2h") == []


def test_rounds_are_observed_at_the_merge_of_a_reviewed_change():
    lines = ("opened 0h", "reviewed 1h by bob: changes requested", "committed 2h", "reviewed 3h by bob: approved")
    assert observed(rounds, ROUNDS, *lines, "merged 4h") == [(4, ("unmarked",), 1)]
    assert observed(rounds, ROUNDS, "opened 0h", "reviewed 1h by bob: approved", "merged 4h") == [(4, ("unmarked",), 0)]
    assert observed(rounds, ROUNDS, "opened 0h", "merged 4h") == []
    assert observed(rounds, ROUNDS, *lines) == []


def test_every_review_by_someone_else_counts_by_who_and_what():
    """Of a draft, after the merge, by a bot, by a deleted account; the author's own do not."""
    lines = (
        "opened 0h as draft by author",
        "reviewed 1h by bob",
        "ready 2h",
        "reviewed 3h by coderabbitai[bot]: changes requested",
        "reviewed 4h by author",
        "reviewed 5h by ghost: approved",
        "dismissed 6h of ghost",
        "merged 7h",
        "reviewed 8h by ann: approved",
    )
    assert observed(reviews, REVIEWS, *lines) == [
        (1, ("unmarked", "human", "commented"), 1),
        (3, ("unmarked", "bot", "changes_requested"), 1),
        (5, ("unmarked", "human", "approved"), 1),
        (8, ("unmarked", "human", "approved"), 1),
    ]


def test_capacity_counts_people_and_asks_nothing_for_bots():
    lines = ("reviewed 1h by bob", "reviewed 2h by coderabbitai[bot]", "reviewed 3h by bob: approved")
    assert observed(capacity, READY_FACT, "opened 0h", *lines) == [(0, (), 1)]
    assert observed(capacity, FIRST_REVIEW_FACT, "opened 0h", *lines) == [(1, (), 1)]
    assert observed(capacity, REVIEWER_FACT, "opened 0h", *lines) == [(1, ("bob",), 1), (3, ("bob",), 1)]
    assert observed(capacity, READY_FACT, "opened 0h by dependabot[bot]", *lines) == []
    assert observed(capacity, FIRST_REVIEW_FACT, "opened 0h by dependabot[bot]", *lines) == []
    assert len(observed(capacity, REVIEWER_FACT, "opened 0h by dependabot[bot]", *lines)) == 2
