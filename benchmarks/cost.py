"""What reading an organisation costs in requests and points, beside asking for every change by REST.

    python benchmarks/cost.py [--quick]

Ours is counted by the test double of GitHub, which charges points by GitHub's documented formula and keeps its limits:
a first load, then a working hour on a virtual clock. The others are computed for the same world and the same hour:
REST with four requests a change (itself, reviews, commits, review comments), with and without ETags, where an answer
304 is free; and GraphQL at ten changes a query with five nested connections. Printed, not enforced.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import argparse
import asyncio
import sys
import tempfile
from math import ceil
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.busy import HOUR, Work, at_work, configuration, played, read
from tests.double import made_world, serve

EACH = 4
"""REST requests for one change."""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    quick = parser.parse_args().quick
    repositories, changes = (100, 5000) if quick else (1000, 50_000)
    world = made_world(repositories, changes)
    with tempfile.TemporaryDirectory() as name, serve(world, fast=True, clock="world") as double:
        path = configuration(Path(name), double, ["acme/*"], "2025-01-01")
        async with at_work(double, read(path)) as parts:
            await parts.source.poll(lambda: False)
            load = double.points()
            world.now += HOUR // 2
            double.reset()
            work = Work(world, frozenset(world.repositories), changes / 160)
            polls = len(await played(double, parts, work))
            hour = double.points()
    files = sum(pull.merged is not None for pull in world.pulls.values())
    report("a first load", load, changes, repositories, files)
    moved = {(pull, at // 60) for at, pull, _ in work.happened}
    homes = {(pull.repository, minute) for pull, minute in moved}
    tagged, untagged = EACH * len(moved) + len(homes), EACH * len(moved) + repositories * polls
    print(f"a working hour: {len(moved)} changes refreshed by {polls} polls")
    print(f"  ours            {hour:8} points   goal {75 if not quick else '-'} for changes, 150 with all")
    print(f"  REST, ETags     {tagged:8} requests, {tagged / hour:.0f}x   goal 300x (limit: 5,000)")
    print(f"  REST            {untagged:8} requests, {untagged / hour:.0f}x   goal 700x")


def report(what: str, ours: int, changes: int, repositories: int, files: int) -> None:
    """The load beside its floor and the others."""
    floor = ceil(changes / 100) + ceil(files / 100)
    rest = EACH * changes + ceil(changes / 100) + repositories
    nested = ceil(changes / 10)
    print(f"{what}: {changes} changes of {repositories} repositories")
    print(f"  ours            {ours:8} points, {ours / floor:.2f}x the floor of a hundred a point   goal 1.15x")
    print(f"  REST            {rest:8} requests, {rest / ours:.0f}x   goal 300x")
    print(f"  ten to a query  {nested:8} points, {nested / ours:.1f}x   goal 8x")


if __name__ == "__main__":
    asyncio.run(main())
