"""Can the other pages be believed, and why is a panel empty?"""

from exporter.measures.exporter import RESULTS
from exporter.render.dashboards.panels import (
    BLUE,
    GREEN,
    RED,
    ask,
    coloured,
    gauges,
    heatmap,
    lines,
    link,
    override,
    stat,
    table,
    text,
    timeline,
)
from exporter.render.dashboards.rows import Dashboard, Row
from exporter.render.dashboards.series import largest, series, smallest, threshold, total
from exporter.store.base import RepositoryState

OF = {"source": "~$source"}
OWN = ("datasource", "job")
"""What this dashboard has of the filters of the others."""
LEFT = largest(series("sdlc_exporter_api_budget_remaining", **OF), "source", "resource")
LIMIT = largest(series("sdlc_exporter_api_budget_limit", **OF), "source", "resource")
LEDGER_START = smallest(series("sdlc_exporter_ledger_start_timestamp_seconds", **OF), "source")
NOT_SCRAPED = "no metrics of sdlc-exporter: is it scraped?"
NO_SOURCE = "no source was read yet"


def rate(name: str) -> str:
    """What of the chosen sources a counter gains per second."""
    return f"rate({series(name, **OF)}[$__rate_interval])"


def counted(name: str, what: str, *labels: str) -> str:
    """How often something odd happened, where it did, named in a label of its own."""
    of = OF if "source" in labels else {}
    return f'label_replace({largest(series(name, **of), *labels)} > 0, "what", "{what}", "", "")'


ODDITIES = "\nor\n".join(
    (
        counted("sdlc_exporter_truncated_total", "truncated", "source"),
        counted("sdlc_exporter_unknown_words_total", "unknown", "source", "field"),
        counted("sdlc_exporter_late_observations_total", "late", "metric"),
        counted("sdlc_exporter_drift_total", "drift", "metric"),
    )
)

EMPTY = text(
    "Why is a panel empty?",
    """
- **Nothing on any page:** Prometheus does not scrape the exporter, or the data source is another one.
- **No repository is loaded yet:** the first load still runs; a repository is shown once its history is whole.
- **Everything ends at some moment:** the source fails. Gauges freeze, and disappear after an hour.
- **Counters lag behind:** they wait until everything before is known, 6 to 7 minutes.
- **A line begins late:** counters begin when Prometheus first scraped. State and exact windows are right from the first
  day on.
- **Sums over 28 or 90 days are too low:** Prometheus keeps less than that (`--storage.tsdb.retention.time`).
- **No 7 or 90 days per repository:** only 28 are summarised; see `series.repository_windows`.
- **A repository is missing:** it is not selected, still loading, or may not be read. One without news for 90 days
  keeps its state alone.
- **Many repositories are one, `other`:** a metric reached its budget of series.
""",
    height=7,
)

STATE = (
    stat(
        "Exporter",
        "The version that Prometheus scrapes now. Good is one version; none means that nothing on any page is fresh.",
        [ask(largest(series("sdlc_exporter_build_info"), "version"), "{{version}}", at_end=True)],
        unit="short",
        none=NOT_SCRAPED,
        shows="name",
    ),
    stat(
        "First load",
        "Whether the history of every healthy repository is loaded, now, for each source. Good is complete; until then "
        "repositories appear one by one.",
        [ask(f"{smallest(series('sdlc_exporter_initial_load_complete', **OF), 'source')}", "{{source}}", at_end=True)],
        unit="short",
        none=NO_SOURCE,
        words={0: ("loading", "orange"), 1: ("complete", GREEN)},
    ),
    stat(
        "Last complete pass",
        "How long ago a source was last read completely, now; the oldest. Good is a minute or two; red from the "
        "threshold blind on.",
        [
            ask(
                f"time() - {smallest(series('sdlc_exporter_last_success_timestamp_seconds', **OF))}",
                "age",
                at_end=True,
            )
        ],
        unit="s",
        decimals=0,
        none=NO_SOURCE,
        limit=threshold("seconds", "blind"),
    ),
    stat(
        "Configuration",
        "Whether the last attempt to load the configuration worked, now. Good is in force; rejected means that the "
        "former one is still used and that a restart would fail.",
        [ask(smallest(series("sdlc_exporter_config_last_reload_successful")), "configuration", at_end=True)],
        unit="short",
        none=NOT_SCRAPED,
        words={0: ("rejected", RED), 1: ("in force", GREEN)},
    ),
    stat(
        "State",
        "Whether facts and counters outlive a restart, now. Good is kept; not kept means that every restart loads the "
        "whole history again.",
        [ask(smallest(series("sdlc_exporter_state_persistent")), "state", at_end=True)],
        unit="short",
        none=NOT_SCRAPED,
        words={0: ("not kept", "orange"), 1: ("kept", GREEN)},
    ),
    stat(
        "Configuration since",
        "How long ago the configuration in force was loaded. Good is since your last change to it.",
        [
            ask(
                f"time() - {largest(series('sdlc_exporter_config_last_reload_timestamp_seconds'))}",
                "loaded",
                at_end=True,
            )
        ],
        unit="s",
        decimals=0,
        none=NOT_SCRAPED,
    ),
)

BY_STREAM = ("source", "stream")
FRESHNESS = (
    lines(
        "Age of the last complete pass",
        "How long before each moment a stream had last been read completely, but for repositories that fail alone. "
        "Dashed is the threshold blind: above it SdlcSourceStale speaks. Good is a minute or two.",
        [
            ask(
                f"time() - {smallest(series('sdlc_exporter_last_success_timestamp_seconds', **OF), *BY_STREAM)}",
                "{{source}} ({{stream}})",
            )
        ],
        unit="s",
        none=NO_SOURCE,
        width=8,
        step="1m",
        limit=threshold("seconds", "blind"),
    ),
    lines(
        "Age of the data",
        "How long before each moment the watermark lay: everything older is counted. Dashed is the threshold blind: "
        "above it alerts that rest on this stream of the source are silent. Good is 6 to 7 minutes.",
        [
            ask(
                f"time() - {smallest(series('sdlc_exporter_watermark_timestamp_seconds', **OF), *BY_STREAM)}",
                "{{source}} ({{stream}})",
            )
        ],
        unit="s",
        none=NO_SOURCE,
        width=8,
        step="1m",
        limit=threshold("seconds", "blind"),
    ),
    lines(
        "Repositories, by state",
        "Repositories that are read without fault, still loading, failing, or gone, over time. Good is all of them ok; "
        "a failing one holds back only itself.",
        [ask(total(series("sdlc_exporter_repositories", **OF), "state"), "{{state}}")],
        unit="short",
        decimals=0,
        none=NO_SOURCE,
        width=8,
        step="1m",
        stack="normal",
        overrides=coloured(RepositoryState),
    ),
    lines(
        "Polls per minute, by how they ended",
        "Polls that ended well, partly or not at all, per minute. Good is success alone, about one a minute for each "
        "source.",
        [ask(f"60 * {total(rate('sdlc_exporter_polls_total'), 'result')}", "{{result}}")],
        unit="short",
        decimals=2,
        none=NO_SOURCE,
        width=8,
        step="1m",
        overrides=coloured(RESULTS),
    ),
    heatmap(
        "Duration of polls",
        "How long polls took, over time. Good is seconds. Long ones while a first load runs are normal: it makes way "
        "for polls after each request.",
        [
            ask(
                total(series("sdlc_exporter_poll_seconds_bucket", "$__rate_interval", **OF), "le"),
                "{{le}}",
                form="heatmap",
            )
        ],
        unit="s",
        none=NO_SOURCE,
        width=8,
        step="5m",
    ),
    lines(
        "Errors per hour, by reason",
        "Failures of requests and polls, per hour and by reason; the sentences are on the exporter's own page and in "
        "its log. Good is none. A few timeouts and server errors are the forge's, and retried.",
        [ask(f"3600 * {total(rate('sdlc_exporter_errors_total'), 'source', 'reason')} > 0", "{{source}}: {{reason}}")],
        unit="short",
        decimals=1,
        none="no error",
        width=8,
        step="1m",
        bars=True,
        stack="normal",
    ),
)

LIMITS = (
    lines(
        "Rate limit used up",
        "Share of each rate limit that is used up, by the exporter and by others with the same credential. Dashed is "
        "the threshold api_budget. Good is far below: the exporter itself needs a few per cent.",
        [ask(f"1 - {LEFT}\n/ ({LIMIT} > 0)", "{{source}} {{resource}}")],
        unit="percentunit",
        none="no source states a rate limit",
        width=8,
        step="1m",
        share=True,
        limit=f"1 - {threshold('ratio', 'api_budget')}",
    ),
    lines(
        "Requests per hour, by answer",
        "Requests to the sources' APIs, per hour and by status code; 000 got no answer. Good is 200 and few of them: "
        "about 60 an hour when little happens.",
        [ask(f"3600 * {total(rate('sdlc_exporter_api_requests_total'), 'code')}", "{{code}}")],
        unit="short",
        decimals=0,
        none="no request was sent",
        width=8,
        step="1m",
        stack="normal",
    ),
    table(
        "Rate limits",
        "Each rate limit of each source, now: what is left, of how much, and in how many minutes it is full again. "
        "Good is most of it left.",
        {"source": "Source", "resource": "Resource"},
        {
            "Left": LEFT,
            "Limit": LIMIT,
            "Full again in": "clamp_min("
            f"{largest(series('sdlc_exporter_api_budget_reset_timestamp_seconds', **OF), 'source', 'resource')}"
            " - time(), 0)",
        },
        none="no source states a rate limit",
        sort="Left",
        down=False,
        width=8,
        height=8,
        overrides=[
            override("Full again in", unit="s", decimals=0),
            *(override(n, unit="locale") for n in ("Left", "Limit")),
        ],
    ),
)

COMPLETE = (
    lines(
        "Coverage",
        "Mean share of the changes merged in the last 28 days for which the input was there: origin, their commits "
        "could be read; first_activity, one had a date to believe. Dashed is the threshold coverage. Good is 90% and "
        "more.",
        [ask(f"avg by (what) ({series('sdlc_exporter_coverage_ratio')})", "{{what}}")],
        unit="percentunit",
        none="nothing was merged in the last 28 days",
        width=8,
        share=True,
        limit=threshold("ratio", "coverage"),
    ),
    table(
        "Lowest coverage",
        "The twenty repositories for whose merged changes an input was missing most, over the last 28 days. Good is an "
        "empty table, or one near 100%.",
        {"repository": "Repository", "what": "Input"},
        {"Coverage": f"bottomk(20, {largest(series('sdlc_exporter_coverage_ratio'), 'repository', 'what')} < 1)"},
        none="no input is missing",
        sort="Coverage",
        down=False,
        width=8,
        height=8,
        overrides=[
            override("Coverage", unit="percentunit", decimals=0),
            override("Repository", links=link("This repository", "sdlc-repositories", "repository", filters=OWN)),
        ],
    ),
    table(
        "What is not as it should be",
        "Counts since the exporter started. Truncated: facts the source does not hand out. Unknown: words this version "
        "does not know. Late: readings whose date had passed. Drift: readings that disagreed with the ledger. Good is "
        "an empty table; late ones are normal in small numbers.",
        {"what": "What", "source": "Source", "metric": "Metric", "field": "Field"},
        {"Count": ODDITIES},
        none="nothing is odd",
        sort="Count",
        width=8,
        height=8,
        overrides=[override(name, custom__width=75) for name in ("What", "Source", "Field", "Count")],
    ),
)

COST = (
    gauges(
        "Series, by metric",
        "The fifteen metrics with the most series, now. Good is what `sdlc-exporter plan` foretold; the budget of a "
        "metric is 20,000 unless configured.",
        [ask(f"sort_desc(topk(15, {largest(series('sdlc_exporter_series'), 'metric')}))", "{{metric}}", at_end=True)],
        unit="short",
        decimals=0,
        none=NOT_SCRAPED,
        width=10,
        height=10,
    ),
    lines(
        "Series and state",
        "Series that the exporter exposes, all metrics together, and the size of its state database (right axis), over "
        "time. Good is series that grow with the repositories and not with the days, and about 3 kB for each change.",
        [
            ask(total(series("sdlc_exporter_series")), "series"),
            ask(total(series("sdlc_exporter_store_bytes")), "state"),
        ],
        unit="locale",
        decimals=0,
        none=NOT_SCRAPED,
        width=7,
        height=10,
        overrides=[override("state", unit="bytes", decimals=1, custom__axisPlacement="right")],
    ),
    table(
        "Series left out",
        "Label combinations beyond a metric's budget of series. Folded: of counters and histograms, counted under "
        "repository=other for good, and of gauges, since the exporter started. Missing: gauges that are left out now. "
        "Good is an empty table.",
        {"metric": "Metric"},
        {
            "Folded": f"{largest(series('sdlc_exporter_series_dropped_total'), 'metric')} > 0",
            "Missing": f"{largest(series('sdlc_exporter_series_left_out'), 'metric')} > 0",
        },
        none="nothing was left out",
        sort="Folded",
        width=7,
        overrides=[override(name, custom__width=75) for name in ("Folded", "Missing")],
    ),
)

SETTINGS = (
    table(
        "Thresholds",
        "The thresholds in force, which alerts compare with and panels draw; set under thresholds in the "
        "configuration. Seconds are shown as hours. Good is what your teams agreed on.",
        {"name": "Threshold"},
        {
            "Hours": f"{largest(series('sdlc_threshold_seconds'), 'name')} / 3600",
            "Ratio": largest(series("sdlc_threshold_ratio"), "name"),
            "Changes": largest(series("sdlc_threshold_changes"), "name"),
        },
        none=NOT_SCRAPED,
        sort="Threshold",
        down=False,
        width=8,
        height=9,
        overrides=[override(name, custom__width=80) for name in ("Hours", "Ratio", "Changes")],
    ),
    table(
        "Since when",
        "For how long each source is counted: nothing before is in any counter. Good is a ledger that begins before AI "
        "tools came, so that there is something to compare with.",
        {"source": "Source"},
        {
            "Ledger began": f"time() - {LEDGER_START}",
        },
        none=NO_SOURCE,
        sort="Source",
        down=False,
        width=8,
        height=9,
        overrides=[override("Ledger began", unit="s", decimals=0)],
    ),
    timeline(
        "Working hours",
        "When it is working time for each team, over time: waits in working time grow only then. Good is what the "
        "team's calendar says; set it under calendar in the configuration.",
        [ask(largest(series("sdlc_business_hours"), "team"), "{{team}}")],
        words={0: ("off", "#3a3a3a"), 1: ("at work", BLUE)},
        none=NOT_SCRAPED,
        width=8,
        height=9,
    ),
)

DASHBOARD = Dashboard(
    uid="sdlc-exporter",
    title="Exporter",
    about="Can the other pages be believed, and why is a panel empty?",
    variables=("datasource", "job", "source"),
    rows=(
        Row("Is it at work?", (*STATE, EMPTY)),
        Row("Is it fresh?", FRESHNESS),
        Row("Does it fit into the rate limits?", LIMITS),
        Row("Is anything missing?", COMPLETE),
        Row("What does it cost?", COST),
        Row("What is it set to?", SETTINGS),
    ),
    since="now-24h",
)
