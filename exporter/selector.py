"""One series, or several, named as Prometheus names them: ``name{label="value",…}``.

Only equality is read, since an audit is of numbers that somebody points at. Source of the grammar:
https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from exporter.errors import Unanswerable

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!=|!~|=)\s*")
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"' + r"|'((?:[^'\\\n]|\\.)*)'")
END = re.compile(r"\s*(,\s*)?(\})?")
ESCAPED = re.compile(r"\\(.)")
MEANT = {"n": "\n", "\\": "\\", '"': '"', "'": "'"}
LONGEST = 2000
"""Characters; the longest series of a page has a few hundred."""


class Selector(NamedTuple):
    """A metric, and the values that some or all of its labels have."""

    metric: str
    labels: Mapping[str, str]


def parse(text: str) -> Selector:
    """Read a selector.

    Raises:
        Unanswerable: it is none; the message says from where on.
    """
    text = text.strip()
    found = NAME.match(text)
    if found is None or len(text) > LONGEST:
        raise Unanswerable(
            f'not a series: {text[:80]!r}; write it as sdlc_changes_merged_total{{repository="acme/shop"}}'
        )
    rest = text[found.end() :].strip()
    if not rest:
        return Selector(found[0], {})
    if not rest.startswith("{"):
        raise _lost(rest, "a brace")
    return Selector(found[0], _labels(rest[1:]))


def _labels(text: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    place = 1 if text.lstrip().startswith("}") else 0
    if place:
        return _ended(labels, text.lstrip()[1:])
    while True:
        label = LABEL.match(text, place)
        if label is None:
            raise _lost(text[place:], 'a label, as in origin="agentic"')
        if label[2] != "=":
            raise Unanswerable(
                f'{label[1]}{label[2]}: only a label\'s own value can be asked for; write {label[1]}="…"'
            )
        if label[1] in labels:
            raise Unanswerable(f"{label[1]}: stands there twice")
        value = QUOTED.match(text, label.end())
        if value is None:
            raise _lost(text[label.end() :], "a value in quotes")
        labels[label[1]] = _unescaped(value[1] if value[1] is not None else value[2])
        end = END.match(text, value.end())
        assert end is not None  # noqa: S101 - every part of it may be empty
        place = end.end()
        if end[2]:
            return _ended(labels, text[place:])
        if not end[1]:
            raise _lost(text[place:], "a comma or the closing brace")


def _ended(labels: dict[str, str], rest: str) -> dict[str, str]:
    if rest.strip():
        raise _lost(rest, "the end")
    return labels


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        if found[1] not in MEANT:
            raise Unanswerable(f"{found[0]}: no such escape; there are \\\\, \\\", \\' and \\n")
        return MEANT[found[1]]

    return ESCAPED.sub(meant, text)


def _lost(rest: str, wanted: str) -> Unanswerable:
    where = f"at {rest[:40]!r}" if rest else "at the end"
    return Unanswerable(f"not a series: {where} there should be {wanted}")


def written(metric: str, labels: Mapping[str, str]) -> str:
    """The selector of these labels, as ``parse`` reads it."""
    quoted = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{metric}{{{','.join(quoted)}}}" if labels else metric


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
