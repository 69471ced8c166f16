"""What the exporter asks of a store: few verbs, each one transaction."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from exporter.model import Fact, Repository, Stream, Thing, Told


class RepositoryState(StrEnum):
    """How a repository is doing; the ``state`` of ``sdlc_exporter_repositories``."""

    OK = "ok"
    LOADING = "loading"
    FAILING = "failing"
    GONE = "gone"


class RepositoryRow(NamedTuple):
    """A repository and how far one of its streams has been read; times are Unix seconds, None for not yet."""

    id: int
    source: str
    key: str
    name: str
    state: RepositoryState
    reason: str
    loaded_from: int | None
    loaded_to: int | None
    cursor: int | None
    watermark: int | None
    settled: int | None
    complete: int | None
    last_success: int | None
    default_branch: str = ""
    stream: Stream = Stream.CHANGES


class SubjectRow(NamedTuple):
    """A subject as the store lists it."""

    id: int
    repository: int
    key: str
    number: int
    thing: Thing = Thing.CHANGE


class UnreadRow(NamedTuple):
    """A merged change whose files are still to be read; ``merged`` in Unix seconds."""

    repository: int
    key: str
    number: int
    merged: int


class Added(NamedTuple):
    """What a batch of facts came to: facts that were new, and subjects that were touched by them."""

    events: int
    subjects: int


Gate = tuple[Stream, ...]
"""The streams that have to be complete up to a date before it counts; in the order of their names."""


class LedgerRow(NamedTuple):
    """One observation as it stands in the ledger. ``labels`` leave the repository out."""

    subject: int
    metric: str
    cause: str
    part: str
    at: int
    repository: int
    labels: tuple[str, ...]
    value: int
    definition: str


class Place(NamedTuple):
    """A label combination of a counter or histogram: a repository's, the organisation's (0) or the fold's (-1)."""

    metric: str
    place: int
    labels: tuple[str, ...]


class Entry(NamedTuple):
    """What one look at the due subjects leaves: rows, what is due when at which gate, which are open, and births."""

    rows: Sequence[LedgerRow]
    due: Mapping[int, Mapping[Gate, int]]
    open: Mapping[int, bool]
    births: Mapping[Place, int]
    folds: Iterable[Place]


ORGANISATION, FOLD = 0, -1


class Store(Protocol):
    """Facts, ledger and progress. Not thread-safe: one thread owns it. One that is ``read_only`` is looked at alone."""

    persistent: bool
    read_only: bool

    def close(self) -> None:
        """Release the file."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...

    def get(self, name: str) -> str | None:
        """A value kept under a name."""
        ...

    def put(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        ...

    def put_all(self, values: Mapping[str, str]) -> None:
        """Keep several values, each under its name."""
        ...

    def repositories(self, source: str | None = None, stream: Stream | None = Stream.CHANGES) -> list[RepositoryRow]:
        """One stream, or with None every one, of all repositories ever seen, or of those of one source."""
        ...

    def discover(self, source: str, found: Iterable[Repository], streams: Iterable[Stream] = (Stream.CHANGES,)) -> None:
        """Enter new repositories and streams as loading, follow renames, and mark those no longer there as gone.

        ``streams`` are all that the source follows; a repository's subjects are due at once when that changed.
        """
        ...

    def progress(
        self, repositories: Iterable[int], stream: Stream = Stream.CHANGES, **columns: int | str | None
    ) -> None:
        """Note how far a stream of these repositories has been read."""
        ...

    def add(self, source: str, told: Iterable[Told], ledger_start: int) -> Added:
        """Keep facts, each once; subjects they touch are due at once, merged changes wait for their files."""
        ...

    def unread_files(self, repositories: Iterable[int], limit: int) -> list[UnreadRow]:
        """Merged changes whose files were not read, oldest first."""
        ...

    def forget_files(self, repository: int, key: str) -> None:
        """Stop asking for the files of a change; they cannot be had."""
        ...

    def due(self, source: str, gates: Iterable[Gate], limit: int) -> list[SubjectRow]:
        """Subjects of a source to look at again, those of one repository together."""
        ...

    def touch_all(self) -> None:
        """Make every subject due at once."""
        ...

    def settled(
        self, source: str, gates: Mapping[int, Mapping[str, Gate]], published: Container[str]
    ) -> list[tuple[int, str]]:
        """Note that the ledger holds everything up to the watermarks; the first loads that are whole by that.

        ``gates``: by repository, what each of all measures waits for there; ``published`` are the measures whose shared
        sums are out already.
        """
        ...

    def whole(self) -> dict[tuple[int, str], int]:
        """Repositories and measures whose first load is whole, with the date after which shared sums take them in."""
        ...

    def subjects(self, repository: int, *, open_only: bool, thing: Thing = Thing.CHANGE) -> list[SubjectRow]:
        """The subjects of one kind of a repository."""
        ...

    def opened_between(self, repository: int, start: int, end: int) -> int:
        """How many changes of a repository are known that were opened in [start, end]."""
        ...

    def events(self, subjects: Iterable[int]) -> dict[int, list[Fact]]:
        """The facts of some subjects."""
        ...

    def facts(self, repository: int, thing: Thing, keys: Iterable[str]) -> dict[str, list[Fact]]:
        """The facts of some subjects of a repository, by their keys; nothing of those that are not known."""
        ...

    def bound(self, subjects: Iterable[int]) -> dict[int, list[list[Fact]]]:
        """The facts of the subjects that each of these is bound to, subject by subject."""
        ...

    def entered(self, subjects: Iterable[int]) -> dict[int, list[LedgerRow]]:
        """The ledger rows of some subjects."""
        ...

    def enter(self, entry: Entry) -> None:
        """Write rows and what goes with them; a row whose key is taken is left as it is."""
        ...

    def ledger(self, until: int | None = None) -> Iterator[LedgerRow]:
        """The whole ledger, or the part dated at or before a second."""
        ...

    def readings(self, until: int | None = None) -> Iterator[tuple[int, int, int]]:
        """Series number, date and value of the rows dated at or before a second, or of all: the quick way through."""
        ...

    def dated(self, metrics: Iterable[str], until: int) -> Iterator[tuple[str, int, tuple[str, ...], int, int]]:
        """Metric, repository, labels, date and value of some metrics' rows dated at or before a second, by date."""
        ...

    def readings_by_date(self, after: int, until: int) -> Iterator[tuple[int, int, int]]:
        """``readings`` dated in (after, until], the oldest first."""
        ...

    def stirred(self, after: int, until: int) -> Iterator[tuple[int, int, int]]:
        """Change, date and repository of each fact of a change dated in (after, until], the oldest first."""
        ...

    def series(self, number: int) -> tuple[str, int, tuple[str, ...]]:
        """Metric, repository and labels of a series number of ``readings``."""
        ...

    def definitions_since(self, digests: Mapping[str, str], now: int) -> dict[str, int]:
        """Since when each measure's definition is in force: 0 for its first, else ``now`` when it replaces another."""
        ...

    def births(self) -> dict[Place, int]:
        """Combinations not yet released, with the date up to which their value is shown."""
        ...

    def release(self, places: Iterable[Place]) -> None:
        """Let combinations show their true value."""
        ...

    def folds(self) -> set[Place]:
        """Combinations folded for good."""
        ...
