"""Pipelines: which there are, how their attempts ended, and which of their jobs failed.

A pipeline that is retried keeps its id; the jobs that are repeated are new ones of the same name. So an attempt begins
with a job that is created anew while nothing goes on, and has every job that began before the next attempt did. That
does not depend on when it is read: by then the one before has ended. Jobs that wait for a person are of none.
Sources: https://docs.gitlab.com/api/graphql/reference/#pipeline, https://docs.gitlab.com/ci/pipelines/
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec import field as member

from exporter.errors import NotFound
from exporter.model import Ran, Result, Stream, Subject, Thing, Told, lines_of
from exporter.providers.answers import seconds, stamp
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.gitlab import queries
from exporter.providers.gitlab.answers import (
    Lacking,
    PageInfo,
    again,
    check_project,
    decode,
    following,
    graphql,
    number,
    there,
)
from exporter.providers.gitlab.reports import Report, tested
from exporter.providers.service import EVER

DAY = 86_400
FIRST = 20
LOOK_BACK = 3 * DAY
"""A server that cannot tell what was updated is asked for what was created since then."""
MOST_RED, LONGEST = 50, 100
"""Names of failed jobs that are kept of an attempt, in their order, and characters of one."""
WORKFLOW = ".gitlab-ci"
"""A project has one pipeline definition; what GitLab calls a pipeline differs from one to the next."""
OF_CHANGE = ("merge_request_event", "external_pull_request_event")
"""Sources of pipelines that a change asked for: https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source"""
CHANGE_REF = "refs/merge-requests/"
ENDED = {
    "SUCCESS": Result.SUCCESS,
    "FAILED": Result.FAILURE,
    "CANCELED": Result.CANCELLATION,
    "SKIPPED": Result.SKIP,
}
"""States in which nothing goes on by itself; a pipeline that waits for a person has not ended."""
RESULTS = {"FAILED": Result.FAILURE, "CANCELED": Result.CANCELLATION}
"""What a job comes to that did not succeed."""
GOES_ON = frozenset(
    {"CREATED", "WAITING_FOR_RESOURCE", "WAITING_FOR_CALLBACK", "PREPARING", "PENDING", "RUNNING", "MANUAL",
     "SCHEDULED", "CANCELING"}
)  # fmt: skip
LARGEST = 64 << 20


class Job(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#cijob."""

    id: str | None = None
    name: str | None = ""
    status: str | None = None
    allow_failure: bool = False
    manual_job: bool | None = None
    created_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None


class _Jobs(Struct, rename="camel"):
    page_info: PageInfo = member(default_factory=PageInfo)
    nodes: list[Job | None] = member(default_factory=list)


class _Total(Struct):
    count: int | None = None


class _Summary(Struct):
    total: _Total = member(default_factory=_Total)


class Pipeline(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#pipeline."""

    id: str
    created_at: str
    status: str = ""
    sha: str | None = None
    ref: str | None = None
    source: str | None = None
    updated_at: str | None = None
    finished_at: str | None = None
    jobs: _Jobs | None = None
    test_report_summary: _Summary | None = None

    @property
    def key(self) -> str:
        """Its lasting id."""
        return number(self.id)


class _List(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[Pipeline | None]


class _Place(Struct):
    pipelines: _List


class _Answer(Struct):
    place: _Place | None = None


class _OfOne(Struct):
    jobs: _Jobs | None = None


class _One(Struct):
    pipeline: _OfOne | None = None


class _More(Struct):
    place: _One | None = None


class Part(NamedTuple):
    """A job that has a say in how a pipeline ends; times are Unix seconds, 0 where there is none yet."""

    number: int
    name: str
    result: Result | None
    created: int
    started: int
    ended: int

    def goes_on(self, at: int) -> bool:
        """Whether it had begun then and not ended."""
        return 0 < self.started < at and not 0 < self.ended <= at


def ran(pipeline: Pipeline, jobs: Sequence[Job], home: Home) -> Iterator[Ran]:
    """The attempts of a pipeline that have ended; the last one only once nothing goes on.

    Raises:
        Garbled: a time is not a time.
    """
    parts = sorted(_parts(jobs), key=lambda part: part.number)
    of_change = (pipeline.source or "").lower() in OF_CHANGE or (pipeline.ref or "").startswith(CHANGE_REF)
    begins, over = _begins(parts), ENDED.get(pipeline.status)
    for attempt, (begin, until) in enumerate(zip(begins, [*begins[1:], EVER], strict=True), start=1):
        if until == EVER and over is None:
            return
        before = [part for part in parts if part.result is not None and part.started < until]
        here = [part for part in before if part.started >= begin]
        stand = {part.name: part for part in before}
        result, red = _outcome(stand.values())
        if over is not None and (not stand or (until == EVER and over is Result.FAILURE and not _by_hand(jobs))):
            result = over
        asked = seconds(pipeline.created_at) if attempt == 1 else begin
        yield Ran(
            id=f"ran:{pipeline.key}:{attempt}",
            at=max((part.ended for part in here), default=max(asked, _left(pipeline))),
            workflow=WORKFLOW,
            branch=pipeline.ref or "",
            default=pipeline.ref == home.default_branch and not of_change,
            sha=pipeline.sha or "",
            attempt=attempt,
            result=result,
            asked=asked,
            started=min((part.started for part in here), default=0),
            red=red,
        )


def _outcome(stand: Iterable[Part]) -> tuple[Result, tuple[str, ...]]:
    """What the latest of each job come to together, and the names of those that failed."""
    results = {part.name[:LONGEST]: part.result for part in stand}
    red = tuple(name for name, result in results.items() if result is Result.FAILURE)[:MOST_RED]
    if red:
        return Result.FAILURE, red
    return (Result.CANCELLATION if Result.CANCELLATION in results.values() else Result.SUCCESS), ()


def _left(pipeline: Pipeline) -> int:
    """When a pipeline of which no job ran came to its end."""
    return seconds(pipeline.finished_at or pipeline.updated_at or pipeline.created_at)


def _parts(jobs: Sequence[Job]) -> Iterator[Part]:
    """The jobs that began by themselves, or failed before they could. What may fail succeeds, however it ends."""
    for job in jobs:
        failed = job.status == "FAILED"
        if not job.id or job.manual_job or not (job.started_at or failed):
            continue
        created = seconds(job.created_at or job.started_at or "")
        started = seconds(job.started_at or job.finished_at or job.created_at or "")
        ended = seconds(job.finished_at) if job.finished_at else started if failed else 0
        result = Result.SUCCESS if job.allow_failure else RESULTS.get(job.status or "", Result.SUCCESS)
        yield Part(int(number(job.id)), job.name or "", result if ended else None, created, started, ended)


def _begins(parts: Sequence[Part]) -> list[int]:
    """When each attempt was asked for: the first with the pipeline, the others with the first job that is repeated.

    One that is repeated while others go on, or while those that were repeated with it wait, is of the same attempt.
    """
    begins, seen, anew = [0], set[str](), list[Part]()
    for at, part in enumerate(parts):
        if part.name in seen:
            waits = any(not 0 < each.ended <= part.created for each in anew)
            if not waits and not any(each.goes_on(part.created) for each in parts[:at]):
                begins.append(part.created)
                anew = []
            if len(begins) > 1:
                anew.append(part)
        seen.add(part.name)
    return begins


def _by_hand(jobs: Sequence[Job]) -> bool:
    """Whether a job failed that a person had started."""
    return any(job.manual_job and job.status == "FAILED" for job in jobs)


class Runs:
    """Asks for the pipelines of projects (``Questions``). ``lacks``: what the server was found not to have."""

    earlier = 0
    width = EVER

    def __init__(self, root: str, lacks: set[str], page: int = FIRST) -> None:
        self.root = root
        self.page = page
        self.lacks = lacks

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """What was updated since then, project by project."""
        return [self._list(home, since, None, self.page) for home in homes]

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """The same; what was updated later comes first."""
        return self.since(homes, lower)

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """Nothing: a pipeline that has not ended is told of when it has."""
        return ()

    def _list(self, home: Home, since: int, after: str | None, first: int) -> Request:
        filtered = "pipelines.updatedAfter" not in self.lacks

        def read(response: Response) -> Page:
            try:
                data = graphql(response, _Answer, Stream.RUNS)
            except Lacking as error:
                return again(error, self.lacks, lambda: self._list(home, since, after, first))
            found = there(data.place, home.name).pipelines
            nodes = [each for each in found.nodes if each is not None]
            pages = [self._page(home, each, _jobs(each.jobs), each.jobs) for each in nodes]
            cursor = following(found.page_info, after)
            oldest = min((seconds(each.created_at) for each in nodes), default=0)
            onward = cursor and (filtered or oldest >= since - LOOK_BACK)
            then = (self._list(home, since, cursor, first),) if onward else ()
            return _together(pages, then)

        variables = {"path": home.name, "first": first, "after": after} | ({"since": stamp(since)} if filtered else {})
        half = first // 2
        return Request(
            kind="runs",
            path=f"{self.root}/api/graphql",
            body={"query": queries.runs(self.lacks, since=filtered), "variables": variables},
            read=read,
            repositories=(home.key,),
            smaller=(lambda: (self._list(home, since, after, half),)) if half else None,
        )

    def _page(self, home: Home, pipeline: Pipeline, jobs: list[Job], page: _Jobs | None) -> Page:
        """What is known of a pipeline, and what is asked further: more of its jobs, or its test report."""
        cursor = following(page.page_info, None) if page is not None else None
        if cursor:
            return Page(then=(self._more(home, pipeline, jobs, cursor),))
        attempts = list(ran(pipeline, jobs, home))
        told = [Told(about, (each,)) for each in attempts for about in _subjects(home, pipeline, each)]
        strange = pipeline.status not in ENDED and pipeline.status not in GOES_ON
        summary = pipeline.test_report_summary
        reported = attempts and pipeline.status in ENDED and summary is not None and summary.total.count
        then = (self._report(home, pipeline, attempts[-1]),) if reported else ()
        return Page(told=tuple(told), then=then, unknown=("pipeline_status",) if strange else ())

    def _more(self, home: Home, pipeline: Pipeline, before: list[Job], after: str) -> Request:
        """Further jobs of a pipeline that has more than a hundred."""

        def read(response: Response) -> Page:
            try:
                data = graphql(response, _More, Stream.RUNS)
            except Lacking as error:
                return again(error, self.lacks, lambda: self._more(home, pipeline, before, after))
            found = there(there(data.place, home.name).pipeline, f"pipeline {pipeline.key}").jobs
            jobs = [*before, *_jobs(found)]
            cursor = following(found.page_info, after) if found is not None else None
            if cursor:
                return Page(then=(self._more(home, pipeline, jobs, cursor),))
            return self._page(home, pipeline, jobs, None)

        variables = {"path": home.name, "id": pipeline.id, "after": after}
        return Request(
            kind="runs",
            path=f"{self.root}/api/graphql",
            body={"query": queries.jobs(self.lacks), "variables": variables},
            read=read,
            repositories=(home.key,),
        )

    def _report(self, home: Home, pipeline: Pipeline, attempt: Ran) -> Request:
        """The test report of a pipeline as it stands after its last attempt.

        Source: https://docs.gitlab.com/api/pipelines/#get-a-test-report-for-a-pipeline
        """

        def read(response: Response) -> Page:
            try:
                fact = tested(pipeline.key, attempt, decode(response, Report, Stream.RUNS))
            except NotFound:
                check_project(response)
                return Page(truncated=1)
            return Page(told=tuple(Told(about, (fact,)) for about in _subjects(home, pipeline, attempt)))

        return Request(
            kind="test_report",
            method="GET",
            path=f"{self.root}/api/v4/projects/{home.key}/pipelines/{pipeline.key}/test_report",
            read=read,
            repositories=(home.key,),
            passing=True,
            slow=True,
            largest=LARGEST,
        )


def _jobs(page: _Jobs | None) -> list[Job]:
    return [each for each in (page.nodes if page is not None else ()) if each is not None]


def _subjects(home: Home, pipeline: Pipeline, attempt: Ran) -> tuple[Subject, ...]:
    """The run and its lines."""
    lines = (Subject(home.key, line, 0, Thing.LINE) for line in lines_of(attempt))
    return (Subject(home.key, pipeline.key, int(pipeline.key), Thing.RUN), *lines)


def _together(pages: Sequence[Page], then: tuple[Request, ...]) -> Page:
    return Page(
        told=tuple(told for page in pages for told in page.told),
        then=(*(request for page in pages for request in page.then), *then),
        unknown=tuple(word for page in pages for word in page.unknown),
    )
