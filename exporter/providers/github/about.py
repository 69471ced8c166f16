"""What GitHub needs, costs and cannot tell, in the words that every service has for that (``providers.service``)."""

from exporter.model import Stream

NEEDS = {
    Stream.CHANGES: "read access to pull requests, contents and metadata",
    Stream.RUNS: "read access to Actions, checks and contents",
    Stream.DEPLOYMENTS: "read access to deployments and contents",
    Stream.ISSUES: "read access to issues",
    Stream.CODE: "read access to contents, git, and a disk for clones",
    Stream.FINDINGS: "read access to code scanning alerts of the organisation, and to Dependabot alerts where they are "
    "read",
}
COSTS = {
    Stream.CHANGES: "one search for all repositories at every poll, and one more for every hundred changes that moved",
    Stream.RUNS: "one question for every hundred repositories, a list and a question where something moved, and a "
    "download for each test report",
    Stream.DEPLOYMENTS: "nothing where nothing moved, else a list for each such repository, and a comparison for each "
    "deployment",
    Stream.ISSUES: "one question for every hundred repositories",
    Stream.CODE: "one fetch of git where a branch moved",
    Stream.FINDINGS: "one conditional request for each organisation, and one for each new alert",
}
CANNOT = (
    "who is in a team that was asked to review",
    "a change of the base or title that was made before the change was opened",
    "jobs of runs whose checks and Actions may both not be read",
)
