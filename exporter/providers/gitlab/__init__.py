"""GitLab: gitlab.com and servers of one's own, from 15.0 on."""

from exporter.model import Stream
from exporter.providers.gitlab.answers import NEEDS, budget
from exporter.providers.gitlab.client import GitLab
from exporter.providers.gitlab.options import Options, fault
from exporter.providers.service import Service

SERVICE = Service(
    name="gitlab",
    title="GitLab",
    client=GitLab,
    streams=(Stream.CHANGES, Stream.RUNS, Stream.DEPLOYMENTS, Stream.ISSUES),
    url="https://gitlab.com",
    options=Options,
    keys=("archived", "forks", "topics", "production"),
    needs=NEEDS,
    costs={
        Stream.CHANGES: "one request for each group and single project at every poll, one more for every 25 merge "
        "requests that were updated, and one for each with over a hundred notes or commits",
        Stream.RUNS: "one request for every hundred projects, one for each project in which something moved, and one "
        "for each test report",
        Stream.DEPLOYMENTS: "nothing where nothing moved, else a list of deployments and one of releases for each such "
        "project, and a comparison for each deployment",
        Stream.ISSUES: "one request for each group and single project, and two for each issue that was "
        "updated since it was opened",
    },
    cannot=(
        "when a label was put on a merge request, so labels of changes say nothing here; use labels of issues",
        "when the text of an issue was edited: what it said when it was first read holds",
        "that a merge request was closed and opened again between two looks, or that one found closed was opened again "
        "while the exporter was down",
        "pipelines that a pipeline started, which count as the job that started them",
        "whether a job ran out of time or lost its runner: it failed",
        "runs for the result of a merge that is only tried, as runs of the change: their commit is nobody's",
        "with GitLab before 16.0, e-mail addresses of commits, which are some of the evidence of AI tools",
        "findings of security scanners, and code; for the latter add a source of provider `git`",
    ),
    budget=budget,
    fault=fault,
)
