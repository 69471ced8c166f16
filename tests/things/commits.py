"""Random commits of a default branch: what they brought, what became of it and by whom, and the changes they may be of.

Beside changes there are deployments that may have brought them, and issues that what took their lines may have closed.
"""

from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import (
    Actor,
    Aged,
    Fact,
    IssueClosed,
    IssueOpened,
    Labelled,
    Landed,
    Merged,
    Opened,
    Removed,
    Thing,
)
from tests.things.base import SHAS, Case, Other, shas, subject, times

MARKERS = ("Co-authored-by: Claude <noreply@anthropic.com>", "Reviewed-by: Bob <bob@acme.example>")
ACCOUNTS = ("", "", "dependabot[bot]", "copilot-swe-agent[bot]")


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """The facts of one commit."""
    at, account = draw(times), draw(st.sampled_from(ACCOUNTS))
    added = draw(st.integers(0, 9))
    told: list[Fact] = [
        Landed(
            "landed",
            at,
            draw(shas),
            Actor(account, bool(account)),
            draw(st.sampled_from(("", "(aider)"))),
            draw(st.sampled_from(("", "noreply@anthropic.com"))),
            tuple(draw(st.lists(st.sampled_from(MARKERS), max_size=2))),
            added,
            draw(st.integers(0, added)),
            draw(st.integers(0, 9)),
            tuple(draw(st.dictionaries(st.sampled_from(("", "unit", "e2e")), st.integers(1, 9))).items()),
        )
    ]
    if draw(st.booleans()):
        told.append(Aged("aged", at + 14 * DAY, added, draw(st.integers(0, added))))
    told += [
        Removed(f"removed:{sha}", at + draw(st.integers(0, 30 * DAY)), sha, 2, draw(st.integers(2, 4)))
        for sha in draw(st.sets(st.sampled_from(SHAS), max_size=2))
    ]
    return told


@st.composite
def _mended(draw: st.DrawFn, landed: Landed) -> tuple[Fact, list[Other]]:
    """What took its lines away, the change that it was merged as, and a fix: a change with a label, or an issue."""
    fix, days = draw(shas), draw(st.sampled_from((0, 3, 29, 30)))
    at = landed.at + days * DAY + draw(st.integers(-60, 60))
    said = draw(st.sampled_from((at, at + 5 * DAY, at + 40 * DAY)))
    opened = Opened("opened", landed.at - DAY, Actor("ann"), False, "topic", "main")
    culprit = Other(subject(Thing.CHANGE, 200), [opened, Merged("merged", landed.at, landed.sha)])
    merge = [opened, Merged("merged", at, fix), Labelled("label", said, "hotfix", True)]
    by_change = Other(subject(Thing.CHANGE, 201), merge)
    told = [IssueOpened("opened", landed.at, "bug"), IssueClosed("closed", at, True, 0, fix)]
    taken_back = [Labelled("label", said, "invalid", True)] if draw(st.booleans()) else []
    by_issue = Other(subject(Thing.ISSUE, 202), [*told, *taken_back])
    return Removed(f"removed:{fix}", at, fix, 2, 3), [culprit, draw(st.sampled_from((by_change, by_issue)))]


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    from tests.things import changes, deployments, issues  # they know each other

    told = draw(facts())
    kinds = draw(st.lists(st.sampled_from((changes, changes, changes, deployments, issues)), max_size=4))
    others = [draw(kind.other(number)) for number, kind in enumerate(kinds, start=100)]
    if isinstance(told[0], Landed) and draw(st.booleans()):
        removed, more = draw(_mended(told[0]))
        told, others = [*told[:1], removed], [*others, *more]
    return Case(subject(Thing.COMMIT, 60), told, tuple(others))


cases = _cases()
