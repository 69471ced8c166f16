"""What holds for every measure of the catalogue, whatever happened."""

from collections import Counter

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR, METRICS, Kind, load
from exporter.measures.ci import PUSH_FACT
from exporter.measures.escape import ESCAPES, Tier
from exporter.measures.findings import FINDINGS
from exporter.measures.maintenance import FIX_FACT, FIX_SECONDS, RED_OUTCOMES
from exporter.measures.suspects import SUSPECTS
from exporter.model import JOINS, Contained, Deployed, IssueClosed, Labelled, Naming, Outcome, Referred, Thing
from tests.shipments import deployment
from tests.stories import POLICY, START, change
from tests.things import CASES, Case, Other, bound_at, story_at
from tests.things.base import dates, subject
from tests.tickets import issue

pytestmark = pytest.mark.random

ANY = settings(max_examples=5000, deadline=None, phases=[Phase.generate])
"""For one story of a kind, whichever comes first: the smallest would take a minute to be found."""

MEASURES = load()
BLAMING = msgspec.structs.replace(POLICY, blame=True)
POLICIES = (BLAMING, msgspec.structs.replace(BLAMING, comments_count=True, abandoned_after=2 * DAY))
EVERY = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
OF_CHANGES = pytest.mark.parametrize(
    "measure", [each for each in MEASURES if each.of is Thing.CHANGE], ids=lambda measure: measure.name
)
SOME = settings(max_examples=40, deadline=None)
MANY = settings(max_examples=120, deadline=None)
EVER = START + 1000 * DAY

MARK = "with Co-authored-by: Claude <noreply@anthropic.com>"
MARKED_AFTER_ITS_REVIEW = change(
    "opened 0h", "reviewed 1h by bob", f"committed 1h1s {MARK}", "merged 5h", "reviewed 6h"
)
MARKED_AFTER_ITS_MERGE = change(
    "opened 0h as draft",
    "reviewed 1h by bob: changes requested",
    "pushed 2h",
    "ready 3h",
    "reviewed 4h by bob: approved",
    "merged 5h",
    "files 5h: a.py +3 -4",
    "dismissed 5h1s of bob",
    f"committed 5h1s authored -9h {MARK}",
    "described 6h: Reverts #12",
    "reviewed 7h by ann: changes requested",
)
MARKED_WHILE_WAITING = change("opened 0h", f"committed 1h {MARK}", "reviewed 2h by bob")
MARKED_WHILE_ABANDONED = change("opened 0h", "closed 1h", f"committed 14d1h1s {MARK}", "reopened 20d", "merged 21d")


def observations(measure, case, policy, known, up_to):
    """What is observed up to a second when facts are known up to another."""
    return sorted(each for each in measure.observe(story_at(case, policy, known), policy) if each.at <= up_to)


def observed(measure, case, policy):
    """All that is observed of a case, when all is known."""
    return observations(measure, case, policy, EVER, EVER + 1000 * DAY)


def settles(measure, case, policy):
    """It settles at the dates where it could break: those of facts and observations, and the second before."""
    seen = {each.at for each in observed(measure, case, policy)}
    for a in {at - early for at in dates(case) | seen for early in (0, 1)}:
        assert observations(measure, case, policy, a, a) == observations(measure, case, policy, EVER, a)


@EVERY
@given(st.data(), st.integers(0, 150 * DAY), st.integers(0, 150 * DAY), st.sampled_from(POLICIES))
@SOME
def test_settling(measure, data, first, more, policy):
    """Readings dated up to a, from facts up to a, are those from facts up to any later b."""
    case = data.draw(CASES[measure.of])
    a = START + first
    assert observations(measure, case, policy, a, a) == observations(measure, case, policy, a + more, a)


@EVERY
@given(st.data(), st.sampled_from(POLICIES))
@MANY
def test_settling_at_every_fact(measure, data, policy):
    """The same at the dates where it could break."""
    settles(measure, data.draw(CASES[measure.of]), policy)


@OF_CHANGES
@pytest.mark.parametrize(
    "events", [MARKED_WHILE_WAITING, MARKED_AFTER_ITS_REVIEW, MARKED_AFTER_ITS_MERGE, MARKED_WHILE_ABANDONED]
)
def test_settling_of_changes_that_are_marked_late(measure, events):
    """A marker that comes after an observation does not change it."""
    settles(measure, Case(subject(Thing.CHANGE, 7), events), POLICY)


SHA = "a1" * 20
FIX = [
    *change("opened 2h by ann", "merged 5d as fff"),
    Referred("said", START + 31 * DAY, Naming.FIX, (SHA[:12],), (7,)),
    Referred("first", START + 2 * HOUR, Naming.FIX, (), (3, 8)),
]
LATE_FIX = [*change("opened 2h by ann", "merged 31d as fff"), Referred("said", START + DAY, Naming.REVERT, (SHA,), ())]
INCIDENT = issue(
    "opened 3d", "names 3d: #7", "labelled 29d: bug", "dropped 31d", "reopened 62d", "labelled 63d: invalid"
)


@OF_CHANGES
@pytest.mark.parametrize("others", [(FIX,), (LATE_FIX,), (INCIDENT,), (FIX, LATE_FIX, INCIDENT)])
@pytest.mark.parametrize("shipped", [None, 1, 20, 31])
def test_settling_of_changes_that_are_named_late(measure, others, shipped):
    """What is said or taken back when 30 days are over does not change what was counted."""
    things = [Thing.ISSUE if each is INCIDENT else Thing.CHANGE for each in others]
    bound = [Other(subject(thing, 100 + n), each) for n, (thing, each) in enumerate(zip(things, others, strict=True))]
    if shipped is not None:
        at = START + shipped * DAY
        deployed = [Deployed("d", at, "prod", SHA, Outcome.SUCCESS, at), Contained("c", at, "", (SHA,))]
        bound.append(Other(subject(Thing.DEPLOYMENT, 200), deployed))
    settles(measure, Case(subject(Thing.CHANGE, 7), change("opened 0h", f"merged 1h as {SHA}"), tuple(bound)), POLICY)


WITH_QA = issue(
    "opened 0h",
    "labelled 20h: qa",
    "unlabelled 35h: qa",
    "labelled 39h: qa",
    "unlabelled 41h: qa",
    "closed 42h by #7",
    number=100,
)
ON_STAGING = deployment("38h", "staging", brought=(SHA,))


@OF_CHANGES
@pytest.mark.parametrize("linked", ["links 10h: #100", "links 34h: #100", "links 36h: #100", "links 41h: #100"])
@pytest.mark.parametrize("others", [(WITH_QA,), (ON_STAGING,), (WITH_QA, ON_STAGING)])
def test_settling_of_changes_that_pass_through_qa(measure, linked, others):
    """Merged at 34 h and in production at 40 h: what is said of QA later changes no stage that was observed."""
    things = [Thing.ISSUE if each is WITH_QA else Thing.DEPLOYMENT for each in others]
    bound = [Other(subject(thing, 100 + n), each) for n, (thing, each) in enumerate(zip(things, others, strict=True))]
    bound.append(Other(subject(Thing.DEPLOYMENT, 200), deployment("40h", brought=(SHA,))))
    events = change("opened 10h", linked, f"merged 34h as {SHA}")
    settles(measure, Case(subject(Thing.CHANGE, 7), events, tuple(bound)), POLICY)


@OF_CHANGES
@pytest.mark.parametrize("linked", ["links 10h: SHOP-1", "links 36h: SHOP-1", "links 41h: SHOP-1"])
def test_settling_of_changes_whose_key_an_issue_of_another_repository_has(measure, linked):
    """Its numbers are other numbers: it neither names the change nor was closed by it."""
    facts = [*issue("opened 35h", "labelled 35h: qa", "names 36h: #7", "closed 42h by #7", number=100, key="SHOP-1")]
    events = change("opened 10h", linked, f"merged 34h as {SHA}")
    bound = (
        Other(subject(Thing.ISSUE, 100, "S"), facts),
        Other(subject(Thing.DEPLOYMENT, 200), deployment("40h", brought=(SHA,))),
    )
    settles(measure, Case(subject(Thing.CHANGE, 7), events, bound), POLICY)


@EVERY
@given(st.data(), st.sampled_from(POLICIES))
@SOME
def test_what_an_observation_is(measure, data, policy):
    """It has a cause among the facts, is no older than it, has its metric's labels, and is a whole number >= 0."""
    case = data.draw(CASES[measure.of])
    known = story_at(case, policy, EVER)
    caused = {event.id: event.at for facts in (*known.bound, known.events) for event in facts}
    fed = {metric.name for metric in measure.feeds}
    for each in measure.observe(known, policy):
        assert each.metric in fed
        assert not measure.words or each.labels[-1] in measure.words
        assert each.at >= caused[each.cause]
        assert len(each.labels) == len([label for label in METRICS[each.metric].labels if label != "repository"])
        assert all(isinstance(label, str) for label in each.labels)
        assert type(each.value) is int
        assert each.value >= 0


@EVERY
@given(st.data())
@SOME
def test_no_two_observations_share_a_key(measure, data):
    """A ledger row's key is metric, cause and part; and what shares metric and cause shares its date."""
    found = observed(measure, data.draw(CASES[measure.of]), POLICY)
    assert max(Counter((each.metric, each.cause, each.part) for each in found).values(), default=1) == 1
    dates = {(each.metric, each.cause, each.at) for each in found}
    assert len(dates) == len({(metric, cause) for metric, cause, _ in dates})


TOLD_TO = sorted({(thing, other) for (thing, _), others in JOINS.items() for other in others})


@pytest.mark.parametrize(("thing", "other"), TOLD_TO)
def test_random_stories_of_a_thing_have_what_it_is_told_of(thing, other):
    """Every kind of thing that JOINS tells it of is bound to some of its stories, once there are facts."""

    def met(case):
        return {each.subject.thing for each in case.others} == {other} and bool(bound_at(case, EVER))

    assert bound_at(find(CASES[thing], met, settings=ANY), START - 1) == []


@pytest.mark.parametrize("metric", [RED_OUTCOMES.name, FIX_SECONDS.name, FIX_FACT.name, PUSH_FACT.name])
def test_random_lines_have_what_is_measured_of_them(metric):
    """The laws are tried on test fixes too, of commits that a change brought."""
    feeder = next(each for each in MEASURES if metric in {row.name for row in each.feeds})

    def met(case):
        return bool(bound_at(case, EVER)) and any(
            each.metric == metric and each.value for each in observed(feeder, case, POLICY)
        )

    find(CASES[Thing.LINE], met, settings=ANY)


@pytest.mark.parametrize("tier", Tier)
def test_random_changes_escape_in_every_way(tier):
    """The laws are tried on escapes too, in production or not."""
    feeder = next(each for each in MEASURES if ESCAPES in each.feeds)
    find(
        CASES[Thing.CHANGE],
        lambda case: any(
            each.metric == ESCAPES.name and each.labels == (tier,) for each in observed(feeder, case, POLICY)
        ),
        settings=ANY,
    )


@pytest.mark.parametrize("by", [Thing.CHANGE, Thing.ISSUE])
def test_random_commits_are_suspects_in_every_way(by):
    """The laws are tried on suspects too, known by a label of the fix or by the issue that it closed."""
    feeder = next(each for each in MEASURES if SUSPECTS in each.feeds)

    def met(case):
        kept = [
            each
            for each in case.others
            if each.subject.thing is by or not any(isinstance(event, Labelled | IssueClosed) for event in each.events)
        ]
        return any(each.labels[-1] == "suspect" for each in observed(feeder, case._replace(others=kept), BLAMING))

    find(CASES[Thing.COMMIT], met, settings=ANY)


@pytest.mark.parametrize("by", ["changes", "commits", "manifest"])
def test_random_findings_are_brought_in_every_way(by):
    """The laws are tried on findings seen on heads of changes, and on those that came to light after a merge."""
    feeder = next(each for each in MEASURES if FINDINGS in each.feeds)
    find(
        CASES[Thing.FINDING],
        lambda case: bool(getattr(case.events[0], by)) and bool(observed(feeder, case, POLICY)),
        settings=ANY,
    )


def test_every_event_metric_is_fed_by_one_measure_or_its_parts_by_one_each():
    """No two measures have a name in common, or a metric and a word of its last label."""
    fed = Counter((row.name, word) for each in MEASURES for row in each.feeds for word in each.words or ("",))
    dated = {name for name, row in METRICS.items() if row.group == "Events"}
    assert {name for name, _ in fed} == dated
    assert set(fed.values()) == {1}
    assert all((name, "") not in fed for name, word in fed if word)
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)


def test_nothing_exported_names_a_person_or_a_single_thing():
    forbidden = {"reviewer_login", "author", "login", "sha", "number", "title", "branch_name", "head"}
    for name, row in METRICS.items():
        if row.kind is not Kind.FACT:
            assert not forbidden & set(row.labels), name


@pytest.mark.parametrize("row", METRICS.values(), ids=lambda row: row.name)
def test_names_follow_the_naming_rules(row):
    if row.kind is Kind.FACT:
        assert not row.name.startswith("sdlc_")
    else:
        assert row.name.startswith("sdlc_")
        assert row.name.endswith("_total") is (row.kind is Kind.COUNTER)
        assert bool(row.bounds) is (row.kind is Kind.HISTOGRAM)
        assert tuple(sorted(row.bounds)) == row.bounds
    assert row.help.endswith(".")
