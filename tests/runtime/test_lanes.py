"""The credentials of a source, found out from the double of GitHub over HTTP."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter import wiring
from exporter.config.settings import App as AppSettings
from exporter.config.settings import Source
from exporter.errors import NotFound, Refused, Unauthorised
from exporter.runtime.health import Health
from tests.double import App, Double, Installation, World, serve

NOW = 1_000_000_000


@pytest.fixture
def double() -> Iterator[Double]:
    with serve(World(NOW), clock="world") as found:
        yield found


@asynccontextmanager
async def lanes_of(double: Double, app: App, folder: Path, installation: str | None = None):
    (folder / "key.pem").write_text(app.pem)
    settings = AppSettings(id=str(app.id), key_file=str(folder / "key.pem"), installation_id=installation)
    made = wiring.lanes(Source(name="forge", url=double.url, app=settings), Health())
    try:
        yield made
    finally:
        await made.close()


def test_a_token_is_one_lane_for_every_owner(double, tmp_path):
    (tmp_path / "token").write_text("ghp_x")

    async def once():
        made = wiring.lanes(Source(name="forge", url=double.url, token_file=str(tmp_path / "token")), Health())
        try:
            return [lane.owners for lane in await made.lanes()]
        finally:
            await made.close()

    assert asyncio.run(once()) == [None]


def owners(double: Double, app: App, folder: Path, installation: str | None = None) -> list[frozenset[str] | None]:
    async def once():
        async with lanes_of(double, app, folder, installation) as made:
            return [lane.owners for lane in await made.lanes()]

    return asyncio.run(once())


def test_every_installation_that_is_not_suspended_is_a_lane_for_its_owner(double, tmp_path):
    app = double.add_app(
        App(7, [Installation(1, "Acme"), Installation(2, "left", suspended=True), Installation(3, "me", "User")])
    )
    assert owners(double, app, tmp_path) == [{"acme"}, {"me"}]


def test_one_installation_is_one_lane_and_the_others_are_not_asked_for(double, tmp_path):
    app = double.add_app(App(7, [Installation(1, "acme"), Installation(2, "other")]))
    assert owners(double, app, tmp_path, "2") == [None]
    assert double.count() == 0


def test_all_pages_of_installations_are_read_though_some_are_suspended(double, tmp_path):
    """250 installations in pages of 100, one of each ten suspended."""
    app = double.add_app(App(7, [Installation(n, f"o{n}", suspended=n % 10 == 0) for n in range(1, 251)]))
    assert len(owners(double, app, tmp_path)) == 225
    assert [one.variables["page"] for one in double.requests if one.status == 200] == ["1", "2", "3"]


def test_an_app_that_is_installed_nowhere_is_told(double, tmp_path):
    app = double.add_app(App(7, [Installation(1, "left", suspended=True)]))
    with pytest.raises(NotFound, match="installed nowhere"):
        owners(double, app, tmp_path)


def test_the_wrong_key_is_refused(double, tmp_path):
    double.add_app(App(7, [Installation(1, "acme")]))
    with pytest.raises(Unauthorised, match="check the app's id and key"):
        owners(double, App(7), tmp_path)


def test_a_local_clock_that_is_years_off_costs_one_more_request(double, tmp_path):
    """The rejection tells the server's time; the second signature is made by it."""
    app = double.add_app(App(7, [Installation(1, "acme")]))
    assert owners(double, app, tmp_path) == [{"acme"}]
    assert [one.status for one in double.requests] == [401, 200]


def test_installations_come_and_go_and_those_that_stay_keep_their_lane(double, tmp_path):
    app = double.add_app(App(7, [Installation(1, "acme"), Installation(2, "other")]))

    async def twice():
        async with lanes_of(double, app, tmp_path) as made:
            first = await made.lanes()
            app.installations[1].suspended = True
            app.installations.append(Installation(3, "new"))
            return first, await made.lanes()

    first, second = asyncio.run(twice())
    assert [lane.owners for lane in second] == [{"acme"}, {"new"}]
    assert first[0] is second[0]


def test_an_installations_token_is_fetched_once_renewed_in_time_and_replaced_when_revoked(double, tmp_path):
    """A token lives an hour and is renewed five minutes before: 54 minutes later it still serves, 56 later not."""
    app = double.add_app(App(7, [Installation(1, "acme")]))
    path = "/app/installations/1/access_tokens"

    async def play():
        async with lanes_of(double, app, tmp_path) as made:
            (lane,) = await made.lanes()
            counts = []
            for minutes in (0, 54, 2):
                double.world.now += minutes * 60
                lane.clock.__init__()  # the next answer's time is believed
                lane.clock.hear(double.world.now)
                await lane.credential.header()
                counts.append(double.count(path))
            lane.credential.rejected()
            await lane.credential.header()
            return [*counts, double.count(path)]

    assert asyncio.run(play()) == [1, 1, 2, 3]


def test_a_suspended_installation_is_refused_with_the_forges_own_words(double, tmp_path):
    app = double.add_app(App(7, [Installation(1, "acme")]))

    async def once():
        async with lanes_of(double, app, tmp_path) as made:
            (lane,) = await made.lanes()
            app.installations[0].suspended = True
            with pytest.raises(Refused, match="This installation has been suspended"):
                await lane.credential.header()

    asyncio.run(once())
