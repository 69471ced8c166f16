"""What is known of code reaching an environment: deployments, releases, or tags."""

from enum import StrEnum

from exporter.model.base import Event

RELEASE = "release"
"""Where a release or a tag goes: wherever its users are."""


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
    """A deployment ended at ``at``; one that was tried again has several ends.

    ``environment`` is the forge's own name of where it went (``release`` for a release or tag), ``sha`` what was
    deployed (empty: not known), ``created`` when it was asked for. ``named``: the release's or tag's name, empty for a
    deployment. ``counts``: this is how the repository's code reaches production; releases of a repository that is
    deployed do not count, nor do deployments of one that is released. It is settled when the fact is stated, once for
    each repository (definitions 50); which environments are production is for the policy to say.
    """

    environment: str
    sha: str
    outcome: Outcome
    created: int
    named: str = ""
    counts: bool = True


class Contained(Event, frozen=True, tag="contained", array_like=True):
    """Which commits a successful deployment brought that none before it in its environment had brought.

    Dated at the deployment's end. ``base`` is the commit deployed before; empty for the first one that is known, of
    which nobody can tell what it brought. ``shas``: the new commits; ``back``: it went back to an older commit.
    ``whole``: nothing was left out. ``again``: the same commit had arrived there within the hour before, so this is no
    other release. Stated of what goes to production or staging only. ``since``: when the success before it ended;
    ``failed``: when the first end that failed between the two was (each 0 where there is none).
    """

    base: str
    shas: tuple[str, ...]
    back: bool = False
    whole: bool = True
    again: bool = False
    since: int = 0
    failed: int = 0


DeploymentEvent = Deployed | Contained
