"""What notes name: counted once each, and the sprints in which they did."""

import pytest
from msgspec import structs

from exporter.catalogue import DAY
from exporter.measures.retro import MENTIONS, NOTE_FACT, RATIO, SAMPLES, retro_mentions, retro_sprints
from tests.measures.pools import gauges, window_of
from tests.measures.read import dated
from tests.stories import POLICY
from tests.tickets import ticket

END = 1000 * DAY


def mentions(*lines):
    """(hours after the start, theme) of every mention."""
    return [(at, theme) for at, (theme,), value in dated(retro_mentions, MENTIONS, ticket(*lines)) if value == 1]


def test_each_theme_counts_at_its_date():
    assert mentions("opened 0h", "noted 1h: qa ci") == [(1, "qa"), (1, "ci")]


def test_a_later_version_adds_what_it_names_more_and_takes_nothing_back():
    lines = ("opened 0h", "noted 1h: qa", "noted 5h: ci", "noted 9h: qa ci")
    assert mentions(*lines) == [(1, "qa"), (5, "ci")]


def test_an_issue_that_is_no_note_names_nothing():
    assert mentions("opened 0h", "labelled 1h: qa", "closed 2h") == []


def test_a_note_that_names_nothing_is_a_note_of_its_sprint():
    assert dated(retro_mentions, NOTE_FACT, ticket("opened 0h", "noted 1h")) == [(1, ("",), 1)]
    assert mentions("opened 0h", "noted 1h") == []


def named(*repositories, sprint=14):
    """The gauges of notes that named a theme (empty for none) so many days before the end, repository by repository."""
    policy = structs.replace(POLICY, sprint=sprint * DAY)
    parts = []
    for notes in repositories:
        part: dict = {}
        for days, *themes in notes:
            for theme in ("", *themes):
                part.setdefault((NOTE_FACT.name, (theme,)), []).append((END - round(days * DAY), 1))
        parts.append(part)
    return gauges(retro_sprints, window_of("90d", *parts, ends=[END] * len(parts), policy=policy))


def test_the_ratio_is_of_the_sprints_that_have_notes():
    """Six sprints of 14 days end 0, 14, 28, 42, 56 and 70 days back: QA in four of the five that have notes."""
    found = named([(1, "qa"), (20, "qa", "ci"), (30, "qa"), (50,), (80, "qa")])
    assert found[SAMPLES.team.name,] == 5
    assert found[RATIO.team.name, "qa"] == 4 / 5
    assert found[RATIO.team.name, "ci"] == 1 / 5
    assert found[RATIO.team.name, "requirements"] == 0


def test_two_notes_of_a_sprint_are_one_sprint_wherever_they_come_from():
    found = named([(1, "qa"), (2, "qa")], [(3, "qa"), (20,)])
    assert (found[SAMPLES.team.name,], found[RATIO.team.name, "qa"]) == (2, 1 / 2)


def test_what_lies_before_the_six_sprints_is_forgotten():
    """The sixth sprint back ends with the note that is 84 days less a second old."""
    assert named([(84, "qa")]) == {}
    assert named([(84 - 1 / 86400, "qa")])[SAMPLES.team.name,] == 1
    assert named([(50, "qa")], sprint=7) == {}


def test_without_notes_all_is_absent_and_never_0():
    assert named() == named([]) == {}


@pytest.mark.parametrize("scope", ["repository"])
def test_no_repository_has_one(scope):
    pool = window_of("90d", {(NOTE_FACT.name, ("",)): [(END, 1)]}, ends=[END], policy=POLICY)
    assert gauges(retro_sprints, pool, scope) == {}
