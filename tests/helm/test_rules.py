"""The rules in the chart are the project's own, changed by exactly what the values say."""

import copy
import re
import shutil
import subprocess

import pytest
import yaml

from exporter.render.rules import files
from tests.helm.chart import CHART, FULL, HELM3, ROOT, each_helm, needs_helm, one, render

pytestmark = needs_helm

PROMTOOL = shutil.which("promtool")
RUNBOOKS = "https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/runbooks/"


def groups(given="", **arguments):
    """The rendered groups for the values of a prometheusRule."""
    values = f"prometheusRule: {{enabled: true, {given}}}"
    return copy.deepcopy(one(render(values, **arguments), "PrometheusRule")["spec"]["groups"])


def originals(links=True):
    """The groups of alerts/; without the address of Grafana where the chart leaves that out."""
    found = [
        group
        for path in sorted((ROOT / "alerts").glob("*.yaml"))
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    for alert in alerts(found):
        if not links:
            alert["annotations"]["dashboard_url"] = alert["annotations"]["dashboard_url"].removeprefix(
                "http://localhost:3000"
            )
    return found


def alerts(found, name=None):
    return [rule for group in found for rule in group["rules"] if "alert" in rule and name in (None, rule["alert"])]


def changed(name, change):
    """The originals in which a function has changed the alerts of a name."""
    found = originals(links=False)
    assert alerts(found, name)
    for alert in alerts(found, name):
        change(alert)
    return found


def test_the_chart_carries_the_rules_of_the_project():
    """By name and by byte."""
    theirs = {path.name: path.read_bytes() for path in (ROOT / "alerts").iterdir()}
    ours = {path.name: path.read_bytes() for path in (CHART / "files" / "alerts").iterdir()}
    assert theirs
    assert ours == theirs


@each_helm
def test_the_rules_are_as_they_are_but_for_the_address_of_grafana(helm):
    """Templates of Prometheus in them too."""
    made = groups(helm=helm)
    assert made == originals(links=False)
    assert any("{{ $labels.repository" in alert["annotations"]["description"] for alert in alerts(made))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("values", ["prometheusRule: {enabled: true}", FULL.read_text()], ids=["default", "full"])
def test_promtool_takes_the_rendered_rules(values, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": one(render(values), "PrometheusRule")["spec"]["groups"]}))
    done = subprocess.run([PROMTOOL, "check", "rules", "--lint-fatal", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_disabled_alert_is_gone_and_no_other():
    made = groups("disabled: {SdlcSourceStale: true, SdlcSourceFailing: false}")
    assert [rule for rule in alerts(originals(links=False)) if rule not in alerts(made)] == alerts(
        originals(links=False), "SdlcSourceStale"
    )
    assert len(alerts(made)) == len(alerts(originals())) - 1


def test_a_window_takes_the_place_of_the_marked_range():
    """In each line that has the marker: 30m twice."""

    def change(alert):
        assert alert["expr"].count("[30m]) # param:window") == 2
        alert["expr"] = alert["expr"].replace("[30m]", "[1h]")

    assert groups("params: {SdlcSourceFailing: {window: 1h}}") == changed("SdlcSourceFailing", change)


def test_a_window_may_have_several_units():
    (alert,) = alerts(groups("params: {SdlcSourceFailing: {window: 1h30m}}"), "SdlcSourceFailing")
    assert alert["expr"].count("[1h30m]) # param:window") == 2


def test_only_a_whole_marker_counts(tmp_path):
    """One with a longer name, or with more behind it, is another remark."""
    chart = shutil.copytree(CHART, tmp_path / "chart")
    (chart / "files" / "alerts" / "sdlc-review.yaml").unlink()
    lines = [
        "a[1h:5m] # param:window",
        "+ b[1h] + c[2h] # param:window  ",
        "+ d[3h] # param:windows",
        "+ e[4h] # param:window of days",
        "+ f[5h]",
    ]
    rule = {"alert": "A", "expr": "\n".join(lines), "annotations": {"runbook_url": RUNBOOKS + "A.md"}}
    document = {"groups": [{"name": "g", "rules": [rule]}]}
    (chart / "files" / "alerts" / "sdlc-exporter.yaml").write_text(yaml.safe_dump(document))
    ((group,),) = (groups("params: {A: {window: 9d}}", chart=chart),)
    assert group["rules"][0]["expr"].splitlines() == [
        "a[9d:5m] # param:window",
        "+ b[1h] + c[9d] # param:window  ",
        "+ d[3h] # param:windows",
        "+ e[4h] # param:window of days",
        "+ f[5h]",
    ]


def test_durations_are_replaced():
    made = groups("params: {SdlcSourceStale: {for: 1h30m, keep_firing_for: 2d}}")
    assert made == changed("SdlcSourceStale", lambda alert: alert.update({"for": "1h30m", "keep_firing_for": "2d"}))


def test_the_command_line_makes_the_same_of_the_same_parameters():
    """Every parameter it knows, all at once."""
    known = [
        f"{alert['alert']}.{word}" for alert in alerts(originals()) for word in ("for", "keep_firing_for", "window")
    ]
    known = [name for name in known if _is_known(name)]
    assert sum(name.endswith(".window") for name in known) >= 3
    given = {name: "8h" if name.endswith(".window") else "7h" for name in known}
    written = files.files(given, runbooks="https://r.example/x/", grafana="https://g.example/")
    wanted = [group for name in sorted(written) for group in yaml.safe_load(written[name])["groups"]]
    params = {}
    for name in known:
        alert, word = name.split(".")
        params.setdefault(alert, {})[word] = given[name]
    links = {"runbookUrl": "https://r.example/x/", "grafanaUrl": "https://g.example/"}
    made = render({"prometheusRule": {"enabled": True, "params": params} | links}, helm=HELM3)
    assert one(made, "PrometheusRule")["spec"]["groups"] == wanted


def _is_known(name):
    try:
        return bool(files.files({name: "7h"}))
    except files.ConfigError:
        return False


def test_overrides_replace_durations_and_expression_and_add_labels_and_annotations():
    def change(alert):
        alert |= {"expr": "vector(1) > 0", "for": "9m", "keep_firing_for": "8m"}
        alert["labels"] |= {"severity": "info", "team": "x"}
        alert["annotations"] |= {"summary": "Other {{ $value }}."}

    made = groups(
        "overrides: {SdlcSourceStale: {expr: vector(1) > 0, for: 9m, keep_firing_for: 8m, "
        "labels: {severity: info, team: x}, annotations: {summary: 'Other {{ $value }}.'}}}"
    )
    assert made == changed("SdlcSourceStale", change)


def test_an_override_wins_over_a_parameter_and_over_what_all_get():
    made = groups(
        "params: {SdlcSourceStale: {for: 1h}}, additionalRuleLabels: {team: all}, "
        "overrides: {SdlcSourceStale: {for: 2h, labels: {team: one}, annotations: {runbook_url: here}}}"
    )
    (alert,) = alerts(made, "SdlcSourceStale")
    assert (alert["for"], alert["labels"]["team"], alert["annotations"]["runbook_url"]) == ("2h", "one", "here")


def test_all_alerts_get_the_additional_labels_and_annotations_and_recordings_do_not():
    """A further label on a recorded series would part it from what it is joined with."""
    made = groups("additionalRuleLabels: {team: x}, additionalRuleAnnotations: {owner: z}")
    wanted = originals(links=False)
    for alert in alerts(wanted):
        alert["labels"]["team"] = "x"
        alert["annotations"]["owner"] = "z"
    assert made == wanted


def test_links_lead_where_they_are_told():
    made = groups("runbookUrl: 'https://wiki.example/r/', grafanaUrl: 'https://g.example/sub/'")
    for alert, original in zip(alerts(made), alerts(originals()), strict=True):
        name = original["annotations"]["runbook_url"].removeprefix(RUNBOOKS)
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example/r/{name}"
        path = original["annotations"]["dashboard_url"].removeprefix("http://localhost:3000")
        assert path.startswith("/d/")
        assert alert["annotations"]["dashboard_url"] == f"https://g.example/sub{path}"


def test_without_alerts_the_recordings_stay():
    made = groups("recordingOnly: true")
    assert alerts(made) == []
    recorded = [rule for group in originals() for rule in group["rules"] if "record" in rule]
    assert [rule for group in made for rule in group["rules"]] == recorded


def test_groups_of_ones_own_come_last_and_as_they_are():
    own = "{name: own, interval: 5m, rules: [{alert: A, expr: a > 1, annotations: {summary: 'is {{ $value }}'}}]}"
    made = groups(f"additionalGroups: [{own}], recordingOnly: true")
    assert made[-1] == yaml.safe_load(own)
    assert len(made) == 1 + len(originals())


def test_an_alert_that_is_there_twice_is_changed_twice(tmp_path):
    """Once as a warning and once as a page."""
    chart = shutil.copytree(CHART, tmp_path / "chart")
    path = chart / "files" / "alerts" / "sdlc-exporter.yaml"
    text = path.read_text()
    one_alert = re.search(r"  - alert: SdlcSourceStale\n.*?(?=  - alert:)", text, flags=re.DOTALL)[0]
    path.write_text(text.replace(one_alert, one_alert + one_alert.replace("severity: warning", "severity: critical")))
    made = groups("params: {SdlcSourceStale: {for: 3h}}", chart=chart)
    found = [(alert["for"], alert["labels"]["severity"]) for alert in alerts(made, "SdlcSourceStale")]
    assert found == [("3h", "warning"), ("3h", "critical")]
    assert alerts(groups("disabled: {SdlcSourceStale: true}", chart=chart), "SdlcSourceStale") == []


def test_no_rules_are_made_unless_asked():
    assert not [each for each in render() if each["kind"] == "PrometheusRule"]
