"""Reads what ``git log -p`` prints: commits, and of each the files with the lines that went and came.

Push bytes in as they arrive and values come out; memory holds one file's patch at a time, and of that no more than
``MOST_LINES`` lines of ``LONGEST`` bytes. ``LOG`` is how git has to be asked.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from exporter.errors import Garbled

_FIELDS = "%H%x00%P%x00%at%x00%ct%x00%an%x00%ae%x00%cn%x00%ce"
LOG = (
    "log",
    "--reverse",
    "--patch",
    "--unified=0",
    "--inter-hunk-context=0",
    "--find-renames=50%",
    "-l400",  # git's own limit differs between versions; renames beyond it read as new and deleted files
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--no-color",
    "--no-color-moved",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
    "--no-notes",
    "--no-mailmap",
    "--encoding=UTF-8",
    f"--format=%x01{_FIELDS}%n%B%n%x00",
)
"""Arguments of git for what this module reads. Add ``--first-parent -m`` for a branch's own history, or
``--no-merges`` for the work of everybody in it, and the range."""

LONGEST = 1000
"""Bytes of a line that are kept; what is equal so far is taken for equal."""
MOST_LINES = 50_000
"""Lines of one file's patch that are kept; of a larger one the hunks' places and counts are."""
LONGEST_MESSAGE = 65_536
_LONGEST_READ = 1 << 16
"""Bytes of an unfinished line that are held while its end is still to come."""


class Commit(NamedTuple):
    """One commit. Dates are Unix seconds; ``names`` and ``emails`` hold author and committer, in this order."""

    sha: str
    parents: tuple[str, ...]
    authored: int
    committed: int
    names: tuple[str, str]
    emails: tuple[str, str]
    message: str


class Hunk(NamedTuple):
    """Lines ``[at, at + gone)`` of the old file, counted from 0, made way for ``came`` new ones.

    ``removed`` and ``added`` are their texts without the line's end, empty where the file's patch is too large.
    """

    at: int
    gone: int
    came: int
    removed: list[bytes]
    added: list[bytes]


class FilePatch(NamedTuple):
    """What one commit did to one file. ``before`` is None for a new file, ``after`` for a deleted one.

    ``text`` is False for binary files, symbolic links and submodules, which have no lines; ``whole`` is False when the
    patch was too large to keep its texts.
    """

    before: str | None
    after: str | None
    text: bool
    whole: bool
    hunks: list[Hunk]

    @property
    def path(self) -> str:
        """The name it has now, or had last."""
        return self.after if self.after is not None else self.before or ""

    @property
    def counts(self) -> tuple[str, int, int]:
        """(path, lines added, lines deleted), as an API states a file."""
        return self.path, sum(hunk.came for hunk in self.hunks), sum(hunk.gone for hunk in self.hunks)


_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SPECIAL = frozenset({b"120000", b"160000"})
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


class PatchReader:
    """Takes the bytes of a log in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._cut = False
        self._header: bytes | None = None
        self._message: list[bytes] = []
        self._message_size = 0
        self._file: _File | None = None
        self._gone = self._came = 0

    def feed(self, chunk: bytes) -> Iterator[Commit | FilePatch]:
        """What has become whole with these bytes.

        Raises:
            Garbled: the bytes are not such a log.
        """
        if self._cut:
            _, found, chunk = chunk.partition(b"\n")
            if not found:
                return
            chunk, self._cut = b"\n" + chunk, False
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_READ:
            self._rest, self._cut = self._rest[:_LONGEST_READ], True
        yield from self._lines(lines)

    def close(self) -> Iterator[Commit | FilePatch]:
        """What the end of the log makes whole.

        Raises:
            Garbled: it ended in the middle.
        """
        if self._rest:
            rest, self._rest = self._rest, b""
            yield from self._lines([rest])
        if self._header is not None or self._gone or self._came:
            raise Garbled("git's log ended in the middle of a commit")
        yield from self._end_file()

    def _lines(self, lines: list[bytes]) -> Iterator[Commit | FilePatch]:
        place, end = 0, len(lines)
        while place < end:
            if self._gone or self._came:
                place = self._hunk_lines(lines, place)
                continue
            line = lines[place]
            place += 1
            if self._header is not None:
                yield from self._message_line(line)
            elif line.startswith(b"@@ "):
                self._begin_hunk(line)
            elif line.startswith(b"diff --git "):
                yield from self._end_file()
                self._file = _File(line)
            elif line.startswith(b"\x01"):
                yield from self._end_file()
                self._header, self._message, self._message_size = line, [], 0
            elif self._file is not None:
                self._file.says(line)
            elif line:
                raise Garbled(f"git's log has a line that is none of a patch: {line[:40]!r}")

    def _message_line(self, line: bytes) -> Iterator[Commit]:
        if line == b"\x00":
            header, self._header = self._header or b"", None
            yield _commit(header, b"\n".join(self._message))
        elif self._message_size < LONGEST_MESSAGE:
            self._message.append(line[:LONGEST_MESSAGE])
            self._message_size += len(line) + 1

    def _begin_hunk(self, line: bytes) -> None:
        found = _HUNK.match(line)
        if found is None or self._file is None:
            raise Garbled(f"git's log has a hunk without place or file: {line[:40]!r}")
        start, gone, _, came = (1 if each is None else int(each) for each in found.groups())
        # A hunk that removes nothing names the line before it; any other its own first line, counted from 1.
        self._file.hunks.append(Hunk(start - 1 if gone else start, gone, came, [], []))
        self._gone, self._came = gone, came

    def _hunk_lines(self, lines: list[bytes], place: int) -> int:
        """Takes the hunk's lines from ``place`` on, as far as they are there; gives the place after them."""
        file = self._file
        if lines[place].startswith(b"\\"):  # "\ No newline at end of file" between the sides
            return place + 1
        sign, left = (b"-", self._gone) if self._gone else (b"+", self._came)
        taken = lines[place : place + left]
        if file is None or not (taken[0].startswith(sign) and taken[-1].startswith(sign)):
            raise Garbled(f"git's log has a hunk with other lines than it says: {taken[0][:40]!r}")
        texts = [line[1 : LONGEST + 1] for line in taken]
        if self._gone:
            self._gone -= len(taken)
            file.keep(file.hunks[-1].removed, texts)
        else:
            self._came -= len(taken)
            file.keep(file.hunks[-1].added, texts)
        return place + len(taken)

    def _end_file(self) -> Iterator[FilePatch]:
        if self._file is not None:
            yield self._file.done()
            self._file = None


class _File:
    """A file's patch while it is read; ``git apply`` takes the names from the same lines."""

    def __init__(self, header: bytes) -> None:
        self.hunks: list[Hunk] = []
        self._before, self._after = _same_names(header.removeprefix(b"diff --git "))
        self._text = self._whole = True
        self._new = self._deleted = False
        self._kept = 0

    def says(self, line: bytes) -> None:
        """One of the lines between the header and the first hunk, or after a hunk that ended without a newline."""
        word, _, value = line.partition(b" ")
        if word == b"rename" and value.startswith(b"from "):
            self._before = _name(value[5:])
        elif word == b"rename" and value.startswith(b"to "):
            self._after = _name(value[3:])
        elif word in (b"new", b"deleted", b"old"):
            self._new |= word == b"new" and value.startswith(b"file mode ")
            self._deleted |= word == b"deleted"
            self._special(value.rpartition(b" ")[2])
        elif word == b"index":
            self._special(value.partition(b" ")[2])
        elif word == b"Binary":
            self._text = False
        elif word == b"---" and value != b"/dev/null":
            self._before = _name(value.removesuffix(b"\t"))[2:]
        elif word == b"+++" and value != b"/dev/null":
            self._after = _name(value.removesuffix(b"\t"))[2:]

    def _special(self, mode: bytes) -> None:
        if mode in _SPECIAL:
            self._text = False

    def keep(self, texts: list[bytes], more: list[bytes]) -> None:
        """Texts of the last hunk, while they are not too many."""
        self._kept += len(more)
        if self._kept <= MOST_LINES and self._text:
            texts += more
        elif self._whole:
            self._whole = not self._text
            for hunk in self.hunks:
                hunk.removed.clear()
                hunk.added.clear()

    def done(self) -> FilePatch:
        before = None if self._new else self._before
        after = None if self._deleted else self._after
        return FilePatch(before, after, self._text, self._whole, self.hunks if self._text else [])


def _commit(header: bytes, message: bytes) -> Commit:
    fields = header[1:].split(b"\x00")
    if len(fields) != 8:
        raise Garbled(f"git's log has a commit without its fields: {header[:60]!r}")
    sha, parents, authored, committed, *people = (field.decode("utf-8", "replace") for field in fields)
    author, author_email, committer, committer_email = people
    return Commit(
        sha,
        tuple(parents.split()),
        int(authored or 0),
        int(committed or 0),
        (author, committer),
        (author_email, committer_email),
        message[:LONGEST_MESSAGE].decode("utf-8", "replace").strip(),
    )


def _same_names(names: bytes) -> tuple[str, str]:
    """Both names of a header ``a/x b/x``, which are equal: other lines tell the names where they differ."""
    half = _name(names[: (len(names) - 1) // 2])
    return half[2:], half[2:]


def _name(quoted: bytes) -> str:
    """A path as git writes it, in quotes and with escapes where it holds special bytes; bytes not UTF-8 stay hex."""
    raw = quoted
    if quoted.startswith(b'"'):
        raw = _ESCAPE.sub(_unescaped, quoted[1:-1])
    return raw.decode("utf-8", "backslashreplace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)
