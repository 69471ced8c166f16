"""Random commits of a default branch: what they brought, what became of it, and the change they may have come from."""

from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import Actor, Aged, Fact, Landed, Thing
from tests.things.base import Case, shas, subject, times

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
    return told


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    from tests.things import changes  # they know each other

    others = tuple(draw(changes.other(number)) for number in range(1, draw(st.integers(0, 3)) + 1))
    return Case(subject(Thing.COMMIT, 60), draw(facts()), others)


cases = _cases()
