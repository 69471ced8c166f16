import math

import pytest

from exporter.measures.qa import QA, QA_BLOCKED, STAY_FACT, qa, qa_blocking, qa_stays
from tests.measures.pools import gauges, pool
from tests.measures.read import dated
from tests.tickets import ticket

HOUR = 3600


def stays(*lines):
    """(hours after the start, seconds) of every stay with QA."""
    return [(at, value) for at, _, value in dated(qa, QA, ticket(*lines))]


def blocked(*lines):
    """(hours after the start, seconds) of every blocking."""
    return [(at, value) for at, _, value in dated(qa, QA_BLOCKED, ticket(*lines))]


def test_a_stay_is_observed_when_the_label_goes():
    """Entered at 2 h, left at 7 h."""
    assert stays("opened 0h", "labelled 2h: in qa", "unlabelled 7h: in qa") == [(7, 5 * HOUR)]


def test_every_stay_counts_and_one_that_lasts_does_not_yet():
    lines = ("opened 0h", "labelled 2h: qa", "unlabelled 3h: qa", "labelled 5h: qa", "unlabelled 9h: qa")
    assert stays(*lines, "labelled 10h: qa") == [(3, HOUR), (9, 4 * HOUR)]


def test_a_closing_ends_a_stay_and_a_reopening_with_the_label_begins_another():
    assert stays("opened 0h", "labelled 2h: qa", "closed 3h", "reopened 8h", "unlabelled 9h: qa") == [
        (3, HOUR),
        (9, HOUR),
    ]


def test_a_change_of_one_qa_label_for_another_does_not_end_a_stay():
    """At one second, or with both on for a while."""
    swapped = ("labelled 4h: in qa", "unlabelled 4h: ready for qa", "unlabelled 6h: in qa")
    assert stays("opened 0h", "labelled 2h: ready for qa", *swapped) == [(6, 4 * HOUR)]


def test_a_status_counts_as_a_label():
    assert stays("opened 0h", "moved 2h: in qa", "moved 6h: done") == [(6, 4 * HOUR)]


def test_blocking_is_told_while_qa_has_it():
    """Blocked from 1 h to 6 h, with QA from 2 h to 9 h: four hours; then once more until QA is left."""
    lines = ("opened 0h", "labelled 1h: blocked", "labelled 2h: qa", "unlabelled 6h: blocked")
    assert blocked(*lines, "labelled 8h: blocked", "unlabelled 9h: qa") == [(6, 4 * HOUR), (9, HOUR)]


def test_a_label_that_says_both_is_both():
    lines = ("opened 0h", "labelled 1h: qa blocked", "unlabelled 3h: qa blocked")
    assert stays(*lines) == blocked(*lines) == [(3, 2 * HOUR)]


def test_blocked_elsewhere_is_not_told():
    assert blocked("opened 0h", "labelled 1h: blocked", "unlabelled 3h: blocked", "closed 4h") == []


# The share that is blocked


def parts(*lines):
    """(hours after the start, hundredths that were blocked, seconds) of every stay with QA."""
    return [(at, int(blocked), value) for at, (blocked,), value in dated(qa_stays, STAY_FACT, ticket(*lines))]


def test_a_stay_knows_how_much_of_it_was_blocked():
    """With QA from 2 h to 10 h, blocked from 1 h to 4 h and from 9 h on: 2 h + 1 h of 8 h are 37.5 %, 38 hundredths.

    The next stay, from 11 h to 12 h, begins without any.
    """
    first = ("opened 0h", "labelled 1h: blocked", "labelled 2h: qa", "unlabelled 4h: blocked", "labelled 9h: blocked")
    second = ("unlabelled 10h: qa", "unlabelled 10h: blocked", "labelled 11h: qa", "unlabelled 12h: qa")
    assert parts(*first, *second) == [(10, 38, 8 * HOUR), (12, 0, HOUR)]


def test_a_stay_that_lasts_is_not_known_yet_however_blocked():
    assert parts("opened 0h", "labelled 2h: qa", "labelled 2h: blocked", "unlabelled 5h: blocked") == []


def test_a_closing_ends_what_is_blocked_with_the_stay():
    assert parts("opened 0h", "labelled 2h: qa", "labelled 3h: blocked", "closed 6h") == [(6, 75, 4 * HOUR)]


def blocking(stays, scope="team"):
    found = gauges(qa_blocking, pool({(STAY_FACT, (word,)): values for word, values in stays.items()}), scope)
    return {name.removeprefix("sdlc_team_qa_blocked_").removeprefix("sdlc_qa_blocked_"): value
            for (name, window), value in found.items() if window == "28d"}  # fmt: skip


@pytest.mark.parametrize("scope", ["team", "repository"])
def test_the_share_is_of_time_and_not_of_stays(scope):
    """30 stays of 2 h, half blocked, and 10 of 6 h, not blocked: 30 h of 120 h are a quarter, of 40 stays.

    They weigh as 120² / (30 * 4 + 10 * 36) = 30 stays do. With z² = 2.7055 and k = 7.5 of 30 the lower bound is
    (7.5 + 1.3528 - 1.6449 sqrt(7.5 * 22.5 / 30 + 0.6764)) / 32.7055 = (8.8528 - 4.1290) / 32.7055 = 0.1444.
    """
    found = blocking({"50": [2 * HOUR] * 30, "0": [6 * HOUR] * 10}, scope)
    assert found["samples"] == 40
    assert math.isclose(found["ratio"], 0.25)
    assert math.isclose(found["ratio_lower"], 0.1444, abs_tol=1e-4)


def test_one_stay_of_a_month_is_one_issue():
    """30 stays of a day and one of 30, all of it blocked: half of the time, and no more than 3.9 stays' certainty.

    As 60² / (30 + 900) = 3.871 stays, 1.935 of them blocked:
    (1.935 + 1.3528 - 1.6449 sqrt(1.935 / 2 + 0.6764)) / 6.576 = (3.288 - 2.109) / 6.576 = 0.179.
    """
    found = blocking({"0": [24 * HOUR] * 30, "100": [720 * HOUR]})
    assert found["samples"] == 31
    assert math.isclose(found["ratio"], 0.5)
    assert math.isclose(found["ratio_lower"], 0.179, abs_tol=1e-3)


def test_without_a_stay_nothing_is_told_and_without_a_blockage_it_is_zero():
    assert blocking({}) == blocking({"0": []}) == {}
    assert blocking({"0": [HOUR] * 3}) == {"samples": 3, "ratio": 0, "ratio_lower": 0}
    assert blocking({"100": [HOUR] * 3})["ratio"] == 1
