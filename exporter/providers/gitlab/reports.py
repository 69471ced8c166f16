"""The test report of a pipeline: which of its cases passed, and which did not.

Source: https://docs.gitlab.com/api/pipelines/#get-a-test-report-for-a-pipeline
"""

from msgspec import Struct, field

from exporter.model import Ran, Tested
from exporter.providers import report_facts
from exporter.testreports import Result
from exporter.testreports.junit import lasting
from exporter.testreports.reports import Case, Tally

STATUSES = {"success": Result.PASSED, "failed": Result.FAILED, "error": Result.ERROR, "skipped": Result.SKIPPED}


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
    return report_facts.reported(f"tested:{pipeline}:{attempt.attempt}", attempt, found, unread=unread)


def _case(suite: str, case: _Case) -> Case:
    result = STATUSES.get(case.status, Result.SKIPPED)
    return report_facts.case(suite, case.classname or case.file or "", case.name, result, case.execution_time)
