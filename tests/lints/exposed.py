"""What the exporter really exposes: the metrics, types, labels and values of a page that a running one wrote."""

import asyncio
import os
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from prometheus_client.parser import text_string_to_metric_families

from exporter import app as app_module
from exporter.app import App
from exporter.config import load
from exporter.runtime import snapshot
from tests.double import TOKEN, hand_made, serve

CONFIG = """\
sources:
  - {{name: pretend, provider: demo, repositories: 3}}
  - {{name: forge, url: '{url}', token_file: token, archived: true, forks: true, include: [acme/*, umbrella/*],
      history: 2025-04-01, repository_prefix: forge/}}
teams: {{shop: [acme/web-shop]}}
series: {{repository_windows: [7d, 28d, 90d], stage_windows: true, quiet_after: 36525d}}
diagnosis: {{adoption_date: 2026-01-05}}
server: {{listen: "127.0.0.1:0"}}
store: {{path: state.db}}
"""
WHOLE = (
    'sdlc_exporter_initial_load_complete{source="pretend"} 1.0',
    'sdlc_exporter_initial_load_complete{source="forge"} 1.0',
    'repository="all",stage="coding"} ',
    'sdlc_team_code_churn_14d_ratio{origin="agentic",team="all",window="28d"} ',
    'sdlc_signal_active{scope="all",signal="qa_blocking"} ',
)
"""What stands on the page when both sources, the organisation's sums and its diagnosis are there."""
FIVE_DIGITS = 253_402_300_800
"""The year 10000: a date that whoever commits may choose, and that no calendar of ours has."""
WITHIN = 60
PARTS = ("_bucket", "_sum", "_count")


class Family(NamedTuple):
    """A metric of the page: its type, the values of each label, and the labels that some series lack."""

    kind: str
    labels: dict[str, frozenset[str]]
    lacking: frozenset[str] = frozenset()


Exposed = dict[str, Family]
"""Families by the name that PromQL asks for them by; a histogram is there by its own name too."""


def read(text: str) -> Exposed:
    """The families of an exposition in Prometheus' text format."""
    found: Exposed = {}
    for family in text_string_to_metric_families(text):
        names = {f"{family.name}_total" if family.type == "counter" else family.name}
        names |= {f"{family.name}{part}" for part in PARTS} if family.type == "histogram" else set()
        for name in names:
            series = [each.labels for each in family.samples if each.name == name]
            found[name] = _family(family.type, series)
    return found


def together(*pages: Exposed) -> Exposed:
    """The families of several pages, each with the labels and values that it has on any of them."""
    found: Exposed = {}
    for name, one in (each for given in pages for each in given.items()):
        before = found.get(name, one)
        labels = {label: before.labels.get(label, frozenset()) | one.labels.get(label, frozenset())
                  for label in before.labels | one.labels}  # fmt: skip
        found[name] = Family(one.kind, labels, before.lacking | one.lacking)
    return found


def _family(kind: str, series: list[dict[str, str]]) -> Family:
    labels: dict[str, set[str]] = {}
    for each in series:
        for label, value in each.items():
            labels.setdefault(label, set()).add(value)
    lacking = {label for label in labels if any(not each.get(label) for each in series)}
    return Family(kind, {label: frozenset(seen - {""}) for label, seen in labels.items()}, frozenset(lacking))


def page(folder: Path) -> str:
    """The page of an exporter with two sources: the pretend organisation, and the double with all its edge cases."""
    world = hand_made().world
    pull = next(pull for pull in world.pulls.values() if pull.closed is None)
    world.push(pull, at=pull.created + 60, authored=FIVE_DIGITS)
    (folder / "token").write_text(TOKEN)
    path = folder / "exporter.yaml"
    with serve(world) as double:
        path.write_text(CONFIG.format(url=double.url))
        return asyncio.run(_page(App(load(path, os.environ), path, os.environ)))


async def _page(app: App) -> str:
    running = asyncio.create_task(app.run())
    try:
        # what the slower source adds is shown, and looked at, at once
        with mock.patch.object(snapshot, "TEAMS_EVERY", 0), mock.patch.multiple(app_module, TICK=0.5, REST=0.0):
            async with asyncio.timeout(WITHIN):
                while True:
                    text = app.metrics().text.decode()
                    if all(each in text for each in WHOLE):
                        return text
                    await asyncio.sleep(0.05)  # nobody tells when a page is new
    finally:
        app._stop.set()
        await running
