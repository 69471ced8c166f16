"""What a query costs, by GitHub's documented formula, computed from the document and its variables alone.

https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    value_from_ast_untyped,
)

NODE_LIMIT = 500_000
PAGE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """``requests`` is how many connections are asked if every page is full, ``nodes`` how many nodes they may hold."""

    requests: int
    nodes: int

    @property
    def points(self) -> int:
        """One per hundred requests, rounded to the nearest, at least one."""
        return max(1, (self.requests + 50) // 100)


def refused(kind: str, message: str) -> GraphQLError:
    """An error as GitHub types it."""
    return GraphQLError(message, extensions={"type": kind})


def cost(document: DocumentNode, variables: Mapping[str, Any]) -> Cost:
    """The cost of a document's only operation.

    Raises:
        GraphQLError: A page of more than 100, or more possible nodes than GitHub allows.
    """
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    total = _of(operation.selection_set, _defaults(operation, variables), fragments, 1)
    if total.nodes > NODE_LIMIT:
        raise refused(
            "MAX_NODE_LIMIT_EXCEEDED",
            f"This query requests up to {total.nodes:,} possible nodes which exceeds the maximum limit of "
            f"{NODE_LIMIT:,}.",
        )
    return total


def _defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    written = {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }
    return written | dict(variables)


def _of(selections: SelectionSetNode, variables: Mapping[str, Any], fragments: Mapping[str, Any], times: int) -> Cost:
    requests = nodes = 0
    for node in fields(selections, variables, fragments):
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, dict(variables))
            for argument in node.arguments or ()
        }
        size = given.get("first") or given.get("last")
        if size is not None:
            if size > PAGE_LIMIT:
                raise refused(
                    "EXCESSIVE_PAGINATION",
                    f"Requesting {size} records on the `{node.name.value}` connection exceeds the `first` limit of "
                    f"{PAGE_LIMIT} records.",
                )
            requests += times
            nodes += times * size
        elif node.name.value == "nodes" and "ids" in given:
            size = len(given["ids"])
            if size > PAGE_LIMIT:
                raise refused(
                    "ARGUMENT_LIMIT", f"You may not provide more than {PAGE_LIMIT} node ids; you provided {size}."
                )
            nodes += size
        if node.selection_set:
            inner = _of(node.selection_set, variables, fragments, times * (1 if size is None else size))
            requests += inner.requests
            nodes += inner.nodes
    return Cost(requests, nodes)


def fields(
    selections: SelectionSetNode, variables: Mapping[str, Any], fragments: Mapping[str, Any]
) -> Iterator[FieldNode]:
    """The fields of a selection with fragments opened, whatever type they apply to, that are not skipped."""
    for node in selections.selections:
        if not included(node, variables):
            continue
        if isinstance(node, FieldNode):
            yield node
        else:
            opened = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            yield from fields(opened.selection_set, variables, fragments)


def included(node: Any, variables: Mapping[str, Any]) -> bool:
    """What ``@include`` and ``@skip`` say."""
    for directive in node.directives or ():
        condition = value_from_ast_untyped(directive.arguments[0].value, dict(variables))
        if bool(condition) is not (directive.name.value == "include"):
            return False
    return True
