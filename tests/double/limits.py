"""GitHub's limits, kept per token.

https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW = 3600
"""Seconds after its first use in which a primary limit is whole again."""


@dataclass
class Bucket:
    """One primary limit of one token; ``reset`` is a Unix time."""

    limit: int
    used: int = 0
    reset: float = 0.0

    @property
    def remaining(self) -> int:
        """Points left until the reset."""
        return max(0, self.limit - self.used)


@dataclass
class Limits:
    """What a token may spend: points and requests an hour, requests a minute, requests at once.

    ``clock`` is what resets are told and measured on. The minute and the concurrency are the secondary limits.
    ``on`` is False where nothing is limited and nothing is said of limits, as on an Enterprise Server by default.
    """

    clock: Callable[[], float]
    points: int = 5000
    requests: int = 5000
    per_minute: int = 2000
    at_once: int = 100
    on: bool = True
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    recent: dict[str, deque[float]] = field(default_factory=dict)
    flying: dict[str, int] = field(default_factory=dict)

    def bucket(self, token: str, resource: str) -> Bucket:
        """The state of ``graphql`` or ``core`` for a token, renewed when its window has passed."""
        limit = self.points if resource == "graphql" else self.requests
        bucket = self.buckets.setdefault((token, resource), Bucket(limit))
        bucket.limit = limit
        if bucket.reset <= self.clock():
            bucket.used, bucket.reset = 0, self.clock() + WINDOW
        return bucket

    def spend(self, token: str, resource: str, points: int) -> bool:
        """Charges points; False when there are none left, and then nothing is charged."""
        if not self.on:
            return True
        bucket = self.bucket(token, resource)
        if bucket.remaining < points:
            bucket.used = bucket.limit
            return False
        bucket.used += points
        return True

    def too_many(self, token: str) -> bool:
        """Whether a request that begins now breaks a secondary limit."""
        recent, now = self.recent.setdefault(token, deque()), self.clock()
        while recent and recent[0] <= now - 60:
            recent.popleft()
        recent.append(now)
        return self.on and (len(recent) > self.per_minute or self.flying.get(token, 0) > self.at_once)

    def headers(self, token: str, resource: str) -> dict[str, str]:
        """The x-ratelimit headers of an answer."""
        if not self.on:
            return {}
        bucket = self.bucket(token, resource)
        return {
            "x-ratelimit-limit": str(bucket.limit),
            "x-ratelimit-remaining": str(bucket.remaining),
            "x-ratelimit-used": str(bucket.used),
            "x-ratelimit-reset": str(int(bucket.reset)),
            "x-ratelimit-resource": resource,
        }
