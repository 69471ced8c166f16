"""The diagnosis kept up to date: passages of all changes off the store, a part at a time, then a verdict per scope."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from exporter.catalogue import DAY
from exporter.change import Change
from exporter.config.baselines import midnight
from exporter.config.settings import DiagnosisSettings
from exporter.diagnosis.diagnose import ALERT_WEEKS, absorbed_weeks, diagnose
from exporter.diagnosis.economics import Declared, Effort, economics
from exporter.diagnosis.terms import Diagnosis, Economics, Period, Verdict
from exporter.diagnosis.weeks import WEEK, Settings, floor
from exporter.measures.maintenance import FIX_SECONDS, WORK_SECONDS
from exporter.measures.releases import RELEASES
from exporter.measures.review import REVIEWS
from exporter.model import Origin
from exporter.passages import Passage, passages
from exporter.policy import Policy
from exporter.runtime.books import Books
from exporter.runtime.snapshot import ALL, NO_TEAM, Diagnosed, Shown, Snapshot
from exporter.store.base import Store, SubjectRow

BATCH = 200
LOW_SHARE = 0.1
"""Repositories with a smaller share of AI changes in the current weeks are the control of the others."""
LATE = 2 * DAY
"""Seconds after a week's end by which it has to be known of a repository, which else would hold back all others; a
stream may be polled once a day."""
FEEDERS = ("cycle", "arrivals")
"""The measures of a change's way: the streams they wait for are those that a look waits for."""
COUNTED = (RELEASES, REVIEWS, WORK_SECONDS, FIX_SECONDS)

Passages = Mapping[int, Sequence[Passage]]
"""By repository."""


class Dated(NamedTuple):
    """A row of the ledger: metric, repository, labels, date and value."""

    metric: str
    repository: int
    labels: tuple[str, ...]
    at: int
    value: int


class Diagnosing:
    """Looks at every change that is shown and says what became of the gain, for the organisation and each team.

    The work is cut into steps, so that whatever else needs the store comes in between. ``settings`` are the
    configuration's.
    """

    def __init__(self, snapshot: Snapshot, settings: DiagnosisSettings) -> None:
        self.snapshot = snapshot
        self.books = snapshot.books
        self.store = snapshot.books.store
        self.settings = settings
        self.repositories: frozenset[int] = frozenset()

    def pending(self) -> frozenset[int]:
        """The repositories a look would be about: shown, not failing, and not stale."""
        return frozenset(looked_at(self.snapshot))

    def look(self) -> Diagnosed:
        """All steps at once."""
        steps, found = self.steps(), None
        while found is None:
            found = step(steps)
        return found

    def steps(self) -> Generator[None, None, Diagnosed]:
        """Do the next part of the work at each turn; the generator's value is what it came to."""
        shown = looked_at(self.snapshot)
        if not shown:
            self.repositories = frozenset()
            return Diagnosed((), None)
        ends = self._ends(shown)
        found: list[defaultdict[int, list[Passage]]] = [defaultdict(list) for _ in ends]
        for repository in sorted(shown):
            subjects = self.store.subjects(repository, open_only=False)
            for start in range(0, len(subjects), BATCH):
                self._gather(subjects[start : start + BATCH], ends, found)
                yield
        dated = self.store.dated([row.name for row in COUNTED], ends[0])
        rows = [row for row in map(Dated._make, dated) if row.repository in shown]
        yield
        diagnoses: list[Diagnosis] = []
        begun = self._begun(shown)
        for scope, members in scopes(shown).items():
            diagnoses.append((yield from self._diagnosis(scope, members, ends, found, rows, begun)))
        self.repositories = frozenset(shown)
        return Diagnosed(tuple(diagnoses), self._economics(diagnoses[0], found[0], rows))

    def _ends(self, shown: Mapping[int, Shown]) -> tuple[int, ...]:
        """The end of the last whole week about which all is known, and of those before it whose verdicts count."""
        known = min(known_to(self.books, key) for key in shown)
        return tuple(floor(known) - place * WEEK for place in range(ALERT_WEEKS))

    def _begun(self, shown: Mapping[int, Shown]) -> dict[int, int]:
        """The first second known of each repository: of what was over before it there is nothing."""
        starts = self.snapshot.presentation.ledger_starts
        return {key: starts.get(each.source, 0) for key, each in shown.items()}

    def _gather(
        self, subjects: Sequence[SubjectRow], ends: Sequence[int], found: Sequence[defaultdict[int, list[Passage]]]
    ) -> None:
        for row, change in changes(self.store, subjects, self.books.policy):
            told: list[Passage] = []
            over = False
            for end, into in reversed(list(zip(ends, found, strict=True))):
                if not over:
                    then = change.at(end)
                    told = list(passages(then, row.repository, end))
                    # what has no later facts, and waits for nothing, is the same a week later
                    over = then is change and all(spell.ended for each in told for spell in each.spells)
                into[row.repository].extend(told)

    def _diagnosis(
        self,
        scope: str,
        members: Sequence[int],
        ends: Sequence[int],
        found: Sequence[Passages],
        rows: Sequence[Dated],
        begun: Mapping[int, int],
    ) -> Generator[None, None, Diagnosis]:
        """Of the last end, and of those before it while the verdicts say absorbed, one at each turn."""
        here = set(members)
        releases = [row.at for row in rows if row.metric == RELEASES.name and row.repository in here]
        settings = self._settings(scope, max(begun[key] for key in members))
        told: dict[int, Diagnosis] = {}
        for end, then in zip(ends, found, strict=True):
            inside = [each for key in members for each in then.get(key, ())]
            others = [key for key in sorted(then) if key not in here and begun[key] <= settings.start]
            low = [key for key in others if _ai_share(then[key], end) < LOW_SHARE] if scope != ALL else []
            control = [each for key in low for each in then[key]]
            told[end] = diagnose(scope, inside, end, settings, control, [at for at in releases if at <= end])
            yield
            if told[end].verdict is not Verdict.ABSORBED:
                break
        return replace(told[ends[0]], absorbed_weeks=absorbed_weeks(told.__getitem__, ends[0]))

    def _settings(self, scope: str, start: int) -> Settings:
        settings = self.settings
        day = settings.team_adoption_dates.get(scope, settings.adoption_date)
        return Settings(
            adoption=None if day is None else midnight(day),
            freezes=tuple((midnight(each.begin), _after(each.end)) for each in settings.freezes),
            start=start,
        )

    def _economics(self, diagnosis: Diagnosis, found: Passages, rows: Sequence[Dated]) -> Economics | None:
        baseline, current = diagnosis.baseline, diagnosis.current
        if baseline is None or current is None or diagnosis.verdict is Verdict.INSUFFICIENT_DATA:
            return None
        periods = baseline, current
        ready = [each for some in found.values() for each in some if each.ready is not None and each.spells]
        by_metric = {row.name: [each for each in rows if each.metric == row.name] for row in COUNTED}
        reviews = [(row.at, 1.0) for row in by_metric[REVIEWS.name] if row.labels[1] == "human"]
        upkeep = [(row.at, float(row.value)) for row in by_metric[WORK_SECONDS.name] if row.labels[0] == "update"]
        fixing = [(row.at, float(row.value)) for row in by_metric[FIX_SECONDS.name]]
        effort = Effort(
            developers=_weekly(periods, [(each.ready or 0, each.author) for each in ready]),
            ready=(baseline.changes / len(baseline.weeks), current.changes / len(current.weeks)),
            reviews=_sums(periods, reviews),
            fixing=_sums(periods, fixing),
            upkeep=_sums(periods, upkeep),
        )
        return economics(diagnosis, effort, self._declared())

    def _declared(self) -> Declared:
        settings = self.settings
        reported = settings.reported_hours_saved
        return Declared(
            reported=None if reported is None else reported * 3600,
            seats=settings.seats,
            seat_price=settings.seat_price,
            rate=settings.hourly_rate,
            currency=settings.currency,
            review=(settings.review_minutes_least * 60, settings.review_minutes_most * 60),
            productive_week=float(self.books.policy.productive_week),
        )


def looked_at(snapshot: Snapshot) -> dict[int, Shown]:
    """The repositories that a look is about: all that are shown, are not stale (definitions 20) and not late."""
    books, notes = snapshot.books, snapshot.presentation.notes
    return {
        key: shown
        for key, shown in snapshot.shown.items()
        if shown.as_of is not None
        and shown.source not in notes
        and (key, "cycle") in books.reach.whole
        and known_to(books, key) >= floor(shown.as_of - LATE)
    }


def known_to(books: Books, key: int) -> int:
    """Up to when all is known of the changes of a repository; 0 while a stream is new there and not loaded."""
    return min((books.reach.end_of(key, name) for name in FEEDERS if (key, name) in books.reach.whole), default=0)


def scopes(shown: Mapping[int, Shown]) -> dict[str, list[int]]:
    """The repositories of the organisation, and of each team by its name."""
    teams = sorted({each.team for each in shown.values()} - {NO_TEAM})
    of_teams = {team: [key for key in sorted(shown) if shown[key].team == team] for team in teams}
    return {ALL: sorted(shown), **of_teams}


def changes(store: Store, subjects: Sequence[SubjectRow], policy: Policy) -> Iterator[tuple[SubjectRow, Change]]:
    """These changes with all that is known of them."""
    ids = [row.id for row in subjects]
    events, bound = store.events(ids), store.bound(ids)
    for row in subjects:
        yield row, Change(events.get(row.id, ()), policy, bound.get(row.id, ()), row.key, row.number)


def step(steps: Generator[None, None, Diagnosed]) -> Diagnosed | None:
    """Do the next part of a look; what the look came to once there is none left."""
    try:
        next(steps)
    except StopIteration as end:
        found: Diagnosed = end.value
        return found
    return None


def _after(day: date) -> int:
    return midnight(day) + DAY


def _ai_share(found: Sequence[Passage], end: int) -> float:
    """Of the changes merged in the twelve weeks before an end, those that carry the marker of an AI tool."""
    merged = [each for each in found if each.merged is not None and end - 12 * WEEK < each.merged <= end]
    people = [each for each in merged if each.origin is not Origin.BOT]
    marked = sum(each.origin in (Origin.AGENTIC, Origin.ASSISTED) for each in people)
    return marked / len(people) if people else 0.0


def _weekly(periods: tuple[Period, Period], dated: Sequence[tuple[int, str]]) -> tuple[float, float]:
    """How many different people there are in a week of each period, on average."""
    people: defaultdict[int, set[str]] = defaultdict(set)
    for at, who in dated:
        people[floor(at)] |= {who} - {""}
    before, now = (sum(len(people[week]) for week in each.weeks) / len(each.weeks) for each in periods)
    return before, now


def _sums(periods: tuple[Period, Period], dated: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """What is added up in a week of each period, on average."""
    sums: defaultdict[int, float] = defaultdict(float)
    for at, value in dated:
        sums[floor(at)] += value
    before, now = (sum(sums[week] for week in each.weeks) / len(each.weeks) for each in periods)
    return before, now
