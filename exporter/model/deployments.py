"""What is known of code reaching an environment: deployments, releases, or tags."""

from enum import StrEnum

from exporter.model.base import Event


class Environment(StrEnum):
    """Where a deployment goes; a forge's own name for it is mapped by policy."""

    PRODUCTION = "production"
    STAGING = "staging"
    OTHER = "other"


class Outcome(StrEnum):
    """How a deployment ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Deployed(Event, frozen=True, tag="deployed", array_like=True):
    """A deployment ended at ``at``.

    ``environment`` is the forge's own name of where it went (``release`` for a release or tag, which goes wherever its
    users are), ``sha`` what was deployed, ``created`` when it was asked for. ``named``: the release's or tag's name.
    """

    environment: str
    sha: str
    outcome: Outcome
    created: int
    named: str = ""


class Contained(Event, frozen=True, tag="contained", array_like=True):
    """Which commits a successful deployment brought that the one before it in its environment had not.

    Dated at the deployment's end. ``base`` is the commit deployed before (empty for the first). ``shas``: the new
    commits; ``back``: it went back to an older commit. ``whole``: nothing was left out.
    """

    base: str
    shas: tuple[str, ...]
    back: bool = False
    whole: bool = True


DeploymentEvent = Deployed | Contained
