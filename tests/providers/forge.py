"""Answers in the shape GitHub gives them, made from a few words."""

import json
from typing import Any

from exporter.providers.answers import stamp
from exporter.providers.base import Page, Request, Response

START = 1_746_057_600
"""2025-05-01T00:00:00Z, hour 0 of every change."""
HOUR = 3600
REPOSITORY = "R_1"


def at(hours: float) -> str:
    """A moment so many hours after the start, as GitHub writes it."""
    return stamp(START + round(hours * HOUR))


def second(hours: float) -> int:
    """The same moment in Unix seconds."""
    return START + round(hours * HOUR)


def who(login: str | None, kind: str = "User") -> dict[str, str] | None:
    """An account; None for a deleted one."""
    return {"__typename": kind, "login": login} if login else None


def item(kind: str, hours: float, **more: Any) -> dict[str, Any]:
    """A node of a timeline; its id tells kind and hour."""
    return {"__typename": kind, "id": f"{kind}@{hours:g}", "createdAt": at(hours)} | more


def review(hours: float, state: str, login: str | None = "bob", **more: Any) -> dict[str, Any]:
    """A submitted review."""
    return {
        "__typename": "PullRequestReview",
        "id": f"review@{hours:g}",
        "state": state,
        "submittedAt": at(hours),
        "author": who(login),
    } | more


def commit(hours: float, **more: Any) -> dict[str, Any]:
    """A commit by ann, authored an hour before it was committed."""
    body = {
        "oid": f"{round(hours * 100):040x}",
        "authoredDate": at(hours - 1),
        "committedDate": at(hours),
        "messageBody": "",
        "author": {"name": "Ann", "email": "Ann@Example.org", "user": {"login": "Ann"}},
        "committer": {"name": "GitHub", "email": "noreply@github.com"},
    }
    return {"__typename": "PullRequestCommit", "id": f"commit@{hours:g}", "commit": body | more}


def pull(*items: dict[str, Any] | None, number: int = 1, repository: str = REPOSITORY, **more: Any) -> dict[str, Any]:
    """A pull request opened at hour 0 by ann, with its timeline."""
    return {
        "__typename": "PullRequest",
        "id": f"PR_{number}",
        "number": number,
        "createdAt": at(0),
        "updatedAt": at(9),
        "closedAt": None,
        "mergedAt": None,
        "isDraft": False,
        "lastEditedAt": None,
        "body": "",
        "headRefName": "topic",
        "baseRefName": "main",
        "author": who("Ann"),
        "mergeCommit": None,
        "repository": {"id": repository, "nameWithOwner": "acme/shop"},
        "timelineItems": page(*items),
    } | more


def issue(*items: dict[str, Any] | None, number: int = 50, **more: Any) -> dict[str, Any]:
    """An issue opened at hour 0, with its timeline."""
    return {
        "__typename": "Issue",
        "id": f"I_{number}",
        "number": number,
        "createdAt": at(0),
        "updatedAt": at(9),
        "lastEditedAt": None,
        "body": "",
        "repository": {"id": REPOSITORY, "nameWithOwner": "acme/shop"},
        "timelineItems": page(*items),
    } | more


def page(*nodes: Any, then: str | None = None) -> dict[str, Any]:
    """One page of a connection; ``then`` is the cursor of the next."""
    return {"pageInfo": {"hasNextPage": then is not None, "endCursor": then}, "nodes": list(nodes)}


def found(*nodes: Any, count: int | None = None, then: str | None = None) -> dict[str, Any]:
    """The data of a search."""
    return {"search": {"issueCount": len(nodes) if count is None else count} | page(*nodes, then=then)}


def response(data: Any, *errors: dict[str, Any]) -> Response:
    """A GraphQL answer."""
    payload: dict[str, Any] = {"data": data}
    if errors:
        payload["errors"] = list(errors)
    return Response(200, {"date": "Thu, 01 May 2025 00:00:00 GMT"}, json.dumps(payload).encode())


def error(*path: str | int, kind: str = "FORBIDDEN", message: str = "not for you") -> dict[str, Any]:
    """An error that points somewhere; without a path nowhere."""
    return {"type": kind, "message": message} | ({"path": list(path)} if path else {})


def read(request: Request, data: Any, *errors: dict[str, Any]) -> Page:
    """What a request makes of an answer."""
    return request.read(response(data, *errors))


def variables(request: Request) -> dict[str, Any]:
    """What a request asks."""
    assert request.body is not None
    return request.body["variables"]


def operation(request: Request) -> str:
    """The name of its query."""
    assert request.body is not None
    return request.body["query"].split("query ", 1)[1].split("(", 1)[0]
