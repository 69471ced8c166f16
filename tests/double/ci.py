"""What GitHub knows of CI: workflow runs with their attempts and jobs, artifacts, and what lies between two commits.

https://docs.github.com/rest/actions
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.double.facts import Commit, Repository

CI = ".github/workflows/ci.yml"
PULL_REQUEST = "pull_request"


@dataclass(slots=True)
class Job:
    """One job of an attempt, which is a check run. ``attempt``: in which it ran."""

    name: str
    attempt: int
    started: int | None
    completed: int | None = None
    conclusion: str | None = None


@dataclass(slots=True)
class Attempt:
    """One attempt of a run. ``ended`` and ``conclusion`` are None while it goes on; ``status``: then, what it does."""

    number: int
    asked: int
    status: str = "in_progress"
    ended: int | None = None
    conclusion: str | None = None


@dataclass(slots=True, eq=False)
class Run:
    """A workflow run; ``fork``: owner/name of the repository its branch is in, if it is another one."""

    id: int
    repository: Repository
    number: int
    sha: str
    branch: str | None
    event: str
    path: str
    created: int
    fork: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    updated: int = 0

    @property
    def key(self) -> str:
        """Its node id."""
        return f"WFR_{self.id}"

    @property
    def suite(self) -> str:
        """The node id of its check suite."""
        return f"CS_{self.id}"


@dataclass(slots=True, eq=False)
class Artifact:
    """Something a run uploaded."""

    id: int
    run: Run
    name: str
    created: int
    body: bytes
    expired: bool = False
    size: int = 0
    """What the list says of its size."""


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between two commits, as a comparison tells it."""

    commits: Sequence[Commit] = ()
    files: Sequence[tuple[str, int, int]] = ()
    status: str = "ahead"


class Ci:
    """All CI of a world. Times default to the world's."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.runs: dict[int, Run] = {}
        self.artifacts: dict[int, Artifact] = {}
        self.between: dict[tuple[str, str, str], Between] = {}
        self.heads: dict[str, str] = {}
        self._of: dict[tuple[str, str], list[Run]] = {}

    def start(
        self,
        repository: Repository,
        sha: str = "",
        *,
        branch: str | None = "main",
        event: str = "push",
        path: str = CI,
        at: int | None = None,
        status: str = "in_progress",
        fork: str | None = None,
    ) -> Run:
        """A run is asked for, and begins; the head of the default branch is its commit from now on, if on that."""
        at = self.world.now if at is None else at
        with self.world.lock:
            number = len(self.runs) + 1
            run = Run(1000 + number, repository, number, sha or commit(number), branch, event, path, at, fork)
            run.attempts.append(Attempt(1, at, status))
            run.updated = at
            self.runs[run.id] = run
            self._of.setdefault((repository.id, run.sha), []).append(run)
            if branch == repository.default_branch and event != PULL_REQUEST:
                self.heads[repository.id] = run.sha
        return run

    def finish(
        self,
        run: Run,
        conclusion: str = "success",
        *,
        red: Sequence[str] = (),
        green: Sequence[str] = ("build",),
        started: int | None = None,
        at: int | None = None,
        jobs: Sequence[Job] = (),
    ) -> Run:
        """The attempt that goes on ends, with jobs that all began (a minute after it was asked) and ended with it."""
        at = self.world.now if at is None else at
        with self.world.lock:
            attempt = run.attempts[-1]
            begun = attempt.asked + 60 if started is None else started
            names = [(name, "failure") for name in red] + [(name, "success") for name in green]
            run.jobs += jobs or [Job(name, attempt.number, begun, at, how) for name, how in names]
            attempt.ended, attempt.conclusion, attempt.status = at, conclusion, "completed"
            run.updated = at
        return run

    def ran(self, repository: Repository, sha: str, conclusion: str, asked: int, ended: int, **more: Any) -> Run:
        """A run that began and ended; ``more`` are arguments of ``start`` and ``finish``."""
        how = {name: more.pop(name) for name in ("red", "green", "started", "jobs") if name in more}
        return self.finish(self.start(repository, sha, at=asked, **more), conclusion, at=ended, **how)

    def retry(self, run: Run, at: int | None = None) -> Run:
        """Another attempt is asked for."""
        at = self.world.now if at is None else at
        with self.world.lock:
            run.attempts.append(Attempt(len(run.attempts) + 1, at))
            run.updated = at
        return run

    def delete(self, run: Run) -> None:
        """The run is deleted, with all it had."""
        with self.world.lock:
            del self.runs[run.id]
            self._of[run.repository.id, run.sha].remove(run)
            self.artifacts = {key: each for key, each in self.artifacts.items() if each.run is not run}

    def upload(self, run: Run, name: str, body: bytes, at: int | None = None, **more: Any) -> Artifact:
        """A run uploads an artifact; ``more`` are fields of Artifact."""
        at = self.world.now if at is None else at
        with self.world.lock:
            artifact = Artifact(5000 + len(self.artifacts), run, name, at, body, **more)
            artifact.size = artifact.size or len(body)
            self.artifacts[artifact.id] = artifact
        return artifact

    def differ(self, repository: Repository, base: str, head: str, **more: Any) -> None:
        """Tells what lies between two commits; ``more`` are fields of Between."""
        with self.world.lock:
            self.between[repository.id, base, head] = Between(**more)

    def suites(self, repository: Repository, sha: str | None) -> list[Run]:
        """The runs of a commit, each of which is a check suite, oldest first."""
        return self._of.get((repository.id, sha or ""), [])


def commit(number: int) -> str:
    """A commit's name."""
    return hashlib.sha1(f"commit {number}".encode(), usedforsecurity=False).hexdigest()


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """An archive as an upload makes it."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # the same bytes whenever it is made
            archive.writestr(member, text, zipfile.ZIP_DEFLATED)
    return body.getvalue()
