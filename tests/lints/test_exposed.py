"""The page that the lints compare with is whole: every metric of the catalogue, with its labels and their values."""

import re
from typing import get_args

import pytest

from exporter.catalogue import Kind, exported
from exporter.config.settings import ChangesName, RatioName, SecondsName
from exporter.render.metrics import LABELS
from tests.lints.exposed import PARTS, Family, read
from tests.lints.shapes import CLOSED

ROWS = {row.name: row for row in exported()}


def base(name):
    return name if name in ROWS else next(name.removesuffix(part) for part in PARTS if name.endswith(part))


def test_the_page_has_the_metrics_of_the_catalogue_and_no_others(exposed):
    assert {base(name) for name in exposed} == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_a_metric_has_the_type_and_labels_of_the_catalogue(name, exposed):
    row = ROWS[name]
    histogram = row.kind is Kind.HISTOGRAM
    for part in PARTS if histogram else ("",):
        family = exposed[name + part]
        assert family.kind == row.kind
        assert set(family.labels) - {"le"} == set(row.labels)
        assert ("le" in family.labels) == (part == "_bucket")


@pytest.mark.parametrize("label", sorted(CLOSED - {"le"}))
def test_a_closed_label_has_the_values_that_are_documented(label, exposed):
    """Both ways: nothing else is on the page, and the page is rich enough to have each of them somewhere."""
    documented = set(re.findall(r"`([^`]+)`", LABELS[label]))
    if label == "name":
        documented |= {*get_args(SecondsName), *get_args(RatioName), *get_args(ChangesName)}
    assert set().union(*(family.labels.get(label, frozenset()) for family in exposed.values())) == documented


def test_a_label_that_is_sometimes_empty_is_lacking():
    """Prometheus keeps no empty label."""
    text = '# TYPE a_total counter\na_total{x="1",y=""} 1\na_total{x="2",y="3"} 1\n'
    assert read(text) == {"a_total": Family("counter", {"x": frozenset("12"), "y": frozenset("3")}, frozenset("y"))}
