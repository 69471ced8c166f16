"""What the exporter asks of GitHub, counted by the double, which charges points by GitHub's documented formula."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter import wiring
from exporter.model import Thing
from exporter.plan import Plan, plan
from tests.busy import HOUR, Parts, Poll, Work, at_work, configuration, played, read, unknown
from tests.double import Double, World, made_world, serve
from tests.double.delivering import deploy
from tests.system.processes import COMMAND, environment

pytestmark = pytest.mark.system

MONTH = 50_000
"""Changes of the big organisation in a month."""
CHANGES, DAYS = 12_500, 8
"""What its first load reads: a quarter of a month."""
FRESH, COUNTED = 60, 7 * 60
"""Seconds after which the state is known, and counters are counted (definitions 23)."""
HISTORY = "2025-01-01"
"""Before the first change of any made world."""


@contextmanager
def served(world: World) -> Iterator[Double]:
    """A world on the double, whose limits are kept by the world's clock."""
    with serve(world, fast=True, clock="world") as double:
        yield double


class Big(NamedTuple):
    """1,000 repositories with 12,500 changes, loaded once by the real command, and what that took."""

    double: Double
    folder: Path
    planned: Plan
    asked: list[str]
    points: int
    packs: list[int]
    series: int


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Big]:
    """The big organisation, its whole history in a store."""
    folder = tmp_path_factory.mktemp("big")
    world = made_world(1000, CHANGES, days=DAYS)
    with served(world) as double:
        path = configuration(folder, double, ["acme/*"], HISTORY)
        planned = planned_for(path, world.now)
        double.reset()
        out = folder / "metrics.txt"
        command = [*COMMAND, "once", "-c", path, "-o", out]
        subprocess.run(command, check=True, timeout=600, env=environment(), capture_output=True)
        asked = [each.operation for each in double.requests]
        packs = [len(each.variables["ids"]) for each in double.requests if each.operation == "Files"]
        points, series = double.points(), lines(out.read_text())
        double.reset()
        yield Big(double, folder, planned, asked, points, packs, series)


def planned_for(path: Path, now: int) -> Plan:
    """What ``plan`` says of a configuration."""
    config = read(path)
    return asyncio.run(plan(config, config.sources[0], now))


def lines(text: str) -> int:
    """The series of an exposition."""
    return sum(bool(line) and not line.startswith("#") for line in text.splitlines())


def exposed(parts: Parts, now: int) -> int:
    """The series of everything a store holds."""
    kept = wiring.books(parts.store, parts.config, until=now)
    kept.publish_organisation()
    starts = {parts.source.name: parts.source.reader.ledger_start}
    return lines(wiring.snapshot(kept, parts.health, parts.config, starts).build(float(now)).text.decode())


def near(estimate: int, truth: int) -> bool:
    """Whether an estimate is within 20 % of the truth."""
    return abs(estimate - truth) <= 0.2 * truth


# 100 idle repositories


def refreshes(folder: Path, world: World, include: list[str]) -> list[tuple[int, int]]:
    """Requests and points of a plain refresh, of one with the long overlap, and of one that looks for repositories."""

    async def run(double: Double, path: Path) -> list[tuple[int, int]]:
        async with at_work(double, read(path)) as parts:
            await parts.source.poll(lambda: False)
            assert len(await asyncio.to_thread(parts.store.repositories)) == 100
            assert not await parts.source.loading()
            spent = []
            for rest in (60, 300, HOUR):
                world.now += DAYS_OF_REST if not spent else rest
                await parts.source.poll(lambda: False)
                double.reset()
                world.now += rest
                assert await parts.source.poll(lambda: False) == "success"
                spent.append((double.count(), double.points()))
            return spent

    with served(world) as double:
        return asyncio.run(run(double, configuration(folder, double, include, HISTORY)))


DAYS_OF_REST = 2 * 86_400


def test_a_refresh_of_a_hundred_idle_repositories_of_one_owner_takes_three_requests_at_most(tmp_path: Path) -> None:
    """One search asks about all of them."""
    spent = refreshes(tmp_path, made_world(100, 300), ["acme/*"])
    assert all(requests <= 3 and points <= 3 for requests, points in spent), spent
    assert spent[0] == (1, 1)


def test_a_refresh_of_a_hundred_idle_repositories_of_as_many_owners_takes_three_requests_at_most(
    tmp_path: Path,
) -> None:
    """Five searches of twenty names each are counted in one query, and those that find nothing are not asked."""
    world = made_world(100, 300)
    names = [f"owner{number}/service" for number in range(100)]
    for repository, name in zip(list(world.repositories.values()), names, strict=True):
        world.rename(repository, name)
    spent = refreshes(tmp_path, world, names)
    assert all(requests <= 3 and points <= 3 for requests, points in spent), spent
    assert spent[0] == (1, 1)


def test_deliveries_of_a_hundred_idle_repositories_cost_one_request_and_plan_foresees_their_load(
    tmp_path: Path,
) -> None:
    """Ten of them were deployed twice: one question for all, a list and its releases in each, and a comparison."""
    world = made_world(100, 300)
    for home in list(world.repositories.values())[:10]:
        commits = home.graph.line("", 2, at=world.now - 7200)
        for n, sha in enumerate(commits):
            deploy(world, home, sha, at=world.now - 3600 + n)

    async def run(double: Double, path: Path) -> tuple[int, list[str]]:
        async with at_work(double, read(path)) as parts:
            await parts.source.poll(lambda: False)
            load = double.count()
            assert not await parts.source.loading()
            world.now += DAYS_OF_REST
            for _ in range(2):
                world.now += 300
                double.reset()
                assert await parts.source.poll(lambda: False) == "success"
            return load, [one.operation for one in double.requests]

    with served(world) as double:
        path = configuration(tmp_path, double, ["acme/*"], HISTORY, ["deployments"])
        planned = planned_for(path, world.now)
        double.reset()
        load, idle = asyncio.run(run(double, path))
        assert sum("compare" in one.path for one in double.requests) == 0
    assert sorted(idle) == ["Search", "Stirred"]
    assert near(planned.load_requests, load - 10), "comparisons come on top"


def test_findings_of_a_hundred_idle_repositories_cost_one_request_that_has_not_changed(tmp_path: Path) -> None:
    """250 alerts are three pages and 250 places at first; then a list that has not changed, and for ten new alerts one
    that has, with ten places.
    """
    world = made_world(100, 300)
    homes = list(world.repositories.values())
    for n in range(250):
        world.scanning.found(homes[n % 100], sha=f"{n:040x}", at=world.now - 86_400 + n)

    async def run(double: Double, path: Path) -> list[list[tuple[str, int]]]:
        asked = []
        async with at_work(double, read(path)) as parts:
            for rest, new in ((0, 0), (DAYS_OF_REST, 0), (300, 0), (300, 10)):
                world.now += rest
                for n in range(new):
                    world.scanning.found(homes[n], sha=f"{1000 + n:040x}", at=world.now - 60)
                double.reset()
                assert await parts.source.poll(lambda: False) == "success"
                rest_api = [one for one in double.requests if one.path != "/graphql"]
                asked.append([(one.path.rpartition("/")[2], one.status) for one in rest_api])
        return asked

    with served(world) as double:
        path = configuration(tmp_path, double, ["acme/*"], HISTORY, ["findings"])
        load, _, idle, busy = asyncio.run(run(double, path))
    assert load == [("alerts", 200)] * 3 + [("instances", 200)] * 250
    assert idle == [("alerts", 304)]
    assert busy == [("alerts", 200)] + [("instances", 200)] * 10


# A first load


def test_a_first_load_takes_a_request_and_a_point_for_forty_changes_at_most(big: Big) -> None:
    """12,500 changes, discovery and files: at most 312 of each."""
    assert len(big.asked) <= CHANGES // 40
    assert big.points <= CHANGES // 40
    assert set(big.asked) == {"Owner", "Search", "Files"}


def test_files_are_asked_for_a_hundred_changes_at_a_time(big: Big) -> None:
    """No request is about one change; only the last packs may be smaller."""
    assert sum(size < 100 for size in big.packs) <= 2


# A working hour


class Hour(NamedTuple):
    """An hour as it went: polls, requests, points, and what was still unknown after the poll that began later."""

    polls: list[Poll]
    requests: int
    points: int
    moved: int
    late: list[tuple[int, str]]


async def hour_of(parts: Parts, double: Double, arrivals: float) -> Hour:
    """A working hour, half an hour after the last look for repositories, so that one falls into it."""
    double.world.now += HOUR // 2
    read_here = frozenset(row.key for row in parts.store.repositories())
    work, late = Work(double.world, read_here, arrivals), []

    def check(poll: Poll) -> None:
        late.extend(unknown(parts, work, poll.began - FRESH, poll))

    double.reset()
    polls = await played(double, parts, work, after=check)
    return Hour(polls, double.count(), double.points(), len({(pull, at // 60) for at, pull, _ in work.happened}), late)


@pytest.fixture(scope="module")
def busy(big: Big) -> Hour:
    """A working hour of the big organisation: a 160th of its month."""

    async def run() -> Hour:
        async with at_work(big.double, read(big.folder / "config.yaml")) as parts:
            await parts.source.poll(lambda: False)
            return await hour_of(parts, big.double, MONTH / 160)

    return asyncio.run(run())


def test_a_thousand_repositories_with_fifty_thousand_changes_a_month_cost_a_hundred_and_fifty_points_an_hour_at_most(
    busy: Hour,
) -> None:
    """312 changes opened and about 1,900 refreshed in an hour; discovery and files included."""
    assert busy.moved > 1800
    assert busy.requests <= 150
    assert busy.points <= 150


def test_what_happened_is_known_after_the_next_poll_a_minute_later(busy: Hour) -> None:
    """Polls begin sixty seconds apart and leave out nothing that happened before they began, though pages move."""
    assert all(later.began - earlier.began <= FRESH for earlier, later in zip(busy.polls, busy.polls[1:], strict=False))
    assert busy.late == []


def test_counters_are_seven_minutes_behind_at_most(busy: Hour) -> None:
    """Just before a poll ends its watermark is still the one before; that is when it is oldest."""
    behind = [later.ended - earlier.watermark for earlier, later in zip(busy.polls, busy.polls[1:], strict=False)]
    assert max(behind) <= COUNTED


# The plan


def opened_in_a_month(parts: Parts, world: World) -> int:
    """Changes of the last thirty days in the repositories that are read."""
    taken = {row.key for row in parts.store.repositories()}
    month = (pull for pull in world.pulls.values() if pull.created >= world.now - 30 * 86_400)
    return sum(pull.repository.id in taken for pull in month)


def test_plan_foresees_the_load_of_the_big_organisation(big: Big) -> None:
    """Requests within a fifth; the series are a bound, and not twice as many as there are."""
    assert near(big.planned.load_requests, len(big.asked))
    assert big.series <= big.planned.series <= 2 * big.series


def small() -> tuple[World, list[str]]:
    """Twenty repositories with 600 changes a month."""
    return made_world(20, 600, seed=2), ["acme/*"]


def several_owners() -> tuple[World, list[str]]:
    """Three owners with 60 repositories each, one of which only a few are read, and 4,000 changes in two months."""
    world = made_world(180, 4000, days=60, seed=3)
    for number, repository in enumerate(list(world.repositories.values())):
        world.rename(repository, f"org{number % 3}/service-{number}")
    return world, ["org0/*", "org1/*", "org2/service-2", "org2/service-5", "org2/service-8"]


def sleepy() -> tuple[World, list[str]]:
    """Two hundred repositories with few changes, most of them long ago."""
    return made_world(200, 1000, days=150, seed=4), ["acme/*"]


@pytest.mark.parametrize("organisation", [small, several_owners, sleepy])
def test_plan_foresees_other_organisations(organisation, tmp_path: Path) -> None:
    """Requests of the first load and of a working hour within a fifth; the series as a bound below twice the truth."""
    world, include = organisation()

    async def run(double: Double, path: Path) -> tuple[int, int, Hour]:
        async with at_work(double, read(path)) as parts:
            await parts.source.poll(lambda: False)
            load = double.count()
            assert not await parts.source.loading()
            series = exposed(parts, world.now - 300)
            return load, series, await hour_of(parts, double, opened_in_a_month(parts, world) / 160)

    with served(world) as double:
        path = configuration(tmp_path, double, include, HISTORY)
        planned = planned_for(path, world.now)
        assert double.count() <= 4 + planned.repositories / 50, "the plan itself is cheap"
        double.reset()
        load, series, hour = asyncio.run(run(double, path))
    assert near(planned.load_requests, load), (planned, load)
    assert near(planned.hourly_requests, hour.requests), (planned, hour.requests)
    assert series <= planned.series <= 2 * series, (planned, series)
    assert hour.late == []


# Workflow runs


RUNS = {"Stirred", "Suites", "MoreJobs"}


def about_runs(double: Double) -> int:
    """Requests that were made for workflow runs."""
    return sum(each.operation in RUNS or each.path.startswith("/repos/") for each in double.requests)


def test_runs_of_a_busy_organisation_are_read_within_what_plan_says(tmp_path: Path) -> None:
    """50 repositories with 3,000 changes a month, each push and merge of which begins a run; the plan is a bound."""
    world = made_world(50, 3000, seed=6)

    async def run(double: Double, path: Path) -> tuple[int, list[str], int]:
        async with at_work(double, read(path)) as parts:
            await parts.source.poll(lambda: False)
            assert not await parts.source.loading()
            await parts.source.poll(lambda: False)
            work = Work(world, frozenset(world.repositories), 3000 / 160, ci=True)
            double.reset()
            await played(double, parts, work)
            taken = about_runs(double)
            for _ in range(4):  # what began late in the hour ends, and is read
                work.until(world.now + 300)
                await parts.source.poll(lambda: False)
            known = {
                event.id
                for row in parts.store.repositories()
                for subject in parts.store.subjects(row.id, open_only=False, thing=Thing.RUN)
                for event in parts.store.events([subject.id]).get(subject.id, [])
            }
            return taken, [run_id for run_id in work.runs if f"ran:{run_id}:1" not in known], len(work.runs)

    with served(world) as double:
        path = configuration(tmp_path, double, ["acme/*"], HISTORY, ["runs"])
        planned = planned_for(path, world.now)
        taken, missing, runs = asyncio.run(run(double, path))
    assert missing == []
    assert runs > 50
    assert taken <= planned.run_requests <= 1.7 * taken, (planned.run_requests, taken)
