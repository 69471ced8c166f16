"""The configuration that the chart writes is one the exporter takes, and its files are where it says."""

import base64

import pytest
import yaml

from exporter.catalogue import exported
from exporter.config import Config, parse
from tests.helm.chart import CASES, FULL, HELM4, config, each_helm, exporter, needs_helm, one, render, run
from tests.system.processes import command

pytestmark = needs_helm

FOLDER = "/var/run/secrets/sdlc-exporter"


def read(objects) -> Config:
    """As the exporter reads it; a fault is an error."""
    return parse(config(objects), "config.yaml", {"UMBRELLA_TOKEN": "x"}, {row.name for row in exported()})


def only(values: str):
    """The configuration as plain data."""
    return yaml.safe_load(config(render(values)))


def mounted(objects):
    """Each file under the credentials' folder: which key of what it is."""
    volumes = one(objects, "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    (sources,) = (each["projected"]["sources"] for each in volumes if each["name"] == "credentials")
    return {
        f"{FOLDER}/{item['path']}": (part["name"], item["key"])
        for source in sources
        for part in source.values()
        for item in part["items"]
    }


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix("-values.yaml"))
def test_the_exporter_takes_every_configuration(case):
    objects = render(case.read_text().replace("fullnameOverride: sdlc", ""))
    made = read(objects)
    port = exporter(objects)["ports"][0]["containerPort"]
    assert (made.server.host, made.server.port) == ("", port)
    assert made.store.path.startswith("/var/lib/sdlc-exporter/")


@each_helm
def test_check_config_says_fine(helm, tmp_path):
    """The command itself, in the form in which the file is mounted."""
    case = next(each for each in CASES if each.name == "existing-secrets-values.yaml")
    path = tmp_path / "config.yaml"
    path.write_text(config(render(case.read_text(), helm=helm)))
    done = command("check-config", "-c", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: fine; 3 sources\n")


def test_the_container_reads_the_mounted_file():
    objects = render()
    container = exporter(objects)
    assert container["args"] == ["run", "-c", "/etc/sdlc-exporter/config.yaml"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {
        "/etc/sdlc-exporter": "config",
        "/var/lib/sdlc-exporter": "state",
        "/tmp": "tmp",
    }
    assert container["env"] == [{"name": "SQLITE_TMPDIR", "value": "/tmp"}]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_nothing_configured_shows_the_pretend_organisation():
    """Of the same teams as `sdlc-exporter demo`; its state is never mixed with that of real sources."""
    teams = {team: [f"acme/{team}-*"] for team in ("data", "pay", "platform", "web")}
    assert only("") == {
        "sources": [{"name": "demo", "provider": "demo", "interval": "30s"}],
        "teams": teams,
        "store": {"path": "/var/lib/sdlc-exporter/demo.db"},
        "server": {"listen": ":9517"},
    }
    assert only("teams: [{name: a, repositories: ['a/*']}]")["teams"] == {"a": ["a/*"]}


def test_three_lines_are_enough():
    values = """
      config:
        sources: [{name: acme, organisations: [acme]}]
      credentials: {acme: {existingSecret: github-token}}
    """
    assert only(values) == {
        "sources": [{"name": "acme", "organisations": ["acme"], "token_file": f"{FOLDER}/acme/token"}],
        "store": {"path": "/var/lib/sdlc-exporter/state.db"},
        "server": {"listen": ":9517"},
    }
    assert mounted(render(values)) == {f"{FOLDER}/acme/token": ("github-token", "token")}


def test_one_line_of_set_is_enough():
    words = "config.sources[0].name=acme,config.sources[0].organisations={acme},credentials.acme.existingSecret=t"
    (source,) = only_set(words)["sources"]
    assert source == {"name": "acme", "organisations": ["acme"], "token_file": f"{FOLDER}/acme/token"}


def only_set(words):
    objects = render("", "--set", words)
    return yaml.safe_load(config(objects))


def test_credentials_are_mounted_where_the_sources_look():
    case = next(each for each in CASES if each.name == "existing-secrets-values.yaml")
    objects = render(case.read_text())
    made = read(objects)
    assert mounted(objects) == {
        f"{FOLDER}/acme/token": ("github-token", "token"),
        f"{FOLDER}/umbrella/token": ("umbrella", "github.com"),
        f"{FOLDER}/own-server/token": ("own-server", "token"),
        f"{FOLDER}/own-server/ca.crt": ("company-ca", "root.pem"),
    }
    named = {source.token_file for source in made.sources} | {source.ca_file for source in made.sources}
    assert named - {None} == set(mounted(objects))
    mount = next(each for each in exporter(objects)["volumeMounts"] if each["name"] == "credentials")
    assert (mount["mountPath"], mount["readOnly"]) == (FOLDER, True)


def test_an_app_has_its_ids_digit_by_digit():
    """A number of a values file would become 1.2345678e+07."""
    case = next(each for each in CASES if each.name == "github-app-values.yaml")
    objects = render(case.read_text())
    app = read(objects).sources[0].app
    assert (app.id, app.installation_id) == ("12345678", "87654321")
    assert mounted(objects) == {app.key_file: ("github-app", "key.pem")}


def test_ids_stay_the_text_they_are():
    """Also those that look like other numbers."""
    values = """
      config: {sources: [{name: acme, users: [a]}]}
      credentials: {acme: {existingSecret: s, app: {id: "1e5", installationId: "007"}}}
    """
    app = read(render(values)).sources[0].app
    assert (app.id, app.installation_id) == ("1e5", "007")


def test_a_key_in_the_values_becomes_a_secret():
    values = """
      config: {sources: [{name: a, users: [x]}, {name: b_c, users: [z]}]}
      credentials: {a: {token: one}, b_c: {app: {id: "1", privateKey: "two\\n"}}}
    """
    objects = render(values)
    secret = one(objects, "Secret")
    kept = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    assert kept == {"a.token": "one", "b_c.private-key.pem": "two\n"}
    name = secret["metadata"]["name"]
    assert mounted(objects) == {
        f"{FOLDER}/a/token": (name, "a.token"),
        f"{FOLDER}/b_c/private-key.pem": (name, "b_c.private-key.pem"),
    }
    first, second = read(objects).sources
    assert {first.token_file, second.app.key_file} == set(mounted(objects))


def test_no_secret_is_made_and_none_mounted_unless_needed():
    objects = render()
    assert not [each for each in objects if each["kind"] == "Secret"]
    volumes = one(objects, "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    assert {each["name"] for each in volumes} == {"config", "tmp"}


def test_a_source_may_name_its_credential_itself():
    """From the environment, or a file of an extra volume."""
    values = """
      config: {sources: [{name: a, users: [x], token_env: A}, {name: b, users: [z], token_file: /more/token}]}
      extraEnv: [{name: A, value: x}]
    """
    first, second = only(values)["sources"]
    assert (first["token_env"], second["token_file"]) == ("A", "/more/token")


def test_teams_keep_their_order():
    """Helm sorts a mapping by its keys, and the first match decides."""
    values = "teams: [{name: zeta, repositories: ['a/z-*', 'b/*']}, {name: alpha, repositories: ['*/*']}]"
    made = read(render(values))
    assert made.teams == {"zeta": ("a/z-*", "b/*"), "alpha": ("*/*",)}
    assert list(made.teams) == ["zeta", "alpha"]


def test_what_is_configured_wins_over_what_the_chart_knows():
    values = """
      config:
        store: {path: /var/lib/sdlc-exporter/other.db}
        server: {listen: "[::]:9000"}
        series: {budget: 1000000}
      containerPort: 9000
    """
    made = read(render(values))
    assert (made.store.path, made.server.listen) == ("/var/lib/sdlc-exporter/other.db", "[::]:9000")
    assert made.series.budget == 1_000_000


@each_helm
def test_a_date_without_quotes_stays_a_date(helm):
    """YAML reads it as a point in time."""
    case = next(each for each in CASES if each.name == "no-persistence-values.yaml")
    assert "history: 2026-01-01\n" in case.read_text()
    assert str(read(render(case.read_text(), helm=helm)).sources[0].history.start) == "1767225600"


def test_a_configuration_of_ones_own_is_mounted():
    objects = render("existingConfigMap: mine\ncredentials: {acme: {existingSecret: token}}")
    assert not [each for each in objects if each["kind"] == "ConfigMap" and "config.yaml" in each["data"]]
    made = one(objects, "StatefulSet")["spec"]["template"]
    assert {"name": "config", "configMap": {"name": "mine"}} in made["spec"]["volumes"]
    assert mounted(objects) == {f"{FOLDER}/acme/token": ("token", "token")}
    assert "annotations" not in made["metadata"]


def fingerprint(values: str):
    return one(render(values), "StatefulSet")["spec"]["template"]["metadata"]["annotations"]["checksum/fixed-config"]


def test_only_what_the_exporter_cannot_take_over_restarts_the_pod():
    """It reloads everything but `server` and `store` by itself."""
    source = "config: {sources: [{name: a, users: [x], token_env: A}]"
    plain = fingerprint(source + "}")
    assert fingerprint(source + ", log: {level: debug}, teams: {t: ['x/*']}}") == plain
    assert fingerprint(source + "}\ncommonLabels: {a: b}") == plain
    assert fingerprint(source + ", server: {listen: '[::]:9517'}}") != plain
    assert fingerprint(source + "}\nwebConfig: {existingSecret: web}") != plain
    assert fingerprint(source + ", store: {path: /var/lib/sdlc-exporter/x.db}}") != plain
    assert fingerprint("") != plain


def test_files_of_the_web_configuration_are_mounted_beside_each_other():
    objects = render("webConfig: {existingSecret: web, key: web.yml, tls: {enabled: true, existingSecret: tls}}")
    assert read(objects).server.web_config_file == "/etc/sdlc-exporter-web/web.yml"
    volumes = one(objects, "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    (web,) = (each["projected"]["sources"] for each in volumes if each["name"] == "web")
    assert web == [{"secret": {"name": "web"}}, {"secret": {"name": "tls"}}]
    mount = next(each for each in exporter(objects)["volumeMounts"] if each["name"] == "web")
    assert mount == {"name": "web", "mountPath": "/etc/sdlc-exporter-web", "readOnly": True}


def test_secrets_are_for_the_exporter_alone():
    """Its group reads them, and nobody else does."""
    volumes = one(render(FULL.read_text()), "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    modes = {each["name"]: each["projected"]["defaultMode"] for each in volumes if "projected" in each}
    assert modes == {"credentials": 0o440, "web": 0o440}


def test_tokens_of_the_values_are_in_no_config_map():
    told = run(HELM4, "template", "rel", "-f", "-", ".", values=FULL.read_text()).stdout
    assert "not-a-real-token" not in told
    assert base64.b64encode(b"not-a-real-token").decode() in told
