"""How fast answers become stored facts, and how little of the waiting for GitHub our own work adds to.

    python benchmarks/ingest.py [--quick]

Pages of a hundred changes as GitHub sends them go through the provider's reading and into the store. Beside it runs the
floor: the same bytes through the standard library's json, a few fields of each change into one SQLite row, no facts.
Then the client asks a server that answers each page after 150 ms. Figures are medians of CPU time, and not enforced.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporter import wiring
from exporter.model import Repository
from exporter.providers.base import Response
from exporter.providers.github import queries
from exporter.providers.github.listing import Window
from exporter.providers.github.provider import GitHub
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import TokenVariable
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.runtime.limits import Limits
from exporter.runtime.reading import Reader
from exporter.runtime.transport import Transport
from exporter.store.sqlite import SqliteStore
from tests.busy import configuration, read
from tests.double import World, load_real, made_world, real_data, serve
from tests.double.execution import Documents
from tests.double.view import View

LATENCY = 0.15
CEILING = 3333
"""Changes a second that GitHub hands out at the most: 2,000 requests a minute of a hundred each."""
GITHUB = GitHub("/graphql")


def world_of(quick: bool) -> tuple[World, str]:
    folder = real_data()
    if folder is not None and not quick:
        return load_real(folder), "real pull requests"
    return made_world(200, 1000 if quick else 4100), "made changes"


def pages(world: World) -> list[bytes]:
    """All changes of a world as answers to the search, a hundred in each."""
    view, documents, found = View(world, None, lambda: None), Documents(), []
    for start in range(0, len(world.pulls), 100):
        part = list(world.pulls.values())[start : start + 100]
        view.root["search"] = lambda _info, part=part, **_: {
            "issueCount": len(part),
            "pageInfo": {"hasNextPage": False, "endCursor": None},
            "nodes": [view.pull(each) for each in part],
        }
        variables = {"q": "", "first": 100, "after": None, "types": list(GITHUB.types)}
        data, errors = documents.quickly(queries.SEARCH, view.root, variables)
        assert not errors
        found.append(json.dumps({"data": data}).encode())
    return found


def rate(work: Callable[[bytes], object], bodies: list[bytes]) -> float:
    """Changes a second of CPU time, by the median page."""
    spent = []
    for body in bodies:
        before = time.process_time()
        work(body)
        spent.append(time.process_time() - before)
    return 100 / statistics.median(spent)


def store_for(world: World, folder: Path) -> SqliteStore:
    store = SqliteStore(folder / "state.db")
    store.discover("bench", [Repository(each.id, each.name) for each in world.repositories.values()])
    return store


def decode(body: bytes):
    return GITHUB.held(Window("", 0, 1)).read(Response(200, {}, body)).told


class Floor:
    """What cannot be left out in Python: json, the times of each change, one row."""

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("CREATE TABLE pr (id TEXT PRIMARY KEY, repo, number, opened, merged, closed, reviewed, login)")

    def __call__(self, body: bytes) -> None:
        """One page."""
        rows = []
        for each in json.loads(body)["data"]["search"]["nodes"]:
            items = each["timelineItems"]["nodes"]
            reviews = [moment(item["submittedAt"]) for item in items if item["__typename"] == "PullRequestReview"]
            rows.append(
                (
                    each["id"],
                    each["repository"]["id"],
                    each["number"],
                    moment(each["createdAt"]),
                    moment(each["mergedAt"]),
                    moment(each["closedAt"]),
                    min(reviews, default=None),
                    (each["author"] or {}).get("login"),
                )
            )
        self.db.execute("BEGIN")
        self.db.executemany("INSERT OR REPLACE INTO pr VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self.db.execute("COMMIT")


def moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def settled(world: World, bodies: list[bytes], folder: Path) -> float:
    """Changes a second of CPU time that become observations and sums, once they are stored."""
    with serve(World(world.now)) as double:
        config = read(configuration(folder, double, ["acme/*"], "2008-01-01"))
    store = SqliteStore(folder / "state.db")
    store.discover("made", [Repository(each.id, each.name) for each in world.repositories.values()])
    for body in bodies:
        store.add("made", decode(body), 0)
    rows = [row.id for row in store.repositories()]
    store.progress(rows, cursor=world.now, watermark=world.now, state="ok")
    books = wiring.books(store, config)
    before = time.process_time()
    while not books.settle("made", 0):
        pass
    spent = time.process_time() - before
    store.close()
    return 100 * len(bodies) / spent


async def efficiency(world: World, bodies: list[bytes], folder: Path) -> float:
    """Share of the time that is the server's, when pages are asked for one after another."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY)
        return web.Response(body=next(turn), content_type="application/json")

    turn = iter(bodies)
    app = web.Application()
    app.router.add_post("/graphql", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    health, clock, desk = Health(), ServerClock(), Desk()
    transport = Transport("bench", f"http://127.0.0.1:{runner.addresses[0][1]}", 30, health, clock)
    credential = TokenVariable("TOKEN", {"TOKEN": "bench"})
    lane = Lane("bench", transport, credential, Limits("bench", 0.0), health, clock)
    store = await desk(store_for, world, folder)
    reader = Reader("bench", store, desk, health, 0)
    wanted = frozenset(world.repositories)
    before = time.perf_counter()
    await reader.drain(lane, [GITHUB.held(Window("", 0, 1)) for _ in bodies], wanted=wanted)
    spent = time.perf_counter() - before
    await transport.close()
    await runner.cleanup()
    await desk.close(5.0)
    store.close()
    return LATENCY * len(bodies) / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer pages, half of each goal")
    quick = parser.parse_args().quick
    world, what = world_of(quick)
    bodies = pages(world)[: 10 if quick else 41]
    goal = 5000 if quick else 10000
    print(f"{len(bodies)} pages of 100 {what}, {statistics.median(map(len, bodies)) / 1000:.0f} kB each")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = store_for(world, folder)
        decoded = rate(decode, bodies)
        both = rate(lambda body: store.add("bench", decode(body), 0), bodies)
        again = rate(lambda body: store.add("bench", decode(body), 0), bodies)
        floor = rate(Floor(folder), bodies)
        store.close()
    print("changes a second of one core's time:")
    print(f"  decoded                       {decoded:8.0f}")
    print(f"  decoded and stored, all facts {both:8.0f}   goal {goal}   {both / CEILING:.1f}x what GitHub hands out")
    print(f"  the same pages once more      {again:8.0f}")
    print(f"  floor: json and one row       {floor:8.0f}   we do {both / floor:.2f} of it")
    with tempfile.TemporaryDirectory() as name:
        print(f"  settled into observations     {settled(world, bodies, Path(name)):8.0f}")
    with tempfile.TemporaryDirectory() as name:
        share = asyncio.run(efficiency(world, bodies, Path(name)))
    print(f"one page after another at {LATENCY * 1000:.0f} ms: {share:.3f} of the time is the server's   goal 0.97")


if __name__ == "__main__":
    main()
