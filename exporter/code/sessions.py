"""Time at work as commits show it, and how much of it went into tests: the upper bound of test maintenance.

After git-hours (https://github.com/kimmobrunfeldt/git-hours): commits of one author that follow each other closely are
one session, and the time between two of them went into the second. Everything takes plain values, so that commits of a
clone and commits an API tells of are measured alike.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple, Protocol

JOINS = 120 * 60
"""Seconds between two commits of one author up to which the second belongs to the first one's session."""
FIRST = 30 * 60
"""Seconds a session's first commit is believed to have taken; git-hours' own default of two hours is generous."""
DAY = 86_400
MOST = 8 * 3600
"""Seconds of one author's UTC day that are believed."""


class Authored(NamedTuple):
    """One commit: ``at`` is its author date (Unix seconds), ``author`` any key that is the same for one person.

    ``agent``: an autonomous agent wrote it, so it took no person's time. Merges are not work of their own and are best
    not stated at all.
    """

    key: str
    author: str
    at: int
    agent: bool = False


class Work(NamedTuple):
    """Seconds spent on test lines: updating what was there, and writing what was not."""

    update: int
    new: int


class Paths(Protocol):
    """What this module needs of the policy."""

    def counted(self, path: str) -> bool:
        """Whether somebody wrote the file's lines by hand."""
        ...

    def is_test(self, path: str) -> bool:
        """Whether the file is a test, or belongs to one."""
        ...


def session_seconds(commits: Iterable[Authored], most: int = MOST) -> dict[str, int]:
    """Seconds of work by commit key; a key stated twice counts once.

    A commit within 120 minutes of the same author's commit before it took the time between; any other took 30 minutes.
    No author-day exceeds ``most``, 8 hours: what comes after that took 0. An agent's commit takes 0 and joins nothing.
    A commit's value depends on its author's earlier commits only, so that one more commit changes no earlier value.
    """
    unique = {commit.key: commit for commit in commits}
    seconds = dict.fromkeys(unique, 0)
    ordered = sorted(unique.values(), key=lambda commit: (commit.author, commit.at, commit.key))
    people = (commit for commit in ordered if not commit.agent)
    for _, own in groupby(people, key=lambda commit: commit.author):
        before, day, left = None, None, 0
        for commit in own:
            if commit.at // DAY != day:
                day, left = commit.at // DAY, most
            joins = before is not None and commit.at - before <= JOINS
            took = min(left, commit.at - before if joins and before is not None else FIRST)
            seconds[commit.key] = took
            left -= took
            before = commit.at
    return seconds


def updated(added: int, deleted: int) -> int:
    """The lines of a file's edit that touched what was there: replaced ones on both sides, and those that only went."""
    return 2 * min(added, deleted) + max(deleted - added, 0)


def work_on_tests(files: Iterable[tuple[str, int, int]], seconds: int, paths: Paths) -> Work:
    """The part of ``seconds`` spent on test lines, by (path, added, deleted) of each file.

    Time goes to lines in proportion, all files by hand together: documents were written in that time too. An edit of
    ``a`` added and ``d`` deleted lines is 2 min(a, d) + max(d - a, 0) lines of update and max(a - d, 0) new ones, which
    together are a + d; so a new file is all new, and a deleted test all update. Rounded down: both parts together never
    exceed ``seconds``.
    """
    lines = update = new = 0
    for path, added, deleted in files:
        if not paths.counted(path):
            continue
        lines += added + deleted
        if paths.is_test(path):
            update += updated(added, deleted)
            new += max(added - deleted, 0)
    return Work(seconds * update // lines, seconds * new // lines) if lines else Work(0, 0)
