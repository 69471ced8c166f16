"""Sends instants of the past to a receiver of Prometheus' remote write, one after another, each until it is taken.

Protocol 1.0, which Prometheus, Mimir, Thanos and VictoriaMetrics take.
Source: https://prometheus.io/docs/specs/remote_write_spec/
"""

import asyncio
import base64
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Protocol

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_after_delay

from exporter import __version__
from exporter.catalogue import Labels, Metric
from exporter.errors import (
    ConfigError,
    ExporterError,
    RateLimited,
    Refused,
    ServerError,
    TooSlow,
    Unauthorised,
    Unreachable,
)
from exporter.exposition import spelled
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import Credential
from exporter.runtime.replay import Moment
from exporter.write_request import head, series, stamp

AT_ONCE = 5000
"""Series in one request, about a megabyte; receivers take several."""
TIMEOUT = 30.0
ATTEMPTS, LONGEST = 20, 900.0
"""A request is given up after so many attempts, or seconds."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
SAID = 300
"""Characters of a receiver's answer that are repeated."""
OLD = ("out of order", "out-of-order", "out of bounds", "too old", "too far in the past")
"""Words of receivers that have something newer already."""
ADDRESSES = (
    "Prometheus needs --web.enable-remote-write-receiver and listens at /api/v1/write, as VictoriaMetrics does, "
    "Mimir at /api/v1/push, Thanos at /api/v1/receive"
)
WINDOW = (
    "give it a window as long as what is written: storage.tsdb.out_of_order_time_window in the configuration of "
    "Prometheus, limits.out_of_order_time_window in Mimir's, --tsdb.out-of-order.time-window of Thanos; or write a "
    "file with --output, which needs none"
)

log = logging.getLogger(__name__)


class Rejected(ExporterError):
    """The receiver will not take what it is sent, however often."""

    reason = "rejected"


class Password:
    """A user and the password in a file or a variable, which ``secret`` reads; as basic authentication."""

    def __init__(self, user: str, secret: Callable[[], str]) -> None:
        self.user = user
        self._secret = secret

    async def header(self) -> str:
        """``Basic`` and both."""
        password = await asyncio.to_thread(self._secret)
        return "Basic " + base64.b64encode(f"{self.user}:{password}".encode()).decode()

    def rejected(self) -> bool:
        """It is read anew at every request anyhow."""
        return False


def secret_file(path: Path) -> str:
    """What a file holds, without the line's end.

    Raises:
        Unauthorised: it cannot be read.
    """
    try:
        return path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unauthorised(f"the password file {path} cannot be read ({type(error).__name__})") from error


class Compress(Protocol):
    """A block of Snappy."""

    def __call__(self, data: bytes, /) -> bytes:
        """The compressed bytes."""
        ...


def snappy() -> Compress:
    """The block format of Snappy, without a frame.

    Raises:
        ConfigError: the package that does it is not installed.
    """
    try:
        from cramjam import snappy as found
    except ImportError as error:
        raise ConfigError("--remote-write needs the extra: pip install 'sdlc-exporter[remote-write]'") from error
    return lambda data: bytes(found.compress_raw(data))


class Encoder:
    """Makes series of samples; what their labels come to is kept from one instant to the next."""

    def __init__(self, shared: Mapping[str, str]) -> None:
        self._shared = shared
        self._heads: dict[tuple[str, Labels], list[bytes]] = {}
        self._width = 0

    def series(self, moment: Moment) -> Iterator[bytes]:
        """Every series of a moment, encoded."""
        at = stamp(moment.at * 1000)
        if len(at) != self._width:
            self._heads, self._width = {}, len(at)
        for metric, labels, value in moment.exposition.samples(moment.metrics):
            heads = self._heads.get((metric.name, labels)) or self._spell(metric, labels, at)
            values: Sequence[float] = (value,) if isinstance(value, float) else (*value[0], value[0][-1], value[1])
            for each, number in zip(heads, values, strict=True):
                yield series(each, number, at)

    def _spell(self, metric: Metric, labels: Labels, at: bytes) -> list[bytes]:
        found = [head({**self._shared, **each}, at) for each in spelled(metric, labels)]
        self._heads[metric.name, labels] = found
        return found


class Receiver:
    """Where series are sent. ``headers`` are sent along, such as a tenant's."""

    def __init__(
        self,
        url: str,
        credential: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = url
        self._credential = credential
        self._headers = headers or {}
        self._ca_file = ca_file
        self._sleep = sleep
        self._compress = snappy()
        self._session: aiohttp.ClientSession | None = None

    @property
    def told_apart(self) -> Mapping[str, str]:
        """What tells it from others: the address, and a digest of user and headers, which may name a tenant."""
        who = [
            self._credential.user if isinstance(self._credential, Password) else "",
            *sorted(f"{name.lower()}: {self._headers[name]}" for name in self._headers),
        ]
        return {"url": self.url, "who": sha256("\n".join(who).encode()).hexdigest()[:12]}

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def write(self, encoded: Iterable[bytes]) -> None:
        """Send series, in requests of a bounded size; all are taken when it returns.

        Raises:
            Rejected: the receiver will not take them; the message says what can be done.
            Unauthorised, Refused: it does not let us in.
            RateLimited, ServerError, TooSlow, Unreachable: not within a quarter of an hour.
        """
        rest = iter(encoded)
        while part := list(islice(rest, AT_ONCE)):
            await self._until_taken(self._compress(b"".join(part)))

    async def _until_taken(self, body: bytes) -> None:
        attempts = AsyncRetrying(
            retry=retry_if_exception(_again),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(LONGEST),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                await self._send(body)

    async def _send(self, body: bytes) -> None:
        headers = {
            **self._headers,
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        if self._credential is not None:
            headers["Authorization"] = await self._credential.header()
        session = await self._open()
        try:
            async with session.post(self.url, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.status // 100 == 2:
                    return
                said = " ".join((await answer.content.read(1 << 16)).decode("utf-8", "replace").split())[:SAID]
                raise _error(answer.status, said, answer.headers.get("Retry-After", ""))
        except aiohttp.ClientConnectorCertificateError as error:  # no better by waiting
            raise Rejected(f"{self.url}: {error}; --ca-file names an authority of your own") from error
        except TimeoutError as error:
            raise TooSlow(f"{self.url}: no whole answer within {TIMEOUT:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{self.url}: {type(error).__name__}: {error}") from error
        except ValueError as error:  # a header that cannot be sent; what aiohttp says of it may hold the secret
            raise Rejected(f"{self.url}: the request could not be sent ({type(error).__name__})") from None

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            try:
                context = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"the file of certificate authorities {self._ca_file}: {error}") from error
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=10.0),
                connector=aiohttp.TCPConnector(ssl=context),
                headers={"User-Agent": f"sdlc-exporter/{__version__}"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _error(status: int, said: str, retry_after: str) -> ExporterError:
    """What an answer that is no success means; only 429 and 5xx may be repeated."""
    if status == 429:
        return RateLimited(f"the receiver asks for patience: {said}", after=_seconds(retry_after))
    if status >= 500:
        return ServerError(f"the receiver answers {status}: {said}", after=_seconds(retry_after))
    if status == 401:
        return Unauthorised(f"the receiver does not know us (401): {said}")
    if status == 403:
        return Refused(f"the receiver does not let us write (403): {said}")
    if status in range(300, 400):
        return Rejected(f"the receiver redirects ({status}); write the address it moved to")
    if status in (404, 405):
        return Rejected(f"there is no receiver ({status}): {said}; {ADDRESSES}")
    if any(word in said.lower() for word in OLD):
        return Rejected(f"the receiver has newer samples and takes no older ones ({status}): {said}; {WINDOW}")
    return Rejected(f"the receiver takes none of it ({status}): {said}")


def _seconds(written: str) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date; None where it says nothing of use."""
    if written.strip().isdigit():
        return float(written)
    try:
        at = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    return max(0.0, at.timestamp() - ServerClock().now())


def _again(error: BaseException) -> bool:
    """Whether it may be repeated, and the receiver does not ask for more patience than there is."""
    return isinstance(error, ExporterError) and error.retry and (error.after or 0.0) <= LONGEST


def _wait(state: RetryCallState) -> float:
    """Seconds before the next attempt: the receiver's own wish, else growing, with jitter."""
    error = state.outcome.exception() if state.outcome is not None else None
    wish = error.after if isinstance(error, ExporterError) else None
    doubled = FIRST_WAIT * 2 ** (state.attempt_number - 1)
    wait = min(LONGEST_WAIT, doubled) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    wait = wait if wish is None else wish + random.uniform(0, FIRST_WAIT)  # noqa: S311 - no secret
    log.warning("%s; again in %.0f s", error, wait)
    return wait
