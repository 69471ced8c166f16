"""What a package of this room offers under the name ``SERVICE``: one service, and how each of its streams is asked for.

The runtime, the configuration and the documents know services by this alone: a new one is a package here, its tests and
its recorded answers. All of it is pure; times are Unix seconds.
"""

from base64 import b64encode
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from exporter.model import Stream
from exporter.providers.base import Budget, Gap, Home, Request, Response, Success, Wanted
from exporter.references import KEYS
from exporter.retro import NO_NOTES, RetroRules

DAY = 86_400
EVER = 1 << 36
"""Seconds: the width of a history that is read in one go, since its lists begin at the newest or take no dates."""


class NoOptions(Struct, frozen=True):
    """A service without keys of its own."""


class Setup(Struct, frozen=True, kw_only=True):
    """What a client is made from. ``root``: the path before every path of the service's API, empty at its root.

    ``include``: the globs over names of repositories that are wanted, as written; a client may ask for less by them,
    the runtime chooses by them in any case. ``options``: the service's own keys. ``comments``: also plain conversation
    comments are wanted. ``reports``: globs over the names of artifacts that hold test reports. ``keys``: the regular
    expression of the keys of a tracker's issues, which changes name. ``retro``: which issues are retrospective notes.
    """

    root: str = ""
    include: tuple[str, ...] = ()
    options: Any = NoOptions()
    comments: bool = False
    reports: tuple[str, ...] = ()
    keys: str = KEYS
    retro: RetroRules = NO_NOTES


class Questions(Protocol):
    """How one stream is asked for, of many repositories at once. Facts about others than ``homes`` are let go.

    A page of an answer names in ``then`` what has to be asked further, so that a few questions lead to all. Requests
    about single repositories say so, that a failure holds only those.
    """

    earlier: int
    """Seconds before the ledger's start whose facts still matter."""
    width: int
    """Seconds of history that are read at once at first; what answers everything in one question says a lot."""

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """Everything that changed since then."""
        ...

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """Everything that changed last in [lower, upper]."""
        ...

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """What is still open and changed last before then."""
        ...


class DeploymentsOf(Protocol):
    """How deployments are asked for. ``path``: of pulses; pages of lists have found subjects that are not at an end."""

    def latest(self, wanted: Wanted, *kinds: str) -> Request:
        """The ``deployments``, ``releases`` or ``tags`` of a repository, newest first."""
        ...

    def unfinished(self, wanted: Mapping[str, Wanted]) -> Sequence[Request]:
        """Single deployments by their keys; found are those that still are not at an end."""
        ...

    def compared(self, name: str, success: Success, known: Container[str]) -> Request:
        """The commits a success brought, which ``found`` has as its fact; ``known`` were brought earlier."""
        ...


class Client:
    """Asks one service. What a service does not tell is left as it is here.

    ``pulsed``: the streams that are asked for repository by repository, where ``stirred`` says that something moved.
    """

    pulsed: tuple[Stream, ...] = ()

    def repositories(self) -> Sequence[Request]:
        """Every repository that may be wanted."""
        return ()

    def questions(self, stream: Stream) -> Questions | None:
        """How a stream is asked for; None where it is not told, or told by ``deployments``."""
        return None

    def deployments(self) -> DeploymentsOf | None:
        """How deployments are asked for."""
        return None

    def stirred(self, homes: Sequence[Home]) -> list[Request]:
        """The pulses of repositories."""
        return []

    def compare(self, home: Home, gap: Gap) -> Request | None:
        """What lies between two commits, told to the lines of a gap; one that cannot be had is told as not whole."""
        return None


def _no_budget(response: Response) -> Budget | None:
    return None


def bearer(secret: str) -> str:
    """The header ``Authorization`` of a token."""
    return f"Bearer {secret}"


def basic_or_bearer(secret: str) -> str:
    """The header ``Authorization``: Basic for ``name:token``, Bearer for a token alone."""
    return f"Basic {b64encode(secret.encode()).decode()}" if ":" in secret else bearer(secret)


class Service(Struct, frozen=True, kw_only=True):
    """A service as the rest of the program knows it.

    ``name``: as in ``provider:``; ``title``: as people write it. ``url``: the root of its API where that is the same
    for most, else empty. ``options``: its own keys of a source, of plain types (text, numbers, lists and mappings of
    text), each with its meaning as an annotation. ``keys``: which keys of every source mean something to it besides
    name, provider, url, credential, times and history. ``streams``: what it can tell. ``serves``: it has no
    repositories of its own, and tells of those of another source. ``needs``: by stream, the permissions a credential
    must have. ``cannot``: sentences on what it does not tell. ``costs``: by stream, sentences on what is asked, and how
    often. ``authorization``: from the secret to the header. ``accept``: the header of that name. ``budget``: a rate
    limit as an answer tells it. ``fault``: what is wrong with include and options, a sentence with a remedy; empty for
    nothing.
    """

    name: str
    title: str
    client: Callable[[Setup], Client]
    streams: tuple[Stream, ...]
    url: str = ""
    options: type[Struct] = NoOptions
    keys: tuple[str, ...] = ()
    serves: bool = False
    needs: Mapping[Stream, str] = field(default_factory=dict)
    cannot: tuple[str, ...] = ()
    costs: Mapping[Stream, str] = field(default_factory=dict)
    authorization: Callable[[str], str] = bearer
    accept: str = "application/json"
    budget: Callable[[Response], Budget | None] = _no_budget
    fault: Callable[[Setup], str] = lambda setup: ""
