"""Numbers for what a world knows by text: GitLab's ids are numbers."""

from collections import defaultdict
from itertools import count


class Ids:
    """A number for each kind and key, the same whenever it is asked for."""

    def __init__(self) -> None:
        self._next = count(1)
        self._known: dict[tuple[str, str], int] = defaultdict(lambda: next(self._next))
        self._keys: dict[int, str] = {}

    def of(self, kind: str, key: str) -> int:
        """The number of something."""
        found = self._known[kind, key]
        self._keys[found] = key
        return found

    def key(self, number: int) -> str | None:
        """What a number stands for."""
        return self._keys.get(number)
