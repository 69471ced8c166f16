"""The gain of faster coding is absorbed, by three weekly verdicts in a row: a ticket for whoever owns the stage.

These rules follow those of ``review.py`` in one group: they rest on what that has recorded as fresh.
"""

from exporter.render.rules.freshness import CHANGES, DEPLOYMENTS, team
from exporter.render.rules.rows import Alert, Recording

WEEK = 7 * 86400
PAST = 15 * 86400
"""Seconds after the end of its last week from which on a diagnosis is one of the past: it missed a week, and a day."""


def _of_scope(metric: str) -> str:
    """A metric by its team: the diagnosis calls it a scope."""
    return f"""max without ($pod, scope) (
  label_replace(last_over_time({metric}[5m]), "team", "$$1", "scope", "(.*)")
)
"""


DIAGNOSIS = (
    # Of a diagnosis that still moves.
    Recording(
        "team:sdlc_diagnosis_absorbed_verdicts:recent",
        f"""
{_of_scope("sdlc_diagnosis_absorbed_verdicts")}and on ($exporter, team)
(
  time()
  - {_of_scope("sdlc_diagnosis_end_timestamp_seconds").strip().replace(chr(10), chr(10) + "  ")}
  < {PAST}
)
""",
    ),
    # No more than one stage is named.
    Recording("team_stage:sdlc_diagnosis_bottleneck:named", f"\n{_of_scope('sdlc_diagnosis_bottleneck')}== 1\n"),
)

ALERTS = (
    Alert(
        name="SdlcGainAbsorbed",
        severity="warning",
        # With the label of the stage where one is named. Weekly verdicts wait for weeks by themselves.
        expr=f"""
(
  team:sdlc_diagnosis_absorbed_verdicts:recent * on ($exporter, team) group_right ()
  team_stage:sdlc_diagnosis_bottleneck:named
  or on ($exporter, team)
  team:sdlc_diagnosis_absorbed_verdicts:recent
)
>= on ($exporter) group_left ()
max by ($exporter) (last_over_time(sdlc_threshold_seconds{{name="absorbed"}}[5m])) / {WEEK}
"""
        + team(CHANGES, followed=(DEPLOYMENTS,)),
        wait="1d",
        keep="3d",
        summary="Coding got faster, and other stages take what it gained.",
        description="By {{ $value }} weekly verdicts in a row a good part of the coding time that changes of "
        "{{ $labels.team }} save is lost again in other stages"
        "{{ with $labels.stage }}, most of it in {{ . }}{{ end }}. Nothing is broken: this is work for a plan.",
        dashboard=("sdlc-gain", "team"),
    ),
)
ROWS: tuple[Recording | Alert, ...] = (*DIAGNOSIS, *ALERTS)
