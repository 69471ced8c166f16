"""What reached production, told from the facts of one deployment, release or tag."""

from collections.abc import Iterator, Sequence

from exporter.model import Contained, Deployed, Environment, Fact, Outcome
from exporter.policy import Policy


def into_production(event: Deployed, policy: Policy) -> bool:
    """Whether an end is one of what brings the repository's code into production, however it ended."""
    return event.counts and policy.environment(event.environment) is Environment.PRODUCTION


def arrived(facts: Sequence[Fact]) -> Iterator[tuple[Deployed, Contained]]:
    """Every successful end with what it brought."""
    brought = {event.at: event for event in facts if isinstance(event, Contained)}
    for event in facts:
        if isinstance(event, Deployed) and event.outcome is Outcome.SUCCESS and event.at in brought:
            yield event, brought[event.at]
