"""What the clones of a configuration will take, as far as that can be known without making them."""

from collections.abc import Iterator
from pathlib import Path

from exporter.catalogue import HOUR
from exporter.config import Config
from exporter.config.locations import is_address
from exporter.config.settings import Source
from exporter.model import Stream
from exporter.runtime.whereabouts import repositories

REQUESTS = 3
"""HTTP requests of one fetch that finds nothing: twice the list of branches, and one that asks for what is new."""
MEGABYTE = 1 << 20


def sentences(config: Config) -> Iterator[str]:
    """One for each source whose code is read."""
    for source in config.sources:
        if source.provider == "git":
            yield f"{source.name}: {_located(source)}"
        elif source.provider == "github" and Stream.CODE in source.streams:
            yield (
                f"{source.name}: every repository is cloned, without the contents that no commit since the history's "
                f"start touched: at the most what GitHub calls its size; then a fetch each {source.stream_interval} s "
                "of those that were pushed to. Neither counts against the API's limit"
            )


def _located(source: Source) -> str:
    found = repositories(source.locations, source.named)
    here = [Path(each) for each in found.values() if not is_address(each)]
    there = len(found) - len(here)
    told = f"repositories: {len(found)}"
    if here:
        told += f"; clones of those on this machine take {_size(here) / MEGABYTE:.1f} MB at the most"
    if there:
        hourly = round(there * REQUESTS * HOUR / source.interval)
        told += f"; {there} at addresses, whose size shows when they are cloned, take {hourly} requests an hour"
    return told


def _size(folders: list[Path]) -> int:
    """Bytes of all their objects."""
    objects = (each / part for each in folders for part in ("objects", ".git/objects"))
    return sum(file.lstat().st_size for folder in objects for file in folder.rglob("*") if file.is_file())
