"""T9: which deployment brings a change into production, and what is measured of it then."""

import pytest
from hypothesis import Phase, find, given, settings

from exporter.catalogue import HOUR
from exporter.change import Change
from exporter.measures.cycle import LEAD_TIME, STAGE, cycle
from exporter.measures.production import arrivals, production_coverage
from exporter.model import Merged, Outcome, Stage, Thing
from exporter.spans import within
from exporter.timeline import first_activity
from tests.measures.read import dated
from tests.shipments import deployment, shipped
from tests.stories import POLICY, START, at
from tests.things import CASES, story_at

LINES = ("opened 10h on codex/fix", "committed 10h authored 8h", "reviewed 15h by bob: approved", "merged 34h")


def t9(*by, lines=LINES):
    """Hours after the start; None where the change is not in production."""
    told = shipped(*lines, by=list(by))
    found = told.production(told.lives[-1].merged)
    return None if found is None else (found - START) / HOUR


# Worked example


def test_what_deployment_adds_to_the_stages():
    """Active from 8 h, merged at 34 h, deployed at 50 h: 16 h of waiting, and 42 h in all."""
    told = shipped(*LINES, by=[deployment("50h")])
    assert dated(arrivals, STAGE, told) == [(50, ("agentic", "deploy_wait"), 16 * HOUR)]
    assert dated(arrivals, LEAD_TIME, told) == [(50, ("agentic", "production"), 42 * HOUR)]


def test_the_origin_is_that_of_the_other_stages():
    """A commit marked after the merge moves no stage to another origin."""
    marked = "committed 40h with Co-authored-by: Claude <noreply@anthropic.com>"
    told = shipped("opened 0h", "merged 34h", marked, by=[deployment("50h")])
    assert [labels for _, labels, _ in dated(arrivals, STAGE, told)] == [("unmarked", "deploy_wait")]


# T9


def test_the_first_successful_production_deployment_that_holds_the_merge_commit_counts():
    assert t9(deployment("60h"), deployment("50h"), deployment("40h", brought=("other",))) == 50


@pytest.mark.parametrize(
    "other",
    [
        deployment("40h", "staging"),
        deployment("40h", outcome=Outcome.FAILURE),
        deployment("40h", counts=False),
        deployment("40h", brought=("sha-and-more",)),
        deployment("40h", brought=()),
    ],
)
def test_others_do_not_bring_it_into_production(other):
    """Another environment, a failure, what is not how this repository ships, a commit that only begins alike, none."""
    assert t9(other) is None
    assert t9(other, deployment("50h")) == 50


def test_a_release_brings_it_into_production_where_there_are_no_deployments():
    assert t9(deployment("40h", "release")) == 40


def test_an_environment_is_known_by_any_case():
    assert t9(deployment("40h", "Production-EU")) == 40


def test_a_commit_that_was_deployed_before_it_was_merged_is_in_production_at_the_merge():
    assert t9(deployment("20h")) == 34


def test_ninety_days_after_the_merge_it_is_too_late():
    """Merged at 34 h; 90 days later is 90d34h."""
    assert t9(deployment("90d34h")) == 90 * 24 + 34
    assert t9(deployment("90d34h1s")) is None


def test_a_merge_whose_commit_is_not_known_is_in_no_deployment():

    told = Change([], POLICY, [deployment("40h", brought=("",))])
    assert told.production(Merged("merged", at("34h"), "")) is None


def test_a_success_after_a_failure_of_the_same_deployment_counts():
    tried = [*deployment("40h", outcome=Outcome.FAILURE), *deployment("45h")]
    assert t9(tried) == 45


# What is left out


@pytest.mark.parametrize("opening", ["opened 0h by dependabot[bot]", "opened 0h on revert-12-topic"])
def test_bots_and_reverts_are_in_no_stage(opening):
    assert list(arrivals(shipped(opening, "merged 34h", by=[deployment("50h")]), POLICY)) == []


def test_what_was_not_merged_is_not_observed():
    assert list(arrivals(shipped("opened 0h", "closed 34h", by=[deployment("50h")]), POLICY)) == []


# Stages partition T1 to T9


@given(CASES[Thing.CHANGE])
@settings(max_examples=300, deadline=None)
def test_stages_are_not_negative_and_add_up_to_the_lead_time(case):
    """To the second: T9 - T1 where there is a T9. T6 - T1 in any case, with what QA had of it by the merge."""
    told = story_at(case, POLICY, START + 5000 * 86400)
    found = [*cycle(told, POLICY), *arrivals(told, POLICY)]
    stages = [each for each in found if each.metric == STAGE.name]
    assert all(each.value >= 0 for each in stages)
    leads = {each.labels[-1]: each.value for each in found if each.metric == LEAD_TIME.name}
    before = sum(each.value for each in stages if each.part not in (Stage.QA, Stage.DEPLOY_WAIT))
    if "merge" in leads:
        life = next(each for each in told.lives if each.merged)
        t1 = first_activity(life, told.events, life.merged.at, POLICY)
        with_qa = within(told.with_qa(life.merged.at), t1, life.merged.at)
        assert before + with_qa == leads["merge"] == life.merged.at - t1
    if "production" in leads:
        assert sum(each.value for each in stages) == leads["production"] == told.production(life.merged) - t1


def test_random_changes_come_into_production():
    """Else the property above would say nothing."""
    find(
        CASES[Thing.CHANGE],
        lambda case: bool(list(arrivals(story_at(case, POLICY, START + 5000 * 86400), POLICY))),
        settings=settings(max_examples=5000, deadline=None, phases=[Phase.generate]),
    )


# Coverage


@pytest.mark.parametrize(("when", "seen"), [("50h", 1), ("30d34h", 1), ("30d34h1s", 0), ("20h", 1)])
def test_coverage_is_known_thirty_days_after_the_merge(when, seen):
    """Merged at 34 h, so it is told at 30d34h = 754 h, whatever comes later."""
    told = shipped(*LINES, by=[deployment(when)])
    assert [(hour, value) for hour, _, value in all_of(production_coverage, told)] == [(754, seen)]


def test_a_change_in_no_deployment_is_not_covered_and_a_bots_is_not_asked_for():
    assert [value for *_, value in all_of(production_coverage, shipped(*LINES, by=[]))] == [0]
    assert all_of(production_coverage, shipped("opened 0h by dependabot[bot]", "merged 1h", by=[])) == []


def all_of(measure, told):
    return [((each.at - START) / HOUR, each.labels, each.value) for each in measure(told, POLICY)]
