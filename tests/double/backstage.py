"""What goes on behind the changes of a story: its runs, deployments, tickets and findings, entered into a world."""

from html import escape

from exporter.demo.shipping import RELEASE
from exporter.model import (
    Contained,
    Deployed,
    Event,
    Found,
    IssueClosed,
    IssueOpened,
    Judged,
    Labelled,
    Merged,
    Noted,
    Ran,
    Severity,
    Subject,
    Tested,
    Thing,
    Worked,
)
from tests.double import ci, delivering, tracker
from tests.double.facts import Commit, Issue, Repository
from tests.double.world import World

PULL_REQUEST, PUSH = "pull_request", "push"
TEST = "test"
SAID = {
    "qa": "- waiting for the testers again",
    "review": "- code reviews took days",
    "ci": "- flaky tests",
    "environment": "- the test environment was down",
    "requirements": "- acceptance criteria came late",
}
"""What a retrospective's notes say of each theme."""


class Backstage:
    """Enters facts that are not a change's own; what they are about is known by the story's keys."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._runs: dict[str, ci.Run] = {}
        self._issues: dict[str, Issue] = {}

    def merged(self, repository: Repository, event: Merged) -> None:
        """The merge is the head of the default branch from now on, and descends from what was."""
        graph = repository.graph
        before = next(reversed(graph.commits), None)
        graph.commit(*([before] if before else []), sha=event.sha, at=event.at)

    def happen(self, subject: Subject, event: Event) -> None:
        """Enter one fact.

        Raises:
            TypeError: a kind of fact that is not known here.
        """
        repository = self.world.repositories[subject.repository]
        match event:
            case Ran() | Tested() if subject.thing is Thing.LINE:
                pass  # the run says it
            case Ran():
                self._ran(repository, subject, event)
            case Tested():
                body = ci.zipped({"junit.xml": report(event)})
                self.world.ci.upload(self._runs[subject.key], "junit", body, event.at)
            case Worked():
                commits = [_commit(sha, at, who, marks) for sha, at, who, marks in event.commits]
                self.world.ci.differ(repository, event.base, event.head, commits=commits, files=event.files)
            case Deployed():
                self._deployed(repository, event)
            case Contained():
                pass  # the graph says it
            case IssueOpened():
                self._issues[subject.key] = tracker.report(
                    self.world, repository, at=event.at, number=subject.number, id=subject.key
                )
            case Labelled():
                turn = tracker.label if event.on else tracker.unlabel
                turn(self.world, self._issues[subject.key], event.label, at=event.at)
            case Noted():
                self._issues[subject.key].body = "\n".join(SAID[theme] for theme in event.themes)
            case IssueClosed():
                by = repository.pulls.get(event.by)
                tracker.close(self.world, self._issues[subject.key], by=by, at=event.at)
            case Found():
                self._found(repository, subject, event)
            case Judged():
                self._judged(repository, subject, event)
            case _:
                raise TypeError(f"the world has nothing for {event}")

    def _ran(self, repository: Repository, subject: Subject, event: Ran) -> None:
        """An attempt, all at once when it has ended: what it was asked for and began with lies behind."""
        runs = self.world.ci
        run = self._runs.get(subject.key)
        if run is None:
            how = PUSH if event.default else PULL_REQUEST
            run = runs.start(repository, event.sha, branch=event.branch, event=how, path=event.workflow, at=event.asked)
            self._runs[subject.key] = run
        else:
            runs.retry(run, at=event.asked)
        green = () if event.red else (TEST,)
        runs.finish(run, event.result, red=event.red, green=green, started=event.started, at=event.at)

    def _deployed(self, repository: Repository, event: Deployed) -> None:
        if event.environment == RELEASE:
            delivering.release(self.world, repository, event.named, event.sha, at=event.at)
            return
        took = event.at - event.created
        state = event.outcome.upper()
        delivering.deploy(self.world, repository, event.sha, event.environment, at=event.at, took=took, state=state)

    def _found(self, repository: Repository, subject: Subject, event: Found) -> None:
        scanning, number = self.world.scanning, subject.number
        grade = None if event.severity is Severity.UNKNOWN else event.severity
        if event.manifest:
            scanning.vulnerable(repository, event.manifest, severity=grade, at=event.at, number=number)
            return
        heads = [repository.pulls[change] for change in event.changes]
        sha = event.commits[0] if event.commits else ""
        scanning.found(repository, on=heads, sha=sha, severity=grade, at=event.at, number=number)

    def _judged(self, repository: Repository, subject: Subject, event: Judged) -> None:
        scanning = self.world.scanning
        code = subject.key.startswith("code:")
        alert = (scanning.find if code else scanning.find_dependency)(repository, subject.number)
        wrong, other = ("false positive", "won't fix") if code else ("inaccurate", "tolerable_risk")
        assert alert is not None
        scanning.dismiss(alert, wrong if event.wrong else other, event.at)


def report(event: Tested) -> str:
    """A JUnit report with so many cases; what is red is named."""
    broken = event.red[len(event.red) - event.errors :] if event.errors else ()
    cases = [f'<testcase name="case {number}"/>' for number in range(event.passed)]
    cases += [f'<testcase name="left out {number}"><skipped/></testcase>' for number in range(event.skipped)]
    cases += [
        f'<testcase name="{escape(name)}"><{"error" if name in broken else "failure"}/></testcase>'
        for name in event.red
    ]
    return f'<testsuite name="all">{"".join(cases)}</testsuite>'


def _commit(sha: str, at: int, who: str, marks: tuple[str, ...]) -> Commit:
    name = who.partition("@")[0]
    login = None if "@" in who else who
    address = who if "@" in who else f"{name}@example.org"
    return Commit(sha, "\n".join(("Work", "", *marks)), at, at, (name, name), (address, address), login)
