"""Audit of the diagnosis: the stays and the changes of the weeks compared, as counts and dates, and nobody's name."""

from datetime import date

import pytest

from exporter.catalogue import DAY
from exporter.config.settings import DiagnosisSettings
from exporter.measures.diagnosis import ROWS
from exporter.runtime.audit import answer, ask
from exporter.runtime.audit.forms import FORMS
from exporter.runtime.diagnosing import Diagnosing
from exporter.selector import written
from tests.runtime.desk import Desk
from tests.runtime.test_diagnosing import BEFORE, NOW, PEOPLE, TEAMS, told
from tests.stories import START

WEEK, HOUR = 7 * DAY, 3600
ADOPTED = DiagnosisSettings(adoption_date=date(2024, 3, 4))


@pytest.fixture(scope="module")
def desk():
    """144 changes of o/a, twelve weeks before and twelve now."""
    with Desk(presentation=TEAMS) as made:
        made.discover("o/a")
        told(made, "o/a", BEFORE, 20, 8)
        told(made, "o/a", NOW, 14, 14)
        made.mark(START + 28 * WEEK + DAY)
        made.snapshot.see(START + 28 * WEEK + DAY)
        made.snapshot.diagnosed(Diagnosing(made.snapshot, ADOPTED).look())
        made.page(START + 28 * WEEK + DAY)
        yield made


def one(desk, selector, most=1000):
    (found,) = answer(ask(desk.snapshot, selector), desk.store, most)
    return found


def test_a_stages_rows_are_its_stays_of_both_spans(desk):
    """Six a week over 24 weeks; the first ready change of week 2 is picked up 68 h later."""
    found = one(desk, 'sdlc_diagnosis_stage_delta_seconds{scope="shop",stage="pickup",bound="estimate"}')
    assert (found.total, found.left_out) == (144, 0)
    spans = [row.labels["span"] for row in found.rows]
    assert (spans.count("before"), spans.count("now")) == (72, 72)
    last = found.rows[-1]
    assert (last.at, last.number, last.value) == (START + 2 * WEEK + 20 * HOUR, 201, 68 * HOUR)
    assert last.labels == {"stage": "pickup", "span": "before", "over": "yes"}
    assert found.from_rows is None


def test_a_gain_is_of_the_stays_in_coding(desk):
    found = one(desk, 'sdlc_diagnosis_gain_seconds{scope="all"}')
    assert {row.value for row in found.rows} == {20 * HOUR, 14 * HOUR}


def test_samples_are_the_changes_that_became_ready(desk):
    found = one(desk, 'sdlc_diagnosis_samples{scope="shop",span="now"}')
    assert (found.published, found.from_rows, found.total) == (72, 72, 72)


@pytest.mark.parametrize("gate", ["ready", "merged"])
def test_a_gate_is_its_changes_by_the_weeks(desk, gate):
    found = one(desk, f'sdlc_diagnosis_flow_weekly_changes{{scope="all",gate="{gate}",span="before"}}')
    assert found.published == found.from_rows == len(found.rows) / 12 == PEOPLE


def test_what_has_no_rows_says_where_it_comes_from(desk):
    found = one(desk, 'sdlc_diagnosis_verdict{scope="all",verdict="absorbed"}')
    assert (found.total, found.rows) == (0, ())
    assert found.how.startswith("it has no rows of its own: the report at /diagnosis")


def test_every_number_of_the_diagnosis_is_answered_and_nobody_is_named(desk):
    """One series of each of its metrics on the page, in every form: no author, and no reviewer."""
    shown = {row: next(iter(desk.snapshot.exposition.samples_of(row.name)), None) for row in ROWS}
    asked = [written(row.name, dict(zip(row.labels, labels, strict=True))) for row, labels in shown.items() if labels]
    assert len(asked) > 15
    for series in asked:
        found = [one(desk, series)]
        assert found[0].how != "its rows are not told", series
        for form in FORMS.values():
            assert not any(who in form(found) for who in ("dev0", "dev5", "bob")), series
