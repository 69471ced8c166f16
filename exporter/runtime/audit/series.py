"""Which series of the page a selector means."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from exporter.catalogue import METRICS, Kind, Labels, Metric
from exporter.errors import Unanswerable
from exporter.exposition import Buckets, Exposition, number
from exporter.runtime.audit.rows import Value, histogram
from exporter.selector import Selector, written

MOST_SERIES = 10
"""Series that are answered at once."""
NAMED = 500
"""Series that are named where a selector means more than can be answered."""
SUFFIXES = ("_bucket", "_sum", "_count")


class Series(NamedTuple):
    """One series of the page with its value there. ``suffix`` and ``bound`` pick a part of a histogram's child."""

    metric: Metric
    labels: Labels
    published: float | Buckets
    suffix: str = ""
    bound: float | None = None

    @property
    def named(self) -> dict[str, str]:
        """Its labels by name."""
        return dict(zip(self.metric.labels, self.labels, strict=True))

    @property
    def written(self) -> str:
        """Its selector."""
        le = {"le": number(self.bound)} if self.bound is not None else {}
        return written(self.metric.name + self.suffix, self.named | le)

    def value(self, of: float | Buckets) -> Value:
        """The part of a value that this series is."""
        if not isinstance(of, tuple):
            return of
        up_to, total = of
        if self.bound is not None:
            return up_to[[*self.metric.bounds, float("inf")].index(self.bound)]
        whole = {"_sum": total, "_count": up_to[-1]}
        return whole[self.suffix] if self.suffix in whole else histogram(self.metric.bounds, of)


def find(exposition: Exposition, selector: Selector, most: int = MOST_SERIES) -> list[Series]:
    """The series of the page that have these labels, in their order.

    Raises:
        Unanswerable: there is no such metric, label or value, or more than ``most`` have them; the message names what
        there is.
    """
    metric, suffix = _metric(selector.metric)
    wanted = dict(selector.labels)
    bound = _bound(metric, wanted.pop("le")) if suffix == "_bucket" and "le" in wanted else None
    if unknown := [name for name in wanted if name not in metric.labels]:
        raise Unanswerable(f"{metric.name} has no label {unknown[0]}; it has {', '.join(metric.labels) or 'none'}")
    samples = exposition.samples_of(metric.name)
    if not samples:
        raise Unanswerable(f"{metric.name} has no series now")
    places = [(metric.labels.index(name), value) for name, value in wanted.items()]
    found = [labels for labels in sorted(samples) if all(labels[place] == value for place, value in places)]
    if not found:
        raise Unanswerable(_absent(metric, wanted, samples))
    series = [Series(metric, labels, samples[labels], suffix, bound) for labels in found[: max(most, NAMED)]]
    if len(found) > most:
        missing = [name for name in metric.labels if name not in wanted]
        raise Unanswerable(
            f"{len(found)} series of {metric.name} have these labels, and {most} are answered at once; name "
            f"{' or '.join(missing)} as well",
            tuple(each.written for each in series[:NAMED]),
        )
    return series


def _metric(name: str) -> tuple[Metric, str]:
    """A metric by the name of one of its series, and what that has behind the metric's."""
    metric = METRICS.get(name)
    if metric is not None and metric.kind is not Kind.FACT:
        return metric, ""
    for suffix in SUFFIXES:
        metric = METRICS.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if metric is not None and metric.kind is Kind.HISTOGRAM:
            return metric, suffix
    names = [row.name for row in METRICS.values() if row.kind is not Kind.FACT]
    near = get_close_matches(name, names, 5) or sorted(each for each in names if name in each)[:5]
    raise Unanswerable(f"there is no metric {name}" + (f"; there is {', '.join(near)}" if near else ""))


def _bound(metric: Metric, text: str) -> float:
    bounds = [*metric.bounds, float("inf")]
    try:
        found = [float(bound) for bound in bounds if bound == float(text)]
    except ValueError:
        found = []
    if not found:
        raise Unanswerable(
            f'{metric.name} has no bucket le="{text}"; it has {", ".join(number(each) for each in bounds)}'
        )
    return found[0]


def _absent(metric: Metric, wanted: Mapping[str, str], samples: Iterable[Labels]) -> str:
    """What is wrong with labels that no series has: a value that none has, or values that none has together."""
    for name, value in wanted.items():
        there = sorted({labels[metric.labels.index(name)] for labels in samples})
        if value not in there:
            near = there if len(there) <= 10 else get_close_matches(value, there, 10) or there[:10]
            more = f" and {len(there) - len(near)} more" if len(there) > len(near) else ""
            return f'{metric.name} has no {name}="{value}" now; there is {", ".join(near)}{more}'
    return f"no series of {metric.name} has these labels together now: {written('', wanted)}"
