"""How many of the flaky tests are named where attempts and runs of one commit contradict each other.

A repository of known flaky tests is made up: what failed and passed on one commit is known exactly, and compared with
what is measured from the facts that are kept. The figures are printed with ``pytest -s``.
"""

import random
from functools import cache
from statistics import mean

import pytest
from msgspec import structs

from exporter import model
from exporter.catalogue import HOUR
from exporter.measures.tests import ACROSS_FACT, FLAKY_TEST_FACT, flakes, flakes_across
from exporter.story import Story
from exporter.testreports import kept, numbered
from exporter.testreports.reports import Case, Result, Tally
from tests.stories import POLICY, START

pytestmark = pytest.mark.random

TESTS, FLAKY, COMMITS = 1000, 40, 120
FAILS = 0.01
"""A flaky test fails in one run of a hundred; a third of all runs have one."""
BROKEN = 0.1
"""Commits on which one test is really broken."""


class Repository:
    """Commits of a branch, each with a run and, by chance, a second attempt and a run at night.

    ``odd``: tests that bear another name in every report. ``truth``: (commit, test) of what failed and passed on it.
    """

    def __init__(self, seed, odd=0):
        self.chance, self.odd = random.Random(seed), odd
        self.runs, self.line, self.truth, self.flaked = [], [], set(), set()
        self.now = START
        for number in range(COMMITS):
            self._commit(f"s{number}")

    def _commit(self, sha):
        broken = {TESTS - 1} if self.chance.random() < BROKEN else set()
        first = self._attempt(sha, broken)
        runs = [[first]]
        if first and self.chance.random() < 0.8:
            runs[0].append(self._attempt(sha, broken))
        if self.chance.random() < 0.3:
            runs.append([self._attempt(sha, broken)])
        everything = [reds for attempts in runs for reds in attempts]
        flaked = set.union(*everything) - set.intersection(*everything)
        self.truth |= {(sha, test) for test in flaked}
        for place, attempts in enumerate(runs):
            facts = [
                fact for n, reds in enumerate(attempts, 1) for fact in self._facts(sha, f"{sha}r{place}a{n}", n, reds)
            ]
            self.runs.append(facts)
            self.line += facts

    def _attempt(self, sha, broken):
        return {test for test in range(FLAKY) if self.chance.random() < FAILS} | broken

    def _facts(self, sha, name, attempt, reds):
        self.now += HOUR
        tally = Tally()
        names = {f"t{test}": test in reds for test in range(TESTS)}
        names |= {f"odd{self.chance.random()}": False for _ in range(self.odd)}
        for test, red in names.items():
            tally.add(Case(number(test), test, Result.FAILED if red else Result.PASSED, 0.0, was_red=red))
        report = tally.reports(1, ())
        ended = model.Result.FAILURE if reds else model.Result.SUCCESS
        jobs = ("unit",) if reds else ()
        yield model.Ran(name, self.now, "ci", "main", True, sha, attempt, ended, self.now - 60, 0, jobs)
        more = {"place": 1, "greens": kept(report.greens)}
        yield model.Tested(f"{name}t", self.now, sha, attempt, report.passed, report.failed, 0, 0, report.red, **more)

    def measured(self, greens=True):
        """(commit, test) of what is named flaky; without ``greens`` by retries that passed as a whole."""
        seen = [each for facts in self.runs for each in flakes(Story(known(facts, greens), POLICY), POLICY)]
        seen += flakes_across(Story(known(self.line, greens), POLICY, key="main"), POLICY)
        dated = {fact.id: fact.sha for fact in self.line}
        return {
            (dated[each.cause], int(each.labels[0].partition("#")[0][1:]))
            for each in seen
            if each.metric in (FLAKY_TEST_FACT.name, ACROSS_FACT.name)
        }


def known(facts, greens):
    """The facts, with or without what they say of green tests."""
    return [
        each if greens or not isinstance(each, model.Tested) else structs.replace(each, greens=b"") for each in facts
    ]


number = cache(numbered)


@pytest.mark.parametrize(("odd", "least"), [(0, 1.0), (1, 0.8), (10, 0.2)])
def test_nothing_is_named_that_did_not_fail_and_pass_and_most_of_what_did_is(odd, least):
    """All of it where every report is of the same tests; with odd ones fewer, and never one too many."""
    made = [Repository(seed, odd) for seed in range(4)]
    found = [each.measured() for each in made]
    assert all(named <= each.truth for named, each in zip(found, made, strict=True))
    shares = [len(named) / len(each.truth) for named, each in zip(found, made, strict=True)]
    retries = [len(each.measured(greens=False)) / len(each.truth) for each in made]
    print(f"\n{odd} odd tests: {mean(shares):.1%} of flakes named, {mean(retries):.1%} by retries that passed")
    assert mean(shares) >= least
    assert 0.2 < mean(retries) < mean(shares)
    if not odd:
        assert found == [each.truth for each in made]


def test_the_number_of_flaky_tests_is_that_of_those_that_showed():
    """Of the forty, those count that were both red and green on some commit: all of these, and no others."""
    made = Repository(7)
    named = {test for _, test in made.measured()}
    print(f"\n{len(named)} of {FLAKY} flaky tests were named in {len(made.runs)} runs")
    assert named == {test for _, test in made.truth}
    assert 0 < len(named) <= FLAKY
