"""The verdict's rules at their edges, and when a stage is named."""

import numpy as np
import pytest

from exporter.diagnosis.comparison import foremost
from exporter.diagnosis.terms import Flag, Interval, Verdict
from exporter.diagnosis.verdict import rule
from exporter.model import Stage

GAIN = Interval(6.0, 4.0, 8.0)


def said(gain=GAIN, lower=0.3, upper=0.4, detectable=0.0, flags=()):
    return rule(gain, 20.0, Interval(0.35, lower, upper), detectable, dict.fromkeys(flags, "why")).verdict


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.26, 2.0, Verdict.ABSORBED),
        (0.25, 2.0, Verdict.INCONCLUSIVE),
        (0.25, 0.5, Verdict.INCONCLUSIVE),
        (0.25, 0.49, Verdict.PASSED),
        (-3.0, 0.49, Verdict.PASSED),
        (0.26, 0.49, Verdict.ABSORBED),
    ],
)
def test_absorbed_is_asked_before_passed(lower, upper, verdict):
    assert said(lower=lower, upper=upper) is verdict


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (Interval(6.0, 0.0, 12.0), Verdict.NO_GAIN),
        (Interval(1.9, 1.0, 2.8), Verdict.NO_GAIN),
        (Interval(2.0, 1.0, 3.0), Verdict.ABSORBED),
    ],
)
def test_a_gain_is_beyond_chance_and_a_tenth_of_coding(gain, verdict):
    """A tenth of 20 is 2."""
    assert said(gain=gain) is verdict


@pytest.mark.parametrize("verdict", [(0.3, 0.4), (-1.0, 0.1), (-1.0, 2.0)])
def test_skipped_reviews_leave_every_verdict_open(verdict):
    assert said(lower=verdict[0], upper=verdict[1], flags=[Flag.UNREVIEWED_ROSE]) is Verdict.INCONCLUSIVE


def test_what_is_open_and_below_what_can_be_seen_cannot_be_measured():
    """At 6.1 a gain of 6 is below it; a verdict that was reached stands."""
    assert said(lower=-1.0, upper=2.0, detectable=6.1) is Verdict.NOT_MEASURABLE
    assert said(lower=-1.0, upper=2.0, detectable=6.0) is Verdict.INCONCLUSIVE
    assert said(detectable=60.0) is Verdict.ABSORBED
    assert said(flags=[Flag.UNREVIEWED_ROSE], detectable=6.1) is Verdict.NOT_MEASURABLE


def test_without_a_gain_unreliable_coding_says_nothing_either():
    assert said(gain=Interval(0.0, -1.0, 1.0), flags=[Flag.CODING_UNRELIABLE]) is Verdict.INCONCLUSIVE
    assert said(gain=Interval(0.0, -1.0, 1.0), flags=[Flag.UNREVIEWED_ROSE]) is Verdict.NO_GAIN


def test_a_stage_is_named_where_four_draws_of_five_agree_and_it_surely_grew():
    """500 draws in which pickup grew by 2 to 3 h, or by less than nothing in some."""
    stages = list(Stage)
    place = stages.index(Stage.PICKUP)
    grown = np.zeros((501, len(stages)))
    grown[:, place] = np.linspace(2, 3, 501)
    for share, named in ((0.8, Stage.PICKUP), (0.79, None)):
        assert foremost(grown, np.array([share if each == place else 0.0 for each in range(len(stages))])) is named
    grown[1:30, place] = -1
    assert foremost(grown, np.array([float(each == place) for each in range(len(stages))])) is None
