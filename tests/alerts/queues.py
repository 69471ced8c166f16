"""Review queues of made-up repositories, hour by hour: what arrives, what people review, and the gauges it makes.

Hours count from promtool's beginning, Thursday at 0:00. Hour 9 is from 9:00 to 10:00, and a scrape at 10:00 has what
came and went in it.
"""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import NamedTuple

from exporter.catalogue import HOUR
from tests.alerts.cases import flow, oldest, queue
from tests.alerts.scrapes import Value

THURSDAY, FRIDAY, SATURDAY, SUNDAY, MONDAY, TUESDAY, WEDNESDAY = range(7)
WEEK = 7 * 24
BEFORE = 2 * WEEK
"""Hours for which a queue has been going on when the clock begins, so that its flows are whole at the first scrape."""

Rate = Callable[[int], float]
"""Changes in an hour, on average; parts of one add up to whole ones."""


def weekday(hour: int) -> int:
    """Which day of the week it is."""
    return hour // 24 % 7


def office(opens: int, closes: int, rate: float = 1) -> Rate:
    """So many changes an hour, from Monday to Friday between two hours of the day."""
    return lambda hour: rate * (weekday(hour) not in (SATURDAY, SUNDAY) and opens <= hour % 24 < closes)


class Queue(NamedTuple):
    """Changes that arrive and are reviewed; ``length`` wait when it begins, at the hour ``since``."""

    arrivals: Rate
    reviews: Rate
    length: int = 6
    since: int = -BEFORE

    def page(self, repository: str, hours: int) -> dict[str, Value]:
        """The gauges of so many hours; half of those that wait are agents'. Nothing is told of the oldest wait."""
        entered, left, lengths = [0], [0], [self.length]
        for come, capacity in zip(self._whole(self.arrivals, hours), self._whole(self.reviews, hours), strict=True):
            gone = min(lengths[-1] + come, capacity)
            entered.append(entered[-1] + come)
            left.append(left[-1] + gone)
            lengths.append(lengths[-1] + come - gone)

        def now(time: int) -> int:
            return time // HOUR - self.since

        def within_a_week(total: list[int]) -> Value:
            return lambda time: total[now(time)] - total[max(now(time) - WEEK, 0)]

        return {
            flow(repository, "in"): within_a_week(entered),
            flow(repository, "out"): within_a_week(left),
            queue(repository, "agentic", "awaiting_review"): lambda time: lengths[now(time)] // 2,
            queue(repository, "unmarked", "awaiting_review"): lambda time: (lengths[now(time)] + 1) // 2,
            oldest(repository): 0,
        }

    def _whole(self, rate: Rate, hours: int) -> list[int]:
        sums = accumulate((rate(hour) for hour in range(self.since, hours)), initial=0.0)
        return [int(after + 1e-6) - int(before + 1e-6) for before, after in pairwise(sums)]
