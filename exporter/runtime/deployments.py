"""Deployments, releases and tags of a source's repositories, and the walk along them: what each one brought.

History is listed whole before the first step of the walk, so that deployments are walked in the order in which they
ended, however late a deployment ended after it was created. Both are done in bites, between which other work is done;
what was stored before a crash is not asked for again.

Where there are neither deployments nor releases nor tags, successful runs of workflows that are called so are what
ships. They are read from what the stream of runs has stored, so that nothing is asked for them; a repository's first
load waits for its runs, and its watermark never passes theirs.
"""

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.catalogue import DAY, HOUR
from exporter.errors import ServerError, TooSlow
from exporter.model import (
    RELEASE,
    Contained,
    Deployed,
    Environment,
    Fact,
    Outcome,
    Ran,
    Result,
    Stream,
    Subject,
    Thing,
    Told,
    lines_between,
)
from exporter.policy import Policy
from exporter.providers.base import Fault, Success, Wanted, contained
from exporter.providers.service import DeploymentsOf
from exporter.runtime import reading
from exporter.runtime.history import FIRST_WIDTH
from exporter.runtime.lane import Lane
from exporter.runtime.pulses import Pulses
from exporter.runtime.reading import Reader, Work
from exporter.runtime.stream import LAG
from exporter.store.base import RepositoryRow, RepositoryState

LATE = 30 * DAY
"""How long a deployment may take to end: GitHub lets one wait this long for an approval."""
BITE = 20
"""Requests about one repository before other work has its turn."""
SAME_RELEASE = HOUR
"""A commit that arrives again within this is no other release."""
PATIENCE = DAY
"""How long a comparison that the server cannot finish is tried."""

LATE_RUN = 3 * DAY
"""How late the stream of runs may find one that was repeated."""
FRESH = 10
"""Seconds for which it is remembered how far the runs are."""

DEPLOYMENTS, RELEASES, TAGS, WORKFLOWS = "deployments", "releases", "tags", "workflows"


class Arrival(NamedTuple):
    """A successful end, its deployment's key, and what it brought if that is known."""

    at: int
    key: str
    event: Deployed
    brought: Contained | None


def lines(facts: Iterable[tuple[str, Sequence[Fact]]], policy: Policy) -> dict[tuple[str, bool], list[Arrival]]:
    """What arrived in each environment that is walked, in the order of arrival.

    Walked are production, where it counts, and staging; what has no commit is left out. Those of one second are in the
    order of their ids, so that the order is the same whenever it is looked at.
    """
    found: dict[tuple[str, bool], list[Arrival]] = {}
    for key, events in facts:
        known = {event.id: event for event in events if isinstance(event, Contained)}
        for event in events:
            if (
                isinstance(event, Deployed)
                and event.outcome is Outcome.SUCCESS
                and event.sha
                and _walked(event, policy)
            ):
                line = found.setdefault((event.environment, event.named != ""), [])
                line.append(Arrival(event.at, key, event, known.get(f"contained:{event.id}")))
    return {line: sorted(found[line], key=lambda one: (one.at, one.key, one.event.id)) for line in sorted(found)}


def failures(facts: Iterable[tuple[str, Sequence[Fact]]], policy: Policy) -> dict[tuple[str, bool], list[int]]:
    """When attempts ended without success in each environment that is walked, in order."""
    found: dict[tuple[str, bool], list[int]] = {}
    for _, events in facts:
        for event in events:
            if isinstance(event, Deployed) and event.outcome is not Outcome.SUCCESS and _walked(event, policy):
                found.setdefault((event.environment, event.named != ""), []).append(event.at)
    return {line: sorted(dates) for line, dates in found.items()}


def _walked(event: Deployed, policy: Policy) -> bool:
    return policy.in_production(event) or policy.goes_to(event) is Environment.STAGING


@dataclass
class Listing:
    """How far the history of a repository is listed: the kinds that are asked for now, and those that follow."""

    kinds: tuple[str, ...]
    work: Work
    then: tuple[tuple[str, ...], ...]


class Deployments:
    """How deployments are asked for. ``production``: ``auto``, or as configured; ``tag``: names that are releases.

    ``ships``: whether a workflow brings code to production; None where runs are not read.

    The store keeps by repository how its code reaches production, and the deployments that have not ended.
    """

    stream = Stream.DEPLOYMENTS
    width = FIRST_WIDTH

    def __init__(
        self,
        provider: DeploymentsOf,
        reader: Reader,
        pulses: Pulses,
        policy: Policy,
        production: str = "auto",
        tag: str = "",
        ships: Callable[[str], bool] | None = None,
    ) -> None:
        self.provider = provider
        self.reader = reader
        self.pulses = pulses
        self.policy = policy
        self._production = production
        self._tag = tag
        self._ships = ships
        self._runs: tuple[int, dict[int, RepositoryRow]] = (0, {})
        self._shipped: dict[int, set[str]] = {}
        self._ways: dict[int, str] = {}
        self._waiting: dict[int, set[str]] = {}
        self._listings: dict[int, Listing] = {}
        self._listed: set[int] = set()
        self._loaded: set[int] = set()
        self._probed: dict[int, int] = {}
        self._stirred: set[int] = set()
        self._owing: set[int] = set()
        self._unasked: dict[int, Fault] = {}
        self._failing: dict[str, int] = {}

    @property
    def _horizon(self) -> int:
        """What was created before is not looked at; what comes before the ledger begins is where the walk sets out."""
        return self.reader.ledger_start - LATE

    async def moved(self, lane: Lane, rows: Sequence[RepositoryRow]) -> set[int]:
        """The ids of repositories whose pulse is another one, where a deployment ended, or with a walk to finish.

        Raises:
            ExporterError: nobody can tell.
        """
        await self._recall(rows)
        self._stirred |= await self.pulses.moved(lane, rows, self.stream)
        await self._look_after(lane, rows)
        shipping = {row.id for row in rows if await self._may_ship(row, lane.clock.now())}
        return {row.id for row in rows} & (self._stirred | self._owing | self._unasked.keys() | shipping)

    async def read(self, lane: Lane, row: RepositoryRow, span: tuple[int, int], *, urgent: bool) -> reading.Outcome:
        """What is new since the span began, or, where that is not urgent, the whole history at once; then the walk.

        Raises:
            ExporterError: the server, the credential or the store is in trouble.
        """
        await self._recall([row])
        started = span[1] if urgent or row.loaded_from is None else row.loaded_from
        outcome = reading.Outcome()
        if not urgent and row.id in self._loaded:
            return outcome
        if not urgent and await self._empty(lane, row, started):
            pass  # what could be listed
        elif row.id in self._unasked:
            outcome.faults[row.key] = self._unasked.pop(row.id)
        elif row.id in self._stirred if urgent else row.id not in self._listed:
            await self._list(lane, row, span[0] - LAG if urgent else self._horizon, outcome, urgent=urgent)
        if not outcome.more and row.key not in outcome.faults:
            self._listed.add(row.id)
            if self._infers(row):
                await self._infer(lane, row, started, outcome, urgent=urgent)
            limit = started - LAG if outcome.until is None else min(started - LAG, outcome.until)
            if not outcome.waits and (row.id in self._owing or not urgent):
                await self._walk(lane, row, limit, outcome, urgent=urgent)
        if not urgent and not outcome.more and not outcome.waits and row.key not in outcome.faults:
            self._loaded.add(row.id)
        return outcome

    async def _empty(self, lane: Lane, row: RepositoryRow, started: int) -> bool:
        """Whether there is nothing in a repository, as one question about all that are still to be loaded tells."""
        if self._probed.get(row.id, 0) < started - LAG:
            rows = await self.reader.desk(self.reader.store.repositories, self.reader.source, self.stream)
            here = [each for each in rows if each.id == row.id or (each.cursor is None and _answers(lane, each))]
            now = lane.clock.now()
            await self.pulses.moved(lane, here, self.stream)
            self._probed |= {each.id: now if self.pulses.nothing(lane, each, self.stream) else -1 for each in here}
        return self._probed[row.id] >= started - LAG

    # What the store keeps of a repository

    async def _recall(self, rows: Sequence[RepositoryRow]) -> None:
        """Bring to mind what was kept; a way that was configured takes the place of the one that was settled."""
        store = self.reader.store
        new = [row.id for row in rows if row.id not in self._waiting]

        def recall() -> dict[int, tuple[str, str]]:
            return {each: (store.get(_way(each)) or "", store.get(_unfinished(each)) or "[]") for each in new}

        for each, (way, waiting) in (await self.reader.desk(recall) if new else {}).items():
            self._waiting[each] = set(json.loads(waiting))
            if self._production not in ("auto", way):
                await self.reader.desk(store.put, _way(each), self._production)
                way = self._production
            if way:
                self._ways[each] = way

    async def _settle(self, row: RepositoryRow, way: str) -> None:
        self._ways[row.id] = way
        await self.reader.desk(self.reader.store.put, _way(row.id), way)

    async def _wait_for(self, row: RepositoryRow, keys: Collection[str]) -> None:
        if self._waiting[row.id] != set(keys):
            self._waiting[row.id] = set(keys)
            await self.reader.desk(self.reader.store.put, _unfinished(row.id), json.dumps(sorted(keys)))

    def _wanted(self, row: RepositoryRow, since: int, now: int) -> Wanted:
        way = self._ways.get(row.id)
        counts = {"deployed": way in (None, DEPLOYMENTS), "released": way not in (DEPLOYMENTS, WORKFLOWS)}
        return Wanted(row.key, since, self._horizon, now - LATE, tag=self._tag, **counts)

    # Lists

    async def _look_after(self, lane: Lane, rows: Sequence[RepositoryRow]) -> None:
        """Ask for the deployments that had not ended, a hundred at a time from whatever repositories."""
        now = lane.clock.now()
        wanted = {key: self._wanted(row, 0, now) for row in rows for key in self._waiting[row.id]}
        if not wanted:
            return
        keys = {row.key for row in rows}
        outcome = await self.reader.drain(lane, self.provider.unfinished(wanted), wanted=keys)
        ended = {each.repository for each in outcome.told}
        self._owing |= {row.id for row in rows if row.key in ended}
        still = {each.key for each in outcome.found}
        for row in rows:
            if row.key in outcome.faults:
                self._unasked[row.id] = outcome.faults[row.key]
            else:
                await self._wait_for(row, self._waiting[row.id] & still)

    async def _list(
        self, lane: Lane, row: RepositoryRow, since: int, outcome: reading.Outcome, *, urgent: bool
    ) -> None:
        """All there is since then; kind by kind as long as it is not settled how code reaches production.

        A poll's list is short and read at once; a history is read in bites.
        """
        until = reading.never if urgent else _after(BITE)
        listing = self._listings.pop(row.id, None) if not urgent else None
        then = self._kinds(row)
        while listing is not None or then:
            if listing is None:
                request = self.provider.latest(self._wanted(row, since, lane.clock.now()), *then[0])
                listing = Listing(then[0], Work(deque([request]), (row.key,), urgent), then[1:])
            if not urgent:
                self._listings[row.id] = listing
            if not await self.reader.go_on(lane, listing.work, until):
                outcome.more = True
                return
            self._listings.pop(row.id, None)
            outcome.merge(listing.work.outcome)
            if row.key in outcome.faults:
                return
            await self._wait_for(row, self._waiting[row.id] | {each.key for each in listing.work.outcome.found})
            await self._decide(row, listing.kinds, listing.work.outcome)
            then, listing = self._kinds(row, listing), None
        self._owing.add(row.id)
        self._stirred.discard(row.id)
        self.pulses.read(lane, row, self.stream)

    def _kinds(self, row: RepositoryRow, after: Listing | None = None) -> tuple[tuple[str, ...], ...]:
        """What to ask for, at once or one after the other; or what of it is left after some of it."""
        way = self._ways.get(row.id)
        if after is None:
            known = (DEPLOYMENTS, TAGS if way == TAGS else RELEASES)
            return ((DEPLOYMENTS,), (RELEASES,), (TAGS,)) if way is None else (known,)
        if way == DEPLOYMENTS:
            return after.then[:1]  # releases, which are told of in any case
        return after.then if way is None else ()

    async def _decide(self, row: RepositoryRow, kinds: tuple[str, ...], outcome: reading.Outcome) -> None:
        """Settle, once, how code reaches production here, if what was listed tells."""
        if row.id in self._ways or not outcome.told:
            return
        if kinds != (DEPLOYMENTS,):
            await self._settle(row, kinds[0])
            return
        facts = await self.reader.desk(self._facts, row.id)
        ended = (event for _, events in facts for event in events if isinstance(event, Deployed))
        if any(self.policy.in_production(event) for event in ended):
            await self._settle(row, DEPLOYMENTS)

    # Runs of workflows that ship

    def _infers(self, row: RepositoryRow) -> bool:
        """Whether runs are looked at: they are what ships here, or nothing else is yet."""
        return self._ships is not None and self._ways.get(row.id) in (None, WORKFLOWS)

    async def _may_ship(self, row: RepositoryRow, now: int) -> bool:
        """Whether its watermark goes by that of its runs, or one of them is the first thing that shipped."""
        if not self._infers(row):
            return False
        if self._ways.get(row.id) == WORKFLOWS:
            return True
        return bool(await self.reader.desk(self._told_by_runs, row, _unseen(row), now))

    async def _infer(
        self, lane: Lane, row: RepositoryRow, started: int, outcome: reading.Outcome, *, urgent: bool
    ) -> None:
        """State what shipped by the runs that are known; where those are not whole, a first load waits for them.

        Runs that cannot be read tell nothing, and nobody waits for them: what they would have told is never known.
        """
        runs = await self._runs_of(lane, row)
        if runs is None or (runs.cursor is None and runs.state is RepositoryState.FAILING):
            return
        if runs.cursor is None or runs.watermark is None:
            outcome.waits = not urgent
            return
        lower = _unseen(row) if urgent else self._horizon
        told = await self.reader.desk(self._told_by_runs, row, lower, lane.clock.now())
        if told:
            if row.id not in self._ways:
                await self._settle(row, WORKFLOWS)
            await self.reader.desk(self.reader.store.add, self.reader.source, told, self.reader.ledger_start)
            self._shipped.setdefault(row.id, set()).update(each.subject.key for each in told)
            self._owing.add(row.id)
        if self._ways.get(row.id) == WORKFLOWS:
            outcome.until = runs.watermark

    async def _runs_of(self, lane: Lane, row: RepositoryRow) -> RepositoryRow | None:
        """How far the runs of a repository are; None where they are not read."""
        now, (at, known) = lane.clock.now(), self._runs
        if not 0 <= now - at < FRESH:
            rows = await self.reader.desk(self.reader.store.repositories, self.reader.source, Stream.RUNS)
            known = {each.id: each for each in rows if each.state is not RepositoryState.GONE}
            self._runs = now, known
        return known.get(row.id)

    def _told_by_runs(self, row: RepositoryRow, lower: int, upper: int) -> list[Told]:
        """What shipped since then and was not stated yet."""
        keys = lines_between(row.default_branch, lower, upper)
        lines = self.reader.store.facts(row.id, Thing.LINE, keys).values()
        rans = {event.id: event for events in lines for event in events if isinstance(event, Ran)}
        known = self._shipped.get(row.id, set())
        fresh = (ran for key, ran in sorted(rans.items()) if key not in known and ran.at >= lower)
        return [_shipped(row, ran) for ran in fresh if ran.result is Result.SUCCESS and self._is_shipping(ran)]

    def _is_shipping(self, ran: Ran) -> bool:
        return self._ships is not None and ran.default and ran.sha != "" and self._ships(ran.workflow)

    # The walk

    def _facts(self, repository: int) -> list[tuple[str, list[Fact]]]:
        store = self.reader.store
        rows = store.subjects(repository, open_only=False, thing=Thing.DEPLOYMENT)
        events = store.events([row.id for row in rows])
        return [(row.key, events.get(row.id, [])) for row in rows]

    async def _walk(
        self, lane: Lane, row: RepositoryRow, limit: int, outcome: reading.Outcome, *, urgent: bool
    ) -> None:
        """Tell of each arrival what it brought, up to a date up to which all arrivals are known."""
        until, late = _after(BITE), False
        facts = await self.reader.desk(self._facts, row.id)
        failed = failures(facts, self.policy)
        for line, arrivals in lines(facts, self.policy).items():
            known: set[str] = set()
            before: Deployed | None = None
            for one in arrivals:
                brought = one.brought
                if brought is None and one.at > limit:
                    late = True
                    break
                if brought is None and one.at >= self.reader.ledger_start:
                    if until():
                        outcome.more = True
                        return
                    success = _success(row, one, before, failed.get(line, ()))
                    brought = await self._brought(lane, row, success, known, outcome, urgent=urgent)
                    if brought is None:
                        return
                known.update(brought.shas if brought is not None else ())
                before = one.event
        (self._owing.add if late else self._owing.discard)(row.id)

    async def _brought(
        self,
        lane: Lane,
        row: RepositoryRow,
        success: Success,
        known: set[str],
        outcome: reading.Outcome,
        *,
        urgent: bool,
    ) -> Contained | None:
        """What an arrival brought, told and stored; None when that cannot be had now."""
        if success.base in ("", success.head):
            return await self._tell(contained(success, whole=success.base != ""))
        request = self.provider.compared(row.name, success, known)
        got = await self.reader.drain(lane, [request], wanted=(row.key,), urgent=urgent)
        fault = got.faults.get(row.key)
        if fault is None:
            self._failing.pop(success.fact, None)
            return next(each for each in got.found if isinstance(each, Contained))
        now = lane.clock.now()
        tried = now - self._failing.setdefault(success.fact, now)
        if fault.reason in (TooSlow.reason, ServerError.reason) and tried >= PATIENCE:
            return await self._tell(contained(success, whole=False))
        outcome.merge(got)
        return None

    async def _tell(self, told: Told) -> Contained:
        await self.reader.desk(self.reader.store.add, self.reader.source, [told], self.reader.ledger_start)
        return next(event for event in told.events if isinstance(event, Contained))


def _success(row: RepositoryRow, one: Arrival, before: Deployed | None, failed: Sequence[int]) -> Success:
    """An arrival after another, with the attempts that failed in its environment."""
    subject = Subject(row.key, one.key, 0, Thing.DEPLOYMENT)
    if before is None:
        return Success(subject, one.event.id, one.at, "", one.event.sha)
    again = before.sha == one.event.sha and one.at - before.at <= SAME_RELEASE
    first = next((at for at in failed if before.at < at <= one.at), 0)
    return Success(subject, one.event.id, one.at, before.sha, one.event.sha, again, before.at, first)


def _unseen(row: RepositoryRow) -> int:
    """Runs of a loaded repository that ended before were looked at, or are never counted."""
    return max((row.loaded_from or 0) - LAG, (row.watermark or 0) - LATE_RUN)


def _shipped(row: RepositoryRow, ran: Ran) -> Told:
    """A run that shipped, as a release: what failed may have failed before it touched production."""
    fact = Deployed("shipped", ran.at, RELEASE, ran.sha, Outcome.SUCCESS, ran.asked, ran.workflow)
    return Told(Subject(row.key, ran.id, 0, Thing.DEPLOYMENT), (fact,))


def _after(times: int) -> Callable[[], bool]:
    """Says no so many times, and then yes."""
    left = iter(range(times))
    return lambda: next(left, None) is None


def _answers(lane: Lane, row: RepositoryRow) -> bool:
    here = lane.owners is None or row.name.partition("/")[0].lower() in lane.owners
    return here and row.state is not RepositoryState.GONE


def _way(repository: int) -> str:
    return f"production:{repository}"


def _unfinished(repository: int) -> str:
    return f"unfinished:{repository}"
