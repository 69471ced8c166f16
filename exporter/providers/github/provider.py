"""The questions asked of GitHub and how their answers are read; pure: it says what to ask, the runtime asks."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from exporter.errors import NotFound, Partial, Refused
from exporter.model import Repository, Subject, Told
from exporter.providers.base import Budget, Fault, Page, Request, Response
from exporter.providers.github import queries
from exporter.providers.github.answers import NEEDS, NOT_FOUND, GraphqlError, graphql, members
from exporter.providers.github.changes import ChangeReading, File, Files, PullRequest, files_changed
from exporter.providers.github.listing import FOLLOW_UPS, Listing, Sort
from exporter.providers.github.nodes import PageInfo, following
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
from exporter.references import KEYS

CHANGES = Sort(
    what="pr",
    kinds={"search": "changes", "timelines": "timelines", "pulse": "pulse", "latest": "latest"},
    search=queries.SEARCH,
    pulse=queries.PULSE,
    latest=queries.LATEST,
    timelines=queries.timelines,
    node=PullRequest,
    reading=ChangeReading,
    needs=NEEDS,
)


class Unread(NamedTuple):
    """A merged change whose files are wanted; ``repository`` and ``key`` are node ids, ``merged`` Unix seconds."""

    repository: str
    key: str
    number: int
    merged: int


class _Node(Struct, rename="camel"):
    id: str = ""
    files: Files | None = None


class _Nodes(Answer, rename="camel"):
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


class _Owner(Answer, rename="camel"):
    repository_owner: _OwnerNode | None = None


class _Named(Struct, rename="camel"):
    id: str = ""
    name_with_owner: str = ""


class _Resource(Answer, rename="camel"):
    resource: PullRequest | None = None


class GitHub(Listing):
    """Asks github.com or a GitHub Enterprise Server over GraphQL.

    ``comments``: also read plain conversation comments. ``topics``: also read repositories' topics (one point more per
    page). ``keys``: the regular expression of a tracker's keys. ``graphql_path`` is relative to the source's root.
    """

    def __init__(self, graphql_path: str, *, comments: bool = False, topics: bool = False, keys: str = KEYS) -> None:
        types = (*queries.TIMELINE_TYPES, *((queries.COMMENT_TYPE,) if comments else ()))
        super().__init__(graphql_path, CHANGES._replace(reading=partial(ChangeReading, keys=keys)), types)
        self.topics = topics

    # Repositories

    def owner(self, login: str, after: str | None = None, first: int = queries.PAGE) -> Request:
        """All repositories of an organisation or user, a page at a time."""

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Owner)
            if data.repository_owner is None and not errors:
                raise NotFound(f"no such organisation or user: {login}, or the credential may not see it")
            whole(errors)
            if data.repository_owner is None:
                raise Partial(f"nothing was said about {login}")
            page = data.repository_owner.repositories
            cursor = following(page.page_info, after)
            then = (self.owner(login, cursor, first),) if cursor else ()
            found = tuple(_repository(each) for each in page.nodes or () if each is not None)
            return Page(repositories=found, then=then, budget=budget(data))

        variables = {"login": login, "first": first, "after": after, "topics": self.topics}
        return self.ask(
            "repositories",
            queries.OWNER,
            variables,
            read,
            lambda: halved(first, lambda n: self.owner(login, after, n)),
        )

    def named(self, names: Sequence[str]) -> list[Request]:
        """Single repositories by owner/name; one that does not exist is a fault under its name."""
        return [self._named(names[start : start + queries.PAGE]) for start in range(0, len(names), queries.PAGE)]

    def _named(self, names: Sequence[str]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, dict[str, msgspec.Raw])
            kinds = {alias: error.type for alias, error in by_alias(errors).items()}
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
            return Page(repositories=tuple(found), faults=tuple(faults), budget=aliased_budget(data))

        variables: dict[str, Any] = {"topics": self.topics}
        for number, name in enumerate(names):
            variables[f"owner{number}"], _, variables[f"name{number}"] = name.partition("/")
        smaller = lambda: tuple(self._named(half) for half in halves(names))  # noqa: E731 - as everywhere here
        return self.ask("repositories", queries.named(len(names)), variables, read, smaller)

    # Files, one change

    def files(self, changes: Sequence[Unread]) -> list[Request]:
        """The files of merged changes, a hundred changes a query."""
        return [self._files(pack) for pack in packs(changes, queries.PAGE)]

    def _files(self, pack: Sequence[Unread]) -> Request:
        def read(response: Response) -> Page:
            data, errors = graphql(response, _Nodes)
            return self._files_page(
                [(change, node, [], None) for change, node in zip(pack, data.nodes, strict=True)],
                spoilt_members(errors, ("nodes",)),
                {error.path[1] for error in errors if len(error.path) == 2 and error.type == NOT_FOUND},
                budget(data),
            )

        return self.ask(
            "files",
            queries.FILES,
            {"ids": [change.key for change in pack]},
            read,
            lambda: tuple(self._files(half) for half in halves(pack)),
            tuple(sorted({change.repository for change in pack})),
            tuple(change.key for change in pack),
        )

    def _files_page(
        self,
        answers: Sequence[tuple[Unread, _Node | None, list[File], str | None]],
        spoilt: Mapping[int, GraphqlError],
        missing: set[str | int],
        budget: Budget | None,
    ) -> Page:
        told, gone, faults, further = [], [], [], []
        for number, (change, node, before, after) in enumerate(answers):
            subject = Subject(change.repository, change.key, change.number)
            if number in missing or (number not in spoilt and (node is None or node.files is None)):
                gone.append(subject)
            elif number in spoilt or node is None or node.files is None:
                message = spoilt[number].message if number in spoilt else "files could not be read"
                faults.append(Fault(change.repository, Partial.reason, message, change.key))
            else:
                files = [*before, *(file for file in node.files.nodes or () if file is not None)]
                cursor = following(node.files.page_info, after)
                if cursor:
                    further.append((change, files, cursor))
                else:
                    told.append(Told(subject, (files_changed(change.merged, files),)))
        then = tuple(self._more_files(pack) for pack in packs(further, FOLLOW_UPS))
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
            reasons = by_alias(errors)
            spoilt = {
                number: reasons[f"n{number}"]
                for number in range(len(pack))
                if f"n{number}" in reasons and reasons[f"n{number}"].type != NOT_FOUND
            }
            return self._files_page(answers, spoilt, set(), aliased_budget(data))

        variables = {
            name: value
            for number, (change, _, cursor) in enumerate(pack)
            for name, value in ((f"id{number}", change.key), (f"after{number}", cursor))
        }
        return self.ask(
            "files",
            queries.more_files(len(pack)),
            variables,
            read,
            lambda: tuple(self._more_files(half) for half in halves(pack)),
            tuple(sorted({change.repository for change, _, _ in pack})),
            tuple(change.key for change, _, _ in pack),
        )

    def change(self, url: str) -> Request:
        """One pull request by its web address."""

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Resource)
            if data.resource is None or not data.resource.id:
                raise NotFound(f"no pull request at {url}, or the credential may not see it")
            told, then, faults, unknown = self.read([data.resource], errors, ())
            return Page(told=told, then=then, faults=faults, unknown=unknown, budget=budget(data))

        return self.ask("change", queries.RESOURCE, {"url": url, "types": self.types}, read)


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
