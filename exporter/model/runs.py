"""What a CI system says of a run: a workflow, pipeline or job set executed for one commit."""

from datetime import UTC, datetime
from enum import StrEnum

from exporter.model.base import Event


class Result(StrEnum):
    """How an attempt ended: ``cicd.pipeline.result`` of the OpenTelemetry semantic conventions.

    Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/cicd/
    """

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"
    SKIP = "skip"


class Ran(Event, frozen=True, tag="ran", array_like=True):
    """An attempt of a run ended at ``at``.

    ``workflow`` is what the run is an execution of, ``sha`` the commit it was for, on ``branch``; ``default``: that is
    the default branch, and no change asked for it. ``attempt`` counts from 1. ``asked``, ``started``: when the attempt
    was requested and when its first job began (0: not known). ``red``: the names of the jobs that failed.
    """

    workflow: str
    branch: str
    default: bool
    sha: str
    attempt: int
    result: Result
    asked: int
    started: int
    red: tuple[str, ...] = ()


class Tested(Event, frozen=True, tag="tested", array_like=True):
    """What the test reports of an attempt say, dated at the attempt's end.

    ``sha``, ``attempt``: as in the ``Ran`` of the attempt. ``passed``, ``failed``, ``errors`` and ``skipped`` count
    cases. ``red``: ids of the cases that failed to the end; ``flaky``: of those that both failed and passed in this
    attempt. ``left_out``: how many ids did not fit. ``unread``: reports that could not be read.
    """

    sha: str
    attempt: int
    passed: int
    failed: int
    errors: int
    skipped: int
    red: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    left_out: int = 0
    unread: int = 0


class Worked(Event, frozen=True, tag="worked", array_like=True):
    """What lies between a red commit and the next green one of a branch, dated at the end of the green attempt.

    ``base``, ``head``: the two commits. ``files``: (path, lines added, lines deleted) between them. ``commits``: those
    after ``base`` up to ``head``, each its sha, author date, author (login or e-mail, lower case) and the markers of
    its message. ``whole``: nothing was left out.
    """

    base: str
    head: str
    files: tuple[tuple[str, int, int], ...]
    commits: tuple[tuple[str, int, str, tuple[str, ...]], ...]
    whole: bool = True


def line_keys(workflow: str, branch: str, ended: int, *, default: bool) -> tuple[str, ...]:
    """The keys of the lines that an attempt which ended then (Unix seconds) belongs to.

    A line is one workflow on one branch. The default branch goes on for ever: its line is cut into months, and what
    ended in a month belongs to that month's line and the next one's, so that what turned red in one month and green in
    the next is seen whole in the second.
    """
    if not default:
        return (f"{workflow}@{branch}",)
    day = datetime.fromtimestamp(ended, UTC)
    following = (day.year + day.month // 12, day.month % 12 + 1)
    return tuple(f"{workflow}@{branch}#{year}-{month:02}" for year, month in ((day.year, day.month), following))


RunEvent = Ran | Tested | Worked
