"""Like with like: which changes are compared with which, by repository and size, and how much each kind counts.

Importing this module imports numpy.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from exporter.diagnosis.survival import Flags, Floats, Whole
from exporter.measures.cycle import SIZE

FEWEST = 20
"""Changes that became ready in each period and whose size is known, below which a stratum is none of its own."""

SIZED = 0.5
"""Share of the merged changes of a repository whose size is known, in each period, below which sizes are left alone."""

BOUNDS = np.array(SIZE.bounds)
BUCKETS = len(SIZE.bounds) + 1
REST = -1
"""The repositories that have too few changes each."""


class Strata(NamedTuple):
    """``of`` gives each change its stratum, -1 where its size is not known and its repository has several.

    ``first`` and ``several``: the strata of the change's repository, which has one where sizes are left alone. ``mix``
    is how much each stratum counts: its part of the baseline's changes, adding up to 1. ``parts`` are the sized changes
    in each period (two rows) and stratum.
    """

    of: Whole
    first: Whole
    several: Whole
    mix: Floats
    parts: Floats


def strata(repositories: Whole, lines: Whole, merged: Sequence[bool], period: Whole) -> Strata:
    """From each change's repository, lines (-1 unknown) and the period it became ready in (0, 1, or neither)."""
    landed = np.asarray(merged, dtype=np.bool_)
    group = _groups(repositories, period)
    bucket = np.where(lines < 0, -1, np.searchsorted(BOUNDS, lines))
    of, first, count = (np.full(len(lines), -1), np.zeros(len(lines), np.int64), np.ones(len(lines), np.int64))
    made = 0
    shares: list[float] = []
    for name in np.unique(group):
        here = group == name
        places = _buckets(bucket[here], landed[here], period[here])
        many = int(places.max()) + 1
        of[here] = made + (np.where(bucket[here] < 0, -1 - made, places[bucket[here]]) if many > 1 else 0)
        first[here], count[here] = made, many
        ready = float(np.sum(here & (period == 0)))
        sized = np.bincount(of[here & (period == 0) & (of >= made)] - made, minlength=many).astype(float)
        shares += list(ready * (sized / sized.sum() if sized.sum() else np.full(many, 1 / many)))
        made += many
    mix = np.array(shares) if made else np.ones(1)
    whole = mix.sum()
    told = np.zeros((2, max(made, 1)))
    for each in (0, 1):
        told[each] = np.bincount(of[(of >= 0) & (period == each)], minlength=max(made, 1))
    return Strata(of, first, count, mix / whole if whole else np.full(len(mix), 1 / len(mix)), told)


def _groups(repositories: Whole, period: Whole) -> Whole:
    """The repository where it has enough changes in both periods, else the rest."""
    names, place = np.unique(repositories, return_inverse=True)
    enough = np.ones(len(names), np.bool_)
    for each in (0, 1):
        enough &= np.bincount(place[period == each], minlength=len(names)) >= FEWEST
    return np.where(enough[place], place, REST)


def _buckets(bucket: Whole, merged: np.ndarray, period: Whole) -> Whole:
    """Which stratum each bucket of sizes belongs to: neighbours are brought together until both periods have enough."""
    counts = np.zeros((2, BUCKETS), np.int64)
    for each in (0, 1):
        here = period == each
        counts[each] = np.bincount(bucket[here & (bucket >= 0)], minlength=BUCKETS)
        landed = int(np.sum(here & merged))
        if landed and np.sum(here & merged & (bucket >= 0)) < SIZED * landed:
            return np.zeros(BUCKETS, np.int64)
    places, current, gathered = np.zeros(BUCKETS, np.int64), 0, np.zeros(2, np.int64)
    for number in range(BUCKETS):
        left = counts[:, number:].sum(axis=1)
        if np.all(gathered >= FEWEST) and np.all(left >= FEWEST):
            current, gathered = current + 1, np.zeros(2, np.int64)
        places[number] = current
        gathered += counts[:, number]
    return places


def spread(
    strata: Strata, period: int, changes: Whole, seconds: Floats | None = None, ended: Flags | None = None
) -> tuple[Whole, Whole, Floats]:
    """Rows (places in ``changes``), their strata and the part each counts there.

    A change of unknown size is spread over the strata of its repository as those changes of the period are whose size
    is known; a stay that is not over yet, as those of them that lasted longer: large changes stay longer.
    """
    of = strata.of[changes]
    unsized = np.flatnonzero(of < 0)
    sized = np.flatnonzero(of >= 0)
    rows, places, parts = [sized], [of[sized]], [np.ones(len(sized))]
    for first in np.unique(strata.first[changes[unsized]]):
        here = unsized[strata.first[changes[unsized]] == first]
        many = int(strata.several[changes[here[0]]])
        weights = np.tile(strata.parts[period, first : first + many], (len(here), 1))
        if seconds is not None and ended is not None:
            longer = np.array(
                [_longer(seconds[sized[of[sized] == first + each]], seconds[here]) for each in range(many)]
            )
            told = ~ended[here] & (longer.sum(axis=0) > 0)
            weights[told] = longer.T[told]
        weights[weights.sum(axis=1) == 0] = strata.mix[first : first + many] + 1e-12
        weights /= weights.sum(axis=1, keepdims=True)
        rows.append(np.repeat(here, many))
        places.append(np.tile(np.arange(first, first + many), len(here)))
        parts.append(weights.ravel())
    return np.concatenate(rows), np.concatenate(places), np.concatenate(parts)


def _longer(known: Floats, than: Floats) -> Whole:
    """How many of the known are longer than each."""
    return len(known) - np.searchsorted(np.sort(known), than, side="right")
