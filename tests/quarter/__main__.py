"""Fills a folder with a simulated quarter, or serves one: ``python -m tests.quarter --out DIR``."""

import argparse
import logging
import re
import signal
import sys
import time
from pathlib import Path

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.double import seconds
from tests.double.view import stamp
from tests.quarter import END, STEP, Plan, fill, serving


def duration(text: str) -> int:
    """Seconds of a duration such as 30m, 6h or 1d."""
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not a duration: {text!r}; write 30m, 6h or 1d")
    return int(found[1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[found[2]]


def show(share: float) -> None:
    """How far the simulation is."""
    print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Reads the command line, and fills or serves."""
    parser = argparse.ArgumentParser(prog="python -m tests.quarter", description="a simulated quarter in Prometheus")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--out", type=Path, metavar="DIR", help="simulate, and fill this new folder")
    which.add_argument("--serve", type=Path, metavar="DIR", help="start Prometheus on a filled folder")
    parser.add_argument("--days", type=int, default=90, help="length of the quarter (default: %(default)s)")
    parser.add_argument(
        "--step", type=duration, default=STEP, metavar="TIME", help="between two scrapes (default: 12h)"
    )
    parser.add_argument("--end", type=seconds, default=END, metavar="MOMENT", help=f"default: {stamp(END)}")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another organisation")
    parser.add_argument("--listen", default="127.0.0.1:9090", metavar="HOST:PORT", help="default: %(default)s")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.listen)
    elif arguments.out.exists():
        parser.error(f"{arguments.out} is there already; name a new folder")
    else:
        logging.getLogger("exporter").setLevel(logging.CRITICAL)  # what goes wrong here is meant to
        begin = arguments.end - arguments.days * DAY
        plan = Plan(begin, arguments.end, arguments.step, seed=arguments.seed)
        filled = fill(arguments.out, plan, progress=show)
        print(f"\n{filled.scrapes} scrapes, {filled.samples} samples, {filled.bytes} bytes of text", file=sys.stderr)


def serve(folder: Path, listen: str) -> None:
    """Serves until stopped, and says where and what."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that Prometheus ends too
    with serving(folder, listen) as quarter:
        print(f"{quarter.url}: {stamp(quarter.begin)} to {stamp(quarter.end)}; Ctrl-C ends it", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
