"""The four formats: what each says of reports written by hand, and that each can say any report at all."""

import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import structs

from exporter.diagnosis.terms import Diagnosis, Figure, Flag, Report, ScopeReport, Verdict
from exporter.report import FORMATS, render
from tests.report.drawn import REPORTS
from tests.report.reports import (
    ABSORBED,
    INSUFFICIENT,
    NO_GAIN,
    NOT_MEASURABLE,
    NOW,
    SENTENCE,
    WHOLE,
    report,
)

HOSTILE = """<script>alert("1")</script>'&{style}`|*_[x](http://e) @bob #12 $x$ \x1b[31m\u202e"""
BARE = Report(
    NOW, "0.1.0", (ScopeReport(Diagnosis("all", NOW, Verdict.INSUFFICIENT_DATA, "No baseline.", "Nothing yet."), ()),)
)
READABLE = ("text", "markdown", "html")


def named(scope, name):
    return structs.replace(scope, diagnosis=structs.replace(scope.diagnosis, scope=name))


MANY = report(WHOLE, INSUFFICIENT, NOT_MEASURABLE, NO_GAIN, named(NO_GAIN, HOSTILE), named(WHOLE, "long-name-" * 12))


class Outline(HTMLParser):
    """The tags left open, every tag met with its attributes, ids, and the text."""

    VOID = ("meta", "br")

    def __init__(self, page):
        super().__init__()
        self.open, self.met, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.met.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.met.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f" {data} "


@cache
def words(told, form):
    """What a person reads, with single spaces."""
    shown = render(told, form)
    if form == "html":
        shown = Outline(shown).text
    if form == "markdown":
        shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown.replace("&#8203;", "")).replace("**", "")
    return " ".join(shown.split())


EVERY_NUMBER = (
    "2026-11-23",  # up to when
    "0.1.0",
    "acme-github",
    SENTENCE,
    "The absorbed part is 100 %, its lower bound of 62 % above 25 %.",
    "3 weekly verdicts in a row; 2 doubts below",
    "pickup; it grew most in 96 % of the draws",
    "4.2 d → 4.2 d",
    "1.08 changes became ready for one first review, and the queue grew by 48.",
    "+4.0 h (+2.8 to +5.2)",  # pickup
    "8.0 h (6.8 to 9.2)",
    "12 h (11 to 13)",
    "−6.0 h (−7.5 to −4.5)",  # coding
    "360 → 468",
    "338 → 431",
    "67 %",
    "17 %",
    "+5.0 h (+3.4 to +6.6)",  # up to the merge
    "6 % of the lead time before",
    "4.0 h",  # least visible
    "makes the way 1.3 h longer by itself; left out here",
    "pickup 96 %, review 2 %, merge wait 0 %, QA 2 %, deploy wait 0 %",
    "coding 4.0 d, pickup 48 h, review 60 h, merge wait 12 h, QA 5.0 d, deploy wait 3.3 d",
    "saved in coding +5.5 h (+3.1 to +7.9), added by the other stages +5.2 h (+2.0 to +8.4), absorbed 95 % (40 to "
    "170); n = 120 → 131 changes of the others",
    "Before (12 weeks): 360 ready = 360 merged + 0 abandoned + 0 more in review.",
    "Now (12 weeks): 468 ready = 396 merged + 24 abandoned + 48 more in review.",
    "Now (12 weeks): 396 merged = 360 in production + 36 more undeployed.",
    "39.0",
    "+30 %",
    "100 % of it did not arrive",
    "review 64 %, after the merge 36 %",
    "0 over the baseline, +36 over the current weeks",
    "0 over the baseline, +48 over the current weeks",
    "1.08 changes became ready for each first review",
    "21 % apart",
    "2026-04-13",  # adoption
    "12, 2026-01-05 to 2026-03-29",
    "12, 2026-08-31 to 2026-11-22",
    "63 %",
    "31 %",
    "35 %",
    "93 %",
    "unknown",  # coverage of tests
    "Test maintenance: the stream runs is not read (streams: [runs]).",
    "1.1 (0.7 to 1.6)",
    "sdlc_escape_drift_ratio",
    "n = 468",
    "cannot be measured",
    "not there",
    "12.0 authors a week",
    "120 EUR a week, as declared",
    "540 EUR a week (−180 to 1,260), modelled",
    "4.5 (−1.5 to 10.5) times the cost of the seats, modelled",
    "An hour costs 75 EUR, as declared.",
)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize("said", EVERY_NUMBER)
def test_every_number_of_the_worked_example_is_there(form, said):
    assert said in words(report(), form)


@pytest.mark.parametrize(
    ("form", "fragments"),
    [
        (
            "text",
            (
                "Saved in coding, per change +6.0 h (+4.5 to +7.5)",
                "Added by the other stages +6.0 h (+3.9 to +8.1)",
                "Lead time 4.2 d → 4.2 d: 0.0 h (−2.6 to +2.6)",
                "Absorbed part of the gain 100 % (62 to 144)",
                "Saved as people report 4.0 h per developer and week",
                "Perception gap +3.4 h (+2.6 to +4.2) per developer and week, modelled",  # 4.0 - 0.6, 4.0 - 1.4, 4 + .2
            ),
        ),
        (
            "markdown",
            (
                "| +6.0 h (+4.5 to +7.5) | +6.0 h (+3.9 to +8.1) | 4.2 d → 4.2 d: 0.0 h (−2.6 to +2.6) | 100 % (62 to",
                "| pickup | 8.0 h (6.8 to 9.2) | 12 h (11 to 13) | +4.0 h (+2.8 to +5.2) | 338 → 431 | 67 % |",
                "ABSORBED. Coding is 6 h faster per change",
                "[docs/definitions.md](https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/definitions.md#diagnosis)",
            ),
        ),
        (
            "html",
            (
                "Saved in coding, per change +6.0 h (+4.5 to +7.5)",
                "Lead time 4.2 d → 4.2 d 0.0 h (−2.6 to +2.6)",
                "Absorbed part of the gain 100 % (62 to 144)",
                "Perception gap +3.4 h (+2.6 to +4.2) per developer and week, modelled",
            ),
        ),
    ],
)
def test_the_numbers_to_be_seen_first_stand_beside_their_names(form, fragments):
    shown = words(report(), form)
    for each in fragments:
        assert each in shown


def test_the_waterfall_of_text_falls_by_six_hours_and_climbs_back():
    """Forty columns for 7.5 h less to 2.6 h more around 100 h: 16 for 6 h, and 16 again for 4 + 1 + 1."""
    lines = render(report(), "text").split("\n")
    begin = next(index for index, line in enumerate(lines) if line.startswith("  lead time before"))
    bars = {line[2:18].strip(): line[60:] for line in lines[begin : begin + 8]}
    coding, pickup, review, qa = (bars[each] for each in ("coding", "pickup", "review", "QA"))
    assert coding.count("░") == 16
    assert coding.index("░") == pickup.index("█")  # a bar begins where the last one ended
    assert len(coding) == len(qa)  # and the last ends where coding began
    assert 15 <= sum(each.count("█") for each in (pickup, review, qa)) <= 17
    assert bars["lead time before"] == bars["lead time now"]
    assert bars["lead time now"].startswith("╱╱▓")
    assert bars["merge wait"].strip() == "▏"


OPTIONAL = (
    "gain downstream cycle lead lead_before lead_now absorbed ceiling detectable mix flow controlled baseline current"
)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize("field", OPTIONAL.split())
def test_what_is_missing_is_said_to_be(form, field):
    """No field of the diagnosis becomes a 0, or nothing at all, where it is None."""
    gates = tuple(structs.replace(each, growth=0.1) for each in ABSORBED.flow.gates)
    flow = structs.replace(ABSORBED.flow, gates=gates)
    whole = structs.replace(ABSORBED, flow=flow)
    both = whole, structs.replace(whole, **{field: None})
    was, now = (words(report(structs.replace(WHOLE, diagnosis=each)), form).lower().count("not told") for each in both)
    assert now > was


@pytest.mark.parametrize("form", READABLE)
def test_a_report_of_nothing_says_so_everywhere(form):
    shown = words(BARE, form)
    for each in (
        "INSUFFICIENT DATA" if form != "html" else "insufficient data",
        "Not told: there are no two spans whose stages could be compared.",
        "Not told: there are no two spans whose flow could be compared.",
        "Not told: none of the signals was worked out.",
        "Not told: without two spans to compare there is no saving to put beside what is declared.",
        "Coverage: not told.",
        "Not told: which weeks to compare.",
    ):
        assert each in shown
    body, _, _ = shown.partition("Appendix")
    assert not re.search(r"\b0(\.0)? (h|%)", body)


@pytest.mark.parametrize("form", READABLE)
def test_without_any_scope_there_is_a_sentence(form):
    """Right after a start it is not that there were no repositories: they were not looked at yet."""
    shown = words(Report(NOW, "0.1.0", ()), form)
    assert "There is no scope to report on" in shown
    assert "nothing was looked at yet" in shown


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verdict", [Verdict.NO_GAIN, Verdict.NOT_MEASURABLE, Verdict.INSUFFICIENT_DATA])
def test_the_absorbed_part_is_not_shown_where_a_gate_forbids_it(form, verdict):
    """Even if the diagnosis left it in: 62 to 144 % of the whole, 40 to 170 % of the control, 67 % of a stage."""
    told = structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, verdict=verdict))
    shown = render(report(told), form)
    assert "62 to 144" not in shown
    assert "40 to 170" not in shown
    assert "How much of the gain is absorbed" not in shown
    assert not re.search(r"67 %|0\.6667", shown)
    if form == "json":
        scope = json.loads(shown)["scopes"][0]
        assert scope["absorbed_ratio"] is None
        assert scope["controlled"]["absorbed_ratio"] is None
        assert {each["share_ratio"] for each in scope["stages"]} == {None}


@pytest.mark.parametrize("flag", [Flag.CODING_UNRELIABLE, Flag.DENOMINATOR_SMALL])
def test_a_gain_in_doubt_divides_nothing_whatever_the_verdict(flag):
    told = report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, flags=((flag, "So it is."),))))
    assert "62 to 144" not in words(told, "text")
    assert json.loads(render(told, "json"))["scopes"][0]["absorbed_ratio"] is None
    why = {Flag.CODING_UNRELIABLE: "coding time is unreliable", Flag.DENOMINATOR_SMALL: "the gain is too small"}[flag]
    assert f"Absorbed part of the gain not told: {why}" in words(told, "text")


def test_changes_of_stages_keep_their_intervals_where_the_absorbed_part_is_not_told():
    assert "+4.0 h (+2.8 to +5.2)" in words(report(NOT_MEASURABLE), "text")


@pytest.mark.parametrize("form", READABLE)
def test_the_organisation_comes_first_then_economics_then_teams_then_the_appendix(form):
    shown = words(MANY, form)
    heads = (
        "The whole organisation",
        "What it costs",
        "Team mobile",
        "Team payments",
        "Team search",
        "Appendix: every",
    )
    places = [shown.index(each) for each in heads]
    assert places == sorted(places)


def test_all_scopes_have_a_line_in_the_table_on_top_and_one_scope_needs_none():
    top = render(MANY, "markdown").split("## The whole organisation")[0]
    assert "| all | **absorbed** | 6.0 h (4.5 to 7.5) | 100 % (62 to 144) | pickup | 2 of 3 | 2 |" in top
    assert "| mobile | **insufficient data** | not told | not told | none named | not told | 0 |" in top
    assert "| search | **no gain** | 0.8 h (−0.7 to 2.3) | not told | none named | 2 of 3 | 1 |" in top
    assert "All scopes" not in render(report(), "markdown")


def test_a_balance_that_does_not_close_says_so():
    """468 = 396 + 24 + 40 + 8."""
    flow = structs.replace(ABSORBED.flow, waiting=(0, 40))
    shown = words(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, flow=flow))), "text")
    assert "48 more in review" not in shown
    assert "+ 40 more in review; 8 changes unaccounted for, so do not rely on this balance." in shown


def test_merges_of_which_nothing_tells_when_they_are_in_production_are_counted_as_such():
    """396 = 330 + 36 + 30."""
    gates = tuple(
        structs.replace(each, now=27.5) if each.name == "in_production" else each for each in ABSORBED.flow.gates
    )
    flow = structs.replace(ABSORBED.flow, gates=gates)
    shown = words(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, flow=flow))), "text")
    said = (
        "396 merged = 330 in production + 36 more undeployed + 30 of which nothing tells when they are in production."
    )
    assert said in shown


def test_a_stage_at_its_cap_says_that_it_truly_takes_longer():
    """Pickup takes 12 h; of a cap of 13 h that is 92 %, of one of 14 h 86 %."""
    for cap, warned in ((13, True), (14, False)):
        pickup = structs.replace(ABSORBED.stages[1], cap=cap * 3600)
        stages = (ABSORBED.stages[0], pickup, *ABSORBED.stages[2:])
        shown = words(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, stages=stages))), "text")
        said = "pickup is at its cap of 13 h: Nearly every change reaches it, so pickup truly takes longer"
        assert (said in shown) is warned


@pytest.mark.parametrize("form", READABLE)
def test_a_stage_that_no_change_entered_has_no_time_instead_of_0(form):
    nothing = structs.replace(ABSORBED.stages[4], entered=(0, 0))  # QA, +1.0 h (+0.1 to +1.9)
    stages = (*ABSORBED.stages[:4], nothing, ABSORBED.stages[5])
    shown = words(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, stages=stages))), form)
    assert "no change entered" in shown
    assert "+0.1 to +1.9" not in shown


def test_a_mix_that_makes_the_way_shorter_says_so():
    """The cut of lead times is larger than that of like changes."""
    told = structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, mix=7200))
    assert "Other mix of changes makes the way 2.0 h shorter by itself; left out here" in words(report(told), "text")


@pytest.mark.parametrize("form", READABLE)
def test_without_an_adoption_the_weeks_of_least_ai_are_the_baseline(form):
    told = structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, adoption=None))
    assert "not configured: the baseline is the weeks with the least AI" in words(report(told), form)


def test_a_growth_that_is_not_known_is_no_growth_of_nothing():
    assert "abandoned 0.0 2.0 not told" in words(report(), "text")


def test_a_queue_that_shrank_is_taken_off():
    """Before: 360 = 348 + 24 - 12."""
    gates = tuple(
        structs.replace(each, before={"merged": 29, "abandoned": 2}.get(each.name, each.before))
        for each in ABSORBED.flow.gates
    )
    flow = structs.replace(ABSORBED.flow, gates=gates, waiting=(-12, 48))
    shown = words(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, flow=flow))), "text")
    assert "360 ready = 348 merged + 24 abandoned − 12 fewer in review." in shown


def test_an_absorbed_verdict_of_one_week_says_that_alerts_wait_for_three():
    told = structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, absorbed_weeks=1, flags=()))
    assert "1 weekly verdict in a row, of the 3 that an alert waits for; no doubt was found." in words(
        report(told), "text"
    )


def test_markdown_of_a_hostile_name_makes_no_link_mention_formula_or_markup():
    shown = render(report(named(WHOLE, HOSTILE)), "markdown")
    (title,) = (line for line in shown.split("\n") if line.startswith("## Team"))
    assert title == (
        '## Team \\<script\\>alert("1")\\</script\\>\'\\&{style}\\`\\|\\*\\_\\[x\\](http:\\/\\/e) '
        "@&#8203;bob #&#8203;12 "
        "<span>$</span>x<span>$</span> \ufffd\\[31m\ufffd"
    )


def test_markdown_shows_a_metric_as_code_only_if_it_is_a_name():
    figures = (Figure("a", "1", "sdlc_lead_time"), Figure("b", "2", "` @bob"))
    told = structs.replace(WHOLE, signals=(structs.replace(WHOLE.signals[0], figures=figures),))
    shown = render(report(told), "markdown")
    assert "- **Cycle time rises: a** (`sdlc_lead_time`): 1\n" in shown
    assert "- **Cycle time rises: b** (\\` @&#8203;bob): 2\n" in shown


def test_markdown_lines_of_words_begin_no_list_of_their_own():
    told = structs.replace(WHOLE, missing=("- one", "1. two", "# three", "+4 h"))
    shown = render(report(told), "markdown")
    assert "- \\- one\n- 1\\. two\n- \\# three\n- \\+4 h\n" in shown


def test_a_hostile_name_is_text_in_html_and_leads_nowhere():
    page = render(MANY, "html")
    assert "<script" not in page
    assert Outline(page).text.count('<script>alert("1")</script>\'&{style}') == 2  # in the table on top, and its title


def test_a_hostile_gate_is_text_in_the_table_and_in_the_plot():
    gates = (*ABSORBED.flow.gates, structs.replace(ABSORBED.flow.gates[0], name="<script>"))
    flow = structs.replace(ABSORBED.flow, gates=gates)
    page = render(report(structs.replace(WHOLE, diagnosis=structs.replace(ABSORBED, flow=flow))), "html")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 3  # table, label and description of the plot


@pytest.mark.parametrize("told", [report(), MANY, BARE, Report(NOW, "0.1.0", ())], ids=["one", "many", "bare", "none"])
def test_html_is_closed_valid_and_takes_nothing_from_elsewhere(told):
    page = render(told, "html")
    outline = Outline(page)
    assert outline.open == []
    tags = {tag for tag, _ in outline.met}
    assert not {"script", "iframe", "img", "link", "form", "object", "image", "use"} & tags
    assert "url(" not in page
    assert "@import" not in page
    attributes = [(name, value) for _, found in outline.met for name, value in found.items()]
    assert not {name for name, _ in attributes if name.startswith("on") or name in {"src", "style", "srcset"}}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    hrefs = {value for name, value in attributes if name == "href"}
    away = {each for each in hrefs if not each.startswith("#")}
    assert away == {"https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/definitions.md#diagnosis"}
    assert {each[1:] for each in hrefs - away} <= set(ids)
    labels = {each for name, value in attributes if name == "aria-labelledby" for each in value.split()}
    assert labels <= set(ids)


def test_every_plot_of_html_says_in_words_what_it_shows():
    page = render(report(), "html")
    plots = re.findall(r"<svg class=\"plot\".*?</desc>", page)
    assert len(plots) == 4  # waterfall, absorbed part, stages, gates
    assert all(each.count("<title") == 1 for each in plots)
    assert "pickup: +4.0 h (+2.8 to +5.2). review: +1.0 h (+0.2 to +1.8)." in plots[0]


def test_the_bars_of_the_waterfall_stand_to_scale():
    """Pickup's +4 h are two thirds as wide as coding's -6 h, and begin where those end."""
    page = render(report(), "html")
    found = re.search(r'<svg class="plot".*?</figure>', page, re.DOTALL)[0]
    bars = re.findall(r'<rect class="(less|more)" x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%"', found)
    (coding, saved, wide), (pickup, begin, less) = bars[:2]
    assert (coding, pickup) == ("less", "more")
    assert float(begin) == pytest.approx(float(saved), abs=0.002)
    assert float(less) / float(wide) == pytest.approx(4 / 6, abs=0.001)
    # The interval of -6 h reaches 1.5 h to either side of where the bar ends.
    whiskers = re.findall(r'<line class="whisker" x1="([\d.]+)%" y1="([\d.]+)" x2="([\d.]+)%" y2="\2"/>', found)
    low, high = float(whiskers[0][0]), float(whiskers[0][2])
    assert (low + high) / 2 == pytest.approx(float(saved), abs=0.002)
    assert (high - low) / float(wide) == pytest.approx(3 / 6, abs=0.001)


@pytest.mark.parametrize("told", [report(), MANY, BARE], ids=["one", "many", "bare"])
def test_lines_of_text_take_at_most_100_columns(told):
    assert max(map(len, render(told, "text").split("\n"))) <= 100


def test_another_format_is_refused_by_name():
    with pytest.raises(ValueError, match="no format 'pdf'; there are text, json, markdown, html"):
        render(report(), "pdf")


@settings(
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(REPORTS)
def test_any_report_can_be_said_in_every_format(told):
    text, data, markdown, page = (render(told, each) for each in FORMATS)
    for each in (text, data, markdown, page):
        each.encode()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", each)
    assert max(map(len, text.split("\n"))) <= 100
    assert json.loads(data)["format"] == 1
    outline = Outline(page)
    assert outline.open == []
    assert "script" not in {tag for tag, _ in outline.met}
    assert "nan" not in {value for _, found in outline.met for value in found.values()}
    assert not re.search(r'="(nan|inf)', page)
    assert "\n<script" not in markdown
