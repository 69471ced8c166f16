"""Production: when merged changes come into it, and how long that takes."""

from collections.abc import Iterator

from exporter.catalogue import DAY, Observation, measure
from exporter.change import Change
from exporter.measures.cycle import LEAD_TIME, STAGE
from exporter.measures.flow import COVERAGE_FACT
from exporter.model import Origin, Stage, Stream
from exporter.policy import Policy
from exporter.timeline import first_activity

EXPECTED_WITHIN = 30 * DAY
"""Seconds after the merge by which a change that can be followed into production is there (definitions 101)."""


@measure(
    STAGE,
    LEAD_TIME,
    version=2,
    words=(Stage.QA, Stage.DEPLOY_WAIT, "production"),
    needs=(Stream.DEPLOYMENTS,),
    optional=(Stream.ISSUES,),
)
def arrivals(change: Change, policy: Policy) -> Iterator[Observation]:
    """What T9 adds to the stages of a change, and the whole of them, under the origin of the other stages."""
    for life in change.lives:
        merged = life.merged
        if merged is None or not change.in_stage_statistics(merged.at):
            continue
        at = change.production(merged)
        if at is None:
            continue
        origin = change.origin(merged.at)
        lead = at - first_activity(life, change.events, merged.at, policy)
        for stage, seconds in change.after_the_merge(life):
            yield Observation(STAGE.name, merged.id, stage, at, (origin, stage), seconds)
        yield Observation(LEAD_TIME.name, merged.id, "production", at, (origin, "production"), lead)


@measure(COVERAGE_FACT, words=("production",), needs=(Stream.DEPLOYMENTS,))
def production_coverage(change: Change, policy: Policy) -> Iterator[Observation]:
    """Whether a merged change was seen to come into production within 30 days."""
    for life in change.lives:
        merged = life.merged
        if merged is None or change.origin(merged.at) is Origin.BOT:
            continue
        due, at = merged.at + EXPECTED_WITHIN, change.production(merged)
        seen = at is not None and at <= due
        yield Observation(COVERAGE_FACT.name, merged.id, "production", due, ("production",), int(seen))
