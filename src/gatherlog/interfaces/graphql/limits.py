"""What a query may be like: its size, its depth, its aliases. What it costs is in `costs`.

All of this is looked at before a query is validated, since one can be made so that validating it
takes very long. Fragments are followed, and each is counted wherever it is spread; this takes no
longer, because what is counted of a fragment is kept.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

__all__ = [
    "MOST_ALIASES",
    "MOST_CHARACTERS",
    "MOST_DEPTH",
    "MOST_FIELDS",
    "MOST_TOKENS",
    "check_form",
]

MOST_CHARACTERS: Final = 20_000
MOST_TOKENS: Final = 1_000
MOST_DEPTH: Final = 16
"""Levels of fields. The usual introspection query has 15, everything else at most 8."""
MOST_FIELDS: Final = 300
"""Fields that are written down, wherever they are; a fragment's count once."""
MOST_SPREADS: Final = 50
MOST_ALIASES: Final = 30
"""Fields with an alias, a fragment's counted wherever it is spread."""
MOST_REPEATED: Final = 10
"""Fields of one name in one selection, in its fragments, too: validation compares all pairs."""
MOST_ROOTS: Final = 20
"""Fields of the operation itself, in fragments, too."""


class _Shape(msgspec.Struct, frozen=True):
    """What is counted of a selection, with all fragments in it."""

    depth: int = 0
    aliases: int = 0
    names: Mapping[str, int] = {}
    """How often a name is answered under, by the name."""
    repeated: int = 0
    """The most that one name is, here or further down."""


class _Shapes:
    """Counts selections; a fragment that spreads itself counts nothing, and is refused later."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Shape] = {}
        self.fields = 0
        self.spreads = 0

    def of(self, selections: SelectionSetNode | None) -> _Shape:
        depth = aliases = repeated = 0
        names: Counter[str] = Counter()
        for node in () if selections is None else selections.selections:
            shape = self._of_node(node)
            depth = max(depth, shape.depth)
            repeated = max(repeated, shape.repeated)
            aliases += shape.aliases
            names.update(shape.names)
        return _Shape(depth, aliases, names, max(repeated, *names.values(), 0))

    def all(self) -> None:
        """Count the fragments that nothing has spread so far, too."""
        for name in self._fragments:
            self._of_fragment(name)

    def _of_node(self, node: Any) -> _Shape:
        if isinstance(node, FieldNode):
            self.fields += 1
            inner = self.of(node.selection_set)
            name = (node.alias or node.name).value
            aliases = inner.aliases + (node.alias is not None)
            return _Shape(inner.depth + 1, aliases, {name: 1}, inner.repeated)
        self.spreads += 1
        if isinstance(node, FragmentSpreadNode):
            return self._of_fragment(node.name.value)
        return self.of(node.selection_set)

    def _of_fragment(self, name: str) -> _Shape:
        if name not in self._known:
            self._known[name] = _Shape()
            fragment = self._fragments.get(name)
            self._known[name] = self.of(None if fragment is None else fragment.selection_set)
        return self._known[name]


def check_form(document: DocumentNode) -> list[GraphQLError]:
    """What is too much about a parsed query, whatever schema it is for."""
    shapes = _Shapes(document)
    found = [
        shapes.of(node.selection_set)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    shapes.all()
    roots = [sum(shape.names.values()) for shape in found]
    counts = [
        ("fields", shapes.fields, MOST_FIELDS),
        ("spread fragments", shapes.spreads, MOST_SPREADS),
        ("levels", max((shape.depth for shape in found), default=0), MOST_DEPTH),
        ("aliases", max((shape.aliases for shape in found), default=0), MOST_ALIASES),
        ("fields of one name", max((one.repeated for one in found), default=0), MOST_REPEATED),
        ("fields at its top", max(roots, default=0), MOST_ROOTS),
    ]
    return [
        GraphQLError(f"The query has {min(count, 10**9):,} {what}; at most {most:,} are allowed.")
        for what, count, most in counts
        if count > most
    ]
