"""One subject as the measures see it: its own facts in order, and those of the subjects it is bound to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self, TypeVar

from exporter.model import Contained, Deployed, Event, Fact, Outcome
from exporter.policy import Policy
from exporter.timeline import ordered, until

T = TypeVar("T", bound=Event)


def arrivals(facts: Iterable[Event]) -> Iterator[tuple[Deployed, Contained]]:
    """The successful ends among the facts of one deployment, each with what it brought."""
    told = tuple(facts)
    brought = {event.at: event for event in told if isinstance(event, Contained)}
    for event in told:
        if isinstance(event, Deployed) and event.outcome is Outcome.SUCCESS and event.at in brought:
            yield event, brought[event.at]


class Story:
    """All known facts of one subject under one policy.

    ``bound``: those of each subject it is bound to, in order; ``key`` and ``number``: the subject's own.
    """

    def __init__(
        self,
        events: Iterable[Fact],
        policy: Policy,
        bound: Iterable[Sequence[Fact]] = (),
        key: str = "",
        number: int = 0,
    ) -> None:
        self.events = ordered(events)
        self.policy = policy
        self.bound = tuple(ordered(each) for each in bound)
        self.key = key
        self.number = number

    def at(self, second: int) -> Self:
        """The same subject as it stood at a second."""
        last = (facts[-1].at for facts in (self.events, *self.bound) if facts)
        if max(last, default=second) <= second:
            return self
        bound = (until(each, second) for each in self.bound)
        known = [each for each in bound if each]
        return type(self)(until(self.events, second), self.policy, known, self.key, self.number)

    def own(self, kind: type[T]) -> Iterator[T]:
        """The subject's own facts of a kind, in order."""
        return (event for event in self.events if isinstance(event, kind))

    def of_others(self, kind: type[T]) -> Iterator[T]:
        """The facts of a kind of the subjects it is bound to, in order of their dates."""
        found = (event for facts in self.bound for event in facts if isinstance(event, kind))
        return iter(sorted(found, key=lambda event: (event.at, event.id)))
