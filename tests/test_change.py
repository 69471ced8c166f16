"""What is said of a change at a second rests on facts dated at or before it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.change import Change
from exporter.model import Origin
from tests.stories import POLICY, START, at, changes, story

CLAUDE = "with Co-authored-by: Claude <noreply@anthropic.com>"


def test_a_marker_counts_from_the_commit_that_carries_it():
    """Opened unmarked; assisted from the second of the marked commit on."""
    told = story("opened 0h", "committed 2h", f"committed 5h {CLAUDE}", "merged 9h")
    assert [told.origin(at(when)) for when in ("0h", "4h", "5h", "9h")] == [
        Origin.UNMARKED,
        Origin.UNMARKED,
        Origin.ASSISTED,
        Origin.ASSISTED,
    ]


def test_the_decision_names_tool_and_rule():
    decision = story("opened 0h", f"committed 0h {CLAUDE}").decision(at("0h"))
    assert (decision.origin, decision.tool, decision.where) == (Origin.ASSISTED, "claude-code", "commit")


def test_the_first_version_of_the_description_wins():
    """A marker edited in later, over a description that was seen without it, changes nothing."""
    footer = "Generated with [Claude Code](https://claude.ai/code)"
    assert story("opened 0h", f"described 0h: {footer}").origin(at("0h")) is Origin.ASSISTED
    assert story("opened 0h", "described 0h: Fixes #3", f"described 2h: {footer}").origin(at("9h")) is Origin.UNMARKED
    assert story("opened 0h", f"described 2h: {footer}").origin(at("1h")) is Origin.UNMARKED


@pytest.mark.parametrize(
    ("opened", "origin"),
    [
        ("opened 0h by dependabot[bot]", Origin.BOT),
        ("opened 0h by some-new-robot[bot]", Origin.BOT),
        ("opened 0h by copilot-swe-agent[bot]", Origin.AGENTIC),
        ("opened 0h by author on codex/fix", Origin.AGENTIC),
        ("opened 0h by ghost", Origin.UNMARKED),
    ],
)
def test_account_and_branch_decide_at_the_opening(opened, origin):
    assert story(opened).origin(at("0h")) is origin


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("opened 0h on revert-12-topic",), id="the branch the button makes"),
        pytest.param(("opened 0h", "described 0h: Reverts acme/shop#12"), id="the line the button writes"),
    ],
)
def test_a_revert_is_in_no_stage_statistics(lines):
    told = story(*lines)
    assert told.is_revert(at("0h"))
    assert not told.in_stage_statistics(at("0h"))


def test_what_becomes_a_revert_later_was_none_before():
    told = story("opened 0h", "described 3h: Reverts #12")
    assert [told.is_revert(at(when)) for when in ("2h", "3h")] == [False, True]


def test_bots_are_in_no_stage_statistics_and_agents_are():
    assert not story("opened 0h by renovate[bot]").in_stage_statistics(at("0h"))
    assert story("opened 0h by copilot-swe-agent[bot]").in_stage_statistics(at("0h"))


def test_without_its_opening_a_change_has_no_origin():
    told = story("reviewed 1h by bob")
    assert told.opened is None
    assert not told.is_revert(at("1h"))
    with pytest.raises(LookupError):
        told.origin(at("1h"))


def test_the_change_at_a_second_holds_the_facts_up_to_it():
    told = story("opened 0h", "reviewed 1h by bob", "merged 1h", "files 1h: a.py +1 -1", "reviewed 2h by ann")
    assert [event.at for event in told.at(at("1h")).events] == [at("0h")] + 3 * [at("1h")]


@given(changes, st.integers(0, 200 * DAY), st.integers(0, 200 * DAY))
@settings(max_examples=100, deadline=None)
def test_later_facts_change_no_origin(events, first, more):
    """Asked about one second, the change then and the change later give one answer."""
    when = START + first
    told, then = Change(events, POLICY).at(when + more), Change(events, POLICY).at(when)
    if then.opened is not None:
        assert told.decision(when) == then.decision(when)
        assert told.is_revert(when) == then.is_revert(when)
