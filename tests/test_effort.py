"""Whose work a commit is: people, agents and bots; sessions by author and day; and which change brought it."""

import msgspec
import pytest

from exporter.effort import Share, author_of, is_persons, owners, shares, stated
from exporter.model import Committed
from exporter.story import Story
from tests.branch import line
from tests.stories import POLICY, START, at, change

DAY = START // 86400


def commit(when, sha="a", login="ann", email="ann@example.org", name="Ann", trailers=()):
    return Committed(f"commit:{sha}", at(when), sha, at(when), (name, name), (email, email), login, trailers)


@pytest.mark.parametrize(
    ("login", "email", "name", "key"),
    [
        ("Ann", "ann@example.org", "A", "ann"),
        ("", "Ann@Example.org", "A", "ann@example.org"),
        ("", "", "Ann", "ann"),
    ],
)
def test_an_author_is_a_login_else_an_address_else_a_name(login, email, name, key):
    assert author_of(commit("1h", login=login, email=email, name=name)) == key


@pytest.mark.parametrize(
    ("who", "persons"),
    [
        ({}, True),
        ({"trailers": ("Co-authored-by: Claude <noreply@anthropic.com>",)}, True),
        ({"login": "copilot-swe-agent[bot]"}, False),
        ({"login": "dependabot[bot]"}, False),
        ({"login": "", "email": "49699333+dependabot[bot]@users.noreply.github.com"}, False),
        ({"login": "", "email": "198982749+copilot@users.noreply.github.com"}, False),
    ],
)
def test_assisted_work_is_a_persons_and_an_agents_or_bots_is_not(who, persons):
    assert is_persons(commit("1h", **who), POLICY) is persons


def test_sessions_by_author_and_day():
    """Ann: 30 min for the first, 40 more to the second, 30 for one of the next day. Bob: 30. The agent: none."""
    commits = [
        commit("9h", "a"),
        commit("9h40m", "b"),
        commit("1d9h", "c"),
        commit("10h", "d", login="bob"),
        commit("10h", "e", login="copilot-swe-agent[bot]"),
    ]
    assert shares(commits, POLICY) == [
        Share("ann", DAY, 70 * 60),
        Share("bob", DAY, 30 * 60),
        Share("ann", DAY + 1, 30 * 60),
    ]


def test_a_commit_takes_what_lies_between_it_and_the_one_before_though_only_it_is_asked_for():
    """12 minutes after the commit before, not the 30 of a first one."""
    assert shares([commit("9h", "a"), commit("9h12m", "b")], POLICY, ["b"]) == [Share("ann", DAY, 12 * 60)]


def test_no_author_has_more_than_the_policys_day():
    """17 commits an hour apart would be 16.5 h."""
    commits = [commit(f"{hour}h", f"c{hour}") for hour in range(17)]
    assert [each.seconds for each in shares(commits, POLICY)] == [8 * 3600]
    short = msgspec.structs.replace(POLICY, most_of_a_day=3600)
    assert [each.seconds for each in shares(commits, short)] == [3600]


def test_work_between_two_commits_is_stated_as_a_changes_commits_are():
    (work,) = line("worked a..b 3h by ann since 2h: t.py +3 -1")
    assert [(each.sha, each.authored, author_of(each)) for each in stated(work)] == [("b", at("2h"), "ann")]


def test_a_change_owns_its_commits_and_what_it_was_merged_as():
    told = change("opened 0h", "committed 1h", "merged 5h")
    story = Story([], POLICY, [told])
    both = {"committed1", "sha"}
    assert owners(story, both, at("4h")).keys() == {"committed1"}
    assert owners(story, both, at("5h")).keys() == both
    assert owners(story, {"sha"}, at("5h")).keys() == {"sha"}


def test_of_stacked_changes_the_one_opened_first_owns_a_shared_commit():
    first, second = change("opened 1h by ann", "merged 5h"), change("opened 2h by bob", "merged 6h")
    owner = owners(Story([], POLICY, [second, first]), {"sha"}, at("9h"))
    assert owner["sha"].opened.author.login == "ann"


def test_a_change_whose_opening_is_not_known_owns_nothing():
    assert owners(Story([], POLICY, [change("committed 1h")]), {"committed0"}, at("9h")) == {}
