"""An issue as GraphQL tells it, read into facts; who opened, closed or labelled it is not even asked for."""

from collections.abc import Iterable
from functools import partial

from exporter.markers import marker_lines
from exporter.model import (
    IssueClosed,
    IssueDescribed,
    IssueEvent,
    IssueOpened,
    IssueReopened,
    Labelled,
    Naming,
    Noted,
    Referred,
    Subject,
    Thing,
    Told,
)
from exporter.providers.answers import seconds
from exporter.providers.github import queries
from exporter.providers.github.listing import Listing, Sort
from exporter.providers.github.nodes import Item, Node, Reading, labelled
from exporter.references import referred
from exporter.retro import NO_NOTES, RetroRules

COMPLETED = "COMPLETED"
REASONS = frozenset({COMPLETED, "NOT_PLANNED", "DUPLICATE", "REOPENED"})


class Issue(Node, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#issue."""


class IssueReading(Reading):
    """Reads one issue. One that was transferred is another issue in another repository, and begins there anew.

    ``retro`` says which issues are retrospective notes, and what those name.
    """

    def __init__(self, node: Node, retro: RetroRules = NO_NOTES) -> None:
        super().__init__(node)
        self.retro = retro

    def told(self) -> Told:
        """All facts of the issue.

        Raises:
            Garbled: a time is not a time.
        """
        issue = self.node
        opened = seconds(issue.created_at)
        edited = seconds(issue.last_edited_at) if issue.last_edited_at else opened
        described = IssueDescribed(f"body@{edited}", max(edited, opened), marker_lines(issue.body or ""))
        # An issue takes nothing back: what it says of a revert is not its own doing.
        named = referred(issue.body or "", self.home, described.id, described.at, issue.number)
        events: list[IssueEvent | Referred] = [
            IssueOpened("opened", opened, number=issue.number),
            described,
            *(each for each in named if each.naming is Naming.FIX),
            *(event for item in self.items if (event := self._event(item)) is not None),
        ]
        events += self._noted(issue.body or "", edited, events)
        return Told(Subject(self.repository, issue.id, issue.number, Thing.ISSUE), tuple(events))

    def _noted(self, text: str, edited: int, events: Iterable[object]) -> list[IssueEvent]:
        """What the text names, where the issue ever had the label of a note; from then on it is one."""
        labels = (each for each in events if isinstance(each, Labelled) and each.on)
        since = min((each.at for each in labels if self.retro.is_note(each.label)), default=None)
        return [] if since is None else [Noted(f"noted@{edited}", max(edited, since), self.retro.named(text))]

    def _event(self, item: Item) -> IssueEvent | None:
        match item.typename:
            case "LabeledEvent" | "UnlabeledEvent":
                return labelled(item)
            case "ClosedEvent":
                return self._closed(item)
            case "ReopenedEvent":
                return IssueReopened(item.id, seconds(item.created_at))
        self.unknown.append("timeline_item")
        return None

    def _closed(self, item: Item) -> IssueClosed:
        """Closings of old say no reason and count as done; a change of another repository has another's number.

        A commit names itself in every repository that has it.
        """
        reason, closer = item.state_reason or COMPLETED, item.closer
        if reason not in REASONS:
            self.unknown.append("issue_state_reason")
        ours = closer is not None and closer.repository is not None and closer.repository.id == self.repository
        by = closer.number if closer is not None and ours else 0
        merged = closer.merge_commit if closer is not None and ours else None
        commit = merged.oid if merged is not None else closer.oid if closer is not None else ""
        return IssueClosed(item.id, seconds(item.created_at), reason == COMPLETED, by, commit)


ISSUES = Sort(
    what="issue",
    kinds={"search": "issues", "timelines": "issues", "pulse": "issues", "latest": "issues"},
    search=queries.ISSUES_SEARCH,
    pulse=queries.ISSUES_PULSE,
    latest=queries.ISSUES_LATEST,
    timelines=queries.issue_timelines,
    node=Issue,
    reading=IssueReading,
    needs="the credential needs read access to issues",
)


def issues(graphql_path: str, retro: RetroRules = NO_NOTES) -> Listing:
    """What asks GitHub for issues; pull requests are none. ``retro``: which are notes, and what those name."""
    sort = ISSUES._replace(reading=partial(IssueReading, retro=retro))
    return Listing(graphql_path, sort, queries.ISSUE_TYPES)
