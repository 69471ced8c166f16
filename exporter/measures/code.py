"""What git histories tell of the code itself: lines that do not last, copies, moves, and work on tests."""

from collections import defaultdict
from collections.abc import Iterator

from exporter.catalogue import HOUR, Group, Kind, Metric, Observation, Pool, Twin, measure, metric, summary, twins
from exporter.change import Change
from exporter.measures.windows import Gauges
from exporter.model import Aged, Committed, Landed, Merged, Origin, Stream, Thing
from exporter.origin import Evidence
from exporter.policy import Policy
from exporter.story import Story

KNOWN_BY = HOUR
"""Seconds after which a forge has told of the change that a commit came from; it dates merges by its own clock."""

LANDED_FACT = metric(
    "landed_lines",
    Kind.FACT,
    Group.EVENTS,
    "Lines that a commit of the default branch brought: new ones, those of them that are copies, and moved ones.",
    labels=("repository", "origin", "lines"),
)
AGED_FACT = metric(
    "aged_lines",
    Kind.FACT,
    Group.EVENTS,
    "New lines of a commit that landed 14 days ago, and those of them that are gone.",
    labels=("repository", "origin", "lines"),
)
TOUCHED_FACT = metric(
    "touched_lines",
    Kind.FACT,
    Group.EVENTS,
    "Lines a commit added and deleted, by the layer of the test they are in; the product's under an empty name.",
    labels=("repository", "layer"),
)

CHURN = twins(
    "code_churn_14d_ratio",
    "Share of the new lines that were rewritten or removed within 14 days of landing on the default branch, of the "
    "lines that came to that age within the window",
    "Code that does not last was not ready; compare with the time before, and by origin.",
    ("origin",),
)
CHURN_SAMPLES = twins(
    "code_churn_14d_samples",
    "New lines that came to the age of 14 days within the window, or went before it",
    "How many lines the share rests on; shares times these add up.",
    ("origin",),
)
DUPLICATED = twins(
    "code_duplicated_ratio",
    "Share of the new lines landed within the window that are in a block of five which was there before",
    "Copies are cheap to write and have to be mended twice.",
    ("origin",),
)
DUPLICATED_SAMPLES = twins(
    "code_duplicated_samples",
    "New lines landed within the window",
    "How many lines the share of copies rests on.",
    ("origin",),
)
MOVED = twins(
    "code_moved_ratio",
    "Share of the lines landed within the window, new or moved, that came from elsewhere in the same commit",
    "Moved lines are code put in order; less of it while copies grow is debt.",
    ("origin",),
)
MOVED_SAMPLES = twins(
    "code_moved_samples",
    "Lines landed within the window, new or moved",
    "How many lines the share of moved ones rests on.",
    ("origin",),
)
TESTS = twins(
    "code_test_ratio",
    "Share of the lines added and deleted within the window that are tests, by layer",
    "How much of what is typed goes into tests, and into which; the time it takes is another metric.",
    ("layer",),
)
TESTS_SAMPLES = twins(
    "code_test_samples",
    "Lines added and deleted within the window",
    "How many lines the shares of tests rest on.",
)


def origin(story: Story, landed: Landed, policy: Policy) -> Origin:
    """Of the change whose merge the commit is, else by the commit's own markers, as far as the story tells."""
    for facts in story.bound:
        merged = next((each for each in facts if isinstance(each, Merged) and each.sha == landed.sha), None)
        change = Change(facts, policy) if merged is not None else None
        if merged is not None and change is not None and change.opened is not None:
            return change.origin(merged.at)
    names, emails = (landed.ending, ""), (landed.address, "")
    commit = Committed("commit", landed.at, landed.sha, landed.at, names, emails, "", landed.markers)
    return policy.rules.decide(Evidence(landed.account, landed.at, "", (commit,))).origin


@measure(LANDED_FACT, TOUCHED_FACT, of=Thing.COMMIT, optional=(Stream.CHANGES,))
def landed_lines(commit: Story, policy: Policy) -> Iterator[Observation]:
    """What a commit brought, an hour after it landed; nothing of bots'."""
    for landed in commit.own(Landed):
        at = landed.at + KNOWN_BY
        whose = origin(commit.at(at), landed, policy)
        if whose is Origin.BOT:
            continue
        for word, lines in (("new", landed.added), ("copied", landed.duplicated), ("moved", landed.moved)):
            if lines:
                yield Observation(LANDED_FACT.name, landed.id, word, at, (whose, word), lines)
        for layer, lines in landed.touched:
            yield Observation(TOUCHED_FACT.name, landed.id, layer, at, (layer,), lines)


@measure(AGED_FACT, of=Thing.COMMIT, optional=(Stream.CHANGES,))
def aged_lines(commit: Story, policy: Policy) -> Iterator[Observation]:
    """How many of a commit's new lines did not last, 14 days after it landed; nothing of bots'."""
    landed = next(commit.own(Landed), None)
    for aged in commit.own(Aged):
        if landed is None:
            continue
        whose = origin(commit.at(aged.at), landed, policy)
        if whose is not Origin.BOT:
            for word, lines in (("new", aged.added), ("gone", aged.churned)):
                if lines:
                    yield Observation(AGED_FACT.name, aged.id, word, aged.at, (whose, word), lines)


def totals(pool: Pool, fact: Metric) -> dict[str, dict[str, int]]:
    """The lines of a fact by its first label, and by its last."""
    found: dict[str, dict[str, int]] = {}
    for labels, values in pool.values(fact).items():
        found.setdefault(labels[0], defaultdict(int))[labels[-1]] += sum(values)
    return found


def _share(pool: Pool, rows: tuple[Twin, Twin], labels: tuple[str, ...], part: int, whole: int) -> Gauges:
    if whole:
        ratio, samples = rows
        yield ratio, (*labels, pool.window), part / whole
        yield samples, (*labels, pool.window), whole


@summary(
    AGED_FACT,
    gives=(
        CHURN,
        CHURN_SAMPLES,
    ),
)
def churn(pool: Pool) -> Gauges:
    """Lines that went within 14 days, by origin (definitions 91)."""
    for whose, lines in totals(pool, AGED_FACT).items():
        yield from _share(pool, (CHURN, CHURN_SAMPLES), (whose,), lines["gone"], lines["new"])


@summary(
    LANDED_FACT,
    gives=(
        DUPLICATED,
        DUPLICATED_SAMPLES,
        MOVED,
        MOVED_SAMPLES,
    ),
)
def copies_and_moves(pool: Pool) -> Gauges:
    """Copied and moved lines, by origin (definitions 92 and 93)."""
    for whose, lines in totals(pool, LANDED_FACT).items():
        new, moved = lines["new"], lines["moved"]
        yield from _share(pool, (DUPLICATED, DUPLICATED_SAMPLES), (whose,), lines["copied"], new)
        yield from _share(pool, (MOVED, MOVED_SAMPLES), (whose,), moved, new + moved)


@summary(
    TOUCHED_FACT,
    gives=(
        TESTS,
        TESTS_SAMPLES,
    ),
)
def test_lines(pool: Pool) -> Gauges:
    """Touched lines that are tests, by layer; a layer in which nothing was touched is absent."""
    lines = {layer: sum(each.values()) for layer, each in totals(pool, TOUCHED_FACT).items()}
    whole = sum(lines.values())
    if whole:
        yield TESTS_SAMPLES, (pool.window,), whole
    for layer, part in lines.items():
        if layer and part:
            yield TESTS, (layer, pool.window), part / whole
