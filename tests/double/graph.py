"""The commits of a repository and how they descend from each other, and what GitHub tells when two are compared.

https://docs.github.com/rest/commits/commits#compare-two-commits
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

AT_ONCE = 250
"""Commits that an answer without ``per_page`` holds at the most."""


@dataclass(frozen=True, slots=True)
class Made:
    """A commit in the graph; ``at`` in seconds, ``files`` are (path, added, deleted)."""

    sha: str
    parents: tuple[str, ...]
    at: int
    author: str = "ann"
    message: str = "Work"
    files: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """What lies between two commits: ``ahead`` are those only the head has, oldest first, ``behind`` their opposite."""

    ahead: tuple[Made, ...]
    behind: tuple[Made, ...]

    @property
    def status(self) -> str:
        """GitHub's word."""
        if self.ahead:
            return "diverged" if self.behind else "ahead"
        return "behind" if self.behind else "identical"


@dataclass(slots=True, eq=False)
class Graph:
    """Commits by sha. A commit that no branch leads to any more is still found until it is collected."""

    commits: dict[str, Made] = field(default_factory=dict)

    def commit(self, *parents: str, sha: str = "", at: int = 0, **more: object) -> str:
        """Adds a commit (two parents: a merge) and tells its sha; ``more`` are fields of Made."""
        named = sha or hashlib.sha1(f"{len(self.commits)}/{parents}".encode(), usedforsecurity=False).hexdigest()
        self.commits[named] = Made(named, parents, at, **more)  # type: ignore[arg-type]
        return named

    def line(self, base: str, count: int, **more: object) -> list[str]:
        """Adds so many commits, one after the other, and tells their shas, oldest first."""
        made: list[str] = []
        for _ in range(count):
            made.append(self.commit(*([made[-1]] if made else [base] if base else []), **more))  # type: ignore[arg-type]
        return made

    def collect(self, *shas: str) -> None:
        """Loses commits for good, as a forge does with those that a force-push has left behind."""
        for sha in shas:
            del self.commits[sha]

    def compare(self, base: str, head: str) -> Compared | None:
        """What lies between two commits; None where one is unknown or nothing is common to both."""
        if base not in self.commits or head not in self.commits:
            return None
        of_base, of_head = set(self.history(base)), set(self.history(head))
        if not of_base & of_head:
            return None
        return Compared(self._ordered(of_head - of_base), self._ordered(of_base - of_head))

    def history(self, sha: str) -> Iterator[str]:
        """A commit and all it descends from, each once."""
        waiting, seen = [sha], set()
        while waiting:
            one = waiting.pop()
            if one not in seen and one in self.commits:
                seen.add(one)
                yield one
                waiting.extend(self.commits[one].parents)

    def _ordered(self, shas: set[str]) -> tuple[Made, ...]:
        return tuple(made for sha, made in self.commits.items() if sha in shas)
