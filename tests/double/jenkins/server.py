"""The double as a Jenkins server: folders by owner, a multibranch job for each workflow, a job for each branch."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

from tests.double.ci import Attempt, Run
from tests.double.facts import Repository
from tests.double.faults import Answer, Asked
from tests.double.gitlab.server import cases_of
from tests.double.jenkins.tree import parse, pick, shallow
from tests.double.server import Double, serving
from tests.double.world import World

TOKEN = "reader:11abcdef"
"""User and token that every double of Jenkins accepts unless told otherwise."""
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
JOB = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
BUILD = "org.jenkinsci.plugins.workflow.job.WorkflowRun"
RESULTS = {
    "success": "SUCCESS", "failure": "FAILURE", "timed_out": "ABORTED", "startup_failure": "FAILURE",
    "cancelled": "ABORTED", "skipped": "NOT_BUILT", "neutral": "SUCCESS", "stale": "ABORTED",
}  # fmt: skip
STAGES = {"success": "SUCCESS", "failure": "FAILED", "cancelled": "ABORTED", "skipped": "NOT_EXECUTED"}
CASES = {"success": "PASSED", "failed": "FAILED", "error": "FAILED", "skipped": "SKIPPED"}
Node = dict[str, Any]


class Missing(Exception):
    """There is no such page."""


class JenkinsServer(Double):
    """A world's runs served as builds; ``host`` is what its remotes are called."""

    def __init__(self, world: World, *, token: str | None = TOKEN, host: str = "git.example", **how: Any) -> None:
        super().__init__(world, token=token, **how)
        self.host = host

    async def _read(self, request: web.Request) -> Asked:
        asked = await super()._read(request)
        asked.path = request.rel_url.raw_path
        scheme, _, secret = asked.headers.get("authorization", "").partition(" ")
        asked.token = base64.b64decode(secret).decode() if scheme == "Basic" else secret
        asked.operation = "jobs" if "builds%5B" in str(request.rel_url) or asked.path.count("/job/") < 2 else "builds"
        return asked

    def _answer(self, asked: Asked) -> Answer:
        known = self.auth.tokens.get(asked.token)
        if known is None or known.revoked:
            return Answer(401, body=b"<html><body>401 Unauthorized</body></html>", type="text/html")
        with self.world.lock:
            try:
                found = self._page(asked.path)
            except (Missing, KeyError, StopIteration):
                return Answer(404, body=b"<html><body>404 Not Found</body></html>", type="text/html")
        tree = asked.variables.get("tree")
        whole = "/testReport/" in asked.path  # what a report holds is told at once
        told = pick(found, parse(tree)) if tree else found if whole else shallow(found)
        return Answer(payload=told, headers={"X-Jenkins": "2.462.3"})

    def _page(self, path: str) -> Node:
        """What a path leads to: of a folder, a job, a build, or something of a build."""
        if path == "/me/api/json":
            return {"_class": "hudson.model.User", "fullName": "Reader", "id": "reader"}
        parts = path.removesuffix("/api/json").strip("/").split("/")
        names: list[str] = []
        while parts[:1] == ["job"]:
            names.append(unquote(parts[1]))
            parts = parts[2:]
        node = self._node(names)
        if not parts or parts == [""]:
            return node
        build = next(each for each in node["allBuilds"]() if each["number"] == int(parts[0]))
        match parts[1:]:
            case []:
                return build
            case ["testReport"]:
                return self._report(build["_run"], build["_attempt"])
            case ["wfapi", "describe"]:
                return self._stages(build["_run"], build["_attempt"])
        raise Missing

    # Places

    def _owners(self) -> dict[str, list[Repository]]:
        found: dict[str, list[Repository]] = {}
        for one in self.world.repositories.values():
            if not one.deleted:
                found.setdefault(one.owner, []).append(one)
        return found

    def _node(self, names: list[str]) -> Node:
        top = {"_class": "hudson.model.Hudson", "name": "", "jobs": [self._folder(each) for each in self._owners()]}
        node: Node = top
        for name in names:
            node = next(each for each in _held(node, "jobs") if each["name"] == name)
        return node

    def _folder(self, owner: str) -> Node:
        return {
            "_class": FOLDER, "name": owner, "fullName": owner, "url": f"{self.url}/job/{owner}/",
            "jobs": partial(self._projects, owner),
        }  # fmt: skip

    def _projects(self, owner: str) -> list[Node]:
        found: dict[str, list[Run]] = {}
        for run in self.world.ci.runs.values():
            if run.repository.owner == owner and not run.repository.deleted:
                name = f"{run.repository.name.partition('/')[2]}.{_workflow(run)}"
                found.setdefault(name, []).append(run)
        return [
            {
                "_class": MULTIBRANCH, "name": name, "fullName": f"{owner}/{name}",
                "url": f"{self.url}/job/{owner}/job/{name}/", "jobs": partial(self._branches, f"{owner}/{name}", runs),
            }
            for name, runs in found.items()
        ]  # fmt: skip

    def _branches(self, project: str, runs: list[Run]) -> list[Node]:
        found: dict[str, list[Run]] = {}
        for run in runs:
            found.setdefault(quote(run.branch or "detached", safe=""), []).append(run)
        return [
            {
                "_class": JOB, "name": name, "fullName": f"{project}/{name}",
                "url": f"{self.url}/job/{'/job/'.join(project.split('/'))}/job/{name}/",
                "builds": partial(self._builds, f"{project}/{name}", here),
                "allBuilds": partial(self._builds, f"{project}/{name}", here),
                "lastBuild": lambda project=project, name=name, here=here: self._builds(f"{project}/{name}", here)[0],
                "firstBuild": lambda project=project, name=name, here=here: self._builds(f"{project}/{name}", here)[-1],
            }
            for name, here in found.items()
        ]  # fmt: skip

    # Builds

    def _builds(self, job: str, runs: list[Run]) -> list[Node]:
        """The builds of a job, the newest first; an attempt that repeats another says which."""
        attempts = sorted(
            ((each.asked, run.id, each.number, run, each) for run in runs for each in run.attempts),
            key=lambda row: row[:3],
        )
        numbers = {(run.id, each.number): n for n, (*_, run, each) in enumerate(attempts, start=1)}
        made = [
            self._build(job, n, run, each, numbers[run.id, 1]) for n, (*_, run, each) in enumerate(attempts, start=1)
        ]
        return made[::-1]

    def _build(self, job: str, number: int, run: Run, attempt: Attempt, first: int) -> Node:
        ended, started = attempt.ended, _started(run, attempt)
        return {
            "_class": BUILD, "number": number, "fullDisplayName": f"{job} #{number}", "url": f"{self.url}/",
            "timestamp": started * 1000, "duration": (ended - started) * 1000 if ended is not None else 0,
            "building": ended is None, "result": RESULTS[attempt.conclusion or ""] if ended is not None else None,
            "actions": partial(self._actions, number, run, attempt, first), "_run": run, "_attempt": attempt,
        }  # fmt: skip

    def _actions(self, number: int, run: Run, attempt: Attempt, first: int) -> list[Node]:
        cases = cases_of(self.world, run, attempt)
        return [
            {"causes": [{"shortDescription": "Branch indexing" if number == first else f"Replayed #{first}"}]},
            {
                "_class": "hudson.plugins.git.util.BuildData",
                "lastBuiltRevision": {"SHA1": run.sha, "branch": [{"SHA1": run.sha, "name": f"origin/{run.branch}"}]},
                "remoteUrls": [f"https://{self.host}/{run.repository.name}.git"],
            },
            {},
            {"queuingDurationMillis": (_started(run, attempt) - attempt.asked) * 1000},
            *([{"totalCount": len(cases), "urlName": "testReport"}] if cases else []),
        ]

    @staticmethod
    def _stages(run: Run, attempt: Attempt) -> Node:
        jobs = [job for job in run.jobs if job.attempt == attempt.number]
        return {"stages": [{"name": job.name, "status": STAGES.get(job.conclusion or "", "FAILED")} for job in jobs]}

    def _report(self, run: Run, attempt: Attempt) -> Node:
        suites: dict[str, list[Node]] = {}
        for suite, name, status in cases_of(self.world, run, attempt):
            suites.setdefault(suite, []).append(
                {"className": "", "name": name, "status": CASES[status], "duration": 0.1}
            )
        return {"_class": "hudson.tasks.junit.TestResult",
                "suites": [{"name": name, "cases": cases} for name, cases in suites.items()]}  # fmt: skip


def _held(node: Node, name: str) -> list[Node]:
    held = node.get(name, [])
    found: list[Node] = held() if callable(held) else held
    return found


def _started(run: Run, attempt: Attempt) -> int:
    """When an attempt left the queue."""
    return min(
        (job.started for job in run.jobs if job.attempt == attempt.number and job.started), default=attempt.asked
    )


def _workflow(run: Run) -> str:
    return run.path.rpartition("/")[2].partition(".")[0]


@contextmanager
def serve_jenkins(world: World, *, port: int = 0, **how: Any) -> Iterator[JenkinsServer]:
    """Serves a world's runs as Jenkins from a thread of its own; ``how`` are the arguments of ``JenkinsServer``."""
    with serving(JenkinsServer(world, **how), port) as double:
        yield double
