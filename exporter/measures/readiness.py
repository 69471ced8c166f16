"""Readiness: whether the groundwork is there that faster coding needs to get anywhere."""

from collections.abc import Iterator

from exporter.catalogue import Group, Kind, Observation, Pool, Twin, measure, metric, summary
from exporter.change import Change
from exporter.measures.flow import COVERAGE_FACT
from exporter.measures.releases import DEPLOYMENTS
from exporter.measures.windows import Gauges
from exporter.model import Environment, Origin, Outcome, Ran, Stream, Tested
from exporter.policy import Policy

GROUNDWORK_FACT = metric(
    "groundwork",
    Kind.FACT,
    Group.EVENTS,
    "1 for each merged change for which CI showed a capability before the merge, 0 for each for which it did not.",
    labels=("repository", "capability"),
)
FOUNDATION = metric(
    "sdlc_foundation_ready",
    Kind.GAUGE,
    Group.WINDOWS,
    "1 where a capability was seen within 90 days, 0 where it is known to be missing, absent where nobody can tell.",
    why="Without CI, tests, static analysis and automated deployment, faster coding meets people at every step.",
    labels=("repository", "capability"),
)


@measure(GROUNDWORK_FACT, needs=(Stream.RUNS,))
def groundwork(change: Change, policy: Policy) -> Iterator[Observation]:
    """What CI showed of a merged change's commits by the merge."""
    for life in change.lives:
        merged = life.merged
        if merged is None or change.origin(merged.at) is Origin.BOT:
            continue
        runs = [ran for ran in change.of_others(Ran) if ran.at <= merged.at and not ran.default]
        seen = {
            "ci": bool(runs),
            "tests": any(tested.at <= merged.at for tested in change.of_others(Tested)),
            "static_analysis": any(policy.is_analysis(name) for ran in runs for name in (ran.workflow, *ran.red)),
        }
        for capability, there in seen.items():
            yield Observation(GROUNDWORK_FACT.name, merged.id, capability, merged.at, (capability,), int(there))


@summary(GROUNDWORK_FACT, DEPLOYMENTS, COVERAGE_FACT, windows=("90d",), gives=(Twin(FOUNDATION),))
def foundations(pool: Pool) -> Gauges:
    """What was seen at least once; per repository only (definitions 108).

    Where CI runs, tests and analysis that are not seen may hide in a job whose name does not tell, so that their lack
    is known only where there is no CI at all.
    """
    seen = {capability: any(values) for (capability,), values in pool.values(GROUNDWORK_FACT).items() if values}
    for capability, there in seen.items():
        if there or not seen["ci"]:
            yield Twin(FOUNDATION), (capability,), int(there)
    deployed = pool.values(DEPLOYMENTS).get((Environment.PRODUCTION, Outcome.SUCCESS), [])
    if deployed or pool.values(COVERAGE_FACT).get(("production",)):
        yield Twin(FOUNDATION), ("automated_deploy",), int(bool(deployed))
