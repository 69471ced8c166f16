"""A stream that is read repository by repository: polled where something moved, its history loaded newest first.

A repository's cursor and watermark of the stream move only after everything up to them was read and stored. A stream
that fails holds back itself and what is measured from it, and no other stream.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from exporter.catalogue import MINUTE
from exporter.errors import ExporterError, RateLimited, SecondaryLimited, StoreError
from exporter.model import Stream
from exporter.runtime.history import wider
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader
from exporter.runtime.resting import Resting
from exporter.store.base import RepositoryRow, RepositoryState

T = TypeVar("T")

LAG = 5 * MINUTE
"""What a forge tells may be this late: facts are complete up to a poll's start minus this (definitions 4)."""


class Beside(ABC):
    """A stream at work beside the changes, however it is asked for. ``interval``: seconds between two polls."""

    def __init__(
        self, stream: Stream, reader: Reader, interval: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.reader = reader
        self.stream = stream
        self.interval = interval
        self.resting = Resting()
        self._monotonic = monotonic
        self._polled: dict[Lane, float] = {}

    @abstractmethod
    async def _poll(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> int:
        """Read what is new in loaded repositories; the number of those that failed or were not come to."""

    @abstractmethod
    async def _step(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> bool:
        """Load a part of the history of some of these; whether another part is worth trying now."""

    async def rows(self, lane_rows: Sequence[RepositoryRow]) -> list[RepositoryRow]:
        """How far this stream is in the repositories of a lane."""
        names = {row.id for row in lane_rows}
        rows = await self.reader.desk(self.reader.store.repositories, self.reader.source, self.stream)
        return [row for row in rows if row.id in names and row.state is not RepositoryState.GONE]

    async def advance(self, lane: Lane, lane_rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> None:
        """Poll when it is time, then load history until something else is due, but a little in any case.

        Failures are counted and hold what they concern; only the store's go further.
        """
        rows = await self.rows(lane_rows)
        if self._monotonic() - self._polled.get(lane, -self.interval) >= self.interval:
            self._polled[lane] = self._monotonic()
            self.resting.begin()
            if loaded := [row for row in rows if row.cursor is not None]:
                await self._timed(lane, loaded, until)
        while unloaded := [row for row in await self.rows(lane_rows) if row.cursor is None and not self._rests(row)]:
            if lane.limits.wait(urgent=False) > 0 or not await self._step(lane, unloaded, until) or until():
                break

    async def loading(self) -> bool:
        """Whether some repository's history is still to be read."""
        rows = await self.reader.desk(self.reader.store.repositories, self.reader.source, self.stream)
        return any(row.cursor is None and row.state is not RepositoryState.GONE for row in rows)

    def _rests(self, row: RepositoryRow) -> bool:
        return self.resting.rests(row.id)

    async def _timed(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> None:
        """Poll, and count it by how it ended and how long it took."""
        started = self._monotonic()
        try:
            result = "partial" if await self._poll(lane, rows, until) else "success"
        except StoreError:
            raise
        except ExporterError as error:
            result = "failure"
            self.reader.trouble(lane.clock.now(), error)
            await self.reader.hold(rows, error.reason)
        self.reader.health.polled(self.reader.teller, self.stream, result, self._monotonic() - started)

    def _note(self, rows: Sequence[RepositoryRow], outcome: Outcome) -> int:
        failed = {row.id for row in rows if row.key in outcome.faults}
        self.resting.note(rows, failed)
        return len(failed)

    async def _tried(self, lane: Lane, rows: Sequence[RepositoryRow], reading: Awaitable[T]) -> T | None:
        """What reading a part of some histories came to; None when it failed, which holds them, or met a limit."""
        try:
            return await reading
        except (RateLimited, SecondaryLimited) as error:
            self.reader.trouble(lane.clock.now(), error)
        except StoreError:
            raise
        except ExporterError as error:
            self.reader.trouble(lane.clock.now(), error)
            await self.reader.hold(rows, error.reason)
            self.resting.note(rows, {row.id for row in rows})
        return None


class Asking(Protocol):
    """How one stream is asked for. All times are the server's, in Unix seconds."""

    stream: Stream
    width: int
    """Seconds of history that are read at once at first."""

    async def moved(self, lane: Lane, rows: Sequence[RepositoryRow]) -> set[int]:
        """The ids of those repositories in which something may have happened since they were read last.

        Raises:
            ExporterError: nobody can tell.
        """
        ...

    async def read(self, lane: Lane, row: RepositoryRow, span: tuple[int, int], *, urgent: bool) -> Outcome:
        """Everything of a repository dated in [lower, upper] read and stored; ``urgent``: ahead of histories.

        A repository that could not be read whole has a fault in the outcome; one that was left for something else has
        ``more``, and is asked for again; one that needs what another stream tells ``waits`` for the next pass.

        Raises:
            ExporterError: the server, the credential or the store is in trouble; it says nothing of the repository.
        """
        ...


class SideStream(Beside):
    """One stream of a source at work beside its changes. ``interval``: seconds between two polls."""

    def __init__(
        self, asking: Asking, reader: Reader, interval: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(asking.stream, reader, interval, monotonic)
        self.asking = asking
        self._widths: dict[int, int] = {}
        self._waiting: set[int] = set()

    async def advance(self, lane: Lane, lane_rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> None:
        """As any stream; what waits for another one is tried once in each pass."""
        self._waiting -= {row.id for row in lane_rows}
        await super().advance(lane, lane_rows, until)

    def _rests(self, row: RepositoryRow) -> bool:
        return row.id in self._waiting or super()._rests(row)

    async def _poll(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> int:
        """Read what moved, the stalest first; the number of repositories that failed or were not come to."""
        upper = lane.clock.now()
        rows = [row for row in rows if not self._rests(row)]
        moved = await self.asking.moved(lane, rows)
        still = [row for row in rows if row.id not in moved and row.state is RepositoryState.OK]
        await self.reader.read(still, Outcome(), upper, cursor=upper, watermark=upper - LAG)
        left = sorted((row for row in rows if row not in still), key=lambda row: (row.cursor or 0, row.id))
        failed = 0
        for number, row in enumerate(left):
            if number and until():
                self._polled.pop(lane, None)
                return failed + len(left) - number
            outcome = await self.asking.read(lane, row, (row.cursor or 0, upper), urgent=True)
            if outcome.more and row.key not in outcome.faults:
                self._polled.pop(lane, None)
                failed += 1
                continue
            await self.reader.read([row], outcome, lane.clock.now(), cursor=upper, watermark=_mark(upper, outcome))
            failed += self._note([row], outcome)
        return failed

    async def _step(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> bool:
        """Load a part of the first one's history."""
        row = rows[0]
        started = row.loaded_from if row.loaded_from is not None else lane.clock.now()
        reached = row.loaded_to if row.loaded_to is not None else started
        width = self._widths.get(row.id, self.asking.width)
        lower = max(self.reader.ledger_start, reached - width)
        outcome = await self._tried(lane, [row], self.asking.read(lane, row, (lower, reached), urgent=False))
        if outcome is None:
            return False
        if outcome.more or outcome.waits:
            self._waiting |= {row.id} if outcome.waits else set()
            if outcome.more or row.loaded_from is None:  # else that it is loading is noted
                await self.reader.loading([row], outcome, reached, started)
        elif lower > self.reader.ledger_start:
            self._widths[row.id] = wider(width, outcome.changes, 1)
            await self.reader.loading([row], outcome, lower, started)
        else:
            self._widths.pop(row.id, None)
            mark = _mark(started, outcome)
            await self.reader.read([row], outcome, lane.clock.now(), cursor=started, watermark=mark)
        self._note([row], outcome)
        return True


def _mark(upper: int, outcome: Outcome) -> int:
    """Up to where all is known by a reading that began then."""
    return upper - LAG if outcome.until is None else min(upper - LAG, outcome.until)
