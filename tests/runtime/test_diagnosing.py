"""The look at the gain: which changes it is about, up to when, for whom, and what of it stands on the page."""

import dataclasses
from datetime import date

import pytest

from exporter.catalogue import DAY
from exporter.config.settings import DiagnosisSettings, Freeze, Thresholds
from exporter.diagnosis.terms import Verdict
from exporter.model import Stream
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.reporting import report
from tests.runtime.desk import PRESENTATION, Desk
from tests.stories import START, at, change

WEEK, HOUR = 7 * DAY, 3600
TUESDAY = START + 28 * WEEK + DAY
LIMITS = Thresholds()
TEAMS = dataclasses.replace(
    PRESENTATION,
    teams={"shop": ["o/a"], "pay": ["o/b"]},
    thresholds_ratios=dict(LIMITS.ratios),
    thresholds_changes=dict(LIMITS.changes),
)
ADOPTED = DiagnosisSettings(adoption_date=date(2024, 3, 4))
"""Monday, 16 weeks after ``START``: the baseline is weeks 2 to 13, and two weeks are left out."""
BEFORE, NOW = range(2, 14), range(16, 28)
PEOPLE = 6
CLAUDE = "with Co-authored-by: Claude <noreply@anthropic.com>"


def told(desk, repository, weeks, coding, pickup, mark=""):
    """Six changes a week by as many people: coded, picked up after so many hours, reviewed for 2, merged 1 later.

    One waits 60 h more: a stage is looked at up to the time within which 95 % of it were over in the baseline.
    """
    for week in weeks:
        for person in range(PEOPLE):
            begin = week * 168 + 10 * person
            ready = begin + coding
            seen = ready + pickup + 60 * (person == 0)
            desk.tell(
                repository,
                week * 100 + person + 1,
                change(
                    f"opened {begin}h by dev{person} as draft",
                    f"committed {begin}h authored {begin}h {mark}",
                    f"ready {ready}h",
                    f"reviewed {seen}h by bob",
                    f"reviewed {seen + 2}h by bob: approved",
                    f"merged {seen + 3}h",
                    f"files {seen + 3}h: a.py +30 -4",
                ),
            )


@pytest.fixture(scope="module")
def desk():
    """Coding takes 6 h less than it did; in o/a pickup takes 6 h more, in o/b nothing else changed."""
    with Desk(presentation=TEAMS) as made:
        made.discover("o/a", "o/b")
        for repository, pickup in (("o/a", 14), ("o/b", 8)):
            told(made, repository, BEFORE, 20, 8)
            told(made, repository, NOW, 14, pickup, CLAUDE)
        made.mark(TUESDAY)
        yield made


def look(desk, settings=ADOPTED, now=TUESDAY):
    desk.snapshot.see(now)
    found = Diagnosing(desk.snapshot, settings).look()
    desk.snapshot.diagnosed(found)
    return {each.scope: each for each in found.diagnoses}


@pytest.fixture(scope="module")
def first(desk):
    """What the first look came to: diagnoses by scope, the page, and the report."""
    found = look(desk)
    page = desk.page(TUESDAY)
    return found, page, report(desk.snapshot, TUESDAY)


def test_a_gain_that_pickup_takes_is_absorbed_and_one_that_nothing_takes_passes(first):
    """Five of six wait 6 h more in o/a, and the one that waits longest counts as before: 5 h of 6 h saved are taken.

    In the organisation it is half as much.
    """
    found, _, _ = first
    assert {scope: each.verdict for scope, each in found.items()} == {
        "all": Verdict.ABSORBED, "pay": Verdict.PASSED, "shop": Verdict.ABSORBED,
    }  # fmt: skip
    assert found["all"].gain.estimate == pytest.approx(6 * HOUR)
    assert found["all"].downstream.estimate == pytest.approx(2.5 * HOUR)
    assert found["shop"].absorbed.estimate == pytest.approx(5 / 6)
    assert (found["shop"].bottleneck, found["pay"].bottleneck) == ("pickup", None)


def test_a_diagnosis_is_of_the_last_whole_week_that_is_known(first):
    """The watermark is a Tuesday's; the periods are those of the configuration."""
    found = first[0]["all"]
    assert found.at == START + 28 * WEEK
    assert found.baseline.weeks == tuple(START + week * WEEK for week in BEFORE)
    assert found.current.weeks == tuple(START + week * WEEK for week in NOW)
    assert (found.baseline.changes, found.current.changes) == (144, 144)
    assert (found.baseline.ai_share, found.current.ai_share) == (0, 1)


def test_three_weekly_verdicts_in_a_row_are_counted(first):
    """The weeks before are looked at as they ended: with what was known then."""
    found, _, _ = first
    assert (found["shop"].absorbed_weeks, found["pay"].absorbed_weeks) == (3, 0)


def test_weeks_of_a_freeze_are_in_no_period(desk):
    freeze = Freeze(begin=date(2024, 1, 3), end=date(2024, 1, 3))  # the Wednesday of week 7
    found = look(desk, DiagnosisSettings(adoption_date=date(2024, 3, 4), freezes=(freeze,)))
    assert START + 7 * WEEK not in found["all"].baseline.weeks


def test_a_team_may_have_its_own_adoption(desk):
    settings = DiagnosisSettings(adoption_date=date(2024, 3, 4), team_adoption_dates={"pay": date(2024, 3, 11)})
    found = look(desk, settings)
    assert (found["shop"].adoption, found["pay"].adoption) == (at("112d"), at("119d"))


def test_a_repository_that_fails_is_looked_at_for_an_hour_and_then_left_out(desk):
    desk.mark(TUESDAY - 1800, "o/b", state="failing")
    assert set(look(desk)) == {"all", "pay", "shop"}
    desk.mark(TUESDAY - 2 * HOUR, "o/b", state="failing")
    try:
        assert set(look(desk)) == {"all", "shop"}
    finally:
        desk.mark(TUESDAY, "o/b")


def test_nothing_is_said_where_nothing_is_shown():
    with Desk(presentation=TEAMS) as made:
        made.discover("o/a")
        assert look(made) == {}
        assert not [series for series in made.page(START) if series.startswith("sdlc_diagnosis")]


def test_the_page_holds_what_the_diagnosis_says(first):
    _, page, _ = first
    assert page['sdlc_diagnosis_verdict{scope="shop",verdict="absorbed"}'] == 1
    assert page['sdlc_diagnosis_verdict{scope="shop",verdict="passed"}'] == 0
    assert page['sdlc_diagnosis_verdict{scope="pay",verdict="passed"}'] == 1
    assert page['sdlc_diagnosis_gain_seconds{scope="shop"}'] == pytest.approx(6 * HOUR)
    assert page['sdlc_diagnosis_stage_delta_seconds{bound="estimate",scope="shop",stage="pickup"}'] == pytest.approx(
        5 * HOUR
    )
    assert page['sdlc_baseline_seconds{scope="shop",stage="pickup"}'] == pytest.approx(18 * HOUR)
    assert page['sdlc_diagnosis_stage_seconds{scope="shop",stage="pickup"}'] == pytest.approx(23 * HOUR)
    assert page['sdlc_diagnosis_absorbed_ratio{bound="estimate",scope="shop"}'] == pytest.approx(5 / 6)
    assert page['sdlc_diagnosis_bottleneck{scope="shop",stage="pickup"}'] == 1
    assert page['sdlc_diagnosis_absorbed_verdicts{scope="shop"}'] == 3
    assert page['sdlc_diagnosis_samples{scope="all",span="now"}'] == 144
    assert page['sdlc_diagnosis_flow_weekly_changes{gate="ready",scope="all",span="before"}'] == 12
    assert page['sdlc_diagnosis_end_timestamp_seconds{scope="all"}'] == START + 28 * WEEK
    assert page['sdlc_adoption_timestamp_seconds{scope="all"}'] == START + 16 * WEEK
    assert page['sdlc_baseline_ratio{name="ai",scope="all"}'] == 0
    assert page['sdlc_signal_active{scope="shop",signal="cycle_time_rising"}'] == 1
    assert page['sdlc_signal_active{scope="pay",signal="cycle_time_rising"}'] == 0
    assert 'sdlc_signal_active{scope="shop",signal="qa_blocking"}' not in page


def test_without_enough_to_compare_only_the_verdict_and_its_samples_are_shown():
    """Two weeks of changes and no week before."""
    with Desk(presentation=TEAMS) as made:
        made.discover("o/a")
        told(made, "o/a", range(2), 20, 8)
        made.mark(START + 3 * WEEK)
        look(made, DiagnosisSettings(), START + 3 * WEEK)
        page = made.page(START + 3 * WEEK)
    shown = {name for name in (series.partition("{")[0] for series in page) if "diagnosis" in name or "signal" in name}
    assert shown == {
        "sdlc_diagnosis_verdict", "sdlc_diagnosis_absorbed_verdicts", "sdlc_diagnosis_end_timestamp_seconds",
    }  # fmt: skip
    assert page['sdlc_diagnosis_verdict{scope="all",verdict="insufficient_data"}'] == 1


def test_the_same_facts_give_the_same_diagnosis(desk, first):
    assert look(desk) == first[0]


def test_the_report_says_what_it_rests_on_and_what_is_missing(first):
    """Every change had commits that could be read; nothing but changes is followed."""
    _, _, found = first
    assert [each.diagnosis.scope for each in found.scopes] == ["all", "pay", "shop"]
    origin = next(each for each in found.scopes[0].coverage if each.what == "origin")
    assert origin.ratio == 1
    assert found.scopes[0].missing == (
        "no deployments are read: production, release frequency and escapes cannot be told",
        "no CI runs are read: what mending red tests costs has no lower bound",
        "no issues are read: QA and defects found in production cannot be told",
    )
    assert found.economics.developers == 6
    assert found.sources == ("forge",)


def test_what_was_reported_and_declared_is_in_the_economics(desk):
    """12 changes a week by 6 people are 2 each, 6 h each, of which 32 of 168 hours are worked."""
    settings = DiagnosisSettings(
        adoption_date=date(2024, 3, 4), reported_hours_saved=4, seats=10, seat_price=20, hourly_rate=80, currency="EUR"
    )
    look(desk, settings)
    found = desk.snapshot.economics
    assert found.measured.estimate == pytest.approx(2 * 6 * HOUR * 32 / 168)
    page = desk.page(TUESDAY)
    assert page["sdlc_reported_saved_seconds"] == 4 * HOUR
    assert page['sdlc_roi_ratio{bound="estimate"}'] == found.ratio.estimate


def of_two(streams=(Stream.CHANGES,), presentation=TEAMS):
    """o/a and o/b as in ``desk``, in books of their own."""
    made = Desk(presentation=presentation)
    made.discover("o/a", "o/b", streams=streams)
    for repository in ("o/a", "o/b"):
        told(made, repository, BEFORE, 20, 8)
        told(made, repository, NOW, 14, 14, CLAUDE)
    made.mark(TUESDAY)
    return made


def test_a_stream_that_is_new_and_not_loaded_makes_no_diagnosis_of_1969():
    """Issues are followed from now on and not read yet, of o/b only: its way is not known up to any week."""
    with of_two() as made:
        made.discover("o/a", "o/b", streams=(Stream.CHANGES, Stream.ISSUES))
        made.mark(TUESDAY, "o/a")
        found = look(made)
        assert {scope: each.at for scope, each in found.items()} == dict.fromkeys(("all", "shop"), START + 28 * WEEK)
        made.mark(TUESDAY, "o/b")
        assert set(look(made)) == {"all", "pay", "shop"}


def test_a_repository_that_is_late_holds_back_the_others_for_two_days_and_is_left_out_then():
    """The issues of o/b are read up to the Tuesday of week 28, those of o/a go on to two days after week 28."""
    with of_two((Stream.CHANGES, Stream.ISSUES)) as made:
        for now, end, scopes in (
            (START + 29 * WEEK + 2 * DAY - 1, START + 28 * WEEK, {"all", "pay", "shop"}),
            (START + 29 * WEEK + 2 * DAY, START + 29 * WEEK, {"all", "shop"}),
        ):
            made.mark(now, "o/a")
            made.mark(now, "o/b", streams=(Stream.CHANGES,))
            found = look(made, now=now)
            assert {each.at for each in found.values()} == {end}
            assert set(found) == scopes


def test_the_first_second_known_of_a_scope_is_the_latest_of_its_sources():
    """The forge's ledger begins with week 4 of the twelve of the baseline, the one of the notes before all weeks.

    Of the weeks before it only what was still open then is known, which is what took long.
    """
    begun = dataclasses.replace(TEAMS, ledger_starts={"forge": START + 4 * WEEK, "notes": START})
    with of_two(presentation=begun) as made:
        found = look(made)
        assert found["all"].baseline.weeks == tuple(START + week * WEEK for week in range(4, 14))


def test_reviews_of_a_repository_that_is_not_looked_at_are_in_no_saving():
    """o/a has one change a week and person, 6 h of coding saved on each, and as many reviews as before.

    o/b came later and fails: its 12 reviews a week are no work that came on top of what is looked at.
    """
    with Desk(presentation=TEAMS) as made:
        made.discover("o/a", "o/b")
        told(made, "o/a", BEFORE, 20, 8)
        for repository in ("o/a", "o/b"):
            told(made, repository, NOW, 14, 14, CLAUDE)
        made.mark(TUESDAY)
        made.mark(TUESDAY - 2 * HOUR, "o/b", state="failing")
        look(made)
        assert made.snapshot.economics.measured.estimate == pytest.approx(6 * HOUR * 32 / 168)
