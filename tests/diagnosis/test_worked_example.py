"""The worked example of docs/definitions.md, by its arithmetic alone and from changes to the sentence."""

import math

import pytest

from exporter.diagnosis.arithmetic import decompose, detectable
from exporter.diagnosis.diagnose import diagnose
from exporter.diagnosis.flow import flow, throughput_absorbed
from exporter.diagnosis.tally import Tally
from exporter.diagnosis.telling import absorbed, sentence
from exporter.diagnosis.terms import Interval, Verdict
from exporter.diagnosis.verdict import rule
from exporter.diagnosis.weeks import WEEK
from exporter.model import Origin, Stage
from exporter.passages import Passage
from tests.diagnosis.golden import AT, BEFORE, HOUR, NOW, SETTINGS, START, made

FOUND = decompose(*({stage: hours * HOUR for stage, hours in each.items()} for each in (BEFORE, NOW)))
SENTENCE = "Coding is 6 h faster per change; all 6 h are lost again, 4 h of them waiting for a first review."


def test_six_hours_are_gained_and_six_are_lost():
    """20 - 14 = 6; 12 - 8 = 4, 11 - 10 = 1, 41 - 40 = 1; 6 / 6 = 1; both ways take 100 h."""
    assert FOUND.gain == 6 * HOUR
    assert {stage: delta / HOUR for stage, delta in FOUND.deltas.items() if delta} == {
        Stage.PICKUP: 4,
        Stage.REVIEW: 1,
        Stage.QA: 1,
    }
    assert (FOUND.downstream, FOUND.absorbed) == (6 * HOUR, 1.0)
    assert (FOUND.lead_before, FOUND.lead_now, FOUND.ceiling) == (100 * HOUR, 100 * HOUR, 0.06)


def test_stages_share_what_is_absorbed():
    """4/6, 1/6 and 1/6, which add up to 1."""
    assert FOUND.shares == {
        Stage.PICKUP: pytest.approx(4 / 6),
        Stage.REVIEW: pytest.approx(1 / 6),
        Stage.MERGE_WAIT: 0,
        Stage.UNREVIEWED: 0,
        Stage.QA: pytest.approx(1 / 6),
        Stage.DEPLOY_WAIT: 0,
    }
    assert sum(FOUND.shares.values()) == pytest.approx(FOUND.absorbed)


def test_it_is_said_in_a_sentence():
    assert absorbed(FOUND, Stage.PICKUP) == SENTENCE


def test_a_stage_that_is_not_sure_is_not_named():
    assert absorbed(FOUND, None) == (
        "Coding is 6 h faster per change; all 6 h are lost again, though in no one stage for sure."
    )


@pytest.mark.parametrize(
    ("pickup", "told"),
    [
        (10, "3 h of them are lost again, as 4 h more are spent in review."),
        (20, "all of it and 7 h more are lost again, 4 h of them in review."),
    ],
)
def test_less_and_more_than_the_gain_may_be_lost(pickup, told):
    """Before 20 and 11 + 10; now 14 and 10 or 20 + 14: -1 + 4 = 3 and 9 + 4 = 13, 7 more than 6."""
    before = {Stage.CODING: 20.0 * HOUR, Stage.PICKUP: 11.0 * HOUR, Stage.REVIEW: 10.0 * HOUR}
    now = {Stage.CODING: 14.0 * HOUR, Stage.PICKUP: pickup * HOUR, Stage.REVIEW: 14.0 * HOUR}
    assert absorbed(decompose(before, now), Stage.REVIEW) == f"Coding is 6 h faster per change; {told}"


def test_a_gain_below_what_can_be_seen_is_followed_no_further():
    """2.5 x 5 h = 12.5 h, more than the 6 h that were gained: hours are told, and no part of them."""
    seen = detectable(5 * HOUR)
    assert seen == 12.5 * HOUR
    gain, taken = Interval(6 * HOUR, 4 * HOUR, 8 * HOUR), Interval(6 * HOUR, -2 * HOUR, 14 * HOUR)
    verdict, reason = rule(gain, 20 * HOUR, Interval(1.0, -0.3, 2.4), seen, {})
    assert verdict is Verdict.NOT_MEASURABLE
    assert reason == "The gain, 6 h, is below the least difference that can be seen, 12.5 h."
    assert sentence(verdict, FOUND, gain, taken, seen) == (
        "Coding is 6 h faster per change, but here only differences above 12.5 h can be told from chance, so nobody "
        "can say whether that arrives; the other stages took between -2 h and 14 h more."
    )


def test_changes_tell_the_same_as_the_arithmetic():
    """Ten changes a week with these means; every week is like the others, so nothing is left to chance."""
    found = diagnose("all", made(), AT, SETTINGS)
    assert found.sentence == f"{SENTENCE} Seen on 120 changes before and 120 now."
    assert (found.verdict, found.bottleneck, found.flags) == (Verdict.ABSORBED, Stage.PICKUP, ())
    told = {each.stage: each for each in found.stages}
    for stage, hours in BEFORE.items():
        assert told[stage].before.estimate == pytest.approx(hours * HOUR)
        assert told[stage].now.estimate == pytest.approx(NOW[stage] * HOUR)
        assert told[stage].entered == (120, 120)
    assert tuple(found.gain) == pytest.approx((6 * HOUR,) * 3)
    assert tuple(found.absorbed) == pytest.approx((1.0,) * 3)
    assert (found.lead_before, found.lead_now) == (pytest.approx(100 * HOUR), pytest.approx(100 * HOUR))
    assert found.ceiling == pytest.approx(0.06)
    assert {stage: told[stage].share for stage in told if stage is not Stage.CODING} == pytest.approx(FOUND.shares)
    assert told[Stage.PICKUP].probability == 1


# Flow: ready 30 -> 39, merged 30 -> 33, in production 30 -> 30, one release a week, the same people


def changes_of(week, ready, merged):
    return [
        Passage(1, Origin.UNMARKED, f"dev{number % 9}", week, week + number, merge, None, None, True, None, 1, ())
        for number in range(ready)
        for merge in (week + 100 if number < merged else None,)
    ]


def shipped(changes, weeks):
    """Each week's release takes the thirty that were merged first."""
    merged = [each for each in changes if each.merged]
    taken = {each: weeks[place // 30] + 200 for place, each in enumerate(merged) if place < 30 * len(weeks)}
    return [each._replace(produced=taken.get(each)) for each in changes]


def test_flow_of_the_same_team():
    """ln(39/30) = 0.262 and ln(33/30) = 0.095: 0.167 / 0.262 = 0.64 stays in review, 0.095 / 0.262 = 0.36 after it."""
    first, last = range(START, START + 8 * WEEK, WEEK), range(START + 8 * WEEK, START + 16 * WEEK, WEEK)
    changes = [each for week in first for each in changes_of(week, 30, 30)]
    changes += [each for week in last for each in changes_of(week, 39, 33)]
    tally = Tally(shipped(changes, [*first, *last]))
    releases = [week + 200 for week in (*first, *last)]
    found = flow(tally, tally.period(tuple(first)), tally.period(tuple(last)), releases)
    rates = {gate.name: (gate.before, gate.now) for gate in found.gates}
    assert rates == {
        "ready": (30, 39),
        "merged": (30, 33),
        "abandoned": (0, 0),
        "in_production": (30, 30),
        "releases": (1, 1),
    }
    growth = {gate.name: gate.growth for gate in found.gates}
    assert (round(growth["ready"], 3), round(growth["merged"], 3), growth["in_production"]) == (0.262, 0.095, 0)
    assert found.absorbed == 1.0
    assert {where: round(part, 2) for where, part in found.shares} == {"review": 0.64, "deployment": 0.36}
    assert found.waiting == (0, 8 * (39 - 33))
    assert found.undeployed == (0, 8 * (33 - 30))


def test_growth_too_small_to_divide_by_is_divided_by_nothing():
    assert throughput_absorbed([math.log(1.09), 0.0, 0.0]) is None
    assert throughput_absorbed([-0.2, 0.0, 0.0]) is None
    assert throughput_absorbed([0.3, None, 0.0]) is None
