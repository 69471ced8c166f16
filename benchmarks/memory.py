"""How much memory a large history takes, beside keeping it in objects and a registry of the client library.

    python benchmarks/memory.py [--quick] [--changes N]

Both are processes of their own and hold about 100,000 series. Resident memory at rest and at its peak, in MB; printed,
not enforced.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics

sys.path.insert(0, str(Path(__file__).parents[1]))

disable_created_metrics()
SERIES = 100_000


@dataclass(slots=True)
class Change:
    """A change as a plain record of nineteen fields."""

    id: int
    number: int
    repository: str
    author: str
    origin: str
    state: str
    created: int
    ready: int
    first_commit: int
    first_review: int
    approved: int
    merged: int
    closed: int
    updated: int
    additions: int
    deletions: int
    files: int
    rounds: int
    reviews: int


def records(changes: int) -> tuple[list[Change], CollectorRegistry]:
    chance = random.Random(1)
    names = [f"acme/service-{number:04}" for number in range(660)]
    authors = [f"dev{number}" for number in range(300)]
    kept = []
    for number in range(changes):
        times = [1_700_000_000 + chance.randrange(30_000_000) for _ in range(8)]
        sizes = [chance.randrange(2000) for _ in range(5)]
        kept.append(
            Change(
                number, number, chance.choice(names), chance.choice(authors), "unmarked", "merged", *times, *sizes
            )
        )  # fmt: skip
    registry = CollectorRegistry()
    gauge = Gauge("sdlc_something", "A gauge.", ("repository", "origin", "state"), registry=registry)
    for number in range(SERIES):
        gauge.labels(names[number % 660], str(number // 660), "open").set(number)
    return kept, registry


def ours(path: Path):
    from _organisation import SOURCE, opened

    from exporter import wiring
    from exporter.runtime import web  # noqa: F401 - the whole process is weighed, server included
    from exporter.runtime.health import Health

    gc.set_threshold(50_000, 20, 20)
    store, config = opened(path)
    books = wiring.books(store, config)
    page = wiring.snapshot(books, Health(), config, {SOURCE: 0})
    now = time.time()
    for turn in range(3):
        rendered = page.build(now + 60 * turn)
        assert rendered.text_gzip
    return store, books, page, rendered


def weight() -> dict[str, float]:
    """Resident memory of this process now and at its peak, in MB."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return {"rest": found["VmRSS"], "peak": found["VmHWM"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 changes")
    parser.add_argument("--changes", type=int, help="how many changes (1,000,000; quick: 100,000)")
    parser.add_argument("--hold", choices=("ours", "records"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    changes = options.changes or (100_000 if options.quick else 1_000_000)
    if options.hold:
        held = ours(options.path) if options.hold == "ours" else records(changes)
        print(json.dumps(weight()))
        del held
        return
    with tempfile.TemporaryDirectory() as name:
        from _organisation import organisation

        path = organisation(Path(name), changes)
        found = {}
        for each in ("ours", "records"):
            command = [sys.executable, __file__, "--hold", each, "--path", path, "--changes", str(changes)]
            found[each] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    mine, theirs = found["ours"], found["records"]
    print(f"{changes} changes, about {SERIES} series")
    print(f"ours: {mine['rest']:.0f} MB at rest, {mine['peak']:.0f} MB at the peak   goal 150 MB")
    ratio = theirs["rest"] / mine["rest"]
    print(f"records and a registry: {theirs['rest']:.0f} MB, {ratio:.1f}x   goal {'-' if options.quick else '5x'}")


if __name__ == "__main__":
    main()
