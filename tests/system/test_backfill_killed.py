"""A remote write that is killed again and again gives the receiver, in the end, what one run writes into a file."""

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exporter.wiring import ledger_start
from tests.runtime.desk import SOURCE, Desk
from tests.runtime.test_remote_write import read
from tests.stories import at
from tests.system.processes import COMMAND, command, environment, until

KILLS = 3

pytestmark = pytest.mark.system


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/write"


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A store of forty days with a change a day, whose source does not answer."""
    path = tmp_path / "exporter.yaml"
    source = f"{{name: {SOURCE}, url: 'http://127.0.0.1:9', token_file: t, include: ['o/*'], history: 200d}}"
    path.write_text(f"sources: [{source}]\nstore: {{path: state.db}}\n")
    with Desk(tmp_path / "state.db") as desk:
        desk.store.put(ledger_start(SOURCE), str(at("0h")))
        desk.discover("o/a")
        for day in range(40):
            desk.story("o/a", day, f"opened {day}d by ann", f"reviewed {day}d5h by bob: approved", f"merged {day}d7h")
        desk.passed("41d")
    return path


def test_what_arrives_in_the_end_is_the_file(config: Path, tmp_path: Path) -> None:
    """Each run is killed when the receiver has about five requests of it; the last one comes to the end."""
    words = ("backfill", "-c", str(config), "--step", "6h")
    assert command(*words, "-o", tmp_path / "past.om").returncode == 0
    with receiving() as receiver:
        whole = (*words, "--remote-write", receiver.url)
        for kill in range(KILLS):
            came = len(receiver.bodies)
            process = subprocess.Popen([*COMMAND, *whole], env=environment(), stderr=subprocess.DEVNULL)
            until(lambda came=came: len(receiver.bodies) >= came + 5, "five requests")
            process.kill()
            process.wait()
            assert kill or len(receiver.bodies) < 40 * 4
        done = command(*whole)
        assert done.returncode == 0, done.stderr
        sent = [*receiver.bodies]
        assert command(*whole).returncode == 0
        assert len(receiver.bodies) == len(sent)
    arrived = [row for body in sent for row in read(body)]
    written = set()
    for line in (tmp_path / "past.om").read_text().splitlines()[:-1]:
        series, value, second = line.rsplit(" ", 2)
        labels = {("__name__", series.partition("{")[0]), *re.findall(r'(\w+)="([^"]*)"', series)}
        written.add((tuple(sorted(labels)), float(value), int(second) * 1000))
    assert len(written) > 10_000
    assert set(arrived) == written
    again = len(arrived) - len(written)
    assert again <= KILLS * 2 * max(len(list(read(body))) for body in sent)


def test_the_next_run_says_where_it_goes_on(config: Path) -> None:
    with receiving() as receiver:
        done = command("backfill", "-c", config, "--step", "5d", "--remote-write", receiver.url)
        assert done.returncode == 0
        assert "10 instants were sent" in done.stderr
        (kept,) = config.parent.glob("backfill-*.json")
        assert str(kept) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_file_and_leaves_none(config: Path, tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a file of 57,000 instants."""
    words = [*COMMAND, "backfill", "-c", config, "--step", "1m", "-o", tmp_path / "past.om"]
    process = subprocess.Popen([*map(str, words)], env=environment(), stderr=subprocess.DEVNULL)
    draft = tmp_path / "past.om.tmp"
    until(lambda: draft.exists() and draft.stat().st_size > 100_000, "a file is begun")
    process.send_signal(number)
    assert process.wait(10) == 1
    assert [*tmp_path.glob("past.om*")] == []
