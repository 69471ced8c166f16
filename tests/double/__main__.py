"""Serves a double of GitHub until stopped: ``python -m tests.double --hand``."""

import argparse
import sys
import time
from pathlib import Path

from tests.double.hand import hand_made
from tests.double.made import made_world
from tests.double.real import load_real
from tests.double.server import TOKEN, serve
from tests.double.world import World


def world_of(arguments: argparse.Namespace) -> World:
    """The world the command line names."""
    if arguments.real:
        return load_real(arguments.real)
    if arguments.made:
        repositories, changes = map(int, arguments.made.split(","))
        return made_world(repositories, changes)
    return hand_made().world


def main() -> None:
    """Reads the command line, serves, and prints the address."""
    parser = argparse.ArgumentParser(prog="python -m tests.double", description="serve a test double of GitHub")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--real", type=Path, metavar="DIR", help="the real pull requests of a folder")
    which.add_argument("--hand", action="store_true", help="the small world told by hand")
    which.add_argument("--made", metavar="R,C", help="a made world of R repositories and C changes")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: any free one)")
    parser.add_argument("--token", default=TOKEN, help="the token it accepts (default: %(default)s)")
    parser.add_argument("--fast", action="store_true", help="answer along compiled plans instead of true execution")
    parser.add_argument("--ticking", action="store_true", help="let the world's clock run")
    arguments = parser.parse_args()
    world = world_of(arguments)
    if arguments.ticking:
        world.run()
    with serve(world, port=arguments.port, token=arguments.token, fast=arguments.fast) as double:
        sys.stdout.write(f"{double.url}\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
