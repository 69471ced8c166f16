"""The list of rules, what they look at, and why some numbers are missing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.lints.exposed import Exposed
from tests.lints.grafana import Board, Query, queries
from tests.lints.promql import parse
from tests.lints.shapes import Label, Shape, World, shape

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent

NOT_HERE = {
    3: "one exporter has one instance: a variable for it would only be noise",
    11: "there is no Loki; rule 10 refuses every query that is not for Prometheus",
    15: "as 3: nothing is chosen by instance",
    37: "asks a Prometheus with months of data how often an alert would have fired; lints only read files",
    51: "asks a Prometheus how long it keeps data; rule 32 holds offsets to nine days",
    52: "the same for ranges; rule 32 holds them to seven days",
    59: "asks a Prometheus what a query costs; lints only read files",
    66: "owners of rules are for repositories that several teams share",
    68: "reports whatever it matches, which is for trying pint out",
}
"""The numbers up to 69 that no function has, and why."""


class Over(StrEnum):
    """What a rule is asked about."""

    DASHBOARD = "a dashboard"
    DASHBOARD_QUERIES = "the queries of a dashboard"
    RULES = "a file of rules"
    RULE_QUERIES = "the queries of a file of rules"
    QUERIES = "the queries of either"
    ALL = "all at once"


class RuleFile(NamedTuple):
    """A file of Prometheus' rules: its text, and the groups in it."""

    text: str
    groups: list[dict[str, Any]]

    @property
    def rules(self) -> list[dict[str, Any]]:
        """All rules in their order."""
        return [each for group in self.groups for each in group.get("rules", ())]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """Those that alert."""
        return [each for each in self.rules if "alert" in each]

    @property
    def recordings(self) -> list[dict[str, Any]]:
        """Those that record."""
        return [each for each in self.rules if "record" in each]

    @property
    def queries(self) -> list[Query]:
        """The expressions of all rules."""
        return [Query(called(row), str(row.get("expr", ""))) for row in self.rules]


def rule_file(text: str) -> RuleFile:
    """Reads a file of rules."""
    return RuleFile(text, yaml.safe_load(text)["groups"])


def called(row: Mapping[str, Any]) -> str:
    """The name of a rule."""
    return str(row.get("alert") or row.get("record"))


@dataclass(frozen=True)
class Everything:
    """All that is linted, and what it is compared with."""

    dashboards: Mapping[str, Board]
    rules: Mapping[str, RuleFile]
    exposed: Exposed
    runbooks: Mapping[str, str] = field(default_factory=dict)
    uids: frozenset[str] = frozenset()

    @cached_property
    def world(self) -> World:
        """All series there are, with those that the rules record and alert with."""
        world = World(self.exposed)
        for row in (row for file in self.rules.values() for row in file.recordings):
            world.more[row["record"]] = self._shape(row, world)
        alerts = [self._shape(row, world) for file in self.rules.values() for row in file.alerts]
        perhaps = {label: Label(sure=False) for found in alerts for label in found}
        named = {label: Label() for label in ("alertname", "alertstate", "severity")}
        world.more["ALERTS"] = perhaps | named
        return world

    @property
    def queries(self) -> list[Query]:
        """Everything that is asked."""
        asked = [query for board in self.dashboards.values() for query in queries(board)]
        return asked + [query for file in self.rules.values() for query in file.queries]

    def _shape(self, row: Mapping[str, Any], world: World) -> Shape:
        try:
            found = shape(parse(row["expr"]), world)
        except ValueError:
            return {}
        return {**found, **{label: Label(values=frozenset({str(v)})) for label, v in row.get("labels", {}).items()}}


Finding = tuple[str, str]
"""Where something is wrong, and what."""


Find = Callable[[Any, Everything], Iterator[Finding]]


class Rule(NamedTuple):
    """A function that finds what breaks the rule of a number."""

    number: int
    over: Over
    find: Find


RULES: list[Rule] = []


def rule(number: int, over: Over) -> Callable[[Find], Find]:
    """Enter a function into the list."""

    def enter(find: Find) -> Find:
        RULES.append(Rule(number, over, find))
        return find

    return enter
