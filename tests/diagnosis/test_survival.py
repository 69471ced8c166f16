"""Expected times with stays that are not over, by hand."""

import numpy as np
import pytest

from exporter.diagnosis.draws import BLOCK, DRAWS, draws, interval, quotient, widened
from exporter.diagnosis.survival import restricted_means, survivor_quantile


def mean(*stays, cap=100.0, parts=None, most=64):
    """Hours; a negative one is not over yet."""
    seconds = np.array([abs(stay) for stay in stays], float)
    ended = np.array([stay > 0 for stay in stays])
    weights = np.ones(len(stays)) if parts is None else np.array(parts, float)
    one = np.ones((1, 1))
    return float(restricted_means(seconds, ended, weights, np.zeros(len(stays), int), one, cap, most)[0])


def test_without_open_stays_it_is_the_mean_below_the_cap():
    """(2 + 4 + 10) / 3, as 30 is cut at 10."""
    assert mean(2, 4, 30, cap=10) == pytest.approx(16 / 3)


def test_an_open_stay_counts_until_it_was_last_seen():
    """One of four is over at 2, one open at 3, and one of the two left over at 4: 1 x 2 + 3/4 x 2 + 3/8 x 6 = 5.75."""
    assert mean(2, -3, 4, -10, cap=10) == pytest.approx(5.75)


def test_to_leave_out_open_stays_would_hide_a_queue():
    """Five were over after 2 h and five still wait at 10: 2 h of those that are through, 6 h of all."""
    assert mean(*[2] * 5, cap=10) == 2
    assert mean(*[2] * 5, *[-10] * 5, cap=10) == 6


def test_who_is_open_at_the_same_second_was_still_there():
    """At 4 one of two ends: 4 + 1/2 x 6 = 7."""
    assert mean(4, -4, cap=10) == pytest.approx(7)


def test_an_open_stay_beyond_the_cap_is_known_well_enough():
    assert mean(2, -40, cap=10) == pytest.approx(6)


def test_parts_count_for_parts():
    """A stay of two halves is one of a whole."""
    assert mean(2, 2, -3, 4, -10, cap=10, parts=[0.5, 0.5, 1, 1, 1]) == pytest.approx(5.75)


def test_times_brought_together_leave_the_first_draw_exact():
    """300 different times in 20 steps: exact as seen; of other weeks it is what it should be to two per cent."""
    times = np.arange(1, 301, dtype=float)
    ended, weeks = np.arange(300) % 3 > 0, np.arange(300) % 2
    drawn = np.array([[1.0, 1.0], [2.0, 0.0]])

    def means(most):
        return restricted_means(times, ended, np.ones(300), weeks, drawn, 250.0, most)

    few, all_of_them = means(20), means(1000)
    assert few[0] == pytest.approx(all_of_them[0], abs=1e-9)
    assert few[1] == pytest.approx(all_of_them[1], rel=0.02)
    assert few[1] != all_of_them[1]


def test_the_cap_is_where_most_are_over():
    """Of twenty stays 19 are over at 19; where none is over, it is the longest seen."""
    times = np.arange(1, 21, dtype=float)
    assert survivor_quantile(times, np.ones(20, bool), 0.95) == 19
    assert survivor_quantile(times, np.zeros(20, bool), 0.95) == 20


def test_every_week_is_drawn_as_often_as_the_others():
    """500 draws of 12 weeks are 6,000, 500 for each; neighbours come together."""
    counts = draws(12, 0)
    assert counts.shape == (DRAWS + 1, 12)
    assert list(counts[0]) == [1] * 12
    assert set(counts.sum(axis=1)) == {12}
    assert np.all(abs(counts[1:].sum(axis=0) - 500) < 75)
    assert np.array_equal(counts, draws(12, 0))
    assert not np.array_equal(counts, draws(12, 1))


@pytest.mark.parametrize("weeks", [8, 9, 11, 12])
def test_draws_vary_as_means_of_unrelated_weeks_do(weeks):
    """The standard error of a mean of n weeks is sd / sqrt(n); widened draws tell it to a tenth, over many samples."""
    source = np.random.default_rng(1)
    drawn = draws(weeks, 0) / weeks
    variances = [np.var(widened(drawn @ source.normal(100, 5, weeks), weeks)[1:]) for _ in range(300)]
    assert np.sqrt(np.mean(variances)) == pytest.approx(5 / np.sqrt(weeks), rel=0.1)
    assert BLOCK in range(2, 5)


def test_bounds_leave_out_a_twentieth_on_either_side():
    """Of 0 to 499 the 26th and the 26th from above."""
    assert interval(np.array([250.0, *range(500)])) == (250, 25, 474)


def test_draws_without_a_gain_widen_both_sides():
    """With 26 of 500 divisors at or below 0, anything is possible; with 25 of them the bounds still stand."""
    upper = np.ones(501)
    lower = np.array([1.0, *[-1.0] * 26, *[1.0] * 474])
    assert quotient(upper, lower) == (1, -np.inf, np.inf)
    lower[1] = 1.0
    assert quotient(upper, lower) == (1, 1, 1)
