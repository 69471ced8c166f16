"""A pull request as GraphQL tells it, read into facts.

A change's facts are stated only once its whole timeline was read, because two of them look ahead: whether it was opened
as a draft shows in its first draft event, and what a dismissed review had said shows in the dismissal.
"""

from collections.abc import Iterator

from msgspec import Struct

from exporter.errors import Garbled
from exporter.markers import marker_lines, trailer_lines
from exporter.model import (
    BaseChanged,
    ChangeEvent,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    FilesChanged,
    Linked,
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
from exporter.providers.answers import seconds
from exporter.providers.github.nodes import (
    TEAM,
    Account,
    GitActor,
    Item,
    MergeCommit,
    Node,
    PageInfo,
    Reading,
    actor,
    labelled,
)
from exporter.references import KEYS, linked, linked_by_key, linked_by_name, referred, referred_by_branch

VERDICTS = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "COMMENTED": Verdict.COMMENTED,
}
UNSUBMITTED = "PENDING"
DISMISSED = "DISMISSED"
RENAMED = "RenamedTitleEvent"


class PullRequest(Node, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#pullrequest."""

    closed_at: str | None = None
    merged_at: str | None = None
    is_draft: bool = False
    title: str = ""
    head_ref_name: str = ""
    base_ref_name: str = ""
    author: Account | None = None
    merge_commit: MergeCommit | None = None


class ChangeReading(Reading):
    """Reads one pull request; ``keys`` is the regular expression of a tracker's keys."""

    node: PullRequest

    def __init__(self, node: PullRequest, keys: str = KEYS) -> None:
        super().__init__(node)
        self.keys = keys

    def told(self) -> Told:
        """All facts of the pull request.

        Raises:
            Garbled: a time is not a time.
        """
        pull = self.node
        opened = seconds(pull.created_at)
        events: list[ChangeEvent] = [
            Opened(
                "opened", opened, actor(pull.author), self._opened_as_draft(), pull.head_ref_name, pull.base_ref_name
            )
        ]
        edited = seconds(pull.last_edited_at) if pull.last_edited_at else opened
        described = Described(f"body@{edited}", max(edited, opened), marker_lines(pull.body or ""))
        events.append(described)
        events += referred_by_branch(pull.head_ref_name, opened)
        for said in (referred, linked):
            events += said(pull.body or "", self.home, described.id, described.at, pull.number)
        events += self._by_key(pull, described)
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
            if isinstance(event, Committed) and item.commit is not None:
                for said in (referred, linked):
                    events += said(item.commit.message_body, self.home, event.id, event.at, pull.number)
                events += linked_by_key(item.commit.message_body, event.id, event.at, self.keys)
        return Told(Subject(self.repository, pull.id, pull.number), tuple(events))

    def _by_key(self, pull: PullRequest, described: Described) -> Iterator[Linked]:
        """The issues of a tracker that branch, titles and description name; a first title shows in its first change."""
        opened = seconds(pull.created_at)
        titles = [(item.previous_title, item.current_title, item) for item in self.items if item.typename == RENAMED]
        yield from linked_by_name(pull.head_ref_name, "branch", opened, self.keys, any_case=True)
        yield from linked_by_name(titles[0][0] if titles else pull.title, "title", opened, self.keys)
        for _, title, item in titles:
            yield from linked_by_name(title, item.id, seconds(item.created_at), self.keys)
        yield from linked_by_key(pull.body or "", described.id, described.at, self.keys)

    def _opened_as_draft(self) -> bool:
        turns = [
            item.typename for item in self.items if item.typename in ("ReadyForReviewEvent", "ConvertToDraftEvent")
        ]
        return turns[0] == "ReadyForReviewEvent" if turns else self.node.is_draft

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
            case "LabeledEvent" | "UnlabeledEvent":
                return labelled(item)
            case "BaseRefChangedEvent":
                return BaseChanged(item.id, seconds(item.created_at), item.current_ref_name)
        simple = SIMPLE.get(item.typename)
        if simple is not None:
            return simple(item.id, seconds(item.created_at))
        if item.typename not in ("MergedEvent", RENAMED):  # told with the pull request itself
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
