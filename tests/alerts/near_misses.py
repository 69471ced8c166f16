"""What is just not enough for an alert: its trouble, less the last bit of it."""

from typing import NamedTuple

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts.cases import (
    BUDGET,
    DRIFT,
    DROPPED,
    FAILING,
    LAST_SUCCESS,
    LOADED,
    REMAINING,
    START,
    WATERMARK,
    absorbed,
    attempts,
    climb,
    coverage,
    diagnosed,
    drift,
    failing,
    flow,
    median,
    merged,
    named,
    noted,
    oldest,
    outcomes,
    polls,
    queue,
    rate,
    utilisation,
    waits,
    windowed,
)
from tests.alerts.scrapes import Page, turns


class NearMiss(NamedTuple):
    """What an alert's trouble is short of, and the pages that differ from it by so much."""

    alert: str
    short_of: str
    page: Page


NEAR = [
    NearMiss("SdlcSourceStale", "more than an hour", {LAST_SUCCESS: lambda time: time - HOUR}),
    NearMiss(
        "SdlcSourceStale",
        "polls without success while the history loads",
        {LOADED: 0, LAST_SUCCESS: turns(START, lambda time: time, lambda time: time - 3601)},
    ),
    NearMiss(
        "SdlcSourceFailing",
        "more failures than polls that get through",
        {
            polls("success"): lambda time: time // MINUTE * 0.25,
            polls("partial"): lambda time: time // MINUTE * 0.25,
            polls("failure"): lambda time: time // MINUTE * 0.5,
        },
    ),
    NearMiss(
        "SdlcSourceFailing",
        "failures: a restart puts the counters to zero",
        {
            polls("success"): turns(START, lambda time: time // MINUTE, lambda time: (time - START) // MINUTE),
            polls("partial"): turns(START, 400, 0),
            polls("failure"): turns(START, 300, 0),
        },
    ),
    NearMiss(
        "SdlcSourceFailing",
        "three failures",  # one by each pod
        {polls("success"): START // MINUTE, polls("failure"): turns(START, 0, 1)},
    ),
    NearMiss("SdlcRepositoriesFailing", "a failing repository", {FAILING: 0}),
    NearMiss("SdlcWatermarkStuck", "more than an hour", {WATERMARK: lambda time: time - HOUR}),
    NearMiss("SdlcApiBudgetLow", "less than a tenth", {REMAINING: 500}),
    NearMiss(
        "SdlcApiBudgetLow",
        "a reset to come: the limit is full again",
        {f"sdlc_exporter_api_budget_reset_timestamp_seconds{{{BUDGET}}}": lambda time: time},
    ),
    NearMiss("SdlcApiBudgetLow", "a limit", {f"sdlc_exporter_api_budget_limit{{{BUDGET}}}": 0}),
    NearMiss("SdlcSeriesDropped", "a rise within a day", {DROPPED: 3}),
    NearMiss("SdlcSeriesDropped", "a rise: a restart begins at zero", {DROPPED: turns(START, 5, 0)}),
    NearMiss("SdlcDriftDetected", "a rise within a day", {DRIFT: 3}),
    NearMiss("SdlcDriftDetected", "a rise: a restart begins at zero", {DRIFT: turns(START, 5, 0)}),
    NearMiss("SdlcCoverageLow", "a mean below 0.8", {coverage("acme/cart"): 0.7}),
    NearMiss(
        "SdlcReviewQueueGrowing",
        "a growth of more than 5",  # 5 / sqrt(6) = 2.04
        {flow("acme/shop", "in"): 5, flow("acme/shop", "out"): 0},
    ),
    NearMiss(
        "SdlcReviewQueueGrowing",
        "more than chance makes of it",  # 9 / sqrt(22 + 13 + 1) = 1.5
        {flow("acme/shop", "in"): 22, flow("acme/shop", "out"): 13},
    ),
    NearMiss(
        "SdlcReviewQueueGrowing",
        "five that wait",  # 3 + 1
        {queue("acme/shop", "unmarked", "awaiting_review"): 3},
    ),
    NearMiss("SdlcReviewWaitTooLong", "more than 24 working hours", {oldest("acme/shop"): DAY}),
    NearMiss(
        "SdlcReviewCapacityExceeded",
        "more than 1.05",
        {utilisation("basket"): 1.05, utilisation("basket", "90d"): 2},
    ),
    NearMiss(
        "SdlcReviewCapacityExceeded",
        "a growth of more than 5",  # 2 + 3, and 5 / sqrt(6 + 1 + 1) = 1.77
        {
            flow("acme/shop", "in"): 3,
            flow("acme/shop", "out"): 1,
            flow("acme/cart", "in"): 3,
            flow("acme/cart", "out"): 0,
        },
    ),
    NearMiss(
        "SdlcReviewCapacityExceeded",
        "more than chance makes of it",  # 5 + 4, and 9 / sqrt(22 + 13 + 1) = 1.5
        {
            flow("acme/shop", "in"): 11,
            flow("acme/shop", "out"): 6,
            flow("acme/cart", "in"): 11,
            flow("acme/cart", "out"): 7,
        },
    ),
    NearMiss(
        "SdlcUnreviewedMergesRising",
        "more than a tenth more",  # 200 / 1000 and (300 - 200) / (2000 - 1000)
        {
            merged("basket", "coding", "28d"): 600,
            merged("basket", "coding", "28d", "agentic"): 400,
            merged("basket", "coding", "90d"): 1200,
            merged("basket", "coding", "90d", "agentic"): 800,
            merged("basket", "unreviewed", "28d"): 120,
            merged("basket", "unreviewed", "28d", "agentic"): 80,
            merged("basket", "unreviewed", "90d"): 180,
            merged("basket", "unreviewed", "90d", "agentic"): 120,
        },
    ),
    NearMiss(
        "SdlcUnreviewedMergesRising",
        "more than chance",  # 12 / 30 and 3 / 30, 0.3 / sqrt(0.25 * 0.75 * (1 / 30 + 1 / 30)) = 2.7
        {merged("basket", "unreviewed", "28d"): 7, merged("basket", "unreviewed", "90d"): 9},
    ),
    NearMiss("SdlcUnreviewedMergesRising", "30 merges now", {merged("basket", "coding", "28d", "agentic"): 9}),
    NearMiss(
        "SdlcUnreviewedMergesRising",
        "30 merges before",  # 40 + 19 - 30
        {merged("basket", "coding", "90d", "agentic"): 19},
    ),
    NearMiss("SdlcAgenticChangesWaiting", "more than twice as long", {median("basket", "agentic"): 8 * HOUR}),
    NearMiss("SdlcAgenticChangesWaiting", "30 waits of agents' changes", {waits("basket", "agentic"): 29}),
    NearMiss("SdlcAgenticChangesWaiting", "30 waits of others", {waits("basket", "unmarked"): 29}),
    NearMiss("SdlcAgenticChangesWaiting", "anything to compare with", {median("basket", "unmarked"): 0}),
    NearMiss(
        "SdlcAgenticChangesWaiting",
        "five that wait",  # 3 + 1
        {queue("acme/cart", "agentic", "awaiting_review"): 0},
    ),
    NearMiss(
        "SdlcFirstAttemptFailuresRising",
        "more than a tenth more",  # 0.5 now, and (200 - 100) / (450 - 200) = 0.4 before
        {
            failing("basket", "28d"): 0.5,
            attempts("basket", "28d"): 200,
            failing("basket", "90d"): 200 / 450,
            attempts("basket", "90d"): 450,
        },
    ),
    NearMiss(
        "SdlcFirstAttemptFailuresRising",
        "more than chance",  # 15 / 30 and 9 / 40, 0.275 / sqrt(0.343 * 0.657 * (1 / 30 + 1 / 40)) = 2.4
        {attempts("basket", "28d"): 30, failing("basket", "90d"): 24 / 70, attempts("basket", "90d"): 70},
    ),
    NearMiss("SdlcFirstAttemptFailuresRising", "30 attempts now", {attempts("basket", "28d"): 29}),
    NearMiss("SdlcFirstAttemptFailuresRising", "30 attempts before", {attempts("basket", "90d"): 129}),
    NearMiss(
        "SdlcFirstAttemptFailuresRising",
        "failures of changes",
        {failing("basket", "28d"): 0.2, failing("basket", "28d", "default"): 0.6},
    ),
    NearMiss(
        "SdlcFlakyTestsHigh",
        "more than chance makes of it",  # (0.08 - 0.03) * sqrt(100 / (0.03 * 0.97)) = 2.9
        {windowed("flaky_run_ratio", "basket"): 0.08},
    ),
    NearMiss(
        "SdlcFlakyTestsHigh",
        "more than the threshold",
        {windowed("flaky_run_ratio", "basket"): 0.03, windowed("flaky_run_samples", "basket"): 100_000},
    ),
    NearMiss(
        "SdlcMoreFixingThanWriting",
        "more than half",
        {windowed("test_update_ratio", "basket"): 0.5, windowed("test_update_ratio", "basket", "90d"): 0.9},
    ),
    NearMiss("SdlcMoreFixingThanWriting", "30 changes", {windowed("test_update_samples", "basket"): 29}),
    NearMiss("SdlcTestMaintenanceClimbing", "a climb beyond chance", {climb("basket"): 0}),
    NearMiss("SdlcTestMaintenanceClimbing", "four tenths", {windowed("test_update_ratio", "basket"): 0.4}),
    NearMiss("SdlcTestMaintenanceClimbing", "30 changes", {windowed("test_update_samples", "basket"): 29}),
    NearMiss(
        "SdlcReleaseFrequencyFlat",
        "more than a tenth more",  # 6,500 of 20,000: 232 a day and 218 before, which is no chance and 7 % more
        {windowed("review_load_changes", "basket"): 1300, windowed("review_load_changes", "basket", "90d"): 4000},
    ),
    NearMiss(
        "SdlcReleaseFrequencyFlat",
        "more than chance",  # 65 of 160 by 49.8: 15.2 / sqrt(160 * 28 / 90 * 62 / 90) = 2.6
        {windowed("review_load_changes", "basket"): 13, windowed("review_load_changes", "basket", "90d"): 32},
    ),
    NearMiss(
        "SdlcReleaseFrequencyFlat",
        "releases that do not grow",  # 28 of 64 by 20: 8 / sqrt(64 * 28 / 90 * 62 / 90) = 2.2
        {windowed("releases_weekly", "basket"): 7},
    ),
    NearMiss(
        "SdlcReleaseFrequencyFlat",
        "releases at all",
        {windowed("releases_weekly", "basket"): None, windowed("releases_weekly", "basket", "90d"): None},
    ),
    NearMiss(
        "SdlcChangeFailRateHigh",
        "more than agreed",  # 15 of 100 by 20 of 1,000: 0.13 is no chance
        {
            windowed("change_fail_ratio", "basket"): 0.15,
            windowed("change_fail_samples", "basket"): 100,
            windowed("change_fail_ratio", "basket", "90d"): 35 / 1100,
            windowed("change_fail_samples", "basket", "90d"): 1100,
        },
    ),
    NearMiss(
        "SdlcChangeFailRateHigh",
        "more than before",  # two fifths all the time
        {windowed("change_fail_ratio", "basket", "90d"): 0.4},
    ),
    NearMiss("SdlcChangeFailRateHigh", "30 deployments now", {windowed("change_fail_samples", "basket"): 29}),
    NearMiss("SdlcChangeFailRateHigh", "30 deployments before", {windowed("change_fail_samples", "basket", "90d"): 69}),
    NearMiss("SdlcAiQualityGap", "a lower bound above the threshold", {rate("basket"): 1.2}),
    # Twice seven tenths to the power of 1.5185 is 1.164.
    NearMiss("SdlcAiQualityGap", "more than chance in eight comparisons", {rate("basket"): 1.4}),
    NearMiss("SdlcEscapeRateDrifting", "a lower bound above 1", {drift("basket"): 1}),
    NearMiss("SdlcEscapeRateDrifting", "30 outcomes now", {outcomes("basket", "now"): 29}),
    NearMiss("SdlcEscapeRateDrifting", "30 outcomes before", {outcomes("basket", "before"): 29}),
    NearMiss(
        "SdlcEscapeRateDrifting",
        "any number to rest on",
        {outcomes("basket", "now"): None, outcomes("basket", "before"): None},
    ),
    NearMiss(
        "SdlcQaBlocking",
        "a lower bound above a quarter",
        {windowed("qa_blocked_ratio_lower", "basket"): 0.25, windowed("qa_blocked_ratio_lower", "basket", "90d"): 0.6},
    ),
    NearMiss("SdlcQaBlocking", "30 stays", {windowed("qa_blocked_samples", "basket"): 29}),
    NearMiss("SdlcQaBlocking", "any stay in this window", {windowed("qa_blocked_ratio_lower", "basket"): None}),
    NearMiss("SdlcQaBlocking, named", "four sprints", {named("basket"): 0.6}),  # 3 of 5
    NearMiss("SdlcQaBlocking, named", "four sprints with notes", {named("basket"): 1, noted("basket"): 3}),
    NearMiss("SdlcQaBlocking, named", "QA", {named("basket"): 0.2, named("basket", "ci"): 1}),
    NearMiss("SdlcQaBlocking, named", "any notes", {named("basket"): None, noted("basket"): None}),
    NearMiss("SdlcGainAbsorbed", "three weeks", {absorbed("basket"): 2}),
    NearMiss("SdlcGainAbsorbed", "a diagnosis of these days", {diagnosed("basket"): lambda time: time - 15 * DAY}),
    NearMiss("SdlcGainAbsorbed", "the weeks that it is of", {diagnosed("basket"): None}),
    NearMiss("SdlcGainAbsorbed, nowhere", "three weeks", {absorbed("basket"): 2}),
    NearMiss("SdlcGainAbsorbed, nowhere", "any diagnosis", {absorbed("basket"): None}),
]
