"""What is handed out is whole, small and replaceable: packages, upgrades, a registry."""

import base64
import gzip
import shutil
import socket
import subprocess
import tarfile
import urllib.request
from contextlib import contextmanager

import pytest
import yaml

from exporter import __version__
from tests.helm.chart import CASES, CHART, FULL, HELM4, HELMS, each_helm, needs_helm, one, render, run
from tests.system.processes import until

pytestmark = needs_helm

META = yaml.safe_load((CHART / "Chart.yaml").read_text())
REGISTRY = shutil.which("docker-registry")
# Kubernetes refuses to change anything else of a StatefulSet; older versions also refuse revisionHistoryLimit.
CHANGEABLE = {"replicas", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}


def package(helm, folder, chart=CHART, *arguments):
    done = run(helm, "package", chart, "--destination", folder, *arguments)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.tgz")
    return made


@each_helm
def test_a_package_holds_what_is_needed_and_nothing_else(helm, tmp_path):
    """No values for our own tests; and the pod of `helm test`, which a careless .helmignore drops without a word."""
    with tarfile.open(package(helm, tmp_path)) as archive:
        names = {name.removeprefix("sdlc-exporter/") for name in archive.getnames()}
    here = {path.relative_to(CHART).as_posix() for path in CHART.rglob("*") if path.is_file()}
    assert "templates/tests/metrics.yaml" in names
    assert names == {name for name in here if not name.startswith("ci/")}


@each_helm
def test_a_package_renders_as_the_folder_does(helm, tmp_path):
    made = package(helm, tmp_path)
    for values in ("", FULL.read_text()):
        assert render(values, helm=helm, chart=made) == render(values, helm=helm)


def test_a_release_fits_into_its_secret():
    """Helm keeps chart, values and what was rendered in one, which holds 1 MiB; ours takes less than a third."""
    words = ["install", "rel", CHART, "--dry-run=client", "--output", "json", "--values", FULL]
    done = run(HELM4, *words)
    assert done.returncode == 0, done.stderr
    assert '"templates"' in done.stdout
    assert len(base64.b64encode(gzip.compress(done.stdout.encode()))) < 1024 * 1024 / 3


@pytest.fixture(scope="module")
def former(tmp_path_factory):
    """The chart as its former version was: the same but for both versions."""
    chart = shutil.copytree(CHART, tmp_path_factory.mktemp("former") / "sdlc-exporter")
    path = chart / "Chart.yaml"
    path.write_text(path.read_text().replace("0.1.0", "0.0.9"))
    return package(HELM4, tmp_path_factory.mktemp("packages"), chart)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix("-values.yaml"))
def test_an_upgrade_changes_nothing_that_kubernetes_does_not_let_change(case, former):
    before = one(render(case.read_text(), chart=former), "StatefulSet")
    after = one(render(case.read_text()), "StatefulSet")
    assert before["metadata"]["labels"]["helm.sh/chart"] == "sdlc-exporter-0.0.9"
    assert before["metadata"]["name"] == after["metadata"]["name"]
    kept = [{key: each["spec"].get(key) for key in each["spec"].keys() - CHANGEABLE} for each in (before, after)]
    assert kept[0] == kept[1]
    assert {"serviceName", "selector", "podManagementPolicy"} <= kept[0].keys()


def test_an_upgrade_of_the_chart_alone_leaves_the_pod_running(former):
    """With the same image nothing of the pod's template moves."""
    same = "image: {tag: 1.2.3}"
    before, after = (one(render(same, chart=chart), "StatefulSet")["spec"] for chart in (former, CHART))
    assert before == after


def test_a_changed_claim_would_be_seen():
    """What the upgrade compares is what Kubernetes compares."""
    before, after = (
        one(render(values), "StatefulSet")["spec"] for values in ("", "persistence: {labels: {version: '2'}}")
    )
    assert {key for key in before if before[key] != after[key]} == {"volumeClaimTemplates"}


@each_helm
def test_the_same_values_render_the_same_again(helm):
    """Argo CD renders at each look: nothing random, no date, nothing asked of a cluster."""
    first, second = (run(helm, "template", "rel", CHART, "--values", FULL).stdout for _ in range(2))
    assert first == second
    for path in (CHART / "templates").rglob("*"):
        if path.is_file():
            assert not set(path.read_text().split()) & {"lookup", "now", "randAlphaNum", "genCA", "uuidv4"}, path
            assert ".Capabilities" not in path.read_text(), path


def test_versions_agree():
    """Of the chart, the exporter in it and the image that is announced."""
    assert (META["version"], META["appVersion"]) == (__version__, __version__)
    images = yaml.safe_load(META["annotations"]["artifacthub.io/images"])
    assert [each["image"] for each in images] == [f"ghcr.io/sdlc-exporter/sdlc-exporter:{__version__}"]
    for key in ("links", "changes"):
        assert yaml.safe_load(META["annotations"][f"artifacthub.io/{key}"])


@contextmanager
def registry(folder):
    """A registry of this test's own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "store")}},
        "http": {"addr": address},
    }
    (folder / "registry.yaml").write_text(yaml.safe_dump(settings | {"log": {"accesslog": {"disabled": True}}}))
    with (folder / "registry.log").open("w") as log:
        process = subprocess.Popen(
            [REGISTRY, "serve", folder / "registry.yaml"],
            stdout=log,
            stderr=log,
        )
        try:
            until(lambda: answers(f"http://{address}/v2/"), "the registry answers")
            yield address
        finally:
            process.kill()
            process.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http, on loopback
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.system
@pytest.mark.skipif(REGISTRY is None, reason="docker-registry is not installed")
def test_a_package_goes_through_a_registry(tmp_path):
    """Pushed by one helm, pulled and rendered by both."""
    (tmp_path / "out").mkdir()
    made = package(HELM4, tmp_path)
    with registry(tmp_path) as address:
        home = f"oci://{address}/charts"
        pushed = run(HELM4, "push", made, home, "--plain-http")
        assert pushed.returncode == 0, pushed.stderr
        pulled = run(HELM4, "pull", f"{home}/sdlc-exporter", "--plain-http", "--destination", tmp_path / "out")
        assert pulled.returncode == 0, pulled.stderr
        (back,) = (tmp_path / "out").glob("*.tgz")
        assert back.read_bytes() == made.read_bytes()
        for helm in HELMS:
            shown = run(helm, "template", "rel", f"{home}/sdlc-exporter", "--plain-http", "--version", META["version"])
            assert shown.returncode == 0, shown.stderr
            assert "kind: StatefulSet" in shown.stdout
