"""The facts that test reports become, whichever service has read or gathered them."""

from exporter.model import Ran, Tested
from exporter.testreports import Reports, Result, kept, numbered
from exporter.testreports.reports import Case, tail


def reported(fact: str, ran: Ran, reports: Reports, *where: str, unread: int = 0) -> Tested:
    """What is kept of the reports of an attempt, dated at its end; ``where`` they stood within its workflow."""
    return Tested(
        id=fact,
        at=ran.at,
        sha=ran.sha,
        attempt=ran.attempt,
        passed=reports.passed,
        failed=reports.failed,
        errors=reports.error,
        skipped=reports.skipped,
        red=reports.red,
        flaky=reports.flaky,
        left_out=reports.red_more + reports.flaky_more,
        unread=unread,
        place=numbered(ran.workflow, *where),
        greens=kept(reports.greens),
    )


def case(suite: str, place: str, name: str, result: Result, seconds: float | None) -> Case:
    """A case as a service lists it that has read the reports itself; a suite's name is told where there is no place."""
    name, place = " ".join(name.split()), " ".join(place.split())
    shown = place or suite
    return Case(
        number=numbered(suite, place, name),
        name=tail(name if not shown or name.startswith(shown) else f"{shown}::{name}"),
        result=result,
        seconds=seconds or 0.0,
        was_red=result in (Result.FAILED, Result.ERROR),
    )
