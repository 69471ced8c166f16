"""What reading an artifact of test reports takes, beside a tree of the same XML.

    python benchmarks/testreports.py [--quick] [--mib N]

Three artifacts: one report of small cases alone, one of cases with 10 kB of output each, and thousands of files that
are refused. Seconds without, and peak memory with tracemalloc (the zip itself not counted); printed, not enforced.
"""

import argparse
import gc
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from defusedxml.ElementTree import fromstring

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporter.testreports import Limits, read_archive

LINE = "2026-11-30 10:00:00 INFO something happened to order 42 in the shop\n"


def small(size: int) -> str:
    """Cases and little else; one in fifty is red."""
    cases, length, number = [], 0, 0
    while length < size:
        inside = "/>" if number % 50 else '><failure message="expected 1">trace\n line\n</failure></testcase>'
        case = f'<testcase classname="com.acme.shop.Test{number // 40}" name="sums[{number}-eur]" time="0.02"{inside}\n'
        cases.append(case)
        length += len(case)
        number += 1
    return f'<testsuite name="shop">{"".join(cases)}</testsuite>'


def talkative(size: int) -> str:
    """Cases with ten kilobytes of output."""
    output = f"<system-out><![CDATA[{LINE * 150}]]></system-out>"
    count = size // len(output)
    cases = (f'<testcase classname="a.B" name="t{number}" time="1">{output}</testcase>' for number in range(count))
    return f'<testsuite name="shop">{"".join(cases)}</testsuite>'


def zipped(files: dict[str, str]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


def measured(what: Callable[[], object]) -> tuple[float, float, object]:
    """Seconds, and peak memory in MB in a second turn."""
    started = time.perf_counter()
    what()
    taken = time.perf_counter() - started
    gc.collect()
    tracemalloc.start()
    found = what()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return taken, peak, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="10 MiB instead of 50")
    parser.add_argument("--mib", type=int, help="size of a report")
    options = parser.parse_args()
    size = (options.mib or (10 if options.quick else 50)) << 20
    gc.set_threshold(50_000, 20, 20)  # as the exporter runs
    everything = Limits(cases=10_000_000, elements=100_000_000, member_bytes=1 << 30, total_bytes=1 << 30)
    for name, text in (("small cases", small(size)), ("cases with output", talkative(size))):
        body = zipped({"junit.xml": text})
        taken, peak, reports = measured(lambda body=body: read_archive(body, limits=everything))
        tree_taken, tree_peak, _ = measured(lambda text=text: sum(1 for _ in fromstring(text).iter("testcase")))
        print(f"{name}: {len(text) / 1e6:.0f} MB, {reports.passed + reports.failed} cases")
        print(f"  ours {taken:.1f} s, {peak:.1f} MB   a tree {tree_taken:.1f} s, {tree_peak:.1f} MB")
    print(f"  with the usual limits {measured(lambda: read_archive(zipped({'junit.xml': small(size)})))[2].left_out}")
    bad = {
        f"test{number}.xml": '<testsuite name="' + "x" * 100_000 for number in range(1000 if options.quick else 5000)
    }
    body = zipped(bad)
    taken, peak, reports = measured(lambda: read_archive(body, limits=everything))
    print(f"{len(bad)} unfinished files of 100 kB: {taken:.1f} s, {peak:.1f} MB   left out {reports.left_out}")


if __name__ == "__main__":
    main()
