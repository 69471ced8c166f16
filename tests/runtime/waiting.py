"""A clock that moves only when somebody sleeps, and a lane over answers written by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exporter.errors import ExporterError
from exporter.providers.base import Page, Request, Response
from exporter.runtime.clock import ServerClock
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane
from exporter.runtime.limits import Limits


@dataclass
class Time:
    """Monotonic seconds, and how long everybody slept."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """The time now."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if seconds:
            self.slept.append(seconds)
        self.now += seconds


class Key:
    """A credential that counts."""

    def __init__(self, *, another: bool = False) -> None:
        self.another = another
        self.given = 0

    async def header(self) -> str:
        """The next one."""
        self.given += 1
        return f"Bearer number-{self.given}"

    def rejected(self) -> bool:
        """Whether there is another."""
        return self.another


class Wire:
    """Stands for a Transport: gives what it was told to, one after another; an error is raised."""

    def __init__(self, answers: Sequence[Response | ExporterError], time: Time, takes: float = 0.0) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[Request, str]] = []
        self._time = time
        self._takes = takes

    async def send(self, request: Request, authorization: str) -> Response:
        """The next answer."""
        self.sent.append((request, authorization))
        self._time.now += self._takes
        answer = self.answers.pop(0)
        if isinstance(answer, ExporterError):
            raise answer
        return answer


def lane(
    answers: Sequence[Response | ExporterError],
    *,
    takes: float = 0.0,
    reserve: float = 0.2,
    another: bool = False,
    first_wait: float = 1.0,
) -> tuple[Lane, Wire, Time]:
    """A lane, what it sends through, and its time."""
    time, health = Time(), Health()
    health.source("forge", ("changes",))
    wire = Wire(answers, time, takes)
    clock = ServerClock(time, time)
    limits = Limits("forge", reserve, sleep=time.sleep, monotonic=time)
    key = Key(another=another)
    waits = {"first_wait": first_wait, "sleep": time.sleep, "monotonic": time}
    return Lane("forge", wire, key, limits, health, clock, **waits), wire, time  # type: ignore[arg-type]


def request(read: Callable[[Response], Page] = lambda response: Page(), **more: object) -> Request:
    """A question."""
    return Request(kind="made", path="/graphql", read=read, **more)  # type: ignore[arg-type]


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Response:
    """An answer; underscores in header names stand for dashes."""
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
