"""Which repositories are left alone for a while, since they fail again and again."""

from collections.abc import Sequence

from exporter.store.base import RepositoryRow

LONGEST_REST = 60
"""Passes that a repository which fails again and again is left alone for at the most."""


class Resting:
    """Repositories that failed: tried again in the next pass, then after 1, 3, 7 ... passes of rest."""

    def __init__(self) -> None:
        self._failed: dict[int, int] = {}
        self._wait: dict[int, int] = {}

    def begin(self) -> None:
        """A pass begins."""
        self._wait = {each: left - 1 for each, left in self._wait.items() if left > 1}

    def rests(self, repository: int) -> bool:
        """Whether it is left alone in this pass."""
        return repository in self._wait

    def note(self, rows: Sequence[RepositoryRow], failed: set[int]) -> None:
        """How a pass went for some repositories; the ids that failed."""
        for row in rows:
            if row.id in failed:
                self._failed[row.id] = self._failed.get(row.id, 0) + 1
                self._wait[row.id] = min(LONGEST_REST, 2 ** (self._failed[row.id] - 1))
            else:
                self._failed.pop(row.id, None)
                self._wait.pop(row.id, None)
