"""An audit as CSV, JSON, text and page: the same rows, nothing that runs, and what is left out is said."""

import csv
import io
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.runtime.audit.forms import as_csv, as_json, as_text, safe
from exporter.runtime.audit.page import Asking, link, render
from exporter.runtime.audit.rows import Answer, Histogram, Row
from tests.runtime.test_page import HOSTILE, Outline

AT = 1_795_356_000  # 2026-11-22 14:00:00 UTC
COUNTED = Answer(
    series='sdlc_changes_merged_total{repository="acme/shop"}',
    metric="sdlc_changes_merged_total",
    labels={"repository": "acme/shop"},
    kind="counter",
    help="Changes merged.",
    published=3.0,
    from_rows=3.0,
    how="the sum of the rows' values",
    begin=None,
    end=None,
    notes=("a note",),
    total=3,
    left_out=1,
    rows=(
        Row(AT, "acme/shop", "change", 12, "https://h/acme/shop/pull/12", "m", {"origin": "agentic"}, 1, "merged"),
        Row(None, "acme/shop", "person", None, "", "m", {}, 1, ""),
    ),
)
CONFIGURED = Answer(
    series='sdlc_threshold_ratio{name="coverage"}',
    metric="sdlc_threshold_ratio",
    labels={"name": "coverage"},
    kind="gauge",
    help="Thresholds.",
    published=0.8,
    from_rows=None,
    how="it has no rows",
    begin=AT - 60,
    end=AT,
    notes=(),
    total=0,
    left_out=0,
    rows=(),
)
TIMED = Answer(
    series="sdlc_wait_seconds",
    metric="sdlc_wait_seconds",
    labels={},
    kind="histogram",
    help="Waits.",
    published=Histogram(2, 1_755_968.0, {"3600.0": 1, "+Inf": 2}),
    from_rows=Histogram(2, 1_755_968.0, {"3600.0": 1, "+Inf": 2}),
    how="",
    begin=None,
    end=None,
    notes=(),
    total=0,
    left_out=0,
    rows=(),
)


def test_csv_has_a_line_for_each_row_and_says_what_it_leaves_out():
    first, second, third = csv.DictReader(io.StringIO(as_csv([COUNTED, CONFIGURED]), newline=""))
    assert first == {
        "series": 'sdlc_changes_merged_total{repository="acme/shop"}',
        "published": "3",
        "from_rows": "3",
        "rows": "3",
        "at": "2026-11-22T14:00:00Z",
        "repository": "acme/shop",
        "thing": "change",
        "number": "12",
        "url": "https://h/acme/shop/pull/12",
        "metric": "m",
        "labels": "origin=agentic",
        "value": "1",
        "cause": "merged",
        "notes": "truncated: 2 of 3 rows are told; a higher limit tells more; a note",
    }
    assert (second["at"], second["number"], second["thing"], second["notes"]) == ("", "", "person", "")
    assert (third["published"], third["from_rows"], third["rows"], third["value"]) == ("0.8", "", "0", "")


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-cmd|' /C calc'!A0"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell):
    assert safe(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "a=1", "acme/shop", "-1", "-0.5", "2026-11-22T14:00:00Z"])
def test_a_word_or_a_number_is_told_as_it_is(cell):
    assert safe(cell) == cell


def test_a_hostile_repository_cannot_run_in_a_spreadsheet():
    row = Row(AT, "=HYPERLINK(1)", "change", 1, "", "m", {"@x": "y"}, 1, "+1")
    answer = Answer(**{name: getattr(COUNTED, name) for name in Answer.__struct_fields__} | {"rows": (row,)})
    (line,) = csv.DictReader(io.StringIO(as_csv([answer]), newline=""))
    assert (line["repository"], line["labels"], line["cause"]) == ("'=HYPERLINK(1)", "'@x=y", "+1")


def test_json_has_numbers_as_numbers_and_dates_of_rfc_3339():
    told = json.loads(as_json([COUNTED, CONFIGURED, TIMED]))
    assert told["truncated"] is True
    counted, configured, timed = told["answers"]
    assert (counted["published"], counted["from_rows"], counted["total"], counted["left_out"]) == (3, 3, 3, 1)
    assert counted["rows"][0]["at"] == "2026-11-22T14:00:00Z"
    assert (counted["rows"][1]["at"], counted["rows"][1]["number"]) == (None, None)
    assert counted["rows"][0]["labels"] == {"origin": "agentic"}
    assert (configured["begin"], configured["from_rows"]) == ("2026-11-22T13:59:00Z", None)
    assert timed["published"] == {"count": 2, "sum": 1755968, "buckets": {"3600.0": 1, "+Inf": 2}}


def test_json_of_whole_answers_is_not_truncated():
    assert json.loads(as_json([CONFIGURED]))["truncated"] is False


def test_text_says_the_number_how_it_is_made_and_its_rows():
    lines = [" ".join(line.split()) for line in as_text([COUNTED, CONFIGURED, TIMED]).splitlines()]
    assert "from rows 3: the sum of the rows' values" in lines
    assert "note a note" in lines
    assert "2026-11-22T14:00:00Z acme/shop change 12 m origin=agentic 1 merged" in lines
    assert "window after 2026-11-22T13:59:00Z, up to 2026-11-22T14:00:00Z" in lines
    assert "published 2 readings, 1755968 together" in lines


# The page

HOSTILE_ANSWER = Answer(
    series=HOSTILE,
    metric=HOSTILE,
    labels={HOSTILE: HOSTILE},
    kind=HOSTILE,
    help=HOSTILE,
    published=1.0,
    from_rows=1.0,
    how=HOSTILE,
    begin=AT,
    end=AT,
    notes=(HOSTILE,),
    total=1,
    left_out=0,
    rows=(
        Row(AT, HOSTILE, HOSTILE, 1, "https://h/" + HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, 1, HOSTILE),
        Row(AT, HOSTILE, HOSTILE, None, "javascript:alert(1)", HOSTILE, {}, 1, HOSTILE),
    ),
)
PAGES = {
    "empty": Asking(""),
    "metrics": Asking("", metrics=[("sdlc_changes_merged_total", 1200), (HOSTILE, 1)]),
    "answer": Asking(HOSTILE, [HOSTILE_ANSWER, TIMED, CONFIGURED, COUNTED]),
    "fault": Asking(HOSTILE, (), HOSTILE),
    "meant": Asking(HOSTILE, (), HOSTILE, [HOSTILE]),
}


@pytest.mark.parametrize(
    ("name", "times"), [("empty", 0), ("metrics", 1), ("answer", 4 + 6 + 4), ("fault", 1), ("meant", 1 + 1)]
)
def test_every_tag_is_closed_and_whatever_came_from_outside_is_text(name, times):
    """An answer says it as series, help, how and note, and in six cells' parts of one row and four of the other."""
    outline = Outline(render(PAGES[name]))
    assert outline.open == []
    assert not {"script", "iframe", "img", "link"} & {tag for tag, _ in outline.met}
    addresses = [attributes["href"] for tag, attributes in outline.met if tag == "a"]
    assert all(address.startswith(("/", "https://")) for address in addresses)
    assert outline.text.count(HOSTILE) == times


def test_the_page_offers_every_metric_and_the_other_forms_of_an_answer():
    outline = Outline(render(PAGES["metrics"]))
    assert "1,200" in outline.text
    assert link("sdlc_changes_merged_total") in [attributes.get("href") for _, attributes in outline.met]
    outline = Outline(render(Asking("x", [COUNTED])))
    asked = [parse_qs(urlsplit(attributes["href"]).query) for tag, attributes in outline.met if tag == "a"]
    assert {"series": [COUNTED.series], "format": ["csv"]} in asked
    assert {"series": [COUNTED.series], "format": ["json"]} in asked
    assert "change 12" in outline.text
    assert "truncated: 2 of 3 rows are told" in outline.text
