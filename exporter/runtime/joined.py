"""A stream of a service that answers for many repositories at once (``providers.service.Questions``)."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs

from exporter.errors import RateLimited, SecondaryLimited
from exporter.model import Stream, Thing
from exporter.providers.base import Home, Request
from exporter.providers.service import Questions
from exporter.runtime.between import Between
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader, Work
from exporter.store.base import RepositoryRow

OVERLAP = 90
"""Seconds that are read again: what was updated is listed a moment later."""

LaneOf = Callable[[RepositoryRow], Awaitable[Lane | None]]
"""Who is asked about a repository; None for nobody."""
Begun = tuple[tuple[tuple[int, int], tuple[str, ...]], Work]


class Joined:
    """Asks a service's questions through the lanes of a source (``AskingForMany``).

    ``between`` completes the lines of runs that were told of. ``lane_of``: who is asked that about a repository, where
    it is not the one who told of the runs.
    """

    def __init__(
        self,
        stream: Stream,
        questions: Questions,
        reader: Reader,
        between: Between | None = None,
        lane_of: LaneOf | None = None,
    ) -> None:
        self.stream = stream
        self.questions = questions
        self.earlier = questions.earlier
        self.width = questions.width
        self.reader = reader
        self.between = between
        self._lane_of = lane_of
        self._begun: dict[Lane, Begun] = {}

    def company(self) -> int:
        """A history is read of all repositories at once."""
        return 1 << 30

    async def hear(self, lane: Lane, rows: Sequence[RepositoryRow]) -> None:
        """Ask something, so that the server's time is known before anything is dated by it; nothing is kept.

        Raises:
            ExporterError: nothing could be asked.
        """
        requests = list(self.questions.since(_homes(rows), lane.clock.now()))[:1]
        await self.reader.drain(lane, [structs.replace(each, repositories=()) for each in requests])

    async def poll(self, lane: Lane, rows: Sequence[RepositoryRow]) -> Outcome:
        """Everything since the oldest of the cursors."""
        since = min((row.cursor or 0 for row in rows), default=0) - OVERLAP
        requests = self.questions.since(_homes(rows), since)
        outcome = await self.reader.drain(lane, requests, wanted={row.key for row in rows})
        return await self._completed(lane, rows, outcome, urgent=True)

    async def load(
        self, lane: Lane, rows: Sequence[RepositoryRow], span: tuple[int, int], until: Callable[[], bool]
    ) -> tuple[Outcome, int] | None:
        """Everything that changed last in [lower, upper], and with the oldest part what has been open since before."""
        what = (span, tuple(row.key for row in rows))
        begun = self._begun.pop(lane, None)
        if begun is None or begun[0] != what:
            begun = (what, Work(deque(self._asked(rows, span)), frozenset(what[1]), urgent=False))
        _, work = begun
        questions = max(1, len(work.pending))
        try:
            finished = await self.reader.go_on(lane, work, until)
        except (RateLimited, SecondaryLimited):
            self._begun[lane] = begun
            raise
        if not finished:
            self._begun[lane] = begun
            return None
        return await self._completed(lane, rows, work.outcome, urgent=False), questions

    def _asked(self, rows: Sequence[RepositoryRow], span: tuple[int, int]) -> list[Request]:
        homes, start = _homes(rows), self.reader.ledger_start - self.earlier
        asked = list(self.questions.between(homes, *span))
        return [*asked, *self.questions.standing(homes, span[0])] if span[0] <= start else asked

    async def _completed(self, lane: Lane, rows: Sequence[RepositoryRow], outcome: Outcome, *, urgent: bool) -> Outcome:
        """The outcome, with what lies between the commits of the lines that were told of."""
        outcome.place(rows)
        lines: dict[str, set[str]] = defaultdict(set)
        for subject in outcome.told:
            if subject.thing is Thing.LINE:
                lines[subject.repository].add(subject.key)
        for row in rows:
            if self.between is not None and row.key in lines and row.key not in outcome.faults:
                asked = lane if self._lane_of is None else await self._lane_of(row)
                if asked is not None:
                    outcome.merge(await self.between.read(asked, row, lines[row.key], urgent=urgent))
        return outcome


def _homes(rows: Sequence[RepositoryRow]) -> list[Home]:
    return [Home(row.key, row.name, row.default_branch) for row in rows]
