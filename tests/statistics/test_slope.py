import math
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics import slope as module
from exporter.statistics.slope import slope
from tests.statistics.chance import Tally

SEN = list(zip([1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78], strict=True))
VALUES = st.lists(st.integers(-1000, 1000), min_size=6, max_size=12)


def test_example_of_sen():
    """Sen (1968): seven points, 21 slopes, of which the 11th is 4.

    Sorted they begin 1, 5/2, 11/3, 26/7, 15/4 and end 46/11, 35/8, 5, 5, 6. Of the 7! = 5040 orders
    1 + 6 + 20 + 49 = 76 have at most 3 disagreeing pairs and 98 more have 4: 1 - 2 * 76 / 5040 = 0.970 for the 4th from
    either end, which are the bounds Sen prints, and 1 - 2 * 174 / 5040 = 0.931 for the 5th.
    """
    assert slope(SEN, 0.969) == pytest.approx((4, 26 / 7, 35 / 8))
    assert slope(SEN, 0.93) == pytest.approx((4, 15 / 4, 46 / 11))


def test_six_sprints_keep_the_third_slope_from_either_end():
    """Hours 0 3 1 6 5 9 in sprints 1 to 6.

    Of 6! = 720 orders 1 + 5 + 14 = 20 have at most 2 disagreeing pairs, 29 more have 3: 20 / 720 = 0.028 <= 0.05 <
    49 / 720. Slopes from 1: 3 1/2 2 5/4 9/5, from 2: -2 3/2 2/3 3/2, from 3: 5 2 8/3, from 4: -1 3/2, from 5: 4.
    Sorted: -2 -1 1/2 2/3 5/4 3/2 3/2 3/2 9/5 2 2 8/3 3 4 5; the 8th is 3/2, the 3rd 1/2, the 13th 3.
    """
    assert slope(enumerate([0, 3, 1, 6, 5, 9], 1)) == pytest.approx((1.5, 0.5, 3))


def test_orders_are_those_of_every_permutation():
    """All 720 orders of six points, of which two share a t and three another: pairs within a t do not count."""
    t = [1, 1, 2, 3, 3, 3]
    pairs = [(i, j) for i, j in combinations(range(6), 2) if t[i] != t[j]]
    found = [0] * (len(pairs) + 1)
    for order in permutations(range(6)):
        found[sum(order[i] > order[j] for i, j in pairs)] += 1
    ways = module._orders((1, 2, 3))
    assert len(pairs) == 15 - 1 - 3
    assert [each * 720 // sum(ways) for each in ways] == found


def test_fewer_than_six_points_have_no_slope():
    assert slope(enumerate([1, 2, 3, 4, 5])) is None
    assert slope(enumerate([1, 2, 3, 4, 5, 6])) == (1, 1, 1)


def test_no_rank_keeps_the_level_with_three_points():
    """3! = 6 orders: even the outermost slopes miss by 1 / 6 on either side."""
    assert slope([(1, 1), (2, 2), (3, 3)], fewest=3) is None
    assert slope([(1, 1), (2, 2), (3, 3)], level=0.66, fewest=3) == (1, 1, 1)


def test_points_of_one_sprint_have_no_slope():
    assert slope([(1, y) for y in range(8)]) is None


def test_a_quiet_team_has_no_trend():
    """Five zeros and a 5: ten slopes of 0, then 5/5 5/4 5/3 5/2 5/1, of which 5/3 is the 13th."""
    assert slope(enumerate([0, 0, 0, 0, 0, 5])) == pytest.approx((0, 0, 5 / 3))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        slope([*enumerate(range(6)), (6, bad)])


def test_a_level_of_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        slope(enumerate(range(6)), level=1)


@pytest.mark.parametrize("points", range(41, 61))
def test_the_normal_curve_takes_over_within_one_rank(points):
    """From 41 points on the rank is the normal curve's: that of counting out all orders, or one more."""
    ties = (1,) * points
    limit, below, rank = 0.05 * math.factorial(points), 0, 0
    for each in module._orders(ties):
        below += each
        if below > limit:
            break
        rank += 1
    assert module._rank(ties, 0.9) - rank in {0, 1}


@given(VALUES)
def test_the_interval_holds_the_estimate(values):
    found = slope(enumerate(values))
    assert found.lower <= found.estimate <= found.upper


@given(VALUES, st.integers(-50, 50))
def test_a_steeper_series_is_steeper_by_as_much(values, more):
    """Adding ``more`` per sprint adds ``more`` to the slope and its bounds."""
    assert slope((t, y + more * t) for t, y in enumerate(values)) == pytest.approx(
        [each + more for each in slope(enumerate(values))]
    )


@given(VALUES)
def test_the_mirrored_series_has_the_mirrored_interval(values):
    found = slope(enumerate(values))
    assert slope(enumerate(-y for y in values)) == pytest.approx((-found.estimate, -found.upper, -found.lower))


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_points_are_told_in_does_not_matter(values, random):
    points = list(enumerate(values))
    shuffled = random.sample(points, len(points))
    assert slope(shuffled) == slope(points)


@given(VALUES, st.integers(1, 1000))
def test_in_minutes_it_is_sixty_times_what_it_is_in_hours(values, unit):
    assert slope((t, y * unit) for t, y in enumerate(values)) == pytest.approx(
        [each * unit for each in slope(enumerate(values))]
    )


@pytest.mark.parametrize(
    ("sprints", "echo", "least", "most"),
    [(6, 0, 0.925, 0.965), (12, 0, 0.885, 0.94), (6, 0.4, 0.82, 0.94), (12, 0.4, 0.70, 0.86)],
)
def test_simulated_sprints(sprints, echo, least, most):
    """Hours per sprint with noise of 20 around a climb of 3; ``echo`` is how much of a sprint's noise the next keeps.

    Independent sprints are covered at what the ranks promise: 1 - 2 * 20 / 720 = 0.944 at six.
    """
    random = Random(sprints)
    tally = Tally(f"slope of {sprints} sprints, autocorrelation {echo}", 3)
    for _ in range(1500):
        noise, points = random.gauss(0, 20), []
        for sprint in range(sprints):
            points.append((sprint, 50 + 3 * sprint + noise))
            noise = echo * noise + math.sqrt(1 - echo * echo) * random.gauss(0, 20)
        tally.take(slope(points))
    tally.tell()
    assert least < tally.coverage < most
    assert tally.median == pytest.approx(1, abs=0.1)
