"""The double as an HTTP server, for github.com's addresses and a GitHub Enterprise Server's alike.

https://docs.github.com/rest, https://docs.github.com/graphql
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from graphql import GraphQLError

from tests.double.actions import ROUTES, SIGNED, Actions, fits, signed
from tests.double.auth import App, Auth, DeniedError, Token, fingerprint
from tests.double.cost import cost
from tests.double.execution import Documents
from tests.double.faults import KINDS, SECONDARY, Answer, Asked, Fault, Predicate, erring, matching, said
from tests.double.limits import Limits
from tests.double.paging import stamp
from tests.double.view import View
from tests.double.world import World

TOKEN = "ghp_double"
"""The token every double accepts unless told otherwise."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Logged:
    """One request served. ``at`` is on the machine's clock, ``token`` a fingerprint, ``fault`` what was done to it."""

    at: float
    method: str
    path: str
    operation: str
    variables: dict[str, Any]
    points: int
    status: int
    token: str
    fault: str
    seconds: float


class Double:
    """A served world. What a test may do to it while it serves is here.

    ``clock`` measures lives of tokens and resets of limits: the machine's unless ``clock="world"``. Facts and the Date
    header are always on the world's.
    """

    def __init__(self, world: World, *, token: str | None = TOKEN, fast: bool = False, clock: str = "machine") -> None:
        ticking: Callable[[], float] = time.time if clock == "machine" else lambda: float(world.now)
        self.world = world
        self.documents = Documents()
        self.fast = fast
        self.auth = Auth(ticking)
        self.limits = Limits(ticking)
        self.requests: list[Logged] = []
        self.faults: list[Fault] = []
        self.hooks: list[Callable[[Asked], object]] = []
        self.port = 0
        self._asked = 0
        self._runner: web.AppRunner | None = None
        if token:
            self.add_token(token)

    @property
    def url(self) -> str:
        """The REST root in github.com's style; GraphQL is at ``/graphql`` below it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def enterprise_url(self) -> str:
        """The REST root in the style of an Enterprise Server; GraphQL is at ``/api/graphql`` of the host."""
        return f"{self.url}/api/v3"

    def add_token(self, token: str, owners: frozenset[str] | None = None, lacks: frozenset[str] = frozenset()) -> None:
        """Accepts a token; ``owners`` (lower case) limits the private repositories it sees, ``lacks`` what it may."""
        self.auth.tokens[token] = Token(owners, lacks=lacks)

    def add_app(self, app: App) -> App:
        """Registers a GitHub App."""
        return self.auth.add_app(app)

    def revoke(self, token: str = TOKEN) -> None:
        """Refuses a token from now on."""
        self.auth.tokens[token].revoked = True

    def restore(self, token: str = TOKEN) -> None:
        """Accepts it again."""
        self.auth.tokens[token].revoked = False

    def deny(self, *permissions: str, token: str = TOKEN) -> None:
        """Leaves a token without these permissions, such as ``deployments``, and with all others."""
        self.auth.tokens[token].lacks = frozenset(permissions)

    def fail(self, name: str, times: int | None = 1, when: Predicate | str | None = None, **how: Any) -> Fault:
        """Switches a fault of ``faults.KINDS`` on for the next ``times`` matching requests (None: until lifted).

        ``when`` is an operation's name, a path, or a predicate; ``how`` are the fault's own arguments.
        """
        fault = Fault(KINDS[name], how, times, matching(when))
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Lifts every fault."""
        self.faults.clear()

    def on_request(self, hook: Callable[[Asked], object]) -> None:
        """Calls ``hook`` in the server's thread before each request is answered."""
        self.hooks.append(hook)

    def count(self, operation: str | None = None) -> int:
        """How many requests were served, of all or of one operation (or path)."""
        return sum(operation in (None, one.operation, one.path) for one in self.requests)

    def points(self, operation: str | None = None) -> int:
        """How many points were charged."""
        return sum(one.points for one in self.requests if operation in (None, one.operation))

    def reset(self) -> None:
        """Forgets the requests so far."""
        self.requests.clear()

    async def start(self, port: int = 0) -> None:
        """Listens on loopback."""
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops listening and drops what is in flight."""
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        asked = await self._read(request)
        for hook in list(self.hooks):
            hook(asked)
        fault = next((one for one in list(self.faults) if one.takes(asked)), None)
        flying = self.limits.flying
        flying[asked.token] = flying.get(asked.token, 0) + 1

        async def proceed() -> Answer:
            return self._answer(asked)

        try:
            answer = await (fault.answer(asked, proceed) if fault else proceed())
        finally:
            flying[asked.token] -= 1
        self.requests.append(
            Logged(
                at=time.time(),
                method=asked.method,
                path=asked.path,
                operation=asked.operation,
                variables=asked.variables,
                points=asked.points,
                status=answer.status,
                token=fingerprint(asked.token),
                fault=fault.kind.__name__ if fault else "",
                seconds=time.perf_counter() - began,
            )
        )
        return await self._send(request, answer)

    async def _read(self, request: web.Request) -> Asked:
        self._asked += 1
        path = request.path.removeprefix("/api/v3") if request.path != "/api/graphql" else "/graphql"
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(self._asked, request.method, path, headers=headers)
        asked.token = headers.get("authorization", "").partition(" ")[2].strip()
        asked.variables = dict(request.query)
        if request.method == "POST" and path == "/graphql":
            try:
                body = json.loads(await request.read())
            except ValueError:
                body = {}
            asked.query = str(body.get("query") or "")
            asked.variables = body.get("variables") or {}
            asked.operation = body.get("operationName") or _operation(asked.query)
        return asked

    async def _send(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        body = answer.bytes()
        headers = {
            "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.world.now)),
            "Content-Type": answer.type,
            "X-GitHub-Request-Id": f"D0B1:{self._asked:X}",
        } | answer.headers
        if answer.cut is None:
            return web.Response(status=answer.status, body=body, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers | {"Content-Length": str(len(body))})
        if answer.cut:
            await response.prepare(request)
            await response.write(body[: answer.cut])
        if request.transport:
            (request.transport.close if answer.cut else request.transport.abort)()
        return response

    def _answer(self, asked: Asked) -> Answer:
        with self.world.lock:
            try:
                if asked.path == "/graphql":
                    return self._graphql(asked)
                for pattern, answer in REST.items():
                    if fits(pattern, [asked.method, *_parts(asked.path)]):
                        return answer(self, asked)
                for pattern, told in ROUTES.items():
                    if fits(pattern, [asked.method, *_parts(asked.path)]):
                        return self._rest(asked, told)
            except DeniedError as denied:
                return said(denied.status, denied.message)
        return said(404, "Not Found")

    def _rest(self, asked: Asked, told: Callable[[Actions], Any]) -> Answer:
        """An answer of REST, with an ETag; one that has not changed costs nothing."""
        token, known = self.auth.token(asked.headers.get("authorization"))
        actions = Actions(self.world, known, asked, self.url)
        payload = told(actions)
        answer = payload if isinstance(payload, Answer) else self._tagged(asked, payload)
        if answer.status != 304 and not self.limits.spend(token, "core", 1):
            answer = said(403, "API rate limit exceeded for user ID 1.")
        answer.headers |= self.limits.headers(token, "core") | ({"Link": actions.link} if actions.link else {})
        return answer

    def signed(self, asked: Asked) -> Answer:
        """``GET /signed/{}``: stands for the host where artifacts are kept."""
        return signed(self.world, asked)

    def _graphql(self, asked: Asked) -> Answer:
        token, known = self.auth.token(asked.headers.get("authorization"))
        if self.limits.too_many(token):
            return said(403, SECONDARY, **{"Retry-After": "60"})
        answer = self._execute(asked, token, known)
        answer.headers |= self.limits.headers(token, "graphql")
        return answer

    def _execute(self, asked: Asked, token: str, known: Token) -> Answer:
        try:
            document = self.documents.document(asked.query)
            price = cost(document, asked.variables)
        except ExceptionGroup as group:
            return Answer(payload={"errors": [_told(error) for error in group.exceptions]})
        except GraphQLError as error:
            return Answer(payload={"errors": [_told(error)]})
        if not self.limits.spend(token, "graphql", price.points):
            return erring("API rate limit exceeded for user ID 1.", "RATE_LIMITED")
        asked.points = price.points
        bucket = self.limits.bucket(token, "graphql")
        limit = {
            "cost": price.points,
            "limit": bucket.limit,
            "remaining": bucket.remaining,
            "resetAt": stamp(int(bucket.reset)),
        }
        view = View(self.world, known.owners, lambda: limit if self.limits.on else None, known.lacks)
        run = self.documents.quickly if self.fast else self.documents.execute
        data, errors = run(asked.query, view.root, asked.variables)
        payload: dict[str, Any] = {"data": data}
        if errors:
            payload["errors"] = [_told(error) for error in errors]
        return Answer(payload=payload)

    def installations(self, asked: Asked) -> Answer:
        """``GET /app/installations``: a page of the app's installations, with an ETag."""
        app = self.auth.app(asked.headers.get("authorization"))
        size, number = int(asked.variables.get("per_page", 30)), int(asked.variables.get("page", 1))
        rows = [
            {
                "id": one.id,
                "app_id": app.id,
                "account": {"login": one.account, "type": one.kind},
                "target_type": one.kind,
                "suspended_at": stamp(self.world.now) if one.suspended else None,
            }
            for one in app.installations[(number - 1) * size : number * size]
        ]
        answer = self._tagged(asked, rows)
        if number * size < len(app.installations):
            following = f"{self.url}/app/installations?per_page={size}&page={number + 1}"
            answer.headers["Link"] = f'<{following}>; rel="next"'
        return answer

    def _tagged(self, asked: Asked, payload: Any) -> Answer:
        tag = f'W/"{hashlib.sha256(json.dumps(payload).encode()).hexdigest()}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(304, body=b"", headers={"ETag": tag})
        return Answer(payload=payload, headers={"ETag": tag})

    def access_token(self, asked: Asked) -> Answer:
        """``POST /app/installations/{id}/access_tokens``."""
        app = self.auth.app(asked.headers.get("authorization"))
        return Answer(201, self.auth.issue(app, int(_parts(asked.path)[2])))

    def rate_limit(self, asked: Asked) -> Answer:
        """``GET /rate_limit``, which costs nothing."""
        token, _ = self.auth.token(asked.headers.get("authorization"))
        buckets = {name: self.limits.bucket(token, name) for name in ("core", "graphql")}
        resources = {
            name: {"limit": one.limit, "used": one.used, "remaining": one.remaining, "reset": int(one.reset)}
            for name, one in buckets.items()
        }
        return Answer(
            payload={"resources": resources, "rate": resources["core"]}, headers=self.limits.headers(token, "core")
        )

    def meta(self, asked: Asked) -> Answer:
        """``GET /meta``."""
        token, _ = self.auth.token(asked.headers.get("authorization"))
        if not self.limits.spend(token, "core", 1):
            return Answer(
                403, {"message": "API rate limit exceeded for user ID 1."}, self.limits.headers(token, "core")
            )
        answer = self._tagged(asked, {"verifiable_password_authentication": False, "installed_version": "3.17.0"})
        answer.headers |= self.limits.headers(token, "core")
        return answer


REST: dict[tuple[str, ...], Callable[[Double, Asked], Answer]] = {
    ("POST", "app", "installations", "*", "access_tokens"): Double.access_token,
    ("GET", "app", "installations"): Double.installations,
    ("GET", "rate_limit"): Double.rate_limit,
    ("GET", "meta"): Double.meta,
    ("GET", SIGNED, "*"): Double.signed,
}
"""REST answers by method and path; ``*`` stands for a number, ``+`` for any word."""


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _operation(query: str) -> str:
    named = re.search(r"\b(?:query|mutation)\s+(\w+)", query)
    return named[1] if named else ""


def _told(error: BaseException) -> dict[str, Any]:
    """A GraphQL error as GitHub writes it: the type beside the message."""
    if not isinstance(error, GraphQLError):
        return {"message": str(error)}
    told = dict(error.formatted)
    return {**told.pop("extensions", {}), **told}


@contextmanager
def serve(world: World, *, port: int = 0, **how: Any) -> Iterator[Double]:
    """Serves a world from a thread of its own; ``how`` are the arguments of Double."""
    with serving(Double(world, **how), port) as double:
        yield double


D = TypeVar("D", bound=Double)


@contextmanager
def serving(double: D, port: int = 0) -> Iterator[D]:
    """A double at work in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="double of GitHub", daemon=True)
    thread.start()

    def wait(what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, loop).result(timeout=30)

    try:
        wait(double.start(port))
        yield double
    finally:
        wait(double.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
