"""Many items in one request to a log: each is appended by itself, and answered for itself."""

from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient, Response

from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import Busy
from tests.stores import events_of

JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}


def item(id: str, **more: Any) -> dict[str, Any]:
    return {"type": "signup", "payload": {"id": id}, **more}


async def send(api: AsyncClient, body: bytes, headers: dict[str, str] = JSON) -> Response:
    return await api.post("/logs/users", content=body, headers=headers)


def brief(answer: Response) -> list[tuple[str, int | None, list[str]]]:
    assert answer.status_code == 200
    return [
        (
            one["status"],
            one["sk"],
            [f"{error['code']} {error['pointer']}" for error in one["errors"]],
        )
        for one in answer.json()["results"]
    ]


async def test_each_item_is_appended_and_answered_for_itself(
    api: AsyncClient, platform: Platform
) -> None:
    items = [item("u1"), item("u1", sk=2), item("u1", sk=2), {"type": ""}, item("u2"), item("u1")]

    answer = await send(api, msgspec.json.encode(items))

    assert brief(answer) == [
        ("accepted", 1, []),
        ("accepted", 2, []),
        ("rejected", None, ["conflict "]),
        ("rejected", None, ["invalid /type", "invalid /payload/id"]),
        ("accepted", 1, []),
        ("accepted", 3, []),
    ]
    found = answer.json()
    assert (found["accepted"], found["rejected"]) == (4, 2)
    assert found["results"][4]["pk"] == "users#u2#stream"
    assert len(await events_of(platform.store, "users-u1")) == 3


async def test_items_may_come_on_lines(api: AsyncClient) -> None:
    lines = [msgspec.json.encode(item("u1")), b"", b"{", b"\xff", b"[]", b'{"colour":1}']

    answer = await send(api, b"\n".join(lines), LINES)

    assert brief(answer) == [
        ("accepted", 1, []),
        ("rejected", None, ["malformed "]),
        ("rejected", None, ["malformed "]),
        ("rejected", None, ["invalid "]),
        ("rejected", None, ["invalid /colour"]),
    ]
    assert (await send(api, b"[]")).json() == {"accepted": 0, "rejected": 0, "results": []}


async def test_a_body_without_items_is_refused_whole(api: AsyncClient, platform: Platform) -> None:
    before = await platform.store.heads()
    bodies = {b"": 400, b"{": 400, b"7": 400, b"[{]": 400, b"{}": 422, b'{"colour":1}': 422}

    refused = [await send(api, body) for body in bodies]

    assert [answer.status_code for answer in refused] == [*bodies.values()]
    assert (await send(api, b"[" + b"1," * 10_000 + b"1]")).status_code == 413
    assert (await send(api, b"a", {"content-type": "text/plain"})).status_code == 415
    assert await platform.store.heads() == before


async def test_a_batch_that_ended_early_is_sent_again_with_its_key_and_nothing_is_doubled(
    api: AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = msgspec.json.encode([item(f"u{n % 3}") for n in range(9)])
    headers, append, left = {**JSON, "idempotency-key": "try-1"}, platform.appender.append, 5

    async def busy_after_some(*arguments: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Busy("later")
        return await append(*arguments, **more)

    monkeypatch.setattr(platform.appender, "append", busy_after_some)
    first = await send(api, items, headers)
    monkeypatch.undo()
    again = await send(api, items, headers)

    assert (first.status_code, again.json()["accepted"]) == (503, 9)
    assert [one["sk"] for one in again.json()["results"]] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    for n in range(3):
        assert len(await events_of(platform.store, f"users-u{n}")) == 3
    assert (await send(api, items, headers)).headers["idempotency-replayed"] == "true"
