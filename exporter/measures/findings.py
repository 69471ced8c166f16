"""Findings of security scanners: how many a merged change brought to the default branch, by its origin."""

from collections.abc import Iterator
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR, Group, Kind, Observation, measure, metric
from exporter.change import Change
from exporter.measures.flow import COVERAGE_FACT
from exporter.model import FilesChanged, Found, Judged, Merged, Stream, Thing
from exporter.policy import Policy
from exporter.story import Story

SCANNED_WITHIN = HOUR
"""Seconds after a merge in which a scan of its commit tells of that merge; later, another may have asked for it."""
NAMED_WITHIN = 30 * DAY
"""Seconds after it was found by which a finding that came with a change has been merged with it."""

FINDINGS = metric(
    "sdlc_security_findings_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Findings of code scanning, and vulnerable dependencies where they are read, that a merged change brought to the "
    "default branch, by severity: critical, high, medium, low, or unknown where the tool grades nothing; counted 7 "
    "days after the merge (findings.counted_after), without what was dismissed as a false positive by then.",
    why="Divide by sdlc_changes_merged_total of the same origin; what no change can be named for is in no origin, and "
    "sdlc_exporter_coverage_ratio says how much that is.",
    labels=("repository", "origin", "severity"),
)


class _Brought(NamedTuple):
    """A change that brought a finding, and its merge."""

    merged: Merged
    change: Change


@measure(FINDINGS, of=Thing.FINDING, needs=(Stream.CHANGES,))
def findings(finding: Story, policy: Policy) -> Iterator[Observation]:
    """A finding once, some days after the change that brought it was merged (definitions 115)."""
    for found in finding.own(Found):
        brought = _brought(finding, found)
        if brought is not None:
            at = max(found.at, brought.merged.at) + policy.findings_after
            if not _is_wrong(finding, at):
                labels = (brought.change.origin(brought.merged.at), found.severity)
                yield Observation(FINDINGS.name, found.id, "", at, labels, 1)


@measure(COVERAGE_FACT, of=Thing.FINDING, needs=(Stream.CHANGES,), words=("findings",))
def findings_coverage(finding: Story, policy: Policy) -> Iterator[Observation]:
    """Whether within 30 days of being found a finding could be laid to a merged change (definitions 117)."""
    for found in finding.own(Found):
        at = found.at + NAMED_WITHIN
        if not _is_wrong(finding, at):
            named = _brought(finding.at(at), found) is not None
            yield Observation(COVERAGE_FACT.name, found.id, "findings", at, ("findings",), int(named))


def _brought(finding: Story, found: Found) -> _Brought | None:
    """The change a finding came with, as far as the story tells (definitions 116).

    Of those on whose heads it was seen, the first that was merged since: whoever was merged later had it from there. Of
    several that changed the file which names a dependency, none.
    """
    merges = [
        _Brought(merged, change)
        for facts in finding.bound
        if (change := Change(facts, finding.policy)).opened is not None
        for merged in change.own(Merged)
        if _may_have_brought(change, merged, found)
    ]
    if found.manifest and len(merges) > 1:
        return None
    return min(merges, default=None, key=lambda each: (each.merged.at, each.merged.sha))


def _may_have_brought(change: Change, merged: Merged, found: Found) -> bool:
    """Whether a change was merged with what was seen on its head, or whether the merge's scan came upon it."""
    if found.changes:
        return merged.at >= found.at
    if not merged.at <= found.at <= merged.at + SCANNED_WITHIN:
        return False
    files = {path for event in change.own(FilesChanged) if event.at == merged.at for path, *_ in event.files}
    return found.manifest in files if found.manifest else merged.sha in found.commits


def _is_wrong(finding: Story, second: int) -> bool:
    """Whether the last word on it by a second was that it is a false positive."""
    words = [each for each in finding.own(Judged) if each.at <= second]
    return bool(words) and words[-1].wrong
