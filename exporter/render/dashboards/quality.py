"""Whether changes fail once they are out, who finds the defects, and whether QA holds work up."""

from exporter.catalogue import HOUR
from exporter.measures.escape import Tier
from exporter.render.dashboards.panels import ask, coloured, counted, heatmap, lines, override, table
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, mean, series, share, threshold, total
from exporter.render.dashboards.shared import NOT_COUNTED
from exporter.retro import Theme

SEASON = "90d"
NO_OUTCOME = "no change has been in production for 30 days, or merged for so long"
NO_DRIFT = "no change escaped in 90 days, or what was known before has no escape to compare with"
NO_QA = "no label or state of an issue says QA (issues.qa)"
NO_NOTES = "no retrospective notes were supplied (a source of notes, or retrospectives.labels)"
NO_DEFECT = "no issue whose labels call it a defect was counted in this window (issues.defect)"
FOUND = ("production", "before_release", "unstated")


def of_team(name: str) -> str:
    """What is told of the team's last 90 days, by origin."""
    return largest(chosen(f"sdlc_team_{name}", window=SEASON), "origin")


def of_each(name: str) -> str:
    """What is told of each repository's window, by origin."""
    return largest(chosen(f"sdlc_{name}", window="$window"), "repository", "origin")


ESCAPES = (
    table(
        "Escaped changes, 90 days",
        "Share of the changes whose outcome became known within 90 days that a revert, a fix or an incident named, by "
        "origin, with the ends of its 90% interval, and n, what it rests on. Good is a share at or below that of "
        "before; two intervals that overlap tell no difference.",
        {"origin": "Origin"},
        {
            "Escaped": of_team("escape_ratio"),
            "At least": of_team("escape_ratio_lower"),
            "At most": of_team("escape_ratio_upper"),
            "n": of_team("escape_window_samples"),
        },
        none=NO_OUTCOME,
        sort="n",
        width=12,
        height=8,
        overrides=[override(name, unit="percentunit", decimals=1) for name in ("Escaped", "At least", "At most")],
    ),
    lines(
        "Escaped changes, by origin",
        "The same share of the last 90 days over time. A change counts 30 days after production, so that a bad week "
        "shows a month later. Good is flat or falling; a few changes more or less move a small team's line far.",
        [ask(of_team("escape_ratio"), "{{origin}}")],
        unit="percentunit",
        decimals=1,
        none=NO_OUTCOME,
        width=12,
        soft=0.1,
        step="1d",
        overrides=coloured(("agentic", "assisted", "unmarked", "bot")),
    ),
    lines(
        "Escaped now, by before",
        "Share of changes that escaped, of the outcomes of the last 45 days, by that of the 45 days before, and the "
        "lower end of its 90% interval; changes of bots are left out. 1 is alike, and only a lower end above 1 rules "
        "out chance. Dashed is the threshold escape_drift, which the alert compares with too. Good is 1 or less.",
        [
            ask(largest(series("sdlc_escape_drift_ratio", scope="$team", bound="estimate")), "now by before"),
            ask(largest(series("sdlc_escape_drift_ratio", scope="$team", bound="lower")), "at least"),
            ask(largest(series("sdlc_escape_drift_samples", scope="$team", span="now")), "n, now"),
            ask(largest(series("sdlc_escape_drift_samples", scope="$team", span="before")), "n, before"),
        ],
        unit="short",
        decimals=2,
        none=NO_DRIFT,
        width=12,
        step="1d",
        limit=threshold("ratio", "escape_drift"),
        overrides=[counted("n, now"), counted("n, before")],
    ),
    lines(
        "What named them first, per week",
        "Changes counted as escaped within 7 days by what named them first: a revert, a fix that says whom it mends, "
        "or an incident, from counters; the grey area is n, all changes counted. Good is few; a rise of one alone may "
        "be a new habit of naming.",
        [
            ask(total(chosen("sdlc_escapes_total", "7d"), "tier"), "{{tier}}"),
            ask(total(chosen("sdlc_change_outcomes_total", "7d")), "n"),
        ],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=12,
        step="1d",
        overrides=[*coloured(Tier), counted("n")],
    ),
)

DEFECTS = (
    lines(
        "Defects, per week",
        "Issues counted within 7 days whose labels call them a defect, by where they were found, from counters; "
        "unstated where no label tells. Good is a small part in production. More triage raises all of them.",
        [ask(total(chosen("sdlc_defects_total", "7d"), "found"), "{{found}}")],
        unit="short",
        decimals=0,
        none=NO_DEFECT,
        step="1d",
        stack="normal",
        overrides=coloured(FOUND),
    ),
    lines(
        "Found in production, of those that say where",
        "Share of the defects counted within the window that production found, of those whose labels say where they "
        "were found, from counters. Good is low, and it falls when QA finds more. It says nothing where labels do not.",
        [
            ask(
                share(
                    chosen("sdlc_defects_total", "$window", found="production"),
                    chosen("sdlc_defects_total", "$window", found="~production|before_release"),
                ),
                "found in production",
            )
        ],
        unit="percentunit",
        none=NO_DEFECT,
        step="1d",
        share=True,
    ),
)

QA = (
    heatmap(
        "Stays with QA, by length",
        "Issues that left QA within each day, by how long they had stayed there. Good is short, and no second band "
        "that grows above the first.",
        [ask(total(chosen("sdlc_qa_seconds_bucket", "1d"), "le"), "{{le}}", form="heatmap")],
        unit="s",
        none=NO_QA,
        width=8,
    ),
    lines(
        "Hours with QA, mean",
        "Mean time of the stays with QA that ended within the window, from counters. Good is flat while more comes in.",
        [ask(f"{mean('sdlc_qa_seconds', '$window')}\n/ {HOUR}", "with QA")],
        unit="suffix:h",
        decimals=0,
        none=NO_QA,
        width=8,
        step="1d",
    ),
    lines(
        "Blocked, of the time with QA",
        "Time that issues were blocked while QA had them, of all time they were with QA, by the stays that ended "
        "within the window, and the lower end of its 90% interval. The grey area is n. Dashed is the threshold "
        "qa_blocked, which the alert compares with over 28 days. Good is near 0; above it QA is what holds work up.",
        [
            ask(largest(chosen("sdlc_team_qa_blocked_ratio", window="$window")), "blocked"),
            ask(largest(chosen("sdlc_team_qa_blocked_ratio_lower", window="$window")), "at least"),
            ask(largest(chosen("sdlc_team_qa_blocked_samples", window="$window")), "n"),
        ],
        unit="percentunit",
        none=NO_QA,
        width=8,
        step="1d",
        share=True,
        limit=threshold("ratio", "qa_blocked"),
        overrides=[counted("n")],
    ),
)

NAMED = (
    lines(
        "Named in retrospectives, of six sprints",
        "Share of the last six sprints with retrospective notes in which a note named the theme, by keywords; the grey "
        "area is n, the sprints that have notes. Dashed is the threshold qa_named: four of six. Good is what does not "
        "come back. People name what they see: a named step need not be the scarce one.",
        [
            ask(largest(series("sdlc_retro_mentions_ratio", scope="$team"), "theme"), "{{theme}}"),
            ask(largest(series("sdlc_retro_mentions_samples", scope="$team")), "n"),
        ],
        unit="percentunit",
        none=NO_NOTES,
        width=12,
        step="1d",
        share=True,
        limit=threshold("ratio", "qa_named"),
        overrides=[*coloured(Theme), counted("n")],
    ),
    lines(
        "Notes that name a theme, 90 days",
        "Retrospective notes of 90 days that name each theme, of all teams, from counters; a note counts a theme at "
        "most once. Good is few of each; more teams that write notes raise all of them.",
        [ask(total(series("sdlc_retro_mentions_total", SEASON), "theme"), "{{theme}}")],
        unit="short",
        decimals=0,
        none=NO_NOTES,
        width=12,
        step="1d",
        overrides=coloured(Theme),
    ),
)

QA_REPOSITORIES = table(
    "With QA, by repository",
    "Share of the time with QA for which issues were blocked, by the stays that ended within the window, with the "
    "lower end of its 90% interval and n; hours that blockages took which ended within the window, from counters. "
    "28 days, unless series.repository_windows says otherwise. Good is a low share; below n of 30 it is an anecdote.",
    {"repository": "Repository"},
    {
        "Blocked": largest(chosen("sdlc_qa_blocked_ratio", window="$window"), "repository"),
        "At least": largest(chosen("sdlc_qa_blocked_ratio_lower", window="$window"), "repository"),
        "n": largest(chosen("sdlc_qa_blocked_samples", window="$window"), "repository"),
        "Hours blocked": f"{total(chosen('sdlc_qa_blocked_seconds_total', '$window'), 'repository')}\n/ {HOUR}",
    },
    none=NO_QA,
    sort="Blocked",
    overrides=[
        *(override(name, unit="percentunit", decimals=1) for name in ("Blocked", "At least")),
        override("Hours blocked", unit="suffix:h", decimals=0),
    ],
)
REPOSITORIES = table(
    "Escaped changes of the repositories",
    "Share of the changes whose outcome became known within the window that escaped, by repository and origin, with "
    "the ends of its 90% interval, and n. 28 days, unless series.repository_windows says otherwise. Good is a low "
    "share on a large n; below 30 it is an anecdote.",
    {"repository": "Repository", "origin": "Origin"},
    {
        "Escaped": of_each("escape_ratio"),
        "At least": of_each("escape_ratio_lower"),
        "At most": of_each("escape_ratio_upper"),
        "n": of_each("escape_window_samples"),
    },
    none=NO_OUTCOME,
    sort="Escaped",
    overrides=[override(name, unit="percentunit", decimals=1) for name in ("Escaped", "At least", "At most")],
)

DASHBOARD = Dashboard(
    uid="sdlc-quality",
    title="Quality",
    about="Do changes fail once they are out, who finds the defects, and does QA hold work up?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Do more changes escape?", ESCAPES),
        Row("Who finds the defects?", DEFECTS),
        Row("Does QA hold work up?", QA),
        Row("What do retrospectives name?", NAMED),
        Row("Which repository?", (REPOSITORIES, QA_REPOSITORIES)),
    ),
)
