"""What makes a diagnosis less certain than its intervals say: each doubt is a flag with its figures (definitions 152).

Most compare a share of both periods, or ask whether what was compared stood still.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean, pstdev

from exporter.catalogue import DAY, HOUR
from exporter.diagnosis.flow import waiting, waiting_grew
from exporter.diagnosis.tally import Tally
from exporter.diagnosis.telling import hours
from exporter.diagnosis.terms import Flag, Flow, Period
from exporter.statistics.interval import normal_quantile

Doubts = Iterator[tuple[Flag, str]]

POINTS = 0.1
"""A move of a share that matters, where the source says ten points."""
EPSILON = 0.25
"""Departure from Little's law above which averages of waits do not tell of the queue."""
WEEKS_GROWING = 4
WEEK_OF_ARRIVALS = 0.5
"""Part of a week's arrivals by which the queue grew, and doubled at least, when it no longer stands still."""
THIRD = 3
CERTAIN = 0.99
"""The level at which the share of one-commit changes has to have moved. It silences verdicts of every scope in every
week, and by chance alone a team of six changes a week would move by ten points in one comparison of five."""
TRAIN_VARIATION, TRAIN_GAPS, TRAIN_LEAST = 0.25, 4, 2 * DAY
"""Releases keep a timetable: gaps vary by less than a quarter of their mean, of four at least, of two days at least."""
UNKNOWN = 0.1
"""Share of the current weeks' merges in repositories without production that is worth saying."""


def of_periods(before: Period, now: Period, people: tuple[int, int]) -> Doubts:
    """What changed between the periods beside what is measured; ``people`` wrote changes in as many weeks of both."""
    if _moved(before.one_commit_share, now.one_commit_share) and _beyond_chance(before, now):
        told = _shares(before.one_commit_share, now.one_commit_share)
        text = f"Changes of one commit went {told}: their coding time is hardly seen, so the gain is not reliable."
        yield Flag.CODING_UNRELIABLE, text
    if (now.unreviewed_share or 0) - (before.unreviewed_share or 0) > POINTS:
        told = _shares(before.unreviewed_share or 0.0, now.unreviewed_share)
        yield Flag.UNREVIEWED_ROSE, f"Merges without a review went {told}: review may be skipped rather than quick."
    if people[0] and abs(people[1] - people[0]) * THIRD >= people[0]:
        yield Flag.TEAM_CHANGED, f"{people[0]} people proposed changes before, {people[1]} do now."
    if before.ai_share is not None and now.ai_share is not None and now.ai_share - before.ai_share < POINTS:
        told = _shares(before.ai_share, now.ai_share)
        text = (
            f"The share of changes with a marker of AI went {told}: the periods hardly differ in what is asked about."
        )
        yield Flag.LITTLE_CONTRAST, text


def of_queues(tally: Tally, flow: Flow, now: Period) -> Doubts:
    """Whether the review queue stood still enough for averages to mean something."""
    reasons = []
    if flow.little is not None and flow.little > EPSILON:
        reasons.append(f"the number of changes in review is {flow.little:.0%} off what arrivals and stays make it")
    if all(each > 0 for each in waiting_grew(tally, now.weeks[-WEEKS_GROWING:])):
        reasons.append(f"more changes came than were looked at in each of the last {WEEKS_GROWING} weeks")
    first, last = waiting(tally, now.start), waiting(tally, now.end)
    if last - first >= WEEK_OF_ARRIVALS * now.changes / len(now.weeks) and last >= 2 * first:
        reasons.append(f"{first} changes waited for a first review when these weeks began and {last} when they ended")
    if reasons:
        text = "; ".join(reasons)
        yield Flag.NOT_STATIONARY, f"{text[0].upper()}{text[1:]}: waits are longer than their averages say."


def of_production(tally: Tally, now: Period, releases: Sequence[int], since: int, at: int) -> Doubts:
    """Whether production is known, and whether it is come to by a timetable."""
    merged = [tally.follows(each) for each in tally.merged_in(now.weeks)]
    unknown = merged.count(False)
    if merged and unknown > UNKNOWN * len(merged):
        text = (
            f"Of {unknown} of {len(merged)} merged changes nothing tells when they are in production: "
            "their way ends at the merge."
        )
        yield Flag.PRODUCTION_UNKNOWN, text
    trains = sorted(each for each in releases if since <= each < at)
    gaps = [b - a for a, b in pairwise(trains) if b - a > HOUR]
    if len(gaps) >= TRAIN_GAPS and fmean(gaps) >= TRAIN_LEAST and pstdev(gaps) < TRAIN_VARIATION * fmean(gaps):
        text = (
            f"{len(gaps) + 1} releases came every {fmean(gaps) / DAY:.1f} days: such a wait does not depend on speed, "
            "and batches grow instead."
        )
        yield Flag.RELEASE_TRAINS, text


def of_mix(mix: float, raw: float, lead_before: float) -> Doubts:
    """Whether other sizes or repositories explain much of what changed."""
    if abs(mix) >= 0.5 * abs(raw) and abs(mix) >= 0.05 * lead_before > 0:
        way = "longer" if mix < 0 else "shorter"
        text = f"Other sizes and repositories alone make a change's way {hours(abs(mix))} {way}; that is left out here."
        yield Flag.MIX_CHANGED, text


def _moved(before: float | None, now: float | None) -> bool:
    return before is not None and now is not None and abs(now - before) > POINTS


def _beyond_chance(before: Period, now: Period) -> bool:
    """Whether two shares of one-commit changes differ by more than chance would make them."""
    first, last = before.one_commit_share or 0.0, now.one_commit_share or 0.0
    variance = first * (1 - first) / before.changes + last * (1 - last) / now.changes
    return abs(last - first) > normal_quantile(CERTAIN) * math.sqrt(variance)


def _shares(before: float | None, now: float | None) -> str:
    return f"from {before or 0:.0%} to {now or 0:.0%}"
