"""The stream ``code`` of a GitHub source: its repositories are cloned, and a commit has its pull request's origin."""

import asyncio
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import once, wiring
from exporter.config import parse
from exporter.model import Stream
from exporter.runtime.code_source import CodeSource
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.source import GithubSource
from exporter.store.sqlite import SqliteStore
from tests.code.history import DAY, History
from tests.code.history import START as HISTORY
from tests.code.test_lines import text
from tests.double import TOKEN, World, serve


def shares(page):
    """Value by name, origin and repository of the shares of lines."""
    found = {}
    for family in text_string_to_metric_families(page.decode()):
        for each in family.samples:
            if each.name.startswith("sdlc_code") and each.name.endswith("ratio") and "origin" in each.labels:
                found[each.name, each.labels["repository"], each.labels["origin"]] = each.value
    return found


def test_the_lines_of_a_merge_are_its_pull_requests(tmp_path, monkeypatch):
    """An agent's two lines land on day 30, and a person removes one on day 32: half of the agent's did not last.

    Another repository cannot be cloned; it holds nothing back but itself.
    """
    now = int(time.time())
    monkeypatch.setattr(once, "PAUSE", 0)
    monkeypatch.setattr(wiring, "web_root", lambda url: f"file://{tmp_path}")
    at = (now - 60 * DAY - HISTORY) / DAY
    history = History(tmp_path / "acme" / "shop.git")
    history.commit(at + 1, {"a": text("x", "y", "z")}, "first")
    history.git("config", "uploadpack.allowFilter", "true")
    world = World(now)
    shop, other = world.add_repository("acme/shop"), world.add_repository("acme/other")
    pull = world.open(shop, "ann", at=now - 31 * DAY, head="codex/fix")
    history.git("checkout", "--quiet", "-b", "codex/fix")
    history.commit(at + 29, {"a": text("x", "y", "z", "v", "w")}, "fix")
    history.git("checkout", "--quiet", "main")
    history.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #1", "codex/fix", at=at + 30)
    world.merge(pull, at=now - 30 * DAY + 2, sha=history.git("rev-parse", "HEAD").decode().strip())
    history.commit(at + 32, {"a": text("x", "y", "z", "v")}, "third")
    world.merge(world.open(other, "ann", at=now - 31 * DAY), at=now - 30 * DAY)
    (tmp_path / "token").write_text(TOKEN)
    with serve(world, fast=True, clock="world") as double:
        config = parse(
            f"sources: [{{name: hub, url: '{double.url}', token_file: {tmp_path}/token, include: ['acme/*'],\n"
            "  history: 2020-01-01, streams: [code]}]\nseries: {repository_windows: [90d]}\n",
            "c.yaml",
            {},
        )
        found = shares(asyncio.run(once.once(config, None)))
    assert found["sdlc_code_churn_14d_ratio", "acme/shop", "agentic"] == 0.5
    assert found["sdlc_code_churn_14d_ratio", "acme/shop", "unmarked"] == 0
    assert not [key for key in found if key[1] == "acme/other"]


@pytest.mark.parametrize(
    ("source", "kinds", "intervals"),
    [
        ("token_file: t, include: ['a/*'], history: 2026-01-01", [GithubSource], [60]),
        (
            "token_file: t, include: ['a/*'], history: 2026-01-01, streams: [code], stream_interval: 7m",
            [GithubSource, CodeSource],
            [60, 420],
        ),
        ("provider: git, locations: [/srv/a/b], interval: 9m", [CodeSource], [540]),
    ],
)
def test_code_has_a_task_of_its_own(source, kinds, intervals):
    """Beside a forge's other streams its clones would hold them up."""
    config = parse(f"sources: [{{name: one, {source}}}]", "c.yaml", {})
    store, health = SqliteStore(None), Health()

    async def made():
        desk = Desk()
        found = wiring.sources(config, store, desk, wiring.books(store, config), health, {"one": 0})
        for each in found:
            await each.close()
        await desk.close(5.0)
        return found

    found = asyncio.run(made())
    store.close()
    assert [type(each) for each in found] == kinds
    assert [wiring.interval(config, each) for each in found] == intervals
    assert (Stream.CODE in found[0].streams) is (CodeSource in kinds)
