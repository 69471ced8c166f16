"""The exporter at work through a simulated quarter, and what each scrape of it reads."""

import json
import random
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

from exporter import app, wiring
from exporter.catalogue import DAY, HOUR, MINUTE, exported
from exporter.config import Config, load
from exporter.demo import Organisation
from exporter.diagnosis.weeks import floor
from tests.busy import at_work
from tests.double import TOKEN, Double, World, seconds, serve
from tests.double.pretend import Play
from tests.double.view import stamp
from tests.quarter.happening import mishaps, story

END = seconds("2026-06-25T15:00:00Z")
"""When a quarter ends unless told otherwise: a Thursday, so that the surge falls on working days."""
STEP = 12 * HOUR
"""Time between two scrapes for most of the quarter; they are closer in the last two days and in the last hour."""
CLOSER = ((2 * DAY, HOUR), (HOUR, MINUTE))
STARTED, LEAD = 12 * HOUR, 3 * MINUTE
"""How long before the first scrape the exporter starts, so that it has loaded everything by then, and before each
scrape the poll begins which that shows; a quarter of the time between two where that is less.
"""
ANSWER_TAKES = (0, 0, 1, 1, 1, 2, 3)
"""Seconds of the world's clock; drawn for each request."""
OTHERS_SPEND = (0.1, 0.8)
"""Points of the rate limit a second, at least and at most, that go to other users of the token."""

LOOKS_EVERY = 21 * DAY
"""Between two looks at what became of the gain, whose verdicts are of whole weeks."""

SOURCE = "acme"
TEAMS = {
    "pay": ["acme/pay-*"],
    "web": ["acme/web-*"],
    "data": ["acme/data-*"],
    "platform": ["acme/platform-auth", "acme/platform-infra"],
}
"""As the demo has them, but that acme/platform-search is nobody's."""
BUDGETS = {"sdlc_change_review_rounds": 240, "sdlc_stage_window_mean_seconds": 100}
"""Metrics whose series do not all fit: those of the first that come last fold into ``repository="other"``, and those of
the second that stand last are left out.
"""


class Plan(NamedTuple):
    """What to simulate. Times are Unix seconds, spans are seconds; ``history`` is what the first load finds."""

    begin: int = END - 90 * DAY
    end: int = END
    step: int = STEP
    history: int = 90 * DAY
    seed: int = 1
    budgets: Mapping[str, int] = BUDGETS


def instants(plan: Plan) -> Iterator[int]:
    """When to scrape: every step, closer toward the end, and at the end."""
    at = plan.begin
    while at < plan.end:
        yield at
        at += min([plan.step, *(closer for before, closer in CLOSER if at >= plan.end - before)])
    yield plan.end


async def scrapes(plan: Plan) -> AsyncIterator[tuple[int, bytes]]:
    """Every scrape's instant, and the OpenMetrics text it reads.

    Passes, pages and births are those of the running exporter, whose clock is the world's; it is only not left alone,
    so that each page is made right before the scrape that reads it.
    """
    start = plan.begin - plan.history
    organisation = Organisation(start=start, seed=plan.seed)
    world, chance = World(start), random.Random(plan.seed)
    play = Play(world, organisation, story(organisation, plan.end))
    clock = SimpleNamespace(time=lambda: float(world.now), monotonic=lambda: float(world.now))
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(world, fast=True, clock="world") as double,
        mock.patch.object(app, "time", clock),
    ):
        double.on_request(lambda asked: play.until(world.now + chance.choice(ANSWER_TAKES)))
        to_come = mishaps(double, plan.begin, plan.end)
        play.until(plan.begin - STARTED)
        config = _configured(Path(folder), double, start, plan.budgets)
        async with at_work(double, config) as parts:
            exporter = app.App(config, None, {})
            exporter.health, exporter.desk, exporter.store = parts.health, parts.desk, parts.store
            parts.health.source(SOURCE, parts.source.streams)
            snapshot = wiring.snapshot(parts.books, parts.health, config, {SOURCE: start}, {SOURCE: world.now})
            diagnosing = app.Diagnosing(snapshot, config.diagnosis)
            exporter.parts = app.Parts(config, parts.books, snapshot, diagnosing, [parts.source])
            await exporter._pass(parts.source, lambda: False)
            last, looked = world.now, 0
            for at in instants(plan):
                if at <= last:  # the last poll took longer than the time between two scrapes
                    continue
                play.until(at - min(LEAD, (at - last) // 4))
                while to_come and to_come[0][0] <= at:
                    to_come.pop(0)[1]()
                double.limits.spend(TOKEN, "graphql", round(min(at - last, HOUR) * chance.uniform(*OTHERS_SPEND)))
                await exporter._pass(parts.source, lambda: False)
                play.until(at)
                snapshot.see(world.now)
                if floor(world.now) >= looked + LOOKS_EVERY or at == plan.end:
                    await exporter._look(exporter.parts)
                    looked = floor(world.now)
                await exporter._render(exporter.parts)
                last = world.now
                yield last, exporter.metrics().openmetrics
                exporter.scraped()


def _configured(folder: Path, double: Double, start: int, budgets: Mapping[str, int]) -> Config:
    """One source on the double, its history since a date, and a store in the folder."""
    (folder / "token").write_text(TOKEN)
    source = {
        "name": SOURCE,
        "url": double.url,
        "token_file": "token",
        "include": ["acme/*"],
        "history": stamp(start),
        "streams": ["runs", "deployments", "issues", "findings"],
        "findings": ["code_scanning", "dependabot"],
        "rediscover": "1d",  # with the usual hour every poll of the long steps would look for repositories
    }
    series = {"budgets": budgets, "stage_windows": True}  # with stages per repository every panel has something to show
    declared = {"reported_hours_saved": 3.6, "seats": 60, "seat_price": 39, "hourly_rate": 95, "currency": "EUR"}
    words = {
        "sources": [source],
        "teams": TEAMS,
        "series": series,
        "diagnosis": declared,
        "store": {"path": "state.db"},
    }
    path = folder / "exporter.yaml"
    path.write_text(json.dumps(words))
    return load(path, {}, {row.name for row in exported()})
