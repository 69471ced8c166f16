"""The server's time, immune to jumps of the local clock: its last Date header plus the monotonic time since."""

import time
from collections.abc import Callable

JUMP = 60
"""Seconds by which an answer's Date may be off before it is doubted; a slow answer's Date is old when it comes."""
CONFIRMED = 3
"""Answers in a row that have to tell the same odd time before it is believed."""


class ServerClock:
    """Unix seconds as the server counts them; the local clock only until the first answer.

    A Date that jumps is not believed at once: one machine of many with a wrong clock must not move a watermark into the
    future. It is believed when the local clock jumped as far, as it does while a machine sleeps, and when answer after
    answer says the same.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._heard = False
        self._odd = 0
        self._jump = 0.0
        self._set(wall())

    def _set(self, base: float) -> None:
        self._base = base
        self._at = self._monotonic()
        self._wall_at = self._wall()
        self._odd = 0

    def hear(self, date: int | None) -> None:
        """Take over the Date of an answer, in Unix seconds."""
        if date is None:
            return
        passed = self._monotonic() - self._at
        jump = date - (self._base + passed)
        slept = self._wall() - self._wall_at - passed
        if not self._heard or abs(jump) <= JUMP or abs(jump - slept) <= JUMP or self._confirmed(jump):
            self._heard = True
            self._set(float(date))

    def _confirmed(self, jump: float) -> bool:
        self._odd = self._odd + 1 if self._odd and abs(jump - self._jump) <= JUMP else 1
        self._jump = jump
        return self._odd >= CONFIRMED

    def now(self) -> int:
        """The server's time now."""
        return int(self._base + self._monotonic() - self._at)
