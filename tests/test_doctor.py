"""What a credential may read is told source by source, and which metrics will be missing."""

import asyncio
import json
from contextlib import contextmanager

import pytest

from exporter import doctor, service_plan
from exporter.config import load
from tests.double import TOKEN as GITHUB
from tests.double import hand_made, serve
from tests.double.gitlab import TOKEN as GITLAB
from tests.double.gitlab import serve_gitlab
from tests.double.jenkins import TOKEN as JENKINS
from tests.double.jenkins import serve_jenkins
from tests.system.processes import command

pytestmark = pytest.mark.system


@contextmanager
def configured(tmp_path, *sources, **more):
    """A configuration of these rows, whose addresses are doubles of one world."""
    world = hand_made().world
    for name, secret in (("github", GITHUB), ("gitlab", GITLAB), ("jenkins", JENKINS)):
        (tmp_path / name).write_text(secret)
    with serve(world, fast=True) as github, serve_gitlab(world, fast=True) as gitlab, serve_jenkins(world) as jenkins:
        urls = {"github": github.url, "gitlab": gitlab.url, "jenkins": jenkins.url}
        path = tmp_path / "exporter.yaml"
        rows = "\n".join(f"  - {{{row.format(**urls)}, retry_wait: 1s}}" for row in sources)
        path.write_text(f"sources:\n{rows}\nstore: {{path: state.db}}\n")
        yield path, {"github": github, "gitlab": gitlab, "jenkins": jenkins}


def examined(path):
    return {each.source: each for each in asyncio.run(doctor.examine(load(path, {}, set())))}


FORGE = "name: forge, provider: github, url: '{github}', token_file: github, include: ['acme/*'], history: 2025-01-01"
GROUP = "name: group, provider: gitlab, url: '{gitlab}', token_file: gitlab, groups: [acme], history: 2025-01-01"
BUILDS = "name: builds, provider: jenkins, url: '{jenkins}', token_file: jenkins, of: forge"


def test_everything_that_may_be_read_is_said_so_at_a_few_requests_each(tmp_path):
    with configured(tmp_path, FORGE + ", streams: [deployments, issues]", GROUP, BUILDS) as (path, doubles):
        found = examined(path)
        asked = {name: double.count() for name, double in doubles.items()}
    assert [each.whole for each in found.values()] == [True, True, True]
    assert [each.stream for each in found["forge"].findings] == ["changes", "deployments", "issues"]
    assert [each.stream for each in found["group"].findings] == ["changes", "runs", "deployments", "issues"]
    assert [each.stream for each in found["builds"].findings] == ["runs"]
    assert found["forge"].selected == found["group"].selected > 0
    assert max(asked.values()) <= 6
    assert {name: each.requests for name, each in found.items()} == {
        "forge": asked["github"], "group": asked["gitlab"], "builds": asked["jenkins"],
    }  # fmt: skip
    assert set(found["forge"].missing) == {"code is not followed", "findings is not followed"}
    assert "sdlc_security_findings_total" in found["forge"].missing["findings is not followed"]
    assert not (tmp_path / "state.db").exists()


def test_a_permission_that_lacks_is_told_with_its_remedy_and_what_it_costs(tmp_path):
    with configured(tmp_path, FORGE) as (path, doubles):
        doubles["github"].deny("issues")
        found = examined(path)["forge"]
    (issues,) = [each for each in found.findings if each.stream == "issues"]
    assert issues.state != "ok"
    assert issues.remedy == "read access to issues"
    assert "sdlc_defects_total" in found.missing["issues cannot be read"]
    assert not found.whole


def test_a_source_that_lets_nobody_in_stops_no_other_and_its_secret_is_not_told(tmp_path):
    with configured(tmp_path, FORGE + ", streams: [deployments]", GROUP, BUILDS) as (path, doubles):
        doubles["gitlab"].revoke(GITLAB)
        doubles["jenkins"].revoke(JENKINS)
        found = examined(path)
    assert [each.whole for each in found.values()] == [True, False, False]
    (only,) = found["group"].findings
    assert (only.stream, only.state) == ("", "unauthorised")
    assert "runs cannot be read" in found["forge"].missing, "builds would have told them"
    text = doctor.report(list(found.values())) + doctor.as_json(list(found.values()))
    assert all(secret not in text for secret in (GITHUB, GITLAB, JENKINS))


def test_the_command_says_by_its_status_whether_something_will_be_missing(tmp_path):
    with configured(tmp_path, GROUP) as (path, doubles):
        fine = command("doctor", "-c", path)
        doubles["gitlab"].revoke(GITLAB)
        lacking = command("doctor", "-c", path, "--format", "json")
    assert fine.returncode == 0, fine.stderr
    assert "group (gitlab): " in fine.stdout
    assert lacking.returncode == 1
    (told,) = json.loads(lacking.stdout)
    assert (told["source"], told["whole"]) == ("group", False)


def test_plan_counts_what_a_service_is_asked_while_nothing_moves(tmp_path):
    """Of the group 60 polls, 12 of issues, 12 for pulses and a look an hour: 85; of Jenkins 60."""
    jenkins = BUILDS.replace("of: forge", "of: group")
    with configured(tmp_path, GROUP + ", streams: [deployments, issues]", jenkins) as (path, _):
        group, builds = asyncio.run(service_plan.sentences(load(path, {}, set())))
    assert group.startswith("group (GitLab): 2 of 3 repositories are selected; 85 requests an hour while nothing moves")
    assert builds == "builds (Jenkins): 60 requests an hour while nothing moves"
