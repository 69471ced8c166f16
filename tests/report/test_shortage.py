"""What a diagnosis without an answer is short of."""

from msgspec import structs

from exporter.diagnosis.terms import Flag, Interval, Period, Verdict
from exporter.report.shortage import Needs
from exporter.report.shortage import short_of as short
from tests.report.reports import ABSORBED, HOUR, INSUFFICIENT, NO_GAIN, NOT_MEASURABLE, hours, weeks


def short_of(diagnosis, needs=Needs()):  # noqa: B008  # it is frozen
    return short(diagnosis, needs)


def test_other_needs_are_counted_instead():
    """Set to 20 changes of 3 authors: 2 changes are short, and 20 at 3 a week take 7 weeks, to 2026-11-30."""
    assert short_of(INSUFFICIENT.diagnosis, Needs(changes=20, authors=3)) == (
        "The current weeks: 18 changes of 20 (2 short).",
        "At 3.0 changes a week there are enough on 2026-11-30.",
    )


def test_a_gain_in_doubt_is_not_divided_by_here_either():
    told = structs.replace(ABSORBED, verdict=Verdict.INCONCLUSIVE, absorbed=Interval(0.4, 0.1, 0.7))
    assert short_of(structs.replace(told, flags=((Flag.CODING_UNRELIABLE, "So it is."),))) == ()


def test_an_answer_is_short_of_nothing():
    assert short_of(ABSORBED) == ()


def test_too_few_changes_and_authors_are_counted_and_dated():
    """18 changes in 6 weeks are 3 a week; 30 of them take 10 weeks, from 2026-10-12 to 2026-12-21."""
    assert short_of(INSUFFICIENT.diagnosis) == (
        "The current weeks: 18 changes of 30 (12 short) and 3 authors of 5 (2 short).",
        "At 3.0 changes a week there are enough on 2026-12-21.",
    )


def test_a_pace_at_which_twelve_weeks_never_suffice_is_told_as_such():
    """24 in 12 weeks are 2 a week, and 30 in 12 weeks are 2.5."""
    told = structs.replace(INSUFFICIENT.diagnosis, current=Period(weeks(34, 12), 24, 5))
    assert short_of(told) == (
        "The current weeks: 24 changes of 30 (6 short).",
        "At 2.0 changes a week, 12 weeks never hold 30: that takes 2.5 a week. A scope of more repositories can tell.",
    )


def test_a_week_that_is_begun_is_waited_for():
    """16 in 6 weeks are 2.7 a week; 30 of them take 11.25 weeks, so twelve, to 2027-01-04."""
    told = structs.replace(INSUFFICIENT.diagnosis, current=Period(weeks(40, 6), 16, 5))
    assert short_of(told)[1] == "At 2.7 changes a week there are enough on 2027-01-04."


def test_weeks_without_a_change_have_no_date():
    told = structs.replace(INSUFFICIENT.diagnosis, current=Period(weeks(34, 3), 0, 0))
    assert short_of(told)[1] == "Without any change there is no pace to go by."


def test_a_short_baseline_does_not_grow():
    told = structs.replace(INSUFFICIENT.diagnosis, baseline=Period(weeks(0, 12), 29, 5), current=None)
    assert short_of(told) == (
        "The baseline: 29 changes of 30 (1 short).",
        "A baseline is past and does not grow; a longer history or a scope of more repositories can mend it.",
    )


def test_thirty_changes_of_five_authors_are_enough():
    enough = Period(weeks(0, 12), 30, 5)
    assert short_of(structs.replace(INSUFFICIENT.diagnosis, baseline=enough, current=enough)) == ()


def test_a_gain_that_is_none_says_by_how_much():
    """Its bound is 0.7 h below 0; a tenth of 20 h of coding is 2 h, and 0.8 h is 1.2 h less."""
    assert short_of(NO_GAIN.diagnosis) == (
        "The lower bound of the gain is −0.7 h; it would have to be above 0 (0.7 h short).",
        "The gain is +0.8 h; it counts from 10 % of the baseline's coding time on, 2.0 h (1.2 h short).",
    )


def test_what_cannot_be_seen_says_how_many_more_changes_would_show_it():
    """12.5 - 6 = 6.5 h, and (12.5 / 6)^2 = 4.34."""
    seen = short_of(NOT_MEASURABLE.diagnosis)
    assert seen[0] == "The gain is 6.0 h and the least difference that could be seen is 12 h: 6.5 h short."
    assert "about 4.3 times as many changes would be needed in both spans" in seen[1]


def test_a_doubtful_interval_says_which_bounds_would_settle_it():
    told = structs.replace(ABSORBED, verdict=Verdict.INCONCLUSIVE, absorbed=Interval(0.4, 0.1, 0.7))
    assert short_of(told) == (
        "The absorbed part may be as low as 10 % and as high as 70 %: absorbed needs the first above 25 %, passed the "
        "second below 50 %.",
    )


def test_what_was_capped_by_a_doubt_alone_is_not_called_short():
    """Its interval would be an answer: its reason says what capped it."""
    assert short_of(structs.replace(ABSORBED, verdict=Verdict.INCONCLUSIVE)) == ()


def test_without_figures_nothing_is_made_up():
    bare = structs.replace(ABSORBED, gain=None, detectable=None, absorbed=None, baseline=None, current=None, stages=())
    for verdict in Verdict:
        assert short_of(structs.replace(bare, verdict=verdict)) == ()
    assert short_of(structs.replace(bare, verdict=Verdict.NOT_MEASURABLE, gain=hours(6, 1, 9), detectable=HOUR)) == ()
