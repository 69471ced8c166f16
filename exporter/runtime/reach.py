"""How far each repository is read, what each measure waits for there, and which measures are whole."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from exporter.catalogue import DAY, Feeders, Labels, Measure
from exporter.model import TOLD_BY, Stream
from exporter.store.base import Gate, RepositoryRow, RepositoryState, Store


class Reach:
    """How far the streams of every repository go.

    A measure is shown of a repository once it is whole there: all it needs is read back to the ledger's start. Its
    shared sums, those of the organisation, are shown once it is published.

    ``until``: everything ends at this second (the one-shot mode).
    """

    def __init__(self, store: Store, measures: Sequence[Measure], until: int | None) -> None:
        self.store = store
        self.measures = measures
        self.until = until
        self.feeders = Feeders(measures)
        self._gates: dict[frozenset[Stream], dict[str, Gate]] = {}
        own = {(stream,) for stream in TOLD_BY.values()}
        possible = {each.gate_of(some) for each in measures for some in _choices(each.optional)}
        self.all_gates: tuple[Gate, ...] = tuple(sorted(own | possible))
        self.repositories: dict[int, RepositoryRow] = {}
        self.streams: dict[tuple[int, Stream], RepositoryRow] = {}
        self.followed: dict[int, frozenset[Stream]] = {}
        self.whole: dict[tuple[int, str], int] = {}
        self.published: set[str] = set()

    def load(self) -> None:
        """Read all of it from disk."""
        self.refresh()
        self.whole = self.store.whole()
        self.published = {each.name for each in self.measures if self.store.get(_published(each.name)) is not None}

    def refresh(self) -> None:
        """Read again how far each repository is, and what it is called."""
        rows = self.store.repositories(stream=None)
        self.streams = {(row.id, row.stream): row for row in rows}
        self.repositories = {}
        for row in sorted(rows, key=lambda row: row.stream is not Stream.CHANGES):
            self.repositories.setdefault(row.id, row)  # one whose changes nobody tells of is as its first stream is
        here: dict[int, set[Stream]] = {}
        for row in rows:
            # A stream that is gone from a repository that is not was switched off.
            if row.state is not RepositoryState.GONE or self.repositories[row.id].state is RepositoryState.GONE:
                here.setdefault(row.id, set()).add(row.stream)
        self.followed = {each: frozenset(streams) for each, streams in here.items()}

    def gates(self, repository: int) -> Mapping[str, Gate]:
        """What each measure waits for in a repository, by the measure's name."""
        followed = self.followed.get(repository, frozenset())
        found = self._gates.get(followed)
        if found is None:
            found = self._gates[followed] = {each.name: each.gate_of(followed) for each in self.measures}
        return found

    def joined(self, repository: int, metric: str, labels: Labels) -> int | None:
        """After which date a repository's readings count in shared sums; None while its first load is not whole."""
        feeder = self.feeders.of(metric, labels)
        return None if feeder is None else self.whole.get((repository, feeder))

    def told(self, repository: int, metric: str) -> bool:
        """Whether the first load of a metric, or of some part of it, is whole."""
        return any((repository, feeder) in self.whole for feeder in self.feeders.any_of(metric))

    def watermark(self, repository: int, gate: Gate) -> int | None:
        """Up to where all streams of a gate are complete; None while one is not loaded, or not read at all."""
        rows = [self.streams.get((repository, stream)) for stream in gate]
        marks = [row.watermark for row in rows if row is not None and row.watermark is not None]
        return min(marks) if len(marks) == len(gate) else None

    def end(self, repository: int, metric: str, labels: Labels) -> int:
        """Where the windows of a metric's readings end; 0 for what no measure gives any more."""
        feeder = self.feeders.of(metric, labels)
        return 0 if feeder is None else self.end_of(repository, feeder)

    def end_of(self, repository: int, feeder: str) -> int:
        """Where the windows of what one measure gives end."""
        return self.until if self.until is not None else self.watermark(repository, self.gates(repository)[feeder]) or 0

    def settle(self, source: str) -> Sequence[tuple[int, str]]:
        """Nothing of a source is due any more up to the watermarks; which measures became whole where by that."""
        fresh = self.store.settled(source, {each: self.gates(each) for each in self.repositories}, self.published)
        self.refresh()
        self.whole = self.store.whole() if fresh else self.whole
        return fresh

    def unpublished(self) -> dict[tuple[Gate, Gate], list[str]]:
        """Measures whose shared sums are not out yet, by the streams they need and those they read where followed."""
        found: dict[tuple[Gate, Gate], list[str]] = {}
        for each in self.measures:
            if each.name not in self.published:
                found.setdefault((each.gate, each.optional), []).append(each.name)
        return found

    def publish(self, measures: Sequence[str]) -> None:
        """Show the shared sums of measures from now on, also after a restart."""
        if self.until is None:
            self.store.put_all({_published(name): "1" for name in measures})
        self.published.update(measures)

    def is_published(self, metric: str, labels: Labels) -> bool:
        """Whether the shared sums of a metric are out."""
        return self.feeders.of(metric, labels) in self.published

    def passed(self, repository: int, measure: Measure, at: int) -> bool:
        """Whether a measure's ledger already holds what is dated up to a second."""
        if (repository, measure.name) not in self.whole:
            return False
        settled = (self.streams[repository, stream].settled for stream in self.gates(repository)[measure.name])
        return all(mark is not None and at <= mark for mark in settled)

    def horizon(self, repository: RepositoryRow) -> int:
        """The second up to which facts count for the state gauges: a commit may carry any date, also one to come."""
        return self.until if self.until is not None else (repository.cursor or repository.watermark or 0) + DAY


def _choices(streams: Sequence[Stream]) -> list[set[Stream]]:
    """All the ways to follow some of these streams."""
    return [set(some) for many in range(len(streams) + 1) for some in combinations(streams, many)]


def _published(measure: str) -> str:
    return f"published:{measure}"
