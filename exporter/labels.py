"""What the labels of an issue say: whether it is a defect, where it was found, and whether QA has it.

A label counts in lower case, and a status of a tracker as a label of that name.
"""

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from exporter.model import Event, IssueClosed, IssueOpened, IssueReopened, Labelled, Moved
from exporter.spans import Span

DEFECT = (
    "bug", "bugs", "*/bug", "*: bug", "*:bug", "type-bug", "defect", "*/defect", "*: defect",
    "regression", "*/regression", "*: regression",
    "incident", "incident/*", "*/incident", "*: incident", "outage", "sev[0-9]", "sev-[0-9]", "sev [0-9]", "escaped*",
)  # fmt: skip
IN_PRODUCTION = (
    "production", "prod", "*/production", "*: production", "found-in-prod*", "found in prod*", "found-in: prod*",
    "customer", "customer-*", "customer/*", "customer reported", "*: customer", "escaped*",
    "incident", "incident/*", "*/incident", "*: incident", "outage", "sev[0-9]", "sev-[0-9]", "sev [0-9]",
)  # fmt: skip
BEFORE_RELEASE = (
    "found-in-qa", "found in qa", "found-in: qa", "found-in-staging", "found in staging", "found-in: staging",
    "found-in-test*", "found in test*", "pre-release", "prerelease", "before-release", "unreleased",
)  # fmt: skip
NO_DEFECT = (
    "invalid", "*/invalid", "*: invalid", "not a bug", "not-a-bug", "*/not-a-bug", "*: not a bug", "duplicate",
    "*/duplicate", "*: duplicate", "works as intended", "works-as-intended", "working as intended",
    "working-as-intended", "by design", "by-design", "as designed", "as-designed", "cannot reproduce",
    "cannot-reproduce", "can't reproduce", "support", "kind/support", "question",
)  # fmt: skip
QA_BLOCKED = ("qa blocked", "qa-blocked", "qa/blocked", "qa: blocked", "blocked by qa", "blocked-by-qa")
QA = (
    "qa", "in qa", "in-qa", "*: qa", "*/qa", "*: in qa", "ready for qa", "ready-for-qa", "needs qa", "needs-qa",
    *QA_BLOCKED,
)  # fmt: skip
HOTFIX = ("hotfix", "hot-fix", "hot fix", "hotfix/*", "*/hotfix", "*: hotfix", "*:hotfix")
BLOCKED = ("blocked", "*: blocked", "*/blocked", *QA_BLOCKED)
"""Globs over whole labels, in which case does not count."""


class LabelRules(Struct, frozen=True):
    """Which labels mean what; all are globs.

    ``no_defect`` takes back what ``defect`` says. ``production`` wins over ``before_release``. ``qa``: QA has it;
    ``blocked``: it is blocked, which is told of while QA has it. ``hotfix``: a change with it mends what broke.
    """

    defect: tuple[str, ...] = DEFECT
    no_defect: tuple[str, ...] = NO_DEFECT
    production: tuple[str, ...] = IN_PRODUCTION
    before_release: tuple[str, ...] = BEFORE_RELEASE
    qa: tuple[str, ...] = QA
    blocked: tuple[str, ...] = BLOCKED
    hotfix: tuple[str, ...] = HOTFIX

    def is_defect(self, labels: Iterable[str]) -> bool:
        """Whether an issue with these labels is a defect."""
        worn = list(labels)
        return _any(self.defect, worn) and not _any(self.no_defect, worn)

    def mends(self, labels: Iterable[str]) -> bool:
        """Whether a change with these labels mends a defect: it is called a hotfix, or by the name of what it mends."""
        worn = list(labels)
        return _any(self.defect + self.hotfix, worn) and not _any(self.no_defect, worn)

    def is_no_defect(self, labels: Iterable[str]) -> bool:
        """Whether these labels say outright that it is none."""
        return _any(self.no_defect, labels)

    def found(self, labels: Iterable[str]) -> str:
        """Where a defect was found: ``production``, ``before_release``, or ``unstated`` where no label tells."""
        worn = list(labels)
        if _any(self.production, worn):
            return "production"
        return "before_release" if _any(self.before_release, worn) else "unstated"

    def in_qa(self, labels: Iterable[str]) -> bool:
        """Whether QA has an issue with these labels."""
        return _any(self.qa, labels)

    def is_blocked(self, labels: Iterable[str]) -> bool:
        """Whether an issue with these labels is blocked."""
        return _any(self.blocked, labels)


def worn(events: Iterable[Event], second: int) -> set[str]:
    """The labels an issue has at a second, by facts in order, its type and its status among them."""
    labels: set[str] = set()
    kind = status = ""
    for event in events:
        if event.at > second:
            break
        match event:
            case Labelled():
                (labels.add if event.on else labels.discard)(event.label)
            case IssueOpened():
                kind = event.kind
            case Moved():
                status = event.status
    return labels | ({kind, status} - {""})


class AtQa(NamedTuple):
    """How an issue stands after all that happened to it in one second; ``cause``: the first id of those facts."""

    at: int
    cause: str
    inside: bool
    blocked: bool


def at_qa(events: Sequence[Event], rules: LabelRules) -> Iterator[AtQa]:
    """Whether QA has an issue, and whether it is blocked there, after each second in which something happened to it."""
    is_open = True
    for at, group in groupby(events, key=lambda event: event.at):
        now = list(group)
        turns = [event for event in now if isinstance(event, IssueClosed | IssueReopened)]
        is_open = isinstance(turns[-1], IssueReopened) if turns else is_open
        labels = worn(events, at)
        inside = is_open and rules.in_qa(labels)
        yield AtQa(at, min(event.id for event in now), inside, inside and rules.is_blocked(labels))


def stays(events: Sequence[Event], rules: LabelRules, second: int) -> Iterator[Span]:
    """When QA had an issue up to a second, by the facts known then."""
    entered: int | None = None
    for turn in at_qa([event for event in events if event.at <= second], rules):
        if entered is not None and not turn.inside:
            yield entered, turn.at
        entered = None if not turn.inside else turn.at if entered is None else entered
    if entered is not None:
        yield entered, second


def _any(globs: tuple[str, ...], labels: Iterable[str]) -> bool:
    pattern = _pattern(globs)
    return any(pattern.fullmatch(label) for label in labels)


@lru_cache(maxsize=32)
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs; it matches nothing when there are none."""
    return re.compile("|".join(fnmatch.translate(each) for each in globs) or r"(?!)", re.IGNORECASE)
