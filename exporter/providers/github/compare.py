"""What lies between two commits, file by file and commit by commit.

Source: https://docs.github.com/rest/commits/commits#compare-two-commits
"""

from collections.abc import Sequence

from msgspec import Struct

from exporter.errors import Garbled, NotFound
from exporter.markers import trailer_lines
from exporter.model import Subject, Thing, Told, Worked
from exporter.providers.answers import seconds
from exporter.providers.base import Gap, Home, Page, Request, Response, unread, worked
from exporter.providers.github.answers import NEEDS, decode

PAGE = 100
MOST_FILES = 300
"""The answer lists no more, and does not say that it left some out."""
MOST_COMMITS = 300
"""Commits that are read; who needs more to mend a test has done something else beside."""
AHEAD = "ahead"
"""The only relation in which the files are what was done since: else they are counted from where the two parted."""


class _Signature(Struct):
    email: str | None = None
    date: str | None = None


class _Message(Struct):
    message: str = ""
    author: _Signature | None = None


class _Account(Struct):
    login: str = ""


class _Commit(Struct):
    sha: str
    commit: _Message
    author: _Account | None = None


class _File(Struct):
    filename: str
    additions: int
    deletions: int


class _Comparison(Struct):
    status: str
    total_commits: int
    commits: list[_Commit]
    files: list[_File] | None = None


def compare(rest: str, home: Home, gap: Gap) -> Request:
    """The fact that tells some lines what was done between a red commit and the green one after it.

    Commits that are gone, or that do not follow each other (a branch that was rewritten), are told as such: asking
    again would bring the same.
    """
    return _compare(rest, home, gap, [], [], 1)


def _compare(
    rest: str, home: Home, gap: Gap, files: Sequence[_File], before: Sequence[_Commit], number: int
) -> Request:
    def read(response: Response) -> Page:
        try:
            data = decode(response, _Comparison, NEEDS)
        except NotFound:
            return Page(told=unread(home, gap))
        if data.status != AHEAD:
            return Page(told=unread(home, gap))
        changed = files if number > 1 else data.files or []
        if data.commits and data.commits == list(before[-len(data.commits) :]):
            raise Garbled("a page of commits brings those of the page before it")
        commits = [*before, *data.commits]
        if len(commits) < min(data.total_commits, MOST_COMMITS) and len(data.commits) == PAGE:
            return Page(then=(_compare(rest, home, gap, changed, commits, number + 1),))
        whole = len(commits) >= data.total_commits and len(changed) < MOST_FILES
        return _told(home, gap, changed, commits, whole=whole)

    path = f"{rest}/repos/{home.name}/compare/{gap.name}?per_page={PAGE}&page={number}"
    return Request(
        kind="compare",
        method="GET",
        path=path,
        read=read,
        repositories=(home.key,),
        changes=(gap.name,),
        passing=True,
    )


def _told(home: Home, gap: Gap, files: Sequence[_File], commits: Sequence[_Commit], *, whole: bool) -> Page:
    told = []
    for line, at in gap.lines:
        fact = Worked(
            id=worked(gap),
            at=at,
            base=gap.base,
            head=gap.head,
            files=tuple(sorted((file.filename, file.additions, file.deletions) for file in files)),
            commits=tuple(_worked(commit, at) for commit in commits),
            whole=whole,
        )
        told.append(Told(Subject(home.key, line, 0, Thing.LINE), (fact,)))
    return Page(told=tuple(told))


def _worked(commit: _Commit, at: int) -> tuple[str, int, str, tuple[str, ...]]:
    """A commit's sha, author date (as somebody's machine told it), author, and markers."""
    signed = commit.commit.author or _Signature()
    who = (commit.author.login if commit.author else "") or signed.email or ""
    try:
        authored = seconds(signed.date or "")
    except Garbled:
        authored = at
    return commit.sha, authored, who.lower(), trailer_lines(commit.commit.message.partition("\n")[2])
