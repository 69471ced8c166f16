from exporter.measures.qa import QA, QA_BLOCKED, qa
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
