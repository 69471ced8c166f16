"""How Jenkins is asked: one question for a folder with all below it, then the jobs in which builds have ended.

Source: https://www.jenkins.io/doc/book/using/remote-access-api/ (``tree`` with ranges)
"""

from collections.abc import Sequence

from msgspec import Struct, field, structs

from exporter.errors import Garbled, NotFound, ServerError
from exporter.model import Ran, Result, Stream, Subject, Tested, Thing, lines_of
from exporter.model import Told as ToldOf
from exporter.providers import answers
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.jenkins import builds
from exporter.providers.jenkins.builds import Build, Job, Read, Told
from exporter.providers.jenkins.options import Options, mapped, roots, wanted
from exporter.providers.service import EVER, Client, Setup

WHO = "Jenkins"
NEEDS = "the user needs Overall/Read, Job/Read and, for folders, the same there"
DEPTH = 4
"""Folders within folders that one question reaches: organisation, repository, branch, and one more."""
RECENT = 5
"""Builds of each job that the question for a folder has; a job with more new ones is asked for itself."""
PAGE = 100
"""Builds of one job a page."""
LARGEST = 64 << 20


class Node(Struct, rename="camel"):
    """A job or folder."""

    name: str
    full_name: str = ""
    kind: str = field(name="_class", default="")
    builds: list[Build] = field(default_factory=list)
    jobs: "list[Node]" = field(default_factory=list)


class _Builds(Struct, rename="camel"):
    all_builds: list[Build] = field(default_factory=list)


def _tree(depth: int) -> str:
    job = f"name,fullName,_class,builds[number,timestamp,duration,building,result]{{0,{RECENT}}}"
    return f"{job},jobs[{_tree(depth - 1)}]" if depth else job


class Runs:
    """The questions about builds. Learned: which repositories the builds of a job were of, and which went on."""

    earlier = 0
    width = EVER

    def __init__(self, root: str, options: Options) -> None:
        self.root = root
        self.options = options
        self._homes: dict[str, str] = {}
        self._going: dict[str, set[int]] = {}

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """Everything that ended since then."""
        return [self._folder(tuple(homes), each, since) for each in roots(self.options)]

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """The same; what ended later is in it too."""
        return self.since(homes, lower)

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """Nothing: a build that goes on is told of when it has ended."""
        return ()

    def _folder(self, homes: tuple[Home, ...], folder: str, since: int) -> Request:
        def read(response: Response) -> Page:
            try:
                top = answers.decode(response, Node, WHO, NEEDS)
            except NotFound as error:
                raise NotFound(f"no folder or job {folder}, or the user may not see it") from error
            asked: list[Request] = []
            self._walk(homes, structs.replace(top, full_name=folder), "", since, asked)
            return Page(then=tuple(asked))

        tree = f"_class,{_tree(DEPTH)}" if folder else f"_class,name,jobs[{_tree(DEPTH)}]"
        return Request(kind="jobs", method="GET", path=f"{self._place(folder)}?tree={_for_url(tree)}", read=read)

    def _walk(self, homes: tuple[Home, ...], node: Node, within: str, since: int, asked: list[Request]) -> None:
        """Every job below, and of those in which builds have ended since then, the question for these."""
        for each in node.jobs:
            self._walk(homes, each, node.kind, since, asked)
        if not node.builds or not wanted(node.full_name, self.options.folders):
            return
        listed = node.builds
        behind = {number for number in self._going.get(node.full_name, ()) if number < min(x.number for x in listed)}
        self._going[node.full_name] = behind | {build.number for build in listed if build.goes_on}
        fresh = any(build.ended >= since for build in listed if not build.goes_on)
        more = len(listed) == RECENT and all(build.goes_on or build.ended >= since for build in listed)
        if fresh or more or behind:
            job = Job(node.full_name, node.name, within)
            asked.append(self._job(homes, job, since, 0, PAGE if more or behind else len(listed)))

    def _job(self, homes: tuple[Home, ...], job: Job, since: int, start: int, size: int) -> Request:
        """The builds of a job that ended since then; a build that goes on may be older than one that has ended."""

        def read(response: Response) -> Page:
            try:
                found = answers.decode(response, _Builds, WHO, NEEDS).all_builds
            except NotFound:
                return Page(truncated=1)  # it was deleted in between
            fresh = [build for build in found if not build.goes_on and build.ended >= since]
            whole = len(found) < size
            self._settle(job, found, whole=whole)
            then = [self._job(homes, job, since, start + size, PAGE)] if fresh and size == PAGE and not whole else []
            return self._told(homes, job, fresh, then)

        tree = f"allBuilds[{builds.TREE}]{{{start},{start + size}}}"
        return Request(
            kind="builds",
            method="GET",
            path=f"{self._place(job.full)}?tree={_for_url(tree)}",
            read=read,
            repositories=self._about(homes, job),
            passing=True,
            largest=LARGEST,
        )

    def _settle(self, job: Job, found: Sequence[Build], *, whole: bool) -> None:
        """Forget of the builds that went on those that are listed and do not, or are not listed where they would be."""
        lowest = 0 if whole or not found else min(build.number for build in found)
        on = {build.number for build in found if build.goes_on}
        going = self._going.get(job.full, set())
        self._going[job.full] = {number for number in going if number < lowest or number in on}

    def _told(self, homes: tuple[Home, ...], job: Job, found: Sequence[Build], then: list[Request]) -> Page:
        """What builds are; those that failed are asked for their stages, and those with tests for the report."""
        told, lost, strange = [], 0, []
        by_name = mapped(job.full, self.options.jobs, homes)
        for build in found:
            if (build.result or "") not in builds.RESULTS:
                strange.append("build_result")
            each = builds.told(job, build, homes, by_name)
            if each is None:
                lost += 1
                continue
            self._homes[job.full] = each.home.key
            if each.fact.result is Result.FAILURE:
                then.append(self._stages(job, each, build.number))
            else:
                told += _stated(each, each.fact)
            if each.tests:
                then.append(self._report(job, each, build.number))
        return Page(told=tuple(told), then=tuple(then), truncated=lost, unknown=tuple(strange))

    def _stages(self, job: Job, each: Told, number: int) -> Request:
        """Which stages failed; a build that is no pipeline, or a server without the plugin, names the job."""

        def read(response: Response) -> Page:
            try:
                red = answers.decode(response, builds.Stages, WHO, NEEDS).red
            except (NotFound, Garbled, ServerError):
                red = ()  # what failed is known without them
            named = red or (each.fact.workflow.rpartition("/")[2][: builds.LONGEST],)
            return Page(told=tuple(_stated(each, structs.replace(each.fact, red=named))))

        where = self._place(job.full).removesuffix("/api/json")
        return self._about_build("stages", f"{where}/{number}/wfapi/describe", each, read)

    def _report(self, job: Job, each: Told, number: int) -> Request:
        """The test report of a build."""

        def read(response: Response) -> Page:
            try:
                report = answers.decode(response, builds.Report, WHO, NEEDS)
            except NotFound:
                return Page(truncated=1)
            if not any(suite.cases for suite in report.suites):
                return Page(truncated=1)  # a report that gathers those of others
            return Page(told=tuple(_stated(each, builds.tested(each.fact, report))))

        where = self._place(job.full).removesuffix("/api/json")
        path = f"{where}/{number}/testReport/api/json?tree={_for_url(builds.REPORT)}"
        return structs.replace(self._about_build("test_report", path, each, read), slow=True, largest=LARGEST)

    @staticmethod
    def _about_build(kind: str, path: str, each: Told, read: Read) -> Request:
        return Request(kind=kind, method="GET", path=path, read=read, repositories=(each.home.key,), passing=True)

    def _about(self, homes: Sequence[Home], job: Job) -> tuple[str, ...]:
        """Whom it holds when a job cannot be read: the repository its builds were of, else all."""
        known = self._homes.get(job.full)
        return (known,) if known is not None else tuple(home.key for home in homes)

    def _place(self, full: str) -> str:
        """Where a folder or job is: its names are escaped already where they were escaped for an address once."""
        parts = "".join(f"/job/{_for_url(each)}" for each in full.split("/") if each)
        return f"{self.root}{parts}/api/json"


def _stated(each: Told, fact: Ran | Tested) -> list[ToldOf]:
    """A fact on its run and its lines."""
    about = [Subject(each.home.key, each.key, each.number, Thing.RUN)]
    about += [Subject(each.home.key, line, 0, Thing.LINE) for line in lines_of(each.fact)]
    return [ToldOf(subject, (fact,)) for subject in about]


def _for_url(text: str) -> str:
    """Text with what means something else in an address escaped."""
    return "".join(sign if sign in PLAIN else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in text)


PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~,")


class Jenkins(Client):
    """Asks a Jenkins server."""

    def __init__(self, setup: Setup) -> None:
        self._runs = Runs(setup.root, setup.options)

    def questions(self, stream: Stream) -> Runs | None:
        """How runs are asked for."""
        return self._runs if stream is Stream.RUNS else None
