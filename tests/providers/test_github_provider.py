"""What GitHub is asked, and what its answers lead to: further pages, smaller pages, second readings, faults."""

import pytest

from exporter.errors import Garbled, NotFound, Partial, RateLimited, Shifted
from exporter.model import FilesChanged, Repository, Reviewed, Subject
from exporter.providers.base import Budget, Fault
from exporter.providers.github.listing import COUNT_FIRST, FOLLOW_UPS, Window
from exporter.providers.github.provider import GitHub, Unread
from exporter.providers.github.queries import PAGE
from tests.providers.forge import (
    HOUR,
    REPOSITORY,
    START,
    at,
    error,
    found,
    operation,
    page,
    pull,
    read,
    review,
    second,
    variables,
)

FORGE = GitHub("/graphql")
WINDOW = Window("user:acme", START, START + 1000)
BUDGET = {"rateLimit": {"cost": 1, "limit": 5000, "remaining": 4990, "resetAt": at(1)}}


def numbers(page) -> list[int]:
    """The numbers of the changes that were told."""
    return [told.subject.number for told in page.told]


def windows(page) -> list[tuple[int, int]]:
    """The spans of the searches that follow."""
    spans = [variables(request)["q"].split("updated:")[1].split(" ")[0].split("..") for request in page.then]
    return [(_second(low), _second(high)) for low, high in spans]


def _second(text: str) -> int:
    hours, minutes, seconds = (int(part) for part in text[11:19].split(":"))
    return START + hours * HOUR + minutes * 60 + seconds


# --- search ---


def test_a_window_is_searched_oldest_update_first():
    asked = FORGE.held(WINDOW)
    assert (
        variables(asked)["q"] == "user:acme is:pr updated:2025-05-01T00:00:00Z..2025-05-01T00:16:40Z sort:updated-asc"
    )
    assert (variables(asked)["first"], variables(asked)["after"]) == (100, None)
    only_open = variables(FORGE.held(WINDOW._replace(only_open=True)))["q"]
    assert only_open.startswith("user:acme is:pr is:open updated:")


def test_all_pages_are_followed_and_told():
    first = read(FORGE.held(WINDOW), found(pull(number=1), count=2, then="c1"))
    assert numbers(first) == [1]
    (further,) = first.then
    assert variables(further)["after"] == "c1"
    last = read(further, found(pull(number=2), count=2))
    assert (numbers(last), last.then, last.truncated) == ([2], (), 0)


def test_a_window_with_more_than_a_thousand_is_cut_newest_part_first_and_without_gap():
    """2,400 changes make 3 windows of about 800: of 1,001 seconds, 334 each at the most."""
    page = read(FORGE.held(WINDOW), found(pull(), count=2400, then="c1"))
    assert page.told == ()
    assert windows(page) == [(START + 668, START + 1000), (START + 334, START + 667), (START, START + 333)]


def test_exactly_a_thousand_are_read_as_they_are():
    page = read(FORGE.held(WINDOW), found(pull(), count=1000, then="c1"))
    assert numbers(page) == [1]
    assert variables(page.then[0])["after"] == "c1"


def test_more_than_a_thousand_in_one_second_are_read_as_far_as_may_be_and_the_rest_is_counted():
    """A window of a second cannot be cut: the 1,001st and all after it are out of reach."""
    asked = FORGE.held(Window("user:acme", START, START))
    for number in range(10):
        then = f"c{number}" if number < 9 else None
        page = read(asked, found(*[pull(number=100 * number + n) for n in range(100)], count=1500, then=then))
        assert len(page.told) == 100
        asked = page.then[0] if page.then else None
    assert (asked, page.truncated) == (None, 500)


def test_a_count_that_moves_between_two_pages_has_the_window_read_again_in_halves():
    """Pages are positions: when one change leaves the front, the next page misses one."""
    (further,) = read(FORGE.held(WINDOW), found(pull(), count=150, then="c1")).then
    page = read(further, found(pull(number=2), count=149))
    assert page.told == ()
    assert windows(page) == [(START + 501, START + 1000), (START, START + 500)]
    assert all(variables(request)["after"] is None for request in page.then)


def test_a_window_that_never_holds_still_is_given_up_after_three_second_readings():
    asked = FORGE.held(WINDOW)
    for _ in range(3):
        (further,) = read(asked, found(pull(), count=150, then="c1")).then
        asked = read(further, found(pull(), count=149)).then[0]
    (further,) = read(asked, found(pull(), count=150, then="c1")).then
    with pytest.raises(Shifted):
        read(further, found(pull(), count=149))


def test_pages_that_end_before_all_were_seen_have_the_window_read_again_and_then_the_lack_is_counted():
    """The search says 3 and gives 1, again and again."""
    asked = FORGE.held(WINDOW)
    for _ in range(3):
        page = read(asked, found(pull(), count=3))
        assert (numbers(page), len(page.then), page.truncated) == ([1], 2, 0)
        asked = page.then[0]
    page = read(asked, found(pull(), count=3))
    assert (numbers(page), page.then, page.truncated) == ([1], (), 2)


def test_a_next_page_without_a_cursor_is_garbled():
    with pytest.raises(Garbled):
        read(
            FORGE.held(WINDOW),
            {"search": {"issueCount": 9, "pageInfo": {"hasNextPage": True, "endCursor": None}, "nodes": []}},
        )
    (further,) = read(FORGE.held(WINDOW), found(pull(), count=150, then="c1")).then
    with pytest.raises(Garbled):
        read(further, found(pull(), count=150, then="c1"))


def test_a_page_that_is_too_large_is_halved_down_to_six_and_keeps_its_place():
    (asked,) = read(FORGE.held(WINDOW), found(pull(), count=150, then="c1")).then
    sizes = []
    while asked is not None:
        sizes.append((variables(asked)["first"], variables(asked)["after"]))
        pieces = asked.smaller()
        asked = pieces[0] if pieces else None
    assert sizes == [(first, "c1") for first in (100, 50, 25, 12, 6)]


def test_many_windows_are_counted_first_and_empty_ones_are_not_read():
    few = [WINDOW] * (COUNT_FIRST - 1)
    assert [operation(request) for request in FORGE.searches(few)] == ["Search"] * len(few)
    scopes = [WINDOW._replace(scope=f"repo:acme/r{n}") for n in range(30)]
    first, second_pack = FORGE.searches(scopes)
    assert [operation(first), operation(second_pack)] == ["Counts", "Counts"]
    page = read(first, {f"c{n}": {"issueCount": n % 2} for n in range(25)} | BUDGET)
    assert [variables(each)["q"].split(" ")[0] for each in page.then] == [f"repo:acme/r{n}" for n in range(1, 25, 2)]
    assert page.counts == {}


def test_a_search_that_gives_nothing_is_an_error():
    for data in ({"search": None}, {}):
        with pytest.raises(Partial):
            read(FORGE.held(WINDOW), data, error("search"))


# --- partial answers ---


def test_a_null_node_is_a_fault_nobody_can_place_and_the_others_are_told():
    told = read(FORGE.held(WINDOW), found(pull(number=1), None, pull(number=3)), error("search", "nodes", 1))
    assert numbers(told) == [1, 3]
    assert told.faults == (Fault("", "partial_answer", "not for you"),)


def test_an_error_inside_a_change_is_a_fault_of_its_repository():
    """Its timeline may lack what the error hid."""
    told = read(FORGE.held(WINDOW), found(pull(), pull(number=2)), error("search", "nodes", 0, "timelineItems"))
    assert numbers(told) == [2]
    assert told.faults == (Fault(REPOSITORY, "partial_answer", "not for you", "PR_1"),)


@pytest.mark.parametrize("without", [{"timelineItems": None}, {"timelineItems": page() | {"nodes": None}}])
def test_a_change_without_its_timeline_is_a_fault(without):
    told = read(FORGE.held(WINDOW), found(pull(**without)))
    assert (numbers(told), [fault.repository for fault in told.faults]) == ([], [REPOSITORY])


@pytest.mark.parametrize("path", [(), ("search",), ("rateLimit",), ("search", "pageInfo")])
def test_an_error_that_points_to_no_change_spoils_the_whole_page(path):
    with pytest.raises(Partial):
        read(FORGE.held(WINDOW), found(pull()), error(*path))


# --- timelines that overflow ---


def overflowing(count: int):
    """The requests that follow a page of so many changes with more than one page of timeline."""
    first = page(review(1, "COMMENTED"), then="t1")
    told = read(FORGE.held(WINDOW), found(*[pull(number=n, timelineItems=first) for n in range(count)]))
    assert told.told == ()
    return told.then


def test_changes_with_long_timelines_are_followed_many_in_a_query_and_told_whole():
    """Ninety of them take three queries."""
    requests = overflowing(90)
    assert [len(variables(request)) // 2 for request in requests] == [FOLLOW_UPS, FOLLOW_UPS, 10]
    (request,) = overflowing(1)
    assert (variables(request)["id0"], variables(request)["after0"]) == ("PR_0", "t1")
    told = read(request, {"n0": {"timelineItems": page(review(2, "APPROVED"))}})
    assert [event.id for event in told.told[0].events if isinstance(event, Reviewed)] == ["review@1", "review@2"]


def test_a_timeline_is_followed_through_all_its_pages():
    (request,) = overflowing(1)
    (further,) = read(request, {"n0": {"timelineItems": page(review(2, "COMMENTED"), then="t2")}}).then
    assert variables(further)["after0"] == "t2"
    told = read(further, {"n0": {"timelineItems": page(review(3, "APPROVED"))}})
    assert len([event for event in told.told[0].events if isinstance(event, Reviewed)]) == 3


def test_a_timeline_that_is_asked_for_twice_holds_nothing_twice():
    """The first answer may have been lost on its way."""
    (request,) = overflowing(1)
    data = {"n0": {"timelineItems": page(review(2, "APPROVED"))}}
    assert read(request, data) == read(request, data)


def test_a_timeline_that_cannot_be_followed_is_a_fault_of_its_repository():
    (request,) = overflowing(3)
    good = {"timelineItems": page(review(2, "APPROVED"))}
    told = read(request, {"n0": good, "n1": None, "n2": good}, error("n1"))
    assert numbers(told) == [0, 2]
    assert told.faults == (Fault(REPOSITORY, "partial_answer", "not for you", "PR_1"),)
    with pytest.raises(Garbled, match="leaves out"):
        read(request, {"n0": good, "n1": good})
    with pytest.raises(Partial):
        read(request, {"n0": good, "n1": good, "n2": good}, error())


def test_a_pack_of_timelines_that_is_too_large_is_halved_down_to_one():
    (request,) = overflowing(5)
    assert request.repositories == (REPOSITORY,)
    pieces = request.smaller()
    assert [len(variables(piece)) // 2 for piece in pieces] == [2, 3]
    (single,) = overflowing(1)
    assert single.smaller() == ()


# --- the pulse ---


def moved(hours: float) -> dict[str, object]:
    """A repository's node whose latest change moved so many hours after the start."""
    return {"__typename": "Repository", "id": "x", "pullRequests": {"nodes": [{"updatedAt": at(hours)}]}}


def test_only_repositories_that_moved_since_are_asked_for_changes():
    since = {"A": second(5), "B": second(5), "C": second(5), "D": second(5)}
    (request,) = FORGE.pulse(since)
    assert variables(request)["ids"] == ["A", "B", "C", "D"]
    assert request.repositories == ("A", "B", "C", "D")
    still = {"id": "x", "pullRequests": {"nodes": []}}
    told = read(request, {"nodes": [moved(4.99), moved(5), still, moved(6)]})
    assert [variables(each)["ids"] for each in told.then] == [["B", "D"]]


def test_a_hundred_repositories_are_asked_in_one_query_and_ten_in_detail():
    since = {f"R{n}": 0 for n in range(250)}
    assert [len(variables(request)["ids"]) for request in FORGE.pulse(since)] == [100, 100, 50]
    told = read(FORGE.pulse(since)[2], {"nodes": [moved(1)] * 50})
    assert [len(variables(request)["ids"]) for request in told.then] == [10] * 5


def test_a_repository_that_cannot_be_seen_is_not_found_and_holds_no_other():
    (request,) = FORGE.pulse({"A": 0, "B": 0})
    told = read(request, {"nodes": [None, moved(1)]}, error("nodes", 0, kind="NOT_FOUND", message="gone"))
    assert told.faults == (Fault("A", "not_found", "gone"),)
    assert [variables(each)["ids"] for each in told.then] == [["B"]]


def test_fewer_nodes_than_were_asked_for_are_an_error():
    """Else the last repositories would pass for idle."""
    for request in (*FORGE.pulse({"A": 0, "B": 0}), FORGE.latest({"A": 0, "B": 0})):
        with pytest.raises(ValueError, match="shorter"):
            read(request, {"nodes": [moved(1)]})


def latest(*nodes, then=None):
    return {"__typename": "Repository", "id": "x", "pullRequests": page(*nodes, then=then)}


def test_changes_are_read_back_to_the_date_and_not_further():
    since = {"A": second(5), "B": second(5)}
    asked = FORGE.latest(since)
    told = read(
        asked, {"nodes": [latest(pull(updatedAt=at(5)), then="a1"), latest(pull(updatedAt=at(4.99)), then="b1")]}
    )
    assert len(told.told) == 2
    (further,) = told.then
    assert (variables(further)["ids"], variables(further)["after"], variables(further)["first"]) == (["A"], "a1", PAGE)


def test_a_change_that_came_without_content_is_a_fault_of_the_repository_it_was_asked_of():
    told = read(FORGE.latest({"A": 0, "B": 0}), {"nodes": [latest(None), latest(pull())]})
    assert [fault.repository for fault in told.faults] == ["A"]
    told = read(FORGE.latest({"A": 0, "B": 0}), {"nodes": [None, latest(pull())]}, error("nodes", 0))
    assert [(fault.repository, fault.reason) for fault in told.faults] == [("A", "partial_answer")]


def test_packs_of_repositories_are_cut_first_and_then_pages():
    asked = FORGE.latest({"A": 0, "B": 0, "C": 0}, 10)
    assert [variables(piece)["ids"] for piece in asked.smaller()] == [["A"], ["B", "C"]]
    (piece,) = FORGE.latest({"A": 0}, 10, "a1").smaller()
    assert (variables(piece)["first"], variables(piece)["after"]) == (5, "a1")
    assert FORGE.latest({"A": 0}, 5).smaller() == ()


def test_only_open_changes_are_asked_for_by_their_state():
    assert variables(FORGE.latest({"A": 0}, only_open=True))["states"] == ["OPEN"]
    assert variables(FORGE.latest({"A": 0}))["states"] is None


# --- files ---


def unread(number: int, repository: str = REPOSITORY) -> Unread:
    return Unread(repository, f"PR_{number}", number, second(9))


def rows(*paths: str, then: str | None = None):
    return {"files": page(*({"path": path, "additions": 1, "deletions": 2} for path in paths), then=then)}


def test_files_are_read_a_hundred_changes_in_a_query_as_one_fact_each():
    requests = FORGE.files([unread(n) for n in range(150)])
    assert [len(variables(request)["ids"]) for request in requests] == [100, 50]
    assert requests[1].changes[0] == "PR_100"
    (request,) = FORGE.files([unread(1), unread(2)])
    told = read(request, {"nodes": [rows("b.py", "a.py"), rows()]})
    assert [each.events for each in told.told] == [
        (FilesChanged("files", second(9), (("a.py", 1, 2), ("b.py", 1, 2))),),
        (FilesChanged("files", second(9), ()),),
    ]


def test_files_that_overflow_a_page_are_followed_together_to_their_end():
    (request,) = FORGE.files([unread(1), unread(2), unread(3)])
    told = read(request, {"nodes": [rows("a", then="f1"), rows("b"), rows("c", then="f3")]})
    assert numbers(told) == [2]
    (further,) = told.then
    assert (variables(further)["id0"], variables(further)["after1"]) == ("PR_1", "f3")
    assert further.changes == ("PR_1", "PR_3")
    told = read(further, {"n0": rows("d", then="f4"), "n1": rows("e")})
    assert [(each.subject.number, [row[0] for row in each.events[0].files]) for each in told.told] == [(3, ["c", "e"])]
    (last,) = told.then
    told = read(last, {"n0": rows("f")})
    assert [row[0] for row in told.told[0].events[0].files] == ["a", "d", "f"]


def test_files_that_github_does_not_have_are_gone_and_counted():
    """A deleted change, and one whose files it cannot tell."""
    (request,) = FORGE.files([unread(1), unread(2), unread(3)])
    told = read(request, {"nodes": [None, {"files": None}, rows("a")]}, error("nodes", 0, kind="NOT_FOUND"))
    assert told.gone == (Subject(REPOSITORY, "PR_1", 1), Subject(REPOSITORY, "PR_2", 2))
    assert (told.truncated, numbers(told), told.faults) == (2, [3], ())


def test_files_that_cannot_be_read_now_are_a_fault_of_that_change():
    (request,) = FORGE.files([unread(1), unread(2, "R_2")])
    told = read(request, {"nodes": [rows("a"), None]}, error("nodes", 1))
    assert (numbers(told), told.gone) == ([1], ())
    assert told.faults == (Fault("R_2", "partial_answer", "not for you", "PR_2"),)
    (request,) = FORGE.files([unread(1)])
    (further,) = read(request, {"nodes": [rows("a", then="f1")]}).then
    assert read(further, {"n0": None}, error("n0")).faults[0].change == "PR_1"
    assert read(further, {"n0": None}, error("n0", kind="NOT_FOUND")).gone == (Subject(REPOSITORY, "PR_1", 1),)


def test_packs_of_files_are_halved_down_to_one():
    (request,) = FORGE.files([unread(n) for n in range(3)])
    assert [piece.changes for piece in request.smaller()] == [("PR_0",), ("PR_1", "PR_2")]
    assert request.smaller()[0].smaller() == ()


# --- repositories ---


def repository(name: str = "acme/shop", **more):
    node = {
        "id": "R_1",
        "nameWithOwner": name,
        "isArchived": False,
        "isFork": False,
        "defaultBranchRef": {"name": "main"},
    }
    return node | more


def test_an_owners_repositories_are_listed_to_the_last_page():
    first = read(
        FORGE.owner("acme"), {"repositoryOwner": {"repositories": page(repository(), None, then="c1")}} | BUDGET
    )
    assert first.repositories == (Repository("R_1", "acme/shop", "main"),)
    assert first.budget == Budget("graphql", 5000, 4990, second(1))
    (further,) = first.then
    assert (variables(further)["login"], variables(further)["after"]) == ("acme", "c1")
    topics = {"nodes": [{"topic": {"name": "pay"}}, None]}
    node = repository(isArchived=True, isFork=True, defaultBranchRef=None, repositoryTopics=topics)
    last = read(further, {"repositoryOwner": {"repositories": page(node)}})
    assert last.repositories == (Repository("R_1", "acme/shop", "", True, True, ("pay",)),)
    assert last.then == ()


def test_topics_are_asked_for_only_when_they_matter():
    assert variables(FORGE.owner("acme"))["topics"] is False
    assert variables(GitHub("/graphql", topics=True).owner("acme"))["topics"] is True


def test_an_owner_that_is_not_there_is_not_found_and_half_an_answer_is_no_list():
    with pytest.raises(NotFound, match="acme"):
        read(FORGE.owner("acme"), {"repositoryOwner": None})
    with pytest.raises(Partial):
        read(FORGE.owner("acme"), {"repositoryOwner": {"repositories": page(repository())}}, error("repositoryOwner"))


def test_single_repositories_are_asked_for_by_name():
    (request,) = FORGE.named(["acme/shop", "Beta/app"])
    asked = variables(request)
    assert (asked["owner0"], asked["name0"], asked["owner1"], asked["name1"]) == ("acme", "shop", "Beta", "app")
    assert read(request, {"r0": repository(), "r1": repository("beta/app")}).repositories[1].name == "beta/app"
    assert [len(variables(each)) // 2 for each in FORGE.named([f"a/{n}" for n in range(150)])] == [100, 50]


def test_a_name_that_leads_nowhere_is_not_found_and_one_that_is_shut_is_refused():
    """The first is gone; the second may come back any time."""
    (request,) = FORGE.named(["acme/a", "acme/b", "acme/c"])
    told = read(
        request, {"r0": None, "r1": None, "r2": repository("acme/c")}, error("r0", kind="NOT_FOUND"), error("r1")
    )
    assert [(fault.repository, fault.reason) for fault in told.faults] == [
        ("acme/a", "not_found"),
        ("acme/b", "refused"),
    ]
    assert [each.name for each in told.repositories] == ["acme/c"]
    with pytest.raises(Partial):
        read(request, {"r0": None, "r1": None, "r2": repository("acme/c")}, error())


# --- counts, and one change ---


def test_counts_are_told_by_their_search():
    (request,) = FORGE.counts(["repo:a/b is:pr", "repo:a/c is:pr"])
    told = read(request, {"c0": {"issueCount": 7}, "c1": {"issueCount": 0}} | BUDGET)
    assert (told.counts, told.budget) == (
        {"repo:a/b is:pr": 7, "repo:a/c is:pr": 0},
        Budget("graphql", 5000, 4990, second(1)),
    )
    with pytest.raises(Partial):
        read(request, {"c0": {"issueCount": 7}, "c1": {"issueCount": 0}}, error("c1"))
    assert [len(variables(piece)) for piece in request.smaller()] == [1, 1]


def test_one_change_is_read_by_its_address():
    request = FORGE.change("https://github.com/acme/shop/pull/1")
    assert numbers(read(request, {"resource": pull()})) == [1]
    for data in ({"resource": None}, {"resource": {"__typename": "Issue"}}):
        with pytest.raises(NotFound):
            read(request, data)


def test_comments_are_asked_for_only_where_they_count():
    assert "ISSUE_COMMENT" not in variables(FORGE.held(WINDOW))["types"]
    assert "ISSUE_COMMENT" in variables(GitHub("/graphql", comments=True).held(WINDOW))["types"]


def test_a_limit_is_told_as_such_by_every_question():
    for request in (
        FORGE.held(WINDOW),
        FORGE.owner("a"),
        *FORGE.pulse({"A": 0}),
        *FORGE.files([unread(1)]),
        *FORGE.counts(["x"]),
    ):
        with pytest.raises(RateLimited):
            read(request, None, error(kind="RATE_LIMITED"))
