"""Working time between two instants, checked against a count of single minutes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ConfigError
from exporter.working_hours import WorkingHours

MINUTE, HOUR, DAY = 60, 3600, 86400

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo")


def at(written: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp())


def counted_by_minutes(hours: WorkingHours, since: int, until: int) -> int:
    """The naive count; right for hours that begin and end on whole minutes."""
    return sum(MINUTE for minute in range(since, until, MINUTE) if hours.open(minute))


def test_a_weekend_does_not_count():
    """Friday 16:00 to Monday 10:00 is one hour before the weekend and one after it."""
    hours = WorkingHours()
    assert hours.elapsed(at("2026-01-09 16:00"), at("2026-01-12 10:00")) == 2 * HOUR


def test_a_holiday_does_not_count_and_one_on_a_sunday_takes_nothing():
    """Of Thursday and Friday, a holiday on Friday leaves the 8 hours of Thursday."""
    hours = WorkingHours(holidays=("2026-01-09", "2026-01-11"))
    assert hours.elapsed(at("2026-01-08 00:00"), at("2026-01-12 00:00")) == 8 * HOUR
    assert not hours.open(at("2026-01-09 10:00"))
    assert hours.open(at("2026-01-12 10:00"))


def test_the_same_holiday_written_twice_counts_once():
    hours = WorkingHours(holidays=("2026-01-09", "2026-01-09"))
    assert hours.elapsed(at("2026-01-05 00:00"), at("2026-01-12 00:00")) == 4 * 8 * HOUR


def test_a_zone_without_daylight_saving_is_half_an_hour_off():
    """09:00 in Kolkata is 03:30 in UTC."""
    hours = WorkingHours(zone="Asia/Kolkata")
    assert not hours.open(at("2026-01-05 03:29:59"))
    assert hours.open(at("2026-01-05 03:30"))
    assert hours.elapsed(at("2026-01-05 00:00"), at("2026-01-05 04:00")) == 30 * MINUTE


@pytest.mark.parametrize(
    ("day", "worked"),
    [("2026-03-29", 23 * HOUR), ("2026-10-25", 25 * HOUR), ("2026-06-07", 24 * HOUR)],
    ids=["clocks go forward", "clocks go back", "an ordinary Sunday"],
)
def test_a_team_that_never_sleeps_works_the_true_length_of_a_berlin_day(day, worked):
    hours = WorkingHours(zone="Europe/Berlin", days=tuple(range(7)), start=0, end=DAY)
    begins = at(f"{day} 00:00", "Europe/Berlin")
    assert hours.elapsed(begins, begins + worked) == worked
    nights = WorkingHours(zone="Europe/Berlin", days=(6,), start=0, end=DAY)
    assert nights.elapsed(begins - 3 * HOUR, begins + worked + 3 * HOUR) == worked


def test_an_hour_that_happens_twice_counts_twice():
    """In Berlin 02:30 to 02:45 comes twice on 2026-10-25, and not at all on 2026-03-29."""
    hours = WorkingHours(zone="Europe/Berlin", days=(6,), start=9000, end=9900)
    assert hours.elapsed(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == 2 * 15 * MINUTE
    assert hours.elapsed(at("2026-03-29 00:00"), at("2026-03-30 00:00")) == 0


def test_backwards_is_nothing():
    assert WorkingHours().elapsed(at("2026-01-06 12:00"), at("2026-01-06 10:00")) == 0


def test_years_before_the_epoch_and_years_long_spans_are_whole_weeks():
    """2020 to 2025 in UTC has 1,566 weekdays of 8 hours; the first days of 1969 count as well."""
    hours = WorkingHours()
    assert hours.elapsed(at("2020-01-01 00:00"), at("2026-01-01 00:00")) == 1566 * 8 * HOUR
    assert hours.elapsed(at("1969-01-06 00:00"), at("1969-01-13 00:00")) == 5 * 8 * HOUR


def test_every_fault_is_named_at_once():
    with pytest.raises(ConfigError) as raised:
        WorkingHours(zone="Mars/Olympus", days=(0, 7), start=9 * HOUR, end=9 * HOUR, holidays=("25.12.",))
    said = str(raised.value)
    assert [word in said for word in ("Mars/Olympus", "[0, 7]", "32400", "25.12.")] == [True] * 4


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "Europe/", "Europe"])
def test_a_zone_that_is_no_zone_is_a_fault_not_a_crash(zone):
    with pytest.raises(ConfigError, match="IANA name"):
        WorkingHours(zone=zone)


INSTANT = st.integers(at("2024-01-01 00:00"), at("2027-12-31 00:00"))
TEAMS = st.builds(
    WorkingHours,
    zone=st.sampled_from(ZONES),
    days=st.lists(st.integers(0, 6), unique=True, max_size=7).map(tuple),
    start=st.integers(0, 719).map(lambda minute: minute * MINUTE),
    end=st.integers(720, 1440).map(lambda minute: minute * MINUTE),
    holidays=st.lists(st.dates(datetime(2024, 1, 1).date(), datetime(2027, 12, 31).date()), max_size=9).map(  # noqa: DTZ001
        lambda days: tuple(day.isoformat() for day in days)
    ),
)


@given(TEAMS, st.tuples(INSTANT, INSTANT, INSTANT).map(sorted))
@settings(max_examples=150, deadline=None)
def test_working_time_adds_up_and_never_exceeds_elapsed_time(hours, instants):
    first, second, third = instants
    assert hours.elapsed(first, third) == hours.elapsed(first, second) + hours.elapsed(second, third)
    assert 0 <= hours.elapsed(first, second) <= hours.elapsed(first, third) <= third - first


# The days around a change of clocks in every zone above that has one, and any other day.
EDGES = [
    at(day)
    for day in (
        "2025-03-30",
        "2025-10-26",
        "2026-03-29",
        "2026-10-25",
        "2026-03-08",
        "2026-11-01",
        "2026-04-05",
        "2026-10-04",
    )
]


@given(TEAMS, st.one_of(st.sampled_from(EDGES), INSTANT), st.integers(-1500, 1500), st.integers(0, 4000))
@settings(max_examples=60, deadline=None)
def test_working_time_equals_a_count_of_single_minutes(hours, day, shift, length):
    since = (day // MINUTE + shift) * MINUTE
    until = since + length * MINUTE
    assert hours.elapsed(since, until) == counted_by_minutes(hours, since, until)


@given(TEAMS, INSTANT)
@settings(max_examples=60, deadline=None)
def test_open_is_the_growth_of_elapsed(hours, instant):
    assert hours.elapsed(instant, instant + 1) == int(hours.open(instant))


def test_a_second_is_measured_exactly():
    """From 08:59:59 to 09:00:01 one second is worked."""
    monday = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp())
    assert WorkingHours().elapsed(monday - 1, monday + 1) == 1
