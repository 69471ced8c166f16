"""Releases: how often code reaches production, how much at once, and how often and how long that fails."""

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from exporter.catalogue import (
    DAY,
    HOUR,
    MINUTE,
    Detail,
    Group,
    Kind,
    Observation,
    Pool,
    Twin,
    measure,
    metric,
    summary,
    twins,
)
from exporter.measures.windows import Gauges, quantiles, quantiles_of
from exporter.model import Contained, Deployed, Environment, Fact, Merged, Outcome, Stream, Thing
from exporter.policy import Policy, is_release
from exporter.story import Story, arrivals

FEWEST_INTERVALS = 5
"""Intervals below which how regular they are is not told."""

DEPLOYMENTS = metric(
    "sdlc_deployments_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Deployments that ended, by where they went and how they ended; releases and tags are none.",
    why="How much is shipped, and how much of that fails, whatever a change is.",
    labels=("repository", "environment", "result"),
)
RELEASES = metric(
    "sdlc_releases_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Times another commit came into production: by a successful deployment, or as a release or tag where there are "
    "no deployments.",
    why="What faster coding should raise, and does not where something after the merge is the limit.",
    labels=("repository",),
)
BATCH = metric(
    "sdlc_release_changes",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Changes that a release brought into production, bots' changes and reverts included.",
    why="More changes at the same number of releases are bigger batches: harder to test, and to take back.",
    labels=("repository",),
    bounds=(1, 2, 5, 10, 20, 50),
)
RECOVERY = metric(
    "sdlc_deployment_recovery_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time from the first failed production deployment after a success to the next success in the same environment.",
    why="How long production could not be changed.",
    labels=("repository",),
    bounds=(15 * MINUTE, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY),
    detail=Detail.ORGANISATION,
)
INTERVAL_FACT = metric(
    "release_interval",
    Kind.FACT,
    Group.EVENTS,
    "Time between a release and the success before it in the same environment.",
    labels=("repository",),
)

INTERVAL_WINDOW = quantiles("release_interval", "Time between releases", ())
VARIATION = metric(
    "sdlc_release_interval_variation_ratio",
    Kind.GAUGE,
    Group.WINDOWS,
    "Standard deviation of the time between releases of the last 90 days, divided by its mean; absent with fewer than "
    "five.",
    why="Near 0 is a timetable, 1 is chance, above 1 are bursts and droughts.",
    labels=("repository",),
)
WEEKLY = twins(
    "releases_weekly",
    "Releases per week within the window; absent where there was none in 90 days",
    "Changes that are ready per week may double; if this does not, batches do.",
)
MEAN_BATCH = twins(
    "release_window_mean_changes",
    "Changes per release within the window, arithmetic mean",
    "Releases per week times this are the changes per week that reach production.",
)
FAIL_RATIO = twins(
    "change_fail_ratio",
    "Share of the production deployments within the window that failed",
    "The deployments that did not do what they were for; faults found later are escapes.",
)
FAIL_SAMPLES = twins(
    "change_fail_samples",
    "Production deployments within the window, which the share of failed ones rests on",
    "One failure of four deployments is 25%; show n beside it.",
)


@measure(DEPLOYMENTS, of=Thing.DEPLOYMENT)
def deployments(story: Story, policy: Policy) -> Iterator[Observation]:
    """Each end of a deployment; one that was tried again has several."""
    for event in story.own(Deployed):
        if not is_release(event):
            labels = (policy.environment(event.environment), event.outcome)
            yield Observation(DEPLOYMENTS.name, event.id, "", event.at, labels, 1)


@measure(RELEASES, INTERVAL_FACT, RECOVERY, of=Thing.DEPLOYMENT)
def releases(story: Story, policy: Policy) -> Iterator[Observation]:
    """What a success in production is by what was there before it."""
    for event, brought in _in_production(story, policy):
        cause, at = event.id, event.at
        if _another(event, brought):
            yield Observation(RELEASES.name, cause, "", at, (), 1)
            if brought.since:
                yield Observation(INTERVAL_FACT.name, cause, "", at, (), max(0, at - brought.since))
        if brought.failed:
            yield Observation(RECOVERY.name, cause, "", at, (), max(0, at - brought.failed))


@measure(BATCH, of=Thing.DEPLOYMENT, needs=(Stream.CHANGES,))
def batches(story: Story, policy: Policy) -> Iterator[Observation]:
    """How many changes a release brought; nothing where that is not known whole, or where it went back."""
    for event, brought in _in_production(story, policy):
        if brought.base and brought.whole and not brought.back and _another(event, brought):
            new = set(brought.shas)
            count = sum(any(merged.sha in new for merged in _merged(facts, event.at)) for facts in story.bound)
            yield Observation(BATCH.name, event.id, "", event.at, (), count)


def _in_production(story: Story, policy: Policy) -> Iterator[tuple[Deployed, Contained]]:
    """The successes in production with what they brought."""
    return (pair for pair in arrivals(story.events) if policy.in_production(pair[0]))


def _another(event: Deployed, brought: Contained) -> bool:
    """Whether another commit is in production now than before."""
    return event.sha != brought.base and not brought.again


def _merged(facts: Sequence[Fact], at: int) -> Iterator[Merged]:
    return (event for event in facts if isinstance(event, Merged) and event.at <= at)


@summary(INTERVAL_FACT, gives=(*INTERVAL_WINDOW,))
def intervals(pool: Pool) -> Gauges:
    """Percentiles of the time between releases."""
    return quantiles_of(pool, INTERVAL_FACT, INTERVAL_WINDOW)


@summary(INTERVAL_FACT, windows=("90d",), gives=(Twin(VARIATION),))
def regularity(pool: Pool) -> Gauges:
    """How regular the time between releases is, as its coefficient of variation; per repository only."""
    for values in pool.values(INTERVAL_FACT).values():
        if len(values) >= FEWEST_INTERVALS and fmean(values) > 0:
            yield Twin(VARIATION), (), stdev(values) / fmean(values)


@summary(RELEASES, gives=(WEEKLY,))
def frequency(pool: Pool) -> Gauges:
    """Releases per week; 0 where there were some in the last 90 days and none in the window."""
    for values in pool.values(RELEASES).values():
        yield WEEKLY, (pool.window,), len(values) * 7 * DAY / pool.seconds


@summary(BATCH, gives=(MEAN_BATCH,))
def batch_sizes(pool: Pool) -> Gauges:
    """The mean of what releases brought."""
    for values in pool.values(BATCH).values():
        if values:
            yield MEAN_BATCH, (pool.window,), fmean(values)


@summary(
    DEPLOYMENTS,
    gives=(
        FAIL_RATIO,
        FAIL_SAMPLES,
    ),
)
def failures(pool: Pool) -> Gauges:
    """Failed production deployments by all of them."""
    results = {result: len(values) for (where, result), values in pool.values(DEPLOYMENTS).items()
               if where == Environment.PRODUCTION}  # fmt: skip
    ended = sum(results.values())
    if ended:
        yield FAIL_SAMPLES, (pool.window,), ended
        yield FAIL_RATIO, (pool.window,), 1 - results.get(Outcome.SUCCESS, 0) / ended
