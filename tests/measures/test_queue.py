import pytest

from exporter.measures.queue import ENTERED, LEFT, Standing, standing, waits
from exporter.model import Origin, QueueState
from tests.measures.read import observed
from tests.stories import at, story

CLAUDE = "with Co-authored-by: Claude <noreply@anthropic.com>"


@pytest.mark.parametrize(
    ("lines", "by"),
    [
        (("reviewed 2h by bob",), "review"),
        (("merged 2h",), "merge"),
        (("closed 2h",), "close"),
        (("drafted 2h",), "draft"),
    ],
)
def test_a_wait_ends_by_what_ended_it(lines, by):
    assert observed(waits, ENTERED, "opened 0h", *lines) == [(0, ("unmarked",), 1)]
    assert observed(waits, LEFT, "opened 0h", *lines) == [(2, ("unmarked", by), 1)]


def test_both_ends_of_a_wait_have_the_origin_it_began_with():
    """Unmarked until the second commit, so the first wait is unmarked at both ends and the second assisted."""
    lines = ("opened 0h", "committed 1h", "reviewed 3h by bob", f"committed 4h {CLAUDE}", "reviewed 6h by bob")
    assert observed(waits, ENTERED, *lines) == [(0, ("unmarked",), 1), (4, ("assisted",), 1)]
    assert observed(waits, LEFT, *lines) == [(3, ("unmarked", "review"), 1), (6, ("assisted", "review"), 1)]
    marked_while_waiting = ("opened 0h", f"committed 1h {CLAUDE}", "reviewed 3h by bob")
    assert observed(waits, LEFT, *marked_while_waiting) == [(3, ("unmarked", "review"), 1)]


def test_bots_and_reverts_wait_too():
    assert observed(waits, ENTERED, "opened 0h by dependabot[bot]") == [(0, ("bot",), 1)]
    assert observed(waits, ENTERED, "opened 0h on revert-12-topic") == [(0, ("unmarked",), 1)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("opened 1h",), Standing(Origin.UNMARKED, QueueState.AWAITING_REVIEW, at("1h"))),
        (("opened 1h", "reviewed 2h by bob: approved"), Standing(Origin.UNMARKED, QueueState.APPROVED, None)),
        (
            ("opened 1h", "reviewed 2h by bob", "committed 5h"),
            Standing(Origin.UNMARKED, QueueState.AWAITING_REREVIEW, at("5h")),
        ),
        (("opened 1h", "drafted 2h"), Standing(Origin.UNMARKED, None, None)),
        (("opened 1h", "drafted 2h", "ready 7h"), Standing(Origin.UNMARKED, QueueState.AWAITING_REVIEW, at("7h"))),
        (("opened 1h as draft", f"committed 2h {CLAUDE}"), Standing(Origin.ASSISTED, None, None)),
        (("opened 1h", f"committed 2h {CLAUDE}"), Standing(Origin.UNMARKED, QueueState.AWAITING_REVIEW, at("1h"))),
        (("opened 1h", "closed 2h", "reopened 4h"), Standing(Origin.UNMARKED, QueueState.AWAITING_REVIEW, at("4h"))),
        (
            ("opened 1h as draft", "closed 2h", "ready 3h", "reviewed 4h by bob", "reopened 5h"),
            Standing(Origin.UNMARKED, QueueState.COMMENTED, None),
        ),
        (("opened 1h", "closed 2h"), None),
        (("opened 1h", "merged 2h"), None),
        (("reviewed 2h by bob",), None),
    ],
)
def test_how_a_change_counts_in_the_state_gauges(lines, expected):
    assert standing(story(*lines)) == expected
