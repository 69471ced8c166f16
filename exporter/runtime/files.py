"""The files of merged changes: read once, after the merge, and before the watermark passes it."""

from collections import Counter, deque
from collections.abc import Callable, Sequence

from exporter.errors import Partial
from exporter.providers.base import Fault, Request
from exporter.providers.github.provider import GitHub, Unread
from exporter.runtime.lane import Lane
from exporter.runtime.reading import Outcome, Reader, Work, never
from exporter.store.base import RepositoryRow, UnreadRow

AT_ONCE = 1000
GIVE_UP = 5
"""Passes in which a change's files could not be read before it goes without them; that is counted as truncated."""
ALONE = 20
"""Changes asked for one by one at once, since their files could not be read together with others'."""


class FilesReader:
    """Reads the files that lack. A change whose files cannot be had holds its repository back, but not for ever."""

    def __init__(self, provider: GitHub, reader: Reader) -> None:
        self.provider = provider
        self.reader = reader
        self._failed: Counter[str] = Counter()

    async def read(
        self,
        lane: Lane,
        rows: Sequence[RepositoryRow],
        needed: int | None,
        *,
        least: int = 1,
        urgent: bool = True,
        until: Callable[[], bool] = never,
    ) -> tuple[Outcome, bool]:
        """Once a change merged by ``needed`` (Unix seconds; None: any) lacks them, the files of all that lack them.

        Fewer than ``least`` wait for company. The second value is False when something else was due before the end.
        """
        whole = Outcome()
        by_id = {row.id: row for row in rows}
        before: set[str] = set()
        while by_id:
            unread = await self.reader.desk(self.reader.store.unread_files, list(by_id), AT_ONCE)
            if not unread or len(unread) < least or (needed is not None and unread[0].merged > needed):
                break
            if before and until():
                return whole, False
            unread = unread[: len(unread) - len(unread) % least]
            whole.merge(await self._batch(lane, unread, by_id, urgent))
            keys = {each.key for each in unread}
            if keys <= before:
                self._hold(unread, by_id, whole)
            before = keys
            by_id = {key: row for key, row in by_id.items() if row.key not in whole.faults}
        return whole, True

    @staticmethod
    def _hold(unread: Sequence[UnreadRow], by_id: dict[int, RepositoryRow], whole: Outcome) -> None:
        """Asked for twice, answered twice, and still not there."""
        for each in unread:
            key = by_id[each.repository].key
            whole.faults.setdefault(key, Fault(key, Partial.reason, "the files of a merged change never came"))

    async def _batch(
        self, lane: Lane, unread: Sequence[UnreadRow], by_id: dict[int, RepositoryRow], urgent: bool
    ) -> Outcome:
        requests = self._requests(unread, by_id)
        work = Work(deque(requests), frozenset(row.key for row in by_id.values()), urgent)
        await self.reader.go_on(lane, work)
        ids = {row.key: row.id for row in by_id.values()}
        for subject in work.outcome.gone:
            await self.reader.desk(self.reader.store.forget_files, ids[subject.repository], subject.key)
        for each in unread:
            if each.key not in work.outcome.failed:
                self._failed.pop(each.key, None)
                continue
            self._failed[each.key] += 1
            if self._failed[each.key] >= GIVE_UP:
                await self._give_up(lane, each, by_id[each.repository].name)
        return work.outcome

    def _requests(self, unread: Sequence[UnreadRow], by_id: dict[int, RepositoryRow]) -> list[Request]:
        """Those that failed before alone, so that they do not spoil the others' answer again."""
        wanted = [Unread(by_id[each.repository].key, each.key, each.number, each.merged) for each in unread]
        fresh = [each for each in wanted if not self._failed[each.key]]
        odd = [each for each in wanted if self._failed[each.key]][:ALONE]
        return self.provider.files(fresh) + [request for each in odd for request in self.provider.files([each])]

    async def _give_up(self, lane: Lane, change: UnreadRow, name: str) -> None:
        await self.reader.desk(self.reader.store.forget_files, change.repository, change.key)
        del self._failed[change.key]
        self.reader.health.truncated[self.reader.source, self.reader.stream] += 1
        message = f"{name}: the files of change {change.number} cannot be read; it goes without a size"
        self.reader.trouble(lane.clock.now(), Partial(message))
