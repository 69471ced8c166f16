"""Sends a request to the one host a source is configured for, and gives back the whole answer.

A file may be kept elsewhere: a request that says so follows one redirect, without the credential. The address there is
signed and as good as a credential for some minutes, so it is neither logged nor part of any message.
"""

import asyncio
import ssl
from collections import OrderedDict
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from exporter import __version__
from exporter.errors import Garbled, ServerError, TooSlow, Unreachable, Unreadable
from exporter.providers.answers import server_time
from exporter.providers.base import Request, Response
from exporter.runtime.clock import ServerClock
from exporter.runtime.health import Health

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest answer that is believed; a page of a hundred changes has well under one million."""
KEPT = 256
"""Answers kept with their ETag, for conditional requests."""
REDIRECTS = frozenset(range(300, 400)) - {304}
GONE = frozenset({404, 410})


class Transport:
    """One source's way out. The Authorization header goes to ``root``'s host and nowhere else."""

    def __init__(
        self,
        source: str,
        root: str,
        timeout: float,
        health: Health,
        clock: ServerClock,
        ca_file: str | None = None,
        accept: str = "application/vnd.github+json",
    ) -> None:
        parts = urlsplit(root)
        self.source = source
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.timeout = timeout
        self.health = health
        self.clock = clock
        self._ca_file = ca_file
        self._accept = accept
        self._session: aiohttp.ClientSession | None = None
        self._kept: OrderedDict[tuple[str, str], tuple[str, Response]] = OrderedDict()

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            try:
                context = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Unreachable(
                    f"the file of certificate authorities {self._ca_file} cannot be used: {error}"
                ) from error
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=min(10.0, self.timeout)),
                connector=aiohttp.TCPConnector(ssl=context, limit=0),
                headers={"User-Agent": f"sdlc-exporter/{__version__}", "Accept": self._accept},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def send(self, request: Request, authorization: str) -> Response:
        """The answer to a request, with the value of its Authorization header.

        Raises:
            Unreachable, TooSlow, Garbled: no whole answer.
        """
        if not request.path.startswith("/") or request.path.startswith("//"):
            raise Garbled(f"a request may only name a path of its source, not {request.path!r}")
        headers = {"Authorization": authorization}
        kept = self._kept.get((request.path, request.kind)) if request.method == "GET" else None
        if kept is not None:
            headers["If-None-Match"] = kept[0]
        response = await self._counted(request, URL(self.root + request.path), headers)
        self.clock.hear(server_time(response))
        if request.follow and response.status in REDIRECTS:
            return await self._fetch(request, response.headers.get("location", ""))
        if response.status == 304 and kept is not None:
            return Response(200, {**kept[1].headers, **response.headers}, kept[1].body)
        self._keep(request, response)
        return response

    async def _fetch(self, request: Request, address: str) -> Response:
        """The file that an answer points to; only over TLS, or where the answer came from."""
        if urlsplit(address).scheme != "https" and not address.startswith(self.root + "/"):
            raise Garbled("the server says that a file is where it could not be fetched safely")
        # A signature holds for the very characters it was made over.
        response = await self._counted(request, URL(address, encoded=True), {})
        if response.status >= 300 and response.status not in GONE:
            raise ServerError(f"where the server keeps its files, one cannot be had ({response.status})")
        return response

    async def _counted(self, request: Request, address: URL, headers: dict[str, str]) -> Response:
        code = "000"
        try:
            response = await self._exchange(request, address, headers)
            code = str(response.status)
        finally:
            self.health.requests[self.source, request.kind, code] += 1
        return response

    async def _exchange(self, request: Request, address: URL, headers: dict[str, str]) -> Response:
        session = await self._open()
        try:
            async with session.request(
                request.method, address, json=request.body, headers=headers, allow_redirects=False
            ) as answer:
                body = await _body(answer, request.largest)
                if answer.status in REDIRECTS and not request.follow:
                    raise Garbled(f"the server redirects ({answer.status}); write the address it moved to into url")
                return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, body)
        except TimeoutError as error:
            raise TooSlow(f"no whole answer within {self.timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            if request.follow:  # the words of aiohttp may hold the address
                raise Unreachable(f"a file of {self.root} could not be fetched ({type(error).__name__})") from None
            raise Unreachable(f"{self.root}: {type(error).__name__}: {error}") from error
        except ValueError as error:  # a header that cannot be sent; what aiohttp says of it may hold the token
            raise Unreachable(f"{self.root}: the request could not be sent ({type(error).__name__})") from None

    def _keep(self, request: Request, response: Response) -> None:
        etag = response.headers.get("etag")
        if request.method == "GET" and not request.passing and response.status == 200 and etag:
            self._kept[request.path, request.kind] = (etag, response)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


async def _body(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > (largest or LARGEST):
            kind = Unreadable if largest else Garbled
            raise kind(f"the answer is larger than {largest or LARGEST} bytes")
    return bytes(body)
