"""Rules about recording and alerting rules: what they rest on, when they speak, and how their files are written."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.lints.promql import (
    COMPARISONS,
    DAY,
    MINUTE,
    Aggregate,
    Binary,
    Call,
    Node,
    Selector,
    Subquery,
    find,
    parse,
    seconds,
    written,
)
from tests.lints.query_rules import nodes, selectors, unparsed
from tests.lints.rulebook import Everything, Finding, Over, RuleFile, called, rule
from tests.lints.shapes import EXPORTER, POD, shape

RETENTION, LONGEST = 9 * DAY, 7 * DAY
"""Prometheus may keep only ten days, of which the last is its own."""
SEVERITIES = frozenset({"critical", "warning", "info"})
LABELS = frozenset({"severity", "team", "component"})
MARKER = re.compile(r"# param:window(, longer than for)?$")
RANGE = re.compile(r"\[[^\]]+\]")
EXTERNAL = ("cluster", "region", "env", "environment", "prometheus", "replica", "job", "instance", "namespace")
"""Labels that Prometheus or the scrape adds: a rule that sets one speaks for another."""
ROW = frozenset({"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"})
GROUP = frozenset({"name", "interval", "limit", "rules"})


def lasting(row: Mapping[str, Any], key: str) -> int | None:
    """A duration of a rule in seconds; None where there is none, or what is written is no duration."""
    try:
        return seconds(str(row[key])) if key in row else None
    except ValueError:
        return None


def parsed(rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], Node]]:
    """Rules whose expression can be parsed; of the others rule 57 speaks."""
    for row in rows:
        try:
            yield called(row), row, parse(str(row["expr"]))
        except ValueError:
            continue


@rule(32, Over.RULES)
def looks_back(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """32. No rule looks back further than seven days, or nine with its offset: Prometheus may keep ten."""
    for where, _, node in parsed(file.rules):
        for each in (*find(node, Selector), *find(node, Subquery)):
            if each.range > LONGEST or each.range + each.offset > RETENTION:
                yield where, f"it looks back {written(each.range)}, and {written(each.offset)} before"


@rule(34, Over.RULES)
def absence(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """34. What is absent has to be so for five minutes: one missed scrape is no outage."""
    for where, row, node in parsed(file.alerts):
        missing = any(call.name.startswith("absent") for call in find(node, Call))
        if missing and (lasting(row, "for") or 0) < 5 * MINUTE:
            yield where, f"absent() for {row.get('for')}"


@rule(36, Over.RULES)
def compares(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """36. An alert compares, or misses something: else it fires as long as there is a series."""
    for where, _, node in parsed(file.alerts):
        compared = any(each.op in {*COMPARISONS, "unless"} and not each.boolean for each in find(node, Binary))
        if not compared and not any(call.name.startswith("absent") for call in find(node, Call)):
            yield where, "it compares nothing"


@rule(39, Over.RULES)
def durations(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """39. Both durations of an alert are durations, and above 0."""
    for row in file.alerts:
        for key in ("for", "keep_firing_for"):
            if (key in row or key == "for") and not lasting(row, key):
                yield called(row), f"{key} is {row.get(key)!r}"


@rule(41, Over.RULES)
def interval(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """41. A group is evaluated every five minutes or more often, or its alerts last until the next time."""
    for group in file.groups:
        every = lasting(group, "interval") or 0
        short = [row for row in group["rules"] if "alert" in row and (lasting(row, "keep_firing_for") or 0) < every]
        if every > 5 * MINUTE and short:
            yield group["name"], f"it is evaluated every {group['interval']}, and alerts end before"


@rule(42, Over.RULES)
def no_file_ignored(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """42. No comment keeps a linter from a file: what is allowed stands in exclusions.yaml, with its reason."""
    for line in file.text.splitlines():
        if re.search(r"#\s*pint\s+(ignore|file)", line):
            yield "file", line.strip()


@rule(43, Over.RULES)
def no_rule_ignored(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """43. Inside of an expression stands no comment but the marker of a parameter: no other is read by anything."""
    for row in file.rules:
        for line in str(row["expr"]).splitlines():
            if "#" in re.sub(r'"[^"]*"', "", line) and not MARKER.search(line):
                yield called(row), line.strip()


@rule(44, Over.RULES)
def conflicts(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """44. No rule sets a label that Prometheus or the scrape adds."""
    for row in file.rules:
        for label in row.get("labels", {}):
            if label in EXTERNAL:
                yield called(row), f"it sets {label}"


@rule(45, Over.RULES)
def aggregated(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """45. What is aggregated keeps the labels of its exporter and loses those of the pod, which a restart changes."""
    for where, _, node in parsed(file.rules):
        for each in find(node, Aggregate):
            kept = set(each.by or ()) if each.without is None else set(EXPORTER) - set(each.without)
            if lost := sorted(set(EXPORTER) - kept):
                yield where, f"{each.op} loses {', '.join(lost)}"
        if left := sorted(set(POD) & set(shape(node, everything.world))):
            yield where, f"it keeps {', '.join(left)}"


@rule(48, Over.RULES)
def fragile(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """48. No alert is about the first few of many, which change all the time, nor about sums of two moments at once."""
    for where, row, node in parsed(file.alerts):
        for each in find(node, Aggregate):
            if each.op in {"topk", "bottomk", "limitk", "limit_ratio"}:
                yield where, f"it alerts about {each.op}"
        mixed = any(
            each.op in {"+", "-", "*", "/"} and all(list(find(side, Aggregate)) for side in (each.left, each.right))
            for each in find(node, Binary)
        )
        if mixed and (lasting(row, "for") or 0) < 2 * MINUTE:
            yield where, f"it reckons with two aggregations, for {row.get('for')}"


@rule(55, Over.RULES)
def joined(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """55. Rules select no job, whose name is the user's, and join on the labels of the exporter instead.

    Every name is ours by its prefix. A selector of a job that does not exist would silence an alert for good.
    """
    for where, selector, _ in selectors(file.queries):
        if any(matcher.label == "job" for matcher in selector.matchers):
            yield where, f"{selector.name} is selected by job"
        if not re.fullmatch(r"sdlc_\w+|[a-z_]+:sdlc_[a-z0-9_]+:[a-z0-9_]+", selector.name):
            yield where, f"{selector.name} may be somebody else's"
    for where, node in nodes(file.queries):
        for each in find(node, Binary):
            missing = set(EXPORTER) - set(each.on if each.on is not None else EXPORTER)
            missing |= set(EXPORTER) & set(each.ignoring or ())
            if missing:
                yield where, f"{each.op} joins without {', '.join(sorted(missing))}"


@rule(57, Over.RULES)
def syntax(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """57. Every expression is PromQL. What promtool says of the file is asked in test_rules.py."""
    yield from unparsed(file.queries)


@rule(60, Over.RULES)
def dependencies(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """60. What is recorded comes from above in the same group, where it is of the same moment, and is needed."""
    needed = {selector.name for _, selector, _ in selectors(everything.queries)}
    for group in file.groups:
        known: set[str] = set()
        for row in group["rules"]:
            for _, selector, _ in selectors([query for query in file.queries if query.where == called(row)]):
                if ":" in selector.name and selector.name not in known:
                    yield called(row), f"{selector.name} is not recorded above it in {group['name']}"
            known |= {row["record"]} if "record" in row else set()
        for name in sorted(known - needed):
            yield name, "nothing needs it"


@rule(61, Over.RULES)
def duplicates(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """61. No name is recorded twice or alerted twice with the same labels, and no two alerts are the same."""
    identities = Counter((called(row), str(sorted(row.get("labels", {}).items()))) for row in file.rules)
    for (name, labels), times in identities.items():
        if times > 1:
            yield name, f"it is there {times} times, with the labels {labels}"
    for where, times in Counter(str(node) for _, _, node in parsed(file.alerts)).items():
        if times > 1:
            yield ", ".join(name for name, _, node in parsed(file.alerts) if str(node) == where), "they are the same"


@rule(62, Over.RULES)
def patience(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """62. Delivery is slow: an alert waits between 15 minutes and a day, and goes on for three days at most."""
    for row in file.alerts:
        wait, keep = lasting(row, "for"), lasting(row, "keep_firing_for")
        if wait is not None and not 15 * MINUTE <= wait <= DAY:
            yield called(row), f"for is {row['for']}"
        if keep is not None and keep > 3 * DAY:
            yield called(row), f"keep_firing_for is {row['keep_firing_for']}"


@rule(63, Over.RULES)
def labelled(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """63. An alert has one of three severities; only team and component may stand beside it."""
    for row in file.alerts:
        labels = row.get("labels", {})
        if labels.get("severity") not in SEVERITIES:
            yield called(row), f"its severity is {labels.get('severity')!r}"
        for label in sorted(set(labels) - LABELS):
            yield called(row), f"it sets {label}"


@rule(65, Over.RULES)
def named(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """65. Alerts are named SdlcSomething; recordings level:metric:operation, where level names labels that are kept."""
    for row in file.alerts:
        if not re.fullmatch(r"Sdlc[A-Z][A-Za-z]+", row["alert"]):
            yield row["alert"], "the name does not begin with Sdlc and go on in capitals"
    for where, _, node in parsed(file.recordings):
        if not re.fullmatch(r"[a-z_]+:sdlc_[a-z0-9_]+:[a-z0-9_]+", where):
            yield where, "the name is not level:sdlc_metric:operation"
            continue
        level, metric, _ = where.split(":")
        for label in sorted(set(level.split("_")) - set(shape(node, everything.world))):
            yield where, f"its level is {label}, which it does not keep"
        if metric not in {name for selector in find(node, Selector) for name in selector.name.split(":")}:
            yield where, f"it is named after {metric}, of which it is not made"


@rule(69, Over.RULES)
def strict(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """69. The file is strict YAML: no key twice, none that Prometheus does not know, and every text a text."""
    try:
        _Strict(file.text).get_single_data()
    except yaml.YAMLError as error:
        yield "file", str(error)
    for group in file.groups:
        for key in sorted(set(group) - GROUP):
            yield group["name"], f"{key} is no setting of a group"
    for row in file.rules:
        for key in sorted(set(row) - ROW):
            yield called(row), f"{key} is no setting of a rule"
        for key in ("labels", "annotations"):
            for name, text in row.get(key, {}).items():
                if not isinstance(text, str):
                    yield called(row), f"{name} is {text!r}, which is not a text"


class _Strict(yaml.SafeLoader):
    """Refuses a key that is there twice."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key, times in Counter(keys).items():
        if times > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is there {times} times", node.start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@rule(72, Over.RULES)
def markers(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """72. A range that may be set is the only one of its line, which ends with the marker; an alert has one such range.

    One parameter sets it wherever the alert marks it.
    """
    for row in file.rules:
        marked = {found for line in str(row["expr"]).splitlines() if "param:" in line for found in RANGE.findall(line)}
        if len(marked) > 1:
            yield called(row), f"it marks {', '.join(sorted(marked))}"
        for line in str(row["expr"]).splitlines():
            if "param:" not in line:
                continue
            if not MARKER.search(line) or len(RANGE.findall(line.partition("#")[0])) != 1:
                yield called(row), line.strip()
            if "record" in row:
                yield called(row), "a recording has no parameters"


@rule(74, Over.RULES)
def fresh(file: RuleFile, everything: Everything) -> Iterator[Finding]:
    """74. An alert about changes is silent while their source is stale: it is joined with what is known to be fresh."""
    recorded = {row["record"]: row["expr"] for row in file.recordings}
    for where, _, node in parsed(file.alerts):
        asked = {selector.name for selector in find(node, Selector)}
        ours = {name for name in asked if not re.search(r"(^|:)sdlc_(exporter_|threshold_|repository_info$)", name)}
        if ours and not any(name.endswith(":fresh") and "watermark" in _origin(name, recorded) for name in asked):
            yield where, "nothing keeps it silent while its source is stale"


def _origin(name: str, recorded: Mapping[str, str]) -> str:
    """A recorded expression, with those of the recordings in it."""
    text = recorded.get(name, "")
    others = {other: expr for other, expr in recorded.items() if other != name}
    return text + "".join(_origin(other, others) for other in others if other in text)
