"""How long the past takes, beside looking at each of its instants alone; and that memory does not grow with instants.

    python benchmarks/backfill.py [--quick] [--repositories N]

The pretend organisation's last quarter, by the hour and by four hours, into a file that is thrown away; beside it a few
pages as ``once --at`` makes them. Each is a process of its own. Printed, and not enforced.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

DAY, HOUR = 86_400, 3600
ALONE = 5
"""Pages made alone; each costs the same."""


def configuration(folder: Path, repositories: int) -> Path:
    path = folder / "config.yaml"
    path.write_text(
        f"sources: [{{name: demo, provider: demo, repositories: {repositories}}}]\n"
        'teams: {pay: ["acme/pay-*"], web: ["acme/web-*"], data: ["acme/data-*"], platform: ["acme/platform-*"]}\n'
        "store: {path: state.db}\n"
    )
    return path


def told(path: Path, days: int, step: int) -> dict[str, float]:
    """Seconds, pages, samples, and megabytes at the peak of a backfill."""
    from exporter import backfill
    from exporter.backfill import Order
    from tests.busy import read

    async def told_so_far(share: float, at: int) -> None:
        """Nobody looks."""

    async def run() -> tuple[int, int]:
        order = Order(None, None, step, backfill.SHARED)
        async with backfill.past(read(path), order, lambda health: None) as past:
            past.span = past.span._replace(start=(past.span.end - days * DAY) // DAY * DAY)
            return await backfill.write(past, path.with_name("past.om"), told_so_far)

    before = time.process_time()
    pages, samples = asyncio.run(run())
    passed = time.process_time() - before
    size = path.with_name("past.om").stat().st_size
    path.with_name("past.om").unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": passed, "pages": pages, "samples": samples, "bytes": size, "peak": peak}


def alone(path: Path, days: int) -> dict[str, float]:
    """Seconds for some pages as ``once --at`` makes them from the same store."""
    from contextlib import closing

    from exporter import wiring
    from exporter.runtime.health import Health
    from exporter.store.sqlite import SqliteStore
    from tests.busy import read

    config = read(path)
    with closing(SqliteStore(config.store.path, read_only=True)) as store:
        end = min(row.complete for row in store.repositories(None, None))
        before = time.process_time()
        for page in range(ALONE):
            at = end - page * days * DAY // ALONE
            kept = wiring.books(store, config, until=at)
            kept.publish_organisation()
            assert wiring.snapshot(kept, Health(), config, {}).build(float(at)).text
    return {"seconds": (time.process_time() - before) / ALONE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three weeks of three repositories")
    parser.add_argument("--repositories", type=int, help="how many (12; quick: 3)")
    parser.add_argument("--days", type=int, help="how many (90; quick: 21)")
    parser.add_argument("--make", choices=("told", "alone"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    days = options.days or (21 if options.quick else 90)
    if options.make:
        found = told(options.path, days, options.step) if options.make == "told" else alone(options.path, days)
        print(json.dumps(found))
        return
    repositories = options.repositories or (3 if options.quick else 12)
    with tempfile.TemporaryDirectory() as name:
        path = configuration(Path(name), repositories)
        load = [sys.executable, "-m", "exporter.cli", "once", "-c", path, "-o", path.with_name("page")]
        subprocess.run(load, check=True, capture_output=True, cwd=Path(__file__).parents[1])

        def made(*words: object) -> dict[str, float]:
            command = [sys.executable, __file__, "--days", str(days), "--path", path, *map(str, words)]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        rare, often = (made("--make", "told", "--step", step) for step in (4 * HOUR, HOUR))
        single = made("--make", "alone")
    page = often["seconds"] / often["pages"]
    print(f"{repositories} repositories, {days} days by the hour: {often['pages']} pages, {often['samples']} samples,")
    print(f"{often['bytes'] / 1e6:.0f} MB, {often['seconds']:.0f} s, {page * 1000:.0f} ms a page")
    print(f"a page alone: {single['seconds'] * 1000:.0f} ms, {single['seconds'] / page:.1f}x")
    print(
        f"memory at the peak: {often['peak']:.0f} MB, {often['peak'] / rare['peak']:.2f}x that of a fourth of the pages"
    )


if __name__ == "__main__":
    main()
