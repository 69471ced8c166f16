"""What happens to an exporter, and what it is beside, changes nothing of what its alerts say."""

import pytest

from exporter.catalogue import HOUR, MINUTE
from tests.alerts import situations
from tests.alerts.cases import (
    BY_NAME,
    CASES,
    LAST_SUCCESS,
    LEFT_OUT,
    LOADED,
    PARTS,
    RESTS,
    START,
    WATERMARK,
    polls,
    queue,
)
from tests.alerts.healthy import HEALTHY, thresholds
from tests.alerts.promtool import Firing, alert_series, check, fired, needs_promtool, scenario
from tests.alerts.scrapes import POD, STATIC, Scrapes, lives, turns
from tests.alerts.situations import DOWN, ELSEWHERE, LAST, NEXT, STALE, STUCK, series

pytestmark = needs_promtool


def each(cases):
    return pytest.mark.parametrize("case", list(cases), ids=lambda case: case.name)


# Restarts and absences


@each(case for case in CASES if case is not DOWN)
def test_a_new_pod_neither_ends_an_alert_nor_begins_it_anew_nor_counts_twice(case, tmp_path):
    check(tmp_path, situations.replaced(case))


@each(case for case in CASES if case.wait <= 4 * HOUR and not case.holds and case is not DOWN)
def test_a_scrape_that_fails_does_not_begin_a_wait_anew(case, tmp_path):
    """Those that wait for a day read their gauges in the same way, and what counts polls looks back anyway."""
    check(tmp_path, situations.unscraped(case))


def test_all_pods_that_were_are_one_exporter_that_is_down(tmp_path):
    """The last scrape of the third and last one is at 0:55."""
    step, length = 5 * MINUTE, 3 * HOUR
    pods = (POD, 0, 20 * MINUTE), (NEXT, 15 * MINUTE, 40 * MINUTE), (LAST, 35 * MINUTE, HOUR)
    test = scenario(
        lives(HEALTHY, *pods),
        step=step,
        length=length,
        firing=[(length, DOWN.alert, [DOWN.firing(POD)])],
        samples=[fired(step, length, {series(DOWN, POD): 13})],  # from 2:00 to 3:00
    )
    check(tmp_path, test)


def test_restarts_and_absences_of_a_healthy_exporter_tell_nobody_anything(tmp_path):
    """One scrape without it is nothing; of two hours its being down is told, and nothing else is even pending."""
    step, length = 15 * MINUTE, 18 * HOUR
    pods = (POD, 0, 4 * HOUR), (NEXT, 4 * HOUR + step, 12 * HOUR), (LAST, 14 * HOUR, None)
    down = 4 + DOWN.keep // step
    test = scenario(
        lives(HEALTHY, *pods),
        step=step,
        length=length,
        # pending at 4:00 and from 12:00 on, firing from 13:00 to 13:45
        samples=[
            fired(step, length, {series(DOWN, POD): down}),
            fired(step, length, {series(DOWN, POD): 5}, "pending"),
        ],
    )
    check(tmp_path, test)


OUTLIVES = [case for case in CASES if case.keep > 2 * HOUR or case.lasts > 2 * HOUR]


@each(OUTLIVES)
def test_two_hours_without_the_exporter_resolve_nothing(case, tmp_path):
    """It fires on, begun when it began."""
    check(tmp_path, situations.away(case))


def test_these_alerts_outlive_two_hours_without_the_exporter():
    """The page and what is told of teams. Alerts about the exporter give way to the one that says it is down."""
    assert [case.alert for case in OUTLIVES] == [
        "SdlcSeriesDropped",
        "SdlcDriftDetected",
        "SdlcCoverageLow",
        "SdlcReviewQueueGrowing",
        "SdlcReviewWaitTooLong",
        "SdlcReviewCapacityExceeded",
        "SdlcUnreviewedMergesRising",
        "SdlcAgenticChangesWaiting",
        "SdlcFirstAttemptFailuresRising",
        "SdlcFlakyTestsHigh",
        "SdlcMoreFixingThanWriting",
        "SdlcTestMaintenanceClimbing",
        "SdlcReleaseFrequencyFlat",
        "SdlcChangeFailRateHigh",
        "SdlcAiQualityGap",
        "SdlcEscapeRateDrifting",
        "SdlcQaBlocking",
        "SdlcQaBlocking",  # blocked, and named in retrospectives
        "SdlcGainAbsorbed",
        "SdlcGainAbsorbed",  # by a stage, and by none that could be named
    ]


def test_an_exporter_that_never_was_is_down(tmp_path):
    """After an hour; nobody knows its labels."""
    annotations = DOWN.firing({"job": ""}).annotations
    nameless = {**annotations, "description": annotations["description"].replace(" (job )", "")}
    test = scenario(
        [Scrapes({})],
        step=5 * MINUTE,
        length=HOUR,
        firing=[
            (55 * MINUTE, DOWN.alert, []),
            (HOUR, DOWN.alert, [Firing(DOWN.alert, {"severity": "critical"}, nameless)]),
        ],
    )
    check(tmp_path, test)


def test_an_exporter_that_is_gone_for_four_days_loses_its_name(tmp_path):
    """What is known of it is forgotten four days after its last scrape at 1:00; then it is told without labels.

    The alert with the labels is over an hour before the one without them begins, unless it goes on for so long.
    """
    length = 101 * HOUR
    named = 97 - 3 + 1 + DOWN.keep // HOUR  # from 3:00 to 97:00
    nameless = 101 - 99 + 1  # from 99:00
    evaluations = {series(DOWN): named, alert_series(DOWN.alert, {"severity": "critical"}): nameless}
    test = scenario(
        [Scrapes(HEALTHY, STATIC, 0, 2 * HOUR)], step=HOUR, length=length, samples=[fired(HOUR, length, evaluations)]
    )
    check(tmp_path, test)


# Two exporters in one Prometheus


@each(CASES)
def test_each_exporter_has_its_own_troubles_and_thresholds(case, tmp_path):
    check(tmp_path, situations.beside_others(case))


def test_every_alert_that_compares_with_a_threshold_has_a_bearable_one():
    assert {threshold for case in CASES for threshold in case.bearable} < thresholds().keys()
    assert [case.alert for case in CASES if not case.bearable] == [
        "SdlcExporterDown",
        "SdlcSourceFailing",
        "SdlcRepositoriesFailing",
        "SdlcSeriesDropped",
        "SdlcDriftDetected",
        "SdlcConfigReloadFailed",
        "SdlcStateNotPersistent",
    ]


# Streams that are not read

JUDGED = [(BY_NAME[name], rests) for name, rests in RESTS.items()]
EVERY = [*JUDGED, *PARTS.values()]
"""Alerts that are silent where what they compare is of the past, with the streams that they rest on."""
OF_TEAMS = [(case, rests) for case, rests in JUDGED if "repository" not in case.labels]


def named(case, stream=""):
    labels = {"issue", "what"} & case.labels.keys()
    return "-".join([case.name, *(case.labels[each] for each in labels), *([stream] if stream else [])])


def beside(pairs):
    return pytest.mark.parametrize(("case", "rests"), pairs, ids=[named(case) for case, _ in pairs])


def by_stream(pairs, which=lambda rests: rests.on):
    each = [(case, stream) for case, rests in pairs for stream in which(rests)]
    return pytest.mark.parametrize(("case", "stream"), each, ids=[named(*pair) for pair in each])


def test_these_rest_on_what_is_read():
    """All alerts that are not about the exporter itself, and the one about what numbers lack."""
    about = [case.name for case in CASES if not case.dashboard.startswith("sdlc-exporter")]
    assert [case.name for case, _ in JUDGED] == about


@by_stream(EVERY)
def test_of_a_stale_stream_it_is_told_by_name_and_nothing_that_rests_on_it(case, stream, tmp_path):
    check(tmp_path, situations.stale(case, stream))


@by_stream(EVERY)
def test_of_a_stuck_stream_it_is_told_by_name_and_nothing_that_rests_on_it(case, stream, tmp_path):
    check(tmp_path, situations.stuck(case, stream))


@by_stream(JUDGED)
def test_of_a_stream_without_a_healthy_repository_nothing_else_is_told(case, stream, tmp_path):
    """It has no watermark. What its repositories were covered by is not on the page any more."""
    check(tmp_path, situations.all_failing(case, stream))


@beside([pair for pair in EVERY if pair[1].others])
def test_stale_streams_that_it_does_not_rest_on_silence_nothing(case, rests, tmp_path):
    """A token that may not read issues keeps no page from anybody."""
    check(tmp_path, situations.fires(case, situations.old("forge", *rests.others)))


@beside(EVERY)
def test_a_stale_source_silences_no_other(case, rests, tmp_path):
    check(tmp_path, situations.other_stale(case))


@by_stream(JUDGED, lambda rests: rests.needed)
def test_without_a_stream_that_it_needs_nothing_is_told(case, stream, tmp_path):
    check(tmp_path, situations.off_is_silent(case, stream))


@beside(EVERY)
def test_streams_that_are_not_switched_on_silence_nothing_else(case, rests, tmp_path):
    check(tmp_path, situations.fires(case, situations.off("forge", *rests.followed, *rests.others)))


@by_stream(OF_TEAMS)
def test_a_team_of_which_one_repository_is_not_read_is_not_judged(case, stream, tmp_path):
    check(tmp_path, situations.partly_stale(case, stream))


@beside(OF_TEAMS)
def test_a_team_is_judged_by_the_repositories_of_which_a_stream_is_read(case, rests, tmp_path):
    """The source of a third one tells other streams only."""
    check(tmp_path, situations.partly_off(case, *rests.on))


@pytest.mark.parametrize("stale", [(), ("changes",), ("deployments",), ("issues",)])
def test_the_organisation_is_judged_while_each_of_its_repositories_is_read(stale, tmp_path):
    check(tmp_path, situations.organisation(*stale))


@pytest.mark.parametrize("stale", [(), ("changes",), ("deployments",)])
def test_the_gain_of_the_organisation_is_told_of_like_that_of_a_team(stale, tmp_path):
    check(tmp_path, situations.organisation(*stale, name="SdlcGainAbsorbed"))


def test_notes_that_are_no_teams_own_are_told_of(tmp_path):
    check(tmp_path, situations.nobodys())


def test_a_source_that_is_not_read_is_stale_and_not_stuck(tmp_path):
    """From the beginning of the trouble on neither moves: the watermark is then 6 minutes old, the last success 1.

    So the watermark alone is older than an hour 55 minutes later; from 60 minutes on both are, and it is told after 75.
    """
    step, length = 5 * MINUTE, START + 2 * HOUR
    page = {
        **HEALTHY,
        LAST_SUCCESS: turns(START, HEALTHY[LAST_SUCCESS], START - MINUTE),
        WATERMARK: turns(START, HEALTHY[WATERMARK], START - 6 * MINUTE),
    }
    test = scenario(
        [Scrapes(page)],
        step=step,
        length=length,
        samples=[
            fired(step, length, {series(STALE): 10}),
            fired(step, length, {series(STUCK): 1, series(STALE): 3}, "pending"),
        ],
    )
    check(tmp_path, test)


def test_fifty_minutes_without_a_healthy_repository_silence_nothing(tmp_path):
    check(tmp_path, situations.bad_polls())


def test_a_first_load_of_which_no_poll_succeeds_is_stale(tmp_path):
    """Else it is a long one, of which nobody need be told. That other sources and exporters get on does not help."""
    success = polls("success")
    page = {
        **STALE.page(),
        LOADED: 0,
        success: turns(START, HEALTHY[success], START // MINUTE),
        polls("failure"): lambda time: time // MINUTE,
    }
    test = scenario(
        [Scrapes(page), *(Scrapes(HEALTHY, target) for target in ELSEWHERE)],
        step=STALE.step,
        length=START + 50 * MINUTE,
        # 30 minutes later no success is left to be seen, and 15 later it is told
        firing=[(START + 40 * MINUTE, STALE.alert, []), (START + 45 * MINUTE, STALE.alert, [STALE.firing(STATIC)])],
    )
    check(tmp_path, test)


# One queue of several origins, one team of several sources


def test_changes_of_every_origin_are_one_queue_and_one_alert(tmp_path):
    """2 + 2 + 1 wait: of people, of agents, of bots."""
    case = BY_NAME["SdlcReviewQueueGrowing"]
    waiting = {
        queue("acme/shop", "unmarked", "awaiting_review"): 2,
        queue("acme/shop", "agentic", "awaiting_rereview"): 2,
        queue("acme/shop", "bot", "awaiting_review"): 1,
    }
    test = scenario(
        [Scrapes({**case.page(), **waiting})],
        step=case.step,
        length=case.fires,
        firing=[(case.fires, case.alert, [case.firing(STATIC)])],
    )
    check(tmp_path, test)


@beside(OF_TEAMS)
def test_a_team_with_repositories_in_two_sources_is_one_team(case, rests, tmp_path):
    check(tmp_path, situations.spread(case))


# Series that are left out


def test_what_is_left_out_is_told_as_long_as_it_is(tmp_path):
    """Unlike what is folded, which is so for good and is told for a day."""
    folded = BY_NAME["SdlcSeriesDropped"]
    check(tmp_path, situations.whole(folded._replace(trouble={LEFT_OUT: 3}, lasts=0)))
