"""What git prints becomes commits and files, whatever their names and contents."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.code import patch
from exporter.code.patch import Commit, FilePatch, Hunk
from exporter.errors import Garbled
from tests.code.history import START, History, read


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "repository")


def files(history):
    return [value for value in history.values() if isinstance(value, FilePatch)]


def test_a_commit_says_who_when_and_why(history):
    first = history.commit(0, {"a": "1\n"})
    second = history.commit(
        1, {"a": "2\n"}, "Fix it\n\nBecause.\n\nCo-authored-by: Bob <bob@acme.example>", author="Bob"
    )
    commit = next(value for value in history.values() if isinstance(value, Commit) and value.sha == second)
    assert commit == Commit(
        second,
        (first,),
        START + 86_400,
        START + 86_400,
        ("Bob", "Ada"),
        ("bob@acme.example", "ada@acme.example"),
        "Fix it\n\nBecause.\n\nCo-authored-by: Bob <bob@acme.example>",
    )


def test_commits_come_oldest_first_and_their_files_after_each(history):
    history.commit(0, {"a": "1\n", "b": "1\n"})
    history.commit(1)
    history.commit(2, {"c": "1\n"})
    told = ["commit" if isinstance(value, Commit) else value.path for value in history.values()]
    assert told == ["commit", "a", "b", "commit", "commit", "c"]


def test_hunks_name_places_from_zero(history):
    """Of lines a to f: b becomes B and b2, nothing stands before a but 0, and f goes."""
    history.commit(0, {"a": "a\nb\nc\nd\ne\nf\n"})
    history.commit(1, {"a": "0\na\nB\nb2\nc\nd\ne\n"})
    assert files(history)[-1].hunks == [
        Hunk(0, 0, 1, [], [b"0"]),
        Hunk(1, 1, 2, [b"b"], [b"B", b"b2"]),
        Hunk(5, 1, 0, [b"f"], []),
    ]


def test_new_changed_and_deleted_files(history):
    history.commit(0, {"a": "1\n", "b": "1\n"})
    history.commit(1, {"a": "1\n2\n", "b": None})
    assert [(file.before, file.after, file.counts) for file in files(history)] == [
        (None, "a", ("a", 1, 0)),
        (None, "b", ("b", 1, 0)),
        ("a", "a", ("a", 1, 0)),
        ("b", None, ("b", 0, 1)),
    ]


def test_a_rename_keeps_its_lines_and_both_names(history):
    text = "".join(f"line {each}\n" for each in range(20))
    history.commit(0, {"old name": text})
    history.git("mv", "old name", "new name")
    history.commit(1, {"new name": text.replace("line 7", "line seven")})
    moved = files(history)[-1]
    assert (moved.before, moved.after) == ("old name", "new name")
    assert moved.hunks == [Hunk(7, 1, 1, [b"line 7"], [b"line seven"])]


def test_a_pure_rename_and_a_new_mode_have_no_lines(history):
    history.commit(0, {"a": "1\n2\n3\n"})
    history.git("mv", "a", "b")
    history.commit(1)
    (history.folder / "b").chmod(0o755)
    history.commit(2)
    assert [(file.before, file.after, file.hunks) for file in files(history)[1:]] == [("a", "b", []), ("b", "b", [])]


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "tab\there",
        'quote"d',
        "back\\slash",
        "a b/c",
        "x b/x b/x",
        "é",
        "日本.txt",
        "line\nbreak",
        " both ends ",
        "\x01control",
        "-dash",
        "a\\b/c\\\\d",
    ],
)
@pytest.mark.parametrize("content", [b"text\n", b"", b"\x00binary"], ids=["text", "empty", "binary"])
def test_any_name_is_read_back(history, name, content):
    history.commit(0, {name: content})
    history.commit(1, {name: content + b"more\n"})
    history.git("mv", "--", name, "plain")
    history.commit(2)
    history.commit(3, {"plain": None})
    assert [(file.before, file.after) for file in files(history)] == [
        (None, name),
        (name, name),
        (name, "plain"),
        ("plain", None),
    ]


def test_a_name_that_is_not_utf8_is_told_in_hex(history):
    place = os.fsencode(history.folder) + b"/\xff.txt"
    with open(place, "wb") as file:
        file.write(b"1\n")
    history.commit(0)
    assert files(history)[0].path == "\\xff.txt"


def test_what_has_no_lines_says_so(history):
    history.commit(0, {"image": b"\x00\x01", "text": "1\n"})
    (history.folder / "link").symlink_to("text")
    other = History(history.folder / "module")
    other.commit(0, {"a": "1\n"})
    history.git("-c", "advice.addEmbeddedRepo=false", "add", "module")
    history.commit(1)
    assert {file.path: (file.text, file.hunks) for file in files(history) if file.path != "text"} == {
        "image": (False, []),
        "link": (False, []),
        "module": (False, []),
    }


def test_a_file_that_becomes_a_link_is_deleted_and_new(history):
    history.commit(0, {"a": "1\n", "b": "1\n"})
    (history.folder / "b").unlink()
    (history.folder / "b").symlink_to("a")
    history.commit(1)
    assert [(file.before, file.after, file.text) for file in files(history)[2:]] == [
        ("b", None, True),
        (None, "b", False),
    ]


def test_a_missing_newline_at_the_end_is_no_line(history):
    history.commit(0, {"a": "1\n2"})
    history.commit(1, {"a": "1\n3"})
    history.commit(2, {"a": "1\n3\n"})
    history.commit(3, {"a": "1\n3\n4"})
    assert [file.hunks for file in files(history)] == [
        [Hunk(0, 0, 2, [], [b"1", b"2"])],
        [Hunk(1, 1, 1, [b"2"], [b"3"])],
        [Hunk(1, 1, 1, [b"3"], [b"3"])],
        [Hunk(2, 0, 1, [], [b"4"])],
    ]


def test_lines_that_look_like_a_log_are_lines(history):
    text = "@@ -1 +1 @@\n\x01deadbeef\ndiff --git a/x b/x\n-- a/x\n++ b/x\n\\ No newline\n\x00"[:-1]
    history.commit(0, {"a": text}, "\x01subject\n\ndiff --git a/y b/y\n@@ -1 +1 @@")
    history.commit(1, {"a": "x\n"})
    told = files(history)
    assert [(file.path, file.counts) for file in told] == [("a", ("a", 6, 0)), ("a", ("a", 1, 6))]
    assert b"\n".join(told[1].hunks[0].removed).decode() + "\n" == text


def test_a_carriage_return_belongs_to_the_line(history):
    history.commit(0, {"a": b"1\r\n2\rmore\r\n"})
    assert files(history)[0].hunks[0].added == [b"1\r", b"2\rmore\r"]


def test_contents_and_people_may_be_in_any_encoding(history):
    history.commit(0, {"a": b"caf\xe9\n"})
    history.git("-c", "i18n.commitEncoding=latin1", "commit", "--quiet", "--allow-empty", "-F", "-", data=b"caf\xe9\n")
    values = history.values()
    assert files(history)[0].hunks[0].added == [b"caf\xe9"]
    assert values[-1].message == "café"


def test_a_merge_is_what_it_brought_to_the_branch(history):
    history.commit(0, {"a": "1\n"})
    history.git("checkout", "--quiet", "-b", "topic")
    history.commit(1, {"b": "1\n2\n"})
    history.commit(2, {"b": "1\n2\n3\n"})
    history.git("checkout", "--quiet", "main")
    history.commit(3, {"c": "1\n"})
    history.git("merge", "--quiet", "--no-ff", "-m", "merge topic", "topic", at=4)
    told = [value.message if isinstance(value, Commit) else value.counts for value in history.values()]
    assert told == ["work", ("a", 1, 0), "work", ("c", 1, 0), "merge topic", ("b", 3, 0)]
    everybodys = [value for value in history.values("--no-merges") if isinstance(value, FilePatch)]
    assert sorted(file.counts for file in everybodys) == [("a", 1, 0), ("b", 1, 0), ("b", 2, 0), ("c", 1, 0)]


def test_a_huge_line_is_cut_and_the_next_one_is_whole(history):
    history.commit(0, {"a": b"x" * 1_000_000 + b"\nnext\n"})
    log = history.log()
    for size in (1000, 65_536, len(log)):
        hunk = read(log[at : at + size] for at in range(0, len(log), size))[1].hunks[0]
        assert [len(line) for line in hunk.added] == [patch.LONGEST, 4]


def test_of_a_huge_file_only_the_places_are_kept(history, monkeypatch):
    monkeypatch.setattr(patch, "MOST_LINES", 10)
    history.commit(0, {"a": "".join(f"{each}\n" for each in range(11)), "b": "1\n" * 10})
    first, second = files(history)
    assert (first.whole, first.hunks) == (False, [Hunk(0, 0, 11, [], [])])
    assert second.whole
    assert len(second.hunks[0].added) == 10


def test_an_endless_message_is_cut(history):
    history.commit(0, {"a": "1\n"}, "subject\n\n" + "words \n" * 20_000)
    commit, file = history.values()
    assert len(commit.message) <= patch.LONGEST_MESSAGE
    assert file.path == "a"


def test_a_log_that_breaks_off_is_told(history):
    history.commit(0, {"a": "1\n2\n3\n"})
    log = history.log()
    for end in (30, log.index(b"+2") + 3):
        with pytest.raises(Garbled):
            read([log[:end]])


@pytest.mark.parametrize("log", [b"hello\n", b"@@ -1 +1 @@\n", b"\x01only\n\x00\n", b"fatal: not a repository\n"])
def test_what_is_no_log_is_refused(log):
    with pytest.raises(Garbled):
        read([log])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_pieces_of_any_size_read_the_same(tmp_path_factory, data):
    log = _log(tmp_path_factory)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=8)))
    pieces = [log[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(log)], strict=True)]
    assert read(pieces) == read([log])


def _log(factory, made=[]):  # noqa: B006
    if not made:
        history = History(factory.mktemp("pieces"))
        history.commit(0, {"a": "1\n2\n3\n", "b b/b": b"\x00", "c": "1"}, "subject\n\nbody")
        history.commit(1, {"a": "1\n3\n4", "c": "2", "tab\t": "1\n"})
        made.append(history.log())
    return made[0]
