"""All changes, or issues, of some repositories updated in a span of time: by search, or by the pulse where it fails."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from exporter.errors import ExporterError, Garbled, Overloaded, Partial, Refused, ServerError, Shifted, TooSlow
from exporter.providers.base import Request
from exporter.providers.github.listing import Listing
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader, Work, never
from exporter.runtime.selection import scopes
from exporter.store.base import RepositoryRow

BEGINNING = 1_199_145_600
"""2008-01-01: no change at GitHub is older."""
SEARCH_RESTS = 600.0
"""Seconds for which search is left alone after it failed."""
SEARCH_FAILS = (Garbled, Partial, Shifted, Refused, Overloaded, ServerError, TooSlow)
"""Failures of search after which asking every repository may still work."""

log = logging.getLogger(__name__)


class Searching:
    """Whether search may be asked: as configured, and with ``auto`` not for a while after it failed."""

    def __init__(self, mode: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.mode = mode
        self._monotonic = monotonic
        self._off_until = 0.0

    @property
    def usable(self) -> bool:
        """Whether to search now."""
        return self.mode == "search" or (self.mode == "auto" and self._monotonic() >= self._off_until)

    def failed(self, error: ExporterError) -> None:
        """Leave search alone for a while; results that keep moving are no fault of search."""
        if not isinstance(error, Shifted):
            self._off_until = self._monotonic() + SEARCH_RESTS


class Inquiry:
    """A span [lower, upper] of Unix seconds being read; it can be left and taken up again.

    ``owned``: how many repositories each owner has. ``only_open`` leaves out what is closed. ``searches``: how many
    searches it takes.
    """

    def __init__(
        self,
        provider: Listing,
        reader: Reader,
        searching: Searching,
        rows: Sequence[RepositoryRow],
        span: tuple[int, int],
        owned: Mapping[str, int],
        *,
        only_open: bool = False,
        urgent: bool = True,
    ) -> None:
        self.provider = provider
        self.reader = reader
        self.searching = searching
        self.rows = rows
        self.lower, self.upper = span
        self.only_open = only_open
        self.urgent = urgent
        self.searches = 0
        self._by_search = searching.usable
        self._failure: ExporterError | None = None
        self._work = self._listed(self._searches(owned) if self._by_search else self._pulses())

    @property
    def outcome(self) -> Outcome:
        """How it went so far."""
        return self._work.outcome

    async def go_on(self, lane: Lane, until: Callable[[], bool] = never) -> bool:
        """Read until all is read (True) or something else is due.

        Raises:
            ExporterError: neither way worked; what was read before is stored.
        """
        if self._by_search and (finished := await self._search(lane, until)) is not None:
            return finished
        finished = await self.reader.go_on(lane, self._work, until)
        self.outcome.place(self.rows)
        if self._failure is not None and all(row.key in self.outcome.faults for row in self.rows):
            raise self._failure
        return finished

    async def _search(self, lane: Lane, until: Callable[[], bool]) -> bool | None:
        """Whether all is read; None when search failed and the pulse has to do."""
        alone = self.searching.mode == "search"
        try:
            finished = await self.reader.go_on(lane, self._work, until)
        except SEARCH_FAILS as error:
            if alone:
                raise
            self.reader.trouble(lane.clock.now(), error)
            self.searching.failed(error)
            self._failure = error
            log.warning("%s: search failed (%s); asking every repository instead", self.reader.source, error)
        else:
            if not finished or alone or not self.outcome.unplaced:
                self.outcome.place(self.rows)
                return finished
        self._by_search = False
        self._work = self._listed(self._pulses())
        return None

    def _listed(self, requests: Sequence[Request]) -> Work:
        return Work(deque(requests), frozenset(row.key for row in self.rows), self.urgent)

    def _searches(self, owned: Mapping[str, int]) -> list[Request]:
        found = scopes([row.name for row in self.rows], owned)
        self.searches = len(found)
        windows = [self.provider.window(each, self.lower, self.upper, only_open=self.only_open) for each in found]
        return self.provider.searches(windows)

    def _pulses(self) -> list[Request]:
        if self.only_open:
            return [self.provider.latest({row.key: self.lower}, 100, only_open=True) for row in self.rows]
        return self.provider.pulse({row.key: self.lower for row in self.rows})
