"""Numbers, dates and names as a report says them."""

import math

import pytest

from exporter.diagnosis.terms import Flag, Interval, Signal, Verdict
from exporter.model import Stage
from exporter.report.words import (
    FLAGS,
    SIGNALS,
    STAGES,
    VERDICTS,
    change,
    cleaned,
    date,
    growth,
    number,
    numbers,
    percent,
    percents,
    plain,
    plural,
    span,
    spans,
)
from tests.report.reports import hours, report

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 h"),
        (14_760, "4.1 h"),  # 4.1 * 3600
        (9.94 * HOUR, "9.9 h"),
        (9.96 * HOUR, "10 h"),  # never "10.0 h"
        (72 * HOUR, "72 h"),
        (73 * HOUR, "3.0 d"),  # 73 / 24 = 3.04
        (100 * HOUR, "4.2 d"),  # 100 / 24 = 4.17
        (12 * DAY, "12 d"),
        (1204 * DAY, "1,204 d"),
        (-6 * HOUR, "−6.0 h"),
        (1e12, "1.2e+07 d"),  # 1e12 / 86400 = 11,574,074
        (math.inf, "no bound h"),
    ],
)
def test_durations_are_hours_up_to_three_days_and_days_beyond(seconds, said):
    assert span(seconds) == said


def test_a_change_has_its_sign_and_one_that_rounds_to_nothing_has_none():
    assert span(4 * HOUR, signed=True) == "+4.0 h"
    assert span(-4 * HOUR, signed=True) == "−4.0 h"
    assert span(-60, signed=True) == "0.0 h"


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (hours(4.1, 2, 6.3), "4.1 h (2.0 to 6.3)"),
        (hours(9, 7, 11), "9 h (7 to 11)"),  # the largest bound needs no decimal, so none has one
        (hours(70, 60, 80), "2.9 d (2.5 to 3.3)"),  # 80 h are days, so all are: 70 / 24 = 2.92
        (hours(0.4, -12, 12), "0 h (−12 to 12)"),
        (Interval(HOUR, -math.inf, math.inf), "1.0 h (no bound to no bound)"),
        (Interval(math.nan, 0, HOUR), "unknown h (0.0 to 1.0)"),
    ],
)
def test_an_interval_is_in_one_unit_and_to_the_digit_that_fits_its_largest_bound(interval, said):
    assert spans(interval) == said


def test_two_durations_are_in_one_unit():
    assert change(71 * HOUR, 98 * HOUR) == "3.0 d → 4.1 d"  # 71 / 24 = 2.96, 98 / 24 = 4.08
    assert change(8 * HOUR, 12 * HOUR) == "8 h → 12 h"


def test_an_interval_of_a_change_has_signs_throughout():
    assert spans(hours(-0.4, -2.2, 1.4), signed=True) == "−0.4 h (−2.2 to +1.4)"


def test_shares_are_whole_percentages():
    assert percent(2 / 3) == "67 %"
    assert percents(Interval(1, 0.62, 1.44)) == "100 % (62 to 144)"


def test_amounts_lose_their_decimal_from_100_on():
    assert [number(9.96), number(99.94), number(100.4), number(1.083, 2)] == ["10.0", "99.9", "100", "1.08"]
    assert numbers(Interval(540, -180, 1260), "EUR") == "540 EUR (−180 to 1,260)"
    assert numbers(Interval(4.5, -1.5, 10.5)) == "4.5 (−1.5 to 10.5)"


def test_growth_is_said_as_a_percentage_though_it_is_a_logarithm():
    assert growth(0.262) == "+30 %"  # exp(0.262) = 1.2995
    assert growth(-0.105) == "−10 %"  # exp(-0.105) = 0.9003
    assert growth(5) == "more than a hundredfold"  # exp(5) = 148
    assert growth(math.inf) == "more than a hundredfold"


def test_counts_of_one_are_singular():
    assert [plural(1, "change"), plural(0, "change"), plural(1204, "doubt")] == [
        "1 change",
        "0 changes",
        "1,204 doubts",
    ]


def test_a_date_stays_inside_the_calendar():
    assert [date(1_767_571_200), date(-5), date(10**15)] == ["2026-01-05", "1970-01-01", "9999-12-31"]


def test_what_would_steer_a_terminal_or_turn_a_line_is_replaced():
    assert plain("a\n\tb  c") == "a b c"
    assert plain("\x1b[31mred\x07") == "\ufffd[31mred\ufffd"
    assert plain("pay\u202efdp.exe") == "pay\ufffdfdp.exe"
    assert plain("\ud800x") == "\ufffdx"
    assert plain("Zürich 東京") == "Zürich 東京"


def test_every_text_of_a_report_is_cleaned_and_every_number_kept():
    was = report()
    assert cleaned(was) == was
    assert cleaned(("\x1b", Verdict.ABSORBED, Interval(1, 2, 3))) == ("\ufffd", Verdict.ABSORBED, Interval(1, 2, 3))
    assert isinstance(cleaned(Interval(1, 2, 3)), Interval)


def test_every_word_of_the_terms_has_words_for_people():
    assert set(VERDICTS) == set(Verdict)
    assert set(FLAGS) == set(Flag)
    assert set(SIGNALS) == set(Signal)
    assert set(STAGES) == set(Stage)
