"""Purged and removed queues: nothing of them is received, and nothing sent later is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.queues import CATEGORY, VIEWS, Queues, ReceiptStale
from gatherlog.core.queues.events import QueuePurged
from gatherlog.testing import StandingClock
from tests.core.queues.messages import (
    A_MOMENT,
    SOON,
    all_messages,
    check_lines,
    dead_ids,
    drain,
    ids_of,
    in_line,
    message,
)
from tests.stores import events_of, eventually, scanned

BY = "key:1"


async def names(queues: Queues) -> list[str]:
    return [queue.name for queue in await queues.admin.queues()]


async def happened(store: Store) -> AsyncIterator[object]:
    for event in await events_of(store, "queue-orders"):
        yield CATEGORY.codec.decode(event)


async def test_a_purge_gives_up_what_waits_what_is_received_and_what_is_dead(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.send("orders", [*in_line("bob", 50), *in_line("cid", 1)])
    await eventually(lambda: dead_ids(queues), [dead])
    received = await queues.receive("orders", most=2, wait=SOON)

    assert await queues.admin.purge("orders", by=BY) == 54

    assert await queues.receive("orders", wait=A_MOMENT) == []
    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [one.receipt for one in received])
    await eventually(lambda: dead_ids(queues), [])
    await check_lines(store)
    assert {len(one.content) for one in await all_messages(store)} == {len(b"null")}
    assert (
        sum([one.messages async for one in happened(store) if isinstance(one, QueuePurged)]) == 54
    )
    assert (await queues.admin.queue("orders")).most_attempts == 2


async def test_a_purged_message_is_not_put_in_again_and_others_are(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 2))
    await queues.admin.purge("orders", by=BY)

    await queues.send("orders", in_line("ada", 3))

    assert ids_of(await drain(queues, "orders")) == ["ada-3"]
    assert await queues.admin.purge("orders", by=BY) == 0


async def test_a_removed_queue_is_gone_with_all_documents(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.send("orders", in_line("bob", 50))
    await queues.send("other", in_line("ada", 1))

    await queues.admin.remove("orders", by=BY)

    with pytest.raises(NotFound):
        await queues.admin.status("orders")
    await eventually(lambda: names(queues), ["other"])
    left = [one.id for view in VIEWS for one in await scanned(store, view.name)]
    assert {id.partition("/")[0] for id in left} == {"other"}
    assert await queues.receive("orders", wait=A_MOMENT) == []


async def test_the_next_message_makes_a_removed_queue_anew(queues: Queues) -> None:
    await queues.admin.change_queue("orders", most_attempts=3, by=BY)
    await queues.send("orders", in_line("ada", 1))
    await queues.admin.remove("orders", by=BY)

    await queues.send("orders", in_line("ada", 1))

    assert (await queues.admin.queue("orders")).most_attempts == 10
    assert ids_of(await queues.receive("orders", wait=SOON)) == ["ada-1"]


async def test_what_is_not_there_is_neither_purged_nor_removed(queues: Queues) -> None:
    with pytest.raises(NotFound):
        await queues.admin.purge("orders", by=BY)
    with pytest.raises(NotFound):
        await queues.admin.remove("orders", by=BY)
    await queues.send("orders", in_line("ada", 1))
    await queues.admin.remove("orders", by=BY)
    with pytest.raises(NotFound):
        await queues.admin.remove("orders", by=BY)


async def test_no_message_is_in_a_queue_that_does_not_exist(
    queues: Queues, store: Store, clock: StandingClock
) -> None:
    """While others send, a queue is removed again and again."""

    async def send_all() -> None:
        for number in range(40):
            await queues.send("orders", [message(f"m-{number}", f"line{number % 3}")])

    async def remove_often() -> None:
        for _ in range(15):
            try:
                await queues.admin.remove("orders", by=BY)
            except NotFound:
                await asyncio.sleep(0)

    await asyncio.gather(send_all(), remove_often())

    await check_lines(store)
    if await scanned(store, "queue_line"):
        assert (await queues.admin.queue("orders")).name == "orders"
    await queues.send("orders", [message("last", "last")])
    assert "last" in ids_of(await drain(queues, "orders"))


async def test_two_who_remove_a_queue_at_once_leave_nothing(queues: Queues, store: Store) -> None:
    await queues.send("orders", [*in_line("ada", 30), *in_line("bob", 3)])

    done = await asyncio.gather(
        *(queues.admin.remove("orders", by=BY) for _ in range(2)), return_exceptions=True
    )

    assert [one for one in done if one is not None and not isinstance(one, NotFound)] == []
    assert await scanned(store, "queue_message") == []
