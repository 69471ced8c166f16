"""Numbers, words and panels that more than one dashboard has."""

from exporter.model import Origin, QueueState
from exporter.render.dashboards.panels import Panel, ask, coloured, lines, link, stat
from exporter.render.dashboards.series import chosen, largest, share, threshold, total

NOT_LOADED = "no repository is loaded yet"
NOT_MERGED = "nothing was merged in this window"
NOT_COUNTED = "nothing counted yet: counters begin with the first scrape"
PEOPLE = tuple(each for each in Origin if each is not Origin.BOT)
"""The origins that statistics of stages have."""

FLOW, SAMPLES = "sdlc_review_queue_flow_changes", "sdlc_team_stage_window_samples"
WAITING = total(chosen("sdlc_review_queue_changes", state="~awaiting_.+"))
GROWTH = f"""\
{total(chosen(FLOW, direction="in", window="7d"))}
- {total(chosen(FLOW, direction="out", window="7d"))}"""
LONGEST_WAIT = f"{largest(chosen('sdlc_review_queue_oldest_wait_business_seconds'))} / 3600"
# Every merged change was in coding, so that the readings of coding are the merged changes.
AI_SHARE = share(
    chosen(SAMPLES, stage="coding", window="$window", origin="~agentic|assisted"),
    chosen(SAMPLES, stage="coding", window="$window", origin="~.+"),
)


def stage(percentile: str, window: str) -> str:
    """A percentile of every stage, by origin."""
    return largest(chosen("sdlc_team_stage_window_seconds", percentile=percentile, window=window), "stage", "origin")


def lead_time(window: str) -> str:
    """The median lead time, by origin."""
    found = chosen("sdlc_team_lead_time_window_seconds", until="merge", percentile="p50", window=window)
    return largest(found, "origin")


def unreviewed(window: str) -> str:
    """Which share of the merged changes nobody but the author looked at."""
    return share(chosen(SAMPLES, stage="unreviewed", window=window), chosen(SAMPLES, stage="coding", window=window))


def number(title: str, about: str, query: str, *, unit: str, none: str, decimals: int = 0, limit: str = "") -> Panel:
    """One number, now."""
    return stat(
        title, about, [ask(query, title.lower(), at_end=True)], unit=unit, none=none, decimals=decimals, limit=limit
    )


TO_REPOSITORIES = link("Which repository?", "sdlc-repositories")
LONGEST = stat(
    "Longest wait, work time",
    "Hours of its team's working time that the longest-waiting change has waited for a review, now. Red from the "
    "threshold review_wait_business on; good is well below it.",
    [ask(LONGEST_WAIT, "longest wait", at_end=True)],
    unit="suffix:h",
    decimals=0,
    none=NOT_LOADED,
    limit=f"{threshold('seconds', 'review_wait_business')} / 3600",
    links=TO_REPOSITORIES,
)
OPEN_CHANGES = lines(
    "Open changes, by where they stand in review",
    "Open changes that are no drafts, by state, over time. Orange waits for reviewers, red for authors, green for the "
    "merge. Good is an orange band that is as wide each week as the week before.",
    [ask(total(chosen("sdlc_review_queue_changes"), "state"), "{{state}}")],
    unit="short",
    decimals=0,
    none=NOT_LOADED,
    stack="normal",
    overrides=coloured(QueueState),
)
