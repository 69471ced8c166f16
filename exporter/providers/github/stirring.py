"""One question for a hundred repositories: has anything moved in them beside their changes?"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct, field

from exporter.errors import Partial
from exporter.model import Stream
from exporter.providers.base import Fault, Page, Request, Response
from exporter.providers.github import queries
from exporter.providers.github.answers import NOT_FOUND, graphql

FORBIDDEN, CHECKS = "FORBIDDEN", "checkSuites"
PULLS = 5
"""Changes of a repository, the last updated ones, whose checks are looked at."""
_RUNS = ("pushedAt", "defaultBranchRef", "pullRequests")
_CODE = ("pushedAt",)
_DEPLOYMENTS = ("deployments", "releases", "refs")


class _Stirred(Struct):
    nodes: list[dict[str, Any] | None] = field(default_factory=list)


def stirred(graphql_path: str, keys: Sequence[str]) -> list[Request]:
    """Asks of each repository, by node id, for words that change when code, runs or deployments move.

    A run that is repeated long after its commit was the head of its branch moves none of them. A credential that may
    not read checks is told of pushes all the same, not of runs that began without one.
    """
    packs = (keys[start : start + queries.PAGE] for start in range(0, len(keys), queries.PAGE))
    return [_stirred(graphql_path, pack) for pack in packs]


def _stirred(path: str, keys: Sequence[str]) -> Request:
    def read(response: Response) -> Page:
        data, errors = graphql(response, _Stirred)
        errors = tuple(error for error in errors if error.type != FORBIDDEN or CHECKS not in error.path)
        spoilt = {error.path[1]: error for error in errors if len(error.path) > 1 and isinstance(error.path[1], int)}
        if any(len(error.path) < 2 or not isinstance(error.path[1], int) for error in errors):
            raise Partial("; ".join(error.message for error in errors))
        pulses: dict[tuple[str, Stream], str] = {}
        faults: list[Fault] = []
        for number, (key, node) in enumerate(zip(keys, data.nodes, strict=True)):
            error = spoilt.get(number)
            if error is not None and error.type != NOT_FOUND:
                faults.append(Fault(key, Partial.reason, error.message))
            elif node:
                pulses[key, Stream.RUNS] = _word(node, _RUNS)
                pulses[key, Stream.CODE] = _word(node, _CODE)
                pulses[key, Stream.DEPLOYMENTS] = _word(node, _DEPLOYMENTS)
        return Page(pulses=pulses, faults=tuple(faults))

    middle = len(keys) // 2
    return Request(
        kind="stirred",
        path=path,
        body={"query": queries.STIRRED, "variables": {"ids": list(keys), "pulls": PULLS}},
        read=read,
        smaller=(lambda: (_stirred(path, keys[:middle]), _stirred(path, keys[middle:]))) if middle else None,
        repositories=tuple(keys),
    )


def _word(node: dict[str, Any], fields: Sequence[str]) -> str:
    parts = [node.get(name) for name in fields]
    if not any(_holds(part) for part in parts):
        return ""
    told = msgspec.json.encode(parts)
    return blake2b(told, digest_size=8).hexdigest()


def _holds(part: Any) -> bool:
    """Whether a field holds anything; a connection does if it has a node, or counts more than none."""
    return (
        bool(part.get("nodes") or part.get("totalCount") or "target" in part) if isinstance(part, dict) else bool(part)
    )
