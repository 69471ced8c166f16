"""The rule table of AI origin: read, checked with every fault at once, put in order of precedence and indexed."""

import fnmatch
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from importlib import resources
from typing import Any, NamedTuple

import msgspec
import yaml

from exporter.errors import ConfigError
from exporter.markers import STARTS
from exporter.origin import Row, RuleTable

READING = 1
"""Part of the fingerprint; rises when the code that matches rules changes its mind about any evidence."""

KINDS = ("agentic", "assisted", "bot", "reviewer")
TEXTS = ("name", "tool", "class", "confidence", "source", "example", "counterexample", "valid_from", "valid_to")

ALWAYS, FOREVER = -(2**62), 2**62

_ADDRESS = re.compile(r"[^@\s<>+]+(?:\+[^@\s<>]+)?@[^@\s<>]+\.[^@\s<>]+|\d+\+[^@\s<>]*")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9_.-]*(?:\[bot\])?")
_SHARED = frozenset({"noreply@github.com", "support@github.com"})


class Matcher(NamedTuple):
    """A way to match: the classes a rule of this kind may give, what is wrong with a value, what to write instead."""

    kinds: frozenset[str]
    fits: Callable[[str], bool]
    remedy: str


_AI = frozenset({"agentic", "assisted"})
MATCHERS: Mapping[str, Matcher] = {
    "logins": Matcher(
        frozenset({"agentic", "bot", "reviewer"}),
        lambda value: _LOGIN.fullmatch(value) is not None,
        "write a whole login, with its [bot] suffix if it has one",
    ),
    "branches": Matcher(
        _AI | {"bot"},
        lambda value: len(value) > 1 and value[-1] in "/-_" and " " not in value,
        "end the prefix with '/', '-' or '_', so that 'codex/' does not match 'codex-notes'",
    ),
    "emails": Matcher(
        _AI,
        lambda value: _ADDRESS.fullmatch(value) is not None and value not in _SHARED,
        "write a whole address, '12345+' for a GitHub id, or '12345+login' for both; no address that people share",
    ),
    "author_suffixes": Matcher(
        _AI,
        lambda value: re.fullmatch(r"\([^()]+\)", value) is not None,
        "only a suffix in parentheses, such as '(aider)': names do not decide",
    ),
    "trailers": Matcher(
        _AI,
        lambda value: re.fullmatch(r"[a-z][a-z0-9_*-]+: \S.*", value) is not None,
        "write 'Key: value'; '*' stands for any text",
    ),
    "footers": Matcher(
        _AI,
        lambda value: value.startswith(STARTS) and len(value.split()) > 2,
        f"write at least three words and begin with one of: {', '.join(STARTS)}",
    ),
    "checkboxes": Matcher(_AI, lambda value: bool(value), "write the whole text of the ticked box"),
    "links": Matcher(
        _AI,
        lambda value: re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/\S*[/?=_-]", value) is not None,
        "write host and path without scheme, up to the '/', '?', '=' or '_' before the session's id",
    ),
}


def packaged() -> list[dict[str, Any]]:
    """The rows of the table that ships with the package, as written in ``data/ai_origin.yaml``."""
    text = resources.files("exporter").joinpath("data/ai_origin.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)
    return rows


def compile_rules(
    packaged: Sequence[object],
    extra: Sequence[object] = (),
    disabled: Collection[str] = (),
    bots: Collection[str] = (),
    people: Collection[str] = (),
) -> RuleTable:
    """The table in force: extra rows first, then the packaged ones that are neither replaced (by name) nor disabled.

    ``bots`` are further accounts that are bots; ``people`` are persons whatever the forge and the table say of them.

    Raises:
        ConfigError: every fault of every row, with the row's place and what to write instead.
    """
    faults: list[str] = []
    own = _read(extra, "extra rule", faults)
    shipped = _read(packaged, "packaged rule", faults)
    known = {row.name for row in own + shipped}
    faults += [
        f"disabled rule {name!r}: no rule has this name; remove it or take one of the table's names"
        for name in disabled
        if name not in known
    ]
    robots, persons = _logins("bots", bots, faults), _logins("people", people, faults)
    faults += [
        f"{login!r} is in both bots and people; remove it from one of them" for login in sorted(robots & persons)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    replaced = {row.name for row in own}
    rows = [row for row in own + [each for each in shipped if each.name not in replaced] if row.name not in disabled]
    return _index(rows, robots, persons)


def _index(rows: list[Row], bots: frozenset[str], people: frozenset[str]) -> RuleTable:
    # Where and when a rule matches, and what it says; not why it is believed.
    meaning = (
        [(row.name, row.tool, row.kind, row.by, row.values, row.valid_from, row.valid_to) for row in rows],
        sorted(bots),
        sorted(people),
    )
    return RuleTable(
        rows=tuple(rows),
        accounts=_by_value(rows, "logins"),
        addresses=_by_value(rows, "emails"),
        scanned={
            by: tuple((value, row) for row in rows if row.by == by for value in row.values)
            for by in ("branches", "author_suffixes", "footers", "checkboxes", "links")
        },
        trailers=tuple(
            (re.compile(fnmatch.translate(value), re.IGNORECASE), row)
            for row in rows
            if row.by == "trailers"
            for value in row.values
        ),
        bots=bots,
        people=people,
        fingerprint=hashlib.sha256(msgspec.json.encode((READING, meaning))).hexdigest()[:12],
    )


def _by_value(rows: Iterable[Row], by: str) -> dict[str, tuple[Row, ...]]:
    index: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        if row.by == by:
            for value in row.values:
                index[value] = (*index.get(value, ()), row)
    return index


def _read(rows: Sequence[object], place: str, faults: list[str]) -> list[Row]:
    read: list[Row] = []
    for number, raw in enumerate(rows, 1):
        if not isinstance(raw, Mapping):
            faults.append(
                f"{place} {number} (without a name): not a mapping; "
                f"write name, tool, class and one of {', '.join(MATCHERS)}"
            )
            continue
        where = f"{place} {number} ({_even(str(raw.get('name', 'without a name')))})"
        found = [f"{where}: {fault}" for fault in _faults(raw)]
        if any(row.name == raw.get("name") for row in read):
            found.append(f"{where}: the name is taken by an earlier row; rename one of them")
        faults += found
        if not found:
            read.append(_row(raw))
    return read


def _row(raw: Mapping[str, Any]) -> Row:
    by = next(key for key in MATCHERS if key in raw)
    return Row(
        name=raw["name"],
        tool=raw.get("tool", ""),
        kind=raw["class"],
        by=by,
        values=tuple(_even(value) for value in raw[by]),
        valid_from=_midnight(raw.get("valid_from"), ALWAYS),
        valid_to=_midnight(raw.get("valid_to"), FOREVER),
        confidence=raw.get("confidence", ""),
        source=raw.get("source", ""),
    )


def _faults(raw: Mapping[str, Any]) -> Iterator[str]:
    for key in raw:
        if key not in TEXTS and key not in MATCHERS:
            yield f"unknown key {key!r}; the keys are {', '.join((*TEXTS, *MATCHERS))}"
    kind = raw["class"] if isinstance(raw.get("class"), str) else ""
    if kind not in KINDS:
        yield f"class is {raw.get('class')!r}; write one of {', '.join(KINDS)}"
    for key in ("name", "tool"):
        if not (isinstance(raw.get(key), str) and raw[key].strip()) and not (key == "tool" and kind not in _AI):
            yield f"{key} is missing or not text; write a short word, such as 'acme-agent'"
    for key in ("confidence", "source", "example", "counterexample"):
        if not isinstance(raw.get(key, ""), str):
            yield f"{key} is not text; put it in quotes"
    yield from _matcher_faults(raw, kind)
    yield from _date_faults(raw)


def _matcher_faults(raw: Mapping[str, Any], kind: str) -> Iterator[str]:
    given = [key for key in MATCHERS if key in raw]
    if len(given) != 1:
        yield f"matches by {' and '.join(given) or 'nothing'}; write exactly one of {', '.join(MATCHERS)}"
        return
    by = given[0]
    matcher, values = MATCHERS[by], raw[by]
    if kind in KINDS and kind not in matcher.kinds:
        yield f"{by} cannot make a change {kind!r}; write one of {', '.join(sorted(matcher.kinds))}"
    if not isinstance(values, list | tuple) or not values:
        yield f'{by} is not a list with at least one entry; write {by}: ["..."]'
        return
    for value in values:
        if not isinstance(value, str) or not matcher.fits(_even(value)):
            yield f"{by}: {value!r} cannot be used; {matcher.remedy}"


def _date_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    wrong = False
    for key in ("valid_from", "valid_to"):
        try:
            _midnight(raw.get(key), 0)
        except ValueError:
            wrong = True
            yield f"{key} is {raw[key]!r}; write a date such as 2026-04-15 (it begins at UTC midnight)"
    if not wrong and _midnight(raw.get("valid_from"), ALWAYS) >= _midnight(raw.get("valid_to"), FOREVER):
        yield "valid_to is not after valid_from; valid_to is the first day on which the rule no longer holds"


def _even(value: str) -> str:
    """Lower case, with single spaces."""
    return " ".join(value.lower().split())


def _midnight(day: object, otherwise: int) -> int:
    """Unix seconds of a day's beginning in UTC."""
    if day is None:
        return otherwise
    written = date.fromisoformat(day.isoformat() if isinstance(day, date) else str(day))
    return int(datetime(written.year, written.month, written.day, tzinfo=UTC).timestamp())


def _logins(key: str, logins: Collection[str], faults: list[str]) -> frozenset[str]:
    matcher = MATCHERS["logins"]
    faults += [
        f"{key}: {login!r} cannot be used; {matcher.remedy}"
        for login in logins
        if not isinstance(login, str) or not matcher.fits(login.lower())
    ]
    return frozenset(login.lower() for login in logins if isinstance(login, str))
