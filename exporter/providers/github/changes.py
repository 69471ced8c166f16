"""A pull request as GraphQL tells it, read into facts.

A change's facts are stated only once its whole timeline was read, because two of them look ahead: whether it was opened
as a draft shows in its first draft event, and what a dismissed review had said shows in the dismissal.
"""

from msgspec import Struct, field

from exporter.errors import Garbled
from exporter.markers import marker_lines, trailer_lines
from exporter.model import (
    Actor,
    BaseChanged,
    ChangeEvent,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    FilesChanged,
    Merged,
    Opened,
    Pushed,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Subject,
    Told,
    Verdict,
)
from exporter.providers.github.answers import seconds

VERDICTS = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "COMMENTED": Verdict.COMMENTED,
}
UNSUBMITTED = "PENDING"
DISMISSED = "DISMISSED"
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


class Item(Struct, rename="camel"):
    """Any member of PullRequestTimelineItems; a kind fills the fields it has."""

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


class Timeline(Struct, rename="camel"):
    """One page of a change's timeline."""

    page_info: PageInfo
    nodes: list[Item | None] | None = None


class MergeCommit(Struct):
    """The commit a merge made."""

    oid: str = ""


class PullRequest(Struct, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#pullrequest."""

    typename: str = field(name="__typename", default="")
    id: str = ""
    number: int = 0
    created_at: str = ""
    updated_at: str = ""
    closed_at: str | None = None
    merged_at: str | None = None
    is_draft: bool = False
    last_edited_at: str | None = None
    body: str | None = ""
    head_ref_name: str = ""
    base_ref_name: str = ""
    author: Account | None = None
    merge_commit: MergeCommit | None = None
    repository: Reference | None = None
    timeline_items: Timeline | None = None


def actor(account: Account | None) -> Actor:
    """An account in our words: lower case, a Bot always with its ``[bot]``, a deleted one with an empty login."""
    if account is None or not account.login:
        return Actor("")
    login, bot = account.login.lower(), account.typename == "Bot"
    return Actor(login if not bot or login.endswith("[bot]") else f"{login}[bot]", bot)


class Reading:
    """Collects one pull request's timeline pages and then states its facts."""

    def __init__(self, pull: PullRequest) -> None:
        self.pull = pull
        self.items: list[Item] = []
        self.unknown: list[str] = []

    @property
    def key(self) -> str:
        """The pull request's node id."""
        return self.pull.id

    @property
    def repository(self) -> str:
        """The node id of its repository."""
        return self.pull.repository.id if self.pull.repository else ""

    def take(self, page: Timeline, after: str | None = None) -> str | None:
        """Keep the page after a cursor; the cursor of the next one, or None after the last.

        Raises:
            Garbled: there is a next one and no way to it.
        """
        self.items.extend(item for item in page.nodes or () if item is not None)
        return following(page.page_info, after)

    def told(self) -> Told:
        """All facts of the pull request.

        Raises:
            Garbled: a time is not a time.
        """
        pull = self.pull
        opened = seconds(pull.created_at)
        events: list[ChangeEvent] = [
            Opened(
                "opened", opened, actor(pull.author), self._opened_as_draft(), pull.head_ref_name, pull.base_ref_name
            )
        ]
        edited = seconds(pull.last_edited_at) if pull.last_edited_at else opened
        events.append(Described(f"body@{edited}", max(edited, opened), marker_lines(pull.body or "")))
        if pull.merged_at:
            events.append(Merged("merged", seconds(pull.merged_at), pull.merge_commit.oid if pull.merge_commit else ""))
        before_dismissal = {
            item.review.id: item.previous_review_state
            for item in self.items
            if item.review and item.previous_review_state
        }
        for item in self.items:
            event = self._event(item, opened, before_dismissal)
            if event is not None:
                events.append(event)
        return Told(Subject(self.repository, pull.id, pull.number), tuple(events))

    def _opened_as_draft(self) -> bool:
        turns = [
            item.typename for item in self.items if item.typename in ("ReadyForReviewEvent", "ConvertToDraftEvent")
        ]
        return turns[0] == "ReadyForReviewEvent" if turns else self.pull.is_draft

    def _event(self, item: Item, opened: int, before_dismissal: dict[str, str]) -> ChangeEvent | None:
        match item.typename:
            case "PullRequestCommit":
                return self._committed(item, opened)
            case "PullRequestReview":
                return self._reviewed(item, before_dismissal)
            case "ReviewRequestedEvent":
                asked = item.requested_reviewer
                name = TEAM if asked and asked.typename == TEAM else actor(asked).login
                return ReviewRequested(item.id, seconds(item.created_at), name)
            case "ReviewDismissedEvent":
                return Dismissed(item.id, seconds(item.created_at), item.review.id if item.review else "")
            case "IssueComment":
                return Commented(item.id, seconds(item.created_at), actor(item.author))
            case "BaseRefChangedEvent":
                return BaseChanged(item.id, seconds(item.created_at), item.current_ref_name)
        simple = SIMPLE.get(item.typename)
        if simple is not None:
            return simple(item.id, seconds(item.created_at))
        if item.typename != "MergedEvent":  # the pull request's own mergedAt says it
            self.unknown.append("timeline_item")
        return None

    def _reviewed(self, item: Item, before_dismissal: dict[str, str]) -> Reviewed | None:
        if item.state == UNSUBMITTED or not item.submitted_at:
            return None
        said = before_dismissal.get(item.id, "COMMENTED") if item.state == DISMISSED else item.state
        if said not in VERDICTS:
            self.unknown.append("review_state")
        return Reviewed(item.id, seconds(item.submitted_at), actor(item.author), VERDICTS.get(said, Verdict.COMMENTED))

    def _committed(self, item: Item, opened: int) -> Committed | None:
        commit = item.commit
        if commit is None:
            return None
        author, committer = commit.author or GitActor(), commit.committer or GitActor()
        return Committed(
            id=f"commit:{commit.oid}",
            at=max(self._git_date(commit.committed_date, opened), opened),
            sha=commit.oid,
            authored=self._git_date(commit.authored_date, opened),
            names=(author.name or "", committer.name or ""),
            emails=((author.email or "").lower(), (committer.email or "").lower()),
            login=(author.user.login if author.user else "").lower(),
            trailers=trailer_lines(commit.message_body),
        )

    def _git_date(self, text: str, opened: int) -> int:
        """A date that whoever made the commit chose; one that no calendar has must not stop the reading."""
        try:
            return seconds(text)
        except Garbled:
            self.unknown.append("commit_date")
            return opened


SIMPLE: dict[str, type[Ready] | type[Drafted] | type[Pushed] | type[Closed] | type[Reopened]] = {
    "ReadyForReviewEvent": Ready,
    "ConvertToDraftEvent": Drafted,
    "HeadRefForcePushedEvent": Pushed,
    "ClosedEvent": Closed,
    "ReopenedEvent": Reopened,
}


class File(Struct):
    """https://docs.github.com/graphql/reference/objects#pullrequestchangedfile."""

    path: str
    additions: int
    deletions: int


class Files(Struct, rename="camel"):
    """One page of a change's files."""

    page_info: PageInfo
    nodes: list[File | None] | None = None


def files_changed(merged: int, files: list[File]) -> FilesChanged:
    """The one fact about a merged change's files."""
    rows = sorted((file.path, file.additions, file.deletions) for file in files)
    return FilesChanged("files", merged, tuple(rows))
