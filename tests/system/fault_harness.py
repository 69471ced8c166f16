"""An exporter at work on two forges, one of which is about to fail, and what must hold whatever happens."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from exporter.config import load
from exporter.once import once
from tests.double import TOKEN, Double, World, made_world, serve
from tests.double.facts import PullRequest, Repository
from tests.double.faults import Answer, Asked, Fault, Proceed
from tests.system.processes import Running, running, until

HOUR, DAY = 3600, 86_400
HISTORY = "2025-05-20"
"""Before most changes of a made world, so that the load has an end."""
LAG = 300


def small_world(owner: str, changes: int = 60, repositories: int = 3) -> World:
    """A world whose clock runs; its seed makes it the same each time."""
    world = made_world(repositories, changes, days=20, seed=5, owner=owner)
    for one in world.repositories.values():
        one.id = f"{owner}-{one.id}"
    world.repositories = {one.id: one for one in world.repositories.values()}
    world.run()
    return world


def happen(world: World, home: Repository | None = None) -> list[tuple[PullRequest, str]]:
    """A change is opened and reviewed, another one merged, now; the changes, and the facts which that makes."""
    home = home or next(iter(world.repositories.values()))
    ready = next(pull for pull in home.pulls.values() if pull.closed is None)
    fresh = world.open(home, "ann", files=[("src/new.py", 7, 2)])
    review = world.review(fresh, "bob", "CHANGES_REQUESTED")
    world.merge(ready)
    return [(fresh, "opened"), (fresh, review.id), (ready, "merged")]


def business(text: bytes) -> list[str]:
    """An exposition's lines without the exporter's word about itself."""
    lines = text.decode().splitlines()
    return [
        line for line in lines if not line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith("sdlc_exporter_")
    ]


class Scene:
    """Two sources in one process: ``forge`` may fail, ``calm`` must not notice. Facts are looked up in the store."""

    def __init__(self, folder: Path, forge: Double, calm: Double, more: str) -> None:
        self.folder = folder
        self.double, self.world = forge, forge.world
        self.calm = calm
        self.more = more
        self.store = folder / "state" / "state.db"
        self.store.parent.mkdir(exist_ok=True)
        self.config = folder / "exporter.yaml"
        self.config.write_text(self.yaml("state/state.db"))
        (folder / "token").write_text(TOKEN)
        (folder / "calm-token").write_text(TOKEN)
        self.here: Running
        self._calm_polls = 0.0

    def yaml(self, store: str) -> str:
        """The configuration with another store."""
        return (
            "sources:\n"
            f"  - {{name: forge, url: '{self.double.url}', interval: 1s, history: {HISTORY}, {self.source()}}}\n"
            f"  - {{name: calm, url: '{self.calm.url}', interval: 1s, history: {HISTORY}, token_file: calm-token,"
            " include: ['calm/*']}\n"
            f"server: {{listen: '127.0.0.1:0'}}\nstore: {{path: {store}}}\n"
        )

    def source(self) -> str:
        """How the source that may fail is configured."""
        return self.more or "token_file: token, include: ['acme/*']"

    @contextmanager
    def process(self) -> Iterator[Running]:
        """The exporter at work; its history is in when the block begins."""
        with running(self.folder, "run", "-c", self.config) as self.here:
            self.here.loaded("forge")
            self.here.loaded("calm")
            yield self.here

    # The store, read while the process writes it

    def ask(self, sql: str, *values: object) -> list[Any]:
        """Rows of the store as it is."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=5)) as db:
            return db.execute(sql, values).fetchall()

    def watermarks(self) -> dict[str, int]:
        """Repository and watermark of the changes of the source that may fail."""
        sql = "SELECT key, watermark FROM repository JOIN reading ON repository = id WHERE source = ? AND stream = ?"
        return dict(self.ask(sql, "forge", "changes"))

    def known(self, facts: list[tuple[PullRequest, str]]) -> bool:
        """Whether the store has all of these facts; none of them may be missing where the watermark has passed it."""
        sql = (
            "SELECT repository.key || ' ' || subject.key || ' ' || event.id, watermark FROM repository"
            " JOIN reading ON reading.repository = repository.id AND stream = 'changes'"
            " LEFT JOIN subject ON subject.repository = repository.id LEFT JOIN event ON event.subject = subject.id"
        )
        rows = self.ask(sql)
        there = {row[0] for row in rows}
        marks = self.watermarks()
        missing = [(pull, fact) for pull, fact in facts if f"{pull.repository.id} {pull.id} {fact}" not in there]
        for pull, fact in missing:
            passed = marks.get(pull.repository.id)
            assert passed is None or passed < pull.updated, f"the watermark passed {fact}, which is not known"
        return not missing

    def knows(self, facts: list[tuple[PullRequest, str]], within: float = 30.0) -> None:
        """Waits until the store has them."""
        until(lambda: self.known(facts), "what happened is known", within)

    # What must be seen, and what must not

    def errors(self, reason: str) -> float:
        """How often /metrics has counted a reason."""
        return self.here.value("sdlc_exporter_errors_total", source="forge", reason=reason) or 0

    def says(self, reason: str, before: float = 0) -> None:
        """Waits until /metrics has counted a reason more often than before, and the page tells it."""
        until(lambda: self.errors(reason) > before, f"errors_total has {reason}")
        until(lambda: reason in self.here.ask("/").text, f"the page has {reason}")

    def calm_goes_on(self) -> None:
        """The other source polls, knows what happens there at once, and has not one error."""
        before = self.here.value("sdlc_exporter_polls_total", source="calm", stream="changes", result="success") or 0
        self.knows(happen(self.calm.world), 10)
        self.here_more_polls(before)
        errors = {
            labels: value
            for (name, labels), value in self.here.scrape().items()
            if name == "sdlc_exporter_errors_total"
        }
        assert all(value == 0 for labels, value in errors.items() if ("source", "calm") in labels)

    def here_more_polls(self, before: float) -> None:
        """Waits until the other source polled again."""
        until(
            lambda: (
                (self.here.value("sdlc_exporter_polls_total", source="calm", stream="changes", result="success") or 0)
                > before
            )
        )

    def ends_well(self) -> None:
        """Every repository is fine again."""
        until(lambda: {row[0] for row in self.ask("SELECT state FROM reading")} <= {"ok", "gone"}, "all is well")

    def same_as_undisturbed(self, pick: Callable[[str], bool] = lambda line: True) -> None:
        """Once all is over, the store tells what a load of the same worlds tells that nothing disturbed."""
        end = max(self.world.now, self.calm.world.now) + HOUR
        for double in (self.double, self.calm):
            double.heal()
            double.hooks.clear()
            double.world.now = end
        at = end - HOUR // 2
        fresh = self.folder / "undisturbed.yaml"
        shutil.rmtree(self.folder / "undisturbed", ignore_errors=True)
        (self.folder / "undisturbed").mkdir()
        fresh.write_text(self.yaml("undisturbed/state.db"))
        ours, theirs = (business(asyncio.run(once(load(path, {}, None), at))) for path in (self.config, fresh))
        ours, theirs = ([line for line in lines if pick(line)] for lines in (ours, theirs))
        assert len(ours) > 200
        assert ours == theirs


@contextmanager
def scene(folder: Path, world: World | None = None, more: str = "") -> Iterator[Scene]:
    """Serves both worlds; ``more`` replaces credential and selection of the source that may fail."""
    with (
        serve(world or small_world("acme"), fast=True, clock="world") as forge,
        serve(small_world("calm"), fast=True, clock="world") as calm,
    ):
        yield Scene(folder, forge, calm, more)


def dated(double: Double, at: Callable[[], int], times: int | None = 1) -> Fault:
    """Gives answers another Date."""

    async def kind(_asked: Asked, proceed: Proceed) -> Answer:
        answer = await proceed()
        answer.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at()))
        return answer

    fault = Fault(kind, {}, times, lambda asked: True)
    double.faults.append(fault)
    return fault
