"""What holds for every measure of the catalogue, whatever happened."""

from collections import Counter

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, METRICS, Kind, load
from exporter.change import Change
from exporter.timeline import until
from tests.stories import POLICY, START, change, changes

MEASURES = load()
POLICIES = (POLICY, msgspec.structs.replace(POLICY, comments_count=True, abandoned_after=2 * DAY))
EVERY = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
SOME = settings(max_examples=40, deadline=None)
MANY = settings(max_examples=120, deadline=None)

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


def observations(measure, events, policy, up_to):
    return sorted(each for each in measure.observe(Change(events, policy), policy) if each.at <= up_to)


@EVERY
@given(changes, st.integers(0, 150 * DAY), st.integers(0, 150 * DAY), st.sampled_from(POLICIES))
@SOME
def test_settling(measure, events, first, more, policy):
    """Readings dated up to a, from facts up to a, are those from facts up to any later b."""
    a = START + first
    told = Change(events, policy).events
    assert observations(measure, until(told, a), policy, a) == observations(measure, until(told, a + more), policy, a)


@EVERY
@given(changes, st.sampled_from(POLICIES))
@example(MARKED_WHILE_WAITING, POLICY)
@example(MARKED_AFTER_ITS_REVIEW, POLICY)
@example(MARKED_AFTER_ITS_MERGE, POLICY)
@example(MARKED_WHILE_ABANDONED, POLICY)
@MANY
def test_settling_at_every_fact(measure, events, policy):
    """The same at the dates where it could break: those of the facts, and the second before."""
    told = Change(events, policy).events
    for a in {event.at - early for event in told for early in (0, 1)}:
        assert observations(measure, until(told, a), policy, a) == observations(measure, told, policy, a)


@EVERY
@given(changes, st.sampled_from(POLICIES))
@SOME
def test_what_an_observation_is(measure, events, policy):
    """It has a cause among the facts, is no older than it, has its metric's labels, and is a whole number >= 0."""
    told = Change(events, policy)
    dates = {event.id: event.at for event in told.events}
    fed = {metric.name for metric in measure.feeds}
    for each in measure.observe(told, policy):
        assert each.metric in fed
        assert each.at >= dates[each.cause]
        assert len(each.labels) + 1 == len(METRICS[each.metric].labels)
        assert all(isinstance(label, str) for label in each.labels)
        assert type(each.value) is int
        assert each.value >= 0


@EVERY
@given(changes)
@SOME
def test_no_two_observations_share_a_key(measure, events):
    """A ledger row's key is metric, cause and part; and what shares metric and cause shares its date."""
    found = list(measure.observe(Change(events, POLICY), POLICY))
    assert max(Counter((each.metric, each.cause, each.part) for each in found).values(), default=1) == 1
    dates = {(each.metric, each.cause, each.at) for each in found}
    assert len(dates) == len({(metric, cause) for metric, cause, _ in dates})


def test_every_event_metric_is_fed_by_exactly_one_measure():
    fed = Counter(metric.name for measure in MEASURES for metric in measure.feeds)
    dated = {name for name, row in METRICS.items() if row.group == "Events"}
    assert fed.keys() == dated
    assert set(fed.values()) == {1}


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
