"""An issue told in words, as ``tests.stories`` tells changes.

``issue("opened 0h", "labelled 0h: bug", "closed 5h")`` is a list of facts; it may be closed ``by #7``. Further lines::

    unlabelled 3h: bug    dropped 5h (closed as not planned)    reopened 6h    moved 7h: in qa    names 0h: #7 a1b2c3d
    noted 1h: qa ci (a retrospective note that names these themes)
"""

from collections.abc import Callable

from msgspec import structs

from exporter.model import (
    Fact,
    IssueClosed,
    IssueOpened,
    IssueReopened,
    Labelled,
    Moved,
    Naming,
    Noted,
    Referred,
)
from exporter.policy import Policy
from exporter.story import Story
from tests.stories import LINE, POLICY, at


def naming(name: str, when: int, words: str, said: Naming = Naming.FIX) -> Referred:
    """A reference to ``#7`` or to a commit, in words."""
    numbers = tuple(int(word[1:]) for word in words.split() if word.startswith("#"))
    return Referred(name, when, said, tuple(word for word in words.split() if not word.startswith("#")), numbers)


TELL: dict[str, Callable[[str, int, str], Fact]] = {
    "opened": lambda name, when, rest: IssueOpened("opened", when, rest),
    "labelled": lambda name, when, rest: Labelled(name, when, rest, on=True),
    "unlabelled": lambda name, when, rest: Labelled(name, when, rest, on=False),
    "closed": lambda name, when, rest: IssueClosed(name, when, by=int(rest.partition("#")[2] or 0)),
    "dropped": lambda name, when, rest: IssueClosed(name, when, done=False),
    "reopened": lambda name, when, rest: IssueReopened(name, when),
    "moved": lambda name, when, rest: Moved(name, when, rest),
    "names": naming,
    "noted": lambda name, when, rest: Noted(name, when, tuple(rest.split())),
}


def issue(*lines: str, number: int = 0, key: str = "") -> list[Fact]:
    """The facts of a story; ``number`` and ``key`` are the issue's own."""
    told = []
    for place, line in enumerate(lines):
        found = LINE.fullmatch(line)
        assert found, f"not a line of a story: {line}"
        told.append(TELL[found["verb"]](f"{found['verb']}{place}", at(found["time"]), found["rest"].removeprefix(": ")))
    return [structs.replace(each, number=number, key=key) if isinstance(each, IssueOpened) else each for each in told]


def ticket(*lines: str, policy: Policy = POLICY) -> Story:
    """A story as the measures see it."""
    return Story(issue(*lines), policy)
