"""The facts a provider may state about a change, in the words of DORA, CDEvents and OpenTelemetry.

Every time is a whole second since the Unix epoch, UTC. A fact's ``id`` is unique inside its subject and does not depend
on when it was fetched, so that stating a fact twice is stating it once. A fact that can change carries the date of its
version in its id.
"""

from enum import StrEnum

from msgspec import Struct


class Origin(StrEnum):
    """Who wrote a change, as far as a marker tells; ``unmarked`` does not say human."""

    AGENTIC = "agentic"
    ASSISTED = "assisted"
    UNMARKED = "unmarked"
    BOT = "bot"


class Verdict(StrEnum):
    """What a submitted review said, at the time it was submitted."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"


class Layer(StrEnum):
    """How much of the product a test puts to work at once."""

    UNIT = "unit"
    INTEGRATION = "integration"
    E2E = "e2e"


class Stage(StrEnum):
    """The parts a change's life is cut into; those before the merge are measured, the rest comes with deployments."""

    CODING = "coding"
    PICKUP = "pickup"
    REVIEW = "review"
    MERGE_WAIT = "merge_wait"
    UNREVIEWED = "unreviewed"
    QA = "qa"
    DEPLOY_WAIT = "deploy_wait"


class QueueState(StrEnum):
    """Where an open, non-draft change stands in review."""

    AWAITING_REVIEW = "awaiting_review"
    AWAITING_REREVIEW = "awaiting_rereview"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"
    APPROVED = "approved"


class Actor(Struct, frozen=True, array_like=True):
    """An account. ``login`` is lower case and empty for a deleted account; ``bot`` is the forge's own word for it."""

    login: str
    bot: bool = False


class Event(Struct, frozen=True, tag_field="is", array_like=True):
    """Something that happened to one subject at one second."""

    id: str
    at: int


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
)


class Subject(Struct, frozen=True):
    """What facts are about: one change of one repository, by the forge's own lasting ids."""

    repository: str
    key: str
    number: int


class Told(Struct, frozen=True):
    """What one answer says about one subject."""

    subject: Subject
    events: tuple[ChangeEvent, ...]


class Repository(Struct, frozen=True):
    """A repository as a forge describes it now. ``key`` survives renames and transfers; ``name`` is owner/name."""

    key: str
    name: str
    default_branch: str = ""
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()
