"""The double charges what GitHub's documentation says a query costs."""

import pytest
from graphql import GraphQLError, parse

from exporter.providers.github import queries
from tests.double.cost import Cost, cost

TYPES = list(queries.TIMELINE_TYPES)


def test_the_documented_example_of_points_costs_51():
    """100 repositories, 50 issues each, 60 labels each: 1 + 100 + 5,000 requests are 51.01 points."""
    document = parse("""{ viewer { login repositories(first: 100) { edges { node { id issues(first: 50) {
        edges { node { id labels(first: 60) { edges { node { id } } } } } } } } } } }""")
    assert cost(document, {}).requests == 5101
    assert cost(document, {}).points == 51


def test_the_documented_example_of_nodes_holds_22060():
    """50 + 50*20 + 50*20*10 pull requests with comments, 50*20 + 50*20*10 issues with comments, 10 followers."""
    document = parse("""{ viewer { repositories(first: 50) { edges { repository: node {
        pullRequests(first: 20) { edges { node { comments(first: 10) { edges { node { body } } } } } }
        issues(first: 20) { edges { node { comments(first: 10) { edges { node { body } } } } } } } } }
        followers(first: 10) { edges { node { login } } } } }""")
    assert cost(document, {}).nodes == 22_060


def test_a_query_for_more_than_half_a_million_nodes_is_refused():
    document = parse("{ a(first: 100) { b(first: 100) { c(last: 50) { x } } } }")
    with pytest.raises(GraphQLError, match="510,100 possible nodes"):
        cost(document, {})


def test_a_page_of_101_is_refused():
    with pytest.raises(GraphQLError, match="Requesting 101 records on the `search` connection"):
        cost(parse(queries.SEARCH), {"q": "", "first": 101, "types": TYPES})


def test_a_full_search_page_is_one_point():
    """The search and 100 timelines are 101 requests."""
    assert cost(parse(queries.SEARCH), {"q": "", "first": 100, "types": TYPES}) == Cost(101, 100 + 100 * 100)
    assert Cost(101, 0).points == 1


def test_a_point_is_rounded_to_the_nearest():
    assert [Cost(n, 0).points for n in (0, 1, 149, 150, 249, 250)] == [1, 1, 1, 2, 2, 3]


def test_nodes_by_id_multiply_what_is_inside_them():
    assert cost(parse(queries.PULSE), {"ids": ["R"] * 100}) == Cost(100, 200)


def test_a_field_that_is_not_included_costs_nothing():
    """An owner's page asks topics of 100 repositories only if told to."""
    variables = {"login": "acme", "first": 100}
    assert cost(parse(queries.OWNER), {**variables, "topics": True}).requests == 101
    assert cost(parse(queries.OWNER), {**variables, "topics": False}).requests == 1


def test_aliases_add_up():
    assert cost(parse(queries.counts(30)), {}).requests == 30
