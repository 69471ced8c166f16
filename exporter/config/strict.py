"""YAML text read into frozen structs, strictly: one pass finds every fault, each with its line, path and remedy.

msgspec's own conversion stops at the first error and knows no lines, so the structs are walked here instead. They stay
the only description: names, types and defaults are theirs, and a field's ``Annotated`` carries a ``Scalar`` (how its
text is read) and one string (what it means, for the reference).
"""

import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
import yaml

from exporter.config.faults import Faults, join
from exporter.config.locations import is_address
from exporter.config.scalars import EMPTY, Scalar, choice, nearest, text

S = TypeVar("S", bound=msgspec.Struct)

UNIONS = (Union, types.UnionType)
NOTHING = object()
"""Stands for a value that could not be read; its fault is already noted."""

FOUND = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point or exponent",
    "bool": "true or false (YAML reads yes, no, on and off so)",
    "null": "nothing",
    "timestamp": "a date",
    "seq": "a list",
    "map": "a mapping",
}

YAML_CURES = {
    "'\\t'": "indent with spaces",
    "or ']'": "close the bracket",
    "or '}'": "close the brace",
    "values are not allowed": "put text that holds a colon in quotes",
    "undefined alias": "put text that begins with * in quotes",
    "single document": "remove the line ---",
    "expected <block end>": "indent what belongs together alike",
}

BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
PLAIN: dict[Any, Scalar] = {
    str: text(),
    bool: Scalar("true or false", frozenset({"bool"}), lambda written: BOOLS[written.lower()], "write true or false"),
}


class Key(NamedTuple):
    """One key of a struct as the file knows it; ``default`` is NOTHING where a value is required."""

    name: str
    type: Any
    meaning: str
    default: Any


@cache
def keys(struct: type[msgspec.Struct]) -> dict[str, Key]:
    """The keys of a struct in the order they are declared."""
    return {
        field.name: Key(field.name, field.type, _meaning(field.type), _default(field))
        for field in msgspec.structs.fields(struct)
    }


def _meaning(type_: Any) -> str:
    return next((each for each in getattr(type_, "__metadata__", ()) if isinstance(each, str)), "")


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return NOTHING if field.required else field.default_factory()


def sections(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """A struct and all inside it, with their paths in the file: ``[]`` stands for a list's entries, ``*`` for keys."""
    yield path, struct
    for key in keys(struct).values():
        inner, step = _within(key.type, key.name)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from sections(inner, f"{path}.{step}" if path else step)


def _within(type_: Any, step: str) -> tuple[Any, str]:
    """The type that a file spells out at a key, inside lists, mappings and options; and the path to it."""
    shape, inside = get_origin(type_), get_args(type_)
    if shape is Annotated:
        return (Any, step) if scalar_of(type_) else _within(inside[0], step)
    if shape is tuple:
        return _within(inside[0], f"{step}[]")
    if shape is dict:
        return _within(inside[1], f"{step}.*")
    if shape in UNIONS:
        return _within(next(each for each in inside if each is not types.NoneType), step)
    return type_, step


def scalar_of(type_: Any) -> Scalar | None:
    """How an annotated type is read, if it is read as one value."""
    return next((each for each in getattr(type_, "__metadata__", ()) if isinstance(each, Scalar)), None)


def compose(text: str, faults: Faults) -> yaml.Node | None:
    """The YAML tree of the text, or None with the fault noted."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add("", _not_yaml(error), mark.line + 1 if mark else 0)
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        faults.add("", "is not YAML: a control character; save the file as plain UTF-8 text", line)
    except RecursionError:
        faults.add("", "is nested without end; write it in a few levels", 1)
    return None


def _not_yaml(error: yaml.MarkedYAMLError) -> str:
    """What YAML says, without the line itself, which might hold a secret."""
    # an alias may really be an unquoted password
    said = re.sub(r"(alias|anchor|handle) ('[^']*'|\"[^\"]*\")", r"\1", error.problem or "unreadable")
    column = f", column {error.problem_mark.column + 1}" if error.problem_mark else ""
    begun = f", {error.context} begun in line {error.context_mark.line + 1}" if error.context_mark else ""
    signs = f"{error.context} {said}"
    remedy = next((cure for sign, cure in YAML_CURES.items() if sign in signs), "look at quotes and indentation")
    return f"is not YAML{column}: {said.removeprefix('but ')}{begun}; {remedy}"


class Kinds(NamedTuple):
    """Structs that one key of a mapping chooses between; a word that chooses none leaves the struct that asks."""

    key: str
    kinds: Mapping[str, type[msgspec.Struct]]


NO_KINDS: Mapping[type[msgspec.Struct], Kinds] = {}


def read(
    node: yaml.Node,
    struct: type[S],
    faults: Faults,
    base: Path | None,
    hints: Mapping[str, str],
    kinds: Mapping[type[msgspec.Struct], Kinds] = NO_KINDS,
) -> S:
    """The struct that a mapping describes.

    What cannot be read is noted in ``faults`` and takes its default (a required one: empty text), so that the rest is
    still examined. Relative paths are joined to ``base``. ``hints`` are remedies for well-known wrong keys. ``kinds``:
    structs of which there are several kinds.
    """
    value = _Reader(faults, base, hints, kinds).struct(node, struct, "")
    return struct() if value is NOTHING else value


def rows(node: yaml.Node, faults: Faults, path: str = "") -> tuple[dict[str, Any], ...]:
    """A list of mappings as they stand, for whoever compiles them."""
    value = _Reader(faults, None, {}, NO_KINDS).value(node, tuple[dict[str, Any], ...], path)
    return () if value is NOTHING else value


LIST = ("a list", "write it as [a, b], or each entry in a line that begins with a dash")
MAPPING = ("a mapping", "write lines of the form 'key: value'")


class _Reader:
    """One walk over a file; every method returns the value, or NOTHING after noting the fault."""

    def __init__(
        self,
        faults: Faults,
        base: Path | None,
        hints: Mapping[str, str],
        kinds: Mapping[type[msgspec.Struct], Kinds],
    ) -> None:
        self.faults = faults
        self.base = base
        self.hints = hints
        self.kinds = kinds

    def value(self, node: yaml.Node, type_: Any, path: str) -> Any:
        self.faults.lines.setdefault(path, node.start_mark.line + 1)
        shape = get_origin(type_)
        if shape is Annotated:
            scalar = scalar_of(type_)
            return self.scalar(node, scalar, path) if scalar else self.value(node, get_args(type_)[0], path)
        if shape in UNIONS:
            inner = next(each for each in get_args(type_) if each is not types.NoneType)
            return None if _tag(node) == "null" else self.value(node, inner, path)
        if shape is tuple:
            return self.sequence(node, get_args(type_)[0], path)
        if shape is dict:
            words, values = get_args(type_)
            return self.mapping(node, words, values, path)
        if shape is Literal:
            return self.scalar(node, choice(*get_args(type_)), path)
        if type_ is Any:
            return self.plain(node, path)
        if issubclass(type_, msgspec.Struct):
            return self.struct(node, type_, path)
        return self.scalar(node, PLAIN[type_], path)

    def struct(self, node: yaml.Node, struct: type[msgspec.Struct], path: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self.mismatch(node, *MAPPING, path)
        if struct in self.kinds:
            word, kinds = self.kinds[struct]
            struct = kinds.get(_written(node, word), struct)
        known = keys(struct)
        given: dict[str, Any] = {}
        for word, child in self.pairs(node, path):
            if word not in known:
                self.unknown(word, child, known, path)
                continue
            value = self.value(child, known[word].type, join(path, word))
            if value is not NOTHING:
                given[word] = value
        for key in known.values():
            if key.default is NOTHING and key.name not in given:
                given[key.name] = ""
                place = join(path, key.name)
                if not self.faults.touched(place):
                    self.faults.add(place, f"is missing; add it: {key.meaning}", _line(node))
            elif isinstance(key.default, dict) and key.default and key.name in given:
                given[key.name] = key.default | given[key.name]
        return struct(**given)

    def sequence(self, node: yaml.Node, item: Any, path: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self.mismatch(node, *LIST, path)
        values: list[Any] = []
        for index, child in enumerate(node.value):
            value = self.value(child, item, f"{path}[{index}]")
            if value is NOTHING:
                continue
            if value in values and not isinstance(value, (msgspec.Struct, dict)):
                self.faults.add(f"{path}[{index}]", "is in the list already; remove one of the two", _line(child))
            values.append(value)
            self.faults.keep(path, index)
        return tuple(values)

    def mapping(self, node: yaml.Node, key_type: Any, type_: Any, path: str) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self.mismatch(node, *MAPPING, path)
        values: dict[Any, Any] = {}
        for key, child in self.pairs(node, path):
            place = join(path, key)
            spelt = yaml.ScalarNode("tag:yaml.org,2002:str", key, child.start_mark)
            word = self.value(spelt, key_type, place)
            value = self.value(child, type_, place)
            if word is not NOTHING and value is not NOTHING:
                values[word] = value
        return values

    def scalar(self, node: yaml.Node, scalar: Scalar, path: str) -> Any:
        if _tag(node) not in scalar.accepts:
            return self.mismatch(node, scalar.word, scalar.remedy, path)
        try:
            value = scalar.read(str(node.value).strip())
        except ValueError as error:
            self.faults.add(path, str(error), _line(node))
            return NOTHING
        return str(self.base / value) if scalar.relative and self.base and not is_address(value) else value

    def plain(self, node: yaml.Node, path: str) -> Any:
        """A value as YAML understands it: a scalar or a list of scalars."""
        children = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if any(not isinstance(each, yaml.ScalarNode) or _tag(each) not in FOUND for each in children):
            return self.mismatch(node, "a plain value or a list of them", "write it in one level", path)
        try:
            return yaml.constructor.SafeConstructor().construct_document(node)
        except ValueError as error:
            self.faults.add(path, f"{error}; put it in quotes if it is text", _line(node))
            return NOTHING

    def pairs(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, yaml.Node]]:
        """The entries of a mapping; a key written twice is a fault, ``<<`` lends those that are not written."""
        seen: dict[str, int] = {}
        lent: list[yaml.Node] = []
        for key, child in node.value:
            if _tag(key) == "merge":
                lent += child.value if isinstance(child, yaml.SequenceNode) else [child]
            elif not isinstance(key, yaml.ScalarNode):
                self.faults.add(path, "a list or mapping where a key belongs; write a single word", _line(key))
            elif key.value in seen:
                said = f"is written twice, in line {seen[key.value]} and here; keep one of the two"
                self.faults.add(join(path, key.value), said, _line(key))
            else:
                seen[key.value] = self.faults.lines[join(path, key.value)] = _line(key)
                yield key.value, child
        for each in lent:  # grows while a lender borrows itself
            if not isinstance(each, yaml.MappingNode):
                self.mismatch(each, *MAPPING, join(path, "<<"))
                continue
            for key, child in each.value:
                if _tag(key) == "merge":
                    lent += [child] if not any(child is lender for lender in lent) else []
                elif isinstance(key, yaml.ScalarNode) and key.value not in seen:
                    seen[key.value] = _line(key)
                    yield key.value, child

    def unknown(self, word: str, child: yaml.Node, known: Mapping[str, Key], path: str) -> None:
        place, close = join(path, word), nearest(word, known)
        remedy = self.hints.get(word) or (f"did you mean '{close}'?" if close else f"known here: {', '.join(known)}")
        if close:
            self.faults.meant(join(path, close))
        self.faults.add(place, f"unknown key; {remedy}", self.faults.lines.get(place, _line(child)))

    def mismatch(self, node: yaml.Node, wanted: str, remedy: str, path: str) -> Any:
        """Note a value of the wrong YAML type, without showing it: it might be a secret."""
        tag = _tag(node)
        if tag == "null":
            said = EMPTY
        elif tag not in FOUND:
            said = "begins with a YAML tag; remove it, or put text that begins with ! in quotes"
        else:
            said = f"is {FOUND[tag]}, not {wanted}; {remedy}"
        self.faults.add(path, said, _line(node))
        return NOTHING


def _written(node: yaml.MappingNode, key: str) -> str:
    """The text at a key of a mapping, as it is written there or lent by ``<<``; empty without any."""
    found, lent = "", ""
    for word, child in node.value:
        if _tag(word) == "merge":
            lenders = child.value if isinstance(child, yaml.SequenceNode) else [child]
            maps = [each for each in lenders if isinstance(each, yaml.MappingNode) and each is not node]
            lent = next((text for text in (_direct(each, key) for each in maps) if text), "")
        elif isinstance(word, yaml.ScalarNode) and word.value == key and isinstance(child, yaml.ScalarNode):
            found = found or str(child.value).strip()
    return found or lent


def _direct(node: yaml.MappingNode, key: str) -> str:
    texts = (child.value for word, child in node.value if getattr(word, "value", None) == key)
    return next((text for text in texts if isinstance(text, str)), "")


def _tag(node: yaml.Node) -> str:
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
