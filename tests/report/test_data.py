"""The report for programs: its shape, and that every number is in it."""

import json
import math
from enum import Enum
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import Struct, structs

from exporter.diagnosis.terms import Flag, Interval, Signal, Verdict
from exporter.model import Stage
from exporter.report import render
from tests.report.drawn import REPORTS
from tests.report.reports import ABSORBED, ECONOMICS, INSUFFICIENT, NO_GAIN, NOT_MEASURABLE, WHOLE, report

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/diagnose.schema.json").read_text("utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)


def data(told):
    return json.loads(render(told, "json"))


def leaves(value):
    """Every number in a value, those of mappings and sequences included."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, Struct):
        value = tuple(getattr(value, each) for each in value.__struct_fields__)
    if isinstance(value, list | tuple):
        return [number for each in value for number in leaves(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool | Enum) else []


@pytest.mark.parametrize(
    "told",
    [report(), report(WHOLE, INSUFFICIENT, NOT_MEASURABLE, NO_GAIN), report(economics=None)],
    ids=["one", "many", "no economics"],
)
def test_reports_are_of_the_schema(told):
    VALID.validate(data(told))


@settings(
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(REPORTS)
def test_any_report_is_of_the_schema(told):
    VALID.validate(data(told))


def test_the_schema_knows_every_word_of_the_terms():
    defined = SCHEMA["$defs"]
    assert set(defined["scope"]["properties"]["verdict"]["enum"]) == set(Verdict)
    assert set(defined["signal"]["properties"]["signal"]["enum"]) == set(Signal)
    assert set(defined["stage"]["properties"]["stage"]["enum"]) == set(Stage)
    assert set(defined["scope"]["properties"]["bottleneck"]["enum"]) == {*Stage, None}
    assert set(defined["scope"]["properties"]["flags"]["items"]["properties"]["flag"]["enum"]) == set(Flag)


def test_the_schema_can_fail():
    told = data(report())
    told["scopes"][0]["gain_seconds"]["estimate"] = "6 h"
    with pytest.raises(jsonschema.ValidationError):
        VALID.validate(told)


def test_the_worked_example_is_in_seconds_and_ratios():
    """6 h are 21,600 s; 1/6 has four decimals."""
    told = data(report())
    assert (told["format"], told["at"], told["exporter_version"]) == (1, "2026-11-23T00:00:00Z", "0.1.0")
    (scope,) = told["scopes"]
    assert scope["gain_seconds"] == {"estimate": 21600, "lower": 16200, "upper": 27000}
    assert scope["absorbed_ratio"] == {"estimate": 1.0, "lower": 0.62, "upper": 1.44}
    assert scope["lead_before_seconds"] == scope["lead_now_seconds"] == 360_000
    assert scope["bottleneck"] == "pickup"
    assert [each["share_ratio"] for each in scope["stages"]] == [None, 0.6667, 0.1667, 0.0, 0.1667, 0.0]
    assert scope["stages"][1]["entered"] == {"before": 338, "now": 431}
    assert scope["baseline"]["weeks"][0] == "2026-01-05T00:00:00Z"
    assert scope["flow"]["growth_undeployed"] == {"before": 0, "now": 36}
    assert scope["signals"][1] == {
        "signal": "test_maintenance_climbing",
        "active": None,
        "sentence": "Test maintenance needs the stream runs, which is not read.",
        "figures": [],
    }
    # 4 h less 0.6 (-0.2 to 1.4): 3.4 (2.6 to 4.2)
    assert told["economics"]["gap_seconds"] == {"estimate": 12240, "lower": 9360, "upper": 15120}


def test_every_number_of_the_report_is_in_it():
    """Whole seconds, or four decimals; weeks and dates are instants there, and left out here."""
    bare = structs.replace(
        ABSORBED,
        at=0,
        adoption=None,
        baseline=structs.replace(ABSORBED.baseline, weeks=()),
        current=structs.replace(ABSORBED.current, weeks=()),
    )
    told = structs.replace(report(structs.replace(WHOLE, diagnosis=bare)), at=0)
    there = {round(each, 4) for each in leaves(data(told))}
    wanted = leaves(told)
    assert len(wanted) > 100
    assert [each for each in wanted if round(each, 4) not in there and round(each) not in there] == []


def test_what_has_no_bound_is_null():
    told = structs.replace(ECONOMICS, ratio=Interval(2.0, math.nan, math.inf))
    assert data(report(economics=told))["economics"]["return_ratio"] == {"estimate": 2.0, "lower": None, "upper": None}


def test_what_is_missing_is_null_and_its_key_is_there():
    told = data(report(INSUFFICIENT))["scopes"][0]
    absent = ("gain_seconds", "lead_seconds", "absorbed_ratio", "flow", "controlled", "bottleneck", "mix_seconds")
    assert [told[each] for each in absent] == [None] * 7
    assert told["stages"] == told["signals"] == told["missing"] == []
    assert told["short_of"][0] == "The current weeks: 18 changes of 30 (12 short) and 3 authors of 5 (2 short)."
