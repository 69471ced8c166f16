"""What GitHub knows of code scanning and Dependabot: alerts, the heads they were seen on, and what became of them.

https://docs.github.com/rest/code-scanning/code-scanning, https://docs.github.com/rest/dependabot/alerts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.double.facts import PullRequest, Repository

SCANNED = 300
"""Seconds after a merge by which the default branch was scanned."""


@dataclass(slots=True, eq=False)
class Alert:
    """One alert. ``pulls``: on whose heads it was seen; ``sha``: the commit of the default branch, where on none.
    ``manifest``: the file that names a dependency, ``published``: since when that is known to be vulnerable.

    ``updated`` is as old as the alert when its change is merged: GitHub does not promise that a merge updates it.
    """

    repository: Repository
    number: int
    created: int
    updated: int
    severity: str | None
    pulls: tuple[PullRequest, ...] = ()
    sha: str = ""
    state: str = "open"
    dismissed: int | None = None
    reason: str | None = None
    manifest: str = ""
    published: int = 0

    def landed(self, now: int) -> bool:
        """Whether a scan has seen it on the default branch."""
        merges = [pull.merged for pull in self.pulls if pull.merged is not None]
        return bool(self.sha or self.manifest) or (bool(merges) and min(merges) + SCANNED <= now)

    def places(self, now: int) -> list[tuple[str, str]]:
        """References at which it is, with the commit scanned there."""
        heads = [(f"refs/pull/{pull.number}/merge", f"{pull.number:040x}") for pull in self.pulls]
        sha = self.sha or next((pull.merge_sha or "" for pull in self.pulls if pull.merged is not None), "")
        return [*heads, *([(f"refs/heads/{self.repository.default_branch}", sha)] if self.landed(now) else [])]


class Scanning:
    """All scanning of a world; ``off`` are owners (lower case) that have none. Times default to the world's.

    Alerts of code and of dependencies are numbered each for themselves.
    """

    def __init__(self, world: Any) -> None:
        self.world = world
        self.off: set[str] = set()
        self._alerts: dict[tuple[str, int], Alert] = {}
        self._dependencies: dict[tuple[str, int], Alert] = {}

    def find(self, repository: Repository, number: int) -> Alert | None:
        """The alert of code with a number."""
        return self._alerts.get((repository.id, number))

    def find_dependency(self, repository: Repository, number: int) -> Alert | None:
        """The alert of a dependency with a number."""
        return self._dependencies.get((repository.id, number))

    def dependencies(self, owner: str) -> list[Alert]:
        """The alerts of what an owner's repositories depend on."""
        return [each for each in self._dependencies.values() if _of(owner, each)]

    def on_default_branches(self, owner: str) -> list[Alert]:
        """The alerts of an owner's repositories that a scan has seen on a default branch."""
        now = self.world.now
        return [each for each in self._alerts.values() if _of(owner, each) and each.landed(now)]

    def found(
        self,
        repository: Repository,
        *,
        on: Sequence[PullRequest] = (),
        sha: str = "",
        severity: str | None = "high",
        at: int | None = None,
        number: int = 0,
    ) -> Alert:
        """A scan finds something on heads of changes, or at a commit of the default branch."""
        at = self.world.now if at is None else at
        return self._add(self._alerts, Alert(repository, number, at, at, severity, tuple(on), sha))

    def vulnerable(
        self,
        repository: Repository,
        manifest: str,
        *,
        published: int = 0,
        severity: str | None = "high",
        at: int | None = None,
        number: int = 0,
    ) -> Alert:
        """The default branch depends on something that is known to be vulnerable since ``published``."""
        at = self.world.now if at is None else at
        alert = Alert(repository, number, at, at, severity, manifest=manifest, published=published)
        return self._add(self._dependencies, alert)

    def _add(self, alerts: dict[tuple[str, int], Alert], alert: Alert) -> Alert:
        """Keep an alert, under the repository's next number unless it has one."""
        with self.world.lock:
            alert.number = alert.number or 1 + sum(place == alert.repository.id for place, _ in alerts)
            alerts[alert.repository.id, alert.number] = alert
        return alert

    def dismiss(self, alert: Alert, reason: str = "false positive", at: int | None = None) -> None:
        """Somebody says what it is worth."""
        at = self.world.now if at is None else at
        with self.world.lock:
            alert.state, alert.dismissed, alert.reason, alert.updated = "dismissed", at, reason, at

    def reopen(self, alert: Alert, at: int | None = None) -> None:
        """Somebody takes that back."""
        at = self.world.now if at is None else at
        with self.world.lock:
            alert.state, alert.dismissed, alert.reason, alert.updated = "open", None, None, at


def _of(owner: str, alert: Alert) -> bool:
    return alert.repository.name.lower().startswith(f"{owner}/") and not alert.repository.deleted
