"""The ledger's laws where changes, deployments and runs are told together and know of each other by their commits."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import Ran, Result, Stream, Thing
from tests.runtime.desk import Desk, KilledError, settled_page
from tests.shipments import deployment
from tests.stories import START, at, change
from tests.things import CASES

pytestmark = pytest.mark.random

END = START + 2000 * DAY
STREAMS = (Stream.CHANGES, Stream.DEPLOYMENTS, Stream.RUNS)
THINGS = (Thing.CHANGE, Thing.CHANGE, Thing.DEPLOYMENT, Thing.RUN)

things = st.sampled_from(THINGS).flatmap(lambda thing: CASES[thing].map(lambda case: (thing, list(case.events))))
worlds = st.lists(things, min_size=2, max_size=6)


def tell(desk, number, thing, events):
    if events:
        desk.tell("o/a", number, events, thing=thing)


def undisturbed(world):
    """The page of a world told at once and read up to its end."""
    with Desk() as desk:
        desk.discover("o/a", streams=STREAMS)
        for number, (thing, events) in enumerate(world):
            tell(desk, number, thing, events)
        desk.mark(END)
        desk.books.publish_organisation()
        return settled_page(desk, END)


@given(worlds, st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_order_pages_and_repetition_do_not_matter(world, random, size):
    """Facts of all things shuffled, told in pages of any size, some twice."""
    facts = [(number, thing, event) for number, (thing, events) in enumerate(world) for event in events]
    told = [*facts, *random.sample(facts, len(facts) // 3)]
    random.shuffle(told)
    with Desk() as desk:
        desk.discover("o/a", streams=STREAMS)
        for start in range(0, len(told), size):
            for number, thing, event in told[start : start + size]:
                tell(desk, number, thing, [event])
            desk.settle()
        desk.mark(END)
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)


@given(worlds, st.lists(st.tuples(st.integers(0, 200), st.sets(st.sampled_from(STREAMS), min_size=1)), max_size=6))
@settings(max_examples=40, deadline=None)
def test_streams_that_step_each_by_itself_give_the_ledger_of_one_step(world, steps):
    """Facts come as they happen while one stream or another lags; nothing is late, nothing disagrees."""
    reached = dict.fromkeys(STREAMS, 0)
    with Desk() as desk:
        desk.discover("o/a", streams=STREAMS)
        for day, streams in [*sorted(steps, key=lambda step: step[0]), (2000, set(STREAMS))]:
            mark = START + day * DAY
            reached |= dict.fromkeys(streams, mark)
            for number, (thing, events) in enumerate(world):
                until = reached[{Thing.CHANGE: STREAMS[0], Thing.DEPLOYMENT: STREAMS[1]}.get(thing, STREAMS[2])]
                tell(desk, number, thing, [event for event in events if event.at <= until])
            desk.mark(mark, streams=streams)
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)
        assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)


def ran(sha, result, when):
    return [Ran(f"ran {when}", at(when), "ci", "topic", False, sha, 1, result, at(when) - 60, 0)]


WORLD = [
    (Thing.CHANGE, change("opened 0h", "committed 1h", "reviewed 5h by bob", "merged 9h", "files 9h: a.py +3 -1")),
    (Thing.DEPLOYMENT, deployment("40h", since="1h", failed="20h")),
    (Thing.RUN, ran("committed1", Result.FAILURE, "2h")),
    (Thing.CHANGE, change("opened 2d as draft", "ready 35d", "merged 36d", "files 36d: b.py +1 -1")),
    (Thing.DEPLOYMENT, deployment("37d", brought=("sha", "other"), base="head", since="40h")),
]


def steps(world):
    """What a process does, as calls that may be repeated."""
    yield lambda desk: desk.discover("o/a", streams=STREAMS)
    for mark in (START + 30 * DAY, START + 60 * DAY):
        for number, (thing, events) in enumerate(world):
            told = [event for event in events if event.at <= mark]
            yield lambda desk, number=number, thing=thing, told=told: tell(desk, number, thing, told)
        yield lambda desk, mark=mark: desk.mark(mark)
        yield lambda desk: desk.books.publish_organisation()
        yield lambda desk, mark=mark: settled_page(desk, mark)


def lived(path, world, deaths):
    """The page at the end of a life with deaths: after each, a new process repeats the step it died in."""
    deaths = iter(deaths)
    desk = page = None
    for step in steps(world):
        while True:
            try:
                desk = desk or Desk(path, killed_at=next(deaths, 0))
                page = step(desk)
                break
            except KilledError:
                if desk is not None:
                    desk.store.close()
                desk = None
    desk.store.close()
    return page


@pytest.mark.parametrize("death", [*range(-36, 0), *range(1, 37)])
def test_a_crash_at_each_single_transaction_changes_nothing(death, tmp_path):
    page = lived(tmp_path / "dying.db", WORLD, [death])
    assert page == lived(tmp_path / "calm.db", WORLD, ())
    assert 'sdlc_change_lead_time_seconds_count{origin="unmarked",repository="o/a",until="production"} 2' in page


def test_those_deaths_reach_every_transaction(tmp_path):
    desk = Desk(tmp_path / "state.db")
    for step in steps(WORLD):
        step(desk)
    desk.store.close()
    assert 12 < desk.store.transactions <= 36


@given(worlds, st.lists(st.integers(-40, 40), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_crashes_between_any_two_transactions_change_nothing(world, deaths):
    with tempfile.TemporaryDirectory() as folder:
        assert lived(Path(folder) / "dying.db", world, deaths) == lived(Path(folder) / "calm.db", world, ())
