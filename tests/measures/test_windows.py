import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.measures.windows import percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7], 0.9, 7),
        ([1, 3], 0.5, 2),
        ([1, 2, 3, 4], 0.75, 3.25),
        ([0, 10, 20, 30, 40], 0.9, 36),
        ([5, 5, 5], 0.5, 5),
    ],
)
def test_percentiles_interpolate_between_neighbours(values, share, expected):
    """Place (n - 1) * share: of 0 10 20 30 40 at 0.9 it is 3.6, so 30 + 0.6 * 10."""
    assert percentile(values, share) == pytest.approx(expected)


def test_an_empty_set_has_no_percentiles():
    with pytest.raises(ValueError, match="empty"):
        percentile([], 0.5)


@given(st.lists(st.integers(0, 10**8), min_size=2, max_size=50))
def test_quartiles_are_those_of_the_standard_library(values):
    _, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    assert percentile(sorted(values), 0.5) == pytest.approx(median)
    assert percentile(sorted(values), 0.75) == pytest.approx(upper)
