"""One credential's requests: what is repeated, what is cut, what is given up, and after which waits."""

import asyncio
import threading

import msgspec
import pytest

from exporter.errors import (
    Garbled,
    NotFound,
    Overloaded,
    Partial,
    RateLimited,
    Refused,
    SecondaryLimited,
    ServerError,
    Shifted,
    TooSlow,
    Unauthorised,
    Unreachable,
)
from exporter.providers.base import Budget, Page
from exporter.providers.github.answers import check
from tests.runtime.waiting import answer, lane, request


def ask(made, asked=None, **how):
    return asyncio.run(made.ask(asked or request(), **how))


def raising(error):
    def read(response):
        raise error

    return read


def test_a_good_answer_is_read_once():
    made, wire, time = lane([answer()])
    page = Page(truncated=3)
    assert ask(made, request(lambda response: page)) is page
    assert (len(wire.sent), time.slept) == (1, [])


def test_an_answer_that_takes_long_to_read_is_read_aside_and_its_faults_are_faults():
    """The event loop serves scrapes meanwhile."""
    where = []

    def read(response):
        where.append(threading.current_thread())
        raise ValueError("odd")

    made, wire, _ = lane([answer()] * 5)
    with pytest.raises(Garbled, match="odd"):
        ask(made, request(read, slow=True))
    assert threading.main_thread() not in where
    assert len(wire.sent) == 5


@pytest.mark.parametrize(
    "error", [Unreachable("x"), TooSlow("x"), ServerError("x"), Garbled("x"), Partial("x"), Shifted("x")]
)
def test_what_may_pass_is_asked_five_times_with_doubled_waits(error):
    """1, 2, 4 and 8 seconds, each with up to a second of jitter."""
    made, wire, time = lane([error] * 5)
    with pytest.raises(type(error)):
        ask(made)
    assert len(wire.sent) == 5
    assert len(time.slept) == 4
    assert all(least <= wait <= least + 1 for least, wait in zip((1, 2, 4, 8), time.slept, strict=True))


def test_the_first_wait_is_as_configured_and_none_is_longer_than_a_minute():
    made, _, time = lane([ServerError("x")] * 5, first_wait=20)
    with pytest.raises(ServerError):
        ask(made)
    assert 20 <= time.slept[0] <= 40
    assert time.slept[2:] == [60, 60]


@pytest.mark.parametrize("error", [Unauthorised("x"), Refused("x"), NotFound("x"), Overloaded("x")])
def test_what_will_not_pass_is_asked_once(error):
    made, wire, time = lane([error])
    with pytest.raises(type(error)):
        ask(made)
    assert (len(wire.sent), time.slept) == (1, [])


def test_every_failed_attempt_but_the_last_is_counted_here_and_the_last_by_whoever_gets_it():
    made, _, _ = lane([ServerError("x"), Garbled("y"), answer()])
    ask(made)
    assert made.health.errors["forge", "server_error"] == 1
    assert made.health.errors["forge", "bad_answer"] == 1


@pytest.mark.parametrize("error", [TooSlow("x"), ServerError("x"), Overloaded("x")])
def test_a_question_that_is_too_large_comes_back_in_pieces(error):
    pieces = (request(), request())
    made, _, time = lane([error])
    assert ask(made, request(smaller=lambda: pieces)) == Page(then=pieces)
    assert time.slept == [1]
    assert made.health.errors["forge", error.reason] == 1


def test_a_question_that_cannot_be_cut_is_repeated():
    made, wire, _ = lane([ServerError("x"), answer()])
    ask(made, request(smaller=lambda: ()))
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), IndexError("x"), ValueError("x"), TypeError("x"), OverflowError("x"), msgspec.ValidationError("x")],
)
def test_an_answer_that_cannot_be_read_is_a_bad_answer(error):
    made, _, _ = lane([answer()] * 5)
    with pytest.raises(Garbled):
        ask(made, request(raising(error)))


def test_a_limit_with_retry_after_is_kept_and_the_question_repeated():
    limited = answer(429, retry_after="20")
    made, wire, time = lane([limited, answer()])
    ask(made, request(lambda response: check(response) or Page()))
    assert (len(wire.sent), time.slept) == (2, [20])


def test_a_limit_without_retry_after_is_a_minute_and_the_next_is_left_to_another_pass():
    """The second refusal asks for two minutes, which is more than a request waits."""
    made, wire, time = lane([answer(429), answer(429)])
    with pytest.raises(SecondaryLimited):
        ask(made, request(lambda response: check(response) or Page()))
    assert (len(wire.sent), time.slept) == (2, [60])
    assert made.limits.wait() == 120


def test_a_spent_limit_that_resets_in_an_hour_ends_the_question():
    made, wire, time = lane([RateLimited("spent", after=3600)])
    with pytest.raises(RateLimited):
        ask(made)
    assert (len(wire.sent), time.slept) == (1, [])


def test_the_time_of_an_answer_that_never_came_counts_against_the_servers_minute():
    """Two requests of 30 s without an answer: the third waits until the first is a minute old."""
    made, _, time = lane([TooSlow("x"), TooSlow("x"), answer()], takes=30.0)
    start = time.now
    ask(made)
    assert time.now >= start + 30 + 60 + 30


def test_a_budget_in_headers_or_body_is_kept_and_told():
    headers = {
        "x_ratelimit_limit": "5000",
        "x_ratelimit_remaining": "4000",
        "x_ratelimit_reset": "99999",
        "x_ratelimit_resource": "core",
    }
    made, _, _ = lane([answer(**headers)])
    ask(made, request(lambda response: Page(budget=Budget("graphql", 5000, 3000, 99999))))
    assert {key: each.remaining for key, each in made.health.budgets.items()} == {
        ("forge", "core"): 4000,
        ("forge", "graphql"): 3000,
    }


def test_below_the_reserve_only_what_is_urgent_is_asked():
    made, wire, _ = lane([answer(), answer()])
    low = Budget("graphql", 5000, 900, made.clock.now() + 3000)
    ask(made, request(lambda response: Page(budget=low)))
    with pytest.raises(RateLimited):
        ask(made, urgent=False)
    ask(made)
    assert len(wire.sent) == 2


def test_a_rejected_credential_is_replaced_at_once_where_another_can_be_had():
    read = lambda response: check(response) or Page()  # noqa: E731
    made, wire, _ = lane([answer(401), answer()], another=True)
    ask(made, request(read))
    assert [authorization for _, authorization in wire.sent] == ["Bearer number-1", "Bearer number-2"]
    for another, sent in ((True, 2), (False, 1)):
        made, wire, _ = lane([answer(401)] * 2, another=another)
        with pytest.raises(Unauthorised):
            ask(made, request(read))
        assert len(wire.sent) == sent
