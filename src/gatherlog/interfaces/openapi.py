"""The OpenAPI 3.1 description, made from the table of endpoints, so that both always agree."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from gatherlog.apps.people.policy import Action, Actor, Participation, Role, Verdict, decide
from gatherlog.interfaces.problems import MEDIA_TYPE, PROBLEMS, ProblemDocument
from gatherlog.interfaces.rest.conditions import IF_MATCH
from gatherlog.interfaces.rest.demands import DEMANDS
from gatherlog.interfaces.rest.endpoint import Endpoint, field_names
from gatherlog.interfaces.rest.examples import EXAMPLES
from gatherlog.interfaces.rest.idempotency import KEY_PATTERN
from gatherlog.interfaces.rest.parameters import PARAMETERS, parameters
from gatherlog.interfaces.rest.queries import InParts

__all__ = ["describe_endpoints"]

Table = Iterable[Endpoint[Any, Any]]
Json = dict[str, Any]

_ABOUT = (
    "Guest lists on an append-only log. Errors are problem documents (RFC 9457) whose `code` is "
    "stable. A PUT is partial: absent fields stay as they are, null clears a field. Every path "
    "about guests exists twice: for the default gathering, and below "
    "`/gatherings/{gathering_id}`. A request with an `Idempotency-Key` is done once, however often "
    "it is sent within 24 hours.\n\n"
    "Each operation says who may call it. Anybody else is answered with 404, or with 403 where "
    "they may know that it exists. Lists come in parts: the `Link` header leads to the next part, "
    "until there is none."
)
_CAMEL = "guests in camelCase"
_TAGS = {
    "gatherings": "Parties, weddings, meet-ups: whatever has a guest list.",
    "guests": "Single guests: invite, find, change, answer for them, make their links.",
    _CAMEL: (
        "The same guests as under `/guests`, with camelCase names of fields: `firstName` is "
        "`first_name`, `groupId` is `group_id`. Use either spelling: nothing else differs, and "
        "each shows what was changed by the other."
    ),
    "groups": "Households: guests who are invited together and answer together.",
    "settings": "Settings and exact figures of a gathering.",
    "rsvp": "For guests who have logged in: read the own household, and answer for it.",
    "signing in": "Codes by mail, sessions, and logins of guests with the token of their link.",
    "accounts": "What the operator sets for the accounts of others.",
    "streams": "Events of one stream: append them, and read them in their order.",
    "logs": "All streams of one category, as items in the form of a DynamoDB log.",
    "feed": "Everything that happens, in pages or as it happens.",
    "rules": "Which events are delivered to which targets.",
    "retention": "Which events expire, and after how many days.",
    "subscriptions": "Named readers of the log: how far they are, and what waits in them.",
    "dead-letters": "Deliveries that were given up: read, redrive and discard them.",
    "letters": "The letters to guests: how many went out today, and how many are held back.",
    "intake": (
        "Records of other systems, which become events, each of them once. One bad record does not "
        "keep the others out."
    ),
    "queues": "Durable queues: receive and acknowledge messages, and administer the queues.",
    "conversations": (
        "Messages between members. What is wrong with a request is a bare list of codes here, and "
        "401 is an empty object."
    ),
    "account": "One's own profile: names, handle, time zone, quiet hours.",
    "server": "Whether the server runs and is ready, how the site is, and its metrics.",
}
"""What the operations with a tag are about, in the order in which tags are shown."""
API_VERSION = "1"
"""Of the API, not of the release, which only operators are told."""
_OF_A_GUEST = (
    "read_guest",
    "change_guest",
    "remove_guest",
    "answer_for_guest",
    "issue_link",
    "read_admin_guest",
    "remove_admin_guest",
    "take_out_of_group",
    "end_co_host",
)
_OF_A_GUEST_IN_CAMEL = (
    "read_admin_guest",
    "change_admin_guest",
    "remove_admin_guest",
    "put_into_group",
    "make_co_host",
    "read_guest",
)
_FOLLOWING: Mapping[str, tuple[str, ...]] = {
    "add_guest": _OF_A_GUEST,
    "add_guest_of_gathering": tuple(f"{name}_of_gathering" for name in _OF_A_GUEST),
    "add_admin_guest": _OF_A_GUEST_IN_CAMEL,
    "add_admin_guest_of_gathering": tuple(f"{name}_of_gathering" for name in _OF_A_GUEST_IN_CAMEL),
    "create_gathering": ("read_gathering", "change_gathering", "add_guest_of_gathering"),
}
"""By operation that creates something, the operations that its answer links to."""


def describe_endpoints(endpoints: Table) -> Json:
    """The whole description, as a JSON object."""
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
    _add_demands(components)
    _add_read_only(endpoints, components)
    _use_json_names(components)
    description = {
        "openapi": "3.1.0",
        "info": {"title": "Gatherlog", "version": API_VERSION, "description": _ABOUT},
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _problem_responses(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": (
                        "A key made with `gatherlog key create` (`glk_…`), a session of "
                        "`POST /auth/session` (`gls_…`), a member's token of `POST /auth/token`, "
                        "or a guest's token of `POST /auth/login`."
                    ),
                }
            },
        },
    }
    plain: Json = msgspec.json.decode(msgspec.json.encode(description))  # tuples become arrays
    return plain


def _kinds(endpoint: Endpoint[Any, Any]) -> list[Any]:
    """The types whose schemas an endpoint refers to."""
    sent = [kind for kinds in endpoint.schemas.values() for kind in kinds if isinstance(kind, type)]
    kinds = [endpoint.answer, endpoint.many_answer, endpoint.body, *sent]
    return [kind for kind in kinds if kind not in (None, bytes)]


def _operation(endpoint: Endpoint[Any, Any], template: str, schema_of: dict[int, Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(endpoint, template),
        "summary": endpoint.summary,
        "description": _who(endpoint),
        "tags": [_tag(template)],
        "parameters": [
            *_path_parameters(template),
            *_query(endpoint),
            *_conditions(endpoint),
            *_once(endpoint),
        ],
        "responses": {
            str(endpoint.status.value): _success(endpoint, template, schema_of),
            **_refusals(endpoint, template),
        },
        "security": [] if endpoint.public else [{"bearer": []}],
    }
    if endpoint.conditional and endpoint.method == "GET":
        operation["responses"]["304"] = {"description": "Unchanged since the version asked about."}
    if endpoint.many_answer is not None:
        content = {endpoint.media: _media(endpoint.many_answer, schema_of)}
        about = "What became of each, where several were sent."
        operation["responses"]["200"] = {"description": about, "content": content}
    if endpoint.body is bytes:
        content = {
            media: {"schema": _sent(endpoint.schemas.get(media, ()), schema_of)}
            for media in (endpoint.accepts, *endpoint.also_accepts)
        }
        operation["requestBody"] = {"required": True, "content": content}
    elif endpoint.body is not None:
        media = _media(endpoint.body, schema_of)
        operation["requestBody"] = {"required": True, "content": {endpoint.accepts: media}}
    return operation


def _sent(kinds: Sequence[Any], schema_of: dict[int, Json]) -> Json:
    """The schema of a body in bytes that is one of these kinds; a text, if it is none."""
    schemas = [schema_of[id(kind)] if isinstance(kind, type) else kind for kind in kinds]
    if not schemas:
        return {"type": "string"}
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _operation_id(endpoint: Endpoint[Any, Any], template: str) -> str:
    is_scoped_path = endpoint.scoped and template != endpoint.path
    return endpoint.name + ("_of_gathering" if is_scoped_path else "")


def _tag(template: str) -> str:
    parts = [part for part in template.split("/") if part and not part.startswith("{")]
    if parts[0] == "gatherings" and len(parts) > 1:
        parts = parts[1:]
    if parts[:2] == ["admin", "guests"]:
        return _CAMEL
    names = {
        "admin": "settings",
        "auth": "signing in",
        "api": "conversations",
        ".well-known": "signing in",
        **dict.fromkeys(("healthz", "readyz", "status", "metrics"), "server"),
    }
    return names.get(parts[0], parts[0].partition(".")[0])


def _path_parameters(template: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].description,
            "schema": PARAMETERS[name].schema,
        }
        for name in parameters(template)
    ]


def _query(endpoint: Endpoint[Any, Any]) -> list[Json]:
    found = []
    for field in msgspec.structs.fields(endpoint.query):
        schema = msgspec.json.schema(field.type)
        parameter: Json = {"name": field.encode_name, "in": "query", "schema": schema}
        if field.required:
            parameter["required"] = True
        else:
            schema["default"] = field.default
        if about := _about(schema):
            parameter["description"] = about
        found.append(parameter)
    return found


def _about(schema: Json) -> str:
    """The description in a schema, or in one of its alternatives; removed from there."""
    found = [part.pop("description", "") for part in (schema, *schema.get("anyOf", ()))]
    return next(filter(None, found), "")


def _conditions(endpoint: Endpoint[Any, Any]) -> list[Json]:
    if not endpoint.conditional:
        return []
    read = endpoint.method == "GET"
    name = "If-None-Match" if read else "If-Match"
    what = "answer 304 if it is current" if read else "refuse with 412 unless it is current"
    about = "An ETag" if read else "ETags with commas between, or `*` for any version that exists"
    schema: Json = {"type": "string"} if read else {"type": "string", "pattern": IF_MATCH}
    return [{"name": name, "in": "header", "description": f"{about}: {what}.", "schema": schema}]


def _once(endpoint: Endpoint[Any, Any]) -> list[Json]:
    if not endpoint.repeatable:
        return []
    description = "Send the same key with every attempt at a request: it is done once."
    schema = {"type": "string", "pattern": KEY_PATTERN}
    return [
        {"name": "Idempotency-Key", "in": "header", "description": description, "schema": schema}
    ]


def _links(endpoint: Endpoint[Any, Any], template: str) -> Json:
    """Links from what a POST created to the operations whose path takes its id."""
    if endpoint.status is not HTTPStatus.CREATED or endpoint.answer is None:
        return {}
    if "id" not in field_names(endpoint.answer):
        return {}
    name = "gathering_id" if template == "/gatherings" else "guest_id"
    from_path = {one: f"$request.path.{one}" for one in parameters(template)}
    given = {**from_path, name: "$response.body#/id"}
    return {
        operation: {"operationId": operation, "parameters": given}
        for operation in _FOLLOWING.get(_operation_id(endpoint, template), ())
    }


def _success(endpoint: Endpoint[Any, Any], template: str, schema_of: dict[int, Json]) -> Json:
    response: Json = {"description": endpoint.summary}
    headers = []
    if endpoint.status is HTTPStatus.CREATED and endpoint.method == "POST" and endpoint.located:
        headers.append("Location")
    if endpoint.conditional and endpoint.answer is not None:
        headers.append("ETag")
    if issubclass(endpoint.query, InParts):
        headers.append("Link")
    links = _links(endpoint, template)
    if links:
        response["links"] = links
    if headers:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    if endpoint.answer is not None:
        response["content"] = {endpoint.media: _media(endpoint.answer, schema_of)}
    elif endpoint.status is HTTPStatus.OK:
        response["content"] = {endpoint.media: {"schema": {"type": "string"}}}
    return response


def _media(kind: Any, schema_of: dict[int, Json]) -> Json:
    media: Json = {"schema": schema_of[id(kind)]}
    if kind in EXAMPLES:
        media["example"] = msgspec.to_builtins(EXAMPLES[kind])
    return media


_GUEST = Actor("guest", "guest", Role.GUEST, "here")
_ACTORS = (
    ("whoever is signed in", Actor("account", "one", Role.MEMBER, account_id="one")),
    ("the gathering's host", Actor("account", "host", Role.MEMBER, account_id="host")),
    ("keys of the gathering", Actor("key", "key", Role.HOST, "here")),
    ("its co-hosts", Actor("guest", "guest", Role.GUEST, "here", co_host=True)),
    ("guests who have logged in", _GUEST),
    ("operators", Actor("key", "operator", Role.OPERATOR)),
    ("keys that send records", Actor("key", "intake", Role.INTAKE, logs=frozenset({"here"}))),
    ("those who take part in it", Actor("account", "member", Role.MEMBER, account_id="member")),
    ("its owner", Actor("account", "owner", Role.MEMBER, account_id="owner")),
    ("the author", Actor("account", "author", Role.MEMBER, account_id="author")),
)
"""One actor of each kind, with how the description names that kind."""
_OTHERS = (
    Actor("key", "one", Role.MEMBER, account_id="one"),
    Actor("guest", "guest", Role.GUEST, "elsewhere"),
)
"""Actors who may do nothing with a gathering, but may be refused in another way than others."""
_IN_CONVERSATION = {
    "member": Participation(),
    "owner": Participation(is_owner=True),
    "author": Participation(is_author=True),
}
"""What these accounts are in a conversation, of which others know nothing."""
_IMPLIED = {
    "the gathering's host": ("whoever is signed in",),
    "its co-hosts": ("guests who have logged in",),
    "those who take part in it": ("whoever is signed in",),
    "its owner": ("whoever is signed in", "those who take part in it"),
    "the author": ("whoever is signed in", "those who take part in it"),
}
"""Kinds of actors that are not named where the wider kind is."""


def _who(endpoint: Endpoint[Any, Any]) -> str:
    """Who may call the endpoint, by the policy."""
    if endpoint.public:
        return "For everybody, without a credential."
    asked = [(name, _verdict(actor, endpoint.action)) for name, actor in _ACTORS]
    allowed = [name for name, verdict in asked if verdict is Verdict.ALLOW]
    *before, last = [
        name for name in allowed if not any(one in allowed for one in _IMPLIED.get(name, ()))
    ]
    return f"For {', '.join(before)} and {last}." if before else f"For {last}."


def _verdict(actor: Actor, action: Action) -> Verdict:
    """The policy's verdict about a gathering, and about the actor's own guest and account."""
    own = actor.id if actor.kind == "guest" else None
    return decide(
        actor,
        action,
        "here",
        guest_id=own,
        host_account="host",
        account_id=actor.account_id,
        participation=_IN_CONVERSATION.get(actor.id),
    )


def _refusals(endpoint: Endpoint[Any, Any], template: str) -> Json:
    """The responses with errors, by status; each names exactly the codes this endpoint can give."""
    codes: dict[HTTPStatus, list[str]] = {}
    wanted = _problem_codes(endpoint, template)
    for code, problem in PROBLEMS.items():
        if code in wanted:
            codes.setdefault(problem.status, []).append(code)
    return {
        str(status.value): {
            "$ref": f"#/components/responses/{_response_name(endpoint, status)}",
            "description": _told(endpoint, status, codes[status]),
        }
        for status in sorted(codes)
    }


def _response_name(endpoint: Endpoint[Any, Any], status: HTTPStatus) -> str:
    return f"{status.name}_LISTED" if endpoint.lists_codes and status in _LISTED else status.name


_CODES: Json = {"type": "array", "items": {"type": "string"}}
_PROBLEM: Json = {"$ref": "#/components/schemas/ProblemDocument"}
_LISTED: Mapping[HTTPStatus, Json] = {
    HTTPStatus.UNAUTHORIZED: {"application/json": {"schema": {"type": "object"}}},
    HTTPStatus.UNPROCESSABLE_ENTITY: {
        "application/json": {"schema": _CODES},
        MEDIA_TYPE: {"schema": _PROBLEM},
    },
    HTTPStatus.NOT_FOUND: {
        "application/json": {"schema": _CODES},
        MEDIA_TYPE: {"schema": _PROBLEM},
    },
}
"""How errors are answered where `Endpoint.lists_codes`: codes alone, nothing, or a problem."""
_LISTED_TOLD: Mapping[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "An empty object",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Codes of what is wrong, such as `message_blank`",
    HTTPStatus.NOT_FOUND: "Codes of what is unknown, such as `user_reciever_handle_unknown`",
}
_NEVER_LISTED = ("key_reused", "not_found")


def _told(endpoint: Endpoint[Any, Any], status: HTTPStatus, codes: Iterable[str]) -> str:
    if not endpoint.lists_codes or status not in _LISTED:
        return _problems(codes)
    problems = [code for code in codes if code in _NEVER_LISTED]
    return _LISTED_TOLD[status] + (f". {_problems(problems)}" if problems else "")


def _problem_codes(endpoint: Endpoint[Any, Any], template: str) -> set[str]:
    codes = {"error", "store_failed", "busy", *endpoint.refusals}
    if not endpoint.public:
        codes |= {"unauthenticated", "too_many"}
        actors = [actor for _, actor in _ACTORS] + [*_OTHERS]
        verdicts = {_verdict(actor, endpoint.action) for actor in actors}
        codes |= {"denied"} if Verdict.DENY in verdicts else set()
        codes |= {"not_found"} if Verdict.HIDE in verdicts else set()
    if endpoint.scoped or parameters(template):
        codes |= {"not_found"}
    if msgspec.structs.fields(endpoint.query):
        codes |= {"invalid"}
    if endpoint.body is not None:
        codes |= {"malformed", "body_too_large", "unsupported_media_type", "invalid"}
        codes |= {"body_too_slow"}
    if endpoint.method != "GET":
        codes |= {"disk_full"}
        codes |= {"stale"} if endpoint.conditional else set()
    if endpoint.repeatable:
        codes |= {"invalid", "key_reused", "answered_once"}
    if "cursor" in field_names(endpoint.query):
        codes |= {"cursor_invalid"}
    return codes


def _problems(codes: Iterable[str]) -> str:
    return "Problem: " + ", ".join(f"`{code}`" for code in codes)


def _problem_responses() -> Json:
    titles: dict[HTTPStatus, list[str]] = {}
    for code, problem in PROBLEMS.items():
        titles.setdefault(problem.status, []).append(code)
    problems = {
        status.name: {
            "description": _problems(codes),
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }
        for status, codes in titles.items()
    }
    listed = {
        f"{status.name}_LISTED": {"description": _LISTED_TOLD[status], "content": content}
        for status, content in _LISTED.items()
    }
    return problems | listed


def _add_demands(components: dict[str, Any]) -> None:
    """Add what structs demand beyond the types of their fields."""
    for kind, demanded in DEMANDS.items():
        schema = components[kind.__name__]
        schema |= demanded
        for name in demanded.get("required", ()):
            schema["properties"][name].pop("default", None)


def _add_read_only(endpoints: Table, components: dict[str, Any]) -> None:
    """Describe the fields that a PUT ignores, those that only GET answers, as read-only."""
    for endpoint in endpoints:
        body = endpoint.body
        if endpoint.method == "PUT" and body is not None:
            answer = components[endpoint.answer.__name__]
            for name in sorted(field_names(endpoint.answer) - field_names(body)):
                read_only = {**answer["properties"][name], "readOnly": True}
                components[body.__name__]["properties"][name] = read_only


_JSON_NAMES = {"None": "null", "True": "true", "False": "false"}


def _use_json_names(components: dict[str, Any]) -> None:
    """Descriptions are our docstrings: replace Python's names of values by those of JSON."""
    for schema in components.values():
        if "description" in schema:
            schema["description"] = re.sub(
                r"\b(None|True|False)\b", lambda word: _JSON_NAMES[word[0]], schema["description"]
            )
