"""The poller: what it asks when, and that nothing is ever passed over unread, whatever fails, moves or comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.errors import RateLimited, SecondaryLimited, ServerError, Unauthorised
from exporter.providers.answers import seconds
from tests.double import Double, World, serve
from tests.double.facts import PullRequest, Repository
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge, Playing

NOW = 1_750_000_000
LAG = 5 * MINUTE


@pytest.fixture
def world() -> World:
    """Three repositories of acme and one of beta, with two changes each: one merged long ago, one open."""
    made = World(NOW)
    for name in ("acme/a", "acme/b", "acme/c", "beta/d"):
        home = made.add_repository(name, id=f"R_{name[-1]}")
        merged = made.open(home, "ann", at=NOW - 9 * DAY, files=[("a.py", 1, 1)])
        made.review(merged, "bob", at=NOW - 8 * DAY)
        made.merge(merged, at=NOW - 7 * DAY)
        made.open(home, "ann", at=NOW - 6 * DAY)
    return made


@pytest.fixture
def forge(world: World, tmp_path: Path) -> Iterator[Forge]:
    with serve(world, fast=True, clock="world") as double:
        yield Forge(double, tmp_path)


def home(world: World, name: str) -> Repository:
    return next(one for one in world.repositories.values() if one.name == name)


def span(query: str) -> tuple[int, int]:
    low, high = query.split("updated:")[1].split(" ")[0].split("..")
    return seconds(low), seconds(high)


def loaded(act):
    """A life that begins with a whole load, whose requests are forgotten."""

    async def life(playing: Playing):
        await playing.load()
        await playing.poll(after=1)
        playing.double.reset()
        return await act(playing)

    return life


# --- spans and watermarks ---


def test_polls_overlap_by_90_seconds_and_every_five_minutes_by_15_minutes(forge):
    async def act(playing: Playing):
        first = playing.world.now
        for _ in range(7):
            await playing.poll(after=60)
        return first, [span(query) for query in playing.searched()]

    first, spans = forge.play(loaded(act))
    assert [upper for _, upper in spans] == [first + 60 * n for n in range(1, 8)]
    cursors = [first + 60 * n for n in range(7)]
    assert [cursor - lower for cursor, (lower, _) in zip(cursors, spans, strict=True)] == [90, 90, 90, 90, 900, 90, 90]


def test_the_watermark_is_the_polls_start_minus_five_minutes(forge):
    async def act(playing: Playing):
        await playing.poll(after=60)
        rows = playing.rows().values()
        return playing.world.now, {row.cursor for row in rows}, {row.watermark for row in rows}

    now, cursors, watermarks = forge.play(loaded(act))
    assert (cursors, watermarks) == ({now}, {now - LAG})


def test_the_overlap_is_counted_from_what_was_read_however_long_ago_that_was(forge, world):
    """Polls 20 minutes apart, an index four minutes late: a change is seen by the poll after the one that missed it."""
    world.lag = 4 * MINUTE

    async def act(playing: Playing):
        world.now += 17 * MINUTE
        fresh = world.open(home(world, "acme/a"), "ann")
        await playing.poll(after=3 * MINUTE)
        missed = playing.knows(fresh)
        await playing.poll(after=20 * MINUTE)
        return missed, playing.knows(fresh)

    assert forge.play(loaded(act)) == (False, True)


def test_what_the_index_held_back_when_a_load_began_is_read_by_the_first_poll(forge, world):
    """Opened 100 s before the load began, known to search 200 s after: neither load nor short overlap has it."""
    world.lag = 200
    fresh = world.open(home(world, "acme/a"), "ann", at=NOW - 100)

    async def act(playing: Playing):
        await playing.poll(lambda: False)
        before = playing.knows(fresh)
        await playing.poll(after=250)
        return before, playing.knows(fresh)

    assert forge.play(act) == (False, True)


def test_hours_without_a_process_are_read_before_the_watermark_passes_them(forge, world):
    forge.play(loaded(nothing))
    missed = world.open(home(world, "acme/a"), "ann", at=world.now + HOUR)
    world.now += 7 * HOUR

    async def act(playing: Playing):
        await playing.poll()
        return playing.knows(missed), {row.watermark for row in playing.rows().values()}

    assert forge.play(act) == (True, {world.now - LAG})


async def nothing(playing: Playing) -> None:
    """Nothing happens."""


def test_a_clock_that_was_set_back_reads_a_day_again_and_takes_no_watermark_back(forge, world):
    """The forge's clock was a day ahead, three answers long enough to be believed, and is right again."""

    async def act(playing: Playing):
        world.now += DAY
        for _ in range(4):
            await playing.poll()
        ahead = playing.rows()["acme/a"].watermark
        playing.source.lanes.clock.__init__(lambda: world.now, lambda: float(world.now))
        world.now -= DAY
        playing.source.lanes.clock.hear(world.now)
        fresh = world.open(home(world, "acme/a"), "ann")
        playing.double.reset()
        await playing.poll()
        row = playing.rows()["acme/a"]
        return ahead, playing.knows(fresh), row.cursor, row.watermark, span(playing.searched()[0])

    ahead, known, cursor, watermark, asked = forge.play(loaded(act))
    assert known
    assert watermark == ahead
    assert cursor == world.now
    assert asked == (world.now - DAY, world.now)


# --- repositories that fail ---


def hidden(double: Double, name: str):
    """A repository that answers are silent about, with an error in its place."""
    shut = home(double.world, name)
    return double.fail("null_repository", times=None, repository=shut.id, kind="FORBIDDEN")


def test_a_repository_that_fails_holds_only_itself_and_catches_up(forge, world):
    async def act(playing: Playing):
        before = playing.rows()
        fault = hidden(playing.double, "acme/a")
        facts = [world.open(home(world, name), "ann") for name in ("acme/a", "acme/b")]
        world.now += HOUR
        result = await playing.poll()
        during = playing.rows()
        held = (during["acme/a"].cursor, during["acme/a"].watermark) == (
            before["acme/a"].cursor,
            before["acme/a"].watermark,
        )
        known = [playing.knows(fact) for fact in facts]
        fault.lift()
        again = await playing.poll(after=60)
        return result, held, known, during["acme/a"].reason, again, playing.knows(facts[0]), playing.rows()["acme/a"]

    result, held, known, reason, again, late, row = forge.play(loaded(act))
    assert (result, held, known, reason) == ("partial", True, [False, True], "not_found")
    assert (again, late, row.state, row.reason, row.cursor) == ("success", True, "ok", "", world.now)
    assert row.watermark == world.now - LAG


def test_a_repository_that_fails_again_and_again_is_asked_ever_less(forge):
    """In the first pass, the second, then after one, three and seven passes of rest: passes 1, 2, 4, 8 and 16."""

    async def act(playing: Playing):
        hidden(playing.double, "acme/a")
        failed = playing.errors("not_found")
        tried = []
        for number in range(1, 18):
            assert await playing.poll(after=60) == "partial"
            if playing.errors("not_found") > failed:
                tried.append(number)
                failed = playing.errors("not_found")
        return tried

    forge.mode = "pulse"
    assert forge.play(loaded(act)) == [1, 2, 4, 8, 16]


def test_a_repository_that_never_loads_does_not_keep_a_pass_from_ending(forge):
    """Else ``once`` would never end, and polls would wait for ever."""

    async def act(playing: Playing):
        hidden(playing.double, "acme/a")
        results = [await playing.poll(lambda: False) for _ in range(3)]
        return results, {name: row.cursor is not None for name, row in playing.rows().items()}

    results, complete = forge.play(act)
    assert results == ["partial"] * 3
    assert complete == {"acme/a": False, "acme/b": True, "acme/c": True}


def test_a_fault_in_a_repository_nobody_wants_is_no_fault(forge, world):
    """Search by owner also finds what is excluded."""
    forge.include = ("acme/a", "acme/b", "acme/[ab]*")

    async def act(playing: Playing):
        page_with_fault = world.open(home(world, "acme/c"), "ann")
        page_with_fault.items = None  # its timeline cannot be told
        return await playing.poll(after=60)

    assert forge.play(loaded(act)) == "success"


def test_an_error_of_the_whole_source_is_on_every_repository(forge):
    async def act(playing: Playing):
        playing.double.revoke()
        with pytest.raises(Unauthorised):
            await playing.poll(after=60)
        return {(row.state, row.reason) for row in playing.rows().values()}

    assert forge.play(loaded(act)) == {("failing", "unauthorised")}


def test_a_server_in_trouble_ends_a_list_of_requests_soon(forge):
    """The pulse asks 3 repositories in one query, then halves; not each of a thousand is tried five times."""
    forge.mode = "pulse"

    async def act(playing: Playing):
        playing.double.fail("status", times=None, code=502)
        assert await playing.poll(after=60) == "partial"
        return len(playing.asked()), {row.reason for row in playing.rows().values()}

    requests, reasons = forge.play(loaded(act))
    assert reasons == {"server_error"}
    assert requests <= 20


# --- search and pulse ---


def test_search_that_failed_is_left_alone_for_ten_minutes(forge, world):
    async def act(playing: Playing):
        playing.double.fail("no_search", times=None)
        facts = []
        for _ in range(3):
            facts.append(world.open(home(world, "acme/b"), "ann"))
            assert await playing.poll(after=60) == "success"
        searches, known = len(playing.searched()), [playing.knows(fact) for fact in facts]
        playing.double.heal()
        await playing.poll(after=600)
        return searches, known, len(playing.searched())

    searches, known, later = forge.play(loaded(act))
    assert (searches, known, later) == (5, [True] * 3, 6)


def test_without_search_history_is_loaded_repository_by_repository(forge):
    async def act(playing: Playing):
        playing.double.fail("no_search", times=None)
        await playing.load()
        return [
            playing.knows(pull) for pull in playing.world.pulls.values() if pull.repository.name.startswith("acme/")
        ]

    assert forge.play(act) == [True] * 6


def test_search_alone_means_no_pulse(forge):
    forge.mode = "search"

    async def act(playing: Playing):
        playing.double.fail("no_search", times=None)
        with pytest.raises(Exception, match="Search is currently unavailable"):
            await playing.poll(after=60)
        return set(playing.asked())

    assert forge.play(loaded(act)) == {"Search"}


def test_the_pulse_alone_needs_no_search(forge, world):
    forge.mode = "pulse"

    async def act(playing: Playing):
        fresh = world.open(home(world, "acme/a"), "ann")
        await playing.poll(after=60)
        return playing.knows(fresh), "Search" in playing.asked()

    assert forge.play(loaded(act)) == (True, False)


# --- loading ---


def many(world: World, count: int = 400) -> list[PullRequest]:
    """Changes over the last weeks, so that history has several parts."""
    return [world.open(home(world, "acme/c"), "ann", at=NOW - 20 * DAY + n * HOUR) for n in range(count)]


def test_a_load_makes_way_for_polls_and_goes_on_where_it_was(forge, world):
    """One repository is loaded; of another's history at most one request is asked between two of its polls."""
    many(world)
    forge.include = ("acme/a",)
    forge.play(loaded(nothing))
    forge.include = ("acme/a", "acme/c")

    async def act(playing: Playing):
        playing.double.reset()
        gaps, whole = [], 0
        while True:
            before = len(playing.asked())
            fresh = world.open(home(world, "acme/a"), "ann")
            await playing.poll(after=60)
            assert playing.knows(fresh)
            gaps.append(len(playing.asked()) - before)
            whole += 1
            if not await playing.source.loading():
                return gaps, whole, [one.variables for one in playing.double.requests if one.operation == "Search"]
            assert whole < 60

    gaps, whole, searches = forge.play(act)
    assert whole > 4
    assert max(gaps) <= 5
    of_history = [(one["q"], one["after"]) for one in searches if "acme/c" in one["q"] and "acme/a" not in one["q"]]
    assert len(of_history) == len(set(of_history)), "a page of history was asked for twice"


def test_an_interrupted_load_goes_on_after_a_restart(forge, world):
    pulls = many(world)

    async def first(playing: Playing):
        turns = iter([False] * 3)
        await playing.poll(lambda: next(turns, True))
        return sum(playing.knows(pull) for pull in pulls)

    async def second(playing: Playing):
        await playing.load()
        return sum(playing.knows(pull) for pull in pulls)

    assert 0 < forge.play(first) < 400
    assert forge.play(second) == 400


def test_changes_that_move_while_their_history_loads_are_found(forge, world):
    """An old change moves out of the part of history it was in before that part is read."""
    many(world)
    (old,) = [pull for pull in world.pulls.values() if pull.repository.name == "acme/a" and pull.merged is None]

    async def act(playing: Playing):
        turns = iter([False] * 2)
        await playing.poll(lambda: next(turns, True))
        review = world.review(old, "bob", at=world.now + 1)
        world.now += 2
        await playing.load()
        await playing.poll(after=60)
        return playing.knows(old, review.id)

    assert forge.play(act)


def test_the_first_watermark_is_that_of_the_loads_begin(forge):
    async def act(playing: Playing):
        began = playing.world.now
        turns = iter([False])
        await playing.poll(lambda: next(turns, True))
        playing.world.now += 3 * HOUR
        marks = [row.watermark for row in playing.rows().values()]
        while await playing.source.loading():
            await playing.poll()
        rows = playing.rows().values()
        return began, marks, {row.cursor for row in rows}, {row.watermark for row in rows}

    began, marks, cursors, watermarks = forge.play(act)
    assert marks == [None] * 3
    assert cursors == {began}
    assert watermarks == {began - LAG}


def test_below_the_reserve_history_waits_and_polls_go_on(forge, world):
    """5,000 points an hour, half of them reserved, 2,000 left: polls may go on down to 1,250."""
    forge.reserve = 0.5
    forge.include = ("acme/a",)
    forge.play(loaded(nothing))
    forge.include = ("acme/a", "acme/c")

    async def act(playing: Playing):
        for bucket in playing.double.limits.buckets.values():
            bucket.used = 3000
        fresh = world.open(home(world, "acme/a"), "ann")
        due = world.now + 60
        playing.double.reset()
        result = await playing.poll(lambda: world.now >= due)
        return (
            result,
            playing.knows(fresh),
            playing.rows()["acme/c"].state,
            [q for q in playing.searched() if "acme/c" in q],
        )

    assert forge.play(act) == ("success", True, "loading", [])


def test_a_limit_met_while_loading_is_no_failure_of_what_was_polled(forge, world):
    many(world)
    forge.include = ("acme/a",)
    forge.play(loaded(nothing))
    forge.include = ("acme/a", "acme/c")

    async def act(playing: Playing):
        limited = lambda asked: "acme/c" in str(asked.variables)  # noqa: E731
        playing.double.fail("secondary", times=1, after=3000, when=limited)
        due = world.now + 60
        result = await playing.poll(lambda: world.now >= due)
        states = {name: row.state for name, row in playing.rows().items()}
        world.now += 3000
        await playing.load()
        return result, states, playing.errors("secondary_limited")

    result, states, errors = forge.play(act)
    assert (result, states, errors) == ("success", {"acme/a": "ok", "acme/c": "loading"}, 1)


def test_a_long_limit_ends_a_pass_at_once_and_sends_nothing_until_it_is_over(forge, world):
    async def act(playing: Playing):
        playing.double.fail("secondary", times=1, after=1000)
        for _ in range(3):
            with pytest.raises(SecondaryLimited):
                await playing.poll(after=60)
        sent, states = len(playing.asked()), {row.reason for row in playing.rows().values()}
        fresh = world.open(home(world, "acme/a"), "ann")
        await playing.poll(after=1000)
        return sent, states, playing.knows(fresh)

    assert forge.play(loaded(act)) == (1, {"secondary_limited"}, True)


def test_a_spent_primary_limit_is_waited_for_until_its_reset(forge, world):
    async def act(playing: Playing):
        playing.double.fail("primary", times=1, reset=world.now + 60 + 2000)
        with pytest.raises(RateLimited):
            await playing.poll(after=60)
        waits = playing.lanes[0].limits.wait()
        await playing.poll(after=2001)
        return waits

    assert forge.play(loaded(act)) == 2000


# --- files ---


def test_files_are_read_before_the_watermark_passes_their_merge(forge, world):
    async def act(playing: Playing):
        pull = world.open(home(world, "acme/a"), "ann", files=[("a.py", 7, 1)])
        world.merge(pull, at=world.now + 10)
        merged, seen = world.now + 10, []
        for _ in range(8):
            await playing.poll(after=60)
            seen.append((playing.knows(pull, "files"), playing.rows()["acme/a"].watermark >= merged))
        return seen

    seen = forge.play(loaded(act))
    assert (False, True) not in seen
    assert seen[0] == (False, False), "they wait for company"
    assert seen[-1] == (True, True)


def test_files_that_cannot_be_read_hold_their_repository_and_no_other(forge, world):
    async def act(playing: Playing):
        pull = world.open(home(world, "acme/a"), "ann")
        world.merge(pull)
        playing.double.fail("null_node", times=None, when=lambda asked: asked.variables.get("ids") == [pull.id])
        await playing.poll(after=10 * MINUTE)
        rows = playing.rows()
        return rows["acme/a"].reason, rows["acme/a"].watermark < pull.merged < rows["acme/b"].watermark

    assert forge.play(loaded(act)) == ("partial_answer", True)


def test_files_that_can_never_be_read_are_given_up_and_counted(forge, world):
    """After five passes that tried; the repository goes on, and the change is counted without a size."""

    async def act(playing: Playing):
        pull = world.open(home(world, "acme/a"), "ann")
        world.merge(pull)
        playing.double.fail("status", times=None, code=502, when="Files")
        passes = 0
        while playing.rows()["acme/a"].watermark < pull.merged:
            await playing.poll(after=10 * MINUTE)
            passes += 1
            assert passes < 40
        await playing.poll(after=60)
        metrics = playing.observed(pull)
        return playing.health.truncated["forge", "changes"], playing.rows()["acme/a"].state, metrics

    truncated, state, metrics = forge.play(loaded(act))
    assert (truncated, state) == (1, "ok")
    assert "sdlc_changes_merged_total" in metrics
    assert "sdlc_change_size_lines" not in metrics


def test_one_change_whose_files_spoil_an_answer_does_not_spoil_the_others_for_ever(forge, world):
    """The answer is garbage whenever that change is in it; then all are asked for alone."""

    async def act(playing: Playing):
        pulls = [world.open(home(world, "acme/b"), "ann") for _ in range(4)]
        for pull in pulls:
            world.merge(pull)
        playing.double.fail("html", times=None, when=lambda asked: pulls[1].id in asked.variables.get("ids", ()))
        for _ in range(6):
            await playing.poll(after=10 * MINUTE)
        return [playing.knows(pull, "files") for pull in pulls]

    assert forge.play(loaded(act)) == [True, False, True, True]


# --- repositories that come and go ---


def test_a_repository_that_was_hidden_and_comes_back_brings_all_that_happened(forge, world):
    """Search is silent about it before anybody notices, so it is read again since it was last seen."""
    one = home(world, "acme/a")

    async def act(playing: Playing):
        await playing.poll(after=HOUR)
        one.hidden = True
        fresh = world.open(one, "ann")
        await playing.poll(after=30 * MINUTE)
        passed = playing.rows()["acme/a"].watermark > fresh.created
        await playing.poll(after=HOUR)
        gone = playing.rows()["acme/a"].state
        one.hidden = False
        await playing.poll(after=HOUR)
        return passed, gone, playing.rows()["acme/a"].state, playing.knows(fresh)

    assert forge.play(loaded(act)) == (True, "gone", "ok", True)


def test_a_repository_renamed_while_its_history_loads_begins_anew(forge, world):
    pulls = many(world)
    forge.include = ("acme/c",)

    async def act(playing: Playing):
        turns = iter([False] * 3)
        await playing.poll(lambda: next(turns, True))
        world.rename(home(world, "acme/c"), "acme/z")
        turns = iter([False] * 3)
        await playing.poll(lambda: next(turns, True), after=60)
        world.now += HOUR
        await playing.load()
        return sum(playing.knows(pull) for pull in pulls), playing.rows()["acme/z"].state

    assert forge.play(act) == (400, "ok")


def test_a_repository_that_is_newly_included_is_loaded_while_the_others_are_polled(forge, world):
    forge.include = ("acme/a",)
    forge.play(loaded(nothing))
    forge.include = ("acme/a", "acme/b")

    async def act(playing: Playing):
        before = playing.rows()["acme/a"].cursor
        await playing.poll(lambda: False, after=60)
        rows = playing.rows()
        return rows["acme/a"].cursor - before, rows["acme/b"].state, rows["acme/b"].watermark

    moved, state, watermark = forge.play(act)
    assert (moved, state) == (60, "ok")
    assert watermark == world.now - LAG


def test_an_owner_that_is_not_found_any_more_is_held_and_hurts_no_other(forge, world):
    """The organisation was renamed; search for its old name would be silent."""
    forge.include = ("acme/*", "beta/*")

    async def act(playing: Playing):
        await playing.poll(after=HOUR)
        seen = world.now
        world.rename(home(world, "beta/d"), "gamma/d")
        fresh = [world.open(home(world, name), "ann") for name in ("acme/a", "gamma/d")]
        await playing.poll(after=30 * MINUTE)
        result = await playing.poll(after=40 * MINUTE)
        rows = playing.rows()
        return seen, result, rows["beta/d"], rows["acme/a"].state, [playing.knows(pull) for pull in fresh]

    seen, result, row, other, known = forge.play(loaded(act))
    assert (result, other, known) == ("partial", "ok", [True, False])
    assert (row.state, row.reason) == ("failing", "not_found")
    assert row.cursor <= seen, "it is read again since it was last seen"
    forge.include = ("acme/*", "gamma/*")

    async def mended(playing: Playing):
        result = await playing.poll(after=60)
        return result, [
            pull for pull in world.pulls.values() if pull.repository.id == "R_d" and not playing.knows(pull)
        ]

    assert forge.play(mended) == ("success", [])


def test_a_look_for_repositories_that_fails_does_not_stop_the_polls(forge, world):
    async def act(playing: Playing):
        playing.double.fail("status", times=None, code=502, when="Owner")
        fresh = world.open(home(world, "acme/a"), "ann")
        result = await playing.poll(after=2 * HOUR)
        return result, playing.knows(fresh), {row.state for row in playing.rows().values()}

    assert forge.play(loaded(act)) == ("partial", True, {"ok"})


def test_a_look_that_failed_is_repeated_after_five_minutes_and_not_in_every_pass(forge):
    async def act(playing: Playing):
        playing.double.fail("status", times=None, code=502, when="Owner")
        playing.world.now += HOUR
        looks = []
        for _ in range(8):
            playing.double.reset()
            await playing.poll(after=60)
            looks.append("Owner" in playing.asked())
        return looks

    looks = forge.play(loaded(act))
    assert looks[0]
    assert looks[1:].count(True) == 1


# --- several credentials ---


def test_a_credential_that_fails_leaves_the_others_at_work(forge, world):
    forge.include = ("acme/*", "beta/*")
    forge.owners = (frozenset({"acme"}), frozenset({"beta"}))

    async def act(playing: Playing):
        playing.double.fail(
            "forbidden", times=None, when=lambda asked: "acme" in str(asked.variables) or "R_a" in str(asked.variables)
        )
        fresh = world.open(home(world, "beta/d"), "ann")
        result = await playing.poll(after=60)
        return result, playing.knows(fresh), {name: (row.state, row.reason) for name, row in playing.rows().items()}

    result, known, states = forge.play(loaded(act))
    assert (result, known) == ("partial", True)
    assert states == dict.fromkeys(("acme/a", "acme/b", "acme/c"), ("failing", "refused")) | {"beta/d": ("ok", "")}


def test_a_credential_that_is_limited_for_an_hour_does_not_hold_up_the_others(forge, world):
    forge.include = ("acme/*", "beta/*")
    forge.owners = (frozenset({"acme"}), frozenset({"beta"}))

    async def act(playing: Playing):
        playing.lanes[0].limits.refused(SecondaryLimited("slow down", after=3600))
        began = world.now
        fresh = world.open(home(world, "beta/d"), "ann")
        await playing.poll(after=60)
        return world.now - began, playing.knows(fresh), playing.rows()["acme/a"].reason

    assert forge.play(loaded(act)) == (60, True, "secondary_limited")


def test_a_repository_nobody_answers_for_says_so(forge, world):
    """It was transferred to an owner where the app is not installed, and no look has noticed yet."""
    forge.include = ("acme/*", "beta/*")
    forge.owners = (frozenset({"acme"}), frozenset({"beta"}))

    async def act(playing: Playing):
        playing.lanes.pop()
        playing.source.finder.here.pop()
        result = await playing.poll(after=60)
        return result, playing.rows()["beta/d"].reason, playing.rows()["acme/a"].state

    assert forge.play(loaded(act)) == ("partial", "refused", "ok")


def test_a_repository_that_fails_alone_is_told_in_the_log_once_and_once_when_it_is_read_again(forge, world, caplog):
    async def act(playing: Playing):
        world.open(home(world, "acme/b"), "ann", at=world.now + HOUR)
        fault = playing.double.fail("null_repository", times=None, repository="R_b", kind="FORBIDDEN")
        for _ in range(3):
            await playing.poll(after=2 * HOUR)
        playing.double.faults.remove(fault)
        for _ in range(2):
            await playing.poll(after=2 * HOUR)

    forge.play(loaded(act))
    told = [record.getMessage() for record in caplog.records if record.name == "exporter.runtime.reading"]
    assert told == ["forge: acme/b cannot be read: not_found", "forge: acme/b is read again"]


# --- the nightly count ---


def test_once_a_day_a_change_that_was_never_seen_is_found_and_read(forge, world):
    """Search never knew of it until the day after; the count does, even across restarts."""
    forge.play(loaded(nothing))
    lost = world.open(home(world, "acme/a"), "ann", at=world.now - 2 * HOUR)
    world.now += DAY

    async def act(playing: Playing):
        await playing.poll(lambda: False)
        before = playing.errors("count_mismatch")
        await playing.poll(lambda: False, after=60)
        return before, playing.knows(lost), playing.rows()["acme/a"].state

    assert forge.play(act) == (1, True, "ok")


def test_a_count_that_does_not_come_true_is_told_once(forge, world):
    """The forge counts a change it never shows: its history is read once more and not every night."""
    ghost = world.open(home(world, "acme/a"), "ann", at=NOW - 5 * DAY)
    forge.play(loaded(nothing))

    async def act(playing: Playing):
        row = playing.rows()["acme/a"]
        playing.store._db.execute(
            "DELETE FROM event WHERE subject = (SELECT id FROM subject WHERE key = ?)", (ghost.id,)
        )
        playing.store._db.execute("DELETE FROM subject WHERE key = ?", (ghost.id,))
        ghost.indexed = None
        counted = []
        for _ in range(3):
            await playing.poll(lambda: False, after=DAY)
            counted.append(playing.errors("count_mismatch"))
        return row.state, counted

    state, counted = forge.play(act)
    assert state == "ok"
    assert counted[-1] <= 1


def test_a_count_that_fails_fails_no_poll(forge):
    async def act(playing: Playing):
        playing.double.fail("forbidden", times=None, when="Counts")
        result = await playing.poll(after=DAY + 1)
        return result, playing.errors("refused"), {row.state for row in playing.rows().values()}

    assert forge.play(loaded(act)) == ("success", 1, {"ok"})


def test_a_repository_that_fails_in_the_poll_before_the_count_is_not_counted(forge, world):
    """What it lacks after a day without polls is what that poll could not read, and no reason to load it anew."""

    async def act(playing: Playing):
        fresh = world.open(home(world, "acme/b"), "ann", at=world.now + HOUR)
        playing.double.fail("null_repository", times=None, repository="R_b", kind="FORBIDDEN")
        await playing.poll(after=DAY + HOUR)
        row = playing.rows()["acme/b"]
        return playing.knows(fresh), row.state, playing.errors("count_mismatch"), row.cursor is None

    assert forge.play(loaded(act)) == (False, "failing", 0, False)


def test_an_outage_of_everything_is_over_when_it_is_over(forge, world):
    async def act(playing: Playing):
        before = {name: row.watermark for name, row in playing.rows().items()}
        playing.double.fail("status", times=None, code=503)
        fresh = world.open(home(world, "acme/a"), "ann")
        for _ in range(3):
            with pytest.raises(ServerError):
                await playing.poll(after=HOUR)
        during = {name: row.watermark for name, row in playing.rows().items()}
        playing.double.heal()
        result = await playing.poll(after=HOUR)
        return before == during, result, playing.knows(fresh)

    assert forge.play(loaded(act)) == (True, "success", True)
