"""One change as the measures see it: its ordered facts, its lives, and what its origin was at any second."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from exporter.catalogue import DAY
from exporter.model import Committed, Contained, Described, Event, Fact, Merged, Opened, Origin
from exporter.origin import Decision, Evidence
from exporter.policy import Policy
from exporter.story import Story, arrivals
from exporter.timeline import Life, lives

LAST_IN_PRODUCTION = 90 * DAY
"""Seconds after the merge in which a change can come into production; what comes later is another story."""


class Change(Story):
    """All known facts of one change under one policy. Nothing here looks past the second it is asked about."""

    def __init__(
        self,
        events: Iterable[Fact],
        policy: Policy,
        bound: Iterable[Sequence[Fact]] = (),
        key: str = "",
        number: int = 0,
    ) -> None:
        super().__init__(events, policy, bound, key, number)
        self._decided: dict[tuple[int, int], Decision] = {}

    @cached_property
    def opened(self) -> Opened | None:
        """The opening, when it is known."""
        return next((event for event in self.events if isinstance(event, Opened)), None)

    @cached_property
    def lives(self) -> list[Life]:
        """From each opening to each end (``timeline.lives``)."""
        return lives(self.events, self.policy)

    @cached_property
    def _commits(self) -> tuple[Committed, ...]:
        return tuple(event for event in self.events if isinstance(event, Committed))

    @cached_property
    def _described(self) -> tuple[Described, ...]:
        return tuple(event for event in self.events if isinstance(event, Described))

    def commits(self, second: int) -> tuple[Committed, ...]:
        """The commits dated at or before a second."""
        return self._commits[: _known(self._commits, second)]

    def decision(self, second: int) -> Decision:
        """Origin, tool and deciding rule by the facts dated at or before a second (definitions 10).

        Raises:
            LookupError: the opening is not known.
        """
        if self.opened is None:
            raise LookupError("a change without its opening has no origin")
        known = (_known(self._commits, second), _known(self._described, second))
        found = self._decided.get(known)
        if found is None:
            commits, described = self._commits[: known[0]], self._described[: known[1]]
            evidence = Evidence(self.opened.author, self.opened.at, self.opened.head, commits, described)
            found = self._decided[known] = self.policy.rules.decide(evidence)
        return found

    def origin(self, second: int) -> Origin:
        """The origin at a second."""
        return self.decision(second).origin

    def production(self, merged: Merged) -> int | None:
        """T9: the end of the first successful production deployment that holds the merge commit (definitions 100).

        A commit that was deployed before it was merged is in production at the merge. None where it does not come
        within 90 days.
        """
        found = (each.at for each in self._arrivals if merged.sha and merged.sha in each.shas)
        at = max(min(found, default=merged.at + LAST_IN_PRODUCTION + 1), merged.at)
        return at if at <= merged.at + LAST_IN_PRODUCTION else None

    @cached_property
    def _arrivals(self) -> tuple[Contained, ...]:
        """What the successful production deployments it is bound to brought."""
        return tuple(
            brought for facts in self.bound for event, brought in arrivals(facts) if self.policy.in_production(event)
        )

    def is_revert(self, second: int) -> bool:
        """Whether the change takes back another one, by its branch or its first description."""
        if self.opened is None:
            return False
        first = next((version for version in self._described if version.at <= second), None)
        return self.policy.is_revert(self.opened, first)

    def in_stage_statistics(self, second: int) -> bool:
        """Bots' changes and reverts are counted, and are in no stage (definitions 12, 35)."""
        return self.origin(second) is not Origin.BOT and not self.is_revert(second)


_AT = attrgetter("at")


def _known(events: Sequence[Event], second: int) -> int:
    """How many of these ordered facts are dated at or before a second."""
    return bisect_right(events, second, key=_AT)
