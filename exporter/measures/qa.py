"""QA as the tracker knows it: how long issues stay with it, and how long they are blocked there."""

from collections.abc import Iterator

from exporter.catalogue import Group, Kind, Observation, Pool, measure, metric, summary, twins
from exporter.labels import at_qa
from exporter.measures.review import LONG
from exporter.measures.windows import Gauges
from exporter.model import Thing
from exporter.policy import Policy
from exporter.statistics.proportions import share
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
STAY_FACT = metric(
    "qa_stay",
    Kind.FACT,
    Group.EVENTS,
    "Seconds of a stay with QA, dated at its end, by how many hundredths of it the issue was blocked.",
    labels=("repository", "blocked"),
)

BLOCKED_RATIO = twins(
    "qa_blocked_ratio",
    "Share of the time with QA for which issues were blocked there, of the stays that ended within the window",
    "Issues that wait for QA need testers; those that are blocked there need somebody else.",
)
BLOCKED_LOWER = twins(
    "qa_blocked_ratio_lower",
    "Lower end of the 90 % interval of the share of the time with QA for which issues were blocked",
    "One stay of a month weighs as much as thirty of a day, and is one issue all the same.",
)
BLOCKED_SAMPLES = twins(
    "qa_blocked_samples",
    "Stays with QA that ended within the window, which the share of blocked time rests on",
    "A share of three stays is an anecdote; show n beside it.",
)


@measure(QA, QA_BLOCKED, of=Thing.ISSUE)
def qa(issue: Story, policy: Policy) -> Iterator[Observation]:
    """Both ends of every stay with QA, and of every blocking within one."""
    entered: int | None = None
    blocked: int | None = None
    for at, cause, inside, stuck in at_qa(issue.events, policy.labels):
        if blocked is not None and not stuck:
            yield Observation(QA_BLOCKED.name, cause, "", at, (), at - blocked)
        if entered is not None and not inside:
            yield Observation(QA.name, cause, "", at, (), at - entered)
        entered = None if not inside else at if entered is None else entered
        blocked = None if not stuck else at if blocked is None else blocked


@measure(STAY_FACT, of=Thing.ISSUE)
def qa_stays(issue: Story, policy: Policy) -> Iterator[Observation]:
    """Every stay with QA once it is over, with what was blocked of it."""
    blocked = 0
    for seen in qa(issue, policy):
        if seen.metric == QA_BLOCKED.name:
            blocked += seen.value
        else:
            hundredths = round(100 * blocked / seen.value)
            yield Observation(STAY_FACT.name, seen.cause, "", seen.at, (str(hundredths),), seen.value)
            blocked = 0


@summary(
    STAY_FACT,
    gives=(
        BLOCKED_RATIO,
        BLOCKED_LOWER,
        BLOCKED_SAMPLES,
    ),
)
def qa_blocking(pool: Pool) -> Gauges:
    """The blocked part of all time with QA (definitions 114).

    The interval is that of a share of fewer trials than there are stays, since long ones weigh more: (Σ w)² / Σ w².
    Source: Kish: Survey Sampling (1965), 11.7.
    """
    stays = [(int(hundredths), value) for (hundredths,), values in pool.values(STAY_FACT).items() for value in values]
    whole = sum(value for _, value in stays)
    if not whole:
        return
    part = sum(hundredths * value for hundredths, value in stays) / 100 / whole
    weight = whole**2 / sum(value**2 for _, value in stays)
    interval = share(part * weight, weight)
    yield BLOCKED_SAMPLES, (pool.window,), len(stays)
    yield BLOCKED_RATIO, (pool.window,), part
    if interval is not None:
        yield BLOCKED_LOWER, (pool.window,), interval.lower
