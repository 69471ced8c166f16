"""Issues told by hand, one for each edge case, beside the pull requests of ``tests.double.hand``."""

from tests.double import tracker
from tests.double.facts import Issue, PullRequest, Repository
from tests.double.world import World

HOUR, DAY = 3600, 86_400


def reported(world: World, home: Repository, fix: PullRequest, other: PullRequest, at: int) -> dict[str, Issue]:
    """The issues of one repository by what happens in them; ``fix`` is a change of it, ``other`` one of another."""
    issues = {
        "bug": tracker.report(world, home, "Bug", at=at, body="It breaks.\n\nCaused-by: #1"),
        "unplanned": tracker.report(world, home, "bug", at=at + HOUR),
        "elsewhere": tracker.report(world, home, "bug", "found in qa", at=at + 2 * HOUR),
        "reopened": tracker.report(world, home, "question", at=at + 3 * HOUR),
        "busy": tracker.report(world, home, at=at + 4 * HOUR),
        "plain": tracker.report(world, home, "bug", at=at + 5 * HOUR),
    }
    tracker.label(world, issues["bug"], "production", at=at + 5 * HOUR)
    tracker.close(world, issues["bug"], by=fix, at=at + DAY)
    tracker.close(world, issues["unplanned"], "NOT_PLANNED", at=at + DAY)
    tracker.close(world, issues["elsewhere"], by=other, at=at + DAY)
    tracker.close(world, issues["plain"], at=at + DAY)
    tracker.unlabel(world, issues["reopened"], "question", at=at + 5 * HOUR)
    tracker.close(world, issues["reopened"], None, at=at + DAY)
    tracker.reopen(world, issues["reopened"], at=at + 2 * DAY)
    for n in range(60):
        tracker.label(world, issues["busy"], "qa blocked", at=at + DAY + 60 * n)
        tracker.unlabel(world, issues["busy"], "qa blocked", at=at + DAY + 60 * n + 30)
    return issues
