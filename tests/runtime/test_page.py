from html.parser import HTMLParser

import pytest

from exporter.runtime.page import (
    Budget,
    ConfigStatus,
    LastError,
    RecentError,
    RepositoryStatus,
    ScopeStatus,
    SeriesStatus,
    SourceStatus,
    Status,
    StoreStatus,
    age,
    render,
)

NOW = 1_795_356_000.0  # 2026-11-22 14:00:00 UTC
HOSTILE = """<script>alert("1")</script>'&{style}"""


def status(**more):
    usual = {
        "version": "0.1.0",
        "now": NOW,
        "started": NOW - 60,
        "config": ConfigStatus("/etc/exporter.yaml", NOW - 60),
        "store": StoreStatus("/var/lib/state.db", 3 * 1024 * 1024),
    }
    return Status(**usual | more)


def repository(name, state="ok", **more):
    return RepositoryStatus(name=name, source="acme", team="payments", state=state, **more)


class Outline(HTMLParser):
    """The tags left open, every tag met, and the text."""

    VOID = ("meta", "input", "br")

    def __init__(self, page):
        super().__init__()
        self.open, self.met, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.met.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


FULL = status(
    version=HOSTILE,
    config=ConfigStatus(HOSTILE, NOW, ok=False),
    store=StoreStatus(HOSTILE, 12),
    sources=(
        SourceStatus(
            HOSTILE,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            last_success=NOW,
            last_error=LastError(HOSTILE, HOSTILE, NOW),
            watermark=NOW,
            repositories={HOSTILE: 1},
            load=0.5,
            budgets=(Budget(HOSTILE, 1, 2, NOW),),
        ),
    ),
    repositories=(RepositoryStatus(HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW, NOW, HOSTILE),),
    series=(SeriesStatus(HOSTILE, 1, 2, 3),),
    errors=(RecentError(NOW, HOSTILE, HOSTILE, HOSTILE),),
    scopes=(ScopeStatus(HOSTILE, HOSTILE.replace("_", " "), HOSTILE, (HOSTILE,)),),
    links=((HOSTILE, "https://example.org/" + HOSTILE), ("bad", "javascript:alert(1)")),
)


@pytest.mark.parametrize("shown", [status(), FULL], ids=["empty", "full"])
def test_every_tag_is_closed_and_none_is_a_script(shown):
    outline = Outline(render(shown))
    assert outline.open == []
    assert not {"script", "iframe", "img", "link"} & {tag for tag, _ in outline.met}


def test_hostile_names_are_shown_as_text_wherever_they_stand():
    """25 places of FULL carry the name; the state of a source and of its repositories among them."""
    page = render(FULL)
    assert "<script" not in page
    assert Outline(page).text.count(HOSTILE) == 25


def test_a_link_leads_to_the_web_or_nowhere():
    addresses = [attributes["href"] for tag, attributes in Outline(render(FULL)).met if tag == "a"]
    assert addresses.pop(5) == "https://example.org/" + HOSTILE
    assert addresses.pop().startswith("/audit?series=%3Cscript%3E"), "a metric leads to its rows"
    assert addresses == ["/metrics", "/diagnosis", "/audit", "/-/ready", "/-/healthy", "/diagnosis"]


def test_an_age_is_short_and_its_exact_time_is_at_hand():
    assert '<time datetime="2026-11-22T13:59:00Z" title="2026-11-22 13:59:00 UTC">1 min ago</time>' in render(status())


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (0.9, "just now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400 * 400, "400 d ago"),
        (-90, "in 1 min"),
    ],
)
def test_ages_are_whole_units_rounded_down(seconds, said):
    assert age(seconds) == said


def test_those_in_trouble_come_first_then_those_loading_and_each_by_name():
    shown = status(
        repositories=(
            repository("acme/d", "quiet"),
            repository("acme/c"),
            repository("acme/b"),
            repository("acme/e", "loading"),
            repository("acme/g", "gone"),
            repository("acme/f", "failing", reason="the token lacks a permission"),
        )
    )
    text = Outline(render(shown)).text
    places = [text.index(f"acme/{letter}") for letter in "fgebcd"]
    assert places == sorted(places)
    assert "acme/fthe token lacks a permissionfailing" in text
    assert "2 in trouble" in text


def test_of_more_than_500_repositories_the_rest_is_counted():
    shown = status(repositories=tuple(repository(f"acme/{each:04d}") for each in range(512)))
    text = Outline(render(shown)).text
    assert "acme/0499" in text
    assert "acme/0500" not in text
    assert "12 more are not shown" in text
    assert "512" in text


def test_what_became_of_the_gain_stands_on_the_page_with_the_way_to_its_figures():
    finding = "Coding is 6 h faster per change; all 6 h are lost again."
    scopes = (ScopeStatus("all", "not_measurable", finding, ("qa_blocking", "cycle_time_rising")),)
    outline = Outline(render(status(scopes=scopes)))
    assert "allnot measurableCoding is 6 h faster per change; all 6 h are lost again." in outline.text
    assert "qa blocking, cycle time rising" in outline.text
    assert [each["href"] for tag, each in outline.met if tag == "a"].count("/diagnosis") == 2


def test_an_empty_page_says_what_to_do():
    text = Outline(render(status())).text
    assert "No source is configured. Add one under sources: and send POST to /-/reload." in text
    assert "They appear once a source has listed them." in text
    assert "None since the start." in text


def test_a_store_that_does_not_persist_and_a_faulty_file_are_said():
    text = Outline(render(status(store=StoreStatus(None), config=ConfigStatus("x.yaml", NOW, ok=False)))).text
    assert "not persistent" in text
    assert "faulty, the former stays" in text


def test_progress_and_budgets_stay_inside_their_bars_and_dates_inside_the_calendar():
    """A limit's figures are whatever a server said."""
    budgets = (Budget("graphql", 7000, 5000, 1e18), Budget("core", 5, 0, -1e18))
    source = SourceStatus("acme", "github", "https://api.github.com", "loading", load=1.7, budgets=budgets)
    page = render(status(sources=(source,)))
    widths = [attributes["style"] for _, attributes in Outline(page).met if "style" in attributes]
    assert widths == ["width:100.0%", "width:100.0%", "width:0.0%"]
    assert "9999-12-31" in page


def test_series_left_out_come_before_the_largest_and_ten_are_shown():
    rows = [SeriesStatus(f"sdlc_m{each:02d}", each) for each in range(12)]
    shown = status(series=(*rows, SeriesStatus("sdlc_full", 1, 1, dropped=4)))
    text = Outline(render(shown)).text
    assert text.index("sdlc_full") < text.index("sdlc_m11") < text.index("sdlc_m10")
    assert "sdlc_m02" not in text
    assert "the 10 largest of 13 metrics" in text
    assert "4 left out" in text


def test_the_store_is_measured_in_units_people_read():
    assert "3.0 MiB" in Outline(render(status())).text


def test_a_source_without_an_address_has_no_dangling_dot():
    page = render(status(sources=(SourceStatus("demo", "demo", "", "ok"),)))
    assert '<p class="sub">demo</p>' in page
