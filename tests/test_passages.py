"""The way of a change as far as it has come: what is over, what still runs, and what that adds up to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.measures.cycle import STAGE, cycle
from exporter.measures.production import arrivals
from exporter.model import Stage, Thing
from exporter.passages import passages
from tests.shipments import deployment
from tests.stories import POLICY, START, at, change
from tests.things import CASES, story_at
from tests.tickets import issue

MERGED = ("opened 10h", "reviewed 15h by bob: approved", "merged 34h")


def told(when, *lines, by=()):
    """The passages of a change bound to others, as known at a time in words."""
    return list(passages(Change(change(*lines), POLICY, by, "key", 7).at(at(when)), 1, at(when)))


def spells(when, *lines, by=()):
    """Stage, begin and length in hours, and whether it is over, of a change's only life."""
    (found,) = told(when, *lines, by=by)
    return [(str(each.stage), (each.entered - START) / HOUR, each.seconds / HOUR, each.ended) for each in found.spells]


def test_a_draft_is_being_coded():
    """From its first commit at -2 h to the look at 5 h, and on."""
    assert spells("5h", "opened 0h as draft", "committed 0h authored -2h") == [("coding", -2, 7, False)]


def test_what_nobody_has_reviewed_is_being_picked_up():
    assert spells("5h", "opened 0h") == [("coding", 0, 0, True), ("pickup", 0, 5, False)]


def test_what_was_reviewed_is_in_review_until_it_is_approved():
    lines = ("opened 0h", "reviewed 2h by bob", "reviewed 6h by bob: approved")
    assert spells("5h", *lines)[1:] == [("pickup", 0, 2, True), ("review", 2, 3, False)]
    assert spells("9h", *lines)[1:] == [("pickup", 0, 2, True), ("review", 2, 4, True), ("merge_wait", 6, 3, False)]


def test_an_approval_that_was_dismissed_ends_no_review():
    lines = ("opened 0h", "reviewed 2h by bob: approved", "dismissed 3h of bob")
    assert spells("9h", *lines)[1:] == [("pickup", 0, 2, True), ("review", 2, 7, False)]


def test_a_draft_that_was_reviewed_is_in_review_once_it_is_ready():
    lines = ("opened 0h as draft", "reviewed 1h by bob", "ready 2h")
    assert spells("5h", *lines) == [("coding", 0, 2, True), ("review", 2, 3, False)]


def test_closing_ends_every_spell():
    lines = ("opened 0h", "reviewed 2h by bob", "closed 6h")
    assert spells("9h", *lines)[1:] == [("pickup", 0, 2, True), ("review", 2, 4, True)]
    assert spells("5h", *lines)[1:] == [("pickup", 0, 2, True), ("review", 2, 3, False)]


def test_without_a_review_the_rest_is_unreviewed_and_then_it_waits_for_a_deployment():
    assert spells("10h", "opened 0h", "merged 6h") == [
        ("coding", 0, 0, True), ("unreviewed", 0, 6, True), ("deploy_wait", 6, 4, False),
    ]  # fmt: skip


def test_in_production_all_of_it_is_over():
    """Pickup 10 to 15, approved then; merged at 34 and in production at 60."""
    assert spells("90h", *MERGED, by=[deployment("60h")]) == [
        ("coding", 10, 0, True), ("pickup", 10, 5, True), ("review", 15, 0, True), ("merge_wait", 15, 19, True),
        ("deploy_wait", 34, 26, True),
    ]  # fmt: skip


def test_a_wait_for_a_deployment_is_not_followed_beyond_ninety_days():
    (*_, last) = spells("200d", *MERGED)
    assert last == ("deploy_wait", 34, 90 * 24, False)


def test_what_is_staged_is_with_qa():
    """Staged at 50: 16 h of waiting are over, and QA has it for 10 h so far."""
    assert spells("60h", *MERGED, by=[deployment("50h", "staging")])[4:] == [
        ("deploy_wait", 34, 16, True), ("qa", 50, 10, False),
    ]  # fmt: skip


def test_what_a_tester_has_by_its_issue_is_carved_out():
    """QA from 36 h on, looked at at 40 h: 4 h with QA, 2 of the 6 hours since the merge of waiting."""
    lines = (MERGED[0], "links 10h: #5", *MERGED[1:])
    tested = issue("opened 0h", "labelled 36h: in qa", "unlabelled 46h: in qa", number=5)
    assert spells("40h", *lines, by=[tested])[4:] == [("deploy_wait", 34, 2, False), ("qa", 36, 4, False)]
    assert spells("50h", *lines, by=[tested])[4:] == [("deploy_wait", 34, 6, False), ("qa", 36, 10, True)]


def test_a_tester_before_the_merge_takes_from_pickup():
    """Ready at 10 h and with QA from 12 h to the look at 15 h."""
    lines = ("opened 10h", "links 10h: #5")
    tested = issue("opened 0h", "labelled 12h: in qa", number=5)
    assert spells("15h", *lines, by=[tested]) == [
        ("coding", 10, 0, True), ("pickup", 10, 2, False), ("qa", 12, 3, False),
    ]  # fmt: skip


def test_bots_and_reverts_have_no_spells_and_are_counted():
    for line in ("opened 0h by dependabot[bot]", "opened 0h on revert-12-topic"):
        (found,) = told("5h", line, "merged 1h")
        assert (found.ready, found.merged, found.spells) == (at("0h"), at("1h"), ())


def test_a_late_reopening_is_a_passage_of_its_own():
    first, second = told("21d", "opened 0h", "closed 1h", "reopened 20d", "merged 20d4h")
    assert (first.closed, first.merged, second.began, second.merged) == (at("1h"), None, at("20d"), at("20d4h"))


def test_size_and_commits_are_those_of_the_merge():
    (found,) = told("9h", "opened 0h", "committed 1h", "merged 2h", "files 2h: a.py +3 -4, b.lock +90 -0")
    assert (found.lines, found.commits, found.reviewed) == (7, 1, False)


def test_what_happens_to_a_closed_change_lengthens_nothing():
    lines = ("opened 0h as draft", "closed 6h", "ready 7h", "reviewed 8h by bob")
    assert spells("9h", *lines) == [("coding", 0, 6, True)]
    assert spells("9h", "opened 0h", "closed 6h", "reviewed 8h by bob")[1:] == [("pickup", 0, 6, True)]


STORIES = st.tuples(CASES[Thing.CHANGE], st.integers(0, 150 * DAY))


@given(STORIES)
@settings(max_examples=300, deadline=None)
@pytest.mark.random
def test_spells_of_what_is_over_are_the_stages_of_the_ledger(drawn):
    """What was merged has the stages of its histogram, and once it is in production all of them."""
    case, after = drawn
    when = START + after
    known = story_at(case, POLICY, when)
    ledger = {}
    for each in (*cycle(known, POLICY), *arrivals(known, POLICY)):
        if each.metric == STAGE.name and each.at <= when:
            ledger.setdefault(each.cause, {})[each.labels[1]] = each.value
    for life, found in zip(known.lives, passages(known, 1, when), strict=True):
        if life.merged is None or life.merged.id not in ledger:
            assert life.merged is None or not found.spells
            continue
        ours = {each.stage: each.seconds for each in found.spells if each.ended or each.stage not in AFTER}
        if found.produced is None:
            ours = {stage: seconds for stage, seconds in ours.items() if stage not in AFTER}
        assert ours == ledger[life.merged.id]


AFTER = (Stage.QA, Stage.DEPLOY_WAIT)


@given(STORIES)
@settings(max_examples=300, deadline=None)
@pytest.mark.random
def test_spells_fill_the_time_from_the_first_activity_to_the_look_or_the_end(drawn):
    case, after = drawn
    when = START + after
    for found in passages(story_at(case, POLICY, when), 1, when):
        if found.spells:
            end = found.produced or found.closed or (min(when, found.merged + 90 * DAY) if found.merged else when)
            assert all(each.seconds >= 0 for each in found.spells)
            assert sum(each.seconds for each in found.spells) == end - found.began
            assert all(found.began <= each.entered <= end for each in found.spells)
