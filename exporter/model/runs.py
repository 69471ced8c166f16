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

    ``workflow`` is what the run is an execution of, ``sha`` the commit it was for, on ``branch`` (``owner:branch`` in
    a fork); ``default``: that is the default branch, and no change asked for it. ``attempt`` counts from 1. ``asked``,
    ``started``: when the attempt was requested and when its first job began (0: not known). ``red``: the names of the
    jobs that failed, none where the attempt is a success all the same.
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

    ``place``: a number for what ran them (workflow and artifact), 0 where not known; ``greens``: the numbers of the
    cases that passed, added up in a few buckets. With both, two reports of one commit say which tests passed in one and
    failed in the other (``exporter.testreports``). Whether an id has a number is its reader's affair.
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
    place: int = 0
    greens: bytes = b""


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


RunEvent = Ran | Tested | Worked


def lines_of(ran: Ran) -> tuple[str, ...]:
    """The keys of the lines (``Thing.LINE``) that an attempt belongs to: one branch with all its workflows.

    Workflows share their commits: what somebody did between two of them is one piece of work. A change's branch lives
    for days, the default branch as long as the repository. So the latter's line is cut by the months (UTC) in which
    attempts end; what is stated to a line stays bounded, and so does the work of reading it. An attempt belongs to its
    own month and to the next one, so that an episode may cross one month's end: its red is in the line in whose month
    it turned green. Readings of a line are of what ended in its own month (``begins``).
    """
    line = ran.branch
    if not ran.default:
        return (line,)
    ended = _utc(ran.at)
    months = ended.year * 12 + ended.month - 1
    return tuple(_month(line, each) for each in (months, months + 1))


def lines_between(branch: str, lower: int, upper: int) -> tuple[str, ...]:
    """The keys of a default branch's lines in which every attempt that ended in [lower, upper] is."""
    first, last = (ended.year * 12 + ended.month - 1 for ended in map(_utc, (lower, upper)))
    return tuple(_month(branch, each) for each in range(first, last + 1))


def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _month(branch: str, month: int) -> str:
    return f"{branch}#{month // 12:04d}-{month % 12 + 1:02d}"


def begins(key: str) -> int:
    """The second in which a line's own month begins; 0 for a line without one."""
    month = key.rpartition("#")[2] if "#" in key else ""
    try:
        return int(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0  # the branch of a change, with a # in its name
