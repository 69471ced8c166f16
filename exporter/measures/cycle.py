"""Cycle time: the stages a change's life is cut into, its lead time and its size."""

from collections.abc import Iterator

from exporter.catalogue import Detail, Group, Kind, Observation, measure, metric
from exporter.change import Change
from exporter.measures.review import LONG
from exporter.model import Stage, Stream
from exporter.policy import Policy
from exporter.timeline import first_activity

STAGE = metric(
    "sdlc_change_stage_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time merged changes spent in each stage; the stages of one change add up to its lead time to production.",
    why="Shows which stage absorbs what coding gained.",
    labels=("repository", "origin", "stage"),
    bounds=LONG,
    detail=Detail.ORGANISATION,
)
LEAD_TIME = metric(
    "sdlc_change_lead_time_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Time from a change's first activity to its end: the merge, or production.",
    why="What the organisation feels, whatever happens inside.",
    labels=("repository", "origin", "until"),
    bounds=LONG,
)
SIZE = metric(
    "sdlc_change_size_lines",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Lines added and deleted by merged changes, generated and vendored files left out.",
    why="Bigger changes wait longer; without size, slower review and bigger changes look the same.",
    labels=("repository", "origin"),
    bounds=(10, 50, 100, 250, 500, 1000, 2500),
)


BEFORE_THE_MERGE = (Stage.CODING, Stage.PICKUP, Stage.REVIEW, Stage.MERGE_WAIT, Stage.UNREVIEWED)


@measure(STAGE, LEAD_TIME, version=2, words=(*BEFORE_THE_MERGE, "merge"), optional=(Stream.ISSUES,))
def cycle(change: Change, policy: Policy) -> Iterator[Observation]:
    """Every stage of a merged change up to the merge and the whole, observed at the merge (definitions 3).

    What QA had of it by then is in no stage yet (definitions 130).
    """
    for life in change.lives:
        if life.merged is None or not change.in_stage_statistics(life.merged.at):
            continue
        at, cause = life.merged.at, life.merged.id
        origin = change.origin(at)
        for stage, seconds in change.stages(life):
            yield Observation(STAGE.name, cause, stage, at, (origin, stage), seconds)
        lead = at - first_activity(life, change.events, at, policy)
        yield Observation(LEAD_TIME.name, cause, "", at, (origin, "merge"), lead)


@measure(SIZE)
def size(change: Change, policy: Policy) -> Iterator[Observation]:
    """Changed lines of the files that count, at the merge; nothing where the files could not be read."""
    for life in change.lives:
        if life.merged is None or not change.in_stage_statistics(life.merged.at):
            continue
        at = life.merged.at
        lines = change.lines(at)
        if lines is not None:
            yield Observation(SIZE.name, life.merged.id, "", at, (change.origin(at),), lines)
