"""How single values are written in a configuration: durations, dates, addresses, globs, names.

Each is a ``Scalar``: text in, value out, or a ValueError whose sentence names the remedy. No sentence repeats a value
that could be a secret. Durations look like ``90s``, ``15m``, ``1h30m``, ``180d`` or ``2w`` and are kept as whole
seconds.
"""

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from msgspec import Struct

UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
CENTURY = 36525 * 86400
EMPTY = "is empty; give it a value, or remove the line"


class Scalar(NamedTuple):
    """How one plain value is read.

    ``word`` names it to a reader; ``accepts`` are the YAML types let through (short tags); ``read`` turns the text as
    it stands in the file into the value, or raises ValueError with the sentence to print; ``remedy`` says what to do
    about a value of another type; ``relative`` joins the value to the folder of the file.
    """

    word: str
    accepts: frozenset[str]
    read: Callable[[str], Any]
    remedy: str
    relative: bool = False


class History(Struct, frozen=True):
    """How far back a first load goes: either ``seconds`` before its start, or the Unix time ``start``."""

    seconds: int | None = None
    start: int | None = None

    def resolve(self, now: int) -> int:
        """The Unix time of the earliest fact wanted, for a load that begins at ``now``."""
        if self.start is not None:
            return self.start
        return now - (self.seconds or 0)

    def __str__(self) -> str:
        """As it is written in the file."""
        if self.start is None:
            return duration_text(self.seconds or 0)
        return datetime.fromtimestamp(self.start, UTC).isoformat().replace("+00:00", "Z").removesuffix("T00:00:00Z")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word someone probably meant, or the empty string."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), by_lower, 1, 0.6)
    return by_lower[close[0]] if close else ""


def either(words: Iterable[str]) -> str:
    """Words as a sentence offers them: ``a, b or c``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def suggest(word: str, known: Iterable[str]) -> str:
    """What to do about a word that is not among the known ones."""
    words = tuple(known)
    close = nearest(word, words)
    return f"did you mean '{close}'?" if close else f"write {either(words)}"


def text(word: str = "text", pattern: str = "", says: str = "", read: Callable[[str], Any] = str) -> Scalar:
    """Text that is not empty and, where a pattern is given, matches it whole; ``says`` is the sentence otherwise."""

    def check(written: str) -> Any:
        if pattern and not re.fullmatch(pattern, written):
            raise ValueError(says)
        if not written:
            raise ValueError(EMPTY)
        return read(written)

    return Scalar(word, frozenset({"str"}), check, "put it in quotes")


def whole(low: int, high: int) -> Scalar:
    """A whole number from ``low`` to ``high``, written in decimal digits."""

    def check(written: str) -> int:
        if not re.fullmatch(r"-?(0|[1-9][0-9_]*)", written):
            raise ValueError(f"{written} is not in decimal; write plain digits")
        if not low <= int(written) <= high:
            raise ValueError(f"{written} is out of range; write a whole number from {low} to {high}")
        return int(written)

    return Scalar(
        f"a whole number from {low} to {high}", frozenset({"int"}), check, "write plain digits, without quotes"
    )


def number(low: float, high: float) -> Scalar:
    """A number from ``low`` to ``high``."""

    def check(written: str) -> float:
        try:
            value = float(written)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"{written} is out of range; write a number from {low:g} to {high:g}")
        return value

    return Scalar(f"a number from {low:g} to {high:g}", frozenset({"int", "float"}), check, "write digits such as 0.8")


def choice(*words: str) -> Scalar:
    """One of a few words."""

    def check(written: str) -> str:
        if written not in words:
            raise ValueError(f"'{written}' is not known here; write {either(words)}")
        return written

    return Scalar(either(words), frozenset({"str"}), check, f"write {either(words)}")


def duration(low: str, high: str = "") -> Scalar:
    """A duration from ``low`` to ``high`` (at most a century), as whole seconds."""
    least, most = read_duration(low), read_duration(high) if high else CENTURY

    def check(written: str) -> int:
        seconds = read_duration(written)
        if seconds < least:
            raise ValueError(f"{written} is too short; write {low} or more")
        if seconds > most:
            raise ValueError(f"{written} is too long; write {duration_text(most)} or less")
        return seconds

    word = f"a duration from {low} to {high}" if high else f"a duration of at least {low}"
    return Scalar(word, frozenset({"str", "int", "float"}), check, "write a duration such as 90s, 15m, 2h or 180d")


def read_duration(written: str) -> int:
    """The whole seconds a duration stands for.

    Raises:
        ValueError: with the sentence to print.
    """
    if re.fullmatch(r"[0-9]+", written):
        raise ValueError(f"{written} has no unit; write {written}s, {written}m, {written}h or {written}d")
    if not re.fullmatch(r"(?=.)(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?", written, re.ASCII):
        raise ValueError(
            f"'{written}' is not a duration; write whole numbers with the units w, d, h, m and s, "
            "the largest first, such as 90s, 1h30m or 180d"
        )
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+)([wdhms])", written))


def duration_text(seconds: int) -> str:
    """A duration as a person writes it: 5400 is ``1h30m``, 34560000 is ``400d``."""
    parts = ""
    for unit in "dhms":
        count, seconds = divmod(seconds, UNITS[unit])
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def read_history(written: str) -> History:
    """A duration, a date (its midnight in UTC) or a date-time with its zone.

    Raises:
        ValueError: with the sentence to print.
    """
    if not re.match(r"\d{4}-", written):
        seconds = read_duration(written)
        if not UNITS["d"] <= seconds <= CENTURY:
            raise ValueError(f"{written} is no useful history; write 1d or more, or a date such as 2026-01-01")
        return History(seconds=seconds)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"'{written}' is not a date; write one such as 2026-01-01 or 2026-01-01T00:00:00Z") from None
    if len(written) > len("2026-01-01") and moment.tzinfo is None:
        raise ValueError(f"'{written}' does not say in which zone; add Z for UTC, or an offset such as +02:00")
    if moment.year < 2000:
        raise ValueError(f"{written} is before any forge existed; write a date after 2000")
    return History(start=int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def read_date(written: str) -> date:
    """A calendar date.

    Raises:
        ValueError: with the sentence to print.
    """
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"'{written}' is not a date; write one such as 2026-12-25") from None


def read_clock(written: str) -> str:
    """A time of day, ``HH:MM``; ``24:00`` is the day's end.

    Raises:
        ValueError: with the sentence to print.
    """
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", written, re.ASCII):
        raise ValueError(f"'{written}' is not a time of day; write hours and minutes such as 09:00 or 17:30")
    return written


def read_zone(written: str) -> str:
    """The name of an IANA time zone.

    Raises:
        ValueError: with the sentence to print.
    """
    try:
        ZoneInfo(written)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = nearest(written, available_timezones())
        remedy = f"did you mean '{close}'?" if close else "write one such as UTC or Europe/Berlin"
        raise ValueError(f"'{written}' is not an IANA time zone; {remedy}") from None
    return written


def read_listen(written: str) -> str:
    """An address to listen on: host and port, or ``:port`` for every interface.

    Raises:
        ValueError: with the sentence to print.
    """
    host, colon, port = written.rpartition(":")
    if colon and _host(host) and re.fullmatch(r"[0-9]{1,5}", port) and int(port) <= 65535:
        return written
    raise ValueError(f"'{written}' is not host:port; write 127.0.0.1:9517, '[::1]:9517' or ':9517' for every interface")


def _host(written: str) -> bool:
    if not written.startswith("["):
        return bool(re.fullmatch(r"[A-Za-z0-9.-]*", written))
    try:
        return written.endswith("]") and ipaddress.ip_address(written[1:-1]).version == 6
    except ValueError:
        return False


ROOTS = "https://api.github.com or https://HOST/api/v3"


def read_url(written: str) -> str:
    """The root of a GitHub REST API, without a slash at its end.

    Raises:
        ValueError: with the sentence to print.
    """
    url = _split(written, ROOTS)
    root = _api_root(url, url.hostname or "")
    _check_encrypted(url, root)
    if url.query or url.fragment or written.rstrip("/") != root:
        raise ValueError(f"is not the root of the REST API; write {root}")
    return root


def read_address(written: str) -> str:
    """The address of a service that people open, without a slash at its end; a server may be below a path.

    Raises:
        ValueError: with the sentence to print.
    """
    url = _split(written, "the address that people open, such as https://HOST")
    path = re.sub(r"/(api/(v\d+|graphql|json)|rest/api(/.*)?)/*$", "", url.path).rstrip("/")
    place = f"{url.scheme}://{url.netloc}{path}"
    _check_encrypted(url, place)
    if url.query or url.fragment or written.rstrip("/") != place:
        raise ValueError(f"is not the address that people open; write {place}")
    return place


def _split(written: str, remedy: str) -> SplitResult:
    try:
        url = urlsplit(written)
        host, _ = url.hostname or "", url.port  # urllib looks at the port only when asked
    except ValueError:
        raise ValueError(f"is not a URL; write {remedy}") from None
    if "@" in url.netloc:
        raise ValueError("holds a user or password; remove it and name the credential with token_file or token_env")
    if url.scheme not in ("http", "https") or not host:
        raise ValueError(f"is not a web address; write {remedy}")
    return url


def _check_encrypted(url: SplitResult, root: str) -> None:
    if url.scheme == "http" and not loopback(url.hostname or ""):
        raise ValueError(f"would send the credential unencrypted; write {root.replace('http:', 'https:', 1)}")


def _api_root(url: SplitResult, host: str) -> str:
    """The REST root of the installation that a URL of it points into."""
    place = f"{url.scheme}://{url.netloc}"
    if host in ("api.github.com", "github.com", "www.github.com"):
        return f"{url.scheme}://api.github.com"
    if host.endswith(".ghe.com"):
        return f"{url.scheme}://api.{host.removeprefix('api.')}"
    if loopback(host) and not url.path.strip("/"):
        return place
    return f"{place}/api/v3"


def loopback(host: str) -> bool:
    """Whether a host is this machine, so that nothing sent there is on any wire."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_location(written: str) -> str:
    """A folder, a glob over folders, or an address git clones from, which never holds a secret.

    Raises:
        ValueError: with the sentence to print; it does not repeat the address.
    """
    scheme, separated, rest = written.partition("://")
    if not separated:
        if "::" in written:
            raise ValueError(
                "is no folder nor an address; write a path, https://HOST/OWNER/NAME or git@HOST:OWNER/NAME"
            )
        return written
    host, _, path = rest.partition("/")
    if scheme not in ("https", "http", "ssh", "file"):
        raise ValueError("is not an address git may be run on; write https://, ssh://, or a path")
    if "@" in host and (scheme != "ssh" or ":" in host.rpartition("@")[0]):
        raise ValueError("holds a user or password; remove it and name the credential with token_file or token_env")
    if "?" in rest or "#" in rest:
        raise ValueError("holds a ? or #; write the address that git clones from, and never a secret")
    if not path.strip("/"):
        raise ValueError("names no repository; write the address that git clones from")
    return written.rstrip("/")


def read_repository_glob(written: str) -> str:
    """A glob over owner/name.

    Raises:
        ValueError: with the sentence to print.
    """
    if "://" in written:
        tail = urlsplit(written).path.strip("/").removesuffix(".git")
        raise ValueError(f"is an address; write {tail if tail.count('/') == 1 else 'owner/name'}")
    if written.count("/") != 1 or written.startswith("/") or written.endswith("/"):
        owner = written.strip("/").split("/")[0] or "acme"
        raise ValueError(f"'{written}' is not owner/name; write {owner}/* for all repositories of an owner")
    return written


def read_expression(written: str) -> str:
    """A regular expression as it was written."""
    try:
        re.compile(written)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error.msg}); write one such as v\\d+") from None
    return written
