"""A store as large as wanted, quickly: five thousand changes go the whole way, and their ledger is copied into others.

The copies are changes of earlier months in other repositories. Only their ledger rows exist, since of a closed change a
start reads nothing else.
"""

import sqlite3
import time
from pathlib import Path

from ingest import decode, pages

from exporter import wiring
from exporter.catalogue import load
from exporter.config import Config
from exporter.model import FilesChanged, Repository, Subject, Told
from exporter.store.sqlite import SqliteStore
from tests.busy import configuration, read
from tests.double import World, made_world, serve

DAY = 86_400
BASE = 5000
REPOSITORIES = 660
"""With as many a page holds about 100,000 series."""
STEP = 37
SOURCE = "made"


def organisation(folder: Path, changes: int) -> Path:
    """The configuration of a store with so many changes, up to now; nothing answers at its source."""
    now = int(time.time())
    world = made_world(REPOSITORIES, BASE, end=now)
    with serve(World(now)) as double:
        path = configuration(folder, double, ["acme/*"], "2015-01-01")
    path.write_text(path.read_text() + 'server: {listen: "127.0.0.1:0"}\n')
    store, config = opened(path)
    store.discover(SOURCE, [Repository(each.id, each.name) for each in world.repositories.values()])
    for body in pages(world):
        store.add(SOURCE, decode(body), 0)
    merged = [pull for pull in world.pulls.values() if pull.merged]
    for start in range(0, len(merged), 100):
        part = merged[start : start + 100]
        store.add(SOURCE, [told_files(pull) for pull in part], 0)
    ids = [row.id for row in store.repositories()]
    store.progress(ids, cursor=now, watermark=now, last_success=now, state="ok")
    settle(store, config)
    store.put_all({f"published:{each.name}": "1" for each in load()})
    store.close()
    copy(folder / "state.db", changes // BASE)
    return path


def told_files(pull) -> Told:
    """The files of a merged change as a fact."""
    rows = tuple(sorted(pull.files))
    return Told(Subject(pull.repository.id, pull.id, pull.number), (FilesChanged("files", pull.merged, rows),))


def opened(path: Path) -> tuple[SqliteStore, Config]:
    """The store of a configuration, and the configuration."""
    config = read(path)
    return SqliteStore(config.store.path), config


def settle(store: SqliteStore, config: Config) -> None:
    """Turn all facts into observations."""
    books = wiring.books(store, config)
    while not books.settle(SOURCE, 0):
        pass


def copy(path: Path, times: int) -> None:
    """Enter the ledger of the base ``times - 1`` times more, each for other changes, repositories and months."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        most = db.execute("SELECT max(id) FROM subject").fetchone()[0]
        for number in range(1, times):
            here = {"n": number, "most": most, "step": STEP * number, "repositories": REPOSITORIES}
            here["ago"] = number % 12 * 30 * DAY
            place = "(repository - 1 + :step) % :repositories + 1"
            db.execute(
                f"INSERT INTO subject SELECT id + :n * :most, {place}, thing, key || '/' || :n, number, 0, NULL"  # noqa: S608
                " FROM subject WHERE id <= :most",
                here,
            )
            db.execute(
                f"INSERT INTO ledger SELECT subject + :n * :most, metric, cause, part, at - :ago, {place}, labels,"  # noqa: S608
                " value, definition FROM ledger WHERE subject <= :most",
                here,
            )
            db.commit()
    db.close()
