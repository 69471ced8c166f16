"""The pretend organisation told by GitHub's double, as its story happens, is the one that tells of itself."""

import asyncio
import re
from itertools import chain
from pathlib import Path

import pytest

from exporter import wiring
from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.config import Config
from exporter.demo import Organisation
from exporter.model import (
    Actor,
    BaseChanged,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    Fact,
    FilesChanged,
    Merged,
    Opened,
    Pushed,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Subject,
    Thing,
    Told,
    Verdict,
)
from exporter.once import snapshot_at
from exporter.runtime.demo_source import DemoSource
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader
from exporter.store.sqlite import SqliteStore
from tests.busy import at_work, configuration, read
from tests.double import Account, Double, Team, World, seconds, serve
from tests.double.pretend import Play
from tests.double.view import stamp
from tests.system.processes import apart_from_own

pytestmark = pytest.mark.system

END = seconds("2026-06-25T15:00:00Z")
QUARTER = Organisation(start=END - 90 * DAY)
SOURCE = "made"
STREAMS = ("runs", "deployments", "issues", "findings")
ALERTS = ("code_scanning", "dependabot")


async def through_github(folder: Path, double: Double, play: Play, instants: list[int]) -> list[list[str]]:
    """What the exporter knew of each instant, when it has polled every eleven hours of the last two weeks."""
    config = read(configuration(folder, double, ["acme/*"], f"'{stamp(QUARTER.start)}'", STREAMS, ALERTS))
    async with at_work(double, config) as parts:
        double.on_request(lambda asked: play.until(play.world.now + 1))
        for at in [*range(END - 14 * DAY, END, 11 * HOUR), END]:
            play.until(at)
            assert await parts.source.poll(lambda: False) == "success"
        assert sum(parts.health.errors.values()) == 0
        starts = {SOURCE: QUARTER.start}
        return [business(page(parts.store, parts.health, config, starts, at)) for at in instants]


def page(store: SqliteStore, health: Health, config: Config, starts: dict[str, int], instant: int) -> bytes:
    """What ``once --at`` prints."""
    return snapshot_at(store, health, config, starts, instant).build(float(instant)).text


async def by_itself(config_path: Path, instants: list[int]) -> list[list[str]]:
    """The same, when the organisation tells its story itself."""
    config, desk, health = read(config_path), Desk(), Health()
    store = await desk(SqliteStore, None)
    try:
        books = await desk(wiring.books, store, config)
        reader = Reader(SOURCE, store, desk, health, QUARTER.start)
        await DemoSource(QUARTER, reader, books, lambda: END).poll(lambda: False)
        return [
            business(await desk(page, store, health, config, {SOURCE: QUARTER.start}, instant)) for instant in instants
        ]
    finally:
        await desk.close(5.0)
        store.close()


def business(text: bytes) -> list[str]:
    """The lines of an exposition that do not speak of the exporter, nor of code, which a forge is cloned for."""
    return [line for line in apart_from_own(text.decode()) if not re.search("sdlc_(team_)?code_", line)]


def test_both_ways_give_the_same_numbers(tmp_path: Path) -> None:
    """At the end of a quarter and a week before, line by line: not one family differs."""
    world = World(QUARTER.start)
    told = chain(QUARTER.told(0, END + HOUR), QUARTER.delivered(0, END + HOUR))
    play = Play(world, QUARTER, (each for each in told if each.subject.thing is not Thing.COMMIT))
    instants = [END - 7 * DAY, END - 5 * MINUTE]
    with serve(world, fast=True, clock="world") as double:
        ours = asyncio.run(through_github(tmp_path, double, play, instants))
    theirs = asyncio.run(by_itself(tmp_path / "config.yaml", instants))
    assert [len(lines) > 2000 for lines in ours] == [True, True]
    assert ours[0] != ours[1]
    assert all(any(line.startswith("sdlc_security_findings_total{") for line in lines) for lines in ours)
    assert ours == theirs


HOME, BOT = "demo:R1", Actor("coderabbitai[bot]", bot=True)
KEY = f"{HOME}:7"
STORY = (
    Described("body@10", 10, ("Reverts acme/pay-api#1",)),
    Committed("commit:c1", 10, "c1", 4, ("Claude", "ann"), ("n@a.c", "a@a.c"), "", ("Made-with: Cursor",)),
    ReviewRequested("asked", 11, "bob"),
    ReviewRequested("asked too", 12, "team:acme/pay"),
    Commented("comment", 13, BOT),
    Ready("ready", 14),
    Reviewed("review", 15, Actor("bob"), Verdict.APPROVED),
    Pushed("push", 16),
    Dismissed("dismissal", 17, "review"),
    BaseChanged("base", 18, "next"),
    Described("body@19", 19, ("Made-with: Cursor",)),
    Closed("closed", 20),
    Reopened("reopened", 21),
    Reviewed("another", 22, BOT, Verdict.COMMENTED),
    Merged("merged", 23, "abc"),
    Closed("closed again", 23),
    FilesChanged("files", 23, (("a.py", 3, 1),)),
)


def played(*events: Fact, until: int = 1000) -> World:
    """A world in which one change has had these facts, as far as they are not later than ``until``."""
    world = World(0)
    told = Told(Subject(HOME, KEY, 7), (Opened("opened", 10, Actor("ann"), True, "topic", "main"), *events))
    Play(world, Organisation(start=0, repositories=2), [told]).until(until)
    return world


def test_all_that_a_story_may_tell_happens_in_the_world() -> None:
    pull = played(*STORY).pulls[KEY]
    home = pull.repository
    assert (home.id, home.name, pull.number, home.topics) == (HOME, "acme/pay-api", 7, ("pay",))
    assert (pull.created, pull.merged, pull.merge_sha, pull.state) == (10, 23, "abc", "merged")
    assert (pull.body, pull.edited, pull.base, pull.draft) == ("Made-with: Cursor", 19, "next", False)
    assert pull.files == [("a.py", 3, 1)]
    assert [(item.at, item.kind) for item in pull.items] == [
        (10, "PullRequestCommit"),
        (11, "ReviewRequestedEvent"),
        (12, "ReviewRequestedEvent"),
        (13, "IssueComment"),
        (14, "ReadyForReviewEvent"),
        (15, "PullRequestReview"),
        (16, "HeadRefForcePushedEvent"),
        (17, "ReviewDismissedEvent"),
        (18, "BaseRefChangedEvent"),
        (20, "ClosedEvent"),
        (21, "ReopenedEvent"),
        (22, "PullRequestReview"),
        (23, "MergedEvent"),
        (23, "ClosedEvent"),
    ]
    commit, bob, team = (pull.items[place].more for place in range(3))
    assert (commit.authored, commit.committed, commit.login, commit.body) == (4, 10, None, "Made-with: Cursor")
    assert (commit.names, commit.emails) == (("Claude", "ann"), ("n@a.c", "a@a.c"))
    assert (bob, team) == (Account("bob"), Team("acme/pay"))
    approval, dismissal = pull.items[5], pull.items[7]
    assert (approval.more, dismissal.more, dismissal.before) == ("DISMISSED", approval, "APPROVED")
    assert pull.items[11].actor == Account("coderabbitai", "Bot")


def test_what_is_to_come_has_not_happened() -> None:
    """A draft of second 10 that becomes ready at 14 and a draft again at 15, seen at 13 and at 15."""
    events = (Ready("ready", 14), Drafted("draft", 15), Merged("merged", 30, "abc"))
    before, after = (played(*events, until=second) for second in (13, 15))
    assert [before.now, after.now] == [13, 15]
    assert [len(before.pulls[KEY].items), len(after.pulls[KEY].items)] == [0, 2]
    assert after.pulls[KEY].draft
    assert after.pulls[KEY].state == "open"
    assert not played(*events, until=9).pulls


def test_an_edit_replaces_the_description_of_the_opening() -> None:
    first, then = (played(*STORY, until=second).pulls[KEY] for second in (18, 19))
    assert (first.body, first.edited) == ("Reverts acme/pay-api#1", None)
    assert (then.body, then.edited) == ("Made-with: Cursor", 19)
