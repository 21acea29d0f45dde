"""The handlers of queues: what they are asked, and what they answer."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gatherlog.apps.people.policy import Actor, Role
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.queues import VIEWS, Outgoing, Queues, ReceiptStale
from gatherlog.engines.memory import MemoryStore
from gatherlog.interfaces.rest import queues as handlers
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging
from gatherlog.testing import CountingIds, StandingClock

NO_QUERY = Nothing()
NOON = "2026-05-01T12:00:00.000000Z"


class Desk:
    """Asks handlers, as an operator would."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.queues = Queues(MemoryStore(VIEWS), clock=self.clock, ids=CountingIds())

    def call(self, body: Any = None, *, query: Any = NO_QUERY, **ids: str) -> Call[Any, Any]:
        return Call(
            platform=SimpleNamespace(queues=self.queues),  # type: ignore[arg-type]
            rate_limiter=None,  # type: ignore[arg-type]
            feed=None,  # type: ignore[arg-type]
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

    async def receive(self, **asked: Any) -> list[dict[str, Any]]:
        received = await handlers.receive_messages(self.call(handlers.Receive(**asked)))
        return list(shown(received))

    async def kill(self) -> None:
        """One message dies, for it was given once and may be given no more."""
        await handlers.change_queue(self.call(handlers.QueuePatch(1)))
        await self.send(1)
        await self.receive()
        self.clock.advance(seconds=30)
        assert await self.receive() == []


@pytest.fixture
def desk() -> Desk:
    return Desk()


def shown(reply: Any) -> Any:
    assert isinstance(reply, Reply)
    return msgspec.json.decode(reply.body) if reply.body else reply.status


async def test_a_message_is_received_and_acknowledged(desk: Desk) -> None:
    await desk.send(1, 2)

    [got] = await desk.receive(most=5)

    receipt = got.pop("receipt")
    assert got == {
        "id": "d1",
        "attempt": 1,
        "stream": "thing-7",
        "subject": "zoe",
        "version": 1,
        "content": {"n": 1},
        "sent_at": NOON,
        "visible_at": "2026-05-01T12:00:30.000000Z",
    }
    assert shown(await handlers.ack_messages(desk.call(handlers.Ack([receipt])))) == 204
    assert [one["id"] for one in await desk.receive()] == ["d2"]


async def test_a_message_is_kept_for_longer_and_given_back(desk: Desk) -> None:
    await desk.send(1)
    [got] = await desk.receive()
    receipt = got["receipt"]

    assert shown(await handlers.extend_message(desk.call(handlers.Extend(receipt, 60)))) == 204
    desk.clock.advance(seconds=59)
    assert await desk.receive() == []
    assert shown(await handlers.release_message(desk.call(handlers.Release(receipt)))) == 204

    assert [one["attempt"] for one in await desk.receive()] == [2]
    with pytest.raises(ReceiptStale):
        await handlers.ack_messages(desk.call(handlers.Ack([receipt])))


async def test_queues_are_listed_and_shown(desk: Desk) -> None:
    await desk.send(1, 2)
    await desk.receive()
    about = {"name": "orders", "most_attempts": 10, "created_at": NOON}

    assert shown(await handlers.list_queues(desk.call())) == [about]
    assert shown(await handlers.read_queue(desk.call())) == {
        **about,
        "ready": 0,
        "in_flight": 1,
        "waiting": 1,
        "dead": 0,
        "oldest": 0.0,
    }


async def test_a_queue_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await handlers.read_queue(desk.call(queue="other"))


async def test_dead_messages_are_listed_and_redriven(desk: Desk) -> None:
    await desk.kill()

    [dead] = shown(await handlers.list_dead_messages(desk.call(query=Paging())))
    assert dead == {
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
    assert shown(await handlers.redrive_message(desk.call(letter="d1"))) == 204
    assert [one["id"] for one in await desk.receive()] == ["d1"]


async def test_dead_messages_are_discarded(desk: Desk) -> None:
    await desk.kill()

    discard = desk.call(handlers.QueueDiscard("the guest is gone"), letter="d1")

    assert shown(await handlers.discard_message(discard)) == 204
    assert shown(await handlers.list_dead_messages(desk.call(query=Paging()))) == []
