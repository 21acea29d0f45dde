"""GraphQL over HTTP: methods, media types, parameters and statuses, beside the published audits."""

from typing import Any

import pytest
from httpx2 import Response

from tests.interfaces.graphql.asking import ON_SQLITE, RESPONSE, Asking
from tests.interfaces.graphql.sample_town import Town

pytestmark = ON_SQLITE
JSON = "application/json"
TYPENAME = {"query": "{ __typename }"}
BROKEN = {"query": "{ nothing }"}


async def guest(ask: Asking, body: Any, accept: str) -> Response:
    return await ask.post("guest", body, headers={"accept": accept})


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.5, {JSON}", JSON),
        (f"{JSON}, {RESPONSE}", JSON),
        (f"{RESPONSE};charset=utf-8", RESPONSE),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html", JSON),
        (f"{RESPONSE};q=nonsense, {JSON};q=0.1", JSON),
        ("", JSON),
        ("text/event-stream", JSON),
    ],
)
async def test_the_media_type_is_the_one_that_is_accepted(
    ask: Asking, accept: str, media: str
) -> None:
    answer = await guest(ask, TYPENAME, accept)

    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_errors_of_graphql_are_400_and_200_to_those_who_know_only_json(ask: Asking) -> None:
    answers = [await guest(ask, BROKEN, accept) for accept in (RESPONSE, JSON)]

    assert [answer.status_code for answer in answers] == [400, 200]
    assert answers[0].json() == answers[1].json()
    assert "data" not in answers[0].json()


async def test_an_error_of_one_field_leaves_the_others_and_the_status(ask: Asking) -> None:
    body = {"query": "{ findThingsToDo { totalCount } __typename }"}
    answer = await guest(ask, body, RESPONSE)

    assert (answer.status_code, answer.json()["data"]) == (
        200,
        {"findThingsToDo": None, "__typename": "Query"},
    )
    assert [error["path"] for error in answer.json()["errors"]] == [["findThingsToDo"]]


async def test_a_query_may_come_by_get(ask: Asking, town: Town) -> None:
    thing = await town.published()
    query = "query A($id: ID!) { thingToDoById(id: $id) { name } } query B { __typename }"
    given = {"query": query, "variables": f'{{"id": "{thing.id}"}}', "operationName": "A"}

    answer = await ask.client.get("/graphql/guest", params=given, headers={"accept": RESPONSE})
    head = await ask.client.head("/graphql/guest", params=given)

    assert answer.json() == {"data": {"thingToDoById": {"name": "Painting with frogs"}}}
    assert (head.status_code, head.content) == (200, b"")


async def test_a_mutation_by_get_is_not_carried_out(ask: Asking) -> None:
    query = 'mutation { saveProfile(input: { name: "Frogs" }) { name } }'
    headers = {"authorization": f"Bearer {ask.secret('olga')}", "accept": RESPONSE}

    refused = await ask.client.get("/graphql/organiser", params={"query": query}, headers=headers)
    profile = await ask.organiser("{ profile { name } }")

    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert profile.data == {"profile": None}


async def test_a_subscription_by_get_or_without_a_stream_is_refused(ask: Asking) -> None:
    query = 'subscription { placesLeft(id: "x", date: "2027-01-01") { left } }'
    headers = {"authorization": f"Bearer {ask.secret('pia')}"}

    by_get = await ask.client.get("/graphql/user", params={"query": query}, headers=headers)
    as_json = await ask.user(query)

    assert by_get.status_code == 405
    assert (as_json.status, as_json.code) == (406, "BAD_USER_INPUT")


async def test_a_mutation_as_a_stream_is_refused_and_not_carried_out(ask: Asking) -> None:
    query = 'mutation { addChild(input: { name: "Mia", birthDate: "2020-01-01" }) { id } }'

    headers = {"accept": "text/event-stream"}
    refused = await ask.post("user", {"query": query}, who="pia", headers=headers)
    children = await ask.user("{ myChildren { name } }")

    assert (refused.status_code, children.data) == (406, {"myChildren": []})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_offered(ask: Asking, method: str) -> None:
    refused = await ask.client.request(method, "/graphql/guest", json=TYPENAME)

    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphql/", "/graphql/nobody", "/graphql/guest/", "/graphql/Guest"]
)
async def test_there_is_nothing_beside_the_four_apis(ask: Asking, path: str) -> None:
    assert (await ask.client.post(path, json=TYPENAME)).status_code == 404


BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b'"{ __typename }"',
    b'[{"query": "{ __typename }"}]',
    b"{}",
    b'{"query": null}',
    b'{"query": 1}',
    b'{"query": "{ __typename }", "variables": []}',
    b'{"query": "{ __typename }", "variables": "{}"}',
    b'{"query": "{ __typename }", "operationName": 1}',
    b'{"query": "{ __typename }", "extensions": 1}',
    b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 90_000 + b"1" + b"}" * 90_000 + b"}",
    b'{"query": "\xff"}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:50]))
async def test_what_is_no_request_of_graphql_is_400_whatever_is_accepted(
    ask: Asking, body: bytes
) -> None:
    for accept in (RESPONSE, JSON):
        headers = {"accept": accept, "content-type": JSON}
        refused = await ask.client.post("/graphql/guest", content=body, headers=headers)

        assert (refused.status_code, list(refused.json())) == (400, ["errors"])
        assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query",
    ["", "query=", "query={__typename}&query={a}", "query={__typename}&variables={", "query=%FF"],
)
async def test_a_query_string_that_cannot_be_read_is_400(ask: Asking, query: str) -> None:
    answer = await ask.client.get(f"/graphql/guest?{query}", headers={"accept": RESPONSE})

    assert (answer.status_code, list(answer.json())) == (400, ["errors"])


@pytest.mark.parametrize(
    "media",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"],
)
async def test_a_body_of_another_type_is_refused(ask: Asking, media: str) -> None:
    headers = {"content-type": media}
    refused = await ask.client.post(
        "/graphql/guest", content=b'{"query": "{ __typename }"}', headers=headers
    )

    assert refused.status_code == 415


async def test_too_large_a_body_is_refused(ask: Asking) -> None:
    refused = await ask.post("guest", {"query": "{ __typename }", "variables": {"a": "x" * 2**20}})

    assert refused.status_code == 413


async def test_several_operations_need_a_name(ask: Asking) -> None:
    query = "query A { a: __typename } query B { b: __typename }"

    async def code(name: str | None) -> str:
        body = {"query": query, "operationName": name}
        return str((await ask.post("guest", body)).json()["errors"][0]["extensions"]["code"])

    named = await ask.post("guest", {"query": query, "operationName": "B"})
    assert named.json() == {"data": {"b": "Query"}}
    assert [await code(None), await code(""), await code("C")] == ["BAD_USER_INPUT"] * 3


async def test_a_variable_that_does_not_fit_is_named(ask: Asking) -> None:
    query = "query Q($id: ID!) { thingToDoById(id: $id) { name } }"
    wrong: list[dict[str, Any]] = [{}, {"id": None}, {"id": {}}, {"id": 1.5}]

    for variables in wrong:
        refused = await ask.guest(query, **variables)
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")
        assert "$id" in refused.errors[0]["message"]


async def test_an_id_that_cannot_be_one_is_answered_like_none(ask: Asking) -> None:
    query = "query Q($id: ID!) { thingToDoById(id: $id) { name } }"

    for id in ("", "x", "x" * 10_000, "../..", "\0", 17):
        assert (await ask.guest(query, id=id)).data == {"thingToDoById": None}


async def test_a_failure_shows_nothing_of_itself_and_is_logged(
    ask: Asking, log_lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*given: Any) -> Any:
        raise RuntimeError("password=secret")

    monkeypatch.setattr("gatherlog.apps.things.ThingService.published_thing", fail)
    query = 'query Q { thingToDoById(id: "0198f3c2-0000-7000-8000-000000000000") { name } }'

    failed = await ask.guest(query)

    assert (failed.status, failed.code, failed.body["data"]) == (
        200,
        "INTERNAL",
        {"thingToDoById": None},
    )
    assert "secret" not in str(failed.body)
    assert [b"RuntimeError" in line for line in log_lines] == [True, False]
    assert b"secret" not in b"".join(log_lines)


async def test_requests_are_logged_by_path_and_actor_without_their_queries(
    ask: Asking, log_lines: list[bytes]
) -> None:
    await ask.user('{ myChildById(id: "Mia") { name } }')

    [line] = log_lines
    assert b'"path":"/graphql/user"' in line
    assert b'"actor":"account:' in line
    assert b"Mia" not in line
