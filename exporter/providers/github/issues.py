"""An issue as GraphQL tells it, read into facts; who opened, closed or labelled it is not even asked for."""

from exporter.markers import marker_lines
from exporter.model import (
    IssueClosed,
    IssueDescribed,
    IssueEvent,
    IssueOpened,
    IssueReopened,
    Naming,
    Referred,
    Subject,
    Thing,
    Told,
)
from exporter.providers.github import queries
from exporter.providers.github.answers import seconds
from exporter.providers.github.listing import Listing, Sort
from exporter.providers.github.nodes import Item, Node, Reading, labelled
from exporter.references import referred

COMPLETED = "COMPLETED"
REASONS = frozenset({COMPLETED, "NOT_PLANNED", "DUPLICATE", "REOPENED"})


class Issue(Node, rename="camel"):
    """https://docs.github.com/graphql/reference/objects#issue."""


class IssueReading(Reading):
    """Reads one issue. One that was transferred is another issue in another repository, and begins there anew."""

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
        return Told(Subject(self.repository, issue.id, issue.number, Thing.ISSUE), tuple(events))

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
        """Closings of old say no reason and count as done; a change of another repository has another's number."""
        reason, closer = item.state_reason or COMPLETED, item.closer
        if reason not in REASONS:
            self.unknown.append("issue_state_reason")
        ours = closer is not None and closer.repository is not None and closer.repository.id == self.repository
        by = closer.number if closer is not None and ours else 0
        return IssueClosed(item.id, seconds(item.created_at), reason == COMPLETED, by)


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


def issues(graphql_path: str) -> Listing:
    """What asks GitHub for issues; pull requests are none."""
    return Listing(graphql_path, ISSUES, queries.ISSUE_TYPES)
