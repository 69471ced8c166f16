import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.mantel_haenszel import Arm, Stratum, Unestimable, rate_ratio, share_ratio, stratify
from exporter.statistics.proportions import ratio_of_rates
from tests.statistics.chance import Tally, binomial, poisson

pytestmark = pytest.mark.random

CHANGES = st.lists(
    st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 5), st.integers(1, 500)), min_size=4, max_size=60
)


def shares(one, of, base, base_of):
    """A stratum in which ``one`` of ``of`` changes have an event, and ``base`` of ``base_of``."""
    return Stratum(Arm(of, one, of, one, one, of), Arm(base_of, base, base_of, base, base, base_of))


def counts(one, exposure, base, base_exposure):
    """A stratum of events and exposures, of changes nobody counted."""
    return Stratum(Arm(99, one, exposure), Arm(99, base, base_exposure))


def of(strata, ratio=rate_ratio, **options):
    return ratio(strata, fewest=1, **options).ratio


def test_example_of_rothman_for_shares():
    """Deaths with tolbutamide and placebo, younger 8/106 and 5/120, older 22/98 and 16/85 (UGDP).

    Rothman, Greenland, Lash: Modern Epidemiology (2008), chapter 15.
    R = 8 * 120 / 226 + 22 * 85 / 183 = 4.24779 + 10.21858 = 14.46637
    S = 5 * 106 / 226 + 16 * 98 / 183 = 2.34513 + 8.56831 = 10.91344, and R / S = 1.32555.
    The variance's numerator is 13 * 106 * 120 / 226² - 8 * 5 / 226 = 3.06053 and 38 * 98 * 85 / 183² - 22 * 16 / 183
    = 7.52857, together 10.58910; over R S = 157.8778 it is 0.067072, its root 0.258982, times 1.644854 = 0.425987:
    1.32555 / 1.53110 = 0.86575 and 1.32555 * 1.53110 = 2.02956.
    """
    found = share_ratio([shares(8, 106, 5, 120), shares(22, 98, 16, 85)])
    assert found.ratio == pytest.approx((1.32555, 0.86575, 2.02956), rel=1e-4)
    assert (found.samples, found.left_out, found.strata) == ((204, 205), (0, 0), 2)


def test_example_of_rothman_for_counts():
    """Deaths per person-year on clozapine and off: 196/62,119 and 111/15,763; 167/6,085 and 157/2,780.

    Rothman: Epidemiology: An Introduction (2012), table 10-5.
    R = 196 * 15763 / 77882 + 167 * 2780 / 8865 = 39.66965 + 52.36999 = 92.03964
    S = 111 * 62119 / 77882 + 157 * 6085 / 8865 = 88.53390 + 107.76593 = 196.29984, and R / S = 0.46887.
    307 * 62119 * 15763 / 77882² = 49.55938 and 324 * 6085 * 2780 / 8865² = 69.74212, together 119.30150 (a + b times
    both weights), over R S = 18067.37 it is 0.0066032, its root 0.081260, times 1.644854 = 0.133661:
    0.46887 / 1.14300 = 0.41021 and 0.46887 * 1.14300 = 0.53592.
    """
    strata = [counts(196, 62119, 111, 15763), counts(167, 6085, 157, 2780)]
    assert of(strata, clustered=False) == pytest.approx((0.46887, 0.41021, 0.53592), rel=1e-4)


def test_clustered_bounds_solve_their_equation():
    """Thirty changes each; of one's, 6 have 3 requests and 24 none, of the base's, 9 have 1: r = 18 / 9 = 2.

    T0 / T = T1 / T = 1/2, U = (18 - 9 r) / 2, p = 27 / (30 r + 30). Sum (y - r p)² = 54 - 36 r p + 30 (r p)², sum
    (y - p)² = 9 - 18 p + 30 p², so V = 60 / 59 / 4 * (54 - 36 r p + 30 r² p² + r² (9 - 18 p + 30 p²)).
    """
    heaps = [("", True, 3, 1)] * 6 + [("", True, 0, 1)] * 24 + [("", False, 1, 1)] * 9 + [("", False, 0, 1)] * 21
    found = of(stratify(heaps))
    assert found.estimate == pytest.approx(2)
    for r in found[1:]:
        p = 27 / (30 * r + 30)
        v = 60 / 59 / 4 * (54 - 36 * r * p + 30 * r**2 * p**2 + r**2 * (9 - 18 * p + 30 * p**2))
        assert ((18 - 9 * r) / 2) ** 2 == pytest.approx(2.705543 * v, rel=1e-6)


def test_heaps_widen_and_evenness_narrows_the_interval():
    """Thirty requests in thirty changes: one each, or six each in five of them."""
    base = [("", False, number % 2, 1) for number in range(30)]
    even = stratify([*base, *(("", True, 1, 1) for _ in range(30))])
    heaped = stratify([*base, *(("", True, 6 * (number < 5), 1) for number in range(30))])
    assert of(even).estimate == of(heaped).estimate == pytest.approx(2)
    assert of(even).upper < of(even, clustered=False).upper < of(heaped).upper
    assert of(even, clustered=False) == of(heaped, clustered=False)


def test_few_heaps_may_rule_out_no_ratio_at_all():
    """All of the base's requests are in one change: nothing says that it has any rate."""
    heaps = [
        ("", True, 2, 1),
        ("", True, 3, 1),
        ("", True, 0, 1),
        ("", False, 4, 1),
        ("", False, 0, 1),
        ("", False, 0, 1),
    ]
    assert of(stratify(heaps)).upper == math.inf


def test_strata_compare_like_with_like():
    """60 of 90 and 10 of 15, 1 of 15 and 6 of 90: the same rates in each stratum, so a ratio of 1.

    Thrown together they would be 61 of 105 against 16 of 105, 3.8 times as many.
    """
    strata = [counts(60, 90, 10, 15), counts(1, 15, 6, 90)]
    assert of(strata, clustered=False).estimate == pytest.approx(1)
    assert 61 / 105 > 3 * (16 / 105)


def test_a_stratum_with_one_arm_changes_nothing_and_is_counted():
    both = shares(8, 106, 5, 120)
    found = share_ratio([both, Stratum(Arm.of([1], [1]), Arm()), Stratum(Arm(), Arm.of([0, 1], [1, 1]))])
    assert found.ratio == share_ratio([both]).ratio
    assert (found.samples, found.left_out, found.strata) == ((106, 120), (1, 2), 1)


def test_changes_without_exposure_are_no_arm():
    """No changed line, no threads per line."""
    found = rate_ratio(stratify([("", True, 2, 0), ("", False, 2, 10)]), fewest=1)
    assert (found.reason, found.left_out) == (Unestimable.NO_COMMON_STRATUM, (1, 1))


@pytest.mark.parametrize(
    ("strata", "reason"),
    [
        ([], "no_common_stratum"),
        ([Stratum(Arm(), Arm())], "no_common_stratum"),
        ([shares(9, 90, 0, 0), shares(0, 0, 9, 90)], "no_common_stratum"),
        ([shares(9, 29, 9, 500)], "few_samples"),
        ([shares(9, 500, 9, 29), shares(9, 500, 0, 0)], "few_samples"),
        ([shares(0, 30, 0, 30)], "no_events"),
        ([shares(0, 30, 1, 30)], "no_events_in_one"),
        ([shares(1, 30, 0, 30)], "no_events_in_base"),
        ([shares(1, 30, 1, 30)], None),
    ],
)
@pytest.mark.parametrize("ratio", [share_ratio, rate_ratio])
def test_where_there_is_no_ratio_a_word_says_why(ratio, strata, reason):
    """Thirty changes per arm are enough, in strata that have both."""
    found = ratio(strata)
    assert (found.reason, found.ratio is None) == (reason, reason is not None)


def test_all_red_is_as_often_red():
    """3 of 3 and 4 of 4: rounding took the variance below 0 here once."""
    assert of([shares(3, 3, 4, 4)], share_ratio) == (1, 1, 1)


def test_impossible_changes_are_refused():
    with pytest.raises(ValueError, match="0 events or more"):
        stratify([("", True, -1, 1)])
    with pytest.raises(ValueError, match="one event or none"):
        share_ratio(stratify([("", True, 2, 1)]))
    with pytest.raises(ValueError, match="squares"):
        of([counts(1, 2, 3, 4)])
    with pytest.raises(ValueError, match="between 0 and 1"):
        share_ratio([], level=95)


def test_one_stratum_of_single_events_is_the_plain_ratio_of_rates():
    """Their bounds come by different ways, log-normal and score: 1.135 and 3.033 against 1.130 and 3.048."""
    found = of([counts(41, 28010, 15, 19017)], clustered=False)
    assert found.estimate == pytest.approx(ratio_of_rates(41, 28010, 15, 19017).estimate)
    assert found == pytest.approx(ratio_of_rates(41, 28010, 15, 19017), rel=6e-3)


def every(changes):
    """Each estimator on these changes."""
    strata = stratify(changes)
    yield rate_ratio(strata, fewest=1)
    yield rate_ratio(strata, fewest=1, clustered=False)
    yield share_ratio(stratify((key, one, min(events, 1), 1) for key, one, events, _ in changes), fewest=1)


@given(CHANGES)
def test_the_interval_holds_the_estimate_or_a_reason_is_given(changes):
    for found in every(changes):
        assert (found.ratio is None) != (found.reason is None)
        assert sum(found.samples + found.left_out) == len(changes)
        if found.ratio:
            assert 0 <= found.ratio.lower <= found.ratio.estimate <= found.ratio.upper


@given(CHANGES)
def test_swapping_the_arms_inverts_ratio_and_bounds(changes):
    swapped = every([(key, not one, events, exposure) for key, one, events, exposure in changes])
    for found, other in zip(every(changes), swapped, strict=True):
        assert other.samples == found.samples[::-1]
        if found.ratio:
            inverse = [1 / each if each else math.inf for each in (found.ratio.estimate, *found.ratio[:0:-1])]
            assert other.ratio == pytest.approx(inverse, rel=1e-6)


@given(CHANGES, st.integers(1, 100))
def test_the_unit_of_exposure_does_not_matter(changes, unit):
    """Per line or per hundred lines."""
    scaled = every([(key, one, events, exposure * unit) for key, one, events, exposure in changes])
    for found, other in zip(every(changes), scaled, strict=True):
        assert other.reason == found.reason
        if found.ratio:
            assert other.ratio == pytest.approx(found.ratio, rel=1e-6)


def test_the_order_of_changes_changes_no_digit():
    """The same facts, read back in another order after a restart, are the same page byte by byte."""
    random = Random(3)
    changes = list(made_changes(random, 200, 200, 40, 0.4, 2, 1.5, 1.2))
    for _ in range(20):
        assert list(every(random.sample(changes, len(changes)))) == list(every(changes))


@given(CHANGES)
def test_a_share_is_of_changes_whatever_their_lines(changes):
    few = [(key, one, min(events, 1), exposure) for key, one, events, exposure in changes]
    one_each = [(*change[:3], 1) for change in few]
    assert share_ratio(stratify(few), fewest=1) == share_ratio(stratify(one_each), fewest=1)


@given(CHANGES)
def test_merging_equal_strata_changes_nothing(changes):
    """Twice the same stratum, or one with every change twice; clustered bounds differ by n / (n - 1) only."""
    apart = every([(key + half, *rest) for key, *rest in changes for half in "12"])
    for number, (one, two) in enumerate(zip(every(changes * 2), apart, strict=True)):
        assert one.samples == two.samples
        if one.ratio and number:
            assert one.ratio == pytest.approx(two.ratio)
        elif one.ratio:
            assert one.ratio.estimate == pytest.approx(two.ratio.estimate)


def made_changes(random, size, base_size, strata, mean, heaping, truth, spread):
    """Changes in strata of unlike levels, those of ``one`` mostly in the first, those of the base in the last.

    A change's own rate is gamma with variance ``heaping`` times its mean squared; ``spread`` is the deviation of the
    logarithm of its lines, of which it has 55 in the middle, or 0 where events are counted per change.
    """
    for one, count in ((True, size), (False, base_size)):
        weights = [1 / (1 + number) for number in range(strata)]
        for place in random.choices(range(strata), weights if one else weights[::-1], k=count):
            lines = max(1, round(random.lognormvariate(4, spread))) if spread else 1
            expected = mean * (1 + place % 4) / 2.5 * (truth if one else 1) * (lines / 55 if spread else 1)
            if heaping:
                expected *= random.gammavariate(1 / heaping, heaping)
            yield place, one, poisson(random, expected), lines


@pytest.mark.parametrize(
    ("size", "base_size", "heaping", "spread", "truth", "least", "poisson_most"),
    [
        (30, 30, 2, 0, 1, 0.87, 0.86),
        (30, 200, 2, 0, 1.7, 0.86, 0.83),
        (100, 100, 2, 0, 1, 0.87, 0.81),
        (100, 100, 2, 0, 1.7, 0.87, 0.80),
        (300, 300, 2, 0, 1.7, 0.87, 0.80),
        (100, 100, 0, 0, 1.7, 0.87, 0.94),
        (30, 30, 1.5, 1.2, 1.7, 0.85, 0.75),
        (100, 100, 1.5, 1.2, 1.7, 0.83, 0.60),
        (300, 300, 1.5, 1.2, 1, 0.84, 0.60),
    ],
)
def test_simulated_counts(size, base_size, heaping, spread, truth, least, poisson_most):
    """Eight strata; 0.4 requests a change that come in heaps, or threads per line in changes of most unlike size.

    The Poisson interval holds the truth in half to four fifths of the cases unless there are no heaps.
    """
    random = Random(size)
    name = f"{'threads a line' if spread else 'requests a change'} {size}/{base_size} heaping {heaping}"
    robust, plain = Tally(name, truth), Tally(name + " as Poisson", truth)
    for _ in range(700 if size < 300 else 250):
        strata = stratify(made_changes(random, size, base_size, 8, 0.4, heaping, truth, spread))
        robust.take(rate_ratio(strata, fewest=10).ratio)
        plain.take(rate_ratio(strata, fewest=10, clustered=False).ratio)
    robust.tell()
    plain.tell()
    assert robust.coverage > least
    assert robust.false_alarms < 0.10
    assert plain.coverage < poisson_most
    assert max(robust.endless, robust.from_zero) < robust.intervals * (0.02 if size >= 100 else 0.5)
    assert robust.median == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("truth", [1, 1.7])
@pytest.mark.parametrize(
    ("arms", "chance", "least", "most"),
    [
        ([(8, 2), (7, 2), (5, 3), (3, 3), (3, 3), (2, 5), (1, 5), (1, 7)], 0.15, 0.90, 0.97),
        ([(25, 6), (20, 7), (17, 10), (11, 10), (10, 11), (7, 17), (5, 20), (5, 19)], 0.02, 0.94, 1),
        ([(25, 6), (20, 7), (17, 10), (11, 10), (10, 11), (7, 17), (5, 20), (5, 19)], 0.15, 0.88, 0.95),
        ([(2, 1), (1, 2), (2, 2)] * 10, 0.3, 0.88, 0.95),
        ([(300, 200), (200, 300)], 0.0037, 0.94, 1),
        ([(300, 200), (200, 300)], 0.05, 0.87, 0.95),
    ],
)
def test_simulated_shares(arms, chance, least, most, truth):
    """Shares of unlike level by stratum, from red heads (0.3) to reverts (0.0037): never much less than promised."""
    random = Random(len(arms))
    size, base_size = (sum(sizes) for sizes in zip(*arms, strict=True))
    tally = Tally(f"shares {chance} of {size}/{base_size} in {len(arms)} strata", truth)
    for _ in range(1000):
        strata = []
        for number, (of_one, of_base) in enumerate(arms):
            level = chance * (1 + number % 4) / 2.5
            one, base = binomial(random, of_one, level * truth), binomial(random, of_base, level)
            strata.append(shares(one, of_one, base, of_base))
        tally.take(share_ratio(strata).ratio)
    tally.tell()
    assert least < tally.coverage <= most
    assert tally.false_alarms < 0.08
