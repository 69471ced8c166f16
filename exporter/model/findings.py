"""What a tool that looks for weaknesses in code says of one it found."""

from enum import StrEnum

from exporter.model.base import Event


class Severity(StrEnum):
    """How bad a finding is, in the words of the tool that grades it; ``unknown`` where it grades nothing."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


class Found(Event, frozen=True, tag="found", array_like=True):
    """A weakness of the default branch was found for the first time, there or on the head of a change before.

    ``changes``: numbers of the changes on whose heads it was seen, as known when it was read first. ``commits``: where
    it was seen on no such head, those of the default branch it was seen at then.
    """

    severity: Severity
    changes: tuple[int, ...] = ()
    commits: tuple[str, ...] = ()


class Judged(Event, frozen=True, tag="judged", array_like=True):
    """Somebody decided what a finding is worth: whether it is a false positive (``wrong``), or stands again."""

    wrong: bool


FindingEvent = Found | Judged
