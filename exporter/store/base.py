"""What the exporter asks of a store: few verbs, each one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from exporter.model import ChangeEvent, Repository, Told


class RepositoryState(StrEnum):
    """How a repository is doing; the ``state`` of ``sdlc_exporter_repositories``."""

    OK = "ok"
    LOADING = "loading"
    FAILING = "failing"
    GONE = "gone"


class RepositoryRow(NamedTuple):
    """A repository and how far it has been read; times are Unix seconds, None for not yet."""

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
    joined: int
    last_success: int | None


class SubjectRow(NamedTuple):
    """A change as the store lists it."""

    id: int
    repository: int
    key: str
    number: int


class UnreadRow(NamedTuple):
    """A merged change whose files are still to be read; ``merged`` in Unix seconds."""

    repository: int
    key: str
    number: int
    merged: int


class Added(NamedTuple):
    """What a batch of facts came to: facts that were new, and changes that were touched."""

    events: int
    subjects: int


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
    """What one look at the due changes leaves: rows, what is due when, which changes are open, and births."""

    rows: Sequence[LedgerRow]
    due: Mapping[int, int | None]
    open: Mapping[int, bool]
    births: Mapping[Place, int]
    folds: Iterable[Place]


ORGANISATION, FOLD = 0, -1


class Store(Protocol):
    """Facts, ledger and progress. Not thread-safe: one thread owns it."""

    persistent: bool

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

    def repositories(self, source: str | None = None) -> list[RepositoryRow]:
        """All repositories ever seen, or those of one source."""
        ...

    def discover(self, source: str, found: Iterable[Repository]) -> None:
        """Enter new repositories as loading, follow renames, and mark those no longer there as gone."""
        ...

    def progress(self, repositories: Iterable[int], **columns: int | str | None) -> None:
        """Note how far these repositories have been read."""
        ...

    def add(self, source: str, told: Iterable[Told], ledger_start: int) -> Added:
        """Keep facts, each once; touched changes are due at once, merged ones wait for their files."""
        ...

    def unread_files(self, repositories: Iterable[int], limit: int) -> list[UnreadRow]:
        """Merged changes whose files were not read, oldest first."""
        ...

    def forget_files(self, repository: int, key: str) -> None:
        """Stop asking for the files of a change; they cannot be had."""
        ...

    def due(self, source: str, limit: int) -> list[SubjectRow]:
        """Changes of a source to look at again, those of one repository together."""
        ...

    def settled(self, source: str, organisation_published: bool) -> None:
        """Note that the ledger holds everything up to the watermarks; first loads become complete."""
        ...

    def subjects(self, repository: int, *, open_only: bool) -> list[SubjectRow]:
        """The changes of a repository."""
        ...

    def opened_between(self, repository: int, start: int, end: int) -> int:
        """How many changes of a repository are known that were opened in [start, end]."""
        ...

    def events(self, subjects: Iterable[int]) -> dict[int, list[ChangeEvent]]:
        """The facts of some changes."""
        ...

    def entered(self, subjects: Iterable[int]) -> dict[int, list[LedgerRow]]:
        """The ledger rows of some changes."""
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

    def series(self, number: int) -> tuple[str, int, tuple[str, ...]]:
        """Metric, repository and labels of a series number of ``readings``."""
        ...

    def definition_since(self, measure: str, digest: str, now: int) -> int:
        """Since when this definition is in force: 0 for a measure's first, else ``now`` when it replaces another."""
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
