"""From samples to the bytes of /metrics, in both formats, rendering again only what changed.

The client library is the judge: a test compares every line with its ``generate_latest``. It is not the means, since it
checks and escapes every label of every sample anew on each call.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any

from prometheus_client.utils import floatToGoString

from exporter.catalogue import Kind, Metric

Labels = tuple[str, ...]
Buckets = tuple[tuple[int, ...], float]
Write = Callable[[Sequence[Labels], Sequence[Any]], list[bytes]]

# The units of the OpenMetrics and Prometheus naming advice that names of the contract end in.
UNITS = ("bytes", "ratio", "seconds")

FORMS = ("text", "text_gzip", "openmetrics", "openmetrics_gzip")

# Beyond this the Go way of printing a number differs from Python's.
PLAIN = 1_000_000

# Samples formatted in one go: enough to leave Python's loop, few enough to stay in the processor's cache.
BATCH = 1000


@lru_cache(maxsize=32768)
def _escaped(value: str) -> bytes:
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    # A lone surrogate cannot be written as UTF-8; it must not cost every other series its place.
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=32768)
def _number(value: float) -> bytes:
    word: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return word.encode()


def number(value: float) -> str:
    """A number as it stands on /metrics."""
    return _number(float(value)).decode()


def _headers(metric: Metric) -> tuple[bytes, bytes]:
    """HELP and TYPE for the text format, and with UNIT for OpenMetrics."""
    family = metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name
    unit = next((each for each in UNITS if family.endswith("_" + each)), "")
    spoken = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    quoted = spoken.replace('"', '\\"')
    text = f"# HELP {metric.name} {spoken}\n# TYPE {metric.name} {metric.kind}"
    openmetrics = f"# HELP {family} {quoted}\n# TYPE {family} {metric.kind}"
    if unit:
        openmetrics += f"\n# UNIT {family} {unit}"
    return text.encode(), openmetrics.encode()


def _sample_writer(metric: Metric, shared: bytes) -> Write:
    """Lines of a counter or gauge, without their ends; label names in alphabetical order, as the library writes them.

    ``shared`` stands before them, each label with a comma after it. Many lines are formatted in one go and cut apart
    again, which keeps the loop out of Python; an escaped label holds no line end.
    """
    order = sorted(range(len(metric.labels)), key=metric.labels.__getitem__)
    inside = shared.replace(b"%", b"%%") + ",".join(f'{metric.labels[each]}="%b"' for each in order).encode()
    name = metric.name.encode()
    head = name + b"{" + inside.removesuffix(b",") + b"} " if inside else name + b" "
    usual, large = head + b"%a\n", head + b"%b\n"

    def write(labels: Sequence[Labels], values: Sequence[float]) -> list[bytes]:
        plain = all(-PLAIN < value < PLAIN for value in values)
        columns = [map(_escaped, map(itemgetter(each), labels)) for each in order]
        words = tuple(chain.from_iterable(zip(*columns, values if plain else map(_number, values), strict=True)))
        return ((usual if plain else large) * len(labels) % words)[:-1].split(b"\n")

    return write


def _histogram_writer(metric: Metric, shared: bytes) -> Write:
    """All lines of each child, without the last one's end; ``shared`` as for samples."""
    names = metric.labels
    order = sorted(range(len(names)), key=names.__getitem__)
    before = [(names[each].encode(), each) for each in order if names[each] < "le"]
    after = [(names[each].encode(), each) for each in order if names[each] > "le"]
    limits = [f'le="{number(bound)}"'.encode() for bound in (*metric.bounds, float("inf"))]
    bucket = f"{metric.name}_bucket{{".encode()
    count_and_sum = f"{metric.name}_count%b %b\n{metric.name}_sum%b %b".encode()

    def child(labels: Labels, counts: tuple[int, ...], total: float) -> bytes:
        front = shared + b"".join([b'%b="%b",' % (name, _escaped(labels[each])) for name, each in before])
        back = b"".join([b',%b="%b"' % (name, _escaped(labels[each])) for name, each in after])
        both = front + back[1:] if back else front[:-1]
        braces = b"{%b}" % both if both else b""
        plain = counts[-1] < PLAIN
        # Between one bucket's limit and the next stand the same bytes.
        end = back.replace(b"%", b"%%") + (b"} %d.0\n" if plain else b"} %b\n")
        start = bucket + front.replace(b"%", b"%%")
        buckets = start + (end + start).join(limits) + end
        shown = counts if plain else tuple([_number(float(count)) for count in counts])
        return buckets % shown + count_and_sum % (braces, _number(float(counts[-1])), braces, _number(total))

    def write(labels: Sequence[Labels], values: Sequence[Buckets]) -> list[bytes]:
        return [child(each, *value) for each, value in zip(labels, values, strict=True)]

    return write


class _Family:
    """One metric's samples, and the lines of each as they were rendered last."""

    def __init__(self, metric: Metric, shared: bytes) -> None:
        if metric.kind is Kind.COUNTER and not metric.name.endswith("_total"):
            raise ValueError(f"counter {metric.name} has to end in _total")
        histogram = metric.kind is Kind.HISTOGRAM
        self.metric = metric
        self.headers = _headers(metric)
        self.lines_each = len(metric.bounds) + 3 if histogram else 1
        self.values: dict[Labels, float | Buckets] = {}
        self.lines: tuple[bytes, ...] = ()
        self._write = (_histogram_writer if histogram else _sample_writer)(metric, shared)
        self._rendered: dict[Labels, bytes] = {}
        self._dirty: dict[Labels, None] = {}
        self._born: dict[Labels, None] = {}

    def put(self, labels: Labels, value: "float | Buckets") -> None:
        old = self.values.get(labels)
        if old == value:
            return
        if old is None:
            if len(labels) != len(self.metric.labels):
                raise ValueError(f"{self.metric.name} has labels {self.metric.labels}, not {labels}")
            self._born[labels] = None
        self.values[labels] = value
        self._dirty[labels] = None

    def drop(self, labels: Labels) -> None:
        if self.values.pop(labels, None) is not None:
            for each in (self._rendered, self._dirty, self._born):
                each.pop(labels, None)
            self.lines = ()

    def render(self) -> tuple[bytes, ...]:
        """Lines of each sample in the order of the labels; the last line's end is missing from each."""
        if self._dirty:
            dirty = sorted(self._dirty)
            if self._born:
                old = self._rendered
                order = sorted([*old, *self._born]) if old else dirty
                self._rendered = {labels: old.get(labels, b"") for labels in order}
            for start in range(0, len(dirty), BATCH):
                some = dirty[start : start + BATCH]
                self._rendered.update(zip(some, self._write(some, [self.values[each] for each in some]), strict=True))
            self._dirty, self._born, self.lines = {}, {}, ()
        if not self.lines:
            self.lines = tuple(self._rendered.values())
        return self.lines


def spelled(metric: Metric, labels: Labels) -> list[dict[str, str]]:
    """The labels of each series of a sample, its name as ``__name__``; a histogram's buckets, its count and its sum."""
    own = dict(zip(metric.labels, labels, strict=True))
    if metric.kind is not Kind.HISTOGRAM:
        return [{"__name__": metric.name, **own}]
    limits = [number(bound) for bound in (*metric.bounds, float("inf"))]
    buckets = [{"__name__": f"{metric.name}_bucket", **own, "le": limit} for limit in limits]
    return [*buckets, *({"__name__": f"{metric.name}_{part}", **own} for part in ("count", "sum"))]


class Rendered:
    """One moment's exposition in each form it may be asked for; a form is made at its first use and then kept.

    Making a compressed form takes about 0.4 ms per 1,000 series, so a server makes it in a thread unless ``has`` says
    that it is there. Equal samples give equal bytes in every form.
    """

    def __init__(self, families: Sequence[tuple[tuple[bytes, bytes], tuple[bytes, ...]]]) -> None:
        self._families = families

    @cached_property
    def text(self) -> bytes:
        """Prometheus text format 0.0.4."""
        return self._join(0, b"")

    @cached_property
    def text_gzip(self) -> bytes:
        """The text format, compressed."""
        return _squeezed(self._join(0, b""))

    @cached_property
    def openmetrics(self) -> bytes:
        """OpenMetrics 1.0.0."""
        return self._join(1, b"# EOF\n")

    @cached_property
    def openmetrics_gzip(self) -> bytes:
        """OpenMetrics, compressed."""
        return _squeezed(self._join(1, b"# EOF\n"))

    def form(self, name: str) -> bytes:
        """The bytes of one of ``FORMS``."""
        made: bytes = getattr(self, name)
        return made

    def has(self, name: str) -> bool:
        """Whether this form has been made, so that asking for it costs nothing."""
        return name in self.__dict__

    def _join(self, format_: int, end: bytes) -> bytes:
        # One copy of everything: at 100,000 series the copying is what a refresh costs.
        lines = chain.from_iterable((headers[format_], *lines) for headers, lines in self._families)
        return b"\n".join([*lines, end])


def _squeezed(whole: bytes) -> bytes:
    # Level 1 is faster than 6 and on histograms smaller too; zlib's own gzip header carries no time.
    squeeze = zlib.compressobj(level=1, wbits=31)
    return squeeze.compress(whole) + squeeze.flush()


class Exposition:
    """Families of samples kept as rendered bytes; only what changed is rendered again.

    Not safe for use by two threads at once: what sets samples and what renders take turns. What ``render`` returns is
    finished and may be read from anywhere.
    """

    def __init__(self, metrics: Iterable[Metric], shared: Mapping[str, str] | None = None) -> None:
        """Prepare a family for every metric that is exported; facts are passed over.

        ``shared`` are labels and values that every sample has besides its own.

        Raises:
            ValueError: a counter's name does not end in ``_total``.
        """
        rows = sorted((row for row in metrics if row.kind is not Kind.FACT), key=lambda row: row.name)
        self._shared = shared or {}
        before = b"".join(b'%b="%b",' % (name.encode(), _escaped(word)) for name, word in self._shared.items())
        self._families = {row.name: _Family(row, before) for row in rows}
        self._last = Rendered(())

    def set(self, metric: str, labels: Labels, value: float) -> None:
        """Give a counter's or gauge's sample its value; ``labels`` in the order of ``Metric.labels``.

        Raises:
            KeyError: no such metric.
            OverflowError: a whole number too large for a float.
            ValueError: the number of labels is not the metric's, or the metric is a histogram.
        """
        family = self._family(metric, histogram=False)
        family.put(labels, float(value) + 0.0)

    def set_histogram(self, metric: str, labels: Labels, counts: Sequence[int], total: float) -> None:
        """Give a histogram's child its counts and the sum of its values.

        ``counts`` are per bucket, not cumulative, and the last is that of +Inf.

        Raises:
            KeyError: no such metric.
            ValueError: the number of labels or buckets is not the metric's, or the metric is no histogram.
        """
        family = self._family(metric, histogram=True)
        if len(counts) != len(family.metric.bounds) + 1:
            raise ValueError(f"{metric} has {len(family.metric.bounds) + 1} buckets, not {len(counts)}")
        family.put(labels, (tuple(accumulate(counts)), float(total) + 0.0))

    def remove(self, metric: str, labels: Labels) -> None:
        """Take a sample or a histogram's child away; one that is not there is no error."""
        self._families[metric].drop(labels)

    def replace(self, metric: str, samples: Mapping[Labels, float]) -> None:
        """Make these all the samples of a counter or gauge; what is the same stays rendered.

        Raises:
            KeyError, OverflowError, ValueError: as ``set``.
        """
        family = self._family(metric, histogram=False)
        for labels in [each for each in family.values if each not in samples]:
            family.drop(labels)
        for labels, value in samples.items():
            family.put(labels, float(value) + 0.0)

    def samples_of(self, metric: str) -> Mapping[Labels, float | Buckets]:
        """The samples of a metric; of a histogram the counts up to each bound, the last for +Inf, and the sum."""
        return self._families[metric].values

    def series(self) -> dict[str, int]:
        """Lines per metric that has samples; a histogram's child counts its buckets, sum and count."""
        return {name: len(each.values) * each.lines_each for name, each in self._families.items() if each.values}

    def empty(self, metrics: Iterable[str]) -> "Exposition":
        """Another one of some of its metrics, without samples."""
        return Exposition([self._families[name].metric for name in metrics], self._shared)

    def samples(self, metrics: Iterable[str]) -> Iterator[tuple[Metric, Labels, "float | Buckets"]]:
        """Every sample of these metrics; of a histogram its cumulative counts and its sum."""
        for name in metrics:
            family = self._families[name]
            yield from ((family.metric, labels, value) for labels, value in family.values.items())

    def stamped(self, metrics: Iterable[str], at: int) -> bytes:
        """The lines of these metrics as they are now, each with a timestamp (Unix seconds) and without headers."""
        found = list(chain.from_iterable(self._families[name].render() for name in metrics))
        # An escaped label holds no line end, so each one here is the end of a sample.
        return b"\n".join([*found, b""]).replace(b"\n", b" %d\n" % at) if found else b""

    def render(self) -> Rendered:
        """The exposition as it is now. Makes at once those forms that somebody asked of an earlier one."""
        rendered = Rendered([(each.headers, each.render()) for each in self._families.values() if each.values])
        for name in FORMS:
            if self._last.has(name):
                rendered.form(name)
        self._last = rendered
        return rendered

    def _family(self, metric: str, *, histogram: bool) -> _Family:
        family = self._families[metric]
        if (family.metric.kind is Kind.HISTOGRAM) is not histogram:
            raise ValueError(f"{metric} is a {family.metric.kind}")
        return family
