"""In which repositories a stream may have moved: one question for a hundred of them, shared by all streams."""

import time
from collections.abc import Callable, Sequence

from exporter.model import Stream
from exporter.providers.base import Home, Request
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Reader
from exporter.store.base import RepositoryRow

FRESH = 30.0
"""Seconds for which an answer serves the streams that come after the one which asked."""


class Pulses:
    """Asks for the pulses of a lane's repositories and remembers which of them each stream has read up to.

    ``ask``: from repositories to requests whose pages carry pulses.
    """

    def __init__(
        self,
        reader: Reader,
        ask: Callable[[Sequence[Home]], list[Request]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reader = reader
        self._ask = ask
        self._monotonic = monotonic
        self._asked: dict[Lane, tuple[float, dict[tuple[str, Stream], str]]] = {}
        self._read: dict[tuple[str, Stream], str] = {}

    async def moved(self, lane: Lane, rows: Sequence[RepositoryRow], stream: Stream) -> set[int]:
        """The ids of those repositories whose pulse is not the one that was read up to; of those without one, all.

        Where there is nothing, nothing has moved.

        Raises:
            ExporterError: nobody can tell.
        """
        at, known = self._asked.get(lane, (-FRESH, {}))
        keys = {row.key for row in rows}
        if self._monotonic() - at >= FRESH or not keys <= {key for key, _ in known}:
            homes = [Home(row.key, row.name, row.default_branch) for row in sorted(rows, key=lambda row: row.key)]
            outcome = await self.reader.drain(lane, self._ask(homes), wanted=keys)
            known = outcome.pulses
            self._asked[lane] = (self._monotonic(), known)
        now = {row.id: known.get((row.key, stream)) for row in rows}
        return {row.id for row in rows if now[row.id] is None or self._read.get((row.key, stream), "") != now[row.id]}

    def read(self, lane: Lane, row: RepositoryRow, stream: Stream) -> None:
        """Note that a repository's stream was read after the last answer came."""
        _, known = self._asked.get(lane, (0.0, {}))
        pulse = known.get((row.key, stream))
        if pulse is not None:
            self._read[row.key, stream] = pulse

    def nothing(self, lane: Lane, row: RepositoryRow, stream: Stream) -> bool:
        """Whether the last answer says that there is nothing."""
        _, known = self._asked.get(lane, (0.0, {}))
        return known.get((row.key, stream)) == ""
