"""The ledger kept: due changes become observations, observations become sums, and open changes their standing.

One thread owns the books and the store. What is on disk comes first: memory changes only after the transaction that
holds the same rows, so that a kill at any instant leaves nothing to repair.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import groupby

from exporter.catalogue import DAY, METRICS, SUMMARIES, Detail, Kind, Labels, Measure, Metric, Observation
from exporter.change import Change
from exporter.measures.queue import ENTERED, LEFT, Standing, standing
from exporter.model import Fact, Stream, Thing
from exporter.policy import Policy
from exporter.runtime.reach import Reach
from exporter.runtime.sums import Readings, Series, Sum, lines
from exporter.store.base import (
    FOLD,
    ORGANISATION,
    Entry,
    Gate,
    LedgerRow,
    Place,
    RepositoryRow,
    Store,
    SubjectRow,
)
from exporter.story import Story

LONGEST_WINDOW = 90 * DAY
BATCH = 200
_NEW = -1
"""A new combination is shown without any of its readings: at zero."""
_ALWAYS, _NEVER = -(1 << 62), 1 << 62


class Books:
    """Sums over the ledger and the standing of open changes; ``reach`` says how far each repository is.

    ``until``: count only what is dated at or before it, and show everything at once (the one-shot mode).
    ``quiet_after``: seconds without an observation after which a repository is quiet.
    """

    def __init__(
        self,
        store: Store,
        measures: Sequence[Measure],
        policy: Policy,
        *,
        until: int | None = None,
        budgets: Mapping[str, int] | None = None,
        budget: int = 20000,
        details: Mapping[str, Detail] | None = None,
        quiet_after: int = 90 * DAY,
    ) -> None:
        self.store = store
        self.measures = measures
        self.policy = policy
        self.until = until
        self._budgets = budgets or {}
        self._budget = budget
        self._details = details or {}
        self._quiet_after = quiet_after
        self.reach = Reach(store, measures, until)
        self._windowed = {row.name for each in SUMMARIES for row in each.reads} | {ENTERED.name, LEFT.name}
        self.sums: dict[Place, Sum] = {}
        self.by_repository: dict[int, set[tuple[str, tuple[str, ...]]]] = {}
        self.births: dict[Place, int] = {}
        self.folds: set[Place] = set()
        self.readings: dict[int, dict[tuple[str, tuple[str, ...]], Readings]] = {}
        self.standings: dict[int, dict[int, Standing]] = {}
        self.last_at: dict[int, int] = {}
        self.dirty: set[Place] = set()
        self.dirty_windows: set[int] = set()
        self.drift: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._drifted: set[tuple[int, str, str]] = set()
        self._lines: Counter[str] = Counter()
        self._digests: dict[str, tuple[str, int]] = {}
        self._trimmed: dict[int, int] = {}
        self._load()

    # From disk

    def _load(self) -> None:
        self.reach.load()
        if self.until is None:
            self._begin()
        self.folds = self.store.folds()
        self.dropped.update(place.metric for place in self.folds)
        self._read_ledger()
        for place in self.births:
            self._sum(place)
        for repository in self.reach.repositories.values():
            if repository.watermark is not None:
                every = self.store.subjects(repository.id, open_only=self.until is None)
                self._stand(repository, [row.id for row in every])

    def _begin(self) -> None:
        """What only books that are written into need: the definitions in force, what is new, and births."""
        settled = [row.settled for row in self.reach.streams.values() if row.settled is not None]
        now = max(settled, default=0)
        texts = {each.name: f"{each.name} {each.version} {self.policy.definition}" for each in self.measures}
        digests = {name: sha256(text.encode()).hexdigest()[:12] for name, text in texts.items()}
        since = self.store.definitions_since(digests, now)
        self._digests = {name: (digest, since[name]) for name, digest in digests.items()}
        whole = {name for _, name in self.reach.whole}
        if settled and not self.store.read_only and any(each.name not in whole for each in self.measures):
            self.store.touch_all()  # a measure that is new here reads what was read before it came
        self.births = self.store.births()

    def _read_ledger(self) -> None:
        """Add the ledger up; millions of rows pass, so what is equal for all of one series is looked up once."""
        found: dict[int, Series] = {}
        for number, at, value in self.store.readings(self.until):
            series = found.get(number)
            if series is None:
                series = found[number] = self._series(*self.store.series(number))
            if at > series.last_at:
                series.last_at = at
            if at > series.floor:
                series.readings.add(at, value)
            for into, bounds, after, since in series.sums:
                if at <= after:
                    continue
                if at > since:
                    into.held.append(value)
                else:
                    into.show(bounds, value)
        for series in found.values():
            last = max(series.last_at, self.last_at.get(series.repository, 0))
            self.last_at[series.repository] = last
            if series.readings.at:
                self.readings.setdefault(series.repository, {})[series.kind] = series.readings

    def _series(self, name: str, repository: int, labels: tuple[str, ...]) -> "Series":
        """Where the readings of one metric, repository and label set go."""
        metric = METRICS.get(name)
        if metric is None:
            return Series(repository, (name, labels), _NEVER, ())
        windowed = name in self._windowed and self.reach.feeders.of(name, labels) is not None
        floor = self._floor(repository, name, labels) if windowed else _NEVER
        if metric.kind is Kind.FACT:
            return Series(repository, (name, labels), floor, ())
        own = Place(name, repository, labels)
        shared, joined = self.shared(own), self.reach.joined(repository, name, labels)
        into = [(own, _ALWAYS)]
        if shared is not None and joined is not None:
            into.append((shared, joined))
        return Series(
            repository,
            (name, labels),
            floor,
            tuple((self._sum(place), metric.bounds, after, self.births.get(place, _NEVER)) for place, after in into),
        )

    def windowed(self, repository: int) -> Iterator[tuple[str, Labels, int, Readings]]:
        """A repository's readings that window summaries are given: metric, labels, where their windows end, readings.

        Of metrics whose first load is not whole there are none.
        """
        ends: dict[str, int] = {}
        for (metric, labels), readings in self.readings.get(repository, {}).items():
            feeder = self.reach.feeders.of(metric, labels)
            if feeder is not None and (repository, feeder) in self.reach.whole:
                if feeder not in ends:
                    ends[feeder] = self.reach.end_of(repository, feeder)
                yield metric, labels, ends[feeder], readings

    def _stand(self, repository: RepositoryRow, changes: Sequence[int]) -> None:
        """Work out where some changes of a repository stand."""
        horizon = self.reach.horizon(repository)
        for start in range(0, len(changes), BATCH):
            for change, events in self.store.events(changes[start : start + BATCH]).items():
                self._stands(repository.id, change, standing(Change(events, self.policy).at(horizon)))

    def _stands(self, repository: int, change: int, stands: Standing | None) -> None:
        here = self.standings.setdefault(repository, {})
        if stands is None:
            here.pop(change, None)
        else:
            here[change] = stands

    # Sums

    def detail(self, metric: Metric) -> Detail:
        """Whether a metric is shown per repository or for the organisation, as those are that name no repository."""
        if "repository" not in metric.labels:
            return Detail.ORGANISATION
        return self._details.get(metric.name, metric.detail)

    def _sum(self, place: Place) -> Sum:
        found = self.sums.get(place)
        if found is None:
            bounds = METRICS[place.metric].bounds
            found = self.sums[place] = Sum([0] * (len(bounds) + 1) if bounds else [])
            self.by_repository.setdefault(place.place, set()).add((place.metric, place.labels))
            if self.shown(place):
                self._lines[place.metric] += lines(METRICS[place.metric])
            self.dirty.add(place)
        return found

    def places(self, place: int) -> list[Place]:
        """All combinations of a repository, of the organisation or of the fold."""
        return [Place(metric, place, labels) for metric, labels in self.by_repository.get(place, ())]

    def shown(self, place: Place) -> bool:
        """Whether a combination is exported as such, and not only summed for the organisation or the fold."""
        if place.place in (ORGANISATION, FOLD):
            return True
        return self.detail(METRICS[place.metric]) is Detail.REPOSITORY and place not in self.folds

    def shared(self, own: Place) -> Place | None:
        """The organisation's or the fold's combination that a repository's own one also counts in, if any."""
        if self.detail(METRICS[own.metric]) is Detail.ORGANISATION:
            return own._replace(place=ORGANISATION)
        return own._replace(place=FOLD) if own in self.folds else None

    def _floor(self, repository: int, metric: str, labels: Labels) -> int:
        """Readings of a metric dated at or before it are in no window of this repository any more."""
        return self.reach.end(repository, metric, labels) - LONGEST_WINDOW

    def _trim(self, repository: RepositoryRow) -> None:
        """Once a day, let go of the readings that the windows have left behind."""
        floor = (self._end(repository) or 0) - LONGEST_WINDOW
        if floor < self._trimmed.setdefault(repository.id, floor) + DAY:
            return
        self._trimmed[repository.id] = floor
        here = self.readings.get(repository.id, {})
        for kind in [kind for kind, readings in here.items() if readings.forget(self._floor(repository.id, *kind))]:
            del here[kind]

    def _count(self, own: Place, at: int, value: int) -> None:
        """Add one new reading of the ledger to memory; ``own`` is its metric, repository and labels."""
        name, repository, labels = own
        metric = METRICS[name]
        self.last_at[repository] = max(at, self.last_at.get(repository, 0))
        if name in self._windowed and at > self._floor(repository, name, labels):
            self.dirty_windows.add(repository)
            here = self.readings.setdefault(repository, {})
            here.setdefault((name, labels), Readings()).add(at, value)
        if metric.kind is Kind.FACT:
            return
        self._put(own, at, value)
        shared, joined = self.shared(own), self.reach.joined(repository, name, labels)
        if shared is not None and joined is not None and at > joined:
            self._put(shared, at, value)

    def _put(self, place: Place, at: int, value: int) -> None:
        found = self._sum(place)
        since = self.births.get(place)
        if since is not None and at > since:
            found.held.append(value)
        else:
            found.show(METRICS[place.metric].bounds, value)
            self.dirty.add(place)

    # Settling

    def settle(self, source: str, ledger_start: int) -> bool:
        """Look at one batch of a source's due subjects; True when none is left up to the watermarks.

        Raises:
            StoreError: nothing of the batch was kept.
        """
        self.reach.refresh()
        due = self.store.due(source, self.reach.all_gates, BATCH)
        if due:
            self._enter(due, ledger_start)
            return False
        fresh = self.reach.settle(source)
        for repository, measure in fresh:
            self._complete(repository, measure)
        for row in self.reach.repositories.values():
            if row.source == source and row.watermark is not None:
                self._trim(row)
        return True

    def _complete(self, repository: int, measure: str) -> None:
        """A first load is whole: show it, and add it to the shared sums if they are not out yet."""
        self.dirty_windows.add(repository)
        for own in self.places(repository):
            if self.reach.feeders.of(own.metric, own.labels) != measure:
                continue
            self.dirty.add(own)
            shared = self.shared(own)
            if shared is None or self.reach.whole[repository, measure]:
                continue
            total, part = self._sum(shared), self.sums[own]
            total.counts = [a + b for a, b in zip(total.counts, part.counts, strict=True)]
            total.total += part.total
            self.dirty.add(shared)

    def publish(self, measures: Iterable[str]) -> None:
        """Show the shared sums of measures from now on; repositories that come later add only what happens after."""
        self.reach.publish(list(measures))
        self.dirty.update(place for place in self.sums if place.place in (ORGANISATION, FOLD))

    def publish_organisation(self) -> None:
        """Show the shared sums of every measure from now on."""
        self.publish([each.name for each in self.measures if each.name not in self.reach.published])

    def _enter(self, due: Sequence[SubjectRow], ledger_start: int) -> None:
        subjects = [row.id for row in due]
        events, bound, entered = self.store.events(subjects), self.store.bound(subjects), self.store.entered(subjects)
        looks = {
            row: self._look(
                row,
                self._story(row, events.get(row.id, []), bound.get(row.id, [])),
                entered.get(row.id, []),
                ledger_start,
            )
            for row in due
        }
        rows = [each for look in looks.values() for each in look.rows]
        births, folds = self._born(rows)
        for place, group in groupby(due, key=lambda row: row.repository):
            stirred = [each for row in group for each in looks[row].rows]
            births |= self._woken(self.reach.repositories[place], stirred)
        later = {row.id: look.due for row, look in looks.items()}
        stands = {row.id: look.standing is not None for row, look in looks.items() if row.thing is Thing.CHANGE}
        self.store.enter(Entry(rows, later, stands, births, folds))
        self.births |= births
        self.folds |= folds
        self.dropped.update(each.metric for each in folds)
        for each in births:
            self._sum(each)
        for row in rows:
            self._count(Place(row.metric, row.repository, row.labels), row.at, row.value)
        for subject, look in looks.items():
            self.late.update(look.late)
            drifted = {(subject.id, metric, cause) for metric, cause in look.drifted} - self._drifted
            self.drift.update(metric for _, metric, _ in drifted)
            self._drifted |= drifted
            if subject.thing is Thing.CHANGE:
                self._stands(subject.repository, subject.id, look.standing)

    def _story(self, subject: SubjectRow, events: Sequence[Fact], bound: Sequence[Sequence[Fact]]) -> Story:
        kind = Change if subject.thing is Thing.CHANGE else Story
        return kind(events, self.policy, bound, subject.key, subject.number)

    def _look(self, subject: SubjectRow, story: Story, entered: list[LedgerRow], ledger_start: int) -> "Look":
        """What one subject adds to the ledger now, and when to look again."""
        if isinstance(story, Change) and story.opened is None:
            return Look([], {}, None, (), ())
        known: dict[tuple[str | None, str, str], dict[str, LedgerRow]] = {}
        for row in entered:
            known.setdefault((self.reach.feeders.of(row.metric, row.labels), row.metric, row.cause), {})[row.part] = row
        rows: list[LedgerRow] = []
        late: list[str] = []
        drifted: list[tuple[str, str]] = []
        due: dict[Gate, int] = {}
        gates = self.reach.gates(subject.repository)
        for each, observations in self._observe(subject.thing, story):
            first = observations[0]
            if first.at < ledger_start:
                continue
            gate = gates[each.name]
            watermark = self.reach.watermark(subject.repository, gate)
            if watermark is None or first.at > watermark:
                due[gate] = min(first.at, due.get(gate, first.at))
                continue
            digest, since = self._digests[each.name]
            new = [_row(subject, seen, digest) for seen in observations]
            kept = known.get((each.name, first.metric, first.cause))
            passed = self.reach.passed(subject.repository, each, first.at)
            if kept is not None:
                if _disagree(kept, new):
                    drifted.append((first.metric, first.cause))
            elif first.at > since or not passed:
                rows.extend(new)
                if passed:
                    late.append(first.metric)
        stands = None
        if isinstance(story, Change):
            horizon, own = self.reach.horizon(self.reach.repositories[subject.repository]), (Stream.CHANGES,)
            if story.events[-1].at > horizon:
                due[own] = min(story.events[-1].at, due.get(own, story.events[-1].at))
            stands = standing(story.at(horizon))
        return Look(rows, due, stands, late, drifted)

    def _observe(self, thing: Thing, story: Story) -> Iterator[tuple[Measure, list[Observation]]]:
        """Every measure's observations of such a thing, those of one metric and cause together."""
        for each in self.measures:
            if each.of is not thing:
                continue
            found = sorted(each.observe(story, self.policy), key=lambda o: (o.metric, o.cause, o.part))
            for _, group in groupby(found, key=lambda o: (o.metric, o.cause)):
                yield each, list(group)

    # Births

    def _born(self, rows: Iterable[LedgerRow]) -> tuple[dict[Place, int], set[Place]]:
        """Combinations these rows bring into being, and those a full budget folds."""
        births: dict[Place, int] = {}
        folds: set[Place] = set()
        growth: Counter[str] = Counter()
        own_seen: set[Place] = set()
        for row in rows:
            metric, joined = METRICS[row.metric], self.reach.joined(row.repository, row.metric, row.labels)
            if metric.kind is Kind.FACT:
                continue
            own = Place(row.metric, row.repository, row.labels)
            shared = self.shared(own)
            if shared is None and own not in self.sums and own not in own_seen:
                own_seen.add(own)
                if self._full(metric, growth[metric.name]):
                    folds.add(own)
                else:
                    growth[metric.name] += lines(metric)
            if own in folds:
                shared = own._replace(place=FOLD)
            born = shared or own
            counts = shared is None or (
                self.reach.is_published(row.metric, row.labels) and joined is not None and row.at > joined
            )
            if joined is not None and counts and born not in self.sums:
                births[born] = _NEW
        return births, folds

    def _full(self, metric: Metric, growth: int) -> bool:
        return self._lines[metric.name] + growth + lines(metric) > self._budgets.get(metric.name, self._budget)

    def _woken(self, repository: RepositoryRow, rows: Iterable[LedgerRow]) -> dict[Place, int]:
        """A quiet repository that stirs is shown at its old values first (definitions 5)."""
        stirs = any(METRICS[row.metric].kind is not Kind.FACT for row in rows)
        if repository.complete is None or not stirs or not self.quiet(repository):
            return {}
        last = self.last_at.get(repository.id, 0)
        return {place: last for place in self.places(repository.id) if place not in self.births and self.shown(place)}

    def quiet(self, repository: RepositoryRow) -> bool:
        """Nothing happened for long before the watermark."""
        end = self._end(repository)
        return end is not None and self.last_at.get(repository.id, 0) <= end - self._quiet_after

    def _end(self, repository: RepositoryRow) -> int | None:
        return self.until if self.until is not None else repository.watermark

    def release(self, places: Iterable[Place]) -> None:
        """Show the true value of these combinations; on disk first."""
        ready = [place for place in places if place in self.births]
        if ready:
            self.store.release(ready)
        for place in ready:
            del self.births[place]
            found = self._sum(place)
            for value in found.held:
                found.show(METRICS[place.metric].bounds, value)
            found.held.clear()
            self.dirty.add(place)


@lru_cache(maxsize=4096)
def _plain(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The same labels as strings and nothing more: words of an enumeration are printed and stored differently."""
    return tuple(str(label) for label in labels)


def _row(subject: SubjectRow, seen: Observation, digest: str) -> LedgerRow:
    labels = _plain(seen.labels)
    return LedgerRow(
        subject.id, seen.metric, seen.cause, seen.part, seen.at, subject.repository, labels, seen.value, digest
    )


def _disagree(kept: Mapping[str, LedgerRow], new: Sequence[LedgerRow]) -> bool:
    """Whether a reading differs from the ledger's; other definitions may differ."""
    if {row.definition for row in kept.values()} != {row.definition for row in new}:
        return False
    fresh = {row.part: (row.at, row.labels, row.value) for row in new}
    return fresh != {part: (row.at, row.labels, row.value) for part, row in kept.items()}


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at one change gave: rows to enter, when to look again, and which readings were late or disagreed."""

    rows: list[LedgerRow]
    due: Mapping[Gate, int]
    standing: Standing | None
    late: Sequence[str]
    drifted: Sequence[tuple[str, str]]
