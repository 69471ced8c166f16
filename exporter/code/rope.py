"""A file as runs of lines of one birth: enough to say which commit a line came from, and no text.

A run is (number of lines, birth); a birth is the number of a commit, or ``OLD``. A file whose beginnings are not known
is one endless run of old lines.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

OLD = -1
ENDLESS = 1 << 60

Run = tuple[int, int]
UNKNOWN: tuple[Run, ...] = ((ENDLESS, OLD),)


def joined(runs: Iterable[Run]) -> list[Run]:
    """The same lines in the fewest runs."""
    told: list[Run] = []
    for count, birth in runs:
        if not count:
            continue
        if told and told[-1][1] == birth:
            told[-1] = (told[-1][0] + count, birth)
        else:
            told.append((count, birth))
    return told


def births(runs: Sequence[Run], spans: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The births of the lines ``[at, at + count)`` of each span; spans are in order and do not overlap.

    Raises:
        IndexError: a span reaches past the file's end.
    """
    told, place, start = [], 0, 0
    for at, count in spans:
        found: list[int] = []
        while len(found) < count:
            length, birth = runs[place]
            if start + length <= at:
                start += length
                place += 1
                continue
            take = min(start + length - at, count - len(found))
            found += [birth] * take
            at += take
        told.append(found)
    return told


def spliced(runs: Sequence[Run], edits: Iterable[tuple[int, int, Iterable[Run]]]) -> list[Run]:
    """The file after edits ``(at, gone, runs that came)``, by places of the file before; in order, not overlapping.

    Raises:
        ValueError: an edit reaches past the file's end.
    """
    told: list[Run] = []
    rest = list(reversed(runs))
    place = 0
    for at, gone, came in edits:
        told += _taken(rest, at - place)
        _taken(rest, gone)
        told += came
        place = at + gone
    return joined([*told, *reversed(rest)])


def _taken(rest: list[Run], count: int) -> list[Run]:
    """The first lines of a reversed file, which loses them."""
    told: list[Run] = []
    while count:
        if not rest:
            raise ValueError("a hunk reaches past the end of its file")
        length, birth = rest.pop()
        take = min(length, count)
        # Nobody counts the lines of what is endless.
        if length > take:
            rest.append((length if length == ENDLESS else length - take, birth))
        told.append((take, birth))
        count -= take
    return told


def from_births(each: Sequence[int]) -> list[Run]:
    """Lines of these births, as runs."""
    edges = [0, *(place for place, (one, other) in enumerate(pairwise(each), 1) if one != other), len(each)]
    return [(end - begin, each[begin]) for begin, end in pairwise(edges)] if each else []
