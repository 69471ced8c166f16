"""The double searches as GitHub does, as far as the exporter asks."""

import pytest

from tests.double.facts import PullRequest
from tests.double.search import dates, found, parse
from tests.double.world import World, seconds

T0 = seconds("2025-06-01T12:00:00Z")


def world() -> tuple[World, dict[str, PullRequest]]:
    """An open, a merged and a closed change of two owners, opened an hour apart."""
    world = World(T0)
    shop, web = world.add_repository("acme/shop"), world.add_repository("umbrella/web")
    old = world.add_repository("acme/old", archived=True)
    pulls = {
        "open": world.open(shop, at=T0 - 3 * 3600),
        "merged": world.open(web, at=T0 - 2 * 3600),
        "closed": world.open(old, at=T0 - 3600, draft=True),
    }
    world.merge(pulls["merged"], at=T0 - 60)
    world.close(pulls["closed"], at=T0 - 120)
    return world, pulls


def names(query: str) -> list[str]:
    """What a query finds, by the names above."""
    made, pulls = world()
    return [name for hit in found(made, parse(query), lambda pull: True) for name in pulls if pulls[name] is hit]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("is:pr sort:created-asc", ["open", "merged", "closed"]),
        ("is:pr sort:created-desc", ["closed", "merged", "open"]),
        ("is:pr sort:updated-asc", ["open", "closed", "merged"]),
        ("is:pr sort:updated-desc", ["merged", "closed", "open"]),
        ("is:pr is:open", ["open"]),
        ("is:pr is:merged", ["merged"]),
        ("is:pr is:closed sort:created-asc", ["merged", "closed"]),
        ("is:pr is:closed is:unmerged", ["closed"]),
        ("is:pr archived:false sort:created-asc", ["open", "merged"]),
        ("is:pr draft:true", ["closed"]),
        ("is:pr org:acme sort:created-asc", ["open", "closed"]),
        ("is:pr user:UMBRELLA", ["merged"]),
        ("is:pr repo:acme/shop repo:umbrella/web sort:created-asc", ["open", "merged"]),
        ("is:pr org:umbrella repo:acme/old sort:created-asc", ["merged", "closed"]),
        ("is:pr org:nobody", []),
        ("is:pr created:2025-06-01T09:00:00Z..2025-06-01T10:00:00Z sort:created-asc", ["open", "merged"]),
        ("is:pr created:>2025-06-01T09:00:00Z created:<2025-06-01T11:00:00Z", ["merged"]),
        ("is:pr created:>=2025-06-01T11:00:00Z", ["closed"]),
        ("is:pr created:<=2025-06-01T09:00:00Z", ["open"]),
        ("is:pr updated:>=2025-06-01T11:58:00Z sort:updated-asc", ["closed", "merged"]),
        ("is:pr updated:2025-06-01T11:59:00Z", ["merged"]),
        ("is:pr created:2025-06-01 sort:created-asc", ["open", "merged", "closed"]),
        ("is:pr created:<2025-06-01", []),
        ("is:pr created:>2025-06-01", []),
        ("is:pr merged:2025-06-01T00:00:00Z..*", ["merged"]),
    ],
)
def test_a_query_finds_what_its_qualifiers_say(query: str, expected: list[str]):
    """Bounds are inclusive, scopes are alternatives, all else must hold together."""
    assert names(query) == expected


@pytest.mark.parametrize(
    "query", ["is:pr hello", "is:discussion", "is:pr label:bug", "is:pr created:2025-06-01T09:00:00"]
)
def test_a_word_the_double_does_not_know_is_an_error(query: str):
    """So that no test passes because a qualifier was passed over."""
    with pytest.raises(ValueError, match=r"double|zone"):
        parse(query)


def test_bounds_are_whole_seconds():
    at = seconds("2025-06-01T00:00:00Z")
    assert dates("2025-06-01T00:00:00Z..2025-06-01T00:00:09Z") == (at, at + 10)
    assert dates("2025-06-01") == (at, at + 86_400)
    assert dates("2025-06-01T02:00:00+02:00") == (at, at + 1)


def test_search_learns_of_a_change_only_after_the_lag():
    """Before that the change stands where it stood, though it is served as it is now."""
    made, pulls = world()
    query = parse("is:pr is:open updated:>=2025-06-01T12:00:00Z")
    made.by("updated")
    made.lag = 30
    made.review(pulls["open"], "bob")
    fresh = made.open(pulls["open"].repository)
    assert found(made, query, lambda pull: True) == []
    assert pulls["open"].updated == T0
    assert names("is:pr is:open") == ["open"]
    made.now += 29
    assert found(made, query, lambda pull: True) == []
    made.now += 1
    assert set(found(made, query, lambda pull: True)) == {pulls["open"], fresh}


def test_a_deleted_repository_is_found_no_more():
    made, pulls = world()
    made.delete(pulls["open"].repository)
    assert found(made, parse("is:pr org:acme is:open"), lambda pull: True) == []
