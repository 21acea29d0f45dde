"""A client that leaves while it waits for messages takes none: the wait ends with it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.queues import Outgoing
from gatherlog.interfaces.http import Http

PATIENCE = 10.0


class Leaver:
    """A client that asks for messages, and leaves when it is told to."""

    def __init__(self, app: Http, authorization: str, **headers: str) -> None:
        self._app = app
        self._headers = {
            "authorization": authorization,
            "content-type": "application/json",
            **headers,
        }
        self.left = asyncio.Event()
        self.sent: list[MutableMapping[str, Any]] = []
        self._body_was_read = False

    def ask(self, **asked: Any) -> asyncio.Task[None]:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/queues/orders/receive",
            "raw_path": b"/queues/orders/receive",
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in self._headers.items()],
        }
        self._body = msgspec.json.encode(asked)
        return asyncio.create_task(self._app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        if not self._body_was_read:
            self._body_was_read = True
            return {"type": "http.request", "body": self._body}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)


@pytest.fixture
def leaver(app: Http, api: AsyncClient) -> Leaver:
    return Leaver(app, api.headers["authorization"])


async def send(platform: Platform, *ids: str) -> None:
    made = [
        Outgoing(id=id, stream=f"thing-{id}", subject="", version=1, content=b"1") for id in ids
    ]
    await platform.queues.send("orders", made)


async def received(api: AsyncClient) -> list[tuple[str, int]]:
    answer = await api.post("/queues/orders/receive", json={"wait": 1})
    return sorted((one["id"], one["attempt"]) for one in answer.json())


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_client_that_left_waits_no_longer_and_takes_nothing(
    platform: Platform, api: AsyncClient, leaver: Leaver
) -> None:
    task = leaver.ask(wait=20)
    await turns(50)
    leaver.left.set()
    async with asyncio.timeout(PATIENCE):
        await task

    await send(platform, "m1")

    assert leaver.sent == []
    assert await received(api) == [("m1", 1)]


@pytest.mark.parametrize("wait", [0, 20])
async def test_a_client_that_leaves_at_any_moment_before_its_answer_takes_nothing(
    app: Http, platform: Platform, api: AsyncClient, wait: int
) -> None:
    await send(platform, "m1", "m2")
    unanswered = 0
    for count in range(60):
        leaver = Leaver(app, api.headers["authorization"])
        task = leaver.ask(wait=wait)
        await turns(count)
        leaver.left.set()
        async with asyncio.timeout(PATIENCE):
            await task
        unanswered += not leaver.sent
        if leaver.sent:  # it was answered before it left
            messages = msgspec.json.decode(leaver.sent[1]["body"])
            await platform.queues.give_back("orders", [one["receipt"] for one in messages])

    assert unanswered > 0
    assert await received(api) == [("m1", 1), ("m2", 1)]


async def test_what_could_not_be_answered_is_not_kept_for_the_idempotency_key(
    app: Http, platform: Platform, api: AsyncClient
) -> None:
    key = {"idempotency-key": "k1"}
    leaver = Leaver(app, api.headers["authorization"], **key)
    task = leaver.ask(wait=20)
    await turns(50)
    leaver.left.set()
    await task
    await send(platform, "m1")

    again = await api.post("/queues/orders/receive", json={"wait": 20}, headers=key)

    assert [one["id"] for one in again.json()] == ["m1"]
    assert "idempotency-replayed" not in again.headers


async def test_a_client_that_left_is_logged_as_gone(leaver: Leaver, log_lines: list[bytes]) -> None:
    task = leaver.ask(wait=20)
    await turns(50)
    leaver.left.set()
    await task

    assert [msgspec.json.decode(line)["status"] for line in log_lines] == [499]
