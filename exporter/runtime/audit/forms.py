"""Answers as CSV, JSON and text. A cell that a spreadsheet would take for a formula is told as text."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from exporter.runtime.audit.rows import Answer, Histogram, Row, Value
from exporter.tables import table

COLUMNS = (
    *("series", "published", "from_rows", "rows"),
    *("at", "repository", "thing", "number", "url", "metric", "labels", "value", "cause"),
    "notes",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet runs. Source: https://owasp.org/www-community/attacks/CSV_Injection"""
LATEST = 253402300799
"""The last second a date can be written for; a commit may carry any."""


def as_json(answers: Sequence[Answer]) -> str:
    """One object; ``left_out`` counts the rows that each answer has more of, and ``truncated`` says that some have."""
    whole = {"truncated": any(each.left_out for each in answers), "answers": [_object(each) for each in answers]}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"


def _object(answer: Answer) -> dict[str, object]:
    told = msgspec.structs.asdict(answer)
    rows = [msgspec.structs.asdict(row) | {"at": moment(row.at)} for row in answer.rows]
    return told | {"begin": moment(answer.begin), "end": moment(answer.end), "rows": rows}


def as_csv(answers: Sequence[Answer]) -> str:
    """A line for each row, beside what is the same for all of its series; one line of that alone where there are none.

    ``rows`` is how many rows the series has: more than there are lines where some are left out, as ``notes`` say, which
    stand on the first line of a series.
    Source: RFC 4180.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(COLUMNS)
    for answer in answers:
        whole = (answer.series, short(answer.published), short(answer.from_rows), str(answer.total))
        notes = "; ".join(notes_of(answer))
        for row in answer.rows or (None,):
            cells = ("",) * 9 if row is None else _cells(row)
            write([safe(each) for each in (*whole, *cells, notes)])
            notes = ""
    return out.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    number = "" if row.number is None else str(row.number)
    at = moment(row.at) or ""
    return at, row.repository, row.thing, number, row.url, row.metric, words(row), str(row.value), row.cause


def safe(cell: str) -> str:
    """The cell, behind an apostrophe if a spreadsheet would run it; a number is none of those."""
    if not cell.startswith(FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


def as_text(answers: Sequence[Answer]) -> str:
    """For a terminal: each answer in words, and its rows as a table."""
    return "\n".join("\n".join(_lines(each)) for each in answers)


def _lines(answer: Answer) -> Iterator[str]:
    yield answer.series
    yield f"  {answer.help}"
    yield f"  published   {short(answer.published)}"
    if answer.from_rows is not None:
        yield f"  from rows   {short(answer.from_rows)}: {answer.how}"
    else:
        yield f"  {answer.how}"
    if answer.end is not None:
        yield f"  window      after {moment(answer.begin)}, up to {moment(answer.end)}"
    yield from (f"  note        {each}" for each in notes_of(answer))
    if answer.rows:
        heads = ("date", "repository", "what", "number", "metric", "labels", "value", "cause")
        yield ""
        yield table(heads, [_line(row) for row in answer.rows], right=(3, 6))
    yield ""


def _line(row: Row) -> tuple[str, ...]:
    at, repository, thing, number, _, metric, labels, value, cause = _cells(row)
    return at, repository, thing, number, metric, labels, value, cause


def notes_of(answer: Answer) -> tuple[str, ...]:
    """What is to be known of an answer; that rows are left out first."""
    told = len(answer.rows)
    left = f"truncated: {told:,} of {answer.total:,} rows are told; a higher limit tells more"
    return (left, *answer.notes) if answer.left_out else answer.notes


def words(row: Row) -> str:
    """A row's labels on one line."""
    return " ".join(f"{name}={value}" for name, value in row.labels.items())


def short(value: Value | None) -> str:
    """A number in full; of a histogram its count and sum."""
    if value is None:
        return ""
    if isinstance(value, Histogram):
        return f"{value.count} readings, {short(value.sum)} together"
    return str(int(value)) if value == int(value) else repr(value)


def moment(second: int | None) -> str | None:
    """A second in RFC 3339."""
    if second is None:
        return None
    return datetime.fromtimestamp(min(max(second, 0), LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FORMS: dict[str, Callable[[Sequence[Answer]], str]] = {"text": as_text, "csv": as_csv, "json": as_json}
"""What the command line offers, by its word."""
