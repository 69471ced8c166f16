"""From a pull request to a pager: the exporter, a real Prometheus and a real Alertmanager, with what users are given.

The rules come from ``sdlc-exporter rules``, with durations shortened by its own parameters; routes and inhibitions are
those of deploy/alertmanager/alertmanager.yml. Prometheus compares with the machine's clock, so the worlds keep to it:
the busy one moves on from now, and what its forge dates is never old; the frail one is half a minute behind. Its data
is five minutes older than its polls, so the threshold ``blind`` is long until its forge falls silent, then a minute.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.render.rules.rows import GRAFANA, RUNBOOKS
from tests.deploy import stack
from tests.deploy.stack import Alertmanager, Inbox, Prometheus
from tests.double import Double, World, serve
from tests.double.facts import PullRequest, Repository
from tests.system.processes import ROOT, Running, command, configuration, running, until

HOUR, DAY = 3600, 86_400
T = TypeVar("T")
REPOSITORIES = {"acme/shop", "acme/pay"}
GROWING, STALE = "SdlcReviewQueueGrowing", "SdlcSourceStale"
BLIND, PATIENT = 60, 1200
"""Seconds; the least that the configuration takes, and enough for data that is five minutes old."""
BEHIND = 33
"""Seconds by which the frail forge's clock is behind."""
PATIENCE = 90.0
"""Seconds that a busy machine may take for what takes a few."""

pytestmark = [pytest.mark.system, stack.needs_prometheus]


def happen(world: World, repository: Repository, start: int, days: int, a_day: int, *, reviewed: bool) -> None:
    """So many changes a day from ``start`` on, each reviewed after three hours and merged after four, or neither."""
    for number in range(days * a_day):
        at = start + number * DAY // a_day
        pull = world.open(repository, "ann", at=at)
        if reviewed:
            world.review(pull, "bob", at=at + 3 * HOUR)
            world.merge(pull, "bob", at=at + 4 * HOUR)


def waiting(world: World) -> list[PullRequest]:
    """The open changes."""
    return [pull for pull in world.pulls.values() if pull.closed is None]


def eventually(what: Callable[[], T | None], says: str) -> T:
    """The first true answer of a question that is asked again and again, with patience."""
    return until(what, says, PATIENCE)


class Stage(NamedTuple):
    """A forge, the exporter that reads it, and all that stands between that and a pager."""

    double: Double
    settings: Path
    exporter: Running
    prometheus: Prometheus
    alertmanager: Alertmanager
    inbox: Inbox

    def grows_impatient(self) -> None:
        """From now on a minute without a poll is called blind."""
        text = self.settings.read_text()
        self.settings.write_text(text.replace(f"blind: {PATIENT}s", f"blind: {BLIND}s"))
        assert self.exporter.ask("/-/reload", "POST").status == 200

    def growing(self) -> set[tuple[str, str]]:
        """Repository and state of each alert about a growing queue, pending or firing."""
        return {(each["labels"]["repository"], each["state"]) for each in self.prometheus.alerts(GROWING)}

    def evaluated(self) -> set[str]:
        """When each group of rules was evaluated last."""
        return {group["lastEvaluation"] for group in self.prometheus.groups()}

    def evaluates_again(self) -> None:
        """Waits until each group of rules was evaluated once more."""
        before = self.evaluated()
        eventually(lambda: not self.evaluated() & before, "another evaluation")


@contextmanager
def stage(world: World, waits: dict[str, str], *params: str) -> Iterator[Stage]:
    """Everything at work; all repositories belong to one team."""
    with ExitStack() as opened:
        folder = opened.enter_context(stack.quick_folder())
        rules = folder / "rules"
        done = command("rules", "-o", rules, *(word for each in params for word in ("--param", each)))
        assert done.returncode == 0, done.stderr
        more = f"teams: {{basket: ['acme/*']}}\nthresholds: {{seconds: {{blind: {PATIENT}s}}}}\n"
        double = opened.enter_context(serve(world, fast=True, clock="world"))
        path = configuration(folder, double.url, more, source="include: [acme/*], history: 90d, interval: 1s")
        exporter = opened.enter_context(running(folder, "run", "-c", path))
        inbox = opened.enter_context(stack.inbox())
        settings = stack.alertmanager_settings(folder, inbox.url, **waits)
        alertmanager = opened.enter_context(stack.alertmanager(folder, settings))
        target = f"127.0.0.1:{exporter.address[1]}"
        settings = stack.prometheus_settings(folder, rules, target, alertmanager.address)
        prometheus = opened.enter_context(stack.prometheus(folder, settings))
        yield Stage(double, path, exporter, prometheus, alertmanager, inbox)


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[Stage, Stage]]:
    """The busy and the frail one. Both begin at once, and while one takes its time the other is looked at."""
    now = int(time.time())
    busy, frail = World(now, speed=1.0), World(now - BEHIND, speed=1.0)
    for name in ("acme/shop", "acme/pay"):
        happen(busy, busy.add_repository(name), now - 10 * DAY, 10, 3, reviewed=True)
    shop = frail.add_repository("acme/shop")
    happen(frail, shop, now - 10 * DAY, 7, 3, reviewed=True)
    happen(frail, shop, now - 3 * DAY, 3, 6, reviewed=False)
    with (
        stage(
            frail,
            {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "1s"},
            f"{GROWING}.for=1s",
            f"{GROWING}.keep_firing_for=1h",
            f"{STALE}.for=1s",
        ) as second,
        stage(
            busy,
            {"group_wait": "3s", "group_interval": "1s"},
            f"{GROWING}.for=5s",
            f"{GROWING}.keep_firing_for=5s",
        ) as first,
    ):
        yield first, second


@pytest.fixture
def busy(stages: tuple[Stage, Stage]) -> Stage:
    """Two repositories of one team; the tests go through its days in their order."""
    return stages[0]


@pytest.fixture
def frail(stages: tuple[Stage, Stage]) -> Stage:
    """One repository whose queue grows from the beginning, at a forge that will fail."""
    return stages[1]


def test_a_page_repeats_while_nothing_changes_and_then_the_forge_fails(frail):
    """18 wait since three days; the shortened interval repeats the page until the forge accepts the token no more."""
    eventually(lambda: len(frail.inbox.of("pager", GROWING)) >= 2, "a page and its repetition")
    assert frail.inbox.of("team") == []
    frail.double.revoke()
    frail.grows_impatient()


def test_nothing_pages_while_the_world_is_steady(busy):
    """Three changes a day for ten days, each reviewed after three hours: 21 came within a week, and 21 went."""
    growth = "sum by (repository) (repository:sdlc_review_queue_flow_changes:{}7d and on (repository) {}) == 21"
    fresh = "repository_stream:sdlc_repository_info:fresh{stream='changes'}"
    for way in ("in", "out"):
        eventually(lambda way=way: len(busy.prometheus.query(growth.format(way, fresh))) == 2, f"21 {way} in both")
    for _ in range(3):
        busy.evaluates_again()
    assert busy.growing() == set()
    assert busy.alertmanager.alerts() == []
    assert busy.inbox.all == []


def test_one_page_comes_when_arrivals_double_and_nobody_reviews(busy):
    """Three days of six changes in each repository: 18 wait, 12 + 18 came within a week and 12 went."""
    world = busy.double.world
    with world.lock:
        start = world.now
        world.now = start + 3 * DAY
        for repository in world.repositories.values():
            happen(world, repository, start, 3, 6, reviewed=False)
    (page,) = eventually(lambda: busy.inbox.of("pager"), "a page")
    assert page.status == "firing"
    assert page.content["groupLabels"] == {"alertname": GROWING, "team": "basket"}
    assert {each["labels"]["repository"] for each in page.content["alerts"]} == REPOSITORIES
    for alert in page.content["alerts"]:
        says_what_it_means(alert)


def runbook(alert: dict[str, Any]) -> Path:
    """The page of this repository that its link leads to."""
    return ROOT / "docs/runbooks" / alert["annotations"]["runbook_url"].removeprefix(f"{RUNBOOKS}/")


def says_what_it_means(alert: dict[str, Any]) -> None:
    """Labels and annotations of a page, and both its links lead to what is there."""
    repository = alert["labels"]["repository"]
    assert alert["labels"] == {
        "alertname": GROWING,
        "job": "sdlc",
        "repository": repository,
        "severity": "critical",
        "source": "forge",
        "team": "basket",
    }
    said = alert["annotations"]
    assert said["summary"] == "A review queue grows faster than it is worked off."
    assert f"In {repository} (team basket)" in said["description"]
    assert "grew by 18 within seven days" in said["description"]
    assert runbook(alert).is_file()
    link = urlsplit(said["dashboard_url"])
    assert f"{link.scheme}://{link.netloc}" == GRAFANA
    dashboard = json.loads((ROOT / "dashboards" / f"{link.path.removeprefix('/d/')}.json").read_text("utf-8"))
    assert link.path == f"/d/{dashboard['uid']}"
    assert parse_qs(link.query) == {"var-repository": [repository]}
    assert "repository" in {each["name"] for each in dashboard["templating"]["list"]}


def test_it_resolves_once_when_reviewers_come_back(busy):
    """A day later all that waited is reviewed; no page came in between, though notifications were due every second."""
    world = busy.double.world
    with world.lock:
        world.now += DAY
        for pull in waiting(world):
            world.review(pull, "bob", at=world.now - 12 * HOUR)
            world.merge(pull, "bob", at=world.now - 11 * HOUR)
    eventually(lambda: busy.inbox.of("pager")[-1].status == "resolved", "the page resolves")
    eventually(lambda: busy.growing() == set() and busy.alertmanager.alerts() == [], "it is over")
    assert [each.status for each in busy.inbox.all] == ["firing", "resolved"]
    resolved = busy.inbox.all[-1].content["alerts"]
    assert {(each["labels"]["repository"], each["status"]) for each in resolved} == {
        (each, "resolved") for each in REPOSITORIES
    }


def test_a_source_that_is_not_read_any_more_is_told_and_silences_what_depends_on_it(frail):
    """The page about its queue would go on for an hour, as nothing contradicts it; it ends with what it is based on."""

    def of_the_changes() -> dict[str, Any] | None:
        alerts = (each for told in frail.inbox.of("team", STALE) for each in told.content["alerts"])
        return next((each for each in alerts if each["labels"]["stream"] == "changes"), None)

    stale = eventually(of_the_changes, "the team hears that the changes of the source are not read")
    assert (stale["labels"]["source"], stale["labels"]["severity"]) == ("forge", "warning")
    assert "The last complete pass over forge (changes) was 1m" in stale["annotations"]["description"]
    assert runbook(stale).is_file()

    def suppressed() -> dict[str, Any] | None:
        (growing,) = frail.alertmanager.alerts(alertname=GROWING)
        return growing["status"] if growing["status"]["state"] == "suppressed" else None

    status = eventually(suppressed, "the queue's alert is suppressed")
    assert (status["inhibitedBy"], status["silencedBy"]) == ([stale["fingerprint"]], [])
    assert frail.growing() == {("acme/shop", "firing")}
    repeats = len(frail.inbox.of("team", STALE))
    eventually(lambda: len(frail.inbox.of("team", STALE)) > repeats, "what was under way has arrived")
    pages, repeats = len(frail.inbox.of("pager")), len(frail.inbox.of("team", STALE))
    eventually(lambda: len(frail.inbox.of("team", STALE)) > repeats + 1, "the source is told twice more, its queue not")
    assert len(frail.inbox.of("pager")) == pages
