"""What every provider is: requests that carry the pure function which reads their answer.

A provider never waits, opens or looks at a clock. It says what to ask; the runtime asks; the request reads.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

from exporter.model import Contained, Repository, Stream, Subject, Thing, Told, Worked


class Response(Struct, frozen=True):
    """An HTTP answer, whole. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Request(Struct, frozen=True, kw_only=True):
    """A question as a value.

    ``kind`` is the closed word of ``sdlc_exporter_api_requests_total{kind}``. ``path`` is joined to the source's own
    root; a provider cannot name a host. ``read`` is pure and raises an ``ExporterError`` when the answer cannot be
    used. ``smaller`` is the same question in pieces that cost the server less; empty when it cannot be cut further.
    ``repositories`` are the keys the question is about, so that a failure holds only those; empty: all of its scope.
    ``changes`` are the keys of single changes it is about, if it is. ``passing``: the same path is not asked again, so
    that its answer is not kept. ``follow``: the answer is a redirect to where a file is kept, which is followed once
    and without the credential. ``largest``: bytes the answer may have, 0 for what any may. ``slow``: reading the
    answer takes long, so it is read aside.
    """

    kind: str
    path: str
    read: Callable[[Response], "Page"]
    method: str = "POST"
    body: Mapping[str, Any] | None = None
    smaller: "Callable[[], tuple[Request, ...]] | None" = None
    repositories: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    passing: bool = False
    follow: bool = False
    largest: int = 0
    slow: bool = False


class Fault(Struct, frozen=True):
    """Part of an answer that could not be had: the reason word, a sentence, and the key of the repository it concerns.

    An empty key says that the answer does not tell which repository it was. ``change`` is the key of the change, when
    it was a single one. A repository that was asked for by name is known by its name.
    """

    repository: str
    reason: str
    message: str
    change: str = ""


class Budget(Struct, frozen=True):
    """A rate limit as an answer reports it; ``reset`` is a Unix time in seconds."""

    resource: str
    limit: int
    remaining: int
    reset: int


class Page(Struct, frozen=True, kw_only=True):
    """What an answer came to: facts, repositories, counts, what to ask next, and what was left out.

    ``truncated`` counts what the forge holds and does not give; ``gone`` are changes it no longer shows; ``unknown``
    are the fields in which it used a word we do not know. ``pulses``: by repository key and stream, a word that is
    another one once something has moved there, and empty where nothing is. ``found``: what
    further questions are made of, in the provider's own values; it is stored nowhere.
    """

    told: tuple[Told, ...] = ()
    repositories: tuple[Repository, ...] = ()
    then: tuple[Request, ...] = ()
    faults: tuple[Fault, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    truncated: int = 0
    gone: tuple[Subject, ...] = ()
    budget: Budget | None = None
    pulses: Mapping[tuple[str, Stream], str] = field(default_factory=dict)
    found: tuple[Any, ...] = ()


class Home(NamedTuple):
    """A repository: its node id, owner/name, and default branch."""

    key: str
    name: str
    default_branch: str


class Gap(NamedTuple):
    """Two commits, and the lines that want to know what lies between them, each with the date it is told under."""

    base: str
    head: str
    lines: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        """What the forge calls it by."""
        return f"{self.base}...{self.head}"


def worked(gap: Gap) -> str:
    """The id of the fact that tells what lies between two commits."""
    return f"worked:{gap.base}:{gap.head}"


def unread(home: Home, gap: Gap) -> tuple[Told, ...]:
    """That fact where what lies between them cannot be had."""
    return tuple(
        Told(
            Subject(home.key, line, 0, Thing.LINE),
            (Worked(worked(gap), at, gap.base, gap.head, (), (), whole=False),),
        )
        for line, at in gap.lines
    )


class Wanted(NamedTuple):
    """What is asked of a repository (by its key), newest first; times in Unix seconds.

    ``since``: pages are read until what is on them was created before. ``horizon``: what was created before is left
    out, so that what is known does not depend on where pages end. ``patience``: what was created before and has not
    ended is not waited for. ``deployed``, ``released``: whether deployments, and whether releases or tags, are how code
    reaches production here. ``tag``: names of tags that are releases.
    """

    repository: str
    since: int
    horizon: int
    patience: int
    deployed: bool = True
    released: bool = False
    tag: str = ""


class Success(NamedTuple):
    """A successful end whose commits are wanted: its deployment, fact, commit and date, and what was before it.

    ``base`` is the commit before it, ``since`` when that arrived, ``failed`` when the first attempt after that failed.
    """

    subject: Subject
    fact: str
    at: int
    base: str
    head: str
    again: bool = False
    since: int = 0
    failed: int = 0


def contained(success: Success, shas: Iterable[str] = (), *, back: bool = False, whole: bool = True) -> Told:
    """What a success brought."""
    fact = Contained(
        f"contained:{success.fact}",
        success.at,
        success.base,
        tuple(shas),
        back=back,
        whole=whole,
        again=success.again,
        since=success.since,
        failed=success.failed,
    )
    return Told(success.subject, (fact,))
