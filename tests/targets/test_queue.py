"""The target `queue`: every delivery becomes one message."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import decode
from gatherlog.core.queues import VIEWS, Queues
from gatherlog.core.routing.event_document import document
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed
from gatherlog.engines import open_store
from gatherlog.targets.queue import QueueTarget
from gatherlog.testing import CountingIds, StandingClock
from tests.stores import HOSTILE_URL

SOON = 5.0
"""As `receive(wait=)`: queries may lag."""
NOON = 1_777_000_000_000_000


@pytest.fixture(
    params=["sqlite:///{folder}/store.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(request.param.format(folder=tmp_path), views=VIEWS)
    yield store
    await store.close()


@pytest.fixture
def queues(store: Store) -> Queues:
    return Queues(store, clock=StandingClock(), ids=CountingIds())


def event(version: int, data: bytes = b'{"price": 0.1000000000000000000001}') -> Recorded:
    return Recorded(
        0,
        version,
        "thing-7",
        version,
        f"e{version}",
        "things.booked",
        NOON,
        NOON,
        data,
        1,
        "zoe",
        b"",
    )


def delivery(version: int, *, input: object = None, data: bytes | None = None) -> Delivery:
    happened = event(version) if data is None else event(version, data)
    return Delivery(id=f"d{version}", rule="shop", event=happened, input=input)


async def test_a_message_is_the_document_of_its_event(queues: Queues) -> None:
    await QueueTarget(queues, "orders").deliver([delivery(3)])

    [message] = await queues.receive("orders", wait=SOON)
    assert (message.id, message.stream) == ("d3", "thing-7")
    assert (message.subject, message.version) == ("zoe", 3)
    assert decode(message.content) == document(event(3))
    assert b"0.1000000000000000000001" in message.content


@pytest.mark.parametrize("input", [{"who": "zoe"}, "plain text", [1, 2], 0, ""])
async def test_a_message_is_what_the_transformer_made(queues: Queues, input: object) -> None:
    await QueueTarget(queues, "orders").deliver([delivery(3, input=input)])

    [message] = await queues.receive("orders", wait=SOON)
    assert msgspec.json.decode(message.content) == input


async def test_repeated_deliveries_become_messages_once_and_in_order(
    queues: Queues,
) -> None:
    target = QueueTarget(queues, "orders")
    await target.deliver([delivery(1), delivery(2)])
    await target.deliver([delivery(1), delivery(2), delivery(3)])

    received: list[str] = []
    while len(received) < 3:
        batch = await queues.receive("orders", wait=SOON)
        received += [message.id for message in batch]
        await queues.ack("orders", [message.receipt for message in batch])
    assert received == ["d1", "d2", "d3"]


async def test_a_delivery_that_is_too_large_fails_for_good(queues: Queues) -> None:
    data = msgspec.json.encode({"text": "x" * 300_000})

    with pytest.raises(
        DeliveryFailed, match=r"a message has [0-9,]+ bytes; at most 262,144"
    ) as failure:
        await QueueTarget(queues, "orders").deliver([delivery(1, data=data)])

    assert (failure.value.kind, failure.value.final) == ("too_large", True)


async def test_data_that_is_no_json_is_in_the_message_as_in_the_document(queues: Queues) -> None:
    await QueueTarget(queues, "orders").deliver([delivery(1, data=b"\xff\x00")])

    [message] = await queues.receive("orders", wait=SOON)
    assert msgspec.json.decode(message.content)["data"] == {"base64": "/wA="}


def test_a_target_needs_the_name_of_a_queue(queues: Queues) -> None:
    with pytest.raises(Invalid):
        QueueTarget(queues, "Not a queue")
