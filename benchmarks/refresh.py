"""What a poll that brought a hundred changes costs until new bytes can be served, beside building all of it anew.

    python benchmarks/refresh.py [--quick] [--changes N]

Ours: the facts are stored, the changes settled, the page brought up to date and compressed; it grows with what moved.
The reference reads the histograms' readings back, observes each with the client library and renders. Figures are
medians, and not enforced.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest

sys.path.insert(0, str(Path(__file__).parents[1]))

from _organisation import SOURCE, opened, organisation

from exporter import wiring
from exporter.model import Actor, Reviewed, Subject, Told, Verdict
from exporter.runtime.health import Health

HISTOGRAMS = ("sdlc_change_lead_time_seconds", "sdlc_change_review_wait_seconds", "sdlc_change_size_lines")
BOUNDS = (3600, 14400, 28800, 86400, 259200, 604800, 1209600, 2592000)
disable_created_metrics()


def ours(path: Path, turns: int) -> tuple[list[tuple[float, float, float, float]], int]:
    """Seconds to store, settle, show and compress a hundred reviewed changes, for each turn; and the series shown."""
    store, config = opened(path)
    books = wiring.books(store, config)
    page = wiring.snapshot(books, Health(), config, {SOURCE: 0})
    now = time.time()
    rendered = page.build(now)
    series = sum(not line.startswith(b"#") for line in rendered.text.splitlines())
    assert rendered.text_gzip
    rows = [row for repository in store.repositories() for row in store.subjects(repository.id, open_only=True)][:100]
    keys = {row.id: row.key for row in store.repositories()}
    spent = []
    for turn in range(turns):
        now += 60
        review = Reviewed(f"review{turn}", int(now), Actor("someone"), Verdict.COMMENTED)
        told = [Told(Subject(keys[row.repository], row.key, row.number), (review,)) for row in rows]
        marks = [time.perf_counter()]
        store.add(SOURCE, told, 0)
        store.progress(list(keys), watermark=int(now), cursor=int(now), last_success=int(now))
        marks.append(time.perf_counter())
        while not books.settle(SOURCE, 0):
            pass
        marks.append(time.perf_counter())
        rendered = page.build(now)
        marks.append(time.perf_counter())
        assert rendered.text_gzip
        marks.append(time.perf_counter())
        spent.append(tuple(b - a for a, b in pairwise(marks)))
    store.close()
    return spent, series


def anew(path: Path) -> float:
    """Seconds to read the readings of three histograms, observe and render them."""
    before = time.perf_counter()
    registry = CollectorRegistry()
    names = ("repository", "labels")
    kept = {name: Histogram(name, "A histogram.", names, buckets=BOUNDS, registry=registry) for name in HISTOGRAMS}
    with sqlite3.connect(path.with_name("state.db")) as db:
        words = dict(db.execute("SELECT id, text FROM word"))
        wanted = [number for number, text in words.items() if text in HISTOGRAMS]
        marks = ",".join("?" * len(wanted))
        sql = f"SELECT metric, repository, labels, value FROM ledger WHERE metric IN ({marks})"  # noqa: S608 - our marks
        for metric, repository, labels, value in db.execute(sql, wanted):
            kept[words[metric]].labels(str(repository), words[labels]).observe(value)
    generate_latest(registry)
    db.close()
    return time.perf_counter() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 changes, fewer turns, half of each goal")
    parser.add_argument("--changes", type=int, help="size of the store (1,000,000; quick: 100,000)")
    options = parser.parse_args()
    changes = options.changes or (100_000 if options.quick else 1_000_000)
    with tempfile.TemporaryDirectory() as name:
        path = organisation(Path(name), changes)
        spent, series = ours(path, 5 if options.quick else 11)
        reference = statistics.median([anew(path) for _ in range(1 if options.quick else 3)])
    parts = [statistics.median(each) * 1000 for each in zip(*spent, strict=True)]
    whole = statistics.median([sum(each) for each in spent])
    print(json.dumps({"changes": changes, "series": series}))
    print(f"store {parts[0]:.1f} ms, settle {parts[1]:.1f} ms, show {parts[2]:.1f} ms, compress {parts[3]:.1f} ms")
    goals = (100, 75) if options.quick else (50, 150)
    print(f"a refresh of 100 changes: {whole * 1000:.0f} ms   goal {goals[0]} ms")
    print(f"building it anew: {reference:.2f} s, {reference / whole:.0f}x as long   goal {goals[1]}x")


if __name__ == "__main__":
    main()
