"""The rule table of AI origin as Markdown, for docs/ai-origin.md."""

from collections.abc import Mapping
from typing import Any

from exporter.origin_rules import MATCHERS, packaged

BEGIN, END = "<!-- rules: generated, do not edit -->", "<!-- end of rules -->"
HEADINGS = {
    "logins": "Accounts",
    "branches": "Head branches (what the name begins with)",
    "emails": "Authors and co-authors of commits (address, GitHub id, or both id and login)",
    "author_suffixes": "Endings of a commit author's name",
    "trailers": "Trailers of commits and descriptions (`*` is any text)",
    "footers": "Footers of commits and descriptions",
    "checkboxes": "Ticked boxes of descriptions",
    "links": "Links in descriptions (without scheme, followed by an id)",
}


def render() -> str:
    """The packaged rules: a table for each way to match, in the order in which they are asked."""
    rows = packaged()
    return "\n\n".join(_table(by, [row for row in rows if by in row]) for by in MATCHERS)


def place(document: str) -> str:
    """The document with its generated part replaced.

    Raises:
        ValueError: the document has no such part.
    """
    before, begun, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"the document lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{render()}\n\n{END}{after}"


def _table(by: str, rows: list[dict[str, Any]]) -> str:
    lines = [
        f"### {HEADINGS[by]}",
        "",
        "| rule | class | tool | matches | confidence | source |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(lines + [_line(by, row) for row in rows])


def _line(by: str, row: Mapping[str, Any]) -> str:
    matches = ", ".join(f"`{value}`" for value in row[by])
    limits = [f"{word} {row[key]}" for key, word in (("valid_from", "from"), ("valid_to", "before")) if key in row]
    matches += f" ({', '.join(limits)})" if limits else ""
    cells = (f"`{row['name']}`", row["class"], row.get("tool", ""), matches, row["confidence"], row["source"])
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
