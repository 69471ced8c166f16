"""Test reports that runs have uploaded: which artifacts there are, and what is in one.

Source: https://docs.github.com/rest/actions/artifacts
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec import Struct, structs

from exporter.errors import Garbled, NotFound, Unreadable
from exporter.globs import any_of
from exporter.model import Ran, Subject, Tested, Thing, Told, lines_of
from exporter.providers.answers import seconds
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.github.answers import check, decode
from exporter.providers.github.runs import NEEDS
from exporter.providers.report_facts import reported
from exporter.testreports import DEFAULT_GLOBS, read_archive

PAGE = 100
NAMED, OLDEST = "named:", "oldest:"


class Wanted(NamedTuple):
    """Which artifacts are read: globs of their names and of the files in them, and the most bytes of one."""

    names: tuple[str, ...] = ("*junit*", "*test-results*", "*test-report*")
    files: tuple[str, ...] = DEFAULT_GLOBS
    largest: int = 20 << 20


class Artifact(NamedTuple):
    """An artifact of a run (its id), uploaded at a Unix second."""

    id: int
    run: int
    name: str
    created: int

    @property
    def fact(self) -> str:
        """The id of the fact that states what it says."""
        return f"tests:{self.id}"


class _Run(Struct):
    id: int | None = None


class _Artifact(Struct):
    id: int
    name: str
    size_in_bytes: int
    created_at: str | None = None
    expired: bool = False
    workflow_run: _Run | None = None


class _Artifacts(Struct):
    total_count: int
    artifacts: list[_Artifact]


def uploaded(
    rest: str, home: Home, wanted: Wanted, runs: Collection[int], since: int, number: int = 1, last: int = 0
) -> Request:
    """The artifacts of some runs that may hold test reports, as ``found``; what is older than ``since`` is not listed.

    The list has the newest first. ``counts``: for each page, as ``named:1``, how many artifacts of whatever run may
    hold test reports, and as ``oldest:1`` when the last of them all was uploaded. ``last``: the id that ended the page
    before this one.
    """
    pattern = any_of(wanted.names)

    def read(response: Response) -> Page:
        data = decode(response, _Artifacts, NEEDS)
        dated = [(each, seconds(each.created_at)) for each in data.artifacts if each.created_at]
        if dated and dated[-1][0].id == last:
            raise Garbled("a page of artifacts brings those of the page before it")
        named = [(each, created) for each, created in dated if pattern.fullmatch(each.name)]
        found, missing = [], 0
        for each, created in named:
            run = each.workflow_run.id if each.workflow_run else None
            if run is None or run not in runs or each.expired:
                continue
            if each.size_in_bytes > wanted.largest:
                missing += 1
            else:
                found.append(Artifact(each.id, run, each.name, created))
        then: tuple[Request, ...] = ()
        if len(data.artifacts) == PAGE and dated and dated[-1][1] >= since:
            then = (uploaded(rest, home, wanted, runs, since, number + 1, dated[-1][0].id),)
        counts = {f"{NAMED}{number}": len(named)} | ({f"{OLDEST}{number}": dated[-1][1]} if dated else {})
        return Page(found=tuple(found), then=then, truncated=missing, counts=counts)

    path = f"{rest}/repos/{home.name}/actions/artifacts?per_page={PAGE}&page={number}"
    return Request(kind="artifacts", method="GET", path=path, read=read, repositories=(home.key,), passing=number > 1)


def report(rest: str, home: Home, wanted: Wanted, artifact: Artifact, subject: Subject, ran: Ran) -> Request:
    """The fact that an attempt's test reports make, on its run and its lines.

    An archive that cannot be read is told as such, since another download brings the same; one that is gone is not.
    """

    def read(response: Response) -> Page:
        try:
            check(response, NEEDS)
        except NotFound:
            return Page(truncated=1)
        fact = _tested(artifact, ran, response.body, wanted.files)
        lines = (Subject(home.key, line, 0, Thing.LINE) for line in lines_of(ran))
        return Page(told=tuple(Told(about, (fact,)) for about in (subject, *lines)))

    path = f"{rest}/repos/{home.name}/actions/artifacts/{artifact.id}/zip"
    request = Request(kind="artifact", method="GET", path=path, read=read, repositories=(home.key,))
    return structs.replace(request, passing=True, follow=True, slow=True, largest=wanted.largest)


def _tested(artifact: Artifact, ran: Ran, body: bytes, files: Sequence[str]) -> Tested:
    try:
        reports = read_archive(body, files)
    except Unreadable:
        return Tested(artifact.fact, ran.at, ran.sha, ran.attempt, 0, 0, 0, 0, unread=1)
    unread = sum(count for _, count in reports.left_out)
    return reported(artifact.fact, ran, reports, artifact.name, unread=unread)
