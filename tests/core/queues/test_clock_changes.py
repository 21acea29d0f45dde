"""When the clock jumps, no message is lost or acknowledged twice, and lines keep their order."""

import pytest

from gatherlog.core.queues import Queues, ReceiptStale
from gatherlog.testing import StandingClock
from tests.core.queues.messages import SOON, drain, ids_of, in_line


async def test_an_available_message_is_received_however_far_the_clock_goes_back(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 2))
    [first] = await queues.receive("orders", wait=SOON)
    clock.set("2019-01-01T00:00:00Z")

    await queues.ack("orders", [first.receipt])

    assert ids_of(await drain(queues, "orders")) == ["ada-2"]


async def test_a_message_in_flight_is_received_again_after_the_clock_went_back_far(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 2))
    [first] = await queues.receive("orders", visible_after=30, wait=SOON)
    clock.set("2019-01-01T00:00:00Z")

    [again] = await queues.receive("orders", visible_after=30, wait=SOON)

    assert (again.id, again.attempt) == ("ada-1", 2)
    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [first.receipt])


async def test_a_visibility_timeout_is_longer_by_as_much_as_the_clock_went_back(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 1))
    await queues.receive("orders", visible_after=30, wait=SOON)

    clock.advance(hours=-1)
    assert await queues.receive("orders") == []
    clock.advance(hours=1, seconds=30)
    assert ids_of(await queues.receive("orders", wait=SOON)) == ["ada-1"]


async def test_of_two_receipts_only_the_later_counts_after_the_clock_went_ahead(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 2))
    [mine] = await queues.receive("orders", wait=SOON)
    clock.advance(days=400)
    [theirs] = await queues.receive("orders", wait=SOON)

    await queues.ack("orders", [theirs.receipt])

    with pytest.raises(ReceiptStale):
        await queues.ack("orders", [mine.receipt])
    assert ids_of(await drain(queues, "orders")) == ["ada-2"]
