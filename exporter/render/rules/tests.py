"""First attempts fail more often, tests are flaky, and keeping them green takes more and more: what tests cost.

These rules follow those of ``review.py`` in one group: they rest on what that has recorded as fresh.
"""

from exporter.render.rules.freshness import CHANGES, RUNS, team
from exporter.render.rules.rows import Alert, Recording
from exporter.render.rules.shares import beside_before

OF_TEAM = ("sdlc-tests", "team")

FIRST_ATTEMPTS = (
    # First attempts of a team's changes, and how many of them failed, over 28 and 90 days.
    Recording(
        "team_window:sdlc_team_ci_first_attempt_failure_samples:all",
        """
max without ($pod, branch) (
  last_over_time(
    sdlc_team_ci_first_attempt_failure_samples{team!="all", branch="change", window=~"28d|90d"}[5m]
  )
)
""",
    ),
    Recording(
        "team_window:sdlc_team_ci_first_attempt_failure_ratio:failed",
        """
max without ($pod, branch) (
  last_over_time(
    sdlc_team_ci_first_attempt_failure_ratio{team!="all", branch="change", window=~"28d|90d"}[5m]
  )
)
*
team_window:sdlc_team_ci_first_attempt_failure_samples:all
""",
    ),
    *beside_before(
        "team:sdlc_team_ci_first_attempt_failure_ratio:share",
        "team_window:sdlc_team_ci_first_attempt_failure_ratio:failed",
        "team_window:sdlc_team_ci_first_attempt_failure_samples:all",
    ),
)
SHARES = (
    Recording(
        "team:sdlc_team_flaky_run_ratio:max28d",
        """
max without ($pod, window) (last_over_time(sdlc_team_flaky_run_ratio{team!="all", window="28d"}[5m]))
""",
    ),
    # Of so many changes that touched tests that it can be compared.
    Recording(
        "team:sdlc_team_test_update_ratio:max28d",
        """
max without ($pod, window) (last_over_time(sdlc_team_test_update_ratio{team!="all", window="28d"}[5m]))
and on ($exporter, team)
(
  max without ($pod, window) (last_over_time(sdlc_team_test_update_samples{team!="all", window="28d"}[5m]))
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="samples"}[5m]))
)
""",
    ),
    # A team's lower bound, by its team: the metric calls it a scope.
    Recording(
        "team:sdlc_test_maintenance_slope_seconds:lower",
        """
max without ($pod, bound, scope) (
  label_replace(
    last_over_time(sdlc_test_maintenance_slope_seconds{scope!="all", bound="lower"}[5m]),
    "team", "$$1", "scope", "(.*)"
  )
)
""",
    ),
)

ALERTS = (
    Alert(
        name="SdlcFirstAttemptFailuresRising",
        severity="warning",
        expr="""
(
  team:sdlc_team_ci_first_attempt_failure_ratio:share - team:sdlc_team_ci_first_attempt_failure_ratio:share_before
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="first_attempt_failures_rise"}[5m]))
)
and on ($exporter, team)
(
  (team:sdlc_team_ci_first_attempt_failure_ratio:share - team:sdlc_team_ci_first_attempt_failure_ratio:share_before)
  / (team:sdlc_team_ci_first_attempt_failure_ratio:share_error > 0)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="significance"}[5m]))
)
"""
        + team(RUNS),
        wait="1d",
        keep="1d",
        summary="A team's changes fail their first CI run more often than they used to.",
        description="The share of first CI attempts that fail on changes of {{ $labels.team }} is "
        "{{ $value | humanizePercentage }} of all attempts higher in the last 28 days than in the 62 days before, more "
        "than chance explains.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcFlakyTestsHigh",
        severity="warning",
        # Beyond what chance makes of as many runs of which the threshold's share is flaky.
        expr="""
(
  team:sdlc_team_flaky_run_ratio:max28d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="flaky_runs"}[5m]))
)
and on ($exporter, team)
(
  (
    team:sdlc_team_flaky_run_ratio:max28d
    - on ($exporter) group_left ()
    max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="flaky_runs"}[5m]))
  )
  * sqrt(
    max without ($pod, window) (last_over_time(sdlc_team_flaky_run_samples{team!="all", window="28d"}[5m]))
    / on ($exporter) group_left ()
    (
      max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="flaky_runs"}[5m]))
      * (1 - max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="flaky_runs"}[5m])))
      > 0
    )
  )
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="significance"}[5m]))
)
"""
        + team(RUNS),
        wait="1d",
        keep="1d",
        summary="Too many of a team's test runs fail and pass on the same commit.",
        description="{{ $value | humanizePercentage }} of the test runs of {{ $labels.team }} failed and passed on the "
        "same commit within 28 days, more than agreed and than chance explains: its red tests are not believed for "
        "long.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcMoreFixingThanWriting",
        severity="info",
        expr="""
(
  team:sdlc_team_test_update_ratio:max28d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="test_update"}[5m]))
)
"""
        + team(CHANGES),
        wait="1d",
        keep="3d",
        summary="A team spends more of its test work on old tests than on new ones.",
        description="{{ $value | humanizePercentage }} of the time that changes of {{ $labels.team }} spent on test "
        "lines within 28 days went into lines that were there before.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcTestMaintenanceClimbing",
        severity="warning",
        # The lower bound of the trend is above 0, and most test work would soon be upkeep.
        expr="""
team:sdlc_test_maintenance_slope_seconds:lower / 3600 > 0
and on ($exporter, team)
(
  team:sdlc_team_test_update_ratio:max28d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="test_update_climbing"}[5m]))
)
"""
        + team(CHANGES),
        wait="1d",
        keep="3d",
        summary="The upkeep of a team's tests climbs from sprint to sprint.",
        description="Over six sprints the time that each developer of {{ $labels.team }} spends on old test lines grew "
        "by at least {{ $value | humanize }} hours a sprint, beyond chance.",
        dashboard=OF_TEAM,
    ),
)
ROWS: tuple[Recording | Alert, ...] = (*FIRST_ATTEMPTS, *SHARES, *ALERTS)
