"""What is sent as Authorization: a token from a file or the environment, or one a GitHub App asks for."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

from exporter.errors import Unauthorised
from exporter.providers.service import bearer

RENEW_BEFORE = 300
"""A token of an app is replaced this many seconds before it expires; GitHub gives it an hour."""


CLOCKS_DIFFER = 30
"""Seconds between our clock and the server's from which on a signature is worth being repeated."""


class Credential(Protocol):
    """Where the Authorization header comes from."""

    async def header(self) -> str:
        """The header's value now.

        Raises:
            Unauthorised: there is none to be had.
        """
        ...

    def rejected(self) -> bool:
        """The server answered 401 to the last one; whether another one can be had at once."""
        ...


def _header(text: str, where: str, form: Callable[[str], str]) -> str:
    """The header made of the token in a text, which is never repeated in an error.

    Raises:
        Unauthorised: there is none, or what is there cannot be one.
    """
    token = text.strip()
    if not token:
        raise Unauthorised(f"{where} is empty")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise Unauthorised(f"{where} holds more than a token; write the token alone, on one line")
    return form(token)


class TokenFile:
    """A token in a file, read again whenever the file changes; a rotated secret needs no restart."""

    def __init__(self, path: str, form: Callable[[str], str] = bearer) -> None:
        self.path = Path(path)
        self._form = form

    async def header(self) -> str:
        """The file's content in the form that the service wants."""
        try:
            token = await asyncio.to_thread(self.path.read_text)
        except (OSError, UnicodeDecodeError) as error:
            raise Unauthorised(f"the token file {self.path} cannot be read ({type(error).__name__})") from error
        return _header(token, f"the token file {self.path}", self._form)

    def rejected(self) -> bool:
        """The file is read anew at every request anyhow."""
        return False


class TokenVariable:
    """A token in an environment variable."""

    def __init__(self, name: str, environ: Mapping[str, str] = os.environ, form: Callable[[str], str] = bearer) -> None:
        self.name = name
        self._environ = environ
        self._form = form

    async def header(self) -> str:
        """The variable's content in the form that the service wants."""
        return _header(self._environ.get(self.name, ""), f"the environment variable {self.name}", self._form)

    def rejected(self) -> bool:
        """A process's environment does not change."""
        return False


class AppKey:
    """A GitHub App speaking for itself, by a signed token of ten minutes.

    Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
    """

    def __init__(self, app_id: str, key_file: str, now: Callable[[], float] = time.time) -> None:
        self.app_id = app_id
        self.key_file = Path(key_file)
        self._now = now
        self._signed = 0

    async def header(self) -> str:
        """``Bearer`` and a JSON web token signed with the app's key."""
        return f"Bearer {await asyncio.to_thread(self._sign)}"

    def rejected(self) -> bool:
        """The key file is read anew anyhow; but the rejection told the server's time, and the last one had another."""
        return abs(self._now() - self._signed) > CLOCKS_DIFFER

    def _sign(self) -> str:
        try:
            import jwt
        except ImportError as error:
            raise Unauthorised("a GitHub App needs the extra: pip install 'sdlc-exporter[github-app]'") from error
        now = self._signed = int(self._now())
        claims = {"iat": now - 60, "exp": now + 540, "iss": self.app_id}
        try:
            return str(jwt.encode(claims, self.key_file.read_text(), algorithm="RS256"))
        except (OSError, UnicodeDecodeError) as error:
            raise Unauthorised(f"the key file {self.key_file} cannot be read ({type(error).__name__})") from error
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            raise Unauthorised(f"the key file {self.key_file} holds no usable private key") from error


class Installation:
    """The token of one installation of an app, renewed before it expires.

    ``ask`` fetches a new one: (token, Unix seconds of its expiry); ``now`` is the server's time.
    """

    def __init__(self, ask: Callable[[], Awaitable[tuple[str, int]]], now: Callable[[], int]) -> None:
        self._ask = ask
        self._now = now
        self._token = ""
        self._expires = 0

    async def header(self) -> str:
        """``Bearer`` and the installation's token."""
        if not self._token or self._now() >= self._expires - RENEW_BEFORE:
            self._token, self._expires = await self._ask()
        return f"Bearer {self._token}"

    def rejected(self) -> bool:
        """It was revoked before its time: a new one may do."""
        self._token = ""
        return True
