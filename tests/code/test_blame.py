"""Whose lines a commit took away: histories by hand, git's own blame, and what stays as it was without asking."""

import random
import shutil
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.code import branch as module
from exporter.code.branch import Branch, head_of
from exporter.code.lines import BLAMED, Lines, Taken
from exporter.code.patch import Commit
from exporter.model import Removed, Thing
from tests.code.history import DAY, POLICY, START, History
from tests.code.test_branch import END, NOBODY, facts
from tests.code.test_lines import blame, grow, nothing_moves, text

BLAMING = msgspec.structs.replace(POLICY, blame=True)


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "repository")


def read(values, lines, *, settling=True):
    """What each commit took, by its sha; cohorts that settled on the way."""
    found, settled, sha = {}, [], ""
    for value in values:
        if not isinstance(value, Commit):
            lines.file(value)
            continue
        if sha:
            found[sha] = lines.end().taken
        if settling:
            settled += lines.settle(value.committed)
        lines.begin(value)
        sha = value.sha
    found[sha] = lines.end().taken
    return found, settled


def taken(history, **options):
    """What the last commit took, by the first lines of the messages."""
    values = history.values()
    names = {value.sha: value.message.partition("\n")[0] for value in values if isinstance(value, Commit)}
    found, _ = read(values, Lines(POLICY, blame=True, **options))
    return [(names[each.sha], each.lines, each.of) for each in list(found.values())[-1]]


def test_most_of_what_went_was_one_commits(history):
    """Of the three lines that went two are first's (2 of 3 is at least half) and one is second's."""
    history.commit(0, {"a": text("a", "b", "c")}, "first")
    history.commit(1, {"a": text("a", "b", "c", "d")}, "second")
    history.commit(2, {"a": text("a", "new")}, "fix")
    assert taken(history) == [("first", 2, 3)]


def test_half_is_enough_and_two_may_have_it(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(1, {"b": text("c", "d")}, "second")
    history.commit(2, {"a": text("a"), "b": text("c")}, "fix")
    assert taken(history) == [("first", 1, 2), ("second", 1, 2)]


def test_less_than_half_is_nobodys(history):
    for day, name in enumerate("abc"):
        history.commit(day, {name: text(name, "of " + name)}, name)
    history.commit(5, {name: text(name) for name in "abc"}, "fix")
    assert taken(history) == []


@pytest.mark.parametrize(("day", "found"), [(30, [("second", 1, 1)]), (30 + 1 / DAY, [])])
def test_a_line_is_known_for_30_days_and_is_old_then(history, day, found):
    history.commit(0, {"a": text("a")}, "first")
    history.commit(1, {"a": text("a", "b")}, "second")
    history.commit(1 + day, {"a": text("a")}, "fix")
    assert taken(history) == found


def test_old_lines_that_went_count_among_all(history):
    """Two lines of day 0 and one of day 40 go on day 45: 1 of 3 is not half. Of one and one it is."""
    history.commit(0, {"a": text("a", "b", "c")}, "first")
    history.commit(40, {"a": text("a", "b", "c", "d")}, "second")
    history.commit(45, {"a": text("a")}, "fix")
    assert taken(history) == []
    history.commit(46, {"a": text("a", "x")}, "third")
    history.commit(47, {"a": ""}, "another fix")
    assert taken(history) == [("third", 1, 2)]


@pytest.mark.parametrize("path", ["tests/test_a.py", "README.md", ".github/workflows/ci.yml", "go.sum"])
def test_lines_of_tests_documents_and_generated_files_are_left_out(history, path):
    """Of the product one line of each went, so that both have half; the other file's ten would be first's alone."""
    history.commit(0, {"a": text("a", "b"), path: text(*range(10))}, "first")
    history.commit(1, {"b": text("c", "d")}, "second")
    history.commit(2, {"a": text("a"), "b": text("c"), path: ""}, "fix")
    assert taken(history) == [("first", 1, 2), ("second", 1, 2)]


def test_lines_that_moved_or_look_different_did_not_go(history):
    """The fix moves two of first's lines, indents two more, and takes one of second's."""
    history.commit(0, {"a": text(*range(4))}, "first")
    history.commit(1, {"b": text("x", "y")}, "second")
    indented = "".join(f"    {line}\n" for line in text(2, 3).splitlines())
    history.commit(2, {"a": indented, "c": text(0, 1), "b": text("x")}, "fix")
    assert taken(history) == [("second", 1, 1)]


def test_a_line_that_moved_is_still_its_first_commits(history):
    history.commit(0, {"a": text("a", "b", "c")}, "first")
    history.commit(1, {"a": text("a"), "b": text("b", "c")}, "moved")
    history.commit(2, {"b": text("b")}, "fix")
    assert taken(history) == [("first", 1, 1)]


def test_a_revert_takes_and_what_it_brings_is_nobodys(history):
    sha = history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(1, {"a": text("a")}, "second")
    history.commit(2, {"a": ""}, f"Revert\n\nThis reverts commit {sha}.")
    assert taken(history) == [("first", 1, 1)]
    history.commit(
        3, {"a": text("a", "b")}, f"Again\n\nThis reverts commit {history.git('rev-parse', 'HEAD').decode()}"
    )
    history.commit(4, {"a": ""}, "fix")
    assert taken(history) == []


def test_a_commit_that_reformats_and_an_import_take_nothing(history, monkeypatch):
    history.commit(0, {"a": text("a", "b")}, "first")
    sha = history.commit(1, {"a": text("a")}, "second")
    assert taken(history, left_out=frozenset({sha})) == []
    assert taken(history) == [("first", 1, 1)]
    monkeypatch.setattr("exporter.code.lines.MOST_ADDED", 3)
    history.commit(2, {"a": "", "b": text(*range(4))}, "import")
    assert taken(history) == []


def test_what_only_adds_blames_nobody(history):
    history.commit(0, {"a": text("a")}, "first")
    history.commit(1, {"a": text("a", "b")}, "fix of what was missing")
    assert taken(history) == []


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_whose_lines_went_is_what_git_blames(tmp_path_factory, seed):
    """Over four months, each line that a commit removed is asked of git's blame; churn is what it is without asking."""
    history = History(tmp_path_factory.mktemp("taken") / "repository")
    history.fast(grow(random.Random(seed), 40, pace=3)[0])
    values, gone = history.values(), {}
    landed = {value.sha: value.committed for value in values if isinstance(value, Commit)}
    for value in values:
        if isinstance(value, Commit):
            before, sha = value.parents[0] if value.parents else "", value.sha
            gone[sha] = Counter()
        elif value.before is not None and POLICY.is_product(value.path) and any(hunk.gone for hunk in value.hunks):
            blamed = blame(history, value.before, before)
            for hunk in value.hunks:
                gone[sha].update(blamed[hunk.at : hunk.at + hunk.gone])
    expected = {
        sha: {
            Taken(other, lines, counts.total())
            for other, lines in counts.items()
            if 2 * lines >= counts.total() and landed[sha] - landed[other] <= BLAMED
        }
        for sha, counts in gone.items()
    }
    with nothing_moves():
        asked, plain = Lines(POLICY, blame=True), Lines(POLICY)
        found, settled = read(values, asked)
        nothing, same = read(values, plain)
    assert {sha: set(each) for sha, each in found.items()} == expected
    assert not any(nothing.values())
    assert settled == same
    assert asked.settle(END) == plain.settle(END)
    shutil.rmtree(history.folder)


def reading(saved=b"", policy=BLAMING):
    return Branch("R", policy, lambda commit: NOBODY, END, saved)


def removed(told):
    return [(each.subject.key, event) for each in told for event in each.events if isinstance(event, Removed)]


def test_the_commit_whose_lines_went_is_told_when_and_by_whom(history):
    first = history.commit(0, {"a": text("a", "b", "c")}, "first")
    fix = history.commit(20, {"a": text("a")}, "fix")
    told = facts(reading(), history.log())
    assert removed(told) == [(first, Removed(f"removed:{fix}", START + 20 * DAY, fix, 2, 2))]
    assert {each.subject.thing for each in told} == {Thing.COMMIT}
    assert removed(facts(reading(policy=POLICY), history.log())) == []


def test_what_was_read_without_blame_is_of_no_use_for_it(history):
    """Lines of more than 14 days were forgotten, so the branch is read again; and the other way round."""
    head = history.commit(0, {"a": text("a")}, "first")
    for policy, other in ((POLICY, BLAMING), (BLAMING, POLICY)):
        branch = reading(policy=policy)
        facts(branch, history.log())
        assert head_of(branch.saved, policy.blame) == head
        assert head_of(branch.saved, other.blame) == ""


def test_lines_older_than_14_days_are_known_after_saving(history):
    first = history.commit(0, {"a": text("a", "b")}, "first")
    head = history.commit(20, {"b": text("c")}, "second")
    begun = reading()
    facts(begun, history.log(), until=START + 20 * DAY)
    fix = history.commit(25, {"a": text("a")}, "fix")
    told = facts(reading(begun.saved), history.log("--first-parent", "-m", f"{head}..HEAD"))
    assert removed(told) == [(first, Removed(f"removed:{fix}", START + 25 * DAY, fix, 1, 1))]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400), st.integers(0, 12))
def test_pieces_and_stops_do_not_matter(tmp_path_factory, seed, size, stop):
    """The log in pieces of any size, from the last note of how far it is after any of them, blames the same."""
    history = History(tmp_path_factory.mktemp("pieces") / "repository")
    history.fast(grow(random.Random(seed), 12, pace=4)[0])
    log = history.log()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EVERY", 2)
        whole = facts(reading(), log)
        first = reading()
        before = [each for start in range(0, stop * size, size) for each in first.feed(log[start : start + size])]
        head = head_of(first.saved, blame=True)
        rest = history.log("--first-parent", "-m", *([f"{head}..HEAD"] if head else []))
        after = facts(reading(first.saved), rest, size)
    assert {(key, event.id): event for key, event in removed([*before, *after])} == {
        (key, event.id): event for key, event in removed(whole)
    }
