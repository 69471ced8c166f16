"""The five signals, from gauges as they are exported: there, not there, or not measurable and why."""

import pytest

from exporter.config.settings import Thresholds
from exporter.diagnosis.signals import Evidence, signals
from exporter.diagnosis.terms import Diagnosis, Flag, Interval, Signal, Verdict

HOUR = 3600
NOTHING = Diagnosis("pay", 0, Verdict.INSUFFICIENT_DATA, "12 changes became ready, and it takes 30.", "")
KNOWN = Diagnosis(
    "pay",
    0,
    Verdict.ABSORBED,
    "",
    "",
    gain=Interval(6 * HOUR, 4 * HOUR, 8 * HOUR),
    cycle=Interval(5 * HOUR, 1 * HOUR, 9 * HOUR),
)


def reading(signal, gauges=None, diagnosis=NOTHING):
    thresholds = Thresholds()
    samples = {
        name: {("pay", *labels): value for labels, value in each.items()} for name, each in (gauges or {}).items()
    }
    evidence = Evidence("pay", samples, diagnosis, thresholds.ratios, thresholds.changes["samples"])
    return next(each for each in signals(evidence) if each.signal is signal)


def test_without_any_gauge_nothing_is_measurable_and_each_says_why():
    thresholds = Thresholds()
    found = signals(Evidence("pay", {}, NOTHING, thresholds.ratios, 30))
    assert [each.signal for each in found] == list(Signal)
    assert all(each.active is None and each.sentence.startswith("Not measurable: ") for each in found)
    assert found[0].sentence == "Not measurable: 12 changes became ready, and it takes 30."


# Cycle time


def test_cycle_time_rises_where_both_bounds_are_beyond_nothing():
    found = reading(Signal.CYCLE_TIME_RISING, diagnosis=KNOWN)
    assert found.active is True
    told = "coding by 6.0 h (4.0 to 8.0) less, review and its waits by 5.0 h (1.0 to 9.0) more"
    assert found.sentence == f"Changes are coded faster and reviewed slower: {told}."


@pytest.mark.parametrize("field", ["gain", "cycle"])
def test_cycle_time_does_not_rise_where_a_bound_reaches_nothing(field):
    values = {"gain": KNOWN.gain, "cycle": KNOWN.cycle, field: Interval(5 * HOUR, 0.0, 9 * HOUR)}
    found = Diagnosis("pay", 0, Verdict.INCONCLUSIVE, "", "", **values)
    assert reading(Signal.CYCLE_TIME_RISING, diagnosis=found).active is False


def test_cycle_time_is_not_told_where_the_begin_of_coding_moved():
    flags = ((Flag.CODING_UNRELIABLE, "The share of one-commit changes rose from 20% to 50%."),)
    found = Diagnosis("pay", 0, Verdict.INCONCLUSIVE, "", "", gain=KNOWN.gain, cycle=KNOWN.cycle, flags=flags)
    assert reading(Signal.CYCLE_TIME_RISING, diagnosis=found).active is None


# Tests


def upkeep(lower, ratio):
    return {
        "sdlc_test_maintenance_slope_seconds": {("estimate",): 1800, ("lower",): lower, ("upper",): 3600},
        "sdlc_team_test_update_ratio": {("28d",): ratio},
    }


@pytest.mark.parametrize(("lower", "ratio", "active"), [(1, 0.41, True), (0, 0.41, False), (1, 0.4, False)])
def test_maintenance_climbs_by_its_lower_bound_and_most_of_the_time(lower, ratio, active):
    assert reading(Signal.TEST_MAINTENANCE_CLIMBING, upkeep(lower, ratio)).active is active


def test_maintenance_says_its_trend_and_share():
    found = reading(Signal.TEST_MAINTENANCE_CLIMBING, upkeep(360, 0.47))
    assert found.sentence == (
        "Upkeep per developer grows by 0.50 h (0.10 to 1.00) a sprint, and 47% of the time on tests goes into old ones."
    )


# Escapes


def drift(before, now, lower):
    return {
        "sdlc_escape_drift_samples": {("before",): before, ("now",): now},
        "sdlc_escape_drift_ratio": {("estimate",): 2.0, ("lower",): lower},
    }


@pytest.mark.parametrize(
    ("before", "now", "lower", "active"), [(30, 30, 1.01, True), (30, 30, 1.0, False), (29, 30, 1.5, None)]
)
def test_escapes_drift_by_the_lower_bound_of_enough_outcomes(before, now, lower, active):
    assert reading(Signal.ESCAPE_RATE_DRIFTING, drift(before, now, lower)).active is active


def test_an_upper_bound_that_nothing_limits_is_said_so():
    found = reading(Signal.ESCAPE_RATE_DRIFTING, drift(40, 50, 1.2))
    assert found.sentence == (
        "A larger share of changes escapes: 2.00 (1.20 or more) times the former share, of 40 outcomes before and 50 "
        "now."
    )


# Releases


def shipped(ready28, ready90, releases28, releases90):
    return {
        "sdlc_team_review_load_changes": {("28d",): ready28 / 4, ("90d",): ready90 / 4},
        "sdlc_team_active_reviewers": {("28d",): 4, ("90d",): 4},
        "sdlc_team_releases_weekly": {("28d",): releases28 / 4, ("90d",): releases90 * 7 / 90},
    }


def test_releases_are_flat_where_more_is_ready_and_no_more_is_released():
    """160 of 360 in 28 days: (160 - 112) / sqrt(112 * 62/90) = 5.5; 4 of 13 releases: less than one deviation."""
    found = reading(Signal.RELEASE_FREQUENCY_FLAT, shipped(160, 360, 4, 13))
    assert found.active is True
    told = "160 changes became ready in 28 days and 200 in the 62 before; 4 and 9 releases"
    assert found.sentence == f"More is ready and no more is released: {told}."
    assert [each.value for each in found.figures] == [
        "1.77 times", "5.5 standard deviations of chance", "-0.0 standard deviations of chance",
    ]  # fmt: skip


def test_releases_that_grow_too_are_not_flat():
    """9 of 14: (9 - 4.36) / sqrt(4.36 * 62/90) = 2.7."""
    assert reading(Signal.RELEASE_FREQUENCY_FLAT, shipped(160, 360, 9, 14)).active is False


def test_no_more_ready_changes_ask_for_no_more_releases():
    assert reading(Signal.RELEASE_FREQUENCY_FLAT, shipped(112, 360, 4, 13)).active is False


def test_without_releases_their_frequency_is_not_measurable():
    gauges = shipped(160, 360, 4, 13)
    del gauges["sdlc_team_releases_weekly"]
    assert reading(Signal.RELEASE_FREQUENCY_FLAT, gauges).active is None


# QA


@pytest.mark.parametrize(
    ("stays", "lower", "sprints", "named", "active"),
    [
        (30, 0.26, None, None, True),
        (30, 0.25, None, None, False),
        (29, 0.90, None, None, None),
        (30, 0.10, 6, 4 / 6, True),
        (0, 0.0, 6, 3 / 6, False),
        (0, 0.0, 5, 1.0, None),
    ],
)
def test_qa_blocks_by_enough_stays_or_by_four_of_six_sprints(stays, lower, sprints, named, active):
    gauges = {"sdlc_team_qa_blocked_ratio_lower": {("28d",): lower}, "sdlc_team_qa_blocked_samples": {("28d",): stays}}
    if sprints:
        gauges |= {"sdlc_retro_mentions_samples": {(): sprints}, "sdlc_retro_mentions_ratio": {("qa",): named}}
    assert reading(Signal.QA_BLOCKING, gauges).active is active


def test_both_arms_of_qa_are_told():
    gauges = {
        "sdlc_team_qa_blocked_ratio_lower": {("28d",): 0.3},
        "sdlc_team_qa_blocked_samples": {("28d",): 44},
        "sdlc_retro_mentions_samples": {(): 6},
        "sdlc_retro_mentions_ratio": {("qa",): 5 / 6},
    }
    assert reading(Signal.QA_BLOCKING, gauges).sentence == (
        "QA is where it stops: issues are blocked for at least 30% of their time with QA (44 stays), and 5 of 6 "
        "sprints with notes name QA."
    )
