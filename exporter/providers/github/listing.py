"""Changes or issues of many repositories: by search, or repository by repository where search fails.

Both are listed in one way and have a nested timeline, of which a first page comes with them; the rest of long ones is
asked for in packs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct, field

from exporter.errors import Garbled, NotFound, Partial, Refused, Shifted
from exporter.model import Told
from exporter.providers.answers import seconds, stamp
from exporter.providers.base import Fault, Page, Request, Response
from exporter.providers.github import queries
from exporter.providers.github.answers import FORBIDDEN, GraphqlError, graphql, members
from exporter.providers.github.nodes import Node, PageInfo, Reading, following
from exporter.providers.github.parts import (
    Answer,
    aliased_budget,
    budget,
    by_alias,
    halved,
    halves,
    packs,
    spoilt_members,
    whole,
)

N = TypeVar("N", bound=Node)

SPLIT_TO = 800
"""A window that holds more than a search returns is cut into windows that hold about so many."""
REREAD = 3
"""How often a window is read again when its result set moves under the pages."""
FOLLOW_UPS = 40
"""Overflowing timelines that are followed in one query."""
PULSE_FIRST = 10
PULSE_PACK = 10
COUNTS = 25
"""Searches that are counted in one query."""
COUNT_FIRST = 3
"""From so many searches on they are counted before they are asked."""


class Window(NamedTuple):
    """What a search scope holds that was last updated in [lower, upper], Unix seconds.

    ``only_open`` leaves out what is closed; ``what``: ``pr`` or ``issue``.
    """

    scope: str
    lower: int
    upper: int
    only_open: bool = False
    what: str = "pr"

    def query(self) -> str:
        """The search GitHub takes (https://docs.github.com/search-github/searching-on-github)."""
        state = " is:open" if self.only_open else ""
        return f"{self.scope} is:{self.what}{state} updated:{stamp(self.lower)}..{stamp(self.upper)} sort:updated-asc"

    def split(self, parts: int) -> list["Window"]:
        """The same span in several, the newest first."""
        width = max(1, ceil((self.upper - self.lower + 1) / parts))
        starts = range(self.lower, self.upper + 1, width)
        return [self._replace(lower=low, upper=min(low + width - 1, self.upper)) for low in reversed(starts)]


class Place(NamedTuple):
    """Where a search goes on: the cursor, how many results it has in all, and how many of them were seen."""

    cursor: str
    of: int
    seen: int


class Sort(NamedTuple):
    """What is listed and in which words: ``what`` as search calls it, ``kinds`` of the requests, the documents.

    ``node`` is what an answer holds, ``reading`` what reads it, ``needs`` the permission it takes.
    """

    what: str
    kinds: Mapping[str, str]
    search: str
    pulse: str
    latest: str
    timelines: Callable[[int], str]
    node: type[Node]
    reading: Callable[[Any], Reading]
    needs: str


class _Connection(Struct, Generic[N], rename="camel"):
    page_info: PageInfo = field(default_factory=PageInfo)
    nodes: list[N | None] | None = None
    issue_count: int = 0


class _Search(Answer, Generic[N], rename="camel"):
    search: _Connection[N] | None = None


class _Repository(Struct, Generic[N], rename="camel"):
    pull_requests: _Connection[N] | None = None
    issues: _Connection[N] | None = None

    @property
    def listed(self) -> _Connection[N] | None:
        """The one that was asked for."""
        return self.pull_requests or self.issues


class _Repositories(Answer, Generic[N], rename="camel"):
    nodes: list[_Repository[N] | None] = field(default_factory=list)


class Listing:
    """Lists one sort of things over GraphQL. ``types`` are the timeline items that are read.

    ``path`` is that of GraphQL, relative to the source's root.
    """

    def __init__(self, path: str, sort: Sort, types: Sequence[str]) -> None:
        self.path = path
        self.sort = sort
        self.types = tuple(types)
        node: Any = sort.node
        self._search_answer: type[_Search[Node]] = _Search[node]
        self._repositories_answer: type[_Repositories[Node]] = _Repositories[node]
        self._node_answer: Any = node | None

    def window(self, scope: str, lower: int, upper: int, *, only_open: bool = False) -> Window:
        """What a scope holds that was last updated in [lower, upper]."""
        return Window(scope, lower, upper, only_open, self.sort.what)

    # By search

    def held(self, window: Window, first: int = queries.PAGE) -> Request:
        """All that a window holds, whole; the window is cut when it holds more than a search returns."""
        return self._search(window, first, REREAD)

    def searches(self, windows: Sequence[Window]) -> list[Request]:
        """All that several windows hold; many are counted first, so that those which hold nothing cost nothing."""
        if len(windows) < COUNT_FIRST:
            return [self.held(window) for window in windows]
        return [self._counted(pack) for pack in packs(windows, COUNTS)]

    def _counted(self, pack: Sequence[Window]) -> Request:
        count = self._counts([window.query() for window in pack])

        def read(response: Response) -> Page:
            page = count.read(response)
            held = (window for window in pack if page.counts.get(window.query(), 1))
            return msgspec.structs.replace(page, then=tuple(self.held(window) for window in held), counts={})

        return msgspec.structs.replace(
            count, read=read, smaller=lambda: tuple(self._counted(half) for half in halves(pack))
        )

    def _search(self, window: Window, first: int, rereads: int, place: Place | None = None) -> Request:
        """A page of a window: the first, or the one after a place; ``rereads`` are left when it moves meanwhile."""
        after = place.cursor if place else None

        def read(response: Response) -> Page:
            data, errors = graphql(response, self._search_answer)
            if data.search is None:
                raise Partial("; ".join(error.message for error in errors) or "search gave nothing")
            result, count = data.search, data.search.issue_count
            if place is None and count > queries.SEARCH_LIMIT and window.upper > window.lower:
                parts = [self.held(part, first) for part in window.split(ceil(count / SPLIT_TO))]
                return Page(then=tuple(parts), budget=budget(data))
            if place is not None and count != place.of:
                return Page(then=self._again(window, first, rereads), budget=budget(data))
            told, then, faults, unknown = self.read(result.nodes or [], errors, ("search", "nodes"))
            cursor = following(result.page_info, after)
            seen = (place.seen if place else 0) + len(result.nodes or ())
            missing = 0
            if cursor:
                then = (*then, self._search(window, first, rereads, Place(cursor, count, seen)))
            elif seen < count and rereads and window.upper > window.lower:
                then = (*then, *self._again(window, first, rereads))
            else:
                missing = max(0, count - seen)
            return Page(told=told, then=then, faults=faults, unknown=unknown, truncated=missing, budget=budget(data))

        variables = {"q": window.query(), "first": first, "after": after, "types": self.types}
        return self.ask(
            self.sort.kinds["search"],
            self.sort.search,
            variables,
            read,
            lambda: halved(first, lambda n: self._search(window, n, rereads, place)),
        )

    def _again(self, window: Window, first: int, rereads: int) -> tuple[Request, ...]:
        """The window once more, in two halves, since its results moved between two pages, or some never came."""
        if rereads == 0:
            raise Shifted("the search results kept moving while they were read")
        return tuple(self._search(part, first, rereads - 1) for part in window.split(2))

    def read(
        self, found: Sequence[Node | None], errors: Sequence[GraphqlError], prefix: tuple[str | int, ...]
    ) -> tuple[tuple[Told, ...], tuple[Request, ...], tuple[Fault, ...], tuple[str, ...]]:
        """Facts, further questions, faults and unknown words of what an answer lists below a path."""
        spoilt = spoilt_members(errors, prefix)
        told: list[Told] = []
        faults: list[Fault] = []
        unknown: list[str] = []
        open_ended: list[tuple[Reading, str]] = []
        for number, node in enumerate(found):
            if node is None or number in spoilt or node.timeline_items is None or node.timeline_items.nodes is None:
                key = node.repository.id if node and node.repository else ""
                message = spoilt[number].message if number in spoilt else "something came without its timeline"
                faults.append(Fault(key, Partial.reason, message, node.id if node else ""))
                continue
            reading = self.sort.reading(node)
            cursor = reading.take(node.timeline_items)
            if cursor:
                open_ended.append((reading, cursor))
            else:
                _tell(reading, told, faults, unknown)
        return tuple(told), tuple(self._timelines(open_ended)), tuple(faults), tuple(unknown)

    def _timelines(self, open_ended: Sequence[tuple[Reading, str]]) -> Iterator[Request]:
        for pack in packs(open_ended, FOLLOW_UPS):
            yield self._timeline_pack(pack)

    def _timeline_pack(self, pack: Sequence[tuple[Reading, str]]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            reasons = by_alias(errors)
            told: list[Told] = []
            faults: list[Fault] = []
            unknown: list[str] = []
            further: list[tuple[Reading, str]] = []
            for number, raw in members(data, "n", len(pack)):
                reading, after = pack[number]
                node: Node | None = msgspec.json.decode(raw, type=self._node_answer)
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
                whole = reading.copy()
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
                budget=aliased_budget(data),
            )

        variables: dict[str, Any] = {"types": self.types}
        for number, (reading, cursor) in enumerate(pack):
            variables[f"id{number}"], variables[f"after{number}"] = reading.key, cursor
        about = tuple(sorted({reading.repository for reading, _ in pack}))
        return self.ask(
            self.sort.kinds["timelines"],
            self.sort.timelines(len(pack)),
            variables,
            read,
            lambda: tuple(self._timeline_pack(half) for half in halves(pack)),
            about,
        )

    # Without search

    def pulse(self, since: Mapping[str, int]) -> list[Request]:
        """Which repositories (node id -> read up to, Unix seconds) moved, and then what moved in them."""
        return [self._pulse(dict(pack)) for pack in packs(list(since.items()), queries.PAGE)]

    def _pulse(self, since: Mapping[str, int]) -> Request:
        keys = list(since)

        def read(response: Response) -> Page:
            data, errors = graphql(response, self._repositories_answer)
            spoilt = spoilt_members(errors, ("nodes",))
            moved, faults = [], []
            for key, (number, node) in zip(keys, enumerate(data.nodes), strict=True):
                listed = node.listed if node is not None else None
                if number in spoilt or listed is None:
                    faults.append(self._invisible(key, spoilt.get(number), NotFound.reason))
                    continue
                latest = [each for each in listed.nodes or () if each is not None]
                if latest and seconds(latest[0].updated_at) >= since[key]:
                    moved.append(key)
            then = tuple(self.latest({key: since[key] for key in pack}) for pack in packs(moved, PULSE_PACK))
            return Page(then=then, faults=tuple(faults), budget=budget(data))

        return self.ask(
            self.sort.kinds["pulse"],
            self.sort.pulse,
            {"ids": keys},
            read,
            lambda: tuple(self._pulse(dict(half)) for half in halves(list(since.items()))),
            tuple(keys),
        )

    def latest(
        self, since: Mapping[str, int], first: int = PULSE_FIRST, after: str | None = None, *, only_open: bool = False
    ) -> Request:
        """The latest of some repositories back to their date; ``after`` only with a single repository."""
        keys = list(since)

        def read(response: Response) -> Page:
            data, errors = graphql(response, self._repositories_answer)
            spoilt = spoilt_members(errors, ("nodes",))
            pages = [
                self._latest_of(node, spoilt.get(number), key, since[key], after, only_open)
                for key, (number, node) in zip(keys, enumerate(data.nodes), strict=True)
            ]
            return Page(
                told=tuple(each for page in pages for each in page.told),
                then=tuple(each for page in pages for each in page.then),
                faults=tuple(each for page in pages for each in page.faults),
                unknown=tuple(each for page in pages for each in page.unknown),
                budget=budget(data),
            )

        def smaller() -> tuple[Request, ...]:
            if len(keys) > 1:
                return tuple(
                    self.latest(dict(half), first, only_open=only_open) for half in halves(list(since.items()))
                )
            return halved(first, lambda n: self.latest(since, n, after, only_open=only_open))

        states = ["OPEN"] if only_open else None
        variables = {"ids": keys, "first": first, "after": after, "states": states, "types": self.types}
        return self.ask(self.sort.kinds["latest"], self.sort.latest, variables, read, smaller, tuple(keys))

    def _latest_of(
        self,
        node: _Repository[Node] | None,
        spoilt: GraphqlError | None,
        key: str,
        since: int,
        after: str | None,
        only_open: bool,
    ) -> Page:
        listed = node.listed if node is not None else None
        if listed is None or spoilt is not None:
            return Page(faults=(self._invisible(key, spoilt, Partial.reason),))
        told, then, unplaced, unknown = self.read(listed.nodes or [], (), ())
        faults = tuple(Fault(key, each.reason, each.message, each.change) for each in unplaced)
        found = [each for each in listed.nodes or () if each is not None]
        cursor = following(listed.page_info, after)
        if cursor and found and seconds(found[-1].updated_at) >= since:
            then = (*then, self.latest({key: since}, queries.PAGE, cursor, only_open=only_open))
        return Page(told=told, then=then, faults=faults, unknown=unknown)

    # Counts, and how everything is asked

    def counts(self, searches: Sequence[str]) -> list[Request]:
        """How much each search finds, twenty-five searches a query."""
        return [self._counts(pack) for pack in packs(searches, COUNTS)]

    def _counts(self, pack: Sequence[str]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            whole(errors)
            raws = members(data, "c", len(pack))
            found = {pack[number]: msgspec.json.decode(raw, type=_Count).issue_count for number, raw in raws}
            return Page(counts=found, budget=aliased_budget(data))

        variables = {f"q{number}": search for number, search in enumerate(pack)}
        return self.ask(
            "counts",
            queries.counts(len(pack)),
            variables,
            read,
            lambda: tuple(self._counts(half) for half in halves(pack)),
        )

    def _invisible(self, key: str, error: GraphqlError | None, otherwise: str) -> Fault:
        """Why a repository's could not be listed: it may not be seen, or only its list may not."""
        if error is not None and error.type in FORBIDDEN and len(error.path) > len(("nodes", 0)):
            return Fault(key, Refused.reason, f"{error.message}; {self.sort.needs}")
        return Fault(key, otherwise, error.message if error else "the repository is not visible")

    def ask(
        self,
        kind: str,
        document: str,
        variables: Mapping[str, Any],
        read: Any,
        smaller: Any = None,
        about: tuple[str, ...] = (),
        changes: tuple[str, ...] = (),
    ) -> Request:
        """A GraphQL question."""
        body = {"query": document, "variables": variables}
        return Request(
            kind=kind, path=self.path, body=body, read=read, smaller=smaller, repositories=about, changes=changes
        )


class _Count(Struct, rename="camel"):
    issue_count: int


def _tell(reading: Reading, told: list[Told], faults: list[Fault], unknown: list[str]) -> None:
    """Add the facts of one; one that cannot be told is a fault of its own and spoils no other."""
    try:
        told.append(reading.told())
    except Garbled as error:
        faults.append(Fault(reading.repository, error.reason, str(error), reading.key))
    unknown.extend(reading.unknown)
