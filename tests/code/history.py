"""Real git histories made by hand, in a folder, under fixed dates; the same every time."""

import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from exporter.code.lines import Cohort, Lines
from exporter.code.patch import LOG, Commit, FilePatch, PatchReader
from exporter.policy import Policy, compile_rules, packaged

POLICY = Policy(compile_rules(packaged()))
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
DAY = 86_400

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@acme.example",
}


class History:
    """A repository with one branch, ``main``, and more where asked for. Days are counted from ``START``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, at: float = 0, author: str = "Ada", data: bytes | None = None) -> bytes:
        """One git command at a day; what it prints."""
        date = f"{START + round(at * DAY)} +0000"
        environment = CLEAN | {
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": f"{author.lower()}@acme.example",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], input=data, capture_output=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, path: str, content: str | bytes) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(
        self, at: float, files: dict[str, str | bytes | None] | None = None, message: str = "work", **who
    ) -> str:
        """Writes these files (None removes one), commits all there is, and gives the commit's sha."""
        for path, content in (files or {}).items():
            if content is None:
                (self.folder / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--file", "-", data=message.encode(), at=at, **who)
        return self.git("rev-parse", "HEAD").decode().strip()

    def fast(self, commits: Iterable[tuple[float, dict[str, str | None], str]]) -> None:
        """Many commits (day, files, message) at once, on top of an empty ``main``; the work tree stays empty."""
        stream = bytearray()
        for at, files, message in commits:
            who = f"Ada <ada@acme.example> {START + round(at * DAY)} +0000"
            stream += b"commit refs/heads/main\n" + f"committer {who}\n".encode() + _data(message)
            for path, content in files.items():
                stream += (
                    f"D {path}\n".encode() if content is None else f"M 100644 inline {path}\n".encode() + _data(content)
                )
        self.git("fast-import", "--quiet", data=bytes(stream))

    def log(self, *arguments: str) -> bytes:
        return self.git("-c", "core.quotePath=true", *LOG, *(arguments or ("--first-parent", "-m")))

    def values(self, *arguments: str) -> list[Commit | FilePatch]:
        return read([self.log(*arguments)])


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)


def read(chunks) -> list[Commit | FilePatch]:
    """All values of a log that comes in these pieces."""
    reader = PatchReader()
    return [value for chunk in chunks for value in reader.feed(chunk)] + list(reader.close())


def follow(lines: Lines, values) -> Lines:
    """The same lines, after these commits."""
    begun = False
    for value in values:
        if isinstance(value, FilePatch):
            lines.file(value)
            continue
        if begun:
            lines.end()
        lines.begin(value)
        begun = True
    if begun:
        lines.end()
    return lines


def cohorts(history: History, **options) -> dict[str, Cohort]:
    """The lines of each commit so far, by the commit's first line."""
    values = history.values()
    names = {value.sha: value.message.partition("\n")[0] for value in values if isinstance(value, Commit)}
    return {names[each.sha]: each for each in follow(Lines(POLICY, **options), values).young()}
