"""Pools of readings as the summaries are given them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from exporter.catalogue import DAY, Dated, Metric, Pool
from exporter.measures.windows import WINDOWS

Part = Mapping[tuple[Metric, tuple[str, ...]], Iterable[int]]
Told = Mapping[tuple[str, tuple[str, ...]], Iterable[tuple[int, int]]]


def window_of(window: str, *parts: Told, ends: Sequence[int] = (), policy: object = None) -> Pool:
    """Each repository's dated values by metric and labels, and where its window ends."""
    readings = defaultdict(list)
    for number, (part, end) in enumerate(zip(parts, ends or [0] * len(parts), strict=True)):
        for (name, labels), told in part.items():
            at, values = zip(*sorted(told), strict=True) if told else ((), ())
            readings[name].append(Dated(number, labels, end, at, values))
    return Pool(window, WINDOWS[window], readings, policy)


def pool(*parts: Part, window: str = "28d") -> Pool:
    """Each repository's values by metric and labels, all dated in the window."""
    told = [
        {
            (row.name, labels): [(day * DAY, value) for day, value in enumerate(values)]
            for (row, labels), values in each.items()
        }
        for each in parts
    ]
    return window_of(window, *told)


def gauges(summary, given: Pool, scope: str = "team") -> dict[tuple[str, ...], float]:
    """What a summary tells of one scope: value by name and labels."""
    found = {}
    for twin, labels, value in summary(given):
        row = twin.of(scope)
        if row is not None:
            assert len(labels) + 1 == len(row.labels), row.name
            found[row.name, *map(str, labels)] = value
    return found
