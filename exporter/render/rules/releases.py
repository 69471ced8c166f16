"""More is ready and no more is released, deployments fail, AI changes have more issues: what comes after the review.

These rules follow those of ``review.py`` in one group: they rest on what that has recorded as fresh.
"""

from exporter.render.rules.freshness import CHANGES, DEPLOYMENTS, team
from exporter.render.rules.rows import Alert, Recording
from exporter.render.rules.shares import beside_before

OF_TEAM = ("sdlc-releases", "team")

FAILURES = (
    # A team's production deployments, and how many of them failed, over 28 and 90 days.
    Recording(
        "team_window:sdlc_team_change_fail_samples:all",
        """
max without ($pod) (last_over_time(sdlc_team_change_fail_samples{team!="all", window=~"28d|90d"}[5m]))
""",
    ),
    Recording(
        "team_window:sdlc_team_change_fail_ratio:failed",
        """
max without ($pod) (last_over_time(sdlc_team_change_fail_ratio{team!="all", window=~"28d|90d"}[5m]))
*
team_window:sdlc_team_change_fail_samples:all
""",
    ),
    *beside_before(
        "team:sdlc_team_change_fail_ratio:share",
        "team_window:sdlc_team_change_fail_ratio:failed",
        "team_window:sdlc_team_change_fail_samples:all",
    ),
)
GROWTH = (
    # Changes that became ready, and releases, of a team over 28 and 90 days.
    Recording(
        "team_window:sdlc_team_review_load_changes:ready",
        """
max without ($pod) (last_over_time(sdlc_team_review_load_changes{team!="all", window=~"28d|90d"}[5m]))
*
max without ($pod) (last_over_time(sdlc_team_active_reviewers{team!="all", window=~"28d|90d"}[5m]))
""",
    ),
    Recording(
        "team_window:sdlc_team_releases_weekly:releases",
        """
max without ($pod) (last_over_time(sdlc_team_releases_weekly{team!="all", window="28d"}[5m])) * 28 / 7
or
max without ($pod) (last_over_time(sdlc_team_releases_weekly{team!="all", window="90d"}[5m])) * 90 / 7
""",
    ),
    # How many more there are in 28 days than in as many of all 90, in standard deviations of what chance makes of it.
    Recording(
        "team:sdlc_team_review_load_changes:ready_growth",
        """
(
  sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="28d"})
  - sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="90d"}) * 28 / 90
)
/ sqrt(sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="90d"}) * 28 / 90 * 62 / 90 > 0)
""",
    ),
    Recording(
        "team:sdlc_team_releases_weekly:release_growth",
        """
(
  sum without (window) (team_window:sdlc_team_releases_weekly:releases{window="28d"})
  - sum without (window) (team_window:sdlc_team_releases_weekly:releases{window="90d"}) * 28 / 90
)
/ sqrt(sum without (window) (team_window:sdlc_team_releases_weekly:releases{window="90d"}) * 28 / 90 * 62 / 90 > 0)
""",
    ),
    # How many times as many changes became ready a day in the last 28 days as in the 62 days before.
    Recording(
        "team:sdlc_team_review_load_changes:ready_times",
        """
sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="28d"}) / 28
/
(
  (
    sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="90d"})
    - sum without (window) (team_window:sdlc_team_review_load_changes:ready{window="28d"})
  ) / 62
  > 0
)
""",
    ),
)


def _of_rates(bound: str) -> str:
    """A bound of a team's ratios, by its team: the metric calls it a scope."""
    return f"""max without ($pod, bound, scope) (
  label_replace(
    last_over_time(sdlc_ai_rate_ratio{{scope!="all", bound="{bound}"}}[5m]), "team", "$$1", "scope", "(.*)"
  )
)
"""


QUALITY = (
    Recording("team_origin_issue:sdlc_ai_rate_ratio:estimate", "\n" + _of_rates("estimate")),
    # Four issues of two origins are looked at, and one bound in twenty is too high by chance: of all eight together no
    # more than one in twenty is that lies 2.498 standard errors below, and not 1.645, which is 1.5185 times as far.
    Recording(
        "team_origin_issue:sdlc_ai_rate_ratio:lower_of_all",
        f"""
team_origin_issue:sdlc_ai_rate_ratio:estimate
* (
{_of_rates("lower")}/ (team_origin_issue:sdlc_ai_rate_ratio:estimate > 0)
) ^ 1.5185
""",
    ),
)

ALERTS = (
    Alert(
        name="SdlcReleaseFrequencyFlat",
        severity="info",
        # Beyond chance more is ready, and releases have not grown by even one standard deviation.
        expr="""
(
  team:sdlc_team_review_load_changes:ready_times
  > on ($exporter) group_left ()
  (1 + max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="ready_rise"}[5m])))
)
and on ($exporter, team)
(
  team:sdlc_team_review_load_changes:ready_growth
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="significance"}[5m]))
)
and on ($exporter, team)
team:sdlc_team_releases_weekly:release_growth < 1
"""
        + team(CHANGES, DEPLOYMENTS),
        wait="1d",
        keep="3d",
        summary="More changes of a team are ready, and it releases no more often.",
        description="Of {{ $labels.team }} {{ $value | humanize }} times as many changes became ready a day in the "
        "last 28 days as in the 62 days before, more than chance explains, and its releases are no more.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcChangeFailRateHigh",
        severity="warning",
        expr="""
(
  team:sdlc_team_change_fail_ratio:share
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="change_fail"}[5m]))
)
and on ($exporter, team)
(
  (team:sdlc_team_change_fail_ratio:share - team:sdlc_team_change_fail_ratio:share_before)
  / (team:sdlc_team_change_fail_ratio:share_error > 0)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="significance"}[5m]))
)
"""
        + team(DEPLOYMENTS),
        wait="1d",
        keep="1d",
        summary="More of a team's production deployments fail than agreed, and than used to.",
        description="{{ $value | humanizePercentage }} of the production deployments of {{ $labels.team }} failed "
        "within 28 days: more than agreed, and more than in the 62 days before, beyond chance.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcAiQualityGap",
        severity="info",
        # Two of the issues need more than the changes.
        expr="""
(
  team_origin_issue:sdlc_ai_rate_ratio:lower_of_all
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="ai_quality"}[5m]))
)
"""
        + team(CHANGES)
        + """
unless on ($exporter, team, issue)
label_replace(team_stream:sdlc_repository_info:stale{stream="runs"}, "issue", "first_ci_red", "", "")
unless on ($exporter, team, issue)
label_replace(team_stream:sdlc_repository_info:stale{stream="deployments"}, "issue", "escape", "", "")
unless on ($exporter, team, issue)
label_replace(team_stream:sdlc_repository_info:stale{stream="issues"}, "issue", "escape", "", "")
""".lstrip(),
        wait="1d",
        keep="3d",
        summary="An issue occurs more often with AI changes of a team than with others of like size.",
        description="In {{ $labels.team }} {{ $labels.issue }} occurs at least {{ $value | humanize }} times as often "
        "with {{ $labels.origin }} changes as with unmarked ones of the same repository and size, over 90 days.",
        dashboard=("sdlc-ai", "team"),
    ),
)
ROWS: tuple[Recording | Alert, ...] = (*FAILURES, *GROWTH, *QUALITY, *ALERTS)
