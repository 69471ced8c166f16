"""What compose.yaml puts together exists, fits, and is accepted by the tools of those who will read it."""

import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from exporter.config import load
from exporter.render.dashboards.files import DASHBOARDS
from exporter.render.rules.rows import GRAFANA
from tests.deploy.stack import AMTOOL, DEPLOY, PROMTOOL, alertmanager_settings, loaded, needs_prometheus, written
from tests.system.processes import ROOT

COMPOSE = loaded("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OF_THE_MACHINE = {"/usr/share/zoneinfo"}
"""What is mounted and comes from the machine, not from here."""

each_service = pytest.mark.parametrize("name", SERVICES)


class Mount(NamedTuple):
    """A file, folder or named volume, and where a container finds it."""

    source: str
    target: str
    read_only: bool

    @property
    def here(self) -> Path:
        """Where it is in this checkout."""
        return (DEPLOY / self.source).resolve()


def mounts(name: str) -> list[Mount]:
    """What a service mounts, with the folder that stands there unless SDLC_CONFIG names another."""
    found = []
    for each in SERVICES[name].get("volumes", []):
        source, target, *how = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", each).split(":")
        found.append(Mount(source, target, how == ["ro"]))
    return found


def local(name: str, path: str) -> Path:
    """Where a path inside a service's container is in this checkout."""
    mount = next(each for each in mounts(name) if path == each.target or path.startswith(f"{each.target}/"))
    return mount.here / Path(path).relative_to(mount.target)


def test_compose_file_fits_the_schema_of_the_compose_specification():
    """The schema is the one that check-jsonschema carries; nothing is fetched."""
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    checked = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_there_are_the_four_services_and_a_volume_for_each():
    assert list(SERVICES) == list(COMPOSE["volumes"]) == ["exporter", "prometheus", "alertmanager", "grafana"]


@each_service
def test_what_is_mounted_exists_and_is_read_only_or_a_volume(name):
    """Nothing of the checkout can be written by a container."""
    for each in mounts(name):
        if each.source in COMPOSE["volumes"]:
            assert each.source == name
            assert not each.read_only
        else:
            assert each.read_only, each
            assert each.source in OF_THE_MACHINE or each.here.exists(), each


@each_service
def test_a_service_is_confined(name):
    """No root, no capability, no way to more rights, a root file system that cannot be written, ports on loopback."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert not {"privileged", "network_mode", "pid", "ipc", "cap_add", "devices"} & service.keys()
    assert all(each.startswith("127.0.0.1:") for each in service["ports"])
    assert service["restart"] == "unless-stopped"


@each_service
def test_an_image_is_pinned(name):
    """By a whole version; the exporter's is this one."""
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), image
    if name == "exporter":
        assert tag == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def port(name: str) -> str:
    """The port a service is reached on, the same inside and outside."""
    (published,) = SERVICES[name]["ports"]
    _, outside, inside = published.split(":")
    assert outside == inside
    return str(inside)


@each_service
def test_a_health_check_asks_the_port_that_is_open(name):
    words = " ".join(SERVICES[name]["healthcheck"]["test"])
    assert words.startswith("CMD ")
    assert re.findall(r"http://127\.0\.0\.1:(\d+)", words) == [port(name)]


def test_the_exporter_is_built_from_the_dockerfile_and_runs_as_its_user():
    dockerfile = ((DEPLOY / SERVICES["exporter"]["build"]).resolve() / "Dockerfile").read_text("utf-8")
    assert f"USER {SERVICES['exporter']['user']}\n" in dockerfile
    assert f"EXPOSE {port('exporter')}\n" in dockerfile
    targets = {each.target: each for each in mounts("exporter")}
    assert set(targets) == {"/etc/sdlc-exporter", "/var/lib/sdlc-exporter"}
    assert '"-c", "/etc/sdlc-exporter/config.yaml"' in dockerfile


def test_the_exporters_configuration_loads_and_fits_its_container():
    """The demo, kept in the volume, on the port of its service and on every interface of its container."""
    config = load(local("exporter", "/etc/sdlc-exporter/config.yaml"), {}, None)
    assert [each.provider for each in config.sources] == ["demo"]
    assert config.store.path is not None
    assert Path(config.store.path).parent == Path("/var/lib/sdlc-exporter")
    assert (config.server.host, str(config.server.port)) == ("", port("exporter"))


def test_a_token_beside_the_configuration_is_not_committed():
    """Git is asked about a file that is not there."""
    asked = ["git", "check-ignore", "--no-index", "--quiet"]
    folder = DEPLOY / "exporter"
    assert subprocess.run([*asked, folder / "token"], cwd=ROOT, check=False).returncode == 0
    assert subprocess.run([*asked, folder / "config.yaml"], cwd=ROOT, check=False).returncode == 1


def flag(service: str, name: str) -> str:
    """The value of a flag in a service's command."""
    return str(next(each.partition("=")[2] for each in SERVICES[service]["command"] if each.startswith(f"{name}=")))


# Prometheus


def test_prometheus_asks_services_that_are_there_on_their_ports():
    settings = loaded("prometheus/prometheus.yml")
    targets = [
        each for job in settings["scrape_configs"] for where in job["static_configs"] for each in where["targets"]
    ]
    (servers,) = settings["alerting"]["alertmanagers"]
    targets += [each for where in servers["static_configs"] for each in where["targets"]]
    assert targets == [f"exporter:{port('exporter')}", f"alertmanager:{port('alertmanager')}"]


@needs_prometheus
def test_promtool_accepts_what_prometheus_is_given(tmp_path):
    """With the path of the rules as it is here; all rule files of the project are found by it."""
    path = local("prometheus", flag("prometheus", "--config.file"))
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["rule_files"] = [str(local("prometheus", each)) for each in settings["rule_files"]]
    found = {each for glob in settings["rule_files"] for each in Path(glob).parent.glob(Path(glob).name)}
    assert found == set((ROOT / "alerts").glob("*.yaml"))
    here = written(tmp_path / "prometheus.yml", settings)
    checked = subprocess.run([str(PROMTOOL), "check", "config", "--lint-fatal", here], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count(" rules found") == len(found)


def test_prometheus_keeps_what_panels_ask_for():
    """A quarter, compared with the one before, is 180 days; and as much as the exporter reads by default."""
    days = re.fullmatch(r"(\d+)d", flag("prometheus", "--storage.tsdb.retention.time"))
    assert days
    assert int(days[1]) >= 400
    assert flag("prometheus", "--storage.tsdb.path") in {each.target for each in mounts("prometheus")}


# Alertmanager


@needs_prometheus
def test_amtool_accepts_what_alertmanager_is_given(tmp_path):
    """As it is, and with what the tests change in it."""
    path = local("alertmanager", flag("alertmanager", "--config.file"))
    for each in (path, alertmanager_settings(tmp_path, "http://127.0.0.1:9", group_wait="1s")):
        checked = subprocess.run([str(AMTOOL), "check-config", each], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert flag("alertmanager", "--storage.path") in {each.target for each in mounts("alertmanager")}


# Grafana


def provisioned(kind: str) -> list[Any]:
    """The documents of a kind that Grafana reads at its start."""
    folder = local("grafana", "/etc/grafana/provisioning") / kind
    found = [yaml.safe_load(each.read_text("utf-8")) for each in sorted(folder.iterdir())]
    assert all(each["apiVersion"] == 1 for each in found)
    return list(
        chain.from_iterable(each[{"datasources": "datasources", "dashboards": "providers"}[kind]] for each in found)
    )


def test_grafana_has_prometheus_as_its_default_source():
    """The variable of the dashboards then chooses it; its interval is that of the scrapes."""
    (source,) = provisioned("datasources")
    assert (source["type"], source["isDefault"], source["access"]) == ("prometheus", True, "proxy")
    assert source["url"] == f"http://prometheus:{port('prometheus')}"
    assert source["jsonData"]["timeInterval"] == loaded("prometheus/prometheus.yml")["global"]["scrape_interval"]


def test_grafana_finds_every_dashboard():
    (provider,) = provisioned("dashboards")
    assert provider["type"] == "file"
    folder = local("grafana", provider["options"]["path"])
    assert folder == ROOT / "dashboards"
    uids = sorted(json.loads(each.read_text("utf-8"))["uid"] for each in folder.glob("*.json"))
    assert uids == sorted(each.uid for each in DASHBOARDS)


def test_grafana_begins_with_a_page_that_is_there_and_lets_nobody_change_anything():
    settings = SERVICES["grafana"]["environment"]
    assert local("grafana", settings["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).is_file()
    assert (settings["GF_AUTH_ANONYMOUS_ENABLED"], settings["GF_AUTH_ANONYMOUS_ORG_ROLE"]) == ("true", "Viewer")
    assert settings["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert all(isinstance(each, str) for each in settings.values())


def test_links_in_alerts_lead_to_this_grafana():
    assert str(urlsplit(GRAFANA).port) == port("grafana")
    assert flag("prometheus", "--web.external-url") == f"http://localhost:{port('prometheus')}"
    assert flag("alertmanager", "--web.external-url") == f"http://localhost:{port('alertmanager')}"


# What is said about it


def test_the_readme_names_files_addresses_and_variables_that_are_there():
    text = (DEPLOY / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 80
    paths = re.findall(r"`((?:prometheus|alertmanager|exporter|systemd)/[\w./-]+)`", text)
    assert len(paths) >= 3
    assert [each for each in paths if not (DEPLOY / each).is_file()] == []
    assert [each for each in re.findall(r"deploy/[\w./-]+\w", text) if not (ROOT / each).exists()] == []
    assert set(re.findall(r"localhost:(\d+)", text)) == {port(name) for name in SERVICES}
    assert "${SDLC_CONFIG:-" in (DEPLOY / "compose.yaml").read_text("utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL):
        assert yaml.safe_load(block).keys() == {"sources", "store"}
