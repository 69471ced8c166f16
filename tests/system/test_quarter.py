"""The simulated quarter is one a Prometheus could have scraped: nothing falls, nothing leaps, everything has life."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.catalogue import DAY, HOUR, MINUTE, Kind, exported
from exporter.measures.suspects import SUSPECTS
from tests.quarter import END, Plan, Quarter, fill, shared
from tests.quarter.filling import PROMTOOL, stamped
from tests.quarter.happening import REWRITTEN, SHUT, SURGE
from tests.quarter.scraping import instants

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed"),
]

NOT_READ = {SUSPECTS.name}
"""Counters that only a stream tells of which the quarter does not follow: no forge of trees is simulated."""
COUNTERS = [row.name for row in exported() if row.kind is Kind.COUNTER and row.name not in NOT_READ] + [
    row.name + part for row in exported() if row.kind is Kind.HISTOGRAM for part in ("_bucket", "_count", "_sum")
]
LINE = re.compile(rb"((\w+)\{.*\}) (\S+) (\d+)\n")


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    with shared(tmp_path_factory) as found:
        yield found


def one(quarter: Quarter, query: str, at: int | None = None) -> float:
    """The value of a query that has one, at the quarter's end unless told otherwise."""
    ((_, value),) = quarter.ask(query, at)
    return value


# The text


class Text:
    """The written scrapes: each counter's series with their instants and values, in the order they were written."""

    def __init__(self, folder: Path) -> None:
        self.series: dict[bytes, list[tuple[int, float]]] = {}
        self.instants: dict[int, None] = {}
        for path in sorted(folder.glob("scrapes-*.txt")):
            with path.open("rb") as lines:
                for line in lines:
                    self._take(line)

    def _take(self, line: bytes) -> None:
        found = LINE.fullmatch(line)
        if found is None:
            assert line == b"# EOF\n"
            return
        self.instants[int(found[4])] = None
        if found[2].decode() in COUNTERS:
            self.series.setdefault(found[1], []).append((int(found[4]), float(found[3])))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """Three days, with all that goes wrong in a quarter."""
    folder = tmp_path_factory.mktemp("text") / "filled"
    fill(folder, Plan(begin=END - 3 * DAY, history=20 * DAY), keep=True)
    return Text(folder)


def test_no_counter_of_the_text_falls(text: Text) -> None:
    assert len(text.series) > 1000
    for name, samples in text.series.items():
        times, values = zip(*samples, strict=True)
        assert list(times) == sorted(set(times)), name
        assert list(values) == sorted(values), name


def test_what_comes_later_is_seen_at_zero_first(text: Text) -> None:
    """Of the exporter's own counters, requests and unknown words come into being by their first."""
    first = min(text.instants)
    later = {name: samples for name, samples in text.series.items() if samples[0][0] > first}
    own = {name for name in later if name.startswith(b"sdlc_exporter_")}
    assert {name.partition(b"{")[0] for name in own} <= {
        b"sdlc_exporter_api_requests_total",
        b"sdlc_exporter_unknown_words_total",
    }
    born = later.keys() - own
    assert len(born) > 20
    assert {later[name][0][1] for name in born} == {0}
    assert sum(later[name][-1][1] > 0 for name in born) > 10


def test_scrapes_come_closer_toward_the_end(text: Text) -> None:
    """Three days: one of two half days, 47 hours, and an hour of minutes; a poll that takes long may cost a scrape."""
    planned = list(instants(Plan(begin=END - 3 * DAY)))
    assert len(planned) == 2 + 47 + 60 + 1
    steps = [later - earlier for earlier, later in itertools.pairwise(planned)]
    assert steps == [12 * HOUR] * 2 + [HOUR] * 47 + [MINUTE] * 60
    assert planned[-1] == max(text.instants) == END
    assert 104 <= len(text.instants) <= 110
    quarterly = list(instants(Plan()))
    assert quarterly[1] - quarterly[0] == 12 * HOUR
    # 88 days of two scrapes, two less one hour of hours, the minutes, and the end
    assert len(quarterly) == 88 * 2 + (2 * 24 - 1) + 60 + 1


def test_every_sample_gets_the_target_and_the_instant() -> None:
    scrape = b'# HELP a b {c}\n# TYPE a gauge\na{x="y"} 1.0\nsdlc_exporter_store_bytes 2.0\n# EOF\n'
    assert stamped(scrape, 99).decode().splitlines() == [
        'up{instance="exporter:9517",job="sdlc"} 1.0 99',
        'a{instance="exporter:9517",job="sdlc",x="y"} 1.0 99',
        'sdlc_exporter_store_bytes{instance="exporter:9517",job="sdlc"} 2.0 99',
    ]


# Prometheus


def test_prometheus_has_every_scrape_and_sample(quarter: Quarter) -> None:
    assert (quarter.begin, quarter.end) == (END - 90 * DAY, END)
    assert one(quarter, "count_over_time(up[91d])") == quarter.filled.scrapes
    names = [labels["__name__"] for labels, _ in quarter.ask('count by (__name__) ({job="sdlc"})')]
    assert sum(one(quarter, f"sum(count_over_time({name}[91d]))") for name in names) == quarter.filled.samples


@pytest.mark.parametrize("name", COUNTERS)
def test_no_counter_falls_in_the_whole_quarter(quarter: Quarter, name: str) -> None:
    """A series that resets would make its increase too large."""
    assert quarter.ask(f"resets({name}[90d]) > 0") == []
    assert quarter.ask(f"count(count_over_time({name}[90d])) > 0")


def test_the_increase_of_the_quarter_is_what_the_ledger_grew_by(quarter: Quarter) -> None:
    """Prometheus extrapolates to a window's edge that is far by half the average time between two samples.

    Of 91 days the last sample is at one edge, and the first is a day from the other: 619 samples are 1 / 618 of their
    span apart, so up to 0.5 / 618 is added. To series that are born nothing is, since they are born at zero.
    """
    merged = "sum(sdlc_changes_merged_total)"
    grown = one(quarter, merged) - one(quarter, merged, quarter.begin)
    assert grown > 1000
    increase = one(quarter, "sum(increase(sdlc_changes_merged_total[91d]))")
    assert grown <= increase <= grown * (1 + 0.5 / (quarter.filled.scrapes - 1))


@pytest.mark.parametrize("window", ["1d", "7d", "28d", "12w"])
def test_every_window_of_a_business_counter_has_an_increase(quarter: Quarter, window: str) -> None:
    assert one(quarter, f"sum(increase(sdlc_changes_merged_total[{window}]))") > 5
    assert len(quarter.ask(f"sum by (repository) (increase(sdlc_changes_merged_total[{window}]))")) == 12


def test_at_the_end_the_exporter_has_rates_of_minutes(quarter: Quarter) -> None:
    """A poll a minute asks once at least."""
    assert one(quarter, "sum(rate(sdlc_exporter_api_requests_total[5m]))") >= 1 / MINUTE


def test_every_hour_of_the_quarter_has_an_answer(quarter: Quarter) -> None:
    ((_, values),) = quarter.ask_range("sum(sdlc_repository_info)", quarter.begin, quarter.end, HOUR)
    assert len(values) == 90 * 24 + 1
    assert {value for _, value in values} == {12}


def test_each_repository_has_its_team_and_one_has_none(quarter: Quarter) -> None:
    teams = {labels["repository"]: labels["team"] for labels, _ in quarter.ask("sdlc_repository_info")}
    alone = "acme/platform-search"
    assert teams.pop(alone) == "none"
    assert teams == {name: name.removeprefix("acme/").partition("-")[0] for name in teams}


def test_the_surge_makes_one_queue_grow(quarter: Quarter) -> None:
    """Thrice as long within three days; the flow of the week is beyond chance there, and not a week before."""
    waiting = f'sum(sdlc_review_queue_changes{{repository="{SURGE}",state=~"awaiting_.+"}})'
    assert one(quarter, waiting) > 3 * one(quarter, waiting, quarter.end - 3 * DAY)
    flow = 'sdlc_review_queue_flow_changes{direction="%s",window="7d"}'
    into, out = (f"sum by (repository) ({flow % word})" for word in ("in", "out"))
    grows = f"({into} - {out}) / sqrt({into} + {out} + 1) > 3"
    assert [labels["repository"] for labels, _ in quarter.ask(grows)] == [SURGE]
    assert quarter.ask(grows, quarter.end - 7 * DAY) == []


@pytest.mark.parametrize(
    ("query", "least"),
    [
        *(
            (f'sdlc_exporter_errors_total{{reason="{reason}"}}', 1)
            for reason in (
                "server_error", "timeout", "secondary_limited", "rate_limited", "bad_answer", "unreachable",
                "partial_answer", "not_found", "unauthorised",
            )
        ),
        *(
            (f'sdlc_exporter_polls_total{{stream="changes",result="{word}"}}', 1)
            for word in ("success", "partial", "failure")
        ),
        ("count(sdlc_exporter_api_requests_total)", 10),
        ('max_over_time(sdlc_exporter_repositories{state="failing"}[90d])', 1),
        # a few days at four scrapes a day
        ('count_over_time((sdlc_exporter_repositories{state="failing"} > 0)[90d:6h])', 8),
        *(
            (f'sdlc_exporter_polls_total{{stream="{stream}",result="success"}}', 100)
            for stream in ("runs", "deployments", "issues", "findings")
        ),
        ('sdlc_exporter_truncated_total{stream="changes"}', 1),
        ("sum(sdlc_exporter_unknown_words_total)", 1),
        ("sum(sdlc_exporter_late_observations_total)", 1),
        ("sum(sdlc_exporter_drift_total)", 1),
        ('sdlc_exporter_series_dropped_total{metric="sdlc_change_review_rounds"}', 1),
        ('sdlc_exporter_series_left_out{metric="sdlc_stage_window_mean_seconds"}', 1),
        ('sum(sdlc_change_review_rounds_count{repository="other"})', 1),
        (f'1 - sdlc_exporter_coverage_ratio{{repository="{REWRITTEN}",what="origin"}}', 0.1),
        ("stddev_over_time(sdlc_exporter_api_budget_remaining{resource='graphql'}[90d])", 100),
        ("changes(sdlc_exporter_api_budget_reset_timestamp_seconds{resource='graphql'}[2h])", 1),
        ('histogram_quantile(0.9, sum by (le) (rate(sdlc_exporter_poll_seconds_bucket[90d])))', 1),
        ("sum by (source) (sdlc_exporter_initial_load_complete)", 1),
        ("sdlc_exporter_state_persistent", 1),
        ("sdlc_exporter_config_last_reload_successful", 1),
    ],
)  # fmt: skip
def test_the_exporters_own_families_have_life(quarter: Quarter, query: str, least: float) -> None:
    assert one(quarter, query) >= least


def test_the_quarter_ends_in_good_health(quarter: Quarter) -> None:
    assert one(quarter, 'sdlc_exporter_repositories{state="ok"}') == 12
    # what is read beside the changes is polled every five minutes
    for stream, late in (
        ("changes", MINUTE),
        ("runs", 6 * MINUTE),
        ("deployments", 6 * MINUTE),
        ("issues", 6 * MINUTE),
        ("findings", 6 * MINUTE),
    ):
        age = f'time() - sdlc_exporter_last_success_timestamp_seconds{{stream="{stream}"}}'
        assert one(quarter, age) <= late, stream
    # the index may be five minutes behind
    assert one(quarter, 'time() - sdlc_exporter_watermark_timestamp_seconds{stream="changes"}') <= 6 * MINUTE
    assert one(quarter, 'sdlc_exporter_errors_total{reason="internal"}') == 0


def test_a_forbidden_repository_leaves_the_state_gauges_and_comes_back(quarter: Quarter) -> None:
    """Its counters stand still meanwhile, and then make up for it."""
    query = f'sum by (repository) (sdlc_review_queue_flow_changes{{repository="{SHUT}"}})'
    seen = {at for _, values in quarter.ask_range(query, quarter.begin, quarter.end, 6 * HOUR) for at, _ in values}
    everything = set(range(quarter.begin, quarter.end + 1, 6 * HOUR))
    # three days at least, less the one sample that an answer looks back for
    assert len(everything - seen) >= 11
    assert {quarter.begin, quarter.end} <= seen


def test_an_empty_or_a_wrong_query_is_told_apart(quarter: Quarter) -> None:
    assert quarter.ask("sdlc_no_such_metric") == []
    assert quarter.ask("1 + 1") == [({}, 2)]
    with pytest.raises(AssertionError, match="parse error"):
        quarter.ask("sum(")
