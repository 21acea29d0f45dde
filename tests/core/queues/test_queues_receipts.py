"""A receipt counts until somebody else has one for the same message."""

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.queues import Queues, ReceiptStale, Received
from gatherlog.testing import StandingClock
from tests.core.queues.messages import check_lines, drain, in_line, named


@pytest.fixture
async def lapsed(queues: Queues, clock: StandingClock) -> Received:
    """A message that its consumer had for too long."""
    await queues.send("letters", in_line("ada", 2))
    [first] = await queues.receive("letters", visible_after=30)
    clock.advance(seconds=31)
    return first


async def test_acknowledging_twice_does_nothing(queues: Queues, store: Store) -> None:
    await queues.send("letters", in_line("ada", 2))
    [first] = await queues.receive("letters")

    await queues.ack("letters", [first.receipt, first.receipt])
    await queues.ack("letters", [first.receipt])

    await check_lines(store)
    assert named(await drain(queues, "letters")) == ["ada-2"]


async def test_a_receipt_counts_while_nobody_else_has_the_message(
    queues: Queues, lapsed: Received
) -> None:
    await queues.ack("letters", [lapsed.receipt])

    assert named(await drain(queues, "letters")) == ["ada-2"]


async def test_a_receipt_whose_message_somebody_else_has_is_refused(
    queues: Queues, lapsed: Received
) -> None:
    [theirs] = await queues.receive("letters")
    assert (theirs.id, theirs.attempt) == (lapsed.id, 2)

    for use in (
        queues.ack("letters", [lapsed.receipt]),
        queues.release("letters", lapsed.receipt),
        queues.extend("letters", lapsed.receipt),
    ):
        with pytest.raises(ReceiptStale, match="went to somebody else"):
            await use

    await queues.ack("letters", [theirs.receipt])
    assert named(await drain(queues, "letters")) == ["ada-2"]


async def test_a_receipt_whose_message_somebody_else_has_acknowledged_is_refused(
    queues: Queues, lapsed: Received
) -> None:
    await drain(queues, "letters")

    with pytest.raises(ReceiptStale):
        await queues.ack("letters", [lapsed.receipt])


async def test_a_stale_receipt_does_not_keep_the_others_from_counting(
    queues: Queues, lapsed: Received
) -> None:
    await queues.receive("letters")
    await queues.send("letters", in_line("bob", 2))
    [bob] = await queues.receive("letters")

    with pytest.raises(ReceiptStale, match="1 of 2 receipts") as refusal:
        await queues.ack("letters", [lapsed.receipt, bob.receipt])

    assert refusal.value.receipts == (lapsed.receipt,)
    assert named(await drain(queues, "letters")) == ["bob-2"]


async def test_what_was_given_back_cannot_be_acknowledged(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 1))
    [first] = await queues.receive("letters")
    await queues.release("letters", first.receipt, after=5)

    with pytest.raises(ReceiptStale):
        await queues.ack("letters", [first.receipt])


async def test_a_message_can_be_kept_for_longer(queues: Queues, clock: StandingClock) -> None:
    await queues.send("letters", in_line("ada", 1))
    [first] = await queues.receive("letters", visible_after=30)
    clock.advance(seconds=29)

    await queues.extend("letters", first.receipt, visible_after=30)

    clock.advance(seconds=29)
    assert await queues.receive("letters") == []
    clock.advance(seconds=1)
    assert len(await queues.receive("letters")) == 1


@pytest.mark.parametrize("receipt", ["", "x", "a.b.c", "." * 50, "é" * 60, "a" * 300])
async def test_what_is_no_receipt_is_refused(queues: Queues, receipt: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.ack("letters", [receipt])

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/receipts/0"]


async def test_a_receipt_of_another_queue_is_stale(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 1))
    await queues.send("other", in_line("ada", 1))
    [mine] = await queues.receive("letters")

    with pytest.raises(ReceiptStale):
        await queues.ack("other", [mine.receipt])

    assert len(await queues.receive("other")) == 1


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
async def test_what_may_not_be_asked_for(
    queues: Queues, asked: dict[str, int], pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.receive("letters", **asked)

    assert [flaw.pointer for flaw in refusal.value.flaws] == [pointer]
