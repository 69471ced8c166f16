"""What the words of the command line are read as; each function raises with the sentence to print."""

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from exporter.catalogue import exported
from exporter.config.scalars import duration


def new_file(text: str) -> Path:
    """A place for a file, before an hour goes into what cannot be written there.

    A device such as /dev/null is none: the file takes its place at the end, and it would be gone.
    """
    path = Path(text)
    if not text or (path.exists() and not path.is_file()):
        raise ArgumentTypeError(f"{text!r} is no file; name a file to write")
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"there is no folder {str(path.parent)!r}; make it first")
    return path


def new_folder(text: str) -> Path:
    """A place for files."""
    path = Path(text)
    if not text or (path.exists() and not path.is_dir()):
        raise ArgumentTypeError(f"{text!r} is no folder; name a folder to write into")
    return path


def instant(text: str) -> int:
    """An RFC 3339 time with its zone, or Unix seconds."""
    try:
        found = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):  # a number of milliseconds is a second in a year that has no date
        raise ArgumentTypeError(f"not a time: {text!r}; write 2026-01-31T00:00:00Z") from None
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no time zone; add Z for UTC")
    return int(found.timestamp())


def day(text: str) -> int:
    """An instant, or a date: its midnight in UTC."""
    return instant(f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text)


def step(text: str) -> int:
    """A duration from a minute to a month, in seconds."""
    try:
        return int(duration("1m", "30d").read(text))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def label(text: str) -> tuple[str, str]:
    """Name and value of a label that a scrape adds; the value may be empty."""
    name, sign, value = text.partition("=")
    if not sign or not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) or name.startswith("__"):
        raise ArgumentTypeError(f"{text!r} is no label; write name=value")
    if any(name in (*row.labels, "le") for row in exported()):
        raise ArgumentTypeError(f"{name} is a label of our own metrics; a scrape cannot add it")
    return name, value


def header(text: str) -> tuple[str, str]:
    """Name and value of a header of HTTP."""
    name, sign, value = text.partition("=")
    if not sign or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise ArgumentTypeError(f"{text!r} is no header; write Name=value")
    if name.lower() == "authorization":
        raise ArgumentTypeError("a secret on the command line is anybody's; use --token-file, or --user")
    return name, value


def address(text: str) -> str:
    """The address of a receiver, without a secret in it."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        raise ArgumentTypeError(f"{text!r} is no web address; its host or port cannot be read") from None
    if "@" in parts.netloc:
        raise ArgumentTypeError("a password in an address is anybody's; use --user with --password-file")
    if not whole:
        raise ArgumentTypeError(f"{text!r} is no web address; write one such as https://HOST/api/v1/write")
    return text
