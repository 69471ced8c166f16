"""The text of an issue as plain lines: Cloud's documents (ADF) and Data Center's markup.

What is code or a quotation is somebody else's words and is left out here, where it can still be told apart.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

FOREIGN = frozenset({"codeBlock", "blockquote"})
LINES = frozenset({"paragraph", "heading", "hardBreak", "rule", "listItem", "taskItem", "tableCell", "tableHeader"})
DEEPEST = 60
"""Levels of a document that are looked into; none that a person wrote has as many."""

_FOREIGN = re.compile(r"\{(code|noformat|quote)(?::[^}\n]*)?\}.*?(?:\{\1\}|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^bq\..*$", re.MULTILINE)
_LINK = re.compile(r"\[(?:[^\[\]|\n]*\|)?(?P<url>https?://[^\[\]|\s]+)(?:\|[^\[\]\n]*)?\]")


def plain_text(body: Any) -> str:
    """A description in either form; empty for none, and for what is neither.

    https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
    """
    if isinstance(body, str):
        own = _QUOTED.sub("", _FOREIGN.sub("", body))
        return _LINK.sub(lambda link: link["url"], own).replace("\r\n", "\n")
    return "".join(_of(body, DEEPEST)).strip("\n")


def _of(node: Any, levels: int) -> Iterator[str]:
    if not isinstance(node, Mapping) or not levels:
        return
    kind, attributes = node.get("type"), node.get("attrs")
    if kind in FOREIGN:
        return
    if kind == "text":
        yield str(node.get("text") or "")
    elif kind in ("inlineCard", "blockCard") and isinstance(attributes, Mapping):
        yield str(attributes.get("url") or "")
    content = node.get("content")
    for each in content if isinstance(content, list) else ():
        yield from _of(each, levels - 1)
    if kind in LINES:
        yield "\n"


def words(value: Any) -> tuple[str, ...]:
    """What a field holds, as people read it, in lower case: text, a choice, or several of these."""
    if isinstance(value, list):
        return tuple(word for each in value for word in words(each))
    if isinstance(value, Mapping):
        said = value.get("value") or value.get("name")
        return words(said) if isinstance(said, str) else words(plain_text(value))
    said = str(value).strip().lower() if value is not None else ""
    return (said,) if said else ()
