"""The handlers of the endpoints of queues: requests and answers."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gatherlog.apps.people.policy import Actor, Role
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.queues import VIEWS, Outgoing, Queues, ReceiptStale
from gatherlog.engines import open_store
from gatherlog.interfaces.rest import queues as handlers
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging
from gatherlog.testing import CountingIds, StandingClock
from tests.core.queues.messages import A_MOMENT, SOON
from tests.stores import HOSTILE_URL, eventually

NO_QUERY = Nothing()
NOON = "2026-05-01T12:00:00.000000Z"


class Client:
    """Calls handlers as requests of an operator do."""

    def __init__(self, store: Store) -> None:
        self.clock = StandingClock()
        self.queues = Queues(store, clock=self.clock, ids=CountingIds())

    def call(self, body: Any = None, *, query: Any = NO_QUERY, **ids: str) -> Call[Any, Any]:
        return Call(
            platform=SimpleNamespace(queues=self.queues),  # type: ignore[arg-type]
            rate_limiter=None,  # type: ignore[arg-type]
            feed=None,  # type: ignore[arg-type]
            long_work=None,  # type: ignore[arg-type]
            watch=None,  # type: ignore[arg-type]
            actor=Actor("key", "1", Role.OPERATOR),
            gathering_id="default",
            ids={"queue": "orders", **ids},
            query=query,
            body=body,
            scope={},
            headers={},
            path="/queues/orders/dead",
        )

    async def send(self, *numbers: int) -> None:
        sent = [
            Outgoing(id=f"d{n}", stream="thing-7", subject="zoe", version=n, content=b'{"n":1}')
            for n in numbers
        ]
        await self.queues.send("orders", sent)

    async def receive(self, *, wait: float = SOON, **asked: Any) -> list[dict[str, Any]]:
        asking = handlers.Receive(wait=wait, **asked)
        reply = await handlers.receive_messages(self.call(asking))
        return list(shown(reply))

    async def let_one_die(self) -> None:
        """Let the message `d1` die: it is received once, which is as often as its queue allows."""
        await handlers.change_queue(self.call(handlers.QueuePatch(1)))
        await self.send(1)
        await self.receive()
        self.clock.advance(seconds=30)
        assert await self.receive(wait=A_MOMENT) == []


@pytest.fixture(
    params=["sqlite:///{folder}/store.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Client]:
    store = await open_store(request.param.format(folder=tmp_path), views=VIEWS)
    yield Client(store)
    await store.close()


def shown(reply: Any) -> Any:
    assert isinstance(reply, Reply)
    return msgspec.json.decode(reply.body) if reply.body else reply.status


async def test_a_message_is_received_and_acknowledged(client: Client) -> None:
    await client.send(1, 2)

    [received] = await client.receive(most=5)

    receipt = received.pop("receipt")
    assert received == {
        "id": "d1",
        "attempt": 1,
        "stream": "thing-7",
        "subject": "zoe",
        "version": 1,
        "content": {"n": 1},
        "sent_at": NOON,
        "visible_at": "2026-05-01T12:00:30.000000Z",
    }
    assert shown(await handlers.ack_messages(client.call(handlers.Ack([receipt])))) == 204
    assert [one["id"] for one in await client.receive()] == ["d2"]


async def test_a_message_is_extended_and_released(client: Client) -> None:
    await client.send(1)
    [received] = await client.receive()
    receipt = received["receipt"]

    assert shown(await handlers.extend_message(client.call(handlers.Extend(receipt, 60)))) == 204
    client.clock.advance(seconds=59)
    assert await client.receive(wait=A_MOMENT) == []
    assert shown(await handlers.release_message(client.call(handlers.Release(receipt)))) == 204

    assert [one["attempt"] for one in await client.receive()] == [2]
    with pytest.raises(ReceiptStale):
        await handlers.ack_messages(client.call(handlers.Ack([receipt])))


async def test_queues_are_listed_and_shown(client: Client) -> None:
    await client.send(1, 2)
    await client.receive()
    about = {"name": "orders", "most_attempts": 10, "created_at": NOON}

    async def listed() -> Any:
        return shown(await handlers.list_queues(client.call()))

    async def read() -> Any:
        return shown(await handlers.read_queue(client.call()))

    await eventually(listed, [about])
    figures = {"ready": 0, "in_flight": 1, "waiting": 1, "dead": 0, "oldest": 0.0}
    await eventually(read, {**about, **figures})


async def test_an_unknown_queue_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        await handlers.read_queue(client.call(queue="other"))


async def test_dead_messages_are_listed_and_redriven(client: Client) -> None:
    await client.let_one_die()

    async def listed() -> Any:
        return shown(await handlers.list_dead_messages(client.call(query=Paging())))

    dead = {
        "id": "d1",
        "stream": "thing-7",
        "subject": "zoe",
        "version": 1,
        "content": {"n": 1},
        "sent_at": NOON,
        "died_at": "2026-05-01T12:00:30.000000Z",
        "attempts": 1,
        "reason": "not acknowledged",
    }
    await eventually(listed, [dead])
    assert shown(await handlers.redrive_message(client.call(message="d1"))) == 204
    assert [one["id"] for one in await client.receive()] == ["d1"]


async def test_dead_messages_are_discarded(client: Client) -> None:
    await client.let_one_die()

    discard = client.call(handlers.QueueDiscard("the guest is gone"), message="d1")

    assert shown(await handlers.discard_message(discard)) == 204

    async def listed() -> Any:
        return shown(await handlers.list_dead_messages(client.call(query=Paging())))

    await eventually(listed, [])
