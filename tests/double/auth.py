"""Who may ask: personal tokens, and GitHub Apps with their installations.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.double.view import stamp

LIFE = 3600
"""Seconds an installation token lives."""
LONGEST = 600
"""The most seconds a JSON web token may be valid ahead."""


@dataclass
class Token:
    """A credential. ``owners`` are those whose private repositories it sees (None: all), ``expires`` a Unix time.

    ``lacks``: permissions it has not: ``actions``, ``checks``, ``contents``, ``deployments``,
    ``issues``.
    """

    owners: frozenset[str] | None = None
    expires: float | None = None
    revoked: bool = False
    lacks: frozenset[str] = frozenset()


@dataclass
class Installation:
    """An app installed at an account."""

    id: int
    account: str
    kind: str = "Organization"
    suspended: bool = False


@dataclass
class App:
    """A GitHub App with a key of its own."""

    id: int
    installations: list[Installation] = field(default_factory=list)

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        """The private key whose public half GitHub keeps."""
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def pem(self) -> str:
        """The private key as the file GitHub lets one download."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()


class DeniedError(Exception):
    """An answer in the place of what was asked: status and message, as GitHub words them."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Auth:
    """All tokens and apps; ``clock`` is what lives and expirations are measured on."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}

    def add_app(self, app: App) -> App:
        """Registers an app."""
        self.apps[app.id] = app
        return app

    def token(self, header: str | None) -> tuple[str, Token]:
        """The token of an Authorization header.

        Raises:
            DeniedError: There is none, or it is unknown, revoked or expired.
        """
        if not header:
            raise DeniedError(401, "This endpoint requires you to be authenticated.")
        text = _bare(header)
        known = self.tokens.get(text)
        if known is None or known.revoked or (known.expires is not None and known.expires <= self.clock()):
            raise DeniedError(401, "Bad credentials")
        return text, known

    def app(self, header: str | None) -> App:
        """The app whose JSON web token an Authorization header carries.

        Raises:
            DeniedError: It is not signed by the app's key, too old, too long, or of no known app.
        """
        text = _bare(header or "")
        try:
            claims = jwt.decode(text, options={"verify_signature": False})
            app = self.apps.get(int(claims.get("iss", 0)))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise DeniedError(401, "A JSON web token could not be decoded") from error
        if app is None:
            raise DeniedError(404, "Integration not found")
        checks = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            jwt.decode(text, app.key.public_key(), algorithms=["RS256"], options=checks)
        except jwt.InvalidTokenError as error:
            raise DeniedError(401, "A JSON web token could not be decoded") from error
        self._check_times(claims)
        return app

    def _check_times(self, claims: dict[str, Any]) -> None:
        now, issued, expires = self.clock(), claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or issued > now:
            raise DeniedError(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            )
        if not isinstance(expires, int) or expires <= now:
            raise DeniedError(
                401,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
                "assertion expires",
            )
        if expires > now + LONGEST:
            raise DeniedError(401, "'Expiration time' claim ('exp') is too far in the future")

    def issue(self, app: App, installation_id: int) -> dict[str, Any]:
        """A new installation token, as the API answers it.

        Raises:
            DeniedError: The installation is not the app's, or suspended.
        """
        found = next((one for one in app.installations if one.id == installation_id), None)
        if found is None:
            raise DeniedError(404, "Not Found")
        if found.suspended:
            raise DeniedError(403, "This installation has been suspended")
        text, expires = f"ghs_{secrets.token_hex(18)}", self.clock() + LIFE
        self.tokens[text] = Token(owners=frozenset({found.account.lower()}), expires=expires)
        return {
            "token": text,
            "expires_at": stamp(int(expires)),
            "permissions": {"metadata": "read", "pull_requests": "read"},
            "repository_selection": "all",
        }


def _bare(header: str) -> str:
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() in ("bearer", "token") else ""


def fingerprint(token: str) -> str:
    """A name for a token that does not tell it."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]
