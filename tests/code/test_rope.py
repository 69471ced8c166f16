"""Runs of lines behave as the list of their births would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.code.rope import ENDLESS, OLD, UNKNOWN, births, from_births, joined, spliced


def spread(runs):
    return [birth for count, birth in runs for _ in range(count)]


def test_an_edit_takes_lines_out_and_puts_others_in():
    """Of aabbb the lines 1 and 2 (a, b) go and ccc come: a ccc bb; then one d before all."""
    runs = spliced([(2, 1), (3, 2)], [(1, 2, [(3, 3)])])
    assert runs == [(1, 1), (3, 3), (2, 2)]
    assert spliced(runs, [(0, 0, [(1, 4)])]) == [(1, 4), (1, 1), (3, 3), (2, 2)]


def test_an_unknown_file_is_old_and_never_ends():
    runs = spliced(UNKNOWN, [(1_000_000, 5, [(2, 7)])])
    assert runs == [(1_000_000, OLD), (2, 7), (ENDLESS, OLD)]
    assert births(runs, [(999_999, 4)]) == [[OLD, 7, 7, OLD]]


def test_an_edit_past_the_end_is_refused():
    with pytest.raises(ValueError, match="past the end"):
        spliced([(2, 1)], [(1, 2, [])])


def test_births_past_the_end_are_refused():
    with pytest.raises(IndexError):
        births([(2, 1)], [(1, 2)])


@st.composite
def edited(draw):
    """A file's births, and edits of it in order."""
    file = draw(st.lists(st.integers(1, 3), max_size=30))
    edits, place = [], 0
    while place <= len(file) and draw(st.booleans()):
        at = draw(st.integers(place, len(file)))
        gone = draw(st.integers(0, len(file) - at))
        edits.append((at, gone, draw(st.lists(st.integers(4, 6), max_size=4))))
        place = at + gone + 1
    return file, edits


@given(edited())
def test_runs_are_what_a_list_would_be(drawn):
    file, edits = drawn
    expected = list(file)
    for at, gone, came in reversed(edits):
        expected[at : at + gone] = came
    told = spliced(from_births(file), [(at, gone, from_births(came)) for at, gone, came in edits])
    assert spread(told) == expected
    assert told == joined(told) == from_births(expected)
    assert births(from_births(file), [edit[:2] for edit in edits]) == [file[at : at + gone] for at, gone, _ in edits]
