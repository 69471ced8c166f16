"""Workflow runs of a GitHub source: which repositories to ask, and what is asked of one.

A repository is read where its pulse moved, and as long as runs of it are unfinished. A run that is repeated long after
it ended moves no pulse, so once a day every repository is looked at some days back.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from exporter.catalogue import DAY, HOUR
from exporter.model import Fact, Ran, Stream, Subject, Thing, lines_of
from exporter.providers.base import Home, Request
from exporter.providers.github.artifacts import NAMED, OLDEST, Artifact, Wanted, report, uploaded
from exporter.providers.github.compare import compare
from exporter.providers.github.runs import Attempt, Untold
from exporter.providers.github.runs import Runs as Provider
from exporter.runtime.between import Between
from exporter.runtime.history import FIRST_WIDTH
from exporter.runtime.lane import Lane
from exporter.runtime.pulses import Pulses
from exporter.runtime.reading import Outcome, Reader
from exporter.store.base import RepositoryRow

OVERLAP = HOUR
"""Runs are listed by their creation; most that are repeated are so within this of it."""
LOOK_EVERY = DAY
LOOK_BACK = 3 * DAY
RECENT = DAY
"""An unfinished run that is younger has its repository read in every poll, an older one when all are looked at."""
GIVEN_UP = 35 * DAY
"""A run ends within this (https://docs.github.com/actions/reference/limits), or never did."""
KEPT = 90 * DAY
"""How long GitHub keeps an artifact unless told otherwise; older ones are not listed."""
MARGIN = DAY
"""Within this after it was created a run of the past has uploaded what it uploads."""


class Runs:
    """How the runs of a source are asked for. ``wanted``: which artifacts are read; None for none."""

    stream = Stream.RUNS
    width = FIRST_WIDTH

    def __init__(self, provider: Provider, reader: Reader, pulses: Pulses, wanted: Wanted | None) -> None:
        self.provider = provider
        self.reader = reader
        self.pulses = pulses
        self.wanted = wanted
        self.between = Between(reader, lambda home, gap: compare(provider.rest, home, gap))
        self._looked: dict[int, int] = {}
        self._unfinished: dict[int, tuple[int, ...]] = {}
        self._whole: set[int] = set()
        self._reportless: dict[int, int] = {}
        self._pages: dict[int, int] = {}

    async def moved(self, lane: Lane, rows: Sequence[RepositoryRow]) -> set[int]:
        """The ids of those repositories in which something may have happened since they were read last.

        Raises:
            ExporterError: nobody can tell.
        """
        now = lane.clock.now()
        moved = await self.pulses.moved(lane, rows, self.stream)
        for row in rows:
            unfinished = await self._unfinished_of(row)
            if self._due(row, now) or any(created > now - RECENT for created in unfinished):
                moved.add(row.id)
        return moved

    async def read(self, lane: Lane, row: RepositoryRow, span: tuple[int, int], *, urgent: bool) -> Outcome:
        """Everything of a repository dated in [lower, upper] read and stored; ``urgent``: ahead of histories.

        Raises:
            ExporterError: the server, the credential or the store is in trouble; it says nothing of the repository.
        """
        now, home = lane.clock.now(), Home(row.key, row.name, row.default_branch)
        span = await self._span(row, span, now) if urgent else span
        reading = _Reading(lane, row, urgent, self.reader)
        await reading.ask([self.provider.created(home, *span)])
        runs = {each.id: each for each in reading.outcome.found}
        fresh = not reading.failed and await self._attempts(reading, home, runs)
        if not reading.failed and (fresh or row.id not in self._whole or self._due(row, now)):
            facts = await reading.facts(Thing.RUN, {run.key for run in runs.values()})
            await self._reports(reading, home, runs, facts, span)
            await self._changes_between(reading, facts)
        if reading.failed:
            self._whole.discard(row.id)
            return reading.outcome
        await self._note_unfinished(row, span, runs.values(), now)
        self._whole.add(row.id)
        if urgent:
            self.pulses.read(lane, row, self.stream)
        if self._due(row, now):
            self._looked[row.id] = now
        return reading.outcome

    # Which runs

    def _due(self, row: RepositoryRow, now: int) -> bool:
        """Whether it is time to look for runs of the last days that were repeated."""
        return now - self._looked.get(row.id, 0) >= LOOK_EVERY

    async def _span(self, row: RepositoryRow, span: tuple[int, int], now: int) -> tuple[int, int]:
        """From when to when runs have been created that a poll has to look at."""
        unfinished = await self._unfinished_of(row)
        lower, upper = min(span) - OVERLAP, span[1]
        if self._due(row, now):
            return min(lower, upper - LOOK_BACK, *unfinished), upper
        return min([lower, *(created for created in unfinished if created > now - RECENT)]), upper

    async def _unfinished_of(self, row: RepositoryRow) -> tuple[int, ...]:
        """When the runs of a repository were created that had not ended when it was read."""
        if row.id not in self._unfinished:
            kept = await self.reader.desk(self.reader.store.get, _mark(row)) or ""
            self._unfinished[row.id] = tuple(int(each) for each in kept.split())
        return self._unfinished[row.id]

    async def _note_unfinished(
        self, row: RepositoryRow, span: tuple[int, int], runs: Iterable[Attempt], now: int
    ) -> None:
        before = await self._unfinished_of(row)
        left = {created for created in before if not span[0] <= created <= span[1]}
        left |= {
            run.created
            for run in runs
            if run.result is None and run.created > now - (LOOK_BACK if run.approval else GIVEN_UP)
        }
        after = tuple(sorted(created for created in left if created > now - GIVEN_UP))
        if after != before:
            await self.reader.desk(self.reader.store.put, _mark(row), " ".join(map(str, after)))
            self._unfinished[row.id] = after

    async def _attempts(self, reading: "_Reading", home: Home, runs: dict[int, Attempt]) -> bool:
        """State the completed attempts that are not known yet; whether there were some."""
        facts = await reading.facts(Thing.RUN, {run.key for run in runs.values()})
        known = {run.id: {ran.attempt: ran.asked for ran in _rans(facts.get(run.key, ()))} for run in runs.values()}
        earlier = [
            (run, number) for run in runs.values() for number in range(1, run.attempt) if number not in known[run.id]
        ]
        found = await reading.ask([self.provider.attempt(home, run, number) for run, number in earlier])
        if reading.failed:
            return False
        here: dict[int, list[Attempt]] = {run.id: [] for run in runs.values()}
        for each in (*found.found, *runs.values()):
            here[each.id].append(each)
        untold = [
            Untold(tuple(told), known[run] | {each.attempt: each.asked for each in attempts})
            for run, attempts in here.items()
            if (told := [each for each in attempts if each.result is not None and each.attempt not in known[run]])
        ]
        await reading.ask(self.provider.jobs(home, untold))
        return bool(untold)

    # Test reports

    async def _reports(
        self,
        reading: "_Reading",
        home: Home,
        runs: dict[int, Attempt],
        facts: dict[str, list[Fact]],
        span: tuple[int, int],
    ) -> None:
        """Read what attempts uploaded; where nobody uploads test reports, that is looked for once a day."""
        now, row, rest = reading.lane.clock.now(), reading.row, self.provider.rest
        ended = {run.id: run for run in runs.values() if any(_rans(facts.get(run.key, ())))}
        spared = self._reportless.get(row.id, 0) > now and not self._due(row, now)
        if self.wanted is None or not ended or spared or span[1] < now - KEPT:
            return
        since = max(min(run.created for run in ended.values()), now - KEPT)
        page = 1 if reading.urgent else self._pages.get(row.id, 1)
        listed = await reading.ask([uploaded(rest, home, self.wanted, ended, since, page)])
        if not any(count for name, count in listed.counts.items() if name.startswith(NAMED)):
            self._reportless[row.id] = now + LOOK_EVERY
        if not reading.urgent:
            self._pages[row.id] = _page_of(listed.counts, span[0] + MARGIN) or page
        requests = []
        for artifact in listed.found:
            run = ended[artifact.run]
            ran = _uploader(artifact, run, facts[run.key])
            if ran is not None and artifact.fact not in {fact.id for fact in facts[run.key]}:
                about = Subject(home.key, run.key, run.number, Thing.RUN)
                requests.append(report(rest, home, self.wanted, artifact, about, ran))
        await reading.ask(requests)

    # What made a line green

    async def _changes_between(self, reading: "_Reading", facts: dict[str, list[Fact]]) -> None:
        """Ask what lies between the red and the green commits of every line that these runs are of."""
        if not reading.failed:
            lines = {key for ran in _rans(chain.from_iterable(facts.values())) for key in lines_of(ran)}
            reading.outcome.merge(await self.between.read(reading.lane, reading.row, lines, urgent=reading.urgent))


class _Reading:
    """One repository being read: its outcome so far."""

    def __init__(self, lane: Lane, row: RepositoryRow, urgent: bool, reader: Reader) -> None:
        self.lane = lane
        self.row = row
        self.urgent = urgent
        self.outcome = Outcome()
        self._reader = reader

    @property
    def failed(self) -> bool:
        """Whether something could not be read."""
        return self.row.key in self.outcome.faults

    async def ask(self, requests: Sequence[Request]) -> Outcome:
        """How some requests went."""
        outcome = await self._reader.drain(self.lane, requests, wanted={self.row.key}, urgent=self.urgent)
        self.outcome.merge(outcome)
        return outcome

    async def facts(self, thing: Thing, keys: set[str]) -> dict[str, list[Fact]]:
        """What is known of some things of the repository."""
        return await self._reader.desk(self._reader.store.facts, self.row.id, thing, sorted(keys))


def _mark(row: RepositoryRow) -> str:
    return f"unfinished:{row.id}"


def _page_of(counts: Mapping[str, int], at: int) -> int:
    """The first page of a list of artifacts that reaches back to a second, as far as the pages tell; 0 for none."""
    oldest = {int(name.removeprefix(OLDEST)): date for name, date in counts.items() if name.startswith(OLDEST)}
    return min((number for number, date in oldest.items() if date <= at), default=0)


def _rans(facts: Iterable[Fact]) -> list[Ran]:
    return [fact for fact in facts if isinstance(fact, Ran)]


def _uploader(artifact: Artifact, run: Attempt, facts: Iterable[Fact]) -> Ran | None:
    """The attempt that uploaded an artifact: the last one asked for by then; None while that one goes on."""
    if run.result is None and artifact.created >= run.asked:
        return None
    rans = sorted(_rans(facts), key=lambda ran: ran.attempt)
    return next((ran for ran in reversed(rans) if ran.asked <= artifact.created), rans[0])
