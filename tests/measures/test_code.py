"""Lines by hand: whose they are, what counts, and the shares."""

import pytest

from exporter.catalogue import HOUR
from exporter.measures.code import (
    AGED_FACT,
    CHURN,
    CHURN_SAMPLES,
    DUPLICATED,
    LANDED_FACT,
    MOVED,
    MOVED_SAMPLES,
    TESTS,
    TESTS_SAMPLES,
    TOUCHED_FACT,
    aged_lines,
    churn,
    copies_and_moves,
    landed_lines,
    test_lines,
)
from exporter.model import Actor, Aged, Landed, Merged
from exporter.story import Story
from tests.measures.pools import window_of
from tests.stories import POLICY, START, at, change

SHA = "a1" * 20
CLAUDE = "Co-authored-by: Claude <noreply@anthropic.com>"
test_lines.__test__ = False


def landed(when="0h", *, account="", ending="", address="", markers=(), added=10, copied=4, moved=2, touched=()):
    who = Actor(account, bool(account))
    return Landed("landed", at(when), SHA, who, ending, address, markers, added, copied, moved, touched)


def read(measure, *facts, bound=()):
    """(part, labels, value) and the hours after START of all observations."""
    found = list(measure(Story(facts, POLICY, bound), POLICY))
    return [(each.part, each.labels, each.value) for each in found], {(each.at - START) / HOUR for each in found}


def test_what_landed_is_read_an_hour_later():
    lines, hours = read(landed_lines, landed(touched=(("", 9), ("unit", 5))))
    assert lines == [
        ("new", ("unmarked", "new"), 10),
        ("copied", ("unmarked", "copied"), 4),
        ("moved", ("unmarked", "moved"), 2),
        ("", ("",), 9),
        ("unit", ("unit",), 5),
    ]
    assert hours == {1}


def test_what_became_of_it_is_read_when_it_has_aged():
    lines, hours = read(aged_lines, landed(), Aged("aged", at("14d"), 10, 3))
    assert lines == [("new", ("unmarked", "new"), 10), ("gone", ("unmarked", "gone"), 3)]
    assert hours == {14 * 24}


def test_nothing_of_no_line_is_counted():
    assert read(landed_lines, landed(added=0, copied=0, moved=0)) == ([], set())


@pytest.mark.parametrize(
    ("evidence", "origin"),
    [
        ({}, "unmarked"),
        ({"markers": (CLAUDE,)}, "assisted"),
        ({"address": "noreply@anthropic.com"}, "assisted"),
        ({"ending": "(aider)"}, "assisted"),
        ({"account": "copilot-swe-agent[bot]"}, "agentic"),
    ],
)
def test_a_commit_without_a_change_is_judged_by_its_own_markers(evidence, origin):
    (_, labels, _), *_ = read(landed_lines, landed(**evidence))[0]
    assert labels[0] == origin


def test_bots_lines_are_not_counted():
    facts = (landed(account="dependabot[bot]", touched=(("", 9),)), Aged("aged", at("14d"), 10, 3))
    assert read(landed_lines, *facts) == ([], set())
    assert read(aged_lines, *facts) == ([], set())


def merged_as(sha, *lines):
    """A change that was merged as a commit."""
    facts = [each for each in change(*lines) if not isinstance(each, Merged)]
    return [*facts, Merged("merged", at("10s"), sha)]


MARKED = ("opened -2h on codex/fix", "committed -1h")


def test_a_commit_has_the_origin_of_the_change_it_merged():
    assert read(landed_lines, landed(), bound=[merged_as(SHA, *MARKED)])[0][0][1] == ("agentic", "new")
    assert read(landed_lines, landed(markers=(CLAUDE,)), bound=[merged_as(SHA, "opened -2h")])[0][0][1][0] == "unmarked"


def test_a_change_that_only_names_the_commit_or_one_that_begins_alike_says_nothing():
    other = merged_as(SHA[:7] + "f" * 33, *MARKED)
    assert read(landed_lines, landed(), bound=[other, change("opened 1s on codex/x")])[0][0][1][0] == "unmarked"


def test_a_merge_told_of_hours_later_comes_too_late_for_what_landed_and_not_for_what_aged():
    late = [*change(*MARKED), Merged("merged", at("2h"), SHA)]
    assert read(landed_lines, landed(), bound=[late])[0][0][1][0] == "unmarked"
    assert read(aged_lines, landed(), Aged("aged", at("14d"), 10, 3), bound=[late])[0][0][1][0] == "agentic"


def pool(*parts):
    return window_of("28d", *parts)


def test_churn_is_by_origin_over_all_commits_of_the_window_together():
    """(3 + 1) of (10 + 30) unmarked lines went, and none of 5 agentic ones: 0.1 and 0."""
    name = AGED_FACT.name
    one = {
        (name, ("unmarked", "new")): [(1, 10), (2, 30)],
        (name, ("unmarked", "gone")): [(1, 3)],
        (name, ("agentic", "new")): [(3, 5)],
    }
    other = {(name, ("unmarked", "gone")): [(9, 1)]}
    assert list(churn(pool(one, other))) == [
        (CHURN, ("agentic", "28d"), 0.0),
        (CHURN_SAMPLES, ("agentic", "28d"), 5),
        (CHURN, ("unmarked", "28d"), 0.1),
        (CHURN_SAMPLES, ("unmarked", "28d"), 40),
    ]


def test_copies_are_of_new_lines_and_moves_of_new_and_moved_ones():
    """5 of 20 new lines are copies; of 20 new and 5 moved lines 5 moved. Who only moved has no share of copies."""
    name = LANDED_FACT.name
    told = {
        (name, ("unmarked", "new")): [(1, 20)],
        (name, ("unmarked", "copied")): [(1, 5)],
        (name, ("unmarked", "moved")): [(1, 5)],
        (name, ("assisted", "moved")): [(1, 7)],
    }
    found = {(twin, labels): value for twin, labels, value in copies_and_moves(pool(told))}
    assert found[DUPLICATED, ("unmarked", "28d")] == 0.25
    assert found[MOVED, ("unmarked", "28d")] == 0.2
    assert found[MOVED_SAMPLES, ("unmarked", "28d")] == 25
    assert found[MOVED, ("assisted", "28d")] == 1
    assert (DUPLICATED, ("assisted", "28d")) not in found


def test_test_lines_are_of_all_lines_touched():
    """30 of 40 lines are the product's, 8 in unit tests and 2 end to end."""
    told = {(TOUCHED_FACT.name, (layer,)): [(1, lines)] for layer, lines in (("", 30), ("unit", 8), ("e2e", 2))}
    assert list(test_lines(pool(told))) == [
        (TESTS_SAMPLES, ("28d",), 40),
        (TESTS, ("e2e", "28d"), 0.05),
        (TESTS, ("unit", "28d"), 0.2),
    ]


FACTS = (LANDED_FACT, AGED_FACT, TOUCHED_FACT)


def test_a_window_without_lines_has_no_shares():
    for summary in (churn, copies_and_moves, test_lines):
        assert list(summary(pool({}))) == []
        past = {(fact.name, ("unmarked", "new")[: len(fact.labels) - 1]): [] for fact in FACTS}
        assert list(summary(pool(past))) == []
