"""The GraphQL documents, written without what a server is known to lack.

Source: https://docs.gitlab.com/api/graphql/reference/
"""

from collections.abc import Collection

_USER = "{ username bot }"
_PAGE = "pageInfo { hasNextPage endCursor }"
NOTES = f"notes(first: 100, after: $notes) {{ {_PAGE} nodes {{ id system body createdAt resolvable author {_USER} }} }}"


def _without(fields: str, kind: str, lacks: Collection[str]) -> str:
    """Fields of a type, but for those that the server does not have."""
    return " ".join(each for each in fields.split() if f"{kind}.{each}" not in lacks)


def commits(lacks: Collection[str]) -> str:
    """The commits of a merge request."""
    plain = "sha authoredDate committedDate authorName authorEmail committerName committerEmail message"
    fields = _without(plain, "Commit", lacks)
    return f"commits(first: 100, after: $commits) {{ {_PAGE} nodes {{ {fields} author {_USER} }} }}"


def change(lacks: Collection[str]) -> str:
    """Everything that is read of a merge request."""
    plain = (
        "id iid title description draft state createdAt updatedAt mergedAt closedAt sourceBranch targetBranch "
        "mergeCommitSha"
    )
    return (
        f"{{ {_without(plain, 'MergeRequest', lacks)} author {_USER} project {{ id fullPath }}"
        f" diffStats {{ path additions deletions }} {NOTES} {commits(lacks)} }}"
    )


def changes(place: str, lacks: Collection[str]) -> str:
    """A page of the merge requests of a ``group`` or ``project``, the last updated first."""
    below = "includeSubgroups: true, " if place == "group" else ""
    return (
        "query Changes($path: ID!, $first: Int!, $after: String, $state: MergeRequestState, $notes: String,"
        f" $commits: String) {{ place: {place}(fullPath: $path) {{ mergeRequests({below}state: $state,"
        f" sort: UPDATED_DESC, first: $first, after: $after) {{ {_PAGE} nodes {change(lacks)} }} }} }}"
    )


def more(lacks: Collection[str]) -> str:
    """Further notes and commits of one merge request."""
    return (
        "query More($path: ID!, $iid: String!, $notes: String, $commits: String, $withNotes: Boolean!,"
        " $withCommits: Boolean!) { place: project(fullPath: $path) { mergeRequest(iid: $iid) {"
        f" ... @include(if: $withNotes) {{ {NOTES} }} ... @include(if: $withCommits) {{ {commits(lacks)} }} }} }} }}"
    )


def runs(lacks: Collection[str], *, since: bool) -> str:
    """A page of a project's pipelines with their jobs, the newest first; ``since``: those updated then and later."""
    job = _without("id name status allowFailure manualJob createdAt startedAt finishedAt", "CiJob", lacks)
    plain = _without("id sha ref source status createdAt updatedAt finishedAt", "Pipeline", lacks)
    parameter, argument = (", $since: Time", "updatedAfter: $since, ") if since else ("", "")
    return (
        f"query Runs($path: ID!, $first: Int!, $after: String{parameter}) {{ place: project(fullPath: $path) {{"
        f" pipelines({argument}first: $first, after: $after) {{ {_PAGE} nodes {{ {plain}"
        f" jobs(first: 100) {{ {_PAGE} nodes {{ {job} }} }} testReportSummary {{ total {{ count }} }} }} }} }} }}"
    )


def jobs(lacks: Collection[str]) -> str:
    """Further jobs of one pipeline."""
    job = _without("id name status allowFailure manualJob createdAt startedAt finishedAt", "CiJob", lacks)
    return (
        "query Jobs($path: ID!, $id: CiPipelineID!, $after: String) { place: project(fullPath: $path) {"
        f" pipeline(id: $id) {{ jobs(first: 100, after: $after) {{ {_PAGE} nodes {{ {job} }} }} }} }} }}"
    )


STIRRED = """query Stirred($ids: [ID!], $first: Int!) {
  projects(ids: $ids, first: $first) { nodes {
    id
    pipelines(first: 10) { nodes { id status updatedAt } }
    releases(first: 1, sort: RELEASED_AT_DESC) { nodes { tagName releasedAt } }
    lastActivityAt
  } }
}"""
"""What moves when something in a project does, a hundred projects at once."""
