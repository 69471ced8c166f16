"""Issues read from the double: history by search, polls by lists, a credential that may not, and what goes away."""

import pytest

from exporter.model import IssueClosed, IssueDescribed, IssueOpened, Labelled, Stream, Thing
from exporter.runtime.issues import Issues
from tests.double import TOKEN, serve, tracker
from tests.double.world import World
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge

NOW = 1_750_000_000


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
    return Forge(double, tmp_path, streams=("issues",))


def home(world, letter):
    return world.names[f"acme/{letter}"]


def told(playing, letter):
    """The kinds of facts of each issue of a repository, by its number."""
    store = playing.store
    row = playing.rows()[f"acme/{letter}"]
    subjects = store.subjects(row.id, open_only=False, thing=Thing.ISSUE)
    return {each.number: {type(event) for event in store.events([each.id])[each.id]} for each in subjects}


def stream(playing, letter):
    """How far the issues of a repository are read."""
    rows = playing.store.repositories("forge", Stream.ISSUES)
    return next(row for row in rows if row.name == f"acme/{letter}")


def asked(playing):
    """How often each question about issues was asked since the double forgot them."""
    names = [each.operation for each in playing.double.requests if each.operation.startswith("Issue")]
    return {name: names.count(name) for name in names}


def test_history_is_searched_for_all_repositories_at_once(forge, world):
    """Three repositories, one question whether they may be read, one search for each part of the history."""
    for letter in "abc":
        issue = tracker.report(world, home(world, letter), "bug", at=NOW - 20 * DAY)
        tracker.close(world, issue, at=NOW - 2 * DAY)

    async def act(playing):
        await playing.load()
        assert {letter: told(playing, letter) for letter in "abc"} == {
            letter: {1: {IssueOpened, IssueDescribed, Labelled, IssueClosed}} for letter in "abc"
        }
        counts = asked(playing)
        assert counts["IssuesSearch"] == counts["IssuesPulse"] <= 3
        assert stream(playing, "a").watermark is not None

    forge.play(act)


def test_an_issue_of_before_the_ledgers_start_that_may_still_be_due_is_read(forge, world):
    """History is 30 days; one opened 55 days ago was due 25 days ago, and one opened 61 days ago is of no use."""
    tracker.report(world, home(world, "a"), "bug", at=NOW - 55 * DAY)
    tracker.report(world, home(world, "b"), "bug", at=NOW - 61 * DAY)

    async def act(playing):
        await playing.load()
        assert (len(told(playing, "a")), len(told(playing, "b"))) == (1, 0)

    forge.play(act)


def test_polls_ask_one_question_and_then_only_for_what_moved(forge, world):
    async def act(playing):
        await playing.load()
        await playing.poll(after=10 * MINUTE)
        playing.double.reset()
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == {"IssuesPulse": 1}
        issue = tracker.report(world, home(world, "b"), "bug", at=world.now + MINUTE)
        await playing.poll(after=10 * MINUTE)
        assert asked(playing) == {"IssuesPulse": 2, "IssuesLatest": 1}
        assert list(told(playing, "b")) == [issue.number]
        assert stream(playing, "a").watermark == stream(playing, "b").watermark == world.now - 5 * MINUTE

    forge.play(act)


def test_a_credential_that_may_not_read_issues_is_told_so_and_reads_changes(forge, world, double):
    """A search would have found none and said nothing."""
    tracker.report(world, home(world, "a"), "bug", at=NOW - DAY)
    pull = world.open(home(world, "a"), at=NOW - DAY)
    double.auth.tokens[TOKEN].lacks = frozenset({"issues"})

    async def act(playing):
        for _ in range(3):
            await playing.poll(lambda: False, after=MINUTE)
        assert playing.knows(pull)
        row = stream(playing, "a")
        assert (row.state, row.reason, row.watermark) == ("failing", "refused", None)
        assert any("read access to issues" in each.message for each in playing.health.recent)
        double.auth.tokens[TOKEN].lacks = frozenset()
        for _ in range(3):
            await playing.poll(lambda: False, after=5 * MINUTE)
        assert stream(playing, "a").state == "ok"
        assert len(told(playing, "a")) == 1

    forge.play(act)


def test_without_search_the_lists_are_read(forge, world, double):
    tracker.report(world, home(world, "a"), "bug", at=NOW - DAY)
    double.fail("no_search", times=None)

    async def act(playing):
        await playing.load()
        assert len(told(playing, "a")) == 1
        assert "IssuesLatest" in asked(playing)

    forge.play(act)


def test_a_history_that_made_way_is_taken_up_where_it_was(forge, world):
    """Of 150 issues the first page is read, then a poll is due; the second page follows, and no page twice."""
    for n in range(150):
        tracker.report(world, home(world, "a"), at=NOW - DAY + n)

    async def act(playing):
        for _ in range(20):
            await playing.poll(after=1)
            if not await playing.source.loading():
                break
        assert len(told(playing, "a")) == 150
        pages = [
            (each.variables["q"], each.variables["after"])
            for each in playing.double.requests
            if each.operation == "IssuesSearch"
        ]
        assert len(pages) == len(set(pages)) > 1

    forge.play(act)


def test_an_issue_that_is_deleted_stays_as_it_was_known_and_breaks_nothing(forge, world):
    issue = tracker.report(world, home(world, "a"), "bug", at=NOW - DAY)

    async def act(playing):
        await playing.load()
        tracker.delete(world, issue)
        assert await playing.poll(after=10 * MINUTE) == "success"
        assert len(told(playing, "a")) == 1
        assert stream(playing, "a").state == "ok"

    forge.play(act)


def test_a_repository_that_fails_alone_holds_only_its_own_issues(forge, world, double):
    async def act(playing):
        await playing.load()
        double.fail("null_repository", times=None, when="IssuesPulse", repository="R_b")
        before = stream(playing, "b").watermark
        await playing.poll(after=HOUR)
        assert (stream(playing, "b").state, stream(playing, "b").watermark) == ("failing", before)
        assert stream(playing, "a").watermark == world.now - 5 * MINUTE
        assert playing.rows()["acme/b"].state == "ok", "its changes are read"

    forge.play(act)


def test_the_issues_wait_for_thirty_days_as_defects_do():
    assert Issues.earlier == 30 * DAY
