"""What GitHub knows: accounts, repositories, pull requests and the items of their timelines, as plain records.

Times are whole seconds since the Unix epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.double.graph import Graph

COPILOT = "copilot-swe-agent"
"""The login GraphQL gives the account that REST calls Copilot."""

OPEN, CLOSED, MERGED = "open", "closed", "merged"


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who acts. ``kind`` is the GraphQL type; a bot's login has no ``[bot]`` suffix there."""

    login: str
    kind: str = "User"


@dataclass(frozen=True, slots=True)
class Team:
    """A team that may be asked to review, by its slug ``organisation/team``."""

    slug: str


@cache
def account(login: str | None) -> Account | None:
    """The account GraphQL answers for a login as REST writes it; none for a deleted one (``ghost``)."""
    if not login or login == "ghost":
        return None
    plain = login.removesuffix("[bot]")
    if plain in ("Copilot", COPILOT):
        return Account(COPILOT, "Bot")
    return Account(plain, "Bot" if plain != login else "User")


@dataclass(slots=True)
class Commit:
    """A commit of a head branch. ``names`` and ``emails`` are author's and committer's, ``login`` is the author's."""

    sha: str
    message: str
    authored: int
    committed: int
    names: tuple[str, str]
    emails: tuple[str, str]
    login: str | None = None

    @property
    def body(self) -> str:
        """The message below its first line."""
        return self.message.partition("\n")[2].strip("\n")


@dataclass(slots=True, eq=False)
class Item:
    """One node of a timeline. ``kind`` is its GraphQL type; ``more`` what only this kind carries.

    ``more`` is the Commit of a PullRequestCommit, the state of a PullRequestReview, who a ReviewRequestedEvent asks,
    the review's Item (or None) of a ReviewDismissedEvent, the branch of a BaseRefChangedEvent, the old and
    the new title of a RenamedTitleEvent; the label of a
    LabeledEvent or UnlabeledEvent, reason and closer of an issue's ClosedEvent.
    """

    kind: str
    id: str
    at: int
    actor: Account | None = None
    more: Any = None
    before: str | None = None
    """The state a review had before it was dismissed."""


@dataclass(slots=True, eq=False)
class Repository:
    """A repository. ``private`` ones are seen by tokens of their owner, ``hidden`` ones by nobody."""

    id: str
    name: str
    owner_kind: str = "Organization"
    default_branch: str | None = "main"
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()
    private: bool = False
    hidden: bool = False
    deleted: bool = False
    pushed: int | None = None
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)
    deployments: list[Deployment] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]


@dataclass(slots=True, eq=False)
class Deployment:
    """A deployment of a commit to an environment; ``statuses`` are (state, at), as they were given."""

    id: str
    repository: Repository
    environment: str
    sha: str
    created: int
    statuses: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Release:
    """A release; a draft has no date of publishing."""

    id: str
    name: str
    sha: str | None
    created: int
    published: int | None
    prerelease: bool = False


@dataclass(slots=True, eq=False)
class Tag:
    """A tag of a commit; ``tagged`` only with a message."""

    id: str
    name: str
    sha: str
    tagged: int | None = None


@dataclass(slots=True, eq=False)
class PullRequest:
    """A pull request. ``files`` are (path, added, deleted), None where GitHub cannot tell.

    ``indexed`` is what search knows of it, which may lag: (updated, state, draft), None before it is known at all.
    """

    id: str
    number: int
    repository: Repository
    author: Account | None
    created: int
    updated: int
    body: str = ""
    closed: int | None = None
    merged: int | None = None
    draft: bool = False
    edited: int | None = None
    head: str = "topic"
    base: str = "main"
    title: str = "Work"
    merge_sha: str | None = None
    files: list[tuple[str, int, int]] | None = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    indexed: tuple[int, str, bool] | None = None

    @property
    def state(self) -> str:
        """``open``, ``closed`` or ``merged``."""
        return MERGED if self.merged is not None else OPEN if self.closed is None else CLOSED

    def reviews(self) -> list[Item]:
        """The reviews so far, oldest first."""
        return [item for item in self.items if item.kind == "PullRequestReview"]


@dataclass(slots=True, eq=False)
class Issue:
    """An issue. ``indexed`` as of a PullRequest."""

    id: str
    number: int
    repository: Repository
    author: Account | None
    created: int
    updated: int
    body: str = ""
    closed: int | None = None
    edited: int | None = None
    items: list[Item] = field(default_factory=list)
    indexed: tuple[int, str, bool] | None = None
    draft = False

    @property
    def state(self) -> str:
        """``open`` or ``closed``."""
        return OPEN if self.closed is None else CLOSED
