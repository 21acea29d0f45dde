"""Administration: the status, the settings and the list of queues."""

import pytest

from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.queues import Queues, QueueStatus
from gatherlog.testing import StandingClock
from tests.core.queues.messages import SOON, ids_of, in_line, peeked
from tests.stores import eventually


async def test_the_status_of_a_queue(queues: Queues, clock: StandingClock, dead: str) -> None:
    await queues.send("orders", [*in_line("bob", 3), *in_line("cid", 2), *in_line("dan", 1)])
    await eventually(lambda: peeked(queues), ["ada-2", "bob-1", "cid-1", "dan-1"])
    received = {one.id: one for one in await queues.receive("orders", most=3)}
    await queues.release("orders", received["bob-1"].receipt, after=60)
    clock.advance(seconds=5)

    expected = QueueStatus(
        name="orders",
        most_attempts=2,
        ready=1,
        in_flight=2,
        waiting=5,
        dead=1,
        oldest=pytest.approx(95, abs=0.001),  # type: ignore[arg-type]
    )
    await eventually(lambda: queues.admin.status("orders"), expected)


async def test_peeking_receives_nothing(queues: Queues) -> None:
    await queues.send("orders", [*in_line("ada", 2), *in_line("bob", 1)])
    await queues.receive("orders", most=1, wait=SOON)

    await eventually(lambda: peeked(queues), ["bob-1"])
    assert ids_of(await queues.receive("orders", wait=SOON)) == ["bob-1"]


async def test_queues_are_listed_by_name(queues: Queues) -> None:
    await queues.send("b", in_line("ada", 1))
    await queues.admin.change_queue("a", most_attempts=3, by="key:1")

    async def listed() -> list[tuple[str, int]]:
        return [(queue.name, queue.most_attempts) for queue in await queues.admin.queues()]

    await eventually(listed, [("a", 3), ("b", 10)])


async def test_a_queue_that_was_never_sent_to_is_empty_and_has_no_status(queues: Queues) -> None:
    assert await queues.receive("orders") == []
    assert await queues.admin.peek("orders") == []
    with pytest.raises(NotFound, match="there is no queue 'orders'"):
        await queues.admin.status("orders")


@pytest.mark.parametrize("most", [0, 1001])
async def test_the_number_of_attempts_has_bounds(queues: Queues, most: int) -> None:
    with pytest.raises(Invalid):
        await queues.admin.change_queue("orders", most_attempts=most, by="key:1")
