"""One workflow on one branch, attempt after attempt: where it was red, and which commit turned it green.

Attempts are read in the order in which they ended (``at``, then when they were asked for, attempt, id), so that what
is said at a second depends on nothing that ended later. Commits, however, are in the order in which their first
attempts were asked for: an attempt on an older commit than the newest that was judged says nothing any more, however
late it ends. An attempt judges its commit when it is green (success) or red (failure, timeout); one that was cancelled,
skipped or could not start says nothing about the code.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from exporter.model import Fact, Ran, Result, Worked

GREEN = frozenset({Result.SUCCESS})
RED = frozenset({Result.FAILURE, Result.TIMEOUT})


class Mended(NamedTuple):
    """A red attempt and the next judgement, which was green: of the same commit (a flake), or of another one."""

    red: Ran
    green: Ran

    @property
    def flake(self) -> bool:
        """Nothing was changed in between."""
        return self.red.sha == self.green.sha


def attempts(events: Iterable[Fact]) -> list[Ran]:
    """The attempts among the facts of a line, in the order in which they are read; a repeated id counts once."""
    unique = {event.id: event for event in events if isinstance(event, Ran)}
    return sorted(unique.values(), key=lambda ran: (ran.at, ran.asked, ran.attempt, ran.id))


def mended(events: Iterable[Fact]) -> Iterator[Mended]:
    """Each time the line turned from red to green, in the order of the green attempts' ends.

    Where several commits were red one after another, the last of them is told: what came after it made it green.
    """
    first: dict[str, int] = {}
    newest: Ran | None = None
    for ran in attempts(events):
        asked = first[ran.sha] = min(ran.asked, first.get(ran.sha, ran.asked))
        if ran.result not in GREEN | RED or (newest is not None and asked < first[newest.sha]):
            continue
        if newest is not None and newest.result in RED and ran.result in GREEN:
            yield Mended(newest, ran)
        newest = ran


def gaps(events: Iterable[Fact], since: int = 0) -> list[tuple[str, str, int]]:
    """What lies between which commits (base, head) is not known, and the date it is to be told under.

    ``since``: only what turned green from that second on; for a line with a month of its own that is ``begins(key)``.
    """
    facts = list(events)
    known = {(event.base, event.head) for event in facts if isinstance(event, Worked)}
    found: dict[tuple[str, str], int] = {}
    for red, green in mended(facts):
        pair = (red.sha, green.sha)
        if red.sha != green.sha and green.at >= since and pair not in known:
            found.setdefault(pair, green.at)
    return [(base, head, at) for (base, head), at in found.items()]
