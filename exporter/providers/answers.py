"""What the answers of every service have in common: dates, the wish to wait, and what a status stands for."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from exporter.errors import (
    Garbled,
    NotFound,
    Refused,
    SecondaryLimited,
    ServerError,
    TooSlow,
    Unauthorised,
)
from exporter.providers.base import Response

T = TypeVar("T")

LONGEST_WISH = 3900
"""Seconds; a limit is whole again after an hour, so an answer that asks for more is wrong."""


def server_time(response: Response) -> int | None:
    """The server's own clock (HTTP Date) in Unix seconds."""
    try:
        found = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return int(found.replace(tzinfo=found.tzinfo or UTC).timestamp())


def retry_after(response: Response) -> float | None:
    """Seconds to wait as Retry-After says: a number, or a date on the server's own clock."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(min(int(text), LONGEST_WISH))
    try:
        until, now = parsedate_to_datetime(text), server_time(response)
    except ValueError:
        return None
    return min(float(LONGEST_WISH), max(0.0, until.timestamp() - now)) if now is not None else None


def check(response: Response, who: str, needs: str) -> None:
    """Raise the error an HTTP status stands for; return when the body may be read.

    ``who``: the service, as people call it; ``needs``: the permissions whose lack a refusal is, as a remedy.

    Raises:
        Unauthorised, Refused, NotFound, SecondaryLimited, TooSlow, ServerError, Garbled: by the status.
    """
    status = response.status
    if status < 300:
        return
    if status == 401:
        raise Unauthorised(f"{who} rejects the credential (401); renew the token")
    if status == 429:
        raise SecondaryLimited(f"{who} asks to slow down (429)", after=retry_after(response))
    if status == 403:
        raise Refused(f"{who} refuses (403); {needs}")
    if status in (404, 410):
        raise NotFound(f"not found ({status}); check the url, and that the credential may see it")
    if status in (408, 504):
        raise TooSlow(f"the server gave up ({status})")
    if status >= 500:
        raise ServerError(f"server error ({status})")
    raise Garbled(f"unexpected status {status}")


def decode(response: Response, kind: type[T], who: str, needs: str) -> T:
    """A JSON answer as a typed value.

    Raises:
        Garbled: it is not JSON of that shape; and all that ``check`` raises.
    """
    check(response, who, needs)
    return parsed(response.body, kind)


def parsed(body: bytes, kind: type[T]) -> T:
    """JSON as a typed value.

    Raises:
        Garbled: it is not JSON of that shape.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbled(f"the answer is not what the API promises: {error}") from error


def seconds(text: str) -> int:
    """An RFC 3339 time as Unix seconds.

    Raises:
        Garbled: it is none, or does not say in which zone.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return int(found.timestamp())
    except (ValueError, OverflowError) as error:
        raise Garbled(f"not a time: {text!r}") from error
    raise Garbled(f"a time without a zone: {text!r}")


def stamp(second: int) -> str:
    """Unix seconds as RFC 3339 in UTC, the form every service takes."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
