"""A branch's attempts put in order and folded: what was red at which commit, and at which it was green again.

A line is one branch with all its workflows; its facts are ``Ran``, ``Tested`` and ``Worked``. A test is followed by its
id where reports name it, and a job by its name where they do not. Everything here looks back only: attempts are taken
in the order in which they ended, so that an episode once found stays found when more facts arrive.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from exporter.model import Event, Ran, Result, Tested, Worked

MONTH = "#"
"""What stands before the month, YYYY-MM, in the key of a line that is cut into months."""
ENOUGH = 0.9
"""The part of the cases of a red report that a later red report must have run, to say that what it does not name is
green: with fewer, a job that reports nothing may hide it."""

IsTest = Callable[[str, str], bool]
"""Whether a job, by its workflow's and its own name, runs tests."""


class Episode(NamedTuple):
    """What was red at commit ``base`` until an attempt for ``head`` ended green at ``at``; ``cause`` is that attempt.

    ``since``: when the first attempt known for ``base`` was asked for, which nothing written before can have answered.
    ``base`` equals ``head`` where the same commit was red and green. ``red`` are ids of tests and names of jobs.
    ``again``: another attempt has ended the same episode before, another workflow's mostly.
    """

    base: str
    head: str
    since: int
    at: int
    cause: str
    red: tuple[str, ...]
    again: bool = False

    @property
    def same(self) -> bool:
        """Nothing was changed in between."""
        return self.base == self.head


class _Unit(NamedTuple):
    """A test or a job; ``job``: it is one."""

    name: str
    job: bool


class _Red(NamedTuple):
    """Where a test or job was last red; ``ran``: how many cases the report told of, 0 without one."""

    sha: str
    since: int
    ran: int


@dataclass(slots=True)
class _Workflow:
    """One workflow's state: what is red, and when the newest commit that has been heard of was asked for."""

    red: dict[_Unit, _Red] = field(default_factory=dict)
    newest: int = -1


def episodes(events: Iterable[Event], is_test: IsTest = lambda workflow, job: True) -> list[Episode]:
    """Every red that became green, in the order of the greens (definitions 76); facts may come in any order.

    Attempts that were cancelled, skipped, timed out or ended in an error say nothing, nor does an attempt for a commit
    asked for before one that has already been heard of. A red that is never green makes no episode. All tests and jobs
    that were last red at one commit and are green at one other make one episode.
    """
    known = {event.id: event for event in events}.values()
    reports: dict[tuple[str, int, int], list[Tested]] = {}
    for event in sorted((each for each in known if isinstance(each, Tested)), key=lambda each: each.id):
        reports.setdefault((event.sha, event.attempt, event.at), []).append(event)
    attempts = sorted(
        (event for event in known if isinstance(event, Ran)),
        key=lambda event: (event.at, _asked(event), event.attempt, event.id),
    )
    asked: dict[str, int] = {}
    workflows: dict[str, _Workflow] = {}
    seen: set[tuple[str, str]] = set()
    found: list[Episode] = []
    for attempt in attempts:
        asked[attempt.sha] = min(_asked(attempt), asked.get(attempt.sha, _asked(attempt)))
        told = reports.get((attempt.sha, attempt.attempt, attempt.at), [])
        report = _report_of(attempt, told)
        if attempt.result not in (Result.SUCCESS, Result.FAILURE):
            continue
        workflow = workflows.setdefault(attempt.workflow, _Workflow())
        if asked[attempt.sha] < workflow.newest:
            continue
        workflow.newest = asked[attempt.sha]
        for episode in _turned(workflow, attempt, report, is_test):
            pair = (episode.base, episode.head)
            found.append(episode._replace(again=not episode.same and pair in seen))
            seen.add(pair)
    return found


def gaps(events: Iterable[Event], month: str = "") -> list[tuple[str, str, int]]:
    """What ``Worked`` is still to be read: (base, head, at) of episodes between two commits that have none.

    ``at`` is the end of the green attempt, the date the ``Worked`` must carry. ``month``, as ``month_of`` a line's key:
    only episodes of that month are asked for.
    """
    told = list(events)
    known = {(event.base, event.head, event.at) for event in told if isinstance(event, Worked)}
    wanted = (
        (each.base, each.head, each.at)
        for each in episodes(told)
        if not each.same and not each.again and belongs(each.at, month)
    )
    return [each for each in wanted if each not in known]


def month_of(key: str) -> str:
    """The month a line's key ends in, as YYYY-MM; empty where the line is not cut into months."""
    tail = key.rpartition(MONTH)[2] if MONTH in key else ""
    whole = len(tail) == 7 and tail[4] == "-" and (tail[:4] + tail[5:]).isascii() and (tail[:4] + tail[5:]).isdigit()
    return tail if whole else ""


def belongs(at: int, month: str) -> bool:
    """Whether a second is of the month; every second is where the line is not cut."""
    return not month or f"{datetime.fromtimestamp(at, UTC):%Y-%m}" == month


def _asked(attempt: Ran) -> int:
    return attempt.asked or attempt.started or attempt.at


def _report_of(attempt: Ran, told: list[Tested]) -> Tested | None:
    """The report of an attempt; of two workflows that ended in one second, the red one has the report with reds."""
    if attempt.result is Result.FAILURE:
        told = sorted(told, key=lambda each: not each.red)
    elif len(told) > 1:
        told = sorted(told, key=lambda each: bool(each.red))
    return told[0] if told else None


def _turned(workflow: _Workflow, attempt: Ran, report: Tested | None, is_test: IsTest) -> Iterator[Episode]:
    """Take in one attempt: move what is red to its commit, let go of what is green, and tell of it."""
    ran = report.passed + report.failed + report.errors if report else 0
    now_red = _reds(attempt, report, is_test)
    still = {_Unit(name, job=True) for name in attempt.red} & workflow.red.keys()
    flaky = set(report.flaky) if report else set()
    by_base: dict[str, tuple[int, list[str]]] = {}
    for unit, last in sorted(workflow.red.items()):
        if unit in now_red or unit in still or not _is_green(unit, last, attempt, report, ran):
            continue
        # what both failed and passed at the head says that the change in between proves nothing
        base = attempt.sha if not unit.job and unit.name in flaky else last.sha
        since, names = by_base.get(base, (last.since, []))
        by_base[base] = min(since, last.since), [*names, unit.name]
        del workflow.red[unit]
    for unit in now_red | still:
        workflow.red[unit] = _Red(attempt.sha, workflow.newest, ran)
    for base, (since, names) in sorted(by_base.items()):
        yield Episode(base, attempt.sha, since, attempt.at, attempt.id, tuple(names))


def _reds(attempt: Ran, report: Tested | None, is_test: IsTest) -> set[_Unit]:
    """What an attempt says is red: the tests its report names, else the jobs, else the workflow as a whole."""
    if report is not None and report.red:
        return {_Unit(name, job=False) for name in report.red}
    if attempt.result is Result.SUCCESS:
        return set()
    jobs = attempt.red or (attempt.workflow,)
    return {_Unit(name, job=True) for name in jobs if is_test(attempt.workflow, name)}


def _is_green(unit: _Unit, last: _Red, attempt: Ran, report: Tested | None, ran: int) -> bool:
    """Whether an attempt that does not name a test or job among its reds says that it is green.

    A successful attempt says so of everything. A failed one says so of no job, for a job that failed before may not
    have been started; and of a test where its report is whole and ran what the red one ran.
    """
    if attempt.result is Result.SUCCESS:
        return not (report is not None and report.red and (report.left_out or report.unread))
    if unit.job or report is None or not report.red or report.left_out or report.unread:
        return False
    return ran >= ENOUGH * last.ran
