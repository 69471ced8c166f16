"""What GitLab's provider tells of the hand-made world, beside what GitHub's tells of it."""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from exporter import wiring
from exporter.config import load
from exporter.model import (
    Thing,
)
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.store.sqlite import SqliteStore
from tests.double import TOKEN as GITHUB
from tests.double import hand_made, serve
from tests.double.gitlab import TOKEN, serve_gitlab

HISTORY = "2025-03-01"


def configured(folder: Path, provider: str, url: str, streams: str = "runs, deployments, issues") -> Path:
    """A configuration for one source on a double."""
    (folder / "token").write_text(TOKEN if provider == "gitlab" else GITHUB)
    path = folder / "exporter.yaml"
    path.write_text(
        f"sources: [{{name: made, provider: {provider}, url: '{url}', token_file: token, include: ['acme/*'],"
        f" history: {HISTORY}, streams: [{streams}], retry_wait: 1s}}]\nstore: {{path: {provider}.db}}\n"
    )
    return path


async def read(path: Path, now: int, passes: int = 3) -> tuple[SqliteStore, Health, list[str]]:
    """Polls so many times; the store, what went wrong, and how the passes ended."""
    config, desk, health = load(path, {}, set()), Desk(), Health()
    store = await desk(SqliteStore, config.store.path)
    starts = await desk(wiring.ledger_starts, store, config, now)
    books = await desk(wiring.books, store, config)
    (source,) = wiring.sources(config, store, desk, books, health, starts)
    try:
        ends = [await source.poll(lambda: False) for _ in range(passes)]
    finally:
        await source.close()
        await desk.close(5.0)
    return store, health, ends


def facts(store: SqliteStore, thing: Thing) -> dict[tuple[str, int], set[object]]:
    """The facts of a kind of thing by repository and number, without their ids."""
    found: dict[tuple[str, int], set[object]] = defaultdict(set)
    for row in store.repositories("made"):
        for subject in store.subjects(row.id, open_only=False, thing=thing):
            for event in store.events([subject.id]).get(subject.id, []):
                found[row.name, subject.number].add(bare(event))
    return found


def bare(event: object) -> object:
    """A fact without its id, and of a dismissal without the review's."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name not in ("id", "review")}
    return type(event).__name__, *fields.values()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The stores that the two providers make of one world."""
    stores = []
    for provider, serving in (("github", serve), ("gitlab", serve_gitlab)):
        folder = tmp_path_factory.mktemp(provider)
        world = hand_made().world
        with serving(world, fast=True) as double:
            store, health, ends = asyncio.run(read(configured(folder, provider, double.url), world.now))
        assert ends[-1] == "success", list(health.recent)
        stores.append(store)
    yield stores
    for store in stores:
        store.close()


WORDS = {"timeout": "failure", "error": "failure"}
UNTOLD = {"Pushed", "ReviewRequested", "Described", "BaseChanged"}


def test_changes_are_the_same_but_for_what_gitlab_has_no_word_for(both):
    github, gitlab = (facts(store, Thing.CHANGE) for store in both)
    assert len(github) == 14
    assert gitlab.keys() == github.keys()
    for key, told in github.items():
        ours = {each for each in gitlab[key] if each[0] not in UNTOLD}
        merged = {("Closed", each[1]) for each in told if each[0] == "Merged"}  # GitHub says so of every merge
        theirs = {each for each in told if each[0] not in UNTOLD} - merged
        assert ours == theirs, (key, sorted(map(str, ours ^ theirs)))


def test_issues_are_the_same_but_for_edits_and_for_the_change_that_closed_them(both):
    github, gitlab = (facts(store, Thing.ISSUE) for store in both)
    assert len(github) > 3
    assert gitlab.keys() == github.keys()

    def plain(told):
        closings = {each[:3] for each in told if each[0] == "IssueClosed"}
        return closings | {each for each in told if each[0] in ("IssueOpened", "Labelled", "IssueReopened")}

    for key, told in github.items():
        on = [each for each in told if each[0] == "Labelled" and each[3]]
        off = [each for each in told if each[0] == "Labelled" and not each[3]]
        if len(on) > len(off):  # events are asked of what has a label
            assert plain(gitlab[key]) == plain(told), key


def test_attempts_of_runs_end_alike_for_the_same_commits(both):
    """The workflow is GitLab's one; a run of a change is known by its branch there as here."""
    github, gitlab = (facts(store, Thing.RUN) for store in both)

    def attempts(told):
        # without workflow (2) and branch (3): a fork's has its owner before it
        found = [each for events in told.values() for each in events if each[0] == "Ran"]
        # GitLab says of either that it failed
        return sorted((each[1], each[5], each[6], WORDS.get(each[7], each[7]), *each[8:]) for each in found)

    assert len(attempts(github)) > 5
    assert attempts(gitlab) == attempts(github)


def test_deployments_bring_the_same_commits(both):
    github, gitlab = (facts(store, Thing.DEPLOYMENT) for store in both)

    def told(found):
        return sorted(str(each) for events in found.values() for each in events)

    assert told(gitlab) == told(github)
