"""Answers that hold many things, some of which may be missing, and questions that are cut into smaller ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from exporter.errors import Partial
from exporter.providers.answers import seconds
from exporter.providers.base import Budget, Request
from exporter.providers.github.answers import GraphqlError

T = TypeVar("T")

SMALLEST_PAGE = 5


class RateLimit(Struct, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#ratelimit."""

    cost: int = 0
    limit: int = 0
    remaining: int = 0
    reset_at: str = ""


class Answer(Struct, rename="camel"):
    """What every answer has."""

    rate_limit: RateLimit | None = None


def budget(data: Answer) -> Budget | None:
    """The rate limit as the answer reports it; None where there is none."""
    limit = data.rate_limit
    return Budget("graphql", limit.limit, limit.remaining, seconds(limit.reset_at)) if limit and limit.limit else None


def aliased_budget(data: Mapping[str, msgspec.Raw]) -> Budget | None:
    """The same of an answer that is read field by field."""
    raw = data.get("rateLimit")
    return budget(Answer(msgspec.json.decode(raw, type=RateLimit | None))) if raw is not None else None


def whole(errors: Sequence[GraphqlError]) -> None:
    """Insist on an answer of which nothing is missing.

    Raises:
        Partial: something is.
    """
    if errors:
        raise Partial("; ".join(error.message for error in errors))


def spoilt_members(errors: Iterable[GraphqlError], prefix: tuple[str | int, ...]) -> dict[int, GraphqlError]:
    """Which numbered members of a list are incomplete, and why.

    Raises:
        Partial: an error that does not point to a member spoils the whole answer.
    """
    found: dict[int, GraphqlError] = {}
    for error in errors:
        head, rest = error.path[: len(prefix)], error.path[len(prefix) :]
        if head == prefix and rest and isinstance(rest[0], int):
            found[rest[0]] = error
        else:
            raise Partial(error.message or "an error without a path")
    return found


def by_alias(errors: Iterable[GraphqlError]) -> dict[str | int, GraphqlError]:
    """The errors by the alias of the field they point into.

    Raises:
        Partial: an error without a path spoils the whole answer.
    """
    found: dict[str | int, GraphqlError] = {}
    for error in errors:
        if not error.path:
            raise Partial(error.message or "an error without a path")
        found.setdefault(error.path[0], error)
    return found


def packs(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in lists of at most so many."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def halves(items: Sequence[T]) -> list[Sequence[T]]:
    """Two halves of a pack; nothing when it holds one member only."""
    middle = len(items) // 2
    return [items[:middle], items[middle:]] if middle else []


def halved(first: int, ask: Callable[[int], Request]) -> tuple[Request, ...]:
    """The same question for a page of half the size; nothing when that would be too small."""
    return (ask(first // 2),) if first // 2 >= SMALLEST_PAGE else ()
