"""A stream beside the changes: polled where something moved, loaded newest first, failing alone."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.errors import Refused, SecondaryLimited
from exporter.model import Repository, Stream
from exporter.providers.base import Fault
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.reading import Outcome, Reader, never
from exporter.runtime.stream import LAG, SideStream
from exporter.store.sqlite import SqliteStore

START = 1_700_000_000
SOURCE = "forge"


class Scripted:
    """Answers as told: which repositories moved, how reading one goes; notes what it was asked."""

    stream = Stream.RUNS
    width = 7 * DAY

    def __init__(self):
        self.movers = {"R1", "R2"}
        self.goes = {}
        self.asked = []

    async def moved(self, lane, rows):
        return {row.id for row in rows if row.key in self.movers}

    async def read(self, lane, row, span, *, urgent):
        self.asked.append((row.key, *span, urgent))
        how = self.goes.get(row.key, Outcome())
        if isinstance(how, Exception):
            raise how
        return how


class Lane:
    """Nothing goes through it: the answers are scripted."""


@asynccontextmanager
async def at_work(tmp_path, names=("R1", "R2"), history=30 * DAY):
    """A side stream of a source with these repositories, on a lane whose clock and patience the test sets."""
    store, desk = SqliteStore(tmp_path / "state.db"), Desk()
    store.discover(SOURCE, [Repository(name, f"acme/{name}") for name in names], (Stream.CHANGES, Stream.RUNS))
    reader = Reader(SOURCE, store, desk, Health(), START - history, Stream.RUNS)
    asking, clock = Scripted(), SimpleNamespace(now=START, monotonic=0.0)
    lane = Lane()
    lane.clock, lane.limits = SimpleNamespace(now=lambda: clock.now), SimpleNamespace(wait=lambda urgent: 0.0)
    side = SideStream(asking, reader, 300, lambda: clock.monotonic)

    def rows(stream=Stream.RUNS):
        return {row.key: row for row in store.repositories(SOURCE, stream)}

    async def advance(until=never, seconds=300):
        clock.now += seconds
        clock.monotonic += seconds
        await side.advance(lane, list(rows(Stream.CHANGES).values()), until)

    work = SimpleNamespace(
        side=side, asking=asking, rows=rows, advance=advance, store=store, reader=reader, clock=clock
    )
    try:
        yield work
    finally:
        await desk.close(5.0)
        store.close()


def run(work):
    asyncio.run(work)


def test_history_is_read_newest_first_in_parts_that_grow_and_then_polls_go_on(tmp_path):
    """30 days: a week, then, as it was empty, four at once, of which 23 days are left; then polls."""

    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            await work.advance()
            now = START + 300
            assert work.asking.asked == [
                ("R1", now - 7 * DAY, now, False),
                ("R1", START - 30 * DAY, now - 7 * DAY, False),
            ]
            row = work.rows()["R1"]
            assert (row.state, row.cursor, row.watermark, row.last_success) == ("ok", now, now - LAG, now)
            work.asking.asked.clear()
            await work.advance()
            assert work.asking.asked == [("R1", now, now + 300, True)]
            assert work.rows()["R1"].watermark == now + 300 - LAG

    run(story())


def test_an_interrupted_history_goes_on_where_it_was(tmp_path):
    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            await work.advance(until=lambda: True)
            first = work.asking.asked[-1]
            assert len(work.asking.asked) == 1, "one part at least"
            assert work.rows()["R1"].loaded_to == first[1]
            work.side._widths.clear()  # as after a restart
            await work.advance(until=lambda: True)
            assert work.asking.asked[-1] == ("R1", first[1] - 7 * DAY, first[1], False)
            assert work.rows()["R1"].loaded_from == START + 300

    run(story())


def test_what_did_not_move_is_complete_without_a_question(tmp_path):
    async def story():
        async with at_work(tmp_path) as work:
            await work.advance()
            work.asking.asked.clear()
            work.asking.movers = {"R2"}
            await work.advance()
            assert [asked[0] for asked in work.asking.asked] == ["R2"]
            assert work.rows()["R1"].watermark == work.rows()["R2"].watermark == work.clock.now - LAG

    run(story())


def test_it_is_asked_at_its_interval(tmp_path):
    async def story():
        async with at_work(tmp_path) as work:
            await work.advance()
            work.asking.asked.clear()
            await work.advance(seconds=299)
            await work.advance(seconds=1)
            assert len(work.asking.asked) == 2

    run(story())


def test_a_poll_that_has_to_make_way_goes_on_with_the_stalest(tmp_path):
    async def story():
        async with at_work(tmp_path, ["R1", "R2", "R3"]) as work:
            await work.advance()
            work.asking.movers |= {"R3"}
            work.asking.asked.clear()
            await work.advance(until=lambda: True)
            await work.advance(until=lambda: True, seconds=1)
            assert [asked[0] for asked in work.asking.asked] == ["R1", "R2"]
            assert work.reader.health.polls[SOURCE, "runs", "partial"] == 2

    run(story())


def test_a_repository_that_fails_holds_back_itself_and_rests(tmp_path):
    async def story():
        async with at_work(tmp_path) as work:
            await work.advance()
            stood = work.rows()["R1"].watermark
            work.asking.goes["R1"] = Outcome(faults={"R1": Fault("R1", "refused", "no")})
            for _ in range(4):
                await work.advance()
            assert (work.rows()["R1"].state, work.rows()["R1"].reason) == ("failing", "refused")
            assert work.rows()["R1"].watermark == stood
            assert work.rows()["R2"].state == "ok"
            asked = [key for key, *_, urgent in work.asking.asked if urgent and key == "R1"]
            assert len(asked) == 3, "of four passes the third is a rest"
            assert work.store.repositories(SOURCE)[0].state == "loading", "the changes know nothing of it"

    run(story())


def test_a_load_that_fails_is_tried_again_though_nothing_is_loaded_yet(tmp_path):
    """Failed at 5 min, a rest at 10 min, tried again at 15 min."""

    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            work.asking.goes["R1"] = Outcome(faults={"R1": Fault("R1", "refused", "no")})
            await work.advance()
            work.asking.goes.clear()
            for _ in range(2):
                await work.advance()
            assert work.rows()["R1"].state == "ok"

    run(story())


@pytest.mark.parametrize("error", [Refused("no"), SecondaryLimited("slow down", after=5.0)])
def test_a_stream_that_fails_says_so_and_raises_nothing(tmp_path, error):
    async def story():
        async with at_work(tmp_path) as work:
            await work.advance()
            work.asking.goes = {"R1": error, "R2": error}
            await work.advance()
            assert work.reader.health.polls[SOURCE, "runs", "failure"] == 1
            assert work.rows()["R2"].reason == error.reason

    run(story())


def test_a_limit_ends_a_load_for_now_and_is_no_fault_of_the_repository(tmp_path):
    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            work.asking.goes["R1"] = SecondaryLimited("slow down", after=5.0)
            await work.advance()
            assert (work.rows()["R1"].state, await work.side.loading()) == ("loading", True)
            work.asking.goes.clear()
            await work.advance(seconds=HOUR)
            assert not await work.side.loading()

    run(story())


def test_a_load_that_fails_is_tried_again_though_nothing_else_is_loaded(tmp_path):
    """In the next pass, and then after a pass of rest."""

    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            work.asking.goes["R1"] = Outcome(faults={"R1": Fault("R1", "refused", "no")})
            for _ in range(4):
                await work.advance(until=lambda: True)
            assert len(work.asking.asked) == 3, "of four passes the third is a rest"
            work.asking.goes.clear()
            for _ in range(8):
                await work.advance()
            assert work.rows()["R1"].state == "ok"

    run(story())


def test_a_part_that_is_left_for_something_else_is_taken_up_again_and_moves_nothing(tmp_path):
    """Of the history's first part, and of a poll, which is due again at once."""

    async def story():
        async with at_work(tmp_path, ["R1"]) as work:
            work.asking.goes["R1"] = Outcome(more=True)
            await work.advance(until=lambda: True)
            await work.advance(until=lambda: True, seconds=1)
            first, second = work.asking.asked
            assert first == second == ("R1", START + 300 - 7 * DAY, START + 300, False)
            work.asking.goes.clear()
            await work.advance()
            stood = work.rows()["R1"]
            work.asking.goes["R1"] = Outcome(more=True)
            await work.advance()
            assert work.rows()["R1"] == stood
            assert work.reader.health.polls[SOURCE, "runs", "partial"] == 1
            work.asking.goes.clear()
            await work.advance(seconds=1)
            assert work.rows()["R1"].watermark == work.clock.now - LAG

    run(story())
