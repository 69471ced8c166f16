"""What GitHub tells of two commits, on a graph drawn by hand."""

from tests.double import TOKEN, World, serve
from tests.double.client import call
from tests.double.graph import Graph


def drawn() -> Graph:
    """main: a - b - c - m, where m merges the branch b - x - y; an island."""
    graph = Graph()
    for sha, *parents in ("a", ""), ("b", "a"), ("c", "b"), ("x", "b"), ("y", "x"), ("m", "c", "y"), ("island", ""):
        graph.commit(*filter(None, parents), sha=sha)
    return graph


def told(base: str, head: str) -> tuple[str, list[str]]:
    """Status and the commits only the head has."""
    found = drawn().compare(base, head)
    assert found is not None
    return found.status, [made.sha for made in found.ahead]


def test_a_descendant_is_ahead_of_its_ancestor_and_that_one_is_behind():
    assert told("a", "c") == ("ahead", ["b", "c"])
    assert told("c", "a") == ("behind", [])


def test_a_merge_brings_its_branch():
    assert told("c", "m") == ("ahead", ["x", "y", "m"])


def test_two_branches_have_diverged_and_the_same_is_identical():
    assert told("c", "y") == ("diverged", ["x", "y"])
    assert told("c", "c") == ("identical", [])


def test_what_is_gone_or_has_nothing_in_common_cannot_be_compared():
    graph = drawn()
    assert graph.compare("a", "island") is None
    graph.collect("c")
    assert graph.compare("c", "a") is None


def test_a_comparison_is_served_in_pages_of_at_most_250():
    """300 commits: 250 without a size; in pages of 100 the last of 3 has 100, and only the first has files."""
    world = World(0)
    home = world.add_repository("acme/shop")
    root = home.graph.commit(sha="root", files=(("a.py", 1, 0),))
    made = home.graph.line(root, 300)
    with serve(world) as double:
        path = f"/repos/acme/shop/compare/root...{made[-1]}"
        whole = call(double, "GET", path).json
        assert (whole["status"], whole["total_commits"], len(whole["commits"])) == ("ahead", 300, 250)
        last = call(double, "GET", f"{path}?per_page=100&page=3").json
        assert [one["sha"] for one in last["commits"]] == made[200:]
        assert ("files" in whole, "files" in last) == (True, False)
        assert call(double, "GET", "/repos/acme/shop/compare/root...nowhere").status == 404
        double.deny("contents")
        assert call(double, "GET", path).status == 403
        assert call(double, "GET", path, token=f"not {TOKEN}").status == 401
