"""Random runs of CI and the lines of runs on one branch: attempts, test reports and the work between red and green."""

import msgspec
from hypothesis import strategies as st

from exporter.line import gaps
from exporter.model import Fact, Ran, Result, Tested, Thing, Worked
from exporter.testreports import kept, numbered
from exporter.testreports import reports as testreports
from tests.things.base import Case, Other, shas, subject, times

JOBS = ("build", "unit", "e2e")
TESTS = tuple(f"t.py::{name}#{numbered(name):012x}" for name in "ab")
FILES = (("tests/test_a.py", 10, 4), ("tests/test_b.py", 0, 0), ("a.py", 3, 1), ("README.md", 1, 0))
AUTHORS = ("ann", "bob@example.org", "copilot-swe-agent[bot]")
few = st.integers(0, 3)


def passed(tests: set[str]) -> bytes:
    """The sums of some tests of ``TESTS`` that passed."""
    tally = testreports.Tally()
    for test in tests:
        tally.add(testreports.Case(int(test[-12:], 16), test, testreports.Result.PASSED, 0.0, was_red=False))
    return kept(tally.reports(1, ()).greens)


@st.composite
def facts(draw: st.DrawFn, attempts: int = 3) -> list[Fact]:
    """Attempts of one run for one commit, some with a test report."""
    sha, at = draw(shas), draw(times)
    default = draw(st.booleans())
    told: list[Fact] = []
    for attempt in range(1, draw(st.integers(1, attempts)) + 1):
        asked = at
        at += draw(st.sampled_from((1, 60, 3600)))
        result = draw(st.sampled_from(Result))
        red = tuple(sorted(draw(st.sets(st.sampled_from(JOBS))))) if result is Result.FAILURE else ()
        branch = "main" if default else "topic"
        told.append(
            Ran(
                f"ran{attempt}",
                at,
                "ci",
                branch,
                default,
                sha,
                attempt,
                result,
                asked,
                draw(st.sampled_from((0, asked))),
                red,
            )
        )
        if draw(st.booleans()):
            names = tuple(sorted(draw(st.sets(st.sampled_from(TESTS)))))
            counts = draw(few), len(names), draw(few), draw(few)
            left_out = draw(st.sets(st.sampled_from(TESTS), max_size=1))
            place, greens = draw(st.sampled_from((0, 1, 1, 2))), passed(set(TESTS) - {*names} - left_out)
            told.append(
                Tested(f"tested{attempt}", at, sha, attempt, *counts, names, names[:1], place=place, greens=greens)
            )
    return told


@st.composite
def line_facts(draw: st.DrawFn) -> list[Fact]:
    """Runs of several commits of a branch, and the work between some of them."""
    told: list[Fact] = []
    for number in range(draw(st.integers(1, 4))):
        told += [msgspec.structs.replace(each, id=f"{number}:{each.id}") for each in draw(facts(attempts=2))]
    for number, (base, head, at) in enumerate(gaps(told)):
        if draw(st.sampled_from((True, True, True, False))):
            told.append(draw(work(f"read{number}", at, base, head)))
    for number in range(draw(st.integers(0, 2))):
        told.append(draw(work(f"worked{number}", draw(times), draw(shas), draw(shas))))
    return told


@st.composite
def work(draw: st.DrawFn, name: str, at: int, base: str, head: str) -> Worked:
    """What lies between two commits: mostly tests, written shortly before the green or long ago."""
    files = tuple(draw(st.lists(st.sampled_from(FILES), unique=True, max_size=3)))
    commits = tuple(
        (sha, at - draw(st.sampled_from((60, 600, 90_000))), draw(st.sampled_from(AUTHORS)), ())
        for sha in sorted({head, *draw(st.sets(shas, max_size=2))})
    )
    return Worked(name, at, base, head, files, commits, draw(st.sampled_from((True, True, False))))


def other(number: int) -> st.SearchStrategy[Other]:
    """A run that something else may be bound to."""
    return facts().map(lambda events: Other(subject(Thing.RUN, number), events))


@st.composite
def _line_cases(draw: st.DrawFn) -> Case:
    from tests.things import changes  # they know each other

    others = tuple(draw(changes.other(number)) for number in range(1, draw(st.integers(0, 2)) + 1))
    branch = subject(Thing.LINE, 70)
    month = draw(st.sampled_from(("", "", "#2023-11", "#2023-12")))
    return Case(msgspec.structs.replace(branch, key=branch.key + month), draw(line_facts()), others)


cases = facts().map(lambda events: Case(subject(Thing.RUN, 71), events))
line_cases = _line_cases()
