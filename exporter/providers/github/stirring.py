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

PULLS = 5
"""Changes of a repository, the last updated ones, whose checks are looked at."""
_RUNS = ("pushedAt", "defaultBranchRef", "pullRequests")
_CODE = ("pushedAt",)
_DEPLOYMENTS = ("deployments", "releases", "refs")


class _Stirred(Struct):
    nodes: list[dict[str, Any] | None] = field(default_factory=list)


def stirred(graphql_path: str, keys: Sequence[str]) -> list[Request]:
    """Asks of each repository, by node id, for words that change when code, runs or deployments move.

    A run that is repeated long after its commit was the head of its branch moves none of them.
    """
    packs = (keys[start : start + queries.PAGE] for start in range(0, len(keys), queries.PAGE))
    return [_stirred(graphql_path, pack) for pack in packs]


def _stirred(path: str, keys: Sequence[str]) -> Request:
    def read(response: Response) -> Page:
        data, errors = graphql(response, _Stirred)
        spoilt = {error.path[1]: error for error in errors if len(error.path) > 1 and isinstance(error.path[1], int)}
        if len(spoilt) < len({error.path for error in errors}):
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
    told = msgspec.json.encode([node.get(name) for name in fields])
    return blake2b(told, digest_size=8).hexdigest()
