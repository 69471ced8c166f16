"""The review queue grows, waits get long, review is skipped: where review takes back what faster coding gave.

Gauges are read by ``last_over_time`` over five minutes, so that a scrape that fails does not start a wait anew.
"""

from exporter.render.rules import freshness, gain, quality, releases, tests
from exporter.render.rules.freshness import CHANGES, team
from exporter.render.rules.rows import Alert, Group, Recording
from exporter.render.rules.shares import beside_before

OF_REPOSITORY = ("sdlc-review", "repository")
OF_TEAM = ("sdlc-review", "team")

QUEUE = (
    Recording(
        "repository:sdlc_review_queue_changes:awaiting",
        """
sum without (origin, state) (
  max without ($pod) (
    last_over_time(sdlc_review_queue_changes{state=~"awaiting_review|awaiting_rereview"}[5m])
  )
)
""",
    ),
    Recording(
        "repository:sdlc_review_queue_flow_changes:in7d",
        """
max without ($pod, direction, window) (
  last_over_time(sdlc_review_queue_flow_changes{direction="in", window="7d"}[5m])
)
""",
    ),
    Recording(
        "repository:sdlc_review_queue_flow_changes:out7d",
        """
max without ($pod, direction, window) (
  last_over_time(sdlc_review_queue_flow_changes{direction="out", window="7d"}[5m])
)
""",
    ),
    Recording(
        "team:sdlc_review_queue_flow_changes:growth7d",
        """
sum without (repository) (
  (repository:sdlc_review_queue_flow_changes:in7d - repository:sdlc_review_queue_flow_changes:out7d)
  * on ($exporter, repository) group_left (team)
  repository_stream:sdlc_repository_info:fresh{stream="changes"}
)
""",
    ),
    Recording(
        "team:sdlc_review_queue_flow_changes:moved7d",
        """
sum without (repository) (
  (repository:sdlc_review_queue_flow_changes:in7d + repository:sdlc_review_queue_flow_changes:out7d)
  * on ($exporter, repository) group_left (team)
  repository_stream:sdlc_repository_info:fresh{stream="changes"}
)
""",
    ),
    Recording(
        "team:sdlc_review_queue_changes:awaiting_agentic",
        """
sum without (repository, origin, state) (
  max without ($pod) (
    last_over_time(sdlc_review_queue_changes{origin="agentic", state=~"awaiting_review|awaiting_rereview"}[5m])
  )
  * on ($exporter, repository) group_left (team)
  repository_stream:sdlc_repository_info:fresh{stream="changes"}
)
""",
    ),
)
MERGES = (
    # How many merged changes of a team passed coding (all of them) and were never reviewed, over 28 and 90 days.
    Recording(
        "team_window:sdlc_team_stage_window_samples:merged",
        """
sum without (origin, stage) (
  max without ($pod) (
    last_over_time(sdlc_team_stage_window_samples{team!="all", stage="coding", window=~"28d|90d"}[5m])
  )
)
""",
    ),
    Recording(
        "team_window:sdlc_team_stage_window_samples:unreviewed",
        """
sum without (origin, stage) (
  max without ($pod) (
    last_over_time(sdlc_team_stage_window_samples{team!="all", stage="unreviewed", window=~"28d|90d"}[5m])
  )
)
""",
    ),
    *beside_before(
        "team:sdlc_team_stage_window_samples:unreviewed_share",
        "team_window:sdlc_team_stage_window_samples:unreviewed",
        "team_window:sdlc_team_stage_window_samples:merged",
    ),
)
WAITS = (
    # Medians that rest on enough changes to be compared.
    Recording(
        "team_origin:sdlc_team_review_wait_window_seconds:median",
        """
max without ($pod, window, percentile) (
  last_over_time(sdlc_team_review_wait_window_seconds{team!="all", window="28d", percentile="p50"}[5m])
)
and on ($exporter, team, origin)
(
  max without ($pod, window) (last_over_time(sdlc_team_review_wait_window_samples{team!="all", window="28d"}[5m]))
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="samples"}[5m]))
)
""",
    ),
)

GROUP = Group(
    "sdlc-review",
    (
        *freshness.ROWS,
        *QUEUE,
        *MERGES,
        *WAITS,
        Alert(
            name="SdlcReviewQueueGrowing",
            severity="critical",
            # Growth within seven days, beyond what chance alone makes of so many arrivals and departures.
            expr="""
(
  repository:sdlc_review_queue_flow_changes:in7d - repository:sdlc_review_queue_flow_changes:out7d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="review_queue_growth"}[5m]))
)
* on ($exporter, repository) group_left (source, team)
repository_stream:sdlc_repository_info:fresh{stream="changes"}
and on ($exporter, repository)
(
  (repository:sdlc_review_queue_flow_changes:in7d - repository:sdlc_review_queue_flow_changes:out7d)
  / sqrt(repository:sdlc_review_queue_flow_changes:in7d + repository:sdlc_review_queue_flow_changes:out7d + 1)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="review_queue_growth"}[5m]))
)
and on ($exporter, repository)
(
  repository:sdlc_review_queue_changes:awaiting
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="review_queue"}[5m]))
)
""",
            wait="4h",
            keep="12h",
            summary="A review queue grows faster than it is worked off.",
            description="In {{ $labels.repository }} (team {{ $labels.team }}) the number of changes that wait for a "
            "review grew by {{ $value }} within seven days, more than chance explains.",
            dashboard=OF_REPOSITORY,
        ),
        Alert(
            name="SdlcReviewWaitTooLong",
            severity="warning",
            expr="""
(
  max without ($pod) (last_over_time(sdlc_review_queue_oldest_wait_business_seconds[5m]))
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="review_wait_business"}[5m]))
)
/ 3600
* on ($exporter, repository) group_left (source, team)
repository_stream:sdlc_repository_info:fresh{stream="changes"}
""",
            wait="30m",
            keep="3h",
            summary="A change has waited for a review longer than promised.",
            description="In {{ $labels.repository }} (team {{ $labels.team }}) a change has waited for a review for "
            "{{ $value | printf `%.0f` }} hours of the team's working time.",
            dashboard=OF_REPOSITORY,
        ),
        Alert(
            name="SdlcReviewCapacityExceeded",
            severity="warning",
            expr="""
(
  max without ($pod, window) (last_over_time(sdlc_team_review_utilisation_ratio{team!="all", window="28d"}[5m]))
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="review_utilisation"}[5m]))
)
and on ($exporter, team)
(
  team:sdlc_review_queue_flow_changes:growth7d
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="review_queue_growth"}[5m]))
)
and on ($exporter, team)
(
  team:sdlc_review_queue_flow_changes:growth7d / sqrt(team:sdlc_review_queue_flow_changes:moved7d + 1)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="review_queue_growth"}[5m]))
)
"""
            + team(CHANGES),
            wait="1d",
            keep="1d",
            summary="A team is asked for more reviews than it gives, and its queue grows.",
            description="For four weeks {{ $labels.team }} has been asked for {{ $value | humanize }} reviews for each "
            "one it gave, and its queue grew in the last seven days, by more than chance explains.",
            dashboard=OF_TEAM,
        ),
        Alert(
            name="SdlcUnreviewedMergesRising",
            severity="warning",
            expr="""
(
  team:sdlc_team_stage_window_samples:unreviewed_share - team:sdlc_team_stage_window_samples:unreviewed_share_before
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="unreviewed_merges_rise"}[5m]))
)
and on ($exporter, team)
(
  (team:sdlc_team_stage_window_samples:unreviewed_share - team:sdlc_team_stage_window_samples:unreviewed_share_before)
  / (team:sdlc_team_stage_window_samples:unreviewed_share_error > 0)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="significance"}[5m]))
)
"""
            + team(CHANGES),
            wait="1d",
            keep="1d",
            summary="A team merges more of its changes without a review than it used to.",
            description="The share of changes that {{ $labels.team }} merged without a review by a second person is "
            "{{ $value | humanizePercentage }} of all merges higher in the last 28 days than in the 62 days before, "
            "more than chance explains.",
            dashboard=OF_TEAM,
        ),
        Alert(
            name="SdlcAgenticChangesWaiting",
            severity="info",
            expr="""
(
  team_origin:sdlc_team_review_wait_window_seconds:median{origin="agentic"}
  / ignoring (origin)
  (team_origin:sdlc_team_review_wait_window_seconds:median{origin="unmarked"} > 0)
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="agentic_wait"}[5m]))
)
and on ($exporter, team)
(
  team:sdlc_review_queue_changes:awaiting_agentic
  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="review_queue"}[5m]))
)
"""
            + team(CHANGES),
            wait="1d",
            keep="1d",
            summary="Changes of agents wait much longer for a review than others, and pile up.",
            description="In {{ $labels.team }} changes of agents waited {{ $value | humanize }} times as long for a "
            "first review as unmarked ones, by the medians of the last 28 days.",
            dashboard=OF_TEAM,
        ),
        *tests.ROWS,
        *releases.ROWS,
        *quality.ROWS,
        *gain.ROWS,
        freshness.NOT_JUDGED,
    ),
)
