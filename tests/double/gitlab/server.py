"""The double as a GitLab server: https://docs.gitlab.com/api/."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from aiohttp import web
from graphql import GraphQLError

from tests.double.ci import Attempt, Run
from tests.double.execution import Documents
from tests.double.faults import Answer, Asked
from tests.double.gitlab.ids import Ids
from tests.double.gitlab.rest import GoneError, Rest, Row
from tests.double.gitlab.view import View
from tests.double.server import Double, serving
from tests.double.world import World

SCHEMA = Path(__file__).with_name("schema.graphql")
TOKEN = "glpat-double"
"""The token every double of GitLab accepts unless told otherwise."""
LIMIT = 2000
"""Requests a minute: https://docs.gitlab.com/security/rate_limits/"""
RESULTS = {"failure": "failed", "error": "error", "skipped": "skipped"}


class Gitlab(Double):
    """A world served as GitLab. ``without``: fields (``Type.field``) and arguments that an older server lacks."""

    def __init__(self, world: World, *, token: str | None = TOKEN, without: tuple[str, ...] = (), **how: Any) -> None:
        super().__init__(world, token=token, **how)
        self.documents = Documents(SCHEMA)
        for name in without:
            self._forget(*name.split("."))
        self.ids = Ids()

    def _forget(self, kind: str, name: str) -> None:
        """Takes a field or an argument out of the schema."""
        types = self.documents.schema.type_map
        if kind in types:
            del types[kind].fields[name]
        for each in types.values():
            found = getattr(each, "fields", {}).get(kind)
            if found is not None and name in getattr(found, "args", {}):
                del found.args[name]

    async def _read(self, request: web.Request) -> Asked:
        asked = await super()._read(request)
        asked.path = request.rel_url.raw_path.removeprefix("/api/v4") if request.path != "/api/graphql" else "/graphql"
        asked.token = asked.token or asked.headers.get("private-token", "")
        if asked.path != "/graphql":
            asked.variables = {name: request.query.getall(name) for name in request.query}
            asked.operation = asked.path.rstrip("/").rpartition("/")[2]
        return asked

    def _answer(self, asked: Asked) -> Answer:
        known = self.auth.tokens.get(asked.token)
        if known is None or known.revoked:
            return Answer(401, {"message": "401 Unauthorized"})
        with self.world.lock:
            answer = self._queried(asked) if asked.path == "/graphql" else self._rested(asked)
        answer.headers |= {
            "RateLimit-Limit": str(LIMIT),
            "RateLimit-Remaining": str(LIMIT - 1),
            "RateLimit-Reset": str(self.world.now + 60),
            "RateLimit-Name": "throttle_authenticated_api",
        }
        return answer

    def _queried(self, asked: Asked) -> Answer:
        try:
            self.documents.document(asked.query)
        except ExceptionGroup as group:
            return Answer(payload={"errors": [{"message": _said(each)} for each in group.exceptions]})
        view = View(self.world, self.ids, lambda run: len(self._cases(run)))
        data, errors = self.documents.quickly(asked.query, view.root, asked.variables)
        payload: dict[str, Any] = {"data": data}
        if errors:
            payload["errors"] = [{"message": each.message} for each in errors]
        return Answer(payload=payload)

    def _rested(self, asked: Asked) -> Answer:
        rest = Rest(View(self.world, self.ids, lambda run: 0), self._report, asked.variables)
        try:
            found = rest.answer(asked.path.strip("/").split("/"))
        except (GoneError, KeyError, StopIteration):
            return Answer(404, {"message": "404 Not found"})
        answer = self._tagged(asked, found)
        if isinstance(found, list):
            size, page = int(rest._one("per_page", "20")), int(rest._one("page", "1"))
            more = page * size < rest.total
            answer.headers |= {
                "X-Total": str(rest.total),
                "X-Page": str(page),
                "X-Per-Page": str(size),
                "X-Total-Pages": str(-(-rest.total // size)),
                "X-Next-Page": str(page + 1) if more else "",
                "X-Prev-Page": str(page - 1) if page > 1 else "",
            }
            if more:
                query = urlencode(asked.variables | {"page": [page + 1]}, doseq=True)
                answer.headers["Link"] = f'<{self.url}/api/v4{asked.path}?{query}>; rel="next"'
        return answer

    # Test reports, which runs upload as archives

    def _cases(self, run: Run) -> list[tuple[str, str, str]]:
        return cases_of(self.world, run, run.attempts[-1])

    def _report(self, run: Run) -> Row:
        """https://docs.gitlab.com/api/pipelines/#get-a-test-report-for-a-pipeline."""
        suites: dict[str, list[Row]] = {}
        for suite, name, status in self._cases(run):
            suites.setdefault(suite, []).append(
                {"status": status, "name": name, "classname": "", "file": None, "execution_time": 0.1}
            )
        return {"total_count": sum(map(len, suites.values())),
                "test_suites": [{"name": name, "test_cases": cases} for name, cases in suites.items()]}  # fmt: skip


def cases_of(world: World, run: Run, attempt: Attempt) -> list[tuple[str, str, str]]:
    """Suite, name and status of each case of what an attempt of a run uploaded last."""
    until = attempt.ended or world.now
    there = [each for each in world.ci.artifacts.values() if each.run is run and "junit" in each.name]
    mine = [each for each in there if attempt.asked <= each.created <= until]
    found: list[tuple[str, str, str]] = []
    for artifact in mine[-1:]:
        with zipfile.ZipFile(BytesIO(artifact.body)) as archive:
            for name in archive.namelist():
                suite = ET.fromstring(archive.read(name))
                where = suite.get("name", "")
                found += [(where, case.get("name", ""), _status(case)) for case in suite.iter("testcase")]
    return found


def _status(case: ET.Element) -> str:
    return next((RESULTS[child.tag] for child in case if child.tag in RESULTS), "success")


def _said(error: BaseException) -> str:
    """GitLab's words for what it does not know."""
    message = error.message if isinstance(error, GraphQLError) else str(error)
    if message.startswith("Cannot query field"):
        field, kind = message.split("'")[1::2][:2]
        return f"Field '{field}' doesn't exist on type '{kind}'"
    if message.startswith("Unknown argument"):
        argument, place = message.split("'")[1::2][:2]
        return f"Field '{place.rpartition('.')[2]}' doesn't accept argument '{argument}'"
    return message


@contextmanager
def serve_gitlab(world: World, *, port: int = 0, **how: Any) -> Iterator[Gitlab]:
    """Serves a world as GitLab from a thread of its own; ``how`` are the arguments of ``Gitlab``."""
    with serving(Gitlab(world, **how), port) as double:
        yield double
