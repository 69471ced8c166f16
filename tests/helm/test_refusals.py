"""Values that cannot be meant are refused, each by its path, before anything is changed in the cluster."""

import json
import shutil

import pytest
import yaml

from tests.helm.chart import CHART, HELM4, each_helm, needs_helm, refused, render, run

pytestmark = needs_helm

SOURCE = "{name: acme, include: ['acme/*']}"
CREDENTIAL = "credentials: {acme: {existingSecret: token}}"

# One that is refused by the schema for each kind of value; the paths count from the values' root.
WRONG = """
unheardOf: 1                                  # unheardOf
nameOverride: Upper                           # nameOverride
fullnameOverride: 1st                         # fullnameOverride
containerPort: "9517"                         # containerPort
existingConfigMap: Not_A_Name                 # existingConfigMap
revisionHistoryLimit: -1                      # revisionHistoryLimit
commonLabels: {a: 1}                          # commonLabels.a
teams: [{name: a}]                            # teams.0.repositories
imagePullSecrets: [1]                         # imagePullSecrets.0
extraArgs: [1]                                # extraArgs.0
dnsPolicy: Sometimes                          # dnsPolicy
config:
  sources:
    - {name: Upper Case}                      # config.sources.0.name
    - {include: ["acme/*"]}                   # config.sources.1.name
    - {name: a, app: {id: 12345678}}          # config.sources.2.app.id
credentials:
  Upper: {}                                   # credentials.Upper
  a: {app: {id: 12345678}}                    # credentials.a.app.id
  b: {app: {privateKey: x}}                   # credentials.b.app.id
  c: {secret: x}                              # credentials.c.secret
persistence:
  size: 5                                     # persistence.size
  storageClass: Fast                          # persistence.storageClass
  accessModes: null                           # persistence.accessModes
  retentionPolicy: {whenDeleted: Keep}        # persistence.retentionPolicy.whenDeleted
service: {type: ExternalName, port: 0}        # service.type service.port
webConfig:
  key: a/b                                    # webConfig.key
  tls: {enable: true}                         # webConfig.tls.enable
  basicAuth: {usernameKey: ""}                # webConfig.basicAuth.usernameKey
networkPolicy: {ingressFrom: {}}              # networkPolicy.ingressFrom
serviceMonitor: {interval: 60}                # serviceMonitor.interval
podMonitor: {scheme: HTTPS, targetLabels: []} # podMonitor.scheme podMonitor.targetLabels
prometheusAnnotations: {enabled: "yes"}       # prometheusAnnotations.enabled
prometheusRule:
  disabled: {SdlcSourceFailing: "true"}       # prometheusRule.disabled.SdlcSourceFailing
  params:
    SdlcSourceStale: {failureRatio: 0.4}      # prometheusRule.params.SdlcSourceStale.failureRatio
    SdlcSourceFailing: {window: 1 h}          # prometheusRule.params.SdlcSourceFailing.window
  overrides: {SdlcSourceFailing: {severity: x}} # prometheusRule.overrides.SdlcSourceFailing.severity
  grafanaUrl: grafana                         # prometheusRule.grafanaUrl
  additionalGroups: [{name: a}]               # prometheusRule.additionalGroups.0.rules
dashboards:
  labelValue: 1                               # dashboards.labelValue
  grafanaOperator: {instanceSelector: {a: b}} # dashboards.grafanaOperator.instanceSelector.a
image:
  digest: sha256:abc                          # image.digest
  tag: "a b"                                  # image.tag
  pullPolicy: Sometimes                       # image.pullPolicy
resources: {cpu: 1}                           # resources.cpu
livenessProbe: {path: /}                      # livenessProbe.path
updateStrategy: {type: Recreate}              # updateStrategy.type
podDisruptionBudget: {maxUnavailable: 0}      # podDisruptionBudget.maxUnavailable
tests: {image: busybox}                       # tests.image
"""


@each_helm
def test_the_schema_refuses_what_has_the_wrong_shape(helm):
    """Every one by its path, all at once."""
    wanted = {path for line in WRONG.splitlines() for path in line.partition("# ")[2].split()}
    assert len(wanted) == 48
    assert wanted - refused(WRONG, helm=helm).paths == set()


def test_null_takes_nothing_away_that_is_needed():
    """Every key but those that may be null is missed by its path, rather than by a fault within a template."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    del values["global"]
    assert refused(dict.fromkeys(values)).paths == set(values)
    open_ones = (
        "podSecurityContext",
        "securityContext",
        "updateStrategy",
        "startupProbe",
        "livenessProbe",
        "readinessProbe",
    )
    inner = {
        key: {word: None for word, given in part.items() if given is not None}
        for key, part in values.items()
        if isinstance(part, dict) and part and key not in open_ones
    }
    assert refused(inner).paths == {f"{key}.{word}" for key, words in inner.items() for word in words}


CONTRADICTIONS = {
    # config
    "config": f"{CREDENTIAL}\nexistingConfigMap: mine\nconfig: {{sources: [{SOURCE}]}}",
    "teams": "existingConfigMap: mine\nteams: [{name: a, repositories: ['a/*']}]",
    "config.teams": "teams: [{name: a, repositories: ['a/*']}]\nconfig: {teams: {b: ['b/*']}}",
    "config.server.listen": "config: {server: {listen: ':80'}}",
    "config.server.listen ": "config: {server: {listen: '127.0.0.1:9517'}}",
    "config.server.web_config_file": "config: {server: {web_config_file: /more/web.yaml}}",
    "config.store.path": "config: {store: {path: /tmp/state.db}}",
    "config.store.clones": "config: {store: {clones: /tmp/clones}}",
    # credentials
    "config.sources[0]": f"config: {{sources: [{SOURCE}]}}",
    "config.sources[0].token_env": f"{CREDENTIAL}\nconfig: {{sources: [{{name: acme, token_env: TOKEN}}]}}",
    "config.sources[0].token_file": f"{CREDENTIAL}\nconfig: {{sources: [{{name: acme, token_file: /more/token}}]}}",
    "config.sources[1].ca_file": "config: {sources: [{name: a, token_env: A}, {name: b, token_env: B, ca_file: /c}]}\n"
    "credentials: {b: {caConfigMap: ca}}",
    "credentials.acme": CREDENTIAL,
    "credentials.other": f"config: {{sources: [{SOURCE}]}}\ncredentials: {{acme: {{token: x}}, other: {{token: x}}}}",
    "credentials.demo": "config: {sources: [{name: demo, provider: demo}]}\ncredentials: {demo: {token: x}}",
    "credentials.acme.token": f"config: {{sources: [{SOURCE}]}}\n"
    "credentials: {acme: {existingSecret: a, token: b}}",
    "credentials.acme.token ": f"config: {{sources: [{SOURCE}]}}\n"
    "credentials: {acme: {token: b, app: {id: '1', privateKey: x}}}",
    "credentials.acme.app.privateKey": f"config: {{sources: [{SOURCE}]}}\n"
    "credentials: {acme: {existingSecret: a, app: {id: '1', privateKey: x}}}",
    "credentials.acme.app": f"config: {{sources: [{SOURCE}]}}\ncredentials: {{acme: {{app: {{id: '1'}}}}}}",
    "credentials.git.app": "config: {sources: [{name: git, provider: git, locations: [https://git.acme.example/a/b]}]}\n"
    "credentials: {git: {existingSecret: a, app: {id: '1'}}}",
    "credentials.b": "config: {sources: [{name: b, token_env: B}]}\ncredentials: {b: {}}",
    # persistence
    "persistence.accessModes": "persistence: {accessModes: [ReadWriteMany]}",
    "persistence.accessModes ": "persistence: {accessModes: [ReadWriteOnce, ReadOnlyMany]}",
    "persistence.existingClaim": "persistence: {enabled: false, existingClaim: mine}",
    "config.sources[0].history": f"{CREDENTIAL}\npersistence: {{enabled: false}}\nconfig: {{sources: [{SOURCE}]}}",
    "config.sources[1].history": "persistence: {enabled: false}\nconfig: {sources: [{name: demo, provider: demo}, "
    "{name: a, token_env: A, history: 180d}, {name: b, token_env: B, history: 2026-01-01}]}",
    # web
    "webConfig.tls.enabled": "webConfig: {tls: {enabled: true}}",
    "webConfig.tls.existingSecret": "webConfig: {tls: {existingSecret: tls}}",
    "webConfig.tls.clientAuth": "webConfig: {tls: {clientAuth: true}}",
    "webConfig.tls.clientAuth ": "webConfig: {tls: {enabled: true, existingSecret: tls, clientAuth: true}}",
    "webConfig.basicAuth.enabled": "webConfig: {basicAuth: {enabled: true}}",
    "webConfig.basicAuth.existingSecret": "webConfig: {existingSecret: web, basicAuth: {existingSecret: user}}",
    # who scrapes
    "service.nodePort": "service: {nodePort: 30000}",
    "podMonitor.enabled": "serviceMonitor: {enabled: true}\npodMonitor: {enabled: true}",
    "prometheusAnnotations.enabled": "podMonitor: {enabled: true}\nprometheusAnnotations: {enabled: true}",
    "serviceMonitor.scrapeTimeout": "serviceMonitor: {enabled: true, interval: 1m, scrapeTimeout: 1m1s}",
    "podMonitor.scrapeTimeout": "podMonitor: {enabled: true, interval: 900ms, scrapeTimeout: 1s}",
    "serviceMonitor.authorization": "serviceMonitor: {enabled: true, basicAuth: {a: b}, authorization: {a: b}}",
    "serviceMonitor.tlsConfig": "serviceMonitor: {enabled: true}\n"
    "webConfig: {existingSecret: web, tls: {enabled: true}}",
    "podMonitor.tlsConfig": "podMonitor: {enabled: true, namespace: elsewhere}\n"
    "webConfig: {tls: {enabled: true, existingSecret: tls}}",
    "serviceMonitor.basicAuth": "serviceMonitor: {enabled: true}\n"
    "webConfig: {existingSecret: web, basicAuth: {enabled: true}}",
    "podMonitor.basicAuth": "podMonitor: {enabled: true, namespace: elsewhere}\n"
    "webConfig: {existingSecret: web, basicAuth: {enabled: true, existingSecret: user}}",
    # rules and dashboards
    "prometheusRule.disabled.SdlcSourceFailin": "prometheusRule: {disabled: {SdlcSourceFailin: true}}",
    "prometheusRule.params.Nothing": "prometheusRule: {params: {Nothing: {for: 1h}}}",
    "prometheusRule.overrides.Nothing": "prometheusRule: {overrides: {Nothing: {for: 1h}}}",
    "prometheusRule.params.SdlcWatermarkStuck.window": "prometheusRule: {params: {SdlcWatermarkStuck: {window: 1h}}}",
    "prometheusRule.params.SdlcSourceFailing.window": "prometheusRule: {params: {SdlcSourceFailing: {window: 4m59s}}}",
    "prometheusRule.params.SdlcDriftDetected": "prometheusRule: {params: {SdlcDriftDetected: {window: 15m}}}",
    "prometheusRule.params.SdlcExporterDown": "prometheusRule: {params: {SdlcExporterDown: {for: 4d}}}",
    "prometheusRule.params.SdlcSeriesDropped": "prometheusRule: {params: {SdlcSeriesDropped: {window: 1h}}, "
    "overrides: {SdlcSeriesDropped: {for: 1h}}}",
    "dashboards.grafanaOperator.enabled": "dashboards: {enabled: false, grafanaOperator: {enabled: true, "
    "instanceSelector: {matchLabels: {a: b}}}}",
    "dashboards.grafanaOperator.instanceSelector": "dashboards: {grafanaOperator: {enabled: true}}",
}


@pytest.mark.parametrize("path", CONTRADICTIONS)
def test_contradictions_are_refused_by_path(path):
    """Only the one that is there."""
    assert refused(CONTRADICTIONS[path]).paths == {path.strip()}


def test_a_git_source_needs_neither_a_credential_nor_a_date():
    source = "{name: git, provider: git, locations: ['https://git.acme.example/a/b.git']}"
    values = f"persistence: {{enabled: false}}\nconfig: {{sources: [{source}], store: {{clones: /more/clones}}}}\n"
    render(
        values
        + "extraVolumeMounts: [{name: more, mountPath: /more/clones}]\nextraVolumes: [{name: more, emptyDir: {}}]"
    )


def test_a_name_that_no_service_may_have_is_refused():
    """Helm lets a release begin with a digit."""
    told = run(HELM4, "template", "1st", CHART).stderr
    assert "\nfullnameOverride: 1st-sdlc-exporter begins with a digit" in told
    assert run(HELM4, "template", "1st", CHART, "--set", "fullnameOverride=first").returncode == 0


@each_helm
def test_all_contradictions_are_told_at_once(helm):
    values = """
      persistence: {accessModes: [ReadWriteMany]}
      serviceMonitor: {enabled: true, scrapeTimeout: 2m}
      podMonitor: {enabled: true}
      webConfig: {basicAuth: {enabled: true}}
      credentials: {acme: {existingSecret: token}}
    """
    assert refused(values, helm=helm).paths == {
        "persistence.accessModes",
        "serviceMonitor.scrapeTimeout",
        "podMonitor.enabled",
        "webConfig.basicAuth.enabled",
        "serviceMonitor.basicAuth",
        "podMonitor.basicAuth",
        "credentials.acme",
    }


def test_a_refusal_says_what_to_do():
    assert (
        "persistence.accessModes: ReadWriteMany is refused, since SQLite needs one host that writes; "
        "write ReadWriteOncePod or ReadWriteOnce\n"
    ) in refused("persistence: {accessModes: [ReadWriteMany]}").text


@pytest.mark.parametrize(
    "values",
    [
        "config: {server: {listen: '[::]:9517'}}",
        "config: {server: {listen: '0.0.0.0:9517'}}",
        "config: {server: {listen: ':80'}}\ncontainerPort: 80",
        "config: {store: {path: /more/state.db}}\nextraVolumeMounts: [{name: state, mountPath: /more/}]",
        f"existingConfigMap: mine\n{CREDENTIAL}",
        f"{CREDENTIAL}\n"
        "config: {sources: [{name: acme, users: [a], token_file: /var/run/secrets/sdlc-exporter/acme/token}]}",
        "serviceMonitor: {enabled: true, interval: 1h, scrapeTimeout: 60m}",
        "serviceMonitor: {enabled: true, interval: ''}",
        "podMonitor: {enabled: true, namespace: default}\nwebConfig: {tls: {enabled: true, existingSecret: tls}}",
        "persistence: {enabled: false}",
        "prometheusRule: {disabled: {SdlcSourceFailing: false}}",
        "prometheusRule: {params: {SdlcSourceFailing: {window: 5m}}}",  # what goes on is in every window
        "prometheusRule: {params: {SdlcDriftDetected: {window: 15m1s}}}",
        "prometheusRule: {params: {SdlcDriftDetected: {window: 1h, for: 59m}}}",
        "prometheusRule: {params: {SdlcDriftDetected: {for: 3d}}, overrides: {SdlcDriftDetected: {expr: vector(1)}}}",
        "imagePullSecrets: [a, {name: b}]",
        "config: {sources: [{name: a, token_env: A, ca_file: /c}]}",
        "config: {sources: [{name: a, provider: demo}]}",
    ],
)
def test_what_is_close_to_a_refusal_is_taken(values):
    assert run(HELM4, "template", "rel", CHART, "-f", "-", values=values).stderr == ""


@pytest.fixture
def broken(tmp_path):
    """A copy of the chart to take something away from."""
    return shutil.copytree(CHART, tmp_path / "chart")


@each_helm
@pytest.mark.parametrize(
    ("folder", "values", "path"),
    [
        ("alerts", "prometheusRule: {enabled: true}", "prometheusRule.enabled"),
        ("dashboards", "", "dashboards.enabled"),
    ],
)
def test_a_chart_without_its_files_says_so(broken, helm, folder, values, path):
    """An empty folder would else make no rules, or no dashboards, without a word."""
    shutil.rmtree(broken / "files" / folder)
    assert path in refused(values, helm=helm, chart=broken).paths


def test_the_schema_knows_every_value_and_no_other():
    """By name, at every level that is ours."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(part, given, path):
        part = schema["definitions"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if (
            isinstance(given, dict)
            and given
            and path not in ("podSecurityContext", "securityContext", "updateStrategy")
        ):
            known = set(part["properties"]) - {"enabled"} if path == "" else set(part["properties"])
            assert known == set(given), path
            if path != "global":
                assert part["additionalProperties"] is False, path
            for key, value in given.items():
                compare(part["properties"][key], value, f"{path}.{key}".strip("."))

    compare(schema, values, "")
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_definition_of_the_schema_is_used():
    text = (CHART / "values.schema.json").read_text()
    for name in json.loads(text)["definitions"]:
        assert f'"#/definitions/{name}"' in text


def test_render_without_values_works():
    """What the refusals above are measured against."""
    assert render()
