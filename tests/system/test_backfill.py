"""A quarter written by the real command and loaded into a real Prometheus, which then scrapes the running exporter.

By promtool, and by remote write: PromQL over the seam tells of no reset, no gap and no jump.
"""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter.catalogue import DAY, HOUR, METRICS, MINUTE, Kind, exported
from exporter.store.sqlite import SqliteStore
from tests.system.processes import Running, command, running, until
from tests.system.test_prometheus import PROMETHEUS, PROMTOOL, Prometheus, prometheus

FAILURE = 1
INSTANCE = "exporter:9517"
FLAGS = ("--storage.tsdb.retention.time=400d", "--web.enable-remote-write-receiver")
COUNTERS = [row.name for row in exported() if row.kind is Kind.COUNTER and not row.name.startswith("sdlc_exporter_")]
HISTOGRAMS = [
    row.name for row in exported() if row.kind is Kind.HISTOGRAM and not row.name.startswith("sdlc_exporter_")
]
CONFIG = """\
sources: [{name: demo, provider: demo, repositories: 2}]
server: {listen: "127.0.0.1:0"}
store: {path: state.db}
"""

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="prometheus and promtool are not installed"),
]


class Scene(NamedTuple):
    """The pretend organisation's exporter at work, its store loaded before, and when a quarter ago was."""

    folder: Path
    config: Path
    exporter: Running
    begin: int
    loaded: int

    def grown(self, since: int, to: int) -> Counter[str]:
        """What the ledger holds of each counter, and how many readings of each histogram, dated in (since, to]."""
        found: Counter[str] = Counter()
        with closing(SqliteStore(self.folder / "state.db", read_only=True)) as store:
            for row in store.ledger(to):
                if row.at > since:
                    found[row.metric] += row.value if METRICS[row.metric].kind is Kind.COUNTER else 1
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("backfill")
    config = folder / "exporter.yaml"
    config.write_text(CONFIG)
    done = command("once", "-c", config)
    assert done.returncode == 0, done.stderr
    with closing(SqliteStore(folder / "state.db", read_only=True)) as store:
        loaded = min(row.complete or 0 for row in store.repositories(None, None))
    with running(folder, "run", "-c", config) as exporter:
        exporter.loaded("demo")
        yield Scene(folder, config, exporter, (loaded - 90 * DAY) // DAY * DAY, loaded)


class Loaded(NamedTuple):
    """A Prometheus that was given the quarter up to a second, and has scraped the exporter since."""

    server: Prometheus
    begin: int
    end: int
    step: int


def backfilled(scene: Scene, *into: object, to: int, step: int) -> subprocess.CompletedProcess[str]:
    times = ("--from", scene.begin, "--to", to, "--step", f"{step // HOUR}h")
    return command("backfill", "-c", scene.config, *times, *into)


@pytest.fixture(scope="module")
def by_promtool(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """In steps of twelve hours, up to when the first load was complete."""
    folder, step = tmp_path_factory.mktemp("promtool"), 12 * HOUR
    path = folder / "past.om"
    done = backfilled(scene, "-o", path, to=scene.loaded, step=step)
    assert done.returncode == 0, done.stderr
    words = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=192h"]
    subprocess.run([str(PROMTOOL), *words, path, folder / "data"], check=True, capture_output=True)
    path.unlink()
    with prometheus(folder, scene.exporter, *FLAGS, instance=INSTANCE) as server:
        until(lambda: server.ask("sdlc_repository_info"), "a scrape")
        yield Loaded(server, scene.begin, scene.loaded, step)


@pytest.fixture(scope="module")
def by_remote_write(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """In steps of a day, up to two days before the load, into one that has scraped and takes what is 100 days late."""
    folder, step, to = tmp_path_factory.mktemp("remote"), DAY, scene.loaded - 2 * DAY
    window = {"storage": {"tsdb": {"out_of_order_time_window": "100d"}}}
    with prometheus(folder, scene.exporter, *FLAGS, instance=INSTANCE, **window) as server:
        until(lambda: server.ask("sdlc_repository_info"), "a scrape")
        done = backfilled(scene, "--remote-write", f"{server.url}/api/v1/write", to=to, step=step)
        assert done.returncode == 0, done.stderr
        yield Loaded(server, scene.begin, to, step)


@pytest.fixture(params=["by_promtool", "by_remote_write"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    found: Loaded = request.getfixturevalue(request.param)
    return found


def one(rows: list[tuple[dict[str, str], float]]) -> float:
    ((_, value),) = rows
    return value


def test_no_counter_falls_over_the_seam(loaded: Loaded) -> None:
    """A series that was lower afterwards would count as one that began anew."""
    seen = 0
    for name in [*COUNTERS, *(name + part for name in HISTOGRAMS for part in ("_bucket", "_count", "_sum"))]:
        assert loaded.server.ask(f"resets({name}[91d]) > 0") == [], name
        seen += len(loaded.server.ask(f"count_over_time({name}[91d]) > 80"))
    assert seen > 800


def test_the_increase_of_the_whole_quarter_is_the_ledgers(scene: Scene, loaded: Loaded) -> None:
    """Exactly, by each series' first and last sample; and as PromQL says it, which extrapolates to the window's edge.

    Its window begins a minute before the first sample, whatever the time of day: PromQL would go on to an edge that is
    up to 1.1 of the average time between two samples away. Half of it is added at the most, to those series that are
    not born at zero.
    """
    server, seen = loaded.server, 0
    now = int(time.time())
    window = f"{now - loaded.begin + 60}s"
    mark = int(one(server.ask("min(sdlc_exporter_watermark_timestamp_seconds)", now)))
    samples = one(server.ask("max(count_over_time(sdlc_repository_info[91d]))", now))
    grown = scene.grown(loaded.begin, mark)
    for name, metric in [*((name, name) for name in COUNTERS), *((f"{name}_count", name) for name in HISTOGRAMS)]:
        last = sum(value for _, value in server.ask(f"last_over_time({name}[91d])", now))
        first = sum(value for _, value in server.ask(name, loaded.begin))
        ledger = grown[metric]
        assert last - first == ledger, name
        seen += ledger > 100
        increase = sum(value for _, value in server.ask(f"increase({name}[{window}])", now))
        assert ledger * (1 - 1e-9) <= increase <= ledger * (1 + 0.5 / (samples - 1) + 1e-6), name
    assert seen > 5


def test_there_is_no_gap(loaded: Loaded) -> None:
    """At every step of the quarter every repository is there, at the end too, and live samples follow."""
    (info,) = loaded.server.ask_range("sum(sdlc_repository_info)", loaded.begin, loaded.end, loaded.step)
    assert info == dict.fromkeys(range(loaded.begin, loaded.end + 1, loaded.step), 2)
    assert one(loaded.server.ask("sum(sdlc_repository_info)", loaded.end)) == 2
    assert one(loaded.server.ask("sum(sdlc_repository_info)")) == 2


def test_between_two_instants_of_long_steps_there_is_nothing(loaded: Loaded) -> None:
    """Prometheus looks back five minutes: a panel finer than the step needs a window, such as last_over_time."""
    between = loaded.begin + 10 * loaded.step + HOUR
    assert loaded.server.ask("sdlc_repository_info", between) == []
    assert len(loaded.server.ask(f"last_over_time(sdlc_repository_info[{loaded.step // HOUR}h])", between)) == 2


def test_history_and_scrapes_are_the_same_series(loaded: Loaded) -> None:
    """What was written and what is scraped have the same labels, so each counter is there once."""
    for name in ("sdlc_changes_opened_total", "sdlc_change_lead_time_seconds_bucket", "sdlc_review_queue_changes"):
        whole = one(loaded.server.ask(f"count(last_over_time({name}[91d]))"))
        assert whole == one(loaded.server.ask(f"count({name})")), name


def test_nothing_jumps_where_scrapes_begin(scene: Scene, by_promtool: Loaded) -> None:
    """Between the end of the history and a scrape of a running exporter lie minutes: what happened then, and no more.

    The demo may tell of something meanwhile, so gauges may differ by little; ages by the time that passed.
    """
    server = by_promtool.server
    passed = time.time() - by_promtool.end
    assert passed < 20 * MINUTE
    for name in (
        "sdlc_review_queue_changes",
        "sdlc_review_queue_flow_changes",
        "sdlc_lead_time_window_samples",
        "sdlc_team_lead_time_window_samples",
        "sdlc_change_lead_time_seconds_bucket",
    ):
        then, now = (dict(_by_labels(server.ask(name, at))) for at in (by_promtool.end, None))
        assert then
        assert then.keys() == now.keys(), name
        assert sum(abs(now[labels] - value) for labels, value in then.items()) <= 60, name
    oldest = "max(sdlc_review_queue_oldest_wait_seconds)"
    assert abs(one(server.ask(oldest)) - one(server.ask(oldest, by_promtool.end))) <= passed + 5 * MINUTE


def _by_labels(rows: list[tuple[dict[str, str], float]]) -> Iterator[tuple[str, float]]:
    return ((json.dumps(labels, sort_keys=True), value) for labels, value in rows)


def test_a_receiver_that_has_scraped_already_says_what_it_needs(scene: Scene, by_promtool: Loaded) -> None:
    """Without a window for late samples it takes nothing older than an hour or so; that is no reason to try again."""
    done = backfilled(
        scene, "--remote-write", f"{by_promtool.server.url}/api/v1/write", to=scene.loaded - DAY, step=DAY
    )
    assert done.returncode == FAILURE
    assert "storage.tsdb.out_of_order_time_window" in done.stderr
    assert "again in" not in done.stderr
