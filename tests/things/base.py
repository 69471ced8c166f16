"""A subject with those it may be bound to, and who is bound by a second: what the store does, in a few lines."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.model import EVERYWHERE, JOINS, Fact, Subject, Thing, bonds, elsewhere
from exporter.policy import Policy
from exporter.story import Story
from tests.stories import START

NUMBER = 7
"""The number of the change whose story it is."""
SHAS = ("a1" * 20, "a1a1a1a" + "b" * 33, "c3" * 20, "d4" * 20)
"""Few enough that random facts meet; the first two begin with the same seven characters."""


class Other(NamedTuple):
    """Another subject and its facts, in any order."""

    subject: Subject
    events: Sequence[Fact]


class Case(NamedTuple):
    """A subject, its facts in any order, and others of its repository, bound to it or not."""

    subject: Subject
    events: Sequence[Fact]
    others: tuple[Other, ...] = ()


def subject(thing: Thing, number: int = 0, repository: str = "R") -> Subject:
    """A subject of the one repository, or of another."""
    return Subject(repository, f"{thing}{number}", number, thing)


def bound_at(case: Case, second: int) -> list[list[Fact]]:
    """The facts dated at or before a second of those that such facts bind to the case's subject."""
    own = bonds(case.subject, [event for event in case.events if event.at <= second])
    found = []
    for other in case.others:
        known = [event for event in other.events if event.at <= second]
        here = other.subject.repository == case.subject.repository
        shared = [kind for kind, _ in own & bonds(other.subject, known) if here or kind in EVERYWHERE]
        if any(other.subject.thing in JOINS.get((case.subject.thing, kind), ()) for kind in shared):
            found.append(known if here else elsewhere(known))
    return found


def story_at(case: Case, policy: Policy, second: int) -> Story:
    """The case as the measures see it when nothing later than a second is known."""
    kind = Change if case.subject.thing is Thing.CHANGE else Story
    return kind(
        [event for event in case.events if event.at <= second],
        policy,
        bound_at(case, second),
        case.subject.key,
        case.subject.number,
    )


def dates(case: Case) -> set[int]:
    """The dates of all facts of a case."""
    return {event.at for facts in (case.events, *(other.events for other in case.others)) for event in facts}


times = st.builds(
    lambda days, more: START + days * DAY + more,
    st.sampled_from((0, 0, 1, 2, 13, 29, 30, 31, 60, 90, 95)),
    st.sampled_from((0, 1, 59, HOUR - 1, HOUR, HOUR + 1, 5 * HOUR)),
)
"""Dates at which rules tend to change their mind."""
shas = st.sampled_from(SHAS)
