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

from exporter.catalogue import DAY, METRICS, Detail, Kind, Measure, Metric, Observation
from exporter.change import Change
from exporter.measures.cycle import LEAD_TIME, STAGE
from exporter.measures.flow import COVERAGE_FACT
from exporter.measures.queue import ENTERED, LEFT, Standing, standing
from exporter.measures.review import FIRST_REVIEW_FACT, READY_FACT, REVIEW_WAIT, REVIEWER_FACT
from exporter.model import ChangeEvent
from exporter.policy import Policy
from exporter.runtime.sums import Readings, Series, Sum, lines
from exporter.store.base import FOLD, ORGANISATION, Entry, LedgerRow, Place, RepositoryRow, Store, SubjectRow

LONGEST_WINDOW = 90 * DAY
BATCH = 200
WINDOWED = frozenset(
    row.name
    for row in (
        STAGE,
        LEAD_TIME,
        REVIEW_WAIT,
        ENTERED,
        LEFT,
        FIRST_REVIEW_FACT,
        READY_FACT,
        REVIEWER_FACT,
        COVERAGE_FACT,
    )
)
"""Metrics whose single readings of the last 90 days are kept in memory, for exact window summaries."""
_NEW = -1
"""A new combination is shown without any of its readings: at zero."""
_ALWAYS, _NEVER = -(1 << 62), 1 << 62


class Books:
    """Sums over the ledger and the standing of open changes.

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
        self.repositories: dict[int, RepositoryRow] = {}
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
        self.organisation_published = False
        self._load()

    # From disk

    def _load(self) -> None:
        self.refresh()
        self.organisation_published = self.store.get("organisation_published") is not None
        settled = [row.settled for row in self.repositories.values() if row.settled is not None]
        now = max(settled, default=0)
        for each in self.measures:
            text = f"{each.name} {each.version} {self.policy.definition}"
            digest = sha256(text.encode()).hexdigest()[:12]
            self._digests[each.name] = (digest, self.store.definition_since(each.name, digest, now))
        self.folds = self.store.folds()
        self.dropped.update(place.metric for place in self.folds)
        if self.until is None:
            self.births = self.store.births()
        self._read_ledger()
        for place in self.births:
            self._sum(place)
        for repository in self.repositories.values():
            if repository.watermark is not None:
                self._stand(repository)

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
        floor = self._floor(self.repositories[repository]) if name in WINDOWED else _NEVER
        if metric.kind is Kind.FACT:
            return Series(repository, (name, labels), floor, ())
        own = Place(name, repository, labels)
        shared, row = self._shared(own), self.repositories[repository]
        into = [(own, _ALWAYS)]
        if shared is not None and row.complete is not None:
            into.append((shared, row.joined))
        return Series(
            repository,
            (name, labels),
            floor,
            tuple((self._sum(place), metric.bounds, after, self.births.get(place, _NEVER)) for place, after in into),
        )

    def refresh(self) -> None:
        """Read again how far each repository is, and what it is called."""
        self.repositories = {row.id: row for row in self.store.repositories()}

    def _stand(self, repository: RepositoryRow) -> None:
        subjects = [row.id for row in self.store.subjects(repository.id, open_only=self.until is None)]
        found: dict[int, Standing] = {}
        for start in range(0, len(subjects), BATCH):
            for subject, events in self.store.events(subjects[start : start + BATCH]).items():
                change = Change(events, self.policy)
                stands = standing(change.at(self._horizon(repository)))
                if stands is not None:
                    found[subject] = stands
        self.standings[repository.id] = found

    # Sums

    def detail(self, metric: Metric) -> Detail:
        """Whether a metric is shown per repository or for the organisation."""
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

    def _shared(self, own: Place) -> Place | None:
        """The organisation's or the fold's combination that a repository's own one also counts in, if any."""
        if self.detail(METRICS[own.metric]) is Detail.ORGANISATION:
            return own._replace(place=ORGANISATION)
        return own._replace(place=FOLD) if own in self.folds else None

    def _floor(self, repository: RepositoryRow) -> int:
        """Readings dated at or before it are in no window of this repository any more; windows end at its watermark."""
        end = self.until if self.until is not None else repository.watermark
        return (end or 0) - LONGEST_WINDOW

    def _trim(self, repository: RepositoryRow) -> None:
        """Once a day, let go of the readings that the windows have left behind."""
        floor = self._floor(repository)
        if floor < self._trimmed.setdefault(repository.id, floor) + DAY:
            return
        self._trimmed[repository.id] = floor
        here = self.readings.get(repository.id, {})
        for kind in [kind for kind, readings in here.items() if readings.forget(floor)]:
            del here[kind]

    def _count(self, row: LedgerRow) -> None:
        """Add one new ledger row to memory."""
        metric = METRICS[row.metric]
        repository = self.repositories[row.repository]
        self.last_at[row.repository] = max(row.at, self.last_at.get(row.repository, 0))
        if metric.name in WINDOWED and row.at > self._floor(repository):
            self.dirty_windows.add(row.repository)
            here = self.readings.setdefault(row.repository, {})
            here.setdefault((row.metric, row.labels), Readings()).add(row.at, row.value)
        if metric.kind is Kind.FACT:
            return
        own = Place(row.metric, row.repository, row.labels)
        self._put(own, row)
        shared = self._shared(own)
        if shared is not None and repository.complete is not None and row.at > repository.joined:
            self._put(shared, row)

    def _put(self, place: Place, row: LedgerRow) -> None:
        found = self._sum(place)
        since = self.births.get(place)
        if since is not None and row.at > since:
            found.held.append(row.value)
        else:
            found.show(METRICS[place.metric].bounds, row.value)
            self.dirty.add(place)

    # Settling

    def settle(self, source: str, ledger_start: int) -> bool:
        """Look at one batch of a source's due changes; True when none is left up to the watermarks.

        Raises:
            StoreError: nothing of the batch was kept.
        """
        self.refresh()
        due = self.store.due(source, BATCH)
        if due:
            self._enter(due, ledger_start)
        if len(due) == BATCH:
            return False
        read = [row for row in self.repositories.values() if row.source == source and row.watermark is not None]
        self.store.settled(source, self.organisation_published)
        self.refresh()
        for row in read:
            self._trim(row)
            if row.complete is None:
                self._complete(self.repositories[row.id])
        return True

    def _complete(self, repository: RepositoryRow) -> None:
        """A first load is whole: show the repository, and add it to the shared sums if they are not out yet."""
        for own in self.places(repository.id):
            self.dirty.add(own)
            shared = self._shared(own)
            if shared is None or repository.joined:
                continue
            total, part = self._sum(shared), self.sums[own]
            total.counts = [a + b for a, b in zip(total.counts, part.counts, strict=True)]
            total.total += part.total
            self.dirty.add(shared)

    def publish_organisation(self) -> None:
        """Show the organisation's sums from now on; repositories that come later add only what happens after."""
        if not self.organisation_published:
            self.store.put("organisation_published", "1")
            self.organisation_published = True
            self.dirty.update(place for place in self.sums if place.place in (ORGANISATION, FOLD))

    def _enter(self, due: Sequence[SubjectRow], ledger_start: int) -> None:
        subjects = [row.id for row in due]
        events, entered = self.store.events(subjects), self.store.entered(subjects)
        looks = {row: self._look(row, events.get(row.id, []), entered.get(row.id, []), ledger_start) for row in due}
        rows = [each for look in looks.values() for each in look.rows]
        births, folds = self._born(rows)
        for place, group in groupby(due, key=lambda row: row.repository):
            stirred = [each for row in group for each in looks[row].rows]
            births |= self._woken(self.repositories[place], stirred)
        later = {row.id: look.due for row, look in looks.items()}
        stands = {row.id: look.standing is not None for row, look in looks.items()}
        self.store.enter(Entry(rows, later, stands, births, folds))
        self.births |= births
        self.folds |= folds
        self.dropped.update(each.metric for each in folds)
        for each in births:
            self._sum(each)
        for row in rows:
            self._count(row)
        for subject, look in looks.items():
            self.late.update(look.late)
            drifted = {(subject.id, metric, cause) for metric, cause in look.drifted} - self._drifted
            self.drift.update(metric for _, metric, _ in drifted)
            self._drifted |= drifted
            here = self.standings.setdefault(subject.repository, {})
            if look.standing is None:
                here.pop(subject.id, None)
            else:
                here[subject.id] = look.standing

    def _look(
        self, subject: SubjectRow, events: list[ChangeEvent], entered: list[LedgerRow], ledger_start: int
    ) -> "Look":
        """What one change adds to the ledger now, and when to look again."""
        change = Change(events, self.policy)
        if change.opened is None:
            return Look([], None, None, (), ())
        repository = self.repositories[subject.repository]
        watermark = repository.watermark or 0
        known: dict[tuple[str, str], dict[str, LedgerRow]] = {}
        for row in entered:
            known.setdefault((row.metric, row.cause), {})[row.part] = row
        rows: list[LedgerRow] = []
        late: list[str] = []
        drifted: list[tuple[str, str]] = []
        due: int | None = None
        for each, observations in self._observe(change):
            first = observations[0]
            if first.at < ledger_start:
                continue
            if first.at > watermark:
                due = first.at if due is None else min(due, first.at)
                continue
            digest, since = self._digests[each.name]
            new = [_row(subject, seen, digest) for seen in observations]
            kept = known.get((first.metric, first.cause))
            passed = repository.settled is not None and first.at <= repository.settled
            if kept is not None:
                if _disagree(kept, new):
                    drifted.append((first.metric, first.cause))
            elif first.at > since or not passed:
                rows.extend(new)
                if passed:
                    late.append(first.metric)
        horizon = self._horizon(repository)
        if change.events[-1].at > horizon:
            due = change.events[-1].at if due is None else min(due, change.events[-1].at)
        return Look(rows, due, standing(change.at(horizon)), late, drifted)

    def _horizon(self, repository: RepositoryRow) -> int:
        """The second up to which facts count for the state gauges: a commit may carry any date, also one to come."""
        return self.until if self.until is not None else (repository.cursor or repository.watermark or 0) + DAY

    def _observe(self, change: Change) -> Iterator[tuple[Measure, list[Observation]]]:
        """Every measure's observations, those of one metric and cause together."""
        for each in self.measures:
            found = sorted(each.observe(change, self.policy), key=lambda o: (o.metric, o.cause, o.part))
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
            metric, repository = METRICS[row.metric], self.repositories[row.repository]
            if metric.kind is Kind.FACT:
                continue
            own = Place(row.metric, row.repository, row.labels)
            shared = self._shared(own)
            if shared is None and own not in self.sums and own not in own_seen:
                own_seen.add(own)
                if self._full(metric, growth[metric.name]):
                    folds.add(own)
                else:
                    growth[metric.name] += lines(metric)
            if own in folds:
                shared = own._replace(place=FOLD)
            born = shared or own
            counts = shared is None or (self.organisation_published and row.at > repository.joined)
            if repository.complete is not None and counts and born not in self.sums:
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
        end = self.until if self.until is not None else repository.watermark
        return end is not None and self.last_at.get(repository.id, 0) <= end - self._quiet_after

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
    due: int | None
    standing: Standing | None
    late: Sequence[str]
    drifted: Sequence[tuple[str, str]]
