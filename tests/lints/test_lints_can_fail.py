"""Every rule finds the fault that it is there for: a good dashboard or file of rules with one thing changed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lints.annotation_rules import HEADINGS
from tests.lints.exposed import read
from tests.lints.lint import asked, found
from tests.lints.rulebook import HERE, RULES, Everything, RuleFile, rule_file

GOOD = HERE / "good"
BOARD, FILE, PAGE = ((GOOD / name).read_text("utf-8") for name in ("sdlc-good.json", "rules.yaml", "page.txt"))
RUNBOOK = "\n".join(f"## {heading}" for heading in HEADINGS)
GONE = object()
OTHER = {"type": "loki", "uid": "of-somebody"}


class Case:
    """The good files, to be changed."""

    def __init__(self) -> None:
        self.boards = {"sdlc-good.json": json.loads(BOARD)}
        self.text, self.groups = rule_file(FILE)
        self.page = read(PAGE)
        self.runbooks = {f"{name}.md": RUNBOOK for name in ("SdlcWaitTooLong", "SdlcPollsFail", "SdlcExporterGone")}
        self.uids = {"sdlc-good"}

    @property
    def board(self):
        return self.boards["sdlc-good.json"]

    def broken(self, number: int) -> dict[str, list[tuple[str, str]]]:
        """What the rules of a number find, by function."""
        rules = {"rules.yaml": RuleFile(self.text, self.groups)}
        everything = Everything(self.boards, rules, self.page, self.runbooks, frozenset(self.uids))
        results: dict[str, list[tuple[str, str]]] = {}
        for rule, file in asked(everything):
            if rule.number == number:
                results.setdefault(rule.find.__name__, []).extend(found(rule, file, everything))
        return results


def put(tree: Any, path: str, value: Any) -> None:
    """Changes what stands at a path; ``value`` is put there, makes the new from the old, or takes it away."""
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    for step in way:
        tree = tree[step]
    if value is GONE:
        del tree[last]
    else:
        tree[last] = value(tree[last]) if callable(value) else value


def swap(old: str, new: str) -> Callable[[str], str]:
    """Another text with one piece exchanged, which has to be there."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


JOB, REPOSITORY, WINDOW = "templating/list/1", "templating/list/2", "templating/list/3"
STAT, MERGED, TABLE, SIZES, POLLS, MORE = (f"panels/{place}" for place in range(1, 7))
FIRST = "targets/0/expr"

IN_DASHBOARD = [
    (1, "templating/list/0/label", "Source"),
    (1, "templating/list/0/name", "source"),
    (2, f"{JOB}/multi", False),
    (2, f"{JOB}/name", "jobs"),
    (4, f"{JOB}/query", "values(sdlc_exporter_build_info, job)"),
    (4, f"{JOB}/query", "label_values(sdlc_exporter_build_info{, job)"),
    (5, f"{REPOSITORY}/refresh", 1),
    (6, f"{STAT}/datasource", OTHER),
    (6, f"{STAT}/targets/1/datasource", OTHER),
    (6, f"{JOB}/datasource", OTHER),
    (6, "annotations/list/1/datasource", OTHER),
    (7, "description", ""),
    (7, f"{STAT}/title", ""),
    (7, f"{STAT}/description", "The longest wait. Good is short."),
    (7, f"{STAT}/description", swap("Good is days; red is late.", "It is what it is.")),
    (7, f"{MERGED}/description", swap("28 days", "some time")),
    (7, f"{SIZES}/description", swap("within the window", "lately")),
    (8, f"{STAT}/fieldConfig/defaults/unit", "hours"),
    (8, f"{STAT}/fieldConfig/defaults/unit", GONE),
    (8, f"{TABLE}/fieldConfig/overrides/0/properties/0/value", "hours"),
    (9, f"{STAT}/targets", []),
    (9, f"{STAT}/targets", lambda targets: [{**target, "expr": ""} for target in targets]),
    (10, f"{STAT}/targets/0/datasource", OTHER),
    (12, f"{STAT}/{FIRST}", swap("max(", "max((")),
    (12, f"{STAT}/{FIRST}", ""),
    (12, f"{STAT}/transformations/0/options/configRefId", "Threshold"),
    (12, f"{TABLE}/transformations/1/options/renameByName/Value #C", "Lost"),
    (13, f"{POLLS}/{FIRST}", swap("$__rate_interval", "5m")),
    (13, f"{POLLS}/{FIRST}", swap("$__rate_interval", "$__interval")),
    (13, f"{MERGED}/{FIRST}", swap("7d", "1h")),
    (13, f"{MERGED}/{FIRST}", swap("7d", "$__rate_interval")),
    (14, f"{STAT}/targets/1/expr", swap('job=~"$job", ', "")),
    (14, f"{STAT}/{FIRST}", swap('job=~"$job"', 'job="$job"')),
    (14, f"{REPOSITORY}/query", swap('{job=~"$job"}', "")),
    (14, "annotations/list/1/expr", swap('job=~"$job", ', "")),
    (16, f"{STAT}/{FIRST}", 'max(sdlc_changes_merged_total{job=~"$job"})'),
    (16, f"{STAT}/{FIRST}", 'sum(sdlc_change_size_lines_count{job=~"$job"})'),
    (17, "editable", True),
    (17, "editable", GONE),
    (18, "uid", "sdlc-other"),
    (18, "uid", "Good"),
    (19, f"{STAT}/id", 3),
    (19, f"{STAT}/id", 0),
    (19, f"{STAT}/targets/1/refId", "A"),
    (19, f"{STAT}/targets/1/refId", ""),
    (20, f"{STAT}/gridPos/w", 10),
    (20, f"{STAT}/gridPos/w", 14),
    (20, f"{MERGED}/gridPos/x", 14),
    (20, "panels/0/gridPos/w", 12),
    (21, f"{WINDOW}/name", "span"),
    (21, f"{STAT}/{FIRST}", swap('"$job"', '"$jobs"')),
    (21, f"{REPOSITORY}/query", swap('"$job"', '"$team"')),
    (22, f"{WINDOW}/multi", True),
    (22, f"{TABLE}/{FIRST}", swap('repository=~"$repository"', 'repository="$repository"')),
    (22, f"{REPOSITORY}/allValue", ".*"),
    (23, f"{STAT}/{FIRST}", swap("oldest_wait_seconds", "oldest_wait_hours")),
    (23, f"{STAT}/targets/1/expr", swap("name=", "names=")),
    (23, f"{STAT}/{FIRST}", swap("sdlc_review_queue_oldest_wait_seconds", "sdlc_change_size_lines")),
    (23, f"{TABLE}/{FIRST}", swap("sdlc_review_queue_changes", "sdlc_repository_info")),
    (24, f"{STAT}/{FIRST}", 'max(increase(sdlc_review_queue_oldest_wait_seconds{job=~"$job"}[7d]))'),
    (24, f"{MERGED}/{FIRST}", swap("increase", "max_over_time")),
    (24, f"{MORE}/targets/1/expr", swap("max by", "sum by")),
    (24, f"{SIZES}/{FIRST}", swap("_bucket", "_sum")),
    (25, f"{SIZES}/{FIRST}", lambda expr: expr.partition("\n")[0]),
    (25, f"{SIZES}/{FIRST}", swap("sum by (origin, le)", "sum by (origin)")),
    (25, f"{SIZES}/{FIRST}", swap("sum by (origin, le)", "max by (origin, le)")),
    (25, f"{SIZES}/{FIRST}", swap("_count{", "_sum{")),
    (26, f"{STAT}/targets/0/instant", False),
    (26, f"{MERGED}/targets/0/range", False),
    (26, f"{MERGED}/type", "barchart"),
    (27, f"{MERGED}/targets/0/legendFormat", GONE),
    (27, f"{MERGED}/targets/0/legendFormat", "__auto"),
    (27, f"{MERGED}/targets/0/legendFormat", "{{team}}"),
    (27, f"{MERGED}/targets/0/legendFormat", "merged"),
    (27, f"{MERGED}/targets/1/legendFormat", "{{origin}}"),
    (27, f"{MERGED}/{FIRST}", swap("sum by (origin)", "sum by (repository)")),
    (27, f"{TABLE}/{FIRST}", swap("sum by (repository)", "sum by (repository, state)")),
    (27, f"{TABLE}/targets/1/expr", swap("by (repository, team)", "by (repository)")),
    (27, "annotations/list/1/textFormat", "{{stage}}"),
    (27, "annotations/list/1/tagKeys", "severity, reviewer"),
    (28, f"{STAT}/fieldConfig/defaults/thresholds/steps/0/value", 0),
    (28, f"{STAT}/fieldConfig/defaults/thresholds/steps/1/value", None),
    (28, f"{STAT}/fieldConfig/defaults/thresholds/steps", lambda steps: [*steps, {"color": "blue", "value": 75}]),
    (28, f"{STAT}/fieldConfig/defaults/min", GONE),
    (28, f"{MERGED}/fieldConfig/defaults/min", GONE),
    (28, f"{MORE}/fieldConfig/defaults/min", 0),
    (28, f"{MERGED}/{FIRST}", 'sdlc_diagnosis_gain_seconds{job=~"$job"}'),
    (28, f"{POLLS}/fieldConfig/defaults/max", GONE),
    (29, f"{MERGED}/fieldConfig/overrides/0/matcher/options", "assisted"),
    (29, f"{MERGED}/fieldConfig/overrides/1/matcher/options", "/, 90 days$/"),
    (29, f"{MERGED}/fieldConfig/overrides/0/matcher", {"id": "byFrameRefID", "options": "C"}),
    (29, f"{TABLE}/fieldConfig/overrides/0/matcher/options", "Queue"),
    (29, f"{TABLE}/options/sortBy/0/displayName", "Queue"),
    (29, f"{TABLE}/targets", lambda targets: targets[:1]),
    (29, f"{TABLE}/transformations/1/options/renameByName/Value #A", GONE),
    (29, f"{STAT}/targets/1/legendFormat", "threshold"),
    (29, f"{MORE}/fieldConfig/overrides", [{"matcher": {"id": "byName", "options": "a/b in this window"}}]),
    (30, "links/0/keepTime", False),
    (30, "links", []),
    (30, "tags", []),
    (30, f"{TABLE}/fieldConfig/overrides/1/properties/0/value/0/url", "/d/sdlc-lost"),
    (30, f"{TABLE}/fieldConfig/overrides/1/properties/0/value/0/url", swap("var-repository", "var-repo")),
    (31, "schemaVersion", 42),
    (31, "__inputs", []),
    (31, "version", 7),
    (31, f"{STAT}/type", "graph"),
    (33, f"{STAT}/description", "Good. " * 40_000),
    (47, f"{STAT}/{FIRST}", swap("max(", "limitk(3, ")),
    (47, f"{STAT}/{FIRST}", 'max(rate(sdlc_changes_merged_total{job=~"$job"}[7d] anchored))'),
    (49, f"{POLLS}/{FIRST}", swap("sum by (result)", "sum by (origin)")),
    (49, f"{MERGED}/{FIRST}", swap("sum by (origin)", "max without (stage)")),
    (49, f"{SIZES}/{FIRST}", swap("and on (origin)", "and on (team)")),
    (49, f"{SIZES}/{FIRST}", swap("and on (origin) sum by (origin)", "and sum")),
    (49, f"{POLLS}/{FIRST}", swap("group_left ()", "group_left (source)")),
    (49, f"{STAT}/{FIRST}", 'sdlc_review_wait_window_seconds{percentile="p50", window="7d"}\n'
        '> sdlc_review_wait_window_seconds{percentile="p50", window="28d"}'),
    (49, f"{STAT}/{FIRST}", "sdlc_threshold_seconds - ignoring (stage) sdlc_threshold_seconds"),
    (50, f"{POLLS}/{FIRST}", swap(" > 0)", ")")),
    (50, f"{STAT}/{FIRST}", lambda expr: f"{expr} / 0"),
    (53, f"{POLLS}/{FIRST}", swap("$__rate_interval", "3m")),
    (54, f"{TABLE}/{FIRST}", swap('=~"awaiting_.+"', '=~"awaiting_review"')),
    (54, f"{TABLE}/{FIRST}", swap("awaiting_.+", "^awaiting_.+")),
    (54, f"{TABLE}/{FIRST}", swap("awaiting_.+", ".+wait.+")),
    (56, f"{TABLE}/{FIRST}", swap("awaiting_.+", "waiting_.+")),
    (56, f"{TABLE}/{FIRST}", swap("awaiting_.+", "awaiting_review|waiting_review")),
    (56, f"{STAT}/targets/1/expr", swap('"wait"', '"waits"')),
    (58, f"{POLLS}/{FIRST}", swap("/ on () group_left ()", "/ on ()")),
    (58, f"{POLLS}/{FIRST}", swap("group_left ()", "group_right ()")),
    (70, f"{STAT}/fieldConfig/defaults/noValue", GONE),
    (70, f"{STAT}/fieldConfig/defaults/noValue", "0"),
    (71, f"{MERGED}/interval", GONE),
    (71, f"{MORE}/interval", "1h"),
]  # fmt: skip
"""What is changed in the dashboard, and the number that finds it."""

FRESH, WAIT, FAIL, GONE_ALERT = (f"0/rules/{place}" for place in range(4))
LABEL = "{{ $labels.%s }} is not as it should be, and somebody should look."

IN_RULES = [
    (24, f"{WAIT}/expr", swap("(sdlc_review_queue_oldest_wait_seconds)", "(rate(sdlc_threshold_seconds[1h]))")),
    (32, f"{GONE_ALERT}/expr", swap("[1d]", "[8d]")),
    (32, f"{GONE_ALERT}/expr", swap("[1d]", "[5d] offset 5d")),
    (32, f"{GONE_ALERT}/expr", swap("sdlc_exporter_build_info[1d]", "(sdlc_exporter_build_info)[8d:1h]")),
    (34, f"{GONE_ALERT}/for", "2m"),
    (35, f"{WAIT}/annotations/summary", "{{ $labels.repository }} has waited for too long."),
    (35, f"{WAIT}/annotations/description", "Look."),
    (35, f"{WAIT}/annotations/runbook_url", GONE),
    (35, f"{WAIT}/annotations/dashboard_url", "http://grafana/"),
    (36, f"{GONE_ALERT}/expr", "max without (instance, pod) (sdlc_exporter_build_info)"),
    (36, f"{GONE_ALERT}/expr", "max without (instance, pod) (sdlc_exporter_build_info) > bool 0"),
    (38, f"{WAIT}/annotations/description", swap("$labels.team", "$externalLabels.cluster")),
    (39, f"{WAIT}/for", GONE),
    (39, f"{WAIT}/for", "0s"),
    (39, f"{WAIT}/keep_firing_for", "2 hours"),
    (40, f"{WAIT}/annotations/description", LABEL % "origin"),
    (40, f"{WAIT}/annotations/description", LABEL % "source"),
    (40, f"{FAIL}/annotations/description", LABEL % "resource"),
    (40, f"{GONE_ALERT}/annotations/description", LABEL % "job"),
    (40, f"{WAIT}/annotations/description", swap(" | humanizeDuration", "")),
    (40, f"{WAIT}/annotations/description", swap("humanizeDuration", "humanizePercentage")),
    (40, f"{FAIL}/annotations/description", swap("humanizePercentage", "humanizeDuration")),
    (40, f"{WAIT}/annotations/description", swap("humanizeDuration", "humanise")),
    (40, f"{GONE_ALERT}/annotations/description", swap("{{ end }}", "")),
    (40, f"{GONE_ALERT}/annotations/description", swap("{{ with $labels.job }}", "")),
    (40, f"{WAIT}/annotations/description", swap("$labels.team }}", "$labels.team }")),
    (40, f"{WAIT}/annotations/description", swap("$labels.team", 'query "sum(" | first | value')),
    (40, f"{WAIT}/labels/team", "{{ $value }}"),
    (41, "0/interval", "30m"),
    (43, f"{FAIL}/expr", swap("# param:window", "# half an hour")),
    (44, f"{WAIT}/labels/cluster", "here"),
    (45, f"{WAIT}/expr", swap("max without (instance, pod) (", "max by (repository) (")),
    (45, f"{WAIT}/expr", swap("max without (instance, pod) (", "max without (instance, pod, job) (")),
    (45, f"{WAIT}/expr", swap("max without (instance, pod) (", "max (")),
    (45, f"{WAIT}/expr", swap("max without (instance, pod) (", "max without (instance) (")),
    (46, f"{FAIL}/expr", swap("increase(sdlc_exporter_polls_total[30m])", "sdlc_exporter_polls_total")),
    (47, f"{FAIL}/expr", swap("increase(", "mad_over_time(")),
    (48, f"{WAIT}/expr", lambda expr: f"topk(3, {expr})"),
    (48, f"{FAIL}/for", "1m"),
    (49, f"{WAIT}/expr", swap("group_left (team)", "group_left (stage)")),
    (50, f"{FAIL}/expr", swap(") > 0\n", ")\n")),
    (53, f"{FAIL}/expr", swap("[30m]", "[3m]")),
    (53, f"{FAIL}/expr", swap("sdlc_exporter_polls_total", "source:sdlc_exporter_polls_total:sum")),
    (54, f"{FAIL}/expr", swap('result="failure"', 'result!~"success"')),
    (55, f"{WAIT}/expr", swap('{name="wait"', '{job="sdlc", name="wait"')),
    (55, f"{WAIT}/expr", swap("sdlc_threshold_seconds", "threshold_seconds")),
    (55, f"{WAIT}/expr", swap("> on (cluster, namespace, job)", "> on ()")),
    (55, f"{WAIT}/expr", swap("> on (cluster, namespace, job)", "> ignoring (job)")),
    (57, f"{WAIT}/expr", swap("max without", "max withoutt")),
    (58, f"{WAIT}/expr", swap("max without (instance, pod, name) (", "max without (pod, name) (")),
    (60, f"{FRESH}/record", "repository:sdlc_repository_info:old"),
    (60, "0/rules", lambda rows: [*rows[1:], rows[0]]),
    (61, "0/rules", lambda rows: [*rows, rows[0]]),
    (61, "0/rules", lambda rows: [*rows, {**rows[1], "alert": "SdlcWaitTooLongAgain"}]),
    (62, f"{WAIT}/for", "5m"),
    (62, f"{WAIT}/for", "2d"),
    (62, f"{WAIT}/keep_firing_for", "4d"),
    (63, f"{WAIT}/labels/severity", "page"),
    (63, f"{WAIT}/labels/tier", "1"),
    (64, f"{WAIT}/annotations/runbook_url", swap("SdlcWaitTooLong.md", "SdlcPollsFail.md")),
    (64, f"{WAIT}/alert", "SdlcWaitFarTooLong"),
    (65, f"{WAIT}/alert", "WaitTooLong"),
    (65, f"{FRESH}/record", "fresh_repositories"),
    (65, f"{FRESH}/record", "origin:sdlc_repository_info:fresh"),
    (65, f"{FRESH}/record", "repository:sdlc_repositories:fresh"),
    (67, f"{WAIT}/labels/team", "https://example.org/team"),
    (67, f"{WAIT}/annotations/see also", "the page of the team"),
    (69, f"{WAIT}/labels/team", 7),
    (69, f"{WAIT}/keep_firing", "1h"),
    (69, "0/query_offset", "1h"),
    (72, f"{FAIL}/expr", swap("# param:window\n  )\n  /", "# param:window of polls\n  )\n  /")),
    (72, f"{FAIL}/expr", swap("[30m]) # param:window", ")[30m:1m] [5m] # param:window")),
    (72, f"{FAIL}/expr", swap('"failure"}[30m]', '"failure"}[1h]')),
    (72, f"{FRESH}/expr", swap("(sdlc_repository_info)", "(last_over_time(sdlc_repository_info[1h])) # param:window")),
    (73, f"{WAIT}/annotations/dashboard_url", swap("sdlc-good", "sdlc-lost")),
    (73, f"{WAIT}/annotations/dashboard_url", swap("var-repository", "var-repo")),
    (73, f"{WAIT}/annotations/dashboard_url", swap(" | urlquery", "")),
    (73, f"{WAIT}/annotations/dashboard_url", "http://grafana/"),
    (74, f"{WAIT}/expr", swap("repository:sdlc_repository_info:fresh", "sdlc_repository_info")),
    (74, f"{FRESH}/expr", swap("sdlc_exporter_watermark_timestamp_seconds", "sdlc_threshold_seconds")),
]  # fmt: skip
"""The same for the file of rules."""


def second_board(case: Case) -> None:
    case.boards["sdlc-second.json"] = case.board


def unlisted(case: Case) -> None:
    case.uids.add("sdlc-former")


def unused(case: Case) -> None:
    case.page["sdlc_drafts"] = case.page["sdlc_review_queue_oldest_wait_seconds"]


def bars_of_no_column(case: Case) -> None:
    bars = next(each for each in case.board["panels"] if each["type"] == "table")
    bars["type"] = "barchart"
    put(bars, "fieldConfig/overrides/0/matcher/options", "Queue")


def no_runbook(case: Case) -> None:
    del case.runbooks["SdlcPollsFail.md"]


def runbook_without_cause(case: Case) -> None:
    case.runbooks["SdlcPollsFail.md"] = RUNBOOK.replace("## Likely causes\n", "")


def runbook_of_nothing(case: Case) -> None:
    case.runbooks["SdlcFormerly.md"] = RUNBOOK


def ignored(case: Case) -> None:
    case.text = f"# pint ignore/file\n{case.text}"


def twice(case: Case) -> None:
    case.text = case.text.replace("    for: 1h\n", "    for: 1h\n    for: 2h\n", 1)


AROUND = [
    (18, second_board),
    (18, unlisted),
    (23, unused),
    (29, bars_of_no_column),
    (42, ignored),
    (64, no_runbook),
    (64, runbook_of_nothing),
    (64, runbook_without_cause),
    (69, twice),
]
"""The same for what stands beside the two."""

CASES = [
    *(
        (number, lambda case, path=path, value=value: put(case.board, path, value))
        for number, path, value in IN_DASHBOARD
    ),
    *((number, lambda case, path=path, value=value: put(case.groups, path, value)) for number, path, value in IN_RULES),
    *AROUND,
]
NAMES = [
    *(f"{number}-{path}" for number, path, _ in IN_DASHBOARD),
    *(f"{number}-{path}" for number, path, _ in IN_RULES),
    *(f"{number}-{change.__name__}" for number, change in AROUND),
]


@pytest.mark.parametrize("number", sorted({rule.number for rule in RULES}))
def test_the_good_files_follow_every_rule(number):
    assert {finding for results in Case().broken(number).values() for finding in results} == set()


@pytest.mark.parametrize(("number", "change"), CASES, ids=NAMES)
def test_a_rule_finds_what_was_changed(number, change):
    case = Case()
    change(case)
    assert any(case.broken(number).values())


def test_no_function_is_without_a_fault_that_it_finds():
    """A function that finds nothing in any of the changed files would pass whatever the files say."""
    successful = set()
    for number, change in CASES:
        case = Case()
        change(case)
        successful |= {name for name, results in case.broken(number).items() if results}
    assert {rule.find.__name__ for rule in RULES} - successful == set()
