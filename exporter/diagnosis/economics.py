"""What the gain is worth, as a model with its assumptions beside it: an interval, or nothing."""

from msgspec import Struct

from exporter.diagnosis.terms import Diagnosis, Economics, Flag, Interval

HOUR = 3600
WEEKS_A_MONTH = 365.25 / 7 / 12


class Declared(Struct, frozen=True):
    """What the configuration declares.

    ``reported`` is seconds a developer and week, ``seat_price`` a month, ``rate`` an hour, ``review`` the seconds that
    one review takes, at least and at most; ``productive_week`` the seconds of work in a week.
    """

    reported: float | None = None
    seats: int | None = None
    seat_price: float | None = None
    rate: float | None = None
    currency: str = ""
    review: tuple[float, float] = (600.0, 3600.0)
    productive_week: float = 32.0 * HOUR


class Effort(Struct, frozen=True):
    """What people did a week in the baseline, and in the current weeks.

    ``developers``: who wrote changes that became ready; ``ready``: those changes; ``reviews``: people's reviews.
    ``fixing``: seconds that mended tests, ``upkeep``: seconds spent on old test lines, the lower and the upper bound of
    test maintenance.
    """

    developers: tuple[float, float]
    ready: tuple[float, float]
    reviews: tuple[float, float]
    fixing: tuple[float, float]
    upkeep: tuple[float, float]


def economics(diagnosis: Diagnosis, effort: Effort, declared: Declared) -> Economics:
    """The measured saving per developer and week, its worth, and what the seats cost (definitions 157).

    The coding time of a change is time that passes, day and night; the model counts of it the part of a week that is
    worked. From that it takes what reviews and the upkeep of tests took more than in the baseline.
    """
    now = effort.developers[1]
    cost = None
    if declared.seats is not None and declared.seat_price is not None:
        cost = declared.seats * declared.seat_price / WEEKS_A_MONTH
    measured = _measured(diagnosis, effort, declared)
    worth = ratio = None
    if measured is not None and declared.rate is not None:
        rate = declared.rate
        worth = Interval(*(each / HOUR * rate * now for each in measured))
        ratio = Interval(*(each / cost for each in worth)) if cost else None
    return Economics(
        developers=now,
        measured=measured,
        reported=declared.reported,
        currency=declared.currency if cost is not None or worth is not None else "",
        cost=cost,
        worth=worth,
        ratio=ratio,
        assumptions=_assumptions(declared),
    )


def _measured(diagnosis: Diagnosis, effort: Effort, declared: Declared) -> Interval | None:
    """Seconds of work saved per developer and week: coding less reviews and upkeep that came on top.

    None where coding cannot be relied on: agents that commit once would be worth all the time they hide.
    """
    unreliable = any(flag is Flag.CODING_UNRELIABLE for flag, _ in diagnosis.flags)
    if diagnosis.gain is None or unreliable or not all(effort.developers):
        return None
    worked = declared.productive_week / (7 * 86400)
    changes = effort.ready[1] / effort.developers[1]
    saved = [each * worked * changes for each in diagnosis.gain]
    reviews = _more(effort, effort.reviews)
    least, most = sorted(reviews * each for each in declared.review)
    low, high = sorted((_more(effort, effort.fixing), _more(effort, effort.upkeep)))
    middle = (least + most) / 2 + (low + high) / 2
    return Interval(saved[0] - middle, saved[1] - most - high, saved[2] - least - low)


def _more(effort: Effort, weekly: tuple[float, float]) -> float:
    """How much more of something there is per developer than in the baseline."""
    return weekly[1] / effort.developers[1] - weekly[0] / effort.developers[0]


def _assumptions(declared: Declared) -> tuple[str, ...]:
    least, most = (each / 60 for each in declared.review)
    hours = declared.productive_week / HOUR
    return (
        f"of the time a change is being coded, {hours:g} of every 168 hours are worked",
        f"a review takes {least:g} to {most:g} minutes (declared, not measured)",
        "rework after a review is not counted, since its hours are not known",
        "nobody is paid less because a change is ready sooner: time saved is worth its rate only if it is used",
    )
