"""QA as the tracker knows it: how long issues stay with it, and how long they are blocked there."""

from collections.abc import Iterator
from itertools import groupby

from exporter.catalogue import Group, Kind, Observation, measure, metric
from exporter.labels import worn
from exporter.measures.review import LONG
from exporter.model import Event, IssueClosed, IssueReopened, Thing
from exporter.policy import Policy
from exporter.story import Story

QA = metric(
    "sdlc_qa_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time an issue stayed with QA, by its labels or status; observed each time it leaves QA or is closed.",
    why="Where faster coding piles up when testing by hand does not get faster; absent where no label says QA.",
    labels=("repository",),
    bounds=LONG,
)
QA_BLOCKED = metric(
    "sdlc_qa_blocked_seconds_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Time issues were blocked while QA had them, by their labels; counted when the blocking ends.",
    why="Its share of the time with QA tells a queue of work from work that cannot go on.",
    labels=("repository",),
)


@measure(QA, QA_BLOCKED, of=Thing.ISSUE)
def qa(issue: Story, policy: Policy) -> Iterator[Observation]:
    """Both ends of every stay with QA, and of every blocking within one."""
    entered: int | None = None
    blocked: int | None = None
    is_open = True
    for at, group in groupby(issue.events, key=lambda event: event.at):
        events: list[Event] = list(group)
        turns = [event for event in events if isinstance(event, IssueClosed | IssueReopened)]
        is_open = isinstance(turns[-1], IssueReopened) if turns else is_open
        labels = worn(issue.events, at)
        inside = is_open and policy.labels.in_qa(labels)
        stuck = inside and policy.labels.is_blocked(labels)
        cause = min(event.id for event in events)
        if entered is not None and not inside:
            yield Observation(QA.name, cause, "", at, (), at - entered)
        if blocked is not None and not stuck:
            yield Observation(QA_BLOCKED.name, cause, "", at, (), at - blocked)
        entered = None if not inside else at if entered is None else entered
        blocked = None if not stuck else at if blocked is None else blocked
