"""From the snapshot to the report that people read: diagnoses, signals, what they rest on, and what is missing."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from exporter import __version__
from exporter.diagnosis.terms import Coverage, Report
from exporter.measures.flow import COVERAGE_FACT
from exporter.measures.windows import WINDOWS
from exporter.model import Stream
from exporter.runtime.snapshot import ALL, Shown, Snapshot

WINDOW = "28d"
INPUTS = {
    "origin": "of the changes merged in 28 days, those whose commits could be read: without them no marker is seen",
    "first_activity": "of the changes merged in 28 days, those with an author date to believe: else coding begins at "
    "the opening",
    "production": "of the changes whose 30 days after the merge ended in 28 days, those seen in production",
    "tests": "of the first attempts of CI in 28 days, those with a test report",
    "flaky_tests": "of the runs seen to be flaky in 28 days, those whose tests are known",
    "findings": "of what scanners found, what a change can be named for",
}
LOST = {
    Stream.CHANGES: "no changes are read, so nothing can be said of their way",
    Stream.DEPLOYMENTS: "no deployments are read: production, release frequency and escapes cannot be told",
    Stream.RUNS: "no CI runs are read: what mending red tests costs has no lower bound",
    Stream.ISSUES: "no issues are read: QA and defects found in production cannot be told",
}


def report(snapshot: Snapshot, at: int) -> Report:
    """What is known now; of a snapshot that was built, and whose diagnosis was looked for.

    ``at`` is the instant of the question: a diagnosis is of the whole weeks before it.
    """
    scopes = []
    for each in snapshot.scopes():
        members = _members(snapshot.shown, each.diagnosis.scope)
        scopes.append(replace(each, coverage=_coverage(snapshot, members), missing=_missing(snapshot, members)))
    named = tuple(sorted({shown.source for shown in snapshot.shown.values()}))
    return Report(at, __version__, tuple(scopes), snapshot.economics, named)


def _members(shown: Mapping[int, Shown], scope: str) -> list[int]:
    return [key for key, each in sorted(shown.items()) if scope in (ALL, each.team)]


def _coverage(snapshot: Snapshot, members: Sequence[int]) -> tuple[Coverage, ...]:
    """How much each kind of number rests on, in the order of their words; what nothing is known of is left out."""
    sums: dict[str, tuple[int, int]] = {}
    for key in members:
        for metric, labels, end, readings in snapshot.books.windowed(key):
            if metric == COVERAGE_FACT.name:
                for first, stop in readings.within(end, [WINDOWS[WINDOW]]):
                    _, values = readings.between(first, stop)
                    there, of = sums.get(labels[0], (0, 0))
                    sums[labels[0]] = there + sum(values), of + len(values)
    return tuple(
        Coverage(what, there / of, f"{INPUTS[what]} (n = {of})") for what, (there, of) in sorted(sums.items()) if of
    )


def _missing(snapshot: Snapshot, members: Sequence[int]) -> tuple[str, ...]:
    """The streams that no repository of the scope has, and what cannot be told for want of them."""
    followed = {stream for key in members for stream in snapshot.books.reach.followed.get(key, ())}
    return tuple(sentence for stream, sentence in LOST.items() if stream not in followed)
