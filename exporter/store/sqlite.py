"""Facts and ledger in one SQLite file: WAL, one writer, every verb one transaction.

``synchronous=FULL``: what was committed survives kill -9 and a power cut, which the ledger's promise needs.
"""

import errno
import fcntl
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from exporter.errors import StoreError, StoreFull, StoreReadOnly, StoreTooNew
from exporter.model import ChangeEvent, FilesChanged, Merged, Repository, Subject, Told
from exporter.store.base import Added, Entry, LedgerRow, Place, RepositoryRow, RepositoryState, SubjectRow, UnreadRow

T = TypeVar("T")

_CHUNK = 500
_BITS = 21
"""Two million words and repositories fit one series number of 63 bits."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ChangeEvent).decode
_COLUMNS = ", ".join(RepositoryRow._fields)


def _migrations() -> list[str]:
    folder = resources.files("exporter.store") / "migrations"
    scripts = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path.read_text() for path in scripts if path.name.endswith(".sql")]


def _translate(error: sqlite3.Error, path: str) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL":
        return StoreFull(f"{path}: no space left on the device; nothing was lost, free some space and it goes on")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreReadOnly(f"{path}: not writable ({error}); give the exporter's user write access to its folder")
    if name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return StoreError(f"{path}: not a readable state database ({error}); restore it from a backup or move it away")
    return StoreError(f"{path}: {error}")


class SqliteStore:
    """A ``Store`` in a file, or in a temporary file that goes with the process when ``path`` is None.

    Raises:
        StoreTooNew: a newer version of the exporter wrote the file.
        StoreReadOnly: file or folder cannot be written.
        StoreError: another process holds the file, or it is not a state database.
    """

    def __init__(self, path: str | Path | None, *, read_only: bool = False) -> None:
        self.persistent = path is not None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self._folder = tempfile.TemporaryDirectory(prefix="sdlc-exporter-")
            path = Path(self._folder.name) / "state.db"
        self.path = str(path)
        self._lock: IO[str] | None = None
        self._words: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._labels: dict[int, tuple[str, ...]] = {}
        self._label_words: dict[tuple[str, ...], int] = {}
        try:
            if not read_only:
                self._lock = self._hold()
            self._db = self._connect(read_only)
            try:
                self._guarded(lambda: self._migrate(read_only))
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._unlock()
            raise

    def _hold(self) -> IO[str]:
        try:
            lock = open(self.path + ".lock", "w", opener=_private)  # noqa: SIM115 - held as long as the store is open
            os.close(_private(self.path, os.O_CREAT | os.O_WRONLY))
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise StoreFull(f"{self.path}: no space left on the device") from error
            raise StoreReadOnly(
                f"{self.path}: not writable ({error.strerror}); give the exporter's user write access to its folder, "
                "or set store.path to a folder that exists"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreError(
                f"{self.path}: another sdlc-exporter uses it; stop that one, or choose another path"
            ) from error
        return lock

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _connect(self, read_only: bool) -> sqlite3.Connection:
        try:
            target = f"{Path(self.path).absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            db = sqlite3.connect(target, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error
        return db

    def _migrate(self, read_only: bool) -> None:
        steps = _migrations()
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(steps):
            raise StoreTooNew(
                f"{self.path}: written by a newer sdlc-exporter (schema {version}, this one knows {len(steps)}); "
                "run that version, or start with another store.path"
            )
        if read_only:
            if version < len(steps):
                raise StoreError(
                    f"{self.path}: schema {version} is older than this version's; run the exporter on it once"
                )
            return
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA cache_size=-16000")
        self._db.execute("PRAGMA temp_store=MEMORY")
        for number, script in enumerate(steps[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when it returns; sqlite's faults come out as ours."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._forget_words()
                raise
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error

    def _read(self, sql: str, *values: object) -> list[Any]:
        return self._guarded(lambda: self._db.execute(sql, values).fetchall())

    def _in_chunks(self, sql: str, ids: Iterable[int]) -> Iterator[Any]:
        wanted = list(ids)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            yield from self._read(sql.replace("(?)", f"({','.join('?' * len(part))})"), *part)

    # Words

    def _forget_words(self) -> None:
        self._words.clear()
        self._texts.clear()
        self._labels.clear()
        self._label_words.clear()

    def _word(self, text: str) -> int:
        found = self._words.get(text)
        if found is None:
            self._db.execute("INSERT OR IGNORE INTO word (text) VALUES (?)", (text,))
            found = int(self._db.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()[0])
            self._words[text] = found
        return found

    def _text(self, word: int) -> str:
        found = self._texts.get(word)
        if found is None:
            found = self._texts[word] = str(self._read("SELECT text FROM word WHERE id = ?", word)[0][0])
        return found

    def _labels_word(self, labels: tuple[str, ...]) -> int:
        found = self._label_words.get(labels)
        if found is None:
            found = self._label_words[labels] = self._word(_json(labels))
        return found

    def _label_set(self, word: int) -> tuple[str, ...]:
        found = self._labels.get(word)
        if found is None:
            found = self._labels[word] = _labels(self._text(word))
        return found

    # Whole store

    def close(self) -> None:
        """Release the file."""
        self._guarded(self._db.close)
        self._unlock()

    def size(self) -> int:
        """Bytes on disk, the write-ahead log included."""
        return sum(os.stat(name).st_size for name in (self.path, self.path + "-wal") if os.path.exists(name))  # noqa: PTH110, PTH116 - plain strings

    def get(self, name: str) -> str | None:
        """A value kept under a name."""
        rows = self._read("SELECT value FROM meta WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def put(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # Repositories

    def repositories(self, source: str | None = None) -> list[RepositoryRow]:
        """All repositories ever seen, or those of one source, by id."""
        sql = f"SELECT {_COLUMNS} FROM repository"  # noqa: S608 - column names are ours
        if source is None:
            rows = self._read(f"{sql} ORDER BY id")
        else:
            rows = self._read(f"{sql} WHERE source = ? ORDER BY id", source)
        return [RepositoryRow(*row)._replace(state=RepositoryState(row[4])) for row in rows]

    def discover(self, source: str, found: Iterable[Repository]) -> None:
        """Enter new repositories as loading, follow renames, and mark those no longer there as gone.

        One that comes back takes up where it was: it is read from its own cursor on.
        """
        rows = [(source, each.key, each.name) for each in found]
        with self._transaction() as db:
            known = {key: (name, state, complete) for key, name, state, complete in db.execute(
                "SELECT key, name, state, complete FROM repository WHERE source = ?", (source,)
            )}  # fmt: skip
            for _, key, name in rows:
                if key not in known:
                    db.execute(
                        "INSERT INTO repository (source, key, name, state) VALUES (?, ?, ?, 'loading')",
                        (source, key, name),
                    )
                elif known[key][0] != name or known[key][1] == "gone":
                    state = known[key][1] if known[key][1] != "gone" else ("ok" if known[key][2] else "loading")
                    db.execute(
                        "UPDATE repository SET name = ?, state = ? WHERE source = ? AND key = ?",
                        (name, state, source, key),
                    )
            here = {key for _, key, _ in rows}
            gone = [(source, key) for key, (_, state, _) in known.items() if key not in here and state != "gone"]
            db.executemany("UPDATE repository SET state = 'gone', reason = '' WHERE source = ? AND key = ?", gone)

    def progress(self, repositories: Iterable[int], **columns: int | str | None) -> None:
        """Note how far these repositories have been read."""
        unknown = set(columns) - set(RepositoryRow._fields)
        if unknown:
            raise ValueError(f"no such columns: {unknown}")
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self._transaction() as db:
            db.executemany(
                f"UPDATE repository SET {assignments} WHERE id = ?",  # noqa: S608 - column names are ours
                [(*columns.values(), each) for each in repositories],
            )

    # Facts

    def add(self, source: str, told: Iterable[Told], ledger_start: int) -> Added:
        """Keep facts, each once; touched changes are due at once, those merged since the start wait for files."""
        with self._transaction() as db:
            places = dict(db.execute("SELECT key, id FROM repository WHERE source = ?", (source,)))
            stated: dict[int, dict[str, ChangeEvent]] = {}
            known: set[int] = set()
            for each in told:
                place = places.get(each.subject.repository)
                if place is not None:
                    subject, old = self._subject(place, each.subject)
                    if old and subject not in stated:
                        known.add(subject)
                    here = stated.setdefault(subject, {})
                    for event in each.events:
                        here.setdefault(event.id, event)
            held = set(self._in_chunks("SELECT subject, id FROM event WHERE subject IN (?)", known))
            rows = [
                (subject, event.id, event.at, _encode(event))
                for subject, events in stated.items()
                for event in events.values()
                if subject not in known or (subject, event.id) not in held
            ]
            db.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
            touched = {row[0] for row in rows}
            db.executemany("UPDATE subject SET due = 0 WHERE id = ?", [(each,) for each in touched])
            self._note_files({each: stated[each] for each in touched}, ledger_start)
        return Added(len(rows), len(touched))

    def _subject(self, place: int, subject: Subject) -> tuple[int, bool]:
        """The id of a change, and whether it was known before."""
        find = "SELECT id FROM subject WHERE repository = ? AND key = ?"
        row = self._db.execute(find, (place, subject.key)).fetchone()
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO subject (repository, key, number) VALUES (?, ?, ?)", (place, subject.key, subject.number)
            )
            return int(cursor.lastrowid or 0), False
        return int(row[0]), True

    def _note_files(self, stated: Mapping[int, Mapping[str, ChangeEvent]], ledger_start: int) -> None:
        """Those whose files came need none any more; those merged since the start need theirs once."""
        read = [
            (subject,)
            for subject, events in stated.items()
            if any(isinstance(e, FilesChanged) for e in events.values())
        ]
        merged = [
            (event.at, subject, subject)
            for subject, events in stated.items()
            for event in events.values()
            if isinstance(event, Merged) and event.at >= ledger_start
        ]
        self._db.executemany("UPDATE subject SET unread_files = NULL WHERE id = ?", read)
        self._db.executemany(
            "UPDATE subject SET unread_files = ? WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM event WHERE subject = ? AND id = 'files')",
            merged,
        )

    def unread_files(self, repositories: Iterable[int], limit: int) -> list[UnreadRow]:
        """Merged changes whose files were not read, oldest first."""
        rows = self._in_chunks(
            "SELECT repository, key, number, unread_files FROM subject WHERE repository IN (?)"  # noqa: S608 - a number
            f" AND unread_files IS NOT NULL ORDER BY unread_files, repository, number LIMIT {limit:d}",
            repositories,
        )
        unread = (UnreadRow(*row) for row in rows)
        return sorted(unread, key=lambda row: (row.merged, row.repository, row.number))[:limit]

    def forget_files(self, repository: int, key: str) -> None:
        """Stop asking for the files of a change; they cannot be had."""
        with self._transaction() as db:
            db.execute("UPDATE subject SET unread_files = NULL WHERE repository = ? AND key = ?", (repository, key))

    # Subjects

    def due(self, source: str, limit: int) -> list[SubjectRow]:
        """Changes of a source to look at again, those of one repository together."""
        return [
            SubjectRow(*row)
            for row in self._read(
                "SELECT subject.id, repository.id, subject.key, number FROM repository"
                " CROSS JOIN subject ON subject.repository = repository.id AND due <= watermark"
                " WHERE source = ? ORDER BY repository.id, subject.id LIMIT ?",
                source,
                limit,
            )
        ]

    def settled(self, source: str, organisation_published: bool) -> None:
        """Note that the ledger holds everything up to the watermarks; first loads become complete."""
        joined = "watermark" if organisation_published else "0"
        with self._transaction() as db:
            db.execute(
                "UPDATE repository SET settled = watermark,"  # noqa: S608 - a word of ours
                f" joined = CASE WHEN complete IS NULL THEN {joined} ELSE joined END,"
                " complete = coalesce(complete, watermark)"
                " WHERE source = ? AND watermark IS NOT NULL AND (settled IS NOT watermark OR complete IS NULL)",
                (source,),
            )

    def subjects(self, repository: int, *, open_only: bool) -> list[SubjectRow]:
        """The changes of a repository, by id."""
        where = " AND open = 1" if open_only else ""
        sql = f"SELECT id, repository, key, number FROM subject WHERE repository = ?{where} ORDER BY id"  # noqa: S608
        return [SubjectRow(*row) for row in self._read(sql, repository)]

    def find(self, name: str, number: int) -> SubjectRow | None:
        """A change by its repository's name and its number."""
        rows = self._read(
            "SELECT subject.id, repository, subject.key, number FROM subject"
            " JOIN repository ON repository.id = repository WHERE lower(name) = lower(?) AND number = ?"
            " ORDER BY state = 'gone', repository.id DESC",
            name,
            number,
        )
        return SubjectRow(*rows[0]) if rows else None

    def opened_between(self, repository: int, start: int, end: int) -> int:
        """How many changes of a repository are known that were opened in [start, end]."""
        sql = (
            "SELECT count(*) FROM subject JOIN event ON event.subject = subject.id AND event.id = 'opened'"
            " WHERE repository = ? AND at BETWEEN ? AND ?"
        )
        return int(self._read(sql, repository, start, end)[0][0])

    def events(self, subjects: Iterable[int]) -> dict[int, list[ChangeEvent]]:
        """The facts of some changes, by id."""
        found: dict[int, list[ChangeEvent]] = {}
        for subject, body in self._in_chunks("SELECT subject, body FROM event WHERE subject IN (?)", subjects):
            found.setdefault(subject, []).append(_decode(body))
        return found

    # Ledger

    def _row(self, row: tuple[Any, ...]) -> LedgerRow:
        subject, metric, cause, part, at, repository, labels, value, definition = row
        name, digest = self._text(metric), self._text(definition)
        return LedgerRow(subject, name, cause, part, at, repository, self._label_set(labels), value, digest)

    def entered(self, subjects: Iterable[int]) -> dict[int, list[LedgerRow]]:
        """The ledger rows of some changes, by subject."""
        found: dict[int, list[LedgerRow]] = {}
        for row in self._in_chunks("SELECT * FROM ledger WHERE subject IN (?)", subjects):
            found.setdefault(row[0], []).append(self._row(row))
        return found

    def enter(self, entry: Entry) -> None:
        """Write rows and what goes with them; a row whose key is taken is left as it is."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.subject,
                        self._word(row.metric),
                        row.cause,
                        row.part,
                        row.at,
                        row.repository,
                        self._labels_word(row.labels),
                        row.value,
                        self._word(row.definition),
                    )
                    for row in entry.rows
                ],
            )
            db.executemany("UPDATE subject SET due = ? WHERE id = ?", [(due, each) for each, due in entry.due.items()])
            opened = [(int(on), each) for each, on in entry.open.items()]
            db.executemany("UPDATE subject SET open = ? WHERE id = ?", opened)
            db.executemany(
                "INSERT OR IGNORE INTO birth VALUES (?, ?, ?, ?)",
                [(born.metric, born.place, _json(born.labels), since) for born, since in entry.births.items()],
            )
            db.executemany(
                "INSERT OR IGNORE INTO fold VALUES (?, ?, ?)",
                [(fold.metric, fold.place, _json(fold.labels)) for fold in entry.folds],
            )

    def ledger(self, until: int | None = None) -> Iterator[LedgerRow]:
        """The whole ledger, or the part dated at or before a second."""
        limit = until if until is not None else 1 << 62
        cursor = self._guarded(lambda: self._db.execute("SELECT * FROM ledger WHERE at <= ?", (limit,)))
        while rows := self._guarded(lambda: cursor.fetchmany(5000)):
            yield from (self._row(row) for row in rows)

    def readings(self, until: int | None = None) -> Iterator[tuple[int, int, int]]:
        """Series number, date and value of the rows dated at or before a second, or of all: the quick way through."""
        limit = until if until is not None else 1 << 62
        number = f"(metric << {2 * _BITS}) | (repository << {_BITS}) | labels"
        sql = f"SELECT {number}, at, value FROM ledger WHERE at <= ?"  # noqa: S608 - column names are ours
        cursor = self._guarded(lambda: self._db.execute(sql, (limit,)))
        while rows := self._guarded(lambda: cursor.fetchmany(5000)):
            yield from rows

    def series(self, number: int) -> tuple[str, int, tuple[str, ...]]:
        """Metric, repository and labels of a series number of ``readings``."""
        mask = (1 << _BITS) - 1
        return self._text(number >> 2 * _BITS), number >> _BITS & mask, self._label_set(number & mask)

    def definition_since(self, measure: str, digest: str, now: int) -> int:
        """Since when this definition is in force: 0 for a measure's first, else ``now`` when it replaces another."""
        with self._transaction() as db:
            rows = dict(db.execute("SELECT hash, since FROM definition WHERE measure = ?", (measure,)))
            if digest not in rows or rows[digest] < max(rows.values()):
                rows[digest] = now if rows else 0
                db.execute("INSERT OR REPLACE INTO definition VALUES (?, ?, ?)", (measure, digest, rows[digest]))
        return int(rows[digest])

    # Births and folds

    def births(self) -> dict[Place, int]:
        """Combinations not yet released, with the date up to which their value is shown."""
        rows = self._read("SELECT metric, place, labels, since FROM birth")
        return {Place(metric, place, _labels(labels)): since for metric, place, labels, since in rows}

    def release(self, places: Iterable[Place]) -> None:
        """Let combinations show their true value."""
        with self._transaction() as db:
            db.executemany(
                "DELETE FROM birth WHERE metric = ? AND place = ? AND labels = ?",
                [(place.metric, place.place, _json(place.labels)) for place in places],
            )

    def folds(self) -> set[Place]:
        """Combinations folded for good."""
        rows = self._read("SELECT metric, repository, labels FROM fold")
        return {Place(metric, repository, _labels(labels)) for metric, repository, labels in rows}

    def start_over(self) -> None:
        """Empty the ledger so that it is rebuilt from the facts under today's definitions; counters restart."""
        with self._transaction() as db:
            for table in ("ledger", "birth", "fold", "definition"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - table names are ours
            db.execute("UPDATE subject SET due = 0")
            db.execute("UPDATE repository SET settled = NULL, complete = NULL, joined = 0")
            db.execute("DELETE FROM meta WHERE name = 'organisation_published'")


def _private(path: str, flags: int) -> int:
    """Opens for nobody but this user: the facts name accounts, and tell what a private repository does."""
    return os.open(path, flags, 0o600)


def _json(labels: tuple[str, ...]) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def _labels(text: str) -> tuple[str, ...]:
    return tuple(str(each) for each in json.loads(text))
