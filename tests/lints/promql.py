"""PromQL as the lints read it: plain values without parentheses, and what is asked for in them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import promql_parser

SENTINELS = {"__rate_interval": "7m1s", "__interval": "7m3s", "__range": "7m5s", "window": "7m7s"}
"""Durations that nobody writes, in the places of Grafana's variables: without them the text is no PromQL."""
VARIABLES = {421: "$__rate_interval", 423: "$__interval", 425: "$__range", 427: "$window"}
"""The same, in seconds, on the way back."""
OUTSIDE_QUOTES = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|\$(?P<open>\{)?(?P<name>\w+)(?(open)\})"""
)

MINUTE, DAY = 60, 86_400
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})


class Matcher(NamedTuple):
    """``label op "value"``."""

    label: str
    op: str
    value: str


class Selector(NamedTuple):
    """Series by name and labels; ``range`` and ``offset`` in seconds, 0 where there is none."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    range: int = 0
    offset: int = 0

    @property
    def over(self) -> str:
        """The range as it was written: a variable, or a duration."""
        return VARIABLES.get(self.range) or written(self.range)


class Call(NamedTuple):
    """A function at work."""

    name: str
    args: tuple[Any, ...]


class Aggregate(NamedTuple):
    """``op by (…) (expr)``; ``by`` or ``without`` is None where it is not written."""

    op: str
    expr: Any
    parameter: Any = None
    by: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None


class Binary(NamedTuple):
    """``left op right``; ``on`` or ``ignoring`` is None where it is not written, ``group`` is ``left`` or ``right``."""

    op: str
    left: Any
    right: Any
    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] | None = None
    group: str = ""
    brings: tuple[str, ...] = ()
    boolean: bool = False


class Negative(NamedTuple):
    """``-expr``."""

    expr: Any


class Number(NamedTuple):
    """A number."""

    value: float


class Text(NamedTuple):
    """A string."""

    value: str


class Subquery(NamedTuple):
    """``expr[range:step]``."""

    expr: Any
    range: int
    offset: int = 0


Node = Selector | Call | Aggregate | Binary | Negative | Number | Text | Subquery
Found = tuple[Node, tuple[Node, ...]]
"""A node and those around it, from inside to outside."""


@cache
def parse(text: str) -> Node:
    """An expression of a rule or of a panel.

    Raises:
        ValueError: it is no PromQL.
    """
    return _node(promql_parser.parse(OUTSIDE_QUOTES.sub(_replaced, text)))


def seconds(duration: str) -> int:
    """A duration of Prometheus in seconds.

    Raises:
        ValueError: it is none.
    """
    return int(promql_parser.parse_duration(duration).total_seconds())


def written(duration: int) -> str:
    """Seconds as people write them: 604800 as 7d."""
    for size, unit in ((DAY, "d"), (3600, "h"), (MINUTE, "m")):
        if duration >= size and duration % size == 0:
            return f"{duration // size}{unit}"
    return f"{duration}s"


def parts(node: Node) -> tuple[Node, ...]:
    """What a node is made of."""
    match node:
        case Call():
            return node.args
        case Aggregate(parameter=None) | Negative() | Subquery():
            return (node.expr,)
        case Aggregate():
            return (node.parameter, node.expr)
        case Binary():
            return (node.left, node.right)
    return ()


def walk(node: Node, around: tuple[Node, ...] = ()) -> Iterator[Found]:
    """Every node with those around it."""
    yield node, around
    for part in parts(node):
        yield from walk(part, (node, *around))


def find(node: Node, kind: type) -> Iterator[Any]:
    """Every node of a kind."""
    return (each for each, _ in walk(node) if isinstance(each, kind))


def functions(node: Node, around: tuple[Node, ...]) -> list[str]:
    """Names of the functions and aggregations that get a node's value, from inside to outside.

    What only lets others pass, on the right of ``and`` or ``unless``, gives no value to those further out.
    """
    found = []
    for inner, outer in zip((node, *around), around, strict=False):
        if isinstance(outer, Binary) and outer.op in {"and", "unless"} and inner is outer.right:
            break
        if isinstance(outer, Call | Aggregate):
            found.append(outer.name if isinstance(outer, Call) else outer.op)
    return found


def values(node: Node) -> Iterator[Node]:
    """The parts that the value of an expression comes from: not what only lets it pass."""
    match node:
        case Binary(op="and" | "unless"):
            yield from values(node.left)
        case Binary(op="or"):
            yield from values(node.left)
            yield from values(node.right)
        case Binary(boolean=False) if node.op in COMPARISONS:
            yield from values(node.right if scalar(node.left) else node.left)
        case _:
            yield node


def scalar(node: Node) -> bool:
    """Whether it is one number without labels, such as ``time()``."""
    match node:
        case Number():
            return True
        case Call(name="time" | "scalar" | "pi"):
            return True
        case Negative():
            return scalar(node.expr)
        case Binary():
            return scalar(node.left) and scalar(node.right)
    return False


def _replaced(found: re.Match[str]) -> str:
    return found["quoted"] or SENTINELS.get(found["name"], found[0])


def _node(raw: Any) -> Node:
    match raw:
        case promql_parser.ParenExpr():
            return _node(raw.expr)
        case promql_parser.VectorSelector():
            return _selector(raw)
        case promql_parser.MatrixSelector():
            return _selector(raw.vector_selector)._replace(range=_seconds(raw.range))
        case promql_parser.Call():
            return Call(raw.func.name, tuple(_node(each) for each in raw.args))
        case promql_parser.AggregateExpr():
            return _aggregate(raw)
        case promql_parser.BinaryExpr():
            return _binary(raw)
        case promql_parser.UnaryExpr():
            return Negative(_node(raw.expr))
        case promql_parser.NumberLiteral():
            return Number(raw.val)
        case promql_parser.StringLiteral():
            return Text(raw.val)
        case promql_parser.SubqueryExpr():
            return Subquery(_node(raw.expr), _seconds(raw.range), _seconds(raw.offset))
    raise TypeError(f"the parser has a kind of node that the lints do not know: {type(raw).__name__}")


def _seconds(delta: Any) -> int:
    return round(delta.total_seconds()) if delta is not None else 0


OPERATORS = (
    (promql_parser.MatchOp.Equal, "="),
    (promql_parser.MatchOp.NotEqual, "!="),
    (promql_parser.MatchOp.Re, "=~"),
    (promql_parser.MatchOp.NotRe, "!~"),
)
GROUPS = (
    (promql_parser.VectorMatchCardinality.ManyToOne, "left"),
    (promql_parser.VectorMatchCardinality.OneToMany, "right"),
)
"""The parser's words cannot be keys of a dictionary."""


def _selector(raw: Any) -> Selector:
    matchers = tuple(
        Matcher(each.name, next(sign for op, sign in OPERATORS if op == each.op), each.value)
        for each in raw.matchers.matchers
    )
    named = next((each.value for each in matchers if each.label == "__name__"), "")
    return Selector(raw.name or named, matchers, 0, _seconds(raw.offset))


def _aggregate(raw: Any) -> Aggregate:
    parameter = _node(raw.param) if raw.param is not None else None
    if raw.modifier is None:
        return Aggregate(str(raw.op), _node(raw.expr), parameter)
    how = "by" if raw.modifier.type == promql_parser.AggModifierType.By else "without"
    return Aggregate(str(raw.op), _node(raw.expr), parameter, **{how: tuple(raw.modifier.labels)})


def _binary(raw: Any) -> Binary:
    plain = Binary(str(raw.op), _node(raw.lhs), _node(raw.rhs))
    modifier = raw.modifier
    if modifier is None:
        return plain
    matching: dict[str, tuple[str, ...]] = {}
    if modifier.matching is not None:
        how = "on" if modifier.matching.type == promql_parser.LabelModifierType.Include else "ignoring"
        matching[how] = tuple(modifier.matching.labels)
    return plain._replace(
        **matching,
        group=next((side for card, side in GROUPS if card == modifier.card), ""),
        brings=tuple(modifier.group_labels or ()),
        boolean=modifier.return_bool,
    )
