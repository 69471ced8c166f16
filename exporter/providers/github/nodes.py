"""What changes and issues have in common in GraphQL: accounts, pages, and timelines that are read to their end."""

from copy import copy
from typing import Self

from msgspec import Struct, field

from exporter.errors import Garbled
from exporter.model import Actor, Labelled, Told
from exporter.providers.answers import seconds

TEAM = "Team"
"""Stands for every requested team; no account is called so, since logins are kept in lower case."""


class PageInfo(Struct, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#pageinfo."""

    has_next_page: bool = False
    end_cursor: str | None = None


def following(info: PageInfo, after: str | None) -> str | None:
    """The cursor that leads on from the page after ``after``, or None from the last page.

    Raises:
        Garbled: there is a next page and no way to it; going on would end too early, or never.
    """
    if not info.has_next_page:
        return None
    if not info.end_cursor or info.end_cursor == after:
        raise Garbled("a page says that another follows, and does not say where")
    return info.end_cursor


class Account(Struct, rename="camel"):
    """An Actor or requested reviewer; a team comes without a login."""

    typename: str = field(name="__typename", default="")
    login: str = ""


class GitUser(Struct):
    """The account a commit's e-mail address belongs to."""

    login: str = ""


class GitActor(Struct):
    """https://docs.github.com/graphql/reference/objects#gitactor."""

    name: str | None = None
    email: str | None = None
    user: GitUser | None = None


class Commit(Struct, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#commit."""

    oid: str
    authored_date: str
    committed_date: str
    message_body: str = ""
    author: GitActor | None = None
    committer: GitActor | None = None


class Reference(Struct):
    """Something known by its id."""

    id: str


class Home(Struct, rename="camel"):
    """The repository of a change or issue."""

    id: str
    name_with_owner: str = ""


class Label(Struct):
    """https://docs.github.com/graphql/reference/objects#label."""

    name: str = ""


class MergeCommit(Struct):
    """The commit a merge made."""

    oid: str = ""


class Closer(Struct, rename="camel"):
    """What closed an issue: a pull request with its number and merge commit, or a commit with its own name."""

    number: int = 0
    repository: Reference | None = None
    merge_commit: MergeCommit | None = None
    oid: str = ""


class Item(Struct, rename="camel"):
    """Any member of PullRequestTimelineItems or IssueTimelineItems; a kind fills the fields it has."""

    typename: str = field(name="__typename", default="")
    id: str = ""
    created_at: str = ""
    submitted_at: str | None = None
    state: str = ""
    author: Account | None = None
    commit: Commit | None = None
    requested_reviewer: Account | None = None
    previous_review_state: str = ""
    review: Reference | None = None
    current_ref_name: str = ""
    previous_title: str = ""
    current_title: str = ""
    label: Label | None = None
    state_reason: str | None = None
    closer: Closer | None = None


class Timeline(Struct, rename="camel"):
    """One page of a timeline."""

    page_info: PageInfo
    nodes: list[Item | None] | None = None


class Node(Struct, rename="camel"):
    """What a pull request and an issue both have."""

    id: str = ""
    number: int = 0
    created_at: str = ""
    updated_at: str = ""
    last_edited_at: str | None = None
    body: str | None = ""
    repository: Home | None = None
    timeline_items: Timeline | None = None


def labelled(item: Item) -> Labelled | None:
    """A label that was put on or taken off, in lower case; None for one without a name."""
    name = item.label.name.strip().lower() if item.label else ""
    return Labelled(item.id, seconds(item.created_at), name, item.typename == "LabeledEvent") if name else None


def actor(account: Account | None) -> Actor:
    """An account in our words: lower case, a Bot always with its ``[bot]``, a deleted one with an empty login."""
    if account is None or not account.login:
        return Actor("")
    login, bot = account.login.lower(), account.typename == "Bot"
    return Actor(login if not bot or login.endswith("[bot]") else f"{login}[bot]", bot)


class Reading:
    """Collects one subject's timeline pages; a subclass then states its facts."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.items: list[Item] = []
        self.unknown: list[str] = []

    @property
    def key(self) -> str:
        """The node id."""
        return self.node.id

    @property
    def repository(self) -> str:
        """The node id of its repository."""
        return self.node.repository.id if self.node.repository else ""

    @property
    def home(self) -> str:
        """The owner/name of its repository."""
        return self.node.repository.name_with_owner if self.node.repository else ""

    def copy(self) -> Self:
        """The same, to be read on without a trace in this one: a question may have to be asked again."""
        other = copy(self)
        other.items, other.unknown = list(self.items), []
        return other

    def take(self, page: Timeline, after: str | None = None) -> str | None:
        """Keep the page after a cursor; the cursor of the next one, or None after the last.

        Raises:
            Garbled: there is a next one and no way to it.
        """
        self.items.extend(item for item in page.nodes or () if item is not None)
        return following(page.page_info, after)

    def told(self) -> Told:
        """All its facts.

        Raises:
            Garbled: a time is not a time.
        """
        raise NotImplementedError
