"""A build as Jenkins tells it, read into the attempt of a run that it is.

Source: the ``api`` page of every build, https://www.jenkins.io/doc/book/using/remote-access-api/
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from exporter.model import Ran, Result, Tested
from exporter.providers import report_facts
from exporter.providers.base import Home, Page, Response
from exporter.testreports import Result as Ended
from exporter.testreports.junit import lasting
from exporter.testreports.reports import Case, Tally

RESULTS = {
    "SUCCESS": Result.SUCCESS,
    "UNSTABLE": Result.FAILURE,
    "FAILURE": Result.FAILURE,
    "ABORTED": Result.CANCELLATION,
    "NOT_BUILT": Result.SKIP,
}
"""https://javadoc.jenkins.io/hudson/model/Result.html; unstable: it was built, and tests failed."""
MULTIBRANCH = "MultiBranch"
MOST_RED, LONGEST = 50, 100
"""Names of failed stages that are kept of a build, in their order, and characters of one."""
RED_STAGES = ("FAILED", "UNSTABLE")
STATUSES = {
    "PASSED": Ended.PASSED,
    "FIXED": Ended.PASSED,
    "FAILED": Ended.FAILED,
    "REGRESSION": Ended.FAILED,
    "SKIPPED": Ended.SKIPPED,
}
"""https://javadoc.jenkins.io/plugin/junit/hudson/tasks/junit/CaseResult.Status.html."""

_CHANGE = re.compile(r"(?:PR|MR|CHANGE)-(?P<number>\d+)(?:-(?:head|merge))?", re.IGNORECASE)
"""What branch sources call the job of a change."""
_AGAIN = re.compile(r"(?:Replayed|Restarted from build) #(?P<number>\d+)")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ADDRESS = re.compile(r"(?:[a-z+]+://)?(?:[^@/\s]+@)?(?P<host>[^/:\s]+)(?::\d+(?=/))?[/:](?P<path>\S+)")


Read = Callable[[Response], Page]


class _Cause(Struct, rename="camel"):
    short_description: str = ""
    upstream_build: int | None = None
    upstream_project: str | None = None


class _Branch(Struct):
    name: str = ""


class _Revision(Struct):
    sha: str = field(name="SHA1", default="")
    branch: list[_Branch] = field(default_factory=list)


class _Action(Struct, rename="camel"):
    causes: list[_Cause] = field(default_factory=list)
    last_built_revision: _Revision | None = None
    remote_urls: list[str] = field(default_factory=list)
    total_count: int | None = None
    queuing_duration_millis: int | None = None


class Build(Struct, rename="camel"):
    """One build; times in milliseconds. A build that goes on has no result."""

    number: int
    timestamp: int
    duration: int = 0
    building: bool = False
    result: str | None = None
    actions: list[_Action | None] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.building or self.result is None

    @property
    def ended(self) -> int:
        """When it ended, in Unix seconds; 0 while it goes on."""
        return 0 if self.goes_on else (self.timestamp + self.duration) // 1000


class Job(NamedTuple):
    """A job: its full name, its name, and the class of what it is in."""

    full: str
    name: str
    within: str


class Told(NamedTuple):
    """What a build is: of which repository, under which key, and the fact; ``tests``: it has a report of tests."""

    home: Home
    key: str
    number: int
    fact: Ran
    tests: bool


TREE = (
    "number,timestamp,duration,building,result,actions[causes[shortDescription,upstreamBuild,upstreamProject],"
    "lastBuiltRevision[SHA1,branch[name]],remoteUrls,totalCount,queuingDurationMillis]"
)
"""What is asked of a build."""


def told(job: Job, build: Build, homes: Sequence[Home], by_name: Home | None) -> Told | None:
    """What a build that has ended is; None where it is of no repository that is known."""
    actions = [each for each in build.actions if each is not None]
    checkouts = [each for each in actions if each.last_built_revision and each.last_built_revision.sha]
    found = next(((each, home) for each in checkouts if (home := _home(each, homes))), None)
    checkout, home = found if found is not None else (checkouts[0] if checkouts else None, by_name)
    revision = checkout.last_built_revision if checkout is not None else None
    if home is None or revision is None:
        return None
    of_change = _CHANGE.fullmatch(job.name) is not None and MULTIBRANCH in job.within
    branch = _branch(job, revision)
    first = _first(job, actions) or build.number
    result = RESULTS.get(build.result or "", Result.FAILURE)
    queued = next((each.queuing_duration_millis for each in actions if each.queuing_duration_millis), 0) or 0
    fact = Ran(
        id=f"ran:{job.full}:{build.number}",
        at=build.ended,
        workflow=job.full.rpartition("/")[0] if MULTIBRANCH in job.within else job.full,
        branch=branch,
        default=branch == home.default_branch and not of_change,
        sha=revision.sha,
        attempt=max(1, build.number - first + 1),
        result=result,
        asked=min(build.timestamp, build.timestamp - queued) // 1000,
        started=build.timestamp // 1000,
    )
    tests = any(each.total_count for each in actions)
    return Told(home, f"{job.full}#{first}", first, fact, tests)


def _home(checkout: _Action, homes: Sequence[Home]) -> Home | None:
    """The repository that was checked out: the path of its address is the name of one."""
    paths = {path.lower() for each in checkout.remote_urls if (path := path_of(each))}
    return next((home for home in homes if home.name.lower() in paths), None)


def path_of(address: str) -> str:
    """The owner/name in an address of git, whatever its form; empty where there is none."""
    found = _ADDRESS.fullmatch(address.strip())
    return found["path"].strip("/").removesuffix(".git") if found else ""


def _branch(job: Job, revision: _Revision) -> str:
    """A job of a multibranch project is called as its branch, escaped; any other says what it checked out."""
    if MULTIBRANCH in job.within:
        return unescaped(job.name)
    name = revision.branch[0].name if revision.branch else ""
    return name.removeprefix("refs/remotes/").removeprefix("refs/heads/").removeprefix("origin/")


def unescaped(name: str) -> str:
    """The name that was escaped for an address."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"), name)


def _first(job: Job, actions: Sequence[_Action]) -> int:
    """The build of this job that this one repeats; 0 for none.

    Nobody can count the repetitions, since old builds are thrown away: an attempt's number is how much later it is.
    """
    for cause in (cause for each in actions for cause in each.causes):
        if cause.upstream_build and cause.upstream_project == job.full:
            return cause.upstream_build
        if again := _AGAIN.match(cause.short_description):
            return int(again["number"])
    return 0


class _Stage(Struct):
    name: str = ""
    status: str = ""


class Stages(Struct):
    """https://plugins.jenkins.io/pipeline-rest-api/: what ``wfapi/describe`` tells of a pipeline."""

    stages: list[_Stage] = field(default_factory=list)

    @property
    def red(self) -> tuple[str, ...]:
        """The stages that failed."""
        names = (each.name[:LONGEST] for each in self.stages if each.status in RED_STAGES)
        return tuple(dict.fromkeys(names))[:MOST_RED]


class _Case(Struct, rename="camel"):
    name: str = ""
    class_name: str | None = None
    status: str = ""
    duration: float | None = None


class _Suite(Struct):
    name: str | None = None
    cases: list[_Case] = field(default_factory=list)


class Report(Struct):
    """https://plugins.jenkins.io/junit/: the test report of a build."""

    suites: list[_Suite] = field(default_factory=list)


REPORT = "suites[name,cases[className,name,status,duration]]"
"""What is asked of a test report."""


def tested(ran: Ran, report: Report) -> Tested:
    """What is kept of a test report, dated at the build's end."""
    tally = Tally()
    for case in _cases(report):
        tally.add(case)
    return report_facts.reported(f"tested:{ran.id.removeprefix('ran:')}", ran, tally.reports(1, ()))


def _cases(report: Report) -> Iterator[Case]:
    for suite in report.suites:
        where = lasting(suite.name or "")
        for each in suite.cases:
            result = STATUSES.get(each.status, Ended.SKIPPED)
            yield report_facts.case(where, each.class_name or "", each.name, result, each.duration)
