"""The review queue: who waits now, since when, and how the queue flows."""

from collections.abc import Iterator
from typing import NamedTuple

from exporter.catalogue import Group, Kind, Observation, measure, metric
from exporter.change import Change
from exporter.model import Origin, QueueState
from exporter.policy import Policy
from exporter.timeline import AWAITING

QUEUE = metric(
    "sdlc_review_queue_changes",
    Kind.GAUGE,
    Group.STATE,
    "Open, non-draft changes by where they stand in review.",
    why="The queue itself: the first place where faster coding piles up.",
    labels=("repository", "origin", "state"),
    quiet=True,
)
OLDEST_WAIT = metric(
    "sdlc_review_queue_oldest_wait_seconds",
    Kind.GAUGE,
    Group.STATE,
    "Age of the change that has waited longest for a review, since it began to wait; 0 when none waits.",
    why="Averages of finished work hide a stuck queue; this does not.",
    labels=("repository",),
    quiet=True,
)
QUEUE_WAIT = metric(
    "sdlc_review_queue_wait_seconds",
    Kind.GAUGE,
    Group.STATE,
    "Ages of all changes now waiting for a review or a re-review, as percentiles; absent when none waits.",
    why="How the whole queue ages, not only its oldest member.",
    labels=("repository", "percentile"),
)
OLDEST_WAIT_BUSINESS = metric(
    "sdlc_review_queue_oldest_wait_business_seconds",
    Kind.GAUGE,
    Group.STATE,
    "Age of the longest-waiting change on the team's working-hours clock; 0 when none waits.",
    why="What an alert may compare with a promise made in working hours.",
    labels=("repository",),
    quiet=True,
)
DRAFTS = metric(
    "sdlc_draft_changes",
    Kind.GAUGE,
    Group.STATE,
    "Open changes that are drafts.",
    why="Work in progress that has not asked for review; agents park much here.",
    labels=("repository", "origin"),
    quiet=True,
)
QUEUE_FLOW = metric(
    "sdlc_review_queue_flow_changes",
    Kind.GAUGE,
    Group.STATE,
    "Changes that entered (in) and left (out) the review queue within the window, from the ledger.",
    why="The paging alert compares in with out: right from the first day and on short retentions.",
    labels=("repository", "direction", "window"),
)
BUSINESS_HOURS = metric(
    "sdlc_business_hours",
    Kind.GAUGE,
    Group.STATE,
    "1 during the team's working hours, else 0.",
    why="Lets a rule stay silent at night without knowing anybody's calendar.",
    labels=("team",),
)
THRESHOLD_SECONDS = metric(
    "sdlc_threshold_seconds",
    Kind.GAUGE,
    Group.STATE,
    "Thresholds in seconds that alerts compare with or panels draw, from the configuration.",
    labels=("name",),
)
THRESHOLD_RATIO = metric(
    "sdlc_threshold_ratio",
    Kind.GAUGE,
    Group.STATE,
    "Thresholds as ratios that alerts compare with or panels draw, from the configuration.",
    labels=("name",),
)
THRESHOLD_CHANGES = metric(
    "sdlc_threshold_changes",
    Kind.GAUGE,
    Group.STATE,
    "Thresholds as numbers of changes that alerts compare with, from the configuration.",
    labels=("name",),
)
REPOSITORY_INFO = metric(
    "sdlc_repository_info",
    Kind.GAUGE,
    Group.STATE,
    "1 for each repository, with its source and the team it belongs to in today's configuration.",
    why="Joins a team to any metric by repository.",
    labels=("repository", "source", "team"),
    quiet=True,
)
TEAM_REPOSITORY_INFO = metric(
    "sdlc_team_repository_info",
    Kind.GAUGE,
    Group.STATE,
    "1 for each repository of a team in today's configuration, and of the whole organisation, all and other included.",
    why='Picks a team\'s repositories from any metric, and with team="all" everything.',
    labels=("team", "repository"),
    quiet=True,
)
ENTERED = metric(
    "sdlc_review_queue_entered_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Times a change began to wait for a review or a re-review.",
    why="Over any window, entered - left is the growth of the queue.",
    labels=("repository", "origin"),
)
LEFT = metric(
    "sdlc_review_queue_left_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Times a change stopped waiting, by what ended the wait.",
    why="A queue that drains by merge or close instead of review is not being reviewed.",
    labels=("repository", "origin", "by"),
)


@measure(ENTERED, LEFT)
def waits(change: Change, policy: Policy) -> Iterator[Observation]:
    """Both ends of every wait, under the origin the change had when it began to wait."""
    for life in change.lives:
        for wait in life.waits:
            origin = change.origin(wait.entered.at)
            yield Observation(ENTERED.name, wait.entered.id, "", wait.entered.at, (origin,), 1)
            if wait.left is not None and wait.by is not None:
                yield Observation(LEFT.name, wait.left.id, "", wait.left.at, (origin, wait.by), 1)


class Standing(NamedTuple):
    """Where an open change stands: ``state`` is None for a draft; ``since`` is when its present wait began."""

    origin: Origin
    state: QueueState | None
    since: int | None


def standing(change: Change) -> Standing | None:
    """How an open change counts in the state gauges by all its known facts; None once merged or closed."""
    life = change.lives[-1] if change.lives else None
    if life is None or not life.open:
        return None
    last = change.events[-1].at
    if life.state is None:
        return Standing(change.origin(last), None, None)
    if not life.waits:  # asked for review and was reviewed while closed
        return Standing(change.origin(last), life.state, None)
    entered = life.waits[-1].entered.at
    return Standing(change.origin(entered), life.state, entered if life.state in AWAITING else None)
