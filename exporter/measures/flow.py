"""Changes as they pass the gates: opened, ready, merged, abandoned, and by which AI tool."""

from collections.abc import Iterator

from exporter.catalogue import Group, Kind, Observation, measure, metric
from exporter.change import Change
from exporter.model import Origin
from exporter.policy import Policy

OPENED = metric(
    "sdlc_changes_opened_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Changes (pull requests) opened.",
    why="The inflow: what faster coding raises first.",
    labels=("repository", "origin"),
)
READY = metric(
    "sdlc_changes_ready_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Changes that asked for review for the first time: opened as ready, or taken out of draft.",
    why="The load that review has to carry; ready = merged + closed + growth of the queue.",
    labels=("repository", "origin"),
)
MERGED = metric(
    "sdlc_changes_merged_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Changes merged, by whether a person other than the author reviewed them before the merge.",
    why='The outflow; a rising share of reviewed="no" means waits shrink because review is skipped.',
    labels=("repository", "origin", "reviewed"),
)
ABANDONED = metric(
    "sdlc_changes_abandoned_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Changes closed without a merge and not reopened within the time policy allows (14 days).",
    why="Work that was paid for and thrown away; compare by origin.",
    labels=("repository", "origin"),
)
AI_CHANGES = metric(
    "sdlc_ai_changes_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Merged changes that carry the marker of an AI tool, by tool.",
    why="Adoption by tool, from markers only; what carries none is not counted as human.",
    labels=("repository", "tool"),
)
COVERAGE_FACT = metric(
    "coverage",
    Kind.FACT,
    Group.EVENTS,
    "1 for each merged change whose input was there, 0 where it was missing.",
    labels=("repository", "what"),
)


@measure(OPENED, READY, MERGED, ABANDONED)
def gates(change: Change, policy: Policy) -> Iterator[Observation]:
    """One observation at each gate a life passes."""
    for life in change.lives:
        yield Observation(OPENED.name, life.start.id, "", life.start.at, (change.origin(life.start.at),), 1)
        if life.ready is not None:
            yield Observation(READY.name, life.ready.id, "", life.ready.at, (change.origin(life.ready.at),), 1)
        if life.merged is not None:
            at, reviewed = life.merged.at, "yes" if life.reviewed else "no"
            yield Observation(MERGED.name, life.merged.id, "", at, (change.origin(at), reviewed), 1)
        elif life.closed is not None:
            at = life.closed.at + policy.abandoned_after
            yield Observation(ABANDONED.name, life.closed.id, "", at, (change.origin(at),), 1)


@measure(AI_CHANGES)
def ai_changes(change: Change, policy: Policy) -> Iterator[Observation]:
    """The tool whose marker decided a merged change's origin."""
    for life in change.lives:
        if life.merged is None:
            continue
        decision = change.decision(life.merged.at)
        if decision.origin in (Origin.AGENTIC, Origin.ASSISTED):
            yield Observation(AI_CHANGES.name, life.merged.id, "", life.merged.at, (decision.tool,), 1)


@measure(COVERAGE_FACT, words=("origin", "first_activity"))
def coverage(change: Change, policy: Policy) -> Iterator[Observation]:
    """Whether a merged change's head commits could be read, and whether one had an author date to believe."""
    for life in change.lives:
        if life.merged is None or change.origin(life.merged.at) is Origin.BOT:
            continue
        at = life.merged.at
        commits = change.commits(at)
        earliest = life.opened.at - policy.first_activity_within
        dated = any(commit.authored >= earliest for commit in commits)
        yield Observation(COVERAGE_FACT.name, life.merged.id, "origin", at, ("origin",), int(bool(commits)))
        yield Observation(COVERAGE_FACT.name, life.merged.id, "first_activity", at, ("first_activity",), int(dated))
