"""kill -9 at any instant costs time and never a fact: what was interrupted ends as what was not."""

import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.double import Double, made_world, serve
from tests.double.world import World
from tests.system.processes import apart_from_own, command, configuration, running, start, until

KILLS = 20
SEED = 7
MINUTE, HOUR, DAY = 60, 3600, 86_400
SOURCE = "include: [acme/*], history: 2025-05-10"

pytestmark = pytest.mark.system


def folder_of(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def shown(path: Path, at: int) -> list[str]:
    """``once --at`` on a configuration's store."""
    done = command("once", "-c", path, "--at", moment(at))
    assert done.returncode == 0, done.stderr
    return apart_from_own(done.stdout)


def ledger(path: Path) -> set[tuple[object, ...]]:
    """Every observation of a store, without the store's own numbers."""
    db = sqlite3.connect(path.parent / "state.db")
    rows = db.execute(
        "SELECT name, subject.number, metric.text, cause, part, at, labels.text, value FROM ledger"
        " JOIN subject ON subject.id = ledger.subject JOIN repository ON repository.id = ledger.repository"
        " JOIN word metric ON metric.id = ledger.metric JOIN word labels ON labels.id = ledger.labels"
    ).fetchall()
    db.close()
    assert len(rows) == len(set(rows)) > 0
    return set(rows)


def instants(double: Double) -> Iterator[tuple[str, Callable[[Path], bool], float]]:
    """When to kill: so many seconds after a run opens its store, or after its first request."""
    chance = random.Random(SEED)
    while True:
        if chance.random() < 0.25:
            yield "opening the store", lambda lock: lock.exists(), chance.uniform(0, 0.1)
        else:
            yield "a request", _asked_since(double), chance.uniform(0, 1.2)


def _asked_since(double: Double) -> Callable[[Path], bool]:
    before = double.count()
    return lambda _: double.count() > before


def killed(path: Path, at: int, begun: Callable[[Path], bool], after: float) -> bool:
    """Starts a load and kills it; False when it was done before."""
    lock = path.parent / "state.db.lock"
    lock.unlink(missing_ok=True)
    with (path.parent / "log.txt").open("a") as stream:
        process = start(stream, "once", "-c", path, "--at", moment(at), "-o", path.parent / "out.txt")
        until(lambda: begun(lock) or process.poll() is not None, "a load begins")
        try:
            code = process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
    assert code == 0, (path.parent / "log.txt").read_text()
    return False


def test_a_load_killed_at_twenty_random_instants_ends_as_an_undisturbed_one(tmp_path):
    """40 repositories, 1,500 changes; a load that ends before it is killed is compared, and a new one is begun."""
    world = made_world(40, 1500, seed=3)
    at = world.now - HOUR
    with serve(world, fast=True, clock="world") as double:
        calm = configuration(folder_of(tmp_path, "calm"), double.url, source=SOURCE)
        expected = shown(calm, at), ledger(calm)
        assert len(expected[1]) > 10_000
        double.fail("slow", times=None, seconds=0.03)
        kills, rounds, when = 0, 0, instants(double)
        while kills < KILLS:
            rounds += 1
            path = configuration(folder_of(tmp_path, f"round-{rounds}"), double.url, source=SOURCE)
            while kills < KILLS:
                word, begun, after = next(when)
                if not killed(path, at, begun, after):
                    break
                kills += 1
                print(f"kill {kills} in round {rounds}: {after:.3f} s after {word}")
            assert (shown(path, at), ledger(path)) == expected
        assert double.count("Search") > KILLS


def live(world: World, number: int) -> None:
    """Ten minutes in which a change is opened, one that waits is reviewed, and one that was reviewed is merged."""
    home = next(iter(world.repositories.values()))
    world.open(home, f"dev{number}", draft=number % 3 == 0)
    waiting = [pull for pull in home.pulls.values() if pull.state == "open" and not pull.reviews()]
    world.review(waiting[0], "reviewer", "APPROVED" if number % 2 else "CHANGES_REQUESTED")
    seen = [pull for pull in home.pulls.values() if pull.state == "open" and pull.reviews()]
    world.merge(seen[0])
    world.now += 10 * MINUTE


def test_a_server_killed_twice_while_it_polls_ends_as_one_that_was_not(tmp_path):
    """Each restart finds changes that happened since, and is killed among the requests that ask for them."""
    chance = random.Random(SEED)
    world = made_world(5, 200, seed=4)
    with serve(world, fast=True, clock="world") as double:
        path = configuration(folder_of(tmp_path, "killed"), double.url, source=SOURCE)
        with running(path.parent, "run", "-c", path) as here:
            here.loaded()
            here.kill()
        double.fail("slow", times=None, seconds=0.1)
        double.on_request(lambda asked: live(world, asked.n) if asked.operation == "Search" else None)
        for _ in range(2):
            before, after = double.count("Search"), chance.uniform(0, 0.3)
            with running(path.parent, "run", "-c", path) as here:
                until(lambda before=before: double.count("Search") > before, "a poll")
                time.sleep(after)
                here.kill()
            print(f"killed {after:.3f} s after a poll's first answer")
        double.hooks.clear()
        double.heal()
        assert len(world.pulls) > 200
        world.now += HOUR
        at = world.now - 10 * MINUTE
        calm = configuration(folder_of(tmp_path, "calm"), double.url, source=SOURCE)
        assert shown(path, at) == shown(calm, at)
        assert ledger(path) == ledger(calm)
