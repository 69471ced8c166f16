"""The page of an exporter with which, and with whose teams, all is well."""

from collections.abc import Mapping

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.config.settings import Thresholds
from tests.alerts.scrapes import Page, Value

FORGE, ATTIC = "forge", "attic"
TEAMS = {
    "basket": (FORGE, ("acme/shop", "acme/cart")),
    "money": (ATTIC, ("acme/pay", "acme/till")),
}
"""Two teams, each with a source of its own, and two repositories in it."""
STREAMS = ("changes", "runs", "deployments", "issues")
LATER = ("production", "tests", "flaky_tests", "findings")
"""Inputs that other streams than the changes tell of."""
STATES = ("awaiting_review", "awaiting_rereview", "approved")


def thresholds() -> dict[str, Value]:
    """The thresholds of a configuration that sets none."""
    settings = Thresholds()
    return {
        **{f'sdlc_threshold_seconds{{name="{name}"}}': value for name, value in settings.seconds.items()},
        **{f'sdlc_threshold_ratio{{name="{name}"}}': value for name, value in settings.ratios.items()},
        **{f'sdlc_threshold_changes{{name="{name}"}}': value for name, value in settings.changes.items()},
    }


def repository(name: str, team: str, source: str) -> dict[str, Value]:
    """A repository with two changes of people and one of an agent awaiting review, and as many in as out.

    Nine more of each are approved, and are in nobody's way.
    """
    here = f'repository="{name}"'
    waiting = {("unmarked", "awaiting_review"): 2, ("agentic", "awaiting_rereview"): 1}
    waiting |= {("unmarked", "approved"): 9, ("agentic", "approved"): 9}
    return {
        f'sdlc_repository_info{{{here},source="{source}",team="{team}"}}': 1,
        **{
            f'sdlc_review_queue_changes{{{here},origin="{origin}",state="{state}"}}': waiting.get((origin, state), 0)
            for origin in ("unmarked", "agentic")
            for state in STATES
        },
        f'sdlc_review_queue_flow_changes{{{here},direction="in",window="7d"}}': 20,
        f'sdlc_review_queue_flow_changes{{{here},direction="out",window="7d"}}': 20,
        f"sdlc_review_queue_oldest_wait_business_seconds{{{here}}}": 2 * HOUR,
        f'sdlc_exporter_coverage_ratio{{{here},what="origin"}}': 1,
        **{f'sdlc_exporter_coverage_ratio{{{here},what="{what}"}}': 0.9 for what in ("first_activity", *LATER)},
    }


def team(name: str) -> dict[str, Value]:
    """A team that gives the reviews it is asked for: a tenth of its merges goes without, some of before are of drafts,
    and agents' changes wait as long as others.
    """
    here = f'team="{name}"'
    page: dict[str, Value] = {}
    for window, merged, reviewed in (("28d", 50, 45), ("90d", 180, 150)):
        page[f'sdlc_team_review_utilisation_ratio{{{here},window="{window}"}}'] = 1
        for origin in ("unmarked", "agentic"):
            both = f'{here},origin="{origin}"'
            page[f'sdlc_team_stage_window_samples{{{both},stage="coding",window="{window}"}}'] = merged
            page[f'sdlc_team_stage_window_samples{{{both},stage="unreviewed",window="{window}"}}'] = merged / 10
            page[f'sdlc_team_stage_window_samples{{{both},stage="review",window="{window}"}}'] = reviewed
            page[f'sdlc_team_review_wait_window_samples{{{both},window="{window}"}}'] = reviewed
            page[f'sdlc_team_review_wait_window_seconds{{{both},window="{window}",percentile="p50"}}'] = 4 * HOUR
    return page | testing(name) | releasing(name) | escaping(name) | diagnosed(name)


def releasing(name: str) -> dict[str, Value]:
    """A team that releases five times a week and makes 10 changes ready for each of 5 reviewers in four weeks; one in
    ten of its deployments fails, and its AI changes are like the others but for chance.
    """
    here = f'team="{name}"'
    page: dict[str, Value] = {}
    for window, deployments, load in (("28d", 40, 10), ("90d", 130, 32)):
        page[f'sdlc_team_change_fail_ratio{{{here},window="{window}"}}'] = 0.1
        page[f'sdlc_team_change_fail_samples{{{here},window="{window}"}}'] = deployments
        page[f'sdlc_team_releases_weekly{{{here},window="{window}"}}'] = 5
        page[f'sdlc_team_review_load_changes{{{here},window="{window}"}}'] = load
        page[f'sdlc_team_active_reviewers{{{here},window="{window}"}}'] = 5
    for issue in ("change_requests", "first_ci_red", "escape"):
        for bound, times in (("lower", 0.9), ("estimate", 1.3), ("upper", 1.9)):
            labels = f'scope="{name}",origin="agentic",issue="{issue}",bound="{bound}"'
            page[f"sdlc_ai_rate_ratio{{{labels}}}"] = times
    return page


def escaping(name: str) -> dict[str, Value]:
    """A team that had 100 outcomes in 45 days and 90 in the 45 before, and escapes but for chance as before; a tenth
    of the time that QA has its issues they are blocked, and one of its five retrospectives named it.
    """
    page: dict[str, Value] = {f'sdlc_retro_mentions_samples{{scope="{name}"}}': 5}
    for theme, ratio in (("qa", 0.2), ("ci", 0.6)):
        page[f'sdlc_retro_mentions_ratio{{scope="{name}",theme="{theme}"}}'] = ratio
    for bound, times in (("lower", 0.6), ("estimate", 1.1), ("upper", 2.0)):
        page[f'sdlc_escape_drift_ratio{{scope="{name}",bound="{bound}"}}'] = times
    for span, outcomes in (("now", 100), ("before", 90)):
        page[f'sdlc_escape_drift_samples{{scope="{name}",span="{span}"}}'] = outcomes
    for window, stays in (("28d", 40), ("90d", 130)):
        here = f'team="{name}",window="{window}"'
        page[f"sdlc_team_qa_blocked_ratio{{{here}}}"] = 0.1
        page[f"sdlc_team_qa_blocked_ratio_lower{{{here}}}"] = 0.05
        page[f"sdlc_team_qa_blocked_samples{{{here}}}"] = stays
    return page


def diagnosed(name: str) -> dict[str, Value]:
    """A team whose gain arrives, by the diagnosis of the weeks that ended three days ago: no stage is named."""
    return {
        f'sdlc_diagnosis_end_timestamp_seconds{{scope="{name}"}}': ago(3 * DAY),
        f'sdlc_diagnosis_absorbed_verdicts{{scope="{name}"}}': 0,
        **{
            f'sdlc_diagnosis_bottleneck{{scope="{name}",stage="{stage}"}}': 0
            for stage in ("pickup", "review", "deploy_wait")
        },
    }


def testing(name: str) -> dict[str, Value]:
    """A team a fifth of whose changes fail their first attempt, and one in a hundred runs flakes; four tenths of its
    test work goes into old tests, and that grows by chance alone.
    """
    here = f'team="{name}"'
    page: dict[str, Value] = {}
    for window, attempts, merged in (("28d", 100, 50), ("90d", 300, 150)):
        for branch, failed in (("change", 0.2), ("default", 0.02)):
            kind = f'{here},branch="{branch}",window="{window}"'
            page[f"sdlc_team_ci_first_attempt_failure_ratio{{{kind}}}"] = failed
            page[f"sdlc_team_ci_first_attempt_failure_samples{{{kind}}}"] = attempts
        page[f'sdlc_team_flaky_run_ratio{{{here},window="{window}"}}'] = 0.01
        page[f'sdlc_team_flaky_run_samples{{{here},window="{window}"}}'] = attempts
        page[f'sdlc_team_test_update_ratio{{{here},window="{window}"}}'] = 0.4
        page[f'sdlc_team_test_update_samples{{{here},window="{window}"}}'] = merged
    for bound, seconds in (("lower", -600), ("estimate", 300), ("upper", 1200)):
        page[f'sdlc_test_maintenance_slope_seconds{{scope="{name}",bound="{bound}"}}'] = seconds
    return page


def ago(seconds: int) -> Value:
    """A time that is always so long ago."""
    return lambda time: time - seconds


def source(name: str) -> dict[str, Value]:
    """A source that is polled every minute without fault; its watermarks are five minutes behind."""
    stream = f'source="{name}",stream="changes"'
    budget = f'source="{name}",resource="graphql"'
    return {
        **{
            f'sdlc_exporter_{kind}_timestamp_seconds{{source="{name}",stream="{each}"}}': ago(seconds)
            for each in STREAMS
            for kind, seconds in (("last_success", MINUTE), ("watermark", 6 * MINUTE))
        },
        f'sdlc_exporter_initial_load_complete{{source="{name}"}}': 1,
        f'sdlc_exporter_polls_total{{{stream},result="success"}}': lambda time: time // MINUTE,
        f'sdlc_exporter_polls_total{{{stream},result="partial"}}': 0,
        f'sdlc_exporter_polls_total{{{stream},result="failure"}}': 0,
        f'sdlc_exporter_repositories{{source="{name}",state="ok"}}': 2,
        f'sdlc_exporter_repositories{{source="{name}",state="loading"}}': 1,
        f'sdlc_exporter_repositories{{source="{name}",state="failing"}}': 0,
        f'sdlc_exporter_repositories{{source="{name}",state="gone"}}': 3,
        f"sdlc_exporter_api_budget_limit{{{budget}}}": 5000,
        f"sdlc_exporter_api_budget_remaining{{{budget}}}": 4000,
        f"sdlc_exporter_api_budget_reset_timestamp_seconds{{{budget}}}": lambda time: time + 20 * MINUTE,
    }


OWN: Mapping[str, Value] = {
    'sdlc_exporter_build_info{version="0.1.0",python="3.11.2"}': 1,
    "sdlc_exporter_config_last_reload_successful": 1,
    "sdlc_exporter_state_persistent": 1,
    'sdlc_exporter_series_left_out{metric="sdlc_change_lead_time_seconds"}': 0,
    'sdlc_exporter_series_left_out{metric="sdlc_changes_merged_total"}': 0,
    'sdlc_exporter_series_dropped_total{metric="sdlc_change_lead_time_seconds"}': 0,
    'sdlc_exporter_series_dropped_total{metric="sdlc_changes_merged_total"}': 0,
    'sdlc_exporter_drift_total{metric="sdlc_change_lead_time_seconds"}': 0,
    'sdlc_exporter_drift_total{metric="sdlc_changes_merged_total"}': 0,
}

HEALTHY: Page = {
    **OWN,
    **thresholds(),
    **source(FORGE),
    **source(ATTIC),
    **{
        series: value
        for name, (origin, repositories) in TEAMS.items()
        for each in repositories
        for series, value in repository(each, name, origin).items()
    },
    **{series: value for name in (*TEAMS, "all") for series, value in team(name).items()},
}
