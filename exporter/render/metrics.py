"""docs/metrics.md, written from the catalogue."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR, MINUTE, Detail, Group, Metric, exported, gates
from exporter.diagnosis.terms import Flag, Signal
from exporter.diagnosis.terms import Verdict as Finding
from exporter.errors import REASONS
from exporter.measures.diagnosis import GATES, QUEUES, SHARES, SPANS
from exporter.measures.escape import Tier
from exporter.measures.exporter import RESULTS
from exporter.measures.quality import ISSUES
from exporter.measures.windows import PERCENTILES, WINDOWS
from exporter.model import Environment, Layer, Origin, Outcome, QueueState, Result, Severity, Stage, Stream, Verdict
from exporter.retro import Theme
from exporter.statistics.interval import Interval
from exporter.store.base import RepositoryState

INTRODUCTION = """\
# Metrics

Written from the catalogue by `exporter/render/metrics.py`; a test keeps it equal.

A *change* is a pull request. There are three classes of metric, and none of them carries a person, a commit, a number,
a title or a branch.

- **State** gauges are true now: use them as they are, and alert on them.
- **Events** are counters and histograms over everything since the ledger's start: use `increase()` and `rate()`.
- **Window summaries** are gauges computed from every single reading of the window: use them as they are. Percentiles
  of several repositories cannot be added or averaged; ask the team's twin, where `team="all"` is the organisation.

What is `unmarked` carries no marker of an AI tool; that does not say that a human wrote it. What is missing is absent,
never 0. A combination of labels exists once it has occurred; the exporter then shows it at 0 for two scrapes before its
first value, so that `increase()` sees it.
"""


class Example(NamedTuple):
    """A question somebody asks, and the PromQL that answers it."""

    question: str
    query: str


EXAMPLES: dict[str, Example] = {
    "sdlc_review_queue_changes": Example(
        "How many changes wait for a review, per team?",
        'sum by (team) (\n  sdlc_review_queue_changes{state=~"awaiting_.*"}\n'
        "  * on (repository) group_left (team) sdlc_repository_info\n)",
    ),
    "sdlc_review_queue_oldest_wait_business_seconds": Example(
        "Where has a change waited longer than promised, in working hours?",
        "sdlc_review_queue_oldest_wait_business_seconds\n"
        '> on () group_left () sdlc_threshold_seconds{name="review_wait_business"}',
    ),
    "sdlc_review_queue_flow_changes": Example(
        "By how much did each queue grow in a week?",
        'sdlc_review_queue_flow_changes{direction="in"}\n'
        '- ignoring (direction) sdlc_review_queue_flow_changes{direction="out"}',
    ),
    "sdlc_changes_merged_total": Example(
        "Which share of merged changes did nobody but the author review?",
        'sum by (origin) (increase(sdlc_changes_merged_total{reviewed="no"}[28d]))\n'
        "/ sum by (origin) (increase(sdlc_changes_merged_total[28d]))",
    ),
    "sdlc_changes_abandoned_total": Example(
        "How many changes are thrown away for each one merged?",
        "sum by (origin) (increase(sdlc_changes_abandoned_total[28d]))\n"
        "/ sum by (origin) (increase(sdlc_changes_merged_total[28d]))",
    ),
    "sdlc_ai_changes_total": Example(
        "Which tools wrote what was merged?",
        "sum by (tool) (increase(sdlc_ai_changes_total[28d]))",
    ),
    "sdlc_change_stage_seconds": Example(
        "How many hours does the mean change spend in each stage?",
        "sum by (stage) (increase(sdlc_change_stage_seconds_sum[28d]))\n"
        "/ sum by (stage) (increase(sdlc_change_stage_seconds_count[28d]))\n/ 3600",
    ),
    "sdlc_change_lead_time_seconds": Example(
        "Which share of changes was merged within a day of its first activity?",
        'sum(increase(sdlc_change_lead_time_seconds_bucket{until="merge",le="86400.0"}[28d]))\n'
        '/ sum(increase(sdlc_change_lead_time_seconds_count{until="merge"}[28d]))',
    ),
    "sdlc_releases_total": Example(
        "How many releases are there a week?",
        "sum by (repository) (increase(sdlc_releases_total[28d])) / 4",
    ),
    "sdlc_ai_rate_ratio": Example(
        "Where is it more than chance that AI changes have more issues?",
        'sdlc_ai_rate_ratio{bound="lower"} > 1',
    ),
    "sdlc_foundation_ready": Example(
        "Which repositories are known to lack some groundwork?", "sdlc_foundation_ready == 0"
    ),
    "sdlc_reviews_total": Example(
        "How many reviews do people give in a week, and how many do bots?",
        "sum by (reviewer) (increase(sdlc_reviews_total[7d]))",
    ),
    "sdlc_team_stage_window_seconds": Example(
        "By how many hours did the median of each stage change within twelve weeks?",
        '(\n  sdlc_team_stage_window_seconds{team="all",window="28d",percentile="p50"}\n'
        '  - sdlc_team_stage_window_seconds{team="all",window="28d",percentile="p50"} offset 12w\n) / 3600',
    ),
    "sdlc_team_review_wait_window_seconds": Example(
        "Do changes of agents wait longer for their first review?",
        'sdlc_team_review_wait_window_seconds{window="28d",percentile="p50",origin="agentic"}\n'
        '/ ignoring (origin) sdlc_team_review_wait_window_seconds{window="28d",percentile="p50",origin="unmarked"}',
    ),
    "sdlc_team_review_utilisation_ratio": Example(
        "Which teams are asked for more reviews than they give?",
        'sdlc_team_review_utilisation_ratio{window="28d"} > 1',
    ),
    "sdlc_ci_runs_total": Example(
        "Which share of first attempts for changes fails in a week?",
        'sum(increase(sdlc_ci_runs_total{branch="change",attempt="first",result="failure"}[7d]))\n'
        '/ sum(increase(sdlc_ci_runs_total{branch="change",attempt="first",result=~"success|failure"}[7d]))',
    ),
    "sdlc_test_red_outcomes_total": Example(
        "How many red tests of a month were repairs of the test, and how many catches?",
        "sum by (outcome) (increase(sdlc_test_red_outcomes_total[28d]))",
    ),
    "sdlc_test_maintenance_fte": Example(
        "How many full-time people does test maintenance take, at least and at most?",
        'sdlc_test_maintenance_fte{scope="all",window="28d"}',
    ),
    "sdlc_test_maintenance_slope_seconds": Example(
        "Where does upkeep climb, beyond chance?",
        'sdlc_test_maintenance_slope_seconds{bound="lower"} > 0',
    ),
    "sdlc_change_outcomes_total": Example(
        "Which share of the changes escaped, by the origin of the culprit?",
        'sum by (origin) (increase(sdlc_change_outcomes_total{outcome="escaped"}[90d]))\n'
        "/ sum by (origin) (increase(sdlc_change_outcomes_total[90d]))",
    ),
    "sdlc_change_suspects_total": Example(
        "Where are there more suspects than changes that anybody named, so that links lack?",
        'sum by (repository) (increase(sdlc_change_suspects_total{outcome="suspect"}[90d]))\n'
        '> sum by (repository) (increase(sdlc_change_outcomes_total{outcome="escaped"}[90d]))',
    ),
    "sdlc_team_escape_ratio_lower": Example(
        "Do agents' changes escape more often than unmarked ones, beyond chance?",
        'sdlc_team_escape_ratio_lower{window="90d",origin="agentic"}\n'
        '> ignoring (origin) sdlc_team_escape_ratio_upper{window="90d",origin="unmarked"}',
    ),
    "sdlc_defects_total": Example(
        "How many defects are logged in a week, and by whom are they found?",
        "sum by (found) (increase(sdlc_defects_total[7d]))",
    ),
    "sdlc_security_findings_total": Example(
        "How many grave findings do a hundred merged changes bring, by origin?",
        '100 * sum by (origin) (increase(sdlc_security_findings_total{severity=~"critical|high"}[28d]))\n'
        "/ sum by (origin) (increase(sdlc_changes_merged_total[28d]))",
    ),
    "sdlc_diagnosis_gain_seconds": Example(
        "Where is coding surely faster than before, and by how many hours per change?",
        'sdlc_diagnosis_gain_seconds / 3600\nand on (scope) sdlc_diagnosis_gain_bound_seconds{bound="lower"} > 0',
    ),
    "sdlc_diagnosis_stage_delta_seconds": Example(
        "Which stages surely take longer than in the baseline, and how many hours at least?",
        'sdlc_diagnosis_stage_delta_seconds{scope="all",stage!="coding",bound="lower"} / 3600 > 0',
    ),
    "sdlc_diagnosis_stage_seconds": Example(
        "How many hours after coding does a change of each team take?",
        'sum by (scope) (sdlc_diagnosis_stage_seconds{stage!="coding"}) / 3600',
    ),
    "sdlc_diagnosis_absorbed_ratio": Example(
        "How much of the gain is surely lost again, where that can be told?",
        'sdlc_diagnosis_absorbed_ratio{bound="lower"}',
    ),
    "sdlc_diagnosis_verdict": Example("What became of the gain, of each team?", "sdlc_diagnosis_verdict == 1"),
    "sdlc_diagnosis_bottleneck": Example(
        "Where is the gain absorbed, and in which stage?", "sdlc_diagnosis_bottleneck == 1"
    ),
    "sdlc_diagnosis_flag": Example("Which doubts hold about each diagnosis?", "sdlc_diagnosis_flag == 1"),
    "sdlc_diagnosis_flow_weekly_changes": Example(
        "How many more changes become ready a week than before, and how many more come into production?",
        'sdlc_diagnosis_flow_weekly_changes{gate=~"ready|in_production",span="now"}\n'
        '- ignoring (span) sdlc_diagnosis_flow_weekly_changes{gate=~"ready|in_production",span="before"}',
    ),
    "sdlc_signal_active": Example(
        "How many teams have each signal?", 'sum by (signal) (sdlc_signal_active{scope!="all"})'
    ),
    "sdlc_measured_saved_seconds": Example(
        "By how many hours a week does each developer overrate the saving, by the estimate?",
        'sdlc_reported_saved_seconds / 3600\n- ignoring (bound) sdlc_measured_saved_seconds{bound="estimate"} / 3600',
    ),
    "sdlc_exporter_watermark_timestamp_seconds": Example(
        "Which sources are blind: behind by more than an hour?",
        "time() - sdlc_exporter_watermark_timestamp_seconds > 3600",
    ),
    "sdlc_exporter_errors_total": Example(
        "What fails?", "sum by (source, reason) (increase(sdlc_exporter_errors_total[1h])) > 0"
    ),
    "sdlc_exporter_api_budget_remaining": Example(
        "Which share of the rate limit is left?",
        "sdlc_exporter_api_budget_remaining / sdlc_exporter_api_budget_limit",
    ),
}


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


LABELS: dict[str, str] = {
    "arm": f"side of a comparison: {_words((Origin.AGENTIC, Origin.ASSISTED))}, or the base, `{Origin.UNMARKED}`",
    "attempt": f"of a CI run: {_words(('first', 'retry'))}",
    "bound": f"of an interval or trend: {_words(Interval._fields)}; `upper` is absent where no high value is ruled out",
    "branch": "`default`, or `change` for every other branch",
    "by": f"what ended a wait: {_words(('review', 'merge', 'close', 'draft'))}",
    "capability": "`ci`, `tests`, `static_analysis` or `automated_deploy`",
    "code": "status code of HTTP, `000` without an answer",
    "direction": "`in` or `out` of the review queue",
    "environment": f"where a deployment went: {_words(Environment)} ([configuration](configuration.md#delivery))",
    "field": "where an unknown word stood",
    "flag": f"a doubt about the diagnosis: {_words(Flag)}",
    "found": "where a defect was found, as its labels say: `production`, `before_release` or `unstated`",
    "gate": f"what changes pass: {_words(GATES)}",
    "issue": f"what is compared: {_words(issue.word for issue in ISSUES)}",
    "kind": f"of work on test lines: {_words(('update', 'new'))}; of a request to an API",
    "layer": f"of tests: {_words(Layer)}",
    "metric": "name of a metric",
    "name": f"name of a threshold; of a share of the baseline: {_words(SHARES)}",
    "origin": f"who wrote a change, as far as a marker tells: {_words(Origin)} ([rules](ai-origin.md))",
    "outcome": "how something red became green: `test_fix`, `true_catch`, `mixed`, `flake` or `other` (definitions "
    "72); what became of a merged change: `clean` or `escaped` (definitions 15); whether a fix took its lines away: "
    "`suspect` or `clear` (definitions 141)",
    "percentile": _words(PERCENTILES),
    "python": "version of Python",
    "queue": f"where changes wait: for the merge, or between merge and production: {_words(QUEUES)}",
    "reason": f"why something failed: {_words(REASONS)}",
    "repository": "owner/name; `all` is the organisation, `other` what exceeded a budget",
    "resource": "which of a forge's limits",
    "result": f"how a CI attempt ended: {_words(Result)}; a test case: "
    f"{_words(('passed', 'failed', 'error', 'skipped'))}; a poll: {_words(RESULTS)}; a deployment: {_words(Outcome)}",
    "reviewed": "`yes` when a person other than the author reviewed it before the merge, else `no`",
    "reviewer": f"{_words(('human', 'bot'))}",
    "scope": "`all` for the organisation, or a team as in the label `team`",
    "severity": f"how bad a finding is, as its tool says: {_words(Severity)} where it says nothing",
    "signal": f"one of the five: {_words(Signal)}",
    "source": "name of a source in the configuration",
    "span": f"of two that are compared: {_words(SPANS)}; the baseline of a diagnosis and the last twelve whole weeks, "
    "or the 45 days before the last 45 days, and these",
    "stage": f"part of a change's life: {_words(Stage)}",
    "state": f"of a change in review: {_words(QueueState)}; of a repository: {_words(RepositoryState)}",
    "stream": f"what is read from a source: {_words(Stream)}",
    "team": "name of a team in the configuration; `all` is the organisation, `none` a repository without a team",
    "theme": f"what a retrospective note names: {_words(Theme)}",
    "tier": f"what named an escaped change first: {_words(Tier)}",
    "tool": "the tool whose marker decided",
    "until": "where lead time ends: `merge`, or `production` for changes that came into it",
    "verdict": f"of a review when it was submitted: {_words(Verdict)}; of the diagnosis: {_words(Finding)}",
    "version": "version of the exporter",
    "what": "`origin`: the commits could be read; `first_activity`: one had an author date to believe; `tests`: a "
    "first attempt of CI had a test report; `flaky_tests`: a flaky run has its tests named, and not its jobs alone; "
    "`production`: it was in production within 30 days; `findings`: a change could be named for what a scanner found",
    "window": _words(WINDOWS),
}

UNITS = {
    "_timestamp_seconds": "Unix time in seconds",
    "_seconds": "seconds",
    "_ratio": "ratio",
    "_lines": "lines",
    "_rounds": "rounds",
    "_bytes": "bytes",
    "_changes": "changes",
    "_reviewers": "people",
    "_samples": "readings",
    "_tests": "tests",
    "_cases": "test cases",
    "_runs": "attempts",
    "_findings": "findings",
    "_fte": "full-time people",
    "_reviews": "reviews",
    "_requests": "requests",
    "_polls": "polls",
    "_series": "series",
    "_repositories": "repositories",
    "_weekly": "times a week",
    "_verdicts": "verdicts",
}


def render() -> str:
    """All exported metrics by chapter, as Markdown."""
    order = list(Group)
    rows = sorted(exported(), key=lambda row: order.index(row.group))
    chapters = [_chapter(group, list(found)) for group, found in groupby(rows, key=lambda row: row.group)]
    return "\n".join([INTRODUCTION, _labels(rows), *chapters])


def _labels(rows: Iterable[Metric]) -> str:
    used = sorted({label for row in rows for label in row.labels})
    lines = [f"| `{label}` | {LABELS[label]} |" for label in used]
    return "\n".join(["## Labels", "", "| label | values |", "|---|---|", *lines, ""])


def _chapter(group: Group, rows: list[Metric]) -> str:
    return "\n".join([f"## {group}", "", *(line for row in rows for line in _metric(row))])


def _metric(row: Metric) -> Iterator[str]:
    yield f"### `{row.name}`"
    yield ""
    yield f"{row.help}{' ' + row.why if row.why else ''}"
    yield ""
    yield f"- {_kind(row)}"
    yield f"- labels: {_words(row.labels) or 'none'}"
    if ways := sorted(gates(row), key=lambda way: (len(way), way)):
        yield f"- read from: {', or '.join(' with '.join(f'`{stream}`' for stream in way) for way in ways)}"
    if row.bounds:
        yield f"- upper bounds: {', '.join(_bound(row, bound) for bound in row.bounds)}"
    if row.detail is Detail.ORGANISATION:
        yield '- kept for the whole organisation, as `repository="all"`; `series.detail` keeps it per repository'
    yield ""
    if example := EXAMPLES.get(row.name):
        yield f"{example.question}"
        yield ""
        yield from ("```promql", example.query, "```", "")


def _kind(row: Metric) -> str:
    unit = next((unit for end, unit in UNITS.items() if row.name.removesuffix("_total").endswith(end)), "")
    return f"{row.kind} in {unit}" if unit else f"{row.kind}"


def _bound(row: Metric, bound: float) -> str:
    if not row.name.endswith("_seconds"):
        return f"{bound:g}"
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if bound >= size and bound % size == 0:
            return f"{bound / size:g} {unit}"
    return f"{bound:g} s"
