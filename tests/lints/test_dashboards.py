"""Every dashboard follows every rule about dashboards, but for what exclusions.yaml allows."""

import pytest

from tests.lints.lint import ABOUT_DASHBOARDS, ALL_FILES, DASHBOARDS, exclusions, excused, found
from tests.lints.rulebook import RULES, Over

CASES = [(rule, file) for rule in RULES if rule.over in ABOUT_DASHBOARDS for file in DASHBOARDS]
WHOLE = [(rule, ALL_FILES) for rule in RULES if rule.over is Over.ALL]
EXCLUSIONS = exclusions()


@pytest.mark.parametrize(
    ("rule", "file"), [pytest.param(*case, id=f"{case[0].number}-{case[1]}") for case in (*CASES, *WHOLE)]
)
def test_dashboard_follows_the_rule(rule, file, everything):
    broken = [each for each in found(rule, file, everything) if not excused(rule, file, each, EXCLUSIONS)]
    assert not broken, "\n".join([rule.find.__doc__, *(f"{where}: {what}" for where, what in dict.fromkeys(broken))])


def test_there_are_dashboards():
    assert len(DASHBOARDS) >= 4
