"""Where additional changes are: merged, given up, waiting for review, or waiting for production (definitions 150).

Counts of whole weeks, and what follows from them without any estimate: what became ready is what was merged, what was
given up and what the queue grew by.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from exporter.diagnosis.tally import Dates, Tally
from exporter.diagnosis.terms import Flow, Gate, Period
from exporter.diagnosis.weeks import WEEK, joined

LEAST_GROWTH = math.log(1.1)
"""Growth of ready changes per developer-week below which no part of it is told: one divides by it."""

LONGEST_STAY = 12 * WEEK
"""Seconds after which a change in review no longer counts for Little's law: it is not waiting, it is forgotten."""


def growth(before: float, now: float) -> float | None:
    """ln(now / before); None where either is 0."""
    return math.log(now / before) if before > 0 and now > 0 else None


def throughput_absorbed(rates: Sequence[float | None]) -> tuple[float, tuple[float, ...]] | None:
    """A_T = 1 - r_last / r_first, and the share (r_k-1 - r_k) / r_first of each step, which add up to it.

    ``rates`` are the growths r at the gates in their order. None where the first did not grow, or one is not known.
    """
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(rates) or not known or known[0] < LEAST_GROWTH:
        return None
    steps = tuple((a - b) / known[0] for a, b in pairwise(known))
    return 1 - known[-1] / known[0], steps


def flow(tally: Tally, before: Period, now: Period, releases: Sequence[int] = ()) -> Flow:
    """The identity of changes over the weeks of both periods, and how the gates' rates grew."""
    shipped = Dates(releases)
    gates = {"ready": tally.ready, "merged": tally.merged, "abandoned": tally.abandoned}
    if tally.known:
        gates["in_production"] = tally.produced
    if releases:
        gates["releases"] = shipped
    who = people(tally, before, now)
    told = {name: _gate(name, dates, before, now, who) for name, dates in gates.items()}
    parts = throughput_absorbed([told["ready"].growth, told["merged"].growth, _arrival(tally, before, now, who)])
    return Flow(
        gates=tuple(told.values()),
        waiting=(_grown(tally.ready, _left(tally), before), _grown(tally.ready, _left(tally), now)),
        undeployed=_undeployed(tally, before, now),
        unfollowed=_unfollowed(tally, before, now),
        absorbed=None if parts is None else parts[0],
        shares=() if parts is None else tuple(zip(("review", "deployment"), parts[1], strict=True)),
        utilisation=_utilisation(tally, now),
        little=little(tally, now.weeks),
    )


def people(tally: Tally, before: Period, now: Period) -> tuple[int, int]:
    """Authors of the last weeks of each period, as many of both: the more weeks, the more people are seen."""
    weeks = min(len(before.weeks), len(now.weeks))
    return tally.authors(before.weeks[-weeks:]), tally.authors(now.weeks[-weeks:])


def _gate(name: str, dates: Dates, before: Period, now: Period, who: tuple[int, int]) -> Gate:
    earlier, later = dates.within(before.weeks), dates.within(now.weeks)
    return Gate(name, earlier / len(before.weeks), later / len(now.weeks), _growth(earlier, later, before, now, who))


def _growth(earlier: int, later: int, before: Period, now: Period, who: tuple[int, int]) -> float | None:
    """Per developer-week: authors (``people``) times the weeks of the period."""
    if not all(who):
        return None
    return growth(earlier / who[0] / len(before.weeks), later / who[1] / len(now.weeks))


def _arrival(tally: Tally, before: Period, now: Period, who: tuple[int, int]) -> float | None:
    """Growth of the changes that came to the end of their way: to production, or merged where that is not known."""
    earlier, later = (
        tally.produced.within(each.weeks) + tally.merged.within(each.weeks) - tally.deployable.within(each.weeks)
        for each in (before, now)
    )
    return _growth(earlier, later, before, now, who)


def _left(tally: Tally) -> tuple[Dates, ...]:
    return tally.merged, tally.abandoned


def _grown(entered: Dates, left: tuple[Dates, ...], period: Period) -> int:
    """Changes in a queue at the end of each week less those at its begin, added up."""

    def standing(second: int) -> int:
        return entered.before(second) - sum(each.before(second) for each in left)

    return sum(standing(week + WEEK) - standing(week) for week in period.weeks)


def _undeployed(tally: Tally, before: Period, now: Period) -> tuple[int, int] | None:
    if not tally.known:
        return None
    ends = (tally.produced,)
    return _grown(tally.deployable, ends, before), _grown(tally.deployable, ends, now)


def _unfollowed(tally: Tally, before: Period, now: Period) -> tuple[int, int] | None:
    if not tally.known:
        return None
    earlier, later = (tally.merged.within(each.weeks) - tally.deployable.within(each.weeks) for each in (before, now))
    return earlier, later


def _utilisation(tally: Tally, now: Period) -> float | None:
    """Arrivals over first reviews (definitions 18); without any review there is nothing to be utilised."""
    served = tally.first_reviews.within(now.weeks)
    return tally.ready.within(now.weeks) / served if served else None


def waiting(tally: Tally, second: int) -> int:
    """How many changes waited for a first review at a second."""
    gone = tally.first_reviews.before(second) + tally.unreviewed.before(second)
    return tally.ready.before(second) - gone


def waiting_grew(tally: Tally, weeks: Sequence[int]) -> tuple[int, ...]:
    """By how many changes the queue for a first review grew in each of these weeks."""
    return tuple(waiting(tally, week + WEEK) - waiting(tally, week) for week in weeks)


def little(tally: Tally, weeks: Sequence[int]) -> float | None:
    """|WIP - lambda W| / WIP of the changes in review; None where none ever was.

    WIP is the mean number over these weeks, lambda the arrivals and W the mean stay of those that left in them.
    """
    runs = joined(weeks)
    first, last = runs[0][0], runs[-1][1]
    spans = [span for span in tally.stays(LONGEST_STAY) if span[1] >= first and span[0] < last]
    inside = sum(max(0, min(end, until) - max(begin, since)) for since, until in runs for begin, end in spans)
    left = [end - begin for begin, end in spans if any(since <= end < until for since, until in runs)]
    if not inside or not left:
        return None
    return abs(inside - tally.ready.within(weeks) * sum(left) / len(left)) / inside
