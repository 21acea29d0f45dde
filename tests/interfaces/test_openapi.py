"""The description is valid OpenAPI 3.1, complete, and agrees with the answers."""

import re
from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gatherlog.apps.guests import GuestPatch
from gatherlog.interfaces.openapi import describe_endpoints
from gatherlog.interfaces.rest.answers import GuestAnswer
from gatherlog.interfaces.rest.endpoint import field_names
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.interfaces.rest.examples import EXAMPLES

DOCUMENT = describe_endpoints(ENDPOINTS)


async def test_the_description_is_served_and_valid(nobody: AsyncClient) -> None:
    served = await nobody.get("/openapi.json")

    assert served.json() == DOCUMENT
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_description_names_exactly_the_endpoints() -> None:
    described = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }

    assert described == {(row.method, path) for row in ENDPOINTS for path in row.paths()}


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in _operations()]

    assert len(set(names)) == len(names)


def test_a_credential_is_asked_for_everywhere_but_where_one_signs_in() -> None:
    open_to_all = [
        operation["operationId"] for operation in _operations() if not operation["security"]
    ]

    signing_in = ["read_key_set", "request_code", "start_session", "log_in"]
    assert open_to_all == [*signing_in, "read_health", "read_readiness"]


@pytest.mark.parametrize("kind", list(EXAMPLES), ids=str)
def test_examples_fit_their_schemas(kind: Any) -> None:
    [schema], components = msgspec.json.schema_components(
        [kind], ref_template="#/components/schemas/{name}"
    )
    whole = {**schema, "components": {"schemas": components}}

    Draft202012Validator(whole).validate(msgspec.json.decode(msgspec.json.encode(EXAMPLES[kind])))


async def test_answers_fit_the_schemas_that_describe_them(api: AsyncClient, guest_id: str) -> None:
    await api.post(f"/guests/{guest_id}/rsvp", json={"attending": True})
    paths = ["/guests", "/groups", "/admin/stats", "/admin/settings", "/gatherings", "/healthz"]

    for path in paths:
        _validate((await api.get(path)).json(), path, "get", "200")
    _validate((await api.get(f"/guests/{guest_id}")).json(), "/guests/{guest_id}", "get", "200")


async def test_problems_fit_the_schema_that_describes_them(api: AsyncClient) -> None:
    problem = (await api.post("/guests", json={})).json()

    schema = {"$ref": "#/components/schemas/ProblemDocument", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(problem)
    assert "422" in DOCUMENT["paths"]["/guests"]["post"]["responses"]


def test_what_a_put_ignores_is_described_as_read_only() -> None:
    only_answered = field_names(GuestAnswer) - field_names(GuestPatch)

    assert _read_only("SettingsPatch") == {
        "id",
        "created_at",
        "updated_at",
        "starts_at",
        "ends_at",
    }
    assert _read_only("GuestPatch") == only_answered > {"id", "status", "rsvp_at", "is_co_host"}


@pytest.mark.parametrize(
    ("method", "path", "who"),
    [
        (
            "get",
            "/guests",
            "the gathering's host, keys of the gathering, its co-hosts and operators",
        ),
        (
            "delete",
            "/gatherings/{gathering_id}",
            "the gathering's host, keys of the gathering and operators",
        ),
        ("put", "/rsvp", "guests who have logged in"),
        ("get", "/auth/account", "whoever is signed in"),
        ("post", "/auth/logout", "whoever is signed in and guests who have logged in"),
        ("get", "/streams", "operators"),
        ("get", "/healthz", "everybody, without a credential"),
    ],
)
def test_every_operation_says_who_may_call_it(method: str, path: str, who: str) -> None:
    assert DOCUMENT["paths"][path][method]["description"] == f"For {who}."


def test_every_query_parameter_says_what_it_means() -> None:
    untold = {
        parameter["name"]
        for operation in _operations()
        for parameter in operation["parameters"]
        if parameter["in"] == "query" and not parameter.get("description")
    }

    assert untold == set()


def test_an_operation_names_the_problems_that_it_can_have_and_no_others() -> None:
    said = {
        method: {
            status: answer["description"]
            for status, answer in DOCUMENT["paths"]["/guests/{guest_id}"][method][
                "responses"
            ].items()
            if status in ("403", "404", "409", "412")
        }
        for method in ("get", "put", "delete")
    }

    hidden = {"404": "Problem: `not_found`"}
    once = {**hidden, "409": "Problem: `answered_once`", "412": "Problem: `stale`"}
    assert said == {
        "get": hidden,
        "put": {**once, "409": "Problem: `gathering_full`, `answered_once`"},
        "delete": once,
    }


def test_an_operation_of_conversations_says_where_codes_are_listed() -> None:
    operation = DOCUMENT["paths"]["/api/messages"]["post"]["responses"]
    content = {
        status: set(DOCUMENT["components"]["responses"][answer["$ref"].split("/")[-1]]["content"])
        for status, answer in operation.items()
        if "$ref" in answer
    }

    assert operation["401"]["description"] == "An empty object"
    assert operation["422"]["description"] == (
        "Codes of what is wrong, such as `message_blank`. Problem: `key_reused`"
    )
    assert content["401"] == {"application/json"}
    assert content["422"] == content["404"] == {"application/json", "application/problem+json"}
    assert content["429"] == {"application/problem+json"}


def test_values_have_their_json_names() -> None:
    shown = [schema.get("description", "") for schema in DOCUMENT["components"]["schemas"].values()]

    assert [text for text in shown if re.search(r"\b(None|True|False)\b", text)] == []
    assert "`attending` true or false answers for the guest; null takes" in " ".join(shown)


def _read_only(schema: str) -> set[str]:
    properties = DOCUMENT["components"]["schemas"][schema]["properties"]
    return {name for name, described in properties.items() if described.get("readOnly")}


def _operations() -> list[dict[str, Any]]:
    return [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]


def _validate(value: object, path: str, method: str, status: str) -> None:
    content = DOCUMENT["paths"][path][method]["responses"][status]["content"]
    schema = content["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)
