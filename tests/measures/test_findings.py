"""What a change brought, told in hours: a finding is counted 7 days (168 hours) after the merge it came with."""

import msgspec
import pytest

from exporter.catalogue import DAY
from exporter.measures.findings import FINDINGS, findings, findings_coverage
from exporter.measures.flow import COVERAGE_FACT
from exporter.model import Found, Judged, Severity
from exporter.story import Story
from tests.measures.read import dated
from tests.stories import POLICY, at, change

DAYS = 24
WEEK = 7 * DAYS
MERGE, OTHER = "a1" * 20, "c3" * 20
MARK = "with Co-authored-by: Claude <noreply@anthropic.com>"


def finding(when, *bound, heads=(7,), commits=(), manifest="", judged=(), severity=Severity.HIGH, policy=POLICY):
    """A finding and the changes it is bound to; ``judged``: when it was called a false positive, or not."""
    words = [Judged(f"judged{place}", at(then), wrong) for place, (then, wrong) in enumerate(judged)]
    return Story([Found("found", at(when), severity, heads, commits, manifest), *words], policy, bound)


def counted(*args, **how):
    """When a finding is counted, in hours after the start, with its labels; None where it is not."""
    found = dated(findings, FINDINGS, finding(*args, **how))
    assert len(found) <= 1
    return found[0][:2] if found else None


def covered(*args, **how):
    """When it is said whether a change is known that brought it, and whether one is."""
    found = dated(findings_coverage, COVERAGE_FACT, finding(*args, **how))
    return [(hours, value) for hours, _, value in found]


def test_a_finding_is_counted_a_week_after_the_merge_it_came_with():
    """Found at hour 3 on the change's head, merged at 5: 5 + 168."""
    assert counted("3h", change("opened 0h", "merged 5h")) == (5 + WEEK, ("unmarked", "high"))


def test_it_has_the_origin_that_the_change_had_at_its_merge():
    assert counted("3h", change("opened 0h", f"committed 1h {MARK}", "merged 5h"))[1] == ("assisted", "high")
    assert counted("3h", change("opened 0h", "merged 5h", f"committed 6h {MARK}"))[1] == ("unmarked", "high")


@pytest.mark.parametrize("severity", Severity)
def test_it_has_the_severity_its_tool_gives_it(severity):
    assert counted("3h", change("opened 0h", "merged 5h"), severity=severity)[1] == ("unmarked", severity)


def test_of_changes_it_was_seen_on_the_first_that_was_merged_brought_it():
    """The agent's was merged at 6; the person's, merged at 9, had it from there."""
    agents = change("opened 0h", f"committed 1h {MARK}", "merged 6h")
    assert counted("3h", change("opened 0h", "merged 9h"), agents, heads=(7, 8)) == (6 + WEEK, ("assisted", "high"))


def test_a_change_merged_before_it_was_found_did_not_bring_it():
    assert counted("3h", change("opened 0h", "merged 2h")) is None
    assert counted("3h", change("opened 0h", "merged 3h")) is not None


def test_where_no_head_showed_it_the_scan_of_a_merge_within_the_hour_names_the_change():
    """Merged at hour 5 and found at 6; a minute later the scan may have been asked for by something else."""
    merged = change("opened 0h", f"merged 5h as {MERGE}")
    assert counted("6h", merged, heads=(), commits=(MERGE,)) == (6 + WEEK, ("unmarked", "high"))
    assert counted("6h1m", merged, heads=(), commits=(MERGE,)) is None
    assert counted("4h", merged, heads=(), commits=(MERGE,)) is None
    assert counted("6h", merged, heads=(), commits=(OTHER,)) is None, "another commit of that name's beginning"


def test_a_vulnerable_dependency_is_the_changes_that_changed_its_file_within_the_hour():
    """Merged at hour 5 and told of at 6; a minute later, or of another file, it is nobody's."""
    merged = change("opened 0h", "merged 5h", "files 5h: web/go.sum +3 -1, a.go +1 -1")
    found = {"heads": (), "manifest": "web/go.sum"}
    assert counted("6h", merged, **found) == (6 + WEEK, ("unmarked", "high"))
    assert counted("6h1m", merged, **found) is None
    assert counted("4h", merged, **found) is None
    assert counted("6h", merged, heads=(), manifest="go.sum") is None


def test_where_two_changes_changed_the_file_within_the_hour_neither_is_named():
    found = {"heads": (), "manifest": "go.sum"}
    one, two = (change("opened 0h", f"merged {when}", f"files {when}: go.sum +3 -1") for when in ("5h", "5h30m"))
    assert counted("6h", one, two, **found) is None
    assert counted("6h10m", one, two, **found) == (6 + 1 / 6 + WEEK, ("unmarked", "high")), "the first is too long ago"


def test_what_was_dismissed_as_a_false_positive_by_then_is_none():
    """Merged at hour 5: what is said by 173 h counts, and only the last word does."""
    merged = change("opened 0h", "merged 5h")
    assert counted("3h", merged, judged=[("173h", True)]) is None
    assert counted("3h", merged, judged=[("173h1s", True)]) == (173, ("unmarked", "high"))
    assert counted("3h", merged, judged=[("9h", True), ("20h", False)]) == (173, ("unmarked", "high"))
    assert counted("3h", merged, judged=[("9h", False), ("20h", True)]) is None


def test_a_user_may_wait_longer_for_the_triage():
    policy = msgspec.structs.replace(POLICY, findings_after=30 * DAY)
    merged = change("opened 0h", "merged 5h")
    assert counted("3h", merged, policy=policy) == (5 + 30 * DAYS, ("unmarked", "high"))
    assert counted("3h", merged, judged=[("20d", True)], policy=policy) is None
    assert policy.definition != POLICY.definition


def test_what_no_change_can_be_named_for_is_in_no_origin():
    assert counted("3h", heads=()) is None
    assert counted("3h", change("opened 0h")) is None


def test_coverage_says_after_thirty_days_whether_a_change_is_known():
    """720 + 3 hours; a merge one second later would be too late."""
    due = 30 * DAYS + 3
    assert covered("3h", change("opened 0h", "merged 5h")) == [(due, 1)]
    assert covered("3h", change("opened 0h", f"merged {due}h")) == [(due, 1)]
    assert covered("3h", change("opened 0h", f"merged {due}h1s")) == [(due, 0)]
    assert covered("3h", heads=()) == [(due, 0)]
    assert covered("3h", heads=(), judged=[("20d", True)]) == [], "a false positive is nobody's"
