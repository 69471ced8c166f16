"""A pretend organisation that takes up AI: code comes faster, more of it asks for review, reviewers stay as many.

Nothing is remembered: the changes of one repository opened on one day follow from the seed, the repository and the day
alone, each with its whole story, the part still to come included. Whoever asks is told what lies in the past, so that a
restarted process goes on with the same story. A queue has a memory, so none is simulated: a change waits as long as
that day's load makes a queue wait, times chance.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
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
from exporter.demo.checks import Checks
from exporter.demo.commits import landed
from exporter.demo.plot import DAY, HOUR, Plot, poisson
from exporter.demo.scans import outdated, scanned, timed
from exporter.demo.shipping import (
    DAILY,
    PRODUCTION,
    RELEASE,
    STAGING,
    TWICE,
    WEEKLY,
    Landed,
    Line,
    Train,
    shipped,
    train,
)
from exporter.demo.tickets import bug, retrospective, tested
from exporter.model import Fact, Linked, Merged, Ran, Repository, RunEvent, Stream, Subject, Thing, Told, lines_of
from exporter.references import linked

MONDAY, FRIDAY = 0, 4

HORIZON = 60
"""Days after which a change has no more story; the price of a question grows with it."""

NUMBERS_A_DAY = 100
"""Change numbers kept for the changes that a repository opens on one day."""
TICKETS_FROM, BUGS_FROM, RETROS_FROM = 1_000_000, 2_000_000, 3_000_000
"""Issues are numbered from here, so that none has a change's number."""
SCANS_FROM = 3_000_000
"""So are findings of scans that no change asked for; others have the number of their change."""
TESTED = ("pay", "web")
"""Teams that have testers."""


CAUSES = (CROWDED, ROTTEN, ESCAPING, FLAT, TESTERS) = ("review", "tests", "escapes", "releases", "qa")
"""What goes wrong as AI is taken up: reviewers stay as many, tests rot, defects escape, releases stay as rare as they
were, testers stay as many."""


class Organisation(Struct, frozen=True, kw_only=True):
    """A pretend organisation whose story begins at ``start`` (Unix seconds); the same values tell the same story.

    ``causes`` are those of ``CAUSES`` that are at work.
    """

    start: int
    seed: int = 1
    repositories: int = 12
    causes: tuple[str, ...] = CAUSES

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What it tells of."""
        return tuple(Stream)

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

    def delivered(self, since: int, until: int) -> Iterator[Told]:
        """Every run, commit, train, ticket and finding to which something happened in (since, until], as of then."""
        for day in range(max(self.first_day, since // DAY - HORIZON), until // DAY + 1):
            for place in range(self.repositories):
                if day * DAY <= since and not _delivers(self, place, day, since, until):
                    continue
                for told in _delivered_on(self, place, day):
                    past = tuple(event for event in told.events if event.at <= until)
                    if any(event.at > since for event in past):
                        yield Told(told.subject, past)

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
    for plot, number, weather in _plots(organisation, place, day):
        checks = _checks(organisation, place, day, number, plot, weather)
        yield _told(place, number, day, (*checks.mended_change(), *_answers(place, number, plot)))


def _plots(organisation: Organisation, place: int, day: int) -> Iterator[tuple[Plot, int, Climate]]:
    rng = Random(f"{organisation.seed}/{place}/{day}")  # noqa: S311 - has to be reproducible, not secret
    team, rate, weekday = _team(place), SITES[place % len(SITES)][1], (day + 3) % 7
    days, causes = day - organisation.first_day, organisation.causes
    weather = climate(team, days, weekday, crowded=CROWDED in causes)
    escapes, mending = 0.05 if ESCAPING in causes else 0.012, 6.0 if ROTTEN in causes else 1.0
    plots = []
    for _ in range(poisson(rng, rate * ARRIVALS[weekday] * weather.between(1, 1.35))):
        plot = Plot(rng, team, weather, _writer(rng, weather), day, escapes, mending)
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
        yield plot, number, weather
        if plot.reverted:
            revert = Plot(rng, team, weather, REVERTER, day)
            revert.tell_revert(plot, f"{_name(place)}#{number}", number)
            number += 1
            yield revert, number, weather


def _told(place: int, number: int, day: int, facts: Iterable[Fact]) -> Told:
    end = (day + HORIZON) * DAY
    events = tuple(sorted((event for event in facts if event.at <= end), key=_at))
    return Told(Subject(f"demo:R{place + 1}", f"demo:R{place + 1}:{number}", number), events)


# What follows from the changes


def _checks(organisation: Organisation, place: int, day: int, number: int, plot: Plot, weather: Climate) -> Checks:
    """CI of one change. Its chances are its own, so that it leaves the story of the changes as it is."""
    rng = Random(f"{organisation.seed}/{place}/{number}/checks")  # noqa: S311 - has to be reproducible, not secret

    def alone(at: int) -> bool:
        return len(_merges(organisation, place, at - HOUR, at + 2 * HOUR)) == 1

    rotten = ROTTEN in organisation.causes
    checks = Checks(rng, weather, tuple(plot.events), number, rotten=rotten, alone=alone)
    checks.tell()
    return checks


def _delivers(organisation: Organisation, place: int, day: int, since: int, until: int) -> bool:
    moments = _delivery_moments(organisation, place, day)
    return bisect_right(moments, since) < bisect_right(moments, until)


@lru_cache(maxsize=1 << 16)
def _delivery_moments(organisation: Organisation, place: int, day: int) -> Sequence[int]:
    facts = (event for told in _delivered_on(organisation, place, day) for event in told.events)
    return array("q", sorted(event.at for event in facts))


def _delivered_on(organisation: Organisation, place: int, day: int) -> Iterator[Told]:
    """Runs, commits, tickets and findings of the changes opened in one repository on one day, and its trains then."""
    repository = f"demo:R{place + 1}"
    end = (day + HORIZON) * DAY
    for plot, number, weather in _plots(organisation, place, day):
        checks = _checks(organisation, place, day, number, plot, weather)
        yield from _runs(repository, checks, end)
        yield from _qa(organisation, place, day, number, plot, weather)
        yield from _commit(organisation, place, day, number, plot, weather)
        rng = Random(f"{organisation.seed}/{place}/{number}/scan")  # noqa: S311 - has to be reproducible, not secret
        yield from _finding(place, f"code:{number}", scanned(rng, number, plot.writer, plot.events), end)
        yield from _finding(place, f"dependency:{number}", outdated(rng, plot.events), end)
    if (day + 3) % 7 == MONDAY:
        rng, number = _chances(organisation, place, day, "scan"), SCANS_FROM + day - organisation.first_day
        chance = 0.03 * SITES[place % len(SITES)][1]
        yield from _finding(place, f"code:{number}", timed(rng, chance, day * DAY + 3 * HOUR), end)
    yield from _trains(organisation, place, day)
    yield from _retrospective(organisation, place, day)


def _runs(repository: str, checks: Checks, end: int) -> Iterator[Told]:
    lines: dict[str, list[RunEvent]] = {}
    branch: tuple[str, ...] = ()
    for run in checks.runs:
        facts = tuple(event for event in run.events if event.at <= end)
        yield Told(Subject(repository, f"{repository}:run:{run.number}", run.number, Thing.RUN), facts)
        here: tuple[str, ...] = ()
        for event in facts:
            here = lines_of(event) if isinstance(event, Ran) else here  # reports come after their attempt
            for key in here:
                lines.setdefault(key, []).append(event)
        branch = branch if run.default else here
    for worked in checks.worked:
        for key in branch:
            lines.setdefault(key, []).append(worked)
    for key, events in lines.items():
        yield Told(Subject(repository, key, 0, Thing.LINE), tuple(sorted(events, key=_at)))


def _answers(place: int, number: int, plot: Plot) -> tuple[Linked, ...]:
    """What the description of a change that testers will look at says of its ticket."""
    opened = plot.events[0].at
    here = _is_tested(place, number, plot)
    return tuple(linked(f"Refs #{TICKETS_FROM + number}", "", f"body@{opened}", opened)) if here else ()


def _is_tested(place: int, number: int, plot: Plot) -> bool:
    """Testers look at every third merged change of the teams that have some."""
    merged = any(isinstance(event, Merged) for event in plot.events)
    return merged and number % 3 == 0 and _team(place).slug in TESTED


def _qa(organisation: Organisation, place: int, day: int, number: int, plot: Plot, weather: Climate) -> Iterator[Told]:
    """The ticket of a change that testers look at."""
    if not _is_tested(place, number, plot):
        return
    merged = next(event for event in plot.events if isinstance(event, Merged))
    rng = Random(f"{organisation.seed}/{place}/{number}/qa")  # noqa: S311 - has to be reproducible, not secret
    worse = weather.progress if TESTERS in organisation.causes else 0.0
    ticket, opened = TICKETS_FROM + number, plot.events[0].at
    events = tested(rng, ticket, number, opened, merged.at, 9 * (1 + 3 * worse), 0.1 + 0.35 * worse)
    end = (day + HORIZON) * DAY
    yield Told(_issue(place, ticket), tuple(event for event in events if event.at <= end))


def _commit(
    organisation: Organisation, place: int, day: int, number: int, plot: Plot, weather: Climate
) -> Iterator[Told]:
    rng = Random(f"{organisation.seed}/{place}/{number}/commit")  # noqa: S311 - has to be reproducible, not secret
    sha, facts = landed(rng, weather, plot.writer, plot.events)
    end = (day + HORIZON) * DAY
    if known := tuple(event for event in facts if event.at <= end):
        yield Told(Subject(f"demo:R{place + 1}", sha, 0, Thing.COMMIT), known)


def _finding(place: int, key: str, events: Iterable[Fact], end: int) -> Iterator[Told]:
    if known := tuple(event for event in events if event.at <= end):
        yield Told(Subject(f"demo:R{place + 1}", key, int(key.partition(":")[2]), Thing.FINDING), known)


def _issue(place: int, number: int) -> Subject:
    return Subject(f"demo:R{place + 1}", f"demo:R{place + 1}:issue:{number}", number, Thing.ISSUE)


def _trains(organisation: Organisation, place: int, day: int) -> Iterator[Told]:
    worse = _worse(organisation, place, day)
    for number, line in enumerate(_lines(organisation, place)):
        now = _train(organisation, place, number, day)
        if now is None:
            continue
        earlier = range(day - 1, max(organisation.first_day, day - HORIZON) - 1, -1)
        trains = (_train(organisation, place, number, each) for each in earlier)
        for shipment in shipped(line, day, now, next((each for each in trains if each is not None), None)):
            key = f"demo:R{place + 1}:{shipment.key}"
            yield Told(Subject(f"demo:R{place + 1}", key, 0, Thing.DEPLOYMENT), shipment.events)
        if line.environment == STAGING:
            continue
        rng = _chances(organisation, place, day, "bugs")
        for bugs in range(poisson(rng, 0.25 * (1 + 2 * worse))):
            escaped = rng.random() < 0.3 + 0.3 * worse
            ticket = BUGS_FROM + (day - organisation.first_day) * NUMBERS_A_DAY + bugs
            found = now.arrived + round(rng.uniform(0.02, 4) * DAY)
            yield Told(_issue(place, ticket), bug(rng, ticket, found, in_production=escaped))


def _retrospective(organisation: Organisation, place: int, day: int) -> Iterator[Told]:
    """Every second Friday each team notes in its first repository what held it up."""
    slug, weekday = _team(place).slug, (day + 3) % 7
    first = next(each for each in range(place + 1) if _team(each).slug == slug)
    if place != first or weekday != FRIDAY or (day + 3) // 7 % 2:
        return
    rng = _chances(organisation, place, day, "retrospective")
    weather = climate(_team(place), day - organisation.first_day, weekday)
    more = {cause: min(1.0, weather.progress) if cause in organisation.causes else 0.0 for cause in CAUSES}
    named = {
        "qa": 0.1 + 0.8 * more[TESTERS] if slug in TESTED else 0.02,
        "review": 0.25 + 0.6 * more[CROWDED],
        "ci": 0.25 + 0.4 * more[ROTTEN],
        "environment": 0.2,
        "requirements": 0.3,
    }
    themes = tuple(theme for theme, chance in named.items() if rng.random() < chance)
    numbered = RETROS_FROM + day - organisation.first_day
    yield Told(_issue(place, numbered), retrospective(day * DAY + 15 * HOUR + rng.randrange(HOUR), themes))


@lru_cache(maxsize=1 << 15)
def _train(organisation: Organisation, place: int, number: int, day: int) -> Train | None:
    """The train of one of a repository's lines on a day."""
    line = _lines(organisation, place)[number]
    rng = _chances(organisation, place, day, line.environment)
    merges = partial(_merges, organisation, place)
    return train(line, day, rng, merges, 0.04 + 0.1 * _worse(organisation, place, day))


def _worse(organisation: Organisation, place: int, day: int) -> float:
    """How much worse than before AI deployments go on a day, 0 to about 1.3."""
    weather = climate(_team(place), day - organisation.first_day, (day + 3) % 7)
    return weather.progress if ESCAPING in organisation.causes else 0.0


def _chances(organisation: Organisation, place: int, day: int, what: str) -> Random:
    return Random(f"{organisation.seed}/{place}/{day}/{what}")  # noqa: S311 - has to be reproducible, not secret


def _lines(organisation: Organisation, place: int) -> list[Line]:
    """Where a repository's trains go: services to staging and four hours later to production, libraries to releases."""
    team = _team(place)

    def often(day: int) -> Sequence[int]:
        flat = FLAT in organisation.causes or climate(team, day - organisation.first_day, 0).progress < 0.5
        return TWICE if flat else DAILY

    if team.slug == "data":
        return [Line(RELEASE, lambda _: WEEKLY, team.offset)]
    return [Line(STAGING, often, team.offset), Line(PRODUCTION, often, team.offset)]


def _merges(organisation: Organisation, place: int, since: int, until: int) -> list[Landed]:
    """What was merged in a repository in (since, until], oldest first."""
    days = range(max(organisation.first_day, since // DAY - HORIZON), until // DAY + 1)
    landed = (one for day in days for one in _merged_of(organisation, place, day) if since < one.at <= until)
    return sorted(landed)


@lru_cache(maxsize=1 << 14)
def _merged_of(organisation: Organisation, place: int, day: int) -> tuple[Landed, ...]:
    """The merges of the changes opened in a repository on a day."""
    events = (event for plot, _, _ in _plots(organisation, place, day) for event in plot.events)
    return tuple(Landed(event.at, event.sha) for event in events if isinstance(event, Merged))


def _writer(rng: Random, weather: Climate) -> Writer:
    if rng.random() >= weather.adoption:
        return PERSON
    return _pick(rng, AGENTS if rng.random() < weather.between(0.35, 0.5) else ASSISTANTS)


def _pick(rng: Random, writers: tuple[Writer, ...]) -> Writer:
    return rng.choices(writers, [writer.weight for writer in writers])[0]
