"""Every number has its rule or its reason, and every exclusion excuses something."""

import pytest

from tests.lints.lint import asked, exclusions, found
from tests.lints.rulebook import NOT_HERE, RULES

EXCLUSIONS = exclusions()


def test_every_number_is_a_rule_or_has_a_reason_not_to_be():
    """1 to 69 are the rules of others and our first; from 70 on they are only ours, and without gaps."""
    here = {rule.number for rule in RULES}
    assert here & NOT_HERE.keys() == set()
    assert here | NOT_HERE.keys() == set(range(1, max(here) + 1))
    assert max(here) >= 70
    assert all(len(reason.split()) >= 6 for reason in NOT_HERE.values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.number}-{rule.find.__name__}")
def test_a_rule_says_its_number_and_what_it_asks_for(rule):
    assert rule.find.__doc__.startswith(f"{rule.number}. ")


@pytest.mark.parametrize("exclusion", EXCLUSIONS, ids=lambda each: f"{each.rule}-{each.where}")
def test_an_exclusion_excuses_something(exclusion, everything):
    broken = [
        finding
        for rule, file in asked(everything)
        if (rule.number, file) == (exclusion.rule, exclusion.file)
        for finding in found(rule, file, everything)
    ]
    assert exclusion.where in {where for where, _ in broken}


@pytest.mark.parametrize("exclusion", EXCLUSIONS, ids=lambda each: f"{each.rule}-{each.where}")
def test_an_exclusion_has_a_reason(exclusion):
    assert len(exclusion.reason.split()) >= 6


def test_nothing_is_excluded_twice():
    assert len({each[:3] for each in EXCLUSIONS}) == len(EXCLUSIONS)
