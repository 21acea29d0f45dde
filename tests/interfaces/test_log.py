"""The log over HTTP: events of streams, and items in the form of a DynamoDB log."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import AsyncClient, Response

from gatherlog.bootstrap import Platform
from tests.interfaces.moments import until

SIGNUP = {"type": "signup", "payload": {"id": "u1", "name": "Ada"}}


async def append(api: AsyncClient, stream: str, *events: dict[str, Any], **more: Any) -> Response:
    headers = more.pop("headers", {})
    body = {"events": list(events), **more}
    return await api.post(f"/streams/{stream}", json=body, headers=headers)


async def test_events_are_appended_in_order_and_read_back(api: AsyncClient) -> None:
    made = await append(
        api,
        "order-7",
        {"type": "order.placed", "data": {"price": 12.34}, "subject": "line 1"},
        {"type": "order.paid", "time": "2026-05-01T12:00:00+02:00", "id": "p-1"},
    )
    read = (await api.get("/streams/order-7")).json()

    assert (made.status_code, made.headers["location"]) == (201, "/streams/order-7")
    assert {**made.json(), "ids": made.json()["ids"][1:]} == {
        "stream": "order-7",
        "first_version": 1,
        "version": 2,
        "ids": ["p-1"],
    }
    assert [(e["version"], e["type"], e["subject"], e["data"]) for e in read] == [
        (1, "order.placed", "line 1", {"price": 12.34}),
        (2, "order.paid", "", {}),
    ]
    assert read[1]["time"] == "2026-05-01T10:00:00.000000Z"


async def test_a_payload_comes_back_as_it_was_sent_to_the_byte(api: AsyncClient) -> None:
    body = b'{"events": [{"type": "x", "data": {"b":1e2,  "a":12345678901234567890.10}}]}'
    json = {"content-type": "application/json"}
    await api.post("/streams/exact-1", content=body, headers=json)

    assert (
        b'"data":{"b":1e2,  "a":12345678901234567890.10}'
        in (await api.get("/streams/exact-1")).content
    )


async def test_a_stream_is_read_backwards_and_in_parts(api: AsyncClient) -> None:
    await append(api, "order-7", *[{"type": f"t{n}"} for n in range(1, 6)])

    async def types(query: str) -> list[str]:
        return [event["type"] for event in (await api.get(f"/streams/order-7?{query}")).json()]

    assert await types("backwards=true&limit=2") == ["t5", "t4"]
    assert await types("after=1&before=5") == ["t2", "t3", "t4"]


@pytest.mark.parametrize(("expected", "status"), [(0, 409), ("new", 409), (1, 201), ("any", 201)])
async def test_an_append_is_refused_unless_the_stream_has_the_expected_version(
    api: AsyncClient, expected: int | str, status: int
) -> None:
    await append(api, "order-7", {"type": "placed"})

    assert (await append(api, "order-7", {"type": "paid"}, expected=expected)).status_code == status


async def test_a_repeated_append_is_done_once_and_answered_alike(api: AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, second = await asyncio.gather(
        *[append(api, "order-7", {"type": "placed"}, headers=headers) for _ in range(2)]
    )

    assert first.json() == second.json()
    assert len((await api.get("/streams/order-7")).json()) == 1


async def test_a_key_with_another_body_is_refused(api: AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    await append(api, "order-7", {"type": "placed"}, headers=headers)

    other = await append(api, "order-7", {"type": "paid"}, headers=headers)

    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize("stream", ["gathering-default", "key-1", "rules-bus", "subscription-bus"])
async def test_streams_of_apps_cannot_be_appended_to(
    api: AsyncClient, platform: Platform, stream: str
) -> None:
    before = await platform.store.heads()

    refused = await append(api, stream, {"type": "forged"})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/stream")
    assert await platform.store.heads() == before


@pytest.mark.parametrize(
    ("stream", "event", "pointer"),
    [
        ("nonsense", {"type": "x"}, "/stream"),
        ("Order-1", {"type": "x"}, "/stream"),
        ("order-1", {"type": ""}, "/events"),
        ("order-1", {"type": "x", "id": "ä"}, "/events"),
        ("order-1", {"type": "x", "time": "2026-05-01T12:00:00"}, "/events/0/time"),
        ("order-1", {"type": "x", "time": "1960-05-01T12:00:00Z"}, "/events/0/time"),
        ("order-1", {"type": "x", "schema": 0}, "/events"),
        ("order-1", {"type": "x", "colour": "red"}, "/events"),
        ("order-1", {"type": "a\u0000b"}, "/events/0/type"),
        ("order-1", {"type": "x", "subject": "\u0000"}, "/events/0/subject"),
        ("order-%01", {"type": "x"}, "/stream"),
        ("order-\uffff", {"type": "x"}, "/stream"),
        ("order-1", {"type": "x\n"}, "/events/0/type"),
        ("order-1", {"type": "x\U0001fffe"}, "/events/0/type"),
        ("order-1", {"type": "x", "subject": "\x85"}, "/events/0/subject"),
        ("order-1", {"data": {"a": 1}, "type": 5}, "/events/0/type"),
        ("order-1", {"data": [1], "meta": {}, "type": "x", "time": 7}, "/events/0/time"),
    ],
)
async def test_a_malformed_event_is_refused_with_its_place(
    api: AsyncClient, platform: Platform, stream: str, event: dict[str, Any], pointer: str
) -> None:
    before = await platform.store.heads()

    refused = await append(api, stream, event)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith(pointer)
    assert await platform.store.heads() == before


async def test_only_what_is_wrong_with_an_item_is_named(api: AsyncClient) -> None:
    refused = await api.post("/logs/users", json={**SIGNUP, "sk": "late", "colour": 1})

    found = {flaw["pointer"] for flaw in refused.json()["errors"]}
    assert (refused.status_code, found) == (422, {"/sk", "/colour"})


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"type": "x\x1f", "payload": {"id": "u1"}}, "/type"),
        ({"type": "x" * 401, "payload": {"id": "u1"}}, "/type"),
        ({"type": "x", "payload": {"id": "u\ufdd0"}}, "/payload/id"),
        ({"type": "x", "payload": {"id": "u" * 395}}, "/payload/id"),
    ],
)
async def test_a_malformed_item_is_refused_with_its_place(
    api: AsyncClient, item: dict[str, Any], pointer: str
) -> None:
    refused = await api.post("/logs/users", json=item)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_ids_that_repeat_within_one_request_are_refused_with_their_places(
    api: AsyncClient,
) -> None:
    events = [{"type": "placed", "id": id} for id in ("a", "b", "a", "c", "b", "a")]

    refused = await append(api, "order-7", *events)

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [
        "/events/2/id",
        "/events/4/id",
        "/events/5/id",
    ]
    assert (await api.get("/streams/order-7")).status_code == 404


LONGEST = ["n-" + "x" * 398, "n-" + "ü" * 199, "n-" + "\U0001f389" * 99 + "xx"]
"""Names of 400 bytes."""


@pytest.mark.parametrize("name", LONGEST)
async def test_names_of_400_bytes_are_taken_and_read_back(api: AsyncClient, name: str) -> None:
    made = await append(api, quote(name), {"type": name, "subject": name})
    read = (await api.get(f"/streams/{quote(name)}")).json()
    found = (await api.get("/feed", params={"type": name})).json()["events"]

    assert (made.status_code, made.json()["stream"]) == (201, name)
    assert [(one["stream"], one["type"], one["subject"]) for one in read] == [(name, name, name)]
    assert found == read


@pytest.mark.parametrize("name", LONGEST)
async def test_names_of_401_bytes_are_refused_by_the_name_of_their_limit(
    api: AsyncClient, name: str
) -> None:
    long = name + "x"

    refused = await append(api, quote(long), {"type": long, "subject": long})

    detail = "has 401 bytes; at most 400 are allowed"
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"pointer": "/stream", "detail": f"a stream's name {detail}"},
        {"pointer": "/events/0/type", "detail": f"an event's type {detail}"},
        {"pointer": "/events/0/subject", "detail": f"an event's subject {detail}"},
    ]
    assert (await api.get(f"/streams/{quote(long)}")).status_code == 404


async def test_an_item_of_a_long_stream_is_refused_by_the_name_of_the_limit(
    api: AsyncClient,
) -> None:
    item = {"type": "t", "payload": {"id": "x" * 395}}

    longest = await api.post("/logs/user", json=item)
    long = await api.post("/logs/users", json=item)
    far = await api.post(f"/logs/{'u' * 401}", json=item)

    assert (longest.status_code, long.status_code, far.status_code) == (201, 422, 422)
    assert "401 bytes; at most 400" in long.json()["detail"]
    assert "797 bytes; at most 400" in far.json()["detail"]


async def test_a_missing_stream_is_not_found(api: AsyncClient) -> None:
    assert (await api.get("/streams/order-9")).status_code == 404


async def test_an_item_gets_the_next_version_of_its_stream(api: AsyncClient) -> None:
    first = await api.post("/logs/users", json=SIGNUP)
    second = await api.post(
        "/logs/users",
        json={
            "pk": "users#u1#stream",
            "sk": 2,
            "log": "users",
            "type": "addPhoneNumber",
            "payload": {"id": "u1", "phoneNumber": "+1 202 555 0101"},
        },
    )

    assert (first.status_code, first.json()) == (
        201,
        {"pk": "users#u1#stream", "sk": 1, "log": "users", **SIGNUP},
    )
    assert (second.status_code, second.json()["sk"]) == (201, 2)


async def test_an_item_whose_place_is_taken_is_refused(api: AsyncClient) -> None:
    await api.post("/logs/users", json=SIGNUP)

    twin = await api.post("/logs/users", json={**SIGNUP, "sk": 1})

    assert (twin.status_code, twin.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("item", "flaw"),
    [
        ({"payload": {"id": "u1"}}, ("/type", "type must be specified")),
        ({"type": "signup"}, ("/payload/id", "payload.id must be specified")),
        ({"type": "signup", "payload": {"id": 7}}, ("/payload/id", "payload.id must be a string")),
        ({**SIGNUP, "log": "others"}, ("/log", "is another than the path's")),
        ({**SIGNUP, "pk": "x"}, ("/pk", "must be users#u1#stream, or left out")),
        ({**SIGNUP, "sk": 0}, ("/sk", "the first version is 1")),
    ],
)
async def test_an_incomplete_item_is_refused_with_its_flaw(
    api: AsyncClient, item: dict[str, Any], flaw: tuple[str, str]
) -> None:
    refused = await api.post("/logs/users", json=item)

    assert refused.status_code == 422
    assert [(e["pointer"], e["detail"]) for e in refused.json()["errors"]] == [flaw]


async def test_a_log_is_read_since_a_position_forwards_and_backwards(api: AsyncClient) -> None:
    for number in range(1, 5):
        await api.post("/logs/users", json={"type": "signup", "payload": {"id": f"u{number}"}})
        await api.post("/logs/other", json={"type": "noise", "payload": {"id": f"n{number}"}})

    first = (await api.get("/logs/users?limit=3")).json()
    rest = (await api.get(f"/logs/users?since={first['next']}")).json()
    newest = (await api.get("/logs/users?reverse=true&limit=2")).json()
    older = (await api.get(f"/logs/users?reverse=true&since={newest['next']}")).json()
    since = (await api.get(f"/logs/users?since={first['items'][0]['position']}")).json()

    def ids(page: dict[str, Any]) -> list[str]:
        return [item["payload"]["id"] for item in page["items"]]

    assert (ids(first), ids(rest), rest["is_end"]) == (["u1", "u2", "u3"], ["u4"], True)
    assert (ids(newest), ids(older), older["is_end"]) == (["u4", "u3"], ["u2", "u1"], True)
    assert ids(since) == ["u2", "u3", "u4"]


@pytest.mark.usefixtures("working")
async def test_logs_are_listed_with_their_last_position(api: AsyncClient) -> None:
    await api.post("/logs/users", json=SIGNUP)
    await api.post("/logs/users", json={"type": "signup", "payload": {"id": "u2"}})

    async def listed() -> dict[str, Any] | None:
        logs = {log["log"]: log for log in (await api.get("/logs")).json()}
        return logs.get("users") if logs.get("users", {}).get("events") == 2 else None

    users = await until(listed)
    assert users is not None
    last = (await api.get("/logs/users?reverse=true&limit=1")).json()["items"][0]

    assert (users["last"], users["last_time"]) == (last["position"], last["time"])


async def test_streams_of_a_log_are_listed_page_by_page(api: AsyncClient) -> None:
    for id in ("b", "a", "c", "b"):
        await api.post("/logs/users", json={"type": "signup", "payload": {"id": id}})
    await api.post("/logs/other", json={"type": "signup", "payload": {"id": "d"}})

    listed, url = [], "/streams?log=users&limit=2"
    while url:
        page = await api.get(url)
        assert len(page.json()) <= 2
        listed += [(item["stream"], item["version"]) for item in page.json()]
        url = page.links.get("next", {}).get("url", "")

    assert sorted(listed) == [("users-a", 1), ("users-b", 2), ("users-c", 1)]


@pytest.mark.parametrize("cursor", ["nonsense", "%00", "ktkkNTIw", "a" * 4096])
async def test_a_foreign_cursor_is_refused(api: AsyncClient, cursor: str) -> None:
    for path in ("/feed?cursor=", "/logs/users?since="):
        refused = await api.get(path + cursor)

        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize("since", ["999999999999", str(2**63 - 1), str(10**30)])
async def test_a_log_read_backwards_from_beyond_its_end_begins_there(
    api: AsyncClient, since: str
) -> None:
    await api.post("/logs/users", json=SIGNUP)

    page = (await api.get(f"/logs/users?reverse=true&since={since}")).json()

    assert [item["payload"]["id"] for item in page["items"]] == ["u1"]
    assert page["is_end"] is True


async def test_the_numbers_of_an_item_stay_as_they_were_written(api: AsyncClient) -> None:
    body = b'{"type": "paid", "payload": {"id": "u1", "sum": 0.12345678901234567890123}}'
    await api.post("/logs/users", content=body, headers={"content-type": "application/json"})

    assert b"0.12345678901234567890123" in (await api.get("/streams/users-u1")).content
