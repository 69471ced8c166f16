"""docs/diagnose.md shows what the report is."""

import re
from pathlib import Path

from exporter.report import FORMATS, render
from exporter.report.words import VERDICTS
from tests.report.reports import report

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/diagnose.md").read_text("utf-8")


def test_the_example_is_the_text_of_the_worked_example():
    (shown,) = re.findall(r"^```text\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert shown == render(report(), "text").partition("\n\nAppendix:")[0] + "\n"


def test_every_format_and_verdict_has_its_row():
    assert re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE) == ["text", "markdown", "html", "json"]
    assert set(FORMATS) == {"text", "markdown", "html", "json"}
    for word, _ in VERDICTS.values():
        assert f"\n| {word} |" in DOCUMENT


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", DOCUMENT):
        assert (ROOT / "docs" / target).is_file(), target
