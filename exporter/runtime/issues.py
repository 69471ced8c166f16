"""How the issues of a source are asked for: history by search, polls from the lists of the repositories.

A search does not say that a credential may not read issues: it leaves them out. A repository's own list refuses. So a
repository is looked at before its history is searched, and polls read the lists, of which one question covers a hundred
repositories as a search would; they lag behind nothing, either.
"""

from collections.abc import Callable, Sequence

from exporter.catalogue import DAY
from exporter.errors import RateLimited, SecondaryLimited
from exporter.model import Stream
from exporter.providers.github.listing import Listing
from exporter.runtime.history import BY_PULSE, FIRST_WIDTH
from exporter.runtime.inquiry import Inquiry, Searching
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader
from exporter.store.base import RepositoryRow

OVERLAP = 90
"""Seconds that are read again: an issue is listed a moment after it was updated."""
NEVER = 1 << 62
"""Nothing was updated since then: the answer tells only what may be read."""


class Issues:
    """Asks for issues through the lanes of a source (``AskingForMany``)."""

    stream = Stream.ISSUES
    earlier = 30 * DAY
    """An issue opened as long before the ledger's start may be due a day after it (definitions 15)."""
    width = FIRST_WIDTH

    def __init__(self, listing: Listing, reader: Reader, searching: Searching) -> None:
        self.listing = listing
        self.reader = reader
        self.searching = searching
        self._begun: dict[Lane, tuple[tuple[tuple[int, int], tuple[str, ...]], Outcome, Inquiry]] = {}

    def company(self) -> int:
        """How many repositories a history is read of at once."""
        return 1 << 30 if self.searching.usable else BY_PULSE

    async def poll(self, lane: Lane, rows: Sequence[RepositoryRow]) -> Outcome:
        """Everything since each repository's cursor."""
        since = {row.key: (row.cursor or 0) - OVERLAP for row in rows}
        return await self.reader.drain(lane, self.listing.pulse(since), wanted=since.keys())

    async def load(
        self, lane: Lane, rows: Sequence[RepositoryRow], span: tuple[int, int], until: Callable[[], bool]
    ) -> tuple[Outcome, int] | None:
        """Everything updated in [lower, upper]; None when something else was due before the end."""
        what = (span, tuple(row.key for row in rows))
        begun = self._begun.pop(lane, None)
        if begun is None or begun[0] != what:
            looked = await self.reader.drain(lane, self.listing.pulse({row.key: NEVER for row in rows}))
            open_to_us = [row for row in rows if row.key not in looked.faults]
            inquiry = Inquiry(self.listing, self.reader, self.searching, open_to_us, span, {}, urgent=False)
            begun = (what, looked, inquiry)
        _, outcome, inquiry = begun
        try:
            finished = await inquiry.go_on(lane, until)
        except (RateLimited, SecondaryLimited):
            self._begun[lane] = begun
            raise
        if not finished:
            self._begun[lane] = begun
            return None
        outcome.merge(inquiry.outcome)
        return outcome, max(1, inquiry.searches)
