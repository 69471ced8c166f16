"""What a tracker says of an issue: a ticket, bug or incident."""

from exporter.model.base import Event


class IssueOpened(Event, frozen=True, tag="issue opened", array_like=True):
    """The issue was created.

    ``kind``: the tracker's own word for its type, lower case, empty without one. ``number``: what people call it by, 0
    where it has none. ``key``: its name in a tracker beside the forge, in upper case. Where a tracker gives it
    another type or key later, this is stated again with those, dated then.
    """

    kind: str = ""
    number: int = 0
    key: str = ""


class Labelled(Event, frozen=True, tag="labelled", array_like=True):
    """A label was put on (``on``) or taken off; ``label`` in lower case."""

    label: str
    on: bool


class Moved(Event, frozen=True, tag="moved", array_like=True):
    """The issue's status changed to ``status``, the tracker's own word, lower case."""

    status: str


class IssueClosed(Event, frozen=True, tag="issue closed", array_like=True):
    """The issue was closed. ``done``: as completed, not as a duplicate or not planned.

    ``by``: number of the change that closed it; ``commit``: the commit it was merged as, or that closed it itself.
    """

    done: bool = True
    by: int = 0
    commit: str = ""


class IssueReopened(Event, frozen=True, tag="issue reopened", array_like=True):
    """The issue was opened again."""


class IssueDescribed(Event, frozen=True, tag="issue described", array_like=True):
    """A version of the issue's text; ``lines`` are those that may carry a reference."""

    lines: tuple[str, ...]


class Noted(Event, frozen=True, tag="noted", array_like=True):
    """A retrospective note, or a version of one, named these themes; its text is not kept.

    An issue is one from the second it has a label that says so; a file has its date.
    """

    themes: tuple[str, ...]


IssueEvent = IssueOpened | Labelled | Moved | IssueClosed | IssueReopened | IssueDescribed | Noted
