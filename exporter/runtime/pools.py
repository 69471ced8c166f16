"""What window summaries are given: dated readings by window, of one repository or of several together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain

from exporter.catalogue import DAY, Dated, Labels, Pool
from exporter.measures.windows import WINDOWS
from exporter.policy import Policy
from exporter.runtime.sums import Readings

LONGEST_WINDOW = 90 * DAY
LONGEST_FIRST = sorted(WINDOWS, key=lambda window: -WINDOWS[window])

Part = Mapping[str, list[Dated]]
"""A repository's readings within a window, by metric."""


def parts_of(key: int, windowed: Iterable[tuple[str, Labels, int, Readings]]) -> Mapping[str, Part]:
    """The dated readings of a repository within each window."""
    found: dict[str, defaultdict[str, list[Dated]]] = {window: defaultdict(list) for window in LONGEST_FIRST}
    lengths = [WINDOWS[window] for window in found]
    for metric, labels, end, readings in windowed:
        if readings.count(end, LONGEST_WINDOW):
            for part, dated in zip(found.values(), readings.dated(end, lengths), strict=True):
                part[metric].append(Dated(key, labels, end, *dated))
    return found


def pooled(window: str, parts: Iterable[Part], policy: Policy) -> Pool:
    """The readings of several repositories within a window."""
    together: defaultdict[str, list[Dated]] = defaultdict(list)
    for metric, dated in chain.from_iterable(part.items() for part in parts):
        together[metric] += dated
    return Pool(window, WINDOWS[window], together, policy)
