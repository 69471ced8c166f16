"""Made-up counts of known truth, and how often an interval holds it."""

import math
from dataclasses import dataclass, field


def poisson(random, mean):
    """A count of mean ``mean``, by Knuth's product of uniform numbers (The Art of Computer Programming, 3.4.1)."""
    limit, product, found = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        found += 1
    return found


def binomial(random, trials, chance):
    """A count of ``trials``, by the geometric gaps from one event to the next: quick where they are rare."""
    found, place = 0, 0
    while True:
        place += int(math.log(1 - random.random()) / math.log(1 - chance)) + 1
        if place > trials:
            return found
        found += 1


@dataclass
class Tally:
    """Counts intervals by where the truth lies; those not estimable are counted apart."""

    name: str
    truth: float
    held: int = 0
    too_high: int = 0
    too_low: int = 0
    absent: int = 0
    endless: int = 0
    from_zero: int = 0
    errors: list[float] = field(default_factory=list)

    def take(self, interval):
        """``too_high``: the whole interval lies above the truth, which is what raises a false alarm."""
        if interval is None:
            self.absent += 1
            return
        self.too_high += interval.lower > self.truth
        self.too_low += interval.upper < self.truth
        self.held += interval.lower <= self.truth <= interval.upper
        self.endless += math.isinf(interval.upper)
        self.from_zero += interval.lower == 0
        self.errors.append(interval.estimate)

    @property
    def intervals(self):
        return self.held + self.too_high + self.too_low

    @property
    def coverage(self):
        return self.held / self.intervals

    @property
    def false_alarms(self):
        return self.too_high / self.intervals

    @property
    def median(self):
        """The middle estimate over the truth: 1 without bias; a mean would be infinite where a base has no event."""
        ordered = sorted(self.errors)
        return ordered[len(ordered) // 2] / self.truth

    def tell(self):
        """Print what was measured."""
        print(
            f"{self.name:<44} truth {self.truth:<7g} median/truth {self.median:5.3f} coverage {self.coverage:.3f}"
            f" too high {self.too_high / self.intervals:.3f} too low {self.too_low / self.intervals:.3f}"
            f" upper infinite {self.endless / self.intervals:.3f} lower 0 {self.from_zero / self.intervals:.3f}"
            f" absent {self.absent / (self.absent + self.intervals):.3f}"
        )
