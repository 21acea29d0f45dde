"""Messages are sent to durable queues over HTTP, and queues of records are read by the worker."""

from pathlib import Path

import msgspec
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.bootstrap import Platform, start
from gatherlog.core.queues import MOST_BYTES
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.apps.intake.made_up import record
from tests.stores import events_of, eventually

SEND = "/queues/orders/messages"


async def receive(api: AsyncClient) -> list[tuple[object, str]]:
    got = (await api.post("/queues/orders/receive", json={"most": 10, "wait": 0.05})).json()
    return [(one["content"], one["subject"]) for one in got]


async def test_the_first_message_makes_the_queue_and_a_key_orders(api: AsyncClient) -> None:
    sent = [
        await api.post(SEND, json=message)
        for message in (
            {"body": {"n": 1}, "key": "ada"},
            {"body": {"n": 2}, "key": "ada"},
            {"body": [3]},
            {"body": None, "delay": 60},
        )
    ]

    assert [answer.status_code for answer in sent] == [201] * 4
    own = sent[2].json()["id"]
    assert await receive(api) == [({"n": 1}, "ada"), ([3], own)]
    status = (await api.get("/queues/orders")).json()
    assert (status["in_flight"], status["waiting"]) == (2, 2)
    metrics = (await api.get("/metrics")).text.splitlines()
    [age] = [line for line in metrics if line.startswith("gatherlog_queue_oldest_seconds{")]
    assert 0 < float(age.split()[1]) < 60


async def test_the_same_content_is_sent_again_unless_it_is_the_same_request(
    api: AsyncClient,
) -> None:
    message = {"body": 1, "key": "ada"}
    await api.post(SEND, json=message)
    await api.post(SEND, json=message)
    key = {"idempotency-key": "try-1"}
    again = [await api.post(SEND, json=message, headers=key) for _ in range(2)]

    assert again[0].json() == again[1].json()
    assert (await api.get("/queues/orders")).json()["waiting"] == 2


async def test_a_message_that_cannot_be_sent_is_refused(
    api: AsyncClient, platform: Platform
) -> None:
    deep = msgspec.Raw(b"[" * 101 + b"]" * 101)
    cases: list[tuple[object, int, list[str]]] = [
        ({}, 422, ["/body"]),
        ({"body": 1, "key": ""}, 422, ["/key"]),
        ({"body": 1, "key": "x" * 401}, 422, ["/key"]),
        ({"body": 1, "key": "a\x00"}, 422, ["/key"]),
        ({"body": 1, "delay": -1}, 422, ["/delay"]),
        ({"body": 1, "delay": 43_201}, 422, ["/delay"]),
        ({"body": deep}, 422, ["/body"]),
        ({"body": "x" * MOST_BYTES}, 413, []),
    ]
    before = await platform.store.heads()

    for message, status, pointers in cases:
        refused = await _send(api, message)
        assert refused.status_code == status
        assert [flaw["pointer"] for flaw in refused.json().get("errors", [])] == pointers
    assert await platform.store.heads() == before


async def _send(api: AsyncClient, message: object) -> Response:
    headers = {"content-type": "application/json"}
    return await api.post(SEND, content=msgspec.json.encode(message), headers=headers)


async def test_the_worker_reads_the_queues_that_the_settings_name(tmp_path: Path) -> None:
    settings = Settings(
        store=f"sqlite:///{tmp_path}/gatherlog.db", intake_queues=("orders=meters", "doors")
    )
    platform = await start(settings)
    key = await platform.keys.create("operator", None, "tests", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    app = ASGITransport(app=build_app(platform))
    async with (
        platform.working(),
        AsyncClient(transport=app, base_url="http://test", headers=headers) as api,
    ):
        for queue in ("orders", "doors"):
            body = {"body": msgspec.Raw(record(EventID=queue))}
            content = msgspec.json.encode(body)
            kind = {"content-type": "application/json"}
            await api.post(f"/queues/{queue}/messages", content=content, headers=kind)

        async def taken() -> list[str]:
            streams = ("meters-m1", "intake-m1")
            return [one.id for name in streams for one in await events_of(platform.store, name)]

        await eventually(taken, ["orders", "doors"])
    await platform.stop()
