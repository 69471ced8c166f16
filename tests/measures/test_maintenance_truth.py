"""How near the estimators come to a known truth; the figures are printed with ``pytest -s``."""

import random
import statistics
from collections import Counter

import pytest

from exporter.catalogue import DAY, HOUR
from exporter.change import Change
from exporter.line import gaps
from exporter.measures import maintenance as upkeep
from exporter.measures.maintenance import fixes, red_outcomes, work
from exporter.story import Story
from tests.measures.organisation import WEEKS, organisation
from tests.measures.pools import window_of
from tests.measures.read import gauges
from tests.stories import POLICY, START

pytestmark = pytest.mark.random

END = START + (WEEKS * 7 + 6) * DAY
ORGANISATIONS = 40


def observed(made):
    """All observations of an organisation's changes and branches, each branch bound to its change."""
    for told, branch in zip(made.changes, made.lines, strict=True):
        yield from work(Change(told, POLICY), POLICY)
        line = Story(branch, POLICY, [told])
        yield from red_outcomes(line, POLICY)
        yield from fixes(line, POLICY)


def pool(seen, end=END):
    part = {("first_attempt", ("change", "success")): [(end, 1)]}
    for each in seen:
        part.setdefault((each.metric, tuple(map(str, each.labels))), []).append((each.at, each.value))
    return window_of("90d", part, ends=[end], policy=POLICY)


@pytest.fixture(scope="module")
def estimates():
    """(truth, lower, upper, outcomes) of many organisations."""
    found = []
    for seed in range(ORGANISATIONS):
        made = organisation(seed)
        seen = list(observed(made))
        told = gauges(upkeep.maintenance, pool(seen), "team")
        outcomes = Counter(each.labels[0] for each in seen if each.metric == "sdlc_test_red_outcomes_total")
        lower, upper = (told["sdlc_test_maintenance_window_seconds", bound, "90d"] for bound in ("lower", "upper"))
        found.append((made, lower, upper, outcomes))
    return found


def bias(pairs):
    """The mean of estimate over truth, less one, and how far single ones stray (standard deviation)."""
    ratios = [estimate / truth - 1 for estimate, truth in pairs]
    return statistics.mean(ratios), statistics.stdev(ratios)


def test_every_gap_between_two_commits_was_filled(estimates):
    assert all(gaps(branch) == [] for made, *_ in estimates[:5] for branch in made.lines)


def test_the_lower_bound_is_the_hours_of_test_fixes(estimates):
    """It errs downwards, by a sixth here: a fix that is red itself is not in it, since the next red is the last one."""
    mean, spread = bias([(lower, made.truth["test_fix"]) for made, lower, *_ in estimates])
    print(f"\nlower bound against hours of test fixes: bias {mean:+.1%}, spread {spread:.1%}")
    assert -0.22 < mean < -0.1
    assert spread < 0.06


def test_the_upper_bound_is_the_time_on_old_test_lines(estimates):
    mean, spread = bias([(upper, made.truth["old test lines"]) for made, _, upper, _ in estimates])
    print(f"\nupper bound against time on old test lines: bias {mean:+.1%}, spread {spread:.1%}")
    assert abs(mean) < 0.04
    assert spread < 0.02


def test_the_interval_holds_the_truth(estimates):
    """Maintenance really was fixes, half of mixed work, and edits of old tests that no new behaviour asked for."""
    held = [lower <= made.truth["maintenance"] <= upper for made, lower, upper, _ in estimates]
    width = statistics.mean(upper / lower for _, lower, upper, _ in estimates)
    print(
        f"\nthe interval holds the truth in {sum(held)} of {len(held)} organisations; upper is {width:.1f} times lower"
    )
    assert sum(held) >= 0.95 * len(held)


def test_edits_that_were_asked_for_are_what_makes_the_upper_bound_one():
    """Were none of the edits asked for by new behaviour, the truth would be the upper bound, give or take 5 %."""
    off = []
    for seed in range(10):
        made = organisation(seed, spec=0.0)
        told = gauges(upkeep.maintenance, pool(observed(made)), "team")
        off.append(told["sdlc_test_maintenance_window_seconds", "upper", "90d"] / made.truth["maintenance"] - 1)
    print(f"\nwithout asked-for edits the upper bound is off by {statistics.mean(off):+.1%}")
    assert abs(statistics.mean(off)) < 0.05


def test_outcomes_come_in_their_true_proportions(estimates):
    """Two of five reds are test fixes, and one each is a catch, mixed, or a flake."""
    total = sum((outcomes for *_, outcomes in estimates), Counter())
    shares = {told: count / total.total() for told, count in total.items()}
    print(f"\noutcomes of {total.total()} reds: {shares}")
    assert shares.keys() == {"test_fix", "true_catch", "mixed", "flake"}
    for told, share in {"test_fix": 0.4, "true_catch": 0.2, "mixed": 0.2, "flake": 0.2}.items():
        assert shares[told] == pytest.approx(share, abs=0.05)


def climbing(chance, developers, hours, growth):
    """Six sprints of upkeep by developers each with its own chance; the window ends with the sixth."""
    part = {}
    for sprint in range(6):
        at = END - (6 - sprint) * 14 * DAY + 7 * DAY
        for developer in range(developers):
            spent = chance.lognormvariate(0, 0.8) / 1.377 * (hours + growth * sprint) * HOUR
            part.setdefault(("upkeep_day", (f"dev{developer}", "0")), []).append((at, int(spent)))
            part.setdefault(("author", (f"dev{developer}",)), []).append((at, 1))
    return window_of("90d", part, ends=[END], policy=POLICY)


@pytest.mark.parametrize(
    ("developers", "growth", "least", "most"),
    [(10, 0.0, 0.0, 0.06), (40, 0.0, 0.0, 0.06), (10, 1.0, 0.3, 1.0), (40, 0.5, 0.4, 1.0), (40, 1.0, 0.8, 1.0)],
)
def test_the_trend_finds_the_growth_and_seldom_one_that_is_not_there(developers, growth, least, most):
    """Four hours a developer and sprint to begin with, growth in hours a sprint; 300 organisations each.

    The mean of exp(N(0, 0.8)) is exp(0.32) = 1.377. A small team's doubling is missed more often than not: six points
    are few, and the bounds say so.
    """
    chance = random.Random(7)
    trends = [gauges(upkeep.climb, climbing(chance, developers, 4, growth), "team") for _ in range(300)]
    told = [{bound: value / HOUR for (_, bound), value in trend.items()} for trend in trends]
    mean = statistics.mean(each["estimate"] for each in told)
    held = statistics.mean(each["lower"] <= growth <= each["upper"] for each in told)
    fired = statistics.mean(each["lower"] > 0 for each in told)
    print(f"\n{developers} developers, growth {growth} h: estimate {mean:.2f}, held {held:.0%}, climbing {fired:.0%}")
    assert mean == pytest.approx(growth, abs=0.1)
    assert held >= 0.9
    assert least <= fired <= most
