"""The share of the time with QA that is blocked, against stays of which it is known how they come about."""

import random
from statistics import fmean

import pytest

from exporter.measures.qa import BLOCKED_LOWER, BLOCKED_RATIO, STAY_FACT, qa_blocking
from tests.measures.pools import pool

pytestmark = pytest.mark.random

HOUR = 3600


def stays(chance, many, blocked):
    """Stays of lognormal lengths, of which a share is blocked; ``blocked`` tells of which part, in hundredths."""
    found = {}
    for _ in range(many):
        length = round(chance.lognormvariate(1.5, 1.0) * HOUR) + 1
        found.setdefault((STAY_FACT, (str(blocked(chance)),)), []).append(length)
    return found


def whole(chance):
    """Three stays of ten are blocked from beginning to end."""
    return 100 * (chance.random() < 0.3)


def in_part(chance):
    """Six of ten are blocked for half of their time."""
    return 50 * (chance.random() < 0.6)


@pytest.mark.parametrize(("blocked", "name"), [(whole, "whole stays"), (in_part, "halves of stays")])
@pytest.mark.parametrize("many", [30, 100])
def test_the_share_is_found_and_its_lower_bound_is_seldom_too_high(blocked, name, many):
    """Three tenths of all time are blocked in both; one bound in twenty may lie above it.

    A stay counts for its length, so that a few long ones decide, and the bound is for as many as weigh alike. Where
    stays are blocked in part it lies lower than it had to.
    """
    chance, truth = random.Random(many), 0.3
    shares, lowers = [], []
    for _ in range(600):
        told = {twin: value for twin, _, value in qa_blocking(pool(stays(chance, many, blocked)))}
        shares.append(told[BLOCKED_RATIO])
        lowers.append(told[BLOCKED_LOWER])
    bias, too_high = fmean(shares) / truth - 1, fmean(lower > truth for lower in lowers)
    print(f"\n{name}, {many}: bias {bias:+.1%}, lower bound too high {too_high:.1%}")
    assert abs(bias) < 0.03
    assert too_high < 0.08
