"""Files of retrospective notes: bytes in, dated texts out.

A note's date is that of its front matter (``date: 2026-11-13``), else the one in the file's name. A table (CSV) with a
column called date holds a note for each date. A date has no time: a note is dated at the end of its day (UTC), since
until then it may still be written.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

DAY = 86400
MARKDOWN = (".md", ".markdown")
TABLES = {".csv": ",", ".tsv": "\t"}
DELIMITERS = ",;\t"
SHOWN = 5
"""Rows without a date that a sentence names."""

_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_FRONT = re.compile(r"---[ \t]*\r?\n(?P<front>.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)
_FIELD = re.compile(r"^date[ \t]*:[ \t]*[\"']?(?P<value>[^\"'\n#]*)", re.IGNORECASE | re.MULTILINE)


class Note(NamedTuple):
    """One note: its day as written (2026-11-13), the second it is dated at (Unix), and its text."""

    day: str
    at: int
    text: str
    markdown: bool


class Read(NamedTuple):
    """What a file holds, and what is wrong with it, in sentences that name the remedy and not the file."""

    notes: tuple[Note, ...] = ()
    faults: tuple[str, ...] = ()


def read(name: str, content: bytes) -> Read:
    """The notes in a file. ``name``: its name without folders."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Read(faults=(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8 text",))
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending in TABLES:
        return _table(name, text, TABLES[ending])
    front = _FRONT.match(text)
    field = _FIELD.search(front["front"]) if front else None
    written = field["value"] if field else name
    body = text[front.end() :] if front else text
    where = "its front matter's date" if field else "its name"
    return _one(written, where, body, markdown=ending in MARKDOWN)


def _one(written: str, where: str, text: str, *, markdown: bool) -> Read:
    """The note that a whole file is, dated by what is written there."""
    day, at = _dated(written)
    if at is None:
        said = f"{where} is {day}, which is no day" if day else "it has no date"
        return Read(faults=(f"{said}; write `date: 2026-11-13` in its front matter, or 2026-11-13 in its name",))
    return Read((Note(day, at, text, markdown),))


def _table(name: str, text: str, usual: str) -> Read:
    """The notes of a table: one for each date, of all rows that bear it; without such a column one of its name's."""
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda each: (head.count(each), each == usual))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        return Read(faults=(f"it is no table ({error}); save it as CSV again",))
    columns = [each.strip().lower() for each in rows[0]] if rows else []
    if "date" not in columns:
        return _one(name, "its name", "\n".join(" ".join(row) for row in rows), markdown=False)
    place = columns.index("date")
    days: dict[tuple[str, int], list[str]] = {}
    undated: list[int] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        day, at = _dated(row[place]) if place < len(row) else ("", None)
        if at is None:
            undated.append(number)
        else:
            days.setdefault((day, at), []).append(" \n".join((*row[:place], *row[place + 1 :])))
    notes = tuple(Note(day, at, "\n".join(texts), markdown=False) for (day, at), texts in sorted(days.items()))
    return Read(notes, _without(undated))


def _without(rows: Sequence[int]) -> tuple[str, ...]:
    if not rows:
        return ()
    named = ", ".join(map(str, rows[:SHOWN])) + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")
    return (f"no date in row {named}; write one such as 2026-11-13 in the column date",)


def _dated(written: str) -> tuple[str, int | None]:
    """The day in a text as written, and the last second of it; None where there is no such day."""
    found = _DAY.search(written)
    if found is None:
        return "", None
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return found[1], None
    return found[1], int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + DAY - 1
