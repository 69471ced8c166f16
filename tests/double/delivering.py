"""Deployments, releases and tags: how they happen in the world, and how GraphQL and REST show them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.double.cost import refused
from tests.double.facts import Deployment, Release, Repository, Tag
from tests.double.faults import Answer, said
from tests.double.graph import AT_ONCE, Made
from tests.double.paging import Node, cursor, key_of, page, stamp
from tests.double.world import World

MINUTE = 60


def deploy(
    world: World,
    repository: Repository,
    sha: str,
    environment: str = "production",
    *,
    at: int | None = None,
    took: int = MINUTE,
    state: str | None = "SUCCESS",
) -> Deployment:
    """Deploys a commit: asked for ``took`` seconds before it ends at ``at``; without a state it has not ended."""
    at = world.now if at is None else at
    with world.lock:
        key = f"DE_{repository.id}_{len(repository.deployments) + 1}"
        one = Deployment(key, repository, environment, sha, at - took, [("IN_PROGRESS", at - took)])
        repository.deployments.append(one)
        world.deployments[key] = one
        if state is not None:
            end(world, one, state, at)
    return one


def end(world: World, one: Deployment, state: str = "SUCCESS", at: int | None = None) -> None:
    """Gives a deployment a state; after a success the one before it in the environment is inactive."""
    at = world.now if at is None else at
    with world.lock:
        if state == "SUCCESS":
            here = [each for each in one.repository.deployments if each.environment == one.environment]
            for other in here:
                if other is not one and other.statuses[-1:] and other.statuses[-1][0] == "SUCCESS":
                    other.statuses.append(("INACTIVE", max(at, other.statuses[-1][1])))
        one.statuses.append((state, at))


def release(
    world: World, repository: Repository, name: str, sha: str | None, at: int | None = None, **more: Any
) -> Release:
    """Publishes a release; ``more`` are fields of Release."""
    at = world.now if at is None else at
    with world.lock:
        more = {"created": at, "published": at} | more
        one = Release(f"RE_{repository.id}_{len(repository.releases) + 1}", name, sha, **more)
        repository.releases.append(one)
    return one


def tag(world: World, repository: Repository, name: str, sha: str, tagged: int | None = None) -> Tag:
    """Tags a commit, with a message if it is dated."""
    with world.lock:
        one = Tag(f"REF_{repository.id}_{name}", name, sha, tagged)
        repository.tags.append(one)
    return one


# GraphQL


def deployment(one: Deployment) -> Node:
    """A deployment as a node; the states are in no order that anybody promises."""
    rows = [
        {"__typename": "DeploymentStatus", "id": f"DES_{one.id}_{n:03}", "state": state, "createdAt": stamp(at)}
        for n, (state, at) in enumerate(one.statuses)
    ]
    return {
        "__typename": "Deployment",
        "id": one.id,
        "environment": one.environment,
        "latestEnvironment": one.environment,
        "commitOid": one.sha,
        "createdAt": stamp(one.created),
        "repository": {"__typename": "Repository", "id": one.repository.id},
        "latestStatus": rows[-1] if rows else None,
        "statuses": lambda _info, first=None, **_: (
            page("statuses", rows[::-1], 0, first, lambda n: cursor(n + 1)) | {"totalCount": len(rows)}
        ),
    }


def _release(one: Release) -> Node:
    return {
        "__typename": "Release",
        "id": one.id,
        "tagName": one.name,
        "createdAt": stamp(one.created),
        "publishedAt": stamp(one.published),
        "updatedAt": stamp(one.published or one.created),
        "isDraft": one.published is None,
        "isPrerelease": one.prerelease,
        "tagCommit": one.sha and {"__typename": "Commit", "id": f"C_{one.sha}", "oid": one.sha},
    }


def commit_object(repository: Repository, _info: object, *, oid: str | None = None, **_: Any) -> Node | None:
    """A commit by its sha, if the repository has it."""
    made = repository.graph.commits.get(oid or "")
    if made is None:
        return None
    return {"__typename": "Commit", "id": f"C_{oid}", "oid": oid, "committedDate": stamp(made.at)}


def _tag(repository: Repository, one: Tag) -> Node:
    target = commit_object(repository, None, oid=one.sha)
    if one.tagged is not None:
        named = {"__typename": "Tag", "id": f"T_{one.id}", "oid": f"{one.name}-object", "target": target}
        target = named | {"tagger": {"date": stamp(one.tagged)}}
    return {"__typename": "Ref", "id": one.id, "name": one.name, "target": target}


def _newest(
    name: str,
    show: Callable[[Any], Node],
    all_rows: Callable[[], list[tuple[int, int, Any]]],
    _info: object,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    **_: Any,
) -> Node:
    """A page, newest first; the cursor is a place in the order, not a position."""
    rows = all_rows()
    falling = sorted(rows, key=lambda row: row[:2], reverse=True)
    start = sum(row[:2] >= tuple(key_of(after, 2)) for row in falling) if after else 0
    answer = page(name, falling, start, first or last, lambda n: cursor(*falling[n][:2]))
    return answer | {"nodes": [show(row[2]) for row in answer["nodes"]], "totalCount": len(rows)}


def connections(repository: Repository, lacks: frozenset[str]) -> Node:
    """The fields of a repository that tell of deliveries; ``lacks``: permissions the token has not."""

    def guarded(permission: str, field: Callable[..., Node]) -> Callable[..., Node]:
        def refuse(_info: object, **_: Any) -> Node:
            raise refused("FORBIDDEN", "Resource not accessible by personal access token")

        return refuse if permission in lacks else field

    commits = repository.graph.commits

    def deployments() -> list[tuple[int, int, Any]]:
        return [(each.created, n, each) for n, each in enumerate(repository.deployments)]

    def releases() -> list[tuple[int, int, Any]]:
        return [(each.created, n, each) for n, each in enumerate(repository.releases)]

    def tags() -> list[tuple[int, int, Any]]:
        return [(commits[each.sha].at, n, each) for n, each in enumerate(repository.tags)]

    return {
        "deployments": guarded("deployments", partial(_newest, "deployments", deployment, deployments)),
        "releases": guarded("contents", partial(_newest, "releases", _release, releases)),
        "refs": guarded("contents", partial(_newest, "refs", partial(_tag, repository), tags)),
        "object": partial(commit_object, repository),
    }


# REST


def compared(repository: Repository, base: str, head: str, variables: dict[str, str]) -> Answer:
    """``GET /repos/{owner}/{repo}/compare/{base}...{head}``: a page of commits, oldest first."""
    found = repository.graph.compare(base, head)
    if found is None:
        return said(404, "Not Found")
    size, number = int(variables.get("per_page", AT_ONCE)), int(variables.get("page", 1))
    payload = {
        "status": found.status,
        "ahead_by": len(found.ahead),
        "behind_by": len(found.behind),
        "total_commits": len(found.ahead),
        "commits": [_commit(made) for made in found.ahead[(number - 1) * size : number * size]],
    }
    if number == 1:
        payload["files"] = [
            {"filename": path, "additions": added, "deletions": deleted, "status": "modified"}
            for made in found.ahead
            for path, added, deleted in made.files
        ]
    return Answer(payload=payload)


def _commit(made: Made) -> Node:
    person = {"name": made.author, "email": f"{made.author}@example.org", "date": stamp(made.at)}
    return {
        "sha": made.sha,
        "commit": {"message": made.message, "author": person, "committer": person},
        "author": {"login": made.author},
        "parents": [{"sha": sha} for sha in made.parents],
    }
