"""A stream that is read for many repositories at once: polled by one question, its history loaded newest first.

A question about issues is a search over all repositories of a credential, or a list of a hundred of them. Read one by
one, as ``SideStream`` does, five hundred repositories would be five hundred questions.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from exporter.model import Stream
from exporter.runtime.history import wider
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader
from exporter.runtime.stream import LAG, Beside
from exporter.store.base import RepositoryRow


class AskingForMany(Protocol):
    """How one stream is asked for. All times are the server's, in Unix seconds.

    A repository that could not be read whole has a fault in the outcome; both raise an ``ExporterError`` when the
    server, the credential or the store is in trouble.
    """

    stream: Stream
    earlier: int
    """Seconds before the ledger's start whose facts still matter."""
    width: int
    """Seconds of history that are read at once at first."""

    def company(self) -> int:
        """How many repositories a history is read of at once."""
        ...

    async def poll(self, lane: Lane, rows: Sequence[RepositoryRow]) -> Outcome:
        """Everything since each repository's cursor read and stored."""
        ...

    async def load(
        self, lane: Lane, rows: Sequence[RepositoryRow], span: tuple[int, int], until: Callable[[], bool]
    ) -> tuple[Outcome, int] | None:
        """Everything dated in [lower, upper] read and stored, and how many questions it took for all repositories.

        None when something else was due before the end; asked again for the same, it goes on.
        """
        ...


class JointStream(Beside):
    """One stream of a source at work beside its changes. ``interval``: seconds between two polls."""

    def __init__(
        self, asking: AskingForMany, reader: Reader, interval: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(asking.stream, reader, interval, monotonic)
        self.asking = asking
        self._widths: dict[Lane, int] = {}

    async def _poll(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> int:
        upper = lane.clock.now()
        rows = [row for row in rows if not self._rests(row)]
        outcome = await self.asking.poll(lane, rows)
        await self.reader.read(rows, outcome, lane.clock.now(), cursor=upper, watermark=upper - LAG)
        return self._note(rows, outcome)

    async def _step(self, lane: Lane, rows: Sequence[RepositoryRow], until: Callable[[], bool]) -> bool:
        """Load a part of the history of the largest group of repositories that are equally far."""
        places = Counter((row.loaded_from, row.loaded_to) for row in rows)
        (started, reached), _ = max(places.items(), key=lambda item: (item[1], str(item[0])))
        here = [row for row in rows if (row.loaded_from, row.loaded_to) == (started, reached)][: self.asking.company()]
        if started is None or reached is None:
            started = reached = lane.clock.now()
            await self.reader.loading(here, Outcome(), started, started)
        start = self.reader.ledger_start - self.asking.earlier
        width = self._widths.get(lane, self.asking.width)
        lower = max(start, reached - width)
        loaded = await self._tried(lane, here, self.asking.load(lane, here, (lower, reached), until))
        if loaded is None:
            return False
        outcome, questions = loaded
        if lower > start:
            self._widths[lane] = wider(width, outcome.changes, questions)
            await self.reader.loading(here, outcome, lower)
        else:
            await self.reader.read(here, outcome, lane.clock.now(), cursor=started, watermark=started - LAG)
        self._note(here, outcome)
        return True
