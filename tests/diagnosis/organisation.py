"""An organisation as a row of queues: developers, reviewers, QA and releases, with AI from one day on.

Changes are begun at random (Poisson), coded, wait for a free reviewer, are reviewed, merged, tested by whoever of QA is
free, and deployed. Nothing but the number of servers and their speed decides where changes wait, so that where a gain
is absorbed is known beforehand.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace

from exporter.diagnosis.weeks import WEEK
from exporter.model import Origin, Stage
from exporter.passages import Passage, Spell

HOUR = 3600
START = 2600 * WEEK + 4 * 86400  # a Monday in 2019
KNOWN = START + 12 * WEEK
"""Nobody looks before; the queues begin empty and need some time to become what they are."""
ADOPTION = KNOWN + 22 * WEEK
AT = ADOPTION + 14 * WEEK
"""Twelve whole weeks, with two in which the organisation changes before them."""


@dataclass(frozen=True)
class Plan:
    """What differs from the adoption on; hours are means.

    ``reviewers`` and ``testers`` work on one change at a time, ``review`` and ``test`` hours each.
    """

    weekly: float = 30.0
    more: float = 1.0
    faster: float = 1.0
    coding: float = 20.0
    reviewers: int = 3
    added: int = 0
    review: float = 10.0
    answer: float = 8.0
    merging: float = 2.0
    testers: int = 3
    test: float = 10.0
    deploying: float = 10.0


def work(source: random.Random, mean: float) -> int:
    """Seconds of a task: gamma with shape two, so never quite none and seldom very long."""
    return round(source.gammavariate(2, mean / 2) * HOUR)


class Servers:
    """People who take one thing at a time, first come first served."""

    def __init__(self, count: int) -> None:
        self._free = [0] * count
        heapify(self._free)

    def add(self, since: int) -> None:
        self._free.append(since)
        heapify(self._free)

    def take(self, at: int, seconds: int) -> int:
        """When the work begins that comes at a second; whoever is free first does it."""
        begin = max(at, self._free[0])
        heapreplace(self._free, begin + seconds)
        return begin


@dataclass
class Way:
    """The seconds at which one change went from stage to stage."""

    began: int
    ready: int
    author: int
    lines: int
    commits: int
    origin: Origin
    reviewed: int = 0
    approved: int = 0
    merged: int = 0
    tested: int = 0
    cleared: int = 0
    produced: int = 0


def ways(plan: Plan, seed: int, until: int) -> list[Way]:
    """All changes begun before a second, to their very end."""
    source = random.Random(seed)
    made = list(_begun(plan, source, until))
    reviewers, added = Servers(plan.reviewers), not plan.added
    for way in sorted(made, key=lambda way: way.ready):
        if not added and way.ready >= ADOPTION:
            added = True
            for _ in range(plan.added):
                reviewers.add(ADOPTION)
        spent = work(source, plan.review)
        way.reviewed = reviewers.take(way.ready, spent)
        way.approved = way.reviewed + spent + work(source, plan.answer)
        way.merged = way.approved + work(source, plan.merging)
    testers = Servers(plan.testers)
    for way in sorted(made, key=lambda way: way.merged):
        spent = work(source, plan.test)
        way.tested = testers.take(way.merged, spent)
        way.cleared = way.tested + spent
        way.produced = way.cleared + work(source, plan.deploying)
    return made


def _begun(plan: Plan, source: random.Random, until: int) -> Iterator[Way]:
    second = float(START)
    while True:
        after = second >= ADOPTION
        second += source.expovariate(plan.weekly * (plan.more if after else 1) / WEEK)
        if second >= until:
            return
        began = round(second)
        marked = source.random() < (0.6 if began >= ADOPTION else 0.05)
        yield Way(
            began,
            began + work(source, plan.coding * (plan.faster if began >= ADOPTION else 1)),
            source.randrange(12),
            max(1, round(source.lognormvariate(4, 1.2))),
            1 if source.random() < 0.3 else 1 + source.randrange(1, 6),
            Origin.ASSISTED if marked else Origin.UNMARKED,
        )


def passage(way: Way, at: int) -> Passage:
    """What is known of a change at a second; it is proposed when its code is ready."""
    stages = (
        (Stage.CODING, way.began, way.ready),
        (Stage.PICKUP, way.ready, way.reviewed),
        (Stage.REVIEW, way.reviewed, way.approved),
        (Stage.MERGE_WAIT, way.approved, way.merged),
        (Stage.QA, way.merged, way.cleared),
        (Stage.DEPLOY_WAIT, way.cleared, way.produced),
    )
    spells = tuple(Spell(stage, begin, min(end, at) - begin, end <= at) for stage, begin, end in stages if begin <= at)
    return Passage(
        repository=1,
        origin=way.origin,
        author=f"dev{way.author}",
        began=way.began,
        ready=way.ready,
        merged=way.merged if way.merged <= at else None,
        closed=None,
        produced=way.produced if way.produced <= at else None,
        reviewed=way.reviewed <= at,
        lines=way.lines if way.merged <= at else None,
        commits=way.commits,
        spells=spells,
    )


def known(made: list[Way], at: int) -> list[Passage]:
    """The changes that were proposed by a second."""
    return [passage(way, at) for way in made if way.ready <= at]


def small(plan: Plan) -> Plan:
    """Six changes a week in place of thirty, and one reviewer, as busy as those were; the others have time."""
    return replace(plan, weekly=6.0, reviewers=1, review=plan.review * 5 / plan.reviewers)
