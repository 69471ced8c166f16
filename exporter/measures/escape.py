"""Escapes: merged changes that a revert, a fix or an incident names within 30 days of reaching production."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from exporter.catalogue import (
    DAY,
    HOUR,
    Group,
    Kind,
    Metric,
    Observation,
    Pool,
    Twin,
    measure,
    metric,
    summary,
    twins,
)
from exporter.change import Change
from exporter.labels import worn
from exporter.measures.defects import dropped
from exporter.measures.windows import Gauges
from exporter.model import Event, Fact, IssueOpened, Merged, Naming, Opened, Origin, Referred, Stream
from exporter.policy import Policy
from exporter.statistics.proportions import ratio_of_shares, share
from exporter.story import Story

WITHIN = 30 * DAY
"""Seconds that a change has to reach production, and then to be named (definitions 15)."""
CAUGHT = HOUR
"""A revert sooner after the merge, and before production, was caught and is no escape."""

OUTCOMES = metric(
    "sdlc_change_outcomes_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Merged changes by what became of them, counted once, 30 days after production, or after the merge where none was "
    "seen within 30 days: escaped when a revert, a fix or an incident names the change by then, else clean.",
    why="The defect escape rate by origin of the culprit; the last 30 days are never in it.",
    labels=("repository", "origin", "outcome"),
)
ESCAPES = metric(
    "sdlc_escapes_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Escaped changes by what named them first: a revert, a fix (named_fix) or an incident.",
    why="Reverts need no discipline and fixes that name their culprit do: a rise in one tier alone is a habit.",
    labels=("repository", "tier"),
)


class Tier(StrEnum):
    """What named the culprit."""

    REVERT = "revert"
    NAMED_FIX = "named_fix"
    INCIDENT = "incident"


class Link(NamedTuple):
    """Something that names a change: when it counts, and what it is."""

    at: int
    tier: Tier


@measure(OUTCOMES, ESCAPES, optional=(Stream.DEPLOYMENTS, Stream.ISSUES))
def outcomes(change: Change, policy: Policy) -> Iterator[Observation]:
    """What became of every merged change that is not itself a revert; bots' changes under their own origin.

    Whether a change reached production within 30 days is known by then, wherever its repository's code goes.
    """
    for life in change.lives:
        merged = life.merged
        if merged is None or change.is_revert(merged.at):
            continue
        arrived = change.production(merged)
        production = arrived if arrived is not None and arrived <= merged.at + WITHIN else None
        at = (merged.at if production is None else production) + WITHIN
        tier = _escape(change, merged, production, at)
        outcome = "clean" if tier is None else "escaped"
        yield Observation(OUTCOMES.name, merged.id, "", at, (change.origin(merged.at), outcome), 1)
        if tier is not None:
            yield Observation(ESCAPES.name, merged.id, "", at, (tier,), 1)


def _escape(change: Change, merged: Merged, production: int | None, end: int) -> Tier | None:
    """The first link from the merge to the end that is an escape; a revert that caught it in time is none."""
    links = (link for facts in change.bound for link in _links(change, merged, facts, end))
    escapes = (link for link in links if not _caught(link, merged, production))
    first = min(escapes, default=None, key=lambda link: (link.at, link.tier))
    return None if first is None else first.tier


def _caught(link: Link, merged: Merged, production: int | None) -> bool:
    soon = link.at < merged.at + CAUGHT
    return link.tier is Tier.REVERT and soon and (production is None or link.at < production)


def _links(change: Change, merged: Merged, facts: Sequence[Fact], end: int) -> Iterator[Link]:
    """What the facts of a bound change or issue say of the change by the end.

    A fix counts at its merge and an incident at its creation, once each says whom it names.
    """
    named = [each for each in facts if isinstance(each, Referred) and each.at <= end and _names(each, change, merged)]
    begun = next((each for each in facts if isinstance(each, Merged if _is_change(facts) else IssueOpened)), None)
    if begun is None or not merged.at < begun.at <= end:
        return
    for each in named:
        if isinstance(begun, Merged):
            at = max(begun.at, each.at)
            yield Link(at, Tier.REVERT if each.naming is Naming.REVERT else Tier.NAMED_FIX)
        elif not _no_incident(facts, change.policy, end):
            yield Link(begun.at, Tier.INCIDENT)


def _is_change(facts: Sequence[Event]) -> bool:
    return any(isinstance(each, Opened) for each in facts)


def _names(referred: Referred, change: Change, merged: Merged) -> bool:
    """Whether a reference is to this change: a bond is made by fewer characters, or by something else it said."""
    by_commit = any(merged.sha.startswith(sha) for sha in referred.commits) if merged.sha else False
    return by_commit or change.number in referred.changes


def _no_incident(facts: Sequence[Fact], policy: Policy, end: int) -> bool:
    """Whether an issue turned out to be nothing by the end; without such a word, what names a culprit is one."""
    return policy.labels.is_no_defect(worn(facts, end)) or dropped(Story(facts, policy), end)


class Shares(NamedTuple):
    """The rows of a share by origin: its estimate, the ends of its interval, and how many changes it rests on."""

    share: Twin
    lower: Twin
    upper: Twin
    samples: Twin


ESCAPE_RATIO = twins(
    "escape_ratio",
    "Share of the changes whose outcome became known within the window that escaped",
    "A change counts 30 days after production: what is merged today cannot lower it yet.",
    ("origin",),
)
ESCAPE_LOWER = twins(
    "escape_ratio_lower",
    "Lower end of the 90 % interval of the share of changes that escaped",
    "Escapes are rare: one team's share alone alarms nobody, and two intervals that overlap tell no difference.",
    ("origin",),
)
ESCAPE_UPPER = twins(
    "escape_ratio_upper",
    "Upper end of the 90 % interval of the share of changes that escaped",
    "No escape in twenty changes still leaves room for one in eight.",
    ("origin",),
)
ESCAPE_SAMPLES = twins(
    "escape_window_samples",
    "Changes whose outcome became known within the window",
    "A share of three changes is an anecdote; show n beside it.",
    ("origin",),
)


SHARES = Shares(ESCAPE_RATIO, ESCAPE_LOWER, ESCAPE_UPPER, ESCAPE_SAMPLES)


@summary(OUTCOMES, gives=SHARES)
def escape_ratios(pool: Pool) -> Gauges:
    """The share that escaped by origin, with its interval and what it rests on; nothing without a change."""
    return shares_of(pool, OUTCOMES, "escaped", SHARES)


def shares_of(pool: Pool, row: Metric, word: str, rows: Shares) -> Gauges:
    """By origin the share of changes with this outcome, of all that a metric counts."""
    counts: dict[str, list[int]] = {}
    for (origin, outcome), values in pool.values(row).items():
        counts.setdefault(origin, [0, 0])[outcome == word] += len(values)
    for origin, (others, those) in sorted(counts.items()):
        interval = share(those, others + those)
        if interval is not None:
            labels = (origin, pool.window)
            yield rows.samples, labels, others + those
            yield rows.share, labels, interval.estimate
            yield rows.lower, labels, interval.lower
            yield rows.upper, labels, interval.upper


DRIFT_RATIO = metric(
    "sdlc_escape_drift_ratio",
    Kind.GAUGE,
    Group.WINDOWS,
    "Share of changes that escaped, of the outcomes of the last 45 days, by that of the 45 days before, with its "
    "bounds (90 %); changes of bots are left out.",
    why="Only a lower bound above 1 rules out that nothing changed; what made it change it does not know.",
    labels=("scope", "bound"),
)
DRIFT_SAMPLES = metric(
    "sdlc_escape_drift_samples",
    Kind.GAUGE,
    Group.WINDOWS,
    "Changes whose outcome became known in the last 45 days (now) and in the 45 days before, without those of bots.",
    why="Says how little a ratio rests on, or why there is none.",
    labels=("scope", "span"),
)


@summary(
    OUTCOMES,
    windows=("90d",),
    teams=True,
    slides=True,
    gives=(
        Twin(None, DRIFT_RATIO),
        Twin(None, DRIFT_SAMPLES),
    ),
)
def escape_drift(pool: Pool) -> Gauges:
    """The later half of the window by the earlier one (definitions 109); each repository's half ends where it does."""
    spans = {"before": [0, 0], "now": [0, 0]}
    for each in pool.of(OUTCOMES):
        if each.labels[0] == Origin.BOT:
            continue
        earlier = bisect_right(each.at, each.end - pool.seconds // 2)
        for span, trials in (("before", earlier), ("now", len(each.at) - earlier)):
            spans[span][0] += trials * (each.labels[-1] == "escaped")
            spans[span][1] += trials
    if not any(trials for _, trials in spans.values()):
        return
    for span, (_, trials) in spans.items():
        yield Twin(None, DRIFT_SAMPLES), (span,), trials
    interval = ratio_of_shares(*spans["now"], *spans["before"])
    if interval is not None:
        for bound, value in interval._asdict().items():
            if not math.isinf(value):
                yield Twin(None, DRIFT_RATIO), (bound,), value
