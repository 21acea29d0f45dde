"""The heads of a store, and everybody in this process who waits for them to move."""

import asyncio
from contextlib import suppress
from typing import Final

from gatherlog.core.eventstore.engine import Engine
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.store import Heads

__all__ = ["HeadWatcher"]

FIRST_POLL: Final = 0.05
LAST_POLL: Final = 2.0
"""Seconds between two looks at the store while somebody waits: at first, and when nothing moves."""


class HeadWatcher:
    """Wakes those who wait, and looks by itself in case nobody tells it of a commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.heads: Heads = (0,) * engine.limits.partitions
        """The furthest that was ever read."""
        self._moved = asyncio.Event()
        self._look = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._waiting = 0
        self._is_watching = False
        self._is_closed = False

    async def latest(self) -> Heads:
        """The heads as the store has them now; they never decrease."""
        self.know(await self._engine.heads())
        return self.heads

    def know(self, heads: Heads) -> None:
        """Take note of heads that can be read, and wake those who wait if any has moved."""
        if heads != self.heads:
            furthest = tuple(map(max, heads, self.heads))
            if furthest != self.heads:
                self.heads = furthest
                self._wake()

    def _engine_moved(self, heads: Heads | None) -> None:
        """The heads may have moved: to these, or, without them, to what the store says."""
        if heads is not None:
            self.know(heads)
        else:
            self._look.set()

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        """The heads, as soon as one is beyond `beyond`, or after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        if not self._is_watching:
            self._is_watching = True
            self._engine.watch(self._engine_moved)
        self._waiting += 1
        try:
            if not self._is_looked_after(timeout):
                await self.latest()
            while not _is_beyond(self.heads, beyond) and not self._is_closed:
                remaining = deadline - loop.time()
                if remaining <= 0:
                    break
                if self._poller is None:
                    self._poller = loop.create_task(self._poll())
                moved = self._moved
                try:
                    async with asyncio.timeout(remaining):
                        await moved.wait()
                except TimeoutError:
                    break  # the poller has looked a moment ago
            return self.heads
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wake everybody, for the last time."""
        self._is_closed = True
        if self._poller is not None:
            self._poller.cancel()
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            self._moved.set()
            self._moved = asyncio.Event()

    def _is_looked_after(self, timeout: float) -> bool:
        """Whether who waits so long would hear of whatever has happened by now."""
        return self._poller is not None and timeout >= LAST_POLL

    async def _poll(self) -> None:
        """Look at the store for all who wait, more and more seldom while nothing moves.

        After an engine has told, looks follow each other fast until the heads have moved: what it
        told of may be readable a moment later. Others are looked at fast while the heads move.
        """
        tells = self._engine.tells
        pause = LAST_POLL if tells else FIRST_POLL
        try:
            while self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._look.wait()
                was_told, before = self._look.is_set(), self.heads
                self._look.clear()
                with suppress(StoreError):  # the store recovers, or those who read hear of it
                    await self.latest()
                moved = self.heads != before
                if tells and moved:
                    pause = LAST_POLL
                elif moved or (tells and was_told):
                    pause = FIRST_POLL
                else:
                    pause = min(pause * 1.5, LAST_POLL)
        finally:
            self._poller = None


def _is_beyond(heads: Heads, beyond: Heads) -> bool:
    return any(head > known for head, known in zip(heads, beyond, strict=True))
