"""The templates of alerts' annotations: which labels they name, and what they make of the value."""

import re
from collections.abc import Iterator
from typing import NamedTuple

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
LABEL = re.compile(r"\$labels\.(\w+)")
QUERY = re.compile(r"""\bquery\s+(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)""")
WORD = re.compile(r"""(?<![.$\w])[A-Za-z]\w*""")
QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|`[^`]*`""")
OPENING = ("if", "with", "range")
KEYWORDS = frozenset({*OPENING, "else", "end"})
FUNCTIONS = frozenset({
    "and", "args", "eq", "externalURL", "first", "ge", "graphLink", "gt", "humanize", "humanize1024",
    "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "index", "label", "le", "len", "lt", "match", "ne",
    "not", "or", "parseDuration", "pathPrefix", "print", "printf", "println", "query", "reReplaceAll", "safeHtml",
    "sortByLabel", "stripDomain", "stripPort", "strvalue", "tableLink", "title", "toLower", "toTime", "toUpper",
    "urlquery", "value",
})  # fmt: skip
"""Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/, and those of Go itself."""


class Template(NamedTuple):
    """What a template asks for.

    ``labels``: each label it names, and whether it may be missing there. ``shown``: the functions that each shown
    ``$value`` passes. ``queries``: PromQL inside. ``faults``: why it is no template.
    """

    labels: tuple[tuple[str, bool], ...]
    shown: tuple[tuple[str, ...], ...]
    queries: tuple[str, ...]
    faults: tuple[str, ...]


def read(text: str) -> Template:
    """Takes a template apart."""
    labels: list[tuple[str, bool]] = []
    shown: list[tuple[str, ...]] = []
    queries: list[str] = []
    faults: list[str] = []
    blocks: list[set[str]] = []
    for action in ACTION.findall(text):
        bare = QUOTED.sub("", action)
        word = (bare.split() or [""])[0]
        named = LABEL.findall(bare)
        if word == "end":
            if not blocks:
                faults.append("an end without a beginning")
            else:
                blocks.pop()
            continue
        if word in OPENING:
            blocks.append(set(named))
        guarded = set().union(*blocks)
        labels += [(label, label in guarded) for label in named]
        if "$value" in bare:
            shown.append(tuple(each.split()[0] for each in bare.split("|")[1:] if each.split()))
        queries += [one or other for one, other in QUERY.findall(action)]
        faults += [f"no function is called {name}" for name in _unknown(bare)]
    if blocks:
        faults.append("a block without its end")
    if "{{" in ACTION.sub("", text) or "}}" in ACTION.sub("", text):
        faults.append("braces that do not belong together")
    return Template(tuple(labels), tuple(shown), tuple(queries), tuple(faults))


def _unknown(action: str) -> Iterator[str]:
    return (name for name in WORD.findall(action) if name not in FUNCTIONS | KEYWORDS)
