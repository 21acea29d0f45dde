"""The schemas: files that are joined, built, and bound to the resolvers of an API."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Final

from graphql import (
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
)

from gatherlog.interfaces.graphql.connections import CONNECTION_FIELDS, EDGE_FIELDS, PAGE_FIELDS
from gatherlog.interfaces.graphql.fields import FIELDS, Fields
from gatherlog.interfaces.graphql.scalars import SCALARS, bind_scalar

__all__ = ["bound_schema", "sdl"]

_FOLDER: Final = files("gatherlog.interfaces.graphql") / "schemas"


def sdl(parts: Sequence[str]) -> str:
    """The text of a schema that several files describe together."""
    return "\n".join((_FOLDER / f"{part}.graphql").read_text("utf-8") for part in parts)


def bound_schema(parts: Sequence[str], resolvers: Mapping[str, Fields]) -> GraphQLSchema:
    """The schema, with a resolver for each of its fields.

    Raises ValueError where a field has no resolver, and where a resolver has no field: nothing is
    shown that is not written in both.
    """
    schema = build_schema(sdl(parts))
    missing: list[str] = []
    used: set[tuple[str, str]] = set()
    for kind in _objects(schema):
        rows = _rows(kind.name, resolvers)
        for name, field in kind.fields.items():
            if name in rows:
                field.resolve = rows[name]
                used.add((kind.name, name))
            else:
                missing.append(f"{kind.name}.{name} has no resolver")
    given = {(kind, name) for kind, rows in resolvers.items() for name in rows}
    missing += [f"{kind}.{name} is not in the schema" for kind, name in sorted(given - used)]
    if missing:
        raise ValueError("; ".join(missing))
    for named in schema.type_map.values():
        if isinstance(named, GraphQLScalarType) and named.name in SCALARS:
            bind_scalar(named)
    return schema


def _objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    """All types with fields but those of introspection."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield kind


def _rows(kind: str, resolvers: Mapping[str, Fields]) -> Fields:
    if kind in resolvers:
        return resolvers[kind]
    if kind == "PageInfo":
        return PAGE_FIELDS
    if kind.endswith("Connection"):
        return CONNECTION_FIELDS
    return EDGE_FIELDS if kind.endswith("Edge") else FIELDS.get(kind, {})
