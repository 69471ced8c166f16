"""Exact percentiles and ratios over the last 7, 28 and 90 days, per repository and per team."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exporter.catalogue import DAY, Group, Kind, Labels, Metric, Pool, Twin, metric, summary, twins
from exporter.measures.cycle import LEAD_TIME, STAGE
from exporter.measures.flow import COVERAGE_FACT
from exporter.measures.review import FIRST_REVIEW_FACT, READY_FACT, REVIEW_WAIT, REVIEWER_FACT

WINDOWS = {"7d": 7 * DAY, "28d": 28 * DAY, "90d": 90 * DAY}
PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9}

Gauges = Iterator[tuple[Twin, Labels, float]]


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


class Quantiles(NamedTuple):
    """The two rows of a summary by percentiles: seconds, and how many readings they rest on."""

    seconds: Twin
    samples: Twin


def quantiles(stem: str, what: str, labels: Labels) -> Quantiles:
    """Enter ``sdlc_X_window_seconds`` and ``sdlc_X_window_samples`` into the catalogue, per repository and per team."""
    return Quantiles(
        twins(
            f"{stem}_window_seconds",
            f"{what} within the window, exact percentiles from stored facts",
            "True quantiles where a few changes a day make histogram_quantile noise.",
            labels,
            after=("percentile",),
        ),
        twins(
            f"{stem}_window_samples",
            f"{what}: how many readings the percentiles of the window rest on",
            "A percentile of three changes is an anecdote; show n beside it.",
            labels,
        ),
    )


def quantiles_of(pool: Pool, metric: Metric, rows: Quantiles) -> Gauges:
    """The percentiles of a metric's readings, one set for each of its label sets that has any."""
    for labels, ordered in pool.values(metric).items():
        if ordered:
            yield rows.samples, (*labels, pool.window), len(ordered)
            for word, share in PERCENTILES.items():
                yield rows.seconds, (*labels, pool.window, word), percentile(ordered, share)


STAGE_WINDOW = quantiles("stage", "Time merged changes spent in a stage", ("origin", "stage"))
STAGE_MEAN = twins(
    "stage_window_mean_seconds",
    "Time merged changes spent in a stage within the window, arithmetic mean",
    "Means add up where medians do not: times their samples, over the samples of coding, they are the parts of "
    "the mean lead time.",
    ("origin", "stage"),
)
LEAD_TIME_WINDOW = quantiles("lead_time", "Lead time of changes that ended", ("origin", "until"))
REVIEW_WAIT_WINDOW = quantiles("review_wait", "Wait for the first review by a person", ("origin",))
REVIEW_LOAD = twins(
    "review_load_changes",
    "Changes that asked for review per active reviewer within the window; absent without an active reviewer",
    "Load per reviewer is what grows when code gets cheap and reviewers do not.",
)
ACTIVE_REVIEWERS = twins(
    "active_reviewers",
    "People who gave at least one review within the window",
    "The capacity of review, counted, never named.",
)
UTILISATION = twins(
    "review_utilisation_ratio",
    "Changes that asked for review divided by first reviews given within the window",
    "Above 1 more is asked for than given, and what is not merged without a review piles up.",
)
COVERAGE = metric(
    "sdlc_exporter_coverage_ratio",
    Kind.GAUGE,
    Group.EXPORTER,
    "Share of what the input was there for: of the changes merged in the last 28 days; tests: of first attempts of CI; "
    "flaky_tests: of the runs seen to be flaky; production: of the changes whose 30 days after the merge ended then; "
    "findings: of what scanners found, 30 days later.",
    why="Says how much of a number rests on data; below 0.8 verdicts are not drawn.",
    labels=("repository", "what"),
)


@summary(
    STAGE,
    asked=True,
    gives=(
        *STAGE_WINDOW,
        STAGE_MEAN,
    ),
)
def stages(pool: Pool) -> Gauges:
    """Percentiles and mean of the time in each stage."""
    yield from quantiles_of(pool, STAGE, STAGE_WINDOW)
    for labels, values in pool.values(STAGE).items():
        if values:
            yield STAGE_MEAN, (*labels, pool.window), sum(values) / len(values)


@summary(LEAD_TIME, gives=(*LEAD_TIME_WINDOW,))
def lead_times(pool: Pool) -> Gauges:
    """Percentiles of the lead time."""
    return quantiles_of(pool, LEAD_TIME, LEAD_TIME_WINDOW)


@summary(REVIEW_WAIT, gives=(*REVIEW_WAIT_WINDOW,))
def review_waits(pool: Pool) -> Gauges:
    """Percentiles of the wait for the first review."""
    return quantiles_of(pool, REVIEW_WAIT, REVIEW_WAIT_WINDOW)


@summary(
    READY_FACT,
    FIRST_REVIEW_FACT,
    REVIEWER_FACT,
    gives=(
        ACTIVE_REVIEWERS,
        REVIEW_LOAD,
        UTILISATION,
    ),
)
def capacity(pool: Pool) -> Gauges:
    """Load, active reviewers and utilisation (definitions 18)."""
    ready = sum(len(values) for values in pool.values(READY_FACT).values())
    first = sum(len(values) for values in pool.values(FIRST_REVIEW_FACT).values())
    active = sum(bool(values) for values in pool.values(REVIEWER_FACT).values())
    yield ACTIVE_REVIEWERS, (pool.window,), active
    if active:
        yield REVIEW_LOAD, (pool.window,), ready / active
    if ready or first:
        yield UTILISATION, (pool.window,), ready / max(first, 1)


@summary(COVERAGE_FACT, windows=("28d",), gives=(Twin(COVERAGE),))
def coverage(pool: Pool) -> Gauges:
    """The share of changes for which each kind of input was there; per repository only."""
    for labels, values in pool.values(COVERAGE_FACT).items():
        if values:
            yield Twin(COVERAGE), labels, sum(values) / len(values)
