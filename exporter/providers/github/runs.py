"""Workflow runs: which there are, how their attempts ended, and which of their jobs failed.

An attempt is stated once it is completed and its jobs are known: on its run, and on the lines it belongs to. Source:
https://docs.github.com/rest/actions/workflow-runs
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from exporter.errors import Garbled, NotFound, Partial, Shifted
from exporter.model import Ran, Result, Subject, Thing, Told, lines_of
from exporter.providers.answers import seconds, stamp
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.github import queries
from exporter.providers.github.answers import GraphqlError, decode, graphql, members
from exporter.providers.github.listing import FOLLOW_UPS, REREAD, SPLIT_TO, Window
from exporter.providers.github.nodes import PageInfo, following

NEEDS = "the credential needs read access to Actions"
PAGE = 100
NARROW = 86_400
"""Seconds of a window that is not cut because the server is slow."""
MOST_RED, LONGEST = 50, 100
"""Names of failed jobs that are kept of an attempt, in their order, and characters of one."""
ASKED_BY_CHANGE = frozenset(
    {
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
        "merge_group",
    }
)
"""Triggers that make a run one for a change, whatever its branch is called.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""
COMPLETED = "completed"
APPROVAL = "action_required"
"""Called completed, and waits for somebody to let it begin."""

# https://docs.github.com/rest/checks/runs gives a conclusion's meaning; stale: never ended in fourteen days.
RESULTS = {
    "success": Result.SUCCESS,
    "failure": Result.FAILURE,
    "timed_out": Result.TIMEOUT,
    "startup_failure": Result.ERROR,
    "cancelled": Result.CANCELLATION,
    "stale": Result.CANCELLATION,
    "skipped": Result.SKIP,
    "neutral": Result.SKIP,
}
FAILED = frozenset({"failure", "timed_out", "startup_failure"})
SKIPPED = "skipped"


class Attempt(NamedTuple):
    """An attempt of a run, as a listing tells it; times are Unix seconds.

    ``id`` is the run's, ``key`` its node id, ``suite`` that of its check suite. ``created``: the run, ``asked``: this
    attempt, ``updated``: its end, where its jobs do not tell one. ``result``: None until it is completed. ``approval``:
    it waits for somebody to let it begin, which may never be.
    """

    id: int
    key: str
    number: int
    suite: str
    workflow: str
    branch: str
    default: bool
    sha: str
    attempt: int
    created: int
    asked: int
    updated: int
    result: Result | None
    approval: bool = False

    @property
    def fact(self) -> str:
        """The id of the fact that states it."""
        return f"ran:{self.id}:{self.attempt}"


class Untold(NamedTuple):
    """Completed attempts of one run whose jobs are wanted; ``starts``: when each attempt known of it was asked for."""

    attempts: tuple[Attempt, ...]
    starts: Mapping[int, int]


class _Owner(Struct):
    login: str = ""


class _Head(Struct):
    full_name: str = ""
    owner: _Owner | None = None


class _Run(Struct):
    """https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run."""

    id: int
    node_id: str
    head_sha: str
    created_at: str
    updated_at: str
    status: str | None = None
    conclusion: str | None = None
    event: str = ""
    name: str | None = None
    path: str | None = None
    head_branch: str | None = None
    run_number: int = 0
    run_attempt: int = 1
    run_started_at: str | None = None
    check_suite_node_id: str | None = None
    head_repository: _Head | None = None


class _Runs(Struct):
    total_count: int
    workflow_runs: list[_Run]


class _Place(NamedTuple):
    """Where a listing goes on: the page, how many runs there are in all, and the ids of those that were seen."""

    page: int
    of: int
    seen: frozenset[int]


class Job(Struct, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#checkrun."""

    name: str = ""
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class _RestJob(Struct):
    """https://docs.github.com/rest/actions/workflow-jobs."""

    name: str = ""
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class _RestJobs(Struct):
    total_count: int
    jobs: list[_RestJob]


class _Jobs(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[Job | None] | None = None


class _Suite(Struct, rename="camel"):
    id: str = ""
    check_runs: _Jobs | None = None


class _Suites(Struct):
    nodes: list[_Suite | None]


class Runs:
    """Asks for the runs of repositories. ``rest``: the path of the REST API's root; ``graphql``: that of GraphQL."""

    def __init__(self, rest: str, graphql: str) -> None:
        self.rest = rest
        self.graphql = graphql

    # Runs

    def created(self, home: Home, lower: int, upper: int) -> Request:
        """The latest attempt of every run created in [lower, upper], as ``found``; cut when there are too many."""
        return self._listed(home, Window(home.name, lower, upper), REREAD)

    def _listed(self, home: Home, window: Window, rereads: int, place: _Place | None = None) -> Request:
        number = place.page if place else 1

        def read(response: Response) -> Page:
            data = decode(response, _Runs, NEEDS)
            count, ids = data.total_count, [each.id for each in data.workflow_runs]
            if place is None and count > queries.SEARCH_LIMIT and window.upper > window.lower:
                return Page(then=tuple(self.created(home, *part[1:3]) for part in window.split(ceil(count / SPLIT_TO))))
            if place is not None and count != place.of:
                return Page(then=self._again(home, window, rereads))
            before = place.seen if place else frozenset[int]()
            if ids and before.issuperset(ids):
                raise Garbled("a page of runs brings only those of the pages before it")
            seen = before | set(ids)
            told = [_attempt(home, each) for each in data.workflow_runs]
            then: tuple[Request, ...] = ()
            missing = 0
            if len(seen) < min(count, queries.SEARCH_LIMIT) and len(ids) == PAGE:
                then = (self._listed(home, window, rereads, _Place(number + 1, count, seen)),)
            elif len(seen) < count and rereads and window.upper > window.lower:
                then = self._again(home, window, rereads)
            else:
                missing = count - len(seen)
            return Page(
                found=tuple(attempt for attempt, _ in told),
                unknown=tuple(word for _, words in told for word in words),
                then=then,
                truncated=max(0, missing),
            )

        query = f"created={stamp(window.lower)}..{stamp(window.upper)}&per_page={PAGE}&page={number}"
        request = self._get("runs", f"/repos/{home.name}/actions/runs?{query}", read, home)
        wide = window.upper - window.lower > NARROW
        cut = (lambda: tuple(self._listed(home, part, rereads) for part in window.split(2))) if wide else None
        return msgspec.structs.replace(request, smaller=cut)

    def _again(self, home: Home, window: Window, rereads: int) -> tuple[Request, ...]:
        if rereads == 0:
            raise Shifted("the runs kept moving while they were listed")
        return tuple(self._listed(home, part, rereads - 1) for part in window.split(2))

    def attempt(self, home: Home, run: Attempt, number: int) -> Request:
        """An earlier attempt of a run that was repeated, as ``found``; nothing where the run is gone meanwhile."""

        def read(response: Response) -> Page:
            try:
                told, unknown = _attempt(home, decode(response, _Run, NEEDS))
            except NotFound:
                return Page()
            return Page(found=(told._replace(attempt=number, key=run.key),), unknown=unknown)

        return self._get("runs", f"/repos/{home.name}/actions/runs/{run.id}/attempts/{number}", read, home)

    # Jobs

    def jobs(self, home: Home, runs: Sequence[Untold]) -> list[Request]:
        """The facts of attempts, with what their jobs tell; a hundred runs a question."""
        known = [run for run in runs if run.attempts[0].suite]
        packs = (known[start : start + queries.PAGE] for start in range(0, len(known), queries.PAGE))
        alone = (self._jobs_of(home, run) for run in runs if not run.attempts[0].suite)
        return [*(self._suites(home, pack) for pack in packs), *alone]

    def _suites(self, home: Home, pack: Sequence[Untold]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, _Suites)
            spoilt = _spoilt(errors, 1)
            suites = enumerate(zip(pack, data.nodes, strict=True))
            return self._told(
                home, [(run, None if number in spoilt else suite, [], None) for number, (run, suite) in suites]
            )

        ids = [run.attempts[0].suite for run in pack]
        return self._ask(home, queries.SUITES, {"ids": ids}, read, pack, self._suites)

    def _told(self, home: Home, answers: Sequence[tuple[Untold, _Suite | None, list[Job], str | None]]) -> Page:
        """What some suites tell; a suite that may not be read, or is gone, is asked for its run by REST.

        Fine-grained tokens have no permission for checks, and need none for the jobs of Actions.
        """
        told: list[Told] = []
        further: list[tuple[Untold, list[Job], str]] = []
        then: list[Request] = []
        for run, suite, before, after in answers:
            if suite is None or suite.check_runs is None or suite.check_runs.nodes is None:
                then.append(self._jobs_of(home, run))
                continue
            jobs = [*before, *(job for job in suite.check_runs.nodes if job is not None)]
            cursor = following(suite.check_runs.page_info, after)
            if cursor:
                further.append((run, jobs, cursor))
            else:
                told += _stated(home, run, jobs)
        packs = (further[start : start + FOLLOW_UPS] for start in range(0, len(further), FOLLOW_UPS))
        return Page(told=tuple(told), then=(*then, *(self._more(home, pack) for pack in packs)))

    def _more(self, home: Home, pack: Sequence[tuple[Untold, list[Job], str]]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            spoilt = _spoilt(errors, 0)
            answers = [
                (
                    pack[number][0],
                    None if f"n{number}" in spoilt else msgspec.json.decode(raw, type=_Suite | None),
                    *pack[number][1:],
                )
                for number, raw in members(data, "n", len(pack))
            ]
            return self._told(home, answers)

        variables = {
            name: value
            for number, (run, _, cursor) in enumerate(pack)
            for name, value in ((f"id{number}", run.attempts[0].suite), (f"after{number}", cursor))
        }
        return self._ask(home, queries.more_jobs(len(pack)), variables, read, pack, self._more)

    def _jobs_of(self, home: Home, run: Untold, before: Sequence[Job] = (), number: int = 1) -> Request:
        """The jobs of all attempts of one run, by REST; nothing where the run is gone."""

        def read(response: Response) -> Page:
            try:
                data = decode(response, _RestJobs, NEEDS)
            except NotFound:
                return Page()
            here = [Job(job.name, job.conclusion, job.started_at, job.completed_at) for job in data.jobs]
            if here and here == list(before[-len(here) :]):
                raise Garbled("a page of jobs brings those of the page before it")
            jobs = [*before, *here]
            if len(jobs) < data.total_count and len(here) == PAGE:
                return Page(then=(self._jobs_of(home, run, jobs, number + 1),))
            return Page(told=tuple(_stated(home, run, jobs)))

        of = f"/repos/{home.name}/actions/runs/{run.attempts[0].id}/jobs"
        return self._get("jobs", f"{of}?filter=all&per_page={PAGE}&page={number}", read, home)

    # Asking

    def _get(self, kind: str, path: str, read: Any, home: Home) -> Request:
        return Request(
            kind=kind, method="GET", path=self.rest + path, read=read, repositories=(home.key,), passing=True
        )

    def _ask(
        self, home: Home, document: str, variables: Mapping[str, Any], read: Any, pack: Sequence[Any], again: Any
    ) -> Request:
        middle = len(pack) // 2
        return Request(
            kind="jobs",
            path=self.graphql,
            body={"query": document, "variables": variables},
            read=read,
            smaller=(lambda: (again(home, pack[:middle]), again(home, pack[middle:]))) if middle else None,
            repositories=(home.key,),
        )


def _spoilt(errors: Sequence[GraphqlError], place: int) -> set[str | int]:
    """The members of an answer that are incomplete, by what their path has at a place.

    Raises:
        Partial: an error that points to none spoils the whole answer.
    """
    if any(len(error.path) <= place for error in errors):
        raise Partial("; ".join(error.message for error in errors))
    return {error.path[place] for error in errors}


def _attempt(home: Home, run: _Run) -> tuple[Attempt, tuple[str, ...]]:
    """A run as it stands, and the fields in which it has a word nobody knows."""
    branch, head = run.head_branch or "", run.head_repository
    if head is not None and head.full_name and head.full_name.lower() != home.name.lower():
        branch = f"{head.full_name.partition('/')[0]}:{branch}"  # no branch's name may hold a colon
    result: Result | None = None
    unknown: tuple[str, ...] = ()
    if run.status == COMPLETED and run.conclusion != APPROVAL:
        result = RESULTS.get(run.conclusion or "")
        if result is None:
            result, unknown = Result.SKIP, ("run_conclusion",)
    created = seconds(run.created_at)
    told = Attempt(
        id=run.id,
        key=run.node_id,
        number=run.run_number,
        suite=run.check_suite_node_id or "",
        workflow=(run.path or run.name or "").partition("@")[0],
        branch=branch,
        default=branch != "" and branch == home.default_branch and run.event not in ASKED_BY_CHANGE,
        sha=run.head_sha,
        attempt=run.run_attempt,
        created=created,
        asked=seconds(run.run_started_at) if run.run_started_at else created,
        updated=seconds(run.updated_at),
        result=result,
        approval=run.conclusion == APPROVAL,
    )
    return told, unknown


def _stated(home: Home, run: Untold, jobs: Sequence[Job]) -> list[Told]:
    """The facts of a run's attempts, each on the run and on its lines.

    A repeated job stands beside the earlier one, with nothing that says so. But an attempt can only be asked for once
    the one before it has ended, so a job belongs to the last attempt that was asked for before it began.
    """
    facts = [_ran(attempt, _jobs_in(run.starts, attempt.attempt, jobs)) for attempt in run.attempts]
    about = run.attempts[0]
    told = [Told(Subject(home.key, about.key, about.number, Thing.RUN), tuple(facts))]
    told += [Told(Subject(home.key, line, 0, Thing.LINE), (fact,)) for fact in facts for line in lines_of(fact)]
    return told


def _jobs_in(starts: Mapping[int, int], number: int, jobs: Sequence[Job]) -> list[Job]:
    first = starts[number] if number > 1 else 0
    after = min((at for other, at in starts.items() if other > number), default=None)
    dated = [(seconds(job.started_at), job) for job in jobs if job.started_at]
    return [job for at, job in dated if at >= first and (after is None or at < after)]


def _ran(attempt: Attempt, jobs: Sequence[Job]) -> Ran:
    result = attempt.result or Result.SKIP
    ends = [seconds(job.completed_at) for job in jobs if job.completed_at]
    begun = [seconds(job.started_at) for job in jobs if job.started_at and (job.conclusion or "").lower() != SKIPPED]
    failed = {job.name[:LONGEST] for job in jobs if (job.conclusion or "").lower() in FAILED}
    return Ran(
        id=attempt.fact,
        at=max(attempt.asked, max(ends, default=attempt.updated)),
        workflow=attempt.workflow,
        branch=attempt.branch,
        default=attempt.default,
        sha=attempt.sha,
        attempt=attempt.attempt,
        result=result,
        asked=attempt.asked,
        started=min(begun, default=0),
        red=() if result is Result.SUCCESS else tuple(sorted(failed)[:MOST_RED]),
    )
