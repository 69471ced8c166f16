"""One GitHub source: finds its repositories, polls what moved, and loads history in between.

Polling is the truth. A repository's cursor and watermark move only after everything up to them was read and stored, so
a crash, a fault or a limit costs time and never a fact; what is read twice is stored once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.errors import ExporterError, Missing, NotFound, RateLimited, Refused, SecondaryLimited, StoreError
from exporter.model import Stream
from exporter.providers.answers import stamp
from exporter.providers.github.provider import GitHub
from exporter.runtime.books import Books
from exporter.runtime.files import FilesReader
from exporter.runtime.finding import Finder
from exporter.runtime.history import LAG, History
from exporter.runtime.inquiry import Inquiry, Searching
from exporter.runtime.lane import Lane
from exporter.runtime.lanes import Lanes
from exporter.runtime.reading import Reader
from exporter.runtime.resting import Resting
from exporter.runtime.selection import Selection
from exporter.runtime.stream import Beside
from exporter.store.base import RepositoryRow, RepositoryState

log = logging.getLogger(__name__)

OVERLAP = 90
LONG_OVERLAP = 15 * MINUTE
LONG_EVERY = 5 * MINUTE
EARLY = 30
"""Polls come a little before their time; the fifth after a long one is long again all the same."""
BACKWARDS = DAY
"""What is read again when the server's clock was set back behind what was read."""
SWEEP_EVERY = DAY
SWEEP_MARGIN = HOUR


class GithubSource:
    """A GitHub source at work. All times are the server's, in Unix seconds; ``changed`` is called when there is news.

    ``rest``: before every REST path. ``mode``: ``search``, ``pulse``, or ``auto`` for search with the pulse where
    search fails. ``sides``: the streams read beside the changes; they come after those in every pass. ``beside``:
    streams of its repositories that another source reads.
    """

    def __init__(
        self,
        provider: GitHub,
        selection: Selection,
        lanes: Lanes,
        reader: Reader,
        books: Books,
        *,
        rest: str = "",
        mode: str = "auto",
        rediscover: int = HOUR,
        sides: Sequence[Beside] = (),
        beside: Sequence[Stream] = (),
        changed: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = self.of = reader.source
        self.sides = tuple(sides)
        self.streams = (Stream.CHANGES, *(each.stream for each in self.sides), *beside)
        self.provider = provider
        self.lanes = lanes
        self.reader = reader
        self.books = books
        self.rest = rest
        self.rediscover = rediscover
        self.changed = changed
        self.finder = Finder(provider, selection, lanes, reader, monotonic, self.streams)
        self.searching = Searching(mode, monotonic)
        self.files = FilesReader(provider, reader)
        self.history = History(self.files, self._of_history, lambda: self.searching.usable)
        self.resting = Resting()
        self._monotonic = monotonic
        self._sleep = sleep
        self._long: dict[Lane, float] = {}

    # A pass

    async def poll(self, until: Callable[[], bool]) -> str:
        """One pass: look for repositories when it is time, poll the loaded ones, then load history until told to stop.

        Returns ``success``, or ``partial`` when single repositories or credentials failed. ``until`` says that the next
        poll is due.

        Raises:
            ExporterError: nothing of the pass could be finished.
        """
        whole = await self._look()
        self.resting.begin()
        rows = await self._rows()
        groups = self.finder.by_lane(rows)
        faults = await self._unattended(rows, groups)
        sweeping = await self._sweep_due()
        passes = (self._pass(lane, here, until, sweeping) for lane, here in groups)
        ends = await asyncio.gather(*passes, return_exceptions=True)
        failures = [end for end in ends if isinstance(end, BaseException)]
        for failure in failures:
            if not isinstance(failure, ExporterError) or isinstance(failure, StoreError):
                raise failure
        if failures and len(failures) == len(ends):
            raise failures[0]
        for failure in failures:
            if isinstance(failure, ExporterError):
                self.reader.trouble(self.lanes.clock.now(), failure)
        faults += sum(end for end in ends if isinstance(end, int))
        return "partial" if faults or failures or not whole else "success"

    async def _look(self) -> bool:
        """Look for repositories when it is time; False when that failed and the known ones have to do."""
        if not self.finder.due(self.rediscover):
            return True
        try:
            return await self.finder.look()
        except StoreError:
            raise
        except ExporterError as error:
            rows = await self._rows()
            if not self.finder.here or not rows:
                await self._hold(rows, error)
                raise
            self.reader.trouble(self.lanes.clock.now(), error)
            return False
        finally:
            await self.reader.desk(self.books.reach.refresh)

    async def _rows(self) -> list[RepositoryRow]:
        rows = await self.reader.desk(self.reader.store.repositories, self.name)
        return [row for row in rows if row.state is not RepositoryState.GONE]

    async def close(self) -> None:
        """Give back the connections."""
        await self.lanes.close()

    async def loading(self) -> bool:
        """Whether some repository's history is still to be read."""
        if any(row.cursor is None for row in await self._rows()):
            return True
        return any([await side.loading() for side in self.sides])

    async def settle(self) -> None:
        """Turn everything that is due into observations."""
        while not await self.reader.desk(self.books.settle, self.name, self.reader.ledger_start):
            self.changed()
        self.changed()

    async def _hold(self, rows: Sequence[RepositoryRow], error: ExporterError) -> None:
        """Say on repositories why they stand still."""
        if await self.reader.hold(rows, error.reason):
            await self.reader.desk(self.books.reach.refresh)

    async def _unattended(self, rows: Sequence[RepositoryRow], groups: list[tuple[Lane, list[RepositoryRow]]]) -> int:
        """Repositories that no credential answers for stand still, and say so; how many there are."""
        attended = {row.id for _, here in groups for row in here}
        left = [row for row in rows if row.id not in attended]
        lost = [row for row in left if row.name.partition("/")[0].lower() in self.finder.lost]
        other = [row for row in left if row not in lost]
        await self._hold(lost, NotFound(f"{self.name}: an owner is not found any more"))
        await self._hold(other, Refused(f"{self.name}: no credential answers for an owner"))
        if left and not groups:
            raise Refused("no credential of this source answers for the owners of its repositories")
        return len(left)

    async def _pass(self, lane: Lane, rows: list[RepositoryRow], until: Callable[[], bool], sweeping: bool) -> int:
        """What one credential can do in a pass; the number of repositories that failed."""
        try:
            faults = await self._poll_loaded(lane, [row for row in rows if row.cursor is not None])
        except ExporterError as error:
            await self._hold(rows, error)
            raise
        await self.settle()
        if sweeping:
            fine = {row.id for row in await self._rows() if row.state is RepositoryState.OK}  # as the poll left them
            await self._sweep(lane, [row for row in rows if row.id in fine])
        faults += await self._load(lane, until)
        for side in self.sides:
            await side.advance(lane, rows, until)
            await self.settle()
        return faults

    # Polling

    async def _poll_loaded(self, lane: Lane, rows: list[RepositoryRow]) -> int:
        """Read what moved since each repository's cursor; the number of repositories that failed.

        The long overlap is for every fifth minute, for the first poll after a load, and for what lags behind.
        """
        upper = lane.clock.now()
        now = self._monotonic()
        long = lane not in self._long or now - self._long[lane] >= LONG_EVERY - EARLY
        resting = [row for row in rows if self.resting.rests(row.id)]
        rows = [row for row in rows if not self.resting.rests(row.id)]
        newest = max((row.cursor or 0 for row in rows), default=0)
        main = [row for row in rows if row.cursor == newest]
        behind = [row for row in rows if row.cursor != newest]
        failing = [row for row in behind if row.state is RepositoryState.FAILING]
        catching_up = [row for row in behind if row.state is not RepositoryState.FAILING]
        faults, failures = len(resting), []
        groups = [group for group in (main, catching_up, failing) if group]
        for group in groups:
            try:
                fresh = any(row.cursor == row.loaded_from for row in group)
                overlap = OVERLAP if group is main and not long and not fresh else LONG_OVERLAP
                faults += await self._poll_group(lane, group, overlap, upper)
            except StoreError:
                raise
            except ExporterError as error:
                await self._hold(group, error)
                failures.append(error)
        if failures and len(failures) == len(groups):
            raise failures[0]
        for failure in failures:
            self.reader.trouble(lane.clock.now(), failure)
        if long and not failures:
            self._long[lane] = now
        return faults + len(failures)

    async def _poll_group(self, lane: Lane, rows: list[RepositoryRow], overlap: int, upper: int) -> int:
        """Read from the oldest cursor minus the overlap up to ``upper``; files before the watermark passes the merge.

        The overlap is counted from what was read, not from now: what the index held back when it was read was younger
        than the overlap is long.
        """
        cursor = min(row.cursor or 0 for row in rows)
        lower = cursor - overlap if upper >= cursor - OVERLAP else upper - BACKWARDS
        inquiry = Inquiry(self.provider, self.reader, self.searching, rows, (lower, upper), self.finder.owned)
        await inquiry.go_on(lane)
        outcome = inquiry.outcome
        fine = [row for row in rows if row.key not in outcome.faults]
        files, _ = await self.files.read(lane, fine, upper - LAG)
        outcome.merge(files)
        await self.reader.read(rows, outcome, lane.clock.now(), cursor=upper, watermark=upper - LAG)
        if any(fault.reason == NotFound.reason for fault in outcome.faults.values()):
            self.finder.doubt()
        failed = {row.id for row in rows if row.key in outcome.faults}
        self.resting.note(rows, failed)
        return len(failed)

    # History

    def _of_history(self, rows: Sequence[RepositoryRow], span: tuple[int, int], only_open: bool) -> Inquiry:
        return Inquiry(
            self.provider, self.reader, self.searching, rows, span, self.finder.owned, only_open=only_open, urgent=False
        )

    async def _load(self, lane: Lane, until: Callable[[], bool]) -> int:
        """Load history until something else is due, but a little in any case; the number of repositories that failed.

        A limit is no failure of a load: it goes on when the limit allows.
        """
        while rows := await self._unloaded(lane):
            wait = lane.limits.wait(urgent=False)
            if wait > 0:
                await self._sleep(min(1.0, wait))
            else:
                await self._step(lane, rows, until)
            if until():
                break
        return len(await self._unloaded(lane, resting=True))

    async def _step(self, lane: Lane, rows: list[RepositoryRow], until: Callable[[], bool]) -> None:
        """Load a part of the history of some repositories; those that fail rest."""
        try:
            reasons = await self.history.step(lane, rows, until)
        except (RateLimited, SecondaryLimited) as error:
            self.reader.trouble(lane.clock.now(), error)
            return
        except ExporterError as error:
            await self._hold(rows, error)
            raise
        self.resting.note([row for row in rows if row.id in reasons], set(reasons))
        await self.settle()

    async def _unloaded(self, lane: Lane, *, resting: bool = False) -> list[RepositoryRow]:
        """Repositories of a lane that lack history: those that rest after a failure, or the others."""
        rows = [row for row in await self._rows() if row.cursor is None]
        here = next((group for each, group in self.finder.by_lane(rows) if each is lane), [])
        return [row for row in here if self.resting.rests(row.id) is resting]

    # The nightly count

    async def _sweep_due(self) -> bool:
        """Whether a day has passed since the last count; the first is due a day after the first pass."""
        store, desk, mark = self.reader.store, self.reader.desk, f"swept:{self.name}"
        now = self.lanes.clock.now()
        last = await desk(store.get, mark)
        due = last is not None and now - int(last) >= SWEEP_EVERY and self.searching.usable
        if last is None or due:
            await desk(store.put, mark, str(now))
        return due

    async def _sweep(self, lane: Lane, rows: Sequence[RepositoryRow]) -> None:
        """Compare how many changes GitHub counts with how many are known; read again where some lack."""
        start, upper = self.reader.ledger_start, lane.clock.now() - SWEEP_MARGIN
        span = f"created:{stamp(start)}..{stamp(upper)}"
        searches = {f"repo:{row.name} is:pr {span}": row for row in rows}
        try:
            outcome = await self.reader.drain(lane, self.provider.counts(list(searches)))
        except StoreError:
            raise
        except ExporterError as error:
            self.reader.trouble(lane.clock.now(), error)
            return
        for search, row in searches.items():
            await self._compare(row, outcome.counts.get(search, 0), start, upper)

    async def _compare(self, row: RepositoryRow, there: int, start: int, upper: int) -> None:
        store, desk = self.reader.store, self.reader.desk
        missing = there - await desk(store.opened_between, row.id, start, upper)
        mark = f"missing:{row.id}"
        if missing <= 0 or await desk(store.get, mark) == str(missing):
            return
        message = f"{row.name}: {missing} changes are not known here; reading it again"
        self.reader.trouble(self.lanes.clock.now(), Missing(message))
        await desk(store.put, mark, str(missing))
        await desk(store.progress, [row.id], cursor=None, loaded_from=None, loaded_to=None)
