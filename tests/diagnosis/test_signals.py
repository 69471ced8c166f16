"""The five signals, from gauges as they are exported: there, not there, or not measurable and why."""

import pytest

from exporter.config.settings import Thresholds
from exporter.diagnosis.signals import Evidence, signals
from exporter.diagnosis.terms import Diagnosis, Flag, Flow, Gate, Interval, Period, Signal, Verdict

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


def shipped(ready, released):
    """Ten weeks of baseline and twelve weeks now; how many in each."""
    weeks = tuple(range(0, 10 * 604800, 604800)), tuple(range(0, 12 * 604800, 604800))
    periods = [Period(each, 100, 5) for each in weeks]
    gates = [
        Gate(name, before / 10, now / 12)
        for name, (before, now) in (("ready", ready), ("releases", released))
        if before is not None
    ]
    found = Diagnosis("pay", 0, Verdict.PASSED, "", "", None, *periods, flow=Flow(tuple(gates), (0, 0)))
    return reading(Signal.RELEASE_FREQUENCY_FLAT, diagnosis=found)


def test_releases_are_flat_where_more_is_ready_and_no_more_is_released():
    """300 in 10 weeks and 480 in 12 are 1.33 times as many a week; 10 and 12 releases are as many."""
    found = shipped((300, 480), (10, 12))
    assert found.active is True
    assert found.sentence.startswith("More is ready and no more is released: 1.33 (1.")
    assert [each.value.partition(" (")[0] for each in found.figures] == ["1.33", "1.00"]


def test_releases_that_grow_beyond_chance_are_not_flat():
    """100 and 160 releases are 1.33 times as many, too."""
    assert shipped((300, 480), (100, 160)).active is False


def test_ready_changes_that_are_a_tenth_more_or_less_ask_for_no_more_releases():
    """3000 and 3924 are 1.09 times as many, beyond chance; 30 and 43 are 1.19 times, and may be chance."""
    assert shipped((3000, 3924), (10, 12)).active is False
    assert shipped((30, 43), (10, 12)).active is False


def test_without_releases_in_the_baseline_their_frequency_is_not_measurable():
    assert shipped((300, 480), (None, None)).active is None
    assert shipped((300, 480), (0, 12)).active is None


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
