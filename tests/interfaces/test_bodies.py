"""How bodies are read: size, media type, time, and clients that disconnect in the middle."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.interfaces.bodies import MAX_BODY, MAX_DISCARDED, limited
from gatherlog.interfaces.http import Application, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.problems import MOST_FLAWS, BodyTooSlow

NEW = b'{"first_name": "Ada", "last_name": "Lovelace"}'
JSON = {"content-type": "application/json"}


class Endless:
    """A body without an end, which counts how much of it was read."""

    PART = 65_536

    def __init__(self) -> None:
        self.sent = 0

    async def parts(self) -> AsyncIterator[bytes]:
        while self.sent < 64 * MAX_BODY:
            self.sent += self.PART
            yield b" " * self.PART


async def test_a_body_of_the_limit_is_read(api: AsyncClient) -> None:
    body = NEW + b" " * (MAX_BODY - len(NEW))

    assert (await api.post("/guests", content=body, headers=JSON)).status_code == 201


async def test_a_body_beyond_the_limit_is_refused(api: AsyncClient) -> None:
    body = NEW + b" " * (MAX_BODY - len(NEW) + 1)

    refused = await api.post("/guests", content=body, headers=JSON)

    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert refused.headers["connection"] == "close"


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(api: AsyncClient) -> None:
    body = Endless()

    refused = await api.post("/guests", content=body.parts(), headers=JSON)

    assert refused.status_code == 413
    assert body.sent == MAX_BODY + Endless.PART + MAX_DISCARDED


async def test_pages_are_limited_as_endpoints_are(api: AsyncClient, guest_id: str) -> None:
    token = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    body, kind = Endless(), {"content-type": "application/x-www-form-urlencoded"}

    refused = await api.post(f"/r/{token}", content=body.parts(), headers=kind)

    assert refused.status_code == 413
    assert body.sent <= MAX_BODY + Endless.PART + MAX_DISCARDED


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 5000, "-1", "abc", "1e3"])
async def test_a_client_that_expects_100_continue_need_not_send_a_body_that_is_too_long(
    app: Application, api: AsyncClient, length: str
) -> None:
    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the body was read")

    scope = _scope("POST", "/guests", api)
    scope["headers"] += [(b"content-length", length.encode()), (b"expect", b"100-continue")]

    assert await _status(app, scope, receive) == 413


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"],
)
async def test_a_wrong_media_type_is_answered_with_the_right_one(
    api: AsyncClient, kind: str
) -> None:
    refused = await api.post("/guests", content=NEW, headers={"content-type": kind})

    assert (refused.status_code, refused.headers["accept"]) == (415, "application/json")
    assert (await api.get("/guests")).json() == []


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; Charset=UTF-8"])
async def test_the_media_type_of_json_is_recognised_in_any_case(
    api: AsyncClient, kind: str
) -> None:
    created = await api.post("/guests", content=NEW, headers={"content-type": kind})

    assert created.status_code == 201


async def test_a_sheet_is_not_read_as_json(api: AsyncClient) -> None:
    refused = await api.post("/guests/import", content=NEW, headers=JSON)

    assert (refused.status_code, refused.headers["accept"]) == (
        415,
        "text/csv, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-16", "utf-16"),
        ('"UTF-16LE"', "utf-16-le"),
        ("Windows-1252", "cp1252"),
        ("utf-8; header=present", "utf-8"),
    ],
)
async def test_a_sheet_may_declare_its_encoding(
    api: AsyncClient, charset: str, encoding: str
) -> None:
    sheet = "first name,last name\nZoë,Müller\n".encode(encoding)

    done = await api.post(
        "/guests/import", content=sheet, headers={"content-type": f"text/csv; charset={charset}"}
    )

    assert (done.status_code, done.json()["new"]) == (200, 1)
    assert [guest["first_name"] for guest in (await api.get("/guests")).json()] == ["Zoë"]


async def test_a_sheet_in_an_unknown_encoding_is_refused(api: AsyncClient) -> None:
    headers = {"content-type": "text/csv; charset=utf-7"}

    refused = await api.post("/guests/import", content=b"a,b\n", headers=headers)

    assert (refused.status_code, refused.json()["detail"]) == (
        415,
        "Send the body in UTF-8 or UTF-16 or UTF-16LE or UTF-16BE or WINDOWS-1252 or ISO-8859-1.",
    )


async def test_a_body_in_many_parts_is_one_body(api: AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for byte in NEW:
            yield bytes([byte])

    assert (await api.post("/guests", content=parts(), headers=JSON)).status_code == 201


async def test_a_client_that_leaves_early_gets_and_changes_nothing(
    app: Application, api: AsyncClient, log_lines: list[bytes]
) -> None:
    parts: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": NEW, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0)

    assert await _status(app, _scope("POST", "/guests", api), receive) is None
    assert b'"status":499' in log_lines[-1]
    assert (await api.get("/guests")).json() == []


def _scope(method: str, path: str, api: AsyncClient) -> dict[str, Any]:
    """The ASGI scope of a request in JSON with the client's key."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"authorization", api.headers["authorization"].encode()),
            (b"content-type", b"application/json"),
        ],
    }


async def _status(app: Application, scope: dict[str, Any], receive: Any) -> int | None:
    statuses: list[int] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0] if statuses else None


@pytest.mark.parametrize("path", ["/guests", "/r/{token}"])
async def test_a_body_that_arrives_too_slowly_is_refused(
    platform: Platform, api: AsyncClient, guest_id: str, path: str
) -> None:
    token = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    kind = "application/json" if path == "/guests" else "application/x-www-form-urlencoded"
    hurried = build_app(
        platform, log=RequestLog(platform.clock, lambda line: None), body_seconds=0.3
    )

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.05)

    async with AsyncClient(transport=ASGITransport(app=hurried), base_url="http://test") as client:
        headers = {"content-type": kind, "authorization": api.headers["authorization"]}
        refused = await client.post(path.format(token=token), content=drops(), headers=headers)

    assert refused.status_code == 408
    assert refused.headers["connection"] == "close"


async def test_what_waits_for_a_body_waits_as_often_as_it_likes_and_hears_of_the_end() -> None:
    heard: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        for _ in range(3):
            await asyncio.sleep(0)
        if heard:
            try:
                await asyncio.Event().wait()
            finally:
                heard.append("the end")
        heard.append("a part")
        return {"type": "http.request", "body": b"x", "more_body": True}

    within = limited({}, receive, 0.02)

    assert (await within())["body"] == b"x"
    with pytest.raises(BodyTooSlow):
        await within()
    assert heard == ["a part", "the end"]


async def test_of_many_flaws_the_first_hundred_are_named(api: AsyncClient) -> None:
    body = {**{f"unknown_{number}": "x" for number in range(50_000)}, "first_name": 7}

    refused = await api.post("/guests", json=body)

    assert (refused.status_code, len(refused.json()["errors"])) == (422, MOST_FLAWS)
    assert len(refused.content) < 20_000


async def test_a_long_name_of_a_field_is_cut(api: AsyncClient) -> None:
    refused = await api.post("/guests", json={"x" * 900_000: 1})

    assert (refused.status_code, len(refused.content) < 1000) == (422, True)


async def test_of_many_bad_lines_the_first_hundred_are_named(api: AsyncClient) -> None:
    sheet = b"first name,last name,email\n" + b"Ada,Lovelace,nowhere\n" * 500

    refused = await api.post("/guests/import", content=sheet, headers={"content-type": "text/csv"})

    assert (refused.status_code, len(refused.json()["errors"])) == (422, MOST_FLAWS)
