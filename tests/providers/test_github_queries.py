"""The documents sent to GitHub are valid, cheap, and lose no author."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    validate,
    visit,
)

from exporter.providers.github.queries import COMMENT_TYPE, DOCUMENTS, TIMELINE_TYPES

SCHEMA = Path(__file__).resolve().parents[1] / "double" / "schema.graphql"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_against_githubs_public_schema(schema: GraphQLSchema, name: str):
    """As far as the committed slice of it reaches, which a script cuts from these documents."""
    assert validate(schema, parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_known_by_its_operations_name(name: str):
    operations = [one for one in parse(DOCUMENTS[name]).definitions if isinstance(one, OperationDefinitionNode)]
    assert [one.name.value for one in operations if one.name] == [name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_asks_authors_as_users_only(name: str):
    """``... on User`` answers an empty author for every bot."""
    fragments: list[str] = []

    class Conditions(Visitor):
        def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
            fragments.append(node.type_condition.name.value if node.type_condition else "")

    visit(parse(DOCUMENTS[name]), Conditions())
    assert "User" not in fragments


def connections(schema: GraphQLSchema, selections: Any, kind: Any, fragments: dict[str, Any]) -> list[str]:
    """The names of the connections asked at any depth below a selection on a type."""
    names: list[str] = []
    for node in selections.selections:
        if not isinstance(node, FieldNode):
            part = fragments[node.name.value] if hasattr(node, "name") else node
            inner = schema.type_map[part.type_condition.name.value]
            names += connections(schema, part.selection_set, inner, fragments)
        elif node.selection_set:
            inner = get_named_type(kind.fields[node.name.value].type)
            names += [node.name.value] if inner.name.endswith("Connection") else []
            names += connections(schema, node.selection_set, inner, fragments)
    return names


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_connection_is_asked_inside_a_timeline(schema: GraphQLSchema, name: str):
    """It would cost a hundred requests for each change of a page."""
    document = parse(DOCUMENTS[name])
    fragments = {one.name.value: one for one in document.definitions if not isinstance(one, OperationDefinitionNode)}
    inside: list[str] = []
    info = TypeInfo(schema)

    class Timelines(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            if node.name.value == "timelineItems":
                inside.extend(connections(schema, node.selection_set, get_named_type(info.get_type()), fragments))

    visit(document, TypeInfoVisitor(info, Timelines()))
    assert inside == []


def test_the_timeline_types_are_githubs(schema: GraphQLSchema):
    assert {*TIMELINE_TYPES, COMMENT_TYPE} <= set(schema.type_map["PullRequestTimelineItemsItemType"].values)


def test_the_slice_knows_every_kind_of_actor(schema: GraphQLSchema):
    """``__typename`` of an author may be any of these."""
    actors = {one.name for one in schema.get_possible_types(schema.type_map["Actor"])}
    assert actors == {"Bot", "EnterpriseUserAccount", "Mannequin", "Organization", "User"}


def test_the_committed_slice_holds_nothing_the_documents_do_not_reach():
    """Cutting the slice once more leaves it as it is."""
    path = SCHEMA.parents[2] / "tools" / "github_schema_slice.py"
    spec = importlib.util.spec_from_file_location("github_schema_slice", path)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = SCHEMA.read_text()
    assert text.endswith("\n" + tool.slice_of(text, DOCUMENTS.values()))
