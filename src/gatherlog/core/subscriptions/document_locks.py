"""Locks of a projection's documents: partitions that change the same ones take turns."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from gatherlog.core.eventstore.store import Ref

__all__ = ["DocumentLocks"]


class DocumentLocks:
    """The locks of one projection in one worker. With one partition there is nothing to lock."""

    def __init__(self, partitions: int) -> None:
        self._are_needed = partitions > 1
        self._locks: WeakValueDictionary[Ref, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, refs: Iterable[Ref]) -> AsyncIterator[None]:
        """Change these documents within this: nobody else does meanwhile.

        All are taken in one order, so that no two wait for each other.
        """
        names = sorted(set(refs)) if self._are_needed else []
        locks = [self._locks.setdefault(ref, asyncio.Lock()) for ref in names]
        async with AsyncExitStack() as held:
            for lock in locks:
                await held.enter_async_context(lock)
            yield
