"""Commits as work: who wrote them, whether a person did, and which change they belong to."""

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from exporter.catalogue import DAY
from exporter.change import Change
from exporter.code.sessions import Authored, session_seconds
from exporter.model import Actor, Committed, Merged, Origin, Worked
from exporter.origin import Evidence
from exporter.policy import Policy
from exporter.story import Story


class Share(NamedTuple):
    """Seconds of one author's work on one UTC day, counted in days since the epoch."""

    author: str
    day: int
    seconds: int


def author_of(commit: Committed) -> str:
    """A key that is the same for one person in one forge: the login, else the e-mail address, else the name."""
    return (commit.login or commit.emails[0] or commit.names[0]).strip().lower()


def is_persons(commit: Committed, policy: Policy) -> bool:
    """Whether a person wrote the commit, alone or assisted: neither an agent's nor a bot's account."""
    address = commit.emails[0].lower()
    if not policy.rules.is_reviewer_person(Actor(commit.login, "[bot]@" in address)):
        return False
    evidence = Evidence(Actor(""), commit.at, "", (commit,))
    return policy.rules.decide(evidence).origin is not Origin.AGENTIC


def authored(commits: Iterable[Committed], policy: Policy) -> Iterator[Authored]:
    """The commits as sessions are cut from them, each sha once."""
    for commit in {each.sha: each for each in commits}.values():
        yield Authored(commit.sha, author_of(commit), commit.authored, not is_persons(commit, policy))


def shares(commits: Iterable[Committed], policy: Policy, of: Iterable[str] | None = None) -> list[Share]:
    """Session time by author and day, in their order; ``of`` these commits only, which others may have led up to."""
    known = list(authored(commits, policy))
    seconds = session_seconds(known, policy.most_of_a_day)
    wanted = seconds.keys() if of is None else set(of)
    found: dict[tuple[int, str], int] = {}
    for each in known:
        if each.key in wanted and not each.agent:
            place = each.at // DAY, each.author
            found[place] = found.get(place, 0) + seconds[each.key]
    return [Share(author, day, took) for (day, author), took in sorted(found.items())]


def stated(work: Worked) -> list[Committed]:
    """The commits that a line's work names, as a change's own commits are stated."""
    return [
        Committed(
            id=f"commit:{sha}",
            at=date,
            sha=sha,
            authored=date,
            names=("", ""),
            emails=(author, author) if "@" in author else ("", ""),
            login="" if "@" in author else author,
            trailers=markers,
        )
        for sha, date, author, markers in work.commits
    ]


def owners(line: Story, shas: Container[str], at: int) -> dict[str, Change]:
    """By commit, the change that brought it: as one of its own, or as what it was merged as. Known at a second.

    Where several did, as with stacked changes, the one opened first. Changes with none of these commits are passed
    over: a month of a default branch is told of every change that was merged into it.
    """
    known: list[tuple[int, str, Change]] = []
    for facts in line.bound:
        if any(each.sha in shas for each in facts if isinstance(each, Committed | Merged)):
            change = Change([each for each in facts if each.at <= at], line.policy)
            if change.opened is not None:
                known.append((change.opened.at, change.opened.author.login, change))
    found: dict[str, Change] = {}
    for _, _, change in sorted(known, key=lambda each: each[:2]):
        for event in change.events:
            if isinstance(event, Committed | Merged) and event.sha in shas:
                found.setdefault(event.sha, change)
    return found
