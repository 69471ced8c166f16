"""Apps sign in to the double as they do at GitHub."""

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from exporter.providers.github import queries
from tests.double.auth import App, Installation
from tests.double.client import Got, call
from tests.double.hand import hand_made
from tests.double.server import Double, serve

APP = App(7, [Installation(n, f"org{n}") for n in range(1, 4)] + [Installation(4, "acme", suspended=True)])


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    with serve(hand_made().world) as double:
        double.add_app(APP)
        yield double


def signed(app: App = APP, **claims: Any) -> str:
    """A JSON web token of the app, valid from a minute ago for nine, but for the claims given."""
    now = int(time.time())
    return jwt.encode({"iat": now - 60, "exp": now + 540, "iss": str(app.id)} | claims, app.pem, algorithm="RS256")


def renew(double: Double, token: str, installation: int = 1) -> Got:
    """Asks for an installation token."""
    return call(double, "POST", f"/app/installations/{installation}/access_tokens", token=token)


def test_an_app_gets_a_token_that_works_for_an_hour(double: Double):
    got = renew(double, signed())
    assert got.status == 201
    assert got.json["expires_at"].endswith("Z")
    token = got.json["token"]
    body = {"query": queries.counts(1), "variables": {"q0": "org:acme is:pr"}}
    assert call(double, "POST", "/graphql", body, token=token).json["data"]["c0"]["issueCount"] == 15
    double.auth.tokens[token].expires = time.time() - 1
    assert call(double, "POST", "/graphql", body, token=token).json["message"] == "Bad credentials"


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        ({"exp": -5}, 401, "future time at which"),
        ({"exp": 3600}, 401, "too far in the future"),
        ({"iat": 600}, 401, "'Issued at' claim"),
        ({"iss": "8"}, 404, "Integration not found"),
    ],
)
def test_a_web_token_must_be_timely_and_of_a_known_app(double: Double, claims: dict[str, Any], status: int, words: str):
    """Times are in seconds from the moment of the request, which comes long after the cases were collected."""
    now = int(time.time())
    got = renew(double, signed(**{name: now + one if isinstance(one, int) else one for name, one in claims.items()}))
    assert got.status == status
    assert words in got.json["message"]


def test_a_web_token_signed_with_another_key_is_refused(double: Double):
    got = renew(double, signed(App(7)))
    assert (got.status, got.json["message"]) == (401, "A JSON web token could not be decoded")
    assert renew(double, "nonsense").status == 401


def test_an_installation_may_be_unknown_or_suspended(double: Double):
    assert renew(double, signed(), 99).status == 404
    assert renew(double, signed(), 4).json["message"] == "This installation has been suspended"


def test_installations_come_in_pages_with_a_link(double: Double):
    first = call(double, "GET", "/app/installations?per_page=3", token=signed())
    assert [one["account"]["login"] for one in first.json] == ["org1", "org2", "org3"]
    assert first.headers["link"] == f'<{double.url}/app/installations?per_page=3&page=2>; rel="next"'
    second = call(double, "GET", "/api/v3/app/installations?per_page=3&page=2", token=signed())
    assert [one["id"] for one in second.json] == [4]
    assert "link" not in second.headers


def test_an_unchanged_list_is_not_sent_again(double: Double):
    first = call(double, "GET", "/app/installations", token=signed())
    again = call(double, "GET", "/app/installations", token=signed(), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, "", first.headers["etag"])
