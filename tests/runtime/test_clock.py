"""The server's time: one odd answer is doubted, a lasting jump is believed."""

from exporter.runtime.clock import ServerClock

DAY = 86_400


class Hands:
    """A wall clock and a monotonic one."""

    def __init__(self) -> None:
        self.wall = 5_000_000.0
        self.monotonic = 100.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def clock() -> tuple[ServerClock, Hands]:
    hands = Hands()
    return ServerClock(lambda: hands.wall, lambda: hands.monotonic), hands


def test_until_the_first_answer_it_is_the_local_time():
    made, hands = clock()
    hands.pass_by(7)
    assert made.now() == 5_000_007


def test_the_first_answer_is_believed_however_wrong_the_local_clock_is():
    made, hands = clock()
    made.hear(1_000_000)
    hands.pass_by(3)
    assert made.now() == 1_000_003


def test_a_local_clock_that_is_set_does_not_matter():
    made, hands = clock()
    made.hear(1_000_000)
    hands.wall += 40 * DAY
    hands.monotonic += 5
    assert made.now() == 1_000_005
    made.hear(1_000_006)
    assert made.now() == 1_000_006


def test_a_slow_answer_takes_the_time_back_by_as_much():
    made, hands = clock()
    made.hear(1_000_000)
    hands.pass_by(30)
    made.hear(1_000_001)
    assert made.now() == 1_000_001


def test_one_answer_from_another_day_is_not_believed():
    made, hands = clock()
    made.hear(1_000_000)
    for odd in (1_000_010 + DAY, 1_000_010 - DAY):
        hands.pass_by(10)
        made.hear(odd)
        made.hear(None)
        made.hear(int(1_000_000 + hands.monotonic - 100))
    assert made.now() == 1_000_020


def test_a_jump_that_three_answers_tell_is_believed():
    for jump in (DAY, -DAY):
        made, hands = clock()
        made.hear(1_000_000)
        told = []
        for _ in range(3):
            hands.pass_by(10)
            made.hear(int(1_000_000 + jump + hands.monotonic - 100))
            told.append(made.now())
        assert told == [1_000_010, 1_000_020, 1_000_030 + jump]


def test_three_answers_that_disagree_are_not_believed():
    made, _ = clock()
    made.hear(1_000_000)
    for odd in (DAY, 2 * DAY, DAY, 3 * DAY):
        made.hear(1_000_000 + odd)
    assert made.now() == 1_000_000


def test_after_the_machine_slept_the_first_answer_is_believed():
    """While a machine sleeps its wall clock goes on and its monotonic one stands still."""
    made, hands = clock()
    made.hear(1_000_000)
    hands.wall += 8 * 3600
    made.hear(1_000_000 + 8 * 3600)
    assert made.now() == 1_028_800
