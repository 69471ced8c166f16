"""A change told in words, and random ones.

``change("opened 0h by author", "reviewed 1h by reviewer: approved", "merged 30h")`` is a list of facts. A line is a
verb, a time since ``START`` (``90s``, ``2h``, ``1d3h``, ``-5h``) and what the verb needs::

    opened 0h by author [as draft] [on codex/fix]      reviewed 1h by bob[: approved]     commented 1h by bob
    committed 2h [authored -3h] [with Co-authored-by: Claude <noreply@anthropic.com>]     pushed 2h
    ready 2h    drafted 3h    closed 4h    reopened 5h    merged 30h [as SHA]    asked 3h for bob    dismissed 4h of bob
    links 1h: #5 SHOP-6 (issues)    labelled 1h: qa    unlabelled 2h: qa
    described 1h: Generated with [Claude Code]    retargeted 3h to release    files 30h: a.py +3 -4, b.py +1 -0

``ghost`` is a deleted account; a login that ends in ``[bot]`` is a bot's.
"""

import re
from collections.abc import Callable

from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.model import (
    Actor,
    BaseChanged,
    ChangeEvent,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    FilesChanged,
    Labelled,
    Linked,
    Merged,
    Opened,
    Pushed,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Verdict,
)
from exporter.policy import Policy, compile_rules, packaged

START = 1_699_833_600
"""Monday 2023-11-13, midnight UTC."""

POLICY = Policy(compile_rules(packaged()))
UNITS = {"s": 1, "m": 60, "h": HOUR, "d": DAY}
LINE = re.compile(r"(?P<verb>\w+) (?P<time>-?(?:\d+[smhd])+)(?P<rest>.*)", re.DOTALL)


def at(words: str) -> int:
    """Seconds since the epoch of a time in words since ``START``."""
    return START + seconds(words)


def seconds(words: str) -> int:
    """``1h30m`` in seconds."""
    total = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", words))
    return -total if words.startswith("-") else total


def account(login: str) -> Actor:
    """The account a story names."""
    return Actor("" if login == "ghost" else login, login.endswith("[bot]"))


def change(*lines: str) -> list[ChangeEvent]:
    """The facts of a story."""
    told: list[ChangeEvent] = []
    for place, line in enumerate(lines):
        found = LINE.fullmatch(line)
        assert found, f"not a line of a story: {line}"
        told.append(TELL[found["verb"]](f"{found['verb']}{place}", at(found["time"]), found["rest"], told))
    return told


def story(*lines: str, policy: Policy = POLICY) -> Change:
    """A story as the measures see it."""
    return Change(change(*lines), policy)


def _after(word: str, rest: str, default: str = "") -> str:
    found = re.search(rf"\b{word} ([^:\s]+)", rest)
    return found[1] if found else default


def _opened(name: str, when: int, rest: str, told: list[ChangeEvent]) -> Opened:
    author, head = account(_after("by", rest, "author")), _after("on", rest, "topic")
    return Opened("opened", when, author, "as draft" in rest, head, "main")


def _reviewed(name: str, when: int, rest: str, told: list[ChangeEvent]) -> Reviewed:
    verdict = rest.partition(": ")[2] or "commented"
    return Reviewed(name, when, account(_after("by", rest, "reviewer")), Verdict(verdict.replace(" ", "_")))


def _dismissed(name: str, when: int, rest: str, told: list[ChangeEvent]) -> Dismissed:
    who = account(_after("of", rest, "reviewer"))
    review = [each.id for each in told if isinstance(each, Reviewed) and each.reviewer == who][-1]
    return Dismissed(name, when, review)


def _committed(name: str, when: int, rest: str, told: list[ChangeEvent]) -> Committed:
    trailers = rest.partition(" with ")[2]
    authored = _after("authored", rest)
    return Committed(
        id=f"commit:{name}",
        at=when,
        sha=name,
        authored=at(authored) if authored else when,
        names=("Somebody", "Somebody"),
        emails=("somebody@example.org", "somebody@example.org"),
        login="",
        trailers=(trailers,) if trailers else (),
    )


def _files(name: str, when: int, rest: str, told: list[ChangeEvent]) -> FilesChanged:
    rows = re.findall(r"(\S+) \+(\d+) -(\d+)", rest.partition(":")[2])
    return FilesChanged("files", when, tuple((path, int(added), int(deleted)) for path, added, deleted in rows))


def _simple(kind: Callable[[str, int], ChangeEvent]) -> Callable[[str, int, str, list[ChangeEvent]], ChangeEvent]:
    return lambda name, when, rest, told: kind(name, when)


TELL: dict[str, Callable[[str, int, str, list[ChangeEvent]], ChangeEvent]] = {
    "opened": _opened,
    "ready": _simple(Ready),
    "drafted": _simple(Drafted),
    "asked": lambda name, when, rest, told: ReviewRequested(name, when, account(_after("for", rest)).login),
    "reviewed": _reviewed,
    "dismissed": _dismissed,
    "commented": lambda name, when, rest, told: Commented(name, when, account(_after("by", rest, "reviewer"))),
    "committed": _committed,
    "pushed": _simple(Pushed),
    "described": lambda name, when, rest, told: Described(name, when, (rest.partition(": ")[2],)),
    "links": lambda name, when, rest, told: Linked(
        name, when, tuple(int(each) for each in re.findall(r"#(\d+)", rest)), tuple(re.findall(r"[A-Z]+-\d+", rest))
    ),
    "labelled": lambda name, when, rest, told: Labelled(name, when, rest.removeprefix(": "), on=True),
    "unlabelled": lambda name, when, rest, told: Labelled(name, when, rest.removeprefix(": "), on=False),
    "retargeted": lambda name, when, rest, told: BaseChanged(name, when, _after("to", rest)),
    "closed": _simple(Closed),
    "reopened": _simple(Reopened),
    "merged": lambda name, when, rest, told: Merged("merged", when, _after("as", rest, "sha")),
    "files": _files,
}


# Random changes

PEOPLE = ("author", "ann", "bob", "ghost")
BOTS = ("coderabbitai[bot]", "dependabot[bot]")
OPENERS = ("author", "author", "author", "author", "ghost", "copilot-swe-agent[bot]", "dependabot[bot]")
HEADS = ("topic", "topic", "topic", "topic", "codex/fix", "revert-12-topic")
MARKERS = ("", " with Co-authored-by: Claude <noreply@anthropic.com>")
PAUSES = ("0s", "1s", "1s", "1h", "5h", "2d", "13d", "14d", "14d1s", "20d", "100d")
ALWAYS = (
    "reviewed",
    "reviewed",
    "commented",
    "committed",
    "committed",
    "pushed",
    "asked",
    "dismissed",
    "described",
    "retargeted",
)
VERDICTS = tuple(verdict.replace("_", " ") for verdict in Verdict)


@st.composite
def _line(draw: st.DrawFn, verb: str, when: int) -> str:
    """One line with whatever the verb needs, made up."""
    time = f"{when - START}s"
    who = draw(st.sampled_from(PEOPLE + BOTS))
    match verb:
        case "opened":
            opener, head = draw(st.sampled_from(OPENERS)), draw(st.sampled_from(HEADS))
            return f"opened {time} by {opener} on {head}{' as draft' if draw(st.booleans()) else ''}"
        case "reviewed":
            return f"reviewed {time} by {who}: {draw(st.sampled_from(VERDICTS))}"
        case "commented":
            return f"commented {time} by {who}"
        case "asked":
            return f"asked {time} for {who}"
        case "dismissed":
            return f"dismissed {time} of {who}"
        case "committed":
            authored = draw(st.sampled_from((0, 1, HOUR, 30 * DAY, 90 * DAY, 91 * DAY)))
            return f"committed {time} authored {when - authored - START}s" + draw(st.sampled_from(MARKERS))
        case "described":
            return (
                f"described {time}: {draw(st.sampled_from(('Fixes #3', 'Reverts #2', 'Generated with [Claude Code]')))}"
            )
        case "labelled" | "unlabelled":
            return f"{verb} {time}: {draw(st.sampled_from(('qa', 'qa', 'bug')))}"
        case "links":
            return f"links {time}: #{draw(st.integers(1, 3))}"
        case "retargeted":
            return f"retargeted {time} to release"
        case "files":
            return f"files {time}: a.py +{draw(st.integers(0, 3000))} -1, poetry.lock +900 -3"
        case _:
            return f"{verb} {time}"


def _told(lines: list[str]) -> list[ChangeEvent]:
    """The facts; a dismissal of a review that was never given is left out."""
    kept: list[str] = []
    reviewers: set[str] = set()
    for line in lines:
        if line.startswith("reviewed"):
            reviewers.add(_after("by", line))
        if not line.startswith("dismissed") or _after("of", line) in reviewers:
            kept.append(line)
    return change(*kept)


@st.composite
def real_changes(draw: st.DrawFn) -> list[ChangeEvent]:
    """Changes as a forge lets them happen: re-drafts, dismissals, reopenings early and late, ties, bots, ghosts."""
    when = START + draw(st.integers(0, 100)) * HOUR
    lines = [draw(_line("opened", when))]
    draft, closed = "as draft" in lines[0], False
    for _ in range(draw(st.integers(0, 14))):
        when += seconds(draw(st.sampled_from(PAUSES)))
        verbs = [*ALWAYS, "reopened"] if closed else [*ALWAYS, "closed", "merged", "ready" if draft else "drafted"]
        verb = draw(st.sampled_from(verbs))
        lines.append(draw(_line(verb, when)))
        draft = {"ready": False, "drafted": True}.get(verb, draft)
        closed = {"closed": True, "reopened": False}.get(verb, closed)
        if verb == "merged":
            lines += [f"closed {when - START}s", draw(_line("files", when))]
            afterwards = draw(
                st.lists(st.sampled_from(("reviewed", "committed", "described", "dismissed")), max_size=3)
            )
            lines += [draw(_line(late, when + draw(st.sampled_from((0, 1, DAY))))) for late in afterwards]
            break
    return _told(lines)


@st.composite
def weird_changes(draw: st.DrawFn) -> list[ChangeEvent]:
    """Changes no forge should tell: anything may follow anything."""
    when = START
    lines = [draw(_line("opened", when))]
    anything = sorted(TELL.keys() - {"opened", "merged", "files"})
    for verb in draw(st.lists(st.sampled_from(anything), max_size=12)):
        when += seconds(draw(st.sampled_from(PAUSES)))
        lines.append(draw(_line(verb, when)))
    if draw(st.booleans()):
        lines.insert(draw(st.integers(1, len(lines))), f"merged {draw(st.integers(0, when - START))}s")
    return _told(lines)


changes = real_changes() | weird_changes()
