"""For every alert a trouble that it tells of, and all that it says: written by hand, and by nothing of the exporter."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts.healthy import HEALTHY, STREAMS
from tests.alerts.promtool import Firing
from tests.alerts.scrapes import Page, Target, Value, counts_itself

RUNBOOKS = "https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/runbooks"
GRAFANA = "http://localhost:3000"
START = 4 * HOUR
"""When the trouble begins."""
ANOTHER = {
    "acme/shop": "acme/pay",
    "acme/cart": "acme/till",
    "basket": "money",
    "forge": "attic",
    "sdlc_change_lead_time_seconds": "sdlc_changes_merged_total",
}
"""For everything that a trouble is about another of its kind, with which the same may be."""


class Case(NamedTuple):
    """One alert and its trouble.

    ``trouble`` is what the page has instead of the healthy values from ``START`` on. The rule's expression holds
    ``holds`` seconds after its beginning, and for ``lasts`` seconds after its end. ``bearable`` are thresholds with
    which the same page is no trouble; an alert without any compares with none. ``JOB`` in a description stands for the
    target's. ``only_exporter``: of the target's labels it keeps those alone that tell one exporter from another.
    ``arm``: which of several troubles that an alert tells of.
    """

    alert: str
    severity: str
    wait: int
    keep: int
    labels: Mapping[str, str]
    summary: str
    description: str
    dashboard: str
    trouble: Page
    bearable: Page = MappingProxyType({})
    holds: int = 0
    lasts: int = 0
    only_exporter: bool = False
    arm: str = ""

    @property
    def name(self) -> str:
        """The alert, and which of its troubles."""
        return f"{self.alert}, {self.arm}" if self.arm else self.alert

    @property
    def step(self) -> int:
        """Seconds between evaluations: ``wait`` and ``keep`` are whole numbers of them, and few are enough."""
        if self.wait > HOUR:
            return 4 * HOUR if self.wait > 7 * DAY else HOUR
        return 15 * MINUTE if self.lasts > HOUR else 5 * MINUTE

    @property
    def stride(self) -> int:
        """Seconds between evaluations where it only matters whether it fires: of a long wait four are enough."""
        return self.wait // 4 if self.wait >= DAY else self.step

    @property
    def fires(self) -> int:
        """When it begins to fire."""
        return START + self.holds + self.wait

    @property
    def ends(self) -> int:
        """When the trouble ends in tests that see it end: two evaluations after it began to fire."""
        return self.fires + 2 * self.step

    @property
    def resolves(self) -> int:
        """When it fires no more."""
        return self.ends + self.lasts + self.keep

    @property
    def another(self) -> "Case":
        """The same trouble with another repository, team, source or metric; what it says is not made to fit."""
        labels = {name: ANOTHER.get(value, value) for name, value in self.labels.items()}
        return self._replace(labels=labels, trouble={_another(series): value for series, value in self.trouble.items()})

    def firing(self, target: Target) -> Firing:
        """What Alertmanager is told: the target's labels stay, but for those that a restart changes."""
        changing = ("instance", "pod", *(("container", "endpoint", "service") if self.only_exporter else ()))
        kept = {name: value for name, value in target.items() if name not in changing}
        return Firing(
            self.alert,
            {**kept, **self.labels, "severity": self.severity},
            {
                "summary": self.summary,
                "description": self.description.replace("JOB", target["job"]),
                "runbook_url": f"{RUNBOOKS}/{self.alert}.md",
                "dashboard_url": f"{GRAFANA}/d/{self.dashboard}",
            },
        )

    def page(self, end: int | None = None, start: int = START, healthy: Page = HEALTHY) -> Page:
        """A healthy page with the trouble in it, until its end."""
        return {
            **healthy,
            **{series: _during(series, healthy[series], now, start, end) for series, now in self.trouble.items()},
        }


def _another(series: str) -> str:
    return re.sub("|".join(map(re.escape, ANOTHER)), lambda found: ANOTHER[found[0]], series)


def _during(series: str, healthy: Value, trouble: Value, start: int, end: int | None) -> Value:
    def value(time: int) -> float | None:
        if time < start:
            return _of(healthy, time)
        if end is None or time < end:
            return _of(trouble, time)
        if not counts_itself(series):
            return _of(healthy, time)
        counted, before, now = _of(trouble, end), _of(healthy, end), _of(healthy, time)
        return None if counted is None or before is None or now is None else counted + now - before

    return value


def _of(value: Value, time: int) -> float | None:
    return value(time) if callable(value) else value


def of(name: str, kind: str = "seconds") -> str:
    """A threshold as a series."""
    return f'sdlc_threshold_{kind}{{name="{name}"}}'


def last_success(stream: str, source: str = "forge") -> str:
    """When a stream was read completely."""
    return f'sdlc_exporter_last_success_timestamp_seconds{{source="{source}",stream="{stream}"}}'


def watermark(stream: str, source: str = "forge") -> str:
    """Until when a stream is counted."""
    return f'sdlc_exporter_watermark_timestamp_seconds{{source="{source}",stream="{stream}"}}'


STREAM = 'source="forge",stream="changes"'
LAST_SUCCESS, WATERMARK = last_success("changes"), watermark("changes")
BUDGET = 'source="forge",resource="graphql"'
REMAINING = f"sdlc_exporter_api_budget_remaining{{{BUDGET}}}"
DROPPED = 'sdlc_exporter_series_dropped_total{metric="sdlc_change_lead_time_seconds"}'
LEFT_OUT = 'sdlc_exporter_series_left_out{metric="sdlc_change_lead_time_seconds"}'
DRIFT = 'sdlc_exporter_drift_total{metric="sdlc_change_lead_time_seconds"}'
LOADED = 'sdlc_exporter_initial_load_complete{source="forge"}'
FAILING = 'sdlc_exporter_repositories{source="forge",state="failing"}'


def polls(result: str) -> str:
    """The counter of polls that ended so."""
    return f'sdlc_exporter_polls_total{{{STREAM},result="{result}"}}'


def coverage(repository: str, what: str = "first_activity") -> str:
    """A repository's coverage."""
    return f'sdlc_exporter_coverage_ratio{{repository="{repository}",what="{what}"}}'


def flow(repository: str, direction: str) -> str:
    """What entered (``in``) or left (``out``) a repository's queue in seven days."""
    return f'sdlc_review_queue_flow_changes{{repository="{repository}",direction="{direction}",window="7d"}}'


def queue(repository: str, origin: str, state: str) -> str:
    """Changes of an origin in a state."""
    return f'sdlc_review_queue_changes{{repository="{repository}",origin="{origin}",state="{state}"}}'


def oldest(repository: str) -> str:
    """The oldest wait of a repository in working time."""
    return f'sdlc_review_queue_oldest_wait_business_seconds{{repository="{repository}"}}'


def utilisation(team: str, window: str = "28d") -> str:
    """A team's utilisation."""
    return f'sdlc_team_review_utilisation_ratio{{team="{team}",window="{window}"}}'


def merged(team: str, stage: str, window: str, origin: str = "unmarked") -> str:
    """How many of a team's merged changes passed a stage."""
    return f'sdlc_team_stage_window_samples{{team="{team}",origin="{origin}",stage="{stage}",window="{window}"}}'


def median(team: str, origin: str) -> str:
    """The median wait of a team's changes of an origin."""
    return f'sdlc_team_review_wait_window_seconds{{team="{team}",origin="{origin}",window="28d",percentile="p50"}}'


def waits(team: str, origin: str) -> str:
    """How many waits that median rests on."""
    return f'sdlc_team_review_wait_window_samples{{team="{team}",origin="{origin}",window="28d"}}'


def failing(team: str, window: str, branch: str = "change") -> str:
    """Which share of a team's first attempts fail."""
    return f'sdlc_team_ci_first_attempt_failure_ratio{{team="{team}",branch="{branch}",window="{window}"}}'


def attempts(team: str, window: str, branch: str = "change") -> str:
    """How many first attempts that rests on."""
    return f'sdlc_team_ci_first_attempt_failure_samples{{team="{team}",branch="{branch}",window="{window}"}}'


def windowed(name: str, team: str, window: str = "28d") -> str:
    """Another window summary of a team."""
    return f'sdlc_team_{name}{{team="{team}",window="{window}"}}'


def named(scope: str, theme: str = "qa") -> str:
    """In which share of the sprints with notes a theme was named."""
    return f'sdlc_retro_mentions_ratio{{scope="{scope}",theme="{theme}"}}'


def noted(scope: str) -> str:
    """How many of the last six sprints have notes."""
    return f'sdlc_retro_mentions_samples{{scope="{scope}"}}'


def climb(team: str, bound: str = "lower") -> str:
    """A bound of the trend of a team's upkeep."""
    return f'sdlc_test_maintenance_slope_seconds{{scope="{team}",bound="{bound}"}}'


def rate(scope: str, bound: str = "lower", issue: str = "change_requests") -> str:
    """A bound of how many times as often an issue occurs with changes of a team's agents."""
    return f'sdlc_ai_rate_ratio{{scope="{scope}",origin="agentic",issue="{issue}",bound="{bound}"}}'


def drift(scope: str, bound: str = "lower") -> str:
    """A bound of how many times as many of a team's changes escape as before."""
    return f'sdlc_escape_drift_ratio{{scope="{scope}",bound="{bound}"}}'


def outcomes(scope: str, span: str) -> str:
    """How many outcomes one side of that rests on."""
    return f'sdlc_escape_drift_samples{{scope="{scope}",span="{span}"}}'


def absorbed(scope: str) -> str:
    """How many weekly verdicts in a row say that a team's gain is absorbed."""
    return f'sdlc_diagnosis_absorbed_verdicts{{scope="{scope}"}}'


def diagnosed(scope: str) -> str:
    """When the last week ended that a team's diagnosis is of."""
    return f'sdlc_diagnosis_end_timestamp_seconds{{scope="{scope}"}}'


def bottleneck(scope: str, stage: str) -> str:
    """Whether a stage is named that took most of a team's gain."""
    return f'sdlc_diagnosis_bottleneck{{scope="{scope}",stage="{stage}"}}'


CASES = [
    Case(
        alert="SdlcExporterDown",
        severity="critical",
        wait=HOUR,
        keep=0,
        labels={},
        summary="Prometheus gets no metrics from sdlc-exporter.",
        description="There are no metrics of sdlc-exporter (job JOB). No alert about reviews can fire until they are "
        "back; what happens meanwhile is read later and not lost.",
        dashboard="sdlc-exporter",
        trouble=dict.fromkeys(HEALTHY, lambda time: None),
        only_exporter=True,
    ),
    Case(
        alert="SdlcSourceStale",
        severity="warning",
        wait=15 * MINUTE,
        keep=15 * MINUTE,
        labels={"source": "forge", "stream": "changes"},
        summary="A source has not been read completely for too long.",
        description="The last complete pass over forge (changes) was 1h 0m 1s ago. Its gauges freeze and then "
        "disappear, and alerts about its repositories are silent: what is shown of it is old.",
        dashboard="sdlc-exporter?var-source=forge",
        trouble={LAST_SUCCESS: lambda time: time - 3601},
        bearable={of("blind"): 3601},
    ),
    Case(
        # The last 30 minutes are six steps of five polls: of the k last ones each fails, and 5k > 5(6 - k) from k = 4
        # on. Six steps later all 30 failed. After the end 5(6 - k) > 5k holds for k = 0, 1 and 2.
        alert="SdlcSourceFailing",
        severity="warning",
        wait=15 * MINUTE,
        keep=30 * MINUTE,
        labels={"source": "forge", "stream": "changes"},
        summary="Most polls of a source fail.",
        description="About 30 polls of forge (changes) failed lately, and fewer got through. The reason is on the "
        "exporter's page and in its log.",
        dashboard="sdlc-exporter?var-source=forge",
        trouble={
            polls("success"): START // MINUTE,
            polls("failure"): lambda time: (time - START) // MINUTE,
        },
        holds=20 * MINUTE,
        lasts=15 * MINUTE,
    ),
    Case(
        alert="SdlcRepositoriesFailing",
        severity="info",
        wait=HOUR,
        keep=15 * MINUTE,
        labels={"source": "forge"},
        summary="Some repositories of a source cannot be read.",
        description="Repositories of forge that cannot be read: 1. They hold back only themselves: their gauges "
        "disappear and their counters stand still.",
        dashboard="sdlc-exporter?var-source=forge",
        trouble={FAILING: 1},
    ),
    Case(
        alert="SdlcWatermarkStuck",
        severity="warning",
        wait=15 * MINUTE,
        keep=15 * MINUTE,
        labels={"source": "forge", "stream": "changes"},
        summary="A source is read, and what is read is not counted.",
        description="forge (changes) is polled without fault, yet nothing of the last 1h 0m 1s is counted: a "
        "poll takes too long, or the source is polled too rarely for the threshold blind.",
        dashboard="sdlc-exporter?var-source=forge",
        trouble={WATERMARK: lambda time: time - 3601},
        bearable={of("blind"): 3601},
    ),
    Case(
        alert="SdlcApiBudgetLow",
        severity="warning",
        wait=15 * MINUTE,
        keep=15 * MINUTE,
        labels={"source": "forge", "resource": "graphql"},
        summary="The rate limit of a source is nearly used up.",
        description="9.98% of the rate limit of forge is left (graphql). The exporter waits before the limit is spent, "
        "so numbers become old before anything fails.",  # 499 / 5000
        dashboard="sdlc-exporter?var-source=forge",
        trouble={REMAINING: 499},
        bearable={of("api_budget", "ratio"): 0.0998},
    ),
    Case(
        alert="SdlcSeriesDropped",
        severity="warning",
        wait=15 * MINUTE,
        keep=0,
        labels={"metric": "sdlc_change_lead_time_seconds"},
        summary="A metric has more series than its budget, and some are left out.",
        description="3 label combinations of sdlc_change_lead_time_seconds exceed its budget. Gauges are left out as "
        'long as they do, and alarm nobody; counters and histograms went into repository="other".',
        dashboard="sdlc-exporter",
        trouble={DROPPED: 3},
        lasts=DAY - 45 * MINUTE,  # a day after the beginning, and the trouble ends 15 + 30 minutes after it
    ),
    Case(
        alert="SdlcDriftDetected",
        severity="warning",
        wait=15 * MINUTE,
        keep=0,
        labels={"metric": "sdlc_change_lead_time_seconds"},
        summary="A second look at the past disagrees with what was counted.",
        description="Within a day 1 readings of sdlc_change_lead_time_seconds disagreed with the ledger. The ledger "
        "was kept and no counter moved: the source rewrote its past, or a measure is at fault.",
        dashboard="sdlc-exporter",
        trouble={DRIFT: 1},
        lasts=DAY - 45 * MINUTE,
    ),
    Case(
        alert="SdlcConfigReloadFailed",
        severity="warning",
        wait=15 * MINUTE,
        keep=0,
        labels={},
        summary="The configuration on disk cannot be used; the former one is in force.",
        description="The last attempt to load the configuration failed. The exporter goes on with the former one and "
        "would not start with this one. `sdlc-exporter check-config` names every fault.",
        dashboard="sdlc-exporter",
        trouble={"sdlc_exporter_config_last_reload_successful": 0},
    ),
    Case(
        alert="SdlcStateNotPersistent",
        severity="info",
        wait=15 * MINUTE,
        keep=15 * MINUTE,
        labels={},
        summary="The exporter keeps no state: every restart loads the whole history again.",
        description="Without `store.path` a restart costs the whole first load, in requests and in time, and the "
        "metrics are absent until it is done.",
        dashboard="sdlc-exporter",
        trouble={"sdlc_exporter_state_persistent": 0},
    ),
    Case(
        # The mean of 0.9 and 0.6.
        alert="SdlcCoverageLow",
        severity="info",
        wait=DAY,
        keep=DAY,
        labels={"source": "forge", "team": "basket", "what": "first_activity"},
        summary="An input is missing for too much of what a team's numbers rest on.",
        description="In basket the input first_activity was there for 75% only of what needs it (changes, CI attempts, "
        "flaky runs or findings), in the mean of its repositories. Read what rests on it with care.",
        dashboard="sdlc-exporter?var-source=forge",
        trouble={coverage("acme/cart"): 0.6},
        bearable={of("coverage", "ratio"): 0.75},
    ),
    Case(
        # 26 - 20 = 6 > 5, 6 / sqrt(26 + 20 + 1) = 0.88: the healthy 20 in and 20 out are too many for 6 to be more
        # than chance; of 10 in and 4 out 6 / sqrt(15) = 1.55 is. 4 + 1 wait.
        alert="SdlcReviewQueueGrowing",
        severity="critical",
        wait=4 * HOUR,
        keep=12 * HOUR,
        labels={"repository": "acme/shop", "source": "forge", "team": "basket"},
        summary="A review queue grows faster than it is worked off.",
        description="In acme/shop (team basket) the number of changes that wait for a review grew by 6 within seven "
        "days, more than chance explains.",
        dashboard="sdlc-review?var-repository=acme%2Fshop",
        trouble={
            flow("acme/shop", "in"): 10,
            flow("acme/shop", "out"): 4,
            queue("acme/shop", "unmarked", "awaiting_review"): 4,
        },
        bearable={of("review_queue_growth", "ratio"): 1.55},
    ),
    Case(
        alert="SdlcReviewWaitTooLong",
        severity="warning",
        wait=30 * MINUTE,
        keep=3 * HOUR,
        labels={"repository": "acme/shop", "source": "forge", "team": "basket"},
        summary="A change has waited for a review longer than promised.",
        description="In acme/shop (team basket) a change has waited for a review for 24 hours of the team's working "
        "time.",
        dashboard="sdlc-review?var-repository=acme%2Fshop",
        trouble={oldest("acme/shop"): 24 * HOUR + 1},
        bearable={of("review_wait_business"): 24 * HOUR + 1},
    ),
    Case(
        # 3 more in shop and 3 more in cart are 6 > 5, and 6 / sqrt(10 + 4 + 1) = 1.55
        alert="SdlcReviewCapacityExceeded",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="A team is asked for more reviews than it gives, and its queue grows.",
        description="For four weeks basket has been asked for 1.06 reviews for each one it gave, and its queue grew in "
        "the last seven days, by more than chance explains.",
        dashboard="sdlc-review?var-team=basket",
        trouble={
            utilisation("basket"): 1.06,
            **{flow(each, "in"): 5 for each in ("acme/shop", "acme/cart")},
            **{flow(each, "out"): 2 for each in ("acme/shop", "acme/cart")},
        },
        bearable={of("review_utilisation", "ratio"): 1.06},
    ),
    Case(
        # In 28 days (9 + 5) / (20 + 10), and 30 are enough; in the 62 days before (11 + 6 - 14) / (40 + 20 - 30): a
        # rise of 11 / 30 = 0.367. In all 90 days 17 / 60 = 0.28, and 0.367 / sqrt(0.28 * 0.72 * 2 / 30) = 3.2 > 3.
        alert="SdlcUnreviewedMergesRising",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="A team merges more of its changes without a review than it used to.",
        description="The share of changes that basket merged without a review by a second person is 36.67% of "
        "all merges higher in the last 28 days than in the 62 days before, more than chance explains.",
        dashboard="sdlc-review?var-team=basket",
        trouble={
            merged("basket", "coding", "28d"): 20,
            merged("basket", "coding", "28d", "agentic"): 10,
            merged("basket", "coding", "90d"): 40,
            merged("basket", "coding", "90d", "agentic"): 20,
            merged("basket", "unreviewed", "28d"): 9,
            merged("basket", "unreviewed", "28d", "agentic"): 5,
            merged("basket", "unreviewed", "90d"): 11,
            merged("basket", "unreviewed", "90d", "agentic"): 6,
        },
        bearable={of("unreviewed_merges_rise", "ratio"): 0.37},
    ),
    Case(
        # 10 h to 4 h, of 30 changes each; 3 agents' changes wait in shop and 2 in cart
        alert="SdlcAgenticChangesWaiting",
        severity="info",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="Changes of agents wait much longer for a review than others, and pile up.",
        description="In basket changes of agents waited 2.5 times as long for a first review as unmarked ones, by the "
        "medians of the last 28 days.",
        dashboard="sdlc-review?var-team=basket",
        trouble={
            median("basket", "agentic"): 10 * HOUR,
            waits("basket", "agentic"): 30,
            waits("basket", "unmarked"): 30,
            queue("acme/shop", "agentic", "awaiting_review"): 2,
            queue("acme/cart", "agentic", "awaiting_review"): 1,
        },
        bearable={of("agentic_wait", "ratio"): 2.5},
    ),
    Case(
        # 50 of 100 now; 80 - 50 of 300 - 100 before: 0.5 and 0.15. In all 90 days 80 / 300 = 0.267, and
        # 0.35 / sqrt(0.267 * 0.733 * (1 / 100 + 1 / 200)) = 6.5 > 3.
        alert="SdlcFirstAttemptFailuresRising",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="A team's changes fail their first CI run more often than they used to.",
        description="The share of first CI attempts that fail on changes of basket is 35% of all attempts higher in "
        "the last 28 days than in the 62 days before, more than chance explains.",
        dashboard="sdlc-tests?var-team=basket",
        trouble={failing("basket", "28d"): 0.5, failing("basket", "90d"): 80 / 300},
        bearable={of("first_attempt_failures_rise", "ratio"): 0.36},
    ),
    Case(
        # (0.09 - 0.03) * sqrt(100 / (0.03 * 0.97)) = 3.5 > 3
        alert="SdlcFlakyTestsHigh",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="Too many of a team's test runs fail and pass on the same commit.",
        description="9% of the test runs of basket failed and passed on the same commit within 28 days, more than "
        "agreed and than chance explains: its red tests are not believed for long.",
        dashboard="sdlc-tests?var-team=basket",
        trouble={windowed("flaky_run_ratio", "basket"): 0.09},
        bearable={of("flaky_runs", "ratio"): 0.09},
    ),
    Case(
        alert="SdlcMoreFixingThanWriting",
        severity="info",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket"},
        summary="A team spends more of its test work on old tests than on new ones.",
        description="51% of the time that changes of basket spent on test lines within 28 days went into lines that "
        "were there before.",
        dashboard="sdlc-tests?var-team=basket",
        trouble={windowed("test_update_ratio", "basket"): 0.51},
        bearable={of("test_update", "ratio"): 0.51},
    ),
    Case(
        # 1800 s are half an hour; 0.45 is above 0.4 and not above 0.5
        alert="SdlcTestMaintenanceClimbing",
        severity="warning",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket"},
        summary="The upkeep of a team's tests climbs from sprint to sprint.",
        description="Over six sprints the time that each developer of basket spends on old test lines grew by at "
        "least 500m hours a sprint, beyond chance.",
        dashboard="sdlc-tests?var-team=basket",
        trouble={
            climb("basket"): 1800,
            climb("basket", "estimate"): 3600,
            climb("basket", "upper"): 5400,
            windowed("test_update_ratio", "basket"): 0.45,
        },
        bearable={of("test_update_climbing", "ratio"): 0.45},
    ),
    Case(
        # 100 changes for each of 5 reviewers in 90 days, 46 of them in the last 28: 230 / 28 by (500 - 230) / 62 is
        # 1.886. Of 500 155.6 would be expected, and 74.4 / sqrt(500 * 28 / 90 * 62 / 90) = 7.2 > 3. Releases stay.
        alert="SdlcReleaseFrequencyFlat",
        severity="info",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket"},
        summary="More changes of a team are ready, and it releases no more often.",
        description="Of basket 1.886 times as many changes became ready a day in the last 28 days as in the 62 days "
        "before, more than chance explains, and its releases are no more.",
        dashboard="sdlc-releases?var-team=basket",
        trouble={
            windowed("review_load_changes", "basket"): 46,
            windowed("review_load_changes", "basket", "90d"): 100,
        },
        bearable={of("ready_rise", "ratio"): 0.9},
    ),
    Case(
        # 16 of 40 now; 22 - 16 of 130 - 40 before: 0.4 and 0.067. In all 90 days 22 / 130 = 0.169, and
        # 0.333 / sqrt(0.169 * 0.831 * (1 / 40 + 1 / 90)) = 4.7 > 3.
        alert="SdlcChangeFailRateHigh",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="More of a team's production deployments fail than agreed, and than used to.",
        description="40% of the production deployments of basket failed within 28 days: more than agreed, and more "
        "than in the 62 days before, beyond chance.",
        dashboard="sdlc-releases?var-team=basket",
        trouble={
            windowed("change_fail_ratio", "basket"): 0.4,
            windowed("change_fail_ratio", "basket", "90d"): 22 / 130,
        },
        bearable={of("change_fail", "ratio"): 0.4},
    ),
    Case(
        alert="SdlcAiQualityGap",
        severity="info",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket", "origin": "agentic", "issue": "change_requests"},
        summary="An issue occurs more often with AI changes of a team than with others of like size.",
        # Twice three quarters to the power of 1.5185.
        description="In basket change_requests occurs at least 1.292 times as often with agentic changes as with "
        "unmarked ones of the same repository and size, over 90 days.",
        dashboard="sdlc-ai?var-team=basket",
        trouble={rate("basket"): 1.5, rate("basket", "estimate"): 2, rate("basket", "upper"): 2.7},
        bearable={of("ai_quality", "ratio"): 1.3},
    ),
    Case(
        alert="SdlcEscapeRateDrifting",
        severity="info",
        wait=14 * DAY,
        keep=3 * DAY,
        labels={"team": "basket"},
        summary="More changes escape than used to: they are reverted, mended or cause incidents.",
        description="Of team basket at least 1.3 times as large a share of changes escaped by the outcomes of the last "
        "45 days as by those of the 45 days before, and it stays so.",
        dashboard="sdlc-quality?var-team=basket",
        trouble={drift("basket"): 1.3, drift("basket", "estimate"): 2.1, drift("basket", "upper"): 3.4},
        bearable={of("escape_drift", "ratio"): 1.3},
    ),
    Case(
        alert="SdlcQaBlocking",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket"},
        summary="QA holds a team up: its issues are blocked there, or its retrospectives keep naming it.",
        description="For at least 30% of the time that issues of basket were with QA they were blocked there, by the "
        "stays that ended within 28 days: more than agreed, beyond chance.",
        dashboard="sdlc-quality?var-team=basket",
        trouble={windowed("qa_blocked_ratio", "basket"): 0.42, windowed("qa_blocked_ratio_lower", "basket"): 0.3},
        bearable={of("qa_blocked", "ratio"): 0.3},
    ),
    Case(
        alert="SdlcQaBlocking",
        arm="named",
        severity="warning",
        wait=DAY,
        keep=DAY,
        labels={"team": "basket", "told_by": "retrospectives"},
        summary="QA holds a team up: its issues are blocked there, or its retrospectives keep naming it.",
        description="In 4 of the last six sprints retrospectives of basket named QA.",
        dashboard="sdlc-quality?var-team=basket",
        trouble={named("basket"): 0.8, noted("basket"): 5},
        bearable={of("qa_named", "ratio"): 0.7},
    ),
    Case(
        alert="SdlcGainAbsorbed",
        severity="warning",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket", "stage": "pickup"},
        summary="Coding got faster, and other stages take what it gained.",
        description="By 3 weekly verdicts in a row a good part of the coding time that changes of basket save is lost "
        "again in other stages, most of it in pickup. Nothing is broken: this is work for a plan.",
        dashboard="sdlc-gain?var-team=basket",
        trouble={absorbed("basket"): 3, bottleneck("basket", "pickup"): 1},
        bearable={of("absorbed"): 21 * DAY + 1},
    ),
    Case(
        alert="SdlcGainAbsorbed",
        arm="nowhere",
        severity="warning",
        wait=DAY,
        keep=3 * DAY,
        labels={"team": "basket"},
        summary="Coding got faster, and other stages take what it gained.",
        description="By 3 weekly verdicts in a row a good part of the coding time that changes of basket save is lost "
        "again in other stages. Nothing is broken: this is work for a plan.",
        dashboard="sdlc-gain?var-team=basket",
        trouble={absorbed("basket"): 3},
        bearable={of("absorbed"): 21 * DAY + 1},
    ),
]
BY_NAME = {case.name: case for case in CASES}

CHANGES, RUNS, DEPLOYMENTS, ISSUES = STREAMS
FINDINGS = "findings"
"""A stream that no alert about a team rests on, but for one input."""


class Rests(NamedTuple):
    """Streams that numbers come from: no alert without those needed, nor with one followed that is on and stale."""

    needed: tuple[str, ...] = (CHANGES,)
    followed: tuple[str, ...] = ()

    @property
    def on(self) -> tuple[str, ...]:
        """All of them."""
        return self.needed + self.followed

    @property
    def others(self) -> tuple[str, ...]:
        """Streams that it has nothing to do with."""
        return tuple(each for each in STREAMS if each not in self.on)


RESTS = {
    "SdlcReviewQueueGrowing": Rests(),
    "SdlcReviewWaitTooLong": Rests(),
    "SdlcReviewCapacityExceeded": Rests(),
    "SdlcUnreviewedMergesRising": Rests(),
    "SdlcAgenticChangesWaiting": Rests(),
    "SdlcFirstAttemptFailuresRising": Rests((RUNS,)),
    "SdlcFlakyTestsHigh": Rests((RUNS,)),
    "SdlcMoreFixingThanWriting": Rests(),
    "SdlcTestMaintenanceClimbing": Rests(),
    "SdlcReleaseFrequencyFlat": Rests((CHANGES, DEPLOYMENTS)),
    "SdlcChangeFailRateHigh": Rests((DEPLOYMENTS,)),
    "SdlcAiQualityGap": Rests(),
    "SdlcEscapeRateDrifting": Rests((CHANGES,), (DEPLOYMENTS, ISSUES)),
    "SdlcQaBlocking": Rests((ISSUES,)),
    "SdlcQaBlocking, named": Rests((), (ISSUES,)),
    "SdlcGainAbsorbed": Rests((CHANGES,), (DEPLOYMENTS,)),
    "SdlcGainAbsorbed, nowhere": Rests((CHANGES,), (DEPLOYMENTS,)),
}
"""What each alert about repositories and teams rests on."""


def _of_issue(issue: str) -> Case:
    case = BY_NAME["SdlcAiQualityGap"]
    bounds = zip(("lower", "estimate", "upper"), (1.5, 2, 2.7), strict=True)
    return case._replace(
        labels={**case.labels, "issue": issue},
        description=case.description.replace("change_requests", issue),
        trouble={rate("basket", bound, issue): times for bound, times in bounds},
    )


def _of_input(what: str) -> Case:
    case = BY_NAME["SdlcCoverageLow"]
    return case._replace(
        labels={**case.labels, "what": what},
        description=case.description.replace("first_activity", what),
        trouble={coverage("acme/cart", what): 0.6},
    )


PARTS = {
    "first_ci_red": (_of_issue("first_ci_red"), Rests((CHANGES,), (RUNS,))),
    "escape": (_of_issue("escape"), Rests((CHANGES,), (DEPLOYMENTS, ISSUES))),
    "first_activity": (BY_NAME["SdlcCoverageLow"], Rests()),
    "production": (_of_input("production"), Rests((CHANGES, DEPLOYMENTS))),
    "tests": (_of_input("tests"), Rests((RUNS,))),
    "flaky_tests": (_of_input("flaky_tests"), Rests((RUNS,))),
    "findings": (_of_input("findings"), Rests((CHANGES, FINDINGS))),
}
"""Alerts that rest on other streams with one value of a label than with another; inputs may be of no stream at all."""
