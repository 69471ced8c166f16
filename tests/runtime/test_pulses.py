"""Whether something moved in a repository beside its changes, asked of the double once for all streams."""

from exporter.model import Stream
from tests.double import World, serve
from tests.double.delivering import deploy
from tests.runtime.polling import Forge


def test_nothing_is_told_from_something_and_something_from_something_else(tmp_path):
    """Deployments in one of two repositories: it moved until it was read, and again with the next deployment."""
    world = World(1_750_000_000)
    shop, empty = (world.add_repository(f"acme/{name}") for name in ("shop", "empty"))
    sha = shop.graph.commit(sha="c0")
    deploy(world, shop, sha)

    async def act(playing):
        await playing.poll()
        rows = {row.key: row for row in playing.store.repositories("forge")}
        pulses, (lane,) = playing.source.sides[0].asking.pulses, playing.lanes

        async def moved() -> set[str]:
            world.now += 60
            found = await pulses.moved(lane, list(rows.values()), Stream.DEPLOYMENTS)
            return {key for key, row in rows.items() if row.id in found}

        assert await moved() == {shop.id}
        assert [pulses.nothing(lane, rows[each.id], Stream.DEPLOYMENTS) for each in (shop, empty)] == [False, True]
        pulses.read(lane, rows[shop.id], Stream.DEPLOYMENTS)
        assert await moved() == set()
        deploy(world, shop, sha)
        assert await moved() == {shop.id}
        deploy(world, empty, empty.graph.commit(sha="e0"))
        assert await moved() == {shop.id, empty.id}
        before = playing.double.count("Stirred")
        await pulses.moved(lane, [rows[shop.id]], Stream.RUNS)
        assert playing.double.count("Stirred") == before, "an answer of this moment serves the other streams"

    with serve(world, fast=True, clock="world") as double:
        Forge(double, tmp_path, streams=("deployments",)).play(act)
