"""Every file of rules follows every rule about rules, but for what exclusions.yaml allows; promtool agrees."""

import shutil
import subprocess

import pytest

from tests.lints.lint import ABOUT_RULES, RULE_FILES, exclusions, excused, found
from tests.lints.rulebook import RULES

PROMTOOL = shutil.which("promtool")
CASES = [(rule, file) for rule in RULES if rule.over in ABOUT_RULES for file in RULE_FILES]
EXCLUSIONS = exclusions()


@pytest.mark.parametrize(("rule", "file"), [pytest.param(*case, id=f"{case[0].number}-{case[1]}") for case in CASES])
def test_rules_follow_the_rule(rule, file, everything):
    broken = [each for each in found(rule, file, everything) if not excused(rule, file, each, EXCLUSIONS)]
    assert not broken, "\n".join([rule.find.__doc__, *(f"{where}: {what}" for where, what in dict.fromkeys(broken))])


def test_there_are_rules():
    assert len(RULE_FILES) >= 2


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_promtool_finds_no_fault():
    """With its own lints, which find the same rule twice."""
    words = [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES.values()]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
