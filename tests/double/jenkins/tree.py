"""The parameter ``tree`` of Jenkins' API: which fields, and which part of a list.

Source: https://www.jenkins.io/doc/book/using/remote-access-api/#RemoteaccessAPI-Controllingtheamountofdatayoufetch
"""

from __future__ import annotations

import re
from typing import Any

Tree = dict[str, tuple["Tree", slice]]

_TOKEN = re.compile(r"\s*([\w]+|\*|[\[\],]|\{-?\d*,?-?\d*\})")


def parse(text: str) -> Tree:
    """The tree that a text describes."""
    tokens = _TOKEN.findall(text)
    found, rest = _fields(tokens)
    assert not rest, rest
    return found


def _fields(tokens: list[str]) -> tuple[Tree, list[str]]:
    found: Tree = {}
    while tokens and tokens[0] != "]":
        name, tokens = tokens[0], tokens[1:]
        inner: Tree = {}
        part = slice(None)
        if tokens and tokens[0] == "[":
            inner, tokens = _fields(tokens[1:])
            tokens = tokens[1:]
        if tokens and tokens[0].startswith("{"):
            part, tokens = _range(tokens[0]), tokens[1:]
        found[name] = (inner, part)
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return found, tokens


def _range(text: str) -> slice:
    begin, comma, end = text.strip("{}").partition(",")
    if not comma:
        return slice(int(begin), int(begin) + 1)
    return slice(int(begin) if begin else None, int(end) if end else None)


def pick(value: Any, tree: Tree) -> Any:
    """What a tree leaves of a value; a list or object that is not asked into is left out but for its class."""
    if isinstance(value, list):
        return [pick(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    found = {"_class": value["_class"]} if "_class" in value else {}
    for name, (inner, part) in tree.items():
        if name not in value:
            continue
        told = value[name]() if callable(value[name]) else value[name]
        if isinstance(told, list):
            told = told[part]
        found[name] = pick(told, inner) if isinstance(told, (dict, list)) else told
    return found


def shallow(value: Any, depth: int = 0) -> Any:
    """What is told without a tree: an object's own values, and of those within it what names them."""
    if isinstance(value, list):
        return [shallow(each, depth) for each in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, held in value.items():
        if name.startswith("_") and name != "_class":
            continue
        told = held() if callable(held) else held
        if depth and isinstance(told, (dict, list)):
            continue
        found[name] = shallow(told, depth + 1)
    return found
