"""What ties facts of different subjects together: a commit, a merge, a change's or an issue's number.

A subject is judged by its own facts and by those of the subjects it is bound to. Bonds go one step: what a deployment
contains is told to the changes it contains, and not to the changes' reviewers' other changes.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from msgspec import structs

from exporter.model.base import Event, Subject, Thing
from exporter.model.changes import Committed, FilesChanged, Linked, Merged, Opened, Referred
from exporter.model.code import Landed, Removed
from exporter.model.deployments import Contained
from exporter.model.findings import Found, is_manifest
from exporter.model.issues import IssueClosed, IssueOpened
from exporter.model.runs import Ran, Worked

E = TypeVar("E", bound=Event)

HOUR = 3600
SHORT = 7
"""Characters of a commit's name that people write; a bond made by it may be chance, so readers compare the rest."""


class Bond(StrEnum):
    """The kinds of bond.

    A change is bound by ``CHANGE`` to whoever names it, by ``HEAD`` to what was seen on it, and by ``MANIFEST`` to what
    became known within two hours of its merge of the file it changed. All hold within a repository, but those of
    ``EVERYWHERE``.
    """

    COMMIT = "commit"
    MERGE = "merge"
    CHANGE = "change"
    HEAD = "head"
    MANIFEST = "manifest"
    ISSUE = "issue"
    KEY = "key"


EVERYWHERE = frozenset({Bond.KEY})
"""What holds between repositories, of whatever source: a tracker's key is the same in all of them."""

JOINS: dict[tuple[Thing, Bond], tuple[Thing, ...]] = {
    (Thing.CHANGE, Bond.COMMIT): (Thing.RUN,),
    (Thing.CHANGE, Bond.MERGE): (Thing.DEPLOYMENT, Thing.CHANGE, Thing.ISSUE),
    (Thing.CHANGE, Bond.CHANGE): (Thing.CHANGE, Thing.ISSUE),
    (Thing.CHANGE, Bond.ISSUE): (Thing.ISSUE,),
    (Thing.CHANGE, Bond.KEY): (Thing.ISSUE,),
    (Thing.LINE, Bond.COMMIT): (Thing.CHANGE,),
    (Thing.DEPLOYMENT, Bond.MERGE): (Thing.CHANGE,),
    (Thing.COMMIT, Bond.MERGE): (Thing.CHANGE, Thing.DEPLOYMENT, Thing.ISSUE),
    (Thing.FINDING, Bond.HEAD): (Thing.CHANGE,),
    (Thing.FINDING, Bond.MERGE): (Thing.CHANGE,),
    (Thing.FINDING, Bond.MANIFEST): (Thing.CHANGE,),
}
"""Whose facts a thing is told over which bond."""


def bonds(subject: Subject, events: Iterable[Event]) -> set[tuple[Bond, str]]:
    """The bonds that facts of a subject make."""
    return {bond for event in events for bond in _of(subject, event)}


def _of(subject: Subject, event: Event) -> Iterator[tuple[Bond, str]]:
    match event:
        case Opened():
            yield Bond.CHANGE, str(subject.number)
            yield Bond.HEAD, str(subject.number)
        case Committed() | Ran() if subject.thing is not Thing.LINE:
            yield Bond.COMMIT, event.sha
        case Merged() if event.sha:
            yield Bond.COMMIT, event.sha
            yield Bond.MERGE, event.sha[:SHORT]
        case Referred() | Linked():
            yield from _of_text(event)
        case Worked():
            yield from ((Bond.COMMIT, sha) for sha, *_ in event.commits)
        case IssueOpened():
            yield from _of_issue(subject, event)
        case FilesChanged():
            yield from _of_files(event)
        case _:
            yield from _of_commits(event)


def _of_text(named: Referred | Linked) -> Iterator[tuple[Bond, str]]:
    if isinstance(named, Linked):
        yield from ((Bond.ISSUE, str(number)) for number in named.issues)
        yield from ((Bond.KEY, key) for key in named.keys)
        return
    yield from _named(Bond.MERGE, named.commits)
    yield from ((Bond.CHANGE, str(number)) for number in named.changes)


def _of_issue(subject: Subject, opened: IssueOpened) -> Iterator[tuple[Bond, str]]:
    if subject.number:
        yield Bond.ISSUE, str(subject.number)
    if opened.key:
        yield Bond.KEY, opened.key


def elsewhere(facts: Iterable[E]) -> list[E]:
    """What facts say where they are told in another repository: there, numbers and commits would name other things."""
    return [_elsewhere(each) for each in facts if not isinstance(each, Referred)]


def _elsewhere(event: E) -> E:
    match event:
        case IssueOpened() if event.number:
            return structs.replace(event, number=0)
        case IssueClosed() if event.by or event.commit:
            return structs.replace(event, by=0, commit="")
    return event


def _of_commits(event: Event) -> Iterator[tuple[Bond, str]]:
    """The bonds of what tells of commits of a default branch, and of changes by their numbers."""
    match event:
        case Contained():
            yield from _named(Bond.MERGE, event.shas)
        case Landed():
            yield Bond.MERGE, event.sha[:SHORT]
        case Removed():
            yield Bond.MERGE, event.by[:SHORT]
        case Found():
            yield from _of_found(event)
        case IssueClosed():
            yield from _named(Bond.MERGE, (event.commit,) if event.commit else ())
            yield from ((Bond.CHANGE, str(number)) for number in (event.by,) if number)


def _of_found(found: Found) -> Iterator[tuple[Bond, str]]:
    """A merge that changed a manifest was in the hour in which something was found, or in the one before."""
    yield from ((Bond.HEAD, str(number)) for number in found.changes)
    yield from _named(Bond.MERGE, found.commits)
    if found.manifest:
        yield from ((Bond.MANIFEST, f"{found.at // HOUR - ago}:{found.manifest}") for ago in (0, 1))


def _of_files(changed: FilesChanged) -> Iterator[tuple[Bond, str]]:
    yield from ((Bond.MANIFEST, f"{changed.at // HOUR}:{path}") for path, *_ in changed.files if is_manifest(path))


def _named(kind: Bond, shas: Iterable[str]) -> Iterator[tuple[Bond, str]]:
    return ((kind, sha[:SHORT]) for sha in shas)
