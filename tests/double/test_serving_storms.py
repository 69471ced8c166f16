"""Whatever happens to a CI or a tracker that serves a forge's repositories: nothing is lost, and the forge goes on."""

import asyncio
from contextlib import ExitStack, suppress
from email.utils import formatdate

import pytest

from exporter import wiring
from exporter.config import load
from exporter.errors import ExporterError
from exporter.model import Stream, Thing
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.store.sqlite import SqliteStore
from tests.double import World, hand_made
from tests.double.gitlab import TOKEN as GITLAB
from tests.double.gitlab import serve_gitlab
from tests.double.jenkins import TOKEN as JENKINS
from tests.double.jenkins import serve_jenkins
from tests.double.jira import Tracker
from tests.double.jira import serve as serve_jira
from tests.double.jira.tracker import Answer

pytestmark = pytest.mark.system

FAULTS = [
    ("status", {"code": 502}), ("status", {"code": 504}), ("status", {"code": 429, "after": 1}), ("reset", {}),
    ("cut", {}), ("truncated", {}), ("html", {}),
]  # fmt: skip
PASSES = 9
SERVED = {"builds": (Stream.RUNS, Thing.RUN), "tickets": (Stream.ISSUES, Thing.ISSUE)}


class Life:
    """A forge, its CI and its tracker at work; what they tell, and what went wrong."""

    def __init__(self, folder, *, disturbed):
        folder.mkdir()
        self.folder = folder
        self.disturbed = disturbed
        self.world: World = hand_made().world
        self.jira = Tracker()
        self.told: dict[str, set[object]] = {}
        self.errors: dict[str, float] = {}
        self.marks: dict[Stream, set[int | None]] = {}

    def play(self):
        """All of it; the same each time but for the faults."""
        with ExitStack() as doubles:
            gitlab = doubles.enter_context(serve_gitlab(self.world, fast=True, clock="world"))
            jenkins = doubles.enter_context(serve_jenkins(self.world, clock="world"))
            jira = doubles.enter_context(serve_jira(self.jira))
            for name, secret in (("forge", GITLAB), ("builds", JENKINS), ("tickets", self.jira.secret)):
                (self.folder / name).write_text(secret)
            path = self.folder / "exporter.yaml"
            path.write_text(
                "sources:\n"
                f"  - {{name: forge, provider: gitlab, url: '{gitlab.url}', token_file: forge, groups: [acme],"
                " streams: [], history: 2025-01-01}\n"
                f"  - {{name: builds, provider: jenkins, url: '{jenkins.url}', token_file: builds, of: forge,"
                " retry_wait: 1s}\n"
                f"  - {{name: tickets, provider: jira, url: '{jira}', token_file: tickets, of: forge, retry_wait: 1s,"
                " projects: {SHOP: ['acme/shop']}}\n"
                "store: {path: state.db}\n"
            )
            asyncio.run(self._live(load(path, {}, set()), jenkins))
        return self

    async def _live(self, config, jenkins):
        desk, health = Desk(), Health()
        store = await desk(SqliteStore, config.store.path)
        starts = await desk(wiring.ledger_starts, store, config, self.world.now)
        books = await desk(wiring.books, store, config)
        forge, builds, tickets = wiring.sources(config, store, desk, books, health, starts)
        try:
            for number in range(PASSES):
                if self.disturbed and number < len(FAULTS):
                    kind, how = FAULTS[number]
                    jenkins.fail(kind, times=2, **how)
                    self.jira.faults += [Answer(how.get("code", 500), {}, {"retry-after": "1"})] * 2
                self.jira.headers["Date"] = formatdate(self.world.now, usegmt=True)
                assert await forge.poll(lambda: False) == "success"
                for each in (builds, tickets):
                    with suppress(ExporterError):
                        await each.poll(lambda: False)
                self._happen(number)
            for each in (builds, tickets):
                assert await each.poll(lambda: False) == "success"
            rows = store.repositories("forge", None)
            self.marks = {stream: {row.watermark for row in rows if row.stream is stream} for stream in Stream}
            self.errors = {name: sum(n for (who, _), n in health.errors.items() if who == name) for name in starts}
            for name, (stream, thing) in SERVED.items():
                self.told[name] = set(facts(store, stream, thing))
        finally:
            for each in (forge, builds, tickets):
                await each.close()
            await desk.close(5.0)
            store.close()

    def _happen(self, number):
        """A build ends, an issue is opened and changed, and a minute passes."""
        shop, now = self.world.names["acme/shop"], self.world.now
        self.world.ci.ran(shop, f"{number:040x}", "failure" if number % 2 else "success", now, now + 30)
        issue = self.jira.add(f"SHOP-{number + 1}", now, "Bug")
        self.jira.change(issue, now + 10, ("status", {"name": "In Progress"}))
        self.world.now = now + 60


def facts(store, stream, thing):
    """Repository, key and id of everything that was told."""
    for row in store.repositories("forge", stream):
        for subject in store.subjects(row.id, open_only=False, thing=thing):
            for events in store.events([subject.id]).values():
                yield from ((row.name, subject.key, event.id) for event in events)


def test_bad_answers_of_a_ci_and_a_tracker_cost_time_and_no_fact_and_the_forge_nothing(tmp_path):
    """Seven kinds, two answers each, while builds end and issues change."""
    calm = Life(tmp_path / "calm", disturbed=False).play()
    storm = Life(tmp_path / "storm", disturbed=True).play()
    assert calm.errors == {"forge": 0, "builds": 0, "tickets": 0}
    assert storm.errors["forge"] == 0
    assert min(storm.errors["builds"], storm.errors["tickets"]) > len(FAULTS)
    assert {name: len(told) > 15 for name, told in calm.told.items()} == {"builds": True, "tickets": True}
    assert storm.told == calm.told
    assert all(None not in marks for stream, marks in storm.marks.items() if marks)
