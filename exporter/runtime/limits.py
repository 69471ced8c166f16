"""A credential's budget: primary and secondary limits, a reserve for its other users, and GitHub's limit on time.

GitHub also limits time: the sum of GraphQL response times should stay under 60 s per minute. Requests of one credential
are therefore sent one at a time, and rest when the last minute's answers took longer than ``PACE``.
Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from exporter.errors import RateLimited, SecondaryLimited
from exporter.providers.base import Budget

PACE = 50.0
"""Seconds of response time spent per minute at the most; the rest is left to the token's other users."""
MINUTE = 60.0
PATIENCE = 90.0
"""Seconds a request waits for its turn at the most; what takes longer is for another pass."""
SECONDARY = 60.0
"""GitHub asks for at least a minute when it states no Retry-After, and for more each time."""
LONGEST_SECONDARY = 900.0

log = logging.getLogger(__name__)


class _Rest(NamedTuple):
    """Until when (monotonic) one resource is spared: by history, and by everything."""

    history: float
    everything: float
    why: str


class Limits:
    """When the next request may go. Times are monotonic seconds; ``reserve`` is a share of the primary limit."""

    def __init__(
        self,
        source: str,
        reserve: float,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.reserve = reserve
        self.blocked_until = 0.0
        self._why: RateLimited | SecondaryLimited = RateLimited("")
        self._rests: dict[str, _Rest] = {}
        self._strikes = 0
        self._sleep = sleep
        self._monotonic = monotonic
        self._spent: deque[tuple[float, float]] = deque()

    async def turn(self, *, urgent: bool = True) -> None:
        """Wait until a request may be sent. What is not urgent (loading history) leaves the reserve alone.

        Raises:
            RateLimited, SecondaryLimited: the wait would be longer than ``PATIENCE``; ``after`` says how long.
        """
        while (wait := self.wait(urgent=urgent)) > 0:
            error = self.reason(urgent=urgent)
            if wait > PATIENCE:
                raise type(error)(str(error), after=wait)
            if wait > 1:
                log.info("%s: waiting %.0f s: %s", self.source, wait, error)
            await self._sleep(wait)

    def wait(self, *, urgent: bool = True) -> float:
        """Seconds until a request may be sent; 0 for now."""
        now = self._monotonic()
        until = max((self._rest_until(each, urgent) for each in self._rests.values()), default=0.0)
        until = max(until, self.blocked_until)
        if until > now:
            return until - now
        while self._spent and self._spent[0][0] <= now - MINUTE:
            self._spent.popleft()
        if self._spent and sum(seconds for _, seconds in self._spent) > PACE:
            return self._spent[0][0] + MINUTE - now
        return 0.0

    @staticmethod
    def _rest_until(rest: _Rest, urgent: bool) -> float:
        return rest.everything if urgent else max(rest.history, rest.everything)

    def reason(self, *, urgent: bool = True) -> RateLimited | SecondaryLimited:
        """Why a request has to wait."""
        now = self._monotonic()
        if self.blocked_until > now:
            return self._why
        for rest in self._rests.values():
            if self._rest_until(rest, urgent) > now:
                return RateLimited(rest.why)
        return SecondaryLimited("the server spent its minute on us")

    def took(self, seconds: float) -> None:
        """Note how long an answer took, or how long none came."""
        self._spent.append((self._monotonic(), seconds))

    def refused(self, error: RateLimited | SecondaryLimited) -> None:
        """The server said no: send nothing for as long as it asked for, else for a minute, and longer each time."""
        self._strikes += 1
        seconds = error.after
        if seconds is None:
            seconds = min(LONGEST_SECONDARY, SECONDARY * 2 ** (self._strikes - 1))
        self.blocked_until = max(self.blocked_until, self._monotonic() + seconds)
        self._why = error

    def answered(self) -> None:
        """The server said yes."""
        self._strikes = 0

    def heard(self, budget: Budget, now: int) -> None:
        """Take in a limit as the server reports it; ``now`` is the server's time.

        Below the reserve history stops loading until the reset; polls, which cost little, go on to half of it.
        """
        self._rests.pop(budget.resource, None)
        if budget.reset <= now or budget.remaining >= self.reserve * budget.limit:
            return
        until = self._monotonic() + budget.reset - now
        low = budget.remaining < self.reserve * budget.limit / 2
        why = f"the {budget.resource} limit is down to the reserve"
        self._rests[budget.resource] = _Rest(until, until if low else 0.0, why)
