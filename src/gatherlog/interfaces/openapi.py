"""The OpenAPI 3.1 description, made from the table of endpoints, so that it cannot drift."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from gatherlog import __version__
from gatherlog.interfaces.problems import MEDIA_TYPE, PROBLEMS, ProblemDocument
from gatherlog.interfaces.rest.endpoint import Endpoint, field_names, parameters
from gatherlog.interfaces.rest.examples import EXAMPLES

__all__ = ["describe_endpoints"]

Table = Iterable[Endpoint[Any, Any]]
Json = dict[str, Any]

_ABOUT = (
    "Guest lists on an append-only log. Errors are problem documents (RFC 9457) whose `code` is "
    "stable. A PUT is partial: what is absent stays, null clears. Every path about guests stands "
    "twice: for the default gathering, and below `/gatherings/{gathering_id}`."
)
_PARAMETERS: Mapping[str, Json] = {
    "gathering_id": {
        "description": "A gathering's UUID, or `default`.",
        "schema": {"type": "string", "anyOf": [{"format": "uuid"}, {"const": "default"}]},
    },
    "guest_id": {
        "description": "A guest's UUID.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "group_id": {
        "description": "A household, as its first guest named it; percent-encoded.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    },
}


def describe_endpoints(endpoints: Table) -> Json:
    """The whole description as a JSON object."""
    endpoints = tuple(endpoints)
    kinds = [kind for endpoint in endpoints for kind in _kinds(endpoint)]
    schemas, components = msgspec.json.schema_components(
        [*kinds, ProblemDocument], ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip([id(kind) for kind in kinds], schemas, strict=False))
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        for template in endpoint.paths():
            operation = _operation(endpoint, template, schema_of)
            paths.setdefault(template, {})[endpoint.method.lower()] = operation
    _add_read_only(endpoints, components)
    description = {
        "openapi": "3.1.0",
        "info": {"title": "Gatherlog", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _problem_responses(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key made with `gatherlog key create`: `glk_…`.",
                }
            },
        },
    }
    plain: Json = msgspec.json.decode(msgspec.json.encode(description))  # tuples become arrays
    return plain


def _kinds(endpoint: Endpoint[Any, Any]) -> list[Any]:
    """The types whose schemas an endpoint refers to."""
    return [kind for kind in (endpoint.answer, endpoint.body) if kind not in (None, bytes)]


def _operation(endpoint: Endpoint[Any, Any], template: str, schema_of: dict[int, Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(endpoint, template),
        "summary": endpoint.summary,
        "tags": [_tag(template)],
        "parameters": [*_path_parameters(template), *_query(endpoint), *_conditions(endpoint)],
        "responses": {
            str(endpoint.status.value): _success(endpoint, schema_of),
            **{
                str(status): {"$ref": f"#/components/responses/{HTTPStatus(status).name}"}
                for status in sorted(_problem_statuses(endpoint, template))
            },
        },
        "security": [] if endpoint.public else [{"key": []}],
    }
    if endpoint.conditional and endpoint.method == "GET":
        operation["responses"]["304"] = {"description": "It has not changed."}
    if endpoint.body is bytes:
        content = {endpoint.accepts: {"schema": {"type": "string"}}}
        operation["requestBody"] = {"required": True, "content": content}
    elif endpoint.body is not None:
        media = _media(endpoint.body, schema_of)
        operation["requestBody"] = {"required": True, "content": {endpoint.accepts: media}}
    return operation


def _operation_id(endpoint: Endpoint[Any, Any], template: str) -> str:
    scoped_twin = endpoint.scoped and template != endpoint.path
    return endpoint.name + ("_of_gathering" if scoped_twin else "")


def _tag(template: str) -> str:
    parts = [part for part in template.split("/") if part and not part.startswith("{")]
    if parts[0] == "gatherings" and len(parts) > 1:
        parts = parts[1:]
    return {"admin": "settings", "healthz": "server"}.get(parts[0], parts[0].partition(".")[0])


def _path_parameters(template: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, **_PARAMETERS[name]}
        for name in parameters(template)
    ]


def _query(endpoint: Endpoint[Any, Any]) -> list[Json]:
    found = []
    for field in msgspec.structs.fields(endpoint.query):
        schema = {**msgspec.json.schema(field.type), "default": field.default}
        parameter = {"name": field.encode_name, "in": "query", "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        found.append(parameter)
    return found


def _conditions(endpoint: Endpoint[Any, Any]) -> list[Json]:
    if not endpoint.conditional:
        return []
    read = endpoint.method == "GET"
    name = "If-None-Match" if read else "If-Match"
    what = "answer 304 if it is still current" if read else "refuse with 412 unless it is current"
    description = f"An ETag: {what}."
    return [
        {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
    ]


def _success(endpoint: Endpoint[Any, Any], schema_of: dict[int, Json]) -> Json:
    response: Json = {"description": endpoint.summary}
    headers = []
    if endpoint.status is HTTPStatus.CREATED and endpoint.method == "POST":
        headers.append("Location")
    if endpoint.conditional and endpoint.answer is not None:
        headers.append("ETag")
    if "cursor" in field_names(endpoint.query):
        headers.append("Link")
    if headers:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    if endpoint.answer is not None:
        response["content"] = {endpoint.media: _media(endpoint.answer, schema_of)}
    elif endpoint.status is not HTTPStatus.NO_CONTENT:
        response["content"] = {endpoint.media: {"schema": {"type": "string"}}}
    return response


def _media(kind: Any, schema_of: dict[int, Json]) -> Json:
    media: Json = {"schema": schema_of[id(kind)]}
    if kind in EXAMPLES:
        media["example"] = msgspec.to_builtins(EXAMPLES[kind])
    return media


def _problem_statuses(endpoint: Endpoint[Any, Any], template: str) -> set[int]:
    codes = {"store_failed", "busy", *endpoint.refusals}
    if not endpoint.public:
        codes |= {"unauthenticated", "denied"}
    if endpoint.scoped or parameters(template):
        codes |= {"not_found"}
    if msgspec.structs.fields(endpoint.query):
        codes |= {"invalid"}
    if endpoint.body is not None:
        codes |= {"malformed", "body_too_large", "unsupported_media_type", "invalid"}
    if endpoint.method != "GET":
        codes |= {"disk_full"}
        codes |= {"stale"} if endpoint.conditional else set()
    return {PROBLEMS[code].status.value for code in codes}


def _problem_responses() -> Json:
    titles: dict[HTTPStatus, list[str]] = {}
    for code, problem in PROBLEMS.items():
        titles.setdefault(problem.status, []).append(code)
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status.name: {
            "description": "Problem: " + ", ".join(f"`{code}`" for code in codes),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status, codes in titles.items()
    }


def _add_read_only(endpoints: Table, components: dict[str, Any]) -> None:
    """What a PUT brings back from GET and may not change, it may still bring: name it so."""
    for endpoint in endpoints:
        if endpoint.method == "PUT":
            answer, body = components[endpoint.answer.__name__], endpoint.body
            assert body is not None
            for name in sorted(field_names(endpoint.answer) - field_names(body)):
                read_only = {**answer["properties"][name], "readOnly": True}
                components[body.__name__]["properties"][name] = read_only
