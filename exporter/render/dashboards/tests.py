"""Whether CI passes, whether its tests are believed, and what keeping them green costs."""

from exporter.catalogue import HOUR, MINUTE
from exporter.model import Layer, Result
from exporter.render.dashboards.panels import (
    BASELINE,
    NAMES,
    ask,
    baselines,
    coloured,
    counted,
    heatmap,
    lines,
    override,
    table,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, mean, series, share, threshold, total
from exporter.render.dashboards.shared import NOT_COUNTED, PEOPLE, number

NO_RUNS = "no CI run ended in this window, or none is read"
NO_WORK = "no merged change touched tests in this window"
NO_REDS = "nothing red became green in this window"
BRANCHES = ("change", "default")
OUTCOMES = ("test_fix", "true_catch", "mixed", "flake", "other")
KINDS = ("update", "new")
MONTH = "28d"
PER_SPRINT = "sdlc_test_maintenance_slope_seconds"
RED_OUTCOMES = "sdlc_test_red_outcomes_total"
MINUTES_OF_A_FLAKE = 28
"""What triage of a failed test job took before it was automated, by hand and on average.

https://slack.engineering/handling-flaky-tests-at-scale-auto-detection-suppression/
"""


def of_team(name: str, *by: str, window: str = "$window", **matchers: str) -> str:
    """A window summary of the team."""
    return largest(chosen(f"sdlc_team_{name}", window=window, **matchers), *by)


def of_scope(name: str, bound: str, **matchers: str) -> str:
    """A bound of what is told of the team."""
    return largest(series(name, scope="$team", bound=bound, **matchers))


NOW = (
    number(
        "First attempts that fail",
        "Share of the first attempts of test runs for changes that failed, over the window; cancelled and broken ones "
        "are left out. Good is at or below your own 90 days, in the course below.",
        of_team("ci_first_attempt_failure_ratio", branch="change"),
        unit="percentunit",
        none=NO_RUNS,
    ),
    number(
        "Retries",
        "Share of the attempts for changes that try a run again, over the window. Good is few: each is somebody who "
        "waited, looked, and pressed the button.",
        of_team("ci_retry_ratio", branch="change"),
        unit="percentunit",
        none=NO_RUNS,
    ),
    number(
        "Flaky runs",
        "Share of the test runs that failed and passed on the same commit, over the window. Red from the threshold "
        "flaky_runs on. Good is below 1.5%, what Google saw in 2016.",
        of_team("flaky_run_ratio"),
        unit="percentunit",
        none=NO_RUNS,
        decimals=1,
        limit=threshold("ratio", "flaky_runs"),
    ),
    number(
        "Fixing, of test work",
        "Time on test lines that were there before, of all time on test lines, in changes merged within the window. "
        "Red from the threshold test_update on: more fixing than writing. Good is below it.",
        of_team("test_update_ratio"),
        unit="percentunit",
        none=NO_WORK,
        limit=threshold("ratio", "test_update"),
    ),
    number(
        "Maintenance, at least",
        "Full-time people that test maintenance takes at least, over the window: work that turned red green by editing "
        "tests alone. Good is small beside the number of developers; with the next number it is an interval.",
        of_scope("sdlc_test_maintenance_fte", "lower", window="$window"),
        unit="suffix: FTE",
        none=NO_RUNS,
        decimals=2,
    ),
    number(
        "Maintenance, at most",
        "Full-time people that test maintenance takes at most, over the window: all time on test lines that were there "
        "before. Good is small beside the number of developers, and not climbing.",
        of_scope("sdlc_test_maintenance_fte", "upper", window="$window"),
        unit="suffix: FTE",
        none=NO_WORK,
        decimals=2,
    ),
)

RUNS = (
    lines(
        "Attempts per week, by how they ended",
        "Attempts of CI runs that ended within 7 days, by result. Good is green that grows with the work; red that "
        "grows faster is coding's gain on its way into repairs.",
        [ask(total(chosen("sdlc_ci_runs_total", "7d"), "result"), "{{result}}")],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=8,
        step="1d",
        stack="normal",
        overrides=coloured(Result),
    ),
    lines(
        "First attempts that fail, over time",
        "Share of the first attempts of test runs within the window that failed, for changes and on the default "
        "branch; dotted, over 90 days, the own baseline. The grey area is n. Good is at or below the baseline, and "
        "near 0 on the default branch.",
        [
            ask(of_team("ci_first_attempt_failure_ratio", "branch"), "{{branch}}"),
            ask(of_team("ci_first_attempt_failure_ratio", "branch", window="90d"), f"{{{{branch}}}}, {BASELINE}"),
            ask(total(chosen("sdlc_team_ci_first_attempt_failure_samples", window="$window")), "n"),
        ],
        unit="percentunit",
        none=NO_RUNS,
        width=8,
        soft=0.2,
        step="6h",
        overrides=[*coloured(BRANCHES), *baselines(BRANCHES), counted("n")],
    ),
    lines(
        "Retries, over time",
        "Share of the attempts within the window that try a run again. The grey area is n, all attempts. Good is low "
        "and flat; when it climbs, red is believed less.",
        [
            ask(of_team("ci_retry_ratio", "branch"), "{{branch}}"),
            ask(total(chosen("sdlc_team_ci_retry_samples", window="$window")), "n"),
        ],
        unit="percentunit",
        none=NO_RUNS,
        width=8,
        soft=0.2,
        step="6h",
        overrides=[*coloured(BRANCHES), counted("n")],
    ),
    lines(
        "Minutes that a run takes, for changes",
        "Time from an attempt's first job to its end, for changes, over the window: exact percentiles. The grey area "
        "is n. Good is what an author waits for without beginning something else, ten minutes or so.",
        [
            ask(
                f"{of_team('ci_run_window_seconds', 'percentile', branch='change')} / {MINUTE}",
                "{{percentile}}",
            ),
            ask(total(chosen("sdlc_team_ci_run_window_samples", window="$window", branch="change")), "n"),
        ],
        unit="suffix:min",
        none=NO_RUNS,
        width=8,
        step="6h",
        overrides=[counted("n")],
    ),
    lines(
        "Minutes until a run begins",
        "Mean time from an attempt's request to its first job within the window, from counters. Good is seconds: more "
        "pushes on the same runners show here first.",
        [ask(f"{mean('sdlc_ci_queue_seconds', '$window', 'branch')}\n/ {MINUTE}", "{{branch}}")],
        unit="suffix:min",
        none=NOT_COUNTED,
        width=8,
        step="6h",
        overrides=coloured(BRANCHES),
    ),
    heatmap(
        "Runs, by how long they took",
        "Attempts that succeeded or failed within each day, by the time from their first job to their end. Good is "
        "dark cells at the bottom that stay there.",
        [ask(total(chosen("sdlc_ci_run_seconds_bucket", "1d"), "le"), "{{le}}", form="heatmap")],
        unit="s",
        none=NOT_COUNTED,
        width=8,
    ),
    lines(
        "Pushes for each delivery",
        "Commits that CI ran for on branches of changes, for each commit of the default branch that it found green, "
        "over the window. The grey area is n, the green commits. Its level is a habit (who squashes has more); good is "
        "a flat line: when it climbs, more is written for each commit that arrives.",
        [
            ask(of_team("ci_pushes_per_delivery_ratio"), "pushes for each"),
            ask(of_team("ci_pushes_per_delivery_samples"), "n"),
        ],
        unit="short",
        decimals=1,
        none="no commit of the default branch was found green in this window",
        width=12,
        step="6h",
        overrides=[counted("n")],
    ),
    lines(
        "Cases that fail",
        "Failed and broken test cases of all that were run within 7 days, by branch, as far as CI sends reports. Good "
        "is far below the share of runs that fail: one case of thousands makes a run red.",
        [
            ask(
                share(
                    chosen("sdlc_test_cases_total", "7d", result="~failed|error"),
                    chosen("sdlc_test_cases_total", "7d", result="!skipped"),
                    "branch",
                ),
                "{{branch}}",
            )
        ],
        unit="percentunit",
        decimals=2,
        none="no test report was read",
        width=12,
        soft=0.005,
        step="1d",
        overrides=coloured(BRANCHES),
    ),
)

BELIEVED = (
    lines(
        "Flaky runs, over time",
        "Share of the test runs within the window that failed and passed on the same commit. Dashed is the threshold "
        "flaky_runs. The grey area is n. Good is below 1.5%. Flakes that nobody tried again are not in it.",
        [ask(of_team("flaky_run_ratio"), "flaky"), ask(of_team("flaky_run_samples"), "n")],
        unit="percentunit",
        decimals=1,
        none=NO_RUNS,
        width=6,
        soft=0.05,
        step="6h",
        limit=threshold("ratio", "flaky_runs"),
        overrides=[counted("n")],
    ),
    lines(
        "Flaky tests",
        "Tests that failed and passed on the same commit within the window, each counted once, as far as reports name "
        "them. Good is few and falling: mending ten tests often mends most of it.",
        [ask(of_team("flaky_tests"), "flaky tests")],
        unit="short",
        decimals=0,
        none=NO_RUNS,
        width=6,
        step="6h",
    ),
    lines(
        "How red became green, per week",
        "Times something red on a branch became green within 7 days, by what was changed in between: tests alone, the "
        "product alone, both, nothing, or neither (documents, CI itself). Good is true_catch: the tests do their job.",
        [ask(total(chosen(RED_OUTCOMES, "7d"), "outcome"), "{{outcome}}")],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=6,
        step="1d",
        stack="normal",
        overrides=coloured(OUTCOMES),
    ),
    lines(
        "Hours lost to flakes, modelled",
        "A model and no measurement: the times something red became green within the window without any change, times "
        "the 28 minutes that looking into a failed test job took at Slack (2022). It is in no other number here. Good "
        "is small and falling.",
        [ask(f"{total(chosen(RED_OUTCOMES, '$window', outcome='flake'))} * {MINUTES_OF_A_FLAKE} / 60", "modelled")],
        unit="suffix:h",
        decimals=0,
        none=NOT_COUNTED,
        width=6,
        step="6h",
    ),
)


def both(name: str, by: str = "") -> list[dict[str, object]]:
    """A panel's two lines, an interval."""
    return [ask(f"{of_scope(name, bound, window='$window')}{by}", bound) for bound in ("lower", "upper")]


COST = (
    lines(
        "Hours of test maintenance",
        "Hours within the window: at least, the sessions that turned red green by editing tests alone; at most, all "
        "sessions' part on test lines that were there before. The truth lies between. Good is flat while the team is.",
        both("sdlc_test_maintenance_window_seconds", f" / {HOUR}"),
        unit="suffix:h",
        decimals=0,
        none=NO_WORK,
        width=8,
        step="6h",
        overrides=coloured(("lower", "upper")),
    ),
    lines(
        "People for test maintenance",
        "The same within the window as full-time people of 32 productive hours a week, unless configured. Good is "
        "small beside the number of developers. An interval this wide says what is known; its ends are no estimates.",
        both("sdlc_test_maintenance_fte"),
        unit="short",
        decimals=2,
        none=NO_WORK,
        width=8,
        step="6h",
        overrides=coloured(("lower", "upper")),
    ),
    lines(
        "More fixing than writing?",
        "Time on test lines that were there before, of all time on test lines, in changes merged within the window; "
        "dotted, over 90 days, the own baseline. Dashed is the threshold test_update. The grey area is n, changes that "
        "touched tests. Good is below it, and not climbing.",
        [
            ask(of_team("test_update_ratio"), "update"),
            ask(of_team("test_update_ratio", window="90d"), f"update, {BASELINE}"),
            ask(of_team("test_update_samples"), "n"),
        ],
        unit="percentunit",
        none=NO_WORK,
        width=8,
        step="6h",
        share=True,
        limit=threshold("ratio", "test_update"),
        overrides=[*coloured(["update"]), *baselines(["update"]), counted("n")],
    ),
    lines(
        "Does upkeep climb?",
        "By how many hours the time on old test lines per active developer grew with each of the last six sprints, and "
        "the bounds of that trend (90%). Good is around 0; the lower bound above 0 is a climb beyond chance. A team of "
        "ten has to double its upkeep for that to show in every other case.",
        [ask(f"{of_scope(PER_SPRINT, bound)} / {HOUR}", bound) for bound in ("estimate", "lower", "upper")],
        unit="suffix:h",
        decimals=1,
        none="fewer than six sprints with merged changes",
        width=8,
        step="1d",
        least=None,
        overrides=coloured(("estimate", "lower", "upper")),
    ),
    lines(
        "Hours on test lines, per week",
        "Session time of changes merged within 7 days that went into test lines: into those that were there (update), "
        "and into those that were not (new), from counters. Good is new that grows with the product.",
        [ask(f"{total(chosen('sdlc_test_work_seconds_total', '7d', kind=each))} / {HOUR}", each) for each in KINDS],
        unit="suffix:h",
        decimals=0,
        none=NOT_COUNTED,
        width=8,
        step="1d",
        stack="normal",
        overrides=coloured(KINDS),
    ),
    lines(
        "Upkeep, by layer of tests",
        "How the time on old test lines of the last 90 days divides over unit, integration and end-to-end tests. It "
        "has no good or bad: it says where mending would pay.",
        [ask(largest(chosen("sdlc_team_test_layer_ratio"), "layer"), "{{layer}}")],
        unit="percentunit",
        none="no old test line was touched within 90 days",
        width=8,
        step="1d",
        stack="normal",
        share=True,
        overrides=coloured(Layer),
    ),
    heatmap(
        "Test fixes, by how long they took",
        "Times something red became green by editing tests alone within each day, by the session time that took, at "
        "most four hours. Good is empty: the test was wrong each time.",
        [ask(total(chosen("sdlc_test_fix_seconds_bucket", "1d"), "le"), "{{le}}", form="heatmap")],
        unit="s",
        none=NOT_COUNTED,
        width=8,
    ),
    lines(
        "Minutes for a test fix",
        "Mean session time of a test fix within the window, by the origin of the change that brought it, from "
        "counters; agents' own commits take none. Good is low.",
        [ask(f"{mean('sdlc_test_fix_seconds', '$window', 'origin')}\n/ {MINUTE}", "{{origin}}")],
        unit="suffix:min",
        decimals=0,
        none=NOT_COUNTED,
        width=8,
        step="6h",
        overrides=coloured(PEOPLE),
    ),
    lines(
        "Tests that became green, by outcome",
        "Tests, or jobs where no report names any, that became green within the window. Beside the outcomes it tells "
        "one broken build from many broken tests. Good is few.",
        [ask(of_team("test_red_window_tests", "outcome"), "{{outcome}}")],
        unit="short",
        decimals=0,
        none=NO_REDS,
        width=8,
        step="6h",
        stack="normal",
        overrides=coloured(OUTCOMES),
    ),
)


def of_each(name: str, *, window: str = MONTH, **matchers: str) -> str:
    """A window summary of each repository."""
    return largest(chosen(f"sdlc_{name}", window=window, **matchers), "repository")


REPOSITORIES = (
    table(
        "Repositories",
        "One row per repository, over 28 days: first attempts for changes that fail, retries, median run time, pushes "
        "for each delivery, flaky runs and tests, tests that became green, fixing of all test work, each with n, what "
        "it rests on; and over 90 days the part of upkeep that end-to-end tests take. Good is low everywhere; n below "
        "30 is an anecdote.",
        {"repository": "Repository"},
        {
            "Fail": of_each("ci_first_attempt_failure_ratio", branch="change"),
            "n first": of_each("ci_first_attempt_failure_samples", branch="change"),
            "Retries": of_each("ci_retry_ratio", branch="change"),
            "n attempts": of_each("ci_retry_samples", branch="change"),
            "Run p50": of_each("ci_run_window_seconds", branch="change", percentile="p50"),
            "n runs": of_each("ci_run_window_samples", branch="change"),
            "Pushes": of_each("ci_pushes_per_delivery_ratio"),
            "n green": of_each("ci_pushes_per_delivery_samples"),
            "Flaky": of_each("flaky_run_ratio"),
            "n tested": of_each("flaky_run_samples"),
            "Flaky tests": of_each("flaky_tests"),
            "Mended": total(chosen("sdlc_test_red_window_tests", window=MONTH), "repository"),
            "Fixing": of_each("test_update_ratio"),
            "n changes": of_each("test_update_samples"),
            "E2E": largest(chosen("sdlc_test_layer_ratio", layer="e2e"), "repository"),
        },
        none=NO_RUNS,
        sort="Fixing",
        overrides=[
            *(override(name, unit="percentunit", decimals=0) for name in ("Fail", "Retries", "Fixing", "E2E")),
            override("Flaky", unit="percentunit", decimals=1),
            override("Run p50", unit="s"),
            override("Pushes", decimals=1),
            NAMES,
        ],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-tests",
    title="Tests",
    about="Does CI pass, are its tests believed, and what does keeping them green cost?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("In numbers", NOW),
        Row("Does CI pass, and how fast?", RUNS),
        Row("Are red tests believed?", BELIEVED),
        Row("What does keeping tests green cost?", COST),
        Row("Which repository?", REPOSITORIES),
    ),
)
