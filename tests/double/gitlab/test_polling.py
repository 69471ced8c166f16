"""GitLab polled through the runtime: what an idle group costs, and that no fault of the server loses a fact."""

import asyncio
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest

from exporter import wiring
from exporter.config import load
from exporter.errors import ExporterError
from exporter.model import Thing
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader
from exporter.store.sqlite import SqliteStore
from tests.double import World, made_world
from tests.double.gitlab import TOKEN, serve_gitlab

pytestmark = pytest.mark.system

HISTORY = "2025-01-01"
"""Before the first change of any made world."""
DAY = 86_400


@asynccontextmanager
async def at_work(tmp_path, double):
    """A source of GitLab at work, whose every clock is the world's."""
    world, health, desk = double.world, Health(), Desk()
    (tmp_path / "token").write_text(TOKEN)
    path = tmp_path / "exporter.yaml"
    path.write_text(
        f"sources: [{{name: made, provider: gitlab, url: '{double.url}', token_file: token, groups: [acme],"
        f" history: {HISTORY}, retry_wait: 1s, streams: [runs, deployments, issues]}}]\nstore: {{path: state.db}}\n"
    )
    config = load(path, {}, set())
    store = await desk(SqliteStore, config.store.path)
    starts = await desk(wiring.ledger_starts, store, config, world.now)
    books = await desk(wiring.books, store, config)
    reader = Reader("made", store, desk, health, starts["made"])
    settings = config.sources[0]
    source = wiring.service_source(settings, config, reader, books, monotonic=lambda: float(world.now))
    try:
        yield SimpleNamespace(source=source, store=store, health=health)
    finally:
        await source.close()
        await desk.close(5.0)
        store.close()


def known(store: SqliteStore) -> set[tuple[int, str]]:
    """Numbers of changes and the ids of their facts."""
    found = set()
    for row in store.repositories("made"):
        for subject in store.subjects(row.id, open_only=False, thing=Thing.CHANGE):
            for events in store.events([subject.id]).values():
                found |= {(row.name, subject.number, event.id) for event in events}
    return found


def test_an_idle_group_of_a_hundred_projects_refreshes_in_three_requests(tmp_path):
    """One for merge requests, one for the pulses of all projects, one for issues."""
    world = made_world(100, 300)

    async def play(double):
        async with at_work(tmp_path, double) as work:
            while await work.source.poll(lambda: False) != "success" or await work.source.loading():
                pass
            assert len(work.store.repositories("made")) == 100
            spent = []
            for rest in (2 * DAY, 300, 300, 3000):
                world.now += rest
                double.reset()
                assert await work.source.poll(lambda: False) == "success"
                spent.append(double.count())
            return spent

    with serve_gitlab(world, fast=True, clock="world") as double:
        daily, first, second, discovering = asyncio.run(play(double))
    assert (first, second) == (3, 3)
    assert discovering == 4, "once an hour projects are looked for"
    assert daily <= 105, "once a day every project is looked at"


FAULTS = [
    ("status", {"code": 502}), ("status", {"code": 504}), ("status", {"code": 429, "after": 1}), ("reset", {}),
    ("cut", {}), ("truncated", {}), ("html", {}),
]  # fmt: skip


def test_a_load_and_polls_through_all_kinds_of_bad_answers_end_as_undisturbed_ones(tmp_path):
    """Every sixth answer is bad, each time in another way, while things happen."""

    def play(folder, *, disturbed):
        folder.mkdir()
        world = made_world(3, 60, days=20, seed=5)

        async def life(double):
            async with at_work(folder, double) as work:
                for _ in range(8):
                    with suppress(ExporterError):
                        await work.source.poll(lambda: False)
                    happen(world)
                    world.now += 400
                double.heal()
                for _ in range(2):
                    world.now += 400
                    assert await work.source.poll(lambda: False) == "success"
                return known(work.store), sum(work.health.errors.values())

        with serve_gitlab(world, fast=True, clock="world") as double:
            if disturbed:
                for number, (kind, how) in enumerate(FAULTS):
                    double.fail(kind, times=None, when=lambda a, n=number: a.n % 42 == 6 * n + 1, **how)
            return asyncio.run(life(double))

    calm, none = play(tmp_path / "calm", disturbed=False)
    facts, errors = play(tmp_path / "storm", disturbed=True)
    assert none == 0
    assert errors > len(FAULTS)
    assert len(calm) > 300
    assert facts == calm


def happen(world: World) -> None:
    """A change is opened and reviewed, another one merged."""
    home = next(iter(world.repositories.values()))
    ready = next(pull for pull in home.pulls.values() if pull.closed is None)
    fresh = world.open(home, "ann", files=[("src/new.py", 7, 2)])
    world.review(fresh, "bob", "CHANGES_REQUESTED")
    world.merge(ready)


def test_a_revoked_token_holds_the_watermarks_and_says_so(tmp_path):
    world = made_world(3, 60, days=20, seed=5)

    async def play(double):
        async with at_work(tmp_path, double) as work:
            while await work.source.poll(lambda: False) != "success" or await work.source.loading():
                pass
            before = {row.key: row.watermark for row in work.store.repositories("made")}
            double.revoke(TOKEN)
            world.now += 400
            with pytest.raises(ExporterError, match="rejects the credential") as caught:
                await work.source.poll(lambda: False)
            assert TOKEN not in str(caught.value)
            rows = work.store.repositories("made")
            assert {row.key: row.watermark for row in rows} == before
            assert {(row.state, row.reason) for row in rows} == {("failing", "unauthorised")}

    with serve_gitlab(world, fast=True, clock="world") as double:
        asyncio.run(play(double))


def test_an_old_server_tells_what_it_has_and_what_it_lacks_is_counted(tmp_path):
    lacking = ("Commit.committedDate", "Commit.authorEmail", "Commit.committerEmail", "Commit.committerName",
               "MergeRequest.closedAt", "pipelines.updatedAfter", "Pipeline.source")  # fmt: skip
    world = made_world(3, 60, days=20, seed=5)

    async def play(double):
        async with at_work(tmp_path, double) as work:
            while await work.source.poll(lambda: False) != "success" or await work.source.loading():
                pass
            return len(known(work.store)), dict(work.health.unknown)

    with serve_gitlab(world, fast=True, clock="world", without=lacking) as double:
        facts, unknown = asyncio.run(play(double))
    assert facts > 300
    assert {name for _, name in unknown} == set(lacking)
