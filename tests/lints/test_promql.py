"""Expressions become plain values, and the parts of one that matter are found."""

import pytest

from tests.lints.panel_rules import may_fall_below_zero
from tests.lints.promql import (
    Aggregate,
    Binary,
    Call,
    Matcher,
    Negative,
    Number,
    Selector,
    Subquery,
    Text,
    find,
    functions,
    parse,
    seconds,
    values,
    walk,
    written,
)
from tests.lints.query_rules import _never_zero


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ('a{b="c", d!~"e.+"}', Selector("a", (Matcher("b", "=", "c"), Matcher("d", "!~", "e.+")))),
        ('{__name__="a"}', Selector("a", (Matcher("__name__", "=", "a"),))),
        ("a[7d] offset 1h", Selector("a", (), 604_800, 3600)),
        ("rate(a[5m])", Call("rate", (Selector("a", (), 300),))),
        ("((a))", Selector("a")),
        ("sum(a)", Aggregate("sum", Selector("a"))),
        ("sum by (b) (a)", Aggregate("sum", Selector("a"), by=("b",))),
        ("topk without (b) (3, a)", Aggregate("topk", Selector("a"), Number(3), without=("b",))),
        ("a + b", Binary("+", Selector("a"), Selector("b"))),
        ("a / on (c) group_left (d) b", Binary("/", Selector("a"), Selector("b"), ("c",), None, "left", ("d",))),
        ("a / ignoring (c) group_right () b", Binary("/", Selector("a"), Selector("b"), None, ("c",), "right")),
        ("a > bool 1", Binary(">", Selector("a"), Number(1), boolean=True)),
        ("-a", Negative(Selector("a"))),
        ("a[1h:5m] offset 1m", Subquery(Selector("a"), 3600, 60)),
        ('label_join(a, "b", ",")', Call("label_join", (Selector("a"), Text("b"), Text(",")))),
    ],
)
def test_an_expression_is_plain_values(text, node):
    assert parse(text) == node


@pytest.mark.parametrize("written", ["$__rate_interval", "${__rate_interval}", "$__interval", "$__range", "$window"])
def test_a_variable_of_grafana_may_stand_for_a_range(written):
    assert parse(f"a[{written}]").over == written.replace("{", "").replace("}", "")


def test_variables_in_quotes_stay():
    assert parse('a{window="$window", b=~"$b"}').matchers == (
        Matcher("window", "=", "$window"),
        Matcher("b", "=~", "$b"),
    )


@pytest.mark.parametrize("text", ["sum(a", "a[$other]", "a{b=c}", "rate(a)"])
def test_what_is_no_promql_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_durations_are_read_and_written():
    """An hour and a half is 5400 s."""
    assert seconds("1h30m") == 5400
    assert [written(number) for number in (604_800, 7200, 90, 60)] == ["7d", "2h", "90s", "1m"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sum(rate(a[5m]))", ["rate", "sum"]),
        ("sum(b and rate(a[5m]))", ["rate"]),
        ("sum(rate(a[5m]) and b)", ["rate", "sum"]),
        ("a", []),
    ],
)
def test_functions_get_a_value_unless_it_only_lets_others_pass(text, names):
    node, around = next((node, around) for node, around in walk(parse(text)) if getattr(node, "name", "") == "a")
    assert functions(node, around) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a and b", ["a"]),
        ("a unless b", ["a"]),
        ("a or b", ["a", "b"]),
        ("a > b", ["a"]),
        ("1 < a", ["a"]),
        ("a > bool b", ["a", "b"]),
        ("a / b > 2", ["a", "b"]),
    ],
)
def test_a_value_comes_from_what_is_not_only_compared(text, names):
    assert [each.name for node in values(parse(text)) for each in find(node, Selector)] == names


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("2", True),
        ("0", False),
        ("a", False),
        ("a > 0", True),
        ("a > bool 0", False),
        ("(a > 0) and b", True),
        ("a and (b > 0)", False),
        ("a + 1", True),
        ("a + 0", False),
        ("(a > 0) * 2", True),
        ("a * 2", False),
        ("clamp_min(a, 1)", True),
        ("clamp_min(a, 0)", False),
        ("sqrt(a + b + 1)", True),
        ("sum(a > 0)", True),
        ("sum(a)", False),
        ("rate(a[5m])", False),
    ],
)
def test_a_divisor_is_guarded(text, safe):
    assert _never_zero(parse(text)) == safe


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("a", False),
        ("sum(a) - sum(b)", True),
        ("sum(a - b)", True),
        ("time() - a", False),
        ("1 - a / b", False),
        ("-a", True),
        ("a - b > 0", False),
        ("a - b > 1", False),
        ("a - b > -1", True),
        ("a - b > bool 0", True),
        ("a - b < 9", True),
        ("9 > a - b", True),
        ("b and (a - b)", False),
        ("(a - b) and b", True),
        ("deriv(a[1h])", True),
        ("clamp_min(a - time(), 0)", False),
        ("topk(3, a)", False),
    ],
)
def test_what_may_fall_below_zero(text, may):
    assert may_fall_below_zero(parse(text)) == may
