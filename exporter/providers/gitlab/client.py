"""What GitLab is asked, stream by stream, and which projects there are."""

from collections.abc import Sequence

from msgspec import Struct, field

from exporter.errors import NotFound
from exporter.model import Repository, Stream
from exporter.providers.base import Fault, Gap, Home, Page, Request, Response
from exporter.providers.gitlab.answers import PAGE, another, decode, escaped
from exporter.providers.gitlab.changes import AT_ONCE, Changes
from exporter.providers.gitlab.compare import compare
from exporter.providers.gitlab.deployments import Deployments
from exporter.providers.gitlab.issues import Issues
from exporter.providers.gitlab.options import scopes
from exporter.providers.gitlab.runs import FIRST, Runs
from exporter.providers.gitlab.stirring import stirred
from exporter.providers.service import Client, Questions, Setup


class _Fork(Struct):
    id: int = 0


class Project(Struct):
    """https://docs.gitlab.com/api/projects/."""

    id: int
    path_with_namespace: str
    default_branch: str | None = None
    archived: bool = False
    forked_from_project: _Fork | None = None
    topics: list[str] = field(default_factory=list)
    empty_repo: bool = False


class GitLab(Client):
    """Asks gitlab.com or a server of one's own, from 15.0 on; ``page``: another size of pages than is best."""

    pulsed = (Stream.RUNS, Stream.DEPLOYMENTS)

    def __init__(self, setup: Setup, page: int | None = None) -> None:
        self.root = setup.root
        self.wanted = scopes(setup)
        lacks: set[str] = set()
        self._questions: dict[Stream, Questions] = {
            Stream.CHANGES: Changes(
                self.root, self.wanted, lacks, comments=setup.comments, keys=setup.keys, page=page or AT_ONCE
            ),
            Stream.RUNS: Runs(self.root, lacks, page or FIRST),
            Stream.ISSUES: Issues(self.root, self.wanted, setup.retro),
        }

    def repositories(self) -> Sequence[Request]:
        """Every project of the groups, a page at a time, and each single one."""
        return [
            *(self._group(each, 1) for each in self.wanted.groups),
            *(self._project(each) for each in self.wanted.projects),
        ]

    def questions(self, stream: Stream) -> Questions | None:
        """How changes, runs and issues are asked for."""
        return self._questions.get(stream)

    def deployments(self) -> Deployments:
        """How deployments are asked for."""
        return Deployments(self.root)

    def stirred(self, homes: Sequence[Home]) -> list[Request]:
        """The pulses of runs and deployments."""
        return stirred(self.root, homes)

    def compare(self, home: Home, gap: Gap) -> Request:
        """What lies between two commits."""
        return compare(self.root, home, gap)

    def _group(self, path: str, page: int) -> Request:
        """Source: https://docs.gitlab.com/api/groups/#list-projects."""

        def read(response: Response) -> Page:
            try:
                rows = decode(response, list[Project], Stream.CHANGES)
            except NotFound as error:
                raise NotFound(f"no group {path}, or the token may not see it") from error
            then = (self._group(path, page + 1),) if another(response, rows) else ()
            return Page(repositories=tuple(map(_repository, rows)), then=then)

        filters = f"include_subgroups=true&with_shared=false&order_by=id&sort=asc&per_page={PAGE}&page={page}"
        where = f"{self.root}/api/v4/groups/{escaped(path)}/projects?{filters}"
        return Request(kind="repositories", method="GET", path=where, read=read)

    def _project(self, path: str) -> Request:
        """Source: https://docs.gitlab.com/api/projects/#retrieve-a-project."""

        def read(response: Response) -> Page:
            try:
                found = decode(response, Project, Stream.CHANGES)
            except NotFound as error:
                return Page(faults=(Fault(path, error.reason, f"no project {path}, or the token may not see it"),))
            return Page(repositories=(_repository(found),))

        where = f"{self.root}/api/v4/projects/{escaped(path)}"
        return Request(kind="repositories", method="GET", path=where, read=read)


def _repository(each: Project) -> Repository:
    return Repository(
        key=str(each.id),
        name=each.path_with_namespace,
        default_branch=each.default_branch or "",
        archived=each.archived,
        fork=each.forked_from_project is not None,
        topics=tuple(each.topics),
    )
