"""What keeping tests green costs: outcomes, fixes, work on old test lines, and the windows made of them, by hand."""

import msgspec
import pytest

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.measures import maintenance as upkeep
from exporter.measures.maintenance import (
    AUTHOR_FACT,
    CHANGED_FACT,
    FIX_FACT,
    FIX_SECONDS,
    LAYER_FACT,
    RED_FACT,
    RED_OUTCOMES,
    UPKEEP_FACT,
    WORK_SECONDS,
    fixes,
    red_outcomes,
    work,
)
from exporter.story import Story
from tests.branch import line
from tests.measures.pools import window_of
from tests.measures.read import gauges
from tests.stories import POLICY, START, change, story

RED_GREEN = ("a red 9h: unit", "b green 12h")
MARK = "with Co-authored-by: Claude <noreply@anthropic.com>"


def of(measure, metric, told, policy=POLICY):
    found = [each for each in measure(told, policy) if each.metric == metric.name]
    return [((each.at - START) / 3600, tuple(map(str, each.labels)), each.value) for each in found]


def branch(*told, bound=(), key="topic", default=False):
    return Story(line(*told, default=default), POLICY, bound, key)


# How red became green


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        ("tests/test_a.py +3 -1", "test_fix"),
        ("tests/test_a.py +0 -0, conftest.py +1 -0", "test_fix"),
        ("src/a.py +3 -1", "true_catch"),
        ("poetry.lock +3 -1", "true_catch"),
        ("tests/test_a.py +3 -1, src/a.py +1 -1", "mixed"),
        ("tests/test_a.py +3 -1, README.md +1 -1", "test_fix"),
        ("src/a.py +3 -1, docs/a.md +1 -1", "true_catch"),
        ("README.md +3 -1", "other"),
        (".github/workflows/ci.yml +3 -1", "other"),
        ("", "flake"),
    ],
)
def test_the_files_between_the_two_commits_say_how_it_became_green(files, outcome):
    told = branch(*RED_GREEN, f"worked a..b 12h by ann: {files}")
    assert of(red_outcomes, RED_OUTCOMES, told) == [(12, (outcome,), 1)]


def test_green_at_the_same_commit_is_a_flake():
    assert of(red_outcomes, RED_OUTCOMES, branch("a red 9h: unit", "a green 10h twice")) == [(10, ("flake",), 1)]


def test_while_the_files_are_not_read_nothing_is_said():
    assert of(red_outcomes, RED_OUTCOMES, branch(*RED_GREEN)) == []


def test_work_that_is_dated_after_the_green_is_not_counted_under_its_date():
    """What was counted by the date of the green must not change when more becomes known."""
    assert of(red_outcomes, RED_OUTCOMES, branch(*RED_GREEN, "worked a..b 12h1s: src/a.py +1 -1")) == []


@pytest.mark.parametrize(
    ("files", "outcomes"),
    [
        ("tests/test_a.py +3 -1, src/a.py +1 -1", ["mixed"]),
        ("tests/test_a.py +3 -1", []),
        ("src/a.py +3 -1", []),
        ("README.md +3 -1", []),
    ],
)
def test_where_files_were_left_out_only_mixed_is_certain(files, outcomes):
    told = branch(*RED_GREEN, f"worked a..b 12h by ann: {files} cut")
    assert [labels[0] for _, labels, _ in of(red_outcomes, RED_OUTCOMES, told)] == outcomes


def test_three_hundred_tests_are_one_outcome_with_their_number_beside_it():
    names = " ".join(f"T{number}" for number in range(300))
    told = branch(f"a red 9h: unit tests {names} of 300", "b green 12h", "worked a..b 12h: src/a.py +1 -1")
    assert of(red_outcomes, RED_OUTCOMES, told) == [(12, ("true_catch",), 1)]
    assert of(red_outcomes, RED_FACT, told) == [(12, ("true_catch",), 300)]


def test_what_two_workflows_saw_of_one_work_counts_once():
    told = branch(
        "a red 8h: unit", "a red 9h: ui in e2e", "b green 12h", "b green 13h in e2e", "worked a..b 12h: src/a.py +1 -1"
    )
    assert of(red_outcomes, RED_OUTCOMES, told) == [(12, ("true_catch",), 1)]
    assert of(red_outcomes, RED_FACT, told) == [(12, ("true_catch",), 1), (13, ("true_catch",), 1)]


def test_a_red_lint_job_is_no_red_test():
    assert of(red_outcomes, RED_OUTCOMES, branch("a red 9h: lint", "a green 10h twice")) == []


def test_an_episode_stated_to_two_months_lines_counts_in_the_month_it_ended_in():
    """Red on 30 November, green on 2 December: November's line knows only the red, December's both."""
    red, green, read = "a red 17d: unit", "b green 19d", "worked a..b 19d: tests/test_a.py +1 -1"
    both = (red, green, read)
    counted = {
        key: [
            of(measure, metric, Story(line(*told, default=True), POLICY, key=key))
            for measure, metric in ((red_outcomes, RED_OUTCOMES), (fixes, FIX_SECONDS))
        ]
        for key, told in (("main#2023-11", (red,)), ("main#2023-12", both), ("main#2024-01", both[1:]))
    }
    assert [len(found) for found in counted["main#2023-12"]] == [1, 1]
    assert counted["main#2023-11"] == counted["main#2024-01"] == [[], []]


def test_an_episode_of_the_month_before_is_left_to_that_months_line():
    """All of it lies in November; December's line is told of it too."""
    told = (*RED_GREEN, "worked a..b 12h: tests/test_a.py +1 -1")
    november, december = (Story(line(*told), POLICY, key=f"main#2023-{month}") for month in (11, 12))
    assert len(of(red_outcomes, RED_OUTCOMES, november)) == len(of(fixes, FIX_SECONDS, november)) == 1
    assert of(red_outcomes, RED_OUTCOMES, december) == of(fixes, FIX_SECONDS, december) == []


# Test fixes: the lower bound


def test_a_fix_takes_its_session():
    """One commit at 11h, after nothing: half an hour."""
    told = branch(*RED_GREEN, "worked a..b 12h by ann since 11h: tests/test_a.py +3 -1")
    assert of(fixes, FIX_SECONDS, told) == [(12, ("unmarked",), 30 * MINUTE)]
    assert of(fixes, FIX_FACT, told) == [(12, ("ann", "0"), 30 * MINUTE)]


@pytest.mark.parametrize("files", ["src/a.py +3 -1", "tests/test_a.py +3 -1, src/a.py +1 -1", "README.md +1 -0", ""])
def test_nothing_but_a_test_fix_takes_time(files):
    told = branch(*RED_GREEN, f"worked a..b 12h by ann since 11h: {files}")
    assert of(fixes, FIX_SECONDS, told) == of(fixes, FIX_FACT, told) == []


def test_a_commit_written_before_the_red_one_was_pushed_answers_nothing():
    """The red commit was pushed at 8h59m; what was written at 8h and merged in between cannot be its repair."""
    told = branch(*RED_GREEN, "worked a..b 12h by ann since 8h: tests/test_a.py +3 -1")
    assert of(fixes, FIX_SECONDS, told) == [(12, ("unmarked",), 0)]
    assert of(fixes, FIX_FACT, told) == []


def test_an_agents_fix_takes_no_persons_time():
    (work_of,) = line("worked a..b 12h since 11h: tests/test_a.py +3 -1")
    by = tuple((sha, date, "copilot-swe-agent[bot]", ()) for sha, date, *_ in work_of.commits)
    told = Story([*line(*RED_GREEN), msgspec.structs.replace(work_of, commits=by)], POLICY)
    assert of(fixes, FIX_SECONDS, told) == [(12, ("agentic",), 0)]


def test_a_marker_of_the_commit_says_the_origin_where_no_change_brought_it():
    (work_of,) = line("worked a..b 12h since 11h: tests/test_a.py +3 -1")
    marked = ("Co-authored-by: Claude <noreply@anthropic.com>",)
    by = tuple((sha, date, who, marked) for sha, date, who, _ in work_of.commits)
    told = Story([*line(*RED_GREEN), msgspec.structs.replace(work_of, commits=by)], POLICY)
    assert of(fixes, FIX_SECONDS, told) == [(12, ("assisted",), 30 * MINUTE)]


def test_the_change_that_brought_the_green_commit_says_the_origin():
    """The branch begins with codex/, so an agent opened it; a person's commit in it takes a person's time."""
    brought = change("opened 10h by author on codex/fix", "committed 11h authored 11h")
    (work_of,) = line("worked a..committed1 12h by ann since 11h: tests/test_a.py +3 -1")
    told = Story([*line("a red 9h: unit", "committed1 green 12h"), work_of], POLICY, [brought])
    assert of(fixes, FIX_SECONDS, told) == [(12, ("agentic",), 30 * MINUTE)]


def test_a_squashed_commit_stands_for_the_changes_own():
    """Merged at 12h as one commit, written at 10h, 10h50m and 11h30m: 30 + 50 + 40 minutes, not one half hour."""
    brought = change("opened 9h30m", "committed 10h", "committed 10h50m", "committed 11h30m", "merged 11h55m")
    (work_of,) = line("worked a..sha 12h by ann since 11h55m: tests/test_a.py +3 -1")
    told = Story([*line("a red 9h: unit", "sha green 12h"), work_of], POLICY, [brought])
    assert of(fixes, FIX_SECONDS, told) == [(12, ("unmarked",), 120 * MINUTE)]


def test_what_becomes_known_of_a_commit_after_the_green_changes_nothing():
    """At 12h nobody knew that a change would be merged as this commit: half an hour of ann's stays half an hour."""
    brought = change("opened 9h30m", "committed 10h", "committed 10h50m", "committed 11h30m", "merged 12h1s")
    (work_of,) = line("worked a..sha 12h by ann since 11h: tests/test_a.py +3 -1")
    told = Story([*line("a red 9h: unit", "sha green 12h"), work_of], POLICY, [brought])
    assert of(fixes, FIX_SECONDS, told) == [(12, ("unmarked",), 30 * MINUTE)]


def test_a_fix_is_believed_four_hours():
    """Seven commits 100 minutes apart: 30 + 6 * 100 = 630 minutes, of which 240 count, of the first day first."""
    rows = [f"committed {16 * 60 + 100 * number}m" for number in range(7)]
    brought = change("opened 9h30m", *rows, "merged 40h")
    (work_of,) = line("worked a..sha 41h by ann since 40h: tests/test_a.py +3 -1")
    told = Story([*line("a red 9h: unit", "sha green 41h"), work_of], POLICY, [brought])
    assert of(fixes, FIX_SECONDS, told) == [(41, ("unmarked",), 4 * HOUR)]
    assert of(fixes, FIX_FACT, told) == [(41, ("somebody@example.org", "1"), 4 * HOUR)]


def test_no_commit_of_a_line_counts_twice():
    """X was mended between a and b, Y between a (its workflow did not run at b) and c: what b took is counted once.

    b at 10h: 30 minutes. c at 11h: an hour after b.
    """
    first, second = line(
        "worked a..b 10h30m by ann since 10h: tests/test_a.py +1 -1",
        "worked a..c 12h by ann since 11h: tests/test_a.py +1 -1, tests/test_b.py +1 -1",
    )
    second = msgspec.structs.replace(second, commits=(*first.commits, *second.commits))
    attempts = line("a red 8h: unit", "a red 9h: ui in e2e", "b green 10h30m", "c green 12h in e2e")
    told = Story([*attempts, first, second], POLICY)
    assert [(hour, value) for hour, _, value in of(fixes, FIX_SECONDS, told)] == [(10.5, 1800), (12, 3600)]


# Work on test lines: the upper bound

TESTED = ("opened 9h", "committed 9h", "committed 10h", "merged 24h")


def test_a_changes_time_is_split_over_its_lines():
    """30 + 60 minutes = 5,400 s. Of 100 lines 40 are test lines: 10 added and 10 deleted (20 updated), 20 only new.

    update 5400 * 20 / 100 = 1,080 s, new 5400 * 20 / 100 = 1,080 s.
    """
    told = story(*TESTED, "files 24h: a.py +50 -10, tests/test_a.py +10 -10, tests/test_b.py +20 -0")
    assert of(work, WORK_SECONDS, told) == [(24, ("update",), 1080), (24, ("new",), 1080)]
    assert of(work, UPKEEP_FACT, told) == [(24, ("somebody@example.org", "1"), 1080)]
    assert of(work, CHANGED_FACT, told) == [(24, (), 1)]
    assert of(work, AUTHOR_FACT, told) == [(24, ("somebody@example.org",), 1)]


def test_deleting_a_test_is_an_update():
    """All 5,400 s went into a deleted test."""
    told = story(*TESTED, "files 24h: tests/test_a.py +0 -30")
    assert of(work, WORK_SECONDS, told) == [(24, ("update",), 5400)]


def test_a_change_without_test_lines_spends_nothing_on_them():
    told = story(*TESTED, "files 24h: a.py +50 -10")
    assert of(work, WORK_SECONDS, told) == of(work, UPKEEP_FACT, told) == of(work, CHANGED_FACT, told) == []
    assert len(of(work, AUTHOR_FACT, told)) == 1, "its author was active all the same"


def test_while_the_files_are_not_known_nothing_is_said():
    told = story(*TESTED)
    assert list(work(told, POLICY)) == []


@pytest.mark.parametrize("opening", ["opened 9h by dependabot[bot]", "opened 9h on revert-12-topic"])
def test_bots_changes_and_reverts_are_left_out(opening):
    told = story(opening, "committed 9h", "merged 24h", "files 24h: tests/test_a.py +3 -3")
    assert list(work(told, POLICY)) == []


def test_a_long_day_is_eight_hours():
    """Twelve commits 100 minutes apart, from 1h on: 1,130 minutes within one day, of which 480 count."""
    commits = [f"committed {60 + 100 * number}m" for number in range(12)]
    told = story("opened 1h", *commits, "merged 30h", "files 30h: tests/test_a.py +5 -5")
    assert of(work, WORK_SECONDS, told) == [(30, ("update",), 8 * HOUR)]


def test_days_before_the_merge_are_told_apart():
    """Half an hour on the day before the merge, half an hour on its day."""
    told = story("opened 9h", "committed 9h", "committed 30h", "merged 35h", "files 35h: tests/test_a.py +5 -5")
    assert [(labels[1], value) for _, labels, value in of(work, UPKEEP_FACT, told)] == [("1", 1800), ("0", 1800)]


def test_upkeep_by_layer():
    """5,400 s, all updates: 20 lines of a unit test, 60 of an end-to-end test: a quarter and three quarters."""
    told = story(*TESTED, "files 24h: tests/test_a.py +10 -10, e2e/pay.spec.ts +30 -30")
    assert of(work, LAYER_FACT, told) == [(24, ("e2e",), 4050), (24, ("unit",), 1350)]


# Windows

NOW = START + 100 * DAY


def window(*parts, name="28d"):
    return window_of(name, *parts, ends=[NOW] * len(parts), policy=POLICY)


def test_maintenance_in_hours_and_people():
    """Over 28 d: fixes of 4 h and 6 h are 10 h, upkeep of 32 h. 32 h in four weeks are a quarter of a 32-hour week."""
    part = {
        ("fix_day", ("ann", "0")): [(NOW - DAY, 4 * HOUR), (NOW - 2 * DAY, 6 * HOUR)],
        ("upkeep_day", ("ann", "0")): [(NOW - each * DAY, 8 * HOUR) for each in range(1, 5)],
        ("author", ("ann",)): [(NOW - DAY, 1)],
        ("first_attempt", ("change", "success")): [(NOW - DAY, 1)],
    }
    assert gauges(upkeep.maintenance, window(part), "team") == {
        ("sdlc_test_maintenance_window_seconds", "lower", "28d"): 10 * HOUR,
        ("sdlc_test_maintenance_window_seconds", "upper", "28d"): 32 * HOUR,
        ("sdlc_test_maintenance_fte", "lower", "28d"): pytest.approx(10 / 4 / 32),
        ("sdlc_test_maintenance_fte", "upper", "28d"): pytest.approx(0.25),
    }
    assert gauges(upkeep.maintenance, window(part), "repository") == {}


def test_one_authors_day_is_eight_hours_over_all_repositories():
    """Ann's day is told by three changes: merged that day (5 h) and, elsewhere, one and two days later (4 h, 3 h)."""
    day = NOW - 10 * DAY
    here = {("upkeep_day", ("ann", "0")): [(day, 5 * HOUR)], ("author", ("ann",)): [(day, 1)]}
    there = {
        ("upkeep_day", ("ann", "1")): [(day + DAY, 4 * HOUR)],
        ("upkeep_day", ("ann", "2")): [(day + 2 * DAY, 3 * HOUR)],
    }
    bobs = {("upkeep_day", ("bob", "0")): [(day, 5 * HOUR)]}
    made = gauges(upkeep.maintenance, window(here, there, bobs), "team")
    assert made["sdlc_test_maintenance_window_seconds", "upper", "28d"] == (8 + 5) * HOUR


def test_a_bound_is_absent_where_its_input_is():
    assert gauges(upkeep.maintenance, window({}), "team") == {}
    only_runs = gauges(upkeep.maintenance, window({("first_attempt", ("change", "success")): [(NOW, 1)]}), "team")
    assert only_runs["sdlc_test_maintenance_window_seconds", "lower", "28d"] == 0
    assert {bound for _, bound, _ in only_runs} == {"lower"}
    only_changes = gauges(upkeep.maintenance, window({("author", ("ann",)): [(NOW, 1)]}), "team")
    assert {bound for _, bound, _ in only_changes} == {"upper"}


def test_the_upper_bound_is_never_below_the_lower():
    """Repairs pushed to the branch without a change are no merged change's work."""
    part = {
        ("fix_day", ("ann", "0")): [(NOW, HOUR)],
        ("author", ("ann",)): [(NOW, 1)],
        ("first_attempt", ("change", "success")): [(NOW, 1)],
    }
    made = gauges(upkeep.maintenance, window(part), "team")
    assert made["sdlc_test_maintenance_window_seconds", "upper", "28d"] == HOUR


def test_more_fixing_than_writing():
    """3,000 s on old lines and 1,000 s on new ones: 0.75, from two changes."""
    part = {
        ("sdlc_test_work_seconds_total", ("update",)): [(NOW, 1000), (NOW, 2000)],
        ("sdlc_test_work_seconds_total", ("new",)): [(NOW, 1000)],
        ("changed_tests", ()): [(NOW, 1), (NOW, 1)],
    }
    assert gauges(upkeep.update_ratio, window(part)) == {
        ("sdlc_test_update_ratio", "28d"): 0.75,
        ("sdlc_test_update_samples", "28d"): 2,
    }
    assert gauges(upkeep.update_ratio, window({})) == {}


def sprints(*seconds, ends=NOW, developers=2):
    """Six sprints of 14 days up to the window's end; each has these seconds of upkeep and two active developers."""
    dates = [ends - (len(seconds) - place) * 14 * DAY + 7 * DAY for place in range(len(seconds))]
    part = {("upkeep_day", ("ann", "0")): list(zip(dates, seconds, strict=True))}
    for number in range(developers):
        part["author", (f"dev{number}",)] = [(date, 1) for date in dates]
    return part


def test_upkeep_that_climbs_by_an_hour_a_developer_and_sprint():
    """Two developers, 2 h more each sprint: all pairs of sprints give one hour, so the bounds are the estimate."""
    made = gauges(upkeep.climb, window(sprints(*(2 * HOUR * each for each in range(1, 7))), name="90d"), "team")
    assert made == {("sdlc_test_maintenance_slope_seconds", bound): HOUR for bound in ("estimate", "lower", "upper")}


def test_twice_the_people_and_twice_the_upkeep_do_not_climb():
    part = sprints(*(2 * HOUR for _ in range(6)))
    later = sorted(part["author", ("dev0",)])[3:]
    part["author", ("dev2",)] = part["author", ("dev3",)] = later
    part["upkeep_day", ("ann", "0")] = [(at, 4 * HOUR if at >= later[0][0] else 2 * HOUR) for at, _ in later] + [
        (at, 2 * HOUR) for at, _ in part["upkeep_day", ("ann", "0")][:3]
    ]
    made = gauges(upkeep.climb, window(part, name="90d"), "team")
    assert made["sdlc_test_maintenance_slope_seconds", "estimate"] == 0


def test_one_odd_sprint_is_no_trend():
    made = gauges(upkeep.climb, window(sprints(HOUR, HOUR, HOUR, HOUR, HOUR, 40 * HOUR), name="90d"), "team")
    assert made["sdlc_test_maintenance_slope_seconds", "estimate"] == 0
    assert made["sdlc_test_maintenance_slope_seconds", "lower"] <= 0


def test_a_sprint_without_a_merged_change_leaves_no_trend():
    part = sprints(*(HOUR for _ in range(6)))
    for labels in (("dev0",), ("dev1",)):
        part["author", labels] = part["author", labels][1:]
    assert gauges(upkeep.climb, window(part, name="90d"), "team") == {}


def test_sprints_are_counted_back_from_each_windows_end():
    """A repository read up to ten days ago has its own six sprints; both together climb as each does."""
    one, other = (
        sprints(*(2 * HOUR * n for n in range(1, 7))),
        sprints(*(2 * HOUR * n for n in range(1, 7)), ends=NOW - 10 * DAY),
    )
    pool = window_of("90d", one, other, ends=[NOW, NOW - 10 * DAY], policy=POLICY)
    made = gauges(upkeep.climb, pool, "team")
    bounds = [made["sdlc_test_maintenance_slope_seconds", bound] for bound in ("lower", "estimate", "upper")]
    assert bounds == [2 * HOUR] * 3


def test_layers_add_up_to_one():
    part = {("upkeep_layer", ("unit",)): [(NOW, 1000)], ("upkeep_layer", ("e2e",)): [(NOW, 2000), (NOW, 1000)]}
    assert gauges(upkeep.layers, window(part, name="90d")) == {
        ("sdlc_test_layer_ratio", "e2e"): 0.75,
        ("sdlc_test_layer_ratio", "unit"): 0.25,
    }


def test_red_tests_beside_their_outcomes():
    part = {("red_tests", ("flake",)): [(NOW, 1), (NOW, 299)]}
    assert gauges(upkeep.reds, window(part)) == {("sdlc_test_red_window_tests", "flake", "28d"): 300}
