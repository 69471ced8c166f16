"""What lies between two commits, file by file and commit by commit.

Source: https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits
"""

from collections.abc import Iterable

from msgspec import Struct, field

from exporter.errors import Garbled, NotFound
from exporter.markers import trailer_lines
from exporter.model import Stream, Subject, Thing, Told, Worked
from exporter.providers.answers import seconds
from exporter.providers.base import Gap, Home, Page, Request, Response, unread, worked
from exporter.providers.gitlab.answers import check_project, decode

MOST_COMMITS = 300
"""Commits that are kept; who needs more to mend a test has done something else beside."""
LARGEST = 32 << 20


class Commit(Struct):
    """https://docs.gitlab.com/api/commits/."""

    id: str
    message: str = ""
    author_email: str | None = None
    authored_date: str | None = None


class Diff(Struct):
    """One file; the server leaves out the text of one that is too large."""

    new_path: str
    old_path: str = ""
    diff: str = ""
    too_large: bool = False
    collapsed: bool = False


class Comparison(Struct):
    """``commits`` are those of the second only, oldest first; where they are none, it went back or stayed."""

    commits: list[Commit] = field(default_factory=list)
    diffs: list[Diff] = field(default_factory=list)
    compare_timeout: bool = False


def compare(root: str, home: Home, gap: Gap) -> Request:
    """The fact that tells some lines what was done between a red commit and the green one after it.

    Commits that are gone are told as such: asking again would bring the same.
    """

    def read(response: Response) -> Page:
        try:
            data = decode(response, Comparison, Stream.RUNS)
        except NotFound:
            check_project(response)
            return Page(told=unread(home, gap))
        if not data.commits:
            return Page(told=unread(home, gap))
        whole = len(data.commits) <= MOST_COMMITS and not data.compare_timeout and not any(map(_cut, data.diffs))
        files = tuple(sorted((each.new_path, *lines(each.diff)) for each in data.diffs))
        told = []
        for line, at in gap.lines:
            commits = tuple(_worked(each, at) for each in data.commits[:MOST_COMMITS])
            fact = Worked(worked(gap), at, gap.base, gap.head, files, commits, whole=whole)
            told.append(Told(Subject(home.key, line, 0, Thing.LINE), (fact,)))
        return Page(told=tuple(told))

    return Request(
        kind="compare",
        method="GET",
        path=f"{root}/api/v4/projects/{home.key}/repository/compare?from={gap.base}&to={gap.head}&straight=false",
        read=read,
        repositories=(home.key,),
        changes=(gap.name,),
        passing=True,
        largest=LARGEST,
    )


def lines(diff: str) -> tuple[int, int]:
    """Lines added and deleted by a file's hunks; above the first of them a server may have put a header."""
    added = deleted = 0
    for line in diff[max(0, diff.find("@@")) :].split("\n"):
        added += line.startswith("+")
        deleted += line.startswith("-")
    return added, deleted


def _cut(diff: Diff) -> bool:
    return diff.too_large or diff.collapsed


def _worked(commit: Commit, at: int) -> tuple[str, int, str, tuple[str, ...]]:
    """A commit's sha, author date (as somebody's machine told it), author, and markers."""
    try:
        authored = seconds(commit.authored_date or "")
    except Garbled:
        authored = at
    return commit.id, authored, (commit.author_email or "").lower(), trailer_lines(commit.message.partition("\n")[2])


def shas(commits: Iterable[Commit]) -> tuple[str, ...]:
    """Their names."""
    return tuple(each.id for each in commits)
