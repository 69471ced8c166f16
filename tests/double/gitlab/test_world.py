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
