"""Runs of CI: how they end, how long they take and wait, and whether what is pushed is delivered."""

from collections.abc import Iterator

from exporter.catalogue import HOUR, MINUTE, Group, Kind, Observation, Pool, measure, metric, summary, twins
from exporter.measures.windows import Gauges, quantiles, quantiles_of
from exporter.model import Ran, Result, Thing, begins
from exporter.policy import Policy
from exporter.story import Story

ENDED = (Result.SUCCESS, Result.FAILURE)
"""Results that tell of the code; the others tell of the machinery, or of a person who pressed a button."""

RUNS = metric(
    "sdlc_ci_runs_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Attempts of CI runs that ended, by how; branch is default, or change for every other one.",
    why="CI is the first place after coding where a gain is lost: red runs, retries, queues.",
    labels=("repository", "branch", "attempt", "result"),
)
RUN_SECONDS = metric(
    "sdlc_ci_run_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time from the start of an attempt's first job to its end, for attempts that succeeded or failed.",
    why="Nobody waits for review of what CI has not passed; each round costs this.",
    labels=("repository", "branch"),
    bounds=(
        30,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        20 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
    ),
)
QUEUE_SECONDS = metric(
    "sdlc_ci_queue_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time from an attempt's request to the start of its first job.",
    why="More pushes and the same runners: the queue grows before anything else does.",
    labels=("repository", "branch"),
    bounds=(5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR),
)
FIRST_ATTEMPT_FACT = metric(
    "first_attempt",
    Kind.FACT,
    Group.EVENTS,
    "A first attempt of a run of tests that succeeded, or failed in a job that runs tests.",
    labels=("repository", "branch", "result"),
)
PUSH_FACT = metric(
    "push",
    Kind.FACT,
    Group.EVENTS,
    "A commit CI ran for: its first attempt on a change's branch (change), its first success on the default branch "
    "(default).",
    labels=("repository", "branch"),
)

FAILURE_RATIO = twins(
    "ci_first_attempt_failure_ratio",
    "Failed first attempts of test runs over those that succeeded or failed, within the window",
    "A first attempt is what the author believed would pass; a retry says less. Cancelled, timed-out, broken and "
    "skipped attempts are in neither number.",
    ("branch",),
)
FAILURE_SAMPLES = twins(
    "ci_first_attempt_failure_samples",
    "First attempts of test runs that succeeded or failed within the window",
    "A share of ten is an anecdote; show n beside it.",
    ("branch",),
)
RETRY_RATIO = twins(
    "ci_retry_ratio",
    "Retries over all attempts that succeeded or failed, within the window",
    "Pressing the button again is the price of flaky tests, paid in everybody's time.",
    ("branch",),
)
RETRY_SAMPLES = twins(
    "ci_retry_samples",
    "Attempts that succeeded or failed within the window",
    "How many attempts the share of retries rests on.",
    ("branch",),
)
RUN_WINDOW = quantiles("ci_run", "Time CI runs took that succeeded or failed", ("branch",))
PUSHES_PER_DELIVERY = twins(
    "ci_pushes_per_delivery_ratio",
    "Commits CI ran for on the branches of changes, for each commit of the default branch that CI found green, within "
    "the window",
    "When it climbs, more is written for each commit that arrives: code is written and not delivered.",
)
DELIVERIES = twins(
    "ci_pushes_per_delivery_samples",
    "Commits of the default branch that CI found green within the window",
    "What the number of pushes is divided by.",
)


def branch_of(attempt: Ran) -> str:
    """The label ``branch``."""
    return "default" if attempt.default else "change"


def verdict(attempt: Ran, policy: Policy) -> Result | None:
    """How the tests of an attempt ended: None where it says nothing of tests.

    Failed in jobs none of which runs tests (lint alone, say), it says nothing, for the tests may not have been run.
    """
    if attempt.result not in ENDED or not policy.is_test_job(attempt.workflow, attempt.workflow):
        return None
    jobs = attempt.red or (attempt.workflow,)
    if attempt.result is Result.FAILURE and not any(policy.is_test_job(attempt.workflow, job) for job in jobs):
        return None
    return attempt.result


@measure(RUNS, RUN_SECONDS, QUEUE_SECONDS, FIRST_ATTEMPT_FACT, of=Thing.RUN)
def runs(run: Story, policy: Policy) -> Iterator[Observation]:
    """Every attempt at its end: how it ended, what it took, and what it waited for."""
    for attempt in run.own(Ran):
        branch = branch_of(attempt)
        which = "first" if attempt.attempt == 1 else "retry"
        at, cause = attempt.at, attempt.id
        yield Observation(RUNS.name, cause, "", at, (branch, which, attempt.result), 1)
        if attempt.started and attempt.result in ENDED:
            yield Observation(RUN_SECONDS.name, cause, "", at, (branch,), max(0, at - attempt.started))
        if attempt.started and attempt.asked and attempt.result is not Result.SKIP:
            waited = max(0, attempt.started - attempt.asked)
            yield Observation(QUEUE_SECONDS.name, cause, "", at, (branch,), waited)
        said = verdict(attempt, policy)
        if said is not None and attempt.attempt == 1:
            yield Observation(FIRST_ATTEMPT_FACT.name, cause, "", at, (branch, said), 1)


@measure(PUSH_FACT, of=Thing.LINE)
def pushes(line: Story, policy: Policy) -> Iterator[Observation]:
    """Each commit of a branch once, however many workflows ran for it."""
    since, seen = begins(line.key), set()
    for attempt in line.own(Ran):
        if attempt.sha in seen or (attempt.default and attempt.result is not Result.SUCCESS):
            continue
        seen.add(attempt.sha)
        if attempt.at >= since:
            yield Observation(PUSH_FACT.name, attempt.id, "", attempt.at, (branch_of(attempt),), 1)


@summary(
    FIRST_ATTEMPT_FACT,
    gives=(
        FAILURE_RATIO,
        FAILURE_SAMPLES,
    ),
)
def first_attempts(pool: Pool) -> Gauges:
    """The share of first attempts that failed, by kind of branch."""
    counts = {labels: len(values) for labels, values in pool.values(FIRST_ATTEMPT_FACT).items()}
    for branch in sorted({branch for branch, _ in counts}):
        failed = counts.get((branch, Result.FAILURE), 0)
        total = failed + counts.get((branch, Result.SUCCESS), 0)
        if total:
            yield FAILURE_SAMPLES, (branch, pool.window), total
            yield FAILURE_RATIO, (branch, pool.window), failed / total


@summary(
    RUNS,
    gives=(
        RETRY_RATIO,
        RETRY_SAMPLES,
    ),
)
def retries(pool: Pool) -> Gauges:
    """The share of attempts that are retries, by kind of branch."""
    counts: dict[str, dict[str, int]] = {}
    for (branch, which, result), values in pool.values(RUNS).items():
        if result in ENDED:
            here = counts.setdefault(branch, {"first": 0, "retry": 0})
            here[which] += len(values)
    for branch, here in sorted(counts.items()):
        total = sum(here.values())
        if total:
            yield RETRY_SAMPLES, (branch, pool.window), total
            yield RETRY_RATIO, (branch, pool.window), here["retry"] / total


@summary(RUN_SECONDS, gives=(*RUN_WINDOW,))
def run_times(pool: Pool) -> Gauges:
    """Percentiles of the time runs took."""
    return quantiles_of(pool, RUN_SECONDS, RUN_WINDOW)


@summary(
    PUSH_FACT,
    gives=(
        DELIVERIES,
        PUSHES_PER_DELIVERY,
    ),
)
def delivery(pool: Pool) -> Gauges:
    """Pushes to the branches of changes for each green commit of the default branch; absent without one."""
    counts = {labels: len(values) for labels, values in pool.values(PUSH_FACT).items()}
    delivered = counts.get(("default",), 0)
    if delivered:
        yield DELIVERIES, (pool.window,), delivered
        yield PUSHES_PER_DELIVERY, (pool.window,), counts.get(("change",), 0) / delivered
