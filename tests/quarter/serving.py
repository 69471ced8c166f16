"""The real Prometheus on a filled folder, and what it answers."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from exporter.catalogue import MINUTE
from tests.quarter.filling import PROMTOOL, Filled
from tests.system.processes import ROOT, environment, until

PROMETHEUS = shutil.which("prometheus")
NOT_READY = 503

Labels = dict[str, str]


class Quarter:
    """A Prometheus that has a simulated quarter; ``begin`` and ``end`` are its first and last scrape."""

    def __init__(self, url: str, filled: Filled) -> None:
        self.url = url
        self.filled = filled
        self.begin, self.end = filled.begin, filled.end

    def ask(self, query: str, at: float | None = None) -> list[tuple[Labels, float]]:
        """The instant vector of a query, at the end unless told otherwise; a scalar has no labels.

        Raises:
            AssertionError: Prometheus does not answer the query.
        """
        data = self._get("query", query=query, time=self.end if at is None else at)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def ask_range(
        self, query: str, start: float, end: float, step: float
    ) -> list[tuple[Labels, list[tuple[float, float]]]]:
        """The series of a query from start to end, each a list of instants and values.

        Raises:
            AssertionError: Prometheus does not answer the query.
        """
        data = self._get("query_range", query=query, start=start, end=end, step=step)
        return [(row["metric"], [(at, float(value)) for at, value in row["values"]]) for row in data["result"]]

    def answers(self) -> bool:
        """Whether it serves yet."""
        try:
            return bool(self.ask("vector(1)"))
        except OSError:
            return False

    def _get(self, what: str, **parameters: object) -> Any:
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{what}", body, timeout=60) as answer:  # noqa: S310 - loopback
                return json.load(answer)["data"]
        except HTTPError as error:
            if error.code == NOT_READY:
                raise
            raise AssertionError(f"{parameters['query']}: {error.read().decode()}") from None


@contextmanager
def serving(folder: Path, listen: str = "") -> Iterator[Quarter]:
    """The real Prometheus on a filled folder, at ``listen`` (host:port) or a free port of loopback.

    It looks back for as long as the scrapes are apart, so that every instant has an answer; what left /metrics lingers
    as long, since text holds no marks of staleness. It keeps blocks of any age, and leaves them as they are.
    """
    filled = Filled(**json.loads((folder / "quarter.json").read_text()))
    listen = listen or f"127.0.0.1:{_free_port()}"
    settings, log = folder / "prometheus.yml", folder / "prometheus.log"
    settings.write_text("{}\n")
    with log.open("w") as stream:
        process = subprocess.Popen(
            [
                str(PROMETHEUS),
                f"--config.file={settings}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--storage.tsdb.retention.time=100y",
                "--storage.tsdb.min-block-duration=2h",
                "--storage.tsdb.max-block-duration=2h",
                f"--query.lookback-delta={filled.step + 5 * MINUTE}s",
                f"--web.listen-address={listen}",
            ],
            stdout=stream,
            stderr=stream,
        )
        try:
            here = Quarter(f"http://{listen}", filled)
            until(lambda: process.poll() is not None or here.answers(), "prometheus answers")
            assert process.poll() is None, log.read_text()
            yield here
        finally:
            process.terminate()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def shared(temporary: pytest.TempPathFactory) -> Iterator[Quarter]:
    """A Prometheus of this process with the ordinary quarter, which the workers of one test run fill only once.

    It is filled in a process of its own.
    """
    if not (PROMETHEUS and PROMTOOL):
        pytest.skip("prometheus and promtool are not installed")
    base = temporary.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    filled = common / "quarter"
    with (common / "quarter.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (filled / "quarter.json").exists():
            shutil.rmtree(filled, ignore_errors=True)
            words = [sys.executable, "-m", "tests.quarter", "--out", filled]
            done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    own = temporary.mktemp("prometheus")
    shutil.copytree(filled, own, dirs_exist_ok=True)
    with serving(own) as quarter:
        yield quarter
