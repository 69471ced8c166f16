"""The questions asked of GitHub and how their answers are read; pure: it says what to ask, the runtime asks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct, field

from exporter.errors import Garbled, NotFound, Partial, Refused, Shifted
from exporter.model import Repository, Subject, Told
from exporter.providers.base import Budget, Fault, Page, Request, Response
from exporter.providers.github import queries
from exporter.providers.github.answers import NOT_FOUND, GraphqlError, graphql, members, seconds, stamp
from exporter.providers.github.changes import (
    File,
    Files,
    PageInfo,
    PullRequest,
    Reading,
    Timeline,
    files_changed,
    following,
)

T = TypeVar("T")

SMALLEST_PAGE = 5
SPLIT_TO = 800
"""A window that holds more than a search returns is cut into windows of about this many changes."""
REREAD = 3
"""How often a window is read again when its result set moves under the pages."""
FOLLOW_UPS = 40
"""Overflowing changes that are followed in one query."""
PULSE_FIRST = 10
PULSE_PACK = 10
COUNTS = 25
"""Searches that are counted in one query."""
COUNT_FIRST = 3
"""From so many searches on they are counted before they are asked."""


class Window(NamedTuple):
    """Changes of a search scope last updated in [lower, upper], Unix seconds; ``only_open`` leaves out closed ones."""

    scope: str
    lower: int
    upper: int
    only_open: bool = False

    def query(self) -> str:
        """The search GitHub takes (https://docs.github.com/search-github/searching-on-github)."""
        state = " is:open" if self.only_open else ""
        return f"{self.scope} is:pr{state} updated:{stamp(self.lower)}..{stamp(self.upper)} sort:updated-asc"

    def split(self, parts: int) -> list["Window"]:
        """The same span in several, the newest first."""
        width = max(1, ceil((self.upper - self.lower + 1) / parts))
        starts = range(self.lower, self.upper + 1, width)
        return [self._replace(lower=low, upper=min(low + width - 1, self.upper)) for low in reversed(starts)]


class _Place(NamedTuple):
    """Where a search goes on: the cursor, how many results it has in all, and how many of them were seen."""

    cursor: str
    of: int
    seen: int


class Unread(NamedTuple):
    """A merged change whose files are wanted; ``repository`` and ``key`` are node ids, ``merged`` Unix seconds."""

    repository: str
    key: str
    number: int
    merged: int


class _RateLimit(Struct, rename="camel"):
    cost: int = 0
    limit: int = 0
    remaining: int = 0
    reset_at: str = ""


class _Answer(Struct, rename="camel"):
    rate_limit: _RateLimit | None = None


class _SearchResult(Struct, rename="camel"):
    issue_count: int
    page_info: PageInfo
    nodes: list[PullRequest | None] | None = None


class _Search(_Answer, rename="camel"):
    search: _SearchResult | None = None


class _PullRequests(Struct, rename="camel"):
    page_info: PageInfo = field(default_factory=PageInfo)
    nodes: list[PullRequest | None] | None = None


class _Node(Struct, rename="camel"):
    id: str = ""
    pull_requests: _PullRequests | None = None
    files: Files | None = None
    timeline_items: Timeline | None = None


class _Nodes(_Answer, rename="camel"):
    nodes: list[_Node | None] = field(default_factory=list)


class _Branch(Struct):
    name: str = ""


class _Topic(Struct):
    topic: _Branch


class _Topics(Struct):
    nodes: list[_Topic | None] | None = None


class _Repository(Struct, rename="camel"):
    id: str
    name_with_owner: str
    is_archived: bool = False
    is_fork: bool = False
    default_branch_ref: _Branch | None = None
    repository_topics: _Topics | None = None


class _Repositories(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[_Repository | None] | None = None


class _OwnerNode(Struct):
    repositories: _Repositories


class _Owner(_Answer, rename="camel"):
    repository_owner: _OwnerNode | None = None


class _Named(Struct, rename="camel"):
    id: str = ""
    name_with_owner: str = ""


class _Resource(_Answer, rename="camel"):
    resource: PullRequest | None = None


class GitHub:
    """Asks github.com or a GitHub Enterprise Server over GraphQL.

    ``comments``: also read plain conversation comments. ``topics``: also read repositories' topics (one point more per
    page). ``graphql_path`` is relative to the source's root.
    """

    def __init__(self, graphql_path: str, *, comments: bool = False, topics: bool = False) -> None:
        self.path = graphql_path
        self.topics = topics
        self.types = (*queries.TIMELINE_TYPES, *((queries.COMMENT_TYPE,) if comments else ()))

    # Repositories

    def owner(self, login: str, after: str | None = None, first: int = queries.PAGE) -> Request:
        """All repositories of an organisation or user, a page at a time."""

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Owner)
            if data.repository_owner is None and not errors:
                raise NotFound(f"no such organisation or user: {login}, or the credential may not see it")
            _whole(errors)
            if data.repository_owner is None:
                raise Partial(f"nothing was said about {login}")
            page = data.repository_owner.repositories
            cursor = following(page.page_info, after)
            then = (self.owner(login, cursor, first),) if cursor else ()
            found = tuple(_repository(each) for each in page.nodes or () if each is not None)
            return Page(repositories=found, then=then, budget=_budget(data))

        variables = {"login": login, "first": first, "after": after, "topics": self.topics}
        return self._ask(
            "repositories",
            queries.OWNER,
            variables,
            read,
            lambda: _halved(first, lambda n: self.owner(login, after, n)),
        )

    def named(self, names: Sequence[str]) -> list[Request]:
        """Single repositories by owner/name; one that does not exist is a fault under its name."""
        return [self._named(names[start : start + queries.PAGE]) for start in range(0, len(names), queries.PAGE)]

    def _named(self, names: Sequence[str]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            kinds = {alias: error.type for alias, error in _by_alias(errors).items()}
            found, faults = [], []
            for number, raw in members(data, "r", len(names)):
                each = msgspec.json.decode(raw, type=_Repository | None)
                if each is None:
                    gone = kinds.get(f"r{number}", NOT_FOUND) == NOT_FOUND
                    reason = NotFound.reason if gone else Refused.reason
                    message = f"no repository {names[number]}, or the credential may not see it"
                    faults.append(Fault(names[number], reason, message))
                else:
                    found.append(_repository(each))
            return Page(repositories=tuple(found), faults=tuple(faults), budget=_aliased_budget(data))

        variables: dict[str, Any] = {"topics": self.topics}
        for number, name in enumerate(names):
            variables[f"owner{number}"], _, variables[f"name{number}"] = name.partition("/")
        smaller = lambda: tuple(self._named(half) for half in _halves(names))  # noqa: E731 - as everywhere here
        return self._ask("repositories", queries.named(len(names)), variables, read, smaller)

    # Changes by search

    def changes(self, window: Window, first: int = queries.PAGE) -> Request:
        """All changes of a window, whole; the window is cut when it holds more than a search returns."""
        return self._search(window, first, REREAD)

    def searches(self, windows: Sequence[Window]) -> list[Request]:
        """All changes of several windows; many are counted first, so that those which hold nothing cost nothing."""
        if len(windows) < COUNT_FIRST:
            return [self.changes(window) for window in windows]
        return [self._counted(pack) for pack in _packs(windows, COUNTS)]

    def _counted(self, pack: Sequence[Window]) -> Request:
        count = self._counts([window.query() for window in pack])

        def read(response: Response) -> Page:
            page = count.read(response)
            held = (window for window in pack if page.counts.get(window.query(), 1))
            return msgspec.structs.replace(page, then=tuple(self.changes(window) for window in held), counts={})

        return msgspec.structs.replace(
            count, read=read, smaller=lambda: tuple(self._counted(half) for half in _halves(pack))
        )

    def _search(self, window: Window, first: int, rereads: int, place: "_Place | None" = None) -> Request:
        """A page of a window: the first, or the one after a place; ``rereads`` are left when it moves meanwhile."""
        after = place.cursor if place else None

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Search)
            if data.search is None:
                raise Partial("; ".join(error.message for error in errors) or "search gave nothing")
            result, count = data.search, data.search.issue_count
            if place is None and count > queries.SEARCH_LIMIT and window.upper > window.lower:
                parts = [self.changes(part, first) for part in window.split(ceil(count / SPLIT_TO))]
                return Page(then=tuple(parts), budget=_budget(data))
            if place is not None and count != place.of:
                return Page(then=self._again(window, first, rereads), budget=_budget(data))
            told, then, faults, unknown = self._read_changes(result.nodes or [], errors, ("search", "nodes"))
            cursor = following(result.page_info, after)
            seen = (place.seen if place else 0) + len(result.nodes or ())
            missing = 0
            if cursor:
                then = (*then, self._search(window, first, rereads, _Place(cursor, count, seen)))
            elif seen < count and rereads and window.upper > window.lower:
                then = (*then, *self._again(window, first, rereads))
            else:
                missing = max(0, count - seen)
            return Page(told=told, then=then, faults=faults, unknown=unknown, truncated=missing, budget=_budget(data))

        variables = {"q": window.query(), "first": first, "after": after, "types": self.types}
        return self._ask(
            "changes",
            queries.SEARCH,
            variables,
            read,
            lambda: _halved(first, lambda n: self._search(window, n, rereads, place)),
        )

    def _again(self, window: Window, first: int, rereads: int) -> tuple[Request, ...]:
        """The window once more, in two halves, since its results moved between two pages, or some never came."""
        if rereads == 0:
            raise Shifted("the search results kept moving while they were read")
        return tuple(self._search(part, first, rereads - 1) for part in window.split(2))

    def _read_changes(
        self, found: Sequence[PullRequest | None], errors: Sequence[GraphqlError], prefix: tuple[str | int, ...]
    ) -> tuple[tuple[Told, ...], tuple[Request, ...], tuple[Fault, ...], tuple[str, ...]]:
        spoilt = _spoilt(errors, prefix)
        told: list[Told] = []
        faults: list[Fault] = []
        unknown: list[str] = []
        open_ended: list[tuple[Reading, str]] = []
        for number, pull in enumerate(found):
            if pull is None or number in spoilt or pull.timeline_items is None or pull.timeline_items.nodes is None:
                key = pull.repository.id if pull and pull.repository else ""
                message = spoilt.get(number, "a change came without its timeline")
                faults.append(Fault(key, Partial.reason, message, pull.id if pull else ""))
                continue
            reading = Reading(pull)
            cursor = reading.take(pull.timeline_items)
            if cursor:
                open_ended.append((reading, cursor))
            else:
                _tell(reading, told, faults, unknown)
        return tuple(told), tuple(self._timelines(open_ended)), tuple(faults), tuple(unknown)

    def _timelines(self, open_ended: Sequence[tuple[Reading, str]]) -> Iterator[Request]:
        for pack in _packs(open_ended, FOLLOW_UPS):
            yield self._timeline_pack(pack)

    def _timeline_pack(self, pack: Sequence[tuple[Reading, str]]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            reasons = _by_alias(errors)
            told: list[Told] = []
            faults: list[Fault] = []
            unknown: list[str] = []
            further: list[tuple[Reading, str]] = []
            for number, raw in members(data, "n", len(pack)):
                reading, after = pack[number]
                node = msgspec.json.decode(raw, type=_Node | None)
                error = reasons.get(f"n{number}")
                if (
                    error is not None
                    or node is None
                    or node.timeline_items is None
                    or node.timeline_items.nodes is None
                ):
                    message = error.message if error else "a timeline could not be read to its end"
                    faults.append(Fault(reading.repository, Partial.reason, message, reading.key))
                    continue
                whole = Reading(reading.pull)
                whole.items = list(reading.items)
                cursor = whole.take(node.timeline_items, after)
                if cursor:
                    further.append((whole, cursor))
                else:
                    _tell(whole, told, faults, unknown)
            return Page(
                told=tuple(told),
                then=tuple(self._timelines(further)),
                faults=tuple(faults),
                unknown=tuple(unknown),
                budget=_aliased_budget(data),
            )

        variables: dict[str, Any] = {"types": self.types}
        for number, (reading, cursor) in enumerate(pack):
            variables[f"id{number}"], variables[f"after{number}"] = reading.key, cursor
        about = tuple(sorted({reading.repository for reading, _ in pack}))
        return self._ask(
            "timelines",
            queries.timelines(len(pack)),
            variables,
            read,
            lambda: tuple(self._timeline_pack(half) for half in _halves(pack)),
            about,
        )

    # Changes without search

    def pulse(self, since: Mapping[str, int]) -> list[Request]:
        """Which repositories (node id -> read up to, Unix seconds) moved, and then what moved in them."""
        return [self._pulse(dict(pack)) for pack in _packs(list(since.items()), queries.PAGE)]

    def _pulse(self, since: Mapping[str, int]) -> Request:
        keys = list(since)

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Nodes)
            spoilt = _spoilt(errors, ("nodes",))
            moved, faults = [], []
            for key, (number, node) in zip(keys, enumerate(data.nodes), strict=True):
                if number in spoilt or node is None or node.pull_requests is None:
                    message = spoilt.get(number, "the repository is not visible")
                    faults.append(Fault(key, NotFound.reason, message))
                    continue
                latest = [each for each in node.pull_requests.nodes or () if each is not None]
                if latest and seconds(latest[0].updated_at) >= since[key]:
                    moved.append(key)
            then = tuple(self.latest({key: since[key] for key in pack}) for pack in _packs(moved, PULSE_PACK))
            return Page(then=then, faults=tuple(faults), budget=_budget(data))

        return self._ask(
            "pulse",
            queries.PULSE,
            {"ids": keys},
            read,
            lambda: tuple(self._pulse(dict(half)) for half in _halves(list(since.items()))),
            tuple(keys),
        )

    def latest(
        self, since: Mapping[str, int], first: int = PULSE_FIRST, after: str | None = None, *, only_open: bool = False
    ) -> Request:
        """The latest changes of some repositories back to their date; ``after`` only with a single repository."""
        keys = list(since)

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Nodes)
            spoilt = _spoilt(errors, ("nodes",))
            pages = [
                self._latest_of(node, spoilt.get(number), key, since[key], after, only_open)
                for key, (number, node) in zip(keys, enumerate(data.nodes), strict=True)
            ]
            return Page(
                told=tuple(each for page in pages for each in page.told),
                then=tuple(each for page in pages for each in page.then),
                faults=tuple(each for page in pages for each in page.faults),
                unknown=tuple(each for page in pages for each in page.unknown),
                budget=_budget(data),
            )

        def smaller() -> tuple[Request, ...]:
            if len(keys) > 1:
                return tuple(
                    self.latest(dict(half), first, only_open=only_open) for half in _halves(list(since.items()))
                )
            return _halved(first, lambda n: self.latest(since, n, after, only_open=only_open))

        states = ["OPEN"] if only_open else None
        variables = {"ids": keys, "first": first, "after": after, "states": states, "types": self.types}
        return self._ask("latest", queries.LATEST, variables, read, smaller, tuple(keys))

    def _latest_of(
        self, node: _Node | None, spoilt: str | None, key: str, since: int, after: str | None, only_open: bool
    ) -> Page:
        if node is None or node.pull_requests is None or spoilt is not None:
            return Page(faults=(Fault(key, Partial.reason, spoilt or "the repository is not visible"),))
        told, then, unplaced, unknown = self._read_changes(node.pull_requests.nodes or [], (), ())
        faults = tuple(Fault(key, each.reason, each.message, each.change) for each in unplaced)
        pulls = [pull for pull in node.pull_requests.nodes or () if pull is not None]
        cursor = following(node.pull_requests.page_info, after)
        if cursor and pulls and seconds(pulls[-1].updated_at) >= since:
            then = (*then, self.latest({key: since}, queries.PAGE, cursor, only_open=only_open))
        return Page(told=told, then=then, faults=faults, unknown=unknown)

    # Files, counts, one change

    def files(self, changes: Sequence[Unread]) -> list[Request]:
        """The files of merged changes, a hundred changes a query."""
        return [self._files(pack) for pack in _packs(changes, queries.PAGE)]

    def _files(self, pack: Sequence[Unread]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, _Nodes)
            return self._files_page(
                [(change, node, [], None) for change, node in zip(pack, data.nodes, strict=True)],
                _spoilt(errors, ("nodes",)),
                {error.path[1] for error in errors if len(error.path) == 2 and error.type == NOT_FOUND},
                _budget(data),
            )

        return self._ask(
            "files",
            queries.FILES,
            {"ids": [change.key for change in pack]},
            read,
            lambda: tuple(self._files(half) for half in _halves(pack)),
            tuple(sorted({change.repository for change in pack})),
            tuple(change.key for change in pack),
        )

    def _files_page(
        self,
        answers: Sequence[tuple[Unread, _Node | None, list[File], str | None]],
        spoilt: Mapping[int, str],
        missing: set[str | int],
        budget: Budget | None,
    ) -> Page:
        told, gone, faults, further = [], [], [], []
        for number, (change, node, before, after) in enumerate(answers):
            subject = Subject(change.repository, change.key, change.number)
            if number in missing or (number not in spoilt and (node is None or node.files is None)):
                gone.append(subject)
            elif number in spoilt or node is None or node.files is None:
                message = spoilt.get(number, "files could not be read")
                faults.append(Fault(change.repository, Partial.reason, message, change.key))
            else:
                files = [*before, *(file for file in node.files.nodes or () if file is not None)]
                cursor = following(node.files.page_info, after)
                if cursor:
                    further.append((change, files, cursor))
                else:
                    told.append(Told(subject, (files_changed(change.merged, files),)))
        then = tuple(self._more_files(pack) for pack in _packs(further, FOLLOW_UPS))
        return Page(
            told=tuple(told), gone=tuple(gone), faults=tuple(faults), then=then, truncated=len(gone), budget=budget
        )

    def _more_files(self, pack: Sequence[tuple[Unread, list[File], str]]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            answers = [
                (pack[number][0], msgspec.json.decode(raw, type=_Node | None), *pack[number][1:])
                for number, raw in members(data, "n", len(pack))
            ]
            reasons = _by_alias(errors)
            spoilt = {
                number: reasons[f"n{number}"].message
                for number in range(len(pack))
                if f"n{number}" in reasons and reasons[f"n{number}"].type != NOT_FOUND
            }
            return self._files_page(answers, spoilt, set(), _aliased_budget(data))

        variables = {
            name: value
            for number, (change, _, cursor) in enumerate(pack)
            for name, value in ((f"id{number}", change.key), (f"after{number}", cursor))
        }
        return self._ask(
            "files",
            queries.more_files(len(pack)),
            variables,
            read,
            lambda: tuple(self._more_files(half) for half in _halves(pack)),
            tuple(sorted({change.repository for change, _, _ in pack})),
            tuple(change.key for change, _, _ in pack),
        )

    def counts(self, searches: Sequence[str]) -> list[Request]:
        """How many changes each search finds, twenty-five searches a query."""
        return [self._counts(pack) for pack in _packs(searches, COUNTS)]

    def _counts(self, pack: Sequence[str]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            _whole(errors)
            raws = members(data, "c", len(pack))
            found = {pack[number]: msgspec.json.decode(raw, type=_Count).issue_count for number, raw in raws}
            return Page(counts=found, budget=_aliased_budget(data))

        variables = {f"q{number}": search for number, search in enumerate(pack)}
        return self._ask(
            "counts",
            queries.counts(len(pack)),
            variables,
            read,
            lambda: tuple(self._counts(half) for half in _halves(pack)),
        )

    def change(self, url: str) -> Request:
        """One pull request by its web address."""

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Resource)
            if data.resource is None or not data.resource.id:
                raise NotFound(f"no pull request at {url}, or the credential may not see it")
            told, then, faults, unknown = self._read_changes([data.resource], errors, ())
            return Page(told=told, then=then, faults=faults, unknown=unknown, budget=_budget(data))

        return self._ask("change", queries.RESOURCE, {"url": url, "types": self.types}, read)

    def _ask(
        self,
        kind: str,
        document: str,
        variables: Mapping[str, Any],
        read: Any,
        smaller: Any = None,
        about: tuple[str, ...] = (),
        changes: tuple[str, ...] = (),
    ) -> Request:
        body = {"query": document, "variables": variables}
        return Request(
            kind=kind, path=self.path, body=body, read=read, smaller=smaller, repositories=about, changes=changes
        )


class _Count(Struct, rename="camel"):
    issue_count: int


def _repository(each: _Repository) -> Repository:
    topics = (each.repository_topics.nodes or []) if each.repository_topics else []
    return Repository(
        key=each.id,
        name=each.name_with_owner,
        default_branch=each.default_branch_ref.name if each.default_branch_ref else "",
        archived=each.is_archived,
        fork=each.is_fork,
        topics=tuple(topic.topic.name for topic in topics if topic is not None),
    )


def _budget(data: _Answer) -> Budget | None:
    limit = data.rate_limit
    return Budget("graphql", limit.limit, limit.remaining, seconds(limit.reset_at)) if limit and limit.limit else None


def _aliased_budget(data: Mapping[str, msgspec.Raw]) -> Budget | None:
    raw = data.get("rateLimit")
    return _budget(_Answer(msgspec.json.decode(raw, type=_RateLimit | None))) if raw is not None else None


def _whole(errors: Sequence[GraphqlError]) -> None:
    if errors:
        raise Partial("; ".join(error.message for error in errors))


def _spoilt(errors: Iterable[GraphqlError], prefix: tuple[str | int, ...]) -> dict[int, str]:
    """Which numbered members of a list are incomplete, and why.

    Raises:
        Partial: an error that does not point to a member spoils the whole answer.
    """
    found: dict[int, str] = {}
    for error in errors:
        head, rest = error.path[: len(prefix)], error.path[len(prefix) :]
        if head == prefix and rest and isinstance(rest[0], int):
            found[rest[0]] = error.message
        else:
            raise Partial(error.message or "an error without a path")
    return found


def _by_alias(errors: Iterable[GraphqlError]) -> dict[str | int, GraphqlError]:
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


def _tell(reading: Reading, told: list[Told], faults: list[Fault], unknown: list[str]) -> None:
    """Add the facts of a change; one that cannot be told is a fault of its own and spoils no other."""
    try:
        told.append(reading.told())
    except Garbled as error:
        faults.append(Fault(reading.repository, error.reason, str(error), reading.key))
    unknown.extend(reading.unknown)


def _packs(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _halves(items: Sequence[T]) -> list[Sequence[T]]:
    """Two halves of a pack; nothing when it holds one member only."""
    middle = len(items) // 2
    return [items[:middle], items[middle:]] if middle else []


def _halved(first: int, ask: Any) -> tuple[Request, ...]:
    return (ask(first // 2),) if first // 2 >= SMALLEST_PAGE else ()
