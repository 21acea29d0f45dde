"""Queues are purged and removed over HTTP, and the metrics of a removed queue end."""

import asyncio

from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.queues import Outgoing


async def send(platform: Platform, queue: str, count: int) -> None:
    messages = [
        Outgoing(id=f"m{n}", stream=f"thing-{n % 2}", subject="", version=n + 1, content=b"1")
        for n in range(count)
    ]
    await platform.queues.send(queue, messages)


async def queue_metrics(api: AsyncClient) -> list[str]:
    lines = (await api.get("/metrics")).text.splitlines()
    return [line for line in lines if line.startswith("gatherlog_queue_")]


async def test_a_queue_is_purged(platform: Platform, api: AsyncClient) -> None:
    await send(platform, "orders", 5)
    received = (await api.post("/queues/orders/receive", json={"most": 1})).json()

    purged = await api.post("/queues/orders/purge")

    assert (purged.status_code, purged.json()) == (200, {"messages": 5})
    status = (await api.get("/queues/orders")).json()
    assert [status[name] for name in ("ready", "in_flight", "waiting", "dead")] == [0, 0, 0, 0]
    receipts = {"receipts": [received[0]["receipt"]]}
    assert (await api.post("/queues/orders/ack", json=receipts)).json()["code"] == "receipt_stale"
    assert (await api.post("/queues/orders/purge")).json() == {"messages": 0}


async def test_a_purge_is_answered_alike_when_it_is_repeated(
    platform: Platform, api: AsyncClient
) -> None:
    await send(platform, "orders", 5)
    key = {"Idempotency-Key": "k1"}
    first = await api.post("/queues/orders/purge", headers=key)
    await platform.queues.send(
        "orders", [Outgoing(id="new", stream="thing-9", subject="", version=1, content=b"1")]
    )

    again = await api.post("/queues/orders/purge", headers=key)

    assert (first.json(), again.json()) == ({"messages": 5}, {"messages": 5})
    assert (await api.get("/queues/orders")).json()["ready"] == 1


async def test_a_removed_queue_is_not_found_and_has_no_metrics(
    platform: Platform, api: AsyncClient
) -> None:
    await send(platform, "orders", 3)
    await send(platform, "other", 2)
    assert 'gatherlog_queue_ready{queue="orders"} 2.0' in await queue_metrics(api)

    removed = await api.delete("/queues/orders")

    assert (removed.status_code, removed.content) == (204, b"")
    assert (await api.get("/queues/orders")).status_code == 404
    assert (await api.delete("/queues/orders")).status_code == 404
    assert (await api.post("/queues/orders/purge")).status_code == 404
    assert [queue["name"] for queue in (await api.get("/queues")).json()] == ["other"]
    assert [line for line in await queue_metrics(api) if "orders" in line] == []
    assert 'gatherlog_queue_ready{queue="other"} 2.0' in await queue_metrics(api)


async def test_metrics_are_answered_while_queues_are_removed(
    platform: Platform, api: AsyncClient
) -> None:
    async def make_and_remove() -> None:
        for number in range(10):
            await send(platform, f"q{number % 3}", 2)
            await platform.queues.admin.remove(f"q{number % 3}", by="test")

    working = asyncio.create_task(make_and_remove())
    statuses = set()
    while not working.done():
        statuses.add((await api.get("/metrics")).status_code)
    await working

    assert statuses == {200}
    assert await queue_metrics(api) == []
