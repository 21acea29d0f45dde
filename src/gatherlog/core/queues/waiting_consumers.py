"""Consumers of this process that wait for messages, and what wakes them.

When this process makes messages available, it wakes as many consumers as there are messages. What
other processes send is seen as new events of the queue's stream: one task watches the log on behalf
of all consumers that wait in this process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.store import Store
from gatherlog.core.queues.documents import stream_of

__all__ = ["WaitingConsumers"]

_LOOK_PAUSE: Final = 0.01
"""Seconds between two looks at a log that grows all the time."""
_LONGEST_WAIT: Final = 60.0
"""Seconds after which the watcher looks although the log has not grown."""
_ERROR_PAUSE: Final = 1.0
"""Seconds until the watcher tries again after the store has failed."""


class _Watched:
    """A queue that consumers wait for."""

    def __init__(self) -> None:
        self.consumers: dict[asyncio.Event, None] = {}
        """In the order in which they began to wait."""
        self.version = -1
        """The version of the queue's stream up to which events were seen; -1: not read yet."""


class WaitingConsumers:
    """All consumers of one process that wait, queue by queue."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: dict[str, _Watched] = {}
        self._watcher: asyncio.Task[None] | None = None
        self.has_stopped = False
        """Whether nobody waits any more."""

    def stop(self) -> None:
        """Wake all consumers, for the last time: they look once more, and wait no longer."""
        self.has_stopped = True
        for queue, watched in self._queues.items():
            self.wake(queue, len(watched.consumers))

    @asynccontextmanager
    async def waiting(self, queue: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when a message may have become available since this was entered.

        A consumer clears it before it looks for messages. One that leaves while it is set has not
        looked since, so another consumer is woken instead.
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
                self.wake(queue)
            self._stop_if_unused(queue)

    def wake(self, queue: str, most: int = 1) -> None:
        """Wake up to `most` consumers that wait for this queue, the longest waiting first."""
        watched = self._queues.get(queue)
        if watched is None:
            return
        asleep = [woken for woken in watched.consumers if not woken.is_set()]
        for woken in asleep[:most]:
            woken.set()

    def skip_event(self, queue: str, version: int) -> None:
        """Do not wake anybody for the event at `version`: this process appended it itself."""
        watched = self._queues.get(queue)
        if watched is not None and watched.version == version - 1:
            watched.version = version

    def _stop_if_unused(self, queue: str) -> None:
        if not self._queues[queue].consumers:
            del self._queues[queue]
        if not self._queues and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        while True:
            try:
                heads = await self._store.heads()
                while True:  # the heads are read before the looks, so that no event is missed
                    await self._look()
                    await asyncio.sleep(_LOOK_PAUSE)
                    heads = await self._store.wait(heads, _LONGEST_WAIT)
            except StoreClosed:
                return  # the consumers find out when they look for messages
            except StoreError:
                await asyncio.sleep(_ERROR_PAUSE)  # so do they now

    async def _look(self) -> None:
        """Wake all consumers of each queue that has new events."""
        for queue, watched in list(self._queues.items()):
            version = await self._version(queue)
            if 0 <= watched.version < version:
                watched.version = version
                self.wake(queue, len(watched.consumers))

    async def _version(self, queue: str) -> int:
        last = await self._store.read_stream(stream_of(queue), limit=1, backwards=True)
        return last[0].version if last else 0
