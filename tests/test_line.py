"""Which reds became green, at which commits: by hand, and what holds whatever happened on a branch."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import model
from exporter.line import episodes, gaps, whole
from exporter.model import begins, lines_of
from tests.branch import line
from tests.stories import at


def turned(*told, **how):
    return [(each.base, each.head, each.red) for each in episodes(line(*told), **how)]


def test_a_job_red_at_one_commit_and_green_at_the_next_is_an_episode_between_them():
    assert turned("a red 1h: unit", "b green 3h") == [("a", "b", ("unit",))]


def test_red_twice_then_green_counts_from_the_last_red():
    assert turned("a red 1h: unit", "b red 2h: unit", "c green 3h") == [("b", "c", ("unit",))]


def test_red_and_green_at_the_same_commit_is_an_episode_without_a_change():
    assert turned("a red 1h: unit", "a green 2h twice") == [("a", "a", ("unit",))]


def test_a_red_that_is_never_green_makes_no_episode():
    assert turned("a red 1h: unit", "b red 2h: unit") == []


def test_a_green_that_was_never_red_makes_no_episode():
    assert turned("a green 1h", "b green 2h") == []


def test_attempts_that_were_cancelled_skipped_late_or_broken_say_nothing():
    told = ["a red 1h: unit", "b cancelled 2h", "c broken 3h", "d late 4h", "e skipped 5h"]
    assert turned(*told) == []
    assert turned(*told, "f green 6h") == [("a", "f", ("unit",))]
    assert turned("a late 1h", "b green 2h") == []


def test_three_hundred_red_tests_of_a_broken_commit_are_one_episode():
    names = " ".join(f"T{number}" for number in range(300))
    ((base, head, red),) = turned(f"a red 1h: unit tests {names} of 300", "b green 2h")
    assert (base, head, len(red)) == ("a", "b", 300)


def test_tests_last_red_at_different_commits_are_different_episodes():
    """X is red at a only, Y at a and b: what lies between a and b mended X, what lies between b and c mended Y."""
    told = ["a red 1h: unit tests X Y", "b red 2h: unit tests Y", "c green 3h"]
    assert turned(*told) == [("a", "b", ("X",)), ("b", "c", ("Y",))]


def test_a_red_report_of_far_fewer_cases_says_nothing_of_the_tests_it_does_not_name():
    """At b only 89 cases ran where 100 had: a job may have died before X was run."""
    assert turned("a red 1h: unit tests X", "b red 2h: unit tests Y of 89", "c green 3h") == [
        ("a", "c", ("X",)),
        ("b", "c", ("Y",)),
    ]
    assert turned("a red 1h: unit tests X", "b red 2h: unit tests Y of 90") == [("a", "b", ("X",))]


def test_a_red_report_that_left_ids_out_says_nothing_of_the_tests_it_does_not_name():
    assert turned("a red 1h: unit tests X", "b red 2h: unit tests Y cut") == []


def test_a_broken_build_says_nothing_of_the_tests_that_were_red_before():
    """B does not build, so no test ran; c mends the build and X: X was last red at a, the build at b."""
    assert turned("a red 1h: unit tests X", "b red 2h: build", "c green 3h") == [
        ("a", "c", ("X",)),
        ("b", "c", ("build",)),
    ]


def test_a_failed_attempt_says_of_no_job_that_it_is_green():
    """At b the build fails, and unit, which waits for it, is not even started."""
    assert turned("a red 1h: unit", "b red 2h: build") == []


def test_a_job_that_stays_red_moves_on_also_where_a_report_names_tests():
    assert turned("a red 1h: unit", "b red 2h: unit tests X", "c green 3h") == [("b", "c", ("X", "unit"))]


def test_a_failure_of_unnamed_jobs_is_the_workflows():
    assert turned("a red 1h", "b green 2h") == [("a", "b", ("ci",))]


def test_a_test_that_both_failed_and_passed_at_the_head_is_no_proof_of_the_change():
    """X is flaky at b, Y is not: for Y the change between a and b counts, for X it does not."""
    told = ["a red 1h: unit tests X Y", "b green 2h flaky X"]
    assert turned(*told) == [("a", "b", ("Y",)), ("b", "b", ("X",))]


def test_jobs_that_run_no_tests_are_not_followed():
    told = ["a red 1h: lint, unit", "b green 2h"]
    assert turned(*told, is_test=lambda workflow, job: job != "lint") == [("a", "b", ("unit",))]


def test_workflows_are_followed_apart_and_their_common_work_is_told_once():
    """The green of ci says nothing of e2e; when that is green too, it is the same work, so it is said to be again."""
    told = line("a red 1h: unit", "a red 90m: ui in e2e", "b green 2h", "b green 3h in e2e")
    assert [(each.base, each.head, each.red, each.again) for each in episodes(told)] == [
        ("a", "b", ("unit",), False),
        ("a", "b", ("ui",), True),
    ]


def test_what_two_workflows_saw_is_asked_about_once():
    told = line("a red 1h: unit", "a red 90m: ui in e2e", "b green 2h", "b green 3h in e2e")
    assert gaps(told) == [("a", "b", at("2h"))]


def test_two_reruns_that_pass_are_two_flakes():
    told = line("a red 1h: unit", "a green 2h twice", "a red 3h: unit in e2e", "a green 4h in e2e twice")
    assert [each.again for each in episodes(told)] == [False, False]


def test_what_an_older_commit_says_late_is_not_heard():
    """B was pushed after a and is green; that a's slow run then ends red does not make b's line red again."""
    assert turned("b green 2h asked 1h30m", "a red 3h asked 1h: unit", "c green 4h") == []
    assert turned("a red 1h asked 10m: unit", "c red 2h asked 90m: unit", "a green 3h asked 150m twice") == []


def test_a_rerun_of_an_older_commit_is_dated_by_the_commits_first_attempt():
    """A's second attempt was asked for after b, but a is older than b."""
    told = ["a red 1h asked 50m: unit", "b green 2h asked 110m", "a red 3h asked 170m twice: unit", "c green 4h"]
    assert turned(*told) == [("a", "b", ("unit",))]


def test_a_branch_that_was_pushed_by_force_goes_on_with_the_commit_it_was_pushed_to():
    """Where a is no ancestor of b any more, the line is still red at a and green at b."""
    assert turned("a red 1h: unit", "x green 2h") == [("a", "x", ("unit",))]


def test_gaps_are_what_is_still_to_be_read():
    told = line("a red 1h: unit", "a green 2h twice", "b red 3h: unit", "c green 4h", "d red 5h: unit", "e green 6h")
    assert gaps(told) == [("b", "c", at("4h")), ("d", "e", at("6h"))]
    assert gaps([*told, *line("worked b..c 4h: a.py +1 -0")]) == [("d", "e", at("6h"))]


def test_work_with_another_date_leaves_no_gap_either():
    """The forge would say the same again; it is not counted, for its date is not the green's."""
    assert gaps(line("a red 1h: unit", "b green 2h", "worked a..b 3h: a.py +1 -0")) == []


def test_two_lines_that_share_an_episode_ask_for_it_once():
    """Stories begin on 13 November: red then, green on the 14th; December's line is told of both as well."""
    told = line("a red 1h: unit", "b green 1d", default=True)
    keys = {key for each in told for key in lines_of(each)}
    assert keys == {"main#2023-11", "main#2023-12"}
    assert gaps(told, begins("main#2023-11")) == [("a", "b", at("1d"))]
    assert gaps(told, begins("main#2023-12")) == []


def test_the_line_of_a_branch_has_all_its_workflows():
    told = line("a red 1h: unit", "a red 2h: ui in e2e")
    assert {key for each in told for key in lines_of(each)} == {"topic"}


@pytest.mark.parametrize("key", ["topic", "fix#12", "fix#2025-13"])
def test_a_line_without_a_month_begins_with_time(key):
    assert begins(key) == 0


def test_the_reports_of_an_attempt_are_read_together():
    """Two artifacts: X is red in one and Y flaky in the other, of 3 + 4 and 1 cases. One that was not read is none."""
    one = model.Tested("1", 5, "a", 1, 3, 4, 0, 0, ("X",))
    other = model.Tested("2", 5, "a", 1, 1, 0, 0, 0, (), ("Y",), 1, 2)
    unread = model.Tested("0", 5, "a", 1, 0, 0, 0, 0, unread=1)
    assert whole([other, one, unread]) == model.Tested("0", 5, "a", 1, 4, 4, 0, 0, ("X",), ("Y",), 1, 3)
    assert whole([unread]) is None
    assert whole([]) is None


def test_of_two_workflows_that_end_in_one_second_the_failed_one_has_the_report_with_reds():
    told = line("a green 1h in e2e", "a red 1h: unit tests X", "b green 2h", "b green 3h in e2e")
    assert [(each.base, each.head, each.red, each.again) for each in episodes(told)] == [("a", "b", ("X",), False)]


ENDS = ("green", "green", "red", "red", "cancelled", "late")
words = st.builds(
    lambda sha, end, minute, lag, tests, workflow: (
        f"{sha} {end} {minute}m asked {max(0, minute - lag)}m"
        + ("" if end != "red" else f": unit{tests}")
        + f" in {workflow}"
    ),
    st.sampled_from("abcdef"),
    st.sampled_from(ENDS),
    st.integers(0, 40),
    st.integers(0, 10),
    st.sampled_from(("", " tests X", " tests X Y", " tests Y")),
    st.sampled_from(("ci", "e2e")),
)


@given(st.lists(words, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_order_and_number_of_tellings_does_not_matter(told, shuffler):
    facts = line(*told)
    again = facts + facts[: len(facts) // 2]
    shuffler.shuffle(again)
    assert episodes(again) == episodes(facts)


@given(st.lists(words, max_size=14))
@settings(max_examples=300, deadline=None)
def test_an_episode_once_found_stays_found(told):
    """What is found by facts up to a second is what all facts find up to it."""
    facts = line(*told)
    everything = episodes(facts)
    for second in {fact.at for fact in facts}:
        known = episodes([fact for fact in facts if fact.at <= second])
        assert known == [each for each in everything if each.at <= second]


@given(st.lists(words, max_size=14))
@settings(max_examples=300, deadline=None)
def test_every_episode_ends_with_a_green_and_began_with_a_red(told):
    facts = line(*told)
    ends = {fact.id: fact for fact in facts}
    for each in episodes(facts):
        attempt = ends[each.cause]
        assert (attempt.sha, attempt.at) == (each.head, each.at)
        reds = [fact for fact in facts if fact.at <= each.at and getattr(fact, "red", ())]
        assert each.same or any(fact.sha == each.base for fact in reds)


def test_a_simulated_branch_gives_back_its_true_episodes():
    """500 commits of which a coin breaks a test and one mends it later; reruns, cancelled attempts and slow runs thrown
    in. Every break is found with its last red and its first green commit.
    """
    coin = random.Random(20231113)
    told, truth, red_since, minute = [], [], None, 0
    for number in range(500):
        minute += coin.randrange(20, 60)
        if coin.random() < 0.1:
            told.append(f"c{number} cancelled {minute}m")
            continue
        breaks = red_since is None and coin.random() < 0.3
        mends = red_since is not None and coin.random() < 0.5
        if breaks or (red_since is not None and not mends):
            red_since = f"c{number}"
            told.append(f"c{number} red {minute}m: unit tests X")
        else:
            if mends:
                truth.append((red_since, f"c{number}"))
                red_since = None
            told.append(f"c{number} green {minute}m")
    assert [(base, head) for base, head, _ in turned(*told)] == truth
    assert len(truth) > 50
