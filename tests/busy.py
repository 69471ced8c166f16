"""Plays an hour of an organisation's work on a virtual clock, with one source of the exporter polling it.

The clock is the world's: it moves while nobody asks, and by ``per_request`` seconds at each request, so that the world
also moves between two pages of one answer.
"""

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter import wiring
from exporter.config import Config, load
from exporter.runtime.books import Books
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import TokenFile
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.runtime.lanes import OneToken
from exporter.runtime.limits import Limits
from exporter.runtime.reading import Reader
from exporter.runtime.source import GithubSource
from exporter.runtime.transport import Transport
from exporter.store.sqlite import SqliteStore
from tests.double import TOKEN, Double, World
from tests.double.ci import Run
from tests.double.facts import PullRequest

HOUR, DAY = 3600, 86_400
WORKING_HOURS = 160
"""A month's: 20 days of 8 hours."""
SLOTS = 6.2
"""Minutes in which one change moves, over its life, as measured on real pull requests; the first is its opening."""
AGAIN = 0.2
"""Share of the moves that meet a change which moved in the last five minutes."""
RUN_SECONDS, FAILS = (120, 300, 480, 900), 0.15
ENDS = 0.16
"""Share of the later moves that end a change, so that as many end as begin."""


def configuration(
    folder: Path,
    double: Double,
    include: list[str],
    history: str,
    streams: Sequence[str] = (),
    findings: Sequence[str] = ("code_scanning",),
) -> Path:
    """Writes a configuration for one source on the double, with a store; ``streams`` are read beside the changes."""
    (folder / "token").write_text(TOKEN)
    names = ", ".join(f'"{each}"' for each in include)
    path = folder / "config.yaml"
    path.write_text(
        f"sources: [{{name: made, provider: github, url: '{double.url}', token_file: token, include: [{names}], "
        f"history: {history}, streams: [{', '.join(streams)}], "
        f"findings: [{', '.join(findings)}]}}]\nstore: {{path: state.db}}\n"
    )
    return path


def read(path: Path) -> Config:
    """The configuration in a file."""
    return load(path, {}, set())


@dataclass
class Parts:
    """A source at work on the world's clock, and what it keeps."""

    source: GithubSource
    store: SqliteStore
    books: Books
    health: Health
    config: Config
    desk: Desk


@asynccontextmanager
async def at_work(double: Double, config: Config) -> Any:
    """The first source of a configuration, its every clock the world's."""
    world, settings = double.world, config.sources[0]

    def monotonic() -> float:
        return float(world.now)

    async def sleep(seconds: float) -> None:
        world.now += seconds

    desk, health = Desk(), Health()
    store = await desk(SqliteStore, config.store.path)
    start = wiring.ledger_starts(store, config, world.now)[settings.name]
    clock = ServerClock(monotonic, monotonic)
    transport = Transport(settings.name, settings.url, settings.timeout, health, clock)
    limits = Limits(settings.name, settings.reserve, sleep=sleep, monotonic=monotonic)
    lane = Lane(settings.name, transport, TokenFile(settings.token_file or ""), limits, health, clock, sleep=sleep)
    books = await desk(wiring.books, store, config)
    reader = Reader(settings.name, store, desk, health, start)
    source = GithubSource(
        wiring.provider(settings, config),
        wiring.selection(settings),
        OneToken(lane),
        reader,
        books,
        sides=wiring.sides(settings, config, reader, monotonic),
        mode=settings.poll,
        rediscover=settings.rediscover,
        monotonic=monotonic,
    )
    try:
        yield Parts(source, store, books, health, config, desk)
    finally:
        await source.close()
        await desk.close(5.0)
        store.close()


@dataclass
class Work:
    """What happens in some repositories (node ids) from now on: ``arrivals`` changes opened an hour, and what follows.

    ``happened`` holds, for each thing that happened, its second, the change and the id of the fact it is. ``ci``: each
    push and merge begins a run, which takes as long as runs do and fails as often.
    """

    world: World
    repositories: frozenset[str]
    arrivals: float
    seed: int = 1
    ci: bool = False
    happened: list[tuple[int, PullRequest, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw the hour's moments."""
        self.chance = random.Random(self.seed)
        here = [pull for pull in self.world.pulls.values() if pull.repository.id in self.repositories]
        self.live = [pull for pull in here if pull.closed is None]
        self.homes = [pull.repository for pull in here[-2000:]]
        self.recent: list[tuple[int, PullRequest]] = []
        self.moments: list[tuple[int, int, str]] = []
        self.runs: dict[int, Run] = {}

    def plan(self, seconds: int) -> None:
        """Spread the work of so many seconds over them."""
        opened = round(self.arrivals * seconds / HOUR)
        moved = round(opened * (SLOTS - 1))
        now = self.world.now
        for number, kind in enumerate(["open"] * opened + ["move"] * moved):
            heapq.heappush(self.moments, (now + 1 + self.chance.randrange(seconds), number, kind))

    def until(self, second: int) -> None:
        """Let time pass up to a second, with all that happens in it."""
        world = self.world
        with world.lock:
            while self.moments and self.moments[0][0] <= second:
                at, number, kind = heapq.heappop(self.moments)
                world.now = max(world.now, at)
                if kind == "end":
                    self._end(self.runs[number], at)
                else:
                    (self._open if kind == "open" else self._move)(at)
            world.now = max(world.now, second)

    def _open(self, at: int) -> None:
        author = f"dev{self.chance.randrange(300)}"
        pull = self.world.open(
            self.chance.choice(self.homes), author, at=at, body="What and why.", files=[("a.py", 3, 1)]
        )
        self.world.push(pull, at=at)
        self.live.append(pull)
        self._note(at, pull, "opened")

    def _move(self, at: int) -> None:
        self.recent = [each for each in self.recent if each[0] > at - 300]
        again = [pull for _, pull in self.recent if pull.closed is None]
        pull = self.chance.choice(again) if again and self.chance.random() < AGAIN else self.chance.choice(self.live)
        dice = self.chance.random()
        if dice < ENDS:
            self.world.merge(pull, at=at) if dice < ENDS * 0.85 else self.world.close(pull, at=at)
            self.live.remove(pull)
            self._note(at, pull, "merged" if pull.merged else pull.items[-1].id)
        elif dice < 0.5:
            self._note(at, pull, f"commit:{self.world.push(pull, at=at).sha}")
        else:
            verdict = self.chance.choice(("APPROVED", "COMMENTED", "CHANGES_REQUESTED"))
            self._note(at, pull, self.world.review(pull, f"dev{self.chance.randrange(300)}", verdict, at=at).id)

    def _begin(self, at: int, pull: PullRequest, *, merged: bool) -> None:
        """A run of a push begins."""
        home, ci = pull.repository, self.world.ci
        commits = [item.more.sha for item in pull.items if item.kind == "PullRequestCommit"]
        if merged:
            run = ci.start(home, pull.merge_sha or "", at=at)
            home.pushed = at
        else:
            run = ci.start(home, commits[-1], branch=f"topic-{pull.number}", event="pull_request", at=at)
        self.runs[run.id] = run
        heapq.heappush(self.moments, (at + self.chance.choice(RUN_SECONDS), run.id, "end"))

    def _end(self, run: Run, at: int) -> None:
        self.world.ci.finish(run, "failure" if self.chance.random() < FAILS else "success", at=at)

    def _note(self, at: int, pull: PullRequest, fact: str) -> None:
        if self.ci and (fact in ("opened", "merged") or fact.startswith("commit:")):
            self._begin(at, pull, merged=fact == "merged")
        self.recent.append((at, pull))
        self.happened.append((at, pull, fact))


@dataclass
class Poll:
    """One poll: when it began and ended by the world's clock, and the oldest watermark when it ended."""

    began: int
    ended: int
    watermark: int


async def played(
    double: Double,
    parts: Parts,
    work: Work,
    seconds: int = HOUR,
    *,
    per_request: int = 1,
    after: Callable[[Poll], None] = lambda poll: None,
) -> list[Poll]:
    """Polls at the source's interval while the work of so many seconds goes on, as the running exporter does."""
    interval = parts.config.sources[0].interval
    begin = work.world.now
    work.plan(seconds)
    double.hooks.append(lambda asked: work.until(work.world.now + per_request))
    polls: list[Poll] = []
    try:
        for due in range(begin, begin + seconds, interval):
            work.until(due)
            began = work.world.now
            await parts.source.poll(lambda: True)
            rows = [row for row in parts.store.repositories() if row.state != "gone"]
            polls.append(Poll(began, work.world.now, min(row.watermark or 0 for row in rows)))
            after(polls[-1])
    finally:
        double.hooks.pop()
    return polls


def unknown(parts: Parts, work: Work, since: int, poll: Poll) -> Iterator[tuple[int, str]]:
    """What happened from then to a poll's beginning and is not known after it: its second and the fact's id.

    A change that moves on while the poll is at work leaves the span that is read, and is the next poll's.
    """
    moved = {pull.id for at, pull, _ in work.happened if poll.began < at <= poll.ended}
    for at, pull, fact in work.happened:
        if since < at <= poll.began and pull.id not in moved:
            row = parts.store.find(pull.repository.name, pull.number)
            known = {event.id for event in parts.store.events([row.id])[row.id]} if row else set()
            if fact not in known:
                yield at, fact
