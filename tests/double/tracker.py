"""Issues of a world, and what happens to them while it is served."""

from typing import Any

from tests.double.facts import Issue, Item, PullRequest, Repository
from tests.double.world import Who, World, who


def report(
    world: World, repository: Repository, *labels: str, by: Who = "reporter", at: int | None = None, **more: Any
) -> Issue:
    """Opens an issue that has these labels from its first second; ``more`` are fields of Issue."""
    at = world.now if at is None else at
    with world.lock:
        number = more.pop("number", world.next_number(repository))
        more.setdefault("id", f"I_{repository.id}_{number}")
        issue = Issue(number=number, repository=repository, author=who(by), created=at, updated=at, **more)
        world.issues[issue.id] = repository.issues[number] = issue
        world.touch(issue, at)
        for each in labels:
            label(world, issue, each, at=at)
    return issue


def label(world: World, issue: Issue | PullRequest, name: str, *, at: int | None = None) -> Item:
    """Puts a label on."""
    return world.happen(issue, "LabeledEvent", at, who("triager"), name)


def unlabel(world: World, issue: Issue | PullRequest, name: str, *, at: int | None = None) -> Item:
    """Takes a label off."""
    return world.happen(issue, "UnlabeledEvent", at, who("triager"), name)


def close(
    world: World,
    issue: Issue,
    reason: str | None = "COMPLETED",
    *,
    by: PullRequest | None = None,
    at: int | None = None,
) -> Item:
    """Closes it, for a reason, by a person or by the merge of a change."""
    with world.lock:
        issue.closed = world.now if at is None else at
        return world.happen(issue, "ClosedEvent", at, who("triager"), (reason, by))


def reopen(world: World, issue: Issue, *, at: int | None = None) -> Item:
    """Opens it again."""
    with world.lock:
        issue.closed = None
        return world.happen(issue, "ReopenedEvent", at, who("triager"))


def delete(world: World, issue: Issue) -> None:
    """Takes an issue out of the world, as deleting or transferring it does."""
    with world.lock:
        del world.issues[issue.id], issue.repository.issues[issue.number]
        issue.indexed = None
        world.forget_order()
