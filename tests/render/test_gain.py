"""What the dashboard *Where the gain goes* shows, asked of the real Prometheus language with pages told by hand."""

import json

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.diagnosis.terms import Flag, Signal, Verdict
from exporter.model import Stage
from exporter.render.dashboards import gain
from exporter.render.dashboards.evidence import FLAGS
from exporter.render.dashboards.files import DASHBOARDS, files
from tests.alerts.promtool import check, needs_promtool, scenario
from tests.alerts.scrapes import Scrapes
from tests.lints.promql import Binary, Selector, find, parse

BEFORE = {"coding": 20, "pickup": 8, "review": 10, "merge_wait": 2, "qa": 40, "deploy_wait": 20}
NOW = {"coding": 14, "pickup": 12, "review": 11, "merge_wait": 2, "qa": 41, "deploy_wait": 20}
"""Hours per change: 100 before, and 100 now. Nothing is merged without a review."""
STAGES = {
    **{f'sdlc_baseline_seconds{{scope="all",stage="{stage}"}}': hours * HOUR for stage, hours in BEFORE.items()},
    **{f'sdlc_diagnosis_stage_seconds{{scope="all",stage="{stage}"}}': hours * HOUR for stage, hours in NOW.items()},
    **{
        f'sdlc_diagnosis_stage_delta_seconds{{scope="all",stage="{stage}",bound="estimate"}}': HOUR
        * (NOW[stage] - BEFORE[stage])
        for stage in BEFORE
    },
}
WORDS = {1: "absorbed", 2: "passed", 3: "no gain", 4: "inconclusive", 5: "insufficient data", 6: "not measurable"}
PANELS = {panel["title"]: panel for row in gain.DASHBOARD.rows for panel in row.panels}


def query(title, place=0):
    """What a panel asks, with the organisation chosen and every job."""
    return PANELS[title]["targets"][place]["expr"].replace("$job", ".+").replace("$team", "all")


def shows(tmp_path, page, expected):
    """Checks the whole answers, by labels, to queries that are asked of a page."""
    samples = [(0, expr, answer) for expr, answer in expected]
    check(tmp_path, scenario([Scrapes(page)], step=60, length=60, samples=samples))


def steps(**values):
    """Answers of a waterfall: by the number and name of a bar."""
    return {f'{{step="{name.replace("__", " ")[1:]}"}}': value for name, value in values.items()}


@needs_promtool
def test_the_waterfall_leads_from_the_baseline_to_now(tmp_path):
    """100 - 6 = 94, + 4 = 98, + 1 = 99, + 0, + 1 = 100, + 0: bars begin at the lower one of two levels.

    Nobody is in the stage unreviewed, and it has no bar.
    """
    title = "From the baseline to now, by stage"
    under = steps(_1__coding=94, _2__pickup=94, _3__review=98, _4__merge_wait=99, _6__qa=99, _7__deploy_wait=100)
    shorter = steps(_1__coding=6, _2__pickup=0, _3__review=0, _4__merge_wait=0, _6__qa=0, _7__deploy_wait=0)
    longer = steps(_1__coding=0, _2__pickup=4, _3__review=1, _4__merge_wait=0, _6__qa=1, _7__deploy_wait=0)
    whole = steps(_0__baseline=100, _8__now=100)
    answers = [(query(title, place), each) for place, each in enumerate((under, whole, shorter, longer))]
    shows(tmp_path, STAGES, answers)


def test_the_bars_stand_in_the_order_of_the_way_on_what_nobody_sees():
    panel = PANELS["From the baseline to now, by stage"]
    organised, ordered = panel["transformations"][1:]
    assert organised["options"]["renameByName"] == {
        "step": "step",
        "Value #A": "under",
        "Value #B": "whole",
        "Value #C": "shorter",
        "Value #D": "longer",
    }
    assert ordered == {"id": "sortBy", "options": {"fields": {}, "sort": [{"desc": False, "field": "step"}]}}
    under = panel["fieldConfig"]["overrides"][0]
    assert under["matcher"]["options"] == "under"
    assert {"id": "color", "value": {"fixedColor": "transparent", "mode": "fixed"}} in under["properties"]
    assert (panel["options"]["stacking"], panel["fieldConfig"]["defaults"]["min"]) == ("normal", 0)


@needs_promtool
def test_coding_stands_beside_all_that_comes_after_it(tmp_path):
    """14 by 20, and 12 + 11 + 2 + 41 + 20 = 86 by 80."""
    title = "Coding time against the time after it"
    shows(tmp_path, STAGES, [(query(title, place), {"{}": hours}) for place, hours in enumerate((14, 20, 86, 80))])


@needs_promtool
@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_is_shown_in_its_words(verdict, tmp_path):
    page = {f'sdlc_diagnosis_verdict{{scope="all",verdict="{each}"}}': int(each is verdict) for each in Verdict}
    place = [*Verdict].index(verdict) + 1
    shows(tmp_path, page, [(query("What became of the gain"), {"{}": place})])
    (mapping,) = PANELS["What became of the gain"]["fieldConfig"]["defaults"]["mappings"]
    assert mapping["options"][str(place)]["text"] == WORDS[place] == verdict.replace("_", " ")


@needs_promtool
@pytest.mark.parametrize(("named", "place"), [("pickup", 1), ("qa", 5), (None, 0)])
def test_a_stage_is_named_in_its_words_or_none_is(named, place, tmp_path):
    """After coding come pickup, review, merge_wait, unreviewed, qa and deploy_wait; it may be none of them."""
    page = {f'sdlc_diagnosis_bottleneck{{scope="all",stage="{each}"}}': int(each == named) for each in Stage}
    shows(tmp_path, page, [(query("Stage that takes most"), {"{}": place})])
    (mapping,) = PANELS["Stage that takes most"]["fieldConfig"]["defaults"]["mappings"]
    assert mapping["options"][str(place)]["text"] == (named or "none named")


@needs_promtool
def test_two_exporters_that_differ_make_no_third_verdict(tmp_path):
    """Absorbed and passed, whose numbers add up to that of another: the first is shown."""
    series = 'sdlc_diagnosis_verdict{{scope="all",verdict="{}"}}'
    words = ("absorbed", "passed")
    one, two = ({series.format(each): int(each == said) for each in words} for said in words)
    samples = [(0, query("What became of the gain"), {"{}": 1})]
    check(tmp_path, scenario([Scrapes(one), Scrapes(two, {"job": "b"})], step=60, length=60, samples=samples))


@needs_promtool
def test_without_a_diagnosis_nothing_is_shown(tmp_path):
    """Not even 0: of a scope that has none, beside another that has one. Shares and bars are empty too."""
    other = {series.replace('"all"', '"shop"'): value for series, value in STAGES.items()}
    other |= {'sdlc_diagnosis_verdict{scope="shop",verdict="passed"}': 1}
    asked = [
        target["expr"].replace("$job", ".+").replace("$team", "all")
        for panel in PANELS.values()
        for target in panel["targets"]
        if "sdlc_threshold" not in target["expr"]
    ]
    assert len(asked) > 40
    shows(tmp_path, other, [(expr, {}) for expr in asked])


def test_no_panel_divides_by_a_gain():
    """What part of it is absorbed is what the exporter states, and nothing where it states nothing."""
    divided = {
        selector.name
        for panel in PANELS.values()
        for target in panel["targets"]
        for each in find(parse(target["expr"]), Binary)
        if each.op == "/"
        for selector in find(each.right, Selector)
    }
    assert divided == {"sdlc_diagnosis_flow_weekly_changes"}


@needs_promtool
def test_what_comes_to_a_queue_leaves_it_or_is_its_growth(tmp_path):
    """Of 39 ready a week 33 are merged, 3 abandoned and 3 wait; of the 33 are 30 in production, and 3 more wait."""
    flow = 'sdlc_diagnosis_flow_weekly_changes{{scope="all",gate="{}",span="now"}}'
    growth = 'sdlc_diagnosis_queue_growth_weekly_changes{{scope="all",queue="{}"}}'
    weekly = {"ready": 39, "merged": 33, "abandoned": 3, "in_production": 30, "releases": 1}
    page = {flow.format(gate): changes for gate, changes in weekly.items()}
    page |= {growth.format("review"): 3, growth.format("undeployed"): 3}
    title, review, undeployed = "Flow in = flow out + growth, a week", '{queue="review"}', '{queue="undeployed"}'
    answers = [{review: 39, undeployed: 33}, {review: 36, undeployed: 30}, {review: 3, undeployed: 3}]
    shows(tmp_path, page, [(query(title, place), answer) for place, answer in enumerate(answers)])


@needs_promtool
def test_signals_that_are_there_are_counted_of_those_that_can_be_measured(tmp_path):
    page = {
        f'sdlc_signal_active{{scope="all",signal="{name}"}}': there
        for name, there in (("qa_blocking", 1), ("cycle_time_rising", 1), ("release_frequency_flat", 0))
    }
    shows(tmp_path, page, [(query("Signals"), {"{}": 2}), (query("Signals", 1), {"{}": 3})])


def test_each_signal_has_a_panel_that_leads_to_what_it_rests_on():
    leads = {}
    for panel in PANELS.values():
        for each in Signal:
            if panel["type"] == "stat" and f'signal="{each}"' in panel["targets"][0]["expr"]:
                (link,) = panel["fieldConfig"]["defaults"]["links"]
                leads[each] = link["url"].partition("?")[0]
    assert leads == {
        Signal.CYCLE_TIME_RISING: "/d/sdlc-review",
        Signal.TEST_MAINTENANCE_CLIMBING: "/d/sdlc-tests",
        Signal.ESCAPE_RATE_DRIFTING: "/d/sdlc-quality",
        Signal.RELEASE_FREQUENCY_FLAT: "/d/sdlc-releases",
        Signal.QA_BLOCKING: "/d/sdlc-quality",
    }


def test_each_doubt_has_its_sentence():
    assert FLAGS.keys() == set(Flag)
    assert all(f"{flag}: {sentence}" in PANELS["Doubts"]["description"] for flag, sentence in FLAGS.items())


def test_what_is_modelled_says_so():
    """In the title, where it is all that a panel shows or a part of it."""
    for title, panel in PANELS.items():
        asked = "".join(target["expr"] for target in panel["targets"])
        assert ("modelled" in title) == ("sdlc_roi" in asked or "sdlc_measured_saved" in asked)


@needs_promtool
def test_the_week_in_a_row_from_which_on_it_is_red_is_that_of_the_alert(tmp_path):
    """21 days are three weeks."""
    limit = query("Weeks in a row, absorbed", -1)
    shows(tmp_path, {'sdlc_threshold_seconds{name="absorbed"}': 21 * DAY}, [(limit, {"{}": 3})])


def test_the_waterfall_has_every_stage_once():
    expr = query("From the baseline to now, by stage")
    assert [expr.count(f' {stage}"') for stage in Stage] == [1] * len(Stage)


# The day of adoption


@needs_promtool
def test_adoption_is_marked_where_the_metric_says_in_milliseconds(tmp_path):
    (note,) = (each for each in board("sdlc-gain")["annotations"]["list"] if each["name"] == "Adoption of AI")
    assert note["useValueForTime"] is True
    expr = note["expr"].replace("$job", ".+").replace("$team", "all")
    page = {'sdlc_adoption_timestamp_seconds{scope="all"}': 1_700_000_000}
    shows(tmp_path, page, [(expr, {'{scope="all"}': 1_700_000_000_000})])


def test_adoption_is_marked_wherever_a_team_can_be_chosen():
    for dashboard in DASHBOARDS:
        notes = [each["name"] for each in board(dashboard.uid)["annotations"]["list"]]
        assert ("Adoption of AI" in notes) == ("team" in dashboard.variables)
    assert "team" not in next(each for each in DASHBOARDS if each.uid == "sdlc-exporter").variables


def board(uid):
    return json.loads(files()[f"{uid}.json"])
