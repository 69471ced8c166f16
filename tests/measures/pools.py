"""Pools of readings as the summaries are given them."""

from collections.abc import Iterable, Mapping

from exporter.catalogue import DAY, Metric, Pool
from exporter.measures.windows import WINDOWS

Part = Mapping[tuple[Metric, tuple[str, ...]], Iterable[int]]


def pool(*parts: Part, window: str = "28d") -> Pool:
    """Each repository's values by metric and labels, all dated in the window."""
    told = [
        {
            (row.name, labels): [(day * DAY, value) for day, value in enumerate(values)]
            for (row, labels), values in each.items()
        }
        for each in parts
    ]
    return Pool(window, WINDOWS[window], told)


def gauges(summary, given: Pool, scope: str = "team") -> dict[tuple[str, ...], float]:
    """What a summary tells of one scope: value by name and labels."""
    found = {}
    for twin, labels, value in summary(given):
        row = twin.of(scope)
        if row is not None:
            assert len(labels) + 1 == len(row.labels), row.name
            found[row.name, *map(str, labels)] = value
    return found
