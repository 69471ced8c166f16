"""Files of retrospective notes as a source: looked at now and then, read where they changed, off the event loop.

A note is known by its day and by its file's path or content, whichever was seen before: so a file that was touched,
moved or copied is the note it was, and one that names another theme later adds that theme. What was seen is kept in
the store before the facts are; a kill between the two reads the files again, and each fact is kept once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

import msgspec

from exporter.errors import BadNote, NotFound
from exporter.model import Noted, Repository, Stream, Subject, Thing, Told
from exporter.notes import read
from exporter.retro import RetroRules
from exporter.runtime.books import Books
from exporter.runtime.reading import Outcome, Reader
from exporter.store.base import RepositoryRow

log = logging.getLogger(__name__)

LARGEST = 1 << 20
"""Bytes of the largest file that is read: years of notes fit."""
MOST_FILES = 10_000


class Found(NamedTuple):
    """A note in a file: where, its day, the second it is dated at, a digest of its text, and the themes it names."""

    path: str
    day: str
    at: int
    digest: str
    themes: tuple[str, ...]


@dataclass
class Look:
    """What looking at the files gave: notes and faults of those that changed; ``stats`` of all that are there."""

    found: list[Found] = field(default_factory=list)
    faults: list[BadNote] = field(default_factory=list)
    stats: dict[Path, tuple[int, int]] = field(default_factory=dict)


class NotesSource:
    """Reads the notes that globs match. ``clock`` is Unix seconds; ``changed`` is called when there is news."""

    streams: tuple[Stream, ...] = (Stream.ISSUES,)

    def __init__(
        self,
        globs: Sequence[str],
        rules: RetroRules,
        reader: Reader,
        books: Books,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = self.of = reader.source
        self.rules = rules
        self.reader = reader
        self.books = books
        self.changed = changed
        self._globs = globs
        self._clock = clock
        self._stats: dict[Path, tuple[int, int]] = {}

    async def poll(self, until: Callable[[], bool]) -> str:
        """Read what changed since the last look. A file that cannot be used is told of, and stops no other.

        Raises:
            NotFound: no file is there at all.
        """
        store, desk = self.reader.store, self.reader.desk
        key, now = f"notes:{self.name}", int(self._clock())
        await desk(store.discover, self.name, [Repository(key, self.name)], self.streams)
        (row,) = await self._rows()
        look = await asyncio.to_thread(self._look)
        if not look.stats:
            error = NotFound(f"{self.name}: no file matches {', '.join(self._globs)}; look at its `notes`")
            await self.reader.hold([row], error.reason)
            raise error
        if look.found:
            told = await desk(self._known, key, look.found)
            await desk(store.add, self.name, told, self.reader.ledger_start)
        for fault in look.faults:
            self.reader.trouble(now, fault)
            log.warning("%s: %s", self.name, fault)
        self._stats = look.stats
        await self.reader.read([row], Outcome(), now, cursor=now, watermark=now)
        while not await desk(self.books.settle, self.name, self.reader.ledger_start):
            self.changed()
        self.changed()
        return "success"

    async def loading(self) -> bool:
        """Whether the files are still to be read for the first time."""
        return all(row.cursor is None for row in await self._rows())

    async def close(self) -> None:
        """Nothing is open."""

    async def _rows(self) -> list[RepositoryRow]:
        return await self.reader.desk(self.reader.store.repositories, self.name, Stream.ISSUES)

    def _look(self) -> Look:
        """Every file that the globs match, read where it is another than at the last look."""
        look = Look()
        for path in sorted({each for glob in self._globs for each in _expanded(glob)}):
            try:
                told = path.stat()
            except OSError:
                continue  # it went while we looked
            if not S_ISREG(told.st_mode):
                continue
            if len(look.stats) == MOST_FILES:
                look.faults.append(BadNote(f"{path}: is one file too many; narrow `notes` to {MOST_FILES} files"))
                break
            look.stats[path] = (told.st_mtime_ns, told.st_size)
            if self._stats.get(path) != look.stats[path]:
                self._read(path, told.st_size, look)
        return look

    def _read(self, path: Path, size: int, look: Look) -> None:
        if size > LARGEST:
            look.faults.append(BadNote(f"{path}: is larger than {LARGEST >> 20} MiB; split it, or narrow `notes`"))
            return
        try:
            held = read(path.name, path.read_bytes()[: LARGEST + 1])
        except OSError as error:
            look.faults.append(BadNote(f"{path}: cannot be read: {error.strerror}; let this user read it"))
            return
        look.faults += (BadNote(f"{path}: {fault}") for fault in held.faults)
        for note in held.notes:
            digest = blake2b(note.text.encode(), digest_size=12).hexdigest()
            themes = self.rules.named(note.text, markdown=note.markdown)
            look.found.append(Found(str(path), note.day, note.at, digest, themes))

    def _known(self, key: str, found: Iterable[Found]) -> list[Told]:
        """The facts of notes, each under the name that it, or what it was before, has; new names are kept first."""
        kept = self.reader.store.get(key)
        names: dict[str, str] = msgspec.json.decode(kept, type=dict[str, str]) if kept else {}
        before = dict(names)
        told = []
        for note in found:
            by_path, by_text = f"{note.day} {note.path}", f"{note.day} {note.digest}"
            name = names.get(by_path) or names.get(by_text) or by_text
            names[by_path] = names[by_text] = name
            # A fact for each theme: one that is named later is another fact of the same date.
            facts = (Noted("noted", note.at, ()), *(Noted(f"noted {each}", note.at, (each,)) for each in note.themes))
            told.append(Told(Subject(key, name, 0, Thing.ISSUE), facts))
        if names != before:
            self.reader.store.put(key, msgspec.json.encode(names).decode())
        return told


def _expanded(glob: str) -> Iterator[Path]:
    pattern = Path(glob).absolute()
    return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
