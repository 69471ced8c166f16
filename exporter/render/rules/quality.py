"""More changes escape than before, and QA is blocked: what faster coding costs once it is merged.

These rules follow those of ``review.py`` in one group: they rest on what that has recorded as fresh.
"""

from exporter.render.rules.freshness import CHANGES, DEPLOYMENTS, ISSUES, team
from exporter.render.rules.rows import Alert, Recording

OF_TEAM = ("sdlc-quality", "team")

DRIFT = (
    # Lower bounds of enough changes on both sides, by team: the metrics call it a scope.
    Recording(
        "team:sdlc_escape_drift_ratio:lower",
        """
max without ($pod, bound, scope) (
  label_replace(last_over_time(sdlc_escape_drift_ratio{bound="lower"}[5m]), "team", "$$1", "scope", "(.*)")
)
and on ($exporter, team)
(
  min without ($pod, scope, span) (
    label_replace(last_over_time(sdlc_escape_drift_samples[5m]), "team", "$$1", "scope", "(.*)")
  )
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="samples"}[5m]))
)
""",
    ),
)
QA = (
    # Sprints of the last six in which a retrospective named QA, by team: the metrics call it a scope.
    Recording(
        "team:sdlc_retro_mentions_ratio:qa_sprints",
        """
max without ($pod, theme, scope) (
  label_replace(
    last_over_time(sdlc_retro_mentions_ratio{scope!="all", theme="qa"}[5m]), "team", "$$1", "scope", "(.*)"
  )
)
* on ($exporter, team) group_left ()
max without ($pod, scope) (
  label_replace(last_over_time(sdlc_retro_mentions_samples{scope!="all"}[5m]), "team", "$$1", "scope", "(.*)")
)
""",
    ),
    # The lower bound, of so many stays that it can be compared.
    Recording(
        "team:sdlc_team_qa_blocked_ratio_lower:max28d",
        """
max without ($pod, window) (last_over_time(sdlc_team_qa_blocked_ratio_lower{team!="all", window="28d"}[5m]))
and on ($exporter, team)
(
  max without ($pod, window) (last_over_time(sdlc_team_qa_blocked_samples{team!="all", window="28d"}[5m]))
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="samples"}[5m]))
)
""",
    ),
)

ALERTS = (
    Alert(
        name="SdlcEscapeRateDrifting",
        severity="info",
        # It waits long: looked at every day, a lower bound of 5 % errs far more often than once in twenty a year.
        expr="""
(
  team:sdlc_escape_drift_ratio:lower
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="escape_drift"}[5m]))
)
"""
        + team(CHANGES, followed=(DEPLOYMENTS, ISSUES)),
        wait="14d",
        keep="3d",
        summary="More changes escape than used to: they are reverted, mended or cause incidents.",
        description="Of team {{ $labels.team }} at least {{ $value | humanize }} times as large a share of changes "
        "escaped by the outcomes of the last 45 days as by those of the 45 days before, and it stays so.",
        dashboard=OF_TEAM,
    ),
    Alert(
        name="SdlcQaBlocking",
        severity="warning",
        expr="""
(
  team:sdlc_team_qa_blocked_ratio_lower:max28d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="qa_blocked"}[5m]))
)
"""
        + team(ISSUES)
        + """or
label_replace(
  team:sdlc_retro_mentions_ratio:qa_sprints
  >= on ($exporter) group_left ()
  6 * max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="qa_named"}[5m])),
  "told_by", "retrospectives", "", ""
)
"""
        + team(followed=(ISSUES,)),
        wait="1d",
        keep="1d",
        summary="QA holds a team up: its issues are blocked there, or its retrospectives keep naming it.",
        description="{{ if $labels.told_by }}In {{ $value | humanize }} of the last six sprints retrospectives of "
        "{{ $labels.team }} named QA.{{ else }}For at least {{ $value | humanizePercentage }} of the time that issues "
        "of {{ $labels.team }} were with QA they were blocked there, by the stays that ended within 28 days: more than "
        "agreed, beyond chance.{{ end }}",
        dashboard=OF_TEAM,
    ),
)
ROWS = (*DRIFT, *QA, *ALERTS)
