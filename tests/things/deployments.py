"""Random deployments: where they went, how they ended and what they brought."""

from hypothesis import strategies as st

from exporter.model import Contained, Deployed, Fact, Outcome, Thing
from tests.things.base import Case, Other, shas, subject, times

ENVIRONMENTS = ("production", "staging", "prod-eu", "release", "preview-12")


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """The facts of one deployment."""
    at, sha = draw(times), draw(shas)
    outcome = draw(st.sampled_from((Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR)))
    told: list[Fact] = [Deployed("deployed", at, draw(st.sampled_from(ENVIRONMENTS)), sha, outcome, at - 60)]
    if outcome is Outcome.SUCCESS:
        brought = tuple(draw(st.lists(shas, unique=True, max_size=3)))
        told.append(Contained("contained", at, "", brought, draw(st.booleans()), draw(st.booleans())))
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
