"""The report as GitHub's Markdown, to be pasted into an issue."""

import re
from collections.abc import Sequence

from exporter.report.appendix import DOCUMENT, HOME, SECTION
from exporter.report.blocks import (
    Badge,
    Block,
    Cell,
    Doubts,
    Entries,
    Entry,
    Fact,
    Facts,
    Finding,
    Heading,
    Plot,
    Points,
    Prose,
    Table,
)
from exporter.report.text import drawn

SPECIAL = re.compile(r"[\\`*_\[\]<>|~&]")
BEGINNING = re.compile(r"^([-+=#]|\d+[.)])")
# GitHub turns @name, #12 and addresses into links, and what stands between dollars into formulas.
MENTION = re.compile(r"([@#])(?=\w)")
NAME = re.compile(r"\w+")
APART = "&#8203;"


def markdown(blocks: Sequence[Block]) -> str:
    """All of it, each part apart from the next by an empty line."""
    return "\n\n".join(filter(None, map(_part, blocks))) + "\n"


def escaped(said: str) -> str:
    """A text that Markdown shows as it is, links and mentions of GitHub included."""
    shown = SPECIAL.sub(r"\\\g<0>", said)
    shown = MENTION.sub(rf"\g<1>{APART}", shown)
    return shown.replace("://", ":\\/\\/").replace("www.", "www\\.").replace("$", "<span>$</span>")


def begun(said: str) -> str:
    """The same where a line begins with it, so that it makes neither a list nor a heading."""
    return BEGINNING.sub(lambda mark: f"{mark[0][:-1]}\\{mark[0][-1]}", escaped(said))


def _part(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {escaped(block.text)}"
        case Finding():
            return f"**{escaped(block.verdict.word.upper())}.** **{escaped(block.sentence)}**\n\n{begun(block.meaning)}"
        case Prose():
            return _linked(begun(block.text))
        case Doubts():
            return "\n>\n".join(f"> **{escaped(name)}**: {escaped(said)}" for name, said in block.items)
        case Points():
            return "\n".join(f"- {begun(each)}" for each in block.items)
        case Facts():
            return _tiles(block) if block.large else "\n".join(map(_fact, block.facts))
        case Table():
            return _table(block) if block.plain else f"**{escaped(block.caption)}**\n\n{_table(block)}"
        case Entries():
            return f"**{escaped(block.caption)}**\n\n" + "\n".join(map(_entry, block.entries))
        case Plot():
            return (
                "```text\n" + "\n".join(line.replace("`", "'") for line in drawn(block)) + "\n```"
                if block.drawn
                else ""
            )


def _linked(said: str) -> str:
    return said.replace(escaped(DOCUMENT), f"[{escaped(DOCUMENT)}]({HOME}#{SECTION.lower()})")


def _fact(fact: Fact) -> str:
    return f"- {escaped(fact.name)}: {escaped(fact.value)}"


def _tiles(facts: Facts) -> str:
    names, values = ([getattr(each, part) for each in facts.facts] for part in ("name", "value"))
    return _table(Table("", tuple(names), (tuple(Badge(each) for each in values),)))


def _entry(entry: Entry) -> str:
    name = f"`{entry.note}`" if NAME.fullmatch(entry.note) else escaped(entry.note)
    note = f" ({name})" if entry.note else ""
    return f"- **{escaped(entry.word)}**{note}: {escaped(entry.text)}"


def _table(content: Table) -> str:
    rules = ("--:" if column in content.right else "---" for column in range(len(content.heads)))
    lines = ([escaped(each) for each in content.heads], rules, *([_word(cell) for cell in row] for row in content.rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _word(cell: Cell) -> str:
    return f"**{escaped(cell.word)}**" if isinstance(cell, Badge) else escaped(cell)
