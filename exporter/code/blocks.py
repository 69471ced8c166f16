"""Blocks of five lines seen lately, to tell a copy from something new."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

BLOCK = 5
"""Lines of a block; blank ones do not count, and white space inside a line does not matter."""
TELLING = 10
"""Letters and digits a line needs to be recognised elsewhere: with fewer it is found in any file."""
DIFFERENT = 3
"""Telling lines of a block that have to differ from each other: brackets and tables of equal rows are no copies."""
MOST = 250_000
"""Blocks remembered, the latest ones: about as many as lines; 30 MB."""

_WORDLESS = bytes(each for each in range(128) if not chr(each).isalnum())


def telling(line: bytes) -> bool:
    """Whether a line without white space says enough to be recognised elsewhere."""
    return len(line) >= TELLING and len(line.translate(None, _WORDLESS)) >= TELLING


class Blocks:
    """How often each block was added and not yet removed. Beyond ``MOST`` the ones not added for longest are forgotten.

    A block that is only cut in two by an edit stays known, though it is not there as it was.
    """

    def __init__(self, saved: Iterable[tuple[int, int]] = ()) -> None:
        self._seen = dict(saved)

    def saved(self) -> list[tuple[int, int]]:
        """What is known, oldest first, for the constructor."""
        return list(self._seen.items())

    def forget(self, lines: Sequence[bytes]) -> None:
        """Lines without white space that were removed together."""
        for block, _, _ in _blocks(lines):
            count = self._seen.get(block, 0)
            if count > 1:
                self._seen[block] = count - 1
            elif count:
                del self._seen[block]

    def learn(self, lines: Sequence[bytes]) -> set[int]:
        """Lines without white space that were added together; gives the places of those inside a known block."""
        copied: set[int] = set()
        for block, first, last in _blocks(lines):
            count = self._seen.pop(block, 0)
            self._seen[block] = count + 1
            if count:
                copied.update(range(first, last + 1))
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        return copied


def _blocks(lines: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    """(hash, first place, last place) of every five lines in a row that are worth comparing."""
    places = [place for place, line in enumerate(lines) if line]
    if len(places) < BLOCK:
        return
    told = [lines[place] if telling(lines[place]) else None for place in places]
    for start in range(len(places) - BLOCK + 1):
        different = set(told[start : start + BLOCK])
        if len(different) - (None in different) >= DIFFERENT:
            block = [lines[place] for place in places[start : start + BLOCK]]
            digest = hashlib.blake2b(b"\n".join(block), digest_size=8).digest()
            yield int.from_bytes(digest, "big"), places[start], places[start + BLOCK - 1]
