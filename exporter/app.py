"""The running exporter: sources at work, a prepared page for every scrape, reloads, and a clean end."""

import asyncio
import logging
import os
import platform
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from exporter import __version__, wiring
from exporter.catalogue import exported
from exporter.config import Config, fingerprint, load, warnings
from exporter.diagnosis.terms import Report
from exporter.errors import ConfigError, ExporterError, StoreError
from exporter.exposition import Exposition, Rendered
from exporter.measures import exporter as own
from exporter.report import render
from exporter.runtime import web
from exporter.runtime.audit import Answer, begin, finish
from exporter.runtime.books import Books
from exporter.runtime.desk import Desk
from exporter.runtime.diagnosing import Diagnosing, step
from exporter.runtime.health import Health
from exporter.runtime.page import ConfigStatus, Status, StoreStatus
from exporter.runtime.reporting import report
from exporter.runtime.snapshot import ALL, Snapshot
from exporter.runtime.statuspage import status_of
from exporter.runtime.web_config import load as load_web_config
from exporter.store.base import Gate, Place, RepositoryState
from exporter.store.sqlite import SqliteStore
from exporter.wiring import Source

log = logging.getLogger(__name__)

RENDER_EVERY = 60.0
TICK = 5.0
WATCH_EVERY = 5.0
BIRTH_GAP = 10.0
"""Scrapes closer together than this count as one for a birth (definitions 5)."""
BIRTH_LONGEST = 600.0
PATIENCE = 3600.0
"""Seconds of failing after which an unloaded source no longer holds back the organisation's sums."""
STOP_WITHIN = 2.0
"""Each of the two parts of the end, the server's and the store's, may take so long: together less than five seconds."""
SHOW_EVERY = 1.0
REST = 300.0
"""Seconds between two looks at the gain at least, whatever repositories come and go."""
BUILT_IN = "built in (demo)"


@dataclass
class Birth:
    """A combination that is shown at its old value: since when (monotonic seconds), and which scrapes have seen it."""

    shown: float
    seen: int = 0
    last: float = -BIRTH_GAP


@dataclass
class Parts:
    """Everything that a reload replaces."""

    config: Config
    books: Books
    snapshot: Snapshot
    diagnosing: Diagnosing
    sources: list[Source]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class App:
    """One process. ``path`` is None for the demo, whose configuration is built in."""

    def __init__(self, config: Config, path: Path | None, environ: Mapping[str, str]) -> None:
        self.config = config
        self.path = path
        self.environ = environ
        self.health = Health()
        self.desk = Desk()
        self.started = time.time()
        self.loaded_at = self.started
        self.config_ok = True
        self.store: SqliteStore | None = None
        self.parts: Parts | None = None
        self.port = 0
        self._print = fingerprint(path) if path else ""
        self._rendered = _first_page()
        self._status = Status(
            __version__,
            self.started,
            self.started,
            ConfigStatus(str(path or BUILT_IN), self.started),
            StoreStatus(None),
        )
        self._server, self._kept = config.server, config.store
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._births: dict[Place, Birth] = {}
        self._failing_since: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._reloading = asyncio.Lock()
        self._auditing = asyncio.Lock()
        self._still: SqliteStore | None = None

    # What the server asks

    def metrics(self) -> Rendered:
        """The latest exposition."""
        return self._rendered

    def scraped(self) -> None:
        """A Prometheus took the exposition: births on it come closer to their release."""
        at = time.monotonic()
        for birth in self._births.values():
            if at >= birth.shown and at - birth.last >= BIRTH_GAP:
                birth.seen += 1
                birth.last = at
        if self._births:
            self._news.set()

    def ready(self) -> list[str]:
        """Reasons not to be ready: only the store; a provider is never asked."""
        return [] if self.parts is not None else ["the state database is being opened"]

    def status(self) -> Status:
        """What the page shows."""
        return replace(self._status, now=time.time())

    async def diagnosis(self, form: str) -> str:
        """The report of what became of the gain."""
        if self.parts is None:
            return render(Report(int(time.time()), __version__, ()), form)
        told = await self.desk(report, self.parts.snapshot, int(time.time()))
        return await asyncio.to_thread(render, told, form)

    async def audit(self, series: str, most: int) -> list[Answer]:
        """The rows that published numbers came from; one question at a time, read beside everything else.

        Raises:
            Unanswerable: the question means no series, or too many; StoreError: the store is not open, or unreadable.
        """
        async with self._auditing:
            if self.parts is None or self.store is None:
                raise StoreError("the state database is being opened")
            asked, still = await self.desk(begin, self.parts.snapshot, self.store.path, series)
            self._still = still
            return await asyncio.to_thread(finish, asked, still, most)

    async def reload(self) -> list[str]:
        """Read the configuration again; its faults, none when the new one is in force."""
        if self.path is None:
            return ["the demo has no configuration file to reload"]
        async with self._reloading:
            return await self._reload(self.path)

    async def _reload(self, path: Path) -> list[str]:
        self._print = fingerprint(path)
        try:
            config = load(path, self.environ, {row.name for row in exported()})
            load_web_config(config.server.web_config_path)
        except ConfigError as error:
            self.config_ok = False
            self._news.set()
            for line in str(error).splitlines():
                log.warning("configuration not reloaded: %s", line)
            return str(error).splitlines()
        for sentence in warnings(config):
            log.warning("%s", sentence)
        if (config.server, config.store) != (self._server, self._kept):
            log.warning("server and store settings take effect at the next start")
        self.config, self.config_ok, self.loaded_at = config, True, time.time()
        if self.store is not None:
            await self._end_sources()
            await self._begin_again(self.store)
        log.info("configuration reloaded from %s", path)
        return []

    # Life

    async def run(
        self, ready: Callable[[int], None] = lambda port: None, show: Callable[[Health], None] = lambda health: None
    ) -> None:
        """Serve until a signal comes. ``ready`` hears the port once it is open, ``show`` how far long loads are.

        Raises:
            ConfigError: the web configuration cannot be used; StoreError: the store cannot; OSError: nor the address.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._hang_up()))
        server = self._server
        web_config = load_web_config(server.web_config_path)
        served = await web.start(self, server.host, server.port, web_config)
        self.port = served.port
        ready(served.port)
        self._spawn(self._tell(show))
        opening = asyncio.create_task(self._open())
        try:
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
                await stopping
            log.info("stopping")
        finally:
            opening.cancel()
            await self._close(served)

    async def _open(self) -> None:
        async with self._reloading:
            await self._begin_sources(await self.desk(self._open_store, self._kept.path))
        self._spawn(self._show())
        if self.path is not None:
            self._spawn(self._watch())

    def _open_store(self, path: str | None) -> SqliteStore:
        self.store = SqliteStore(path)
        return self.store

    async def _close(self, served: web.Served) -> None:
        await self._end_sources()
        if self._still is not None:
            self._still.interrupt()
        for task in self._tasks:
            task.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(served.stop(), STOP_WITHIN)
        if not await self.desk.close(STOP_WITHIN):
            # Whatever the store is at, it is a transaction: the next start finds it done or undone.
            log.warning("ending in the middle of work on the store; the next start takes it up")
            logging.shutdown()
            os._exit(0)
        if self.store is not None:
            self.store.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._tasks = [each for each in self._tasks if not each.done()] + [task]

    async def _hang_up(self) -> None:
        await self.reload()

    async def _watch(self) -> None:
        """Reload when the configuration's content changes; a bad new file keeps the old configuration."""
        while True:
            await asyncio.sleep(WATCH_EVERY)
            if self.path is not None and await asyncio.to_thread(fingerprint, self.path) != self._print:
                await self.reload()

    async def _tell(self, show: Callable[[Health], None]) -> None:
        while True:
            await asyncio.sleep(SHOW_EVERY)
            if self.health.loading:
                show(self.health)

    # Sources

    async def _begin_sources(self, store: SqliteStore) -> None:
        config, changed = self.config, self._news.set
        starts = await self.desk(wiring.ledger_starts, store, config, int(time.time()))
        seen = await self.desk(wiring.first_seen, store, config, int(time.time()))
        kept = await self.desk(wiring.books, store, config)
        if self.parts is not None:
            kept.drift.update(self.parts.books.drift)
            kept.late.update(self.parts.books.late)
        self.health.forget_all_but({each.name for each in config.sources})
        snapshot = wiring.snapshot(kept, self.health, config, starts, seen)
        if self.parts is not None:  # the former diagnosis stands until the next look
            snapshot.diagnosed(self.parts.snapshot.latest.of({ALL, *config.teams}))
        sources = wiring.sources(config, store, self.desk, kept, self.health, starts, changed)
        self._births = {}
        parts = Parts(config, kept, snapshot, Diagnosing(snapshot, config.diagnosis), sources)
        parts.tasks += [asyncio.create_task(self._work(each)) for each in sources]
        parts.tasks.append(asyncio.create_task(self._diagnose(parts)))
        self.parts = parts
        self._news.set()

    async def _begin_again(self, store: SqliteStore) -> None:
        """Begin after a reload, once the store lets us."""
        while True:
            try:
                return await self._begin_sources(store)
            except StoreError as error:
                self._store_trouble(error)
                await asyncio.sleep(TICK)

    async def _end_sources(self) -> None:
        if self.parts is None:
            return
        for task in self.parts.tasks:
            task.cancel()
        await asyncio.gather(*self.parts.tasks, return_exceptions=True)
        for source in self.parts.sources:
            await source.close()

    async def _work(self, source: Source) -> None:
        """Poll a source for ever; nothing that happens to it stops it or another."""
        interval = wiring.interval(self.config, source)
        while True:
            started = time.monotonic()
            due = started + interval
            await self._pass(source, lambda due=due: time.monotonic() >= due)  # type: ignore[misc]
            rest = due - time.monotonic()
            if rest > 0:
                await asyncio.sleep(rest * random.uniform(0.95, 1.0))  # noqa: S311 - jitter

    async def _pass(self, source: Source, until: Callable[[], bool]) -> None:
        started, result = time.monotonic(), "failure"
        try:
            result = await source.poll(until)
            self._failing_since.pop(source.name, None)
        except ExporterError as error:
            self._failing_since.setdefault(source.name, started)
            self._trouble(source.name, error)
        except Exception as error:
            log.exception("%s: unexpected failure", source.name)
            self._failing_since.setdefault(source.name, started)
            self._trouble(source.name, ExporterError(f"{type(error).__name__}: {error}"))
        self.health.polled(source.name, source.streams[0], result, time.monotonic() - started)
        try:
            await self._publish_organisation()
        except StoreError as error:
            self._store_trouble(error)
        self._news.set()

    def _trouble(self, source: str, error: ExporterError) -> None:
        self.health.failed(time.time(), source, error)
        log.warning("%s: %s: %s", source, error.reason, error)

    def _store_trouble(self, error: StoreError) -> None:
        """All sources share the store: its troubles are told once, of the first."""
        self._trouble(self.config.sources[0].name, error)

    async def _publish_organisation(self) -> None:
        """Show the organisation's sums once every source's history is in; one that fails for an hour is not waited for.

        What such a source's history holds is then never added, since the sums would leap; the log says so.
        """
        if self.parts is not None:
            for (needed, optional), measures in self.parts.books.reach.unpublished().items():
                await self._publish(self.parts, needed, optional, measures)

    async def _publish(self, parts: Parts, needed: Gate, optional: Gate, measures: list[str]) -> None:
        read = {*needed, *optional}
        rows = [
            row
            for row in parts.books.reach.streams.values()
            if row.stream in read and row.state is not RepositoryState.GONE
        ]
        absent: list[str] = []
        for source in parts.sources:
            if not set(needed) <= set(source.streams):
                continue
            here = [row for row in rows if row.source == source.of and row.stream in source.streams]
            waiting = not here or any(row.complete is None and row.state is not RepositoryState.FAILING for row in here)
            since = self._failing_since.get(source.name)
            if waiting and (since is None or time.monotonic() - since < PATIENCE):
                return
            if waiting:
                absent.append(source.name)
        if any(row.complete is not None for row in rows):
            await self.desk(parts.books.publish, measures)
            for name in absent:
                log.warning(
                    '%s: failed for an hour; repository="all" goes without its history, and takes from it only what '
                    "happens after its first load; `sdlc-exporter rebuild` starts a ledger with all of it",
                    name,
                )

    # Diagnosis

    async def _diagnose(self, parts: Parts) -> None:
        """Look at what became of the gain: at every interval, and once other repositories are shown than before."""
        looked, rest, interval = time.monotonic(), 0.0, parts.config.diagnosis.every
        while True:
            await asyncio.sleep(TICK)
            try:
                pending = await self.desk(parts.diagnosing.pending)
                others = pending != parts.diagnosing.repositories and not self.health.loading
                passed = time.monotonic() - looked
                if passed < interval and (not others or passed < rest):
                    continue
                rest = REST
                await self._look(parts)
            except StoreError as error:
                self._store_trouble(error)
            except Exception:
                log.exception("the diagnosis could not be brought up to date")
            looked = time.monotonic()
            self._news.set()

    async def _look(self, parts: Parts) -> None:
        """Do one step after another on the desk, where others come in between, and show what they come to."""
        steps, found = parts.diagnosing.steps(), None
        while found is None:
            found = await self.desk(step, steps)
        await self.desk(parts.snapshot.diagnosed, found)

    # Showing

    async def _show(self) -> None:
        """Keep the page up to date: at news, and every minute for the ages."""
        last = 0.0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), TICK)
            news = self._news.is_set() or time.monotonic() - last >= RENDER_EVERY or self._ripe()
            self._news.clear()
            if news and self.parts is not None:
                try:
                    await self._render(self.parts)
                except Exception:
                    log.exception("the page could not be brought up to date")
                last = time.monotonic()
                await asyncio.sleep(min(1.0, TICK))

    def _ripe(self) -> list[Place]:
        """Births that enough scrapes have seen, or that waited long enough."""
        now, needed = time.monotonic(), self.config.series.birth_scrapes
        return [
            place for place, birth in self._births.items() if birth.seen >= needed or now - birth.shown >= BIRTH_LONGEST
        ]

    async def _render(self, parts: Parts) -> None:
        if ripe := self._ripe():
            try:
                await self.desk(parts.books.release, ripe)
            except StoreError as error:
                self._store_trouble(error)
        store = self.store
        samples = {
            own.RELOAD_SUCCESSFUL.name: float(self.config_ok),
            own.RELOAD_TIME.name: self.loaded_at,
            own.STATE_PERSISTENT.name: float(store is not None and store.persistent),
            own.STORE_BYTES.name: float(store.size() if store else 0),
        }
        now = time.time()
        self._rendered = await self.desk(parts.snapshot.build, now, config=samples)
        shown = parts.snapshot.births_shown()
        self._births = {place: self._births.get(place) or Birth(time.monotonic()) for place in shown}
        config = ConfigStatus(str(self.path or BUILT_IN), self.loaded_at, self.config_ok)
        kept = StoreStatus(self._kept.path, store.size() if store else 0)
        self._status = await self.desk(status_of, parts.config, parts.snapshot, now, self.started, config, kept)


async def _logged(work: Awaitable[None]) -> None:
    """A background task's edge: a fault is logged, not lost."""
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("a background task ended")
        raise


def _first_page() -> Rendered:
    """What a scrape gets before the store is open."""
    exposition = Exposition(exported())
    exposition.set(own.BUILD_INFO.name, (__version__, platform.python_version()), 1)
    return exposition.render()
