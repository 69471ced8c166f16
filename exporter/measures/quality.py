"""AI quality: what reviewers, CI and production find in AI changes, against unmarked ones of like size and place."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from exporter.catalogue import Group, Kind, Labels, Metric, Observation, Pool, Twin, measure, metric, summary, twins
from exporter.change import Change
from exporter.measures.cycle import SIZE
from exporter.measures.escape import OUTCOMES, outcomes
from exporter.measures.flow import ABANDONED, MERGED
from exporter.measures.windows import Gauges
from exporter.model import Origin, Ran, Result, Stream, Verdict
from exporter.policy import Policy
from exporter.statistics.mantel_haenszel import Comparison, Stratum, arms, rate_ratio, share_ratio, stratum
from exporter.timeline import Life

REVIEW_FACT = metric(
    "reviewed_change",
    Kind.FACT,
    Group.EVENTS,
    "A merged change that a person reviewed, with its size, people's requests for changes and their other remarks; the "
    "value is its changed lines.",
    labels=("repository", "origin", "size", "requests", "remarks"),
)
FIRST_HEAD_FACT = metric(
    "first_head",
    Kind.FACT,
    Group.EVENTS,
    "1 for a merged change whose first head commit was red in CI at the first attempt, 0 for one where it was green.",
    labels=("repository", "origin", "size"),
)
ESCAPED_FACT = metric(
    "escaped_change",
    Kind.FACT,
    Group.EVENTS,
    "1 for a merged change that escaped, 0 for a clean one, dated as its outcome.",
    labels=("repository", "origin", "size"),
)
RATE_RATIO = metric(
    "sdlc_ai_rate_ratio",
    Kind.GAUGE,
    Group.WINDOWS,
    "How many times as often an issue occurs with AI changes as with unmarked ones of the same repository and size, "
    "over 90 days; absent with fewer than 30 changes on either side.",
    why="Below 1 AI changes have fewer issues, above 1 more; only a lower bound above 1 rules out chance.",
    labels=("scope", "origin", "issue", "bound"),
)
RATE_SAMPLES = metric(
    "sdlc_ai_rate_samples",
    Kind.GAUGE,
    Group.WINDOWS,
    "Changes on either side of the ratio that have a counterpart of the same repository and size, over 90 days.",
    why="Says why a ratio is absent, or how little it rests on.",
    labels=("scope", "origin", "issue", "arm"),
)
ACCEPTANCE = twins(
    "acceptance_ratio",
    "Merged changes divided by those merged or abandoned within the window",
    "Work that was paid for and thrown away costs reviewers as much as what is kept.",
    ("origin",),
)
ACCEPTANCE_SAMPLES = twins(
    "acceptance_samples",
    "Changes merged or abandoned within the window",
    "Two of three changes are no rate; show n beside it.",
    ("origin",),
)


def bucket(lines: int) -> str:
    """The smallest bound of sizes that is not below, as a word."""
    place = bisect_left(SIZE.bounds, lines)
    return str(SIZE.bounds[place]) if place < len(SIZE.bounds) else "more"


def compared(change: Change, policy: Policy) -> Iterator[tuple[Life, int, int, Labels]]:
    """Merged lives that can be compared with others: with their date, changed lines, and origin and size."""
    for life in change.lives:
        if life.merged is not None and change.in_stage_statistics(life.merged.at):
            at = life.merged.at
            lines = change.lines(at)
            if lines is not None:
                yield life, at, lines, (change.origin(at), bucket(lines))


@measure(REVIEW_FACT)
def review_findings(change: Change, policy: Policy) -> Iterator[Observation]:
    """Requests and remarks before the merge; a change that nobody reviewed has none because nobody looked."""
    for life, at, lines, labels in compared(change, policy):
        if life.reviewed and life.merged is not None:
            people = [each for each in life.reviews if each.at <= at and policy.rules.is_reviewer_person(each.reviewer)]
            requests = sum(each.verdict is Verdict.CHANGES_REQUESTED for each in people)
            remarks = sum(each.verdict is not Verdict.APPROVED for each in people)
            found = (*labels, str(requests), str(remarks))
            yield Observation(REVIEW_FACT.name, life.merged.id, "", at, found, lines)


@measure(FIRST_HEAD_FACT, needs=(Stream.RUNS,))
def first_heads(change: Change, policy: Policy) -> Iterator[Observation]:
    """Whether CI was red on what the author thought was ready; nothing where CI said neither red nor green of it."""
    for life, at, _, labels in compared(change, policy):
        commits = change.commits(life.ready.at) if life.ready is not None else ()
        if commits and life.merged is not None:
            results = {
                ran.result
                for ran in change.of_others(Ran)
                if ran.sha == commits[-1].sha and ran.attempt == 1 and not ran.default and ran.at <= at
            }
            if results & {Result.SUCCESS, Result.FAILURE}:
                red = int(Result.FAILURE in results)
                yield Observation(FIRST_HEAD_FACT.name, life.merged.id, "", at, labels, red)


@measure(ESCAPED_FACT, optional=(Stream.DEPLOYMENTS, Stream.ISSUES))
def escapes(change: Change, policy: Policy) -> Iterator[Observation]:
    """What became of changes that can be compared."""
    like = {life.merged.id: labels for life, _, _, labels in compared(change, policy) if life.merged is not None}
    for seen in outcomes(change, policy):
        if seen.metric == OUTCOMES.name and seen.cause in like:
            escaped = int(seen.labels[-1] == "escaped")
            yield Observation(ESCAPED_FACT.name, seen.cause, "", seen.at, like[seen.cause], escaped)


# Summaries


class Seen(NamedTuple):
    """Changes as an issue sees them; ``stratum`` is what they are comparable in."""

    stratum: tuple[int, str]
    origin: str
    events: Sequence[int]
    exposures: Sequence[int]


def _requests(pool: Pool) -> Iterator[Seen]:
    for each in pool.of(REVIEW_FACT):
        (origin, size, requests, _), many = each.labels, len(each.values)
        yield Seen((each.repository, size), origin, [int(requests)] * many, [1] * many)


def _remarks(pool: Pool) -> Iterator[Seen]:
    for each in pool.of(REVIEW_FACT):
        origin, size, _, remarks = each.labels
        yield Seen((each.repository, size), origin, [int(remarks)] * len(each.values), each.values)


def _of(fact: Metric) -> Callable[[Pool], Iterator[Seen]]:
    """Changes that have the issue or have it not."""

    def seen(pool: Pool) -> Iterator[Seen]:
        for each in pool.of(fact):
            origin, size = each.labels
            yield Seen((each.repository, size), origin, each.values, [1] * len(each.values))

    return seen


class Issue(NamedTuple):
    """Something found in changes: who tells of it, and how its frequency is compared."""

    word: str
    seen: Callable[[Pool], Iterable[Seen]]
    ratio: Callable[[Iterable[Stratum]], Comparison]


ISSUES = (
    Issue("change_requests", _requests, rate_ratio),
    Issue("review_remarks", _remarks, rate_ratio),
    Issue("first_ci_red", _of(FIRST_HEAD_FACT), share_ratio),
    Issue("escape", _of(ESCAPED_FACT), share_ratio),
)


@summary(
    REVIEW_FACT,
    FIRST_HEAD_FACT,
    ESCAPED_FACT,
    windows=("90d",),
    teams=True,
    gives=(
        Twin(None, RATE_RATIO),
        Twin(None, RATE_SAMPLES),
    ),
)
def issues(pool: Pool) -> Gauges:
    """Each issue's ratio of AI to unmarked changes over repositories and sizes, with its bounds (definitions 106)."""
    for issue in ISSUES:
        strata = arms(issue.seen(pool))
        for origin in (Origin.AGENTIC, Origin.ASSISTED):
            if any(origin in here and here[origin].changes for here in strata):
                pairs = (stratum(here, origin, Origin.UNMARKED) for here in strata)
                yield from _ratio(origin, issue.word, issue.ratio(pairs))


def _ratio(origin: Origin, issue: str, found: Comparison) -> Gauges:
    for arm, count in zip((origin, Origin.UNMARKED), found.samples, strict=True):
        yield Twin(None, RATE_SAMPLES), (origin, issue, arm), count
    if found.ratio is not None:
        for bound, value in found.ratio._asdict().items():
            if value != float("inf"):
                yield Twin(None, RATE_RATIO), (origin, issue, bound), value


@summary(
    MERGED,
    ABANDONED,
    gives=(
        ACCEPTANCE,
        ACCEPTANCE_SAMPLES,
    ),
)
def acceptance(pool: Pool) -> Gauges:
    """Merged by merged or abandoned; what is abandoned now was closed 14 days ago (definitions 107)."""
    ends: dict[str, list[int]] = {}
    for place, row in enumerate((MERGED, ABANDONED)):
        for (origin, *_), values in pool.values(row).items():
            ends.setdefault(origin, [0, 0])[place] += len(values)
    for origin, (merged, abandoned) in ends.items():
        if merged + abandoned:
            yield ACCEPTANCE_SAMPLES, (origin, pool.window), merged + abandoned
            yield ACCEPTANCE, (origin, pool.window), merged / (merged + abandoned)
