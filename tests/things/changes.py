"""Random changes with what they are bound to: deployments, runs, issues, and changes that take back or mend."""

import msgspec
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR
from exporter.model import Actor, Committed, Fact, Labelled, Linked, Merged, Naming, Opened, Referred, Thing
from tests.stories import START, changes
from tests.things import deployments, issues, runs
from tests.things.base import NUMBER, SHAS, Case, Other, shas, subject, times


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """The facts of one change as ``tests.stories`` makes them up, with commits that others may name."""
    told: list[Fact] = []
    for event in draw(changes):
        match event:
            case Merged():
                told.append(msgspec.structs.replace(event, sha=draw(st.sampled_from((SHAS[0], SHAS[0], SHAS[2], "")))))
            case Committed():
                told.append(msgspec.structs.replace(event, sha=draw(shas)))
            case _:
                told.append(event)
    for place in range(draw(st.sampled_from((0, 1, 1, 2)))):
        at = draw(st.one_of(st.sampled_from([event.at for event in told]), times)) if told else START
        numbers = tuple(draw(st.sets(st.integers(FIRST, FIRST + 3), max_size=2)))
        keys = tuple(draw(st.sets(st.sampled_from(issues.KEYS[1:]), max_size=1)))
        told.append(Linked(f"linked{place}", at, numbers, keys))
    return told


@st.composite
def other_facts(draw: st.DrawFn) -> list[Fact]:
    """A change that names commits and changes, wears labels or not, and may be merged or not."""
    opened = draw(times)
    told: list[Fact] = [Opened("opened", opened, Actor("ann"), False, "topic", "main")]
    for place in range(draw(st.integers(0, 2))):
        commits = tuple(sha[: draw(st.sampled_from((7, 12, 40)))] for sha in draw(st.lists(shas, max_size=2)))
        changes = draw(st.sampled_from(((), (NUMBER,), (3,))))
        at = opened + draw(st.sampled_from((0, 1, HOUR, 29 * DAY, 31 * DAY)))
        told.append(Referred(f"referred{place}", at, draw(st.sampled_from(Naming)), commits, changes))
    if draw(st.booleans()):
        told.append(Committed("commit", opened, draw(shas), opened, ("A", "A"), ("a@b.c", "a@b.c"), "ann", ()))
    if draw(st.sampled_from((True, True, False))):
        told.append(Merged("merged", max(opened, draw(times)), draw(shas)))
    for place, label in enumerate(draw(st.lists(st.sampled_from(("bug", "hotfix", "invalid")), max_size=2))):
        told.append(
            Labelled(f"label{place}", max(opened, draw(times)), label, draw(st.sampled_from((True, True, False))))
        )
    return told


def other(number: int) -> st.SearchStrategy[Other]:
    """A change that something else may be bound to."""
    return other_facts().map(lambda events: Other(subject(Thing.CHANGE, number), events))


FIRST = 100
"""The number of the first of the others."""
OTHERS = (other, other, issues.other, issues.other, issues.abroad, deployments.other, deployments.other, runs.other)


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    kinds = draw(st.lists(st.sampled_from(OTHERS), max_size=4))
    others = tuple(draw(kind(number)) for number, kind in enumerate(kinds, start=FIRST))
    return Case(subject(Thing.CHANGE, NUMBER), draw(facts()), others)


cases = _cases()
