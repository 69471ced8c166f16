"""What every store promises; run for each kind of store there is."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import msgspec
import pytest
from hypothesis import given, settings

from exporter.errors import StoreError, StoreFull, StoreReadOnly, StoreTooNew
from exporter.model import (
    Contained,
    IssueClosed,
    IssueOpened,
    Labelled,
    Merged,
    Repository,
    Stream,
    Subject,
    Thing,
    Told,
)
from exporter.store.base import FOLD, ORGANISATION, Added, Entry, LedgerRow, Place, RepositoryState
from exporter.store.sqlite import SqliteStore, _migrations
from tests.stories import at, change, changes
from tests.tickets import issue

SHOP = Repository("R1", "acme/shop")
PAY = Repository("R2", "acme/pay")
PLACE = Place("sdlc_changes_opened_total", 1, ("unmarked",))
KINDS = {
    "sqlite": lambda folder: SqliteStore(folder / "state.db"),
    "temporary sqlite": lambda folder: SqliteStore(None),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def store(request, tmp_path):
    opened = request.param(tmp_path)
    opened.discover("forge", [SHOP, PAY])
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def told(number, *lines, repository="R1"):
    return Told(Subject(repository, f"{repository}#{number}", number), tuple(change(*lines)))


def row(subject=1, value=1, cause="opened", when="0h", labels=("unmarked",), part=""):
    return LedgerRow(subject, "sdlc_changes_opened_total", cause, part, at(when), 1, labels, value, "definition")


def entry(*rows, due=None, opened=None, births=None, folds=()):
    dates = {subject: {} if when is None else {CHANGES: when} for subject, when in (due or {}).items()}
    return Entry(rows, dates, opened or {}, births or {}, folds)


def due(store, limit):
    return store.due("forge", [CHANGES], limit)


def settle(store, published=()):
    gates = {each.id: MEASURES for each in store.repositories("forge")}
    return store.settled("forge", gates, published)


CHANGES = (Stream.CHANGES,)
MEASURES = {"gates": CHANGES, "ships": (Stream.CHANGES, Stream.DEPLOYMENTS)}


def named(store, key):
    (found,) = [each for each in store.repositories("forge") if each.key == key]
    return found


def known(store, repository):
    return len(store.subjects(repository, open_only=False))


def marked(store, **columns):
    store.progress([each.id for each in store.repositories()], **columns)


# Opening


def test_a_new_file_gets_the_whole_schema_and_an_old_one_keeps_its_facts(path):
    first = SqliteStore(path)
    first.discover("forge", [SHOP])
    first.put("a", "b")
    first.close()
    second = SqliteStore(path)
    assert (second.get("a"), named(second, "R1").name, second.persistent) == ("b", "acme/shop", True)
    second.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path):
    SqliteStore(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version=999")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="999"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_second_writer_is_refused_until_the_first_lets_go(path):
    first = SqliteStore(path)
    with pytest.raises(StoreError, match="another sdlc-exporter"):
        SqliteStore(path)
    first.close()
    SqliteStore(path).close()


def test_the_lock_of_a_killed_process_does_not_outlive_it(path):
    code = (
        "import os, signal, sys; from exporter.store.sqlite import SqliteStore; "
        "store = SqliteStore(sys.argv[1]); store.put('a', 'b'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert died.returncode == -9
    after = SqliteStore(path)
    assert after.get("a") == "b"
    after.close()


def test_what_is_not_a_database_is_named(path):
    path.write_bytes(b"no database at all, and long enough to look at" * 30)
    with pytest.raises(StoreError, match="not a readable state database"):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreReadOnly, match=r"store\.path"):
        SqliteStore(tmp_path / "nowhere" / "state.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreReadOnly, match="not writable"):
        SqliteStore(tmp_path / "state.db")


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mount"), reason="only root can mount a read-only file system"
)
def test_a_read_only_file_system_is_named(tmp_path):
    made = SqliteStore(tmp_path / "state.db")
    made.close()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "none", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(StoreReadOnly, match="not writable"):
            SqliteStore(tmp_path / "state.db")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_reader_beside_the_writer_sees_what_is_kept_and_cannot_write(path):
    writer = SqliteStore(path)
    writer.put("a", "b")
    reader = SqliteStore(path, read_only=True)
    assert reader.get("a") == "b"
    with pytest.raises(StoreReadOnly, match="not writable"):
        reader.put("a", "c")
    reader.close()
    writer.close()


def test_a_reader_does_not_migrate(path):
    sqlite3.connect(path).close()
    with pytest.raises(StoreError, match="older"):
        SqliteStore(path, read_only=True)


def test_a_temporary_store_says_so_and_leaves_nothing():
    store = SqliteStore(None)
    assert (store.persistent, os.path.exists(store.path)) == (False, True)  # noqa: PTH110 - the store's own string
    store.close()
    assert not os.path.exists(store.path)  # noqa: PTH110


# All or nothing


def test_a_full_disk_is_named_keeps_nothing_of_the_batch_and_everything_before(store):
    """Once there is room again the same facts go in."""
    store.add("forge", [told(1, "opened 0h")], 0)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count={pages}")
    many = [told(number, "opened 0h", f"described 1h: {'x' * 2000}") for number in range(2, 300)]
    with pytest.raises(StoreFull, match="no space left"):
        store.add("forge", many, 0)
    assert known(store, 1) == 1
    with pytest.raises(StoreFull):
        store.enter(entry(*[row(number, cause="x" * 500, labels=(f"label {number}",)) for number in range(300)]))
    assert list(store.ledger()) == []
    store._db.execute("PRAGMA max_page_count=1000000")
    assert store.add("forge", many, 0) == Added(596, 298)
    store.enter(entry(row(labels=("label 1",))))
    assert [each.labels for each in store.ledger()] == [("label 1",)], "a word of the lost batch is not remembered"


def test_an_entry_is_kept_whole_or_not_at_all(store):
    """The fold cannot be written, so neither are rows, dues and births."""
    store.add("forge", [told(1, "opened 0h")], 0)
    bad = [Place("m", 1, (object(),))]
    with pytest.raises(TypeError):
        store.enter(entry(row(), due={1: None}, opened={1: False}, births={PLACE: -1}, folds=bad))
    marked(store, watermark=at("1d"))
    assert (list(store.ledger()), store.births(), store.folds()) == ([], {}, set())
    assert [each.id for each in due(store, 9)] == [1]


def test_facts_of_one_batch_are_kept_whole_or_not_at_all(store):
    def broken():
        yield told(1, "opened 0h")
        raise RuntimeError("the answer ended here")

    with pytest.raises(RuntimeError):
        store.add("forge", broken(), 0)
    assert known(store, 1) == 0


# Repositories


def test_a_rename_and_a_transfer_keep_identity_progress_and_facts(store):
    store.add("forge", [told(1, "opened 0h")], 0)
    marked(store, state="ok", watermark=7, settled=7, complete=7, last_success=7)
    before = named(store, "R1")
    store.discover("forge", [Repository("R1", "elsewhere/store"), PAY])
    assert named(store, "R1") == before._replace(name="elsewhere/store")
    assert store.find("Elsewhere/Store", 1).key == "R1#1"
    assert store.find("acme/shop", 1) is None


def test_one_that_is_gone_and_comes_back_takes_up_where_it_was(store):
    marked(store, state="ok", watermark=7, complete=7, cursor=7)
    store.discover("forge", [PAY])
    assert (named(store, "R1").state, named(store, "R2").state) == (RepositoryState.GONE, RepositoryState.OK)
    store.discover("forge", [SHOP, PAY])
    assert (named(store, "R1").state, named(store, "R1").cursor) == (RepositoryState.OK, 7)


def test_one_that_went_before_it_was_loaded_comes_back_loading(store):
    store.discover("forge", [])
    assert named(store, "R1").state is RepositoryState.GONE
    store.discover("forge", [SHOP])
    assert named(store, "R1").state is RepositoryState.LOADING


def test_a_failing_repository_is_not_mended_by_being_seen(store):
    marked(store, state="failing", reason="not_found")
    store.discover("forge", [Repository("R1", "acme/renamed"), PAY])
    assert (named(store, "R1").state, named(store, "R1").reason) == (RepositoryState.FAILING, "not_found")


def test_sources_do_not_touch_each_other(store):
    store.discover("other", [SHOP])
    store.discover("other", [])
    assert named(store, "R1").state is RepositoryState.LOADING
    assert [each.state for each in store.repositories("other")] == [RepositoryState.GONE]
    store.add("other", [told(1, "opened 0h")], 0)
    assert (known(store, 1), known(store, 3)) == (0, 1)


def test_a_name_that_two_had_means_the_one_that_is_still_there(store):
    """acme/shop was deleted and made anew."""
    store.add("forge", [told(1, "opened 0h")], 0)
    store.discover("forge", [Repository("R9", "acme/shop")])
    store.add("forge", [told(1, "opened 5h", repository="R9")], 0)
    assert store.find("acme/shop", 1).key == "R9#1"


def test_a_column_that_is_not_there_is_refused(store):
    with pytest.raises(ValueError, match="watermarks"):
        store.progress([1], watermarks=3)


# Facts


@given(changes)
@settings(max_examples=25, deadline=None)
def test_facts_come_back_as_they_were_told(events):
    store = SqliteStore(None)
    store._db.execute("PRAGMA synchronous=OFF")
    store.discover("forge", [SHOP])
    store.add("forge", [Told(Subject("R1", "R1#1", 1), tuple(events))], 0)
    (found,) = store.events([1]).values()
    assert sorted(found, key=lambda event: event.id) == sorted(events, key=lambda event: event.id)
    store.close()


def test_a_fact_told_twice_is_new_once(store):
    assert store.add("forge", [told(1, "opened 0h", "ready 1h")], 0) == Added(2, 1)
    assert store.add("forge", [told(1, "opened 0h", "ready 1h", "drafted 2h")], 0) == Added(1, 1)
    assert store.add("forge", [told(1, "opened 0h")], 0) == Added(0, 0)


def test_facts_of_a_repository_that_is_not_known_are_passed_over(store):
    assert store.add("forge", [told(1, "opened 0h", repository="R77")], 0) == Added(0, 0)


def test_changes_are_counted_by_when_they_were_opened(store):
    store.add("forge", [told(1, "opened 1h"), told(2, "opened 2h"), told(3, "opened 3h"), told(4, "merged 2h")], 0)
    assert store.opened_between(1, at("1h"), at("2h")) == 2
    assert store.opened_between(2, at("1h"), at("2h")) == 0


def test_a_merged_change_waits_for_its_files_until_they_are_told(store):
    files = told(1, "files 5h: a.py +1 -1")
    store.add("forge", [told(1, "opened 0h", "merged 5h"), told(2, "opened 0h", "merged 4h"), told(3, "opened 0h")], 0)
    assert [each.number for each in store.unread_files([1, 2], 9)] == [2, 1]
    assert [each.number for each in store.unread_files([1, 2], 1)] == [2]
    assert store.unread_files([2], 9) == []
    store.add("forge", [files], 0)
    store.forget_files(1, "R1#2")
    assert store.unread_files([1], 9) == []
    store.add("forge", [told(1, "opened 0h", "merged 5h", "reviewed 6h by bob")], 0)
    assert store.unread_files([1], 9) == [], "they are there already"


def test_files_of_changes_merged_before_the_ledgers_start_are_not_asked_for(store):
    store.add("forge", [told(1, "opened 0h", "merged 5h"), told(2, "opened 0h", "merged 6h")], at("6h"))
    assert [each.number for each in store.unread_files([1], 9)] == [2]


# What is due


def test_new_facts_are_due_at_once_and_an_entry_says_when_next(store):
    store.add("forge", [told(1, "opened 0h"), told(2, "opened 0h", repository="R2")], 0)
    assert due(store, 9) == [], "nothing is complete yet"
    marked(store, watermark=at("1h"))
    assert [(each.id, each.repository) for each in due(store, 9)] == [(1, 1), (2, 2)]
    assert [each.id for each in due(store, 1)] == [1]
    store.enter(entry(due={1: at("3h"), 2: None}))
    assert due(store, 9) == []
    marked(store, watermark=at("3h"))
    assert [each.id for each in due(store, 9)] == [1]
    assert store.due("elsewhere", [CHANGES], 9) == []


def test_settling_completes_what_was_read_and_notes_who_joined_a_published_sum(store):
    store.progress([1], watermark=at("1h"))
    assert settle(store) == [(1, "gates")]
    assert (named(store, "R1").settled, named(store, "R1").complete) == (at("1h"), at("1h"))
    assert (named(store, "R2").settled, named(store, "R2").complete) == (None, None)
    marked(store, watermark=at("2h"))
    assert settle(store, {"gates"}) == [(2, "gates")]
    assert (named(store, "R1").settled, named(store, "R1").complete) == (at("2h"), at("1h"))
    assert named(store, "R2").complete == at("2h")
    assert store.whole() == {(1, "gates"): 0, (2, "gates"): at("2h")}


def test_a_measure_is_whole_when_every_stream_it_needs_is(store):
    """Ships need deployments as well: those come later, to one repository only."""
    marked(store, watermark=at("2h"))
    settle(store)
    store.discover("forge", [SHOP, PAY], (Stream.CHANGES, Stream.DEPLOYMENTS))
    store.progress([1], Stream.DEPLOYMENTS, watermark=at("1h"))
    assert settle(store, {"ships"}) == [(1, "ships")]
    assert store.whole()[1, "ships"] == at("1h"), "the slower of the two"
    (row,) = [each for each in store.repositories("forge", Stream.DEPLOYMENTS) if each.id == 1]
    assert (row.stream, row.settled, row.complete) == (Stream.DEPLOYMENTS, at("1h"), at("1h"))
    assert [each.stream for each in store.repositories("forge", None)] == ["changes", "deployments"] * 2


def test_what_needs_two_streams_is_due_when_the_slower_has_passed_its_date(store):
    store.discover("forge", [SHOP, PAY], (Stream.CHANGES, Stream.DEPLOYMENTS))
    store.add("forge", [told(1, "opened 0h")], 0)
    ships = MEASURES["ships"]
    store.enter(Entry((), {1: {ships: at("3h")}}, {}, {}, ()))
    store.progress([1], watermark=at("4h"))
    assert store.due("forge", [CHANGES, ships], 9) == [], "nothing is known of deployments"
    store.progress([1], Stream.DEPLOYMENTS, watermark=at("2h"))
    assert store.due("forge", [CHANGES, ships], 9) == []
    store.progress([1], Stream.DEPLOYMENTS, watermark=at("3h"))
    assert [each.id for each in store.due("forge", [CHANGES, ships], 9)] == [1]


def test_a_stream_that_is_switched_off_is_gone_and_every_subject_is_looked_at_again(store):
    """And so they are when one is switched on; discovering the same again touches nothing."""

    def discover(*streams):
        store.discover("forge", [SHOP, PAY], (Stream.CHANGES, *streams))
        state = {each.stream: each.state for each in store.repositories("forge", None) if each.key == SHOP.key}
        return state.get(Stream.ISSUES), [each.id for each in due(store, 9)]

    store.add("forge", [told(1, "opened 0h")], 0)
    marked(store, watermark=at("2h"))
    store.enter(entry(due={1: None}))
    assert discover() == (None, [])
    assert discover(Stream.ISSUES) == ("loading", [1])
    store.enter(entry(due={1: None}))
    assert discover(Stream.ISSUES) == ("loading", [])
    assert discover() == ("gone", [1])
    store.enter(entry(due={1: None}))
    assert discover() == ("gone", [])
    assert discover(Stream.ISSUES) == ("loading", [1])


# What ties subjects together


def deployment(number, *shas, when="5h"):
    subject = Subject("R1", f"D{number}", 0, Thing.DEPLOYMENT)
    return Told(subject, (Contained("contained", at(when), "", shas),))


def merged(number, sha):
    return Told(Subject("R1", f"R1#{number}", number), (*change("opened 0h"), Merged("merged", at("1h"), sha)))


def test_a_deployment_touches_the_changes_it_contains_and_is_told_to_them(store):
    store.add("forge", [merged(1, "a" * 40), merged(2, "b" * 40)], 0)
    marked(store, watermark=at("9h"))
    store.enter(entry(due={1: None, 2: None}))
    store.add("forge", [deployment(1, "a" * 40, "c" * 40)], 0)
    assert [(each.id, each.thing) for each in due(store, 9)] == [(1, Thing.CHANGE)]
    ((found,),) = store.bound([1]).values()
    assert [event.shas for event in found] == [("a" * 40, "c" * 40)]
    assert store.bound([2]) == {}
    ((change_facts,),) = store.bound([3]).values()
    assert [event.sha for event in change_facts if isinstance(event, Merged)] == ["a" * 40]


def test_a_bond_holds_in_whatever_order_the_facts_come(store):
    store.add("forge", [deployment(1, "a" * 40)], 0)
    store.add("forge", [merged(1, "a" * 40)], 0)
    assert [len(facts) for facts in store.bound([2]).values()] == [1]


@pytest.mark.parametrize("first", ["change", "issue"])
def test_an_issue_is_told_to_the_change_that_says_it_answers_it(store, first):
    """And the change is due again when something happens to the issue; another issue is not told."""
    change_told = told(1, "opened 0h", "links 0h: #5")
    issues = [Told(Subject("R1", f"I{n}", n, Thing.ISSUE), tuple(issue("opened 0h", number=n))) for n in (5, 6)]
    for each in (change_told, *issues) if first == "change" else (*issues, change_told):
        store.add("forge", [each], 0)
    marked(store, watermark=at("9h"))
    (number,) = (each.id for each in due(store, 9) if each.thing is Thing.CHANGE)
    store.enter(entry(due={number: None}))
    later = Labelled("on", at("1h"), "qa", on=True)
    store.add("forge", [Told(issues[0].subject, (later,))], 0)
    assert number in {each.id for each in due(store, 9)}
    ((facts,),) = store.bound([number]).values()
    assert {each.id: each for each in facts} == {"opened": issues[0].events[0], "on": later}


@pytest.mark.parametrize("order", ["change first", "issue first"])
def test_a_key_binds_an_issue_of_another_source_to_the_change_that_names_it(store, order):
    """Both keys it was called by; what it says by numbers is about its own repository."""
    store.discover("tracker", [Repository("T1", "acme/tickets")], (Stream.ISSUES,))
    facts = issue("opened 0h", "names 1h: #1", "closed 2h by #1", key="SHOP-5", number=1)
    facts.append(IssueOpened("opened:SHOP-6", at("1h"), key="SHOP-6"))
    telling = [
        lambda: store.add("forge", [told(1, "opened 0h", "links 0h: SHOP-6"), told(2, "opened 0h", "links 0h: #1")], 0),
        lambda: store.add("tracker", [Told(Subject("T1", "10", 1, Thing.ISSUE), tuple(facts))], 0),
    ]
    for tell in telling if order == "change first" else reversed(telling):
        tell()
    number = store.find("acme/shop", 1).id
    ((found,),) = store.bound([number]).values()
    assert sorted(found, key=lambda each: (each.at, each.id)) == [
        IssueOpened("opened", at("0h"), key="SHOP-5"),
        IssueOpened("opened:SHOP-6", at("1h"), key="SHOP-6"),
        IssueClosed("closed2", at("2h")),
    ]
    assert store.bound([store.find("acme/shop", 2).id]) == {}


def test_bonds_end_at_the_repository(store):
    store.add("forge", [merged(1, "a" * 40)], 0)
    elsewhere = Subject("R2", "D1", 0, Thing.DEPLOYMENT)
    store.add("forge", [Told(elsewhere, (Contained("contained", 5, "", ("a" * 40,)),))], 0)
    assert store.bound([1, 2]) == {}


def test_a_store_from_before_bonds_gets_them_when_it_is_opened(path):
    """What version 1 wrote, with a change that was merged and its repository in the middle of its life."""
    old = sqlite3.connect(path)
    old.executescript(_migrations()[0])
    old.execute("PRAGMA user_version=1")
    facts = (*change("opened 0h"), Merged("merged", at("1h"), "a" * 40))
    old.execute(
        "INSERT INTO repository (id, source, key, name, state, watermark, settled, complete, joined)"
        " VALUES (1, 'forge', 'R1', 'acme/shop', 'ok', 7, 7, 5, 3)"
    )
    old.execute("INSERT INTO subject (id, repository, key, number, open, due) VALUES (4, 1, 'R1#1', 1, 0, 99)")
    old.executemany(
        "INSERT INTO event VALUES (4, ?, ?, ?)",
        [(each.id, each.at, msgspec.msgpack.encode(each)) for each in facts],
    )
    old.execute("INSERT INTO definition VALUES ('gates', 'one', 0)")
    old.execute("INSERT INTO meta VALUES ('organisation_published', '1')")
    old.commit()
    old.close()
    store = SqliteStore(path)
    assert named(store, "R1")[4:11] == ("ok", "", None, None, None, 7, 7)
    assert store.whole() == {(1, "gates"): 3}
    assert store.get("published:gates") == "1"
    assert due(store, 9) == [], "it is due at 99"
    store.progress([1], watermark=99)
    assert [each.number for each in due(store, 9)] == [1]
    store.add("forge", [deployment(1, "a" * 40)], 0)
    assert [len(found) for found in store.bound([4]).values()] == [1]
    store.close()


def test_changes_are_open_until_an_entry_says_otherwise(store):
    store.add("forge", [told(1, "opened 0h"), told(2, "opened 0h")], 0)
    store.enter(entry(opened={1: False}))
    assert [each.number for each in store.subjects(1, open_only=True)] == [2]
    assert [each.number for each in store.subjects(1, open_only=False)] == [1, 2]
    store.enter(entry(opened={1: True}))
    assert len(store.subjects(1, open_only=True)) == 2


# Ledger


def test_a_ledger_row_is_never_revised(store):
    store.enter(entry(row(value=3)))
    store.enter(entry(row(value=4), row(value=5, part="coding"), row(value=6, cause="reopened9")))
    assert sorted(each.value for each in store.ledger()) == [3, 5, 6]
    assert {subject: len(rows) for subject, rows in store.entered([1, 2]).items()} == {1: 3}


def test_readings_and_changes_come_by_date(store):
    """Dated after the first second and up to the second one, whatever order they were entered in."""
    for number, word in enumerate(("5h", "1h", "3h", "9h")):
        store.add("forge", [told(number, f"opened {word} by ann", f"commented {word}30m by bob")], 0)
        store.enter(entry(row(number + 1, value=number, when=word)))
    ran = Told(Subject("R1", "run", 9, Thing.RUN), tuple(change("opened 2h by ann")))
    store.add("forge", [ran], 0)
    found = [(store.series(number), when, value) for number, when, value in store.readings_by_date(at("1h"), at("9h"))]
    series = ("sdlc_changes_opened_total", 1, ("unmarked",))
    assert found == [(series, at("3h"), 2), (series, at("5h"), 0), (series, at("9h"), 3)]
    stirred = [(change, when) for change, when, _ in store.stirred(at("1h"), at("5h"))]
    assert stirred == [(2, at("1h30m")), (3, at("3h")), (3, at("3h30m")), (1, at("5h"))]
    assert {place for *_, place in store.stirred(at("0h"), at("10h"))} == {1}


def test_the_ledger_can_be_read_up_to_a_second_in_both_ways(store):
    store.enter(entry(row(when="1h", value=3), row(2, when="2h", value=4, labels=("bot",)), row(3, when="3h")))
    assert [each.value for each in store.ledger(at("2h"))] == [3, 4]
    quick = [(*store.series(number), when, value) for number, when, value in store.readings(at("2h"))]
    assert quick == [
        ("sdlc_changes_opened_total", 1, ("unmarked",), at("1h"), 3),
        ("sdlc_changes_opened_total", 1, ("bot",), at("2h"), 4),
    ]
    assert len(list(store.readings())) == len(list(store.ledger())) == 3


def test_facts_are_had_by_the_keys_of_their_subjects(store):
    """Of one repository and one kind; what is not known is not there."""
    run, line = Subject("R1", "one", 1, Thing.RUN), Subject("R1", "one", 0, Thing.LINE)
    other = Subject("R2", "one", 1, Thing.RUN)
    facts = {about: Contained("x", at("1h"), about.repository + about.thing, ()) for about in (run, line, other)}
    store.add("forge", [Told(about, (fact,)) for about, fact in facts.items()], 0)
    assert store.facts(1, Thing.RUN, ["one", "two"]) == {"one": [facts[run]]}
    assert store.facts(1, Thing.LINE, ["one"]) == {"one": [facts[line]]}
    assert store.facts(2, Thing.RUN, ["one"]) == {"one": [facts[other]]}
    assert store.facts(1, Thing.RUN, []) == {}


def test_births_and_folds_are_kept_until_released_or_for_good(store):
    shared, fold = PLACE._replace(place=ORGANISATION), PLACE._replace(place=FOLD)
    store.enter(entry(births={PLACE: -1, shared: 7}, folds=[fold]))
    store.enter(entry(births={shared: 9}, folds=[fold]))
    assert store.births() == {PLACE: -1, shared: 7}
    store.release([shared])
    assert (store.births(), store.folds()) == ({PLACE: -1}, {fold})


def test_a_definition_is_in_force_since_it_replaced_another(store):
    told = [("one", 5), ("one", 6), ("two", 7), ("two", 8), ("one", 9), ("one", 10)]
    assert [store.definitions_since({"gates": each}, now)["gates"] for each, now in told] == [0, 0, 7, 7, 9, 9]
    assert store.definitions_since({"gates": "one", "waits": "one"}, 11) == {"gates": 9, "waits": 0}


def test_starting_over_keeps_the_facts_and_nothing_made_of_them(store):
    store.add("forge", [told(1, "opened 0h")], 0)
    marked(store, watermark=at("1d"))
    store.enter(entry(row(), due={1: None}, births={PLACE: -1}, folds=[PLACE]))
    settle(store)
    store.definitions_since({"gates": "one"}, 5)
    store.put("published:gates", "1")
    store.start_over()
    assert (list(store.ledger()), store.births(), store.folds()) == ([], {}, set())
    assert (named(store, "R1").settled, named(store, "R1").complete, store.whole()) == (None, None, {})
    assert store.get("published:gates") is None
    assert [each.id for each in due(store, 9)] == [1]
    assert store.definitions_since({"gates": "two"}, 6) == {"gates": 0}
    assert len(store.events([1])[1]) == 1


def test_the_store_says_how_large_it_is(store):
    before = store.size()
    store.add("forge", [told(number, "opened 0h", f"described 1h: {'x' * 3000}") for number in range(50)], 0)
    assert store.size() > before > 0


def test_the_file_and_its_companions_are_for_this_user_alone(tmp_path):
    """It holds accounts and what happens in private repositories."""
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store.put("a", "b")
    modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    store.close()
    assert set(modes) >= {"state.db", "state.db.lock", "state.db-wal"}
    assert set(modes.values()) == {0o600}


# Reading beside the writer


def many(path, rows):
    """A store with one change and so many rows of one metric."""
    store = SqliteStore(path)
    store._db.execute("PRAGMA synchronous=OFF")
    store.discover("forge", [SHOP])
    store.add("forge", [told(1, "opened 0h")], 0)
    store.enter(entry(*(row(cause=f"c{number}", value=number) for number in range(rows))))
    return store


def test_a_store_that_stands_still_sees_nothing_that_is_written_afterwards(path):
    with closing(many(path, 3)) as writing, closing(SqliteStore(path, read_only=True)) as still:
        metric = row().metric
        still.still()
        writing.enter(entry(row(cause="later")))
        assert len(list(still.ledger_of([metric]))) == 3
        with closing(SqliteStore(path, read_only=True)) as fresh:
            assert len(list(fresh.ledger_of([metric]))) == 4


def test_rows_are_found_by_metric_date_repository_and_labels(path):
    with closing(many(path, 3)) as store:
        other = row(cause="other", labels=("agentic",), when="5h")
        store.enter(entry(other))
        metric = other.metric

        def causes(**more):
            return [found.cause for found, _ in store.ledger_of([metric], **more)]

        assert causes() == ["c0", "c1", "c2", "other"]
        assert causes(labels=("agentic",)) == causes(since=other.at - 1) == ["other"]
        assert causes(labels=("nobody's",)) == causes(repository=2) == causes(since=other.at) == []
        assert list(store.ledger_of(["nothing"])) == []
        (found, about), *_ = store.ledger_of([metric])
        assert (found.value, about.number, about.thing) == (0, 1, Thing.CHANGE)
        assert [each.number for each in store.named([1])] == [1]


def test_reading_can_be_ended_from_outside_also_when_it_has_ended(path):
    """Of 12,000 rows 5,000 are read at a time."""
    many(path, 12_000).close()
    store = SqliteStore(path, read_only=True)
    rows = store.ledger_of([row().metric])
    next(rows)
    store.interrupt()
    with pytest.raises(StoreError, match="interrupted"):
        list(rows)
    store.close()
    store.interrupt()


def test_a_store_that_is_looked_at_keeps_its_definitions(path):
    """Another definition holds from now on for the one that looks, and is not written down."""
    with closing(SqliteStore(path)) as store:
        assert store.definitions_since({"waits": "one"}, 5) == {"waits": 0}
    for _ in range(2):
        with closing(SqliteStore(path, read_only=True)) as store:
            assert store.definitions_since({"waits": "two"}, 7) == {"waits": 7}
            assert store.definitions_since({"waits": "one"}, 7) == {"waits": 0}
