"""How long the exporter takes from its start to a whole page, beside importing the libraries alone.

    python benchmarks/startup.py [--quick] [--changes N]

The store holds about 100,000 series, and its source does not answer. Medians, and not enforced.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from _organisation import organisation

ROOT = Path(__file__).parents[1]
LIBRARIES = "import aiohttp.web, prometheus_client, yaml, tenacity"
WHOLE = b"sdlc_change_lead_time_seconds_bucket"


def start(path: Path) -> tuple[float, float]:
    """Seconds from the spawn to the first answer, and to the first whole page."""
    log = path.with_name("log")
    before = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "exporter.cli", "run", "-c", path], stderr=out, cwd=ROOT)
    try:
        while not (found := re.search(r"http://(127\.0\.0\.1:\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.005)
        address, answered = f"http://{found[1]}/metrics", 0.0
        while True:
            page = urllib.request.urlopen(address).read()
            answered = answered or time.perf_counter() - before
            if WHOLE in page:
                return answered, time.perf_counter() - before
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(10)


def imports() -> float:
    """Seconds to import the libraries in an interpreter of its own."""
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)
    return time.perf_counter() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="50,000 changes and three starts")
    parser.add_argument("--changes", type=int, help="how many changes the store holds (600,000; quick: 50,000)")
    options = parser.parse_args()
    changes, turns = options.changes or (50_000 if options.quick else 600_000), 3 if options.quick else 5
    with tempfile.TemporaryDirectory() as name:
        path = organisation(Path(name), changes)
        both = [(start(path), imports()) for _ in range(turns)]
    first, whole = (statistics.median(each[0][number] for each in both) for number in (0, 1))
    base = statistics.median(each[1] for each in both)
    print(f"{changes} changes: first answer after {first:.2f} s, whole page after {whole:.2f} s")
    print(f"importing the libraries: {base:.2f} s, {first / base:.1f}x to the first answer")
    print(f"to the whole page: {whole / base:.1f}x   goal {2.5 if options.quick else 1.25}x")


if __name__ == "__main__":
    main()
