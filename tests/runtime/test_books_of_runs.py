"""The ledger's laws over runs, lines and the changes whose commits they share: order, repetition, steps, crashes."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY
from exporter.model import Repository, Stream, Subject, Thing, Told
from tests.branch import line
from tests.measures.organisation import organisation
from tests.runtime.desk import SOURCE, Desk, KilledError, business, settled_page
from tests.stories import START, change
from tests.things import CASES

pytestmark = pytest.mark.random

END = START + 2000 * DAY
BOTH = (Stream.CHANGES, Stream.RUNS)
FIXED = 'sdlc_test_fix_seconds_sum{origin="unmarked",repository="all"}'


@st.composite
def _worlds(draw):
    """A branch with the changes that own its commits, and a run: [(subject, facts)]."""
    branch, run = draw(CASES[Thing.LINE]), draw(CASES[Thing.RUN])
    return [
        (branch.subject, branch.events),
        *((other.subject, other.events) for other in branch.others),
        (run.subject, run.events),
    ]


worlds = _worlds()


def discover(desk):
    desk.store.discover(SOURCE, [Repository("R", "o/a")], BOTH)


def tell(desk, subject, events):
    desk.store.add(SOURCE, [Told(subject, tuple(events))], 0)


def mark(desk, until, streams=BOTH):
    """These streams have been read up to a second; settle."""
    for stream in streams:
        desk.store.progress([1], stream, watermark=until, cursor=until, last_success=until, state="ok")
    desk.settle()


def undisturbed(world):
    with Desk() as desk:
        discover(desk)
        for subject, events in world:
            tell(desk, subject, events)
        mark(desk, END)
        desk.books.publish_organisation()
        return settled_page(desk, END)


@given(worlds, st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_order_pages_and_repetition_do_not_matter(world, shuffler, size):
    """Facts shuffled over all subjects, told in pages of any size, some twice."""
    facts = [(subject, event) for subject, events in world for event in events]
    told = [*facts, *shuffler.sample(facts, len(facts) // 3)]
    shuffler.shuffle(told)
    with Desk() as desk:
        discover(desk)
        for start in range(0, len(told), size):
            for subject, event in told[start : start + size]:
                tell(desk, subject, [event])
            desk.settle()
        mark(desk, END)
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)


@given(worlds, st.lists(st.tuples(st.integers(0, 120), st.sampled_from((BOTH[:1], BOTH[1:], BOTH))), max_size=6))
@settings(max_examples=40, deadline=None)
def test_watermarks_of_two_streams_that_step_apart_give_the_ledger_of_one_that_jumps(world, marks):
    """Each stream's facts come as its own watermark steps; nothing is late, nothing disagrees."""
    known = dict.fromkeys(BOTH, 0)
    with Desk() as desk:
        discover(desk)
        for day, streams in [*sorted(marks, key=lambda each: each[0]), (END, BOTH)]:
            known |= dict.fromkeys(streams, END if day == END else START + day * DAY)
            for subject, events in world:
                stream = Stream.CHANGES if subject.thing is Thing.CHANGE else Stream.RUNS
                tell(desk, subject, [event for event in events if event.at <= known[stream]])
            for stream in streams:
                mark(desk, known[stream], [stream])
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)
        assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)


def steps(world):
    """What a process does, as calls that may be repeated."""
    yield discover
    for until in (START + 30 * DAY, END):
        for subject, events in world:
            told = [event for event in events if event.at <= until]
            yield lambda desk, subject=subject, told=told: tell(desk, subject, told)
        yield lambda desk, until=until: mark(desk, until)
        yield lambda desk: desk.books.publish_organisation()
        yield lambda desk, until=until: settled_page(desk, until)


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
    with Desk(path) as again:
        assert business(again.text(END)) == page
    return page


@given(worlds, st.lists(st.integers(-40, 40), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_crashes_between_any_two_transactions_change_nothing(world, deaths):
    """A negative death rolls the transaction back, a positive one comes right after it was kept."""
    with tempfile.TemporaryDirectory() as folder:
        assert lived(Path(folder) / "dying.db", world, deaths) == lived(Path(folder) / "calm.db", world, ())


def test_a_fix_waits_for_the_changes_that_may_own_its_commits():
    """The run's stream is complete; until the changes' is, nobody can say that an agent opened the change."""
    brought = change("opened 10h on codex/fix", "committed 11h authored 11h")
    branch = line(
        "a red 9h: unit", "committed1 green 12h", "worked a..committed1 12h by ann since 11h: tests/test_a.py +3 -1"
    )
    with Desk() as desk:
        discover(desk)
        tell(desk, Subject("R", "topic", 0, Thing.LINE), branch)
        mark(desk, START + DAY, [Stream.RUNS])
        tell(desk, Subject("R", "C1", 1), brought)
        mark(desk, START + DAY, [Stream.CHANGES])
        desk.books.publish_organisation()
        page = desk.page(START + DAY)
        assert page[FIXED.replace("unmarked", "agentic")] == 1800
        assert (FIXED in page, desk.books.late.total()) == (False, 0)


def test_a_quarter_of_an_organisation_stands_on_the_page():
    """Facts of ten developers' branches and changes, told in any order: the page has the interval and its inputs."""
    made = organisation(3)
    told = [(Subject("R", f"C{n}", n), events) for n, events in enumerate(made.changes, start=1)]
    told += [(Subject("R", f"L{n}", 0, Thing.LINE), events) for n, events in enumerate(made.lines)]
    for number, events in enumerate(made.lines):
        told += [
            (Subject("R", f"run{number}.{each.id}", 0, Thing.RUN), [each])
            for each in events
            if hasattr(each, "workflow")
        ]
    random.Random(1).shuffle(told)
    now = START + 90 * DAY
    with Desk() as desk:
        discover(desk)
        for subject, events in told:
            tell(desk, subject, events)
        mark(desk, now)
        desk.books.publish_organisation()
        page = desk.page(now)
    fte = {
        bound: page[f'sdlc_test_maintenance_fte{{bound="{bound}",scope="all",window="90d"}}']
        for bound in ("lower", "upper")
    }
    hours = made.truth["maintenance"] / 3600 / (90 / 7) / 32
    assert 0 < fte["lower"] < hours < fte["upper"]
    assert page['sdlc_test_maintenance_slope_seconds{bound="lower",scope="all"}'] < 0
    assert page['sdlc_test_maintenance_slope_seconds{bound="upper",scope="all"}'] > 0
    total = page['sdlc_test_work_seconds_total{kind="update",repository="o/a"}']
    assert total == pytest.approx(made.truth["old test lines"], rel=0.1)
    assert page['sdlc_team_ci_first_attempt_failure_samples{branch="change",team="all",window="90d"}'] > 500
    assert not any("author" in series or "days_before" in series for series in page)
