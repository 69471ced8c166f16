"""Every panel's queries, as Grafana would send them, against a real Prometheus: with a quarter in it, and with nothing.

With data every query answers, every value is a number, and every label that a legend or column names is there. On an
exporter that has read nothing no query is an error, and every panel has words for it.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exporter.catalogue import DAY, HOUR, MINUTE
from exporter.render.dashboards.files import files
from exporter.render.dashboards.panels import CONTEXT
from tests.double import World, serve
from tests.quarter import Quarter
from tests.system.processes import configuration, running, until
from tests.system.test_prometheus import PROMETHEUS, PROMTOOL, Prometheus, prometheus

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="prometheus and promtool are not installed"),
]

EVERYTHING = {
    "job": ".+", "team": "all", "repository": ".+", "origin": ".+", "source": ".+", "window": "28d",
    "__rate_interval": "1h",
}  # fmt: skip
CHOICES = {
    "a team": {"team": "web"},
    "a repository": {"repository": "acme/pay-api"},
    "two origins": {"origin": "(agentic|unmarked)"},
    "a week": {"window": "7d"},
    "a quarter": {"window": "90d"},
}
"""What else a reader may choose."""
SPANS = {"m": MINUTE, "h": HOUR, "d": DAY}


class Query(NamedTuple):
    """One query of a panel."""

    dashboard: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    def expr(self, **chosen: str) -> str:
        """The expression with its variables replaced."""
        values = EVERYTHING | chosen
        return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], self.target["expr"])

    @property
    def labels(self) -> set[str]:
        """The labels that its legend, or the table's columns, take from it."""
        if self.target["format"] == "table":
            steps = [each["options"] for each in self.panel["transformations"]]
            renamed = next(each["renameByName"] for each in steps if "renameByName" in each)
            return {name for name in renamed if not name.startswith("Value")}
        return set(re.findall(r"{{(\w+)}}", self.target.get("legendFormat", "")))

    @property
    def context(self) -> bool:
        """Whether it is a figure of the industry, which is there whatever the exporter has."""
        return self.target.get("legendFormat", "").startswith(CONTEXT)

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel['title']}: {self.target['refId']}"


NOT_SIMULATED = {"sdlc-code.json"}
"""Dashboards of what the quarter has not: it clones no repository."""


def queries() -> Iterator[Query]:
    for name, text in files().items():
        if name in NOT_SIMULATED:
            continue
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", ()):
                yield Query(name.removesuffix(".json"), panel, target)


UNTOLD = {
    "sdlc-releases: Groundwork: C": "nothing in its CI is called an analysis",
}
"""Queries that the quarter cannot have anything for, and why."""
QUERIES = list(queries())
TOLD = [each for each in QUERIES if str(each) not in UNTOLD]
OVER_TIME = [each for each in TOLD if each.target["range"]]


def test_there_are_queries_of_all_kinds() -> None:
    kinds = {(each.panel["type"], each.target["format"], each.target["instant"]) for each in QUERIES}
    assert kinds >= {
        ("stat", "time_series", True),
        ("timeseries", "time_series", False),
        ("heatmap", "heatmap", False),
        ("table", "table", True),
        ("bargauge", "time_series", True),
        ("state-timeline", "time_series", False),
    }
    assert len(QUERIES) > 100


def test_what_the_quarter_does_not_tell_has_no_answer(quarter: Quarter) -> None:
    """A reason that no longer holds is taken away."""
    untold = [each for each in QUERIES if each not in TOLD]
    assert {str(each) for each in untold} == UNTOLD.keys()
    assert [str(each) for each in untold if quarter.ask(each.expr())] == []


@pytest.mark.parametrize("query", TOLD, ids=str)
def test_a_query_answers_with_numbers_and_the_labels_it_is_shown_by(quarter: Quarter, query: Query) -> None:
    """Of a table each query may lack some columns' labels, which another query brings."""
    rows = quarter.ask(query.expr())
    assert rows
    assert all(math.isfinite(value) for _, value in rows), rows
    if query.target["format"] != "table":
        assert all(query.labels <= labels.keys() for labels, _ in rows), rows[0]


@pytest.mark.parametrize("query", OVER_TIME, ids=str)
def test_a_query_over_time_answers_through_the_quarter_with_numbers(quarter: Quarter, query: Query) -> None:
    """In steps of the panel's own, and at most of six hours, over the last month."""
    step = min(6 * HOUR, int(query.panel["interval"][:-1]) * SPANS[query.panel["interval"][-1]])
    rows = quarter.ask_range(query.expr(__rate_interval="1d"), quarter.end - 30 * DAY, quarter.end, max(step, HOUR))
    assert rows
    assert all(math.isfinite(value) for _, samples in rows for _, value in samples)


@pytest.mark.parametrize("query", [each for each in TOLD if each.target["format"] == "table"], ids=str)
def test_the_columns_of_a_table_are_labels_that_its_queries_bring(quarter: Quarter, query: Query) -> None:
    """All queries of a panel together bring each, and the first one the names of the rows."""
    panel = [each for each in QUERIES if each.panel is query.panel]
    brought = {label for each in panel for labels, _ in quarter.ask(each.expr()) for label in labels}
    assert query.labels <= brought


@pytest.mark.parametrize("choice", CHOICES)
def test_whatever_is_chosen_no_query_fails_and_no_value_is_no_number(quarter: Quarter, choice: str) -> None:
    answered = 0
    for query in TOLD:
        rows = quarter.ask(query.expr(**CHOICES[choice]))
        assert all(math.isfinite(value) for _, value in rows), (str(query), rows)
        answered += bool(rows)
    assert answered > 0.8 * len(TOLD)


def test_a_chosen_team_and_repository_narrow_what_is_counted(quarter: Quarter) -> None:
    """The changes that wait: all of them, those of one team, and those of one of its repositories, are ever fewer."""
    waiting = next(each for each in QUERIES if each.panel["title"] == "Waiting for review")
    chosen = ({}, {"team": "web"}, {"team": "web", "repository": "acme/web-mobile"})
    counts = [quarter.ask(waiting.expr(**each))[0][1] for each in chosen]
    assert counts[0] > counts[1] > counts[2] > 0
    plain = 'sum(sdlc_review_queue_changes{repository=~"acme/web-.+",state=~"awaiting_.+"})'
    assert counts[1] == quarter.ask(plain)[0][1]


def test_hours_by_stage_add_up_to_the_mean_lead_time(quarter: Quarter) -> None:
    """The mean of the lead times that were counted in the window is near the stack, which is exact.

    They differ by what the window's ends cut off differently: an increase is over what was scraped. QA (in this
    quarter) and the wait for deployment come after the merge.
    """
    whole = [each for each in QUERIES if each.panel["title"] == "Hours per merged change, by stage"]
    stack = [each for each in whole if each.target["legendFormat"] not in ("qa", "deploy_wait")]
    assert (len(whole), len(stack)) == (7, 5)
    hours = sum(quarter.ask(each.expr())[0][1] for each in stack)
    sums, counts = (
        f'sum(increase(sdlc_change_lead_time_seconds_{part}{{until="merge"}}[28d]))' for part in ("sum", "count")
    )
    assert hours == pytest.approx(quarter.ask(f"{sums} / {counts}")[0][1] / HOUR, rel=0.03)


@pytest.mark.parametrize(
    ("query", "label", "expected"),
    [
        ("sdlc_exporter_build_info", "job", {"sdlc"}),
        ("sdlc_team_repository_info", "team", {"all", "data", "none", "pay", "platform", "web"}),
        (
            'sdlc_team_repository_info{team="pay"}',
            "repository",
            {"acme/pay-api", "acme/pay-checkout", "acme/pay-ledger"},
        ),
        ("sdlc_exporter_repositories", "source", {"acme"}),
    ],
)
def test_variables_offer_what_there_is(quarter: Quarter, query: str, label: str, expected: set[str]) -> None:
    assert {labels[label] for labels, _ in quarter.ask(query)} == expected


# Nothing was read


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that scrapes an exporter whose forge has no repository at all."""
    folder = tmp_path_factory.mktemp("empty")
    with serve(World(1_750_000_000), fast=True, clock="world") as double:
        path: Path = configuration(folder, double.url)
        with running(folder, "run", "-c", path) as exporter, prometheus(folder, exporter) as server:
            until(lambda: server.ask('sdlc_exporter_polls_total{result!=""} > 0'), "a scrape after the first poll")
            yield server


def test_on_an_empty_exporter_no_query_is_an_error_and_every_panel_has_words(empty: Prometheus) -> None:
    """Only the exporter's own pages, thresholds and figures of the industry have something to show."""
    answered = set()
    for query in QUERIES:
        assert query.panel["fieldConfig"]["defaults"]["noValue"]
        rows = empty.ask(query.expr())
        assert all(math.isfinite(value) for _, value in rows), (str(query), rows)
        if rows and not query.context:
            answered.add(
                (query.dashboard, query.panel["title"], query.target.get("legendFormat", query.target["refId"]))
            )
    business = {each for each in answered if each[0] != "sdlc-exporter"}
    assert {legend for _, _, legend in business} <= {"limit"}
    assert ("sdlc-exporter", "Exporter", "{{version}}") in answered
