from exporter.measures.flow import (
    ABANDONED,
    AI_CHANGES,
    COVERAGE_FACT,
    MERGED,
    OPENED,
    READY,
    ai_changes,
    coverage,
    gates,
)
from tests.measures.read import observed

CLAUDE = "with Co-authored-by: Claude <noreply@anthropic.com>"
DAYS = 24


def test_a_change_passes_each_gate_once():
    lines = ("opened 0h as draft", "ready 2h", "drafted 3h", "ready 4h", "reviewed 5h by bob", "merged 9h", "closed 9h")
    assert observed(gates, OPENED, *lines) == [(0, ("unmarked",), 1)]
    assert observed(gates, READY, *lines) == [(2, ("unmarked",), 1)]
    assert observed(gates, MERGED, *lines) == [(9, ("unmarked", "yes"), 1)]
    assert observed(gates, ABANDONED, *lines) == []


def test_a_draft_that_was_never_ready_is_not_counted_as_ready():
    assert observed(gates, READY, "opened 0h as draft", "merged 9h") == []


def test_each_gate_has_the_origin_of_its_own_date():
    lines = ("opened 0h", f"committed 3h {CLAUDE}", "merged 9h")
    assert observed(gates, OPENED, *lines) == [(0, ("unmarked",), 1)]
    assert observed(gates, MERGED, *lines) == [(9, ("assisted", "no"), 1)]


def test_a_bots_review_does_not_make_a_merge_reviewed_and_a_review_of_the_draft_does():
    assert observed(gates, MERGED, "opened 0h", "reviewed 1h by coderabbitai[bot]: approved", "merged 2h") == [
        (2, ("unmarked", "no"), 1)
    ]
    assert observed(gates, MERGED, "opened 0h as draft", "reviewed 1h by bob", "ready 2h", "merged 3h") == [
        (3, ("unmarked", "yes"), 1)
    ]
    assert observed(gates, MERGED, "opened 0h", "merged 2h", "reviewed 3h by bob: approved") == [
        (2, ("unmarked", "no"), 1)
    ]


def test_abandoned_is_dated_14_days_after_the_closing():
    assert observed(gates, ABANDONED, "opened 0h", "closed 3h") == [(14 * DAYS + 3, ("unmarked",), 1)]
    assert observed(gates, ABANDONED, "opened 0h", "closed 3h", "reopened 14d3h") == []


def test_a_reopening_after_that_is_opened_and_ready_again():
    lines = ("opened 0h", "closed 3h", "reopened 20d", "merged 21d")
    assert observed(gates, OPENED, *lines) == [(0, ("unmarked",), 1), (20 * DAYS, ("unmarked",), 1)]
    assert observed(gates, READY, *lines) == [(0, ("unmarked",), 1), (20 * DAYS, ("unmarked",), 1)]
    assert observed(gates, ABANDONED, *lines) == [(14 * DAYS + 3, ("unmarked",), 1)]
    assert observed(gates, MERGED, *lines) == [(21 * DAYS, ("unmarked", "no"), 1)]


def test_bots_and_reverts_are_opened_and_merged():
    assert observed(gates, MERGED, "opened 0h by dependabot[bot]", "merged 1h") == [(1, ("bot", "no"), 1)]
    assert observed(gates, OPENED, "opened 0h on revert-12-topic", "merged 1h") == [(0, ("unmarked",), 1)]


def test_the_tool_whose_marker_decided_is_counted_at_the_merge():
    marked = f"committed 0h {CLAUDE}"
    assert observed(ai_changes, AI_CHANGES, "opened 0h", marked, "merged 5h") == [(5, ("claude-code",), 1)]
    assert observed(ai_changes, AI_CHANGES, "opened 0h on codex/fix", "merged 5h") == [(5, ("codex",), 1)]


def test_no_tool_is_counted_without_a_marker_for_a_bot_or_before_the_merge():
    assert observed(ai_changes, AI_CHANGES, "opened 0h", "merged 5h") == []
    assert observed(ai_changes, AI_CHANGES, "opened 0h by dependabot[bot]", "merged 5h") == []
    assert observed(ai_changes, AI_CHANGES, "opened 0h on codex/fix") == []


def test_coverage_says_whether_commits_and_a_believable_date_were_there():
    assert observed(coverage, COVERAGE_FACT, "opened 0h", "merged 1h") == [
        (1, ("origin",), 0),
        (1, ("first_activity",), 0),
    ]
    assert observed(coverage, COVERAGE_FACT, "opened 0h", "committed 0h authored -91d", "merged 1h") == [
        (1, ("origin",), 1),
        (1, ("first_activity",), 0),
    ]
    assert observed(coverage, COVERAGE_FACT, "opened 0h", "committed 0h authored -1h", "merged 1h") == [
        (1, ("origin",), 1),
        (1, ("first_activity",), 1),
    ]
    assert observed(coverage, COVERAGE_FACT, "opened 0h by dependabot[bot]", "merged 1h") == []
    assert observed(coverage, COVERAGE_FACT, "opened 0h", "closed 1h") == []
