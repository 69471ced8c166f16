"""What happened to a change, in the sentences of GitLab's system notes.

Source: https://docs.gitlab.com/user/project/system_notes/ and the texts themselves as servers show them
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.double.facts import Account, Item, PullRequest, Team


class Note(NamedTuple):
    """One note; ``resolvable``: it begins a thread."""

    key: str
    at: int
    author: Account | None
    body: str
    system: bool = True
    resolvable: bool = False


TURNS = {
    "ReadyForReviewEvent": "marked this merge request as **ready**",
    "ConvertToDraftEvent": "marked this merge request as **draft**",
    "ReopenedEvent": "reopened",
}


def notes(pull: PullRequest) -> list[Note]:
    """All notes of a change, oldest first."""
    found = [note for item in pull.items for note in _of(pull, item)]
    if pull.edited is not None:
        found.append(Note(f"edit@{pull.edited}", pull.edited, pull.author, "changed the description"))
    return sorted(found, key=lambda note: note.at)


def _of(pull: PullRequest, item: Item) -> Iterator[Note]:
    match item.kind:
        case "PullRequestReview":
            yield _review(pull, item)
        case "ReviewDismissedEvent" if item.more is not None and item.before == "APPROVED":
            yield Note(item.id, item.at, item.more.actor, "unapproved this merge request")
        case "ReviewRequestedEvent" if isinstance(item.more, Account) and not isinstance(item.more, Team):
            yield Note(item.id, item.at, item.actor, f"requested review from @{item.more.login}")
        case "IssueComment":
            yield Note(item.id, item.at, item.actor, "What do you think?", system=False)
        case "BaseRefChangedEvent":
            before = [one.more for one in pull.items if one.kind == item.kind and one.at < item.at]
            old = before[-1] if before else "main"
            yield Note(item.id, item.at, item.actor, f"changed target branch from `{old}` to `{item.more}`")
        case "RenamedTitleEvent":
            old, new = item.more
            yield Note(item.id, item.at, item.actor, f"changed title from **{old}** to **{new}**")
        case "ClosedEvent" if pull.merged is None or item.at != pull.merged:
            yield Note(item.id, item.at, item.actor, "closed")
        case kind if kind in TURNS:
            yield Note(item.id, item.at, item.actor, TURNS[kind])


def _review(pull: PullRequest, item: Item) -> Note:
    """A verdict is a system note, remarks are a thread."""
    said = item.more
    if said == "DISMISSED":
        said = next((one.before for one in pull.items if one.more is item), "COMMENTED")
    if said == "APPROVED":
        return Note(item.id, item.at, item.actor, "approved this merge request")
    if said == "CHANGES_REQUESTED":
        return Note(item.id, item.at, item.actor, "requested changes")
    return Note(item.id, item.at, item.actor, "This could be shorter.", system=False, resolvable=True)
