"""What test reports say: cases by result, tests that failed and passed on the same commit, and who sends reports."""

from collections.abc import Iterable, Iterator

from exporter.catalogue import Group, Kind, Observation, Pool, Twin, measure, metric, summary, twins
from exporter.line import whole
from exporter.measures.ci import branch_of, verdict
from exporter.measures.windows import COVERAGE, Gauges
from exporter.model import Ran, Result, Tested, Thing, begins
from exporter.policy import Policy
from exporter.story import Story
from exporter.testreports import turned_green

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
    "A run in which a test or a job both failed and passed on the same commit, at the first sight of it; level says "
    "whether tests are named, or the job alone is known.",
    labels=("repository", "level"),
)
FLAKY_TEST_FACT = metric(
    "flaky_test",
    Kind.FACT,
    Group.EVENTS,
    "A test that failed and passed on the same commit, kept with its id so that each counts once; never exported.",
    labels=("repository", "test"),
)
ACROSS_FACT = metric(
    "flaky_across",
    Kind.FACT,
    Group.EVENTS,
    "A test that failed in one report and passed in another of the same commit and place, whichever runs of a branch "
    "they are of; never exported.",
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


@measure(TESTED_RUN_FACT, FLAKY_RUN_FACT, FLAKY_TEST_FACT, version=2, of=Thing.RUN)
def flakes(run: Story, policy: Policy) -> Iterator[Observation]:
    """A run's first verdict, and the first time it was both red and green: in a report, or by a retry."""
    said = [each for each in run.own(Ran) if verdict(each, policy) is not None]
    if not said:
        return
    yield Observation(TESTED_RUN_FACT.name, said[0].id, "", said[0].at, (), 1)
    known: set[str] = set()
    flaky = False
    red: set[str] = set()
    earlier: list[Tested] = []
    failed = False
    for attempt in said:
        told = _reports_of(run, attempt)
        report = whole(told)
        green = attempt.result is Result.SUCCESS
        named = (set(report.flaky) if report else set()) | _turned(earlier, told)
        if green:
            named |= red - set(report.red if report else ())
        if (named or (green and failed)) and not flaky:
            flaky = True
            level = "test" if named else "job"
            yield Observation(FLAKY_RUN_FACT.name, attempt.id, "", attempt.at, (level,), 1)
        for test in sorted(named - known):
            yield Observation(FLAKY_TEST_FACT.name, attempt.id, test, attempt.at, (test,), 1)
        known |= named
        earlier += told
        failed |= not green
        red = (set() if green else red) | set(report.red if report else ())


def _turned(earlier: Iterable[Tested], now: Iterable[Tested]) -> set[str]:
    """The tests that passed in an earlier report and failed in one of these, of its place, or reversed; one commit."""
    found: set[str] = set()
    for new in now:
        for old in earlier:
            if new.place and new.place == old.place:
                found |= turned_green(old, new) | turned_green(new, old)
    return found


@measure(ACROSS_FACT, of=Thing.LINE)
def flakes_across(line: Story, policy: Policy) -> Iterator[Observation]:
    """Every test of a commit at the second report that contradicts the first, whichever runs the two are of."""
    since = begins(line.key)
    earlier: dict[tuple[str, int], list[Tested]] = {}
    known: set[tuple[str, int, str]] = set()
    for report in line.own(Tested):
        here = (report.sha, report.place)
        before = earlier.setdefault(here, [])
        for test in sorted(_turned(before[-LATEST:], [report])):
            if (*here, test) not in known and report.at >= since:
                yield Observation(ACROSS_FACT.name, report.id, test, report.at, (test,), 1)
            known.add((*here, test))
        before.append(report)


LATEST = 20
"""Reports of one commit and place that the next one is compared with: a commit that is run every night stays cheap."""


@summary(TESTED_RUN_FACT, FLAKY_RUN_FACT, FLAKY_TEST_FACT, ACROSS_FACT, gives=(FLAKY_RUNS, FLAKY_SAMPLES, FLAKY_TESTS))
def flaky(pool: Pool) -> Gauges:
    """The share of flaky runs, and how many tests are flaky; a test's id is its own repository's."""
    tested = sum(len(values) for values in pool.values(TESTED_RUN_FACT).values())
    runs = sum(len(values) for values in pool.values(FLAKY_RUN_FACT).values())
    if tested:
        yield FLAKY_SAMPLES, (pool.window,), tested
        yield FLAKY_RUNS, (pool.window,), min(1.0, runs / tested)
        facts = (*pool.of(FLAKY_TEST_FACT), *pool.of(ACROSS_FACT))
        named = {(each.repository, each.labels) for each in facts if each.values}
        yield FLAKY_TESTS, (pool.window,), len(named)


@summary(FLAKY_RUN_FACT, windows=("28d",), gives=(Twin(COVERAGE),))
def flaky_named(pool: Pool) -> Gauges:
    """The share of flaky runs of which the tests are named; the others are known by their jobs alone."""
    runs = {level: len(values) for (level,), values in pool.values(FLAKY_RUN_FACT).items()}
    if any(runs.values()):
        yield Twin(COVERAGE), ("flaky_tests",), runs.get("test", 0) / sum(runs.values())


@summary(REPORTED_FACT, windows=("28d",), gives=(Twin(COVERAGE),))
def reported(pool: Pool) -> Gauges:
    """The share of first attempts on changes' branches with a report that could be read; per repository only."""
    for labels, values in pool.values(REPORTED_FACT).items():
        if values:
            yield Twin(COVERAGE), (*labels, "tests"), sum(values) / len(values)
