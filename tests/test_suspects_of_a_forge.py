"""Suspects from end to end: a real git history, the double's changes, labels and issues, and what /metrics says."""

import asyncio
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import once, wiring
from exporter.config import parse
from tests.code.history import DAY, History
from tests.code.history import START as HISTORY
from tests.code.test_lines import text
from tests.double import TOKEN, World, serve, tracker


class Shop:
    """A repository in which each day's commit is the merge of a change."""

    def __init__(self, folder, now):
        self.history = History(folder / "acme" / "shop.git")
        self.world = World(now)
        self.repository = self.world.add_repository("acme/shop")
        self.now = now
        self.began = (now - 90 * DAY - HISTORY) / DAY

    def lands(self, day, files, *labels, head="topic"):
        """The change that a commit of this day was merged as."""
        sha = self.history.commit(self.began + day, files, "work")
        at = self.now + (day - 90) * DAY
        pull = self.world.open(self.repository, "ann", at=at - DAY, head=head)
        for each in labels:
            tracker.label(self.world, pull, each, at=at - 60)
        self.world.merge(pull, at=at, sha=sha)
        return pull

    def outcomes(self, folder, monkeypatch, escapes="{blame: true}"):
        """Value by name and outcome of what is told of suspects and escapes, of an exporter that reads all this."""
        monkeypatch.setattr(once, "PAUSE", 0)
        monkeypatch.setattr(wiring, "web_root", lambda url: f"file://{folder}")
        self.history.git("config", "uploadpack.allowFilter", "true")
        (folder / "token").write_text(TOKEN)
        with serve(self.world, fast=True, clock="world") as double:
            config = parse(
                f"sources: [{{name: hub, url: '{double.url}', token_file: {folder}/token, include: ['acme/*'],\n"
                "  history: 2020-01-01, streams: [issues, code]}]\nseries: {repository_windows: [90d]}\n"
                f"escapes: {escapes}\n",
                "c.yaml",
                {},
            )
            page = asyncio.run(once.once(config, None)).decode()
        samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
        return {
            (each.name, each.labels.get("outcome", each.labels.get("origin"))): each.value
            for each in samples
            if "suspect" in each.name or each.name == "sdlc_change_outcomes_total"
            if each.labels.get("origin") == "agentic" and "team" not in each.labels
        }


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path, int(time.time()))


def told(shop):
    """An agent brings v and w on day 3, and y on day 5 in another change; a fix is to take v and w, and a of day 1."""
    shop.lands(1, {"a": text("a", "b")})
    shop.lands(3, {"a": text("a", "b", "v", "w")}, head="codex/one")
    shop.lands(5, {"b": text("y")}, head="codex/two")
    return {"a": text("b", "mended")}


COUNTER, RATIO, SAMPLES = "sdlc_change_suspects_total", "sdlc_escape_suspect_ratio", "sdlc_escape_suspect_samples"


def test_a_change_whose_lines_a_hotfix_took_is_a_suspect_and_no_escape(shop, tmp_path, monkeypatch):
    """Of the agent's two changes the first brought 2 of the 3 lines that went: 1 suspect of 2, and no escape."""
    shop.lands(10, told(shop), "Hotfix")
    found = shop.outcomes(tmp_path, monkeypatch)
    assert (found[COUNTER, "suspect"], found[COUNTER, "clear"]) == (1, 1)
    assert (found[RATIO, "agentic"], found[SAMPLES, "agentic"]) == (0.5, 2)
    assert found["sdlc_change_outcomes_total", "clean"] == 2
    assert ("sdlc_change_outcomes_total", "escaped") not in found


def test_a_fix_is_known_by_the_bug_that_its_merge_closed(shop, tmp_path, monkeypatch):
    fix = shop.lands(10, told(shop))
    bug = tracker.report(shop.world, shop.repository, "bug", at=shop.now - 81 * DAY)
    tracker.close(shop.world, bug, by=fix, at=shop.now - 80 * DAY + 5)
    found = shop.outcomes(tmp_path, monkeypatch)
    assert (found[COUNTER, "suspect"], found[COUNTER, "clear"]) == (1, 1)


def test_what_is_no_fix_or_comes_after_30_days_accuses_nobody(shop, tmp_path, monkeypatch):
    files = told(shop)
    shop.lands(10, {"c": text("c")}, "bug")
    shop.lands(20, {"b": ""})
    shop.lands(34, files, "bug")
    assert shop.outcomes(tmp_path, monkeypatch)[COUNTER, "clear"] == 2


def test_nothing_is_told_unless_it_is_asked_for(shop, tmp_path, monkeypatch):
    shop.lands(10, told(shop), "Hotfix")
    found = shop.outcomes(tmp_path, monkeypatch, "{}")
    assert {name for name, _ in found} == {"sdlc_change_outcomes_total"}
