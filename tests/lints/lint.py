"""Asks every rule about every file, less what exclusions.yaml allows."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from tests.lints import alert_rules, annotation_rules, dashboard_rules, panel_rules, query_rules
from tests.lints.exposed import Exposed
from tests.lints.grafana import queries
from tests.lints.rulebook import HERE, ROOT, RULES, Everything, Finding, Over, Rule, rule_file

MODULES = (dashboard_rules, panel_rules, query_rules, alert_rules, annotation_rules)
"""Each enters its functions into the list of rules."""
DASHBOARDS = {path.name: path for path in sorted((ROOT / "dashboards").glob("*.json"))}
RULE_FILES = {path.name: path for path in sorted((ROOT / "alerts").glob("*.yaml"))}
RUNBOOKS = ROOT / "docs/runbooks"
ALL_FILES = "all files"
ABOUT_DASHBOARDS = (Over.DASHBOARD, Over.DASHBOARD_QUERIES, Over.QUERIES)
ABOUT_RULES = (Over.RULES, Over.RULE_QUERIES, Over.QUERIES)


class Exclusion(NamedTuple):
    """What may break a rule: a panel, rule or metric by its name, and why."""

    rule: int
    file: str
    where: str
    reason: str


def checkout(exposed: Exposed) -> Everything:
    """The dashboards and rules of this checkout."""
    return Everything(
        dashboards={name: json.loads(path.read_text("utf-8")) for name, path in DASHBOARDS.items()},
        rules={name: rule_file(path.read_text("utf-8")) for name, path in RULE_FILES.items()},
        exposed=exposed,
        runbooks={path.name: path.read_text("utf-8") for path in RUNBOOKS.glob("*.md") if path.name != "README.md"},
        uids=frozenset((HERE / "uids.txt").read_text().split()),
    )


def exclusions() -> list[Exclusion]:
    """The list of what is allowed.

    Raises:
        TypeError: a row has too few keys, or others.
    """
    return [Exclusion(**row) for row in yaml.safe_load((HERE / "exclusions.yaml").read_text("utf-8"))]


def asked(everything: Everything) -> Iterator[tuple[Rule, str]]:
    """Every rule with every file it is about."""
    for rule in RULES:
        if rule.over in ABOUT_DASHBOARDS:
            yield from ((rule, name) for name in everything.dashboards)
        if rule.over in ABOUT_RULES:
            yield from ((rule, name) for name in everything.rules)
        if rule.over is Over.ALL:
            yield rule, ALL_FILES


def found(rule: Rule, file: str, everything: Everything) -> list[Finding]:
    """What breaks a rule in a file."""
    if rule.over is Over.ALL:
        return list(rule.find(None, everything))
    if file in everything.dashboards:
        board = everything.dashboards[file]
        return list(rule.find(board if rule.over is Over.DASHBOARD else list(queries(board)), everything))
    rules = everything.rules[file]
    return list(rule.find(rules if rule.over is Over.RULES else rules.queries, everything))


def excused(rule: Rule, file: str, finding: Finding, allowed: list[Exclusion]) -> bool:
    """Whether it is allowed."""
    return any((each.rule, each.file, each.where) == (rule.number, file, finding[0]) for each in allowed)
