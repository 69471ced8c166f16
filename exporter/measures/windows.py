"""Exact percentiles and ratios over the last 7, 28 and 90 days, per repository and per team."""

from collections.abc import Sequence

from exporter.catalogue import DAY, Group, Kind, Metric, metric

WINDOWS = {"7d": 7 * DAY, "28d": 28 * DAY, "90d": 90 * DAY}
PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9}


def percentile(ordered: Sequence[int], share: float) -> float:
    """The value below which ``share`` of the ordered values lie, by linear interpolation (Hyndman and Fan, type 7).

    Source: Hyndman, Fan: Sample Quantiles in Statistical Packages, The American Statistician 50 (1996).

    Raises:
        ValueError: there are no values; an empty set has no percentiles.
    """
    if not ordered:
        raise ValueError("an empty set has no percentiles")
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _pair(stem: str, what: str, labels: tuple[str, ...]) -> dict[str, Metric]:
    rows = {}
    for place, prefix in (("repository", "sdlc_"), ("team", "sdlc_team_")):
        rows[f"{place}_seconds"] = metric(
            f"{prefix}{stem}_window_seconds",
            Kind.GAUGE,
            Group.WINDOWS,
            f"{what} within the window, exact percentiles from stored facts, per {place}.",
            why="True quantiles where a few changes a day make histogram_quantile noise.",
            labels=(place, *labels, "window", "percentile"),
        )
        rows[f"{place}_samples"] = metric(
            f"{prefix}{stem}_window_samples",
            Kind.GAUGE,
            Group.WINDOWS,
            f"{what}: how many readings the percentiles of the window rest on, per {place}.",
            why="A percentile of three changes is an anecdote; show n beside it.",
            labels=(place, *labels, "window"),
        )
    return rows


def _both(stem: str, text: str, why: str) -> dict[str, Metric]:
    return {
        place: metric(
            f"{prefix}{stem}",
            Kind.GAUGE,
            Group.WINDOWS,
            f"{text}, per {place}.",
            why=why,
            labels=(place, "window"),
        )
        for place, prefix in (("repository", "sdlc_"), ("team", "sdlc_team_"))
    }


STAGE_WINDOW = _pair("stage", "Time merged changes spent in a stage", ("origin", "stage"))
STAGE_MEAN = {
    place: metric(
        f"{prefix}stage_window_mean_seconds",
        Kind.GAUGE,
        Group.WINDOWS,
        f"Time merged changes spent in a stage within the window, arithmetic mean, per {place}.",
        why="Means add up where medians do not: times their samples, over the samples of coding, they are the parts of "
        "the mean lead time.",
        labels=(place, "origin", "stage", "window"),
    )
    for place, prefix in (("repository", "sdlc_"), ("team", "sdlc_team_"))
}
LEAD_TIME_WINDOW = _pair("lead_time", "Lead time of changes that ended", ("origin", "until"))
REVIEW_WAIT_WINDOW = _pair("review_wait", "Wait for the first review by a person", ("origin",))
REVIEW_LOAD = _both(
    "review_load_changes",
    "Changes that asked for review per active reviewer within the window; absent without an active reviewer",
    "Load per reviewer is what grows when code gets cheap and reviewers do not.",
)
ACTIVE_REVIEWERS = _both(
    "active_reviewers",
    "People who gave at least one review within the window",
    "The capacity of review, counted, never named.",
)
UTILISATION = _both(
    "review_utilisation_ratio",
    "Changes that asked for review divided by first reviews given within the window",
    "Above 1 more is asked for than given, and what is not merged without a review piles up.",
)
COVERAGE = metric(
    "sdlc_exporter_coverage_ratio",
    Kind.GAUGE,
    Group.EXPORTER,
    "Share of the changes merged in the last 28 days for which the input was there.",
    why="Says how much of a number rests on data; below 0.8 verdicts are not drawn.",
    labels=("repository", "what"),
)
