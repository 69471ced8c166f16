"""Whether the exporter can be believed, and what it goes without; gauges are read as in ``review.py``."""

from exporter.model import Stream
from exporter.render.rules.freshness import CHANGES, DEPLOYMENTS, RUNS
from exporter.render.rules.rows import Alert, Group, Recording

PAGE = ("sdlc-exporter",)
OF_SOURCE = ("sdlc-exporter", "source")

INPUTS = (
    ("origin", CHANGES),
    ("first_activity", CHANGES),
    ("production", CHANGES),
    ("production", DEPLOYMENTS),
    ("tests", RUNS),
    ("flaky_tests", RUNS),
    ("findings", CHANGES),
    ("findings", str(Stream.FINDINGS)),
)
"""Each input whose coverage is told, and a stream that it rests on."""


def _ages_of_inputs() -> str:
    """How far behind the streams of each input are, by ``what`` it is; within brackets."""
    ages = (
        f'    label_replace(stream:sdlc_exporter_watermark_timestamp_seconds:age{{stream="{stream}"}}, '
        f'"what", "{what}", "", "")'
        for what, stream in INPUTS
    )
    return "  (\n" + "\n    or\n".join(ages) + "\n  )"


GROUP = Group(
    "sdlc-exporter",
    (
        Recording(
            "stream:sdlc_exporter_last_success_timestamp_seconds:age",
            "time() - max without ($pod) (last_over_time(sdlc_exporter_last_success_timestamp_seconds[5m]))",
        ),
        Recording(
            "stream:sdlc_exporter_watermark_timestamp_seconds:age",
            "time() - max without ($pod) (last_over_time(sdlc_exporter_watermark_timestamp_seconds[5m]))",
        ),
        Alert(
            name="SdlcExporterDown",
            severity="critical",
            # An exporter that was here within a long weekend and is not; or none was, and no label is known.
            expr="""
(
  max by ($exporter) (last_over_time(sdlc_exporter_build_info[4d])) # param:window, longer than for
  unless
  max by ($exporter) (sdlc_exporter_build_info)
)
or
absent(last_over_time(sdlc_exporter_build_info[4d])) # param:window, longer than for
""",
            wait="1h",
            summary="Prometheus gets no metrics from sdlc-exporter.",
            description="There are no metrics of sdlc-exporter{{ with $labels.job }} (job {{ . }}){{ end }}. No alert "
            "about reviews can fire until they are back; what happens meanwhile is read later and not lost.",
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcExportersShareJob",
            severity="warning",
            # One pod that follows another is there beside it for a moment.
            expr="count by ($exporter) (group by ($exporter, $pod) (last_over_time(sdlc_exporter_build_info[5m]))) > 1",
            wait="1h",
            summary="Several exporters share a job, and alerts take them for one.",
            description="{{ $value }} exporters are scraped as job {{ $labels.job }}. When one of them is gone nobody "
            "is told, and thresholds of one are compared with numbers of the other. Each needs a job of its own.",
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcSourceStale",
            severity="warning",
            expr="""
stream:sdlc_exporter_last_success_timestamp_seconds:age
> on ($exporter) group_left ()
max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="blind"}[5m]))
unless on ($exporter, source)
(
  max without ($pod) (last_over_time(sdlc_exporter_initial_load_complete[5m])) == 0
  and on ($exporter, source)
  sum without ($pod, result) (increase(sdlc_exporter_polls_total{result=~"success|partial"}[30m])) > 0 # param:window
)
""",
            wait="15m",
            keep="15m",
            # A first load of hours is no failure as long as its polls succeed.
            summary="A source has not been read completely for too long.",
            description="The last complete pass over {{ $labels.source }} ({{ $labels.stream }}) was "
            "{{ $value | humanizeDuration }} ago. Its gauges freeze and then disappear, and alerts about its "
            "repositories are silent: what is shown of it is old.",
            dashboard=OF_SOURCE,
        ),
        Alert(
            name="SdlcSourceFailing",
            severity="warning",
            # Three at least: one failure of a source that is polled twice an hour is no outage.
            expr="""
(
  sum without ($pod, result) (
    increase(sdlc_exporter_polls_total{result="failure"}[30m]) # param:window
  )
  >= 3
)
>
sum without ($pod, result) (
  increase(sdlc_exporter_polls_total{result=~"success|partial"}[30m]) # param:window
)
""",
            wait="15m",
            keep="30m",
            summary="Most polls of a source fail.",
            description="About {{ $value | printf `%.0f` }} polls of {{ $labels.source }} ({{ $labels.stream }}) "
            "failed lately, and fewer got through. The reason is on the exporter's page and in its log.",
            dashboard=OF_SOURCE,
        ),
        Alert(
            name="SdlcRepositoriesFailing",
            severity="info",
            expr='max without ($pod, state) (last_over_time(sdlc_exporter_repositories{state="failing"}[5m])) > 0',
            wait="1h",
            keep="15m",
            summary="Some repositories of a source cannot be read.",
            description="Repositories of {{ $labels.source }} that cannot be read: {{ $value }}. They hold back only "
            "themselves: their gauges disappear and their counters stand still.",
            dashboard=OF_SOURCE,
        ),
        Alert(
            name="SdlcWatermarkStuck",
            severity="warning",
            expr="""
(
  stream:sdlc_exporter_watermark_timestamp_seconds:age
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="blind"}[5m]))
)
unless
(
  stream:sdlc_exporter_last_success_timestamp_seconds:age
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="blind"}[5m]))
)
""",
            wait="15m",
            keep="15m",
            summary="A source is read, and what is read is not counted.",
            description="{{ $labels.source }} ({{ $labels.stream }}) is polled without fault, yet nothing of the last "
            "{{ $value | humanizeDuration }} is counted: a poll takes too long, or the source is polled too rarely for "
            "the threshold blind.",
            dashboard=OF_SOURCE,
        ),
        Alert(
            name="SdlcApiBudgetLow",
            severity="warning",
            expr="""
(
  max without ($pod) (last_over_time(sdlc_exporter_api_budget_remaining[5m]))
  / (max without ($pod) (last_over_time(sdlc_exporter_api_budget_limit[5m])) > 0)
  < on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="api_budget"}[5m]))
)
and
max without ($pod) (last_over_time(sdlc_exporter_api_budget_reset_timestamp_seconds[5m])) > time()
""",
            wait="15m",
            keep="15m",
            summary="The rate limit of a source is nearly used up.",
            description="{{ $value | humanizePercentage }} of the rate limit of {{ $labels.source }} is left"
            "{{ with $labels.resource }} ({{ . }}){{ end }}. The exporter waits before the limit is spent, so numbers "
            "become old before anything fails.",
            dashboard=OF_SOURCE,
        ),
        Alert(
            name="SdlcSeriesDropped",
            severity="warning",
            # What is folded is so for good, and told for a day; what is left out is told as long as it is.
            expr="""
max without ($pod) (last_over_time(sdlc_exporter_series_left_out[5m])) > 0
or
max without ($pod) (increase(sdlc_exporter_series_dropped_total[1d])) > 0 # param:window, longer than for
""",
            wait="15m",
            summary="A metric has more series than its budget, and some are left out.",
            description="{{ $value | printf `%.0f` }} label combinations of {{ $labels.metric }} exceed its budget. "
            "Gauges are left out as long as they do, and alarm nobody; counters and histograms went into "
            'repository="other".',
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcDriftDetected",
            severity="warning",
            expr="max without ($pod) (increase(sdlc_exporter_drift_total[1d])) > 0 # param:window, longer than for",
            wait="15m",
            summary="A second look at the past disagrees with what was counted.",
            description="Within a day {{ $value | printf `%.0f` }} readings of {{ $labels.metric }} disagreed with the "
            "ledger. The ledger was kept and no counter moved: the source rewrote its past, or a measure is at fault.",
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcConfigReloadFailed",
            severity="warning",
            expr="max without ($pod) (last_over_time(sdlc_exporter_config_last_reload_successful[5m])) == 0",
            wait="15m",
            summary="The configuration on disk cannot be used; the former one is in force.",
            description="The last attempt to load the configuration failed. The exporter goes on with the former one "
            "and would not start with this one. `sdlc-exporter check-config` names every fault.",
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcStateNotPersistent",
            severity="info",
            expr="max without ($pod) (last_over_time(sdlc_exporter_state_persistent[5m])) == 0",
            wait="15m",
            keep="15m",
            summary="The exporter keeps no state: every restart loads the whole history again.",
            description="Without `store.path` a restart costs the whole first load, in requests and in time, and the "
            "metrics are absent until it is done.",
            dashboard=PAGE,
        ),
        Alert(
            name="SdlcCoverageLow",
            severity="info",
            expr="""
avg without (repository) (
  max without ($pod) (last_over_time(sdlc_exporter_coverage_ratio[5m]))
  * on ($exporter, repository) group_left (source, team)
  max without ($pod) (last_over_time(sdlc_repository_info[5m]))
)
< on ($exporter) group_left ()
max by ($exporter) (last_over_time(sdlc_threshold_ratio{name="coverage"}[5m]))
unless on ($exporter, source, what)
(
"""
            + _ages_of_inputs()
            + """
  > on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="blind"}[5m]))
)
""",
            wait="1d",
            keep="1d",
            summary="An input is missing for too much of what a team's numbers rest on.",
            description="In {{ $labels.team }} the input {{ $labels.what }} was there for "
            "{{ $value | humanizePercentage }} only of what needs it (changes, CI attempts, flaky runs or findings), "
            "in the mean of its repositories. Read what rests on it with care.",
            dashboard=("sdlc-exporter", "source"),
        ),
    ),
)
