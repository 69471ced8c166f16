"""What a source of Jira may say beside what every source says, and what is wrong with it."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from msgspec import Struct, field

from exporter.providers.base import Home
from exporter.providers.service import Setup

PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*\S.*")
DROPPED = (
    "duplicate", "won't do", "wont do", "won't fix", "wontfix", "cannot reproduce", "incomplete", "declined",
    "rejected", "invalid", "not a bug", "obsolete", "abandoned", "withdrawn",
)  # fmt: skip
"""Resolutions that are no completion."""
DONE = frozenset({"done", "fixed", "resolved", "complete", "completed", "closed", "released", "deployed"})
"""Resolutions that are one; all others are taken for one too, and counted as unknown words."""
STATUSES = {
    "to do": "todo", "open": "todo", "reopened": "todo", "backlog": "todo", "selected for development": "todo",
    "in progress": "active", "in review": "active", "qa": "qa", "in qa": "qa", "ready for qa": "qa",
    "blocked": "blocked", "done": "done", "closed": "done", "resolved": "done",
}  # fmt: skip
"""Statuses that are known without being told, and what they are."""

Word = Literal["qa", "blocked", "active", "done", "todo"]


class Options(Struct, frozen=True, kw_only=True):
    """The keys of a source of Jira."""

    projects: Annotated[
        dict[str, tuple[str, ...]],
        "Jira's projects by their keys, each with globs over owner/name of the repositories whose issues it has. The "
        "issues of a project live in the first of these by name; changes of any repository may name them by key.",
    ] = field(default_factory=dict)
    deployment: Annotated[
        Literal["cloud", "datacenter"], "Which Jira it is: Atlassian's own, or a server of yours (Data Center)."
    ] = "cloud"
    statuses: Annotated[
        dict[str, Word],
        "What statuses are, by their names: `qa` and `blocked` count as the labels of those names (`issues.qa`, "
        "`issues.blocked`), `done` closes an issue without a resolution. Any other status counts as a label of its own "
        "name, which `issues.qa` may have too.",
    ] = field(default_factory=dict)
    dropped: Annotated[
        tuple[str, ...], "Resolutions that are no completion, such as Duplicate; case does not count."
    ] = DROPPED
    found_in: Annotated[
        dict[str, str],
        "Labels that values of fields stand for, by `FIELD=VALUE` with the field's id: `customfield_10040=Production: "
        "production` has such defects found in production (`issues.production`).",
    ] = field(default_factory=dict)
    flag: Annotated[str, "The field that flags an issue as blocked, as its history names it; empty for none."] = (
        "Flagged"
    )
    blocked_by: Annotated[
        tuple[str, ...],
        "Links that block an issue, in the words that it shows, such as `is blocked by`. An issue counts as blocked "
        "until the link is taken off, so only for teams that take it off.",
    ] = ()


def fault(setup: Setup) -> str:
    """What is wrong with them, a sentence with a remedy; empty for nothing."""
    options: Options = setup.options
    if not options.projects:
        return "names no project; write projects: {SHOP: ['acme/shop*']}"
    for key, globs in options.projects.items():
        if PROJECT.fullmatch(key) is None:
            return f"has a project {key!r}; write its key, such as SHOP"
        if not globs:
            return f"has no repository for the project {key}; write globs over owner/name, such as 'acme/*'"
    for rule in options.found_in:
        if FIELD.fullmatch(rule) is None:
            return f"has a rule {rule!r} in found_in; write FIELD=VALUE, such as customfield_10040=Production"
    return ""


def home_of(globs: Iterable[str], homes: Iterable[Home]) -> Home | None:
    """The first home by name that one of the globs matches; case does not count, and ``*`` spans ``/``."""
    lower = [each.lower() for each in globs]
    fitting = [each for each in homes if any(fnmatchcase(each.name.lower(), glob) for glob in lower)]
    return min(fitting, default=None, key=lambda home: (home.name.lower(), home.key))
