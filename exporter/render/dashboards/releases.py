"""Whether what is merged reaches production, how often, how much at once, and how often that fails."""

from exporter.catalogue import DAY, HOUR
from exporter.model import Outcome, Stage
from exporter.render.dashboards.panels import (
    BASELINE,
    COLOURED_TEXT,
    GREEN,
    NAME_WIDTH,
    RED,
    Panel,
    ask,
    baselines,
    coloured,
    counted,
    heatmap,
    lines,
    link,
    mapped,
    override,
    table,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, mean, smallest, threshold, total
from exporter.render.dashboards.shared import NOT_COUNTED, PEOPLE, number

NOT_RELEASED = "no release in this window, or deployments and releases are not read"
NOT_DEPLOYED = "no production deployment ended in this window, or none is read"
MONTH = "28d"


def of_team(name: str, window: str, *by: str, **matchers: str) -> str:
    """A window summary of the team."""
    return largest(chosen(f"sdlc_team_{name}", window=window, **matchers), *by)


def lead(until: str, window: str) -> str:
    """The median lead time to an end, the slowest of the chosen origins."""
    return of_team("lead_time_window_seconds", window, until=until, percentile="p50")


def spent(stage: Stage, window: str) -> str:
    """The median time in a stage, by origin."""
    return of_team("stage_window_seconds", window, "origin", stage=stage, percentile="p50")


def hours(title: str, about: str, stage: Stage, none: str) -> Panel:
    """The time in a stage over time, beside its own baseline and n."""
    return lines(
        title,
        about,
        [
            ask(f"{spent(stage, '$window')} / {HOUR}", "{{origin}}"),
            ask(f"{spent(stage, '90d')} / {HOUR}", f"{{{{origin}}}}, {BASELINE}"),
            ask(total(chosen("sdlc_team_stage_window_samples", stage=stage, window="$window")), "n"),
        ],
        unit="suffix:h",
        decimals=0,
        none=none,
        width=8,
        step="6h",
        overrides=[*coloured(PEOPLE), *baselines(PEOPLE), counted("n")],
    )


NOW = (
    number(
        "Releases per week",
        "Releases per week over the window: times another commit came into production, by a deployment or as a release "
        "or tag. Good is more of them as more changes are ready.",
        of_team("releases_weekly", "$window"),
        unit="short",
        none=NOT_RELEASED,
        decimals=1,
    ),
    number(
        "Changes per release",
        "Mean number of changes that a release of the window brought. Good is few, and no more than before AI: bigger "
        "batches are harder to test and to take back.",
        of_team("release_window_mean_changes", "$window"),
        unit="short",
        none=NOT_RELEASED,
        decimals=1,
    ),
    number(
        "Deploy wait, median",
        "Median time from the merge to production over the window, without QA, of the slowest of the chosen origins. "
        "Good is hours; what waits here is finished work that helps nobody.",
        of_team("stage_window_seconds", "$window", stage="deploy_wait", percentile="p50"),
        unit="s",
        none=NOT_RELEASED,
        decimals=1,
    ),
    number(
        "Deployments that fail",
        "Share of the production deployments within the window that failed. Red from the threshold change_fail on. "
        "Good is low; faults found later are not in it.",
        of_team("change_fail_ratio", "$window"),
        unit="percentunit",
        none=NOT_DEPLOYED,
        limit=threshold("ratio", "change_fail"),
        decimals=1,
    ),
    number(
        "Recovery, mean",
        "Mean time from a failed production deployment to the next success in its environment, of those mended within "
        "the window; from counters. Good is below an hour.",
        mean("sdlc_deployment_recovery_seconds", "$window"),
        unit="s",
        none=NOT_COUNTED,
        decimals=1,
    ),
    number(
        "Seen in production",
        "Share of the merged changes that were in production within 30 days, of the repository where it is lowest, "
        "over 28 days. Good is near 1; below the threshold coverage the numbers here speak of a part.",
        smallest(chosen("sdlc_exporter_coverage_ratio", what="production")),
        unit="percentunit",
        none="no change was followed for 30 days yet, or deployments are not read",
        decimals=0,
    ),
)

RELEASED = (
    lines(
        "Releases per week, over time",
        "Releases per week over the window; dotted, over 90 days, the own baseline. Good is a line that rises with the "
        "changes that are ready.",
        [
            ask(of_team("releases_weekly", "$window"), "releases"),
            ask(of_team("releases_weekly", "90d"), f"releases, {BASELINE}"),
        ],
        unit="short",
        decimals=1,
        none=NOT_RELEASED,
        width=8,
        step="6h",
        overrides=baselines(["releases"]),
    ),
    lines(
        "Changes per release, over time",
        "Mean number of changes that a release of the window brought; dotted, over 90 days, the own baseline. Times "
        "the releases per week it is the changes that reach production per week. Good is a flat line.",
        [
            ask(of_team("release_window_mean_changes", "$window"), "changes"),
            ask(of_team("release_window_mean_changes", "90d"), f"changes, {BASELINE}"),
        ],
        unit="short",
        decimals=1,
        none=NOT_RELEASED,
        width=8,
        step="6h",
        overrides=baselines(["changes"]),
    ),
    lines(
        "Days between releases",
        "Exact percentiles of the time between releases within the window, each in its environment. The grey area is "
        "n, the intervals they rest on. Good is short, and a p90 that is near the median: a rhythm.",
        [
            ask(f"{of_team('release_interval_window_seconds', '$window', 'percentile')} / {DAY}", "{{percentile}}"),
            ask(total(chosen("sdlc_team_release_interval_window_samples", window="$window")), "n"),
        ],
        unit="suffix:d",
        decimals=1,
        none=NOT_RELEASED,
        width=8,
        step="6h",
        overrides=[counted("n")],
    ),
)

ARRIVING = (
    lines(
        "Days to the merge, and to production",
        "Median time from the first activity to the merge, and to production, over the window; of the slowest of the "
        "chosen origins. They are of different changes: those merged, and those that came into production. Dashed is "
        "the threshold lead_time. Good is below it, and lines near each other.",
        [
            ask(f"{lead('merge', '$window')} / {DAY}", "to the merge"),
            ask(f"{lead('production', '$window')} / {DAY}", "to production"),
        ],
        unit="suffix:d",
        decimals=1,
        none=NOT_RELEASED,
        width=8,
        step="6h",
        limit=f"{threshold('seconds', 'lead_time')} / {DAY}",
    ),
    hours(
        "Hours with QA",
        "Exact median over the changes that came into production within the window and passed through QA, by origin: "
        "as labels and issues say, else from staging to production; dotted, over 90 days, the own baseline. The grey "
        "area is n. Good is at or below the baseline while more comes in.",
        Stage.QA,
        "no label or issue says QA and nothing goes to staging, or nothing came into production",
    ),
    hours(
        "Hours of waiting for deployment",
        "Exact median over the changes that came into production within the window, by origin: from the merge on, "
        "without QA; dotted, over 90 days, the own baseline. The grey area is n. Good is at or below the baseline, "
        "whatever coding gained.",
        Stage.DEPLOY_WAIT,
        NOT_RELEASED,
    ),
)

FAILING = (
    lines(
        "Production deployments per week, by result",
        "Production deployments that ended within 7 days, by how they ended; from counters. Releases and tags are "
        "none. Good is green, and more of it.",
        [ask(total(chosen("sdlc_deployments_total", "7d", environment="production"), "result"), "{{result}}")],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=8,
        step="1d",
        stack="normal",
        overrides=coloured(Outcome),
    ),
    lines(
        "Deployments that fail, over time",
        "Share of the production deployments within the window that failed; dotted, over 90 days, the own baseline. "
        "The grey area is n. Dashed is the threshold change_fail, which the alert compares with too. Good is below it "
        "and the baseline.",
        [
            ask(of_team("change_fail_ratio", "$window"), "failed"),
            ask(of_team("change_fail_ratio", "90d"), f"failed, {BASELINE}"),
            ask(of_team("change_fail_samples", "$window"), "n"),
        ],
        unit="percentunit",
        none=NOT_DEPLOYED,
        width=8,
        soft=0.2,
        step="6h",
        limit=threshold("ratio", "change_fail"),
        overrides=[*baselines(["failed"]), counted("n")],
    ),
    heatmap(
        "Recoveries, by how long they took",
        "Failed production deployments that were mended within each day, by the time until the next success. Good is "
        "cells at the bottom.",
        [ask(total(chosen("sdlc_deployment_recovery_seconds_bucket", "1d"), "le"), "{{le}}", form="heatmap")],
        unit="s",
        none=NOT_COUNTED,
        width=8,
    ),
)


def of_repository(name: str, **matchers: str) -> str:
    """A gauge of each repository over 28 days."""
    return largest(chosen(name, window=MONTH, **matchers), "repository")


REPOSITORIES = (
    table(
        "Releases of the repositories",
        "One row per repository, over 28 days; releases and changes also over the window, from counters. Between p50 "
        "is the median time between releases, with n, and variation their standard deviation by their mean over 90 "
        "days: 0 is a timetable, 1 is chance, more are bursts. Failed is of production deployments, with n. Good is "
        "many small releases in a rhythm, few of them failing.",
        {"repository": "Repository"},
        {
            "Per week": of_repository("sdlc_releases_weekly"),
            "Changes each": of_repository("sdlc_release_window_mean_changes"),
            "Between p50": of_repository("sdlc_release_interval_window_seconds", percentile="p50"),
            "n intervals": of_repository("sdlc_release_interval_window_samples"),
            "Variation": largest(chosen("sdlc_release_interval_variation_ratio"), "repository"),
            "Failed": of_repository("sdlc_change_fail_ratio"),
            "n deployments": of_repository("sdlc_change_fail_samples"),
            "Releases": total(chosen("sdlc_releases_total", "$window"), "repository"),
            "Changes": total(chosen("sdlc_release_changes_sum", "$window"), "repository"),
        },
        none=NOT_RELEASED,
        sort="Per week",
        overrides=[
            override("Repository", links=link("Reviews of this repository", "sdlc-review", "repository"), **NAME_WIDTH),
            override("Between p50", unit="s"),
            override("Failed", unit="percentunit", decimals=0),
            *(override(name, decimals=1) for name in ("Per week", "Changes each")),
            override("Variation", decimals=2),
            *(override(name, decimals=0) for name in ("Releases", "Changes")),
        ],
    ),
    table(
        "Groundwork",
        "What was seen of a repository within 90 days: yes where it was, no where it is known to be missing; a dash "
        "where nobody can tell. CI, test reports and static analysis are those of changes before their merge. Good is "
        "yes everywhere: without it the gain of faster coding meets people at every step.",
        {"repository": "Repository"},
        {
            "CI": largest(chosen("sdlc_foundation_ready", capability="ci"), "repository"),
            "Tests": largest(chosen("sdlc_foundation_ready", capability="tests"), "repository"),
            "Static analysis": largest(chosen("sdlc_foundation_ready", capability="static_analysis"), "repository"),
            "Automated deployment": largest(
                chosen("sdlc_foundation_ready", capability="automated_deploy"), "repository"
            ),
        },
        none="neither CI nor deployments are read",
        sort="Repository",
        down=False,
        overrides=[
            override(name, mappings=mapped({1: ("yes", GREEN), 0: ("no", RED)}), **COLOURED_TEXT)
            for name in ("CI", "Tests", "Static analysis", "Automated deployment")
        ],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-releases",
    title="Releases",
    about="Does what is merged reach production: how often, how much at once, and how often does it fail?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Does it reach production?", NOW),
        Row("How often, and how much at once?", RELEASED),
        Row("How long after the merge?", ARRIVING),
        Row("How often does it fail?", FAILING),
        Row("Which repository?", REPOSITORIES),
    ),
)
