"""The configuration file: one YAML document, read strictly, every fault told at once.

    sources:
      - name: acme-github
        url: https://api.github.com
        token_file: /run/secrets/github
        include: ["acme/*"]
        exclude: ["acme/*-archive"]
        interval: 60s
        history: 180d
    teams: {payments: ["acme/pay-*"]}
    store: {path: /var/lib/sdlc-exporter/state.db}
    server: {listen: "127.0.0.1:9517"}

The structs, their defaults and meanings are in ``settings``; ``strict`` reads YAML into them, ``contradictions`` checks
them against each other. A fault reads ``FILE:LINE: path.in.the.file: what is wrong; remedy`` and never shows a secret.
Relative paths in the file start at its folder.
"""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, structs

from exporter.config.contradictions import check, check_origin, inherited, warnings
from exporter.config.faults import Faults
from exporter.config.scalars import History
from exporter.config.services import kinds
from exporter.config.settings import (
    App,
    CalendarSettings,
    Config,
    IssueSettings,
    Log,
    OriginSettings,
    ReviewSettings,
    Series,
    Server,
    Source,
    Store,
    TestSettings,
    Thresholds,
    WorkingHours,
)
from exporter.config.strict import Kinds, compose, keys, read, rows, sections
from exporter.errors import ConfigError

__all__ = [
    "App",
    "CalendarSettings",
    "Config",
    "History",
    "IssueSettings",
    "Log",
    "OriginSettings",
    "ReviewSettings",
    "Series",
    "Server",
    "Source",
    "Store",
    "TestSettings",
    "Thresholds",
    "WorkingHours",
    "fingerprint",
    "load",
    "parse",
    "warnings",
]

HINTS = {key: f"it belongs in {path}" for path, struct in sections(Config) if path for key in keys(struct)}
HINTS |= dict.fromkeys(
    ("token", "password", "secret", "api_key", "private_key", "auth"),
    "a secret is never written here; name the file with token_file (or app.key_file), or the variable with token_env",
)
HINTS |= {
    "repos": "select repositories with include, such as ['acme/*']",
    "repository": "select repositories with include, such as ['acme/*']",
    "orgs": "write organisations, or include: ['acme/*']",
    "port": "write the port into server.listen, such as 127.0.0.1:9517",
    "retention": "remove the line; facts are kept for good",
}
KINDS: dict[type[Struct], Kinds] = {Source: Kinds("provider", kinds())}


def load(path: Path, environ: Mapping[str, str], metrics: Collection[str] | None = None) -> Config:
    """The configuration in a file, with the rules of ``origin.rules_file`` behind its own.

    Args:
        path: the YAML file; relative paths in it start at its folder.
        environ: the environment, for ``token_env``.
        metrics: the names of the catalogue, to check those in ``series``; None leaves them unchecked.

    Raises:
        ConfigError: with every fault of the file, or why it cannot be read.
    """
    faults = Faults(str(path))
    config = _read(_text(path), faults, environ, metrics, path.absolute().parent)
    in_file = Faults(config.origin.rules_file or "")
    rules = config.origin.rules + _rules_file(config.origin.rules_file, faults, in_file)
    config = structs.replace(config, origin=structs.replace(config.origin, rules=rules))
    check_origin(config.origin, faults, in_file)
    if sentences := faults.sentences() + in_file.sentences():
        raise ConfigError("\n".join(sentences))
    return config


def parse(text: str, name: str, environ: Mapping[str, str], metrics: Collection[str] | None = None) -> Config:
    """The configuration in a text; ``name`` stands for the file in faults. Paths and ``rules_file`` stay as written.

    Raises:
        ConfigError: with every fault of the text.
    """
    faults = Faults(name)
    config = _read(text, faults, environ, metrics, None)
    check_origin(config.origin, faults, Faults(""))
    if sentences := faults.sentences():
        raise ConfigError("\n".join(sentences))
    return config


def fingerprint(path: Path) -> str:
    """A checksum that changes when the file, or the rules file it names, does; never raises."""
    digest = hashlib.sha256()
    content = _bytes(path)
    digest.update(content)
    faults = Faults(str(path))
    node = compose(content.decode("utf-8", "replace"), faults)
    if isinstance(node, yaml.MappingNode):
        rules_file = read(node, Config, faults, path.absolute().parent, HINTS, KINDS).origin.rules_file
        digest.update(b"\0" + _bytes(Path(rules_file)) if rules_file else b"")
    return digest.hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name a readable file with -c") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8 text") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        return f"unreadable: {error.strerror}".encode()


def _rules_file(name: str | None, faults: Faults, in_file: Faults) -> tuple[dict[str, Any], ...]:
    """The rows of a rules file: a list, or a mapping whose key ``rules`` holds one."""
    if name is None:
        return ()
    try:
        node = compose(Path(name).read_text("utf-8-sig"), in_file)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        faults.add("origin.rules_file", f"cannot be read: {why}; name a readable YAML file, or remove the line")
        return ()
    if isinstance(node, yaml.MappingNode):
        node = next((value for key, value in node.value if key.value == "rules"), node)
    return rows(node, in_file) if node else ()


def _read(
    text: str, faults: Faults, environ: Mapping[str, str], metrics: Collection[str] | None, base: Path | None
) -> Config:
    node = compose(text, faults)
    if node is None:
        if not faults.sentences():
            faults.add("", "the file is empty; write at least one source under 'sources:'")
        return Config()
    config = read(node, Config, faults, base, HINTS, KINDS)
    if not isinstance(node, yaml.MappingNode):
        return config
    check(config, environ, metrics, faults)
    return structs.replace(config, calendar=inherited(config.calendar, faults))
