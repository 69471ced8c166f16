"""Half a pretend year through the audit: all that is published adds up, and nobody is named."""

import re
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from exporter import wiring
from exporter.catalogue import DAY, METRICS, Kind
from exporter.config import Config
from exporter.config.settings import Source
from exporter.demo import Organisation
from exporter.model import Actor, Told, Worked
from exporter.runtime.audit import Answer, answer, ask
from exporter.runtime.audit.forms import as_csv, as_json, as_text
from exporter.runtime.health import Health
from exporter.runtime.snapshot import Snapshot
from exporter.selector import written
from exporter.store.base import RepositoryState
from exporter.store.sqlite import SqliteStore

NOW = 1_795_356_000  # 2026-11-22 14:00:00 UTC
START = NOW - 120 * DAY
SUMMED = {Kind.COUNTER, Kind.HISTOGRAM}

pytestmark = pytest.mark.random


class World:
    """The pretend organisation's page, the store it was made of, and everything that was told."""

    def __init__(self, path: Path) -> None:
        source = Source(name="demo", provider="demo", repositories=4)
        config = Config(sources=(source,), teams={"pay": ("acme/pay-*",), "web": ("acme/web-*",)})
        organisation = Organisation(start=START, repositories=4)
        store = SqliteStore(path)
        store._db.execute("PRAGMA synchronous=OFF")
        store.discover("demo", organisation.all_repositories(), organisation.streams)
        self.told = [*organisation.told(0, NOW), *organisation.delivered(0, NOW)]
        store.add("demo", self.told, START)
        keys = [row.id for row in store.repositories()]
        for stream in organisation.streams:
            done = {"watermark": NOW, "cursor": NOW, "last_success": NOW}
            store.progress(keys, stream, state=RepositoryState.OK, **done)
        kept = wiring.books(store, config)
        while not kept.settle("demo", START):
            pass
        kept.publish_organisation()
        self.snapshot: Snapshot = wiring.snapshot(kept, Health(), config, {})
        self.snapshot.build(float(NOW))
        self.store = SqliteStore(path, read_only=True)
        self._writing = store

    def close(self) -> None:
        self.store.close()
        self._writing.close()

    def series(self, kinds: set[Kind]) -> Iterator[str]:
        """Every series of some kinds."""
        for name, metric in METRICS.items():
            if metric.kind in kinds:
                for labels in self.snapshot.exposition.samples_of(name):
                    yield written(name, dict(zip(metric.labels, labels, strict=True)))

    def audit(self, series: str, most: int = 10) -> Answer:
        (found,) = answer(ask(self.snapshot, series), self.store, most)
        return found


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        here = World(Path(folder) / "state.db")
        yield here
        here.close()


def test_the_rows_of_every_counter_and_histogram_add_up_to_what_is_published(world):
    """Each child of the page."""
    audited = [world.audit(series) for series in world.series(SUMMED)]
    told = [each for each in audited if each.from_rows is not None]
    assert len(told) > 300
    assert [each.series for each in told if each.from_rows != each.published] == []
    silent = {each.metric for each in audited if each.from_rows is None}
    assert all(name.startswith("sdlc_exporter_") for name in silent)


def test_every_gauge_is_made_again_of_its_rows_or_says_that_it_has_none(world):
    """Three series of each metric, far apart on the page: percentiles, ratios, bounds, states, of one and of all."""
    wanted: list[str] = []
    for _, group in groupby(world.series({Kind.GAUGE}), key=lambda series: series.partition("{")[0]):
        here = list(group)
        wanted += {here[0], here[len(here) // 2], here[-1]}
    audited = [world.audit(series) for series in wanted]
    assert [each.series for each in audited if each.from_rows not in (None, each.published)] == []
    without = {each.metric for each in audited if each.from_rows is None}
    assert {name for name in without if not name.startswith("sdlc_exporter_")} == {
        "sdlc_business_hours",
        "sdlc_repository_info",
        "sdlc_team_repository_info",
        "sdlc_threshold_changes",
        "sdlc_threshold_ratio",
        "sdlc_threshold_seconds",
    }


def logins(told: Iterator[Told] | list[Told]) -> set[str]:
    """Every account that any fact names."""
    found: set[str] = set()
    for each in told:
        for event in each.events:
            fields = (getattr(event, name) for name in event.__struct_fields__)
            found |= {field.login for field in fields if isinstance(field, Actor)}
            if isinstance(event, Worked):
                found |= {author for _, _, author, _ in event.commits}
    return found - {""}


def test_no_answer_names_an_account_a_branch_or_a_commit(world):
    """Of each metric one series with all of its rows, in every form."""
    people = logins(world.told)
    assert {"dev-ana", "dev-gus", "dev-sam"} <= people
    series = {each.partition("{")[0]: each for each in world.series({*SUMMED, Kind.GAUGE})}
    answers = [world.audit(each, 1_000_000) for each in series.values()]
    said = as_json(answers) + as_csv(answers) + as_text(answers)
    assert "person" in said
    words = set(re.findall(r"[\w@.\[\]-]+", said))
    assert words & people == set()
    assert re.findall(r"[0-9a-f]{40}", said) == []
    branches = {field for each in world.told for event in each.events for field in _texts(event) if "/" in field}
    assert {each for each in branches if each in said and not each.startswith("acme/")} == set()


def _texts(event: msgspec.Struct) -> Iterator[str]:
    for name in ("head", "branch"):
        text = getattr(event, name, "")
        if isinstance(text, str):
            yield text
