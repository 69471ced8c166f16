import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.proportions import ratio_of_rates, ratio_of_shares, share
from tests.statistics.chance import Tally, binomial, poisson

Z2 = 1.6448536**2
"""2.7055, the square of the normal quantile at 0.95."""


@st.composite
def shares(draw):
    trials = draw(st.integers(1, 5000))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(
    ("events", "trials", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_examples_of_newcombe(events, trials, lower, upper):
    """Newcombe: Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.

    For 0 of 20 by hand: z² / (n + z²) = 3.8415 / 23.8415 = 0.1611.
    """
    found = share(events, trials, 0.95)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


def test_one_escape_in_a_hundred():
    """(1 + 1.3528 ± 1.6449 sqrt(0.99 + 0.6764)) / 102.7055 = (2.3528 ± 2.1233) / 102.7055."""
    assert share(1, 100) == pytest.approx((0.01, 0.2295 / 102.7055, 4.4761 / 102.7055), rel=5e-4)


def test_no_event_of_n_leaves_a_share_of_up_to_z_squared_over_n_plus_z_squared():
    assert share(0, 100) == pytest.approx((0, 0, Z2 / (100 + Z2)))
    assert share(100, 100) == pytest.approx((1, 100 / (100 + Z2), 1))


def test_example_of_koopman():
    """Koopman (1984): 36 of 40 against 16 of 80, 0.9 / 0.2 = 4.5, at 95 % from 2.94 to 7.15."""
    assert ratio_of_shares(36, 40, 16, 80, 0.95) == pytest.approx((4.5, 2.94, 7.15), abs=5e-3)


@pytest.mark.parametrize("bound", ["lower", "upper"])
def test_at_a_bound_chi_squared_is_z_squared(bound):
    """8 of 100 against 4 of 200: the two best shares of that ratio are found here by trying 200,000 of them."""
    ratio = getattr(ratio_of_shares(8, 100, 4, 200), bound)

    def likelihood(base):
        return (
            8 * math.log(ratio * base) + 92 * math.log(1 - ratio * base) + 4 * math.log(base) + 196 * math.log(1 - base)
        )

    base = max((step / 200_000 / ratio for step in range(1, 100_000)), key=likelihood)
    one = ratio * base
    chi = (8 - 100 * one) ** 2 / (100 * one * (1 - one)) + (4 - 200 * base) ** 2 / (200 * base * (1 - base))
    assert chi == pytest.approx(Z2, rel=1e-3)


def test_example_of_rothman():
    """Breast cancer after fluoroscopy, 41 in 28,010 against 15 in 19,017 woman-years: 1.4638 / 0.78877 = 1.856.

    Rothman, Greenland, Lash: Modern Epidemiology (2008), chapter 14. At 90 % by hand: of 56 cases 41,
    (41 + 1.3528 ± 1.6449 sqrt(41 * 15 / 56 + 0.6764)) / 58.7055 = 0.62580, 0.81709;
    their odds 1.67237, 4.46713 times 19,017 / 28,010 = 0.678936 are 1.1354 and 3.0329.
    """
    assert ratio_of_rates(41, 28010, 15, 19017) == pytest.approx((1.8558, 1.1354, 3.0329), rel=3e-4)


def test_three_events_against_none_are_just_more():
    """3 of 3 events: the share is at least 3 / (3 + z²) = 0.5258, odds 3 / z² = 1.109. Two could be chance: 2 / z²."""
    assert ratio_of_rates(3, 1, 0, 1) == pytest.approx((math.inf, 3 / Z2, math.inf))
    assert ratio_of_rates(0, 1, 3, 1) == pytest.approx((0, 0, Z2 / 3))
    assert ratio_of_rates(2, 1, 0, 1).lower < 1


def test_without_events_in_one_arm_one_bound_still_holds():
    found = ratio_of_shares(3, 300, 0, 300)
    assert (found.estimate, found.upper) == (math.inf, math.inf)
    assert found.lower == pytest.approx(1.114, abs=1e-3)
    assert ratio_of_shares(0, 300, 3, 300) == pytest.approx((0, 0, 1 / found.lower))


def test_certainties_have_a_ratio_of_one():
    """30 of 30 on both sides: at ratio r < 1 the best shares are r and 1, chi-squared 30 (1 - r) / r = z²."""
    assert ratio_of_shares(30, 30, 30, 30) == pytest.approx((1, 30 / (30 + Z2), (30 + Z2) / 30))


def test_rare_shares_have_the_ratio_of_rates():
    """Where hardly any trial has an event, a share per trial is a rate per trial."""
    assert ratio_of_shares(9, 10**7, 4, 2 * 10**7) == pytest.approx(ratio_of_rates(9, 1, 4, 2), rel=1e-5)


def test_what_was_never_tried_has_no_share_and_no_ratio():
    assert share(0, 0) is None
    assert ratio_of_shares(0, 0, 1, 2) is None
    assert ratio_of_shares(1, 2, 0, 0) is None
    assert ratio_of_shares(0, 9, 0, 9) is None
    assert ratio_of_rates(0, 9, 0, 9) is None
    assert ratio_of_rates(0, 0, 1, 9) is None


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="3 events cannot be of 2 trials"):
        share(3, 2)
    with pytest.raises(ValueError, match="-1 events"):
        ratio_of_shares(1, 2, -1, 2)
    with pytest.raises(ValueError, match="0 or more"):
        ratio_of_rates(1, -1, 1, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        share(1, 2, level=90)


@given(shares())
def test_a_share_lies_in_its_interval_and_its_complement_in_the_mirrored_one(counts):
    events, trials = counts
    found, other = share(*counts), share(trials - events, trials)
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert other == pytest.approx((1 - found.estimate, 1 - found.upper, 1 - found.lower))


@given(shares(), shares(), st.sampled_from([ratio_of_shares, ratio_of_rates]))
def test_swapping_the_arms_inverts_ratio_and_bounds(one, base, ratio):
    found, swapped = ratio(*one, *base), ratio(*base, *one)
    if found is None:
        assert swapped is None
        return
    assert found.lower <= found.estimate <= found.upper
    inverse = [math.inf if each == 0 else 1 / each for each in (found.estimate, found.upper, found.lower)]
    assert swapped == pytest.approx(inverse, rel=1e-8)


@given(shares(), shares(), st.integers(1, 100))
def test_rates_do_not_depend_on_the_unit_of_exposure(one, base, unit):
    found = ratio_of_rates(one[0], one[1] * unit, base[0], base[1] * unit)
    assert found == (found and pytest.approx(ratio_of_rates(*one, *base)))


@given(shares())
def test_more_of_the_same_narrows_a_share(counts):
    events, trials = counts
    few, many = share(events, trials), share(4 * events, 4 * trials)
    assert many.upper - many.lower < few.upper - few.lower


@pytest.mark.parametrize("trials", [30, 100, 300, 1000, 5000])
@pytest.mark.parametrize("chance", [0.0037, 0.01, 0.03, 0.08, 0.15])
def test_coverage_of_a_share_counted_out(trials, chance):
    """No chance in it: the probability of each count, summed where the interval holds the truth.

    Counts are whole, so it jumps about 0.9; lowest just above the lower bound of a single event.
    """
    covered, too_high, odds = 0.0, 0.0, chance / (1 - chance)
    logarithm = trials * math.log(1 - chance)
    for events in range(trials):
        found = share(events, trials)
        covered += math.exp(logarithm) * (found.lower <= chance <= found.upper)
        too_high += math.exp(logarithm) * (chance < found.lower)
        logarithm += math.log((trials - events) / (events + 1) * odds)
    print(f"share {chance} of {trials}: coverage {covered:.3f} too high {too_high:.3f}")
    assert 0.86 < covered < 0.97
    assert too_high < 0.11


RATIO_CASES = [
    (30, 30, 0.15, 0.85, 0.96),
    (30, 300, 0.08, 0.86, 0.96),
    (300, 300, 0.003, 0.90, 0.98),
    (300, 300, 0.03, 0.88, 0.93),
    (1000, 1000, 0.0037, 0.88, 0.93),
    (1000, 5000, 0.0037, 0.88, 0.94),
    (5000, 5000, 0.15, 0.87, 0.93),
]


@pytest.mark.parametrize("truth", [0.5, 1, 2])
@pytest.mark.parametrize(("trials", "base_trials", "chance", "least", "most"), RATIO_CASES)
def test_simulated_ratio_of_shares(trials, base_trials, chance, least, most, truth):
    """The lower bound is above the truth in one window pair of twenty, or of eleven where the windows are unequal."""
    random, known = Random(trials + base_trials), {}
    tally = Tally(f"ratio of shares, {trials} and {base_trials} at {chance}", truth)
    for _ in range(1500):
        counts = (binomial(random, trials, chance * truth), trials, binomial(random, base_trials, chance), base_trials)
        if counts not in known:
            known[counts] = ratio_of_shares(*counts)
        tally.take(known[counts])
    tally.tell()
    assert least <= tally.coverage <= most
    assert tally.false_alarms < 0.09
    if chance * min(trials, base_trials) > 20:
        assert tally.median == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("truth", [0.5, 1, 2])
@pytest.mark.parametrize(("expected", "longer"), [(2, 1), (5, 1), (5, 5), (30, 1), (30, 5)])
def test_simulated_ratio_of_rates(expected, longer, truth):
    """``expected`` events in the shorter window at the base's rate; the base's window is ``longer`` times as long."""
    random = Random(11)
    tally = Tally(f"ratio of rates, {expected} and {expected * longer} events", truth)
    for _ in range(2000):
        tally.take(ratio_of_rates(poisson(random, expected * truth), 1, poisson(random, expected * longer), longer))
    tally.tell()
    assert 0.87 < tally.coverage < 0.95
    assert tally.false_alarms < 0.08
