"""A receipt counts until its message is received by somebody else, released, done or dead."""

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.queues import Queues, ReceiptStale, Received
from gatherlog.testing import StandingClock
from tests.core.queues.messages import SOON, check_lines, drain, ids_of, in_line


@pytest.fixture
async def timed_out(queues: Queues, clock: StandingClock) -> Received:
    """A message whose visibility timeout is over."""
    await queues.send("orders", in_line("ada", 2))
    [first] = await queues.receive("orders", visible_after=30, wait=SOON)
    clock.advance(seconds=31)
    return first


async def test_acknowledging_twice_does_nothing(queues: Queues, store: Store) -> None:
    await queues.send("orders", in_line("ada", 2))
    [first] = await queues.receive("orders", wait=SOON)

    await queues.ack("orders", [first.receipt, first.receipt])
    await queues.ack("orders", [first.receipt])

    await check_lines(store)
    assert ids_of(await drain(queues, "orders")) == ["ada-2"]


async def test_a_receipt_counts_after_the_timeout_until_somebody_else_receives_the_message(
    queues: Queues, timed_out: Received
) -> None:
    await queues.ack("orders", [timed_out.receipt])

    assert ids_of(await drain(queues, "orders")) == ["ada-2"]


async def test_a_receipt_is_stale_once_somebody_else_received_the_message(
    queues: Queues, timed_out: Received
) -> None:
    [theirs] = await queues.receive("orders", wait=SOON)
    assert (theirs.id, theirs.attempt) == (timed_out.id, 2)

    for use in (
        queues.ack("orders", [timed_out.receipt]),
        queues.release("orders", timed_out.receipt),
        queues.extend("orders", timed_out.receipt),
    ):
        with pytest.raises(ReceiptStale, match="went to somebody else"):
            await use

    await queues.ack("orders", [theirs.receipt])
    assert ids_of(await drain(queues, "orders")) == ["ada-2"]


async def test_a_receipt_is_stale_once_somebody_else_acknowledged_the_message(
    queues: Queues, timed_out: Received
) -> None:
    await drain(queues, "orders")

    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [timed_out.receipt])


async def test_other_receipts_count_in_a_call_with_a_stale_one(
    queues: Queues, timed_out: Received
) -> None:
    await queues.receive("orders", wait=SOON)
    await queues.send("orders", in_line("bob", 2))
    [bob] = await queues.receive("orders", wait=SOON)

    with pytest.raises(ReceiptStale, match="1 of 2 receipts") as refusal:
        await queues.ack("orders", [timed_out.receipt, bob.receipt])

    assert refusal.value.receipts == (timed_out.receipt,)
    assert ids_of(await drain(queues, "orders")) == ["bob-2"]


async def test_the_receipt_of_a_released_message_is_stale(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    [first] = await queues.receive("orders", wait=SOON)
    await queues.release("orders", first.receipt, after=5)

    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [first.receipt])


async def test_extending_restarts_the_visibility_timeout(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 1))
    [first] = await queues.receive("orders", visible_after=30, wait=SOON)
    clock.advance(seconds=29)

    await queues.extend("orders", first.receipt, visible_after=30)

    clock.advance(seconds=29)
    assert await queues.receive("orders") == []
    clock.advance(seconds=1)
    assert len(await queues.receive("orders", wait=SOON)) == 1


@pytest.mark.parametrize("receipt", ["", "x", "a.b.c", "." * 50, "é" * 60, "a" * 300])
async def test_a_malformed_receipt_is_refused(queues: Queues, receipt: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.ack("orders", [receipt])

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/receipts/0"]


async def test_a_receipt_of_another_queue_is_stale(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    await queues.send("other", in_line("ada", 1))
    [mine] = await queues.receive("orders", wait=SOON)

    with pytest.raises(ReceiptStale):
        await queues.ack("other", [mine.receipt])

    assert len(await queues.receive("other", wait=SOON)) == 1


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"most": 0}, "/most"),
        ({"most": 101}, "/most"),
        ({"visible_after": 0.5}, "/visible_after"),
        ({"visible_after": 43_201}, "/visible_after"),
        ({"visible_after": float("nan")}, "/visible_after"),
        ({"wait": -1}, "/wait"),
        ({"wait": 20.5}, "/wait"),
    ],
)
async def test_the_arguments_of_receive_have_bounds(
    queues: Queues, asked: dict[str, int], pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.receive("orders", **asked)

    assert [flaw.pointer for flaw in refusal.value.flaws] == [pointer]
