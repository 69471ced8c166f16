"""One question for a hundred projects: has anything moved in them beside their merge requests?

Source: https://docs.gitlab.com/api/graphql/reference/#queryprojects
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct, field

from exporter.errors import Garbled
from exporter.model import Stream
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.gitlab.answers import PAGE, Lacking, graphql, number
from exporter.providers.gitlab.queries import STIRRED

GID = "gid://gitlab/Project/"


class _Nodes(Struct):
    nodes: list[dict[str, Any] | None] = field(default_factory=list)


class _Answer(Struct):
    projects: _Nodes = field(default_factory=_Nodes)


def stirred(root: str, homes: Sequence[Home]) -> list[Request]:
    """Asks of each project for words that change when its pipelines or deployments move.

    A pipeline that is none of the ten newest moves none of them; a project is looked at once a day in any case.
    """
    return [_stirred(root, homes[start : start + PAGE]) for start in range(0, len(homes), PAGE)]


def _stirred(root: str, homes: Sequence[Home]) -> Request:
    def read(response: Response) -> Page:
        try:
            nodes = graphql(response, _Answer, Stream.RUNS).projects.nodes
        except Lacking as error:
            raise Garbled(f"the server is too old to tell what moved: it lacks {error}") from error
        found = {number(str(each.get("id"))): each for each in nodes if each}
        pulses: dict[tuple[str, Stream], str] = {}
        for home in homes:
            if node := found.get(home.key):
                pulses[home.key, Stream.RUNS] = _word(node.get("pipelines"))
                pulses[home.key, Stream.DEPLOYMENTS] = _word(
                    node.get("pipelines"), node.get("releases"), node.get("lastActivityAt")
                )
        return Page(pulses=pulses)

    middle = len(homes) // 2
    return Request(
        kind="stirred",
        path=f"{root}/api/graphql",
        body={"query": STIRRED, "variables": {"ids": [f"{GID}{home.key}" for home in homes], "first": len(homes)}},
        read=read,
        smaller=(lambda: (_stirred(root, homes[:middle]), _stirred(root, homes[middle:]))) if middle else None,
        repositories=tuple(home.key for home in homes),
    )


def _word(*parts: Any) -> str:
    return blake2b(msgspec.json.encode(parts), digest_size=8).hexdigest()
