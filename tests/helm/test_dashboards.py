"""The dashboards in the chart are the project's own, each small enough, and found by those who look for them."""

import json

import pytest

from tests.helm.chart import CHART, FULL, ROOT, each_helm, needs_helm, render

pytestmark = needs_helm

THEIRS = sorted((ROOT / "dashboards").glob("*.json"))


def dashboards(values="", **arguments):
    """The ConfigMaps with dashboards, by the name of the file in them."""
    found = {}
    for each in render(values, **arguments):
        for key in each.get("data", {}) if each["kind"] == "ConfigMap" else ():
            if key.endswith(".json"):
                found[key] = each
    return found


def test_the_chart_carries_the_dashboards_of_the_project():
    """By name and by byte."""
    ours = {path.name: path.read_bytes() for path in (CHART / "files" / "dashboards").iterdir()}
    assert THEIRS
    assert ours == {path.name: path.read_bytes() for path in THEIRS}


@each_helm
@pytest.mark.parametrize("original", THEIRS, ids=lambda path: path.stem)
def test_a_dashboard_arrives_as_it_is(helm, original):
    """Its own braces too."""
    made = dashboards(helm=helm)
    assert json.loads(made[original.name]["data"][original.name]) == json.loads(original.read_text())
    assert len(made) == len(THEIRS)


def test_each_config_map_can_be_applied_by_every_client():
    """Kubectl apply and Argo CD keep a copy in an annotation, which holds 256 KiB."""
    for name, made in dashboards(FULL.read_text()).items():
        assert len(json.dumps(made)) < 256 * 1024, name


def test_the_sidecar_finds_them():
    for name, made in dashboards().items():
        assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert made["metadata"]["name"] == f"rel-sdlc-exporter-{name.removesuffix('.json')}"
        assert "annotations" not in made["metadata"]


def test_label_folder_and_namespace_are_as_told():
    values = {
        "dashboards": {
            "label": "dash",
            "labelValue": "yes",
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
            "folder": "Delivery",
            "folderAnnotation": "where",
            "namespace": "grafana",
        }
    }
    for made in dashboards(values).values():
        assert made["metadata"]["labels"].items() >= {"dash": "yes", "a": "b"}.items()
        assert made["metadata"]["annotations"] == {"c": "d", "where": "Delivery"}
        assert made["metadata"]["namespace"] == "grafana"


def test_the_grafana_operator_finds_each_config_map():
    objects = render(FULL.read_text())
    names = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ConfigMap"}
    found = [each for each in objects if each["kind"] == "GrafanaDashboard"]
    assert len(found) == len(THEIRS)
    for each in found:
        reference = each["spec"]["configMapRef"]
        target = names[reference["name"]]
        assert reference["key"] in target["data"]
        assert each["metadata"]["namespace"] == target["metadata"]["namespace"]
        assert each["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "grafana"}}


def test_no_dashboards_are_made_where_they_are_switched_off():
    assert dashboards("dashboards: {enabled: false}") == {}
