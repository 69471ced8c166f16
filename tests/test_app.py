"""The running exporter's edges: troubles of the store and of single tasks leave the rest at work."""

import asyncio
import os
import threading
import time

import pytest
from msgspec.structs import replace

from exporter import app as application
from exporter import wiring
from exporter.app import App
from exporter.config import load
from exporter.errors import StoreError, StoreFull, Unanswerable
from exporter.runtime.books import Books
from exporter.runtime.diagnosing import Diagnosing
from exporter.runtime.snapshot import Diagnosed, Snapshot
from exporter.store.base import Place

CONFIG = """
sources: [{name: demo, provider: demo, repositories: 1, history: 7d}]
server: {listen: "127.0.0.1:0"}
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setattr(application, "TICK", 0.01)
    path = tmp_path / "exporter.yaml"
    path.write_text(CONFIG)
    return App(load(path, os.environ), path, os.environ)


def serving(app, story):
    """Runs an app for as long as a story takes; the story begins when the port is open."""

    async def play():
        opened = asyncio.Event()
        running = asyncio.create_task(app.run(lambda port: opened.set()))
        await opened.wait()
        try:
            async with asyncio.timeout(20):
                return await story()
        finally:
            app._stop.set()
            await running

    return asyncio.run(play())


async def shown(app, text):
    """Waits until /metrics holds a text."""
    while text not in app.metrics().text.decode():  # noqa: ASYNC110 - nobody tells when a page is new
        await asyncio.sleep(0.01)


def failing_once(monkeypatch, where, name, error):
    """Lets a function fail the next time it is called, and work again afterwards."""
    proper, failures = getattr(where, name), [error]

    def fails(*arguments, **more):
        if failures:
            raise failures.pop()
        return proper(*arguments, **more)

    monkeypatch.setattr(where, name, fails)


def test_reload_begins_again_once_the_store_lets_it(app, monkeypatch):
    """A disk that is full at the moment of a reload leaves no exporter without sources."""

    async def story():
        await shown(app, "sdlc_repository_info{")
        before = app.parts
        failing_once(monkeypatch, wiring, "books", StoreFull("the disk is full"))
        assert await app.reload() == []
        assert app.parts is not before
        assert app.health.errors["demo", StoreFull.reason] == 1
        assert not any(task.done() for task in app.parts.tasks)

    serving(app, story)


def test_reload_while_the_store_is_opened_starts_every_source_once(app, monkeypatch):
    """The reload has its turn after the opening; what the opening started is ended first."""
    started = []
    proper = App._work

    async def work(self, source):
        started.append(asyncio.current_task())
        await proper(self, source)

    books = wiring.books

    def slow(*arguments, **more):
        time.sleep(0.1)
        return books(*arguments, **more)

    monkeypatch.setattr(App, "_work", work)
    monkeypatch.setattr(wiring, "books", slow)

    async def story():
        while app.store is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        assert app.parts is None
        assert await app.reload() == []
        await shown(app, "sdlc_repository_info{")
        assert [task for task in started if not task.done()] == app.parts.tasks[:1]

    serving(app, story)


def test_a_reload_keeps_the_diagnosis_of_scopes_that_are_still_there(app):
    """Until the next look: that of a team which the new configuration has not is gone at once."""

    async def story():
        await shown(app, 'sdlc_diagnosis_verdict{scope="all"')
        found = app.parts.snapshot.latest.diagnoses[0]
        pay = replace(found, scope="pay")
        app.parts.snapshot.diagnosed(Diagnosed((found, pay)))
        app.path.write_text(CONFIG + "teams: {web: [acme/web-*]}\n")
        assert await app.reload() == []
        assert app.parts.snapshot.latest.diagnoses == (found,)

    serving(app, story)


def test_page_that_cannot_be_rendered_once_is_rendered_the_next_time(app, monkeypatch, caplog):
    failing_once(monkeypatch, Snapshot, "build", ZeroDivisionError("no such luck"))

    async def story():
        await shown(app, "sdlc_repository_info{")

    serving(app, story)
    assert "the page could not be brought up to date" in caplog.text


def test_births_that_the_store_cannot_release_hold_up_nothing_else(app, monkeypatch):
    """The trouble is counted, on the very page that was to show them."""

    async def story():
        await shown(app, "sdlc_repository_info{")
        monkeypatch.setattr(app, "_ripe", lambda: [Place("sdlc_changes_opened_total", 1, ("bot",))])
        failing_once(monkeypatch, Books, "release", StoreError("no space"))
        await app._render(app.parts)
        (trouble,) = app.health.recent
        assert (trouble.reason, trouble.message) == (StoreError.reason, "no space")
        line = f'sdlc_exporter_errors_total{{reason="{StoreError.reason}",source="demo"}} 1.0'
        assert line in app.metrics().text.decode().splitlines()

    serving(app, story)


def test_an_audit_reads_the_store_of_a_running_exporter(app):
    """This one keeps its state in a file that goes with the process; before that is open, there is nothing to read."""

    async def story():
        with pytest.raises(StoreError, match="the state database is being opened"):
            await App(app.config, None, os.environ).audit("sdlc_changes_opened_total", 10)
        await shown(app, "sdlc_changes_opened_total{")
        found = await app.audit("sdlc_changes_opened_total", 10)
        assert found
        assert sum(each.total for each in found) > 0
        with pytest.raises(Unanswerable, match="there is no metric"):
            await app.audit("nothing", 10)

    serving(app, story)


def test_a_diagnosis_that_fails_once_is_made_the_next_time(app, monkeypatch, caplog):
    """Which repositories there are is asked of the desk, where the store is: a fault in that is told and gone over."""
    asked = []
    proper = Diagnosing.pending

    def pending(self):
        asked.append(threading.current_thread().name.partition("_")[0])
        if len(asked) == 1:
            raise KeyError(7)
        return proper(self)

    monkeypatch.setattr(Diagnosing, "pending", pending)

    async def story():
        await shown(app, "sdlc_diagnosis_verdict{")

    serving(app, story)
    assert "the diagnosis could not be brought up to date" in caplog.text
    assert set(asked) == {"desk"}


def test_a_load_that_does_not_end_holds_back_a_diagnosis_for_one_interval_at_the_most(app):
    """A source that began to load and fails since says for ever that it loads; others are looked at all the same."""
    app.config = replace(app.config, diagnosis=replace(app.config.diagnosis, every=0))
    app.health.loading["demo"] = 0.5

    async def story():
        await shown(app, "sdlc_diagnosis_verdict{")
        assert app.health.loading

    serving(app, story)
