"""Every team and repository in a table, to find where to look."""

from exporter.render.dashboards.panels import link, override, table
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, series, share, total
from exporter.render.dashboards.shared import FLOW, NOT_LOADED, SAMPLES

MONTH = "28d"
"""The window that is summarised per repository unless `series.repository_windows` says otherwise."""
JOINED = (
    f"* on (job, repository) group_left (team) {largest(series('sdlc_repository_info'), 'job', 'repository', 'team')}"
)
TEAM = {"team": "!all", "window": "$window"}


def per_team(name: str, **matchers: str) -> str:
    """What the repositories of each team have together."""
    return total(f"{series(name, **matchers)}\n{JOINED}", "team")


def per_repository(name: str, **matchers: str) -> str:
    """The largest value of each repository."""
    return largest(chosen(name, **matchers), "repository")


TEAMS = table(
    "Teams",
    "One row per team, none being the repositories without one: changes that wait now and their growth within 7 days; "
    "over the window, reviews asked for by reviews given, reviewers and, of three or more, changes for each, median "
    "waits with n, and merges. Good is growth around 0, no more asked than given, few merges unreviewed. A name leads "
    "to the team's overview.",
    {"team": "Team"},
    {
        "Waiting": per_team("sdlc_review_queue_changes", state="~awaiting_.+"),
        "Growth": f"{per_team(FLOW, direction='in', window='7d')}\n- {per_team(FLOW, direction='out', window='7d')}",
        "Asked/given": largest(series("sdlc_team_review_utilisation_ratio", **TEAM), "team"),
        "Reviewers": largest(series("sdlc_team_active_reviewers", **TEAM), "team"),
        "For each": f"{largest(series('sdlc_team_review_load_changes', **TEAM), 'team')}\n"
        f"and {largest(series('sdlc_team_active_reviewers', **TEAM), 'team')} >= 3",
        "Wait, unmarked": largest(
            series("sdlc_team_review_wait_window_seconds", **TEAM, origin="unmarked", percentile="p50"), "team"
        ),
        "Wait, agentic": largest(
            series("sdlc_team_review_wait_window_seconds", **TEAM, origin="agentic", percentile="p50"), "team"
        ),
        "n unmarked": total(series("sdlc_team_review_wait_window_samples", **TEAM, origin="unmarked"), "team"),
        "n agentic": total(series("sdlc_team_review_wait_window_samples", **TEAM, origin="agentic"), "team"),
        "Merged": total(series(SAMPLES, **TEAM, stage="coding"), "team"),
        "AI share": share(
            series(SAMPLES, **TEAM, stage="coding", origin="~agentic|assisted"),
            series(SAMPLES, **TEAM, stage="coding"),
            "team",
        ),
        "Unreviewed": share(
            series(SAMPLES, **TEAM, stage="unreviewed"), series(SAMPLES, **TEAM, stage="coding"), "team"
        ),
    },
    none=NOT_LOADED,
    sort="Growth",
    height=8,
    overrides=[
        override("Team", links=link("Overview of this team", "sdlc-overview", "team")),
        *(override(name, unit="s") for name in ("Wait, unmarked", "Wait, agentic")),
        *(override(name, unit="percentunit", decimals=0) for name in ("AI share", "Unreviewed")),
        *(override(name, decimals=2) for name in ("Asked/given", "For each")),
    ],
)

REPOSITORIES = table(
    "Repositories",
    "One row per repository: changes that wait now, the longest wait in working hours, growth within 7 days; over 28 "
    "days, reviews and waits, the load where three or more review; merges within the window. Percentiles are of the "
    "slowest of the chosen origins, n is what all of them rest on; queue, growth and reviews are of all origins. Good "
    "is growth around 0 and a short longest wait. A name leads to its reviews.",
    {"repository": "Repository", "team": "Team", "source": "Source"},
    {
        "": largest(chosen("sdlc_repository_info"), "repository", "team", "source"),
        "Waiting": total(chosen("sdlc_review_queue_changes", state="~awaiting_.+", origin="~.+"), "repository"),
        "Longest, h": f"{per_repository('sdlc_review_queue_oldest_wait_business_seconds')} / 3600",
        "Growth": f"{per_repository(FLOW, direction='in', window='7d')}\n"
        f"- {per_repository(FLOW, direction='out', window='7d')}",
        "Drafts": total(chosen("sdlc_draft_changes"), "repository"),
        "Asked/given": per_repository("sdlc_review_utilisation_ratio", window=MONTH),
        "Reviewers": per_repository("sdlc_active_reviewers", window=MONTH),
        "For each": f"{per_repository('sdlc_review_load_changes', window=MONTH)}\n"
        f"and {per_repository('sdlc_active_reviewers', window=MONTH)} >= 3",
        "Wait p50": per_repository("sdlc_review_wait_window_seconds", window=MONTH, percentile="p50"),
        "n waits": total(chosen("sdlc_review_wait_window_samples", window=MONTH), "repository"),
        "Lead p50": per_repository("sdlc_lead_time_window_seconds", until="merge", window=MONTH, percentile="p50"),
        "n leads": total(chosen("sdlc_lead_time_window_samples", until="merge", window=MONTH), "repository"),
        "Merged": total(chosen("sdlc_changes_merged_total", "$window"), "repository"),
        "Unreviewed": share(
            chosen("sdlc_changes_merged_total", "$window", reviewed="no"),
            chosen("sdlc_changes_merged_total", "$window"),
            "repository",
        ),
    },
    none=NOT_LOADED,
    sort="Growth",
    height=16,
    overrides=[
        override(
            "Repository", links=link("Reviews of this repository", "sdlc-review", "repository"), custom__width=220
        ),
        override("Team", links=link("Overview of this team", "sdlc-overview", "team"), custom__width=90),
        override("Source", links=link("How this source is read", "sdlc-exporter", "source")),
        *(override(name, unit="s") for name in ("Wait p50", "Lead p50")),
        *(override(name, decimals=0) for name in ("Longest, h", "Merged")),
        *(override(name, decimals=2) for name in ("Asked/given", "For each")),
        override("Unreviewed", unit="percentunit", decimals=0),
    ],
)

STAGES = table(
    "Stages of the repositories",
    "Exact median and mean of each stage over the changes that a repository merged within 28 days, by origin, and n, "
    "what they rest on. Only where the configuration asks for it: with teams alone it costs far fewer series. Good is "
    "a median that stays where it was.",
    {"repository": "Repository", "stage": "Stage", "origin": "Origin"},
    {
        "p50": largest(
            chosen("sdlc_stage_window_seconds", window=MONTH, percentile="p50"), "repository", "stage", "origin"
        ),
        "Mean": largest(chosen("sdlc_stage_window_mean_seconds", window=MONTH), "repository", "stage", "origin"),
        "n": total(chosen("sdlc_stage_window_samples", window=MONTH), "repository", "stage", "origin"),
    },
    none="set series.stage_windows to true to have stages per repository",
    sort="p50",
    height=8,
    overrides=[
        override("Repository", links=link("Reviews of this repository", "sdlc-review", "repository")),
        *(override(name, unit="s") for name in ("p50", "Mean")),
    ],
)

DASHBOARD = Dashboard(
    uid="sdlc-repositories",
    title="Repositories",
    about="Where does work pile up: which team, which repository?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Which team?", (TEAMS,)),
        Row("Which repository?", (REPOSITORIES,)),
        Row("In which stage?", (STAGES,)),
    ),
)
