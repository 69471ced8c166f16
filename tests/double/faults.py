"""Ways in which an answer can be other than it should, to be switched on while the double serves.

A fault takes what was asked and a function that gives the proper answer, and returns the answer to send.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """A request as the double read it. ``n`` counts from 1; ``token`` is the credential itself, not for logs."""

    n: int
    method: str
    path: str
    operation: str = ""
    query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    points: int = 0
    """What the answer was charged, once it was."""


@dataclass
class Answer:
    """An answer to send: ``body`` as bytes, or ``payload`` as JSON. ``cut`` ends the connection after so many bytes."""

    status: int = 200
    payload: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    type: str = "application/json; charset=utf-8"
    cut: int | None = None

    def bytes(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.payload).encode() if self.body is None else self.body


Proceed = Callable[[], Awaitable[Answer]]
Kind = Callable[..., Awaitable[Answer]]
Predicate = Callable[[Asked], bool]

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID D0B1:E."
)
SORRY = (
    "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub "
    "bug. Please include `D0B1:E` when reporting this issue."
)
DOCS = "https://docs.github.com/"


def said(status: int, message: str, **headers: str) -> Answer:
    """A refusal in REST's form."""
    return Answer(status, {"message": message, "documentation_url": DOCS + "rest", "status": str(status)}, headers)


def erring(message: str, kind: str | None = None, data: Any = None, **more: Any) -> Answer:
    """A 200 with an error in GraphQL's form; ``more`` are the error's further keys."""
    error = ({"type": kind} if kind else {}) | more | {"message": message}
    return Answer(200, {"data": data, "errors": [error]})


async def status(_asked: Asked, _proceed: Proceed, code: int = 502, after: int | None = None) -> Answer:
    """A gateway's answer: 502, 503, 504 or another code, perhaps with Retry-After."""
    headers = {} if after is None else {"Retry-After": str(after)}
    return Answer(code, {"data": None, "errors": [{"message": SORRY}]}, headers)


async def reset(_asked: Asked, _proceed: Proceed) -> Answer:
    """The connection is reset before a word is said."""
    return Answer(cut=0)


async def cut(_asked: Asked, proceed: Proceed, part: float = 0.5) -> Answer:
    """The connection ends in the middle of a body whose length was told."""
    answer = await proceed()
    answer.cut = max(1, int(len(answer.bytes()) * part))
    return answer


async def truncated(_asked: Asked, proceed: Proceed, part: float = 0.5) -> Answer:
    """A whole answer of half a JSON text."""
    answer = await proceed()
    whole = answer.bytes()
    answer.body = whole[: max(1, int(len(whole) * part))]
    return answer


async def html(_asked: Asked, _proceed: Proceed, code: int = 200) -> Answer:
    """A web page where JSON was promised, as a proxy in the way answers."""
    page = b"<!DOCTYPE html><html><body><h1>Unicorn!</h1></body></html>"
    return Answer(code, body=page, type="text/html; charset=utf-8")


async def unauthorised(_asked: Asked, _proceed: Proceed) -> Answer:
    """The token is not accepted."""
    return said(401, "Bad credentials")


async def forbidden(_asked: Asked, _proceed: Proceed) -> Answer:
    """The token lacks a permission."""
    return said(403, "Resource not accessible by personal access token")


async def secondary(_asked: Asked, _proceed: Proceed, after: int | None = None, code: int = 403) -> Answer:
    """The secondary limit, with 403 or 429, with Retry-After or without."""
    return said(code, SECONDARY, **({} if after is None else {"Retry-After": str(after)}))


async def primary(
    _asked: Asked, _proceed: Proceed, reset: float = 0, code: int = 200, kind: str = "RATE_LIMITED"
) -> Answer:
    """The primary limit is spent until the Unix time ``reset``: GraphQL says so with 200, REST with 403 or 429."""
    message = "API rate limit exceeded for user ID 1."
    answer = erring(message, kind) if code == 200 else said(code, message)
    answer.headers |= {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(reset))}
    return answer


async def resource_limits(_asked: Asked, _proceed: Proceed) -> Answer:
    """The query takes more than GitHub gives one query."""
    message = "Resource limits for this query exceeded."
    return erring(message, "RESOURCE_LIMITS_EXCEEDED", extensions={"code": "RESOURCE_LIMITS_EXCEEDED"})


async def over(asked: Asked, proceed: Proceed, first: int = 50, code: int = 502) -> Answer:
    """A gateway's answer for as long as the page is larger than ``first``, so that halving helps."""
    size = asked.variables.get("first") or len(asked.variables.get("ids", ()))
    return await status(asked, proceed, code) if size > first else await proceed()


async def slow(_asked: Asked, proceed: Proceed, seconds: float = 1.0) -> Answer:
    """The proper answer, late."""
    await asyncio.sleep(seconds)
    return await proceed()


async def no_search(asked: Asked, proceed: Proceed) -> Answer:
    """Search is out of order; everything else works."""
    if "search(" not in asked.query:
        return await proceed()
    return erring("Search is currently unavailable.", "SERVICE_UNAVAILABLE", path=["search"])


async def null_node(_asked: Asked, proceed: Proceed, n: int = 0, kind: str = "FORBIDDEN") -> Answer:
    """The answer with its ``n``-th node null, and an error that points at it."""
    answer = await proceed()
    for field_name, nodes in _lists(answer.payload["data"]):
        if n < len(nodes):
            nodes[n] = None
            _err(answer, "Resource not accessible by integration", type=kind, path=[*field_name, n])
    return answer


async def null_repository(_asked: Asked, proceed: Proceed, repository: str = "", kind: str = "NOT_FOUND") -> Answer:
    """The answer with every node of one repository (its id) null, each with an error that points at it."""
    answer = await proceed()
    for field_name, nodes in _lists(answer.payload["data"]):
        for n, node in enumerate(nodes):
            if node and repository in (node.get("id"), node.get("repository", {}).get("id")):
                nodes[n] = None
                _err(answer, f"Could not resolve to a node with the global id of '{repository}'.", type=kind,
                     path=[*field_name, n])  # fmt: skip
    return answer


async def complaint(_asked: Asked, proceed: Proceed, message: str = SORRY) -> Answer:
    """All the data, and an error that does not say where."""
    answer = await proceed()
    _err(answer, message)
    return answer


def _err(answer: Answer, message: str, **more: Any) -> None:
    answer.payload.setdefault("errors", []).append(more | {"message": message})


def _lists(data: dict[str, Any] | None) -> list[tuple[list[str], list[Any]]]:
    """The lists of nodes at the top of an answer, each with its path."""
    lists: list[tuple[list[str], list[Any]]] = []
    for name, value in (data or {}).items():
        if isinstance(value, list):
            lists.append(([name], value))
        elif isinstance(value, dict) and isinstance(value.get("nodes"), list):
            lists.append(([name, "nodes"], value["nodes"]))
    return lists


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        status, reset, cut, truncated, html, unauthorised, forbidden, secondary, primary, resource_limits, over, slow,
        no_search, null_node, null_repository, complaint,
    )
}  # fmt: skip
"""Every fault by name."""


@dataclass(eq=False)
class Fault:
    """A fault switched on: for the next ``times`` requests that match, or until it is lifted (None)."""

    kind: Kind
    how: dict[str, Any]
    times: int | None
    when: Predicate
    met: int = 0

    def takes(self, asked: Asked) -> bool:
        """Whether this request is one of its requests; counts it if so."""
        if self.times == 0 or not self.when(asked):
            return False
        self.met += 1
        if self.times is not None:
            self.times -= 1
        return True

    def lift(self) -> None:
        """Ends it."""
        self.times = 0

    async def answer(self, asked: Asked, proceed: Proceed) -> Answer:
        """The answer it makes of a request."""
        return await self.kind(asked, proceed, **self.how)


def matching(when: Predicate | str | None) -> Predicate:
    """A predicate: as given, by operation name or path, or everything."""
    if when is None:
        return lambda asked: True
    if isinstance(when, str):
        return lambda asked: when in (asked.operation, asked.path)
    return when
