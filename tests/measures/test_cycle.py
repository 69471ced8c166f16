import msgspec

from exporter.measures.cycle import LEAD_TIME, SIZE, STAGE, cycle, size
from tests.measures.read import observed
from tests.stories import POLICY

HOUR = 3600
REVIEWED = (
    "opened 0h as draft on codex/fix",
    "committed 0h authored -2h",
    "ready 3h",
    "reviewed 7h by bob",
    "reviewed 8h by bob: approved",
    "merged 18h",
)


def test_stages_and_lead_time_are_observed_at_the_merge():
    """Coding -2..3, pickup 3..7, review 7..8, merge wait 8..18; together 20 h."""
    assert observed(cycle, STAGE, *REVIEWED) == [
        (18, ("agentic", "coding"), 5 * HOUR),
        (18, ("agentic", "pickup"), 4 * HOUR),
        (18, ("agentic", "review"), 1 * HOUR),
        (18, ("agentic", "merge_wait"), 10 * HOUR),
    ]
    assert observed(cycle, LEAD_TIME, *REVIEWED) == [(18, ("agentic", "merge"), 20 * HOUR)]


def test_without_a_review_the_rest_is_unreviewed():
    assert observed(cycle, STAGE, "opened 0h", "merged 6h") == [
        (6, ("unmarked", "coding"), 0),
        (6, ("unmarked", "unreviewed"), 6 * HOUR),
    ]


def test_reviewed_only_as_a_draft_has_no_pickup():
    lines = ("opened 0h as draft", "reviewed 1h by bob", "ready 2h", "merged 10h")
    assert observed(cycle, STAGE, *lines) == [
        (10, ("unmarked", "coding"), 2 * HOUR),
        (10, ("unmarked", "review"), 8 * HOUR),
        (10, ("unmarked", "merge_wait"), 0),
    ]


def test_a_late_reopening_has_a_lead_time_of_its_own():
    lines = ("opened 0h", "closed 1h", "reopened 20d", "merged 20d4h")
    assert observed(cycle, LEAD_TIME, *lines) == [(484, ("unmarked", "merge"), 4 * HOUR)]


def test_bots_reverts_and_what_was_not_merged_are_in_no_stage():
    for lines in (
        ("opened 0h by dependabot[bot]", "merged 1h"),
        ("opened 0h on revert-12-topic", "merged 1h"),
        ("opened 0h", "reviewed 1h by bob", "closed 2h"),
    ):
        assert list(cycle_of(*lines)) == []


def cycle_of(*lines):
    return observed(cycle, STAGE, *lines) + observed(cycle, LEAD_TIME, *lines) + observed(size, SIZE, *lines)


def test_size_leaves_generated_and_vendored_files_out():
    """3 + 4 and 10 + 0 lines; the lock file and the vendored one do not count."""
    files = "files 2h: a.py +3 -4, docs/b.md +10 -0, poetry.lock +900 -3, vendor/x.go +50 -0"
    assert observed(size, SIZE, "opened 0h", "merged 2h", files) == [(2, ("unmarked",), 17)]


def test_a_user_may_say_what_is_generated():
    policy = msgspec.structs.replace(POLICY, generated=("*.py",))
    files = "files 2h: a.py +3 -4, poetry.lock +900 -3"
    assert observed(size, SIZE, "opened 0h", "merged 2h", files, policy=policy) == [(2, ("unmarked",), 903)]


def test_a_change_of_no_lines_has_size_zero_and_one_whose_files_are_unknown_has_none():
    assert observed(size, SIZE, "opened 0h", "merged 2h", "files 2h:") == [(2, ("unmarked",), 0)]
    assert observed(size, SIZE, "opened 0h", "merged 2h") == []
