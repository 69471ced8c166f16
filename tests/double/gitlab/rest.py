"""A world as GitLab's REST API shows it: https://docs.gitlab.com/api/rest/."""

from collections.abc import Callable
from typing import Any

from tests.double.ci import Run
from tests.double.facts import Deployment, Issue, PullRequest, Release, Repository, Tag
from tests.double.gitlab.view import STATUSES, View, user
from tests.double.paging import stamp
from tests.double.world import World, seconds

Row = dict[str, Any]
STATES = {"SUCCESS": "success", "FAILURE": "failed", "ERROR": "failed", "IN_PROGRESS": "running", "QUEUED": "created",
          "WAITING": "blocked", "PENDING": "created", "INACTIVE": "success"}  # fmt: skip


class GoneError(Exception):
    """There is no such thing, or not for this token."""


class Rest:
    """Answers one request; ``query`` are its parameters, of which ``iids[]`` may stand several times."""

    def __init__(self, view: View, reports: Callable[[Run], Row], query: dict[str, list[str]]) -> None:
        self.view = view
        self.world: World = view.world
        self.ids = view.ids
        self.reports = reports
        self.query = query
        self.total = 0

    def answer(self, parts: list[str]) -> Any:
        """What a path leads to.

        Raises:
            GoneError: nothing.
        """
        match parts:
            case ["version"]:
                return {"version": "17.5.0", "revision": "0123456789a"}
            case ["user"]:
                return {"id": 1, "username": "reader", "state": "active", "bot": True}
            case ["groups", group]:
                return self._group(group)
            case ["groups", group, "projects"]:
                return self._page([self.project(each) for each in sorted(self._below(group), key=lambda one: one.name)])
            case ["groups", group, "issues"]:
                return self._issues([issue for one in self._below(group) for issue in one.issues.values()])
            case ["projects", project, *rest]:
                found = self.view.named(project.replace("%2F", "/"))
                if found is None:
                    raise GoneError
                return self._of(found, rest)
        raise GoneError

    def _of(self, one: Repository, parts: list[str]) -> Any:
        match parts:
            case []:
                return self.project(one)
            case ["merge_requests"]:
                wanted = self.query.get("iids[]", [])
                return self._page(
                    [self.change(each) for each in one.pulls.values() if not wanted or str(each.number) in wanted]
                )
            case ["issues"]:
                return self._issues(list(one.issues.values()))
            case ["issues", iid, "resource_label_events"]:
                return self._page(self._labels(one.issues[int(iid)]))
            case ["issues", iid, "resource_state_events"]:
                return self._page(self._states(one.issues[int(iid)]))
            case ["pipelines"]:
                runs = [run for run in self.world.ci.runs.values() if run.repository is one]
                return self._page([self.pipeline(each) for each in runs])
            case ["pipelines", run, "test_report"]:
                return self.reports(self.world.ci.runs[int(run)])
            case ["deployments"]:
                rows = sorted(one.deployments, key=lambda each: -each.created)
                return self._page([self.deployment(each) for each in rows])
            case ["deployments", number]:
                key = self.ids.key(int(number))
                return self.deployment(next(each for each in one.deployments if each.id == key))
            case ["releases"]:
                rows = sorted(
                    (each for each in one.releases if each.published), key=lambda each: -(each.published or 0)
                )
                return self._page([self.release(each) for each in rows])
            case ["repository", "tags"]:
                return self._page([self.tag(one, each) for each in self._tags(one)])
            case ["repository", "compare"]:
                return self._compare(one)
        raise GoneError

    def _page(self, rows: list[Any]) -> list[Any]:
        size, page = int(self._one("per_page", "20")), int(self._one("page", "1"))
        self.total = len(rows)
        return rows[(page - 1) * size : page * size]

    def _one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def _below(self, group: str) -> list[Repository]:
        found = self.view.below(self._path(group))
        if not found:
            raise GoneError
        return found

    def _path(self, group: str) -> str:
        """A group's full path, by that or by its number."""
        return (self.ids.key(int(group)) or "") if group.isdecimal() else group.replace("%2F", "/")

    def _group(self, group: str) -> Row:
        path = self._path(group)
        self._below(path)
        return {"id": self.ids.of("Group", path), "full_path": path, "name": path.rpartition("/")[2]}

    def project(self, one: Repository) -> Row:
        """A project."""
        return {
            "id": self.ids.of("Project", one.id),
            "path_with_namespace": one.name,
            "default_branch": one.default_branch,
            "archived": one.archived,
            "topics": list(one.topics),
        } | ({"forked_from_project": {"id": 1}} if one.fork else {})

    def change(self, pull: PullRequest) -> Row:
        """A merge request as lists show it."""
        return {
            "id": self.ids.of("MergeRequest", pull.id),
            "iid": pull.number,
            "project_id": self.ids.of("Project", pull.repository.id),
            "title": pull.title,
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "created_at": stamp(pull.created),
            "updated_at": stamp(pull.updated),
            "merged_at": stamp(pull.merged),
            "closed_at": stamp(pull.closed) if pull.merged is None else None,
            "author": user(pull.author),
            "source_branch": pull.head,
            "target_branch": pull.base,
            "sha": next((item.more.sha for item in reversed(pull.items) if item.kind == "PullRequestCommit"), None),
            "merge_commit_sha": pull.merge_sha,
            "squash_commit_sha": None,
        }

    # Issues

    def _issues(self, issues: list[Issue]) -> list[Row]:
        after, before, state = self._one("updated_after"), self._one("updated_before"), self._one("state")
        kept = [
            issue
            for issue in issues
            if (not after or issue.updated >= seconds(after))
            and (not before or issue.updated <= seconds(before))
            and (state != "opened" or issue.closed is None)
        ]
        return self._page([self.issue(each) for each in sorted(kept, key=lambda each: (-each.updated, each.id))])

    def issue(self, issue: Issue) -> Row:
        """An issue as lists show it."""
        labels: list[str] = []
        for item in issue.items:
            if item.kind == "LabeledEvent":
                labels.append(item.more)
            elif item.kind == "UnlabeledEvent" and item.more in labels:
                labels.remove(item.more)
        closings = [item for item in issue.items if item.kind == "ClosedEvent"]
        duplicate = issue.closed is not None and closings and closings[-1].more[0] not in (None, "COMPLETED")
        return {
            "id": self.ids.of("Issue", issue.id),
            "iid": issue.number,
            "project_id": self.ids.of("Project", issue.repository.id),
            "title": "Something is wrong",
            "description": issue.body,
            "state": "opened" if issue.closed is None else "closed",
            "created_at": stamp(issue.created),
            "updated_at": stamp(issue.updated),
            "closed_at": stamp(issue.closed),
            "labels": labels,
            "issue_type": "issue",
            "moved_to_id": None,
            "references": {"full": f"{issue.repository.name}#{issue.number}"},
            "_links": {"closed_as_duplicate_of": "https://gitlab.example/1" if duplicate else None},
        }

    def _labels(self, issue: Issue) -> list[Row]:
        actions = {"LabeledEvent": "add", "UnlabeledEvent": "remove"}
        return [
            {"id": self.ids.of("LabelEvent", item.id), "created_at": stamp(item.at), "action": actions[item.kind],
             "label": {"name": item.more}}
            for item in issue.items
            if item.kind in actions
        ]  # fmt: skip

    def _states(self, issue: Issue) -> list[Row]:
        states = {"ClosedEvent": "closed", "ReopenedEvent": "reopened"}
        return [
            {"id": self.ids.of("StateEvent", item.id), "created_at": stamp(item.at), "state": states[item.kind]}
            for item in issue.items
            if item.kind in states
        ]

    # CI and delivery

    def pipeline(self, run: Run) -> Row:
        """A pipeline as lists show it."""
        status = STATUSES[run.attempts[-1].conclusion or ""] if run.attempts[-1].conclusion else "RUNNING"
        return {
            "id": run.id, "iid": run.number, "sha": run.sha, "ref": run.branch, "status": status.lower(),
            "source": "push", "created_at": stamp(run.created), "updated_at": stamp(run.updated),
        }  # fmt: skip

    def deployment(self, one: Deployment) -> Row:
        """A deployment; a later one in its environment changes nothing of it."""
        told = [each for each in one.statuses if each[0] != "INACTIVE"]
        state, at = told[-1]
        status = STATES.get(state, "canceled")
        return {
            "id": self.ids.of("Deployment", one.id),
            "iid": self.ids.of("Deployment", one.id),
            "sha": one.sha,
            "ref": "main",
            "status": status,
            "created_at": stamp(one.created),
            "updated_at": stamp(at),
            "environment": {"name": one.environment},
            "deployable": {"finished_at": stamp(at) if status in ("success", "failed") else None},
        }

    @staticmethod
    def release(one: Release) -> Row:
        """A release."""
        return {
            "tag_name": one.name, "name": one.name, "created_at": stamp(one.created),
            "released_at": stamp(one.published), "commit": {"id": one.sha} if one.sha else None,
            "upcoming_release": False,
        }  # fmt: skip

    @staticmethod
    def _tags(one: Repository) -> list[Tag]:
        commits = one.graph.commits
        return sorted((each for each in one.tags if each.sha in commits), key=lambda each: -commits[each.sha].at)

    @staticmethod
    def tag(one: Repository, each: Tag) -> Row:
        """A tag."""
        commit = one.graph.commits[each.sha]
        return {
            "name": each.name,
            "target": each.sha,
            "commit": {"id": each.sha, "created_at": stamp(commit.at)},
            "created_at": stamp(each.tagged),
        }

    def _compare(self, one: Repository) -> Row:
        base, head = self._one("from"), self._one("to")
        told = self.world.ci.between.get((one.id, base, head))
        if told is not None:
            ahead = list(told.commits) if told.status == "ahead" else []
            commits = [
                {
                    "id": each.sha,
                    "message": each.message,
                    "author_email": each.emails[0],
                    "authored_date": stamp(each.authored),
                }
                for each in ahead
            ]
            return {"commits": commits, "diffs": [self._diff(*each) for each in told.files] if ahead else []}
        found = one.graph.compare(base, head)
        if found is None:
            raise GoneError
        made = [
            {
                "id": each.sha,
                "message": each.message,
                "author_email": f"{each.author}@example.org",
                "authored_date": stamp(each.at),
            }
            for each in found.ahead
        ]
        return {"commits": made, "diffs": [self._diff(*file) for each in found.ahead for file in each.files]}

    @staticmethod
    def _commit(sha: str, message: str, email: str, authored: int) -> Row:
        return {"id": sha, "message": message, "author_email": email, "authored_date": stamp(authored)}

    @staticmethod
    def _diff(path: str, added: int, deleted: int) -> Row:
        text = "@@ -1 +1 @@\n" + "-gone\n" * deleted + "+new\n" * added
        return {"new_path": path, "old_path": path, "diff": text, "too_large": False, "collapsed": False}
