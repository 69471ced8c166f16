"""How the tests of measures read observations."""

from collections.abc import Callable

from exporter.catalogue import Metric, Observation, Pool
from exporter.policy import Policy
from exporter.story import Story
from tests.stories import POLICY, START, story


def observed(
    measure: Callable[..., object], metric: Metric, *lines: str, policy: Policy = POLICY
) -> list[tuple[float, tuple[str, ...], int]]:
    """A story's observations of one metric: (hours after the start, labels, value)."""
    return dated(measure, metric, story(*lines, policy=policy))


def dated(measure: Callable[..., object], metric: Metric, told: Story) -> list[tuple[float, tuple[str, ...], int]]:
    """The observations of one metric of what is told: (hours after the start, labels, value)."""
    found: list[Observation] = list(measure(told, told.policy))  # type: ignore[call-overload]
    return [
        ((each.at - START) / 3600, tuple(map(str, each.labels)), each.value)
        for each in found
        if each.metric == metric.name
    ]


def gauges(summarise: Callable[[Pool], object], pool: Pool, scope: str = "repository") -> dict[tuple[str, ...], float]:
    """A summary's gauges of a scope, by the name of the row and the labels behind the scope's name."""
    found = ((twin.of(scope), labels, value) for twin, labels, value in summarise(pool))  # type: ignore[attr-defined]
    return {(row.name, *map(str, labels)): value for row, labels, value in found if row is not None}
