"""How merged changes of the pretend organisation reach production: trains of deployments, or releases."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from exporter.model import Contained, Deployed, DeploymentEvent, Outcome

DAY, HOUR = 86400, 3600
TWICE, DAILY, WEEKLY = (1, 3), (0, 1, 2, 3, 4), (2,)
"""Weekdays on which a train leaves, Monday first."""
LONGEST_GAP = 7
"""Days between two trains at the most."""
STAGING, PRODUCTION, RELEASE = "staging", "production", "release"
HOURS = {STAGING: 11, PRODUCTION: 15, RELEASE: 13}
"""Local hours at which trains leave."""


class Landed(NamedTuple):
    """A merge; ``at`` in Unix seconds."""

    at: int
    sha: str


class Shipment(NamedTuple):
    """One deployment or release: a key of its own among the repository's, and its facts."""

    key: str
    events: tuple[DeploymentEvent, ...]


class Line(NamedTuple):
    """The trains of a repository to one environment.

    ``weekdays`` says on which days of the week they leave at a day of the story; ``offset`` is in hours east of UTC.
    """

    environment: str
    weekdays: Callable[[int], Sequence[int]]
    offset: int

    def leaves(self, day: int) -> int | None:
        """When the train of a day (since the epoch) leaves; None on a day without one."""
        if (day + 3) % 7 not in self.weekdays(day):
            return None
        return day * DAY + (HOURS[self.environment] - self.offset) * HOUR

    def before(self, day: int) -> int:
        """When the last train before that of a day left."""
        past = (self.leaves(day - back) for back in range(1, LONGEST_GAP + 1))
        return next(at for at in past if at is not None)


class Train(NamedTuple):
    """One train that left: what is aboard, when it was asked for and arrived, and when it failed before (0: no)."""

    aboard: Sequence[Landed]
    created: int
    arrived: int
    failed: int = 0


def train(
    line: Line, day: int, rng: Random, merges: Callable[[int, int], Sequence[Landed]], failing: float
) -> Train | None:
    """The train of a day with what was merged since the one before, if anything was; it may fail, and leave again.

    ``merges`` gives what was merged in (since, until]; ``failing`` is the share of trains that fail.
    """
    leaves = line.leaves(day)
    aboard = merges(line.before(day), leaves) if leaves is not None else ()
    if leaves is None or not aboard:
        return None
    created = leaves + rng.randrange(600)
    ended = created + rng.randrange(120, 900)
    if line.environment == RELEASE or rng.random() >= failing:
        return Train(aboard, created, ended)
    again = ended + round(rng.uniform(0.3, 3) * HOUR)
    return Train(aboard, again, again + rng.randrange(120, 900), ended)


def shipped(line: Line, day: int, now: Train, before: Train | None) -> Iterator[Shipment]:
    """The facts of a day's train, and of the end that failed before; ``before``: the one that arrived last."""
    place, head = f"{line.environment}:{day}", now.aboard[-1].sha
    if now.failed:
        began = now.failed - 60
        failed = Deployed(f"deployed:{place}:failed", now.failed, line.environment, head, Outcome.FAILURE, began)
        yield Shipment(f"{place}:failed", (failed,))
    name = f"v{day}" if line.environment == RELEASE else ""
    deployed = Deployed(f"deployed:{place}", now.arrived, line.environment, head, Outcome.SUCCESS, now.created, name)
    brought = Contained(f"contained:{place}", now.arrived, "", (), whole=False)  # of the first, nobody knows what
    if before is not None:
        base, shas = before.aboard[-1].sha, tuple(one.sha for one in now.aboard)
        brought = Contained(brought.id, now.arrived, base, shas, since=before.arrived, failed=now.failed)
    yield Shipment(place, (deployed, brought))
