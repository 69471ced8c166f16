"""Issues and incidents: lists of whole groups, and of those that were touched since, what happened to them when.

Sources: https://docs.gitlab.com/api/issues/, https://docs.gitlab.com/api/resource_label_events/ and
https://docs.gitlab.com/api/resource_state_events/
"""

from collections.abc import Callable, Sequence

from msgspec import Struct, field

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
    Stream,
    Subject,
    Thing,
    Told,
)
from exporter.providers.answers import seconds, stamp
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.gitlab.answers import PAGE, StateEvent, another, decode, escaped
from exporter.providers.gitlab.options import Scopes
from exporter.providers.service import EVER
from exporter.references import referred
from exporter.retro import NO_NOTES, RetroRules

DAY = 86_400
PLAIN = "issue"
"""The type of most; it says no more than that it is one."""


class _References(Struct):
    full: str = ""


class _Links(Struct):
    closed_as_duplicate_of: str | None = None


class Issue(Struct):
    """https://docs.gitlab.com/api/issues/#list-group-issues."""

    id: int
    iid: int
    project_id: int
    created_at: str
    updated_at: str
    state: str = "opened"
    description: str | None = None
    closed_at: str | None = None
    labels: list[str] = field(default_factory=list)
    issue_type: str = PLAIN
    moved_to_id: int | None = None
    references: _References = field(default_factory=_References)
    links: _Links = field(name="_links", default_factory=_Links)

    @property
    def touched(self) -> bool:
        """Whether anything may have happened to it: labels that were taken off do not show, but in its last date."""
        return bool(self.labels) or self.updated_at != self.created_at


class _Label(Struct):
    name: str = ""


class LabelEvent(Struct):
    """https://docs.gitlab.com/api/resource_label_events/#list-project-issue-label-events."""

    id: int
    created_at: str
    action: str
    label: _Label | None = None


def told(
    issue: Issue,
    labels: Sequence[LabelEvent] = (),
    states: Sequence[StateEvent] = (),
    retro: RetroRules = NO_NOTES,
) -> Told:
    """The facts of an issue and of what happened to it, as far as that was asked; an incident is one by its type.

    ``retro`` says which issues are retrospective notes, and what those name.

    Raises:
        Garbled: a time is not a time.
    """
    opened, home = seconds(issue.created_at), issue.references.full.partition("#")[0]
    kind = "" if issue.issue_type == PLAIN else issue.issue_type.lower()
    events: list[IssueEvent | Referred] = [IssueOpened("opened", opened, kind, issue.iid)]
    described = IssueDescribed("body", opened, marker_lines(issue.description or ""))
    events.append(described)
    named = referred(issue.description or "", home, described.id, described.at)
    events += (each for each in named if each.naming is Naming.FIX)
    done = issue.links.closed_as_duplicate_of is None and issue.moved_to_id is None
    if issue.closed_at and issue.state == "closed" and not any(each.state == "closed" for each in states):
        closed = seconds(issue.closed_at)
        events.append(IssueClosed(f"closed@{closed}", closed, done))
    for each in states:
        at = seconds(each.created_at)
        if each.state == "closed":
            events.append(IssueClosed(f"state:{each.id}", at, done))
        elif each.state == "reopened":
            events.append(IssueReopened(f"state:{each.id}", at))
    put: list[Labelled] = []
    for label in labels:
        name = label.label.name.strip().lower() if label.label else ""
        if name:
            put.append(Labelled(f"label:{label.id}", seconds(label.created_at), name, label.action == "add"))
    events += put
    since = min((each.at for each in put if each.on and retro.is_note(each.label)), default=None)
    if since is not None:
        events.append(Noted("noted", max(opened, since), retro.named(issue.description or "")))
    return Told(Subject(str(issue.project_id), str(issue.id), issue.iid, Thing.ISSUE), tuple(events))


class Issues:
    """Asks for issues (``Questions``): a list for each group and each single project."""

    earlier = 30 * DAY
    """An issue opened as long before the ledger's start may be due a day after it (definitions 15)."""
    width = EVER

    def __init__(self, root: str, wanted: Scopes, retro: RetroRules = NO_NOTES) -> None:
        self.api = f"{root}/api/v4"
        self.retro = retro
        self._places = [
            *(f"groups/{escaped(each)}" for each in wanted.groups),
            *(f"projects/{escaped(each)}" for each in wanted.projects),
        ]

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """What was updated since then."""
        wanted = frozenset(home.key for home in homes)
        return [self._list(place, wanted, f"&updated_after={stamp(since)}", 1) for place in self._places]

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """The same; what was updated later is in it too."""
        return self.since(homes, lower)

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """What is open and was updated last before then."""
        wanted = frozenset(home.key for home in homes)
        filters = f"&state=opened&updated_before={stamp(until)}"
        return [self._list(place, wanted, filters, 1) for place in self._places]

    def _list(self, place: str, wanted: frozenset[str], filters: str, page: int) -> Request:
        """A page, the last updated first: what is updated meanwhile moves to the first one, and pushes nothing out."""

        def read(response: Response) -> Page:
            rows = decode(response, list[Issue], Stream.ISSUES)
            here = [each for each in rows if str(each.project_id) in wanted]
            bare = tuple(self._told(each) for each in here if not each.touched)
            then = [self._labels(each, [], 1) for each in here if each.touched]
            if another(response, rows):
                then.append(self._list(place, wanted, filters, page + 1))
            return Page(told=bare, then=tuple(then))

        path = f"{self.api}/{place}/issues?scope=all&order_by=updated_at&sort=desc&per_page={PAGE}&page={page}{filters}"
        return Request(kind="issues", method="GET", path=path, read=read, passing=True)

    def _told(self, issue: Issue, labels: Sequence[LabelEvent] = (), states: Sequence[StateEvent] = ()) -> Told:
        return told(issue, labels, states, self.retro)

    def _labels(self, issue: Issue, before: Sequence[LabelEvent], page: int) -> Request:
        """When labels were put on and taken off."""

        def read(response: Response) -> Page:
            rows = decode(response, list[LabelEvent], Stream.ISSUES)
            events = [*before, *rows]
            if another(response, rows):
                return Page(then=(self._labels(issue, events, page + 1),))
            return Page(then=(self._states(issue, events),))

        return self._about(issue, f"resource_label_events?per_page={PAGE}&page={page}", read)

    def _states(self, issue: Issue, labels: Sequence[LabelEvent]) -> Request:
        """When it was closed and opened again; the first hundred times."""

        def read(response: Response) -> Page:
            return Page(told=(self._told(issue, labels, decode(response, list[StateEvent], Stream.ISSUES)),))

        return self._about(issue, f"resource_state_events?per_page={PAGE}", read)

    def _about(self, issue: Issue, what: str, read: Callable[[Response], Page]) -> Request:
        path = f"{self.api}/projects/{issue.project_id}/issues/{issue.iid}/{what}"
        about = (str(issue.project_id),)
        return Request(kind="events", method="GET", path=path, read=read, repositories=about, passing=True)
