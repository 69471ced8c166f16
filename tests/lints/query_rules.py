"""Rules about what is asked of Prometheus, by panels and by rules alike."""

import re
from collections.abc import Iterator, Sequence

from tests.lints.exposed import PARTS
from tests.lints.promql import (
    COMPARISONS,
    DAY,
    MINUTE,
    OUTSIDE_QUOTES,
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Selector,
    find,
    functions,
    parse,
    walk,
    written,
)
from tests.lints.rulebook import Everything, Finding, Over, Query, rule
from tests.lints.shapes import AMBIGUOUS, CLOSED, IMPOSSIBLE, Fault, shape

Queries = Sequence[Query]

RATES = frozenset({"rate", "irate", "increase"})
OF_COUNTERS = RATES | {"resets"}
"""Functions that know of resets, and so need a counter."""
OF_GAUGES = frozenset({
    "delta", "idelta", "deriv", "predict_linear", "avg_over_time", "min_over_time", "max_over_time", "sum_over_time",
    "quantile_over_time", "stddev_over_time", "stdvar_over_time",
})  # fmt: skip
"""Functions that take a reset for a fall."""
EXCUSING = OF_COUNTERS | {"changes", "absent", "absent_over_time", "present_over_time", "count_over_time"}
"""Under these a counter is not shown as the number it is, which says little but when the exporter started."""
ADDING = frozenset({"sum", "avg", "stddev", "stdvar"})
SCRAPED_EVERY = MINUTE
SECRET = re.compile(
    r"\b(?:limitk|limit_ratio|info|mad_over_time|sort_by_label|sort_by_label_desc|double_exponential_smoothing|"
    r"holt_winters|fill|fill_left|fill_right)\s*\(|\b(?:anchored|smoothed)\b"
)
"""Behind a feature flag, gone in Prometheus 3, or newer than 2.42."""
META = re.compile(r"[.*+?|\[\](){}\\]")


def nodes(queries: Queries) -> Iterator[tuple[str, Node]]:
    """Every query that can be parsed; of the others rules 12 and 57 speak."""
    for query in queries:
        try:
            yield query.where, parse(query.text)
        except ValueError:
            continue


def selectors(queries: Queries) -> Iterator[tuple[str, Selector, tuple[Node, ...]]]:
    """Every selector, with what stands around it."""
    for where, node in nodes(queries):
        for each, around in walk(node):
            if isinstance(each, Selector):
                yield where, each, around


def unparsed(queries: Queries) -> Iterator[Finding]:
    """Queries that are no PromQL, and why."""
    for query in queries:
        try:
            parse(query.text)
        except ValueError as error:
            yield query.where, f"{error}: {query.text!r}"


def is_counter(name: str, everything: Everything) -> bool:
    """Whether a name is that of a counter, of a histogram's part, or looks like one."""
    family = everything.exposed.get(name)
    return name.endswith(("_total", *PARTS)) or (family is not None and family.kind in {"counter", "histogram"})


def raw_counters(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """Counters that are used as they are."""
    for where, selector, around in selectors(queries):
        if is_counter(selector.name, everything) and not EXCUSING & set(functions(selector, around)):
            yield where, f"{selector.name} is a counter and stands under no rate or increase"


@rule(13, Over.DASHBOARD_QUERIES)
def rate_interval(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """13. Rates, and the exporter's own counters, which move all the time, go over $__rate_interval.

    Counters of changes are sparse: they increase over $window, $__range or a day and more.
    """
    for where, node in nodes(queries):
        for call in find(node, Call):
            if call.name not in RATES:
                continue
            for selector in (each for each in find(call, Selector) if each.range):
                dense = call.name != "increase" or selector.name.startswith("sdlc_exporter_")
                short, long = selector.over == "$__rate_interval", selector.over in {"$window", "$__range"}
                if not (short if dense else long or (selector.over[0] != "$" and selector.range >= DAY)):
                    yield where, f"{call.name}({selector.name}[{selector.over}])"


@rule(14, Over.DASHBOARD_QUERIES)
def target_job(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """14. Every selector of a dashboard has job=~"$job"; only the variable itself cannot."""
    for where, selector, _ in selectors(queries):
        chosen = any(each == ("job", "=~", "$job") for each in selector.matchers)
        if not chosen and where != "variable job":
            yield where, f'{selector.name} lacks job=~"$job"'


@rule(16, Over.DASHBOARD_QUERIES)
def counters_on_panels(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """16. A counter stands under rate, irate, increase, resets or changes; alone it says when the exporter started."""
    yield from raw_counters(queries, everything)


@rule(46, Over.RULE_QUERIES)
def counters_in_rules(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """46. The same for rules: a counter is never compared as it is."""
    yield from raw_counters(queries, everything)


@rule(23, Over.QUERIES)
def exists(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """23. Every metric and label that is asked for is on the exporter's own page, recorded, or Prometheus' ALERTS."""
    for where, selector, _ in selectors(queries):
        labels = everything.world.series(selector.name)
        if labels is None:
            yield where, f"there is no {selector.name or 'selector without a name'}"
            continue
        for matcher in selector.matchers:
            if matcher.label not in labels and matcher.label != "__name__":
                yield where, f"{selector.name} has no label {matcher.label}"


@rule(23, Over.ALL)
def everything_used(nothing: None, everything: Everything) -> Iterator[Finding]:
    """23. Every metric of the page is on a panel or in a rule: what nobody looks at is not worth its series."""
    asked = {selector.name for _, selector, _ in selectors(everything.queries)}
    for name, family in sorted(everything.exposed.items()):
        histogram = family.kind == "histogram"
        own = {f"{name}{part}" for part in PARTS} if histogram else {name}
        if not own & asked and not (histogram and name.endswith(PARTS)):
            yield name, "it is on no panel and in no rule"


@rule(24, Over.QUERIES)
def type_fits(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """24. A function gets the type it is made for, and percentiles are neither added nor averaged."""
    for where, selector, around in selectors(queries):
        family = everything.exposed.get(selector.name)
        if family is None:
            continue
        around_it = set(functions(selector, around))
        for name in sorted(OF_COUNTERS & around_it) if family.kind == "gauge" else ():
            yield where, f"{name}({selector.name}): it is a gauge"
        for name in sorted(OF_GAUGES & around_it) if family.kind != "gauge" else ():
            yield where, f"{name}({selector.name}): it is a {family.kind}"
        for name in sorted(ADDING & around_it) if "percentile" in family.labels else ():
            yield where, f"{name}({selector.name}): percentiles cannot be added"
        if "histogram_quantile" in around_it and not selector.name.endswith("_bucket"):
            yield where, f"histogram_quantile({selector.name}): it has no buckets"


@rule(25, Over.QUERIES)
def quantiles(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """25. histogram_quantile gets a sum over rates that keeps le, and is shown only where enough readings are."""
    for where, node in nodes(queries):
        for call, around in walk(node):
            if not (isinstance(call, Call) and call.name == "histogram_quantile"):
                continue
            inside = call.args[1]
            if not (isinstance(inside, Aggregate) and inside.op == "sum" and RATES & _called(inside)):
                yield where, "histogram_quantile gets no sum of rates"
            if "le" not in shape(inside, everything.world):
                yield where, "le is lost before histogram_quantile"
            if not any(_enough(each, call) for each in around):
                yield where, "histogram_quantile has no lower bound for its readings: and … _count … >= N"


def _called(node: Node) -> set[str]:
    return {each.name for each in find(node, Call)}


def _enough(node: Node, call: Call) -> bool:
    """Whether it is ``… and … _count … >= N`` around the call."""
    match node:
        case Binary(op="and", left=left, right=Binary(op=">=" | ">") as bound):
            counted = any(each.name.endswith("_count") for each in find(bound.left, Selector))
            return counted and any(each is call for each, _ in walk(left))
    return False


@rule(47, Over.QUERIES)
def features(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """47. No function that an older or a newer Prometheus lacks, or that has to be switched on."""
    for query in queries:
        bare = OUTSIDE_QUOTES.sub(lambda found: "" if found["quoted"] else found[0], query.text)
        for found in SECRET.findall(bare):
            yield query.where, f"{found.rstrip('( ')} is not in every Prometheus"


@rule(49, Over.QUERIES)
def possible(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """49. What is matched can match: both sides have the labels, and what is summed by was not dropped before."""
    yield from _matching(queries, everything, IMPOSSIBLE)


@rule(58, Over.QUERIES)
def unambiguous(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """58. What is matched has one partner: Prometheus answers a second one with an error instead of a value."""
    yield from _matching(queries, everything, AMBIGUOUS)


def _matching(queries: Queries, everything: Everything, word: str) -> Iterator[Finding]:
    for where, node in nodes(queries):
        found: list[Fault] = []
        shape(node, everything.world, found.append)
        yield from ((where, sentence) for kind, sentence in dict.fromkeys(found) if kind == word)


@rule(50, Over.QUERIES)
def divisors(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """50. A divisor is never 0: NaN spoils every sum, and a panel shows it instead of what is missing."""
    for where, node in nodes(queries):
        for each in find(node, Binary):
            if each.op == "/" and not _never_zero(each.right):
                yield where, "a division whose divisor may be 0: / (… > 0)"


def _never_zero(node: Node) -> bool:
    match node:
        case Number():
            return node.value != 0
        case Binary(boolean=False) if node.op in COMPARISONS:
            return True
        case Binary(op="and" | "unless"):
            return _never_zero(node.left)
        case Binary(op="+"):
            return any(isinstance(each, Number) and each.value > 0 for each in (node.left, node.right))
        case Binary(op="*" | "/"):
            return _never_zero(node.left) and _never_zero(node.right)
        case Call(name="clamp_min", args=(_, Number(value))):
            return value > 0
        case Call(name="sqrt"):
            return _never_zero(node.args[0])
        case Aggregate():
            return _never_zero(node.expr)
    return False


@rule(53, Over.QUERIES)
def rates(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """53. A rate spans four scrapes, and is never taken of what a rule recorded."""
    for where, selector, around in selectors(queries):
        for name in sorted(OF_COUNTERS & set(functions(selector, around))) if selector.range else ():
            if selector.range < 4 * SCRAPED_EVERY:
                yield where, f"{name} over {written(selector.range)}, less than four scrapes a minute apart"
            if ":" in selector.name:
                yield where, f"{name}({selector.name}): a recorded sum falls when one of its parts ends"


@rule(54, Over.QUERIES)
def patterns(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """54. A pattern has something to expand, no anchors, which Prometheus adds, and digs for no substring."""
    for where, selector, _ in selectors(queries):
        for label, op, value in selector.matchers:
            if "~" not in op or value.startswith("$"):
                continue
            if not META.search(value):
                yield where, f'{label}{op}"{value}" is no pattern: write {"!=" if op == "!~" else "="}'
            if value.startswith("^") or value.endswith("$"):
                yield where, f'{label}{op}"{value}" is anchored already'
            if re.fullmatch(r"\.[*+].+\.[*+]", value):
                yield where, f'{label}{op}"{value}" digs for a substring'


@rule(56, Over.QUERIES)
def values_exist(queries: Queries, everything: Everything) -> Iterator[Finding]:
    """56. A value that is asked for is one that the metric can have; of a pattern, each of its words."""
    for where, selector, _ in selectors(queries):
        family = everything.exposed.get(selector.name)
        for label, op, value in selector.matchers if family is not None else ():
            seen = family.labels.get(label, frozenset()) if label in CLOSED else frozenset()
            if not seen or value.startswith("$") or not value:
                continue
            words = value.split("|") if "~" in op and "(" not in value else [value]
            for word in words:
                if not any(re.fullmatch(word, each) if "~" in op else word == each for each in seen):
                    yield where, f"{selector.name} never has {label}={word!r}"
