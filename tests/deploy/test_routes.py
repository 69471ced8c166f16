"""The example of Alertmanager does what its comments say, in the real one: who hears of what, and when not."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter.measures.quality import ISSUES
from exporter.render.rules.exporter import INPUTS
from exporter.render.rules.files import GROUPS
from exporter.render.rules.freshness import NOT_JUDGED, STREAMS
from tests.alerts.cases import BY_NAME, PARTS, RESTS, Rests
from tests.deploy import stack
from tests.deploy.stack import ALWAYS, NEVER, Alertmanager, Inbox
from tests.system.processes import until

pytestmark = [pytest.mark.system, stack.needs_prometheus]

ALERTS = {alert.name: alert for group in GROUPS.values() for alert in group.alerts}
OTHERS = {"Sdlc.+", "critical", "warning", *STREAMS, *(what for what, _ in INPUTS), *(issue.word for issue in ISSUES)}
"""What matchers name beside alerts."""
RECEIVERS = {"critical": "pager", "warning": "team", "info": "digest"}
SETTINGS = stack.loaded("alertmanager/alertmanager.yml")
WAITS = {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "1s"}


class Office(NamedTuple):
    """An Alertmanager at work, and the receivers it notifies."""

    server: Alertmanager
    inbox: Inbox

    def tell(self, name: str, **labels: str) -> None:
        """What Prometheus would tell of an alert that fires, with the alert's own severity unless another is given."""
        known = {"alertname": name, "job": "sdlc", "severity": ALERTS[name].severity if name in ALERTS else "warning"}
        self.server.ask("/api/v2/alerts", [{"labels": known | labels}])

    def inhibitors(self, name: str, **labels: str) -> list[str]:
        """The names of the alerts that inhibit this one."""
        (here,) = self.server.alerts(alertname=name, **labels)
        every = {each["fingerprint"]: each["labels"]["alertname"] for each in self.server.alerts()}
        return sorted(every[each] for each in here["status"]["inhibitedBy"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """It is always working time, and nobody waits for more than a second."""
    with stack.inbox() as inbox:
        settings = stack.alertmanager_settings(tmp_path, inbox.url, ALWAYS, **WAITS)
        with stack.alertmanager(tmp_path, settings) as server:
            yield Office(server, inbox)


@pytest.mark.parametrize("name", ALERTS)
def test_severity_decides_who_hears_of_it(name):
    """Of every alert there is."""
    path = stack.DEPLOY / "alertmanager/alertmanager.yml"
    words = [
        "config",
        "routes",
        "test",
        f"--config.file={path}",
        f"--verify.receivers={RECEIVERS[ALERTS[name].severity]}",
    ]
    words += [f"alertname={name}", f"severity={ALERTS[name].severity}"]
    done = subprocess.run([str(stack.AMTOOL), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_route_keeps_the_hours():
    """They are not inherited, so each has to name them; the top route may not."""
    assert [each["active_time_intervals"] for each in SETTINGS["route"]["routes"]] == [["working-hours"]] * 3
    (hours,) = SETTINGS["time_intervals"]
    assert hours["name"] == "working-hours"
    assert all("location" in each for each in hours["time_intervals"])
    assert SETTINGS["route"]["repeat_interval"] == "24h"
    assert SETTINGS["route"]["group_by"] == ["alertname", "team"]


def test_inhibitions_name_alerts_that_exist():
    """Each name in a matcher is an alert, and where sources are compared, one that has the label."""
    named = set()
    for rule in SETTINGS["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            names = set(matcher.partition('"')[2].rstrip('"').split("|")) - OTHERS
            assert names <= ALERTS.keys()
            named |= names
            if "source" in rule["equal"]:
                texts = [ALERTS[each].expr + ALERTS[each].description for each in names]
                assert all(re.search(r"\(source, team\)|\$labels\.source", text) for text in texts)
    assert {"SdlcExporterDown", "SdlcSourceStale", "SdlcReviewQueueGrowing"} <= named


def test_repositories_of_a_team_come_in_one_notification(office):
    """And those of another team in their own."""
    for team, repository in (("web", "acme/shop"), ("web", "acme/cart"), ("pay", "acme/bank")):
        office.tell("SdlcReviewWaitTooLong", team=team, repository=repository, source="acme")
    until(lambda: len({each.content["groupKey"] for each in office.inbox.of("team")}) == 2, "two notifications")
    told = {each.content["groupLabels"]["team"]: len(each.content["alerts"]) for each in office.inbox.of("team")}
    assert told == {"web": 2, "pay": 1}
    assert {each.receiver for each in office.inbox.all} == {"team"}


def test_nobody_is_told_at_night_and_somebody_in_the_morning(tmp_path):
    """While the hours exclude now, an alert of each severity is known and goes nowhere; then the hours come."""
    with stack.inbox() as inbox:
        settings = stack.alertmanager_settings(tmp_path, inbox.url, NEVER, **WAITS)
        with stack.alertmanager(tmp_path, settings) as server:
            office = Office(server, inbox)
            for name in ("SdlcReviewQueueGrowing", "SdlcReviewWaitTooLong", "SdlcAgenticChangesWaiting"):
                office.tell(name, team="web")
            office.tell("Another")  # takes the top route, which knows no hours
            until(lambda: len(inbox.of("team", "Another")) >= 3, "others are notified, and again")
            assert {each.name for each in inbox.all} == {"Another"}
            stack.alertmanager_settings(tmp_path, inbox.url, ALWAYS, **WAITS)
            server.ask("/-/reload", {})
            until(lambda: {each.receiver for each in inbox.all} == {"pager", "team", "digest"}, "all of them hear")


def test_an_exporter_that_is_down_silences_its_own_alerts_and_no_others(office):
    """Another job is another exporter."""
    office.tell("SdlcExporterDown")
    office.tell("SdlcReviewQueueGrowing", repository="acme/shop", source="acme", team="web")
    office.tell("SdlcSourceStale", source="acme", stream="changes")
    office.tell("SdlcReviewQueueGrowing", job="other", repository="acme/shop", source="acme", team="web")
    assert office.inhibitors("SdlcReviewQueueGrowing", job="sdlc") == ["SdlcExporterDown"]
    assert office.inhibitors("SdlcSourceStale") == ["SdlcExporterDown"]
    assert office.inhibitors("SdlcReviewQueueGrowing", job="other") == []
    assert office.inhibitors("SdlcExporterDown") == []


def test_a_stale_source_silences_what_depends_on_it_and_not_its_own_reasons(office):
    """Not what is about another source, nor the rate limit that may be the reason."""
    cause = "SdlcSourceStale"
    office.tell(cause, source="acme", stream="changes")
    dependent = ("SdlcReviewQueueGrowing", "SdlcReviewWaitTooLong", "SdlcRepositoriesFailing")
    for name in (*dependent, "SdlcApiBudgetLow"):
        office.tell(name, source="acme")
    office.tell("SdlcReviewWaitTooLong", source="other")
    for name in dependent:
        assert office.inhibitors(name, source="acme") == [cause]
    assert office.inhibitors("SdlcApiBudgetLow") == []
    assert office.inhibitors("SdlcReviewWaitTooLong", source="other") == []
    assert office.inhibitors(cause) == []


def test_a_stream_beside_the_changes_that_is_stale_silences_only_what_is_said_of_itself(office):
    """A token that may not read issues must not keep the page about the review queue from anybody."""
    office.tell("SdlcSourceStale", source="acme", stream="issues")
    office.tell("SdlcReviewQueueGrowing", source="acme", repository="acme/shop", team="web")
    office.tell("SdlcWatermarkStuck", source="acme", stream="issues")
    office.tell("SdlcWatermarkStuck", source="acme", stream="changes")
    assert office.inhibitors("SdlcReviewQueueGrowing") == []
    assert office.inhibitors("SdlcWatermarkStuck", stream="issues") == ["SdlcSourceStale"]
    assert office.inhibitors("SdlcWatermarkStuck", stream="changes") == []


@pytest.mark.parametrize(
    ("stream", "silent"),
    [
        ("changes", {"origin", "first_activity", "production", "findings"}),
        ("runs", {"tests", "flaky_tests"}),
        ("deployments", {"production"}),
        ("issues", set()),
        ("findings", {"findings"}),
    ],
)
def test_a_stale_stream_silences_what_is_said_of_the_inputs_that_it_tells(office, stream, silent):
    """As the alert's own expression does."""
    office.tell("SdlcSourceStale", source="acme", stream=stream)
    for what, _ in INPUTS:
        office.tell("SdlcCoverageLow", source="acme", team="web", what=what)
        office.tell("SdlcCoverageLow", source="other", team="web", what=what)
    inhibited = {what for what, _ in INPUTS if office.inhibitors("SdlcCoverageLow", source="acme", what=what)}
    assert inhibited == silent
    assert not any(office.inhibitors("SdlcCoverageLow", source="other", what=what) for what, _ in INPUTS)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_team_that_is_not_judged_hears_nothing_that_rests_on_the_stream(office, stream):
    """And all that rests on others, as other teams do."""
    office.tell(NOT_JUDGED.name, team="web", stream=stream)
    issues = ("change_requests", "first_ci_red", "escape")
    of_teams = [
        (BY_NAME[name].alert, rests, {"told_by": BY_NAME[name].labels.get("told_by", "")})
        for name, rests in RESTS.items()
        if "repository" not in BY_NAME[name].labels
    ]
    cases = [each for each in of_teams if each[0] != "SdlcAiQualityGap"]
    cases += [("SdlcAiQualityGap", PARTS[each][1] if each in PARTS else Rests(), {"issue": each}) for each in issues]
    for name, _, labels in cases:
        office.tell(name, team="web", **labels)
        office.tell(name, team="pay", **labels)
    for name, rests, labels in cases:
        expected = [NOT_JUDGED.name] if stream in rests.on else []
        assert office.inhibitors(name, team="web", **labels) == expected, (name, labels)
        assert office.inhibitors(name, team="pay", **labels) == []


def test_which_source_is_stale_says_more_than_which_team_goes_without(office):
    """Each by its stream."""
    office.tell("SdlcSourceStale", source="acme", stream="runs")
    office.tell("SdlcWatermarkStuck", source="acme", stream="issues")
    for stream in STREAMS:
        office.tell(NOT_JUDGED.name, team="web", stream=stream)
    found = {stream: office.inhibitors(NOT_JUDGED.name, stream=stream) for stream in STREAMS}
    assert found == {"changes": [], "runs": ["SdlcSourceStale"], "deployments": [], "issues": ["SdlcWatermarkStuck"]}


def test_a_source_of_which_polls_fail_and_that_is_read_all_the_same_silences_nothing(office):
    office.tell("SdlcSourceFailing", source="acme", stream="changes")
    office.tell("SdlcReviewQueueGrowing", source="acme", repository="acme/shop", team="web")
    assert office.inhibitors("SdlcReviewQueueGrowing") == []


def test_of_a_stale_source_that_fails_only_one_is_told(office):
    office.tell("SdlcSourceStale", source="acme", stream="changes")
    office.tell("SdlcSourceFailing", source="acme", stream="changes")
    assert office.inhibitors("SdlcSourceFailing") == ["SdlcSourceStale"]


def test_a_critical_alert_silences_the_warning_of_the_same_name(office):
    """For the same repository only."""
    growing = {"source": "acme", "team": "web"}
    office.tell("SdlcReviewQueueGrowing", repository="acme/shop", **growing)
    for repository in ("acme/shop", "acme/cart"):
        office.tell("SdlcReviewQueueGrowing", severity="warning", repository=repository, **growing)
    found = {
        repository: office.inhibitors("SdlcReviewQueueGrowing", severity="warning", repository=repository)
        for repository in ("acme/shop", "acme/cart")
    }
    assert found == {"acme/shop": ["SdlcReviewQueueGrowing"], "acme/cart": []}
