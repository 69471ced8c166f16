"""A Jira source over a pretend Jira, without a network in between."""

from collections.abc import Sequence

from exporter.model import Stream
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.jira.client import Jira
from exporter.providers.jira.options import Options
from exporter.providers.service import Setup
from tests.double.jira import Tracker

START = 1_746_057_600
"""2025-05-01T00:00:00Z, hour 0."""
HOUR = 3600
SHOP, PAY = Home("R1", "acme/shop", "main"), Home("R2", "acme/pay", "main")
PROJECTS = {"SHOP": ("acme/shop",), "PAY": ("acme/pay",)}


def at(hours):
    """Unix seconds."""
    return START + round(hours * HOUR)


def questions(tracker: Tracker, page=100, **options):
    """How issues are asked for."""
    said = Options(**({"projects": PROJECTS, "deployment": tracker.deployment} | options))
    found = Jira(Setup(options=said), page).questions(Stream.ISSUES)
    assert found is not None
    return found


def answered(tracker: Tracker, request: Request) -> Response:
    """What the pretend Jira answers."""
    got = tracker.answer(request.method, request.path, dict(request.body or {}))
    return Response(got.status, got.headers, got.bytes())


def pages(tracker: Tracker, requests: Sequence[Request]) -> list[Page]:
    """What some questions lead to."""
    pending, found = list(requests), []
    while pending:
        request = pending.pop(0)
        found.append(request.read(answered(tracker, request)))
        pending[:0] = found[-1].then
    return found


def told(tracker: Tracker, homes=(SHOP, PAY), **more):
    """Every issue that is told of since hour 0, by its id."""
    asked = questions(tracker, **more).since(homes, START)
    return {each.subject.key: each for page in pages(tracker, asked) for each in page.told}
