"""The HTTP server: prepared bytes for /metrics, health, reload and the status page.

Every path is behind the users of the web configuration, the health probes too, as in the Prometheus exporter toolkit:
a probe needs the credential, or a TCP probe. Nothing here asks a provider; what waits for the store, an audit and a
report, does so on a thread of its own.
"""

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

from aiohttp import hdrs, web

from exporter.errors import StoreError, Unanswerable
from exporter.exposition import Rendered
from exporter.runtime.audit import MOST_ROWS, Answer
from exporter.runtime.audit.forms import FORMS
from exporter.runtime.audit.page import PATH, Asking
from exporter.runtime.audit.page import render as render_audit
from exporter.runtime.page import Status, render
from exporter.runtime.web_config import Gate, Live, WebConfig

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
SCRAPE_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
BODY_BYTES = 64 * 1024
REPORTS = {"html": "text/html", "text": "text/plain", "markdown": "text/markdown", "json": "application/json"}
"""Formats of the diagnosis, and their media types."""
AUDITED = {"html": "text/html", "csv": "text/csv", "json": "application/json"}
"""The forms an audit is told in, and their media types."""
LIMIT = re.compile(r"[0-9]{0,9}")
MOST_AUDITS = 4
"""Audits under way or waiting, of which one at a time is read; more are turned away."""
MOST_REPORTS = 4
"""Reports under way or waiting; each takes its turn where polls take theirs, so more are turned away."""
MOST_TOLD = 10_000
"""Rows that one request is told at most."""
SHOWN_ROWS = 200
"""Rows on a page, unless more are asked for."""

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


class Patience(NamedTuple):
    """How long a client may take, in seconds: for its first request's headers, between requests, to read an answer.

    ``idle`` is above the usual scrape intervals, so that Prometheus keeps its connection. ``linger`` is how long the
    rest of an unwanted body is thrown away, so that a client that still sends sees the answer. ``stop`` is how long
    requests under way may take when the server stops.
    """

    header: float = 10.0
    idle: float = 130.0
    send: float = 60.0
    linger: float = 1.0
    stop: float = 2.0


class Pages(Protocol):
    """What the server asks of the application; what is no coroutine is answered from memory at once."""

    def metrics(self) -> Rendered:
        """The latest exposition."""

    def scraped(self) -> None:
        """A Prometheus took the exposition."""

    def ready(self) -> list[str]:
        """Reasons not to be ready; empty when ready."""

    def status(self) -> Status:
        """What the page shows."""

    async def diagnosis(self, form: str) -> str:
        """The report of what became of the gain, in one of ``REPORTS``."""

    async def audit(self, series: str, most: int) -> list[Answer]:
        """The rows that published numbers came from, ``most`` of them at most."""

    async def reload(self) -> list[str]:
        """Read the configuration again; returns its faults, none when the new one is in force."""


class Served:
    """A running server."""

    def __init__(
        self, port: int, server: asyncio.Server, runner: web.AppRunner, gate: Gate, patience: Patience
    ) -> None:
        self.port = port
        self._server = server
        self._runner = runner
        self._gate = gate
        self._patience = patience

    async def stop(self) -> None:
        """Take no more connections, and end once the requests under way are answered or out of time."""
        self._server.close()
        web_server = self._runner.server
        if web_server is not None:
            web_server.pre_shutdown()
            await web_server.shutdown(self._patience.stop)
        await self._runner.cleanup()
        self._gate.close()


@lru_cache(maxsize=64)
def form(accept: str, accept_encoding: str) -> str:
    """Which form of ``Rendered`` two request headers ask for; the text format wherever nothing better is acceptable."""
    openmetrics = max((q for media, version, q in _wishes(accept) if _is_openmetrics(media, version)), default=0.0)
    text = max((q for media, version, q in _wishes(accept) if _is_text(media, version)), default=0.0)
    name = "openmetrics" if openmetrics > 0 and openmetrics >= text else "text"
    codings = {coding: q for coding, _, q in _wishes(accept_encoding)}
    compressed = codings.get("gzip", codings.get("x-gzip", codings.get("*", 0.0)))
    return f"{name}_gzip" if compressed > 0 and compressed >= codings.get("identity", 0.0) else name


def _is_openmetrics(media: str, version: str) -> bool:
    return media == "application/openmetrics-text" and version in ("", "1.0.0")


def _is_text(media: str, version: str) -> bool:
    return media in ("*/*", "text/*") or (media == "text/plain" and version in ("", "0.0.4"))


def _wishes(header: str) -> Iterable[tuple[str, str, float]]:
    """Each element of a header with its ``version`` and ``q``; an unreadable ``q`` is 0."""
    for element in header.split(","):
        name, *rest = (part.strip() for part in element.split(";"))
        parameters = {
            key.strip().lower(): value.strip(' "') for key, _, value in (each.partition("=") for each in rest)
        }
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        yield name.lower(), parameters.get("version", ""), quality if 0 <= quality <= 1 else 0.0


class _Places:
    """So many requests of a kind may be under way at once."""

    def __init__(self, most: int) -> None:
        self.free = most

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place for as long as the block lasts.

        Raises:
            HTTPServiceUnavailable: there is none.
        """
        if not self.free:
            raise web.HTTPServiceUnavailable
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1


class _Site:
    """The handlers, and what they share."""

    def __init__(self, pages: Pages, live: Live, gate: Gate, patience: Patience) -> None:
        self.pages = pages
        self.live = live
        self.gate = gate
        self.patience = patience
        self.silent: set[object] = set()
        self.audits = _Places(MOST_AUDITS)
        self.reports = _Places(MOST_REPORTS)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[self.send_in_time, self.let_in])
        app.on_response_prepare.append(self.add_headers)
        app.router.add_get("/", self.page)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_get("/diagnosis", self.diagnosis)
        app.router.add_get(PATH, self.audit)
        app.router.add_get("/-/healthy", self.healthy)
        app.router.add_get("/-/ready", self.ready)
        app.router.add_post("/-/reload", self.reload)
        return app

    @web.middleware
    async def send_in_time(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer here rather than in aiohttp, which would wait without end for a client that does not read."""
        self.silent.discard(request.protocol)
        try:
            if (request.content_length or 0) > BODY_BYTES:
                raise web.HTTPRequestEntityTooLarge(BODY_BYTES, request.content_length or 0)
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.reason}\n", headers=_allow(error))
        try:
            async with asyncio.timeout(self.patience.send):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    @web.middleware
    async def let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.live.refresh()
        users = self.live.config.users
        if users:
            if self.gate.busy:
                raise web.HTTPServiceUnavailable
            if not await self.gate.opens(request.headers.get(hdrs.AUTHORIZATION, ""), users):
                challenge = {hdrs.WWW_AUTHENTICATE: 'Basic realm="sdlc-exporter", charset="UTF-8"'}
                return web.Response(status=401, text="Unauthorized\n", headers=challenge)
        return await handler(request)

    async def add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall(hdrs.SERVER, None)
        for name, value in (SECURITY | self.live.config.headers).items():
            response.headers[name] = value

    async def metrics(self, request: web.Request) -> web.Response:
        rendered = self.pages.metrics()
        wanted = form(request.headers.get(hdrs.ACCEPT, ""), request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        if not rendered.has(wanted):
            await asyncio.to_thread(rendered.form, wanted)
        headers = {
            hdrs.CONTENT_TYPE: OPENMETRICS if wanted.startswith("openmetrics") else TEXT,
            hdrs.VARY: "Accept, Accept-Encoding",
            hdrs.CACHE_CONTROL: "no-cache",
        }
        if wanted.endswith("_gzip"):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        if request.method == hdrs.METH_GET and SCRAPE_HEADER in request.headers:
            self.pages.scraped()
        return web.Response(body=rendered.form(wanted), headers=headers)

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=render(self.pages.status()), content_type="text/html", headers=_fresh())

    async def diagnosis(self, request: web.Request) -> web.Response:
        wanted = request.query.get("format", "html")
        if wanted not in REPORTS:
            return web.Response(status=400, text=f"No such format; write one of {', '.join(REPORTS)}.\n")
        with self.reports.taken():
            text = await self.pages.diagnosis(wanted)
        return web.Response(text=text, content_type=REPORTS[wanted], charset="utf-8", headers=_fresh())

    async def audit(self, request: web.Request) -> web.Response:
        """Of the last, ``series`` names what is asked, ``format`` how it is told, ``limit`` how many rows at most."""
        query = request.query
        question, word, limit = query.get("series", "").strip(), query.get("format", "html"), query.get("limit", "")
        if word not in AUDITED or not LIMIT.fullmatch(limit):
            said = f"format is one of {', '.join(AUDITED)}; limit is a number up to {MOST_TOLD}\n"
            return web.Response(status=400, text=said, headers=_fresh())
        metrics = [(each.metric, each.series) for each in self.pages.status().series]
        if not question and word == "html":
            return _page(200, Asking("", metrics=metrics))
        try:
            most = min(int(limit), MOST_TOLD) if limit else SHOWN_ROWS if word == "html" else MOST_ROWS
            with self.audits.taken():
                answers = await self.pages.audit(question, most)
                if word == "html":
                    text = await asyncio.to_thread(render_audit, Asking(question, answers))
                else:
                    text = await asyncio.to_thread(FORMS[word], answers)
        except Unanswerable as error:
            if word == "html":
                return _page(200 if error.series else 404, Asking(question, (), str(error), error.series, metrics))
            return web.Response(status=404, text=_list(str(error), list(error.series)), headers=_fresh())
        except StoreError as error:
            log.warning("audit: %s", error)
            return web.Response(status=503, text=f"{error}\n", headers=_fresh())
        headers = _fresh() | ({hdrs.CONTENT_DISPOSITION: 'attachment; filename="audit.csv"'} if word == "csv" else {})
        return web.Response(text=text, content_type=AUDITED[word], headers=headers)

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="Healthy.\n", headers=_fresh())

    async def ready(self, _request: web.Request) -> web.Response:
        reasons = self.pages.ready()
        if reasons:
            return web.Response(status=503, text=_list("Not ready:", reasons), headers=_fresh())
        return web.Response(text="Ready.\n", headers=_fresh())

    async def reload(self, request: web.Request) -> web.Response:
        # A browser says where a form was sent from; other sites have no business here. curl says nothing.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise web.HTTPForbidden
        faults = await self.pages.reload()
        if faults:
            return web.Response(status=400, text=_list("Not reloaded; the former configuration stays:", faults))
        return web.Response(text="Reloaded.\n")


def _page(status: int, asking: Asking) -> web.Response:
    return web.Response(status=status, text=render_audit(asking), content_type="text/html", headers=_fresh())


def _fresh() -> dict[str, str]:
    return {hdrs.CACHE_CONTROL: "no-store"}


def _allow(error: web.HTTPException) -> dict[str, str]:
    return {hdrs.ALLOW: error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}


def _list(title: str, sentences: list[str]) -> str:
    return "\n".join([title, *sentences, ""])


async def start(
    pages: Pages,
    host: str,
    port: int,
    web_config: WebConfig,
    *,
    patience: Patience = Patience(),  # noqa: B008 - a tuple
) -> Served:
    """Listen at once, and serve until ``stop``. An empty host is every interface; port 0 lets the system choose.

    Raises:
        OSError: the address cannot be listened on.
    """
    for warning in web_config.warnings:
        log.warning("%s", warning)
    live, gate = Live(web_config), Gate()
    site = _Site(pages, live, gate, patience)
    runner = web.AppRunner(
        site.app(),
        access_log=None,
        keepalive_timeout=patience.idle,
        lingering_time=patience.linger,
        shutdown_timeout=0,
    )
    await runner.setup()
    serve = runner.server
    assert serve is not None  # noqa: S101 - there is one after setup
    loop = asyncio.get_running_loop()

    def connected() -> asyncio.Protocol:
        protocol = serve()
        site.silent.add(protocol)
        loop.call_later(patience.header, _hang_up, protocol, site.silent)
        return protocol

    try:
        server = await loop.create_server(
            connected,
            host or None,
            port,
            ssl=(tls := live.ssl_context()),
            ssl_handshake_timeout=patience.header if tls else None,
            backlog=128,
        )
    except OSError as error:
        await runner.cleanup()
        gate.close()
        reason = str(error.strerror).rpartition(": ")[2]
        remedy = "choose another with server.listen, or --listen of the demo"
        raise OSError(f"cannot listen on {host}:{port}: {reason}; {remedy}") from error
    return Served(_port(server), server, runner, gate, patience)


def _hang_up(protocol: web.RequestHandler, silent: set[object]) -> None:
    if protocol in silent:
        silent.discard(protocol)
        with contextlib.suppress(RuntimeError):
            protocol.force_close()


def _port(server: asyncio.Server) -> int:
    taken: socket.socket = server.sockets[0]
    return int(taken.getsockname()[1])
