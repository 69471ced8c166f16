"""What a test says was scraped is what promtool's rules see."""

import pytest

from tests.alerts.promtool import check, needs_promtool, scenario, told
from tests.alerts.scrapes import STATIC, Scrapes, input_series, lives, notation, turns

INFO = "sdlc_exporter_store_bytes"
DRIFT = 'sdlc_exporter_drift_total{metric="sdlc_change_lead_time_seconds"}'
VALUES = [None, None, 1, 1, 1, 2, 4, 6, 6, None, None, None, 0.25, 0.5, -3]


def test_values_are_written_as_runs():
    assert notation(VALUES) == "_ _x1 1+0x2 2+2x2 6 stale _x2 0.25+0.25x1 -3"


@needs_promtool
def test_promtool_reads_what_was_written(tmp_path):
    """At every step it has the value of that step, and nothing where there was nothing."""
    name = f'{INFO}{{instance="exporter:9517",job="sdlc"}}'
    test = scenario(
        [Scrapes({INFO: lambda time: VALUES[time // 60]})],
        step=60,
        length=60 * (len(VALUES) - 1),
        samples=[(60 * place, INFO, {} if value is None else {name: value}) for place, value in enumerate(VALUES)],
    )
    check(tmp_path, test)
    test["promql_expr_test"][2]["exp_samples"][0]["value"] = 2
    assert "exp: {" in told(tmp_path, test)


def test_only_counters_of_the_process_begin_at_zero_with_it():
    """A drift that rises by 2 an hour, and a store of 7 bytes; the second life begins after two hours."""
    page = {DRIFT: lambda time: time // 1800, INFO: 7}
    other = {**STATIC, "instance": "b"}
    written = input_series(lives(page, (STATIC, 0, 7200), (other, 7200, None)), 3600, 10800)
    labels = 'job="sdlc",metric="sdlc_change_lead_time_seconds"'
    assert [(each["series"], each["values"]) for each in written] == [
        (f'sdlc_exporter_drift_total{{instance="exporter:9517",{labels}}}', "0+2x1 stale _x1"),
        (f'{INFO}{{instance="exporter:9517",job="sdlc"}}', "7+0x1 stale _x1"),
        (f'sdlc_exporter_drift_total{{instance="b",{labels}}}', "_ _x1 0+2x1"),
        (f'{INFO}{{instance="b",job="sdlc"}}', "_ _x1 7+0x1"),
    ]


def test_a_series_turns_at_a_time():
    value = turns(100, 1, lambda time: time)
    assert [value(99), value(100), value(101)] == [1, 100, 101]


@pytest.mark.parametrize(
    "series", ["sdlc_no_such_metric", 'sdlc_exporter_store_bytes{a="b"}', "sdlc_exporter_drift_total"]
)
def test_what_the_exporter_does_not_show_is_refused(series):
    with pytest.raises(AssertionError):
        input_series([Scrapes({series: 1})], 60, 60)
