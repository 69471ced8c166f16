"""Histories read from real repositories into a real store: whole, in steps, after kills, and when things go wrong."""

import asyncio
import random
import shutil
from functools import partial

import msgspec
import pytest

from exporter.catalogue import exported, load
from exporter.code import branch as branches
from exporter.config.locations import is_glob, name_of
from exporter.errors import ConfigError, NotFound, Refused, StoreFull
from exporter.exposition import Exposition
from exporter.model import Merged, Repository, Stream, Subject, Told
from exporter.runtime import code_source as module
from exporter.runtime import git
from exporter.runtime.books import Books
from exporter.runtime.clone import Place
from exporter.runtime.code_source import LAG, Clones, CodeSource
from exporter.runtime.credentials import TokenFile
from exporter.runtime.git import basic
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader
from exporter.runtime.snapshot import Presentation, Snapshot
from exporter.runtime.whereabouts import AtForge, Located, repositories, web_root
from exporter.store.base import RepositoryRow, RepositoryState
from exporter.store.sqlite import SqliteStore
from tests.code.history import DAY, POLICY, START, History
from tests.code.test_lines import grow, text
from tests.stories import Actor, Opened

CLAUDE = "work\n\nCo-authored-by: Claude <noreply@anthropic.com>\nReviewed-by: Bob <bob@acme.example>"


class At:
    """A clock somebody else moves; days since START, plus what lets the watermark reach the day."""

    def __init__(self, day=0.0):
        self.day = day

    def __call__(self):
        return START + self.day * DAY + LAG


async def desk(function, *args, **kwargs):
    return function(*args, **kwargs)


class Process:
    """One process: store, books, and a source over locations. ``at``: the day it is."""

    def __init__(self, folder, *locations, at=60.0, named=None, start=START, policy=POLICY):
        self.clock = At(at)
        self.store = SqliteStore(folder / "state.db")
        self.books = Books(self.store, load(), policy)
        self.health = Health()
        reader = Reader("local", self.store, desk, self.health, start, Stream.CODE)
        self.where = Located(reader, [str(each) for each in locations], named or {}, clock=self.clock)
        self.source = CodeSource(self.where, Clones(folder / "clones" / "local"), reader, self.books, policy)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def poll(self, at=None, until=lambda: False):
        if at is not None:
            self.clock.day = at
        return asyncio.run(self.source.poll(until))

    def rows(self):
        return {row.name: row for row in self.store.repositories("local", Stream.CODE)}

    def ledger(self):
        """Everything read, whichever repository's id: metric, cause's commit left out, date, labels and value."""
        found = ((row.metric, row.repository, row.at, row.labels, row.value) for row in self.store.ledger())
        return sorted(found)

    def facts(self):
        bodies = self.store._read("SELECT key, event.id, body FROM event JOIN subject ON subject.id = subject")
        return {(key, name): body for key, name, body in bodies}

    def page(self):
        presentation = Presentation(intervals={"local": 60}, first_streams={"local": Stream.CODE})
        snapshot = Snapshot(self.books, self.health, presentation, Exposition(exported()))
        text = snapshot.build(float(self.clock())).text.decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "acme" / "shop")


def code(page):
    """The shares of repositories by name, origin or layer."""
    return {key: value for key, value in page.items() if key.startswith("sdlc_code_") and "_ratio" in key}


def test_the_shares_of_a_history_are_those_counted_by_hand(tmp_path, history):
    """On day 30 everything is older than 14 days and within 28.

    Day 5: 4 lines, and 2 of a test. Day 8: an agent's, 1 line goes and 2 come: 1 of 6 is churn. Day 12: of the agent's
    2 lines 1 goes, another moves: churn is 1 of 2. Touched: 4 + 3 + 1 + 2, and 2 of the test.
    """
    history.commit(5, {"a": text("a", "b", "c", "d"), "test_a.py": text("e", "f")}, "first")
    history.commit(8, {"a": text("a", "b", "c", "g", "h")}, CLAUDE)
    history.commit(12, {"a": text("a", "b", "c"), "b": text("g")}, "third")
    with Process(tmp_path, history.folder, at=30) as process:
        assert process.poll() == "success"
        page = process.page()
    place = 'repository="acme/shop",window="28d"'
    assert code(page) == {
        f'sdlc_code_churn_14d_ratio{{origin="unmarked",{place}}}': 1 / 6,
        f'sdlc_code_churn_14d_ratio{{origin="assisted",{place}}}': 1 / 2,
        f'sdlc_code_duplicated_ratio{{origin="unmarked",{place}}}': 0,
        f'sdlc_code_duplicated_ratio{{origin="assisted",{place}}}': 0,
        f'sdlc_code_moved_ratio{{origin="unmarked",{place}}}': 1 / 7,
        f'sdlc_code_moved_ratio{{origin="assisted",{place}}}': 0,
        f'sdlc_code_test_ratio{{layer="unit",{place}}}': 2 / 12,
    }
    assert page[f'sdlc_code_churn_14d_samples{{origin="unmarked",{place}}}'] == 6
    assert page[f"sdlc_code_test_samples{{{place}}}"] == 12


def test_what_nobody_told_of_is_not_on_the_page(tmp_path, history):
    """A repository whose changes are not read has no queue, not an empty one."""
    history.commit(5, {"a": text("a")}, "first")
    with Process(tmp_path, history.folder, at=30) as process:
        process.poll()
        page = process.page()
    assert not [name for name in page if name.startswith(("sdlc_review", "sdlc_active", "sdlc_team_active"))]
    assert 'sdlc_exporter_last_success_timestamp_seconds{source="local",stream="code"}' in page
    assert not [name for name in page if 'stream="changes"' in name]


def test_nothing_stored_names_a_person(tmp_path, history):
    history.commit(1, {"a": text("a")}, CLAUDE, author="Zoe")
    with Process(tmp_path, history.folder) as process:
        process.poll()
        stored = b"".join(process.facts().values()).lower()
    assert b"noreply@anthropic.com" in stored
    assert not [word for word in (b"zoe", b"ada", b"bob") if word in stored]


def test_the_origin_is_that_of_the_change_a_commit_merged(tmp_path, history):
    sha = history.commit(5, {"a": text("a", "b")}, "first")
    with Process(tmp_path, history.folder, at=30) as process:
        key = str(history.folder)
        process.store.discover("local", [Repository(key, "acme/shop")], (Stream.CODE,))
        opened = Opened("opened", START, Actor("ann"), False, "codex/fix", "main")
        process.store.add(
            "local", [Told(Subject(key, "C1", 1), (opened, Merged("merged", START + 5 * DAY + 1, sha)))], 0
        )
        process.poll()
        origins = {row[3][0] for row in process.ledger() if row[0] != "touched_lines"}
    assert origins == {"agentic"}


def test_in_steps_and_in_one_go_the_ledger_is_the_same(tmp_path):
    """A branch that grows, read every few days by ever new processes."""
    told, _ = grow(random.Random(3), 40, pace=1.0)
    end = told[-1][0] + 20
    whole, grown = History(tmp_path / "whole" / "shop"), History(tmp_path / "grown" / "shop")
    whole.fast(told)
    with Process(tmp_path, whole.folder, at=end) as process:
        process.poll()
        expected = process.ledger()
    folder = tmp_path / "steps"
    folder.mkdir()
    stream = iter([*told, None])
    coming = next(stream)
    day = 0.0
    grown.git("config", "receive.denyCurrentBranch", "ignore")
    while day < end:
        day = min(end, day + 4)
        while coming is not None and coming[0] <= day:
            taken = sum(each[0] <= coming[0] for each in told)
            coming = next(stream)
        upto = sum(each[0] <= day for each in told)
        grown.git("fetch", "--quiet", str(whole.folder), "main")
        behind = len(told) - upto
        grown.git("update-ref", "refs/heads/main", f"FETCH_HEAD~{behind}" if behind else "FETCH_HEAD")
        with Process(folder, grown.folder, at=day) as process:
            process.poll()
            late, drift = process.books.late.total(), process.books.drift.total()
            found = process.ledger()
        assert (late, drift) == (0, 0)
    assert taken == len(told)
    assert len(expected) > 60
    assert found == expected


class KilledError(Exception):
    """The process ended here."""


@pytest.mark.parametrize("where", ["facts", "state", "before"])
@pytest.mark.parametrize("death", [1, 2, 4])
def test_a_kill_at_any_write_loses_nothing_and_counts_nothing_twice(tmp_path, monkeypatch, where, death):
    """Right after ``facts`` were stored, right after what is known of the branch was (``state``), and ``before`` it."""
    monkeypatch.setattr(branches, "EVERY", 5)
    monkeypatch.setattr(module, "AT_ONCE", 4)
    monkeypatch.setattr(git, "PIECE", 512)
    history = History(tmp_path / "acme" / "shop")
    history.fast(grow(random.Random(5), 30, pace=1.0)[0])
    with Process(tmp_path, history.folder, at=80) as process:
        process.poll()
        expected, facts = process.ledger(), process.facts()
    folder = tmp_path / "killed"
    folder.mkdir()
    with Process(folder, history.folder, at=80) as process:
        count = iter(range(1000))
        what = process.store if where == "facts" else process.source.clones
        name = "add" if where == "facts" else "keep"
        write = getattr(what, name)

        def dying(*args, **kwargs):
            if where != "before":
                write(*args, **kwargs)
            if next(count) + 1 == death:
                raise KilledError

        setattr(what, name, dying)
        with pytest.raises(KilledError):
            process.poll()
    with Process(folder, history.folder, at=80) as process:
        process.poll()
        assert (process.ledger(), process.facts()) == (expected, facts)


def test_a_forced_push_is_read_again_and_what_was_there_stays_once(tmp_path, history):
    first = history.commit(1, {"a": text("a", "b")}, "first")
    history.commit(2, {"b": text("c")}, "second")
    with Process(tmp_path, history.folder, at=3) as process:
        process.poll()
        history.git("reset", "--quiet", "--hard", first)
        third = history.commit(4, {"a": text("a")}, "instead")
        process.poll(at=40)
        facts = sorted(process.facts())
        assert process.rows()["acme/shop"].state is RepositoryState.OK
    lost = {key for key, _ in facts} - {first, third}
    assert facts == sorted([(first, "aged"), (first, "landed"), (third, "landed"), (lost.pop(), "landed")])


def test_a_branch_that_leaves_its_first_parents_is_read_again(tmp_path, history):
    """The old branch is merged into a topic, and the topic becomes the branch: its first parents are others."""
    first = history.commit(1, {"a": text("a")}, "first")
    history.commit(2, {"b": text("b")}, "second")
    with Process(tmp_path, history.folder, at=3) as process:
        process.poll()
        history.git("checkout", "--quiet", "-b", "topic", first)
        topic = history.commit(3, {"c": text("c")}, "topic")
        history.git("merge", "--quiet", "--no-ff", "-m", "merge", "main", at=4)
        history.git("branch", "--force", "main", "topic")
        history.git("checkout", "--quiet", "main")
        process.poll(at=5)
        assert (topic, "landed") in process.facts()


def test_a_commit_listed_as_reformatting_is_left_out(tmp_path, history):
    history.commit(1, {"a": text("a", "b")}, "first")
    sha = history.commit(2, {"a": text("x", "y")}, "format")
    history.commit(3, {".git-blame-ignore-revs": f"# the formatter\n{sha} # all of it\n"}, "list it")
    with Process(tmp_path, history.folder) as process:
        process.poll()
        gone = [row for row in process.ledger() if row[3][-1] == "gone"]
        assert (sha, "landed") not in process.facts()
    assert gone == []


def test_blame_that_is_asked_for_later_has_the_branch_read_again_and_then_goes_on(tmp_path, history, monkeypatch):
    """The fix of day 25 took first's line of day 0, which had been forgotten; what was known is stated once."""
    begun = []
    monkeypatch.setattr(module, "Branch", lambda *given: begun.append(bool(given[4])) or branches.Branch(*given))
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(25, {"a": text("a")}, "fix")
    with Process(tmp_path, history.folder) as process:
        process.poll()
        before = process.facts()
    history.commit(61, {"b": text("c")}, "third")
    blaming = msgspec.structs.replace(POLICY, blame=True)
    for day in (62, 63):
        with Process(tmp_path, history.folder, at=day, policy=blaming) as process:
            process.poll()
            found = process.facts()
        history.commit(day, {"b": text("c", day)}, "more")
    assert before.items() < found.items()
    assert [name.partition(":")[0] for _, name in found if name.startswith("removed")] == ["removed"]
    assert begun == [False, False, True]


def test_a_repository_that_vanishes_or_breaks_stops_no_other_and_says_so(tmp_path, history, caplog):
    history.commit(1, {"a": text("a")}, "first")
    doomed = History(tmp_path / "acme" / "doomed")
    doomed.commit(1, {"a": text("a")}, "first")
    with Process(tmp_path, doomed.folder, history.folder, at=3) as process:
        assert process.poll() == "success"
        shutil.rmtree(doomed.folder)
        sha = history.commit(4, {"b": text("b")}, "second")
        assert process.poll(at=5) == "partial"
        rows = process.rows()
        assert (rows["acme/doomed"].state, rows["acme/doomed"].reason) == (RepositoryState.FAILING, "not_found")
        assert rows["acme/doomed"].watermark == START + 3 * DAY
        assert rows["acme/shop"].watermark == START + 5 * DAY
        assert (sha, "landed") in process.facts()
        assert "acme/doomed" in caplog.text


def test_where_no_repository_can_be_read_the_poll_has_failed(tmp_path):
    with Process(tmp_path, tmp_path / "acme" / "nowhere") as process, pytest.raises(NotFound):
        process.poll()


def test_what_a_glob_no_longer_matches_is_gone_and_its_clone_too(tmp_path, history):
    history.commit(1, {"a": text("a")}, "first")
    other = History(tmp_path / "acme" / "other")
    other.commit(1, {"a": text("a")}, "first")
    (tmp_path / "acme" / "no-repository").mkdir()
    with Process(tmp_path, tmp_path / "acme" / "*", at=3) as process:
        process.poll()
        clones = process.source.clones.folder
        assert sorted(path.suffix for path in clones.iterdir()) == [".git", ".git", ".lines", ".lines"]
        shutil.rmtree(other.folder)
        assert process.poll() == "success"
        assert process.rows()["acme/other"].state is RepositoryState.GONE
        assert sorted(path.suffix for path in clones.iterdir()) == [".git", ".lines"]


def test_clones_are_for_nobody_else_and_a_folder_that_cannot_be_made_is_told(tmp_path, history):
    history.commit(1, {"a": text("a")}, "first")
    with Process(tmp_path, history.folder) as process:
        process.poll()
        assert process.source.clones.folder.stat().st_mode & 0o077 == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "clones").write_text("a file")
    with Process(other, history.folder) as process, pytest.raises(ConfigError, match=r"set store\.clones"):
        process.poll()


def test_clones_kept_from_another_store_are_no_reason_to_leave_anything_out(tmp_path, history):
    history.commit(1, {"a": text("a")}, "first")
    with Process(tmp_path, history.folder) as process:
        process.poll()
        expected = process.facts()
    (tmp_path / "state.db").unlink()
    with Process(tmp_path, history.folder) as process:
        process.poll()
        assert process.facts() == expected


def test_a_full_disk_holds_everything_and_is_told(tmp_path, history, monkeypatch):
    history.commit(1, {"a": text("a")}, "first")
    with Process(tmp_path, history.folder) as process:
        monkeypatch.setattr(process.source.clones, "keep", partial(_full))
        with pytest.raises(StoreFull):
            process.poll()
        assert process.rows()["acme/shop"].watermark is None


def _full(row, saved):
    raise StoreFull("no space")


def test_the_rest_waits_when_something_else_is_due_and_comes_first_the_next_time(tmp_path, history):
    history.commit(1, {"a": text("a")}, "first")
    other = History(tmp_path / "acme" / "other")
    other.commit(1, {"a": text("a")}, "first")
    with Process(tmp_path, history.folder, other.folder) as process:
        assert process.poll(until=lambda: True) == "partial"
        assert sorted(row.cursor is None for row in process.rows().values()) == [False, True]
        assert asyncio.run(process.source.loading())
        process.poll(until=lambda: True)
        assert not asyncio.run(process.source.loading())


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("/srv/git/acme/shop.git", "acme/shop"),
        ("/home/ann/src/shop/.git", "src/shop"),
        ("/home/ann/src/shop/", "src/shop"),
        ("/shop.git", "local/shop"),
        ("https://git.acme.example/group/team/shop.git", "team/shop"),
        ("git@git.acme.example:team/shop.git", "team/shop"),
        ("file:///srv/acme/shop", "acme/shop"),
    ],
)
def test_a_name_is_the_last_two_parts_of_a_location(location, name):
    assert name_of(location) == name


def test_of_two_locations_with_one_name_the_first_counts_and_the_log_names_the_other(caplog):
    assert repositories(["/a/acme/shop", "/b/acme/shop"], {"acme/web": "/c"}) == {
        "acme/web": "/c",
        "acme/shop": "/a/acme/shop",
    }
    assert "/b/acme/shop" in caplog.text
    assert repositories(["/a/acme/shop", "/c/x/y"], {"acme/web": "/a/acme/shop"}) == {
        "acme/web": "/a/acme/shop",
        "x/y": "/c/x/y",
    }
    assert not is_glob("https://git.acme.example/a/b*.git")


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
    ],
)
def test_repositories_are_cloned_from_the_host_of_the_api(api, web):
    assert web_root(api) == web


# A forge's repositories


class Lane:
    """A credential that answers for one owner."""

    def __init__(self, owner):
        self.owner = owner
        self.credential = self

    async def header(self):
        return f"Bearer token-of-{self.owner}"


class Found:
    """A forge's repositories: each owner in ``here`` has a lane, those in ``lost`` are not found any more."""

    def __init__(self, here=("acme",), lost=()):
        self.here, self.lost = [Lane(owner) for owner in here], set(lost)

    def by_lane(self, rows):
        mine = ((lane, [row for row in rows if row.name.startswith(f"{lane.owner}/")]) for lane in self.here)
        return [(lane, rows) for lane, rows in mine if rows]


class Beat:
    """Pulses that are told; those in ``read`` were read."""

    def __init__(self, moved):
        self.movers, self.noted = moved, []

    async def moved(self, lane, rows, stream):
        assert stream is Stream.CODE
        return {row.id for row in rows} & self.movers

    def read(self, lane, row, stream):
        self.noted.append((lane.owner, row.id))


def at_forge(**found):
    reader = Reader("forge", None, desk, Health(), 0, Stream.CODE)
    return AtForge(reader, Found(**found), Beat({1, 2}), "https://git.example", "/ca.pem")


def row(number, name):
    return RepositoryRow(number, "forge", f"R{number}", name, RepositoryState.OK, "", *[None] * 7, "trunk")


def test_a_forges_repository_is_cloned_with_the_credential_of_its_owner():
    where = at_forge(here=("umbrella", "acme"))
    header = basic("x-access-token", "token-of-acme")
    expected = Place("acme/shop", "https://git.example/acme/shop.git", "trunk", header, "/ca.pem")
    assert asyncio.run(where.place(row(1, "acme/shop"))) == expected


def test_where_no_credential_answers_nothing_is_cloned():
    with pytest.raises(Refused):
        asyncio.run(at_forge().place(row(1, "umbrella/shop")))
    with pytest.raises(NotFound):
        asyncio.run(at_forge(lost=["umbrella"]).place(row(1, "umbrella/shop")))


def test_only_what_a_pulse_says_has_moved_is_fetched():
    where = at_forge(here=("acme", "umbrella"))
    rows = [row(1, "acme/a"), row(2, "umbrella/b"), row(3, "acme/c")]
    assert asyncio.run(where.moved(rows)) == {1, 2}
    where.read(rows[1])
    assert where.pulses.noted == [("umbrella", 2)]


def test_the_credential_of_a_configuration_goes_to_its_addresses_only(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    reader = Reader("local", None, desk, Health(), 0, Stream.CODE)
    where = Located(reader, [], {}, credential=TokenFile(str(tmp_path / "token")))
    header = basic("x-access-token", "s3cret")
    sent = {
        key: asyncio.run(where.place(row(1, "a/b")._replace(key=key))).authorization
        for key in ("https://git.example/a/b.git", "git@git.example:a/b.git", "/srv/a/b.git")
    }
    assert list(sent.values()) == [header, "", ""]
