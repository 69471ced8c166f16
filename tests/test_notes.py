"""Files of retrospective notes: where their date is found, and what is said where it is not."""

import pytest

from exporter.notes import read

LAST = 1_763_078_399
"""2025-11-13 23:59:59 UTC: 20,405 days since 1970, and a day less a second: 20,405 x 86,400 + 86,399."""
assert LAST == 20_405 * 86_400 + 86_399


def days(name, text):
    """(day, text) of each note."""
    return [(note.day, note.text) for note in read(name, text.encode()).notes]


def fault(name, text):
    """The one thing wrong with a file that holds no note."""
    found = read(name, text if isinstance(text, bytes) else text.encode())
    assert found.notes == ()
    (sentence,) = found.faults
    return sentence


@pytest.mark.parametrize("name", ["2025-11-13.md", "retro-2025-11-13-pay.txt", "2025-11-13"])
def test_the_name_tells_the_date_and_a_note_is_dated_at_the_end_of_its_day(name):
    (note,) = read(name, b"QA").notes
    assert (note.day, note.at, note.text) == ("2025-11-13", LAST, "QA")


def test_the_front_matter_comes_before_the_name_and_is_no_text():
    told = "---\ntitle: qa\ndate: '2025-11-13T15:00'\n---\nslow"
    assert days("2025-11-01.md", told) == [("2025-11-13", "slow")]
    assert days("notes.md", "\ufeff---\r\nDate: 2025-11-13\r\n---\r\nslow") == [("2025-11-13", "slow")]


def test_a_rule_is_no_front_matter():
    """Nor does a date in the text count."""
    assert fault("notes.md", "text\n---\ndate: 2025-11-13\n---\n").startswith("it has no date; write `date: 2026-")
    assert fault("notes.md", "on 2025-11-13 we met").startswith("it has no date")


@pytest.mark.parametrize("name", ["2025-02-30.md", "x.md"])
def test_a_day_that_is_none_is_told(name):
    text = "---\ndate: 2025-02-30\n---\n" if name == "x.md" else ""
    where = "its front matter's date" if text else "its name"
    assert fault(name, text).startswith(f"{where} is 2025-02-30, which is no day; write")


def test_longer_numbers_are_no_dates():
    assert fault("12025-11-133.md", "").startswith("it has no date")


def test_a_table_has_a_note_for_each_date():
    text = 'Date,Column,Card\n2025-11-13,sad,"QA, slow"\n2025-11-27,mad,CI\n\n2025-11-13,glad,all\n'
    assert days("retro.csv", text) == [("2025-11-13", "sad \nQA, slow\nglad \nall"), ("2025-11-27", "mad \nCI")]


@pytest.mark.parametrize(("name", "sign"), [("r.csv", ";"), ("r.csv", ","), ("r.tsv", "\t"), ("r.csv", "\t")])
def test_semicolons_and_tabs_part_columns_too(name, sign):
    assert days(name, f"card{sign}date\nqa{sign}2025-11-13\n") == [("2025-11-13", "qa")]


def test_rows_without_a_date_stop_no_other():
    rows = "".join(f"x{each},\n" for each in range(7))
    found = read("r.csv", f"card,date\nqa,2025-11-13\n{rows}".encode())
    assert [note.day for note in found.notes] == ["2025-11-13"]
    assert found.faults == ("no date in row 3, 4, 5, 6, 7 and 2 more; write one such as 2026-11-13 in the column date",)


def test_a_table_without_a_column_of_dates_is_dated_by_its_name():
    assert days("2025-11-13.csv", "card,votes\nqa,3\n") == [("2025-11-13", "card votes\nqa 3")]
    assert fault("cards.csv", "card,votes\nqa,3\n").startswith("it has no date")
    assert fault("cards.csv", "").startswith("it has no date")


def test_what_is_no_text_is_told():
    assert fault("2025-11-13.md", b"abc\xff") == "byte 4 is not UTF-8; save the file as UTF-8 text"
    long = "card,date\n" + "x" * 200_000
    assert fault("r.csv", long).startswith("it is no table (field larger than field limit")
