import asyncio
import contextlib
import gzip
import http.client
import shutil
import ssl
import subprocess
import threading
import time

import bcrypt
import pytest

from exporter.catalogue import Group, Kind, Metric
from exporter.errors import StoreError, Unanswerable
from exporter.exposition import Exposition
from exporter.runtime import web
from exporter.runtime.page import ConfigStatus, Status, StoreStatus
from exporter.runtime.web_config import WebConfig, load
from tests.runtime.test_audit_forms import COUNTED
from tests.runtime.test_web_config import SECRET, basic, certificate, rewritten

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OPEN = WebConfig()
SCRAPE = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
PATHS = ["/", "/metrics", "/diagnosis", "/audit", "/-/healthy", "/-/ready", "/-/reload", "/nowhere"]


class World:
    """An application of one gauge."""

    def __init__(self):
        self.scrapes, self.reasons, self.faults, self.reloads = 0, [], [], 0
        self.answers, self.audited = [COUNTED], []
        metric = Metric(name="sdlc_changes", kind=Kind.GAUGE, group=Group.STATE, help="Open.", labels=("repository",))
        exposition = Exposition([metric])
        exposition.set("sdlc_changes", ("acme/shop",), 20)
        self.rendered = exposition.render()

    def metrics(self):
        return self.rendered

    def scraped(self):
        self.scrapes += 1

    def ready(self):
        return self.reasons

    def status(self):
        return Status("0.1.0", 60.0, 0.0, ConfigStatus("<x>.yaml", 0.0), StoreStatus(None))

    async def audit(self, series, most):
        self.audited.append((series, most))
        if isinstance(self.answers, Exception):
            raise self.answers
        await self.gate()
        return self.answers

    async def gate(self):
        """What an audit and a report wait for."""

    async def diagnosis(self, form):
        await self.gate()
        return f"the gain, as {form}"

    async def reload(self):
        self.reloads += 1
        return self.faults


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        self.text = self.body.decode("utf-8", "replace")


def ask(port, path, method="GET", tls=None, body=None, **headers):
    """One request on a connection of its own; an underscore in a header's name stands for a hyphen."""
    kind = http.client.HTTPConnection if tls is None else http.client.HTTPSConnection
    connection = kind("localhost", port, timeout=10, **({} if tls is None else {"context": tls}))
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def serve(story, pages=None, config=OPEN, **more):
    """Run a blocking story(port) in a thread beside the server, then stop the server."""

    async def run():
        served = await web.start(pages or World(), "localhost", 0, config, **more)
        try:
            return await asyncio.to_thread(story, served.port)
        finally:
            await served.stop()

    return asyncio.run(run())


PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "encoding", "form"),
    [
        ("", "", "text"),
        ("*/*", "", "text"),
        (PROMETHEUS_2, "gzip", "openmetrics_gzip"),
        (PROMETHEUS_3, "gzip", "openmetrics_gzip"),
        ("application/openmetrics-text", "", "openmetrics"),
        ('application/openmetrics-text; version="1.0.0"', "", "openmetrics"),
        ("Application/OpenMetrics-Text;Version=1.0.0", "", "openmetrics"),
        ("application/openmetrics-text;version=0.0.1", "", "text"),
        ("application/openmetrics-text;version=2.0.0", "", "text"),
        ("application/openmetrics-text;q=0", "", "text"),
        ("application/openmetrics-text;q=0.4,text/plain;q=0.5", "", "text"),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.5", "", "openmetrics"),
        ("application/openmetrics-text;q=0.5,text/*;q=0.6", "", "text"),
        ("application/openmetrics-text;q=0.5,text/plain;version=1.0.0", "", "openmetrics"),
        ("application/openmetrics-text;q=lots", "", "text"),
        ("application/openmetrics-text;q=nan", "", "text"),
        ("application/json", "", "text"),
        ("application/*", "", "text"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "gzip, deflate, br", "text_gzip"),
        (";;,,=;q", ";;,,", "text"),
        ("", "gzip", "text_gzip"),
        ("", "GZIP", "text_gzip"),
        ("", "x-gzip", "text_gzip"),
        ("", "*", "text_gzip"),
        ("", "br", "text"),
        ("", "identity", "text"),
        ("", "gzip;q=0", "text"),
        ("", "gzip;q=0, *", "text"),
        ("", "*;q=0", "text"),
        ("", "gzip;q=0.5, identity", "text"),
        ("", "gzip;q=1.0, identity;q=0.5", "text_gzip"),
    ],
)
def test_a_scraper_gets_the_form_it_prefers_among_those_there_are(accept, encoding, form):
    assert web.form(accept, encoding) == form


@pytest.mark.parametrize("form", ["text", "text_gzip", "openmetrics", "openmetrics_gzip"])
def test_metrics_are_the_prepared_bytes_with_their_type(form):
    world = World()
    accept = {"Accept": "application/openmetrics-text"} if form.startswith("open") else {}
    encoding = {"Accept_Encoding": "gzip" if form.endswith("gzip") else "identity"}
    answer = serve(lambda port: ask(port, "/metrics", **accept, **encoding), world)
    assert (answer.status, answer.body) == (200, world.rendered.form(form))
    assert answer.headers["Content-Type"] == (OPENMETRICS if form.startswith("open") else TEXT)
    assert answer.headers["Content-Encoding"] == ("gzip" if form.endswith("gzip") else None)
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(answer.body)


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/diagnosis", "/audit", "/audit?series=a&format=csv", "/-/healthy", "/-/ready"]
)
def test_head_tells_what_get_would_and_has_no_body(path):
    get, head = serve(lambda port: (ask(port, path), ask(port, path, "HEAD")))
    assert (head.status, head.body) == (get.status, b"")
    assert [head.headers[name] for name in ("Content-Type", "Content-Length")] == [
        get.headers[name] for name in ("Content-Type", "Content-Length")
    ]


def test_only_a_get_with_prometheus_header_is_a_scrape():
    world = World()

    def story(port):
        ask(port, "/metrics")
        ask(port, "/metrics", "HEAD", **SCRAPE)
        ask(port, "/", **SCRAPE)
        assert world.scrapes == 0
        ask(port, "/metrics", **SCRAPE)
        ask(port, "/metrics", Accept_Encoding="gzip", **SCRAPE)
        assert world.scrapes == 2

    serve(story, world)


def test_readiness_names_what_is_missing_and_health_does_not_depend_on_it():
    world = World()
    world.reasons = ["the store is not open", "the configuration was not read"]

    def story(port):
        healthy, ready = ask(port, "/-/healthy"), ask(port, "/-/ready")
        assert (healthy.status, healthy.text) == (200, "Healthy.\n")
        expected = "Not ready:\nthe store is not open\nthe configuration was not read\n"
        assert (ready.status, ready.text) == (503, expected)
        world.reasons = []
        assert ask(port, "/-/ready").status == 200

    serve(story, world)


def test_a_reload_answers_with_the_faults_of_the_new_file():
    world = World()

    def story(port):
        assert ask(port, "/-/reload", "POST").status == 200
        world.faults = ["c.yaml:1: sources: is missing", "c.yaml:2: stor: unknown key"]
        answer = ask(port, "/-/reload", "POST")
        assert answer.status == 400
        assert answer.text.endswith("\nc.yaml:1: sources: is missing\nc.yaml:2: stor: unknown key\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert world.reloads == 2

    serve(story, world)


@pytest.mark.parametrize(
    ("query", "form", "kind"),
    [
        ("", "html", "text/html"),
        ("?format=text", "text", "text/plain"),
        ("?format=markdown", "markdown", "text/markdown"),
        ("?format=json", "json", "application/json"),
    ],
)
def test_the_diagnosis_is_told_in_the_form_that_is_asked_for_and_kept_nowhere(query, form, kind):
    answer = serve(lambda port: ask(port, f"/diagnosis{query}"))
    assert answer.body.decode() == f"the gain, as {form}"
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_of_the_diagnosis_that_there_is_not_names_those_that_there_are():
    answer = serve(lambda port: ask(port, "/diagnosis?format=pdf"))
    assert (answer.status, answer.body) == (400, b"No such format; write one of html, text, markdown, json.\n")


@pytest.mark.parametrize(
    ("form", "kind", "said"),
    [
        ("", "text/html; charset=utf-8", "change 12"),
        ("&format=html", "text/html; charset=utf-8", "change 12"),
        ("&format=csv", "text/csv; charset=utf-8", "acme/shop,change,12"),
        ("&format=json", "application/json; charset=utf-8", '"number": 12'),
    ],
)
def test_an_audit_is_told_in_the_form_that_is_asked_for_and_kept_nowhere(form, kind, said):
    world = World()
    answer = serve(lambda port: ask(port, f"/audit?series=sdlc_changes%7B%7D{form}"), world)
    assert (answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (200, kind, "no-store")
    assert said in answer.text
    assert [series for series, _ in world.audited] == ["sdlc_changes{}"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("query", "most"), [("", 200), ("&format=csv", 1000), ("&limit=7", 7), ("&limit=99999&format=json", 10_000)]
)
def test_an_audit_tells_so_many_rows_as_are_asked_for_up_to_a_bound(query, most):
    world = World()
    serve(lambda port: ask(port, f"/audit?series=a{query}"), world)
    assert world.audited == [("a", most)]


@pytest.mark.parametrize("query", ["format=xml", "limit=-1", "limit=x", "limit=9999999999", "limit=%C2%B2"])
def test_an_audit_that_is_asked_wrongly_is_told_the_words(query):
    world = World()
    answer = serve(lambda port: ask(port, f"/audit?series=a&{query}"), world)
    assert (answer.status, world.audited) == (400, [])
    assert answer.text == "format is one of html, csv, json; limit is a number up to 10000\n"


def test_an_audit_without_an_answer_says_why_and_what_may_be_meant():
    world = World()

    def story(port):
        world.answers = Unanswerable("there is no metric <x>")
        page, plain = ask(port, "/audit?series=x"), ask(port, "/audit?series=x&format=json")
        assert (page.status, plain.status) == (404, 404)
        assert "there is no metric &lt;x&gt;" in page.text
        assert (plain.headers["Content-Type"], plain.text) == ("text/plain; charset=utf-8", "there is no metric <x>\n")
        world.answers = Unanswerable("which?", ("a", "b"))
        page, plain = ask(port, "/audit?series=x"), ask(port, "/audit?series=x&format=csv")
        assert (page.status, plain.status, plain.text) == (200, 404, "which?\na\nb\n")
        assert 'href="/audit?series=b"' in page.text
        world.answers = StoreError("the state database is being opened")
        assert ask(port, "/audit?series=x").status == 503

    serve(story, world)


@pytest.mark.parametrize("path", ["/audit?series=a", "/diagnosis"])
def test_more_audits_or_reports_than_four_at_once_are_turned_away_and_scrapes_are_not(path):
    """Four wait until they are let go; the fifth hears at once that it may come later."""
    world = World()

    async def run():
        free, waiting = asyncio.Event(), asyncio.Semaphore(0)

        async def gate():
            waiting.release()
            await free.wait()

        world.gate = gate
        async with serving(world) as served:
            asked = [asyncio.create_task(asyncio.to_thread(ask, served.port, path)) for _ in range(4)]
            for _ in asked:
                await waiting.acquire()
            fifth = await asyncio.to_thread(ask, served.port, path)
            scrape = await asyncio.to_thread(ask, served.port, "/metrics")
            free.set()
            return fifth.status, scrape.status, [(await each).status for each in asked]

    assert asyncio.run(run()) == (503, 200, [200] * 4)


def test_another_web_site_cannot_have_a_visitor_reload_the_exporter():
    world = World()
    answer = serve(lambda port: ask(port, "/-/reload", "POST", Sec_Fetch_Site="cross-site"), world)
    assert (answer.status, world.reloads) == (403, 0)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/-/reload", {"POST"}),
        ("PUT", "/-/reload", {"POST"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
        ("POST", "/audit", {"GET", "HEAD"}),
        ("DELETE", "/", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method, path, allowed):
    world = World()
    answer = serve(lambda port: ask(port, path, method), world)
    assert (answer.status, set(answer.headers["Allow"].split(","))) == (405, allowed)
    assert world.reloads == 0


def test_what_is_not_there_is_said_in_two_words_and_repeats_nothing():
    answer = serve(lambda port: ask(port, "/%3Cscript%3E"))
    assert (answer.status, answer.text) == (404, "Not Found\n")


def test_the_page_is_escaped_and_may_load_or_run_nothing():
    answer = serve(lambda port: ask(port, "/"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;x&gt;.yaml" in answer.text
    assert "<x>" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded_and_does_not_name_the_software(path):
    answer = serve(lambda port: ask(port, path))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Server"] is None


def test_headers_of_the_web_configuration_go_before_the_built_in_ones():
    config = WebConfig(headers={"X-Frame-Options": "SAMEORIGIN", "Strict-Transport-Security": "max-age=1"})
    answer = serve(lambda port: ask(port, "/nowhere"), config=config)
    assert answer.headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=1"


def test_with_users_every_path_wants_a_password_the_probes_too():
    world = World()

    def story(port):
        for path in PATHS:
            for method in ("GET", "POST", "HEAD"):
                for wrong in (
                    {},
                    {"Authorization": basic("me", "guess")},
                    {"Authorization": basic("you", "open sesame")},
                ):
                    answer = ask(port, path, method, **SCRAPE, **wrong)
                    assert answer.status == 401
                    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert (world.scrapes, world.reloads) == (0, 0)
        right = {"Authorization": basic("me", "open sesame")}
        assert [ask(port, path, **right).status for path in PATHS] == [200, 200, 200, 200, 200, 200, 405, 404]

    serve(story, world, WebConfig(users={"me": SECRET}))


def test_a_removed_user_is_out_without_a_restart(tmp_path):
    path = tmp_path / "web.yaml"
    path.write_text(f"basic_auth_users: {{me: {SECRET}, you: {SECRET}}}")
    me = {"Authorization": basic("me", "open sesame")}

    def story(port):
        assert ask(port, "/metrics", **me).status == 200
        rewritten(path, f"basic_auth_users: {{you: {SECRET}}}")
        deadline = time.monotonic() + 5
        while ask(port, "/metrics", **me).status == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert ask(port, "/metrics", **me).status == 401

    serve(story, config=load(path))


def test_a_flood_of_guesses_is_turned_away_before_it_queues():
    """20 verifications of some 50 ms may wait; of 30 guesses sent at once, 10 are refused without one."""
    slow = bcrypt.hashpw(b"x", bcrypt.gensalt(10)).decode()

    async def run():
        head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
        guesses = [(head + basic("me", f"guess {each}") + "\r\n\r\n").encode() for each in range(30)]
        async with serving(config=WebConfig(users={"me": slow})) as served, contextlib.AsyncExitStack() as clients:
            readers = [await clients.enter_async_context(talk(served.port, guess)) for guess in guesses]
            said = [(await reader.read()).split()[1] for reader in readers]
        return said.count(b"401"), said.count(b"503")

    refused_after_a_look, refused_at_once = asyncio.run(run())
    assert refused_after_a_look + refused_at_once == 30
    assert refused_at_once > 0


@pytest.fixture
def folder(tmp_path):
    for name in ("server", "client", "stranger"):
        certificate(tmp_path, name)
    return tmp_path


def secured(folder, more=""):
    path = folder / "web.yaml"
    path.write_text(f"tls_server_config: {{cert_file: server.crt, key_file: server.key{more}}}")
    return load(path)


def test_tls_serves_with_the_certificate_and_no_plain_http(folder):
    trusting = ssl.create_default_context(cafile=folder / "server.crt")

    def story(port):
        assert ask(port, "/metrics", tls=trusting).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(port, "/metrics", tls=ssl.create_default_context())
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(port, "/metrics")

    serve(story, config=secured(folder))


def test_a_client_without_the_right_certificate_stays_outside(folder):
    config = secured(folder, ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: client.crt")

    def client(name):
        context = ssl.create_default_context(cafile=folder / "server.crt")
        if name:
            context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
        return context

    def story(port):
        assert ask(port, "/metrics", tls=client("client")).status == 200
        for name in ("", "stranger"):
            with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                ask(port, "/metrics", tls=client(name))

    serve(story, config=config)


def test_a_renewed_certificate_is_served_without_a_restart(folder):
    def story(port):
        former = ssl.create_default_context(cafile=folder / "server.crt")
        assert ask(port, "/metrics", tls=former).status == 200
        certificate(folder, "server")
        renewed = ssl.create_default_context(cafile=folder / "server.crt")
        deadline = time.monotonic() + 5
        while True:
            try:
                assert ask(port, "/metrics", tls=renewed).status == 200
                break
            except ssl.SSLCertVerificationError:
                assert time.monotonic() < deadline
                time.sleep(0.1)

    serve(story, config=secured(folder))


QUICK = web.Patience(header=0.2, idle=0.3, send=0.5, linger=0.2, stop=0.2)


@contextlib.asynccontextmanager
async def talk(port, sent):
    """A connection on which the client sends this and no more."""
    reader, writer = await asyncio.open_connection("localhost", port)
    try:
        writer.write(sent)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(pages=None, config=OPEN, **more):
    served = await web.start(pages or World(), "localhost", 0, config, **more)
    try:
        yield served
    finally:
        await served.stop()


def hangs_up(sent, pages=None, config=OPEN, patience=QUICK):
    """What the server says before it ends, within 3 s, a connection on which the client sends this and no more."""

    async def run():
        async with serving(pages, config, patience=patience) as served, talk(served.port, sent) as reader:
            async with asyncio.timeout(3):
                return await reader.read()

    return asyncio.run(run())


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_who_does_not_finish_the_headers_is_hung_up_on(sent):
    assert hangs_up(sent, patience=QUICK._replace(idle=60)) == b""


def test_who_says_nothing_after_an_answer_is_hung_up_on():
    assert hangs_up(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /").endswith(b"Healthy.\n")


def test_who_never_begins_the_tls_handshake_is_hung_up_on(folder):
    assert hangs_up(b"", config=secured(folder)) == b""


def test_who_does_not_read_the_answer_is_cut_off():
    """40 MB fit in no socket buffer."""

    class Big(World):
        def __init__(self):
            super().__init__()
            self.rendered.__dict__["text"] = bytes(40_000_000)

    async def run():
        request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        async with serving(Big(), patience=QUICK) as served, talk(served.port, request) as reader:
            await asyncio.sleep(QUICK.send + 0.3)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(40_000_000)

    asyncio.run(run())


def test_other_clients_are_served_while_some_dawdle():
    async def run():
        async with serving() as served, contextlib.AsyncExitStack() as dawdlers:
            for _ in range(200):
                await dawdlers.enter_async_context(talk(served.port, b"GET / HTTP/1.1\r\nX: "))
            return (await asyncio.to_thread(ask, served.port, "/-/healthy")).status

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\x01\x02 nonsense\r\n\r\n",
    ],
    ids=["header", "path", "bytes"],
)
def test_what_is_too_long_or_no_http_is_refused_at_once(sent):
    assert hangs_up(sent).startswith(b"HTTP/1.0 400") or hangs_up(sent).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("length", "status", "reloads"), [("Content-Length: 1000000000", 413, 0), ("Transfer-Encoding: chunked", 200, 1)]
)
def test_a_body_is_not_waited_for(length, status, reloads):
    """No path takes a body: a large one is refused, one of unknown length is ignored, and the connection ends."""
    world = World()
    sent = f"POST /-/reload HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n400\r\n".encode() + bytes(1000)
    assert hangs_up(sent, world).startswith(f"HTTP/1.1 {status} ".encode())
    assert world.reloads == reloads


def test_stopping_ends_idle_connections_and_frees_the_port():
    async def run():
        served = await web.start(World(), "localhost", 0, OPEN, patience=QUICK)
        async with talk(served.port, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
            await reader.readuntil(b"Healthy.\n")
            before = time.monotonic()
            await served.stop()
            assert time.monotonic() - before < 1
            assert await reader.read() == b""
        again = await web.start(World(), "localhost", served.port, OPEN)
        await again.stop()

    asyncio.run(run())


def test_a_taken_port_is_told_at_once():
    async def run():
        served = await web.start(World(), "127.0.0.1", 0, WebConfig())
        try:
            with pytest.raises(OSError, match="address already in use"):
                await web.start(World(), "127.0.0.1", served.port, WebConfig())
        finally:
            await served.stop()

    asyncio.run(run())


def test_a_form_nobody_asked_for_before_is_made_beside_the_loop():
    """Compressing 100,000 series takes some 40 ms, in which the loop has other things to do."""
    world, makers = World(), []

    class Watched(type(world.rendered)):
        def form(self, name):
            if not self.has(name):
                makers.append(threading.current_thread())
            return super().form(name)

    world.rendered.__class__ = Watched

    async def run():
        async with serving(world) as served:
            first = await asyncio.to_thread(ask, served.port, "/metrics", Accept_Encoding="gzip")
            second = await asyncio.to_thread(ask, served.port, "/metrics", Accept_Encoding="gzip")
            return first.body, second.body, threading.current_thread()

    first, second, loops = asyncio.run(run())
    assert gzip.decompress(first) == gzip.decompress(second) == world.rendered.text
    assert len(makers) == 1
    assert makers[0] is not loops


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_what_is_served():
    answer = serve(lambda port: ask(port, "/metrics"))
    said = subprocess.run(["promtool", "check", "metrics"], input=answer.body, capture_output=True, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
