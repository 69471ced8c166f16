"""The report for a terminal: 100 columns, bars of block characters, no colours."""

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from exporter.report.blocks import (
    Badge,
    Block,
    Cell,
    Doubts,
    Entries,
    Facts,
    Finding,
    Heading,
    Plot,
    Points,
    Prose,
    Row,
    Table,
)
from exporter.tables import table

COLUMNS = 100
NAMES = 30
"""The most columns that names before facts and labels before bars take."""
BARS = 40
LONG = 15
"""Words of a table that are longer may be broken."""
FULL, LIGHT, MEDIUM, CUT = "█", "░", "▓", "╱"
ZERO = "▏"
BOUND = "\u00a0"
UNIT = re.compile(r"(?<=\d) (?=[hd%](?:\W|$))")
FILLS = {"less": LIGHT, "more": FULL, "total": MEDIUM}


def text(blocks: Sequence[Block]) -> str:
    """All of it, each part apart from the next by an empty line."""
    return "\n\n".join("\n".join(lines) for lines in map(_lines, blocks) if lines) + "\n"


def _lines(block: Block) -> list[str]:
    match block:
        case Heading():
            return _heading(block)
        case Finding():
            return [block.verdict.word.upper(), *_wrapped(block.sentence), *_wrapped(block.meaning)]
        case Prose():
            return _wrapped(block.text)
        case Doubts():
            return [line for name, said in block.items for line in _wrapped(f"{name}: {said}", "  ! ", "    ")]
        case Points():
            return [line for each in block.items for line in _wrapped(each, "  - ", "    ")]
        case Facts():
            return list(_facts(block))
        case Table():
            return [*([] if block.plain else [f"  {block.caption}"]), *fitted(block).split("\n")]
        case Entries():
            return list(_entries(block))
        case Plot():
            return list(drawn(block)) if block.drawn else []


def _wrapped(said: str, first: str = "  ", then: str = "  ") -> list[str]:
    return _fold(said, COLUMNS, first, then) or [first.rstrip()]


def _fold(said: str, columns: int, first: str = "", then: str = "") -> list[str]:
    """Lines of at most so many columns; a number stays with its unit, and a name is not broken at its hyphens."""
    kept = UNIT.sub(BOUND, said)
    lines = wrap(kept, columns, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
    return [each.replace(BOUND, " ") for each in lines]


def _heading(heading: Heading) -> list[str]:
    lines = _fold(heading.text if heading.level > 1 else heading.text.upper(), COLUMNS)
    if heading.level == 3:
        return [f"── {heading.text}"]
    return [*lines, ("═" if heading.level == 1 else "─") * (COLUMNS if heading.level == 2 else len(lines[0]))]


def _facts(facts: Facts) -> Iterator[str]:
    width = min(max((len(each.name) for each in facts.facts), default=0), NAMES)
    for each in facts.facts:
        yield from _wrapped(each.value, f"  {each.name.ljust(width)}  ", " " * (width + 4))


def _entries(entries: Entries) -> Iterator[str]:
    yield f"  {entries.caption}:"
    for each in entries.entries:
        yield from _wrapped(f"{each.word} [{each.note}]" if each.note else each.word)
        yield from _wrapped(each.text, "      ", "      ")


def fitted(content: Table) -> str:
    """A table of at most ``COLUMNS``: the words of the widest column wrap until it fits."""
    rows = [[_word(cell) for cell in row] for row in content.rows]
    widths = [max(map(len, column)) for column in zip(content.heads, *rows, strict=True)]
    words = [_longest(column) for column in zip(content.heads, *rows, strict=True)]
    # Words wrap before numbers do, and only what is long is broken.
    floors = [width if column in content.right else min(words[column], LONG) for column, width in enumerate(widths)]
    while sum(widths) + 2 * len(widths) > COLUMNS:
        room = [column for column, width in enumerate(widths) if width > floors[column]]
        widths[max(room or range(len(widths)), key=widths.__getitem__)] -= 1
    heads, *shown = [_folded(row, widths) for row in (content.heads, *rows)]
    # A head of several lines stands above the rule as rows of its own would below it.
    body = [line for lines in shown for line in lines]
    if len(heads) == 1:
        return table(heads[0], body, right=content.right)
    lines = table(heads[-1], [*heads[:-1], *body], right=content.right).split("\n")
    above = lines[2 : 1 + len(heads)]
    return "\n".join([*above, *lines[:2], *lines[1 + len(heads) :]])


def _longest(column: Iterable[str]) -> int:
    return max(len(word) for cell in column for word in ("", *cell.split()))


def _folded(row: Sequence[str], widths: Sequence[int]) -> list[tuple[str, ...]]:
    """One row as the lines that its cells take."""
    cells = [_fold(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
    return [tuple(cell[line] if line < len(cell) else "" for cell in cells) for line in range(max(map(len, cells)))]


def _word(cell: Cell) -> str:
    return cell.word if isinstance(cell, Badge) else cell


def drawn(plot: Plot) -> Iterator[str]:
    """A plot as bars of characters, with its values in words beside them."""
    yield f"  {plot.title}"
    yield from _wrapped(plot.says)
    yield ""
    labels = min(max(len(each.label) for each in plot.rows), NAMES)
    values = COLUMNS - labels - BARS - 6
    for row in plot.rows:
        said = _fold(row.value, values) or [""]
        yield f"  {row.label[:labels].ljust(labels)}  {said[0].ljust(values)}  {_bar(plot, row)}".rstrip()
        for more in said[1:]:
            yield f"  {' ' * labels}  {more}"
    legend = ", ".join(f"{FILLS[tone]} {name}" for tone, name in plot.legend if tone in FILLS)
    yield from _wrapped(legend + (f", {CUT}{CUT} the axis does not begin at 0" if plot.axis.cut else ""))


def _bar(plot: Plot, row: Row) -> str:
    (lane,) = row.lanes
    begin, end = sorted(round(plot.axis.place(each) * BARS) for each in (lane.start, lane.end))
    begin = min(begin, BARS - 1)
    bar = " " * begin + (FILLS.get(lane.tone, FULL) * (end - begin) or ZERO)
    return CUT * 2 + bar[2:] if plot.axis.cut and lane.tone == "total" else bar
