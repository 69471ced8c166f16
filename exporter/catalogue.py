"""The one list of metrics: what each is called, means and costs, and which function feeds it."""

import importlib
import pkgutil
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from exporter.model import TOLD_BY, Stream, Thing

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
    DIAGNOSIS = "Diagnosis"
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
    """A pure function from one subject's timeline and the policy to observations, and what it feeds.

    ``version`` rises when the definition changes; it is part of the hash that a ledger row carries. ``of`` is the kind
    of subject; an observation counts once all streams of ``gate`` are complete up to its date, and those of
    ``optional`` that its source follows. ``words``: of metrics that several measures feed, the values of the last label
    that are this one's.
    """

    name: str
    feeds: tuple[Metric, ...]
    version: int
    observe: Callable[[Any, Any], Iterable[Observation]]
    of: Thing = Thing.CHANGE
    gate: tuple[Stream, ...] = (Stream.CHANGES,)
    words: tuple[str, ...] = ()
    optional: tuple[Stream, ...] = ()

    @property
    def reads_more(self) -> bool:
        """Whether it reads other streams than the one that tells of its subjects."""
        return len(self.gate) > 1 or bool(self.optional)

    def gate_of(self, followed: Container[Stream]) -> tuple[Stream, ...]:
        """The streams it waits for where these are followed, in the order of their names."""
        return tuple(sorted({*self.gate, *(each for each in self.optional if each in followed)}))


class Twin(NamedTuple):
    """A window summary per repository and the same per team, whose name begins with ``sdlc_team_``; or one of the two.

    The labels of both are the repository or team, what the summary tells apart, and the window.
    """

    repository: Metric | None
    team: Metric | None = None

    def of(self, scope: str) -> Metric | None:
        """The row of a scope, ``repository`` or ``team``."""
        return self.repository if scope == "repository" else self.team


Labels = tuple[str, ...]


class Dated(NamedTuple):
    """Readings of one repository that have these labels, within the window that ends at the second ``end``.

    ``at`` are Unix seconds, ascending, and ``values`` belong to them. Labels that occurred in the last 90 days, but not
    in the window, have none.
    """

    repository: int
    labels: Labels
    end: int
    at: Sequence[int]
    values: Sequence[int]


class Pool:
    """The readings of one repository, or of all repositories of a team, within a window that ends at their watermarks.

    ``seconds`` is the window's length; ``policy`` the definitions in force; ``readings`` are those of every metric.
    """

    def __init__(self, window: str, seconds: int, readings: Mapping[str, Sequence[Dated]], policy: Any = None) -> None:
        self.window = window
        self.seconds = seconds
        self.policy = policy
        self._readings = readings

    def of(self, metric: Metric) -> Sequence[Dated]:
        """The readings of a metric, by repository and labels."""
        return self._readings.get(metric.name, ())

    def values(self, metric: Metric) -> dict[Labels, list[int]]:
        """The values of a metric by labels, all repositories together, in ascending order."""
        found: dict[Labels, list[int]] = {}
        for each in self.of(metric):
            found.setdefault(each.labels, []).extend(each.values)
        return {labels: sorted(values) for labels, values in sorted(found.items())}


class Summary(NamedTuple):
    """A pure function from the readings of a window to gauges: (row, labels between scope and window, value).

    ``reads`` are the metrics whose readings it is given, ``gives`` the rows it may give. ``asked``: per repository it
    is made only where the configuration asks for it. ``windows``: the windows it is made for; empty for all that are
    configured. ``teams``: it is made for teams only. ``slides``: it also asks how far readings are from the window's
    end, so that it may give something else though the readings are the same.
    """

    name: str
    reads: tuple[Metric, ...]
    gives: tuple[Metric, ...]
    summarise: Callable[[Pool], Iterable[tuple[Twin, Labels, float]]]
    asked: bool = False
    windows: tuple[str, ...] = ()
    teams: bool = False
    slides: bool = False


MEASURES: list[Measure] = []
SUMMARIES: list[Summary] = []
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


def measure(
    *feeds: Metric,
    version: int = 1,
    of: Thing = Thing.CHANGE,
    needs: Iterable[Stream] = (),
    optional: Iterable[Stream] = (),
    words: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Declare that the decorated function feeds these metrics from subjects of a kind.

    ``needs``: streams that it reads besides the one which tells of such subjects; where one is not followed, nothing is
    observed. ``optional``: streams that it reads where they are followed. ``words``: where other measures feed
    the same metrics, the values of their last label that only this one gives: each part of a metric is whole, and its
    windows end, by the streams of the measure that feeds it.
    """
    gate, also = tuple(sorted({TOLD_BY[of], *needs})), tuple(sorted(optional))

    def enter(function: F) -> F:
        MEASURES.append(Measure(function.__name__, feeds, version, function, of, gate, words, also))
        return function

    return enter


def summary(
    *reads: Metric,
    gives: Iterable[Twin],
    asked: bool = False,
    windows: tuple[str, ...] = (),
    teams: bool = False,
    slides: bool = False,
) -> Callable[[F], F]:
    """Declare that the decorated function makes these window summaries of those metrics' readings."""
    rows = tuple(row for twin in gives for row in twin if row is not None)

    def enter(function: F) -> F:
        SUMMARIES.append(Summary(function.__name__, reads, rows, function, asked, windows, teams, slides))
        return function

    return enter


def twins(
    stem: str,
    text: str,
    why: str,
    labels: Labels = (),
    *,
    after: Labels = (),
    group: Group = Group.WINDOWS,
) -> Twin:
    """Enter a window summary into the catalogue, per repository and per team.

    ``labels`` stand between the scope and the window, ``after`` behind it.
    """
    rows = (
        metric(
            f"{prefix}{stem}",
            Kind.GAUGE,
            group,
            f"{text}, per {place}.",
            why=why,
            labels=(place, *labels, "window", *after),
        )
        for place, prefix in (("repository", "sdlc_"), ("team", "sdlc_team_"))
    )
    return Twin(*rows)


def load() -> tuple[Measure, ...]:
    """Import every module of ``exporter.measures`` so that all rows and functions are known; returns the measures."""
    import exporter.measures as room

    for module in sorted(each.name for each in pkgutil.iter_modules(room.__path__)):
        importlib.import_module(f"{room.__name__}.{module}")
    return tuple(MEASURES)


class Feeders:
    """Which measure feeds what: a metric as a whole, or the part of it that has a value of its last label."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._by_part: dict[tuple[str, str | None], str] = {}
        self._by_metric: dict[str, list[str]] = {}
        for each in measures:
            for row in each.feeds:
                self._by_part.update({(row.name, word): each.name for word in each.words or (None,)})
                self._by_metric.setdefault(row.name, []).append(each.name)

    def of(self, metric: str, labels: Labels) -> str | None:
        """The name of the measure that gives a metric these labels; None where no measure does any more."""
        return self._by_part.get((metric, None)) or self._by_part.get((metric, labels[-1] if labels else ""))

    def any_of(self, metric: str) -> Sequence[str]:
        """The names of all measures that feed a metric."""
        return self._by_metric.get(metric, ())


def gates(row: Metric) -> set[tuple[Stream, ...]]:
    """Ways to come by a metric: each is the streams of which all are needed; none where it needs no stream."""
    feeds = {row, *(each for summary in SUMMARIES if row in summary.gives for each in summary.reads)}
    return {each.gate for each in MEASURES if feeds & set(each.feeds)}


def exported() -> Iterator[Metric]:
    """Every metric that may stand on /metrics, sorted by name."""
    load()
    return (row for _, row in sorted(METRICS.items()) if row.kind is not Kind.FACT)
