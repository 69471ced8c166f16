"""What every fact is made of: whom and what it is about, and the words that all streams share.

Every time is a whole second since the Unix epoch, UTC. A fact's ``id`` is unique inside its subject and does not depend
on when it was fetched, so that stating a fact twice is stating it once. A fact that can change carries the date of its
version in its id.
"""

from enum import StrEnum

from msgspec import Struct


class Stream(StrEnum):
    """What a source tells; each stream of each repository has a watermark of its own."""

    CHANGES = "changes"
    RUNS = "runs"
    DEPLOYMENTS = "deployments"
    ISSUES = "issues"
    CODE = "code"
    FINDINGS = "findings"


class Thing(StrEnum):
    """What facts are about."""

    CHANGE = "change"
    RUN = "run"
    LINE = "line"
    DEPLOYMENT = "deployment"
    ISSUE = "issue"
    COMMIT = "commit"
    FINDING = "finding"


TOLD_BY: dict[Thing, Stream] = {
    Thing.CHANGE: Stream.CHANGES,
    Thing.RUN: Stream.RUNS,
    Thing.LINE: Stream.RUNS,
    Thing.DEPLOYMENT: Stream.DEPLOYMENTS,
    Thing.ISSUE: Stream.ISSUES,
    Thing.COMMIT: Stream.CODE,
    Thing.FINDING: Stream.FINDINGS,
}
"""The stream whose watermark says how far the facts about a thing are complete."""


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
    """The parts a change's life is cut into; QA and the wait for deployment are known once it is in production."""

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


class Subject(Struct, frozen=True):
    """What facts are about: one thing of one repository, by the forge's own lasting ids.

    ``number`` is what people call it by, 0 where it has none.
    """

    repository: str
    key: str
    number: int
    thing: Thing = Thing.CHANGE


class Repository(Struct, frozen=True):
    """A repository as a forge describes it now. ``key`` survives renames and transfers; ``name`` is owner/name."""

    key: str
    name: str
    default_branch: str = ""
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()
