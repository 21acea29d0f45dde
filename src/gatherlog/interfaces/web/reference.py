"""The API reference at `/docs`: the OpenAPI document, arranged for its template. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gatherlog.interfaces.web.schemas import Field, Json, Kind, Schemas

__all__ = ["Group", "Operation", "Reference", "arrange"]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_JSON: Final = "application/json"


class Body(msgspec.Struct, frozen=True):
    """The body of a request or an answer, in one media type."""

    media_type: str
    kind: list[Kind]
    fields: list[Field]
    example: str


class Answer(msgspec.Struct, frozen=True):
    """One of an operation's possible answers."""

    status: str
    text: str
    body: Body | None


class Operation(msgspec.Struct, frozen=True):
    """One method on one path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    request: Body | None
    answers: list[Answer]
    curl: str


class Group(msgspec.Struct, frozen=True):
    """Operations under one tag."""

    name: str
    anchor: str
    text: str
    operations: list[Operation]


class NamedSchema(msgspec.Struct, frozen=True):
    """A schema of the document's components."""

    name: str
    text: str
    kind: list[Kind]
    fields: list[Field]


class Reference(msgspec.Struct, frozen=True):
    """Everything that the page shows."""

    title: str
    version: str
    text: str
    groups: list[Group]
    schemas: list[NamedSchema]


def arrange(document: Json) -> Reference:
    """The operations grouped by their first tag: declared tags first, then others as they occur.

    Raises KeyError if a reference in the document leads nowhere.
    """
    schemas = Schemas(document)
    tags = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    grouped: dict[str, list[Operation]] = {name: [] for name in tags}
    for path, item, method in _operations(document):
        tag = (item[method].get("tags") or ["Other"])[0]
        grouped.setdefault(tag, []).append(_operation(schemas, document, path, item, method))
    return Reference(
        title=document["info"]["title"],
        version=document["info"]["version"],
        text=document["info"].get("description", ""),
        groups=[
            Group(name, _anchor("group", name), tags.get(name, ""), operations)
            for name, operations in grouped.items()
            if operations
        ],
        schemas=[
            NamedSchema(
                name, schema.get("description", ""), schemas.kind(schema), schemas.fields(schema)
            )
            for name, schema in sorted(schemas.named.items())
        ],
    )


def _operations(document: Json) -> Iterator[tuple[str, Json, str]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, item, method


def _operation(schemas: Schemas, document: Json, path: str, item: Json, method: str) -> Operation:
    given = item[method]
    parameters = [
        schemas.resolve(one) for one in (*item.get("parameters", ()), *given.get("parameters", ()))
    ]
    request = _body(schemas, schemas.resolve(given.get("requestBody", {})))
    needs_key = bool(given.get("security", document.get("security", ())))
    return Operation(
        anchor=_anchor(method, path),
        method=method,
        path=path,
        summary=given.get("summary", ""),
        description=given.get("description", ""),
        parameters=[_parameter(schemas, one) for one in parameters],
        request=request,
        answers=[
            _answer(schemas, status, {**schemas.resolve(answer), **_own_description(answer)})
            for status, answer in given.get("responses", {}).items()
        ],
        curl=_curl(method, path, request, needs_key),
    )


def _own_description(answer: Json) -> Json:
    """The description beside a reference, which overrides that of what it refers to."""
    return {"description": answer["description"]} if "description" in answer else {}


def _parameter(schemas: Schemas, given: Json) -> Field:
    schema = given.get("schema", {})
    text = schemas.text({**schema, "description": given.get("description", "")})
    required = given.get("required", False)
    return Field(given["name"], schemas.kind(schema), required, text, where=given["in"])


def _answer(schemas: Schemas, status: str, given: Json) -> Answer:
    return Answer(status, given.get("description", ""), _body(schemas, given))


def _body(schemas: Schemas, given: Json) -> Body | None:
    content: Json = given.get("content", {})
    if not content:
        return None
    media_type = _JSON if _JSON in content else next(iter(content))
    media = content[media_type]
    schema = media.get("schema", {})
    is_named = "$ref" in schema
    shown = _example(schemas, media, media_type)
    fields = [] if is_named else schemas.fields(schema)
    return Body(media_type, schemas.kind(schema), fields, shown)


def _example(schemas: Schemas, media: Json, media_type: str) -> str:
    named = [schemas.resolve(one).get("value") for one in media.get("examples", {}).values()]
    given: list[Any] = [media["example"]] if "example" in media else named
    value = given[0] if given else schemas.example(media.get("schema", {}))
    if isinstance(value, str) and "json" not in media_type:
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def _curl(method: str, path: str, request: Body | None, needs_key: bool) -> str:
    place = re.sub(r"\{(\w+)\}", lambda name: "$" + name[1].upper(), path)
    lines = [
        f'curl "$URL{place}"' if method == "get" else f'curl -X {method.upper()} "$URL{place}"'
    ]
    if needs_key:
        lines.append('-H "Authorization: Bearer $KEY"')
    if request is not None:
        lines.append(f"-H 'Content-Type: {request.media_type}'")
        lines.append("--data-binary '" + request.example.replace("'", "'\\''") + "'")
    return " \\\n  ".join(lines)


def _anchor(*words: str) -> str:
    return "-".join(re.findall(r"[a-z0-9_]+", " ".join(words).lower()))
