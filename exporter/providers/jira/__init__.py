"""Jira, Cloud and Data Center: the issues of projects, which changes of any repository name by their keys."""

from exporter.model import Stream
from exporter.providers.jira.answers import NEEDS, authorization, budget
from exporter.providers.jira.client import Jira
from exporter.providers.jira.options import Options, fault
from exporter.providers.service import Service

SERVICE = Service(
    name="jira",
    title="Jira",
    client=Jira,
    streams=(Stream.ISSUES,),
    options=Options,
    serves=True,
    needs={Stream.ISSUES: NEEDS},
    cannot=(
        "An issue that is deleted stays as it was known; one that moved to a project that is not configured is not "
        "followed any further.",
        "Sprints are not read: nothing here runs on a tracker's sprints.",
        "Links between an issue and a change, or a commit, that only Jira knows (its development panel) are not read; "
        "changes name issues by key.",
        "A flag or a field that was set at the creation and never changed has no date; a flag is then not seen.",
        "A retrospective note is not read from an issue of Jira.",
        "Data Center tells changelogs whole or not at all: an issue with a cut one is a fault and is not told.",
    ),
    costs={
        Stream.ISSUES: "One search for all projects a poll, of a hundred issues a page with their changelogs; on Cloud "
        "one question more for all those of a page whose changelog is longer than a search tells."
    },
    authorization=authorization,
    budget=budget,
    fault=fault,
)
