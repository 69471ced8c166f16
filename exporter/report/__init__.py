"""What a diagnosis says, for people and programs: the report as text, Markdown, HTML or JSON."""

from exporter.diagnosis.terms import Report
from exporter.report.contents import TITLE, blocks
from exporter.report.data import data
from exporter.report.markdown import markdown
from exporter.report.page import page
from exporter.report.shortage import Needs
from exporter.report.text import text
from exporter.report.words import cleaned, date

NEEDS = Needs()
FORMATS = ("text", "json", "markdown", "html")


def render(report: Report, format: str, needs: Needs = NEEDS) -> str:  # noqa: A002  # the word of the command line
    """The report in one of ``FORMATS``; it ends with a line's end.

    ``needs`` are the least counts that the diagnosis was set to, so that the report can say what is short of them.

    Raises:
        ValueError: there is no such format.
    """
    shown = cleaned(report)
    if format == "json":
        return data(shown, needs)
    content = tuple(blocks(shown, needs))
    if format == "text":
        return text(content)
    if format == "markdown":
        return markdown(content)
    if format == "html":
        return page(content, f"{TITLE} {date(shown.at)}")
    raise ValueError(f"no format {format!r}; there are {', '.join(FORMATS)}")
