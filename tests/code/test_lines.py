"""Which added lines did not last, moved, were reformatted or copied: histories by hand, and git's own blame."""

import random
import shutil
from collections import Counter
from contextlib import contextmanager
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.code import blocks
from exporter.code import lines as module
from exporter.code.lines import LASTS, Lines
from exporter.code.patch import Commit
from tests.code.history import DAY, POLICY, START, History, cohorts, follow


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "repository")


def text(*names):
    """One line for each name, that nobody takes for another's."""
    return "".join(f"the line that is called {name}\n" for name in names)


def counts(history, **options):
    """(added, churned) of each commit."""
    return {name: (each.added, each.churned) for name, each in cohorts(history, **options).items()}


def test_a_line_that_goes_within_14_days_is_churn_of_the_commit_that_brought_it(history):
    """Of first's four lines b goes on day 13 and c on day 14; d goes a second later, when it has lasted."""
    history.commit(0, {"a": text("a", "b", "c", "d")}, "first")
    history.commit(13, {"a": text("a", "c", "d")}, "second")
    history.commit(14, {"a": text("a", "d")}, "third")
    history.commit(14 + 1 / DAY, {"a": text("a")}, "fourth")
    assert counts(history) == {"first": (4, 2), "second": (0, 0), "third": (0, 0), "fourth": (0, 0)}


def test_a_rewritten_line_is_gone_and_new(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(1, {"a": text("a", "c")}, "second")
    history.commit(2, {"a": text("a", "d")}, "third")
    assert counts(history) == {"first": (2, 1), "second": (1, 1), "third": (1, 0)}


def test_the_age_of_a_line_is_its_own_wherever_it_has_shifted_to(history):
    """On day 20 x pushes old lines down; day 25 removes b, which is 25 days old, and x, which is 5."""
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(20, {"a": text("x", "a", "b")}, "second")
    history.commit(25, {"a": text("a")}, "third")
    assert counts(history) == {"first": (2, 0), "second": (1, 1), "third": (0, 0)}


def test_a_deleted_file_takes_its_lines_with_it(history):
    history.commit(0, {"a": text("a", "b"), "b": text("c")}, "first")
    history.commit(1, {"a": None}, "second")
    assert counts(history) == {"first": (3, 2), "second": (0, 0)}


def test_a_renamed_file_keeps_its_lines_ages(history):
    history.commit(0, {"a": text(*range(10))}, "first")
    history.git("mv", "a", "b")
    history.commit(1, message="second")
    history.commit(2, {"b": text(*range(9))}, "third")
    assert counts(history) == {"first": (10, 1), "second": (0, 0), "third": (0, 0)}


def test_two_files_that_change_names_keep_their_lines(history):
    history.commit(0, {"a": text(*range(10))}, "first")
    history.commit(1, {"b": text(*"abcdefghij")}, "second")
    one, other = ((history.folder / name).read_text() for name in "ab")
    history.commit(2, {"a": None, "b": None, "c": one, "d": other}, "third")
    history.commit(3, {"c": None, "d": None, "a": other, "b": one}, "fourth")
    history.commit(4, {"a": None}, "fifth")
    assert counts(history)["second"] == (10, 10)
    assert counts(history)["first"] == (10, 0)


def test_a_moved_line_stays_what_it_was(history):
    """From one file to another nothing is added. When it goes on day 2, it is first's line that goes."""
    history.commit(0, {"one": text("a", "b", "c"), "two": text("d")}, "first")
    history.commit(1, {"one": text("a", "c"), "two": text("d", "b", "e")}, "second")
    told = cohorts(history)
    assert (told["second"].added, told["second"].moved, told["first"].churned) == (1, 1, 0)
    history.commit(2, {"two": text("d")}, "third")
    assert counts(history)["first"] == (4, 1)
    assert counts(history)["second"] == (1, 1)


def test_a_line_moves_as_often_as_it_went(history):
    """It was there once and comes twice: one moved, one is new."""
    history.commit(0, {"one": text("a"), "two": text("x")}, "first")
    history.commit(1, {"one": "", "two": text("a", "x", "a")}, "second")
    told = cohorts(history)
    assert (told["second"].moved, told["second"].added) == (1, 1)


def test_a_line_that_any_file_has_does_not_move(history):
    history.commit(0, {"one": "    return None\n}\n\n", "two": text("x")}, "first")
    history.commit(1, {"one": "", "two": text("x") + "    return None\n}\n\n"}, "second")
    told = cohorts(history)
    assert (told["second"].moved, told["second"].added) == (1, 2)


def test_white_space_is_neither_churn_nor_new(history):
    """Two of three lines move to the right under a new one; the fourth commit takes one that first wrote."""
    history.commit(0, {"a": "begin the block\nwork on the block\nend the block\n"}, "first")
    history.commit(1, {"a": "begin the block\n  when:\n    work on the block\n    end the block\n"}, "second")
    told = cohorts(history)
    assert (told["second"].added, told["second"].reformatted, told["first"].churned) == (1, 2, 0)
    history.commit(2, {"a": "begin the block\n  when:\n    end the block\n"}, "third")
    assert counts(history) == {"first": (3, 1), "second": (1, 0), "third": (0, 0)}


def test_a_formatter_that_breaks_lines_leaves_them_what_they_were(history):
    history.commit(0, {"a": "call('one', 'two', 'three')\nnext line of it\n"}, "first")
    history.commit(1, {"a": 'call(\n    "one",\n    "two",\n    "three",\n)\nnext line of it\n'}, "second")
    told = cohorts(history)
    assert (told["second"].added, told["second"].reformatted, told["first"].churned) == (0, 5, 0)


def test_line_ends_of_another_system_are_no_change(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(1, {"a": text("a", "b").replace("\n", "\r\n")}, "second")
    assert counts(history) == {"first": (2, 0), "second": (0, 0)}


def test_a_commit_listed_as_reformatting_is_left_out_and_what_it_touched_is_old(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    sha = history.commit(1, {"a": text("A", "B")}, "second")
    history.commit(2, {"a": text("A")}, "third")
    assert counts(history) == {"first": (2, 2), "second": (2, 1), "third": (0, 0)}
    assert counts(history, left_out=frozenset({sha})) == {"first": (2, 0), "second": (0, 0), "third": (0, 0)}


def test_a_revert_writes_nothing_new_but_what_it_takes_back_did_not_last(history):
    history.commit(0, {"a": text("a", "b")}, "first")
    sha = history.commit(1, {"a": text("a", "c", "d")}, "second")
    history.commit(2, {"a": text("a", "b")}, f'Revert "second"\n\nThis reverts commit {sha}.')
    history.commit(3, {"a": text("a")}, "fourth")
    assert counts(history) == {"first": (2, 1), "second": (2, 2), 'Revert "second"': (0, 0), "fourth": (0, 0)}


def test_generated_vendored_and_binary_files_are_left_out(history):
    files = {"go.sum": text("a"), "vendor/x.go": text("b"), "image": b"\x00\n\n", "a": text("c")}
    history.commit(0, files, "first")
    history.commit(1, dict.fromkeys(files), "second")
    assert counts(history) == {"first": (1, 1), "second": (0, 0)}


def test_an_import_is_old_from_the_start(history, monkeypatch):
    monkeypatch.setattr(module, "MOST_ADDED", 5)
    history.commit(0, {"a": text(*range(4)), "b": text("x", "y")}, "import")
    history.commit(1, {"a": "", "b": text("z")}, "second")
    assert counts(history) == {"import": (0, 0), "second": (1, 0)}


def test_a_merge_is_born_when_it_lands(history):
    """The topic's line is written on day 1 and lands on day 20; on day 30 it is ten days old."""
    history.commit(0, {"a": text("a")}, "first")
    history.git("checkout", "--quiet", "-b", "topic")
    history.commit(1, {"b": text("b", "c")}, "topic")
    history.git("checkout", "--quiet", "main")
    history.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", at=20)
    history.commit(30, {"b": text("b")}, "third")
    assert counts(history) == {"first": (1, 0), "merge": (2, 1), "third": (0, 0)}


def test_a_clock_that_was_wrong_does_not_make_lines_older(history):
    """A commit is dated 30 days before first, and lands after it: its line is born on day 0, and goes on day 10."""
    history.commit(0, {"a": text("a")}, "first")
    history.commit(-30, {"a": text("a", "b")}, "second")
    history.commit(10, {"a": text("a")}, "third")
    assert counts(history)["second"] == (1, 1)


BLOCK = text(*"abcde")


def duplicated(history):
    return {name: (each.added, each.duplicated) for name, each in cohorts(history).items()}


def test_five_lines_that_are_there_already_are_a_copy(history):
    """Lines a to e come again with other white space and a blank line: 6 lines, and f is new. Four are no block."""
    history.commit(0, {"one": BLOCK}, "first")
    copy = text("a", "b") + "\n" + text("c", "d", "e").replace("the line", "\tthe  line") + text("f")
    history.commit(1, {"two": copy}, "second")
    history.commit(2, {"three": text(*"abcd")}, "third")
    assert duplicated(history) == {"first": (5, 0), "second": (7, 6), "third": (4, 0)}


def test_of_a_block_that_comes_twice_the_second_is_the_copy(history):
    history.commit(0, {"one": BLOCK, "two": BLOCK}, "first")
    assert duplicated(history) == {"first": (10, 5)}


def test_a_moved_block_is_no_copy(history):
    history.commit(0, {"one": BLOCK}, "first")
    history.commit(1, {"one": "", "two": text("x") + BLOCK}, "second")
    assert duplicated(history) == {"first": (5, 0), "second": (1, 0)}


def test_a_block_that_has_gone_is_no_model(history):
    history.commit(0, {"one": BLOCK}, "first")
    history.commit(1, {"one": ""}, "second")
    history.commit(2, {"two": BLOCK}, "third")
    assert duplicated(history)["third"] == (5, 0)


def test_brackets_and_tables_of_equal_rows_are_no_copies(history):
    brackets, rows = "}\n)\n]\n};\nend\n", "zero, zero, zero, zero\n" * 12
    history.commit(0, {"one": brackets + rows, "two": brackets + rows}, "first")
    assert duplicated(history)["first"][1] == 0


def test_what_has_settled_is_told_once_and_no_more_in_memory(history):
    """What landed on day 0 has settled after day 14, what landed on day 10 has not."""
    history.commit(0, {"a": text("a", "b")}, "first")
    history.commit(10, {"b": text("c")}, "second")
    history.commit(12, {"a": text("a")}, "third")
    lines = follow(Lines(POLICY), history.values())
    assert lines.settle(START + LASTS) == []
    told = lines.settle(START + LASTS + 1)
    assert [(each.at, each.added, each.churned) for each in told] == [(START, 2, 1)]
    assert lines.settle(START + LASTS + 1) == []
    assert [each.at for each in lines.young()] == [START + 10 * DAY, START + 12 * DAY]
    assert [each.added for each in lines.settle(START + 40 * DAY)] == [1, 0]
    bare = len(Lines(POLICY).saved())
    assert len(lines.saved()) < bare + 20


def test_a_copy_is_known_after_saving(history):
    history.commit(0, {"one": BLOCK}, "first")
    history.commit(1, {"two": BLOCK}, "second")
    values = history.values()
    lines = Lines.restored(follow(Lines(POLICY), values[:2]).saved(), POLICY)
    assert [each.duplicated for each in follow(lines, values[2:]).young()] == [0, 5]


# Random histories: text is edited at random, with files that come, go and change names.


def grow(rng, commits, pace=0.1):
    """Commits at random; four lines of five are unlike all others.

    ``pace``: mean days from one to the next. Gives what ``History.fast`` takes, and the files there are in the end.
    """
    files: dict[str, list[str]] = {}
    day, fresh, told = 0.0, iter(range(10**9)), []

    def some():
        return rng.choice(["}", "", "end"]) if rng.random() < 0.2 else f"unlike anything {next(fresh)}"

    for _ in range(commits):
        day += rng.random() * 2 * pace
        changed = set()
        for _ in range(rng.randint(1, 3)):
            action = rng.random()
            name = rng.choice(sorted(files)) if files else ""
            if not files or action < 0.3:
                name = f"file {next(fresh)}.txt"
                files[name] = [some() for _ in range(rng.randint(0, 12))]
            elif action < 0.4:
                del files[name]
            elif action < 0.5 and not changed:  # edited as well, git might see two files
                new = f"renamed {next(fresh)}.txt"
                files[new] = files.pop(name)
                changed |= {name, new}
                break
            else:
                own = files[name]
                for _ in range(rng.randint(1, 4)):
                    at = rng.randint(0, len(own))
                    own[at : at + rng.randint(0, 3)] = [some() for _ in range(rng.randint(0, 3))]
            changed.add(name)
        content = {name: "".join(f"{line}\n" for line in files[name]) if name in files else None for name in changed}
        told.append((day, dict(sorted(content.items())), "work"))
    return told, files


@contextmanager
def nothing_moves():
    """No line is recognised elsewhere, as git's blame recognises none unless asked to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "TELLING", 1 << 30)
        yield


def blame(history, name, at="HEAD"):
    """For every line of a file the commit git's blame names."""
    told = history.git("blame", "--line-porcelain", "--first-parent", at, "--", name).split(b"\n")
    return [line.split()[0].decode() for line in told if len(line.split(b" ")[0]) == 40 and not line.startswith(b"\t")]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_every_line_is_the_commits_that_git_blames(tmp_path_factory, seed, commits):
    history = History(tmp_path_factory.mktemp("blame") / "repository")
    told, files = grow(random.Random(seed), commits)
    history.fast(told)
    with nothing_moves():
        lines = follow(Lines(POLICY), history.values())
    for name in files:
        blamed = blame(history, name)
        assert lines.births(name, len(blamed)) == blamed
    left = sum(each.added - each.churned for each in lines.young())
    assert left == sum(len(own) for own in files.values())
    shutil.rmtree(history.folder)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_churn_is_what_git_blames_for_every_line_that_went(tmp_path_factory, seed):
    """Over two months, with lines that age and settle, each removed line's commit is asked of git's blame."""
    history = History(tmp_path_factory.mktemp("churn") / "repository")
    history.fast(grow(random.Random(seed), 40, pace=1.5)[0])
    values, expected = history.values(), Counter()
    landed = {value.sha: value.committed for value in values if isinstance(value, Commit)}
    for value in values:
        if isinstance(value, Commit):
            before, now = value.parents[0] if value.parents else "", value.committed
        elif value.before is not None and any(hunk.gone for hunk in value.hunks):
            blamed = blame(history, value.before, before)
            for hunk in value.hunks:
                for sha in blamed[hunk.at : hunk.at + hunk.gone]:
                    expected[sha] += now - landed[sha] <= LASTS
    lines, told, begun = Lines(POLICY), [], False
    with nothing_moves():
        for value in values:
            if not isinstance(value, Commit):
                lines.file(value)
                continue
            if begun:
                lines.end()
            told += lines.settle(value.committed)
            lines.begin(value)
            begun = True
        lines.end()
    told += lines.young()
    assert len(told) == len(landed)
    assert {each.sha: each.churned for each in told if each.churned} == +expected
    shutil.rmtree(history.folder)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30))
def test_two_steps_are_one_go(tmp_path_factory, seed, first):
    """Whatever was read, saved and read back in between, the rest of the branch ends the same."""
    history = History(tmp_path_factory.mktemp("steps") / "repository")
    history.fast(grow(random.Random(seed), 30)[0])
    values = history.values()
    starts = [place for place, value in enumerate(values) if isinstance(value, Commit)] + [len(values)]
    cut = starts[first]
    half = follow(Lines(POLICY), islice(values, cut))
    settled = half.settle(max([0, *(value.committed for value in values[:cut] if isinstance(value, Commit))]))
    again = follow(Lines.restored(half.saved(), POLICY), values[cut:])
    whole = follow(Lines(POLICY), values)
    end = START + 1000 * DAY
    assert settled + again.settle(end) == whole.settle(end)
    shutil.rmtree(history.folder)


COMMON = ["}", "", "    return None", "else:", "end", "        continue", "try:", "    pass"]


@pytest.mark.parametrize(("common", "off"), [(0.0, 0.001), (0.3, 0.02)])
def test_planted_churn_is_recovered(tmp_path, common, off):
    """A fifth of all lines is planted to go within 14 days, a tenth later; each line's days of life are known.

    Where all lines differ the estimate is the truth. Where three in ten are such as any file has, git's diff may take
    one for another, and what goes when its equal comes is seen as staying: the estimate is within two points.
    """
    rng = random.Random(7)
    history = History(tmp_path / "repository")
    alive: dict[str, list[tuple[str, float]]] = {f"part{each}.py": [] for each in range(6)}
    told, lives = [], []
    for day in range(90):
        changed = set()
        for name, own in alive.items():
            rest = [line for line in own if line[1] > day]
            if len(rest) < len(own):
                alive[name], changed = rest, changed | {name}
        for name in rng.sample(sorted(alive), 2):
            for _ in range(rng.randint(5, 25)):
                line = rng.choice(COMMON) if rng.random() < common else f"value {rng.random()} of day {day}"
                fate = rng.random()
                life = rng.randint(1, 14) if fate < 0.2 else rng.randint(15, 40) if fate < 0.3 else 1000
                alive[name].insert(rng.randint(0, len(alive[name])), (line, day + life))
                lives.append((day, life))
            changed.add(name)
        told.append((day, {name: "".join(f"{line}\n" for line, _ in alive[name]) for name in sorted(changed)}, "work"))
    history.fast(told)
    settled = follow(Lines(POLICY), history.values()).settle(START + 89 * DAY)
    mature = [life for day, life in lives if day + 14 < 89]
    truth = sum(life <= 14 for life in mature) / len(mature)
    added = sum(each.added for each in settled)
    estimate = sum(each.churned for each in settled) / added
    print(f"planted {truth:.4f} of {len(mature)}, found {estimate:.4f} of {added}, bias {estimate - truth:+.4f}")
    assert abs(estimate - truth) < off
