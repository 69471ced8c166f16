"""What an answer of GitLab means: usable data, a limit, a refusal, or a field that an older server does not have.

Sources: https://docs.gitlab.com/api/rest/ (status codes, pagination), https://docs.gitlab.com/security/rate_limits/
(headers) and https://docs.gitlab.com/api/graphql/ (limits on complexity).
"""

import re
from collections.abc import Callable, Iterable, Sized
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from exporter.errors import Garbled, NotFound, Overloaded, Partial, Refused, TooSlow
from exporter.model import Actor, Stream
from exporter.providers import answers
from exporter.providers.base import Budget, Page, Request, Response

T = TypeVar("T")

WHO = "GitLab"
PAGE = 100
"""The most rows of a page: https://docs.gitlab.com/api/rest/#pagination."""
NEEDS = {
    Stream.CHANGES: "the token needs the scope read_api, and the role Reporter in the group",
    Stream.RUNS: "the token needs the scope read_api, and the role Reporter; the project's pipelines must be visible",
    Stream.DEPLOYMENTS: "the token needs the scope read_api, and the role Reporter; environments must be visible",
    Stream.ISSUES: "the token needs the scope read_api, and the role Reporter; confidential issues need Planner",
}
_LACKING = re.compile(
    r"Field '(?P<field>\w+)' (?:doesn't exist on type '(?P<kind>\w+)'|doesn't accept argument '(?P<argument>\w+)')"
)
_MADE_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_?[0-9a-z]*)?|service_account_.+")
"""What GitLab calls the users behind project and group tokens: https://docs.gitlab.com/user/project/settings/"""
GHOST = "ghost"
"""Who has what deleted users left: https://docs.gitlab.com/user/profile/account/delete_account/"""


class Lacking(Exception):
    """The server is older than some fields that were asked for, as ``Type.field`` or ``field.argument``."""

    def __init__(self, fields: Iterable[str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = frozenset(fields)


class _Error(Struct):
    message: str = ""
    path: tuple[str | int, ...] = ()


class _Envelope(Struct):
    data: msgspec.Raw = field(default_factory=msgspec.Raw)
    errors: tuple[_Error, ...] = ()


class PageInfo(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#pageinfo."""

    has_next_page: bool = False
    end_cursor: str | None = None


class User(Struct):
    """https://docs.gitlab.com/api/graphql/reference/#usercore."""

    username: str = ""
    bot: bool = False


class StateEvent(Struct):
    """An issue or merge request was closed, opened again or merged: https://docs.gitlab.com/api/resource_state_events/."""

    id: int
    created_at: str
    state: str


def budget(response: Response) -> Budget | None:
    """The rate limit as the headers tell it; None where the server sends none, which means unlimited."""
    head = response.headers
    try:
        return Budget(
            head.get("ratelimit-name", "api"),
            int(head["ratelimit-limit"]),
            int(head["ratelimit-remaining"]),
            int(head["ratelimit-reset"]),
        )
    except (KeyError, ValueError):
        return None


def decode(response: Response, kind: type[T], stream: Stream) -> T:
    """A REST answer as a typed value.

    Raises:
        ExporterError: as ``providers.answers.decode``.
    """
    return answers.decode(response, kind, WHO, NEEDS[stream])


def another(response: Response, rows: Sized) -> bool:
    """Whether a list has another page: https://docs.gitlab.com/api/rest/#other-pagination-headers."""
    following = response.headers.get("x-next-page")
    return len(rows) == PAGE if following is None else following != ""


def graphql(response: Response, kind: type[T], stream: Stream) -> T:
    """The data of a GraphQL answer.

    Raises:
        Lacking: the server is too old for some of the fields.
        ExporterError: nothing of the answer can be used.
    """
    answers.check(response, WHO, NEEDS[stream])
    envelope = answers.parsed(response.body, _Envelope)
    _raise_for(envelope.errors, stream)
    raw = bytes(envelope.data)
    if raw in (b"", b"null"):
        raise Partial("GitLab answers without data")
    return answers.parsed(raw, kind)


def again(error: Lacking, lacks: set[str], ask: Callable[[], Request]) -> Page:
    """The same question without what the server does not have, which ``lacks`` holds from now on.

    Raises:
        Garbled: it was asked without it already.
    """
    if error.fields <= lacks:
        raise Garbled(f"the server lacks {error}, which was not asked for")
    lacks |= error.fields
    return Page(then=(ask(),), unknown=tuple(sorted(error.fields)))


def _raise_for(errors: tuple[_Error, ...], stream: Stream) -> None:
    if not errors:
        return
    found = (_LACKING.search(each.message) for each in errors)
    lacking = {f"{one['kind'] or one['field']}.{one['argument'] or one['field']}" for one in found if one}
    if lacking:
        raise Lacking(lacking)
    message = errors[0].message
    if "complexity" in message or "max depth" in message:
        raise Overloaded(f"the query is too large for the server: {message}")
    if "timeout" in message.lower() or "timed out" in message.lower():
        raise TooSlow(f"the server gave up: {message}")
    if "permission" in message or "not allowed" in message:
        raise Refused(f"{message}; {NEEDS[stream]}")
    raise Partial(message)


def there(found: T | None, path: str) -> T:
    """What was asked for by its path.

    Raises:
        NotFound: GitLab has none, or does not show it.
    """
    if found is None:
        raise NotFound(f"no group or project {path}, or the token may not see it")
    return found


def check_project(response: Response) -> None:
    """What is not there is something of the project, and not the project, which a token may lose.

    Raises:
        NotFound: it is the project.
    """
    if b"Project Not Found" in response.body:
        raise NotFound("the project is gone, or the token may not see it any more")


def following(info: PageInfo, after: str | None) -> str | None:
    """The cursor that leads on, or None from the last page.

    Raises:
        Garbled: there is a next page and no way to it.
    """
    if not info.has_next_page:
        return None
    if not info.end_cursor or info.end_cursor == after:
        raise Garbled("a page says that another follows, and does not say where")
    return info.end_cursor


def number(gid: str) -> str:
    """The number in a global id: ``gid://gitlab/Project/7`` is ``7``."""
    return gid.rpartition("/")[2]


def escaped(path: str) -> str:
    """A full path as one part of a REST path: https://docs.gitlab.com/api/rest/#namespaced-paths.

    It holds letters, digits, ``_``, ``-``, ``.`` and slashes, and of these only the slash means something else there.
    """
    return path.replace("/", "%2F")


def actor(user: User | None) -> Actor:
    """An account in our words: lower case, a bot always with ``[bot]``, a deleted one with an empty login."""
    login = user.username.lower() if user else ""
    if user is None or login in ("", GHOST):
        return Actor("")
    bot = user.bot or _MADE_BOT.fullmatch(login) is not None
    return Actor(login if not bot or login.endswith("[bot]") else f"{login}[bot]", bot)
