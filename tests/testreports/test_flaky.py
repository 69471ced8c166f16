"""The same test, the same code, both outcomes; told from what is kept of a report."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.testreports import Reports, flaky, kept, read_archive, turned_green
from tests.testreports.zips import suite, zipped


def report(green=(), red=(), skipped=(), both=()):
    """What is kept of a report of tests with these numbers."""
    rows = [f'<testcase name="t{each}"/>' for each in green]
    rows += [f'<testcase name="t{each}"><failure/></testcase>' for each in red]
    rows += [f'<testcase name="t{each}"><skipped/></testcase>' for each in skipped]
    rows += [f'<testcase name="t{each}"><flakyFailure/></testcase>' for each in both]
    return read_archive(zipped(junit=suite(*rows)))


def told(tests):
    return {each.rpartition("#")[0].removeprefix("shop::t") for each in tests}


def test_red_in_the_first_attempt_and_green_in_the_second_is_flaky():
    first, second = report(green=range(1, 5000), red=[0]), report(green=range(5000))
    assert told(flaky([("a1", "unit", first), ("a1", "unit", second)])) == {"0"}
    assert told(flaky([("a1", "unit", second), ("a1", "unit", first)])) == {"0"}


def test_other_code_or_another_place_is_no_flake():
    first, second = report(green=range(1, 50), red=[0]), report(green=range(50))
    assert flaky([("a1", "unit", first), ("b2", "unit", second)]) == set()
    assert flaky([("a1", "linux", first), ("a1", "windows", second)]) == set()


def test_both_outcomes_within_one_report_are_enough():
    assert told(flaky([("a1", "unit", report(green=[1], both=[2]))])) == {"2"}


def test_red_twice_is_broken():
    run = report(green=range(1, 50), red=[0])
    assert flaky([("a1", "unit", run), ("a1", "unit", run)]) == set()


def test_a_test_that_did_not_run_again_is_not_flaky():
    """Skipped, or gone with a runner that died: not among the reds, and yet not green."""
    first = report(green=range(1, 50), red=[0])
    assert flaky([("a1", "unit", first), ("a1", "unit", report(green=range(1, 50), skipped=[0]))]) == set()
    assert flaky([("a1", "unit", first), ("a1", "unit", report(green=range(1, 50)))]) == set()
    assert flaky([("a1", "unit", first), ("a1", "unit", Reports())]) == set()


def test_a_second_attempt_that_runs_only_what_was_red_tells_as_well():
    first = report(green=range(3, 5000), red=[0, 1, 2])
    second = report(green=[0, 2], red=[1])
    assert told(turned_green(first, second)) == {"0", "2"}


def test_where_all_was_red_the_sums_of_the_first_are_empty():
    assert told(turned_green(report(red=[0, 1]), report(green=[0], red=[1]))) == {"0"}


def test_one_mended_while_another_broke():
    assert told(turned_green(report(green=range(1, 900), red=[0]), report(green=range(899), red=[899]))) == {"0"}


def test_a_few_other_tests_leave_few_questions_open():
    """Of 80 red tests that turned green while one test was not run, at most those in its bucket stay open."""
    first = report(green=range(80, 4000), red=range(80))
    second = report(green=range(3999))
    assert len(turned_green(first, second)) >= 75


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_called_green_was_green(seed):
    """Never more than the truth, whatever ran in either; all of it where the same tests ran and nothing is unlisted."""
    chance = random.Random(seed)
    tests = range(chance.choice([3, 30, 150]))

    reds = chance.choice([2, 25])

    def run(missing):
        outcome = {each: chance.choices("grs", (90, reds, missing))[0] for each in tests}
        by = {letter: [each for each in tests if outcome[each] == letter] for letter in "grs"}
        return by, report(green=by["g"], red=by["r"], skipped=by["s"])

    missing = chance.choice([0, 0, 5])
    (before, one), (after, other) = run(missing), run(missing)
    truth = {str(each) for each in before["r"] if each in after["g"]}
    found = told(turned_green(one, other))
    assert found <= truth
    if not missing:
        assert found == truth


def stored(reports):
    """What is left of it once it is a fact."""
    return msgspec.structs.replace(reports, greens=kept(reports.greens))


def test_sums_in_sixteen_buckets_tell_the_same_of_the_same_tests():
    """5,000 tests in 96 bytes; of nothing there is nothing to keep, and of 2 tests 4 buckets are enough."""
    first, second = stored(report(green=range(3, 5000), red=[0, 1, 2])), stored(report(green=range(1, 5000), red=[0]))
    assert len(first.greens) == 96
    assert told(turned_green(first, second)) == {"1", "2"}
    assert kept(b"") == b""
    assert len(kept(report(green=[1, 2]).greens)) == 4 * 6


def test_one_test_that_has_another_name_each_time_hides_two_buckets_of_sixteen():
    """Of 80 red tests some 80 * (15 / 16)^2 = 70 are found, and none that did not turn green."""
    first = stored(report(green=["8f3a", *range(80, 1000)], red=range(80)))
    second = stored(report(green=["77c1", *range(1, 1000)], red=[0]))
    found = told(turned_green(first, second))
    assert 60 <= len(found) < 79
    assert "0" not in found


def test_an_id_without_a_number_is_left_open():
    """Facts of other sources may name tests as they like."""
    before, after = Reports(red=("cart#adds", "cart"), greens=b"\0" * 6), Reports(greens=b"\1" * 6)
    assert turned_green(before, after) == frozenset()
