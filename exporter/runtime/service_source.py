"""A source whose service is known by the protocol alone (``providers.service``): finds repositories, polls its streams.

Polling is the truth. A stream's cursors and watermarks move only after everything up to them was read and stored; a
stream that fails holds back itself and what is measured from it, and no other stream.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from exporter.errors import ExporterError, StoreError
from exporter.model import Repository, Stream
from exporter.providers.service import Client
from exporter.runtime.books import Books
from exporter.runtime.joint import JointStream
from exporter.runtime.lane import Lane
from exporter.runtime.lanes import Lanes
from exporter.runtime.reading import OF_ALL, Reader
from exporter.runtime.selection import Selection
from exporter.runtime.stream import Beside
from exporter.store.base import RepositoryRow, RepositoryState

log = logging.getLogger(__name__)

RETRY = 300.0
"""Seconds after which a look that was not whole is repeated."""


class Leading(JointStream):
    """The stream that a source's own polls are counted by: it is read in every pass, and fails the pass."""

    failed = 0

    async def _timed(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> None:
        """Poll; how many repositories failed stays in ``failed``.

        Raises:
            ExporterError: nothing could be read.
        """
        try:
            self.failed = await self._poll(lane, rows, until)
        except StoreError:
            raise
        except ExporterError as error:
            await self.reader.hold(rows, error.reason)
            raise


class ServiceSource:
    """A source at work. All times are the server's, in Unix seconds; ``changed`` is called when there is news.

    ``leading`` comes first in every pass, ``sides`` after it. ``beside``: streams of its repositories that another
    source reads.
    """

    def __init__(
        self,
        client: Client,
        selection: Selection,
        lanes: Lanes,
        reader: Reader,
        books: Books,
        leading: Leading,
        *,
        sides: Sequence[Beside] = (),
        beside: Sequence[Stream] = (),
        rediscover: int = 3600,
        changed: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = self.of = reader.source
        self.client = client
        self.selection = selection
        self.lanes = lanes
        self.reader = reader
        self.books = books
        self.leading = leading
        self.sides = tuple(sides)
        self.streams = (leading.stream, *(each.stream for each in self.sides), *beside)
        self.rediscover = rediscover
        self.changed = changed
        self._monotonic = monotonic
        self._looked: float | None = None
        self._whole = True

    async def poll(self, until: Callable[[], bool]) -> str:
        """One pass: look for repositories when it is time, then each stream: new facts first, then history.

        Returns ``success``, or ``partial`` when single repositories failed.

        Raises:
            ExporterError: nothing of the pass could be finished.
        """
        (lane,) = await self.lanes.lanes()
        try:
            return await self._pass(lane, until)
        finally:
            await self.reader.desk(self.books.reach.refresh)

    async def _pass(self, lane: Lane, until: Callable[[], bool]) -> str:
        await self._look(lane)
        rows = await self._rows()
        failure: ExporterError | None = None
        try:
            await self.leading.advance(lane, rows, until)
        except OF_ALL:
            raise
        except ExporterError as error:
            failure = error
        await self.settle()
        for side in self.sides:
            await side.advance(lane, rows, until)
            await self.settle()
        if failure is not None:
            raise failure
        fine = all(row.state is not RepositoryState.FAILING for row in await self._rows())
        return "success" if fine and self._whole and not self.leading.failed else "partial"

    async def loading(self) -> bool:
        """Whether some repository's history is still to be read."""
        return any([await each.loading() for each in (self.leading, *self.sides)])

    async def settle(self) -> None:
        """Turn everything that is due into observations."""
        while not await self.reader.desk(self.books.settle, self.name, self.reader.ledger_start):
            self.changed()
        self.changed()

    async def close(self) -> None:
        """Give back the connections."""
        await self.lanes.close()

    async def _rows(self) -> list[RepositoryRow]:
        rows = await self.reader.desk(self.reader.store.repositories, self.name)
        return [row for row in rows if row.state is not RepositoryState.GONE]

    # Which repositories

    async def _look(self, lane: Lane) -> None:
        """Look for repositories when it is time; where that fails, the known ones have to do.

        Raises:
            ExporterError: none is known.
        """
        wait = self.rediscover if self._whole else min(self.rediscover, RETRY)
        if self._looked is not None and self._monotonic() - self._looked < wait:
            return
        try:
            outcome = await self.reader.drain(lane, self.client.repositories())
        except StoreError:
            raise
        except ExporterError as error:
            if not await self._rows():
                raise
            self.reader.trouble(lane.clock.now(), error)
            self._looked, self._whole = self._monotonic(), False
            return
        found = [each for each in outcome.repositories if self.selection.takes(each)]
        self._looked, self._whole = self._monotonic(), not (outcome.faults or outcome.unplaced)
        await self._enter(found)
        log.info("%s: %d repositories", self.name, len(found))
        if not found:
            log.warning("%s: no repository matches; check include, exclude and the credential's access", self.name)

    async def _enter(self, found: Sequence[Repository]) -> None:
        """Tell the store. What a look that was not whole did not find may be there all the same."""
        keys = {each.key for each in found}
        left = [] if self._whole else [row for row in await self._rows() if row.key not in keys]
        still = [Repository(row.key, row.name, row.default_branch) for row in left]
        await self.reader.desk(self.reader.store.discover, self.name, [*found, *still], self.streams)
        await self.reader.desk(self.books.reach.refresh)


class ServingSource:
    """A source that has no repositories and tells one stream of those of another source, ``of``.

    What it reads is stored as that source's; troubles and requests are counted as its own. ``hear``: asks something, so
    that the server's time is known before the first load is dated by it.
    """

    def __init__(
        self,
        name: str,
        lanes: Lanes,
        leading: Leading,
        books: Books,
        changed: Callable[[], None] = lambda: None,
        hear: Callable[[Lane, Sequence[RepositoryRow]], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.of = leading.reader.source
        self.streams: tuple[Stream, ...] = (leading.stream,)
        self.lanes = lanes
        self.leading = leading
        self.books = books
        self.changed = changed
        self._hear = hear
        self._heard = False

    async def poll(self, until: Callable[[], bool]) -> str:
        """One pass over the repositories that the other source has found so far; ``partial`` before it found any.

        Raises:
            ExporterError: nothing could be read.
        """
        reader = self.leading.reader
        rows = await self._rows()
        if not rows:
            log.info("%s: %s has found no repository yet", self.name, self.of)
            return "partial"
        (lane,) = await self.lanes.lanes()
        try:
            if self._hear is not None and not self._heard:
                await self._hear(lane, rows)
                self._heard = True
            await self.leading.advance(lane, rows, until)
        finally:
            await reader.desk(self.books.reach.refresh)
        while not await reader.desk(self.books.settle, self.of, reader.ledger_start):
            self.changed()
        self.changed()
        fine = all(row.state is not RepositoryState.FAILING for row in await self._rows())
        return "success" if fine and not self.leading.failed else "partial"

    async def loading(self) -> bool:
        """Whether some repository's history is still to be read."""
        return await self.leading.loading()

    async def close(self) -> None:
        """Give back the connections."""
        await self.lanes.close()

    async def _rows(self) -> list[RepositoryRow]:
        reader = self.leading.reader
        rows = await reader.desk(reader.store.repositories, self.of, self.leading.stream)
        return [row for row in rows if row.state is not RepositoryState.GONE]
