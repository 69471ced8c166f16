"""Suspects: merged changes most of whose undoing a fix did, though nobody linked the two (definitions 140 to 143)."""

from collections.abc import Iterator, Sequence

from exporter.catalogue import Group, Kind, Observation, Pool, measure, metric, summary, twins
from exporter.change import Change
from exporter.labels import worn
from exporter.measures.defects import dropped
from exporter.measures.escape import WITHIN, Shares, shares_of
from exporter.measures.windows import Gauges
from exporter.model import Fact, IssueClosed, Landed, Merged, Removed, Stream, Thing
from exporter.policy import Policy
from exporter.story import Story

SUSPECTS = metric(
    "sdlc_change_suspects_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Merged changes, counted once, 30 days after production as outcomes are: suspect when a fix that landed by then "
    "took away lines of which at least half were theirs, else clear. Only where escapes.blame asks for it.",
    why="Finds what nobody linked, and wrongs some: a suspect is a place to look at and no escape.",
    labels=("repository", "origin", "outcome"),
)


@measure(SUSPECTS, of=Thing.COMMIT, needs=(Stream.CHANGES,), optional=(Stream.DEPLOYMENTS, Stream.ISSUES))
def suspects(commit: Story, policy: Policy) -> Iterator[Observation]:
    """Of the commit that a change was merged as, whether a fix blames it; reverts are asked as little as in outcomes.

    A commit that is told of by several changes is the one's that was merged first.
    """
    landed = next(commit.own(Landed), None) if policy.blame else None
    merges = [found for facts in commit.bound if (found := _merge(facts, landed, commit)) is not None]
    if landed is None or not merges:
        return
    change, merged = min(merges, key=lambda found: found[1].at)
    if change.is_revert(merged.at):
        return
    arrived = change.production(merged)
    production = arrived if arrived is not None and arrived <= merged.at + WITHIN else merged.at
    end = max(production + WITHIN, landed.at)
    outcome = "suspect" if any(_mends(commit, each, end) for each in commit.own(Removed)) else "clear"
    yield Observation(SUSPECTS.name, landed.id, "", end, (change.origin(merged.at), outcome), 1)


def _merge(facts: Sequence[Fact], landed: Landed | None, commit: Story) -> tuple[Change, Merged] | None:
    """The change that these facts are of, and its merge as that commit; None for anything else."""
    if landed is None or not any(isinstance(each, Merged) and each.sha == landed.sha for each in facts):
        return None
    change = Change(facts, commit.policy, commit.bound)
    merges = (life.merged for life in change.lives if life.merged is not None and life.merged.sha == landed.sha)
    first = next(merges, None) if change.opened is not None else None
    return None if first is None else (change, first)


def _mends(commit: Story, removed: Removed, end: int) -> bool:
    """Whether what took the lines away is known as a fix by the end: by a label of its own, or an issue it closed."""
    return removed.at <= end and any(
        _wears(facts, removed.by, commit.policy, end) or _closes(facts, removed.by, commit.policy, end)
        for facts in commit.bound
    )


def _wears(facts: Sequence[Fact], sha: str, policy: Policy, end: int) -> bool:
    merged = any(isinstance(each, Merged) and each.sha == sha and each.at <= end for each in facts)
    return merged and policy.labels.mends(worn(facts, end))


def _closes(facts: Sequence[Fact], sha: str, policy: Policy, end: int) -> bool:
    closed = any(isinstance(each, IssueClosed) and each.commit == sha and each.at <= end for each in facts)
    return closed and policy.labels.is_defect(worn(facts, end)) and not dropped(Story(facts, policy), end)


SUSPECT_RATIO = twins(
    "escape_suspect_ratio",
    "Share of the changes counted within the window that are suspects: a fix took away their lines",
    "It finds what nobody linked and wrongs some; never add it to the share that escaped, which has most of them too.",
    ("origin",),
)
SUSPECT_LOWER = twins(
    "escape_suspect_ratio_lower",
    "Lower end of the 90 % interval of the share of suspects",
    "Chance alone: how often a suspect is none it does not know.",
    ("origin",),
)
SUSPECT_UPPER = twins(
    "escape_suspect_ratio_upper",
    "Upper end of the 90 % interval of the share of suspects",
    "No suspect in twenty changes still leaves room for one in eight.",
    ("origin",),
)
SUSPECT_SAMPLES = twins(
    "escape_suspect_samples",
    "Changes counted within the window as suspect or clear",
    "Fewer than those with an outcome where a change left no commit of its own, or where histories are not read.",
    ("origin",),
)

SHARES = Shares(SUSPECT_RATIO, SUSPECT_LOWER, SUSPECT_UPPER, SUSPECT_SAMPLES)
ASKED = frozenset({SUSPECTS, *(row for twin in SHARES for row in twin)})
"""The metrics that are there only where suspects are asked for."""


@summary(SUSPECTS, gives=SHARES)
def suspect_ratios(pool: Pool) -> Gauges:
    """The share of suspects by origin, with its interval and what it rests on; nothing without a change."""
    return shares_of(pool, SUSPECTS, "suspect", SHARES)
