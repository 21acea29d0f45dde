"""A consumer that leaves while it receives takes no message, and no attempt is counted."""

import asyncio
import contextlib

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.queues import Queues, ReceiptStale, Received
from gatherlog.testing import StandingClock
from tests.core.queues.messages import A_MOMENT, SOON, ids_of, in_line, let_time_out, message


async def cancelled(task: asyncio.Task[list[Received]], after: int) -> list[Received]:
    """Cancel a consumer after so many turns of the loop: what it received nevertheless."""
    for _ in range(after):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return []


@pytest.mark.parametrize("wait", [0, 20])
async def test_a_consumer_that_is_cancelled_at_any_moment_takes_nothing(
    queues: Queues, clock: StandingClock, wait: int
) -> None:
    await queues.send("orders", [message("ada-1", "ada"), message("bob-1", "bob")])
    for turns in range(60):
        task = asyncio.create_task(queues.receive("orders", wait=wait))
        for receipt in [one.receipt for one in await cancelled(task, turns)]:
            await queues.give_back("orders", [receipt])

    first = await queues.receive("orders", wait=SOON)
    second = await queues.receive("orders", wait=SOON) if len(first) < 2 else []

    assert sorted(ids_of(first + second)) == ["ada-1", "bob-1"]
    assert [one.attempt for one in first + second] == [1, 1]


async def test_what_a_cancelled_consumer_gives_back_wakes_the_next(queues: Queues) -> None:
    leaving = asyncio.create_task(queues.receive("orders", wait=20))
    staying = asyncio.create_task(queues.receive("orders", wait=20))
    await asyncio.sleep(A_MOMENT)
    await queues.send("orders", in_line("ada", 1))
    leaving.cancel()

    async with asyncio.timeout(15):
        [received] = await staying
    assert (received.id, received.attempt) == ("ada-1", 1)


async def test_a_message_that_is_given_back_is_available_with_its_attempts_before(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 1))
    await queues.admin.change_queue("orders", most_attempts=2, by="key:1")
    await let_time_out(queues, clock, 1)
    for _ in range(5):
        [received] = await queues.receive("orders", wait=SOON)
        await queues.give_back("orders", [received.receipt])

    [received] = await queues.receive("orders", wait=SOON)

    assert (received.id, received.attempt) == ("ada-1", 2)


async def test_a_receipt_that_was_given_back_counts_no_more(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    [first] = await queues.receive("orders", wait=SOON)
    await queues.give_back("orders", [first.receipt])
    [second] = await queues.receive("orders", wait=SOON)

    await queues.give_back("orders", [first.receipt])

    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [first.receipt])
    await queues.ack("orders", [second.receipt])


async def test_what_is_no_receipt_is_refused(queues: Queues) -> None:
    for receipts in ([], ["nonsense"]):
        with pytest.raises(Invalid):
            await queues.give_back("orders", receipts)
