import gzip
import math
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString

from exporter.catalogue import Group, Kind, Metric
from exporter.exposition import FORMS, Exposition

HELP = 'How long, in "calendar" time;\nnot C:\\working hours.'


def row(name, kind, labels=(), bounds=()):
    return Metric(name=name, kind=kind, group=Group.EVENTS, help=HELP, labels=labels, bounds=bounds)


WAITING = row("sdlc_changes", Kind.GAUGE, ("repository", "origin"))
AGE = row("sdlc_oldest_wait_seconds", Kind.GAUGE)
INFO = row("sdlc_repository_info", Kind.GAUGE, ("repository", "team"))
OPENED = row("sdlc_opened_total", Kind.COUNTER, ("repository",))
WORK = row("sdlc_work_seconds_total", Kind.COUNTER, ("kind",))
LEAD = row("sdlc_lead_seconds", Kind.HISTOGRAM, ("repository", "branch"), (0.5, 60, 1_209_600))
BATCH = row("sdlc_release_changes", Kind.HISTOGRAM, (), (1, 2))
EARLY = row("sdlc_early_seconds", Kind.HISTOGRAM, ("branch",), (1,))
FACT = row("sdlc_nobody_sees", Kind.FACT)
ROWS = (WAITING, AGE, INFO, OPENED, WORK, LEAD, BATCH, EARLY, FACT)


class Reference:
    """The same samples as the client library collects them."""

    def __init__(self, plain, histograms):
        self.plain = plain
        self.histograms = histograms

    def collect(self):
        kinds = {
            Kind.GAUGE: GaugeMetricFamily,
            Kind.COUNTER: CounterMetricFamily,
            Kind.HISTOGRAM: HistogramMetricFamily,
        }
        for metric in ROWS:
            samples = self.plain.get(metric.name) or self.histograms.get(metric.name)
            if not samples:
                continue
            family_name = metric.name.removesuffix("_total")
            unit = "seconds" if family_name.endswith("_seconds") else ""
            family = kinds[metric.kind](metric.name, metric.help, labels=metric.labels, unit=unit)
            for labels, value in samples.items():
                if metric.kind is Kind.HISTOGRAM:
                    counts, total = value
                    limits = [floatToGoString(bound) for bound in (*metric.bounds, math.inf)]
                    upto = [sum(counts[: each + 1]) for each in range(len(counts))]
                    family.add_metric(labels, list(zip(limits, upto, strict=True)), total)
                else:
                    family.add_metric(labels, value)
            yield family


texts = st.text(
    st.one_of(st.sampled_from('"\\\n\r%{},= \x00\x85\u2028é漢🙂b0'), st.characters(exclude_categories=["Cs"])),
    max_size=6,
)
# The library writes -0.0 as it is; here a zero is a zero.
numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats().map(lambda value: value + 0.0),
    st.sampled_from([0, 20, 999_999, 1_000_000, 1_234_567.5, 0.1, 1e-7, 1e16, math.inf, -math.inf, math.nan]),
)
amounts = st.one_of(st.integers(0, 30), st.integers(0, 10**9))


def samples(metric, values, words):
    return st.dictionaries(st.tuples(*[words] * len(metric.labels)), values, max_size=4)


def children(metric, words):
    counts = st.lists(amounts, min_size=len(metric.bounds) + 1, max_size=len(metric.bounds) + 1)
    return samples(metric, st.tuples(counts, st.integers(0, 10**12)), words)


def of_kind(*kinds):
    return [metric for metric in ROWS if metric.kind in kinds]


def plain_worlds(words):
    return st.fixed_dictionaries(
        {each.name: samples(each, numbers, words) for each in of_kind(Kind.GAUGE, Kind.COUNTER)}
    )


def histogram_worlds(words):
    return st.fixed_dictionaries({each.name: children(each, words) for each in of_kind(Kind.HISTOGRAM)})


# So few that two worlds share some of their label sets.
few = st.sampled_from("abc")


def fill(exposition, plain, histograms):
    for name, values in plain.items():
        for labels, value in values.items():
            exposition.set(name, labels, value)
    for name, values in histograms.items():
        for labels, (counts, total) in values.items():
            exposition.set_histogram(name, labels, counts, total)


def lines(text):
    return sorted(text.split(b"\n"))


@settings(max_examples=150, deadline=None)
@given(plain_worlds(texts), histogram_worlds(texts))
def test_every_line_equals_the_client_librarys(plain, histograms):
    exposition = Exposition(ROWS)
    fill(exposition, plain, histograms)
    rendered = exposition.render()
    registry = CollectorRegistry()
    registry.register(Reference(plain, histograms))
    assert lines(rendered.text) == lines(generate_latest(registry))
    ours, theirs = lines(rendered.openmetrics), lines(openmetrics.generate_latest(registry))
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(
    plain_worlds(few),
    histogram_worlds(few),
    plain_worlds(few),
    histogram_worlds(few),
    st.randoms(use_true_random=False),
)
def test_what_was_changed_step_by_step_equals_what_is_written_at_once(first, first_children, then, then_children, dice):
    """Births, changes, removals and replacements leave nothing behind."""
    stepwise = Exposition(ROWS)
    fill(stepwise, first, first_children)
    for form in FORMS:
        stepwise.render().form(form)
    for name in [*first, *first_children]:
        gone = [labels for labels in {**first, **first_children}[name] if labels not in {**then, **then_children}[name]]
        for labels in gone:
            stepwise.remove(name, labels)
    for name, values in then.items():
        if dice.random() < 0.5:
            stepwise.replace(name, values)
        stepwise.render()
    shuffled = {name: dict(dice.sample(list(values.items()), len(values))) for name, values in then.items()}
    fill(stepwise, shuffled, then_children)
    at_once = Exposition(ROWS)
    fill(at_once, then, then_children)
    left, right = stepwise.render(), at_once.render()
    assert [left.form(form) for form in FORMS] == [right.form(form) for form in FORMS]


def small_world():
    exposition = Exposition(ROWS)
    exposition.set("sdlc_changes", ("acme/shop", "unmarked"), 20)
    exposition.set("sdlc_changes", ("acme/pay", "bot"), 1_209_600)
    exposition.set("sdlc_work_seconds_total", ("update",), 7)
    exposition.set_histogram("sdlc_lead_seconds", ("acme/shop", "main"), [1, 2, 0, 3], 90)
    return exposition


def test_a_small_world_reads_as_written_by_hand():
    """Families by name, samples by label values, buckets adding up, counters without _total in OpenMetrics' headers."""
    said = 'How long, in "calendar" time;\\nnot C:\\\\working hours.'
    quoted = said.replace('"', '\\"')
    rendered = small_world().render()
    samples_of = {
        "changes": 'sdlc_changes{origin="bot",repository="acme/pay"} 1.2096e+06\n'
        'sdlc_changes{origin="unmarked",repository="acme/shop"} 20.0\n',
        "lead": 'sdlc_lead_seconds_bucket{branch="main",le="0.5",repository="acme/shop"} 1.0\n'
        'sdlc_lead_seconds_bucket{branch="main",le="60.0",repository="acme/shop"} 3.0\n'
        'sdlc_lead_seconds_bucket{branch="main",le="1.2096e+06",repository="acme/shop"} 3.0\n'
        'sdlc_lead_seconds_bucket{branch="main",le="+Inf",repository="acme/shop"} 6.0\n'
        'sdlc_lead_seconds_count{branch="main",repository="acme/shop"} 6.0\n'
        'sdlc_lead_seconds_sum{branch="main",repository="acme/shop"} 90.0\n',
        "work": 'sdlc_work_seconds_total{kind="update"} 7.0\n',
    }
    assert rendered.text.decode() == (
        f"# HELP sdlc_changes {said}\n# TYPE sdlc_changes gauge\n{samples_of['changes']}"
        f"# HELP sdlc_lead_seconds {said}\n# TYPE sdlc_lead_seconds histogram\n{samples_of['lead']}"
        f"# HELP sdlc_work_seconds_total {said}\n# TYPE sdlc_work_seconds_total counter\n{samples_of['work']}"
    )
    assert rendered.openmetrics.decode() == (
        f"# HELP sdlc_changes {quoted}\n# TYPE sdlc_changes gauge\n{samples_of['changes']}"
        f"# HELP sdlc_lead_seconds {quoted}\n# TYPE sdlc_lead_seconds histogram\n# UNIT sdlc_lead_seconds seconds\n"
        f"{samples_of['lead']}"
        f"# HELP sdlc_work_seconds {quoted}\n# TYPE sdlc_work_seconds counter\n# UNIT sdlc_work_seconds seconds\n"
        f"{samples_of['work']}# EOF\n"
    )


def test_both_parsers_of_the_client_library_read_the_same_samples():
    rendered = small_world().render()
    text = [sample for family in parse_text(rendered.text.decode()) for sample in family.samples]
    newer = [sample for family in parse_openmetrics(rendered.openmetrics.decode()) for sample in family.samples]
    key = lambda sample: (sample.name, sorted(sample.labels.items()), sample.value)  # noqa: E731
    assert len(text) == 9
    assert sorted(map(key, text)) == sorted(map(key, newer))


def test_nothing_to_show_is_an_empty_text_and_the_end_mark_of_openmetrics():
    rendered = Exposition(ROWS).render()
    assert (rendered.text, rendered.openmetrics) == (b"", b"# EOF\n")


def test_compressed_forms_hold_the_plain_ones_and_no_time():
    rendered = small_world().render()
    assert gzip.decompress(rendered.text_gzip) == rendered.text
    assert gzip.decompress(rendered.openmetrics_gzip) == rendered.openmetrics
    assert rendered.text_gzip[4:8] == bytes(4)


def test_a_form_is_made_when_asked_for_and_from_then_on_with_each_rendering():
    exposition = small_world()
    first = exposition.render()
    assert [first.has(form) for form in FORMS] == [False] * 4
    first.form("openmetrics_gzip")
    assert [form for form in FORMS if exposition.render().has(form)] == ["openmetrics_gzip"]
    assert [form for form in FORMS if exposition.render().has(form)] == ["openmetrics_gzip"]


def test_what_was_rendered_before_does_not_change_with_the_samples():
    exposition = small_world()
    before = exposition.render()
    exposition.set("sdlc_changes", ("acme/shop", "unmarked"), 21)
    exposition.set_histogram("sdlc_lead_seconds", ("acme/shop", "main"), [9, 9, 9, 9], 9)
    exposition.remove("sdlc_work_seconds_total", ("update",))
    assert before.text == small_world().render().text


def test_series_count_lines_and_a_histogram_has_two_beyond_its_buckets():
    """3 bounds + infinity = 4 buckets, and sum and count: 6."""
    assert small_world().series() == {"sdlc_changes": 2, "sdlc_lead_seconds": 6, "sdlc_work_seconds_total": 1}


def test_removing_what_is_not_there_is_no_error_and_the_last_sample_takes_its_family_along():
    exposition = small_world()
    exposition.remove("sdlc_work_seconds_total", ("new",))
    exposition.remove("sdlc_work_seconds_total", ("update",))
    assert b"sdlc_work" not in exposition.render().text
    assert "sdlc_work_seconds_total" not in exposition.series()


def test_a_sample_that_comes_later_stands_where_its_labels_belong_and_one_that_goes_leaves_no_line():
    exposition = small_world()
    exposition.render()
    exposition.set("sdlc_changes", ("acme/alpha", "bot"), 1)
    exposition.render()
    exposition.remove("sdlc_changes", ("acme/pay", "bot"))
    shown = [line for line in exposition.render().text.decode().split("\n") if line.startswith("sdlc_changes{")]
    assert shown == [
        'sdlc_changes{origin="bot",repository="acme/alpha"} 1.0',
        'sdlc_changes{origin="unmarked",repository="acme/shop"} 20.0',
    ]


def test_replacing_a_family_leaves_exactly_the_new_samples():
    exposition = small_world()
    exposition.render()
    exposition.replace("sdlc_changes", {("acme/shop", "unmarked"): 21, ("acme/new", "bot"): 0})
    shown = [line for line in exposition.render().text.decode().split("\n") if line.startswith("sdlc_changes{")]
    assert shown == [
        'sdlc_changes{origin="bot",repository="acme/new"} 0.0',
        'sdlc_changes{origin="unmarked",repository="acme/shop"} 21.0',
    ]


def test_counts_handed_over_may_be_changed_afterwards():
    exposition, counts = Exposition(ROWS), [1, 1, 1]
    exposition.set_histogram("sdlc_release_changes", (), counts, 3)
    counts[0] = 100
    assert b"sdlc_release_changes_count 3.0\n" in exposition.render().text


def test_a_lone_surrogate_in_a_label_costs_no_other_series():
    exposition = small_world()
    exposition.set("sdlc_changes", ("acme/\ud800", "bot"), 1)
    assert b'repository="acme/?"} 1.0\n' in exposition.render().text


@pytest.mark.parametrize(
    ("error", "wrong"),
    [
        (KeyError, lambda shown: shown.set("sdlc_unheard_of", (), 1)),
        (KeyError, lambda shown: shown.set("sdlc_nobody_sees", (), 1)),
        (ValueError, lambda shown: shown.set("sdlc_changes", ("acme/shop",), 1)),
        (ValueError, lambda shown: shown.set("sdlc_release_changes", (), 1)),
        (ValueError, lambda shown: shown.replace("sdlc_release_changes", {(): 1})),
        (ValueError, lambda shown: shown.set_histogram("sdlc_changes", ("a", "b"), [1], 1)),
        (ValueError, lambda shown: shown.set_histogram("sdlc_release_changes", (), [1, 2], 1)),
        (OverflowError, lambda shown: shown.set("sdlc_oldest_wait_seconds", (), 10**400)),
        (ValueError, lambda _: Exposition([row("sdlc_opened", Kind.COUNTER)])),
    ],
)
def test_a_mistake_is_told_to_who_makes_it_and_leaves_the_exposition_whole(error, wrong):
    exposition = small_world()
    with pytest.raises(error):
        wrong(exposition)
    assert exposition.render().text == small_world().render().text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize("form", ["text"])
def test_promtool_finds_nothing_to_complain_about(form):
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=small_world().render().form(form), capture_output=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
