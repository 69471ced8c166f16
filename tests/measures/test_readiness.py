"""The groundwork: what is seen in CI of merged changes, and what may be said where nothing was seen."""

import pytest

from exporter import model
from exporter.change import Change
from exporter.measures.flow import COVERAGE_FACT
from exporter.measures.readiness import GROUNDWORK_FACT, foundations, groundwork
from exporter.measures.releases import DEPLOYMENTS
from exporter.model import Ran, Result
from tests.measures.pools import gauges, pool
from tests.measures.read import dated
from tests.stories import POLICY, at, change


def ran(when, workflow="build", red=(), default=False):
    return Ran(f"ran {when}", at(when), workflow, "topic", default, "sha", 1, Result.SUCCESS, at(when), 0, red)


def seen(*runs, lines=("opened 0h", "committed 1h", "merged 5h")):
    """Capabilities of a change with runs bound to it, with 1 or 0."""
    told = Change(change(*lines), POLICY, [runs] if runs else [])
    return {labels[0]: value for _, labels, value in dated(groundwork, GROUNDWORK_FACT, told)}


def test_what_ran_before_the_merge_is_seen():
    report = model.Tested("tested", at("2h"), "sha", 1, 9, 0, 0, 0)
    assert seen() == {"ci": 0, "tests": 0, "static_analysis": 0}
    assert seen(ran("2h")) == {"ci": 1, "tests": 0, "static_analysis": 0}
    assert seen(ran("2h"), report) == {"ci": 1, "tests": 1, "static_analysis": 0}
    assert seen(ran("2h", "CodeQL")) == {"ci": 1, "tests": 0, "static_analysis": 1}
    assert seen(ran("2h", red=("Lint (3.12)",))) == {"ci": 1, "tests": 0, "static_analysis": 1}


def test_what_ran_after_the_merge_or_for_the_default_branch_is_not():
    assert seen(ran("5h1s"))["ci"] == 0
    assert seen(ran("2h", default=True))["ci"] == 0


def test_bots_changes_show_nothing():
    assert seen(ran("2h"), lines=("opened 0h by dependabot[bot]", "merged 5h")) == {}


@pytest.mark.parametrize("name", ["lint", "golangci-lint", "Static Analysis", "Type check", "ESLint / web"])
def test_names_of_static_analysis(name):
    assert POLICY.is_analysis(name)


@pytest.mark.parametrize("name", ["build", "test (3.12)", "deploy", "disaster recovery"])
def test_names_that_are_none(name):
    assert not POLICY.is_analysis(name)


# What is said


def told(ci=None, tests=None, analysis=None, deployments=(), followed=False, window="90d"):
    """Capability to 1 or 0 of a repository with these readings."""
    part = {(GROUNDWORK_FACT, (word,)): values for word, values in
            (("ci", ci), ("tests", tests), ("static_analysis", analysis)) if values is not None}  # fmt: skip
    part |= {(DEPLOYMENTS, labels): [1] for labels in deployments}
    part |= {(COVERAGE_FACT, ("production",)): [0]} if followed else {}
    found = gauges(foundations, pool(part, window=window), "repository")
    return {capability: value for (_, capability), value in found.items()}


def test_one_change_is_enough_to_see_it():
    assert told([1, 0], [0, 1], [1, 0]) == {"ci": 1, "tests": 1, "static_analysis": 1}


def test_what_is_not_seen_where_ci_runs_cannot_be_known():
    assert told([1], [0], [0]) == {"ci": 1}


def test_without_any_ci_none_of_it_is_there():
    assert told([0, 0], [0, 0], [0, 0]) == {"ci": 0, "tests": 0, "static_analysis": 0}


def test_nothing_is_said_of_streams_that_are_not_followed_or_where_nothing_was_merged():
    assert told() == {}
    assert told([], [], []) == {}


def test_automated_deployment_is_a_success_in_production():
    """Known to be missing only where merged changes were waited for, 30 days each."""
    assert told(deployments=[("production", "success")]) == {"automated_deploy": 1}
    assert told(deployments=[("staging", "success"), ("production", "failure")]) == {}
    assert told(deployments=[("staging", "success")], followed=True) == {"automated_deploy": 0}
    assert told(followed=True) == {"automated_deploy": 0}


def test_teams_have_none():
    assert gauges(foundations, pool({(GROUNDWORK_FACT, ("ci",)): [1]}), "team") == {}
