"""The ledger's laws: order, repetition, crashes, watermarks, late and changed facts, births, folds, joining."""

import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR, Detail
from exporter.errors import StoreFull
from exporter.store.base import ORGANISATION, Place
from tests.runtime.desk import Desk, KilledError, business, settled_page
from tests.stories import POLICY, START, at, change, changes, seconds

END = START + 2000 * DAY
"""Later than anything random changes do."""

COMMENTS_COUNT = msgspec.structs.replace(POLICY, comments_count=True)
OPENED = 'sdlc_changes_opened_total{origin="unmarked",repository="o/a"}'
MERGED = 'sdlc_changes_merged_total{origin="unmarked",repository="o/a",reviewed="no"}'
WAITED = 'sdlc_change_review_wait_seconds_count{origin="unmarked",repository="o/a"}'
PICKUP = 'sdlc_change_stage_seconds_count{origin="unmarked",repository="all",stage="pickup"}'
CODING = 'sdlc_change_stage_seconds_count{origin="unmarked",repository="all",stage="coding"}'

worlds = st.lists(st.tuples(st.sampled_from(("o/a", "o/b")), changes), min_size=1, max_size=4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def undisturbed(world):
    """The page of a world told at once and read up to its end."""
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for number, (repository, events) in enumerate(world):
            desk.tell(repository, number, events)
        desk.mark(END)
        desk.books.publish_organisation()
        return settled_page(desk, END)


# The same facts


@given(worlds, st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_order_pages_and_repetition_do_not_matter(world, random, size):
    """Facts shuffled over all changes, told in pages of any size, some twice."""
    facts = [(repository, number, event) for number, (repository, events) in enumerate(world) for event in events]
    told = [*facts, *random.sample(facts, len(facts) // 3)]
    random.shuffle(told)
    with Desk() as desk:
        desk.discover("o/b", "o/a")
        for start in range(0, len(told), size):
            for repository, number, event in told[start : start + size]:
                desk.tell(repository, number, [event])
            desk.settle()
        desk.mark(END)
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)


@given(worlds, st.lists(st.integers(0, 200), max_size=6), st.booleans())
@settings(max_examples=40, deadline=None)
def test_watermarks_that_step_give_the_ledger_of_one_that_jumps(world, days, told_at_once):
    """Facts come as they happen (or all at once) while the watermark steps; nothing is late, nothing disagrees."""
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for mark in [*sorted(START + day * DAY for day in days), END]:
            for number, (repository, events) in enumerate(world):
                desk.tell(repository, number, [event for event in events if told_at_once or event.at <= mark])
            desk.mark(mark)
        desk.books.publish_organisation()
        assert settled_page(desk, END) == undisturbed(world)
        assert (desk.books.late.total(), desk.books.drift.total()) == (0, 0)


def steps(world):
    """What a process does, as calls that may be repeated."""
    middle = START + 30 * DAY
    yield lambda desk: desk.discover("o/a", "o/b")
    for mark in (middle, END):
        for number, (repository, events) in enumerate(world):
            told = [event for event in events if event.at <= mark]
            yield lambda desk, repository=repository, number=number, told=told: desk.tell(repository, number, told)
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
    with Desk(path) as again:
        assert business(again.text(END)) == page
    return page


@given(worlds, st.lists(st.integers(-40, 40), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_crashes_between_any_two_transactions_change_nothing(world, deaths):
    """A negative death rolls the transaction back, a positive one comes right after it was kept."""
    with tempfile.TemporaryDirectory() as folder:
        assert lived(Path(folder) / "dying.db", world, deaths) == lived(Path(folder) / "calm.db", world, ())


WORLD = [
    ("o/a", change("opened 0h", "reviewed 5h by bob: approved", "merged 9h", "files 9h: a.py +3 -1")),
    ("o/b", change("opened 1h on codex/x", "closed 2h", "reopened 40d", "reviewed 41d by ann", "committed 42d")),
    ("o/a", change("opened 2d as draft", "ready 35d", "merged 36d", "files 36d: b.py +1 -1")),
]


@pytest.mark.parametrize("death", [*range(-30, 0), *range(1, 31)])
def test_a_crash_at_each_single_transaction_changes_nothing(death, tmp_path):
    assert lived(tmp_path / "dying.db", WORLD, [death]) == lived(tmp_path / "calm.db", WORLD, ())


def test_those_deaths_reach_every_transaction(tmp_path):
    """The world above needs fewer transactions than the deaths tried."""
    desk = Desk(tmp_path / "state.db")
    for step in steps(WORLD):
        step(desk)
    desk.store.close()
    assert 12 < desk.store.transactions <= 30


def test_a_crash_inside_the_first_load_leaves_the_queue_whole(path):
    """250 changes wait and take two batches; the process dies after the first."""
    with Desk(path) as desk:
        desk.discover("o/a")
        for number in range(250):
            desk.story("o/a", number, "opened 0h")
        desk.store.progress([1], watermark=at("1d"), last_success=at("1d"), state="ok")
        assert not desk.books.settle("forge", 0)
    with Desk(path) as desk:
        desk.settle()
        queue = 'sdlc_review_queue_changes{origin="unmarked",repository="o/a",state="awaiting_review"}'
        assert desk.page("1d")[queue] == 250


# Never fall


def rising(page):
    """The series of a page that may not fall."""
    return {
        series: value
        for series, value in page.items()
        if not series.startswith("sdlc_exporter")
        and (series.partition("{")[0].endswith(("_total", "_bucket", "_count", "_sum")))
    }


@given(
    worlds,
    st.lists(
        st.sampled_from(("tell", "tell", "mark", "mark", "mark", "release", "restart", "publish", "late")), max_size=25
    ),
    st.integers(8, 60),
)
@settings(max_examples=50, deadline=None)
def test_no_counter_or_bucket_ever_falls(world, doings, budget):
    """Whatever order facts, watermarks, scrapes, late facts, restarts and full budgets come in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        desk = Desk(path, budget=budget)
        desk.discover("o/a", "o/b")
        highest: Counter[str] = Counter()
        facts = sorted(
            (
                (event.at, number, repository, event)
                for number, (repository, events) in enumerate(world)
                for event in events
            ),
            key=lambda fact: fact[:2],
        )
        mark, told = START, 0
        for doing in doings:
            match doing:
                case "tell":
                    told = next((place for place, fact in enumerate(facts) if fact[0] > mark + 20 * DAY), len(facts))
                    for _, number, repository, event in facts[:told:2]:
                        desk.tell(repository, number, [event])
                case "late":
                    for _, number, repository, event in facts[1:told:2]:
                        desk.tell(repository, number, [event])
                    desk.settle()
                case "mark":
                    mark += 15 * DAY
                    desk.mark(mark)
                case "release":
                    desk.release()
                case "publish":
                    desk.books.publish_organisation()
                case "restart":
                    desk.store.close()
                    desk = Desk(path, budget=budget)
            for series, value in rising(desk.page(mark)).items():
                assert value >= highest[series], series
                highest[series] = value
        desk.store.close()


# Late facts and facts that changed


def test_a_late_fact_is_entered_and_counted_as_late():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("2d")
        desk.story("o/a", 2, "opened 1h")
        desk.settle()
        assert desk.books.late["sdlc_changes_opened_total"] == 1
        desk.settle()
        page = desk.page("2d")
        assert page[OPENED] == 2
        assert page['sdlc_exporter_late_observations_total{metric="sdlc_changes_opened_total"}'] == 1


def test_a_reading_that_disagrees_is_kept_out_and_counted_once():
    """A commit marked by an agent, dated before the merge, comes after the merge was entered as unmarked."""
    marked = change("opened 0h", "committed 2h with Co-authored-by: Claude <noreply@anthropic.com>")
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("2d")
        before = desk.page("2d")
        desk.tell("o/a", 1, marked)
        desk.settle()
        desk.tell("o/a", 1, change("opened 0h", "pushed 3h"))
        desk.settle()
        after = desk.page("2d")
        assert after[MERGED] == before[MERGED] == 1
        assert not [series for series in after if "_merged_total" in series and "assisted" in series]
        assert desk.books.drift["sdlc_changes_merged_total"] == 1
        assert after['sdlc_exporter_drift_total{metric="sdlc_changes_merged_total"}'] == 1


def test_nothing_is_counted_twice_when_the_store_fails_and_the_work_is_repeated(monkeypatch):
    """Late and disagreeing readings are counted with the transaction that settles them, not before."""
    with Desk(budget=1) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("2d")
        desk.story("o/a", 1, "committed 2h with Co-authored-by: Claude <noreply@anthropic.com>")
        desk.story("o/a", 2, "opened 1h on codex/x")

        def full(_entry):
            raise StoreFull("state.db: no space left")

        dropped = desk.books.dropped.total()
        with monkeypatch.context() as patch:
            patch.setattr(desk.store, "enter", full)
            with pytest.raises(StoreFull):
                desk.settle()
        assert (desk.books.late.total(), desk.books.drift.total(), desk.books.dropped.total()) == (0, 0, dropped)
        desk.settle()
        assert desk.books.late["sdlc_changes_opened_total"] == 1
        assert desk.books.drift["sdlc_changes_merged_total"] == 1


def test_nothing_before_the_ledgers_start_is_entered():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.mark(at("2d"), ledger_start=at("5h"))
        page = desk.page("2d")
        assert MERGED in page
        assert OPENED not in page


# Definitions


def test_a_new_definition_applies_from_its_change_on_and_is_no_drift(path):
    """Comments become reviews on day 2: the comment of day 1 stays none, that of day 3 is one."""
    with Desk(path) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "commented 1d by bob")
        desk.story("o/a", 2, "opened 0h")
        desk.passed("2d")
    with Desk(path, policy=COMMENTS_COUNT) as desk:
        desk.story("o/a", 1, "pushed 2d1h")
        desk.tell("o/a", 2, change("opened 0h", "commented 3d by bob"))
        desk.passed("4d")
        assert desk.page("4d").get(WAITED, 0) == 0, "born at zero"
        desk.release()
        assert desk.page("4d")[WAITED] == 1
        assert (desk.books.drift.total(), desk.books.late.total()) == (0, 0)


def test_a_repository_found_after_a_change_of_definition_has_its_whole_history(path):
    """Nothing of it was ever read by the old definition, so there is nothing to keep apart."""
    with Desk(path) as desk:
        desk.discover("o/b")
        desk.story("o/b", 1, "opened 0h")
        desk.passed("20d")
    with Desk(path, policy=COMMENTS_COUNT) as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("21d")
        assert desk.page("21d")[MERGED] == 1


def test_a_repository_that_lagged_behind_a_change_of_definition_loses_nothing(path):
    with Desk(path) as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d", "o/a")
        desk.passed("20d", "o/b")
    with Desk(path, policy=COMMENTS_COUNT) as desk:
        desk.tell("o/a", 1, change("opened 0h", "merged 5d"))
        desk.passed("21d")
        desk.page("21d")
        desk.release()
        assert desk.page("21d")[MERGED] == 1


def test_going_back_to_a_definition_does_not_bring_its_readings_of_the_time_between_back(path):
    """A comment made while comments did not count stays none when they count again."""
    for policy, watermark in ((COMMENTS_COUNT, "1d"), (POLICY, "5d"), (COMMENTS_COUNT, "6d")):
        with Desk(path, policy=policy) as desk:
            desk.discover("o/a")
            desk.story("o/a", 1, "opened 0h", "commented 3d by bob")
            desk.passed(watermark)
            if watermark == "6d":
                desk.story("o/a", 1, "described 5d1h: Fixes #3")
                desk.settle()
                assert desk.books.late.total() == 0
                assert WAITED not in desk.page("6d")


# The watermark


def test_nothing_dated_after_the_watermark_is_counted_yet():
    """An abandonment is due 14 days after the closing without any further fact."""
    abandoned = 'sdlc_changes_abandoned_total{origin="unmarked",repository="o/a"}'
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 24h1s")
        desk.story("o/a", 2, "opened 24h", "closed 26h")
        desk.passed("24h")
        page = desk.page("24h")
        assert page[OPENED] == 2
        assert MERGED not in page
        desk.passed("15d1h")
        desk.page("15d1h")
        desk.release()
        page = desk.page("15d1h")
        assert page[MERGED] == 1
        assert abandoned not in page
        desk.passed("15d2h")
        desk.page("15d2h")
        desk.release()
        assert desk.page("15d2h")[abandoned] == 1


def test_the_watermark_of_one_repository_holds_only_that_one():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/b", 1, "opened 0h")
        desk.passed("1d", "o/b")
        page = desk.page("1d")
        assert OPENED not in page
        assert page[OPENED.replace("o/a", "o/b")] == 1


# Births


def test_a_first_load_is_shown_whole_and_not_before_it_is_complete():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        assert OPENED not in desk.page("1d")
        desk.passed("1d")
        page = desk.page("1d")
        assert page[OPENED] == page[MERGED] == 1
        assert desk.snapshot.births_shown() == set()


def test_a_combination_that_occurs_later_is_zero_until_it_is_released(path):
    """Two merges: the second one comes while the first is still held, across a restart."""
    with Desk(path) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        desk.tell("o/a", 1, change("opened 0h", "merged 30h"))
        desk.passed("2d")
        assert desk.page("2d")[MERGED] == 0
        assert Place("sdlc_changes_merged_total", 1, ("unmarked", "no")) in desk.snapshot.births_shown()
    with Desk(path) as desk:
        assert desk.page("2d")[MERGED] == 0
        desk.story("o/a", 2, "opened 0h", "merged 50h")
        desk.passed("3d")
        page = desk.page("3d")
        assert (page[OPENED], page[MERGED]) == (2, 0)
        desk.release()
        assert desk.page("3d")[MERGED] == 2
    with Desk(path) as desk:
        assert desk.page("3d")[MERGED] == 2


def test_what_was_not_shown_is_not_released():
    with Desk() as desk:
        desk.discover("o/a")
        desk.passed("1d")
        desk.story("o/a", 1, "opened 30h")
        desk.passed("2d")
        desk.release()
        assert desk.page("2d")[OPENED] == 0


def test_a_histogram_is_born_with_empty_buckets():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.tell("o/a", 1, change("opened 0h", "reviewed 30h by bob"))
        desk.passed("2d")
        stem = 'origin="unmarked",repository="o/a"'
        bucket = f'sdlc_change_review_wait_seconds_bucket{{le="259200.0",{stem}}}'
        page = desk.page("2d")
        assert page[bucket] == page[WAITED] == 0
        desk.release()
        page = desk.page("2d")
        assert (page[bucket], page[WAITED]) == (1, 1)
        assert page[f"sdlc_change_review_wait_seconds_sum{{{stem}}}"] == 30 * HOUR
        assert page[f'sdlc_change_review_wait_seconds_bucket{{le="86400.0",{stem}}}'] == 0


def test_a_quiet_repository_that_wakes_is_shown_at_its_old_values_first(path):
    """Quiet 90 days after the last that was counted, which is the outcome 30 days after the merge."""
    with Desk(path) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("121d")
        assert OPENED not in desk.page("121d")
        desk.story("o/a", 2, "opened 125d")
        desk.passed("126d")
        assert desk.page("126d")[OPENED] == 1
    with Desk(path) as desk:
        page = desk.page("126d")
        assert (page[OPENED], page[MERGED]) == (1, 1)
        desk.release()
        assert desk.page("126d")[OPENED] == 2
        assert desk.store.births() == {}


# The organisation's sums


def test_the_organisations_sums_appear_when_they_are_published(path):
    with Desk(path) as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.story("o/b", 1, "opened 0h", "merged 7h")
        desk.passed("1d", "o/a")
        assert CODING not in desk.page("1d")
        desk.passed("1d", "o/b")
        assert CODING not in desk.page("1d")
        desk.books.publish_organisation()
        assert desk.page("1d")[CODING] == 2
    with Desk(path) as desk:
        assert desk.page("1d")[CODING] == 2


def test_a_repository_that_completes_later_adds_only_what_is_dated_after_it_joined(path):
    """Its history would jump into a running sum; a stage only it has seen is born at zero."""
    with Desk(path) as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("1d", "o/a")
        desk.books.publish_organisation()
        desk.story("o/b", 1, "opened 0h", "reviewed 1h by bob", "merged 7h")
        desk.passed("1d", "o/b")
        page = desk.page("1d")
        assert page[CODING] == 1
        assert PICKUP not in page
        desk.story("o/b", 2, "opened 0h", "reviewed 1h by bob", "merged 30h")
        desk.passed("2d")
        page = desk.page("2d")
        assert (page[CODING], page[PICKUP]) == (2, 0)
        desk.release()
        assert desk.page("2d")[PICKUP] == 1
    with Desk(path) as desk:
        page = desk.page("2d")
        assert (page[CODING], page[PICKUP]) == (2, 1)


def test_a_late_reading_from_before_the_joining_brings_no_organisation_series():
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.passed("1d", "o/a")
        desk.books.publish_organisation()
        desk.passed("1d", "o/b")
        desk.story("o/b", 1, "opened 0h", "merged 5h")
        desk.settle()
        assert CODING not in desk.page("1d")
        assert Place("sdlc_change_stage_seconds", ORGANISATION, ("unmarked", "coding")) not in desk.books.births


def test_the_detail_of_a_metric_can_be_chosen():
    details = {"sdlc_change_stage_seconds": Detail.REPOSITORY, "sdlc_changes_opened_total": Detail.ORGANISATION}
    with Desk(details=details) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("1d")
        desk.books.publish_organisation()
        page = desk.page("1d")
        assert page['sdlc_changes_opened_total{origin="unmarked",repository="all"}'] == 1
        assert page[CODING.replace('"all"', '"o/a"')] == 1
        assert OPENED not in page
        assert CODING not in page


# Folding


def folded(path, *, publish=True):
    """Two repositories of which only the first fits a budget of one opened series."""
    desk = Desk(path, budgets={"sdlc_changes_opened_total": 1})
    desk.discover("o/a", "o/b")
    desk.story("o/a", 1, "opened 0h")
    desk.passed("1d", "o/a")
    if publish:
        desk.books.publish_organisation()
    return desk


OTHER = OPENED.replace("o/a", "other")


def test_a_full_budget_folds_what_is_born_next_for_good(path):
    with folded(path) as desk:
        desk.passed("1d", "o/b")
        desk.story("o/b", 1, "opened 30h")
        desk.passed("2d")
        page = desk.page("2d")
        assert (page[OPENED], page[OTHER]) == (1, 0)
        assert OPENED.replace("o/a", "o/b") not in page
        assert page['sdlc_exporter_series_dropped_total{metric="sdlc_changes_opened_total"}'] == 1
        desk.release()
        assert desk.page("2d")[OTHER] == 1
    with Desk(path) as desk:
        desk.story("o/b", 2, "opened 50h")
        desk.passed("3d")
        page = desk.page("3d")
        assert page[OTHER] == 2, "a larger budget does not undo the fold"
        assert OPENED.replace("o/a", "o/b") not in page


def test_the_fold_appears_with_the_organisations_sums(path):
    with folded(path, publish=False) as desk:
        desk.story("o/b", 1, "opened 1h")
        desk.passed("1d", "o/b")
        assert OTHER not in desk.page("1d")
        desk.books.publish_organisation()
        assert desk.page("1d")[OTHER] == 1


def test_one_batch_cannot_overrun_the_budget():
    """Three repositories load in one batch; the budget holds two."""
    with Desk(budgets={"sdlc_changes_opened_total": 2}) as desk:
        desk.discover("o/a", "o/b", "o/c")
        for name in ("o/a", "o/b", "o/c"):
            desk.story(name, 1, "opened 0h")
        desk.passed("1d")
        page = desk.page("1d")
        assert sum(series.startswith("sdlc_changes_opened_total") for series in page) == 2


# What memory holds


def test_readings_that_no_window_reaches_any_more_are_let_go():
    with Desk() as desk:
        desk.discover("o/a")
        for day in range(4, 200, 5):
            desk.story("o/a", day, f"opened {day}d", f"merged {day}d1h")
            desk.passed(f"{day + 1}d")
        held = [found.at[0] for found in desk.books.readings[1].values()]
        assert min(held) >= at("200d") - 92 * DAY


def test_hidden_combinations_are_not_held_for_scrapes_that_cannot_see_them():
    """The stages of a quiet repository are summed for the organisation only; waking holds none of them."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("95d")
        desk.books.publish_organisation()
        desk.story("o/a", 2, "opened 95d1h", "merged 95d2h")
        desk.passed("96d")
        desk.page("96d")
        desk.release()
        assert desk.books.births == {}


# The one-shot mode


@given(worlds, st.integers(0, 150))
@settings(max_examples=30, deadline=None)
def test_the_page_at_an_instant_is_the_page_a_process_would_have_shown_then(world, day):
    """All facts are told; read back to an instant, the page is that of a process which knew only the facts up to it."""
    instant = START + day * DAY
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        with Desk(path) as desk:
            desk.discover("o/a", "o/b")
            for number, (repository, events) in enumerate(world):
                desk.tell(repository, number, events)
            desk.mark(END)
            desk.books.publish_organisation()
        with Desk(path, until=instant) as desk:
            back = business(desk.text(instant))
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        for number, (repository, events) in enumerate(world):
            desk.tell(repository, number, [event for event in events if event.at <= instant])
        desk.mark(instant)
        desk.books.publish_organisation()
        assert back == settled_page(desk, instant)


def test_seconds_in_words():
    """The stories' own arithmetic."""
    assert [seconds(words) for words in ("90s", "1d3h", "-5h")] == [90, 27 * HOUR, -5 * HOUR]


def test_a_commit_dated_in_the_future_does_not_move_the_queue_before_its_time():
    """A wrong clock dated it 40 days ahead: the change stays commented until then, and asks again from then on."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob", "committed 40d")
        desk.passed("1d")
        commented = 'sdlc_review_queue_changes{origin="unmarked",repository="o/a",state="commented"}'
        again = 'sdlc_review_queue_changes{origin="unmarked",repository="o/a",state="awaiting_rereview"}'
        page = desk.page("1d")
        assert (page[commented], page[again]) == (1, 0)
        desk.passed("41d")
        page = desk.page("41d")
        assert (page[commented], page[again]) == (0, 1)


def test_what_was_folded_is_still_said_after_a_restart(path):
    with folded(path) as desk:
        desk.passed("1d", "o/b")
        desk.story("o/b", 1, "opened 30h")
        desk.passed("2d")
        assert desk.books.dropped["sdlc_changes_opened_total"] == 1
    with Desk(path) as desk:
        assert desk.books.dropped["sdlc_changes_opened_total"] == 1
