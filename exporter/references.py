"""What a text says that it takes back, mends or answers: commits, changes and issues of the same repository.

A mere mention is no reference: a line has to begin with one of the phrases below and go on with what it names. Code
blocks, HTML comments and quotations are somebody else's words (``markers``).
"""

import re
from collections.abc import Iterable, Iterator
from enum import Flag, auto
from functools import lru_cache
from typing import NamedTuple

from exporter.markers import own_lines, plain
from exporter.model import Linked, Naming, Referred


class _Takes(Flag):
    """What may stand behind a phrase."""

    COMMITS = auto()
    CHANGES = auto()
    BOTH = COMMITS | CHANGES


PHRASES: tuple[tuple[str, Naming, _Takes], ...] = (
    # git revert; GitLab's button: https://docs.gitlab.com/user/project/merge_requests/revert_changes
    (r"this reverts commits?:?", Naming.REVERT, _Takes.COMMITS),
    (r"this reverts merge requests?:?", Naming.REVERT, _Takes.CHANGES),
    # GitHub's button: https://docs.github.com/pull-requests (reverting a pull request)
    (r"reverts:?", Naming.REVERT, _Takes.CHANGES),
    # https://docs.kernel.org/process/submitting-patches.html: a hash; "Fixes #12" closes an issue
    (r"fixes:", Naming.FIX, _Takes.COMMITS),
    (r"caused[ -]by:?", Naming.FIX, _Takes.BOTH),
    (r"(?:introduced|broken)[ -](?:by|in):?", Naming.FIX, _Takes.BOTH),
    (r"regression[ -](?:of|from|in):?", Naming.FIX, _Takes.BOTH),
)
"""How a line begins, in any case of letters, what it then says of what it names, and what it may name."""

MOST = 20
"""References of one text that are kept."""

_PHRASES = tuple((re.compile(rf"{phrase}\s+", re.IGNORECASE), naming, takes) for phrase, naming, takes in PHRASES)
_REFERENCE = re.compile(
    r"(?:(?:commits?|pull requests?|prs?|merge requests?)\s+)?"
    r"(?:https?://[^\s/]+/(?P<place>\S+?)(?:/-)?/(?:(?:pull|merge_requests)/(?P<linked>\d{1,9})|commit/(?P<commit>[0-9a-f]{7,40}))"
    r"|(?P<home>[\w.-]+(?:/[\w.-]+)+)?[#!](?P<number>\d{1,9})"
    r"|(?:(?P<owner>[\w.-]+(?:/[\w.-]+)+)@)?(?P<sha>[0-9a-f]{7,40}))"
    r"(?![\w@/#-])[^\s\w]{0,3}(?:\s+|$)(?:and\s+|&\s+)?",
    re.IGNORECASE,
)
_BRANCH = re.compile(r"revert-(?P<number>\d{1,9})-.+")
"""The branch that GitHub's button makes: ``revert-12-topic``."""


_CLOSING = re.compile(
    r"(?<![\w-])(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?\s+",
    re.IGNORECASE,
)
"""What closes an issue, wherever it stands in a line: the forges close by it as well.

https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
https://docs.gitlab.com/user/project/issues/managing_issues/#default-closing-pattern
"""
_ABOUT = re.compile(
    r"(?:refs?|references|part of|relate[sd] to|addresses|contributes to|towards?|issues?|tickets?):?\s+", re.IGNORECASE
)
"""How a line begins that names an issue and leaves it open."""
_ISSUE = re.compile(
    r"(?:issues?\s+)?(?:https?://[^\s/]+/(?P<place>\S+?)(?:/-)?/issues/(?P<linked>\d{1,9})"
    r"|(?P<home>[\w.-]+(?:/[\w.-]+)+)?#(?P<number>\d{1,9}))"
    r"(?![\w@/#-])[^\s\w]{0,3}(?:\s+|$)(?:and\s+|&\s+)?",
    re.IGNORECASE,
)


KEYS = r"[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,6}"
"""The key of an issue as Jira gives it.

https://confluence.atlassian.com/adminjiraserver/changing-the-project-key-format-938847081.html
"""
_KEY_WORDS = re.compile(r"(?:jira|ticket|issue|story|task|bug)(?:[ -](?:key|id|issue|ticket))?:\s+", re.IGNORECASE)
"""How a line begins that is about a key, beside the words that are for numbers as well."""


class Named(NamedTuple):
    """What a text names: commits in lower case and numbers of changes, each once and in its order.

    ``elsewhere``: it names something of another repository.
    """

    commits: tuple[str, ...] = ()
    changes: tuple[int, ...] = ()
    elsewhere: bool = False


def references(lines: Iterable[str], repository: str = "") -> dict[Naming, Named]:
    """What lines name, by what they say of it; ``repository`` is the owner/name that stands for this one."""
    found: dict[Naming, tuple[list[str], list[int], list[str]]] = {}
    for line in map(plain, lines):
        for phrase, naming, takes in _PHRASES:
            begin = phrase.match(line)
            if begin is not None:
                commits, changes, others = found.setdefault(naming, ([], [], []))
                _follow(line[begin.end() :], takes, repository.lower(), commits, changes, others)
                break
    return {
        naming: Named(tuple(dict.fromkeys(commits))[:MOST], tuple(dict.fromkeys(changes))[:MOST], bool(others))
        for naming, (commits, changes, others) in found.items()
        if commits or changes or others
    }


def _follow(
    rest: str, takes: _Takes, repository: str, commits: list[str], changes: list[int], others: list[str]
) -> None:
    """Collect the references that a line goes on with, up to the first word that is none."""
    while (one := _REFERENCE.match(rest)) is not None:
        sha, number = one["sha"] or one["commit"], one["number"] or one["linked"]
        if not takes & (_Takes.COMMITS if sha else _Takes.CHANGES):
            return
        place = (one["place"] or one["home"] or one["owner"] or repository).lower()
        if place != repository:
            others.append(place)
        elif sha:
            commits.append(sha.lower())
        else:
            changes.append(int(number))
        rest = rest[one.end() :]


def takes_back(head: str, lines: Iterable[str]) -> bool:
    """Whether a change is a revert: by the branch that the forge's button makes, or by a line of its description."""
    return _BRANCH.fullmatch(head) is not None or Naming.REVERT in references(lines)


def referred(text: str, repository: str, cause: str, at: int, own: int = 0) -> list[Referred]:
    """The facts that a text states, one for each thing it says.

    ``cause`` is the id of the fact that carries the text, ``at`` its date, and ``own`` the number of the change or
    issue itself, which does not name itself.
    """
    found = []
    for naming, named in sorted(references(own_lines(text), repository).items()):
        changes = tuple(number for number in named.changes if number != own)
        if named.commits or changes:
            found.append(Referred(f"{naming}:{cause}", at, naming, named.commits, changes))
    return found


def referred_by_branch(head: str, at: int) -> list[Referred]:
    """The fact that the branch of a revert states."""
    branch = _BRANCH.fullmatch(head)
    return [Referred(f"{Naming.REVERT}:branch", at, Naming.REVERT, (), (int(branch["number"]),))] if branch else []


def linked(text: str, repository: str, cause: str, at: int, own: int = 0) -> list[Linked]:
    """The fact that a text states of the issues it closes or is about; arguments as in ``referred``."""
    found: dict[int, None] = {}
    for line in own_lines(text):
        if "#" not in line and "/issues/" not in line:
            continue
        words = plain(line)
        begins = [about.end()] if (about := _ABOUT.match(words)) else []
        for begin in (*begins, *(each.end() for each in _CLOSING.finditer(words))):
            found |= dict.fromkeys(_issues(words, begin, repository.lower()))
    issues = tuple(number for number in found if number != own)[:MOST]
    return [Linked(f"linked:{cause}", at, issues)] if issues else []


def _issues(line: str, begin: int, repository: str) -> Iterator[int]:
    """The issues of this repository that a line goes on with from a place, up to the first word that is none."""
    while (one := _ISSUE.match(line, begin)) is not None:
        if (one["place"] or one["home"] or repository).lower() == repository:
            yield int(one["number"] or one["linked"])
        begin = one.end()


def keyed(text: str, pattern: str = KEYS, *, any_case: bool = False) -> tuple[str, ...]:
    """The keys of a tracker's issues that a title or the name of a branch has anywhere, in upper case.

    ``pattern``: a regular expression of a whole key; ``any_case``: small letters will do, as in branches.
    """
    found = (each["key"].upper() for each in _anywhere(pattern, any_case).finditer(text))
    return tuple(dict.fromkeys(found))[:MOST]


def linked_by_name(text: str, cause: str, at: int, pattern: str = KEYS, *, any_case: bool = False) -> list[Linked]:
    """The fact that a title or a branch states of the issues it is about; ``cause`` is what it is of its change."""
    keys = keyed(text, pattern, any_case=any_case)
    return [Linked(f"keys:{cause}", at, (), keys)] if keys else []


def linked_by_key(text: str, cause: str, at: int, pattern: str = KEYS) -> list[Linked]:
    """The fact that a text states of the issues of a tracker that it closes or is about, by their keys.

    A line has to begin with the keys or a link to them, or with what it begins with for a number; or to close them
    anywhere. ``cause`` is the id of the fact that carries the text, ``at`` its date.
    """
    found: dict[str, None] = {}
    following = _following(pattern)
    for line in own_lines(text):
        words = plain(line)
        begins = [0, *(about.end() for about in (_ABOUT.match(words), _KEY_WORDS.match(words)) if about)]
        for begin in (*begins, *(each.end() for each in _CLOSING.finditer(words))):
            place = begin
            while (one := following.match(words, place)) is not None:
                found[one["key"].upper()] = None
                place = one.end()
    keys = tuple(found)[:MOST]
    return [Linked(f"keys:{cause}", at, (), keys)] if keys else []


@lru_cache(maxsize=8)
def _anywhere(pattern: str, any_case: bool) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?P<key>(?:{pattern}))(?![A-Za-z0-9])", re.IGNORECASE if any_case else 0)


@lru_cache(maxsize=8)
def _following(pattern: str) -> re.Pattern[str]:
    """Keys that follow each other, bare, in brackets or as the end of an address."""
    return re.compile(
        rf"(?:https?://[^\s/]+/(?:[^\s/]+/)*browse/)?[\[(]?(?P<key>(?:{pattern}))(?![\w/-])"
        r"[^\s\w]{0,3}(?:\s+|$)(?:and\s+|&\s+)?"
    )
