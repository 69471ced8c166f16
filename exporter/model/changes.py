"""What a forge says of a change (DORA's and CDEvents' word for a pull request, merge request or changelist)."""

from enum import StrEnum

from exporter.model.base import Actor, Event, Verdict
from exporter.model.issues import Labelled


class Opened(Event, frozen=True, tag="opened", array_like=True):
    """The change was proposed. ``draft``: it was opened as a draft. ``head``, ``base``: branch names."""

    author: Actor
    draft: bool
    head: str
    base: str


class Ready(Event, frozen=True, tag="ready", array_like=True):
    """The author asked for review of what had been a draft."""


class Drafted(Event, frozen=True, tag="drafted", array_like=True):
    """The change became a draft again."""


class ReviewRequested(Event, frozen=True, tag="requested", array_like=True):
    """Someone was asked to review. ``reviewer`` is a login, or ``Team`` for a team, which is not named."""

    reviewer: str


class Reviewed(Event, frozen=True, tag="reviewed", array_like=True):
    """A review was submitted; ``verdict`` is the one submitted, whatever became of it."""

    reviewer: Actor
    verdict: Verdict


class Dismissed(Event, frozen=True, tag="dismissed", array_like=True):
    """A review lost its force; ``review`` is the id of that Reviewed."""

    review: str


class Commented(Event, frozen=True, tag="commented", array_like=True):
    """A plain conversation comment; a review only where policy says so."""

    actor: Actor


class Committed(Event, frozen=True, tag="committed", array_like=True):
    """A commit on the head branch, dated max(committed, opened); ``authored`` is its author date.

    ``emails`` and ``names`` hold author and committer, in this order; ``trailers`` the lines of the message's last
    paragraph that look like ``Key: value``, and footers that name a tool.
    """

    sha: str
    authored: int
    names: tuple[str, str]
    emails: tuple[str, str]
    login: str
    trailers: tuple[str, ...]


class Pushed(Event, frozen=True, tag="pushed", array_like=True):
    """The head branch was force-pushed."""


class Described(Event, frozen=True, tag="described", array_like=True):
    """A version of the description, dated at its edit; ``lines`` are those that may carry a marker or a reference."""

    lines: tuple[str, ...]


class BaseChanged(Event, frozen=True, tag="base", array_like=True):
    """The change was retargeted to another branch."""

    base: str


class Closed(Event, frozen=True, tag="closed", array_like=True):
    """The change was closed, merged or not."""


class Reopened(Event, frozen=True, tag="reopened", array_like=True):
    """A closed change was opened again."""


class Merged(Event, frozen=True, tag="merged", array_like=True):
    """The change entered its base branch as commit ``sha`` (empty when the forge does not tell)."""

    sha: str


class FilesChanged(Event, frozen=True, tag="files", array_like=True):
    """The files of a merged change, dated at the merge: (path, lines added, lines deleted)."""

    files: tuple[tuple[str, int, int], ...]


class Naming(StrEnum):
    """What a change or an issue says of another change."""

    REVERT = "revert"
    FIX = "fix"


class Referred(Event, frozen=True, tag="referred", array_like=True):
    """A description or a commit's message names what it takes back or mends, dated as that text.

    ``commits``: names of commits, 7 to 40 hexadecimal digits; ``changes``: numbers in the same repository.
    """

    naming: Naming
    commits: tuple[str, ...]
    changes: tuple[int, ...]


class Linked(Event, frozen=True, tag="linked", array_like=True):
    """A description or a commit's message says which issues the change answers, dated as that text.

    ``issues``: numbers in the same repository. ``keys``: those of a tracker's issues, such as ``SHOP-17``, in upper
    case; a branch and a title name them as well.
    """

    issues: tuple[int, ...]
    keys: tuple[str, ...] = ()


ChangeEvent = (
    Opened
    | Ready
    | Drafted
    | ReviewRequested
    | Reviewed
    | Dismissed
    | Commented
    | Committed
    | Pushed
    | Described
    | BaseChanged
    | Closed
    | Reopened
    | Merged
    | FilesChanged
    | Referred
    | Linked
    | Labelled
)
