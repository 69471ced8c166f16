"""Any report at all, drawn from the types of its terms: hostile words, numbers without bounds, nothing that fits."""

from enum import Enum
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from exporter.diagnosis.terms import Interval, Report

WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["<script>alert(1)</script>", "| a | b |", "@bob fixes #12", "\x1b[31mred", "a" * 200, "$x$ `y`"]),
)
SMALL = st.integers(0, 3)


def drawn(kind):
    """Values of one type of the terms."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return st.one_of(*(st.none() if each is NoneType else drawn(each) for each in parts))
    if origin is tuple and parts[-1] is Ellipsis:
        return SMALL.flatmap(lambda many: st.tuples(*[drawn(parts[0])] * many))
    if origin is tuple:
        return st.tuples(*map(drawn, parts))
    if kind is Interval:
        return st.builds(Interval, st.floats(), st.floats(), st.floats())
    if kind is bool:
        return st.booleans()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if issubclass(kind, Struct):
        return st.builds(kind, **{name: drawn(hint) for name, hint in get_type_hints(kind).items()})
    return {int: st.integers(-(10**12), 10**12), float: st.floats(), str: WORDS}[kind]


REPORTS = drawn(Report)
