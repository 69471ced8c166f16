"""Deployments told in words, and changes that are bound to them."""

from exporter.change import Change
from exporter.model import RELEASE, Contained, Deployed, Fact, Outcome
from exporter.policy import Policy
from tests.stories import POLICY, at, change

MERGE = "sha"
"""The merge commit of a change of ``tests.stories``."""


def deployment(
    when: str,
    environment: str = "production",
    outcome: Outcome = Outcome.SUCCESS,
    *,
    sha: str = "head",
    brought: tuple[str, ...] = (MERGE,),
    base: str = "before",
    since: str = "",
    failed: str = "",
    counts: bool = True,
    back: bool = False,
    whole: bool = True,
    again: bool = False,
) -> list[Fact]:
    """The facts of a deployment that ended once; times are in a story's words, empty for none."""
    end = at(when)
    named = "v1.2.3" if environment == RELEASE else ""
    told: list[Fact] = [Deployed(f"deployed {when}", end, environment, sha, outcome, end - 60, named, counts)]
    if outcome is Outcome.SUCCESS:
        dates = [at(words) if words else 0 for words in (since, failed)]
        told.append(Contained(f"contained {when}", end, base, brought, back, whole, again, *dates))
    return told


def shipped(*lines: str, by: list[list[Fact]], policy: Policy = POLICY) -> Change:
    """A change's story, bound to deployments."""
    return Change(change(*lines), policy, by)
