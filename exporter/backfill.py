"""The past as scrapes would have read it, for a Prometheus that was not there: a file for promtool, or remote write.

What the store holds is gone through once; a source is asked only where the store lacks its history.
"""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from exporter import once, wiring
from exporter.config import Config
from exporter.errors import ConfigError, NotComplete, StoreError
from exporter.providers.answers import stamp
from exporter.runtime.books import LONGEST_WINDOW
from exporter.runtime.desk import Desk
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.health import Health
from exporter.runtime.remote_write import Encoder, Receiver
from exporter.runtime.replay import Moment, moments
from exporter.store.base import RepositoryRow, RepositoryState
from exporter.store.sqlite import SqliteStore

log = logging.getLogger(__name__)

SHARED = {"job": "sdlc", "instance": "exporter:9517"}
"""The labels a scrape adds in deploy/prometheus/prometheus.yml."""


class Order(NamedTuple):
    """What is asked for: from and to in Unix seconds (None: all there is), the step in seconds, a scrape's labels."""

    since: int | None
    until: int | None
    step: int
    shared: Mapping[str, str]


class Span(NamedTuple):
    """What can be told: in Unix seconds from ``start`` to ``end``, both of them told."""

    start: int
    end: int
    step: int

    def instants(self, after: int | None = None) -> Iterator[int]:
        """The start, whole steps since the epoch, and the end; those not before a second."""
        begin = self.start if after is None else after
        yield begin
        yield from range((begin // self.step + 1) * self.step, self.end, self.step)
        if self.end > begin:
            yield self.end

    def share(self, at: int) -> float:
        """How much of it lies before a second."""
        return (at - self.start) / (self.end - self.start)


Show = Callable[[float, int], Awaitable[None]]
"""Hears which share is told, and up to which second; while it is waited for, the work can be ended."""


class Past:
    """A store whose history is whole, only read: another process may be writing into it."""

    def __init__(self, config: Config, store: SqliteStore, order: Order) -> None:
        self.config = config
        self.store = store
        self.order = order
        self.starts = _starts(store, config)
        self.span = _span(config, store, order, self.starts)

    def moments(self, after: int | None = None) -> Iterator[Moment]:
        """What has to be written, in order; of what is not before a second if one is given."""
        instants = self.span.instants(after)
        first = self.span.start if after is None else after
        replay = wiring.replay(self.store, self.config, first, self.span.end)
        snapshot = wiring.snapshot(replay, Health(), self.config, self.starts, shared=self.order.shared)
        return moments(replay, snapshot, instants, Diagnosing(snapshot, self.config.diagnosis).look)

    def progress(self, path: Path, receiver: Mapping[str, str]) -> "Progress":
        """How much of it a receiver has taken, by what tells that receiver apart."""
        told = {"sources": ", ".join(sorted(each.name for each in self.config.sources)), **receiver}
        if self.config.store.path:
            told["store"] = str(Path(self.config.store.path).absolute())
        return Progress(path, told, self.order, self.span)


@asynccontextmanager
async def past(config: Config, order: Order, loading: Callable[[Health], None]) -> AsyncIterator[Past]:
    """The past of a configuration's sources, loaded if the store lacks it.

    Raises:
        NotComplete: history is still being loaded, could not be, or there is none in the time asked for.
        StoreError, Unauthorised, Refused: as ``once``.
    """
    path, held = config.store.path, _held(config)
    try:
        if held is not None and not (lacks := _lacks(held, config)):
            yield Past(config, held, order)
            return
    finally:
        if held is not None:
            held.close()
    desk = Desk()
    try:
        store = await desk(SqliteStore, path)
    except StoreError as error:
        await desk.close(5.0)
        if held is None:
            raise
        raise NotComplete(f"not all history is loaded ({lacks}), and nothing can be loaded now: {error}") from error
    try:
        await once.read(config, store, desk, Health(), None, loading)
        beside = SqliteStore(store.path, read_only=True)
        try:
            yield Past(config, beside, order)
        finally:
            beside.close()
    finally:
        await desk.close(5.0)
        store.close()


def _held(config: Config) -> SqliteStore | None:
    path = config.store.path
    return SqliteStore(path, read_only=True) if path and Path(path).exists() else None


async def write(past: Past, path: Path, show: Show) -> tuple[int, int]:
    """Write OpenMetrics for ``promtool tsdb create-blocks-from openmetrics``; the instants and samples in it.

    The file is there as a whole or not at all. Its metrics have no headers, since one metric's samples stand apart.

    Raises:
        OSError: it cannot be written.
    """
    instants, samples = 0, 0
    with _whole(path) as file:
        for moment in past.moments():
            text = moment.text()
            file.write(text)
            samples += text.count(b"\n")
            instants += moment.whole
            await show(past.span.share(moment.at), moment.at)
        file.write(b"# EOF\n")
    return instants, samples


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file to be written; it takes its place when the block ends well, and else leaves nothing."""
    draft = path.with_name(f"{path.name}.tmp")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


async def send(past: Past, receiver: Receiver, progress: "Progress", show: Show) -> int:
    """Send every instant to a receiver, from where an earlier run came to; how many were sent.

    Raises:
        ExporterError: as ``Receiver.write``; what was taken is remembered.
    """
    done, births, sent = progress.done(), progress.births(), 0
    if done is not None and done >= past.span.end:
        return 0
    encoder = Encoder(past.order.shared)
    for moment in past.moments(done):
        if moment.at == done and (moment.whole or births):
            continue
        await receiver.write(encoder.series(moment))
        sent += moment.whole
        progress.keep(moment.at, births=not moment.whole)
        await show(past.span.share(moment.at), moment.at)
    return sent


class Progress:
    """Up to which instant a receiver has taken what an order tells it: a file, so that a killed run can be taken up.

    An order of the same beginning that ends later goes on where this one ended.
    """

    def __init__(self, path: Path, apart: Mapping[str, str], order: Order, span: Span) -> None:
        """``apart``: what else tells one run from another, as where from and where to."""
        self.path = path
        told = {**apart, "from": span.start, "step": span.step, "labels": dict(order.shared)}
        self._order = json.dumps(told, sort_keys=True)

    def done(self) -> int | None:
        """The last instant that was taken; None before the first.

        Raises:
            ConfigError: the file belongs to another order, or cannot be read.
        """
        try:
            kept = json.loads(self.path.read_text())
            order, done = str(kept["order"]), int(kept["done"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{self.path}: not a file of progress; remove it, or name another with --progress"
            ) from error
        if order != self._order:
            raise ConfigError(
                f"{self.path}: begun with another store, beginning, step, labels, address, user or header ({order}); "
                "repeat those, name another file with --progress, or remove this one to begin anew"
            )
        return done

    def births(self) -> bool:
        """Whether the births that are told of that instant after its page are taken as well.

        Once the next page is begun they are older than what the receiver has, and it may not take them again.
        """
        return self.path.exists() and json.loads(self.path.read_text()).get("births") is True

    def keep(self, done: int, *, births: bool = False) -> None:
        """Remember the last instant that was taken: this or the former one, whatever happens."""
        draft = self.path.with_name(f"{self.path.name}.tmp")
        draft.write_text(json.dumps({"order": self._order, "done": done, "births": births}))
        draft.replace(self.path)


def progress_path(config: Config, receiver: Mapping[str, str]) -> Path:
    """Where progress is kept unless told otherwise: beside the store, else here; one file for each receiver."""
    name = f"backfill-{sha256(json.dumps(dict(receiver), sort_keys=True).encode()).hexdigest()[:12]}.json"
    return Path(config.store.path).parent / name if config.store.path else Path(name)


def _starts(store: SqliteStore, config: Config) -> dict[str, int]:
    kept = {each.name: store.get(wiring.ledger_start(each.name)) for each in config.sources}
    return {name: int(start) for name, start in kept.items() if start is not None}


def _rows(store: SqliteStore, config: Config) -> list[RepositoryRow]:
    names = {each.name for each in config.sources}
    rows = store.repositories(None, None)
    return [row for row in rows if row.source in names and row.state is not RepositoryState.GONE]


def _lacks(store: SqliteStore, config: Config) -> str:
    """What of the history is not loaded and may come yet; nothing where all is there."""
    rows = _rows(store, config)
    known = {row.source for row in rows}
    unread = [each.name for each in config.sources if each.name not in known]
    waiting = [row for row in rows if row.complete is None and row.state is not RepositoryState.FAILING]
    return _named([*unread, *(f"{row.name}: {row.stream}" for row in waiting)])


def _span(config: Config, store: SqliteStore, order: Order, starts: Mapping[str, int]) -> Span:
    """What of the time asked for can be told; the log says what cannot."""
    rows = _rows(store, config)
    if lost := [row for row in rows if row.complete is None]:
        log.warning("left out, since their history could not be loaded: %s", _named(_reasons(lost)))
    rows = [row for row in rows if row.complete is not None and row.watermark is not None]
    if not rows:
        raise NotComplete("there is nothing to tell: no repository's history is loaded")
    begins, known = max(starts.values()), min(row.watermark or 0 for row in rows)
    start, end = order.since, order.until
    if start is None or start < begins:
        if start is not None:
            log.warning("nothing that happened before %s is counted: it begins there", stamp(begins))
        start = begins
    if start < begins + LONGEST_WINDOW:
        log.warning(
            "windows of 90 days are whole from %s on, 90 days after the ledger's start", stamp(begins + LONGEST_WINDOW)
        )
    if end is None:
        end = min(row.complete or 0 for row in rows)
        log.info("it ends at %s, when the first load was complete; all is known up to %s", stamp(end), stamp(known))
    if end > known:
        late = [row for row in rows if (row.watermark or 0) == known]
        log.warning("it ends at %s: more is not known of %s", stamp(known), _named(_reasons(late)))
        end = known
    if start >= end:
        raise NotComplete(f"there is nothing to tell between {stamp(start)} and {stamp(end)}")
    return Span(start, end, order.step)


def _reasons(rows: Iterable[RepositoryRow]) -> list[str]:
    return [f"{row.name}: {row.stream}" + (f" ({row.reason})" if row.reason else "") for row in rows]


def _named(words: list[str]) -> str:
    return ", ".join(words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
