"""What keeping tests green costs: an interval from the work that turned red tests green to all work on old test lines.

The lower bound follows what was red on a branch (``exporter.line``), the upper one splits the time of merged changes
over the lines they touched (``exporter.code.sessions``). Neither is a time sheet.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from exporter.catalogue import (
    DAY,
    HOUR,
    MINUTE,
    Detail,
    Group,
    Kind,
    Metric,
    Observation,
    Pool,
    Twin,
    measure,
    metric,
    summary,
    twins,
)
from exporter.change import Change
from exporter.code.sessions import updated, work_on_tests
from exporter.effort import Share, authored, owners, shares, stated
from exporter.line import Episode, episodes
from exporter.measures.ci import FIRST_ATTEMPT_FACT
from exporter.measures.windows import Gauges
from exporter.model import Actor, Committed, FilesChanged, Merged, Origin, Stream, Thing, Worked, begins
from exporter.origin import Evidence
from exporter.policy import Policy
from exporter.statistics.slope import FEWEST, slope
from exporter.story import Story

WEEK = 7 * DAY

RED_OUTCOMES = metric(
    "sdlc_test_red_outcomes_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Times something red on a branch became green, by what was changed in between: tests only (test_fix), the product "
    "only (true_catch), both (mixed), nothing (flake), or neither (other).",
    why="Whether red tests catch faults or cost repairs.",
    labels=("repository", "outcome"),
)
FIX_SECONDS = metric(
    "sdlc_test_fix_seconds",
    Kind.HISTOGRAM,
    Group.EVENTS,
    "Work sessions that turned something red green by editing tests only, at most four hours each.",
    why="The lower bound of test maintenance: every hour of it links to a red run and a commit.",
    labels=("repository", "origin"),
    bounds=(15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR),
    detail=Detail.ORGANISATION,
)
WORK_SECONDS = metric(
    "sdlc_test_work_seconds_total",
    Kind.COUNTER,
    Group.EVENTS,
    "Session time of merged changes that went into test lines: updating what was there, or writing what was not.",
    why="The upper bound of test maintenance, and whether there is more fixing than writing.",
    labels=("repository", "kind"),
)
RED_FACT = metric(
    "red_tests",
    Kind.FACT,
    Group.EVENTS,
    "How many tests, or jobs where no report names any, became green together.",
    labels=("repository", "outcome"),
)
FIX_FACT = metric(
    "fix_day",
    Kind.FACT,
    Group.EVENTS,
    "Seconds of a test fix by author and by the days it lies back, so that no author's day exceeds its cap over all "
    "repositories; never exported.",
    labels=("repository", "author", "days_before"),
)
UPKEEP_FACT = metric(
    "upkeep_day",
    Kind.FACT,
    Group.EVENTS,
    "Seconds a merged change spent updating test lines, likewise; never exported.",
    labels=("repository", "author", "days_before"),
)
AUTHOR_FACT = metric(
    "author",
    Kind.FACT,
    Group.EVENTS,
    "A person who wrote commits of a merged change, counted and never exported.",
    labels=("repository", "author"),
)
CHANGED_FACT = metric(
    "changed_tests", Kind.FACT, Group.EVENTS, "A merged change that touched test lines.", labels=("repository",)
)
LAYER_FACT = metric(
    "upkeep_layer",
    Kind.FACT,
    Group.EVENTS,
    "Seconds a merged change spent updating test lines, by layer of the test.",
    labels=("repository", "layer"),
)

FTE = Twin(
    None,
    metric(
        "sdlc_test_maintenance_fte",
        Kind.GAUGE,
        Group.WINDOWS,
        "Full-time people that test maintenance takes, within the window: lower from red-to-green work, upper from all "
        "time on old test lines; scope is a team, or all.",
        why="What the article's 2.5 people are to be compared with; an interval, because no number is honest.",
        labels=("scope", "bound", "window"),
    ),
)
HOURS = Twin(
    None,
    metric(
        "sdlc_test_maintenance_window_seconds",
        Kind.GAUGE,
        Group.WINDOWS,
        "The same in seconds of work within the window.",
        why="Hours are what a team can check against its own memory of the month.",
        labels=("scope", "bound", "window"),
    ),
)
SLOPE = Twin(
    None,
    metric(
        "sdlc_test_maintenance_slope_seconds",
        Kind.GAUGE,
        Group.WINDOWS,
        "By how much the time on old test lines per active developer grew with each of the last six sprints "
        "(Theil-Sen), and the bounds of that (90 %); absent where one of them had no merged change.",
        why="The article's signal: upkeep that climbs. Per developer, since the sum follows how much is written.",
        labels=("scope", "bound"),
    ),
)
UPDATE_RATIO = twins(
    "test_update_ratio",
    "Time on updating test lines over all time on test lines, of merged changes within the window",
    "Above 0.5 more is fixed than written.",
)
UPDATE_SAMPLES = twins(
    "test_update_samples",
    "Merged changes within the window that touched test lines",
    "How many changes the ratio rests on.",
)
LAYER_RATIO = Twin(
    *(
        metric(
            f"{prefix}test_layer_ratio",
            Kind.GAUGE,
            Group.WINDOWS,
            f"Part of the time on updating test lines that went into each layer of tests, over 90 days, per {place}.",
            why="Whether it is the tests through the user interface that cost, as is so often said.",
            labels=(place, "layer"),
        )
        for place, prefix in (("repository", "sdlc_"), ("team", "sdlc_team_"))
    )
)
RED_TESTS = twins(
    "test_red_window_tests",
    "Tests, or jobs where no report names any, that became green within the window, by outcome",
    "Beside the number of outcomes: three hundred tests of one outcome were one broken build.",
    ("outcome",),
)


def outcome(work: Worked | None, policy: Policy) -> str | None:
    """How something red became green, by the files between its two commits (definitions 72); None where not known.

    Without a change in between (``work`` None: the same commit, or no file differs) it is a flake. Files that are
    neither tests nor product (documents, CI's own configuration) mended neither: other. Where files were left out, only
    ``mixed`` is certain.
    """
    if work is None:
        return "flake"
    tests = any(policy.is_test(path) for path, _, _ in work.files)
    product = any(policy.is_product(path) for path, _, _ in work.files)
    if tests and product:
        return "mixed"
    if not work.whole:
        return None
    if tests or product:
        return "test_fix" if tests else "true_catch"
    return "other" if work.files else "flake"


class Ended(NamedTuple):
    """An episode with its outcome, and the work in between where there was any."""

    episode: Episode
    outcome: str
    work: Worked | None


def ended(line: Story, policy: Policy) -> list[Ended]:
    """The episodes of a line whose outcome is known, in order; of one green the one with the least work first."""
    works: dict[tuple[str, str], list[Worked]] = {}
    for each in line.own(Worked):
        works.setdefault((each.base, each.head), []).append(each)
    found: list[Ended] = []
    for episode in episodes(line.events, policy.is_test_job):
        # as far as it was known when the episode ended
        known = [each for each in works.get((episode.base, episode.head), ()) if each.at <= episode.at]
        work = known[-1] if known else None
        told = outcome(work, policy) if work is not None or episode.same else None
        if told is not None:
            found.append(Ended(episode, told, work))
    return sorted(found, key=lambda each: (each.episode.at, len(each.work.commits) if each.work else 0))


@measure(RED_OUTCOMES, RED_FACT, of=Thing.LINE)
def red_outcomes(line: Story, policy: Policy) -> Iterator[Observation]:
    """Every red that became green, at the end of the green attempt; what two workflows saw of it counts once."""
    since = begins(line.key)
    for episode, told, _ in ended(line, policy):
        if episode.at < since:
            continue
        yield Observation(RED_FACT.name, episode.cause, episode.base, episode.at, (told,), len(episode.red))
        if not episode.again:
            yield Observation(RED_OUTCOMES.name, episode.cause, episode.base, episode.at, (told,), 1)


@measure(FIX_SECONDS, FIX_FACT, of=Thing.LINE, needs=(Stream.CHANGES,))
def fixes(line: Story, policy: Policy) -> Iterator[Observation]:
    """Session time of the commits between the red and the green one of a test fix; no commit counts twice."""
    since = begins(line.key)
    spent: set[str] = set()
    for episode, told, work in ended(line, policy):
        if told != "test_fix" or work is None or episode.again:
            continue
        owner = owners(line, {work.head, *(sha for sha, *_ in work.commits)}, episode.at)
        known, between = _commits(work, owner, episode.at)
        fresh = {each.sha for each in between if each.authored >= episode.since} - spent
        spent |= fresh
        if episode.at < since:
            continue
        at, cause = episode.at, episode.cause
        total = 0
        for author, day, seconds in _capped(shares([*known, *between], policy, fresh), policy.most_of_a_fix):
            total += seconds
            labels = (author, str(max(0, at // DAY - day)))
            yield Observation(FIX_FACT.name, cause, f"{episode.base} {author} {day}", at, labels, seconds)
        origin = _origin(work, owner, at, policy)
        yield Observation(FIX_SECONDS.name, cause, episode.base, at, (origin,), total)


def _commits(work: Worked, owner: Mapping[str, Change], at: int) -> tuple[list[Committed], list[Committed]]:
    """All commits of the changes that work belongs to, and those of the work.

    A commit as which a change was merged stands for the change's own: a squash hides when they were written.
    """
    between: dict[str, Committed] = {}
    known: dict[str, Committed] = {}
    for commit in stated(work):
        change = owner.get(commit.sha)
        own = {each.sha: each for each in change.commits(at)} if change else {}
        known |= own
        squashed = change is not None and commit.sha not in own and bool(own)
        between |= own if squashed else {commit.sha: own.get(commit.sha, commit)}
    return list(known.values()), list(between.values())


def _capped(days: Iterable[Share], most: int) -> Iterator[Share]:
    """The same work until the cap is reached."""
    for each in days:
        seconds = min(each.seconds, most)
        most -= seconds
        if seconds:
            yield each._replace(seconds=seconds)


def _origin(work: Worked, owner: Mapping[str, Change], at: int, policy: Policy) -> Origin:
    """The origin of the change that brought the green commit, else the last commit one brought; else by markers."""
    commits = stated(work)
    for sha in (work.head, *(each.sha for each in reversed(commits))):
        if sha in owner:
            return owner[sha].origin(at)
    return policy.rules.decide(Evidence(Actor(""), at, "", tuple(commits))).origin


@measure(WORK_SECONDS, UPKEEP_FACT, AUTHOR_FACT, CHANGED_FACT, LAYER_FACT)
def work(change: Change, policy: Policy) -> Iterator[Observation]:
    """A merged change's time by what it did to test lines; nothing where its files are not known (definitions 75)."""
    for life in change.lives:
        if life.merged is None or not change.in_stage_statistics(life.merged.at):
            continue
        at = life.merged.at
        read = next((event for event in change.events if isinstance(event, FilesChanged) and event.at == at), None)
        if read is not None:
            yield from _work_of(life.merged, change.commits(at), read, policy)


def _work_of(merged: Merged, commits: Iterable[Committed], read: FilesChanged, policy: Policy) -> Iterator[Observation]:
    at, cause = merged.at, merged.id
    known = list(commits)
    for author in sorted({each.author for each in authored(known, policy) if not each.agent}):
        yield Observation(AUTHOR_FACT.name, cause, author, at, (author,), 1)
    days = shares(known, policy)
    if any(policy.is_test(path) and policy.counted(path) and added + deleted for path, added, deleted in read.files):
        yield Observation(CHANGED_FACT.name, cause, "", at, (), 1)
    total = work_on_tests(read.files, sum(each.seconds for each in days), policy)
    for kind, seconds in (("update", total.update), ("new", total.new)):
        if seconds:
            yield Observation(WORK_SECONDS.name, cause, kind, at, (kind,), seconds)
    for author, day, seconds in days:
        upkeep = work_on_tests(read.files, seconds, policy).update
        if upkeep:
            labels = (author, str(max(0, at // DAY - day)))
            yield Observation(UPKEEP_FACT.name, cause, f"{author} {day}", at, labels, upkeep)
    lines: dict[str, int] = {}
    for path, added, deleted in read.files:
        layer = policy.test_layer(path)
        if layer is not None and policy.counted(path):
            lines[layer] = lines.get(layer, 0) + updated(added, deleted)
    for name, count in sorted(lines.items()):
        seconds = total.update * count // max(1, sum(lines.values()))
        if seconds:
            yield Observation(LAYER_FACT.name, cause, name, at, (name,), seconds)


@summary(
    FIX_FACT,
    UPKEEP_FACT,
    AUTHOR_FACT,
    FIRST_ATTEMPT_FACT,
    gives=(
        HOURS,
        FTE,
    ),
)
def maintenance(pool: Pool) -> Gauges:
    """The interval in seconds and full-time people; a bound is absent where its input is.

    Work that reaches a branch without a merged change is seen by the lower bound alone, so the upper one is never told
    below it.
    """
    lower = _seconds(pool, FIX_FACT) if _any(pool, FIRST_ATTEMPT_FACT) else None
    upper = max(_seconds(pool, UPKEEP_FACT), lower or 0) if _any(pool, AUTHOR_FACT) else None
    for bound, seconds in (("lower", lower), ("upper", upper)):
        if seconds is not None:
            yield HOURS, (bound, pool.window), seconds
            weeks = pool.seconds / WEEK
            yield FTE, (bound, pool.window), seconds / weeks / pool.policy.productive_week


def _any(pool: Pool, row: Metric) -> bool:
    return any(each.values for each in pool.of(row))


def _seconds(pool: Pool, row: Metric) -> int:
    """Readings of a metric by author and day, over all repositories, no author's day above its cap."""
    days: dict[tuple[str, int], int] = {}
    for each in pool.of(row):
        author, before = each.labels
        for at, seconds in zip(each.at, each.values, strict=True):
            place = author, at // DAY - int(before)
            days[place] = days.get(place, 0) + seconds
    return sum(min(seconds, pool.policy.most_of_a_day) for seconds in days.values())


@summary(UPKEEP_FACT, AUTHOR_FACT, windows=("90d",), slides=True, gives=(SLOPE,))
def climb(pool: Pool) -> Gauges:
    """The trend of upkeep per active developer over the last six sprints, counted back from each window's end.

    An active developer wrote commits of a change merged in the sprint.
    """
    length = pool.policy.sprint
    seconds = [0] * FEWEST
    active: list[set[str]] = [set() for _ in range(FEWEST)]
    for each in pool.of(UPKEEP_FACT):
        for at, value in zip(each.at, each.values, strict=True):
            place = FEWEST - 1 - (each.end - at) // length
            if place >= 0:
                seconds[place] += value
    for each in pool.of(AUTHOR_FACT):
        for place in {FEWEST - 1 - (each.end - at) // length for at in each.at}:
            if place >= 0:
                active[place].add(each.labels[0])
    points = [(place, total / len(who)) for place, (total, who) in enumerate(zip(seconds, active, strict=True)) if who]
    trend = slope(points)
    if trend is not None:
        for bound, growth in zip(trend._fields, trend, strict=True):
            yield SLOPE, (bound,), growth


@summary(
    WORK_SECONDS,
    CHANGED_FACT,
    gives=(
        UPDATE_RATIO,
        UPDATE_SAMPLES,
    ),
)
def update_ratio(pool: Pool) -> Gauges:
    """How much of the time on test lines went into those that were there before."""
    kinds = {kind: values for (kind,), values in pool.values(WORK_SECONDS).items()}
    update, new = sum(kinds.get("update", ())), sum(kinds.get("new", ()))
    if update + new:
        yield UPDATE_SAMPLES, (pool.window,), sum(len(values) for values in pool.values(CHANGED_FACT).values())
        yield UPDATE_RATIO, (pool.window,), update / (update + new)


@summary(LAYER_FACT, windows=("90d",), gives=(LAYER_RATIO,))
def layers(pool: Pool) -> Gauges:
    """How the time on updating test lines divides over the layers."""
    sums = {layer: sum(values) for (layer,), values in pool.values(LAYER_FACT).items()}
    total = sum(sums.values())
    for layer, seconds in sums.items():
        if total:
            yield LAYER_RATIO, (layer,), seconds / total


@summary(RED_FACT, gives=(RED_TESTS,))
def reds(pool: Pool) -> Gauges:
    """How many tests and jobs became green, by outcome."""
    for (told,), values in pool.values(RED_FACT).items():
        if values:
            yield RED_TESTS, (told, pool.window), sum(values)
