"""A pretend organisation whose truth is known: how long its developers really worked, and on what.

Everybody works in sessions of a few commits; CI runs for each. Some commits are red, and the next one mends the test,
the product or both, or a rerun passes. Lines are written in proportion to time. What the exporter would be told of it
is in ``changes`` and ``lines``; what really happened is in ``truth``, in seconds.
"""

import random
from collections import Counter
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.model import Actor, Committed, Fact, FilesChanged, Merged, Opened, Ran, Result, Worked
from tests.stories import START

WEEKS = 12
TESTS, NEW, PRODUCT = "tests/test_a.py", "tests/test_b.py", "src/a.py"


class Organisation(NamedTuple):
    """Facts of changes, facts of their branches, and seconds by what they were really spent on."""

    changes: list[list[Fact]]
    lines: list[list[Fact]]
    truth: Counter[str]


class _Commit(NamedTuple):
    at: int
    took: int
    kind: str


def organisation(seed: int, *, developers: int = 10, red: float = 0.25, spec: float = 0.3) -> Organisation:
    """Make one from a seed; it works for twelve weeks.

    ``red``: the chance that a commit is red; ``spec``: the part of edits of old tests that the product's new behaviour
    asked for, which is no maintenance though nothing in the lines shows it.
    """
    chance = random.Random(seed)
    made = Organisation([], [], Counter())
    for developer in range(developers):
        when = START + 9 * HOUR + chance.randrange(2 * HOUR)
        number = 0
        while when < START + WEEKS * 7 * DAY:
            number += 1
            name = f"d{developer}n{number}"
            commits = _session(chance, when, red)
            _state(made, chance, name, f"dev{developer}", commits, spec)
            when += chance.randrange(1, 4) * DAY
            when -= (when - START) % DAY - 9 * HOUR - chance.randrange(3 * HOUR)
    return made


def _session(chance: random.Random, start: int, red: float) -> list[_Commit]:
    """A day's commits: the first after five minutes to an hour, further ones half an hour apart or so."""
    commits: list[_Commit] = []
    kind = "feature"
    for place in range(chance.randrange(1, 7)):
        if place == 0:
            took = chance.randrange(5 * MINUTE, HOUR)
        else:
            took = min(110 * MINUTE, 12 * MINUTE + int(chance.expovariate(1 / (25 * MINUTE))))
        start += took
        commits.append(_Commit(start, took, kind))
        kind = "feature"
        if chance.random() < red:
            kind = chance.choice(("test_fix", "test_fix", "true_catch", "mixed", "flake"))
    return commits


def _state(
    made: Organisation, chance: random.Random, name: str, author: str, commits: list[_Commit], spec: float
) -> None:
    lines: Counter[str] = Counter()
    branch: list[Fact] = []
    told: list[Fact] = [Opened("opened", commits[0].at, Actor(author), False, name, "main")]
    for place, commit in enumerate(commits):
        files = _written(chance, commit)
        lines.update(files)
        _remember(made.truth, commit, spec)
        sha = f"{name}c{place}"
        told.append(Committed(f"commit:{sha}", commit.at, sha, commit.at, ("", ""), ("", ""), author, ()))
        following = commits[place + 1].kind if place + 1 < len(commits) else "feature"
        _attempts(branch, name, place, commit, following, chance)
        if commit.kind in ("test_fix", "true_catch", "mixed"):
            rows = tuple((path, count, count) for path, count in sorted(files.items()))
            green = next(fact for fact in branch if isinstance(fact, Ran) and fact.sha == sha)
            if green.result is Result.SUCCESS:
                branch.append(
                    Worked(f"w{place}", green.at, f"{name}c{place - 1}", sha, rows, ((sha, commit.at, author, ()),))
                )
    merged = commits[-1].at + chance.randrange(HOUR, 20 * HOUR)
    rows = tuple((path, count, 0 if path == NEW else count) for path, count in sorted(lines.items()))
    told += [Merged("merged", merged, f"{name}m"), FilesChanged("files", merged, rows)]
    made.changes.append(told)
    made.lines.append(branch)


def _written(chance: random.Random, commit: _Commit) -> dict[str, int]:
    """Lines by file; a line of a new test is one line, an edited line of anything else is a line on either side."""
    lines = commit.took // 10
    match commit.kind:
        case "test_fix":
            return {TESTS: lines}
        case "true_catch":
            return {PRODUCT: lines}
        case "mixed":
            return {TESTS: lines // 2, PRODUCT: lines - lines // 2}
        case _:
            part = lines // 5
            return {TESTS: part, NEW: 2 * part, PRODUCT: lines - 2 * part}


def _remember(truth: Counter[str], commit: _Commit, spec: float) -> None:
    truth["all"] += commit.took
    match commit.kind:
        case "test_fix":
            truth["test_fix"] += commit.took
            truth["maintenance"] += commit.took
            truth["old test lines"] += commit.took
        case "mixed":
            truth["maintenance"] += commit.took // 2
            truth["old test lines"] += commit.took // 2
        case "true_catch":
            pass
        case _:
            truth["maintenance"] += int(commit.took / 5 * (1 - spec))
            truth["old test lines"] += commit.took // 5


def _attempts(
    branch: list[Fact], name: str, place: int, commit: _Commit, following: str, chance: random.Random
) -> None:
    """CI for one commit: red where the next one mends it; red and green on the same commit where nothing does."""
    end = commit.at + chance.randrange(5 * MINUTE, 10 * MINUTE)
    sha = f"{name}c{place}"
    is_red = following != "feature"
    result = Result.FAILURE if is_red else Result.SUCCESS
    red = ("unit",) if is_red else ()
    branch.append(Ran(f"r{place}", end, "ci", name, False, sha, 1, result, commit.at, commit.at + 30, red))
    if following == "flake":
        branch.append(Ran(f"r{place}b", end + 60, "ci", name, False, sha, 2, Result.SUCCESS, end, end + 10))
