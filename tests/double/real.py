"""Loads real pull requests, one gzipped file of JSON lines per repository, into a world.

The files' own README describes them; what a line does not hold does not exist.
"""

import gzip
import json
import os
from bisect import insort
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.double.facts import Commit, Item, PullRequest, Repository, account
from tests.double.world import World, seconds

NOW = seconds("2026-09-01T00:00:00Z")
"""When the real data is asked about unless a test says otherwise: after its last event."""

EVENTS = {
    "ready_for_review": "ReadyForReviewEvent",
    "convert_to_draft": "ConvertToDraftEvent",
    "review_requested": "ReviewRequestedEvent",
    "review_dismissed": "ReviewDismissedEvent",
    "head_ref_force_pushed": "HeadRefForcePushedEvent",
    "base_ref_changed": "BaseRefChangedEvent",
    "merged": "MergedEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
}
"""REST's event names, and the GraphQL types of those that are served."""

SAME = 2
"""Two records of one close or merge may differ by so many seconds; they are served at the pull request's own time."""

when = lru_cache(maxsize=1 << 16)(seconds)


def real_data() -> Path | None:
    """The folder of real data: ``SDLC_REAL_DATA``, or beside the checkout; None when it is absent."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("SDLC_REAL_DATA", beside))
    return path if any(path.glob("*.jsonl.gz")) else None


def load_real(path: str | Path, only: Iterable[str] | None = None, now: int = NOW) -> World:
    """The world of a folder's files, or of those of the repositories ``only`` (owner/name)."""
    world = World(now)
    wanted = None if only is None else {name.replace("/", "__") for name in only}
    for file in sorted(Path(path).glob("*.jsonl.gz")):
        if wanted is None or file.name.removesuffix(".jsonl.gz") in wanted:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                load_file(world, map(json.loads, lines))
    return world


def load_file(world: World, lines: Iterable[dict[str, Any]]) -> None:
    """Adds one repository's lines."""
    repository: Repository | None = None
    for line in lines:
        if line["type"] == "repo":
            repository = world.add_repository(
                line["full_name"],
                id=f"R_{line['id']}",
                owner_kind=line["owner_type"],
                default_branch=line["default_branch"],
                archived="archived_at" in line,
            )
        elif line["type"] == "pr" and repository:
            world.add(pull_request(repository, line))


def pull_request(repository: Repository, line: dict[str, Any]) -> PullRequest:
    """A pull request as a line tells it, its timeline by time."""
    pull = PullRequest(
        id=line["node_id"],
        number=line["number"],
        repository=repository,
        author=account(line["user"]),
        created=when(line["created_at"]),
        updated=when(line["updated_at"]),
        body=line.get("body") or "",
        closed=_moment(line, "closed_at"),
        merged=_moment(line, "merged_at"),
        head=line["head_ref"],
        base=line["base_ref"],
        merge_sha=line.get("merge_sha"),
        files=None if line.get("files") is None else [tuple(row[:3]) for row in line["files"]],
    )
    pull.draft = line["draft0"]
    for item in [*_commits(pull, line), *_reviews(pull, line), *_comments(pull, line), *_events(pull, line)]:
        insort(pull.items, item, key=lambda one: one.at)
    for item in pull.items:
        _follow(pull, item)
    pull.updated = max([pull.updated, *(item.at for item in pull.items)])
    return pull


def _moment(line: dict[str, Any], key: str) -> int | None:
    return when(line[key]) if line.get(key) else None


def _commits(pull: PullRequest, line: dict[str, Any]) -> list[Item]:
    items = []
    for one in line["commits"]:
        commit = Commit(
            sha=one["sha"],
            message=one["msg"],
            authored=when(one["at"]),
            committed=when(one["ct"]),
            names=(one["an"], one["cn"]),
            emails=(one["ae"], one["ce"]),
            login=one.get("login"),
        )
        items.append(Item("PullRequestCommit", f"PRC_{pull.id}_{commit.sha}", commit.committed, more=commit))
    return items


def _reviews(pull: PullRequest, line: dict[str, Any]) -> list[Item]:
    return [
        Item("PullRequestReview", f"PRR_{one['id']}", when(one["t"]), account(one["user"]), one["state"])
        for one in line["reviews"]
    ]


def _comments(pull: PullRequest, line: dict[str, Any]) -> list[Item]:
    return [
        Item("IssueComment", f"IC_{one['id']}", when(one["t"]), account(one["user"]))
        for one in line.get("comments", ())
    ]


def _events(pull: PullRequest, line: dict[str, Any]) -> list[Item]:
    """The served events of a timeline, with a close and a merge at the pull request's own times whatever it holds."""
    own = {"MergedEvent": pull.merged, "ClosedEvent": pull.closed}
    items = []
    for n, event in enumerate(line.get("timeline", ())):
        kind = EVENTS.get(event["e"])
        if kind is None:
            continue
        at, end = when(event["t"]), own.get(kind)
        if end is not None and abs(at - end) <= SAME:
            at = end
        item = Item(kind, f"{kind}_{pull.id}_{n}", at, account(event.get("a")))
        if kind == "ReviewRequestedEvent":
            item.more = account(event.get("who"))
        elif kind == "BaseRefChangedEvent":
            item.more = pull.base
        items.append(item)
    told = {(item.kind, item.at) for item in items}
    items += [
        Item(kind, f"{kind}_{pull.id}_end", at, account(line.get("merged_by")))
        for kind, at in own.items()
        if at is not None and (kind, at) not in told
    ]
    return items


def _follow(pull: PullRequest, item: Item) -> None:
    """What an event did to the pull request: its draft state, and which review was dismissed."""
    if item.kind == "ReadyForReviewEvent":
        pull.draft = False
    elif item.kind == "ConvertToDraftEvent":
        pull.draft = True
    elif item.kind == "ReviewDismissedEvent":
        gone = {event.more for event in pull.items if event.kind == item.kind}
        before = [one for one in pull.reviews() if one.more == "DISMISSED" and one.at <= item.at and one not in gone]
        item.more, item.before = before[-1] if before else None, "APPROVED"
