"""The reference at /docs: everything in the OpenAPI document, arranged for reading."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.interfaces.web.reference import Operation, arrange
from gatherlog.interfaces.web.schemas import Schemas
from tests.interfaces.web.conftest import Invited
from tests.interfaces.web.reading import Page, flaws_of_form

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Toys", "version": "7"},
    "tags": [{"name": "Toys", "description": "To play with."}, {"name": "Unused"}],
    "security": [{"key": []}],
    "paths": {
        "/toys/{toy_id}": {
            "parameters": [{"$ref": "#/components/parameters/ToyId"}],
            "put": {
                "tags": ["Toys"],
                "summary": "Change a toy",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Toy"}}
                    }
                },
                "responses": {"204": {"description": "Changed."}},
            },
        },
        "/ping": {
            "get": {"security": [], "responses": {"200": {"description": "Alive."}}},
        },
    },
    "components": {
        "parameters": {
            "ToyId": {
                "name": "toy_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
            }
        },
        "schemas": {
            "Toy": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 9, "examples": ["Tom's car"]},
                    "age": {"type": ["integer", "null"], "minimum": 3, "description": "In years."},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Toy"}},
                },
            }
        },
    },
}


def operations(document: dict[str, Any]) -> dict[str, Operation]:
    groups = arrange(document).groups
    return {one.anchor: one for group in groups for one in group.operations}


def words(schema: dict[str, Any]) -> str:
    return "".join(piece.text for piece in Schemas(DOCUMENT).kind(schema))


async def test_every_operation_and_schema_of_the_api_is_on_the_page(ada: Invited) -> None:
    document = (await ada.browser.get("/openapi.json")).json()

    page = Page((await ada.browser.get("/docs")).text)

    offered = [
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    ]
    shown = [" ".join(summary.text.split()[:2]) for summary in page.all("summary")]
    schemas = [article["id"] for article in page.all("article")]
    assert sorted(shown) == sorted(one for one in offered if "PARAMETERS" not in one)
    assert schemas == [f"schema-{name}" for name in sorted(document["components"]["schemas"])]
    assert flaws_of_form(page) == []


async def test_the_reference_is_open_to_everybody_and_loads_nothing_from_elsewhere(
    nobody: AsyncClient,
) -> None:
    page = Page((await nobody.get("/docs")).text)

    assert page.all("link")[0]["href"] == "/static/icon.svg"
    for element in page.elements:
        place = element.get("href") or element.get("src") or "/"
        assert place[0] in "/#"


def test_operations_are_grouped_by_their_tag_and_the_rest_comes_last() -> None:
    groups = arrange(DOCUMENT).groups

    assert [(group.name, group.text) for group in groups] == [
        ("Toys", "To play with."),
        ("Other", ""),
    ]


def test_an_operation_has_its_parameters_and_a_line_for_curl() -> None:
    change = operations(DOCUMENT)["put-toys-toy_id"]

    assert [(one.name, one.where, one.required) for one in change.parameters] == [
        ("toy_id", "path", True)
    ]
    lines = change.curl.split(" \\\n  ")
    assert lines[:3] == [
        'curl -X PUT "$URL/toys/$TOY_ID"',
        '-H "Authorization: Bearer $KEY"',
        "-H 'Content-Type: application/json'",
    ]
    sent = lines[3].removeprefix("--data-binary '").removesuffix("'").replace("'\\''", "'")
    assert json.loads(sent)["name"] == "Tom's car"


def test_what_needs_no_key_is_called_without_one() -> None:
    assert operations(DOCUMENT)["get-ping"].curl == 'curl "$URL/ping"'


def test_an_example_of_a_schema_within_itself_comes_to_an_end() -> None:
    example = Schemas(DOCUMENT).example({"$ref": "#/components/schemas/Toy"})

    assert (example["name"], example["age"]) == ("Tom's car", 3)
    assert example["parts"][0]["parts"][0]["name"] == "Tom's car"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", 1, None]}, '"a" or 1 or null'),
        ({"const": True}, "true"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Toy"}}, "array of Toy"),
        ({}, "any"),
    ],
)
def test_types_are_shown_as_text(schema: dict[str, Any], said: str) -> None:
    assert words(schema) == said


def test_bounds_are_shown_with_the_description() -> None:
    fields = Schemas(DOCUMENT).fields({"$ref": "#/components/schemas/Toy"})

    assert [(one.name, one.required, one.text) for one in fields] == [
        ("name", True, "At most 9 characters"),
        ("age", False, "In years (at least 3)."),
        ("parts", False, ""),
    ]


def test_a_reference_that_leads_nowhere_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Schemas(DOCUMENT).example({"$ref": "#/components/schemas/None"})
