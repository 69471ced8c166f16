"""What ``plan`` says before anything is deployed; that it comes true is tested in tests/system/test_cost.py."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from exporter.catalogue import METRICS, Group, exported, load
from exporter.config.settings import Config, EscapeSettings, Series, Source
from exporter.model import Stream
from exporter.plan import (
    MONTH,
    Counted,
    Found,
    Plan,
    _hour,
    _hour_of_findings,
    _hour_of_issues,
    _issues,
    _pages,
    _places,
    _search,
    _series,
    _sides,
    _size,
    report,
)

load()
EVERY = frozenset(Stream)
PLAN = Plan("acme", 100, 40, 9000, 7000, 120, 800, 70, 30, 9400)
LEAD_TIME, STAGE = "sdlc_change_lead_time_seconds", "sdlc_change_stage_seconds"


@pytest.mark.parametrize(
    ("changes", "requests"),
    [(0, 1), (1, 1), (100, 1), (250, 3), (800, 8.5), (1600, 1 + 2 * 8.5)],
)
def test_a_search_takes_a_request_for_a_hundred_changes_and_is_cut_beyond_a_thousand(changes, requests):
    """250 changes: two whole pages and a part; 1,600: one request to learn so, then two windows of 800."""
    assert _pages(changes) == requests


def test_many_searches_are_counted_first_and_those_that_hold_nothing_cost_nothing():
    """Two scopes are asked; three are counted in one request, and only the one that holds something is asked."""
    assert _search([0, 0]) == 2
    assert _search([0, 50, 0]) == 1 + 1


def test_deployments_cost_a_question_for_a_hundred_repositories_and_two_lists_where_there_are_any():
    """250 repositories are 3 questions, every five minutes 36 an hour; in 40 of them something is delivered."""
    found = Found(tuple(f"acme/{n}" for n in range(250)), 0, (Counted(0, 0, 0, 0, 0),), 3, delivering=40)
    with_them, without = Source(name="a", streams=("deployments",)), Source(name="a", streams=())
    assert _sides(with_them, found) == 3 + 80
    assert _sides(without, found) == 0
    assert _hour(with_them, found) - _hour(without, found) == pytest.approx(36)


def test_changes_are_spread_as_far_as_counts_tell():
    """300 in 60 days, 200 of them in the last 30: the first fortnight holds 200 x 14/30, the older half 100."""
    counted = Counted(changes=300, merged=0, old=0, month=200, quarter=300)
    assert counted.between(0, MONTH, 2 * MONTH) == 200
    assert counted.between(MONTH, 2 * MONTH, 2 * MONTH) == pytest.approx(100)
    assert counted.between(0, 14 * 86_400, 2 * MONTH) == pytest.approx(200 * 14 / 30)


def test_a_lead_time_histogram_costs_thirty_three_series_where_every_origin_but_bots_occurs():
    """Eight bounds, +Inf, sum and count make 11, for each of three origins."""
    assert _size(Config(), METRICS[LEAD_TIME]) == 33


def test_a_metric_kept_for_the_organisation_stands_at_one_place():
    """The stage histogram is by default; the configuration may say otherwise."""
    assert _places(Config(), METRICS[STAGE], 100, 40, 1.0) == 1
    detailed = changed(Config(), series=Series(detail={STAGE: "repository"}))
    assert _places(detailed, METRICS[STAGE], 100, 40, 1.0) == 40


def test_a_repository_with_all_origins_stays_within_the_goal_of_450_series():
    """What one more active repository adds, when every combination occurs in it; 4 * 5 of them are findings."""
    many = 10**6
    more, less = (_series(Config(), EVERY - {Stream.FINDINGS}, each, each, each * many)[0] for each in (11, 10))
    most, fewer = (_series(Config(), EVERY, each, each, each * many)[0] for each in (11, 10))
    assert 200 < more - less < most - fewer <= 450
    assert (most - fewer) - (more - less) == 20


def test_what_no_followed_stream_tells_of_costs_nothing():
    """With the changes alone a repository costs three quarters of what it does with every stream, and a team less."""
    only_changes = {Stream.CHANGES}

    def costs(followed, repositories):
        return _series(Config(), followed, repositories, repositories, repositories * 10**6)[0]

    assert costs(only_changes, 11) - costs(only_changes, 10) < 0.75 * (costs(EVERY, 11) - costs(EVERY, 10))
    assert costs(only_changes, 0) < costs(EVERY, 0)


def test_the_diagnosis_costs_ninety_two_series_a_team_and_as_many_for_all():
    """Of stages 7 before and now and 21 differences, 6 bottlenecks; 6 verdicts, 11 doubts, 5 signals; 12 of flow; 3
    shares, 2 samples, 6 of gain and absorption and their bounds; and 6 single ones. The organisation has 7 of worth.
    """
    assert 7 + 7 + 21 + 6 + 6 + 11 + 5 + 12 + 3 + 2 + 6 + 6 == 92
    rows = [row for row in exported() if row.group is Group.DIAGNOSIS]
    for teams, scopes in (({}, 1), ({"shop": ("o/a",), "pay": ("o/b",)}, 3)):
        config = changed(Config(), teams=teams)
        assert sum(_size(config, row) * _places(config, row, 10, 10, 1.0) for row in rows) == 92 * scopes + 7


def test_suspects_cost_twenty_series_a_repository_where_they_are_asked_for():
    """Four origins by two outcomes are 8; share, bounds and samples of three origins are 12."""

    def costs(blame):
        config = changed(Config(), escapes=EscapeSettings(blame=blame))
        more, less = (_series(config, EVERY, each, each, each * 10**6)[0] for each in (11, 10))
        return more - less

    assert costs(blame=True) - costs(blame=False) == 8 + 12


def test_a_quiet_repository_adds_ten_series_at_the_most():
    """It keeps its info and its oldest waits."""
    more, less = (_series(Config(), EVERY, each, 10, 10_000)[0] for each in (11, 10))
    assert 0 < more - less <= 10


def test_a_budget_caps_the_estimate_and_is_told():
    """A thousand full repositories would have 33,000 series of lead time; 20,000 and one folded child are shown."""
    _, over = _series(Config(), EVERY, 1000, 1000, 10**8)
    assert LEAD_TIME in over
    _, none = _series(changed(Config(), series=Series(budget=10**7)), EVERY, 1000, 1000, 10**8)
    assert none == ()


def test_the_report_is_a_table_with_the_limit_and_the_budgets_below():
    """Numbers as they are, and a sentence for each metric that exceeds its budget."""
    text = report([PLAN, replace(PLAN, source="forge", over=(LEAD_TIME,))])
    row = next(line for line in text.splitlines() if line.split()[:1] == ["acme"])
    assert row.split() == ["acme", "100", "9000", "120", "800", "70", "100", "9400"]
    assert "5,000 an hour" in text
    assert f"forge: {LEAD_TIME} would exceed its budget" in text
    assert f"acme: {LEAD_TIME}" not in text


def test_issues_cost_a_look_at_all_repositories_and_their_searches():
    """250 repositories are 3 looks. Sixty days and thirty before them hold 12 * 7/60 = 1.4 issues in the first week,
    and a search for so few is one request; the next window is four times as wide: 7, 28 and 55 days are three windows,
    so 3 * (3 + 1). An hour has twelve polls of 3 looks, and 12 / 60 * 30 * 6.2 / 160 = 0.2325 moves.
    """
    found = Found(tuple(f"acme/{n}" for n in range(250)), 9, (Counted(0, 0, 0, 0, 0, issues=12),), 3)
    settings = Source(name="acme", provider="github")
    span = 2 * MONTH
    assert _issues(settings, found, span) == 12
    assert _hour_of_issues(settings, found, span) == pytest.approx(36.2325)
    assert _hour_of_issues(changed(settings, streams=()), found, span) == 0
    assert _issues(changed(settings, streams=()), found, span) == 0


def test_findings_cost_a_list_for_each_owner():
    """Twelve polls an hour of three organisations, however many repositories they have; no pulse is asked for them."""
    found = Found(("acme/a", "acme/b", "Acme/c", "tools/x", "web/y"), 5, (Counted(0, 0, 0, 0, 0),), 1)
    settings = changed(Source(name="acme", provider="github"), streams=("findings",))
    assert _hour_of_findings(settings, found) == 36
    assert _hour_of_findings(changed(settings, findings=("code_scanning", "dependabot")), found) == 72
    assert _hour_of_findings(changed(settings, streams=("issues",)), found) == 0
    assert _hour(settings, found) == _hour(changed(settings, streams=()), found)
