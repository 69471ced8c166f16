"""A pretend organisation that takes up AI: code comes faster, more of it asks for review, reviewers stay as many.

Nothing is remembered: the changes of one repository opened on one day follow from the seed, the repository and the day
alone, each with its whole story, the part still to come included. Whoever asks is told what lies in the past, so that a
restarted process goes on with the same story. A queue has a memory, so none is simulated: a change waits as long as
that day's load makes a queue wait, times chance.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random

from msgspec import Struct

from exporter.demo.cast import (
    AGENTS,
    ARRIVALS,
    ASSISTANTS,
    PERSON,
    REVERTER,
    SITES,
    TEAMS,
    UPDATERS,
    Climate,
    Team,
    Writer,
    climate,
)
from exporter.demo.plot import DAY, Plot, poisson
from exporter.model import Fact, Repository, Stream, Subject, Told

MONDAY = 0

HORIZON = 60
"""Days after which a change has no more story; the price of a question grows with it."""

NUMBERS_A_DAY = 100
"""Change numbers kept for the changes that a repository opens on one day."""


class Organisation(Struct, frozen=True, kw_only=True):
    """A pretend organisation whose story begins at ``start`` (Unix seconds); the same values tell the same story."""

    start: int
    seed: int = 1
    repositories: int = 12

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What it tells of."""
        return (Stream.CHANGES,)

    def all_repositories(self) -> tuple[Repository, ...]:
        """All of them; its teams are ``acme/pay-*``, ``acme/web-*``, ``acme/data-*`` and ``acme/platform-*``."""
        return tuple(
            Repository(f"demo:R{place + 1}", _name(place), default_branch="main", topics=(_team(place).slug,))
            for place in range(self.repositories)
        )

    def told(self, since: int, until: int) -> Iterator[Told]:
        """Every change to which something happened in (since, until], with all its facts up to then; oldest first."""
        for day in range(max(self.first_day, since // DAY - HORIZON), until // DAY + 1):
            for place in range(self.repositories):
                if day * DAY <= since and not _stirs(self, place, day, since, until):
                    continue
                for change in _opened_on(self, place, day):
                    past = change.events[: bisect_right(change.events, until, key=_at)]
                    if past and past[-1].at > since:
                        yield Told(change.subject, past)

    @property
    def first_day(self) -> int:
        """The first whole UTC day of the story, in days since the epoch."""
        return -(-self.start // DAY)


def _at(event: Fact) -> int:
    return event.at


def _name(place: int) -> str:
    copy, site = divmod(place, len(SITES))
    return f"acme/{SITES[site][0]}" + (f"-{copy + 1}" if copy else "")


def _team(place: int) -> Team:
    return TEAMS[SITES[place % len(SITES)][0].partition("-")[0]]


def _stirs(organisation: Organisation, place: int, day: int, since: int, until: int) -> bool:
    moments = _moments(organisation, place, day)
    return bisect_right(moments, since) < bisect_right(moments, until)


@lru_cache(maxsize=1 << 16)
def _moments(organisation: Organisation, place: int, day: int) -> Sequence[int]:
    """When something happens to the changes of a day: kept so that a frequent question need not tell them all again."""
    return array("q", sorted(event.at for change in _opened_on(organisation, place, day) for event in change.events))


def _opened_on(organisation: Organisation, place: int, day: int) -> Iterator[Told]:
    """The changes opened in one repository on one day, each with all that will ever happen to it."""
    rng = Random(f"{organisation.seed}/{place}/{day}")  # noqa: S311 - has to be reproducible, not secret
    team, rate, weekday = _team(place), SITES[place % len(SITES)][1], (day + 3) % 7
    days = day - organisation.first_day
    weather = climate(team, days, weekday)
    plots = []
    for _ in range(poisson(rng, rate * ARRIVALS[weekday] * weather.between(1, 1.35))):
        plot = Plot(rng, team, weather, _writer(rng, weather), day)
        plot.tell()
        plots.append(plot)
    if weekday == MONDAY:
        for _ in range(poisson(rng, min(1.5, rate * 0.6))):
            plot = Plot(rng, team, weather, _pick(rng, UPDATERS), day)
            plot.tell_update()
            plots.append(plot)
    number = days * NUMBERS_A_DAY
    for plot in plots[: NUMBERS_A_DAY // 2]:
        number += 1
        yield _told(place, number, day, plot)
        if plot.reverted:
            revert = Plot(rng, team, weather, REVERTER, day)
            revert.tell_revert(plot, f"{_name(place)}#{number}", number)
            number += 1
            yield _told(place, number, day, revert)


def _told(place: int, number: int, day: int, plot: Plot) -> Told:
    end = (day + HORIZON) * DAY
    events = tuple(sorted((event for event in plot.events if event.at <= end), key=_at))
    return Told(Subject(f"demo:R{place + 1}", f"demo:R{place + 1}:{number}", number), events)


def _writer(rng: Random, weather: Climate) -> Writer:
    if rng.random() >= weather.adoption:
        return PERSON
    return _pick(rng, AGENTS if rng.random() < weather.between(0.35, 0.5) else ASSISTANTS)


def _pick(rng: Random, writers: tuple[Writer, ...]) -> Writer:
    return rng.choices(writers, [writer.weight for writer in writers])[0]
