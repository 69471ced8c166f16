"""A real Prometheus scrapes the running exporter, and answers PromQL with the numbers one reckons by hand."""

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.double import World, serve
from tests.system.processes import Running, configuration, running, until

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
PROMISED = 'sdlc_business_hours use base unit "seconds" instead of "hours"'
MINUTE, HOUR, DAY = 60, 3600, 86_400

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="prometheus and promtool are not installed"),
]


def organisation() -> World:
    """Two repositories of one week; ``day(n)`` is n days ago.

    shop: A by ann, ready 6 d ago, approved after 2 h, merged after 3 h; B by Copilot, ready 5 d ago, approved after
    6 h, merged after 7 h; C by ann, merged after 1 h without review; D and E by ann, waiting for 3 d and for 1 d; F, a
    draft. pay: G by cat, reviewed with a request for changes after 12 h, open; H by renovate, approved after 1 h,
    merged after 2 h.
    """
    now = int(time.time())
    world = World(now, speed=1.0)
    shop, pay = world.add_repository("acme/shop"), world.add_repository("acme/pay")

    def day(number: float) -> int:
        return now - round(number * DAY)

    for author, opened, reviewed in (("ann", day(6), 2), ("Copilot", day(5), 6)):
        pull = world.open(shop, author, at=opened, files=[("a.py", 30, 10)])
        world.push(pull, at=opened, authored=opened - HOUR)
        world.review(pull, "bob", at=opened + reviewed * HOUR)
        world.merge(pull, "bob", opened + (reviewed + 1) * HOUR)
    world.merge(world.open(shop, "ann", at=day(4)), "ann", day(4) + HOUR)
    world.open(shop, "ann", at=day(3))
    world.open(shop, "ann", at=day(1))
    world.open(shop, "ann", at=day(1), draft=True)
    world.review(world.open(pay, "cat", at=day(2)), "bob", "CHANGES_REQUESTED", day(2) + 12 * HOUR)
    update = world.open(pay, "renovate[bot]", at=day(2))
    world.review(update, "bob", at=day(2) + HOUR)
    world.merge(update, "bob", day(2) + 2 * HOUR)
    return world


class Prometheus:
    """A server that scrapes one target every second."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, at: int | None = None) -> list[tuple[dict[str, str], float]]:
        """The instant vector of a query, now or at a second: labels without the name, and values."""
        rows = self._ask("query", query=query, **({} if at is None else {"time": at}))
        return [({k: v for k, v in row["metric"].items() if k != "__name__"}, float(row["value"][1])) for row in rows]

    def ask_range(self, query: str, start: int, end: int, step: int) -> list[dict[int, float]]:
        """Each series of a range of instants: values by second."""
        rows = self._ask("query_range", query=query, start=start, end=end, step=step)
        return [{int(at): float(value) for at, value in row["values"]} for row in rows]

    def _ask(self, path: str, **words: object) -> list[dict[str, Any]]:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - loopback
            told = json.load(answer)
        assert told["status"] == "success"
        return list(told["data"]["result"])

    def value(self, query: str) -> float | None:
        """The one value of a query; None while there is none."""
        rows = self.ask(query)
        assert len(rows) <= 1, rows
        return rows[0][1] if rows else None

    def answers(self) -> bool:
        """Whether it serves yet."""
        try:
            return bool(self.ask("vector(1)"))
        except OSError:
            return False


@contextmanager
def prometheus(
    folder: Path, target: Running, *flags: str, instance: str = "", **settings: object
) -> Iterator[Prometheus]:
    """The real one, with its data in a folder of the test; ``instance`` is what it calls the target."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host, target_port = target.address
    path = folder / "prometheus.yml"
    targets = {"targets": [f"{host}:{target_port}"], "labels": {"instance": instance} if instance else {}}
    job = {"job_name": "sdlc", "scrape_interval": "1s", "static_configs": [targets]}
    path.write_text(json.dumps({"scrape_configs": [job], **settings}))
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(PROMETHEUS),
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                *flags,
            ],
            stdout=log,
            stderr=log,
        )
        try:
            here = Prometheus(f"http://127.0.0.1:{port}")
            until(here.answers, "prometheus answers")
            yield here
        finally:
            process.terminate()
            process.wait(20)


class Scene:
    """A world, the exporter that reads it, and the Prometheus that scrapes that."""

    def __init__(self, world: World, exporter: Running, prometheus: Prometheus) -> None:
        self.world = world
        self.exporter = exporter
        self.prometheus = prometheus


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("prometheus")
    world = organisation()
    with serve(world, fast=True, clock="world") as double:
        teams = "teams: {basket: [acme/shop]}\n"
        path = configuration(folder, double.url, teams, source="include: [acme/*], history: 90d")
        with running(folder, "run", "-c", path) as exporter:
            exporter.loaded()
            with prometheus(folder, exporter) as server:
                until(lambda: server.ask("sdlc_repository_info"), "a first scrape with the repositories")
                yield Scene(world, exporter, server)


JOIN = "on (repository) group_left (team) sdlc_repository_info"
SHOP, PAY = 'repository="acme/shop"', 'repository="acme/pay"'


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # A, C, D, E, F of ann's and B of Copilot's
        (f'sdlc_changes_opened_total{{{SHOP},origin="unmarked"}}', 5),
        (f'sdlc_changes_opened_total{{{SHOP},origin="agentic"}}', 1),
        ('sum(sdlc_changes_opened_total{origin="bot"})', 1),
        (f"sum(sdlc_changes_ready_total{{{SHOP}}})", 5),
        ('sum(sdlc_changes_merged_total{reviewed="yes"})', 3),
        (f'sum(sdlc_changes_merged_total{{{SHOP},reviewed="no"}})', 1),
        (f'sum(sdlc_review_queue_changes{{{SHOP},state="awaiting_review"}})', 2),
        (f'sum(sdlc_review_queue_changes{{{PAY},state="changes_requested"}})', 1),
        ("sum(sdlc_review_queue_changes)", 3),
        ("sum(sdlc_draft_changes)", 1),
        # every change but the draft began to wait: 5 + 2; reviewed A, B, G, H, merged C: 5 of them left
        ("sum(sdlc_review_queue_entered_total)", 7),
        ("sum(sdlc_review_queue_left_total)", 5),
        ('sum(sdlc_review_queue_left_total{by="merge"})', 1),
        (f"sdlc_review_queue_flow_changes{{{SHOP},direction='in',window='7d'}}", 5),
        # A 2 h and B 6 h; G 12 h; the bot's is in no statistics
        (f"sum(sdlc_change_review_wait_seconds_sum{{{SHOP}}})", 8 * HOUR),
        ("sum(sdlc_change_review_wait_seconds_count)", 3),
        ("sum(sdlc_change_review_wait_seconds_sum)", 20 * HOUR),
        # lead times: A 1 + 3 h, B 1 + 7 h, C 1 h
        ("sum(sdlc_change_lead_time_seconds_sum)", 13 * HOUR),
        ('sum(sdlc_change_stage_seconds_sum{repository="all",stage="coding"})', 2 * HOUR),
        ('sum(sdlc_change_stage_seconds_sum{repository="all",stage="unreviewed"})', HOUR),
        ("sum(sdlc_change_size_lines_sum)", 80),
        ('sdlc_ai_changes_total{tool="copilot"}', 1),
        # by team: shop's changes are basket's, pay's nobody's
        (f'sum by (team) (sdlc_changes_opened_total * {JOIN}{{team="basket"}})', 6),
        (f'sum by (team) (sdlc_changes_opened_total * {JOIN}{{team="none"}})', 2),
        ('sdlc_team_active_reviewers{team="all",window="28d"}', 1),
        # 5 + 1 ready changes that are not a bot's over 3 first reviews
        ('sdlc_team_review_utilisation_ratio{team="all",window="7d"}', 2),
        ('sdlc_team_review_wait_window_seconds{team="none",origin="unmarked",window="7d",percentile="p50"}', 12 * HOUR),
        ("sdlc_exporter_config_last_reload_successful", 1),
        ('sdlc_exporter_repositories{source="forge",state="ok"}', 2),
    ],
)  # fmt: skip
def test_promql_gives_the_number_reckoned_by_hand(scene, query, expected):
    assert scene.prometheus.value(query) == expected


def test_the_oldest_wait_is_three_days_and_grows(scene):
    """D waits since three days ago; rendered at most a minute ago."""
    age = scene.prometheus.value(f"sdlc_review_queue_oldest_wait_seconds{{{SHOP}}}")
    assert 3 * DAY <= age <= 3 * DAY + 3 * MINUTE


def test_a_quantile_of_a_histogram_is_finite_and_in_its_bucket(scene):
    """Waits of 2 h, 6 h and 12 h: the median lies between the bounds 4 h and 8 h."""
    query = "histogram_quantile(0.5, sum by (le) (sdlc_change_review_wait_seconds_bucket))"
    assert 4 * HOUR <= scene.prometheus.value(query) <= 8 * HOUR


def test_promtool_finds_nothing_but_a_name_that_is_a_promise(scene):
    """``sdlc_business_hours`` is 0 or 1 and no time; its name is fixed for those who build rules on it."""
    text = scene.exporter.ask("/metrics").text
    checked = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.stdout + checked.stderr).splitlines() == [PROMISED]
    without = "".join(line for line in text.splitlines(keepends=True) if "sdlc_business_hours" not in line)
    checked = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=without, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_first_event_of_its_kind_is_an_increase(scene):
    """The change of cat in pay is merged, the first of its kind: born at zero, seen by two scrapes, then 1.

    The world's clock is moved past the search index's lag, and a reload polls at once.
    """
    query = f'sdlc_changes_merged_total{{{PAY},origin="unmarked",reviewed="yes"}}'
    assert scene.prometheus.value(query) is None
    pull = next(one for one in scene.world.pulls.values() if one.author.login == "cat")
    scene.world.merge(pull)
    scene.world.now += 6 * MINUTE
    assert scene.exporter.ask("/-/reload", "POST").status == 200
    assert until(lambda: scene.prometheus.ask(query), "the birth")[0][1] == 0
    until(lambda: scene.prometheus.value(query) == 1, "the release", 40)
    assert scene.prometheus.value(f"increase({query}[2m])") > 0
    assert scene.prometheus.value(f"sum(sdlc_review_queue_changes{{{PAY}}})") == 0
