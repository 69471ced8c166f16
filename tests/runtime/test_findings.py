"""Findings read from the double: one list for an organisation, a question for each new alert, and what goes wrong."""

import pytest

from exporter.measures.findings import FINDINGS
from exporter.model import Found, Judged, Stream, Thing
from tests.double import serve
from tests.double.world import World
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge

NOW = 1_750_000_000
LIST, PLACES = "/orgs/acme/code-scanning/alerts", "/instances"
DEPENDENCIES = "/orgs/acme/dependabot/alerts"


@pytest.fixture
def world():
    made = World(NOW)
    for name in ("acme/a", "acme/b", "acme/c"):
        made.add_repository(name, id=f"R_{name[-1]}")
    return made


@pytest.fixture
def double(world):
    with serve(world, fast=True) as served:
        yield served


@pytest.fixture
def forge(double, tmp_path):
    return Forge(double, tmp_path, streams=("findings",))


def home(world, letter):
    return world.names[f"acme/{letter}"]


def merged(world, letter, opened, closed):
    """A change opened and merged so many seconds ago; what is to come is merged by the test."""
    pull = world.open(home(world, letter), at=NOW - opened)
    if closed is not None:
        world.merge(pull, at=NOW - closed)
    return pull


def told(playing, letter):
    return playing.facts(f"acme/{letter}", Thing.FINDING)


def stream(playing, letter):
    return playing.rows(Stream.FINDINGS)[f"acme/{letter}"]


def asked(playing):
    """How often lists and places were asked for since the double forgot them, and how many lists had not changed."""
    lists = [each for each in playing.double.requests if each.path == LIST]
    places = [each for each in playing.double.requests if each.path.endswith(PLACES)]
    return len(lists), sum(each.status == 304 for each in lists), len(places)


def counted(playing):
    """Labels and values of what the ledger holds of findings."""
    return [(each.labels, each.value) for each in playing.store.ledger() if each.metric == FINDINGS.name]


def test_history_is_one_list_of_an_organisation_and_a_question_for_each_alert(forge, world):
    """Two alerts, one of them a false positive; what was found 61 days ago is of no use to 30 days of history."""
    pull = merged(world, "a", 20 * DAY, 19 * DAY)
    world.scanning.found(home(world, "a"), on=[pull], at=NOW - 20 * DAY + HOUR)
    wrong = world.scanning.found(home(world, "b"), sha="f" * 40, at=NOW - 9 * DAY)
    world.scanning.dismiss(wrong, at=NOW - 8 * DAY)
    world.scanning.found(home(world, "c"), sha="f" * 40, at=NOW - 61 * DAY)

    async def act(playing):
        await playing.load()
        assert asked(playing) == (1, 0, 2)
        assert {type(each) for each in told(playing, "a")["code:1"].values()} == {Found}
        assert told(playing, "a")["code:1"]["found"].changes == (pull.number,)
        assert {type(each) for each in told(playing, "b")["code:1"].values()} == {Found, Judged}
        assert told(playing, "c") == {}
        assert counted(playing) == [(("unmarked", "high"), 1)]
        assert {stream(playing, letter).state for letter in "abc"} == {"ok"}

    forge.play(act)


def test_an_organisation_in_which_nothing_happens_costs_one_request_that_is_not_counted(forge, world):
    """The list has not changed, which costs nothing of the rate limit; a new alert costs one more."""
    world.scanning.found(home(world, "a"), sha="f" * 40, at=NOW - DAY)

    async def act(playing):
        await playing.load()
        await playing.poll(after=10 * MINUTE)
        playing.double.reset()
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == (1, 1, 0)
        world.scanning.found(home(world, "b"), sha="e" * 40, at=world.now + MINUTE)
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == (2, 1, 1)
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == (3, 2, 1), "its places are asked for once"
        assert stream(playing, "a").watermark == stream(playing, "c").watermark == world.now - 5 * MINUTE

    forge.play(act)


def test_what_is_merged_long_after_it_was_found_is_seen_within_a_day(forge, world):
    """It comes into the list with an old date; 102 alerts that are younger stand before it."""
    pull = merged(world, "a", 9 * DAY, None)
    world.scanning.found(home(world, "a"), on=[pull], at=NOW - 8 * DAY)
    for number in range(102):
        world.scanning.found(home(world, "b"), sha="f" * 40, at=NOW - 2 * DAY + number)

    async def act(playing):
        await playing.load()
        await playing.poll(after=10 * MINUTE)
        assert told(playing, "a") == {}
        world.merge(pull, at=world.now + 1)
        await playing.poll(after=10 * MINUTE)
        assert told(playing, "a") == {}, "polls look at what was updated since"
        await playing.poll(after=DAY)
        assert list(told(playing, "a")) == ["code:1"]
        await playing.poll(after=5 * DAY)
        assert counted(playing) == []
        await playing.poll(after=2 * DAY)
        assert counted(playing) == [(("unmarked", "high"), 1)]

    forge.play(act)


def test_a_dismissal_and_its_taking_back_are_read_from_the_list_alone(forge, world):
    pull = merged(world, "a", 2 * DAY, DAY)
    alert = world.scanning.found(home(world, "a"), on=[pull], at=NOW - 2 * DAY)

    async def act(playing):
        await playing.load()
        await playing.poll(after=10 * MINUTE)
        playing.double.reset()
        world.scanning.dismiss(alert, at=world.now + MINUTE)
        await playing.poll(after=10 * MINUTE)
        world.scanning.reopen(alert, at=world.now + MINUTE)
        await playing.poll(after=10 * MINUTE)
        judged = [each for each in told(playing, "a")["code:1"].values() if isinstance(each, Judged)]
        assert [each.wrong for each in sorted(judged, key=lambda each: each.at)] == [True, False]
        assert asked(playing)[2] == 0
        await playing.poll(after=7 * DAY)
        assert counted(playing) == [(("unmarked", "high"), 1)]

    forge.play(act)


def test_a_history_that_made_way_is_taken_up_where_it_was(forge, world):
    """Of 250 alerts no page and no place is asked for twice, though each pass reads one."""
    for number in range(250):
        world.scanning.found(home(world, "a"), sha="f" * 40, at=NOW - DAY + number)

    async def act(playing):
        for _ in range(400):
            await playing.poll(after=1)
            if not await playing.source.loading():
                break
        assert len(told(playing, "a")) == 250
        assert asked(playing) == (3, 0, 250)

    forge.play(act)


def refuse(double):
    double.deny("security_events")


def switch_off(double):
    double.world.scanning.off.add("acme")


@pytest.mark.parametrize(("shut", "reason"), [(refuse, "refused"), (switch_off, "not_found")])
def test_where_it_may_not_be_read_or_is_not_there_the_stream_fails_alone(forge, world, double, shut, reason):
    """Not available is no zero: the stream fails by itself, and is read once it can be."""
    pull = merged(world, "a", 20 * DAY, 19 * DAY)
    world.scanning.found(home(world, "a"), on=[pull], at=NOW - 20 * DAY)
    shut(double)

    async def act(playing):
        for _ in range(3):
            await playing.poll(lambda: False, after=MINUTE)
        assert playing.knows(pull)
        row = stream(playing, "a")
        assert (row.state, row.reason, row.watermark) == ("failing", reason, None)
        assert playing.rows()["acme/a"].state == "ok"
        assert any("code scanning" in each.message for each in playing.health.recent)
        assert counted(playing) == []
        double.deny()
        world.scanning.off.clear()
        for _ in range(6):
            await playing.poll(lambda: False, after=5 * MINUTE)
        assert stream(playing, "a").state == "ok"
        assert counted(playing) == [(("unmarked", "high"), 1)]

    forge.play(act)


def test_an_owner_without_code_scanning_holds_up_no_other(forge, world):
    """A person's repositories have no list; the organisation's are read."""
    forge.include = ("acme/*", "ann/*")
    world.add_repository("ann/notes", id="R_n")
    world.scanning.off.add("ann")

    async def act(playing):
        for _ in range(3):
            await playing.poll(lambda: False, after=10 * MINUTE)
        rows = playing.rows(Stream.FINDINGS)
        assert (rows["ann/notes"].state, rows["ann/notes"].reason) == ("failing", "not_found")
        assert rows["acme/a"].watermark == world.now - 5 * MINUTE

    forge.play(act)


def test_an_alert_whose_places_cannot_be_had_holds_its_repository_alone(forge, world, double):
    async def act(playing):
        await playing.load()
        await playing.poll(after=10 * MINUTE)
        before = stream(playing, "a").watermark
        world.scanning.found(home(world, "a"), sha="f" * 40, at=world.now)
        fault = double.fail("html", None, lambda asked: asked.path.endswith(PLACES))
        await playing.poll(after=10 * MINUTE)
        assert (stream(playing, "a").state, stream(playing, "a").watermark) == ("failing", before)
        assert (stream(playing, "b").state, stream(playing, "b").watermark) == ("ok", before + 10 * MINUTE)
        double.faults.remove(fault)
        for _ in range(3):
            await playing.poll(after=10 * MINUTE)
        assert stream(playing, "a").state == "ok"
        assert list(told(playing, "a")) == ["code:1"]

    forge.play(act)


@pytest.mark.parametrize(("fault", "how"), [("html", {}), ("status", {"code": 502}), ("unauthorised", {})])
def test_a_list_that_cannot_be_read_costs_time_and_no_alert(forge, world, double, fault, how):
    async def act(playing):
        await playing.load()
        world.scanning.found(home(world, "a"), sha="f" * 40, at=world.now)
        broken = double.fail(fault, None, lambda asked: asked.path == LIST, **how)
        await playing.poll(after=10 * MINUTE)
        assert stream(playing, "a").state == "failing"
        double.faults.remove(broken)
        for _ in range(4):
            await playing.poll(after=10 * MINUTE)
        assert stream(playing, "a").state == "ok"
        assert list(told(playing, "a")) == ["code:1"]

    forge.play(act)


def test_a_process_that_begins_anew_asks_for_no_place_it_knows(forge, world):
    world.scanning.found(home(world, "a"), sha="f" * 40, at=NOW - DAY)

    async def first(playing):
        await playing.load()

    async def second(playing):
        playing.double.reset()
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == (1, 0, 0)

    forge.play(first)
    forge.play(second)


# --- vulnerable dependencies ---


@pytest.fixture
def with_dependencies(forge):
    forge.more = {"findings": ("code_scanning", "dependabot")}
    return forge


def test_a_vulnerable_dependency_is_the_changes_that_changed_its_file_and_takes_no_further_question(
    with_dependencies, world
):
    """Merged 20 days ago and told of two minutes later; what only became known as vulnerable came with no change."""
    pull = merged(world, "a", 21 * DAY, 20 * DAY)
    pull.files = [("go.sum", 3, 1), ("a.go", 1, 1)]
    world.scanning.vulnerable(home(world, "a"), "go.sum", at=NOW - 20 * DAY + 120)
    world.scanning.vulnerable(home(world, "b"), "go.sum", published=NOW - 20 * DAY, at=NOW - 20 * DAY + 120)

    async def act(playing):
        await playing.load()
        assert asked(playing) == (1, 0, 0)
        assert playing.double.count(DEPENDENCIES) == 1
        assert list(told(playing, "a")) == ["dependency:1"]
        assert told(playing, "b") == {}
        assert counted(playing) == [(("unmarked", "high"), 1)]
        playing.double.reset()
        await playing.poll(after=10 * MINUTE)
        await playing.poll(after=10 * MINUTE)
        answers = [each.status for each in playing.double.requests if each.path == DEPENDENCIES]
        assert answers == [304, 304]

    with_dependencies.play(act)


def test_of_two_kinds_both_have_to_be_readable(with_dependencies, world, double):
    """The sum of what may be read would pass for all there is."""
    double.deny("vulnerability_alerts")

    async def act(playing):
        for _ in range(2):
            await playing.poll(lambda: False, after=MINUTE)
        assert (stream(playing, "a").state, stream(playing, "a").reason) == ("failing", "refused")
        assert any("Dependabot alerts" in each.message for each in playing.health.recent)

    with_dependencies.play(act)
