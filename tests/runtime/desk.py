"""Books and page over a store that tests fill by hand: facts are told, the watermark moves, the page is read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.catalogue import exported, load
from exporter.exposition import Exposition
from exporter.model import Fact, Repository, Stream, Subject, Thing, Told
from exporter.policy import Policy
from exporter.runtime.books import Books
from exporter.runtime.health import Health
from exporter.runtime.snapshot import Presentation, Snapshot
from exporter.store.sqlite import SqliteStore
from tests.stories import POLICY, START, at, change

SOURCE = "forge"
PRESENTATION = Presentation(intervals={SOURCE: 60}, repository_windows=("28d",))


class KilledError(Exception):
    """The process ended here."""


class MortalStore(SqliteStore):
    """A store whose process is killed right after its n-th transaction is on disk, or just before (n negative)."""

    def __init__(self, path: str | Path | None, *, killed_at: int = 0) -> None:
        self.transactions = 0
        self.killed_at = killed_at
        super().__init__(path)
        # Only the process dies in these tests, not the machine.
        self._db.execute("PRAGMA synchronous=OFF")

    @contextmanager
    def _transaction(self) -> Iterator[object]:  # type: ignore[override]
        with super()._transaction() as db:
            yield db
            self.transactions += 1
            if -self.transactions == self.killed_at:
                raise KilledError
        if self.transactions == self.killed_at:
            raise KilledError


class Desk:
    """One process' books and page. ``names`` are the repositories; a repository's key is its first name."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        policy: Policy = POLICY,
        presentation: Presentation = PRESENTATION,
        killed_at: int = 0,
        **books: object,
    ) -> None:
        self.store = MortalStore(path, killed_at=killed_at)
        try:
            self.books = Books(self.store, load(), policy, **books)  # type: ignore[arg-type]
        except KilledError:
            self.store.close()
            raise
        self.snapshot = Snapshot(self.books, Health(), presentation, Exposition(exported()))

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def discover(self, *names: str, streams: Iterable[Stream] = (Stream.CHANGES,)) -> None:
        """These and no other repositories are there; ``key=name`` for one that was renamed."""
        pairs = [name.rpartition("=")[::2] if "=" in name else (name, name) for name in names]
        self.store.discover(SOURCE, [Repository(key, name) for key, name in pairs], streams)

    def tell(
        self,
        repository: str,
        number: int,
        events: Iterable[Fact],
        *,
        ledger_start: int = 0,
        thing: Thing = Thing.CHANGE,
    ) -> None:
        """State facts of a change, or of another thing."""
        subject = Subject(repository, f"{repository}#{number}", number, thing)
        self.store.add(SOURCE, [Told(subject, tuple(events))], ledger_start)

    def story(self, repository: str, number: int, *lines: str) -> None:
        """State a story's facts."""
        self.tell(repository, number, change(*lines))

    def mark(
        self, until: int, *names: str, ledger_start: int = 0, state: str = "ok", streams: Iterable[Stream] = Stream
    ) -> None:
        """Everything dated up to a second has been read of these repositories (of all, without names); settle."""
        keys = {row.key: row.id for row in self.store.repositories()}
        chosen = [keys[name] for name in names or keys]
        followed = {row.stream for row in self.store.repositories(stream=None)}
        for stream in sorted(followed.intersection(streams)):
            self.store.progress(chosen, stream, watermark=until, cursor=until, last_success=until, state=state)
        self.settle(ledger_start)

    def passed(self, words: str, *names: str) -> None:
        """``mark`` with a time in a story's words."""
        self.mark(at(words), *names)

    def settle(self, ledger_start: int = 0) -> None:
        """Work off all due changes."""
        while not self.books.settle(SOURCE, ledger_start):
            pass

    def release(self) -> None:
        """Scrapes have seen every birth that stands on the page."""
        self.books.release(self.snapshot.births_shown())

    def text(self, now: int) -> str:
        """The page at a second."""
        return self.snapshot.build(now).text.decode()

    def page(self, now: int | str) -> dict[str, float]:
        """Value by series as written on the page, without comments."""
        lines = self.text(at(now) if isinstance(now, str) else now).splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def business(text: str) -> str:
    """The page without what the exporter says of itself."""
    return "\n".join(line for line in text.splitlines() if "sdlc_exporter_" not in line)


def settled_page(desk: Desk, now: int) -> str:
    """The page once scrapes have seen every birth."""
    desk.text(now)
    desk.release()
    return business(desk.text(now))


__all__ = ["PRESENTATION", "SOURCE", "START", "Desk", "KilledError", "business", "settled_page"]
