"""What the gain is worth, by hand."""

import pytest
from msgspec import structs

from exporter.diagnosis.economics import WEEKS_A_MONTH, Declared, Effort, economics
from exporter.diagnosis.terms import Diagnosis, Flag, Interval, Verdict

HOUR = 3600
GAIN = Interval(6 * HOUR, 3 * HOUR, 9 * HOUR)
FOUND = Diagnosis("all", 0, Verdict.PASSED, "", "", gain=GAIN)
ALIKE = Effort(developers=(10, 10), ready=(30, 40), reviews=(50, 50), fixing=(0, 0), upkeep=(0, 0))


def test_coding_saved_counts_by_the_part_of_a_week_that_is_worked():
    """Four changes a developer and week, 6 h (3 to 9) each, of which 42 of 168 hours are worked: 6 h (3 to 9)."""
    found = economics(FOUND, ALIKE, Declared(productive_week=42 * HOUR))
    assert found.measured == pytest.approx((6 * HOUR, 3 * HOUR, 9 * HOUR))
    assert (found.cost, found.worth, found.ratio, found.currency) == (None, None, None, "")


def test_more_reviews_and_upkeep_are_taken_off():
    """Two more reviews a developer of 10 to 60 min: 1/3 to 2 h; tests from 0.1 h (lower) to 0.5 h (upper) more.

    Estimate 6 - 7/6 - 0.3; lower 3 - 2 - 0.5; upper 9 - 1/3 - 0.1.
    """
    effort = Effort((10, 10), (30, 40), (50, 70), (0, 1 * HOUR), (10 * HOUR, 15 * HOUR))
    found = economics(FOUND, effort, Declared(productive_week=42 * HOUR))
    assert found.measured == pytest.approx([(6 - 7 / 6 - 0.3) * HOUR, 0.5 * HOUR, (9 - 1 / 3 - 0.1) * HOUR])


def test_worth_and_cost_are_a_week_of_the_organisation():
    """Ten developers save 60 h (30 to 90) a week at 50 an hour; 20 seats at 43.48 a month are 200 a week."""
    price = 10 * WEEKS_A_MONTH
    declared = Declared(seats=20, seat_price=price, rate=50, currency="EUR", productive_week=42 * HOUR, reported=7200)
    found = economics(FOUND, ALIKE, declared)
    assert found.cost == pytest.approx(200)
    assert found.worth == pytest.approx((3000, 1500, 4500))
    assert found.ratio == pytest.approx((15, 7.5, 22.5))
    assert (found.currency, found.reported, found.developers) == ("EUR", 7200, 10)


def test_without_a_gain_or_without_developers_nothing_is_modelled():
    without = Diagnosis("all", 0, Verdict.INSUFFICIENT_DATA, "", "")
    assert economics(without, ALIKE, Declared()).measured is None
    nobody = Effort((0, 10), (0, 40), (0, 50), (0, 0), (0, 0))
    assert economics(FOUND, nobody, Declared(rate=50)).worth is None


def test_a_gain_that_cannot_be_relied_on_is_worth_nothing_that_could_be_told():
    """What is declared is told all the same."""
    doubted = structs.replace(FOUND, flags=((Flag.CODING_UNRELIABLE, "from 30% to 80%"),))
    found = economics(doubted, ALIKE, Declared(seats=20, seat_price=10, rate=50, reported=7200))
    assert (found.measured, found.worth, found.ratio, found.reported) == (None, None, None, 7200)
    assert found.cost == pytest.approx(200 / WEEKS_A_MONTH)


def test_every_assumption_is_said_with_its_figures():
    found = economics(FOUND, ALIKE, Declared()).assumptions
    assert found[0] == "of the time a change is being coded, 32 of every 168 hours are worked"
    assert found[1] == "a review takes 10 to 60 minutes (declared, not measured)"
