"""The rows of the exporter's own metrics; the runtime feeds them."""

from exporter.catalogue import Group, Kind, Metric, metric


def _gauge(name: str, text: str, *labels: str, why: str = "") -> Metric:
    return metric(f"sdlc_exporter_{name}", Kind.GAUGE, Group.EXPORTER, text, labels=labels, why=why)


def _counter(name: str, text: str, *labels: str, why: str = "") -> Metric:
    return metric(f"sdlc_exporter_{name}_total", Kind.COUNTER, Group.EXPORTER, text, labels=labels, why=why)


BUILD_INFO = _gauge("build_info", "1, with the version of the exporter and of Python.", "version", "python")
POLL_SECONDS = metric(
    "sdlc_exporter_poll_seconds",
    Kind.HISTOGRAM,
    Group.EXPORTER,
    "Duration of a poll of a source's stream, successful or not.",
    labels=("source", "stream"),
    bounds=(0.1, 0.5, 1, 5, 15, 60, 300),
)
RESULTS = ("success", "partial", "failure")
"""How a poll ends."""
POLLS = _counter("polls", "Polls by how they ended: success, partial or failure.", "source", "stream", "result")
ERRORS = _counter(
    "errors",
    "Failures by reason.",
    "source",
    "reason",
    why="The reason is a closed word; the status page and the log have the sentence.",
)
LAST_SUCCESS = _gauge(
    "last_success_timestamp_seconds",
    "End of the last complete pass, the oldest over the repositories that do not fail, and over all where all do; "
    "before any, when the source was first seen.",
    "source",
    "stream",
    why="An old one means that the source is not read at all: blind, not fine.",
)
WATERMARK = _gauge(
    "watermark_timestamp_seconds",
    "Everything that happened up to this time is counted; the oldest over the healthy repositories.",
    "source",
    "stream",
    why="Alerts about reviews are silent where it is old.",
)
INITIAL_LOAD = _gauge(
    "initial_load_complete", "1 once the history of every healthy repository is loaded, else 0.", "source"
)
REPOSITORIES = _gauge("repositories", "Repositories by state: ok, loading, failing or gone.", "source", "state")
LEDGER_START = _gauge("ledger_start_timestamp_seconds", "Nothing that happened before this time is counted.", "source")
API_REQUESTS = _counter(
    "api_requests", "Requests to the source's API by kind and status code (000: no answer).", "source", "kind", "code"
)
BUDGET_REMAINING = _gauge("api_budget_remaining", "What is left of a rate limit.", "source", "resource")
BUDGET_LIMIT = _gauge("api_budget_limit", "The rate limit. Absent: the server states none.", "source", "resource")
BUDGET_RESET = _gauge("api_budget_reset_timestamp_seconds", "When the rate limit is full again.", "source", "resource")
TRUNCATED = _counter(
    "truncated", "Facts the source has and does not hand out.", "source", "stream", why="Numbers are low by as much."
)
UNKNOWN_WORDS = _counter(
    "unknown_words", "Words of the source's API that this version does not know.", "source", "field"
)
DRIFT = _counter(
    "drift",
    "Readings that disagreed with the ledger; the ledger was kept.",
    "metric",
    why="Above zero: the past was rewritten at the source, or there is a fault in a measure.",
)
LATE = _counter("late_observations", "Readings whose date had already passed when their facts arrived.", "metric")
SERIES = _gauge("series", "Series exported per metric.", "metric")
SERIES_LEFT_OUT = _gauge(
    "series_left_out",
    "Label combinations of a gauge that are not shown now because the budget is full.",
    "metric",
    why="What is left out of the queue's gauges can alarm nobody.",
)
SERIES_DROPPED = _counter(
    "series_dropped", "Label combinations folded or dropped because the budget was full.", "metric"
)
RELOAD_SUCCESSFUL = _gauge(
    "config_last_reload_successful", "1 if the last attempt to load the configuration worked, else 0."
)
RELOAD_TIME = _gauge("config_last_reload_timestamp_seconds", "When the configuration in force was loaded.")
STORE_BYTES = _gauge("store_bytes", "Size of the state database.")
STATE_PERSISTENT = _gauge("state_persistent", "1 when the state survives a restart, else 0.")
