"""Writes the tables of the chart's README from the comments of its values.yaml: ``python -m tools.chart_readme``.

There a comment that begins with ``--`` belongs to the next key and to all below it, and one that begins with ``##`` is
a heading.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CHART = Path(__file__).resolve().parent.parent / "helm" / "sdlc-exporter"
BEGIN = "<!-- From here to the end written from the comments of values.yaml by tools/chart_readme.py. -->\n"


class Heading(NamedTuple):
    """What the values below are about."""

    title: str


class Value(NamedTuple):
    """One row: the path of a value, and what is said of it; nothing where it only holds others."""

    path: tuple[str, ...]
    text: str


def rows(values: str) -> Iterator[Heading | Value]:
    """Headings and keys in the order of the file."""
    said: list[str] = []
    path: list[tuple[int, str]] = []
    for line in values.splitlines():
        if heading := re.match(r"## (.+)", line):
            yield Heading(heading[1])
        elif comment := re.match(r" *# (-- )?(.*)", line):
            if comment[1] or said:
                said.append(comment[2].strip())
        elif key := re.match(r"( *)([\w.-]+):", line):
            indent = len(key[1])
            path = [*(each for each in path if each[0] < indent), (indent, key[2])]
            yield Value(tuple(name for _, name in path), " ".join(said))
            said = []


def render(values: str) -> str:
    """The tables.

    Raises:
        ValueError: a value has no comment, neither of its own nor above it.
    """
    defaults = yaml.safe_load(values)
    lines: list[str] = []
    told: list[tuple[str, ...]] = []
    for row in rows(values):
        if isinstance(row, Heading):
            lines += ["", f"### {row.title}", "", "| value | default | meaning |", "|---|---|---|"]
        elif row.text:
            told.append(row.path)
            text = row.text.replace("|", "\\|")
            lines.append(f"| `{'.'.join(row.path)}` | `{json.dumps(_at(defaults, row.path))}` | {text} |")
        elif not (any(row.path[: len(above)] == above for above in told) or _holds_others(_at(defaults, row.path))):
            raise ValueError(f"values.yaml: {'.'.join(row.path)} has no comment; write one that begins with --")
    return "\n".join([*lines, ""])


def _holds_others(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values[key]
    return values


def place(readme: str, values: str) -> str:
    """The README with its tables written anew; what is above them stays."""
    by_hand, _, _ = readme.partition(BEGIN)
    return by_hand + BEGIN + render(values)


def main() -> None:
    """Write the README anew where it is not as it should be, and say so."""
    path = CHART / "README.md"
    readme = path.read_text("utf-8")
    written = place(readme, (CHART / "values.yaml").read_text("utf-8"))
    if written != readme:
        path.write_text(written, "utf-8")
        print("wrote helm/sdlc-exporter/README.md")


if __name__ == "__main__":
    main()
