"""The double answers over HTTP as GitHub does: tokens, limits, pages, and a log of what was asked."""

import http.client
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exporter.providers.github import queries
from tests.double.client import ask, call
from tests.double.hand import NOW, hand_made
from tests.double.made import made_world
from tests.double.server import TOKEN, Double, serve
from tests.double.world import World

TYPES = list(queries.TIMELINE_TYPES)


@pytest.fixture
def double() -> Iterator[Double]:
    with serve(hand_made().world) as double:
        yield double


def search(double: Double, q: str, first: int = 100, after: str | None = None) -> Any:
    """A page of a search, as data."""
    got = ask(double, queries.SEARCH, q=q, first=first, after=after, types=TYPES)
    assert "errors" not in got.json, got.json["errors"]
    return got.json["data"]["search"]


def pages(double: Double, q: str, first: int) -> Iterator[list[Any]]:
    """All pages of a search, one after another."""
    after: str | None = None
    more = True
    while more:
        page = search(double, q, first, after)
        yield page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


def test_a_query_is_answered_at_github_coms_and_the_enterprise_servers_address(double: Double):
    for path in ("/graphql", "/api/graphql"):
        got = ask(double, queries.counts(1), path, q0="org:acme is:pr")
        assert (got.status, got.json["data"]["c0"]) == (200, {"issueCount": 15})
    assert call(double, "GET", "/meta").json == call(double, "GET", "/api/v3/meta").json
    assert double.enterprise_url == f"{double.url}/api/v3"


def test_a_wrong_token_is_bad_credentials_and_none_is_no_authentication(double: Double):
    body = {"query": "{ rateLimit { limit } }"}
    wrong = call(double, "POST", "/graphql", body, token="nonsense")
    assert (wrong.status, wrong.json["message"]) == (401, "Bad credentials")
    absent = call(double, "POST", "/graphql", body, token=None)
    assert (absent.status, absent.json["message"]) == (401, "This endpoint requires you to be authenticated.")
    double.revoke()
    assert ask(double, "{ rateLimit { limit } }").status == 401
    double.restore()
    assert ask(double, "{ rateLimit { limit } }").status == 200


def test_the_date_is_the_worlds(double: Double):
    """The world told by hand stands at 30 June 2025."""
    assert ask(double, "{ rateLimit { limit } }").headers["date"] == "Mon, 30 Jun 2025 00:00:00 GMT"
    double.world.now = NOW + 61
    assert ask(double, "{ rateLimit { limit } }").headers["date"] == "Mon, 30 Jun 2025 00:01:01 GMT"


def test_a_search_gives_out_no_more_than_a_thousand_of_what_it_counts():
    """1,010 changes: ten pages of 100, and the count of all."""
    with serve(made_world(3, 1010, days=5), fast=True) as double:
        rows = [node["id"] for page in pages(double, "org:acme is:pr sort:created-asc", 100) for node in page]
        assert search(double, "org:acme is:pr", 1)["issueCount"] == 1010
        assert (len(rows), len(set(rows))) == (1000, 1000)


def test_pages_shift_when_the_set_changes_between_them(double: Double):
    """Six by update in pages of three: once the first moves to the end, the fourth becomes the third and is missed."""
    world = double.world
    home = world.add_repository("shift/one")
    pulls = [world.open(home, at=NOW - 600 + n) for n in range(6)]
    turn = itertools.count(1)
    double.on_request(lambda asked: world.comment(pulls[0], "bob", at=NOW) if next(turn) == 2 else None)
    seen = [node["number"] for page in pages(double, "repo:shift/one is:pr sort:updated-asc", 3) for node in page]
    assert seen == [1, 2, 3, 5, 6, 1]


def test_points_are_charged_and_told(double: Double):
    """A page of search is one point; Files of 100 ids is one; 151 aliases are 151 requests, which is two."""
    double.limits.points = 100
    first = ask(double, queries.SEARCH, q="org:acme is:pr", first=100, after=None, types=TYPES)
    assert first.json["data"]["rateLimit"] | {"resetAt": ""} == {
        "cost": 1,
        "limit": 100,
        "remaining": 99,
        "resetAt": "",
    }
    second = ask(double, queries.counts(151), **{f"q{n}": "org:acme is:pr" for n in range(151)})
    assert second.json["data"]["rateLimit"]["cost"] == 2
    assert second.headers["x-ratelimit-remaining"] == "97"
    assert second.headers["x-ratelimit-used"] == "3"
    assert second.headers["x-ratelimit-resource"] == "graphql"
    assert double.points() == 3
    assert double.points("Counts") == 2
    assert call(double, "GET", "/rate_limit").json["resources"]["graphql"]["used"] == 3


def test_a_spent_limit_is_an_error_with_status_200_until_the_reset():
    """Two points: the third query is refused; an hour of the world's clock later it is not."""
    with serve(hand_made().world, clock="world") as double:
        double.limits.points = 2
        got = [ask(double, "{ rateLimit { remaining } }") for _ in range(3)]
        assert [one.status for one in got] == [200, 200, 200]
        assert got[1].json == {"data": {"rateLimit": {"remaining": 0}}}
        assert got[2].json["errors"][0]["type"] == "RATE_LIMITED"
        assert got[2].headers["x-ratelimit-remaining"] == "0"
        assert got[2].headers["x-ratelimit-reset"] == str(NOW + 3600)
        double.world.now = NOW + 3600
        assert "errors" not in ask(double, "{ rateLimit { remaining } }").json


def test_limits_are_per_token(double: Double):
    double.limits.points = 1
    double.add_token("another")
    body = {"query": "{ rateLimit { remaining } }"}
    assert [call(double, "POST", "/graphql", body, token=token).json.keys() for token in (TOKEN, "another")] == [
        {"data"},
        {"data"},
    ]


def test_where_nothing_is_limited_nothing_is_said_of_limits(double: Double):
    double.limits.on = False
    double.limits.points = 0
    got = ask(double, "{ rateLimit { remaining } }")
    assert (got.status, got.json) == (200, {"data": {"rateLimit": None}})
    assert [name for name in got.headers if name.startswith("x-ratelimit")] == []


def test_too_many_queries_a_minute_meet_the_secondary_limit(double: Double):
    double.limits.per_minute = 2
    got = [ask(double, "{ rateLimit { remaining } }") for _ in range(3)]
    assert [one.status for one in got] == [200, 200, 403]
    assert "secondary rate limit" in got[2].json["message"]
    assert got[2].headers["retry-after"] == "60"


def test_the_log_tells_what_was_asked_and_not_by_which_token(double: Double):
    ask(double, queries.counts(1), q0="org:acme is:pr")
    call(double, "GET", "/nowhere")
    logged = double.requests
    assert [(one.method, one.path, one.operation, one.points, one.status) for one in logged] == [
        ("POST", "/graphql", "Counts", 1, 200),
        ("GET", "/nowhere", "", 0, 404),
    ]
    assert logged[0].variables == {"q0": "org:acme is:pr"}
    assert TOKEN not in repr(logged)
    assert (double.count(), double.count("Counts"), double.count("/nowhere")) == (2, 1, 1)
    double.reset()
    assert double.count() == 0


def test_an_invalid_query_is_told_as_errors_without_data(double: Double):
    got = ask(double, "{ nonsense }").json
    assert "data" not in got
    assert "nonsense" in got["errors"][0]["message"]
    assert "errors" in ask(double, "{ rateLimit {").json


def test_a_page_without_a_size_is_an_error_with_githubs_word(double: Double):
    got = ask(double, '{ search(query: "is:pr", type: ISSUE) { issueCount } }').json
    assert got["data"] is None
    assert (got["errors"][0]["type"], got["errors"][0]["path"]) == ("MISSING_PAGINATION_BOUNDARIES", ["search"])


def test_an_unknown_repository_is_null_with_not_found(double: Double):
    given = {"owner0": "acme", "name0": "shop", "owner1": "acme", "name1": "gone", "topics": False}
    got = ask(double, queries.named(2), **given).json
    assert (got["data"]["r0"]["id"], got["data"]["r1"]) == ("R_shop", None)
    assert [(one["type"], one["path"]) for one in got["errors"]] == [("NOT_FOUND", ["r1"])]


def test_a_renamed_repository_keeps_its_id_and_answers_to_both_names(double: Double):
    double.world.rename(double.world.names["acme/shop"], "acme/store")
    given = {"owner0": "acme", "name0": "shop", "owner1": "acme", "name1": "store", "topics": False}
    data = ask(double, queries.named(2), **given).json["data"]
    assert [data[key]["id"] for key in ("r0", "r1")] == ["R_shop", "R_shop"]
    assert data["r0"]["nameWithOwner"] == "acme/store"
    assert search(double, "repo:acme/shop is:pr", 1)["issueCount"] == 0
    assert search(double, "repo:acme/store is:pr", 1)["issueCount"] == 7


def test_a_deleted_or_emptied_repository_has_nothing_left(double: Double):
    world = double.world
    world.delete(world.names["acme/pay-api"])
    world.empty(world.names["acme/shop"])
    assert search(double, "org:acme is:pr", 1)["issueCount"] == 1
    got = ask(double, queries.LATEST, ids=["R_shop", "R_pay"], first=5, after=None, states=None, types=TYPES).json
    assert got["data"]["nodes"][0]["pullRequests"]["nodes"] == []
    assert got["data"]["nodes"][1] is None
    assert got["errors"][0]["type"] == "NOT_FOUND"


def test_private_repositories_are_seen_by_their_owners_tokens_only(double: Double):
    """A hidden one is seen by none."""
    world = double.world
    for name, how in (("acme/secret", {"private": True}), ("acme/void", {"hidden": True})):
        world.open(world.add_repository(name, **how))
    double.add_token("stranger", frozenset({"umbrella"}))
    double.add_token("insider", frozenset({"acme"}))
    body = {"query": queries.counts(1), "variables": {"q0": "repo:acme/secret repo:acme/void is:pr"}}
    told = [call(double, "POST", "/graphql", body, token=token).json for token in (TOKEN, "insider", "stranger")]
    assert [one["data"]["c0"]["issueCount"] for one in told] == [1, 1, 0]


def test_the_world_may_change_while_it_is_served():
    """A writer and a reader at once: every page is whole, and the last sees all of it."""
    world = World(NOW)
    home = world.add_repository("acme/busy")
    with serve(world, fast=True) as double:

        def write() -> None:
            for n in range(200):
                world.review(world.open(home, at=NOW - n), "bob", at=NOW - n)

        writer = threading.Thread(target=write)
        writer.start()
        while writer.is_alive():
            for node in search(double, "org:acme is:pr sort:updated-desc", 20)["nodes"]:
                assert node["updatedAt"] >= node["createdAt"]
        writer.join()
        assert search(double, "org:acme is:pr", 1)["issueCount"] == 200


def test_the_worlds_clock_stands_unless_it_is_let_run():
    """At 100,000 of its seconds per second, a hundredth of a second is a thousand."""
    world = World(NOW)
    time.sleep(0.01)
    assert world.now == NOW
    world.run(100_000)
    time.sleep(0.01)
    assert world.now >= NOW + 1000


@pytest.mark.system
def test_the_command_serves_until_it_is_stopped():
    """It prints its address once it listens."""
    command = [sys.executable, "-m", "tests.double", "--made", "2,20", "--token", "other", "--fast"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            query = json.dumps({"query": queries.counts(1), "variables": {"q0": "org:acme is:pr"}}).encode()
            with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
                connection.request("POST", "/graphql", query, {"Authorization": "token other"})
                assert json.load(connection.getresponse())["data"]["c0"]["issueCount"] == 20
        finally:
            process.terminate()
        assert process.wait(timeout=10) == -signal.SIGTERM


def test_a_made_world_is_like_an_organisations():
    """A few busy repositories, four of five changes merged, about nine timeline items each."""
    world = made_world(100, 4000, days=30)
    sizes = sorted((len(one.pulls) for one in world.repositories.values()), reverse=True)
    items = sum(len(pull.items) for pull in world.pulls.values()) / 4000
    assert sum(sizes) == 4000
    assert sum(sizes[:10]) > 4000 * 0.35
    assert 0.75 < sum(pull.merged is not None for pull in world.pulls.values()) / 4000 < 0.85
    assert 7.5 < items < 10.5
    assert all(pull.created <= item.at < world.now for pull in world.pulls.values() for item in pull.items[7:])
    assert [pull.id for pull in made_world(100, 10).pulls.values()] == [f"PR_{n}" for n in range(10)]
