"""An alert's past is told as Prometheus would have made it."""

from exporter.catalogue import HOUR
from tests.alerts.episodes import alone, firing, rules


def hours(holds, wait, keep, last=100):
    """Episodes in hours, of an expression that holds at these hours."""
    found = firing({hour * HOUR for hour in holds}, wait * HOUR, keep * HOUR, HOUR, last * HOUR)
    return [(begin // HOUR, end // HOUR) for begin, end in found]


def test_it_fires_once_it_held_for_so_long():
    """True from 10 to 14: pending for 4 hours, firing at 14, and no more at 15."""
    assert hours(range(10, 15), 4, 0) == [(14, 15)]
    assert hours(range(10, 14), 4, 0) == []


def test_one_evaluation_at_which_it_does_not_hold_begins_the_wait_anew():
    assert hours([10, 11, 12, 14, 15, 16, 17], 3, 0) == [(17, 18)]


def test_it_goes_on_for_a_while_after_it_last_held():
    """Not true at 15 for the first time: kept from then, and over 12 hours later."""
    assert hours(range(10, 15), 4, 12) == [(14, 27)]


def test_what_comes_back_meanwhile_is_the_same_episode():
    """It need not hold for so long again, and the time to go on begins anew."""
    assert hours([*range(10, 15), 20], 4, 12) == [(14, 33)]
    assert hours([*range(10, 15), *range(27, 29)], 4, 12) == [(14, 41)]
    assert hours([*range(10, 15), *range(28, 33)], 4, 12) == [(14, 27), (32, 45)]


def test_what_still_fires_ends_with_the_data():
    assert hours(range(10, 50), 4, 12, last=49) == [(14, 49)]
    assert hours([], 4, 12) == []


def test_recordings_are_written_out_and_asked_for_their_labels():
    recorded = {"l:a:x": "sum(a)", "l:a:x_more": "l:a:x + 1"}
    assert alone('l:a:x_more > b / l:a:x{o="1"}', recorded) == (
        '((sum(a)) + 1) > b / ((sum(a)) and on (o) label_replace(vector(1), "o", "1", "", ""))'
    )


def test_every_alert_about_reviews_can_stand_alone():
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(recorded) > 10
    assert len(alerts) == 16
    assert not [name for rule in alerts for name in recorded if name in alone(rule["expr"], recorded)]
