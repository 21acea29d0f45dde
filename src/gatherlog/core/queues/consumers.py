"""Consumers that wait for messages, and what wakes them.

What this process sends wakes as many consumers as there is something for. What others send shows
as events of the queue's stream: one watcher waits for the log to grow, for all who wait here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.store import Store
from gatherlog.core.queues.documents import stream_of

__all__ = ["Waiting"]

_PAUSE: Final = 0.01
"""Seconds between two looks at a log that grows all the time."""
_PATIENCE: Final = 60.0


class _Watched:
    """One queue that somebody waits for."""

    def __init__(self) -> None:
        self.consumers: dict[asyncio.Event, None] = {}
        """In the order in which they came."""
        self.version = -1
        """Of the queue's stream, as far as it is known here; -1: not yet."""


class Waiting:
    """All consumers of one process that wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: dict[str, _Watched] = {}
        self._watcher: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def at(self, queue: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when there may be something to take that came after this began.

        Whoever leaves without having looked since passes it on.
        """
        woken = asyncio.Event()
        watched = self._queues.setdefault(queue, _Watched())
        watched.consumers[woken] = None
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())
        try:
            if watched.version < 0:
                version = await self._version(queue)
                watched.version = max(watched.version, version)
            yield woken
        finally:
            del watched.consumers[woken]
            if woken.is_set():
                self.stir(queue)
            self._forget(queue)

    def stir(self, queue: str, most: int = 1) -> None:
        """Wake up to `most` of those who wait for a queue, the longest waiting first."""
        watched = self._queues.get(queue)
        if watched is None:
            return
        asleep = [woken for woken in watched.consumers if not woken.is_set()]
        for woken in asleep[:most]:
            woken.set()

    def appended(self, queue: str, version: int) -> None:
        """This process knows what the event at `version` is about: it wakes nobody again."""
        watched = self._queues.get(queue)
        if watched is not None and watched.version == version - 1:
            watched.version = version

    def _forget(self, queue: str) -> None:
        if not self._queues[queue].consumers:
            del self._queues[queue]
        if not self._queues and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        while True:
            try:
                heads = await self._store.heads()
                while True:  # heads first, so that nothing comes between the looks and the wait
                    await self._look()
                    await asyncio.sleep(_PAUSE)
                    heads = await self._store.wait(heads, _PATIENCE)
            except StoreClosed:
                return  # whoever waits hears of it when they look
            except StoreError:
                await asyncio.sleep(1.0)  # the same; it may be well again by then

    async def _look(self) -> None:
        for queue, watched in list(self._queues.items()):
            version = await self._version(queue)
            if 0 <= watched.version < version:
                watched.version = version
                self.stir(queue, len(watched.consumers))

    async def _version(self, queue: str) -> int:
        last = await self._store.read_stream(stream_of(queue), limit=1, backwards=True)
        return last[0].version if last else 0
