"""Load everything, say how things stood at one instant, and end: for cron, the textfile collector, and tests."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from exporter import wiring
from exporter.config import Config
from exporter.errors import ExporterError, NotComplete, RateLimited, Refused, SecondaryLimited, StoreError, Unauthorised
from exporter.model import Stream
from exporter.providers.answers import stamp
from exporter.runtime.desk import Desk
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.health import Health
from exporter.runtime.snapshot import Snapshot
from exporter.store.base import RepositoryRow, RepositoryState
from exporter.store.sqlite import SqliteStore
from exporter.wiring import Source

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 3
"""Failed passes in a row after which a source is given up."""
PAUSE = 2.0


async def once(config: Config, at: int | None, show: Callable[[Health], None] = lambda health: None) -> bytes:
    """The exposition as it was at ``at`` (Unix seconds); None: at the latest instant about which all is known.

    ``show`` hears every second how far the load is.

    Raises:
        NotComplete, Unauthorised, Refused, StoreError: as ``as_of``.
    """
    return await as_of(config, at, lambda snapshot, instant: snapshot.build(float(instant)).text, show)


async def as_of(
    config: Config, at: int | None, tell: Callable[[Snapshot, int], T], show: Callable[[Health], None]
) -> T:
    """Load everything, and let ``tell`` make something of the snapshot of one instant, with its diagnosis.

    Raises:
        NotComplete: a needed watermark lies before the instant.
        Unauthorised, Refused: a source does not let us in; StoreError: the store cannot be used.
    """
    desk, health = Desk(), Health()
    store = await desk(SqliteStore, config.store.path)
    try:
        starts, rows = await read(config, store, desk, health, at, show)
        instant = at if at is not None else min((row.watermark or 0 for row in rows), default=int(time.time()))
        _require(rows, instant)
        snapshot = await desk(snapshot_at, store, health, config, starts, instant)
        return await desk(tell, snapshot, instant)
    finally:
        await desk.close(5.0)
        store.close()


async def read(
    config: Config, store: SqliteStore, desk: Desk, health: Health, at: int | None, show: Callable[[Health], None]
) -> tuple[dict[str, int], list[RepositoryRow]]:
    """Load everything into a store; when each source's ledger begins, and how far each repository's first stream is.

    Raises:
        NotComplete: the ledger begins too late for the instant, or nothing could be read of a source.
        Unauthorised, Refused: a source does not let us in; StoreError: the store cannot be used.
    """
    starts = await desk(wiring.ledger_starts, store, config, at if at is not None else int(time.time()))
    _within(config, starts, at)
    kept = await desk(wiring.books, store, config)
    sources = wiring.sources(config, store, desk, kept, health, starts)
    watching = asyncio.create_task(_watch(health, show))
    try:
        # What reads another source's repositories comes when that one has found them.
        finders = [source for source in sources if source.streams[0] is Stream.CHANGES]
        others = [source for source in sources if source not in finders]
        given_up = [
            name for group in (finders, others) for name in await asyncio.gather(*(_load(e, health) for e in group))
        ]
    finally:
        watching.cancel()
        for source in sources:
            await source.close()
    first = {source.name: source.streams[0] for source in reversed(sources)}
    every = await desk(store.repositories, None, None)
    rows = [r for r in every if first.get(r.source) is r.stream and r.state is not RepositoryState.GONE]
    _require_something(rows, [name for name in given_up if name])
    return starts, rows


def _within(config: Config, starts: dict[str, int], at: int | None) -> None:
    """A ledger that begins after what the instant asks for would print a false nothing."""
    for source in config.sources:
        start = starts[source.name]
        wanted = source.history.resolve(at) if at is not None and source.provider != "demo" else start
        if start > wanted or (at is not None and start >= at):
            raise NotComplete(
                f"{source.name}: the ledger of this store begins at {stamp(start)}, after what the instant asks for "
                f"({stamp(min(wanted, at or wanted))}); name another store.path, or a later instant"
            )


def _require_something(rows: list[RepositoryRow], given_up: list[str]) -> None:
    """A source of which not one repository is known would print nothing, and that would look like nothing going on."""
    known = {row.source for row in rows}
    if unread := [name for name in given_up if name not in known]:
        raise NotComplete(f"{', '.join(unread)}: nothing could be read; the reason is in the log above")


def _require(rows: list[RepositoryRow], instant: int) -> None:
    short = [row for row in rows if row.watermark is None or row.watermark < instant]
    if short:
        named = ", ".join(f"{row.name} ({row.reason or row.state})" for row in short[:5])
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        hope = "" if any(row.reason for row in short) else "; an instant more than five minutes ago may work"
        raise NotComplete(f"not everything up to the instant is known: {named}{more}{hope}")


def snapshot_at(store: SqliteStore, health: Health, config: Config, starts: dict[str, int], instant: int) -> Snapshot:
    """What is shown of a store as it was at an instant, with its diagnosis."""
    kept = wiring.books(store, config, until=instant)
    kept.publish_organisation()
    snapshot = wiring.snapshot(kept, health, config, starts)
    snapshot.see(instant)
    snapshot.diagnosed(Diagnosing(snapshot, config.diagnosis).look())
    return snapshot


async def _load(source: Source, health: Health) -> str:
    """Passes until history is in and one more has polled; the name of a source that was given up, else nothing.

    A source that keeps failing is given up; a credential that is refused is an error; a rate limit is waited for.
    """
    failures = 0
    while True:
        before, started = await source.loading(), time.monotonic()
        try:
            result = await source.poll(lambda: False)
            failures = failures + 1 if result == "partial" else 0
        except (Unauthorised, StoreError) as error:
            health.failed(time.time(), source.name, error)
            raise
        except (RateLimited, SecondaryLimited) as error:
            result, wait = "failure", error.after or PAUSE
            health.failed(time.time(), source.name, error)
            log.warning("%s: %s; waiting %.0f s", source.name, error, wait)
            await asyncio.sleep(wait)
        except ExporterError as error:
            failures, result = failures + 1, "failure"
            health.failed(time.time(), source.name, error)
            log.warning("%s: %s: %s", source.name, error.reason, error)
            if failures >= PATIENCE:
                if isinstance(error, Refused):
                    raise
                return source.name
            await asyncio.sleep(PAUSE)
        health.polled(source.name, source.streams[0], result, time.monotonic() - started)
        if result == "partial":
            if failures >= PATIENCE:
                return source.name
            await asyncio.sleep(PAUSE)
        elif result == "success" and not before and not await source.loading():
            return ""


async def _watch(health: Health, show: Callable[[Health], None]) -> None:
    while True:
        await asyncio.sleep(1.0)
        show(health)
