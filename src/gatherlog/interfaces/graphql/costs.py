"""What a query costs with its variables: one for each field that may be answered."""

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

__all__ = ["MOST_COST", "Cost", "cost_of"]

MOST_COST: Final = 60_000
"""One for each field that may be answered."""
LARGEST_PAGE: Final = 500
_LIST: Final = 4
"""How many entries a list without a size is taken to have."""
_DEAR: Final[Mapping[str, int]] = {
    "ThingToDoConnection.totalCount": 50,
    "MyFavoriteConnection.totalCount": 50,
    "Query.bookings": 100,
    "Query.history": 100,
    "Query.figures": 100,
}
"""Fields that read more than others."""
_LENGTHS: Final[Mapping[str, int]] = {"Query.bookings": 100, "Query.history": 50}
"""Lists that are long and have no size."""


class _Size(msgspec.Struct, frozen=True, order=True):
    """How long a list is that variables have a say in: the most that any argument asks for.

    A client may give both `first` and `last`, of which one is null.
    """

    variables: tuple[tuple[str, int | None], ...]
    """Each with what it is if the client does not give it; None: nothing."""
    written: int
    """The most that the query itself asks for; 0: nothing."""
    usual: int
    """The length if nobody asks for any."""

    def of(self, given: Mapping[str, Any]) -> int:
        """The length with these variables."""
        sizes = [given.get(name, default) for name, default in self.variables]
        known = [_bounded(size) for size in sizes if isinstance(size, int)]
        return max(self.written, *known) if known else self.written or self.usual


Cost = dict[tuple[_Size, ...], int]
"""What a query costs, as a sum of products: a number, times the sizes that variables give."""


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Callable[[Mapping[str, Any]], int]:
    """What a valid operation costs with its variables."""
    root = schema.get_root_type(operation.operation)
    cost: Cost = (
        {}
        if root is None
        else _Costs(schema, document, operation).of(root, operation.selection_set)
    )
    sizes = {size for product in cost for size in product}
    if not sizes:
        fixed = cost.get((), 0)
        return lambda variables: fixed

    def with_variables(variables: Mapping[str, Any]) -> int:
        given = {size: size.of(variables) for size in sizes}
        total = 0
        for product, number in cost.items():
            total += number * prod(given[size] for size in product)
        return total

    return with_variables


def _bounded(size: int) -> int:
    """What a size counts as: no page is larger, and a size out of range is refused by the field."""
    return max(0, min(size, LARGEST_PAGE))


class _Costs:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._defaults = {
            node.variable.name.value: _bounded(int(node.default_value.value))
            for node in operation.variable_definitions or ()
            if isinstance(node.default_value, IntValueNode)
        }
        self._known: dict[str, Cost] = {}

    def of(self, kind: Any, selections: SelectionSetNode | None) -> Cost:
        total: Cost = {}
        for node in () if selections is None else selections.selections:
            for product, number in self._of_node(kind, node).items():
                total[product] = total.get(product, 0) + number
        return total

    def _of_node(self, kind: Any, node: Any) -> Cost:
        if isinstance(node, FieldNode):
            return self._of_field(kind, node)
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._known:
                fragment = self._fragments[name]
                on = self._schema.type_map[fragment.type_condition.name.value]
                self._known[name] = self.of(on, fragment.selection_set)
            return self._known[name]
        on = kind
        if node.type_condition is not None:
            on = self._schema.type_map[node.type_condition.name.value]
        return self.of(on, node.selection_set)

    def _of_field(self, kind: Any, node: FieldNode) -> Cost:
        name = f"{kind.name}.{node.name.value}"
        own: Cost = {(): _DEAR.get(name, 1)}
        field = kind.fields.get(node.name.value) if isinstance(kind, GraphQLObjectType) else None
        if field is None or node.selection_set is None:  # of introspection, or a plain value
            return own
        inner = self.of(get_named_type(field.type), node.selection_set)
        for size in self._sizes(name, field, node):
            inner = _times(inner, size)
        for product, number in own.items():
            inner[product] = inner.get(product, 0) + number
        return inner

    def _sizes(self, name: str, field: Any, node: FieldNode) -> Iterable[int | _Size]:
        """What the fields within are multiplied by."""
        if "first" in field.args:
            default = field.args["first"].default_value
            usual = default if isinstance(default, int) else 20
            return [self._named(node, usual)]
        is_list = is_list_type(get_nullable_type(field.type))
        return [_LENGTHS.get(name, _LIST)] if is_list and not name.endswith(".edges") else []

    def _named(self, node: FieldNode, usual: int) -> int | _Size:
        """The size that `first` and `last` give."""
        written, variables = 0, list[tuple[str, int | None]]()
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    written = max(written, _bounded(int(argument.value.value)))
                if isinstance(argument.value, VariableNode):
                    name = argument.value.name.value
                    variables.append((name, self._defaults.get(name)))
        if variables:
            return _Size(tuple(variables), written, usual)
        return written or usual


def _times(cost: Cost, size: int | _Size) -> Cost:
    if isinstance(size, int):
        return {product: number * size for product, number in cost.items()}
    return {tuple(sorted((*product, size))): number for product, number in cost.items()}
