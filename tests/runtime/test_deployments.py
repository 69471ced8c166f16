"""Deployments of a real source against the double: what is known of them, what each one brought, and what that costs.

Hours are counted from the ledger's start; the commits of the main branch are c0, c1, c2 ... in their order.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.model import Contained, Deployed, Stream, Thing
from exporter.runtime import deployments as asking
from tests.double import World, serve
from tests.double.delivering import deploy, end, release, tag
from tests.double.facts import Repository
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge, Playing

START = 1_750_000_000
NEVER_DUE = False


class Brought(NamedTuple):
    """What an arrival brought, and the commit before it."""

    to: str
    sha: str
    base: str
    shas: tuple[str, ...]
    words: str = ""


class Shop:
    """A world with one repository, ten days into its ledger, and an exporter that reads it."""

    def __init__(self, double, folder: Path, **how) -> None:
        self.double = double
        self.world: World = double.world
        self.home: Repository = next(iter(self.world.repositories.values()))
        self.forge = Forge(double, folder, streams=("deployments",), start=START, more=how)

    def deploy(self, sha: str, hours: float, environment: str = "production", **more):
        return deploy(self.world, self.home, sha, environment, at=START + round(hours * HOUR), **more)

    def facts(self, playing: Playing) -> list[tuple[str, Deployed | Contained]]:
        store = playing.store
        found = []
        for row in store.repositories("forge"):
            subjects = store.subjects(row.id, open_only=False, thing=Thing.DEPLOYMENT)
            for each in subjects:
                found += [(each.key, event) for event in store.events([each.id])[each.id]]
        return sorted(found, key=lambda one: (one[1].at, one[0], one[1].id))

    def ends(self, playing: Playing) -> list[Deployed]:
        return [event for _, event in self.facts(playing) if isinstance(event, Deployed)]

    def brought(self, playing: Playing) -> list[Brought]:
        facts = self.facts(playing)
        ends = {(key, event.id): event for key, event in facts if isinstance(event, Deployed)}
        found = []
        for key, event in facts:
            if isinstance(event, Contained):
                of = ends[key, event.id.removeprefix("contained:")]
                assert of.at == event.at
                words = [name for name in ("back", "again") if getattr(event, name)]
                words += ["part"] * (not event.whole)
                found.append(Brought(of.named or of.environment, of.sha, event.base, event.shas, " ".join(words)))
        return found

    def load(self) -> list[Brought]:
        """What is known after a first load."""

        async def act(playing: Playing):
            await playing.load()
            return self.brought(playing)

        return self.forge.play(act)


async def polls(playing: Playing, times: int = 3) -> None:
    """Polls of the stream, five minutes apart and longer than the lag in all."""
    for _ in range(times):
        await playing.poll(lambda: NEVER_DUE, after=5 * MINUTE)


def row(playing: Playing):
    """How far the deployments are."""
    return playing.store.repositories("forge", Stream.DEPLOYMENTS)[0]


def world() -> World:
    """Ten days after the ledger's start: main is c0 to c19, and h1 and h2 are a hotfix branch from c5."""
    made = World(START + 10 * DAY)
    graph = made.add_repository("acme/shop").graph
    before: tuple[str, ...] = ()
    for n in range(20):
        before = (graph.commit(*before, sha=f"c{n}", at=START + n * HOUR),)
    graph.commit("c5", sha="h1")
    graph.commit("h1", sha="h2")
    return made


@pytest.fixture
def double():
    with serve(world(), fast=True, clock="world") as served:
        yield served


@pytest.fixture
def shop(double, tmp_path):
    return Shop(double, tmp_path)


def commits(first: int, last: int) -> tuple[str, ...]:
    """The commits of main from one to another."""
    return tuple(f"c{n}" for n in range(first, last + 1))


# The walk


def test_a_deployment_brings_the_commits_since_the_one_before_it(shop):
    """What the first brought nobody can tell; a failure is no step of the walk."""
    shop.deploy("c2", 1)
    shop.deploy("c3", 2, state="FAILURE")
    shop.deploy("c4", 3)
    shop.deploy("c9", 4)
    assert shop.load() == [
        Brought("production", "c2", "", (), "part"),
        Brought("production", "c4", "c2", commits(3, 4)),
        Brought("production", "c9", "c4", commits(5, 9)),
    ]


def test_a_hotfix_branch_brings_its_own_commits_and_main_the_rest(shop):
    """c5, then the branch h1-h2 from it, then main with c6 to c8, which is not ahead of the branch but beside it."""
    shop.deploy("c5", 1)
    shop.deploy("h2", 2)
    shop.deploy("c8", 3)
    assert shop.load()[1:] == [
        Brought("production", "h2", "c5", ("h1", "h2")),
        Brought("production", "c8", "h2", commits(6, 8)),
    ]


def test_a_rollback_brings_nothing_and_what_it_took_back_is_not_brought_twice(shop):
    """Forward again to c9, past c7 which had been there: c8 and c9 are new."""
    for hours, sha in enumerate(["c3", "c7", "c3", "c9"]):
        shop.deploy(sha, hours)
    assert shop.load()[1:] == [
        Brought("production", "c7", "c3", commits(4, 7)),
        Brought("production", "c3", "c7", (), "back"),
        Brought("production", "c9", "c3", commits(8, 9)),
    ]


def test_every_environment_is_walked_on_its_own(shop):
    """Two regions, two applications of one repository, and staging; previews are not walked."""
    for hours, (sha, environment) in enumerate(
        [
            ("c1", "prod-eu"),
            ("c1", "prod-us"),
            ("c2", "staging"),
            ("c4", "prod-eu"),
            ("c5", "staging"),
            ("c6", "preview"),
            ("c7", "preview"),
            ("c3", "prod-us"),
        ]
    ):
        shop.deploy(sha, hours, environment)
    assert [each for each in shop.load() if each.base] == [
        Brought("prod-eu", "c4", "c1", commits(2, 4)),
        Brought("staging", "c5", "c2", commits(3, 5)),
        Brought("prod-us", "c3", "c1", commits(2, 3)),
    ]
    assert len(shop.double.requests) > 0
    assert sum("compare" in one.path for one in shop.double.requests) == 3


def test_the_same_commit_again_within_the_hour_is_the_same_release(shop):
    """c3 at 1h, 1.5h and 2.5h, each within an hour of the one before, and at 4h; nothing is asked for that."""
    for hours in (1, 1.5, 2.5, 4):
        shop.deploy("c3", hours)
    again = Brought("production", "c3", "c3", (), "again")
    assert shop.load()[1:] == [again, again, again._replace(words="")]
    assert not any("compare" in one.path for one in shop.double.requests)


def test_order_is_that_of_the_ends(shop):
    """c4 was asked for first and waited for an approval; when it arrives, c8 is there: it goes back."""
    shop.deploy("c1", 1)
    shop.deploy("c4", 40, took=30 * HOUR)
    shop.deploy("c8", 20)
    assert shop.load()[1:] == [
        Brought("production", "c8", "c1", commits(2, 8)),
        Brought("production", "c4", "c8", (), "back"),
    ]


def test_a_comparison_of_more_than_250_commits_is_read_in_pages_up_to_its_bound(shop, monkeypatch):
    """260 commits are 3 pages; of 450 more, with a bound of 300, 3 pages are read and 150 are left out."""
    monkeypatch.setattr("exporter.providers.github.deployments.MOST", 300)
    graph = shop.home.graph
    many = graph.line("c19", 260)
    more = graph.line(many[-1], 450)
    for hours, sha in enumerate(["c19", many[-1], more[-1]]):
        shop.deploy(sha, hours)
    assert shop.load()[1:] == [
        Brought("production", many[-1], "c19", tuple(many)),
        Brought("production", more[-1], many[-1], tuple(more[:300]), "part"),
    ]
    assert sum("compare" in one.path for one in shop.double.requests) == 6


def test_commits_that_a_force_push_has_removed_cannot_be_compared(shop):
    """The branch was rewritten after h1 was deployed: what c8 brought is unknown; what came later is known."""
    for hours, sha in enumerate(["c2", "h1", "c8", "c9"]):
        shop.deploy(sha, hours)
    shop.home.graph.collect("h1")
    assert shop.load()[1:] == [
        Brought("production", "h1", "c2", (), "part"),
        Brought("production", "c8", "h1", (), "part"),
        Brought("production", "c9", "c8", ("c9",)),
    ]


def test_the_walk_sets_out_before_the_ledger_begins(shop):
    """What was there at its beginning is known, if it came in the month before; of that itself nothing is told."""
    shop.deploy("c0", -31 * 24)
    shop.deploy("c1", -29 * 24)
    shop.deploy("c3", 1)
    assert shop.load() == [Brought("production", "c3", "c1", commits(2, 3))]


# What is told


def test_a_deployment_that_fails_and_then_succeeds_ends_twice_and_what_is_inactive_had_its_end(shop):
    one = shop.deploy("c1", 1, state="FAILURE")
    end(shop.world, one, "IN_PROGRESS", START + 2 * HOUR)
    end(shop.world, one, "SUCCESS", START + 3 * HOUR)
    end(shop.world, one, "SUCCESS", START + 3 * HOUR + 1)
    shop.deploy("c2", 4, "preview", state="ERROR")
    shop.deploy("c3", 5)

    async def act(playing):
        await playing.load()
        return [(each.environment, each.sha, each.outcome, (each.at - START) / HOUR) for each in shop.ends(playing)]

    assert shop.forge.play(act) == [
        ("production", "c1", "failure", 1),
        ("production", "c1", "success", 3),
        ("preview", "c2", "error", 4),
        ("production", "c3", "success", 5),
    ]


def test_a_success_tells_when_the_one_before_it_ended_and_the_first_failure_since(shop):
    """Hours 1, 2 (failed), 3 (failed), 5 and 6; another environment's failure at 4 is none of production's."""
    shop.deploy("c1", 1)
    shop.deploy("c2", 2, state="FAILURE")
    shop.deploy("c3", 3, state="ERROR")
    shop.deploy("c3", 4, "staging", state="FAILURE")
    shop.deploy("c3", 5)
    shop.deploy("c4", 6)

    async def act(playing):
        await playing.load()
        told = [event for _, event in shop.facts(playing) if isinstance(event, Contained)]
        return [
            tuple((at - START) / HOUR if at else None for at in (each.at, each.since, each.failed)) for each in told
        ]

    assert shop.forge.play(act) == [(1, None, None), (5, 1, 2), (6, 5, None)]


def test_a_deployment_that_ends_long_after_it_began_is_found_though_newer_ones_are_there(shop):
    """It waits for an approval while two others come, so it is not the newest, whose state tells of news."""
    shop.deploy("c1", 0, "staging")

    async def act(playing):
        await playing.load()
        waits = deploy(shop.world, shop.home, "c4", "staging", state=None)
        await polls(playing)
        deploy(shop.world, shop.home, "c2", "production")
        await polls(playing, 8)
        playing.double.reset()
        await playing.poll(lambda: NEVER_DUE, after=5 * MINUTE)
        assert playing.asked().count("Deployments") == 1
        assert playing.asked().count("Deployed") == 0
        end(shop.world, waits)
        ended = shop.world.now
        await polls(playing)
        assert row(playing).watermark >= ended
        assert playing.store.get(f"unfinished:{row(playing).id}") == "[]"
        return shop.brought(playing)

    assert shop.forge.play(act)[-1] == Brought("staging", "c4", "c1", commits(2, 4))


def test_what_waits_is_remembered_over_a_restart_and_given_up_after_a_month(shop):
    async def before(playing):
        await playing.load()
        waits = deploy(shop.world, shop.home, "c4", "production", state=None)
        await polls(playing)
        deploy(shop.world, shop.home, "c2", "preview")
        await polls(playing)
        return waits

    waits = shop.forge.play(before)
    for n in range(60):  # so many that the first is on no first page any more
        deploy(shop.world, shop.home, "c3", f"preview-{n}")

    async def after(playing):
        shop.world.now += DAY
        await polls(playing)
        assert waits.id in playing.store.get(f"unfinished:{row(playing).id}")
        end(shop.world, waits)
        await polls(playing)
        assert [each.sha for each in shop.ends(playing) if each.environment == "production"] == ["c4"]
        deploy(shop.world, shop.home, "c5", "production", state=None)
        await polls(playing)
        assert playing.store.get(f"unfinished:{row(playing).id}") != "[]"
        shop.world.now += 31 * DAY
        await polls(playing)
        assert playing.store.get(f"unfinished:{row(playing).id}") == "[]"

    shop.forge.play(after)


# How code reaches production


def ways(shop) -> tuple[str | None, set[tuple[str, str, bool]], list[str]]:
    """How code reaches production, what is told (where, name, whether it counts), and what was walked."""

    async def act(playing):
        await playing.load()
        told = {(each.environment, each.named, each.counts) for each in shop.ends(playing)}
        return playing.store.get(f"production:{row(playing).id}"), told, [each.to for each in shop.brought(playing)]

    return shop.forge.play(act)


def test_deployments_to_production_come_before_releases_which_are_told_of_all_the_same(shop):
    shop.deploy("c1", 1)
    release(shop.world, shop.home, "v1.0.0", "c1", START + 2 * HOUR)
    tag(shop.world, shop.home, "v1.0.0", "c1")
    assert ways(shop) == (
        "deployments",
        {("production", "", True), ("release", "v1.0.0", False)},
        ["production"],
    )


def test_releases_are_production_where_nothing_is_deployed_there(shop):
    """Staging does not make a repository deployed, but it is walked; drafts and pre-releases are for nobody."""
    shop.deploy("c1", 1, "staging")
    release(shop.world, shop.home, "v1.0.0", "c1", START + 2 * HOUR)
    release(shop.world, shop.home, "v1.1.0", "c4", START + 3 * HOUR)
    release(shop.world, shop.home, "v2.0.0-rc1", "c5", START + 4 * HOUR, prerelease=True)
    release(shop.world, shop.home, "v2.0.0", "c6", START + 5 * HOUR, published=None)
    tag(shop.world, shop.home, "v0.9.0", "c1")
    assert ways(shop) == (
        "releases",
        {("staging", "", True), ("release", "v1.0.0", True), ("release", "v1.1.0", True)},
        ["staging", "v1.0.0", "v1.1.0"],
    )


def test_tags_are_production_where_nothing_is_released(shop):
    """A tag with a message is dated by it, one without by its commit; others than whole versions are no releases."""
    tag(shop.world, shop.home, "v1.0.0", "c1")
    tag(shop.world, shop.home, "1.1.0", "c4", START + 10 * HOUR)
    tag(shop.world, shop.home, "v2.0.0-rc1", "c5")
    tag(shop.world, shop.home, "nightly", "c6")

    async def act(playing):
        await playing.load()
        return [((each.at - START) / HOUR, each.named, each.sha) for each in shop.ends(playing)]

    assert ways(shop) == ("tags", {("release", "v1.0.0", True), ("release", "1.1.0", True)}, ["v1.0.0", "1.1.0"])
    assert shop.forge.play(act) == [(1, "v1.0.0", "c1"), (10, "1.1.0", "c4")]


def test_a_configured_way_is_taken_whatever_there_is(double, tmp_path):
    shop = Shop(double, tmp_path, production="releases")
    shop.deploy("c1", 1)
    release(shop.world, shop.home, "v1.0.0", "c1", START + 2 * HOUR)
    assert ways(shop) == ("releases", {("production", "", False), ("release", "v1.0.0", True)}, ["v1.0.0"])


def test_what_was_settled_stays_and_what_was_not_is_settled_by_the_first_thing_there_is(shop):
    """Nothing at first, then a release; deployments that come later do not count."""
    assert ways(shop) == (None, set(), [])

    async def act(playing):
        await polls(playing)
        release(shop.world, shop.home, "v1.0.0", "c1")
        await polls(playing)
        deploy(shop.world, shop.home, "c2", "production")
        await polls(playing)
        return playing.store.get(f"production:{row(playing).id}")

    assert shop.forge.play(act) == "releases"
    assert ways(shop) == ("releases", {("release", "v1.0.0", True), ("production", "", False)}, ["v1.0.0"])


# What it costs


def test_a_load_asks_once_for_a_hundred_deployments_and_never_where_there_is_nothing(shop):
    """Of three repositories one has 120 deployments: a page of 50, one of 100, its releases; one question for all."""
    for name in ("acme/empty", "acme/quiet"):
        shop.world.add_repository(name)
    for n in range(120):
        shop.deploy("c1", 1 + n, took=30)
    shop.load()
    asked = [one.operation for one in shop.double.requests if one.operation not in ("Owner", "Search")]
    assert asked.count("Stirred") == 1
    assert asked.count("Deployed") == 3
    assert len(asked) == 4, "the same commit every hour needs no comparison"


def test_an_idle_repository_costs_a_share_of_one_question_and_a_deployment_one_and_a_comparison(shop):
    shop.deploy("c1", 1)

    async def act(playing):
        await playing.load()
        await polls(playing, 4)
        playing.double.reset()
        await polls(playing, 4)
        assert [name for name in playing.asked() if name != "Search"] == ["Stirred"] * 4
        deploy(shop.world, shop.home, "c4", "production")
        deployed = shop.world.now
        playing.double.reset()
        await polls(playing, 4)
        paths = [one.operation or one.path for one in playing.double.requests if one.operation != "Search"]
        assert paths.count("Deployed") == 1
        assert paths.count("/repos/acme/shop/compare/c1...c4") == 1
        assert row(playing).watermark >= deployed
        return shop.brought(playing)

    assert shop.forge.play(act)[-1] == Brought("production", "c4", "c1", commits(2, 4))


def test_what_it_brought_is_stored_before_the_watermark_passes_a_deployment(shop):
    shop.deploy("c1", 1)

    async def act(playing):
        await playing.load()
        for n in range(2, 8):
            deploy(shop.world, shop.home, f"c{n}", "production")
            for _ in range(3):
                await playing.poll(lambda: NEVER_DUE, after=100)
                passed = {each.at for each in shop.ends(playing) if each.at <= row(playing).watermark}
                known = {event.at for _, event in shop.facts(playing) if isinstance(event, Contained)}
                assert passed <= known

    shop.forge.play(act)


def test_what_ends_while_a_poll_is_on_its_way_is_walked_in_its_order(shop):
    """c4 ends when its end was asked for already, and c6 after it, before the list is asked for, which shows c6."""
    shop.deploy("c1", 0)

    async def act(playing):
        await playing.load()
        waits = deploy(shop.world, shop.home, "c4", "production", state=None)
        for n in range(60):  # the list's first page does not reach back to it
            deploy(shop.world, shop.home, "c1", f"preview-{n}", at=shop.world.now + n)
        await polls(playing)
        moment = shop.world.now + 5 * MINUTE

        def meanwhile(asked):
            if asked.operation == "Deployed" and shop.world.now >= moment and waits.statuses[-1][0] == "IN_PROGRESS":
                end(shop.world, waits, at=shop.world.now)
                deploy(shop.world, shop.home, "c6", "production", at=shop.world.now + 1, took=0)

        shop.double.on_request(meanwhile)
        deploy(shop.world, shop.home, "c1", "preview", at=moment)
        await polls(playing, 4)
        return shop.brought(playing)

    assert shop.forge.play(act)[1:] == [
        Brought("production", "c4", "c1", commits(2, 4)),
        Brought("production", "c6", "c4", commits(5, 6)),
    ]


# Trouble


def test_a_lacking_permission_holds_the_stream_and_says_what_it_is(shop):
    shop.deploy("c1", 1)
    shop.double.deny("deployments")

    async def act(playing):
        await playing.poll(lambda: NEVER_DUE)
        assert (row(playing).state, row(playing).reason) == ("failing", "refused")
        assert "deployments" in playing.health.last_error["forge"].message
        assert playing.rows()["acme/shop"].state == "ok", "the changes know nothing of it"
        shop.double.deny()
        for _ in range(5):
            await playing.poll(lambda: NEVER_DUE, after=5 * MINUTE)
        return row(playing).state

    assert shop.forge.play(act) == "ok"


def test_without_contents_nothing_can_be_compared(shop):
    shop.deploy("c1", 1)
    shop.deploy("c2", 2)
    shop.double.fail("forbidden", None, lambda asked: "compare" in asked.path)

    async def act(playing):
        await playing.poll(lambda: NEVER_DUE)
        assert (row(playing).state, row(playing).reason, row(playing).watermark) == ("failing", "refused", None)
        assert "contents" in playing.health.last_error["forge"].message

    shop.forge.play(act)


@pytest.mark.parametrize(
    ("fault", "how"), [("status", {}), ("truncated", {}), ("reset", {}), ("html", {}), ("secondary", {"after": 1})]
)
def test_a_fault_costs_time_and_no_fact(shop, fault, how):
    for hours, sha in enumerate(["c1", "c4", "c9"]):
        shop.deploy(sha, hours)
    shop.double.fail(fault, 2, lambda asked: "compare" in asked.path, **how)
    shop.double.fail(fault, 2, "Deployed", **how)
    assert [each.shas for each in shop.load()] == [(), commits(2, 4), commits(5, 9)]


def test_a_comparison_that_the_server_never_finishes_is_given_up_after_a_day(shop):
    """c4 cannot be had; until then the watermark waits, afterwards the rest is known."""
    shop.deploy("c1", 0)

    async def act(playing):
        await playing.load()
        shop.double.fail("status", None, lambda asked: "c1...c4" in asked.path)
        deploy(shop.world, shop.home, "c4", "production")
        deployed = shop.world.now
        deploy(shop.world, shop.home, "c6", "production", at=deployed + MINUTE)
        for _ in range(20):
            await polls(playing)
        assert (row(playing).state, row(playing).watermark < deployed) == ("failing", True)
        shop.world.now += DAY
        for _ in range(5):
            await polls(playing)
        assert (row(playing).state, row(playing).watermark > deployed) == ("ok", True)
        return shop.brought(playing)[1:]

    assert shop.forge.play(act) == [
        Brought("production", "c4", "c1", (), "part"),
        Brought("production", "c6", "c4", commits(5, 6)),
    ]


# However it is read, it is the same


class Planned(NamedTuple):
    """A deployment to happen: when it is asked for, how long it takes, of what, where to and how it ends (hours)."""

    begins: float
    takes: float
    commit: str
    environment: str
    state: str


PLANNED = st.builds(
    Planned,
    st.integers(1, 200).map(float),
    st.sampled_from([0.02, 0.02, 0.5, 30.0]),
    st.sampled_from(["c0", "c3", "c5", "c9", "c14", "h1", "h2"]),
    st.sampled_from(["production", "production", "staging", "preview"]),
    st.sampled_from(["SUCCESS", "SUCCESS", "FAILURE"]),
)


def moments(planned: list[Planned]) -> list[tuple[float, str, int]]:
    """Beginnings and ends in their order."""
    begins = [(each.begins, "begin", n) for n, each in enumerate(planned)]
    ends = [(each.begins + each.takes, "end", n) for n, each in enumerate(planned)]
    return sorted(begins + ends)


class Life:
    """Deployments that happen as planned, up to a moment."""

    def __init__(self, shop: Shop, planned: list[Planned]) -> None:
        self.shop = shop
        self.planned = planned
        self.left = moments(planned)
        self.known = {}

    def until(self, hours: float) -> None:
        world, home = self.shop.world, self.shop.home
        while self.left and self.left[0][0] <= hours:
            at, what, n = self.left.pop(0)
            one, second = self.planned[n], START + round(at * HOUR)
            if what == "begin":
                self.known[n] = deploy(world, home, one.commit, one.environment, at=second, took=0, state=None)
            else:
                end(world, self.known[n], one.state, second)
        world.now = max(world.now, START + round(hours * HOUR))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(PLANNED, min_size=1, max_size=12, unique_by=lambda each: each.begins),
    st.lists(st.integers(1, 239), max_size=6),
    st.integers(1, 3),
)
def test_history_in_bites_with_kills_is_as_in_one_go_and_as_polled_while_it_happened(
    tmp_path_factory, planned, at, bite
):
    async def whole(playing):
        await playing.load()
        await polls(playing)
        return shop.facts(playing)

    def fresh() -> World:
        made = world()
        made.now = START
        return made

    with serve(fresh(), fast=True, clock="world") as double:
        shop = Shop(double, tmp_path_factory.mktemp("whole"), production="deployments")
        Life(shop, planned).until(240)
        expected = shop.forge.play(whole)

        shop.forge.folder = tmp_path_factory.mktemp("bites")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asking, "BITE", bite)
            for _ in range(4):
                shop.forge.play(Playing.poll)  # a life of one pass
            assert shop.forge.play(whole) == expected

    with serve(fresh(), fast=True, clock="world") as double:
        shop = Shop(double, tmp_path_factory.mktemp("live"), production="deployments")
        life = Life(shop, planned)

        async def live(playing):
            await playing.load()
            for hours in sorted({*at, 240}):
                life.until(hours)
                await polls(playing, 1)
            return await whole(playing)

        assert shop.forge.play(live) == expected
