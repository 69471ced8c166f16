"""The test report of a pipeline: which of its cases passed, and which did not.

Source: https://docs.gitlab.com/api/pipelines/#get-a-test-report-for-a-pipeline
"""

from msgspec import Struct, field

from exporter.model import Ran, Tested
from exporter.testreports import Result, kept, numbered
from exporter.testreports.junit import lasting
from exporter.testreports.reports import Case, Tally, tail

STATUSES = {"success": Result.PASSED, "failed": Result.FAILED, "error": Result.ERROR, "skipped": Result.SKIPPED}
RED = (Result.FAILED, Result.ERROR)


class _Case(Struct):
    status: str = ""
    name: str = ""
    classname: str | None = None
    file: str | None = None
    execution_time: float | None = None


class _Suite(Struct):
    name: str = ""
    test_cases: list[_Case] = field(default_factory=list)
    suite_error: str | None = None


class Report(Struct):
    """What GitLab made of the reports of a pipeline's latest jobs; ``suite_error``: one it could not read."""

    test_suites: list[_Suite] = field(default_factory=list)


def tested(pipeline: str, attempt: Ran, report: Report) -> Tested:
    """What is kept of it, dated at the attempt's end; a suite is a job, whose name says where the cases ran."""
    tally, unread = Tally(), 0
    for suite in report.test_suites:
        unread += suite.suite_error is not None
        for case in suite.test_cases:
            tally.add(_case(lasting(suite.name), case))
    found = tally.reports(len(report.test_suites) - unread, ())
    return Tested(
        id=f"tested:{pipeline}:{attempt.attempt}",
        at=attempt.at,
        sha=attempt.sha,
        attempt=attempt.attempt,
        passed=found.passed,
        failed=found.failed,
        errors=found.error,
        skipped=found.skipped,
        red=found.red,
        flaky=found.flaky,
        left_out=found.red_more + found.flaky_more,
        unread=unread,
        place=numbered(attempt.workflow),
        greens=kept(found.greens),
    )


def _case(suite: str, case: _Case) -> Case:
    name = " ".join(case.name.split())
    place = " ".join((case.classname or case.file or "").split())
    shown = place or suite
    result = STATUSES.get(case.status, Result.SKIPPED)
    return Case(
        number=numbered(suite, place, name),
        name=tail(name if not shown or name.startswith(shown) else f"{shown}::{name}"),
        result=result,
        seconds=case.execution_time or 0.0,
        was_red=result in RED,
    )
