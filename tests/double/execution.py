"""Executes documents against the schema's slice: truly with graphql-core, or along a compiled plan that is faster.

The plan answers what execution answers, which a test compares on every document. Where a plan meets an error it gives
up, and the query is executed truly.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution import get_variable_values
from graphql.execution.values import get_argument_values

from tests.double.cost import included

SCHEMA = Path(__file__).with_name("schema.graphql")

Finish = Callable[[Any, dict[int, Any]], Any]


class Documents:
    """A schema, and the documents met so far: parsed, validated, planned once."""

    def __init__(self, path: Path = SCHEMA) -> None:
        self.schema: GraphQLSchema = build_schema(path.read_text())
        self._known: dict[str, DocumentNode | list[GraphQLError]] = {}
        self._plans: dict[tuple[str, tuple[tuple[str, Any], ...]], Plan] = {}

    def document(self, text: str) -> DocumentNode:
        """The document of a text.

        Raises:
            ExceptionGroup: Its errors, if it is not valid.
        """
        if text not in self._known:
            try:
                document = parse(text, no_location=False)
                self._known[text] = validate(self.schema, document) or document
            except GraphQLError as error:
                self._known[text] = [error]
        known = self._known[text]
        if isinstance(known, list):
            raise ExceptionGroup("not valid", known)
        return known

    def execute(self, text: str, root: Any, variables: Mapping[str, Any]) -> tuple[Any, list[GraphQLError]]:
        """Data and errors, by true execution."""
        result = execute_sync(self.schema, self.document(text), root, variable_values=dict(variables))
        return result.data, list(result.errors or ())

    def quickly(self, text: str, root: Any, variables: Mapping[str, Any]) -> tuple[Any, list[GraphQLError]]:
        """Data and errors along a plan; by true execution where there are errors."""
        flags = tuple(sorted((name, value) for name, value in variables.items() if isinstance(value, bool)))
        if (text, flags) not in self._plans:
            self._plans[text, flags] = Plan(self.schema, self.document(text), variables)
        try:
            return self._plans[text, flags].run(root, variables), []
        except GraphQLError:
            return self.execute(text, root, variables)


class Plan:
    """A document turned into functions: one for each place in it and each concrete type met there."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        definitions = document.definitions
        self.schema = schema
        self.flags = variables
        self.fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
        self.operation = next(one for one in definitions if isinstance(one, OperationDefinitionNode))
        self.arguments: dict[int, tuple[Any, FieldNode]] = {}
        self.finish = self.object(schema.query_type, [self.operation.selection_set])

    def run(self, root: Any, variables: Mapping[str, Any]) -> Any:
        """The data a query answers.

        Raises:
            GraphQLError: Something that only true execution tells rightly.
        """
        values = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(variables))
        if isinstance(values, list):
            raise values[0]
        given = {key: get_argument_values(field, node, values) for key, (field, node) in self.arguments.items()}
        return self.finish(root, given)

    def object(self, kind: GraphQLObjectType, selections: list[SelectionSetNode]) -> Finish:
        """A function that answers the fields selected on one concrete type."""
        steps = []
        for key, nodes in self.collect(kind, selections).items():
            name = nodes[0].name.value
            if name == "__typename":
                steps.append((key, name, 0, _same))
                continue
            field = kind.fields[name]
            mark = id(nodes[0])
            if field.args:
                self.arguments[mark] = (field, nodes[0])
            steps.append((key, name, mark, self.value(field.type, nodes)))
        constant = kind.name

        def answer(source: Any, given: dict[int, Any]) -> Any:
            out = {}
            for key, name, mark, finish in steps:
                value = constant if name == "__typename" else source.get(name)
                if callable(value):
                    value = value(None, **given.get(mark, _NOTHING))
                out[key] = None if value is None else finish(value, given)
            return out

        return answer

    def value(self, kind: Any, nodes: list[FieldNode]) -> Finish:
        """A function that completes a field's value by the field's type."""
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, nodes)
        if isinstance(kind, GraphQLList):
            each = self.value(kind.of_type, nodes)
            return lambda rows, given: [None if row is None else each(row, given) for row in rows]
        if is_leaf_type(get_named_type(kind)):
            return _same
        selections = [node.selection_set for node in nodes]
        if isinstance(kind, GraphQLObjectType):
            return self.object(kind, selections)
        concrete = {one.name: self.object(one, selections) for one in self.schema.get_possible_types(kind)}

        def answer(source: Any, given: dict[int, Any]) -> Any:
            if isinstance(source, GraphQLError):
                raise source
            return concrete[source["__typename"]](source, given)

        return answer

    def collect(self, kind: GraphQLObjectType, selections: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields selected for a concrete type, by the key they answer to."""
        fields: dict[str, list[FieldNode]] = {}
        for node in [node for one in selections for node in one.selections]:
            if not included(node, self.flags):
                continue
            if isinstance(node, FieldNode):
                fields.setdefault((node.alias or node.name).value, []).append(node)
                continue
            part = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if part.type_condition is None or self._applies(part.type_condition.name.value, kind):
                for key, nodes in self.collect(kind, [part.selection_set]).items():
                    fields.setdefault(key, []).extend(nodes)
        return fields

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        named = self.schema.type_map[condition]
        return named is kind or (not isinstance(named, GraphQLObjectType) and self.schema.is_sub_type(named, kind))


_NOTHING: dict[str, Any] = {}


def _same(value: Any, _given: object) -> Any:
    return value
