"""What a receiver gets, when it is asked again, and what is said where it takes nothing."""

import asyncio
import base64
import ssl
from contextlib import asynccontextmanager
from struct import unpack

import cramjam
import pytest
from aiohttp import web

from exporter.catalogue import Group, Kind, Metric
from exporter.errors import ExporterError, RateLimited, Refused, ServerError, Unauthorised
from exporter.exposition import Exposition
from exporter.runtime import remote_write
from exporter.runtime.credentials import TokenVariable
from exporter.runtime.remote_write import Encoder, Password, Receiver, Rejected, secret_file
from exporter.runtime.replay import Moment
from tests.runtime.test_web_config import certificate
from tests.runtime.waiting import Time

HITS = Metric(name="hits_total", kind=Kind.COUNTER, group=Group.EVENTS, help="h", labels=("repository",))
WAIT = Metric(
    name="wait_seconds", kind=Kind.HISTOGRAM, group=Group.EVENTS, help="h", labels=("who",), bounds=(1, 2000000)
)


def fields(message):
    """The fields of a protobuf message: number and value, a double as its eight bytes."""
    place = 0

    def number():
        nonlocal place
        found = shift = 0
        while True:
            byte = message[place]
            place += 1
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    while place < len(message):
        field, wire = divmod(number(), 8)
        if wire == 0:
            yield field, number()
        else:
            length = 8 if wire == 1 else number()
            yield field, message[place : place + length]
            place += length


def read(body):
    """A request's series: labels in their order, value, milliseconds."""
    for field, series in fields(bytes(cramjam.snappy.decompress_raw(body))):
        assert field == 1
        parts = list(fields(series))
        labels = tuple(tuple(text.decode() for _, text in fields(part)) for number, part in parts if number == 1)
        (sample,) = (dict(fields(part)) for number, part in parts if number == 2)
        yield labels, unpack("<d", sample[1])[0], sample[2]


class Answering:
    """A receiver that answers with each of a list in turn, then well; ``got`` are the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.got = []

    async def answer(self, request):
        self.got.append((dict(request.headers), await request.read()))
        status, text, headers = self.answers.pop(0) if self.answers else (204, "", {})
        return web.Response(status=status, text=text, headers=headers)


@asynccontextmanager
async def served(answer, tls=None):
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield f"http{'s' * (tls is not None)}://127.0.0.1:{runner.addresses[0][1]}/api/v1/write"
    finally:
        await runner.cleanup()


def write(answer, series=(b"\n\x00",), credential=None, headers=None):
    """Send some series; how long was waited."""
    time = Time()

    async def once():
        async with served(answer) as url:
            receiver = Receiver(url, credential, headers, sleep=time.sleep)
            try:
                await receiver.write(series)
            finally:
                await receiver.close()

    asyncio.run(once())
    return time.slept


def moment(at=1_700_000_000):
    exposition = Exposition([HITS, WAIT])
    exposition.set("hits_total", ("acme/shop",), 3)
    exposition.set_histogram("wait_seconds", ("ann",), [1, 2, 3], 40)
    return Moment(at, exposition, ("hits_total", "wait_seconds"))


def test_a_receiver_gets_what_a_scrape_would_have_read():
    """Three buckets of 1, 1 + 2 and 1 + 2 + 3, their number and sum; every label but the name as on the page."""
    answer, encoder = Answering(), Encoder({"job": "sdlc", "Zone": "a"})
    write(answer, encoder.series(moment()))
    ((headers, body),) = answer.got
    assert {
        name: headers[name] for name in ("Content-Type", "Content-Encoding", "X-Prometheus-Remote-Write-Version")
    } == {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    assert "Authorization" not in headers
    found = list(read(body))
    assert {at for *_, at in found} == {1_700_000_000_000}
    assert found[0][0] == (("Zone", "a"), ("__name__", "hits_total"), ("job", "sdlc"), ("repository", "acme/shop"))
    assert [value for _, value, _ in found] == [3, 1, 3, 6, 6, 40]
    rest = [dict(labels) for labels, *_ in found[1:]]
    assert [(each["__name__"], each.get("le")) for each in rest] == [
        ("wait_seconds_bucket", "1.0"),
        ("wait_seconds_bucket", "2e+06"),
        ("wait_seconds_bucket", "+Inf"),
        ("wait_seconds_count", None),
        ("wait_seconds_sum", None),
    ]


def test_the_names_and_labels_are_those_of_the_page():
    lines = moment().text().decode().splitlines()
    named = set()
    for labels, value, at in read(cramjam.snappy.compress_raw(b"".join(Encoder({}).series(moment())))):
        words = dict(labels)
        name = words.pop("__name__")
        inside = ",".join(f'{label}="{word}"' for label, word in words.items())
        named.add(f"{name}{{{inside}}} {value} {at // 1000}")
    assert named == set(lines)


def test_a_later_instant_has_its_own_timestamp_and_values():
    """Labels are encoded once; a timestamp before 1971 is shorter and has its own lengths."""
    encoder = Encoder({})
    early, late, again = (list(encoder.series(moment(at))) for at in (1000, 1_700_000_000, 1_700_000_001))
    for some, at in ((early, 1000), (late, 1_700_000_000), (again, 1_700_000_001)):
        found = list(read(cramjam.snappy.compress_raw(b"".join(some))))
        assert {each for *_, each in found} == {at * 1000}
        assert [value for _, value, _ in found] == [3, 1, 3, 6, 6, 40]


def test_requests_hold_so_many_series_and_no_more(monkeypatch):
    monkeypatch.setattr(remote_write, "AT_ONCE", 4)
    answer = Answering()
    write(answer, Encoder({}).series(moment()))
    assert [len(list(read(body))) for _, body in answer.got] == [4, 2]


def test_what_may_be_repeated_is_repeated_and_waits_grow():
    """Each wait is the half to the whole of 1, 2 and 4 s."""
    answer = Answering(*((status, "", {}) for status in (503, 500, 502)))
    slept = write(answer)
    assert len(answer.got) == 4
    assert len({body for _, body in answer.got}) == 1
    for wait, most in zip(slept, (1, 2, 4), strict=True):
        assert most / 2 <= wait <= most


def test_the_receivers_own_wish_is_kept():
    """Retry-After of 7 s, and a second at most on top."""
    (wait,) = write(Answering((429, "", {"Retry-After": "7"})))
    assert 7 <= wait <= 8


def test_a_wish_longer_than_a_quarter_of_an_hour_is_not_undercut():
    """901 s are a second too many: it is not asked again at all."""
    answer = Answering((429, "come back", {"Retry-After": "901"}))
    with pytest.raises(RateLimited, match="come back"):
        write(answer)
    assert len(answer.got) == 1
    assert 900 <= write(Answering((429, "", {"Retry-After": "900"})))[0] <= 901


def test_a_receiver_that_stays_unwell_is_given_up():
    """After twenty attempts; the longest wait is a minute."""
    answer = Answering(*[(500, "no space", {})] * 30)
    with pytest.raises(ServerError, match="500: no space"):
        write(answer)
    assert len(answer.got) == remote_write.ATTEMPTS
    answer = Answering(*[(429, "slow down", {})] * 30)
    with pytest.raises(RateLimited):
        write(answer)


@pytest.mark.parametrize(
    ("status", "text", "kind", "said"),
    [
        (400, "out of order sample", Rejected, "storage.tsdb.out_of_order_time_window"),
        (400, "out of bounds", Rejected, "--tsdb.out-of-order.time-window"),
        (
            409,
            "the sample has been rejected because its timestamp is too old",
            Rejected,
            "limits.out_of_order_time_window",
        ),
        (400, "invalid label", Rejected, r"takes none of it \(400\): invalid label"),
        (404, "remote write receiver needs to be enabled", Rejected, "--web.enable-remote-write-receiver"),
        (302, "", Rejected, "redirects"),
        (401, "who", Unauthorised, "401"),
        (403, "no", Refused, "403"),
    ],
)
def test_what_cannot_succeed_is_not_repeated_and_says_what_to_do(status, text, kind, said):
    answer = Answering((status, text, {}))
    with pytest.raises(kind, match=said):
        write(answer)
    assert len(answer.got) == 1


def test_credentials_go_along_and_into_no_message(tmp_path):
    """A user with a password from a file, a token from a variable, and a tenant's header."""
    (tmp_path / "password").write_text("se:cret\n")
    password = Password("ann", lambda: secret_file(tmp_path / "password"))
    for credential, header in (
        (password, "Basic " + base64.b64encode(b"ann:se:cret").decode()),
        (TokenVariable("T", {"T": "s3cret"}), "Bearer s3cret"),
    ):
        answer = Answering((400, "bad", {}))
        with pytest.raises(ExporterError) as raised:
            write(answer, credential=credential, headers={"X-Scope-OrgID": "acme"})
        assert answer.got[0][0]["Authorization"] == header
        assert answer.got[0][0]["X-Scope-OrgID"] == "acme"
        assert "cret" not in str(raised.value)


def test_a_password_that_cannot_be_read_is_named_by_its_file(tmp_path):
    with pytest.raises(Unauthorised, match="none cannot be read"):
        write(Answering(), credential=Password("ann", lambda: secret_file(tmp_path / "none")))


def test_a_receiver_that_is_not_there_is_asked_again(monkeypatch):
    """Nothing listens; after two attempts it is given up."""
    monkeypatch.setattr(remote_write, "ATTEMPTS", 2)
    time = Time()

    async def once():
        receiver = Receiver("http://127.0.0.1:9/api/v1/write", sleep=time.sleep)
        try:
            await receiver.write([b"\n\x00"])
        finally:
            await receiver.close()

    with pytest.raises(ExporterError, match=r"127\.0\.0\.1"):
        asyncio.run(once())
    assert len(time.slept) == 1


def test_a_certificate_that_is_not_trusted_is_not_asked_again(tmp_path):
    """It will be the same in a quarter of an hour; with --ca-file the same receiver takes all."""
    certificate(tmp_path, "server")
    context, time = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), Time()
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")

    async def once(ca_file):
        async with served(Answering(), context) as url:
            receiver = Receiver(url.replace("127.0.0.1", "localhost"), ca_file=ca_file, sleep=time.sleep)
            try:
                await receiver.write([b"\n\x00"])
            finally:
                await receiver.close()

    with pytest.raises(Rejected, match="--ca-file"):
        asyncio.run(once(None))
    asyncio.run(once(str(tmp_path / "server.crt")))
    assert time.slept == []


def test_without_snappy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cramjam", None)
    with pytest.raises(ExporterError, match=r"sdlc-exporter\[remote-write\]"):
        Receiver("http://127.0.0.1:9/")
