"""A clock that jumps loses nothing, doubles nothing that was acknowledged, and keeps the order."""

import pytest

from gatherlog.core.queues import Queues, ReceiptStale
from gatherlog.testing import StandingClock
from tests.core.queues.messages import drain, in_line, named


async def test_what_is_ready_is_given_however_far_the_clock_goes_back(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 2))
    [out] = await queues.receive("letters")
    clock.set("2019-01-01T00:00:00Z")

    await queues.ack("letters", [out.receipt])

    assert named(await drain(queues, "letters")) == ["ada-2"]


async def test_what_is_out_is_given_again_after_the_clock_went_back_far(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 2))
    [out] = await queues.receive("letters", visible_after=30)
    clock.set("2019-01-01T00:00:00Z")

    [again] = await queues.receive("letters", visible_after=30)

    assert (again.id, again.attempt) == ("ada-1", 2)
    with pytest.raises(ReceiptStale):
        await queues.ack("letters", [out.receipt])


async def test_what_is_out_stays_out_as_long_again_after_the_clock_went_back_a_little(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 1))
    await queues.receive("letters", visible_after=30)

    clock.advance(hours=-1)
    assert await queues.receive("letters") == []
    clock.advance(hours=1, seconds=30)
    assert named(await queues.receive("letters")) == ["ada-1"]


async def test_a_clock_that_goes_ahead_gives_it_to_another_and_one_of_both_counts(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 2))
    [mine] = await queues.receive("letters")
    clock.advance(days=400)
    [theirs] = await queues.receive("letters")

    await queues.ack("letters", [theirs.receipt])

    with pytest.raises(ReceiptStale):
        await queues.ack("letters", [mine.receipt])
    assert named(await drain(queues, "letters")) == ["ada-2"]
