"""Which repositories are read, whose are listed, and in which words a search finds them."""

import pytest

from exporter.model import Repository
from exporter.runtime.selection import NAMED_PER_SEARCH, Selection, scopes


def repository(name: str, **more: object) -> Repository:
    return Repository("R_1", name, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection", "name", "taken"),
    [
        (Selection(include=("acme/*",)), "acme/shop", True),
        (Selection(include=("Acme/SHOP*",)), "acme/Shop-api", True),
        (Selection(include=("acme/*",)), "acme-labs/shop", False),
        (Selection(include=("acme/*",), exclude=("*/*-archive",)), "acme/old-archive", False),
        (Selection(include=("*/billing",)), "any/billing", True),
        (Selection(include=("acme/shop",)), "acme/shop2", False),
        (Selection(owners=("acme",)), "acme/shop", True),
        (Selection(include=("acme/sh?p", "acme/[a-c]*")), "acme/shop", True),
        (Selection(include=("acme/sh?p", "acme/[a-c]*")), "acme/data", False),
    ],
)
def test_globs_choose_by_owner_and_name_whatever_the_case(selection, name, taken):
    assert selection.takes(repository(name)) is taken


def test_archived_repositories_and_forks_are_read_only_when_asked_for():
    plain, both = Selection(include=("a/*",)), Selection(include=("a/*",), archived=True, forks=True)
    for one in (
        repository("a/x", archived=True),
        repository("a/x", fork=True),
        repository("a/x", archived=True, fork=True),
    ):
        assert not plain.takes(one)
        assert both.takes(one)


def test_one_of_the_topics_is_enough_and_none_is_not():
    chosen = Selection(include=("a/*",), topics=("pay", "shop"))
    assert chosen.takes(repository("a/x", topics=("shop", "other")))
    assert not chosen.takes(repository("a/x", topics=("other",)))
    assert not chosen.takes(repository("a/x"))


def test_a_repository_found_by_its_old_name_is_taken_unless_it_is_excluded():
    chosen = Selection(include=("acme/old",), exclude=("acme/secret*",))
    assert not chosen.takes(repository("acme/new"))
    assert chosen.takes(repository("acme/new"), named=True)
    assert not chosen.takes(repository("acme/secret-new"), named=True)
    assert not chosen.takes(repository("acme/new", archived=True), named=True)


def test_owners_are_listed_where_a_pattern_is_open_and_names_are_asked_for_where_it_is_not():
    chosen = Selection(
        include=("acme/*", "Beta/app", "beta/other", "gamma/a*", "gamma/b", "*/billing"), owners=("Delta",)
    )
    assert chosen.listed_owners() == ["delta", "acme", "gamma"]
    assert chosen.exact_names() == ["Beta/app", "beta/other"]


def test_an_owner_nobody_named_may_hold_repositories_only_where_a_pattern_is_open_to_it():
    assert Selection(include=("*/billing",)).open_to("any")
    assert Selection(include=("acme-*/billing",)).open_to("acme-labs")
    assert not Selection(include=("acme-*/billing",)).open_to("other")
    assert not Selection(include=("acme/*",)).open_to("other")
    assert Selection().open_to("any")
    assert not Selection(owners=("acme",)).open_to("other")


def test_an_owner_most_of_whose_repositories_are_wanted_is_searched_whole():
    """Three of five are most, two of five are not, and one is named whatever there is."""
    assert scopes(["acme/a", "acme/b", "acme/c"], {"acme": 5}) == ["user:acme"]
    assert scopes(["acme/a", "acme/b"], {"acme": 5}) == ["repo:acme/a repo:acme/b"]
    assert scopes(["acme/a"], {"acme": 1}) == ["repo:acme/a"]


def test_an_owner_whose_size_is_not_known_is_not_searched_whole_for_a_few_names():
    """Two repositories named outright may be two of ten thousand."""
    assert scopes(["vast/a", "vast/b"], {}) == ["repo:vast/a repo:vast/b"]


def test_more_repositories_than_a_search_takes_names_of_are_searched_by_owner():
    names = [f"acme/r{n:02}" for n in range(NAMED_PER_SEARCH + 1)]
    assert scopes(names, {"acme": 10_000}) == ["user:acme"]


def test_owners_and_names_are_packed_apart():
    names = [f"o{n:02}/only" for n in range(NAMED_PER_SEARCH + 1)] + ["acme/a", "acme/b"]
    found = scopes(names, {"acme": 2})
    assert found[0] == "user:acme"
    assert [len(scope.split()) for scope in found] == [1, NAMED_PER_SEARCH, 1]
    assert scopes([], {}) == []
