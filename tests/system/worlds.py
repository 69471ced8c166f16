"""The pretend organisation six times over, without any cause and with each alone: what scrapes of its exporters read.

    python -m tests.system.worlds FOLDER

One exporter for each, whose source is asked first 96 days after the story's beginning and then every four days, each
time right before a scrape. It has a process of its own, where no line is traced: so much work tells nothing that the
other tests of the same code do not.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from exporter import wiring
from exporter.catalogue import DAY
from exporter.config import Config
from exporter.demo import CAUSES, Organisation
from exporter.runtime.demo_source import DemoSource
from exporter.runtime.desk import Desk
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.health import Health
from exporter.runtime.reading import Reader
from exporter.store.sqlite import SqliteStore
from tests.busy import read

STEP = 4 * DAY
"""Between two scrapes, and between two evaluations: the numbers that rules compare are of four weeks and more."""
START = 1_769_299_200
"""2026-01-25 0:00 UTC."""
BEGIN = START + 98 * DAY
"""The first scrape, on a whole step since the epoch, as evaluations are; by then AI is well under way."""
END = BEGIN + 10 * STEP
LOOKS = (BEGIN + 3 * STEP, END)
"""When it is looked what became of the gain: first there are no sixteen whole weeks to compare, and three signals are
told without; pages in between say what is so of these then.
"""
REPOSITORIES = 6
WAYS: dict[str, tuple[str, ...]] = {"none": (), **{cause: (cause,) for cause in CAUSES}}
CONFIG = """\
sources: [{name: demo, provider: demo}]
series: {budget: 100000}
teams: {shop: ["acme/*"]}
# Eleven working days. While reviewers are not short no change waits for longer: of scrapes a day apart the longest wait
# is 80 hours, and a day adds 8.
thresholds: {seconds: {review_wait_business: 88h}}
"""


async def life(config: Config, causes: tuple[str, ...]) -> AsyncIterator[tuple[int, bytes]]:
    """Each scrape's instant and what it reads."""
    desk, health = Desk(), Health()
    store, now = await desk(SqliteStore, None), [BEGIN]
    try:
        books = await desk(wiring.books, store, config)
        organisation = Organisation(start=START, repositories=REPOSITORIES, causes=causes)
        source = DemoSource(organisation, Reader("demo", store, desk, health, START), books, lambda: now[0])
        health.source("demo", source.streams)
        snapshot = wiring.snapshot(books, health, config, {"demo": START}, {"demo": START})
        diagnosing = Diagnosing(snapshot, config.diagnosis)
        for now[0] in range(BEGIN, END + 1, STEP):
            await source.poll(lambda: False)
            await desk(books.publish_organisation)
            if now[0] in LOOKS:
                snapshot.see(now[0])
                snapshot.diagnosed(await desk(diagnosing.look))
            yield now[0], (await desk(snapshot.build, float(now[0]))).text
    finally:
        await desk.close(5.0)
        store.close()


async def tell(folder: Path) -> None:
    """Write every page, as ``WAY/INSTANT.txt``."""
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    config = read(path)
    for way, causes in WAYS.items():
        (folder / way).mkdir()
        async for at, page in life(config, causes):
            (folder / way / f"{at}.txt").write_bytes(page)


if __name__ == "__main__":
    asyncio.run(tell(Path(sys.argv[1])))
