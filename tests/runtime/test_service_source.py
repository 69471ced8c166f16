"""A source known by the protocol alone: what it asks when, and what a failure holds; serving another's repositories."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from exporter import wiring
from exporter.catalogue import DAY
from exporter.config import Config
from exporter.config.settings import Source
from exporter.errors import NotFound, Refused, Unauthorised, Unreachable
from exporter.model import Merged, Ran, Repository, Result, Stream, Subject, Thing, Told
from exporter.providers.base import Fault, Page, Request, unread
from exporter.providers.service import Client
from exporter.runtime.between import Between
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.joined import OVERLAP, Joined
from exporter.runtime.joint import JointStream
from exporter.runtime.reading import Reader, never
from exporter.runtime.selection import Selection
from exporter.runtime.service_source import RETRY, Leading, ServiceSource, ServingSource
from exporter.store.base import RepositoryState
from exporter.store.sqlite import SqliteStore
from tests.stories import change

START = 1_700_000_000
LAG = 300
SHOP, WEB = Repository("1", "acme/shop", "main"), Repository("2", "acme/web", "main")


class Scripted:
    """Questions of one stream: notes what it was asked; each answer is the next of ``pages``, else an empty one."""

    earlier = 0
    width = 1000 * DAY

    def __init__(self, word):
        self.word = word
        self.asked = []
        self.pages = []

    def _request(self, *what):
        self.asked.append(what)
        return [Request(kind=self.word, path="/", read=lambda response: Page())]

    def since(self, homes, since):
        return self._request("since", [home.key for home in homes], since)

    def between(self, homes, lower, upper):
        return self._request("between", [home.key for home in homes], lower, upper)

    def standing(self, homes, until):
        return self._request("standing", [home.key for home in homes], until)


class Service(Client):
    """A service whose repositories and streams a test writes."""

    def __init__(self):
        self.found = [SHOP, WEB]
        self.changes, self.runs = Scripted("changes"), Scripted("runs")
        self.compared = []

    def repositories(self):
        return [Request(kind="repositories", path="/", read=lambda response: Page())]

    def compare(self, home, gap):
        self.compared.append((home.name, gap.base, gap.head))
        return Request(kind="compare", path="/", read=lambda response: Page(told=unread(home, gap)))


class Line:
    """The lane: every answer is what the test put into ``answers`` for the kind of the request, else nothing."""

    owners = None

    def __init__(self, clock):
        self.clock = SimpleNamespace(now=lambda: clock.now)
        self.limits = SimpleNamespace(wait=lambda urgent: 0.0)
        self.answers = {}
        self.sent = []

    async def ask(self, request, *, urgent=True):
        self.sent.append(request.kind)
        answer = self.answers.get(request.kind)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if isinstance(answer, Exception):
            raise answer
        return answer or request.read(None)


class One:
    """A single lane."""

    def __init__(self, lane):
        self.lane = lane
        self.closed = False

    async def lanes(self):
        return [self.lane]

    async def close(self):
        self.closed = True


@asynccontextmanager
async def at_work(tmp_path):
    store, desk, health = SqliteStore(str(tmp_path / "state.db")), Desk(), Health()
    clock = SimpleNamespace(now=START, monotonic=0.0)
    client, lane = Service(), Line(clock)
    lane.answers["repositories"] = Page(repositories=(SHOP, WEB))
    reader = Reader("forge", store, desk, health, START - 30 * DAY)
    config = Config(sources=(Source(name="forge"),))
    books = await desk(wiring.books, store, config)
    leading = Leading(Joined(Stream.CHANGES, client.changes, reader), reader, 0, lambda: clock.monotonic)
    own = reader.of(Stream.RUNS)
    asking = Joined(Stream.RUNS, client.runs, own, Between(own, client.compare))
    runs = JointStream(asking, own, 300, lambda: clock.monotonic)
    source = ServiceSource(
        client, Selection(exclude=("*/web",)), One(lane), reader, books, leading, sides=[runs],
        monotonic=lambda: clock.monotonic,
    )  # fmt: skip

    async def poll(after=60):
        clock.now += after
        clock.monotonic += after
        return await source.poll(never)

    def rows(stream=Stream.CHANGES):
        return {row.key: row for row in store.repositories("forge", stream)}

    work = SimpleNamespace(
        source=source, client=client, lane=lane, poll=poll, rows=rows, clock=clock, store=store, health=health,
        reader=reader, books=books, desk=desk,
    )  # fmt: skip
    try:
        yield work
    finally:
        await source.close()
        await desk.close(5.0)
        store.close()


def play(tmp_path, act):
    async def life():
        async with at_work(tmp_path) as work:
            return await act(work)

    return asyncio.run(life())


def test_a_first_pass_loads_the_whole_history_of_what_is_selected_and_the_next_one_polls(tmp_path):
    async def act(work):
        assert await work.poll() == "success"
        now, start = START + 60, START - 30 * DAY
        assert work.client.changes.asked == [("between", ["1"], start, now), ("standing", ["1"], start)]
        row = work.rows()["1"]
        assert (row.state, row.cursor, row.watermark) == ("ok", now, now - LAG)
        work.client.changes.asked.clear()
        assert await work.poll() == "success"
        assert work.client.changes.asked == [("since", ["1"], now - OVERLAP)]
        assert work.rows()["1"].watermark == now + 60 - LAG
        assert "2" not in work.rows(), "it was excluded"

    play(tmp_path, act)


def test_a_side_stream_is_polled_by_its_own_interval_and_repositories_are_looked_for_once_an_hour(tmp_path):
    async def act(work):
        for _ in range(7):
            await work.poll()
        kinds = work.lane.sent
        # the first pass loads (two questions a stream); then six of changes, and one of runs 300 s later
        assert (kinds.count("repositories"), kinds.count("changes"), kinds.count("runs")) == (1, 8, 3)
        await work.poll(after=3600)
        assert kinds.count("repositories") == 2

    play(tmp_path, act)


def test_what_fails_in_the_leading_stream_fails_the_pass_and_leaves_the_others_at_work(tmp_path):
    async def act(work):
        await work.poll()
        work.lane.answers["changes"] = Refused("no")
        with pytest.raises(Refused):
            await work.poll(after=400)
        assert (work.rows()["1"].state, work.rows()["1"].reason) == ("failing", "refused")
        runs = work.rows(Stream.RUNS)["1"]
        assert (runs.state, runs.cursor) == ("ok", START + 460)
        work.lane.answers["changes"] = None
        assert await work.poll() == "success"
        assert work.rows()["1"].state == "ok"

    play(tmp_path, act)


def test_a_side_stream_that_fails_holds_itself_alone(tmp_path):
    async def act(work):
        await work.poll()
        work.lane.answers["runs"] = Refused("no")
        assert await work.poll(after=400) == "success"
        assert (work.rows(Stream.RUNS)["1"].state, work.rows()["1"].state) == ("failing", "ok")
        assert work.health.polls["forge", "runs", "failure"] == 1

    play(tmp_path, act)


def test_an_answer_about_one_repository_that_fails_holds_that_one(tmp_path):
    async def act(work):
        work.source.selection = Selection()
        await work.poll()
        work.lane.answers["changes"] = Page(faults=(Fault("2", "not_found", "gone"),))
        assert await work.poll() == "partial"
        assert {key: row.state for key, row in work.rows().items()} == {"1": "ok", "2": "failing"}
        assert work.rows()["2"].cursor == START + 60

    play(tmp_path, act)


def test_without_the_server_nothing_more_is_asked(tmp_path):
    async def act(work):
        await work.poll()
        work.lane.sent.clear()
        work.lane.answers["changes"] = Unreachable("no")
        with pytest.raises(Unreachable):
            await work.poll(after=400)
        assert work.lane.sent == ["changes"]

    play(tmp_path, act)


def test_a_look_that_fails_leaves_the_known_repositories_and_is_repeated_soon(tmp_path):
    async def act(work):
        work.lane.answers["repositories"] = Unauthorised("no")
        with pytest.raises(Unauthorised):
            await work.poll()
        work.lane.answers["repositories"] = Page(repositories=(SHOP,))
        assert await work.poll() == "success"
        work.lane.answers["repositories"] = NotFound("no group")
        assert await work.poll(after=3600) == "partial"
        assert work.rows()["1"].state == "ok"
        work.lane.answers["repositories"] = Page(repositories=(SHOP,))
        assert await work.poll(after=RETRY) == "success"

    play(tmp_path, act)


def test_a_look_in_part_lets_nothing_go_and_a_whole_one_does(tmp_path):
    async def act(work):
        work.source.selection = Selection()
        await work.poll()
        work.lane.answers["repositories"] = Page(repositories=(SHOP,), faults=(Fault("acme/sub", "refused", "no"),))
        await work.poll(after=3600)
        assert work.rows()["2"].state is RepositoryState.OK
        work.lane.answers["repositories"] = Page(repositories=(SHOP,))
        await work.poll(after=3600)
        assert work.rows()["2"].state is RepositoryState.GONE

    play(tmp_path, act)


def test_facts_are_stored_and_counted(tmp_path):
    lines = change("opened 0h", "merged 2h")
    merge = next(each for each in lines if isinstance(each, Merged))

    async def act(work):
        work.reader.ledger_start = merge.at - DAY
        told = Told(Subject("1", "change7", 7), tuple(lines))
        work.lane.answers["changes"] = [Page(told=(told,))]
        await work.poll()
        rows = [row for row in work.store.ledger() if row.metric == "sdlc_changes_merged_total"]
        assert [(row.value, row.at) for row in rows] == [(1, merge.at)]

    play(tmp_path, act)


def ran(sha, at, result, number):
    return Ran(f"ran:{number}:1", at, "ci", "main", True, sha, 1, result, at - 60, at - 50, ())


def test_between_a_red_and_a_green_commit_of_a_line_the_forge_is_asked_once(tmp_path):
    red, green = ran("a" * 40, START - 7200, Result.FAILURE, 1), ran("b" * 40, START - 3600, Result.SUCCESS, 2)
    line = Subject("1", "main#2023-11", 0, Thing.LINE)

    async def act(work):
        work.lane.answers["runs"] = [Page(told=(Told(line, (red, green)),))]
        await work.poll()
        assert work.client.compared == [("acme/shop", "a" * 40, "b" * 40)]
        await work.poll(after=400)
        assert len(work.client.compared) == 1
        (facts,) = work.store.facts(work.rows()["1"].id, Thing.LINE, [line.key]).values()
        assert [fact.id for fact in facts if fact.id.startswith("worked")] == [f"worked:{'a' * 40}:{'b' * 40}"]

    play(tmp_path, act)


# --- a source that serves another's repositories ---


@asynccontextmanager
async def served(work):
    """The forge of ``work``, whose issues a tracker tells."""
    work.source.streams = (*work.source.streams, Stream.ISSUES)
    reader = Reader("forge", work.store, work.desk, work.health, START - 30 * DAY, Stream.ISSUES, "tracker")
    questions, lane = Scripted("issues"), Line(work.clock)
    leading = Leading(Joined(Stream.ISSUES, questions, reader), reader, 0, lambda: work.clock.monotonic)
    lanes = One(lane)
    source = ServingSource("tracker", lanes, leading, work.books)

    async def poll(after=60):
        work.clock.now += after
        work.clock.monotonic += after
        return await source.poll(never)

    yield SimpleNamespace(source=source, questions=questions, lane=lane, poll=poll)
    await source.close()
    assert lanes.closed


def test_a_serving_source_waits_for_repositories_and_moves_their_watermarks(tmp_path):
    async def act(work):
        async with served(work) as tracker:
            assert await tracker.poll() == "partial"
            assert not tracker.lane.sent
            await work.poll()
            assert work.rows(Stream.ISSUES)["1"].watermark is None
            assert await tracker.poll() == "success"
            assert work.rows(Stream.ISSUES)["1"].watermark == work.clock.now - LAG
            before = work.rows()["1"]
            tracker.lane.answers["issues"] = Unauthorised("no")
            with pytest.raises(Unauthorised):
                await tracker.poll()
            assert (work.rows(Stream.ISSUES)["1"].state, work.rows()["1"]) == ("failing", before)
            await work.poll()
            assert work.rows()["1"].state == "ok", "the forge goes on"
            assert work.rows(Stream.ISSUES)["1"].state == "failing"

    play(tmp_path, act)


def test_a_serving_source_knows_its_servers_time_before_it_dates_a_load_by_it(tmp_path):
    """The clock here is a day ahead until the server's first answer."""

    async def act(work):
        async with served(work) as tracker:
            await work.poll()
            told = {"ahead": 86_400}
            tracker.lane.clock.now = lambda: work.clock.now + told["ahead"]

            async def hear(lane, rows):
                assert [row.key for row in rows] == ["1"]
                told["ahead"] = 0

            tracker.source._hear = hear
            await tracker.poll()
            assert work.rows(Stream.ISSUES)["1"].watermark == work.clock.now - LAG

    play(tmp_path, act)


def test_what_is_asked_to_hear_the_time_is_not_kept(tmp_path):
    merge = change("opened 0h", "merged 2h")

    async def act(work):
        await work.poll()
        work.lane.answers["changes"] = [Page(told=(Told(Subject("1", "change7", 7), tuple(merge)),))]
        await work.source.leading.asking.hear(work.lane, list(work.rows().values()))
        assert work.lane.sent[-1] == "changes"
        assert work.store.find("acme/shop", 7) is None

    play(tmp_path, act)


def test_troubles_of_a_serving_source_are_its_own(tmp_path):
    async def act(work):
        async with served(work) as tracker:
            await work.poll()
            refused = Fault("1", "refused", "x")
            tracker.lane.answers["issues"] = [Page(truncated=3, unknown=("status",), faults=(refused,))]
            await tracker.poll()
            assert work.health.truncated["tracker", "issues"] == 3
            assert work.health.unknown["tracker", "status"] == 1
            assert work.health.errors["tracker", "refused"] == 1
            assert work.health.errors["forge", "refused"] == 0

    play(tmp_path, act)
