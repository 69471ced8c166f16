"""The five signals, each with a cause of its own: a sign rises when its cause is at work, and only then.

Five months of half the pretend organisation, told once without any cause and once with each alone. That GitHub's double
tells the same story in the same numbers is shown elsewhere (``tests/double/test_pretend.py``).
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from exporter import wiring
from exporter.catalogue import DAY
from exporter.config import Config
from exporter.demo import CAUSES, Organisation
from exporter.once import _render
from exporter.runtime.demo_source import DemoSource
from exporter.runtime.desk import Desk
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader
from exporter.store.sqlite import SqliteStore
from tests.busy import read

END = 1_782_399_600
"""2026-06-25 15:00 UTC."""
START = END - 150 * DAY
REPOSITORIES = 6
LATELY = 'team="all",window="28d"'

Page = Mapping[str, float]


async def told(config: Config, causes: tuple[str, ...]) -> Page:
    """What the exporter says at the end, value by series."""
    desk, health = Desk(), Health()
    store = await desk(SqliteStore, None)
    try:
        books = await desk(wiring.books, store, config)
        organisation = Organisation(start=START, repositories=REPOSITORIES, causes=causes)
        reader = Reader("demo", store, desk, health, START)
        await DemoSource(organisation, reader, books, lambda: END).poll(lambda: False)
        text = (await desk(_render, store, health, config, {"demo": START}, END - 600)).decode()
    finally:
        await desk.close(5.0)
        store.close()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


def total(page: Page, name: str, *having: str) -> float:
    """The sum over all series of a name that have these labels."""
    found = [value for series, value in page.items() if series.partition("{")[0] == name]
    chosen = [
        value
        for series, value in page.items()
        if series.partition("{")[0] == name and all(each in series for each in having)
    ]
    assert found, name
    return sum(chosen)


def pickup(page: Page) -> float:
    """Signal 1: seconds a change waits for its first review, on the mean of the last four weeks."""
    name, having = "sdlc_team_stage_window", ('team="all"', 'window="28d"', 'stage="pickup"')
    weights = {
        series.replace("_samples", "_mean_seconds"): value
        for series, value in page.items()
        if series.startswith(f"{name}_samples") and all(each in series for each in having)
    }
    return sum(page[series] * weight for series, weight in weights.items()) / sum(weights.values())


def mending(page: Page) -> float:
    """Signal 2: the share of the time on tests that went into what was there."""
    return page[f"sdlc_team_test_update_ratio{{{LATELY}}}"]


def escaped(page: Page) -> float:
    """Signal 3: the share of merged changes that were named by a revert within 30 days, all time."""
    name = "sdlc_change_outcomes_total"
    return total(page, name, 'outcome="escaped"') / total(page, name)


def batch(page: Page) -> float:
    """Signal 4: changes in a release; where releases stay as rare and more is merged, they grow."""
    return page[f"sdlc_team_release_window_mean_changes{{{LATELY}}}"]


def with_qa(page: Page) -> float:
    """Signal 5: seconds a ticket is with QA, all time."""
    return total(page, "sdlc_qa_seconds_sum") / total(page, "sdlc_qa_seconds_count")


SIGNS: dict[str, tuple[Callable[[Page], float], float]] = {
    "review": (pickup, 1.5),
    "tests": (mending, 1.5),
    "escapes": (escaped, 1.5),
    "releases": (batch, 1.5),
    "qa": (with_qa, 1.5),
}
"""For each cause its sign, and by how much that has to rise at the least."""
STILL = 1.25
"""By how much a sign may move at the most while its cause is not at work."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    path: Path = tmp_path_factory.mktemp("signals") / "config.yaml"
    path.write_text("sources: [{name: demo, provider: demo}]\nseries: {budget: 100000}\n")
    config = read(path)
    ways = {"none": (), **{cause: (cause,) for cause in CAUSES}}
    return {name: asyncio.run(told(config, causes)) for name, causes in ways.items()}


def test_every_cause_has_a_sign():
    assert set(SIGNS) == set(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_sign_rises_when_and_only_when_its_cause_is_at_work(pages, cause):
    sign, least = SIGNS[cause]
    base = sign(pages["none"])
    rises = {name: sign(page) / base for name, page in pages.items()}
    print(f"{cause}: {sign.__name__} {base:.3g} without; times " + ", ".join(f"{n} {r:.2f}" for n, r in rises.items()))
    assert rises[cause] > least
    assert all(1 / STILL < rise < STILL for name, rise in rises.items() if name != cause)


def qa_stage(page: Page) -> float:
    """Seconds a change is with QA on its way to production, all time."""
    name = "sdlc_change_stage_seconds"
    return total(page, f"{name}_sum", 'stage="qa"') / total(page, f"{name}_count", 'stage="qa"')


def test_the_stage_of_changes_with_qa_is_longer_when_testers_stay_as_many(pages):
    """By tickets and by staging together: most changes are on staging for some hours, whatever testers do."""
    base = qa_stage(pages["none"])
    rises = {name: qa_stage(page) / base for name, page in pages.items()}
    print(f"qa stage: {base / 3600:.1f} h without; times " + ", ".join(f"{n} {r:.2f}" for n, r in rises.items()))
    assert rises["qa"] > 1.2
    assert all(1 / STILL < rise < STILL for name, rise in rises.items() if name != "qa")
