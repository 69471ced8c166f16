"""Search for pull requests and issues, as far as the exporter uses its language.

https://docs.github.com/search-github/searching-on-github/searching-issues-and-pull-requests
"""

import re
import shlex
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.double.facts import MERGED, OPEN, PullRequest
from tests.double.world import World, seconds

LIMIT = 1000
"""The most results a search gives out, whatever it counts."""

FOREVER = 1 << 40
KINDS = ("pr", "issue")
STATES = {
    "open": lambda state: state == OPEN,
    "closed": lambda state: state != OPEN,
    "merged": lambda state: state == MERGED,
    "unmerged": lambda state: state != MERGED,
}
FLAGS: dict[str, Callable[[PullRequest], bool]] = {
    "archived": lambda pull: pull.repository.archived,
    "draft": lambda pull: bool(pull.indexed and pull.indexed[2]),
}
DATES: dict[str, Callable[[PullRequest], int | None]] = {
    "updated": lambda pull: pull.indexed[0] if pull.indexed else None,
    "created": lambda pull: pull.created,
    "closed": lambda pull: pull.closed,
    "merged": lambda pull: pull.merged,
}


@dataclass
class Search:
    """A parsed query: half-open time ranges, scopes of which one must hold, tests which all must, and the order."""

    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    repositories: set[str] = field(default_factory=set)
    tests: list[Callable[[PullRequest], bool]] = field(default_factory=list)
    kind: str = "pr"
    order: str = "created"
    descending: bool = True


def parse(text: str) -> Search:
    """Reads a query.

    Raises:
        ValueError: A word GitHub might know and the double does not, so that no test passes on a word passed over.
    """
    query = Search()
    for word in shlex.split(text):
        name, colon, value = word.partition(":")
        if not colon or not value:
            raise ValueError(f"the double does not search for plain words: {word!r}")
        if name in ("org", "user"):
            query.owners.add(value.lower())
        elif name == "repo":
            query.repositories.add(value.lower())
        elif name in ("is", "type") and value in KINDS:
            query.kind = value
        elif name in ("is", "state") and value in STATES:
            query.tests.append(_state(value))
        elif name in DATES:
            query.ranges[name] = _meet(query.ranges.get(name), dates(value))
        elif name in FLAGS and value in ("true", "false"):
            query.tests.append(_flag(name, value == "true"))
        elif name == "sort" and (found := re.fullmatch(r"(updated|created)(?:-(asc|desc))?", value)):
            query.order, query.descending = found[1], found[2] != "asc"
        else:
            raise ValueError(f"the double does not know the qualifier {word!r}")
    return query


def dates(value: str) -> tuple[int, int]:
    """The half-open range of seconds that ``A..B``, ``>=A``, ``>A``, ``<A``, ``<=A`` or ``A`` names."""
    for sign, low, high in ((">=", 0, None), ("<=", None, 1), (">", 1, None), ("<", None, 0)):
        if value.startswith(sign):
            edge = _span(value.removeprefix(sign))
            return (0, edge[high]) if low is None else (edge[low], FOREVER)
    first, dots, last = value.partition("..")
    if not dots:
        return _span(value)
    return 0 if first == "*" else _span(first)[0], FOREVER if last == "*" else _span(last)[1]


def _span(moment: str) -> tuple[int, int]:
    """The first second of a moment or day, and the first after it."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", moment):
        day = datetime.fromisoformat(moment + "T00:00:00Z")
        return int(day.timestamp()), int((day + timedelta(days=1)).timestamp())
    if not re.search(r"(Z|[+-]\d\d:?\d\d)$", moment):
        raise ValueError(f"a moment without a zone: {moment!r}")
    at = seconds(moment)
    return at, at + 1


def _meet(one: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    return other if one is None else (max(one[0], other[0]), min(one[1], other[1]))


def _state(value: str) -> Callable[[PullRequest], bool]:
    test = STATES[value]
    return lambda pull: test(pull.indexed[1])


def _flag(name: str, wanted: bool) -> Callable[[PullRequest], bool]:
    test = FLAGS[name]
    return lambda pull: test(pull) is wanted


def found(world: World, query: Search, sees: Callable[[Any], bool]) -> list[Any]:
    """The pull requests or issues a query finds, in its order; ``sees`` is what the caller may see."""
    by = "updated" if "updated" in query.ranges else "created"
    times, pulls = world.by(by, query.kind)
    low, high = query.ranges.get(by, (0, FOREVER))
    tests = [sees, *query.tests]
    if query.owners or query.repositories:
        homes = {
            one.id
            for one in world.repositories.values()
            if one.name.lower() in query.repositories or one.owner.lower() in query.owners
        }
        tests.insert(0, lambda pull: pull.repository.id in homes)
    for name, (first, last) in query.ranges.items():
        tests.append(lambda p, at=DATES[name], first=first, last=last: first <= (at(p) or -1) < last)
    inside = pulls[bisect_left(times, low) : bisect_left(times, high)]
    kept = [pull for pull in inside if all(test(pull) for test in tests)]
    if query.order != by:
        kept.sort(key=lambda pull: (DATES[query.order](pull), pull.id))
    return kept[::-1] if query.descending else kept
