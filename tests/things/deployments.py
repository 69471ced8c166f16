"""Random deployments: where they went, how they ended and what they brought."""

from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import RELEASE, Contained, Deployed, Fact, Outcome, Thing
from tests.things.base import Case, Other, shas, subject, times

ENVIRONMENTS = ("production", "staging", "prod-eu", RELEASE, "preview-12")


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """The facts of one deployment, which may be tried again."""
    at, sha, where = draw(times), draw(shas), draw(st.sampled_from(ENVIRONMENTS))
    told: list[Fact] = []
    for attempt in range(draw(st.integers(1, 2))):
        at += draw(st.sampled_from((60, 2 * DAY)))
        outcome = draw(st.sampled_from((Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR)))
        counts = draw(st.sampled_from((True, True, True, False)))
        named = "v1.2.3" if where == RELEASE else ""
        told.append(Deployed(f"deployed{attempt}", at, where, sha, outcome, at - 60, named, counts))
        if outcome is Outcome.SUCCESS:
            brought = tuple(draw(st.lists(shas, unique=True, max_size=3)))
            since, failed = draw(st.sampled_from(((0, 0), (at - 5 * DAY, 0), (at - 5 * DAY, at - DAY))))
            base = draw(shas) if since else ""
            words = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
            told.append(
                Contained(f"contained{attempt}", at, base, brought, words[0], not words[1], words[2], since, failed)
            )
    return told


def other(number: int) -> st.SearchStrategy[Other]:
    """A deployment that something else may be bound to."""
    return facts().map(lambda events: Other(subject(Thing.DEPLOYMENT, number), events))


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    from tests.things import changes  # they know each other

    others = tuple(draw(changes.other(number)) for number in range(1, draw(st.integers(0, 3)) + 1))
    return Case(subject(Thing.DEPLOYMENT, 60), draw(facts()), others)


cases = _cases()
