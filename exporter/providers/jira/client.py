"""How Jira is asked: one search for all projects, which carries issues with their changelogs.

Cloud: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ (``/search/jql``, by tokens)
Data Center: https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/#api/2/search (by places)

Times in searches are whole milliseconds since 1970, which JQL takes since Jira 4.0; dates as text would be minutes in
the time zone of the credential's user.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from exporter.errors import Garbled, Partial
from exporter.model import Stream, Told
from exporter.providers.answers import seconds
from exporter.providers.base import Fault, Home, Page, Request, Response
from exporter.providers.jira.answers import decode
from exporter.providers.jira.issues import KEPT, Entry, Issue, Reading
from exporter.providers.jira.options import Options, home_of
from exporter.providers.service import DAY, Client, Setup

PAGE = 100
"""Issues of a page; more are given only of bare ids."""
BULK = 1000
"""Issues whose changelogs one question may be about, and entries of a page of them."""
EARLIER = 30 * DAY
"""What was updated up to so long before the ledger's start may be due after it (definitions 112)."""
WIDTH = 90 * DAY
SLACK = 5
"""Seconds by which an entry may be dated after the update that it is."""
KIND = "issues"


class _Found(Struct, rename="camel"):
    issues: tuple[Issue, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    next_page_token: str | None = None
    is_last: bool | None = None
    start_at: int = 0
    total: int = 0


class _Log(Struct, rename="camel"):
    issue_id: str
    change_histories: tuple[Entry, ...] = ()


class _Logs(Struct, rename="camel"):
    issue_change_logs: tuple[_Log, ...] = ()
    next_page_token: str | None = None


class Span(NamedTuple):
    """A search: its condition without the time, and the milliseconds between which issues were last updated."""

    what: str
    lower: int
    upper: int | None = None

    @property
    def jql(self) -> str:
        """The search as Jira takes it, the longest unchanged first, so that what changes meanwhile comes last."""
        upper = "" if self.upper is None else f" AND updated <= {self.upper}"
        return f"{self.what} AND updated >= {self.lower}{upper} ORDER BY updated ASC, key ASC"


class Issues:
    """The questions about issues; ``page`` is how many a page has."""

    earlier = EARLIER
    width = WIDTH

    def __init__(self, root: str, options: Options, page: int = PAGE) -> None:
        self.options = options
        self.page = page
        self.cloud = options.deployment == "cloud"
        self.path = f"{root}/rest/api/3" if self.cloud else f"{root}/rest/api/2"
        asked = dict.fromkeys(rule.partition("=")[0].strip() for rule in options.found_in)
        self.fields = [*KEPT, *(each for each in asked if each not in KEPT)]

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """Everything that changed since then, in one search."""
        return self._asked(homes, "", since * 1000)

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """Everything that changed last in [lower, upper]."""
        return self._asked(homes, "", lower * 1000, upper * 1000 + 999)

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """What is still open and changed last before then."""
        return self._asked(homes, " AND statusCategory != Done", 0, until * 1000 - 1)

    def _asked(self, homes: Sequence[Home], more: str, lower: int, upper: int | None = None) -> Sequence[Request]:
        projects = sorted(key.upper() for key, globs in self.options.projects.items() if home_of(globs, homes))
        if not projects:
            return ()
        named = ", ".join(f'"{key}"' for key in projects)
        return (self._search(tuple(homes), Span(f"project in ({named}){more}", lower, upper), "", 0, self.page),)

    def _search(self, homes: tuple[Home, ...], span: Span, token: str, start: int, size: int) -> Request:
        body = {"jql": span.jql, "fields": self.fields, "maxResults": size}
        if self.cloud:
            body |= {"expand": "changelog,names"} | ({"nextPageToken": token} if token else {})
        else:
            body |= {"expand": ["changelog", "names"], "startAt": start}

        def read(response: Response) -> Page:
            found = decode(response, _Found)
            then = self._more(homes, span, token, start, size, found)
            return self._page(homes, found, [then] if then is not None else [])

        def smaller() -> tuple[Request, ...]:
            return (self._search(homes, span, token, start, size // 2),) if size > 1 and not token else ()

        path = self.path + ("/search/jql" if self.cloud else "/search")
        return Request(kind=KIND, path=path, body=body, read=read, smaller=smaller)

    def _more(
        self, homes: tuple[Home, ...], span: Span, token: str, start: int, size: int, found: _Found
    ) -> Request | None:
        """The next page. By places, what is updated meanwhile would move others past us: it goes on from the last date.

        Raises:
            Garbled: a page says that another follows, and does not say where.
        """
        if self.cloud:
            if not found.next_page_token:
                if found.is_last is False:
                    raise Garbled("a page says that another follows, and does not say where")
                return None
            if found.next_page_token == token:
                raise Garbled("a page leads to itself")
            return self._search(homes, span, found.next_page_token, 0, size)
        if not found.issues or found.start_at + len(found.issues) >= found.total:
            return None
        last = seconds(str(found.issues[-1].fields.get("updated"))) * 1000
        if last > span.lower:
            return self._search(homes, span._replace(lower=last), "", 0, size)
        return self._search(homes, span, "", start + len(found.issues), size)

    def _page(self, homes: tuple[Home, ...], found: _Found, then: list[Request]) -> Page:
        whole = [each for each in found.issues if each.changelog.whole]
        missing = [each for each in found.issues if not each.changelog.whole]
        told = _Telling(self.options, homes, found.names)
        for each in whole:
            told.tell(each, each.changelog.histories)
        if missing and self.cloud:
            then += [
                self._logs(homes, tuple(missing[begin : begin + BULK]), found.names, {}, "")
                for begin in range(0, len(missing), BULK)
            ]
        elif missing:
            told.faults += [
                _fault(each, "the history of an issue is longer than Jira tells in one answer", told)
                for each in missing
            ]
        return told.page(then)

    def _logs(
        self,
        homes: tuple[Home, ...],
        issues: tuple[Issue, ...],
        names: Mapping[str, str],
        known: Mapping[str, tuple[Entry, ...]],
        token: str,
    ) -> Request:
        """The whole changelogs of issues, oldest entries first; the issues are told with the last page.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ (Bulk fetch changelogs)
        """
        body = {"issueIdsOrKeys": [each.id for each in issues], "maxResults": BULK}
        body |= {"nextPageToken": token} if token else {}

        def read(response: Response) -> Page:
            logs = decode(response, _Logs)
            entries = dict(known)
            for log in logs.issue_change_logs:
                entries[log.issue_id] = (*entries.get(log.issue_id, ()), *log.change_histories)
            if logs.next_page_token:
                if logs.next_page_token == token:
                    raise Garbled("a page leads to itself")
                return Page(then=(self._logs(homes, issues, names, entries, logs.next_page_token),))
            told = _Telling(self.options, homes, names)
            for each in issues:
                told.tell(each, (*each.changelog.histories, *_of_then(each, entries.get(each.id, ()))))
            return told.page([])

        def smaller() -> tuple[Request, ...]:
            half = len(issues) // 2
            if not half or token:
                return ()
            return tuple(self._logs(homes, part, names, {}, "") for part in (issues[:half], issues[half:]))

        return Request(kind=KIND, path=f"{self.path}/changelog/bulkfetch", body=body, read=read, smaller=smaller)


def _of_then(issue: Issue, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries there were when the issue was found: what is newer goes with fields that are not known yet."""
    last = seconds(str(issue.fields.get("updated"))) + SLACK
    return [entry for entry in entries if entry.at <= last]


class _Telling:
    """Collects what is told of issues; one that cannot be read is a fault of its own and spoils no other."""

    def __init__(self, options: Options, homes: Sequence[Home], names: Mapping[str, str]) -> None:
        self.options = options
        self.homes = homes
        self.names = names
        self.told: list[Told] = []
        self.faults: list[Fault] = []
        self.unknown: list[str] = []

    def tell(self, issue: Issue, histories: Sequence[Entry]) -> None:
        """State the facts of one."""
        try:
            reading = Reading(issue, histories, self.options, self.names)
            told = reading.told(self.homes)
        except Garbled as error:
            self.faults.append(_fault(issue, str(error), self, error.reason))
            return
        if told is not None:
            self.told.append(told)
        self.unknown += reading.unknown

    def page(self, then: Sequence[Request]) -> Page:
        """All that was collected."""
        return Page(told=tuple(self.told), faults=tuple(self.faults), unknown=tuple(self.unknown), then=tuple(then))


def _fault(issue: Issue, message: str, told: _Telling, reason: str = Partial.reason) -> Fault:
    project = issue.key.upper().rpartition("-")[0]
    globs = {key.upper(): each for key, each in told.options.projects.items()}.get(project, ())
    home = home_of(globs, told.homes)
    return Fault(home.key if home else "", reason, message, issue.id)


class Jira(Client):
    """Asks Jira for issues."""

    def __init__(self, setup: Setup, page: int = PAGE) -> None:
        self._issues = Issues(setup.root, setup.options, page)

    def questions(self, stream: Stream) -> Issues | None:
        """How issues are asked for."""
        return self._issues if stream is Stream.ISSUES else None
