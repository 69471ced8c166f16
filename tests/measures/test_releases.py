"""Deployments and releases: what is counted, and what their frequency, batches, failures and recovery are."""

import random
from statistics import fmean

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.measures import releases as measures
from exporter.measures.releases import BATCH, DEPLOYMENTS, INTERVAL_FACT, RECOVERY, RELEASES
from exporter.model import Outcome
from exporter.story import Story
from tests.measures.pools import gauges, pool
from tests.measures.read import dated
from tests.shipments import deployment
from tests.stories import POLICY, change

FAILURE, ERROR = Outcome.FAILURE, Outcome.ERROR


def counted(*told, row=RELEASES, measure=measures.releases, bound=()):
    """(hour, value) of a metric's observations of one deployment."""
    story = Story([event for facts in told for event in facts], POLICY, bound)
    return [(hour, value) for hour, _, value in dated(measure, row, story)]


# Deployments


@pytest.mark.parametrize(
    ("environment", "outcome", "labels"),
    [
        ("production", Outcome.SUCCESS, ("production", "success")),
        ("Production-EU", FAILURE, ("production", "failure")),
        ("staging", ERROR, ("staging", "error")),
        ("preview-12", Outcome.SUCCESS, ("other", "success")),
    ],
)
def test_a_deployment_counts_by_where_it_went_and_how_it_ended(environment, outcome, labels):
    story = Story(deployment("5h", environment, outcome), POLICY)
    assert dated(measures.deployments, DEPLOYMENTS, story) == [(5, labels, 1)]


def test_one_that_was_tried_again_has_ended_twice():
    story = Story([*deployment("5h", outcome=FAILURE), *deployment("6h")], POLICY)
    assert [labels[1] for _, labels, _ in dated(measures.deployments, DEPLOYMENTS, story)] == ["failure", "success"]


def test_a_release_or_tag_is_no_deployment_but_a_release():
    assert counted(deployment("5h", "release"), row=DEPLOYMENTS, measure=measures.deployments) == []
    assert counted(deployment("5h", "release")) == [(5, 1)]


# Releases


@pytest.mark.parametrize(
    ("told", "releases"),
    [
        (deployment("5h"), 1),
        (deployment("5h", base=""), 1),
        (deployment("5h", base="head"), 0),
        (deployment("5h", again=True), 0),
        (deployment("5h", "staging"), 0),
        (deployment("5h", outcome=FAILURE), 0),
        (deployment("5h", counts=False), 0),
        (deployment("5h", back=True, brought=()), 1),
    ],
)
def test_a_release_is_another_commit_in_production(told, releases):
    """Not the same commit again, another environment, a failure, or what is not how this repository ships."""
    assert len(counted(told)) == releases


def test_the_interval_is_the_time_since_the_success_before():
    """From 10 h to 34 h: 24 h; the first known one has none."""
    assert counted(deployment("34h", since="10h"), row=INTERVAL_FACT) == [(34, 24 * HOUR)]
    assert counted(deployment("34h"), row=INTERVAL_FACT) == []
    assert counted(deployment("34h", since="10h", base="head"), row=INTERVAL_FACT) == []


def test_recovery_is_the_time_since_the_first_failure_after_a_success():
    """Failed at 12 h, mended at 15 h: 3 h, also when the same commit simply went through at the next try."""
    assert counted(deployment("15h", since="10h", failed="12h"), row=RECOVERY) == [(15, 3 * HOUR)]
    assert counted(deployment("15h", since="10h", failed="12h", base="head"), row=RECOVERY) == [(15, 3 * HOUR)]
    assert counted(deployment("15h", since="10h"), row=RECOVERY) == []
    assert counted(deployment("15h", "staging", since="10h", failed="12h"), row=RECOVERY) == []


# Batches


def bound(*shas, merged="2h"):
    """Changes merged as these commits."""
    found = []
    for sha in shas:
        told = change("opened 0h", f"merged {merged}")
        found.append([*told[:-1], type(told[-1])(told[-1].id, told[-1].at, sha)])
    return found


def batch(told, changes):
    return [value for _, value in counted(told, row=BATCH, measure=measures.batches, bound=changes)]


def test_a_batch_is_the_changes_whose_merge_commits_it_brought():
    """Three commits came: two are merges of changes, one was pushed without; a third change is bound by chance."""
    told = deployment("5h", brought=("aaaaaaa1", "bbb", "direct"))
    assert batch(told, bound("aaaaaaa1", "bbb", "aaaaaaa2")) == [2]
    assert batch(deployment("5h", brought=("direct",)), []) == [0]


def test_what_was_merged_after_the_deployment_was_not_in_it_yet():
    told = deployment("5h", brought=("aaa",))
    assert batch(told, bound("aaa", merged="5h")) == [1]
    assert batch(told, bound("aaa", merged="5h1s")) == [0]


@pytest.mark.parametrize("word", [{"base": ""}, {"whole": False}, {"back": True}, {"base": "head"}, {"again": True}])
def test_a_batch_that_is_not_known_whole_or_is_no_step_forward_is_not_told(word):
    assert batch(deployment("5h", brought=("aaa",), **word), bound("aaa")) == []


# Windows


def test_releases_per_week():
    """Six in 28 days are 1.5 a week, of two repositories as of one."""
    assert gauges(measures.frequency, pool({(RELEASES, ()): [1] * 4}, {(RELEASES, ()): [1] * 2})) == {
        ("sdlc_team_releases_weekly", "28d"): 1.5
    }


def test_no_release_is_zero_a_week_only_where_there_was_one_in_ninety_days():
    assert gauges(measures.frequency, pool({(RELEASES, ()): []})) == {("sdlc_team_releases_weekly", "28d"): 0}
    assert gauges(measures.frequency, pool({})) == {}


def test_the_share_of_production_deployments_that_failed():
    """Of 8 + 1 + 1 in production two failed: 0.2; what fails in staging is what staging is for."""
    part = {
        (DEPLOYMENTS, ("production", "success")): [1] * 8,
        (DEPLOYMENTS, ("production", "failure")): [1],
        (DEPLOYMENTS, ("production", "error")): [1],
        (DEPLOYMENTS, ("staging", "failure")): [1] * 30,
    }
    assert gauges(measures.failures, pool(part)) == {
        ("sdlc_team_change_fail_samples", "28d"): 10,
        ("sdlc_team_change_fail_ratio", "28d"): pytest.approx(0.2),
    }
    assert gauges(measures.failures, pool({(DEPLOYMENTS, ("staging", "failure")): [1]})) == {}


def test_batch_and_frequency_multiply_to_the_changes_that_reach_production():
    """Batches of 2, 3 and 7 in 28 days: mean 4 at 0.75 releases a week, and 12 changes are 3 a week."""
    given = pool({(BATCH, ()): [2, 3, 7], (RELEASES, ()): [1] * 3})
    mean = gauges(measures.batch_sizes, given)["sdlc_team_release_window_mean_changes", "28d"]
    weekly = gauges(measures.frequency, given)["sdlc_team_releases_weekly", "28d"]
    assert (mean, weekly, mean * weekly) == (4, 0.75, 3)


def test_percentiles_of_the_time_between_releases():
    """Of 1, 2, 4 and 8 days: 3, 5 and 6.8."""
    found = gauges(measures.intervals, pool({(INTERVAL_FACT, ()): [day * DAY for day in (1, 2, 4, 8)]}))
    days = [found["sdlc_team_release_interval_window_seconds", "28d", word] / DAY for word in ("p50", "p75", "p90")]
    assert days == pytest.approx([3, 5, 6.8])
    assert found["sdlc_team_release_interval_window_samples", "28d"] == 4


def variation(*values):
    found = gauges(measures.regularity, pool({(INTERVAL_FACT, ()): values}, window="90d"), "repository")
    return found.get(("sdlc_release_interval_variation_ratio",))


def test_the_variation_is_the_standard_deviation_by_the_mean():
    """Of 1, 2, 3, 4 and 5 days the mean is 3 and the variance (4 + 1 + 0 + 1 + 4) / 4 = 2.5."""
    assert variation(*(day * DAY for day in (1, 2, 3, 4, 5))) == pytest.approx(2.5**0.5 / 3)
    assert variation(7 * DAY, 7 * DAY, 7 * DAY, 7 * DAY, 7 * DAY) == 0
    assert variation(7 * DAY, 7 * DAY, 7 * DAY, 7 * DAY) is None
    assert variation(0, 0, 0, 0, 0) is None


def test_the_variation_tells_a_timetable_from_chance_and_chance_from_bursts():
    """Simulated, 13 intervals each: a weekly timetable of ± 10 %, Poisson, and four on one day of every month.

    The truths are 0.1, 1, and 1.7 for gaps of 2 h (three of four) and of 28 d - 6 h; so few are biased by 0.15 or less.
    """
    dice = random.Random(1)
    timetable = [variation(*(int(dice.gauss(7, 0.7) * DAY) for _ in range(13))) for _ in range(400)]
    poisson = [variation(*(int(dice.expovariate(1 / 7) * DAY) for _ in range(13))) for _ in range(400)]
    gaps = 3 * [2 * HOUR] + [28 * DAY - 6 * HOUR]
    bursts = [variation(*(dice.choice(gaps) for _ in range(13))) for _ in range(400)]
    print(f"means: timetable {fmean(timetable):.3f}, chance {fmean(poisson):.2f}, bursts {fmean(bursts):.2f}")
    assert 0.09 < fmean(timetable) < 0.11
    assert 0.85 < fmean(poisson) < 1.0
    assert 1.6 < fmean(bursts) < 2.2
