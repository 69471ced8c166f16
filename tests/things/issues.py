"""Random issues: labels put on and taken off, closings, reopenings, and texts that name changes."""

from hypothesis import strategies as st

from exporter.model import (
    Fact,
    IssueClosed,
    IssueDescribed,
    IssueOpened,
    IssueReopened,
    Labelled,
    Moved,
    Naming,
    Noted,
    Referred,
    Thing,
)
from tests.things.base import NUMBER, SHAS, Case, Other, shas, subject, times

LABELS = ("bug", "question", "incident", "sev1", "production", "qa", "qa blocked", "invalid", "kind/bug")
KEYS = ("", "SHOP-1", "SHOP-2")


@st.composite
def facts(draw: st.DrawFn, number: int) -> list[Fact]:
    """The facts of one issue; anything may follow its opening."""
    opened = draw(times)
    kind, key = draw(st.sampled_from(("", "bug", "task"))), draw(st.sampled_from(KEYS))
    told: list[Fact] = [IssueOpened("opened", opened, kind, number, key)]
    later = draw(st.lists(times.map(lambda at: max(at, opened)), max_size=8))
    for place, at in enumerate(sorted(later)):
        name = f"e{place}"
        kind = draw(
            st.sampled_from(
                ("on", "on", "on", "off", "closed", "closed", "reopened", "moved", "said", "named", "noted", "rekeyed")
            )
        )
        match kind:
            case "on" | "off":
                told.append(Labelled(name, at, draw(st.sampled_from(LABELS)), kind == "on"))
            case "closed":
                by, commit = draw(st.sampled_from((0, 3, NUMBER))), draw(st.sampled_from(("", *SHAS)))
                told.append(IssueClosed(name, at, draw(st.booleans()), by, commit))
            case "reopened":
                told.append(IssueReopened(name, at))
            case "moved":
                told.append(Moved(name, at, draw(st.sampled_from(("in qa", "in progress", "done")))))
            case "said":
                told.append(IssueDescribed(name, at, (draw(st.sampled_from(("Severity: 1", "Fixes #3"))),)))
            case "rekeyed":
                told.append(IssueOpened(name, at, "bug", number, draw(st.sampled_from(KEYS))))
            case "noted":
                told.append(Noted(name, at, draw(st.sampled_from(((), ("qa",), ("ci", "qa"))))))
            case _:
                changes = draw(st.sampled_from(((), (NUMBER,), (3, NUMBER))))
                told.append(Referred(name, at, draw(st.sampled_from(Naming)), (draw(shas)[:9],), changes))
    return told


def other(number: int) -> st.SearchStrategy[Other]:
    """An issue that something else may be bound to."""
    return facts(number).map(lambda events: Other(subject(Thing.ISSUE, number), events))


def abroad(number: int) -> st.SearchStrategy[Other]:
    """An issue of a tracker that lives in another repository."""
    return facts(number).map(lambda events: Other(subject(Thing.ISSUE, number, "S"), events))


cases = facts(50).map(lambda events: Case(subject(Thing.ISSUE, 50), events))
