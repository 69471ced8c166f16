"""What an answer of Jira means, and what its rate limits say."""

from datetime import datetime
from math import ceil
from typing import TypeVar

import msgspec
from msgspec import Struct

from exporter.errors import Refused, Unauthorised
from exporter.providers import answers
from exporter.providers.base import Budget, Response
from exporter.providers.service import basic_or_bearer

T = TypeVar("T")

WHO = "Jira"
NOT_TAKEN = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")
NEEDS = "the credential needs to browse the projects, with the scope read:jira-work where it has scopes"


class _Said(Struct, rename="camel"):
    error_messages: tuple[str, ...] = ()


def decode(response: Response, kind: type[T]) -> T:
    """A JSON answer as a typed value.

    Where a credential is not taken, Jira may answer as to anybody, which would look as if there were no issues.
    https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ (X-Seraph-LoginReason)

    Raises:
        Unauthorised: the credential was not taken. Refused: the search is refused, such as for a project that is not
        there or not to be seen. And all that ``answers.check`` raises.
    """
    reason = response.headers.get("x-seraph-loginreason", "").upper()
    if any(word in reason for word in NOT_TAKEN):
        raise Unauthorised(
            "Jira does not take the credential and answered as to anybody; renew the token, or log in once"
        )
    if response.status == 400:
        raise Refused(f"Jira refuses the search: {_message(response)}; check `projects`, and that {NEEDS}")
    return answers.decode(response, kind, WHO, NEEDS)


def _message(response: Response) -> str:
    try:
        said = msgspec.json.decode(response.body, type=_Said).error_messages
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = ()
    return said[0].rstrip(".") if said else "it says no reason"


def authorization(secret: str) -> str:
    """Basic for ``address:token`` of Cloud, Bearer for a personal access token of Data Center.

    https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/
    https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html
    """
    return basic_or_bearer(secret)


def budget(response: Response) -> Budget | None:
    """The rate limit as the headers tell it; None where they do not say when it is whole again.

    Cloud names that time, Data Center how fast the bucket fills.
    https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
    https://confluence.atlassian.com/adminjiraserver/adjusting-your-code-for-rate-limiting-987143384.html
    """
    head = response.headers
    try:
        limit, remaining = int(head["x-ratelimit-limit"]), int(head["x-ratelimit-remaining"])
        if "x-ratelimit-reset" in head:
            reset = datetime.fromisoformat(head["x-ratelimit-reset"])
            return Budget(WHO.lower(), limit, remaining, int(reset.timestamp())) if reset.tzinfo else None
        rate, interval = int(head["x-ratelimit-fillrate"]), int(head["x-ratelimit-interval-seconds"])
    except (KeyError, ValueError, OverflowError):
        return None
    now = answers.server_time(response)
    if now is None or rate <= 0:
        return None
    return Budget(WHO.lower(), limit, remaining, now + interval * max(0, ceil((limit - remaining) / rate)))
