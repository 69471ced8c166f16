"""A branch's attempts told in words.

``line("a red 1h: unit", "b green 3h")`` is a list of facts: a commit, how the attempt ended, when, and the jobs that
failed. ``tests X Y`` after the jobs is a report with those red; ``flaky Z`` names what failed and passed; ``in deploy``
is another workflow (``ci`` without); ``asked 30m`` when it was asked for (one minute before without), ``started 40m``
when its first job began (unknown without); ``twice`` is the second attempt of its commit, ``of 90`` the cases its
report tells of (100 without), ``cut`` a report that left ids out. ``worked a..b 3h by ann since 2h: t.py +3 -1`` is
what lies between two commits, written by one person at 2h (an hour before the green without); ``cut`` at its end:
something was left out.
"""

import re

from exporter.model import Fact, Ran, Result, Tested, Worked
from tests.stories import at

ENDS = {
    "green": Result.SUCCESS,
    "red": Result.FAILURE,
    "cancelled": Result.CANCELLATION,
    "broken": Result.ERROR,
    "late": Result.TIMEOUT,
    "skipped": Result.SKIP,
}
WORDS = re.compile(r"(?P<sha>\w+) (?P<end>\w+) (?P<time>-?(?:\d+[smhd])+)(?P<rest>.*)")


def line(*told: str, default: bool = False) -> list[Fact]:
    """The facts of a branch's story."""
    facts: list[Fact] = []
    for place, words in enumerate(told):
        facts += _worked(f"w{place}", words) if words.startswith("worked") else _attempt(f"r{place}", words, default)
    return facts


def _attempt(name: str, words: str, default: bool) -> list[Fact]:
    found = WORDS.fullmatch(words)
    assert found, f"not an attempt: {words}"
    when, rest, sha = at(found["time"]), found["rest"], found["sha"]
    asked = re.search(r"\basked (\S+)", rest)
    started = re.search(r"\bstarted (\S+)", rest)
    jobs = re.search(r": ?([\w, ]+?)(?= tests| flaky| in| asked| started| twice| of| cut|$)", rest)
    attempt = 2 if "twice" in rest else 1
    ran = Ran(
        id=name,
        at=when,
        workflow=_word("in", rest) or "ci",
        branch="main" if default else "topic",
        default=default,
        sha=sha,
        attempt=attempt,
        result=ENDS[found["end"]],
        asked=at(asked[1]) if asked else when - 60,
        started=at(started[1]) if started else 0,
        red=tuple(sorted(jobs[1].split(", "))) if jobs else (),
    )
    red, flaky = _words("tests", rest), _words("flaky", rest)
    if "tests" not in rest and not flaky:
        return [ran]
    cases = int(_word("of", rest) or 100)
    left_out = 1 if "cut" in rest else 0
    return [ran, Tested(f"{name}t", when, sha, attempt, cases - len(red), len(red), 0, 0, red, flaky, left_out)]


def _word(before: str, rest: str) -> str:
    found = re.search(rf"\b{before} (\w+)", rest)
    return found[1] if found else ""


def _words(before: str, rest: str) -> tuple[str, ...]:
    """What follows a word: names in capitals."""
    found = re.search(rf"\b{before}((?: [A-Z]\w*)*)", rest)
    return tuple(sorted(found[1].split())) if found else ()


def _worked(name: str, words: str) -> list[Fact]:
    found = re.fullmatch(r"worked (\w+)\.\.(\w+) (\S+?)(?: by (\w+))?(?: since (\S+))?(?:: (.*?))?( cut)?", words)
    assert found, f"not work: {words}"
    base, head, time, author, since, files, cut = found.groups()
    rows = tuple((path, int(a), int(d)) for path, a, d in re.findall(r"(\S+) \+(\d+) -(\d+)", files or ""))
    commits = ((head, at(since or time) - (0 if since else 3600), author or "ann", ()),)
    return [Worked(name, at(time), base, head, rows, commits, not cut)]
