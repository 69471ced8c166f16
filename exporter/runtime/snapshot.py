"""From books and health to samples: what is shown of each repository, as what, and how old it may be."""

import platform
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain, product
from typing import NamedTuple

from exporter import __version__
from exporter.catalogue import HOUR, METRICS, SUMMARIES, Kind, Summary
from exporter.diagnosis.samples import families as gauges_of
from exporter.diagnosis.signals import Evidence, signals
from exporter.diagnosis.terms import Diagnosis, Economics, ScopeReport
from exporter.exposition import Exposition, Rendered
from exporter.measures import exporter as own
from exporter.measures import queue
from exporter.measures.flow import OPENED
from exporter.measures.windows import PERCENTILES, WINDOWS, percentile
from exporter.model import QueueState, Stream
from exporter.runtime.books import Books
from exporter.runtime.health import Health, per_metric
from exporter.runtime.pools import Look, Pools
from exporter.store.base import FOLD, ORGANISATION, Place, RepositoryRow, RepositoryState
from exporter.working_hours import WorkingHours

GONE = RepositoryState.GONE
ALL, NO_TEAM, OTHER = "all", "none", "other"
FROZEN_FOR = HOUR
"""How long a failing source's gauges stay, frozen, before they disappear (definitions 20)."""
WINDOWS_EVERY = 300
TEAMS_EVERY = 60
"""Seconds between two looks at the windows of teams, which pool every repository; a new one is pooled at once."""
STATES = tuple(str(state) for state in QueueState)
FLOW = {queue.ENTERED.name: "in", queue.LEFT.name: "out"}

Samples = dict[tuple[str, ...], float]


class Diagnosed(NamedTuple):
    """A diagnosis per scope, ``all`` first, and the economics of the organisation."""

    diagnoses: tuple[Diagnosis, ...] = ()
    economics: Economics | None = None

    def of(self, scopes: Container[str]) -> "Diagnosed":
        """The same of some scopes."""
        return self._replace(diagnoses=tuple(each for each in self.diagnoses if each.scope in scopes))


class Shown(NamedTuple):
    """How a repository stands on /metrics: its label, its team, whether it is quiet, and the second its ages are of.

    ``as_of`` is None when its gauges are too old to show.
    """

    label: str
    team: str
    source: str
    quiet: bool
    as_of: int | None


@dataclass(frozen=True)
class Presentation:
    """What the configuration says about how numbers are shown.

    ``notes``: sources of notes, which belong to a team and to no repository. ``roots``: the web sites (``https://HOST``)
    of sources that have one.
    """

    prefixes: Mapping[str, str] = field(default_factory=dict)
    intervals: Mapping[str, int] = field(default_factory=dict)
    teams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hours: Mapping[str, WorkingHours] = field(default_factory=dict)
    default_hours: WorkingHours = WorkingHours()  # noqa: RUF009 - a frozen value
    thresholds_seconds: Mapping[str, int] = field(default_factory=dict)
    thresholds_ratios: Mapping[str, float] = field(default_factory=dict)
    thresholds_changes: Mapping[str, int] = field(default_factory=dict)
    repository_windows: tuple[str, ...] = ("28d",)
    stage_windows: bool = False
    budget: int = 20000
    budgets: Mapping[str, int] = field(default_factory=dict)
    ledger_starts: Mapping[str, int] = field(default_factory=dict)
    first_seen: Mapping[str, int] = field(default_factory=dict)
    first_streams: Mapping[str, Stream] = field(default_factory=dict)
    serving: Mapping[str, tuple[str, Stream]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)

    def team(self, name: str) -> str:
        """The first team in file order that has a glob for the repository; ``none`` without one."""
        lower = name.lower()
        for team, globs in self.teams.items():
            if any(fnmatchcase(lower, glob.lower()) for glob in globs):
                return team
        return NO_TEAM

    def label(self, row: RepositoryRow) -> str:
        """The repository as /metrics calls it."""
        return self.prefixes.get(row.source, "") + row.name


class Snapshot:
    """Keeps an exposition up to date with the books; rendering touches only what moved."""

    def __init__(self, books: Books, health: Health, presentation: Presentation, exposition: Exposition) -> None:
        self.books = books
        self.health = health
        self.presentation = presentation
        self.exposition = exposition
        self.shown: dict[int, Shown] = {}
        self._pools = Pools(books, keep=books.until is not None)
        self._labels: dict[Place, tuple[str, ...]] = {}
        self._births_shown: set[Place] = set()
        self._dropped: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._left_out: dict[str, int] = {}
        self._window_samples: dict[int, dict[str, Samples]] = {}
        self._team_samples: dict[str, Samples] = {}
        self._windows_at = 0.0
        self._teams_at = 0.0
        self._teams_stale = True
        self._pooled: set[int] = set()
        self.latest = Diagnosed()
        self._told: tuple[Diagnosed, dict[str, Samples], tuple[ScopeReport, ...]] | None = None
        self._gauged: tuple[ScopeReport, ...] | None = None

    def build(self, now: float, *, config: Mapping[str, float] | None = None) -> Rendered:
        """Bring every family up to ``now`` (Unix seconds) and render.

        ``config``: ready samples of single-series metrics about configuration and store, by name.
        """
        self.see(int(now))
        self._events()
        self._state(int(now))
        self._windows(now)
        self._diagnosis()
        self._own(config or {})
        self._count_series()
        return self.exposition.render()

    # Who is shown

    def see(self, now: int) -> None:
        """Work out how each repository is shown; where that changed, all it has is written anew."""
        seen: dict[int, Shown] = {}
        for row in self.books.reach.repositories.values():
            known = row.source in self.presentation.intervals
            if row.complete is None or row.state is RepositoryState.GONE or not known:
                continue
            label = self.presentation.label(row)
            quiet = self.books.quiet(row)
            team = self.presentation.notes.get(row.source) or self.presentation.team(label)
            seen[row.id] = Shown(label, team, row.source, quiet, self._as_of(row, now))
        changed = {
            each
            for each in self.shown.keys() | seen.keys()
            if _identity(self.shown.get(each)) != _identity(seen.get(each))
        }
        if changed:
            self.books.dirty.update(place for each in changed for place in self.books.places(each))
            self.books.dirty_windows.update(changed)
        self.shown = seen

    def _as_of(self, row: RepositoryRow, now: int) -> int | None:
        """The second its ages are counted to: the last success when that is too long ago, None after an hour."""
        if self.books.until is not None:
            return self.books.until
        # A source's facts are dated by its server: the local clock may be wrong, or jump.
        clock = self.health.clocks.get(row.source)
        now = clock() if clock else now
        last = row.last_success or 0
        late = max(300, 3 * self.presentation.intervals[row.source])
        if row.state is RepositoryState.FAILING or now - last > late:
            rare = self.presentation.intervals[row.source]
            return last if now - last <= FROZEN_FOR + (rare if rare > 300 else 0) else None
        return now

    def _repositories(self) -> Iterator[tuple[int, Shown]]:
        """All that are shown and are repositories."""
        return ((key, shown) for key, shown in self.shown.items() if shown.source not in self.presentation.notes)

    # Events

    def _events(self) -> None:
        dirty, self.books.dirty = self.books.dirty, set()
        named = {place: self._place_labels(place) for place in dirty}
        # All leave before any come: two repositories may have swapped their names.
        for place, labels in named.items():
            before = self._labels.pop(place, None)
            if before is not None and before != labels:
                self.exposition.remove(place.metric, before)
        for place, labels in named.items():
            if labels is None:
                self._births_shown.discard(place)
                continue
            found = self.books.sums[place]
            self._labels[place] = labels
            if found.counts:
                self.exposition.set_histogram(place.metric, labels, found.counts, found.total)
            else:
                self.exposition.set(place.metric, labels, found.total)
            if place in self.books.births:
                self._births_shown.add(place)

    def _place_labels(self, place: Place) -> tuple[str, ...] | None:
        if not self.books.shown(place):
            return None
        if place.place in (ORGANISATION, FOLD):
            if not self.books.reach.is_published(place.metric, place.labels):
                return None
            if "repository" not in METRICS[place.metric].labels:
                return place.labels
            return (ALL if place.place == ORGANISATION else OTHER, *place.labels)
        shown = self.shown.get(place.place)
        if self.books.reach.joined(place.place, place.metric, place.labels) is None:
            return None
        if shown is None or (shown.quiet and not METRICS[place.metric].quiet):
            return None
        return (shown.label, *place.labels)

    def on_page(self, place: Place) -> tuple[str, ...] | None:
        """The labels a combination stands on the page with; None where it does not."""
        return self._labels.get(place)

    def births_shown(self) -> set[Place]:
        """Combinations that stand on the page at their old value and wait for scrapes to see it."""
        self._births_shown &= self.books.births.keys()
        return set(self._births_shown)

    # State

    def _state(self, now: int) -> None:
        families: dict[str, Samples] = {row.name: {} for row in (
            queue.QUEUE, queue.DRAFTS, queue.OLDEST_WAIT, queue.OLDEST_WAIT_BUSINESS, queue.QUEUE_WAIT,
            queue.QUEUE_FLOW, queue.REPOSITORY_INFO, queue.TEAM_REPOSITORY_INFO,
        )}  # fmt: skip
        for key, shown in self._repositories():
            families[queue.REPOSITORY_INFO.name][shown.label, shown.source, shown.team] = 1
            families[queue.TEAM_REPOSITORY_INFO.name] |= {(shown.team, shown.label): 1, (ALL, shown.label): 1}
            if shown.as_of is not None and (key, Stream.CHANGES) in self.books.reach.streams:
                self._queue(key, shown, shown.as_of, families)
        if families[queue.REPOSITORY_INFO.name]:  # what is kept for the organisation, or folded, belongs to all of it
            families[queue.TEAM_REPOSITORY_INFO.name] |= {(ALL, ALL): 1, (ALL, OTHER): 1}
        families[queue.BUSINESS_HOURS.name] = {
            (team,): float(self.hours(team).open(now)) for team in (*self.presentation.teams, NO_TEAM)
        }
        families[queue.THRESHOLD_SECONDS.name] = {(n,): v for n, v in self.presentation.thresholds_seconds.items()}
        families[queue.THRESHOLD_RATIO.name] = {(n,): v for n, v in self.presentation.thresholds_ratios.items()}
        families[queue.THRESHOLD_CHANGES.name] = {(n,): v for n, v in self.presentation.thresholds_changes.items()}
        for name, samples in families.items():
            self._gauges(name, samples)

    def _queue(self, key: int, shown: Shown, as_of: int, families: dict[str, Samples]) -> None:
        standings = self.books.standings.get(key, {}).values()
        counts: Samples = {}
        drafts: Samples = {}
        if not shown.quiet:
            for metric, (origin, *_) in self._occurred(key, (queue.ENTERED.name, OPENED.name)):
                if metric == OPENED.name:
                    drafts[shown.label, origin] = 0
                else:
                    counts |= {(shown.label, origin, state): 0 for state in STATES}
        for each in standings:
            if each.state is None:
                draft = (shown.label, str(each.origin))
                drafts[draft] = drafts.get(draft, 0) + 1
            else:
                waiting = (shown.label, str(each.origin), str(each.state))
                counts[waiting] = counts.get(waiting, 0) + 1
        families[queue.QUEUE.name].update(counts)
        families[queue.DRAFTS.name].update(drafts)
        since = sorted(each.since for each in standings if each.since is not None)
        waits = sorted(max(0, as_of - start) for start in since)
        families[queue.OLDEST_WAIT.name][shown.label,] = waits[-1] if waits else 0
        business = self.hours(shown.team).elapsed(since[0], max(as_of, since[0])) if since else 0
        families[queue.OLDEST_WAIT_BUSINESS.name][shown.label,] = business
        if waits:
            for word in ("p50", "p90"):
                families[queue.QUEUE_WAIT.name][shown.label, word] = percentile(waits, PERCENTILES[word])
        if not shown.quiet:
            families[queue.QUEUE_FLOW.name].update(self._flow(key, shown))

    def _flow(self, key: int, shown: Shown) -> Samples:
        counts = dict.fromkeys(FLOW.values(), 0)
        for (metric, labels), readings in self.books.readings.get(key, {}).items():
            if metric in FLOW:
                counts[FLOW[metric]] += readings.count(self.books.reach.end(key, metric, labels), WINDOWS["7d"])
        return {(shown.label, direction, "7d"): float(count) for direction, count in counts.items()}

    def _occurred(self, key: int, metrics: Container[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        return (place for place in self.books.by_repository.get(key, ()) if place[0] in metrics)

    def hours(self, team: str) -> WorkingHours:
        """A team's clock."""
        return self.presentation.hours.get(team, self.presentation.default_hours)

    def _gauges(self, name: str, samples: Samples) -> None:
        """Replace a gauge's family; what exceeds the budget is left out and counted once (definitions 6)."""
        budget = self.presentation.budgets.get(name, self.presentation.budget)
        self._left_out[name] = max(0, len(samples) - budget)
        if len(samples) > budget:
            ordered = sorted(samples)
            left_out = set(ordered[budget:]) - self._dropped[name]
            self._dropped[name] |= left_out
            self.books.dropped[name] += len(left_out)
            samples = {labels: samples[labels] for labels in ordered[:budget]}
        self.exposition.replace(name, samples)

    # Windows

    def _windows(self, now: float) -> None:
        """Window summaries: where something happened at once (teams: within a minute), else every five minutes."""
        everything = now - self._windows_at >= WINDOWS_EVERY or now < self._windows_at
        dirty, self.books.dirty_windows = self.books.dirty_windows, set()
        look = cache(self._pools.look)  # its repository's windows and its teams' are made of the same
        if everything:
            self._windows_at = now
            dirty = set(self.shown)
        for key in dirty | (self._window_samples.keys() - self.shown.keys()):
            self._window_samples.pop(key, None)
            if key in self.shown:
                self._window_samples[key] = self._repository_windows(key, look)
        self._teams_stale |= bool(dirty)
        first = everything or not self._team_samples or self._pooled != self.shown.keys()
        first = first or self.books.until is not None  # a page of the past is asked for once, however near the last one
        if self._teams_stale and (first or not 0 <= now - self._teams_at < TEAMS_EVERY):
            self._team_samples = self._all_team_windows(look)
            self._teams_at, self._teams_stale, self._pooled = now, False, set(self.shown)
        families: dict[str, Samples] = {row.name: {} for each in SUMMARIES for row in each.gives}
        fresh = (samples for key, samples in self._window_samples.items() if self.shown[key].as_of is not None)
        for part in chain(fresh, (self._team_samples,)):
            for name, found in part.items():
                families[name].update(found)
        for name, found in families.items():
            self._gauges(name, found)

    def _repository_windows(self, key: int, look: Look) -> dict[str, Samples]:
        shown = self.shown[key]
        samples: dict[str, Samples] = defaultdict(dict)
        if not shown.quiet and shown.source not in self.presentation.notes:
            self._summaries(samples, "repository", {shown.label: [key]}, look)
        return samples

    def _all_team_windows(self, look: Look) -> dict[str, Samples]:
        samples: dict[str, Samples] = defaultdict(dict)
        self._summaries(samples, "team", self._members(), look)
        return samples

    def _members(self) -> Mapping[str, Sequence[int]]:
        """The repositories of each team."""
        members: dict[str, list[int]] = defaultdict(list)
        for key, shown in self.shown.items():
            if shown.as_of is not None:
                members[shown.team].append(key)
                members[ALL].append(key)
        return members

    def _summaries(
        self, samples: dict[str, Samples], scope: str, members: Mapping[str, Sequence[int]], look: Look
    ) -> None:
        """All summaries that are wanted of a scope's members, each with its repositories."""
        wanted = {window: [each for each in SUMMARIES if self.wanted(each, scope, window)] for window in WINDOWS}
        windows = [window for window, summaries in wanted.items() if summaries]
        for (name, keys), window in product(members.items(), windows):
            here = [look(key)[window] for key in keys]
            for each in wanted[window]:
                if any(self.books.reach.told(key, row.name) for key in keys for row in each.reads):
                    for metric, labels, value in self._pools.give(scope, name, window, each, here, self.books.policy):
                        samples[metric][labels] = value

    def wanted(self, summary: Summary, scope: str, window: str) -> bool:
        """Whether a summary is made of a window for repositories, or for teams."""
        if summary.teams and scope != "team":
            return False
        if summary.windows:
            return window in summary.windows
        if scope == "team":
            return True
        return window in self.presentation.repository_windows and (not summary.asked or self.presentation.stage_windows)

    # Diagnosis

    def diagnosed(self, found: Diagnosed) -> None:
        """Show this from now on."""
        self.latest = found

    @property
    def economics(self) -> Economics | None:
        """What the gain is worth, as far as it can be modelled."""
        return self.latest.economics

    def scopes(self) -> tuple[ScopeReport, ...]:
        """The latest diagnosis of each scope, with the five signals as the windows of teams tell them now."""
        if self._told is None or self._told[0] is not self.latest or self._told[1] is not self._team_samples:
            found = tuple(ScopeReport(each, signals(self._evidence(each))) for each in self.latest.diagnoses)
            self._told = self.latest, self._team_samples, found
        return self._told[2]

    def _evidence(self, found: Diagnosis) -> Evidence:
        ratios, fewest = self.presentation.thresholds_ratios, self.presentation.thresholds_changes["samples"]
        return Evidence(found.scope, self._team_samples, found, ratios, fewest)

    def _diagnosis(self) -> None:
        scopes = self.scopes()
        if scopes is not self._gauged:
            for name, samples in gauges_of(scopes, self.economics).items():
                self._gauges(name, dict(samples))
            self._gauged = scopes

    # What a sample is of

    def place(self, metric: str, labels: tuple[str, ...]) -> Place | None:
        """The combination that stands on the page as this counter or histogram; None where there is no such."""
        return next((each for each, shown in self._labels.items() if shown == labels and each.metric == metric), None)

    def repositories_of(self, metric: str, labels: tuple[str, ...]) -> Sequence[int]:
        """The repositories whose readings, or whose open changes, this gauge tells of."""
        if METRICS[metric].labels[:1] != ("repository",):
            return self._members().get(labels[0], ()) if labels else ()
        own = [key for key, samples in self._window_samples.items() if labels in samples.get(metric, ())]
        return own or [key for key, shown in self._repositories() if shown.label == labels[0]]

    # The exporter itself

    def _own(self, config: Mapping[str, float]) -> None:
        put = self.exposition.replace
        put(own.BUILD_INFO.name, {(__version__, platform.python_version()): 1})
        for name, value in config.items():
            put(name, {(): value})
        for name, samples in self.health.families():
            put(name, samples)
        for labels, (counts, total) in list(self.health.durations.items()):
            self.exposition.set_histogram(own.POLL_SECONDS.name, labels, counts, total)
        put(own.DRIFT.name, per_metric(self.books.drift))
        put(own.LATE.name, per_metric(self.books.late))
        self._sources()

    def _sources(self) -> None:
        states: Samples = {}
        success: Samples = {}
        marks: Samples = {}
        loaded: Samples = {}
        for source in self.presentation.intervals:
            if source in self.presentation.serving:
                self._serving(source, states, success, marks, loaded)
                continue
            rows = [row for row in self.books.reach.repositories.values() if row.source == source]
            counts = Counter(row.state for row in rows)
            states |= {(source, state): counts[state] for state in RepositoryState}
            here = [row for row in self.books.reach.streams.values() if row.source == source and row.state is not GONE]
            first = self.presentation.first_streams.get(source, Stream.CHANGES)
            for stream in sorted({first} | {row.stream for row in here}):
                self._stream(source, stream, [row for row in here if row.stream is stream], success, marks)
            if here:
                waiting = any(row.complete is None and row.state is not RepositoryState.FAILING for row in here)
                loaded[source,] = float(not waiting and any(row.complete is not None for row in here))
            else:
                loaded[source,] = 0
        self.exposition.replace(own.REPOSITORIES.name, states)
        self.exposition.replace(own.LAST_SUCCESS.name, success)
        self.exposition.replace(own.WATERMARK.name, marks)
        self.exposition.replace(own.INITIAL_LOAD.name, loaded)
        self.exposition.replace(own.LEDGER_START.name, {(s,): at for s, at in self.presentation.ledger_starts.items()})

    def _serving(self, source: str, states: Samples, success: Samples, marks: Samples, loaded: Samples) -> None:
        """How far a source is that tells a stream of another's repositories: as that stream is."""
        of, stream = self.presentation.serving[source]
        rows = [row for row in self.books.reach.streams.values() if row.source == of and row.stream is stream]
        here = [row for row in rows if row.state is not GONE]
        counts = Counter(row.state for row in rows)
        states |= {(source, state): counts[state] for state in RepositoryState}
        self._stream(source, stream, here, success, marks)
        loaded[source,] = float(bool(here) and all(row.cursor is not None for row in here))

    def _stream(
        self, source: str, stream: Stream, here: Sequence[RepositoryRow], success: Samples, marks: Samples
    ) -> None:
        """How fresh a stream is."""
        # A repository that fails alone holds back itself and says so by its state. Where all fail, what never
        # succeeded has been silent since it began: absence would look like health to an alert.
        fine = [row for row in here if row.state is not RepositoryState.FAILING]
        passes = [row.last_success for row in fine or here]
        silent = [] if fine else [row.loaded_from for row in here if row.last_success is None]
        ages = [each for each in (*passes, *silent) if each is not None]
        if ages or source in self.presentation.first_seen:
            success[source, stream] = min(ages, default=self.presentation.first_seen.get(source, 0))
        healthy = [row.watermark for row in here if row.state is RepositoryState.OK and row.watermark is not None]
        if healthy:
            marks[source, stream] = min(healthy)

    def _count_series(self) -> None:
        series = self.exposition.series()
        self.exposition.replace(own.SERIES.name, {(name,): count for name, count in series.items() if count})
        dropped: Samples = {
            (name,): float(self.books.dropped[name])
            for name, row in METRICS.items()
            if row.kind is not Kind.FACT and not name.startswith("sdlc_exporter")
        }
        self.exposition.replace(own.SERIES_DROPPED.name, dropped)
        self.exposition.replace(own.SERIES_LEFT_OUT.name, {(name,): n for name, n in self._left_out.items()})


def _identity(shown: Shown | None) -> tuple[object, ...] | None:
    return shown and (shown.label, shown.team, shown.quiet, shown.as_of is None)
