"""The past gone through once: each page is the one that looking at its instant alone gives, and nothing is lost."""

import asyncio
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR, METRICS, MINUTE, SUMMARIES, Kind, Pool, exported, load
from exporter.config.settings import DiagnosisSettings, Thresholds
from exporter.demo import Organisation
from exporter.exposition import Exposition
from exporter.measures.windows import WINDOWS
from exporter.runtime.books import Books
from exporter.runtime.demo_source import DemoSource
from exporter.runtime.desk import Desk as Thread
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.health import Health
from exporter.runtime.pools import Pools
from exporter.runtime.reading import Reader
from exporter.runtime.replay import Replay, moments, told
from exporter.runtime.snapshot import Presentation, Snapshot
from exporter.store.sqlite import SqliteStore
from tests.runtime.desk import PRESENTATION, SOURCE, Desk
from tests.stories import POLICY, START, at, changes

END = START + 400 * DAY
LINE = re.compile(r"(\S+?)(\{.*\})? (\S+) (\d+)")
OPENED = 'sdlc_changes_opened_total{origin="unmarked",repository="o/a"}'
TOLD = told()

worlds = st.lists(st.tuples(st.sampled_from(("o/a", "o/b")), changes), min_size=1, max_size=4)
days = st.lists(st.integers(0, 300), min_size=2, max_size=5, unique=True).map(sorted)


JUDGED = replace(PRESENTATION, thresholds_ratios=dict(Thresholds().ratios), thresholds_changes={"samples": 30})


def snapshot(books, presentation=JUDGED):
    return Snapshot(books, Health(), presentation, Exposition(exported()))


def once(store, second, presentation=JUDGED, **settings):
    """The lines that ``once --at`` prints of the metrics that have a past."""
    books = Books(store, load(), POLICY, until=second, **settings)
    books.publish_organisation()
    shown = snapshot(books, presentation)
    shown.see(second)
    shown.diagnosed(Diagnosing(shown, DiagnosisSettings()).look())
    shown.build(float(second))
    return {line.rpartition(b" ")[0].decode() for line in shown.exposition.stamped(TOLD, second).splitlines()}


def replayed(store, instants, presentation=JUDGED, **settings):
    """What a replay tells: for each instant its page, and the births told of it."""
    replay = Replay(store, load(), POLICY, start=instants[0], end=instants[-1], **settings)
    pages: dict[int, set[str]] = {}
    births: dict[int, set[str]] = {}
    shown = snapshot(replay, presentation)
    for moment in moments(replay, shown, instants, Diagnosing(shown, DiagnosisSettings()).look):
        lines = moment.text().decode().splitlines()
        assert {line.rpartition(" ")[2] for line in lines} <= {str(moment.at)}
        into = births if moment.at in pages else pages
        assert moment.at not in into
        into[moment.at] = {line.rpartition(" ")[0] for line in lines}
        assert len(into[moment.at]) == len(lines)
    return pages, births


def by_series(pages, births):
    """Each series' values by instant, births among them."""
    found: dict[str, dict[int, float]] = {}
    for second in pages:
        for line in pages[second] | births.get(second, set()):
            name, _, value = line.rpartition(" ")
            assert second not in found.setdefault(name, {})
            found[name][second] = float(value)
    return found


def counters(series):
    kinds = {name: row.kind for name, row in METRICS.items()}
    stems = {name: name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in series}

    def counts(name):
        bare, stem = name.partition("{")[0], stems[name].partition("{")[0]
        bare = re.sub("_(bucket|count|sum)$", "", bare) if bare not in kinds else bare
        return kinds.get(bare, kinds.get(stem)) in (Kind.COUNTER, Kind.HISTOGRAM)

    return {name: values for name, values in series.items() if counts(name)}


@given(worlds, days)
@settings(max_examples=40, deadline=None)
def test_each_page_is_what_looking_at_its_instant_alone_gives(world, days):
    """Counters, histograms, the queue and windows, sample by sample; a repository wakes and sleeps on the way."""
    instants = [START + day * DAY for day in days]
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for number, (repository, events) in enumerate(world):
            desk.tell(repository, number, events)
        desk.mark(END)
        pages, births = replayed(desk.store, instants, quiet_after=20 * DAY)
        for second in instants:
            assert pages[second] == once(desk.store, second, quiet_after=20 * DAY)
        for values in counters(by_series(pages, births)).values():
            seconds = [*values]
            # no series stops but those of a repository that fell asleep, and none begins but at its old value
            assert all(values[a] <= values[b] for a, b in pairwise(sorted(seconds)))


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    """Three repositories of the pretend organisation over four months: every stream and every kind of metric."""
    path = tmp_path_factory.mktemp("organisation") / "state.db"
    store, thread = SqliteStore(path), Thread()
    reader = Reader(SOURCE, store, thread, Health(), START)
    books = Books(store, load(), POLICY)
    source = DemoSource(Organisation(start=START, repositories=3), reader, books, lambda: float(START + 120 * DAY))

    async def tell():
        await source.poll(lambda: False)
        await thread.close(5.0)

    asyncio.run(tell())
    yield store
    store.close()


SHOWN = Presentation(
    thresholds_ratios=JUDGED.thresholds_ratios,
    thresholds_changes=JUDGED.thresholds_changes,
    intervals={SOURCE: 60},
    repository_windows=("7d", "28d", "90d"),
    stage_windows=True,
    teams={"pay": ("acme/pay-*",), "web": ("acme/web-*",)},
)


@pytest.mark.parametrize("step", [13 * DAY, 7 * HOUR, 2 * MINUTE])
def test_an_organisation_is_replayed_as_it_stood_at_each_instant(organisation, step):
    """Steps of weeks, through nights, and shorter than windows are looked at; read beside the process that writes."""
    last = START + 119 * DAY
    instants = [last - (9 - place) * step for place in range(10)]
    beside = SqliteStore(organisation.path, read_only=True)
    try:
        pages, _ = replayed(beside, instants, SHOWN)
    finally:
        beside.close()
    for second in instants[::3]:
        expected = once(organisation, second, SHOWN)
        assert len(expected) > 500
        assert pages[second] == expected


def test_what_the_whole_past_adds_up_to_is_the_ledger(organisation):
    """Every counter is first seen at zero, never falls, and ends at what the ledger holds."""
    instants = [START - HOUR, *range(START + 5 * DAY, START + 120 * DAY, 5 * DAY), START + 120 * DAY - 300]
    series = counters(by_series(*replayed(organisation, instants, SHOWN)))
    assert len(series) > 300
    for name, values in series.items():
        seconds = sorted(values)
        assert values[seconds[0]] == 0, name
        assert all(values[a] <= values[b] for a, b in pairwise(seconds)), name
        assert seconds[-1] == instants[-1], name
    ledger = sum(row.value for row in organisation.ledger(instants[-1]) if row.metric == "sdlc_changes_opened_total")
    grown = sum(
        values[instants[-1]] - values[min(values)]
        for name, values in series.items()
        if name.startswith("sdlc_changes_opened_total{")
    )
    assert grown == ledger > 100


def test_the_last_page_is_what_the_running_exporter_shows(tmp_path):
    """At the watermark, before anything else happens: every sample of the page, but what the process says of itself."""
    with Desk(tmp_path / "state.db", presentation=JUDGED) as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 1d by ann", "reviewed 2d by bob: approved", "merged 3d")
        desk.story("o/a", 2, "opened 4d by ann")
        desk.story("o/b", 1, "opened 5d by ann as draft")
        desk.passed("8d")
        desk.books.publish_organisation()
        desk.snapshot.see(at("8d"))
        desk.snapshot.diagnosed(Diagnosing(desk.snapshot, DiagnosisSettings()).look())
        live = {line for line in desk.text(at("8d")).splitlines() if not line.startswith(("#", "sdlc_exporter_"))}
        pages, _ = replayed(desk.store, [at("0h"), at("2d"), at("8d")])
    assert len(live) > 100
    assert {line for line in pages[at("8d")] if not line.startswith("sdlc_exporter_")} == live


def test_both_ends_may_lie_nearer_to_a_whole_step_than_a_minute():
    """Teams' windows, looked at once a minute by the running exporter, are those of each instant: merged at 27 h."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 25h by ann", "reviewed 26h by bob: approved", "merged 27h")
        desk.passed("9d")
        instants = [at("27h") - 10, at("27h") + 10]
        pages, _ = replayed(desk.store, instants)
        assert pages[instants[1]] == once(desk.store, instants[1])
    assert pages[instants[1]] != pages[instants[0]]


def test_a_series_begins_at_zero_one_instant_before_its_first_reading():
    """Opened at 25 h, steps of a day: nothing on the first page, its zero told of day 1, one on day 2."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 25h by ann")
        desk.passed("9d")
        pages, births = replayed(desk.store, [at("0h"), at("1d"), at("2d"), at("3d")])
    values = by_series(pages, births)[OPENED]
    assert values == {at("1d"): 0, at("2d"): 1, at("3d"): 1}
    assert f"{OPENED} 0.0" in births[at("1d")]
    assert [*births] == [at("1d")]


def test_one_that_wakes_is_shown_at_its_old_value_first():
    """Quiet after 10 days: opened on day 1, asleep on day 12 and 20, opened again on day 21."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 1d by ann")
        desk.story("o/a", 2, "opened 21d by ann")
        desk.passed("40d")
        instants = [at(word) for word in ("2d", "12d", "20d", "22d")]
        values = by_series(*replayed(desk.store, instants, quiet_after=10 * DAY))[OPENED]
    assert values == {at("2d"): 1, at("20d"): 1, at("22d"): 2}


def test_sums_that_wake_after_a_step_longer_than_their_sleep_are_shown_at_the_latest_value_before():
    """A step of 30 days hides both the second opening and its page; the third wakes them at two."""
    with Desk() as desk:
        desk.discover("o/a")
        for number, word in enumerate(("1d", "3d", "61d")):
            desk.story("o/a", number, f"opened {word} by ann")
        desk.passed("90d")
        instants = [at(word) for word in ("2d", "32d", "62d")]
        values = by_series(*replayed(desk.store, instants, quiet_after=10 * DAY))[OPENED]
    assert values == {at("2d"): 1, at("32d"): 2, at("62d"): 3}


def test_what_has_a_past_is_everything_but_what_the_process_says_of_itself():
    assert {name for name in TOLD if name.startswith("sdlc_exporter_")} == {"sdlc_exporter_coverage_ratio"}
    others = {row.name for row in exported() if not row.name.startswith("sdlc_exporter_")}
    assert others <= set(TOLD)


class Unreadable:
    """Where a window ends, for those that have no business with it."""

    def __getattribute__(self, name):
        raise AssertionError("a summary that does not slide asks where its window ends")

    __sub__ = __rsub__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __getattribute__
    __hash__ = None


def test_only_summaries_that_say_so_ask_where_a_window_ends(organisation):
    """What they gave is kept while their readings are the same, so it must not follow from anything else."""
    books = Books(organisation, load(), POLICY, until=START + 119 * DAY)
    pools, asked = Pools(books, keep=False), set()
    for repository in books.reach.repositories:
        for window, parts in pools.look(repository).items():
            ended = {metric: [each._replace(end=Unreadable()) for each in part.dated] for metric, part in parts.items()}
            for each in SUMMARIES:
                try:
                    list(each.summarise(Pool(window, WINDOWS[window], ended, POLICY)))
                except AssertionError:
                    asked.add(each.name)
    assert asked <= {each.name for each in SUMMARIES if each.slides}
    assert asked


def test_a_summary_is_made_again_only_when_its_readings_are_others():
    """Reviewed on days 1 and 2: until the first leaves the week nothing is made anew."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 1d by ann", "reviewed 1d4h by bob: approved")
        desk.story("o/a", 2, "opened 2d by ann", "reviewed 2d4h by bob: approved")
        desk.passed("20d")
        made = []
        waits = next(each for each in SUMMARIES if each.name == "review_waits")
        counted = waits._replace(summarise=lambda pool: made.append(pool.window) or waits.summarise(pool))
        replay = Replay(desk.store, load(), POLICY, start=at("3d"), end=at("20d"))
        pools = Pools(replay, keep=True)

        def look():
            (repository,) = replay.reach.repositories
            here = [pools.look(repository)["7d"]]
            return {labels[-1]: value for _, labels, value in pools.give("team", "all", "7d", counted, here, POLICY)}

        assert look()["p50"] == 4 * HOUR
        assert len(made) == 1
        for word in ("4d", "7d", "8d"):
            replay.advance(at(word))
            look()
        assert len(made) == 1
        replay.advance(at("8d5h"))  # a week after the first review
        assert look()["7d"] == 1
        assert len(made) == 2
