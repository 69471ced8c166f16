"""What leaves the process and where to, and what comes of answers that are none."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.errors import ExporterError, Garbled, ServerError, TooSlow, Unreachable, Unreadable
from exporter.providers.base import Request
from exporter.runtime import transport
from exporter.runtime.clock import ServerClock
from exporter.runtime.health import Health
from exporter.runtime.transport import Transport
from tests.runtime.waiting import request

SECRET = "Bearer ghp_very-secret"


@asynccontextmanager
async def served(answer: Callable[[web.Request], Awaitable[web.StreamResponse]], within: float = 5, **how: str):
    """A server with one answer for all, and a transport to it."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        made = Transport("forge", str(server.make_url("/")), within, Health(), ServerClock(), **how)
        try:
            yield made
        finally:
            await made.close()


def asked(answer, what: Request | None = None, **how):
    """What one request gets, and the transport that sent it."""

    async def once():
        async with served(answer, **how) as made:
            return await made.send(what or request(body={"query": "{}"}), SECRET), made

    return asyncio.run(once())


def refused(answer, error, **how) -> ExporterError:
    with pytest.raises(error) as raised:
        asked(answer, **how)
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(raised.value.__cause__)
    return raised.value


def test_an_answer_comes_whole_with_lower_case_headers_and_sets_the_clock():
    async def answer(request):
        assert request.headers["Authorization"] == SECRET
        assert request.headers["User-Agent"].startswith("sdlc-exporter/")
        assert await request.json() == {"query": "{}"}
        return web.Response(text="hello", headers={"X-Some": "1", "Date": "Thu, 01 Jan 1970 01:00:00 GMT"})

    got, made = asked(answer)
    assert (got.status, got.body, got.headers["x-some"]) == (200, b"hello", "1")
    assert 3600 <= made.clock.now() <= 3601
    assert made.health.requests["forge", "made", "200"] == 1


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example/", "@elsewhere.example/", ""])
def test_a_request_that_names_another_host_is_not_sent(path):
    async def answer(request):
        raise AssertionError("sent")

    refused(answer, Garbled, what=Request(kind="made", path=path, read=lambda response: None))


@pytest.mark.parametrize("path", ["/@elsewhere.example/", "/\\elsewhere.example/", "/..//elsewhere.example/"])
def test_an_odd_path_stays_on_the_host(path):
    seen = []

    async def answer(request):
        seen.append(request.host)
        return web.Response()

    asked(answer, Request(kind="made", method="GET", path=path, read=lambda response: None))
    assert seen[0].startswith("127.0.0.1:")


def test_a_redirect_is_not_followed():
    """The Authorization header would go wherever the answer says."""

    async def moved(request):
        return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})

    assert "redirects (302)" in str(refused(moved, Garbled))


def fetching(answer, **how):
    """What a request for a file gets that follows a redirect, and the transport that sent it."""
    more = {"follow": True, "largest": 100, "passing": True} | how
    return asked(answer, Request(kind="file", method="GET", path="/zip", read=lambda response: None, **more))


def test_a_file_is_fetched_from_where_the_answer_points_without_the_credential():
    """The address is signed: not one of its characters is changed on the way."""
    seen = []

    async def answer(request):
        seen.append((request.raw_path, request.headers.get("Authorization")))
        if request.path == "/zip":
            return web.Response(status=302, headers={"Location": f"http://{request.host}/kept?sig=a%2fb%7e"})
        return web.Response(body=b"PK")

    got, made = fetching(answer)
    assert (got.status, got.body) == (200, b"PK")
    assert seen == [("/zip", SECRET), ("/kept?sig=a%2fb%7e", None)]
    assert (made.health.requests["forge", "file", "302"], made.health.requests["forge", "file", "200"]) == (1, 1)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_one_redirect_is_followed_and_no_second_one(status):
    async def answer(request):
        return web.Response(status=status, headers={"Location": f"http://{request.host}/secret-address"})

    with pytest.raises(ServerError) as raised:
        fetching(answer)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["http://elsewhere.example/secret", "ftp://elsewhere.example/secret", "/secret", "", "file:///etc/passwd"],
)
def test_a_file_is_not_fetched_over_an_open_line_or_from_nowhere(address):
    async def answer(request):
        return web.Response(status=302, headers={"Location": address})

    with pytest.raises(Garbled) as raised:
        fetching(answer)
    assert "secret" not in str(raised.value)


def test_where_files_are_kept_may_be_unreachable_and_its_address_is_not_told():
    async def answer(request):
        return web.Response(status=302, headers={"Location": "https://127.0.0.1:1/secret?sig=secret"})

    with pytest.raises(Unreachable) as raised:
        fetching(answer)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_file_that_is_refused_there_is_tried_again_with_a_new_address_and_one_that_is_gone_is_gone():
    async def answer(request):
        if request.path == "/zip":
            return web.Response(status=302, headers={"Location": f"http://{request.host}/kept"})
        return web.Response(status=gone)

    gone = 403
    with pytest.raises(ServerError, match="403") as raised:
        fetching(answer)
    assert raised.value.retry
    gone = 404
    assert fetching(answer)[0].status == 404


def test_a_file_larger_than_asked_for_is_not_read_to_its_end_and_not_asked_for_again():
    async def answer(request):
        return web.Response(body=b"x" * 101)

    with pytest.raises(Unreadable) as raised:
        fetching(answer)
    assert not raised.value.retry
    assert len(fetching(answer, largest=101)[0].body) == 101


def test_an_answer_in_passing_is_not_kept_for_the_next_time():
    async def answer(request):
        assert "If-None-Match" not in request.headers
        return web.Response(text="big", headers={"ETag": "1"})

    async def twice():
        async with served(answer) as made:
            for _ in range(2):
                what = Request(kind="made", method="GET", path="/a", read=lambda response: None, passing=True)
                assert (await made.send(what, SECRET)).body == b"big"

    asyncio.run(twice())


def test_a_cookie_is_not_kept():
    seen = []

    async def answer(request):
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async def twice():
        async with served(answer) as made:
            await made.send(request(), SECRET)
            await made.send(request(), SECRET)

    asyncio.run(twice())
    assert seen == [None, None]


def test_no_answer_in_time_is_too_slow_and_counted_without_a_code():
    async def answer(request):
        await asyncio.sleep(5)
        return web.Response()

    async def once():
        async with served(answer, within=0.05) as made:
            with pytest.raises(TooSlow):
                await made.send(request(), SECRET)
            return made

    assert asyncio.run(once()).health.requests["forge", "made", "000"] == 1


def test_a_connection_reset_before_or_within_the_answer_is_unreachable():
    async def reset(request):
        request.transport.abort()
        return web.Response()

    async def cut(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    refused(reset, Unreachable)
    refused(cut, Unreachable)


def test_nobody_there_is_unreachable():
    async def once():
        made = Transport("forge", "http://127.0.0.1:1", 5, Health(), ServerClock())
        try:
            await made.send(request(), SECRET)
        finally:
            await made.close()

    with pytest.raises(Unreachable, match="ClientConnectorError"):
        asyncio.run(once())


def test_an_endless_answer_is_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(transport, "LARGEST", 1000)

    async def answer(request):
        return web.Response(body=b"x" * 100_000)

    assert "larger than 1000 bytes" in str(refused(answer, Garbled))


def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path):
    async def answer(request):
        return web.Response()

    (tmp_path / "ca.pem").write_text("no certificate")
    for file in ("ca.pem", "absent.pem"):
        assert file in str(refused(answer, Unreachable, ca_file=str(tmp_path / file)))


def test_a_token_that_no_header_can_hold_is_never_told(caplog):
    caplog.set_level(logging.DEBUG)

    async def answer(request):
        return web.Response()

    async def once():
        async with served(answer) as made:
            await made.send(request(), "Bearer secret\r\nX-Other: secret")

    with pytest.raises(Unreachable) as raised:
        asyncio.run(once())
    assert "secret" not in str(raised.value)
    assert raised.value.__suppress_context__
    assert "secret" not in caplog.text


def test_an_unchanged_answer_is_taken_from_memory_with_the_new_headers():
    seen = []

    async def answer(request):
        seen.append(request.headers.get("If-None-Match"))
        headers = {"ETag": '"one"', "X-Ratelimit-Remaining": str(10 - len(seen))}
        if seen[-1] == '"one"':
            return web.Response(status=304, headers=headers)
        return web.Response(text="content", headers=headers)

    async def twice():
        async with served(answer) as made:
            asking = request(method="GET")
            first, second = await made.send(asking, SECRET), await made.send(asking, SECRET)
            await made.send(request(method="POST"), SECRET)
            return first, second

    first, second = asyncio.run(twice())
    assert seen == [None, '"one"', None]
    assert (second.status, second.body) == (first.status, first.body) == (200, b"content")
    assert (first.headers["x-ratelimit-remaining"], second.headers["x-ratelimit-remaining"]) == ("9", "8")


def test_only_some_answers_are_kept(monkeypatch):
    monkeypatch.setattr(transport, "KEPT", 2)

    async def answer(request):
        return web.Response(headers={"ETag": '"one"'})

    async def many():
        async with served(answer) as made:
            for number in range(5):
                await made.send(
                    Request(kind="made", method="GET", path=f"/{number}", read=lambda response: None), SECRET
                )
            return len(made._kept)

    assert asyncio.run(many()) == 2
