"""AI changes beside unmarked ones: what is found in them, and what becomes of them."""

from exporter.measures.quality import ISSUES
from exporter.model import Origin, Severity
from exporter.render.dashboards.panels import Panel, ask, coloured, dotted, lines, override, stat, table
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, series, share, smallest, threshold, total
from exporter.render.dashboards.shared import AI_SHARE, NOT_MERGED

NO_RATIO = "fewer than 30 changes on either side, or what tells of it is not read"
NO_FINDINGS = "no finding was counted in this window, or the stream findings is not read"
NOT_ENDED = "nothing was merged or abandoned in this window"
AI = (Origin.AGENTIC, Origin.ASSISTED)
TITLES = {
    "change_requests": ("Requests for changes", "people's requests for changes per reviewed change"),
    "review_remarks": (
        "Remarks in review",
        "people's reviews that ask or remark, per changed line",
    ),
    "first_ci_red": ("Red at first", "changes whose first head commit was red in CI at the first attempt"),
    "escape": ("Escapes", "changes that a revert, a fix or an incident names within 30 days of production"),
}


def ratio(issue: str, bound: str, **matchers: str) -> str:
    """How many times as often an issue occurs with AI changes."""
    return series("sdlc_ai_rate_ratio", scope="$team", issue=issue, bound=bound, **matchers)


def now(origin: Origin) -> Panel:
    """The largest lower bound of an origin's ratios."""
    found = largest(series("sdlc_ai_rate_ratio", scope="$team", origin=origin, bound="lower"))
    return stat(
        f"Gap at least, {origin}",
        f"The largest lower bound of the ratios below for {origin} changes, over 90 days: what chance does not "
        "explain. Red from the threshold ai_quality on; good is below 1.",
        [ask(found, origin, at_end=True)],
        unit="short",
        decimals=2,
        none=NO_RATIO,
        limit=threshold("ratio", "ai_quality"),
    )


def over_time(issue: str) -> Panel:
    """The ratio of an issue with its lower bound, by origin."""
    title, what = TITLES[issue]
    return lines(
        f"{title}, AI by unmarked",
        f"How many times as many {what}, with AI changes as with unmarked ones of the same repository and size, over "
        "90 days; dotted, the lower bound of the 90 % interval. 1 is alike, and only a lower bound above 1 rules out "
        "chance. Dashed is the threshold ai_quality. It compares, and tells no cause: other work goes to agents. Good "
        "is 1 or less.",
        [
            ask(largest(ratio(issue, "estimate"), "origin"), "{{origin}}"),
            ask(largest(ratio(issue, "lower"), "origin"), "{{origin}}, at least"),
        ],
        unit="short",
        decimals=2,
        none=NO_RATIO,
        width=6,
        step="6h",
        limit=threshold("ratio", "ai_quality"),
        overrides=[*coloured(AI), *dotted(AI, "at least")],
    )


NOW = (
    *(now(origin) for origin in AI),
    stat(
        "AI share of merges",
        "Share of the changes merged within the window that carry the marker of an AI tool, without bots and reverts. "
        "It shows adoption and has no good or bad.",
        [ask(AI_SHARE, "AI share", at_end=True)],
        unit="percentunit",
        decimals=0,
        none=NOT_MERGED,
    ),
    stat(
        "Accepted, agentic",
        "Changes of agents that were merged, by those merged or abandoned within the window. Good is as many as of "
        "unmarked changes.",
        [
            ask(
                largest(chosen("sdlc_team_acceptance_ratio", origin="agentic", window="$window")),
                "agentic",
                at_end=True,
            )
        ],
        unit="percentunit",
        decimals=0,
        none=NOT_ENDED,
    ),
    stat(
        "Accepted, assisted",
        "Changes with an AI marker that people opened and that were merged, by those merged or abandoned within the "
        "window. Good is as many as of unmarked changes.",
        [
            ask(
                largest(chosen("sdlc_team_acceptance_ratio", origin="assisted", window="$window")),
                "assisted",
                at_end=True,
            )
        ],
        unit="percentunit",
        decimals=0,
        none=NOT_ENDED,
    ),
    stat(
        "Accepted, unmarked",
        "Changes without an AI marker that were merged, by those merged or abandoned within the window. It is what the "
        "others are compared with, neither good nor bad.",
        [
            ask(
                largest(chosen("sdlc_team_acceptance_ratio", origin="unmarked", window="$window")),
                "unmarked",
                at_end=True,
            )
        ],
        unit="percentunit",
        decimals=0,
        none=NOT_ENDED,
    ),
)

SAMPLES = (
    table(
        "Ratios, their bounds and what they rest on",
        "One row per issue and origin, over 90 days: how many times as often it occurs as with unmarked changes of the "
        "same repository and size, the 90 % interval, and how many changes on either side have a counterpart. A ratio "
        "is absent with fewer than 30 on either side, an upper bound where no value is ruled out. Good is 1 or less.",
        {"issue": "Issue", "origin": "Origin"},
        {
            "Times": largest(series("sdlc_ai_rate_ratio", scope="$team", bound="estimate"), "issue", "origin"),
            "At least": largest(series("sdlc_ai_rate_ratio", scope="$team", bound="lower"), "issue", "origin"),
            "At most": largest(series("sdlc_ai_rate_ratio", scope="$team", bound="upper"), "issue", "origin"),
            "n AI": largest(series("sdlc_ai_rate_samples", scope="$team", arm="~agentic|assisted"), "issue", "origin"),
            "n unmarked": largest(series("sdlc_ai_rate_samples", scope="$team", arm="unmarked"), "issue", "origin"),
        },
        none=NO_RATIO,
        sort="At least",
        height=9,
        overrides=[override(name, decimals=2) for name in ("Times", "At least", "At most")],
    ),
)

KEPT = (
    lines(
        "Accepted changes, by origin",
        "Merged changes by those merged or abandoned within the window, by origin. A change is abandoned 14 days after "
        "it was closed, so that what was closed since is not in it yet. Good is AI changes that are thrown away no "
        "more often than others.",
        [ask(largest(chosen("sdlc_team_acceptance_ratio", window="$window"), "origin"), "{{origin}}")],
        unit="percentunit",
        none=NOT_ENDED,
        step="6h",
        share=True,
        overrides=coloured(Origin),
    ),
    lines(
        "What acceptance rests on",
        "Changes merged or abandoned within the window, by origin. Below 30 their share is an anecdote; it has no good "
        "or bad.",
        [ask(largest(chosen("sdlc_team_acceptance_samples", window="$window"), "origin"), "{{origin}}")],
        unit="short",
        decimals=0,
        none=NOT_ENDED,
        step="6h",
        overrides=coloured(Origin),
    ),
    table(
        "Acceptance in the repositories",
        "Merged changes by those merged or abandoned within 28 days, by repository and origin, with n. Good is AI "
        "changes that are thrown away no more often than unmarked ones of the same repository.",
        {"repository": "Repository", "origin": "Origin"},
        {
            "Accepted": largest(chosen("sdlc_acceptance_ratio", window="28d"), "repository", "origin"),
            "n": total(chosen("sdlc_acceptance_samples", window="28d"), "repository", "origin"),
        },
        none=NOT_ENDED,
        sort="Accepted",
        down=False,
        overrides=[override("Accepted", unit="percentunit", decimals=0)],
    ),
)

FINDINGS, MERGED = "sdlc_security_findings_total", "sdlc_changes_merged_total"
WEAKNESSES = (
    lines(
        "Findings per 100 merged changes",
        "What scanners found in merged changes, counted within the window, by a hundred changes merged within it, "
        "by origin, from counters. A finding counts 7 days after the merge (findings.counted_after), without false "
        "positives, so that a window's findings stand beside merges of a week later. Good is AI changes that bring no "
        "more than others; larger changes bring more.",
        [ask(f"100 *\n{share(chosen(FINDINGS, '$window'), chosen(MERGED, '$window'), 'origin')}", "{{origin}}")],
        unit="short",
        decimals=1,
        none=NO_FINDINGS,
        width=8,
        step="1d",
        overrides=coloured(Origin),
    ),
    lines(
        "Findings, per week, by severity",
        "Findings counted within 7 days, by the severity that the tool gives them, from counters; unknown where it "
        "grades nothing. Good is few, and none of the two grave ones.",
        [ask(total(chosen(FINDINGS, "7d"), "severity"), "{{severity}}")],
        unit="short",
        decimals=0,
        none=NO_FINDINGS,
        width=8,
        step="1d",
        stack="normal",
        overrides=coloured(Severity),
    ),
    lines(
        "Findings that are laid to a change",
        "Share of the findings of a month, thirty days later, for which a merged change could be named, in the "
        "repository where it is lowest. Dashed is the threshold coverage. Good is near 100%; what a scan by its timer "
        "finds can be laid to nobody.",
        [ask(smallest(chosen("sdlc_exporter_coverage_ratio", what="findings")), "lowest")],
        unit="percentunit",
        none=NO_FINDINGS,
        width=8,
        step="1d",
        share=True,
        limit=threshold("ratio", "coverage"),
    ),
    table(
        "Findings of the repositories",
        "Findings counted within the window by repository and origin, those among them that are critical or high, and "
        "the changes merged, from counters. Good is few for so many merges.",
        {"repository": "Repository", "origin": "Origin"},
        {
            "Findings": total(chosen(FINDINGS, "$window"), "repository", "origin"),
            "Critical, high": total(chosen(FINDINGS, "$window", severity="~critical|high"), "repository", "origin"),
            "Merged": total(chosen(MERGED, "$window"), "repository", "origin"),
        },
        none=NO_FINDINGS,
        sort="Findings",
        overrides=[override(name, decimals=0) for name in ("Findings", "Critical, high", "Merged")],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-ai",
    title="AI",
    about="Is more found in AI changes than in unmarked ones of like size, and are they kept?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Is there a gap?", NOW),
        Row("What is found in them?", tuple(over_time(issue.word) for issue in ISSUES)),
        Row("How sure is that?", SAMPLES),
        Row("Do they bring weaknesses?", WEAKNESSES),
        Row("Are they kept?", KEPT),
    ),
)
