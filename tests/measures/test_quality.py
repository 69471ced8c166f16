"""AI quality: what is read of one change, and whether the ratio over many is the one they were made with."""

import random
from collections import defaultdict
from math import exp, log
from statistics import fmean

import pytest

from exporter.catalogue import DAY
from exporter.change import Change
from exporter.measures import quality
from exporter.measures.flow import ABANDONED, MERGED
from exporter.measures.quality import (
    ESCAPED_FACT,
    FIRST_HEAD_FACT,
    REVIEW_FACT,
    acceptance,
    bucket,
    escapes,
    first_heads,
    review_findings,
)
from exporter.model import Actor, Merged, Naming, Opened, Ran, Referred, Result
from tests.measures.pools import gauges, pool, window_of
from tests.measures.read import dated, observed
from tests.stories import POLICY, at, change

FILES = "files 18h: a.py +30 -12, poetry.lock +900 -3"


# One change


def findings(*lines):
    return observed(review_findings, REVIEW_FACT, "opened 0h on codex/fix", *lines, "merged 18h", FILES)


def test_requests_and_remarks_of_people_before_the_merge():
    """Two requests and a comment are three remarks; approvals, bots, the author and what comes later are none.

    30 + 12 = 42 lines are more than 10 and at most 50.
    """
    found = findings(
        "reviewed 1h by bob: changes requested",
        "reviewed 2h by ann: changes requested",
        "reviewed 3h by ann",
        "reviewed 4h by coderabbitai[bot]: changes requested",
        "reviewed 5h by author",
        "reviewed 6h by bob: approved",
        "reviewed 19h by bob: changes requested",
    )
    assert found == [(18, ("agentic", "50", "2", "3"), 42)]


def test_a_change_that_nobody_reviewed_is_no_change_without_findings():
    assert findings() == []
    assert findings("reviewed 1h by coderabbitai[bot]: changes requested") == []
    assert findings("reviewed 1h by bob: approved") == [(18, ("agentic", "50", "0", "0"), 42)]


def test_a_change_of_unknown_size_has_no_like():
    assert observed(review_findings, REVIEW_FACT, "opened 0h", "reviewed 1h by bob", "merged 18h") == []


@pytest.mark.parametrize(("lines", "word"), [(0, "10"), (10, "10"), (11, "50"), (2500, "2500"), (2501, "more")])
def test_sizes_fall_into_the_buckets_of_the_histogram(lines, word):
    assert bucket(lines) == word


def ran(when, result, sha, attempt=1, default=False):
    return [Ran(f"{when}{attempt}", at(when), "ci", "topic", default, sha, attempt, result, at(when), 0)]


def head(*runs, lines=("opened 0h as draft", "committed 1h", "committed 2h", "ready 3h", "committed 4h")):
    """1 for red, 0 for green, None for neither. The commits are committed1, committed2 and, after ready, committed4."""
    told = Change(change(*lines, "merged 18h", FILES), POLICY, runs)
    found = dated(first_heads, FIRST_HEAD_FACT, told)
    return found[0][2] if found else None


def test_the_first_head_is_the_last_commit_when_the_change_was_ready():
    assert head(ran("2h", Result.FAILURE, "committed2")) == 1
    assert head(ran("2h", Result.SUCCESS, "committed2")) == 0
    assert head(ran("2h", Result.FAILURE, "committed1")) is None
    assert head(ran("5h", Result.FAILURE, "committed4")) is None


def test_one_failure_of_several_runs_is_red():
    assert head(ran("2h", Result.SUCCESS, "committed2"), ran("3h", Result.FAILURE, "committed2")) == 1


def test_only_first_attempts_before_the_merge_for_the_change_itself_count():
    green = ran("2h", Result.SUCCESS, "committed2")
    assert head(green, ran("3h", Result.FAILURE, "committed2", attempt=2)) == 0
    assert head(green, ran("19h", Result.FAILURE, "committed2")) == 0
    assert head(green, ran("3h", Result.FAILURE, "committed2", default=True)) == 0


@pytest.mark.parametrize("result", [Result.ERROR, Result.TIMEOUT, Result.CANCELLATION, Result.SKIP])
def test_what_says_neither_red_nor_green_says_nothing(result):
    assert head(ran("2h", result, "committed2")) is None


def test_a_change_that_was_never_ready_or_has_no_commits_has_no_first_head():
    red = ran("1h", Result.FAILURE, "committed1")
    assert head(red, lines=("opened 0h as draft", "committed 1h")) is None
    assert head(red, lines=("opened 0h",)) is None


def test_an_escape_is_dated_with_its_outcome_and_has_the_size_and_origin_of_the_merge():
    """Merged at 18 h and in no deployment: 30 days later a fix that names it within them makes it an escape."""
    lines = ("opened 0h on codex/fix", "merged 18h", FILES)
    fix = [
        Opened("opened", at("2d"), Actor("ann"), False, "topic", "main"),
        Referred("referred", at("2d"), Naming.FIX, ("sha",), (7,)),
        Merged("merged", at("3d"), "other"),
    ]
    for bound, escaped in (([], 0), ([fix], 1)):
        told = Change(change(*lines), POLICY, bound, number=7)
        assert dated(escapes, ESCAPED_FACT, told) == [(738, ("agentic", "50"), escaped)]


# By hand


def arms(agentic, unmarked, size="50"):
    """A repository's reviewed changes: requests of each agentic and each unmarked one."""
    part = {}
    for origin, requests in (("agentic", agentic), ("unmarked", unmarked)):
        for count in set(requests):
            part[REVIEW_FACT, (origin, size, str(count), str(count))] = [100] * requests.count(count)
    return part


def ratios(*parts):
    return gauges(quality.issues, pool(*parts, window="90d"))


def test_the_ratio_of_one_stratum_is_that_of_the_rates():
    """30 agentic changes with 60 requests are 2 each, 40 unmarked ones with 40 are 1 each: 2."""
    found = ratios(arms([2] * 30, [1] * 40))
    assert found["sdlc_ai_rate_ratio", "agentic", "change_requests", "estimate"] == pytest.approx(2)
    assert found["sdlc_ai_rate_samples", "agentic", "change_requests", "agentic"] == 30
    assert found["sdlc_ai_rate_samples", "agentic", "change_requests", "unmarked"] == 40
    assert found["sdlc_ai_rate_ratio", "agentic", "change_requests", "lower"] == pytest.approx(2)


def test_two_strata_are_weighed_by_mantel_and_haenszel():
    """R = 60 * 40/70 + 15 * 60/75 = 46.29 and S = 40 * 30/70 + 30 * 15/75 = 23.14, so R / S = 2.

    In the pool of both it would be (75 / 45) / (70 / 100) = 2.38: the agentic changes are where all have more.
    """
    found = ratios(arms([2] * 30, [1] * 40), arms([1] * 15, [0, 1] * 30))
    assert found["sdlc_ai_rate_ratio", "agentic", "change_requests", "estimate"] == pytest.approx(2)


def test_like_is_compared_with_like_only():
    """In one repository the sizes differ, in the other nothing is unmarked: nothing to compare, and it says 0."""
    found = ratios(arms([2] * 40, []) | arms([], [1] * 40, size="250"), arms([2] * 40, []))
    assert found == {
        ("sdlc_ai_rate_samples", "agentic", issue, arm): 0
        for issue in ("change_requests", "review_remarks")
        for arm in ("agentic", "unmarked")
    }


def test_fewer_than_thirty_on_either_side_is_no_ratio():
    found = ratios(arms([2] * 29, [1] * 40))
    assert found["sdlc_ai_rate_samples", "agentic", "change_requests", "agentic"] == 29
    assert not [name for name, *_ in found if name == "sdlc_ai_rate_ratio"]


def test_remarks_are_counted_per_line():
    """The same two remarks each, on half as many lines: twice the rate."""
    part = {
        (REVIEW_FACT, ("assisted", "50", "0", "2")): [20] * 30,
        (REVIEW_FACT, ("unmarked", "50", "0", "2")): [40] * 30,
    }
    found = ratios(part)
    assert found["sdlc_ai_rate_ratio", "assisted", "review_remarks", "estimate"] == pytest.approx(2)


def test_red_heads_are_a_ratio_of_shares():
    """15 of 30 against 10 of 40: 0.5 / 0.25 = 2."""
    part = {
        (FIRST_HEAD_FACT, ("agentic", "50")): [1] * 15 + [0] * 15,
        (FIRST_HEAD_FACT, ("unmarked", "50")): [1] * 10 + [0] * 30,
    }
    found = ratios(part)
    assert found["sdlc_ai_rate_ratio", "agentic", "first_ci_red", "estimate"] == pytest.approx(2)


def test_escapes_are_a_ratio_of_shares():
    """6 of 30 against 4 of 40: 0.2 / 0.1 = 2."""
    part = {
        (ESCAPED_FACT, ("assisted", "50")): [1] * 6 + [0] * 24,
        (ESCAPED_FACT, ("unmarked", "50")): [1] * 4 + [0] * 36,
    }
    assert ratios(part)["sdlc_ai_rate_ratio", "assisted", "escape", "estimate"] == pytest.approx(2)


def test_where_a_stream_is_not_followed_nothing_is_said_of_it():
    assert {issue for _, _, issue, _ in ratios(arms([2] * 30, [1] * 40))} == {"change_requests", "review_remarks"}


# Simulated: is the truth found, and how often is it inside the bounds?


def poisson(dice, mean):
    limit, drawn, product = exp(-mean), 0, dice.random()
    while product > limit:
        drawn, product = drawn + 1, product * dice.random()
    return drawn


def repositories(dice, truth, places=4, each=120):
    """Repositories that differ in how much is asked, and in how much of it agents write, who write the larger changes.

    Requests come in heaps: a change's own mean is drawn from a gamma distribution around its stratum's.
    """
    for _ in range(places):
        strict = exp(dice.gauss(0, 0.7))
        agents = min(0.9, 0.15 + 0.25 * strict)
        part = defaultdict(list)
        for _ in range(each):
            agentic = dice.random() < agents
            size = dice.choices((50, 250, 1000), (1, 2, 3) if agentic else (3, 2, 1))[0]
            mean = 0.5 * strict * (size / 250) ** 0.5 * (truth if agentic else 1)
            requests = poisson(dice, dice.gammavariate(1.5, mean / 1.5))
            red = int(dice.random() < min(1.0, 0.2 * min(strict, 1.5) * (truth if agentic else 1)))
            origin = "agentic" if agentic else "unmarked"
            part[REVIEW_FACT.name, (origin, str(size), str(requests), str(requests))].append((DAY, size))
            part[FIRST_HEAD_FACT.name, (origin, str(size))].append((DAY, red))
        yield dict(part)


def crude(parts, position):
    """The ratio without strata."""
    sums = {"agentic": [0, 0], "unmarked": [0, 0]}
    for part in parts:
        for (name, labels), dated_values in part.items():
            if name == REVIEW_FACT.name:
                sums[labels[0]][0] += int(labels[position]) * len(dated_values)
                sums[labels[0]][1] += len(dated_values)
    return (sums["agentic"][0] / sums["agentic"][1]) / (sums["unmarked"][0] / sums["unmarked"][1])


@pytest.mark.parametrize("truth", [1.0, 1.7])
def test_the_ratio_is_found_and_its_bounds_hold(truth):
    """Of 400 simulated quarters; 90 % bounds should miss 10 % of the time, and half of that on either side.

    Without strata the same changes say twice the truth, for agents write the large changes where most is asked.
    """
    dice = random.Random(1)
    found, without = defaultdict(list), []
    for _ in range(400):
        parts = list(repositories(dice, truth))
        without.append(log(crude(parts, 2)))
        told = gauges(quality.issues, window_of("90d", *parts))
        for issue in ("change_requests", "first_ci_red"):
            bounds = [told["sdlc_ai_rate_ratio", "agentic", issue, word] for word in ("estimate", "lower", "upper")]
            found[issue].append(bounds)
    for issue, told in found.items():
        bias = exp(fmean(log(estimate) for estimate, _, _ in told)) / truth
        above = fmean(lower > truth for _, lower, _ in told)
        below = fmean(upper < truth for *_, upper in told)
        print(f"{issue} {truth}: bias {bias:.3f}, too high {above:.3f}, too low {below:.3f}")
        assert 0.96 < bias < 1.04
        assert above < 0.1
        assert below < 0.1
        assert 1 - above - below > 0.85
    print(f"without strata {exp(fmean(without)) / truth:.2f} times the truth")
    assert exp(fmean(without)) / truth > 1.5


# Acceptance


def test_acceptance_is_merged_by_merged_or_abandoned():
    """8 and 4 merged with or without review, 4 abandoned: 12 of 16; unmarked ones are all merged."""
    part = {
        (MERGED, ("agentic", "yes")): [1] * 8,
        (MERGED, ("agentic", "no")): [1] * 4,
        (ABANDONED, ("agentic",)): [1] * 4,
        (MERGED, ("unmarked", "yes")): [1] * 3,
    }
    assert gauges(acceptance, pool(part)) == {
        ("sdlc_team_acceptance_ratio", "agentic", "28d"): 0.75,
        ("sdlc_team_acceptance_samples", "agentic", "28d"): 16,
        ("sdlc_team_acceptance_ratio", "unmarked", "28d"): 1,
        ("sdlc_team_acceptance_samples", "unmarked", "28d"): 3,
    }


def test_where_nothing_ended_there_is_no_acceptance_and_where_all_was_thrown_away_it_is_zero():
    assert gauges(acceptance, pool({(MERGED, ("bot", "no")): []})) == {}
    assert gauges(acceptance, pool({(ABANDONED, ("bot",)): [1]}))["sdlc_team_acceptance_ratio", "bot", "28d"] == 0
