"""What GitHub tells of code reaching an environment: deployments, releases and tags, and what two commits are apart.

Sources: https://docs.github.com/rest/deployments/deployments, https://docs.github.com/rest/deployments/statuses,
https://docs.github.com/rest/commits/commits#compare-two-commits.
"""

import re
from collections.abc import Container, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from exporter.errors import NotFound, Partial, Refused
from exporter.model import RELEASE, Deployed, Outcome, Subject, Thing, Told
from exporter.providers.answers import seconds
from exporter.providers.base import Fault, Page, Request, Response, Success, Wanted, contained
from exporter.providers.github import queries
from exporter.providers.github.answers import NOT_FOUND, GraphqlError, decode, graphql
from exporter.providers.github.nodes import PageInfo, following

FIRST = 50
"""Deployments, releases or tags of a first page, which is all of a poll's news; later pages are twice as large."""
SMALLEST = 5
COMPARED = 100
"""Commits in a page of a comparison; a page without a size holds 250, and then there is no other."""
MOST = 1000
"""Commits of one comparison that are read; what exceeds it is left out and counted."""
NEEDS = "the credential needs read access to deployments and contents"

ENDS = {"SUCCESS": Outcome.SUCCESS, "FAILURE": Outcome.FAILURE, "ERROR": Outcome.ERROR}
"""The states a deployment ends with, in GitHub's words."""
GOES_ON = frozenset({"IN_PROGRESS", "PENDING", "QUEUED", "WAITING"})
INACTIVE = "INACTIVE"
"""A state that ends nothing: another deployment took the place of this one."""
APART = frozenset({"ahead", "behind", "diverged", "identical"})


class _Status(Struct, rename="camel"):
    id: str
    state: str
    created_at: str


class _Statuses(Struct, rename="camel"):
    total_count: int = 0
    nodes: list[_Status | None] | None = None


class _Key(Struct):
    id: str = ""


class _Commit(Struct, rename="camel"):
    oid: str = ""
    committed_date: str = ""


class _Deployment(Struct, rename="camel"):
    id: str = ""
    created_at: str = ""
    environment: str | None = None
    latest_environment: str | None = None
    commit_oid: str = ""
    repository: _Key = field(default_factory=_Key)
    statuses: _Statuses | None = None


class _Release(Struct, rename="camel"):
    id: str
    tag_name: str
    created_at: str
    published_at: str | None = None
    is_draft: bool = False
    is_prerelease: bool = False
    tag_commit: _Commit | None = None


class _Tagger(Struct):
    date: str | None = None


class _Target(_Commit, rename="camel"):
    tagger: _Tagger | None = None
    target: _Commit | None = None


class _Tag(Struct):
    id: str
    name: str
    target: _Target | None = None


class _Deployments(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[_Deployment | None] | None = None


class _Releases(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[_Release | None] | None = None


class _Tags(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[_Tag | None] | None = None


class _Repository(Struct):
    id: str = ""
    deployments: _Deployments | None = None
    releases: _Releases | None = None
    refs: _Tags | None = None
    base: _Commit | None = None
    head: _Commit | None = None


class _Node(Struct):
    node: _Repository | None = None


class _Nodes(Struct):
    nodes: list[_Deployment | None] = field(default_factory=list)


class _Sha(Struct):
    sha: str


class _Comparison(Struct):
    status: str
    total_commits: int
    commits: list[_Sha]


class DeploymentsOf:
    """Asks a GitHub server for deployments. ``path``: of GraphQL, ``rest``: before every REST path.

    Pages of lists have found the subjects that are not at an end; those of comparisons, the fact they told.
    """

    def __init__(self, path: str, rest: str = "") -> None:
        self.path = path
        self.rest = rest

    # Lists, newest first

    def latest(self, wanted: Wanted, *kinds: str, first: int = FIRST, after: str | None = None) -> Request:
        """The ``deployments``, ``releases`` or ``tags`` of a repository; ``after`` only with one of them."""

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Node)
            fault = _fault(wanted.repository, data.node, errors)
            if fault is not None or data.node is None:
                return Page(faults=(fault,) if fault else ())
            return _together([self._part(wanted, data.node, kind, after) for kind in kinds])

        def smaller() -> tuple[Request, ...]:
            if len(kinds) > 1:
                return tuple(self.latest(wanted, kind, first=first) for kind in kinds)
            return (self.latest(wanted, *kinds, first=first // 2, after=after),) if first // 2 >= SMALLEST else ()

        variables = {"id": wanted.repository, "first": first, "after": after}
        flags = {kind: kind in kinds for kind in ("deployments", "releases", "tags")}
        return Request(
            kind="deployments",
            path=self.path,
            body={"query": queries.DEPLOYED, "variables": variables | flags},
            read=read,
            smaller=smaller,
            repositories=(wanted.repository,),
        )

    def _part(self, wanted: Wanted, node: _Repository, kind: str, after: str | None) -> Page:
        """One of the lists of an answer, and its next page where it does not reach far enough back."""
        found: _Deployments | _Releases | _Tags | None
        if kind == "deployments":
            found, page, oldest = node.deployments, *_deployments(wanted, node.deployments)
        elif kind == "releases":
            found, page, oldest = node.releases, *_releases(wanted, node.releases)
        else:
            found, page, oldest = node.refs, *_tags(wanted, node.refs)
        if found is None or found.nodes is None:
            return Page(faults=(Fault(wanted.repository, Partial.reason, f"nothing was said about {kind}"),))
        cursor = following(found.page_info, after)
        if cursor is None or oldest < max(wanted.since, wanted.horizon):
            return page
        then = (self.latest(wanted, kind, first=2 * FIRST, after=cursor),)
        return msgspec.structs.replace(page, then=then)

    def unfinished(self, wanted: Mapping[str, Wanted]) -> list[Request]:
        """Deployments that had not ended, by their own keys, from whatever repositories."""
        keys = list(wanted)
        packs = [keys[start : start + queries.PAGE] for start in range(0, len(keys), queries.PAGE)]
        return [self._unfinished({key: wanted[key] for key in pack}) for pack in packs]

    def _unfinished(self, wanted: Mapping[str, Wanted]) -> Request:
        keys = list(wanted)

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Nodes)
            reasons = {error.path[1]: error for error in errors if len(error.path) > 1}
            if any(len(error.path) < 2 for error in errors):
                raise Partial("; ".join(error.message for error in errors))
            pages = []
            for key, (number, node) in zip(keys, enumerate(data.nodes), strict=True):
                error = reasons.get(number)
                if error is not None and error.type != NOT_FOUND:
                    pages.append(Page(faults=(Fault(wanted[key].repository, Partial.reason, error.message),)))
                elif error is None and node is not None and node.id:
                    pages.append(_deployment(wanted[key], node))
            return _together(pages)

        def smaller() -> tuple[Request, ...]:
            middle = len(keys) // 2
            halves = (keys[:middle], keys[middle:]) if middle else ()
            return tuple(self._unfinished({key: wanted[key] for key in half}) for half in halves)

        return Request(
            kind="deployments",
            path=self.path,
            body={"query": queries.DEPLOYMENTS, "variables": {"ids": keys}},
            read=read,
            smaller=smaller,
            repositories=tuple(sorted({each.repository for each in wanted.values()})),
        )

    # What lies between two commits

    def compared(
        self, name: str, success: Success, known: Container[str], page: int = 1, before: tuple[str, ...] = ()
    ) -> Request:
        """The commits a success brought, of the repository called owner/name; ``known`` were brought earlier."""

        def read(response: Response) -> Page:
            if response.status in (404, 422):
                return Page(then=(self._commits(success),))
            found = decode(response, _Comparison, NEEDS)
            shas = (*before, *(each.sha for each in found.commits))
            if found.commits and len(shas) < min(found.total_commits, MOST):
                return Page(then=(self.compared(name, success, known, page + 1, shas),))
            missing = max(0, found.total_commits - len(shas))
            new = (sha for sha in shas if sha not in known)
            told = contained(success, new, back=found.status == "behind", whole=missing == 0)
            unknown = () if found.status in APART else ("comparison.status",)
            return Page(told=(told,), found=told.events, truncated=missing, unknown=unknown)

        path = f"{self.rest}/repos/{name}/compare/{success.base}...{success.head}?per_page={COMPARED}&page={page}"
        about = (success.subject.repository,)
        return Request(kind="compare", method="GET", path=path, read=read, repositories=about, passing=True)

    def _commits(self, success: Success) -> Request:
        """Whether it is the commits that are not there any more, or have nothing in common, and not the repository."""
        repository = success.subject.repository

        def read(response: Response) -> Page:
            data, errors = graphql(response, _Node)
            fault = _fault(repository, data.node, [each for each in errors if each.type != NOT_FOUND])
            if fault is not None:
                return Page(faults=(fault,))
            told = contained(success, whole=False)
            return Page(told=(told,), found=told.events, truncated=1)

        variables = {"id": repository, "base": success.base, "head": success.head}
        return Request(
            kind="compare",
            path=self.path,
            body={"query": queries.COMMITS, "variables": variables},
            read=read,
            repositories=(repository,),
        )


def _fault(key: str, node: _Repository | None, errors: Sequence[GraphqlError]) -> Fault | None:
    """Why a repository's answer cannot be used as a whole."""
    refused = [error.message for error in errors if error.type in ("FORBIDDEN", "INSUFFICIENT_SCOPES")]
    if refused:
        return Fault(key, Refused.reason, f"{refused[0]}; {NEEDS}")
    others = [error.message for error in errors if error.type != NOT_FOUND]
    if others:
        return Fault(key, Partial.reason, others[0])
    if node is None or errors:
        return Fault(key, NotFound.reason, "the repository is not visible")
    return None


def _together(pages: Sequence[Page]) -> Page:
    """Parts of an answer as one."""
    return Page(
        told=tuple(each for page in pages for each in page.told),
        then=tuple(each for page in pages for each in page.then),
        faults=tuple(each for page in pages for each in page.faults),
        unknown=tuple(each for page in pages for each in page.unknown),
        found=tuple(each for page in pages for each in page.found),
        truncated=sum(page.truncated for page in pages),
    )


def _deployments(wanted: Wanted, found: _Deployments | None) -> tuple[Page, int]:
    """A page of deployments, and when the oldest of them was created."""
    nodes = [each for each in (found.nodes if found else None) or () if each is not None]
    page = _together([_deployment(wanted, each) for each in nodes])
    return page, min((seconds(each.created_at) for each in nodes), default=0)


def _deployment(wanted: Wanted, each: _Deployment) -> Page:
    """The ends of a deployment; one without an end, unless it is given up, is unfinished."""
    created = seconds(each.created_at)
    if created < wanted.horizon:
        return Page()
    subject = Subject(wanted.repository, each.id, 0, Thing.DEPLOYMENT)
    told = [one for one in (each.statuses.nodes if each.statuses else None) or () if one is not None]
    # The order is not promised; two states of one second are told apart by nothing but their ids.
    statuses = sorted(told, key=lambda one: (seconds(one.created_at), one.id))
    environment = each.environment or each.latest_environment or ""
    ends: list[Deployed] = []
    last = ""
    for status in statuses:
        outcome = ENDS.get(status.state)
        if outcome is not None and status.state != last:
            at, fact = seconds(status.created_at), f"deployed:{status.id}"
            ends.append(Deployed(fact, at, environment, each.commit_oid, outcome, created, counts=wanted.deployed))
        last = status.state
    unknown = {*(one.state for one in statuses)} - {*ENDS, *GOES_ON, INACTIVE}
    waits = not ends and last != INACTIVE and created >= wanted.patience
    return Page(
        told=(Told(subject, tuple(ends)),) if ends else (),
        unknown=("deployment.state",) * len(unknown),
        found=(subject,) if waits else (),
        truncated=max(0, (each.statuses.total_count if each.statuses else 0) - len(statuses)),
    )


def _releases(wanted: Wanted, found: _Releases | None) -> tuple[Page, int]:
    """A page of releases, and when the oldest of them was created; drafts and pre-releases are for nobody yet."""
    nodes = [each for each in (found.nodes if found else None) or () if each is not None]
    told = []
    for each in nodes:
        at = seconds(each.published_at) if each.published_at and not each.is_draft else None
        if at is not None and not each.is_prerelease:
            sha = each.tag_commit.oid if each.tag_commit else ""
            told += _named(wanted, each.id, at, sha, seconds(each.created_at), each.tag_name)
    return Page(told=tuple(told)), min((seconds(each.created_at) for each in nodes), default=0)


def _tags(wanted: Wanted, found: _Tags | None) -> tuple[Page, int]:
    """A page of tags, and the date of the oldest; a tag without a message has no date but its commit's."""
    nodes = [each for each in (found.nodes if found else None) or () if each is not None and each.target is not None]
    told: list[Told] = []
    oldest = 0
    for each in nodes:
        commit = each.target.target or each.target if each.target else _Commit()
        tagger = each.target.tagger.date if each.target and each.target.tagger else None
        if not commit.committed_date:
            continue  # a tag of something that is no commit
        date, oldest = tagger or commit.committed_date, seconds(commit.committed_date)
        if re.fullmatch(wanted.tag, each.name):
            told += _named(wanted, each.id, seconds(date), commit.oid, seconds(date), each.name)
    return Page(told=tuple(told)), oldest


def _named(wanted: Wanted, key: str, at: int, sha: str, created: int, name: str) -> list[Told]:
    """A release or a tag, which is for its users at once."""
    if at < wanted.horizon:
        return []
    fact = Deployed("released", at, RELEASE, sha, Outcome.SUCCESS, created, name, wanted.released)
    return [Told(Subject(wanted.repository, key, 0, Thing.DEPLOYMENT), (fact,))]
