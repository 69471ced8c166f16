"""Which changes are compared with which."""

import numpy as np
import pytest

from exporter.diagnosis.strata import spread, strata


def column(*values):
    return np.array(values, np.int64)


def sized(small, large, unsized=0, repository=1):
    """So many changes of 5 and of 900 lines and of unknown size, as (repository, lines)."""
    return [(repository, 5)] * small + [(repository, 900)] * large + [(repository, -1)] * unsized


def told(before, now, merged=True):
    repositories, lines = np.array([*before, *now], np.int64).T
    period = column(*[0] * len(before), *[1] * len(now))
    return strata(repositories, lines, [merged] * len(period), period)


def test_sizes_count_as_in_the_baseline():
    """30 small and 20 large ones before: 0.6 and 0.4, whatever comes now."""
    found = told(sized(30, 20), sized(20, 80))
    assert list(found.mix) == pytest.approx([0.6, 0.4])
    assert set(found.several) == {2}


def test_sizes_too_seldom_in_one_period_are_joined():
    assert list(told(sized(30, 19), sized(20, 80)).mix) == [1]
    assert list(told(sized(30, 20), sized(80, 19)).mix) == [1]


def test_small_repositories_are_one():
    """25 of one and 12 + 13 of two others: halves."""
    changes = sized(25, 0) + sized(12, 0, repository=2) + sized(13, 0, repository=3)
    assert list(told(changes, changes).mix) == pytest.approx([0.5, 0.5])


def test_where_sizes_are_seldom_known_they_are_left_alone():
    """50 of 101 merged changes are under half; of 100 they are half."""
    assert list(told(sized(25, 25, 51), sized(25, 25, 51)).mix) == [1]
    assert len(told(sized(25, 25, 50), sized(25, 25, 50)).mix) == 2


def test_an_open_change_is_of_the_sizes_that_stay_as_long():
    """Small ones stayed 1 to 30 h, large ones 11 to 30: beyond 20 h half are large; beyond 30, as many as of all."""
    found = told(sized(30, 20), [*sized(30, 20), *sized(0, 0, 2)])
    changes = np.arange(50, 102)
    seconds = np.array([*range(1, 31), *range(11, 31), 20, 40], float)
    ended = np.array([True] * 50 + [False] * 2)
    rows, places, parts = spread(found, 1, changes, seconds, ended)
    shares = {(int(row), int(place)): float(part) for row, place, part in zip(rows, places, parts, strict=True)}
    assert (shares[50, 0], shares[50, 1]) == (0.5, 0.5)
    assert (shares[51, 0], shares[51, 1]) == pytest.approx((0.6, 0.4))
    assert sum(shares.values()) == pytest.approx(52)
