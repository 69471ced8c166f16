"""A world as GitLab's GraphQL shows it: nodes as plain dictionaries, connections as functions of their arguments."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.double.ci import Run
from tests.double.facts import Account, Commit, PullRequest, Repository
from tests.double.gitlab.ids import Ids
from tests.double.gitlab.notes import Note, notes
from tests.double.paging import cursor, key_of, stamp
from tests.double.world import World, seconds

Node = dict[str, Any]
MOST = 100
"""Nodes of a page: https://docs.gitlab.com/api/graphql/#limits."""
STATUSES = {
    "success": "SUCCESS", "failure": "FAILED", "cancelled": "CANCELED", "skipped": "SKIPPED", "neutral": "SUCCESS",
    "timed_out": "FAILED", "startup_failure": "FAILED", "action_required": "MANUAL", "stale": "CANCELED",
}  # fmt: skip


def user(account: Account | None) -> Node:
    """An account; what a deleted one left is the ghost's."""
    if account is None:
        return {"username": "ghost", "bot": True}
    return {"username": account.login, "bot": account.kind == "Bot"}


def page(
    rows: Sequence[Any], tell: Callable[[Any], Node], first: int | None, after: str | None, start: int = 0
) -> Node:
    """A page of rows by their position."""
    begin = int(key_of(after, 1)[0]) if after else start
    size = min(MOST, first or MOST)
    here, more = rows[begin : begin + size], begin + size < len(rows)
    info = {"hasNextPage": more, "endCursor": cursor(begin + len(here)) if here else None}
    return {"pageInfo": info, "nodes": [tell(each) for each in here]}


class View:
    """What a token sees, which is all that is not hidden."""

    def __init__(self, world: World, ids: Ids, reports: Callable[[Run], int]) -> None:
        self.world = world
        self.ids = ids
        self.reports = reports
        self.root: Node = {"group": self._group, "project": self._project, "projects": self._projects}

    def gid(self, kind: str, key: str) -> str:
        """A global id."""
        return f"gid://gitlab/{kind}/{self.ids.of(kind, key)}"

    def there(self) -> list[Repository]:
        """The projects that are there."""
        return [one for one in self.world.repositories.values() if not (one.deleted or one.hidden)]

    def below(self, group: str) -> list[Repository]:
        """The projects of a group and of all below it."""
        return [one for one in self.there() if one.name.lower().startswith(f"{group.lower()}/")]

    def named(self, path: str) -> Repository | None:
        """A project by its full path or its number."""
        key = self.ids.key(int(path)) if path.isdecimal() else None
        return next((one for one in self.there() if one.id == key or one.name.lower() == path.lower()), None)

    # Places

    def _group(self, _info: object, *, fullPath: str) -> Node | None:  # noqa: N803 the schema's own name
        if not self.below(fullPath):
            return None
        return {"id": self.gid("Group", fullPath), "fullPath": fullPath,
                "mergeRequests": partial(self._changes, lambda: self.below(fullPath))}  # fmt: skip

    def _project(self, _info: object, *, fullPath: str) -> Node | None:  # noqa: N803 the schema's own name
        found = self.named(fullPath)
        return self.project(found) if found is not None else None

    def _projects(
        self, _info: object, *, ids: list[str] | None = None, first: int | None = None, after: str | None = None
    ) -> Node:
        kept = [one for one in self.there() if ids is None or self.gid("Project", one.id) in ids]
        return page(kept, self.project, first, after)

    def project(self, one: Repository) -> Node:
        """A project with its connections."""
        return {
            "id": self.gid("Project", one.id),
            "fullPath": one.name,
            "lastActivityAt": stamp(one.pushed),
            "mergeRequests": partial(self._changes, lambda: [one]),
            "mergeRequest": lambda _info, *, iid: self._change_of(one, iid),
            "pipelines": partial(self._pipelines, one),
            "pipeline": partial(self._pipeline_of, one),
            "releases": partial(self._releases, one),
        }

    # Merge requests

    def _changes(
        self,
        places: Callable[[], list[Repository]],
        _info: object,
        *,
        first: int | None = None,
        after: str | None = None,
        state: str | None = None,
        sort: str = "CREATED_DESC",
        includeSubgroups: bool = False,  # noqa: N803 the schema's own name
    ) -> Node:
        """The cursor is a place in the order, so that what moves away pushes nothing out."""
        wanted, falling = {"opened": "open"}.get(state or "", state), sort.endswith("DESC")
        kept = [p for place in places() for p in place.pulls.values() if wanted in (None, p.state)]
        rows = [(p.updated, self.ids.of("MergeRequest", p.id), p) for p in kept]
        rows.sort(key=lambda row: row[:2], reverse=falling)
        start = 0
        if after:
            last = tuple(key_of(after, 2))
            start = sum(row[:2] >= last if falling else row[:2] <= last for row in rows)
        here = rows[start : start + min(MOST, first or MOST)]
        info = {"hasNextPage": start + len(here) < len(rows), "endCursor": cursor(*here[-1][:2]) if here else None}
        return {"pageInfo": info, "nodes": [self.change(row[2]) for row in here]}

    def _change_of(self, one: Repository, iid: str) -> Node | None:
        pull = one.pulls.get(int(iid))
        return self.change(pull) if pull is not None else None

    def change(self, pull: PullRequest) -> Node:
        """A merge request."""
        commits = [item.more for item in pull.items if item.kind == "PullRequestCommit"]
        return {
            "id": self.gid("MergeRequest", pull.id),
            "iid": str(pull.number),
            "title": pull.title,
            "description": pull.body,
            "draft": pull.draft,
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "createdAt": stamp(pull.created),
            "updatedAt": stamp(pull.updated),
            "mergedAt": stamp(pull.merged),
            "closedAt": stamp(pull.closed) if pull.merged is None else None,
            "sourceBranch": pull.head,
            "targetBranch": pull.base,
            "mergeCommitSha": pull.merge_sha,
            "author": user(pull.author),
            "project": lambda _info: self.project(pull.repository),
            "diffStats": [
                {"path": path, "additions": plus, "deletions": minus} for path, plus, minus in pull.files or ()
            ],
            "notes": lambda _info, *, first=None, after=None: page(notes(pull), self.note, first, after),
            "commits": lambda _info, *, first=None, after=None: page(commits, self.commit, first, after),
        }

    def note(self, one: Note) -> Node:
        """A note."""
        return {
            "id": self.gid("Note", one.key), "system": one.system, "body": one.body, "createdAt": stamp(one.at),
            "resolvable": one.resolvable, "author": user(one.author),
        }  # fmt: skip

    @staticmethod
    def commit(one: Commit) -> Node:
        """A commit with its people."""
        return {
            "sha": one.sha,
            "authoredDate": stamp(one.authored),
            "committedDate": stamp(one.committed),
            "authorName": one.names[0],
            "authorEmail": one.emails[0],
            "committerName": one.names[1],
            "committerEmail": one.emails[1],
            "message": one.message,
            "author": user(Account(one.login)) if one.login else None,
        }

    # Pipelines

    def _pipelines(
        self,
        one: Repository,
        _info: object,
        *,
        updatedAfter: str | None = None,  # noqa: N803 the schema's own name
        first: int | None = None,
        after: str | None = None,
    ) -> Node:
        since = seconds(updatedAfter) if updatedAfter else 0
        runs = [run for run in self.world.ci.runs.values() if run.repository is one and run.updated >= since]
        return page(sorted(runs, key=lambda run: -run.id), self.pipeline, first, after)

    def _pipeline_of(self, one: Repository, _info: object, *, id: str = "", iid: str = "") -> Node | None:  # noqa: A002
        run = self.world.ci.runs.get(int(id.rpartition("/")[2] or 0))
        return self.pipeline(run) if run is not None and run.repository is one else None

    def pipeline(self, run: Run) -> Node:
        """A run as a pipeline; its attempts are the jobs that were created anew."""
        attempt = run.attempts[-1]
        status = STATUSES[attempt.conclusion] if attempt.conclusion else "RUNNING"
        of_change = run.event == "pull_request"
        return {
            "id": f"gid://gitlab/Ci::Pipeline/{run.id}",
            "sha": run.sha,
            "ref": run.branch,
            "source": "merge_request_event" if of_change else "push",
            "status": status,
            "createdAt": stamp(run.created),
            "updatedAt": stamp(run.updated),
            "finishedAt": stamp(attempt.ended),
            "jobs": lambda _info, *, first=None, after=None: page(self.jobs(run), lambda job: job, first, after),
            "testReportSummary": {"total": {"count": self.reports(run)}},
        }

    def jobs(self, run: Run) -> list[Node]:
        """All jobs, the newest first, as GitLab lists them."""
        asked = {attempt.number: attempt.asked for attempt in run.attempts}
        made = [
            {
                "id": f"gid://gitlab/Ci::Build/{self.ids.of('Job', f'{run.id}:{place}')}",
                "name": job.name,
                "status": STATUSES.get(job.conclusion or "", "RUNNING"),
                "allowFailure": False,
                "manualJob": False,
                "createdAt": stamp(asked[job.attempt]),
                "startedAt": stamp(job.started),
                "finishedAt": stamp(job.completed),
            }
            for place, job in enumerate(run.jobs)
        ]
        return made[::-1]

    def _releases(self, one: Repository, _info: object, *, first: int | None = None, sort: str = "") -> Node:
        there = [each for each in one.releases if each.published is not None]
        rows = sorted(there, key=lambda each: -(each.published or 0))
        return page(rows, lambda each: {"tagName": each.name, "releasedAt": stamp(each.published)}, first, None)
