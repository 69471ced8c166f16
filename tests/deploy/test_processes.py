"""The exporter, Prometheus and Alertmanager as plain processes, with the very files and flags that containers get."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.deploy import stack
from tests.deploy.stack import Alertmanager, Prometheus
from tests.system.processes import ROOT, Running, running, until

pytestmark = [pytest.mark.system, stack.needs_prometheus]


class Machine(NamedTuple):
    """What one machine runs, but for Grafana."""

    exporter: Running
    prometheus: Prometheus
    alertmanager: Alertmanager


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """All three at work; rules are taken from alerts/, and the configuration of the exporter is the demo's."""
    settings = stack.loaded("exporter/config.yaml")
    with ExitStack() as opened:
        folder = opened.enter_context(stack.quick_folder())
        settings["store"]["path"] = str(folder / "state.db")
        settings["server"]["listen"] = "127.0.0.1:0"
        exporter = opened.enter_context(running(folder, "run", "-c", stack.written(folder / "config.yaml", settings)))
        here = stack.alertmanager_settings(folder, "http://127.0.0.1:9")
        alertmanager = opened.enter_context(stack.alertmanager(folder, here))
        target = f"127.0.0.1:{exporter.address[1]}"
        here = stack.prometheus_settings(folder, ROOT / "alerts", target, alertmanager.address)
        yield Machine(exporter, opened.enter_context(stack.prometheus(folder, here)), alertmanager)


def test_each_says_that_it_is_ready(machine):
    until(lambda: machine.exporter.ask("/-/ready").status == 200)
    assert machine.prometheus.ready()
    assert machine.alertmanager.ready()


def test_prometheus_scrapes_the_exporter(machine):
    def up() -> bool:
        targets = machine.prometheus.ask("/api/v1/targets")["data"]["activeTargets"]
        return [(each["labels"]["job"], each["health"]) for each in targets] == [("sdlc", "up")]

    until(up, "the one target is up")


def test_prometheus_finds_alertmanager(machine):
    def found() -> list[str]:
        return [each["url"] for each in machine.prometheus.ask("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]]

    until(lambda: found() == [f"{machine.alertmanager.url}/api/v2/alerts"], "the one Alertmanager is active")


def test_every_rule_is_loaded_and_evaluated_without_fault(machine):
    """As many alerts as the files have, and the recorded series are there."""
    written = [rule for path in (ROOT / "alerts").glob("*.yaml") for rule in rules(path)]
    until(
        lambda: machine.prometheus.query('repository_stream:sdlc_repository_info:fresh{stream="changes"}'),
        "a recorded series",
    )
    loaded = [rule for group in machine.prometheus.groups() for rule in group["rules"]]
    assert sorted(each["name"] for each in loaded) == sorted(each.get("alert") or each["record"] for each in written)
    until(lambda: {rule["health"] for group in machine.prometheus.groups() for rule in group["rules"]} == {"ok"})


def rules(path: Path) -> list[dict[str, str]]:
    """The rules of a file."""
    return [rule for group in yaml.safe_load(path.read_text("utf-8"))["groups"] for rule in group["rules"]]


def test_data_is_kept_as_long_as_the_compose_file_says(machine):
    """400 days, told by Prometheus itself."""
    assert machine.prometheus.ask("/api/v1/status/flags")["data"]["storage.tsdb.retention.time"] in ("400d", "1y35d")


@pytest.mark.parametrize("name", ["exporter", "prometheus", "alertmanager"])
def test_a_health_check_says_yes_while_it_runs_and_no_when_nobody_answers(machine, name):
    """The command of the container, with the programs of this machine and the port of the process."""
    port = {
        "exporter": machine.exporter.address[1],
        "prometheus": machine.prometheus.address.partition(":")[2],
        "alertmanager": machine.alertmanager.address.partition(":")[2],
    }[name]
    programs = {"python": sys.executable, "promtool": stack.PROMTOOL, "amtool": stack.AMTOOL}
    _, program, *words = stack.loaded("compose.yaml")["services"][name]["healthcheck"]["test"]
    for each, code in ((port, True), (stack.free_port(), False)):
        asked = [re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{each}", word) for word in words]
        done = subprocess.run([str(programs[program]), *asked], capture_output=True, timeout=20, check=False)
        assert (done.returncode == 0) is code, done.stderr
