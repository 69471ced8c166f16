"""When the next request may go."""

import asyncio

import pytest

from exporter.errors import RateLimited, SecondaryLimited
from exporter.providers.base import Budget
from exporter.runtime.limits import Limits
from tests.runtime.waiting import Time

NOW = 1_000_000
"""The server's time."""


def limits(reserve: float = 0.2) -> tuple[Limits, Time]:
    time = Time()
    return Limits("forge", reserve, sleep=time.sleep, monotonic=time), time


def budget(remaining: int, resets_in: int = 60, resource: str = "graphql") -> Budget:
    return Budget(resource, 5000, remaining, NOW + resets_in)


def test_without_limits_nobody_waits():
    made, time = limits()
    asyncio.run(made.turn())
    asyncio.run(made.turn(urgent=False))
    assert time.slept == []


def test_a_secondary_limit_is_waited_for_as_long_as_the_server_asks():
    made, time = limits()
    made.refused(SecondaryLimited("slow down", after=7))
    asyncio.run(made.turn())
    assert time.slept == [7]


def test_without_a_wish_of_the_server_it_is_a_minute_and_longer_each_time():
    made, _ = limits()
    waits = []
    for _ in range(6):
        made.blocked_until = 0
        made.refused(SecondaryLimited("slow down"))
        waits.append(made.wait())
    assert waits == [60, 120, 240, 480, 900, 900]


def test_a_good_answer_forgets_the_earlier_refusals():
    made, time = limits()
    made.refused(SecondaryLimited("slow down"))
    time.now += 60
    made.answered()
    made.refused(SecondaryLimited("slow down"))
    assert made.wait() == 60


@pytest.mark.parametrize("error", [RateLimited("the limit is spent", after=3000), SecondaryLimited("slow", after=3000)])
def test_a_long_wait_is_left_to_another_pass(error):
    """So that nothing hangs for an hour in the middle of a pass."""
    made, time = limits()
    made.refused(error)
    time.now += 100
    with pytest.raises(type(error)) as raised:
        asyncio.run(made.turn())
    assert (str(raised.value), raised.value.after, time.slept) == (str(error), 2900, [])


def test_history_leaves_the_reserve_alone_and_polls_half_of_it():
    """A fifth of 5,000 is 1,000; half of that is 500."""
    seen = {}
    for remaining in (1000, 999, 500, 499):
        made, _ = limits()
        made.heard(budget(remaining), NOW)
        seen[remaining] = (made.wait(), made.wait(urgent=False))
    assert seen == {1000: (0, 0), 999: (0, 60), 500: (0, 60), 499: (60, 60)}


def test_the_reserve_is_free_again_at_the_reset():
    made, time = limits()
    made.heard(budget(100, resets_in=30), NOW)
    asyncio.run(made.turn(urgent=False))
    assert time.slept == [30]


def test_a_fuller_budget_lifts_the_wait_and_one_of_another_resource_does_not():
    """A token that was replaced by another user's has a limit of its own."""
    made, _ = limits()
    made.heard(budget(100), NOW)
    made.heard(budget(5000, resource="core"), NOW)
    assert made.wait() == 60
    made.heard(budget(4999), NOW)
    assert made.wait() == 0


def test_a_limit_whose_reset_has_passed_says_nothing():
    made, _ = limits()
    made.heard(budget(0, resets_in=0), NOW)
    assert made.wait() == 0


def test_without_a_reserve_everything_may_be_spent():
    made, _ = limits(reserve=0)
    made.heard(budget(0), NOW)
    assert made.wait(urgent=False) == 0


def test_more_than_fifty_seconds_of_answers_in_a_minute_are_a_reason_to_rest():
    """Answers of 20 s at 0, 20 and 40 s: at 40 s the last minute holds 60 s, until the first is a minute old."""
    made, time = limits()
    start = time.now
    for _ in range(3):
        made.took(20)
        time.now += 20
    time.now -= 20
    asyncio.run(made.turn())
    assert time.now == start + 60
    assert made.wait() == 0


def test_fifty_seconds_of_answers_in_a_minute_are_not_too_many():
    made, _ = limits()
    made.took(50)
    assert made.wait() == 0
