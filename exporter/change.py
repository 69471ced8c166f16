"""One change as the measures see it: its ordered facts, its lives, and what its origin was at any second."""

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from exporter.catalogue import DAY
from exporter.labels import stays
from exporter.model import (
    Committed,
    Contained,
    Described,
    Environment,
    Event,
    Fact,
    FilesChanged,
    IssueClosed,
    IssueOpened,
    Labelled,
    Linked,
    Merged,
    Opened,
    Origin,
    Stage,
)
from exporter.origin import Decision, Evidence
from exporter.policy import Policy
from exporter.spans import Span, disjoint, within
from exporter.story import Story, arrivals
from exporter.timeline import Life, first_activity, lives, stages, until

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
        at = self.arrived(merged, Environment.PRODUCTION)
        return at if at is not None and at <= merged.at + LAST_IN_PRODUCTION else None

    def arrived(self, merged: Merged, environment: Environment) -> int | None:
        """When the merge commit first came into an environment, not before the merge."""
        found = (brought.at for kind, brought in self._arrivals if kind is environment and merged.sha in brought.shas)
        at = min(found, default=None) if merged.sha else None
        return None if at is None else max(at, merged.at)

    @cached_property
    def _arrivals(self) -> tuple[tuple[Environment, Contained], ...]:
        """What the successful deployments it is bound to brought, and where; other ways to production do not count."""
        found = ((event, brought) for facts in self.bound for event, brought in arrivals(facts))
        here = ((self.policy.goes_to(event), event, brought) for event, brought in found)
        return tuple((kind, brought) for kind, event, brought in here if event.counts or kind is Environment.STAGING)

    def with_qa(self, second: int) -> list[Span]:
        """When QA had the change up to a second: by its own labels up to the merge, and by the issues it answers.

        Those it is known to answer by then.
        """
        said = [event for event in self.own(Linked) if event.at <= second]
        linked: set[int | str] = {number for event in said for number in event.issues}
        linked |= {key for event in said for key in event.keys}
        known = (until(facts, second) for facts in self._issues)
        ours = (facts for facts in known if _answered(facts, linked, self.number))
        end = min([second, *(event.at for event in self.own(Merged))])
        found = [*stays(tuple(self.own(Labelled)), self.policy.labels, end)]
        found += [span for facts in ours for span in stays(facts, self.policy.labels, second)]
        return disjoint(found)

    @cached_property
    def _issues(self) -> tuple[tuple[Fact, ...], ...]:
        """The facts of the issues it is bound to."""
        return tuple(facts for facts in self.bound if any(isinstance(event, IssueOpened) for event in facts))

    def stages(self, life: Life) -> list[tuple[Stage, int]]:
        """The stages of a merged life up to the merge, without what QA had of them as known then (definitions 130)."""
        if life.merged is None:
            return []
        return list(stages(life, self.events, self.policy, self.with_qa(life.merged.at)))

    def had_by_the_merge(self, life: Life) -> int:
        """Seconds from T1 to T6 that QA had a merged life, as known at T6; they are in none of its stages."""
        if life.merged is None:
            return 0
        end = life.merged.at
        return within(self.with_qa(end), first_activity(life, self.events, end, self.policy), end)

    def after_the_merge(self, life: Life) -> list[tuple[Stage, int]]:
        """What T9 adds to the stages: QA, where something tells of it, and the wait for deployment (definitions 131).

        QA had the change as the issues say, before the merge as it was known then; else, from where the change came to
        staging.
        """
        merged = life.merged
        end = None if merged is None else self.production(merged)
        if merged is None or end is None:
            return []
        before = self.had_by_the_merge(life)
        after = within(self.with_qa(end), merged.at, end)
        if not before + after:
            entered = self.arrived(merged, Environment.STAGING)
            after = 0 if entered is None else max(0, end - entered)
        qa = [(Stage.QA, before + after)] if before + after else []
        return [*qa, (Stage.DEPLOY_WAIT, end - merged.at - after)]

    def lines(self, merged: int) -> int | None:
        """Changed lines of the files that count, of a change merged at a second; None where they could not be read."""
        read = next((event for event in self.own(FilesChanged) if event.at == merged), None)
        if read is None:
            return None
        return sum(added + deleted for path, added, deleted in read.files if self.policy.counted(path))

    def is_revert(self, second: int) -> bool:
        """Whether the change takes back another one, by its branch or its first description."""
        if self.opened is None:
            return False
        first = next((version for version in self._described if version.at <= second), None)
        return self.policy.is_revert(self.opened, first)

    def in_stage_statistics(self, second: int) -> bool:
        """Bots' changes and reverts are counted, and are in no stage (definitions 12, 35)."""
        return self.origin(second) is not Origin.BOT and not self.is_revert(second)


def _answered(facts: Sequence[Fact], linked: Container[int | str], number: int) -> bool:
    """Whether these are the facts of an issue that the change answers: it says so, or the change closed the issue.

    An issue of a tracker has every key that it was ever called by.
    """
    opened = [event for event in facts if isinstance(event, IssueOpened)]
    if not opened:
        return False
    closed = any(isinstance(event, IssueClosed) and event.by == number for event in facts) if number else False
    return closed or any(event.number in linked or event.key in linked for event in opened)


_AT = attrgetter("at")


def _known(events: Sequence[Event], second: int) -> int:
    """How many of these ordered facts are dated at or before a second."""
    return bisect_right(events, second, key=_AT)
