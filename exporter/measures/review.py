"""Review: how long it is waited for, how often it goes round, and who (person or bot) says what."""

from collections.abc import Iterator

from exporter.catalogue import DAY, HOUR, Group, Kind, Observation, measure, metric
from exporter.change import Change
from exporter.model import Origin
from exporter.policy import Policy

LONG = (HOUR, 4 * HOUR, 8 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)

REVIEW_WAIT = metric(
    "sdlc_change_review_wait_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time from a change asking for review to its first review by a person other than the author.",
    why="Waiting, not typing, is most of a change's life; this is the part reviewers control.",
    labels=("repository", "origin"),
    bounds=LONG,
)
ROUNDS = metric(
    "sdlc_change_review_rounds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Times a merged, reviewed change went round: changes requested, new commits, reviewed again.",
    why="Rework inside review: what a flood of plausible code costs its reviewers.",
    labels=("repository", "origin"),
    bounds=(0, 1, 2, 3, 5),
)
REVIEWS = metric(
    "sdlc_reviews_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Reviews submitted by someone other than the author, by kind of reviewer and verdict at submission.",
    why="Review capacity as delivered; bot reviews are shown and never counted as people's.",
    labels=("repository", "origin", "reviewer", "verdict"),
)
FIRST_REVIEW_FACT = metric(
    "first_review", Kind.FACT, Group.EVENTS, "A change's first review by a person.", labels=("repository",)
)
REVIEWER_FACT = metric(
    "reviewer",
    Kind.FACT,
    Group.EVENTS,
    "A review by a person, kept with the account so that active reviewers can be counted; never exported.",
    labels=("repository", "reviewer"),
)
READY_FACT = metric(
    "ready",
    Kind.FACT,
    Group.EVENTS,
    "A change that is not a bot's asked for review.",
    labels=("repository",),
)


@measure(REVIEW_WAIT)
def review_wait(change: Change, policy: Policy) -> Iterator[Observation]:
    """T3 to T4, observed at T4, merged or not."""
    for life in change.lives:
        first, ready = life.first_review, life.ready
        if first is not None and ready is not None and change.in_stage_statistics(first.at):
            yield Observation(REVIEW_WAIT.name, first.id, "", first.at, (change.origin(first.at),), first.at - ready.at)


@measure(ROUNDS)
def rounds(change: Change, policy: Policy) -> Iterator[Observation]:
    """Rounds of a merged change that a person reviewed."""
    for life in change.lives:
        if life.merged is not None and life.reviewed and change.in_stage_statistics(life.merged.at):
            at = life.merged.at
            yield Observation(ROUNDS.name, life.merged.id, "", at, (change.origin(at),), life.rounds)


@measure(REVIEWS)
def reviews(change: Change, policy: Policy) -> Iterator[Observation]:
    """Every review by someone else, also of a draft and after the merge."""
    for life in change.lives:
        for review in life.reviews:
            who = "human" if policy.rules.is_reviewer_person(review.reviewer) else "bot"
            labels = (change.origin(review.at), who, review.verdict)
            yield Observation(REVIEWS.name, review.id, "", review.at, labels, 1)


@measure(FIRST_REVIEW_FACT, REVIEWER_FACT, READY_FACT)
def capacity(change: Change, policy: Policy) -> Iterator[Observation]:
    """What review load, active reviewers and utilisation are counted from; bots' changes ask nobody to review."""
    for life in change.lives:
        first, ready = life.first_review, life.ready
        if ready is not None and change.origin(ready.at) is not Origin.BOT:
            yield Observation(READY_FACT.name, ready.id, "", ready.at, (), 1)
        if first is not None and change.origin(first.at) is not Origin.BOT:
            yield Observation(FIRST_REVIEW_FACT.name, first.id, "", first.at, (), 1)
        for review in life.reviews:
            if policy.rules.is_reviewer_person(review.reviewer):
                labels = (review.reviewer.login,)
                yield Observation(REVIEWER_FACT.name, review.id, "", review.at, labels, 1)
