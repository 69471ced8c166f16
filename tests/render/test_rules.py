"""Rule files with other durations and links: a parameter sets what it names, and nothing else."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from exporter import cli
from exporter.errors import ConfigError
from exporter.model import Stream
from exporter.render.metrics import LABELS
from exporter.render.rules.exporter import INPUTS
from exporter.render.rules.files import ALERTS, files
from exporter.render.rules.rows import parameters

PROMTOOL = shutil.which("promtool")

WINDOWS = ["SdlcDriftDetected", "SdlcExporterDown", "SdlcSeriesDropped", "SdlcSourceFailing", "SdlcSourceStale"]
KEEPING = [
    "SdlcAiQualityGap",
    "SdlcAgenticChangesWaiting",
    "SdlcApiBudgetLow",
    "SdlcChangeFailRateHigh",
    "SdlcCoverageLow",
    "SdlcEscapeRateDrifting",
    "SdlcFirstAttemptFailuresRising",
    "SdlcFlakyTestsHigh",
    "SdlcGainAbsorbed",
    "SdlcMoreFixingThanWriting",
    "SdlcQaBlocking",
    "SdlcReleaseFrequencyFlat",
    "SdlcRepositoriesFailing",
    "SdlcReviewCapacityExceeded",
    "SdlcReviewQueueGrowing",
    "SdlcReviewWaitTooLong",
    "SdlcSourceFailing",
    "SdlcSourceStale",
    "SdlcStateNotPersistent",
    "SdlcTeamNotJudged",
    "SdlcTestMaintenanceClimbing",
    "SdlcUnreviewedMergesRising",
    "SdlcWatermarkStuck",
]
OTHERS = ["SdlcConfigReloadFailed", "SdlcExportersShareJob"]
PARAMETERS = sorted([
    *(f"{alert}.for" for alert in {*WINDOWS, *KEEPING, *OTHERS}),
    *(f"{alert}.keep_firing_for" for alert in KEEPING),
    *(f"{alert}.window" for alert in WINDOWS),
])  # fmt: skip


def alerts(written: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    groups = [group for text in written.values() for group in yaml.safe_load(text)["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def differences(params: dict[str, str]) -> dict[tuple[str, str], Any]:
    """What parameters change, by alert and field; recording rules never change."""
    before, after = files(), files(params)
    old, new = alerts(before), alerts(after)
    assert before.keys() == after.keys()
    assert old.keys() == new.keys()
    lines = [line for name in before for line in set(after[name].splitlines()) - set(before[name].splitlines())]
    found = {
        (alert, field): new[alert].get(field)
        for alert in old
        for field in old[alert].keys() | new[alert].keys()
        if old[alert].get(field) != new[alert].get(field)
    }
    assert bool(lines) == bool(found)
    return found


def test_each_input_whose_coverage_is_told_is_silent_with_the_streams_that_it_rests_on():
    """The inputs are those that the label ``what`` is documented with."""
    documented = re.findall(r"`(\w+)`:", LABELS["what"])
    assert {what for what, _ in INPUTS} == set(documented)
    assert {stream for _, stream in INPUTS} <= set(Stream)


def test_the_parameters_are_these():
    """28 alerts wait, 23 of them go on for a while, 5 look back over a time that may be set."""
    assert len(PARAMETERS) == 28 + 23 + 5
    assert sorted(name for alert in ALERTS for name in parameters(alert)) == PARAMETERS


def test_what_is_no_parameter_is_told_with_those_that_are():
    with pytest.raises(ConfigError) as refused:
        files({"SdlcNothing.for": "1h", "SdlcConfigReloadFailed.window": "1h", "SdlcSourceFailing": "1h"})
    assert str(refused.value).splitlines() == [
        "--param SdlcNothing.for: there is no alert SdlcNothing; there are "
        + ", ".join(sorted({*WINDOWS, *KEEPING, *OTHERS})),
        "--param SdlcConfigReloadFailed.window: there is no such parameter; SdlcConfigReloadFailed has "
        "SdlcConfigReloadFailed.for",
        "--param SdlcSourceFailing: there is no such parameter; SdlcSourceFailing has SdlcSourceFailing.for and "
        "SdlcSourceFailing.keep_firing_for and SdlcSourceFailing.window",
    ]


def test_an_alert_that_could_never_fire_is_refused():
    """What is remembered for no longer than the alert waits; what goes on is in every window, however short."""
    never = "its window {} is over before its for {} is, and it would never fire"
    for params, said in (
        ({"SdlcDriftDetected.window": "15m"}, f"--param SdlcDriftDetected: {never.format('15m', '15m')}"),
        ({"SdlcDriftDetected.for": "24h"}, f"--param SdlcDriftDetected: {never.format('1d', '24h')}"),
        ({"SdlcExporterDown.window": "59m59s"}, f"--param SdlcExporterDown: {never.format('59m59s', '1h')}"),
        (
            {"SdlcSeriesDropped.window": "1y", "SdlcSeriesDropped.for": "1y1ms"},
            f"--param SdlcSeriesDropped: {never.format('1y', '1y1ms')}",
        ),
    ):
        with pytest.raises(ConfigError) as refused:
            files(params)
        assert str(refused.value) == said
    assert files({"SdlcDriftDetected.window": "15m1ms", "SdlcSourceFailing.for": "2h", "SdlcSourceStale.for": "1w"})


def test_a_window_within_which_prometheus_may_not_scrape_twice_is_refused():
    with pytest.raises(ConfigError) as refused:
        files({"SdlcSourceFailing.window": "4m59s"})
    assert str(refused.value) == (
        "--param SdlcSourceFailing.window=4m59s: Prometheus may not scrape twice within it; write 5m or more"
    )
    assert files({"SdlcSourceFailing.window": "5m"})


@pytest.mark.parametrize("name", [name for name in PARAMETERS if not name.endswith(".window")])
def test_a_duration_is_set_where_it_is_named(name):
    alert, field = name.split(".")
    assert differences({name: "17m"}) == {(alert, field): "17m"}


def test_a_window_is_set_wherever_the_alert_marks_it():
    """Both times of two, and not in an alert that has the same window."""
    params = {"SdlcExporterDown.window": "2d", "SdlcSourceFailing.window": "1h30m", "SdlcDriftDetected.window": "3h"}
    assert differences(params) == {
        ("SdlcExporterDown", "expr"): (
            "(\n"
            "  max by (cluster, namespace, job) (last_over_time(sdlc_exporter_build_info[2d])) "
            "# param:window, longer than for\n"
            "  unless\n"
            "  max by (cluster, namespace, job) (sdlc_exporter_build_info)\n"
            ")\n"
            "or\n"
            "absent(last_over_time(sdlc_exporter_build_info[2d])) # param:window, longer than for\n"
        ),
        ("SdlcSourceFailing", "expr"): (
            "(\n"
            "  sum without (instance, pod, result) (\n"
            '    increase(sdlc_exporter_polls_total{result="failure"}[1h30m]) # param:window\n'
            "  )\n"
            "  >= 3\n"
            ")\n"
            ">\n"
            "sum without (instance, pod, result) (\n"
            '  increase(sdlc_exporter_polls_total{result=~"success|partial"}[1h30m]) # param:window\n'
            ")\n"
        ),
        ("SdlcDriftDetected", "expr"): (
            "max without (instance, pod) (increase(sdlc_exporter_drift_total[3h])) > 0 # param:window, longer than for"
        ),
    }


def test_a_set_window_can_be_set_again():
    """The marker stays."""
    assert files({"SdlcDriftDetected.window": "1d"}) == files()
    assert all("# param:window" in rule["expr"] for name, rule in alerts(files()).items() if name in WINDOWS)


def test_links_lead_where_they_are_told():
    """A slash at the end is not doubled."""
    written = alerts(files(runbooks="https://wiki.example/sdlc/", grafana="https://grafana.example/"))
    assert {rule["annotations"]["runbook_url"] for rule in written.values()} == {
        f"https://wiki.example/sdlc/{alert}.md" for alert in written
    }
    assert written["SdlcExporterDown"]["annotations"]["dashboard_url"] == "https://grafana.example/d/sdlc-exporter"
    assert written["SdlcReviewQueueGrowing"]["annotations"]["dashboard_url"] == (
        "https://grafana.example/d/sdlc-review?var-repository={{ $labels.repository | urlquery }}"
    )


@pytest.mark.parametrize("duration", ["", "4", "h", "4 h", "-4h", "1.5h", "4H", "4h!", "4h\n", "30m1h", "1h1h", "0s"])
def test_what_is_no_duration_is_refused(duration):
    with pytest.raises(ConfigError) as refused:
        files({"SdlcReviewQueueGrowing.for": duration})
    assert (
        f"--param SdlcReviewQueueGrowing.for={duration}: not a duration of Prometheus; write 30m, 4h or 1h30m"
        in str(refused.value)
    )


@pytest.mark.parametrize("url", ["grafana.example.org", "https://{{ $labels.team }}.example.org", ""])
def test_what_is_no_address_is_refused(url):
    for links in ({"grafana": url}, {"runbooks": url}):
        with pytest.raises(ConfigError, match="not an address; write one such as"):
            files(**links)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("duration", ["90s", "1h30m", "2w", "1y2w3d4h5m6s7ms"])
def test_every_duration_that_is_taken_is_one_of_prometheus(duration, tmp_path):
    params = {name: "9y" if name.endswith("window") else duration for name in PARAMETERS}
    params["SdlcSourceFailing.window"] = params["SdlcSourceStale.window"] = "1h30m5ms"
    for name, text in files(params).items():
        path = tmp_path / name
        path.write_text(text)
        checked = subprocess.run([PROMTOOL, "check", "rules", "--lint-fatal", path], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


# The command


def test_the_command_writes_every_file_and_names_it(tmp_path, capsys):
    """Into a folder that it makes; without parameters they are as they are committed."""
    folder = tmp_path / "new" / "rules"
    assert cli.main(["rules", "-o", str(folder)]) == cli.FINE
    told = capsys.readouterr().out.splitlines()
    assert sorted(told) == [f"{folder}/sdlc-exporter.yaml", f"{folder}/sdlc-review.yaml"]
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == files()


def test_the_command_takes_parameters_and_links(tmp_path):
    done = cli.main([
        "rules", "-o", str(tmp_path),
        "--param", "SdlcReviewQueueGrowing.for=8h", "--param", "SdlcDriftDetected.window=2d",
        "--grafana-url", "https://grafana.example", "--runbook-url", "https://wiki.example",
    ])  # fmt: skip
    assert done == cli.FINE
    params = {"SdlcReviewQueueGrowing.for": "8h", "SdlcDriftDetected.window": "2d"}
    expected = files(params, runbooks="https://wiki.example", grafana="https://grafana.example")
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == expected


def test_the_command_tells_every_fault_and_writes_nothing(tmp_path, capsys):
    words = ["--param", "SdlcReviewQueueGrowing.fore=8h", "--param", "SdlcReviewQueueGrowing.for=soon"]
    assert cli.main(["rules", "-o", str(tmp_path / "rules"), *words]) == cli.USAGE == 2
    assert capsys.readouterr().err.splitlines()[:2] == [
        "--param SdlcReviewQueueGrowing.fore: there is no such parameter; SdlcReviewQueueGrowing has "
        "SdlcReviewQueueGrowing.for and SdlcReviewQueueGrowing.keep_firing_for",
        "--param SdlcReviewQueueGrowing.for=soon: not a duration of Prometheus; write 30m, 4h or 1h30m",
    ]
    assert not (tmp_path / "rules").exists()


def test_the_command_refuses_a_parameter_without_a_value(tmp_path, capsys):
    assert cli.main(["rules", "-o", str(tmp_path), "--param", "SdlcReviewQueueGrowing.for"]) == cli.USAGE
    said = capsys.readouterr().err
    assert said == (
        "--param SdlcReviewQueueGrowing.for: not a name and a duration; write SdlcReviewQueueGrowing.for=4h\n"
    )
    assert cli.main(["rules", "-o", str(tmp_path), "--param", ""]) == cli.USAGE
    assert capsys.readouterr().err == "--param : not a name and a duration; write ALERT.for=4h\n"
    assert not list(tmp_path.iterdir())


def test_the_command_needs_a_folder(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["rules"])
    assert ended.value.code == 2
    assert "-o/--output" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["rules", "dashboards"])
def test_what_is_no_folder_is_refused(command, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    for written in ("", str(file)):
        with pytest.raises(SystemExit) as ended:
            cli.main([command, "-o", written])
        assert ended.value.code == cli.USAGE
        assert f"-o/--output: {written!r} is no folder; name a folder to write into" in capsys.readouterr().err
    assert file.read_text() == "kept"
