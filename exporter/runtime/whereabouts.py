"""Where the repositories are whose histories are read: folders and addresses of a configuration, or a forge's."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from exporter.config.locations import is_glob, name_of
from exporter.errors import NotFound, Refused
from exporter.model import Repository, Stream
from exporter.runtime.clone import Place
from exporter.runtime.credentials import Credential
from exporter.runtime.finding import Finder
from exporter.runtime.git import basic, protocol
from exporter.runtime.pulses import Pulses
from exporter.runtime.reading import Reader
from exporter.store.base import RepositoryRow

log = logging.getLogger(__name__)

USER = "x-access-token"
"""The name beside a token; GitHub wants this one, GitLab and Gitea take any.

Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""


def repositories(locations: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    """Location by name. A glob stands for the folders it matches that are repositories.

    Of two locations with one name the first counts; the log names the other. What is ``named`` has that name alone.
    """
    found = dict(named)
    taken = set(named.values())
    for location in (each for given in locations for each in _expanded(given) if each not in taken):
        name = name_of(location)
        if found.setdefault(name, location) != location:
            log.warning("%s would be %s, as %s is; name it in `named`", location, name, found[name])
    return found


def _expanded(location: str) -> list[str]:
    if not is_glob(location):
        return [location]
    pattern = Path(location).absolute()
    found = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    return sorted(str(each) for each in found if _is_repository(each))


def _is_repository(folder: Path) -> bool:
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


class Located:
    """Repositories that a configuration lists, by folder or address. ``credential`` None: none is sent.

    ``now`` is the local time: nobody else's can be asked.
    """

    def __init__(
        self,
        reader: Reader,
        locations: Sequence[str],
        named: Mapping[str, str],
        *,
        branch: str = "",
        credential: Credential | None = None,
        ca_file: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.reader = reader
        self._locations = locations
        self._named = named
        self._branch = branch
        self._credential = credential
        self._ca_file = ca_file
        self._clock = clock

    def now(self) -> int:
        """The local time."""
        return int(self._clock())

    async def find(self) -> None:
        """Enter what is there now; what a glob matched and no longer does is gone."""
        found = await asyncio.to_thread(repositories, self._locations, self._named)
        if not found:
            log.warning("%s: no repository is found; look at `locations`", self.reader.source)
        entered = [Repository(location, name) for name, location in found.items()]
        store = self.reader.store
        await self.reader.desk(store.discover, self.reader.source, entered, (Stream.CODE,))

    async def moved(self, rows: Sequence[RepositoryRow]) -> set[int]:
        """All of them: only a fetch tells."""
        return {row.id for row in rows}

    async def place(self, row: RepositoryRow) -> Place:
        """The place, with the credential where it goes encrypted, or stays on this machine."""
        header = ""
        if self._credential is not None and protocol(row.key) in ("https", "http"):
            header = _basic(await self._credential.header())
        return Place(row.name, row.key, self._branch, header, self._ca_file)

    def read(self, row: RepositoryRow) -> None:
        """Nothing is to be noted."""


class AtForge:
    """The repositories another source of this name finds at GitHub, cloned with its credentials from ``root``."""

    def __init__(self, reader: Reader, finder: Finder, pulses: Pulses, root: str, ca_file: str = "") -> None:
        self.reader = reader
        self.finder = finder
        self.pulses = pulses
        self._root = root
        self._ca_file = ca_file

    def now(self) -> int:
        """The server's time."""
        return self.finder.lanes.clock.now()

    async def find(self) -> None:
        """The other source looks for them."""

    async def moved(self, rows: Sequence[RepositoryRow]) -> set[int]:
        """Those with another pulse."""
        found: set[int] = set()
        for lane, here in self.finder.by_lane(rows):
            found |= await self.pulses.moved(lane, here, Stream.CODE)
        return found

    async def place(self, row: RepositoryRow) -> Place:
        """The place, with the credential that answers for its owner.

        Raises:
            Refused: none does. Unauthorised: it cannot be had.
        """
        lane = next((lane for lane, _ in self.finder.by_lane([row])), None)
        if lane is None:
            if row.name.partition("/")[0].lower() in self.finder.lost:
                raise NotFound(f"{row.name}: its owner is not found any more")
            raise Refused(f"{row.name}: no credential answers for its owner")
        header = _basic(await lane.credential.header())
        return Place(row.name, f"{self._root}/{row.name}.git", row.default_branch, header, self._ca_file)

    def read(self, row: RepositoryRow) -> None:
        """Remember its pulse."""
        for lane, _ in self.finder.by_lane([row]):
            self.pulses.read(lane, row, Stream.CODE)


def web_root(url: str) -> str:
    """Where repositories are cloned from, for the REST root of a GitHub: ``https://HOST``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def _basic(bearer: str) -> str:
    """The header git hosts take, from one with a token alone."""
    return basic(USER, bearer.removeprefix("Bearer "))
