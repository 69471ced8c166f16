"""What a row of a dashboard becomes: selectors, shares, places on the grid, and a file."""

import json

import pytest

from exporter.render.dashboards.files import files, render
from exporter.render.dashboards.panels import ask, lines, link, stat, table, text
from exporter.render.dashboards.rows import Dashboard, Row, described
from exporter.render.dashboards.series import chosen, mean, series, share, threshold


def words(title="Words", width=24, height=4):
    return text(title, "Some.", width=width, height=height)


def number(**more):
    return stat("Number", "How many.", [ask("vector(1)", "one", at_end=True)], unit="short", none="none", **more)


def placed(*panels):
    board = Dashboard(uid="sdlc-x", title="X", about="?", variables=("datasource",), rows=(Row("Why?", panels),))
    return json.loads(render(board))["panels"]


# What is asked for


def test_a_selector_has_the_job_and_the_matchers_in_their_order():
    found = series("sdlc_reviews_total", reviewer="human", verdict="~approved|commented", origin="!bot")
    assert found == ('sdlc_reviews_total{job=~"$job", reviewer="human", verdict=~"approved|commented", origin!="bot"}')
    assert series("sdlc_reviews_total", "7d", origin="!~bot.+") == (
        'increase(sdlc_reviews_total{job=~"$job", origin!~"bot.+"}[7d])'
    )


def test_what_is_chosen_is_of_the_repositories_of_the_team_and_of_the_origins():
    assert chosen("sdlc_draft_changes") == (
        'sdlc_draft_changes{job=~"$job", origin=~"$origin", repository=~"$repository"}\n'
        'and on (job, repository) sdlc_team_repository_info{job=~"$job", team="$team"}'
    )
    assert chosen("sdlc_team_active_reviewers", window="28d") == (
        'sdlc_team_active_reviewers{job=~"$job", team="$team", window="28d"}'
    )


def test_a_label_that_is_given_is_not_chosen():
    assert chosen("sdlc_draft_changes", origin="agentic").startswith(
        'sdlc_draft_changes{job=~"$job", origin="agentic", repository=~"$repository"}'
    )


@pytest.mark.parametrize("ask_for", [series, chosen])
def test_a_metric_or_label_that_does_not_exist_is_refused(ask_for):
    with pytest.raises(KeyError, match="sdlc_nothing"):
        ask_for("sdlc_nothing")
    with pytest.raises(KeyError, match="has no label team"):
        ask_for("sdlc_draft_changes", team="pay")


def test_a_histogram_is_asked_by_its_parts_and_le_is_a_label_of_them():
    assert series("sdlc_change_size_lines_bucket", le="10") == 'sdlc_change_size_lines_bucket{job=~"$job", le="10"}'


def test_a_share_is_zero_without_the_part_and_absent_without_the_whole():
    assert share("a", "b", "origin") == (
        "(\n  sum by (origin) (a)\n  or\n  sum by (origin) (b) * 0\n)\n/\n(sum by (origin) (b) > 0)"
    )


def test_a_mean_is_a_sum_by_a_count_that_is_not_zero():
    found = mean("sdlc_change_review_rounds", "7d", "origin", origin="agentic").replace("\n", " ")
    assert found.startswith("sum by (origin) (   increase(sdlc_change_review_rounds_sum{")
    assert found.endswith(" > 0)")
    assert "/ (sum by (origin) (   increase(sdlc_change_review_rounds_count{" in found


def test_a_threshold_is_the_one_value_of_its_name():
    assert threshold("ratio", "coverage") == 'max(sdlc_threshold_ratio{job=~"$job", name="coverage"})'


# Where it stands


def test_panels_stand_from_left_to_right_and_a_full_line_begins_the_next():
    """A row of height 1, a line of 4 + 20 columns and height 4, and one of 24."""
    row, one, two, three = placed(number(), words(width=20), words("Last"))
    assert (row["type"], row["title"], row["gridPos"]) == ("row", "Why?", {"h": 1, "w": 24, "x": 0, "y": 0})
    assert one["gridPos"] == {"h": 4, "w": 4, "x": 0, "y": 1}
    assert two["gridPos"] == {"h": 4, "w": 20, "x": 4, "y": 1}
    assert three["gridPos"] == {"h": 4, "w": 24, "x": 0, "y": 5}
    assert [each["id"] for each in (row, one, two, three)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("panels", "says"),
    [
        ((words(width=12),), "Why\\?: the last line is not filled"),
        ((words(width=12), words("Tall", width=12, height=5)), "Why\\?: Tall is not as high as its neighbours"),
        ((words(width=12), words("Wide", width=13)), "Why\\?: Wide is wider than what is left of its line"),
    ],
)
def test_a_line_that_does_not_fit_is_refused(panels, says):
    with pytest.raises(ValueError, match=says):
        placed(*panels)


# What it says


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ('a{team="$team"}', "How many. Not narrowed by the choice of repository and origin."),
        ('a{team="$team", origin=~"$origin"}', "How many. Not narrowed by the choice of repository."),
        ('a{team="$team", origin=~"$origin", repository=~"$repository"}', "How many."),
        ("vector(1)", "How many."),
    ],
)
def test_a_panel_says_which_choices_do_not_narrow_it(expr, says):
    panel = stat("Number", "How many.", [ask(expr, "one", at_end=True)], unit="short", none="none")
    board = Dashboard(uid="sdlc-x", title="X", about="?", variables=("team", "repository", "origin"), rows=())
    assert described(panel, board)["description"] == says


# How it looks


def test_a_limit_is_asked_for_and_counts_as_100_per_cent():
    panel = number(limit="vector(9)")
    assert [each["refId"] for each in panel["targets"]] == ["A", "Limit"]
    assert panel["transformations"][0]["id"] == "configFromData"
    assert {each["handlerKey"] for each in panel["transformations"][0]["options"]["mappings"]} == {"max"}
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(each["value"], each["color"]) for each in steps] == [(None, "green"), (75, "yellow"), (100, "red")]


def test_a_limit_of_lines_is_a_dashed_line():
    panel = lines("L", "About.", [ask("vector(1)", "one")], unit="s", none="none", limit="vector(9)")
    assert panel["targets"][1]["legendFormat"] == "limit"
    dashed = panel["fieldConfig"]["overrides"][-1]
    assert dashed["matcher"] == {"id": "byName", "options": "limit"}
    assert {"id": "custom.lineStyle", "value": {"dash": [10, 10], "fill": "dash"}} in dashed["properties"]


def test_a_rate_is_asked_in_steps_that_hold_more_than_one_scrape():
    """Grafana's rate interval is four of the query's own shortest steps: four minutes."""
    assert ask("rate(a[$__rate_interval])")["interval"] == "1m"
    assert "interval" not in ask("a")


def test_a_link_keeps_filters_and_sets_what_was_clicked_on():
    (found,) = link("Go", "sdlc-review", "repository")
    assert found["url"] == (
        "/d/sdlc-review?${datasource:queryparam}&${job:queryparam}&${origin:queryparam}&${window:queryparam}"
        "&var-repository=${__value.raw:percentencode}&${__url_time_range}"
    )
    assert link("Go", "sdlc-repositories")[0]["url"] == "/d/sdlc-repositories?${__all_variables}&${__url_time_range}"


def test_columns_of_a_table_are_named_by_their_queries():
    """Grafana calls the values of several queries by their letters; the second here only brings labels."""
    columns = {"team": "Team"}
    several = table("T", "About.", columns, {"First": "vector(1)", "": "vector(2)"}, none="none", sort="First")
    organized = several["transformations"][1]["options"]
    assert organized["renameByName"] == {"team": "Team", "Value #A": "First"}
    assert organized["excludeByName"] == {"Time": True, "Value #B": True}
    single = table("T", "About.", columns, {"Only": "vector(1)"}, none="none", sort="Only")
    assert single["transformations"][1]["options"]["renameByName"] == {"team": "Team", "Value": "Only"}


def test_every_dashboard_has_its_file_by_its_uid():
    for name, content in files().items():
        assert json.loads(content)["uid"] == name.removesuffix(".json")
    order = ("overview", "gain", "review", "tests", "quality", "releases", "ai", "code", "repositories", "exporter")
    assert list(files()) == [f"sdlc-{name}.json" for name in order]
