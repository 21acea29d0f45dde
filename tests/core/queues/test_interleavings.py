"""The promises of queues hold in whatever order the store calls of several processes come.

Hypothesis chooses what happens first, what happens at once, and which store call comes next. Every
process is a task with a `Queues` of its own, so that the processes share nothing but the store.
"""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core import Document, Ref, Store
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.queues import VIEWS, Queues, ReceiptStale
from gatherlog.core.queues.documents import LINES
from gatherlog.engines.hostile import HostileStore, Hostility
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import Interleaved, StandingClock, run_instantly
from tests.core.queues.messages import (
    A_MOMENT,
    all_messages,
    check_lines_of,
    dead_ids,
    drain,
    ids,
    in_line,
)
from tests.stores import SEED, scanned

T = TypeVar("T")
Step = tuple[str, int, int]
LINE_NUMBER = st.integers(0, 1)
STEP = st.one_of(
    st.tuples(st.just("send"), LINE_NUMBER, st.integers(1, 4)),
    st.tuples(st.just("ack"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("release"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("ignore"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("late"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("redrive"), LINE_NUMBER, st.integers(1, 4)),
    st.tuples(st.just("discard"), LINE_NUMBER, st.integers(1, 4)),
)
STORY = st.lists(STEP, max_size=6)


class Kind(NamedTuple):
    """A kind of store, and its documents at one moment."""

    new_store: Callable[[], Any]
    documents: Callable[[Any], dict[Ref, Document]]


QUICK = Hostility(lag=0.0005)
"""So that queries show most of what the calls before have done."""
KINDS = {
    "memory": Kind(lambda: MemoryStore(VIEWS), lambda store: store.engine.documents),
    "hostile": Kind(
        lambda: HostileStore(VIEWS, seed=SEED, hostility=QUICK),
        lambda store: store.engine.data.documents,
    ),
}
on_every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


class World:
    """A queue of two lines, and a record of what was sent, acknowledged and discarded."""

    def __init__(self, kind: Kind) -> None:
        self.store: Any = kind.new_store()
        self.clock = StandingClock()
        self.acknowledged: list[str] = []
        self.discarded: list[str] = []
        self.sent: set[str] = set()

    async def act(self, store: Store, steps: list[Step]) -> None:
        """Run the steps of one process, one after the other."""
        queues = Queues(store, clock=self.clock, ids=ids)
        for step, number, count in steps:
            match step:
                case "send":
                    messages = in_line(f"line{number}", count)
                    await queues.send("work", messages)
                    self.sent.update(one.id for one in messages)
                case "redrive" | "discard":
                    await self._decide(queues, step, f"line{number}-{count}")
                case _:
                    await self._receive(queues, step, number)

    async def _receive(self, queues: Queues, step: str, most: int) -> None:
        for message in await queues.receive("work", most=most, visible_after=30):
            if step == "late":
                self.clock.advance(seconds=31)
            try:
                if step == "release":
                    await queues.release("work", message.receipt)
                elif step != "ignore":
                    await queues.ack("work", [message.receipt])
                    self.acknowledged.append(message.id)
            except ReceiptStale:
                assert step in ("late", "ack", "release")

    async def _decide(self, queues: Queues, step: str, id: str) -> None:
        try:
            if step == "redrive":
                await queues.admin.redrive("work", id, by="key:1")
            else:
                await queues.admin.discard("work", id, "gone", by="key:1")
                self.discarded.append(id)
        except NotFound:
            return

    async def finish(self) -> None:
        """Receive and redrive all that is left, and check that each message is done once."""
        queues = Queues(self.store, clock=self.clock, ids=ids)
        await queues.admin.change_queue("work", most_attempts=1000, by="key:1")
        self.clock.advance(seconds=31)
        self.acknowledged += [one.id for one in await drain(queues, "work")]
        await asyncio.sleep(A_MOMENT)
        for id in await dead_ids(queues, "work"):
            await queues.admin.redrive("work", id, by="key:1")
        self.acknowledged += [one.id for one in await drain(queues, "work")]
        assert sorted([*self.acknowledged, *self.discarded]) == sorted(self.sent)
        assert {one.id for one in await all_messages(self.store)} == self.sent
        assert await scanned(self.store, LINES.name) == []


class InterleavedWithin(Interleaved):
    """Also chooses among the store calls that one command makes at once, as `ack` does."""

    async def run(self, *commands: Coroutine[Any, Any, T]) -> list[T]:
        tasks = [asyncio.ensure_future(command) for command in commands]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.0001)  # until every task waits for its turn or is done
            if self._waiting:
                chosen = list(self._waiting)[self._choose(len(self._waiting))]
                self._waiting.pop(chosen).set_result(None)
        return [task.result() for task in tasks]


def _bursts(random: Random) -> Callable[[int], int]:
    """Mostly choose the last waiting task, which had the last turn: so it makes many calls between
    two calls of another task."""
    return lambda count: count - 1 if random.random() < 0.85 else random.randrange(count)


async def interleave(
    kind: Kind, before: list[Step], at_once: list[list[Step]], order: int, most_attempts: int
) -> World:
    world = World(kind)
    queues = Queues(world.store, clock=world.clock, ids=ids)
    await queues.admin.change_queue("work", most_attempts=most_attempts, by="key:1")
    await world.act(world.store, before)

    async def check() -> None:
        check_lines_of(kind.documents(world.store).values())

    interleaved = InterleavedWithin(world.store, _bursts(Random(order)), check)
    await interleaved.run(*(world.act(interleaved, steps) for steps in at_once))
    return world


@on_every_kind
@settings(max_examples=150)
@given(STORY, st.lists(STORY, min_size=2, max_size=4), st.integers(0, 2**32), st.integers(1, 3))
def test_each_message_is_done_once_and_every_line_stays_intact(
    kind: Kind, before: list[Step], at_once: list[list[Step]], order: int, most_attempts: int
) -> None:
    async def story() -> None:
        world = await interleave(kind, before, at_once, order, most_attempts)
        await world.finish()

    run_instantly(story())


RECEIVING = st.lists(
    st.sampled_from([("ack", 2, 0), ("release", 2, 0), ("late", 1, 0)]), max_size=5
)


@on_every_kind
@settings(max_examples=100)
@given(st.lists(RECEIVING, min_size=2, max_size=5), st.integers(0, 2**32))
def test_the_messages_of_a_line_are_acknowledged_in_order(
    kind: Kind, at_once: list[list[Step]], order: int
) -> None:
    sent: list[Step] = [("send", 0, 4), ("send", 1, 4)]

    async def story() -> None:
        world = await interleave(kind, sent, [*at_once, [("send", 0, 6)]], order, 1000)
        await world.finish()
        for line in "line0", "line1":
            mine = [id for id in world.acknowledged if id.startswith(line)]
            assert mine == sorted(mine)

    run_instantly(story())
