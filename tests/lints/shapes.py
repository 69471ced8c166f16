"""Which labels the series of an expression have: computed, without a Prometheus, from what the exporter exposes."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tests.lints.exposed import PARTS, Exposed
from tests.lints.promql import SETS, Aggregate, Binary, Call, Negative, Node, Selector, Subquery, Text, scalar

CLOSED = frozenset({
    "arm", "attempt", "bound", "branch", "by", "capability", "direction", "environment", "flag", "found", "gate",
    "issue", "layer", "le", "name", "origin", "outcome", "percentile", "queue", "reason", "result", "reviewed",
    "reviewer", "severity", "signal", "span", "stage", "state", "stream", "theme", "tier", "until", "verdict", "what",
    "window",
})  # fmt: skip
"""The labels whose values are known beforehand; the others hold names that only an organisation knows."""
EXPORTER = ("cluster", "namespace", "job")
"""The labels that tell one exporter from another."""
POD = ("instance", "pod")
"""The labels that a restart of an exporter may change."""
ONE_EACH = {"sdlc_repository_info": {"source": "repository", "team": "repository"}}
"""Labels that another one of the metric decides: a repository has one source and one team."""
KEEPING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that choose among series and leave their labels."""


class Label(NamedTuple):
    """A label: on all series or on some; its values, None if any; the label that decides it."""

    sure: bool = True
    values: frozenset[str] | None = None
    by: str = ""

    @property
    def fixed(self) -> bool:
        """All series have the same value."""
        return self.values is not None and len(self.values) == 1


Shape = Mapping[str, Label]
"""The labels of the series of an expression."""
NOTHING: Shape = {}
TARGET: Shape = {
    "job": Label(),
    "instance": Label(),
    **{label: Label(sure=False) for label in ("cluster", "namespace", "pod")},
}
"""What Prometheus adds to every series."""

IMPOSSIBLE, AMBIGUOUS = "impossible", "ambiguous"
Fault = tuple[str, str]
"""What is wrong with how two sides are matched: one of the two words, and a sentence."""


class World:
    """All series there are: the exporter's, those that rules record, and Prometheus' own of firing alerts."""

    def __init__(self, exposed: Exposed, more: Mapping[str, Shape] | None = None) -> None:
        self.exposed = exposed
        self.more = dict(more or {})

    def series(self, name: str) -> Shape | None:
        """The labels of the series of a name; None if nothing has it."""
        if name in self.more:
            return self.more[name]
        family = self.exposed.get(name)
        if family is None or (family.kind == "histogram" and not name.endswith(PARTS)):
            return None
        decided = ONE_EACH.get(name, {})
        own = {
            label: Label(label not in family.lacking, values if label in CLOSED else None, decided.get(label, ""))
            for label, values in family.labels.items()
        }
        return {**TARGET, **own}


def shape(node: Node, world: World, faults: Callable[[Fault], object] = lambda fault: None) -> Shape:
    """The labels of an expression's series; what cannot match is told to ``faults``."""
    if scalar(node):
        return NOTHING
    match node:
        case Selector():
            return _selected(node, world)
        case Subquery() | Negative():
            return shape(node.expr, world, faults)
        case Aggregate():
            return _aggregated(node, shape(node.expr, world, faults), faults)
        case Binary():
            return _joined(node, shape(node.left, world, faults), shape(node.right, world, faults), faults)
        case Call():
            return _called(node, [shape(each, world, faults) for each in node.args])
    return NOTHING


def varying(found: Shape, among: Iterable[str] | None = None) -> set[str]:
    """Labels by which series of a shape differ, but for those that another one of it decides."""
    names = found if among is None else set(among) & set(found)
    return {name for name in names if not found[name].fixed and found[name].by not in found}


def _selected(selector: Selector, world: World) -> Shape:
    labels = dict(world.series(selector.name) or NOTHING)
    for matcher in selector.matchers:
        label = labels.get(matcher.label)
        if label is None:
            continue
        if matcher.op == "=":
            labels[matcher.label] = Label(values=frozenset({matcher.value}))
        elif label.values is not None and not matcher.value.startswith("$"):
            labels[matcher.label] = Label(values=frozenset(each for each in label.values if _lets(matcher, each)))
        elif matcher.op == "=~" and not matcher.value.startswith("$") and not re.search(r"[.*+?\[(\\]", matcher.value):
            labels[matcher.label] = Label(values=frozenset(matcher.value.split("|")))
    return labels


def _lets(matcher: tuple[str, str, str], value: str) -> bool:
    _, op, wanted = matcher
    if op == "!=":
        return value != wanted
    return bool(re.fullmatch(wanted, value)) == (op == "=~")


def _without(found: Shape, labels: Iterable[str]) -> dict[str, Label]:
    """The shape less some labels; what they decided is decided by nothing now."""
    gone = set(labels)
    return {
        name: label._replace(by="") if label.by in gone else label for name, label in found.items() if name not in gone
    }


def _aggregated(node: Aggregate, inside: Shape, faults: Callable[[Fault], object]) -> Shape:
    for label in node.by or ():
        if label not in inside:
            faults((IMPOSSIBLE, f"{node.op} by ({label}): what it sums up has no such label"))
    for label in node.without or ():
        if label not in inside and label not in TARGET:
            faults((IMPOSSIBLE, f"{node.op} without ({label}): what it sums up has no such label"))
    if node.op in KEEPING:
        return inside
    kept = set(node.by or ()) if node.without is None else set(inside) - set(node.without)
    found = _without(inside, set(inside) - kept)
    if node.op == "count_values" and isinstance(node.parameter, Text):
        found[node.parameter.value] = Label()
    return found


def _called(node: Call, args: list[Shape]) -> Shape:
    match node:
        case Call(name="vector"):
            return NOTHING
        case Call(name="absent" | "absent_over_time", args=(Selector() as selector,)):
            equal = [each for each in selector.matchers if each.op == "=" and each.label != "__name__"]
            return {each.label: Label(values=frozenset({each.value})) for each in equal}
        case Call(name="absent" | "absent_over_time"):
            return NOTHING
        case Call(name="label_replace", args=(_, Text(label), Text("$1"), Text(source), Text("(.*)"))) if (
            source in args[0]
        ):
            return {**args[0], label: args[0][source]}
        case Call(name="label_replace", args=(_, Text(label), Text(value), Text(source), Text(pattern))):
            constant = not source or not pattern
            return {**args[0], label: Label(values=frozenset({value})) if constant else Label(sure=False)}
        case Call(name="label_join", args=(_, Text(label), *_)):
            return {**args[0], label: Label()}
        case Call(name="histogram_quantile"):
            return _without(args[1], {"le"})
    return next((each for each in args if each), NOTHING)


def _joined(node: Binary, left: Shape, right: Shape, faults: Callable[[Fault], object]) -> Shape:
    if scalar(node.left) or scalar(node.right):
        return right if scalar(node.left) else left
    if node.op == "or":
        return _either(left, right)
    matching = set(node.on) if node.on is not None else (set(left) | set(right)) - set(node.ignoring or ())
    for sentence in _unmatched(node, left, right, matching):
        faults((IMPOSSIBLE, sentence))
    if node.op in SETS:
        return _narrowed(left, right, matching) if node.op == "and" else left
    for side, one in (("left", left), ("right", right)):
        if node.group != side and (several := varying(one, set(one) - matching)):
            names = ", ".join(sorted(several))
            faults((AMBIGUOUS, f"{node.op}: the {side} side may have several series for one match, by {names}"))
    if node.group:
        many, one = (left, right) if node.group == "left" else (right, left)
        for label in node.brings:
            if label not in one:
                faults((IMPOSSIBLE, f"group_{node.group} ({label}): the other side has no such label"))
        return {**_without(many, node.brings), **{label: one[label] for label in node.brings if label in one}}
    met = _narrowed(left, right, matching)
    return _without(met, set(met) - matching) if node.on is not None else _without(met, node.ignoring or ())


def _unmatched(node: Binary, left: Shape, right: Shape, matching: set[str]) -> Iterable[str]:
    """Why no series of one side can meet one of the other, or what is ignored in vain."""
    for label in sorted(set(node.ignoring or ()) - {*left, *right, *TARGET}):
        yield f"{node.op} ignoring ({label}): neither side has it"
    for label in sorted(matching):
        one, other = left.get(label), right.get(label)
        if one is None and other is None:
            if label not in TARGET:
                yield f"{node.op} on ({label}): neither side has it"
        elif one is None or other is None:
            side = "left" if one is None else "right"
            if (one or other or Label()).sure:
                yield f"{node.op}: {label} is missing on the {side} side, so nothing ever matches"
        elif one.values is not None and other.values is not None and not _overlap(one.values, other.values):
            yield f"{node.op}: {label} has other values on the left than on the right, so nothing ever matches"


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) or any(each.startswith("$") for each in one | other)


def _either(left: Shape, right: Shape) -> Shape:
    found = {}
    for label in {*left, *right}:
        one, other = left.get(label), right.get(label)
        if one is None or other is None:
            found[label] = (one or other or Label())._replace(sure=False)
        else:
            known = one.values is not None and other.values is not None
            found[label] = Label(
                one.sure and other.sure,
                (one.values or frozenset()) | (other.values or frozenset()) if known else None,
                one.by if one.by == other.by else "",
            )
    return found


def _narrowed(left: Shape, right: Shape, matching: set[str]) -> dict[str, Label]:
    """The left side's labels, where matched ones have only values that the right side has too."""
    found = dict(left)
    for label in matching & set(left) & set(right):
        one, other = left[label], right[label]
        values = one.values if other.values is None else other.values
        if one.values is not None and other.values is not None:
            values = (one.values & other.values) or one.values
        found[label] = Label(one.sure or other.sure, values, one.by or other.by)
    return found
