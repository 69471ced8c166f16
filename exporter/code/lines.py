"""Follows every added line over a branch's history: how many did not last, were copied, or only moved.

Fed with the patches of the default branch, first parents only and oldest first, so a line is born when it lands there.
The three shares are after GitClear's ("AI Copilot Code Quality", 2024 and 2025), whose exact operators are not public;
docs/definitions.md says what is counted here.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from exporter.code.blocks import Blocks, telling
from exporter.code.patch import Commit, FilePatch
from exporter.code.rope import OLD, UNKNOWN, Run, births, from_births, joined, spliced

DAY = 86_400
LASTS = 14 * DAY
"""Seconds after which a line has lasted; one that goes by then, this second included, is churn."""
BLAMED = 30 * DAY
"""Seconds for which it is known, where that is asked for, whose line it is that goes."""
MOST_ADDED = 50_000
"""Lines by hand that one commit may add; a larger one is an import, and its lines are old from the start."""

STAYED = -2
"""Stands for the birth of a line that went and came: it is none that a commit removed."""

_BLANK = b" \t\r\v\f"
_PUNCTUATION = _BLANK + b",;\n"
_QUOTES = bytes.maketrans(b"'`", b'""')


class Paths(Protocol):
    """What this module needs of the policy."""

    def counted(self, path: str) -> bool:
        """Whether somebody wrote the file's lines by hand."""
        ...

    def is_product(self, path: str) -> bool:
        """Whether a file is part of what is built, and neither a test nor a document."""
        ...


class Cohort(Struct, array_like=True):
    """The lines one commit brought to the branch, counted over their first 14 days.

    ``at`` is when it landed (Unix seconds). ``added`` lines are new ones; ``churned`` of them went within 14 days, and
    ``duplicated`` of them are copies. ``moved`` came from elsewhere and ``reformatted`` from the same place: they stay
    the lines they were, and are in none of the other numbers.
    """

    sha: str
    at: int
    added: int = 0
    churned: int = 0
    duplicated: int = 0
    moved: int = 0
    reformatted: int = 0


class Taken(NamedTuple):
    """A commit took away ``lines`` that commit ``sha`` had brought, of the ``of`` that it took away in all."""

    sha: str
    lines: int
    of: int


class Done(NamedTuple):
    """What a commit did at the second ``at``. ``brought``: its lines; None where none of them are new.

    ``taken``: the young commits of whose lines at least half of those are that it removed; two at the most.
    """

    at: int
    brought: Cohort | None
    taken: tuple[Taken, ...] = ()


class _State(Struct, array_like=True):
    now: int
    born: int
    cohorts: dict[int, Cohort]
    files: dict[str, list[tuple[int, int]]]
    blocks: list[tuple[int, int]]
    elders: dict[int, Cohort] = {}


class _Edit(NamedTuple):
    """One hunk of the commit at hand: births of the lines that went, and of those that came, as far as known."""

    at: int
    gone: list[int]
    came: list[int | None]


class _File(NamedTuple):
    before: str | None
    after: str | None
    runs: Sequence[Run]
    edits: list[_Edit]
    product: bool


class Lines:
    """The young lines of a branch. Memory follows the lines of the last 14 days, as runs, and ``Blocks``.

    ``left_out``: commits that reformat, as listed in a ``.git-blame-ignore-revs``; their lines are old from the start.
    ``blame``: for 30 days it stays known which commit a line came from, and so whose lines another one takes away.
    """

    def __init__(self, paths: Paths, left_out: frozenset[str] = frozenset(), *, blame: bool = False) -> None:
        self._paths = paths
        self._blame = blame
        self._left_out = left_out
        self._now = self._swept = 0
        self._born = 0
        self._cohorts: dict[int, Cohort] = {}
        self._elders: dict[int, Cohort] = {}
        self._files: dict[str, list[Run]] = {}
        self._blocks = Blocks()
        self._commit: _Commit | None = None

    def begin(self, commit: Commit) -> None:
        """The next commit of the branch; a date before its parent's (a clock that was wrong) counts as the parent's."""
        self._now = max(self._now, commit.committed)
        self._born += 1
        takes_back = "This reverts commit " in commit.message
        self._cohorts[self._born] = Cohort(commit.sha, self._now)
        self._commit = _Commit(self._born, takes_back, commit.sha in self._left_out)

    def file(self, patch: FilePatch) -> None:
        """One file of that commit; generated and vendored ones, and what has no lines, are passed over."""
        commit = self._commit
        if commit is None:
            raise ValueError("a file before its commit")
        if patch.text and not patch.whole:
            commit.too_large()
        if patch.text and patch.whole and self._paths.counted(patch.path):
            runs = self._files.get(patch.before, UNKNOWN) if patch.before is not None else ()
            commit.file(patch, runs, self._paths.is_product(patch.path))
        elif patch.before is not None:
            commit.forgotten.add(patch.before)

    def end(self) -> Done:
        """The commit is whole: its lines are sorted into new, moved and reformatted, and those that went counted.

        Of what it brought only ``churned`` still grows; an import, a revert and a commit that is left out bring
        nothing new.
        """
        commit, self._commit = self._commit, None
        if commit is None:
            raise ValueError("the end of a commit that has not begun")
        cohort = self._cohorts[commit.born]
        commit.find_moved()
        if commit.birth != OLD:
            cohort.added = sum(came is None for file in commit.files for edit in file.edits for came in edit.came)
            cohort.moved, cohort.reformatted = commit.moved, commit.reformatted
        for gone in commit.lost() if not commit.skipped else ():
            self._churn(gone)
        cohort.duplicated = commit.duplicated(self._blocks)
        taken = self._taken(commit) if self._blame else ()
        self._splice(commit)
        return Done(self._now, cohort if commit.birth != OLD else None, taken)

    def _taken(self, commit: "_Commit") -> tuple[Taken, ...]:
        """Whose lines most of those were that went from the product's files; an import is compared with nothing."""
        if commit.skipped or commit.imported:
            return ()
        gone = Counter(commit.lost_of_product())
        whole = gone.total()
        shares = ((self._brought(birth), lines) for birth, lines in sorted(gone.items()) if 2 * lines >= whole)
        return tuple(Taken(cohort.sha, lines, whole) for cohort, lines in shares if cohort is not None)

    def _brought(self, birth: int) -> Cohort | None:
        return self._cohorts.get(birth) or self._elders.get(birth)

    def _churn(self, birth: int) -> None:
        cohort = self._cohorts.get(birth)
        if cohort is not None and self._now - cohort.at <= LASTS:
            cohort.churned += 1

    def _splice(self, commit: "_Commit") -> None:
        told = {file.after: commit.spliced(file) for file in commit.files if file.after is not None}
        for file in commit.files:
            self._files.pop(file.before or "", None)
        for path in commit.forgotten:
            self._files.pop(path, None)
        for path, runs in told.items():
            self._keep(path, runs)

    def _keep(self, path: str, runs: Sequence[Run]) -> None:
        """Young lines keep their birth; a file without any needs no memory at all."""
        young = joined((count, OLD if self._brought(birth) is None else birth) for count, birth in runs)
        if any(birth != OLD for _, birth in young):
            self._files[path] = young
        else:
            self._files.pop(path, None)

    def settle(self, until: int) -> list[Cohort]:
        """The commits all of whose lines have lasted or gone by ``until`` (Unix seconds), each once, oldest first.

        To be called between commits, with a time up to which the branch has been read.
        """
        settled = _pop(self._cohorts, until - LASTS)
        if self._blame:
            self._elders |= settled
        forgotten = _pop(self._elders, until - BLAMED)
        if (settled or forgotten) and until - self._swept >= DAY:
            self._swept = until
            for path, runs in list(self._files.items()):
                self._keep(path, runs)
        return list(settled.values())

    def young(self) -> Iterator[Cohort]:
        """The commits that have not settled, oldest first."""
        yield from self._cohorts.values()

    def births(self, path: str, count: int) -> list[str]:
        """For each of a file's first ``count`` lines the commit that brought it, empty for an old one."""
        runs = self._files.get(path, UNKNOWN)
        brought = map(self._brought, births(runs, [(0, count)])[0])
        return ["" if cohort is None else cohort.sha for cohort in brought]

    def saved(self) -> bytes:
        """All there is to know between two commits, for ``restored``."""
        state = _State(self._now, self._born, self._cohorts, self._files, self._blocks.saved(), self._elders)
        return msgspec.msgpack.encode(state)

    @classmethod
    def restored(
        cls, saved: bytes, paths: Paths, left_out: frozenset[str] = frozenset(), *, blame: bool = False
    ) -> "Lines":
        """As if it had read everything itself."""
        state = msgspec.msgpack.decode(saved, type=_State)
        lines = cls(paths, left_out, blame=blame)
        lines._now, lines._born = state.now, state.born
        lines._cohorts, lines._elders, lines._files = state.cohorts, state.elders, state.files
        lines._blocks = Blocks(state.blocks)
        return lines


class _Commit:
    """The commit at hand, kept until its last file is known: a line that moved may come before it goes."""

    def __init__(self, born: int, takes_back: bool, skipped: bool) -> None:
        self.born = born
        self.birth = OLD if takes_back or skipped else born
        self.skipped = skipped
        self.imported = False
        self.moved = self.reformatted = 0
        self.files: list[_File] = []
        self.forgotten: set[str] = set()
        self._added = 0
        self._gone: defaultdict[bytes, deque[tuple[_Edit, int]]] = defaultdict(deque)
        self._came: list[tuple[bytes, _Edit, int]] = []
        self._removed: list[list[bytes]] = []
        self._new: list[tuple[_Edit, list[bytes]]] = []

    def too_large(self) -> None:
        """More lines than anybody writes: nothing of it is compared with anything."""
        self.imported, self.birth = True, OLD
        for texts in (self._gone, self._came, self._removed, self._new):
            texts.clear()

    def file(self, patch: FilePatch, runs: Sequence[Run], product: bool) -> None:
        """One file and the runs it had before."""
        gone = births(runs, [(hunk.at, hunk.gone) for hunk in patch.hunks])
        edits = [_Edit(hunk.at, went, [None] * hunk.came) for hunk, went in zip(patch.hunks, gone, strict=True)]
        self.files.append(_File(patch.before, patch.after, runs, edits, product))
        self._added += sum(hunk.came for hunk in patch.hunks)
        if self._added > MOST_ADDED:
            self.too_large()
        if self.imported:
            return
        for hunk, edit in zip(patch.hunks, edits, strict=True):
            removed, added = _bare(hunk.removed), _bare(hunk.added)
            rest = self._reformat(edit, removed, added, hunk.removed, hunk.added)
            for line, place in rest:
                if telling(line):
                    self._gone[line].append((edit, place))
            self._came += (
                (line, edit, place) for place, line in enumerate(added) if edit.came[place] is None and telling(line)
            )
            if removed:
                self._removed.append(removed)
            if added:
                self._new.append((edit, added))

    def _reformat(
        self, edit: _Edit, removed: list[bytes], added: list[bytes], old: list[bytes], new: list[bytes]
    ) -> list[tuple[bytes, int]]:
        """Gives lines that only look different the birth they had; tells the removed lines that are left."""
        if not removed or not added:
            return [(line, place) for place, line in enumerate(removed)]
        if _letters(old) == _letters(new):
            for place in range(len(added)):
                edit.came[place] = edit.gone[place * len(removed) // len(added)]
            self.reformatted += len(added)
            for place in range(len(removed)):
                edit.gone[place] = STAYED
            return []
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for place in reversed(range(len(removed))):
            places[removed[place]].append(place)
        taken = set()
        for place, line in enumerate(added):
            if places[line]:
                source = places[line].pop()
                edit.came[place] = edit.gone[source]
                edit.gone[source] = STAYED
                taken.add(source)
                self.reformatted += 1
        return [(line, place) for place, line in enumerate(removed) if place not in taken]

    def find_moved(self) -> None:
        """Pairs each line that came with an equal one that went elsewhere; it stays the line it was."""
        for line, edit, place in self._came:
            sources = self._gone.get(line)
            if sources:
                source, at = sources.popleft()
                edit.came[place] = source.gone[at]
                source.gone[at] = STAYED
                self.moved += 1

    def lost(self) -> Iterator[int]:
        """The births of the lines that are gone from the branch, old ones as OLD; STAYED for those that are not."""
        for file in self.files:
            for edit in file.edits:
                yield from edit.gone

    def lost_of_product(self) -> Iterator[int]:
        """The births of the lines that are gone from the product's files."""
        for file in self.files:
            if file.product:
                for edit in file.edits:
                    yield from (birth for birth in edit.gone if birth != STAYED)

    def duplicated(self, blocks: Blocks) -> int:
        """New lines inside copied blocks; the index learns what came and forgets what went."""
        for removed in self._removed:
            blocks.forget(removed)
        copies = 0
        for edit, added in self._new:
            copied = blocks.learn(added)
            if self.birth != OLD:
                copies += sum(edit.came[place] is None for place in copied)
        return copies

    def spliced(self, file: _File) -> list[Run]:
        """The file after this commit."""
        return spliced(file.runs, ((edit.at, len(edit.gone), self._runs(edit.came)) for edit in file.edits))

    def _runs(self, came: Iterable[int | None]) -> list[Run]:
        return from_births([self.birth if each is None else each for each in came])


def _pop(cohorts: dict[int, Cohort], before: int) -> dict[int, Cohort]:
    """Takes out the commits that landed before a second; they are in the order in which they landed."""
    told = dict(takewhile(lambda item: item[1].at < before, cohorts.items()))
    for born in told:
        del cohorts[born]
    return told


def _bare(lines: Iterable[bytes]) -> list[bytes]:
    return [line.translate(None, _BLANK) for line in lines]


def _letters(lines: Iterable[bytes]) -> bytes:
    """What is left when a formatter's choices are taken away: spaces, line ends, commas, kinds of quotes."""
    return b"".join(lines).translate(_QUOTES, _PUNCTUATION)
