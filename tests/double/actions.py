"""The REST answers about CI and code scanning: runs, attempts, jobs, artifacts, comparisons and alerts.

https://docs.github.com/rest/actions/workflow-runs, /workflow-jobs, /artifacts, https://docs.github.com/rest/commits,
/rest/code-scanning/code-scanning
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.double.auth import DeniedError, Token
from tests.double.ci import Artifact, Attempt, Ci, Job, Run
from tests.double.delivering import compared
from tests.double.facts import Commit, Repository
from tests.double.faults import Answer, Asked, said
from tests.double.scanning import Alert
from tests.double.search import LIMIT
from tests.double.view import View, stamp
from tests.double.world import World, seconds

MOST_FILES = 300
SIGNED = "signed"
ACTIONS, CONTENTS, SECURITY = "actions", "contents", "security_events"
VULNERABLE = "vulnerability_alerts"


class Actions:
    """Answers for one token. ``home``: where the double listens; ``link``: the header of that name."""

    def __init__(self, world: World, token: Token, asked: Asked, home: str) -> None:
        self.world = world
        self.ci: Ci = world.ci
        self.token = token
        self.asked = asked
        self.home = home
        self.link = ""
        self.parts = asked.path.strip("/").split("/")

    def repository(self, needs: str) -> Repository:
        """The repository the path names.

        Raises:
            DeniedError: the token may not see it, or lacks a permission.
        """
        found = self.world.names.get("/".join(self.parts[1:3]).lower())
        if found is None or not View(self.world, self.token.owners, lambda: None).sees(found):
            raise DeniedError(404, "Not Found")
        if needs in self.token.lacks:
            raise DeniedError(403, "Resource not accessible by personal access token")
        return found

    def run(self) -> Run:
        """The run the path names.

        Raises:
            DeniedError: there is none.
        """
        repository, found = self.repository(ACTIONS), self.ci.runs.get(int(self.parts[5]))
        if found is None or found.repository is not repository:
            raise DeniedError(404, "Not Found")
        return found

    def page(self, rows: list[Any], limit: int | None = None) -> list[Any]:
        """The rows of the page that was asked for."""
        size, number = int(self.asked.variables.get("per_page", 30)), int(self.asked.variables.get("page", 1))
        return rows[:limit][(number - 1) * size : number * size]

    def runs(self) -> Any:
        """``GET /repos/{}/{}/actions/runs``: the newest first; of a filtered list a thousand at most."""
        repository, created = self.repository(ACTIONS), self.asked.variables.get("created")
        rows = [run for run in self.ci.runs.values() if run.repository is repository]
        if created:
            lower, _, upper = created.partition("..")
            rows = [run for run in rows if seconds(lower) <= run.created <= seconds(upper)]
        rows.sort(key=lambda run: (run.created, run.id), reverse=True)
        here = self.page(rows, LIMIT if created else None)
        return {"total_count": len(rows), "workflow_runs": [shown(run, run.attempts[-1]) for run in here]}

    def attempt(self) -> Any:
        """``GET /repos/{}/{}/actions/runs/{}/attempts/{}``.

        Raises:
            DeniedError: there is none.
        """
        run, number = self.run(), int(self.parts[7])
        if not 1 <= number <= len(run.attempts):
            raise DeniedError(404, "Not Found")
        return shown(run, run.attempts[number - 1])

    def jobs(self) -> Any:
        """``GET /repos/{}/{}/actions/runs/{}/jobs``."""
        run = self.run()
        rows = run.jobs if self.asked.variables.get("filter") == "all" else _latest(run)
        return {"total_count": len(rows), "jobs": [_job(run, n, job) for n, job in enumerate(self.page(rows))]}

    def artifacts(self) -> Any:
        """``GET /repos/{}/{}/actions/artifacts``: the newest first."""
        repository = self.repository(ACTIONS)
        rows = [each for each in self.ci.artifacts.values() if each.run.repository is repository]
        rows.sort(key=lambda each: (each.created, each.id), reverse=True)
        return {"total_count": len(rows), "artifacts": [_artifact(each) for each in self.page(rows)]}

    def archive(self) -> Answer:
        """``GET /repos/{}/{}/actions/artifacts/{}/zip``: where it can be had, for a minute."""
        repository, found = self.repository(ACTIONS), self.ci.artifacts.get(int(self.parts[5]))
        if found is None or found.run.repository is not repository:
            return said(404, "Not Found")
        if found.expired:
            return said(410, "Artifact has expired")
        return Answer(302, body=b"", headers={"Location": f"{self.home}/{SIGNED}/{found.id}?sig=a%2Fb%3D"})

    def compare(self) -> Any:
        """``GET /repos/{}/{}/compare/{base}...{head}``: files on the first page only; from the graph unless told."""
        repository = self.repository(CONTENTS)
        base, _, head = self.parts[4].partition("...")
        found = self.ci.between.get((repository.id, base, head))
        if found is None:
            return compared(repository, base, head, self.asked.variables)
        first = self.asked.variables.get("page", "1") == "1"
        files = [
            {"filename": path, "status": "modified", "additions": added, "deletions": deleted}
            for path, added, deleted in found.files[:MOST_FILES]
        ]
        told = {
            "status": found.status,
            "ahead_by": len(found.commits),
            "behind_by": 0,
            "total_commits": len(found.commits),
            "commits": [_commit(each) for each in self.page(list(found.commits))],
        }
        return told | ({"files": files} if first else {})

    def alerts(self) -> Any:
        """``GET /orgs/{}/code-scanning/alerts``: of the default branches."""
        return [_alert(each) for each in self.listed(SECURITY, self.world.scanning.on_default_branches)]

    def dependencies(self) -> Any:
        """``GET /orgs/{}/dependabot/alerts``."""
        return [_dependency(each) for each in self.listed(VULNERABLE, self.world.scanning.dependencies)]

    def listed(self, needs: str, of: Callable[[str], list[Alert]]) -> list[Alert]:
        """A page of an organisation's alerts; ``after`` is a cursor that Link gives.

        Raises:
            DeniedError: the organisation has no such list, or the token lacks the permission.
        """
        owner, given = self.parts[1].lower(), self.asked.variables
        if owner in self.world.scanning.off or not any(name.startswith(f"{owner}/") for name in self.world.names):
            raise DeniedError(404, "Not Found")
        if needs in self.token.lacks:
            raise DeniedError(403, "Resource not accessible by personal access token")
        view = View(self.world, self.token.owners, lambda: None)
        rows = [each for each in of(owner) if view.sees(each.repository) and given.get("state") in (None, each.state)]
        if given.get("sort") == "updated":
            rows.sort(key=lambda each: (each.updated, each.repository.id, each.number))
        if given.get("direction", "desc") == "desc":
            rows.reverse()
        start, size = int(given.get("after", "0")), int(given.get("per_page", "30"))
        if start + size < len(rows):
            query = urlencode({**given, "after": start + size})
            self.link = f'<{self.home}{self.asked.path}?{query}>; rel="next"'
        return rows[start : start + size]

    def instances(self) -> Any:
        """``GET /repos/{}/{}/code-scanning/alerts/{}/instances``.

        Raises:
            DeniedError: there is no such alert.
        """
        repository = self.repository(SECURITY)
        found = self.world.scanning.find(repository, int(self.parts[5]))
        if found is None:
            raise DeniedError(404, "Not Found")
        rows = [{"ref": ref, "commit_sha": sha, "state": found.state} for ref, sha in found.places(self.world.now)]
        return self.page(rows)


def signed(world: World, asked: Asked) -> Answer:
    """The storage behind a signed address, which takes no credential beside it."""
    found = world.ci.artifacts.get(int(asked.path.strip("/").split("/")[1]))
    if "authorization" in asked.headers or asked.variables.get("sig") != "a/b=" or found is None:
        return Answer(400, body=b"<Error>InvalidQueryParameterValue</Error>", type="application/xml")
    return Answer(body=found.body, type="application/zip")


ROUTES: dict[tuple[str, ...], Callable[[Actions], Any]] = {
    ("GET", "repos", "+", "+", "actions", "runs"): Actions.runs,
    ("GET", "repos", "+", "+", "actions", "runs", "*", "attempts", "*"): Actions.attempt,
    ("GET", "repos", "+", "+", "actions", "runs", "*", "jobs"): Actions.jobs,
    ("GET", "repos", "+", "+", "actions", "artifacts"): Actions.artifacts,
    ("GET", "repos", "+", "+", "actions", "artifacts", "*", "zip"): Actions.archive,
    ("GET", "repos", "+", "+", "compare", "+"): Actions.compare,
    ("GET", "orgs", "+", "code-scanning", "alerts"): Actions.alerts,
    ("GET", "orgs", "+", "dependabot", "alerts"): Actions.dependencies,
    ("GET", "repos", "+", "+", "code-scanning", "alerts", "*", "instances"): Actions.instances,
}
"""Answers by method and path; ``*`` stands for a number, ``+`` for any word."""


def rest(world: World, path: str) -> Answer:
    """The answer to a GET of a path with its query, for a token that may everything; a file's from where it is kept."""
    parts = urlsplit(path)
    asked = Asked(1, "GET", parts.path, variables=dict(parse_qsl(parts.query)))
    told = next(told for pattern, told in ROUTES.items() if fits(pattern, ["GET", *parts.path.strip("/").split("/")]))
    actions = Actions(world, Token(), asked, "")
    answer = told(actions)
    if not isinstance(answer, Answer):
        return Answer(payload=answer, headers={"link": actions.link})
    if answer.status != 302:
        return answer
    kept = urlsplit(answer.headers["Location"])
    return signed(world, Asked(2, "GET", kept.path, variables=dict(parse_qsl(kept.query))))


def fits(pattern: tuple[str, ...], parts: list[str]) -> bool:
    """Whether method and path are those of a pattern."""
    return len(pattern) == len(parts) and all(
        one == part or one == "+" or (one == "*" and part.isdigit()) for one, part in zip(pattern, parts, strict=True)
    )


def shown(run: Run, attempt: Attempt) -> dict[str, Any]:
    """A run as it was or is in one of its attempts."""
    owner, _, name = (run.fork or run.repository.name).partition("/")
    return {
        "id": run.id,
        "name": run.path.rpartition("/")[2].partition(".")[0],
        "node_id": run.key,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "path": run.path,
        "run_number": run.number,
        "event": run.event,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "workflow_id": 1,
        "check_suite_id": run.id,
        "check_suite_node_id": run.suite,
        "pull_requests": [],
        "created_at": stamp(run.created),
        "updated_at": stamp(attempt.ended or run.updated),
        "run_attempt": attempt.number,
        "run_started_at": stamp(attempt.asked),
        "head_repository": {"id": 1, "full_name": f"{owner}/{name}", "owner": {"login": owner}},
    }


def _latest(run: Run) -> list[Job]:
    return [job for job in run.jobs if job.attempt == len(run.attempts)]


def _job(run: Run, number: int, job: Job) -> dict[str, Any]:
    return {
        "id": run.id * 1000 + number,
        "run_id": run.id,
        "run_attempt": job.attempt,
        "name": job.name,
        "status": "completed" if job.conclusion else "in_progress",
        "conclusion": job.conclusion,
        "started_at": stamp(job.started),
        "completed_at": stamp(job.completed),
    }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "id": artifact.id,
        "node_id": f"ART_{artifact.id}",
        "name": artifact.name,
        "size_in_bytes": artifact.size,
        "archive_download_url": "",
        "expired": artifact.expired,
        "created_at": stamp(artifact.created),
        "updated_at": stamp(artifact.created),
        "workflow_run": {"id": artifact.run.id, "head_branch": artifact.run.branch, "head_sha": artifact.run.sha},
    }


def _alert(alert: Alert) -> dict[str, Any]:
    rule = {"id": "py/sql-injection", "severity": "error", "security_severity_level": alert.severity}
    return _any_alert(alert) | {"rule": rule, "tool": {"name": "CodeQL"}}


def _dependency(alert: Alert) -> dict[str, Any]:
    return _any_alert(alert) | {
        "dependency": {"manifest_path": alert.manifest, "scope": "runtime"},
        "security_advisory": {"severity": alert.severity, "published_at": stamp(alert.published)},
        "auto_dismissed_at": None,
    }


def _any_alert(alert: Alert) -> dict[str, Any]:
    return {
        "number": alert.number,
        "created_at": stamp(alert.created),
        "updated_at": stamp(alert.updated),
        "state": alert.state,
        "dismissed_at": stamp(alert.dismissed),
        "dismissed_reason": alert.reason,
        "repository": {"node_id": alert.repository.id, "full_name": alert.repository.name},
    }


def _commit(commit: Commit) -> dict[str, Any]:
    return {
        "sha": commit.sha,
        "commit": {
            "message": commit.message,
            "author": {"name": commit.names[0], "email": commit.emails[0], "date": stamp(commit.authored)},
            "committer": {"name": commit.names[1], "email": commit.emails[1], "date": stamp(commit.committed)},
        },
        "author": {"login": commit.login} if commit.login else None,
        "parents": [],
    }
