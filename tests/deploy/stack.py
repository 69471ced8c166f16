"""Prometheus and Alertmanager as plain processes, from the files of deploy/; only addresses, paths and waits differ."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.system.processes import ROOT, until

DEPLOY = ROOT / "deploy"
PROMETHEUS, PROMTOOL, AMTOOL = shutil.which("prometheus"), shutil.which("promtool"), shutil.which("amtool")
ALERTMANAGER = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
needs_prometheus = pytest.mark.skipif(
    not (PROMETHEUS and PROMTOOL and AMTOOL and ALERTMANAGER),
    reason="prometheus, promtool, alertmanager or amtool is not installed",
)
ALWAYS = [{"weekdays": ["sunday:saturday"]}]
NEVER = [{"years": ["1999"]}]


def loaded(name: str) -> Any:
    """A YAML file of deploy/."""
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def prometheus_settings(folder: Path, rules: Path, target: str, alertmanager: str) -> Path:
    """deploy/prometheus/prometheus.yml with other addresses, another folder of rules, and everything every second."""
    settings = loaded("prometheus/prometheus.yml")
    settings["global"] = dict.fromkeys(settings["global"], "1s")
    settings["rule_files"] = [str(rules / Path(each).name) for each in settings["rule_files"]]
    (job,) = settings["scrape_configs"]
    (where,) = job["static_configs"]
    where["targets"] = [target]
    (where,) = settings["alerting"]["alertmanagers"][0]["static_configs"]
    where["targets"] = [alertmanager]
    return written(folder / "prometheus.yml", settings)


def alertmanager_settings(
    folder: Path, receiver: str, hours: Sequence[Mapping[str, Any]] = ALWAYS, **waits: str
) -> Path:
    """deploy/alertmanager/alertmanager.yml with other hours and waits; each receiver is a path below one URL."""
    settings = loaded("alertmanager/alertmanager.yml")
    for route in (settings["route"], *settings["route"]["routes"]):
        route |= {wait: value for wait, value in waits.items() if wait in route}
    for interval in settings["time_intervals"]:
        interval["time_intervals"] = list(hours)
    settings["receivers"] = [
        {"name": each["name"], "webhook_configs": [{"url": f"{receiver}/{each['name']}"}]}
        for each in settings["receivers"]
    ]
    return written(folder / "alertmanager.yml", settings)


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the machine has such: a disk that several tests write to may take a minute to sync."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="sdlc-") as folder:
        yield Path(folder)


def written(path: Path, settings: Any) -> Path:
    """The path, now with these settings as YAML."""
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path


def flags(service: str, changed: Mapping[str, str]) -> list[str]:
    """The flags that compose.yaml gives a service, some with another value; all of these have to be there."""
    given = dict(each.split("=", 1) for each in loaded("compose.yaml")["services"][service]["command"])
    assert changed.keys() <= given.keys()
    return [f"{flag}={value}" for flag, value in (given | changed).items()]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """Something that answers on loopback."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"

    def ask(self, path: str, body: Any = None, **query: str) -> Any:
        """An answer's JSON; ``body`` makes it a POST."""
        address = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def ready(self) -> bool:
        """Whether it says so itself."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=10) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False


class Prometheus(Server):
    """A server that scrapes and evaluates."""

    def query(self, query: str) -> list[tuple[dict[str, str], float]]:
        """The instant vector of a query: labels without the name, and values."""
        rows = self.ask("/api/v1/query", query=query)["data"]["result"]
        return [({k: v for k, v in row["metric"].items() if k != "__name__"}, float(row["value"][1])) for row in rows]

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """The alerts of a name, pending or firing."""
        return [each for each in self.ask("/api/v1/alerts")["data"]["alerts"] if each["labels"]["alertname"] == name]

    def groups(self) -> list[dict[str, Any]]:
        """The rule groups with their state."""
        return list(self.ask("/api/v1/rules")["data"]["groups"])


class Alertmanager(Server):
    """A server that groups, inhibits and notifies."""

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts it has with these labels, with their status; an empty one is a label that it has not."""
        found = self.ask("/api/v2/alerts")
        return [
            each for each in found if all(each["labels"].get(label, "") == value for label, value in labels.items())
        ]


@contextmanager
def process(folder: Path, name: str, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program at work whose log is in a file of ``folder``; it is ended with the block."""
    with (folder / f"{name}.log").open("w") as log:
        here = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield here
        except BaseException:
            print((folder / f"{name}.log").read_text())
            raise
        finally:
            here.terminate()
            try:
                here.wait(20)
            except subprocess.TimeoutExpired:
                here.kill()
                here.wait()


@contextmanager
def prometheus(folder: Path, settings: Path) -> Iterator[Prometheus]:
    """Prometheus as in compose.yaml, ready."""
    server = Prometheus(free_port())
    changed = {"--config.file": str(settings), "--storage.tsdb.path": str(folder / "prometheus")}
    words = [str(PROMETHEUS), *flags("prometheus", changed), f"--web.listen-address={server.address}"]
    with process(folder, "prometheus", words):
        until(server.ready, "Prometheus is ready")
        yield server


@contextmanager
def alertmanager(folder: Path, settings: Path) -> Iterator[Alertmanager]:
    """Alertmanager as in compose.yaml, ready."""
    server = Alertmanager(free_port())
    changed = {"--config.file": str(settings), "--storage.path": str(folder / "alertmanager")}
    words = [str(ALERTMANAGER), *flags("alertmanager", changed), f"--web.listen-address={server.address}"]
    with process(folder, "alertmanager", words):
        until(server.ready, "Alertmanager is ready")
        yield server


class Notification(NamedTuple):
    """What a receiver was sent: its own name, and the notification itself."""

    receiver: str
    content: dict[str, Any]

    @property
    def status(self) -> str:
        """``firing`` while any of its alerts does, else ``resolved``."""
        return str(self.content["status"])

    @property
    def name(self) -> str:
        """The alerts' name."""
        return str(self.content["commonLabels"].get("alertname", ""))


class Inbox:
    """Webhook receivers that keep what they are sent."""

    def __init__(self) -> None:
        self.url = ""
        self.all: list[Notification] = []

    def of(self, receiver: str, name: str = "") -> list[Notification]:
        """What one receiver got, perhaps about alerts of one name only."""
        return [each for each in self.all if each.receiver == receiver and name in ("", each.name)]


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Receivers on loopback."""
    here = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.all.append(Notification(self.path.strip("/"), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, name="webhook receivers")
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()
