"""What a configuration would cost before it is deployed: repositories, requests, points and series."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, exp, prod
from typing import NamedTuple

from exporter import wiring
from exporter.catalogue import DAY, HOUR, Detail, Group, Kind, Metric, exported, gates
from exporter.config import Config
from exporter.config.settings import Source as SourceSettings
from exporter.diagnosis.terms import Flag, Signal, Verdict
from exporter.measures import diagnosis, windows
from exporter.measures.escape import OUTCOMES
from exporter.measures.queue import QUEUE_FLOW, QUEUE_WAIT, TEAM_REPOSITORY_INFO
from exporter.measures.suspects import ASKED, SUSPECTS
from exporter.model import Stream
from exporter.providers.answers import stamp
from exporter.providers.github.listing import COUNT_FIRST, COUNTS, PULSE_PACK, SPLIT_TO
from exporter.providers.github.provider import GitHub
from exporter.providers.github.queries import PAGE, SEARCH_LIMIT
from exporter.providers.github.stirring import stirred
from exporter.retro import Theme
from exporter.runtime.health import Health
from exporter.runtime.history import FIRST_WIDTH, LAG, wider
from exporter.runtime.issues import Issues
from exporter.runtime.lane import Lane
from exporter.runtime.runs import LOOK_EVERY
from exporter.runtime.selection import Selection, scopes
from exporter.runtime.source import LONG_EVERY, LONG_OVERLAP, OVERLAP
from exporter.runtime.sums import lines
from exporter.tables import table

MONTH, SEASON, WORKING_HOURS = 30 * DAY, 90 * DAY, 160
"""A month has 20 working days of 8 hours; an estimate of an hour is one of those."""
MOVES = 6.2
"""Minutes in which one change moves over its life; measured on 4,148 real pull requests."""
AT_ONCE = 0.8
"""Of the moves of a quarter of an hour, the share that are different changes."""
MERGED = 0.8
"""Share of the changes that are merged."""
PUSHES = 4.0
"""Pushes of one change over its life that begin runs, its merge among them: 3.1 commits in other minutes, and one."""
POLLS_OF_RUN = 2.0
"""Polls that see runs of a push: one while they go on, one when they ended, with runs of five to ten minutes."""
MENDED = 0.1
"""Comparisons of commits for each push: a line was red before and is green."""

VALUES = {
    "origin": 4, "state": 5, "verdict": 3, "reviewer": 2, "reviewed": 2, "by": 4, "until": 1, "tool": 4, "stage": 7,
    "found": 3, "outcome": 5, "tier": 3, "what": 2, "severity": 5, "direction": 2, "percentile": 3, "window": 3,
    "theme": len(Theme),
}  # fmt: skip
"""How many values a label takes at the most; a repository with more than four AI tools is passed over."""
DIAGNOSED = {
    "bound": 3, "span": len(diagnosis.SPANS), "gate": len(diagnosis.GATES), "queue": len(diagnosis.QUEUES),
    "name": len(diagnosis.SHARES), "verdict": len(Verdict), "flag": len(Flag), "signal": len(Signal),
}  # fmt: skip
"""The same for labels of the diagnosis, of which each team has its own."""
SUMMARISED = 3
"""Origins in histograms and windows, which leave out bots."""
FEWER = {
    (QUEUE_FLOW.name, "window"): 1,
    (QUEUE_WAIT.name, "percentile"): 2,
    (TEAM_REPOSITORY_INFO.name, "team"): 2,
    (OUTCOMES.name, "outcome"): 2,
    (SUSPECTS.name, "outcome"): 2,
    (diagnosis.GAIN_BOUND.name, "bound"): 2,
    (diagnosis.BOTTLENECK.name, "stage"): 6,
}
SERIES_OWN = 250
"""The exporter's own and the thresholds' series, with one source; a test keeps it near the truth."""


class Counted(NamedTuple):
    """Changes one search scope holds: updated since the ledger's start, merged since then, open and older, opened in
    the last 30 days, and updated in the last 90; and ``issues`` updated since the ledger's start.
    """

    changes: int
    merged: int
    old: int
    month: int
    quarter: int
    issues: int = 0

    def between(self, near: float, far: float, span: float) -> float:
        """How many were last updated between ``near`` and ``far`` seconds ago, if evenly spread within what is known.

        ``span``: how many seconds ago the ledger starts.
        """
        return self._within(far, span) - self._within(near, span)

    def _within(self, ago: float, span: float) -> float:
        known = [(0.0, 0.0)]
        known += [
            (at, min(count, self.changes)) for at, count in ((MONTH, self.month), (SEASON, self.quarter)) if at < span
        ]
        known.append((span, self.changes))
        for (early, low), (late, high) in pairwise(known):
            if ago <= late:
                return low + (max(low, high) - low) * (ago - early) / max(1.0, late - early)
        return self.changes


@dataclass(frozen=True)
class Plan:
    """The estimate for one source: what there is now, and what it will cost.

    Requests and points are GraphQL's, one point each. ``hourly_requests`` are those of a working hour, ``run_requests``
    what workflow runs add to them at the most, most of it by REST. ``over`` names the metrics that will exceed their
    budget.
    """

    source: str
    repositories: int
    active: int
    changes: int
    merged: int
    monthly: int
    load_requests: int
    hourly_requests: int
    run_requests: int
    series: int
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What one credential sees: the repositories taken, those that are not quiet, and the counts of each
    search scope; ``listed`` is how many requests it took to list the repositories, ``delivering`` in how many there are
    deployments, releases or tags that are to be read.
    """

    names: tuple[str, ...]
    active: int
    counted: tuple[Counted, ...]
    listed: int
    delivering: int = 0


async def plan(config: Config, settings: SourceSettings, now: int) -> Plan:
    """Ask a source how much there is; costs two requests per hundred repositories and one for counts.

    Raises:
        ExporterError: the source does not answer.
    """
    lanes = wiring.lanes(settings, Health())
    provider, selection = wiring.provider(settings, config), wiring.selection(settings)
    start = settings.history.resolve(now)
    found: list[Found] = []
    span = 1
    try:
        for lane in await lanes.lanes():
            found.append(await _found(lane, provider, selection, start, config.series.quiet_after, settings.streams))
            span = max(span, lane.clock.now() - start)
    finally:
        await lanes.close()
    repositories, active = sum(len(each.names) for each in found), sum(each.active for each in found)
    counted = [count for each in found for count in each.counted]
    changes = sum(each.changes + each.old for each in counted)
    series, over = _series(config, {Stream.CHANGES, *map(Stream, settings.streams)}, repositories, active, changes)
    return Plan(
        source=settings.name,
        repositories=repositories,
        active=active,
        changes=changes,
        merged=sum(each.merged for each in counted),
        monthly=sum(each.month for each in counted),
        load_requests=round(
            sum(
                each.listed + _history(each.counted, span) + _sides(settings, each) + _issues(settings, each, span)
                for each in found
            )
        ),
        hourly_requests=round(
            sum(
                _hour(settings, each) + _hour_of_issues(settings, each, span) + _hour_of_findings(settings, each)
                for each in found
            )
        ),
        run_requests=round(sum(_hour_of_runs(settings, each) for each in found)),
        series=series,
        over=over,
    )


# Asking


async def _found(
    lane: Lane, provider: GitHub, selection: Selection, start: int, quiet_after: int, streams: Sequence[str]
) -> Found:
    owners, names = _asked(selection, lane)
    listed = await lane.ask_all([provider.owner(owner) for owner in owners])
    named = await lane.ask_all(provider.named(names))
    owned = Counter(each.name.partition("/")[0].lower() for page in listed for each in page.repositories)
    taken = {each.key: each for page in listed for each in page.repositories if selection.takes(each)}
    taken |= {each.key: each for page in named for each in page.repositories if selection.takes(each, named=True)}
    now = lane.clock.now()
    pulses = [await lane.ask(request) for request in provider.pulse(dict.fromkeys(taken, now - quiet_after))]
    active = sum(len(request.repositories) for page in pulses for request in page.then)
    found = tuple(sorted(each.name for each in taken.values()))
    asked = [_searches(scope, start, now) for scope in scopes(found, owned)]
    pages = await lane.ask_all(provider.counts([search for each in asked for search in each]))
    counts = {search: count for page in pages for search, count in page.counts.items()}
    counted = tuple(Counted(*(counts.get(search, 0) for search in each)) for each in asked)
    stirring = await lane.ask_all(stirred(provider.path, sorted(taken)) if "deployments" in streams else ())
    there = [word for page in stirring for (_, stream), word in page.pulses.items() if stream is Stream.DEPLOYMENTS]
    return Found(found, active, counted, len(listed) + len(named), sum(word != "" for word in there))


def _searches(scope: str, start: int, now: int) -> tuple[str, ...]:
    """The searches whose counts a ``Counted`` holds."""
    return (
        f"{scope} is:pr updated:{stamp(start)}..{stamp(now)}",
        f"{scope} is:pr is:merged merged:{stamp(start)}..{stamp(now)}",
        f"{scope} is:pr is:open updated:<{stamp(start)}",
        f"{scope} is:pr created:>={stamp(now - MONTH)}",
        f"{scope} is:pr updated:>={stamp(now - SEASON)}",
        f"{scope} is:issue updated:{stamp(start)}..{stamp(now)}",
    )


def _asked(selection: Selection, lane: Lane) -> tuple[list[str], list[str]]:
    """The owners to list and the names to ask for through one lane."""
    owners, names = selection.listed_owners(), selection.exact_names()
    if lane.owners is None:
        return owners, names
    mine = [owner for owner in sorted(lane.owners) if owner in owners or selection.open_to(owner)]
    return mine, [
        name for name in names if (owner := name.partition("/")[0].lower()) in lane.owners and owner not in mine
    ]


# Requests


def _pages(changes: float) -> float:
    """Requests to read so many changes by one search; one that finds nothing is asked as well."""
    if changes <= PAGE:
        return 1.0
    if changes <= SEARCH_LIMIT:
        return changes / PAGE + 0.5
    parts = ceil(changes / SPLIT_TO)
    return 1 + parts * (changes / parts / PAGE + 0.5)


def _search(found: Sequence[float]) -> float:
    """Requests to search several scopes for so many changes each; many scopes are counted first."""
    if len(found) < COUNT_FIRST:
        return sum(_pages(each) for each in found)
    return ceil(len(found) / COUNTS) + sum(_pages(each) * min(1.0, each) for each in found)


def _history(counted: Sequence[Counted], span: int) -> float:
    """Requests of a first load: windows of history as the source cuts them, open older changes, and files."""
    if not counted:
        return 0.0
    requests, reached, width = 0.0, 0, FIRST_WIDTH
    while reached < span:
        width = min(width, span - reached)
        found = [each.between(reached, reached + width, span) for each in counted]
        requests += _search(found)
        reached += width
        width = wider(width, sum(found), len(counted))
    files = ceil(sum(each.merged for each in counted) / PAGE)
    return requests + _search([each.old for each in counted]) + files


def _hour(settings: SourceSettings, found: Found) -> float:
    """Requests of a working hour: polls with what moved in their overlap, files, and a look for repositories."""
    if not found.counted:
        return found.listed * HOUR / settings.rediscover
    polls = HOUR / settings.interval
    long = min(polls, HOUR / LONG_EVERY)
    moving = [each.month * MOVES / WORKING_HOURS / HOUR for each in found.counted]
    short_span = settings.interval + OVERLAP
    short = _search([each * short_span for each in moving])
    longer = _search([each * max(LONG_OVERLAP * AT_ONCE, short_span) for each in moving])
    merged = sum(each.month for each in found.counted) * MERGED / WORKING_HOURS
    # The files of all merged changes are read when the first of them has to be counted.
    files = HOUR / (LAG + settings.interval / 2 + HOUR / merged) if merged else 0.0
    pulsed = set(settings.streams) - {Stream.ISSUES, Stream.FINDINGS}
    sides = HOUR / settings.stream_interval * _questions(found) if pulsed else 0.0
    return (polls - long) * short + long * longer + files + found.listed * HOUR / settings.rediscover + sides


def _questions(found: Found) -> int:
    """Requests that ask once where anything has moved beside the changes."""
    return ceil(len(found.names) / PAGE)


def _sides(settings: SourceSettings, found: Found) -> int:
    """Requests of a first load beside the changes: where there is anything, and lists of deployments and releases.

    What each deployment brought is a request more, and how many there are nobody tells beforehand.
    """
    return (_questions(found) + 2 * found.delivering) if "deployments" in settings.streams else 0


def _hour_of_runs(settings: SourceSettings, found: Found) -> float:
    """Requests of a working hour for workflow runs: a list and a question where something moved.

    Pushes are taken as evenly spread over the repositories that are not quiet, which is the dearest way. Downloads of
    test reports, one each, are not foreseen.
    """
    if Stream.RUNS not in settings.streams or not found.names:
        return 0.0
    polls = HOUR / settings.stream_interval
    pushes = sum(each.month for each in found.counted) * PUSHES / WORKING_HOURS
    places = found.active * polls
    if not places:
        return 0.0
    listed = places * (1 - exp(-pushes * POLLS_OF_RUN / places))
    ended = places * (1 - exp(-pushes / places))
    looks = len(found.names) * HOUR / LOOK_EVERY
    return listed + ended + pushes * MENDED + looks


def _issues(settings: SourceSettings, found: Found, span: int) -> float:
    """Requests to load the history of issues: of each window a look at all repositories, and searches."""
    if Stream.ISSUES not in settings.streams or not found.counted:
        return 0.0
    looks, requests, reached, width = ceil(len(found.names) / PAGE), 0.0, 0, FIRST_WIDTH
    whole = span + Issues.earlier
    while reached < whole:
        width = min(width, whole - reached)
        held = [each.issues * width / span for each in found.counted]
        requests += looks + _search(held)
        reached += width
        width = wider(width, sum(held), len(held))
    return requests


def _hour_of_issues(settings: SourceSettings, found: Found, span: int) -> float:
    """Requests of a working hour for issues: a look at all repositories, and the lists of those in which some moved."""
    if Stream.ISSUES not in settings.streams:
        return 0.0
    polls = HOUR / settings.stream_interval
    moves = sum(each.issues for each in found.counted) / span * MONTH * MOVES / WORKING_HOURS
    return polls * ceil(len(found.names) / PAGE) + min(moves, polls * ceil(len(found.names) / PULSE_PACK))


def _hour_of_findings(settings: SourceSettings, found: Found) -> float:
    """Requests of an hour for findings: lists of each owner, which cost no limit while nothing new is found."""
    if Stream.FINDINGS not in settings.streams:
        return 0.0
    lists = len(settings.findings) * len({name.partition("/")[0].lower() for name in found.names})
    return HOUR / settings.stream_interval * lists


# Series


def _series(
    config: Config, followed: Set[Stream], repositories: int, active: int, changes: int
) -> tuple[int, tuple[str, ...]]:
    """The series to expect at the most where these streams are followed, and the metrics whose budget that exceeds."""
    # A repository with few changes has few label combinations; the curve is an upper bound on pretend organisations.
    filled = 1 - 0.75 * exp(-changes / max(1, active) / 8)
    total, over = float(SERIES_OWN), []
    for row in exported():
        if row.group is Group.EXPORTER and "repository" not in row.labels:
            continue
        ways = gates(row)
        if ways and not any(followed >= set(way) for way in ways):
            continue
        if row in ASKED and not config.escapes.blame:
            continue
        size, often = _size(config, row), _places(config, row, repositories, active, filled)
        budget = config.series.budgets.get(row.name, config.series.budget)
        if size * often > budget and "repository" in row.labels:
            over.append(row.name)
            total += budget + (size if row.kind is not Kind.GAUGE else 0)
        else:
            total += size * often
    return ceil(total), tuple(over)


def _size(config: Config, row: Metric) -> int:
    """Series of a metric at one place, with every combination of its labels."""
    values = VALUES | (DIAGNOSED if row.group is Group.DIAGNOSIS else {})
    if row.kind is Kind.HISTOGRAM or row.group is Group.WINDOWS:
        values["origin"] = SUMMARISED
    if row.group is Group.WINDOWS and "repository" in row.labels:
        values["window"] = len(config.series.repository_windows)
    return lines(row) * prod(FEWER.get((row.name, label), values.get(label, 1)) for label in row.labels)


def _places(config: Config, row: Metric, repositories: int, active: int, filled: float) -> float:
    """At how many places a metric stands, each counted by the share of its combinations that occur."""
    if row.group is Group.DIAGNOSIS and "scope" in row.labels:
        return len(config.teams) + 1
    if "repository" not in row.labels:
        return len(config.teams) + 2 if "team" in row.labels else 1
    if row.kind in (Kind.COUNTER, Kind.HISTOGRAM):
        detail = Detail(config.series.detail.get(row.name, row.detail))
        return 1 if detail is Detail.ORGANISATION else active * filled
    if not config.series.stage_windows and row in (twin.repository for twin in windows.STAGE_WINDOW):
        return 0
    alone = not {"origin", "state"} & set(row.labels)
    return active * (1.0 if alone else filled) + ((repositories - active) if row.quiet and alone else 0)


def report(plans: Sequence[Plan]) -> str:
    """The estimates as a table."""
    heads = (
        "source",
        "repositories",
        "changes",
        "a month",
        "first load: requests",
        "a working hour",
        "with runs, at most",
        "series, at most",
    )
    rows = [
        (
            each.source,
            *(
                str(number)
                for number in (
                    each.repositories,
                    each.changes,
                    each.monthly,
                    each.load_requests,
                    each.hourly_requests,
                    each.hourly_requests + each.run_requests,
                    each.series,
                )
            ),
        )
        for each in plans
    ]
    notes = [
        "",
        "One request costs one point of GitHub's GraphQL limit (5,000 an hour for a token); most of those for runs "
        "cost one of the REST limit (5,000 too). The question where anything has moved beside the changes costs about "
        "15 points for a hundred repositories. The first load of runs takes two requests for each hundred of them.",
        "A deployment to production or staging costs up to two requests more, one of them in the first load too. A new "
        "finding costs one, and the first load of findings one more for each hundred alerts of an organisation.",
    ]
    for each in plans:
        notes += [
            f'{each.source}: {name} would exceed its budget; the rest goes to repository="other" or is left out '
            "(series.budgets)"
            for name in each.over
        ]
    return "\n".join([table(heads, rows, right=range(1, len(heads))), *notes]) + "\n"
