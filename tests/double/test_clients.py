"""Independent clients read the doubles of GitLab and Jenkins, so these are shaped like the services."""

import gitlab
import jenkins
import pytest

from tests.double import delivering, hand_made, tracker
from tests.double.gitlab import TOKEN as GITLAB
from tests.double.gitlab import serve_gitlab
from tests.double.hand import START
from tests.double.jenkins import TOKEN as JENKINS
from tests.double.jenkins import serve_jenkins


@pytest.fixture(scope="module")
def world():
    """The hand-made world with a deployment, a release and a tag."""
    made = hand_made().world
    shop = made.names["acme/shop"]
    sha = shop.graph.commit(at=START)
    delivering.deploy(made, shop, sha, at=START + 60)
    delivering.release(made, shop, "v1", sha, START + 60)
    delivering.tag(made, shop, "v1", sha, START + 60)
    tracker.report(made, shop, "bug", at=START)
    return made


def test_python_gitlab_reads_groups_projects_and_all_that_is_in_one(world):
    shop = world.names["acme/shop"]
    with serve_gitlab(world) as double:
        client = gitlab.Gitlab(double.url, private_token=GITLAB)
        client.auth()
        group = client.groups.get("acme")
        names = {each.path_with_namespace for each in group.projects.list(get_all=True, include_subgroups=True)}
        assert names == {name for name in world.names if name.startswith("acme/")}
        project = client.projects.get("acme/shop")
        assert client.projects.get(project.id).path_with_namespace == "acme/shop"
        changes = project.mergerequests.list(get_all=True, per_page=5, state="all")
        assert {each.iid for each in changes} == set(shop.pulls)
        assert {each.iid for each in project.issues.list(get_all=True)} == set(shop.issues)
        (issue,) = [each for each in project.issues.list(get_all=True) if each.labels == ["bug"]][-1:]
        assert [each.label["name"] for each in issue.resourcelabelevents.list(get_all=True)] == ["bug"]
        assert issue.resourcestateevents.list(get_all=True) == []
        runs = [run for run in world.ci.runs.values() if run.repository is shop]
        pipelines = project.pipelines.list(get_all=True)
        assert {each.id for each in pipelines} == {run.id for run in runs}
        (reported,) = [each for each in pipelines if each.test_report.get().total_count]
        assert reported.test_report.get().test_suites[0]["test_cases"]
        (deployment,) = project.deployments.list(get_all=True)
        assert (deployment.status, deployment.environment["name"]) == ("success", "production")
        assert [each.tag_name for each in project.releases.list(get_all=True)] == ["v1"]
        assert [each.name for each in project.tags.list(get_all=True)] == ["v1"]
        commits = project.repository_compare(deployment.sha, deployment.sha)["commits"]
        assert commits == []
        assert client.version() == ("17.5.0", "0123456789a")
        with pytest.raises(gitlab.GitlabGetError):
            client.groups.get("nobody")
        with pytest.raises(gitlab.GitlabAuthenticationError):
            gitlab.Gitlab(double.url, private_token="glpat-other").auth()


def test_python_jenkins_reads_folders_jobs_builds_and_reports(world):
    user, _, token = JENKINS.partition(":")
    with serve_jenkins(world) as double:
        client = jenkins.Jenkins(double.url, user, token)
        assert client.get_whoami()["id"] == "reader"
        assert client.get_version() == "2.462.3"
        names = {each["fullname"] for each in client.get_jobs(folder_depth=3)}
        assert {"acme", "acme/shop.ci", "acme/shop.ci/main"} <= names
        info = client.get_job_info("acme/shop.ci/main", fetch_all_builds=True)
        numbers = [each["number"] for each in info["builds"]]
        assert numbers == sorted(numbers, reverse=True)
        builds = [client.get_build_info("acme/shop.ci/main", number) for number in numbers]
        assert {each["result"] for each in builds} >= {"SUCCESS", "FAILURE", None}
        first = numbers[-1]
        report = client.get_build_test_report("acme/shop.ci/main", first)
        assert report["suites"][0]["cases"]
        with pytest.raises(jenkins.JenkinsException, match="does not exist"):
            client.get_job_info("acme/nothing")
