import asyncio
import base64
import contextlib
import datetime as dt
import logging
import os
import ssl
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exporter.errors import ConfigError
from exporter.runtime.web_config import Gate, Live, WebConfig, load


def hashed(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


SECRET = hashed("open sesame")


def certificate(folder: Path, name: str, host: str = "localhost") -> None:
    """Write NAME.crt and NAME.key: a self-signed certificate for the host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / f"{name}.key").write_bytes(pem)


@pytest.fixture
def folder(tmp_path):
    certificate(tmp_path, "server")
    return tmp_path


def written(folder, text):
    path = folder / "web.yaml"
    path.write_text(text)
    return path


def faults(folder, text):
    """The sentences without the file's folder."""
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return str(caught.value).replace(f"{folder}/", "").split("\n")


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


def test_no_file_and_an_empty_file_are_a_plain_server(tmp_path):
    assert load(None) == WebConfig()
    assert load(written(tmp_path, "# nothing\n")).tls is None


def test_a_whole_file_is_read_with_its_paths_from_its_own_folder(folder):
    config = load(
        written(
            folder,
            f"""
            tls_server_config:
              cert_file: server.crt
              key_file: {folder}/server.key
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: server.crt
              min_version: TLS13
            http_server_config:
              http2: true
              headers: {{Strict-Transport-Security: max-age=60}}
            basic_auth_users:
              prometheus: {SECRET}
            """,
        )
    )
    assert (config.tls.cert_file, config.tls.key_file) == (f"{folder}/server.crt", f"{folder}/server.key")
    assert (config.tls.min_version, config.tls.max_version) == ("TLS13", "TLS13")
    assert config.headers == {"Strict-Transport-Security": "max-age=60"}
    assert config.users == {"prometheus": SECRET}
    assert config.warnings == (f"{folder}/web.yaml: http_server_config.http2: is ignored; HTTP/1.1 is spoken",)


BAD = [
    ("tls_server: {}", ["web.yaml:1: tls_server: unknown key; did you mean 'tls_server_config'?"]),
    (
        TLS + ", cipher_suites: []}",
        [
            "web.yaml:1: tls_server_config.cipher_suites: unknown key; the ciphers are those of the Python and OpenSSL "
            "installed; remove the line"
        ],
    ),
    (
        TLS + ", min_version: TLS10}",
        ["web.yaml:1: tls_server_config.min_version: TLS10 is no longer safe; write TLS12 or TLS13"],
    ),
    (
        TLS + ", max_version: TLS14}",
        ["web.yaml:1: tls_server_config.max_version: 'TLS14' is not a TLS version; did you mean 'TLS13'?"],
    ),
    (
        TLS + ", min_version: TLS13, max_version: TLS12}",
        ["web.yaml:1: tls_server_config.max_version: is older than min_version TLS13; raise it or remove it"],
    ),
    (
        TLS + ", client_auth_type: RequireAnyClientCert}",
        [
            "web.yaml:1: tls_server_config.client_auth_type: RequireAnyClientCert verifies nobody; write "
            "VerifyClientCertIfGiven or RequireAndVerifyClientCert"
        ],
    ),
    (
        TLS + ", client_auth_type: VerifyClientCertIfGiven}",
        [
            "web.yaml:1: tls_server_config.client_ca_file: is missing; VerifyClientCertIfGiven needs the authorities "
            "to verify with"
        ],
    ),
    (
        TLS + ", client_ca_file: server.crt}",
        [
            "web.yaml:1: tls_server_config.client_ca_file: has no effect; add client_auth_type: "
            "RequireAndVerifyClientCert"
        ],
    ),
    (
        "tls_server_config: {cert_file: server.crt}",
        ["web.yaml:1: tls_server_config.key_file: is missing; add it: PEM file with the private key, not encrypted."],
    ),
    (
        "tls_server_config: {cert_file: none.crt, key_file: none.key}",
        [
            "web.yaml:1: tls_server_config.cert_file: cannot be read: No such file or directory; "
            "name a readable PEM file",
            "web.yaml:1: tls_server_config.key_file: cannot be read: No such file or directory; "
            "name a readable PEM file",
        ],
    ),
    (
        "basic_auth_users: {me: open sesame}\nhttp_server_config: {headers: {Server: x, X-Frame-Options: 'a\tb'}}",
        [
            "web.yaml:1: basic_auth_users.me: is not a bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':\\n'",
            "web.yaml:2: http_server_config.headers.Server: is not a header that may be set; write "
            "Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options or "
            "X-XSS-Protection",
            "web.yaml:2: http_server_config.headers.X-Frame-Options: holds a control character; write it in one line",
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[text[:40] for text, _ in BAD])
def test_every_fault_of_a_file_is_told_at_once_with_its_place_and_remedy(folder, text, said):
    assert faults(folder, text) == said


def test_a_list_is_no_configuration(folder):
    (said,) = faults(folder, "- a")
    assert said.startswith("web.yaml:1: ")


def test_a_key_that_does_not_belong_to_the_certificate_is_a_fault(folder):
    certificate(folder, "other")
    (said,) = faults(folder, "tls_server_config: {cert_file: server.crt, key_file: other.key}")
    assert said.startswith("web.yaml:1: tls_server_config: these files make no TLS server (KEY_VALUES_MISMATCH)")


def test_an_encrypted_key_is_a_fault_and_asks_nobody_at_the_terminal(folder):
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"x")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    (folder / "server.key").write_bytes(pem)
    (said,) = faults(folder, TLS + "}")
    assert "these files make no TLS server" in said


def test_a_file_that_is_not_there_or_not_text_is_a_fault(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "web.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match=r"byte 4 is not UTF-8"):
        load(tmp_path / "web.yaml")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def rewritten(path, text):
    """Write a file so that its time differs however coarse the file system's clock is."""
    later = path.stat().st_mtime_ns + 10**9
    path.write_text(text)
    os.utime(path, ns=(later, later))


def test_users_and_headers_follow_the_file_and_a_faulty_one_changes_nothing(folder, caplog):
    path = written(folder, f"basic_auth_users: {{a: {SECRET}}}")
    clock = Clock()
    live = Live(load(path), pause=1, clock=clock)
    rewritten(path, f"basic_auth_users: {{b: {SECRET}}}")
    live.refresh()
    assert list(live.config.users) == ["a"]  # looked at less than a second ago
    clock.now = 1
    live.refresh()
    assert list(live.config.users) == ["b"]
    rewritten(path, "basic_auth_users: {c: plain}")
    clock.now = 2
    live.refresh()
    assert list(live.config.users) == ["b"]
    assert "the former stays in force" in caplog.text
    assert "plain" not in caplog.text.replace("explain", "")
    path.unlink()
    clock.now = 3
    live.refresh()
    assert list(live.config.users) == ["b"]


def test_tls_cannot_be_switched_off_by_editing_the_file(folder, caplog):
    caplog.set_level(logging.WARNING)
    path = written(folder, TLS + "}")
    clock = Clock()
    live = Live(load(path), clock=clock)
    rewritten(path, f"basic_auth_users: {{b: {SECRET}}}")
    clock.now = 2
    live.refresh()
    assert live.config.tls is not None
    assert list(live.config.users) == ["b"]
    assert "restart to apply" in caplog.text


def handshake(server: ssl.SSLContext, authority: Path) -> int:
    """Shake hands in memory; returns the serial number of the certificate the client accepted."""
    client = ssl.create_default_context(cafile=str(authority))
    pipes = [ssl.MemoryBIO() for _ in range(4)]
    ends = [
        client.wrap_bio(pipes[0], pipes[1], server_hostname="localhost"),
        server.wrap_bio(pipes[2], pipes[3], server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
            pipes[2].write(pipes[1].read())
            pipes[0].write(pipes[3].read())
    return int(ends[0].getpeercert()["serialNumber"], 16)


def test_new_connections_get_the_newest_certificate(folder):
    path = written(folder, TLS + "}")
    clock = Clock()
    live = Live(load(path), clock=clock)
    context = live.ssl_context()
    old = handshake(context, folder / "server.crt")
    certificate(folder, "server")
    clock.now = 2
    new = x509.load_pem_x509_certificate((folder / "server.crt").read_bytes()).serial_number
    assert handshake(context, folder / "server.crt") == new != old


def test_a_half_written_certificate_leaves_the_former_in_use(folder, caplog):
    path = written(folder, TLS + "}")
    clock = Clock()
    live = Live(load(path), clock=clock)
    (folder / "former.crt").write_bytes((folder / "server.crt").read_bytes())
    former = handshake(live.ssl_context(), folder / "former.crt")
    rewritten(folder / "server.crt", "-----BEGIN CERTIFICATE-----\n")
    clock.now = 2
    assert handshake(live.ssl_context(), folder / "former.crt") == former
    assert "cannot be used" in caplog.text


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


USERS = {"prometheus": SECRET, "colon": hashed("a:b"), "long": hashed("x" * 72)}


@pytest.mark.parametrize(
    ("header", "opens"),
    [
        (basic("prometheus", "open sesame"), True),
        ("bAsIc " + basic("prometheus", "open sesame")[6:], True),
        (basic("colon", "a:b"), True),
        (basic("long", "x" * 72), True),
        (basic("long", "x" * 73), False),
        (basic("prometheus", "open"), False),
        (basic("prometheus", ""), False),
        (basic("prometheus", "open sesame\0"), False),
        (basic("nobody", "open sesame"), False),
        (basic("", ""), False),
        ("Bearer abc", False),
        ("Basic", False),
        ("Basic ***", False),
        ("Basic " + base64.b64encode(b"prometheus").decode(), False),
        ("Basic " + base64.b64encode(b"\xff:x").decode(), False),
        ("Basic é", False),
        ("", False),
    ],
)
def test_a_user_enters_with_exactly_the_password(header, opens):
    gate = Gate()
    assert asyncio.run(gate.opens(header, USERS)) is opens
    gate.close()


def counting(monkeypatch):
    asked = []
    real = bcrypt.checkpw

    def check(password, stored):
        asked.append(stored)
        return real(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", check)
    return asked


def test_a_password_is_verified_once_and_again_when_its_hash_changes(monkeypatch):
    asked, gate = counting(monkeypatch), Gate()

    async def story():
        right = basic("prometheus", "open sesame")
        assert [await gate.opens(right, USERS) for _ in range(3)] == [True] * 3
        assert len(asked) == 1
        assert not await gate.opens(basic("prometheus", "wrong"), USERS)
        assert not await gate.opens(right, {"prometheus": hashed("new")})
        assert await gate.opens(right, USERS)

    asyncio.run(story())
    gate.close()
    assert len(asked) == 3


def test_an_unknown_user_costs_a_verification_each_time_even_with_a_password_in_use(monkeypatch):
    asked, gate = counting(monkeypatch), Gate()

    async def story():
        assert await gate.opens(basic("prometheus", "open sesame"), USERS)
        assert [await gate.opens(basic("nobody", "open sesame"), USERS) for _ in range(2)] == [False] * 2

    asyncio.run(story())
    gate.close()
    assert len(asked) == 3


def test_a_removed_user_is_out_even_if_another_has_the_same_hash():
    gate = Gate()

    async def story():
        right = basic("prometheus", "open sesame")
        assert await gate.opens(right, {"prometheus": SECRET, "other": SECRET})
        assert not await gate.opens(right, {"other": SECRET})

    asyncio.run(story())
    gate.close()


def test_what_the_gate_keeps_does_not_hold_the_password():
    gate = Gate()
    asyncio.run(gate.opens(basic("prometheus", "open sesame"), USERS))
    gate.close()
    assert "sesame" not in repr(vars(gate))
