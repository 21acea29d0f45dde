"""Messages that are sent with a delay, and messages that die at once."""

import msgspec
import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.queues import Queues, ReceiptStale
from gatherlog.core.queues.events import CODEC, MessageDied
from gatherlog.testing import StandingClock
from tests.core.queues.messages import SOON, check_lines, ids_of, in_line, message
from tests.stores import events_of, eventually


async def received(queues: Queues, **options: float) -> list[str]:
    return ids_of(await queues.receive("orders", **options))  # type: ignore[arg-type]


async def test_a_message_is_received_when_its_delay_is_over(
    queues: Queues, clock: StandingClock, store: Store
) -> None:
    late = msgspec.structs.replace(message("late", "bob"), delay=60.0)
    await queues.send("orders", [late, message("now")])

    assert await received(queues, visible_after=300, wait=SOON) == ["now"]

    async def states() -> tuple[int, int, int]:
        status = await queues.admin.status("orders")
        return status.ready, status.in_flight, status.waiting

    await eventually(states, (0, 1, 1))
    clock.advance(seconds=59)
    assert await received(queues) == []
    clock.advance(seconds=1)
    assert await received(queues, wait=SOON) == ["late"]
    await check_lines(store)


async def test_those_behind_a_delayed_message_wait_for_it(
    queues: Queues, clock: StandingClock
) -> None:
    first, second, third = in_line("ada", 3)
    await queues.send("orders", [first, msgspec.structs.replace(second, delay=60.0), third])

    [got] = await queues.receive("orders", wait=SOON)
    await queues.ack("orders", [got.receipt])
    assert await received(queues) == []
    clock.advance(seconds=61)
    for id in ("ada-2", "ada-3"):
        [got] = await queues.receive("orders", wait=SOON)
        await queues.ack("orders", [got.receipt])
        assert got.id == id


@pytest.mark.parametrize("delay", [-1.0, 43_201.0])
async def test_a_delay_has_bounds(queues: Queues, delay: float) -> None:
    with pytest.raises(Invalid) as refused:
        await queues.send("orders", [msgspec.structs.replace(message("a"), delay=delay)])

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/delay"]


async def test_a_message_that_is_given_up_is_dead_at_once_and_says_why(
    queues: Queues, store: Store
) -> None:
    await queues.send("orders", in_line("ada", 2))
    [got] = await queues.receive("orders", wait=SOON)

    await queues.give_up("orders", got.receipt, "/lamp: is missing")

    async def dead() -> list[tuple[str, str, int]]:
        page = await queues.admin.dead_messages("orders")
        return [(one.id, one.reason, one.attempts) for one in page.messages]

    await eventually(dead, [("ada-1", "/lamp: is missing", 1)])
    assert await received(queues, wait=SOON) == ["ada-2"]
    died = [one for one in await events_of(store, "queue-orders") if one.subject == "ada-1"]
    assert [CODEC.decode(event) for event in died] == [
        MessageDied(reason="given up by its consumer", attempts=1)
    ]
    with pytest.raises(ReceiptStale):
        await queues.give_up("orders", got.receipt, "again")
    await check_lines(store)
