import math

import pytest

from exporter.catalogue import DAY
from exporter.change import Change
from exporter.measures.escape import (
    DRIFT_RATIO,
    DRIFT_SAMPLES,
    ESCAPE_LOWER,
    ESCAPE_RATIO,
    ESCAPE_SAMPLES,
    ESCAPE_UPPER,
    ESCAPES,
    OUTCOMES,
    escape_drift,
    escape_ratios,
    outcomes,
)
from exporter.model import Contained, Deployed, Merged, Naming, Outcome
from tests.measures.pools import window_of
from tests.measures.read import dated
from tests.stories import POLICY, at, change
from tests.tickets import issue, naming

SHA = "a1b2c3d" + "0" * 33
OTHER = "a1b2c3d" + "f" * 33
"""Begins as the change's commit does."""
DAYS = 24
MERGED = ("opened 0h", f"merged 1h as {SHA}")


def by_change(when, words, said=Naming.REVERT, *, named="2h"):
    """Another change that names something, merged then; ``named``: when it said so."""
    return [*change("opened 2h by ann", f"merged {when} as fff"), naming("said", at(named), words, said)]


def deployed(when, *shas):
    """A deployment to production that brought commits."""
    brought = tuple(shas) or (SHA,)
    return [
        Deployed("d", at(when), "production", brought[0], Outcome.SUCCESS, at(when)),
        Contained("c", at(when), "", brought),
    ]


def outcome(*bound, lines=MERGED):
    """When the outcome of the change #7 is known, in days after its merge, and origin, outcome and tier."""
    told = Change(change(*lines), POLICY, bound, number=7)
    found, escapes = dated(outcomes, OUTCOMES, told), dated(outcomes, ESCAPES, told)
    if not found:
        assert escapes == []
        return None
    ((hours, labels, _),) = found
    assert [each[0] for each in escapes] == [hours] * (labels[1] == "escaped")
    return ((hours - 1) / DAYS, *labels, *(each[1][0] for each in escapes))


def test_a_change_that_nothing_names_is_clean_30_days_after_its_merge():
    assert outcome() == (30, "unmarked", "clean")


def test_the_days_count_from_production_where_it_came_there_within_30_days():
    """Merged at hour 1, so 48 h later is hour 49; at 31 days the merge counts."""
    assert outcome(deployed("49h")) == (32, "unmarked", "clean")
    assert outcome(deployed("30d1h")) == (60, "unmarked", "clean")
    assert outcome(deployed("30d1h1s")) == (30, "unmarked", "clean")


@pytest.mark.parametrize("words", ["#7", SHA, SHA[:7], f"#3 {SHA[:12]}"])
def test_a_revert_that_is_merged_within_30_days_is_an_escape(words):
    assert outcome(by_change("5d", words)) == (30, "unmarked", "escaped", "revert")


@pytest.mark.parametrize("words", ["#8", OTHER, OTHER[:12], "#70"])
def test_what_names_another_is_none_of_this_change(words):
    """A bond is made by seven characters of a commit, or by something else that was said."""
    assert outcome(by_change("5d", words)) == (30, "unmarked", "clean")


def test_a_fix_counts_at_its_merge_and_when_it_says_what_it_mends():
    assert outcome(by_change("5d", "#7", Naming.FIX)) == (30, "unmarked", "escaped", "named_fix")
    assert outcome(by_change("30d1h", "#7", Naming.FIX))[2] == "escaped"
    assert outcome(by_change("30d1h1s", "#7", Naming.FIX))[2] == "clean"
    assert outcome(by_change("5d", "#7", Naming.FIX, named="30d1h1s"))[2] == "clean"


def test_a_fix_that_is_not_merged_is_none():
    proposed = [*change("opened 2h by ann"), naming("said", at("2h"), "#7")]
    assert outcome(proposed)[2] == "clean"


def test_production_makes_the_time_to_be_named_longer():
    """In production two days after the merge: a fix merged 31 days after the merge counts."""
    assert outcome(deployed("49h"), by_change("31d", "#7", Naming.FIX)) == (32, "unmarked", "escaped", "named_fix")


def test_an_incident_counts_at_its_creation():
    assert outcome(issue("opened 3d", "names 4d: #7")) == (30, "unmarked", "escaped", "incident")
    assert outcome(issue("opened 0h", "names 4d: #7"))[2] == "clean", "it was there before the merge"
    assert outcome(issue("opened 31d", "names 31d: #7"))[2] == "clean"
    assert outcome(issue("opened 3d", "names 31d: #7"))[2] == "clean"
    assert outcome(issue("opened 3d", "names 4d: #3"))[2] == "clean"


def test_an_incident_that_was_none_is_none():
    assert outcome(issue("opened 3d", "names 3d: #7", "labelled 5d: invalid"))[2] == "clean"
    assert outcome(issue("opened 3d", "names 3d: #7", "dropped 5d"))[2] == "clean"
    assert outcome(issue("opened 3d", "names 3d: #7", "dropped 31d"))[2] == "escaped"


def test_a_revert_within_the_hour_and_before_production_caught_it():
    """Merged at 1 h; at 2 h the hour is over."""
    assert outcome(by_change("1h59m59s", "#7", named="1h"))[2] == "clean"
    assert outcome(by_change("2h", "#7"))[2] == "escaped"
    assert outcome(deployed("1h30m"), by_change("1h59m59s", "#7", named="1h"))[2] == "escaped"
    assert outcome(deployed("1h59m59s"), by_change("1h59m", "#7", named="1h"))[2] == "clean"
    assert outcome(by_change("1h59m", "#7", Naming.FIX, named="1h"))[2] == "escaped", "a fix caught nothing"


def test_the_first_that_named_it_tells_the_tier():
    fix, revert = by_change("5d", "#7", Naming.FIX), by_change("6d", "#7")
    assert outcome(revert, fix)[-1] == "named_fix"
    assert outcome(revert, fix, issue("opened 4d", "names 9d: #7"))[-1] == "incident"
    caught = by_change("1h30m", "#7", named="1h")
    assert outcome(caught, revert)[-1] == "revert", "the second time it was not caught"


def test_reverts_have_no_outcome_and_bots_changes_have_their_own_origin():
    assert outcome(lines=("opened 0h on revert-12-topic", "merged 1h")) is None
    assert outcome(lines=("opened 0h by dependabot[bot]", "merged 1h")) == (30, "bot", "clean")
    assert outcome(lines=("opened 0h", "closed 1h")) is None


def test_a_change_whose_commit_is_not_known_is_named_by_its_number_only():
    lines = [*change("opened 0h"), Merged("merged", at("1h"), "")]
    for words, expected in (("#7", "escaped"), (SHA, "clean")):
        (found,) = dated(outcomes, OUTCOMES, Change(lines, POLICY, [by_change("5d", words)], number=7))
        assert found[1][1] == expected


def pool(**counts):
    """The readings of a window: so many outcomes."""
    parts = {(OUTCOMES.name, ("unmarked", word)): [(n, 1) for n in range(count)] for word, count in counts.items()}
    return window_of("90d", parts)


def test_the_ratio_of_a_window_has_an_interval_and_says_what_it_rests_on():
    """1 of 8: with z = 1.6449, z² = 2.7055, centre (1 + 1.3528) / 10.7055 = 0.2198, and either side of it
    1.6449 sqrt(1 * 7 / 8 + 0.6764) / 10.7055 = 0.1914.
    """
    found = {twin: value for twin, _, value in escape_ratios(pool(clean=7, escaped=1))}
    assert found[ESCAPE_RATIO] == 1 / 8
    assert found[ESCAPE_SAMPLES] == 8
    assert math.isclose(found[ESCAPE_LOWER], 0.2198 - 0.1914, abs_tol=1e-4)
    assert math.isclose(found[ESCAPE_UPPER], 0.2198 + 0.1914, abs_tol=1e-4)


def test_without_an_escape_the_ratio_is_zero_and_without_a_change_it_is_absent():
    found = {twin: value for twin, _, value in escape_ratios(pool(clean=20))}
    assert (found[ESCAPE_RATIO], found[ESCAPE_LOWER]) == (0, 0)
    assert 1 / 9 < found[ESCAPE_UPPER] < 1 / 8
    assert list(escape_ratios(pool(clean=0))) == list(escape_ratios(pool())) == []


# Drift


def repository(now, before, *, end=90, origin="unmarked", day=44):
    """(escaped, clean) so many days before a repository's end, and before the middle of its 90 days."""
    part = {}
    for place, word in enumerate(("escaped", "clean")):
        dated = [((end - 45 - day) * DAY, 1)] * before[place] + [((end - day) * DAY, 1)] * now[place]
        part[OUTCOMES.name, (origin, word)] = dated
    return part, end * DAY


def drift(*repositories):
    """Ratio and bounds, and outcomes now and before."""
    parts, ends = zip(*repositories, strict=True)
    told = [(twin.team, labels, value) for twin, labels, value in escape_drift(window_of("90d", *parts, ends=ends))]
    ratio = {labels[0]: value for row, labels, value in told if row is DRIFT_RATIO}
    return ratio, {labels[0]: value for row, labels, value in told if row is DRIFT_SAMPLES}


def test_a_drift_is_the_share_now_by_the_share_before():
    """12 of 100 by 5 of 100 are 0.12 / 0.05 = 2.4.

    At the lower bound r the two shares that fit best have Pearson's chi-squared z² = 2.7055. With r = 1.0621 they are
    p0 = 0.0825 and r p0 = 0.0877:
    (12 - 8.77)² / (8.77 * 0.9123) + (5 - 8.25)² / (8.25 * 0.9175) = 1.31 + 1.40 = 2.71.
    """
    ratio, samples = drift(repository((12, 88), (5, 95)))
    assert math.isclose(ratio["estimate"], 2.4)
    assert math.isclose(ratio["lower"], 1.062, abs_tol=1e-3)
    assert ratio["upper"] > 2.4
    assert samples == {"now": 100, "before": 100}


@pytest.mark.parametrize(("day", "expected"), [(0, (10, 20)), (44, (10, 20)), (45, (0, 10))])
def test_the_middle_is_45_days_before_the_end(day, expected):
    """What is dated exactly 45 days before the end belongs to the 45 days before, and so on; the rest is moved too."""
    parts, ends = repository((1, 9), (4, 16), day=day)
    if day == 45:
        parts = {kind: [each for each in dated if each[0] > 0] for kind, dated in parts.items()}
    samples = drift((parts, ends))[1]
    assert (samples["now"], samples["before"]) == expected


def test_each_repository_has_a_middle_of_its_own():
    """One that is read 30 days further has its later half 30 days later: 3 + 3 of 20 by 1 + 1 of 20."""
    ratio, samples = drift(repository((3, 7), (1, 9)), repository((3, 7), (1, 9), end=120))
    assert samples == {"now": 20, "before": 20}
    assert math.isclose(ratio["estimate"], 3)


def test_every_origin_counts_but_that_of_bots():
    ratio, samples = drift(
        repository((3, 7), (1, 9)),
        repository((3, 7), (1, 9), origin="agentic"),
        repository((9, 0), (0, 9), origin="bot"),
    )
    assert samples == {"now": 20, "before": 20}
    assert math.isclose(ratio["estimate"], 3)


def test_where_nothing_escaped_before_the_ratio_has_a_lower_bound_alone():
    """3 of 300 after none of 300 is at least 1.11 times as many (definitions 46)."""
    ratio, _ = drift(repository((3, 297), (0, 300)))
    assert ratio.keys() == {"lower"}
    assert math.isclose(ratio["lower"], 1.11, abs_tol=0.005)


def test_without_an_escape_or_one_of_the_sides_there_is_no_ratio():
    assert drift(repository((0, 10), (0, 20))) == ({}, {"now": 10, "before": 20})
    assert drift(repository((2, 8), (0, 0))) == ({}, {"now": 10, "before": 0})


def test_without_an_outcome_nothing_is_told():
    assert drift(repository((0, 0), (0, 0))) == ({}, {})
    assert drift(repository((5, 5), (5, 5), origin="bot")) == ({}, {})
