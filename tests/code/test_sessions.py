"""Session time of commits, and the part of it that went into tests."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.code.sessions import DAY, MOST, Authored, Work, session_seconds, updated, work_on_tests
from exporter.policy import Policy, compile_rules, packaged

POLICY = Policy(compile_rules(packaged()))
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
MINUTE = 60


def commits(*times, author="ada", agent=False):
    """Commits at hours ("9:30") of Monday, keyed by what is written."""
    for time in times:
        hour, minute = map(int, time.split(":"))
        yield Authored(time, author, MONDAY + 3600 * hour + MINUTE * minute, agent)


def minutes(*stated):
    return {key: seconds / MINUTE for key, seconds in session_seconds(each for some in stated for each in some).items()}


def test_a_session_is_its_gaps_and_half_an_hour_before_its_first_commit():
    """9:00 began a session: 30. 9:45 and 11:45 follow within two hours: 45, 120. 13:46 does not: 30 again."""
    assert minutes(commits("9:00", "9:45", "11:45", "13:46")) == {"9:00": 30, "9:45": 45, "11:45": 120, "13:46": 30}


def test_authors_have_sessions_of_their_own():
    assert minutes(commits("9:00", "10:00"), commits("9:40", "11:00", author="bob")) == {
        "9:00": 30,
        "10:00": 60,
        "9:40": 30,
        "11:00": 80,
    }


def test_no_day_of_an_author_is_longer_than_eight_hours():
    """30 + 7 x 60 = 450 minutes until 15:00; of the hour until 16:00 half is left, and none of the next."""
    hours = [f"{hour}:00" for hour in range(8, 18)]
    told = minutes(commits(*hours, "24:10"))
    assert [told[hour] for hour in hours] == [30, 60, 60, 60, 60, 60, 60, 60, 30, 0]
    assert told["24:10"] == 30


def test_a_session_over_midnight_counts_on_the_day_of_each_commit():
    assert minutes(commits("23:30", "24:30")) == {"23:30": 30, "24:30": 60}


def test_an_agents_commit_takes_nobodys_time_and_joins_nothing():
    """The agent's commit at 11:00 is no bridge: 10:00 to 12:30 is a pause, so 12:30 begins a session."""
    assert minutes(commits("10:00", "12:30"), commits("11:00", agent=True)) == {"10:00": 30, "11:00": 0, "12:30": 30}


def test_commits_of_one_second_share_one_credit():
    same = [Authored(key, "ada", MONDAY, False) for key in "ab"]
    assert session_seconds(same) == {"a": 1800, "b": 0}


STATED = st.lists(
    st.builds(
        Authored,
        key=st.text("abcdefgh", min_size=1, max_size=3),
        author=st.sampled_from(["ada", "bob"]),
        at=st.integers(0, 4 * DAY),
        agent=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda commit: commit.key,
)


@given(STATED, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(stated, rng):
    again = [*stated, *stated[: len(stated) // 2]]
    rng.shuffle(again)
    assert session_seconds(again) == session_seconds(stated)


@given(STATED)
def test_no_author_day_exceeds_the_cap_and_nothing_is_negative(stated):
    told = session_seconds(stated)
    days = {}
    for commit in stated:
        assert told[commit.key] >= 0
        days[commit.author, commit.at // DAY] = days.get((commit.author, commit.at // DAY), 0) + told[commit.key]
    assert all(each <= MOST for each in days.values())


@given(STATED, st.integers(0, 4 * DAY))
def test_later_commits_change_no_earlier_value(stated, until):
    early = [commit for commit in stated if commit.at <= until]
    whole = session_seconds(stated)
    assert session_seconds(early) == {commit.key: whole[commit.key] for commit in early}


def test_time_goes_to_lines_and_test_lines_to_update_and_new():
    """Of 100 lines by hand 30 + 10 are in tests, 2 x 10 of them updates and 30 - 10 new: 20 and 20 of 100 parts."""
    files = [("shop.py", 40, 20), ("tests/test_shop.py", 30, 10), ("poetry.lock", 900, 300)]
    assert work_on_tests(files, 3600, POLICY) == Work(update=720, new=720)


@pytest.mark.parametrize(
    ("file", "work"),
    [
        (("tests/test_new.py", 12, 0), Work(0, 600)),
        (("tests/test_gone.py", 0, 12), Work(600, 0)),
        (("tests/test_shop.py", 5, 5), Work(600, 0)),
        (("tests/test_shop.py", 2, 6), Work(600, 0)),
        (("tests/test_shop.py", 9, 3), Work(300, 300)),  # 2 x 3 of 12 lines
        (("tests/logo.png", 0, 0), Work(0, 0)),
        (("shop.py", 9, 3), Work(0, 0)),
    ],
)
def test_one_file_alone(file, work):
    assert work_on_tests([file], 600, POLICY) == work


def test_a_snapshot_file_that_a_tool_wrote_took_no_time():
    files = [("a.py", 1, 0), ("__snapshots__/a.test.js.snap", 500, 0)]
    assert work_on_tests(files, 600, POLICY) == Work(0, 0)


LINES = st.integers(0, 5000)


@given(LINES, LINES)
def test_update_and_new_lines_are_all_lines(added, deleted):
    assert updated(added, deleted) + max(added - deleted, 0) == added + deleted


@given(st.lists(st.tuples(st.sampled_from(["a.py", "tests/a.py", "go.sum"]), LINES, LINES)), st.integers(0, 28_800))
def test_both_parts_together_never_exceed_the_session(files, seconds):
    work = work_on_tests(files, seconds, POLICY)
    assert work.update >= 0
    assert work.new >= 0
    assert sum(work) <= seconds
