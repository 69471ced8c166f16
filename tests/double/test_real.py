"""Real pull requests become a world that says what their files say."""

from typing import Any

import pytest

from tests.double.facts import PullRequest, account
from tests.double.real import load_file, load_real, real_data
from tests.double.world import World, seconds

REPOSITORY = {"type": "repo", "id": 5, "full_name": "acme/shop", "owner_type": "User", "default_branch": "dev"}


def line(**more: Any) -> dict[str, Any]:
    """The least a pull request's line holds."""
    day = "2025-06-01T"
    return {
        "type": "pr", "node_id": "PR_x", "number": 9, "user": "ann", "created_at": day + "10:00:00Z",
        "updated_at": day + "10:00:00Z", "head_ref": "topic", "base_ref": "main", "draft0": False, "reviews": [],
        "commits": [], "body": None,
    } | more  # fmt: skip


def loaded(**more: Any) -> PullRequest:
    """The pull request of one line."""
    world = World(0)
    load_file(world, [REPOSITORY, {"type": "users", "ids": {}}, line(**more)])
    return world.pulls["PR_x"]


def told(pull: PullRequest) -> list[tuple[str, int]]:
    """The items of a timeline, with their seconds after ten o'clock."""
    return [(item.kind, item.at - seconds("2025-06-01T10:00:00Z")) for item in pull.items]


def test_a_repository_has_its_own_id_and_branch():
    home = loaded().repository
    assert (home.id, home.name, home.owner_kind, home.default_branch) == ("R_5", "acme/shop", "User", "dev")


def test_an_end_without_an_event_gets_one_at_its_own_time():
    """Merged, and no timeline: the merge and the close at 10:05."""
    pull = loaded(merged_at="2025-06-01T10:05:00Z", closed_at="2025-06-01T10:05:00Z", merge_sha="abc")
    assert sorted(told(pull)) == [("ClosedEvent", 300), ("MergedEvent", 300)]
    assert (pull.state, pull.merge_sha, pull.updated) == ("merged", "abc", pull.merged)


def test_an_end_told_a_second_late_is_one_event_at_the_pull_requests_own_time():
    events = [{"e": "closed", "t": "2025-06-01T10:05:01Z", "a": "bob"}]
    pull = loaded(closed_at="2025-06-01T10:05:00Z", timeline=events)
    assert told(pull) == [("ClosedEvent", 300)]


def test_an_earlier_close_stays_beside_the_last():
    events = [
        {"e": "closed", "t": "2025-06-01T10:01:00Z", "a": "bob"},
        {"e": "reopened", "t": "2025-06-01T10:02:00Z", "a": "bob"},
        {"e": "labeled", "t": "2025-06-01T10:03:00Z", "a": "bob", "label": "x"},
    ]
    pull = loaded(closed_at="2025-06-01T10:05:00Z", timeline=events)
    assert told(pull) == [("ClosedEvent", 60), ("ReopenedEvent", 120), ("ClosedEvent", 300)]


def test_a_dismissal_joins_the_last_dismissed_review_before_it_that_no_other_took():
    """Two reviews dismissed at once, and one dismissed review that came later."""
    reviews = [
        {"id": n, "user": "bob", "state": state, "t": f"2025-06-01T10:0{n}:00Z"}
        for n, state in ((1, "DISMISSED"), (2, "DISMISSED"), (3, "APPROVED"), (6, "DISMISSED"))
    ]
    events = [{"e": "review_dismissed", "t": "2025-06-01T10:05:00Z", "a": "ann"}] * 3
    pull = loaded(reviews=reviews, timeline=events)
    dismissed = [item for item in pull.items if item.kind == "ReviewDismissedEvent"]
    assert [(item.more and item.more.id, item.before) for item in dismissed] == [
        ("PRR_2", "APPROVED"),
        ("PRR_1", "APPROVED"),
        (None, "APPROVED"),
    ]


def test_a_draft_follows_its_events():
    ready = {"e": "ready_for_review", "t": "2025-06-01T10:01:00Z", "a": "ann"}
    again = {"e": "convert_to_draft", "t": "2025-06-01T10:02:00Z", "a": "ann"}
    assert [loaded(draft0=True, timeline=events).draft for events in ([], [ready], [ready, again])] == [
        True,
        False,
        True,
    ]


def test_files_that_were_not_recorded_are_unknown():
    assert loaded().files is None
    assert loaded(files=[["a.py", 3, 1, "M"]]).files == [("a.py", 3, 1)]


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("ann", ("ann", "User")),
        ("renovate[bot]", ("renovate", "Bot")),
        ("Copilot", ("copilot-swe-agent", "Bot")),
        ("copilot-swe-agent[bot]", ("copilot-swe-agent", "Bot")),
        ("TimidRobot", ("TimidRobot", "User")),
    ],
)
def test_an_account_is_a_bot_only_where_it_says_so(login: str, expected: tuple[str, str]):
    found = account(login)
    assert found
    assert (found.login, found.kind) == expected


def test_a_deleted_account_is_nobody():
    assert account("ghost") is account(None) is None


@pytest.mark.real
def test_all_the_real_data_loads_in_order_of_time():
    """197 repositories, 2,268 pull requests; none updated before its last event, or after the world's now."""
    path = real_data()
    if path is None:
        pytest.skip("the real pull requests are not here: set SDLC_REAL_DATA to their folder")
    world = load_real(path)
    assert (len(world.repositories), len(world.pulls)) == (197, 2268)
    states = [pull.state for pull in world.pulls.values()]
    assert [states.count(state) for state in ("merged", "closed", "open")] == [1566, 452, 250]
    for pull in world.pulls.values():
        times = [item.at for item in pull.items]
        assert times == sorted(times)
        assert max([pull.created, *times]) <= pull.updated < world.now
        kinds = [item.kind for item in pull.items if item.at in (pull.merged, pull.closed)]
        assert kinds.count("MergedEvent") == (pull.merged is not None)
        assert len({item.id for item in pull.items}) == len(pull.items)


@pytest.mark.real
def test_some_of_the_real_repositories_may_be_loaded():
    path = real_data()
    if path is None:
        pytest.skip("the real pull requests are not here: set SDLC_REAL_DATA to their folder")
    world = load_real(path, only=["panjf2000/ants"])
    assert [one.name for one in world.repositories.values()] == ["panjf2000/ants"]
