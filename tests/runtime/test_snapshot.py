"""What stands on the page: gauges, windows, coverage, freshness, names, and what a repository costs."""

import dataclasses
import shutil
import subprocess

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.runtime.snapshot import Presentation
from exporter.store.base import RepositoryState
from exporter.working_hours import WorkingHours
from tests.runtime.desk import PRESENTATION, SOURCE, Desk
from tests.stories import at, change

CLAUDE = "with Co-authored-by: Claude <noreply@anthropic.com>"
A, ALL = 'repository="o/a"', 'team="all"'


def shown(**more):
    """A presentation that differs from the plain one."""
    return dataclasses.replace(PRESENTATION, **more)


def queue(page, repository="o/a"):
    """The review queue of a page as {(origin, state): changes}, zeros left out."""
    found = {}
    for series, value in page.items():
        if series.startswith("sdlc_review_queue_changes{") and f'repository="{repository}"' in series and value:
            words = dict(part.split("=") for part in series.partition("{")[2].rstrip("}").split(","))
            found[words["origin"].strip('"'), words["state"].strip('"')] = value
    return found


# State


def test_open_changes_are_shown_by_where_they_stand():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/a", 2, "opened 0h on codex/x")
        desk.story("o/a", 3, "opened 0h", "reviewed 1h by bob: approved")
        desk.story("o/a", 4, "opened 0h", "reviewed 1h by bob: changes requested", "pushed 2h")
        desk.story("o/a", 5, "opened 0h as draft")
        desk.story("o/a", 6, "opened 0h", "merged 1h")
        desk.passed("1d")
        page = desk.page("1d")
        assert queue(page) == {
            ("unmarked", "awaiting_review"): 1,
            ("agentic", "awaiting_review"): 1,
            ("unmarked", "approved"): 1,
            ("unmarked", "awaiting_rereview"): 1,
        }
        assert page[f'sdlc_review_queue_changes{{origin="agentic",{A},state="approved"}}'] == 0
        assert page[f'sdlc_draft_changes{{origin="unmarked",{A}}}'] == 1
        assert page[f'sdlc_draft_changes{{origin="agentic",{A}}}'] == 0


def test_state_gauges_do_not_wait_for_the_watermark():
    """A change opened after the watermark waits now; its counters come later."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.passed("1d")
        desk.story("o/a", 1, "opened 1d1m")
        desk.settle()
        page = desk.page("1d4m")
        assert queue(page) == {("unmarked", "awaiting_review"): 1}
        assert not [series for series in page if series.startswith("sdlc_changes_opened_total")]


def test_waits_are_aged_from_when_each_began():
    """Waiting since 0, 4 and 10 h, asked at 30 h: 30, 26 and 20 h; the median is 26, p90 is 26 + 0.8 * 4 = 29.2."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/a", 2, "opened 4h")
        desk.story("o/a", 3, "opened 1h", "reviewed 2h by bob", "committed 10h")
        desk.story("o/a", 4, "opened 0h", "reviewed 3h by bob: approved")
        desk.passed("30h")
        page = desk.page("30h")
        assert page[f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"] == 30 * HOUR
        assert page[f'sdlc_review_queue_wait_seconds{{percentile="p50",{A}}}'] == 26 * HOUR
        assert page[f'sdlc_review_queue_wait_seconds{{percentile="p90",{A}}}'] == pytest.approx(29.2 * HOUR)
        page = desk.page("30h4m")
        assert page[f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"] == 30 * HOUR + 240


def test_a_local_clock_that_jumped_changes_no_age():
    """The source's server says 25 h while the local clock says ten days: the wait since 0 h is 25 h old."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("25h")
        desk.snapshot.health.clocks[SOURCE] = lambda: at("25h")
        assert desk.page("10d")[f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"] == 25 * HOUR


def test_where_nobody_waits_the_oldest_wait_is_zero_and_percentiles_are_absent():
    with Desk() as desk:
        desk.discover("o/a")
        desk.passed("1d")
        page = desk.page("1d")
        assert page[f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"] == 0
        assert page[f"sdlc_review_queue_oldest_wait_business_seconds{{{A}}}"] == 0
        assert not [series for series in page if series.startswith("sdlc_review_queue_wait_seconds")]


def test_the_business_age_runs_on_the_teams_clock():
    """Waiting since Friday 16:00 UTC, asked on Monday 10:00: one hour on Friday and one on Monday.

    In Tokyo (UTC+9) it was Saturday 01:00 then, and Monday 10:00 is 19:00 there: all of Monday, 8 h.
    """
    presentation = shown(teams={"east": ["o/b"]}, hours={"east": WorkingHours(zone="Asia/Tokyo")})
    with Desk(presentation=presentation) as desk:
        desk.discover("o/a", "o/b")
        for name in ("o/a", "o/b"):
            desk.story(name, 1, "opened 4d16h")
        desk.passed("7d10h")
        page = desk.page("7d10h")
        assert page[f"sdlc_review_queue_oldest_wait_business_seconds{{{A}}}"] == 2 * HOUR
        assert page['sdlc_review_queue_oldest_wait_business_seconds{repository="o/b"}'] == 8 * HOUR
        assert (page['sdlc_business_hours{team="none"}'], page['sdlc_business_hours{team="east"}']) == (1, 0)


def test_the_flow_of_the_queue_is_counted_over_seven_days_before_the_watermark():
    """Entered on days 1, 5 and 9, left on days 2 and 9; on day 9 the window begins after day 2."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 1d", "reviewed 2d by bob")
        desk.story("o/a", 2, "opened 5d", "closed 9d")
        desk.story("o/a", 3, "opened 9d")
        desk.passed("9d")
        page = desk.page("9d")
        stem = f'{A},window="7d"'
        assert page[f'sdlc_review_queue_flow_changes{{direction="in",{stem}}}'] == 2
        assert page[f'sdlc_review_queue_flow_changes{{direction="out",{stem}}}'] == 1


def test_thresholds_are_shown_as_configured():
    lines = {"thresholds_seconds": {"wait": 7200}, "thresholds_ratios": {"load": 1.5}, "thresholds_changes": {"n": 30}}
    with Desk(presentation=shown(**lines)) as desk:
        page = desk.page("0h")
        assert page['sdlc_threshold_changes{name="n"}'] == 30
        assert page['sdlc_threshold_seconds{name="wait"}'] == 7200
        assert page['sdlc_threshold_ratio{name="load"}'] == 1.5


# Teams and names


def test_a_repository_has_one_team_the_first_that_has_a_glob_for_it():
    teams = {"pay": ["o/pay-*"], "rest": ["O/*"]}
    with Desk(presentation=shown(teams=teams)) as desk:
        desk.discover("o/pay-api", "o/shop", "x/y")
        desk.passed("1d")
        infos = [series for series in desk.page("1d") if series.startswith("sdlc_repository_info")]
        assert infos == [
            'sdlc_repository_info{repository="o/pay-api",source="forge",team="pay"}',
            'sdlc_repository_info{repository="o/shop",source="forge",team="rest"}',
            'sdlc_repository_info{repository="x/y",source="forge",team="none"}',
        ]


def test_a_repository_belongs_to_its_team_and_to_the_organisation():
    """And so does what is kept for the organisation, or folded."""
    with Desk(presentation=shown(teams={"pay": ["o/pay-*"]})) as desk:
        desk.discover("o/pay-api", "x/y")
        desk.passed("1d")
        members = [series for series in desk.page("1d") if series.startswith("sdlc_team_repository_info")]
        assert members == [
            'sdlc_team_repository_info{repository="all",team="all"}',
            'sdlc_team_repository_info{repository="o/pay-api",team="all"}',
            'sdlc_team_repository_info{repository="other",team="all"}',
            'sdlc_team_repository_info{repository="x/y",team="all"}',
            'sdlc_team_repository_info{repository="x/y",team="none"}',
            'sdlc_team_repository_info{repository="o/pay-api",team="pay"}',
        ]


def test_a_prefix_keeps_two_forges_apart():
    with Desk(presentation=shown(prefixes={SOURCE: "ghe/"})) as desk:
        desk.discover("o/a")
        desk.passed("1d")
        assert 'sdlc_repository_info{repository="ghe/o/a",source="forge",team="none"}' in desk.page("1d")


def opened_total(page):
    stem = 'sdlc_changes_opened_total{origin="unmarked",repository="'
    return {
        series.removeprefix(stem).partition('"')[0]: value for series, value in page.items() if series.startswith(stem)
    }


def test_a_rename_moves_the_series_and_resets_nothing():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        assert opened_total(desk.page("1d")) == {"o/a": 1}
        desk.discover("o/a=o/z")
        desk.books.reach.refresh()
        assert opened_total(desk.page("1d")) == {"o/z": 1}


def test_two_repositories_may_swap_their_names():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/b", 1, "opened 0h")
        desk.story("o/b", 2, "opened 0h")
        desk.passed("1d")
        assert opened_total(desk.page("1d")) == {"o/a": 1, "o/b": 2}
        desk.discover("o/a=o/b", "o/b=o/a")
        desk.books.reach.refresh()
        assert opened_total(desk.page("1d")) == {"o/a": 2, "o/b": 1}


def test_one_that_is_gone_disappears_and_comes_back_with_its_values():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        desk.discover("o/b")
        desk.books.reach.refresh()
        assert not [series for series in desk.page("1d") if '"o/a"' in series]
        desk.discover("o/a", "o/b")
        desk.books.reach.refresh()
        assert opened_total(desk.page("1d")) == {"o/a": 1}


def test_a_source_that_is_no_longer_configured_is_not_shown():
    with Desk(presentation=Presentation(intervals={"another": 60})) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        assert not [series for series in desk.page("1d") if '"o/a"' in series]


# Freshness


def fail(desk, *rows):
    desk.store.progress(rows or [1], state=RepositoryState.FAILING, reason="server_error")
    desk.books.reach.refresh()


def test_the_ages_of_a_failing_repository_freeze_and_go_after_an_hour():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob", "committed 10h")
        desk.passed("1d")
        fail(desk)
        oldest = f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"
        assert desk.page("1d30m")[oldest] == 14 * HOUR
        assert desk.page("1d1h")[oldest] == 14 * HOUR
        page = desk.page("1d1h1s")
        left = {series.partition("{")[0] for series in page if A in series}
        assert not [name for name in left if "queue_" in name and not name.endswith("_total")]
        assert not [name for name in left if name.endswith(("_ratio", "_window_seconds", "_window_samples"))]
        assert {"sdlc_changes_opened_total", "sdlc_repository_info"} <= left, "counters and info stay"


def test_a_repository_nobody_polls_freezes_too_and_thaws_when_polled():
    """Three intervals of 10 min late: the last success is what ages are of."""
    with Desk(presentation=shown(intervals={SOURCE: 600})) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        oldest = f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"
        assert desk.page("1d30m")[oldest] == 24 * HOUR + 1800
        assert desk.page("1d30m1s")[oldest] == 24 * HOUR
        desk.passed("1d40m")
        assert desk.page("1d40m")[oldest] == 24 * HOUR + 2400


def test_a_failing_repository_leaves_the_teams_windows_after_an_hour():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for name in ("o/a", "o/b"):
            desk.story(name, 1, "opened 0h", "reviewed 1h by bob")
        desk.passed("1d")
        samples = f'sdlc_team_review_wait_window_samples{{origin="unmarked",{ALL},window="28d"}}'
        assert desk.page("1d")[samples] == 2
        fail(desk)
        desk.mark(at("1d2h"), "o/b")
        assert desk.page("1d2h")[samples] == 1


# Windows


def merged(desk, repository, number, hours, when, reviewer="bob"):
    """A change whose lead time and review wait are so many hours, merged then."""
    start = when - hours * HOUR
    told = change("opened 0h", f"reviewed {hours}h by {reviewer}: approved", f"merged {hours}h")
    desk.tell(repository, number, [_moved(event, start - at("0h")) for event in told])


def _moved(event, seconds):
    return type(event)(
        *[getattr(event, name) + seconds if name == "at" else getattr(event, name) for name in event.__struct_fields__]
    )


def test_windows_hold_exact_percentiles_with_their_sample_size():
    """Waits of 1, 2, 3, 4 and (40 days ago) 50 h: in 28 days p50 2.5, p75 3.25, p90 3.7 of 4; in 90 days p50 3 of 5."""
    with Desk(presentation=shown(repository_windows=("28d", "90d"))) as desk:
        desk.discover("o/a")
        for number in (1, 2, 3, 4):
            merged(desk, "o/a", number, number, at("60d"))
        merged(desk, "o/a", 5, 50, at("20d"))
        desk.passed("60d")
        page = desk.page("60d")
        stem = f'origin="unmarked",{{}}{A}'
        waits = {
            word: page[f'sdlc_review_wait_window_seconds{{origin="unmarked",percentile="{word}",{A},window="28d"}}']
            / HOUR
            for word in ("p50", "p75", "p90")
        }
        assert waits == {"p50": 2.5, "p75": 3.25, "p90": pytest.approx(3.7)}
        assert page[f'sdlc_review_wait_window_samples{{{stem.format("")},window="28d"}}'] == 4
        assert page[f'sdlc_review_wait_window_samples{{{stem.format("")},window="90d"}}'] == 5
        long = f'origin="unmarked",percentile="p50",{A}'
        assert page[f'sdlc_review_wait_window_seconds{{{long},window="90d"}}'] == 3 * HOUR
        assert page[f'sdlc_lead_time_window_seconds{{{long},until="merge",window="28d"}}'] == 2.5 * HOUR
        assert not [series for series in page if series.startswith("sdlc_stage_window")], "stages are per team"
        team = f'origin="unmarked",percentile="p50",stage="pickup",{ALL}'
        assert page[f'sdlc_team_stage_window_seconds{{{team},window="28d"}}'] == 2.5 * HOUR
        # (1 + 2 + 3 + 4) / 4 and, with 50, 60 / 5
        mean = f'sdlc_team_stage_window_mean_seconds{{origin="unmarked",stage="pickup",{ALL},window='
        assert [page[f'{mean}"{window}"}}'] for window in ("28d", "90d")] == [2.5 * HOUR, 12 * HOUR]


def test_means_of_stages_add_up_to_the_mean_lead_time():
    """One change is reviewed after 1 h and merged after 2 h, one merged unreviewed after 4 h: lead times 2 h and 4 h.

    Times readings, over the merged changes: pickup 1/2, merge_wait 1/2, unreviewed 4/2; together 3 h.
    """
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob: approved", "merged 2h")
        desk.story("o/a", 2, "opened 0h", "merged 4h")
        desk.passed("1d")
        page = desk.page("1d")
        stem = 'sdlc_team_stage_window_{}{{origin="unmarked",stage="{}",team="all",window="28d"}}'
        parts = {
            stage: page[stem.format("mean_seconds", stage)] * page[stem.format("samples", stage)] / 2 / HOUR
            for stage in ("coding", "pickup", "review", "merge_wait", "unreviewed")
        }
        assert parts == {"coding": 0, "pickup": 0.5, "review": 0, "merge_wait": 0.5, "unreviewed": 2}


def test_a_window_is_open_at_its_beginning_and_closed_at_the_watermark():
    """Merged at 32 d and one second later; on day 60 the window of 28 d holds the second."""
    with Desk() as desk:
        desk.discover("o/a")
        merged(desk, "o/a", 1, 1, at("32d"))
        merged(desk, "o/a", 2, 1, at("32d") + 1)
        merged(desk, "o/a", 3, 1, at("60d"))
        desk.passed("60d")
        assert desk.page("60d")[f'sdlc_review_wait_window_samples{{origin="unmarked",{A},window="28d"}}'] == 2


def test_windows_move_on_although_nothing_happens():
    with Desk() as desk:
        desk.discover("o/a")
        merged(desk, "o/a", 1, 1, at("10d"))
        desk.passed("10d")
        samples = f'sdlc_review_wait_window_samples{{origin="unmarked",{A},window="28d"}}'
        assert desk.page("10d")[samples] == 1
        desk.passed("39d")
        assert samples not in desk.page("39d")


def test_windows_of_teams_follow_within_a_minute():
    """They pool every repository, so they are not looked at anew with every change."""
    with Desk() as desk:
        desk.discover("o/a")
        merged(desk, "o/a", 1, 1, at("5d"))
        desk.passed("5d")
        team = f'sdlc_team_review_wait_window_samples{{origin="unmarked",{ALL},window="28d"}}'
        single = f'sdlc_review_wait_window_samples{{origin="unmarked",{A},window="28d"}}'
        desk.page("5d")
        merged(desk, "o/a", 2, 1, at("5d"))
        desk.settle()
        page = desk.page("5d59s")
        assert (page[single], page[team]) == (2, 1)
        assert desk.page("5d1m")[team] == 2


def test_a_teams_percentiles_are_taken_over_its_pooled_changes():
    """Waits of 1 and 3 h here and 8 h there: the median of the team is 3, not the mean of 2 and 8."""
    with Desk(presentation=shown(teams={"pay": ["o/a", "o/b"]})) as desk:
        desk.discover("o/a", "o/b", "o/c")
        merged(desk, "o/a", 1, 1, at("5d"))
        merged(desk, "o/a", 2, 3, at("5d"))
        merged(desk, "o/b", 1, 8, at("5d"))
        merged(desk, "o/c", 1, 80, at("5d"))
        desk.passed("5d")
        page = desk.page("5d")
        stem = 'sdlc_team_review_wait_window_seconds{origin="unmarked",percentile="p50"'
        assert page[f'{stem},team="pay",window="7d"}}'] == 3 * HOUR
        assert page[f'{stem},team="none",window="7d"}}'] == 80 * HOUR
        assert page[f'{stem},{ALL},window="7d"}}'] == 5.5 * HOUR


def test_load_reviewers_and_utilisation():
    """Four changes asked, three got a first review, by two people; a bot's change and review count in none."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob", "reviewed 2h by ann")
        desk.story("o/a", 2, "opened 0h", "reviewed 1h by bob")
        desk.story("o/a", 3, "opened 0h", "reviewed 1h by ann")
        desk.story("o/a", 4, "opened 0h", "reviewed 1h by coderabbitai[bot]")
        desk.story("o/a", 5, "opened 0h by dependabot[bot]")
        desk.passed("1d")
        page = desk.page("1d")
        stem = f'{{{A},window="28d"}}'
        assert page["sdlc_active_reviewers" + stem] == 2
        assert page["sdlc_review_load_changes" + stem] == 2
        assert page["sdlc_review_utilisation_ratio" + stem] == pytest.approx(4 / 3)


def test_without_a_reviewer_there_is_no_load_and_without_first_reviews_utilisation_counts_arrivals():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/a", 2, "opened 0h")
        desk.passed("1d")
        page = desk.page("1d")
        stem = f'{{{A},window="28d"}}'
        assert page["sdlc_active_reviewers" + stem] == 0
        assert "sdlc_review_load_changes" + stem not in page
        assert page["sdlc_review_utilisation_ratio" + stem] == 2


def test_one_reviewer_of_two_repositories_is_one_reviewer_of_the_team():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for name in ("o/a", "o/b"):
            desk.story(name, 1, "opened 0h", "reviewed 1h by bob")
        desk.passed("1d")
        assert desk.page("1d")[f'sdlc_team_active_reviewers{{{ALL},window="28d"}}'] == 1


def test_coverage_is_the_share_of_merged_changes_whose_input_was_there():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "committed 0h", "merged 1h")
        desk.story("o/a", 2, "opened 0h", "committed 0h authored -100d", "merged 1h")
        desk.story("o/a", 3, "opened 0h", "merged 1h")
        desk.story("o/a", 4, "opened 0h", "committed 0h", "merged 1h")
        desk.passed("1d")
        page = desk.page("1d")
        assert page[f'sdlc_exporter_coverage_ratio{{{A},what="origin"}}'] == 0.75
        assert page[f'sdlc_exporter_coverage_ratio{{{A},what="first_activity"}}'] == 0.5


# The exporter itself


def test_a_source_says_how_its_repositories_are_doing():
    with Desk(presentation=shown(ledger_starts={SOURCE: 77})) as desk:
        desk.discover("o/a", "o/b", "o/c")
        desk.mark(at("1d"), "o/a")
        desk.mark(at("2d"), "o/b")
        page = desk.page("2d")
        stem = 'sdlc_exporter_repositories{source="forge",state='
        assert {state: page[f'{stem}"{state}"}}'] for state in RepositoryState} == {
            "ok": 2,
            "loading": 1,
            "failing": 0,
            "gone": 0,
        }
        assert page['sdlc_exporter_initial_load_complete{source="forge"}'] == 0
        assert page['sdlc_exporter_watermark_timestamp_seconds{source="forge",stream="changes"}'] == at("1d")
        assert page['sdlc_exporter_ledger_start_timestamp_seconds{source="forge"}'] == 77
        desk.mark(at("2d"), "o/c")
        page = desk.page("2d")
        assert page['sdlc_exporter_initial_load_complete{source="forge"}'] == 1
        assert page['sdlc_exporter_last_success_timestamp_seconds{source="forge",stream="changes"}'] == at("1d")


def test_the_watermark_is_the_oldest_of_the_healthy_ones():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.mark(at("1d"), "o/a")
        desk.mark(at("2d"), "o/b")
        fail(desk)
        mark = 'sdlc_exporter_watermark_timestamp_seconds{source="forge",stream="changes"}'
        assert desk.page("2d")[mark] == at("2d")


def test_the_last_success_is_the_oldest_of_those_that_do_not_fail_and_of_all_where_all_do():
    """One that fails alone speaks by its state; if it aged the source, alerts about all others would be silent."""
    success = 'sdlc_exporter_last_success_timestamp_seconds{source="forge",stream="changes"}'
    with Desk() as desk:
        desk.discover("o/a", "o/b", "o/c")
        for day, name in enumerate(("o/a", "o/b", "o/c"), 1):
            desk.mark(at(f"{day}d"), name)
        assert desk.page("3d")[success] == at("1d")
        fail(desk)
        assert desk.page("3d")[success] == at("2d")
        fail(desk, 2, 3)
        assert desk.page("3d")[success] == at("1d")


def test_series_are_counted_as_they_stand_on_the_page():
    with Desk() as desk:
        desk.discover("o/a")
        busy(desk, ("opened 0h",))
        page = desk.page("20d")
        counted = {
            series.partition('"')[2].rstrip('"}'): value for series, value in page.items() if "_series{" in series
        }
        for name in ("sdlc_changes_opened_total", "sdlc_review_queue_changes", "sdlc_repository_info"):
            assert counted[name] == sum(series.startswith(name + "{") for series in page)
        wait = "sdlc_change_review_wait_seconds"
        assert counted[wait] == sum(series.startswith(wait) for series in page)


def test_a_gauge_over_its_budget_is_cut_and_what_is_left_out_counted_once():
    with Desk(presentation=shown(budgets={"sdlc_repository_info": 2})) as desk:
        desk.discover("o/a", "o/b", "o/c")
        desk.passed("1d")
        desk.page("1d")
        page = desk.page("1d1m")
        assert sum(series.startswith("sdlc_repository_info") for series in page) == 2
        assert page['sdlc_exporter_series_dropped_total{metric="sdlc_repository_info"}'] == 1
        assert page['sdlc_exporter_series_left_out{metric="sdlc_repository_info"}'] == 1
        assert page['sdlc_exporter_series_left_out{metric="sdlc_draft_changes"}'] == 0


# What a repository costs


def busy(desk, openings, repository="o/a"):
    """For every opening: changes in every queue state, with every verdict, end and stage there is."""
    number = 0
    for opened in openings:
        for lines in (
            (
                "reviewed 1h by bob: changes requested",
                "pushed 2h",
                "reviewed 3h by ann: approved",
                "merged 5h",
                "closed 5h",
            ),
            ("reviewed 1h by coderabbitai[bot]: changes requested", "merged 5h", "files 5h: a.py +9 -9"),
            ("reviewed 1h by coderabbitai[bot]: approved", "closed 5h"),
            ("reviewed 1h by coderabbitai[bot]",),
            ("drafted 2h",),
            ("drafted 2h", "ready 3h", "closed 4h"),
            ("reviewed 1h by bob", "committed 2h"),
            ("reviewed 1h by bob", "committed 0h authored -5h"),
            ("reviewed 1h by bob: changes requested",),
            ("reviewed 1h by bob: approved",),
            ("reviewed 1h by bob: approved", "dismissed 2h of bob", "merged 3h", "files 3h: a.py +9 -9"),
        ):
            number += 1
            marked = (f"committed 0h authored -1h {CLAUDE}",) if opened.endswith("marked") else ()
            desk.story(repository, number, opened.removesuffix(" marked"), *marked, *lines)
    desk.passed("14d12h")
    desk.books.publish_organisation()
    desk.passed("20d")


def cost(page, repository="o/a"):
    return [series for series in page if f'repository="{repository}"' in series]


def test_a_repository_with_one_origin_costs_at_most_260_series():
    with Desk() as desk:
        desk.discover("o/a")
        busy(desk, ("opened 0h",))
        desk.page("20d")
        desk.release()
        assert 75 < len(cost(desk.page("20d"))) <= 260


def test_a_repository_with_all_origins_costs_at_most_450_series():
    with Desk() as desk:
        desk.discover("o/a")
        busy(desk, ("opened 0h", "opened 0h marked", "opened 0h on codex/x", "opened 0h by dependabot[bot]"))
        desk.page("20d")
        desk.release()
        page = desk.page("20d")
        assert {series.partition('origin="')[2].partition('"')[0] for series in cost(page)} == {
            "",
            "unmarked",
            "assisted",
            "agentic",
            "bot",
        }
        assert 230 < len(cost(page)) <= 450


def test_a_quiet_repository_costs_at_most_10_series():
    """Nothing in 90 days: the last was what had become of a merge, 30 days after it. Two wait, one is a draft."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/a", 2, "opened 1h")
        desk.story("o/a", 3, "opened 1h", "reviewed 2h by bob: approved")
        desk.story("o/a", 4, "opened 1h as draft")
        desk.story("o/a", 5, "opened 1h", "reviewed 2h by bob", "merged 3h")
        desk.passed("120d2h")
        assert len(cost(desk.page("120d2h"))) > 40
        desk.passed("120d3h")
        page = desk.page("120d3h")
        assert sorted(series.partition("{")[0] for series in cost(page)) == [
            "sdlc_draft_changes",
            "sdlc_repository_info",
            "sdlc_review_queue_changes",
            "sdlc_review_queue_changes",
            "sdlc_review_queue_oldest_wait_business_seconds",
            "sdlc_review_queue_oldest_wait_seconds",
            "sdlc_review_queue_wait_seconds",
            "sdlc_review_queue_wait_seconds",
            "sdlc_team_repository_info",
            "sdlc_team_repository_info",
        ]
        assert page[f"sdlc_review_queue_oldest_wait_seconds{{{A}}}"] == 120 * DAY + 3 * HOUR


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say():
    """But for sdlc_business_hours: the contract's name, of which promtool takes the last word for a unit."""
    with Desk(presentation=shown(stage_windows=True, thresholds_seconds={"wait": 7200})) as desk:
        desk.discover("o/a")
        busy(desk, ("opened 0h", "opened 0h on codex/x"))
        desk.page("20d")
        desk.release()
        lines = desk.text(at("20d")).splitlines(keepends=True)
        text = "".join(line for line in lines if "sdlc_business_hours" not in line)
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False, timeout=60
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_source_that_never_answered_has_been_silent_since_it_was_configured():
    """Absence would look like health to an alert."""
    with Desk(presentation=shown(first_seen={SOURCE: at("2h")})) as desk:
        success = 'sdlc_exporter_last_success_timestamp_seconds{source="forge",stream="changes"}'
        assert desk.page("1d")[success] == at("2h")
        desk.discover("o/a")
        desk.passed("1d")
        assert desk.page("1d")[success] == at("1d")
