"""Runs the git binary so that nothing but what is said here decides what it does: no configuration, hook or prompt.

The environment is made anew for every command. Credentials reach git in it and nowhere else: not on a command line,
which any user of the machine can read, nor in a file. Memory is a pipe's; a command that is no longer wanted, is too
slow or fills the disk ends with all it started.
"""

import asyncio
import base64
import os
import re
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from exporter.errors import (
    ConfigError,
    ExporterError,
    Garbled,
    NotFound,
    Overloaded,
    RateLimited,
    Refused,
    ServerError,
    StoreFull,
    TooSlow,
    Unauthorised,
    Unreachable,
)

PIECE = 1 << 16
KEPT = 4096
"""Bytes of what a command says on its error output that are kept: the last ones, where git says why it gave up."""
GRACE = 5.0
"""Seconds between asking a command to end and ending it."""

_PASSED = ("PATH", "TMPDIR", "https_proxy", "http_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSH_AUTH_SOCK")

_LEFT = ("objects/pack/tmp_*", "*.lock", "refs/heads/*.lock", "objects/info/*.lock")
"""What a killed git leaves behind: half a pack, and locks of files that nobody else writes."""

_SETTINGS = {
    # what could run another program, or leave this repository
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "credential.interactive": "false",
    "protocol.allow": "never",
    "fetch.recurseSubmodules": "false",
    "http.followRedirects": "false",  # the credential is for one host
    "http.lowSpeedLimit": "1000",  # bytes a second, over
    "http.lowSpeedTime": "60",  # seconds
    # what could start work in the background, or take all the memory
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.unpackLimit": "1",
    "pack.threads": "1",
    "core.deltaBaseCacheLimit": "32m",
    "core.packedGitLimit": "128m",
    "core.bigFileThreshold": "8m",  # larger files are not compared
}


def basic(user: str, password: str) -> str:
    """The Authorization header git hosts take; of a token the user's name is ``x-access-token`` (GitHub) or any."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def protocol(url: str) -> str:
    """The protocol git speaks to a place: ``https``, ``http``, ``ssh`` or ``file``.

    Raises:
        ConfigError: any other.
    """
    scheme = urlsplit(url).scheme if "://" in url else ""
    if scheme in ("https", "http", "ssh", "file"):
        return scheme
    if not scheme and "::" not in url:
        return "ssh" if re.match(r"[^/]+:", url) else "file"
    raise ConfigError(f"{_hidden(url)}: git is only run over https, http, ssh, or on a local path")


class Git:
    """The git binary, in one bare repository of our own. ``name`` is what messages call it.

    ``allow``: the one protocol it may speak, none if empty. ``settings`` are further lines of configuration for single
    commands; ``secrets`` are blotted out of every message. ``timeout``: seconds a command may take, or a stream may be
    silent; ``most``: bytes the folder may grow to.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        timeout: float,
        most: int,
        binary: str = "git",
        trusted: str = "",
        secrets: Sequence[str] = (),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.folder = folder
        self.name = name
        self.timeout = timeout
        self.most = most
        self._binary = binary
        self._trusted = trusted
        self._secrets = [secret for secret in secrets if secret]
        self._environ = environ

    @property
    def _configuration(self) -> Path:
        """A file that says whose local repository may be read; git takes that from no nearer place."""
        return self.folder / "trusted"

    def environment(self, allow: str = "", settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """All a command is told."""
        lines = _SETTINGS | ({f"protocol.{allow}.allow": "always"} if allow else {}) | dict(settings or {})
        numbered: dict[str, str] = {}
        for place, (key, value) in enumerate(lines.items()):
            numbered |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
        passed = {key: self._environ[key] for key in _PASSED if key in self._environ}
        return passed | {
            "HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_DIR": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self._configuration) if self._trusted else os.devnull,
            "GIT_CONFIG_COUNT": str(len(lines)),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            **numbered,
        }

    async def prepare(self) -> None:
        """An empty bare repository where there is none, and nothing left of commands that were killed.

        Raises:
            StoreFull, ConfigError: the folder cannot be written, or git is not installed.
        """
        try:
            await asyncio.to_thread(self._make_ready)
        except OSError as error:
            raise ConfigError(f"{self.name}: the folder {self.folder} cannot be used: {error.strerror}") from error
        if not await asyncio.to_thread((self.folder / "HEAD").exists):
            await self.run("init", "--quiet", "--bare", "--initial-branch=main", "--template=")

    def _make_ready(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._trusted:
            safe = self._trusted.replace("\\", "\\\\").replace('"', '\\"')
            lines = (f'\tdirectory = "{each}"\n' for each in (safe, f"{safe}/.git"))
            self._configuration.write_text("[safe]\n" + "".join(lines), "utf-8")
        for left in (each for glob in _LEFT for each in self.folder.glob(glob)):
            left.unlink(missing_ok=True)

    async def run(
        self,
        *arguments: str,
        allow: str = "",
        settings: Mapping[str, str] | None = None,
        data: bytes = b"",
        growing: bool = False,
    ) -> bytes:
        """One command and all it prints, which has to be little.

        ``growing``: the folder's size is watched.

        Raises:
            ExporterError: whatever it failed with, in our words.
        """
        async with self._started(arguments, allow, settings, bool(data)) as process:
            talk = asyncio.create_task(process.talk(data))
            tasks = [talk, asyncio.create_task(self._watch())] if growing else [talk]
            try:
                done, _ = await asyncio.wait(tasks, timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    raise self._too_slow(arguments)
                told = done.pop().result()
            finally:
                for task in tasks:
                    task.cancel()
        if growing:
            await self._fits()
        return told

    async def stream(
        self, *arguments: str, allow: str = "", settings: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """What a command prints, in pieces, as fast as they are taken.

        Raises:
            ExporterError: whatever it failed with, in our words.
        """
        async with self._started(arguments, allow, settings, False) as process:
            while True:
                try:
                    async with asyncio.timeout(self.timeout):
                        piece = await process.read()
                except TimeoutError as error:
                    raise self._too_slow(arguments) from error
                if not piece:
                    break
                yield piece
            await process.ended()

    @asynccontextmanager
    async def _started(
        self, arguments: Sequence[str], allow: str, settings: Mapping[str, str] | None, fed: bool
    ) -> AsyncIterator["_Process"]:
        try:
            started = await asyncio.create_subprocess_exec(
                self._binary,
                "--no-pager",
                *arguments,
                stdin=asyncio.subprocess.PIPE if fed else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self.environment(allow, settings),
                cwd="/",
                start_new_session=True,  # a group of its own, to be ended together with what it started
            )
        except OSError as error:
            raise ConfigError(
                f"{self.name}: {self._binary} cannot be run ({error.strerror}); install git, 2.32 or newer"
            ) from error
        process = _Process(started, self._failure)
        try:
            yield process
        finally:
            await process.end()

    async def _watch(self) -> bytes:
        """Ends with an error once the folder is too large."""
        while True:
            await asyncio.sleep(1)
            await self._fits()

    async def _fits(self) -> None:
        if await self.size() > self.most:
            raise Overloaded(
                f"{self.name}: the clone is larger than {self.most} bytes; allow more, or leave this repository out"
            )

    async def size(self) -> int:
        """Bytes of the folder on disk."""
        return await asyncio.to_thread(lambda: sum(_file_size(path) for path in self.folder.rglob("*")))

    def _too_slow(self, arguments: Sequence[str]) -> TooSlow:
        return TooSlow(f"{self.name}: git {arguments[0]} took longer than {self.timeout:g} s")

    def _failure(self, code: int, said: str) -> ExporterError:
        for secret in self._secrets:
            said = said.replace(secret, "…")
        said = _hidden(said)
        for pattern, kind, remedy in _FAILURES:
            found = pattern.search(said)
            if found:
                return kind(f"{self.name}: {remedy} (git: {found[0].strip()[:200]})")
        last = said.strip().splitlines()[-1:] or [f"exit code {code}"]
        return Garbled(f"{self.name}: git failed: {last[0][:200]}")


class _Process:
    """A running command."""

    def __init__(self, process: asyncio.subprocess.Process, failure: Callable[[int, str], ExporterError]) -> None:
        self._process = process
        self._failure = failure
        self._said = b""
        self._listening = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        """Takes what it says of errors, or it would stop for a full pipe."""
        if self._process.stderr is not None:
            while piece := await self._process.stderr.read(PIECE):
                self._said = (self._said + piece)[-KEPT:]

    async def read(self) -> bytes:
        """The next piece of output, empty at its end."""
        return await self._process.stdout.read(PIECE) if self._process.stdout is not None else b""

    async def talk(self, data: bytes) -> bytes:
        """All output, after having given it all input."""
        feeding = asyncio.ensure_future(self._feed(data))
        try:
            printed = bytearray()
            while piece := await self.read():
                printed += piece
            await feeding
        finally:
            feeding.cancel()
        await self.ended()
        return bytes(printed)

    async def _feed(self, data: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        try:
            pipe.write(data)
            await pipe.drain()
            pipe.close()
            await pipe.wait_closed()
        except (BrokenPipeError, ConnectionResetError):
            return  # it ended without reading all; its exit code says why

    async def ended(self) -> None:
        """It has ended by itself, and well.

        Raises:
            ExporterError: not well.
        """
        code = await self._process.wait()
        await self._listening
        if code:
            raise self._failure(code, self._said.decode("utf-8", "replace"))

    async def end(self) -> None:
        """It ends now, with all it started; nothing happens to what has ended."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(GRACE):
                    await self._process.wait()
            except TimeoutError:
                pass
            finally:
                self._signal(signal.SIGKILL)
            await self._process.wait()
        self._listening.cancel()

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return  # nobody is left


def _file_size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # git removed it meanwhile
        return 0


_ACCOUNT = re.compile(r"(?<=://)[^/@\s]+@")
_HEADER = re.compile(r"(?i)(authorization:\s*\w+\s+)\S+")


def _hidden(text: str) -> str:
    """A text without the credentials of its addresses and headers."""
    return _HEADER.sub(r"\1…", _ACCOUNT.sub("", text))


_FAILURES: tuple[tuple[re.Pattern[str], type[ExporterError], str], ...] = tuple(
    (re.compile(rf".*(?:{pattern}).*", re.IGNORECASE), kind, remedy)
    for pattern, kind, remedy in (
        ("No space left on device|disk quota exceeded", StoreFull, "the disk is full"),
        ("transport '.*' not allowed", ConfigError, "the address leads to another protocol"),
        ("error: 401|authentication failed|could not read (?:username|password)|terminal prompts disabled"
         "|permission denied \\(publickey", Unauthorised, "the server wants another credential"),
        ("error: 403|access denied|dubious ownership|permission denied", Refused, "the credential may not read it"),
        ("error: 429", RateLimited, "the server asks to wait"),
        ("couldn't find remote ref", NotFound, "the branch is not there"),
        ("error: 404|repository .*not found|does not appear to be a git repository|no such file or directory"
         "|repository .*does not exist", NotFound, "there is no such repository, or the credential may not see it"),
        ("error: 5\\d\\d", ServerError, "the server is unwell"),
        ("error: 3\\d\\d|unable to update url base from redirection", Garbled, "the server redirects; write where to"),
        ("unable to access|could not resolve|failed to connect|connection (?:refused|reset|timed out)|early eof"
         "|hung up|rpc failed|unexpected disconnect|could not read from remote", Unreachable, "no whole answer"),
    )
)  # fmt: skip
"""What git says, what it means here, and a word for the reader; the first that is found."""
