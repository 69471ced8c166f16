"""The serving process: it answers at once, ends in time, reloads, and keeps its secrets."""

import json
import re
import signal
import sqlite3
from contextlib import closing

import pytest

from exporter import __version__
from tests.double import TOKEN, made_world, serve
from tests.system.places import END
from tests.system.processes import Running, command, configuration, running, samples, until

FAILURE, STORE = 1, 4

pytestmark = pytest.mark.system


def test_a_store_in_use_is_left_alone(place):
    with running(place.folder, "run", "-c", place.config) as here:
        here.loaded()
        done = command("once", "-c", place.config, "--at", END)
        assert done.returncode == STORE
        assert "another sdlc-exporter uses it" in done.stderr


def test_the_port_opens_before_the_store_does(place):
    """While another program holds the database the page and /metrics answer, and ready says what it waits for."""
    command("once", "-c", place.config, "--at", END)
    with (
        closing(sqlite3.connect(place.folder / "state.db", isolation_level=None)) as db,
        running(place.folder, "run", "-c", place.config) as here,
    ):
        db.execute("BEGIN EXCLUSIVE")
        assert here.ask("/-/healthy").status == 200
        ready = here.ask("/-/ready")
        assert (ready.status, ready.text) == (503, "Not ready:\nthe state database is being opened\n")
        ((name, labels),) = samples(here.ask("/metrics").text)
        assert (name, dict(labels)["version"]) == ("sdlc_exporter_build_info", __version__)
        assert here.ask("/").status == 200
        db.execute("ROLLBACK")
        until(lambda: here.ask("/-/ready").status == 200, "the store is open")
        here.loaded()


def test_a_store_that_is_held_does_not_hold_up_the_end(place):
    """SIGTERM while a transaction waits for another program."""
    command("once", "-c", place.config, "--at", END)
    with (
        closing(sqlite3.connect(place.folder / "state.db", isolation_level=None)) as db,
        running(place.folder, "run", "-c", place.config) as here,
    ):
        db.execute("BEGIN EXCLUSIVE")
        assert here.ask("/-/ready").status == 503
        here.stop(signal.SIGTERM)
        db.execute("ROLLBACK")


def test_a_repository_is_shown_once_its_history_is_in_while_the_server_answers(tmp_path):
    """During a load of some seconds: no change, no repository, a share of it done on the page; then all of them."""
    world = made_world(10, 1000)
    with serve(world, fast=True, clock="world") as double:
        slow = double.fail("slow", times=None, seconds=0.3, when="Search")
        path = configuration(tmp_path, double.url, source="include: [acme/*], history: 2025-05-01")
        with running(tmp_path, "run", "-c", path) as here:
            until(lambda: here.value("sdlc_exporter_repositories", source="forge", state="loading") == 10, "loading")
            text = here.ask("/metrics").text
            assert "sdlc_changes_opened_total{" not in text
            assert "sdlc_repository_info{" not in text
            assert here.value("sdlc_exporter_initial_load_complete", source="forge") == 0
            assert "loading" in here.ask("/").text
            slow.lift()
            here.loaded()
            opened = sum(v for (n, _), v in here.scrape().items() if n == "sdlc_changes_opened_total")
            assert opened == len(world.pulls) == 1000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_long_load_within_five_seconds(tmp_path, number):
    with serve(made_world(20, 2000), fast=True, clock="world") as double:
        double.fail("slow", times=None, seconds=0.2)
        path = configuration(tmp_path, double.url, source="include: [acme/*], history: 2025-05-01")
        with running(tmp_path, "run", "-c", path) as here:
            assert here.address
            until(lambda: double.count("Search") > 2, "the load is under way")
            here.stop(number)
            assert "Traceback" not in here.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_five_seconds_while_the_server_never_answers(place, number):
    asked: list[int] = []
    place.double.on_request(lambda each: asked.append(each.n))
    place.double.fail("slow", times=None, seconds=600)
    with running(place.folder, "run", "-c", place.config) as here:
        assert here.address
        until(lambda: asked, "a request that is not answered")
        here.stop(number)
        assert "Traceback" not in here.log


def test_an_address_in_use_is_a_failure_with_a_sentence(place):
    with running(place.folder, "run", "-c", place.config) as here:
        port = here.address[1]
        second = place.folder / "second"
        second.mkdir()
        path = configuration(second, place.double.url)
        path.write_text(path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        done = command("run", "-c", path)
        assert done.returncode == FAILURE
        assert re.search(
            rf"(?m)^failed: cannot listen on 127.0.0.1:{port}: address already in use; choose another", done.stderr
        )
        assert "Traceback" not in done.stderr


def team_of(here: Running, repository: str) -> str | None:
    """The team a repository is shown under."""
    for name, labels in samples(here.ask("/metrics").text):
        if name == "sdlc_repository_info" and dict(labels)["repository"] == repository:
            return dict(labels)["team"]
    return None


def test_the_configuration_is_read_again_by_request_by_signal_and_when_it_changes(place):
    """A good file changes the teams; a bad one nothing, and the answer, /metrics and the page say so."""
    good = place.config.read_text()

    def teams(name: str) -> str:
        return good + f"teams: {{{name}: [acme/shop]}}\n"

    with running(place.folder, "run", "-c", place.config) as here:
        here.loaded()
        assert team_of(here, "acme/shop") == "none"

        place.config.write_text(teams("basket"))
        assert here.ask("/-/reload", "POST")[::2] == (200, "Reloaded.\n")
        until(lambda: team_of(here, "acme/shop") == "basket", "a request reloads")

        place.config.write_text(teams("till") + "tems: {}\n")
        answer = here.ask("/-/reload", "POST")
        assert answer.status == 400
        assert "did you mean 'teams'?" in answer.text
        here.shows("sdlc_exporter_config_last_reload_successful", 0)
        assert team_of(here, "acme/shop") == "basket"
        assert "configuration not reloaded: " in here.log
        until(lambda: "faulty, the former stays" in here.ask("/").text, "the page says so")

        place.config.write_text(teams("till"))
        here.process.send_signal(signal.SIGHUP)
        until(lambda: team_of(here, "acme/shop") == "till", "a signal reloads")
        here.shows("sdlc_exporter_config_last_reload_successful", 1)

        place.config.write_text("sources: []\n")
        here.shows("sdlc_exporter_config_last_reload_successful", 0)
        assert team_of(here, "acme/shop") == "till"
        place.config.write_text(teams("shelf"))
        until(lambda: team_of(here, "acme/shop") == "shelf", "a changed file reloads")
        assert here.value("sdlc_changes_opened_total", origin="unmarked", repository="acme/shop") == 5


def test_the_token_is_never_told(place):
    """Not in the most talkative log, on the page or on /metrics; neither while it works nor when it is refused."""
    place.config.write_text(place.config.read_text() + "log: {level: debug, format: json}\n")
    with running(place.folder, "run", "-c", place.config) as here:
        here.loaded()
        place.double.revoke()
        assert here.ask("/-/reload", "POST").status == 200
        until(lambda: (here.value("sdlc_exporter_errors_total", source="forge", reason="unauthorised") or 0) > 0, "401")
        until(lambda: "unauthorised" in here.ask("/").text, "the page says so")
        for text in (here.log, here.ask("/").text, here.ask("/metrics").text):
            assert TOKEN not in text
        for line in here.log.splitlines():
            assert json.loads(line).keys() >= {"ts", "level", "logger", "msg"}
