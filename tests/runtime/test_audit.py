"""For a number of the page, the rows it came from: they add up, and say what is not in it, and who never."""

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import DAY, HOUR, METRICS, Kind
from exporter.errors import Unanswerable
from exporter.runtime.audit import Answer, ask, begin, finish
from exporter.runtime.audit.rows import WORDS, Histogram, Row
from exporter.selector import written
from tests.runtime.desk import PRESENTATION, SOURCE, Desk
from tests.runtime.test_books import worlds
from tests.stories import START, at

A = 'repository="o/a"'
SITE = dataclasses.replace(PRESENTATION, roots={SOURCE: "https://github.example"})


def audit(desk: Desk, series: str, most: int = 1000) -> list[Answer]:
    """The answers of an exporter whose page is as it was built last."""
    return finish(*begin(desk.snapshot, desk.store.path, series), most)


def one(desk: Desk, series: str, most: int = 1000) -> Answer:
    """The answer about one series."""
    (found,) = audit(desk, series, most)
    return found


def told(found: Answer) -> list[tuple[int | None, int | None, int]]:
    """Hour, number and value of each row."""
    return [(None if row.at is None else (row.at - START) // HOUR, row.number, row.value) for row in found.rows]


# Counters and histograms


def test_a_counter_has_a_row_for_each_time_it_rose_newest_first():
    """Three changes merged, two of them unreviewed; the third was reviewed and is another series."""
    with Desk(presentation=SITE) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.story("o/a", 2, "opened 1h", "merged 7h")
        desk.story("o/a", 3, "opened 1h", "reviewed 2h by bob", "merged 8h")
        desk.passed("1d")
        desk.page("1d")
        found = one(desk, f'sdlc_changes_merged_total{{{A},origin="unmarked",reviewed="no"}}')
    assert (found.published, found.from_rows, found.how) == (2, 2, "the sum of the rows' values")
    assert told(found) == [(7, 2, 1), (5, 1, 1)]
    assert found.rows[0] == Row(
        at=at("7h"),
        repository="o/a",
        thing="change",
        number=2,
        url="https://github.example/o/a/pull/2",
        metric="sdlc_changes_merged_total",
        labels={"origin": "unmarked", "reviewed": "no"},
        value=1,
        cause="merged",
    )


def waits(desk: Desk) -> None:
    """Waits for review of 1 h, 2 h and 9 h."""
    desk.discover("o/a")
    desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob")
    desk.story("o/a", 2, "opened 0h", "reviewed 2h by bob")
    desk.story("o/a", 3, "opened 0h", "reviewed 9h by bob")
    desk.passed("1d")
    desk.page("1d")


def test_a_histograms_rows_are_sorted_into_its_buckets():
    """Of 1, 2 and 9 h one is at most 1 h, two at most 4 and at most 8 h, three at most a day; 12 h together."""
    with Desk() as desk:
        waits(desk)
        found = one(desk, f"sdlc_change_review_wait_seconds{{{A}}}")
    assert isinstance(found.published, Histogram)
    assert found.published == found.from_rows
    assert (found.published.count, found.published.sum) == (3, 12 * HOUR)
    assert list(found.published.buckets.items())[:4] == [("3600.0", 1), ("14400.0", 2), ("28800.0", 2), ("86400.0", 3)]
    assert list(found.published.buckets)[-1] == "+Inf"
    assert told(found) == [(9, 3, 9 * HOUR), (2, 2, 2 * HOUR), (1, 1, HOUR)]


@pytest.mark.parametrize(
    ("part", "published", "numbers"),
    [
        (f'_bucket{{{A},le="14400"}}', 2, [2, 1]),
        (f'_bucket{{{A},le="3600.0"}}', 1, [1]),
        (f'_bucket{{{A},le="+Inf"}}', 3, [3, 2, 1]),
        (f"_count{{{A}}}", 3, [3, 2, 1]),
        (f"_sum{{{A}}}", 12 * HOUR, [3, 2, 1]),
    ],
)
def test_a_part_of_a_histogram_has_the_rows_of_that_part(part, published, numbers):
    with Desk() as desk:
        waits(desk)
        found = one(desk, f"sdlc_change_review_wait_seconds{part}")
    assert (found.published, found.from_rows) == (published, published)
    assert [row.number for row in found.rows] == numbers
    assert found.series.startswith(f"sdlc_change_review_wait_seconds{part.partition('{')[0]}{{")


def test_what_scrapes_have_not_seen_yet_is_held_back_and_said():
    with Desk() as desk:
        desk.discover("o/a")
        desk.passed("1d")
        desk.story("o/a", 1, "opened 30h")
        desk.passed("2d")
        desk.page("2d")
        found = one(desk, "sdlc_changes_opened_total")
        assert (found.published, found.from_rows, found.rows) == (0, 0, ())
        (note,) = found.notes
        assert note == "not in it: 1 more of the ledger, held back until scrapes have seen the series at its old value"
        desk.release()
        desk.page("2d")
        found = one(desk, "sdlc_changes_opened_total")
        assert (found.published, told(found), found.notes) == (1, [(30, 1, 1)], ())


def test_the_organisations_sum_says_what_came_before_a_repository_joined():
    """o/b's coding of day 1 is history when it joins; of day 2 it counts. o/c is still being read."""
    with Desk() as desk:
        desk.discover("o/a", "o/b", "o/c")
        desk.story("o/a", 1, "opened 0h", "merged 5h")
        desk.passed("1d", "o/a")
        desk.books.publish_organisation()
        desk.story("o/b", 1, "opened 0h", "merged 7h")
        desk.passed("1d", "o/b")
        desk.story("o/b", 2, "opened 25h", "merged 30h")
        desk.passed("2d", "o/a", "o/b")
        desk.page("2d")
        found = one(desk, 'sdlc_change_stage_seconds{stage="coding",origin="unmarked"}')
    assert found.labels["repository"] == "all"
    assert found.published == found.from_rows
    assert [(row.repository, row.number) for row in found.rows] == [("o/b", 2), ("o/a", 1)]
    assert found.notes == (
        "not in it: 1 more of the ledger, dated before their repository joined this sum",
        "kept for the organisation as a whole, all repositories together",
    )


def test_what_a_full_budget_folded_is_told_under_other():
    with Desk(budgets={"sdlc_changes_opened_total": 1}) as desk:
        desk.discover("o/a", "o/b", "o/c")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.books.publish_organisation()
        for name in ("o/b", "o/c"):
            desk.story(name, 7, "opened 30h")
        desk.passed("2d")
        desk.page("2d")
        desk.release()
        desk.page("2d")
        found = one(desk, 'sdlc_changes_opened_total{repository="other"}')
    assert (found.published, found.from_rows) == (2, 2)
    assert sorted(row.repository for row in found.rows) == ["o/b", "o/c"]
    assert found.notes == ("the budget of this metric was full when these repositories came: they are kept together",)


def test_a_commit_that_caused_a_row_is_not_named():
    """The change came back to the queue by a commit, whose name is the cause in the ledger."""
    sha = "0123456789abcdef0123456789abcdef01234567"
    with Desk() as desk:
        desk.discover("o/a")
        story = ("opened 0h", "reviewed 1h by bob: changes requested", "committed 2h")
        desk.story("o/a", 1, *story)
        desk.passed("1d")
        desk.store._db.execute("UPDATE ledger SET cause = ? WHERE cause LIKE 'commit:%'", (f"commit:{sha}",))
        desk.page("1d")
        found = one(desk, "sdlc_review_queue_entered_total")
    assert [(row.number, row.cause) for row in found.rows] == [(1, "commit"), (1, "opened")]


def test_the_newest_rows_are_kept_and_the_others_counted():
    with Desk() as desk:
        desk.discover("o/a")
        for number in range(1, 8):
            desk.story("o/a", number, f"opened {number}h")
        desk.passed("1d")
        desk.page("1d")
        found = one(desk, "sdlc_changes_opened_total", most=3)
        assert (found.from_rows, told(found)) == (7, [(7, 7, 1), (6, 6, 1), (5, 5, 1)])
        assert (found.total, found.left_out) == (7, 4)
        assert one(desk, "sdlc_changes_opened_total", most=0).left_out == 7


@given(
    worlds,
    st.lists(st.sampled_from(("tell", "tell", "mark", "mark", "release", "restart", "publish", "late")), max_size=15),
    st.integers(8, 60),
)
@settings(max_examples=25, deadline=None)
def test_the_rows_of_every_counter_add_up_whatever_happened(world, doings, budget):
    """Facts early and late, watermarks, scrapes, restarts, full budgets: what the page shows is what the rows give."""
    facts = sorted(
        ((e.at, number, name, e) for number, (name, events) in enumerate(world) for e in events), key=lambda f: f[:2]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        desk = Desk(path, budget=budget)
        desk.discover("o/a", "o/b")
        mark = START
        for doing in doings:
            match doing:
                case "tell" | "late":
                    known = [fact for fact in facts if fact[0] <= mark + 20 * DAY]
                    for _, number, name, event in known[doing == "late" :: 2]:
                        desk.tell(name, number, [event])
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
            desk.page(mark)
        everything(desk, {Kind.COUNTER, Kind.HISTOGRAM})
        desk.store.close()


def everything(desk: Desk, kinds: set[Kind]) -> int:
    """Audits every series of some kinds that rows give, and demands that these give what is published."""
    seen = 0
    for name, metric in METRICS.items():
        if metric.kind not in kinds:
            continue
        for labels in desk.snapshot.exposition.samples_of(name):
            found = one(desk, written(name, dict(zip(metric.labels, labels, strict=True))))
            if found.from_rows is None:
                assert found.rows == (), name
                assert found.how.startswith("it has no rows"), name
                continue
            seen += 1
            assert found.from_rows == found.published, found.series
            assert found.notes == tuple(note for note in found.notes if not note.startswith("the page was made"))
    return seen


# Windows


def reviewed(desk: Desk) -> None:
    """Three changes of day 40 wait 1, 3 and 8 h, and an agent's 5 h; one of day 2 is outside 28 days."""
    desk.discover("o/a")
    desk.story("o/a", 1, "opened 2d", "reviewed 2d20h by ann")
    desk.story("o/a", 2, "opened 40d", "reviewed 40d1h by ann")
    desk.story("o/a", 3, "opened 40d", "reviewed 40d3h by bob")
    desk.story("o/a", 4, "opened 40d", "reviewed 40d8h by ann")
    desk.story("o/a", 5, "opened 40d on codex/x", "reviewed 40d5h by ann")
    desk.passed("41d")
    desk.page("41d")


def test_a_percentile_has_the_readings_of_its_window_and_labels():
    """The median of 1, 3 and 8 h is 3 h, of 28 days up to day 41; the agent's wait is another series."""
    with Desk() as desk:
        reviewed(desk)
        labels = f'{A},origin="unmarked",window="28d"'
        found = one(desk, f'sdlc_review_wait_window_seconds{{{labels},percentile="p50"}}')
        assert (found.published, found.from_rows) == (3 * HOUR, 3 * HOUR)
        assert [(number, value) for _, number, value in told(found)] == [(4, 8 * HOUR), (3, 3 * HOUR), (2, HOUR)]
        assert (found.begin, found.end) == (at("13d"), at("41d"))
        samples = one(desk, f"sdlc_review_wait_window_samples{{{labels}}}")
        assert samples.published == samples.total == found.total == 3


def test_a_teams_window_has_the_rows_of_its_repositories():
    """o/a belongs to red, o/b and o/c to blue, of which o/c is read ten minutes less far."""
    teams = {"red": ["o/a"], "blue": ["o/b", "o/c"]}
    with Desk(presentation=dataclasses.replace(PRESENTATION, teams=teams)) as desk:
        desk.discover("o/a", "o/b", "o/c")
        for number, name in enumerate(("o/a", "o/b", "o/c"), 1):
            desk.story(name, number, "opened 10d", f"reviewed 10d{number}h by ann")
        desk.passed("41d", "o/a", "o/b")
        desk.passed("40d23h50m", "o/c")
        desk.page("41d")
        found = one(desk, 'sdlc_team_review_wait_window_samples{team="blue",window="90d"}')
        assert [(row.repository, row.value) for row in found.rows] == [("o/c", 3 * HOUR), ("o/b", 2 * HOUR)]
        assert (found.begin, found.end) == (at("40d23h50m") - 90 * DAY, at("41d"))
        assert found.notes == (
            "windows end where everything needed is known, by repository and metric: see begin and end",
        )
        assert one(desk, 'sdlc_team_review_wait_window_samples{team="all",window="90d"}').total == 3


def test_people_are_counted_and_never_told():
    """Ann gave three reviews within the window, bob one: two active reviewers, one told as 1 and one as 3 readings."""
    with Desk() as desk:
        reviewed(desk)
        found = one(desk, f'sdlc_active_reviewers{{{A},window="28d"}}')
    assert found.published == found.from_rows == 2
    people = [row for row in found.rows if row.thing == "person"]
    assert people == [
        Row(None, "", "person", 1, "", "reviewer", {}, 1, ""),
        Row(None, "", "person", 2, "", "reviewer", {}, 3, ""),
    ]
    others = [(row.metric, row.labels) for row in found.rows if row.thing != "person"]
    assert {metric for metric, _ in others} == {"ready", "first_review"}
    assert "ann" not in repr(found)
    assert "bob" not in repr(found)
    assert found.notes == ("people are counted and not told: each by how many readings there are, without any more",)


def test_no_fact_has_a_label_of_which_nobody_decided_whether_it_is_told():
    """A label that is neither a word of ours nor listed here is left out of every answer."""
    people = {"reviewer", "author", "test"}
    facts = (row for row in METRICS.values() if row.kind is Kind.FACT)
    assert {name for row in facts for name in row.labels} - {"repository"} - WORDS == people


# State


def test_open_changes_are_told_with_what_they_wait_for():
    """Waiting since 0, 4 and 10 h, asked at 30 h: 30, 26 and 20 h."""
    with Desk(presentation=SITE) as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.story("o/a", 2, "opened 4h")
        desk.story("o/a", 3, "opened 1h", "reviewed 2h by bob", "committed 10h")
        desk.story("o/a", 4, "opened 0h", "reviewed 3h by bob: approved")
        desk.story("o/a", 5, "opened 0h as draft")
        desk.passed("30h")
        desk.page("30h")
        queue = one(desk, f'sdlc_review_queue_changes{{{A},state="awaiting_review"}}')
        assert (queue.published, queue.from_rows, told(queue)) == (2, 2, [(0, 1, 1), (4, 2, 1)])
        assert queue.rows[0].url == "https://github.example/o/a/pull/1"
        approved = one(desk, f'sdlc_review_queue_changes{{{A},state="approved"}}')
        assert told(approved) == [(None, 4, 1)]
        assert told(one(desk, "sdlc_draft_changes")) == [(None, 5, 1)]
        oldest = one(desk, "sdlc_review_queue_oldest_wait_seconds")
        assert (oldest.published, oldest.from_rows) == (30 * HOUR, 30 * HOUR)
        assert told(oldest) == [(0, 1, 30 * HOUR), (4, 2, 26 * HOUR), (10, 3, 20 * HOUR)]
        median = one(desk, 'sdlc_review_queue_wait_seconds{percentile="p50"}')
        assert (median.published, median.from_rows, median.total) == (26 * HOUR, 26 * HOUR, 3)
        business = one(desk, "sdlc_review_queue_oldest_wait_business_seconds")
        assert business.published == business.from_rows
        assert [number for _, number, _ in told(business)] == [1]


def test_the_flow_of_the_queue_has_the_rows_of_seven_days():
    """Entered on days 1, 5 and 9; on day 9 the window begins after day 2."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 1d", "reviewed 2d by bob")
        desk.story("o/a", 2, "opened 5d", "closed 9d")
        desk.story("o/a", 3, "opened 9d")
        desk.passed("9d")
        desk.page("9d")
        found = one(desk, 'sdlc_review_queue_flow_changes{direction="in"}')
        assert (found.published, found.from_rows, [row.number for row in found.rows]) == (2, 2, [3, 2])
        assert (found.begin, found.end) == (at("2d"), at("9d"))
        left = one(desk, 'sdlc_review_queue_flow_changes{direction="out"}')
        assert [(row.number, row.labels["by"]) for row in left.rows] == [(2, "close")]


def test_a_threshold_names_its_key_and_the_exporters_own_numbers_have_no_rows():
    with Desk(presentation=dataclasses.replace(PRESENTATION, thresholds_ratios={"coverage": 0.8})) as desk:
        desk.discover("o/a")
        desk.passed("1d")
        desk.page("1d")
        found = one(desk, "sdlc_threshold_ratio")
        assert (found.published, found.from_rows, found.rows) == (0.8, None, ())
        assert found.how == "it has no rows: it comes from the configuration, thresholds.ratios.coverage"
        own = one(desk, "sdlc_exporter_build_info")
        assert own.how == "it has no rows: the exporter counts its own work, and tells it as it is"


def test_every_gauge_of_a_page_is_made_of_its_rows():
    """Per repository and per team, in every window; nothing is told that rows do not give."""
    presentation = dataclasses.replace(PRESENTATION, stage_windows=True, repository_windows=("7d", "28d", "90d"))
    with Desk(presentation=presentation) as desk:
        desk.discover("o/a", "o/b")
        for number in range(1, 9):
            name = ("o/a", "o/b")[number % 2]
            desk.story(name, number, f"opened {number * 5}d", f"reviewed {number * 5}d{number}h by ann", "merged 41d")
        desk.story("o/a", 20, "opened 39d")
        desk.passed("42d")
        desk.page("42d")
        assert everything(desk, {Kind.GAUGE}) > 100


# Questions


def test_a_page_that_is_older_than_the_rows_says_so():
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        desk.story("o/a", 2, "opened 30h")
        desk.passed("2d")
        found = one(desk, "sdlc_changes_opened_total")
        assert (found.published, found.from_rows) == (1, 2)
        assert found.notes == (
            "the page was made before the latest of these rows; it is made anew within five minutes",
        )


def test_a_store_that_stands_still_hears_of_nothing_new():
    """What is entered while an audit reads is not in its rows."""
    with Desk() as desk:
        desk.discover("o/a")
        desk.story("o/a", 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        asked, store = begin(desk.snapshot, desk.store.path, "sdlc_changes_opened_total")
        desk.story("o/a", 2, "opened 30h")
        desk.passed("2d")
        (found,) = finish(asked, store, 1000)
        assert (found.published, found.from_rows) == (1, 1)


def test_several_series_are_answered_together_and_share_the_rows():
    """Two origins, three rows each asked for of four in all."""
    with Desk() as desk:
        desk.discover("o/a")
        for number in range(1, 5):
            desk.story("o/a", number, f"opened {number}h")
            desk.story("o/a", 10 + number, f"opened {number}h on codex/x")
        desk.passed("1d")
        desk.page("1d")
        agentic, unmarked = audit(desk, "sdlc_changes_opened_total", most=6)
        assert (agentic.labels["origin"], told(agentic)) == ("agentic", [(4, 14, 1), (3, 13, 1), (2, 12, 1)])
        assert (unmarked.labels["origin"], told(unmarked)) == ("unmarked", [(4, 4, 1), (3, 3, 1), (2, 2, 1)])


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ("sdlc_change_opened_total", "there is no metric sdlc_change_opened_total; there is sdlc_changes_opened_total"),
        ("nothing", "there is no metric nothing"),
        ("reviewer", "there is no metric reviewer"),
        ("sdlc_changes_opened_total{repo='o/a'}", "has no label repo; it has repository, origin"),
        ("sdlc_changes_opened_total{origin='x'}", 'has no origin="x" now; there is agentic, unmarked'),
        (
            "sdlc_changes_opened_total{repository='o/b',origin='agentic'}",
            'has these labels together now: {repository="o/b",origin="agentic"}',
        ),
        ("sdlc_changes_abandoned_total", "sdlc_changes_abandoned_total has no series now"),
        ("sdlc_changes_opened_total{le='1'}", "has no label le"),
        ("sdlc_change_review_wait_seconds_bucket{le='1'}", 'has no bucket le="1"; it has 3600.0, 14400.0,'),
        ("sdlc_change_review_wait_seconds_bucket{le='a'}", 'has no bucket le="a"'),
    ],
)
def test_a_question_without_an_answer_says_what_there_is(series, said):
    with Desk() as desk:
        desk.discover("o/a", "o/b")
        desk.story("o/a", 1, "opened 0h", "reviewed 1h by bob")
        desk.story("o/a", 2, "opened 0h on codex/x")
        desk.story("o/b", 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        with pytest.raises(Unanswerable) as refused:
            ask(desk.snapshot, series)
    assert said in str(refused.value)


def test_of_many_series_the_labels_that_lack_are_named_with_what_exists():
    names = [f"o/{letter}" for letter in "abcdefghijkl"]
    with Desk() as desk:
        desk.discover(*names)
        for name in names:
            desk.story(name, 1, "opened 0h")
        desk.passed("1d")
        desk.page("1d")
        with pytest.raises(Unanswerable) as refused:
            ask(desk.snapshot, 'sdlc_changes_opened_total{origin="unmarked"}')
    assert str(refused.value) == (
        "12 series of sdlc_changes_opened_total have these labels, and 10 are answered at once; name repository as well"
    )
    assert refused.value.series == tuple(
        f'sdlc_changes_opened_total{{repository="{name}",origin="unmarked"}}' for name in names
    )
