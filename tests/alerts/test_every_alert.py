"""Each alert: when it begins and ends, all that it says, and what is just not enough for it."""

import pytest
import yaml

from exporter.catalogue import DAY, HOUR, MINUTE
from tests.alerts import situations
from tests.alerts.cases import CASES
from tests.alerts.healthy import HEALTHY
from tests.alerts.near_misses import NEAR
from tests.alerts.promtool import BESIDE, RULES, check, fired, needs_promtool, scenario
from tests.alerts.scrapes import POD, STATIC, Scrapes
from tests.alerts.situations import SHARED

pytestmark = needs_promtool

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[duration[-1]]


def test_every_alert_has_a_case_with_its_severity_and_durations():
    """But for two that are about no page of their own: these have tests of their own."""
    shipped = []
    for path in RULES.glob("*.yaml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    keep = seconds(rule.get("keep_firing_for", "0m"))
                    shipped.append((rule["alert"], rule["labels"], seconds(rule["for"]), keep))
    told = {case.alert: (case.alert, {"severity": case.severity}, case.wait, case.keep) for case in CASES}
    expected = list(told.values())
    expected.append((SHARED, {"severity": "warning"}, HOUR, 0))
    expected.append((BESIDE, {"severity": "info"}, 15 * MINUTE, 15 * MINUTE))
    assert sorted(shipped, key=str) == sorted(expected, key=str)


@each_case
def test_it_fires_when_its_time_is_over_says_everything_and_ends(case, tmp_path):
    """And no other alert is even pending."""
    check(tmp_path, situations.whole(case))


@pytest.mark.parametrize("case", [case for case in CASES if not case.lasts], ids=lambda case: case.name)
def test_what_is_over_in_time_is_told_to_nobody(case, tmp_path):
    check(tmp_path, situations.brief(case))


@pytest.mark.parametrize("near", NEAR, ids=lambda near: f"{near.alert}, short of {near.short_of}")
def test_what_is_just_not_enough_is_not_even_pending(near, tmp_path):
    check(tmp_path, situations.just_not(near))


@pytest.mark.parametrize("target", [STATIC, POD], ids=["static", "kubernetes"])
def test_where_all_is_well_nothing_is_pending(target, tmp_path):
    step = 30 * MINUTE
    nothing = [fired(step, DAY, {}), fired(step, DAY, {}, "pending")]
    check(tmp_path, scenario([Scrapes(HEALTHY, target)], step=step, length=DAY, samples=nothing))
