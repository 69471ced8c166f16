"""One workflow on one branch: what counts as red and green, in which order, and what is still to be asked."""

import pytest

from exporter.line import gaps, mended
from exporter.model import Ran, Result, Worked, begins, lines_of
from exporter.providers.github.answers import seconds

HOUR = 3600
START = seconds("2025-05-01T00:00:00Z")
RESULTS = {"red": Result.FAILURE, "slow": Result.TIMEOUT, "green": Result.SUCCESS}


def ran(sha, how, asked, ended=None, attempt=1, **more):
    """An attempt on a commit, its times in hours; it takes half an hour unless told otherwise."""
    at = START + round(HOUR * (asked + 0.5 if ended is None else ended))
    result = RESULTS.get(how) or Result(how)
    told = {"workflow": "ci.yml", "branch": "topic", "default": False, "started": 0, "asked": START + HOUR * asked}
    return Ran(f"ran:{sha}@{asked}:{attempt}", at, sha=sha, attempt=attempt, result=result, **told | more)


def pairs(*events):
    """The red and the green commit of each time the line was mended."""
    return [(each.red.sha, each.green.sha) for each in mended(events)]


def test_a_red_commit_is_mended_by_the_next_green_one():
    assert pairs(ran("a", "green", 0), ran("b", "red", 1), ran("c", "green", 2), ran("d", "green", 3)) == [("b", "c")]


def test_of_several_red_commits_the_last_was_mended():
    """What lies between it and the green one is what made it green."""
    assert pairs(ran("a", "red", 0), ran("b", "slow", 1), ran("c", "green", 2)) == [("b", "c")]


def test_a_commit_that_is_red_and_then_green_itself_is_a_flake_and_nothing_is_asked():
    events = [ran("a", "red", 0), ran("a", "green", 1, attempt=2)]
    assert [each.flake for each in mended(events)] == [True]
    assert gaps(events) == []


@pytest.mark.parametrize("how", ["cancellation", "skip", "error"])
def test_an_attempt_that_did_not_judge_the_code_changes_nothing(how):
    assert pairs(ran("a", "red", 0), ran("b", how, 1), ran("c", "green", 2)) == [("a", "c")]
    assert pairs(ran("a", "green", 0), ran("b", how, 1), ran("c", "green", 2)) == []


def test_an_older_commit_that_ends_late_says_nothing_any_more():
    """The first is asked for first and ends red after the second ended green; the third is no repair of it."""
    assert pairs(ran("a", "red", 0, ended=3), ran("b", "green", 1, ended=2), ran("c", "green", 4)) == []


def test_a_repeated_older_commit_says_nothing_either():
    """The second attempt on a is asked for after b, and b is still the newer commit."""
    assert pairs(ran("a", "green", 0), ran("b", "green", 1), ran("a", "red", 2, attempt=2), ran("c", "green", 3)) == []


def test_what_was_said_at_a_second_stays_true_when_more_becomes_known():
    """Read up to each attempt's end, the line says the first part of what it says in the end."""
    events = [
        ran("a", "red", 0, ended=5), ran("b", "red", 1, ended=2), ran("c", "green", 2, ended=3),
        ran("b", "green", 4, attempt=2), ran("d", "red", 5), ran("e", "green", 6), ran("e", "red", 7, attempt=2),
        ran("f", "green", 8),
    ]  # fmt: skip
    whole = list(mended(events))
    assert len(whole) == 3
    for each in events:
        known = list(mended([event for event in events if event.at <= each.at]))
        assert known == whole[: len(known)]
        assert known == [one for one in whole if one.green.at <= each.at]


def test_a_gap_is_asked_about_until_it_is_known():
    events = [ran("a", "red", 0), ran("b", "green", 1)]
    assert gaps(events) == [("a", "b", START + 90 * 60)]
    assert gaps([*events, Worked("worked:a:b", START + 90 * 60, "a", "b", (), ())]) == []
    assert gaps([*events, Worked("worked:x:b", START, "x", "b", (), ())]) == gaps(events)


def test_a_gap_is_asked_about_in_the_month_in_which_it_ended():
    """Red in April, green in May: the line of May has both attempts, that of June has them as well and is later."""
    red = ran("a", "red", -1, ended=-0.5, default=True, branch="main")
    green = ran("b", "green", 0, ended=1, default=True, branch="main")
    assert lines_of(red) == ("ci.yml@main#2025-04", "ci.yml@main#2025-05")
    assert lines_of(green) == ("ci.yml@main#2025-05", "ci.yml@main#2025-06")
    assert [len(gaps([red, green], begins(f"ci.yml@main#2025-0{month}"))) for month in (4, 5, 6)] == [1, 1, 0]


def test_the_line_of_the_default_branch_is_cut_by_months_and_that_of_a_change_is_not():
    december = ran("a", "red", 0, default=True, branch="main", ended=244 * 24)
    assert lines_of(december) == ("ci.yml@main#2025-12", "ci.yml@main#2026-01")
    assert lines_of(ran("a", "red", 0)) == ("ci.yml@topic",)
    assert begins("ci.yml@main#2026-01") == seconds("2026-01-01T00:00:00Z")


@pytest.mark.parametrize("key", ["ci.yml@topic", "ci.yml@fix#12", "ci.yml@fix#2025-13"])
def test_a_line_without_a_month_begins_with_time(key):
    assert begins(key) == 0
