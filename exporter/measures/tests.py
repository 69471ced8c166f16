"""What test reports say: cases by result, tests that failed and passed on the same commit, and who sends reports."""

from collections.abc import Iterator

from exporter.catalogue import Group, Kind, Observation, Pool, Twin, measure, metric, summary, twins
from exporter.line import whole
from exporter.measures.ci import branch_of, verdict
from exporter.measures.windows import COVERAGE, Gauges
from exporter.model import Ran, Result, Tested, Thing
from exporter.policy import Policy
from exporter.story import Story

CASES = metric(
    "sdlc_test_cases_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Test cases that reports of CI attempts tell of, by result; each attempt counts its own.",
    why="A run is red at one failed case of ten thousand; this says which of the two it is.",
    labels=("repository", "branch", "result"),
)
REPORTED_FACT = metric(
    "reported",
    Kind.FACT,
    Group.EVENTS,
    "A first attempt of a test run on a change's branch: 1 when it had a report that could be read, else 0.",
    labels=("repository",),
)
TESTED_RUN_FACT = metric(
    "tested_run",
    Kind.FACT,
    Group.EVENTS,
    "A run whose tests succeeded or failed, at the first such attempt.",
    labels=("repository",),
)
FLAKY_RUN_FACT = metric(
    "flaky_run",
    Kind.FACT,
    Group.EVENTS,
    "A run in which a test or a job both failed and passed on the same commit, at the first sight of it.",
    labels=("repository",),
)
FLAKY_TEST_FACT = metric(
    "flaky_test",
    Kind.FACT,
    Group.EVENTS,
    "A test that failed and passed on the same commit, kept with its id so that each counts once; never exported.",
    labels=("repository", "test"),
)

FLAKY_RUNS = twins(
    "flaky_run_ratio",
    "Test runs in which a test or job both failed and passed on the same commit, over all test runs, within the window",
    "Who learns that red may mean nothing stops reading red. Google saw 1.5 % of its runs (Micco, 2016).",
)
FLAKY_SAMPLES = twins(
    "flaky_run_samples",
    "Test runs that succeeded or failed within the window",
    "How many runs the share of flaky ones rests on.",
)
FLAKY_TESTS = twins(
    "flaky_tests",
    "Tests that failed and passed on the same commit within the window, each counted once, as far as reports name them",
    "Few tests cause most of it: this is how many to mend.",
)


@measure(CASES, REPORTED_FACT, of=Thing.RUN)
def reports(run: Story, policy: Policy) -> Iterator[Observation]:
    """The cases of every attempt's report, and whether a first attempt on a change's branch had one."""
    for attempt in run.own(Ran):
        told = _reports_of(run, attempt)
        for report in told:
            for result, count in _counts(report).items():
                if count:
                    yield Observation(CASES.name, report.id, result, attempt.at, (branch_of(attempt), result), count)
        if attempt.attempt == 1 and not attempt.default and verdict(attempt, policy) is not None:
            yield Observation(REPORTED_FACT.name, attempt.id, "", attempt.at, (), int(whole(told) is not None))


def _reports_of(run: Story, attempt: Ran) -> list[Tested]:
    """An attempt may upload several."""
    return [each for each in run.own(Tested) if (each.attempt, each.at) == (attempt.attempt, attempt.at)]


def _counts(report: Tested) -> dict[str, int]:
    return {
        "passed": report.passed,
        "failed": report.failed,
        "error": report.errors,
        "skipped": report.skipped,
    }


@measure(TESTED_RUN_FACT, FLAKY_RUN_FACT, FLAKY_TEST_FACT, of=Thing.RUN)
def flakes(run: Story, policy: Policy) -> Iterator[Observation]:
    """A run's first verdict, and the first time it was both red and green: in a report, or by a retry."""
    said = [each for each in run.own(Ran) if verdict(each, policy) is not None]
    if not said:
        return
    yield Observation(TESTED_RUN_FACT.name, said[0].id, "", said[0].at, (), 1)
    known: set[str] = set()
    flaky = False
    red: set[str] = set()
    failed = False
    for attempt in said:
        report = whole(_reports_of(run, attempt))
        green = attempt.result is Result.SUCCESS
        named = set(report.flaky) if report else set()
        if green:
            named |= red - set(report.red if report else ())
        if (named or (green and failed)) and not flaky:
            flaky = True
            yield Observation(FLAKY_RUN_FACT.name, attempt.id, "", attempt.at, (), 1)
        for test in sorted(named - known):
            yield Observation(FLAKY_TEST_FACT.name, attempt.id, test, attempt.at, (test,), 1)
        known |= named
        failed |= not green
        red = (set() if green else red) | set(report.red if report else ())


@summary(
    TESTED_RUN_FACT,
    FLAKY_RUN_FACT,
    FLAKY_TEST_FACT,
    gives=(
        FLAKY_RUNS,
        FLAKY_SAMPLES,
        FLAKY_TESTS,
    ),
)
def flaky(pool: Pool) -> Gauges:
    """The share of flaky runs, and how many tests are flaky; a test's id is its own repository's."""
    tested = sum(len(values) for values in pool.values(TESTED_RUN_FACT).values())
    runs = sum(len(values) for values in pool.values(FLAKY_RUN_FACT).values())
    if tested:
        yield FLAKY_SAMPLES, (pool.window,), tested
        yield FLAKY_RUNS, (pool.window,), min(1.0, runs / tested)
        yield FLAKY_TESTS, (pool.window,), sum(bool(each.values) for each in pool.of(FLAKY_TEST_FACT))


@summary(REPORTED_FACT, windows=("28d",), gives=(Twin(COVERAGE),))
def reported(pool: Pool) -> Gauges:
    """The share of first attempts on changes' branches with a report that could be read; per repository only."""
    for labels, values in pool.values(REPORTED_FACT).items():
        if values:
            yield Twin(COVERAGE), (*labels, "tests"), sum(values) / len(values)
