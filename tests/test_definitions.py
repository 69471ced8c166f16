"""docs/definitions.md holds every rule the code cites, and its examples are what the code computes."""

import re

import pytest

from exporter.catalogue import HOUR, load
from exporter.measures.queue import ENTERED, LEFT, standing
from exporter.measures.windows import percentile
from exporter.working_hours import WorkingHours
from tests.stories import POLICY, START, at, story
from tools.generate import ROOT

PAGE = (ROOT / "docs/definitions.md").read_text("utf-8")
RULES = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", PAGE, flags=re.MULTILINE)]
CITED = re.compile(r"\b(?:RULINGS|[Dd]efinitions) (\d+(?:(?:, | and )\d+)*)\b")
EXAMPLE = PAGE.partition("### Worked example")[2].partition("## The ledger")[0]
LINES = re.search(r"^```\n(.*?)^```$", EXAMPLE, flags=re.MULTILINE | re.DOTALL)[1].splitlines()
ROWS = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \|$", EXAMPLE, flags=re.MULTILINE)
WRITTEN = [(what.strip("`"), int(begin), int(end), int(hours)) for what, begin, end, hours in ROWS]


def citations():
    """Every place in the code, its tests and the documents that cites a rule, with the rule's number."""
    places = (ROOT / folder for folder in ("exporter", "tests", "docs", "tools", "benchmarks"))
    for path in sorted(each for place in places for each in place.rglob("*") if each.suffix in {".py", ".md", ".sql"}):
        for found in CITED.finditer(path.read_text("utf-8")):
            for number in re.findall(r"\d+", found[1]):
                yield path.relative_to(ROOT), int(number)


def read(metric):
    """The worked example's readings of a metric, as (last label, hour of the date, value)."""
    told = story(*LINES)
    found = (each for measure in load() for each in measure.observe(told, POLICY))
    return [(str(each.labels[-1]), (each.at - START) / HOUR, each.value) for each in found if each.metric == metric]


def test_rules_are_numbered_once_and_in_order():
    assert sorted(set(RULES)) == RULES


def test_a_list_of_numbers_cites_each_of_them():
    assert [CITED.search(text)[1] for text in ("RULINGS 11, 12)", "definitions 3 and 4.")] == ["11, 12", "3 and 4"]


def test_every_cited_rule_is_there():
    cited = list(citations())
    assert {path.parts[0] for path, _ in cited} >= {"exporter", "tests"}
    assert [(str(path), number) for path, number in cited if number not in RULES] == []


@pytest.mark.parametrize("number", [each for _, each in re.findall(r"(rules? |see |\()(\d+)\b(?=[),. :])", PAGE)])
def test_rules_refer_to_rules(number):
    assert int(number) in RULES


def test_worked_example_shows_its_stages_and_lead_time():
    """Each from where the one before ended; 4 + 3 + 18 + 1 h from hour 8 to hour 34."""
    stages = [row for row in WRITTEN if row[0] not in {"lead time", "wait for review"}]
    assert [(what, hours * HOUR) for what, _, _, hours in stages] == [
        (stage, seconds) for stage, _, seconds in read("sdlc_change_stage_seconds")
    ]
    assert [begin for _, begin, _, _ in stages[1:]] == [end for _, _, end, _ in stages[:-1]]
    assert read("sdlc_change_lead_time_seconds") == [("merge", 34, 26 * HOUR)]
    assert ("lead time", 8, 34, 26) in WRITTEN
    assert sum(hours for *_, hours in stages) == 26


def test_worked_example_shows_the_wait_for_review():
    """Ready at 12, reviewed at 15, and dated then."""
    assert read("sdlc_change_review_wait_seconds") == [("unmarked", 15, 3 * HOUR)]
    assert ("wait for review", 12, 15, 3) in WRITTEN


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row[0])
def test_worked_example_can_be_subtracted(row):
    _, begin, end, hours = row
    assert end - begin == hours


def test_worked_example_has_two_waits_one_round_and_forty_lines():
    assert [when for _, when, _ in read(ENTERED.name)] == [12, 17]
    assert [(by, when) for by, when, _ in read(LEFT.name)] == [("review", 15), ("review", 33)]
    assert [value for *_, value in read("sdlc_change_review_rounds")] == [1]
    assert [value for *_, value in read("sdlc_change_size_lines")] == [40]


def test_worked_example_of_working_hours():
    """Noon to five on Monday, nine to ten on Tuesday: 5 + 1 of the 22 hours since the change began to wait."""
    assert standing(story(*LINES).at(at("12h"))).since == at("12h")
    assert WorkingHours().elapsed(at("12h"), at("34h")) == 6 * HOUR
    assert (at("34h") - at("12h")) == 22 * HOUR


def test_percentiles_of_the_page_are_those_of_the_code():
    """Linear between neighbours: 2.25 places up lies a quarter of the way from 4 to 8; 2.7 places, seven tenths."""
    assert "of waits of 1, 2, 4 and 8 hours, p50 is 3, p75 is 5 and p90 is 6.8 hours" in " ".join(PAGE.split())
    assert [percentile([1, 2, 4, 8], share) for share in (0.5, 0.75, 0.9)] == pytest.approx([3, 5, 6.8])


# Rules that tests/test_timeline.py does not tell


def test_dismissing_the_only_request_for_changes_asks_for_no_review():
    """Definitions 17: reviewed, and neither an approval nor a request in force."""
    told = story("opened 0h", "reviewed 1h by bob: changes requested", "dismissed 2h of bob")
    assert standing(told)[1:] == ("commented", None)


def test_a_reopened_change_waits_anew():
    """Definitions 17: reopened at 10 h, so its age counts from there."""
    assert standing(story("opened 0h", "closed 5h", "reopened 10h")).since == at("10h")


def test_a_reopening_fourteen_days_after_the_closing_is_in_time():
    """Definitions 12: one second later it is another life."""
    assert len(story("opened 0h", "closed 0h", "reopened 14d").lives) == 1
    assert len(story("opened 0h", "closed 0h", "reopened 14d1s").lives) == 2


@pytest.mark.parametrize(
    ("opening", "opened", "stages", "ready"),
    [
        ("opened 0h by dependabot[bot]", 1, 0, 0),
        ("opened 0h on revert-12-topic", 1, 0, 1),
        ("opened 0h", 1, 4, 1),
    ],
)
def test_what_bots_and_reverts_are_left_out_of(opening, opened, stages, ready):
    """Definitions 35: both are opened; neither has stages; a revert is load for reviewers, a bot's change is not."""
    told = story(opening, "reviewed 1h by bob: approved", "merged 2h")
    found = [each.metric for measure in load() for each in measure.observe(told, POLICY)]
    counts = [found.count(name) for name in ("sdlc_changes_opened_total", "sdlc_change_stage_seconds", "ready")]
    assert counts == [opened, stages, ready]
