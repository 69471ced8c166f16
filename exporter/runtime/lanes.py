"""The credentials of a source: one token, one installation of a GitHub App, or all installations of it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from exporter.errors import NotFound
from exporter.providers.answers import seconds
from exporter.providers.base import Page, Request, Response
from exporter.providers.github.answers import decode
from exporter.runtime.clock import ServerClock
from exporter.runtime.credentials import Credential, Installation
from exporter.runtime.lane import Lane

PAGE = 100
"""The most installations on one page."""


class Lanes(Protocol):
    """Gives the lanes a source may use now."""

    clock: ServerClock

    async def lanes(self) -> list[Lane]:
        """One lane per credential.

        Raises:
            ExporterError: they cannot be found out.
        """
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...


class _Account(Struct):
    login: str = ""


class _Installation(Struct):
    id: int
    account: _Account | None = None
    suspended_at: str | None = None


class _Token(Struct):
    token: str
    expires_at: str


class OneToken:
    """A single lane with a token of its own."""

    def __init__(self, lane: Lane) -> None:
        self.clock = lane.clock
        self._lane = lane

    async def lanes(self) -> list[Lane]:
        """The one lane."""
        return [self._lane]

    async def close(self) -> None:
        """Give back the connections."""
        await self._lane.transport.close()


class AppLanes:
    """One lane per installation of a GitHub App; with ``installation_id`` only that one.

    ``app`` asks as the app itself, ``make`` builds a lane for a credential and the owners it answers for.
    Source: https://docs.github.com/rest/apps/apps
    """

    def __init__(
        self,
        app: Lane,
        rest: str,
        make: Callable[[Credential, frozenset[str] | None, str], Lane],
        installation_id: str | None,
    ) -> None:
        self.clock = app.clock
        self._app = app
        self._rest = rest
        self._make = make
        self._only = installation_id
        self._lanes: dict[str, Lane] = {}

    async def lanes(self) -> list[Lane]:
        """The lanes of the installations there are now."""
        found = {self._only: None} if self._only else await self._installations()
        for number, login in found.items():
            if number not in self._lanes:
                owners = frozenset({login.lower()}) if login else None
                credential = Installation(self._asker(number), self.clock.now)
                self._lanes[number] = self._make(credential, owners, f"{login or number}:")
        self._lanes = {number: self._lanes[number] for number in found}
        if not self._lanes:
            raise NotFound("the GitHub App is installed nowhere; install it on the organisation")
        return list(self._lanes.values())

    async def close(self) -> None:
        """Give back the connections."""
        await self._app.transport.close()

    async def _installations(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        page, rows = 0, PAGE
        while rows >= PAGE:
            page += 1
            rows = await self._installations_page(page, found)
        return found

    async def _installations_page(self, page: int, found: dict[str, str | None]) -> int:
        """Add a page of installations that are not suspended; how many there were on it in all."""
        rows: list[_Installation] = []

        def read(response: Response) -> Page:
            rows[:] = decode(response, list[_Installation])
            return Page()

        path = f"{self._rest}/app/installations?per_page={PAGE}&page={page}"
        await self._app.ask(Request(kind="installations", method="GET", path=path, read=read))
        for each in rows:
            if each.suspended_at is None:
                found[str(each.id)] = each.account.login if each.account else None
        return len(rows)

    def _asker(self, number: str) -> Callable[[], Awaitable[tuple[str, int]]]:
        async def ask() -> tuple[str, int]:
            got: list[_Token] = []

            def read(response: Response) -> Page:
                got.append(decode(response, _Token))
                return Page()

            path = f"{self._rest}/app/installations/{number}/access_tokens"
            await self._app.ask(Request(kind="token", path=path, body={}, read=read))
            return got[-1].token, seconds(got[-1].expires_at)

        return ask
