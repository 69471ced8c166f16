"""The world as one caller's GraphQL sees it: nodes as plain dictionaries, connections as functions of their arguments.

Each dictionary holds ``__typename`` and the fields of the schema's slice; a value that is callable takes the resolver's
info and the field's arguments, as graphql-core's default resolver calls it.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from tests.double.ci import Job, Run
from tests.double.cost import refused
from tests.double.delivering import connections, deployment
from tests.double.facts import Account, Commit, Issue, Item, PullRequest, Repository, Team
from tests.double.paging import Node, by_offset, cursor, key_of, page, stamp
from tests.double.search import LIMIT, found, parse
from tests.double.world import World

FORBIDDEN = "Resource not accessible by personal access token"


@cache
def kind_of(item_type: str) -> str:
    """The GraphQL type of a timeline item type: ``MERGED_EVENT`` is ``MergedEvent``."""
    return "".join(word.capitalize() for word in item_type.split("_"))


@cache
def actor(account: Account | None) -> Node | None:
    """An account as an Actor."""
    if account is None:
        return None
    return {
        "__typename": account.kind,
        "id": f"{account.kind}_{account.login}",
        "login": account.login,
        "resourcePath": f"/{account.login}",
    }


def reviewer(asked: Account | Team | None) -> Node | None:
    """Who was asked to review."""
    if isinstance(asked, Team):
        return {"__typename": "Team", "id": f"T_{asked.slug}", "combinedSlug": asked.slug}
    return actor(asked)


def commit(one: Commit) -> Node:
    """A commit with its people."""
    people = [{"name": name, "email": email, "user": None} for name, email in zip(one.names, one.emails, strict=True)]
    people[0]["user"] = actor(Account(one.login)) if one.login else None
    return {
        "__typename": "Commit",
        "id": f"C_{one.sha}",
        "oid": one.sha,
        "resourcePath": f"/commit/{one.sha}",
        "authoredDate": stamp(one.authored),
        "committedDate": stamp(one.committed),
        "messageBody": one.body,
        "author": people[0],
        "committer": people[1],
    }


def label(name: str) -> Node:
    """A label."""
    return {"__typename": "Label", "id": f"LA_{name}", "name": name, "resourcePath": f"/labels/{name}"}


def merge_commit(pull: PullRequest) -> Node | None:
    """The commit that a change was merged as."""
    return {"__typename": "Commit", "id": f"C_{pull.merge_sha}", "oid": pull.merge_sha} if pull.merge_sha else None


def closing(reason: str | None, by: PullRequest | None) -> Node:
    """Why something was closed, and by which change."""
    closer = by and {
        "__typename": "PullRequest",
        "id": by.id,
        "number": by.number,
        "mergeCommit": merge_commit(by),
        "repository": {"__typename": "Repository", "id": by.repository.id},
    }
    return {"stateReason": reason, "closer": closer}


MORE: dict[str, Callable[[Item], Node]] = {
    "PullRequestCommit": lambda item: {"commit": commit(item.more)},
    "PullRequestReview": lambda item: {
        "state": item.more,
        "submittedAt": stamp(item.at),
        "author": actor(item.actor),
    },
    "IssueComment": lambda item: {"author": actor(item.actor)},
    "ReviewRequestedEvent": lambda item: {"requestedReviewer": reviewer(item.more)},
    "ReviewDismissedEvent": lambda item: {
        "previousReviewState": item.before,
        "review": item.more and timeline_item(item.more),
    },
    "BaseRefChangedEvent": lambda item: {"currentRefName": item.more},
    "RenamedTitleEvent": lambda item: {"previousTitle": item.more[0], "currentTitle": item.more[1]},
    "LabeledEvent": lambda item: {"label": label(item.more)},
    "UnlabeledEvent": lambda item: {"label": label(item.more)},
    "ClosedEvent": lambda item: closing(*(item.more or (None, None))),
}
"""What a timeline item has beside id and time, by its type."""


def timeline_item(item: Item) -> Node:
    """A node of a timeline."""
    node = {"__typename": item.kind, "id": item.id, "createdAt": stamp(item.at), "resourcePath": f"/{item.id}"}
    more = MORE.get(item.kind)
    return node | more(item) if more else node


def timeline(
    pull: PullRequest | Issue,
    _info: object,
    *,
    first: int | None = None,
    after: str | None = None,
    itemTypes: list[str] | None = None,  # noqa: N803 the schema's own name
) -> Node:
    """A page of a timeline, by time; the cursor is an item, so that later insertions do not shift it."""
    kinds = {kind_of(one) for one in itemTypes} if itemTypes is not None else None
    items = [item for item in pull.items if kinds is None or item.kind in kinds]
    start = 0
    if after:
        at, last = key_of(after, 2)
        start = next((n + 1 for n, item in enumerate(items) if item.id == last), None)
        if start is None:
            start = sum(item.at <= at for item in items)
    answer = page("timelineItems", items, start, first, lambda n: cursor(items[n].at, items[n].id))
    return answer | {"nodes": [timeline_item(item) for item in answer["nodes"]]}


def files(pull: PullRequest, _info: object, *, first: int | None = None, after: str | None = None) -> Node | None:
    """A page of the changed files; none where GitHub cannot tell them."""
    if pull.files is None:
        return None
    answer = by_offset("files", pull.files, first, after)
    rows = [
        {"__typename": "PullRequestChangedFile", "path": path, "additions": added, "deletions": deleted}
        for path, added, deleted in answer["nodes"]
    ]
    return answer | {"nodes": rows}


def jobs(
    run: Run,
    _info: object,
    *,
    first: int | None = None,
    after: str | None = None,
    filterBy: dict[str, str] | None = None,  # noqa: N803 the schema's own name
) -> Node:
    """A page of a check suite's runs: those of all attempts, or of the last one."""
    every = (filterBy or {}).get("checkType") == "ALL"
    rows = [job for job in run.jobs if every or job.attempt == len(run.attempts)]
    answer = by_offset("checkRuns", rows, first, after)
    return answer | {"nodes": [_job(run, job) for job in answer["nodes"]]}


def _job(run: Run, job: Job) -> Node:
    return {
        "__typename": "CheckRun",
        "id": f"CR_{run.id}_{job.attempt}_{job.name}",
        "name": job.name,
        "conclusion": job.conclusion and job.conclusion.upper(),
        "startedAt": stamp(job.started),
        "completedAt": stamp(job.completed),
    }


def nothing(_info: object, **_: Any) -> Node:
    """A connection that holds nothing."""
    return {"nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": False, "endCursor": None}}


class View:
    """What one token sees of the world; ``limit`` answers ``rateLimit``.

    ``owners`` are those whose private repositories the token sees, None for all; ``lacks``: permissions it has not.
    """

    def __init__(
        self,
        world: World,
        owners: frozenset[str] | None,
        limit: Callable[[], Node | None],
        lacks: frozenset[str] = frozenset(),
    ) -> None:
        self.world = world
        self.owners = owners
        self.lacks = lacks
        self.root: dict[str, Any] = {
            "id": "Q",
            "rateLimit": lambda _info: limit(),
            "search": self.search,
            "node": self.node,
            "nodes": lambda info, ids: [self.node(info, one, whole=False) for one in ids],
            "repository": self.named,
            "repositoryOwner": self.owner,
            "resource": self.resource,
        }

    def sees(self, repository: Repository) -> bool:
        """Whether the token may know of a repository."""
        if repository.deleted or repository.hidden:
            return False
        return not repository.private or self.owners is None or repository.owner.lower() in self.owners

    def search(
        self, _info: object, *, query: str, first: int | None = None, after: str | None = None, **_: Any
    ) -> Node:
        """A page of a search, of which no more than 1,000 results can be had."""
        try:
            parsed = parse(query)
        except ValueError as error:
            raise refused("UNKNOWN_TO_THE_DOUBLE", str(error)) from error
        allowed = parsed.kind == "pr" or "issues" not in self.lacks
        rows = found(self.world, parsed, lambda one: allowed and self.sees(one.repository))
        answer = by_offset("search", rows[:LIMIT], first, after)
        tell = self.pull if parsed.kind == "pr" else self.issue
        return answer | {"issueCount": len(rows), "nodes": [tell(one) for one in answer["nodes"]]}

    def node(self, _info: object, id: str, whole: bool = True) -> Any:  # noqa: A002 the schema's own name
        """A node by its id; in a list of nodes an unknown one is an error in its place."""
        known = self.world.repositories.get(id) or self.world.pulls.get(id) or self.world.issues.get(id)
        if isinstance(known, Repository) and self.sees(known):
            return self.repository(known)
        if isinstance(known, PullRequest) and self.sees(known.repository):
            return self.pull(known)
        if isinstance(known, Issue) and "issues" not in self.lacks and self.sees(known.repository):
            return self.issue(known)
        run = self.world.ci.runs.get(int(id[3:])) if id.startswith("CS_") and id[3:].isdigit() else None
        if run is not None and self.sees(run.repository):
            if "checks" in self.lacks:
                return refused("FORBIDDEN", FORBIDDEN)
            return self.suite(run)
        deployed = self.world.deployments.get(id)
        if deployed is not None and self.sees(deployed.repository):
            return deployment(deployed)
        missing = refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")
        if whole:
            raise missing
        return missing

    def suite(self, run: Run) -> Node:
        """The check suite of a run."""
        return {
            "__typename": "CheckSuite",
            "id": run.suite,
            "updatedAt": stamp(run.updated),
            "resourcePath": f"/suites/{run.id}",
            "checkRuns": partial(jobs, run),
        }

    def suites(
        self, repository: Repository, sha: str | None, _info: object, *, last: int | None = None, **_: Any
    ) -> Node:
        """The last check suites of a commit."""
        if "checks" in self.lacks:
            raise refused("FORBIDDEN", FORBIDDEN)
        runs = self.world.ci.suites(repository, sha)
        return {"totalCount": len(runs), "nodes": [self.suite(run) for run in runs[len(runs) - (last or 0) :]]}

    def commit(self, repository: Repository, sha: str) -> Node:
        """A commit known by its name, with its check suites."""
        return {
            "__typename": "Commit",
            "id": f"C_{sha}",
            "oid": sha,
            "resourcePath": f"/commit/{sha}",
            "checkSuites": partial(self.suites, repository, sha),
        }

    def head(self, pull: PullRequest, _info: object, *, last: int | None = None, **_: Any) -> Node:
        """The last commits of a pull request."""
        commits = [item.more for item in pull.items if item.kind == "PullRequestCommit"]
        here = commits[len(commits) - (last or 0) :] if commits else []
        nodes = [{"__typename": "PullRequestCommit", "commit": self.commit(pull.repository, one.sha)} for one in here]
        return {"totalCount": len(commits), "nodes": nodes}

    def named(self, _info: object, *, owner: str, name: str) -> Node:
        """A repository by its name, or one it had before."""
        known = self.world.names.get(f"{owner}/{name}".lower())
        if known is None or not self.sees(known):
            raise refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self.repository(known)

    def owner(self, _info: object, *, login: str) -> Node | None:
        """An organisation or user by login."""
        owned = [one for one in self.world.owned(login) if self.sees(one)]
        if not owned:
            return None
        node = actor(Account(owned[0].owner, owned[0].owner_kind))
        return (node or {}) | {"repositories": partial(self.repositories, owned)}

    def repositories(
        self, owned: list[Repository], _info: object, *, first: int | None = None, after: str | None = None, **_: Any
    ) -> Node:
        """A page of an owner's repositories."""
        answer = by_offset("repositories", owned, first, after)
        return answer | {"nodes": [self.repository(one) for one in answer["nodes"]]}

    def resource(self, _info: object, *, url: str) -> Node:
        """A pull request by its address."""
        owner, name, kind, number, *_ = [*urlsplit(url).path.strip("/").split("/"), "", "", "", ""]
        known = self.world.names.get(f"{owner}/{name}".lower())
        pull = known.pulls.get(int(number)) if known and kind == "pull" and number.isdigit() else None
        if known is None or pull is None or not self.sees(known):
            raise refused("NOT_FOUND", f"Could not resolve to a resource with the URL of '{url}'.")
        return self.pull(pull)

    def repository(self, one: Repository) -> Node:
        """A repository with its connections."""
        branch, newest = one.default_branch, self.world.ci.heads.get(one.id)
        head = self.commit(one, newest) if newest else None
        topics = [
            {"__typename": "RepositoryTopic", "topic": {"__typename": "Topic", "name": name}} for name in one.topics
        ]
        return {
            "__typename": "Repository",
            "id": one.id,
            "nameWithOwner": one.name,
            "isArchived": one.archived,
            "isFork": one.fork,
            "resourcePath": f"/{one.name}",
            "defaultBranchRef": branch and {"__typename": "Ref", "id": f"REF_{one.id}", "name": branch, "target": head},
            "pushedAt": stamp(one.pushed),
            "repositoryTopics": lambda _info, first=None: {"nodes": topics[:first]},
            "pullRequests": partial(self.pulls, one),
            "issues": partial(self.issues, one),
        } | connections(one, self.lacks)

    def pulls(
        self,
        one: Repository,
        _info: object,
        *,
        first: int | None = None,
        after: str | None = None,
        states: list[str] | None = None,
        orderBy: dict[str, str] | None = None,  # noqa: N803 the schema's own name
    ) -> Node:
        """A page of a repository's pull requests; the cursor is a place in the order, not a position."""
        kept = [p for p in one.pulls.values() if states is None or p.state.upper() in states]
        return self._ordered("pullRequests", kept, self.pull, first, after, orderBy)

    def issues(
        self,
        one: Repository,
        _info: object,
        *,
        first: int | None = None,
        after: str | None = None,
        states: list[str] | None = None,
        orderBy: dict[str, str] | None = None,  # noqa: N803 the schema's own name
    ) -> Node:
        """A page of a repository's issues."""
        if "issues" in self.lacks:
            raise refused("FORBIDDEN", "Resource not accessible by integration")
        kept = [issue for issue in one.issues.values() if states is None or issue.state.upper() in states]
        return self._ordered("issues", kept, self.issue, first, after, orderBy)

    @staticmethod
    def _ordered(
        name: str,
        kept: Sequence[Any],
        tell: Callable[[Any], Node],
        first: int | None,
        after: str | None,
        order: dict[str, str] | None,
    ) -> Node:
        order = order or {"field": "CREATED_AT", "direction": "ASC"}
        time = "updated" if order["field"] == "UPDATED_AT" else "created"
        falling = order["direction"] == "DESC"
        rows = sorted(((getattr(p, time), p.number, p) for p in kept), reverse=falling)
        start = 0
        if after:
            last = tuple(key_of(after, 2))
            start = sum((row[:2] >= last) if falling else (row[:2] <= last) for row in rows)
        answer = page(name, rows, start, first, lambda n: cursor(*rows[n][:2]))
        return answer | {"nodes": [tell(row[2]) for row in answer["nodes"]]}

    def issue(self, issue: Issue) -> Node:
        """An issue with its timeline."""
        return {
            "__typename": "Issue",
            "id": issue.id,
            "number": issue.number,
            "createdAt": stamp(issue.created),
            "updatedAt": stamp(issue.updated),
            "lastEditedAt": stamp(issue.edited),
            "body": issue.body,
            "resourcePath": f"/{issue.repository.name}/issues/{issue.number}",
            "repository": lambda _info: self.repository(issue.repository),
            "timelineItems": partial(timeline, issue),
        }

    def pull(self, pull: PullRequest) -> Node:
        """A pull request with its connections."""
        return {
            "__typename": "PullRequest",
            "id": pull.id,
            "number": pull.number,
            "createdAt": stamp(pull.created),
            "updatedAt": stamp(pull.updated),
            "closedAt": stamp(pull.closed),
            "mergedAt": stamp(pull.merged),
            "isDraft": pull.draft,
            "lastEditedAt": stamp(pull.edited),
            "title": pull.title,
            "body": pull.body,
            "headRefName": pull.head,
            "baseRefName": pull.base,
            "resourcePath": f"/{pull.repository.name}/pull/{pull.number}",
            "author": actor(pull.author),
            "mergeCommit": merge_commit(pull),
            "repository": lambda _info: self.repository(pull.repository),
            "timelineItems": partial(timeline, pull),
            "files": partial(files, pull),
            "commits": partial(self.head, pull),
        }
