"""What a rule is, before it is written as YAML."""

import re
from collections.abc import Iterator

from msgspec import Struct

HOME = "https://github.com/sdlc-exporter/sdlc-exporter"
RUNBOOKS = f"{HOME}/blob/main/docs/runbooks"
GRAFANA = "http://localhost:3000"
"""Where links lead unless told otherwise: the project's pages, and the Grafana of deploy/compose.yaml."""

MARKER = re.compile(r"\[[^\]]+\](?=.*# param:window(, longer than for)?$)", re.MULTILINE)
"""A range that may be set, marked by a comment at the end of its line; the second kind remembers what is over at once,
and an alert that waits longer than it remembers could never fire."""


class Recording(Struct, frozen=True):
    """A recorded series, named ``level:metric:operation``, for the rules that follow it in its group."""

    record: str
    expr: str


class Alert(Struct, frozen=True, kw_only=True):
    """What somebody is told, and when.

    ``wait`` is how long the expression has to hold, ``keep`` how long the alert goes on after it no longer does: both
    durations of Prometheus. ``dashboard`` is the uid of a dashboard and the variables that the link sets, from labels
    of the alert. ``summary`` is the same for every alert of the name, so that notifications group; ``description`` is
    a template over labels and value.
    """

    name: str
    severity: str
    expr: str
    wait: str
    keep: str = ""
    summary: str
    description: str
    dashboard: tuple[str, ...]


class Group(Struct, frozen=True):
    """Rules that Prometheus evaluates one after another; each file holds one group."""

    name: str
    rows: tuple[Recording | Alert, ...]

    @property
    def alerts(self) -> Iterator[Alert]:
        """The alerts among the rows."""
        return (row for row in self.rows if isinstance(row, Alert))


def parameters(alert: Alert) -> tuple[str, ...]:
    """The names of an alert's durations that can be set."""
    words = ["for"]
    if alert.keep:
        words.append("keep_firing_for")
    if MARKER.search(alert.expr):
        words.append("window")
    return tuple(f"{alert.name}.{word}" for word in words)
