"""Random runs of CI and the lines of runs on one branch: attempts, test reports and the work between red and green."""

import msgspec
from hypothesis import strategies as st

from exporter.model import Fact, Ran, Result, Tested, Thing, Worked
from tests.things.base import Case, Other, shas, subject, times

JOBS = ("build", "unit", "e2e")
TESTS = ("t.py::a", "t.py::b")
FILES = (("a.py", 3, 1), ("tests/test_a.py", 10, 4), ("README.md", 1, 0))
few = st.integers(0, 3)


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
            told.append(
                Tested(
                    f"tested{attempt}", at, sha, attempt, draw(few), len(names), draw(few), draw(few), names, names[:1]
                )
            )
    return told


@st.composite
def line_facts(draw: st.DrawFn) -> list[Fact]:
    """Runs of several commits of a branch, and the work between some of them."""
    told: list[Fact] = []
    for number in range(draw(st.integers(1, 4))):
        told += [msgspec.structs.replace(each, id=f"{number}:{each.id}") for each in draw(facts(attempts=2))]
    for number in range(draw(st.integers(0, 2))):
        at, base, head = draw(times), draw(shas), draw(shas)
        files = tuple(draw(st.lists(st.sampled_from(FILES), unique=True, max_size=3)))
        commits = tuple(
            (sha, at - 600, draw(st.sampled_from(("ann", "bob"))), ()) for sha in draw(st.sets(shas, max_size=2))
        )
        told.append(Worked(f"worked{number}", at, base, head, files, commits, draw(st.booleans())))
    return told


def other(number: int) -> st.SearchStrategy[Other]:
    """A run that something else may be bound to."""
    return facts().map(lambda events: Other(subject(Thing.RUN, number), events))


@st.composite
def _line_cases(draw: st.DrawFn) -> Case:
    from tests.things import changes  # they know each other

    others = tuple(draw(changes.other(number)) for number in range(1, draw(st.integers(0, 2)) + 1))
    return Case(subject(Thing.LINE, 70), draw(line_facts()), others)


cases = facts().map(lambda events: Case(subject(Thing.RUN, 71), events))
line_cases = _line_cases()
