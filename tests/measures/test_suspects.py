"""Changes whose lines a fix took away: what is a fix, by when, and whose they were."""

import msgspec
import pytest

from exporter.measures.suspects import (
    SUSPECT_LOWER,
    SUSPECT_RATIO,
    SUSPECT_SAMPLES,
    SUSPECT_UPPER,
    SUSPECTS,
    suspect_ratios,
    suspects,
)
from exporter.model import Actor, IssueClosed, Labelled, Landed, Merged, Removed
from exporter.story import Story
from tests.measures.pools import window_of
from tests.measures.read import dated
from tests.shipments import deployment
from tests.stories import POLICY, at, change
from tests.tickets import issue

SHA, FIX = "a1b2c3d" + "0" * 33, "f1f1f1f" + "0" * 33
ALIKE = "f1f1f1f" + "e" * 33
"""Begins as the fix's commit does."""
BLAMING = msgspec.structs.replace(POLICY, blame=True)
LANDED = Landed("landed", at("1h"), SHA, Actor(""), "", "", (), 9, 0, 0)
CULPRIT = change("opened 0h", f"merged 1h as {SHA}")


def taken(when, by=FIX):
    """Two of three lines that a commit took away were ours."""
    return Removed(f"removed:{by}", at(when), by, 2, 3)


def fix(when, label="bug", *, sha=FIX, labelled="2h", off=""):
    """A change merged then, with a label since another time."""
    told = [*change("opened 2h by ann", f"merged {when} as {sha}"), Labelled("on", at(labelled), label, True)]
    return [*told, Labelled("off", at(off), label, False)] if off else told


def ticket(when, *lines, sha=FIX):
    """An issue that a commit closed then."""
    return [*issue("opened 0h", *lines), IssueClosed("closed", at(when), True, 0, sha)]


def outcome(*bound, own=(), policy=BLAMING, culprit=CULPRIT):
    """When it is known in days after the merge, with origin and outcome."""
    found = dated(suspects, SUSPECTS, Story([LANDED, *own], policy, [culprit, *bound]))
    return ((found[0][0] - 1) / 24, *found[0][1]) if found else None


SUSPECT, CLEAR = (30, "unmarked", "suspect"), (30, "unmarked", "clear")


def test_nothing_is_told_unless_it_is_asked_for():
    assert outcome(fix("5d"), own=[taken("5d")], policy=POLICY) is None


def test_a_change_whose_lines_nobody_took_is_clear():
    assert outcome() == CLEAR
    assert outcome(fix("5d")) == CLEAR


@pytest.mark.parametrize("label", ["bug", "hotfix", "kind/bug", "incident", "sev1", "prio/hotfix"])
def test_a_fix_is_a_change_with_a_label_that_says_so(label):
    assert outcome(fix("5d", label), own=[taken("5d")]) == SUSPECT


@pytest.mark.parametrize("label", ["feature", "invalid", "production"])
def test_another_label_makes_no_fix(label):
    assert outcome(fix("5d", label), own=[taken("5d")]) == CLEAR


def test_a_label_that_says_it_is_none_wins():
    told = [*fix("5d", "hotfix"), Labelled("no", at("3d"), "invalid", True)]
    assert outcome(told, own=[taken("5d")]) == CLEAR


def test_a_label_counts_that_is_on_when_the_30_days_are_over():
    """Of the merge at hour 1 they are over at 30d1h."""
    assert outcome(fix("5d", labelled="30d1h"), own=[taken("5d")]) == SUSPECT
    assert outcome(fix("5d", labelled="30d1h1s"), own=[taken("5d")]) == CLEAR
    assert outcome(fix("5d", off="20d"), own=[taken("5d")]) == CLEAR
    assert outcome(fix("5d", off="31d"), own=[taken("5d")]) == SUSPECT


def test_the_fix_lands_within_30_days():
    assert outcome(fix("30d1h"), own=[taken("30d1h")]) == SUSPECT
    assert outcome(fix("30d1h1s"), own=[taken("30d1h")]) == CLEAR
    assert outcome(fix("30d1h"), own=[taken("30d1h1s")]) == CLEAR


def test_the_days_count_from_production_where_it_came_there_within_30_days():
    """In production at 10d1h, its 30 days end 40 days after the merge; the fix of day 35 is among them."""
    shipped = deployment("10d1h", brought=(SHA,))
    assert outcome(fix("35d"), shipped, own=[taken("35d")]) == (40, "unmarked", "suspect")
    assert outcome(fix("35d"), deployment("31d", brought=(SHA,)), own=[taken("35d")]) == CLEAR


def test_a_fix_is_what_closes_a_defect():
    assert outcome(ticket("5d", "labelled 1h: bug"), own=[taken("5d")]) == SUSPECT
    assert outcome(ticket("5d", "labelled 1h: feature"), own=[taken("5d")]) == CLEAR
    assert outcome(ticket("5d", "labelled 1h: bug", "labelled 9d: invalid"), own=[taken("5d")]) == CLEAR
    assert outcome(ticket("5d", "labelled 1h: bug", "dropped 9d"), own=[taken("5d")]) == CLEAR
    assert outcome(ticket("5d", "labelled 1h: bug", "dropped 31d"), own=[taken("5d")]) == SUSPECT
    assert outcome(ticket("31d", "labelled 1h: bug"), own=[taken("5d")]) == CLEAR


@pytest.mark.parametrize("bound", [fix("5d", sha=ALIKE), ticket("5d", "labelled 1h: bug", sha=ALIKE)])
def test_what_begins_alike_is_another(bound):
    assert outcome(bound, own=[taken("5d")]) == CLEAR


def test_one_fix_among_others_is_enough():
    own = [taken("2d", "e" * 40), taken("5d"), taken("9d", ALIKE)]
    assert outcome(fix("9d", "feature", sha=ALIKE), fix("5d"), own=own) == SUSPECT


def test_a_commit_of_no_change_is_not_asked_about():
    assert outcome(fix("5d"), own=[taken("5d")], culprit=fix("1h", sha=SHA[:7] + "f" * 33)) is None


def test_a_revert_is_not_asked_about():
    assert outcome(culprit=change("opened 0h on revert-3-topic", f"merged 1h as {SHA}")) is None


def test_the_origin_is_the_changes():
    """Bots' changes have one of their own; a commit's markers do not matter where the change tells."""
    assert outcome(culprit=change("opened 0h on codex/fix", f"merged 1h as {SHA}")) == (30, "agentic", "clear")
    assert outcome(culprit=change("opened 0h by dependabot[bot]", f"merged 1h as {SHA}")) == (30, "bot", "clear")


def test_of_two_changes_merged_as_one_commit_the_first_counts():
    later = [*change("opened 0h on codex/fix"), Merged("merged", at("2h"), SHA)]
    assert outcome(later) == outcome(CULPRIT, culprit=later) == CLEAR


def test_the_share_is_of_all_that_was_counted_by_origin():
    """2 suspects of 40 unmarked changes are 0.05, by Wilson between 0.0167 and 0.1403; 0 of 5 agentic ones are 0."""
    told = {
        (SUSPECTS.name, ("unmarked", "clear")): [(day, 1) for day in range(38)],
        (SUSPECTS.name, ("unmarked", "suspect")): [(1, 1), (2, 1)],
        (SUSPECTS.name, ("agentic", "clear")): [(day, 1) for day in range(5)],
    }
    found = {(twin, labels): value for twin, labels, value in suspect_ratios(window_of("28d", told))}
    assert found[SUSPECT_RATIO, ("unmarked", "28d")] == 0.05
    assert found[SUSPECT_SAMPLES, ("unmarked", "28d")] == 40
    assert found[SUSPECT_LOWER, ("unmarked", "28d")] == pytest.approx(0.0167, abs=5e-5)
    assert found[SUSPECT_UPPER, ("unmarked", "28d")] == pytest.approx(0.1403, abs=5e-5)
    assert found[SUSPECT_RATIO, ("agentic", "28d")] == 0
