"""Which workflows bring code to production, by the names of their files."""

import pytest

from exporter.policy import NOT_SHIPPING, SHIPPING, ships


def by_default(name):
    return ships(f".github/workflows/{name}", SHIPPING, NOT_SHIPPING)


@pytest.mark.parametrize(
    "name",
    ["deploy.yml", "Deploy.yaml", "deploy-production.yml", "release.yml", "publish.yml", "pypi-publish.yml",
     "app_deploy.yaml", "publish-image.yml"],
)  # fmt: skip
def test_what_deploys_releases_or_publishes_ships(name):
    assert by_default(name)


@pytest.mark.parametrize(
    "name",
    ["ci.yml", "release-drafter.yml", "release-please.yml", "release-notes.yml", "deploy-preview.yml",
     "deploy-docs.yml", "publish-docs.yml", "deploy-staging.yml", "deploy-dev.yml", "deploy_qa.yml",
     "release-dry-run.yml", "undeployed.yml", "prerelease.yml", ""],
)  # fmt: skip
def test_what_only_sounds_so_does_not(name):
    assert not by_default(name)


def test_globs_are_the_organisations_own():
    """A name without a folder is a file's name too, as where a run names no file."""
    assert ships("Ship it", ("ship*",), ())
    assert not ships("Ship it", ("ship*",), ("*it",))
    assert not ships(".github/workflows/deploy.yml", (), ())
