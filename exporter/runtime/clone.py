"""A bare clone of one branch, kept up to date, and its patches as values.

Where the server allows it, the clone holds commits and folders but no files' contents (a blobless partial clone), and
the contents that the wanted patches compare are fetched together first: ``git log -p`` alone would ask for them in one
request a commit. The repository never learns that it is partial, so a content that lacks is an error and no request.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path

from msgspec import Struct

from exporter.code.patch import LOG, Commit, FilePatch, PatchReader
from exporter.errors import NotFound
from exporter.runtime.git import Git, protocol

AT_ONCE = 20_000
"""Contents asked for in one request; a name is 41 bytes."""
PACKS = 30
"""Packs from which on they are put together: each fetch brings one or two."""

LANDED = ("--first-parent", "-m")
"""What the branch itself did: a merge is one commit."""
WRITTEN = ("--no-merges",)
"""What everybody did that came into the branch."""


class Place(Struct, frozen=True):
    """Where a repository is. ``branch`` empty: the server's default; ``authorization``: the header, empty for none.

    ``ca_file``: certificate authorities to trust instead of the system's.
    """

    name: str
    url: str
    branch: str = ""
    authorization: str = ""
    ca_file: str = ""


class Clone:
    """One branch of one repository, in ``folder``, which belongs to this clone and to one process.

    ``timeout``: seconds one git command may take; ``most``: bytes on disk.
    """

    def __init__(self, folder: Path, place: Place, *, timeout: float = 3600, most: int = 4 << 30) -> None:
        self.place = place
        self._protocol = protocol(place.url)
        local = self._protocol == "file"
        self._url = str(Path(place.url).absolute()) if local and "://" not in place.url else place.url
        secret = place.authorization.rpartition(" ")[2]
        self._git = Git(
            folder,
            place.name,
            timeout=timeout,
            most=most,
            trusted=self._url.removeprefix("file://") if local else "",
            secrets=(place.authorization, secret),
        )

    def _remote(self, negotiation: str = "default") -> dict[str, str]:
        """How to reach the server, for the one command that does."""
        settings = {
            "fetch.negotiationAlgorithm": negotiation,
            "remote.origin.url": self._url,
            "remote.origin.promisor": "true",
            "remote.origin.partialCloneFilter": "blob:none",
        }
        if self.place.authorization:
            settings["http.extraHeader"] = f"Authorization: {self.place.authorization}"
        if self.place.ca_file:
            settings["http.sslCAInfo"] = self.place.ca_file
        return settings

    async def update(self) -> str:
        """Fetches what is new and gives the sha of the branch's last commit.

        Raises:
            Unauthorised, Refused, NotFound: nothing to be had with this place and credential.
            Unreachable, TooSlow, ServerError, RateLimited: not now.
            Overloaded, StoreFull, ConfigError: it does not fit, or cannot be kept here.
        """
        await self._git.prepare()
        branch = self.place.branch or await self._default()
        await self._fetch("--no-write-fetch-head", "origin", f"+refs/heads/{branch}:refs/heads/main")
        await self._tidy()
        return (await self._git.run("rev-parse", "--verify", "--quiet", "refs/heads/main")).decode().strip()

    async def _default(self) -> str:
        told = await self._git.run(
            "ls-remote", "--symref", "origin", "HEAD", allow=self._protocol, settings=self._remote()
        )
        for line in told.decode("utf-8", "replace").splitlines():
            target, _, name = line.removeprefix("ref: ").partition("\t")
            if line.startswith("ref: ") and name == "HEAD":
                return target.removeprefix("refs/heads/")
        raise NotFound(f"{self.place.name}: the server names no default branch; is it empty? name one")

    async def _fetch(self, *arguments: str, data: bytes = b"", negotiation: str = "default") -> None:
        await self._git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-auto-maintenance",
            "--recurse-submodules=no",
            "--filter=blob:none",
            *arguments,
            allow=self._protocol,
            settings=self._remote(negotiation),
            data=data,
            growing=True,
        )

    async def _tidy(self) -> None:
        """Many small packs become one; a clone that is not tidied slows down with every fetch."""
        packs = await asyncio.to_thread(lambda: sum(1 for _ in self._git.folder.glob("objects/pack/*.pack")))
        if packs > PACKS:
            await self._git.run("gc", "--quiet", "--prune=now", settings=self._remote())

    async def contains(self, sha: str) -> bool:
        """Whether the branch still holds a commit; after a forced push it may not."""
        if not sha:
            return False
        told = await self._git.run("cat-file", "--batch-check", data=sha.encode() + b"\n")
        if told.split()[1:2] != [b"commit"]:
            return False
        return not await self._git.run("rev-list", "--max-count=1", sha, "--not", "refs/heads/main", "--")

    async def size(self) -> int:
        """Bytes on disk."""
        return await self._git.size()

    async def patches(
        self, way: Iterable[str], *, after: str = "", since: int = 0
    ) -> AsyncGenerator[Commit | FilePatch, None]:
        """The branch's commits, oldest first, each with its files: those after one commit, or since a date.

        ``way``: LANDED or WRITTEN. ``since``: Unix seconds.

        Raises:
            ExporterError: as ``update``.
        """
        reader = PatchReader()
        async with aclosing(self.log(way, after=after, since=since)) as pieces:
            async for piece in pieces:
                for value in reader.feed(piece):
                    yield value
        for value in reader.close():
            yield value

    async def log(self, way: Iterable[str], *, after: str = "", since: int = 0) -> AsyncGenerator[bytes, None]:
        """The same as bytes, for a ``PatchReader`` that does its work elsewhere.

        Raises:
            ExporterError: as ``update``.
        """
        chosen = (*way, *((f"--since=@{since}",) if since else ()), f"{after}..refs/heads/main" if after else "main")
        await self._bring(chosen)
        async with aclosing(self._git.stream(*LOG, *chosen, "--")) as pieces:
            async for piece in pieces:
                yield piece

    async def content(self, path: str) -> bytes:
        """A small file of the branch as it is now; empty where there is none.

        Raises:
            ExporterError: as ``update``.
        """
        told = (await self._git.run("ls-tree", "--full-tree", "refs/heads/main", "--", path)).split()
        if told[1:2] != [b"blob"]:
            return b""
        await self._bring_these({told[2]})
        return await self._git.run("cat-file", "blob", told[2].decode())

    async def _bring(self, chosen: Iterable[str]) -> None:
        """The contents these patches compare and the clone lacks, many in one request."""
        wanted: set[bytes] = set()
        rest = b""
        raw = ("log", "--raw", "--no-abbrev", "--no-renames", "--format=", "--no-show-signature", *chosen, "--")
        async with aclosing(self._git.stream(*raw)) as pieces:
            async for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    wanted.update(_contents(line))
                if len(wanted) >= AT_ONCE:
                    await self._bring_these(wanted)
                    wanted.clear()
        await self._bring_these(wanted)

    async def _bring_these(self, wanted: set[bytes]) -> None:
        if not wanted:
            return
        told = await self._git.run("cat-file", "--batch-check", data=b"\n".join(sorted(wanted)) + b"\n")
        lacks = [line.split()[0] for line in told.splitlines() if line.endswith(b" missing")]
        if lacks:
            names = b"\n".join(lacks) + b"\n"
            await self._fetch("--no-write-fetch-head", "--stdin", "origin", data=names, negotiation="noop")


def _contents(line: bytes) -> Iterable[bytes]:
    """Names of the files' contents on both sides of a line ``:mode mode name name status path``; not submodules'."""
    fields = line.split(b"\t")[0].split(b" ")
    if len(fields) != 5 or not line.startswith(b":"):
        return
    for mode, name in ((fields[0][1:], fields[2]), (fields[1], fields[3])):
        if mode not in (b"000000", b"160000"):
            yield name
