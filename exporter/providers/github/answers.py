"""What an answer of GitHub means: usable data, a limit, a refusal, or garbage.

Source: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from exporter.errors import (
    Garbled,
    NotFound,
    Overloaded,
    Partial,
    RateLimited,
    Refused,
    SecondaryLimited,
    TooSlow,
    Unauthorised,
)
from exporter.providers import answers
from exporter.providers.answers import LONGEST_WISH, retry_after, server_time
from exporter.providers.base import Budget, Response

T = TypeVar("T")

NOT_FOUND = "NOT_FOUND"
FORBIDDEN = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})
NEEDS = "the credential needs read access to pull requests, contents and metadata"


class GraphqlError(Struct):
    """One member of ``errors``; ``path`` leads to the field that is null because of it."""

    message: str = ""
    type: str = ""
    path: tuple[str | int, ...] = ()


class _Envelope(Struct):
    data: msgspec.Raw = field(default_factory=msgspec.Raw)
    errors: tuple[GraphqlError, ...] = ()


_envelope = msgspec.json.Decoder(_Envelope)


def budget(response: Response) -> Budget | None:
    """The rate limit as the headers tell it; None where the server sends none, which means unlimited."""
    head = response.headers
    try:
        return Budget(
            head.get("x-ratelimit-resource", "core"),
            int(head["x-ratelimit-limit"]),
            int(head["x-ratelimit-remaining"]),
            int(head["x-ratelimit-reset"]),
        )
    except (KeyError, ValueError):
        return None


def _until_reset(response: Response) -> float:
    """Seconds until a spent limit is whole again; a minute where the answer does not tell."""
    reset, now = response.headers.get("x-ratelimit-reset", ""), server_time(response)
    if not reset.isdecimal() or now is None:
        return 60.0
    return min(float(LONGEST_WISH), max(1.0, float(int(reset) - now)))


def check(response: Response, needs: str = NEEDS) -> None:
    """Raise the error an HTTP status stands for; return when the body may be read.

    ``needs``: the permissions whose lack a refusal is, as a remedy.

    Raises:
        Unauthorised, Refused, NotFound, RateLimited, SecondaryLimited, ServerError, Garbled: by status and headers.
    """
    status = response.status
    if status < 300:
        return
    text = response.body[:2000].decode("utf-8", "replace")
    if status == 401:
        raise Unauthorised("GitHub rejects the credential (401); renew the token, or check the app's id and key")
    if status in (403, 429):
        secondary = "secondary rate limit" in text.lower()
        if response.headers.get("x-ratelimit-remaining") == "0" and not secondary:
            resource = response.headers.get("x-ratelimit-resource", "primary")
            raise RateLimited(f"the {resource} rate limit is spent", after=_until_reset(response))
        if status == 429 or secondary or "retry-after" in response.headers:
            raise SecondaryLimited("GitHub asks to slow down (secondary rate limit)", after=retry_after(response))
        raise Refused(f"GitHub refuses (403{_said(response)}); {needs}")
    answers.check(response, "GitHub", needs)


class _Message(Struct):
    message: str = ""


def _said(response: Response) -> str:
    """The sentence REST gives with a refusal, such as which organisation wants a single sign-on."""
    try:
        message = msgspec.json.decode(response.body, type=_Message).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f": {message[:200]}" if message else ""


def decode(response: Response, kind: type[T], needs: str = NEEDS) -> T:
    """A REST answer as a typed value.

    Raises:
        Garbled: it is not JSON of that shape; and all that ``check`` raises.
    """
    check(response, needs)
    return answers.parsed(response.body, kind)


def graphql(response: Response, kind: type[T]) -> tuple[T, tuple[GraphqlError, ...]]:
    """The data of a GraphQL answer, and the errors that concern parts of it.

    Raises:
        RateLimited, SecondaryLimited, Overloaded, TooSlow, Refused, NotFound, Partial, Garbled: when nothing of the
            answer can be used; and all that ``check`` raises.
    """
    check(response)
    try:
        envelope = _envelope.decode(response.body)
        raw = bytes(envelope.data)
        for error in envelope.errors:
            _raise_for(error, response)
        if raw in (b"", b"null"):
            _nothing(envelope.errors)
        return msgspec.json.decode(raw, type=kind), envelope.errors
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbled(f"the answer is not what the API promises: {error}") from error


def _raise_for(error: GraphqlError, response: Response) -> None:
    """Errors that spoil the whole answer, wherever their path points."""
    message = error.message.lower()
    if error.type in ("RATE_LIMITED", "RATE_LIMIT"):
        if "secondary" in message:
            raise SecondaryLimited("GitHub asks to slow down (secondary rate limit)", after=retry_after(response))
        raise RateLimited("the GraphQL rate limit is spent", after=_until_reset(response))
    if error.type in ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"):
        raise Overloaded(f"the query is too large for the server: {error.message}")
    if "something went wrong" in message or "timeout" in message or "timedout" in message:
        raise TooSlow(f"the server gave up: {error.message}")


def _nothing(errors: tuple[GraphqlError, ...]) -> None:
    kinds = {error.type for error in errors}
    text = "; ".join(error.message for error in errors) or "no data"
    if NOT_FOUND in kinds:
        raise NotFound(text)
    if kinds & FORBIDDEN:
        raise Refused(f"{text}; {NEEDS}")
    raise Partial(text)


def members(data: Mapping[str, T], prefix: str, count: int) -> list[tuple[int, T]]:
    """The aliased fields ``prefix0``, ``prefix1`` ... with their number.

    Raises:
        Garbled: one was left out.
    """
    missing = [number for number in range(count) if f"{prefix}{number}" not in data]
    if missing:
        raise Garbled(f"the answer leaves out {len(missing)} of {count} fields that were asked for")
    return [(number, data[f"{prefix}{number}"]) for number in range(count)]
