"""Repositories that ship by a workflow: known from the runs that are read anyway, against the double.

Hours are counted from the ledger's start; the commits of the main branch are c0, c1, c2 ... in their order.
"""

import pytest

from exporter.model import Contained, Deployed, Stream, Thing
from tests.double import serve
from tests.double.delivering import deploy, release
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge
from tests.runtime.test_deployments import START, commits, world

DEPLOY = ".github/workflows/deploy.yml"
NEVER_DUE = False


@pytest.fixture
def double():
    with serve(world(), fast=True, clock="world") as served:
        yield served


class Shop:
    """One repository, ten days into its ledger, and an exporter that reads its runs and deployments."""

    def __init__(self, double, folder, streams=("runs", "deployments"), **how):
        self.double = double
        self.world = double.world
        self.home = next(iter(self.world.repositories.values()))
        self.forge = Forge(double, folder, streams=streams, start=START, more=how)

    def ran(self, sha, hours, path=DEPLOY, result="success", branch="main", event="push"):
        """A run of ten minutes that ends then."""
        ci, at = self.world.ci, START + round(hours * HOUR)
        run = ci.start(self.home, sha, branch=branch, event=event, path=path, at=at - 10 * MINUTE)
        return ci.finish(run, result, at=at)

    def brought(self, playing):
        """(hours, base, new commits) of everything that arrived, in order."""
        facts = [fact for each in playing.facts("acme/shop", Thing.DEPLOYMENT).values() for fact in each.values()]
        told = sorted((each for each in facts if isinstance(each, Contained)), key=lambda each: each.at)
        return [((each.at - START) / HOUR, each.base, each.shas) for each in told]

    def ends(self, playing):
        """(hours, commit, name, whether it counts) of every end."""
        facts = [fact for each in playing.facts("acme/shop", Thing.DEPLOYMENT).values() for fact in each.values()]
        told = sorted((each for each in facts if isinstance(each, Deployed)), key=lambda each: each.at)
        return [((each.at - START) / HOUR, each.sha, each.named, each.counts) for each in told]

    def loaded(self):
        async def act(playing):
            await playing.load()
            return self.way(playing), self.brought(playing)

        return self.forge.play(act)

    def way(self, playing):
        return playing.store.get(f"production:{row(playing).id}")


def row(playing, stream=Stream.DEPLOYMENTS):
    return playing.store.repositories("forge", stream)[0]


async def polls(playing, times=3):
    for _ in range(times):
        await playing.poll(lambda: NEVER_DUE, after=5 * MINUTE)


async def finished(playing):
    """Whether all is loaded; a pass reads one thing and no more."""
    await playing.poll()
    return not await playing.source.loading()


@pytest.fixture
def shop(double, tmp_path):
    return Shop(double, tmp_path)


def test_each_success_of_a_shipping_workflow_brings_the_commits_since_the_one_before(shop):
    """Failures, other workflows, branches and changes ship nothing."""
    shop.ran("c2", 2)
    shop.ran("c3", 3, result="failure")
    shop.ran("c4", 4, path=".github/workflows/ci.yml")
    shop.ran("h1", 5, branch="hotfix")
    shop.ran("c6", 6, event="pull_request")
    shop.ran("c7", 7)
    shop.ran("c9", 700 / 60, path=".github/workflows/publish.yaml")
    assert shop.loaded() == (
        "workflows",
        [(2, "", ()), (7, "c2", commits(3, 7)), (700 / 60, "c7", commits(8, 9))],
    )


def test_a_run_costs_no_question_of_its_own(shop):
    """Once loaded, one that ships costs what any run costs, and a comparison."""
    shop.ran("c2", 2)

    async def act(playing):
        await playing.load()
        await polls(playing)
        playing.double.reset()
        shop.ran("c5", (shop.world.now - START) / HOUR)
        await polls(playing, 4)
        asked = [one.path for one in playing.double.requests]
        assert sum("/compare/" in path for path in asked) == 1
        assert "Deployed" not in playing.asked()
        return shop.brought(playing)[-1][1:]

    assert shop.forge.play(act) == ("c2", commits(3, 5))


def test_deployments_and_releases_come_first(shop):
    shop.ran("c2", 2)
    release(shop.world, shop.home, "v1.0.0", "c3", START + 3 * HOUR)
    assert shop.loaded() == ("releases", [(3, "", ())])


def test_deployments_to_staging_alone_do_not_make_production(shop):
    deploy(shop.world, shop.home, "c1", "staging", at=START + HOUR)
    shop.ran("c2", 2)
    shop.ran("c4", 4)
    way, brought = shop.loaded()
    assert way == "workflows"
    assert brought == [(1, "", ()), (2, "", ()), (4, "c2", commits(3, 4))]


def test_what_was_settled_stays(shop):
    """A release that comes later is told of and does not count."""
    shop.ran("c2", 2)

    async def act(playing):
        await playing.load()
        release(shop.world, shop.home, "v1.0.0", "c3")
        await polls(playing)
        assert shop.way(playing) == "workflows"
        return [each[1:] for each in shop.ends(playing)]

    assert shop.forge.play(act) == [("c2", DEPLOY, True), ("c3", "v1.0.0", False)]


def test_the_first_thing_there_is_settles_it_later(shop):
    async def act(playing):
        await playing.load()
        assert shop.way(playing) is None
        shop.ran("c2", (shop.world.now - START) / HOUR)
        await polls(playing)
        shop.ran("c4", (shop.world.now - START) / HOUR)
        await polls(playing, 4)
        return shop.way(playing), [each[1:] for each in shop.brought(playing)]

    assert shop.forge.play(act) == ("workflows", [("", ()), ("c2", commits(3, 4))])


def test_without_the_runs_nothing_is_inferred(double, tmp_path):
    shop = Shop(double, tmp_path, streams=("deployments",))
    shop.ran("c2", 2)
    assert shop.loaded() == (None, [])


def test_a_configured_way_needs_no_settling(double, tmp_path):
    shop = Shop(double, tmp_path, production="workflows")
    deploy(shop.world, shop.home, "c1", "production", at=START + HOUR)
    shop.ran("c2", 2)
    shop.ran("c4", 4)
    assert shop.loaded() == ("workflows", [(2, "", ()), (4, "c2", commits(3, 4))])


def test_a_first_load_waits_for_the_runs_and_for_those_alone_that_can_be_read(shop):
    """Refused, they tell nothing and hold nothing; what ran before the load is then never counted."""
    shop.ran("c2", 2)
    shop.double.deny("actions")

    async def act(playing):
        for _ in range(3):
            await playing.poll(lambda: NEVER_DUE, after=5 * MINUTE)
        assert row(playing, Stream.RUNS).state == "failing"
        assert row(playing).state == "ok"
        shop.double.deny()
        await polls(playing, 4)
        assert (shop.way(playing), shop.ends(playing)) == (None, [])
        shop.ran("c4", (shop.world.now - START) / HOUR)
        await polls(playing, 4)
        return [each[1:] for each in shop.ends(playing)]

    assert shop.forge.play(act) == [("c4", DEPLOY, True)]


def test_nothing_is_said_to_be_complete_beyond_the_runs(shop):
    """While runs cannot be read, a deployment may be unseen: the watermark stays where theirs is."""
    shop.ran("c2", 2)

    async def act(playing):
        await playing.load()
        await polls(playing)
        shop.double.fail("status", None, lambda asked: "/actions/runs" in asked.path)
        shop.ran("c4", (shop.world.now - START) / HOUR)
        ended = shop.world.now
        for _ in range(4):
            await polls(playing)
            assert row(playing).watermark == row(playing, Stream.RUNS).watermark
        assert row(playing).watermark < ended
        shop.double.fail("status", 0, lambda asked: False)
        return ended

    shop.forge.play(act)


def test_the_same_history_in_one_go_in_bites_and_as_it_happened(double, tmp_path):
    """Six runs in ten days, of which the fourth goes back: the walk is the same however it is read."""
    plan = [("c1", 1), ("c4", 30), ("c9", 60), ("c5", 100), ("c12", 150), ("c12", 200)]
    told = []
    for name in ("whole", "bites", "live"):
        with serve(world(), fast=True, clock="world") as served:
            (tmp_path / name).mkdir()
            shop = Shop(served, tmp_path / name)

            async def act(playing, shop=shop, name=name, live=name == "live"):
                if live:
                    shop.world.now = START + HOUR // 2
                for sha, hours in plan:
                    if live:
                        shop.world.now = START + hours * HOUR
                    shop.ran(sha, hours)
                    if live:
                        await playing.load()
                        await polls(playing)
                shop.world.now = START + 10 * DAY
                while name == "bites" and not await finished(playing):
                    pass
                await playing.load()
                await polls(playing)
                return shop.brought(playing)

            told.append(shop.forge.play(act))
    assert told[0] == told[1] == told[2]
    assert [each[1:] for each in told[0]] == [
        ("", ()),
        ("c1", commits(2, 4)),
        ("c4", commits(5, 9)),
        ("c9", ()),
        ("c5", commits(10, 12)),
        ("c12", ()),
    ]
