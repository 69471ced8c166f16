"""TLS, headers and users of the server, in the ``web.config.file`` format of the Prometheus exporter toolkit.

As there, what the file names is read again when it changes: users and headers at the next request, certificates at the
next connection, without a reload. A change that cannot be used is logged and the former state stays in force.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import bcrypt
import yaml
from msgspec import Struct, field

from exporter.config.faults import Faults, join
from exporter.config.scalars import suggest, text
from exporter.config.settings import Path as FilePath
from exporter.config.strict import compose, read
from exporter.errors import ConfigError

log = logging.getLogger(__name__)

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
BROKEN_VERSIONS = ("TLS10", "TLS11")
CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert")
# https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
HEADERS = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)
HINTS = (
    dict.fromkeys(
        ("cipher_suites", "curve_preferences", "prefer_server_cipher_suites"),
        "the ciphers are those of the Python and OpenSSL installed; remove the line",
    )
    | dict.fromkeys(("cert", "key", "client_ca"), "write the PEM text into a file and name that")
    | {
        "client_allowed_sans": "not supported; name a client_ca_file that signed only the clients you allow",
        "password": "a password is never written here; basic_auth_users holds bcrypt hashes",
    }
)

# bcrypt reads no more of a password; a longer one would match by its beginning.
PASSWORD_BYTES = 72
WAITING = 20


def _version(written: str) -> str:
    if written in BROKEN_VERSIONS:
        raise ValueError(f"{written} is no longer safe; write TLS12 or TLS13")
    if written not in VERSIONS:
        raise ValueError(f"'{written}' is not a TLS version; {suggest(written, VERSIONS)}")
    return written


def _client_auth(written: str) -> str:
    if written in UNVERIFIED:
        raise ValueError(f"{written} verifies nobody; write VerifyClientCertIfGiven or RequireAndVerifyClientCert")
    if written not in CLIENT_AUTH:
        raise ValueError(f"'{written}' is not known here; {suggest(written, CLIENT_AUTH)}")
    return written


Version = Annotated[str, text("TLS version", read=_version)]
Hash = Annotated[
    str,
    text(
        "bcrypt hash",
        r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}",
        "is not a bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':\\n'",
    ),
]


class Tls(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section ``tls_server_config``."""

    cert_file: Annotated[FilePath, "PEM file with the certificate and its chain."]
    key_file: Annotated[FilePath, "PEM file with the private key, not encrypted."]
    client_auth_type: Annotated[
        str, text("client authentication", read=_client_auth), "Whether clients show a certificate."
    ] = "NoClientCert"
    client_ca_file: Annotated[FilePath | None, "PEM file with the authorities that sign clients' certificates."] = None
    min_version: Annotated[Version, "Oldest TLS version spoken."] = "TLS12"
    max_version: Annotated[Version, "Newest TLS version spoken."] = "TLS13"


class Http(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section ``http_server_config``."""

    http2: Annotated[bool | None, "Read and ignored: HTTP/1.1 is spoken."] = None
    headers: Annotated[dict[str, str], "Headers added to every answer."] = field(default_factory=dict)


class File(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    tls_server_config: Annotated[Tls | None, "TLS."] = None
    http_server_config: Annotated[Http, "HTTP."] = Http()
    basic_auth_users: Annotated[dict[str, Hash], "Users and the bcrypt hashes of their passwords."] = field(
        default_factory=dict
    )


class WebConfig(Struct, frozen=True):
    """What the file says; without a file: no TLS, no users, no headers. ``warnings`` are sentences for the log."""

    path: Path | None = None
    tls: Tls | None = None
    headers: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def load(path: Path | None) -> WebConfig:
    """The web configuration in a file; relative paths in it start at its folder. ``None`` is a server without TLS.

    Raises:
        ConfigError: with every fault of the file, also of the certificates it names.
    """
    if path is None:
        return WebConfig()
    faults = Faults(str(path))
    try:
        node = compose(path.read_text("utf-8-sig"), faults)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name a readable web_config_file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8 text") from None
    file = File()
    if node is not None and not (isinstance(node, yaml.ScalarNode) and not node.value):
        file = read(node, File, faults, path.absolute().parent, HINTS)
    http, tls = file.http_server_config, file.tls_server_config
    _check_headers(http.headers, faults)
    if tls is not None and not faults.touched("tls_server_config"):
        _check_tls(tls, faults)
    if sentences := faults.sentences():
        raise ConfigError("\n".join(sentences))
    ignored = (f"{path}: http_server_config.http2: is ignored; HTTP/1.1 is spoken",) if http.http2 is not None else ()
    return WebConfig(path, tls, http.headers, file.basic_auth_users, ignored)


def _check_headers(headers: Mapping[str, str], faults: Faults) -> None:
    for name, value in headers.items():
        place = join("http_server_config.headers", name)
        if name not in HEADERS:
            faults.add(place, f"is not a header that may be set; {suggest(name, HEADERS)}")
        if any(not sign.isprintable() for sign in value):
            faults.add(place, "holds a control character; write it in one line")


def _check_tls(tls: Tls, faults: Faults) -> None:
    place = "tls_server_config"
    if VERSIONS[tls.min_version] > VERSIONS[tls.max_version]:
        faults.add(f"{place}.max_version", f"is older than min_version {tls.min_version}; raise it or remove it")
    verified = CLIENT_AUTH[tls.client_auth_type] is not ssl.CERT_NONE
    if verified and tls.client_ca_file is None:
        faults.add(
            f"{place}.client_ca_file", f"is missing; {tls.client_auth_type} needs the authorities to verify with"
        )
    if tls.client_ca_file is not None and not verified:
        faults.add(f"{place}.client_ca_file", "has no effect; add client_auth_type: RequireAndVerifyClientCert")
    keys = {"cert_file": tls.cert_file, "key_file": tls.key_file, "client_ca_file": tls.client_ca_file}
    unreadable = {key: _unreadable(name) for key, name in keys.items() if name is not None}
    for key, why in unreadable.items():
        if why:
            faults.add(f"{place}.{key}", f"cannot be read: {why}; name a readable PEM file")
    if not faults.touched(place):
        try:
            context(tls)
        except (ssl.SSLError, ValueError) as error:
            said = getattr(error, "reason", None) or "not PEM"
            faults.add(
                place, f"these files make no TLS server ({said}); cert_file and key_file have to be PEM and a pair"
            )


def _unreadable(name: str) -> str:
    try:
        Path(name).read_bytes()
    except OSError as error:
        return error.strerror or "unknown error"
    return ""


def context(tls: Tls) -> ssl.SSLContext:
    """A server's TLS context from the files as they are now.

    Raises:
        OSError, ssl.SSLError: a file cannot be read, or is not what it should be.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = VERSIONS[tls.min_version], VERSIONS[tls.max_version]
    # Given a password, OpenSSL fails on an encrypted key instead of asking the terminal.
    made.load_cert_chain(tls.cert_file, tls.key_file, password="")
    made.verify_mode = CLIENT_AUTH[tls.client_auth_type]
    if tls.client_ca_file is not None:
        made.load_verify_locations(tls.client_ca_file)
        # A resumed session would outlive the authority that vouched for it.
        made.options |= ssl.OP_NO_TICKET
        made.num_tickets = 0
    return made


class Live:
    """The web configuration as its files say now.

    Users, headers, certificates and authorities follow their files; other changes of ``tls_server_config`` need a
    restart, which is logged. The files are looked at when somebody connects or asks, at most every ``pause`` seconds.
    """

    def __init__(self, config: WebConfig, pause: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self._pause = pause
        self._clock = clock
        self._looked = clock()
        self._stamps = self._read_stamps()
        self._context = context(config.tls) if config.tls else None

    def ssl_context(self) -> ssl.SSLContext | None:
        """The context to listen with; each handshake goes on with the newest certificates. None without TLS."""
        if self._context is not None:
            self._context.sni_callback = self._hand_over
        return self._context

    def refresh(self) -> None:
        """Look at the files; never raises."""
        if self.config.path is None or self._clock() - self._looked < self._pause:
            return
        self._looked = self._clock()
        stamps = self._read_stamps()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            new = load(self.config.path)
            if new.tls != self.config.tls:
                log.warning("%s: tls_server_config changed; restart to apply it", self.config.path)
                new = WebConfig(new.path, self.config.tls, new.headers, new.users, new.warnings)
            if new.tls is not None:
                self._context = context(new.tls)
        except (ConfigError, OSError, ValueError) as error:
            log.error("the web configuration changed and cannot be used; the former stays in force: %s", error)  # noqa: TRY400 - a user's mistake, not ours
            return
        self.config = new
        log.info("%s: read again", self.config.path)

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        self.refresh()
        if self._context is not None:
            connection.context = self._context

    def _read_stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        tls = self.config.tls
        named = (tls.cert_file, tls.key_file, tls.client_ca_file) if tls else ()
        return tuple(_stamp(each) for each in (self.config.path, *named) if each is not None)


def _stamp(path: str | Path) -> tuple[int, int, int] | None:
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


class Gate:
    """Verifies Basic authentication off the event loop, and remembers who passed.

    bcrypt takes about 100 ms on purpose. One thread does it, so that guessing takes at most one core; those who passed
    are kept under a keyed hash of user, password and stored hash, so that a scraper waits once and a changed hash
    counts at once. An unknown user costs as much time as a known one.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._passed: dict[bytes, None] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bcrypt")
        self._waiting = 0

    @property
    def busy(self) -> bool:
        """Whether so many verifications wait that a further one should be refused."""
        return self._waiting >= WAITING

    async def opens(self, header: str, users: Mapping[str, str]) -> bool:
        """Whether an ``Authorization`` header names one of the users with the right password."""
        user, password = _basic(header)
        if not user or not users:
            return False
        stored = users.get(user)
        against = stored if stored is not None else next(iter(users.values()))
        ticket = hmac.digest(self._key, repr((user, password, against)).encode(), hashlib.sha256)
        if stored is not None and ticket in self._passed:
            return True
        self._waiting += 1
        try:
            matches = await asyncio.get_running_loop().run_in_executor(self._thread, _matches, password, against)
        finally:
            self._waiting -= 1
        if not matches or stored is None:
            return False
        if len(self._passed) >= 1000:
            self._passed.pop(next(iter(self._passed)))
        self._passed[ticket] = None
        return True

    def close(self) -> None:
        """End the thread once its present verification is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _basic(header: str) -> tuple[str, bytes]:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        user, colon, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else ("", b"")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", b""


def _matches(password: bytes, stored: str) -> bool:
    try:
        matches = bcrypt.checkpw(password[:PASSWORD_BYTES], stored.encode())
    except ValueError:
        return False
    return matches and len(password) <= PASSWORD_BYTES
