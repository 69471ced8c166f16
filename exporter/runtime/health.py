"""What the exporter knows of its own work: counted here, shown on /metrics and on the page."""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from exporter.catalogue import METRICS
from exporter.errors import REASONS, ExporterError
from exporter.measures.exporter import API_REQUESTS, ERRORS, POLL_SECONDS, POLLS, RESULTS, TRUNCATED, UNKNOWN_WORDS
from exporter.providers.base import Budget
from exporter.runtime.limits import Limits

RECENT = 50


class Trouble(NamedTuple):
    """One failure as the page shows it; ``at`` in Unix seconds."""

    at: float
    source: str
    reason: str
    message: str


class Health:
    """Counters and last words of this process, by source. Written by the loop, read by the worker as copies.

    ``clocks`` tell each source's own time, which its facts are dated by, in Unix seconds. ``limits`` of each source's
    credentials outlive a reload.
    """

    def __init__(self) -> None:
        self.polls: Counter[tuple[str, str, str]] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.truncated: Counter[tuple[str, str]] = Counter()
        self.unknown: Counter[tuple[str, str]] = Counter()
        self.budgets: dict[tuple[str, str], Budget] = {}
        self.durations: dict[tuple[str, str], tuple[list[int], float]] = {}
        self.recent: deque[Trouble] = deque(maxlen=RECENT)
        self.last_error: dict[str, Trouble] = {}
        self.loading: dict[str, float] = {}
        self.clocks: dict[str, Callable[[], int]] = {}
        self.limits: dict[tuple[str, str], Limits] = {}

    def source(self, name: str, streams: tuple[str, ...]) -> None:
        """Bring a source's counters into being at zero, so that the first failure is an increase."""
        for reason in REASONS:
            self.errors[name, reason] += 0
        for stream in streams:
            for result in RESULTS:
                self.polls[name, stream, result] += 0
            self.truncated[name, stream] += 0

    def forget_all_but(self, sources: Collection[str]) -> None:
        """Drop the present state of sources that are not configured any more; their counters stay."""
        self.budgets = {key: each for key, each in self.budgets.items() if key[0] in sources}
        self.limits = {key: each for key, each in self.limits.items() if key[0] in sources}
        self.loading = {key: each for key, each in self.loading.items() if key in sources}
        self.clocks = {key: each for key, each in self.clocks.items() if key in sources}
        self.last_error = {key: each for key, each in self.last_error.items() if key in sources}

    def trouble(self, at: float, source: str, reason: str, message: str) -> None:
        """Count a failure and keep its sentence."""
        self.errors[source, reason] += 1
        trouble = Trouble(at, source, reason, message)
        self.recent.appendleft(trouble)
        self.last_error[source] = trouble

    def failed(self, at: float, source: str, error: ExporterError) -> None:
        """Count a failure, once, however many hands it goes through."""
        if not error.counted:
            error.counted = True
            self.trouble(at, source, error.reason, str(error))

    def polled(self, source: str, stream: str, result: str, seconds: float) -> None:
        """Count a poll and its duration."""
        self.polls[source, stream, result] += 1
        bounds = POLL_SECONDS.bounds
        counts, total = self.durations.get((source, stream), ([0] * (len(bounds) + 1), 0.0))
        counts = list(counts)
        counts[bisect_left(bounds, seconds)] += 1
        self.durations[source, stream] = (counts, total + seconds)

    def families(self) -> Iterator[tuple[str, dict[tuple[str, ...], float]]]:
        """The counters as samples, whole families."""
        yield POLLS.name, dict(self.polls.items())
        yield ERRORS.name, dict(self.errors.items())
        yield API_REQUESTS.name, dict(self.requests.items())
        yield TRUNCATED.name, dict(self.truncated.items())
        yield UNKNOWN_WORDS.name, dict(self.unknown.items())
        budgets = dict(self.budgets)
        for field in ("remaining", "limit"):
            yield f"sdlc_exporter_api_budget_{field}", {key: getattr(each, field) for key, each in budgets.items()}
        yield "sdlc_exporter_api_budget_reset_timestamp_seconds", {key: each.reset for key, each in budgets.items()}


def per_metric(counts: Counter[str]) -> dict[tuple[str, ...], float]:
    """A count by metric with every counter and histogram fed by a measure born at zero."""
    fed = (name for name, row in METRICS.items() if row.group == "Events" and row.kind != "fact")
    return {(name,): counts.get(name, 0) for name in fed}
