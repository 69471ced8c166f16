"""Which repositories a source has now, which credential answers for each, and what a rename or an absence undoes."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from exporter.errors import ExporterError, NotFound, Refused, StoreError
from exporter.model import Repository, Stream
from exporter.providers.github.provider import GitHub
from exporter.runtime.lane import Lane
from exporter.runtime.lanes import Lanes
from exporter.runtime.reading import OF_ALL, Reader
from exporter.runtime.selection import Selection
from exporter.store.base import RepositoryRow, RepositoryState

OVERLAP = 90
RETRY = 300.0
"""Seconds after which a look that was not whole is repeated."""

log = logging.getLogger(__name__)


class _Listing(NamedTuple):
    """The repositories found by key, and which owners and names (lower case) could not be asked about."""

    found: dict[str, Repository]
    failed: dict[str, ExporterError]


class Finder:
    """Looks for repositories; remembers the lanes, the size of each owner, and the owners (or names) that are lost.

    An owner that could be listed once and now is not found is lost: nothing of it is polled, since silence would pass
    for idleness.
    """

    def __init__(
        self,
        provider: GitHub,
        selection: Selection,
        lanes: Lanes,
        reader: Reader,
        monotonic: Callable[[], float] = time.monotonic,
        streams: Sequence[Stream] = (Stream.CHANGES,),
    ) -> None:
        self.provider = provider
        self.selection = selection
        self.lanes = lanes
        self.reader = reader
        self.streams = streams
        self.here: list[Lane] = []
        self.owned: dict[str, int] = {}
        self.lost: set[str] = set()
        self._monotonic = monotonic
        self._looked: float | None = None
        self._whole = True

    def due(self, every: float) -> bool:
        """Whether the last look is so many seconds ago, or was not whole and is some minutes ago."""
        wait = every if self._whole else min(every, RETRY)
        return self._looked is None or self._monotonic() - self._looked >= wait

    def doubt(self) -> None:
        """Something was not where it should be: look again soon."""
        self._whole = False

    async def look(self) -> bool:
        """Find the repositories of every credential; whether all could be asked. Who could not be keeps what it had.

        Raises:
            ExporterError: nothing could be asked.
        """
        started = self._monotonic()
        self.here = await self.lanes.lanes()
        listing = _Listing({}, {})
        for lane in self.here:
            await self._list(lane, listing)
        rows = await self.reader.desk(self.reader.store.repositories, self.reader.source)
        kept = [row for row in rows if self._kept(row, listing)]
        self.lost = {name for name, error in listing.failed.items() if isinstance(error, NotFound)}
        if listing.failed and not listing.found and not kept:
            raise next(iter(listing.failed.values()))
        began = self.lanes.clock.now() - math.ceil(self._monotonic() - started)
        await self._enter(rows, kept, listing.found)
        self._looked, self._whole = self._monotonic(), not listing.failed
        if self._whole:
            await self._remember(began)
        log.info("%s: %d repositories", self.reader.source, len(listing.found) + len(kept))
        if not listing.found and not kept:
            log.warning(
                "%s: no repository matches; check include, exclude and the credential's access", self.reader.source
            )
        return self._whole

    @property
    def _mark(self) -> str:
        return f"discovered:{self.reader.source}"

    async def _remember(self, began: int) -> None:
        """When the last whole look began, and which repositories had not loaded by then."""
        rows = await self.reader.desk(self.reader.store.repositories, self.reader.source)
        unloaded = " ".join(row.key for row in rows if row.cursor is None)
        await self.reader.desk(self.reader.store.put, self._mark, f"{began} {unloaded}")

    def by_lane(self, rows: Sequence[RepositoryRow]) -> list[tuple[Lane, list[RepositoryRow]]]:
        """Each lane that has to do, with its repositories; those nobody answers for are left out."""
        groups: dict[int, list[RepositoryRow]] = {}
        for row in rows:
            owner = _owner(row.name)
            for number, lane in enumerate(self.here):
                if owner not in self.lost and (lane.owners is None or owner in lane.owners):
                    groups.setdefault(number, []).append(row)
                    break
        return [(self.here[number], group) for number, group in sorted(groups.items())]

    # Listing

    async def _list(self, lane: Lane, listing: _Listing) -> None:
        """Ask one credential; after a failure that concerns all it can do, nothing more."""
        owners, names = self._asked(lane)
        questions = [([owner], [self.provider.owner(owner)]) for owner in owners]
        if names:
            questions.append(([name.lower() for name in names], self.provider.named(names)))
        for asked, requests in questions:
            try:
                outcome = await self.reader.drain(lane, requests)
            except StoreError:
                raise
            except OF_ALL as error:
                self.reader.trouble(self.lanes.clock.now(), error)
                listing.failed.update((each, error) for keys, _ in questions for each in keys)
                return
            except ExporterError as error:
                self.reader.trouble(self.lanes.clock.now(), error)
                listing.failed.update((each, error) for each in asked)
                continue
            for name, fault in outcome.faults.items():
                if fault.reason != NotFound.reason:
                    listing.failed[name.lower()] = Refused(fault.message)
            self._take(asked[0] if "/" not in asked[0] else None, outcome.repositories, listing)

    def _take(self, owner: str | None, repositories: Sequence[Repository], listing: _Listing) -> None:
        """Choose; ``owner``: all its repositories are here; None: they were asked for by name, perhaps an old one."""
        if owner is not None:
            self.owned[owner] = len(repositories)
        for each in repositories:
            if self.selection.takes(each, named=owner is None):
                listing.found[each.key] = each

    def _asked(self, lane: Lane) -> tuple[list[str], list[str]]:
        """The owners to list and the names to ask for through one lane."""
        selection = self.selection
        owners, names = selection.listed_owners(), selection.exact_names()
        if lane.owners is None:
            return owners, names
        mine = [owner for owner in sorted(lane.owners) if owner in owners or selection.open_to(owner)]
        return mine, [name for name in names if _owner(name) in lane.owners and _owner(name) not in mine]

    @staticmethod
    def _kept(row: RepositoryRow, listing: _Listing) -> bool:
        """Whether a repository that was not found may be there all the same."""
        there = row.state is not RepositoryState.GONE and row.key not in listing.found
        return there and (row.name.lower() in listing.failed or _owner(row.name) in listing.failed)

    # Entering

    async def _enter(
        self, rows: Sequence[RepositoryRow], kept: Sequence[RepositoryRow], found: dict[str, Repository]
    ) -> None:
        """Tell the store; what may have been asked for by a name it no longer had is read again since the last look.

        A search for a name that is not there is silent. So a repository that was renamed, or that is gone or lost and
        may come back, takes its cursor back to when it was last seen under its name; one whose history was read since
        then, or in part, begins anew.
        """
        store, desk = self.reader.store, self.reader.desk
        remembered = (await desk(store.get, self._mark) or "0").split()
        seen, unloaded = int(remembered[0]), set(remembered[1:])
        here = {row.key for row in kept} | found.keys()
        gone = [row for row in rows if row.key not in here and row.state is not RepositoryState.GONE]
        moved = [row for row in rows if row.key in found and found[row.key].name != row.name]
        lost = [row for row in kept if _owner(row.name) in self.lost]
        for row in gone + moved + lost:
            if row.cursor is None or row.key in unloaded:
                await desk(store.progress, [row.id], cursor=None, loaded_from=None, loaded_to=None)
            elif seen and row.cursor > seen - OVERLAP:
                await desk(store.progress, [row.id], cursor=seen - OVERLAP)
        still = [Repository(row.key, row.name, row.default_branch) for row in kept]
        await desk(store.discover, self.reader.source, [*found.values(), *still], self.streams)


def _owner(name: str) -> str:
    return name.partition("/")[0].lower()
