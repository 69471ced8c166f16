"""The facts a provider may state, in the words of DORA, CDEvents and OpenTelemetry."""

from msgspec import Struct

from exporter.model.base import (
    TOLD_BY,
    Actor,
    Event,
    Layer,
    Origin,
    QueueState,
    Repository,
    Stage,
    Stream,
    Subject,
    Thing,
    Verdict,
)
from exporter.model.bonds import EVERYWHERE, JOINS, Bond, bonds, elsewhere
from exporter.model.changes import (
    BaseChanged,
    ChangeEvent,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    FilesChanged,
    Linked,
    Merged,
    Naming,
    Opened,
    Pushed,
    Ready,
    Referred,
    Reopened,
    Reviewed,
    ReviewRequested,
)
from exporter.model.code import Aged, CodeEvent, Landed, Removed
from exporter.model.deployments import RELEASE, Contained, Deployed, DeploymentEvent, Environment, Outcome
from exporter.model.findings import FindingEvent, Found, Judged, Severity
from exporter.model.issues import (
    IssueClosed,
    IssueDescribed,
    IssueEvent,
    IssueOpened,
    IssueReopened,
    Labelled,
    Moved,
    Noted,
)
from exporter.model.runs import Ran, Result, RunEvent, Tested, Worked, begins, lines_between, lines_of

Fact = ChangeEvent | RunEvent | DeploymentEvent | IssueEvent | CodeEvent | FindingEvent


class Told(Struct, frozen=True):
    """What one answer says about one subject."""

    subject: Subject
    events: tuple[Fact, ...]


__all__ = [
    "EVERYWHERE",
    "JOINS",
    "RELEASE",
    "TOLD_BY",
    "Actor",
    "Aged",
    "BaseChanged",
    "Bond",
    "ChangeEvent",
    "Closed",
    "CodeEvent",
    "Commented",
    "Committed",
    "Contained",
    "Deployed",
    "DeploymentEvent",
    "Described",
    "Dismissed",
    "Drafted",
    "Environment",
    "Event",
    "Fact",
    "FilesChanged",
    "FindingEvent",
    "Found",
    "IssueClosed",
    "IssueDescribed",
    "IssueEvent",
    "IssueOpened",
    "IssueReopened",
    "Judged",
    "Labelled",
    "Landed",
    "Layer",
    "Linked",
    "Merged",
    "Moved",
    "Naming",
    "Noted",
    "Opened",
    "Origin",
    "Outcome",
    "Pushed",
    "QueueState",
    "Ran",
    "Ready",
    "Referred",
    "Removed",
    "Reopened",
    "Repository",
    "Result",
    "ReviewRequested",
    "Reviewed",
    "RunEvent",
    "Severity",
    "Stage",
    "Stream",
    "Subject",
    "Tested",
    "Thing",
    "Told",
    "Verdict",
    "Worked",
    "begins",
    "bonds",
    "elsewhere",
    "lines_between",
    "lines_of",
]
