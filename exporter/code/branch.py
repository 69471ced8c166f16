"""A branch's history as facts: bytes of its log go in, what each commit brought and what became of that comes out."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from msgspec import DecodeError, msgpack

from exporter.code.lines import LASTS, Cohort, Lines
from exporter.code.patch import Commit, FilePatch, PatchReader
from exporter.errors import Shifted
from exporter.model import Actor, Aged, CodeEvent, Landed, Layer, Removed, Subject, Thing, Told

EVERY = 1000
"""Commits from one note of how far the reading is to the next."""
_FORM, _BLAMING = 1, 2
"""What something saved is like, where lines are known for 14 days and where for 30."""
_decode = msgpack.Decoder(tuple[int, str, bytes]).decode


class Definitions(Protocol):
    """What this module needs of the policy."""

    @property
    def blame(self) -> bool:
        """Whether to tell whose lines each commit takes away."""
        ...

    def counted(self, path: str) -> bool:
        """Whether somebody wrote the file's lines by hand."""
        ...

    def is_product(self, path: str) -> bool:
        """Whether a file is part of what is built, and neither a test nor a document."""
        ...

    def test_layer(self, path: str) -> Layer | None:
        """Which kind of test a file is; None for what is no test."""
        ...


def head_of(saved: bytes, blame: bool = False) -> str:
    """The commit up to which something ``saved`` has read; empty where it is of no use here.

    What was read without blame is of none for it, and the other way round: the branch is read again.
    """
    try:
        form, head, _ = _decode(saved)
    except DecodeError:
        return ""
    return head if form == _form(blame) else ""


def _form(blame: bool) -> int:
    return _BLAMING if blame else _FORM


class Marks(NamedTuple):
    """What a commit tells of its origin, in the words of ``Landed``."""

    account: Actor
    ending: str
    address: str
    markers: tuple[str, ...]


class Branch:
    """Reads on where ``saved`` stands, the first commit otherwise.

    ``key``: the repository's. ``now``: when the branch was fetched (Unix seconds); no commit landed later, whatever its
    clock said. ``marks`` finds a commit's evidence of an origin.
    """

    def __init__(
        self,
        key: str,
        definitions: Definitions,
        marks: Callable[[Commit], Marks],
        now: int,
        saved: bytes = b"",
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        self.head = ""
        self.saved = saved
        self._key = key
        self._definitions = definitions
        self._marks = marks
        self._now = now
        self._reader = PatchReader()
        self._commit: Commit | None = None
        self._touched: dict[str, int] = {}
        self._since = 0
        if saved:
            _, self.head, lines = _decode(saved)
            self._lines = Lines.restored(lines, definitions, left_out, blame=definitions.blame)
        else:
            self._lines = Lines(definitions, left_out, blame=definitions.blame)

    def feed(self, piece: bytes) -> list[Told]:
        """The facts that have become known with these bytes.

        ``saved`` is up to date with facts given before, every ``EVERY`` commits.

        Raises:
            Garbled: the bytes are no such log. Shifted: they do not go on where the reading stands.
        """
        return [told for value in self._reader.feed(piece) for told in self._take(value)]

    def close(self) -> list[Told]:
        """The facts that are left once the log has ended.

        Raises:
            Garbled: the log has not ended.
        """
        told = [told for value in self._reader.close() for told in self._take(value)]
        return [*told, *self._end()]

    def due(self, until: int) -> list[Told]:
        """What became of the commits that are old enough by ``until`` (Unix seconds); then ``saved`` is up to date."""
        told = [self._aged(each) for each in self._lines.settle(until) if each.added]
        self._save()
        return told

    @property
    def next_due(self) -> int | None:
        """From when on there is something due."""
        return min((each.at + LASTS + 1 for each in self._lines.young()), default=None)

    def _take(self, value: Commit | FilePatch) -> Iterator[Told]:
        if isinstance(value, FilePatch):
            self._lines.file(value)
            self._touch(value)
            return
        yield from self._end()
        if self.head and value.parents[:1] != (self.head,):
            raise Shifted("the branch does not go on where it was read up to")
        self._commit = commit = value._replace(committed=min(value.committed, self._now))
        yield from (self._aged(each) for each in self._lines.settle(commit.committed) if each.added)
        self._since += 1
        if self._since >= EVERY:
            self._save()
        self._lines.begin(commit)

    def _touch(self, patch: FilePatch) -> None:
        path, added, deleted = patch.counts
        if patch.text and added + deleted and self._definitions.counted(path):
            layer = str(self._definitions.test_layer(path) or "")
            self._touched[layer] = self._touched.get(layer, 0) + added + deleted

    def _end(self) -> Iterator[Told]:
        if self._commit is None:
            return
        commit, self._commit = self._commit, None
        touched, self._touched = tuple(sorted(self._touched.items())), {}
        done, self.head = self._lines.end(), commit.sha
        if done.brought is not None:
            lines = (done.brought.added, done.brought.duplicated, done.brought.moved, touched)
            yield self._told(commit.sha, Landed("landed", done.at, commit.sha, *self._marks(commit), *lines))
        for each in done.taken:
            yield self._told(each.sha, Removed(f"removed:{commit.sha}", done.at, commit.sha, each.lines, each.of))

    def _aged(self, cohort: Cohort) -> Told:
        return self._told(cohort.sha, Aged("aged", cohort.at + LASTS, cohort.added, cohort.churned))

    def _told(self, sha: str, event: CodeEvent) -> Told:
        return Told(Subject(self._key, sha, 0, Thing.COMMIT), (event,))

    def _save(self) -> None:
        self._since = 0
        self.saved = msgpack.encode((_form(self._definitions.blame), self.head, self._lines.saved()))
