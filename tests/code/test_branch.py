"""Facts of a branch: the same however its log is cut, saved and taken up again."""

import random
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.code import branch as module
from exporter.code.branch import Branch, Marks, head_of
from exporter.code.lines import LASTS
from exporter.errors import Shifted
from exporter.model import Actor, Aged, Landed, Thing
from tests.code.history import DAY, POLICY, START, History
from tests.code.test_lines import grow, text

NOBODY = Marks(Actor(""), "", "", ())
END = START + 1000 * DAY


def reading(saved=b"", now=END):
    return Branch("R", POLICY, lambda commit: NOBODY, now, saved)


def facts(branch, log, size=1 << 16, until=END):
    """All that a log tells, cut in pieces of a size."""
    told = [each for start in range(0, len(log), size) for each in branch.feed(log[start : start + size])]
    return [*told, *branch.close(), *branch.due(until)]


def events(told):
    return [event for each in told for event in each.events]


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "repository")


def test_a_commit_landed_and_fourteen_days_later_it_has_aged(history):
    """On day 1 one of first's two lines goes; test.py is a test, and go.sum nobody's."""
    first = history.commit(0, {"a": text("a", "b"), "tests/e2e/x.py": text("c"), "go.sum": text("d")}, "first")
    second = history.commit(1, {"a": text("a")}, "second")
    told = facts(reading(), history.log())
    assert {(each.subject.key, each.subject.thing) for each in told} == {
        (first, Thing.COMMIT),
        (second, Thing.COMMIT),
    }
    assert events(told) == [
        Landed("landed", START, first, *NOBODY, 3, 0, 0, (("", 2), ("e2e", 1))),
        Landed("landed", START + DAY, second, *NOBODY, 0, 0, 0, (("", 1),)),
        Aged("aged", START + LASTS, 3, 1),
    ]


def test_what_has_not_aged_is_told_when_it_has(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    branch = reading()
    assert [type(each) for each in events(facts(branch, history.log(), until=START + LASTS))] == [Landed]
    assert branch.next_due == START + LASTS + 1
    assert events(branch.due(START + LASTS + 1)) == [Aged("aged", START + LASTS, 2, 0)]
    assert branch.next_due is None


def test_a_clock_ahead_of_the_fetch_counts_as_the_fetch(history):
    history.commit(400, {"a": text("a")}, "from the future")
    history.commit(2, {"b": text("b")}, "second")
    told = events(facts(reading(now=START + 3 * DAY), history.log(), until=0))
    assert [each.at for each in told] == [START + 3 * DAY, START + 3 * DAY]


def test_an_import_and_a_revert_bring_nothing(history):
    sha = history.commit(0, {"a": text("a")}, "first")
    history.commit(1, {"a": ""}, f'Revert "first"\n\nThis reverts commit {sha}.')
    told = events(facts(reading(), history.log()))
    assert [(type(each), each.at) for each in told] == [(Landed, START), (Aged, START + LASTS)]


def test_a_log_that_does_not_go_on_where_the_reading_stands_is_refused(history):
    history.commit(0, {"a": text("a")}, "first")
    head = history.commit(1, {"a": text("a", "b")}, "second")
    branch = reading()
    facts(branch, history.log())
    assert head_of(branch.saved) == head
    history.commit(2, {"a": text("a", "b", "c")}, "third")
    history.commit(3, {"a": text("a")}, "fourth")
    with pytest.raises(Shifted):
        facts(reading(branch.saved), history.log("--first-parent", "-m", "HEAD~1..HEAD"))
    assert len(facts(reading(branch.saved), history.log("--first-parent", "-m", f"{head}..HEAD"), until=0)) == 2


@pytest.mark.parametrize("saved", [b"", b"nonsense", b"\x93\x02\xa1x\xc4\x00"])
def test_what_is_no_saved_reading_has_no_head(saved):
    assert head_of(saved) == ""


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400), st.integers(0, 12))
def test_pieces_and_stops_do_not_matter(tmp_path_factory, seed, size, stop):
    """The log in pieces of any size, from the last note of how far it is after any of them, states the same facts."""
    history = History(tmp_path_factory.mktemp("pieces") / "repository")
    history.fast(grow(random.Random(seed), 12, pace=3)[0])
    log = history.log()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EVERY", 2)
        whole = facts(reading(), log)
        first = reading()
        before = [each for start in range(0, stop * size, size) for each in first.feed(log[start : start + size])]
        head = head_of(first.saved)
        after = facts(
            reading(first.saved), history.log("--first-parent", "-m", *([f"{head}..HEAD"] if head else [])), size
        )
    told = {(each.subject.key, event.id): event for each in [*before, *after] for event in each.events}
    assert told == {(each.subject.key, event.id): event for each in whole for event in each.events}
    assert len(whole) == len(told)
    shutil.rmtree(history.folder)
