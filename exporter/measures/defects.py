"""Defects as the tracker knows them: how many, and whether production or something before it found them."""

from collections.abc import Iterator

from exporter.catalogue import DAY, Group, Kind, Observation, measure, metric
from exporter.labels import worn
from exporter.model import IssueClosed, IssueOpened, IssueReopened, Thing
from exporter.policy import Policy
from exporter.story import Story

SETTLES = 30 * DAY
"""Seconds after its creation when an issue that is still open is taken for what its labels say (definitions 15)."""

DEFECTS = metric(
    "sdlc_defects_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Issues whose labels call them a defect, by where it was found: production, before_release, or unstated where no "
    "label tells; counted when closed as done, or 30 days after their creation.",
    why="Production's share of all defects says what tests and QA let through; more triage raises it too, so look at "
    "the number beside it.",
    labels=("repository", "found"),
)


@measure(DEFECTS, of=Thing.ISSUE)
def defects(issue: Story, policy: Policy) -> Iterator[Observation]:
    """A defect once, with the labels of the second it is counted at; nothing for what turned out to be none."""
    opened = next(issue.own(IssueOpened), None)
    if opened is None:
        return
    settled = opened.at + SETTLES
    done = next((closed for closed in issue.own(IssueClosed) if closed.done and closed.at <= settled), None)
    if done is None and dropped(issue, settled):
        return
    at, cause = (settled, opened.id) if done is None else (done.at, done.id)
    labels = worn(issue.events, at)
    if policy.labels.is_defect(labels):
        yield Observation(DEFECTS.name, cause, "", at, (policy.labels.found(labels),), 1)


def dropped(issue: Story, second: int) -> bool:
    """Whether the last word on an issue by a second was a closing as not planned, or as a duplicate."""
    words = [each for each in issue.events if isinstance(each, IssueClosed | IssueReopened) and each.at <= second]
    return bool(words) and isinstance(words[-1], IssueClosed) and not words[-1].done
