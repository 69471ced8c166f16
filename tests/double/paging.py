"""Moments, cursors and pages, as GitHub's GraphQL writes them."""

import base64
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import gmtime, strftime
from typing import Any

from tests.double.cost import refused

Node = dict[str, Any]


@lru_cache(maxsize=1 << 16)
def stamp(at: int | None) -> str | None:
    """A moment as GitHub writes it."""
    return None if at is None else strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(at))


def cursor(*key: Any) -> str:
    """An opaque cursor that carries a key."""
    return base64.b64encode(b"cursor:" + json.dumps(key).encode()).decode()


def key_of(text: str, parts: int) -> list[Any]:
    """The key a cursor carries.

    Raises:
        GraphQLError: It is no cursor of this connection.
    """
    try:
        key = json.loads(base64.b64decode(text, validate=True).removeprefix(b"cursor:"))
    except ValueError:
        key = None
    if not isinstance(key, list) or len(key) != parts:
        raise refused("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.")
    return key


def page(name: str, rows: Sequence[Any], start: int, first: int | None, mark: Callable[[int], str]) -> Node:
    """One page of a connection from a start; ``mark`` gives the cursor of a position.

    Raises:
        GraphQLError: No ``first``, which GitHub insists on.
    """
    if first is None:
        message = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise refused("MISSING_PAGINATION_BOUNDARIES", message)
    part = rows[start : start + first]
    more = start + len(part) < len(rows)
    return {
        "nodes": part,
        "pageInfo": {"hasNextPage": more, "endCursor": mark(start + len(part) - 1) if part else None},
    }


def offset(after: str | None) -> int:
    """Where a page starts whose cursors are positions, which shift when the set changes."""
    return key_of(after, 1)[0] if after else 0


def by_offset(name: str, rows: Sequence[Any], first: int | None, after: str | None) -> Node:
    """One page of a connection whose cursors are positions."""
    return page(name, rows, offset(after), first, lambda last: cursor(last + 1))
