"""Deployments, releases and tags of a project, newest first, and the commits that a deployment brought.

Sources: https://docs.gitlab.com/api/deployments/, https://docs.gitlab.com/api/releases/, https://docs.gitlab.com/api/tags/
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, structs

from exporter.errors import NotFound
from exporter.model import RELEASE, Deployed, Outcome, Stream, Subject, Thing, Told
from exporter.providers.answers import seconds
from exporter.providers.base import Page, Request, Response, Success, Wanted, contained
from exporter.providers.gitlab.answers import PAGE, another, check_project, decode
from exporter.providers.gitlab.compare import Comparison, shas

OUTCOMES = {"success": Outcome.SUCCESS, "failed": Outcome.FAILURE}
"""What a deployment comes to; one that was cancelled or skipped reached nobody, and failed nobody."""
OVER = frozenset({"success", "failed", "canceled", "skipped"})
GOES_ON = frozenset({"created", "running", "blocked"})
LARGEST = 32 << 20


class _Environment(Struct):
    name: str = ""
    tier: str | None = None


class _Deployable(Struct):
    finished_at: str | None = None


class Deployment(Struct):
    """https://docs.gitlab.com/api/deployments/#list-project-deployments."""

    id: int
    iid: int
    sha: str
    status: str
    created_at: str
    updated_at: str
    environment: _Environment | None = None
    deployable: _Deployable | None = None


class _Commit(Struct):
    id: str = ""
    created_at: str | None = None


class Release(Struct):
    """https://docs.gitlab.com/api/releases/#list-releases; one whose date is to come is upcoming."""

    tag_name: str
    released_at: str
    created_at: str
    commit: _Commit | None = None
    upcoming_release: bool = False


class Tag(Struct):
    """https://docs.gitlab.com/api/tags/#list-project-repository-tags; ``created_at`` since 16.11, with a message."""

    name: str
    commit: _Commit
    created_at: str | None = None


def ended(wanted: Wanted, each: Deployment) -> Told | None:
    """The end of a deployment; None while it goes on, or where it reached nobody.

    Raises:
        Garbled: a time is not a time.
    """
    outcome = OUTCOMES.get(each.status)
    created = seconds(each.created_at)
    if outcome is None or created < wanted.horizon:
        return None
    finished = each.deployable.finished_at if each.deployable else None
    at = max(created, seconds(finished or each.updated_at))
    fact = Deployed(f"ended:{outcome}", at, environment(each), each.sha, outcome, created, counts=wanted.deployed)
    return Told(_subject(wanted, each), (fact,))


def environment(each: Deployment) -> str:
    """Where it went: its name, with the tier before it where the name does not begin with that.

    A tier is what somebody said an environment is for: https://docs.gitlab.com/ci/environments/#deployment-tier-of-environments
    """
    place = each.environment or _Environment()
    tier = (place.tier or "").lower()
    told = tier in ("production", "staging") and not place.name.lower().startswith(tier[:4])
    return f"{tier}/{place.name}" if told else place.name


class Rows(NamedTuple):
    """A page of a list: what it came to, whether there is another, and the date of its oldest row (Unix seconds)."""

    page: Page
    more: bool
    oldest: int


class Deployments:
    """Asks for what reaches users (``DeploymentsOf``)."""

    def __init__(self, root: str) -> None:
        self.api = f"{root}/api/v4"

    def latest(self, wanted: Wanted, *kinds: str) -> Request:
        """The ``deployments``, ``releases`` or ``tags`` of a project, as far back as is wanted."""
        first, *others = kinds
        return self._list(wanted, first, 1, tuple(others))

    def _list(self, wanted: Wanted, kind: str, page: int, others: tuple[str, ...] = ()) -> Request:
        rows: dict[str, Callable[[Wanted, Response], Rows]] = {
            "deployments": _deployments,
            "releases": _releases,
            "tags": _tags,
        }

        def read(response: Response) -> Page:
            found = rows[kind](wanted, response)
            then = [self._list(wanted, kind, page + 1)] if found.more and found.oldest >= wanted.since else []
            then += [self._list(wanted, each, 1) for each in others]
            return structs.replace(found.page, then=tuple(then))

        order = {
            "deployments": "deployments?order_by=created_at&sort=desc",
            "releases": "releases?order_by=released_at&sort=desc",
            "tags": "repository/tags?order_by=updated&sort=desc",
        }[kind]
        return self._get(kind, wanted.repository, f"{order}&per_page={PAGE}&page={page}", read)

    def unfinished(self, wanted: Mapping[str, Wanted]) -> Sequence[Request]:
        """Single deployments by their numbers; found are those that still go on, and not one that is gone."""
        return [self._one(key, each) for key, each in wanted.items()]

    def _one(self, key: str, wanted: Wanted) -> Request:
        def read(response: Response) -> Page:
            try:
                return _page(wanted, [decode(response, Deployment, Stream.DEPLOYMENTS)])
            except NotFound:
                return Page()

        return self._get("deployments", wanted.repository, f"deployments/{key}", read)

    def compared(self, name: str, success: Success, known: Container[str]) -> Request:
        """The commits a success brought; ``known`` were brought earlier. Where none is new, it may have gone back."""

        def read(response: Response) -> Page:
            try:
                data = decode(response, Comparison, Stream.DEPLOYMENTS)
            except NotFound:
                check_project(response)
                told = contained(success, whole=False)
                return Page(told=(told,), found=told.events, truncated=1)
            new = [sha for sha in shas(data.commits) if sha not in known]
            told = contained(success, new, back=not data.commits, whole=not data.compare_timeout)
            return Page(told=(told,), found=told.events, truncated=int(data.compare_timeout))

        asked = f"repository/compare?from={success.base}&to={success.head}&straight=false"
        return self._get("compare", success.subject.repository, asked, read)

    def _get(self, kind: str, project: str, path: str, read: Callable[[Response], Page]) -> Request:
        return Request(
            kind=kind,
            method="GET",
            path=f"{self.api}/projects/{project}/{path}",
            read=read,
            repositories=(project,),
            passing=True,
            largest=LARGEST,
        )


def _subject(wanted: Wanted, each: Deployment) -> Subject:
    return Subject(wanted.repository, str(each.id), 0, Thing.DEPLOYMENT)


def _page(wanted: Wanted, rows: Sequence[Deployment]) -> Page:
    told = tuple(one for each in rows if (one := ended(wanted, each)) is not None)
    waits = tuple(
        _subject(wanted, each)
        for each in rows
        if each.status not in OVER and seconds(each.created_at) >= max(wanted.horizon, wanted.patience)
    )
    strange = any(each.status not in OVER | GOES_ON for each in rows)
    return Page(told=told, found=waits, unknown=("deployment_status",) if strange else ())


def _deployments(wanted: Wanted, response: Response) -> Rows:
    rows = decode(response, list[Deployment], Stream.DEPLOYMENTS)
    oldest = min((seconds(each.created_at) for each in rows), default=0)
    return Rows(_page(wanted, rows), another(response, rows), oldest)


def _releases(wanted: Wanted, response: Response) -> Rows:
    rows = decode(response, list[Release], Stream.DEPLOYMENTS)
    told = [
        _named(
            wanted,
            f"release:{each.tag_name}",
            each.tag_name,
            seconds(each.released_at),
            each.commit,
            seconds(each.created_at),
        )
        for each in rows
        if not each.upcoming_release
    ]
    oldest = min((seconds(each.released_at) for each in rows), default=0)
    return Rows(Page(told=tuple(one for one in told if one is not None)), another(response, rows), oldest)


def _tags(wanted: Wanted, response: Response) -> Rows:
    """A tag without a message has no date but its commit's."""
    rows = decode(response, list[Tag], Stream.DEPLOYMENTS)
    told, oldest = [], 1 << 62
    for each in rows:
        if not each.commit.created_at:
            continue
        date, oldest = seconds(each.created_at or each.commit.created_at), seconds(each.commit.created_at)
        if re.fullmatch(wanted.tag, each.name):
            told.append(_named(wanted, f"tag:{each.name}", each.name, date, each.commit, date))
    return Rows(Page(told=tuple(one for one in told if one is not None)), another(response, rows), oldest)


def _named(wanted: Wanted, key: str, name: str, at: int, commit: _Commit | None, created: int) -> Told | None:
    """A release or a tag, which is for its users at once; by its name, which only deleting it takes away."""
    if at < wanted.horizon:
        return None
    sha = commit.id if commit else ""
    fact = Deployed("released", at, RELEASE, sha, Outcome.SUCCESS, created, name, wanted.released)
    return Told(Subject(wanted.repository, key, 0, Thing.DEPLOYMENT), (fact,))
