"""Every fault does what its name says, for as long as it is on, and to no other request."""

import http.client
import json
import time
from collections.abc import Iterator

import pytest

from exporter.providers.github import queries
from tests.double.client import Got, ask
from tests.double.faults import KINDS
from tests.double.hand import hand_made
from tests.double.server import Double, serve


@pytest.fixture(scope="module")
def running() -> Iterator[Double]:
    with serve(hand_made().world, fast=True) as double:
        yield double


@pytest.fixture
def double(running: Double) -> Iterator[Double]:
    yield running
    running.heal()
    running.reset()


def page(double: Double, first: int = 100) -> Got:
    """A page of the search over all."""
    return ask(double, queries.SEARCH, q="org:acme user:umbrella is:pr", first=first, after=None, types=[])


def test_a_fault_lasts_for_its_number_of_requests(double: Double):
    fault = double.fail("status", times=2)
    assert [page(double).status for _ in range(3)] == [502, 502, 200]
    assert fault.met == 2
    assert [one.fault for one in double.requests] == ["status", "status", ""]


def test_a_fault_without_a_number_lasts_until_it_is_lifted(double: Double):
    fault = double.fail("status", times=None, code=503)
    assert [page(double).status for _ in range(3)] == [503] * 3
    fault.lift()
    assert page(double).status == 200


def test_a_fault_may_be_for_one_operation_or_a_predicate(double: Double):
    double.fail("status", times=None, when="Pulse", code=504)
    double.fail("status", times=None, when=lambda asked: "umbrella" in str(asked.variables), code=500)
    assert page(double).status == 500
    assert ask(double, queries.PULSE, ids=["R_shop"]).status == 504
    assert ask(double, queries.counts(1), q0="org:acme is:pr").status == 200


@pytest.mark.parametrize(("after", "expected"), [(None, None), (7, "7")])
def test_a_gateways_answer_may_carry_retry_after(double: Double, after: int | None, expected: str | None):
    double.fail("status", code=503, after=after)
    got = page(double)
    assert (got.status, got.headers.get("retry-after")) == (503, expected)


def test_a_reset_connection_answers_nothing(double: Double):
    double.fail("reset")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        page(double)
    assert page(double).status == 200


def test_a_cut_answer_ends_before_its_length(double: Double):
    double.fail("cut")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        page(double)
    assert page(double).status == 200


def test_a_truncated_answer_is_whole_http_and_half_json(double: Double):
    double.fail("truncated")
    got = page(double)
    assert got.status == 200
    assert int(got.headers["content-length"]) == len(got.body.encode())
    with pytest.raises(json.JSONDecodeError):
        json.loads(got.body)


def test_a_web_page_comes_with_status_200(double: Double):
    double.fail("html")
    got = page(double)
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert got.body.startswith("<!DOCTYPE html>")


def test_refusals_have_githubs_words(double: Double):
    for name, status, words in (
        ("unauthorised", 401, "Bad credentials"),
        ("forbidden", 403, "Resource not accessible by personal access token"),
    ):
        double.fail(name)
        got = page(double)
        assert (got.status, got.json["message"]) == (status, words)


@pytest.mark.parametrize(("after", "code"), [(None, 403), (5, 403), (None, 429), (5, 429)])
def test_the_secondary_limit_speaks_with_and_without_retry_after(double: Double, after: int | None, code: int):
    double.fail("secondary", after=after, code=code)
    got = page(double)
    assert got.status == code
    assert got.json["message"].startswith("You have exceeded a secondary rate limit")
    assert got.headers.get("retry-after") == (None if after is None else str(after))


def test_the_primary_limit_speaks_in_a_200_or_in_a_403(double: Double):
    double.fail("primary", reset=1_750_000_000)
    got = page(double)
    assert (got.status, got.json["errors"][0]["type"]) == (200, "RATE_LIMITED")
    assert (got.headers["x-ratelimit-remaining"], got.headers["x-ratelimit-reset"]) == ("0", "1750000000")
    double.fail("primary", code=403)
    got = page(double)
    assert (got.status, got.headers["x-ratelimit-remaining"]) == (403, "0")


def test_a_query_may_take_too_much(double: Double):
    double.fail("resource_limits")
    got = page(double).json
    assert (got["data"], got["errors"][0]["type"]) == (None, "RESOURCE_LIMITS_EXCEEDED")


def test_halving_helps_against_a_page_that_is_too_large(double: Double):
    double.fail("over", times=None, first=30)
    assert [page(double, first).status for first in (100, 50, 25)] == [502, 502, 200]


def test_a_slow_answer_is_the_proper_one(double: Double):
    """It takes its time, and a client that does not wait goes away."""
    double.fail("slow", seconds=0.2)
    began = time.monotonic()
    assert page(double).status == 200
    assert time.monotonic() - began >= 0.2


def test_without_search_everything_else_works(double: Double):
    double.fail("no_search", times=None)
    got = page(double).json
    assert (got["data"], got["errors"][0]["path"]) == (None, ["search"])
    assert ask(double, queries.PULSE, ids=["R_shop"]).json["data"]["nodes"][0]["id"] == "R_shop"


def test_one_node_of_a_page_may_be_null(double: Double):
    double.fail("null_node", n=2)
    got = page(double).json
    assert [n for n, node in enumerate(got["data"]["search"]["nodes"]) if node is None] == [2]
    assert [(one["type"], one["path"]) for one in got["errors"]] == [("FORBIDDEN", ["search", "nodes", 2])]


def test_all_nodes_of_one_repository_may_be_null(double: Double):
    """The archived repository's only change, and the repository itself in a list of nodes."""
    whole = page(double).json["data"]["search"]["nodes"]
    place = next(n for n, node in enumerate(whole) if node["repository"]["id"] == "R_old")
    double.fail("null_repository", times=2, repository="R_old", kind="FORBIDDEN")
    got = page(double).json
    assert [n for n, node in enumerate(got["data"]["search"]["nodes"]) if node is None] == [place]
    assert [(one["type"], one["path"]) for one in got["errors"]] == [("FORBIDDEN", ["search", "nodes", place])]
    got = ask(double, queries.PULSE, ids=["R_shop", "R_old"]).json
    assert got["data"]["nodes"][1] is None
    assert got["errors"][0]["path"] == ["nodes", 1]


def test_an_error_may_come_without_a_place_beside_all_data(double: Double):
    double.fail("complaint")
    got = page(double).json
    assert len(got["data"]["search"]["nodes"]) == 21
    assert [sorted(one) for one in got["errors"]] == [["message"]]


def test_a_failed_request_is_not_charged(double: Double):
    double.fail("status")
    page(double)
    assert double.points() == 0
    page(double)
    assert double.points() == 1


def test_an_unknown_fault_is_refused(double: Double):
    assert "status" in KINDS
    with pytest.raises(KeyError, match="nonsense"):
        double.fail("nonsense")
