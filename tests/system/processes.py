"""Starts the real command in a process of its own, waits for it, asks it, reads its metrics, and ends it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TypeVar
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from tests.double import TOKEN

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "exporter.cli"]
WITHIN = 30.0
"""Seconds after which waiting for anything is given up."""
STOPS_WITHIN = 5.0
SCRAPER = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
"""What a Prometheus sends and nobody else does."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Answer(NamedTuple):
    """What an HTTP request got."""

    status: int
    headers: dict[str, str]
    text: str


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: this one's, but that its lines are not traced for coverage."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return own | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | dict(more or {})


def command(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment(env), check=False)


def configuration(folder: Path, url: str, more: str = "", *, source: str = "", store: bool = True) -> Path:
    """Writes a configuration of one GitHub source, with its token in a file; ``source`` and ``more`` are YAML."""
    (folder / "token").write_text(TOKEN)
    path = folder / "exporter.yaml"
    path.write_text(
        "sources:\n"
        f"  - {{name: forge, provider: github, url: '{url}', token_file: token, archived: true, forks: true,\n"
        f"     {source or 'include: [acme/*, umbrella/*], history: 2025-04-01'}}}\n"
        "server: {listen: '127.0.0.1:0'}\n" + ("store: {path: state.db}\n" if store else "") + more
    )
    return path


def apart_from_own(text: str) -> list[str]:
    """The lines of an exposition without the exporter's word about itself (definitions 7)."""
    return [line for line in text.splitlines() if not re.match(r"(# (HELP|TYPE) )?sdlc_exporter_", line)]


def until(what: Callable[[], T | None], says: str = "", within: float = WITHIN) -> T:
    """The first true answer of a question asked again and again.

    Raises:
        AssertionError: there was none in time.
    """
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {within:g} s: {says or what}")


def samples(text: str) -> Samples:
    """Every sample of an exposition by its name and labels."""
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


class Running:
    """A process that serves; made by ``running``."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self._address: tuple[str, int] | None = None

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return self._log.read_text()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as soon as it listens."""
        if self._address is None:
            self._address = until(self._listening, "the log says where it listens")
        return self._address

    @property
    def url(self) -> str:
        """The root of its pages."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def _listening(self) -> tuple[str, int] | None:
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log}"
        found = re.search(r"listening on (http://\S+/)", self.log)
        parts = urlsplit(found[1]) if found else None
        return (parts.hostname or "", parts.port or 0) if parts else None

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request."""
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read().decode())
        finally:
            connection.close()

    def scrape(self) -> Samples:
        """Everything on /metrics, asked for as a Prometheus asks."""
        return samples(self.ask("/metrics", **SCRAPER).text)

    def value(self, name: str, **labels: str) -> float | None:
        """One sample of /metrics, asked for as a person asks; None where there is none."""
        return samples(self.ask("/metrics").text).get((name, frozenset(labels.items())))

    def shows(self, name: str, value: float, within: float = WITHIN, **labels: str) -> None:
        """Waits until a sample has a value."""
        until(lambda: self.value(name, **labels) == value, f"{name}{labels} {value}", within)

    def loaded(self, source: str = "forge") -> None:
        """Waits until a source's history is in and shown."""
        self.shows("sdlc_exporter_initial_load_complete", 1, source=source)

    def kill(self) -> None:
        """Ends it between two instructions."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Asks it to end; the seconds it took.

        Raises:
            AssertionError: it took longer than five, or did not end well.
        """
        started = time.monotonic()
        self.process.send_signal(number)
        try:
            code = self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there {STOPS_WITHIN:g} s after signal {number}: {self.log}") from None
        assert code == 0, f"ended with {code}: {self.log}"
        return time.monotonic() - started


@contextmanager
def running(folder: Path, *arguments: object, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A serving command whose log goes to a file in ``folder``; it is ended with the block, and ends well."""
    log = folder / "log.txt"
    with log.open("w") as stream:
        here = Running(start(stream, *arguments, env=env), log)
        try:
            yield here
        except BaseException:
            here.kill()
            print(here.log)
            raise
        if here.process.poll() is None:
            here.stop()


def start(stream: IO[str], *arguments: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A command at work; standard error goes to ``stream``, standard output nowhere."""
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=stream, stdin=subprocess.DEVNULL, text=True, env=environment(env)
    )
