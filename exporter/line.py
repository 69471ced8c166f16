"""A branch's attempts put in order and folded: what was red at which commit, and at which it was green again.

A line is one branch with all its workflows; its facts are ``Ran``, ``Tested`` and ``Worked``. A test is followed by its
id where reports name it, and a job by its name where they do not. Everything here looks back only: attempts are taken
in the order in which they ended, so that an episode once found stays found when more facts arrive.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import structs

from exporter.model import Event, Ran, Result, Tested, Worked

ENOUGH = 0.9
"""The part of the cases of a red report that a later red report must have run, to say that what it does not name is
green: with fewer, a job that reports nothing may hide it."""

COUNTS = ("passed", "failed", "errors", "skipped", "left_out", "unread")
"""The fields of a report that add up."""

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
    """Every red that became green, in the order of the greens (definitions 71); facts may come in any order.

    Attempts that were cancelled, skipped, timed out or ended in an error say nothing, nor does an attempt for a commit
    asked for before one that has already been heard of. A red that is never green makes no episode. All tests and jobs
    that were last red at one commit and are green at one other make one episode.
    """
    known = {event.id: event for event in events}.values()
    attempts = sorted(
        (event for event in known if isinstance(event, Ran)),
        key=lambda event: (event.at, _asked(event), event.attempt, event.id),
    )
    reports: dict[tuple[str, int, int], list[Tested]] = {}
    for event in known:
        if isinstance(event, Tested):
            reports.setdefault((event.sha, event.attempt, event.at), []).append(event)
    together = Counter((each.sha, each.attempt, each.at) for each in attempts)
    asked: dict[str, int] = {}
    workflows: dict[str, _Workflow] = {}
    seen: set[tuple[str, str]] = set()
    found: list[Episode] = []
    for attempt in attempts:
        asked[attempt.sha] = min(_asked(attempt), asked.get(attempt.sha, _asked(attempt)))
        place = attempt.sha, attempt.attempt, attempt.at
        told = reports.get(place, [])
        if together[place] > 1:  # two workflows that ended in one second: the reports do not say whose they are
            told = [each for each in told if bool(each.red) == (attempt.result is Result.FAILURE)]
        report = whole(told)
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


def gaps(events: Iterable[Event], since: int = 0) -> list[tuple[str, str, int]]:
    """What ``Worked`` is still to be read: (base, head, at) of episodes between two commits that have none.

    ``at`` is the end of the green attempt, the date the ``Worked`` must carry. ``since``: only what turned green from
    that second on; for a line with a month of its own that is ``begins(key)``.
    """
    told = list(events)
    known = {(event.base, event.head) for event in told if isinstance(event, Worked)}
    return [
        (each.base, each.head, each.at)
        for each in episodes(told)
        if not each.same and not each.again and each.at >= since and (each.base, each.head) not in known
    ]


def _asked(attempt: Ran) -> int:
    return attempt.asked or attempt.started or attempt.at


def whole(reports: Sequence[Tested]) -> Tested | None:
    """What all reports of one attempt say together; None without any that was read. An attempt may upload several."""
    if not any(each.passed + each.failed + each.errors + each.skipped for each in reports):
        return None
    first = min(reports, key=lambda each: each.id)
    return structs.replace(
        first,
        red=tuple(sorted({name for each in reports for name in each.red})),
        flaky=tuple(sorted({name for each in reports for name in each.flaky})),
        place=0,
        greens=b"",
        **{field: sum(getattr(each, field) for each in reports) for field in COUNTS},
    )


def _turned(workflow: _Workflow, attempt: Ran, report: Tested | None, is_test: IsTest) -> Iterator[Episode]:
    """Take in one attempt: move what is red to its commit, let go of what is green, and tell of it."""
    ran = report.passed + report.failed + report.errors if report else 0
    now_red = _reds(attempt, report, is_test)
    still = {_Unit(name, job=True) for name in attempt.red} & workflow.red.keys()
    flaky = set(report.flaky) if report else set()
    by_base: dict[str, tuple[int, list[str]]] = {}
    for unit, last in sorted(workflow.red.items()):
        if unit in now_red or not _is_green(unit, last, attempt, report, ran):
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
