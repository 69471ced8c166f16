"""From scrapes to a data directory of Prometheus, through promtool."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from exporter.catalogue import HOUR, exported
from tests.quarter.scraping import Plan, scrapes

PROMTOOL = shutil.which("promtool")
TARGET = b'{instance="exporter:9517",job="sdlc"'
BLOCK = 162 * HOUR
"""The length of a block for promtool's 192h: the longest of its 2h * 3^n that is not longer."""

_METADATA = re.compile(rb"(?m)^#.*\n")
_BARE = [b"\n%b " % row.name.encode() for row in exported() if not row.labels]


class Filled(NamedTuple):
    """A filled folder: its first and last instant, the longest time between two scrapes, and how much it holds."""

    begin: int
    end: int
    step: int
    scrapes: int
    samples: int
    bytes: int


def stamped(text: bytes, at: int, target: bytes = TARGET) -> bytes:
    """A scrape's samples as Prometheus keeps them: with the target's labels, its instant, and ``up``.

    No label of this exporter holds a brace. promtool reads sample by sample: it asks for no metadata, and not for the
    samples of a family to stand together.
    """
    samples = _METADATA.sub(b"", text).replace(b"{", target + b",")
    samples = b"up" + target + b"} 1.0\n" + samples
    for start in _BARE:
        samples = samples.replace(start, start[:-1] + target + b"} ")
    return samples.replace(b"\n", b" %d\n" % at)


class _Blocks:
    """Scrapes on their way into blocks: a text file for each, so that promtool reads nothing twice."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self.folder = folder
        self.keep = keep
        self.scrapes = self.samples = self.bytes = 0
        self._block = 0
        self._file: Any = None

    def add(self, at: int, text: bytes) -> None:
        """Take in one scrape; they come in the order of their instants."""
        if at // BLOCK != self._block:
            self.close()
            self._block = at // BLOCK
            self._file = (self.folder / f"scrapes-{self._block}.txt").open("wb")
        lines = stamped(text, at)
        self._file.write(lines)
        self.scrapes += 1
        self.samples += lines.count(b"\n")
        self.bytes += len(lines)

    def close(self) -> None:
        """Have promtool write the block that is begun, if any."""
        if self._file is None:
            return
        self._file.write(b"# EOF\n")
        self._file.close()
        words = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=192h"]
        subprocess.run([str(PROMTOOL), *words, self._file.name, self.folder / "data"], check=True, capture_output=True)
        if not self.keep:
            Path(self._file.name).unlink()
        self._file = None


def fill(
    folder: Path, plan: Plan, *, keep: bool = False, progress: Callable[[float], None] = lambda share: None
) -> Filled:
    """Simulates, and fills ``data`` in a new folder; ``keep`` leaves the scrapes' text beside it.

    ``progress`` hears which share of the time has passed.

    Raises:
        FileExistsError: the folder is there already.
    """
    folder.mkdir(parents=True)
    blocks = _Blocks(folder, keep=keep)

    async def run() -> tuple[int, int]:
        begin = at = 0
        async for at, text in scrapes(plan):
            begin = begin or at
            blocks.add(at, text)
            progress((at - plan.begin) / (plan.end - plan.begin))
        blocks.close()
        return begin, at

    begin, end = asyncio.run(run())
    filled = Filled(begin, end, plan.step, blocks.scrapes, blocks.samples, blocks.bytes)
    (folder / "quarter.json").write_text(json.dumps(filled._asdict()))
    return filled
