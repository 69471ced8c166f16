"""What the exposition costs beside the client library's, as ratios taken in one run.

    python benchmarks/exposition.py [--quick] [--series N]

Both sides hold the same histograms (3 labels, 15 buckets: 17 series a child) and their lines are compared first. Each
server is a process of its own; figures are medians. ``--quick`` measures less and asks for half of each goal. Goals are
printed, never enforced: neighbours make noise. Single gauges, our worst case, are printed beside G3.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web as aiohttp_web
from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client import start_http_server as start_reference
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporter.catalogue import Group, Kind, Metric
from exporter.exposition import Exposition, Rendered
from exporter.runtime import web
from exporter.runtime.page import Status
from exporter.runtime.web_config import WebConfig

NAME, HELP, LABELS = "sdlc_change_stage_seconds", "Time in a stage.", ("repository", "origin", "stage")
BOUNDS = (60, 300, 900, 3600, 7200, 14400, 28800, 86400, 172800, 259200, 432000, 604800, 1209600, 2592000)
LINES = len(BOUNDS) + 3
ROWS = (
    Metric(name=NAME, kind=Kind.HISTOGRAM, group=Group.EVENTS, help=HELP, labels=LABELS, bounds=BOUNDS),
    Metric(name="sdlc_changes", kind=Kind.GAUGE, group=Group.STATE, help=HELP, labels=LABELS),
)
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
disable_created_metrics()


def labels(count: int) -> list[tuple[str, ...]]:
    return [(f"acme/service-{each // 20:05d}", f"origin{each // 5 % 4}", f"stage{each % 5}") for each in range(count)]


def readings(child: int) -> list[int]:
    return [600 * (child % 11 + 1), 50000 + child, 3_000_000]


def fill(shown: Exposition, series: int, step: int = 1, more: int = 0) -> None:
    """Every ``step``-th child with its readings, and ``more`` further ones below the first bound."""
    for child, each in list(enumerate(labels(series // LINES)))[::step]:
        counts = [0] * (len(BOUNDS) + 1)
        for value in readings(child):
            counts[sum(bound < value for bound in BOUNDS)] += 1
        counts[0] += more
        shown.set_histogram(NAME, each, counts, sum(readings(child)) + more)


def reference(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    histogram = Histogram(NAME, HELP, LABELS, buckets=BOUNDS, registry=registry, unit="seconds")
    for child, each in enumerate(labels(series // LINES)):
        for value in readings(child):
            histogram.labels(*each).observe(value)
    return registry


class World:
    """Our server's application; a reload changes 1 % of the children and renders."""

    def __init__(self, series: int) -> None:
        self.series, self.more = series, 0
        self.exposition = Exposition(ROWS)
        fill(self.exposition, series)
        self.rendered = self.exposition.render()

    def metrics(self) -> Rendered:
        """What was rendered last."""
        return self.rendered

    def scraped(self, at: float) -> None:
        """Nothing to note."""

    def ready(self) -> list[str]:
        """Ready from the start."""
        return []

    def status(self) -> Status:
        """Nobody asks for the page here."""
        raise NotImplementedError

    async def reload(self) -> list[str]:
        """One poll: change every 100th child and render."""
        self.more += 1
        fill(self.exposition, self.series, 100, self.more)
        self.rendered = await asyncio.to_thread(self.exposition.render)
        return []


class Prebuilt(asyncio.Protocol):
    """The floor: one answer, ready made, for whatever is asked."""

    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(self.answer)  # type: ignore[attr-defined]


async def listen_ours(series: int) -> int:
    return (await web.start(World(series), "127.0.0.1", 0, WebConfig())).port


async def listen_floor(series: int) -> int:
    body = World(series).rendered.text_gzip
    Prebuilt.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Encoding: gzip\r\n\r\n" % len(body) + body
    server = await asyncio.get_running_loop().create_server(Prebuilt, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def listen_official(series: int) -> int:
    app = aiohttp_web.Application()
    app.router.add_get("/metrics", make_aiohttp_handler(reference(series)))
    runner = aiohttp_web.AppRunner(app, access_log=None)
    await runner.setup()
    site = aiohttp_web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner.addresses[0][1]


async def listen_reference(series: int) -> int:
    server, _ = start_reference(0, "127.0.0.1", reference(series))
    return server.server_port


SERVERS = {"ours": listen_ours, "floor": listen_floor, "official": listen_official, "reference": listen_reference}


async def serve(name: str, series: int) -> None:
    """Print the port; then, for each line of input, the loop's longest stall in seconds since the last."""
    port = await SERVERS[name](series)
    worst = 0.0

    async def beat() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before - 0.001)

    page = json.dumps([{"id": each, "title": "a change", "commits": [each] * 20} for each in range(1500)]).encode()

    async def ingest() -> None:
        while True:
            msgspec.json.decode(page)
            await asyncio.sleep(0.02)

    tasks: list[asyncio.Task[None]] = []
    print(port, flush=True)
    while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if word == "start":
            tasks = [asyncio.create_task(beat()), asyncio.create_task(ingest())]
        print(worst, flush=True)
    for task in tasks:
        task.cancel()


class Server:
    """One of ``SERVERS`` in a process of its own."""

    def __init__(self, name: str, series: int) -> None:
        command = [sys.executable, __file__, "--serve", name, "--series", str(series)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.read())
        self.connection: socket.socket | None = None

    def read(self) -> str:
        """The next line the process prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stall(self, word: str) -> float:
        """The longest stall so far in seconds; ``start`` begins to measure."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return float(self.read())

    def ask(self, request: bytes = REQUEST) -> float:
        """Seconds until the whole answer is here; the connection is kept where the server keeps it."""
        before = time.perf_counter()
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port))
        self.connection.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.connection.recv(1 << 16)
        head, _, body = got.partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = re.search(rb"(?i)content-length: (\d+)", head)
        left = int(length.group(1)) - len(body) if length else 1 << 60
        while left > 0 and (more := self.connection.recv(1 << 20)):
            left -= len(more)
        if not length or head.startswith(b"HTTP/1.0"):
            self.connection.close()
            self.connection = None
        return time.perf_counter() - before

    def cpu(self) -> float:
        """CPU seconds used so far, in steps of 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the process."""
        if self.connection is not None:
            self.connection.close()
        self.process.kill()
        self.process.communicate()


def timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


class Report:
    """Prints each ratio beside its goal and the figures it comes from."""

    def __init__(self, quick: bool) -> None:
        self.share = 0.5 if quick else 1.0

    def at_least(self, what: str, ratio: float, goal: float, basis: str) -> None:
        """A ratio that should reach its goal."""
        self.line(what, f"{ratio:,.1f}x", f">={goal * self.share:,.0f}x", ratio >= goal * self.share, basis)

    def at_most(self, what: str, value: float, goal: float, unit: str, basis: str) -> None:
        """A value that should stay below its goal."""
        limit = goal / self.share
        self.line(what, f"{value:,.2f} {unit}", f"<={limit:,.0f} {unit}", value <= limit, basis)

    def line(self, what: str, value: str, goal: str, met: bool, basis: str) -> None:
        """One line of the report."""
        print(f"{'met ' if met else 'MISS'}  {what:<46} {value:>12}  goal {goal:<10}  {basis}", flush=True)


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms"


def scrapes(series: int, quick: bool, report: Report) -> None:
    """G1 and G2: what a scrape takes, and the processor time of a minute with one poll and eight scrapes."""
    names = ("ours", "floor", "reference")
    servers = {name: Server(name, series) for name in names}
    try:
        took: dict[str, list[float]] = {name: [] for name in names}
        servers["ours"].ask()
        for _ in range(3 if quick else 9):
            took["reference"].append(servers["reference"].ask())
            for _ in range(7):
                took["ours"].append(servers["ours"].ask())
                took["floor"].append(servers["floor"].ask())
        p50 = {name: statistics.median(each) for name, each in took.items()}
        p99 = {name: sorted(each)[int(len(each) * 0.99)] for name, each in took.items()}
        basis = f"{ms(p50['ours'])} beside {ms(p50['reference'])}"
        report.at_least("G1 scrape, gzip, p50, start_http_server", p50["reference"] / p50["ours"], 1000, basis)
        basis = f"{ms(p99['ours'])} beside {ms(p99['reference'])}"
        report.at_least("G1 the same, p99", p99["reference"] / p99["ours"], 300, basis)
        report.at_most("G1 scrape over a prebuilt answer", p50["ours"] / p50["floor"], 4, "x", ms(p50["floor"]))
        minutes, reload = 5 if quick else 20, b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n"
        before = servers["ours"].cpu()
        for _ in range(minutes):
            servers["ours"].ask(reload)
            for _ in range(8):
                servers["ours"].ask()
        ours = max(servers["ours"].cpu() - before, 0.01) / minutes
        before = servers["reference"].cpu()
        for _ in range(2 if quick else 8):
            servers["reference"].ask()
        theirs = (servers["reference"].cpu() - before) * (4 if quick else 1)
        report.at_least(
            "G2 CPU of 1 poll (1 % changed) and 8 scrapes", theirs / ours, 100, f"{ms(ours)} beside {ms(theirs)}"
        )
        if shutil.which("prometheus-pushgateway") is None:
            print("left  G2 beside pushgateway: prometheus-pushgateway is not installed")
    finally:
        for each in servers.values():
            each.stop()


def rendering(series: int, quick: bool, report: Report) -> None:
    """G3: rendering everything, and again after 1 % of the children changed, beside generate_latest."""
    registry = reference(series)
    ours = Exposition(ROWS)
    fill(ours, series)
    first = ours.render()
    for mine, theirs in ((first.text, generate_latest(registry)), (first.openmetrics, generate_openmetrics(registry))):
        assert sorted(mine.split(b"\n")) == sorted(theirs.split(b"\n")), "the lines differ"
    del first
    forms = {"dirty": "text", "dirty om": "openmetrics", "gzip": "text_gzip"}
    worlds = {name: Exposition(ROWS) for name in forms}
    for each in worlds.values():
        fill(each, series)
        each.render()
    took: dict[str, list[float]] = {name: [] for name in ("text", "openmetrics", "cold", *forms)}
    for turn in range(3 if quick else 9):
        took["text"].append(timed(lambda: generate_latest(registry)))
        took["openmetrics"].append(timed(lambda: generate_openmetrics(registry)))
        fresh = Exposition(ROWS)
        fill(fresh, series)
        took["cold"].append(timed(lambda: fresh.render().text))  # noqa: B023 - called at once
        for name, form in forms.items():
            for change in range(3):
                fill(worlds[name], series, 100, 10 * turn + change + 1)
                took[name].append(timed(lambda: worlds[name].render().form(form)))  # noqa: B023 - called at once
    middle = {name: statistics.median(each) for name, each in took.items()}
    basis = f"{ms(middle['cold'])} beside {ms(middle['text'])}"
    report.at_least("G3 everything rendered, text", middle["text"] / middle["cold"], 25, basis)
    basis = f"{ms(middle['dirty'])} beside {ms(middle['text'])}"
    report.at_least("G3 1 % changed, text", middle["text"] / middle["dirty"], 300, basis)
    basis = f"{ms(middle['dirty om'])} beside {ms(middle['openmetrics'])}"
    report.at_least("G3 1 % changed, OpenMetrics", middle["openmetrics"] / middle["dirty om"], 300, basis)
    print(f"      1 % changed, text and its gzip: {ms(middle['gzip'])}")
    gauges(series, 3 if quick else 5)


def gauges(series: int, turns: int) -> None:
    registry, ours = CollectorRegistry(), Exposition(ROWS)
    gauge = Gauge("sdlc_changes", HELP, LABELS, registry=registry)
    names = labels(series)
    for value, each in enumerate(names):
        gauge.labels(*each).set(value % 1000)
    theirs, cold, dirty = [], [], []
    for turn in range(turns):
        theirs.append(timed(lambda: generate_latest(registry)))
        ours = Exposition(ROWS)
        for value, each in enumerate(names):
            ours.set("sdlc_changes", each, value % 1000)
        cold.append(timed(lambda: ours.render().text))  # noqa: B023 - called at once
        for value, each in list(enumerate(names))[::100]:
            ours.set("sdlc_changes", each, value % 1000 + turn + 1)
        dirty.append(timed(lambda: ours.render().text))  # noqa: B023 - called at once
    base, all_, some = (statistics.median(each) for each in (theirs, cold, dirty))
    print(f"      the same as single gauges: everything {base / all_:.1f}x, 1 % changed {base / some:.1f}x, {ms(base)}")


def stalls(series: int, quick: bool, report: Report) -> None:
    """G5: the loop's longest stall while 5 scrapes are served and pages are decoded in the same loop."""
    worst = {}
    for name in ("ours", "official"):
        server = Server(name, series)
        try:
            server.ask()
            server.stall("start")
            for _ in range(2 if quick else 5):
                server.ask()
            time.sleep(0.2)
            worst[name] = server.stall("read")
        finally:
            server.stop()
    basis = f"{ms(worst['ours'])} beside {ms(worst['official'])}"
    report.at_most("G5 longest stall of the loop", worst["ours"] * 1e3, 25, "ms", basis)
    report.at_least("G5 the same, prometheus_client.aiohttp", worst["official"] / worst["ours"], 50, basis)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="fewer repetitions, half of each goal")
    arguments.add_argument("--series", type=int, default=100_000, help="series on both sides (default 100,000)")
    arguments.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve, given.series))
        return
    print(
        f"{given.series // LINES * LINES:,} series in {given.series // LINES:,} histograms; lines equal on both sides"
    )
    report = Report(given.quick)
    rendering(given.series, given.quick, report)
    scrapes(given.series, given.quick, report)
    stalls(given.series, given.quick, report)


if __name__ == "__main__":
    main()
