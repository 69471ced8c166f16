"""Facts and ledger in one SQLite file: WAL, one writer, every verb one transaction.

``synchronous=FULL``: what was committed survives kill -9 and a power cut, which the ledger's promise needs.
"""

import errno
import fcntl
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from exporter.errors import StoreError, StoreFull, StoreReadOnly, StoreTooNew
from exporter.model import (
    EVERYWHERE,
    JOINS,
    TOLD_BY,
    Bond,
    Fact,
    FilesChanged,
    Merged,
    Repository,
    Stream,
    Subject,
    Thing,
    Told,
    bonds,
    elsewhere,
)
from exporter.store.base import (
    Added,
    Entry,
    Gate,
    LedgerRow,
    Place,
    RepositoryRow,
    RepositoryState,
    SubjectRow,
    UnreadRow,
)

T = TypeVar("T")

_CHUNK = 500
_BITS = 21
"""Two million words and repositories fit one series number of 63 bits."""
_SERIES = f"(metric << {2 * _BITS}) | (repository << {_BITS}) | labels"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fact).decode
_COLUMNS = ", ".join(RepositoryRow._fields)
_PROGRESS = frozenset(RepositoryRow._fields) - {"id", "source", "key", "name", "default_branch", "stream"}
_BONDS_SINCE = 2
"""The first schema with bonds: a store that is older has to be read for them once."""


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
        self.read_only = read_only
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
            self._db.execute("PRAGMA temp_store=MEMORY")
            return
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA cache_size=-16000")
        self._db.execute("PRAGMA temp_store=MEMORY")
        for number, script in enumerate(steps[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\n")
            if number == _BONDS_SINCE:
                self._bind_all()
            self._db.execute(f"PRAGMA user_version={number}")
            self._db.execute("COMMIT")

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

    def _in_chunks(self, sql: str, ids: Iterable[int] | Iterable[str]) -> Iterator[Any]:
        wanted: list[int | str] = list(ids)
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
        self.put_all({name: value})

    def put_all(self, values: Mapping[str, str]) -> None:
        """Keep several values, each under its name."""
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    # Repositories

    def repositories(self, source: str | None = None, stream: Stream | None = Stream.CHANGES) -> list[RepositoryRow]:
        """One stream, or with None every one, of all repositories ever seen, or of those of one source; by id."""
        rows = self._read(
            f"SELECT {_COLUMNS} FROM repository JOIN reading ON repository = id"  # noqa: S608 - column names are ours
            " WHERE source = coalesce(?, source) AND stream = coalesce(?, stream) ORDER BY id, stream",
            source,
            stream,
        )
        return [
            row._replace(state=RepositoryState(row.state), stream=Stream(row.stream))
            for row in map(RepositoryRow._make, rows)
        ]

    def discover(self, source: str, found: Iterable[Repository], streams: Iterable[Stream] = (Stream.CHANGES,)) -> None:
        """Enter new repositories and streams as loading, follow renames, and mark those no longer there as gone.

        One that comes back takes up where it was: it is read from its own cursor on. Where the streams that are
        followed changed, measures wait for others than before, and all subjects are looked at again.
        """
        rows = [(source, each.key, each.name, each.default_branch) for each in found]
        followed = list(streams)
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO repository (source, key, name, default_branch) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET name = excluded.name, default_branch = excluded.default_branch"
                " WHERE (name, default_branch) IS NOT (excluded.name, excluded.default_branch)",
                rows,
            )
            places = dict(db.execute("SELECT key, id FROM repository WHERE source = ?", (source,)))
            here = [(places[key],) for _, key, *_ in rows]
            before = self._streams(source)
            db.executemany(
                "INSERT OR IGNORE INTO reading (repository, stream, state) VALUES (?, ?, 'loading')",
                [(place, stream) for (place,) in here for stream in followed],
            )
            db.executemany(
                "UPDATE reading SET state = CASE WHEN complete IS NULL THEN 'loading' ELSE 'ok' END"
                " WHERE repository = ? AND stream = ? AND state = 'gone'",
                [(place, stream) for (place,) in here for stream in followed],
            )
            dropped = [stream for stream in Stream if stream not in followed]
            db.executemany(
                "UPDATE reading SET state = 'gone', reason = ''"
                " WHERE repository = ? AND stream = ? AND state != 'gone'",
                [(place, stream) for (place,) in here for stream in dropped],
            )
            after = self._streams(source)
            changed = [place for (place,) in here if place in before and before[place] != after[place]]
            self._touch([row[0] for row in self._in_chunks("SELECT id FROM subject WHERE repository IN (?)", changed)])
            gone = [(place,) for place in places.values() if (place,) not in set(here)]
            db.executemany(
                "UPDATE reading SET state = 'gone', reason = '' WHERE repository = ? AND state != 'gone'", gone
            )

    def _streams(self, source: str) -> dict[int, set[str]]:
        """The streams that are followed, by repository; none for a repository that is gone."""
        found: dict[int, set[str]] = {}
        for repository, stream in self._db.execute(
            "SELECT repository, stream FROM reading JOIN repository ON id = repository"
            " WHERE source = ? AND state != 'gone'",
            (source,),
        ):
            found.setdefault(repository, set()).add(stream)
        return found

    def progress(
        self, repositories: Iterable[int], stream: Stream = Stream.CHANGES, **columns: int | str | None
    ) -> None:
        """Note how far a stream of these repositories has been read."""
        unknown = set(columns) - _PROGRESS
        if unknown:
            raise ValueError(f"no such columns: {unknown}")
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self._transaction() as db:
            db.executemany(
                f"UPDATE reading SET {assignments} WHERE repository = ? AND stream = ?",  # noqa: S608 - names are ours
                [(*columns.values(), each, stream) for each in repositories],
            )

    # Facts

    def add(self, source: str, told: Iterable[Told], ledger_start: int) -> Added:
        """Keep facts, each once; subjects they touch are due at once, changes merged since the start wait for files."""
        with self._transaction() as db:
            places = dict(db.execute("SELECT key, id FROM repository WHERE source = ?", (source,)))
            stated: dict[int, dict[str, Fact]] = {}
            subjects: dict[int, tuple[int, Subject]] = {}
            known: set[int] = set()
            for each in told:
                place = places.get(each.subject.repository)
                if place is not None:
                    subject, old = self._subject(place, each.subject)
                    if old and subject not in stated:
                        known.add(subject)
                    subjects[subject] = (place, each.subject)
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
            for subject in touched:
                place, about = subjects[subject]
                self._bind(subject, place, bonds(about, stated[subject].values()))
            self._touch(touched | set(self._told_of(touched)))
            self._note_files({each: stated[each] for each in touched}, ledger_start)
        return Added(len(rows), len(touched))

    def _bind(self, subject: int, place: int, made: Iterable[tuple[Bond, str]]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO bond VALUES (?, ?, ?)",
            [(_bond_key(0 if kind in EVERYWHERE else place, kind, name), subject, kind) for kind, name in made],
        )

    def _bind_all(self) -> None:
        """Make the bonds of all facts there are, for a store of a time before bonds."""
        subjects = [SubjectRow(*row) for row in self._read("SELECT id, repository, key, number, thing FROM subject")]
        for start in range(0, len(subjects), _CHUNK):
            pack = subjects[start : start + _CHUNK]
            facts = self.events([each.id for each in pack])
            for each in pack:
                about = Subject("", each.key, each.number, Thing(each.thing))
                self._bind(each.id, each.repository, bonds(about, facts.get(each.id, ())))

    def _neighbours(self, subjects: Iterable[int]) -> Iterator[tuple[int, Thing, int, Thing, Bond, bool]]:
        """Pairs of subjects with a bond in common, one of the first kind in each.

        Ids, kinds, the bond's kind, and whether both are of one repository.
        """
        for one, thing, other, as_thing, kind, same in self._in_chunks(
            "SELECT one.subject, here.thing, other.subject, there.thing, one.kind, here.repository = there.repository"
            " FROM bond AS one"
            " JOIN bond AS other ON other.key = one.key AND other.subject != one.subject"
            " JOIN subject AS here ON here.id = one.subject JOIN subject AS there ON there.id = other.subject"
            " WHERE one.subject IN (?)",
            subjects,
        ):
            yield one, Thing(thing), other, Thing(as_thing), Bond(kind), bool(same)

    def _told_of(self, subjects: Iterable[int]) -> Iterator[int]:
        """The subjects that are told the facts of these."""
        for _, thing, other, as_thing, kind, _ in self._neighbours(subjects):
            if thing in JOINS.get((as_thing, kind), ()):
                yield other

    def bound(self, subjects: Iterable[int]) -> dict[int, list[list[Fact]]]:
        """The facts of the subjects that each of these is bound to, subject by subject, in the order of their ids.

        Those of another repository say what they say there (``elsewhere``).
        """
        told: dict[int, dict[int, bool]] = {}
        for one, thing, other, as_thing, kind, here in self._neighbours(subjects):
            if as_thing in JOINS.get((thing, kind), ()):
                told.setdefault(one, {})[other] = here
        facts = self.events({each for others in told.values() for each in others})
        return {
            one: [
                facts.get(each, []) if here else elsewhere(facts.get(each, [])) for each, here in sorted(others.items())
            ]
            for one, others in told.items()
        }

    def _touch(self, subjects: Iterable[int]) -> None:
        gates = self._in_chunks("SELECT id, repository, thing FROM subject WHERE id IN (?)", subjects)
        self._db.executemany(
            "INSERT OR REPLACE INTO due VALUES (?, ?, ?, 0)",
            [(each, TOLD_BY[Thing(thing)], repository) for each, repository, thing in gates],
        )

    def touch_all(self) -> None:
        """Make every subject due at once."""
        with self._transaction() as db:
            self._touch([row[0] for row in db.execute("SELECT id FROM subject")])

    def _subject(self, place: int, subject: Subject) -> tuple[int, bool]:
        """The id of a subject, and whether it was known before."""
        find = "SELECT id FROM subject WHERE repository = ? AND thing = ? AND key = ?"
        row = self._db.execute(find, (place, subject.thing, subject.key)).fetchone()
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO subject (repository, thing, key, number) VALUES (?, ?, ?, ?)",
                (place, subject.thing, subject.key, subject.number),
            )
            return int(cursor.lastrowid or 0), False
        return int(row[0]), True

    def _note_files(self, stated: Mapping[int, Mapping[str, Fact]], ledger_start: int) -> None:
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

    def due(self, source: str, gates: Iterable[Gate], limit: int) -> list[SubjectRow]:
        """Subjects of a source to look at again, those of one repository together."""
        found: dict[int, SubjectRow] = {}
        for gate in gates:
            marks = [f"mark{number}" for number in range(len(gate))]
            joins = " ".join(
                f"CROSS JOIN reading AS {mark} ON {mark}.repository = repository.id AND {mark}.stream = ?"
                for mark in marks
            )
            passed = " AND ".join(f"due.at <= {mark}.watermark" for mark in marks)
            rows = self._read(
                "SELECT subject.id, repository.id, subject.key, number, thing"  # noqa: S608 - names are ours
                f" FROM repository {joins}"
                f" CROSS JOIN due ON due.repository = repository.id AND due.gate = ? AND {passed}"
                " CROSS JOIN subject ON subject.id = due.subject"
                " WHERE source = ? ORDER BY repository.id, subject.id LIMIT ?",
                *gate,
                _gate(gate),
                source,
                limit - len(found),
            )
            for row in map(SubjectRow._make, rows):
                found.setdefault(row.id, row._replace(thing=Thing(row.thing)))
            if len(found) >= limit:
                break
        return sorted(found.values(), key=lambda row: (row.repository, row.id))

    def settled(
        self, source: str, gates: Mapping[int, Mapping[str, Gate]], published: Container[str]
    ) -> list[tuple[int, str]]:
        """Note that the ledger holds everything up to the watermarks; the first loads that are whole by that."""
        with self._transaction() as db:
            db.execute(
                "UPDATE reading SET settled = watermark, complete = coalesce(complete, watermark)"
                " WHERE repository IN (SELECT id FROM repository WHERE source = ?)"
                " AND watermark IS NOT NULL AND (settled IS NOT watermark OR complete IS NULL)",
                (source,),
            )
            marks: dict[int, dict[str, int]] = {}
            for repository, stream, watermark in db.execute(
                "SELECT repository, stream, watermark FROM reading JOIN repository ON id = repository"
                " WHERE source = ? AND watermark IS NOT NULL",
                (source,),
            ):
                marks.setdefault(repository, {})[stream] = watermark
            known = set(db.execute("SELECT repository, measure FROM whole"))
            fresh = [
                (repository, measure, min(here[stream] for stream in gate) if measure in published else 0)
                for repository, here in marks.items()
                for measure, gate in gates.get(repository, {}).items()
                if (repository, measure) not in known and all(stream in here for stream in gate)
            ]
            db.executemany("INSERT INTO whole VALUES (?, ?, ?)", fresh)
        return [(repository, measure) for repository, measure, _ in fresh]

    def whole(self) -> dict[tuple[int, str], int]:
        """Repositories and measures whose first load is whole, with the date after which shared sums take them in."""
        rows = self._read("SELECT repository, measure, joined FROM whole")
        return {(repository, measure): joined for repository, measure, joined in rows}

    def subjects(self, repository: int, *, open_only: bool, thing: Thing = Thing.CHANGE) -> list[SubjectRow]:
        """The subjects of one kind of a repository, by id."""
        where = " AND open = 1" if open_only else ""
        sql = f"SELECT id, repository, key, number, thing FROM subject WHERE repository = ? AND thing = ?{where}"  # noqa: S608
        rows = self._read(f"{sql} ORDER BY id", repository, thing)
        return [row._replace(thing=Thing(row.thing)) for row in map(SubjectRow._make, rows)]

    def find(self, name: str, number: int) -> SubjectRow | None:
        """A change by its repository's name and its number."""
        rows = self._read(
            "SELECT subject.id, subject.repository, subject.key, number FROM subject"
            " JOIN repository ON repository.id = subject.repository"
            " JOIN reading ON reading.repository = repository.id AND stream = 'changes'"
            " WHERE lower(name) = lower(?) AND number = ? AND thing = 'change'"
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

    def events(self, subjects: Iterable[int]) -> dict[int, list[Fact]]:
        """The facts of some subjects, by id."""
        found: dict[int, list[Fact]] = {}
        for subject, body in self._in_chunks("SELECT subject, body FROM event WHERE subject IN (?)", subjects):
            found.setdefault(subject, []).append(_decode(body))
        return found

    def facts(self, repository: int, thing: Thing, keys: Iterable[str]) -> dict[str, list[Fact]]:
        """The facts of some subjects of a repository, by their keys; nothing of those that are not known."""
        places: dict[int, str] = {}
        for key in keys:
            find = "SELECT id FROM subject WHERE repository = ? AND thing = ? AND key = ?"
            places |= {row[0]: key for row in self._read(find, repository, thing, key)}
        return {places[subject]: facts for subject, facts in self.events(places).items()}

    # Ledger

    def _row(self, row: tuple[Any, ...]) -> LedgerRow:
        subject, metric, cause, part, at, repository, labels, value, definition = row
        name, digest = self._text(metric), self._text(definition)
        return LedgerRow(subject, name, cause, part, at, repository, self._label_set(labels), value, digest)

    def entered(self, subjects: Iterable[int]) -> dict[int, list[LedgerRow]]:
        """The ledger rows of some subjects, by subject."""
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
            db.executemany("DELETE FROM due WHERE subject = ?", [(each,) for each in entry.due])
            db.executemany(
                "INSERT INTO due SELECT id, ?, repository, ? FROM subject WHERE id = ?",
                [(_gate(gate), at, each) for each, dates in entry.due.items() for gate, at in dates.items()],
            )
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
        yield from self._stream(f"SELECT {_SERIES}, at, value FROM ledger WHERE at <= ?", limit)  # noqa: S608 - column names are ours

    def readings_by_date(self, after: int, until: int) -> Iterator[tuple[int, int, int]]:
        """``readings`` dated in (after, until], the oldest first; sorted in memory."""
        sql = f"SELECT {_SERIES}, at, value FROM ledger WHERE at > ? AND at <= ? ORDER BY at"  # noqa: S608 - column names are ours
        yield from self._stream(sql, after, until)

    def stirred(self, after: int, until: int) -> Iterator[tuple[int, int, int]]:
        """Change, date and repository of each fact of a change dated in (after, until], the oldest first."""
        yield from self._stream(
            "SELECT subject.id, at, repository FROM event CROSS JOIN subject ON subject.id = event.subject"
            " WHERE thing = 'change' AND at > ? AND at <= ? ORDER BY at",
            after,
            until,
        )

    def _stream(self, sql: str, *values: int) -> Iterator[tuple[int, int, int]]:
        cursor = self._guarded(lambda: self._db.execute(sql, values))
        while rows := self._guarded(lambda: cursor.fetchmany(5000)):
            yield from rows

    def dated(self, metrics: Iterable[str], until: int) -> Iterator[tuple[str, int, tuple[str, ...], int, int]]:
        """Metric, repository, labels, date and value of some metrics' rows dated at or before a second, by date."""
        names = list(metrics)
        marks = ", ".join("?" * len(names))
        sql = (
            "SELECT word.text, ledger.repository, ledger.labels, ledger.at, ledger.value FROM ledger"  # noqa: S608
            f" JOIN word ON word.id = ledger.metric WHERE word.text IN ({marks}) AND ledger.at <= ?"
            " ORDER BY ledger.at"
        )
        for name, repository, labels, at, value in self._read(sql, *names, until):
            yield name, repository, self._label_set(labels), at, value

    def series(self, number: int) -> tuple[str, int, tuple[str, ...]]:
        """Metric, repository and labels of a series number of ``readings``."""
        mask = (1 << _BITS) - 1
        return self._text(number >> 2 * _BITS), number >> _BITS & mask, self._label_set(number & mask)

    def still(self) -> None:
        """From now on every read sees the store as it is now, whatever another process or thread writes.

        For a store that is open read-only, and not for long: the log of writes grows meanwhile.
        """
        self._read("BEGIN")
        self._read("SELECT count(*) FROM meta")

    def interrupt(self) -> None:
        """End what another thread is reading, which raises StoreError there."""
        with suppress(sqlite3.ProgrammingError):  # it has ended, and closed the store
            self._db.interrupt()

    def ledger_of(
        self,
        metrics: Iterable[str],
        *,
        since: int = -(1 << 62),
        repository: int | None = None,
        labels: tuple[str, ...] | None = None,
    ) -> Iterator[tuple[LedgerRow, SubjectRow]]:
        """The rows of some metrics dated after a second, each with what it is about, by the subject's id.

        ``repository`` and ``labels``: only those that have them.
        """
        words = [row[0] for row in self._in_chunks("SELECT id FROM word WHERE text IN (?)", metrics)]
        spelled = None if labels is None else _json(labels)
        sql = (
            "SELECT ledger.*, key, number, thing FROM ledger CROSS JOIN subject ON subject.id = ledger.subject"  # noqa: S608
            f" WHERE metric IN ({','.join('?' * len(words))}) AND at > ?"
            " AND ledger.repository = coalesce(?, ledger.repository)"
            " AND (? IS NULL OR labels = (SELECT id FROM word WHERE text = ?))"
        )
        cursor = self._guarded(lambda: self._db.execute(sql, (*words, since, repository, spelled, spelled)))
        while rows := self._guarded(lambda: cursor.fetchmany(5000)):
            for *row, key, number, thing in rows:
                yield self._row(tuple(row)), SubjectRow(row[0], row[5], key, number, Thing(thing))

    def named(self, subjects: Iterable[int]) -> list[SubjectRow]:
        """These subjects."""
        rows = self._in_chunks("SELECT id, repository, key, number, thing FROM subject WHERE id IN (?)", subjects)
        return [row._replace(thing=Thing(row.thing)) for row in map(SubjectRow._make, rows)]

    def definitions_since(self, digests: Mapping[str, str], now: int) -> dict[str, int]:
        """Since when each measure's definition is in force: 0 for its first, else ``now`` when it replaces another."""
        found: dict[str, int] = {}
        fresh: list[tuple[str, str, int]] = []
        for measure, digest in digests.items():
            rows = dict(self._read("SELECT hash, since FROM definition WHERE measure = ?", measure))
            if digest not in rows or rows[digest] < max(rows.values()):
                rows[digest] = now if rows else 0
                fresh.append((measure, digest, rows[digest]))
            found[measure] = int(rows[digest])
        if fresh and not self.read_only:
            with self._transaction() as db:
                db.executemany("INSERT OR REPLACE INTO definition VALUES (?, ?, ?)", fresh)
        return found

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
            for table in ("ledger", "birth", "fold", "definition", "whole"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - table names are ours
            self._touch([row[0] for row in db.execute("SELECT id FROM subject")])
            db.execute("UPDATE reading SET settled = NULL, complete = NULL")
            db.execute("DELETE FROM meta WHERE name LIKE 'published:%'")


def _gate(gate: Gate) -> str:
    return "+".join(gate)


def _bond_key(place: int, kind: Bond, name: str) -> int:
    """A bond's name as a signed 64-bit number; that two names meet by chance among ten million is one in 300,000."""
    digest = blake2b(f"{place}:{kind}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _private(path: str, flags: int) -> int:
    """Opens for nobody but this user: the facts name accounts, and tell what a private repository does."""
    return os.open(path, flags, 0o600)


def _json(labels: tuple[str, ...]) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def _labels(text: str) -> tuple[str, ...]:
    return tuple(str(each) for each in json.loads(text))
