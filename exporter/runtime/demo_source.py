"""The pretend organisation as a source: it tells its story as time passes, through the same store and measures."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice

from exporter.catalogue import HOUR, MINUTE
from exporter.demo import Organisation
from exporter.model import Told
from exporter.runtime.books import Books
from exporter.runtime.reading import Reader
from exporter.store.base import RepositoryState

LAG = 5 * MINUTE
AT_ONCE = 500


class DemoSource:
    """Reads from an ``Organisation`` what a forge would have told; ``now`` is Unix seconds."""

    def __init__(
        self,
        organisation: Organisation,
        reader: Reader,
        books: Books,
        now: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = self.of = reader.source
        self.streams = organisation.streams
        self.organisation = organisation
        self.reader = reader
        self.books = books
        self.changed = changed
        self._now = now

    async def poll(self, until: Callable[[], bool]) -> str:
        """Tell what happened since the last poll; the first one tells the whole history."""
        store, desk = self.reader.store, self.reader.desk
        now = int(self._now())
        await desk(store.discover, self.name, self.organisation.all_repositories(), self.streams)
        rows = await desk(store.repositories, self.name)
        since = min((row.cursor or 0 for row in rows), default=0)
        again = max(0, since - HOUR)
        for part in _parts(chain(self.organisation.told(again, now), self.organisation.delivered(again, now))):
            await desk(store.add, self.name, part, self.reader.ledger_start)
        columns: dict[str, int | str | None] = {
            "state": RepositoryState.OK,
            "reason": "",
            "cursor": now,
            "watermark": max(now - LAG, *(row.watermark or 0 for row in rows)),
            "last_success": now,
        }
        for stream in self.streams:
            await desk(partial(store.progress, [row.id for row in rows], stream, **columns))
        await self.settle()
        return "success"

    async def loading(self) -> bool:
        """Whether the history is still to be told."""
        return any(row.cursor is None for row in await self.reader.desk(self.reader.store.repositories, self.name))

    async def settle(self) -> None:
        """Turn everything that is due into observations."""
        while not await self.reader.desk(self.books.settle, self.name, self.reader.ledger_start):
            self.changed()
        self.changed()

    async def close(self) -> None:
        """Nothing is open."""


def _parts(told: Iterator[Told]) -> Iterator[list[Told]]:
    while part := list(islice(told, AT_ONCE)):
        yield part
