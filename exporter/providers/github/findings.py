"""Alerts of code scanning and of Dependabot: which ones an organisation has, and on which heads one was seen.

A list for an organisation holds what the default branches of its repositories have, in whatever state. Source:
https://docs.github.com/rest/code-scanning/code-scanning and https://docs.github.com/rest/dependabot/alerts
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from exporter.errors import Garbled, NotFound
from exporter.model import Event, Found, Judged, Severity, Subject, Thing, Told
from exporter.providers.answers import seconds
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.github.answers import decode

PAGE = 100
MOST_PAGES = 5
"""Pages of places that are read of one alert; what is in more of them is an old one, of which nobody can tell."""
ADVISED = 3600
"""Seconds by which a dependency has to be known as vulnerable before an alert, for the dependency to be what is new."""
OPEN = "open"
STATES = frozenset({OPEN, "dismissed", "auto_dismissed", "fixed"})


class Sort(NamedTuple):
    """A kind of alert: how its facts' keys begin, where it is listed, and what permission that needs.

    ``wrong``: the reason of a dismissal that calls it a false positive; ``other``: all other reasons.
    """

    what: str
    place: str
    permission: str
    wrong: str
    other: frozenset[str]

    @property
    def needs(self) -> str:
        """What may lack where a list is refused."""
        return (
            f"the credential needs read access to {self.permission}, and a person's has to be that of an owner or "
            "security manager of the organisation"
        )


CODE = Sort(
    "code", "code-scanning", "code scanning alerts", "false positive", frozenset({"won't fix", "used in tests"})
)
DEPENDENCY = Sort(
    "dependency",
    "dependabot",
    "Dependabot alerts",
    "inaccurate",
    frozenset({"fix_started", "no_bandwidth", "not_used", "tolerable_risk"}),
)
SORTS = {"code_scanning": CODE, "dependabot": DEPENDENCY}
"""The kinds of alerts by the words of the configuration."""
NEXT = re.compile(r'<[^>?]*\?([^>]*)>;\s*rel="next"')
PLACE = re.compile(r"(?<![^&])(?:after|page)=[\w%.~+-]+")
HEAD = re.compile(r"refs/pull/(\d+)/(?:merge|head)")


class Alert(NamedTuple):
    """An alert as a list tells it; times are Unix seconds, ``dismissed`` is 0 where it is not.

    ``manifest``: the file that names a dependency which was known to be vulnerable before.
    """

    home: Home
    number: int
    sort: Sort
    created: int
    updated: int
    severity: Severity
    open: bool
    dismissed: int
    wrong: bool
    manifest: str = ""

    @property
    def key(self) -> str:
        """What it is called in its repository, which has alerts of other kinds under the same numbers."""
        return f"{self.sort.what}:{self.number}"

    @property
    def subject(self) -> Subject:
        """Whom its facts are about."""
        return Subject(self.home.key, self.key, self.number, Thing.FINDING)

    def told(self, changes: tuple[int, ...] = (), commits: tuple[str, ...] = ()) -> Told:
        """Its facts, once it is known where it was seen."""
        found = Found("found", self.created, self.severity, changes, commits, self.manifest)
        return Told(self.subject, (found, *self.judged()))

    def judged(self, known: Iterable[Event] = ()) -> tuple[Judged, ...]:
        """That it is dismissed; or, where it was by what is known, that it stands again."""
        if self.dismissed:
            return (Judged(f"dismissed@{self.dismissed}", self.dismissed, self.wrong),)
        last = max((each for each in known if isinstance(each, Judged)), default=None, key=lambda each: each.at)
        if self.open and last is not None and last.wrong:
            return (Judged(f"open@{self.updated}", max(self.updated, last.at), False),)
        return ()


class _Repository(Struct):
    full_name: str


class _Rule(Struct):
    security_severity_level: str | None = None


class _Dependency(Struct):
    manifest_path: str | None = None


class _Advisory(Struct):
    severity: str | None = None
    published_at: str | None = None


class _Alert(Struct):
    number: int
    created_at: str
    repository: _Repository
    updated_at: str | None = None
    state: str | None = None
    dismissed_at: str | None = None
    dismissed_reason: str | None = None
    rule: _Rule | None = None
    dependency: _Dependency | None = None
    security_advisory: _Advisory | None = None


class _Instance(Struct):
    ref: str | None = None
    commit_sha: str | None = None


class Findings:
    """Asks for alerts. ``rest``: the path of the REST API's root."""

    def __init__(self, rest: str) -> None:
        self.rest = rest

    def alerts(
        self,
        sort: Sort,
        owner: str,
        homes: Mapping[str, Home],
        since: int,
        place: str = "",
        before: frozenset[str] = frozenset(),
    ) -> Request:
        """What was updated last in an organisation, back to ``since`` (Unix seconds), as ``found``.

        ``homes``: the repositories it is asked for, by their names in lower case. ``place``: of a further page, as the
        one before it says; ``before``: what that one held.
        """

        def read(response: Response) -> Page:
            try:
                rows = decode(response, list[_Alert], sort.needs)
            except NotFound as error:
                message = f"{owner} has no list of {sort.permission} (404), which only organisations have; {sort.needs}"
                raise NotFound(message) from error
            names = frozenset(f"{each.repository.full_name}#{each.number}" for each in rows)
            further = _following(response)
            if (names and names <= before) or (further and further == place):
                raise Garbled("a page of alerts brings only those of the page before it")
            told = [
                _alert(sort, home, each)
                for each in rows
                if (home := homes.get(each.repository.full_name.lower())) is not None
            ]
            last = min((seconds(each.updated_at or each.created_at) for each in rows), default=0)
            more = further and rows and last >= since
            then = (self.alerts(sort, owner, homes, since, further, names),) if more else ()
            unknown = tuple(word for _, words in told for word in words)
            return Page(found=tuple(alert for alert, _ in told), then=then, unknown=unknown)

        query = f"sort=updated&direction=desc&per_page={PAGE}" + (f"&{place}" if place else "")
        return Request(
            kind="findings",
            method="GET",
            path=f"{self.rest}/orgs/{owner}/{sort.place}/alerts?{query}",
            read=read,
            repositories=tuple(sorted(home.key for home in homes.values())),
            passing=bool(place),
        )

    def seen(
        self, alert: Alert, number: int = 1, heads: tuple[int, ...] = (), commits: tuple[str, ...] = ()
    ) -> Request:
        """The facts of an alert of code scanning, with the changes on whose heads it was seen; nothing if it is gone.

        ``number``: of a further page; ``heads``, ``commits``: what those before it told.
        """
        home = alert.home

        def read(response: Response) -> Page:
            try:
                rows = decode(response, list[_Instance], CODE.needs)
            except NotFound:
                return Page()
            found = [int(head[1]) for each in rows if (head := HEAD.fullmatch(each.ref or ""))]
            ours = {home.default_branch, f"refs/heads/{home.default_branch}"}
            scanned = [each.commit_sha for each in rows if each.ref in ours and each.commit_sha]
            changes = tuple(sorted({*heads, *found}))
            shas = tuple(sorted({*commits, *scanned}))
            whole = len(rows) < PAGE
            if not whole and number < MOST_PAGES:
                return Page(then=(self.seen(alert, number + 1, changes, shas),))
            changes = changes if whole else ()
            shas = shas if whole and not changes else ()
            return Page(told=(alert.told(changes, shas),))

        path = f"{self.rest}/repos/{home.name}/code-scanning/alerts/{alert.number}/instances"
        return Request(
            kind="finding",
            method="GET",
            path=f"{path}?per_page={PAGE}&page={number}",
            read=read,
            repositories=(home.key,),
            passing=True,
        )


def _following(response: Response) -> str:
    """Where the next page is, of what the Link header says; only its place is taken from there, and no address."""
    found = NEXT.search(response.headers.get("link", ""))
    return "&".join(PLACE.findall(found[1])) if found else ""


def _alert(sort: Sort, home: Home, row: _Alert) -> tuple[Alert, tuple[str, ...]]:
    """An alert, and the fields in which it uses words we do not know."""
    created = seconds(row.created_at)
    updated = seconds(row.updated_at) if row.updated_at else created
    dismissed = seconds(row.dismissed_at) if row.dismissed_at else 0
    grade = row.rule.security_severity_level if row.rule else None
    manifest = ""
    if sort is DEPENDENCY and row.security_advisory is not None:
        grade, published = row.security_advisory.severity, row.security_advisory.published_at
        if row.dependency is not None and published and seconds(published) <= created - ADVISED:
            manifest = row.dependency.manifest_path or ""
    word = grade or Severity.UNKNOWN
    reason = row.dismissed_reason
    unknown = (
        *(("alert_severity",) if word not in set(Severity) else ()),
        *(("alert_state",) if row.state not in STATES else ()),
        *(("alert_dismissal",) if reason and reason not in {sort.wrong, *sort.other} else ()),
    )
    severity = Severity(word) if word in set(Severity) else Severity.UNKNOWN
    stands, wrong = row.state == OPEN, reason == sort.wrong
    return Alert(home, row.number, sort, created, updated, severity, stands, dismissed, wrong, manifest), unknown
