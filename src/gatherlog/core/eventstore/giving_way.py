"""Long work on the event loop, done in short steps between which everything else goes first.

Work that goes through many things, such as the guests of a long list, holds the loop, or in a
thread the interpreter, and all others wait. So it looks at the clock after each thing, and where it
has run for STEP it waits for its turn:

    async for guest in gently(guests):
        write(guest)

Only one of all long works has a turn at a time, and it has none while others are busy on the loop,
unless it has waited for PATIENCE. What is pure is written as a generator that yields where it may
be interrupted (`Steps`); `in_turns` runs it on the loop, and `at_once` where nobody waits.
docs/decisions/0031-long-lists.md.
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

__all__ = [
    "PATIENCE",
    "STEP",
    "Pace",
    "Steps",
    "at_once",
    "consumed",
    "freeing",
    "gently",
    "in_turns",
    "sorting",
]

T = TypeVar("T")

STEP: Final = 0.00025
"""Seconds that long work may hold the loop."""
QUIET: Final = 0.00005
"""An iteration of the loop that was shorter than these seconds had no other work."""
PATIENCE: Final = 0.001
"""Seconds that long work waits while others are busy, before it has a turn all the same."""
_RUN: Final = 128
"""Items that are sorted at once."""

Steps = Generator[None, None, T]
"""Work that can be interrupted wherever it yields; it returns its result."""


class _Turns:
    """The queue of all long work on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # uvloop's time stands still within an iteration; that of asyncio's loops may be simulated.
        own_time = isinstance(loop, asyncio.BaseEventLoop)
        self.clock: Callable[[], float] = loop.time if own_time else time.monotonic
        self._loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._last_look = 0.0
        self._last_turn = 0.0
        self._is_looking = False

    async def next(self) -> None:
        """Wait for a turn: the first who waits is the first to go on."""
        turn = self._loop.create_future()
        self._waiting.append(turn)
        if not self._is_looking:
            self._is_looking = True
            self._last_look = self._last_turn = self.clock()
            self._loop.call_soon(self._look)
        await turn

    def _look(self) -> None:
        """Once per iteration of the loop: give a turn, unless others were busy in this one."""
        now = self.clock()
        is_quiet = now - self._last_look <= QUIET
        if is_quiet or now - self._last_turn >= PATIENCE:
            self._give_turn()
            self._last_turn = now
        self._last_look = now
        self._is_looking = bool(self._waiting)
        if self._is_looking:
            self._loop.call_soon(self._look)

    def _give_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else its work was cancelled
                turn.set_result(None)
                return


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


class Pace:
    """How long one piece of work has held the loop; to be made in the loop where the work runs."""

    __slots__ = ("_turns", "_until")

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        turns = _turns.get(loop)
        if turns is None:
            turns = _turns[loop] = _Turns(loop)
        self._turns = turns
        self._until = turns.clock() + STEP

    def is_over(self) -> bool:
        """Whether the work has to give way now."""
        return self._turns.clock() >= self._until

    async def give_way(self) -> None:
        """Let others go first, if this work has held the loop for STEP."""
        if self.is_over():
            await self._turns.next()
            self._until = self._turns.clock() + STEP

    async def share(self) -> None:
        """Let others go first, as `give_way` does, but without a turn of its own to wait for.

        It is for work that others wait for, such as an open transaction. Then it may hold the loop
        for as long as they did, so that it takes twice as long as alone at most.
        """
        if self.is_over():
            began = self._turns.clock()
            await asyncio.sleep(0)
            now = self._turns.clock()
            self._until = now + max(STEP, now - began)


def consumed(items: list[T]) -> Iterator[T]:
    """The items in order, each of which leaves the list, so that it can be freed at once.

    Where thousands of things are freed together, that alone holds the loop for long.
    """
    items.reverse()
    while items:
        yield items.pop()


def freeing(*collections: list[Any] | dict[Any, Any]) -> Steps[None]:
    """Empty lists and dicts that nobody needs any more; see `consumed`."""
    for collection in collections:
        take = collection.pop if isinstance(collection, list) else collection.popitem
        while collection:
            take()
            yield


async def gently(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, one by one; whoever goes through them gives way in between."""
    pace = Pace()
    for item in items:
        yield item
        if pace.is_over():
            await pace.give_way()


async def in_turns(steps: Steps[T]) -> T:
    """The result of work that is done step by step on the loop, and gives way in between.

    Raises what the work raises. If this is cancelled, the work ends where it is.
    """
    pace = Pace()
    try:
        while True:
            next(steps)
            if pace.is_over():
                await pace.give_way()
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        steps.close()


def at_once(steps: Steps[T]) -> T:
    """The result of work that is done without interruption. Raises what the work raises."""
    try:
        while True:
            next(steps)
    except StopIteration as done:
        result: T = done.value
        return result


def sorting(items: Iterable[T], key: Callable[[T], Any]) -> Steps[list[T]]:
    """The items as `sorted(items, key=key)` gives them, in steps."""
    runs: list[list[tuple[Any, int, T]]] = [[]]
    for number, item in enumerate(items):
        if len(runs[-1]) == _RUN:
            runs[-1].sort()
            runs.append([])
        runs[-1].append((key(item), number, item))
        yield
    runs[-1].sort()
    ordered: list[T] = []
    for _, _, item in heapq.merge(*map(consumed, runs)):
        ordered.append(item)
        yield
    return ordered
