"""Spans of time, from one second to a later one."""

from collections.abc import Iterable

Span = tuple[int, int]


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not overlap, in order: what lies in several of them is there once."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif begin < end:
            found.append((begin, end))
    return found


def within(spans: Iterable[Span], begin: int, end: int) -> int:
    """How many seconds of disjoint spans lie between two others."""
    return sum(max(0, min(end, last) - max(begin, first)) for first, last in spans)
