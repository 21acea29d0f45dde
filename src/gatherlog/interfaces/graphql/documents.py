"""Queries as text become documents that can be executed. Those that are valid are kept."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from gatherlog.interfaces.graphql.costs import MOST_COST, cost_of
from gatherlog.interfaces.graphql.errors import BAD_INPUT, INVALID, TOO_LARGE, UNPARSABLE, Refusal
from gatherlog.interfaces.graphql.limits import (
    MOST_CHARACTERS,
    MOST_TOKENS,
    check_form,
)

__all__ = ["MOST_KEPT", "Documents", "Operation", "Prepared"]

MOST_KEPT: Final = 500
MOST_KEPT_CHARACTERS: Final = 500_000
"""Of all documents together that are kept: a document takes some 100 bytes for each."""
_MOST_ERRORS: Final = 20


class Operation(msgspec.Struct, frozen=True):
    """One operation of a document."""

    kind: OperationType
    cost: Callable[[Mapping[str, Any]], int]
    is_single: bool
    """Whether it has one field at its top."""


class Prepared(msgspec.Struct, frozen=True):
    """A valid document."""

    document: DocumentNode
    operations: Mapping[str, Operation]

    def operation(self, name: str | None) -> Operation:
        """The operation to execute. Raises Refusal where the name tells none."""
        if name:
            found = self.operations.get(name)
            if found is None:
                raise Refusal(BAD_INPUT, GraphQLError(f"There is no operation {name[:80]!r}."))
            return found
        if len(self.operations) != 1:
            raise Refusal(BAD_INPUT, GraphQLError("Give the operationName of one of them."))
        return next(iter(self.operations.values()))


class Documents:
    """The documents of all APIs that were used last."""

    def __init__(self, *, introspection: bool) -> None:
        """Without `introspection`, messages give no names of the schema away, either."""
        self._is_open = introspection
        rules = [*specified_rules]
        self._rules = rules if introspection else [*rules, NoSchemaIntrospectionCustomRule]
        self._kept: OrderedDict[tuple[int, str], Prepared] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def prepare(self, schema: GraphQLSchema, text: str) -> Prepared:
        """The document of a query. Raises Refusal for one that is invalid or too large."""
        key = (id(schema), text)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        found = self._kept[key] = self._made(schema, text)
        self._characters += len(text)
        while len(self._kept) > MOST_KEPT or self._characters > MOST_KEPT_CHARACTERS:
            (_, oldest), _ = self._kept.popitem(last=False)
            self._characters -= len(oldest)
        return found

    def check_cost(self, operation: Operation, variables: Mapping[str, Any]) -> None:
        """Raise Refusal for an operation that costs too much with these variables."""
        cost = operation.cost(variables)
        if cost > MOST_COST:
            detail = f"The query costs {min(cost, 10**9):,}; at most {MOST_COST:,} are allowed."
            raise Refusal(TOO_LARGE, GraphQLError(f"{detail} Ask for fewer, or smaller pages."))

    def _made(self, schema: GraphQLSchema, text: str) -> Prepared:
        document = _parsed(text)
        if errors := check_form(document):
            raise Refusal(TOO_LARGE, *errors)
        errors = validate(
            schema,
            document,
            self._rules,
            max_errors=_MOST_ERRORS,
            hide_suggestions=not self._is_open,
        )
        if errors:
            raise Refusal(INVALID, *errors)
        operations = {
            "" if node.name is None else node.name.value: Operation(
                node.operation,
                cost_of(schema, document, node),
                _is_single(node),
            )
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        return Prepared(document, operations)


def _is_single(node: OperationDefinitionNode) -> bool:
    selections = node.selection_set.selections
    return len(selections) == 1 and isinstance(selections[0], FieldNode)


def _parsed(text: str) -> DocumentNode:
    if len(text) > MOST_CHARACTERS:
        detail = f"The query has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read."
        raise Refusal(TOO_LARGE, GraphQLError(detail))
    try:
        return parse(text, max_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        is_large = "contains more than" in error.message or "too deeply" in error.message
        raise Refusal(TOO_LARGE if is_large else UNPARSABLE, error) from None
    except RecursionError:
        raise Refusal(UNPARSABLE, GraphQLError("The query is nested too deeply.")) from None
