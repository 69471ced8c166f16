"""An issue of Jira, read into facts: what it is now, and backwards through its changelog what it was before.

Who did anything is not read. A fact of a changelog has the id of its entry, so that it is the same in whatever page
and by whichever question it is read. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field

from exporter.markers import marker_lines
from exporter.model import (
    IssueClosed,
    IssueDescribed,
    IssueEvent,
    IssueOpened,
    IssueReopened,
    Labelled,
    Moved,
    Naming,
    Referred,
    Subject,
    Thing,
    Told,
)
from exporter.providers.answers import seconds
from exporter.providers.base import Home
from exporter.providers.jira.options import DONE, STATUSES, Options, home_of
from exporter.providers.jira.texts import plain_text, words
from exporter.references import referred

BLOCKED = "blocked"
KEPT = ("created", "updated", "issuetype", "status", "resolution", "labels", "description")
"""Fields that are asked for."""
MILLISECONDS = 100_000_000_000
"""Unix times from here on are in milliseconds: in seconds it would be the year 5138."""


class Change(Struct, rename="camel"):
    """What one entry changed in one field. Text is for people, ``from`` and ``to`` are ids."""

    field: str = ""
    field_id: str | None = ""
    from_string: str | None = None
    to_string: str | None = None


class Entry(Struct):
    """An entry of a changelog; packed ones tell their date as a number."""

    id: str
    created: str | int
    items: tuple[Change, ...] = ()

    @property
    def at(self) -> int:
        """When, in Unix seconds.

        Raises:
            Garbled: the time is none.
        """
        if isinstance(self.created, str):
            return seconds(self.created)
        return self.created // 1000 if self.created >= MILLISECONDS else self.created


class Changelog(Struct, rename="camel"):
    """As much of the changelog as a search tells."""

    total: int | None = None
    max_results: int | None = None
    histories: tuple[Entry, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is missing; without a count, a page that is full may miss something."""
        if self.total is not None:
            return len(self.histories) >= self.total
        return self.max_results is None or len(self.histories) < self.max_results


class Issue(Struct):
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/."""

    id: str
    key: str
    fields: dict[str, Any] = field(default_factory=dict)
    changelog: Changelog = field(default_factory=Changelog)


class _Step(NamedTuple):
    """One change of one field: the entry's place, id and date, and the field's text before and after."""

    place: int
    id: str
    at: int
    before: str
    after: str


class Reading:
    """Reads one issue with its whole changelog. ``names``: names of the fields that were asked for, by their ids."""

    def __init__(self, issue: Issue, histories: Sequence[Entry], options: Options, names: Mapping[str, str]) -> None:
        self.issue = issue
        self.options = options
        self.names = names
        self.unknown: list[str] = []
        self.created = seconds(str(issue.fields.get("created")))
        self._steps: dict[str, list[_Step]] = {}
        unique = {entry.id: entry for entry in histories}
        ordered = sorted(unique.values(), key=lambda each: (each.at, len(each.id), each.id))
        for place, entry in enumerate(ordered):
            for change in entry.items:
                at, before, after = max(entry.at, self.created), change.from_string or "", change.to_string or ""
                step = _Step(place, entry.id, at, before, after)
                for name in {change.field.lower(), (change.field_id or "").lower()} - {""}:
                    self._steps.setdefault(name, []).append(step)

    def told(self, homes: Sequence[Home]) -> Told | None:
        """All its facts, in the home of the first project it was in that has one; None where none has.

        Raises:
            Garbled: a time is not a time.
        """
        home = self._home(homes)
        if home is None:
            return None
        edited = next((step.at for step in reversed(self._of("description"))), self.created)
        text = plain_text(self.issue.fields.get("description"))
        described = IssueDescribed(f"body@{edited}", edited, marker_lines(text))
        # As everywhere, an issue takes nothing back.
        named = [each for each in referred(text, home.name, described.id, edited) if each.naming is Naming.FIX]
        events: list[IssueEvent | Referred] = [
            *self._opened(), described, *named, *self._moved(), *self._closed(), *self._labels(), *self._found(),
            *self._blocked(),
        ]  # fmt: skip
        return Told(Subject(home.key, self.issue.id, 0, Thing.ISSUE), tuple(events))

    def _of(self, *names: str) -> list[_Step]:
        """The changes of a field, by its name or id, in order."""
        return next((found for name in names if (found := self._steps.get(name.lower()))), [])

    def _home(self, homes: Sequence[Home]) -> Home | None:
        projects = {key.upper(): globs for key, globs in self.options.projects.items()}
        for key in (self._first("Key", self.issue.key), *(step.after for step in self._of("Key"))):
            home = home_of(projects.get(key.upper().rpartition("-")[0], ()), homes)
            if home is not None:
                return home
        return None

    def _first(self, name: str, now: str) -> str:
        """A field's text at the creation: what the first change of it replaced, else what it is now."""
        steps = self._of(name)
        return steps[0].before if steps else now

    def _opened(self) -> Iterator[IssueOpened]:
        """The creation; and again with each other key or type that it got."""
        key = self._first("Key", self.issue.key).upper()
        kind = self._first("issuetype", _name(self.issue.fields.get("issuetype"))).lower()
        yield IssueOpened("opened", self.created, kind, key=key)
        turns = [(step, True) for step in self._of("Key")] + [(step, False) for step in self._of("issuetype")]
        for step, is_key in sorted(turns, key=lambda turn: turn[0].place):
            key, kind = (step.after.upper(), kind) if is_key else (key, step.after.lower())
            yield IssueOpened(f"opened:{step.id}:{'key' if is_key else 'type'}", step.at, kind, key=key)

    def _status(self, name: str) -> tuple[str, bool]:
        """A status as it counts as a label, and whether it is the end of the work."""
        lower = name.strip().lower()
        told = {each.lower(): word for each, word in self.options.statuses.items()}
        if lower not in told and lower not in STATUSES and lower:
            self._strange("issue_status")
        return told.get(lower, lower), told.get(lower, STATUSES.get(lower)) == "done"

    def _strange(self, field: str) -> None:
        """Note a word that is not known, once for an issue."""
        if field not in self.unknown:
            self.unknown.append(field)

    def _moved(self) -> Iterator[Moved]:
        first, _ = self._status(self._first("status", _name(self.issue.fields.get("status"))))
        if first:
            yield Moved("moved", self.created, first)
        for step in self._of("status"):
            yield Moved(f"moved:{step.id}", step.at, self._status(step.after)[0])

    def _closed(self) -> Iterator[IssueClosed | IssueReopened]:
        """Closed is what has a resolution or stands in a status that is the end; each turn of that is a fact."""
        status = self._first("status", _name(self.issue.fields.get("status")))
        resolution = self._first("resolution", _name(self.issue.fields.get("resolution")))
        before = self._end(status, resolution)
        if before is not None:
            yield IssueClosed("closed", self.created, before)
        turns = {step.id: step.at for step in sorted([*self._of("status"), *self._of("resolution")], key=_place)}
        for turn, at in turns.items():
            status = next((step.after for step in self._of("status") if step.id == turn), status)
            resolution = next((step.after for step in self._of("resolution") if step.id == turn), resolution)
            now = self._end(status, resolution)
            if now is None and before is not None:
                yield IssueReopened(f"reopened:{turn}", at)
            elif now is not None and now != before:
                yield IssueClosed(f"closed:{turn}", at, now)
            before = now

    def _end(self, status: str, resolution: str) -> bool | None:
        """Whether it is closed as done, or as something else; None for open."""
        word = resolution.strip().lower()
        dropped = word in {each.lower() for each in self.options.dropped}
        if word and not dropped and word not in DONE:
            self._strange("issue_resolution")
        return not dropped if word else True if self._status(status)[1] else None

    def _labels(self) -> Iterator[Labelled]:
        now = self.issue.fields.get("labels")
        steps = self._of("labels")
        first = steps[0].before.split() if steps else now if isinstance(now, list) else ()
        yield from (Labelled(f"label:{name}", self.created, name, on=True) for name in sorted(_lower(first)))
        for step in steps:
            yield from _turned(step, _lower(step.before.split()), _lower(step.after.split()))

    def _found(self) -> Iterator[Labelled]:
        """The labels that values of fields stand for."""
        rules: dict[str, dict[str, str]] = {}
        for rule, label in self.options.found_in.items():
            name, _, value = rule.partition("=")
            rules.setdefault(name.strip(), {})[value.strip().lower()] = label.strip().lower()
        for name, labels in rules.items():
            steps = self._of(name, self.names.get(name, name))
            first = _choices(steps[0].before) if steps else set(words(self.issue.fields.get(name)))
            standing = {label for value, label in labels.items() if value in first}
            yield from (Labelled(f"{name}:{each}", self.created, each, on=True) for each in sorted(standing))
            for step in steps:
                before, after = _choices(step.before), _choices(step.after)
                was = {label for value, label in labels.items() if value in before}
                now = {label for value, label in labels.items() if value in after}
                yield from _turned(step, was, now, name)

    def _blocked(self) -> Iterator[Labelled]:
        """Blocked from the first flag or link on until the last of them is off."""
        standing: set[str] = set()
        turns = [(step, "flag", "flag") for step in self._of(self.options.flag)] if self.options.flag else []
        turns += [(step, step.before, step.after) for step in self._of("Link") if self._blocks(step)]
        if self.options.flag and self._first(self.options.flag, ""):
            standing.add("flag")
            yield Labelled("blocked", self.created, BLOCKED, on=True)
        for step, off, on in sorted(turns, key=lambda turn: turn[0].place):
            was = bool(standing)
            (standing.add(on) if step.after else standing.discard(off))
            if bool(standing) is not was:
                yield Labelled(f"blocked:{step.id}:{on or off}", step.at, BLOCKED, on=not was)

    def _blocks(self, step: _Step) -> bool:
        said = (step.after or step.before).lower()
        return any(words.lower() in said for words in self.options.blocked_by)


def _turned(step: _Step, before: set[str], after: set[str], of: str = "label") -> Iterator[Labelled]:
    for name in sorted(before ^ after):
        yield Labelled(f"{of}:{step.id}:{name}", step.at, name, on=name in after)


def _choices(text: str) -> set[str]:
    """The values of a field in a changelog: one, or several with commas."""
    return {text.strip().lower(), *(each.strip().lower() for each in text.split(","))} - {""}


def _lower(names: Sequence[Any]) -> set[str]:
    return {str(name).lower() for name in names}


def _name(value: Any) -> str:
    return str(value.get("name") or "") if isinstance(value, Mapping) else ""


def _place(step: _Step) -> int:
    return step.place
