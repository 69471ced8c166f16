"""QA as a stage of a change: as the issues it answers say, else from staging to production."""

import re

import pytest
from hypothesis import Phase, find, given, settings
from msgspec import structs

from exporter.catalogue import HOUR
from exporter.change import Change
from exporter.explain import Kept, report
from exporter.measures.cycle import STAGE, cycle
from exporter.measures.production import arrivals
from exporter.model import IssueOpened, Outcome, Thing, Told
from exporter.spans import disjoint, within
from exporter.timeline import stages
from tests.measures.read import dated
from tests.shipments import deployment
from tests.stories import POLICY, change
from tests.things import CASES, story_at
from tests.things.base import subject
from tests.tickets import issue

LINES = ("opened 10h", "links 10h: #5", "reviewed 15h by bob: approved", "merged 34h")
"""Active and ready from 10 h, pickup to 15 h, approved then, and 19 h of waiting for the merge."""
PRODUCTION = deployment("60h")
STAGING = deployment("50h", "staging")


def told(*bound, lines=LINES, number=7, policy=POLICY):
    return Change(change(*lines), policy, bound, "key", number)


def hours(*bound, **more):
    """Hours of each stage a change has, and of its lead times."""
    of = told(*bound, **more)
    found = [*cycle(of, of.policy), *arrivals(of, of.policy)]
    return {str(each.labels[-1]): each.value / HOUR for each in found}


def ticket(*lines, number=5):
    return issue("opened 0h", *lines, number=number)


# Worked examples


def test_qa_after_the_merge_is_taken_out_of_the_wait_for_deployment():
    """Merged at 34 h, with QA from 36 h to 46 h, in production at 60 h: 10 h of QA, 26 - 10 = 16 h of waiting."""
    found = hours(ticket("labelled 36h: in qa", "unlabelled 46h: in qa"), PRODUCTION)
    assert found == {
        "coding": 0, "pickup": 5, "review": 0, "merge_wait": 19, "qa": 10, "deploy_wait": 16,
        "merge": 24, "production": 50,
    }  # fmt: skip


def test_qa_before_the_merge_is_carved_out_of_the_stages_it_falls_in():
    """With QA from 12 h to 20 h: 3 of 5 h of pickup and 5 of 19 h of waiting for the merge; 2 + 14 + 8 + 26 = 50."""
    found = hours(ticket("labelled 12h: in qa", "unlabelled 20h: in qa"), PRODUCTION)
    assert found == {
        "coding": 0, "pickup": 2, "review": 0, "merge_wait": 14, "qa": 8, "deploy_wait": 26,
        "merge": 24, "production": 50,
    }  # fmt: skip


def test_qa_and_the_wait_for_deployment_are_observed_in_production():
    of = told(ticket("labelled 36h: in qa", "unlabelled 46h: in qa"), PRODUCTION)
    assert dated(arrivals, STAGE, of) == [
        (60, ("unmarked", "qa"), 10 * HOUR),
        (60, ("unmarked", "deploy_wait"), 16 * HOUR),
    ]


def test_a_stay_across_the_merge_is_cut_there():
    """32 h to 38 h is 2 h before and 4 h after the merge at 34 h."""
    found = hours(ticket("labelled 32h: in qa", "unlabelled 38h: in qa"), PRODUCTION)
    assert (found["merge_wait"], found["qa"], found["deploy_wait"]) == (17, 6, 22)


def test_every_stay_counts_and_none_twice():
    """20 to 22 h, 36 to 40 h and 38 to 44 h of two issues: 2 + 8 = 10 h."""
    first = ticket("labelled 20h: in qa", "unlabelled 22h: in qa", "labelled 36h: in qa", "unlabelled 40h: in qa")
    second = ticket("labelled 38h: qa", "unlabelled 44h: qa", number=6)
    assert hours(first, second, PRODUCTION, lines=("opened 10h", "links 10h: #5 #6", "merged 34h"))["qa"] == 10


def test_a_stay_begins_with_the_change_and_ends_in_production():
    """What QA did before 10 h was for something else, and what it does after 60 h is too late: 50 h and no others."""
    found = hours(ticket("labelled 1h: in qa"), PRODUCTION)
    assert (found["qa"], found["deploy_wait"], found["pickup"], found["production"]) == (50, 0, 0, 50)


def test_a_status_of_a_tracker_is_a_label():
    assert hours(ticket("moved 36h: in qa", "moved 46h: done"), PRODUCTION)["qa"] == 10


def test_an_issue_of_a_tracker_is_answered_by_any_key_it_had():
    """As by its number; from the second on in which the change says so."""
    stay = ("moved 36h: in qa", "moved 46h: done")
    moved = [*issue("opened 0h", *stay, key="SHOP-5"), IssueOpened("opened:PAY-6", 1, key="PAY-6")]
    by_number = hours(ticket(*stay), PRODUCTION)
    assert by_number["qa"] == 10
    for key in ("SHOP-5", "PAY-6"):
        assert hours(moved, PRODUCTION, lines=(LINES[0], f"links 10h: {key}", *LINES[2:])) == by_number
    assert "qa" not in hours(moved, PRODUCTION, lines=(LINES[0], "links 10h: SHOP-6", *LINES[2:]))


def test_an_explanation_names_the_issues_by_number_and_key():
    said = Told(subject(Thing.CHANGE, 7), tuple(change("opened 0h", "links 1h: #5 SHOP-6")))
    assert "answers #5, SHOP-6" in report(said, POLICY, None)


def test_the_examples_of_the_definitions():
    """Rules 130 and 131: with QA from 14 to 20 h and from 36 to 46 h, or on staging at 50 h; in production at 60 h."""
    lines = (
        "opened 10h by author as draft", "committed 10h authored 8h", "links 10h: #5", "ready 12h",
        "reviewed 15h by bob: changes requested", "committed 17h authored 17h", "reviewed 33h by bob: approved",
        "merged 34h",
    )  # fmt: skip
    tested = ticket("labelled 14h: qa", "unlabelled 20h: qa", "labelled 36h: qa", "unlabelled 46h: qa")
    found = hours(tested, PRODUCTION, lines=lines)
    assert found == {
        "coding": 4, "pickup": 2, "review": 13, "merge_wait": 1, "qa": 16, "deploy_wait": 16,
        "merge": 26, "production": 52,
    }  # fmt: skip
    by_staging = hours(STAGING, PRODUCTION, lines=lines)
    assert (by_staging["qa"], by_staging["deploy_wait"], by_staging["pickup"]) == (10, 16, 3)


# From staging to production


def test_without_an_issue_qa_is_from_staging_to_production():
    """Staging at 50 h, production at 60 h: 10 h of QA, and 50 - 34 = 16 h of waiting."""
    found = hours(STAGING, PRODUCTION)
    assert (found["qa"], found["deploy_wait"], found["merge_wait"], found["production"]) == (10, 16, 19, 50)


@pytest.mark.parametrize(("when", "qa"), [("20h", 26), ("45h", 15), ("60h", None), ("70h", None)])
def test_staging_counts_from_the_merge_on_and_only_before_production(when, qa):
    """At 20 h it was on staging before it was merged at 34 h: 26 h. Staging with or after production is no QA."""
    assert hours(deployment(when, "staging"), PRODUCTION).get("qa") == qa


def test_the_first_success_on_staging_counts():
    later, failed = deployment("55h", "staging"), deployment("40h", "staging", Outcome.FAILURE)
    other = deployment("42h", "staging", brought=("other",))
    assert hours(failed, other, later, STAGING, PRODUCTION)["qa"] == 10


def test_staging_counts_where_production_is_reached_another_way():
    """A repository that is released may be deployed to staging all the same."""
    assert hours(deployment("50h", "staging", counts=False), deployment("60h", "release"))["qa"] == 10


def test_issues_go_before_staging():
    found = hours(ticket("labelled 36h: in qa", "unlabelled 40h: in qa"), STAGING, PRODUCTION)
    assert (found["qa"], found["deploy_wait"]) == (4, 22)


def test_an_issue_without_qa_leaves_it_to_staging():
    assert hours(ticket("labelled 36h: bug"), STAGING, PRODUCTION)["qa"] == 10


# No source


def test_without_a_source_there_is_no_such_stage():
    """Absent, not 0; everything else is as it was."""
    assert hours(PRODUCTION) == hours(ticket("labelled 36h: bug"), PRODUCTION)
    assert "qa" not in hours(PRODUCTION)


def test_without_production_what_qa_had_is_in_no_stage():
    """20 h less 8 h of QA before the merge are in the stages; the lead time to the merge is whole."""
    found = hours(ticket("labelled 12h: in qa", "unlabelled 20h: in qa"))
    assert found == {"coding": 0, "pickup": 2, "review": 0, "merge_wait": 14, "merge": 24}


def test_labels_that_say_qa_are_the_policys():
    policy = structs.replace(POLICY, labels=structs.replace(POLICY.labels, qa=("testing",)))
    bound = ticket("labelled 36h: testing", "unlabelled 40h: testing", "labelled 41h: in qa"), PRODUCTION
    assert hours(*bound, policy=policy)["qa"] == 4
    assert hours(*bound)["qa"] == 19


# Whose issue it is


def test_an_issue_that_the_change_does_not_answer_says_nothing():
    """Bound for another reason: it names the change as its culprit."""
    assert "qa" not in hours(ticket("names 1h: #7", "labelled 36h: in qa", number=9), PRODUCTION)


def test_an_issue_that_the_change_closed_counts_from_then_on():
    """Closed by the change 9 s after its merge: nothing was known of it at the merge, so no stage is carved."""
    closed = ticket("labelled 20h: in qa", "closed 34h9s by #7", "reopened 40h", "unlabelled 44h: in qa", number=9)
    found = hours(closed, PRODUCTION)
    assert (found["merge_wait"], round(found["qa"] * HOUR)) == (19, 9 + 4 * HOUR)
    assert "qa" not in hours(ticket("labelled 40h: in qa", "closed 50h by #8", number=9), PRODUCTION)


def test_a_link_that_is_written_after_the_merge_carves_no_stage_before_it():
    """Known at the merge was no issue; what it tells of the time after the merge counts."""
    lines = ("opened 10h", "merged 34h", "links 35h: #5")
    found = hours(ticket("labelled 20h: in qa", "unlabelled 40h: in qa"), PRODUCTION, lines=lines)
    assert (found["unreviewed"], found["qa"], found["deploy_wait"]) == (24, 6, 20)


# Labels of the change itself


def test_a_label_of_the_change_says_qa_until_the_merge():
    """On from 12 to 20 h, and again from 30 h on: 8 + 4 h before the merge at 34 h; what is left on says no more."""
    lines = (*LINES, "labelled 12h: Needs QA", "unlabelled 20h: Needs QA", "labelled 30h: qa", "labelled 35h: in qa")
    found = hours(PRODUCTION, lines=lines)
    assert (found["pickup"], found["merge_wait"], found["qa"], found["deploy_wait"]) == (2, 10, 12, 26)


def test_what_the_changes_label_and_its_issue_say_at_once_counts_once():
    """12 to 20 h by the label, 18 to 22 h and 36 to 40 h by the issue: 10 + 4 h."""
    bound = ticket("labelled 18h: qa", "unlabelled 22h: qa", "labelled 36h: qa", "unlabelled 40h: qa")
    assert hours(bound, PRODUCTION, lines=(*LINES, "labelled 12h: qa", "unlabelled 20h: qa"))["qa"] == 14


# Laws


@given(CASES[Thing.CHANGE])
@settings(max_examples=100, deadline=None)
def test_what_is_carved_is_what_qa_is_given(case):
    """Stages with and without what QA had by the merge differ by just that, whatever is known by then."""
    of = story_at(case, POLICY, 1 << 40)
    for life in of.lives:
        if life.merged is None:
            continue
        whole = dict(stages(life, of.events, POLICY))
        carved = dict(of.stages(life))
        t1 = life.merged.at - sum(whole.values())
        assert all(0 <= carved[stage] <= seconds for stage, seconds in whole.items())
        assert sum(whole.values()) - sum(carved.values()) == within(of.with_qa(life.merged.at), t1, life.merged.at)


def test_random_changes_are_with_qa():
    """Else the law above would say nothing."""
    find(
        CASES[Thing.CHANGE],
        lambda case: bool((of := story_at(case, POLICY, 1 << 40)).lives and of.with_qa(1 << 40)),
        settings=settings(max_examples=3000, deadline=None, phases=[Phase.generate]),
    )


def test_spans_that_overlap_are_one():
    """1 to 4, 3 to 6 and 6 to 7 are 1 to 7; of that 2 s lie between 5 and 9."""
    assert disjoint([(3, 6), (1, 4), (6, 7), (9, 9), (12, 13)]) == [(1, 7), (12, 13)]
    assert within([(1, 7), (12, 13)], 5, 9) == 2


# What a person is shown


def rows(*bound):
    """The stages that ``explain`` prints, by what it calls them."""
    facts = change(*LINES)
    known = Kept(set(), list(bound))
    text = report(Told(subject(Thing.CHANGE, 7), tuple(facts)), POLICY, known).partition("\nStages\n")[2]
    table = text.partition("\n\n")[0].splitlines()[1:]
    return dict(re.split(r"\s{2,}", line.strip()) for line in table)


def test_explain_shows_qa_and_the_wait_for_deployment():
    """8 h of QA before the merge, 26 h from there to production: the lead time is 60 - 10 = 50 h."""
    shown = rows(ticket("labelled 12h: in qa", "unlabelled 20h: in qa"), PRODUCTION)
    assert (shown["pickup"], shown["qa"], shown["deploy_wait"], shown["lead time"]) == (
        "2 h",
        "8 h",
        "1 d 2 h",
        "2 d 2 h",
    )


def test_explain_says_what_qa_had_of_a_change_that_is_not_in_production():
    shown = rows(ticket("labelled 12h: in qa", "unlabelled 20h: in qa"))
    assert (shown["qa, told once it is in production"], shown["lead time"]) == ("8 h", "1 d")
