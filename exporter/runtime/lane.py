"""One credential's queue of requests: one at a time, paced, retried, and asked in smaller pieces where that helps."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_after_delay

from exporter.errors import ExporterError, Garbled, Overloaded, RateLimited, SecondaryLimited, ServerError, TooSlow
from exporter.providers.base import Budget, Page, Request, Response
from exporter.providers.github.answers import budget
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import Credential
from exporter.runtime.health import Health
from exporter.runtime.limits import PATIENCE, Limits
from exporter.runtime.transport import Transport

ATTEMPTS = 5
UNREADABLE = 3
"""Attempts after which an answer that cannot be read is asked for in pieces: one bad member spoils its piece only."""
LONGEST = 300.0
"""Seconds after which a request is not repeated any more, however few its attempts."""
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0

log = logging.getLogger(__name__)


class Lane:
    """Asks through one credential.

    ``owners`` are the logins this credential answers for (lower case); None for all. ``first_wait``: seconds before a
    failed request is repeated; doubled each time, with jitter. ``budget``: a rate limit as an answer tells it.
    """

    def __init__(
        self,
        source: str,
        transport: Transport,
        credential: Credential,
        limits: Limits,
        health: Health,
        clock: ServerClock,
        owners: frozenset[str] | None = None,
        *,
        resource: str = "",
        first_wait: float = FIRST_WAIT,
        budget: Callable[[Response], Budget | None] = budget,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.transport = transport
        self.credential = credential
        self.limits = limits
        self.health = health
        self.clock = clock
        self.owners = owners
        self._resource = resource
        self._first_wait = first_wait
        self._budget = budget
        self._sleep = sleep
        self._monotonic = monotonic

    async def ask_all(self, requests: Iterable[Request]) -> list[Page]:
        """The answers to requests, and to all that these lead to.

        Raises:
            ExporterError: one cannot be had.
        """
        pending, pages = deque(requests), list[Page]()
        while pending:
            pages.append(await self.ask(pending.popleft()))
            pending.extendleft(reversed(pages[-1].then))
        return pages

    async def ask(self, request: Request, *, urgent: bool = True) -> Page:
        """The answer to a request, after as many attempts as make sense; or the same request in pieces.

        Raises:
            ExporterError: the last attempt's failure.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: self._worth_repeating(error, urgent)),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(LONGEST),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._once(request, attempt.retry_state.attempt_number, urgent)
        raise AssertionError("tenacity returns or raises")

    def _worth_repeating(self, error: BaseException, urgent: bool) -> bool:
        return isinstance(error, ExporterError) and error.retry and self.limits.wait(urgent=urgent) <= PATIENCE

    async def _once(self, request: Request, attempt: int, urgent: bool) -> Page:
        await self.limits.turn(urgent=urgent)
        try:
            response = await self._send(request)
            told = self._budget(response)
            if told is not None:
                self._heard(told)
            page = await asyncio.to_thread(_read, request, response) if request.slow else _read(request, response)
        except (TooSlow, ServerError, Overloaded, Garbled) as error:
            pieces = request.smaller() if request.smaller is not None else ()
            if not pieces or (isinstance(error, Garbled) and attempt < UNREADABLE):
                raise
            log.info("%s: %s; asking for less", self.source, error)
            self._trouble(error)
            await self._sleep(min(LONGEST_WAIT, attempt * self._first_wait))
            return Page(then=pieces)
        except (RateLimited, SecondaryLimited) as error:
            self.limits.refused(error)
            raise
        self.limits.answered()
        if page.budget is not None:
            self._heard(page.budget)
        return page

    async def _send(self, request: Request) -> Response:
        """The answer; to a new credential where the last one was rejected and another can be had."""
        response = await self._exchange(request)
        if response.status == 401 and self.credential.rejected():
            response = await self._exchange(request)
        return response

    async def _exchange(self, request: Request) -> Response:
        """One answer; the time it took counts against the server's minute, also when none came."""
        authorization = await self.credential.header()
        started = self._monotonic()
        try:
            return await self.transport.send(request, authorization)
        finally:
            self.limits.took(self._monotonic() - started)

    def _heard(self, told: Budget) -> None:
        self.health.budgets[self.source, self._resource + told.resource] = told
        self.limits.heard(told, self.clock.now())

    def _trouble(self, error: ExporterError) -> None:
        self.health.failed(self.clock.now(), self.source, error)

    def _wait(self, state: RetryCallState) -> float:
        """Seconds before the next attempt: the server's own wish is kept by ``limits``, else growing, with jitter."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, ExporterError):
            self._trouble(error)
        if isinstance(error, (RateLimited, SecondaryLimited)):
            return 0.0
        doubled = self._first_wait * 2 ** (state.attempt_number - 1)
        jitter = random.uniform(0, self._first_wait)  # noqa: S311 - no secret
        return float(min(LONGEST_WAIT, doubled + jitter))


def _read(request: Request, response: Response) -> Page:
    """What an answer says; one that cannot be read, for whatever reason, is a bad answer and no fault of ours."""
    try:
        return request.read(response)
    except ExporterError:
        raise
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise Garbled(f"the answer is not what the API promises: {type(error).__name__}: {error}") from error
