"""The stream of workflow runs against the double: what is read when, what it costs, and what becomes of failures."""

import asyncio

import pytest

from exporter.model import Ran, Result, Stream, Thing, Worked
from exporter.runtime import runs
from exporter.runtime.stream import LAG
from tests.double import TOKEN, World, serve
from tests.double.ci import PULL_REQUEST, Between, Job, commit, zipped
from tests.double.facts import Commit
from tests.runtime.polling import DAY, HOUR, MINUTE, Forge

START = 1_750_000_000
FIVE = 5 * MINUTE
RED, GREEN = commit(1), commit(2)
REPORT = zipped({"junit.xml": "<testsuite><testcase classname='a' name='b'><failure/></testcase></testsuite>"})


class Shop:
    """A world with repositories that have CI, served, and a source that reads its runs."""

    def __init__(self, double, folder, names):
        self.double, self.world, self.ci = double, double.world, double.world.ci
        self.homes = [self.world.add_repository(f"acme/{name}") for name in names]
        self.home = self.homes[0]
        self.forge = Forge(double, folder, streams=("runs",))

    def play(self, act):
        return self.forge.play(act)

    def asked(self):
        """What was asked about CI since the double forgot it: the last word of a path, or a document's name."""
        told = []
        for one in self.double.requests:
            words = one.path.strip("/").split("/")
            if one.operation in ("Stirred", "Suites", "MoreJobs"):
                told.append(one.operation)
            elif words[0] in ("repos", "signed"):
                told.append(next(word for word in reversed(words) if not word.isdigit()).split("...")[0][:9])
        return told


@pytest.fixture
def shop(tmp_path):
    with serve(World(START), clock="world") as double:
        yield Shop(double, tmp_path, ["shop"])


@pytest.fixture
def hundred(tmp_path):
    with serve(World(START), fast=True, clock="world") as double:
        yield Shop(double, tmp_path, [f"service-{number}" for number in range(100)])


def fact(playing, name, run, key):
    return playing.facts(name, Thing.RUN).get(run.key, {}).get(key)


def worked(playing, name):
    lines = playing.facts(name, Thing.LINE)
    return {key: each for key, facts in lines.items() for each in facts.values() if isinstance(each, Worked)}


async def whole_poll(playing, after=FIVE):
    playing.world.now += after
    return await playing.source.poll(lambda: False)


# --- what is read ---


def test_a_run_is_known_after_the_poll_that_finds_it_ended_and_the_watermark_waits_for_nothing(shop):
    """It began before one poll and ended before the next: the poll between them tells nothing."""

    async def act(playing):
        await playing.load()
        run = shop.ci.start(shop.home, RED)
        await whole_poll(playing)
        assert playing.facts("acme/shop", Thing.RUN) == {}
        shop.ci.finish(run, "failure", red=["unit"])
        ended = shop.world.now
        await whole_poll(playing)
        row = playing.rows(Stream.RUNS)["acme/shop"]
        assert row.state == "ok"
        assert row.watermark >= ended
        return fact(playing, "acme/shop", run, f"ran:{run.id}:1"), ended

    ran, ended = shop.play(act)
    assert isinstance(ran, Ran)
    assert (ran.at, ran.result, ran.red, ran.started - ran.asked) == (ended, Result.FAILURE, ("unit",), 60)


def test_an_unfinished_run_is_followed_though_nothing_else_moves_and_across_a_restart(shop):
    """Hours later, with no push and nothing in the window of a poll; the process was another one meanwhile."""

    async def begin(playing):
        await playing.load()
        run = shop.ci.start(shop.home, RED, branch="topic", event=PULL_REQUEST)
        await whole_poll(playing)
        for _ in range(3):
            await whole_poll(playing, HOUR)
        return run

    run = shop.play(begin)

    async def go_on(playing):
        await whole_poll(playing)
        shop.ci.finish(run, at=shop.world.now + MINUTE)
        await whole_poll(playing, 2 * HOUR)
        shop.double.reset()
        await whole_poll(playing)
        return fact(playing, "acme/shop", run, f"ran:{run.id}:1"), playing.store.get("unfinished:1"), shop.asked()

    ran, left, asked = shop.play(go_on)
    assert ran is not None
    assert left == ""
    assert asked == ["Stirred"], "once it ended, it is not asked for any more"


def test_a_run_that_waits_longer_is_found_when_all_are_looked_at(shop):
    """Its deployment was approved two days after; for a day it had the repository read in every poll."""

    async def act(playing):
        run = shop.ci.start(shop.home, RED, branch="topic", event="release", status="waiting")
        await playing.load()
        await whole_poll(playing)
        await whole_poll(playing, 30 * HOUR)
        await whole_poll(playing)
        shop.double.reset()
        await whole_poll(playing)
        assert shop.asked() == ["Stirred"]
        shop.ci.finish(run)
        await whole_poll(playing, 25 * HOUR)
        return fact(playing, "acme/shop", run, f"ran:{run.id}:1")

    assert shop.play(act) is not None


def test_a_run_that_is_repeated_late_is_found_when_all_are_looked_at(shop):
    """Attempt 1 a day and a half ago, attempt 2 now: nothing else moves."""

    async def act(playing):
        run = shop.ci.ran(shop.home, RED, "failure", START - 36 * HOUR, START - 35 * HOUR, red=["unit"], branch="topic")
        await playing.load()
        await whole_poll(playing)
        shop.ci.finish(shop.ci.retry(run), green=["unit"], at=shop.world.now + MINUTE)
        await whole_poll(playing, 25 * HOUR)
        return playing.facts("acme/shop", Thing.RUN)[run.key]

    facts = shop.play(act)
    assert {key: (ran.result, ran.red) for key, ran in facts.items()} == {
        "ran:1001:1": (Result.FAILURE, ("unit",)),
        "ran:1001:2": (Result.SUCCESS, ()),
    }


def test_a_run_that_is_repeated_soon_is_found_in_the_next_poll(shop):
    """It ended and was read 40 minutes ago."""

    async def act(playing):
        await playing.load()
        run = shop.ci.ran(shop.home, RED, "failure", START, START + MINUTE, red=["unit"])
        await whole_poll(playing)
        await whole_poll(playing, 35 * MINUTE)
        shop.ci.finish(shop.ci.retry(run), at=shop.world.now + MINUTE)
        await whole_poll(playing)
        return fact(playing, "acme/shop", run, f"ran:{run.id}:2")

    assert shop.play(act) is not None


def test_a_run_is_not_told_in_part_where_one_of_its_attempts_could_not_be_read(shop):
    """The jobs of the attempt in between would pass for those of the first."""
    shop.double.fail("status", 12, lambda asked: asked.path.endswith("/attempts/2"), code=502)

    async def act(playing):
        run = shop.ci.ran(shop.home, RED, "failure", START - 5 * HOUR, START - 4 * HOUR, red=["lint"])
        shop.ci.finish(shop.ci.retry(run, START - 3 * HOUR), "failure", red=["unit"], at=START - 2 * HOUR)
        shop.ci.finish(shop.ci.retry(run, START - HOUR), at=START)
        await playing.poll(lambda: True)
        assert playing.rows(Stream.RUNS)["acme/shop"].reason == "server_error"
        assert playing.facts("acme/shop", Thing.RUN) == {}
        for _ in range(8):
            await whole_poll(playing)
        return [ran.red for _, ran in sorted(playing.facts("acme/shop", Thing.RUN)[run.key].items())]

    assert shop.play(act) == [("lint",), ("unit",), ()]


def test_a_run_that_nobody_approves_is_not_waited_for_for_long(shop):
    """A stranger's change: after three days it is left, while one that waits for its deployment is kept in mind."""

    async def act(playing):
        stranger = shop.ci.start(shop.home, RED, event=PULL_REQUEST, fork="eve/shop", status="completed")
        stranger.attempts[-1].conclusion = "action_required"
        await playing.load()
        await whole_poll(playing)
        before = playing.store.get("unfinished:1")
        deployment = shop.ci.start(shop.home, GREEN, event="release", status="waiting")
        for _ in range(4):
            await whole_poll(playing, 25 * HOUR)
        return before, playing.store.get("unfinished:1"), str(stranger.created), str(deployment.created)

    before, after, stranger, deployment = shop.play(act)
    assert (before, after) == (stranger, deployment)


def test_all_attempts_of_a_repeated_run_are_told_and_each_earlier_one_is_asked_for_once(shop):
    """Three attempts in the history; a fourth goes on while the third is told, and ends later."""

    async def act(playing):
        run = shop.ci.ran(shop.home, RED, "failure", START - 5 * HOUR, START - 4 * HOUR, red=["unit", "lint"])
        shop.ci.finish(shop.ci.retry(run, START - 3 * HOUR), "failure", red=["unit"], at=START - 2 * HOUR)
        shop.ci.finish(shop.ci.retry(run, START - HOUR), "cancelled", at=START - HOUR + MINUTE)
        shop.ci.retry(run, START - MINUTE)
        await playing.load()
        first = shop.asked()
        assert set(playing.facts("acme/shop", Thing.RUN)[run.key]) == {f"ran:{run.id}:{n}" for n in (1, 2, 3)}
        shop.ci.finish(run, at=shop.world.now + MINUTE)
        shop.double.reset()
        await whole_poll(playing)
        return playing.facts("acme/shop", Thing.RUN)[run.key], first, shop.asked()

    facts, first, later = shop.play(act)
    rans = sorted(facts.values(), key=lambda ran: ran.attempt)
    assert [(ran.attempt, ran.result.value, ran.red) for ran in rans] == [
        (1, "failure", ("lint", "unit")), (2, "failure", ("unit",)), (3, "cancellation", ()), (4, "success", ()),
    ]  # fmt: skip
    assert first.count("attempts") == 3
    assert later == ["Stirred", "runs", "Suites"]


def test_a_run_that_was_deleted_between_two_questions_is_no_error(shop):
    async def act(playing):
        await playing.load()
        run = shop.ci.ran(shop.home, RED, "success", START - HOUR, START)
        shop.double.on_request(
            lambda asked: asked.operation == "Suites" and run.id in shop.ci.runs and shop.ci.delete(run)
        )
        await whole_poll(playing)
        return playing.facts("acme/shop", Thing.RUN), playing.rows(Stream.RUNS)["acme/shop"].state

    assert shop.play(act) == ({}, "ok")


# --- what made it green ---


def mend(shop, repository=None):
    """A commit that mends a test of a repository, as the forge tells what lies between."""
    one = Commit(GREEN, "Mend", START, START, ("Ann", "Ann"), ("ann@example.org",) * 2, "ann")
    shop.ci.differ(repository or shop.home, RED, GREEN, commits=[one], files=[("tests/a.py", 2, 1)])


def test_what_made_a_line_green_is_known_before_the_watermark_passes(shop):
    """Red, then green two hours later on another commit: one comparison, on the line of the month only."""

    async def act(playing):
        shop.ci.ran(shop.home, RED, "failure", START - 3 * HOUR, START - 2 * HOUR, red=["unit"])
        mend(shop)
        await playing.load()
        assert worked(playing, "acme/shop") == {}
        shop.ci.ran(shop.home, GREEN, "success", START, shop.world.now)
        await whole_poll(playing)
        await whole_poll(playing, 25 * HOUR)
        return worked(playing, "acme/shop"), shop.asked().count(RED[:9])

    found, asked = shop.play(act)
    assert asked == 1
    assert list(found) == ["main#2025-06"]
    (told,) = found.values()
    assert (told.base, told.head, told.files, told.whole) == (RED, GREEN, (("tests/a.py", 2, 1),), True)


def test_a_line_of_a_part_of_the_history_is_joined_to_the_part_that_was_read_before(shop):
    """Green three days ago, red eight days ago: they come in two parts of the history, the green one first."""

    async def act(playing):
        shop.ci.ran(shop.home, RED, "failure", START - 8 * DAY, START - 8 * DAY + HOUR, red=["unit"])
        shop.ci.ran(shop.home, GREEN, "success", START - 3 * DAY, START - 3 * DAY + HOUR)
        mend(shop)
        await playing.load()
        return len(worked(playing, "acme/shop"))

    assert shop.play(act) == 1


def test_two_workflows_mended_by_the_same_commits_are_asked_about_once(shop):
    async def act(playing):
        for path in (".github/workflows/ci.yml", ".github/workflows/lint.yml"):
            shop.ci.ran(shop.home, RED, "failure", START - 3 * HOUR, START - 2 * HOUR, red=["x"], path=path)
            shop.ci.ran(shop.home, GREEN, "success", START - HOUR, START, path=path)
        mend(shop)
        await playing.load()
        return len(worked(playing, "acme/shop")), shop.asked().count(RED[:9])

    assert shop.play(act) == (1, 1)


@pytest.mark.parametrize("between", [None, Between(status="diverged")])
def test_commits_that_cannot_be_compared_are_told_so_and_not_asked_for_again(shop, between):
    async def act(playing):
        shop.ci.ran(shop.home, RED, "failure", START - 3 * HOUR, START - 2 * HOUR, red=["x"])
        shop.ci.ran(shop.home, GREEN, "success", START - HOUR, START)
        if between:
            shop.ci.between[shop.home.id, RED, GREEN] = between
        await playing.load()
        await whole_poll(playing)
        return [each.whole for each in worked(playing, "acme/shop").values()], shop.asked().count(RED[:9])

    assert shop.play(act) == ([False], 1)


def test_a_comparison_that_fails_holds_the_repository_three_times_and_is_then_told_as_unknown(shop):
    """A server that cannot make one comparison must not stop a repository for good."""

    async def act(playing):
        await playing.load()
        shop.ci.ran(shop.home, RED, "failure", START, START + MINUTE, red=["x"])
        shop.ci.ran(shop.home, GREEN, "success", START + 2 * MINUTE, START + 3 * MINUTE)
        shop.double.fail("status", None, lambda asked: "/compare/" in asked.path, code=500)
        stood = playing.rows(Stream.RUNS)["acme/shop"].watermark
        states = []
        for _ in range(12):
            await whole_poll(playing)
            row = playing.rows(Stream.RUNS)["acme/shop"]
            states.append((row.state, row.reason, row.watermark > stood))
        return states, worked(playing, "acme/shop")

    states, found = shop.play(act)
    assert states[0] == ("failing", "server_error", False)
    assert states[-1] == ("ok", "", True)
    assert [each.whole for each in found.values()] == [False]


# --- test reports ---


def test_test_reports_are_read_once_and_belong_to_the_attempt_that_uploaded_them(shop):
    async def act(playing):
        await playing.load()
        run = shop.ci.ran(shop.home, RED, "failure", START, START + 10 * MINUTE, red=["unit"])
        shop.ci.upload(run, "junit", REPORT, START + 9 * MINUTE)
        shop.ci.finish(shop.ci.retry(run, START + 20 * MINUTE), at=START + 30 * MINUTE)
        shop.ci.upload(
            run, "junit", zipped({"junit.xml": "<testsuite><testcase name='b'/></testsuite>"}), START + 29 * MINUTE
        )
        await whole_poll(playing, 31 * MINUTE)
        first = shop.asked()
        shop.double.reset()
        await whole_poll(playing)
        await whole_poll(playing, 25 * HOUR)
        facts = playing.facts("acme/shop", Thing.RUN)[run.key]
        return [facts[key] for key in sorted(facts) if key.startswith("tests:")], first, shop.asked()

    tests, first, later = shop.play(act)
    assert [(each.attempt, each.passed, each.failed, each.at) for each in tests] == [
        (1, 0, 1, START + 10 * MINUTE), (2, 1, 0, START + 30 * MINUTE),
    ]  # fmt: skip
    assert (first.count("zip"), first.count("signed")) == (2, 2)
    assert (later.count("zip"), later.count("signed")) == (0, 0)


def test_the_reports_of_the_past_are_found_page_by_page_and_no_page_is_read_for_every_part(shop):
    """700 runs an hour apart upload 714 artifacts, which are 8 pages, in several parts of the history."""

    async def act(playing):
        for number in range(700):
            at = START - 29 * DAY - HOUR + number * HOUR
            run = shop.ci.ran(shop.home, commit(number), "success", at, at + 600)
            shop.ci.upload(run, "logs", b"", at + 500)
            if number % 50 == 0:
                shop.ci.upload(run, "junit", REPORT, at + 500)
        await playing.load()
        facts = playing.facts("acme/shop", Thing.RUN).values()
        return sum(key.startswith("tests:") for each in facts for key in each), shop.asked()

    known, asked = shop.play(act)
    assert known == 14
    assert 8 <= asked.count("artifacts") <= 16


def test_the_report_of_an_attempt_that_goes_on_waits_for_its_end(shop):
    async def act(playing):
        await playing.load()
        run = shop.ci.ran(shop.home, RED, "failure", START, START + MINUTE, red=["unit"])
        shop.ci.retry(run, START + 2 * MINUTE)
        shop.ci.upload(run, "junit", REPORT, START + 3 * MINUTE)
        await whole_poll(playing)
        before = set(playing.facts("acme/shop", Thing.RUN)[run.key])
        shop.ci.finish(run, "failure", red=["unit"])
        await whole_poll(playing)
        return before, playing.facts("acme/shop", Thing.RUN)[run.key]["tests:5000"].attempt

    assert shop.play(act) == ({"ran:1001:1"}, 2)


def test_where_nobody_uploads_test_reports_that_is_looked_for_once_a_day(shop):
    async def act(playing):
        await playing.load()
        counts = []
        for number in range(3):
            shop.ci.ran(shop.home, commit(number), "success", shop.world.now, shop.world.now + MINUTE)
            await whole_poll(playing)
            counts.append(shop.asked().count("artifacts"))
        await whole_poll(playing, 25 * HOUR)
        return counts, shop.asked().count("artifacts")

    assert shop.play(act) == ([1, 1, 1], 2)


def test_an_archive_that_is_broken_or_gone_holds_nothing(shop):
    async def act(playing):
        await playing.load()
        run = shop.ci.ran(shop.home, RED, "failure", START, START + MINUTE, red=["unit"])
        shop.ci.upload(run, "junit-broken", REPORT[:50], START + MINUTE)
        gone = shop.ci.upload(run, "junit-gone", REPORT, START + MINUTE)
        shop.double.on_request(lambda asked: setattr(gone, "expired", gone.expired or asked.path.endswith("/zip")))
        await whole_poll(playing)
        facts = playing.facts("acme/shop", Thing.RUN)[run.key]
        return {key: facts[key].unread for key in facts if key.startswith("tests:")}, playing.rows(Stream.RUNS)

    tests, rows = shop.play(act)
    assert tests == {"tests:5000": 1}
    assert rows["acme/shop"].state == "ok"


# --- failures ---


def test_a_token_without_the_permission_is_told_what_it_needs_and_the_changes_go_on(shop):
    shop.double.add_token(TOKEN, lacks=frozenset({"actions"}))

    async def act(playing):
        await playing.source.poll(lambda: False)
        said = playing.health.last_error["forge"].message
        return playing.rows()["acme/shop"], playing.rows(Stream.RUNS)["acme/shop"], said

    changes, of_runs, said = shop.play(act)
    assert (changes.state, of_runs.state, of_runs.reason) == ("ok", "failing", "refused")
    assert "needs read access to Actions" in said


def test_a_token_that_may_not_read_checks_is_enough(shop):
    """A fine-grained token has no such permission; jobs are then asked for run by run, and a push is still noticed."""
    shop.double.add_token(TOKEN, lacks=frozenset({"checks"}))

    async def act(playing):
        run = shop.ci.ran(shop.home, RED, "failure", START - HOUR, START, red=["unit"])
        await playing.load()
        await whole_poll(playing)
        shop.double.reset()
        await whole_poll(playing)
        assert shop.asked() == ["Stirred"]
        pushed = shop.ci.ran(shop.home, GREEN, "failure", shop.world.now, shop.world.now + MINUTE, red=["lint"])
        await whole_poll(playing)
        reds = [fact(playing, "acme/shop", each, f"ran:{each.id}:1").red for each in (run, pushed)]
        return reds, playing.rows(Stream.RUNS)["acme/shop"].state, playing.errors("partial_answer"), shop.asked()[1:]

    assert shop.play(act) == ([("unit",), ("lint",)], "ok", 0, ["Stirred", "runs", "Suites", "jobs"])


@pytest.mark.parametrize(
    ("kind", "how", "where"),
    [
        ("status", {"code": 502}, "/actions/runs"),
        ("truncated", {}, "/actions/runs"),
        ("html", {}, "/actions/artifacts"),
        ("status", {"code": 500}, "/zip"),
        ("cut", {}, "/signed/"),
        ("reset", {}, "/attempts/"),
        ("secondary", {"after": 5}, "/compare/"),
        ("status", {"code": 502}, "Suites"),
        ("truncated", {}, "Suites"),
    ],
)
def test_a_fault_that_passes_costs_time_and_no_fact(shop, kind, how, where):
    """One bad answer at each kind of question: in the end everything is known, as if nothing had been."""
    fault = shop.double.fail(kind, 1, lambda asked: where in asked.path or where == asked.operation, **how)

    async def act(playing):
        run = shop.ci.ran(shop.home, RED, "failure", START - 5 * HOUR, START - 4 * HOUR, red=["unit"])
        shop.ci.finish(shop.ci.retry(run, START - 3 * HOUR), "failure", red=["unit"], at=START - 2 * HOUR)
        shop.ci.upload(run, "junit", REPORT, START - 2 * HOUR)
        shop.ci.ran(shop.home, GREEN, "success", START - HOUR, START)
        mend(shop)
        await playing.load()
        facts = playing.facts("acme/shop", Thing.RUN)
        return set(facts[run.key]), len(facts), len(worked(playing, "acme/shop"))

    assert shop.play(act) == ({"ran:1001:1", "ran:1001:2", "tests:5000"}, 2, 1)
    assert fault.met == 1


def test_a_repository_whose_runs_cannot_be_listed_holds_itself_only(tmp_path):
    with serve(World(START), clock="world") as double:
        shop = Shop(double, tmp_path, ["shop", "pay"])
        double.fail("status", None, lambda asked: "/acme/pay/" in asked.path, code=502)

        async def act(playing):
            run = shop.ci.ran(shop.home, RED, "success", START - HOUR, START)
            for _ in range(10):
                await playing.source.poll(lambda: False)
            rows = playing.rows(Stream.RUNS)
            return rows["acme/shop"], rows["acme/pay"], fact(playing, "acme/shop", run, "ran:1001:1")

        fine, held, ran = shop.play(act)
    assert (fine.state, held.state, held.reason) == ("ok", "failing", "server_error")
    assert ran is not None


@pytest.mark.parametrize("left_at", range(1, 14))
def test_a_process_that_ends_anywhere_in_a_load_is_followed_by_one_that_reads_the_rest(shop, left_at):
    """It is cut off at each of its requests about CI in turn; the next one knows what an undisturbed one knows."""
    run = shop.ci.ran(shop.home, RED, "failure", START - 5 * HOUR, START - 4 * HOUR, red=["unit"])
    shop.ci.finish(shop.ci.retry(run, START - 3 * HOUR), "failure", red=["unit"], at=START - 2 * HOUR)
    shop.ci.upload(run, "junit", REPORT, START - 2 * HOUR)
    shop.ci.ran(shop.home, GREEN, "success", START - HOUR, START)
    shop.ci.ran(shop.home, commit(9), "success", START - 10 * DAY, START - 10 * DAY + HOUR)
    mend(shop)

    async def killed(playing):
        loop, reached, seen = asyncio.get_running_loop(), asyncio.Event(), []

        def note(asked):
            if "/acme/" in asked.path or asked.path.startswith("/signed") or asked.operation == "Suites":
                seen.append(asked.path)
            if len(seen) == left_at:
                loop.call_soon_threadsafe(reached.set)

        shop.double.on_request(note)
        load, cut_off = asyncio.ensure_future(playing.load()), asyncio.ensure_future(reached.wait())
        await asyncio.wait([load, cut_off], return_when=asyncio.FIRST_COMPLETED)
        shop.double.hooks.clear()
        load.cancel()
        cut_off.cancel()
        await asyncio.gather(load, cut_off, return_exceptions=True)

    async def again(playing):
        await playing.load()
        facts = playing.facts("acme/shop", Thing.RUN)
        return {key for each in facts.values() for key in each}, len(worked(playing, "acme/shop"))

    shop.play(killed)
    assert shop.play(again) == ({"ran:1001:1", "ran:1001:2", "ran:1002:1", "ran:1003:1", "tests:5000"}, 1)


# --- what it costs ---


def test_a_poll_of_a_hundred_idle_repositories_takes_one_request(hundred):
    async def act(playing):
        await playing.load()
        await whole_poll(playing)
        hundred.double.reset()
        await whole_poll(playing)
        rows = playing.rows(Stream.RUNS).values()
        assert {row.watermark for row in rows} == {hundred.world.now - LAG}
        return hundred.asked()

    assert hundred.play(act) == ["Stirred"]


def test_a_poll_takes_two_requests_for_each_repository_that_moved_and_one_for_each_that_was_mended(hundred):
    """Ten repositories with new runs, three of them green again after a red one: 1 + 2 * 10 + 3."""

    async def act(playing):
        for home in hundred.homes[:3]:
            hundred.ci.ran(home, RED, "failure", START - 2 * HOUR, START - HOUR, red=["unit"])
            mend(hundred, home)
        for home in hundred.homes[:10]:
            hundred.ci.ran(home, commit(5), "success", START - 9 * DAY, START - 9 * DAY + HOUR)
        await playing.load()
        await whole_poll(playing)
        for home in hundred.homes[:10]:
            hundred.ci.ran(home, GREEN, "success", hundred.world.now, hundred.world.now + MINUTE)
        hundred.double.reset()
        await whole_poll(playing)
        return hundred.asked()

    asked = hundred.play(act)
    assert {word: asked.count(word) for word in set(asked)} == {"Stirred": 1, "runs": 10, "Suites": 10, RED[:9]: 3}


def test_a_busy_repository_takes_a_page_and_a_question_for_a_hundred_runs(shop):
    """250 runs since the last poll: three pages, three questions about their jobs."""

    async def act(playing):
        await playing.load()
        await whole_poll(playing)
        for number in range(250):
            at = shop.world.now + number
            shop.ci.ran(shop.home, commit(number), "success", at, at + 10, started=at + 1)
        shop.double.reset()
        await whole_poll(playing, 10 * MINUTE)
        return shop.asked(), len(playing.facts("acme/shop", Thing.RUN))

    asked, known = shop.play(act)
    assert known == 250
    assert {word: asked.count(word) for word in set(asked)} == {"Stirred": 1, "runs": 3, "Suites": 3, "artifacts": 1}


def test_a_run_with_many_jobs_takes_one_question_more(shop):
    """120 jobs: fifty, and the rest of them with those of other runs."""

    async def act(playing):
        await playing.load()
        at = shop.world.now
        jobs = [Job(f"shard {number}", 1, at + 10, at + 20, "success") for number in range(120)]
        shop.ci.ran(shop.home, RED, "success", at, at + 20, jobs=jobs)
        shop.double.reset()
        await whole_poll(playing)
        return shop.asked()

    assert shop.play(act) == ["Stirred", "runs", "Suites", "MoreJobs", "artifacts"]


def test_history_is_loaded_by_the_hundred(shop):
    """600 runs in thirty days: at most 40 requests, of which none is about a single run."""

    async def act(playing):
        for number in range(600):
            at = START - 30 * DAY + 2 * HOUR + number * HOUR
            shop.ci.ran(shop.home, commit(number), "success", at, at + 600)
        await playing.load()
        return shop.asked(), len(playing.facts("acme/shop", Thing.RUN))

    asked, known = shop.play(act)
    assert known == 600
    assert set(asked) == {"runs", "Suites", "artifacts"}
    assert len(asked) <= 20


def test_looks_are_once_a_day():
    """What the tests above count on."""
    assert (runs.LOOK_EVERY, runs.RECENT, runs.LOOK_BACK) == (DAY, DAY, 3 * DAY)
