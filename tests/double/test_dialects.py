"""One pretend organisation served in every dialect tells the same numbers, but for what a service has no word for."""

import asyncio
import re
from contextlib import ExitStack
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
from tests.double.gitlab import TOKEN as GITLAB
from tests.double.gitlab import serve_gitlab
from tests.double.jenkins import TOKEN as JENKINS
from tests.double.jenkins import serve_jenkins
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
CI = "{{name: builds, provider: jenkins, url: '{jenkins}', token_file: jenkins, of: made, folders: [acme]}}"


def told(folder: Path, world: World, sources: list[str]) -> dict[str, str]:
    """What the exporter says at the end, value by series, of sources over doubles of one world."""
    folder.mkdir()
    for name, secret in (("github", GITHUB), ("gitlab", GITLAB), ("jenkins", JENKINS)):
        (folder / name).write_text(secret)
    with ExitStack() as doubles:
        urls = {
            "github": doubles.enter_context(serve(world, fast=True, clock="world")).url,
            "gitlab": doubles.enter_context(serve_gitlab(world, fast=True, clock="world")).url,
            "jenkins": doubles.enter_context(serve_jenkins(world, clock="world")).url,
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


@pytest.fixture(scope="module")
def world() -> World:
    """The organisation as it is at the end."""
    made = World(STORY.start)
    story = chain(STORY.told(0, END + HOUR), STORY.delivered(0, END + HOUR))
    Play(made, STORY, (each for each in story if each.subject.thing is not Thing.COMMIT)).until(END)
    return made


@pytest.fixture(scope="module")
def pages(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By dialect, what the exporter says."""
    folder = tmp_path_factory.mktemp("dialects")
    every, without_runs = "runs, deployments, issues", "deployments, issues"
    dialects = {
        "github": [FORGES["github"].replace("{streams}", every)],
        "gitlab": [FORGES["gitlab"].replace("{streams}", every)],
        "gitlab and jenkins": [FORGES["gitlab"].replace("{streams}", without_runs), CI],
    }
    return {name: told(folder / name.replace(" ", "-"), world, rows) for name, rows in dialects.items()}


WORKED = {"sdlc_test_fix_seconds", "sdlc_test_maintenance_fte", "sdlc_test_maintenance_window_seconds"}
"""GitLab knows who wrote a commit by the address, where GitHub knows the account."""
REPORTS = {
    "sdlc_flaky_tests", "sdlc_team_flaky_tests", "sdlc_test_red_window_tests", "sdlc_team_test_red_window_tests",
    "sdlc_test_cases_total",
}  # fmt: skip
"""A pipeline that was retried has the report of its last attempt alone, where its history is loaded."""
OTHERWISE = {"gitlab": WORKED | REPORTS, "gitlab and jenkins": WORKED | {"sdlc_test_cases_total"}}
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

    github, jenkins = pages["github"], pages["gitlab and jenkins"]
    assert total(github, "passed") == total(jenkins, "passed") > 0
    assert total(github, "failed", "error") == total(jenkins, "failed", "error") > 0
