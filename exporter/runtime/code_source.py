"""Code debt as a source of its own: each repository's branch is cloned, and read on from where it was left.

It has a task to itself, since a first clone takes minutes: beside a forge's other streams it would hold them up. One
repository is read at a time, so memory holds one branch's young lines; the work on bytes is done in a thread.

What is known of a branch between two commits is kept in a file beside its clone. Facts are stored first: a kill between
the two states the same facts again, and each is kept once.
"""

import asyncio
import logging
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from exporter.catalogue import MINUTE
from exporter.code.branch import Branch, Marks, head_of
from exporter.code.patch import Commit
from exporter.errors import ConfigError, ExporterError, Shifted, StoreError, StoreFull
from exporter.markers import trailer_lines
from exporter.model import Committed, Stream, Told
from exporter.origin import bot_of
from exporter.policy import Policy
from exporter.providers.base import Fault
from exporter.runtime.books import Books
from exporter.runtime.clone import LANDED, Clone, Place
from exporter.runtime.reading import Outcome, Reader
from exporter.runtime.resting import Resting
from exporter.store.base import RepositoryRow, RepositoryState, Store

log = logging.getLogger(__name__)

LAG = 5 * MINUTE
"""A branch is complete up to the fetch minus this: commits come a little after their date (definitions 4)."""
AT_ONCE = 500
"""Facts stored in one transaction."""
IGNORED = ".git-blame-ignore-revs"
_SHA = re.compile(rb"^[ \t]*([0-9a-f]{40})\b", re.MULTILINE)


class Whereabouts(Protocol):
    """Which repositories there are, and how to get at them. Times are Unix seconds, of whichever clock dates facts."""

    def now(self) -> int:
        """The time."""
        ...

    async def find(self) -> None:
        """Bring the store's list of repositories up to date, where that is this source's business."""
        ...

    async def moved(self, rows: Sequence[RepositoryRow]) -> set[int]:
        """The ids of those whose branch may have moved since ``read``.

        Raises:
            ExporterError: nobody can tell.
        """
        ...

    async def place(self, row: RepositoryRow) -> Place:
        """Where to clone it from, with what credential.

        Raises:
            ExporterError: it cannot be reached.
        """
        ...

    def read(self, row: RepositoryRow) -> None:
        """Note that a repository was read up to what ``moved`` saw."""
        ...


class Clones:
    """The folder in which a source's clones and what is known of them are. ``close`` is called when the source ends.

    ``mark`` names the store whose facts say the rest; what was kept beside another's is of no use.
    """

    def __init__(self, folder: Path, close: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self.close = close
        self.mark = b""

    def clone(self, row: RepositoryRow) -> Path:
        """Where a repository's clone is."""
        return self.folder / f"{_short(row.key)}.git"

    def _file(self, row: RepositoryRow) -> Path:
        return self.folder / f"{_short(row.key)}.lines"

    def _first_line(self, row: RepositoryRow) -> bytes:
        return b"%s %d" % (self.mark, row.id)

    def known(self, row: RepositoryRow) -> bytes:
        """What was kept of a branch; empty where nothing is, or where it belongs to another store."""
        try:
            mark, _, saved = self._file(row).read_bytes().partition(b"\n")
        except OSError:
            return b""
        return saved if mark == self._first_line(row) else b""

    def keep(self, row: RepositoryRow, saved: bytes) -> None:
        """Replaces what was kept, whole or not at all.

        Raises:
            StoreFull: it cannot be written.
        """
        path = self._file(row)
        draft = path.with_suffix(".tmp")
        try:
            draft.write_bytes(self._first_line(row) + b"\n" + saved)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StoreFull(f"{row.name}: {path} cannot be written: {error.strerror}") from error

    def only(self, rows: Iterable[RepositoryRow]) -> None:
        """Removes the clones of all others; makes the folder, for nobody but this user, where there is none.

        Raises:
            ConfigError: it cannot be made.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.folder}: cannot be made ({error.strerror}); set store.clones") from error
        names = {_short(row.key) for row in rows}
        for path in self.folder.glob("*"):
            if path.stem not in names and path.suffix in (".git", ".lines", ".tmp"):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


class CodeSource:
    """Reads the histories of one source's repositories. ``changed`` is called when there is news."""

    streams: tuple[Stream, ...] = (Stream.CODE,)

    def __init__(
        self,
        where: Whereabouts,
        clones: Clones,
        reader: Reader,
        books: Books,
        policy: Policy,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = self.of = reader.source
        self.where = where
        self.clones = clones
        self.reader = reader
        self.books = books
        self.policy = policy
        self.changed = changed
        self.resting = Resting()
        self._read: dict[int, tuple[str, int | None]] = {}

    async def poll(self, until: Callable[[], bool]) -> str:
        """Read on every branch that moved, the stalest first; ``partial`` when some failed or were not come to.

        Raises:
            ExporterError: none could be read.
        """
        await self.where.find()
        await self.reader.desk(self.books.reach.refresh)
        if not self.clones.mark:
            self.clones.mark = (await self.reader.desk(_identity, self.reader.store)).encode()
        self.resting.begin()
        rows = sorted(await self._rows(), key=lambda row: (row.cursor or 0, row.id))
        await asyncio.to_thread(self.clones.only, rows)
        moved = await self.where.moved([row for row in rows if row.id in self._read])
        failures: list[ExporterError] = []
        resting = left = 0
        for number, row in enumerate(rows):
            if self.resting.rests(row.id):
                resting += 1
            elif number and until():
                left += 1
            elif failure := await self._try(row, row.id in moved or row.id not in self._read):
                failures.append(failure)
        await self.settle()
        if failures and len(failures) == len(rows):
            raise failures[0]
        return "partial" if failures or resting or left else "success"

    async def loading(self) -> bool:
        """Whether some branch is still to be read for the first time."""
        return any(row.cursor is None for row in await self._rows())

    async def settle(self) -> None:
        """Turn everything that is due into observations."""
        while not await self.reader.desk(self.books.settle, self.name, self.reader.ledger_start):
            self.changed()
        self.changed()

    async def close(self) -> None:
        """Remove clones that are not to be kept."""
        await asyncio.to_thread(self.clones.close)

    async def _rows(self) -> list[RepositoryRow]:
        rows = await self.reader.desk(self.reader.store.repositories, self.name, Stream.CODE)
        return [row for row in rows if row.state is not RepositoryState.GONE]

    async def _try(self, row: RepositoryRow, moved: bool) -> ExporterError | None:
        """Read one branch on; its failure, which is told and holds only itself."""
        outcome, failure, upper = Outcome(), None, self.where.now()
        try:
            if row.cursor is None and row.loaded_from is None:
                await self.reader.loading([row], outcome, upper, upper)
            await self._follow(row, upper, moved)
        except StoreError:
            raise
        except ExporterError as error:
            failure = error
            self.reader.trouble(upper, error)
            log.warning("%s: %s: %s", self.name, error.reason, error)
            outcome.faults[row.key] = Fault(row.key, error.reason, str(error))
        await self.reader.read([row], outcome, self.where.now(), cursor=upper, watermark=upper - LAG)
        self.resting.note([row], {row.id} if failure else set())
        return failure

    async def _follow(self, row: RepositoryRow, upper: int, moved: bool) -> None:
        """Everything of a branch that is known by ``upper``, stored.

        Raises:
            ExporterError: it could not be read; what was, is stored.
        """
        head, due = self._read.get(row.id, ("", None))
        ripe = due is not None and due <= upper - LAG
        if not moved and not ripe:
            return
        clone = Clone(self.clones.clone(row), await self.where.place(row))
        now = await clone.update() if moved else head
        if now == head and not ripe:
            self.where.read(row)
            return
        saved = await asyncio.to_thread(self.clones.known, row)
        before = head_of(saved, self.policy.blame)
        if before and not await clone.contains(before):
            log.warning("%s: its branch was replaced (a forced push?); it is read again from the beginning", row.name)
            before, saved = "", b""
        try:
            branch = await self._walk(row, clone, upper, now, saved if before else b"")
        except Shifted:
            branch = await self._walk(row, clone, upper, now, b"")
        self._read[row.id] = (now, branch.next_due)
        self.where.read(row)

    async def _walk(self, row: RepositoryRow, clone: Clone, upper: int, head: str, saved: bytes) -> Branch:
        """From where ``saved`` stands to the branch's end.

        Raises:
            Shifted: the branch does not pass there.
        """
        left_out = frozenset(sha.decode() for sha in _SHA.findall(await clone.content(IGNORED)))
        branch = await asyncio.to_thread(Branch, row.key, self.policy, self._marks, upper, saved, left_out)
        if head != branch.head:
            since = 0 if branch.head else self.reader.ledger_start
            told: list[Told] = []
            async with aclosing(clone.log(LANDED, after=branch.head, since=since)) as pieces:
                async for piece in pieces:
                    told += await asyncio.to_thread(branch.feed, piece)
                    if len(told) >= AT_ONCE or branch.saved is not saved:
                        await self._add(told)
                        told = []
                    if branch.saved is not saved:
                        saved = branch.saved
                        await asyncio.to_thread(self.clones.keep, row, saved)
            await self._add(told + await asyncio.to_thread(branch.close))
        await self._add(await asyncio.to_thread(branch.due, upper - LAG))
        await asyncio.to_thread(self.clones.keep, row, branch.saved)
        return branch

    async def _add(self, told: Sequence[Told]) -> None:
        for start in range(0, len(told), AT_ONCE):
            part = told[start : start + AT_ONCE]
            await self.reader.desk(partial(self.reader.store.add, self.name, part, self.reader.ledger_start))

    def _marks(self, commit: Commit) -> Marks:
        """What a commit tells of its origin; nothing that names a person."""
        told = Committed(
            "commit",
            commit.committed,
            commit.sha,
            commit.authored,
            commit.names,
            commit.emails,
            "",
            trailer_lines(commit.message.partition("\n")[2]),
        )
        kept = self.policy.rules.stripped(told)
        return Marks(bot_of(commit.emails[0]), kept.names[0], kept.emails[0], kept.trailers)


def _identity(store: Store) -> str:
    """What tells this store from all others, made at its first use."""
    found = store.get("identity")
    if found is None:
        store.put("identity", found := secrets.token_hex(8))
    return found


def _short(key: str) -> str:
    return blake2b(key.encode(), digest_size=8).hexdigest()
