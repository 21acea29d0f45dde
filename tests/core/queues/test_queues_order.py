"""Within a line nothing overtakes; between lines nothing holds anything up."""

import asyncio
from typing import Any

from gatherlog.core import Page, Query, Store
from gatherlog.core.queues import Queues
from gatherlog.testing import StandingClock
from tests.core.queues.messages import drain, ids, in_line, named


async def test_only_the_first_of_a_line_is_given(queues: Queues) -> None:
    await queues.send("letters", [*in_line("ada", 3), *in_line("bob", 2)])

    out = await queues.receive("letters", most=100)

    assert named(out) == ["ada-1", "bob-1"]
    assert await queues.receive("letters") == []


async def test_the_next_one_is_given_once_the_first_is_acknowledged(queues: Queues) -> None:
    await queues.send("letters", [*in_line("ada", 3), *in_line("bob", 2)])
    ada, _bob = await queues.receive("letters")

    await queues.ack("letters", [ada.receipt])

    assert named(await queues.receive("letters")) == ["ada-2"]


async def test_what_was_given_back_comes_before_what_follows_it(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 3))
    [first] = await queues.receive("letters")

    await queues.release("letters", first.receipt)

    again = await drain(queues, "letters")
    assert [(one.id, one.attempt) for one in again] == [("ada-1", 2), ("ada-2", 1), ("ada-3", 1)]


async def test_what_waits_for_its_next_try_holds_up_its_line_alone(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", [*in_line("ada", 2), *in_line("bob", 2)])
    ada, bob = await queues.receive("letters")
    await queues.release("letters", ada.receipt, after=60)
    await queues.ack("letters", [bob.receipt])

    assert named(await drain(queues, "letters")) == ["bob-2"]
    clock.advance(seconds=59.9)
    assert await queues.receive("letters") == []
    clock.advance(seconds=0.1)
    assert named(await drain(queues, "letters")) == ["ada-1", "ada-2"]


async def test_a_message_that_nobody_acknowledges_is_given_again(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 2))
    await queues.receive("letters", visible_after=30)

    clock.advance(seconds=29.9)
    assert await queues.receive("letters") == []
    clock.advance(seconds=0.1)
    assert [(one.id, one.attempt) for one in await queues.receive("letters")] == [("ada-1", 2)]


class Counting:
    """A store that counts the documents that queries give."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.given = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        page = await self._store.query(query)
        self.given += len(page.documents)
        return page


async def test_20_000_messages_of_a_slow_line_cost_those_behind_them_nothing(
    store: Store, clock: StandingClock
) -> None:
    counting = Counting(store)
    queues = Queues(counting, clock=clock, ids=ids)
    slow = in_line("slow", 20_000)
    for start in range(0, len(slow), 1000):
        await queues.send("letters", slow[start : start + 1000])
    await queues.send("letters", [one for n in range(20) for one in in_line(f"quick{n}", 2)])
    [first] = await queues.receive("letters", most=1)
    assert first.id == "slow-1"
    counting.given = 0

    taken = await drain(queues, "letters")

    assert (len(taken), {one.id[:5] for one in taken}) == (40, {"quick"})
    assert counting.given <= 4 * len(taken)


async def test_lines_that_wait_cost_the_others_nothing(store: Store, clock: StandingClock) -> None:
    counting = Counting(store)
    queues = Queues(counting, clock=clock, ids=ids)
    await queues.send("letters", [one for n in range(500) for one in in_line(f"later{n}", 1)])
    while out := await queues.receive("letters", most=100):
        await asyncio.gather(*(queues.release("letters", one.receipt, after=600) for one in out))
    await queues.send("letters", [one for n in range(20) for one in in_line(f"now{n}", 2)])
    counting.given = 0

    taken = await drain(queues, "letters")

    assert len(taken) == 40
    assert counting.given <= 4 * len(taken)
