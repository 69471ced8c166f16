"""The story of one pretend change: written, asked for review, waited for, reworked, merged or dropped."""

import math
from random import Random
from typing import Any

from exporter.demo.cast import BUILDING_BOT, REVIEWING_BOT, SATURDAY, TOPICS, Climate, Team, Writer
from exporter.model import (
    Actor,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Fact,
    FilesChanged,
    Merged,
    Opened,
    Origin,
    Pushed,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Verdict,
)
from exporter.references import referred, referred_by_branch

HOUR, DAY = 3600, 86400
OPENS, WORKDAY = 9 * HOUR, 9 * HOUR
"""Working days begin at nine o'clock local time and last nine hours."""


class Plot:
    """One change while its story is made up: what has happened so far, and the second it has come to.

    ``escapes``: the share that is taken back, and ``mending``: by how much more tests are mended, once AI is taken up.
    """

    def __init__(
        self,
        rng: Random,
        team: Team,
        weather: Climate,
        writer: Writer,
        day: int,
        escapes: float = 0.02,
        mending: float = 1.0,
    ) -> None:
        self.escapes, self.mending = escapes, mending
        self.rng, self.team, self.weather, self.writer = rng, team, weather, writer
        self.now = day * DAY - team.offset * HOUR
        self.events: list[Fact] = []
        self.person = rng.choice(team.cast)
        self.topic = rng.choice(TOPICS)
        self.head = f"{writer.branch}{self.topic}-{rng.randrange(1000, 10000)}"
        self.reverted = False

    def tell(self) -> None:
        """The story of a change that adds something."""
        self._opens(self._daytime())
        self._bots_answer()
        rng, weather = self.rng, self.weather
        if rng.random() < self.writer.dropped * weather.between(1, 1.5):
            self._is_dropped()
            if rng.random() > 0.06:
                return
            self.now += round(rng.uniform(1, 10) * DAY)
            self._note(Reopened)
        if rng.random() < weather.between(0.04, 0.12):
            self._works(0.1 + rng.expovariate(1 / 2.5))
        else:
            self._is_reviewed()
        self._merges()
        self.reverted = rng.random() < weather.between(0.012, self.escapes)

    def tell_update(self) -> None:
        """The story of a dependency bot's change."""
        self._opens(self.rng.uniform(5, 7))
        fate = self.rng.random()
        if fate < 0.15:  # superseded by next week's update
            self.now += 7 * DAY
            self._note(Closed)
            return
        if fate < 0.45:
            self.now += self.rng.randrange(600, 3600)
        else:
            self._is_approved(1.5 * self._patience())
        self._merges()

    def tell_revert(self, of: "Plot", reference: str, number: int) -> None:
        """The story of taking back what another change did; people look at it at once."""
        self.now = of.now
        self._works(self.rng.uniform(0.5, 16))
        self.head = f"revert-{number}-{of.head}"
        self._opens(None, (f"Reverts {reference}",), reference.partition("#")[0])
        self._is_approved(0.1)
        self._merges()

    def _note(self, kind: type[Fact], *what: Any, after: int = 0) -> str:
        name = f"{kind.__name__.lower()}:{len(self.events)}"
        self.events.append(kind(name, self.now + after, *what))
        return name

    def _works(self, hours: float) -> None:
        self.now = max(self.now, _later(self.now, hours, self.team.offset))

    def _around(self, median: float, spread: float, most: float) -> float:
        """A quantity drawn around its median (log-normal), ``most`` at most."""
        return min(most, median * self.rng.lognormvariate(0, spread))

    def _patience(self) -> float:
        """What chance multiplies the first wait by; people put off an agent's change for longer."""
        if self.writer.origin is Origin.AGENTIC:
            return 1.3 * self.rng.lognormvariate(0, 1.2)
        return self.rng.lognormvariate(0, 0.9)

    def _daytime(self) -> float:
        """When a change is opened, in hours after local midnight; agents also work in the evening."""
        if self.writer.account and self.rng.random() < 0.2:
            return self.rng.uniform(6, 23)
        return self.rng.triangular(8, 19.5, 11)

    def _opens(self, hour: float | None, lines: tuple[str, ...] = (), home: str = "") -> None:
        rng, writer = self.rng, self.writer
        if hour is not None:
            self.now += round(hour * HOUR)
        draft = rng.random() < writer.drafts
        author = writer.account or Actor(self.person)
        self.events.append(Opened("opened", self.now, author, draft, self.head, "main"))
        described = Described(f"body@{self.now}", self.now, writer.description + lines)
        self.events.append(described)
        self.events += referred_by_branch(self.head, self.now)
        self.events += referred("\n".join(described.lines), home, described.id, described.at)
        coding = self._around(writer.coding, 1.0, 90) * self.weather.between(1, 0.95)
        begun = min(self.now, _later(self.now, -coding, self.team.offset))
        for part in range(min(5, 1 + int(rng.expovariate(1)))):
            self._commits(begun + round((self.now - begun) * part / 5))
        if draft:
            self._works(self._around(1.5, 1.0, 27))
            self._commits(self.now)
            self._note(Ready)

    def _commits(self, authored: int) -> None:
        sha = f"{self.rng.getrandbits(160):040x}"
        name, address = self.writer.signs or (self.person, f"{self.person}@acme.example")
        login = "" if self.writer.signs else self.person
        marks = self.writer.trailers
        self.events.append(
            Committed(f"commit:{sha}", self.now, sha, authored, (name, name), (address, address), login, marks)
        )

    def _bots_answer(self) -> None:
        if self.rng.random() < self.weather.between(0.25, 0.6):
            self._note(Reviewed, REVIEWING_BOT, Verdict.COMMENTED, after=self.rng.randrange(100, 600))
        if self.rng.random() < 0.3:
            self._note(Commented, BUILDING_BOT, after=self.rng.randrange(300, 1800))

    def _reviewer(self) -> str:
        """A team mate; the first of the cast review most."""
        others = [each for each in self.team.cast if each != self.person]
        return self.rng.choices(others, range(len(others) + 2, 2, -1))[0]

    def _is_dropped(self) -> None:
        if self.rng.random() < 0.4:
            self._works(self._wait(self._patience()))
            self._note(Reviewed, Actor(self._reviewer()), Verdict.CHANGES_REQUESTED)
        self._works(min(90, 20 + self.rng.expovariate(1 / 25)))
        self._note(Closed)

    def _wait(self, chance: float) -> float:
        """Working hours until a review: three minutes at the least, three weeks at the most."""
        return min(135.0, max(0.05, self.weather.wait * chance))

    def _is_approved(self, chance: float) -> None:
        self._works(self._wait(chance))
        self._note(Reviewed, Actor(self._reviewer()), Verdict.APPROVED)

    def _is_reviewed(self) -> None:
        """Asked for, waited for, perhaps in several rounds, and approved in the end."""
        rng, reviewer = self.rng, self._reviewer()
        agentic = self.writer.origin is Origin.AGENTIC
        asked = f"team:acme/{self.team.slug}" if rng.random() < 0.15 else reviewer
        self._note(ReviewRequested, asked, after=rng.randrange(1, 30))
        self._works(self._wait(self._patience()))
        hold = (0.45, 0.2) if agentic else (0.27, 0.2)  # chances of a request for changes and of a mere comment
        for _ in range(3):
            fate = rng.random()
            if fate >= sum(hold):
                break
            said = Verdict.CHANGES_REQUESTED if fate < hold[0] else Verdict.COMMENTED
            self._note(Reviewed, Actor(reviewer), said)
            self._reworks(0.5 if agentic else 3.0)
            if rng.random() < 0.6:
                self._note(ReviewRequested, reviewer)
            self._works(self._wait(0.5 * rng.lognormvariate(0, 0.9)))
            hold = (hold[0] / 2, hold[1] / 2)
        approval = self._note(Reviewed, Actor(reviewer), Verdict.APPROVED)
        if rng.random() < 0.04:
            self._reworks(1.0)
            self._note(Dismissed, approval)
            self._is_approved(0.3)
        elif rng.random() < 0.2:
            self._works(0.1 + rng.expovariate(0.7))
            self._note(Reviewed, Actor(self._reviewer()), Verdict.APPROVED)

    def _reworks(self, hours: float) -> None:
        begun = self.now
        self._works(self._around(hours, 0.8, 20))
        self._commits((begun + self.now) // 2)
        if self.rng.random() < 0.15:
            self._note(Pushed)

    def _merges(self) -> None:
        rng, writer = self.rng, self.writer
        self._works(self._around(0.6, 1.0, 20))
        self.events.append(Merged("merged", self.now, f"{rng.getrandbits(160):040x}"))
        self._note(Closed)
        if writer.origin is Origin.BOT:
            rows = [("package.json", 1, 1), ("package-lock.json", rng.randrange(5, 300), rng.randrange(5, 300))]
        else:
            lines = 1 + round(self._around(writer.lines, 1.1, 4000) * self.weather.between(1, 1.2))
            files = 1 + min(11, poisson(rng, min(lines, 1000) / 70))
            each = -(-lines // files)
            rows = [(f"src/{self.topic}/part{place:02}.py", each - each // 4, each // 4) for place in range(files)]
            rows += self._tests(lines)
        self.events.append(FilesChanged("files", self.now, tuple(sorted(rows))))

    def _tests(self, lines: int) -> list[tuple[str, int, int]]:
        """The tests that go with so many lines: half of the changes bring some, and more of that is mending."""
        if lines < 20 or self.topic in TOPICS[: len(TOPICS) // 2]:
            return []
        layer = {TOPICS[-2]: "integration/", TOPICS[-3]: "e2e/"}.get(self.topic, "")
        new, mended = lines // 4, round(lines // 8 * self.weather.between(1, self.mending))
        return [(f"tests/{layer}{self.topic}/test_part00.py", new + mended, mended)]


def poisson(rng: Random, mean: float) -> int:
    """A count of things that happen independently of each other, ``mean`` times on average."""
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def _later(at: int, hours: float, offset: int) -> int:
    """The instant so many working hours after (or, if negative, before) another, Unix seconds."""
    return _instant(_worked(at + offset * HOUR) + round(hours * HOUR)) - offset * HOUR


def _worked(local: int) -> int:
    """Seconds of working time from the Monday of the epoch's week to a local time."""
    day, second = divmod(local, DAY)
    week, weekday = divmod(day + 3, 7)
    today = min(max(second - OPENS, 0), WORKDAY) if weekday < SATURDAY else 0
    return (week * 5 + min(weekday, 5)) * WORKDAY + today


def _instant(worked: int) -> int:
    """The local time by which so much has been worked; the inverse of ``_worked`` inside working hours."""
    days, today = divmod(worked, WORKDAY)
    week, weekday = divmod(days, 5)
    return (week * 7 + weekday - 3) * DAY + OPENS + today
