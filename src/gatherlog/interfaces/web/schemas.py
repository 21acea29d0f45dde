"""JSON schemas for people: the type as text, rows of fields, and an example. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

__all__ = ["Field", "Kind", "Schemas"]

Json = Mapping[str, Any]
"""Part of an OpenAPI document: JSON of any shape."""

_DEPTH: Final = 6
"""How deeply examples are nested at most; schemas may contain themselves."""
_EXAMPLES: Final[Mapping[str, str]] = {
    "date-time": "2026-06-06T16:30:00.000000Z",
    "date": "2026-06-06",
    "uuid": "0198a3f4-7c1e-7b52-9d34-5f0c2a6be8d1",
    "email": "ada@example.org",
    "uri": "https://example.org/",
}
_BOUNDS: Final = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("pattern", "matches {}"),
)


class Kind(msgspec.Struct, frozen=True):
    """A part of a type's text; `anchor` is that of the schema it names, if it names one."""

    text: str
    anchor: str | None = None


class Field(msgspec.Struct, frozen=True):
    """One property of an object, or one parameter of an operation."""

    name: str
    kind: list[Kind]
    required: bool
    text: str
    where: str = ""


class Schemas:
    """The schemas of one OpenAPI document, with its references followed."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self.named: Json = document.get("components", {}).get("schemas", {})

    def resolve(self, node: Json) -> Json:
        """What a reference within the document refers to; anything else unchanged.

        KeyError for a reference that leads nowhere.
        """
        while "$ref" in node:
            target: Any = self._document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def kind(self, schema: Json) -> list[Kind]:
        """The type as text: `string`, `array of Guest`, `integer or null`, `"a" or "b"`."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            return [Kind(name, f"schema-{name}" if name in self.named else None)]
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return _joined(self.kind(option) for option in schema[several])
        if "enum" in schema:
            return [Kind(" or ".join(json.dumps(value) for value in schema["enum"]))]
        if "const" in schema:
            return [Kind(json.dumps(schema["const"]))]
        types = schema.get("type", "string" if "format" in schema else "any")
        if isinstance(types, list):
            return _joined(self.kind({**schema, "type": one}) for one in types)
        if types == "array":
            return [Kind("array of "), *self.kind(schema.get("items", {}))]
        worded = types == "string" and schema.get("format")
        return [Kind(f"{types} ({schema['format']})" if worded else str(types))]

    def fields(self, schema: Json) -> list[Field]:
        """The properties of an object schema, in the order in which they are declared."""
        schema = self.resolve(schema)
        required = schema.get("required", ())
        return [
            Field(name, self.kind(field), name in required, self.text(field))
            for name, field in schema.get("properties", {}).items()
        ]

    def text(self, schema: Json) -> str:
        """The description of a value, followed by its bounds and default."""
        described = str(schema.get("description", "")).strip()
        bounds = [words.format(schema[key]) for key, words in _BOUNDS if key in schema]
        if schema.get("default") is not None:
            bounds.append(f"default {json.dumps(schema['default'])}")
        bounded = "; ".join(bounds)
        if not described or not bounded:
            return described or bounded[:1].upper() + bounded[1:]
        return f"{described.rstrip('.')} ({bounded})."

    def example(self, schema: Json, depth: int = 0) -> Any:
        """A value that the schema allows: the one it gives, or one made up from its types."""
        schema = self.resolve(schema)
        for key in ("example", "const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.example(schema[several][0], depth)
        merged = {name: part for node in self._parts(schema) for name, part in node.items()}
        return self._made_up(schema, merged, depth)

    def _parts(self, schema: Json) -> Iterator[Json]:
        for part in schema.get("allOf", ()):
            yield self.resolve(part).get("properties", {})
        yield schema.get("properties", {})

    def _made_up(self, schema: Json, properties: Json, depth: int) -> Any:
        types = schema.get("type", "object" if properties else "any")
        kind = types[0] if isinstance(types, list) else types
        match kind:
            case "object" if depth < _DEPTH:
                return {name: self.example(part, depth + 1) for name, part in properties.items()}
            case "array" if depth < _DEPTH:
                return [self.example(schema.get("items", {}), depth + 1)]
            case "array":
                return []
            case "string":
                return _EXAMPLES.get(schema.get("format", ""), "text")
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return {}


def _joined(kinds: Iterator[list[Kind]]) -> list[Kind]:
    joined: list[Kind] = []
    for kind in kinds:
        joined += [Kind(" or "), *kind] if joined else kind
    return joined
