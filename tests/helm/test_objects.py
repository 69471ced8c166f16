"""What the chart renders is what Kubernetes, the operators and the restricted Pod Security Standard accept."""

import copy
import re

import jsonschema
import kubernetes_validate
import pytest

from tests.helm.chart import (
    CASES,
    CHART,
    FULL,
    HELM3,
    HELM4,
    each_helm,
    exporter,
    needs,
    needs_helm,
    one,
    pods,
    refused,
    render,
    run,
)
from tests.helm.resources import CUSTOM, check, not_restricted
from tools.helm import OPERATOR

pytestmark = needs_helm

VERSIONS = ("1.25", "1.31", "1.37")
each_case = pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix("-values.yaml"))

SCRAPED = """
webConfig:
  existingSecret: web
  tls: {enabled: true, existingSecret: tls}
  basicAuth: {enabled: true, existingSecret: user}
"""


def of(case):
    return render(case.read_text())


@each_helm
def test_lint_finds_nothing(helm):
    """Strictly, with every set of values in ci/."""
    words = [word for case in CASES for word in ("--values", case)]
    for values in ([], *([*words[place : place + 2]] for place in range(0, len(words), 2))):
        done = run(helm, "lint", "--strict", CHART, *values)
        assert done.returncode == 0, done.stdout
        assert not re.search(r"\[(WARNING|ERROR)\]", done.stdout)


@each_case
def test_both_helms_render_the_same(case):
    values = case.read_text()
    assert sorted(map(str, render(values, helm=HELM3))) == sorted(map(str, render(values, helm=HELM4)))


@each_case
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_key(case, version):
    """Strictly: a misspelt field is refused too."""
    for each in of(case):
        if each["kind"] not in CUSTOM:
            assert kubernetes_validate.validate(each, version, strict=True).startswith(version)


def test_a_misspelt_field_would_be_seen():
    made = copy.deepcopy(one(render(), "StatefulSet"))
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["readynessProbe"] = container.pop("readinessProbe")
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(made, VERSIONS[0], strict=True)


@needs(OPERATOR)
@each_case
def test_operators_know_every_key_of_custom_resources(case):
    for each in of(case):
        if each["kind"] in CUSTOM:
            check(each)


@needs(OPERATOR)
@pytest.mark.parametrize(
    ("kind", "path", "key"),
    [
        ("ServiceMonitor", ("spec", "endpoints", 0), "intervall"),
        ("PodMonitor", ("spec",), "targetLabels"),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0), "summary"),
        ("GrafanaDashboard", ("spec",), "json5"),
    ],
)
def test_an_unknown_key_of_a_custom_resource_would_be_seen(kind, path, key):
    values = "serviceMonitor: {enabled: true}" if kind == "ServiceMonitor" else FULL.read_text()
    part = made = copy.deepcopy(next(each for each in render(values) if each["kind"] == kind))
    check(made)
    for step in path:
        part = part[step]
    part[key] = "x"
    with pytest.raises(jsonschema.ValidationError, match=key):
        check(made)


@needs(OPERATOR)
def test_monitors_know_every_key_when_all_is_set():
    """TLS, users and each optional key, by both monitors."""
    user = "basicAuth: {username: {name: a, key: b}, password: {name: a, key: c}}"
    for key, kind in (("serviceMonitor", "ServiceMonitor"), ("podMonitor", "PodMonitor")):
        for who in ("", user, "authorization: {type: Bearer, credentials: {name: a, key: b}}"):
            more = f"{key}: {{enabled: true, podTargetLabels: [a], sampleLimit: 5, {who}}}"
            check(one(render(SCRAPED + more), kind))


@each_case
def test_every_pod_meets_the_restricted_standard(case):
    """The pod of `helm test` too."""
    found = list(pods(of(case)))
    assert found
    for each in found:
        assert not_restricted(each) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ("podSecurityContext: {seccompProfile: null}", "seccompProfile"),
        ("podSecurityContext: {runAsNonRoot: false}", "runAsNonRoot"),
        ("podSecurityContext: {runAsUser: 0}", "runAsUser"),
        ("securityContext: {capabilities: {drop: [all]}}", "capabilities.drop"),
        ("securityContext: {allowPrivilegeEscalation: true}", "allowPrivilegeEscalation"),
        ("extraVolumes: [{name: host, hostPath: {path: /}}]", "hostPath"),
    ],
)
def test_a_pod_below_the_standard_would_be_seen(values, says):
    """The test's pod shares the contexts and not the volumes."""
    first, *_ = pods(render(values))
    assert any(says in each for each in not_restricted(first))


@each_case
def test_every_object_has_its_place_and_its_labels(case):
    """All but those that users bring themselves."""
    for each in of(case):
        if each["metadata"]["name"] in ("rel-more", "sdlc-text"):
            continue
        assert each["metadata"]["namespace"] in ("here", "delivery", "monitoring")
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "rel"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert re.fullmatch(r"sdlc-exporter-\d+\.\d+\.\d+", labels["helm.sh/chart"])


@each_case
def test_names_are_unique_within_their_kind(case):
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in of(case)]
    assert len(names) == len(set(names))


@each_case
def test_nothing_asks_for_rights_or_tokens(case):
    objects = of(case)
    assert not {each["kind"] for each in objects} & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    for each in objects:
        if each["kind"] == "ServiceAccount":
            assert each["automountServiceAccountToken"] is False
    for pod in pods(objects):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False


@each_case
def test_folders_are_mounted_whole(case):
    """What is mounted by subPath never changes, and a credential from the environment neither."""
    (pod, *_) = pods(of(case))
    container = exporter(of(case))
    assert not any("subPath" in mount for mount in container["volumeMounts"])
    names = {volume["name"] for volume in pod["volumes"]} | {"state"}
    assert {mount["name"] for mount in container["volumeMounts"]} <= names


def test_the_exporter_is_one():
    """It cannot share its work, so no value can ask for a second."""
    made = one(render(), "StatefulSet")["spec"]
    assert (made["replicas"], made["updateStrategy"]) == (1, {"type": "RollingUpdate"})
    assert refused("replicaCount: 2").paths == {"replicaCount"}


def selects(selector, labels):
    return selector.items() <= labels.items()


def test_services_and_budgets_select_the_exporter_and_not_the_test():
    objects = render(
        "podDisruptionBudget: {enabled: true}\nnetworkPolicy: {enabled: true}\npodMonitor: {enabled: true}"
    )
    pod = one(objects, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    test = one(objects, "Pod")["metadata"]["labels"]
    selectors = [each["spec"]["selector"] for each in objects if each["kind"] == "Service"]
    selectors += [
        one(objects, kind)["spec"]["selector"]["matchLabels"] for kind in ("PodDisruptionBudget", "PodMonitor")
    ]
    selectors += [one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
    assert len(selectors) == 5
    for selector in selectors:
        assert selects(selector, pod)
        assert not selects(selector, test)


def test_a_service_monitor_selects_one_service():
    """Two would scrape the pod twice."""
    objects = render("serviceMonitor: {enabled: true}")
    wanted = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    services = [each for each in objects if each["kind"] == "Service"]
    assert len(services) == 2
    (found,) = (each for each in services if selects(wanted, each["metadata"]["labels"]))
    assert found["metadata"]["name"] == "rel-sdlc-exporter"
    assert found["spec"]["ports"][0]["name"] == "metrics"


def test_a_monitor_elsewhere_looks_into_the_namespace_of_the_exporter():
    made = one(render("serviceMonitor: {enabled: true, namespace: monitoring}"), "ServiceMonitor")
    assert made["metadata"]["namespace"] == "monitoring"
    assert made["spec"]["namespaceSelector"] == {"matchNames": ["here"]}


@pytest.mark.parametrize("key", ["serviceMonitor", "podMonitor", "prometheusRule"])
def test_labels_may_be_called_labels_or_additional_labels(key):
    kind = key[0].upper() + key[1:]
    values = f"{key}: {{enabled: true, labels: {{release: one, a: b}}, additionalLabels: {{release: two}}}}"
    labels = one(render(values), kind)["metadata"]["labels"]
    assert (labels["release"], labels["a"]) == ("two", "b")


def test_every_release_has_a_job_of_its_own():
    """Without jobLabel the operator takes the service's name; the rules tell exporters apart by the job."""
    objects = render("serviceMonitor: {enabled: true}")
    assert "jobLabel" not in one(objects, "ServiceMonitor")["spec"]
    assert one(objects, "Service", "rel-sdlc-exporter")
    named = render("serviceMonitor: {enabled: true, jobLabel: app.kubernetes.io/part-of}")
    assert one(named, "ServiceMonitor")["spec"]["jobLabel"] == "app.kubernetes.io/part-of"


@pytest.mark.parametrize(
    ("web", "probe", "scheme"),
    [
        ("", {"httpGet": {"path": "/-/healthy", "port": "metrics", "scheme": "HTTP"}}, "http"),
        (
            "{tls: {enabled: true, existingSecret: tls}}",
            {"httpGet": {"path": "/-/healthy", "port": "metrics", "scheme": "HTTPS"}},
            "https",
        ),
        (
            "{existingSecret: web, tls: {enabled: true, clientAuth: true}}",
            {"tcpSocket": {"port": "metrics"}},
            "https",
        ),
        ("{existingSecret: web, basicAuth: {enabled: true}}", {"tcpSocket": {"port": "metrics"}}, "http"),
    ],
)
def test_probes_can_be_answered(web, probe, scheme):
    """They show neither a user nor a certificate."""
    objects = render((f"webConfig: {web}\n" if web else "") + "prometheusAnnotations: {enabled: true}")
    container = exporter(objects)
    for key in ("startupProbe", "livenessProbe", "readinessProbe"):
        handler = {word: container[key][word] for word in container[key] if word in ("httpGet", "tcpSocket")}
        path = {"httpGet": probe["httpGet"] | {"path": "/-/ready"}} if "httpGet" in probe else probe
        assert handler == (path if key == "readinessProbe" else probe)
    annotations = one(objects, "StatefulSet")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/scheme"] == scheme
    assert annotations["prometheus.io/port"] == "9517"


def test_probes_can_be_switched_off():
    container = exporter(
        render({key: {"enabled": False} for key in ("startupProbe", "livenessProbe", "readinessProbe")})
    )
    assert not [key for key in container if key.endswith("Probe")]


def test_a_monitor_brings_what_the_web_configuration_asks_for():
    made = one(render(SCRAPED + "serviceMonitor: {enabled: true}"), "ServiceMonitor")["spec"]["endpoints"][0]
    assert made["scheme"] == "https"
    assert made["tlsConfig"] == {
        "ca": {"secret": {"name": "tls", "key": "ca.crt"}},
        "serverName": "rel-sdlc-exporter.here.svc",
    }
    assert made["basicAuth"] == {
        "username": {"name": "user", "key": "username"},
        "password": {"name": "user", "key": "password"},
    }


def test_the_test_is_left_out_where_it_would_not_be_let_in():
    closed = "webConfig: {existingSecret: web, tls: {enabled: true, clientAuth: true}}"
    assert [each for each in render() if each["kind"] == "Pod"]
    for values in (closed, "webConfig: {existingSecret: web, basicAuth: {enabled: true}}", "tests: {enabled: false}"):
        assert not [each for each in render(values) if each["kind"] == "Pod"]


def test_a_network_policy_lets_in_whom_it_is_told_and_the_test():
    objects = render("networkPolicy: {enabled: true, ingressFrom: [{podSelector: {}}]}")
    made = one(objects, "NetworkPolicy")["spec"]
    (rule,) = made["ingress"]
    assert rule["ports"] == [{"port": "metrics", "protocol": "TCP"}]
    first, second = rule["from"]
    assert first == {"podSelector": {}}
    assert selects(second["podSelector"]["matchLabels"], one(objects, "Pod")["metadata"]["labels"])
    assert (made["policyTypes"], made.get("egress")) == (["Ingress"], None)


def test_a_network_policy_without_peers_lets_everybody_reach_the_metrics_port():
    made = one(render("networkPolicy: {enabled: true}"), "NetworkPolicy")["spec"]
    assert made["ingress"] == [{"ports": [{"port": "metrics", "protocol": "TCP"}]}]


def test_numbers_keep_their_digits():
    """Helm reads numbers of a values file as float64, and a million is 1e+06 then."""
    values = (
        "podMonitor: {enabled: true, sampleLimit: 12345678}\nrevisionHistoryLimit: 1000000\nminReadySeconds: 2000000"
    )
    objects = render(values)
    assert one(objects, "PodMonitor")["spec"]["sampleLimit"] == 12345678
    made = one(objects, "StatefulSet")["spec"]
    assert (made["revisionHistoryLimit"], made["minReadySeconds"]) == (1000000, 2000000)


def test_names_that_look_like_numbers_stay_text():
    values = """
      namespaceOverride: "123"
      persistence: {existingClaim: "1e3"}
      serviceAccount: {create: false, name: "0x1"}
      imagePullSecrets: ["2"]
      commonLabels: {shard: "7"}
    """
    objects = render(values)
    pod = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    claim = next(each for each in pod["volumes"] if each["name"] == "state")
    assert claim["persistentVolumeClaim"]["claimName"] == "1e3"
    assert (pod["serviceAccountName"], pod["imagePullSecrets"]) == ("0x1", [{"name": "2"}])
    assert {each["metadata"]["namespace"] for each in objects} == {"123"}
    assert {each["metadata"]["labels"]["shard"] for each in objects} == {"7"}


def test_the_longest_release_name_leaves_room_for_what_kubernetes_adds():
    """53 characters at most; the name of a StatefulSet gets a hash of eleven and has 63."""
    done = run(HELM4, "template", "r" * 53, CHART)
    names = re.findall(r'^  name: "(r[^"]*)"$', done.stdout, flags=re.MULTILINE)
    assert "r" * 52 in names
    assert max(map(len, (name for name in names if "sdlc-" not in name))) <= 63


def test_images_come_from_where_they_are_told():
    digest = "sha256:" + "a" * 64
    assert exporter(render())["image"] == "ghcr.io/sdlc-exporter/sdlc-exporter:0.1.0"
    assert exporter(render("image: {tag: 1.2.3}"))["image"] == "ghcr.io/sdlc-exporter/sdlc-exporter:1.2.3"
    objects = render(
        f"image: {{registry: a.example, digest: '{digest}', tag: x}}\n"
        "global: {imageRegistry: b.example, imagePullSecrets: [c, {name: d}]}\nimagePullSecrets: [c]"
    )
    for pod in pods(objects):
        assert pod["containers"][0]["image"] == f"b.example/sdlc-exporter/sdlc-exporter@{digest}"
        assert pod["imagePullSecrets"] == [{"name": "c"}, {"name": "d"}]


def test_quotas_of_the_namespace_are_met_by_the_test_too():
    resources = {"requests": {"cpu": "50m"}, "limits": {"memory": "512Mi"}}
    assert [pod["containers"][0]["resources"] for pod in pods(render({"resources": resources}))] == [resources] * 2


def state(objects):
    """The claim templates, and the volume called state."""
    made = one(objects, "StatefulSet")["spec"]
    volumes = [each for each in made["template"]["spec"]["volumes"] if each["name"] == "state"]
    return made.get("volumeClaimTemplates", []), volumes


def test_state_is_on_a_claim_of_its_own():
    (claim,), volumes = state(render())
    assert volumes == []
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}


def test_state_can_be_on_a_claim_that_is_there():
    assert state(render("persistence: {existingClaim: mine}")) == (
        [],
        [{"name": "state", "persistentVolumeClaim": {"claimName": "mine"}}],
    )


def test_state_can_be_given_up():
    assert state(render("persistence: {enabled: false}")) == ([], [{"name": "state", "emptyDir": {}}])


@pytest.mark.parametrize(("given", "made"), [("-", ""), ("fast", "fast")])
def test_a_dash_is_no_storage_class(given, made):
    (claim,), _ = state(render({"persistence": {"storageClass": given}}))
    assert claim["spec"]["storageClassName"] == made


def test_what_becomes_of_the_claim_is_said_only_where_asked():
    assert "persistentVolumeClaimRetentionPolicy" not in one(render(), "StatefulSet")["spec"]
    made = one(render("persistence: {retentionPolicy: {whenDeleted: Delete}}"), "StatefulSet")["spec"]
    assert made["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Delete"}


def test_openshift_may_choose_the_user():
    """Null takes a default away."""
    context = "podSecurityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}"
    for helm in (HELM3, HELM4):
        for pod in pods(render(context, helm=helm)):
            assert not pod["securityContext"].keys() & {"runAsUser", "runAsGroup", "fsGroup"}
            assert pod["securityContext"]["runAsNonRoot"] is True


def test_own_objects_are_templates():
    """As mapping or text; what else is given is none, braces or not."""
    objects = render(FULL.read_text())
    assert one(objects, "ConfigMap", "rel-more")["data"] == {"port": "9518"}
    assert one(objects, "ConfigMap", "sdlc-text")
    plain = render({"podAnnotations": {"a": "{{ .Release.Name }}"}, "extraEnv": [{"name": "A", "value": "{{ x }}"}]})
    assert {"name": "A", "value": "{{ x }}"} in exporter(plain)["env"]


@each_helm
@pytest.mark.parametrize(("version", "taken"), [("v1.24.17", False), ("v1.25.0", True), ("v1.29.3-gke.100", True)])
def test_versions_of_kubernetes(helm, version, taken):
    """Also those of cloud providers, which look like betas."""
    assert (run(helm, "template", "rel", CHART, "--kube-version", version).returncode == 0) is taken


@each_helm
def test_the_chart_can_be_part_of_another(helm, tmp_path):
    """With a condition, global values and an alias."""
    (tmp_path / "Chart.yaml").write_text(
        "apiVersion: v2\nname: parent\nversion: 1.0.0\n"
        "dependencies: [{name: sdlc-exporter, version: 0.1.0, alias: sdlc, condition: sdlc.enabled}]\n"
    )
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "sdlc-exporter").symlink_to(CHART)
    values = "global: {imageRegistry: r.example, other: {a: 1}}\nsdlc: {enabled: true, image: {tag: x}}"
    objects = render(values, helm=helm, chart=tmp_path)
    assert exporter(objects)["image"] == "r.example/sdlc-exporter/sdlc-exporter:x"
    assert not render(values.replace("true", "false"), helm=helm, chart=tmp_path)
