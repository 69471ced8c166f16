"""The share of escapes in organisations of which it is known which changes were faulty, and when that was found."""

import random
from collections import Counter
from statistics import fmean

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.measures.escape import (
    CAUGHT,
    ESCAPE_LOWER,
    ESCAPE_RATIO,
    ESCAPE_UPPER,
    OUTCOMES,
    WITHIN,
    escape_ratios,
    outcomes,
)
from exporter.model import Contained, Deployed, Naming, Outcome
from tests.measures.pools import window_of
from tests.stories import POLICY, START, change
from tests.tickets import issue, naming

pytestmark = pytest.mark.random

FAULTY = {"agentic": 0.12, "unmarked": 0.06}
FOUND_AFTER = 8.6 * DAY
"""Mean of an exponential delay of which 97 % are over within 30 days, as of reverts in 49 open repositories."""
FOUND = 0.97
CHANGES, QUARTERS = 600, 25


def named(chance, at):
    """What names the change at a second: a revert, a fix or an incident."""
    when, before = f"{at - START}s", f"{at - START - 60}s"
    kind = chance.random()
    if kind < 0.15:
        return issue(f"opened {when}", f"names {when}: #7")
    said = Naming.REVERT if kind < 0.75 else Naming.FIX
    return [*change(f"opened {before} by ann", f"merged {when} as fff"), naming("said", at - 60, "#7", said)]


def told(chance, number):
    """One change with all that is bound to it: (origin, whether it was faulty, the story)."""
    origin = "agentic" if chance.random() < 0.3 else "unmarked"
    merged = START + round(number / CHANGES * 90 * DAY) + HOUR
    sha = f"{number:07x}" + "0" * 33
    bound, production = [], None
    if chance.random() < 0.7:
        production = merged + round(chance.expovariate(1 / DAY))
        done = Deployed("d", production, "production", sha, Outcome.SUCCESS, production)
        bound.append([done, Contained("c", production, "", (sha,))])
    faulty = chance.random() < FAULTY[origin]
    if faulty:
        bound.append(named(chance, (production or merged) + max(1, round(chance.expovariate(1 / FOUND_AFTER)))))
    elif chance.random() < 0.05 and (production is None or production > merged + CAUGHT):  # caught, and no escape
        at = merged + chance.randrange(60, CAUGHT)
        bound.append(
            [
                *change(f"opened {at - START - 30}s by ann", f"merged {at - START}s as eee"),
                naming("said", at - 30, "#7", Naming.REVERT),
            ]
        )
    lines = (
        f"opened {merged - START - 600}s on {'codex/' if origin == 'agentic' else ''}topic",
        f"merged {merged - START}s as {sha}",
    )
    return origin, faulty, Change(change(*lines), POLICY, bound, number=7)


@pytest.fixture(scope="module")
def quarters():
    """Of every simulated quarter: by origin the estimate with its bounds; and the share with the young ones in it."""
    found = []
    for seed in range(QUARTERS):
        chance, seen, young = random.Random(seed), {}, Counter()
        for number in range(CHANGES):
            origin, _, story = told(chance, number)
            (result,) = (each for each in outcomes(story, POLICY) if each.metric == OUTCOMES.name)
            assert result.labels[0] == origin
            seen.setdefault((OUTCOMES.name, result.labels), []).append((result.at, 1))
            # judged on the last day instead of after 30 of its own
            early = any(event.at <= START + 90 * DAY for facts in story.bound for event in facts if event.id == "said")
            young[origin, result.labels[1] == "escaped" and early] += 1
        rows = {}
        for twin, labels, value in escape_ratios(window_of("90d", seen, policy=POLICY)):
            rows[twin, labels[0]] = value
        hasty = {each: young[each, True] / (young[each, True] + young[each, False]) for each in FAULTY}
        found.append((rows, hasty))
    return found


@pytest.mark.parametrize("origin", FAULTY)
def test_the_share_of_escapes_is_found_and_its_interval_holds(quarters, origin):
    """Found within 30 days is 97 % of what is faulty; what was caught within the hour is none."""
    truth = FAULTY[origin] * FOUND
    estimates = [rows[ESCAPE_RATIO, origin] for rows, _ in quarters]
    held = fmean(rows[ESCAPE_LOWER, origin] <= truth <= rows[ESCAPE_UPPER, origin] for rows, _ in quarters)
    bias = fmean(estimates) / truth - 1
    print(f"\n{origin}: bias {bias:+.1%}, interval held {held:.0%} of {QUARTERS}")
    assert abs(bias) < 0.1
    assert held >= 0.76  # 19 of 25 or more, where 90 % are expected: one run in thirty has fewer


def test_a_share_that_does_not_wait_is_too_low(quarters):
    """Of the youngest changes little was found yet: this is why each has its 30 days first."""
    hasty = fmean(early["unmarked"] for _, early in quarters) / (FAULTY["unmarked"] * FOUND)
    print(f"\njudged on the last day: {hasty:.2f} times the truth")
    assert hasty < 0.85


def test_a_quarters_outcomes_are_known_thirty_days_later():
    _, _, story = told(random.Random(1), CHANGES - 1)
    (result,) = (each for each in outcomes(story, POLICY) if each.metric == OUTCOMES.name)
    assert result.at >= START + 89 * DAY + WITHIN
