"""One source at work against the double on a clock that only tests and sleeps move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter import wiring
from exporter.config import Config
from exporter.config.settings import History, Source
from exporter.model import Fact, Stream, Thing
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import TokenFile
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.runtime.limits import Limits
from exporter.runtime.reading import Reader
from exporter.runtime.selection import Selection
from exporter.runtime.source import GithubSource
from exporter.runtime.transport import Transport
from exporter.store.base import RepositoryRow
from exporter.store.sqlite import SqliteStore
from tests.double import TOKEN, Double
from tests.double.facts import PullRequest

MINUTE, HOUR, DAY = 60, 3600, 86_400
HISTORY = 30 * DAY


class Several:
    """Lanes that a test chose, in the place of a token or an app."""

    def __init__(self, lanes: list[Lane], clock: ServerClock) -> None:
        self.all = lanes
        self.clock = clock

    async def lanes(self) -> list[Lane]:
        """All of them."""
        return list(self.all)

    async def close(self) -> None:
        """Give back the connections."""
        for lane in self.all:
            await lane.transport.close()


def at_once() -> bool:
    """The next poll is due already: one request of history, and no more."""
    return True


@dataclass
class Forge:
    """A double, a folder for the store, and how the source is configured.

    ``owners``: one lane for each such set. ``streams``: what is read beside the changes. ``start``: of the ledger, else
    ``HISTORY`` before the first start.
    """

    double: Double
    folder: Path
    include: tuple[str, ...] = ("acme/*",)
    mode: str = "auto"
    reserve: float = 0.0
    rediscover: int = HOUR
    owners: tuple[frozenset[str] | None, ...] = (None,)
    streams: tuple[str, ...] = ()
    start: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def play(self, act: Callable[[Playing], Coroutine[Any, Any, Any]]) -> Any:
        """Runs one process' life: ``act`` from its start to its end."""

        async def life() -> Any:
            playing = await Playing.begin(self)
            try:
                return await act(playing)
            finally:
                await playing.end()

        return asyncio.run(life())


class Playing:
    """A source at work, its store, and the world it reads."""

    def __init__(self, forge: Forge, store: SqliteStore, desk: Desk) -> None:
        self.forge = forge
        self.double = forge.double
        self.world = forge.double.world
        self.store = store
        self.desk = desk
        self.health = Health()
        self.source: GithubSource
        self.lanes: list[Lane]

    @classmethod
    async def begin(cls, forge: Forge) -> Playing:
        """A process begins."""
        desk = Desk()
        playing = cls(forge, await desk(SqliteStore, str(forge.folder / "state.db")), desk)
        await playing._source()
        return playing

    async def _source(self) -> None:
        forge, world = self.forge, self.world
        (forge.folder / "token").write_text(TOKEN)

        def monotonic() -> float:
            return float(world.now)

        async def sleep(seconds: float) -> None:
            world.now += max(1, round(seconds)) if seconds else 0
            await asyncio.sleep(0)

        history = History(start=world.now - HISTORY if forge.start is None else forge.start)
        settings = Source(name="forge", url=forge.double.url, history=history, streams=forge.streams, **forge.more)
        config = Config(sources=(settings,))
        start = (await self.desk(wiring.ledger_starts, self.store, config, world.now))["forge"]
        clock = ServerClock(monotonic, monotonic)
        self.health.source("forge", ("changes",))
        transport = Transport("forge", forge.double.url, 5, self.health, clock)
        self.lanes = [
            Lane(
                "forge",
                transport,
                TokenFile(str(forge.folder / "token")),
                Limits("forge", forge.reserve, sleep=sleep, monotonic=monotonic),
                self.health,
                clock,
                owners,
                sleep=sleep,
                monotonic=monotonic,
            )
            for owners in forge.owners
        ]
        reader = Reader("forge", self.store, self.desk, self.health, start)
        self.source = GithubSource(
            wiring.provider(settings, config),
            Selection(include=forge.include),
            Several(self.lanes, clock),
            reader,
            await self.desk(wiring.books, self.store, config),
            sides=wiring.sides(settings, config, reader, monotonic),
            mode=forge.mode,
            rediscover=forge.rediscover,
            monotonic=monotonic,
            sleep=sleep,
        )

    async def end(self) -> None:
        """The process ends."""
        await self.source.close()
        await self.desk.close(5)
        self.store.close()

    # What tests do

    async def load(self) -> None:
        """Passes until all history is in."""
        for _ in range(50):
            await self.poll(lambda: False)
            if not await self.source.loading():
                return
        raise AssertionError("the load does not end")

    async def poll(self, until: Callable[[], bool] = at_once, after: int = 0) -> str:
        """One pass, so many seconds from now."""
        self.world.now += after
        return await self.source.poll(until)

    def rows(self, stream: Stream = Stream.CHANGES) -> dict[str, RepositoryRow]:
        """The repositories by name, as far as a stream of them is read."""
        return {row.name: row for row in self.store.repositories("forge", stream)}

    def facts(self, name: str, thing: Thing) -> dict[str, dict[str, Fact]]:
        """What the store knows of the things of a repository, by key and id."""
        subjects = self.store.subjects(self.rows()[name].id, open_only=False, thing=thing)
        events = self.store.events([each.id for each in subjects])
        return {each.key: {event.id: event for event in events.get(each.id, [])} for each in subjects}

    def knows(self, pull: PullRequest, fact: str = "opened") -> bool:
        """Whether the store has a fact."""
        for row in self.store.repositories("forge"):
            for subject in self.store.subjects(row.id, open_only=False):
                if subject.key == pull.id:
                    return fact in {event.id for event in self.store.events([subject.id])[subject.id]}
        return False

    def observed(self, pull: PullRequest) -> set[str]:
        """The metrics that have an observation of a change."""
        for row in self.store.repositories("forge"):
            for subject in self.store.subjects(row.id, open_only=False):
                if subject.key == pull.id:
                    return {each.metric for each in self.store.entered([subject.id]).get(subject.id, [])}
        return set()

    def searched(self) -> list[str]:
        """The queries of the searches since the double forgot them."""
        return [one.variables["q"] for one in self.double.requests if one.operation == "Search"]

    def asked(self) -> list[str]:
        """The operations since the double forgot them."""
        return [one.operation for one in self.double.requests]

    def errors(self, reason: str) -> int:
        """How often a reason was counted."""
        return self.health.errors["forge", reason]
