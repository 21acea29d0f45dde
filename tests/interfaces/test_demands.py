"""What the server refuses for its form, its description refuses as well: bodies, paths, headers."""

import re
from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient
from jsonschema import Draft202012Validator

from gatherlog.interfaces.openapi import describe_endpoints
from gatherlog.interfaces.rest.endpoints import ENDPOINTS

DOCUMENT = describe_endpoints(ENDPOINTS)
HOOK = {"to": {"kind": "webhook", "url": "https://a.example/hook"}}
RULE: dict[str, Any] = {"name": "r", "pattern": {"type": ["x"]}, "targets": [HOOK]}
EVENT = {"type": "x"}
GUEST = {"first_name": "Ada", "last_name": "Lovelace"}


def events(*given: Any, **more: Any) -> dict[str, Any]:
    return {"events": list(given), **more}


def rule(**fields: Any) -> dict[str, Any]:
    return {**RULE, **fields}


def to(**target: Any) -> dict[str, Any]:
    return rule(targets=[{"to": target}])


def retrying(**retry: Any) -> dict[str, Any]:
    return rule(targets=[{**HOOK, "retry": retry}])


def with_input(**given: Any) -> dict[str, Any]:
    return rule(targets=[{**HOOK, "input": {"template": "x", **given}}])


REFUSED: dict[str, list[Any]] = {
    "/logs/{log}": [
        {},
        {"type": "x"},
        {"payload": {"id": "u"}},
        {"type": "", "payload": {"id": "u"}},
        {"type": "x", "payload": {}},
        {"type": "x", "payload": []},
        {"type": "x", "payload": {"id": ""}},
        {"type": "x", "payload": {"id": 7}},
        {"type": "x", "payload": {"id": "u\x01"}},
        {"type": "x", "payload": {"id": "u" * 399}},
        {"type": "x\ufffe", "payload": {"id": "u"}},
        {"type": "x" * 401, "payload": {"id": "u"}},
        {"type": "x", "payload": {"id": "u"}, "sk": 0},
    ],
    "/streams/{stream}": [
        {},
        events(),
        events({}),
        events({"type": ""}),
        events({"type": "x" * 401}),
        events({"type": "\x00"}),
        events({"type": "a\x9fb"}),
        events({"type": "\U0001fffe"}),
        events({**EVENT, "subject": "\ufdd0"}),
        events({**EVENT, "subject": "x" * 401}),
        events({**EVENT, "id": "ä"}),
        events({**EVENT, "schema": 0}),
        events({**EVENT, "meta": []}),
        events(EVENT, expected=-1),
        events(EVENT, expected="soon"),
    ],
    "/rules": [
        {},
        rule(name=""),
        rule(name="A"),
        rule(name="try"),
        rule(name="x" * 64),
        rule(pattern={}),
        rule(description="x" * 501),
        rule(targets=[]),
        rule(targets=[{**HOOK, "id": f"t{n}"} for n in range(6)]),
        rule(targets=[{**HOOK, "id": "A"}]),
        to(kind="webhook", url="ftp://a.example"),
        to(kind="webhook", url="https://a.example/ä"),
        to(kind="webhook", url="https://a.example/" + "x" * 2048),
        to(kind="webhook", url="https://a.example", format="xml"),
        to(kind="append", stream="nonsense"),
        to(kind="append", stream="Copies-1"),
        to(kind="append", stream="copies-\x7f"),
        to(kind="append", stream="copies-" + "x" * 400),
        to(kind="append", stream="copies-1", type=""),
        to(kind="append", stream="copies-1", type="\x1f"),
        to(kind="queue", queue="A"),
        to(kind="queue", queue=""),
        to(kind="mail", to="ada@example.org", subject=""),
        to(kind="mail", to="ada@example.org", subject="x" * 201),
        to(kind="mail", to="ada@example.org", subject="a\r\nb"),
        to(kind="fax"),
        retrying(attempts=0),
        retrying(attempts=1001),
        retrying(attempts=None, age=None),
        retrying(age=0.5),
        retrying(first_pause=0),
        retrying(first_pause=3601),
        retrying(longest_pause=86_401),
        with_input(template="x" * 8193),
        with_input(paths={"a": "data"}),
        with_input(paths={f"p{n}": "$.a" for n in range(101)}),
    ],
    "/rules/try": [{}, {"pattern": {}}, {"pattern": {"a": ["x"]}, "last": 0}],
    "/guests": [
        {},
        {**GUEST, "first_name": ""},
        {**GUEST, "first_name": "  "},
        {**GUEST, "last_name": "x" * 101},
        {**GUEST, "group_id": ""},
        {**GUEST, "group_id": "x" * 65},
        {**GUEST, "expected_guests": 100},
        {**GUEST, "dietary": "x" * 1001},
        {**GUEST, "dietary_tags": ["sugar"]},
        {**GUEST, "dietary_tags": ["vegan"] * 21},
    ],
    "/gatherings": [{}, {"event_name": " "}, {"event_name": "x" * 201}],
    "/auth/login": [{}, {"token": "x"}, {"lastName": "Lovelace"}],
    "/dead-letters/redrive": [{}, {"all": False}],
    "/dead-letters/discard": [{}, {"reason": "x"}, {"all": True}, {"all": True, "reason": ""}],
    "/queues/{queue}/receive": [{"most": 0}, {"most": 101}, {"visible_after": 0}, {"wait": 21}],
}
ACCEPTED: dict[str, list[Any]] = {
    "/logs/{log}": [{"type": "Größe 💥", "payload": {"id": "ü", "more": [1]}, "sk": 1}],
    "/streams/{stream}": [
        events(EVENT, {**EVENT, "subject": ""}, {**EVENT, "subject": "ü \u200d"})
    ],
    "/rules": [
        RULE,
        rule(name="a.b-c_9", description="x" * 500),
        {**to(kind="append", stream="copies-Ü 1", type="t"), "name": "copy"},
        rule(name="q", targets=[{"to": {"kind": "queue", "queue": "orders"}, "id": "x"}]),
        rule(name="rr", targets=[{**HOOK, "retry": {"attempts": None, "age": 60}}]),
        rule(name="i", targets=[{**HOOK, "input": {"template": "<a>", "paths": {"a": "$.id"}}}]),
    ],
    "/rules/try": [{"pattern": {"a": ["x"]}}],
    "/guests": [{**GUEST, "group_id": "L", "dietary_tags": ["vegan"] * 20}],
    "/gatherings": [{"event_name": "A party"}],
    "/dead-letters/redrive": [{"all": True}, {"destination": "r/target"}],
    "/queues/{queue}/receive": [{}, {"most": 100, "wait": 0}],
}
PLACES = {"{log}": "users", "{stream}": "users-1", "{queue}": "orders"}


def is_described(path: str, body: Any) -> bool:
    content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    return bool(
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(body)
    )


async def sent(api: AsyncClient, path: str, body: Any) -> int:
    for name, value in PLACES.items():
        path = path.replace(name, value)
    answer = await api.post(
        path, content=msgspec.json.encode(body), headers={"content-type": "application/json"}
    )
    return answer.status_code


@pytest.mark.parametrize("path", REFUSED)
async def test_what_is_refused_does_not_fit_its_description(api: AsyncClient, path: str) -> None:
    statuses = {str(body): await sent(api, path, body) for body in REFUSED[path]}

    assert {body: status for body, status in statuses.items() if status not in (400, 422)} == {}
    assert [body for body in REFUSED[path] if is_described(path, body)] == []


@pytest.mark.parametrize("path", ACCEPTED)
async def test_what_is_accepted_fits_its_description(api: AsyncClient, path: str) -> None:
    statuses = {str(body): await sent(api, path, body) for body in ACCEPTED[path]}

    assert {body: status for body, status in statuses.items() if status >= 300} == {}
    assert [body for body in ACCEPTED[path] if not is_described(path, body)] == []


@pytest.mark.parametrize(
    ("header", "is_good"),
    [
        ("*", True),
        ('"1"', True),
        ('W/"1"', True),
        ('"1", "2"', True),
        ('"1" ,, W/"x"', True),
        ("1", False),
        ('"1', False),
        ('"1" "2"', False),
        ('"1", *', False),
        ("soon", False),
    ],
)
async def test_if_match_is_described_as_it_is_read(
    api: AsyncClient, guest_id: str, header: str, is_good: bool
) -> None:
    changed = await api.put(f"/guests/{guest_id}", json=GUEST, headers={"if-match": header})
    parameters = DOCUMENT["paths"]["/guests/{guest_id}"]["put"]["parameters"]
    [schema] = [one["schema"] for one in parameters if one["name"] == "If-Match"]

    assert (changed.status_code in (200, 412)) == is_good, changed.text
    assert (re.search(schema["pattern"], header) is not None) == is_good


async def test_a_malformed_if_match_is_refused_also_with_a_key_that_was_used(
    api: AsyncClient, guest_id: str
) -> None:
    key = {"idempotency-key": "k1"}
    assert (await api.put(f"/guests/{guest_id}", json=GUEST, headers=key)).status_code == 200

    refused = await api.put(f"/guests/{guest_id}", json=GUEST, headers={**key, "if-match": "1"})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/If-Match")


@pytest.mark.parametrize(
    ("name", "path", "bad"),
    [
        ("log", "/logs/{}", ["Users", "1", "a-b", "ä", "u" * 399]),
        ("stream", "/streams/{}", ["nonsense", "Users-1", "users-", "users-" + "x" * 395]),
        ("rule", "/rules/{}", ["A", "x" * 64]),
        ("queue", "/queues/{}", ["A", "x" * 64]),
    ],
)
async def test_no_name_in_a_path_is_found_that_its_description_excludes(
    api: AsyncClient, name: str, path: str, bad: list[str]
) -> None:
    parameters = DOCUMENT["paths"][path.replace("{}", f"{{{name}}}")]["get"]["parameters"]
    [schema] = [one["schema"] for one in parameters if one["name"] == name]

    for value in bad:
        assert (await api.get(path.format(value))).status_code == 404
        assert not Draft202012Validator(schema).is_valid(value)


def test_every_tag_of_an_operation_is_described() -> None:
    used = {
        tag
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for tag in operation["tags"]
    }

    assert used == {tag["name"] for tag in DOCUMENT["tags"]}


def test_what_is_needed_has_no_default() -> None:
    item = DOCUMENT["components"]["schemas"]["Item"]

    assert item["required"] == ["type", "payload"]
    assert [name for name in item["required"] if "default" in item["properties"][name]] == []
