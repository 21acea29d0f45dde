"""The messages of a line are received in order, and no line delays another."""

import asyncio
from typing import Any

from gatherlog.core import Page, Query, Store
from gatherlog.core.queues import Queues
from gatherlog.testing import StandingClock
from tests.core.queues.messages import A_MOMENT, SOON, drain, ids, ids_of, in_line


async def test_only_the_first_message_of_a_line_is_received(queues: Queues) -> None:
    await queues.send("orders", [*in_line("ada", 3), *in_line("bob", 2)])

    received = await queues.receive("orders", most=100, wait=SOON)

    assert ids_of(received) == ["ada-1", "bob-1"]
    assert await queues.receive("orders") == []


async def test_the_next_message_is_received_after_an_acknowledgement(queues: Queues) -> None:
    await queues.send("orders", [*in_line("ada", 3), *in_line("bob", 2)])
    ada, _bob = await queues.receive("orders", wait=SOON)

    await queues.ack("orders", [ada.receipt])

    assert ids_of(await queues.receive("orders", wait=SOON)) == ["ada-2"]


async def test_a_released_message_is_received_before_those_behind_it(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 3))
    [first] = await queues.receive("orders", wait=SOON)

    await queues.release("orders", first.receipt)

    received = await drain(queues, "orders")
    assert [(one.id, one.attempt) for one in received] == [("ada-1", 2), ("ada-2", 1), ("ada-3", 1)]


async def test_a_message_released_with_a_delay_delays_its_own_line_alone(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", [*in_line("ada", 2), *in_line("bob", 2)])
    ada, bob = await queues.receive("orders", wait=SOON)
    await queues.release("orders", ada.receipt, after=60)
    await queues.ack("orders", [bob.receipt])

    assert ids_of(await drain(queues, "orders")) == ["bob-2"]
    clock.advance(seconds=59.9)
    assert await queues.receive("orders") == []
    clock.advance(seconds=0.1)
    assert ids_of(await drain(queues, "orders")) == ["ada-1", "ada-2"]


async def test_a_message_is_received_again_after_its_visibility_timeout(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 2))
    await queues.receive("orders", visible_after=30, wait=SOON)

    clock.advance(seconds=29.9)
    assert await queues.receive("orders") == []
    clock.advance(seconds=0.1)
    [again] = await queues.receive("orders", wait=SOON)
    assert (again.id, again.attempt) == ("ada-1", 2)


class Counting:
    """A store that counts the documents of some lines that its queries return."""

    def __init__(self, store: Store, lines: bytes) -> None:
        self._store = store
        self._lines = lines
        self.returned = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        page = await self._store.query(query)
        self.returned += sum(self._lines in (one.body or b"") for one in page.documents)
        return page


async def test_20_000_messages_of_a_slow_line_do_not_slow_down_other_lines(
    store: Store, clock: StandingClock
) -> None:
    counting = Counting(store, b"slow")
    queues = Queues(counting, clock=clock, ids=ids)
    slow = in_line("slow", 20_000)
    for start in range(0, len(slow), 1000):
        await queues.send("orders", slow[start : start + 1000])
    await queues.send("orders", [one for n in range(20) for one in in_line(f"quick{n}", 2)])
    [first] = await queues.receive("orders", most=1, wait=SOON)
    assert first.id == "slow-1"
    counting.returned = 0

    received = await drain(queues, "orders")

    assert (len(received), {one.id[:5] for one in received}) == (40, {"quick"})
    assert counting.returned <= len(received)


async def test_500_delayed_lines_do_not_slow_down_other_lines(
    store: Store, clock: StandingClock
) -> None:
    counting = Counting(store, b"later")
    queues = Queues(counting, clock=clock, ids=ids)
    await queues.send("orders", [one for n in range(500) for one in in_line(f"later{n}", 1)])
    while batch := await queues.receive("orders", most=100, wait=A_MOMENT):
        await asyncio.gather(*(queues.release("orders", one.receipt, after=600) for one in batch))
    await queues.send("orders", [one for n in range(20) for one in in_line(f"now{n}", 2)])
    counting.returned = 0

    received = await drain(queues, "orders")

    assert len(received) == 40
    assert counting.returned <= len(received)
