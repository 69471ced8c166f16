"""The appendix defines every number, and names metrics that exist."""

import re
from html import unescape

from exporter.catalogue import METRICS, load
from exporter.diagnosis.terms import Diagnosis, Economics, Flag, Flow, Signal, StageTime
from exporter.model import Stage
from exporter.render.rules import rows
from exporter.report import NEEDS, render
from exporter.report.appendix import DEFINITIONS, DOCUMENT, DOUBTS, EVIDENCE, HOME, PARTS
from exporter.report.blocks import Fact, Facts
from exporter.report.contents import blocks
from exporter.report.words import cleaned
from tests.report.reports import WHOLE, report

KEYS = {each.key for each in DEFINITIONS}
# The terms' own words, and under which key the appendix has them.
DEFINED = {
    Diagnosis: "verdict adoption gain downstream cycle lead absorbed ceiling detectable mix bottleneck flags",
    StageTime: "stage delta entered cap share probability",
    Flow: "gates waiting absorbed utilisation little",
    Economics: "developers measured reported cost worth ratio",
}


def test_every_metric_named_exists_and_is_exported_under_that_name():
    load()
    named = {each.metric for each in DEFINITIONS if each.metric}
    assert len(named) > 15
    assert named - METRICS.keys() == set()


def test_every_metric_of_the_diagnosis_stands_beside_a_number():
    """All but the date up to which it is and the bounds of the gain, which stand beside their estimate."""
    rows = {name for name in METRICS if name.startswith(("sdlc_diagnosis_", "sdlc_baseline_", "sdlc_signal_"))}
    named = {each.metric for each in DEFINITIONS}
    assert rows - named == {"sdlc_diagnosis_end_timestamp_seconds", "sdlc_diagnosis_gain_bound_seconds"}


def test_every_number_of_the_terms_has_its_definition():
    for struct, words in DEFINED.items():
        assert set(words.split()) <= set(struct.__struct_fields__)
        assert set(words.split()) <= KEYS


def test_every_number_named_leads_to_a_definition():
    facts = [fact for each in blocks(cleaned(report(WHOLE)), NEEDS) if isinstance(each, Facts) for fact in each.facts]
    assert len(facts) > 25
    assert {fact.key for fact in facts if isinstance(fact, Fact) and fact.key} <= KEYS


def test_every_stage_doubt_and_signal_is_explained():
    assert set(PARTS) == set(Stage)
    assert set(DOUBTS) == set(Flag)
    assert set(EVIDENCE) == set(Signal)


def test_it_leads_to_the_pages_that_alerts_lead_to():
    assert f"{rows.HOME}/blob/main/{DOCUMENT}" == HOME


def test_definitions_are_in_every_format():
    for form in ("text", "markdown", "html", "json"):
        shown = " ".join(re.sub(r"\\(?=[_*<>~&|])", "", unescape(render(report(), form))).split())
        for each in DEFINITIONS:
            assert each.metric in shown
            assert each.name in shown
