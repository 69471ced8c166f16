"""The GraphQL documents sent to GitHub, and what each costs by GitHub's documented formula.

A query costs one point per hundred connection requests, rounded, at least one; a connection inside N nodes counts N
times (https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api). So no document
nests a connection inside ``timelineItems``. A requested team's name is not asked for: it needs a scope (read:org) that
nothing else here needs, and GitHub would answer with an error beside the data. Each document is validated in a test
against GitHub's public schema.
"""

PAGE = 100
"""The most nodes GitHub returns in one page of a connection, and the most ids ``nodes(ids:)`` takes."""

SEARCH_LIMIT = 1000
"""A search never returns more results than this, whatever ``issueCount`` says."""

LABEL_TYPES = ("LABELED_EVENT", "UNLABELED_EVENT")
TIMELINE_TYPES = (
    "PULL_REQUEST_COMMIT",
    "PULL_REQUEST_REVIEW",
    "READY_FOR_REVIEW_EVENT",
    "CONVERT_TO_DRAFT_EVENT",
    "REVIEW_REQUESTED_EVENT",
    "REVIEW_DISMISSED_EVENT",
    "HEAD_REF_FORCE_PUSHED_EVENT",
    "BASE_REF_CHANGED_EVENT",
    "RENAMED_TITLE_EVENT",
    "MERGED_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
    *LABEL_TYPES,
)
COMMENT_TYPE = "ISSUE_COMMENT"

_LIMIT = "rateLimit { cost limit remaining resetAt }"

_ITEM = """
fragment item on PullRequestTimelineItems {
  __typename
  ... on PullRequestCommit {
    id
    commit {
      oid authoredDate committedDate messageBody
      author { name email user { login } }
      committer { name email }
    }
  }
  ... on PullRequestReview { id state submittedAt author { __typename login } }
  ... on IssueComment { id createdAt author { __typename login } }
  ... on ReadyForReviewEvent { id createdAt }
  ... on ConvertToDraftEvent { id createdAt }
  ... on ReviewRequestedEvent {
    id createdAt
    requestedReviewer { __typename ... on Actor { login } }
  }
  ... on ReviewDismissedEvent { id createdAt previousReviewState review { id } }
  ... on HeadRefForcePushedEvent { id createdAt }
  ... on BaseRefChangedEvent { id createdAt currentRefName }
  ... on RenamedTitleEvent { id createdAt previousTitle currentTitle }
  ... on MergedEvent { id createdAt }
  ... on ClosedEvent { id createdAt }
  ... on ReopenedEvent { id createdAt }
  ... on LabeledEvent { id createdAt label { name } }
  ... on UnlabeledEvent { id createdAt label { name } }
}
"""

_CHANGE = (
    """
fragment change on PullRequest {
  id number createdAt updatedAt closedAt mergedAt isDraft lastEditedAt title body
  headRefName baseRefName
  author { __typename login }
  mergeCommit { oid }
  repository { id nameWithOwner }
  timelineItems(first: 100, itemTypes: $types) {
    pageInfo { hasNextPage endCursor }
    nodes { ...item }
  }
}
"""
    + _ITEM
)

SEARCH = (
    f"""
query Search($q: String!, $first: Int!, $after: String, $types: [PullRequestTimelineItemsItemType!]) {{
  {_LIMIT}
  search(query: $q, type: ISSUE, first: $first, after: $after) {{
    issueCount
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ __typename ...change }}
  }}
}}
"""
    + _CHANGE
)

PULSE = f"""
query Pulse($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on Repository {{
      id
      pullRequests(first: 1, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ nodes {{ updatedAt }} }}
    }}
  }}
}}
"""

STIRRED = f"""
query Stirred($ids: [ID!]!, $pulls: Int!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on Repository {{
      id pushedAt
      defaultBranchRef {{ target {{ __typename ... on Commit {{ ...suite }} }} }}
      pullRequests(first: $pulls, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
        nodes {{ commits(last: 1) {{ nodes {{ commit {{ ...suite }} }} }} }}
      }}
      deployments(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
        nodes {{ id latestStatus {{ id state }} }}
      }}
      releases(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) {{ nodes {{ id updatedAt }} }}
      refs(refPrefix: "refs/tags/", last: 1) {{ totalCount }}
    }}
  }}
}}
fragment suite on Commit {{ oid checkSuites(last: 1) {{ totalCount nodes {{ id updatedAt }} }} }}
"""
"""What tells whether runs, deployments, releases or tags may have moved: about 15 points for 100 repositories."""

_JOBS = "pageInfo { hasNextPage endCursor } nodes { name conclusion startedAt completedAt }"

SUITES = f"""
query Suites($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on CheckSuite {{ id checkRuns(first: 50, filterBy: {{checkType: ALL}}) {{ {_JOBS} }} }}
  }}
}}
"""
"""The jobs of all attempts of up to a hundred workflow runs, each by its check suite: one point."""
_DEPLOYMENT = """
fragment deployment on Deployment {
  id environment latestEnvironment commitOid createdAt
  repository { id }
  statuses(first: 50) { totalCount nodes { id state createdAt } }
}
"""

DEPLOYED = (
    f"""
query Deployed($id: ID!, $first: Int!, $after: String,
    $deployments: Boolean!, $releases: Boolean!, $tags: Boolean!) {{
  {_LIMIT}
  node(id: $id) {{
    __typename
    ... on Repository {{
      id
      deployments(first: $first, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}})
          @include(if: $deployments) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ ...deployment }}
      }}
      releases(first: $first, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}) @include(if: $releases) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ id tagName createdAt publishedAt isDraft isPrerelease tagCommit {{ oid }} }}
      }}
      refs(refPrefix: "refs/tags/", first: $first, after: $after, orderBy: {{field: TAG_COMMIT_DATE, direction: DESC}})
          @include(if: $tags) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{
          id name
          target {{
            __typename oid
            ... on Commit {{ committedDate }}
            ... on Tag {{ tagger {{ date }} target {{ __typename oid ... on Commit {{ committedDate }} }} }}
          }}
        }}
      }}
    }}
  }}
}}
"""
    + _DEPLOYMENT
)
"""Newest first; ``after`` only with one of the three. One point for a page of a hundred, with fifty statuses each."""

DEPLOYMENTS = (
    f"""
query Deployments($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{ __typename ...deployment }}
}}
"""
    + _DEPLOYMENT
)

COMMITS = f"""
query Commits($id: ID!, $base: GitObjectID!, $head: GitObjectID!) {{
  {_LIMIT}
  node(id: $id) {{
    __typename
    ... on Repository {{
      id
      base: object(oid: $base) {{ __typename oid }}
      head: object(oid: $head) {{ __typename oid }}
    }}
  }}
}}
"""
"""Whether two commits are still there."""

LATEST = (
    f"""
query Latest($ids: [ID!]!, $first: Int!, $after: String, $states: [PullRequestState!],
    $types: [PullRequestTimelineItemsItemType!]) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on Repository {{
      id
      pullRequests(first: $first, after: $after, states: $states, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ __typename ...change }}
      }}
    }}
  }}
}}
"""
    + _CHANGE
)

ISSUE_TYPES = (*LABEL_TYPES, "CLOSED_EVENT", "REOPENED_EVENT")

_EVENT = """
fragment event on IssueTimelineItems {
  __typename
  ... on LabeledEvent { id createdAt label { name } }
  ... on UnlabeledEvent { id createdAt label { name } }
  ... on ClosedEvent {
    id createdAt stateReason
    closer { __typename ... on PullRequest { number repository { id } mergeCommit { oid } } ... on Commit { oid } }
  }
  ... on ReopenedEvent { id createdAt }
}
"""

_ISSUE = (
    """
fragment issue on Issue {
  id number createdAt updatedAt lastEditedAt body
  repository { id nameWithOwner }
  timelineItems(first: 100, itemTypes: $types) {
    pageInfo { hasNextPage endCursor }
    nodes { ...event }
  }
}
"""
    + _EVENT
)
"""An issue's type has no field in the oldest servers, which would refuse the whole question."""

ISSUES_SEARCH = (
    f"""
query IssuesSearch($q: String!, $first: Int!, $after: String, $types: [IssueTimelineItemsItemType!]) {{
  {_LIMIT}
  search(query: $q, type: ISSUE, first: $first, after: $after) {{
    issueCount
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ __typename ...issue }}
  }}
}}
"""
    + _ISSUE
)

ISSUES_PULSE = f"""
query IssuesPulse($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on Repository {{
      id
      issues(first: 1, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ nodes {{ updatedAt }} }}
    }}
  }}
}}
"""

ISSUES_LATEST = (
    f"""
query IssuesLatest($ids: [ID!]!, $first: Int!, $after: String, $states: [IssueState!],
    $types: [IssueTimelineItemsItemType!]) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on Repository {{
      id
      issues(first: $first, after: $after, states: $states, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ __typename ...issue }}
      }}
    }}
  }}
}}
"""
    + _ISSUE
)

RESOURCE = (
    f"""
query Resource($url: URI!, $types: [PullRequestTimelineItemsItemType!]) {{
  {_LIMIT}
  resource(url: $url) {{ __typename ... on PullRequest {{ ...change }} }}
}}
"""
    + _CHANGE
)

FILES = f"""
query Files($ids: [ID!]!) {{
  {_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on PullRequest {{
      id
      files(first: 100) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ path additions deletions }}
      }}
    }}
  }}
}}
"""

_REPOSITORY = """
fragment repository on Repository {
  id nameWithOwner isArchived isFork
  defaultBranchRef { name }
  repositoryTopics(first: 20) @include(if: $topics) { nodes { topic { name } } }
}
"""

OWNER = (
    f"""
query Owner($login: String!, $first: Int!, $after: String, $topics: Boolean!) {{
  {_LIMIT}
  repositoryOwner(login: $login) {{
    repositories(first: $first, after: $after, ownerAffiliations: [OWNER]) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...repository }}
    }}
  }}
}}
"""
    + _REPOSITORY
)


def _aliased(name: str, count: int, declare: str, body: str, tail: str = "", variables: str = "") -> str:
    declared = ", ".join(declare.replace("#", str(n)) for n in range(count))
    fields = "\n  ".join(f"{body.replace('#', str(n))}" for n in range(count))
    return f"query {name}({declared}{variables}) {{\n  {_LIMIT}\n  {fields}\n}}\n{tail}"


def counts(queries: int) -> str:
    """``issueCount`` of several searches at once; variables q0, q1 ..."""
    return _aliased("Counts", queries, "$q#: String!", "c#: search(query: $q#, type: ISSUE, first: 1) { issueCount }")


def named(repositories: int) -> str:
    """Repositories by owner and name; variables owner0, name0 ... and topics."""
    return _aliased(
        "Named",
        repositories,
        "$owner#: String!, $name#: String!",
        "r#: repository(owner: $owner#, name: $name#) { ...repository }",
        _REPOSITORY,
        ", $topics: Boolean!",
    )


def timelines(changes: int) -> str:
    """Further pages of the timelines of several changes; variables id0, after0 ... and types."""
    return _aliased(
        "Timelines",
        changes,
        "$id#: ID!, $after#: String!",
        "n#: node(id: $id#) { __typename ... on PullRequest { id timelineItems(first: 100, after: $after#, "
        "itemTypes: $types) { pageInfo { hasNextPage endCursor } nodes { ...item } } } }",
        _ITEM,
        ", $types: [PullRequestTimelineItemsItemType!]",
    )


def issue_timelines(issues: int) -> str:
    """Further pages of the timelines of several issues; variables id0, after0 ... and types."""
    return _aliased(
        "IssueTimelines",
        issues,
        "$id#: ID!, $after#: String!",
        "n#: node(id: $id#) { __typename ... on Issue { id timelineItems(first: 100, after: $after#, "
        "itemTypes: $types) { pageInfo { hasNextPage endCursor } nodes { ...event } } } }",
        _EVENT,
        ", $types: [IssueTimelineItemsItemType!]",
    )


def more_files(changes: int) -> str:
    """Further pages of the files of several changes; variables id0, after0 ..."""
    return _aliased(
        "MoreFiles",
        changes,
        "$id#: ID!, $after#: String!",
        "n#: node(id: $id#) { __typename ... on PullRequest { id files(first: 100, after: $after#) "
        "{ pageInfo { hasNextPage endCursor } nodes { path additions deletions } } } }",
    )


def more_jobs(suites: int) -> str:
    """Further pages of the jobs of several check suites; variables id0, after0 ..."""
    return _aliased(
        "MoreJobs",
        suites,
        "$id#: ID!, $after#: String!",
        "n#: node(id: $id#) { __typename ... on CheckSuite { id checkRuns(first: 100, after: $after#, "
        f"filterBy: {{checkType: ALL}}) {{ {_JOBS} }} }} }}",
    )


DOCUMENTS = {
    "Search": SEARCH,
    "Pulse": PULSE,
    "Stirred": STIRRED,
    "Suites": SUITES,
    "Deployed": DEPLOYED,
    "Deployments": DEPLOYMENTS,
    "Commits": COMMITS,
    "Latest": LATEST,
    "Resource": RESOURCE,
    "Files": FILES,
    "Owner": OWNER,
    "Counts": counts(2),
    "Named": named(2),
    "Timelines": timelines(2),
    "MoreFiles": more_files(2),
    "IssuesSearch": ISSUES_SEARCH,
    "IssuesPulse": ISSUES_PULSE,
    "IssuesLatest": ISSUES_LATEST,
    "IssueTimelines": issue_timelines(2),
    "MoreJobs": more_jobs(2),
}
"""Every document by its operation name, for the test that validates them and the script that cuts the schema."""
