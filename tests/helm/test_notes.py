"""The notes after an installation say how to reach it, and what is allowed and probably not meant."""

import pytest

from tests.helm.chart import CHART, HELM4, needs_helm, run

pytestmark = needs_helm

QUIET = """
config: {sources: [{name: acme, organisations: [acme]}]}
credentials: {acme: {existingSecret: token}}
serviceMonitor: {enabled: true, labels: {release: x}}
prometheusRule: {enabled: true, additionalLabels: {release: x}, grafanaUrl: https://g.example}
"""


def notes(values=QUIET):
    words = ["install", "rel", CHART, "--namespace", "here", "--dry-run=client", "--values", "-"]
    done = run(HELM4, *words, values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("\nNOTES:\n")[2]


def test_notes_say_how_to_reach_and_test_it_and_nothing_else():
    assert notes() == (
        "sdlc-exporter 0.1.0 is installed as rel-sdlc-exporter in here.\n"
        "\n"
        "Look at it:\n"
        "\n"
        "  kubectl --namespace here port-forward service/rel-sdlc-exporter 9517:9517\n"
        "  http://127.0.0.1:9517/           what it knows of its own work\n"
        "  http://127.0.0.1:9517/metrics    what Prometheus reads\n"
        "\n"
        "If its pod does not become ready, it says why:\n"
        "\n"
        "  kubectl --namespace here logs statefulset/rel-sdlc-exporter\n"
        "\n"
        "Test it:\n"
        "\n"
        "  helm test rel --namespace here\n"
    )


def test_notes_follow_the_values():
    told = notes(
        QUIET + "webConfig: {tls: {enabled: true, existingSecret: t, clientAuth: false}}\nservice: {port: 80}\n"
        "namespaceOverride: there\nfullnameOverride: sdlc\ntests: {enabled: false}"
    )
    assert "kubectl --namespace there port-forward service/sdlc 80:80\n  https://127.0.0.1:80/ " in told
    assert "helm test" not in told


def test_notes_say_loudly_that_the_numbers_are_pretended():
    told = notes("")
    assert (
        "WARNING: these are the numbers of a pretend organisation, since config.sources is empty. For yours:\n" in told
    )
    assert "create secret generic github-token --from-file=token=FILE" in told
    assert "  config: {sources: [{name: acme, organisations: [acme]}]}\n" in told
    assert "  credentials: {acme: {existingSecret: github-token}}\n" in told


def test_the_example_of_the_notes_works():
    """As it is printed, but for its indentation."""
    told = notes("")
    example = "\n".join(line.strip() for line in told.splitlines() if line.startswith(("  config:", "  credentials:")))
    assert "WARNING" not in notes(example)


LINES = dict(
    zip(("config", "credentials", "serviceMonitor", "prometheusRule"), QUIET.strip().splitlines(), strict=True)
)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {
                "config": "config: {sources: [{name: acme, users: [x], history: 2026-01-01}]}",
                "persistence": "persistence: {enabled: false}",
            },
            "persistence is off",
        ),
        ({"config": "existingConfigMap: mine"}, "token_file or app.key_file in it has to say so"),
        ({"credentials": "credentials: {acme: {token: x}}"}, "the credential of acme is kept in the release's values"),
        ({"webConfig": "webConfig: {existingSecret: web}"}, "web is mounted, and the chart does not read it"),
        ({"serviceMonitor": ""}, "nothing tells Prometheus to scrape"),
        ({"serviceMonitor": "serviceMonitor: {enabled: true}"}, 'serviceMonitor has no label "release"'),
        ({"serviceMonitor": "podMonitor: {enabled: true}"}, 'podMonitor has no label "release"'),
        (
            {"prometheusRule": "prometheusRule: {enabled: true, grafanaUrl: 'https://g.example'}"},
            'prometheusRule has no label "release"',
        ),
        ({"prometheusRule": ""}, "the alerts are off"),
        (
            {"prometheusRule": "prometheusRule: {enabled: true, labels: {release: x}, recordingOnly: true}"},
            "the alerts are left out by prometheusRule.recordingOnly",
        ),
        (
            {"prometheusRule": "prometheusRule: {enabled: true, labels: {release: x}}"},
            "alerts link to dashboards by path only",
        ),
        ({"dashboards": "dashboards: {enabled: false}"}, "the dashboards are off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_notes_tell_what_is_probably_not_meant(changed, says):
    """One remark for one cause."""
    told = notes("\n".join((LINES | changed).values()))
    assert says in told
    assert told.count("WARNING: ") + told.count("NOTE: ") == 1


def test_a_configuration_of_ones_own_without_persistence_needs_a_date_that_the_chart_cannot_check():
    told = notes("existingConfigMap: mine\npersistence: {enabled: false}")
    assert "source in mine needs a date in its history, or counters fall at each start.\n" in told
