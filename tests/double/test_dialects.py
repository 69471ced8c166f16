"""One pretend organisation served in every dialect tells the same numbers, but for what a service has no word for."""

import asyncio
import json
import re
from contextlib import ExitStack
from email.utils import formatdate
from itertools import chain
from pathlib import Path

import pytest

from exporter import wiring
from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.config import load
from exporter.demo import Organisation
from exporter.model import Thing
from exporter.once import snapshot_at
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.store.sqlite import SqliteStore
from tests.double import TOKEN as GITHUB
from tests.double import World, seconds, serve
from tests.double.facts import Item, Repository
from tests.double.gitlab import TOKEN as GITLAB
from tests.double.gitlab import serve_gitlab
from tests.double.jenkins import TOKEN as JENKINS
from tests.double.jenkins import serve_jenkins
from tests.double.jira import Tracker
from tests.double.jira import serve as serve_jira
from tests.double.pretend import Play
from tests.double.view import stamp
from tests.system.processes import apart_from_own

pytestmark = pytest.mark.system

END = seconds("2026-06-25T15:00:00Z")
STORY = Organisation(start=END - 40 * DAY, repositories=3)
FORGES = {
    "github": "{{name: made, provider: github, url: '{github}', token_file: github, include: ['acme/*'],"
    " history: {start}, streams: [{streams}]}}",
    "gitlab": "{{name: made, provider: gitlab, url: '{gitlab}', token_file: gitlab, groups: [acme],"
    " history: {start}, streams: [{streams}]}}",
}
TRACKER = "{{name: tickets, provider: jira, url: '{jira}', token_file: jira, of: made, projects: {projects}}}"
CI = "{{name: builds, provider: jenkins, url: '{jenkins}', token_file: jenkins, of: made, folders: [acme]}}"


def project(repository: Repository) -> str:
    """The key of the project in Jira that a repository's issues are in."""
    return re.sub(r"[^A-Z]", "", repository.name.upper())[-10:]


def label(item: Item) -> str:
    """A label as Jira takes it, without a space."""
    return str(item.more).replace(" ", "-")


def moved_to_jira(world: World) -> Tracker:
    """The issues of a world in a tracker of their own, and changes that name them by their keys."""
    jira = Tracker(projects=tuple(map(project, world.repositories.values())))
    jira.headers["Date"] = formatdate(world.now, usegmt=True)
    for issue in sorted(world.issues.values(), key=lambda one: one.created):
        at_first = [label(item) for item in issue.items if item.kind == "LabeledEvent" and item.at == issue.created]
        key = f"{project(issue.repository)}-{issue.number}"
        ticket = jira.add(key, issue.created, "Task", labels=at_first)
        for item in issue.items:
            labels = list(ticket.fields["labels"])
            if item.kind == "LabeledEvent" and item.at > issue.created:
                jira.change(ticket, item.at, ("labels", [*labels, label(item)]))
            elif item.kind == "UnlabeledEvent":
                jira.change(ticket, item.at, ("labels", [one for one in labels if one != label(item)]))
            elif item.kind == "ClosedEvent":
                jira.change(ticket, item.at, ("status", {"name": "Done"}), ("resolution", {"name": "Done"}))
    for pull in world.pulls.values():
        pull.body = re.sub(r"#(?=\d)", f"{project(pull.repository)}-", pull.body)
    return jira


def told(folder: Path, world: World, sources: list[str], jira: Tracker | None = None) -> dict[str, str]:
    """What the exporter says at the end, value by series, of sources over doubles of one world."""
    folder.mkdir()
    jira = jira or Tracker()
    for name, secret in (("github", GITHUB), ("gitlab", GITLAB), ("jenkins", JENKINS), ("jira", jira.secret)):
        (folder / name).write_text(secret)
    with ExitStack() as doubles:
        urls = {
            "github": doubles.enter_context(serve(world, fast=True, clock="world")).url,
            "gitlab": doubles.enter_context(serve_gitlab(world, fast=True, clock="world")).url,
            "jenkins": doubles.enter_context(serve_jenkins(world, clock="world")).url,
            "jira": doubles.enter_context(serve_jira(jira)),
            "projects": json.dumps({project(one): [one.name] for one in world.repositories.values()}),
        }
        path = folder / "exporter.yaml"
        rows = "\n".join(
            f"  - {row.format(start=repr(stamp(STORY.start)), streams='{streams}', **urls)}" for row in sources
        )
        path.write_text(f"sources:\n{rows}\nstore: {{path: state.db}}\n")
        text = asyncio.run(page(path, world.now))
    lines = (line.rpartition(" ") for line in apart_from_own(text.decode()) if not line.startswith("#"))
    return {series: value for series, _, value in lines if not re.match("sdlc_(team_)?code_", series)}


async def page(path: Path, now: int) -> bytes:
    """The page at the end, after all is loaded."""
    config, desk, health = load(path, {}, set()), Desk(), Health()
    store = await desk(SqliteStore, config.store.path)
    try:
        starts = await desk(wiring.ledger_starts, store, config, now)
        books = await desk(wiring.books, store, config)
        sources = wiring.sources(config, store, desk, books, health, starts)
        for source in sources:
            while await source.poll(lambda: False) != "success" or await source.loading():
                pass
        for source in sources:
            await source.close()
        assert not health.unknown, health.unknown
        snapshot = await desk(snapshot_at, store, health, config, starts, END - 5 * MINUTE)
        return (await desk(snapshot.build, float(END - 5 * MINUTE))).text
    finally:
        await desk.close(5.0)
        store.close()


def made() -> World:
    """The organisation as it is at the end."""
    world = World(STORY.start)
    story = chain(STORY.told(0, END + HOUR), STORY.delivered(0, END + HOUR))
    Play(world, STORY, (each for each in story if each.subject.thing is not Thing.COMMIT)).until(END)
    return world


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By dialect, what the exporter says."""
    folder, world = tmp_path_factory.mktemp("dialects"), made()
    github, gitlab = (FORGES[name].replace("{streams}", "runs, deployments, issues") for name in FORGES)
    found = {"github": told(folder / "github", world, [github]), "gitlab": told(folder / "gitlab", world, [gitlab])}
    jira = moved_to_jira(world)
    bare = FORGES["gitlab"].replace("{streams}", "deployments")
    found["gitlab, jenkins and jira"] = told(folder / "three", world, [bare, CI, TRACKER], jira)
    return found


WORKED = {"sdlc_test_fix_seconds", "sdlc_test_maintenance_fte", "sdlc_test_maintenance_window_seconds"}
"""GitLab knows who wrote a commit by the address, where GitHub knows the account."""
REPORTS = {
    "sdlc_flaky_tests", "sdlc_team_flaky_tests", "sdlc_test_red_window_tests", "sdlc_team_test_red_window_tests",
    "sdlc_test_cases_total",
}  # fmt: skip
"""A pipeline that was retried has the report of its last attempt alone, where its history is loaded."""
NOTES = {"sdlc_retro_mentions_ratio", "sdlc_retro_mentions_samples", "sdlc_retro_mentions_total"}
"""Retrospectives are not read from Jira."""
OTHERWISE = {"gitlab": WORKED | REPORTS, "gitlab, jenkins and jira": WORKED | NOTES | {"sdlc_test_cases_total"}}
"""What may differ: Jenkins has one word for a case that failed and for one that ended in an error."""
PARTS = ("_bucket", "_sum", "_count")


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    """Families with series that differ."""
    names = {series.partition("{")[0] for series in one.keys() | other.keys() if one.get(series) != other.get(series)}
    return {next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name) for name in names}


@pytest.mark.parametrize("dialect", sorted(OTHERWISE))
def test_a_dialect_tells_what_github_tells(pages, dialect):
    """Of 2,500 series all but those of a few families, each for a reason that is known."""
    assert len(pages["github"]) > 2500
    assert differing(pages["github"], pages[dialect]) == OTHERWISE[dialect]


def test_what_tests_of_a_dialect_come_to_is_the_same_but_for_the_words(pages):
    """Cases that passed, and those that did not, as Jenkins' reports have them."""

    def total(page, *results):
        kept = [
            s for s in page if s.startswith("sdlc_test_cases_total{") and any(f'result="{r}"' in s for r in results)
        ]
        return sum(float(page[series]) for series in kept)

    github, jenkins = pages["github"], pages["gitlab, jenkins and jira"]
    assert total(github, "passed") == total(jenkins, "passed") > 0
    assert total(github, "failed", "error") == total(jenkins, "failed", "error") > 0
