"""Which whole weeks are compared: those before AI was taken up, or with the least of it, and the last ones.

A week begins on Monday, 0:00 UTC. Weeks that a declared freeze touches are left out, and so are weeks that began before
the first second known.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from exporter.catalogue import DAY

WEEK = 7 * DAY
MONDAY = 4 * DAY
"""The first Monday since the epoch, which was a Thursday."""

FEWEST = 8
"""Weeks that either side has at least."""
MOST_BEFORE = 12
"""Weeks that a baseline has at most."""
LEAD_IN = 2 * WEEK
"""Left out before the adoption: people try a tool before the day it is announced."""


class Settings(Struct, frozen=True):
    """What a scope's diagnosis depends on besides its changes; times are Unix seconds.

    ``start`` is the first second known, ``adoption`` the day AI was taken up, None where nobody says. ``freezes`` are
    (first second, second after the last).
    """

    adoption: int | None = None
    freezes: tuple[tuple[int, int], ...] = ()
    start: int = 0
    least_changes: int = 30
    least_authors: int = 5
    weeks_now: int = 12


class Windows(Struct, frozen=True):
    """The begins of the weeks of the baseline and of the current weeks, each in order of time."""

    before: tuple[int, ...]
    now: tuple[int, ...]


def floor(second: int) -> int:
    """The begin of the week a second is in."""
    return second - (second - MONDAY) % WEEK


def ceiling(second: int) -> int:
    """The first begin of a week that is not before a second."""
    return floor(second + WEEK - 1)


def whole_weeks(first: int, last: int, freezes: Sequence[tuple[int, int]] = ()) -> tuple[int, ...]:
    """The begins of the weeks that lie within [first, last) and that no freeze touches."""
    begins = range(ceiling(first), last - WEEK + 1, WEEK)
    return tuple(week for week in begins if not any(week < end and begin < week + WEEK for begin, end in freezes))


def joined(weeks: Sequence[int]) -> list[tuple[int, int]]:
    """Weeks in order as (first second, second after the last) of those that follow each other without a gap."""
    runs: list[tuple[int, int]] = []
    for week in weeks:
        if runs and runs[-1][1] == week:
            runs[-1] = (runs[-1][0], week + WEEK)
        else:
            runs.append((week, week + WEEK))
    return runs


def windows(at: int, settings: Settings, ai_shares: Mapping[int, float]) -> Windows | str:
    """What is compared at the end of a week, or a sentence that says why nothing can be (definitions 145, 146).

    ``ai_shares``: of the changes merged in a week, the share with a marker, by the week's begin; a week without merges
    has none. It is asked only where no adoption is declared.

    Raises:
        ValueError: ``at`` is not the end of a week.
    """
    if at != floor(at):
        raise ValueError(f"{at} is not the end of a week")
    return _by_adoption(at, settings) if settings.adoption is not None else _by_share(at, settings, ai_shares)


def _by_adoption(at: int, settings: Settings) -> Windows | str:
    adoption = settings.adoption or 0
    if adoption >= at:
        return f"AI is taken up after the last whole week; {_weeks(FEWEST)} since then are needed"
    now = whole_weeks(max(settings.start, adoption), at, settings.freezes)
    if len(now) < FEWEST:
        return f"{_weeks(len(now))} can be compared since AI was taken up; {FEWEST} are needed"
    end = floor(adoption - LEAD_IN)
    before = whole_weeks(max(settings.start, end - 2 * MOST_BEFORE * WEEK), end, settings.freezes)
    if len(before) < FEWEST:
        return f"{_weeks(len(before))} can be read that end two weeks before AI was taken up; {FEWEST} are needed"
    return Windows(before[-MOST_BEFORE:], now[-settings.weeks_now :])


def _by_share(at: int, settings: Settings, ai_shares: Mapping[int, float]) -> Windows | str:
    """The current weeks leave the baseline its fewest; of the earlier ones the quarter with the least AI is taken.

    Weeks of one share are taken from the earliest on.
    """
    known = whole_weeks(max(settings.start, min(ai_shares, default=at)), at, settings.freezes)
    now = known[-max(FEWEST, min(settings.weeks_now, len(known) - FEWEST)) :]
    told = [week for week in known[: -len(now) or None] if week in ai_shares]
    if len(told) < FEWEST:
        return f"{_weeks(len(told))} with merges lie before the last {FEWEST}; {FEWEST} are needed for a baseline"
    wanted = min(MOST_BEFORE, max(FEWEST, -(-len(told) // 4)))
    return Windows(tuple(sorted(sorted(told, key=lambda week: (ai_shares[week], week))[:wanted])), now)


def _weeks(count: int) -> str:
    return f"{count} whole week{'s' * (count != 1)}"
