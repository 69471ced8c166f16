"""A series as Prometheus writes it, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import Unanswerable
from exporter.selector import Selector, parse, written


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("sdlc_x", {}),
        (" sdlc_x { } ", {}),
        ('sdlc_x{a="1"}', {"a": "1"}),
        ("sdlc_x{a='1',}", {"a": "1"}),
        ('sdlc_x{ a = "1" , b = "}{,=" }', {"a": "1", "b": "}{,="}),
        (r'sdlc_x{a="\"\\\n"}', {"a": '"\\\n'}),
        ("sdlc_x{a='\"'}", {"a": '"'}),
    ],
)
def test_names_and_equal_labels_are_read(text, labels):
    assert parse(text) == Selector("sdlc_x", labels)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a series: ''"),
        ("{a='1'}", "not a series: "),
        ("1x", "not a series: '1x'"),
        ("sdlc_x or 1", "at 'or 1' there should be a brace"),
        ("sdlc_x{", "at the end there should be a label"),
        ('sdlc_x{a="1"', "at the end there should be a comma or the closing brace"),
        ('sdlc_x{a="1" b="2"}', "at 'b=\"2\"}' there should be a comma or the closing brace"),
        ("sdlc_x{a=1}", "at '1}' there should be a value in quotes"),
        ('sdlc_x{a="1}', "there should be a value in quotes"),
        ('sdlc_x{a="1"}[5m]', "at '[5m]' there should be the end"),
        ("sdlc_x{}[5m]", "at '[5m]' there should be the end"),
        ('sdlc_x{a=~"1"}', 'a=~: only a label\'s own value can be asked for; write a="…"'),
        ('sdlc_x{a!="1"}', "a!=: only"),
        ('sdlc_x{a="1",a="1"}', "a: stands there twice"),
        (r'sdlc_x{a="\d"}', r"\d: no such escape"),
        ("x" * 2001, "not a series: "),
    ],
)
def test_anything_else_is_refused_with_the_place(text, said):
    with pytest.raises(Unanswerable) as refused:
        parse(text)
    assert said in str(refused.value)


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True), st.text(max_size=40), max_size=4))
def test_what_is_written_is_read_back(labels):
    """Whatever a label holds: quotes, braces, line ends, backslashes."""
    assert parse(written("sdlc_x", labels)) == Selector("sdlc_x", labels)
