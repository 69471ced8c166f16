"""Rules with something wrong in them do not pass: each test of this folder can fail."""

from typing import Any, NamedTuple

import pytest
import yaml

from tests.alerts.cases import BY_NAME, PARTS, RESTS, Case
from tests.alerts.near_misses import NEAR
from tests.alerts.promtool import RULES, Test, needs_promtool, told
from tests.alerts.situations import (
    DOWN,
    STALE,
    away,
    bad_polls,
    beside_others,
    brief,
    fires,
    just_not,
    off,
    off_is_silent,
    old,
    organisation,
    other_stale,
    partly_off,
    partly_stale,
    replaced,
    shared,
    stale,
    unscraped,
    whole,
)
from tests.alerts.test_not_judged import first_load

pytestmark = needs_promtool

GROWING, DRIFT = BY_NAME["SdlcReviewQueueGrowing"], BY_NAME["SdlcDriftDetected"]
POD, TEAM = "instance, pod", "cluster, namespace, job, team"
KNOWN = "repository:sdlc_repository_info:known"
TEAM_STALE = "unless\nteam_stream:sdlc_repository_info:stale"
ISSUES_STALE = f'unless on ({TEAM})\nteam_stream:sdlc_repository_info:stale{{stream="issues"}}'
BUILD = "(sdlc_exporter_build_info)"
FAILS = BY_NAME["SdlcSourceFailing"]
FAILURES = BY_NAME["SdlcFirstAttemptFailuresRising"]
FIRST_RED = PARTS["first_ci_red"][0]
RISING, AGENTIC = BY_NAME["SdlcUnreviewedMergesRising"], BY_NAME["SdlcAgenticChangesWaiting"]


class Mutant(NamedTuple):
    """What is done to the rules (everywhere it occurs), and the test that has to see it."""

    before: str
    after: str
    test: Test


def near(case: Case, short_of: str) -> Test:
    """The near miss of that name."""
    return just_not(next(each for each in NEAR if each.alert == case.name and each.short_of.startswith(short_of)))


MUTANTS = {
    "chance is forgotten": Mutant(
        'threshold_ratio{name="review_queue_growth"}[5m]))',
        'threshold_ratio{name="review_queue_growth"}[5m])) * 0',
        near(GROWING, "more than chance"),
    ),
    "small growth is forgotten": Mutant(
        'threshold_changes{name="review_queue_growth"}[5m]))',
        'threshold_changes{name="review_queue_growth"}[5m])) * 0',
        near(GROWING, "a growth of more"),
    ),
    "short queues are forgotten": Mutant(
        'threshold_changes{name="review_queue"}[5m]))',
        'threshold_changes{name="review_queue"}[5m])) * 0',
        near(GROWING, "five that wait"),
    ),
    "few samples are forgotten": Mutant(
        'threshold_changes{name="samples"}[5m]))',
        'threshold_changes{name="samples"}[5m])) * 0',
        near(RISING, "30 merges before"),
    ),
    "a share's chance is forgotten": Mutant(
        'threshold_ratio{name="significance"}[5m]))',
        'threshold_ratio{name="significance"}[5m])) * 0',
        near(RISING, "more than chance"),
    ),
    "chance among flakes is forgotten": Mutant(
        'threshold_ratio{name="significance"}[5m]))',
        'threshold_ratio{name="significance"}[5m])) * 0',
        near(BY_NAME["SdlcFlakyTestsHigh"], "more than chance"),
    ),
    "failures of the default branch are those of changes": Mutant(
        'branch="change", window', "window", near(FAILURES, "failures of changes")
    ),
    "few first attempts are forgotten": Mutant(
        'threshold_changes{name="samples"}[5m]))',
        'threshold_changes{name="samples"}[5m])) * 0',
        near(FAILURES, "30 attempts before"),
    ),
    "the estimate is taken for the lower bound": Mutant(
        'bound="lower"', 'bound="estimate"', near(BY_NAME["SdlcTestMaintenanceClimbing"], "a climb beyond")
    ),
    "new tests are no relief": Mutant(
        'threshold_ratio{name="test_update_climbing"}[5m]))',
        'threshold_ratio{name="test_update_climbing"}[5m])) * 0',
        near(BY_NAME["SdlcTestMaintenanceClimbing"], "four tenths"),
    ),
    "releases that grow are forgotten": Mutant(
        "release_growth < 1", "release_growth < 100", near(BY_NAME["SdlcReleaseFrequencyFlat"], "releases that do not")
    ),
    "more that is ready by chance is enough": Mutant(
        'threshold_ratio{name="significance"}[5m]))',
        'threshold_ratio{name="significance"}[5m])) * 0',
        near(BY_NAME["SdlcReleaseFrequencyFlat"], "more than chance"),
    ),
    "many failures all the time are a rise": Mutant(
        "share - team:sdlc_team_change_fail_ratio:share_before",
        "share - 0 * team:sdlc_team_change_fail_ratio:share_before",
        near(BY_NAME["SdlcChangeFailRateHigh"], "more than before"),
    ),
    "the estimate of a ratio is taken for its lower bound": Mutant(
        'bound="lower"}[5m]), "team", "$1", "scope", "(.*)"\n  )\n)\n/ (team_origin_issue',
        'bound="estimate"}[5m]), "team", "$1", "scope", "(.*)"\n  )\n)\n/ (team_origin_issue',
        near(BY_NAME["SdlcAiQualityGap"], "a lower bound"),
    ),
    "a comparison is judged as if it were the only one": Mutant(
        ") ^ 1.5185", ") ^ 1", near(BY_NAME["SdlcAiQualityGap"], "more than chance in eight comparisons")
    ),
    "the estimate of a drift is taken for its lower bound": Mutant(
        'sdlc_escape_drift_ratio{bound="lower"}',
        'sdlc_escape_drift_ratio{bound="estimate"}',
        near(BY_NAME["SdlcEscapeRateDrifting"], "a lower bound"),
    ),
    "one side with enough outcomes will do": Mutant(
        "min without (instance, pod, scope, span)",
        "max without (instance, pod, scope, span)",
        near(BY_NAME["SdlcEscapeRateDrifting"], "30 outcomes before"),
    ),
    "a drift of any size will do": Mutant(
        'threshold_ratio{name="escape_drift"}[5m]))',
        'threshold_ratio{name="escape_drift"}[5m])) * 0.9',
        near(BY_NAME["SdlcEscapeRateDrifting"], "a lower bound"),
    ),
    "a drift is told at once": Mutant("for: 14d", "for: 13d", brief(BY_NAME["SdlcEscapeRateDrifting"])),
    "all repositories are fresh when one is": Mutant(TEAM_STALE, f"{TEAM_STALE} > 9", organisation("changes")),
    "the organisation is nobody": Mutant('"team", "all", "", ""', '"team", "none", "", ""', organisation()),
    "few stays with QA are forgotten": Mutant(
        'threshold_changes{name="samples"}[5m]))',
        'threshold_changes{name="samples"}[5m])) * 0',
        near(BY_NAME["SdlcQaBlocking"], "30 stays"),
    ),
    "the estimate of a share is taken for its lower bound": Mutant(
        "(last_over_time(sdlc_team_qa_blocked_ratio_lower",
        "(last_over_time(sdlc_team_qa_blocked_ratio",
        near(BY_NAME["SdlcQaBlocking"], "a lower bound"),
    ),
    "any theme is QA": Mutant('theme="qa"', 'theme=~"qa|ci"', near(BY_NAME["SdlcQaBlocking, named"], "QA")),
    "the share is taken for one of six": Mutant(
        'sdlc_retro_mentions_samples{scope!="all"}[5m])',
        'sdlc_retro_mentions_samples{scope!="all"}[5m]) * 0 + 6',
        near(BY_NAME["SdlcQaBlocking, named"], "four sprints with notes"),
    ),
    "three sprints will do": Mutant(
        'threshold_ratio{name="qa_named"}[5m]))',
        'threshold_ratio{name="qa_named"}[5m])) * 0.7',
        near(BY_NAME["SdlcQaBlocking, named"], "four sprints"),
    ),
    "two weekly verdicts will do": Mutant(
        'threshold_seconds{name="absorbed"}[5m]))',
        'threshold_seconds{name="absorbed"}[5m])) * 0.6',
        near(BY_NAME["SdlcGainAbsorbed"], "three weeks"),
    ),
    "a diagnosis of long ago is told": Mutant(
        "< 1296000", "<= 1296000", near(BY_NAME["SdlcGainAbsorbed"], "a diagnosis of these days")
    ),
    "every stage is named": Mutant(
        'sdlc_diagnosis_bottleneck[5m]), "team", "$1", "scope", "(.*)")\n)\n== 1',
        'sdlc_diagnosis_bottleneck[5m]), "team", "$1", "scope", "(.*)")\n)\n>= 0',
        whole(BY_NAME["SdlcGainAbsorbed, nowhere"]),
    ),
    "what no stage is named for is told to nobody": Mutant(
        f"or on ({TEAM})\n  team:sdlc_diagnosis_absorbed_verdicts:recent",
        "",
        whole(BY_NAME["SdlcGainAbsorbed, nowhere"]),
    ),
    "a stage is named beside the gain that it takes": Mutant(
        f"or on ({TEAM})\n  team:sdlc_diagnosis_absorbed_verdicts:recent",
        "or\n  team:sdlc_diagnosis_absorbed_verdicts:recent",
        whole(BY_NAME["SdlcGainAbsorbed"]),
    ),
    "deployments that are stale are forgotten": Mutant(
        f'unless on ({TEAM})\nteam_stream:sdlc_repository_info:stale{{stream="deployments"}}',
        "",
        stale(BY_NAME["SdlcGainAbsorbed"], "deployments"),
    ),
    "findings are an input of the changes alone": Mutant(
        'age{stream="findings"}', 'age{stream="changes"}', stale(PARTS["findings"][0], "findings")
    ),
    "few waits are forgotten": Mutant(
        'threshold_changes{name="samples"}[5m]))',
        'threshold_changes{name="samples"}[5m])) * 0',
        near(AGENTIC, "30 waits of agents"),
    ),
    "more than is taken for at least": Mutant(
        "business_seconds[5m]))\n  > on",
        "business_seconds[5m]))\n  >= on",
        near(BY_NAME["SdlcReviewWaitTooLong"], "more than 24"),
    ),
    "every source is fresh": Mutant("(time() - max by", "(0 - max by", stale(GROWING, "changes")),
    "one fresh source speaks for all": Mutant(
        "namespace, job, source, stream)", "namespace, job, stream)", stale(GROWING, "changes")
    ),
    "a stale one silences all": Mutant(
        f"source, stream)\n(\n  max without ({POD})",
        f"stream)\n(\n  min without ({POD}, source)",
        other_stale(GROWING),
    ),
    "a stale stream silences all": Mutant(
        f"source, stream)\n(\n  max without ({POD})",
        f"source)\n(\n  min without ({POD}, stream)",
        fires(GROWING, old("forge", *RESTS[GROWING.alert].others)),
    ),
    "the changes speak for the runs": Mutant(
        'fresh{stream="runs"}', 'fresh{stream="changes"}', stale(FAILURES, "runs")
    ),
    "stale changes silence what the runs tell": Mutant(
        'fresh{stream="runs"}', 'fresh{stream="changes"}', fires(FAILURES, old("forge", "changes"))
    ),
    "one of two streams is enough": Mutant(
        f'and on ({TEAM})\nteam_stream:sdlc_repository_info:fresh{{stream="deployments"}}',
        "",
        stale(BY_NAME["SdlcReleaseFrequencyFlat"], "deployments"),
    ),
    "a stream that is followed is forgotten": Mutant(
        ISSUES_STALE, "", stale(BY_NAME["SdlcEscapeRateDrifting"], "issues")
    ),
    "a stream that is not switched on silences": Mutant(
        ISSUES_STALE,
        ISSUES_STALE.replace("unless", "and").replace(":stale", ":fresh"),
        fires(BY_NAME["SdlcEscapeRateDrifting"], off("forge", "issues")),
    ),
    "a stream that is needed may be off": Mutant(
        f'and on ({TEAM})\nteam_stream:sdlc_repository_info:fresh{{stream="issues"}}',
        ISSUES_STALE,
        off_is_silent(BY_NAME["SdlcQaBlocking"], "issues"),
    ),
    "every source has to tell every stream": Mutant(
        f"{KNOWN} and on (cluster, namespace, job, source)\n  max without ({POD}) "
        '(max_over_time(sdlc_exporter_last_success_timestamp_seconds{stream="runs"}[1h]))',
        KNOWN,
        partly_off(FAILURES, "runs"),
    ),
    "one issue rests on what all do": Mutant('"issue", "first_ci_red"', '"issue", ""', stale(FIRST_RED, "runs")),
    "stale runs silence every issue": Mutant(
        '"issue", "first_ci_red"',
        '"issue", "change_requests"',
        fires(BY_NAME["SdlcAiQualityGap"], old("forge", "runs")),
    ),
    "one input rests on what all do": Mutant('"what", "tests"', '"what", ""', stale(PARTS["tests"][0], "runs")),
    "a part of a team speaks for all": Mutant(
        TEAM_STALE, f"{TEAM_STALE} > 9", partly_stale(BY_NAME["SdlcReviewCapacityExceeded"], "changes")
    ),
    "what was never read is missed": Mutant(
        "\nand\nlast_over_time(team_stream:sdlc_repository_info:fresh[4d])", "", first_load()
    ),
    "pods are kept apart": Mutant("(instance, pod", "(instance", replaced(GROWING)),
    "instances are kept apart": Mutant("(instance, pod", "(pod", replaced(DRIFT)),
    "pods are added up": Mutant("max without (instance, pod", "sum without (instance, pod", replaced(GROWING)),
    "jobs are one": Mutant("(cluster, namespace, job", "(cluster, namespace", beside_others(GROWING)),
    "namespaces are one": Mutant("(cluster, namespace, job", "(cluster, job", beside_others(GROWING)),
    "it waits too short": Mutant("for: 4h", "for: 3h", brief(GROWING)),
    "it waits too long": Mutant("for: 4h", "for: 5h", whole(GROWING)),
    "it ends early": Mutant("keep_firing_for: 12h", "keep_firing_for: 11h", whole(GROWING)),
    "it does not outlive an absence": Mutant("keep_firing_for: 12h", "keep_firing_for: 1h", away(GROWING)),
    "another severity": Mutant("severity: critical", "severity: warning", whole(GROWING)),
    "another word": Mutant("by {{ $value }} within", "within", whole(GROWING)),
    "a link without its variable": Mutant("?var-repository={{ $labels.repository | urlquery }}", "", whole(GROWING)),
    "a limit that is full again": Mutant("> time()", "> 0", near(BY_NAME["SdlcApiBudgetLow"], "a reset to come")),
    "a drift of long ago": Mutant(
        "increase(sdlc_exporter_drift_total[1d])", "sdlc_exporter_drift_total", near(DRIFT, "a rise within")
    ),
    "incomplete polls are failures": Mutant('=~"success|partial"', '="success"', near(FAILS, "more failures")),
    "a long first load is stale": Mutant(
        "load_complete[5m])) == 0", "load_complete[5m])) == 2", near(STALE, "polls without")
    ),
    "a failed scrape begins anew": Mutant(
        "last_over_time(sdlc_review_queue_oldest_wait_business_seconds[5m])",
        "sdlc_review_queue_oldest_wait_business_seconds",
        unscraped(BY_NAME["SdlcReviewWaitTooLong"]),
    ),
    "a failed scrape forgets the team": Mutant(
        "last_over_time(sdlc_repository_info[5m])",
        "sdlc_repository_info",
        unscraped(BY_NAME["SdlcReviewQueueGrowing"]),
    ),
    "a bad poll silences": Mutant(
        "max_over_time(sdlc_exporter_watermark_timestamp_seconds[1h])",
        "sdlc_exporter_watermark_timestamp_seconds",
        bad_polls(),
    ),
    "what is stale is called stuck too": Mutant("\nunless\n(\n  stream:", "\nor\n(\n  stream:", whole(STALE)),
    "exporters of one job are one": Mutant("(instance, pod", "(pod", shared()),
    "two exporters are not enough": Mutant("[5m]))) > 1", "[5m]))) > 2", shared()),
    "what was is forgotten at once": Mutant("last_over_time(sdlc_exporter_build_info[4d])", BUILD, whole(DOWN)),
}


def mutated(fields: dict[str, Any], mutant: Mutant) -> dict[str, Any]:
    """A rule with the change in it."""
    return {
        key: mutated(value, mutant)
        if isinstance(value, dict)
        else f"{key}: {value}".replace(mutant.before, mutant.after).removeprefix(f"{key}: ")
        for key, value in fields.items()
    }


@pytest.mark.parametrize("name", MUTANTS)
def test_the_test_sees_what_is_wrong(name, tmp_path):
    changed = 0
    for path in RULES.glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        for group in document["groups"]:
            rules = [mutated(rule, MUTANTS[name]) for rule in group["rules"]]
            changed += rules != group["rules"]
            group["rules"] = rules
        (tmp_path / path.name).write_text(yaml.safe_dump(document))
    assert changed
    said = told(tmp_path, MUTANTS[name].test, tmp_path)
    assert "FAILED" in said
    assert "parse" not in said
