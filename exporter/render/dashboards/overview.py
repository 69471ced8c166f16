"""Is work piling up, where, and is it AI work?"""

from exporter.catalogue import DAY, HOUR
from exporter.model import Origin, Stage
from exporter.render.dashboards.panels import (
    BASELINE,
    ask,
    baselines,
    coloured,
    counted,
    gauges,
    lines,
    link,
    override,
    stat,
    table,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, series, share, smallest, threshold, total
from exporter.render.dashboards.shared import (
    AI_SHARE,
    GROWTH,
    LONGEST,
    NOT_COUNTED,
    NOT_LOADED,
    NOT_MERGED,
    OPEN_CHANGES,
    PEOPLE,
    SAMPLES,
    TO_REPOSITORIES,
    WAITING,
    lead_time,
    stage,
    unreviewed,
)

MEAN, STAGE = "sdlc_team_stage_window_mean_seconds", "sdlc_change_stage_seconds"
A_DAY = "86400.0"
"""An upper bound of the histograms of times, as Prometheus writes it."""
LONG_STAGES = f"""\
1 - {total(series(f"{STAGE}_bucket", "$window", le=A_DAY, origin="~$origin"), "stage")}
/ ({total(series(f"{STAGE}_count", "$window", origin="~$origin"), "stage")} > 0)"""
LEAD_TIME = "sdlc_change_lead_time_seconds"
WITHIN_A_DAY = share(
    chosen(f"{LEAD_TIME}_bucket", "$window", until="merge", le=A_DAY),
    chosen(f"{LEAD_TIME}_count", "$window", until="merge"),
    "origin",
)


def hours_per_change(stage: str) -> str:
    """What a stage adds to the mean lead time of the merged changes, in hours."""
    found = {"stage": stage, "window": "$window"}
    return f"""\
{total(f"{chosen(MEAN, **found)} * {chosen(SAMPLES, **found)}")}
/ ({total(chosen(SAMPLES, stage="coding", window="$window"))} > 0)
/ {HOUR}"""


HEADLINES = (
    stat(
        "Waiting for review",
        "Changes that wait for a first review or for a re-review, now. Good is what the reviewers of a day or two can "
        "work off; what matters is whether it grows.",
        [ask(WAITING, "waiting", at_end=True)],
        unit="short",
        decimals=0,
        none=NOT_LOADED,
        links=TO_REPOSITORIES,
    ),
    stat(
        "Growth of the queue, 7 days",
        "Changes that began to wait for a review within the last 7 days, less those that stopped waiting. Good is "
        "around 0: as many go as come. What stays above 0 for weeks is gain from coding that review absorbs.",
        [ask(GROWTH, "growth", at_end=True)],
        unit="short",
        decimals=0,
        none=NOT_LOADED,
        links=TO_REPOSITORIES,
    ),
    LONGEST,
    stat(
        "AI share of merges",
        "Share of the changes merged within the window that carry the marker of an AI tool, without bots and reverts. "
        "It shows adoption and has no good or bad; a lower bound, since tools can be used without leaving a marker.",
        [ask(AI_SHARE, "AI share", at_end=True)],
        unit="percentunit",
        decimals=0,
        none=NOT_MERGED,
    ),
    stat(
        "Merged without review",
        "Share of the changes merged within the window that nobody but the author looked at. Red from the threshold "
        "unreviewed_merges on. Waits that fall while this rises are no improvement.",
        [ask(unreviewed("$window"), "unreviewed", at_end=True)],
        unit="percentunit",
        decimals=0,
        none=NOT_MERGED,
        limit=threshold("ratio", "unreviewed_merges"),
    ),
    stat(
        "Age of the data",
        "How long ago the time is up to which everything is counted, for the source that is furthest behind. Good is "
        "6 to 7 minutes; red from the threshold blind on: what is shown then is the past.",
        [ask(f"time() - {smallest(series('sdlc_exporter_watermark_timestamp_seconds'))}", "age", at_end=True)],
        unit="s",
        decimals=0,
        none="nothing was read yet: see SDLC / Exporter",
        limit=threshold("seconds", "blind"),
        links=link("How sources are read", "sdlc-exporter"),
    ),
)

TIME = (
    lines(
        "Hours per merged change, by stage",
        "Mean time that the changes merged within the window spent in each stage; with QA and the wait for deployment "
        "of those that came into production, the stages add up to the mean lead time. Exact from the first day on. "
        "Good is a stack that falls as coding does: stages that grow instead absorb what coding gained.",
        [ask(hours_per_change(each), each) for each in Stage],
        unit="suffix:h",
        none=NOT_MERGED,
        width=14,
        height=10,
        step="6h",
        stack="normal",
        overrides=coloured(Stage),
    ),
    table(
        "Medians of the stages",
        "Exact percentiles over the changes merged within the window, beside the median over 90 days as the own "
        "baseline. n is how many readings they rest on: below 30 they are anecdotes. Medians of stages do not add up. "
        "Good is a median at or below its baseline.",
        {"stage": "Stage", "origin": "Origin"},
        {
            "p50": stage("p50", "$window"),
            "p50, 90 d": stage("p50", "90d"),
            "p75": stage("p75", "$window"),
            "n": total(chosen(SAMPLES, window="$window"), "stage", "origin"),
        },
        none=NOT_MERGED,
        sort="Stage",
        down=False,
        width=10,
        overrides=[override(name, unit="s") for name in ("p50", "p50, 90 d", "p75")],
    ),
)

QUEUE = (
    OPEN_CHANGES,
    lines(
        "Into and out of the queue, per day",
        "Changes that began to wait for a review within a day (up) and that stopped waiting (down); the line is the "
        "growth over 7 days. Good is a line around 0. The bars come from counters and lack the first day.",
        [
            ask(total(chosen("sdlc_review_queue_entered_total", "1d", origin="~.+")), "began to wait"),
            ask(f"-{total(chosen('sdlc_review_queue_left_total', '1d', origin='~.+'))}", "stopped waiting"),
            ask(GROWTH, "growth in 7 days"),
        ],
        unit="short",
        decimals=0,
        none=NOT_LOADED,
        step="1d",
        bars=True,
        least=None,
        overrides=[override("growth in 7 days", custom__drawStyle="line", custom__lineWidth=2, custom__fillOpacity=0)],
    ),
)

AI_WORK = (
    lines(
        "Merged per week, by origin",
        "Changes merged within 7 days, by whether the marker of an AI tool was on them; unmarked does not say that a "
        "human wrote it. More merges are good only while lead time and review keep up.",
        [ask(total(chosen("sdlc_changes_merged_total", "7d"), "origin"), "{{origin}}")],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=9,
        step="1d",
        stack="normal",
        overrides=coloured(Origin),
    ),
    lines(
        "Shares of merges, by origin",
        "Shares of the changes merged within the window, by origin, without bots and reverts; exact from the first "
        "day on. It shows adoption and has no good or bad.",
        [ask(total(chosen(SAMPLES, stage="coding", window="$window"), "origin"), "{{origin}}")],
        unit="short",
        none=NOT_MERGED,
        width=9,
        step="6h",
        stack="percent",
        overrides=coloured(PEOPLE),
    ),
    gauges(
        "Merged, by AI tool",
        "Changes merged within the window that carry a tool's marker, by tool, from counters. Tools that leave no "
        "marker are not among them, so that these are no market shares, neither good nor bad.",
        [ask(f"sort_desc({total(chosen('sdlc_ai_changes_total', '$window'), 'tool')} > 0)", "{{tool}}", at_end=True)],
        unit="short",
        decimals=0,
        none="no marker counted yet",
        width=6,
    ),
)

SLOW = (
    lines(
        "More than a day in a stage",
        "Share of the changes merged within the window that spent more than 24 hours in a stage, by stage, of those "
        "that came into it. Of the whole organisation, from counters. Good is low and falling: these are the changes "
        "that people remember.",
        [ask(LONG_STAGES, "{{stage}}")],
        unit="percentunit",
        none=NOT_COUNTED,
        step="6h",
        share=True,
        overrides=coloured(Stage),
    ),
    lines(
        "Merged within a day of the first activity",
        "Share of the changes merged within the window whose lead time was 24 hours or less, by origin, from counters. "
        "Good is high, and rising if faster coding arrives at the merge.",
        [ask(WITHIN_A_DAY, "{{origin}}")],
        unit="percentunit",
        none=NOT_COUNTED,
        step="6h",
        share=True,
        overrides=coloured(PEOPLE),
    ),
)

OUTCOME = (
    lines(
        "Ready, merged and abandoned, per week",
        "Changes that passed each gate within 7 days. Good is merges that rise with the changes that become ready; "
        "a gap between the two is work that waits or is thrown away.",
        [
            ask(total(chosen("sdlc_changes_ready_total", "7d")), "ready"),
            ask(total(chosen("sdlc_changes_merged_total", "7d")), "merged"),
            ask(total(chosen("sdlc_changes_abandoned_total", "7d")), "abandoned"),
        ],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        step="6h",
    ),
    lines(
        "Lead time in days, median",
        "First activity to merge: exact median over the changes merged within the window, by origin; dotted, over 90 "
        "days, the own baseline. The grey area is n, what it rests on. Dashed is the threshold lead_time. Good is "
        "below it, and not above the baseline.",
        [
            ask(f"{lead_time('$window')} / {DAY}", "{{origin}}"),
            ask(f"{lead_time('90d')} / {DAY}", f"{{{{origin}}}}, {BASELINE}"),
            ask(total(chosen("sdlc_team_lead_time_window_samples", until="merge", window="$window")), "n"),
        ],
        unit="suffix:d",
        none=NOT_MERGED,
        step="6h",
        limit=f"{threshold('seconds', 'lead_time')} / {DAY}",
        overrides=[*coloured(PEOPLE), *baselines(PEOPLE), counted("n")],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-overview",
    title="Overview",
    about="Is work piling up, where, and is it AI work?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Is work piling up, and is it AI work?", HEADLINES),
        Row("Where does the time go?", (*TIME, *SLOW)),
        Row("The review queue and its flow", QUEUE),
        Row("How much of it is AI work?", AI_WORK),
        Row("What comes out?", OUTCOME),
    ),
)
