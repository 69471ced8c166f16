"""Cut GitHub's public GraphQL schema down to what the exporter's documents reach.

    python tools/github_schema_slice.py SDL_FILE [-o OUT]

SDL_FILE is ``schema.graphql`` of the npm package ``@octokit/graphql-schema``, with the package's ``package.json``
beside it. The slice is a valid schema in itself: the tests validate every document against it, and the test double of
GitHub executes them with it.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from graphql import (
    IDLE,
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    InputValueDefinitionNode,
    NamedTypeNode,
    Node,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    build_ast_schema,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    lexicographic_sort_schema,
    parse,
    print_schema,
    type_from_ast,
    visit,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exporter.providers.github.queries import DOCUMENTS

OUT = Path(__file__).resolve().parent.parent / "tests" / "double" / "schema.graphql"
WHOLE = 10
"""A union or interface with at most this many members keeps all of them, so that ``__typename`` may answer any."""
DESCRIPTION = re.compile(r'"""[\s\S]*?"""')


class Reached(Visitor):
    """The fields, arguments and types that documents name, collected in one walk."""

    def __init__(self, schema: GraphQLSchema, info: TypeInfo) -> None:
        super().__init__()
        self.schema = schema
        self.info = info
        self.fields: dict[str, dict[str, set[str]]] = defaultdict(dict)
        self.types: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Notes a field of its parent type, its arguments and the types they have."""
        parent, field = self.info.get_parent_type(), self.info.get_field_def()
        self.types.add(parent.name)
        if node.name.value.startswith("__"):
            return
        used = {argument.name.value for argument in node.arguments or ()}
        used |= {name for name, argument in field.args.items() if is_required_argument(argument)}
        self.fields[parent.name].setdefault(node.name.value, set()).update(used)
        self.types.add(get_named_type(field.type).name)
        self.types |= {get_named_type(field.args[name].type).name for name in used}

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
        """Notes the type a fragment applies to."""
        if node.type_condition:
            self.types.add(node.type_condition.name.value)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """Notes the type of a variable."""
        self.types.add(get_named_type(type_from_ast(self.schema, node.type)).name)


def reached(schema: GraphQLSchema, documents: Iterable[DocumentNode]) -> Reached:
    """What the documents name, before it is completed to a valid schema."""
    info = TypeInfo(schema)
    found = Reached(schema, info)
    for document in documents:
        visit(document, TypeInfoVisitor(info, found))
    return found


def complete(schema: GraphQLSchema, found: Reached) -> None:
    """Adds what a valid schema needs beside the named parts: members, their fields, the parts of input objects."""
    before = -1
    while before != (before := len(found.types) + sum(map(len, found.fields.values()))):
        for kind in [schema.type_map[name] for name in sorted(found.types)]:
            if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
                add_members(schema, kind, found)
            if isinstance(kind, GraphQLInputObjectType):
                found.types |= {get_named_type(field.type).name for field in kind.fields.values()}
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                add_fields(kind, found)


def add_members(schema: GraphQLSchema, kind: GraphQLUnionType | GraphQLInterfaceType, found: Reached) -> None:
    """Keeps every member of a small union or interface; of a large one only those a document names."""
    members = schema.get_possible_types(kind)
    if len(members) <= WHOLE:
        found.types |= {member.name for member in members}


def add_fields(kind: GraphQLObjectType | GraphQLInterfaceType, found: Reached) -> None:
    """Gives a type the fields its kept interfaces promise, and at least one."""
    fields = found.fields[kind.name]
    for interface in kind.interfaces:
        if interface.name in found.types:
            for name, arguments in found.fields[interface.name].items():
                fields.setdefault(name, set()).update(arguments)
    if not fields:
        plain = [name for name, field in kind.fields.items() if is_leaf_type(get_named_type(field.type))]
        fields["id" if "id" in plain else plain[0]] = set()
    for name in fields:
        found.types.add(get_named_type(kind.fields[name].type).name)


class Cut(Visitor):
    """Drops from a schema's document what was not reached, and all directives."""

    def __init__(self, found: Reached) -> None:
        super().__init__()
        self.found = found

    def enter(self, node: Node, _key: object, _parent: object, _path: object, above: list[Node]) -> object:
        """Decides on one node by where it stands."""
        if isinstance(node, DirectiveNode | DirectiveDefinitionNode | SchemaDefinitionNode):
            return REMOVE
        if isinstance(node, TypeDefinitionNode):
            return IDLE if node.name.value in self.found.types else REMOVE
        owners = [one.name.value for one in above if isinstance(one, TypeDefinitionNode | FieldDefinitionNode)]
        if isinstance(node, FieldDefinitionNode):
            return IDLE if node.name.value in self.found.fields[owners[0]] else REMOVE
        if isinstance(node, InputValueDefinitionNode) and len(owners) > 1:
            return IDLE if node.name.value in self.found.fields[owners[0]][owners[1]] else REMOVE
        if isinstance(node, NamedTypeNode) and len(owners) == 1:
            return IDLE if node.name.value in self.found.types else REMOVE
        return IDLE


def slice_of(sdl: str, documents: Iterable[str]) -> str:
    """The SDL of the part of a schema that the documents reach.

    Raises:
        GraphQLError: The schema, or a document, cannot be parsed.
        TypeError: The slice is not a valid schema.
    """
    # Upstream deprecates fields which their interface does not: valid for GitHub, not by the letter.
    sdl = DESCRIPTION.sub("", sdl)
    schema = build_schema(sdl, assume_valid=True)
    found = reached(schema, map(parse, documents))
    complete(schema, found)
    document = visit(parse(sdl, no_location=True), Cut(found))
    return print_schema(lexicographic_sort_schema(build_ast_schema(document))) + "\n"


def main() -> None:
    """Reads the schema named on the command line and writes its slice."""
    parser = argparse.ArgumentParser(description="cut GitHub's GraphQL schema down to what the exporter asks")
    parser.add_argument("sdl", type=Path, help="schema.graphql of the npm package @octokit/graphql-schema")
    parser.add_argument("-o", "--out", type=Path, default=OUT, help="where to write the slice (default: %(default)s)")
    arguments = parser.parse_args()
    package = json.loads((arguments.sdl.parent / "package.json").read_text())
    header = (
        f"# The part of GitHub's public GraphQL schema that the exporter's documents reach.\n"
        f"# From {package['name']} {package['version']} ({package['license']}, (c) GitHub), without descriptions.\n"
        f"# Made by: npm pack {package['name']}, unpack it, then\n"
        f"#   python tools/github_schema_slice.py package/schema.graphql\n\n"
    )
    text = slice_of(arguments.sdl.read_text(), DOCUMENTS.values())
    arguments.out.write_text(header + text)
    print(f"{arguments.out}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main()
