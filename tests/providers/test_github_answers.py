"""What a status, a header and an error of GitHub mean."""

import json

import pytest
from msgspec import Struct

from exporter import errors
from exporter.providers.answers import seconds, server_time, stamp
from exporter.providers.base import Budget, Response
from exporter.providers.github.answers import budget, check, decode, graphql, members

DATE = "Thu, 01 Jan 1970 01:00:00 GMT"
"""Second 3,600."""
SPENT = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "3700", "date": DATE}
UNDERSCORED = {name.replace("-", "_"): value for name, value in SPENT.items()}
SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'


class Data(Struct):
    """What the tests' queries ask for."""

    name: str | None = None


def response(status: int = 200, body: bytes = b"{}", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def graphql_errors(*found: dict[str, object], data: object = None, **headers: str) -> Response:
    return response(200, json.dumps({"data": data, "errors": found}).encode(), **headers)


def raised(answer: Response, how=check) -> errors.ExporterError:
    with pytest.raises(errors.ExporterError) as found:
        how(answer)
    return found.value


def read(answer: Response) -> object:
    return graphql(answer, Data)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_status_below_300_may_be_read(status):
    check(response(status))


@pytest.mark.parametrize(
    ("answer", "error", "after"),
    [
        (response(401), errors.Unauthorised, None),
        (response(403), errors.Refused, None),
        (response(404), errors.NotFound, None),
        (response(410), errors.NotFound, None),
        (response(408), errors.TooSlow, None),
        (response(504), errors.TooSlow, None),
        (response(500), errors.ServerError, None),
        (response(502), errors.ServerError, None),
        (response(503), errors.ServerError, None),
        (response(302), errors.Garbled, None),
        (response(400), errors.Garbled, None),
        (response(422), errors.Garbled, None),
        (Response(403, SPENT, b""), errors.RateLimited, 100),
        (Response(429, SPENT, b""), errors.RateLimited, 100),
        (Response(403, SPENT, SECONDARY), errors.SecondaryLimited, None),
        (Response(403, {**SPENT, "x-ratelimit-reset": "3000"}, b""), errors.RateLimited, 1),
        (Response(403, {**SPENT, "x-ratelimit-reset": "9999999"}, b""), errors.RateLimited, 3900),
        (Response(403, {**SPENT, "x-ratelimit-reset": "soon"}, b""), errors.RateLimited, 60),
        (response(403, x_ratelimit_remaining="0"), errors.RateLimited, 60),
        (response(403, SECONDARY, retry_after="17"), errors.SecondaryLimited, 17),
        (response(403, SECONDARY), errors.SecondaryLimited, None),
        (response(403, retry_after="17"), errors.SecondaryLimited, 17),
        (response(429), errors.SecondaryLimited, None),
        (response(429, retry_after="0"), errors.SecondaryLimited, 0),
        (response(429, retry_after="soon"), errors.SecondaryLimited, None),
        (response(429, retry_after="nan"), errors.SecondaryLimited, None),
        (response(429, retry_after="-5"), errors.SecondaryLimited, None),
        (response(429, retry_after="99999999"), errors.SecondaryLimited, 3900),
        (response(429, retry_after="Thu, 01 Jan 1970 01:00:30 GMT", date=DATE), errors.SecondaryLimited, 30),
        (response(429, retry_after="Thu, 01 Jan 1970 00:00:30 GMT", date=DATE), errors.SecondaryLimited, 0),
        (response(429, retry_after="Thu, 01 Jan 1970 01:00:30 GMT"), errors.SecondaryLimited, None),
    ],
)
def test_a_status_with_its_headers_stands_for_one_error(answer, error, after):
    found = raised(answer)
    assert (type(found), found.after) == (error, after)


def test_a_refusal_repeats_the_forges_sentence():
    """It names the organisation that wants a single sign-on."""
    found = raised(response(403, b'{"message": "Resource protected by organization SAML enforcement."}'))
    assert "Resource protected by organization SAML enforcement." in str(found)
    assert "read access to pull requests" in str(found)
    assert str(raised(response(403, b"<html>"))).startswith("GitHub refuses (403); ")


def test_data_without_errors_is_typed():
    assert graphql(response(body=b'{"data": {"name": "a", "more": 1}}'), Data) == (Data("a"), ())


def test_errors_beside_data_are_handed_on():
    data, found = graphql(
        graphql_errors({"message": "no", "type": "FORBIDDEN", "path": ["name", 3]}, data={"name": None}), Data
    )
    assert data == Data(None)
    assert [(each.message, each.type, each.path) for each in found] == [("no", "FORBIDDEN", ("name", 3))]


@pytest.mark.parametrize(
    ("answer", "error", "after"),
    [
        (graphql_errors({"type": "RATE_LIMITED", "message": "x"}, **UNDERSCORED), errors.RateLimited, 100),
        (graphql_errors({"type": "RATE_LIMIT", "message": "x"}), errors.RateLimited, 60),
        (graphql_errors({"type": "RATE_LIMITED", "message": "secondary"}, retry_after="9"), errors.SecondaryLimited, 9),
        (graphql_errors({"type": "RESOURCE_LIMITS_EXCEEDED", "message": "x"}), errors.Overloaded, None),
        (graphql_errors({"type": "RESOURCE_LIMITS_EXCEEDED"}, data={"name": "part"}), errors.Overloaded, None),
        (graphql_errors({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": "x"}), errors.Overloaded, None),
        (graphql_errors({"message": "Something went wrong while executing your query."}), errors.TooSlow, None),
        (graphql_errors({"message": "timedout"}), errors.TooSlow, None),
        (graphql_errors({"type": "NOT_FOUND", "message": "x"}), errors.NotFound, None),
        (graphql_errors({"type": "FORBIDDEN", "message": "x"}), errors.Refused, None),
        (graphql_errors({"type": "INSUFFICIENT_SCOPES", "message": "x"}), errors.Refused, None),
        (graphql_errors({"type": "SERVICE_UNAVAILABLE", "message": "x"}), errors.Partial, None),
        (graphql_errors({}), errors.Partial, None),
        (response(body=b"{}"), errors.Partial, None),
        (response(body=b'{"data": null}'), errors.Partial, None),
        (response(body=b""), errors.Garbled, None),
        (response(body=b"<!DOCTYPE html>"), errors.Garbled, None),
        (response(body=b'{"data": {"name": "a'), errors.Garbled, None),
        (response(body=b'{"data": {"name": 7}}'), errors.Garbled, None),
        (response(body=b'{"data": {"name": "\xff"}}'), errors.Garbled, None),
        (response(body=b"[]"), errors.Garbled, None),
        (response(401), errors.Unauthorised, None),
    ],
)  # fmt: skip
def test_a_graphql_answer_that_cannot_be_used_stands_for_one_error(answer, error, after):
    found = raised(answer, read)
    assert (type(found), found.after) == (error, after)


def test_rest_answers_are_typed_or_garbled():
    assert decode(response(body=b'{"name": "a"}'), Data) == Data("a")
    assert type(raised(response(body=b"<html>"), lambda answer: decode(answer, Data))) is errors.Garbled
    assert type(raised(response(404), lambda answer: decode(answer, Data))) is errors.NotFound


def test_a_budget_is_what_the_headers_tell_and_none_means_unlimited():
    assert budget(Response(200, SPENT, b"")) == Budget("core", 5000, 0, 3700)
    assert budget(Response(200, {**SPENT, "x-ratelimit-resource": "graphql"}, b"")) == Budget("graphql", 5000, 0, 3700)
    assert budget(response()) is None
    assert budget(Response(200, {**SPENT, "x-ratelimit-limit": "many"}, b"")) is None


def test_the_servers_time_is_its_date_in_any_zone():
    assert server_time(response(date=DATE)) == 3600
    assert server_time(response(date="Thu, 01 Jan 1970 02:00:00 +0100")) == 3600
    assert server_time(response(date="Thu, 01 Jan 1970 01:00:00 -0000")) == 3600
    assert server_time(response(date="today")) is None
    assert server_time(response()) is None


def test_a_time_needs_a_zone():
    assert seconds("1970-01-01T01:00:00Z") == seconds("1970-01-01T02:00:00+01:00") == 3600
    assert stamp(3600) == "1970-01-01T01:00:00Z"
    for text in ("1970-01-01T01:00:00", "1970-01-01", "soon", "", "99999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        if text.startswith("0001"):
            assert seconds(text) < 0
            continue
        with pytest.raises(errors.Garbled):
            seconds(text)


def test_aliased_fields_come_by_number_and_all_of_them():
    assert members({"n1": "b", "n0": "a", "rateLimit": "x"}, "n", 2) == [(0, "a"), (1, "b")]
    with pytest.raises(errors.Garbled, match="leaves out 1 of 3"):
        members({"n1": "b", "n0": "a"}, "n", 3)
