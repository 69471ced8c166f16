"""The one list of metrics: what each is called, means and costs, and which function feeds it."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

MINUTE, HOUR, DAY = 60, 3600, 86400

F = TypeVar("F", bound=Callable[..., Any])


class Kind(StrEnum):
    """How a metric is kept; ``FACT`` is a ledger entry that window summaries read and nobody exports."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    FACT = "fact"


class Detail(StrEnum):
    """Whether a counter or histogram has one series set per repository or one for the whole organisation."""

    REPOSITORY = "repository"
    ORGANISATION = "organisation"


class Group(StrEnum):
    """The chapter of docs/metrics.md a metric is documented in."""

    STATE = "State"
    EVENTS = "Events"
    WINDOWS = "Window summaries"
    EXPORTER = "The exporter itself"


class Metric(Struct, frozen=True):
    """One metric of the contract.

    ``labels`` are in the order every observation and sample gives them; ``bounds`` are upper bounds in the metric's
    base unit, without +Inf. ``why`` says what a reader can do with it. ``quiet`` metrics stay for a repository in which
    nothing happened for 90 days.
    """

    name: str
    kind: Kind
    group: Group
    help: str
    why: str = ""
    labels: tuple[str, ...] = ()
    bounds: tuple[int | float, ...] = ()
    detail: Detail = Detail.REPOSITORY
    quiet: bool = False


class Observation(NamedTuple):
    """One dated reading of one metric, caused by one event.

    ``cause`` is the id of the causing event; ``part`` tells readings of one cause apart (a stage's name). ``labels``
    are the metric's labels after ``repository``. ``value`` is a whole number in the metric's base unit.
    """

    metric: str
    cause: str
    part: str
    at: int
    labels: tuple[str, ...]
    value: int


class Measure(NamedTuple):
    """A pure function from a change's timeline and the policy to observations, and what it feeds.

    ``version`` rises when the definition changes; it is part of the hash that a ledger row carries.
    """

    name: str
    feeds: tuple[Metric, ...]
    version: int
    observe: Callable[[Any, Any], Iterable[Observation]]


MEASURES: list[Measure] = []
METRICS: dict[str, Metric] = {}


def metric(
    name: str,
    kind: Kind,
    group: Group,
    help: str,  # noqa: A002 - Prometheus calls it help
    **more: Any,
) -> Metric:
    """Enter a metric into the catalogue.

    Raises:
        ValueError: the name is taken.
    """
    if name in METRICS:
        raise ValueError(f"metric {name} is declared twice")
    row = Metric(name=name, kind=kind, group=group, help=help, **more)
    METRICS[name] = row
    return row


def measure(*feeds: Metric, version: int = 1) -> Callable[[F], F]:
    """Declare that the decorated function feeds these metrics."""

    def enter(function: F) -> F:
        MEASURES.append(Measure(function.__name__, feeds, version, function))
        return function

    return enter


def load() -> tuple[Measure, ...]:
    """Import every module of ``exporter.measures`` so that all rows and functions are known; returns the measures."""
    import exporter.measures as room

    for module in sorted(each.name for each in pkgutil.iter_modules(room.__path__)):
        importlib.import_module(f"{room.__name__}.{module}")
    return tuple(MEASURES)


def exported() -> Iterator[Metric]:
    """Every metric that may stand on /metrics, sorted by name."""
    load()
    return (row for _, row in sorted(METRICS.items()) if row.kind is not Kind.FACT)
