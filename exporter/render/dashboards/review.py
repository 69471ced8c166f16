"""Who waits for a review, for how long, and whether there is enough of it."""

from exporter.catalogue import DAY, HOUR
from exporter.model import Origin, QueueState
from exporter.render.dashboards.panels import (
    BASELINE,
    CONTEXT_LINES,
    ORANGE,
    Panel,
    ask,
    baselines,
    coloured,
    counted,
    gauges,
    heatmap,
    lines,
    link,
    override,
    stat,
    table,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import chosen, largest, mean, share, threshold, total
from exporter.render.dashboards.shared import (
    FLOW,
    LONGEST,
    LONGEST_WAIT,
    NOT_COUNTED,
    NOT_LOADED,
    NOT_MERGED,
    OPEN_CHANGES,
    PEOPLE,
    lead_time,
    unreviewed,
)

WAIT = "sdlc_change_review_wait_seconds"
GROWTH_EACH = f"""\
{largest(chosen(FLOW, direction="in", window="7d"), "repository")}
- {largest(chosen(FLOW, direction="out", window="7d"), "repository")}"""
NO_WAIT = "no first review in this window"
NO_PAIR = "fewer than 10 changes of either kind in this window"
WITHIN_A_DAY, WITHIN_A_MONTH = {"le": "86400.0"}, {"le": "2.592e+06"}
"""Upper bounds of the histogram of waits, as Prometheus writes them."""


GIVEN = chosen(f"{WAIT}_count", "$window")


def wait(percentile: str, window: str) -> str:
    """A percentile of the wait for a first review, by origin."""
    found = chosen("sdlc_team_review_wait_window_seconds", percentile=percentile, window=window)
    return largest(found, "origin")


def compared(origin: str) -> str:
    """The median wait of an origin's changes by that of the unmarked ones, where both rest on ten changes."""
    waits = "sdlc_team_review_wait_window_{}"
    one, other = (
        f"{largest(chosen(waits.format('seconds'), origin=each, percentile='p50', window='$window'))}\n"
        f"and {total(chosen(waits.format('samples'), origin=each, window='$window'))} >= 10"
        for each in (origin, Origin.UNMARKED)
    )
    return f"({one})\n/\n(({other}) > 0)"


def reviewing(window: str) -> str:
    """The median of the time from first review to final approval, by origin."""
    found = chosen("sdlc_team_stage_window_seconds", stage="review", percentile="p50", window=window)
    return largest(found, "origin")


REVIEWED = total(chosen("sdlc_team_stage_window_samples", stage="review", window="$window"), "origin")


def state(word: QueueState, title: str, about: str) -> Panel:
    """How many open changes are in a state."""
    return stat(
        title,
        about,
        [ask(total(chosen("sdlc_review_queue_changes", state=word)), "changes", at_end=True)],
        unit="short",
        decimals=0,
        none=NOT_LOADED,
    )


NOW = (
    state(
        QueueState.AWAITING_REVIEW,
        "Wait for a first review",
        "Open changes, now, that asked for a review and that no other person has reviewed. Good is a number that stays "
        "the same from week to week.",
    ),
    state(
        QueueState.AWAITING_REREVIEW,
        "Wait for a re-review",
        "Open changes, now, that were reviewed and answered by new commits, and wait for the reviewer again. Good is "
        "few: the reviewer knows them already.",
    ),
    state(
        QueueState.CHANGES_REQUESTED,
        "Wait for the author",
        "Open changes, now, in which a reviewer asked for changes and nothing was pushed since. Good is that they do "
        "not pile up: each will need another review.",
    ),
    state(
        QueueState.APPROVED,
        "Approved",
        "Open changes, now, that are approved and not merged. Good is near 0: nothing but the merge is missing.",
    ),
    LONGEST,
    stat(
        "Drafts",
        "Open changes, now, that are drafts and ask nobody for a review; agents park much work here. Good is that they "
        "do not grow without end: they will be asked for at once.",
        [ask(total(chosen("sdlc_draft_changes")), "drafts", at_end=True)],
        unit="short",
        decimals=0,
        none=NOT_LOADED,
    ),
    OPEN_CHANGES,
    lines(
        "Ages of the waiting changes, in days",
        "How long the changes that wait for a review have waited, over time and around the clock: median, 90th "
        "percentile and longest, each of the repository where it is largest. Good is days, and a flat line.",
        [
            ask(f"{largest(chosen('sdlc_review_queue_wait_seconds'), 'percentile')} / {DAY}", "{{percentile}}"),
            ask(f"{largest(chosen('sdlc_review_queue_oldest_wait_seconds'))} / {DAY}", "longest"),
        ],
        unit="suffix:d",
        none="no change waits for a review",
    ),
    lines(
        "Longest wait in working hours",
        "Hours of its team's working time that the longest-waiting change had waited, over time. Dashed is the "
        "threshold review_wait_business, which the alert compares with too. Good is below it.",
        [ask(LONGEST_WAIT, "longest wait")],
        unit="suffix:h",
        decimals=0,
        none=NOT_LOADED,
        limit=f"{threshold('seconds', 'review_wait_business')} / 3600",
    ),
    gauges(
        "Where queues grow",
        "The ten repositories whose queue grew most within the last 7 days: changes that began to wait less those that "
        "stopped. Good is none: then nothing is shown.",
        [ask(f"sort_desc(topk(10,\n{GROWTH_EACH} > 0))", "{{repository}}", at_end=True)],
        unit="short",
        decimals=0,
        none="no queue grew within 7 days",
        width=12,
        colour=ORANGE,
        links=link("Reviews of this repository", "sdlc-review", "repository", "__field.labels.repository"),
    ),
)

WAITS = (
    heatmap(
        "First reviews, by how long was waited for them",
        "First reviews by a person within each day, by the time from asking for a review until then. Good is dark "
        "cells at the bottom and empty ones at the top. What still waits is not in it: see the ages above.",
        [ask(total(chosen(f"{WAIT}_bucket", "1d"), "le"), "{{le}}", form="heatmap")],
        unit="s",
        none=NOT_COUNTED,
        width=9,
    ),
    lines(
        "Hours until a first review, median",
        "Exact median over the first reviews within the window, by origin; dotted, over 90 days, the own baseline. "
        "The grey area is n, what it rests on. Good is at or below the baseline. It knows only what was reviewed: a "
        "growing queue does not show here.",
        [
            ask(f"{wait('p50', '$window')} / {HOUR}", "{{origin}}"),
            ask(f"{wait('p50', '90d')} / {HOUR}", f"{{{{origin}}}}, {BASELINE}"),
            ask(total(chosen("sdlc_team_review_wait_window_samples", window="$window")), "n"),
        ],
        unit="suffix:h",
        none=NO_WAIT,
        width=9,
        step="6h",
        overrides=[*coloured(PEOPLE), *baselines(PEOPLE), counted("n")],
    ),
    lines(
        "Reviewed within a day",
        "Share of the first reviews within the window that came within 24 hours of asking for one, and of those that "
        "took more than 30 days, from counters. Good is nearly all of them, and none of them.",
        [
            ask(share(chosen(f"{WAIT}_bucket", "$window", **WITHIN_A_DAY), GIVEN), "within 24 h"),
            ask(f"1 - {share(chosen(f'{WAIT}_bucket', '$window', **WITHIN_A_MONTH), GIVEN)}", "over 30 d"),
        ],
        unit="percentunit",
        none=NOT_COUNTED,
        width=6,
        step="6h",
        share=True,
    ),
)

REVIEWERS = largest(chosen("sdlc_team_active_reviewers", window="$window"))

CAPACITY = (
    lines(
        "Reviews asked for, by reviews given",
        "Changes that asked for a first review divided by first reviews given, over the window. Above 1 more is asked "
        "for than given, and what is not merged without a review piles up. Dashed is the threshold review_utilisation. "
        "Good is 1 or a little less.",
        [ask(largest(chosen("sdlc_team_review_utilisation_ratio", window="$window")), "asked / given")],
        unit="short",
        decimals=2,
        none="no review was asked for or given in this window",
        width=8,
        step="6h",
        limit=threshold("ratio", "review_utilisation"),
    ),
    lines(
        "Reviewers, and changes for each",
        "People who gave at least one review within the window (right axis, counted and never named), and changes "
        "that asked for a review for each of them, where there are three or more. Good is a load that stays where it "
        "was before code got cheap.",
        [
            ask(
                f"{largest(chosen('sdlc_team_review_load_changes', window='$window'))}\nand {REVIEWERS} >= 3",
                "changes for each reviewer",
            ),
            ask(REVIEWERS, "reviewers"),
        ],
        unit="short",
        decimals=1,
        none="nobody reviewed in this window",
        width=8,
        step="6h",
        overrides=[counted("reviewers")],
    ),
    lines(
        "Reviews given per week",
        "Reviews submitted within 7 days, by people and by bots; bots' reviews count for nothing else. Good is "
        "people's reviews that rise with the changes that ask for one.",
        [ask(total(chosen("sdlc_reviews_total", "7d"), "reviewer"), "{{reviewer}}")],
        unit="short",
        decimals=0,
        none=NOT_COUNTED,
        width=8,
        step="1d",
        stack="normal",
        overrides=coloured(("human", "bot")),
    ),
)

SKIPPED = (
    lines(
        "Merged without review",
        "Share of the changes merged within the window that nobody but the author looked at; dotted, over 90 days, the "
        "own baseline. Dashed is the threshold unreviewed_merges. Good is low and flat: waits also fall when review is "
        "skipped.",
        [ask(unreviewed("$window"), "unreviewed"), ask(unreviewed("90d"), f"unreviewed, {BASELINE}")],
        unit="percentunit",
        none=NOT_MERGED,
        width=8,
        step="6h",
        share=True,
        limit=threshold("ratio", "unreviewed_merges"),
        overrides=baselines(["unreviewed"]),
    ),
    lines(
        "What ended waits",
        "Waits for a review that ended within 7 days, by what ended them, as shares. Good is review. A queue that "
        "drains by merges or closing is not being reviewed.",
        [ask(total(chosen("sdlc_review_queue_left_total", "7d"), "by"), "{{by}}")],
        unit="short",
        none=NOT_COUNTED,
        width=8,
        step="1d",
        stack="percent",
        overrides=coloured(("review", "merge", "close", "draft")),
    ),
    lines(
        "Rounds of review",
        "Mean number of times that a reviewed change merged within the window went round: changes requested, new "
        "commits, reviewed again. By origin, from counters. Good is low; reviewers pay for each round.",
        [ask(mean("sdlc_change_review_rounds", "$window", "origin"), "{{origin}}")],
        unit="short",
        decimals=2,
        none=NOT_COUNTED,
        width=8,
        step="6h",
        overrides=coloured(PEOPLE),
    ),
)


def everywhere(name: str) -> str:
    """What a counter of the team's changes gained in the window, whatever repository is chosen, by origin."""
    return total(chosen(name, "$window", repository="~.+"), "origin")


MERGED, ABANDONED = everywhere("sdlc_changes_merged_total"), everywhere("sdlc_changes_abandoned_total")
# All of an origin's changes may have been merged, or all abandoned.
ALL_MERGED = f"({MERGED} or {ABANDONED} * 0)"
ACCEPTED = f"{ALL_MERGED}\n/\n({ALL_MERGED} + ({ABANDONED} or {MERGED} * 0) > 0)"
SIZE = f"""\
histogram_quantile(0.5, {total(chosen("sdlc_change_size_lines_bucket", "$window", repository="~.+"), "origin", "le")})
and on (origin) {everywhere("sdlc_change_size_lines_count")} >= 5"""
REQUESTED = share(
    chosen("sdlc_reviews_total", "$window", repository="~.+", reviewer="human", verdict="changes_requested"),
    chosen("sdlc_reviews_total", "$window", repository="~.+", reviewer="human"),
    "origin",
)

SIDE_BY_SIDE = (
    table(
        "Agentic, assisted and unmarked, side by side",
        "Over the window, by origin. Wait (for a first review) and lead (time to merge) are exact percentiles with n, "
        "their readings, beside them: below 30 they are anecdotes. The other columns come from counters; requested is "
        "the share of people's reviews that asked for changes. Different work goes to agents: a comparison, no cause. "
        "Good is AI changes that are no worse than unmarked ones.",
        {"origin": "Origin"},
        {
            "Opened": everywhere("sdlc_changes_opened_total"),
            "Merged": MERGED,
            "Abandoned": ABANDONED,
            "Accepted": ACCEPTED,
            "Wait p50": wait("p50", "$window"),
            "Wait p75": wait("p75", "$window"),
            "n waits": total(chosen("sdlc_team_review_wait_window_samples", window="$window"), "origin"),
            "Lead p50": lead_time("$window"),
            "n leads": total(chosen("sdlc_team_lead_time_window_samples", until="merge", window="$window"), "origin"),
            "Requested": REQUESTED,
            "Rounds": mean("sdlc_change_review_rounds", "$window", "origin", repository="~.+"),
            "Lines p50": SIZE,
        },
        none="nothing happened in this window",
        sort="Origin",
        down=False,
        height=7,
        overrides=[
            *(override(name, unit="s") for name in ("Wait p50", "Wait p75", "Lead p50")),
            *(override(name, unit="percentunit", decimals=0) for name in ("Accepted", "Requested")),
            *(override(name, decimals=0) for name in ("Opened", "Merged", "Abandoned", "Lines p50")),
            override("Rounds", decimals=2),
        ],
    ),
    lines(
        "Wait of AI changes, by that of unmarked ones",
        "Median wait for a first review over the window, divided by that of unmarked changes, where each rests on ten "
        "or more. 1 is alike; good is near 1. Dashed is the threshold agentic_wait. Dotted, for context and no "
        "target: in LinearB's 2026 benchmark report of 8.1 million pull requests agentic changes waited 5.3 times and "
        "assisted ones 2.47 times as long for pickup.",
        [
            ask(compared("agentic"), "agentic"),
            ask(compared("assisted"), "assisted"),
            ask("vector(5.3)", "LinearB 2026: agentic 5.3"),
            ask("vector(2.47)", "LinearB 2026: assisted 2.47"),
        ],
        unit="short",
        decimals=1,
        none=NO_PAIR,
        width=8,
        step="6h",
        limit=threshold("ratio", "agentic_wait"),
        overrides=[*coloured(("agentic", "assisted")), CONTEXT_LINES],
    ),
    lines(
        "Accepted changes",
        "Merged changes by those merged or abandoned, within the window, by origin, from counters. Good is AI changes "
        "that are thrown away no more often than others. Dotted, for context and no target: LinearB's 2026 benchmark "
        "report has 32.7% of AI pull requests merged, and 84.4% of the others.",
        [
            ask(ACCEPTED, "{{origin}}"),
            ask("vector(0.327)", "LinearB 2026: AI 32.7%"),
            ask("vector(0.844)", "LinearB 2026: others 84.4%"),
        ],
        unit="percentunit",
        none=NOT_COUNTED,
        width=8,
        step="6h",
        share=True,
        overrides=[*coloured(Origin), CONTEXT_LINES],
    ),
    lines(
        "Time in review, by the own 90 days",
        "Median time from first review to final approval over the window, divided by that of the last 90 days, by "
        "origin, where it rests on ten changes or more: the own baseline is 1, and good is 1 or less. Dotted, for "
        "context and no target: Faros' 2025 AI productivity report has review time 91% up where AI is used much.",
        [
            ask(f"{reviewing('$window')}\n/ ({reviewing('90d')} > 0)\nand {REVIEWED} >= 10", "{{origin}}"),
            ask("vector(1.91)", "Faros 2025: 1.91"),
        ],
        unit="short",
        decimals=2,
        none=NOT_MERGED,
        width=8,
        step="6h",
        overrides=[*coloured(PEOPLE), CONTEXT_LINES],
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-review",
    title="Review",
    about="Who waits for a review, for how long, and is there enough of it?",
    variables=("datasource", "job", "team", "repository", "origin", "window"),
    rows=(
        Row("Who waits, and since when?", NOW),
        Row("How long until a person looks?", WAITS),
        Row("Is there enough review?", CAPACITY),
        Row("Is review skipped, or gone through again and again?", SKIPPED),
        Row("Agentic, assisted and unmarked changes", SIDE_BY_SIDE),
    ),
)
