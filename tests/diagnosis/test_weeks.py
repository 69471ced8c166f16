"""Which weeks are compared."""

from datetime import UTC, datetime

import pytest

from exporter.catalogue import DAY
from exporter.diagnosis.weeks import WEEK, Settings, Windows, ceiling, floor, joined, whole_weeks, windows


def second(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def day(week):
    return datetime.fromtimestamp(week, UTC).date().isoformat()


MONDAY = second("2026-11-30")
START = second("2025-01-01")


def test_weeks_begin_on_monday():
    assert floor(MONDAY) == ceiling(MONDAY) == MONDAY
    assert floor(MONDAY - 1) == MONDAY - WEEK
    assert ceiling(MONDAY + 1) == MONDAY + WEEK
    assert floor(3 * DAY) == -3 * DAY  # 4 January 1970 was a Sunday


def test_a_week_that_a_freeze_touches_is_left_out():
    freeze = (MONDAY - 2 * WEEK + 6 * DAY, MONDAY - WEEK)
    assert whole_weeks(MONDAY - 3 * WEEK, MONDAY, [freeze]) == (MONDAY - 3 * WEEK, MONDAY - WEEK)


def test_the_baseline_ends_two_weeks_before_the_adoption():
    """Two weeks before Wednesday, 3 June, is 20 May, in the week of the 18th: twelve weeks from 23 February on."""
    found = windows(MONDAY, Settings(adoption=second("2026-06-03"), start=START), {})
    assert (day(found.before[0]), day(found.before[-1]), len(found.before)) == ("2026-02-23", "2026-05-11", 12)
    assert (day(found.now[0]), day(found.now[-1]), len(found.now)) == ("2026-09-07", "2026-11-23", 12)


def test_frozen_weeks_are_made_up_for_by_earlier_ones():
    """Two weeks around the turn of the year are frozen: the current weeks reach back two further."""
    at = second("2026-02-02")
    freeze = (second("2025-12-22"), second("2026-01-03"))
    found = windows(at, Settings(adoption=second("2025-06-02"), start=START, freezes=(freeze,)), {})
    assert len(found.now) == 12
    assert found.now[0] == at - 14 * WEEK
    assert not {second("2025-12-22"), second("2025-12-29")} & set(found.now)


def test_current_weeks_begin_with_the_adoption():
    """Ten weeks and two days since: ten whole ones."""
    found = windows(MONDAY, Settings(adoption=MONDAY - 10 * WEEK - 2 * DAY, start=START), {})
    assert found.now == tuple(range(MONDAY - 10 * WEEK, MONDAY, WEEK))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            Settings(adoption=MONDAY - 7 * WEEK, start=START),
            "7 whole weeks can be compared since AI was taken up; 8 are needed",
        ),
        (
            Settings(adoption=MONDAY - 30 * WEEK, freezes=((MONDAY - 29 * WEEK, MONDAY),), start=MONDAY - 60 * WEEK),
            "1 whole week can be compared since AI was taken up; 8 are needed",
        ),
        (
            Settings(adoption=MONDAY, start=START),
            "AI is taken up after the last whole week; 8 whole weeks since then are needed",
        ),
        (
            Settings(adoption=MONDAY - 20 * WEEK, start=MONDAY - 29 * WEEK),
            "7 whole weeks can be read that end two weeks before AI was taken up; 8 are needed",
        ),
        (
            Settings(start=MONDAY - 15 * WEEK),
            "7 whole weeks with merges lie before the last 8; 8 are needed for a baseline",
        ),
    ],
)
def test_too_few_weeks_are_no_comparison(settings, reason):
    shares = dict.fromkeys(range(settings.start, MONDAY, WEEK), 0.1)
    assert windows(MONDAY, settings, shares) == reason


def test_without_an_adoption_the_quarter_with_the_least_ai_is_the_baseline():
    """60 weeks, of which 48 are before the current ones: twelve, here every fourth week."""
    weeks = range(MONDAY - 60 * WEEK, MONDAY, WEEK)
    shares = {week: 0.1 if number % 4 == 0 else 0.3 for number, week in enumerate(weeks)}
    found = windows(MONDAY, Settings(start=weeks[0]), shares)
    assert found.now == tuple(weeks[-12:])
    assert found.before == tuple(weeks[:48:4])


def test_a_short_history_is_halved():
    """Of 16 weeks eight are current, so that eight are left; of 18, ten."""
    for known, current in ((16, 8), (18, 10), (30, 12)):
        weeks = tuple(range(MONDAY - known * WEEK, MONDAY, WEEK))
        found = windows(MONDAY, Settings(start=weeks[0]), dict.fromkeys(weeks, 0.2))
        assert found == Windows(weeks[:8], weeks[-current:])


def test_a_diagnosis_is_of_whole_weeks():
    with pytest.raises(ValueError, match="not the end of a week"):
        windows(MONDAY + 1, Settings(), {})


def test_weeks_without_a_gap_are_one_stretch():
    assert joined((0, WEEK, 3 * WEEK)) == [(0, 2 * WEEK), (3 * WEEK, 4 * WEEK)]
