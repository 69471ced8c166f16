"""A stream of a service that is asked for repository by repository, where its pulse says that something moved."""

from collections.abc import Sequence

from exporter.catalogue import DAY, HOUR
from exporter.model import Stream, Thing
from exporter.providers.base import Home
from exporter.providers.service import Questions
from exporter.runtime.between import Between
from exporter.runtime.lane import Lane
from exporter.runtime.pulses import Pulses
from exporter.runtime.reading import Outcome, Reader
from exporter.store.base import RepositoryRow

OVERLAP = HOUR
"""What moved shortly before a repository was read may not have shown then."""
LOOK_EVERY, LOOK_BACK = DAY, 3 * DAY
"""What moves no pulse is found by looking at every repository now and then, some days back."""


class Singly:
    """How it is asked for (``Asking``). ``between`` completes the lines of runs that were told of."""

    def __init__(
        self, stream: Stream, questions: Questions, reader: Reader, pulses: Pulses, between: Between | None = None
    ) -> None:
        self.stream = stream
        self.width = questions.width
        self.questions = questions
        self.reader = reader
        self.pulses = pulses
        self.between = between
        self._looked: dict[int, int] = {}

    async def moved(self, lane: Lane, rows: Sequence[RepositoryRow]) -> set[int]:
        """The ids of those repositories in which something may have happened since they were read last.

        Raises:
            ExporterError: nobody can tell.
        """
        now = lane.clock.now()
        moved = await self.pulses.moved(lane, rows, self.stream)
        return moved | {row.id for row in rows if self._due(row, now)}

    async def read(self, lane: Lane, row: RepositoryRow, span: tuple[int, int], *, urgent: bool) -> Outcome:
        """Everything of a repository that changed in [lower, upper] read and stored; ``urgent``: ahead of histories.

        Raises:
            ExporterError: the server, the credential or the store is in trouble; it says nothing of the repository.
        """
        now, home = lane.clock.now(), Home(row.key, row.name, row.default_branch)
        due = self._due(row, now)
        if urgent:
            lower = span[0] - OVERLAP
            requests = self.questions.since([home], min(lower, now - LOOK_BACK) if due else lower)
        else:
            requests = self.questions.between([home], *span)
        outcome = await self.reader.drain(lane, requests, wanted={row.key}, urgent=urgent)
        outcome.place([row])
        lines = {subject.key for subject in outcome.told if subject.thing is Thing.LINE}
        if self.between is not None and lines and row.key not in outcome.faults:
            outcome.merge(await self.between.read(lane, row, lines, urgent=urgent))
        if row.key not in outcome.faults:
            if urgent:
                self.pulses.read(lane, row, self.stream)
            if due:
                self._looked[row.id] = now
        return outcome

    def _due(self, row: RepositoryRow, now: int) -> bool:
        return now - self._looked.get(row.id, 0) >= LOOK_EVERY
