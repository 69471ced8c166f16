"""JUnit XML as it is in the wild, read in one pass: no tree, no text, no document type.

There is no standard. What writers agree on: https://github.com/testmoapp/junitxml and Apache Ant's schema; Maven
Surefire's reruns: https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html.
"""

import re
from collections.abc import Iterable
from traceback import clear_frames
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from exporter.testreports.limits import Budget, LeftOut, Limits, Reason
from exporter.testreports.reports import Case, Result, Tally, numbered, tail

LONGEST_TIME = 30 * 86_400
"""Seconds; a case that claims more has no time."""

OUTCOMES = {"failure": Result.FAILED, "error": Result.ERROR, "skipped": Result.SKIPPED}
TRIES = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
"""Runs of a case that failed and were not the last."""

# CTest ("run", "fail", "notrun", "disabled") and GoogleTest ("run", "notrun") say it in an attribute as well, and
# GoogleTest's skipped tests say it nowhere else.
STATUS = {
    "fail": Result.FAILED,
    "failed": Result.FAILED,
    "failure": Result.FAILED,
    "error": Result.ERROR,
    "errored": Result.ERROR,
    "skipped": Result.SKIPPED,
    "ignored": Result.SKIPPED,
    "disabled": Result.SKIPPED,
    "notrun": Result.SKIPPED,
    "suppressed": Result.SKIPPED,
}
_RANK = {Result.PASSED: 0, Result.SKIPPED: 1, Result.FAILED: 2, Result.ERROR: 3}
_REDS = frozenset({Result.FAILED, Result.ERROR})

# Dates, UUIDs, hashes and run numbers: what differs between two runs of the same tests.
_VARIES = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T_ ]\d\d[:.-]?\d\d(?:[:.-]?\d\d)?)?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,}|\d{6,}",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")


def new_parser() -> DefusedExpatParser:
    """A parser for one report after another; it refuses a document type before it can define anything."""
    return DefusedExpatParser(forbid_dtd=True)


def read_report(
    parser: DefusedExpatParser, chunks: Iterable[bytes], name: str, limits: Limits, budget: Budget
) -> Tally:
    """Add up the cases of one report, whose name in the archive is part of what a test is.

    Raises:
        LeftOut: it is no JUnit XML, or too much of it.
    """
    walk = _Walk(lasting(name), limits, budget)
    parser.reset()
    parser.setContentHandler(walk)
    try:
        for chunk in chunks:
            # Expat keeps a tag until it is closed. Nothing heard for this long is one tag (or comment) without end.
            walk.unheard += len(chunk)
            parser.feed(chunk)
            if walk.unheard > limits.token_bytes:
                raise LeftOut(Reason.TOO_LARGE)
        parser.close()
    except DefusedXmlException as fault:
        raise LeftOut(Reason.DOCTYPE) from fault
    except SAXParseException as fault:
        # The library's frame holds the fault, the fault its frames, and these a chunk: thousands would wait for the gc.
        clear_frames(fault.__traceback__)
        raise LeftOut(Reason.NOT_XML) from fault
    except (LookupError, ValueError, Warning) as fault:  # no such encoding, or none with one byte a character
        raise LeftOut(Reason.ENCODING) from fault
    return walk.tally


def lasting(name: str) -> str:
    """The part of a file's or suite's name that is the same in the next run."""
    return _VARIES.sub("*", " ".join(name.split()))


def seconds(text: str) -> float:
    """A ``time`` attribute in seconds: ``1,234.5`` as Surefire writes it, ``0,5`` as .NET may; 0 when it is no time."""
    bare = text.strip()
    try:
        value = float(bare.replace(",", "" if _THOUSANDS.fullmatch(bare) else "."))
    except ValueError:
        return 0.0
    return value if 0 <= value <= LONGEST_TIME else 0.0


class _Walk(ContentHandler):
    """Hears the tags of one report. A case is complete at its end tag; only its own children say how it ended."""

    def __init__(self, report: str, limits: Limits, budget: Budget) -> None:
        super().__init__()
        self.report, self.limits, self.budget = report, limits, budget
        self.tally = Tally()
        self.unheard = 0
        self.depth = 0
        self.suites: list[tuple[int, str]] = []
        self.case: AttributesImpl[str] | None = None
        self.case_depth = 0
        self.result = Result.PASSED
        self.tried = False

    def characters(self, content: str) -> None:
        """Text is heard, and dropped."""
        self.unheard = 0

    def startElement(self, name: str, attrs: "AttributesImpl[str]") -> None:  # noqa: N802 - the library's name
        """Open a suite or a case, or hear how the open case ended."""
        self.unheard = 0
        self.budget.element()
        self.depth += 1
        if self.depth > self.limits.depth:
            raise LeftOut(Reason.TOO_LARGE)
        tag = name.rpartition(":")[2]
        if self.depth == 1 and tag not in ("testsuites", "testsuite"):
            raise LeftOut(Reason.NOT_JUNIT)
        if self.case is not None:
            if self.depth == self.case_depth + 1:
                self._ended(tag)
        elif tag == "testsuite":
            self.suites.append((self.depth, lasting(attrs.get("name", ""))))
        elif tag == "testcase":
            self.budget.case()
            self.case, self.case_depth = attrs, self.depth
            self.result, self.tried = Result.PASSED, False

    def endElement(self, name: str) -> None:  # noqa: N802 - the library's name
        """Close what was opened."""
        self.unheard = 0
        if self.case is not None and self.depth == self.case_depth:
            self.tally.add(self._case(self.case))
            self.case = None
        elif self.suites and self.suites[-1][0] == self.depth:
            self.suites.pop()
        self.depth -= 1

    def _ended(self, tag: str) -> None:
        self.tried = self.tried or tag in TRIES
        self._worse(OUTCOMES.get(tag, Result.PASSED))

    def _worse(self, result: Result) -> None:
        """Of two things said about one case the worse holds: pytest reports a failing test's failing teardown too."""
        if _RANK[result] > _RANK[self.result]:
            self.result = result

    def _case(self, attrs: "AttributesImpl[str]") -> Case:
        if self.result is Result.PASSED:
            for attribute in ("status", "result"):
                self._worse(STATUS.get(attrs.get(attribute, "").strip().lower(), Result.PASSED))
        name = " ".join(attrs.get("name", "").split())
        suite = self.suites[-1][1] if self.suites else ""
        place = " ".join((attrs.get("classname") or attrs.get("class") or attrs.get("file") or "").split())
        shown = place or suite
        return Case(
            number=numbered(self.report, suite, place, name),
            name=tail(name if not shown or name.startswith(shown) else f"{shown}::{name}"),
            result=self.result,
            seconds=seconds(attrs.get("time", "")),
            was_red=self.tried or self.result in _REDS,
        )
